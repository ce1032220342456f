//! One snapshot, one swap; the last good sets, and the history of who changed what.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::*;
use crate::clock::ManualClock;
use crate::mail::{Mailbox, Timestamp};

const NOW: Timestamp = Timestamp(1_795_392_000_000);

/// A folder with an allowlist, rules of their own, and what is kept.
struct Ground {
    folder: tempfile::TempDir,
    clock: Arc<ManualClock>,
}

impl Ground {
    fn new(lines: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let ground = Self {
            folder,
            clock: Arc::new(ManualClock::new(NOW)),
        };
        std::fs::create_dir(ground.path("rules")).unwrap();
        ground.list(lines);
        ground.rules("one");
        ground
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn kept(&self) -> PathBuf {
        self.path("in-force")
    }

    fn list(&self, lines: &str) {
        std::fs::write(self.path("couriers.txt"), lines).unwrap();
    }

    /// A set of one rule, by its name.
    fn rules(&self, name: &str) {
        let texts = "pl = \"x\", cs = \"x\", sk = \"x\", hu = \"x\", en = \"x\"";
        let text = format!(
            "kind = \"x\"\ncategory = \"prohibited\"\n[[rule]]\nid = \"test.{name}\"\nremark = {{ {texts} }}\ninstead = {{ {texts} }}\n[rule.phrases]\nen = [\"forbidden words\"]\n[[rule.example]]\nhit = \"Forbidden words.\"\nlang = \"en\"\n[[rule.example]]\nmiss = \"Words.\"\nlang = \"en\"\n"
        );
        std::fs::write(self.path("rules/test.toml"), text).unwrap();
    }

    fn try_start(&self) -> Result<InForce, StartFailure> {
        let sources = Sources {
            allowlist: self.path("couriers.txt"),
            rules: Some(self.path("rules")),
            shadow: None,
        };
        let started = InForce::open(sources, Some(&self.kept()), self.clock.clone())?;
        started.keep();
        Ok(started)
    }

    fn start(&self) -> InForce {
        self.try_start().unwrap()
    }
}

fn lets_in(sets: &Sets, from: &str) -> bool {
    sets.allowlist
        .find(&Mailbox::parse(from).unwrap())
        .is_some()
}

fn rule(sets: &Sets) -> String {
    sets.rules.rules[0].id.clone()
}

fn reloaded(in_force: &InForce) -> AllowlistReload {
    let reload = in_force.reload(What::All, "uid 7");
    reload.rules.unwrap().unwrap();
    reload.allowlist.unwrap().unwrap()
}

/// Generation, outcome, by, added, removed and repetition of each line, the newest first.
fn lines(in_force: &InForce) -> Vec<(u64, Outcome, String, usize, usize, u64)> {
    let lines = in_force.generations().into_iter();
    lines
        .map(|line| {
            (
                line.generation,
                line.outcome,
                line.by,
                line.added,
                line.removed,
                line.times,
            )
        })
        .collect()
}

#[test]
fn h091_a_broken_reload_changes_nothing_and_a_good_one_all_at_once() {
    let ground = Ground::new("@dhl.com\n@ups.com\n");
    let in_force = ground.start();
    let held = in_force.current();
    ground.list("@dhl.com\n*\n");
    let broken = in_force.reload(What::All, "uid 7");
    assert!(broken.allowlist.unwrap().is_err() && broken.rules.unwrap().is_ok());
    std::fs::remove_file(ground.path("couriers.txt")).unwrap();
    assert!(
        in_force
            .reload(What::Allowlist, "uid 7")
            .allowlist
            .unwrap()
            .is_err()
    );
    assert!(lets_in(&in_force.current(), "x@ups.com"));
    ground.list("@dhl.com\n@fedex.com\n");
    ground.rules("two");
    let diff = reloaded(&in_force).diff;
    assert_eq!(
        (diff.added, diff.removed, diff.unchanged),
        (
            vec!["@fedex.com".to_owned()],
            vec!["@ups.com".to_owned()],
            1
        )
    );
    let now = in_force.current();
    assert!(lets_in(&now, "x@fedex.com") && rule(&now) == "test.two");
    assert!(
        lets_in(&held, "x@ups.com") && !lets_in(&held, "x@fedex.com") && rule(&held) == "test.one",
        "a snapshot that is held stays as it was, both of it"
    );
}

#[test]
fn h091_no_snapshot_has_one_set_of_a_reload_and_not_the_other() {
    let ground = Ground::new("@a.example.com\n");
    ground.rules("a");
    let in_force = ground.start();
    let done = std::sync::atomic::AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for round in 0..40 {
                let name = if round % 2 == 0 { "b" } else { "a" };
                ground.list(&format!("@{name}.example.com\n"));
                ground.rules(name);
                reloaded(&in_force);
            }
            done.store(true, std::sync::atomic::Ordering::Relaxed);
        });
        while !done.load(std::sync::atomic::Ordering::Relaxed) {
            let sets = in_force.current();
            let (list, rules) = (lets_in(&sets, "x@a.example.com"), rule(&sets));
            assert_eq!(rules, if list { "test.a" } else { "test.b" });
        }
    });
}

