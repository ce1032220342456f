//! `[delivery]` and its routes.

use std::path::Path;

use super::route_loop::OwnAddresses;
use crate::config::checked::{Delivery, Route, RouteDomain};
use crate::config::diagnostics::Diagnostics;
use crate::config::reader::Section;
use crate::config::value;
use crate::config::value::{domain, path};
use crate::mail::Domain;

/// `[delivery]`, with its routes in the order of the file: the first that fits is taken.
pub(super) fn delivery(
    section: &Section<'_>,
    folder: &Path,
    own: &OwnAddresses,
    log: &mut Diagnostics<'_>,
) -> Option<Delivery> {
    let sections = Section::several(section.table(), "delivery.route", log);
    let routes: Vec<Route> = sections
        .iter()
        .filter_map(|section| route(section, own, log))
        .collect();
    let retry = section.text("retry", log, value::waits);
    let expire = section.text("expire", log, value::duration);
    let delay_notice = section.text("delay_notice", log, value::duration);
    // Such a message would be tried once and then be a bounce, which nobody means by a retry list.
    if let (Some(first), Some(expire)) = (retry.as_ref().and_then(|retry| retry.first()), expire)
        && *first >= expire
    {
        log.error(
            section.at.clone(),
            "delivery.expire",
            "is shorter than the first wait of delivery.retry",
        );
    }
    let ca_file = section.text("ca_file", log, path(folder));
    (routes.len() == sections.len()).then_some(Delivery {
        routes,
        retry: retry?,
        expire: expire?,
        delay_notice: delay_notice?,
        ca_file,
    })
}

/// One `[[delivery.route]]`.
fn route(section: &Section<'_>, own: &OwnAddresses, log: &mut Diagnostics<'_>) -> Option<Route> {
    let domain = section.text("domain", log, |text| {
        if text == "*" {
            Ok(RouteDomain::Every)
        } else {
            domain(text).map(RouteDomain::Exactly)
        }
    });
    // A name stays a name: it is looked up when mail is delivered, so that the host behind it may move.
    let host = section.text("host", log, |text| {
        let known = text.parse::<std::net::IpAddr>().is_ok() || Domain::parse(text).is_ok();
        if known {
            Ok(text.to_owned())
        } else {
            Err(format!("{text:?} is no host name and no address"))
        }
    });
    let port = section
        .number("port", log, 1..=65_535)
        .and_then(|port| u16::try_from(port).ok());
    let tls = section.word("tls", log);
    let (host, port) = (host?, port?);
    if own.is_at(&host, port) {
        log.error(
            section.at.clone(),
            "delivery.route.host",
            &format!(
                "{host:?} with port {port} is this relay itself: mail would go in a circle; name another server, or leave the route out and mail leaves by MX"
            ),
        );
    }
    Some(Route {
        domain: domain?,
        host,
        port,
        tls: tls?,
    })
}
