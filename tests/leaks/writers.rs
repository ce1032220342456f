//! What other people's programs write is neither refused nor changed: the writers in `tests/leaks/writers` (`run` there names them) write honest
//! messages by the libraries that shops and mail programs send by, and each part is held against what leaves.
//!
//! `ALLEGROMAIL_WRITERS_EACH=1000` has each of them write that many, `ALLEGROMAIL_WRITERS_SEED=17` other ones. Where something is wrong the
//! messages stay.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use allegromail::message::{Encoding, Holds, Message};

use crate::kept::changed;
use crate::{SIDES, Side, number, pass, python};

/// How many messages each writes: all but the shape are 1,500 and more.
const EACH: u64 = 120;
/// The writer that is a shape, and no library.
const SHAPE: &str = "thunderbird";

/// What became of one writer's messages.
#[derive(Debug, Default)]
struct Tally {
    messages: usize,
    parts: usize,
    /// Parts that leave with other octets and the same content, since they refer to another part, hold a line that is too long, and the like.
    anew: usize,
    /// Parts with the same words in another charset, since their label does not fit, or they have none.
    relabelled: usize,
    changed: Vec<String>,
    refused: Vec<String>,
}

impl Tally {
    /// Adds what became of other messages.
    fn add(&mut self, other: Self) {
        self.messages += other.messages;
        self.parts += other.parts;
        self.anew += other.anew;
        self.relabelled += other.relabelled;
        self.changed.extend(other.changed);
        self.refused.extend(other.refused);
    }

    /// Sends one message through, and notes what became of it.
    fn look(&mut self, path: &Path) {
        let raw = wire(&std::fs::read(path).unwrap());
        self.messages += 1;
        let named = |what: String| format!("{}: {what}", path.display());
        let out = match pass(side_of(&raw), raw.clone()) {
            Ok(out) => out,
            Err(why) => return self.refused.push(named(why)),
        };
        let [before, after] = [raw, out].map(|octets| Message::parse(octets.into()).unwrap());
        let subjects = [&before, &after].map(|letter| letter.text("subject"));
        if subjects[0] != subjects[1] {
            self.changed.push(named(format!("{subjects:?}")));
        }
        self.changed
            .extend(changed(&before, &after).into_iter().map(named));
        let (old, new) = (&before.structure().parts, &after.structure().parts);
        self.parts += old.len();
        let leaves = old.iter().zip(new);
        for (old, new) in leaves.filter(|(part, _)| part.holds == Holds::Content) {
            let (was, is) = (
                &before.raw()[old.body.clone()],
                &after.raw()[new.body.clone()],
            );
            let same = old.kind.get("charset") == new.kind.get("charset");
            let decoded = [(old, was), (new, is)]
                .map(|(part, octets)| Encoding::of(&part.encoding).decode(octets));
            let fits = same || decoded[0] == decoded[1];
            self.anew += usize::from(was != is && fits);
            self.relabelled += usize::from(was != is && !fits);
        }
    }
}

/// Has the writers write into a folder: whether all did; none if there is no Python to run them.
fn write(folder: &Path, each: u64) -> Option<bool> {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/leaks/writers/run");
    let seed = number("ALLEGROMAIL_WRITERS_SEED", 1);
    let output = Command::new(python())
        .args(["-B", script])
        .arg(folder)
        .args([each.to_string(), seed.to_string()])
        .output();
    let required = std::env::var("ALLEGROMAIL_INTEROP").is_ok_and(|value| value == "require");
    let Ok(output) = output else {
        println!("SKIPPED: python3 is missing, so no other program wrote a message");
        assert!(
            !required,
            "python3 is missing, and ALLEGROMAIL_INTEROP=require"
        );
        return None;
    };
    let told = String::from_utf8_lossy(&output.stdout);
    print!("{told}");
    let failures = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "a writer failed: {told}{failures}");
    let whole = !told.contains("SKIPPED");
    assert!(
        whole || !required,
        "a writer is missing, and ALLEGROMAIL_INTEROP=require: {told}"
    );
    Some(whole)
}

/// Every message in the folder, with its writer's name.
fn messages(folder: &Path) -> Vec<(String, PathBuf)> {
    let entries = |folder: &Path| std::fs::read_dir(folder).into_iter().flatten().flatten();
    let mut found = Vec::new();
    for writer in entries(folder) {
        let name = writer.file_name().to_string_lossy().into_owned();
        let paths = entries(&writer.path()).map(|entry| entry.path());
        let messages = paths.filter(|path| path.extension().is_some_and(|kind| kind == "eml"));
        found.extend(messages.map(|path| (name.clone(), path)));
    }
    found.sort();
    found
}

/// The message with CRLF for each bare LF, as it goes over the wire; nothing else is touched.
fn wire(raw: &[u8]) -> Vec<u8> {
    let mut out: Vec<u8> = Vec::with_capacity(raw.len() + 1_000);
    for octet in raw {
        if *octet == b'\n' && out.last() != Some(&b'\r') {
            out.push(b'\r');
        }
        out.push(*octet);
    }
    out
}

/// Whose message it is: the address stands in From, and nowhere else.
fn side_of(raw: &[u8]) -> &'static Side {
    let holds = |side: &&Side| memchr::memmem::find(raw, side.addresses[0].as_bytes()).is_some();
    SIDES.iter().find(holds).unwrap()
}

/// Looks at all messages, on a thread for each writer: what became of them.
fn look(messages: &[(String, PathBuf)]) -> BTreeMap<&str, Tally> {
    std::thread::scope(|scope| {
        let look = |some: &[(String, PathBuf)]| {
            let mut tally = Tally::default();
            some.iter().for_each(|(_, path)| tally.look(path));
            tally
        };
        let writers = messages.chunk_by(|(one, _), (next, _)| one == next);
        let threads: Vec<_> = writers
            .map(|some| (some[0].0.as_str(), scope.spawn(move || look(some))))
            .collect();
        let done = threads
            .into_iter()
            .map(|(writer, thread)| (writer, thread.join().unwrap()));
        done.collect()
    })
}

#[test]
fn what_other_programs_write_is_neither_refused_nor_changed() {
    let folder = tempfile::tempdir().unwrap();
    let each = number("ALLEGROMAIL_WRITERS_EACH", EACH);
    let Some(whole) = write(folder.path(), each) else {
        return;
    };
    let messages = messages(folder.path());
    let mut all = Tally::default();
    for (writer, tally) in look(&messages) {
        println!(
            "{writer}: {} messages, {} parts, {} written anew, {} relabelled, {} changed; {} refused",
            tally.messages,
            tally.parts,
            tally.anew,
            tally.relabelled,
            tally.changed.len(),
            tally.refused.len()
        );
        all.add(tally);
    }
    println!("{} messages, {} parts", all.messages, all.parts);
    let wrong: Vec<&String> = all.changed.iter().chain(&all.refused).collect();
    if !wrong.is_empty() {
        println!("{wrong:#?}\nin {}", folder.keep().display());
    }
    let libraries = messages.iter().filter(|(writer, _)| writer != SHAPE);
    assert!(!whole || each < EACH || libraries.count() >= 1_500);
    let few = all.refused.len() * 1_000 < all.messages.max(1);
    assert!(few && all.changed.is_empty(), "{wrong:#?}");
}
