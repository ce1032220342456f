//! [`Questions`]: what the library asks the DNS over one message, seen through the caches that it takes.
//!
//! The library asks one question after the other and hands out the name of each as the key of a look-up in a cache. So a cache that holds
//! nothing can tell which questions fail, and can answer those that failed before from [`FailureCache`].
//!
//! Without this a domain whose name servers are dead costs every one of its messages the full time-out, for the resolver keeps answers only.
//! Answers that came are kept there, so a cache here would hold them twice.

mod caches;

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::{Mutex, PoisonError};
use std::task::Poll;
use std::time::Duration;

use hickory_resolver::proto::rr::RecordType;
use mail_auth::{DnssecStatus, MessageAuthenticator, Parameters, RecordSet};
use tokio::time::Instant;

use crate::resolve::FailureCache;

/// The DNS as the checks of one message ask it.
pub(super) struct Questions<'a> {
    /// The library, over the resolver that everything shares.
    pub(super) library: &'a MessageAuthenticator,
    failures: &'a FailureCache,
    /// How long a server may take for one question.
    patience: Duration,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// The question that was asked last, if its answer is not known yet.
    open: Option<(RecordType, String, Instant)>,
    /// The names of the client, whose addresses only a `ptr` mechanism asks for: it passes over failures (RFC 7208 5.5).
    client_names: Vec<Box<str>>,
    /// A question without which the check that runs cannot end.
    dead: bool,
    /// The last failure, in words.
    trouble: Option<String>,
}

/// Parameters of the library whose caches are [`Questions`].
pub(super) type Asked<'x, P> =
    Parameters<'x, P, Questions<'x>, Questions<'x>, Questions<'x>, Questions<'x>, Questions<'x>>;

impl<'a> Questions<'a> {
    pub(super) fn new(
        library: &'a MessageAuthenticator,
        failures: &'a FailureCache,
        patience: Duration,
    ) -> Self {
        Self {
            library,
            failures,
            patience,
            state: Mutex::default(),
        }
    }

    /// `subject` with this as every cache.
    pub(super) fn about<'x, P>(&'x self, subject: P) -> Asked<'x, P> {
        Parameters::new(subject)
            .with_txt_cache(self)
            .with_mx_cache(self)
            .with_ptr_cache(self)
            .with_ipv4_cache(self)
            .with_ipv6_cache(self)
    }

    /// Runs a check. None: it hangs on a question that failed lately, which is not asked again.
    pub(super) async fn run<T>(&self, check: impl Future<Output = T>) -> Option<T> {
        // One check may die while the others of the message go on.
        self.with(|state| state.dead = false);
        let mut check = pin!(check);
        let answer = poll_fn(|context| {
            let polled = check.as_mut().poll(context);
            if self.with(|state| state.dead) {
                return Poll::Ready(None);
            }
            polled.map(Some)
        })
        .await;
        self.close();
        answer
    }

    /// The check that ran got no answer: so it was the last question. What it was, in words.
    pub(super) fn failed(&self) -> String {
        if let Some((kind, name, _)) = self.with(|state| state.open.take()) {
            self.note(kind, &name, "there is no usable answer");
        }
        let trouble = self.with(|state| state.trouble.clone());
        trouble.unwrap_or_else(|| "the DNS gave no answer".to_owned())
    }

    /// A question of which the library itself told that it failed.
    pub(super) fn failed_for(&self, kind: RecordType, name: &str) {
        if self.failures.get(kind, name).is_none() {
            self.note(kind, name, "there is no usable answer");
        }
    }

    /// Notes a failed question.
    fn note(&self, kind: RecordType, name: &str, cause: &str) {
        self.failures.note(kind, name, cause.to_owned());
        self.with(|state| state.trouble = Some(words(kind, name)));
    }

    /// A question is about to be asked. If it failed lately: why.
    fn asks(&self, kind: RecordType, name: String) -> Option<String> {
        self.close();
        if let Some(cause) = self.failures.get(kind, &name) {
            self.with(|state| state.trouble = Some(words(kind, &name)));
            return Some(cause);
        }
        self.with(|state| state.open = Some((kind, name, Instant::now())));
        None
    }

    /// Another question follows, or none. One that took as long as a server may take has failed, also where the check went on without it.
    fn close(&self) {
        // Where it ended sooner there most likely is no such record, which the library does not keep.
        let late = |state: &mut State| {
            state
                .open
                .take_if(|(_, _, since)| since.elapsed() >= self.patience)
        };
        if let Some((kind, name, _)) = self.with(late) {
            self.note(kind, &name, "it took too long");
        }
    }

    /// The answer to the open question has come.
    pub(super) fn answered(&self) {
        self.with(|state| state.open = None);
    }

    /// The state, never held over an await.
    fn with<T>(&self, work: impl FnOnce(&mut State) -> T) -> T {
        work(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Addresses or mail hosts of a name. The library's cache has no word for a failure, so the check ends there.
    fn asks_for_hosts<T>(&self, kind: RecordType, name: String) -> Option<RecordSet<T>>
    where
        Vec<T>: Into<std::sync::Arc<[T]>>,
    {
        let of_client = self.with(|state| state.client_names.iter().any(|known| **known == *name));
        self.asks(kind, name)?;
        if of_client {
            return Some(none());
        }
        self.with(|state| state.dead = true);
        None
    }
}

/// A failed question in the words of a reply. The name of a client is asked for by its address, which the reply has already.
fn words(kind: RecordType, name: &str) -> String {
    match kind {
        RecordType::PTR => "the DNS gave no answer to the name of the client".to_owned(),
        _ => format!(
            "the DNS gave no answer to {kind} {}",
            name.trim_end_matches('.')
        ),
    }
}

/// An answer without records.
fn none<T>() -> RecordSet<T> {
    RecordSet {
        rrset: Vec::new().into(),
        dnssec_status: DnssecStatus::Indeterminate,
    }
}
