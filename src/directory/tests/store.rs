//! Records and their indexes, and a store that is broken, half made or in use.

use super::*;

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

#[tokio::test]
async fn h181_an_older_store_that_holds_an_account_counts_as_loaded() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("d");
    // As 0.1.0 left it: records, and none that tells of a load.
    let older = || {
        let disk = crate::directory::database::Database::open(&path, "store.opening").unwrap();
        disk.with(|db| db.remove(crate::directory::loaded::KEY))
            .unwrap();
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
