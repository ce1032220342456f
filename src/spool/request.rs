//! What the writer is asked for, and the records that say it.

use bytes::Bytes;
use tokio::sync::oneshot;

use super::record::{Kind, Record};
use super::{CommittedEntry, Entry, NewEntry, Settlement, SpoolError};
use crate::mail::QueueId;

/// What the writer is asked for.
pub(super) struct Request {
    /// Written together or not at all.
    pub(super) records: Vec<Record>,
    /// Told to the queue once durable.
    pub(super) announce: Vec<CommittedEntry>,
    /// Who waits.
    pub(super) done: oneshot::Sender<Result<(), SpoolError>>,
}

impl Request {
    /// One that nobody waits for.
    pub(super) fn of(record: Record) -> Self {
        let (done, _) = oneshot::channel();
        Self {
            records: vec![record],
            announce: Vec::new(),
            done,
        }
    }

    /// Whether it tells how far messages have come, and is no new mail.
    pub(super) fn settles(&self) -> bool {
        self.records
            .iter()
            .any(|record| matches!(record.kind, Kind::Done | Kind::Progress | Kind::Abandon))
    }

    /// Bytes on disk.
    pub(super) fn size(&self) -> u64 {
        self.records.iter().map(Record::size).sum()
    }
}

fn head(value: &impl serde::Serialize) -> Result<Vec<u8>, SpoolError> {
    serde_json::to_vec(value)
        .map_err(|error| SpoolError::Full(format!("an entry cannot be written: {error}")))
}

/// The record if the log may hold it. Looked at here, for in a batch it would take the others with it.
fn fitting(record: Record) -> Result<Record, SpoolError> {
    if record.fits() {
        return Ok(record);
    }
    let text = format!("entry {} is too large", record.id);
    Err(SpoolError::Full(text))
}

/// The record of an entry and its message.
///
/// # Errors
/// `Full`: it is larger than a record may be.
pub(super) fn entry(committed: &NewEntry) -> Result<Record, SpoolError> {
    let entry = &committed.entry;
    fitting(Record {
        kind: Kind::Entry,
        id: entry.id,
        head: head(entry)?,
        body: committed.body.clone(),
    })
}

/// The head of an entry that is a piece of a commit: that of an entry, and the number of the commit.
#[derive(serde::Serialize)]
struct PartHead<'a> {
    piece_of: u64,
    #[serde(flatten)]
    entry: &'a Entry,
}

/// What is read of that to know where it belongs.
#[derive(serde::Deserialize)]
struct PartOf {
    piece_of: u64,
}

/// The record of an entry and its message that count once the commit `number` is closed.
///
/// # Errors
/// `Full`: it is larger than a record may be.
pub(super) fn part(number: QueueId, committed: &NewEntry) -> Result<Record, SpoolError> {
    let entry = &committed.entry;
    let piece_of = number.0;
    fitting(Record {
        kind: Kind::Part,
        id: entry.id,
        head: head(&PartHead { piece_of, entry })?,
        body: committed.body.clone(),
    })
}

/// The commit that the head of a piece names.
pub(super) fn piece_of(head: &[u8]) -> Option<QueueId> {
    let belongs: PartOf = serde_json::from_slice(head).ok()?;
    Some(QueueId(belongs.piece_of))
}

/// The record of where an attempt left an entry.
///
/// # Errors
/// `Full`: it is larger than a record may be.
pub(super) fn settled(id: QueueId, settlement: &Settlement) -> Result<Record, SpoolError> {
    let (kind, head) = match settlement {
        Settlement::Done => (Kind::Done, Vec::new()),
        Settlement::Deferred(progress) => (Kind::Progress, head(progress)?),
    };
    fitting(Record {
        kind,
        id,
        head,
        body: Bytes::new(),
    })
}
