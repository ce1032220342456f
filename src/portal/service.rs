//! What answers are made of, and what is counted over all requests.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use governor::clock::{Clock as _, DefaultClock};
use governor::state::keyed::DefaultKeyedStateStore;
use governor::{Quota, RateLimiter};

use super::caller::Caller;
use super::downloads::Downloads;
use super::problem::Problem;
use super::reports;
use super::sign_in::SignIn;
use super::stream::Streams;
use super::uploads::Uploads;
use crate::archive::{Archive, Published};
use crate::center::{News, Outbox};
use crate::clock::Clock;
use crate::config::{Budget, Center};
use crate::directory::{AccountStatus, Directory, Mark, Participant, State};
use crate::http::Guard;
use crate::masking::{ParticipantId, PassKeys};
use crate::tokens::Tokens;
use tokio_util::sync::CancellationToken;

/// How many participants the budget of requests may know before those that have all of theirs again are forgotten.
const MANY: usize = 100_000;

/// What answers are made of.
pub struct PortalContext {
    /// Accounts and orders: who may still write, and whether an account is there.
    pub directory: Arc<dyn Directory>,
    /// Threads, messages and feeds.
    pub archive: Arc<dyn Archive>,
    /// Where written messages go.
    pub outbox: Arc<dyn Outbox>,
    /// Rings when a feed has grown.
    pub news: News,
    /// The tokens that operators have made.
    pub tokens: Arc<Tokens>,
    /// What tickets and sessions are known by.
    pub passes: PassKeys,
    /// Whose tokens are taken beside those; none: nobody's.
    pub sign_in: Option<SignIn>,
    /// The marketplace's own feed, where reports go.
    pub state: Arc<dyn State>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// The names of the listener, and whose pages may ask.
    pub guard: Guard,
    /// Budgets, and how many streams there may be.
    pub center: Center,
    /// `[policy] require_transaction`: whether nobody writes about no order.
    pub require_transaction: bool,
    /// The largest message in octets, and so the largest file.
    pub max_message_size: usize,
    /// After how long of silence a stream says that it lives.
    pub heartbeat: Duration,
}

/// The same with what it counts.
pub(super) struct PortalService {
    pub(super) parts: PortalContext,
    pub(super) downloads: Downloads,
    pub(super) streams: Streams,
    /// Ends streams.
    pub(super) stop: CancellationToken,
    pub(super) uploads: Uploads,
    /// One ticket at a time: of those that ask at once through this server one is the first.
    first: tokio::sync::Mutex<()>,
    requests: Option<Requests>,
    reports: Option<Requests>,
}

type Requests = RateLimiter<ParticipantId, DefaultKeyedStateStore<ParticipantId>, DefaultClock>;

impl PortalService {
    pub(super) fn new(parts: PortalContext, stop: CancellationToken) -> Self {
        Self {
            streams: Streams::new(parts.center.streams, parts.center.streams_total),
            stop,
            requests: parts.center.requests_per_participant.and_then(requests),
            downloads: Downloads::default(),
            uploads: Uploads::default(),
            first: tokio::sync::Mutex::default(),
            reports: requests(reports::BUDGET),
            parts,
        }
    }

    /// An account that may ask: a suspended one reads what it has, one that is gone has nothing.
    ///
    /// # Errors
    /// 401, 503.
    pub(super) async fn account(&self, id: &ParticipantId) -> Result<Arc<Participant>, Problem> {
        let account = self.parts.directory.participant(id).await?;
        let account = account.filter(|account| account.status != AccountStatus::Deleted);
        account.ok_or_else(Problem::token)
    }

    /// Whether a mark was not set before; it is from now on, on all nodes.
    ///
    /// # Errors
    /// 503.
    pub(super) async fn is_first(&self, mark: Mark) -> Result<bool, Problem> {
        let _turn = self.first.lock().await;
        let state = &self.parts.state;
        if state.is_marked(mark).await? || !state.claim(mark).await? {
            return Ok(false);
        }
        state.mark(mark).await?;
        Ok(true)
    }

    /// Tells the other tools of `of` that its feed may have grown by what it did itself.
    pub(super) async fn ring(&self, of: &ParticipantId) {
        if let Ok(number) = self.parts.archive.end(of.clone()).await {
            let participant = of.clone();
            self.parts.news.tell([Published {
                participant,
                number,
            }]);
        }
    }

    /// How long a stream of `caller` may be silent: until its next sign of life, or until its token ends.
    pub(super) fn heartbeat(&self, caller: &Caller) -> Duration {
        let now = self.parts.clock.now();
        let left = caller.credential.ends().map(|end| end.since(now));
        left.map_or(self.parts.heartbeat, |left| self.parts.heartbeat.min(left))
    }

    /// Counts a request of `of`.
    ///
    /// # Errors
    /// 429: its budget is spent.
    pub(super) fn count_request(&self, of: &ParticipantId) -> Result<(), Problem> {
        count(self.requests.as_ref(), of, "requests_per_participant")
    }

    /// Counts a report of `of`.
    ///
    /// # Errors
    /// 429: its budget is spent.
    pub(super) fn count_report(&self, of: &ParticipantId) -> Result<(), Problem> {
        count(self.reports.as_ref(), of, "reports")
    }
}

fn count(
    buckets: Option<&Requests>,
    of: &ParticipantId,
    budget: &'static str,
) -> Result<(), Problem> {
    let Some(buckets) = buckets else {
        return Ok(());
    };
    if buckets.len() > MANY {
        buckets.retain_recent();
    }
    buckets.check_key(of).map_err(|until| {
        let wait: Duration = until.wait_time_from(DefaultClock::default().now());
        Problem::spent(budget, wait)
    })
}

/// A bucket for each participant that fills up evenly.
fn requests(budget: Budget) -> Option<Requests> {
    let count = NonZeroU32::new(budget.count)?;
    let quota = Quota::with_period(budget.period / budget.count)?.allow_burst(count);
    Some(RateLimiter::keyed(quota))
}
