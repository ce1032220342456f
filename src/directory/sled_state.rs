//! [`SledState`]: the state on local disk.
//!
//! The spool's log has it first, so nothing here is synced by itself; [`SledState::checkpoint`] is called before the log drops a segment.

use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use data_encoding::HEXLOWER;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::database::{Database, OpenError};
use super::{AddressMark, Brought, Unavailable};
use crate::mail::{Mailbox, Timestamp};
use crate::masking::{ParticipantId, TransactionId};

mod digests;
mod documents;
mod events;
mod rows;
mod seam;
mod suspensions;
mod tokens;
mod wrote;

/// Unknown transactions that are remembered of one who asks: guesses must not fill the disk, nor push out what others asked for.
const MAX_UNKNOWN: usize = 1_000;

/// How exactly it is known when a pair last wrote.
const DAY: std::time::Duration = std::time::Duration::from_secs(86_400);

/// A record of what messages of a pair and direction brought.
#[derive(Serialize, Deserialize)]
pub(super) struct Kept {
    /// When the last of them came.
    pub(super) at: Timestamp,
    pub(super) brought: Brought,
}

/// The key of such a record for one key of digests; with the number left out, what all of a pair begin with.
fn brought_key(writer: &ParticipantId, reader: &ParticipantId, number: Option<u32>) -> String {
    let number = number.map(|number| format!("{number:08x}"));
    format!("g{writer}/{reader}/{}", number.unwrap_or_default())
}

/// The state on local disk.
pub struct SledState {
    disk: Database,
    /// Held while something is numbered and put in: nobody may read past a number that is still to come.
    numbering: Mutex<()>,
    /// Something of the spool's log was not written for want of room: it is in that log alone, until a restart learns it again.
    behind: AtomicBool,
}

/// Bytes of a record, as far as the room for it goes.
const RECORD: usize = 4_096;

fn key(kind: &str, participant: &ParticipantId, transaction: &TransactionId) -> String {
    format!("{kind}{participant}/{transaction}")
}

/// A time as it is stored.
fn time(bytes: &[u8]) -> Option<Timestamp> {
    let bytes = <[u8; 8]>::try_from(bytes).ok()?;
    Some(Timestamp(u64::from_be_bytes(bytes)))
}

/// The key of an address that signs: a digest, for no real address stands in this store.
fn signer(address: &Mailbox) -> Vec<u8> {
    let digest = Sha256::digest(address.key().as_bytes());
    [b"s", digest.get(..16).unwrap_or(&digest)].concat()
}

/// The key of a mark; keys of older days come first.
fn once(day: u16, digest: &[u8; 16]) -> Vec<u8> {
    [b"o", day.to_be_bytes().as_slice(), digest.as_slice()].concat()
}

impl SledState {
    /// Opens or makes the store in the folder `path`.
    ///
    /// # Errors
    /// [`OpenError`] if another process has it or it cannot be read.
    pub fn open(path: &Path) -> Result<Self, OpenError> {
        Ok(Self {
            disk: Database::open(path, "state.opening")?,
            numbering: Mutex::default(),
            behind: AtomicBool::new(false),
        })
    }

    /// The address that `participant` last wrote from in `transaction`.
    ///
    /// # Errors
    /// [`Unavailable`].
    pub fn last_writer(
        &self,
        transaction: &TransactionId,
        participant: &ParticipantId,
    ) -> Result<Option<AddressMark>, Unavailable> {
        let found = self
            .disk
            .with(|db| db.get(key("w", participant, transaction)))?;
        Ok(found
            .and_then(|value| <[u8; 8]>::try_from(value.as_ref()).ok())
            .map(AddressMark::from_bytes))
    }

    /// Remembers that `participant` wrote from `address` in `transaction`. Durable through the spool's log. Nothing is written where that is
    /// known already, as it mostly is.
    ///
    /// # Errors
    /// [`Unavailable`].
    pub fn remember(
        &self,
        transaction: &TransactionId,
        participant: &ParticipantId,
        address: AddressMark,
    ) -> Result<(), Unavailable> {
        let (key, mark) = (key("w", participant, transaction), address.bytes());
        if self
            .disk
            .with(|db| db.get(&key))?
            .is_some_and(|known| *known == mark)
        {
            return Ok(());
        }
        self.room()?;
        self.disk.with(|db| db.insert(&key, &mark)).map(|_| ())
    }

    /// Whether there is room for a record that stands in the spool's log, too.
    fn room(&self) -> Result<(), Unavailable> {
        let room = self.disk.room_for(RECORD);
        room.inspect_err(|_| self.behind.store(true, Ordering::SeqCst))
    }

    /// Whether something that stands in the spool's log was not written for want of room.
    #[must_use]
    pub fn is_behind(&self) -> bool {
        self.behind.load(Ordering::SeqCst)
    }

