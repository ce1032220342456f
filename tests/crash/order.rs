//! The order of system calls, seen from outside by strace: for every message that was answered 250, its record was written, then synced, then
//! answered.

use std::collections::HashMap;
use std::fs;
use std::process::{Command, Stdio};

use allegromail::mail::QueueId;

use crate::ground::Ground;
use crate::support::client::Client;
use crate::support::process::wait_until;

/// One call: where in the trace it began and ended, and what stands in it.
pub struct Call {
    thread: String,
    begun: usize,
    ended: usize,
    pub text: String,
}

/// The calls of a trace by strace -f.
pub fn calls(trace: &str) -> Vec<Call> {
    let mut calls: Vec<Call> = Vec::new();
    let mut open: HashMap<(String, String), usize> = HashMap::new();
    for (at, line) in trace.lines().enumerate() {
        let Some((thread, text)) = line.trim_start().split_once(' ') else {
            continue;
        };
        let text = text.trim_start();
        if let Some(rest) = text.strip_prefix("<... ") {
            let name = rest.split(' ').next().unwrap_or_default().to_owned();
            if let Some(call) = open.remove(&(thread.to_owned(), name)) {
                calls[call].ended = at;
                calls[call].text.push_str(rest);
            }
            continue;
        }
        let name = text.split('(').next().unwrap_or_default().to_owned();
        let unfinished = text.contains("<unfinished ...>");
        if unfinished {
            open.insert((thread.to_owned(), name), calls.len());
        }
        calls.push(Call {
            thread: thread.to_owned(),
            begun: at,
            ended: if unfinished { usize::MAX } else { at },
            text: text.to_owned(),
        });
    }
    calls
}

/// The octets of every string of a call.
pub fn strings(text: &str) -> Vec<Vec<u8>> {
    let quoted = text.split('"').skip(1).step_by(2);
    quoted
        .map(|hex| {
            let octets = hex.split("\\x").skip(1);
            octets
                .filter_map(|octet| u8::from_str_radix(octet.get(..2)?, 16).ok())
                .collect()
        })
        .collect()
}

/// The file descriptor that a call works on.
fn descriptor(call: &Call) -> &str {
    let inside = call.text.split('(').nth(1).unwrap_or_default();
    inside.split([',', ')', ' ']).next().unwrap_or_default()
}

/// How many answers there are, and those that came too early.
fn judge(trace: &str) -> (usize, Vec<QueueId>) {
    let calls = calls(trace);
    let named = |name: &'static str| calls.iter().filter(move |call| call.text.starts_with(name));
    let syncs: Vec<&Call> = named("fdatasync(")
        .filter(|call| call.text.contains("= 0"))
        .collect();
    // Record: "AMS2", kind 1 for an entry, three more octets, the id.
    let mut written: HashMap<u64, Vec<&Call>> = HashMap::new();
    for call in named("pwritev(") {
        for octets in strings(&call.text) {
            if octets.len() >= 16 && octets.starts_with(b"AMS2\x01") {
                let id = u64::from_le_bytes(octets[8..16].try_into().unwrap());
                written.entry(id).or_default().push(call);
            }
        }
    }
    let (mut answers, mut early) = (0, Vec::new());
    for call in named("sendto(") {
        for octets in strings(&call.text) {
            let text = String::from_utf8_lossy(&octets).into_owned();
            let Some(rest) = text.strip_prefix("250 2.0.0 accepted as ") else {
                continue;
            };
            answers += 1;
            let id: QueueId = rest.split(' ').next().unwrap().parse().unwrap();
            let durable = written.get(&id.0).into_iter().flatten().any(|write| {
                syncs.iter().any(|sync| {
                    descriptor(sync) == descriptor(write)
                        && write.ended < sync.begun
                        && sync.ended < call.begun
                })
            });
            if !durable {
                early.push(id);
            }
        }
    }
    (answers, early)
}

/// Whether strace can be used; says what was not done where it cannot.
pub fn strace_is_here(lost: &str) -> bool {
    let usable = Command::new("strace")
        .args(["-qq", "-o", "/dev/null", "true"])
        .stderr(Stdio::null())
        .status();
    let usable = usable.is_ok_and(|status| status.success());
    if !usable {
        assert!(
            std::env::var("ALLEGROMAIL_INTEROP").is_err(),
            "strace cannot be used here"
        );
        eprintln!("SKIPPED: strace cannot be used here; {lost}");
    }
    usable
}

