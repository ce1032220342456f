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

    /// A count of steps of which nobody knows how many there are.
    pub(super) fn counting(what: &'static str) -> Self {
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::hidden());
        if let Ok(style) = ProgressStyle::with_template("{pos} {msg} {elapsed}") {
            bar.set_style(style);
        }
        bar.set_message(what);
        Self(bar)
    }

    /// One step is done.
    pub(super) fn step(&self) {
        self.show();
        self.0.inc(1);
    }

    /// So many steps are done.
    pub(super) fn at(&self, steps: u64) {
        self.show();
        self.0.set_position(steps);
    }

    fn show(&self) {
        if self.0.is_hidden() && self.0.elapsed() >= QUIET {
            // It draws nothing where that is no terminal.
            self.0.set_draw_target(ProgressDrawTarget::stderr());
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}