    /// When `transaction` of `participant` was first asked for, by whomever; none: never.
    ///
    /// # Errors
    /// [`Unavailable`].
    pub fn first_seen(
        &self,
        participant: &ParticipantId,
        transaction: &TransactionId,
    ) -> Result<Option<Timestamp>, Unavailable> {
        // One row for each who asked; one of an earlier version does not say who.
        let all = key("u", participant, transaction);
        let of_each = format!("{all}/");
        self.disk.with(|db| {
            let mut first = db.get(&all)?.as_deref().and_then(time);
            for row in db.scan_prefix(of_each) {
                let (_, value) = row?;
                let asked = time(&value);
                first = first.into_iter().chain(asked).min();
            }
            Ok(first)
        })
    }

    /// As [`SledState::first_seen`]; what `asker` asks for the first time is remembered as asked for `now`. An asker is whoever was proven: nobody's
    /// rows make room for another's.
    ///
    /// # Errors
    /// [`Unavailable`].
    pub fn note_first_seen(
        &self,
        participant: &ParticipantId,
        transaction: &TransactionId,
        asker: &str,
        now: Timestamp,
    ) -> Result<Timestamp, Unavailable> {
        let digest = Sha256::digest(asker.as_bytes());
        let asker = HEXLOWER.encode(digest.get(..8).unwrap_or(&digest));
        let row = format!("{}/{asker}", key("u", participant, transaction));
        // The same row in the order of askers, by which those of one are counted.
        let own = format!("q{asker}/");
        let counted = format!("{own}{participant}/{transaction}");
        if !self.disk.with(|db| db.contains_key(&row))? {
            self.disk.room_for(RECORD)?;
            self.make_room(&own)?;
            let mut batch = sled::Batch::default();
            let bytes = now.0.to_be_bytes();
            batch.insert(row.as_bytes(), &bytes);
            batch.insert(counted.as_bytes(), &bytes);
            self.disk.with(|db| db.apply_batch(batch))?;
        }
        let first = self.first_seen(participant, transaction)?;
        Ok(first.unwrap_or(now))
    }

    /// Lets the older half of what one has asked for go, where that is too much. What the same has asked for begins anew then: rather an answer
    /// of "for good" too late than a disk full of guesses.
    fn make_room(&self, own: &str) -> Result<(), Unavailable> {
        self.disk.with(|db| {
            if db.scan_prefix(own).take(MAX_UNKNOWN).count() < MAX_UNKNOWN {
                return Ok(());
            }
            let rows: Result<Vec<_>, _> = db.scan_prefix(own).collect();
            let mut rows = rows?;
            rows.sort_by_key(|(_, value)| time(value));
            let mut batch = sled::Batch::default();
            for (counted, _) in rows.iter().take(MAX_UNKNOWN / 2) {
                batch.remove(counted.clone());
                // `qASKER/PARTICIPANT/TRANSACTION` beside `uPARTICIPANT/TRANSACTION/ASKER`.
                if let Some(transaction) = counted.get(own.len()..) {
                    let asker = own.trim_start_matches('q').trim_end_matches('/');
                    batch.remove([b"u".as_slice(), transaction, b"/", asker.as_bytes()].concat());
                }
            }
            db.apply_batch(batch)
        })
    }

    /// Remembers that mail from `address` was proven by its own domain's signature. Lost in a crash, it is learnt again.
    ///
    /// # Errors
    /// [`Unavailable`].
    pub fn note_signer(&self, address: &Mailbox) -> Result<(), Unavailable> {
        if self.is_signer(address)? {
            return Ok(());
        }
        self.disk.room_for(RECORD)?;
        self.disk
            .with(|db| db.insert(signer(address), b""))
            .map(|_| ())
    }

    /// Whether mail from `address` was ever proven by its own domain's signature.
    ///
    /// # Errors
    /// [`Unavailable`].
    pub fn is_signer(&self, address: &Mailbox) -> Result<bool, Unavailable> {
        self.disk.with(|db| db.contains_key(signer(address)))
    }

    /// Notes that something that happens once has happened on `day` since the epoch. Durable through the spool's log.
    ///
    /// # Errors
    /// [`Unavailable`].
    pub fn mark(&self, day: u16, digest: &[u8; 16]) -> Result<(), Unavailable> {
        if self.is_marked(day, digest)? {
            return Ok(());
        }
        self.room()?;
        self.disk
            .with(|db| db.insert(once(day, digest), b""))
            .map(|_| ())
    }

    /// Whether it has.
    ///
    /// # Errors
    /// [`Unavailable`].
    pub fn is_marked(&self, day: u16, digest: &[u8; 16]) -> Result<bool, Unavailable> {
        self.disk.with(|db| db.contains_key(once(day, digest)))
    }

