//! Threads: the list, one of them, and what is read of it.

use std::str::FromStr;
use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, Query, State};
use axum::http::HeaderMap;
use axum::response::Response;
use data_encoding::BASE64URL_NOPAD;
use serde::{Deserialize, Serialize};

use super::asked::{self, Count, Number};
use super::caller::{Caller, MayRead, MayWrite};
use super::problem::Problem;
use super::service::PortalService;
use super::shown::{self, ShownThread};
use super::tagged;
use crate::archive::{ThreadFilter, ThreadKind};
use crate::directory::is_order_number;
use crate::mail::Timestamp;
use crate::masking::TransactionId;

/// Threads of one page, at most.
const MOST: usize = 100;
/// Threads of one page where nothing is said.
const USUAL: usize = 50;
/// Up to how many threads with something unread are counted.
const MOST_UNREAD: usize = 100;

/// A place in the list.
#[derive(Debug, Clone, Copy)]
struct Place(u64);

impl FromStr for Place {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let octets = BASE64URL_NOPAD.decode(text.as_bytes()).ok();
        let octets = octets.and_then(|octets| octets.try_into().ok());
        let place = octets.map(u64::from_be_bytes).map(Place);
        place.ok_or("`cursor` is none that this list has told")
    }
}

/// A moment.
#[derive(Debug, Clone, Copy)]
struct Since(Timestamp);

impl FromStr for Since {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let read = Timestamp::parse_rfc3339(text).map(Self);
        read.ok_or("`since` is a time as 2026-12-01T00:00:00Z (RFC 3339)")
    }
}

/// The kind of a thread.
#[derive(Debug, Clone, Copy)]
struct Kind(ThreadKind);

impl FromStr for Kind {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "talk" => Ok(Self(ThreadKind::Talk)),
            "courier" => Ok(Self(ThreadKind::Courier)),
            _ => Err("`kind` is talk or courier"),
        }
    }
}

/// Which threads are wanted; all that is said must hold.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct ThreadsParams {
    /// true: those with something that you have not read.
    #[serde(default, deserialize_with = "asked::optional")]
    unread: Option<bool>,
    /// true: those whose last message is the other side's.
    #[serde(default, deserialize_with = "asked::optional")]
    unanswered: Option<bool>,
    /// Those with the user of this login, in any letter case.
    #[serde(default, deserialize_with = "asked::optional")]
    with: Option<String>,
    /// Those about this order of yours, by its number or its fixed id.
    #[serde(default, deserialize_with = "asked::optional")]
    order: Option<String>,
    /// `talk`, or `courier` for news of parcels.
    #[serde(default, deserialize_with = "asked::optional")]
    #[param(value_type = Option<String>, pattern = "^(talk|courier)?$")]
    kind: Option<Kind>,
    /// Those with a message since then; RFC 3339.
    #[serde(default, deserialize_with = "asked::optional")]
    #[param(value_type = Option<String>)]
    since: Option<Since>,
    /// Where the list goes on: `cursor` of the page before, and nothing else.
    #[serde(default, deserialize_with = "asked::optional")]
    #[param(value_type = Option<String>, pattern = "^([A-Za-z0-9_-]{11})?$")]
    cursor: Option<Place>,
    /// How many, 1 to 100; 50 where nothing is said.
    #[serde(default, deserialize_with = "asked::optional")]
    #[param(value_type = Option<u16>, minimum = 1, maximum = 100)]
    limit: Option<Count<MOST>>,
}

/// Some threads, the newest first.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(super) struct Threads {
    threads: Vec<ShownThread>,
    /// Where the next page begins; null: that was all. How many there are in all is not told.
    cursor: Option<String>,
}

