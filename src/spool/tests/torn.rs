//! A log that is cut or changed anywhere keeps its whole commits, and old records are not read again.

use super::*;

/// All of `0..len`, but for most of the zeros in the head of a segment.
pub(super) fn places(len: usize) -> impl Iterator<Item = usize> {
    (0..len).filter(|at| !(100..4_000).contains(at) || at % 100 == 0)
}

#[tokio::test]
async fn h126_a_log_cut_at_any_octet_keeps_whole_commits() {
    let dir = scratch();
    fill(dir.path()).await;
    let file = dir.path().join("00000001.seg");
    let whole = std::fs::read(&file).unwrap();
    for len in places(whole.len()) {
        std::fs::write(&file, &whole[..len]).unwrap();
        let opened = open(dir.path());
        let found = ids(&opened);
        let possible: [&[u64]; 4] = [&[], &[1], &[1, 2, 3], &[1, 2, 3, 4]];
        assert!(
            possible.contains(&found.as_slice()),
            "cut at {len}: {found:?}"
        );
        assert_eq!(opened.report.damaged, 0, "cut at {len}");
        for entry in &opened.recovered {
            opened.spool.body(entry.id).await.unwrap();
        }
    }
}

#[tokio::test]
async fn h126_a_flipped_bit_costs_one_commit_at_most() {
    let dir = scratch();
    fill(dir.path()).await;
    let file = dir.path().join("00000001.seg");
    let whole = std::fs::read(&file).unwrap();
    for at in places(whole.len()) {
        let mut flipped = whole.clone();
        flipped[at] ^= 0x10;
        std::fs::write(&file, &flipped).unwrap();
        let opened = open(dir.path());
        let found = ids(&opened);
        let lost = [1, 2, 3].iter().filter(|id| !found.contains(id)).count();
        assert!(lost <= 2, "bit at {at}: {found:?}");
        assert!(
            lost == 0 || found.contains(&1) != (found.contains(&2) && found.contains(&3)),
            "bit at {at}: {found:?}"
        );
        for entry in &opened.recovered {
            opened.spool.body(entry.id).await.unwrap();
        }
    }
}

#[tokio::test]
async fn old_records_behind_the_last_one_are_not_read_again() {
    let dir = tempfile::tempdir().unwrap();
    let living = written_over(dir.path()).await;
    let copy = dir.path().join("copy");
    let (last, end) = last_segment(&copy);
    let size = std::fs::metadata(&last).unwrap().len();
    assert!(
        end as u64 + 2_000 < size,
        "{end} of {size}: nothing is left over"
    );
    let whole = std::fs::read(&last).unwrap();
    // A commit that was torn, at every octet of it, over what stood there.
    let record = whole[end - 2_500..end].to_vec();
    let start = memchr::memmem::rfind(&record, b"AMS2\x01").unwrap();
    let torn = &record[start..];
    for len in (0..torn.len()).step_by(7) {
        let mut octets = whole.clone();
        octets[end..end + len].copy_from_slice(&torn[..len]);
        std::fs::write(&last, &octets).unwrap();
        let opened = open(&copy);
        assert_eq!(ids(&opened), living, "torn after {len}");
        let report = opened.report;
        assert_eq!(report.damaged, 0, "torn after {len}");
        // From the salt on it is known whose it is, and from the checksums on how long it would have been.
        let (least, most) = match len {
            0..16 => (0, 0),
            16..40 => (0, size - end as u64),
            _ => (torn.len() as u64, torn.len() as u64),
        };
        let told = report.torn_bytes;
        assert!((least..=most).contains(&told), "{told} after {len}");
        for entry in &opened.recovered {
            opened.spool.body(entry.id).await.unwrap();
        }
    }
}

#[tokio::test]
async fn a_record_inside_a_message_is_none_when_what_is_around_it_is_damaged() {
    let dir = tempfile::tempdir().unwrap();
    let other = tempfile::tempdir().unwrap();
    fill(other.path()).await;
    // Good records of another log.
    let forged = std::fs::read(other.path().join("00000001.seg")).unwrap();
    let opened = open(dir.path());
    let id = opened.spool.next_id();
    let entry = committed(id, &forged);
    opened.spool.commit(vec![entry]).await.unwrap();
    drop(opened);
    let file = dir.path().join("00000001.seg");
    let mut octets = std::fs::read(&file).unwrap();
    octets[4_096 + 44 + 44] ^= 1;
    std::fs::write(&file, octets).unwrap();
    assert!(ids(&open(dir.path())).is_empty());
}
