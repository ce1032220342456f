//! The SMTP server: listeners, sessions, limits, TLS. It has no opinion about mail.
//!
//! `machine.rs` knows the order of commands and no I/O; `session.rs` drives it over a stream; [`Reception`] is the seam behind which
//! everything about addresses and messages is decided (room `intake`).

mod crowd;
mod limits;
mod listener;
mod machine;
mod memory;
mod receive;
mod reception;
mod server;
mod session;
mod transaction;
mod unheard;

pub use limits::Patience;
pub use listener::{Door, bind, run};
pub use memory::room_for_delivery;
pub use reception::{Answer, Client, Protocol, Reception};
pub use server::{Server, Settings};
pub use transaction::MailTransaction;
