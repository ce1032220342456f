//! The numbers of a session, each with where it comes from. Those of `[smtp]` and `[limits]` are configuration.

use std::time::Duration;

/// Waiting for a command (RFC 5321 4.5.3.2.7).
pub(super) const COMMAND: Duration = Duration::from_secs(300);
/// Waiting for a block of a message (RFC 5321 4.5.3.2.5).
pub(super) const DATA_BLOCK: Duration = Duration::from_secs(180);
/// Writing a reply: a client that does not read holds its session no longer.
pub(super) const WRITE: Duration = Duration::from_secs(60);
/// The TLS handshake.
pub(super) const HANDSHAKE: Duration = Duration::from_secs(30);
/// A session in which no message was accepted for so long is closed, however busy it looks.
pub(super) const UNPRODUCTIVE: Duration = Duration::from_secs(600);
/// A message may be slow for so long before its rate is looked at.
pub(super) const SLOW_START: Duration = Duration::from_secs(60);
/// Octets a second below which a sender of a message is cut off (Postfix's `smtpd_min_data_rate`).
pub(super) const MIN_RATE: u64 = 500;
/// Errors of one session after which it is closed (Postfix's hard limit).
pub(super) const MAX_ERRORS: u32 = 20;
/// NOOP, RSET, VRFY, HELP without a message between them after which the session is closed (Postfix's junk limit).
pub(super) const MAX_JUNK: u32 = 100;
/// Recipients beyond the limit that are answered 452 before the session is closed, as a multiple of the limit.
pub(super) const RECIPIENT_FLOOD: usize = 10;
/// Octets read at once.
pub(super) const READ: usize = 64 * 1024;
/// How long connections are not accepted after the process ran out of files.
pub(super) const OUT_OF_FILES: Duration = Duration::from_millis(200);
/// Octets of messages under way in all sessions together.
pub(super) const BYTES_IN_FLIGHT: usize = 256 * 1024 * 1024;
/// The unit in which these octets are counted.
pub(super) const BYTES_UNIT: usize = 64 * 1024;
