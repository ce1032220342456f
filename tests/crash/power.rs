//! A power cut under the Center's archive: what SQLite had not synced is lost, in part or as a whole, at whatever call it happens. Whoever was told a
//! number finds the same event under it afterwards, and a replay of the log leaves each message in both feeds once.

use std::collections::BTreeMap;
use std::env;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use allegromail::archive::{
    Archive, Between, EntryKey, MailState, MessageId, NewMessage, Parties, Party, SqliteArchive,
    Thread, ThreadId, ThreadKind, Via,
};
use allegromail::mail::{QueueId, Timestamp};
use allegromail::masking::ParticipantId;

use crate::Dice;
use crate::order::{calls, strace_is_here, strings};

/// The folder in which the archive under the trace works.
const FOLDER: &str = "ALLEGROMAIL_POWER_FOLDER";
const BATCHES: u64 = 24;
const EACH: u64 = 5;
const PEOPLE: [&str; 3] = ["buyer1", "seller1", "seller2"];
/// Octets that a disk writes at once.
const SECTOR: usize = 512;

fn person(number: usize) -> ParticipantId {
    PEOPLE[number].parse().unwrap()
}

fn party(number: usize) -> Party {
    let (id, login) = (person(number), PEOPLE[number].to_owned());
    Party { id, login }
}

fn entry(number: u64) -> EntryKey {
    let (node, id) = (0, QueueId(number));
    EntryKey { node, id }
}

/// Message `number` of the log: the buyer's and the sellers' by turns, in two threads, some of several pages.
fn message(number: u64) -> NewMessage {
    let seller = 1 + usize::from(number.is_multiple_of(3));
    let writer = if number.is_multiple_of(2) { 0 } else { seller };
    let text = "Czy jest? ".repeat(1 + (number * 97 % 1_200) as usize);
    NewMessage {
        id: MessageId((u128::from(number) << 64).to_be_bytes()),
        entry: entry(number),
        thread: Thread {
            id: ThreadId([seller.to_le_bytes()[0]; 16]),
            kind: ThreadKind::Talk,
            parties: Parties {
                one: party(0),
                other: Some(party(seller)),
            },
            order: None,
        },
        writer: Some(person(writer)),
        via: Via::Mail,
        automatic: false,
        written_at: Timestamp(1_764_500_000_000 + number),
        subject: format!("Rower {number}"),
        cut: false,
        folded: std::iter::empty().collect(),
        files: Vec::new(),
        message_id: format!("{number}@allegromail.example"),
        mail: MailState::Queued,
        sent_with: None,
        readers_alone: false,
        raw: text.clone().into_bytes(),
        text,
    }
}

/// The messages of a batch, and what became of those of the one before.
fn batch(number: u64) -> (Vec<NewMessage>, Vec<(EntryKey, MailState)>) {
    let of = |batch: u64| batch * EACH + 1..=batch * EACH + EACH;
    let ended = number.checked_sub(1).map(of).into_iter().flatten();
    let ended = ended.map(|number| (entry(number), MailState::Delivered));
    (of(number).map(message).collect(), ended.collect())
}

/// What a feed has: number -> kind and message.
async fn feed(archive: &SqliteArchive, of: usize) -> BTreeMap<u64, String> {
    let page = archive.events(person(of), 0, 100_000).await;
    let events = page.into_iter().flat_map(|page| page.events);
    let events = events.map(|event| {
        let what = format!("{:?} {:?}", event.kind, event.message);
        (event.number, what)
    });
    events.collect()
}

/// Adds batches and tells what stands in the feeds, as a server tells its readers. It is run under the trace.
#[tokio::test]
async fn the_archive_that_is_traced() {
    let Some(folder) = env::var_os(FOLDER) else {
        return;
    };
    let folder = Path::new(&folder);
    let archive = SqliteArchive::open(folder, [7; 32]).unwrap();
    let mut told: [u64; 3] = [0; 3];
    for number in 0..BATCHES {
        let (messages, states) = batch(number);
        let recorded = archive.record(messages, states, Timestamp(1_764_600_000_000));
        recorded.await.unwrap();
        for (who, told) in told.iter_mut().enumerate() {
            for (event, what) in feed(&archive, who).await.split_off(&(*told + 1)) {
                println!("TOLD {who} {event} {what}");
                *told = event;
            }
        }
        // The real one does so after 32 MiB.
        if number % 5 == 4 {
            for file in ["index.sqlite", "2025-11.sqlite"] {
                let file = rusqlite::Connection::open(folder.join(file)).unwrap();
                file.query_row("PRAGMA wal_checkpoint(RESTART)", [], |_| Ok(()))
                    .unwrap();
            }
        }
    }
}

/// What a call did to the archive's files, or told.
enum Step {
    Write(String, usize, Vec<u8>),
    Truncate(String, usize),
    Sync(String),
    Remove(String),
    Told(String),
}

