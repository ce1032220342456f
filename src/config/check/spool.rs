//! `[spool]`.

use std::path::Path;

use super::secrets;
use crate::config::diagnostics::Diagnostics;
use crate::config::engine::{Copies, Engine, SharedSpool, SpoolEngine};
use crate::config::raw_value::RawValue;
use crate::config::reader::Section;
use crate::config::value::path;
use crate::directory::PostgresSettings;

/// How many shards the numbers of messages can tell apart.
const MOST_SHARDS: usize = 32;
/// The most machines that a commit may have to be synced on.
const MOST_COPIES: i64 = 9;

/// `[spool]`. Keys of an engine that is not used are checked all the same. `directory`: what `[directory]` says; none: nothing that can be used.
pub(super) fn spool(
    section: &Section<'_>,
    directory: Option<&Engine>,
    has_center: bool,
    folder: &Path,
    log: &mut Diagnostics<'_>,
) -> Option<SpoolEngine> {
    let is_postgres = section.text("engine", log, |engine| match engine {
        "local" => Ok(false),
        "postgres" => Ok(true),
        _ => Err(format!(
            "{engine:?} is no engine of this version; local and postgres are"
        )),
    });
    let copies = copies(section, log);
    let optional = |name: &str| section.position(name).is_some();
    let password = match optional("password_file") {
        true => {
            let found = section.get("password_file", log)?;
            Some(secrets::password(&found, folder, log)?)
        }
        false => None,
    };
    let roots = match optional("sslrootcert") {
        true => Some(section.text("sslrootcert", log, path(folder))?),
        false => None,
    };
    let shards = section.list("shards", log, |url| {
        PostgresSettings::parse(url, password.clone(), roots.clone())
    });
    if !is_postgres? {
        return Some(SpoolEngine::Local);
    }
    let (shards, copies) = (shards?, copies?);
    let wrong = match directory? {
        Engine::Sled => Some((
            "engine",
            "is \"postgres\", and the directory is on this machine alone; nodes that share mail share the directory as well: [directory] engine = \"postgres\" and [cluster] node = \"mx1\"".to_owned(),
        )),
        Engine::Postgres(_) if shards.is_empty() => Some((
            "shards",
            "names none; engine = \"postgres\" needs shards = [\"host=db1,db2 dbname=spool user=allegromail\"]".to_owned(),
        )),
        Engine::Postgres(_) if shards.len() > MOST_SHARDS => {
            Some(("shards", format!("names more than {MOST_SHARDS}")))
        }
        Engine::Postgres(_) if has_center => Some((
            "engine",
            "is \"postgres\", and the Message Center reads the log of this machine; leave [center] out, or write engine = \"local\"".to_owned(),
        )),
        Engine::Postgres(_) => None,
    };
    if let Some((key, text)) = wrong {
        let at = section.position(key).or_else(|| section.position("engine"));
        log.error(at, &section.key(key), &text);
        return None;
    }
    Some(SpoolEngine::Postgres(Box::new(SharedSpool {
        shards,
        copies,
    })))
}

/// `copies`: on how many machines, or that the engine sees to it.
fn copies(section: &Section<'_>, log: &mut Diagnostics<'_>) -> Option<Copies> {
    let found = section.get("copies", log)?;
    let parsed = match &found.value {
        RawValue::Integer(number @ 2..=MOST_COPIES) => Ok(Copies::Machines(*number)),
        RawValue::Integer(1) => Err("is 1, and a message that is on one machine dies with it; name 2, and a synchronous standby in synchronous_standby_names".to_owned()),
        RawValue::Text(text) if text == "engine" => Ok(Copies::Engine),
        _ => Err(format!(
            "is a whole number from 2 to {MOST_COPIES}, or \"engine\" where the database itself answers only what is on several machines"
        )),
    };
    found.or_tell(parsed, log)
}
