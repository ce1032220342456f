//! What takes longer than a second is shown while it lasts: on a terminal only, for a script reads what is printed.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// What is over sooner needs no word.
pub(super) const QUIET: Duration = Duration::from_secs(1);

/// A bar over steps of a known number; gone when it is dropped.
pub(super) struct Progress(ProgressBar);

impl Progress {
    /// A bar that is not seen yet. `what` stands behind the numbers.
    pub(super) fn of(steps: usize, what: &'static str) -> Self {
        let steps = u64::try_from(steps).unwrap_or(u64::MAX);
        let bar = ProgressBar::with_draw_target(Some(steps), ProgressDrawTarget::hidden());
        if let Ok(style) = ProgressStyle::with_template("{bar:30} {pos}/{len} {msg} {eta}") {
            bar.set_style(style);
        }
        bar.set_message(what);
        Self(bar)
    }

    /// One step is done.
    pub(super) fn step(&self) {
        if self.0.is_hidden() && self.0.elapsed() >= QUIET {
            // It draws nothing where that is no terminal.
            self.0.set_draw_target(ProgressDrawTarget::stderr());
        }
        self.0.inc(1);
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}
