//! Who sent it: SPF, DKIM and DMARC alignment make of a visible From a proven one (RFC 7208, 6376, 9989).

mod proof;

pub use proof::{Mode, Proof};
