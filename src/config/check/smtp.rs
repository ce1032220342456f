//! `[smtp]`: where mail comes in, and how large it may be.

use std::path::Path;

use super::secrets;
use crate::config::checked::Smtp;
use crate::config::diagnostics::Diagnostics;
use crate::config::reader::Section;
use crate::config::value::address;
use crate::mail::Network;

/// `[smtp]`, with certificate and key looked at: a start must not end in STARTTLS that fails for everybody.
pub(super) fn smtp(
    section: &Section<'_>,
    folder: &Path,
    log: &mut Diagnostics<'_>,
) -> Option<Smtp> {
    let listen = section.list("listen", log, address);
    if listen.as_ref().is_some_and(Vec::is_empty) {
        log.error(section.at.clone(), "smtp.listen", "names no address");
    }
    // Below that hardly a message passes; above it the memory for one would be gigabytes (five times its size).
    let size = section.size("max_message_size", log);
    if size.is_some_and(|size| !(64 * 1024..=512 * 1024 * 1024).contains(&size)) {
        log.error(
            section.at.clone(),
            "smtp.max_message_size",
            "is from 64 KiB to 512 MiB",
        );
    }
    let recipients = section.number("max_recipients", log, 1..=10_000);
    // Not set is no error and none in the inner option; set and wrong is none in the outer one.
    let tls = match section.get("tls", log) {
        None => Some(None),
        Some(found) => secrets::tls(&found, folder, log).map(Some),
    };
    // A door at which anybody may say whose connection it is would undo every check of SPF (docs/threats.md#35).
    let proxy_listen = section.list("proxy_listen", log, address);
    let proxy_from = section.list("proxy_from", log, |text| {
        text.parse::<Network>()
            .map_err(|error| format!("{text:?} {error}"))
    });
    if proxy_listen
        .as_ref()
        .is_some_and(|places| !places.is_empty())
        && proxy_from.as_ref().is_some_and(Vec::is_empty)
    {
        log.error(
            section.at.clone(),
            "smtp.proxy_from",
            "is missing; name the networks whose PROXY headers are believed",
        );
    }
    Some(Smtp {
        listen: listen?,
        max_message_size: size?,
        max_recipients: recipients?,
        tls: tls?,
        proxy_listen: proxy_listen?,
        proxy_from: proxy_from?,
    })
}
