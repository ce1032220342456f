//! Files that are uploaded before the message that they go with.

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::header::{CONTENT_DISPOSITION, LOCATION};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http_body_util::BodyExt;
use tokio::sync::{Semaphore, SemaphorePermit};

use super::caller::MayWrite;
use super::problem::Problem;
use super::service::PortalService;
use super::shown::ShownFile;
use crate::archive::{Upload, UploadId, UploadRoom};
use crate::digest::{self, FileKind};
use crate::mail::Timestamp;
use crate::message::Parameters;

/// How long a file waits for its message, in milliseconds.
const KEPT: u64 = 86_400_000;
/// Files of one participant that wait.
const FILES: u64 = 100;
/// Octets of all participants that wait.
const ALL: u64 = 4 << 30;
/// Octets of uploads that are in memory, in KiB.
const MEMORY: u32 = 128 << 10;
/// How long an upload waits for the memory of others.
const WAIT: Duration = Duration::from_secs(10);

/// The memory of uploads under way.
pub(super) struct Uploads(Semaphore);

impl Default for Uploads {
    fn default() -> Self {
        Self(Semaphore::new(MEMORY as usize))
    }
}

/// The oldest moment from which a file still waits.
pub(super) fn oldest(now: Timestamp) -> Timestamp {
    Timestamp(now.0.saturating_sub(KEPT))
}

/// Uploads a file, whose octets are the body and whose name stands in `Content-Disposition`. It is kept for 24 hours, for a message of yours that names it. What
/// it is is told by its contents; whether it may be sent is decided with the message.
#[utoipa::path(post, path = "/center/v1/files", params(
    ("Content-Disposition" = Option<String>, Header, description = "`attachment; filename=\"…\"`, also as `filename*` (RFC 6266)"),
), request_body(content((String = "application/octet-stream"))), responses(
    (status = 201, description = "it is kept", body = ShownFile),
))]
pub(super) async fn upload(
    State(service): State<Arc<PortalService>>,
    MayWrite(caller): MayWrite,
    request: Request,
) -> Result<Response, Problem> {
    let (head, body) = request.into_parts();
    let _turn = service.downloads.enter(&caller.id).await?;
    let (octets, memory) = read(&service, body).await?;
    if octets.is_empty() {
        return Err(Problem::bad(
            "the body is empty; send the octets of the file",
        ));
    }
    let (name, media_type) = named(&head.headers, &octets);
    let mut id = UploadId([0; 16]);
    aws_lc_rs::rand::fill(&mut id.0).map_err(|_| Problem::not_now())?;
    let shown = ShownFile {
        id: id.to_string(),
        name: name.clone(),
        media_type: media_type.clone(),
        size: octets.len() as u64,
    };
    let upload = Upload {
        id,
        name,
        media_type,
        octets,
    };
    let now = service.parts.clock.now();
    let largest = service.parts.max_message_size as u64;
    let room = UploadRoom {
        oldest: oldest(now),
        octets_each: largest.saturating_mul(2),
        files_each: FILES,
        octets_all: ALL.max(largest),
    };
    let archive = &service.parts.archive;
    let kept = archive.keep_upload(caller.id, upload, now, room).await?;
    drop(memory);
    if !kept {
        return Err(Problem::spent("uploads", Duration::from_millis(KEPT)));
    }
    let place = format!("/center/v1/files/{}", shown.id);
    Ok((StatusCode::CREATED, [(LOCATION, place)], Json(shown)).into_response())
}

/// A body as it comes, within the largest message. Memory is taken for what has come, so that one who sends slowly holds what it has sent and no more.
async fn read(
    service: &PortalService,
    mut body: Body,
) -> Result<(Bytes, Option<SemaphorePermit<'_>>), Problem> {
    let (mut octets, mut held) = (Vec::new(), None::<SemaphorePermit<'_>>);
    while let Some(frame) = body.frame().await {
        let broken = |_| Problem::new(StatusCode::BAD_REQUEST, "the body did not come to its end");
        let Ok(data) = frame.map_err(broken)?.into_data() else {
            continue;
        };
        if octets.len() + data.len() > service.parts.max_message_size {
            let most = service.parts.max_message_size;
            let detail = format!("the file is larger than {most} octets, the largest message");
            return Err(Problem::new(StatusCode::PAYLOAD_TOO_LARGE, detail));
        }
        let more = u32::try_from(data.len() / 1024 + 1).unwrap_or(u32::MAX);
        let taken = service.uploads.0.acquire_many(more.min(MEMORY));
        let Ok(Ok(taken)) = tokio::time::timeout(WAIT, taken).await else {
            return Err(Problem::not_now());
        };
        match &mut held {
            Some(held) => held.merge(taken),
            None => held = Some(taken),
        }
        octets.extend_from_slice(&data);
    }
    Ok((octets.into(), held))
}

/// Its name, as it was sent or by what it is, and its type.
fn named(headers: &HeaderMap, octets: &[u8]) -> (String, String) {
    let kind = FileKind::of(octets);
    let sent = headers.get(CONTENT_DISPOSITION);
    let sent = sent.map(|field| Parameters::parse(field.as_bytes()));
    let sent = sent.and_then(|parameters| parameters.get("filename").map(str::to_owned));
    let name = digest::file_name(sent.as_slice(), kind, "");
    (name, kind.media_type().to_owned())
}
