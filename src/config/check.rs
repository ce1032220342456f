//! From tables to a [`Config`]: every key read once, every problem told.

use std::collections::HashSet;
use std::net::SocketAddr;
use std::path::Path;

use toml::de::DeTable;

use super::checked::{
    Auth, Config, Delivery, Limits, MaskedDomainConfig, Policy, Route, RouteDomain, Smtp,
};
use super::files;
use super::reader::{Found, Log, Plain, Section};
use super::value;
use super::{Admin, AdminListen, Dkim, Errors, Loaded, TlsFiles};
use crate::auth::Mode;
use crate::mail::{Domain, Mailbox, Network};
use crate::masking::{MaskedDomain, TokenKeys};

mod secrets;

/// Reads `text`, the contents of `file`.
pub(super) fn check(file: &Path, text: &str) -> Result<Loaded, Errors> {
    let mut log = Log::new(file, text);
    let (root, syntax) = DeTable::parse_recoverable(text);
    for error in syntax {
        log.error(error.span(), "", error.message());
    }
    let folder = file.parent().unwrap_or_else(|| Path::new(""));
    let config = build(root.get_ref(), file, folder, &mut log);
    log.errors.sort_by_key(|problem| problem.line);
    match config {
        Some(config) if log.errors.is_empty() => Ok(Loaded {
            config,
            warnings: log.warnings,
        }),
        _ => Err(Errors(log.errors)),
    }
}

fn build(root: &DeTable<'_>, file: &Path, folder: &Path, log: &mut Log<'_>) -> Option<Config> {
    let top = Section::of(root, "", log);
    let hostname = top.text("hostname", log, domain);
    let data_dir = top.text("data_dir", log, path(folder));
    let smtp = smtp(&Section::of(root, "smtp", log), folder, log);
    let domains = domains(root, folder, log);
    let engine = Section::of(root, "directory", log).text("engine", log, |engine| {
        if engine == "sled" {
            Ok(())
        } else {
            Err(format!("{engine:?} is no engine of this version; sled is"))
        }
    });
    let allowlist = Section::of(root, "allowlist", log).text("path", log, path(folder));
    let auth = auth(&Section::of(root, "auth", log), log);
    let policy = policy(&Section::of(root, "policy", log), log);
    Section::of(root, "content", log);
    let limits = limits(&Section::of(root, "limits", log), log);
    let secrets =
        secrets::keys(&Section::of(root, "secrets", log), folder, log).map(TokenKeys::new);
    let delivery = delivery(&Section::of(root, "delivery", log), folder, log);
    let dns = Section::of(root, "dns", log);
    let dns_servers = dns.list("servers", log, address);
    let dnssec = dns.word("dnssec", log);
    let admin = admin(&Section::of(root, "admin", log), folder, log);
    engine?;
    Some(Config {
        file: file.to_owned(),
        hostname: hostname?,
        data_dir: data_dir?,
        smtp: smtp?,
        domains: domains?,
        allowlist: allowlist?,
        auth: auth?,
        policy: policy?,
        limits: limits?,
        secrets: secrets?,
        delivery: delivery?,
        dns_servers: dns_servers?,
        dnssec: dnssec?,
        admin: admin?,
    })
}

fn domain(text: &str) -> Result<Domain, String> {
    Domain::parse(text).map_err(|error| format!("{text:?} is no domain: {error}"))
}

fn address(text: &str) -> Result<SocketAddr, String> {
    text.parse().map_err(|_| {
        format!("{text:?} is no address with a port, as \"127.0.0.1:25\" or \"[::]:25\"")
    })
}

fn path(folder: &Path) -> impl Fn(&str) -> Result<std::path::PathBuf, String> {
    move |text| {
        if text.is_empty() {
            Err("is empty".to_owned())
        } else {
            Ok(files::resolve(folder, text))
        }
    }
}

