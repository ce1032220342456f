//! Addresses of other HTTP servers.

use std::net::IpAddr;

use hyper::Uri;

use crate::config::checked::WebAddress;
use crate::mail::Domain;

/// An address of the web. `what` goes over the net with it, in clear text to this machine only.
pub(super) fn web_address(text: &str, what: &str) -> Result<WebAddress, String> {
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
                "{text:?} would have {what} go over the net in clear text; use https"
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
            "{text:?} has a query or a user, which are not sent; name server and path only"
        ));
    }
    Ok(WebAddress {
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
        let read =
            |text| web_address(text, "it").map(|url| (url.tls, url.host, url.port, url.path));
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
            assert!(web_address(wrong, "it").is_err(), "{wrong}");
        }
    }
}
