//! The tokens that operators make, of carriers and of participants: made, listed and revoked, kept in the state store, and in memory for whoever asks.
//!
//! A token is 256 random bits behind an id that is no secret. Only its digest is kept, so that neither a list nor a stolen disk has one.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use serde::{Deserialize, Serialize};

use crate::allowlist::{Allowlist, Entry};
use crate::directory::{State, Unavailable};
use crate::mail::Timestamp;
use crate::masking::ParticipantId;

mod holder;
mod text;

pub use holder::{Asker, Holder, Reader, Scope, UnknownScope};

use text::TokenDigest;

/// Milliseconds of a day: how exactly it is known when a token was last used.
const DAY: u64 = 86_400_000;

/// All tokens of one server.
pub struct Tokens {
    state: Arc<dyn State>,
    known: RwLock<HashMap<Arc<str>, Token>>,
    /// One change at a time, from memory to the disk: of two records of one token the later must be written later.
    changes: Mutex<()>,
}

/// A token as it is kept.
#[derive(Clone, Serialize, Deserialize)]
struct Token {
    #[serde(flatten)]
    holder: Holder,
    digest: TokenDigest,
    created: Change,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    revoked: Option<Change>,
    /// The beginning of the day.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    last_used: Option<Timestamp>,
}

/// When and by whom.
#[derive(Clone, Serialize, Deserialize)]
struct Change {
    at: Timestamp,
    by: String,
}

/// A token as operators see it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[schema(as = Token)]
pub struct ShownToken {
    /// What it is revoked by; no secret.
    pub id: String,
    /// The allowlist entry whose courier has it; null: a participant has it.
    #[schema(value_type = Option<String>)]
    pub entry: Option<Entry>,
    /// The id of the participant who has it; null: a courier has it.
    #[schema(value_type = Option<String>)]
    pub participant: Option<ParticipantId>,
    /// What a participant may do with it; empty for a courier's.
    pub scope: Vec<Scope>,
    /// When it was made; RFC 3339.
    pub created: String,
    /// Who made it: an address, or the user of a unix socket.
    pub created_by: String,
    /// The day on which it was last used, in UTC; null: never.
    pub last_used: Option<String>,
    /// When it was revoked; RFC 3339.
    pub revoked: Option<String>,
    /// Who revoked it.
    pub revoked_by: Option<String>,
    /// Whether it is taken now: not revoked, and its entry, if it has one, is on the allowlist in force.
    pub good: bool,
}

/// Why a token was not made or revoked.
#[derive(Debug, Clone, thiserror::Error)]
pub enum TokenError {
    /// Its entry is not on the allowlist.
    #[error(
        "{0} is no entry of the allowlist in force; add it and reload, then make the token (`allegromail allowlist test` says which entry an address has)"
    )]
    NoSuchEntry(Entry),
    /// There is none of this id.
    #[error("there is no such token; `allegromail tokens list` has them all")]
    NoSuchToken,
    /// The state store does not take it.
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
}

impl Tokens {
    /// Those that the store has. A record that cannot be read is none.
    ///
    /// # Errors
    /// [`Unavailable`].
    pub fn load(state: Arc<dyn State>) -> Result<Self, Unavailable> {
        let known = read(state.tokens().wait()?);
        Ok(Self {
            known: RwLock::new(known),
            state,
            changes: Mutex::default(),
        })
    }

    /// Reads them again: another node has changed one. Whoever changes one here waits until all nodes have, this one too, so nobody's turn is waited for.
    ///
    /// # Errors
    /// [`Unavailable`]; they stay as they were.
    pub async fn reload(&self) -> Result<(), Unavailable> {
        let known = read(self.state.tokens().await?);
        self.change(|all| *all = known);
        Ok(())
    }

