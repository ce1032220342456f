//! Counters and gauges in Prometheus' text form.
//!
//! Rooms count through the `metrics` macros; names are `allegromail_<room>_<what>_total`, and labels come from closed sets
//! (a reason word, an outcome), never from the wire.

use std::sync::OnceLock;

use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};

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
        .get_or_init(|| Metrics(PrometheusBuilder::new().install_recorder().ok()))
        .clone()
}
