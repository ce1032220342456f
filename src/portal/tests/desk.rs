//! What the tests stand on: accounts, a seeded archive, a listener, and requests written as they are wanted.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::allowlist::Allowlist;
use crate::archive::{
    Archive, EntryKey, MailState, MessageId, NewMessage, Parties, Party, SqliteArchive, StoredFile,
    Thread, ThreadId, ThreadKind, Via,
};
use crate::center::{Draft, News, Outbox, PostError, Posting};
use crate::clock::{Clock, SystemClock};
use crate::config::{Budget, Center, HttpConfig, HttpListen, WhenBehind};
use crate::directory::{
    Change, Conflict, Directory, DirectoryFuture, Mask, Participant, SledState, Transaction,
    Unavailable,
};
use crate::http::{Guard, Listener};
use crate::mail::{Domain, Mailbox, QueueId};
use crate::masking::{MaskId, ParticipantId, PassKeys, TokenKeys, TransactionId};
use crate::portal::{PortalContext, SignIn, serve};
use crate::tokens::{Holder, Scope, Tokens};

pub(super) const BUYER: &str = "8awgqyk6a5";
pub(super) const SELLER: &str = "k2m9x0r7t3";
pub(super) const STRANGER: &str = "5zz8c1w4mn";
/// The order of both.
pub(super) const ORDER: &str = "cub31c122";
/// Stands in the directory as everybody's address, and nowhere in an answer.
const REAL: &str = "real.address@poczta.example";

pub(super) fn id(text: &str) -> ParticipantId {
    ParticipantId::parse(text).unwrap()
}

pub(super) fn login(of: &str) -> &'static str {
    match of {
        BUYER => "jan_kowalski",
        SELLER => "sklep-rowery",
        _ => "ola",
    }
}

/// Accounts and orders in memory.
#[derive(Default)]
pub(super) struct People {
    /// Statuses that are not `active` and `open`; `none` is gone, `silent` of `*` has the directory say nothing.
    status: Mutex<HashMap<String, &'static str>>,
}

impl People {
    pub(super) fn set(&self, id: &str, status: &'static str) {
        self.status.lock().unwrap().insert(id.to_owned(), status);
    }

    fn status(&self, id: &str, usual: &'static str) -> Result<Option<&'static str>, Unavailable> {
        let all = self.status.lock().unwrap();
        if all.contains_key("*") {
            return Err(Unavailable("/var/lib/secret: the disk is full".to_owned()));
        }
        let status = all.get(id).copied().unwrap_or(usual);
        Ok(Some(status).filter(|status| *status != "none"))
    }
}

fn ready<T: Send + 'static>(answer: Result<T, Unavailable>) -> DirectoryFuture<'static, T> {
    Box::pin(std::future::ready(answer))
}

/// The keys of tickets and sessions.
pub(super) fn passes() -> PassKeys {
    PassKeys::new(&TokenKeys::new(vec![vec![9; 32]]))
}

impl Directory for People {
    fn mask(&self, _: &MaskId) -> DirectoryFuture<'_, Option<Mask>> {
        ready(Ok(None))
    }

