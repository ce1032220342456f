//! Records go in and come out, indexes stay true both ways, and a broken store is never an empty one.

use std::path::Path;
use std::sync::Arc;

use super::*;
use crate::mail::{Domain, Timestamp};
use crate::masking::{MaskedDomain, MaskedDomains};

const JAN: &str = r#"{"type":"participant","id":"8awgqyk6a5","login":"jan_kowalski","marketplace":"allegro-pl","language":"pl","primary":"jan@poczta.example","addresses":["jan@poczta.example"]}"#;
const SHOP: &str = r#"{"type":"participant","id":"k2m9x0r7t3","login":"sklep-rowery","marketplace":"allegro-pl","language":"pl","primary":"biuro@rowery.example","addresses":["biuro@rowery.example","sprzedaz@rowery.example"]}"#;
const ORDER: &str =
    r#"{"type":"transaction","id":"cub31c122","buyer":"8awgqyk6a5","seller":"k2m9x0r7t3"}"#;

fn rules() -> RecordRules {
    let name = Domain::parse("allegromail.pl").unwrap();
    let domains = MaskedDomains::new(vec![MaskedDomain {
        name,
        marketplaces: vec![],
        aliases: vec![],
    }]);
    RecordRules {
        domains,
        roles: vec!["postmaster".to_owned()],
    }
}

async fn load(directory: &dyn Directory, lines: &[&str]) -> ImportOutcome {
    import(directory, &rules(), lines.join("\n").as_bytes(), |_| {})
        .await
        .unwrap()
}

fn id(text: &str) -> ParticipantId {
    text.parse().unwrap()
}

fn mailbox(text: &str) -> Mailbox {
    Mailbox::parse(text).unwrap()
}

fn directory(folder: &Path) -> Arc<CachedDirectory> {
    Arc::new(CachedDirectory::new(
        Arc::new(SledDirectory::open(folder).unwrap()),
        1_000,
    ))
}

#[tokio::test]
async fn h167_a_store_is_its_owners_alone_also_where_the_umask_is_not() {
    use std::os::unix::fs::PermissionsExt;

    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("data/d");
    for _ in 0..2 {
        let directory = directory(&path);
        load(&*directory, &[JAN, SHOP, ORDER]).await;
        let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o7777;
        for entry in std::fs::read_dir(&path).unwrap() {
            let path = entry.unwrap().path();
            let wanted = if path.is_dir() { 0o700 } else { 0o600 };
            assert_eq!(mode(&path), wanted, "{}", path.display());
        }
        assert_eq!(mode(&path), 0o700);
        assert_eq!(mode(&folder.path().join("data")), 0o700);
    }
}

#[tokio::test]
async fn records_are_found_by_every_index_and_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    for round in 0..2 {
        let directory = directory(&folder.path().join("d"));
        if round == 0 {
            let report = load(&*directory, &[JAN, SHOP, ORDER]).await;
            assert_eq!((report.applied, report.bad), (3, vec![]));
        }
        for _ in 0..2 {
            let mask = directory
                .mask(&"8AWGQYK6A5".parse().unwrap())
                .await
                .unwrap()
                .unwrap();
            assert_eq!(
                mask,
                Mask {
                    participant: id("8awgqyk6a5"),
                    counterparty: None
                }
            );
            assert_eq!(
                directory
                    .owner(&mailbox("SPRZEDAZ@rowery.example"))
                    .await
                    .unwrap(),
                Some(id("k2m9x0r7t3"))
            );
            assert_eq!(
                directory
                    .owner(&mailbox("nobody@rowery.example"))
                    .await
                    .unwrap(),
                None
            );
            let order = directory
                .transaction(&"cub31c122".parse().unwrap())
                .await
                .unwrap()
                .unwrap();
            assert_eq!(
                order.counterparty(&id("8awgqyk6a5")),
                Some(&id("k2m9x0r7t3"))
            );
            assert_eq!(
                directory
                    .mask_of(&id("8awgqyk6a5"), None)
                    .await
                    .unwrap()
                    .unwrap()
                    .as_str(),
                "8awgqyk6a5"
            );
        }
    }
}

