//! `allegromail serve`: the relay in the foreground, until a signal.
//!
//! SIGHUP reloads allowlist, DKIM keys, certificates and trust roots; SIGTERM and SIGINT drain and exit 0, a second one ends at once: what is under way is then as
//! after a crash. Every bound address is printed.

mod opening;
mod service_manager;

use std::path::Path;

use tokio::signal::unix::{Signal, SignalKind, signal};

use super::Exit;
use crate::app::Relay;
use crate::config::LoadedConfig;
use crate::observe;

/// Runs until it is told to stop.
pub(super) fn run(loaded: LoadedConfig, format: observe::Format) -> Exit {
    // Served all the same: mail is worth more than a line of log.
    if observe::start_log(format).is_err() {
        eprintln!("allegromail: the log was started twice");
    }
    let metrics = observe::install_metrics();
    // A panic ends one session or task; the counter is how anybody hears of it (docs/threats.md#129).
    observe::count_panics();
    for warning in &loaded.warnings {
        tracing::warn!(event = "configuration", %warning);
    }
    super::block_on(async move {
        // Before anything else: a signal that comes while the stores are opened must not kill, and wait its turn.
        let mut signals = match Signals::listen() {
            Ok(signals) => signals,
            Err(error) => {
                eprintln!("allegromail: signals cannot be received: {error}");
                return Exit::Temporary;
            }
        };
        let file = loaded.config.file.clone();
        let starting = (
            service_manager::starting(),
            opening::opening(&loaded.config.data_dir),
        );
        let started = Relay::start(loaded.config, metrics).await;
        drop(starting);
        let relay = match started {
            Ok(relay) => relay,
            Err(error) => {
                eprintln!("allegromail: {error}");
                service_manager::failed(&error.to_string());
                return match error.is_refused() {
                    true => Exit::Configuration,
                    false => Exit::Temporary,
                };
            }
        };
        announce(&relay, &file);
        service_manager::ready();
        tokio::spawn(service_manager::signs_of_life());
        let ending = tokio::select! {
            () = signals.obey(&relay) => Exit::Done,
            // Better restarted by systemd than up and idle: the spool has everything.
            () = relay.broken() => {
                tracing::error!(event = "broken", "the queue has panicked; the server ends, and a restart goes on from the spool");
                Exit::Temporary
            }
        };
        service_manager::stopping();
        tokio::select! {
            () = relay.stop() => ending,
            () = signals.insist() => {
                tracing::warn!(event = "stop_cut_short", "told to stop a second time");
                Exit::Temporary
            }
        }
    })
}

/// Ports to standard output, for scripts that let the system choose them; the rest to the log.
fn announce(relay: &Relay, file: &Path) {
    for address in &relay.smtp {
        println!("smtp {address}");
    }
    for address in &relay.proxied {
        println!("proxied {address}");
    }
    if let Some(address) = &relay.verify {
        println!("verify {address}");
    }
    if let Some(address) = &relay.center {
        println!("center {address}");
    }
    println!("admin {}", relay.admin);
    tracing::info!(
        event = "ready",
        configuration = %file.display(),
        hostname = %relay.config().hostname,
        couriers = relay.couriers(),
        recovered = relay.recovered,
    );
}

/// What operators and systemd say to the process.
struct Signals {
    /// SIGHUP: read files again.
    hangup: Signal,
    /// SIGTERM: stop in good order.
    terminate: Signal,
    /// SIGINT: the same, from a terminal.
    interrupt: Signal,
}

impl Signals {
    /// From here on none of them kills the process.
    fn listen() -> std::io::Result<Self> {
        Ok(Self {
            hangup: signal(SignalKind::hangup())?,
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
        })
    }

    /// Returns when the relay is to stop; reloads in between.
    async fn obey(&mut self, relay: &Relay) {
        loop {
            tokio::select! {
                _ = self.hangup.recv() => relay.reload(),
                _ = self.terminate.recv() => return,
                _ = self.interrupt.recv() => return,
            }
        }
    }

    /// Returns when the relay is told to stop once more while it stops.
    async fn insist(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}
