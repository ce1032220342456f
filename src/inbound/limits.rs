//! The numbers of a session, each with where it comes from. Those of `[smtp]` and `[limits]` are configuration.

use std::time::Duration;

/// Recipients beyond the limit that are answered 452 before the session is closed, as a multiple of the limit (docs/threats.md#26).
pub(super) const RECIPIENT_FLOOD: usize = 10;
/// How long connections are not accepted after the process ran out of files (docs/threats.md#123). Short beside any client's time-out, long
/// beside the few microseconds in which `accept` fails again.
pub(super) const OUT_OF_FILES: Duration = Duration::from_millis(200);
/// What one message may become in all: octets times recipients, as a multiple of the largest message. Each recipient is a copy of its own.
const MOST_COPIES: usize = 16;
/// The unit in which octets of messages under way are counted.
pub(super) const BYTES_UNIT: usize = 64 * 1024;
/// What judging, rewriting and storing a message takes beside the message itself, as a multiple of its size.
pub(super) const COPIES: usize = 3;
/// How long a message waits for its turn to be rewritten. Clients wait ten minutes for the answer to the end of data (RFC 5321 4.5.3.2.6).
pub(super) const TURN: Duration = Duration::from_secs(60);
/// When less than one of so many places for connections is free, the server is under stress.
pub(super) const STRESS_SHARE: usize = 4;

/// Errors of one session that cost nothing (Postfix's soft limit).
pub(super) const FREE_ERRORS: u32 = 10;

/// How many recipients a message of `octets` may have, where one of `largest` octets is taken; one at least.
pub(super) const fn recipients_of(octets: usize, largest: usize) -> usize {
    // Not `max`, which is no constant function.
    let octets = if octets == 0 { 1 } else { octets };
    let most = largest.saturating_mul(MOST_COPIES) / octets;
    if most == 0 { 1 } else { most }
}

/// How long a client is waited for, and how much it may get wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SessionLimits {
    /// From the answer to a command to the end of the next one (RFC 5321 4.5.3.2.7).
    pub command: Duration,
    /// From the first octet of a command to its end: a command is one segment, and no reason to hold a session.
    pub line: Duration,
    /// Waiting for a block of a message (RFC 5321 4.5.3.2.5).
    pub block: Duration,
    /// A message in all.
    pub message: Duration,
    /// Writing replies: a client that does not read holds its session no longer.
    pub write: Duration,
    /// The TLS handshake, and the header of a proxy.
    pub handshake: Duration,
    /// A session in which no message was accepted for so long is closed, however busy it looks.
    pub unproductive: Duration,
    /// A message may be slow for so long before its rate is looked at.
    pub slow_start: Duration,
    /// Octets a second below which a sender of a message is cut off (Postfix's `smtpd_min_data_rate`).
    pub min_rate: u64,
    /// Errors of one session with which it is closed (Postfix's hard limit).
    pub errors: u32,
    /// How long the client waits for the answer to each error beyond the first ten (Postfix's `smtpd_error_sleep_time`).
    pub penalty: Duration,
    /// NOOP, RSET, VRFY, HELP without a message between them after which the session is closed (Postfix's junk limit).
    pub junk: u32,
    /// How often a session that waits looks whether its limits have changed.
    pub look: Duration,
}

impl SessionLimits {
    /// While there is room for everybody.
    pub const ORDINARY: Self = Self {
        command: Duration::from_secs(300),
        line: Duration::from_secs(30),
        block: Duration::from_secs(180),
        message: Duration::from_secs(3_600),
        write: Duration::from_secs(60),
        handshake: Duration::from_secs(30),
        unproductive: Duration::from_secs(600),
        slow_start: Duration::from_secs(60),
        min_rate: 500,
        errors: 20,
        penalty: Duration::from_secs(1),
        junk: 100,
        look: Duration::from_secs(5),
    };

    /// While places run out (Postfix's STRESS_README): who works on is served, who idles or errs makes room.
    pub const UNDER_STRESS: Self = Self {
        command: Duration::from_secs(10),
        line: Duration::from_secs(10),
        block: Duration::from_secs(10),
        message: Duration::from_secs(600),
        write: Duration::from_secs(10),
        handshake: Duration::from_secs(10),
        unproductive: Duration::from_secs(120),
        slow_start: Duration::from_secs(10),
        min_rate: 5_000,
        errors: 3,
        penalty: Duration::ZERO,
        junk: 5,
        look: Duration::from_secs(2),
    };
}
