//! Keys and certificates that the configuration names.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use crate::config::checked::{Dkim, TlsFiles};
use crate::config::diagnostics::Diagnostics;
use crate::config::files::{self, Readers};
use crate::config::raw_value::{KeyValue, RawValue};
use crate::config::reader::Section;

/// Raw bytes of a token key, at least: as many as the hash of the HMAC has (RFC 2104 3).
const MIN_KEY: usize = 32;
/// Keys, at most. A token is tried with one after the other.
const MAX_KEYS: usize = 255;
/// Characters of an admin token, at least. It is tried over a network, and not slowed down.
const MIN_TOKEN: usize = 16;

/// Reads a secret file; who else may read it is an error or a warning. A group may be meant, for a key that a backup reads; everybody
/// never is.
fn read(found: &KeyValue, path: &Path, log: &mut Diagnostics<'_>) -> Option<Vec<u8>> {
    let (bytes, readers) = found.or_tell(files::secret(path), log)?;
    match readers {
        Readers::Owner => {}
        Readers::Group => log.warn(
            found.at.clone(),
            &found.key,
            &format!(
                "{}: its group can read it; chmod 600 is better",
                path.display()
            ),
        ),
        Readers::Others => {
            log.error(
                found.at.clone(),
                &found.key,
                &format!("{}: others can read it; chmod 600 it", path.display()),
            );
            return None;
        }
    }
    Some(bytes)
}

/// `[secrets] key_file`: one path or several; the first one signs. One that is wrong refuses all of them.
pub(super) fn keys(
    section: &Section<'_>,
    folder: &Path,
    log: &mut Diagnostics<'_>,
) -> Option<Vec<Vec<u8>>> {
    let found = section.get("key_file", log)?;
    let paths = found.or_tell(key_paths(&found.value), log)?;
    let mut keys = Vec::new();
    for path in &paths {
        let key = read(&found, &files::resolve(folder, path), log)?;
        if key.len() < MIN_KEY {
            let message = format!(
                "{path}: {} bytes, {MIN_KEY} at least; make one with `openssl rand -out {path} 32`",
                key.len()
            );
            return found.or_tell(Err(message), log);
        }
        keys.push(key);
    }
    Some(keys)
}

/// The paths of the keys. An entry that is passed over would be a key that is missed when the first token comes that it has signed.
fn key_paths(value: &RawValue) -> Result<Vec<&String>, String> {
    let items = match value {
        RawValue::Text(path) => return Ok(vec![path]),
        RawValue::List(items) => items,
        _ => return Err("is a path, or a list of paths, as [\"new.key\", \"old.key\"]".to_owned()),
    };
    match items.len() {
        0 => {
            return Err("names no key; make one with `openssl rand -out secret.key 32`".to_owned());
        }
        1..=MAX_KEYS => {}
        count => {
            return Err(format!(
                "names {count} keys, {MAX_KEYS} at most; take the oldest away, from the end of the list"
            ));
        }
    }
    let paths = items.iter().zip(1..).map(|(item, number)| match item {
        RawValue::Text(path) => Ok(path),
        _ => Err(format!(
            "entry {number} of the list is no text; name the path of a key in quotes, or take the entry away"
        )),
    });
    paths.collect()
}

/// The texts of an inline table; other keys than `known` are errors.
fn inline<'f>(
    found: &'f KeyValue,
    known: &[&str],
    log: &mut Diagnostics<'_>,
) -> Option<Vec<(&'f str, &'f str)>> {
    let RawValue::Table(items) = &found.value else {
        return found.or_tell(Err("is a table, as { … = \"…\" }".to_owned()), log);
    };
    let mut texts = Vec::new();
    for (name, value) in items {
        match value {
            RawValue::Text(text) if known.contains(&name.as_str()) => {
                texts.push((name.as_str(), text.as_str()))
            }
            _ => log.error(
                found.at.clone(),
                &format!("{}.{name}", found.key),
                &format!(
                    "is no text or no key of this version; known are {}",
                    known.join(", ")
                ),
            ),
        }
    }
    Some(texts)
}

/// The text of one key, where it is there.
fn pick<'f>(texts: &[(&str, &'f str)], name: &str) -> Option<&'f str> {
    texts
        .iter()
        .find(|(found, _)| *found == name)
        .map(|(_, text)| *text)
}

