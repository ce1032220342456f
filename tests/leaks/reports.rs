//! One folder a case under `tests/data/reports`: what is known of a message (`about`), what another server said of it in its reply (`reply.txt`) or in
//! a report (`in.eml`), the report that its writer gets (`out.eml`), and why in one line. A mismatch writes `out.eml.actual`.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use allegromail::dsn::{self, Action, HiddenAddresses, Report, Reporter, ReturnedMail};
use allegromail::mail::{
    Diagnostic, EnhancedStatus, QueueId, Reply, Reported, ReversePath, Timestamp,
};
use allegromail::masking::MaskedDomains;
use allegromail::message::Message;
use allegromail::rewrite::{self, Needles};
use allegromail::spool::MessageSummary;

use crate::golden::{folders, input, shown};
use crate::{domain, mailbox};

/// The lines of an `about` file.
fn about(folder: &Path) -> HashMap<String, String> {
    let text = std::fs::read_to_string(folder.join("about")).unwrap();
    let pairs = text.lines().filter_map(|line| line.split_once(": "));
    pairs
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect()
}

/// What stopped the message, as the queue and the intake keep it: masked.
fn diagnostic(folder: &Path, hidden: &HiddenAddresses) -> (Action, Diagnostic) {
    let masked = |reply: Reply| {
        let text = dsn::mask(&reply.lines.join(" "), hidden);
        Reply::new(reply.code.get(), reply.status, &text)
    };
    if let Ok(text) = std::fs::read_to_string(folder.join("reply.txt")) {
        let text = String::from_utf8(input(&text)).unwrap();
        let lines: Vec<&str> = text.lines().collect();
        let words: Vec<&str> = lines.iter().map(|line| &line[10..]).collect();
        let status: EnhancedStatus = lines[0][4..9].parse().unwrap();
        let reply = Reply::new(550, Some(status), &words.join(" "));
        return (Action::Failed, Diagnostic::remote(None, masked(reply)));
    }
    let raw = input(&std::fs::read_to_string(folder.join("in.eml")).unwrap());
    let letter = Message::parse(raw.into()).unwrap();
    let ReturnedMail::Report(read) = dsn::classify_returned(&letter, &ReversePath::Null) else {
        panic!("{}: no report", folder.display());
    };
    let action = read.action.unwrap();
    // As it is told where the servers of the domain that the mail was handed to bring it.
    let reply = read.reply.and_then(|reply| {
        let said = dsn::quotable_text(&reply.lines.join(" "), &hidden.real)?;
        Some(Reply::new(reply.code.get(), reply.status, &said))
    });
    let diagnostic = Diagnostic {
        status: read.status,
        host: None,
        reply,
        text: dsn::sentence(action, read.status).to_owned(),
        reported: Some(Reported {
            accepted: Timestamp(1_795_388_400_000),
            last_attempt: read.last_attempt,
            retry_until: read.retry_until,
        }),
    };
    (action, diagnostic)
}

#[test]
fn every_report_is_told_as_it_should() {
    let mut wrong = Vec::new();
    let found = folders("tests/data/reports");
    for folder in &found {
        let name = folder.file_name().unwrap().to_string_lossy().into_owned();
        let known = about(folder);
        let get = |name: &str| known.get(name).cloned().unwrap_or_default();
        let real: Vec<_> = get("real").split(", ").map(mailbox).collect();
        let hidden = HiddenAddresses {
            real: real.clone(),
            shown_as: get("recipient"),
        };
        let (action, diagnostic) = diagnostic(folder, &hidden);
        let told = MessageSummary {
            recipient: get("recipient"),
            subject: get("subject"),
            date: get("date"),
            message_id: get("message-id"),
            content_type: get("content-type"),
        };
        let reporter = Reporter {
            hostname: domain("mx.allegromail.pl"),
            domains: Arc::new(MaskedDomains::default()),
        };
        let report = Report {
            id: QueueId(77),
            to: &mailbox("8awgqyk6a5+cub31c122@allegromail.pl"),
            domain: &domain("allegromail.pl"),
            language: &get("language"),
            about: &told,
            arrived: Timestamp(1_795_392_000_000),
            now: Timestamp(1_795_395_600_000),
            retries_until: Timestamp(1_795_824_000_000),
            diagnostic: &diagnostic,
            action,
        };
        let octets = dsn::compose(&reporter, &report).unwrap();
        let domains: Vec<_> = real.iter().map(|real| real.domain().clone()).collect();
        let needles = Needles {
            addresses: &real,
            domains: &domains,
        };
        assert_eq!(rewrite::check(&octets, needles), Ok(()), "{name}");
        assert!(
            octets.is_ascii(),
            "{name}: a report is plain ASCII on the wire"
        );
        let actual = shown(&octets);
        if std::fs::read_to_string(folder.join("out.eml")).is_ok_and(|want| want == actual) {
            continue;
        }
        std::fs::write(folder.join("out.eml.actual"), &actual).unwrap();
        wrong.push(format!("{name}: see out.eml.actual"));
    }
    println!("{} reports", found.len());
    assert!(wrong.is_empty(), "{wrong:#?}");
}
