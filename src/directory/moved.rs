//! What a single machine keeps in its stores as rows of the tables that many nodes share: a record is a row, as it is, or it is an index that is not needed
//! there.

mod accounts;
mod taught;

pub(super) use accounts::account_row;
pub(super) use taught::taught_row;

/// A value of a column.
#[derive(Debug, Clone, PartialEq)]
pub enum MovedValue {
    /// Text, without NUL.
    Text(String),
    /// Octets.
    Octets(Vec<u8>),
    /// A number.
    Long(i64),
    /// A small one.
    Int(i32),
    /// Yes or no.
    Truth(bool),
    /// A text that may be missing.
    Maybe(Option<String>),
}

/// A row.
#[derive(Debug, Clone, PartialEq)]
pub struct MovedRow {
    /// The name of its table.
    pub table: &'static str,
    /// Its values, in the order in which the table has them.
    pub values: Vec<MovedValue>,
}

/// What becomes of a record.
#[derive(Debug, Clone, PartialEq)]
pub enum MovedRecord {
    /// A row.
    Row(MovedRow),
    /// Nothing: it is an index, or says something of the store itself.
    Own,
    /// Nobody can read it, neither here nor there.
    Unreadable,
}

impl MovedRecord {
    /// A row of `table`, where each of its values could be read.
    fn of(table: &'static str, values: Option<Vec<MovedValue>>) -> Self {
        let is_text = |value: &MovedValue| match value {
            MovedValue::Text(text) => !text.contains('\0'),
            MovedValue::Maybe(text) => !text.as_deref().unwrap_or_default().contains('\0'),
            _ => true,
        };
        match values.filter(|values| values.iter().all(is_text)) {
            Some(values) => Self::Row(MovedRow { table, values }),
            None => Self::Unreadable,
        }
    }
}

/// Octets as text.
fn text(octets: &[u8]) -> Option<MovedValue> {
    Some(MovedValue::Text(
        std::str::from_utf8(octets).ok()?.to_owned(),
    ))
}

/// The eight octets of a number; of more than 63 bits nobody has any.
fn long(octets: &[u8]) -> Option<MovedValue> {
    let number = u64::from_be_bytes(octets.try_into().ok()?);
    Some(MovedValue::Long(i64::try_from(number).unwrap_or(i64::MAX)))
}

/// Sixteen octets of a digest.
fn digest(octets: &[u8]) -> Option<MovedValue> {
    (octets.len() == 16).then(|| MovedValue::Octets(octets.to_vec()))
}

/// Calls `visit` for each record until it fails.
pub(super) fn each(
    disk: &super::database::Database,
    row: fn(&[u8], &[u8]) -> MovedRecord,
    mut visit: impl FnMut(MovedRecord) -> std::io::Result<()>,
) -> std::io::Result<()> {
    disk.each(|key, value| visit(row(key, value)))
}
