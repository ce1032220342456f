//! What is answered in place of an answer.

use serde_json::json;

use super::*;

#[tokio::test(flavor = "multi_thread")]
async fn every_failure_has_one_form() {
    let desk = Desk::open().await;
    let buyer = desk.client(BUYER);
    let bare = Client {
        fields: String::new(),
        ..buyer.clone()
    };
    for (client, line, status) in [
        (&buyer, "GET /center/v1/nothing", 404),
        (&buyer, "GET /v1/participants/8awgqyk6a5", 404),
        (&buyer, "PATCH /center/v1/threads", 405),
        (&bare, "GET /center/v1/threads", 401),
        (&bare, "GET /center/v1/openapi.json", 401),
        (&bare, "GET /nothing", 401),
        (
            &buyer.and("Origin: https://evil.example"),
            "GET /center/v1/threads",
            403,
        ),
        (&buyer.and("Host: localhost"), "GET /center/v1/threads", 400),
    ] {
        let heard = client.ask(line, b"").await;
        assert_eq!(
            (heard.status, heard.field("content-type")),
            (status, Some("application/problem+json")),
            "{line}: {heard:?}"
        );
        let problem = heard.json();
        assert_eq!(problem["status"], status);
        assert!(problem["detail"].as_str().unwrap().len() > 10 && problem["title"].is_string());
        assert_eq!(heard.field("cache-control"), Some("no-store"));
    }
    let body = buyer
        .ask(
            "PUT /center/v1/threads/01010101010101010101010101010101/read",
            b"{}",
        )
        .await;
    assert_eq!(body.status, 415);
    desk.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_participant_has_its_budget_of_requests_with_all_of_its_tokens() {
    let desk = Desk::with(|center| {
        center.requests_per_participant = Some(crate::config::Budget {
            count: 3,
            period: std::time::Duration::from_secs(3_600),
        });
    })
    .await;
    let (one, two) = (desk.client(BUYER), desk.client(BUYER));
    for client in [&one, &two, &one] {
        assert_eq!(client.get("unread").await.status, 200);
    }
    for client in [&one, &two] {
        let spent = client.get("unread").await;
        assert_eq!(
            (spent.status, &spent.json()["budget"]),
            (429, &json!("requests_per_participant"))
        );
        let wait: u64 = spent.field("retry-after").unwrap().parse().unwrap();
        assert!((1..=1_200).contains(&wait), "{wait}");
    }
    assert_eq!(desk.client(SELLER).get("unread").await.status, 200);
    desk.close().await;
}
