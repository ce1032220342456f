//! What is shown of a message: its text, its quotes, its files.

use allegromail::digest::{Digest, MOST_TEXT};
use allegromail::mail::ReversePath;
use allegromail::message::Message;

/// A message, or by the first octet a text of one kind: places are in the text and in order, names are no paths, and what is known is still the text.
pub fn digest(octets: &[u8]) {
    let Some((first, rest)) = octets.split_first() else {
        return;
    };
    let head: &[u8] = match first % 4 {
        0 => b"",
        1 => b"Content-Type: text/html; charset=utf-8\r\n\r\n",
        2 => b"Content-Type: text/plain; charset=utf-8\r\n\r\n",
        _ => b"Content-Type: text/plain; charset=utf-8; format=flowed\r\n\r\n",
    };
    let raw = [head, rest].concat();
    let Ok(message) = Message::parse(raw.clone().into()) else {
        return;
    };
    let found = Digest::of(&message, &ReversePath::Null, &[]);
    hold(&found, &raw);
    let (front, _) = found
        .text
        .split_at(found.text.floor_char_boundary(found.text.len() / 2));
    let again = Digest::of(&message, &ReversePath::Null, &[&found.text, front]);
    hold(&again, &raw);
    assert_eq!(again.text, found.text);
    assert_eq!(again.files, found.files);
}

fn hold(found: &Digest, raw: &[u8]) {
    assert!(found.text.len() <= MOST_TEXT);
    let mut at = 0;
    for place in &found.folded {
        assert!(at <= place.start && place.start < place.end);
        assert!(found.text.get(place.clone()).is_some(), "{place:?}");
        at = place.end;
    }
    for file in &found.files {
        let name = &file.name;
        assert!(!name.is_empty() && name.len() <= 200, "{name:?}");
        assert!(
            !name.contains(['/', '\\', '\0', '\r', '\n', '\u{202e}']),
            "{name:?}"
        );
        assert!(raw.get(file.place.clone()).is_some());
        assert!(file.size <= file.place.len());
    }
}
