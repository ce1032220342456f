//! HTML as text: golden cases under `tests/data/digest/html`, and what no document may cost.

use std::fs;
use std::path::{Path, PathBuf};

use super::read;
use crate::digest::MOST_TEXT;

fn cases() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/digest/html");
    let entries = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let mut cases: Vec<PathBuf> = entries
        .filter(|path| path.extension().is_some_and(|e| e == "html"))
        .collect();
    cases.sort();
    cases
}

#[test]
fn documents_are_shown_as_their_texts_say() {
    let cases = cases();
    assert!(cases.len() >= 30, "{} cases", cases.len());
    let mut wrong = Vec::new();
    for case in &cases {
        let shown = read(&fs::read_to_string(case).unwrap()).text + "\n";
        let wanted = case.with_extension("txt");
        if fs::read_to_string(&wanted).ok().as_ref() != Some(&shown) {
            fs::write(wanted.with_extension("actual.txt"), &shown).unwrap();
            wrong.push(format!("{}:\n{shown}", case.display()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn h208_no_document_costs_more_than_its_tags() {
    const COUNT: usize = 10_000;
    for (piece, end) in [
        ("<blockquote>", "</blockquote>"),
        ("<div>", "</div>"),
        ("<p>", ""),
        ("<ul><li>", "</li></ul>"),
        ("<table><tr><td>", "</td></tr></table>"),
        ("<a href=https://a.example/>", "</a>"),
        ("<div style=display:none>", "</div>"),
        ("<b><i>", "</b></i>"),
        ("<pre>", ""),
    ] {
        let document = format!("Raz {}dwa{} trzy", piece.repeat(COUNT), end.repeat(COUNT));
        let text = read(&document);
        assert!(
            text.text.starts_with("Raz") && text.text.len() < MOST_TEXT,
            "{piece}"
        );
        if !end.is_empty() {
            assert!(text.text.ends_with("trzy"), "{piece}");
        }
    }
    for piece in [
        "<br>",
        "<hr>",
        "&nbsp;<br>",
        "</p>",
        "<td>",
        "<li>x",
        "<",
        "&",
        "<x y=\"",
        "<!--",
    ] {
        let text = read(&piece.repeat(1_000_000 / piece.len()));
        assert!(text.text.len() <= MOST_TEXT, "{piece}");
    }
}

#[test]
fn what_is_shown_below_marks_of_a_program_is_cited() {
    let text = read("a<blockquote type=cite>b<p>c</p></blockquote>d<blockquote>e</blockquote>");
    assert_eq!(text.text, "a\n\n> b\n>\n> c\n\nd\n\n> e");
    let cited: Vec<&str> = text
        .cited
        .iter()
        .map(|place| text.text.get(place.clone()).unwrap())
        .collect();
    assert_eq!(cited, ["> b\n>\n> c\n"]);
}
