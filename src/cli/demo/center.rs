//! The Message Center in the demo: a mail comes in and is seen in the feed; an answer through the API arrives in the mailbox, threaded.

use bytes::Bytes;
use serde::Deserialize;

use super::judge::{self, Finding};
use super::stage::{Failure, Stage};
use super::{PATIENCE, client};
use crate::admin::{Client, NewToken, TokenMade};
use crate::config::HttpListen;
use crate::scripted::session::Received;

/// What the seller's tool is told of its feed.
#[derive(Deserialize)]
struct Feed {
    events: Vec<Event>,
    next: u64,
}

#[derive(Deserialize)]
struct Event {
    kind: String,
    message: Option<String>,
}

/// A message as the API shows it.
#[derive(Deserialize)]
struct Message {
    thread: String,
    author: String,
    text: String,
}

const BUYER: &str = "jan@poczta.example";
const SELLER: &str = "k2m9x0r7t3";
const QUESTION: &str = "Czy jest rozmiar M? Prosze pisac na jan@poczta.example";
const ANSWER: &str = "Tak, jest.";

/// Plays the scene; what of it broke a promise.
pub(super) async fn play(stage: &Stage, number: usize) -> Result<usize, Failure> {
    stage.sink.accept("biuro@rowery.example");
    let tool = tool(stage).await?;
    let behind: Feed = tool.get("/center/v1/events?limit=1000").await?;
    let mail = format!(
        "From: <{BUYER}>\r\nTo: <{SELLER}+cub31c122@allegromail.pl>\r\nSubject: Rozmiar\r\nDate: Mon, 23 Nov 2026 10:00:00 +0100\r\n\
         Message-ID: <rozmiar@poczta.example>\r\n\r\n{QUESTION}\r\n"
    );
    let server = stage.relay.smtp.first().copied();
    let server = server.ok_or("the relay listens nowhere")?;
    let to = format!("{SELLER}+cub31c122@allegromail.pl");
    let reply = client::send(server, BUYER, &to, &mail).await?;
    let mut findings = Vec::new();
    let seen = seen(&tool, behind.next).await?;
    stage.sink.next().await;
    let (mut shown, mut answered) = (String::new(), Vec::new());
    match seen {
        None => findings.push("the feed should tell of the message".to_owned()),
        Some(message) => {
            if message.author != "other" || message.text.contains(BUYER) {
                findings.push("the message should be the buyer's, without its address".to_owned());
            }
            let answer = Bytes::from(format!("{{\"text\":\"{ANSWER}\"}}"));
            let path = format!("/center/v1/threads/{}/messages", message.thread);
            let posted: Message = tool.post(&path, "application/json", answer).await?;
            if posted.author != "me" {
                findings.push("the answer should be in the thread".to_owned());
            }
            shown = message.text;
            answered = stage.arrived(PATIENCE).await;
            findings.extend(judge(&answered));
        }
    }
    print(number, (&reply, &shown), &answered, &findings);
    Ok(usize::from(!findings.is_empty()))
}

/// The seller's tool, with a token that the operator has made for it.
async fn tool(stage: &Stage) -> Result<Client, Failure> {
    let new = NewToken {
        entry: None,
        participant: Some(SELLER.to_owned()),
        scope: None,
    };
    let admin = Client::at(HttpListen::Tcp(stage.relay.admin.parse()?));
    let body = Bytes::from(serde_json::to_vec(&new)?);
    let made: TokenMade = admin.post("/v1/tokens", "application/json", body).await?;
    let center = stage.relay.center.as_ref();
    let center = center
        .ok_or("the Message Center listens nowhere")?
        .parse()?;
    Ok(Client::at(HttpListen::Tcp(center)).with_token(made.token))
}

/// The question, once the feed tells of it behind a number; other mail may still be on its way there.
async fn seen(tool: &Client, mut after: u64) -> Result<Option<Message>, Failure> {
    let found = tokio::time::timeout(PATIENCE, async {
        loop {
            let feed: Feed = tool
                .get(&format!("/center/v1/events?after={after}"))
                .await?;
            after = feed.next;
            for event in feed.events {
                let Some(id) = event.message.filter(|_| event.kind == "message.published") else {
                    continue;
                };
                let message: Message = tool.get(&format!("/center/v1/messages/{id}")).await?;
                if message.text.contains("rozmiar") {
                    return Ok::<_, Failure>(message);
                }
            }
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    });
    found.await.ok().transpose()
}

/// Whether the answer is in the buyer's mailbox, and where the question is.
fn judge(arrived: &[Received]) -> Vec<Finding> {
    let mut findings = Vec::new();
    let [received] = arrived else {
        return vec![format!("one answer should arrive, not {}", arrived.len())];
    };
    if received.recipients != [BUYER] {
        findings.push(format!("the answer should arrive at {BUYER}"));
    }
    let answers = judge::field(&received.data, "In-Reply-To").unwrap_or_default();
    if !answers.contains("<rozmiar@poczta.example>") {
        findings.push("the answer should name the question, so that it is threaded".to_owned());
    }
    findings
}

fn print(number: usize, (reply, shown): (&str, &str), arrived: &[Received], findings: &[Finding]) {
    let verdict = if findings.is_empty() {
        "as promised"
    } else {
        "BROKEN"
    };
    println!("\n{number:>2}. a question by mail, an answer from the Message Center - {verdict}");
    println!("    in    MAIL FROM <{BUYER}>, to <{SELLER}+cub31c122@allegromail.pl>");
    println!("    reply {reply}");
    println!("    feed  {}", shown.trim());
    println!("    in    POST /center/v1/threads/.../messages: {ANSWER}");
    for received in arrived {
        let from = judge::field(&received.data, "From").unwrap_or_default();
        let answers = judge::field(&received.data, "In-Reply-To").unwrap_or_default();
        let to = received.recipients.join(", ");
        println!("    out   to <{to}>, From {from}, In-Reply-To {answers}");
    }
    println!("    why   all messages are in both places, and the mail is the message itself");
    for finding in findings {
        println!("    !!    {finding}");
    }
}
