//! The Message Center end to end: one conversation by mail and by API, in both places; the rules of mail for what is written there; the archive's commands.

use std::net::SocketAddr;

use serde_json::{Value, json};

use super::verify::{bearer, command, send};
use crate::support::http;
use crate::support::stage::{BUYER, JAN, SELLER, SPRZEDAZ, Setup, Stage, text, until};

/// A relay whose Center listens.
async fn stage(limits: &str) -> Stage {
    let stage = Setup::default().key("admin", "[center]\nlisten = \"127.0.0.1:0\"");
    let stage = match limits {
        "" => stage,
        limits => stage.key("limits", limits),
    };
    stage.start().await
}

/// What a participant's tool asks.
pub struct Tool {
    port: u16,
    fields: String,
}

impl Tool {
    /// With a token for everything that is the participant's.
    pub async fn of(stage: &Stage, participant: &str) -> Self {
        let center: SocketAddr = stage.relay.center.as_ref().unwrap().parse().unwrap();
        let (admin, body) = (
            stage.relay.admin.clone(),
            format!("{{\"participant\":\"{participant}\"}}"),
        );
        let made = move || http::post(&admin, "/v1/tokens", Some("application/json"), &body);
        let made = tokio::task::spawn_blocking(made).await.unwrap();
        let (_, made) = made.split_once("\r\n\r\n").unwrap();
        let made: Value = serde_json::from_str(made).unwrap();
        let token = made["token"].as_str().unwrap().to_owned();
        Self {
            port: center.port(),
            fields: bearer(&token),
        }
    }

    async fn ask(&self, line: &str, more: &str, body: &str) -> (u16, Value) {
        let (port, line, body) = (self.port, line.to_owned(), body.to_owned());
        let kind = if body.is_empty() {
            ""
        } else {
            "Content-Type: application/json\r\n"
        };
        let fields = format!("{}{kind}{more}", self.fields);
        let heard = tokio::task::spawn_blocking(move || send(port, &line, &fields, &body));
        let (status, _, body) = heard.await.unwrap();
        (status, serde_json::from_str(&body).unwrap_or_default())
    }

    /// The octets of a file or of a message; none: the server has none for the caller.
    pub async fn octets(&self, path: &str) -> Option<Vec<u8>> {
        let (port, fields) = (self.port, self.fields.clone());
        let head = format!("GET /center/v1/{path} HTTP/1.1\r\nHost: localhost\r\n{fields}");
        let asked = move || http::exchange(("127.0.0.1", port), &head, b"").unwrap();
        let answer = tokio::task::spawn_blocking(asked).await.unwrap();
        let end = memchr::memmem::find(&answer, b"\r\n\r\n").unwrap();
        let (status, body) = (&answer[9..12], &answer[end + 4..]);
        assert!(
            [b"200", b"404", b"410"].contains(&status.try_into().unwrap()),
            "{path}: {}",
            String::from_utf8_lossy(&answer[..end])
        );
        (status == b"200").then(|| body.to_vec())
    }

    /// A JSON answer that is 200.
    pub async fn get(&self, path: &str) -> Value {
        let (status, answer) = self.ask(&format!("GET /center/v1/{path}"), "", "").await;
        assert_eq!(status, 200, "{path}: {answer}");
        answer
    }

    async fn post(&self, path: &str, key: &str, body: &Value) -> (u16, Value) {
        let key = format!("Idempotency-Key: {key}\r\n");
        self.ask(&format!("POST /center/v1/{path}"), &key, &body.to_string())
            .await
    }

    /// Texts of the one thread, with who wrote them and how, once there are so many.
    async fn texts(&self, count: usize) -> Vec<(String, String, String)> {
        until("the messages", async || {
            let threads = self.get("threads").await;
            let thread = threads["threads"][0]["id"].as_str()?.to_owned();
            let messages = self.get(&format!("threads/{thread}/messages")).await;
            let messages = messages["messages"].as_array().unwrap().clone();
            let told = messages.iter().filter(|one| one["text"] != "Hello.");
            let told = told.map(|one| {
                let of = |field: &str| one[field].as_str().unwrap().trim().to_owned();
                (of("author"), of("via"), of("text"))
            });
            Some(told.collect()).filter(|all: &Vec<_>| all.len() == count)
        })
        .await
    }
}

