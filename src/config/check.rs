//! From tables to a [`Config`]: every key read once, every problem told.
//!
//! Each table has a function that reads all of its keys before it gives up on any: a `?` on the way would hide what is wrong behind it.

mod admin;
mod center;
mod content;
mod delivery;
mod directory;
mod domains;
mod handover;
mod http;
mod route_loop;
mod rules;
mod secrets;
mod smtp;
mod spool;
mod verify;
mod web_address;

use std::path::Path;

use toml::de::DeTable;

use self::admin::admin;
use self::center::center;
use self::content::content;
use self::delivery::delivery;
use self::directory::directory;
use self::domains::domains;
use self::handover::handover;
use self::route_loop::OwnAddresses;
use self::rules::{auth, limits, policy};
use self::smtp::smtp;
use self::spool::spool;
use self::verify::verify;
use super::checked::Config;
use super::diagnostics::Diagnostics;
use super::reader::Section;
use super::value::{address, domain, path};
use super::{ConfigErrors, LoadedConfig};
use crate::masking::TokenKeys;

/// Reads `text`, the contents of `file`.
///
/// # Errors
/// Every problem, by line. Problems of the whole file come first.
pub(super) fn check(file: &Path, text: &str) -> Result<LoadedConfig, ConfigErrors> {
    let mut log = Diagnostics::new(file, text);
    // What follows a fault of syntax is read as well as it can be; the file is refused in any case.
    let (root, syntax) = DeTable::parse_recoverable(text);
    for error in syntax {
        log.error(error.span(), "", error.message());
    }
    // Relative paths must not depend on where the server was started from.
    let folder = file.parent().unwrap_or_else(|| Path::new(""));
    let config = build(root.get_ref(), (file, text), folder, &mut log);
    log.errors.sort_by_key(|problem| problem.line);
    match config {
        Some(config) if log.errors.is_empty() => Ok(LoadedConfig {
            config,
            warnings: log.warnings,
        }),
        _ => Err(ConfigErrors(log.errors)),
    }
}

/// None where anything is missing; then it is in the log.
fn build(
    root: &DeTable<'_>,
    (file, text): (&Path, &str),
    folder: &Path,
    log: &mut Diagnostics<'_>,
) -> Option<Config> {
    let top = Section::of(root, "", log);
    let hostname = top.text("hostname", log, domain);
    let data_dir = top.text("data_dir", log, path(folder));
    let smtp = smtp(&Section::of(root, "smtp", log), folder, log);
    let domains = domains(root, folder, log);
    let shared = Section::of(root, "directory", log);
    let cluster = Section::of(root, "cluster", log);
    let directory = directory(&shared, &cluster, (hostname.as_ref(), folder), log);
    let allowlist = Section::of(root, "allowlist", log).text("path", log, path(folder));
    let auth = auth(&Section::of(root, "auth", log), log);
    let policy = policy(&Section::of(root, "policy", log), log);
    let content = content(&Section::of(root, "content", log), folder, log);
    let limits = limits(&Section::of(root, "limits", log), log);
    let secrets =
        secrets::keys(&Section::of(root, "secrets", log), folder, log).map(TokenKeys::new);
    let own = OwnAddresses::of(hostname.as_ref(), domains.as_ref(), smtp.as_ref());
    let delivery = delivery(&Section::of(root, "delivery", log), folder, &own, log);
    let handover = handover(
        &Section::of(root, "handover", log),
        data_dir.as_deref(),
        folder,
        log,
    );
    let dns = Section::of(root, "dns", log);
    let dns_servers = dns.list("servers", log, address);
    let dnssec = dns.word("dnssec", log);
    let admin = admin(
        &Section::of(root, "admin", log),
        data_dir.as_deref(),
        folder,
        log,
    );
    let verify = verify(&Section::of(root, "verify", log), folder, log);
    let center = center(root, folder, log);
    let kept = Section::of(root, "spool", log);
    let has_center = center.as_ref().is_some_and(Option::is_some);
    let spool = spool(&kept, directory.as_ref(), has_center, folder, log);
    Some(Config {
        file: file.to_owned(),
        text: text.into(),
        hostname: hostname?,
        data_dir: data_dir?,
        directory: directory?,
        spool: spool?,
        smtp: smtp?,
        domains: domains?,
        allowlist: allowlist?,
        auth: auth?,
        policy: policy?,
        content: content?,
        limits: limits?,
        secrets: secrets?,
        delivery: delivery?,
        handover: handover?,
        dns_servers: dns_servers?,
        dnssec: dnssec?,
        admin: admin?,
        verify: verify?,
        center: center?,
    })
}
