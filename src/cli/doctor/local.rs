//! What stands on this machine: files, disk, certificates, clock.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rustls::client::verify_server_name;
use rustls::server::ParsedCertificate;
use rustls_pki_types::ServerName;

use super::super::count;
use super::Finding;
use crate::app;
use crate::certificate;
use crate::clock::Clock;
use crate::config::{Config, TlsFiles};
use crate::directory::Backup;
use crate::files;
use crate::in_force::{self, AtStart, Examined};
use crate::mail::Timestamp;
use crate::signing::Signer;

/// A certificate that ends sooner than this wants to be renewed.
const RENEWED: Duration = Duration::from_secs(14 * 86_400);
/// Times of files may be so far ahead of a clock that is right.
const AHEAD: Duration = Duration::from_secs(300);
/// Free space of so many times what is needed is enough not to speak of it.
const PLENTY: u64 = 10;

/// Looks at all of it.
pub(super) fn check(config: &Config, clock: &dyn Clock) -> Vec<Finding> {
    let now = clock.now();
    let mut findings = vec![data_dir(config), disk(config)];
    findings.extend(this_clock(config, now));
    findings.extend(certificates(config, now));
    let sets = in_force::examine(&app::sources(config), &app::kept_sets(config));
    findings.extend(sets.iter().map(|found| set(found, config)));
    findings.push(keys(config));
    findings.extend(["directory", "state"].map(|kind| export(config, kind, now)));
    findings
}

fn data_dir(config: &Config) -> Finding {
    let folder = &config.data_dir;
    let what = format!("data_dir {}", folder.display());
    let found = match fs::metadata(folder) {
        Ok(found) => found,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            return Finding::warning(what, "it is not there yet; the first start makes it");
        }
        Err(error) => return Finding::unknown(what, files::describe(folder, &error)),
    };
    let (us, owner) = (rustix::process::geteuid().as_raw(), found.uid());
    if us != owner {
        let remedy = format!(
            "it belongs to the user {}, and what another may read says nothing of what the server may; ask as that user: {} allegromail doctor",
            files::id_or_name(owner),
            files::as_user(owner)
        );
        return Finding::warning(what, remedy);
    }
    if found.mode() & 0o077 != 0 {
        let remedy = format!("others can look into it: chmod 700 {}", folder.display());
        return Finding::warning(what, remedy);
    }
    Finding::good(what)
}

fn disk(config: &Config) -> Finding {
    let (folder, least) = (&config.data_dir, app::min_free(config));
    let megabytes = |bytes: u64| bytes / 1_000_000;
    match files::free_space(folder) {
        Err(error) => Finding::unknown("disk", files::describe(folder, &error)),
        Ok(free) => {
            let what = format!("disk: {} MB left", megabytes(free));
            let bound = megabytes(least);
            match free / least {
                0 => Finding::wrong(
                    what,
                    format!(
                        "below {bound} MB mail is answered 452; make room, or move data_dir to a larger disk"
                    ),
                ),
                1..PLENTY => Finding::warning(
                    what,
                    format!("below {bound} MB mail is answered 452; make room soon"),
                ),
                _ => Finding::good(what),
            }
        }
    }
}

/// A clock that was set back breaks the age of tokens and the order of the history; one that is not kept will be.
fn this_clock(config: &Config, now: Timestamp) -> Vec<Finding> {
    let what = format!("clock: {now}");
    let latest = ["trace", "spool", "export"].map(|name| latest_under(&config.data_dir.join(name)));
    let latest = latest.into_iter().flatten().max();
    let synchronised = Path::new("/run/systemd/timesync");
    let is_kept = !synchronised.is_dir() || synchronised.join("synchronized").exists();
    vec![match latest {
        Some(latest) if latest > now.plus(AHEAD) => Finding::wrong(
            what,
            format!("files were written at {latest}: the clock was set back; set it right"),
        ),
        _ if !is_kept => {
            Finding::warning(what, "nobody keeps it in time: timedatectl set-ntp true")
        }
        _ => Finding::good(what),
    }]
}

/// When the file that was changed last was changed.
fn latest_under(folder: &Path) -> Option<Timestamp> {
    let entries = fs::read_dir(folder).ok()?.flatten();
    let changed = entries.filter_map(|entry| changed_at(&entry.path()));
    changed.max()
}

fn changed_at(path: &Path) -> Option<Timestamp> {
    let changed = fs::metadata(path).ok()?.mtime();
    Some(Timestamp(
        u64::try_from(changed).ok()?.saturating_mul(1_000),
    ))
}