    /// Forgets the marks of the oldest day, if it is before `day`. One day at a time: a clock that was set wrong must not take all of them.
    ///
    /// # Errors
    /// [`Unavailable`].
    pub fn forget_before(&self, day: u16) -> Result<(), Unavailable> {
        self.disk.with(|db| {
            let marks = |until| db.range(once(0, &[0; 16])..once(until, &[0; 16]));
            let Some(oldest) = marks(day).next().transpose()? else {
                return Ok(());
            };
            let bytes = oldest.0.get(1..3).and_then(|day| day.try_into().ok());
            let oldest = bytes.map_or(0, u16::from_be_bytes);
            marks(oldest + 1).try_for_each(|row| db.remove(row?.0).map(|_| ()))
        })
    }

    /// Keeps a Message-ID under the digest that stands in its token. Durable through the spool's log.
    ///
    /// # Errors
    /// [`Unavailable`].
    pub fn keep_id(&self, digest: &[u8; 16], kept: &str) -> Result<(), Unavailable> {
        if self.kept_id(digest)?.is_some_and(|known| known == kept) {
            return Ok(());
        }
        self.room()?;
        self.disk
            .with(|db| db.insert([b"i", digest.as_slice()].concat(), kept.as_bytes()))
            .map(|_| ())
    }

    /// What is kept under a digest.
    ///
    /// # Errors
    /// [`Unavailable`].
    pub fn kept_id(&self, digest: &[u8; 16]) -> Result<Option<String>, Unavailable> {
        let found = self
            .disk
            .with(|db| db.get([b"i", digest.as_slice()].concat()))?;
        Ok(found.and_then(|value| String::from_utf8(value.to_vec()).ok()))
    }

    /// What messages of `writer` brought to `reader` since `oldest`, by the numbers of the keys of the digests. Empty: nothing is known.
    ///
    /// # Errors
    /// [`Unavailable`].
    pub fn brought(
        &self,
        writer: &ParticipantId,
        reader: &ParticipantId,
        oldest: Timestamp,
    ) -> Result<Vec<(u32, Brought)>, Unavailable> {
        let prefix = brought_key(writer, reader, None);
        let rows = self
            .disk
            .with(|db| db.scan_prefix(&prefix).collect::<sled::Result<Vec<_>>>())?;
        let read = rows.into_iter().filter_map(|(key, value)| {
            let number = key.get(prefix.len()..)?;
            let number = u32::from_str_radix(std::str::from_utf8(number).ok()?, 16).ok()?;
            // One that cannot be read is as good as none: then every address counts.
            let kept: Kept = serde_json::from_slice(&value).ok()?;
            (kept.at >= oldest).then_some((number, kept.brought))
        });
        Ok(read.collect())
    }

    /// Adds what a message of `writer` brought to `reader` at `at`, as digests under the key `number`. Durable through the
    /// spool's log. The time is kept by the day: nothing is written for a message that brings nothing new but that.
    ///
    /// # Errors
    /// [`Unavailable`].
    pub fn bring(
        &self,
        (writer, reader): (&ParticipantId, &ParticipantId),
        number: u32,
        at: Timestamp,
        brought: &Brought,
    ) -> Result<(), Unavailable> {
        let key = brought_key(writer, reader, Some(number));
        let known = self.disk.with(|db| db.get(&key))?;
        let known = known.and_then(|value| serde_json::from_slice::<Kept>(&value).ok());
        let mut kept = known.unwrap_or_else(|| Kept {
            at: Timestamp(0),
            brought: Brought::default(),
        });
        let later = at.since(kept.at) >= DAY;
        if !kept.brought.add(brought) && !later {
            return Ok(());
        }
        kept.at = kept.at.max(at);
        let value = serde_json::to_vec(&kept).map_err(|error| Unavailable(error.to_string()))?;
        self.room()?;
        self.disk.with(|db| db.insert(&key, value)).map(|_| ())
    }

    /// Forgets what was brought by pairs that have been silent since `oldest`.
    ///
    /// # Errors
    /// [`Unavailable`].
    pub fn forget_brought(&self, oldest: Timestamp) -> Result<(), Unavailable> {
        self.disk.with(|db| {
            for row in db.scan_prefix("g") {
                let (key, value) = row?;
                let kept = serde_json::from_slice::<Kept>(&value);
                if kept.is_ok_and(|kept| kept.at < oldest) {
                    db.remove(key)?;
                }
            }
            Ok(())
        })
    }

    /// A number that grows with what is remembered, a moment later.
    #[must_use]
    pub fn revision(&self) -> u64 {
        self.disk.revision()
    }

    /// Makes everything so far durable.
    ///
    /// # Errors
    /// [`Unavailable`]; the log must then keep what it has.
    pub fn checkpoint(&self) -> Result<(), Unavailable> {
        self.disk.sync()?;
        if self.is_behind() {
            let text = "the disk was full: some of what mail taught is in the spool's log alone; a restart learns it again";
            return Err(Unavailable(text.to_owned()));
        }
        Ok(())
    }
}
