//! Reports of failure (delivery status notifications): RFC 3464 in a multipart/report (RFC 6522), in the account's language and English.
//!
//! A report is written from masked data only: the address as the writer wrote it, and what the remote server said with every address, host
//! and link in it masked. Pure and deterministic: time and ids are handed in.
//!
//! ```
//! use allegromail::{dsn, mail::Mailbox};
//!
//! let hidden: [Mailbox; 1] = ["jan.kowalski@poczta.example".parse().unwrap()];
//! let said = dsn::quotable_text("5.2.2 <jan.kowalski@poczta.example>: mailbox full", &hidden).unwrap();
//! assert!(said.contains("mailbox full") && !said.contains("kowalski"), "{said}");
//! ```

mod compose;
mod date;
mod documents;
mod heuristics;
mod mask;
mod phrases;
mod quotable;
mod read;
mod returned;
mod sentence;
mod stopped;
mod text;

pub use compose::{Action, Report, Reporter, compose};
pub use documents::{DocumentMessage, document_message};
pub use mask::{HiddenAddresses, mask};
pub use phrases::in_language;
pub use quotable::quotable_text;
pub use read::RemoteReport;
pub use returned::{ReturnedMail, classify_returned};
pub use sentence::sentence;
pub use stopped::{
    HandedDocuments, ReleasedNotice, Stopped, StoppedDigest, csv_row, released, stopped,
    stopped_digest,
};

#[cfg(test)]
mod tests;
