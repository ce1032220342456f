//! Records go in and come out, indexes stay true both ways, and a broken store is never an empty one.

use std::path::Path;
use std::sync::Arc;

use super::*;
use crate::mail::{Domain, Timestamp};
use crate::masking::{MaskedDomain, MaskedDomains};

mod lines;
mod state;
mod store;

const JAN: &str = r#"{"type":"participant","id":"8awgqyk6a5","login":"jan_kowalski","marketplace":"allegro-pl","language":"pl","primary":"jan@poczta.example","addresses":["jan@poczta.example"]}"#;
const SHOP: &str = r#"{"type":"participant","id":"k2m9x0r7t3","login":"sklep-rowery","marketplace":"allegro-pl","language":"pl","primary":"biuro@rowery.example","addresses":["biuro@rowery.example","sprzedaz@rowery.example"]}"#;
const ORDER: &str =
    r#"{"type":"transaction","id":"cub31c122","buyer":"8awgqyk6a5","seller":"k2m9x0r7t3"}"#;

fn rules() -> RecordRules {
    let name = Domain::parse("allegromail.pl").unwrap();
    let domains = MaskedDomains::new(vec![MaskedDomain {
        name,
        marketplaces: vec![],
        aliases: vec![],
    }]);
    RecordRules {
        domains,
        roles: vec!["postmaster".to_owned()],
    }
}

async fn load(directory: &dyn Directory, lines: &[&str]) -> ImportOutcome {
    import(directory, &rules(), lines.join("\n").as_bytes(), |_| {})
        .await
        .unwrap()
}

fn id(text: &str) -> ParticipantId {
    text.parse().unwrap()
}

fn mailbox(text: &str) -> Mailbox {
    Mailbox::parse(text).unwrap()
}

fn directory(folder: &Path) -> Arc<CachedDirectory> {
    Arc::new(CachedDirectory::new(
        Arc::new(SledDirectory::open(folder).unwrap()),
        1_000,
    ))
}
