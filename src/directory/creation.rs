//! A database that is being made: one whose making was not finished is told from one that has lost its contents.

use std::fs::File;
use std::path::{Path, PathBuf};

use crate::files;

/// A note beside a database that is being made: `NAME.making`. A process that ends before the mark is durable leaves a database without
/// one, which would be taken for a lost one; where the note stands, nothing was ever kept in it.
pub(super) struct CreationMarker {
    folder: PathBuf,
    note: PathBuf,
    /// Locked while the database is made, so that no other process takes the making for an unfinished one.
    lock: Option<File>,
}

impl CreationMarker {
    pub(super) fn of(folder: &Path) -> Self {
        let mut note = folder.as_os_str().to_owned();
        note.push(".making");
        Self {
            folder: folder.to_owned(),
            note: note.into(),
            lock: None,
        }
    }

    fn lock(&mut self) -> std::io::Result<()> {
        let file = files::private_file()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&self.note)?;
        rustix::fs::flock(&file, rustix::fs::FlockOperation::NonBlockingLockExclusive)?;
        self.lock = Some(file);
        Ok(())
    }

    /// Takes away what an unfinished making left.
    pub(super) fn clear(&mut self) -> std::io::Result<()> {
        if !self.note.exists() {
            return Ok(());
        }
        self.lock()?;
        if self.folder.exists() {
            std::fs::remove_dir_all(&self.folder)?;
        }
        self.end()
    }

    pub(super) fn begin(&mut self) -> std::io::Result<()> {
        if let Some(parent) = self.folder.parent() {
            files::create_folder(parent)?;
        }
        self.lock()?;
        self.sync_parent()
    }

    pub(super) fn end(&mut self) -> std::io::Result<()> {
        // The database's name is durable before the note goes.
        self.sync_parent()?;
        std::fs::remove_file(&self.note)?;
        self.lock = None;
        self.sync_parent()
    }

    fn sync_parent(&self) -> std::io::Result<()> {
        match self.folder.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => File::open(parent)?.sync_all(),
            _ => File::open(".")?.sync_all(),
        }
    }
}
