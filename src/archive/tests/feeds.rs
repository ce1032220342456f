//! Numbers of feeds: read on, and after a backup was restored.

use super::*;

/// Where a feed is said to go on, for a number that it has not.
async fn gone(archive: &SqliteArchive, after: u64) -> u64 {
    match archive.events(person(0), after, 10).await {
        Err(ArchiveError::Gone { start }) => start,
        page => panic!("{after}: {page:?}"),
    }
}

#[tokio::test]
async fn a_feed_is_read_on_behind_a_number_that_it_has_and_behind_no_other() {
    let folder = tempfile::tempdir().unwrap();
    let archive = archive(folder.path());
    let nothing = archive.events(person(0), 0, 2).await.unwrap();
    assert_eq!((nothing.events.len(), nothing.next), (0, 0));
    let add = archive.add(
        (0..5).map(|number| message(number, 0, true)).collect(),
        Timestamp(9),
    );
    assert_eq!(add.await.unwrap().len(), 2);
    let page = archive.events(person(0), 0, 2).await.unwrap();
    assert_eq!((page.events.len(), page.next), (2, 2));
    let rest = archive.events(person(0), page.next, 10).await.unwrap();
    assert_eq!((rest.events.len(), rest.next), (3, 5));
    assert_eq!(archive.end(person(0)).await.unwrap(), rest.next);
    let end = archive.events(person(0), 5, 10).await.unwrap();
    assert_eq!((end.events.len(), end.next), (0, 5));
    for after in [6, u64::MAX] {
        assert_eq!(gone(&archive, after).await, 5);
    }
    // It keeps its key, whatever is said at a later start.
    let again = SqliteArchive::open(folder.path(), [99; 32]).unwrap();
    assert_eq!(again.key(), [7; 32]);
}

#[tokio::test]
async fn after_a_backup_is_restored_no_number_is_given_twice_and_every_reader_finds_the_way() {
    let folder = tempfile::tempdir().unwrap();
    let archive = archive(folder.path());
    let at = Timestamp(1_796_000_000_000);
    let add = async |number| {
        let added = archive.add(vec![message(number, 0, true)], at).await;
        added.unwrap()[0].number
    };
    assert_eq!((add(1).await, add(2).await), (1, 2));
    // What a copy of here would have said to have given since is 3 to 1,000,000.
    archive.renew(at).await.unwrap();
    assert_eq!(gone(&archive, 3).await, 2);
    let third = add(3).await;
    assert!(third > 1_000_000 && third < 1 << 53, "{third}");
    assert_eq!(add(4).await, third + 1);
    for after in [3, 1_000_000, third - 1] {
        assert_eq!(gone(&archive, after).await, 2, "{after}");
    }
    assert_eq!(gone(&archive, third + 2).await, third + 1);
    for (after, left) in [(0, 4), (1, 3), (2, 2), (third, 1)] {
        let page = archive.events(person(0), after, 10).await.unwrap();
        assert_eq!((page.events.len(), page.next), (left, third + 1));
    }
    // A feed that the copy did not have begins above what it may have had, too.
    archive.add(vec![message(5, 2, true)], at).await.unwrap();
    let page = archive.events(person(2), 0, 10).await.unwrap();
    assert_eq!(page.next, third);
    let early = archive.events(person(2), 1, 10).await;
    assert!(matches!(early, Err(ArchiveError::Gone { start }) if start == third - 1));
}
