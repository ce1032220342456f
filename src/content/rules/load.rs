//! Sets from their files: those that are compiled in, and others.

use sha2::{Digest, Sha256};

use super::compile::compile;
use super::set::{Problems, RuleSet};
use super::trial;

/// The files that are compiled in, by name.
const SHIPPED: &[(&str, &str)] = &[
    ("lists.toml", include_str!("../../../rules/lists.toml")),
    (
        "lists.prohibited.toml",
        include_str!("../../../rules/lists.prohibited.toml"),
    ),
    (
        "lists.ideas.toml",
        include_str!("../../../rules/lists.ideas.toml"),
    ),
    ("safe.toml", include_str!("../../../rules/safe.toml")),
    (
        "document.toml",
        include_str!("../../../rules/document.toml"),
    ),
    ("order.toml", include_str!("../../../rules/order.toml")),
    ("payment.toml", include_str!("../../../rules/payment.toml")),
    (
        "progress.toml",
        include_str!("../../../rules/progress.toml"),
    ),
    ("sent.toml", include_str!("../../../rules/sent.toml")),
    ("parcel.toml", include_str!("../../../rules/parcel.toml")),
    (
        "reminder.toml",
        include_str!("../../../rules/reminder.toml"),
    ),
    ("rating.toml", include_str!("../../../rules/rating.toml")),
    (
        "rating_change.toml",
        include_str!("../../../rules/rating_change.toml"),
    ),
    ("goods.toml", include_str!("../../../rules/goods.toml")),
    (
        "goods_groups.toml",
        include_str!("../../../rules/goods_groups.toml"),
    ),
    ("outside.toml", include_str!("../../../rules/outside.toml")),
    ("shop.toml", include_str!("../../../rules/shop.toml")),
    ("scam.toml", include_str!("../../../rules/scam.toml")),
    (
        "credentials.toml",
        include_str!("../../../rules/credentials.toml"),
    ),
    ("account.toml", include_str!("../../../rules/account.toml")),
    ("abuse.toml", include_str!("../../../rules/abuse.toml")),
    ("danger.toml", include_str!("../../../rules/danger.toml")),
];

impl RuleSet {
    /// The set that is compiled in.
    ///
    /// # Errors
    /// Everything that is wrong; a test sees to it that nothing is.
    pub fn shipped() -> Result<Self, Problems> {
        let files = SHIPPED
            .iter()
            .map(|(name, text)| ((*name).to_owned(), (*text).to_owned()));
        Self::parse(files.collect())
    }

    /// Reads files by name and text.
    ///
    /// # Errors
    /// Everything that is wrong with files, rules and examples.
    pub fn parse(mut files: Vec<(String, String)>) -> Result<Self, Problems> {
        // The order of evaluation is that of the names.
        files.sort();
        let mut set = compile(&files)?;
        set.version = version(&files);
        let problems = trial::run(&set);
        if problems.is_empty() {
            Ok(set)
        } else {
            Err(Problems(problems))
        }
    }
}

/// Eight hexadecimal digits: operators compare them.
fn version(files: &[(String, String)]) -> String {
    let mut digest = Sha256::new();
    for (name, text) in files {
        digest.update(name.as_bytes());
        digest.update([0]);
        digest.update(text.as_bytes());
        digest.update([0]);
    }
    let digest = digest.finalize();
    data_encoding::HEXLOWER.encode(digest.get(..4).unwrap_or(&digest))
}
