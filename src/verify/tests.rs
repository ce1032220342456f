//! A directory that notes what it is asked, and a router over it, without sockets and at a time of the test's own.

mod answers;
mod budget;
mod good_tokens;
mod lines;

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Request};
use hyper::service::Service;
use hyper_util::service::TowerToHyperService;

use super::*;
use crate::clock::ManualClock;
use crate::config::{Budget, HttpConfig, HttpListen};
use crate::directory::{
    Change, Conflict, Directory, DirectoryFuture, Mask, Participant, SledState, Transaction,
    Unavailable,
};
use crate::history::History;
use crate::http::Guard;
use crate::in_force::{InForce, Sources};
use crate::mail::{Domain, Mailbox, Timestamp};
use crate::masking::{MaskId, MaskedDomain, MaskedDomains, ParticipantId, TransactionId};
use crate::tokens::{Holder, Tokens};

const NOW: Timestamp = Timestamp(1_795_392_000_000);
const HOUR: Duration = Duration::from_secs(3_600);
/// The buyer's address in an order, and in one that is closed.
const ORDER: &str = "8awgqyk6a5+cub31c122@allegromail.pl";
const CLOSED: &str = "8awgqyk6a5+closed1@allegromail.pl";
/// Addresses that stand for no order of their participant, one of each kind.
const UNKNOWN: [&str; 8] = [
    "8awgqyk6a5+other1@allegromail.pl",
    "8awgqyk6a5+nosuch1@allegromail.pl",
    "nobody1+cub31c122@allegromail.pl",
    "nobody1+nosuch1@allegromail.pl",
    "sleepy+sleepy1@allegromail.pl",
    "gone1+gone2@allegromail.pl",
    "8awgqyk6a5+cub31c122@elsewhere.example",
    "cub31c122+8awgqyk6a5@allegromail.pl",
];

/// Accounts and orders in memory.
#[derive(Default)]
struct Noted {
    asked: Mutex<Vec<&'static str>>,
    silent: AtomicBool,
}

impl Noted {
    fn answer<T: Send + 'static>(
        &self,
        what: &'static str,
        found: Option<T>,
    ) -> DirectoryFuture<'_, Option<T>> {
        self.asked.lock().unwrap().push(what);
        let silent = self.silent.load(Ordering::SeqCst);
        let answer = if silent {
            Err(Unavailable("/var/lib/secret: the disk is full".to_owned()))
        } else {
            Ok(found)
        };
        Box::pin(std::future::ready(answer))
    }

    fn asked(&self) -> Vec<&'static str> {
        std::mem::take(&mut self.asked.lock().unwrap())
    }
}

fn account(id: &str) -> Option<Participant> {
    let status = match id {
        "8awgqyk6a5" | "k2m9x0r7t3" | "5zz8c1w4mn" => "active",
        "sleepy" => "suspended",
        "gone1" => "deleted",
        _ => return None,
    };
    serde_json::from_value(serde_json::json!({
        "id": id, "login": "x", "marketplace": "allegro-pl", "language": "pl", "status": status,
        "primary": "jan@poczta.example", "addresses": ["jan@poczta.example"],
    }))
    .unwrap()
}

fn order(id: &str) -> Option<Transaction> {
    let (buyer, status) = match id {
        "cub31c122" => ("8awgqyk6a5", "open"),
        "closed1" => ("8awgqyk6a5", "closed"),
        "other1" => ("5zz8c1w4mn", "open"),
        "sleepy1" => ("sleepy", "open"),
        "gone2" => ("gone1", "open"),
        _ => return None,
    };
    serde_json::from_value(serde_json::json!({
        "id": id, "buyer": buyer, "seller": "k2m9x0r7t3", "status": status,
    }))
    .unwrap()
}

impl Directory for Noted {
    fn mask(&self, mask: &MaskId) -> DirectoryFuture<'_, Option<Mask>> {
        // One that the seller alone may use.
        let (id, only) = match mask.as_str() {
            "forseller" => ("8awgqyk6a5", Some("k2m9x0r7t3")),
            "forola" => ("8awgqyk6a5", Some("5zz8c1w4mn")),
            id => (id, None),
        };
        let found = account(id).map(|account| Mask {
            participant: account.id,
            counterparty: only.map(|only| only.parse().unwrap()),
        });
        self.answer("mask", found)
    }

    fn mask_of(
        &self,
        _: &ParticipantId,
        _: Option<&ParticipantId>,
    ) -> DirectoryFuture<'_, Option<MaskId>> {
        self.answer("mask_of", None)
    }

    fn participant(&self, id: &ParticipantId) -> DirectoryFuture<'_, Option<Arc<Participant>>> {
        self.answer("participant", account(id.as_str()).map(Arc::new))
    }

    fn owner(&self, _: &Mailbox) -> DirectoryFuture<'_, Option<ParticipantId>> {
        self.answer("owner", None)
    }

    fn users(&self, _: &Domain) -> DirectoryFuture<'_, usize> {
        Box::pin(std::future::ready(Ok(0)))
    }

    fn transaction(&self, id: &TransactionId) -> DirectoryFuture<'_, Option<Arc<Transaction>>> {
        self.answer("transaction", order(id.as_str()).map(Arc::new))
    }

    fn transactions_of_order(&self, _: &str) -> DirectoryFuture<'_, Vec<Arc<Transaction>>> {
        Box::pin(std::future::ready(Ok(Vec::new())))
    }

    fn apply(&self, _: Vec<Change>) -> DirectoryFuture<'_, Vec<Result<(), Conflict>>> {
        Box::pin(std::future::ready(Ok(Vec::new())))
    }
}

