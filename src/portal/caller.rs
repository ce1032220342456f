//! Who asks, and what it may do.

use std::sync::Arc;

use axum::extract::{FromRequestParts, Request, State};
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::problem::Problem;
use super::service::PortalService;
use super::sessions::SIGN_IN;
use crate::directory::Participant;
use crate::http;
use crate::mail::Timestamp;
use crate::masking::{ParticipantId, PassKind};
use crate::tokens::Scope;

/// A participant with a good token.
#[derive(Debug, Clone)]
pub(super) struct Caller {
    /// Whose token it is.
    pub(super) id: ParticipantId,
    /// What is known of it. Addresses stand in it: it is asked for its status and login, and shown to nobody.
    pub(super) account: Arc<Participant>,
    /// What the token is good for.
    pub(super) scope: Vec<Scope>,
    pub(super) credential: Credential,
}

/// What a caller has shown, for answers that go on for long.
#[derive(Debug, Clone)]
pub(super) enum Credential {
    /// A token of ours, by its id.
    Kept(Arc<str>),
    /// One of whoever signs participants in, or of a session, by its end.
    Signed(Timestamp),
}

impl Credential {
    /// When it ends by itself.
    pub(super) const fn ends(&self) -> Option<Timestamp> {
        match self {
            Self::Kept(_) => None,
            Self::Signed(until) => Some(*until),
        }
    }

    /// Whether it would be taken still.
    pub(super) fn is_good(&self, service: &PortalService, now: Timestamp) -> bool {
        match self {
            Self::Kept(id) => service.parts.tokens.is_kept(id),
            Self::Signed(until) => now < *until,
        }
    }
}

/// Lets a request pass whose token is good, and says whose it is; and one that is to open a session. The body is not read before.
pub(super) async fn require_token(
    State(service): State<Arc<PortalService>>,
    mut request: Request,
    next: Next,
) -> Response {
    if request.uri().path() == SIGN_IN {
        return next.run(request).await;
    }
    let given = http::bearer(request.headers()).map(str::to_owned);
    match find(&service, given.as_deref()).await {
        Err(problem) => problem.into_response(),
        Ok(caller) => {
            request.extensions_mut().insert(caller);
            next.run(request).await
        }
    }
}

async fn find(service: &PortalService, given: Option<&str>) -> Result<Caller, Problem> {
    let now = service.parts.clock.now();
    let (id, scope, credential) = match (&service.parts.sign_in, given) {
        // Ours have no dot, and theirs have two.
        (Some(sign_in), Some(token)) if token.contains('.') => {
            let signed = sign_in.read(token, now).await.ok_or_else(Problem::token)?;
            let credential = Credential::Signed(signed.until);
            (signed.participant, signed.scope, credential)
        }
        (_, Some(token)) if token.starts_with(PassKind::Session.prefix()) => {
            let session = service.parts.passes.read(PassKind::Session, token, now);
            let session = session.ok_or_else(Problem::token)?;
            let credential = Credential::Signed(session.until);
            (session.participant, Scope::ALL.to_vec(), credential)
        }
        _ => {
            let reader = service.parts.tokens.reader(given, now);
            let reader = reader.ok_or_else(Problem::token)?;
            let credential = Credential::Kept(reader.token);
            (reader.participant, reader.scope, credential)
        }
    };
    service.count_request(&id)?;
    Ok(Caller {
        account: service.account(&id).await?,
        id,
        scope,
        credential,
    })
}

/// A caller who may read.
pub(super) struct MayRead(pub(super) Caller);

/// A caller who may write, and change what is its own.
pub(super) struct MayWrite(pub(super) Caller);

impl<S: Sync> FromRequestParts<S> for MayRead {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        with_scope(parts, Scope::MessagesRead).map(Self)
    }
}

impl<S: Sync> FromRequestParts<S> for MayWrite {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        with_scope(parts, Scope::MessagesWrite).map(Self)
    }
}

fn with_scope(parts: &Parts, scope: Scope) -> Result<Caller, Problem> {
    let caller = parts.extensions.get::<Caller>().cloned();
    let caller = caller.ok_or_else(Problem::token)?;
    if !caller.scope.contains(&scope) {
        let detail = format!(
            "the token is not good for this: its scope lacks {}",
            scope.word()
        );
        return Err(Problem::new(StatusCode::FORBIDDEN, detail));
    }
    Ok(caller)
}
