//! The lives of messages in words, a block each: who, the steps, what to do next. For people; scripts take `--json`.

use std::fmt::Write;

use crate::history::{Accepted, Hidden, HistoryEvent, ShownAttempt, TraceLine};
use crate::mail::TraceId;
use crate::masking::MaskedLocal;

/// All messages that `lines` tell of, in the order in which they begin.
pub(super) fn told(lines: &[TraceLine]) -> String {
    let mut blocks: Vec<(&TraceId, &str, Vec<&TraceLine>)> = Vec::new();
    for line in lines {
        let mut known = blocks.iter_mut();
        match known.find(|(trace, to, _)| **trace == line.trace && *to == line.to) {
            Some((_, _, block)) => block.push(line),
            None => blocks.push((&line.trace, &line.to, vec![line])),
        }
    }
    let blocks: Vec<String> = blocks.iter().map(|(_, _, lines)| block(lines)).collect();
    blocks.join("\n")
}

/// One message to one recipient.
fn block(lines: &[&TraceLine]) -> String {
    let (Some(first), Some(last)) = (lines.first(), lines.last()) else {
        return String::new();
    };
    let mut out = header(first, lines);
    for line in lines {
        arrival(line, &first.time, &mut out);
        step(line, &first.time, &mut out);
        revealed(line.revealed.as_ref(), &mut out);
    }
    // An order that ended it comes behind the end.
    let ended = |line: &&&TraceLine| !matches!(&line.event, HistoryEvent::Ordered { order, .. } if order == "fail" || order == "drop");
    let last = lines.iter().rev().find(ended).unwrap_or(last);
    let _ = writeln!(out, "  next: {}", next(last, sent_as(lines)));
    out
}

/// Trace id, when, from whom to whom, the order.
fn header(first: &TraceLine, lines: &[&TraceLine]) -> String {
    let came = lines.iter().find_map(|line| line.came.as_ref());
    let began = came.map_or(&first.time, |came| &came.first_byte);
    let from = came.map(|came| came.came.from.as_str());
    let from = from.filter(|from| !from.is_empty()).unwrap_or("-");
    let local = first.to.rsplit_once('@').map(|(local, _)| local);
    let local = local.and_then(|local| MaskedLocal::parse(local).ok());
    let order = local.and_then(|local| local.transaction);
    let order = order.map(|order| format!("  order {order}"));
    let (trace, to) = (&first.trace, &first.to);
    format!(
        "{trace}  {began}  {from} -> {to}{}\n",
        order.unwrap_or_default()
    )
}

/// The time of a step: without the day where it is that of the first one.
fn clock<'a>(time: &'a str, first: &str) -> &'a str {
    match (time.split_once('T'), first.split_once('T')) {
        (Some((day, clock)), Some((same, _))) if day == same => clock,
        _ => time,
    }
}

/// First byte and end of data.
fn arrival(line: &TraceLine, first: &str, out: &mut String) {
    let Some(shown) = &line.came else {
        return;
    };
    let came = &shown.came;
    let at = clock(&shown.first_byte, first);
    let _ = writeln!(
        out,
        "  {at}  first byte, from {} by {}",
        came.client, came.protocol
    );
    if let Some(end) = &shown.end_of_data {
        let checks = match came.checks.as_str() {
            "" => String::new(),
            checks => format!("; sender: {checks}"),
        };
        let at = clock(end, first);
        let _ = writeln!(out, "  {at}  end of data, {} octets{checks}", came.octets);
    }
}

/// What happened, and how an attempt went.
fn step(line: &TraceLine, first: &str, out: &mut String) {
    let at = clock(&line.time, first);
    let _ = writeln!(out, "  {at}  {}", happened(line));
    if let Some(attempt) = &line.attempt {
        let _ = writeln!(out, "    {}", went(attempt));
        for (what, words) in [("server", &attempt.reply), ("error", &attempt.error)] {
            if let Some(words) = words {
                let _ = writeln!(out, "    {what}: {words}");
            }
        }
    }
}

