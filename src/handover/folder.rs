//! A folder of documents: `TRANSACTION/SHA256.pdf`, and beside it what is told of it as `.json`, which comes last and goes first.

use std::collections::HashSet;
use std::fs::{self, File, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use bytes::Bytes;

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
    pub(super) async fn put(&self, request: &HandoverRequest<'_>) -> Handed {
        let (document, own) = (request.document, self.own);
        let folder = self.path.join(request.held.transaction.as_str());
        let metadata = match request.metadata() {
            Ok(metadata) => metadata,
            Err(error) => return Handed::Later(error.to_string()),
        };
        let mut wanted = Vec::new();
        if matches!(document.place, DocumentPlace::Part(_)) {
            wanted.push((file_name(document), request.octets.clone()));
        }
        wanted.push((format!("{}.json", document.sha256), Bytes::from(metadata)));
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
                remove(&folder.join(&name))?;
                remove(&unfinished(&folder, &name))?;
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
                let open = open.filter(|(number, _)| !entry.progress.handed_over.contains(*number));
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
        "text/html" => "html",
        "text/xml" | "application/xml" => "xml",
        _ => "bin",
    };
    format!("{}.{ending}", document.sha256)
}

/// Writes a file that is whole or not there, and durable. In a folder that others read it takes that folder's mode, and so does its own folder.
fn write(folder: &Path, name: &str, octets: &[u8], own: bool) -> io::Result<()> {
    files::create_folder(folder)?;
    let mode = match own {
        true => None,
        false => Some(shared_mode(folder)?),
    };
    let path = folder.join(name);
    // It may be there since an earlier attempt, which ended before this was durable.
    if fs::read(&path).is_ok_and(|there| there == octets) {
        return sync(folder);
    }
    let unfinished = unfinished(folder, name);
    let mut options = files::private_file();
    options.write(true).create(true).truncate(true);
    let mut file = options.open(&unfinished)?;
    if let Some(mode) = mode {
        file.set_permissions(Permissions::from_mode(mode & 0o666))?;
    }
    file.write_all(octets)?;
    file.sync_all()?;
    failpoint::pass("handover.file_synced");
    fs::rename(&unfinished, &path)?;
    match sync(folder) {
        // Whoever took the file took its folder as well.
        Err(error) if !own && error.kind() == io::ErrorKind::NotFound => Ok(()),
        synced => synced,
    }
}

/// The mode of the folder above, which a folder is given as well.
fn shared_mode(folder: &Path) -> io::Result<u32> {
    let above = folder.parent().unwrap_or(folder);
    let mode = fs::metadata(above)?.permissions().mode() & 0o7777;
    if fs::metadata(folder)?.permissions().mode() & 0o7777 != mode {
        fs::set_permissions(folder, Permissions::from_mode(mode))?;
    }
    Ok(mode)
}

/// What a file is called before it is whole.
fn unfinished(folder: &Path, name: &str) -> PathBuf {
    folder.join(format!(".{name}.tmp"))
}

/// Makes the names in a folder durable, and those of the folders above that may be new: that of all documents, and where it stands.
fn sync(folder: &Path) -> io::Result<()> {
    let above = folder.ancestors().take(3);
    let mut there = above.filter(|folder| !folder.as_os_str().is_empty());
    there.try_for_each(|folder| File::open(folder)?.sync_all())
}

fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// Removes all files below `root` but `wanted`, and the folders that are empty then; the first fault, once the others are gone.
fn clean(root: &Path, wanted: &HashSet<PathBuf>) -> io::Result<()> {
    let folders = match fs::read_dir(root) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        folders => folders?,
    };
    let mut fault = Ok(());
    for folder in folders.flatten().map(|folder| folder.path()) {
        for file in fs::read_dir(&folder).into_iter().flatten().flatten() {
            let file = file.path();
            if !wanted.contains(&file) {
                let removed = remove(&file);
                fault = fault.and(removed);
            }
        }
        // Fails where others lie there.
        let _ = fs::remove_dir(&folder);
    }
    fault
}