/// A trace of so many messages over eight sessions at once; none where strace cannot be used here.
fn trace(messages: usize, points: &str) -> Option<String> {
    if !strace_is_here("the order of system calls was not looked at") {
        return None;
    }
    let ground = Ground::new();
    let file = ground.folder.path().join("trace");
    // -D: the relay stays our own child.
    let before = [
        "strace",
        "-D",
        "-f",
        "-qq",
        "-xx",
        "-s",
        "200",
        "-e",
        "trace=pwritev,fdatasync,fsync,ftruncate,sendto,/^rename,/^unlink",
        "-o",
        file.to_str().unwrap(),
    ];
    let relay = ground.try_start(points, &before).unwrap();
    let sessions: Vec<_> = (0..8)
        .map(|_| {
            let (ledger, smtp) = (ground.ledger.clone(), relay.smtp);
            std::thread::spawn(move || {
                let mut client = Client::connect(smtp).unwrap();
                for _ in 0..messages / 8 {
                    assert!(client.next(&ledger).unwrap().starts_with("250"));
                }
            })
        })
        .collect();
    sessions
        .into_iter()
        .for_each(|session| session.join().unwrap());
    relay.stop();
    // The tracer writes its last lines after the relay has ended.
    let mut size = u64::MAX;
    wait_until("the end of the trace", || {
        std::thread::sleep(std::time::Duration::from_millis(50));
        let before = size;
        size = file.metadata().unwrap().len();
        size == before
    });
    Some(fs::read_to_string(&file).unwrap())
}

#[test]
fn what_is_answered_250_was_written_and_synced_before() {
    let messages = if std::env::var("ALLEGROMAIL_INTEROP").is_ok() {
        1_000
    } else {
        160
    };
    let Some(trace) = trace(messages, "") else {
        return;
    };
    let (answers, early) = judge(&trace);
    println!(
        "{answers} answers of 250, {} fdatasync, {} too early",
        trace.matches("fdatasync(").count(),
        early.len()
    );
    assert!(early.is_empty(), "{early:?}");
    assert_eq!(answers, messages);
}

#[test]
fn an_answer_before_the_sync_is_seen() {
    let Some(trace) = trace(
        80,
        "spool.acknowledge_early=error:EIO,spool.syncing=delay:5",
    ) else {
        return;
    };
    let (answers, early) = judge(&trace);
    println!("{} of {answers} too early", early.len());
    assert!(!early.is_empty());
}

/// Renamings and deletions of segments in a trace, and those that broke the order: a file gets the name of a segment when its head is synced; a name
/// that came or went is synced before another record is written or a file is cut.
fn names(trace: &str) -> (usize, Vec<String>) {
    let calls = calls(trace);
    let segments = |call: &Call| {
        let told = strings(&call.text);
        let is = |at: usize| told.get(at).is_some_and(|name| name.ends_with(b".seg"));
        (is(0), is(1))
    };
    let (mut steps, mut wrong) = (0, Vec::new());
    for (at, call) in calls.iter().enumerate() {
        let (from, to) = match call.text.split('(').next() {
            Some("rename" | "renameat" | "renameat2" | "unlink" | "unlinkat") => segments(call),
            _ => continue,
        };
        if !from && !to {
            continue;
        }
        steps += 1;
        // One thread writes the log; what another syncs is not its folder.
        let own = |name: &'static str| {
            move |other: &&Call| other.thread == call.thread && other.text.starts_with(name)
        };
        let written = |other: &&Call| own("pwritev(")(other) || own("ftruncate(")(other);
        if to {
            let head = calls[..at].iter().rfind(written).unwrap();
            let synced = calls[..at]
                .iter()
                .filter(own("fdatasync("))
                .any(|sync| descriptor(sync) == descriptor(head) && head.ended < sync.begun);
            if !synced {
                wrong.push(format!("named before its head was synced: {}", call.text));
            }
        }
        let next = calls[at + 1..].iter().find(written);
        let until = next.map_or(usize::MAX, |next| next.begun);
        let kept = calls[at + 1..]
            .iter()
            .filter(own("fsync("))
            .any(|sync| sync.ended < until);
        if !kept {
            wrong.push(format!("a name that was not synced: {}", call.text));
        }
    }
    (steps, wrong)
}

#[test]
fn names_of_segments_come_and_go_in_order() {
    let Some(trace) = trace(160, "spool.segment_bytes=number:65536") else {
        return;
    };
    let (steps, wrong) = names(&trace);
    println!("{steps} names came or went, {} out of order", wrong.len());
    assert!(steps > 4, "{steps}");
    assert!(wrong.is_empty(), "{wrong:#?}");
}
