//! Commits that are written in pieces: they count whole or not at all, wherever a crash comes, and what is dead of them is given back.

use super::*;

/// A segment holds one piece.
const SEGMENT: u64 = 16 * 1024;
const PIECES: u64 = 4;

fn open_small(dir: &Path) -> Opened {
    LocalSpool::open(settings(dir, SEGMENT), Box::new(|| Ok(()))).unwrap()
}

const ENTRIES: usize = 5;
const OCTETS: usize = 3_000;

fn piece(spool: &LocalSpool, letter: u8) -> Vec<NewEntry> {
    let one = |_| committed(spool.next_id(), &[letter; OCTETS]);
    (0..ENTRIES).map(one).collect()
}

fn entries(pieces: &[Vec<NewEntry>]) -> Vec<Entry> {
    let all = pieces.iter().flatten();
    all.map(|new| new.entry.clone()).collect()
}

/// Returns when the writer has done all that it does by itself.
async fn rest(spool: &LocalSpool) {
    spool.commit(Vec::new()).await.unwrap();
}

/// What a crash of the process leaves at this moment.
fn image(dir: &Path) -> tempfile::TempDir {
    let copy = scratch();
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_file() {
            std::fs::copy(&path, copy.path().join(path.file_name().unwrap())).unwrap();
        }
    }
    copy
}

fn segments(dir: &Path) -> Vec<String> {
    let names = std::fs::read_dir(dir).unwrap();
    let names = names.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<_> = names.filter(|name| name.ends_with(".seg")).collect();
    names.sort();
    names
}

#[tokio::test]
async fn h153_no_half_of_a_commit_in_pieces_survives_a_crash_and_none_is_lost() {
    let dir = scratch();
    let mut opened = open_small(dir.path());
    let (spool, mut crashes) = (opened.spool.clone(), Vec::new());
    let number = spool.next_id();
    let mut written = Vec::new();
    for letter in 0..PIECES {
        let new = piece(&spool, b'a' + u8::try_from(letter).unwrap());
        spool.write_part(number, new.clone()).await.unwrap();
        written.push(new);
        rest(&spool).await;
        let highest = written.last().unwrap().last().unwrap().entry.id;
        crashes.push((image(dir.path()), highest));
    }
    assert!(
        segments(dir.path()).len() >= 4,
        "they stand in several segments"
    );
    assert!(
        opened.committed.try_recv().is_err(),
        "nobody has heard of it"
    );
    let first = written[0][0].entry.id;
    let body = spool.body(first).await;
    assert!(matches!(body, Err(SpoolError::NoSuchEntry(_))), "{body:?}");
    // Small, so that no other segment begins behind it.
    let last = vec![committed(spool.next_id(), &[b'z'; OCTETS])];
    let all: Vec<u64> = written
        .iter()
        .flatten()
        .chain(&last)
        .map(|new| new.entry.id.0)
        .collect();
    spool
        .finish(number, entries(&written), last.clone())
        .await
        .unwrap();
    for id in &all {
        let heard = opened.committed.recv().await.unwrap();
        assert_eq!(heard.entry.id.0, *id);
        assert_eq!(
            heard.body.is_some(),
            *id >= last[0].entry.id.0,
            "only the last are in memory"
        );
    }
    assert_eq!(spool.body(first).await.unwrap(), vec![b'a'; OCTETS]);
    // The end of the commit is the last that was written: whatever of it is missing, all of it is.
    rest(&spool).await;
    let after = image(dir.path());
    let log = after.path().join(segments(after.path()).last().unwrap());
    let size = std::fs::metadata(&log).unwrap().len();
    for cut in [1, 44, 45, 2_000, 3_000] {
        let torn = image(after.path());
        let log = torn.path().join(log.file_name().unwrap());
        let file = std::fs::File::options().write(true).open(&log).unwrap();
        file.set_len(size.saturating_sub(cut).max(4_140)).unwrap();
        crashes.push((torn, QueueId(number.0)));
    }
    for (at, (crash, highest)) in crashes.iter().enumerate() {
        // Twice: what a start makes of it, the next one finds as well.
        for _ in 0..2 {
            let opened = open_small(crash.path());
            assert_eq!(ids(&opened), [0; 0], "crash {at}");
            assert!(opened.done.is_empty(), "crash {at}: it teaches something");
            assert_eq!(opened.report.damaged, 0, "crash {at}");
            let next = opened.spool.next_id();
            assert!(next > *highest, "crash {at}: {next} comes again");
        }
    }
    let again = open_small(after.path());
    assert_eq!(ids(&again), all);
    assert_eq!(again.spool.body(first).await.unwrap(), vec![b'a'; OCTETS]);
}

#[tokio::test]
async fn h153_the_space_of_a_commit_that_was_not_finished_is_given_back() {
    let dir = scratch();
    let opened = open_small(dir.path());
    let (spool, number) = (opened.spool.clone(), opened.spool.next_id());
    for letter in *b"abc" {
        spool
            .write_part(number, piece(&spool, letter))
            .await
            .unwrap();
    }
    rest(&spool).await;
    let crash = image(dir.path());
    // While it is open its segments stay, though nothing in them lives.
    churn(&spool, 40).await;
    rest(&spool).await;
    let held = segments(dir.path());
    assert_eq!(held[0], "00000001.seg");
    assert!(held.len() > 4, "{held:?}");
    spool.abandon(number);
    churn(&spool, 20).await;
    rest(&spool).await;
    let left = segments(dir.path());
    assert!(left.len() < 4 && !left.contains(&held[0]), "{left:?}");
    drop((opened, spool));
    assert_eq!(ids(&open_small(dir.path())), [0; 0]);
    // After a crash the same, in segments that had been full before.
    let opened = open_small(crash.path());
    churn(&opened.spool, 20).await;
    rest(&opened.spool).await;
    let left = segments(crash.path());
    assert!(left.len() < 4 && !left.contains(&held[0]), "{left:?}");
}

