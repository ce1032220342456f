//! What is asked of a check, and what it says.

use std::net::IpAddr;

use super::{Means, Mode, SharedSpf};
use crate::mail::{Domain, Mailbox, ReversePath};
use crate::message::Message;

/// What the prover needs of the configuration.
#[derive(Debug, Clone)]
pub struct ProverSettings {
    /// Our name, as SPF's macro `%{r}` has it.
    pub hostname: Domain,
    /// What a pass through a shared include is worth.
    pub shared_spf: SharedSpf,
    /// The records of mailing providers whose servers strangers share.
    pub shared_includes: Vec<Domain>,
}

/// What is known of a message and of the client that brings it.
#[derive(Debug, Clone, Copy)]
pub struct Evidence<'a> {
    /// The client's address.
    pub client: IpAddr,
    /// What the client calls itself.
    pub helo: &'a str,
    /// MAIL FROM.
    pub reverse_path: &'a ReversePath,
    /// The visible From.
    pub from: &'a Mailbox,
    /// The message as it came.
    pub message: &'a Message,
    /// How strictly the From must be proven.
    pub mode: Mode,
    /// The masked recipients, as the client gave them.
    pub recipients: &'a [Mailbox],
}

/// What one kind of check found.
#[derive(Debug)]
pub(super) enum Check {
    /// An aligned pass.
    Passed(Means),
    /// Not a pass; why, in words.
    Failed(String),
    /// The domain publishes nothing, or nothing was signed.
    Absent(String),
    /// The DNS gave no answer.
    Unknown(String),
}

impl Check {
    /// The word for it (RFC 8601 2.7).
    pub(super) const fn result(&self) -> &'static str {
        match self {
            Self::Passed(_) => "pass",
            Self::Failed(_) => "fail",
            Self::Absent(_) => "none",
            Self::Unknown(_) => "temperror",
        }
    }

    /// What it found, as `explain` tells it.
    pub(super) fn words(&self) -> String {
        match self {
            Self::Passed(means) => format!("{means} passes"),
            Self::Failed(text) | Self::Absent(text) | Self::Unknown(text) => text.clone(),
        }
    }
}

/// One check and what came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// `spf`, `dkim`, `name` or `dns`.
    pub check: &'static str,
    /// `pass`, `fail`, `none` or `temperror` (RFC 8601 2.7).
    pub result: &'static str,
    /// What it found, in words. Names domains.
    pub finding: String,
}

impl Step {
    pub(super) const fn new(check: &'static str, result: &'static str, finding: String) -> Self {
        Self {
            check,
            result,
            finding,
        }
    }
}

/// The checks of one message in the order in which they were asked.
pub type Steps = Vec<Step>;

/// The checks in short, each result once: `spf=none dkim=pass`. Names nobody.
#[must_use]
pub fn in_short(steps: &Steps) -> String {
    let mut told: Vec<String> = Vec::new();
    for step in steps {
        let result = format!("{}={}", step.check, step.result);
        if !told.contains(&result) {
            told.push(result);
        }
    }
    told.join(" ")
}
