//! What a participant has set, and the sentences in its language.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use serde::{Deserialize, Serialize};

use super::caller::{Caller, MayRead, MayWrite};
use super::labels::LANGUAGES;
use super::problem::Problem;
use super::service::PortalService;
use super::tagged;
use crate::archive::Settings;

/// What is set.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = Settings)]
pub(super) struct ShownSettings {
    /// The language of `label` (ISO 639-1): `cs`, `en`, `hu`, `pl` or `sk`.
    language: String,
    /// Whether you have chosen it; else it is your account's, or English.
    chosen: bool,
}

/// What is to be set.
#[derive(Debug, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewSettings {
    /// `cs`, `en`, `hu`, `pl` or `sk`; null: your account's.
    language: Option<String>,
}

/// What you have set.
#[utoipa::path(get, path = "/center/v1/settings", responses(
    (status = 200, body = ShownSettings, headers(("ETag" = String, description = "for If-None-Match"))),
    (status = 304, description = "it is as you have it"),
))]
pub(super) async fn read(
    State(service): State<Arc<PortalService>>,
    MayRead(caller): MayRead,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let settings = service.parts.archive.settings(caller.id.clone()).await?;
    Ok(tagged::json(&headers, &shown(&caller, &settings)))
}

/// Sets in which language reasons are told. The words of reasons stay.
#[utoipa::path(put, path = "/center/v1/settings", request_body = NewSettings, responses(
    (status = 200, description = "set", body = ShownSettings),
))]
pub(super) async fn write(
    State(service): State<Arc<PortalService>>,
    MayWrite(caller): MayWrite,
    Json(new): Json<NewSettings>,
) -> Result<Json<ShownSettings>, Problem> {
    let is_known = |language: &String| LANGUAGES.contains(&language.as_str());
    if !new.language.as_ref().is_none_or(is_known) {
        let known = LANGUAGES.join(", ");
        return Err(Problem::bad(format!(
            "`language` is null or one of {known}"
        )));
    }
    let settings = Settings {
        language: new.language,
    };
    let archive = &service.parts.archive;
    archive
        .keep_settings(caller.id.clone(), settings.clone())
        .await?;
    Ok(Json(shown(&caller, &settings)))
}

impl PortalService {
    /// The language in which a participant is told reasons.
    ///
    /// # Errors
    /// 503.
    pub(super) async fn language(&self, caller: &Caller) -> Result<String, Problem> {
        let settings = self.parts.archive.settings(caller.id.clone()).await?;
        Ok(shown(caller, &settings).language)
    }
}

fn shown(caller: &Caller, settings: &Settings) -> ShownSettings {
    let usual = &caller.account.language;
    let usual = match LANGUAGES.contains(&usual.as_str()) {
        true => usual,
        false => "en",
    };
    let language = settings.language.as_deref();
    ShownSettings {
        language: language.unwrap_or(usual).to_owned(),
        chosen: language.is_some(),
    }
}