    fn mask_of(
        &self,
        _: &ParticipantId,
        _: Option<&ParticipantId>,
    ) -> DirectoryFuture<'_, Option<MaskId>> {
        ready(Ok(None))
    }

    fn participant(&self, id: &ParticipantId) -> DirectoryFuture<'_, Option<Arc<Participant>>> {
        let known = [BUYER, SELLER, STRANGER].contains(&id.as_str());
        let usual = if known { "active" } else { "none" };
        let status = self.status(id.as_str(), usual);
        ready(status.map(|status| {
            let account = serde_json::json!({
                "id": id.as_str(), "login": login(id.as_str()), "marketplace": "allegro-pl", "language": "pl",
                "status": status?, "primary": REAL, "addresses": [REAL],
            });
            Some(Arc::new(serde_json::from_value(account).unwrap()))
        }))
    }

    fn owner(&self, _: &Mailbox) -> DirectoryFuture<'_, Option<ParticipantId>> {
        ready(Ok(None))
    }

    fn users(&self, _: &Domain) -> DirectoryFuture<'_, usize> {
        ready(Ok(0))
    }

    fn transaction(&self, id: &TransactionId) -> DirectoryFuture<'_, Option<Arc<Transaction>>> {
        let status = self.status(id.as_str(), "open");
        ready(status.map(|status| {
            let order = serde_json::json!({ "id": id.as_str(), "buyer": BUYER, "seller": SELLER, "status": status? });
            Some(Arc::new(serde_json::from_value(order).unwrap()))
        }))
    }

    fn transactions_of_order(&self, _: &str) -> DirectoryFuture<'_, Vec<Arc<Transaction>>> {
        Box::pin(std::future::ready(Ok(Vec::new())))
    }

    fn apply(&self, _: Vec<Change>) -> DirectoryFuture<'_, Vec<Result<(), Conflict>>> {
        ready(Ok(Vec::new()))
    }
}

/// A message of the archive.
pub(super) fn message(number: u64, thread: Thread, writer: Option<&str>) -> NewMessage {
    let head = format!("Subject: Rower {number}\r\nContent-Type: multipart/mixed\r\n\r\n");
    let file = "JVBERi0xLjcK\r\n";
    let at = head.len();
    NewMessage {
        id: message_id(number),
        entry: EntryKey {
            node: 0,
            id: QueueId(number),
        },
        thread,
        writer: writer.map(id),
        via: Via::Mail,
        automatic: false,
        written_at: SystemClock.now(),
        subject: format!("Rower {number}"),
        text: format!("Wiadomość {number}.\n\n> Dzień dobry\n"),
        cut: false,
        folded: std::iter::once(16..30 + number.to_string().len()).collect(),
        files: vec![StoredFile {
            name: "Faktura \"ż\".pdf".to_owned(),
            media_type: "application/pdf".to_owned(),
            size: 9,
            place: at..at + file.len(),
            encoding: "base64".to_owned(),
        }],
        message_id: format!("{number}@allegromail.pl"),
        mail: MailState::Failed {
            reason: "550 no such user".to_owned(),
        },
        sent_with: None,
        readers_alone: false,
        raw: format!("{head}{file}").into_bytes(),
    }
}

pub(super) fn message_id(number: u64) -> MessageId {
    let mut octets = [2; 16];
    octets[8..].copy_from_slice(&number.to_be_bytes());
    MessageId(octets)
}

/// The thread of both about the order, or about none.
pub(super) fn thread(about_order: bool) -> Thread {
    let party = |of| Party {
        id: id(of),
        login: login(of).to_owned(),
    };
    Thread {
        id: ThreadId([if about_order { 1 } else { 3 }; 16]),
        kind: ThreadKind::Talk,
        parties: Parties {
            one: party(BUYER),
            other: Some(party(SELLER)),
        },
        order: about_order.then(|| TransactionId::parse(ORDER).unwrap()),
    }
}

/// News of a parcel for the buyer.
pub(super) fn parcel() -> Thread {
    let mut thread = thread(true);
    thread.parties.other = None;
    Thread {
        id: ThreadId([4; 16]),
        kind: ThreadKind::Courier,
        ..thread
    }
}

/// Does what it was told last.
pub(super) struct Scripted {
    archive: SqliteArchive,
    news: News,
    pub(super) refuses: Mutex<Option<PostError>>,
    pub(super) posted: Mutex<Vec<(ParticipantId, Draft)>>,
}

