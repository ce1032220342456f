//! Threads as a participant sees them, and what it has read and deleted of them.

use serde_json::{Value, json};

use super::*;
use crate::archive::Thread;

#[tokio::test(flavor = "multi_thread")]
async fn threads_are_listed_with_all_that_a_tool_asks_for() {
    let desk = seeded().await;
    let buyer = desk.client(BUYER);
    let page = buyer.get("threads").await.json();
    assert_eq!(ids(&page), ["04", "03", "01"]);
    assert_eq!(page["cursor"], Value::Null);
    let about = &page["threads"][2];
    assert_eq!(
        about["other"],
        json!({"login": "sklep-rowery", "role": "seller", "deleted": false})
    );
    assert_eq!(about["can_write"], json!({"yes": true, "why": null}));
    assert_eq!(
        (&about["order"], &about["unread"], &about["unanswered"]),
        (&json!(ORDER), &json!(1), &json!(true))
    );
    assert_eq!(page["threads"][1]["other"]["role"], "user");
    assert_eq!(
        page["threads"][0]["other"],
        json!({"login": "courier", "role": "courier", "deleted": false})
    );
    assert_eq!(
        page["threads"][0]["can_write"],
        json!({
            "yes": false, "why": "courier",
            "label": "Wiadomość wysłał przewoźnik; odpowiedzi nikt tu nie czyta.",
        })
    );
    for (query, found) in [
        ("unread=true", &["04", "03", "01"][..]),
        ("unread=false&unanswered=", &["04", "03", "01"]),
        ("with=SKLEP-rowery", &["03", "01"]),
        ("with=jan_kowalski", &[]),
        ("order=CUB31C122", &["04", "01"]),
        ("order=no+order", &[]),
        ("kind=courier", &["04"]),
        ("since=2020-01-01T00:00:00Z&kind=talk&order=", &["03", "01"]),
        ("since=2120-01-01T00:00:00Z", &[]),
    ] {
        let page = buyer.get(&format!("threads?{query}")).await;
        assert_eq!(
            (page.status, ids(&page.json())),
            (200, found.iter().map(|id| (*id).to_owned()).collect()),
            "{query}"
        );
    }
    let first = buyer.get("threads?limit=2").await.json();
    let cursor = first["cursor"].as_str().unwrap();
    let second = buyer
        .get(&format!("threads?limit=2&cursor={cursor}"))
        .await
        .json();
    assert_eq!(
        (ids(&first), ids(&second), &second["cursor"]),
        (
            vec!["04".to_owned(), "03".to_owned()],
            vec!["01".to_owned()],
            &Value::Null
        )
    );
    for query in [
        "limit=0",
        "limit=101",
        "limit=x",
        "cursor=1",
        "since=yesterday",
        "kind=issue",
        "unread=maybe",
        "unread=true&unread=true",
    ] {
        let refused = buyer.get(&format!("threads?{query}")).await;
        assert_eq!(refused.status, 400, "{query}: {refused:?}");
        assert_eq!(
            refused.field("content-type"),
            Some("application/problem+json")
        );
        assert_eq!(refused.json()["status"], 400);
    }
    desk.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thread_says_whether_it_can_be_answered_and_why_not() {
    let desk = seeded().await;
    let seller = desk.client(SELLER);
    let path = format!("threads/{THREAD}");
    let seen = async || seller.get(&path).await.json();
    let writable = async || seen().await["can_write"]["why"].clone();
    assert_eq!(seen().await["other"]["role"], "buyer");
    assert_eq!(writable().await, Value::Null);
    for (who, status, why) in [
        (ORDER, "closed", "transaction-closed"),
        (ORDER, "none", "unknown-transaction"),
        (BUYER, "suspended", "suspended"),
        (BUYER, "deleted", "suspended"),
        (SELLER, "suspended", "suspended"),
    ] {
        desk.people.set(who, status);
        assert_eq!(writable().await, why, "{who} {status}");
    }
    let other = json!({"login": "deleted user", "role": "buyer", "deleted": true});
    assert_eq!(seen().await["other"], other);
    // Whoever is gone has nothing, and a directory that is silent makes nobody so.
    desk.people.set(SELLER, "deleted");
    assert_eq!(seller.get(&path).await.status, 401);
    desk.people.set("*", "silent");
    let silent = seller.get(&path).await;
    assert_eq!(
        (silent.status, silent.field("retry-after")),
        (503, Some("5"))
    );
    assert!(!String::from_utf8_lossy(&silent.body).contains("/var/lib"));
    desk.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn reading_goes_forwards_and_back_and_deleting_is_one_sides() {
    let desk = seeded().await;
    let (buyer, seller) = (desk.client(BUYER), desk.client(SELLER));
    let unread = async |client: &Client| client.get("unread").await.json();
    assert_eq!(unread(&buyer).await, json!({"threads": 3}));
    let read = async |up_to: u64| {
        let path = format!("threads/{THREAD}/read");
        buyer
            .json("PUT", &path, json!({ "up_to": up_to }))
            .await
            .json()
    };
    assert_eq!(read(2).await["unread"], 0);
    assert_eq!(unread(&buyer).await, json!({"threads": 2}));
    assert_eq!(read(1).await["unread"], 1);
    assert_eq!(read(i64::MAX as u64).await["read_up_to"], 2);
    let path = format!("messages/{}", message_id(2));
    assert_eq!(
        buyer
            .ask(&format!("DELETE /center/v1/{path}"), b"")
            .await
            .status,
        204
    );
    for (method, path) in [
        ("GET", path.clone()),
        ("DELETE", path.clone()),
        ("GET", format!("{path}/raw")),
        ("GET", format!("files/{}0000", message_id(2))),
    ] {
        assert_eq!(
            buyer
                .ask(&format!("{method} /center/v1/{path}"), b"")
                .await
                .status,
            404,
            "{method} {path}"
        );
    }
    assert_eq!(seller.get(&path).await.status, 200);
    let kinds = async |client: &Client| {
        let feed = client.get("events").await.json();
        let events = feed["events"].as_array().unwrap().iter();
        events
            .map(|event| event["kind"].as_str().unwrap().to_owned())
            .filter(|kind| kind != "message.published")
            .collect::<Vec<_>>()
    };
    assert_eq!(
        kinds(&buyer).await,
        [
            "thread.read",
            "thread.read",
            "thread.read",
            "message.deleted"
        ]
    );
    assert!(kinds(&seller).await.is_empty());
    for body in [
        json!({}),
        json!({"up_to": -1}),
        json!({"up_to": u64::MAX}),
        json!({"up_to": "2"}),
        json!([]),
    ] {
        let refused = buyer
            .json("PUT", &format!("threads/{THREAD}/read"), body)
            .await;
        assert_eq!(
            (refused.status, refused.field("content-type")),
            (422, Some("application/problem+json")),
            "{refused:?}"
        );
    }
    desk.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_threads_are_counted_and_no_more() {
    let desk = Desk::open().await;
    let many = (0..101).map(|number| {
        let mut id = [9; 16];
        id[0] = u8::try_from(number).unwrap();
        let thread = Thread {
            id: crate::archive::ThreadId(id),
            ..thread(false)
        };
        message(number, thread, Some(SELLER))
    });
    desk.add(many.collect()).await;
    assert_eq!(
        desk.client(BUYER).get("unread").await.json(),
        json!({"threads": 100, "more": true})
    );
    assert_eq!(
        desk.client(SELLER).get("unread").await.json(),
        json!({"threads": 0})
    );
    desk.close().await;
}
