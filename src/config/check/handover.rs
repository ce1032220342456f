//! `[handover]`.

use std::net::IpAddr;
use std::path::{Component, Path, PathBuf};
use std::time::Duration;

use hyper::Uri;

use super::secrets;
use crate::config::checked::{Handover, HandoverUrl};
use crate::config::diagnostics::Diagnostics;
use crate::config::reader::Section;
use crate::config::value::{self, path};
use crate::mail::Domain;

/// The longest wait: bounces of what is released must still find their message.
const LONGEST: Duration = Duration::from_secs(10 * 86_400);

/// `[handover]`.
pub(super) fn handover(
    section: &Section<'_>,
    data_dir: Option<&Path>,
    folder: &Path,
    log: &mut Diagnostics<'_>,
) -> Option<Handover> {
    let target = section.text("folder", log, |text| {
        let target = path(folder)(text)?;
        match data_dir.is_some_and(|data_dir| plain(&target).starts_with(plain(data_dir))) {
            true => Err(format!(
                "{text:?} lies within data_dir, which is the server's own; without this key documents lie there, until they are said to be taken"
            )),
            false => Ok(target),
        }
    });
    let url = section.text("url", log, url);
    let token = match section.get("token_file", log) {
        None => Some(None),
        Some(found) => secrets::token(&found, folder, log).map(Some),
    };
    let give_up = section.text("give_up", log, |text| {
        let wait = value::duration(text)?;
        (wait <= LONGEST)
            .then_some(wait)
            .ok_or_else(|| format!("{text:?} is too long; 10d is the longest"))
    });
    let max_bytes = section.size("max_bytes", log);
    if let (Some(Some(_)), None, Some(at)) = (&token, &url, section.position("token_file")) {
        let text = "is shown to nobody: there is no handover.url";
        log.warn(Some(at), "handover.token_file", text);
    }
    Some(Handover {
        folder: target,
        url,
        token: token?,
        give_up: give_up?,
        max_bytes: max_bytes? as u64,
    })
}

/// A path without what leads nowhere; of one that is there, without links.
fn plain(path: &Path) -> PathBuf {
    let mut plain = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir => drop(plain.pop()),
            part => plain.push(part),
        }
    }
    let absolute = std::path::absolute(&plain).unwrap_or(plain);
    absolute.canonicalize().unwrap_or(absolute)
}

/// An address of the web. Documents and the token go in clear text to this machine only.
fn url(text: &str) -> Result<HandoverUrl, String> {
    let wanted =
        || format!("{text:?} is no address of a server, as \"https://panel.example.net/orders\"");
    let uri: Uri = text.parse().map_err(|_| wanted())?;
    let (scheme, host) = (
        uri.scheme_str().unwrap_or_default(),
        uri.host().ok_or_else(wanted)?,
    );
    let host = host
        .trim_start_matches('[')
        .trim_end_matches(']')
        .to_owned();
    let address: Option<IpAddr> = host.parse().ok();
    if address.is_none() && Domain::parse(&host).is_err() {
        return Err(wanted());
    }
    let near = host == "localhost" || address.is_some_and(|ip| ip.to_canonical().is_loopback());
    let (tls, usual) = match scheme {
        "https" => (true, 443),
        "http" if near => (false, 80),
        "http" => {
            return Err(format!(
                "{text:?} would have documents and the token go over the net in clear text; use https"
            ));
        }
        _ => return Err(wanted()),
    };
    if uri.query().is_some()
        || uri
            .authority()
            .is_some_and(|all| all.as_str().contains('@'))
    {
        return Err(format!(
            "{text:?} has a query or a user; a token stands in handover.token_file"
        ));
    }
    Ok(HandoverUrl {
        tls,
        host,
        port: uri.port_u16().unwrap_or(usual),
        path: uri.path().trim_end_matches('/').to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_https_or_on_this_machine() {
        let read = |text| url(text).map(|url| (url.tls, url.host, url.port, url.path));
        let ok =
            |tls, host: &str, port, path: &str| Ok((tls, host.to_owned(), port, path.to_owned()));
        assert_eq!(
            read("https://panel.example.net/orders/"),
            ok(true, "panel.example.net", 443, "/orders")
        );
        assert_eq!(
            read("http://127.0.0.1:8080"),
            ok(false, "127.0.0.1", 8080, "")
        );
        assert_eq!(read("http://[::1]:8080/a"), ok(false, "::1", 8080, "/a"));
        assert_eq!(read("http://localhost/a"), ok(false, "localhost", 80, "/a"));
        for wrong in [
            "http://panel.example.net/orders",
            "ftp://127.0.0.1/",
            "https://user:pass@panel.example.net/",
            "https://panel.example.net/?token=1",
            "panel.example.net",
            "/orders",
            "",
        ] {
            assert!(url(wrong).is_err(), "{wrong}");
        }
    }
}
