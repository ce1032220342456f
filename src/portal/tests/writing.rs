//! What a participant writes: files first, then a message that names them; and what it is answered where it is not sent.

use std::time::Duration;

use serde_json::{Value, json};

use super::*;
use crate::center::{Addressee, PostError};

const THREAD: &str = "01010101010101010101010101010101";

async fn uploaded(client: &Client, name: &str, octets: &[u8]) -> Value {
    let client = client.and(&format!(
        "Content-Disposition: attachment; filename=\"{name}\""
    ));
    let heard = client.ask("POST /center/v1/files", octets).await;
    assert_eq!(heard.status, 201, "{heard:?}");
    heard.json()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_with_files_is_sent_and_read_back() {
    let desk = Desk::open().await;
    let buyer = desk.client(BUYER);
    let file = uploaded(&buyer, "../Faktura.exe", b"%PDF-1.7\n%%EOF\n").await;
    assert_eq!(
        (&file["name"], &file["type"], &file["size"]),
        (&json!("Faktura.exe"), &json!("application/pdf"), &json!(15))
    );
    let own = buyer
        .get(&format!("files/{}", file["id"].as_str().unwrap()))
        .await;
    assert_eq!(
        (own.status, &*own.body),
        (200, b"%PDF-1.7\n%%EOF\n".as_slice())
    );
    let begin = json!({"order": " cub31c122 ", "to": "sklep-rowery", "text": "Dzień dobry,\r\nczy jest?", "files": [file["id"]]});
    let sent = buyer
        .and("Idempotency-Key: 1-a")
        .json("POST", "messages", begin)
        .await;
    assert_eq!(sent.status, 201, "{sent:?}");
    let message = sent.json();
    assert_eq!(
        (&message["author"], &message["via"], &message["text"]),
        (
            &json!("me"),
            &json!("center"),
            &json!("Dzień dobry,\r\nczy jest?")
        )
    );
    assert_eq!(
        sent.field("location").unwrap(),
        format!("/center/v1/messages/{}", message["id"].as_str().unwrap())
    );
    let answer = json!({"text": "", "subject": " Rower ", "files": [file["id"]]});
    let sent = buyer
        .json("POST", &format!("threads/{THREAD}/messages"), answer)
        .await;
    assert_eq!(sent.status, 201, "{sent:?}");
    let posted = desk.outbox.posted.lock().unwrap().clone();
    let (writer, first) = &posted[0];
    assert_eq!(writer, &id(BUYER));
    let to = Addressee::User {
        order: Some(ORDER.to_owned()),
        login: "sklep-rowery".to_owned(),
    };
    assert_eq!((&first.to, &first.subject), (&to, &None));
    assert!(first.key.is_some());
    let (file, second) = (&first.files[0], &posted[1].1);
    assert_eq!(
        (&*file.name, &*file.media_type, &*file.octets),
        (
            "Faktura.exe",
            "application/pdf",
            b"%PDF-1.7\n%%EOF\n".as_slice()
        )
    );
    assert_eq!(
        (&second.to, second.subject.as_deref()),
        (&Addressee::Thread(thread(true).id), Some("Rower"))
    );
    assert!(second.key.is_none() && second.files.len() == 1);
    desk.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_request_has_the_same_digests_and_another_has_others() {
    let desk = Desk::open().await;
    let buyer = desk.client(BUYER);
    let file = uploaded(&buyer, "a.pdf", b"%PDF-1.7\n").await["id"].clone();
    let bodies = [
        ("k1", json!({"to": "ola", "text": "a"})),
        ("k1", json!({"text": "a", "to": "ola", "order": null})),
        ("k2", json!({"to": "ola", "text": "a"})),
        ("k1", json!({"to": "ola", "text": "b"})),
        ("k1", json!({"to": "ola", "text": "a", "files": [file]})),
        ("k1", json!({"to": "ola", "text": "a", "order": "x1"})),
    ];
    for (key, body) in bodies {
        let client = buyer.and(&format!("Idempotency-Key: {key}"));
        assert_eq!(client.json("POST", "messages", body).await.status, 201);
    }
    let answer = buyer.and("Idempotency-Key: k1").json(
        "POST",
        &format!("threads/{THREAD}/messages"),
        json!({"text": "a"}),
    );
    assert_eq!(answer.await.status, 201);
    let posted = desk.outbox.posted.lock().unwrap().clone();
    let keys: Vec<_> = posted.iter().map(|(_, draft)| draft.key.unwrap()).collect();
    assert_eq!(keys[0], keys[1]);
    assert!(keys[0].key != keys[2].key && keys[0].asked == keys[2].asked);
    for other in &keys[3..] {
        assert!(other.key == keys[0].key && other.asked != keys[0].asked);
    }
    for key in ["", " ", "ż", &"x".repeat(256)] {
        let refused = buyer.and(&format!("Idempotency-Key: {key}")).json(
            "POST",
            "messages",
            json!({"to": "ola", "text": "a"}),
        );
        assert_eq!(refused.await.status, 400, "{key:?}");
    }
    desk.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_sent_is_told_before_anything_is_judged() {
    let desk = Desk::open().await;
    let (buyer, seller) = (desk.client(BUYER), desk.client(SELLER));
    let theirs = uploaded(&seller, "a.pdf", b"%PDF-1.7\n").await["id"].clone();
    let large = uploaded(&buyer, "a.bin", &vec![7; 600_000]).await["id"].clone();
    for (body, words) in [
        (json!({"to": "ola", "text": ""}), "says nothing"),
        (json!({"to": "ola"}), "says nothing"),
        (
            json!({"to": "ola", "text": " \n\u{200b}\u{a0}"}),
            "says nothing",
        ),
        (json!({"to": " ", "text": "a"}), "`to`"),
        (json!({"to": "a\u{0}b", "text": "a"}), "cannot be"),
        (json!({"to": "ola", "text": "a\u{0}"}), "control characters"),
        (json!({"to": "ola", "text": "a".repeat(65_537)}), "64 KiB"),
        (
            json!({"to": "ola", "text": "a", "subject": "a\nb"}),
            "subject",
        ),
        (
            json!({"to": "ola", "text": "a", "subject": "a".repeat(256)}),
            "subject",
        ),
        (
            json!({"to": "ola", "text": "a", "files": [theirs]}),
            "file 1 of 1",
        ),
        (
            json!({"to": "ola", "text": "a", "files": [large, "x"]}),
            "file 2 of 2",
        ),
        (
            json!({"to": "ola", "text": "a", "files": [large, large]}),
            "larger than a message",
        ),
        (
            json!({"to": "ola", "text": "a", "files": vec!["x"; 101]}),
            "100 files",
        ),
        (json!({"text": "a"}), "missing field `to`"),
        (json!({"to": 7, "text": "a"}), "expected a string"),
    ] {
        let refused = buyer.json("POST", "messages", body.clone()).await;
        let detail = refused.json()["detail"].as_str().unwrap().to_owned();
        assert!(
            refused.status == 422 && detail.contains(words),
            "{body}: {refused:?}"
        );
    }
    let whole = json!({"to": "ola", "text": "a".repeat(65_536)});
    assert_eq!(buyer.json("POST", "messages", whole).await.status, 201);
    assert_eq!(desk.outbox.posted.lock().unwrap().len(), 1);
    assert_eq!(
        buyer
            .json("POST", "messages", json!("a".repeat(600_000)))
            .await
            .status,
        413
    );
    desk.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn each_reason_why_a_message_is_not_sent_has_its_answer() {
    let desk = Desk::open().await;
    let buyer = desk.client(BUYER);
    let detail = || "an address of yours".to_owned();
    let refused = |rule| PostError::Refused {
        reason: "content-prohibited",
        rule,
        detail: detail(),
    };
    let limited = PostError::Limited {
        budget: "messages_per_sender",
        retry_after: Duration::from_millis(1_500),
    };
    for (error, status, has) in [
        (
            PostError::NoSuchThread,
            404,
            json!({"detail": "there is no such thread"}),
        ),
        (
            refused(Some("spam")),
            422,
            json!({"reason": "content-prohibited", "rule": "spam", "detail": detail()}),
        ),
        (
            refused(None),
            422,
            json!({"reason": "content-prohibited", "rule": null}),
        ),
        (limited, 429, json!({"budget": "messages_per_sender"})),
        (
            PostError::KeyReused,
            422,
            json!({"title": "Unprocessable Entity"}),
        ),
        (PostError::UnderWay, 409, json!({"title": "Conflict"})),
        (
            PostError::Unavailable("/var/lib/secret".to_owned()),
            503,
            json!({"status": 503}),
        ),
    ] {
        *desk.outbox.refuses.lock().unwrap() = Some(error);
        let heard = buyer
            .json("POST", "messages", json!({"to": "ola", "text": "a"}))
            .await;
        assert_eq!(
            (heard.status, heard.field("content-type")),
            (status, Some("application/problem+json"))
        );
        let problem = heard.json();
        for (field, value) in has.as_object().unwrap() {
            assert_eq!(problem.get(field), Some(value), "{problem}");
        }
        assert!(!problem.to_string().contains("/var/lib"));
        let wait = heard
            .field("retry-after")
            .map(|wait| wait.parse::<u64>().unwrap());
        assert_eq!(
            wait,
            match status {
                429 => Some(2),
                409 => Some(1),
                503 => Some(5),
                _ => None,
            }
        );
    }
    desk.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn uploads_have_their_bounds() {
    let desk = Desk::open().await;
    let buyer = desk.client(BUYER);
    let post =
        async |client: &Client, octets: &[u8]| client.ask("POST /center/v1/files", octets).await;
    assert_eq!(post(&buyer, b"").await.status, 422);
    let largest = vec![b'a'; 1 << 20];
    assert_eq!(post(&buyer, &[&*largest, b"a"].concat()).await.status, 413);
    for _ in 0..2 {
        assert_eq!(post(&buyer, &largest).await.json()["name"], "text.txt");
    }
    let spent = post(&buyer, b"a").await;
    assert_eq!(
        (spent.status, &spent.json()["budget"]),
        (429, &json!("uploads"))
    );
    // A name in other letters, as RFC 6266 has it.
    let seller = desk
        .client(SELLER)
        .and("Content-Disposition: attachment; filename*=UTF-8''Zdj%C4%99cie.png");
    assert_eq!(
        post(&seller, b"\x89PNG\r\n\x1a\n").await.json()["name"],
        "Zdjęcie.png"
    );
    desk.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_report_is_an_event_of_the_marketplace_without_words_of_the_message() {
    let desk = Desk::open().await;
    desk.add(vec![
        message(1, thread(true), Some(BUYER)),
        message(2, thread(true), Some(SELLER)),
    ])
    .await;
    let (buyer, stranger) = (desk.client(BUYER), desk.client(STRANGER));
    let report = async |client: &Client, number: u64, body: Value| {
        client
            .json(
                "POST",
                &format!("messages/{}/report", message_id(number)),
                body,
            )
            .await
    };
    let threat = json!({"kind": "threat", "note": "Od wczoraj."});
    assert_eq!(report(&buyer, 2, threat.clone()).await.status, 204);
    let events = desk.state.events(0, 10).unwrap();
    let event: Value = serde_json::from_str(&events[0].1).unwrap();
    for (field, value) in [
        ("event", json!("report")),
        ("reporter", json!(BUYER)),
        ("writer", json!(SELLER)),
        ("message", json!(message_id(2).to_string())),
        ("thread", json!(THREAD)),
        ("order", json!(ORDER)),
        ("kind", json!("threat")),
        ("note", json!("Od wczoraj.")),
    ] {
        assert_eq!(event[field], value, "{field}");
    }
    assert!(!events[0].1.contains("Wiadomość"));
    for (client, number, body, status) in [
        (&stranger, 2, threat.clone(), 404),
        (&buyer, 3, threat.clone(), 404),
        (&buyer, 1, threat.clone(), 422),
        (&buyer, 2, json!({"kind": "spam"}), 422),
        (
            &buyer,
            2,
            json!({"kind": "other", "note": "pisze do jan@poczta.example"}),
            422,
        ),
        (
            &buyer,
            2,
            json!({"kind": "other", "note": "a".repeat(1_001)}),
            422,
        ),
    ] {
        assert_eq!(
            report(client, number, body.clone()).await.status,
            status,
            "{body}"
        );
    }
    for _ in 1..20 {
        assert_eq!(report(&buyer, 2, threat.clone()).await.status, 204);
    }
    let spent = report(&buyer, 2, threat).await;
    assert_eq!(
        (spent.status, &spent.json()["budget"]),
        (429, &json!("reports"))
    );
    assert_eq!(desk.state.events(0, 100).unwrap().len(), 20);
    desk.close().await;
}