fn smtp(section: &Section<'_>, folder: &Path, log: &mut Log<'_>) -> Option<Smtp> {
    let listen = section.list("listen", log, address);
    if listen.as_ref().is_some_and(Vec::is_empty) {
        log.error(section.at.clone(), "smtp.listen", "names no address");
    }
    let size = section.size("max_message_size", log);
    if size.is_some_and(|size| !(64 * 1024..=512 * 1024 * 1024).contains(&size)) {
        log.error(
            section.at.clone(),
            "smtp.max_message_size",
            "is from 64 KiB to 512 MiB",
        );
    }
    let recipients = section.number("max_recipients", log, 1..=10_000);
    let tls = match section.get("tls", log) {
        None => Some(None),
        Some(found) => secrets::tls(&found, folder, log).map(Some),
    };
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

fn domains(
    root: &DeTable<'_>,
    folder: &Path,
    log: &mut Log<'_>,
) -> Option<Vec<MaskedDomainConfig>> {
    let sections = Section::several(Some(root), "domain", log);
    if sections.is_empty() {
        log.error(
            None,
            "domain",
            "is missing; name a masked domain with [[domain]] and name = \"allegromail.pl\"",
        );
    }
    let mut names = HashSet::new();
    let mut markets = HashSet::new();
    let mut domains = Vec::new();
    for section in &sections {
        let name = section.text("name", log, domain);
        let aliases = section.list("aliases", log, domain);
        let marketplaces = section.list("marketplaces", log, |text| Ok(text.to_owned()));
        for name in name.iter().chain(aliases.iter().flatten()) {
            if !names.insert(name.clone()) {
                log.error(
                    section.at.clone(),
                    "domain.name",
                    &format!("{name} stands twice among names and aliases"),
                );
            }
        }
        for market in marketplaces.iter().flatten() {
            if !markets.insert(market.clone()) {
                log.error(
                    section.at.clone(),
                    "domain.marketplaces",
                    &format!("{market} belongs to two domains"),
                );
            }
        }
        let dkim = match section.get("dkim", log) {
            None => Some(Vec::new()),
            Some(found) => secrets::dkim(&found, folder, log),
        };
        if let (Some(name), Some(aliases), Some(marketplaces), Some(dkim)) =
            (name, aliases, marketplaces, dkim)
        {
            domains.push(MaskedDomainConfig {
                masked: MaskedDomain {
                    name,
                    marketplaces,
                    aliases,
                },
                dkim,
            });
        }
    }
    (domains.len() == sections.len() && !domains.is_empty()).then_some(domains)
}

fn auth(section: &Section<'_>, log: &mut Log<'_>) -> Option<Auth> {
    let mut mode = |name: &str| {
        let mode: Option<Mode> = section.word(name, log);
        if mode == Some(Mode::Off) {
            log.warn(
                section.at.clone(),
                &format!("auth.{name}"),
                "is off: every From counts as proven; for tests and closed networks only",
            );
        }
        mode
    };
    let (registered, courier) = (mode("registered"), mode("courier"));
    let shared_spf = section.word("shared_spf", log);
    let shared_spf_includes = section.list("shared_spf_includes", log, domain);
    let arc_seal = section.flag("arc_seal", log);
    Some(Auth {
        registered: registered?,
        courier: courier?,
        shared_spf: shared_spf?,
        shared_spf_includes: shared_spf_includes?,
        arc_seal: arc_seal?,
    })
}

fn policy(section: &Section<'_>, log: &mut Log<'_>) -> Option<Policy> {
    let require_transaction = section.flag("require_transaction", log);
    let transaction_grace = section.text("transaction_grace", log, value::duration);
    let courier_recipients = section.word("courier_recipients", log);
    let display_name = section.word("display_name", log);
    let signature_note = section.flag("signature_note", log);
    let contact = section.text("contact", log, |text| {
        Mailbox::parse(text).map_err(|error| format!("{text:?} is no address: {error}"))
    });
    if contact.is_none() {
        log.warn(
            section.at.clone(),
            "policy.contact",
            "is not set: mail to postmaster and abuse is answered 450",
        );
    }
    let roles = section.list("roles", log, |text| Ok(text.to_ascii_lowercase()));
    let help_url = section.text("help_url", log, |text| {
        let plain = text.len() <= 200
            && text.starts_with("http")
            && text
                .bytes()
                .all(|b| b.is_ascii_graphic() && b != b']' && b != b';');
        if plain {
            Ok(text.to_owned())
        } else {
            Err("is a web address of at most 200 plain characters".to_owned())
        }
    });
    Some(Policy {
        require_transaction: require_transaction?,
        transaction_grace: transaction_grace?,
        courier_recipients: courier_recipients?,
        display_name: display_name?,
        signature_note: signature_note?,
        contact,
        roles: roles?,
        help_url,
    })
}

fn limits(section: &Section<'_>, log: &mut Log<'_>) -> Option<Limits> {
    let refusals_per_client = section.text("refusals_per_client", log, value::budget);
    let messages_per_sender = section.text("messages_per_sender", log, value::budget);
    let messages_per_transaction = section.text("messages_per_transaction", log, value::budget);
    let connections_per_client = section.number("connections_per_client", log, 1..=100_000);
    let connections = section.number("connections", log, 1..=100_000);
    let connections_per_network = section.number("connections_per_network", log, 1..=100_000);
    let memory = section.size("memory", log);
    Some(Limits {
        refusals_per_client: refusals_per_client?,
        messages_per_sender: messages_per_sender?,
        messages_per_transaction: messages_per_transaction?,
        connections_per_client: connections_per_client?,
        connections: connections?,
        connections_per_network: connections_per_network?,
        memory: memory?,
    })
}

fn delivery(section: &Section<'_>, folder: &Path, log: &mut Log<'_>) -> Option<Delivery> {
    let sections = Section::several(section.table(), "delivery.route", log);
    let routes: Vec<Route> = sections
        .iter()
        .filter_map(|section| route(section, log))
        .collect();
    let retry = section.text("retry", log, value::waits);
    let expire = section.text("expire", log, value::duration);
    let delay_notice = section.text("delay_notice", log, value::duration);
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

fn route(section: &Section<'_>, log: &mut Log<'_>) -> Option<Route> {
    let domain = section.text("domain", log, |text| {
        if text == "*" {
            Ok(RouteDomain::Every)
        } else {
            domain(text).map(RouteDomain::Exactly)
        }
    });
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
    Some(Route {
        domain: domain?,
        host: host?,
        port: port?,
        tls: tls?,
    })
}

fn admin(section: &Section<'_>, folder: &Path, log: &mut Log<'_>) -> Option<Option<Admin>> {
    let listen = section.text("listen", log, |text| {
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
