//! The way in: listeners, sessions, and the intake that judges messages and takes those that may pass.
//!
//! `machine.rs` knows the order of commands and no I/O; `session.rs` drives it over a stream; [`Reception`] is the seam behind which
//! everything about addresses is decided, and [`Intake`] is what stands there.

mod about;
mod arrival;
mod bounce;
mod budget;
mod crossing;
mod crowd;
mod explain;
mod facts;
mod handed;
mod intake;
mod limits;
mod listener;
mod machine;
mod memory;
mod once;
mod outgoing;
mod owners;
mod passing;
mod payer;
mod proof;
mod recall;
mod receive;
mod reception;
mod recipient;
mod responder;
mod returned;
mod role;
mod sender;
mod server;
mod session;
mod take;
mod threading;
mod transaction;
mod unheard;
mod weigh;

pub use explain::{Inquiry, Opinion};
pub use intake::{Intake, Tools};
pub use limits::Patience;
pub use listener::{Door, bind, run};
pub use memory::room_for_delivery;
pub use reception::{Answer, Client, Protocol, Reception};
pub use server::{Server, Settings};
pub use transaction::MailTransaction;
