//! Messages with odd fields and bodies, sent by a registered seller, and what each cost.

use std::time::Instant;

use crate::support::dialogue::Dialogue;
use crate::support::stage::{BIURO, BUYER, Setup, Stage, text};

pub struct Bomb {
    name: &'static str,
    /// Header fields beside From, To and Subject, with their line ends, then the body.
    fields: String,
    body: Vec<u8>,
    code: &'static str,
}

pub fn bomb(
    name: &'static str,
    fields: impl Into<String>,
    body: impl AsRef<[u8]>,
    code: &'static str,
) -> Bomb {
    Bomb {
        name,
        fields: fields.into(),
        body: body.as_ref().to_vec(),
        code,
    }
}

/// Where files of all kinds pass, so that what stands in them is read.
pub async fn stage() -> Stage {
    Setup::default()
        .without_rules()
        .key("content", "attachment = []")
        .key("limits", "messages_per_transaction = \"off\"")
        .key("limits", "refusals_per_client = \"off\"")
        .start()
        .await
}

/// Sends one, and returns the reply to it.
pub async fn answers(stage: &Stage, bomb: Bomb) -> String {
    let head = format!("From: {BIURO}\r\nTo: {BUYER}\r\nSubject: bomb\r\n");
    let end = b"\r\n.\r\n".as_slice();
    let wire = [
        head.as_bytes(),
        bomb.fields.as_bytes(),
        b"\r\n",
        &bomb.body,
        end,
    ]
    .concat();
    let mut dialogue = Dialogue::greeted(stage.smtp()).await;
    dialogue.open(BIURO, BUYER).await;
    dialogue.raw(&wire).await;
    dialogue.answer().await.0
}

/// Sends each, and returns what arrived of it.
pub async fn play(stage: &Stage, bombs: Vec<Bomb>) -> Vec<(&'static str, Option<String>)> {
    let mut all = Vec::new();
    for bomb in bombs {
        let head = format!("From: {BIURO}\r\nTo: {BUYER}\r\nSubject: bomb\r\n");
        let mut wire = [
            head.as_bytes(),
            bomb.fields.as_bytes(),
            b"\r\n",
            &bomb.body,
            b"\r\n.\r\n",
        ]
        .concat();
        if bomb.body.is_empty() {
            wire = [head.as_bytes(), bomb.fields.as_bytes(), b"\r\n.\r\n"].concat();
        }
        let size = wire.len();
        let mut dialogue = Dialogue::greeted(stage.smtp()).await;
        dialogue.open(BIURO, BUYER).await;
        dialogue.raw(&wire).await;
        let begun = Instant::now();
        let answer = dialogue.answer().await.0;
        println!(
            "{:<44} {:>9} octets {:>6} ms  {}",
            bomb.name,
            size,
            begun.elapsed().as_millis(),
            answer.get(..60).unwrap_or(&answer)
        );
        assert!(
            answer.starts_with(bomb.code),
            "{}: wanted {}, got {answer}",
            bomb.name,
            bomb.code
        );
        let arrived = answer.starts_with("250");
        all.push((
            bomb.name,
            if arrived {
                Some(text(&stage.arrival().await))
            } else {
                None
            },
        ));
    }
    all
}
