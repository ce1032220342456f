//! `[auth]`, `[policy]`, `[limits]`: what decisions are made by.

use crate::auth::Mode;
use crate::config::checked::{Auth, Limits, Policy};
use crate::config::diagnostics::Diagnostics;
use crate::config::reader::Section;
use crate::config::value;
use crate::config::value::domain;
use crate::mail::Mailbox;

/// `[auth]`. That the proof is off is a warning: tests and closed networks need it, a server on the net must see it at every start.
pub(super) fn auth(section: &Section<'_>, log: &mut Diagnostics<'_>) -> Option<Auth> {
    let mut mode = |name: &str| {
        let mode: Option<Mode> = section.word(name, log);
        if mode == Some(Mode::Off) {
            log.warn(
                section.position(name).or_else(|| section.at.clone()),
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

/// `[policy]`. Without a contact the server works and leaves roles unanswered (RFC 5321 4.5.1), hence the warning.
pub(super) fn policy(section: &Section<'_>, log: &mut Diagnostics<'_>) -> Option<Policy> {
    let require_transaction = section.flag("require_transaction", log);
    let transaction_grace = section.text("transaction_grace", log, value::duration);
    let courier_recipients = section.word("courier_recipients", log);
    let display_name = section.word("display_name", log);
    let signature_note = section.flag("signature_note", log);
    let guess_memory = section.text("guess_memory", log, value::duration);
    let keep_copyright = section.flag("keep_copyright", log);
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
    // In lower case as ids are, which must not be roles.
    let roles = section.list("roles", log, |text| Ok(text.to_ascii_lowercase()));
    // It is printed within the brackets of a reply, `[reason; …]`: what closes or parts those would break them, and a long one the reply's line.
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
        guess_memory: guess_memory?,
        keep_copyright: keep_copyright?,
        contact,
        roles: roles?,
        help_url,
    })
}

/// `[limits]`. Numbers are taken as they are, without holding one against another.
pub(super) fn limits(section: &Section<'_>, log: &mut Diagnostics<'_>) -> Option<Limits> {
    let refusals_per_client = section.text("refusals_per_client", log, value::budget);
    let messages_per_sender = section.text("messages_per_sender", log, value::budget);
    let messages_per_transaction = section.text("messages_per_transaction", log, value::budget);
    let role_messages = section.text("role_messages", log, value::budget);
    let role_messages_total = section.text("role_messages_total", log, value::budget);
    let connections_per_client = section.number("connections_per_client", log, 1..=100_000);
    let connections = section.number("connections", log, 1..=100_000);
    let connections_per_network = section.number("connections_per_network", log, 1..=100_000);
    let memory = section.size("memory", log);
    Some(Limits {
        refusals_per_client: refusals_per_client?,
        messages_per_sender: messages_per_sender?,
        messages_per_transaction: messages_per_transaction?,
        role_messages: role_messages?,
        role_messages_total: role_messages_total?,
        connections_per_client: connections_per_client?,
        connections: connections?,
        connections_per_network: connections_per_network?,
        memory: memory?,
    })
}
