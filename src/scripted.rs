//! Servers for the demo and for tests: DNS answers from a list, and the far side of SMTP.
//!
//! Real sockets on free ports of 127.0.0.1. No part of a relay that serves, and of no public promise.

pub mod dns;
pub mod session;
pub mod sink;
