//! What questions leave in the history, and how little.

use super::answer::find;
use super::asked::Asked;
use super::traced::Traced;
use super::*;
use crate::history::{HistoryEvent, TraceQuery};
use crate::tokens::Asker;

/// Lines about an address.
fn lines(history: &History, address: &str) -> Vec<HistoryEvent> {
    let found = history.search(&TraceQuery::new(address)).unwrap();
    found.into_iter().map(|line| line.event).collect()
}

#[tokio::test]
async fn a_question_about_an_order_leaves_one_line_for_token_and_address() {
    let desk = Desk::new(1_000);
    let alias = ORDER.replace("allegromail.pl", "user.allegrogroup.pl");
    for _ in 0..50 {
        for address in [ORDER, &ORDER.to_uppercase(), &alias] {
            assert_eq!(desk.get(&desk.inpost, address).await.0, 200);
        }
        for address in UNKNOWN {
            assert_eq!(desk.get(&desk.inpost, address).await.0, 200);
        }
    }
    desk.get(&desk.dhl, ORDER).await;
    desk.post(&desk.dhl, &[CLOSED.to_owned(), ORDER.to_owned()])
        .await;
    let told = lines(&desk.history, ORDER);
    let by = |line: &HistoryEvent| match line {
        HistoryEvent::Verified { entry, result, .. } => format!("{entry} {result}"),
        other => panic!("{other:?}"),
    };
    let mut told: Vec<String> = told.iter().map(by).collect();
    // Of one moment, each with a trace of its own.
    told.sort();
    assert_eq!(told, ["@inpost.pl order", "notices@dhl.com order"]);
    let told: Vec<String> = lines(&desk.history, CLOSED).iter().map(by).collect();
    assert_eq!(told, ["notices@dhl.com closed"]);
    for address in UNKNOWN.iter().chain(&[&*alias]) {
        assert!(lines(&desk.history, address).is_empty(), "{address}");
    }
    // Neither secret stands anywhere on the disk.
    for (folder, secret) in [("trace", &desk.inpost), ("state", &desk.dhl)] {
        for file in std::fs::read_dir(desk.folder.path().join(folder)).unwrap() {
            let path = file.unwrap().path();
            if path.is_file() {
                let bytes = std::fs::read(&path).unwrap();
                let found = memchr::memmem::find(&bytes, &secret.as_bytes()[17..]);
                assert!(found.is_none(), "{}", path.display());
            }
        }
    }
}

#[tokio::test]
async fn a_token_leaves_so_many_lines_and_no_more() {
    let folder = tempfile::tempdir().unwrap();
    let history = Arc::new(History::open(&folder.path().join("trace"), HOUR * 99).unwrap());
    let budget = Budget {
        count: 1,
        period: HOUR,
    };
    let clock = Arc::new(ManualClock::new(NOW));
    let traced = Traced::with_lines(history.clone(), clock.clone(), budget);
    let asker = |token: &str| Asker {
        token: Arc::from(token),
        entry: "@inpost.pl".parse().unwrap(),
    };
    let directory = Noted::default();
    let mut found = Vec::new();
    for address in [ORDER, CLOSED] {
        let asked = Asked::parse(address).unwrap();
        let one = find(&directory, &domains(), &asked).await.unwrap();
        found.push(one.unwrap());
    }
    for _ in 0..10 {
        for one in &found {
            traced.note(&asker("one"), one);
        }
    }
    traced.note(&asker("other"), &found[1]);
    assert_eq!(lines(&history, ORDER).len(), 1);
    assert_eq!(lines(&history, CLOSED).len(), 1, "the other token's");
}
