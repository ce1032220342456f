//! Message-ID, In-Reply-To and References as the reader is to see them (docs/architecture.md#masks-tokens-and-message-ids).
//!
//! The writer's ids become tokens, for they name its host; tokens of the reader's own ids become those again, so that both mailboxes thread
//! the conversation; a token of somebody else, or one that is none, is dropped.

use super::fault::internal;
use crate::directory::State;
use crate::mail::Domain;
use crate::masking::{MaskedDomains, MessageIdKeys, Original, Pair};
use crate::message::Message;
use crate::policy::Refusal;
use crate::rewrite::Threading;
use crate::spool::KeptId;

/// The longest id that is stored, in octets; a longer one gets a token that leads nowhere.
const MAX_KEPT: usize = 1_000;

/// What ids are sealed and opened with.
#[derive(Clone, Copy)]
pub(super) struct MessageIds<'a> {
    pub(super) keys: &'a MessageIdKeys,
    /// Has the ids whose tokens are only digests.
    pub(super) state: &'a dyn State,
    pub(super) domains: &'a MaskedDomains,
}

/// The ids of `message` as the reader sees them, and the one that must be stored, if its token is only a digest. `domain` is the
/// writer's masked one; `fallback` names the message where it has no id.
pub(super) async fn thread(
    ids: MessageIds<'_>,
    message: &Message,
    pair: Pair<'_>,
    domain: &Domain,
    fallback: &str,
) -> Result<(Threading, Option<KeptId>), Refusal> {
    let unsealed = || internal("a Message-ID that cannot be sealed");
    let (message_id, kept) = match message.ids("Message-ID").into_iter().next() {
        // RFC 5322 3.6.4 only asks for an id; a message without one can be answered and traced no worse for it. It looks like all others, or it
        // would tell what program wrote it.
        None => {
            let token = ids.keys.seal_none(pair, fallback, domain);
            (token.ok_or_else(unsealed)?, None)
        }
        Some(id) => {
            let token = ids.keys.seal(pair, &id, domain).ok_or_else(unsealed)?;
            // Stored with its pair, or anybody's reference to the token would open it (docs/threats.md#100).
            let kept = token.kept.filter(|_| id.len() <= MAX_KEPT);
            let kept = kept.map(|digest| KeptId {
                digest,
                writer: pair.writer.clone(),
                reader: pair.reader.clone(),
                id,
            });
            (token.id, kept)
        }
    };
    let referred = async |field: &str| -> Result<Vec<String>, Refusal> {
        let mut found = Vec::new();
        for id in message.ids(field) {
            found.extend(ids.translate(pair, &id, domain).await?);
        }
        Ok(found)
    };
    let threading = Threading {
        message_id,
        in_reply_to: referred("In-Reply-To").await?,
        references: referred("References").await?,
    };
    Ok((threading, kept))
}

impl MessageIds<'_> {
    /// What becomes of an id that the writer refers to.
    async fn translate(
        self,
        pair: Pair<'_>,
        id: &str,
        domain: &Domain,
    ) -> Result<Option<String>, Refusal> {
        let seal = |id: &str| self.keys.seal(pair, id, domain).map(|token| token.id);
        // No host, so none of ours: sealed like every id of the writer's world.
        let Some((local, host)) = id.rsplit_once('@') else {
            return Ok(seal(id));
        };
        let ours = Domain::parse(host).is_ok_and(|host| self.domains.find(&host).is_some());
        if !ours {
            return Ok(seal(id));
        }
        // The reader's own id, as the writer was shown it.
        if let Some(original) = self.original(pair.reversed(), local).await? {
            return Ok(Some(original));
        }
        // The writer's own, as the reader was shown it: that stays, also where it would be sealed in another way today. What opens for neither is
        // dropped: it would tell of another conversation.
        let own = self.original(pair, local).await?;
        Ok(own.map(|_| format!("{}@{domain}", local.to_ascii_lowercase())))
    }

    /// The id behind a token of `pair`.
    pub(super) async fn original(
        self,
        pair: Pair<'_>,
        local: &str,
    ) -> Result<Option<String>, Refusal> {
        match self.keys.open(pair, local) {
            None => Ok(None),
            Some(Original::Id(id)) => Ok(Some(id)),
            Some(Original::Kept(digest)) => {
                let stored = self.state.kept_id(&digest).await?;
                let kept: Option<KeptId> = stored.and_then(|text| serde_json::from_str(&text).ok());
                Ok(kept
                    .filter(|kept| kept.writer == *pair.writer && kept.reader == *pair.reader)
                    .map(|kept| kept.id))
            }
        }
    }
}
