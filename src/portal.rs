//! The Message Center for participants: what their tools read and write over HTTP, each with a token of its own (docs/center.md).
//!
//! A listener of its own, whose router has none of the operators' paths: nothing here can show a real address, for nothing here is made of one. Messages
//! come from the archive, which holds masked text only, and participants are ids and logins. What is others' is answered as what is not there, after the
//! same look-ups. What is written goes out through [`crate::center::Outbox`], by the rules for mail.

// What stands behind three slashes at a handler or at a body is printed in the description of the interface. Notes for whoever changes them stand behind two.
mod asked;
mod caller;
mod described;
mod downloads;
mod feed;
mod fetch;
mod key_set;
mod labels;
mod messages;
mod problem;
mod reports;
mod server;
mod service;
mod sessions;
mod settings;
mod shown;
mod sign_in;
mod stream;
mod tagged;
mod threads;
mod uploads;
mod writing;

pub use fetch::HttpFetch;
pub use key_set::{Fetch, Fetching, KeySet};
pub use server::serve;
pub use service::PortalContext;
pub use sign_in::SignIn;

#[cfg(test)]
mod tests;
