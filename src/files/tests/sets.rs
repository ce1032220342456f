//! A set is read as one state of the disk, whatever is put in its place meanwhile.

use std::fs;
use std::io::Write;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use super::super::*;

/// Files of a folder, all with one text.
fn generation(folder: &Path, text: &str) {
    fs::create_dir(folder).unwrap();
    for number in 0..20 {
        fs::write(folder.join(format!("{number:02}.txt")), text).unwrap();
    }
}

/// Ends what goes on beside a test, also one that fails.
struct Ending<'a>(&'a AtomicBool);

impl Drop for Ending<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Every file once.
const ORDER: [usize; 20] = [
    7, 14, 1, 8, 15, 2, 9, 16, 3, 10, 17, 4, 11, 18, 5, 12, 19, 6, 13, 0,
];

/// Whether all files have one text.
fn is_of_one_text(texts: &[&[u8]]) -> bool {
    texts.iter().all(|text| *text == texts[0])
}

/// Reads `set` a few times while `swap` works; every set that is read must be one that there was. Returns how often one was read.
fn read_beside(
    set: &Path,
    swap: impl Fn(usize) + Sync,
    there_was: impl Fn(&[&[u8]]) -> bool,
) -> usize {
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let mut round = 0;
            while !done.load(Ordering::Relaxed) {
                swap(round);
                round += 1;
            }
        });
        let _ending = Ending(&done);
        let mut whole = 0;
        for _ in 0..10 {
            match read_set(set, "txt") {
                Ok(files) => {
                    let texts: Vec<_> = files.iter().map(|file| &*file.octets).collect();
                    assert!(there_was(&texts), "a mixture: {texts:?}");
                    assert_eq!(texts.len(), 20);
                    whole += 1;
                }
                Err(error) => assert!(
                    error.message.contains("changed again and again")
                        || error.message.contains("No such file"),
                    "{error}"
                ),
            }
        }
        whole
    })
}

#[test]
fn a_link_that_is_led_elsewhere_while_it_is_read_makes_no_mixture() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    generation(&path.join("a"), "@a.example\n");
    generation(&path.join("b"), "@b.example\n");
    let link = path.join("couriers");
    symlink("a", &link).unwrap();
    // As fast as it goes: hardly a reading is whole, and none is a mixture.
    read_beside(
        &link,
        |round| {
            let next = path.join("next");
            symlink(if round % 2 == 0 { "b" } else { "a" }, &next).unwrap();
            fs::rename(&next, &link).unwrap();
        },
        is_of_one_text,
    );
    // Now and then, as people and programs do it.
    let whole = read_beside(
        &link,
        |round| {
            std::thread::sleep(std::time::Duration::from_millis(100));
            let next = path.join("next");
            symlink(if round % 2 == 0 { "b" } else { "a" }, &next).unwrap();
            fs::rename(&next, &link).unwrap();
        },
        is_of_one_text,
    );
    assert!(whole >= 5, "{whole} of 10");
}

#[test]
fn files_that_are_written_while_they_are_read_make_no_mixture() {
    let folder = tempfile::tempdir().unwrap();
    let set = folder.path().join("couriers");
    // In place and of one length: only their times tell. The writer may be stopped anywhere for long, so what it has done of a round is a state of the
    // disk, too: those that it came to are of the round, the others of the one before. It goes in another order than whoever
    // reads, or what is read in pieces would look the same.
    let text = |round: usize| format!("@{round:08}.example\n");
    generation(&set, &text(0));
    let write = |round: usize| {
        for number in ORDER {
            let path = set.join(format!("{number:02}.txt"));
            let mut file = fs::File::options().write(true).open(path).unwrap();
            file.write_all(text(round + 1).as_bytes()).unwrap();
        }
    };
    read_beside(&set, write, |texts| {
        let written = ORDER.map(|number| texts[number]);
        let round = |text: &[u8]| -> usize {
            let digits = &text[1..9];
            std::str::from_utf8(digits).unwrap().parse().unwrap()
        };
        let (first, last) = (round(written[0]), round(written[19]));
        first - last <= 1 && written.windows(2).all(|two| two[0] >= two[1])
    });
}

#[test]
fn what_is_no_set_is_told_and_not_read() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    let told = |path: &Path| read_set(path, "txt").err().unwrap();
    let huge = path.join("huge.txt");
    fs::File::create(&huge)
        .unwrap()
        .set_len(LARGEST_SET + 1)
        .unwrap();
    assert!(told(&huge).message.contains("larger than 16 MiB"));
    // Each is small enough, and all of them are not.
    let many = path.join("many");
    fs::create_dir(&many).unwrap();
    for name in ["a.txt", "b.txt"] {
        let file = fs::File::create(many.join(name)).unwrap();
        file.set_len(LARGEST_SET / 2 + 1).unwrap();
    }
    let error = told(&many);
    assert!(error.message.contains("larger than 16 MiB") && error.path == many);
    // Nobody writes into it: reading would never end.
    let odd = path.join("odd");
    fs::create_dir(&odd).unwrap();
    let status = std::process::Command::new("mkfifo")
        .arg(odd.join("pipe.txt"))
        .status();
    assert!(status.unwrap().success());
    let error = told(&odd);
    assert!(error.message.contains("no regular file") && error.path.ends_with("pipe.txt"));
    let error = told(&path.join("absent"));
    assert!(
        error.path.ends_with("absent") && error.message.contains("No such file"),
        "{error}"
    );
}