impl Outbox for Scripted {
    fn post<'a>(&'a self, writer: &'a ParticipantId, draft: Draft) -> Posting<'a> {
        Box::pin(async move {
            if let Some(refused) = self.refuses.lock().unwrap().clone() {
                return Err(refused);
            }
            let number = {
                let mut posted = self.posted.lock().unwrap();
                posted.push((writer.clone(), draft.clone()));
                1_000 + posted.len() as u64
            };
            let mut new = message(number, thread(true), Some(writer.as_str()));
            new.via = Via::Center;
            new.text = draft.text;
            new.folded = Vec::new();
            let added = self.archive.add(vec![new], SystemClock.now()).await;
            self.news.tell(added.unwrap());
            Ok(message_id(number))
        })
    }
}

/// A portal that answers.
pub(super) struct Desk {
    pub(super) address: SocketAddr,
    pub(super) people: Arc<People>,
    pub(super) archive: SqliteArchive,
    pub(super) outbox: Arc<Scripted>,
    pub(super) news: News,
    pub(super) tokens: Arc<Tokens>,
    pub(super) state: Arc<SledState>,
    stop: CancellationToken,
    serving: JoinHandle<()>,
    _folder: tempfile::TempDir,
}

/// What is heard.
#[derive(Debug)]
pub(super) struct Heard {
    pub(super) status: u16,
    pub(super) head: String,
    pub(super) body: Vec<u8>,
}

impl Heard {
    pub(super) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// A field of the head.
    pub(super) fn field(&self, name: &str) -> Option<&str> {
        let mut fields = self.head.lines().filter_map(|line| line.split_once(": "));
        fields
            .find(|(known, _)| *known == name)
            .map(|(_, value)| value)
    }
}

impl Desk {
    pub(super) async fn open() -> Self {
        Self::with(|_| {}).await
    }

    /// With another configuration.
    pub(super) async fn with(change: impl FnOnce(&mut Center)) -> Self {
        Self::of(change, None).await
    }

    /// With somebody who signs participants in.
    pub(super) async fn signing(sign_in: SignIn) -> Self {
        Self::of(|_| {}, Some(sign_in)).await
    }

    async fn of(change: impl FnOnce(&mut Center), sign_in: Option<SignIn>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let archive = SqliteArchive::open(&folder.path().join("archive"), [7; 32]).unwrap();
        let state = Arc::new(SledState::open(&folder.path().join("state")).unwrap());
        let tokens = Arc::new(Tokens::load(state.clone()).unwrap());
        let (people, news) = (Arc::new(People::default()), News::default());
        let outbox = Arc::new(Scripted {
            archive: archive.clone(),
            news: news.clone(),
            refuses: Mutex::default(),
            posted: Mutex::default(),
        });
        let http = HttpConfig {
            listen: HttpListen::Tcp("127.0.0.1:0".parse().unwrap()),
            tls: None,
            behind_proxy: Vec::new(),
        };
        let mut center = Center {
            http: Some(http.clone()),
            hosts: Vec::new(),
            sign_in: None,
            keep: Duration::from_secs(86_400),
            behind: 1 << 30,
            when_behind: WhenBehind::Refuse,
            requests_per_participant: Some(Budget {
                count: 6_000,
                period: Duration::from_secs(60),
            }),
            streams: 5,
            streams_total: 50,
        };
        change(&mut center);
        let hostname = Domain::parse("mx.allegromail.example").unwrap();
        let listener = Listener::bind(&http).await.unwrap();
        let address = listener.shown().parse().unwrap();
        let context = PortalContext {
            directory: people.clone(),
            archive: Arc::new(archive.clone()),
            outbox: outbox.clone(),
            news: news.clone(),
            tokens: tokens.clone(),
            passes: passes(),
            sign_in,
            state: state.clone(),
            clock: Arc::new(SystemClock),
            guard: Guard::new(&http, &hostname, &[]),
            center,
            require_transaction: false,
            max_message_size: 1 << 20,
            heartbeat: Duration::from_millis(200),
        };
        let stop = CancellationToken::new();
        let serving = tokio::spawn(serve(listener, context, stop.clone()));
        Self {
            address,
            people,
            archive,
            outbox,
            news,
            tokens,
            state,
            stop,
            serving,
            _folder: folder,
        }
    }