fn mail(from: &str, to: &str, id: &str, more: &str, body: &str) -> String {
    format!(
        "From: <{from}>\r\nTo: <{to}>\r\nSubject: Rower\r\nDate: Mon, 23 Nov 2026 10:00:00 +0100\r\nMessage-ID: <{id}>\r\n{more}\r\n{body}\r\n"
    )
}

fn field(message: &str, name: &str) -> String {
    let lines = message.replace("\r\n ", " ").replace("\r\n\t", " ");
    let found = lines
        .lines()
        .find_map(|line| line.strip_prefix(&format!("{name}: ")));
    found.unwrap_or_default().to_owned()
}

/// The archive cannot be written for longer than anybody waits; the message is durable and leaves.
#[tokio::test(flavor = "multi_thread")]
async fn a_key_is_sent_once_however_long_the_archive_is_behind() {
    let stage = stage("").await;
    let seller = Tool::of(&stage, "k2m9x0r7t3").await;
    let asked = mail(JAN, SELLER, "q1@poczta.example", "", "Czy jest?");
    stage
        .send_message(JAN, &[SELLER], &asked)
        .await
        .assert("250");
    stage.arrival().await;
    seller.texts(1).await;
    let thread = seller.get("threads").await["threads"][0]["id"].clone();
    let path = format!("threads/{}/messages", thread.as_str().unwrap());
    let index = stage.folder.path().join("data/center/index.sqlite");
    let other = rusqlite::Connection::open(index).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let body = json!({ "text": "Tak." });
    let (status, answer) = seller.post(&path, "one", &body).await;
    assert_eq!(status, 503, "{answer}");
    stage.arrival().await;
    let (status, answer) = seller.post(&path, "one", &body).await;
    assert_eq!(status, 409, "{answer}");
    other.execute_batch("COMMIT").unwrap();
    seller.texts(2).await;
    let (status, again) = seller.post(&path, "one", &body).await;
    assert_eq!((status, again["text"].as_str()), (201, Some("Tak.")));
    seller.texts(2).await;
    stage.nothing_arrived().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_conversation_by_mail_and_by_api_is_one_thread_in_both_places() {
    let stage = stage("").await;
    let (buyer, seller) = (
        Tool::of(&stage, "8awgqyk6a5").await,
        Tool::of(&stage, "k2m9x0r7t3").await,
    );
    let asked = mail(JAN, SELLER, "q1@poczta.example", "", "Czy jest?");
    stage
        .send_message(JAN, &[SELLER], &asked)
        .await
        .assert("250");
    stage.arrival().await;
    seller.texts(1).await;
    let thread = seller.get("threads").await["threads"][0]["id"].clone();
    let path = format!("threads/{}/messages", thread.as_str().unwrap());
    let body = json!({ "text": "Tak.\nPozdrawiam" });
    let (status, posted) = seller.post(&path, "one", &body).await;
    assert_eq!(
        (status, &posted["author"], &posted["thread"]),
        (201, &json!("me"), &thread),
        "{posted}"
    );
    let answer = text(&stage.arrival().await);
    assert_eq!(
        field(&answer, "In-Reply-To"),
        "<q1@poczta.example>",
        "the buyer's own id: {answer}"
    );
    // Asked again it is the same message, and nothing leaves; another one under the same key is refused.
    let (status, again) = seller.post(&path, "one", &body).await;
    assert_eq!((status, &again["id"]), (201, &posted["id"]));
    let (status, other) = seller.post(&path, "one", &json!({ "text": "Nie." })).await;
    assert_eq!(status, 422, "{other}");
    stage.nothing_arrived().await;
    // The buyer answers the mail.
    let reply = format!("In-Reply-To: {}\r\n", field(&answer, "Message-ID"));
    let thanks = mail(JAN, SELLER, "q2@poczta.example", &reply, "Dziekuje!");
    stage
        .send_message(JAN, &[SELLER], &thanks)
        .await
        .assert("250");
    stage.arrival().await;
    // And so does the seller, from its mailbox.
    let bye = mail(SPRZEDAZ, BUYER, "s1@rowery.example", "", "Do widzenia.");
    stage
        .send_message(SPRZEDAZ, &[BUYER], &bye)
        .await
        .assert("250");
    stage.arrival().await;
    let want = |mine: bool, via: &str, text: &str| {
        let author = if mine { "me" } else { "other" };
        (author.to_owned(), via.to_owned(), text.to_owned())
    };
    for (tool, is_buyer) in [(&buyer, true), (&seller, false)] {
        let all = [
            want(is_buyer, "mail", "Czy jest?"),
            want(!is_buyer, "center", "Tak.\nPozdrawiam"),
            want(is_buyer, "mail", "Dziekuje!"),
            want(!is_buyer, "mail", "Do widzenia."),
        ];
        assert_eq!(tool.texts(4).await, all);
    }
    // Neither side gets what names the other one's host.
    let messages = buyer.get(&path).await;
    for message in messages["messages"].as_array().unwrap() {
        let id = message["id"].as_str().unwrap();
        for (tool, host) in [(&buyer, "rowery.example"), (&seller, "poczta.example")] {
            let (port, fields) = (tool.port, tool.fields.clone());
            let line = format!("GET /center/v1/messages/{id}/raw");
            let heard = tokio::task::spawn_blocking(move || send(port, &line, &fields, ""));
            let (status, _, raw) = heard.await.unwrap();
            assert_eq!(status, 200);
            assert!(!raw.contains(host), "{raw}");
        }
    }
    until("the state of the mail", async || {
        let state = seller
            .get(&format!("messages/{}", posted["id"].as_str().unwrap()))
            .await;
        (state["mail"]["state"] == "delivered").then_some(())
    })
    .await;
    stage.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_written_there_is_judged_as_mail_is() {
    let stage = stage("messages_per_transaction = \"3/1h\"").await;
    let (buyer, seller) = (
        Tool::of(&stage, "8awgqyk6a5").await,
        Tool::of(&stage, "k2m9x0r7t3").await,
    );
    let order =
        |order: &str, login: &str, text: &str| json!({ "order": order, "to": login, "text": text });
    // An order that is not there and one that is others' are answered alike; of one's own the login at fault is named.
    let (_, missing) = buyer
        .post("messages", "a", &order("zzz999", "sklep-rowery", "x"))
        .await;
    let other = Tool::of(&stage, "5zz8c1w4mn").await;
    let (status, others) = other
        .post("messages", "a", &order("cub31c122", "sklep-rowery", "x"))
        .await;
    assert_eq!(
        (status, &missing["reason"], &missing["detail"]),
        (422, &others["reason"], &others["detail"]),
        "{missing} {others}"
    );
    assert_eq!(missing["reason"], "unknown-transaction");
    let (status, wrong) = buyer
        .post("messages", "b", &order("cub31c122", "ola_cz", "x"))
        .await;
    assert_eq!(
        (status, &wrong["reason"]),
        (422, &json!("not-a-party")),
        "{wrong}"
    );
    assert!(wrong["detail"].as_str().unwrap().contains("ola_cz"));
    let (status, empty) = buyer
        .post("messages", "c", &order("cub31c122", "sklep-rowery", " \n"))
        .await;
    assert_eq!(status, 422, "{empty}");
    // As a seller only a business begins; everybody answers.
    let (status, begun) = seller
        .post("messages", "s", &order("cub31c122", "jan_kowalski", "x"))
        .await;
    assert_eq!(
        (status, &begun["reason"]),
        (422, &json!("not-a-party")),
        "{begun}"
    );
    // One budget for both doors.
    let first = mail(JAN, SELLER, "b1@poczta.example", "", "raz");
    stage
        .send_message(JAN, &[SELLER], &first)
        .await
        .assert("250");
    stage.arrival().await;
    for (key, text) in [("d", "dwa"), ("e", "trzy, pisz na jan@poczta.example")] {
        let (status, posted) = buyer
            .post("messages", key, &order("cub31c122", "sklep-rowery", text))
            .await;
        assert_eq!(status, 201, "{posted}");
        assert!(!posted.to_string().contains("poczta.example"), "{posted}");
        let arrived = text_of(&stage).await;
        assert!(!arrived.contains("poczta.example"), "{arrived}");
    }
    let (status, limited) = buyer
        .post(
            "messages",
            "f",
            &order("cub31c122", "sklep-rowery", "cztery"),
        )
        .await;
    assert_eq!(
        (status, &limited["budget"]),
        (429, &json!("messages_per_transaction")),
        "{limited}"
    );
    assert_eq!(seller.texts(3).await.len(), 3);
    stage.stop().await;
}

/// By the number that the marketplace shows, which orders of others may have, too; and without an order to whoever has a masked address.
#[tokio::test(flavor = "multi_thread")]
async fn a_conversation_begins_by_the_number_of_an_order_or_by_a_masked_address() {
    let stage = Setup {
        accounts: [("cub31c122", "8awgqyk6a5"), ("other1", "5zz8c1w4mn")]
            .map(|(id, buyer)| format!(r#"{{"type":"transaction","id":"{id}","buyer":"{buyer}","seller":"k2m9x0r7t3","order":"2026/77-ł"}}"#) + "\n")
            .concat(),
        ..Setup::default()
    };
    let stage = stage.key("admin", "[center]\nlisten = \"127.0.0.1:0\"");
    let stage = stage.start().await;
    let other = "k2m9x0r7t3+other1@allegromail.pl";
    stage.send("ola@poczta.example", other).await.assert("250");
    let jan = Tool::of(&stage, "8awgqyk6a5").await;
    let begin =
        |order: Option<&str>, to: &str| json!({ "order": order, "to": to, "text": "Dzień dobry" });
    let (status, sent) = jan
        .post("messages", "a", &begin(Some("2026/77-ł"), "sklep-rowery"))
        .await;
    assert_eq!(status, 201, "{sent}");
    let thread = jan
        .get(&format!("threads/{}", sent["thread"].as_str().unwrap()))
        .await;
    assert_eq!(thread["order"], "cub31c122", "{thread}");
    assert_eq!(thread["order_number"], "2026/77-ł", "{thread}");
    // The list is asked by either; what another has of the same number is not among it.
    for order in ["2026%2F77-%C5%82", "cub31c122"] {
        let found = jan.get(&format!("threads?order={order}")).await;
        let found: Vec<_> = found["threads"].as_array().unwrap().iter().collect();
        assert_eq!(found, [&thread], "{order}");
    }
    for order in ["other1", "2026%2F77", "no%20number"] {
        let found = jan.get(&format!("threads?order={order}")).await;
        assert_eq!(found["threads"], json!([]), "{order}");
    }
    // A part of a number is no number; one's own order with another's login is told.
    let (_, part) = jan
        .post("messages", "b", &begin(Some("2026/77"), "sklep-rowery"))
        .await;
    let (_, missing) = jan
        .post("messages", "c", &begin(Some("no/such"), "sklep-rowery"))
        .await;
    assert_eq!(part["detail"], missing["detail"]);
    assert_eq!(part["reason"], "unknown-transaction");
    let (status, wrong) = jan
        .post("messages", "d", &begin(Some("2026/77-ł"), "ola_cz"))
        .await;
    assert_eq!((status, &wrong["reason"]), (422, &json!("not-a-party")));
    let (status, asked) = jan
        .post("messages", "e", &begin(None, "5ZZ8c1w4mn@allegromail.com"))
        .await;
    assert_eq!(status, 201, "{asked}");
    for (to, reason) in [
        ("8awgqyk6a5@allegromail.pl", "not-a-party"),
        ("nobody1234@allegromail.pl", "unknown-participant"),
        ("ola@poczta.example", "unknown-participant"),
        ("k2m9x0r7t3+cub31c122@allegromail.pl", "malformed"),
        ("postmaster@allegromail.pl", "unknown-participant"),
    ] {
        let (status, refused) = jan.post("messages", to, &begin(None, to)).await;
        assert_eq!(
            (status, &refused["reason"]),
            (422, &json!(reason)),
            "{to}: {refused}"
        );
    }
    // They have talked now.
    let (status, again) = jan.post("messages", "f", &begin(None, "ola_cz")).await;
    assert_eq!(status, 201, "{again}");
    for _ in 0..4 {
        stage.arrival().await;
    }
    stage.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_marketplace_signs_somebody_in_with_a_ticket() {
    let stage = stage("").await;
    stage.send(JAN, SELLER).await.assert("250");
    stage.arrival().await;
    let ask = async |participant: &str| {
        let (admin, body) = (
            stage.relay.admin.clone(),
            format!("{{\"participant\":\"{participant}\"}}"),
        );
        let asked = move || http::post(&admin, "/v1/tickets", Some("application/json"), &body);
        let answer = tokio::task::spawn_blocking(asked).await.unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        let status = head.split(' ').nth(1).unwrap().to_owned();
        (status, serde_json::from_str::<Value>(body).unwrap())
    };
    let (status, unknown) = ask("nobody1").await;
    assert_eq!(status, "422", "{unknown}");
    let (status, made) = ask("8awgqyk6a5").await;
    assert_eq!(status, "200", "{made}");
    let center = stage.relay.center.clone().unwrap();
    let address = made["address"].as_str().unwrap();
    let path = address.strip_prefix(&format!("http://{center}")).unwrap();
    let center: SocketAddr = center.parse().unwrap();
    let line = format!("POST {path}");
    let opened =
        tokio::task::spawn_blocking(move || [(); 2].map(|()| send(center.port(), &line, "", "")));
    let [first, second] = opened.await.unwrap();
    assert_eq!((first.0, second.0), (200, 401));
    let session: Value = serde_json::from_str(&first.2).unwrap();
    let tool = Tool {
        port: center.port(),
        fields: bearer(session["token"].as_str().unwrap()),
    };
    until("the message", async || {
        let threads = tool.get("threads").await;
        threads["threads"][0]["id"].as_str().map(str::to_owned)
    })
    .await;
    stage.stop().await;
}

async fn text_of(stage: &Stage) -> String {
    text(&stage.arrival().await)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_archive_is_checked_exported_and_erased() {
    let stage = stage("").await;
    for number in 0..3 {
        let asked = mail(
            JAN,
            SELLER,
            &format!("q{number}@poczta.example"),
            "",
            "Czy jest?",
        );
        stage
            .send_message(JAN, &[SELLER], &asked)
            .await
            .assert("250");
        stage.arrival().await;
    }
    let seller = Tool::of(&stage, "k2m9x0r7t3").await;
    seller.texts(3).await;
    let config = stage.config.to_string_lossy().into_owned();
    let done = tokio::task::spawn_blocking(move || {
        let folder = tempfile::tempdir().unwrap();
        let run = |words: &[&str]| command(&config, &[&["center"], words, &["--json"]].concat());
        let checked: Value = serde_json::from_str(&run(&["check"])).unwrap();
        assert_eq!(checked, json!({ "messages": 3, "faults": [] }));
        let out = folder.path().join("jan");
        run(&["export", "8awgqyk6a5", out.to_str().unwrap()]);
        let lines = std::fs::read_to_string(out.join("messages.ndjson")).unwrap();
        assert_eq!(lines.lines().count(), 3);
        let first: Value = serde_json::from_str(lines.lines().next().unwrap()).unwrap();
        assert_eq!(
            (&first["author"], &first["other"]),
            (&json!("me"), &json!("sklep-rowery"))
        );
        assert_eq!(std::fs::read_dir(&out).unwrap().count(), 4);
        let asked = command(&config, &["center", "erase", "8awgqyk6a5"]);
        assert!(
            asked.contains("1 thread") && asked.contains("--yes"),
            "{asked}"
        );
        run(&["erase", "8awgqyk6a5", "--with-messages", "--yes"]);
        let checked: Value = serde_json::from_str(&run(&["check"])).unwrap();
        assert_eq!(checked, json!({ "messages": 0, "faults": [] }));
        run(&["replay"]);
    });
    done.await.unwrap();
    assert_eq!(seller.get("threads").await["threads"], json!([]));
    // A number from before the renewal is gone for good.
    let (status, gone) = seller.ask("GET /center/v1/events?after=2000", "", "").await;
    assert_eq!(status, 410, "{gone}");
    stage.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn mail_goes_on_without_an_archive_and_is_in_it_later() {
    let first = stage("").await;
    let folder = first.stop().await;
    let center = folder.path().join("data/center");
    for kept in std::fs::read_dir(&center).unwrap() {
        std::fs::write(kept.unwrap().path(), b"rubbish".repeat(1_000)).unwrap();
    }
    let again = |folder| Setup {
        folder: Some(folder),
        ..Setup::default().key("admin", "[center]\nlisten = \"127.0.0.1:0\"")
    };
    let closed = again(folder).start().await;
    assert!(closed.relay.center.is_none());
    let asked = mail(JAN, SELLER, "q1@poczta.example", "", "Czy jest?");
    closed
        .send_message(JAN, &[SELLER], &asked)
        .await
        .assert("250");
    closed.arrival().await;
    let folder = closed.stop().await;
    // A new one is made from what the log has kept for it.
    std::fs::remove_dir_all(&center).unwrap();
    let open = again(folder).start().await;
    let buyer = Tool::of(&open, "8awgqyk6a5").await;
    assert_eq!(buyer.texts(1).await[0].2, "Czy jest?");
    open.stop().await;
}