fn happened(line: &TraceLine) -> String {
    let came = line.came.as_ref().map(|came| &came.came);
    let decided = came.map(|came| came.decided.as_str());
    let rule = decided.filter(|rule| !rule.is_empty());
    match &line.event {
        HistoryEvent::Accepted(stored) => accepted("accepted", line, stored, rule),
        HistoryEvent::Held(held) => {
            let documents = held.documents.join(", ");
            let held = accepted("held", line, held, rule);
            format!("{held}; for its documents ({documents})")
        }
        HistoryEvent::Refused { reason, .. } => {
            let rule = rule.map(|rule| format!(", by the rule {rule:?}"));
            let said = line.said.as_ref().map(|said| format!(": {said}"));
            let (rule, said) = (rule.unwrap_or_default(), said.unwrap_or_default());
            format!("refused {reason}{rule}{said}")
        }
        HistoryEvent::Content(hit) => {
            let facts = hit.facts.join(", ");
            let (rule, action) = (&hit.rule, &hit.action);
            let (reference, set) = (&hit.reference, &hit.set);
            format!("rule {rule} ({action}), reference {reference}, set {set}; {facts}")
        }
        HistoryEvent::Discarded { text } => format!("discarded: {text}"),
        HistoryEvent::Deferred { status, text, .. } => format!("deferred {status} {text}"),
        HistoryEvent::HandedOver { documents } => format!("handed over: {}", documents.join(", ")),
        HistoryEvent::Released { text } => format!("released: {text}"),
        HistoryEvent::Delivered { attempts } => format!("delivered at attempt {attempts}"),
        HistoryEvent::Failed {
            status,
            text,
            reported,
        } => {
            let told = if *reported {
                "reported"
            } else {
                "not reported"
            };
            format!("failed {status} {text} ({told})")
        }
        HistoryEvent::Verified {
            token,
            entry,
            result,
        } => format!("verified by {entry} (token {token}): {result}"),
        HistoryEvent::Bounced { status, text } => format!("bounced {status} {text}"),
        HistoryEvent::Ordered { order, by } => ordered(order, by),
    }
}

/// What an operator did, and who.
fn ordered(order: &str, by: &str) -> String {
    let done = match order {
        "retry" => "to be tried at once",
        "hold" => "held",
        "release" => "released",
        "fail" => "given up",
        "drop" => "dropped",
        "suspend" => "its destination suspended",
        "resume" => "its destination resumed",
        other => other,
    };
    format!("{done} by {by}")
}

/// The queue id, the rule, what was changed, and both Message-IDs.
fn accepted(word: &str, line: &TraceLine, stored: &Accepted, rule: Option<&str>) -> String {
    let mut text = format!("{word} as {}", line.id.as_deref().unwrap_or("-"));
    if let Some(rule) = rule {
        let _ = write!(text, ", by {rule}");
    }
    if let Some(came) = line
        .came
        .as_ref()
        .filter(|came| !came.came.changed.is_empty())
    {
        let _ = write!(text, "; changed: {}", came.came.changed.join(", "));
    }
    let id = &stored.about.message_id;
    if !id.is_empty() {
        let _ = write!(text, "; {id}");
    }
    if !stored.sent_as.is_empty() {
        let _ = write!(text, " as <{}>", stored.sent_as);
    }
    text
}

/// The delays, as Postfix writes them, and how the connection was.
fn went(attempt: &ShownAttempt) -> String {
    let delays = attempt.delays.map(short).join("/");
    let port = attempt.port.map(|port| format!("; port {port}"));
    let tls = match (&attempt.tls, attempt.port) {
        (Some(tls), _) => format!(", {tls}"),
        (None, Some(_)) => ", no TLS".to_owned(),
        (None, None) => String::new(),
    };
    format!("delays={delays}{}{tls}", port.unwrap_or_default())
}

