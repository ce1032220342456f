//! The protocol: bytes to values and back (RFC 5321), for both ends of a connection. No sockets, no policy.
//!
//! Reading is strict where a peer could be fooled (line ends, end of data) and bounded everywhere.
//!
//! ```
//! use allegromail::smtp::{Command, parse_command};
//!
//! let Ok(Command::Rcpt { path }) = parse_command(b"RCPT TO:<k2m9x0r7t3+cub31c122@allegromail.pl>") else {
//!     panic!("a command");
//! };
//! assert_eq!(path.to_string(), "<k2m9x0r7t3+cub31c122@allegromail.pl>");
//! // A space behind the colon is an error (RFC 5321 3.3).
//! let reply = parse_command(b"MAIL FROM: <jan@poczta.example>").unwrap_err();
//! assert_eq!(reply.code.get(), 501);
//! ```

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
