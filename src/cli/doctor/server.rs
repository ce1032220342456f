//! What the running server says, and whether its ports answer.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::Finding;
use crate::admin::{Client, ClientError, near};
use crate::config::Config;
use crate::inbound;

/// How long a port may take to greet. A greeting that looks for early talkers takes seconds.
const PATIENCE: Duration = Duration::from_secs(20);

/// Series that say that something is the matter when they are above zero, and what to do.
const FAULTS: [(&str, &str); 7] = [
    (
        "allegromail_spool_unhealthy",
        "a write has failed and no mail is taken: see to the disk, then `systemctl restart allegromail`",
    ),
    (
        "allegromail_reload_failed",
        "the last reload failed, what is older is in force: `allegromail reload` says why",
    ),
    (
        "allegromail_queue_damaged_total",
        "messages were damaged on the disk: `allegromail queue list`, and look at the disk",
    ),
    (
        "allegromail_rewrite_leaks_stopped_total",
        "the leak gate stopped mail: look for `leak_stopped` in the log",
    ),
    (
        "allegromail_dsn_leaks_stopped_total",
        "the leak gate stopped a report: look for `leak_stopped` in the log",
    ),
    (
        "allegromail_panics_total",
        "a fault of the program: look for `panic` in the log, and report it",
    ),
    (
        "allegromail_history_failed_total",
        "lines of `trace` could not be written: see to the disk",
    ),
];

/// Looks at all of it.
pub(super) async fn check(config: &Config) -> Vec<Finding> {
    let client = Client::new(&config.admin);
    match client.text("/readyz").await {
        Err(ClientError::Unreachable(_)) => {
            let mut findings = vec![Finding::warning(
                "server",
                "it does not run: systemctl start allegromail",
            )];
            findings.extend(config.smtp.listen.iter().map(|address| free(*address)));
            findings
        }
        Err(error @ ClientError::Refused { .. }) => {
            vec![Finding::wrong("server", error.to_string())]
        }
        Err(error) => vec![Finding::unknown("server", error.to_string())],
        Ok(ready) => {
            let mut findings = vec![Finding::good("server: it takes mail")];
            let also = ready.lines().skip(1);
            // What a reload left behind is told below, by its metric.
            let also = also.filter(|line| !line.starts_with("reload: "));
            findings.extend(also.map(|line| {
                Finding::warning("server", format!("{line}; see `GET /v1/documents`"))
            }));
            match client.text("/metrics").await {
                Ok(metrics) => findings.extend(faults(&metrics)),
                Err(error) => findings.push(Finding::unknown("metrics", error.to_string())),
            }
            for address in &config.smtp.listen {
                findings.push(greeting(*address).await);
            }
            findings
        }
    }
}

/// Whether a server could listen there. Port 0 always can.
fn free(address: SocketAddr) -> Finding {
    let what = format!("[smtp] listen {address}");
    match inbound::bind(address) {
        Ok(_) => Finding::good(format!("{what}: free")),
        Err(error) => {
            let remedy = match error.kind() {
                std::io::ErrorKind::AddrInUse => {
                    format!("another program has it: ss -ltnp 'sport = :{}'", address.port())
                }
                std::io::ErrorKind::PermissionDenied => {
                    "only root may bind it, or who has CAP_NET_BIND_SERVICE, as the unit in deploy/ gives it"
                        .to_owned()
                }
                _ => error.to_string(),
            };
            Finding::wrong(what, remedy)
        }
    }
}

/// Whether the port greets as an SMTP server does.
async fn greeting(address: SocketAddr) -> Finding {
    let what = format!("[smtp] listen {address}");
    // The system chose another one, which the log names.
    if address.port() == 0 {
        return Finding::good(what);
    }
    let near = near(address);
    let greeted = timeout(PATIENCE, async {
        let mut stream = TcpStream::connect(near).await?;
        let mut first = [0; 4];
        stream.read_exact(&mut first).await?;
        std::io::Result::Ok(first)
    });
    match greeted.await {
        Ok(Ok(first)) if first.starts_with(b"220") => Finding::good(format!("{what}: greets")),
        Ok(Ok(first)) => Finding::warning(
            what,
            format!(
                "it answers {} and no 220: too many connections, or another program",
                String::from_utf8_lossy(&first)
            ),
        ),
        Ok(Err(error)) => Finding::wrong(what, format!("no connection: {error}")),
        Err(_) => Finding::wrong(what, "no greeting in 20 seconds"),
    }
}

/// The faults that metrics tell of, in the text form of Prometheus.
fn faults(metrics: &str) -> Vec<Finding> {
    let series = metrics.lines().filter(|line| !line.starts_with('#'));
    let told = series.filter_map(|line| {
        let (name, value) = line.rsplit_once(' ')?;
        let bare = name.split('{').next()?;
        let (_, remedy) = FAULTS.iter().find(|(fault, _)| *fault == bare)?;
        let value: f64 = value.parse().ok()?;
        (value > 0.0).then(|| Finding::warning(name, *remedy))
    });
    told.collect()
}

#[cfg(test)]
mod tests {
    use super::faults;

    #[test]
    fn only_what_counts_faults_and_is_above_zero_is_told() {
        let metrics = r#"# HELP allegromail_panics_total faults of the program
allegromail_panics_total 0
allegromail_reload_failed{what="allowlist"} 1
allegromail_reload_failed{what="certificates"} 0
allegromail_inbound_accepted_total 7
"#;
        let told = faults(metrics);
        assert_eq!(told.len(), 1);
        assert!(told[0].what.ends_with(r#"{what="allowlist"}"#));
    }
}
