//! What is read again while the server runs: by SIGHUP, and by `allegromail reload`.

use std::fmt::Display;
use std::sync::{Arc, Mutex, PoisonError};

use super::stores::Stores;
use crate::admin::{AllowlistDiff, Reload, Reloaded};
use crate::allowlist::Errors;
use crate::certificate::{Certificate, CertificateError};
use crate::config::{self, Config};
use crate::content::{Problems, RuleSet};
use crate::delivery::SmtpDelivery;
use crate::in_force::{AllowlistReload, InForce, What};
use crate::inbound::Server;
use crate::observe::Reloads;
use crate::signing::Signer;

/// Everything that is read again.
pub(super) struct Reloader {
    /// As it was read at the start.
    config: Arc<Config>,
    in_force: Arc<InForce>,
    signer: Arc<Signer>,
    /// Has the certificate of SMTP.
    server: Arc<Server>,
    /// Those of HTTP.
    certificates: Vec<Arc<Certificate>>,
    /// Has the roots by which other servers are believed.
    delivery: Arc<SmtpDelivery>,
    outcomes: Arc<Reloads>,
    /// One at a time: of two at once the one that read older files might end last.
    turn: Mutex<()>,
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
            config: stores.config.clone(),
            in_force: stores.in_force.clone(),
            signer: stores.signer.clone(),
            server,
            certificates,
            delivery,
            outcomes: stores.in_force.outcomes(),
            turn: Mutex::new(()),
        })
    }

    /// The same for the admin interface.
    pub(super) fn for_operators(self: &Arc<Self>) -> Reload {
        let reloader = self.clone();
        Arc::new(move |what, by| reloader.run(what, by))
    }

    /// Reads all of it, or `what` is asked for, each by itself: a broken allowlist must not keep a new certificate out. What is broken changes nothing and
    /// is logged. Allowlist and rules are swapped together, and a message is judged by those before or by those after, never by a mixture
    /// (docs/threats.md#91). `by`: who asked.
    pub(super) fn run(&self, what: What, by: &str) -> Vec<Reloaded> {
        let _turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        let reload = self.in_force.reload(what, by);
        let mut all = Vec::new();
        all.extend(reload.allowlist.map(|read| self.allowlist(read, by)));
        all.extend(reload.rules.map(|read| self.rules(read)));
        // With the first of them: it is in force, and not kept.
        if let Some(first) = all.first_mut() {
            for error in reload.unkept {
                if let Some(diff) = &mut first.allowlist {
                    diff.warnings
                        .push(format!("not kept for a restart: {error}"));
                }
                first.text.push_str("\nnot kept for a restart: ");
                first.text.push_str(&error);
            }
        }
        if what == What::All {
            all.push(self.told("dkim keys", self.signer.reload(), bare("dkim keys")));
            all.push(self.told("certificates", self.certificates(), bare("certificates")));
            let roots = self.delivery.reload();
            all.push(self.told("trust roots", roots, bare("trust roots")));
            all.push(self.configuration());
        }
        all
    }

    fn allowlist(&self, read: Result<AllowlistReload, Errors>, by: &str) -> Reloaded {
        let mut told = None;
        let mut reloaded = self.told("allowlist", read, |reload| {
            let diff = &reload.diff;
            let (added, removed) = (diff.added.len(), diff.removed.len());
            let (generation, digest) = (reload.generation, &reload.digest);
            tracing::info!(
                event = "reloaded",
                what = "allowlist",
                added,
                removed,
                generation,
                digest,
                by
            );
            let entries = diff.unchanged + added;
            let noun = if entries == 1 { "entry" } else { "entries" };
            told = Some(AllowlistDiff {
                entries,
                added: diff.added.clone(),
                removed: diff.removed.clone(),
                warnings: diff.warnings.iter().map(ToString::to_string).collect(),
                generation,
                digest: digest.clone(),
            });
            format!("{entries} {noun}, {added} added, {removed} removed")
        });
        reloaded.allowlist = told;
        reloaded
    }

    fn rules(&self, read: Result<Arc<RuleSet>, Problems>) -> Reloaded {
        self.told("content rules", read, |set| {
            let (rules, _, examples, _) = set.sizes();
            let set = &set.version;
            let what = "content rules";
            tracing::info!(event = "reloaded", what, set, rules, examples);
            format!("set {set}, {rules} rules, {examples} examples")
        })
    }

    /// All of them or none: one that is broken is told for all, and then all must be the old ones.
    fn certificates(&self) -> Result<(), CertificateError> {
        let smtp = self.server.load_tls()?;
        let http = self.certificates.iter().map(|one| one.load_again());
        let http: Vec<_> = http.collect::<Result<_, _>>()?;
        smtp();
        http.into_iter().for_each(|take| take());
        Ok(())
    }

    /// Says what the configuration file says otherwise than at the start: only a restart takes that over, and nobody should believe that a reload did.
    fn configuration(&self) -> Reloaded {
        let changed = config::changed(&self.config);
        let mut keys = Vec::new();
        let mut reloaded = self.told("configuration", changed, |changed| {
            keys.clone_from(changed);
            if changed.is_empty() {
                return "as it was read at the start".to_owned();
            }
            let names = changed.join(", ");
            tracing::warn!(
                event = "restart_needed",
                keys = names,
                "these keys have other values in the configuration file; the server takes them over at a restart"
            );
            format!(
                "{names}: read at the start only; `allegromail config check`, then `systemctl restart allegromail`"
            )
        });
        if !reloaded.done {
            reloaded.text.push_str(
                "\na restart would fail: mend the file, try it with `allegromail config check`",
            );
        }
        reloaded.done &= keys.is_empty();
        reloaded.restart = keys;
        reloaded
    }

    /// Counts what came of a reload of `what`: in force now, as `log` has it, or why the old stays so.
    fn told<T, E: Display>(
        &self,
        what: &'static str,
        result: Result<T, E>,
        log: impl FnOnce(&T) -> String,
    ) -> Reloaded {
        let (done, text) = match self.outcomes.count(what, result) {
            Ok(now) => (true, log(&now)),
            Err(error) => {
                let error = error.to_string();
                tracing::error!(event = "reload_failed", what, %error, "what was in force stays so");
                (false, error)
            }
        };
        Reloaded {
            what: what.to_owned(),
            done,
            text,
            ..Reloaded::default()
        }
    }
}

/// What is told of a reload that has no more to tell than that it is done.
fn bare(what: &'static str) -> impl FnOnce(&()) -> String {
    move |()| {
        tracing::info!(event = "reloaded", what);
        String::new()
    }
}