    /// Adds messages, and rings.
    pub(super) async fn add(&self, messages: Vec<NewMessage>) {
        let added = self.archive.add(messages, SystemClock.now()).await;
        self.news.tell(added.unwrap());
    }

    /// A token: its id and its text.
    pub(super) fn token(&self, of: &str, scope: &[Scope]) -> (String, String) {
        let holder = Holder::Participant {
            participant: id(of),
            scope: scope.to_vec(),
        };
        let made = self
            .tokens
            .create(holder, &Allowlist::default(), "test", SystemClock.now());
        made.unwrap()
    }

    /// A client of `of` that may do everything.
    pub(super) fn client(&self, of: &str) -> Client {
        Client {
            address: self.address,
            fields: format!(
                "Authorization: Bearer {}\r\n",
                self.token(of, &Scope::ALL).1
            ),
        }
    }

    pub(super) async fn close(self) {
        self.stop.cancel();
        self.serving.await.unwrap();
    }
}

/// Asks with the same fields each time.
#[derive(Clone)]
pub(super) struct Client {
    pub(super) address: SocketAddr,
    pub(super) fields: String,
}

impl Client {
    /// The same with one more field.
    pub(super) fn and(&self, field: &str) -> Self {
        Self {
            address: self.address,
            fields: format!("{}{field}\r\n", self.fields),
        }
    }

    /// Opens a connection and sends a request.
    pub(super) async fn send(&self, line: &str, body: &[u8]) -> TcpStream {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        let length = match body.is_empty() {
            true => String::new(),
            false => format!("Content-Length: {}\r\n", body.len()),
        };
        let head = format!(
            "{line} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{}{length}\r\n",
            self.fields
        );
        stream.write_all(head.as_bytes()).await.unwrap();
        // A server that has answered already may have closed.
        let _ = stream.write_all(body).await;
        stream
    }

    pub(super) async fn ask(&self, line: &str, body: &[u8]) -> Heard {
        let mut stream = self.send(line, body).await;
        let mut octets = Vec::new();
        let _ = stream.read_to_end(&mut octets).await;
        let heard = parsed(&octets);
        // No answer may ever have it, whatever is asked.
        assert!(
            !String::from_utf8_lossy(&octets).contains("real.address"),
            "{heard:?}"
        );
        heard
    }

    pub(super) async fn get(&self, path: &str) -> Heard {
        self.ask(&format!("GET /center/v1/{path}"), b"").await
    }

    /// Asks with a body of JSON.
    pub(super) fn json(
        &self,
        method: &str,
        path: &str,
        body: Value,
    ) -> impl Future<Output = Heard> + use<> {
        let client = self.and("Content-Type: application/json");
        let line = format!("{method} /center/v1/{path}");
        async move { client.ask(&line, body.to_string().as_bytes()).await }
    }
}

/// An answer in pieces.
fn parsed(octets: &[u8]) -> Heard {
    let end = octets.windows(4).position(|four| four == b"\r\n\r\n");
    let end = end.unwrap_or_else(|| panic!("{:?}", String::from_utf8_lossy(octets)));
    let head = String::from_utf8(octets[..end].to_vec()).unwrap();
    let body = octets[end + 4..].to_vec();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    // A body without a length comes in chunks.
    let body = match head.contains("transfer-encoding: chunked") {
        true => unchunked(&body),
        false => body,
    };
    Heard { status, head, body }
}

fn unchunked(mut octets: &[u8]) -> Vec<u8> {
    let mut body = Vec::new();
    while let Some(end) = octets.windows(2).position(|two| two == b"\r\n") {
        let size = std::str::from_utf8(&octets[..end]).unwrap();
        let size = usize::from_str_radix(size, 16).unwrap();
        let chunk = &octets[end + 2..];
        body.extend_from_slice(&chunk[..size]);
        octets = &chunk[size + 2..];
    }
    body
}
