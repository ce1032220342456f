//! Holds what came out against what was promised. Knows nothing of how the relay works: it looks at replies and bytes only.

use super::script::{BUYER_SIDE, Expect, SELLER_SIDE, Scenario, TRACES};
use crate::scripted::session::Received;

/// A broken promise, in words.
pub(super) type Finding = String;

/// All broken promises of a scenario; none: all is well.
pub(super) fn judge(scenario: &Scenario, reply: &str, arrived: &[Received]) -> Vec<Finding> {
    let mut findings = Vec::new();
    match scenario.expect {
        // By the code and the word of the contract; sentences may be reworded.
        Expect::Refused { code, reason } => {
            if !reply.starts_with(&code.to_string()) || !reply.contains(&format!("[{reason};")) {
                findings.push(format!(
                    "the reply should be {code} with the reason {reason}"
                ));
            }
            if !arrived.is_empty() {
                findings.push(format!(
                    "{} message(s) came out of a refused one",
                    arrived.len()
                ));
            }
        }
        Expect::Arrives { at, from } => {
            accepted(reply, &mut findings);
            arrived_once(at, arrived, &mut findings);
            let shown = arrived
                .first()
                .and_then(|received| field(&received.data, "From"))
                .unwrap_or_default();
            if !shown.contains(&format!("<{from}>")) {
                findings.push(format!("the visible From should be {from}"));
            }
        }
        Expect::Bounces { at } => {
            accepted(reply, &mut findings);
            arrived_once(at, arrived, &mut findings);
            // Without the null sender a report that bounces would be answered with a report (RFC 5321 4.5.5).
            let report = arrived.first();
            if report.is_none_or(|report| !report.reverse_path.is_empty()) {
                findings.push("a report should have the null sender".to_owned());
            }
            if report
                .is_none_or(|report| !contains(&report.data, "report-type=\"delivery-status\""))
            {
                findings.push("a report should be a delivery status notification".to_owned());
            }
        }
    }
    findings.extend(leaks(reply, arrived));
    findings
}

/// Whether the relay took it. Only this reply makes the relay answerable for the message.
fn accepted(reply: &str, findings: &mut Vec<Finding>) {
    if !reply.starts_with("250") {
        findings.push("the message should be accepted".to_owned());
    }
}

/// Whether one copy reached `at`, and nobody else any.
fn arrived_once(at: &str, arrived: &[Received], findings: &mut Vec<Finding>) {
    let everywhere: Vec<&str> = arrived
        .iter()
        .flat_map(|received| &received.recipients)
        .map(String::as_str)
        .collect();
    if everywhere != [at] {
        findings.push(format!(
            "one message should arrive at {at}, not at {everywhere:?}"
        ));
    }
}

/// Whatever leaves towards one side must not name the other side. The sides are told apart by who received it.
fn leaks(reply: &str, arrived: &[Received]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for received in arrived {
        let to_seller = received
            .recipients
            .iter()
            .any(|to| SELLER_SIDE.iter().any(|own| to.ends_with(own)));
        let hidden = if to_seller { BUYER_SIDE } else { SELLER_SIDE };
        // The envelope too: a bounce address or a return path can name the writer as well as a header field.
        let whole = [received.reverse_path.as_bytes(), b"\n", &received.data].concat();
        for needle in hidden.iter().filter(|needle| contains(&whole, needle)) {
            findings.push(format!(
                "{needle} leaked to {}",
                received.recipients.join(", ")
            ));
        }
    }
    // Participants' mail also says nothing of the writer's machine; couriers' mail keeps every byte.
    let masked = |from: &String| from.contains("@allegromail.");
    for received in arrived
        .iter()
        .filter(|received| field(&received.data, "From").as_ref().is_some_and(masked))
    {
        let told = TRACES
            .iter()
            .filter(|trace| contains(&received.data, trace));
        findings.extend(
            told.map(|trace| format!("{trace} leaked to {}", received.recipients.join(", "))),
        );
    }
    // A reply may name the writer's own address, never an address of the other side.
    let seller_shown = SELLER_SIDE.iter().filter(|needle| reply.contains(**needle));
    findings.extend(seller_shown.map(|needle| format!("{needle} leaked in the reply")));
    findings
}

/// Without regard to case: an address in capitals is the same address. Encodings are not undone; the relay's own gate is for those.
fn contains(haystack: &[u8], needle: &str) -> bool {
    memchr::memmem::find(
        &haystack.to_ascii_lowercase(),
        needle.to_ascii_lowercase().as_bytes(),
    )
    .is_some()
}

/// The first field of this name, unfolded. Read by other code than the relay's, which would believe its own mistakes.
pub(super) fn field(message: &[u8], name: &str) -> Option<String> {
    let text = String::from_utf8_lossy(message).into_owned();
    let head = text
        .split("\r\n\r\n")
        .next()?
        .replace("\r\n ", " ")
        .replace("\r\n\t", " ");
    head.lines().find_map(|line| {
        let (found, value) = line.split_once(':')?;
        found
            .eq_ignore_ascii_case(name)
            .then(|| value.trim().to_owned())
    })
}
