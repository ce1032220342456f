//! What every HTTP listener of ours is made of: the socket with its TLS, and the questions that come before any handler.
//!
//! A browser on the host, or on the way, is the stranger here. A page of another site may have it send requests to us, under a name of its own that
//! it has pointed at us (DNS rebinding), or as a form. So a request must name us ([`Guard`]), must not come from a page of another site, must say
//! JSON of a body that is JSON ([`require_content_type`]), and has a token ([`has_token`]). What a listener answers is up to its router.

mod authority;
mod clients;
mod failure;
mod guard;
mod listener;
mod peer;
mod rejection;
mod socket;

pub use failure::ApiError;
pub use guard::{Guard, JSON, NDJSON, bearer, has_token, require_content_type, require_own_name};
pub use listener::{BindError, Listener};
pub use peer::Peer;
pub use rejection::{ErrorWords, with_error_body};
