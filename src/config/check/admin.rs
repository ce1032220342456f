//! `[admin]`: where operators ask, and who may.

use std::net::IpAddr;
use std::path::Path;

use super::secrets;
use crate::config::checked::{Admin, AdminListen};
use crate::config::files;
use crate::config::log::Log;
use crate::config::reader::Section;

/// `[admin]`. The outer none: something is wrong. The inner one: there is no interface.
pub(super) fn admin(
    section: &Section<'_>,
    folder: &Path,
    log: &mut Log<'_>,
) -> Option<Option<Admin>> {
    // What is no address with a port is the path of a unix socket; an address that lost its port is neither.
    let listen = section.text("listen", log, |text| {
        if text.parse::<IpAddr>().is_ok() {
            return Err(format!(
                "has no port: write \"{text}:8025\", or the path of a unix socket"
            ));
        }
        Ok(text.parse().map_or_else(
            |_| AdminListen::Unix(files::resolve(folder, text)),
            AdminListen::Tcp,
        ))
    });
    let token = match section.get("token_file", log) {
        None => None,
        Some(found) => Some(secrets::token(&found, folder, log)?),
    };
    let Some(listen) = listen else {
        if section.is_there() {
            log.warn(
                section.at.clone(),
                "admin.listen",
                "is not set: there is no admin interface",
            );
        }
        return Some(None);
    };
    // Real addresses pass there: whoever can reach the port could read every account.
    if let AdminListen::Tcp(address) = &listen
        && token.is_none()
        && !address.ip().is_loopback()
    {
        log.error(
            section.at.clone(),
            "admin.token_file",
            "is missing; without it only a loopback address or a unix socket is allowed",
        );
    }
    Some(Some(Admin { listen, token }))
}
