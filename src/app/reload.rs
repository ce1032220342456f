//! What is read again while the server runs: by SIGHUP, and by `allegromail reload`.

use std::fmt::Display;
use std::sync::Arc;

use super::stores::Stores;
use crate::admin::{Reload, Reloaded};
use crate::allowlist::{Diff, Live};
use crate::certificate::{Certificate, CertificateError};
use crate::content::RuleSet;
use crate::delivery::SmtpDelivery;
use crate::inbound::Server;
use crate::intake::LiveRules;
use crate::observe;
use crate::signing::Signer;

/// Everything that is read again.
pub(super) struct Reloader {
    allowlist: Arc<Live>,
    contents: Arc<LiveRules>,
    signer: Arc<Signer>,
    /// Has the certificate of SMTP.
    server: Arc<Server>,
    /// Those of HTTP.
    certificates: Vec<Arc<Certificate>>,
    /// Has the roots by which other servers are believed.
    delivery: Arc<SmtpDelivery>,
}

impl Reloader {
    /// Of what `stores` read, and of the two ends of the relay.
    pub(super) fn new(
        stores: &Stores,
        server: Arc<Server>,
        certificates: Vec<Arc<Certificate>>,
        delivery: Arc<SmtpDelivery>,
    ) -> Arc<Self> {
        Arc::new(Self {
            allowlist: stores.allowlist.clone(),
            contents: stores.contents.clone(),
            signer: stores.signer.clone(),
            server,
            certificates,
            delivery,
        })
    }

    /// The same for the admin interface.
    pub(super) fn for_operators(self: &Arc<Self>) -> Reload {
        let reloader = self.clone();
        Arc::new(move || reloader.run())
    }

    /// Reads all of it, each by itself: a broken allowlist must not keep a new certificate out. What is broken changes nothing and is logged. A message is
    /// judged by the old set or by the new one, never by a mixture (docs/threats.md#91).
    pub(super) fn run(&self) -> Vec<Reloaded> {
        let allowlist = |diff: &Diff| {
            let (added, removed) = (diff.added.len(), diff.removed.len());
            tracing::info!(event = "reloaded", what = "allowlist", added, removed);
            let entries = diff.unchanged + added;
            format!("{entries} entries, {added} added, {removed} removed")
        };
        let contents = |set: &Arc<RuleSet>| {
            let (rules, _, examples, _) = set.sizes();
            let set = &set.version;
            tracing::info!(
                event = "reloaded",
                what = "content rules",
                set,
                rules,
                examples
            );
            format!("set {set}, {rules} rules, {examples} examples")
        };
        vec![
            told("allowlist", self.allowlist.reload(), allowlist),
            told("content rules", self.contents.reload(), contents),
            told("dkim keys", self.signer.reload(), bare("dkim keys")),
            told("certificates", self.certificates(), bare("certificates")),
            told("trust roots", self.delivery.reload(), bare("trust roots")),
        ]
    }

    fn certificates(&self) -> Result<(), CertificateError> {
        self.server.reload_tls()?;
        let mut all = self.certificates.iter();
        all.try_for_each(|certificate| certificate.reload())
    }
}

/// What is told of a reload that has no more to tell than that it is done.
fn bare(what: &'static str) -> impl FnOnce(&()) -> String {
    move |()| {
        tracing::info!(event = "reloaded", what);
        String::new()
    }
}

/// Counts what came of a reload of `what`: in force now, as `log` has it, or why the old stays so.
fn told<T, E: Display>(
    what: &'static str,
    result: Result<T, E>,
    log: impl FnOnce(&T) -> String,
) -> Reloaded {
    let (done, text) = match observe::reloaded(what, result) {
        Ok(now) => (true, log(&now)),
        Err(error) => {
            let error = error.to_string();
            tracing::error!(event = "reload_failed", what, %error, "what was in force stays so");
            (false, error)
        }
    };
    let what = what.to_owned();
    Reloaded { what, done, text }
}
