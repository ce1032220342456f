//! What an account leaves when it goes, and whether the archive is whole.

use std::path::Path;

use rusqlite::{Connection, Transaction, params};

use super::{forget, raw};
use crate::archive::{ArchiveError, Checked};
use crate::masking::ParticipantId;

/// Messages that are looked for in the files of months at once.
const PIECE: i64 = 1_000;

/// Takes everything of an account out that is its alone: views, feed, requests, settings, login. Its messages stay in the other view, or go as well; how many went.
pub(super) fn account(
    folder: &Path,
    transaction: &Transaction<'_>,
    of: &ParticipantId,
    with_messages: bool,
) -> Result<usize, ArchiveError> {
    let mut erased = 0;
    if with_messages {
        let old = forget::written_by(transaction, of)?;
        erased += old.len();
        forget::take_out(folder, transaction, &old)?;
    }
    for table in [
        "published",
        "view",
        "event",
        "feed",
        "sent_with",
        "settings",
    ] {
        let statement = format!("DELETE FROM {table} WHERE participant = ?1");
        transaction.execute(&statement, [of.as_str()])?;
    }
    transaction.execute(
        "UPDATE user SET login = '' WHERE participant = ?1",
        [of.as_str()],
    )?;
    // What nobody sees any more: couriers' mail, and conversations whose other side is gone, too.
    let unseen = forget::unseen(transaction, of)?;
    erased += unseen.len();
    forget::take_out(folder, transaction, &unseen)?;
    Ok(erased)
}

/// Looks at every row and at the octets of every message.
pub(super) fn check(folder: &Path, index: &Transaction<'_>) -> Result<Checked, ArchiveError> {
    let mut checked = Checked::default();
    look(index, "index.sqlite", &mut checked)?;
    let mut months = index.prepare("SELECT DISTINCT month FROM message ORDER BY month")?;
    let months = months.query_map([], |row| row.get::<_, String>(0))?;
    for month in months.collect::<Result<Vec<_>, _>>()? {
        let Some(file) = raw::existing(folder, &month)? else {
            checked.faults.push(format!("{month}.sqlite is missing"));
            continue;
        };
        look(&file, &format!("{month}.sqlite"), &mut checked)?;
        each_has_octets(index, &file, &month, &mut checked)?;
    }
    Ok(checked)
}

/// What SQLite itself says of a file.
fn look(file: &Connection, name: &str, checked: &mut Checked) -> Result<(), ArchiveError> {
    let mut look = file.prepare("PRAGMA quick_check(10)")?;
    let said = look.query_map([], |row| row.get::<_, String>(0))?;
    for said in said {
        let said = said?;
        if said != "ok" {
            checked.faults.push(format!("{name}: {said}"));
        }
    }
    Ok(())
}

fn each_has_octets(
    index: &Transaction<'_>,
    file: &Connection,
    month: &str,
    checked: &mut Checked,
) -> Result<(), ArchiveError> {
    let mut messages = index.prepare(
        "SELECT key, node, entry FROM message WHERE month = ?1 AND key > ?2 ORDER BY key LIMIT ?3",
    )?;
    let mut octets = file.prepare("SELECT 1 FROM raw WHERE node = ?1 AND entry = ?2")?;
    let mut last = 0_i64;
    loop {
        let rows = messages.query_map(params![month, last, PIECE], |row| {
            let place = (row.get::<_, u32>(1)?, row.get::<_, i64>(2)?);
            Ok((row.get::<_, i64>(0)?, place))
        })?;
        let rows = rows.collect::<Result<Vec<_>, _>>()?;
        let Some((key, _)) = rows.last() else {
            return Ok(());
        };
        last = *key;
        for (_, place) in rows {
            checked.messages += 1;
            if !octets.exists(place)? {
                let entry = crate::mail::QueueId(place.1.cast_unsigned());
                checked
                    .faults
                    .push(format!("message {entry} has no octets in {month}.sqlite"));
            }
        }
    }
}
