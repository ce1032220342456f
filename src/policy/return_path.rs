//! Return paths that other servers have dressed up: the address within (BATV, SRS).
//!
//! A shop that sends through a forwarder still writes from its own address. Undressing proves nothing by itself: the result must be
//! registered to the proven writer.

use crate::mail::{Domain, Mailbox};

/// The addresses that `path` may have been made from; empty where it is no such form.
///
/// `prvs=TAG=local@d` is `local@d` (BATV); `SRS0=hash=tt=d=local@x` is `local@d`; `SRS1=hash=y==hash=tt=d=local@x` is `local@d`.
#[must_use]
pub fn originals(path: &Mailbox) -> Vec<Mailbox> {
    let mut found = Vec::new();
    let local = path.local();
    if let Some(rest) = strip(local, "prvs=") {
        // Both orders are in use: tag=local of the draft, local=tag of older servers.
        if let Some((first, second)) = rest.split_once('=') {
            found.extend(
                [second, first]
                    .iter()
                    .filter_map(|part| Mailbox::from_parts(part, path.domain().clone()).ok()),
            );
        }
    }
    if let Some(rest) = strip(local, "SRS0=")
        .or_else(|| strip(local, "SRS0+"))
        .or_else(|| strip(local, "SRS0-"))
    {
        found.extend(srs0(rest));
    }
    if let Some(rest) = strip(local, "SRS1=")
        .or_else(|| strip(local, "SRS1+"))
        .or_else(|| strip(local, "SRS1-"))
    {
        let inner = rest.split_once("==").map(|(_, inner)| inner);
        found.extend(inner.and_then(srs0));
    }
    found
}

fn strip<'a>(text: &'a str, prefix: &str) -> Option<&'a str> {
    let (head, tail) = text.split_at_checked(prefix.len())?;
    head.eq_ignore_ascii_case(prefix).then_some(tail)
}

/// `hash=tt=domain=local`.
fn srs0(rest: &str) -> Option<Mailbox> {
    let mut parts = rest.splitn(4, '=');
    let (_hash, _day) = (parts.next()?, parts.next()?);
    let domain = Domain::parse(parts.next()?).ok()?;
    Mailbox::from_parts(parts.next()?, domain).ok()
}
