//! The log: one line an event on standard error, as text or as JSON.
//!
//! The filter is `RUST_LOG` in the usual notation; without it, `info` for this crate and warnings of the libraries.

use tracing_subscriber::EnvFilter;
use tracing_subscriber::util::{SubscriberInitExt, TryInitError};

/// How lines are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// For people.
    Text,
    /// One JSON object a line, for collectors.
    Json,
}

/// Sends the events of this process to standard error. Only the first call of a process has an effect.
///
/// # Errors
/// Another subscriber is already in place.
pub fn start_log(format: Format) -> Result<(), TryInitError> {
    let filter = EnvFilter::try_from_default_env()
        .unwrap_or_else(|_| EnvFilter::new("warn,allegromail=info"));
    let lines = tracing_subscriber::fmt()
        .with_writer(std::io::stderr)
        .with_ansi(false)
        .with_env_filter(filter);
    match format {
        Format::Text => lines.finish().try_init(),
        Format::Json => lines.json().flatten_event(true).finish().try_init(),
    }
}