/// Seconds with two digits that count, at most: `0.05`, `1.2`, `340`.
fn short(seconds: f64) -> String {
    match seconds {
        none if none < 0.005 => "0".to_owned(),
        few if few < 1.0 => format!("{few:.2}"),
        some if some < 10.0 => format!("{some:.1}"),
        many => format!("{many:.0}"),
    }
}

fn revealed(hidden: Option<&Hidden>, out: &mut String) {
    let Some(hidden) = hidden else {
        return;
    };
    let address = hidden.address.map(|address| address.to_string());
    for (what, words) in [
        ("EHLO", &hidden.helo),
        ("From", &hidden.from),
        ("MAIL FROM", &hidden.reverse_path),
        ("Message-ID", &hidden.message_id),
        ("checks", &hidden.findings),
        ("said", &hidden.said),
        ("RCPT TO", &hidden.recipient),
        ("host", &hidden.host),
        ("address", &address),
        ("server", &hidden.reply),
        ("error", &hidden.error),
    ] {
        if let Some(words) = words {
            let words: String = words.chars().filter(|c| !c.is_control()).collect();
            let _ = writeln!(out, "    real {what}: {words}");
        }
    }
}

/// The Message-ID that a message left with.
fn sent_as<'a>(lines: &[&'a TraceLine]) -> Option<&'a str> {
    let stored = lines.iter().find_map(|line| match &line.event {
        HistoryEvent::Accepted(stored) | HistoryEvent::Held(stored) => Some(stored),
        _ => None,
    });
    stored
        .map(|stored| stored.sent_as.as_str())
        .filter(|id| !id.is_empty())
}

/// What can be done now.
fn next(last: &TraceLine, sent_as: Option<&str>) -> String {
    let id = last.id.as_deref().unwrap_or("-");
    match &last.event {
        HistoryEvent::Accepted(_) | HistoryEvent::Released { .. } => {
            format!("it is being delivered: `allegromail queue show {id}`")
        }
        HistoryEvent::Held(_) => format!(
            "its documents are waited for: `GET /v1/documents`, `allegromail queue show {id}`"
        ),
        HistoryEvent::Refused { reason, .. } => format!(
            "nothing is here; the writer's server has the reply. What helps against {reason}: docs/interface.md#replies-and-reasons; what would be answered now: `allegromail explain --from ADDRESS --to {}`",
            last.to
        ),
        HistoryEvent::Content(_) => "nothing; the line beside it says what became of it".to_owned(),
        HistoryEvent::Verified { .. } => "nothing; a carrier asked, and was answered".to_owned(),
        HistoryEvent::Discarded { .. } => "nothing; it goes nowhere".to_owned(),
        HistoryEvent::Deferred { next, .. } => {
            let until = next.as_deref().unwrap_or("the next attempt");
            format!("it waits until {until}: `allegromail queue retry {id}`")
        }
        HistoryEvent::Ordered { order, .. } => match order.as_str() {
            "hold" => format!("an operator holds it: `allegromail queue release {id}`"),
            "suspend" => "its destination is suspended: `allegromail queue suspended`".to_owned(),
            _ => format!("it is being delivered: `allegromail queue show {id}`"),
        },
        HistoryEvent::HandedOver { .. } => "nothing; the marketplace has the documents".to_owned(),
        HistoryEvent::Delivered { .. } => match sent_as {
            Some(sent_as) => format!("the next server has it: ask there for <{sent_as}>"),
            None => "the next server has it: ask there".to_owned(),
        },
        HistoryEvent::Failed { reported: true, .. } | HistoryEvent::Bounced { .. } => {
            "the writer has to send it again, where that helps; a report says why".to_owned()
        }
        HistoryEvent::Failed { .. } => {
            "nobody was told; the writer has to send it again".to_owned()
        }
    }
}

#[cfg(test)]
mod tests;
