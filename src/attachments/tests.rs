//! Tables of tricks and of honest mail.
#![allow(clippy::too_many_lines)]

mod files;
mod names;
mod samples;
mod signatures;
mod texts;
mod tricks;
mod two_in_one;

use super::{Declared, Judgement, judge};

/// A part: its names, its type, its contents.
type Part = (&'static [&'static str], &'static str, Vec<u8>);

fn judged(part: &Part, in_report: bool) -> Judgement {
    let declared = Declared {
        essence: part.1,
        in_report,
        names: part.0,
    };
    judge(&declared, &part.2)
}

#[test]
fn pieces_of_files_do_no_harm() {
    let files = [
        samples::png(),
        samples::jpeg(),
        samples::gif(),
        samples::bmp(),
        samples::tiff(),
        samples::pdf(),
        samples::exe(),
        samples::zip(),
        samples::ole("Workbook"),
    ];
    for file in files {
        for end in 0..file.len() {
            judged(&(&["x.pdf"], "image/png", file[..end].to_vec()), false);
        }
    }
}

#[test]
fn the_words_are_ascii_and_bounded() {
    for name in [
        "\u{202e}".repeat(5_000),
        "ż".repeat(5_000),
        "a\"\r\n250 OK\\".repeat(100),
    ] {
        let declared = Declared {
            essence: &"x".repeat(500),
            names: &[name.as_str(), "b.pdf"],
            ..Declared::default()
        };
        let Judgement::Refused(refusal) = judge(&declared, b"MZ") else {
            panic!("passed");
        };
        let words = refusal.to_string();
        assert!(words.is_ascii() && words.len() < 1_000, "{words}");
        assert!(!words.contains(['\r', '\n']), "{words}");
    }
}