fn domains() -> MaskedDomains {
    MaskedDomains::new(vec![MaskedDomain {
        name: Domain::parse("allegromail.pl").unwrap(),
        marketplaces: vec!["allegro-pl".to_owned()],
        aliases: vec![Domain::parse("user.allegrogroup.pl").unwrap()],
    }])
}

/// An allowlist of two couriers.
fn allowlist(folder: &Path) -> InForce {
    let file = folder.join("couriers.txt");
    std::fs::write(&file, "@inpost.pl\nnotices@dhl.com\n").unwrap();
    let sources = Sources {
        allowlist: file,
        rules: None,
        shadow: None,
    };
    InForce::open(sources, None, Arc::new(ManualClock::new(NOW))).unwrap()
}

fn courier(entry: &str) -> Holder {
    let entry = entry.parse().unwrap();
    Holder::Courier { entry }
}

fn tokens(folder: &Path) -> Tokens {
    let state = SledState::open(&folder.join("state")).unwrap();
    Tokens::load(Arc::new(state)).unwrap()
}

/// A router over all of it, with a token for each courier.
struct Desk {
    folder: tempfile::TempDir,
    clock: Arc<ManualClock>,
    directory: Arc<Noted>,
    history: Arc<History>,
    router: Router,
    inpost: String,
    dhl: String,
}

/// An answer: status, head and body.
type Heard = (u16, HeaderMap, serde_json::Value);

impl Desk {
    fn new(count: u32) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let clock = Arc::new(ManualClock::new(NOW));
        let (directory, allowlist) = (Arc::new(Noted::default()), allowlist(folder.path()));
        let tokens = tokens(folder.path());
        let make = |entry: &str| {
            let made = tokens.create(courier(entry), &allowlist.current().allowlist, "test", NOW);
            made.unwrap().1
        };
        let (inpost, dhl) = (make("@inpost.pl"), make("notices@dhl.com"));
        let history = Arc::new(History::open(&folder.path().join("trace"), HOUR * 99).unwrap());
        let http = HttpConfig {
            listen: HttpListen::Tcp("127.0.0.1:0".parse().unwrap()),
            tls: None,
            behind_proxy: Vec::new(),
        };
        let hostname = Domain::parse("mx.allegromail.example").unwrap();
        let router = server::router(VerifyContext {
            directory: directory.clone(),
            domains: Arc::new(domains()),
            in_force: Arc::new(allowlist),
            tokens: Arc::new(tokens),
            history: history.clone(),
            clock: clock.clone(),
            unknown_per_token: Some(Budget {
                count,
                period: HOUR,
            }),
            guard: Guard::new(&http, &hostname, &[]),
        });
        Self {
            folder,
            clock,
            directory,
            history,
            router,
            inpost,
            dhl,
        }
    }

    async fn send(&self, request: Request<Body>) -> Heard {
        let service = TowerToHyperService::new(self.router.clone());
        let (head, body) = service.call(request).await.unwrap().into_parts();
        let body = to_bytes(body, usize::MAX).await.unwrap();
        let body = serde_json::from_slice(&body).unwrap();
        (head.status.as_u16(), head.headers, body)
    }

    fn request(method: &str, path: &str, token: &str) -> axum::http::request::Builder {
        Request::builder()
            .method(method)
            .uri(path)
            .header("host", "localhost")
            .header("content-type", "application/json")
            .header("authorization", format!("Bearer {token}"))
    }

    async fn get(&self, token: &str, address: &str) -> Heard {
        let path = format!("/v1/verify?address={}", address.replace('+', "%2B"));
        let request = Self::request("GET", &path, token).body(Body::empty());
        self.send(request.unwrap()).await
    }

    async fn post(&self, token: &str, addresses: &[String]) -> Heard {
        let body = serde_json::json!({ "addresses": addresses }).to_string();
        let request = Self::request("POST", "/v1/verify", token).body(Body::from(body));
        self.send(request.unwrap()).await
    }
}

/// So many addresses that nobody has.
fn guesses(count: usize) -> Vec<String> {
    let guess = |number| format!("guess{number}+cub31c122@allegromail.pl");
    (0..count).map(guess).collect()
}
