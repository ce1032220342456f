//! What the checks of a sender found.

/// How strictly a class of senders must prove its From (`[auth] registered`, `[auth] courier`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// An aligned SPF or DKIM pass.
    #[default]
    Require,
    /// As `Require`, but a domain that publishes nothing may pass on weaker evidence.
    Relaxed,
    /// Every From counts as proven: tests and closed networks only.
    Off,
}

/// The answer to "is the From who it says?", with the evidence in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Proof {
    /// Proven; the text says by what (`DKIM d=shop.example`).
    Proven(String),
    /// Not asked, since the class is `off`.
    NotAsked,
    /// No aligned pass; the text names client address, domain and what failed.
    Unproven(String),
    /// DNS gave no answer to a check that could have passed; the text names it.
    Deferred(String),
}
