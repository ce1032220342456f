//! `[center]`: the Message Center. Where the table is absent there is none.

use std::path::Path;

use toml::de::DeTable;

use super::http::{hosts, http};
use super::secrets;
use super::web_address::web_address;
use crate::config::checked::{Center, KeySource, SignIn};
use crate::config::diagnostics::Diagnostics;
use crate::config::reader::Section;
use crate::config::value::{self, path};

/// The least that the archive may be behind: a log is some segments long while all is well.
const LEAST_BEHIND: usize = 16 << 20;

/// `[center]`; none in the inner option where the table is absent.
pub(super) fn center(
    root: &DeTable<'_>,
    folder: &Path,
    log: &mut Diagnostics<'_>,
) -> Option<Option<Center>> {
    let section = Section::of(root, "center", log);
    if section.table().is_none() {
        // Absent, or no table at all, which is told already.
        return Some(None);
    }
    let http = if section.position("listen").is_some() {
        http(&section, None, folder, log).map(Some)
    } else {
        let tls = section.get("tls", log);
        if let Some(found) = tls {
            let _ = secrets::tls(&found, folder, log);
        }
        log.warn(
            section.at.clone(),
            "center.listen",
            "is not set: messages are kept, and no participant can read them",
        );
        Some(None)
    };
    let hosts = hosts(&section, log);
    let sign_in = sign_in(&section, folder, log);
    let keep = section.text("keep", log, value::duration);
    let behind = section
        .size("behind", log)
        .and_then(|size| match size >= LEAST_BEHIND {
            true => Some(size as u64),
            false => {
                let at = section.position("behind");
                log.error(at, "center.behind", "is at least 16 MiB");
                None
            }
        });
    let when_behind = section.word("when_behind", log);
    let requests = section.text("requests_per_participant", log, value::budget);
    let streams = section.number("streams", log, 1..=100);
    let streams_total = section.number("streams_total", log, 1..=100_000);
    Some(Some(Center {
        http: http?,
        hosts: hosts?,
        sign_in: sign_in?,
        keep: keep?,
        behind: behind?,
        when_behind: when_behind?,
        requests_per_participant: requests?,
        streams: streams?,
        streams_total: streams_total?,
    }))
}

/// `issuer`, `audience` and `jwks`, which go together: a token that is signed by the right key for somebody else is none for us.
fn sign_in(
    section: &Section<'_>,
    folder: &Path,
    log: &mut Diagnostics<'_>,
) -> Option<Option<SignIn>> {
    const KEYS: [&str; 3] = ["issuer", "audience", "jwks"];
    let words = |text: &str| match text.trim().is_empty() {
        true => Err("is empty".to_owned()),
        false => Ok(text.to_owned()),
    };
    let issuer = section.text("issuer", log, words);
    let audience = section.text("audience", log, words);
    let keys = section.text("jwks", log, |text| match text.contains("://") {
        true => web_address(text, "the keys that tokens are checked with").map(KeySource::Server),
        false => path(folder)(text).map(KeySource::File),
    });
    let set = KEYS.map(|key| section.position(key).is_some());
    match set {
        [false, false, false] => return Some(None),
        [true, true, true] => {}
        _ => {
            let missing = KEYS.into_iter().zip(set).filter(|(_, set)| !set);
            for (key, _) in missing {
                log.error(
                    section.at.clone(),
                    &section.key(key),
                    "is missing; issuer, audience and jwks say together whose tokens are taken",
                );
            }
            return None;
        }
    }
    Some(Some(SignIn {
        issuer: issuer?,
        audience: audience?,
        keys: keys?,
    }))
}
