//! How a transaction ends: broken at some point, or spoken to its end.

use crate::mail::Reply;

/// Where a transaction broke.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Broken {
    /// The connection could not be opened, or died before the server answered MAIL.
    BeforeMail(String),
    /// Nothing came in time: no connection, or no banner.
    Silent(&'static str),
    /// It died later, before the final dot was sent whole.
    Midway(String),
    /// It died between the final dot and the reply: the server may have the message or not.
    AfterDot(String),
    /// STARTTLS was wanted and did not come about.
    Tls(String),
    /// The server refused at the door: banner or EHLO.
    Door(Reply),
    /// The server is this relay itself.
    Ourselves,
}

/// The end of a transaction that did not break.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Spoken {
    /// Taken.
    Accepted(Reply),
    /// Refused, with the command that was refused.
    Refused(&'static str, Reply),
    /// Not even tried: the server lacks what the message needs.
    Lacks(&'static str),
}
