//! The Message Center for participants: what their tools read and write over HTTP, each with a token of its own (docs/interface.md#interface-for-participants).
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
mod messages;
mod problem;
mod reports;
mod server;
mod service;
mod shown;
mod stream;
mod tagged;
mod threads;
mod uploads;
mod writing;

pub use server::serve;
pub use service::PortalContext;

#[cfg(test)]
mod tests;