#[tokio::test]
async fn replacing_and_removing_frees_addresses() {
    let folder = tempfile::tempdir().unwrap();
    let directory = directory(&folder.path().join("d"));
    load(&*directory, &[JAN, SHOP]).await;
    assert!(
        directory
            .owner(&mailbox("sprzedaz@rowery.example"))
            .await
            .unwrap()
            .is_some()
    );
    let one = SHOP.replace(",\"sprzedaz@rowery.example\"", "");
    load(&*directory, &[&one]).await;
    assert_eq!(
        directory
            .owner(&mailbox("sprzedaz@rowery.example"))
            .await
            .unwrap(),
        None
    );
    let taken = JAN.replace(
        "\"addresses\":[",
        "\"addresses\":[\"biuro@rowery.example\",",
    );
    let report = load(&*directory, &[&taken]).await;
    assert_eq!(
        report.bad[0].message,
        "biuro@rowery.example is registered to another account"
    );
    assert_eq!(
        directory
            .participant(&id("8awgqyk6a5"))
            .await
            .unwrap()
            .unwrap()
            .addresses
            .len(),
        1,
        "nothing of it was applied"
    );
    let report = load(
        &*directory,
        &[
            r#"{"type":"participant","id":"k2m9x0r7t3","deleted":true}"#,
            &taken,
        ],
    )
    .await;
    assert_eq!(report.bad, []);
    assert_eq!(
        directory
            .owner(&mailbox("biuro@rowery.example"))
            .await
            .unwrap(),
        Some(id("8awgqyk6a5"))
    );
    assert!(
        directory
            .mask(&"k2m9x0r7t3".parse().unwrap())
            .await
            .unwrap()
            .is_none()
    );
}

#[tokio::test]
async fn accounts_are_counted_at_their_domains() {
    let folder = tempfile::tempdir().unwrap();
    let directory = directory(&folder.path().join("d"));
    let account = |number: u32, domain: &str| {
        JAN.replace("8awgqyk6a5", &format!("account{number}"))
            .replace("jan@poczta.example", &format!("jan{number}@{domain}"))
    };
    let users = async |domain: &str| {
        let domain = Domain::parse(domain).unwrap();
        directory.users(&domain).await.unwrap()
    };
    load(&*directory, &[JAN, SHOP, SHOP]).await;
    assert_eq!(
        (users("rowery.example").await, users("else.example").await),
        (1, 0)
    );
    assert_eq!(users("www.poczta.example").await, 1);
    load(
        &*directory,
        &[
            &account(1, "mx.poczta.example"),
            &account(2, "poczta.example"),
        ],
    )
    .await;
    assert_eq!(users("poczta.example").await, 3);
    // One moves away, one is gone.
    let gone = r#"{"type":"participant","id":"account2","deleted":true}"#;
    load(&*directory, &[&account(1, "else.example"), gone]).await;
    assert_eq!(
        (users("poczta.example").await, users("else.example").await),
        (1, 1)
    );
    let many: Vec<String> = (10..20)
        .map(|number| account(number, "poczta.example"))
        .collect();
    load(
        &*directory,
        &many.iter().map(String::as_str).collect::<Vec<_>>(),
    )
    .await;
    assert!(users("poczta.example").await > 3);
}

#[tokio::test]
async fn bad_lines_are_told_with_their_numbers_and_good_ones_go_in() {
    let folder = tempfile::tempdir().unwrap();
    let directory = directory(&folder.path().join("d"));
    let long = format!("{{\"type\":\"{}\"}}", "x".repeat(100_000));
    let edit = |from: &str, to: &str| JAN.replace(from, to);
    let lines: Vec<(String, &str)> = vec![
        (JAN.to_owned(), ""),
        ("{".to_owned(), "EOF"),
        (String::new(), ""),
        ("{\"type\":\"user\"}".to_owned(), "unknown variant `user`"),
        (edit("\"login\"", "\"nick\""), "unknown field `nick`"),
        (edit("8awgqyk6a5", "a+b"), "1 to 32 ASCII letters"),
        (edit("8awgqyk6a5", "postmaster"), "role"),
        (edit("jan@poczta.example", "x@allegromail.pl"), "circle"),
        (edit("jan@poczta.example", "nobody"), "local-part@domain"),
        (edit("jan_kowalski", "a\\u0000b"), "login is empty"),
        (
            edit(",\"primary\":\"jan@poczta.example\"", ""),
            "primary is missing",
        ),
        (edit("\"pl\"", "7"), "invalid type"),
        (
            ORDER.replace("k2m9x0r7t3", "8awgqyk6a5"),
            "same participant",
        ),
        (long, "longer than"),
        (
            "{\"type\":\"participant\",\"id\":\"nobody\",\"deleted\":true}".to_owned(),
            "no such participant",
        ),
        (ORDER.to_owned(), ""),
    ];
    let text: Vec<&str> = lines.iter().map(|(line, _)| line.as_str()).collect();
    let report = load(&*directory, &text).await;
    assert_eq!(report.applied, 2);
    for (at, (_, want)) in lines.iter().enumerate() {
        let told = report
            .bad
            .iter()
            .find(|bad| bad.line == at as u64 + 1)
            .map(|bad| bad.message.as_str());
        assert_eq!(
            told.is_some(),
            !want.is_empty(),
            "line {}: {told:?}",
            at + 1
        );
        assert!(
            told.unwrap_or_default().contains(want),
            "line {}: {told:?}",
            at + 1
        );
    }
}

