//! What operators see: the log on standard error and the counters behind `/metrics`.
//!
//! Field names of log lines are part of the surface: `event`, `trace`, `queue_id`, `reason`, `recipient` (always masked), `client`.
//! No real address of a participant is written at the default level; control bytes are escaped by the formatter.

mod log;
mod metrics;
mod panics;
mod process;

pub use log::{Format, start_log};
pub use metrics::{Metrics, Reloads, install_metrics};
pub use panics::count_panics;
pub use process::measure_process;
