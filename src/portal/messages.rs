//! Messages: those of a thread, one of them, and its deletion.

use std::sync::Arc;

use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use serde::{Deserialize, Serialize};

use super::asked::{self, Count, Number};
use super::caller::{MayRead, MayWrite};
use super::problem::Problem;
use super::service::PortalService;
use super::shown::{self, ShownMessage};
use super::tagged;
use crate::archive::Between;

/// Messages of one page, at most.
const MOST: usize = 100;
/// Messages of one page where nothing is said.
const USUAL: usize = 50;

/// Which messages of a thread are wanted.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct MessagesParams {
    /// The first ones behind this `number`; where neither is said, from the first message on.
    #[serde(default, deserialize_with = "asked::optional")]
    #[param(value_type = Option<i64>, minimum = 0)]
    after: Option<Number>,
    /// The last ones before this `number`; not together with `after`.
    #[serde(default, deserialize_with = "asked::optional")]
    #[param(value_type = Option<i64>, minimum = 0)]
    before: Option<Number>,
    /// How many, 1 to 100; 50 where nothing is said.
    #[serde(default, deserialize_with = "asked::optional")]
    #[param(value_type = Option<u16>, minimum = 1, maximum = 100)]
    limit: Option<Count<MOST>>,
}

/// Messages of a thread, the oldest first.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(super) struct Messages {
    messages: Vec<ShownMessage>,
}

/// The messages of a thread that you have not deleted, the oldest first.
#[utoipa::path(get, path = "/center/v1/threads/{id}/messages", params(("id" = String, Path, description = "the thread's id"), MessagesParams), responses(
    (status = 200, body = Messages, headers(("ETag" = String, description = "for If-None-Match"))),
    (status = 304, description = "they are as you have them"),
))]
pub(super) async fn list(
    State(service): State<Arc<PortalService>>,
    MayRead(caller): MayRead,
    Path(id): Path<String>,
    Query(asked): Query<MessagesParams>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let between = match (asked.after, asked.before) {
        (None, Some(Number(before))) => Between::Before(before),
        (after, None) => Between::After(after.unwrap_or_default().0),
        (Some(_), Some(_)) => {
            let detail = "`after` and `before` stand together; say one of them";
            return Err(Problem::new(StatusCode::BAD_REQUEST, detail));
        }
    };
    let (id, archive) = (asked::thread(&id)?, &service.parts.archive);
    let limit = asked.limit.map_or(USUAL, |Count(limit)| limit);
    // An empty page is one of a thread that is there.
    let thread = archive.thread(caller.id.clone(), id).await?;
    if thread.is_none() {
        return Err(Problem::no_such("thread"));
    }
    let page = archive.messages(caller.id.clone(), id, between, limit);
    let page = page.await?.into_iter();
    let messages = page.map(|message| shown::message(&caller, message));
    let mut messages: Vec<_> = messages.collect();
    shown::label(&service, &caller, &mut messages).await?;
    Ok(tagged::json(&headers, &Messages { messages }))
}

/// One message.
#[utoipa::path(get, path = "/center/v1/messages/{id}", params(("id" = String, Path, description = "the message's id")), responses(
    (status = 200, body = ShownMessage, headers(("ETag" = String, description = "for If-None-Match"))),
    (status = 304, description = "it is as you have it"),
))]
pub(super) async fn one(
    State(service): State<Arc<PortalService>>,
    MayRead(caller): MayRead,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let found = service
        .parts
        .archive
        .message(caller.id.clone(), asked::message(&id)?);
    let found = found.await?.ok_or_else(|| Problem::no_such("message"))?;
    let mut message = shown::message(&caller, found);
    shown::label(&service, &caller, std::slice::from_mut(&mut message)).await?;
    Ok(tagged::json(&headers, &message))
}

/// Deletes a message on your side. The other side keeps it, and your feed tells your other tools.
#[utoipa::path(delete, path = "/center/v1/messages/{id}", params(("id" = String, Path, description = "the message's id")), responses(
    (status = 204, description = "it is gone from your lists"),
))]
pub(super) async fn delete(
    State(service): State<Arc<PortalService>>,
    MayWrite(caller): MayWrite,
    Path(id): Path<String>,
) -> Result<StatusCode, Problem> {
    let (id, now) = (asked::message(&id)?, service.parts.clock.now());
    let deleted = service.parts.archive.delete(caller.id.clone(), id, now);
    if !deleted.await? {
        return Err(Problem::no_such("message"));
    }
    service.ring(&caller.id).await;
    Ok(StatusCode::NO_CONTENT)
}
