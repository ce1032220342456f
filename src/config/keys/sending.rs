//! The keys of the way out: routes, retries, DNS; and those of the HTTP interfaces.

use super::key::DefaultValue::{Absent, Required, Value};
use super::key::{Key, key};

/// In the order of the example. Without any of these keys mail leaves by MX, and waits as long as RFC 5321 4.5.4.1 asks for.
pub(super) const KEYS: &[Key] = &[
    key(
        "delivery.route",
        "domain",
        Required("\"*\""),
        "An example; as many as there are routes. Recipients' domain, or \"*\". The first that fits is taken; without one, MX.",
    ),
    key(
        "delivery.route",
        "host",
        Required("\"smarthost.example.net\""),
        "A host name or an address; never this relay itself.",
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
        "handover",
        "folder",
        Absent("\"/srv/documents\""),
        "Where sale documents of blocked messages are put for the marketplace; each counts as handed over once it is there.",
    ),
    key(
        "handover",
        "url",
        Absent("\"https://panel.example.net/orders\""),
        "Where they are sent: PUT URL/TRANSACTION/documents/SHA256. With neither: data_dir/documents, until POST /v1/documents/{id}/taken.",
    ),
    key(
        "handover",
        "token_file",
        Absent("\"certs/handover.token\""),
        "A bearer token, shown to url.",
    ),
    key(
        "handover",
        "give_up",
        Value("\"3d\""),
        "How long a document may wait to be handed over before the message goes to its recipient after all; 10d at most.",
    ),
    key(
        "handover",
        "max_bytes",
        Value("\"4 GiB\""),
        "Octets of messages that wait for their documents, or of what lies in folder. Of the former one seller has half at most; beyond it 452.",
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
        "An address, or a path for a unix socket. Absent: the socket admin.sock in data_dir, which its owner alone can reach.",
    ),
    key(
        "admin",
        "token_file",
        Absent("\"certs/admin.token\""),
        "A bearer token, which every request but the health checks must show. Absent: a unix socket only.",
    ),
    key(
        "admin",
        "allow_tokenless_loopback",
        Value("false"),
        "true: a loopback address does without a token. Every program on the host can then read all accounts; for tests.",
    ),
    key(
        "admin",
        "hosts",
        Value("[]"),
        "Names by which it is asked, beside IP addresses, localhost and hostname, as [\"admin.allegro.example\"].",
    ),
    key(
        "admin",
        "tls",
        Absent(
            "{ certificate = \"certs/admin/fullchain.pem\", key = \"certs/admin/privkey.pem\" }",
        ),
        "PEM files. Absent: loopback, a unix socket, or behind_proxy. Read again on SIGHUP.",
    ),
    key(
        "admin",
        "behind_proxy",
        Value("[]"),
        "The networks of the proxies that end TLS, as [\"10.0.0.0/8\"]; nobody else is served then.",
    ),
    key(
        "verify",
        "listen",
        Absent("\"192.0.2.25:8026\""),
        "An address where carriers ask, with a token (`allegromail tokens create`), whether a masked address stands for an order. Absent: nowhere.",
    ),
    key(
        "verify",
        "tls",
        Absent(
            "{ certificate = \"certs/verify/fullchain.pem\", key = \"certs/verify/privkey.pem\" }",
        ),
        "PEM files. Absent: loopback or behind_proxy. Read again on SIGHUP.",
    ),
    key(
        "verify",
        "behind_proxy",
        Value("[]"),
        "The networks of the proxies that end TLS, as [\"10.0.0.0/8\"]; nobody else is served then.",
    ),
    key(
        "verify",
        "hosts",
        Value("[]"),
        "Names by which it is asked, beside IP addresses, localhost and hostname, as [\"verify.allegro.example\"].",
    ),
    key(
        "verify",
        "unknown_per_token",
        Value("\"1000/1h\""),
        "How many addresses that stand for no order a token may ask for; beyond it every question is answered 429.",
    ),
    key(
        "center",
        "listen",
        Absent("\"192.0.2.25:8027\""),
        "An address where participants reach the Message Center with their tools. Absent: nowhere, and messages are kept all the same.",
    ),
    key(
        "center",
        "tls",
        Absent(
            "{ certificate = \"certs/center/fullchain.pem\", key = \"certs/center/privkey.pem\" }",
        ),
        "PEM files. Absent: loopback or behind_proxy. Read again on SIGHUP.",
    ),
    key(
        "center",
        "behind_proxy",
        Value("[]"),
        "The networks of the proxies that end TLS, as [\"10.0.0.0/8\"]; nobody else is served then.",
    ),
    key(
        "center",
        "hosts",
        Value("[]"),
        "Names by which it is asked, beside IP addresses, localhost and hostname, as [\"center.allegro.example\"].",
    ),
    key(
        "center",
        "issuer",
        Absent("\"https://allegro.example\""),
        "What `iss` of a JSON Web Token says. Absent, with audience and jwks: only tokens of `allegromail tokens` are taken.",
    ),
    key(
        "center",
        "audience",
        Absent("\"message-center\""),
        "What `aud` of a JSON Web Token says.",
    ),
    key(
        "center",
        "jwks",
        Absent("\"https://allegro.example/oauth/jwks\""),
        "The public keys of JSON Web Tokens, a JSON Web Key Set: an address, or a file.",
    ),
    key(
        "center",
        "keep",
        Value("\"180d\""),
        "How long messages are kept.",
    ),
    key(
        "center",
        "behind",
        Value("\"1 GiB\""),
        "By how much of the mail log the archive may be behind; 16 MiB at least. The log keeps for so long what the archive lacks.",
    ),
    key(
        "center",
        "when_behind",
        Value("\"refuse\""),
        "What becomes of new mail then. refuse: 452 until the archive has caught up; skip: it goes on and is missing in the Center.",
    ),
    key(
        "center",
        "requests_per_participant",
        Value("\"600/1m\""),
        "How many requests a participant may make, with all of its tokens; beyond it 429.",
    ),
    key(
        "center",
        "streams",
        Value("5"),
        "Event streams of one participant at once; 1 to 100.",
    ),
    key(
        "center",
        "streams_total",
        Value("2000"),
        "Event streams of all participants at once. Each is a connection.",
    ),
];
