//! What a participant reads, and what is others'.

use serde_json::{Value, json};

use super::*;
use crate::archive::Thread;

const THREAD: &str = "01010101010101010101010101010101";

async fn seeded() -> Desk {
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

fn ids(page: &Value) -> Vec<String> {
    let threads = page["threads"].as_array().unwrap().iter();
    threads
        .map(|thread| thread["id"].as_str().unwrap().split_at(2).0.to_owned())
        .collect()
}

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
async fn messages_have_their_own_words_and_their_quotes_apart() {
    let desk = seeded().await;
    let buyer = desk.client(BUYER);
    let page = buyer.get(&format!("threads/{THREAD}/messages")).await;
    let messages = page.json()["messages"].clone();
    assert_eq!(messages.as_array().unwrap().len(), 2);
    let (mine, theirs) = (&messages[0], &messages[1]);
    assert_eq!(
        (&mine["author"], &theirs["author"]),
        (&json!("me"), &json!("other"))
    );
    assert_eq!(
        (&mine["text"], &mine["quoted"]),
        (&json!("Wiadomość 1."), &json!("> Dzień dobry"))
    );
    assert_eq!(
        mine["mail"],
        json!({"state": "failed", "reason": "550 no such user"})
    );
    assert_eq!(
        theirs["mail"],
        json!({"state": "failed"}),
        "what a server said is for whoever wrote"
    );
    assert_eq!(
        (&mine["via"], &mine["thread"], &mine["subject"]),
        (&json!("mail"), &json!(THREAD), &json!("Rower 1"))
    );
    let file = json!({"id": format!("{}0000", message_id(1)), "name": "Faktura \"ż\".pdf", "type": "application/pdf", "size": 9});
    assert_eq!(mine["files"], json!([file]));
    let one = buyer.get(&format!("messages/{}", message_id(1))).await;
    assert_eq!(&one.json(), mine);
    // What has not changed is not sent again.
    for (path, heard) in [
        (format!("threads/{THREAD}/messages"), &page),
        (format!("messages/{}", message_id(1)), &one),
    ] {
        let tag = heard.field("etag").unwrap();
        let again = buyer
            .and(&format!("If-None-Match: \"x\", W/{tag}"))
            .get(&path)
            .await;
        assert_eq!(
            (again.status, again.body.len(), again.field("etag")),
            (304, 0, Some(tag))
        );
        assert_eq!(
            buyer.and("If-None-Match: \"x\"").get(&path).await.status,
            200
        );
    }
    for (query, found) in [
        ("after=1", 1),
        ("before=2", 1),
        ("before=1", 0),
        ("limit=1", 1),
        ("after=99999999999999999999", -1),
        ("after=1&before=2", -1),
    ] {
        let page = buyer
            .get(&format!("threads/{THREAD}/messages?{query}"))
            .await;
        let count = if page.status == 200 {
            page.json()["messages"].as_array().unwrap().len() as i64
        } else {
            -1
        };
        assert_eq!(count, found, "{query}");
    }
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

#[tokio::test(flavor = "multi_thread")]
async fn what_is_others_is_answered_as_what_is_not_there() {
    let desk = seeded().await;
    let (stranger, seller) = (desk.client(STRANGER), desk.client(SELLER));
    let (message, nothing) = (message_id(1), "07070707070707070707070707070707");
    for (method, path) in [
        ("GET", "threads/ID"),
        ("GET", "threads/ID/messages"),
        ("PUT", "threads/ID/read"),
        ("GET", "messages/ID"),
        ("GET", "messages/ID/raw"),
        ("DELETE", "messages/ID"),
        ("GET", "files/ID0000"),
    ] {
        let theirs = if path.starts_with("threads") {
            THREAD.to_owned()
        } else {
            message.to_string()
        };
        let ask = async |client: &Client, id: &str| {
            let body = if method == "PUT" {
                json!({"up_to": 1})
            } else {
                Value::Null
            };
            let path = path.replace("ID", id);
            match body.is_null() {
                true => {
                    client
                        .ask(&format!("{method} /center/v1/{path}"), b"")
                        .await
                }
                false => client.json(method, &path, body).await,
            }
        };
        let (others, none, odd) = (
            ask(&stranger, &theirs).await,
            ask(&stranger, nothing).await,
            ask(&stranger, "x").await,
        );
        assert_eq!(others.status, 404, "{method} {path}");
        assert_eq!(
            (&others.body, &none.body),
            (&none.body, &odd.body),
            "{method} {path}"
        );
        let heads = [&others, &none].map(|heard| {
            heard
                .head
                .lines()
                .filter(|line| !line.starts_with("date"))
                .collect::<Vec<_>>()
                .join("\n")
        });
        assert_eq!(heads[0], heads[1]);
        if method == "GET" {
            assert_eq!(ask(&seller, &theirs).await.status, 200, "{method} {path}");
        }
    }
    // Nothing was written by any of it.
    assert!(desk.outbox.posted.lock().unwrap().is_empty());
    assert!(desk.state.events(0, 1).unwrap().is_empty());
    // News of a parcel are its receiver's alone.
    assert_eq!(
        seller
            .get("threads/04040404040404040404040404040404")
            .await
            .status,
        404
    );
    assert_eq!(
        stranger.get("events").await.json(),
        json!({"events": [], "next": 0})
    );
    desk.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn octets_come_whole_or_in_part_and_never_as_a_page() {
    let desk = seeded().await;
    let buyer = desk.client(BUYER);
    let path = format!("files/{}0000", message_id(1));
    let whole = buyer.get(&path).await;
    assert_eq!(
        (whole.status, &*whole.body),
        (200, b"%PDF-1.7\n".as_slice())
    );
    for (name, value) in [
        ("content-type", "application/pdf"),
        ("content-length", "9"),
        (
            "content-disposition",
            "attachment; filename=\"Faktura ___.pdf\"; filename*=UTF-8''Faktura%20%22%C5%BC%22.pdf",
        ),
        ("x-content-type-options", "nosniff"),
        ("content-security-policy", "sandbox; default-src 'none'"),
        ("accept-ranges", "bytes"),
        ("cache-control", "private, no-cache"),
    ] {
        assert_eq!(whole.field(name), Some(value), "{name}");
    }
    let tag = whole.field("etag").unwrap();
    for (range, status, octets) in [
        ("bytes=0-3", 206, "%PDF"),
        ("bytes=5-", 206, "1.7\n"),
        ("bytes=-4", 206, "1.7\n"),
        ("bytes=-99", 206, "%PDF-1.7\n"),
        ("bytes=8-99", 206, "\n"),
        ("bytes=9-", 416, ""),
        ("bytes=-0", 416, ""),
        ("bytes=3-1", 200, "%PDF-1.7\n"),
        ("bytes=0-1,3-4", 200, "%PDF-1.7\n"),
        ("lines=1-2", 200, "%PDF-1.7\n"),
    ] {
        let part = buyer.and(&format!("Range: {range}")).get(&path).await;
        assert_eq!(part.status, status, "{range}");
        if status != 416 {
            assert_eq!(String::from_utf8_lossy(&part.body), octets, "{range}");
        }
    }
    let part = buyer.and("Range: bytes=0-3").get(&path).await;
    assert_eq!(part.field("content-range"), Some("bytes 0-3/9"));
    let same = buyer
        .and("Range: bytes=0-3")
        .and(&format!("If-Range: {tag}"));
    assert_eq!(same.get(&path).await.status, 206);
    let other = buyer.and("Range: bytes=0-3").and("If-Range: \"x\"");
    assert_eq!(other.get(&path).await.status, 200);
    let known = buyer.and(&format!("If-None-Match: {tag}"));
    assert_eq!(known.get(&path).await.status, 304);
    for id in ["0001", "ffff", "00", "00000", "000X", "+001"] {
        assert_eq!(
            buyer
                .get(&format!("files/{}{id}", message_id(1)))
                .await
                .status,
            404,
            "{id}"
        );
    }
    let raw = buyer.get(&format!("messages/{}/raw", message_id(1))).await;
    assert_eq!(
        (raw.field("content-type"), &*raw.body),
        (Some("message/rfc822"), &*message(1, thread(true), None).raw)
    );
    desk.close().await;
}

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