#[tokio::test]
async fn an_export_is_read_back_to_the_same_content() {
    let folder = tempfile::tempdir().unwrap();
    let first = SledDirectory::open(&folder.path().join("a")).unwrap();
    let suspended = SHOP.replace("\"type\"", "\"status\":\"suspended\",\"type\"");
    load(&first, &[JAN, &suspended, ORDER]).await;
    let mut text = Vec::new();
    assert_eq!(export(&first, &mut text).unwrap(), 3);
    let second = SledDirectory::open(&folder.path().join("b")).unwrap();
    let report = import(&second, &rules(), text.as_slice(), |_| {})
        .await
        .unwrap();
    assert_eq!((report.applied, report.bad), (3, vec![]));
    let mut again = Vec::new();
    export(&second, &mut again).unwrap();
    assert_eq!(text, again);
}

#[test]
fn h128_a_broken_store_is_not_an_empty_one() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("d");
    std::fs::create_dir(&path).unwrap();
    std::fs::write(path.join("conf"), "x").unwrap();
    let error = SledDirectory::open(&path).err().unwrap().to_string();
    assert!(error.contains("import the last export"), "{error}");
    std::fs::write(path.join("db"), vec![0xff; 100_000]).unwrap();
    assert!(SledDirectory::open(&path).is_err());
}

#[test]
fn a_store_whose_making_was_cut_short_is_made_again() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("d");
    // As a kill leaves it before the mark is on disk.
    drop(sled::open(&path).unwrap());
    assert!(SledDirectory::open(&path).is_err(), "it may be a lost one");
    let note = std::fs::File::create(folder.path().join("d.making")).unwrap();
    rustix::fs::flock(&note, rustix::fs::FlockOperation::LockExclusive).unwrap();
    assert!(SledDirectory::open(&path).is_err(), "it is being made");
    drop(note);
    drop(SledDirectory::open(&path).unwrap());
    assert!(!folder.path().join("d.making").exists());
    assert!(SledDirectory::open(&path).is_ok());
}

#[test]
fn h127_a_second_user_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let _first = SledDirectory::open(&folder.path().join("d")).unwrap();
    let error = SledDirectory::open(&folder.path().join("d"))
        .err()
        .unwrap()
        .to_string();
    assert!(error.contains("in use by another process"), "{error}");
}

#[test]
fn state_is_remembered() {
    let folder = tempfile::tempdir().unwrap();
    let (order, jan) = ("cub31c122".parse().unwrap(), id("8awgqyk6a5"));
    let mark = AddressMark::of(&jan, &mailbox("jan@poczta.example"));
    {
        let state = StateStore::open(&folder.path().join("s")).unwrap();
        assert_eq!(state.last_writer(&order, &jan).unwrap(), None);
        state.remember(&order, &jan, mark).unwrap();
        assert_eq!(
            state
                .note_first_seen(&jan, &order, "shop", Timestamp(5))
                .unwrap(),
            Timestamp(5)
        );
        assert_eq!(
            state
                .note_first_seen(&jan, &order, "shop", Timestamp(9))
                .unwrap(),
            Timestamp(5)
        );
        state.checkpoint().unwrap();
    }
    let state = StateStore::open(&folder.path().join("s")).unwrap();
    assert_eq!(state.last_writer(&order, &jan).unwrap(), Some(mark));
    for number in 0..2_500_u64 {
        state
            .note_first_seen(
                &jan,
                &format!("guess{number}").parse().unwrap(),
                "shop",
                Timestamp(number),
            )
            .unwrap();
    }
}

