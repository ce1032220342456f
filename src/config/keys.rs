//! The one list of configuration keys: table, name, default, and the words that `config example` prints.
//!
//! A key that is not here is an error in a file; a key that is here and not read by `check.rs` fails a test.

/// What stands for a key that a file does not set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Preset {
    /// It must be set; the text is an example.
    Required(&'static str),
    /// This TOML value.
    Value(&'static str),
    /// Nothing: the feature is off. The text is an example.
    Absent(&'static str),
}

/// One key.
#[derive(Debug, Clone, Copy)]
pub(super) struct Key {
    /// The table, `[[…]]` ones by name; empty at the top.
    pub(super) table: &'static str,
    /// The key.
    pub(super) name: &'static str,
    /// Its default.
    pub(super) default: Preset,
    /// What it does, its unit and its limits.
    pub(super) words: &'static str,
}

const fn key(table: &'static str, name: &'static str, default: Preset, words: &'static str) -> Key {
    Key {
        table,
        name,
        default,
        words,
    }
}

/// Tables that may stand several times.
pub(super) const ARRAYS: &[&str] = &["domain", "delivery.route"];

use Preset::{Absent, Required, Value};

/// All keys, in the order of the example.
pub(super) const KEYS: &[Key] = &[
    key(
        "",
        "hostname",
        Required("\"mx.allegromail.pl\""),
        "The name in the banner, in EHLO and in trace fields.",
    ),
    key(
        "",
        "data_dir",
        Value("\"/var/lib/allegromail\""),
        "Directory, state and spool. Made if it is missing; on a local disk.",
    ),
    key(
        "smtp",
        "listen",
        Value("[\"[::]:25\"]"),
        "Addresses to listen on. [::] takes IPv4, too.",
    ),
    key(
        "smtp",
        "max_message_size",
        Value("36700160"),
        "Octets, or \"35 MiB\". A 25 MB attachment is 35 MB on the wire.",
    ),
    key(
        "smtp",
        "max_recipients",
        Value("100"),
        "Recipients of one message; RFC 5321 wants 100 at least.",
    ),
    key(
        "smtp",
        "tls",
        Absent("{ certificate = \"certs/mx/fullchain.pem\", key = \"certs/mx/privkey.pem\" }"),
        "PEM files. Absent: STARTTLS is not offered. Read again on SIGHUP.",
    ),
    key(
        "smtp",
        "proxy_listen",
        Value("[]"),
        "Addresses where load balancers pass connections on with the PROXY protocol, version 2.",
    ),
    key(
        "smtp",
        "proxy_from",
        Value("[]"),
        "The networks of those load balancers, as [\"192.0.2.0/24\"]; nobody else is believed there.",
    ),
    key(
        "domain",
        "name",
        Required("\"allegromail.pl\""),
        "A masked domain, as it is written.",
    ),
    key(
        "domain",
        "marketplaces",
        Value("[]"),
        "Marketplaces whose participants have their masked address here, as [\"allegro-pl\"].",
    ),
    key(
        "domain",
        "aliases",
        Value("[]"),
        "Older names of it: accepted, never written.",
    ),
    key(
        "domain",
        "dkim",
        Absent(
            "{ selector = \"s1\", rsa_key = \"certs/dkim/s1.rsa.pem\", ed25519_selector = \"s2\", ed25519_key = \"certs/dkim/s2.ed25519.pem\" }",
        ),
        "Signing keys. Absent: mail from this domain is not signed. Several, for a rotation, in an array: [{ … }, { …, sign = false }]; those with sign = false are published and wait.",
    ),
    key(
        "directory",
        "engine",
        Value("\"sled\""),
        "Where participants and transactions are kept. sled is the only one so far.",
    ),
    key(
        "allowlist",
        "path",
        Value("\"allowlist\""),
        "The couriers: a file, or a folder of *.txt. Read again on SIGHUP.",
    ),
    key(
        "auth",
        "registered",
        Value("\"require\""),
        "How a participant's From must be proven: require, relaxed or off.",
    ),
    key(
        "auth",
        "courier",
        Value("\"require\""),
        "The same for couriers. off is for tests and closed networks only.",
    ),
    key(
        "auth",
        "shared_spf",
        Value("\"warn\""),
        "A pass through a provider's shared include: dkim (not enough), warn or accept.",
    ),
    key(
        "auth",
        "shared_spf_includes",
        Value("[]"),
        "Those includes, as [\"_spf.example-host.pl\"].",
    ),
    key(
        "auth",
        "arc_seal",
        Value("false"),
        "true: couriers' mail leaves with an ARC seal (RFC 8617) of the masked domain, by its first RSA key.",
    ),
    key(
        "policy",
        "require_transaction",
        Value("false"),
        "true: mail to an address without +transaction is refused with a notice.",
    ),
    key(
        "policy",
        "transaction_grace",
        Value("\"4h\""),
        "How long an unknown transaction of a known participant is answered 451.",
    ),
    key(
        "policy",
        "courier_recipients",
        Value("\"buyers\""),
        "To whom couriers may write: buyers or all.",
    ),
    key(
        "policy",
        "display_name",
        Value("\"login\""),
        "The name beside a masked From: login, keep or none.",
    ),
    key(
        "policy",
        "signature_note",
        Value("false"),
        "true: a line says so where a digital signature was taken out of a message.",
    ),
    key(
        "policy",
        "contact",
        Absent("\"postmaster@allegro.example\""),
        "Where mail to the roles goes, unrewritten. Absent: 450.",
    ),
    key(
        "policy",
        "roles",
        Value(
            "[\"postmaster\", \"abuse\", \"mailer-daemon\", \"hostmaster\", \"dmarc\", \"tlsrpt\"]",
        ),
        "Local parts that are roles; they are never participant ids.",
    ),
    key(
        "policy",
        "help_url",
        Absent("\"https://help.allegro.example/mail\""),
        "Printed in refusals.",
    ),
    key(
        "limits",
        "refusals_per_client",
        Value("\"300/10m\""),
        "COUNT/PERIOD or \"off\"; a client is a /24 or a /64.",
    ),
    key(
        "limits",
        "messages_per_sender",
        Value("\"5000/1h\""),
        "COUNT/PERIOD or \"off\", for each From address.",
    ),
    key(
        "limits",
        "messages_per_transaction",
        Value("\"60/1h\""),
        "COUNT/PERIOD or \"off\".",
    ),
    key(
        "limits",
        "connections_per_client",
        Value("50"),
        "Open connections from one address.",
    ),
    key(
        "limits",
        "connections",
        Value("2000"),
        "Open connections in all. When three quarters are taken, idle and erring clients are let go sooner.",
    ),
    key(
        "limits",
        "connections_per_network",
        Value("200"),
        "Open connections from one /24 or /64.",
    ),
    key(
        "limits",
        "memory",
        Value("\"192 MiB\""),
        "For messages under way; beyond it 452. Five times smtp.max_message_size at least is taken.",
    ),
    key(
        "secrets",
        "key_file",
        Required("\"certs/secret.key\""),
        "One path or several: 32 or more raw octets each. The first signs, all verify.",
    ),
    key(
        "delivery.route",
        "domain",
        Required("\"*\""),
        "Recipients' domain, or \"*\". The first route that fits is taken; without one, MX.",
    ),
    key(
        "delivery.route",
        "host",
        Required("\"127.0.0.1\""),
        "A host name or an address.",
    ),
    key("delivery.route", "port", Value("25"), "Its port."),
    key(
        "delivery.route",
        "tls",
        Value("\"opportunistic\""),
        "none, opportunistic or required.",
    ),
    key(
        "delivery",
        "retry",
        Value("\"1m, 5m*2, 15m*2, 30m, 1h*4, 4h*40\""),
        "The waits between attempts.",
    ),
    key(
        "delivery",
        "expire",
        Value("\"5d\""),
        "How long a message may wait before it is reported as failed.",
    ),
    key(
        "delivery",
        "delay_notice",
        Value("\"4h\""),
        "How long a message waits before its writer is told, once, that it takes longer.",
    ),
    key(
        "delivery",
        "ca_file",
        Absent("\"certs/private-ca.pem\""),
        "PEM file of certificates that count as roots beside the public ones, for servers that must prove their name.",
    ),
    key(
        "dns",
        "servers",
        Value("[]"),
        "As [\"127.0.0.1:5353\"]. Empty: the system's.",
    ),
    key(
        "dns",
        "dnssec",
        Value("\"off\""),
        "off, or trust-ad: the servers validate and are near, so that DANE is honoured where they say so.",
    ),
    key(
        "admin",
        "listen",
        Absent("\"127.0.0.1:8025\""),
        "An address, or a path for a unix socket. Absent: no admin interface.",
    ),
    key(
        "admin",
        "token_file",
        Absent("\"certs/admin.token\""),
        "A bearer token. Absent: loopback and unix sockets only.",
    ),
];

/// Tables whose keys are not fixed yet: they may stand in a file and be empty.
pub(super) const RESERVED: &[&str] = &["content"];

/// The keys of one table.
pub(super) fn of(table: &str) -> impl Iterator<Item = &'static Key> {
    KEYS.iter().filter(move |key| key.table == table)
}

/// The default of a key.
pub(super) fn default(table: &str, name: &str) -> Option<Preset> {
    of(table)
        .find(|key| key.name == name)
        .map(|key| key.default)
}
