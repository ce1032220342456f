//! The protocol: bytes to values and back (RFC 5321), for both ends of a connection. No sockets, no policy.
//!
//! Reading is strict where a peer could be fooled (line ends, end of data) and bounded everywhere.

mod capabilities;
mod command;
mod data_in;
mod data_out;
mod ehlo;
mod line;
mod params;
mod proxy;
mod reply_in;

pub use capabilities::{Offer, ehlo_reply};
pub use command::{Command, parse_command};
pub use data_in::{DataError, DataReader, DataStatus};
pub use data_out::{BareLineEnd, end_of_data, stuff, stuff_part};
pub use ehlo::Extensions;
pub use line::{LineError, LineReader};
pub use params::{BodyType, MailParameters};
pub use proxy::{PROXY_HEAD, ProxyError, ProxyHead};
pub use reply_in::{ReplyError, ReplyReader};

#[cfg(test)]
mod tests;