#[test]
fn marks_are_forgotten_day_by_day() {
    let folder = tempfile::tempdir().unwrap();
    let state = StateStore::open(&folder.path().join("s")).unwrap();
    for day in [254, 255, 256, 257] {
        state.mark(day, &[7; 16]).unwrap();
    }
    state.keep_id(&[1; 16], "long@poczta.example").unwrap();
    let marked = |day| state.is_marked(day, &[7; 16]).unwrap();
    for left in [
        [false, true, true, true],
        [false, false, true, true],
        [false, false, true, true],
    ] {
        state.forget_before(256).unwrap();
        assert_eq!([254, 255, 256, 257].map(marked), left);
    }
    assert!(!state.is_marked(257, &[8; 16]).unwrap());
    let kept = state.kept_id(&[1; 16]).unwrap();
    assert_eq!(kept.as_deref(), Some("long@poczta.example"));
    assert_eq!(state.kept_id(&[2; 16]).unwrap(), None);
}

#[tokio::test]
async fn h181_an_older_store_that_holds_an_account_counts_as_loaded() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("d");
    // As 0.1.0 left it: records, and none that tells of a load.
    let older = || {
        let disk = super::database::Database::open(&path, "store.opening").unwrap();
        disk.with(|db| db.remove(super::loaded::KEY)).unwrap();
        disk.sync().unwrap();
    };
    let jan = id("8awgqyk6a5");
    let open = || SledDirectory::open(&path).unwrap();
    // Nothing in it: nobody has loaded it.
    drop(open());
    older();
    assert!(open().answers().is_err());
    // Orders alone: their parties are not there.
    let order = line::parse_line(ORDER.as_bytes(), &rules())
        .unwrap()
        .unwrap();
    open().apply(vec![order]).await.unwrap();
    assert!(open().answers().is_err());
    assert!(open().participant(&jan).await.is_err());
    load(&open(), &[JAN]).await;
    older();
    let directory = open();
    directory.answers().unwrap();
    assert!(directory.participant(&jan).await.unwrap().is_some());
    // Emptied from there on, it stays loaded: its first change has recorded it.
    let gone = vec![Change::RemoveParticipant(jan.clone())];
    directory.apply(gone).await.unwrap()[0].as_ref().unwrap();
    drop(directory);
    assert_eq!(open().participant(&jan).await.unwrap(), None);
}

#[test]
fn h164_who_asks_for_a_thousand_orders_restarts_nobody_elses_grace() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("s");
    let state = StateStore::open(&path).unwrap();
    let jan = id("8awgqyk6a5");
    let note = |state: &StateStore, asker: &str, order: &str, now| {
        state
            .note_first_seen(&jan, &order.parse().unwrap(), asker, Timestamp(now))
            .unwrap()
    };
    for order in ["honest1", "zzz", "0"] {
        assert_eq!(note(&state, "shop1", order, 5), Timestamp(5));
    }
    // One that somebody else asks for first, and later lets go.
    note(&state, "shop2", "shared", 4);
    assert_eq!(note(&state, "shop1", "shared", 7), Timestamp(4));
    for number in 0..2_500 {
        let now = 10 + number;
        note(&state, "shop2", &format!("guess{number:05}"), now);
    }
    state.checkpoint().unwrap();
    drop(state);
    let state = StateStore::open(&path).unwrap();
    for order in ["honest1", "zzz", "0"] {
        assert_eq!(note(&state, "shop1", order, 9_000), Timestamp(5));
    }
    assert_eq!(note(&state, "shop1", "shared", 9_000), Timestamp(7));
    // Of its own, one loses the oldest.
    assert_eq!(note(&state, "shop2", "guess02400", 9_000), Timestamp(2_410));
    assert_eq!(note(&state, "shop2", "guess00001", 9_000), Timestamp(9_000));
}

#[test]
fn h164_what_0_1_0_has_seen_first_still_counts() {
    let folder = tempfile::tempdir().unwrap();
    let state = StateStore::open(&folder.path().join("s")).unwrap();
    let (jan, order) = (id("8awgqyk6a5"), "cub31c122".parse().unwrap());
    let row = format!(
        r#"{{"type":"state","key":"{}","value":"{}"}}"#,
        data_encoding::HEXLOWER.encode(b"u8awgqyk6a5/cub31c122"),
        data_encoding::HEXLOWER.encode(&3_u64.to_be_bytes())
    );
    state.import(row.as_bytes()).unwrap();
    assert_eq!(state.first_seen(&jan, &order).unwrap(), Some(Timestamp(3)));
    let first = state.note_first_seen(&jan, &order, "shop", Timestamp(9));
    assert_eq!(first.unwrap(), Timestamp(3));
}
