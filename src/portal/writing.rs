//! What participants write. It is decided by what decides mail, and there is an answer when it is durable: no message is ever being checked.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::header::LOCATION;
use axum::http::{HeaderMap, HeaderName, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::asked;
use super::caller::{Caller, MayWrite};
use super::labels;
use super::problem::Problem;
use super::service::PortalService;
use super::shown::{self, ShownMessage};
use super::uploads;
use crate::archive::UploadId;
use crate::center::{Addressee, Draft, DraftFile, IdempotencyKey, PostError};
use crate::digest::MOST_TEXT;
use crate::message::is_unseen;

/// The client's own name for a message that it sends, however often it asks for it.
const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
/// The longest such name in characters.
const LONGEST_KEY: usize = 255;
/// The longest subject in characters.
const LONGEST_SUBJECT: usize = 255;
/// The longest login or order that is looked for, in octets.
const LONGEST_WORD: usize = 400;
/// Files of one message.
const MOST_FILES: usize = 100;

/// An answer in a thread.
#[derive(Debug, Serialize, Deserialize, utoipa::ToSchema)]
pub(super) struct NewAnswer {
    /// What it says, at most 64 KiB; may be empty where there are files.
    #[serde(default)]
    text: String,
    /// The ids of files that you have uploaded.
    #[serde(default)]
    files: Vec<String>,
    /// Its subject, at most 255 characters; where it is absent, that of the thread.
    #[serde(default)]
    subject: Option<String>,
}

/// A message to somebody.
#[derive(Debug, Serialize, Deserialize, utoipa::ToSchema)]
pub(super) struct NewPost {
    /// The order that it is about, by its number or its fixed id; null or absent: about none.
    #[serde(default)]
    order: Option<String>,
    /// The login of the other side; without an order also its masked address, where you have not talked before.
    to: String,
    /// What it says, at most 64 KiB; may be empty where there are files.
    #[serde(default)]
    text: String,
    /// The ids of files that you have uploaded.
    #[serde(default)]
    files: Vec<String>,
    /// Its subject, at most 255 characters.
    #[serde(default)]
    subject: Option<String>,
}

/// Writes to the other side of a thread. The message leaves as mail, too. With the same Idempotency-Key it is sent once within 24 hours, however often you ask.
#[utoipa::path(post, path = "/center/v1/threads/{id}/messages", params(
    ("id" = String, Path, description = "the thread's id"),
    ("Idempotency-Key" = Option<String>, Header, description = "a name of your own for this message, 1 to 255 visible characters"),
), request_body = NewAnswer, responses(
    (status = 201, description = "it is on its way, and can be read", body = ShownMessage),
    (status = 409, description = "the same Idempotency-Key is under way", body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn answer(
    State(service): State<Arc<PortalService>>,
    MayWrite(caller): MayWrite,
    Path(id): Path<String>,
    headers: HeaderMap,
    Json(new): Json<NewAnswer>,
) -> Result<Response, Problem> {
    let thread = asked::thread(&id)?;
    let digest = digest(&[b"answer", &thread.0], &new);
    let letter = Letter {
        to: Addressee::Thread(thread),
        text: new.text,
        files: new.files,
        subject: new.subject,
    };
    post(service, caller, letter, key(&headers, digest)?).await
}

/// Writes to a user about an order, or about none. An order that does not exist and one that is not yours are answered alike.
#[utoipa::path(post, path = "/center/v1/messages", params(
    ("Idempotency-Key" = Option<String>, Header, description = "a name of your own for this message, 1 to 255 visible characters"),
), request_body = NewPost, responses(
    (status = 201, description = "it is on its way, and can be read", body = ShownMessage),
    (status = 409, description = "the same Idempotency-Key is under way", body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn begin(
    State(service): State<Arc<PortalService>>,
    MayWrite(caller): MayWrite,
    headers: HeaderMap,
    Json(new): Json<NewPost>,
) -> Result<Response, Problem> {
    let digest = digest(&[b"begin"], &new);
    let (login, order) = (new.to.trim(), new.order.as_deref().map(str::trim));
    let order = order.filter(|order| !order.is_empty());
    if login.is_empty() {
        return Err(Problem::bad(
            "`to` is the login of the other side, and is empty",
        ));
    }
    for word in [Some(login), order].into_iter().flatten() {
        if word.len() > LONGEST_WORD || word.chars().any(char::is_control) {
            return Err(Problem::bad(
                "`to` is a login and `order` an order's number or id; one of them cannot be",
            ));
        }
    }
    let letter = Letter {
        to: Addressee::User {
            order: order.map(str::to_owned),
            login: login.to_owned(),
        },
        text: new.text,
        files: new.files,
        subject: new.subject,
    };
    post(service, caller, letter, key(&headers, digest)?).await
}

/// What is written, as it was asked for.
struct Letter {
    to: Addressee,
    text: String,
    files: Vec<String>,
    subject: Option<String>,
}

/// The digest of everything that was asked.
fn digest(place: &[&[u8]], new: &impl Serialize) -> [u8; 16] {
    let mut digest = Sha256::new();
    for part in place {
        digest.update(part);
    }
    digest.update(serde_json::to_vec(new).unwrap_or_default());
    shortened(digest)
}

fn shortened(digest: Sha256) -> [u8; 16] {
    let digest = digest.finalize();
    digest.first_chunk().copied().unwrap_or_default()
}

/// The key of a request that was asked with this digest.
fn key(headers: &HeaderMap, asked: [u8; 16]) -> Result<Option<IdempotencyKey>, Problem> {
    let Some(key) = headers.get(IDEMPOTENCY_KEY) else {
        return Ok(None);
    };
    let text = key.to_str().ok().map(str::trim);
    let text = text.filter(|text| (1..=LONGEST_KEY).contains(&text.len()));
    let Some(text) = text else {
        let detail = "Idempotency-Key has 1 to 255 visible ASCII characters";
        return Err(Problem::new(StatusCode::BAD_REQUEST, detail));
    };
    let key = shortened(Sha256::new().chain_update(text));
    Ok(Some(IdempotencyKey { key, asked }))
}

/// Sends a letter, and answers with the message that it became.
async fn post(
    service: Arc<PortalService>,
    caller: Caller,
    letter: Letter,
    key: Option<IdempotencyKey>,
) -> Result<Response, Problem> {
    let draft = draft(&service, &caller, letter, key).await?;
    let (outbox, writer) = (service.parts.outbox.clone(), caller.id.clone());
    // By itself: whoever hangs up meanwhile has sent it or not, and nothing in between.
    let posted = tokio::spawn(async move { outbox.post(&writer, draft).await });
    let posted = posted.await.map_err(|error| {
        tracing::error!(event = "center_post_failed", %error);
        Problem::not_now()
    })?;
    let id = match posted {
        Ok(id) => id,
        Err(error) => return Err(labelled(&service, &caller, refused(error)).await),
    };
    let message = service.parts.archive.message(caller.id.clone(), id).await?;
    let message = message.ok_or_else(Problem::not_now)?;
    let place = format!("/center/v1/messages/{id}");
    let mut shown = shown::message(&caller, message);
    shown::label(&service, &caller, std::slice::from_mut(&mut shown)).await?;
    Ok((StatusCode::CREATED, [(LOCATION, place)], Json(shown)).into_response())
}

async fn draft(
    service: &PortalService,
    caller: &Caller,
    letter: Letter,
    key: Option<IdempotencyKey>,
) -> Result<Draft, Problem> {
    let is_blank = letter
        .text
        .chars()
        .all(|c| c.is_whitespace() || is_unseen(c));
    if is_blank && letter.files.is_empty() {
        return Err(Problem::bad(
            "the message says nothing; write a text or name files",
        ));
    }
    if letter.text.len() > MOST_TEXT {
        return Err(Problem::refused(
            "too-large",
            None,
            "the text is longer than 64 KiB; shorten it, or send the rest as a file",
        ));
    }
    let is_text = |c: char| !c.is_control() || matches!(c, '\t' | '\n' | '\r');
    if !letter.text.chars().all(is_text) {
        return Err(Problem::bad(
            "the text holds control characters; take them out",
        ));
    }
    let subject = letter.subject.map(|subject| subject.trim().to_owned());
    let subject = subject.filter(|subject| !subject.is_empty());
    let is_subject = |subject: &String| {
        subject.chars().count() <= LONGEST_SUBJECT && !subject.chars().any(char::is_control)
    };
    if !subject.as_ref().is_none_or(is_subject) {
        return Err(Problem::bad(
            "the subject is longer than 255 characters, or holds control characters",
        ));
    }
    Ok(Draft {
        to: letter.to,
        subject,
        text: letter.text,
        files: files(service, caller, &letter.files).await?,
        key,
    })
}

/// The files that a letter names.
async fn files(
    service: &PortalService,
    caller: &Caller,
    ids: &[String],
) -> Result<Vec<DraftFile>, Problem> {
    if ids.len() > MOST_FILES {
        return Err(Problem::bad("a message has 100 files at most"));
    }
    let oldest = uploads::oldest(service.parts.clock.now());
    let (mut files, mut octets) = (Vec::with_capacity(ids.len()), 0);
    for (place, id) in (1..).zip(ids) {
        let archive = &service.parts.archive;
        let upload = match UploadId::parse(id) {
            Some(id) => archive.upload(caller.id.clone(), id, oldest).await?,
            None => None,
        };
        let upload = upload.ok_or_else(|| {
            Problem::bad(format!(
                "file {place} of {} is none that you have uploaded within 24 hours; upload it, then send the message",
                ids.len()
            ))
        })?;
        octets += upload.octets.len();
        // In mail three octets take four letters, and each line has its end.
        if octets / 57 * 78 > service.parts.max_message_size {
            return Err(Problem::refused(
                "too-large",
                None,
                "the files are larger than a message may be; send them in several",
            ));
        }
        files.push(DraftFile {
            name: upload.name,
            media_type: upload.media_type,
            octets: upload.octets,
        });
    }
    Ok(files)
}

/// A refusal with its sentence in the language of `caller`. That it cannot be looked up hides no refusal.
async fn labelled(service: &PortalService, caller: &Caller, mut problem: Problem) -> Problem {
    if problem.more.reason.is_some()
        && let Ok(language) = service.language(caller).await
    {
        problem.more.label = labels::sentence(&language, &problem.detail);
    }
    problem
}

fn refused(error: PostError) -> Problem {
    match error {
        PostError::NoSuchThread => Problem::no_such("thread"),
        PostError::Refused {
            reason,
            rule,
            detail,
        } => Problem::refused(reason, rule, detail),
        PostError::Limited {
            budget,
            retry_after,
        } => Problem::spent(budget, retry_after),
        PostError::KeyReused => Problem::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            "the same Idempotency-Key came with another message before; take a new one for a new message",
        ),
        PostError::UnderWay => Problem::new(
            StatusCode::CONFLICT,
            "the same Idempotency-Key is under way; ask again in a moment",
        )
        .after(std::time::Duration::from_secs(1)),
        PostError::Unavailable(error) => {
            tracing::warn!(event = "portal_not_answered", error);
            Problem::not_now()
        }
    }
}
