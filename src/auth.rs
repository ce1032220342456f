//! Who sent it: SPF and DKIM, aligned with the visible From, make of a claimed From a proven one (RFC 7208, 6376, 9989).
//!
//! `none`, `neutral`, `softfail` and errors are no pass; an error of the DNS where a check could have passed is temporary. What is found
//! never depends on who is registered.

mod addressees;
mod alignment;
mod arc;
mod bodies;
mod dkim;
mod dmarc;
mod evidence;
mod fields;
mod name;
mod proof;
mod prover;
mod questions;
mod signatures;
mod slots;
mod spf;

pub use arc::Chain;
pub use evidence::{Evidence, ProverSettings, Step, Steps, in_short};
pub use proof::{Means, Mode, Proof, SharedSpf, SignatureDigest};
pub use prover::Prover;

/// Signatures of one message that are looked at, at most.
pub const MAX_SIGNATURES: usize = signatures::MAX_SIGNATURES;
