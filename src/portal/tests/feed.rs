//! The feed, in pages and as a stream.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::*;
use crate::archive::Archive;
use crate::clock::{Clock, SystemClock};

/// How long anything may take before it counts as not done.
const PATIENCE: Duration = Duration::from_secs(20);

/// A stream that is read as it comes.
struct Following {
    stream: TcpStream,
    text: String,
}

impl Following {
    async fn open(client: &Client, path: &str) -> Self {
        let stream = client.send(&format!("GET /center/v1/{path}"), b"").await;
        Self {
            stream,
            text: String::new(),
        }
    }

    /// Reads until there is so much; false: the stream has ended before.
    async fn until(&mut self, is_enough: impl Fn(&str) -> bool) -> bool {
        let read = async {
            let mut octets = [0; 4096];
            while !is_enough(&self.text) {
                match self.stream.read(&mut octets).await {
                    Ok(0) | Err(_) => return false,
                    Ok(count) => self
                        .text
                        .push_str(&String::from_utf8_lossy(&octets[..count])),
                }
            }
            true
        };
        timeout(PATIENCE, read).await.expect("nothing comes")
    }

    /// Reads until the event of this number has come.
    async fn event(&mut self, number: u64) -> Value {
        let begin = format!("id: {number}\ndata: ");
        let come = self.until(|text| {
            text.split_once(&begin)
                .is_some_and(|(_, rest)| rest.contains("\n\n"))
        });
        assert!(come.await, "{}", self.text);
        let (_, rest) = self.text.split_once(&begin).unwrap();
        serde_json::from_str(rest.split_once("\n\n").unwrap().0).unwrap()
    }

    async fn ends(&mut self) -> bool {
        !self.until(|_| false).await
    }
}

