//! `allegromail serve`: the relay in the foreground, until a signal.
//!
//! SIGHUP reloads allowlist and certificates; SIGTERM and SIGINT drain and exit 0. Every bound address is printed.

use std::path::Path;

use tokio::signal::unix::{SignalKind, signal};

use super::Exit;
use crate::app::Relay;
use crate::config::Loaded;
use crate::observe;

/// Runs until it is told to stop.
pub(super) fn run(loaded: Loaded, format: observe::Format) -> Exit {
    if observe::start_log(format).is_err() {
        eprintln!("allegromail: the log was started twice");
    }
    let metrics = observe::install_metrics();
    for warning in &loaded.warnings {
        tracing::warn!(event = "configuration", %warning);
    }
    super::block_on(async move {
        let file = loaded.config.file.clone();
        let relay = match Relay::start(loaded.config, metrics).await {
            Ok(relay) => relay,
            Err(error) => {
                eprintln!("allegromail: {error}");
                return Exit::Temporary;
            }
        };
        announce(&relay, &file);
        match wait(&relay).await {
            Ok(()) => {
                relay.stop().await;
                Exit::Done
            }
            Err(error) => {
                eprintln!("allegromail: signals cannot be received: {error}");
                Exit::Temporary
            }
        }
    })
}

fn announce(relay: &Relay, file: &Path) {
    for address in &relay.smtp {
        println!("smtp {address}");
    }
    if let Some(admin) = &relay.admin {
        println!("admin {admin}");
    }
    tracing::info!(
        event = "ready",
        configuration = %file.display(),
        hostname = %relay.config().hostname,
        couriers = relay.couriers(),
        recovered = relay.recovered,
    );
}

/// Returns when the relay is to stop; reloads in between.
async fn wait(relay: &Relay) -> std::io::Result<()> {
    let mut hangup = signal(SignalKind::hangup())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    loop {
        tokio::select! {
            _ = hangup.recv() => relay.reload(),
            _ = terminate.recv() => return Ok(()),
            _ = interrupt.recv() => return Ok(()),
        }
    }
}
