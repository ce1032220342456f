//! The feed of a participant: pages of it, or a stream (`stream.rs`).

use std::sync::Arc;

use axum::Json;
use axum::extract::{Query, State};
use axum::http::header::ACCEPT;
use axum::http::{HeaderMap, HeaderName, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};

use super::asked::{self, Count, Number};
use super::caller::{Caller, MayRead};
use super::problem::Problem;
use super::service::PortalService;
use super::stream;
use crate::archive::{Event, EventKind};

/// Events of one page, at most.
const MOST: usize = 1_000;
/// Events of one page where nothing is said.
const USUAL: usize = 100;
/// The number of the last event that a reader of a stream has (HTML Living Standard, "Server-sent events").
const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");

/// From where on the feed is wanted.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct EventsParams {
    /// The number of the last event that you have; where nothing is said, or 0, from the oldest that there is.
    #[serde(default, deserialize_with = "asked::optional")]
    #[param(value_type = Option<i64>, minimum = 0)]
    after: Option<Number>,
    /// How many, 1 to 1000; 100 where nothing is said. A stream has all of them.
    #[serde(default, deserialize_with = "asked::optional")]
    #[param(value_type = Option<u16>, minimum = 1, maximum = 1000)]
    limit: Option<Count<MOST>>,
}

/// Something that happened.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = Event)]
pub(super) struct ShownEvent {
    /// Its number in your feed. Numbers rise by one; a gap says that the server was restored from a backup, and is no loss.
    number: u64,
    /// `message.published`: you can see a message, yours or the other side's. `message.mail_state`: the mail of a message of yours came further.
    /// `message.deleted`: you deleted a message. `thread.read`: you read a thread, or took that back. There may be others later: pass over what you do not know.
    #[schema(value_type = String)]
    kind: EventKind,
    /// In which thread.
    thread: String,
    /// Which message; null of `thread.read`.
    message: Option<String>,
    /// When; RFC 3339.
    at: String,
}

impl From<Event> for ShownEvent {
    fn from(event: Event) -> Self {
        Self {
            number: event.number,
            kind: event.kind,
            thread: event.thread.to_string(),
            message: event.message.map(|message| message.to_string()),
            at: event.at.to_rfc3339_millis(),
        }
    }
}

impl ShownEvent {
    /// The event as a stream has it.
    pub(super) fn line(&self) -> String {
        let data = serde_json::to_string(self).unwrap_or_default();
        format!("id: {}\ndata: {data}\n\n", self.number)
    }
}

/// Some events, in order.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(super) struct Events {
    events: Vec<ShownEvent>,
    /// The number to ask on with, as `after`.
    next: u64,
}

/// What happened in your threads, in order. With `Accept: text/event-stream` it is a stream that goes on: each event has its number as `id`, and `Last-Event-ID`
/// counts more than `after`. A number that the feed does not have (the server was restored from a backup, or the feed goes back less far) is answered 410 with
/// the number to go on from.
#[utoipa::path(get, path = "/center/v1/events", params(EventsParams), responses(
    (status = 200, content((Events = "application/json"), (String = "text/event-stream"))),
    (status = 410, description = "the feed does not have the number; `start` is the one to go on from", body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn events(
    State(service): State<Arc<PortalService>>,
    MayRead(caller): MayRead,
    Query(asked): Query<EventsParams>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let after = asked.after.unwrap_or_default().0;
    if wants_stream(&headers) {
        return follow(service, caller, after, &headers).await;
    }
    let limit = asked.limit.map_or(USUAL, |Count(limit)| limit);
    let page = service.parts.archive.events(caller.id, after, limit);
    let page = page.await?;
    let events = page.events.into_iter().map(ShownEvent::from).collect();
    Ok(Json(Events {
        events,
        next: page.next,
    })
    .into_response())
}

/// From where on a stream is wanted.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct StreamParams {
    /// The number of the last event that you have; where nothing is said, or 0, from the oldest that there is.
    #[serde(default, deserialize_with = "asked::optional")]
    #[param(value_type = Option<i64>, minimum = 0)]
    after: Option<Number>,
}

/// The same as `/events` with `Accept: text/event-stream`, for clients that cannot set it.
#[utoipa::path(get, path = "/center/v1/stream", params(StreamParams), responses(
    (status = 200, content((String = "text/event-stream"))),
    (status = 410, description = "the feed does not have the number; `start` is the one to go on from", body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn stream(
    State(service): State<Arc<PortalService>>,
    MayRead(caller): MayRead,
    Query(asked): Query<StreamParams>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    follow(service, caller, asked.after.unwrap_or_default().0, &headers).await
}

fn wants_stream(headers: &HeaderMap) -> bool {
    let accepted = headers.get_all(ACCEPT).into_iter();
    let accepted = accepted.filter_map(|field| field.to_str().ok());
    let mut kinds = accepted
        .flat_map(|field| field.split(','))
        .filter_map(|kind| kind.split(';').next());
    kinds.any(|kind| kind.trim().eq_ignore_ascii_case("text/event-stream"))
}

async fn follow(
    service: Arc<PortalService>,
    caller: Caller,
    after: u64,
    headers: &HeaderMap,
) -> Result<Response, Problem> {
    let last = headers.get(LAST_EVENT_ID).map(|last| {
        let number = last.to_str().ok();
        let number = number.and_then(|text| text.trim().parse::<Number>().ok());
        number.ok_or_else(|| {
            Problem::new(
                StatusCode::BAD_REQUEST,
                "Last-Event-ID is the number of an event",
            )
        })
    });
    let after = last.transpose()?.map_or(after, |Number(last)| last);
    stream::open(service, caller, after).await
}