/// The number that a call has as its last argument but `from_end`.
fn number(text: &str, from_end: usize) -> usize {
    // One that another thread's call came between goes on in a line of its own.
    let begun = text.split_once(" <unfinished").map(|(begun, _)| begun);
    let arguments = begun.unwrap_or_else(|| text.rsplit_once(')').unwrap().0);
    let argument = arguments.rsplit(", ").nth(from_end).unwrap();
    argument.parse().unwrap()
}

fn steps(trace: &str, folder: &Path) -> Vec<Step> {
    let folder = format!("{}/", folder.display());
    // `pwrite64(5</folder/index.sqlite-wal>, …`, the path in hexadecimal digits as all texts are.
    let file = |text: &str| {
        let (_, rest) = text.split_once('<')?;
        let path = format!("\"{}\"", rest.split_once('>')?.0);
        let path = String::from_utf8(strings(&path).pop()?).unwrap();
        let name = path.strip_prefix(&folder)?;
        // It is in memory: a start makes it anew.
        (!name.ends_with("-shm")).then(|| name.to_owned())
    };
    let mut steps = Vec::new();
    for call in calls(trace) {
        let text = &call.text;
        let octets = || strings(text).into_iter().next().unwrap_or_default();
        let step = match text.split('(').next().unwrap_or_default() {
            "write" if text.starts_with("write(1<") => {
                let said = String::from_utf8_lossy(&octets()).into_owned();
                let told = said.lines().filter_map(|line| line.split_once("TOLD "));
                steps.extend(told.map(|(_, what)| Step::Told(what.to_owned())));
                None
            }
            "write" | "pwritev" => {
                assert_eq!(file(text), None, "written without a place: {text}");
                None
            }
            "pwrite64" => file(text).map(|file| Step::Write(file, number(text, 0), octets())),
            "ftruncate" => file(text).map(|file| Step::Truncate(file, number(text, 0))),
            "fsync" | "fdatasync" => file(text).map(Step::Sync),
            "unlink" => {
                let path = String::from_utf8(octets()).unwrap();
                path.strip_prefix(&folder)
                    .map(|file| Step::Remove(file.to_owned()))
            }
            _ => None,
        };
        steps.extend(step);
    }
    steps
}

/// A file on the disk, and what the disk has only heard of.
#[derive(Default)]
struct OnDisk {
    synced: Vec<u8>,
    heard: Vec<(usize, Option<Vec<u8>>)>,
}

fn put(file: &mut Vec<u8>, at: usize, octets: Option<&[u8]>) {
    let Some(octets) = octets else {
        return file.resize(at, 0);
    };
    file.resize(file.len().max(at + octets.len()), 0);
    file[at..at + octets.len()].copy_from_slice(octets);
}

/// What of the disk is there after a power cut: of what was not synced nothing, all, or any sectors.
fn cut(file: &OnDisk, dice: &mut Dice, kept: u64) -> Vec<u8> {
    let mut left = file.synced.clone();
    for (at, octets) in &file.heard {
        let Some(octets) = octets else {
            if dice.next(4) < kept {
                put(&mut left, *at, None);
            }
            continue;
        };
        let mut from = 0;
        while from < octets.len() {
            let to = (from + SECTOR - (at + from) % SECTOR).min(octets.len());
            if dice.next(4) < kept {
                put(&mut left, at + from, Some(&octets[from..to]));
            }
            from = to;
        }
    }
    left
}

/// What was told and does not stand under its number.
async fn missed(archive: &SqliteArchive, told: &[String], wrong: &mut Vec<String>) {
    for who in 0..PEOPLE.len() {
        let feed = feed(archive, who).await;
        let of = told
            .iter()
            .filter_map(|told| told.strip_prefix(&format!("{who} ")));
        for told in of {
            let (number, what) = told.split_once(' ').unwrap();
            let found = feed.get(&number.parse().unwrap());
            if found.map(String::as_str) != Some(what) {
                wrong.push(format!("told {who} {told}, found {found:?}"));
            }
        }
    }
}

/// Messages that are shown without all that they say: texts stand in files of their own.
async fn torn(archive: &SqliteArchive, wrong: &mut Vec<String>) {
    for seller in 1..PEOPLE.len() {
        let thread = ThreadId([seller.to_le_bytes()[0]; 16]);
        let all = archive.messages(person(0), thread, Between::After(0), 1_000);
        let all = match all.await {
            Ok(all) => all,
            Err(error) => return wrong.push(format!("texts cannot be read: {error}")),
        };
        for shown in all {
            let number = u128::from_be_bytes(shown.id.0) >> 64;
            let whole = message(u64::try_from(number).unwrap());
            if shown.text != whole.text || shown.cut {
                wrong.push(format!("message {number} has not its text"));
            }
        }
    }
}

