//! Rows of numbers, one behind the other.

/// Rows by their numbers: read in order without a step aside.
#[derive(Debug, Clone, Default)]
pub(super) struct Rows {
    /// Where each row begins; the last is where the last ends.
    begins: Vec<u32>,
    numbers: Vec<u32>,
}

impl Rows {
    pub(super) fn new(rows: &[Vec<u32>]) -> Self {
        let numbers = rows.concat();
        let mut begins = vec![0];
        let mut at = 0;
        for row in rows {
            at += u32::try_from(row.len()).unwrap_or(u32::MAX);
            begins.push(at);
        }
        Self { begins, numbers }
    }

    /// A row; empty where there is none of that number.
    pub(super) fn of(&self, number: u32) -> &[u32] {
        let begins = self.begins.get(number as usize..);
        let Some([from, to, ..]) = begins else {
            return &[];
        };
        let numbers = self.numbers.get(*from as usize..*to as usize);
        numbers.unwrap_or_default()
    }
}