fn certificates(config: &Config, now: Timestamp) -> Vec<Finding> {
    let (admin, verify) = (&config.admin.http, config.verify.http.as_ref());
    let center = config
        .center
        .as_ref()
        .and_then(|center| center.http.as_ref());
    let mut findings = Vec::new();
    match &config.smtp.tls {
        None => findings.push(Finding::warning(
            "[smtp] certificate",
            "there is none, so mail comes in clear: name `certificate` and `key` in [smtp.tls]",
        )),
        Some(files) => findings.push(one(files, now, Some(config.hostname.as_str()))),
    }
    let others = [
        admin.tls.as_ref(),
        verify.and_then(|http| http.tls.as_ref()),
        center.and_then(|http| http.tls.as_ref()),
    ];
    findings.extend(
        others
            .into_iter()
            .flatten()
            .map(|files| one(files, now, None)),
    );
    findings
}

/// A certificate with its key; `name` is who the servers of others call.
fn one(files: &TlsFiles, now: Timestamp, name: Option<&str>) -> Finding {
    let what = format!("certificate {}", files.certificate.display());
    let chain = match certificate::load(files).and_then(|_| certificate::chain(files)) {
        Ok(chain) => chain,
        Err(error) => return Finding::wrong(what, error.to_string()),
    };
    let Some(expiry) = certificate::expiry(&chain) else {
        return Finding::wrong(what, "it cannot be read as X.509; make it anew");
    };
    let what = format!("{what}, until {expiry}");
    if expiry <= now {
        return Finding::wrong(what, "it has expired; renew it, then `allegromail reload`");
    }
    if expiry < now.plus(RENEWED) {
        return Finding::warning(what, "renew it, then `allegromail reload`");
    }
    let is_for = |name: &str| {
        let parsed = ParsedCertificate::try_from(chain.first()?).ok()?;
        let name = ServerName::try_from(name).ok()?;
        verify_server_name(&parsed, &name).ok()
    };
    match name {
        Some(name) if is_for(name).is_none() => Finding::warning(
            what,
            format!(
                "it is not for {name}: servers that check it (MTA-STS, DANE) bring no mail; have one made for that name"
            ),
        ),
        _ => Finding::good(what),
    }
}

/// The allowlist and the rules on contents, as a start would read them.
fn set(found: &Examined, config: &Config) -> Finding {
    let (what, check) = match (found.what, &config.content.rules) {
        ("allowlist", _) => (
            format!("allowlist {}", config.allowlist.display()),
            "allegromail allowlist check".to_owned(),
        ),
        (_, Some(folder)) => (
            format!("content rules {}", folder.display()),
            format!("allegromail rules check {}", folder.display()),
        ),
        (_, None) => (
            "content rules: those that are compiled in".to_owned(),
            "allegromail rules check".to_owned(),
        ),
    };
    if found.errors.is_empty() {
        return Finding::good(what);
    }
    let errors = count(found.errors.lines().count(), "error", "errors");
    let start = match &found.at_start {
        AtStart::Serves => String::new(),
        AtStart::LastGood(at) => format!("; a start would serve with the last good one, of {at}"),
        AtStart::Refuses(_) => "; a start would fail".to_owned(),
    };
    Finding::wrong(what, format!("{errors} in it{start}; see `{check}`"))
}

fn keys(config: &Config) -> Finding {
    match Signer::load(&config.domains) {
        Ok(_) => Finding::good("DKIM keys"),
        Err(error) => Finding::wrong("DKIM keys", error.to_string()),
    }
}

/// The newest export of a store that is whole: what a lost store is made again from.
fn export(config: &Config, kind: &'static str, now: Timestamp) -> Finding {
    let folder = config.data_dir.join("export");
    let what = format!("export of the {kind}");
    let newest: std::io::Result<Option<PathBuf>> = Backup::new(folder.clone(), kind).newest();
    match newest {
        Err(error) => Finding::unknown(what, error.to_string()),
        Ok(None) => Finding::warning(
            what,
            format!(
                "there is none in {}; a running server writes one a minute after it was loaded, and hourly after changes",
                folder.display()
            ),
        ),
        Ok(Some(path)) => {
            let age = changed_at(&path).map_or(Duration::ZERO, |at| now.since(at));
            Finding::good(format!("{what}: {} h old", age.as_secs() / 3_600))
        }
    }
}
