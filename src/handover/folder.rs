//! A folder of documents: `TRANSACTION/SHA256.pdf`, and beside it what is told of it as `.json`, which comes last and goes first.

use std::collections::HashSet;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::{Handed, HandoverRequest};
use crate::content::{Document, DocumentPlace};
use crate::failpoint;
use crate::files;
use crate::spool::{Entry, HeldDocuments};

/// A folder.
pub(super) struct Folder {
    path: PathBuf,
    /// Nobody else's: what lies there has not been handed over before somebody says so, and goes when its message ends.
    own: bool,
}

impl Folder {
    /// The one under `data_dir`.
    pub(super) fn own(path: PathBuf) -> Self {
        Self { path, own: true }
    }

    /// One that the marketplace looks into: what lies there is handed over.
    pub(super) fn shared(path: PathBuf) -> Self {
        Self { path, own: false }
    }

    /// Puts a document there, durably.
    pub(super) async fn put(&self, request: HandoverRequest<'_>) -> Handed {
        let (document, own) = (request.document, self.own);
        let folder = self.path.join(request.held.transaction.as_str());
        let told = match request.told() {
            Ok(told) => told,
            Err(error) => return Handed::Later(error.to_string()),
        };
        let mut wanted = Vec::new();
        if matches!(document.place, DocumentPlace::Part(_)) {
            wanted.push((file_name(document), request.octets.to_vec()));
        }
        wanted.push((format!("{}.json", document.sha256), told));
        let written = tokio::task::spawn_blocking(move || {
            for (name, octets) in &wanted {
                write(&folder, name, octets, own)?;
                failpoint::pass("handover.file_written");
            }
            Ok(())
        });
        let path = self.path.join(request.held.transaction.as_str());
        match written
            .await
            .unwrap_or_else(|error| Err(io::Error::other(error)))
        {
            Ok(()) if own => Handed::ToBeTaken,
            Ok(()) => Handed::Over,
            Err(error) => Handed::Later(files::describe(&path, &error)),
        }
    }

    /// Removes a document, where the folder is ours.
    pub(super) async fn forget(&self, held: &HeldDocuments, document: &Document) {
        if !self.own {
            return;
        }
        let folder = self.path.join(held.transaction.as_str());
        let names = [format!("{}.json", document.sha256), file_name(document)];
        let removed = tokio::task::spawn_blocking(move || {
            for name in names {
                remove(&folder.join(name))?;
            }
            // Fails where others lie there.
            let _ = fs::remove_dir(&folder);
            Ok(())
        });
        // The next start takes it away.
        if let Ok(Err(error)) = removed.await {
            let error: io::Error = error;
            tracing::warn!(event = "document_stays", sha256 = document.sha256, %error);
        }
    }

    /// Removes what none of `entries` has.
    pub(super) fn forget_others(&self, entries: &[Entry]) -> io::Result<()> {
        let held = entries
            .iter()
            .filter_map(|entry| Some((entry, entry.to_hand_over()?)));
        let wanted: HashSet<PathBuf> = held
            .flat_map(|(entry, held)| {
                let open = held.documents.iter().enumerate();
                let open = open.filter(|(number, _)| !entry.progress.handed_over.contains(number));
                let folder = self.path.join(held.transaction.as_str());
                open.flat_map(move |(_, document)| {
                    [format!("{}.json", document.sha256), file_name(document)]
                        .map(|name| folder.join(name))
                })
            })
            .collect();
        clean(&self.path, &wanted)
    }
}

/// The name of a document's file. The marketplace's programs know it by its contents, and people by what is told beside it.
fn file_name(document: &Document) -> String {
    let ending = match document.media_type.as_str() {
        "application/pdf" => "pdf",
        "image/jpeg" => "jpg",
        "image/png" => "png",
        "image/gif" => "gif",
        "image/tiff" => "tiff",
        "image/bmp" => "bmp",
        _ => "bin",
    };
    format!("{}.{ending}", document.sha256)
}

/// Writes a file that is whole or not there, and durable.
fn write(folder: &Path, name: &str, octets: &[u8], own: bool) -> io::Result<()> {
    match own {
        true => files::create_folder(folder)?,
        false => fs::create_dir_all(folder)?,
    }
    let path = folder.join(name);
    // It is there since an earlier attempt.
    if fs::metadata(&path).is_ok_and(|there| there.len() == octets.len() as u64) {
        return Ok(());
    }
    let unfinished = folder.join(format!(".{name}.tmp"));
    let mut options = match own {
        true => files::private_file(),
        false => File::options(),
    };
    let mut file = options
        .write(true)
        .create(true)
        .truncate(true)
        .open(&unfinished)?;
    file.write_all(octets)?;
    file.sync_all()?;
    failpoint::pass("handover.file_synced");
    fs::rename(&unfinished, &path)?;
    File::open(folder)?.sync_all()?;
    let above = folder.parent().unwrap_or(folder);
    File::open(above)?.sync_all()
}

fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// Removes all files below `root` but `wanted`, and the folders that are empty then.
fn clean(root: &Path, wanted: &HashSet<PathBuf>) -> io::Result<()> {
    let folders = match fs::read_dir(root) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        folders => folders?,
    };
    for folder in folders {
        let folder = folder?.path();
        if !folder.is_dir() {
            continue;
        }
        for file in fs::read_dir(&folder)? {
            let file = file?.path();
            if !wanted.contains(&file) {
                remove(&file)?;
            }
        }
        // Fails where others lie there.
        let _ = fs::remove_dir(&folder);
    }
    Ok(())
}
