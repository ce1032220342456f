//! Which damaged messages have not ended: those whose body has changed, those of earlier starts, and those of which a number alone is left.

use std::collections::HashSet;
use std::io;

use super::Entry;
use super::index::Index;
use super::local::raw;
use super::quarantine::{DamagedMessage, Quarantine, own_file};
use super::recover::RecoveredLog;
use super::segment::Access;
use crate::mail::QueueId;

/// How far beyond the last number that is known a damaged one may be.
const MAX_UNSEEN: u64 = 1_024;

/// The damaged messages that have not ended, taken from those that wait. What is left of each is kept before it is ended in the log; one that cannot be
/// kept now, on a full disk, waits as before and is met again at its next attempt.
pub(super) fn open(
    quarantine: &Quarantine,
    recovered: &mut RecoveredLog,
    waiting: &mut Vec<Entry>,
    done: &[Entry],
    access: Access,
) -> Vec<DamagedMessage> {
    let (index, mut next_id) = (&recovered.index, recovered.next_id);
    let unread = waiting
        .iter()
        .filter(|entry| recovered.unread.contains(&entry.id));
    let mut found: Vec<DamagedMessage> = Vec::new();
    for entry in unread {
        if access == Access::ReadOnly {
            found.push(damaged(entry));
        } else if let Err(error) = keep(quarantine, index, entry) {
            tracing::error!(event = "spool_damaged", queue_id = %entry.id, %error, "it could not be quarantined");
        }
    }
    let done: HashSet<QueueId> = done.iter().map(|entry| entry.id).collect();
    let has_ended = |id: &QueueId| recovered.settled.contains(id) || done.contains(id);
    let (mut known, mut open) = (HashSet::new(), Vec::new());
    let told = |error: io::Error| tracing::error!(event = "spool_damaged", %error, "what is known of damaged messages is out of reach");
    let listed = quarantine.list().map_err(told).unwrap_or_default();
    found.retain(|damaged| listed.iter().all(|listed| listed.id != damaged.id));
    for damaged in listed.into_iter().chain(found) {
        let live = index.get(damaged.id).is_some();
        if live && !damaged.ended && !recovered.unread.contains(&damaged.id) {
            // The disk may have come to itself: its next attempt looks again.
            if access == Access::Repair {
                let _ = quarantine.forget(damaged.id).map_err(told);
            }
            continue;
        }
        known.insert(damaged.id);
        if !damaged.ended && has_ended(&damaged.id) {
            // Where that cannot be noted, the next start notes it.
            if access == Access::Repair {
                let _ = quarantine.end(damaged.id).map_err(told);
            }
        } else if !damaged.ended {
            open.push(damaged);
        }
    }
    // Heads that are lost: all that is known here is a number, which may be none. Others may know more.
    for range in &recovered.damaged_ranges {
        for (id, unsure) in &range.numbers {
            let accounted = index.get(*id).is_some() || has_ended(id);
            // Far beyond all others it is no number of an entry; a little, and it may have been the last one that was given out.
            let plausible = id.0 < recovered.next_id.saturating_add(MAX_UNSEEN);
            if !accounted && plausible && known.insert(*id) {
                if !unsure {
                    next_id = next_id.max(id.0.saturating_add(1));
                }
                open.push(DamagedMessage {
                    id: *id,
                    entry: None,
                    file: range.file.clone(),
                    ended: false,
                    unsure: *unsure,
                });
            }
        }
    }
    waiting.retain(|entry| !known.contains(&entry.id));
    recovered.next_id = next_id;
    open
}

/// What is known of an entry whose head is good.
fn damaged(entry: &Entry) -> DamagedMessage {
    DamagedMessage {
        id: entry.id,
        entry: Some(entry.clone()),
        file: own_file(entry.id),
        ended: false,
        unsure: false,
    }
}

/// Keeps what is left of an entry whose head is good.
fn keep(quarantine: &Quarantine, index: &Index, entry: &Entry) -> io::Result<()> {
    let live = index.get(entry.id).map(|live| live.entry);
    let Some((place, segment)) =
        live.and_then(|place| Some((place, index.segment(place.segment)?)))
    else {
        return Ok(());
    };
    quarantine.keep(&damaged(entry), Some(&raw(&segment, place)?))
}
