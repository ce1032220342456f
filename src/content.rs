//! What may be said (docs/rules-on-contents.md): rules that operators write, tried on what a writer wrote. Pure: a letter, facts and a set of rules
//! in, findings out; the same in, the same out.
//!
//! ```
//! use allegromail::content::{Action, Direction, Facts, Letter, RuleSet, Source};
//!
//! let rule = r#"
//! kind = "shop"
//! category = "prohibited"
//! [[rule]]
//! id = "ban.shop.link"
//! remark = { en = "r", pl = "r", cs = "r", sk = "r", hu = "r" }
//! instead = { en = "i", pl = "i", cs = "i", sk = "i", hu = "i" }
//! links = { kind = "shop" }
//! "#;
//! let set = RuleSet::parse(vec![("shop.toml".to_owned(), rule.to_owned())]).unwrap();
//! let letter = Letter::read(Source { plain: vec!["Taniej na sklep.pl".to_owned()], ..Source::default() });
//! let findings = set.evaluate(&letter, &Facts::default(), &|_| false);
//! let (hit, action) = findings.strictest(&set, |_| Action::Block).unwrap();
//! assert_eq!((set.rules[hit.rule].id.as_str(), action), ("ban.shop.link", Action::Block));
//! ```

mod bits;
mod block;
mod classes;
mod disguises;
mod document_words;
mod documents;
mod facts;
mod fold;
mod html;
mod index;
mod letter;
mod links;
mod numbers;
mod phrase;
mod plain;
mod rows;
mod rules;
mod sentences;
mod terms;
mod together;
mod tokens;
mod words;

pub use block::Place;
pub use documents::{Document, DocumentPlace, MOST_DOCUMENTS, Sought, documents, file_octets};
pub use facts::{Direction, Fact, Facts};
pub use letter::{Attachment, Letter, PlacedLink, Sentence, Source};
pub use links::{Link, LinkType};
pub use rules::{
    Action, Category, Findings, Hit, Problem, Problems, Rule, RuleSet, Texts, is_like,
};

#[cfg(test)]
mod tests;
