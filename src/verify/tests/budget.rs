//! What guessing costs, and that a refusal tells nothing.

use std::pin::Pin;
use std::task::{Context, Poll};

use axum::body::{Bytes, HttpBody};
use http_body_util::BodyExt;
use hyper::body::Frame;

use super::*;

/// The state of an answer of one address.
fn result(heard: &Heard) -> &str {
    heard.2["result"].as_str().unwrap_or_default()
}

#[tokio::test]
async fn beyond_the_budget_every_question_is_refused_alike_until_it_refills() {
    let desk = Desk::new(8);
    for address in UNKNOWN {
        let heard = desk.get(&desk.inpost, address).await;
        assert_eq!((heard.0, result(&heard)), (200, "unknown"), "{address}");
        let wanted =
            serde_json::json!({"address": address, "result": "unknown", "marketplace": null});
        assert_eq!(heard.2, wanted, "one shape for all");
    }
    desk.directory.asked();
    let spent = desk.get(&desk.inpost, ORDER).await;
    assert_eq!(
        (spent.0, &spent.1["retry-after"]),
        (429, &"450".parse().unwrap())
    );
    for address in UNKNOWN.iter().chain(&[CLOSED]) {
        let heard = desk.get(&desk.inpost, address).await;
        assert_eq!((heard.0, &heard.1, &heard.2), (429, &spent.1, &spent.2));
    }
    assert!(desk.directory.asked().is_empty(), "not even looked up");
    // It is the other token's no more than the other way round.
    assert_eq!(desk.get(&desk.dhl, UNKNOWN[0]).await.0, 200);
    desk.clock.advance(HOUR / 8 - Duration::from_millis(1));
    assert_eq!(desk.get(&desk.inpost, ORDER).await.0, 429);
    desk.clock.advance(Duration::from_millis(1));
    for _ in 0..20 {
        assert_eq!(result(&desk.get(&desk.inpost, ORDER).await), "order");
    }
    assert_eq!(result(&desk.get(&desk.inpost, UNKNOWN[1]).await), "unknown");
    assert_eq!(desk.get(&desk.inpost, ORDER).await.0, 429);
}

#[tokio::test]
async fn a_batch_is_answered_whole_or_not_at_all_and_its_refusal_depends_on_no_address() {
    let desk = Desk::new(100);
    let known = vec![ORDER.to_owned(); 100];
    // What is known costs nothing, however much of it.
    for _ in 0..20 {
        let heard = desk.post(&desk.inpost, &known).await;
        let results = heard.2["results"].as_array().unwrap();
        assert_eq!((heard.0, results.len()), (200, 100));
        assert!(results.iter().all(|one| one["result"] == "order"));
    }
    let heard = desk.post(&desk.inpost, &guesses(60)).await;
    assert_eq!(heard.0, 200);
    // Forty are left: what has more addresses is refused whatever they stand for, and costs nothing, so nobody tries one address at the edge for nothing.
    desk.directory.asked();
    let refused = desk.post(&desk.inpost, &known[..41]).await;
    assert_eq!(refused.0, 429);
    for _ in 0..200 {
        let other = desk.post(&desk.inpost, &guesses(41)).await;
        assert_eq!((other.0, &other.1, &other.2), (429, &refused.1, &refused.2));
    }
    assert!(desk.directory.asked().is_empty());
    assert_eq!(desk.post(&desk.inpost, &known[..40]).await.0, 200);
    // In the order of the questions, and every unknown one counts, also one that was asked before.
    let mut mixed = vec![UNKNOWN[0].to_owned(); 39];
    mixed.insert(1, ORDER.to_owned());
    let heard = desk.post(&desk.inpost, &mixed).await;
    let results: Vec<&str> = heard.2["results"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["result"].as_str().unwrap())
        .collect();
    assert_eq!(
        (results[0], results[1], results[39]),
        ("unknown", "order", "unknown")
    );
    assert_eq!(desk.get(&desk.inpost, UNKNOWN[0]).await.0, 200);
    assert_eq!(desk.get(&desk.inpost, ORDER).await.0, 429);
}

