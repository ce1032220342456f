//! The two questions: one address, or up to a hundred.

use std::sync::Arc;

use axum::extract::{Query, State};
use axum::{Extension, Json};
use serde::{Deserialize, Serialize};

use super::answer::{self, OrderState, Verified};
use super::asked::Asked;
use super::refusal::Refusal;
use super::service::VerifyService;
use crate::http::ApiError;
use crate::tokens::Asker;

/// Addresses of one request, at most.
const MOST: usize = 100;

/// The one address of a `GET`.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
pub(super) struct VerifyParams {
    /// A full masked address, `PARTICIPANT+TRANSACTION@DOMAIN`, in any letter case; its plus sign is written `%2B`, and taken as it is, too.
    address: String,
}

/// Addresses to be asked about in one request.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Questions {
    /// Full masked addresses, 1 to 100.
    pub addresses: Vec<String>,
}

/// The answers, in the order of the addresses.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
pub struct VerifiedAll {
    /// One for each address.
    pub results: Vec<Verified>,
}

/// Whether a masked address stands for an order.
#[utoipa::path(get, path = "/v1/verify", params(VerifyParams), security(("token" = [])), responses(
    (status = 200, description = "`order`, `closed` or `unknown`", body = Verified),
    (status = 401, description = "no good token", body = ApiError),
    (status = 422, description = "no full masked address", body = ApiError),
    (status = 429, description = "the budget of unknown addresses is spent; Retry-After says for how long", body = ApiError),
    (status = 503, description = "orders cannot be looked up at the moment; nothing is spent", body = ApiError),
))]
pub(super) async fn verify(
    State(service): State<Arc<VerifyService>>,
    Extension(asker): Extension<Asker>,
    Query(question): Query<VerifyParams>,
) -> Result<Json<Verified>, Refusal> {
    let asked = Asked::parse(&question.address)?;
    let answered = ask(&service, &asker, &[asked]).await?;
    let one = answered.into_iter().next();
    one.map(Json).ok_or(Refusal::Directory)
}

/// Whether each of up to 100 masked addresses stands for an order. All of them are answered or none.
#[utoipa::path(post, path = "/v1/verify", request_body = Questions, security(("token" = [])), responses(
    (status = 200, description = "one result for each address, in their order", body = VerifiedAll),
    (status = 401, description = "no good token", body = ApiError),
    (status = 422, description = "no address, more than 100, or one that is no full masked address", body = ApiError),
    (status = 429, description = "less is left of the budget than there are addresses, and nothing is spent; Retry-After says when enough is there", body = ApiError),
    (status = 503, description = "orders cannot be looked up at the moment; nothing is spent", body = ApiError),
))]
pub(super) async fn verify_all(
    State(service): State<Arc<VerifyService>>,
    Extension(asker): Extension<Asker>,
    Json(questions): Json<Questions>,
) -> Result<Json<VerifiedAll>, Refusal> {
    let most = usize::try_from(service.unknown.most()).map_or(MOST, |most| most.min(MOST));
    let count = questions.addresses.len();
    if count == 0 || count > most {
        let text = format!("`addresses` has {count}; 1 to {most} are answered in one request");
        return Err(ApiError::bad(text).into());
    }
    let mut asked = Vec::with_capacity(count);
    for (text, number) in questions.addresses.iter().zip(1..) {
        asked.push(Asked::parse(text).map_err(|error| {
            ApiError::bad(format!(
                "address {number} of {count}: {}; none was answered",
                error.error
            ))
        })?);
    }
    let results = ask(&service, &asker, &asked).await?;
    Ok(Json(VerifiedAll { results }))
}

/// Answers all of `asked` or none. Each may be unknown, so that much of the budget must be there before anything is looked up; the others cost nothing.
async fn ask(
    service: &VerifyService,
    asker: &Asker,
    asked: &[Asked],
) -> Result<Vec<Verified>, Refusal> {
    let count = u32::try_from(asked.len()).unwrap_or(u32::MAX);
    let reserved = service.unknown.take(&asker.token, count);
    let reserved = reserved.map_err(|wait| {
        service.tell_spent(asker);
        Refusal::Budget { wait }
    })?;
    let mut found = Vec::with_capacity(asked.len());
    for asked in asked {
        let one = answer::find(&*service.parts.directory, &service.parts.domains, asked).await;
        // What was reserved comes back.
        found.push(one.map_err(|_| Refusal::Directory)?);
    }
    let unknown = found.iter().filter(|one| one.is_none()).count();
    reserved.spend(u32::try_from(unknown).unwrap_or(u32::MAX));
    let answered = asked.iter().zip(found).map(|(asked, found)| {
        let result = found.as_ref().map_or(OrderState::Unknown, |one| one.state);
        metrics::counter!("allegromail_verify_questions_total", "result" => result.word())
            .increment(1);
        if let Some(found) = &found {
            service.traced.note(asker, found);
        }
        Verified {
            address: asked.address.to_string(),
            result,
            marketplace: found.map(|found| found.marketplace),
        }
    });
    Ok(answered.collect())
}
