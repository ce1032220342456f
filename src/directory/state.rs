//! What cannot be loaded again: the address each party last wrote from, once-only marks, long Message-IDs, and when an unknown
//! transaction was first asked for.
//!
//! The spool's log has it first, so nothing here is synced by itself; [`State::checkpoint`] is called before the log drops a segment.

use std::io::{self, BufRead, Write};
use std::path::Path;

use data_encoding::HEXLOWER;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::disk::{Broken, Disk};
use super::{AddressMark, Unavailable};
use crate::mail::{Mailbox, Timestamp};
use crate::masking::{ParticipantId, TransactionId};

/// Unknown transactions that are remembered for one participant: guesses must not fill the disk.
const MAX_UNKNOWN: usize = 1_000;

/// A line of an export.
#[derive(Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Row {
    State { key: String, value: String },
    End {},
}

/// The state store.
pub struct State {
    disk: Disk,
}

fn key(kind: &str, participant: &ParticipantId, transaction: &TransactionId) -> String {
    format!("{kind}{participant}/{transaction}")
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

impl State {
    /// Opens or makes the store in the folder `path`.
    ///
    /// # Errors
    /// [`Broken`] if another process has it or it cannot be read.
    pub fn open(path: &Path) -> Result<Self, Broken> {
        Ok(Self {
            disk: Disk::open(path)?,
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
            .map(AddressMark::from_octets))
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
        let (key, mark) = (key("w", participant, transaction), address.octets());
        self.disk.with(|db| {
            if db.get(&key)?.is_none_or(|known| *known != mark) {
                db.insert(&key, &mark)?;
            }
            Ok(())
        })
    }

    /// When `transaction` of `participant` was first asked for; none: never.
    ///
    /// # Errors
    /// [`Unavailable`].
    pub fn first_seen(
        &self,
        participant: &ParticipantId,
        transaction: &TransactionId,
    ) -> Result<Option<Timestamp>, Unavailable> {
        let key = key("u", participant, transaction);
        let found = self.disk.with(|db| db.get(&key))?;
        let octets = found.and_then(|value| <[u8; 8]>::try_from(value.as_ref()).ok());
        Ok(octets.map(|octets| Timestamp(u64::from_be_bytes(octets))))
    }

    /// As [`State::first_seen`]; if this is the first time, `now` is remembered and returned.
    ///
    /// # Errors
    /// [`Unavailable`].
    pub fn note_first_seen(
        &self,
        participant: &ParticipantId,
        transaction: &TransactionId,
        now: Timestamp,
    ) -> Result<Timestamp, Unavailable> {
        if let Some(first) = self.first_seen(participant, transaction)? {
            return Ok(first);
        }
        let key = key("u", participant, transaction);
        let prefix = format!("u{participant}/");
        let many = self
            .disk
            .with(|db| Ok(db.scan_prefix(&prefix).take(MAX_UNKNOWN).count()))?
            >= MAX_UNKNOWN;
        if many {
            // Rather an answer of "for good" too late than a disk full of guesses: half of them begin anew, whichever come first by key.
            self.disk.with(|db| {
                db.scan_prefix(&prefix)
                    .take(MAX_UNKNOWN / 2)
                    .try_for_each(|row| db.remove(row?.0).map(|_| ()))
            })?;
        }
        self.disk.with(|db| db.insert(&key, &now.0.to_be_bytes()))?;
        Ok(now)
    }

    /// Remembers that mail from `address` was proven by its own domain's signature. Lost in a crash, it is learnt again.
    ///
    /// # Errors
    /// [`Unavailable`].
    pub fn note_signer(&self, address: &Mailbox) -> Result<(), Unavailable> {
        if self.is_signer(address)? {
            return Ok(());
        }
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
            let octets = oldest.0.get(1..3).and_then(|day| day.try_into().ok());
            let oldest = octets.map_or(0, u16::from_be_bytes);
            marks(oldest + 1).try_for_each(|row| db.remove(row?.0).map(|_| ()))
        })
    }

    /// Keeps a Message-ID under the digest that stands in its token. Durable through the spool's log.
    ///
    /// # Errors
    /// [`Unavailable`].
    pub fn keep_id(&self, digest: &[u8; 16], kept: &str) -> Result<(), Unavailable> {
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

    /// Writes every record as a line, and returns how many.
    ///
    /// # Errors
    /// The output broke, or a record could not be read.
    pub fn export(&self, output: &mut dyn Write) -> io::Result<u64> {
        let mut records = 0;
        self.disk.each(|key, value| {
            records += 1;
            let row = Row::State {
                key: HEXLOWER.encode(key),
                value: HEXLOWER.encode(value),
            };
            serde_json::to_writer(&mut *output, &row)?;
            output.write_all(b"\n")
        })?;
        Ok(records)
    }

    /// Takes the lines of an export in, durably, and returns how many.
    ///
    /// # Errors
    /// The input broke or is none, or the store did not take it.
    pub fn import(&self, input: impl BufRead) -> io::Result<u64> {
        let mut records = 0;
        for line in input.lines() {
            let Row::State { key, value } = serde_json::from_str(&line?)? else {
                continue;
            };
            let octets = |text: &str| HEXLOWER.decode(text.as_bytes()).map_err(io::Error::other);
            let (key, value) = (octets(&key)?, octets(&value)?);
            self.disk
                .with(|db| db.insert(key, value))
                .map_err(io::Error::other)?;
            records += 1;
        }
        self.disk.sync().map_err(io::Error::other)?;
        Ok(records)
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
        self.disk.sync()
    }
}
