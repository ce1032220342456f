//! `allegromail dns check`: what the DNS publishes of our domains, held against the configuration.
//! Every finding says what to add. Exit 0: all is there; 1: the DNS gave no answer to some of it; 2: something is missing.

use clap::Subcommand;

use super::Exit;
use crate::config::{Config, MaskedDomainConfig};
use crate::mail::Domain;
use crate::resolve::{DnsResolver, MailHosts, NoAnswer, Resolver};
use crate::signing;

/// What can be asked of the DNS.
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Compare MX, SPF, DKIM and DMARC records with the configuration
    Check,
}

/// How one record was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum State {
    /// It is there and says what it should.
    Good,
    /// It is not, or says something else.
    Missing,
    /// Nobody knows: the DNS did not answer.
    NoAnswer,
}

/// One thing that was looked for.
#[derive(Debug, serde::Serialize)]
pub(super) struct Finding {
    /// How it was found.
    pub(super) state: State,
    /// Which record, of which name.
    pub(super) what: String,
    /// What to do about it; empty where all is well, the fault of the DNS where it gave no answer.
    pub(super) remedy: String,
}

/// Runs the command.
pub(super) fn run(_: &Command, config: &Config, json: bool) -> Exit {
    let resolver = match DnsResolver::new(&config.dns_servers) {
        Ok(resolver) => resolver,
        Err(error) => {
            eprintln!(
                "allegromail: [dns] servers: {error}; mend it, then `allegromail config check`"
            );
            return Exit::Configuration;
        }
    };
    super::block_on(async { print(&findings(&resolver, config).await, json) })
}

/// Looks for every record that the configuration needs; those of one domain at once, for a DNS that is silent takes its time over each.
pub(super) async fn findings(resolver: &DnsResolver, config: &Config) -> Vec<Finding> {
    let host = &config.hostname;
    let mut findings = vec![check_host(resolver, host).await];
    for domain in &config.domains {
        let name = &domain.masked.name;
        let (mx, spf, dmarc, dkim) = tokio::join!(
            check_mx(resolver, host, domain),
            check_spf(resolver, host, name),
            check_dmarc(resolver, name),
            check_dkim(resolver, domain),
        );
        findings.extend(mx);
        findings.extend([spf, dmarc]);
        findings.extend(dkim);
    }
    findings
}

/// Prints all of them, good ones too: an operator wants to see what was looked at. The worst decides the exit code.
fn print(findings: &[Finding], json: bool) -> Exit {
    if json {
        println!("{}", serde_json::to_string(findings).unwrap_or_default());
    } else {
        for finding in findings {
            match finding.state {
                State::Good => println!("ok       {}", finding.what),
                State::Missing => println!("MISSING  {}: {}", finding.what, finding.remedy),
                State::NoAnswer => println!("NO REPLY {}: {}", finding.what, finding.remedy),
            }
        }
    }
    let any = |state| findings.iter().any(|finding| finding.state == state);
    match () {
        () if any(State::Missing) => Exit::Refused,
        () if any(State::NoAnswer) => Exit::Deferred,
        () => Exit::Done,
    }
}

/// What was found, held against what is `good`. Silence of the DNS is never "missing": the remedy would be wrong.
fn finding<T>(
    what: String,
    found: Result<T, NoAnswer>,
    good: impl FnOnce(T) -> bool,
    remedy: String,
) -> Finding {
    match found.map(good) {
        Err(error) => Finding {
            state: State::NoAnswer,
            what,
            remedy: error.to_string(),
        },
        Ok(true) => Finding {
            state: State::Good,
            what,
            remedy: String::new(),
        },
        Ok(false) => Finding {
            state: State::Missing,
            what,
            remedy,
        },
    }
}

/// The address that the MX records lead to. The reverse name is only advised: it belongs to the network's operator.
async fn check_host(resolver: &DnsResolver, host: &Domain) -> Finding {
    let found = resolver.addresses(host).await.map(|found| found.value);
    let remedy =
        format!("add an A or AAAA record for {host}, and the reverse name of that address");
    finding(
        format!("address of {host}"),
        found,
        |addresses| !addresses.is_empty(),
        remedy,
    )
}

/// MX of every name of the domain, for aliases take mail too.
async fn check_mx(
    resolver: &DnsResolver,
    host: &Domain,
    domain: &MaskedDomainConfig,
) -> Vec<Finding> {
    let mut findings = Vec::new();
    for name in std::iter::once(&domain.masked.name).chain(&domain.masked.aliases) {
        let found = resolver.mail_hosts(name).await.map(|found| found.value);
        let ours = |hosts| matches!(hosts, MailHosts::Hosts(hosts) if hosts.iter().any(|(_, named)| named == host));
        findings.push(finding(
            format!("MX of {name}"),
            found,
            ours,
            format!("add `{name}. IN MX 10 {host}.`"),
        ));
    }
    findings
}

async fn check_spf(resolver: &DnsResolver, host: &Domain, name: &Domain) -> Finding {
    let found = resolver.texts(name.as_str()).await;
    // Two records are a permerror at every receiver (RFC 7208 4.5), so a second one is as bad as none.
    let is_spf = |texts: Vec<String>| {
        texts
            .iter()
            .filter(|text| text.starts_with("v=spf1"))
            .count()
            == 1
    };
    let remedy = format!("have one SPF record: `{name}. IN TXT \"v=spf1 a:{host} -all\"`");
    finding(format!("SPF of {name}"), found, is_spf, remedy)
}

async fn check_dmarc(resolver: &DnsResolver, name: &Domain) -> Finding {
    let found = resolver.texts(&format!("_dmarc.{name}")).await;
    let is_dmarc = |texts: Vec<String>| texts.iter().any(|text| text.starts_with("v=DMARC1"));
    let remedy =
        format!("add `_dmarc.{name}. IN TXT \"v=DMARC1; p=reject; rua=mailto:dmarc@{name}\"`");
    finding(format!("DMARC of {name}"), found, is_dmarc, remedy)
}

/// The keys of a domain, each as the DNS publishes it.
async fn check_dkim(resolver: &DnsResolver, domain: &MaskedDomainConfig) -> Vec<Finding> {
    let name = &domain.masked.name;
    let missing = |remedy| Finding {
        state: State::Missing,
        what: format!("DKIM keys of {name}"),
        remedy,
    };
    if domain.dkim.is_empty() {
        return vec![missing(format!(
            "mail from {name} is not signed; `allegromail dkim generate --domain {name}` makes keys"
        ))];
    }
    let keys = match signing::public_keys(name, &domain.dkim) {
        Ok(keys) => keys,
        Err(error) => return vec![missing(error.to_string())],
    };
    let mut findings = Vec::new();
    for key in keys {
        let found = resolver.texts(&key.name).await;
        // The key only: other tags, spaces and their order are the zone's own business.
        let same = |texts: Vec<String>| {
            texts
                .iter()
                .any(|text| public_part(text) == public_part(&key.record))
        };
        let remedy = format!("add `{}. IN TXT \"{}\"`", key.name, key.record);
        let what = format!("DKIM key {}", key.name);
        findings.push(finding(what, found, same, remedy));
    }
    findings
}

/// The key itself in a DKIM record, without white space (RFC 6376 3.2).
fn public_part(record: &str) -> Option<String> {
    let tags = record.split(';').filter_map(|tag| tag.split_once('='));
    let value = tags
        .filter(|(name, _)| name.trim() == "p")
        .map(|(_, value)| value)
        .next()?;
    Some(value.chars().filter(|c| !c.is_whitespace()).collect())
}