#[test]
fn h091_of_two_reloads_at_once_the_later_files_win_and_each_is_noted_once() {
    let ground = Ground::new("@dhl.com\n");
    let in_force = ground.start();
    ground.list("@ups.com\n");
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| in_force.reload(What::Allowlist, "uid 7"));
        }
    });
    assert!(lets_in(&in_force.current(), "x@ups.com"));
    assert_eq!(
        lines(&in_force),
        [
            (2, Outcome::InForce, "uid 7".to_owned(), 1, 1, 1),
            (1, Outcome::InForce, "start".to_owned(), 1, 0, 1)
        ]
    );
}

#[test]
fn a_start_that_finds_broken_files_serves_with_the_last_good_sets() {
    let ground = Ground::new("@dhl.com\n");
    // None is kept yet.
    ground.list("*\n");
    let refused = ground.try_start().err().unwrap().to_string();
    for words in [
        "couriers.txt:1: ",
        "wildcard",
        "no last good set is kept at",
        "allowlist check",
    ] {
        assert!(refused.contains(words), "{words} in {refused}");
    }
    ground.list("@dhl.com\n");
    assert_eq!(ground.start().outcomes().all_failed(), [""; 0]);
    ground.list("@ups.com\n*\n");
    std::fs::write(ground.path("rules/test.toml"), "nonsense").unwrap();
    let examined = examine(&ground.start().sources, &ground.kept());
    assert!(
        examined
            .iter()
            .all(|set| set.at_start == AtStart::LastGood(NOW)),
        "{examined:?}"
    );
    let in_force = ground.start();
    let now = in_force.current();
    assert!(lets_in(&now, "x@dhl.com") && !lets_in(&now, "x@ups.com") && rule(&now) == "test.one");
    assert_eq!(
        in_force.outcomes().all_failed(),
        ["allowlist", "content rules"]
    );
    let last = &in_force.generations()[0];
    assert_eq!(
        (last.outcome, last.generation, &*last.by, last.times),
        (Outcome::Refused, 1, "start", 2)
    );
    assert!(last.error.contains("couriers.txt:2"), "{last:?}");
    // What is mended is in force again, and the next start knows nothing of it all.
    ground.list("@ups.com\n");
    ground.rules("two");
    assert_eq!(reloaded(&in_force).generation, 2);
    assert!(lets_in(&ground.start().current(), "x@ups.com"));
}

#[test]
fn a_last_good_set_whose_bytes_have_changed_lets_nobody_in() {
    let ground = Ground::new("@dhl.com\n");
    drop(ground.start());
    ground.list("*\n");
    let kept = ground.kept().join("allowlist.json");
    let whole = std::fs::read_to_string(&kept).unwrap();
    for damaged in [
        whole.replace("@dhl.com", "@evil.com"),
        whole.split_at(whole.len() / 2).0.to_owned(),
        String::new(),
        "null".to_owned(),
    ] {
        std::fs::write(&kept, damaged).unwrap();
        let refused = ground.try_start().err().unwrap().to_string();
        assert!(
            refused.contains("couriers.txt:1")
                && refused.contains("allowlist.json: its bytes have changed"),
            "{refused}"
        );
    }
    std::fs::write(&kept, whole).unwrap();
    assert!(lets_in(&ground.start().current(), "x@dhl.com"));
}

