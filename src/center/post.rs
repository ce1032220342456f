//! From a draft to mail: whom it goes to, once for each key, through the intake.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::watch;

use super::addressed::Addressed;
use super::compose::{self, Envelope};
use super::ids::Ids;
use super::ingest::{Progress, key};
use super::outbox::{Draft, IdempotencyKey, Outbox, PostError, Posting};
use crate::archive::{Archive, ArchiveError, MessageId};
use crate::clock::Clock;
use crate::directory::{Directory, Unavailable};
use crate::intake::{Intake, Submission};
use crate::mail::{QueueId, Timestamp};
use crate::masking::{ParticipantId, TransactionId};
use crate::policy::{Reason, Refusal};
use crate::spool::{LogReader, Posted};

/// For how long a key is known, in milliseconds.
const KEY_KNOWN_MS: u64 = 24 * 3_600 * 1_000;
/// How long an answer waits for the archive: what is durable is sent, whether or not it can be read already.
const READABLE: Duration = Duration::from_secs(10);
/// When it is worth another try after a budget was used up.
const RETRY_AFTER: Duration = Duration::from_secs(60);
/// Messages of a thread that an answer may name.
const THREAD: usize = 10;

/// The outbox.
pub(super) struct Post {
    pub(super) archive: Arc<dyn Archive>,
    pub(super) directory: Arc<dyn Directory>,
    pub(super) intake: Arc<Intake>,
    pub(super) log: LogReader,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) ids: Ids,
    /// The largest letter in octets.
    pub(super) most_octets: usize,
    /// How far the log has been read.
    pub(super) progress: watch::Receiver<Progress>,
    pub(super) under_way: Arc<Mutex<KeysUnderWay>>,
}

/// Idempotency keys of messages that the archive has not got yet, with their writers.
pub(super) type KeysUnderWay = HashSet<(ParticipantId, [u8; 16])>;

impl From<ArchiveError> for PostError {
    fn from(error: ArchiveError) -> Self {
        Self::Unavailable(error.to_string())
    }
}

impl From<Unavailable> for PostError {
    fn from(error: Unavailable) -> Self {
        Self::Unavailable(error.to_string())
    }
}

impl From<Refusal> for PostError {
    fn from(refusal: Refusal) -> Self {
        match refusal.reason {
            Reason::Rate => Self::Limited {
                budget: refusal.rule.unwrap_or("limits"),
                retry_after: RETRY_AFTER,
            },
            // Ours, or for now.
            reason if reason.code() < 500 && reason != Reason::UnknownTransaction => {
                Self::Unavailable(refusal.text)
            }
            reason => Self::Refused {
                reason: reason.word(),
                rule: refusal.rule,
                detail: refusal.text,
            },
        }
    }
}

impl Outbox for Post {
    fn post<'a>(&'a self, writer: &'a ParticipantId, draft: Draft) -> Posting<'a> {
        Box::pin(async move {
            let claim = self.claim(writer, draft.key).await?;
            let claim = match claim {
                Claimed::Before(message) => return Ok(message),
                Claimed::Now(claim) => claim,
            };
            let id = self.send(writer, &draft).await?;
            let archived = tokio::time::timeout(READABLE, self.archived(id));
            if archived.await.is_err() {
                tracing::warn!(event = "center_behind", queue_id = %id, "a message is sent and cannot be read yet");
                let archived = self.archived(id);
                // Until then the key is under way, or the message could be sent once more.
                tokio::spawn(async move {
                    archived.await;
                    drop(claim);
                });
            }
            Ok(self.ids.message(key(id)))
        })
    }
}

/// What is known of a key.
enum Claimed {
    /// It was done.
    Before(MessageId),
    /// It is to be done.
    Now(Option<KeyClaim>),
}

/// A key that is under way; let go when dropped.
struct KeyClaim {
    under_way: Arc<Mutex<KeysUnderWay>>,
    key: (ParticipantId, [u8; 16]),
}

impl Drop for KeyClaim {
    fn drop(&mut self) {
        let under_way = self.under_way.lock();
        under_way
            .unwrap_or_else(PoisonError::into_inner)
            .remove(&self.key);
    }
}

impl Post {
    /// The right to send what has this key.
    async fn claim(
        &self,
        writer: &ParticipantId,
        key: Option<IdempotencyKey>,
    ) -> Result<Claimed, PostError> {
        let Some(IdempotencyKey { key, asked }) = key else {
            return Ok(Claimed::Now(None));
        };
        // What was sent before a crash has to be archived to be known again.
        self.caught_up().await?;
        let claim = self.hold((writer.clone(), key));
        let claim = claim.ok_or(PostError::UnderWay)?;
        let now = self.clock.now();
        let since = Timestamp(now.0.saturating_sub(KEY_KNOWN_MS));
        match self.archive.sent_with(writer.clone(), key, since).await? {
            Some(sent) if sent.asked == asked => Ok(Claimed::Before(sent.message)),
            Some(_) => Err(PostError::KeyReused),
            None => Ok(Claimed::Now(Some(claim))),
        }
    }

