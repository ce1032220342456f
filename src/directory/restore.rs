//! A lost directory is made again from an export. Until that is done it is not available, which is never "unknown".

use std::fs::File;
use std::io::{self, BufReader};
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use super::{
    Change, Conflict, Directory, DirectoryFuture, Mask, Participant, RecordRules, SledDirectory,
    Transaction, Unavailable, import,
};
use crate::failpoint;
use crate::mail::{Domain, Mailbox};
use crate::masking::{MaskId, ParticipantId, TransactionId};

/// Loads `export` into a fresh folder beside `folder`, moves what is left of the old one away, and takes its place; with how many records. A crash
/// on the way leaves either the old state or the new one.
///
/// # Errors
/// The disk, or an export that is none.
pub async fn restore(
    folder: &Path,
    export: &Path,
    rules: &RecordRules,
) -> io::Result<(SledDirectory, u64)> {
    let fresh = beside(folder, "restoring");
    if fresh.exists() {
        std::fs::remove_dir_all(&fresh)?;
    }
    failpoint::hit("directory.restoring")?;
    let directory = SledDirectory::open(&fresh).map_err(io::Error::other)?;
    let input = BufReader::new(File::open(export)?);
    let report = import(&directory, rules, input, |_| {})
        .await
        .map_err(io::Error::other)?;
    if report.bad_lines > 0 {
        tracing::error!(
            event = "restore_incomplete",
            lines = report.bad_lines,
            "they break today's rules"
        );
    }
    drop(directory);
    failpoint::hit("directory.restored")?;
    if folder.exists() {
        std::fs::rename(folder, beside(folder, "damaged"))?;
    }
    failpoint::hit("directory.moved_away")?;
    std::fs::rename(&fresh, folder)?;
    if let Some(parent) = folder.parent() {
        File::open(parent)?.sync_all()?;
    }
    failpoint::hit("directory.replaced")?;
    let directory = SledDirectory::open(folder).map_err(io::Error::other)?;
    Ok((directory, report.applied))
}

/// A path beside `folder` that nothing has yet: `directory.damaged`, `directory.damaged2` …; for `restoring` always the same.
fn beside(folder: &Path, what: &str) -> PathBuf {
    let name = |end: &str| {
        let stem = folder.file_name().unwrap_or_default().to_string_lossy();
        folder.with_file_name(format!("{stem}.{what}{end}"))
    };
    let numbered = (2..).map(|number| name(&number.to_string()));
    let mut names = std::iter::once(name("")).chain(numbered);
    let free = names.find(|path| what == "restoring" || !path.exists());
    free.unwrap_or_else(|| name(""))
}

/// Moves a store away that cannot be read.
///
/// # Errors
/// The disk.
pub fn move_away(folder: &Path) -> io::Result<PathBuf> {
    let to = beside(folder, "damaged");
    std::fs::rename(folder, &to)?;
    Ok(to)
}

/// The local directory, or none while it is being made again.
#[derive(Default)]
pub struct RestorableDirectory(OnceLock<Arc<SledDirectory>>);

impl RestorableDirectory {
    /// It is there.
    pub fn set(&self, directory: SledDirectory) {
        // Only one task makes it.
        let _ = self.0.set(Arc::new(directory));
    }

    /// The directory, if it is there.
    #[must_use]
    pub fn get(&self) -> Option<&Arc<SledDirectory>> {
        self.0.get()
    }

    fn ask<'a, T: Send + 'a>(
        &'a self,
        ask: impl FnOnce(&'a SledDirectory) -> DirectoryFuture<'a, T>,
    ) -> DirectoryFuture<'a, T> {
        match self.get() {
            Some(directory) => ask(directory),
            None => Box::pin(std::future::ready(Err(Unavailable(
                "it is being made again from the last export".to_owned(),
            )))),
        }
    }
}

impl Directory for RestorableDirectory {
    fn mask(&self, mask: &MaskId) -> DirectoryFuture<'_, Option<Mask>> {
        self.ask(|directory| directory.mask(mask))
    }

    fn mask_of(
        &self,
        participant: &ParticipantId,
        counterparty: Option<&ParticipantId>,
    ) -> DirectoryFuture<'_, Option<MaskId>> {
        self.ask(|directory| directory.mask_of(participant, counterparty))
    }

    fn participant(&self, id: &ParticipantId) -> DirectoryFuture<'_, Option<Arc<Participant>>> {
        self.ask(|directory| directory.participant(id))
    }

    fn stored(&self, id: &ParticipantId) -> DirectoryFuture<'_, bool> {
        self.ask(|directory| directory.stored(id))
    }

    fn owner(&self, address: &Mailbox) -> DirectoryFuture<'_, Option<ParticipantId>> {
        self.ask(|directory| directory.owner(address))
    }

    fn users(&self, domain: &Domain) -> DirectoryFuture<'_, usize> {
        self.ask(|directory| directory.users(domain))
    }

    fn transaction(&self, id: &TransactionId) -> DirectoryFuture<'_, Option<Arc<Transaction>>> {
        self.ask(|directory| directory.transaction(id))
    }

    fn transactions_of_order(&self, number: &str) -> DirectoryFuture<'_, Vec<Arc<Transaction>>> {
        self.ask(|directory| directory.transactions_of_order(number))
    }

    fn apply(&self, changes: Vec<Change>) -> DirectoryFuture<'_, Vec<Result<(), Conflict>>> {
        self.ask(|directory| directory.apply(changes))
    }
}
