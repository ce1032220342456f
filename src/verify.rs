//! Carriers ask whether a masked address stands for an order, over HTTP with a token (docs/verifying-orders.md).
//!
//! Whoever asks is a stranger with a token: it is good for as long as its entry is on the allowlist in force, and nothing that it may ask
//! lets it list orders by trying. So one that has no order is answered alike whatever it lacks, after the same look-ups; such answers have a
//! budget; and whether a question is answered depends on what is left of that and on nothing else. The listener has a router of its own: no
//! path of the operators' interface is behind it.

// What stands behind three slashes at a handler or at a body is printed in the description of the interface. Notes for whoever changes them stand behind two.
mod allowance;
mod answer;
mod asked;
mod questions;
mod refusal;
mod server;
mod service;
mod traced;

pub use answer::{OrderState, Verified};
pub use questions::{Questions, VerifiedAll};
pub use server::serve;
pub use service::VerifyContext;

#[cfg(test)]
mod tests;
