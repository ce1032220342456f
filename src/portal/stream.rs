//! Streams of events. Each reads its pages from the archive and holds one of them at most, so that one who reads slowly keeps nobody waiting but itself.

use std::collections::HashMap;
use std::convert::Infallible;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::Body;
use axum::http::HeaderValue;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use hyper::body::Frame;
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;

use super::caller::Caller;
use super::feed::ShownEvent;
use super::problem::Problem;
use super::service::PortalService;
use crate::archive::FeedPage;
use crate::center::News;
use crate::masking::ParticipantId;

/// Events that are read at once.
const PAGE: usize = 100;
/// How long a reader may take nothing before its stream ends.
const STALLED: Duration = Duration::from_secs(60);
/// After how long a client comes again by itself.
const RETRY: &[u8] = b"retry: 3000\n\n";
/// Says that the stream lives.
const HEARTBEAT: &[u8] = b": \n\n";

/// The streams that are open, and a bell for each participant who has any.
pub(super) struct Streams {
    each: usize,
    all: usize,
    open: Mutex<Open>,
}

#[derive(Default)]
struct Open {
    count: usize,
    of: HashMap<ParticipantId, Listening>,
}

struct Listening {
    count: usize,
    bell: watch::Sender<()>,
}

/// A place among the streams, until it goes.
struct Seat {
    service: Arc<PortalService>,
    of: ParticipantId,
    bell: watch::Receiver<()>,
}

impl Streams {
    pub(super) fn new(each: usize, all: usize) -> Self {
        Self {
            each,
            all,
            open: Mutex::default(),
        }
    }

    /// A panic elsewhere while they were held leaves them whole: each is changed in one step.
    fn open(&self) -> MutexGuard<'_, Open> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn enter(&self, of: &ParticipantId) -> Result<watch::Receiver<()>, Problem> {
        let mut open = self.open();
        let own = open.of.get(of).map_or(0, |listening| listening.count);
        if own >= self.each {
            return Err(Problem::spent("streams", Duration::from_secs(20)));
        }
        if open.count >= self.all {
            return Err(Problem::not_now());
        }
        open.count += 1;
        let listening = open.of.entry(of.clone()).or_insert_with(|| Listening {
            count: 0,
            bell: watch::Sender::new(()),
        });
        listening.count += 1;
        Ok(listening.bell.subscribe())
    }

    fn leave(&self, of: &ParticipantId) {
        let mut open = self.open();
        open.count = open.count.saturating_sub(1);
        if let Some(listening) = open.of.get_mut(of) {
            listening.count = listening.count.saturating_sub(1);
            if listening.count == 0 {
                open.of.remove(of);
            }
        }
    }

    /// Rings for one, or for everybody.
    fn ring(&self, of: Option<&ParticipantId>) {
        let open = self.open();
        let heard = open
            .of
            .iter()
            .filter(|(id, _)| of.is_none_or(|of| of == *id));
        for (_, listening) in heard {
            listening.bell.send_modify(|()| {});
        }
    }

    /// Passes news on to the streams that they are for, until `stop`.
    pub(super) async fn listen(&self, news: &News, stop: &CancellationToken) {
        let mut news = news.listen();
        loop {
            let heard = tokio::select! {
                heard = news.recv() => heard,
                () = stop.cancelled() => return,
            };
            match heard {
                Ok(published) => self.ring(Some(&published.participant)),
                Err(RecvError::Lagged(_)) => self.ring(None),
                Err(RecvError::Closed) => return,
            }
        }
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.service.streams.leave(&self.of);
    }
}

/// Begins a stream behind a number.
///
/// # Errors
/// 410, 429, 503, before anything of it is sent.
pub(super) async fn open(
    service: Arc<PortalService>,
    caller: Caller,
    after: u64,
) -> Result<Response, Problem> {
    let seat = Seat {
        bell: service.streams.enter(&caller.id)?,
        of: caller.id.clone(),
        service: service.clone(),
    };
    let page = service.parts.archive.events(caller.id.clone(), after, PAGE);
    let page = page.await?;
    let (sender, receiver) = mpsc::channel(1);
    tokio::spawn(run(seat, caller, page, sender));
    let kind = HeaderValue::from_static("text/event-stream");
    let body = Body::new(Following(receiver));
    Ok(([(CONTENT_TYPE, kind)], body).into_response())
}

/// Sends what is there, then what comes, while the token is good.
async fn run(mut seat: Seat, caller: Caller, mut page: FeedPage, sender: mpsc::Sender<Bytes>) {
    let service = seat.service.clone();
    let mut octets = RETRY.to_vec();
    loop {
        if !is_welcome(&service, &caller).await {
            return;
        }
        let is_full = page.events.len() == PAGE;
        let lines = page
            .events
            .into_iter()
            .map(|event| ShownEvent::from(event).line());
        octets.extend(lines.flat_map(String::into_bytes));
        if !octets.is_empty() {
            let sent = sender.send(std::mem::take(&mut octets).into());
            if !matches!(tokio::time::timeout(STALLED, sent).await, Ok(Ok(()))) {
                return;
            }
        }
        if !is_full {
            tokio::select! {
                rung = seat.bell.changed() => if rung.is_err() { return },
                () = tokio::time::sleep(service.heartbeat(&caller)) => octets.extend_from_slice(HEARTBEAT),
                () = service.stop.cancelled() => return,
                () = sender.closed() => return,
            }
        }
        // What rings from here on is heard; what rang before is read now.
        seat.bell.mark_unchanged();
        let next = service
            .parts
            .archive
            .events(caller.id.clone(), page.next, PAGE);
        page = match next.await {
            Ok(page) => page,
            // The client comes again, and hears why.
            Err(_) => return,
        };
    }
}

/// Whether what opened the stream would open it now.
async fn is_welcome(service: &PortalService, caller: &Caller) -> bool {
    caller
        .credential
        .is_good(service, service.parts.clock.now())
        && service.account(&caller.id).await.is_ok()
}

/// The body of a stream.
struct Following(mpsc::Receiver<Bytes>);

impl hyper::body::Body for Following {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let next = self.0.poll_recv(context);
        next.map(|octets| octets.map(|octets| Ok(Frame::data(octets))))
    }
}
