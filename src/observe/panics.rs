//! Panics are counted and logged with their place. What they say may hold words of a message, so it is not logged.

/// Counts every panic of the process as `allegromail_panics_total` and logs where it happened.
pub fn count_panics() {
    std::panic::set_hook(Box::new(|panic| {
        metrics::counter!("allegromail_panics_total").increment(1);
        let place = panic.location().map(ToString::to_string);
        tracing::error!(
            event = "panic",
            place = place.unwrap_or_default(),
            "a fault of the program: this task has ended, the others go on"
        );
    }));
}
