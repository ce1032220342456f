//! Bytes and a plan in, bytes out. Pure and deterministic: the same message and plan give the same bytes.
//!
//! Participants' mail gets a new header section, built from an allowlist of fields, over a body in which only the parts that show the writer are
//! changed. Couriers' mail keeps every byte and gets trace fields in front. [`pass`] does both steps with what the other side may have guessed.
//! [`check`] is the leak gate: it looks at what would leave, and shares no code with the rewriter.
//!
//! ```
//! use allegromail::{mail::Mailbox, rewrite};
//!
//! let addresses: [Mailbox; 1] = ["jan.kowalski@gmail.com".parse().unwrap()];
//! let mask = "8awgqyk6a5+cub31c122@allegromail.pl";
//! let text = "Write to j.a.n.kowalski+shop&#64;gmail.com, please";
//! assert_eq!(rewrite::mask_text(text, &addresses, mask), format!("Write to {mask}, please"));
//!
//! let leak = rewrite::check(b"Subject: x\r\n\r\njan.kowalski=40gmail.com\r\n", &addresses).unwrap_err();
//! assert_eq!((leak.what, leak.place), ("an address", "body"));
//! ```

mod atom;
mod body;
mod calendar;
mod courier;
mod data_pictures;
mod document;
mod embedded;
mod fields;
mod fold;
mod gate;
mod guesses;
mod head;
mod html;
mod leaf;
mod masker;
mod maskers;
mod options;
mod participant;
mod plan;
mod quotes;
mod report;
mod seven_bit;
mod soft_breaks;
mod trace;
mod treatment;
mod unseen;
mod written;

pub use courier::{CourierTrace, courier, courier_as};
pub use gate::{Leak, MOST_SIGHTED, Needles, PLACES, Sighting, Sightings, Standing, check};
pub use guesses::{Everything, Passage, Stopped, Suspects, pass};
pub use masker::{mask_text, mask_texts};
pub use options::{Attachments, Events, Options, signature_note};
pub use participant::participant;
pub use plan::{ParticipantPlan, RewriteError, Threading};
pub use seven_bit::{EightBitOnly, seven_bit};
pub use trace::Trace;

#[cfg(test)]
mod tests;