/// The archive as it is found after a cut, with what was told before it.
async fn judge(folder: &Path, told: &[String]) -> Vec<String> {
    let mut wrong = Vec::new();
    let archive = match SqliteArchive::open(folder, [7; 32]) {
        Ok(archive) => archive,
        Err(error) => return vec![format!("it does not open: {error}")],
    };
    torn(&archive, &mut wrong).await;
    match archive.check().await {
        Ok(checked) => wrong.extend(checked.faults),
        Err(error) => wrong.push(format!("it cannot be checked: {error}")),
    }
    missed(&archive, told, &mut wrong).await;
    // The log has all that was not marked as read, and some more; not in the order of before.
    for number in (0..BATCHES).rev() {
        let (messages, states) = batch(number);
        let again = archive.record(messages, states, Timestamp(1_764_700_000_000));
        if let Err(error) = again.await {
            wrong.push(format!("it cannot be added to: {error}"));
            return wrong;
        }
    }
    missed(&archive, told, &mut wrong).await;
    for who in 0..PEOPLE.len() {
        let feed = feed(&archive, who).await;
        for number in 1..=BATCHES * EACH {
            let sees = who == 0 || who == 1 + usize::from(number.is_multiple_of(3));
            let what = format!("MessagePublished {:?}", Some(message(number).id));
            let count = feed.values().filter(|found| **found == what).count();
            if count != usize::from(sees) {
                wrong.push(format!("{who} sees message {number} {count} times"));
            }
        }
    }
    wrong
}

/// Cuts at so many places of a trace; how many, with how many events told before, and what was wrong.
async fn cuts(steps: &[Step], count: usize, seed: u64) -> (usize, Vec<String>) {
    let mut dice = Dice(seed);
    let mut places: Vec<usize> = (0..count)
        .map(|_| 1 + usize::try_from(dice.next(steps.len() as u64)).unwrap())
        .collect();
    places.sort_unstable();
    let mut places = places.into_iter().peekable();
    let mut disk: BTreeMap<&str, OnDisk> = BTreeMap::new();
    let (mut told, mut wrong, mut seen) = (Vec::new(), Vec::new(), 0);
    for (at, step) in steps.iter().enumerate() {
        match step {
            Step::Write(file, place, octets) => {
                let heard = (*place, Some(octets.clone()));
                disk.entry(file).or_default().heard.push(heard);
            }
            Step::Truncate(file, length) => {
                disk.entry(file).or_default().heard.push((*length, None));
            }
            Step::Sync(file) => {
                let file = disk.entry(file).or_default();
                for (place, octets) in file.heard.drain(..) {
                    put(&mut file.synced, place, octets.as_deref());
                }
            }
            Step::Remove(file) => {
                disk.remove(file.as_str());
            }
            Step::Told(what) => told.push(what.clone()),
        }
        while places.next_if(|place| *place == at + 1).is_some() {
            let folder = tempfile::tempdir().unwrap();
            let kept = dice.next(5);
            for (name, file) in &disk {
                fs::write(folder.path().join(name), cut(file, &mut dice, kept)).unwrap();
            }
            seen = seen.max(told.len());
            let found = judge(folder.path(), &told).await;
            wrong.extend(
                found
                    .into_iter()
                    .map(|wrong| format!("cut at {at} of {}, {kept}/4 kept: {wrong}", steps.len())),
            );
        }
    }
    (seen, wrong)
}

/// What an archive does to its disk; none where strace cannot be used here.
fn trace() -> Option<Vec<Step>> {
    if !strace_is_here("the archive was not cut off from its power") {
        return None;
    }
    let folder = tempfile::tempdir().unwrap();
    let (file, archive) = (folder.path().join("trace"), folder.path().join("archive"));
    let traced = Command::new("strace")
        .args(["-f", "-y", "-qq", "-xx", "-s", "100000", "-e"])
        .arg("trace=write,pwrite64,pwritev,ftruncate,fsync,fdatasync,unlink")
        .arg("-o")
        .arg(&file)
        .arg(env::current_exe().unwrap())
        .args([
            "--exact",
            "power::the_archive_that_is_traced",
            "--nocapture",
        ])
        .env(FOLDER, &archive)
        .stdout(Stdio::null())
        .status();
    assert!(traced.unwrap().success());
    let trace = fs::read_to_string(file).unwrap();
    Some(steps(&trace, &archive))
}

#[tokio::test]
async fn what_was_told_stands_after_a_power_cut_and_a_replay_leaves_each_message_once() {
    let Some(steps) = trace() else {
        return;
    };
    let syncs = steps.iter().filter(|step| matches!(step, Step::Sync(_)));
    println!("{} steps, {} syncs", steps.len(), syncs.count());
    let count = match env::var("ALLEGROMAIL_CUTS") {
        Ok(count) => count.parse().unwrap(),
        Err(_) => 60,
    };
    let (told, wrong) = cuts(&steps, count, 0x2545_f491_4f6c_dd1d).await;
    println!("{count} cuts, up to {told} events told before one");
    assert!(told > 100, "{told}");
    assert!(wrong.is_empty(), "{wrong:#?}");
    // The same disk, had nothing been synced, loses what was told: the cuts are real.
    let unsynced = steps
        .into_iter()
        .filter(|step| !matches!(step, Step::Sync(_)));
    let unsynced: Vec<Step> = unsynced.collect();
    let (_, wrong) = cuts(&unsynced, 20, 0x9e37_79b9_7f4a_7c15).await;
    assert!(!wrong.is_empty());
}