/// Your threads, the newest first.
#[utoipa::path(get, path = "/center/v1/threads", params(ThreadsParams), responses((status = 200, body = Threads)))]
pub(super) async fn list(
    State(service): State<Arc<PortalService>>,
    MayRead(caller): MayRead,
    Query(asked): Query<ThreadsParams>,
) -> Result<Json<Threads>, Problem> {
    let orders = match asked.order.as_deref() {
        Some(order) => Some(orders(&service, &caller, order).await?),
        None => None,
    };
    let filter = ThreadFilter {
        unread: asked.unread.unwrap_or_default(),
        unanswered: asked.unanswered.unwrap_or_default(),
        with: asked.with,
        orders,
        kind: asked.kind.map(|Kind(kind)| kind),
        since: asked.since.map(|Since(since)| since),
    };
    let before = asked.cursor.map(|Place(place)| place);
    let limit = asked.limit.map_or(USUAL, |Count(limit)| limit);
    let archive = &service.parts.archive;
    let page = archive.threads(caller.id.clone(), filter, before, limit);
    let page = page.await?;
    let threads = shown::threads(&service, &caller, page.threads).await?;
    let cursor = page
        .next
        .map(|next| BASE64URL_NOPAD.encode(&next.to_be_bytes()));
    Ok(Json(Threads { threads, cursor }))
}

/// The transactions that are meant by the number or the id of an order. What cannot be either is an order about which there is nothing.
async fn orders(
    service: &PortalService,
    caller: &Caller,
    order: &str,
) -> Result<Vec<TransactionId>, Problem> {
    let mut ids: Vec<TransactionId> = TransactionId::parse(order).into_iter().collect();
    if is_order_number(order) {
        let found = service.parts.directory.transactions_of_order(order).await?;
        let own = found
            .iter()
            .filter(|found| found.counterparty(&caller.id).is_some());
        ids.extend(own.map(|own| own.id.clone()));
    }
    Ok(ids)
}

/// One thread.
#[utoipa::path(get, path = "/center/v1/threads/{id}", params(("id" = String, Path, description = "the thread's id")), responses(
    (status = 200, body = ShownThread, headers(("ETag" = String, description = "for If-None-Match"))),
    (status = 304, description = "it is as you have it"),
))]
pub(super) async fn one(
    State(service): State<Arc<PortalService>>,
    MayRead(caller): MayRead,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let view = service
        .parts
        .archive
        .thread(caller.id.clone(), asked::thread(&id)?);
    let view = view.await?.ok_or_else(|| Problem::no_such("thread"))?;
    let shown = shown::thread(&service, &caller, view).await?;
    Ok(tagged::json(&headers, &shown))
}

/// Up to where a thread was read.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
pub(super) struct ReadUpTo {
    /// A number of your feed: messages up to it are read, those behind it are not; 0: none is.
    #[schema(value_type = i64, minimum = 0)]
    up_to: Number,
}

/// Marks a thread as read up to a message, or as not read from there on. The other side is not told.
#[utoipa::path(put, path = "/center/v1/threads/{id}/read", params(("id" = String, Path, description = "the thread's id")), request_body = ReadUpTo, responses(
    (status = 200, description = "the thread as it is then", body = ShownThread),
))]
pub(super) async fn mark_read(
    State(service): State<Arc<PortalService>>,
    MayWrite(caller): MayWrite,
    Path(id): Path<String>,
    Json(read): Json<ReadUpTo>,
) -> Result<Json<ShownThread>, Problem> {
    let (id, archive) = (asked::thread(&id)?, &service.parts.archive);
    let now = service.parts.clock.now();
    let marked = archive.mark_read(caller.id.clone(), id, read.up_to.0, now);
    let view = match marked.await? {
        true => archive.thread(caller.id.clone(), id).await?,
        false => None,
    };
    service.ring(&caller.id).await;
    let view = view.ok_or_else(|| Problem::no_such("thread"))?;
    Ok(Json(shown::thread(&service, &caller, view).await?))
}

/// How many threads have something unread.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(super) struct Unread {
    /// As many as there are, up to 100.
    threads: usize,
    /// Whether there are more than these.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    more: bool,
}

/// How many threads have something that you have not read, counted up to 100.
#[utoipa::path(get, path = "/center/v1/unread", responses((status = 200, body = Unread)))]
pub(super) async fn unread(
    State(service): State<Arc<PortalService>>,
    MayRead(caller): MayRead,
) -> Result<Json<Unread>, Problem> {
    let count = service.parts.archive.unread(caller.id, MOST_UNREAD + 1);
    let count = count.await?;
    Ok(Json(Unread {
        threads: count.min(MOST_UNREAD),
        more: count > MOST_UNREAD,
    }))
}
