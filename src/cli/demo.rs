//! `allegromail demo`: the main job, played over real SMTP on loopback.
//!
//! Starts the real relay with a sample directory, the shipped allowlist, a mailbox sink and local DNS answers, plays the
//! scenarios of `script.rs`, and prints for each what went in, what came out, and why. Exits 0 only if all came out as promised.

mod center;
mod client;
mod judge;
mod script;
mod stage;

use std::time::Duration;

use self::judge::Finding;
use self::script::{Before, Expect, SCENARIOS, Scenario};
use self::stage::{Failure, Stage};
use super::Exit;
use crate::observe;
use crate::scripted::session::Received;

/// How long a message may take through relay and sink before it counts as lost.
const PATIENCE: Duration = Duration::from_secs(20);

/// Plays the scenarios; with `keep` the relay stays up until it is interrupted.
pub(super) fn run(keep: bool) -> Exit {
    // Once a process, hence not by the stage.
    let metrics = observe::install_metrics();
    super::block_on(async move {
        match perform(metrics, keep).await {
            Ok(0) => {
                println!(
                    "\nAll {} scenarios came out as promised.",
                    SCENARIOS.len() + 1
                );
                Exit::Done
            }
            Ok(broken) => {
                println!(
                    "\n{broken} of {} scenarios broke a promise.",
                    SCENARIOS.len() + 1
                );
                Exit::Deferred
            }
            Err(error) => {
                eprintln!("allegromail: the demo could not be set up: {error}");
                Exit::Temporary
            }
        }
    })
}

/// How many scenarios broke a promise.
async fn perform(metrics: observe::Metrics, keep: bool) -> Result<usize, Failure> {
    let stage = Stage::build(metrics).await?;
    let broken = play(&stage).await?;
    // After the scenarios and not instead of them: what stays up has been seen to work.
    if keep {
        println!("\nThe relay goes on running; interrupt it to stop.");
        print_addresses(&stage);
        tokio::signal::ctrl_c().await?;
    }
    stage.strike().await;
    Ok(broken)
}

/// Where to connect to: all ports were chosen by the system.
fn print_addresses(stage: &Stage) {
    for address in &stage.relay.smtp {
        println!("  smtp    {address}");
    }
    println!("  admin   http://{}", stage.relay.admin);
    if let Some(center) = &stage.relay.center {
        println!("  center  http://{center}");
    }
    println!("  mailbox {}", stage.sink.address());
    println!("  files   {}", stage.folder().display());
}

/// Plays all scenarios one after the other. How many broke a promise.
async fn play(stage: &Stage) -> Result<usize, Failure> {
    println!(
        "A relay on {:?}, {} couriers on its list, one mailbox server behind it.",
        stage.relay.smtp,
        stage.relay.couriers()
    );
    let mut broken = 0;
    for (at, scenario) in SCENARIOS.iter().enumerate() {
        prepare(stage, scenario.before).await?;
        let server = stage
            .relay
            .smtp
            .first()
            .copied()
            .ok_or("the relay listens nowhere")?;
        let reply = client::send(
            server,
            scenario.mail_from,
            scenario.to,
            &message(scenario, at),
        )
        .await?;
        let arrived = match scenario.expect {
            // A refusal is final when it is heard: what had arrived by then is all there is, and nothing is waited for.
            Expect::Refused { .. } => stage.sink.take(),
            Expect::Arrives { .. } | Expect::Bounces { .. } => stage.arrived(PATIENCE).await,
        };
        let findings = judge::judge(scenario, &reply, &arrived);
        print(at, scenario, &reply, &arrived, &findings);
        broken += usize::from(!findings.is_empty());
    }
    broken += center::play(stage, SCENARIOS.len() + 1).await?;
    Ok(broken)
}

/// Does what stands before a scenario, in the way in which it happens outside: by the admin interface, by the other server.
async fn prepare(stage: &Stage, before: Before) -> Result<(), Failure> {
    match before {
        Before::Nothing => {}
        Before::RemoveAddress => {
            stage
                .remove_address("k2m9x0r7t3", "sprzedaz@rowery.example")
                .await?
        }
        Before::CloseMailbox => {
            stage.sink.refuse(
                "biuro@rowery.example",
                "550 5.1.1 <biuro@rowery.example>: no such user at mx.rowery.example",
            );
        }
    }
    Ok(())
}

/// The message of a scenario, with all that a writer's server and program put in: a host, an address, letters outside ASCII.
fn message(scenario: &Scenario, number: usize) -> String {
    format!(
        "Received: from laptop.{domain} ([198.51.100.7]) by mx.{domain}; Mon, 23 Nov 2026 10:00:00 +0100\r\n\
         From: \"Imię Nazwisko\" <{from}>\r\nTo: <{to}>\r\nReply-To: {from}\r\nSubject: Scenario {number}: {title}\r\n\
         Date: Mon, 23 Nov 2026 10:00:00 +0100\r\nMessage-ID: <{number}@{domain}>\r\nX-Originating-IP: [198.51.100.7]\r\n\
         MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nDzień dobry!\r\n",
        from = scenario.from,
        to = scenario.to,
        title = scenario.title,
        domain = scenario.from.split('@').nth(1).unwrap_or_default(),
    )
}

/// In, out and why, so that a reader can judge without trusting the verdict.
fn print(at: usize, scenario: &Scenario, reply: &str, arrived: &[Received], findings: &[Finding]) {
    let verdict = if findings.is_empty() {
        "as promised"
    } else {
        "BROKEN"
    };
    println!("\n{:>2}. {} - {verdict}", at + 1, scenario.title);
    println!(
        "    in    MAIL FROM <{}>, From <{}>, to <{}>",
        scenario.mail_from, scenario.from, scenario.to
    );
    println!("    reply {reply}");
    for received in arrived {
        let from = judge::field(&received.data, "From").unwrap_or_default();
        println!(
            "    out   to <{}>, From {from}",
            received.recipients.join(", ")
        );
    }
    println!("    why   {}", scenario.why);
    for finding in findings {
        println!("    !!    {finding}");
    }
}
