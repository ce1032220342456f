//! The keys of the decisions: proof, policy, limits, and the keys of tokens.

use super::key::DefaultValue::{Absent, Required, Value};
use super::key::{Key, key};

/// In the order of the example. That a From must be proven is the default (docs/rules.md#who-may-write); to do without has to be asked for.
pub(super) const KEYS: &[Key] = &[
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
        "guess_memory",
        Value("\"180d\""),
        "How long after a pair's last message its addresses and domains are remembered, as digests.",
    ),
    key(
        "policy",
        "keep_copyright",
        Value("true"),
        "true: pictures of sellers keep the artist and the copyright that their Exif data name. All else of such data goes from everybody's pictures.",
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
        "content",
        "rules",
        Absent("\"rules\""),
        "The rules on contents: a folder of *.toml. Read again on SIGHUP. Absent: those that are compiled in.",
    ),
    key(
        "content",
        "shadow",
        Absent("\"rules.next\""),
        "Another set that is asked beside them, decides nothing, and has what it would decide otherwise counted.",
    ),
    key(
        "content",
        "duplicate",
        Value(
            "[{ from = 2025-10-20, action = \"warn\" }, { from = 2026-03-02, action = \"block\" }]",
        ),
        "What becomes of duplicates of the marketplace's own mail, from which day on (midnight in Warsaw): off, observe, warn or block.",
    ),
    key(
        "content",
        "prohibited",
        Value("[{ from = 2019-01-01, action = \"block\" }]"),
        "The same for prohibited contents.",
    ),
    key(
        "content",
        "attachment",
        Value("[{ from = 2019-01-01, action = \"block\" }]"),
        "What becomes of attached files that are no PDF, JPEG, PNG, GIF, BMP or TIFF by their contents, from which day on: off or block.",
    ),
    key(
        "content",
        "asked_within",
        Value("\"30d\""),
        "How long what a buyer wrote may be answered by one message that would else be a duplicate. Answers with a Message-ID of ours have no end.",
    ),
    key(
        "content.exception",
        "seller",
        Required("\"8awgqyk6a5\""),
        "A rule that is not held against one seller: its fixed id.",
    ),
    key(
        "content.exception",
        "rule",
        Required("\"dup.*\""),
        "The rule, or what its id begins with and a `*`.",
    ),
    key(
        "content.exception",
        "until",
        Required("2026-12-31"),
        "The last day of the exception.",
    ),
    key(
        "limits",
        "refusals_per_client",
        Value("\"300/10m\""),
        "COUNT/PERIOD or \"off\". Unproven refusals count for the client's address (IPv6: its /64), proven ones for the domain, or the mailbox at a shared provider.",
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
        "COUNT/PERIOD or \"off\", for each who writes about it: buyer, seller, each courier, a copy that goes round.",
    ),
    key(
        "limits",
        "role_messages",
        Value("\"60/1h\""),
        "COUNT/PERIOD or \"off\": mail to roles, for each client address, and for each registered writer that is proven.",
    ),
    key(
        "limits",
        "role_messages_total",
        Value("\"600/1h\""),
        "COUNT/PERIOD or \"off\": mail to roles of all who are not registered and proven together.",
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
        "For messages under way, in every copy; beyond it 452. Five times smtp.max_message_size and 16 MiB at least is taken.",
    ),
    key(
        "secrets",
        "key_file",
        Required("\"certs/secret.key\""),
        "One path or several: 32 or more raw bytes each. The first signs, all verify.",
    ),
];
