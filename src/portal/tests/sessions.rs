//! A ticket opens a session once, and nothing else does.

use std::time::Duration;

use super::*;
use crate::clock::{Clock, SystemClock};
use crate::masking::{Pass, PassKeys, PassKind, TokenKeys};

/// A ticket of `of` that is good for so long.
fn ticket(keys: &PassKeys, of: &str, good: Duration, serial: u8) -> String {
    let pass = Pass {
        participant: id(of),
        until: SystemClock.now().plus(good),
        serial: [serial; 8],
    };
    keys.make(PassKind::Ticket, &pass)
}

fn bare(desk: &Desk) -> Client {
    Client {
        address: desk.address,
        fields: String::new(),
    }
}

async fn opened(desk: &Desk, ticket: &str) -> Heard {
    let line = format!("POST /center/v1/sign-in?ticket={ticket}");
    bare(desk).ask(&line, b"").await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ticket_opens_a_session_once() {
    let desk = Desk::open().await;
    desk.add(vec![message(1, thread(true), Some(SELLER))]).await;
    let minute = Duration::from_secs(60);
    let good = ticket(&passes(), BUYER, minute, 1);
    // Ten at once, as from ten windows.
    let mut asked = tokio::task::JoinSet::new();
    for _ in 0..10 {
        let (client, line) = (
            bare(&desk),
            format!("POST /center/v1/sign-in?ticket={good}"),
        );
        asked.spawn(async move { client.ask(&line, b"").await });
    }
    let all = asked.join_all().await;
    let (done, refused): (Vec<_>, Vec<_>) = all.iter().partition(|heard| heard.status == 200);
    assert_eq!((done.len(), refused.len()), (1, 9));
    assert!(
        refused.iter().all(|heard| heard.status == 401),
        "{refused:?}"
    );
    let session = done[0].json();
    assert_eq!(
        session["scope"],
        serde_json::json!(["messages:read", "messages:write"])
    );
    assert!(done[0].field("cache-control").unwrap().contains("private"));
    let client = Client {
        address: desk.address,
        fields: format!(
            "Authorization: Bearer {}\r\n",
            session["token"].as_str().unwrap()
        ),
    };
    let threads = client.get("threads").await;
    assert_eq!(threads.json()["threads"].as_array().unwrap().len(), 1);
    desk.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_else_opens_one() {
    let desk = Desk::open().await;
    let minute = Duration::from_secs(60);
    let others = PassKeys::new(&TokenKeys::new(vec![vec![8; 32]]));
    let session = Pass {
        participant: id(BUYER),
        until: SystemClock.now().plus(minute),
        serial: [2; 8],
    };
    let mut words = Vec::new();
    for (name, text) in [
        ("none", String::new()),
        ("made up", "amk_AAAA".to_owned()),
        ("of other keys", ticket(&others, BUYER, minute, 1)),
        ("over", ticket(&passes(), BUYER, Duration::ZERO, 1)),
        ("a session", passes().make(PassKind::Session, &session)),
        (
            "a kept token",
            desk.token(BUYER, &crate::tokens::Scope::ALL).1,
        ),
    ] {
        let heard = opened(&desk, &text).await;
        assert_eq!(heard.status, 401, "{name}: {heard:?}");
        words.push(heard.json()["detail"].clone());
    }
    words.dedup();
    assert_eq!(words.len(), 1, "they are told apart: {words:?}");
    // An account that is gone, and another method.
    let gone = opened(&desk, &ticket(&passes(), "nobody1", minute, 1)).await;
    assert_eq!(gone.status, 401);
    let read = bare(&desk).get("sign-in").await;
    assert_eq!(read.status, 405);
    desk.close().await;
}
