//! The decision that the server would make, asked over HTTP.

use std::net::IpAddr;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};

use super::Parts;
use super::failure::Failure;
use crate::inbound::Inquiry;
use crate::mail::Mailbox;

/// Who writes to whom, from where, and what.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Question {
    /// The visible From; also MAIL FROM.
    #[schema(value_type = String)]
    pub from: Mailbox,
    /// The recipient.
    #[schema(value_type = String)]
    pub to: Mailbox,
    /// The client's address; without it the sender's proof is taken for given.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    pub ip: Option<IpAddr>,
    /// The message as text; without it an empty one from `from`.
    #[serde(default)]
    pub message: Option<String>,
}

/// The decision with its trail.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Explained {
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
#[utoipa::path(post, path = "/v1/explain", request_body = Question, responses((status = 200, body = Explained)))]
pub(super) async fn explain(
    State(parts): State<Arc<Parts>>,
    Json(question): Json<Question>,
) -> Result<Json<Explained>, Failure> {
    Ok(Json(question.ask(&parts.intake).await))
}

impl Question {
    /// Puts the question to the intake of this process.
    pub async fn ask(self, intake: &crate::inbound::Intake) -> Explained {
        let inquiry = Inquiry {
            from: self.from,
            to: self.to,
            client: self.ip,
            message: self.message.map(String::into_bytes),
        };
        let opinion = intake.explain(inquiry).await;
        let decision = match &opinion.refusal {
            None => "accept",
            Some(refusal) if opinion.reply.code.is_transient() && refusal.reason.code() < 500 => {
                "defer"
            }
            Some(_) => "refuse",
        };
        Explained {
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
        }
    }
}
