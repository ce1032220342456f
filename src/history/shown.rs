//! A line of the history as operators get it: by the admin interface and by `trace --json`. What names a participant is left out, unless it was
//! asked for.

use serde::{Deserialize, Serialize};

use super::account::{Came, Hidden};
use super::line::{HistoryEvent, HistoryRecord};
use crate::dsn::{HiddenAddresses, mask};
use crate::mail::{Timestamp, TraceId};

/// Something that happened to a message. The files have the queue number where this has the queue id.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TraceLine {
    /// When.
    pub at: Timestamp,
    /// The same, RFC 3339.
    #[serde(default)]
    pub time: String,
    /// The SMTP transaction that the message came with.
    pub trace: TraceId,
    /// The queue id, as `queue show` takes it; none before there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// The recipient as the sender wrote it: a masked address, or `-` where it is none of ours.
    pub to: String,
    /// What.
    #[serde(flatten)]
    pub event: HistoryEvent,
    /// How the message came.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub came: Option<ShownCame>,
    /// How an attempt went.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attempt: Option<ShownAttempt>,
    /// The sentence of a refusal, without addresses and hosts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub said: Option<String>,
    /// The real addresses, hosts and words; only where they were asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revealed: Option<Hidden>,
}

/// How a message came.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ShownCame {
    /// As the files have it.
    #[serde(flatten)]
    pub came: Came,
    /// When the client said MAIL, RFC 3339.
    pub first_byte: String,
    /// When the last octet was there, RFC 3339.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end_of_data: Option<String>,
}

/// How an attempt went.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ShownAttempt {
    /// The port of the last server.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub port: Option<u16>,
    /// The version of TLS; none: clear text, or no connection.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tls: Option<String>,
    /// The four delays in seconds: before the queue, in it, connection, transmission. The first is zero where it is not known.
    pub delays: [f64; 4],
    /// What the server said last, without addresses and hosts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reply: Option<String>,
    /// What the system, TLS or the dialogue said of a connection that failed, in the same way.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

/// The lines of a search as they are shown; `reveal`: with what names somebody.
#[must_use]
pub fn shown(lines: Vec<HistoryRecord>, reveal: bool) -> Vec<TraceLine> {
    // How long a message took before it was in the queue stands in another line than how it went on.
    let before: Vec<_> = lines
        .iter()
        .filter_map(|line| {
            let came = line.came.as_ref()?;
            Some((line.id?, line.at.since(came.began)))
        })
        .collect();
    let show = |line: HistoryRecord| {
        let mut before = before.iter().filter(|(id, _)| Some(*id) == line.id);
        let before = before.next().map(|(_, span)| span.as_secs_f64());
        TraceLine::of(line, before.unwrap_or_default(), reveal)
    };
    lines.into_iter().map(show).collect()
}

impl TraceLine {
    fn of(line: HistoryRecord, before_queue: f64, reveal: bool) -> Self {
        let hidden = line.hidden.as_deref();
        let seconds = |millis: u64| std::time::Duration::from_millis(millis).as_secs_f64();
        let veiled = |text: Option<&String>| text.map(|text| veiled(text, hidden, &line.to));
        let attempt = line.attempt.as_ref().map(|attempt| ShownAttempt {
            port: attempt.port,
            tls: attempt.tls.map(|tls| tls.word().to_owned()),
            delays: [
                before_queue,
                seconds(attempt.queue_ms),
                seconds(attempt.connection_ms),
                seconds(attempt.transmission_ms),
            ],
            reply: veiled(hidden.and_then(|hidden| hidden.reply.as_ref())),
            error: veiled(hidden.and_then(|hidden| hidden.error.as_ref())),
        });
        let said = hidden.and_then(|hidden| hidden.said.as_deref());
        let said = said.map(|said| self::veiled(said, hidden, "(address)"));
        let revealed = reveal.then(|| hidden.cloned()).flatten();
        let mut event = line.event;
        if let HistoryEvent::Accepted(stored) | HistoryEvent::Held(stored) = &mut event
            && !reveal
        {
            stored.about.message_id = without_domain(&stored.about.message_id);
        }
        Self {
            at: line.at,
            time: line.at.to_rfc3339_millis(),
            trace: line.trace,
            id: line.id.map(|id| id.to_string()),
            to: line.to,
            event,
            came: line.came.map(|came| ShownCame {
                first_byte: came.began.to_rfc3339_millis(),
                end_of_data: came.ended.map(Timestamp::to_rfc3339_millis),
                came: *came,
            }),
            attempt,
            said,
            revealed,
        }
    }
}

/// Words of a server or of ours without what they tell of those whom they are about: addresses become `shown_as`, hosts become words.
fn veiled(text: &str, hidden: Option<&Hidden>, shown_as: &str) -> String {
    let real = hidden.map(|hidden| [&hidden.recipient, &hidden.from, &hidden.reverse_path]);
    let real = real.into_iter().flatten().flatten();
    let real = real.filter_map(|address| address.trim_matches(['<', '>']).parse().ok());
    let hidden = HiddenAddresses {
        real: real.collect(),
        shown_as: shown_as.to_owned(),
    };
    mask(text, &hidden)
}

/// A Message-ID without what may name its writer's domain: what stands before the `@`, where no label of the domain stands in that too.
fn without_domain(id: &str) -> String {
    const HIDDEN: &str = "<…>";
    if id.is_empty() {
        return String::new();
    }
    let bare = id.trim().trim_matches(['<', '>']).to_ascii_lowercase();
    let Some((left, domain)) = bare.rsplit_once('@') else {
        return HIDDEN.to_owned();
    };
    let mut labels = domain.split('.').filter(|label| label.len() > 2);
    // An address within an id is written in many ways.
    let speaks = left.contains(['@', '%', '=', '<', '>', '"']) || left.contains(domain);
    if speaks || labels.any(|label| left.contains(label)) {
        return HIDDEN.to_owned();
    }
    let left: String = left.chars().filter(char::is_ascii_graphic).collect();
    format!("<{left}@…>")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_id_shows_nothing_of_its_domain() {
        for (id, shown) in [
            ("<7F3A@poczta.example>", "<7f3a@…>"),
            ("<7f3a.Kowalski-pl@jan.kowalski-pl.example>", "<…>"),
            ("<jan%poczta.example@mx.example>", "<…>"),
            ("<jan=poczta@poczta.example>", "<…>"),
            ("<no-domain>", "<…>"),
            ("", ""),
        ] {
            assert_eq!(without_domain(id), shown, "{id}");
        }
    }
}
