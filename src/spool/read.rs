//! Reads bytes, records and bodies of a segment.

use std::io;
use std::os::unix::fs::FileExt;

use bytes::Bytes;
use rustix::buffer::spare_capacity;
use rustix::io::Errno;

use super::record::{END, FIXED_LEN, FixedPart, Stamp};
use super::segment::Segment;
use crate::failpoint;

/// A record as it was read.
pub(super) struct ReadRecord {
    pub(super) fixed: FixedPart,
    pub(super) head: Vec<u8>,
}

impl Segment {
    /// Reads `len` bytes at `at`.
    pub(super) fn bytes(&self, at: u64, len: usize) -> io::Result<Vec<u8>> {
        failpoint::hit("spool.reading")?;
        let mut bytes = Vec::with_capacity(len);
        while bytes.len() < len {
            let from = at + bytes.len() as u64;
            match rustix::io::pread(&self.file, spare_capacity(&mut bytes), from) {
                Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
                Ok(_) | Err(Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
        }
        // There may have been room for more.
        bytes.truncate(len);
        Ok(bytes)
    }

    /// The record of this segment at `at`, its head checked; none where no whole one stands.
    pub(super) fn record(&self, at: u64, end: u64) -> io::Result<Option<ReadRecord>> {
        self.any_record(at, end, |stamp| stamp.salt == self.stamp.salt)
    }

    /// The fixed part of a record of this segment at `at`, whatever of the record is there.
    pub(super) fn front(&self, at: u64) -> io::Result<Option<FixedPart>> {
        let mut front = [0; FIXED_LEN];
        match self.file.read_exact_at(&mut front, at) {
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
            read => read?,
        }
        Ok(FixedPart::parse(&front).filter(|fixed| fixed.stamp.salt == self.stamp.salt))
    }

    /// The record at `at`, if its stamp is one that is wanted.
    pub(super) fn any_record(
        &self,
        at: u64,
        end: u64,
        wanted: impl Fn(Stamp) -> bool,
    ) -> io::Result<Option<ReadRecord>> {
        let mut front = [0; FIXED_LEN];
        if at + (FIXED_LEN + END.len()) as u64 > end {
            return Ok(None);
        }
        self.file.read_exact_at(&mut front, at)?;
        let Some(fixed) = FixedPart::parse(&front).filter(|fixed| wanted(fixed.stamp)) else {
            return Ok(None);
        };
        if at + fixed.size() > end {
            return Ok(None);
        }
        let head = self.bytes(at + FIXED_LEN as u64, fixed.head_len as usize)?;
        let mark = self.bytes(at + fixed.size() - END.len() as u64, END.len())?;
        Ok(
            (fixed.head_matches(&front, &head) && mark == END)
                .then_some(ReadRecord { fixed, head }),
        )
    }

    /// Head and body of the record of this segment at `at`, which has `size` bytes, read at once and checked; none where no whole one stands.
    pub(super) fn whole_record(&self, at: u64, size: u64) -> io::Result<Option<(Bytes, Bytes)>> {
        let len = usize::try_from(size).map_err(io::Error::other)?;
        let record = Bytes::from(self.bytes(at, len)?);
        let Some(front) = record.first_chunk::<FIXED_LEN>() else {
            return Ok(None);
        };
        let fixed = FixedPart::parse(front)
            .filter(|fixed| fixed.stamp.salt == self.stamp.salt && fixed.size() == size);
        let Some(fixed) = fixed.filter(|_| record.ends_with(END)) else {
            return Ok(None);
        };
        let body_at = FIXED_LEN + fixed.head_len as usize;
        let (head, body) = (
            record.slice(FIXED_LEN..body_at),
            record.slice(body_at..body_at + fixed.body_len as usize),
        );
        let is_whole = fixed.head_matches(front, &head) && fixed.body_matches(&body);
        Ok(is_whole.then_some((head, body)))
    }

    /// The body of the record at `at`; none where it does not match its checksum.
    pub(super) fn body(&self, at: u64, fixed: &FixedPart) -> io::Result<Option<Vec<u8>>> {
        let body = self.bytes(
            at + FIXED_LEN as u64 + u64::from(fixed.head_len),
            fixed.body_len as usize,
        )?;
        Ok(fixed.body_matches(&body).then_some(body))
    }
}
