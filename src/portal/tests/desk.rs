//! What the tests stand on: accounts, a seeded archive, a listener, and requests written as they are wanted.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::Value;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::client::Client;
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

/// The id of [`thread`] about the order.
pub(super) const THREAD: &str = "01010101010101010101010101010101";

pub(super) async fn seeded() -> Desk {
    let desk = Desk::open().await;
    desk.add(vec![
        message(1, thread(true), Some(BUYER)),
        message(2, thread(true), Some(SELLER)),
        message(3, thread(false), Some(SELLER)),
        message(4, parcel(), None),
    ])
    .await;
    desk
}

pub(super) fn ids(page: &Value) -> Vec<String> {
    let threads = page["threads"].as_array().unwrap().iter();
    threads
        .map(|thread| thread["id"].as_str().unwrap().split_at(2).0.to_owned())
        .collect()
}