    /// Makes a token, durably; the entry of a courier must stand in `allowlist`, whether there is such a participant is for the caller to know. Its id and its text, which is told nowhere else and kept nowhere. Waits for the disk.
    ///
    /// # Errors
    /// [`TokenError::NoSuchEntry`], `Unavailable`; there is no new token then.
    pub fn create(
        &self,
        holder: Holder,
        allowlist: &Allowlist,
        by: &str,
        now: Timestamp,
    ) -> Result<(String, String), TokenError> {
        if let Holder::Courier { entry } = &holder
            && !allowlist.contains(entry)
        {
            return Err(TokenError::NoSuchEntry(entry.clone()));
        }
        let _turn = self.changes.lock().unwrap_or_else(PoisonError::into_inner);
        let none = || Unavailable("the system has no randomness".to_owned());
        let (id, text) = loop {
            let minted = text::mint(&holder).ok_or_else(none)?;
            if !self.with(|known| known.contains_key(minted.0.as_str())) {
                break minted;
            }
        };
        let token = Token {
            holder: holder.clone(),
            digest: TokenDigest::of(&text),
            created: Change {
                at: now,
                by: by.to_owned(),
            },
            revoked: None,
            last_used: None,
        };
        self.state.keep_token(&id, &record(&token)?).wait()?;
        self.change(|known| known.insert(Arc::from(id.as_str()), token));
        tracing::info!(event = "token_created", token = id, %holder, by);
        Ok((id, text))
    }

    /// Revokes a token, durably: no request that comes after it is answered. One that was revoked before stays as it was. Waits for the disk.
    ///
    /// # Errors
    /// [`TokenError::NoSuchToken`]; `Unavailable`: it is revoked until the next start only.
    pub fn revoke(&self, id: &str, by: &str, now: Timestamp) -> Result<(), TokenError> {
        let _turn = self.changes.lock().unwrap_or_else(PoisonError::into_inner);
        // In memory first: where the disk fails the token must not be good for that.
        let token = self.change(|known| {
            let token = known.get_mut(id)?;
            token.revoked.get_or_insert_with(|| Change {
                at: now,
                by: by.to_owned(),
            });
            Some(token.clone())
        });
        let token = token.ok_or(TokenError::NoSuchToken)?;
        let kept = record(&token).and_then(|record| self.state.keep_token(id, &record).wait());
        tracing::info!(event = "token_revoked", token = id, holder = %token.holder, by, durable = kept.is_ok());
        kept.map_err(|error| {
            let text = format!(
                "{error}; until a restart the token is revoked all the same, then revoke it again"
            );
            TokenError::Unavailable(Unavailable(text))
        })
    }

    /// All tokens, the oldest first, beside the allowlist in force.
    #[must_use]
    pub fn list(&self, allowlist: &Allowlist) -> Vec<ShownToken> {
        let mut all: Vec<(Timestamp, ShownToken)> = self.with(|known| {
            let shown = known.iter();
            shown
                .map(|(id, token)| (token.created.at, token.shown(id, allowlist)))
                .collect()
        });
        all.sort_by(|(one, a), (other, b)| (one, &a.id).cmp(&(other, &b.id)));
        all.into_iter().map(|(_, shown)| shown).collect()
    }

    /// Which courier's token `given` is, if it is one and good now. The same is done for every text, and for none.
    #[must_use]
    pub fn asker(
        &self,
        given: Option<&str>,
        allowlist: &Allowlist,
        now: Timestamp,
    ) -> Option<Asker> {
        let (token, holder) = self.holder(given, now, |holder| match holder {
            Holder::Courier { entry } => allowlist.contains(entry),
            Holder::Participant { .. } => false,
        })?;
        match holder {
            Holder::Courier { entry } => Some(Asker { token, entry }),
            Holder::Participant { .. } => None,
        }
    }

    /// Which participant's token `given` is, if it is one and good now. The same is done for every text, and for none.
    #[must_use]
    pub fn reader(&self, given: Option<&str>, now: Timestamp) -> Option<Reader> {
        let (token, holder) = self.holder(given, now, |holder| {
            matches!(holder, Holder::Participant { .. })
        })?;
        match holder {
            Holder::Participant { participant, scope } => Some(Reader {
                token,
                participant,
                scope,
            }),
            Holder::Courier { .. } => None,
        }
    }

