//! The last sets that held, kept for a start that finds broken files.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::generations::Generations;
use crate::allowlist::{Allowlist, Diff};
use crate::clock::Clock;
use crate::failpoint;
use crate::files::{self, SetFile};
use crate::mail::Timestamp;

/// Octets of a kept file, at most: JSON may write an octet as six.
const LARGEST: u64 = 6 * files::LARGEST_SET * 2 + (1 << 20);

/// Sets that held together, as they were read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct LastGood {
    /// When they were read, milliseconds since 1970.
    pub(super) at: u64,
    /// SHA-256 of the sets, in hexadecimal: a copy whose bytes have changed must let nobody in.
    digest: String,
    /// The sets by what they are, and the files of each.
    sets: BTreeMap<String, Vec<KeptFile>>,
}

/// One file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct KeptFile {
    /// Where it was.
    path: String,
    /// What it held.
    text: String,
}

impl LastGood {
    /// Of sets by what they are.
    pub(super) fn of<'f>(
        at: Timestamp,
        sets: impl IntoIterator<Item = (&'static str, &'f [SetFile])>,
    ) -> Self {
        let kept = |file: &SetFile| KeptFile {
            path: file.path.display().to_string(),
            text: String::from_utf8_lossy(&file.octets).into_owned(),
        };
        let sets = sets
            .into_iter()
            .map(|(what, files)| (what.to_owned(), files.iter().map(kept).collect()))
            .collect();
        Self {
            at: at.0,
            digest: digest(&sets),
            sets,
        }
    }

    /// The files of one of the sets; none: it was not among them.
    pub(super) fn files(&self, what: &str) -> Option<Vec<SetFile>> {
        let files = self.sets.get(what)?.iter();
        let file = |file: &KeptFile| SetFile {
            path: PathBuf::from(&file.path),
            octets: file.text.clone().into_bytes(),
        };
        Some(files.map(file).collect())
    }

    /// What is kept at `path`; none: nothing.
    fn read(path: &Path) -> Result<Option<Self>, String> {
        let octets = match std::fs::metadata(path).and_then(|known| {
            if known.len() > LARGEST {
                return Err(io::Error::other("it is larger than any that was written"));
            }
            std::fs::read(path)
        }) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            read => read.map_err(|error| files::describe(path, &error))?,
        };
        let kept: Option<Self> = serde_json::from_slice(&octets).ok();
        kept.filter(|kept| kept.digest == digest(&kept.sets))
            .map(Some)
            .ok_or_else(|| format!("{}: its bytes have changed since it was written; remove it and mend what the configuration names", path.display()))
    }
}

fn digest(sets: &BTreeMap<String, Vec<KeptFile>>) -> String {
    let text = serde_json::to_vec(sets).unwrap_or_default();
    data_encoding::HEXLOWER.encode(&Sha256::digest(text))
}

/// Keeps sets that held, and notes generations.
pub(super) struct Keeper {
    /// `data_dir/in-force`; none: nothing is kept.
    folder: Option<PathBuf>,
    clock: Arc<dyn Clock>,
    /// What the start found, to be noted once the server has the folder to itself.
    pub(super) first: Vec<First>,
    /// None: nothing is noted.
    pub(super) generations: Option<Generations>,
    /// Digests of what lies in the folder, by file name.
    written: BTreeMap<&'static str, String>,
}

/// Something that a start found.
pub(super) enum First {
    /// An allowlist that holds, and what it changes of the one that was kept.
    Allowlist(LastGood, Arc<Allowlist>, Diff),
    /// The allowlist was broken, with these errors; this one is served with.
    BrokenAllowlist(String, Arc<Allowlist>),
    /// Rules that hold.
    Rules(LastGood),
}

impl Keeper {
    /// Over `folder`; nothing is made.
    pub(super) fn new(folder: Option<&Path>, clock: Arc<dyn Clock>) -> Self {
        Self {
            folder: folder.map(Path::to_owned),
            clock,
            first: Vec::new(),
            generations: None,
            written: BTreeMap::new(),
        }
    }

    /// The folder, where anything is kept.
    pub(super) fn folder(&self) -> Option<&Path> {
        self.folder.as_deref()
    }

    /// The time.
    pub(super) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// What is kept under `name`; none: nothing.
    ///
    /// # Errors
    /// It cannot be read, or its bytes have changed; the text names the path.
    pub(super) fn read(&self, name: &'static str) -> Result<Option<LastGood>, String> {
        let folder = self.folder.as_deref();
        folder.map_or(Ok(None), |folder| LastGood::read(&folder.join(name)))
    }

    /// Keeps `sets` under `name`, durably. What is there already is not written again.
    ///
    /// # Errors
    /// The system does not let us; the text names the path. What was kept before stays.
    pub(super) fn write(&mut self, name: &'static str, sets: &LastGood) -> io::Result<()> {
        let Some(folder) = &self.folder else {
            return Ok(());
        };
        if self.written.get(name) == Some(&sets.digest) {
            return Ok(());
        }
        let path = folder.join(name);
        let described = |error: io::Error| io::Error::other(files::describe(&path, &error));
        failpoint::hit("in_force.keeping").map_err(described)?;
        files::create_folder(folder).map_err(described)?;
        let text = serde_json::to_vec(sets).map_err(io::Error::other)?;
        files::replace(&path, &text).map_err(described)?;
        self.written.insert(name, sets.digest.clone());
        Ok(())
    }
}
