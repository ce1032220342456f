//! Spool and directory, on the disk that holds the temporary folder.

use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use divan::Bencher;
use tokio::runtime::Runtime;

use allegromail::directory::{
    AccountStatus, CachedDirectory, Change, Directory, Participant, SledDirectory,
};
use allegromail::mail::{Mailbox, ReversePath, Timestamp, TraceId};
use allegromail::spool::{
    Entry, LocalSpool, MessageSummary, NewEntry, Opened, Origin, Progress, Settlement, Spool,
    SpoolSettings, StateUpdates, Target,
};

use super::sample::{SELLER_MASK, mailbox};

/// Accounts of the large directory.
const RECORDS: u32 = 1_000_000;
/// Entries that each producer commits in one sample.
const EACH: usize = 16;

fn committed(spool: &LocalSpool) -> NewEntry {
    let entry = Entry {
        id: spool.next_id(),
        trace: TraceId::new(1, 1),
        arrived: Timestamp(1_795_392_000_000),
        target: Target::Participant {
            participant: "k2m9x0r7t3".parse().unwrap(),
            transaction: None,
        },
        origin: Origin::Nobody,
        reverse_path: ReversePath::Null,
        smtputf8: false,
        eight_bit: false,
        about: MessageSummary {
            recipient: SELLER_MASK.to_owned(),
            ..MessageSummary::default()
        },
        sent_as: String::new(),
        memory: StateUpdates::default(),
        held: None,
        came: None,
        progress: Progress::default(),
    };
    NewEntry {
        entry,
        body: Bytes::from_static(&[b'x'; 10_240]),
    }
}

fn open(dir: &Path) -> Opened {
    let settings = SpoolSettings {
        most_unread: None,
        dir: dir.to_owned(),
        segment_bytes: 64 * 1024 * 1024,
        min_free_bytes: 0,
        min_free_inodes: 0,
        first_id: 1,
        flow: std::sync::Arc::default(),
    };
    LocalSpool::open(settings, Box::new(|| Ok(()))).unwrap()
}

/// So many tasks commit 10 KiB and settle it, 16 times each: two syncs a message for one, few for many.
#[divan::bench(args = [1, 64], sample_count = 20, sample_size = 1)]
fn spool_commit_16_each(bencher: Bencher, producers: usize) {
    let runtime = Runtime::new().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let opened = open(folder.path());
    let mut told = opened.committed;
    let drain = runtime.spawn(async move { while told.recv().await.is_some() {} });
    bencher
        .counter(divan::counter::ItemsCount::new(producers * EACH))
        .bench(|| {
            let tasks: Vec<_> = (0..producers)
                .map(|_| {
                    let spool = opened.spool.clone();
                    runtime.spawn(async move {
                        for _ in 0..EACH {
                            let new = committed(&spool);
                            let id = new.entry.id;
                            spool.commit(vec![new]).await.unwrap();
                            spool.settle(id, Settlement::Done).await.unwrap();
                        }
                    })
                })
                .collect();
            runtime.block_on(async {
                for task in tasks {
                    task.await.unwrap();
                }
            });
        });
    drain.abort();
}

fn address(number: u32) -> Mailbox {
    mailbox(&format!("u{number}@other.example"))
}

fn fill(directory: &SledDirectory, runtime: &Runtime) {
    for first in (0..RECORDS).step_by(10_000) {
        let changes = (first..first + 10_000).map(|number| {
            Change::PutParticipant(Participant {
                id: format!("{number:010x}").parse().unwrap(),
                login: "x".to_owned(),
                marketplace: "allegro-pl".to_owned(),
                language: "pl".to_owned(),
                primary: address(number),
                addresses: vec![address(number)],
                status: AccountStatus::Active,
                business: false,
            })
        });
        runtime
            .block_on(directory.apply(changes.collect()))
            .unwrap();
    }
}

/// Which account an address belongs to, and its record: among a million, a different one every time, or the same.
#[divan::bench(args = ["another", "the same"])]
fn directory_of_a_million(bencher: Bencher, which: &str) {
    static FOLDER: std::sync::OnceLock<(tempfile::TempDir, Arc<CachedDirectory>)> =
        std::sync::OnceLock::new();
    let runtime = Runtime::new().unwrap();
    let (_, directory) = FOLDER.get_or_init(|| {
        let folder = tempfile::tempdir().unwrap();
        let sled = SledDirectory::open(&folder.path().join("directory")).unwrap();
        fill(&sled, &runtime);
        (
            folder,
            Arc::new(CachedDirectory::new(Arc::new(sled), 100_000)),
        )
    });
    let mut number = 0_u32;
    bencher.bench_local(|| {
        if which == "another" {
            // A step that shares no factor with the number of records visits them all.
            number = (number + 618_033) % RECORDS;
        }
        runtime.block_on(async {
            let owner = directory.owner(&address(number)).await.unwrap().unwrap();
            directory.participant(&owner).await.unwrap().unwrap()
        })
    });
}
