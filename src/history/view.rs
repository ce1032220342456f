//! A day of the history as a search sees it: its lines, what of them is indexed, and what has to be read.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;

use super::runs::{Runs, Tail};

/// Octets that are read at once of a line: most have fewer.
const PIECE: usize = 2_048;
/// The longest line that is read.
const MAX_LINE: usize = 64 * 1024;

/// The lines of a day that can be looked up, and those that have to be read.
pub(super) struct DayView {
    pub(super) name: String,
    pub(super) size: u64,
    pub(super) lines: File,
    pub(super) runs: Runs,
    pub(super) tails: Vec<Tail>,
    pub(super) gaps: Vec<(u64, u64)>,
}

impl DayView {
    /// The line that begins at `at`, with its end where it has one.
    pub(super) fn line(&self, at: u64) -> io::Result<Vec<u8>> {
        let mut line = vec![0; PIECE];
        let mut read = 0;
        loop {
            let space = line.get_mut(read..).unwrap_or_default();
            let more = self.lines.read_at(space, at + read as u64)?;
            let end = memchr::memchr(b'\n', space.get(..more).unwrap_or_default());
            if let Some(end) = end {
                line.truncate(read + end + 1);
                return Ok(line);
            }
            read += more;
            if more == 0 || read >= MAX_LINE {
                line.truncate(read);
                return Ok(line);
            }
            line.resize((line.len() * 2).max(read + PIECE), 0);
        }
    }

    /// Where the first line begins at or after `at`.
    pub(super) fn line_start(&self, at: u64) -> io::Result<u64> {
        if at == 0 {
            return Ok(0);
        }
        // From the octet before: a line that begins there is whole.
        Ok(at - 1 + self.line(at - 1)?.len() as u64)
    }

    /// The places before `below` that any of `digests` leads to, the last one first.
    pub(super) fn places(&self, digests: &[u64], below: u64) -> io::Result<Vec<u64>> {
        let mut places = Vec::new();
        for digest in digests {
            places.extend(self.runs.places(*digest, below)?);
            for tail in &self.tails {
                let first = tail.keys.partition_point(|(key, _)| key < digest);
                let keys = tail.keys.iter().skip(first);
                places.extend(keys.take_while(|(key, _)| key == digest).map(|(_, at)| at));
            }
        }
        places.retain(|place| *place < below);
        places.sort_unstable_by(|one, other| other.cmp(one));
        places.dedup();
        Ok(places)
    }
}
