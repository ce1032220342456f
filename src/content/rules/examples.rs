//! Examples of rules, as files have them. [`trial`](super::trial) tries them.

use super::file::{RawExample, RawRule};
use crate::content::facts::{Fact, Facts};
use crate::content::letter::{Attachment, Source};

/// A message and what must come of it.
#[derive(Debug, Clone)]
pub(super) struct Example {
    pub(super) file: String,
    pub(super) rule: String,
    pub(super) text: String,
    pub(super) hits: bool,
    pub(super) facts: Facts,
    pub(super) source: Source,
}

impl Example {
    /// # Errors
    /// What is wrong with it.
    pub(super) fn new(file: &str, rule: &RawRule, raw: &RawExample) -> Result<Self, String> {
        let (text, hits) = match (&raw.hit, &raw.miss) {
            (Some(text), None) => (text, true),
            (None, Some(text)) => (text, false),
            _ => return Err("an example has either `hit` or `miss`".to_owned()),
        };
        let mut facts = Facts {
            direction: raw
                .direction
                .or_else(|| rule.direction.first().copied())
                .unwrap_or_default(),
            ..Facts::default()
        };
        let attachments = raw.attachments.iter().map(|name| Attachment {
            name: name.clone(),
            kind: "application/pdf".to_owned(),
        });
        let mut attachments: Vec<Attachment> = attachments.collect();
        for fact in &raw.facts {
            match fact {
                Fact::Automatic => facts.automatic = true,
                Fact::Asked => facts.asked = true,
                Fact::AskedDocument => (facts.asked, facts.asked_document) = (true, true),
                Fact::ByHand | Fact::Question => {}
                Fact::Attachment | Fact::Pdf | Fact::DocumentFile => attachments.push(Attachment {
                    name: "faktura.pdf".to_owned(),
                    kind: "application/pdf".to_owned(),
                }),
            }
        }
        Ok(Self {
            file: file.to_owned(),
            rule: rule.id.clone(),
            text: text.clone(),
            hits,
            facts,
            source: Source {
                subject: raw.subject.clone(),
                plain: vec![text.clone()],
                html: Vec::new(),
                attachments,
                ..Source::default()
            },
        })
    }
}
