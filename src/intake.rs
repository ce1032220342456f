//! What becomes of a message: it is decided, rewritten and made durable here, between the SMTP server and the spool.
//!
//! [`Intake`] is what the SMTP server sees of it. The way of a message is `accept::accept`, top to bottom, and every step is a function whose
//! signature tells what it may touch:
//!
//! | step | |
//! | --- | --- |
//! | `accept::open` | the octets are split, once; nothing reads them in another way |
//! | `sender::identify` | the From is read, has it proven (`proof`), and its account is found (`owners`) |
//! | `recipient::find` | whom each recipient names: a role, a mask, a bounce address |
//! | `facts::gather` | what policy decides on, for one recipient |
//! | `policy::decide` | a plan with writer and receiver in it, or a refusal |
//! | `budget::Tally::spend` | what the message costs its sender |
//! | `contents::check` | the rules on contents, between participants; a refusal, or what the message leaves behind for its answer |
//! | `masked::masked` | between participants: ids translated (`threading`), rewritten, past the leak gate, signed |
//! | `auto_reply::auto_reply` | the same, once a day for each pair (`dedup`) |
//! | `unmasked::unmasked`, `unmasked::to_role` | couriers' mail and mail to roles, byte for byte |
//! | `returned::returned` | what comes back to a bounce address: reports (`bounce`), automatic replies, people |
//! | `entry::Entries` | the entry, and what is kept so that reports can name the message |
//! | `submit::Intake::submit` | the way of what is written in the Message Center: from policy on the same |
//! | `MultipartCommit::commit` | the entries are made durable; only then is 250 said |

mod accept;
mod arrival;
mod auto_reply;
mod bounce;
mod budget;
mod contents;
mod dedup;
mod entry;
mod explain;
mod facts;
mod fault;
mod handed;
mod handler;
mod masked;
mod owners;
mod payer;
mod proof;
mod recall;
mod recipient;
mod returned;
mod role;
mod sender;
mod sent;
mod submit;
mod templates;
mod threading;
mod tools;
mod unmasked;
mod weigh;

pub use budget::{SharedBudgets, Spending};
pub use contents::send_digests;
pub use explain::{Inquiry, Opinion, explain};
pub use submit::Submission;
pub use tools::{Intake, Tools};
