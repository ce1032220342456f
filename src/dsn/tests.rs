//! Reports are read back by another parser, and name nobody.

use std::sync::Arc;

use mail_parser::{MessageParser, MimeHeaders};

use super::*;
use crate::mail::{
    Diagnostic, Domain, EnhancedStatus, Mailbox, QueueId, Reply, Reported, ReversePath, Timestamp,
};
use crate::masking::MaskedDomains;
use crate::message::Message;
use crate::spool::MessageSummary;

mod masking;
mod reports;
mod returned;

const MASK: &str = "k2m9x0r7t3+cub31c122@allegromail.pl";

fn hidden() -> HiddenAddresses {
    HiddenAddresses {
        real: vec![Mailbox::parse("jan.k@poczta.example").unwrap()],
        shown_as: MASK.to_owned(),
    }
}

fn report(language: &str, diagnostic: &Diagnostic, about: &MessageSummary) -> Vec<u8> {
    report_of(Action::Failed, language, diagnostic, about)
}

fn report_of(
    action: Action,
    language: &str,
    diagnostic: &Diagnostic,
    about: &MessageSummary,
) -> Vec<u8> {
    let reporter = Reporter {
        hostname: Domain::parse("mx.allegromail.pl").unwrap(),
        domains: Arc::new(MaskedDomains::default()),
    };
    let to = Mailbox::parse("8awgqyk6a5+cub31c122@allegromail.pl").unwrap();
    let domain = Domain::parse("allegromail.pl").unwrap();
    compose(
        &reporter,
        &Report {
            id: QueueId(77),
            to: &to,
            domain: &domain,
            language,
            about,
            arrived: Timestamp(1_795_392_000_000),
            now: Timestamp(1_795_395_600_000),
            retries_until: Timestamp(1_795_824_000_000),
            diagnostic,
            action,
        },
    )
    .unwrap()
}

fn about() -> MessageSummary {
    MessageSummary {
        recipient: MASK.to_owned(),
        subject: "Pytanie o żółty rower".to_owned(),
        date: "Mon, 23 Nov 2026 10:00:00 +0100".to_owned(),
        message_id: "<1@poczta.example>".to_owned(),
        content_type: "text/plain;\r\n charset=\"iso-8859-2\"".to_owned(),
    }
}
