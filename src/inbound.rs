//! The SMTP server: listeners, sessions, limits, TLS. It has no opinion about mail.
//!
//! `machine.rs` knows the order of commands and no I/O; `session.rs` drives it over a stream; [`MailHandler`] is the seam behind which
//! everything about addresses and messages is decided (room `intake`).

mod connection_limiter;
mod handler;
mod limits;
mod listener;
mod machine;
mod memory;
mod receive;
mod resend_cache;
mod server;
mod session;
mod transaction;

pub use handler::{BoxFuture, Client, MailHandler, Protocol};
pub use limits::SessionLimits;
pub use listener::{ListenerKind, bind, run};
pub use memory::room_for_delivery;
pub use server::{Server, ServerSettings};
pub use transaction::MailTransaction;
