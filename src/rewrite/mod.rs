//! Bytes and a plan in, bytes out. Pure and deterministic: the same message and plan give the same bytes (DESIGN.md, "Rewriting").
//!
//! Participants' mail gets a new header section, built from an allowlist of fields, over the old body bytes. Couriers' mail keeps every
//! byte and gets trace fields in front. [`check`] is the leak gate: it looks at what would leave, and shares no code with the rewriter.

mod courier;
mod fields;
mod gate;
mod participant;
mod trace;

pub use courier::{CourierTrace, courier, courier_as};
pub use gate::{Leak, check};
pub use participant::{ParticipantPlan, RewriteError, participant};
pub use trace::Trace;

#[cfg(test)]
mod tests;