#[tokio::test]
async fn h153_living_entries_of_a_commit_in_pieces_are_copied_forward_without_its_end() {
    let dir = scratch();
    let opened = open_small(dir.path());
    let (spool, number) = (opened.spool.clone(), opened.spool.next_id());
    let written: Vec<_> = (*b"abc").map(|letter| piece(&spool, letter)).into();
    for new in &written {
        spool.write_part(number, new.clone()).await.unwrap();
    }
    spool
        .finish(number, entries(&written), Vec::new())
        .await
        .unwrap();
    // One of them stays; the segments that they stood in go, and that with the end.
    let stays = written[1][1].entry.id;
    for gone in entries(&written) {
        if gone.id != stays {
            spool.settle(gone.id, Settlement::Done).await.unwrap();
        }
    }
    rest(&spool).await;
    let before = segments(dir.path());
    churn(&spool, 60).await;
    rest(&spool).await;
    let left = segments(dir.path());
    assert!(before.iter().all(|name| !left.contains(name)), "{left:?}");
    drop((opened, spool));
    let opened = open_small(dir.path());
    assert_eq!(ids(&opened), [stays.0]);
    assert_eq!(opened.spool.body(stays).await.unwrap(), vec![b'b'; OCTETS]);
}

#[tokio::test]
async fn h153_damage_does_not_take_a_commit_whose_end_it_took() {
    let dir = scratch();
    let opened = open_small(dir.path());
    let (spool, number) = (opened.spool.clone(), opened.spool.next_id());
    let written = vec![piece(&spool, b'a'), piece(&spool, b'b')];
    for new in &written {
        spool.write_part(number, new.clone()).await.unwrap();
    }
    rest(&spool).await;
    let unfinished = image(dir.path());
    spool
        .finish(number, entries(&written), Vec::new())
        .await
        .unwrap();
    rest(&spool).await;
    let closed = segments(dir.path()).pop().unwrap();
    let all = entries(&written);
    churn(&spool, 10).await;
    drop((opened, spool));
    // A flipped bit in the record that ends it, with good ones behind.
    let file = dir.path().join(closed);
    let bytes = std::fs::read(&file).unwrap();
    let end = memchr::memmem::find(&bytes, b"AMS2\x06").unwrap();
    let file = std::fs::File::options().write(true).open(&file).unwrap();
    file.write_all_at(b"?", end as u64 + 30).unwrap();
    for _ in 0..2 {
        let opened = open_small(dir.path());
        let lived: Vec<u64> = all.iter().map(|entry| entry.id.0).collect();
        assert_eq!(ids(&opened), lived, "acknowledged, and lost with one byte");
    }
    // One that was never ended, and damage that comes after a start has seen that: it stays dead.
    let opened = open_small(unfinished.path());
    churn(&opened.spool, 1).await;
    let (log, spool) = (segments(unfinished.path()).pop().unwrap(), opened.spool);
    spool.close();
    drop((opened.committed, spool));
    let file = unfinished.path().join(log);
    let bytes = std::fs::read(&file).unwrap();
    let hit = memchr::memmem::rfind(&bytes, b"AMS2\x01").unwrap();
    let file = std::fs::File::options().write(true).open(&file).unwrap();
    file.write_all_at(b"?", hit as u64 + 60).unwrap();
    let opened = open_small(unfinished.path());
    assert_eq!(opened.report.damaged, 1);
    assert_eq!(ids(&opened), [0; 0]);
}

#[tokio::test]
async fn h153_what_is_gathered_stays_small_and_what_is_given_up_leaves_nothing() {
    let dir = scratch();
    let mut opened = open(dir.path());
    let spool = opened.spool.clone();
    let large = vec![b'x'; PART_SIZE * 2 / 3];
    for (count, given_up) in [(5, true), (5, false), (1, false), (0, false)] {
        let mut commit = MultipartCommit::new(&*spool);
        let mut all = Vec::new();
        for _ in 0..count {
            let id = spool.next_id();
            commit.add(committed(id, &large)).await.unwrap();
            all.push(id);
        }
        assert_eq!(commit.ids().collect::<Vec<_>>(), all);
        assert_eq!(commit.is_empty(), count == 0);
        if given_up {
            drop(commit);
            // Behind it in the log, so that it has been heard of.
            churn(&spool, 1).await;
            assert!(spool.shared.index().unfinished().is_empty());
            let heard = opened.committed.recv().await.unwrap();
            assert!(heard.entry.id > all[4]);
            continue;
        }
        commit.commit().await.unwrap();
        for id in all {
            assert_eq!(opened.committed.recv().await.unwrap().entry.id, id);
            spool.settle(id, Settlement::Done).await.unwrap();
        }
    }
    assert!(opened.committed.try_recv().is_err());
}