    /// Whether there is a token of this id that was not revoked.
    #[must_use]
    pub fn is_kept(&self, id: &str) -> bool {
        self.with(|known| known.get(id).is_some_and(|token| token.revoked.is_none()))
    }

    /// Whose token `given` is, if it was not revoked and its holder is wanted.
    fn holder(
        &self,
        given: Option<&str>,
        now: Timestamp,
        wanted: impl FnOnce(&Holder) -> bool,
    ) -> Option<(Arc<str>, Holder)> {
        let given = given.unwrap_or_default();
        let digest = TokenDigest::of(given);
        let id = text::id(given).unwrap_or_default();
        let (id, holder, used) = self.with(|known| {
            let found = known.get_key_value(id);
            let kept = found.map_or(&TokenDigest::NONE, |(_, token)| &token.digest);
            let is_known = kept.is(&digest);
            let (id, token) = found.filter(|(_, token)| {
                is_known && token.revoked.is_none() && wanted(&token.holder)
            })?;
            Some((id.clone(), token.holder.clone(), token.last_used))
        })?;
        let today = Timestamp(now.0 / DAY * DAY);
        if used.is_none_or(|used| used < today) {
            self.note_used(&id, today);
        }
        Some((id, holder))
    }

    /// Once a day for each token. That it cannot be kept is no matter: it is known until the next start.
    fn note_used(&self, id: &str, today: Timestamp) {
        let _turn = self.changes.lock().unwrap_or_else(PoisonError::into_inner);
        let token = self.change(|known| {
            // Of many that ask at once the first.
            let token = known.get_mut(id)?;
            if token.last_used >= Some(today) {
                return None;
            }
            let before = token.clone();
            token.last_used = Some(today);
            Some((before, token.clone()))
        });
        let records =
            token.and_then(|(before, now)| Some((record(&before).ok()?, record(&now).ok()?)));
        if let Some((before, now)) = records {
            let _ = self.state.note_token(id, &before, &now).wait();
        }
    }

    fn with<T>(&self, look: impl FnOnce(&HashMap<Arc<str>, Token>) -> T) -> T {
        look(&self.known.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn change<T>(&self, change: impl FnOnce(&mut HashMap<Arc<str>, Token>) -> T) -> T {
        change(&mut self.known.write().unwrap_or_else(PoisonError::into_inner))
    }
}

fn read(kept: Vec<(String, Vec<u8>)>) -> HashMap<Arc<str>, Token> {
    let kept = kept.into_iter();
    let known = kept.filter_map(|(id, record)| {
        let token = serde_json::from_slice(&record).ok()?;
        Some((Arc::from(id), token))
    });
    known.collect()
}

fn record(token: &Token) -> Result<Vec<u8>, Unavailable> {
    serde_json::to_vec(token).map_err(|error| Unavailable(error.to_string()))
}

impl Token {
    fn is_good(&self, allowlist: &Allowlist) -> bool {
        let is_listed = match &self.holder {
            Holder::Courier { entry } => allowlist.contains(entry),
            Holder::Participant { .. } => true,
        };
        self.revoked.is_none() && is_listed
    }

    fn shown(&self, id: &str, allowlist: &Allowlist) -> ShownToken {
        let revoked = self.revoked.as_ref();
        let (entry, participant, scope) = match self.holder.clone() {
            Holder::Courier { entry } => (Some(entry), None, Vec::new()),
            Holder::Participant { participant, scope } => (None, Some(participant), scope),
        };
        ShownToken {
            id: id.to_owned(),
            entry,
            participant,
            scope,
            created: self.created.at.to_string(),
            created_by: self.created.by.clone(),
            last_used: self
                .last_used
                .map(|day| day.to_string().chars().take(10).collect()),
            revoked: revoked.map(|revoked| revoked.at.to_string()),
            revoked_by: revoked.map(|revoked| revoked.by.clone()),
            good: self.is_good(allowlist),
        }
    }
}
