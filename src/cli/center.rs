//! `allegromail center`: look whether the archive of the Message Center is whole, hand an account its messages, erase an account, go on after a backup.

use std::io::Write;
use std::path::{Path, PathBuf};

use clap::Subcommand;
use serde_json::json;

use super::Exit;
use crate::app;
use crate::archive::{
    Archive, ArchiveError, Between, SqliteArchive, StoredMessage, ThreadFilter, ThreadView,
};
use crate::clock::{Clock, SystemClock};
use crate::config::Config;
use crate::files;
use crate::masking::ParticipantId;

/// Threads and messages that are read at once.
const PAGE: usize = 200;

/// What can be done with the archive.
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Look at every row and at the octets of every message; exit 65 if something is wrong
    Check,
    /// Write the messages of a participant: messages.ndjson, and each as an .eml file
    Export {
        /// The participant's id
        participant: ParticipantId,
        /// A folder, made if it is missing [default: export-PARTICIPANT]
        folder: Option<PathBuf>,
    },
    /// Erase what is a participant's alone: its view, feed and login; the other side keeps its messages
    Erase {
        /// The participant's id
        participant: ParticipantId,
        /// The messages that it wrote go from the other side, too
        #[arg(long)]
        with_messages: bool,
        /// Do it; without this it is only said what would be done
        #[arg(long)]
        yes: bool,
    },
    /// Go on after the archive was restored from a backup or lost: no number of a feed is given twice, and the next start reads the log again
    Replay,
}

/// Why a command was not carried out.
enum Failure {
    Archive(ArchiveError),
    Other(Exit, String),
}

impl From<ArchiveError> for Failure {
    fn from(error: ArchiveError) -> Self {
        Self::Archive(error)
    }
}

/// Runs the command. The archive lets others read and write beside a server.
pub(super) fn run(config: &Config, command: &Command, json: bool) -> Exit {
    super::block_on(async {
        let done = match open(config) {
            Ok(archive) => carry_out(&archive, command, json).await,
            Err(failure) => Err(failure),
        };
        match done {
            Ok(exit) => exit,
            Err(Failure::Other(exit, text)) => {
                eprintln!("allegromail: {text}");
                exit
            }
            Err(Failure::Archive(error)) => {
                eprintln!(
                    "allegromail: {error}; `allegromail center check` says more, and a backup of data_dir/center can take its place"
                );
                Exit::Temporary
            }
        }
    })
}

fn open(config: &Config) -> Result<SqliteArchive, Failure> {
    let folder = config.data_dir.join("center");
    if !folder.join("index.sqlite").exists() {
        let text = format!(
            "there is no archive in {}; `serve` makes it where [center] stands in the configuration",
            folder.display()
        );
        return Err(Failure::Other(Exit::BadData, text));
    }
    app::open_archive(config).map_err(|error| Failure::Other(Exit::Temporary, error.to_string()))
}

async fn carry_out(
    archive: &SqliteArchive,
    command: &Command,
    json: bool,
) -> Result<Exit, Failure> {
    match command {
        Command::Check => check(archive, json).await,
        Command::Export {
            participant,
            folder,
        } => {
            let usual = || PathBuf::from(format!("export-{participant}"));
            let folder = folder.clone().unwrap_or_else(usual);
            let messages = export(archive, participant, &folder).await?;
            say(
                json,
                &json!({ "messages": messages, "folder": folder }),
                || {
                    format!(
                        "{} in {}",
                        counted(messages as u64, "message"),
                        folder.display()
                    )
                },
            );
            Ok(Exit::Done)
        }
        Command::Erase {
            participant,
            with_messages,
            yes,
        } => {
            if !yes {
                let threads = threads(archive, participant).await?.len();
                let beside = match with_messages {
                    true => ", and every message that it wrote from the other side's",
                    false => "; the other side keeps its messages",
                };
                println!(
                    "{participant} would go from {}{beside}. With --yes it is done.",
                    counted(threads as u64, "thread")
                );
                return Ok(Exit::Done);
            }
            let gone = archive.erase(participant.clone(), *with_messages).await?;
            say(json, &json!({ "erased": gone }), || {
                format!(
                    "{participant} is erased; {} went for good. The log has what it has until its segments go; revoke its tokens with `allegromail tokens list`",
                    counted(gone as u64, "message")
                )
            });
            Ok(Exit::Done)
        }
        Command::Replay => {
            archive.renew(SystemClock.now()).await?;
            say(json, &json!({ "renewed": true }), || {
                "the feeds go on above every number that was given before; restart the server, and it reads what its log still has".to_owned()
            });
            Ok(Exit::Done)
        }
    }
}

