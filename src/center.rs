//! The Message Center: every message that passes the relay is also a message there, and what is written there leaves as mail.
//!
//! It reads what the spool has made durable and writes through the same intake as SMTP: one way in, one truth (the log), and one text for both, the
//! masked one that passed the leak gate. Where `[center]` is absent there is none of it.

mod news;
mod outbox;

pub use news::News;
pub use outbox::{Addressee, Draft, DraftFile, IdempotencyKey, Outbox, PostError, Posting};
