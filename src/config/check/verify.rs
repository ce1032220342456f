//! `[verify]`: where carriers ask about orders, and what guessing may cost.

use std::path::Path;

use super::http::{hosts, http};
use super::secrets;
use crate::config::checked::Verify;
use crate::config::diagnostics::Diagnostics;
use crate::config::reader::Section;
use crate::config::value;

/// `[verify]`. Nobody is answered where `listen` is absent; the other keys are checked all the same.
pub(super) fn verify(
    section: &Section<'_>,
    folder: &Path,
    log: &mut Diagnostics<'_>,
) -> Option<Verify> {
    let http = if section.position("listen").is_some() {
        http(section, None, folder, log).map(Some)
    } else {
        let tls = section.get("tls", log);
        if let Some(found) = tls {
            let _ = secrets::tls(&found, folder, log);
            log.warn(
                section.position("tls"),
                "verify.listen",
                "is not set: no carrier is answered, and tls is for nothing",
            );
        }
        Some(None)
    };
    let hosts = hosts(section, log);
    let unknown_per_token = section.text("unknown_per_token", log, value::budget);
    if unknown_per_token == Some(None) {
        log.warn(
            section.position("unknown_per_token"),
            "verify.unknown_per_token",
            "is off: whoever has a token can list orders by trying",
        );
    }
    Some(Verify {
        http: http?,
        hosts: hosts?,
        unknown_per_token: unknown_per_token?,
    })
}