    fn hold(&self, key: (ParticipantId, [u8; 16])) -> Option<KeyClaim> {
        let under_way = self.under_way.lock();
        let mut under_way = under_way.unwrap_or_else(PoisonError::into_inner);
        let fresh = under_way.insert(key.clone());
        fresh.then(|| KeyClaim {
            under_way: self.under_way.clone(),
            key,
        })
    }

    /// Waits until all that the log had at the start is archived.
    async fn caught_up(&self) -> Result<(), PostError> {
        let mut progress = self.progress.clone();
        let caught_up = progress.wait_for(|progress| progress.caught_up);
        let caught_up = tokio::time::timeout(READABLE, caught_up);
        match caught_up.await {
            Ok(Ok(_)) => Ok(()),
            _ => Err(PostError::Unavailable(
                "the archive is behind; please try again in a moment".to_owned(),
            )),
        }
    }

    /// Waits until a message is in the archive.
    fn archived(&self, id: QueueId) -> impl Future<Output = ()> + Send + 'static {
        let (mut progress, log) = (self.progress.clone(), self.log.clone());
        async move {
            if progress.wait_for(|_| !log.is_unread(id)).await.is_err() {
                // The relay is being stopped; the next start knows it.
                std::future::pending::<()>().await;
            }
        }
    }

    async fn send(&self, writer: &ParticipantId, draft: &Draft) -> Result<QueueId, PostError> {
        if draft.text.trim().is_empty() && draft.files.is_empty() {
            return Err(refused(
                Reason::Malformed,
                "a message needs a text or a file.",
            ));
        }
        let account = self.directory.participant(writer).await?;
        let account = account.ok_or_else(|| {
            refused(
                Reason::SenderSuspended,
                "your account is not known here any more.",
            )
        })?;
        let Addressed { receiver, order } = self.addressed(&account, &draft.to).await?;
        let thread = self.ids.talk(writer, &receiver.id, order.as_ref());
        let thread = self.archive.latest(thread, THREAD).await?;
        if thread.is_empty() && !account.business && self.sells(writer, order.as_ref()).await? {
            return Err(refused(
                Reason::NotAParty,
                "only business accounts begin conversations as sellers; answer the buyer, or write by mail.",
            ));
        }
        let to = self
            .intake
            .masked_address(&receiver, &account, order.as_ref());
        let to = to.await?;
        let about = order
            .as_ref()
            .map_or_else(|| account.login.clone(), ToString::to_string);
        let envelope = Envelope {
            from: &account.primary,
            to: &to,
            id: random(),
            at: self.clock.now(),
            thread: &thread,
            about: &about,
        };
        let letter = compose::letter(draft, &envelope);
        let letter = letter.map_err(|error| PostError::Unavailable(error.to_string()))?;
        if letter.len() > self.most_octets {
            let text = format!(
                "text and files make a letter of {} octets, and {} are the most.",
                letter.len(),
                self.most_octets
            );
            return Err(refused(Reason::TooLarge, &text));
        }
        let posted = Posted {
            key: draft.key.map(|key| key.key),
            asked: draft.key.map(|key| key.asked).unwrap_or_default(),
        };
        let submission = Submission {
            writer: account,
            receiver,
            order,
            posted,
            session: u64::try_from(random() >> 64).unwrap_or_default(),
        };
        Ok(self.intake.submit(submission, &to, letter).await?)
    }

    /// Whether an account is the seller of an order.
    async fn sells(
        &self,
        account: &ParticipantId,
        order: Option<&TransactionId>,
    ) -> Result<bool, Unavailable> {
        let Some(order) = order else {
            return Ok(false);
        };
        let order = self.directory.transaction(order).await?;
        Ok(order.is_some_and(|order| order.seller == *account))
    }
}

pub(super) fn refused(reason: Reason, detail: &str) -> PostError {
    PostError::Refused {
        reason: reason.word(),
        rule: None,
        detail: detail.to_owned(),
    }
}

/// 128 random bits; without randomness zeros, which name a message no worse than its number does.
fn random() -> u128 {
    let mut octets = [0; 16];
    let _ = aws_lc_rs::rand::fill(&mut octets);
    u128::from_be_bytes(octets)
}