#[test]
fn a_reload_takes_effect_where_nothing_can_be_written_and_says_so() {
    let ground = Ground::new("@dhl.com\n");
    // A file in the place of the folder: root, too, cannot write there.
    std::fs::write(ground.kept(), "").unwrap();
    let in_force = ground.start();
    ground.list("@ups.com\n");
    let reload = in_force.reload(What::All, "uid 7");
    assert!(reload.allowlist.unwrap().is_ok() && lets_in(&in_force.current(), "x@ups.com"));
    assert!(
        !reload.unkept.is_empty() && reload.unkept.iter().all(|told| told.contains("in-force")),
        "{:?}",
        reload.unkept
    );
}

#[test]
fn the_history_outlives_restarts_torn_lines_and_a_thousand_reloads() {
    let ground = Ground::new("@dhl.com\n");
    drop(ground.start());
    // A restart with the same files is no new generation.
    drop(ground.start());
    ground.list("@dhl.com\n@ups.com\n");
    let in_force = ground.start();
    let start = |generation, added| {
        (
            generation,
            Outcome::InForce,
            "start".to_owned(),
            added,
            0,
            1,
        )
    };
    assert_eq!(lines(&in_force), [start(2, 1), start(1, 1)]);
    // The same fault again and again is one line, and the end of it another.
    ground.list("*\n");
    for _ in 0..5 {
        in_force.reload(What::Allowlist, "uid 7");
    }
    ground.list("@ups.com\n@dhl.com # in another order\n");
    assert_eq!(reloaded(&in_force).generation, 2);
    reloaded(&in_force);
    let refused = (2, Outcome::Refused, "uid 7".to_owned(), 0, 0, 5);
    let mended = (2, Outcome::InForce, "uid 7".to_owned(), 0, 0, 1);
    let known = [mended, refused, start(2, 1), start(1, 1)];
    assert_eq!(lines(&in_force), known);
    drop(in_force);
    // A crash in the middle of a line.
    let file = ground.kept().join("generations.ndjson");
    let whole = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, format!("{whole}{{\"n\": 5, \"gen")).unwrap();
    let in_force = ground.start();
    assert_eq!(lines(&in_force), known);
    ground.list("@fedex.com\n");
    assert_eq!(reloaded(&in_force).generation, 3);
    drop(in_force);
    let noted = lines(&ground.start());
    let by_hand = (3, Outcome::InForce, "uid 7".to_owned(), 1, 2, 1);
    assert_eq!((&noted[0], &noted[1..]), (&by_hand, &known[..]));
    // Bounded, in memory and on the disk.
    let mut noted = Generations::read(&ground.kept()).unwrap();
    let line = noted.newest_first().next().unwrap().clone();
    for generation in 0..2_500 {
        let error = format!("{generation}{}", "ż".repeat(5_000));
        let outcome = Outcome::Refused;
        noted
            .note(Generation {
                generation,
                error,
                outcome,
                ..line.clone()
            })
            .unwrap();
    }
    let read = Generations::read(&ground.kept()).unwrap();
    let newest: Vec<u64> = read.newest_first().map(|line| line.generation).collect();
    assert_eq!(
        (newest.len(), newest[0], newest[999]),
        (1_000, 2_499, 1_500)
    );
    let written = std::fs::read_to_string(&file).unwrap();
    assert!(written.lines().count() <= 2_000 && written.len() < 5_000_000);
}

#[test]
fn what_is_kept_is_its_owners_alone() {
    use std::os::unix::fs::PermissionsExt;
    let ground = Ground::new("@dhl.com\n");
    let _in_force = ground.start();
    let mode = |path: &Path| path.metadata().unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&ground.kept()), 0o700);
    let mut names = Vec::new();
    for entry in std::fs::read_dir(ground.kept()).unwrap() {
        let path = entry.unwrap().path();
        assert_eq!(mode(&path), 0o600, "{path:?}");
        names.push(path.file_name().unwrap().to_str().unwrap().to_owned());
    }
    names.sort();
    assert_eq!(
        names,
        ["allowlist.json", "generations.ndjson", "rules.json"]
    );
}
