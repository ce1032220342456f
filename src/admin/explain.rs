//! The decision that the server would make, asked over HTTP.

use std::net::IpAddr;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};

use super::AdminContext;
use crate::http::ApiError;
use crate::intake::Inquiry;
use crate::mail::{Mailbox, ReversePath};

/// Who writes to whom, from where, and what.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
#[schema(as = Question)]
pub struct ExplainRequest {
    /// The visible From.
    #[schema(value_type = String)]
    pub from: Mailbox,
    /// The recipient.
    #[schema(value_type = String)]
    pub to: Mailbox,
    /// MAIL FROM; without it the visible From.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    pub mail_from: Option<Mailbox>,
    /// Whether MAIL FROM is null.
    #[serde(default)]
    pub null_sender: bool,
    /// The client's address; without it the sender's proof is taken for given.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    pub ip: Option<IpAddr>,
    /// What the client calls itself, which proves a null sender.
    #[serde(default)]
    pub helo: Option<String>,
    /// The message as text; without it an empty one from `from`. Line ends may be LF.
    #[serde(default)]
    pub message: Option<String>,
    /// The message in base64, where it is no text.
    // Wins over `message`. JSON holds no bytes, and a signature is over those.
    #[serde(default)]
    pub message_base64: Option<String>,
}

/// The decision with its trail.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
#[schema(as = Explained)]
pub struct Explanation {
    /// `accept`, `defer` or `refuse`.
    pub decision: String,
    /// The reason word; none for `accept`.
    pub reason: Option<String>,
    /// The SMTP reply at the end of data.
    pub reply: String,
    /// The rules in the order in which they were asked, `rule: finding`.
    pub trail: Vec<String>,
}

/// The decision that the server would make, by the code that makes it. Nothing is sent or stored.
#[utoipa::path(post, path = "/v1/explain", request_body = ExplainRequest, responses(
    (status = 200, body = Explanation),
    (status = 422, description = "the message is no base64", body = ApiError),
))]
pub(super) async fn explain(
    State(context): State<Arc<AdminContext>>,
    Json(question): Json<ExplainRequest>,
) -> Result<Json<Explanation>, ApiError> {
    let answer = question.ask(&context.intake).await;
    answer.map(Json).map_err(ApiError::bad)
}

impl ExplainRequest {
    /// Puts the question to the intake of this process.
    ///
    /// # Errors
    /// What is wrong with the question.
    pub async fn ask(self, intake: &crate::intake::Intake) -> Result<Explanation, String> {
        // Null wins over an address: both together is a mistake, and the null sender is the stricter question.
        let null = self.null_sender.then_some(ReversePath::Null);
        let decode = |text: String| data_encoding::BASE64_MIME_PERMISSIVE.decode(text.as_bytes());
        let decoded = self.message_base64.map(decode).transpose();
        let decoded = decoded.map_err(|error| format!("message_base64 is no base64: {error}"))?;
        let message = decoded.or_else(|| self.message.map(String::into_bytes));
        let inquiry = Inquiry {
            from: self.from,
            mail_from: null.or_else(|| self.mail_from.map(ReversePath::Mailbox)),
            to: self.to,
            client: self.ip,
            helo: self.helo,
            message: message.map(on_the_wire),
        };
        let opinion = crate::intake::explain(intake, inquiry).await;
        let decision = match &opinion.refusal {
            None => "accept",
            Some(refusal) if opinion.reply.code.is_transient() && refusal.reason.code() < 500 => {
                "defer"
            }
            Some(_) => "refuse",
        };
        Ok(Explanation {
            decision: decision.to_owned(),
            reason: opinion
                .refusal
                .map(|refusal| refusal.reason.word().to_owned()),
            reply: opinion.reply.to_string(),
            trail: opinion
                .trail
                .0
                .iter()
                .map(|step| format!("{}: {}", step.rule, step.finding))
                .collect(),
        })
    }
}

/// A message as SMTP brings it: a file may have lost the CR of its line ends, and the last line end.
fn on_the_wire(message: Vec<u8>) -> Vec<u8> {
    let mut wire = if memchr::memchr(b'\r', &message).is_none() {
        let lines: Vec<&[u8]> = message.split(|byte| *byte == b'\n').collect();
        lines.join(&b"\r\n"[..])
    } else {
        message
    };
    if !wire.ends_with(b"\r\n") {
        wire.extend_from_slice(b"\r\n");
    }
    wire
}
