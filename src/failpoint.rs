//! Named points at which a test makes things go wrong: the process ends, a task panics, a call fails, or takes its time.
//!
//! Compiled in by the feature `failpoints` only, which nothing but the tests of this package turn on (`[dev-dependencies]` in Cargo.toml); in any
//! other build a point is an empty function. The variable `ALLEGROMAIL_FAILPOINTS` arms points:
//!
//! ```text
//! spool.before_sync=abort@3            at the third time
//! spool.sync=error:EIO@2-              from the second time on
//! delivery.after_dot=panic,spool.before_write=delay:50
//! file:/path                           the same from a file that is read anew at every point
//! ```
//!
//! Actions are `abort`, `panic`, `delay:MILLISECONDS`, `number:N`, and `error:KIND` with EIO, ENOSPC, EDQUOT, EROFS, EACCES, EPERM, EMFILE or ENFILE. A point is named
//! `room.what_has_just_happened`, and its name stands in the source once.

#[cfg(feature = "failpoints")]
mod armed;

#[cfg(feature = "failpoints")]
pub use armed::{hit, number};

/// Does what the point is armed for; by default nothing.
///
/// # Errors
/// The error that the point is armed with.
#[cfg(not(feature = "failpoints"))]
#[inline(always)]
pub const fn hit(_name: &'static str) -> std::io::Result<()> {
    Ok(())
}

/// The number that the point is armed with, else `usual`.
#[cfg(not(feature = "failpoints"))]
#[inline(always)]
#[must_use]
pub const fn number(_name: &'static str, usual: u64) -> u64 {
    usual
}

/// A point where nothing can be returned: an armed error has no effect there.
#[inline(always)]
pub fn pass(name: &'static str) {
    let _ = hit(name);
}

/// Whether the point is armed with an error: for ways that a correct build does not go.
#[inline(always)]
#[must_use]
pub fn fails(name: &'static str) -> bool {
    hit(name).is_err()
}
