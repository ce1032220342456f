//! DKIM signatures on what we write: participants' mail and reports, by the domain of their visible From (RFC 6376, RFC 8463).
//!
//! RSA and Ed25519 sign side by side: old verifiers know only the first, and a broken algorithm leaves the other. Headers are
//! canonicalised relaxed, bodies simple (mail-auth's relaxed body differs from the RFC where a body ends in lines of white space).

mod arc;
mod fields;
mod generate;
mod keys;
mod signer;

pub use arc::Sealing;
pub use generate::{KeyKind, generate};
pub use keys::{KeyError, PublicKey, public_keys};
pub use signer::{SignError, Signer};

#[cfg(test)]
mod tests;
