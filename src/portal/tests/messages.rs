//! Messages, their octets and their files; and what is others'.

use serde_json::{Value, json};

use super::*;

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
