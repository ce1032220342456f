//! Rows of values, one behind the other.

/// Rows by their numbers: read in order without a step aside.
#[derive(Debug, Clone)]
pub(super) struct Rows<T> {
    /// Where each row begins; the last is where the last ends.
    begins: Vec<u32>,
    values: Vec<T>,
}

impl<T> Default for Rows<T> {
    fn default() -> Self {
        Self {
            begins: Vec::new(),
            values: Vec::new(),
        }
    }
}

impl<T: Clone> Rows<T> {
    pub(super) fn new(rows: &[Vec<T>]) -> Self {
        let mut begins = vec![0];
        let mut at = 0;
        for row in rows {
            at += u32::try_from(row.len()).unwrap_or(u32::MAX);
            begins.push(at);
        }
        Self {
            begins,
            values: rows.concat(),
        }
    }

    /// A row; empty where there is none of that number.
    pub(super) fn of(&self, number: u32) -> &[T] {
        let begins = self.begins.get(number as usize..);
        let Some([from, to, ..]) = begins else {
            return &[];
        };
        let values = self.values.get(*from as usize..*to as usize);
        values.unwrap_or_default()
    }
}
