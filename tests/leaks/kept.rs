//! Whether a message that has left says what its writer said: each part's content, file names and octets against what came.

use allegromail::message::{self, Encoding, Field, Holds, Message, Parameters, Part, charset};

/// What is not as it was in a message that has left, part by part: the decoded content, and the octets of what is no text. Signatures are emptied.
pub(crate) fn changed(letter: &Message, sent: &Message) -> Vec<String> {
    let (before, after) = (&letter.structure().parts, &sent.structure().parts);
    if before.len() != after.len() {
        return vec![format!("{} parts, and {}", before.len(), after.len())];
    }
    let parts = before.iter().zip(after).enumerate();
    let differs = |(number, (old, new)): (usize, (&Part, &Part))| {
        let (was, is) = (
            &letter.raw()[old.body.clone()],
            &sent.raw()[new.body.clone()],
        );
        let what = |what: &str| Some(format!("part {number}, {}: {what}", old.kind.essence));
        // A message under an encoding is masked as one, fields and all.
        let message = old.kind.essence.starts_with("message/");
        if old.holds != Holds::Content
            || message
            || (is.is_empty() && old.kind.essence.contains("signature"))
        {
            return None;
        }
        if old.kind.essence != new.kind.essence {
            return what(&format!("is {} now", new.kind.essence));
        }
        let (named, names) = (
            names(&letter.raw()[old.head.clone()]),
            names(&sent.raw()[new.head.clone()]),
        );
        if named != names {
            return what(&format!("the names {named:?} became {names:?}"));
        }
        // What its label does not fit is written anew.
        if decoded(old, was) != decoded(new, is) {
            let (was, is) = (text(old, was), text(new, is));
            if was.is_some() && was == is {
                let fits = is.is_none_or(|text| declaration_fits(&text, new));
                return (!fits)
                    .then(|| what("left the charset that it names itself"))
                    .flatten();
            }
            return (was.is_none() || was != is).then(|| {
                let (was, is) = (was.unwrap_or_default(), is.unwrap_or_default());
                let same = was.chars().zip(is.chars()).take_while(|(a, b)| a == b);
                let from = same.count().saturating_sub(40);
                let piece = |text: &str| text.chars().skip(from).take(160).collect::<String>();
                format!(
                    "part {number}, {}: {:?} became {:?}",
                    old.kind.essence,
                    piece(&was),
                    piece(&is)
                )
            });
        }
        (!is_text(&old.kind.essence) && was != is)
            .then(|| what("is written anew"))
            .flatten()
    };
    parts.filter_map(differs).collect()
}

/// Whether a type is text whatever it is called, which may be written anew where its label does not fit.
fn is_text(essence: &str) -> bool {
    let last = essence.rsplit(['/', '+']).next().unwrap_or_default();
    essence.starts_with("text/") || ["xml", "json", "rtf"].contains(&last)
}

/// Whether what XML or HTML says of its own charset is what its part is labelled with: who saves it as a file has nothing else to go by.
fn declaration_fits(text: &str, part: &Part) -> bool {
    let front: String = text.chars().take(1_000).collect();
    let said = ["<?xml version=\"1.0\" encoding=", "<meta charset="]
        .iter()
        .find_map(|before| Some(front.split_once(before)?.1.trim_start_matches('"')));
    let name = said.and_then(|said| said.split('"').next());
    let label = part.kind.get("charset").unwrap_or_default();
    let known = |label: &str| encoding_rs::Encoding::for_label(label.as_bytes());
    name.is_none_or(|name| known(name) == known(label))
}

/// The file names that the head of a part has, as a reader sees them.
fn names(head: &[u8]) -> Vec<String> {
    let of = |field: Field<'_>| {
        let key = match field.name.to_ascii_lowercase().as_slice() {
            b"content-type" => "name",
            b"content-disposition" => "filename",
            _ => return None,
        };
        let name = Parameters::parse(field.value).get(key)?.to_owned();
        Some(format!("{key}={}", message::decode(name.as_bytes())))
    };
    let mut names: Vec<String> = message::fields(head).filter_map(of).collect();
    names.sort();
    names
}

/// The content of a part without its transfer encoding.
fn decoded(part: &Part, octets: &[u8]) -> Vec<u8> {
    Encoding::of(&part.encoding).decode(octets).into_owned()
}

/// The words of a part without its ids; none if its charset cannot be read.
fn text(part: &Part, octets: &[u8]) -> Option<String> {
    let label = part.kind.get("charset").unwrap_or_default();
    let octets = decoded(part, octets);
    let read = charset::decode(label, &octets).ok()?;
    Some(without_events(&without_ids(&read.text)))
}

/// A calendar or a card without its lines of ids, which are sealed, and of the program's name; other texts as they are.
fn without_events(text: &str) -> String {
    if !text.trim_start().starts_with("BEGIN:V") {
        return text.to_owned();
    }
    let unfolded = text.replace("\r\n ", "").replace("\n ", "");
    let kept = unfolded
        .lines()
        .filter(|line| !line.starts_with("UID") && !line.starts_with("PRODID"));
    kept.collect::<Vec<_>>().join("\n")
}

/// A text without the ids by which it refers to other parts.
pub(crate) fn without_ids(text: &str) -> String {
    let mut pieces = text.split("cid:");
    let first = pieces.next().unwrap_or_default().to_owned();
    pieces.fold(first, |text, piece| {
        text + "cid:" + piece.trim_start_matches(|c: char| !"\"'> )".contains(c))
    })
}
