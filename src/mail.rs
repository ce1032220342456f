//! The words of mail, each parsed once at the edge and passed on as a value.
//!
//! No sockets, files or clocks here, and nothing of the marketplace: a mailbox in this room may be real or masked.
//!
//! | word | owner |
//! | --- | --- |
//! | [`Domain`], [`Mailbox`] | RFC 5321 4.1.2, RFC 5890 (A-labels) |
//! | [`Network`], [`network_of`], [`host_of`] | RFC 4632, RFC 4291 |
//! | [`Listeners`] | ours |
//! | [`ReversePath`], [`ForwardPath`] | RFC 5321 3.3, 4.1.1.2, 4.1.1.3 |
//! | [`ReplyCode`], [`Reply`] | RFC 5321 4.2 |
//! | [`EnhancedStatus`] | RFC 3463, RFC 5248 |
//! | [`Outcome`], [`Diagnostic`] | RFC 3464 2.3 |
//! | [`Reception`], [`RemoteSession`] | ours, for the history |
//! | [`QueueId`], [`TraceId`] | ours |
//! | [`Timestamp`] | ours; printed by RFC 5322 3.3 |

mod domain;
mod id;
mod listeners;
mod mailbox;
mod network;
mod outcome;
mod path;
mod reception;
mod reply;
mod status;
mod timestamp;

pub use domain::{Domain, DomainError};
pub use id::{QueueId, TraceId};
pub use listeners::Listeners;
pub use mailbox::{Mailbox, MailboxError};
pub use network::{Network, NotANetwork, host_of, network_of};
pub use outcome::{Diagnostic, Outcome, Reported};
pub use path::{ForwardPath, ReversePath};
pub use reception::{Reception, RemoteSession};
pub use reply::{Reply, ReplyCode};
pub use status::EnhancedStatus;
pub use timestamp::Timestamp;
