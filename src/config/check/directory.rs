//! `[directory]` and `[cluster]`.

use std::path::Path;

use super::secrets;

use crate::config::diagnostics::Diagnostics;
use crate::config::engine::{Engine, SharedDirectory};
use crate::config::reader::Section;
use crate::config::value::path;
use crate::directory::PostgresSettings;
use crate::mail::Domain;

/// Characters of a node's name, at most.
const LONGEST: usize = 64;

/// `[directory]` and `[cluster]`. Keys of an engine that is not used are checked all the same.
pub(super) fn directory(
    section: &Section<'_>,
    cluster: &Section<'_>,
    (hostname, folder): (Option<&Domain>, &Path),
    log: &mut Diagnostics<'_>,
) -> Option<Engine> {
    let is_postgres = section.text("engine", log, |engine| match engine {
        "sled" => Ok(false),
        "postgres" => Ok(true),
        _ => Err(format!(
            "{engine:?} is no engine of this version; sled and postgres are"
        )),
    });
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
    let settings = match optional("url") {
        true => Some(section.text("url", log, |url| {
            PostgresSettings::parse(url, password, roots)
        })?),
        false => None,
    };
    let word = |name: &str, log: &mut Diagnostics<'_>| match cluster.position(name) {
        Some(_) => cluster.text(name, log, named).map(Some),
        None => Some(None),
    };
    let (node, region) = (word("node", log), word("region", log));
    let (node, region) = (node?, region?);
    if !is_postgres? {
        return Some(Engine::Sled);
    }
    let Some(settings) = settings else {
        let text = "is not set; engine = \"postgres\" needs url = \"host=db1 dbname=allegromail user=allegromail\"";
        log.error(section.position("engine"), "directory.url", text);
        return None;
    };
    Some(Engine::Postgres(Box::new(SharedDirectory {
        settings,
        node: node.or_else(|| hostname.map(ToString::to_string))?,
        region: region.unwrap_or_default(),
    })))
}

/// A name of letters, digits, dots and hyphens.
fn named(text: &str) -> Result<String, String> {
    let is_good = |octet: u8| octet.is_ascii_alphanumeric() || octet == b'.' || octet == b'-';
    match (1..=LONGEST).contains(&text.len()) && text.bytes().all(is_good) {
        true => Ok(text.to_owned()),
        false => Err(format!(
            "{text:?} is no name; {LONGEST} letters, digits, dots and hyphens at most are"
        )),
    }
}