fn stream_of(client: &Client) -> Client {
    client.and("Accept: text/event-stream")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_feed_is_read_page_by_page_and_misses_nothing() {
    let desk = Desk::open().await;
    let buyer = desk.client(BUYER);
    desk.add(
        (1..=5)
            .map(|number| message(number, thread(true), Some(SELLER)))
            .collect(),
    )
    .await;
    let (mut seen, mut after) = (Vec::new(), 0);
    loop {
        let page = buyer
            .get(&format!("events?after={after}&limit=2"))
            .await
            .json();
        let events = page["events"].as_array().unwrap();
        if events.is_empty() {
            assert_eq!(page["next"], after);
            break;
        }
        seen.extend(events.iter().map(|event| {
            (
                event["number"].as_u64().unwrap(),
                event["message"].as_str().unwrap().to_owned(),
            )
        }));
        after = page["next"].as_u64().unwrap();
    }
    assert_eq!(
        seen,
        (1..=5)
            .map(|number| (number, message_id(number).to_string()))
            .collect::<Vec<_>>()
    );
    let first = buyer.get("events?limit=1").await.json()["events"][0].clone();
    assert_eq!(
        (&first["kind"], &first["thread"]),
        (
            &json!("message.published"),
            &json!(thread(true).id.to_string())
        )
    );
    let page = buyer.get("events?after=99").await;
    assert_eq!((page.status, &page.json()["start"]), (410, &json!(5)));
    // As after a restored backup.
    desk.archive.renew(SystemClock.now()).await.unwrap();
    desk.add(vec![message(6, thread(true), Some(SELLER))]).await;
    let page = buyer.get("events?after=6").await;
    assert_eq!((page.status, &page.json()["start"]), (410, &json!(5)));
    let page = buyer.get("events?after=5").await.json();
    assert_eq!(page["events"][0]["message"], message_id(6).to_string());
    for query in ["after=-1", "after=x", "limit=0", "limit=1001"] {
        assert_eq!(
            buyer.get(&format!("events?{query}")).await.status,
            400,
            "{query}"
        );
    }
    desk.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_has_what_was_and_what_comes_and_goes_on_where_it_was_left() {
    let desk = Desk::open().await;
    let buyer = desk.client(BUYER);
    desk.add(vec![
        message(1, thread(true), Some(SELLER)),
        message(2, thread(true), Some(SELLER)),
    ])
    .await;
    let mut whole = Following::open(&stream_of(&buyer), "events").await;
    assert_eq!(whole.event(1).await["message"], message_id(1).to_string());
    assert!(
        whole.text.contains("content-type: text/event-stream")
            && whole.text.contains("retry: 3000")
    );
    whole.event(2).await;
    let mut rest =
        Following::open(&stream_of(&buyer).and("Last-Event-ID: 1"), "events?after=0").await;
    let mut other = Following::open(&buyer, "stream?after=2").await;
    desk.add(vec![message(3, thread(true), Some(BUYER))]).await;
    for following in [&mut whole, &mut rest, &mut other] {
        assert_eq!(following.event(3).await["kind"], "message.published");
    }
    assert!(!rest.text.contains("id: 1\n") && !other.text.contains("id: 2\n"));
    // What one's own other tool does is told as well.
    let path = format!("messages/{}", message_id(3));
    assert_eq!(
        buyer
            .ask(&format!("DELETE /center/v1/{path}"), b"")
            .await
            .status,
        204
    );
    assert_eq!(whole.event(4).await["kind"], "message.deleted");
    // It says that it lives.
    assert!(whole.until(|text| text.contains("\n: \n\n")).await);
    let gone = stream_of(&buyer)
        .and("Last-Event-ID: 77")
        .get("events")
        .await;
    assert_eq!((gone.status, &gone.json()["start"]), (410, &json!(4)));
    assert_eq!(
        stream_of(&buyer)
            .and("Last-Event-ID: x")
            .get("events")
            .await
            .status,
        400
    );
    desk.close().await;
    for following in [&mut whole, &mut rest, &mut other] {
        assert!(following.ends().await);
        assert!(following.text.ends_with("0\r\n\r\n"), "{}", following.text);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_ends_with_its_token_and_with_its_account() {
    let desk = Desk::open().await;
    let (token, text) = desk.token(BUYER, &crate::tokens::Scope::ALL);
    let fields = format!("Authorization: Bearer {text}\r\n");
    let client = Client {
        address: desk.address,
        fields,
    };
    let mut one = Following::open(&stream_of(&client), "events").await;
    let mut two = Following::open(&stream_of(&desk.client(SELLER)), "events").await;
    assert!(
        one.until(|text| text.contains("retry")).await
            && two.until(|text| text.contains("retry")).await
    );
    desk.tokens
        .revoke(&token, "test", SystemClock.now())
        .unwrap();
    desk.people.set(SELLER, "deleted");
    // Nothing that happens from here on is told.
    desk.add(vec![message(1, thread(true), Some(STRANGER))])
        .await;
    for following in [&mut one, &mut two] {
        assert!(following.ends().await);
        assert!(!following.text.contains("id: 1"), "{}", following.text);
    }
    desk.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn streams_are_so_many_for_each_and_in_all_and_come_back() {
    let desk = Desk::with(|center| {
        center.streams = 2;
        center.streams_total = 3;
    })
    .await;
    let (buyer, seller) = (
        stream_of(&desk.client(BUYER)),
        stream_of(&desk.client(SELLER)),
    );
    let mut open = Vec::new();
    for client in [&buyer, &buyer, &seller] {
        let mut following = Following::open(client, "events").await;
        assert!(following.until(|text| text.contains("retry")).await);
        open.push(following);
    }
    let spent = buyer.get("events").await;
    assert_eq!(
        (spent.status, &spent.json()["budget"]),
        (429, &json!("streams"))
    );
    assert_eq!(seller.get("events").await.status, 503);
    open.remove(0);
    let mut again = None;
    let waited = timeout(PATIENCE, async {
        while again.is_none() {
            let mut following = Following::open(&buyer, "events").await;
            again = following
                .until(|text| text.contains("\r\n\r\n"))
                .await
                .then_some(following);
            again = again.filter(|following| following.text.starts_with("HTTP/1.1 200"));
        }
    });
    waited.await.unwrap();
    desk.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_reads_slowly_keeps_nobody_waiting() {
    let desk = Desk::open().await;
    let buyer = desk.client(BUYER);
    // Takes nothing at all.
    let slow = Following::open(&stream_of(&buyer), "events").await;
    let mut quick = Following::open(&stream_of(&buyer), "events").await;
    let mut number = 0;
    for _ in 0..40 {
        let batch = (0..100).map(|_| {
            number += 1;
            message(number, thread(true), Some(SELLER))
        });
        desk.add(batch.collect()).await;
    }
    quick.event(number).await;
    // Who was slow has missed nothing.
    let mut slow = slow;
    slow.event(number).await;
    let ids = slow
        .text
        .lines()
        .filter(|line| line.starts_with("id: "))
        .count();
    assert_eq!(ids as u64, number);
    desk.close().await;
}
