//! What leaves names nobody: fields by allowlist, addresses masked, bodies untouched.

use std::sync::LazyLock;

use super::*;
use crate::mail::{Domain, Mailbox, Timestamp, TraceId};
use crate::masking::{MaskedDomain, MaskedDomains};
use crate::message::Message;
use crate::policy::Reason;

mod bodies;
mod couriers;
mod fields;
mod leak_gate;

fn domains() -> MaskedDomains {
    let domain = |text: &str| Domain::parse(text).unwrap();
    MaskedDomains::new(vec![MaskedDomain {
        name: domain("allegromail.pl"),
        marketplaces: vec!["allegro-pl".into()],
        aliases: vec![domain("user.allegrogroup.pl")],
    }])
}

fn mailbox(text: &str) -> Mailbox {
    Mailbox::parse(text).unwrap()
}

fn trace() -> Trace {
    Trace {
        host: Domain::parse("mx.allegromail.pl").unwrap(),
        id: TraceId::new(7, 1),
        at: Timestamp(1_795_392_000_000),
    }
}

fn rewrite(raw: &str) -> Result<String, RewriteError> {
    rewrite_with(raw, Options::default())
}

fn rewrite_with(raw: &str, options: Options<'_>) -> Result<String, RewriteError> {
    let message = Message::parse(bytes::Bytes::from(raw.to_owned())).unwrap();
    let domains = domains();
    let plan = plan(&domains, options);
    participant(&message, &plan).map(|out| String::from_utf8_lossy(&out).into_owned())
}

fn plan<'a>(domains: &'a MaskedDomains, options: Options<'a>) -> ParticipantPlan<'a> {
    static WRITER: LazyLock<[Mailbox; 1]> = LazyLock::new(|| [mailbox("jan@poczta.example")]);
    ParticipantPlan {
        from: mailbox("8awgqyk6a5+cub31c122@allegromail.pl"),
        from_name: Some("jan_kowalski".to_owned()),
        writer_addresses: &*WRITER,
        to: mailbox("k2m9x0r7t3+cub31c122@allegromail.pl"),
        threading: Threading {
            message_id: "7-1.1@allegromail.pl".to_owned(),
            ..Threading::default()
        },
        domains,
        trace: trace(),
        options,
    }
}
