//! Opens the spool: for a server, with all that the last stop left behind, and for commands that only look.
//!
//! State is written through the spool's log first; before the spool drops a segment it has the state made durable.

use super::StartError;
use super::center;
use super::data_dir;
use super::reserved_space;
use super::state_updates::apply_updates;
use super::stores::{Kept, Stores};
use crate::config::{Config, SpoolEngine};
use crate::failpoint;
use crate::files::Fault;
use crate::handover;
use crate::history::MessageFate;
use crate::mail::Timestamp;
use crate::queue::LastUsed;
use crate::spool::{self, DamagedMessage, LocalSpool, Opened, ReadOnlySpool, Spool};

/// The size of one segment of the spool, in bytes. The disk space of one is given back as a whole: larger ones later,
/// smaller ones with more files.
const SEGMENT: u64 = 64 * 1024 * 1024;
/// Free inodes below which no mail is taken: enough for segments, exports and a day of history (docs/threats.md#121).
const MIN_INODES: u64 = 1_000;

/// Reads the spool while no server runs, for commands that only look. Nothing is made or changed.
///
/// # Errors
/// Why not, for an operator: a server runs, or root asks in the folder of another user.
pub fn inspect_spool(config: &Config) -> Result<ReadOnlySpool, String> {
    // Nothing is wrong with the spool then: the sentence must not say so.
    data_dir::refuse_root(config).map_err(|error| error.0)?;
    if let SpoolEngine::Postgres(_) = &config.spool {
        return Err("mail is on shards, and a running node tells what it has of it".to_owned());
    }
    let spool = ReadOnlySpool::open(&config.data_dir.join("spool"));
    spool.map_err(|error| error.to_string())
}

/// Ids are no more than so many a millisecond, in the mean of years.
const IDS_PER_MILLISECOND: u64 = 4;

/// The first id of a spool that is new. Where there was another one before it, the ids of that must not come again: bounces that are under way name
/// them, and would be taken for those of other messages. So it is one that time alone has reached.
fn first_id(config: &Config, now: Timestamp) -> u64 {
    let was_used = ["trace", "export"].iter().any(|kept| {
        let files = std::fs::read_dir(config.data_dir.join(kept));
        // Unknown means used; what is not there is not.
        files.map_or_else(
            |error| error.kind() != std::io::ErrorKind::NotFound,
            |mut files| files.next().is_some(),
        )
    });
    match was_used {
        true => reached(now),
        false => 1,
    }
}

/// The id that time alone has reached.
fn reached(now: Timestamp) -> u64 {
    now.0.saturating_mul(IDS_PER_MILLISECOND)
}

/// What a spool of this configuration is like.
fn settings(stores: &Stores) -> spool::SpoolSettings {
    let config = &stores.config;
    spool::SpoolSettings {
        most_unread: center::most_unread(config),
        first_id: match stores.kept.shared() {
            None => first_id(config, stores.clock.now()),
            // Of time alone, also where this is the first spool: another of the same name may have been before it.
            Some(shared) => shared.first_id(reached(stores.clock.now())),
        },
        dir: config.data_dir.join("spool"),
        segment_bytes: failpoint::number("spool.segment_bytes", SEGMENT),
        min_free_bytes: reserved_space::min_free(config),
        min_free_inodes: MIN_INODES,
        flow: stores.flow.clone(),
    }
}