#[tokio::test]
async fn many_that_ask_at_once_get_no_more_than_one() {
    let desk = Arc::new(Desk::new(50));
    let asked = guesses(500).into_iter().map(|address| {
        let desk = desk.clone();
        tokio::spawn(async move { desk.get(&desk.inpost, &address).await.0 })
    });
    let mut answered = 0;
    for asked in asked.collect::<Vec<_>>() {
        answered += usize::from(asked.await.unwrap() == 200);
    }
    assert_eq!(answered, 50);
}

#[tokio::test]
async fn what_was_no_answer_costs_nothing() {
    let desk = Desk::new(1);
    desk.directory.silent.store(true, Ordering::SeqCst);
    for address in [ORDER, UNKNOWN[0]] {
        let heard = desk.get(&desk.inpost, address).await;
        assert_eq!(heard.0, 503);
        let told = heard.2.to_string();
        assert!(!told.contains("lib") && !told.contains("full"), "{told}");
        assert_eq!(desk.post(&desk.inpost, &[address.to_owned()]).await.0, 503);
    }
    desk.directory.silent.store(false, Ordering::SeqCst);
    for junk in ["8awgqyk6a5@allegromail.pl", "junk"] {
        assert_eq!(desk.get(&desk.inpost, junk).await.0, 422);
    }
    let mixed = [ORDER, "junk"].map(str::to_owned);
    let heard = desk.post(&desk.inpost, &mixed[1..]).await;
    assert_eq!(heard.0, 422);
    // More than there ever are.
    assert_eq!(desk.post(&desk.inpost, &mixed).await.0, 422);
    assert_eq!(desk.post(&desk.inpost, &[]).await.0, 422);
    assert_eq!(result(&desk.get(&desk.inpost, UNKNOWN[0]).await), "unknown");
    assert_eq!(desk.get(&desk.inpost, ORDER).await.0, 429);
    // What is wrong with a question says nothing of the budget.
    assert_eq!(desk.get(&desk.inpost, "junk").await.0, 422);
    let desk = Desk::new(1_000);
    let heard = desk.post(&desk.inpost, &mixed).await;
    assert!(
        heard.0 == 422
            && heard.2["error"]
                .as_str()
                .unwrap()
                .starts_with("address 2 of 2")
    );
    assert_eq!(
        desk.post(&desk.inpost, &vec![ORDER.to_owned(); 101])
            .await
            .0,
        422
    );
}

/// A body that never comes.
struct Never;

impl HttpBody for Never {
    type Data = Bytes;
    type Error = std::io::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        Poll::Pending
    }
}

#[tokio::test(start_paused = true)]
async fn a_body_that_does_not_come_is_not_waited_for() {
    let desk = Desk::new(1);
    let begun = tokio::time::Instant::now();
    let request = Desk::request("POST", "/v1/verify", &desk.inpost);
    let heard = desk
        .send(request.body(Body::new(Never.boxed())).unwrap())
        .await;
    assert_eq!(heard.0, 408);
    assert_eq!(begun.elapsed().as_secs(), 30);
    // Without a token it is not waited for at all.
    let request = Desk::request("POST", "/v1/verify", "amv_0_0");
    let heard = desk
        .send(request.body(Body::new(Never.boxed())).unwrap())
        .await;
    assert_eq!((heard.0, begun.elapsed().as_secs()), (401, 30));
    let large = Body::from(vec![b' '; 64 * 1024 + 1]);
    let request = Desk::request("POST", "/v1/verify", &desk.inpost);
    let heard = desk.send(request.body(large).unwrap()).await;
    assert!(heard.0 == 413 && heard.2["error"].as_str().unwrap().contains("64 KiB"));
}
