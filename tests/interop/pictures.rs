//! Pictures of twenty programs, stripped of what is private and judged by decoders and readers of metadata that share no code with us.
//!
//! `pictures/make.py` makes them and `pictures/check.py` judges them.

use std::fs;
use std::path::Path;
use std::process::Command;

use allegromail::pictures::{Kind, Stripped, strip};

use crate::support::programs::have;

/// Debian's own interpreter, which has Debian's libraries.
const PYTHON: &str = "/usr/bin/python3";

/// What makes the pictures, and what looks at them afterwards.
const PROGRAMS: [&str; 20] = [
    "apngasm",
    "cjpeg",
    "djpeg",
    "exiftool",
    "exiv2",
    "gifsicle",
    "gm",
    "gs",
    "identify",
    "jpegtran",
    "optipng",
    "pdftocairo",
    "pdftoppm",
    "pngcrush",
    "pnmtopng",
    "rsvg-convert",
    "tiffcp",
    "tiffinfo",
    "tiffset",
    "wrjpgcom",
];

/// Whether Debian's Python has these modules; if not, says so, or fails where they are required.
pub fn have_modules(modules: &str) -> bool {
    let there = Command::new(PYTHON)
        .args(["-c", &format!("import {modules}")])
        .output()
        .is_ok_and(|done| done.status.success());
    let required = std::env::var_os("ALLEGROMAIL_INTEROP").is_some_and(|mode| mode == "require");
    assert!(
        there || !required,
        "not installed for {PYTHON}, and required: {modules}"
    );
    if !there {
        eprintln!("SKIPPED: not installed for {PYTHON}: {modules}");
    }
    there
}

/// Runs a script below this folder, which is to end well: what it said.
pub fn python(script: &str, folders: &[&Path]) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/interop")
        .join(script);
    let done = Command::new(PYTHON)
        .arg("-B")
        .arg(path)
        .args(folders)
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&done.stdout).into_owned();
    let errors = String::from_utf8_lossy(&done.stderr);
    assert!(done.status.success(), "{script}: {told}{errors}");
    told
}

/// Strips every picture of a folder into another one; what is refused is not there afterwards, and the judges know what may be.
fn strip_all(from: &Path, into: &Path, keep_copyright: bool) {
    fs::create_dir(into).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap();
        let octets = fs::read(&path).unwrap();
        let kind = Kind::of(&octets).unwrap_or_else(|| panic!("{name:?} is of no kind"));
        let stripped = match strip(kind, &octets, keep_copyright) {
            Ok(stripped) => stripped,
            Err(broken) => {
                println!("{} {broken}", name.display());
                continue;
            }
        };
        match &stripped {
            Stripped::Kept(same) => assert!(*same == octets, "{name:?} is kept, yet another"),
            Stripped::Changed(new) => assert!(*new != octets, "{name:?} is changed, yet the same"),
        }
        let again = strip(kind, stripped.octets(), keep_copyright);
        assert!(
            again == Ok(Stripped::Kept(stripped.octets())),
            "{name:?} is changed a second time"
        );
        fs::write(into.join(name), stripped.octets()).unwrap();
    }
}

#[test]
fn pictures_of_many_programs_show_the_same_without_what_is_private() {
    if !have(&PROGRAMS) || !have_modules("numpy, piexif, PIL, tifffile") {
        return;
    }
    let folder = tempfile::TempDir::new().unwrap();
    let [before, after, bare] = ["before", "after", "bare"].map(|name| folder.path().join(name));
    print!("{}", python("pictures/make.py", &[&before]));
    strip_all(&before, &after, true);
    strip_all(&before, &bare, false);
    print!("{}", python("pictures/check.py", &[&before, &after, &bare]));
}