/// Opens the spool and tells what the last stop left behind.
pub(super) fn open_spool(stores: &Stores) -> Result<Opened, StartError> {
    let config = &stores.config;
    let mut opened = stores.room.open(|| {
        let (state, history) = (stores.state.clone(), stores.history.clone());
        // Called before a segment goes: what its entries taught must not be in it alone.
        let checkpoint = Box::new(move || {
            state.checkpoint().map_err(|error| error.to_string())?;
            history.sync().map_err(|error| error.to_string())
        });
        LocalSpool::open(settings(stores), checkpoint)
            .map_err(|error| StartError::because("spool", error))
    })?;
    stores.room.keep();
    failpoint::pass("app.spool_opened");
    if let Err(error) = handover::forget_others(&config.data_dir, &opened.recovered) {
        tracing::warn!(event = "document_stays", %error);
    }
    replay_updates(stores, &opened)?;
    opened.damaged = identify(stores, &opened);
    failpoint::pass("app.learned_again");
    // All of it is told to whoever runs the server, for each asks for something else: patience, a look at the disk, nothing.
    let report = opened.report;
    metrics::gauge!("allegromail_spool_unhealthy").set(0);
    metrics::gauge!("allegromail_spool_entries").set(opened.recovered.len() as f64);
    metrics::counter!("allegromail_queue_possible_duplicates_total")
        .increment(report.in_flight as u64);
    if report.in_flight > 0 {
        tracing::warn!(
            event = "spool_in_flight",
            messages = report.in_flight,
            "they were being delivered when the server ended, and may arrive twice"
        );
    }
    if report.damaged > 0 {
        tracing::error!(
            event = "spool_damaged",
            stretches = report.damaged,
            "quarantined under spool/damaged"
        );
    }
    metrics::counter!("allegromail_spool_damaged_total")
        .increment((report.damaged + report.damaged_entries) as u64);
    if report.torn_bytes > 0 {
        tracing::warn!(
            event = "spool_tail_cut",
            bytes = report.torn_bytes,
            "an unfinished commit that was never acknowledged"
        );
    }
    Ok(opened)
}

/// What the history knows of damaged messages whose heads are lost. Those that it saw end are none; of the others it knows the writer, and each is kept to
/// be listed until an operator drops it.
fn identify(stores: &Stores, opened: &Opened) -> Vec<DamagedMessage> {
    let quarantine = opened.spool.quarantine();
    let mut damaged = opened.damaged.clone();
    damaged.retain_mut(|damaged| {
        if damaged.entry.is_some() {
            return true;
        }
        match stores.history.fate(damaged.id) {
            Ok(MessageFate::Ended) => return false,
            Ok(MessageFate::Open(entry)) => damaged.entry = Some(*entry),
            Ok(MessageFate::Unknown) if damaged.unsure => return false,
            Ok(MessageFate::Unknown) => {}
            Err(error) => {
                tracing::error!(event = "history_unreadable", queue_id = %damaged.id, %error);
            }
        }
        if let Err(error) = quarantine.keep(damaged, None) {
            tracing::error!(event = "spool_damaged", queue_id = %damaged.id, %error, "what is known of it could not be kept");
        }
        true
    });
    damaged
}

/// What entries in the log teach may not have reached state and history before a crash, also of those that are done. In the order of their ids,
/// so that of two last writers the later one stays.
fn replay_updates(stores: &Stores, opened: &Opened) -> Result<(), StartError> {
    let mut entries: Vec<_> = opened.done.iter().chain(&opened.recovered).collect();
    entries.sort_unstable_by_key(|entry| entry.id);
    for entry in &entries {
        let learnt = match &stores.kept {
            Kept::Local(local) => apply_updates(&local.state, &entry.memory),
            Kept::Shared(shared) => {
                shared.updates.remember(&entry.memory);
                shared.updates.accepted(entry);
                Ok(())
            }
        };
        if let Err(error) = learnt {
            if !stores.state.is_behind() {
                return Err(StartError::because("state", error));
            }
            tracing::warn!(event = "state_behind", %error, "the log keeps what it teaches, and a later start learns it");
            break;
        }
    }
    match stores.history.replay(entries.into_iter()) {
        // The log keeps what it has of it.
        Err(error) if Fault::of(&error).is_some_and(Fault::is_full) => {
            tracing::warn!(event = "history_behind", %error);
            Ok(())
        }
        replayed => replayed
            .map(|_| ())
            .map_err(|error| StartError::because("trace", error)),
    }
}
