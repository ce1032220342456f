//! Who asks, as the log names them: of every change of the queue, and of whatever shows real addresses.

use axum::http::StatusCode;

use super::AdminContext;
use crate::http::{ApiError, Peer};

/// Who orders a change: `uid 0` of a unix socket, `token, from ADDRESS`, or the address where no token is wanted.
pub(super) fn operator(context: &AdminContext, peer: Peer) -> String {
    match (peer, &context.token) {
        (Peer::Address(_) | Peer::Unknown, Some(_)) => format!("token, from {peer}"),
        _ => peer.to_string(),
    }
}

/// Who asks for real addresses or domains, where `reveal` asks for some; 403 for whoever cannot be named.
pub(super) fn who_reveals(
    reveal: bool,
    context: &AdminContext,
    peer: Peer,
) -> Result<Option<String>, ApiError> {
    if !reveal {
        return Ok(None);
    }
    if matches!(peer, Peer::Address(_) | Peer::Unknown) && context.token.is_none() {
        let error = "real addresses are shown over a unix socket, or where [admin] token_file is set: it is logged who asks";
        return Err(ApiError::new(StatusCode::FORBIDDEN, error));
    }
    Ok(Some(operator(context, peer)))
}