async fn check(archive: &SqliteArchive, json: bool) -> Result<Exit, Failure> {
    let checked = archive.check().await?;
    let (messages, faults) = (checked.messages, &checked.faults);
    say(
        json,
        &json!({ "messages": messages, "faults": faults }),
        || {
            let mut text = format!("{} looked at", counted(messages, "message"));
            for fault in faults {
                text.push_str(&format!("\n  {fault}"));
            }
            text
        },
    );
    Ok(match faults.is_empty() {
        true => Exit::Done,
        false => Exit::BadData,
    })
}

/// Every thread of a participant.
async fn threads(
    archive: &SqliteArchive,
    of: &ParticipantId,
) -> Result<Vec<ThreadView>, ArchiveError> {
    let (mut all, mut before) = (Vec::new(), None);
    loop {
        let page = archive.threads(of.clone(), ThreadFilter::default(), before, PAGE);
        let page = page.await?;
        all.extend(page.threads);
        before = page.next;
        if before.is_none() {
            return Ok(all);
        }
    }
}

/// Writes what a participant sees; how many messages.
async fn export(
    archive: &SqliteArchive,
    of: &ParticipantId,
    folder: &Path,
) -> Result<usize, Failure> {
    let failed = |path: &Path, error: &std::io::Error| {
        Failure::Other(Exit::Temporary, files::describe(path, error))
    };
    files::create_folder(folder).map_err(|error| failed(folder, &error))?;
    let path = folder.join("messages.ndjson");
    let mut options = files::private_file();
    let file = options.create(true).truncate(true).write(true).open(&path);
    let mut lines = std::io::BufWriter::new(file.map_err(|error| failed(&path, &error))?);
    let mut written = 0;
    for view in threads(archive, of).await? {
        let mut after = 0;
        loop {
            let (thread, from) = (view.thread.id, Between::After(after));
            let page = archive.messages(of.clone(), thread, from, PAGE).await?;
            let Some(last) = page.last() else { break };
            after = last.number;
            for message in &page {
                let line = line(of, &view, message);
                writeln!(lines, "{line}").map_err(|error| failed(&path, &error))?;
                // Octets that are for the other side alone are not given out here either.
                if let Some(octets) = archive.raw(of.clone(), message.id).await? {
                    let path = folder.join(format!("{}.eml", message.id));
                    let mut options = files::private_file();
                    let file = options.create(true).truncate(true).write(true).open(&path);
                    let saved = file.and_then(|mut file| file.write_all(&octets));
                    saved.map_err(|error| failed(&path, &error))?;
                }
                written += 1;
            }
        }
    }
    lines.flush().map_err(|error| failed(&path, &error))?;
    Ok(written)
}

/// A message as a line of an export.
fn line(of: &ParticipantId, view: &ThreadView, message: &StoredMessage) -> serde_json::Value {
    let parties = &view.thread.parties;
    let both = std::iter::once(&parties.one).chain(&parties.other);
    let other = both.into_iter().find(|party| party.id != *of);
    let author = match &message.writer {
        None => "courier",
        Some(writer) if writer == of => "me",
        Some(_) => "other",
    };
    let files = message.files.iter();
    let files: Vec<_> = files
        .map(|file| json!({ "name": file.name, "type": file.media_type, "size": file.size }))
        .collect();
    json!({
        "id": message.id.to_string(), "thread": message.thread.to_string(), "author": author,
        "other": other.map(|party| party.login.clone()), "order": view.thread.order.as_ref().map(ToString::to_string),
        "via": message.via, "subject": message.subject, "text": message.text, "files": files,
        "written_at": message.written_at.to_string(), "published_at": message.published_at.to_string(), "mail": message.mail,
    })
}

fn say(json: bool, data: &serde_json::Value, text: impl FnOnce() -> String) {
    match json {
        true => println!("{data}"),
        false => println!("{}", text()),
    }
}

fn counted(number: u64, what: &str) -> String {
    match number {
        1 => format!("1 {what}"),
        number => format!("{number} {what}s"),
    }
}
