//! Letters in the shapes of mail programs, with what each writer wrote and what the program quoted (tests/data/digest/README.md).

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::digest::Digest;
use crate::mail::ReversePath;
use crate::message::Message;

#[derive(Deserialize)]
struct Letter {
    id: String,
    client: String,
    hard: String,
    own: Vec<String>,
    quoted: Vec<String>,
    shown: Vec<String>,
    earlier: Vec<String>,
    message: String,
}

/// A text by its letters and digits.
fn squeezed(text: &str) -> String {
    let letters = text
        .chars()
        .filter(|c| c.is_alphanumeric() || *c >= '\u{1f000}');
    letters.flat_map(char::to_lowercase).collect()
}

/// What of a text is folded, and what is not.
fn halves(digest: &Digest) -> (String, String) {
    let (mut folded, mut open, mut at) = (String::new(), String::new(), 0);
    for place in &digest.folded {
        open.push_str(digest.text.get(at..place.start).unwrap());
        folded.push_str(digest.text.get(place.clone()).unwrap());
        at = place.end;
    }
    open.push_str(digest.text.get(at..).unwrap());
    (squeezed(&folded), squeezed(&open))
}

#[test]
fn no_own_word_is_folded_and_nearly_all_quoted_lines_are() {
    let rows = include_str!("../../../tests/data/digest/messages.jsonl").lines();
    let letters: Vec<Letter> = rows.map(|row| serde_json::from_str(row).unwrap()).collect();
    let hard = letters
        .iter()
        .filter(|letter| !letter.hard.is_empty())
        .count();
    assert!(letters.len() >= 200 && hard >= 40);
    let (mut wrong, mut left) = (Vec::new(), Vec::new());
    let (mut own, mut quoted, mut shown, mut folded) = (0, 0, 0, 0);
    let mut clients: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
    for letter in &letters {
        let message = Message::parse(letter.message.clone().into()).unwrap();
        let earlier: Vec<&str> = letter.earlier.iter().map(String::as_str).collect();
        let digest = Digest::of(&message, &ReversePath::Null, &earlier);
        let (inside, outside) = halves(&digest);
        let name = format!("{} {} {}", letter.id, letter.client, letter.hard);
        let mut rest = outside.as_str();
        for line in &letter.own {
            own += 1;
            match rest.split_once(&squeezed(line)) {
                Some((_, behind)) => rest = behind,
                None => wrong.push(format!("{name}: {line}\n{digest:#?}")),
            }
        }
        let all = squeezed(&digest.text);
        for line in letter.quoted.iter().chain(&letter.shown) {
            if !all.contains(&squeezed(line)) {
                wrong.push(format!("{name}: lost: {line}\n{digest:#?}"));
            }
        }
        let client = clients.entry(&letter.client).or_default();
        for line in letter
            .quoted
            .iter()
            .filter(|line| !squeezed(line).is_empty())
        {
            client.1 += 1;
            match inside.contains(&squeezed(line)) {
                true => client.0 += 1,
                false => left.push(format!("{name}: {line}")),
            }
        }
        folded += letter
            .quoted
            .iter()
            .filter(|line| inside.contains(&squeezed(line)))
            .count();
        quoted += letter.quoted.len();
        shown += letter.shown.len();
    }
    println!(
        "{} messages, {hard} of them hard: {} of {own} own lines folded or lost; {folded} of {quoted} quoted lines folded, {:.1} %; with the {shown} that \
         stand below own words {:.1} %",
        letters.len(),
        wrong.len(),
        percent(folded, quoted),
        percent(folded, quoted + shown)
    );
    for (client, (folded, quoted)) in &clients {
        println!("{client}: {folded} of {quoted}");
    }
    left.iter().for_each(|line| println!("not folded: {line}"));
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(folded * 100 >= quoted * 95);
}

fn percent(part: usize, whole: usize) -> f64 {
    let number = |count: usize| f64::from(u32::try_from(count).unwrap());
    100.0 * number(part) / number(whole)
}
