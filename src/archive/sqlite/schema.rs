//! The tables.

use rusqlite::{Connection, OptionalExtension, params};

use super::copy_back::MOST_PAGES;
use crate::archive::ArchiveError;

/// Of the tables below; a later one is refused.
const VERSION: i64 = 1;

/// `number` is that of a participant's feed; those of a new feed rise from `base`. A row of `published` says that a participant sees a message, and
/// `hidden` when it deleted it, 0 for not.
const TABLES: &str = "
CREATE TABLE thread (
    key INTEGER PRIMARY KEY,
    id BLOB NOT NULL UNIQUE,
    kind TEXT NOT NULL,
    one TEXT NOT NULL,
    other TEXT,
    about TEXT
);
CREATE INDEX thread_about ON thread (about) WHERE about IS NOT NULL;
CREATE TABLE user (
    participant TEXT PRIMARY KEY,
    login TEXT NOT NULL COLLATE NOCASE
) WITHOUT ROWID;
CREATE INDEX user_login ON user (login);
CREATE TABLE message (
    key INTEGER PRIMARY KEY,
    id BLOB NOT NULL UNIQUE,
    node INTEGER NOT NULL,
    entry INTEGER NOT NULL,
    thread INTEGER NOT NULL REFERENCES thread,
    writer TEXT,
    via TEXT NOT NULL,
    automatic INTEGER NOT NULL,
    written_at INTEGER NOT NULL,
    published_at INTEGER NOT NULL,
    subject TEXT NOT NULL,
    cut INTEGER NOT NULL,
    folded TEXT NOT NULL,
    files TEXT NOT NULL,
    message_id TEXT NOT NULL,
    readers_alone INTEGER NOT NULL,
    mail TEXT NOT NULL,
    under_way INTEGER NOT NULL,
    month TEXT NOT NULL,
    UNIQUE (node, entry)
);
CREATE INDEX message_thread ON message (thread, key);
CREATE INDEX message_written ON message (written_at);
CREATE INDEX message_under_way ON message (node, entry) WHERE under_way;
CREATE TABLE sent_with (
    participant TEXT NOT NULL,
    key BLOB NOT NULL,
    asked BLOB NOT NULL,
    message BLOB NOT NULL,
    at INTEGER NOT NULL,
    PRIMARY KEY (participant, key)
) WITHOUT ROWID;
CREATE TABLE published (
    participant TEXT NOT NULL,
    thread INTEGER NOT NULL,
    number INTEGER NOT NULL,
    message INTEGER NOT NULL,
    mine INTEGER NOT NULL,
    hidden INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (participant, thread, number)
) WITHOUT ROWID;
CREATE INDEX published_hidden ON published (hidden) WHERE hidden > 0;
CREATE UNIQUE INDEX published_message ON published (participant, message);
CREATE TABLE event (
    participant TEXT NOT NULL,
    number INTEGER NOT NULL,
    kind TEXT NOT NULL,
    thread INTEGER NOT NULL,
    message INTEGER,
    at INTEGER NOT NULL,
    PRIMARY KEY (participant, number)
) WITHOUT ROWID;
CREATE INDEX event_at ON event (at);
CREATE TABLE feed (
    participant TEXT PRIMARY KEY,
    last INTEGER NOT NULL,
    dropped INTEGER NOT NULL DEFAULT 0
) WITHOUT ROWID;
CREATE TABLE view (
    participant TEXT NOT NULL,
    thread INTEGER NOT NULL,
    other TEXT,
    last INTEGER NOT NULL,
    last_at INTEGER NOT NULL,
    read_up_to INTEGER NOT NULL,
    unread INTEGER NOT NULL,
    unanswered INTEGER NOT NULL,
    PRIMARY KEY (participant, thread)
) WITHOUT ROWID;
CREATE INDEX view_last ON view (participant, last);
CREATE INDEX view_other ON view (participant, other, last);
CREATE INDEX view_unread ON view (participant, last) WHERE unread > 0;
CREATE TABLE settings (
    participant TEXT PRIMARY KEY,
    language TEXT
) WITHOUT ROWID;
CREATE TABLE archive (base INTEGER NOT NULL, key BLOB NOT NULL);
";

/// Makes the tables where there are none, and says what the ids of the archive are made with: `key`, where it is new.
pub(super) fn prepare(writer: &Connection, key: [u8; 32]) -> Result<[u8; 32], ArchiveError> {
    writer.pragma_update(None, "journal_mode", "WAL")?;
    writer.pragma_update(None, "synchronous", "FULL")?;
    writer.pragma_update(None, "wal_autocheckpoint", MOST_PAGES)?;
    let version: i64 = writer.pragma_query_value(None, "user_version", |row| row.get(0))?;
    if version > VERSION {
        return Err(ArchiveError::Unavailable(format!(
            "it was made by a later version of allegromail (format {version}, {VERSION} is known here)"
        )));
    }
    if version == 0 {
        writer.execute_batch(&format!(
            "BEGIN IMMEDIATE; {TABLES} PRAGMA user_version = {VERSION}; COMMIT"
        ))?;
    }
    let known = writer
        .query_row("SELECT key FROM archive", [], |row| row.get(0))
        .optional()?;
    if let Some(known) = known {
        return Ok(known);
    }
    writer.execute("INSERT INTO archive VALUES (0, ?1)", params![key])?;
    Ok(key)
}
