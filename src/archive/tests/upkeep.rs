//! What is too old goes, an account can be erased, and a fault is found.

use super::*;

#[tokio::test]
async fn what_is_too_old_goes_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let archive = archive(folder.path());
    let day = 86_400_000;
    let november = Timestamp(1_762_500_000_000);
    let january = Timestamp(november.0 + 70 * day);
    let dated = |number, thread, at| NewMessage {
        written_at: at,
        ..message(number, thread, true)
    };
    archive
        .add(vec![dated(1, 0, november), dated(2, 1, november)], november)
        .await
        .unwrap();
    archive
        .add(vec![dated(3, 0, january), dated(4, 2, january)], january)
        .await
        .unwrap();
    // Deleted by both sides, and by one.
    for (who, number) in [(0, 4), (2, 4), (0, 3)] {
        assert!(
            archive
                .delete(person(who), MessageId(id(2, number)), january)
                .await
                .unwrap()
        );
    }
    let due = |messages, deleted| Retention {
        messages,
        events: Timestamp(messages.0 + day),
        deleted,
        requests: messages,
    };
    let forget = async |due| while archive.forget(due, 1).await.unwrap() > 0 {};
    let has = async |who, number| {
        let id = MessageId(id(2, number));
        let raw = archive.raw(person(who), id).await.unwrap().is_some();
        (
            archive.message(person(who), id).await.unwrap().is_some(),
            raw,
        )
    };
    let month = folder.path().join("2025-11.sqlite");
    forget(due(november, january)).await;
    assert_eq!(has(1, 1).await, (true, true), "not older");
    assert!(month.exists());
    forget(due(Timestamp(january.0 - day), january)).await;
    assert_eq!(has(1, 1).await, (false, false));
    assert!(!month.exists(), "a month goes as a whole");
    assert_eq!(
        has(1, 3).await,
        (true, true),
        "its other side has not deleted it"
    );
    let threads = archive
        .threads(person(1), ThreadFilter::default(), None, 9)
        .await
        .unwrap();
    assert_eq!(threads.threads.len(), 1, "the thread of message 2 is gone");
    assert_eq!(threads.threads[0].unread, 1, "{threads:?}");
    let raws = || {
        let file = rusqlite::Connection::open(folder.path().join("2026-01.sqlite")).unwrap();
        file.query_row("SELECT count(*) FROM raw", [], |row| row.get::<_, i64>(0))
            .unwrap()
    };
    assert_eq!(raws(), 2, "deleted a moment ago");
    forget(due(Timestamp(january.0 - day), Timestamp(january.0 + 1))).await;
    assert_eq!(raws(), 1);
    // Whoever stands before what is gone is told where to begin anew.
    let page = archive.events(person(0), 1, 9).await;
    assert!(matches!(page, Err(ArchiveError::Gone { .. })), "{page:?}");
}

#[tokio::test]
async fn an_account_that_is_erased_leaves_what_the_other_side_has() {
    let folder = tempfile::tempdir().unwrap();
    let archive = archive(folder.path());
    let all = vec![
        message(1, 0, true),
        message(2, 0, false),
        message(3, 1, true),
    ];
    archive.add(all, Timestamp(1_000)).await.unwrap();
    assert_eq!(
        archive.check().await.unwrap(),
        Checked {
            messages: 3,
            faults: vec![]
        }
    );
    assert_eq!(archive.erase(person(0), false).await.unwrap(), 0);
    assert_eq!(archive.end(person(0)).await.unwrap(), 0);
    let threads = archive
        .threads(person(0), ThreadFilter::default(), None, 9)
        .await
        .unwrap();
    assert!(threads.threads.is_empty());
    let threads = archive
        .threads(person(1), ThreadFilter::default(), None, 9)
        .await
        .unwrap();
    assert_eq!(threads.threads.len(), 2);
    assert_eq!(threads.threads[0].thread.parties.one.login, "");
    let number = MessageId(id(2, 1));
    assert!(archive.raw(person(1), number).await.unwrap().is_some());
    // The other goes, too: nobody sees any of it.
    assert_eq!(archive.erase(person(1), false).await.unwrap(), 3);
    assert_eq!(archive.check().await.unwrap(), Checked::default());
}

#[tokio::test]
async fn an_account_is_erased_with_what_it_wrote_where_that_is_ordered() {
    let folder = tempfile::tempdir().unwrap();
    let archive = archive(folder.path());
    let all = vec![
        message(1, 0, true),
        message(2, 0, false),
        message(3, 1, true),
    ];
    archive.add(all, Timestamp(1_000)).await.unwrap();
    assert_eq!(archive.erase(person(0), true).await.unwrap(), 2);
    let threads = archive
        .threads(person(1), ThreadFilter::default(), None, 9)
        .await
        .unwrap();
    assert_eq!(threads.threads.len(), 1);
    assert_eq!(
        (threads.threads[0].unread, threads.threads[0].unanswered),
        (0, false)
    );
    let own = archive
        .message(person(1), MessageId(id(2, 2)))
        .await
        .unwrap();
    assert!(own.is_some(), "what the other wrote stays");
    let checked = archive.check().await.unwrap();
    assert_eq!(
        checked,
        Checked {
            messages: 1,
            faults: vec![]
        }
    );
}

#[tokio::test]
async fn a_look_at_all_finds_octets_that_are_gone() {
    let folder = tempfile::tempdir().unwrap();
    let archive = archive(folder.path());
    archive
        .add(vec![message(1, 0, true)], Timestamp(1_000))
        .await
        .unwrap();
    let month = folder.path().join("2025-11.sqlite");
    let file = rusqlite::Connection::open(&month).unwrap();
    file.execute("DELETE FROM raw", []).unwrap();
    drop(file);
    let checked = archive.check().await.unwrap();
    assert!(checked.faults[0].contains("has no octets"), "{checked:?}");
    std::fs::remove_file(month).unwrap();
    let checked = archive.check().await.unwrap();
    assert_eq!(checked.faults, ["2025-11.sqlite is missing"]);
}

/// As after a backup that lacks the file of a month: what is known of its messages is shown, and that there was more.
#[tokio::test]
async fn a_message_whose_month_is_lost_says_that_it_is_not_whole() {
    let folder = tempfile::tempdir().unwrap();
    let first = archive(folder.path());
    first
        .add(vec![message(1, 0, true)], Timestamp(1_000))
        .await
        .unwrap();
    let [buyer, _] = [0, 1].map(|number| party(number).id);
    let whole = first.message(buyer.clone(), message(1, 0, true).id);
    let whole = whole.await.unwrap().unwrap();
    assert!(!whole.text.is_empty() && !whole.cut);
    drop(first);
    for file in std::fs::read_dir(folder.path()).unwrap() {
        let path = file.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if name.starts_with("2025-11") {
            std::fs::remove_file(path).unwrap();
        }
    }
    let second = archive(folder.path());
    let shown = second.message(buyer.clone(), whole.id).await.unwrap();
    let shown = shown.unwrap();
    assert_eq!((&*shown.text, shown.cut), ("", true));
    assert_eq!((shown.subject, shown.number), (whole.subject, 1));
    let page = second.messages(buyer.clone(), whole.thread, Between::After(0), 10);
    assert_eq!(page.await.unwrap().len(), 1);
    assert_eq!(second.raw(buyer, whole.id).await.unwrap(), None);
}