/// `[smtp] tls`. The files are only looked at; the server loads them itself, again at every SIGHUP.
pub(super) fn tls(found: &KeyValue, folder: &Path, log: &mut Diagnostics<'_>) -> Option<TlsFiles> {
    let texts = inline(found, &["certificate", "key"], log)?;
    let (Some(certificate), Some(key)) = (pick(&texts, "certificate"), pick(&texts, "key")) else {
        return found.or_tell(Err("names a certificate and a key, both".to_owned()), log);
    };
    let files = TlsFiles {
        certificate: files::resolve(folder, certificate),
        key: files::resolve(folder, key),
    };
    read(found, &files.key, log)?;
    found.or_tell(files::tls_pair(&files.certificate, &files.key), log)?;
    Some(files)
}

/// `[[domain]] dkim`: one table of keys, or an array of them.
pub(super) fn dkim(
    found: &KeyValue,
    folder: &Path,
    log: &mut Diagnostics<'_>,
) -> Option<Vec<Dkim>> {
    let items = match &found.value {
        RawValue::List(items) => items.as_slice(),
        single => std::slice::from_ref(single),
    };
    let tables = items
        .iter()
        .map(|item| dkim_table(item, found, folder, log));
    let tables: Vec<Dkim> = tables.collect::<Option<_>>()?;
    let mut selectors = HashSet::new();
    let keys = tables.iter().flat_map(|table| [&table.rsa, &table.ed25519]);
    for (selector, _) in keys.flatten() {
        if !selectors.insert(selector) {
            let message =
                format!("the selector {selector} stands twice; the DNS has one key under a name");
            return found.or_tell(Err(message), log);
        }
    }
    Some(tables)
}

/// One table of keys. `found` is where the whole value stands, for the errors.
fn dkim_table(
    item: &RawValue,
    found: &KeyValue,
    folder: &Path,
    log: &mut Diagnostics<'_>,
) -> Option<Dkim> {
    let RawValue::Table(items) = item else {
        return found.or_tell(
            Err("is a table, as { … = \"…\" }, or an array of tables".to_owned()),
            log,
        );
    };
    // `sign` is the one key that is no text; the rest is read without it, and a `sign` of another kind is told there.
    let is_sign =
        |name: &str, value: &RawValue| name == "sign" && matches!(value, RawValue::Flag(_));
    let sign = !items
        .iter()
        .any(|(name, value)| name == "sign" && *value == RawValue::Flag(false));
    let texts = KeyValue {
        value: RawValue::Table(
            items
                .iter()
                .filter(|(name, value)| !is_sign(name, value))
                .cloned()
                .collect(),
        ),
        ..found.clone()
    };
    let texts = inline(
        &texts,
        &["selector", "rsa_key", "ed25519_selector", "ed25519_key"],
        log,
    )?;
    // Selector and key make sense together only; either of the two kinds may be left out.
    let mut pair = |selector: &str, key: &str, check: fn(&Path, &[u8]) -> Result<(), String>| match (
        pick(&texts, selector),
        pick(&texts, key),
    ) {
        (None, None) => Some(None),
        (Some(selector), Some(path)) => {
            let path = files::resolve(folder, path);
            let pem = read(found, &path, log)?;
            found.or_tell(check(&path, &pem), log)?;
            Some(Some((selector.to_owned(), path)))
        }
        _ => found.or_tell(Err(format!("{selector} and {key} come together")), log),
    };
    let rsa = pair("selector", "rsa_key", files::rsa);
    let ed25519 = pair("ed25519_selector", "ed25519_key", files::ed25519);
    Some(Dkim {
        rsa: rsa?,
        ed25519: ed25519?,
        sign,
    })
}

/// `[admin] token_file`: its text without white space around it.
pub(super) fn token(found: &KeyValue, folder: &Path, log: &mut Diagnostics<'_>) -> Option<String> {
    let RawValue::Text(path) = &found.value else {
        return found.or_tell(Err("is a path".to_owned()), log);
    };
    let bytes = read(found, &files::resolve(folder, path), log)?;
    let token = String::from_utf8(bytes)
        .ok()
        .map(|text| text.trim().to_owned());
    let token = token
        .filter(|token| token.len() >= MIN_TOKEN && token.bytes().all(|b| b.is_ascii_graphic()));
    found.or_tell(
        token.ok_or_else(|| format!("{path}: a token is {MIN_TOKEN} or more printable characters")),
        log,
    )
}

/// The file with a password, which is read when it is needed; here it is only looked at.
pub(super) fn password(
    found: &KeyValue,
    folder: &Path,
    log: &mut Diagnostics<'_>,
) -> Option<PathBuf> {
    let RawValue::Text(path) = &found.value else {
        return found.or_tell(Err("is a path".to_owned()), log);
    };
    let path = files::resolve(folder, path);
    read(found, &path, log)?;
    Some(path)
}
