//! Counters, gauges and histograms in Prometheus' text form.
//!
//! Rooms count through the `metrics` macros; names are `allegromail_<room>_<what>_<unit>`, counters end in `_total`, and labels come from closed sets
//! (a reason word, an outcome), never from the wire. Units are base units: seconds and bytes.

mod described;

use std::collections::BTreeSet;
use std::sync::{Mutex, OnceLock, PoisonError};

use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};

/// What a metric is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// Grows until the process ends.
    Counter,
    /// Goes up and down.
    Gauge,
    /// How often something took how long, or was how much.
    Histogram,
}

/// Bounds of histograms of seconds: from what a commit takes to what a message waits at a server that is away.
const SECONDS: [f64; 14] = [
    0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 5.0, 30.0, 300.0, 3_600.0, 86_400.0,
];
/// Bounds of all other histograms: messages of a batch.
const COUNTS: [f64; 8] = [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0];

/// The metrics of this process.
#[derive(Clone)]
pub struct Metrics(Option<PrometheusHandle>);

impl Metrics {
    /// All metrics in the text exposition format; empty where another recorder was installed first.
    #[must_use]
    pub fn render(&self) -> String {
        self.0
            .as_ref()
            .map(PrometheusHandle::render)
            .unwrap_or_default()
    }
}

/// Installs the recorder once for the process and returns the way to read it.
pub fn install_metrics() -> Metrics {
    static INSTALLED: OnceLock<Metrics> = OnceLock::new();
    INSTALLED
        .get_or_init(|| {
            let metrics = Metrics(recorder());
            describe();
            metrics
        })
        .clone()
}

fn recorder() -> Option<PrometheusHandle> {
    let seconds = Matcher::Suffix("_seconds".to_owned());
    let builder = PrometheusBuilder::new()
        .set_buckets(&COUNTS)
        .and_then(|builder| builder.set_buckets_for_metric(seconds, &SECONDS));
    builder.ok()?.install_recorder().ok()
}

/// Says what each metric is, and lets those that are one number begin at zero: a rate over something that was never counted would be no number.
fn describe() {
    for (name, kind, labels, help) in described::all() {
        match kind {
            Kind::Counter => metrics::describe_counter!(*name, *help),
            Kind::Gauge => metrics::describe_gauge!(*name, *help),
            Kind::Histogram => metrics::describe_histogram!(*name, *help),
        }
        match kind {
            Kind::Counter if labels.is_empty() => metrics::counter!(*name).increment(0),
            Kind::Gauge if labels.is_empty() => metrics::gauge!(*name).set(0),
            Kind::Counter | Kind::Gauge | Kind::Histogram => {}
        }
    }
    metrics::gauge!("allegromail_build_info", "version" => env!("CARGO_PKG_VERSION")).set(1);
}

/// What the last reload of each thing came to, beside the counters: health tells what is older than its files.
#[derive(Debug, Default)]
pub struct Reloads(Mutex<BTreeSet<&'static str>>);

impl Reloads {
    /// Counts a reload of `what`, and passes its result on.
    pub fn count<T, E>(&self, what: &'static str, result: Result<T, E>) -> Result<T, E> {
        let outcome = if result.is_ok() { "done" } else { "failed" };
        metrics::counter!("allegromail_reloads_total", "what" => what, "outcome" => outcome)
            .increment(1);
        metrics::gauge!("allegromail_reload_failed", "what" => what).set(u8::from(result.is_err()));
        let mut failed = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match &result {
            Ok(_) => failed.remove(what),
            Err(_) => failed.insert(what),
        };
        result
    }

    /// Counts a start that has found `what` broken.
    pub fn failed(&self, what: &'static str) {
        let _ = self.count::<(), ()>(what, Err(()));
    }

    /// Of what the last reload has failed.
    #[must_use]
    pub fn all_failed(&self) -> Vec<&'static str> {
        let failed = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        failed.iter().copied().collect()
    }
}
