//! Octets: the masked message as it left, and the files that it carries. A file is given out as what it is, to be kept and never to be shown as a page.

use std::collections::HashMap;
use std::convert::Infallible;
use std::ops::Range;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::header::{
    ACCEPT_RANGES, CONTENT_DISPOSITION, CONTENT_RANGE, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG,
    IF_RANGE, RANGE, X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use hyper::body::{Frame, SizeHint};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::asked;
use super::caller::{Caller, MayRead};
use super::problem::Problem;
use super::service::PortalService;
use super::tagged;
use super::uploads;
use crate::archive::{MessageId, StoredFile, StoredMessage, UploadId};
use crate::masking::ParticipantId;
use crate::message::Encoding;

/// Downloads at once, each of which holds a message in memory.
const AT_ONCE: usize = 16;
/// Downloads at once of one participant.
const EACH: usize = 4;
/// How long a download waits for others.
const WAIT: Duration = Duration::from_secs(10);

/// The downloads that are under way.
pub(super) struct Downloads {
    slots: Arc<Semaphore>,
    of: Arc<Mutex<HashMap<ParticipantId, usize>>>,
}

/// A download, until its last octet has gone.
pub(super) struct Slot {
    _permit: OwnedSemaphorePermit,
    counts: Arc<Mutex<HashMap<ParticipantId, usize>>>,
    of: ParticipantId,
}

impl Default for Downloads {
    fn default() -> Self {
        Self {
            slots: Arc::new(Semaphore::new(AT_ONCE)),
            of: Arc::default(),
        }
    }
}

impl Downloads {
    pub(super) async fn enter(&self, of: &ParticipantId) -> Result<Slot, Problem> {
        let permit = tokio::time::timeout(WAIT, self.slots.clone().acquire_owned()).await;
        let Ok(Ok(permit)) = permit else {
            return Err(Problem::not_now());
        };
        let mut counts = self.of.lock().unwrap_or_else(PoisonError::into_inner);
        let count = counts.entry(of.clone()).or_default();
        if *count >= EACH {
            return Err(Problem::spent("downloads", Duration::from_secs(1)));
        }
        *count += 1;
        drop(counts);
        Ok(Slot {
            _permit: permit,
            counts: self.of.clone(),
            of: of.clone(),
        })
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = counts.get_mut(&self.of) {
            *count = count.saturating_sub(1);
            if *count == 0 {
                counts.remove(&self.of);
            }
        }
    }
}

/// What is downloaded.
struct Download {
    octets: Bytes,
    media_type: String,
    name: String,
    /// Says which octets they are; they never change.
    tag: String,
}

/// A message as it left, its addresses masked (RFC 5322).
#[utoipa::path(get, path = "/center/v1/messages/{id}/raw", params(("id" = String, Path, description = "the message's id")), responses(
    (status = 200, content((String = "message/rfc822"))),
    (status = 206, description = "the part that Range asks for", content((String = "message/rfc822"))),
    (status = 304, description = "it is as you have it"),
    (status = 410, description = "its octets are lost", body = Problem, content_type = "application/problem+json"),
    (status = 416, description = "it has no such part", body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn raw(
    State(service): State<Arc<PortalService>>,
    MayRead(caller): MayRead,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let id = asked::message(&id)?;
    let slot = service.downloads.enter(&caller.id).await?;
    let (_, octets) = read(&service, &caller, id, "message").await?;
    let download = Download {
        octets: octets.into(),
        media_type: "message/rfc822".to_owned(),
        name: format!("{id}.eml"),
        tag: id.to_string(),
    };
    send(&headers, download, slot)
}

/// A file of a message, or one that you have uploaded.
#[utoipa::path(get, path = "/center/v1/files/{id}", params(("id" = String, Path, description = "the file's id")), responses(
    (status = 200, description = "its octets, under the type that they have", content((String = "*/*"))),
    (status = 206, description = "the part that Range asks for", content((String = "*/*"))),
    (status = 304, description = "it is as you have it"),
    (status = 410, description = "its octets are lost", body = Problem, content_type = "application/problem+json"),
    (status = 416, description = "it has no such part", body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn file(
    State(service): State<Arc<PortalService>>,
    MayRead(caller): MayRead,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let no_such = || Problem::no_such("file");
    let slot = service.downloads.enter(&caller.id).await?;
    if let Some(upload) = UploadId::parse(&id) {
        let (archive, now) = (&service.parts.archive, service.parts.clock.now());
        let upload = archive.upload(caller.id, upload, uploads::oldest(now));
        let upload = upload.await?.ok_or_else(no_such)?;
        let download = Download {
            octets: upload.octets,
            media_type: upload.media_type,
            name: upload.name,
            tag: id,
        };
        return send(&headers, download, slot);
    }
    let (message, place) = split(&id).ok_or_else(no_such)?;
    let (message, raw) = read(&service, &caller, message, "file").await?;
    let stored = message.files.get(place).ok_or_else(no_such)?;
    let download = Download {
        octets: decoded(stored, &raw).into(),
        media_type: stored.media_type.clone(),
        name: stored.name.clone(),
        tag: id,
    };
    send(&headers, download, slot)
}

/// The message that a file's id names, and the file's place in it.
fn split(id: &str) -> Option<(MessageId, usize)> {
    let (message, place) = id.split_at_checked(32)?;
    let is_place = place.len() == 4
        && place
            .bytes()
            .all(|digit| matches!(digit, b'0'..=b'9' | b'a'..=b'f'));
    let place = usize::from_str_radix(place, 16).ok().filter(|_| is_place);
    Some((MessageId::parse(message)?, place?))
}

/// A message with its octets; `what` is looked for.
async fn read(
    service: &PortalService,
    caller: &Caller,
    id: MessageId,
    what: &str,
) -> Result<(StoredMessage, Vec<u8>), Problem> {
    let archive = &service.parts.archive;
    let message = archive.message(caller.id.clone(), id).await?;
    let message = message.ok_or_else(|| Problem::no_such(what))?;
    let raw = archive.raw(caller.id.clone(), id).await?;
    let raw = raw.ok_or_else(|| {
        tracing::error!(event = "center_octets_lost", message = %id, "the archive has a message without its octets");
        Problem::new(
            StatusCode::GONE,
            "the octets of this message are lost on the server; its text is still there",
        )
    })?;
    Ok((message, raw))
}

fn decoded(file: &StoredFile, raw: &[u8]) -> Vec<u8> {
    let written = raw.get(file.place.clone()).unwrap_or_default();
    Encoding::of(&file.encoding).decode(written).into_owned()
}

/// The octets, or those of them that are asked for (RFC 9110 14).
fn send(asked: &HeaderMap, download: Download, slot: Slot) -> Result<Response, Problem> {
    let tag = HeaderValue::try_from(format!("\"{}\"", download.tag));
    let tag = tag.map_err(|_| Problem::not_now())?;
    if tagged::is_known(asked, &tag) {
        return Ok((StatusCode::NOT_MODIFIED, [(ETAG, tag)]).into_response());
    }
    let len = download.octets.len();
    // A part of something else than the client has would be nonsense to it (RFC 9110 13.1.5).
    let is_same = asked.get(IF_RANGE).is_none_or(|known| known == tag);
    let wanted = asked.get(RANGE).filter(|_| is_same);
    let (status, part) = match wanted.and_then(|range| part(range, len)) {
        None => (StatusCode::OK, 0..len),
        Some(Some(part)) => (StatusCode::PARTIAL_CONTENT, part),
        Some(None) => {
            let detail = format!("it has {len} octets, and none of those that Range asks for");
            let problem = Problem::new(StatusCode::RANGE_NOT_SATISFIABLE, detail);
            let mut response = problem.into_response();
            if let Ok(range) = HeaderValue::try_from(format!("bytes */{len}")) {
                response.headers_mut().insert(CONTENT_RANGE, range);
            }
            return Ok(response);
        }
    };
    let body = Body::new(Held {
        octets: Some(download.octets.slice(part.clone())),
        _slot: slot,
    });
    let mut response = (status, body).into_response();
    let headers = response.headers_mut();
    let kind = HeaderValue::try_from(download.media_type);
    headers.insert(
        CONTENT_TYPE,
        kind.unwrap_or(HeaderValue::from_static("application/octet-stream")),
    );
    if let Ok(disposition) = HeaderValue::try_from(disposition(&download.name)) {
        headers.insert(CONTENT_DISPOSITION, disposition);
    }
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(
        CONTENT_SECURITY_POLICY,
        HeaderValue::from_static("sandbox; default-src 'none'"),
    );
    headers.insert(ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    headers.insert(ETAG, tag);
    if status == StatusCode::PARTIAL_CONTENT
        && let Ok(range) = HeaderValue::try_from(format!(
            "bytes {}-{}/{len}",
            part.start,
            part.end.saturating_sub(1)
        ))
    {
        headers.insert(CONTENT_RANGE, range);
    }
    Ok(response)
}

/// What a Range asks for of `len` octets. None: all of it, for what is not understood, or names several parts, is passed over (RFC 9110 14.2); none in
/// the inner one: nothing that there is.
fn part(range: &HeaderValue, len: usize) -> Option<Option<Range<usize>>> {
    let (first, last) = range
        .to_str()
        .ok()?
        .strip_prefix("bytes=")?
        .split_once('-')?;
    let number = |text: &str| text.trim().parse::<usize>().ok();
    let part = match (first.trim(), last.trim()) {
        ("", last) => len.saturating_sub(number(last)?)..len,
        (first, "") => number(first)?..len,
        (first, last) => {
            let (first, last) = (number(first)?, number(last)?);
            if last < first {
                return None;
            }
            first..last.saturating_add(1).min(len)
        }
    };
    Some(Some(part).filter(|part| part.start < part.end))
}

/// To be kept under its name (RFC 6266): in letters that every client reads, and as it is.
fn disposition(name: &str) -> String {
    let plain: String = name
        .chars()
        .map(|letter| match letter {
            'a'..='z' | 'A'..='Z' | '0'..='9' | '.' | '-' | '_' | ' ' => letter,
            _ => '_',
        })
        .collect();
    let mut whole = String::with_capacity(name.len());
    for octet in name.bytes() {
        // RFC 8187 3.2.1, attr-char.
        if octet.is_ascii_alphanumeric() || b"!#$&+-.^_`|~".contains(&octet) {
            whole.push(char::from(octet));
        } else {
            whole.push_str(&format!("%{octet:02X}"));
        }
    }
    format!("attachment; filename=\"{plain}\"; filename*=UTF-8''{whole}")
}

/// Octets that hold their slot until they have gone.
struct Held {
    octets: Option<Bytes>,
    _slot: Slot,
}

impl hyper::body::Body for Held {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        Poll::Ready(self.octets.take().map(|octets| Ok(Frame::data(octets))))
    }

    fn is_end_stream(&self) -> bool {
        self.octets.is_none()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.octets.as_ref().map_or(0, |octets| octets.len() as u64))
    }
}
