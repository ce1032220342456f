//! `allegromail explain`: the decision that the server would make, with the trail of rules.
//!
//! Asks the running server, else decides here over the same stores by the same code. The exit code is the decision, as Exim's
//! `-bt` does it: 0 accept, 1 defer, 2 refuse.

use std::net::IpAddr;
use std::path::PathBuf;

use super::Exit;
use crate::admin::{Client, ClientError, ExplainRequest, Explanation};
use crate::app;
use crate::config::Config;
use crate::mail::Mailbox;

/// What was asked on the command line.
#[derive(Debug, Clone)]
pub(super) struct Arguments {
    /// `--from`, and so on: as [`ExplainRequest`] has them.
    pub(super) from: Mailbox,
    pub(super) mail_from: Option<String>,
    pub(super) to: Mailbox,
    pub(super) ip: Option<IpAddr>,
    pub(super) helo: Option<String>,
    pub(super) message: Option<PathBuf>,
    pub(super) json: bool,
}

/// Prints the decision.
pub(super) fn run(config: Config, arguments: Arguments) -> Exit {
    let message = match arguments.message.as_deref().map(std::fs::read).transpose() {
        Ok(message) => message,
        Err(error) => {
            eprintln!(
                "allegromail: --message: {error}; a message as it was sent is a file, as `allegromail explain … --message message.eml`"
            );
            return Exit::BadData;
        }
    };
    let mail_from = arguments.mail_from.as_deref();
    let mail_from = mail_from.map(|text| text.trim_start_matches('<').trim_end_matches('>'));
    // JSON has no other way to tell the null sender from one that was not given.
    let null_sender = mail_from == Some("");
    let mail_from = match mail_from
        .filter(|text| !text.is_empty())
        .map(Mailbox::parse)
        .transpose()
    {
        Ok(mail_from) => mail_from,
        Err(error) => {
            eprintln!(
                "allegromail: --mail-from: {error}; as `allegromail explain … --mail-from jan@poczta.example`, or '<>'"
            );
            return Exit::Usage;
        }
    };
    let helo = arguments.helo;
    // Unlike in a session, where nonsense is an error of the client, here it is one of the question.
    if helo
        .as_deref()
        .is_some_and(|name| name.is_empty() || !name.bytes().all(|byte| byte.is_ascii_graphic()))
    {
        eprintln!(
            "allegromail: --helo is a host name, or an address in brackets, as `allegromail explain … --helo mail.poczta.example`"
        );
        return Exit::Usage;
    }
    let question = ExplainRequest {
        from: arguments.from,
        mail_from,
        null_sender,
        to: arguments.to,
        ip: arguments.ip,
        helo,
        message: None,
        message_base64: message.map(|bytes| data_encoding::BASE64.encode(&bytes)),
    };
    super::block_on(async {
        match Box::pin(ask(config, question)).await {
            Ok(explained) => print(&explained, arguments.json),
            Err(error) => {
                eprintln!("allegromail: {error}");
                Exit::Unreachable
            }
        }
    })
}

/// The decision of the running server, or of the stores where none runs. A server that answers with an error is not gone round: its own
/// stores would be locked anyway.
async fn ask(config: Config, question: ExplainRequest) -> Result<Explanation, String> {
    let body = serde_json::to_vec(&question).map_err(|error| error.to_string())?;
    match Client::new(&config.admin)
        .post("/v1/explain", "application/json", body.into())
        .await
    {
        Err(ClientError::Unreachable(_)) => {}
        answer => return answer.map_err(|error| error.to_string()),
    }
    let intake = app::open_intake(config)
        .await
        .map_err(|error| error.to_string())?;
    question.ask(&intake).await
}

fn print(explained: &Explanation, json: bool) -> Exit {
    if json {
        println!("{}", serde_json::to_string(explained).unwrap_or_default());
    } else {
        for (at, step) in explained.trail.iter().enumerate() {
            println!("{:>2}. {step}", at + 1);
        }
        println!("{}: {}", explained.decision, explained.reply);
    }
    match explained.decision.as_str() {
        "accept" => Exit::Done,
        "defer" => Exit::Deferred,
        _ => Exit::Refused,
    }
}
