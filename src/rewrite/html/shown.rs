//! What a reader sees of a document, as one text, and what has to change of its tokens.

use std::ops::Range;

use super::pieces::{Kind, Piece};
use crate::rewrite::masker::Masker;

/// What stands in a place of the source from now on.
type Edit = (Range<usize>, String);

/// What a reader sees, and where each piece of it begins.
struct Shown {
    text: String,
    /// The number of a piece, and where its text begins.
    starts: Vec<(usize, usize)>,
}

/// The tokens of text that hold something, written anew.
pub(super) fn edits(pieces: &[Piece], source: &str, masker: &Masker) -> Vec<Edit> {
    let shown = Shown::of(pieces);
    let mut changes: Vec<(usize, Range<usize>, &str)> = Vec::new();
    let mut from = 0;
    while let Some(hit) = masker.hit(shown.text.as_bytes(), from) {
        from = hit.place.end;
        let mut new = hit.shown;
        for (number, place) in shown.places(pieces, &hit.place) {
            changes.push((number, place, new));
            // The rest of it goes.
            new = "";
        }
    }
    let mut edits = Vec::new();
    for of_one in changes.chunk_by(|(one, ..), (other, ..)| one == other) {
        let Some(piece) = of_one.first().and_then(|(number, ..)| pieces.get(*number)) else {
            continue;
        };
        let of_one = of_one.iter().map(|(_, place, new)| (place.clone(), *new));
        edits.extend(rewritten(piece, source, of_one));
    }
    edits
}

impl Shown {
    fn of(pieces: &[Piece]) -> Self {
        let mut shown = Self {
            text: String::new(),
            starts: Vec::new(),
        };
        for (number, piece) in pieces.iter().enumerate() {
            match piece.kind {
                Kind::Text => {
                    shown.starts.push((number, shown.text.len()));
                    shown.text.push_str(&piece.value);
                }
                Kind::Parting if !shown.text.ends_with('\n') => shown.text.push('\n'),
                _ => {}
            }
        }
        shown
    }

    /// The pieces that a place reaches into, and where in each.
    fn places<'a>(
        &'a self,
        pieces: &'a [Piece],
        place: &'a Range<usize>,
    ) -> impl Iterator<Item = (usize, Range<usize>)> + 'a {
        let first = self
            .starts
            .partition_point(|(_, start)| *start <= place.start);
        let reached = self.starts.iter().skip(first.saturating_sub(1));
        let reached = reached.take_while(|(_, start)| *start < place.end);
        reached.filter_map(|(number, start)| {
            let length = pieces.get(*number)?.value.len();
            let from = place.start.saturating_sub(*start).min(length);
            let to = place.end.saturating_sub(*start).min(length);
            (from < to).then_some((*number, from..to))
        })
    }
}

/// A piece with these places of its value changed: in its source, where every character stands for itself; else anew as a whole.
fn rewritten<'a>(
    piece: &Piece,
    source: &str,
    changes: impl Iterator<Item = (Range<usize>, &'a str)> + Clone,
) -> Vec<Edit> {
    let raw = source.get(piece.place.clone()).unwrap_or_default();
    if let Some(places) = places_in(raw, &piece.value) {
        let at = |offset: usize| places.get(offset).copied().unwrap_or(raw.len());
        // Behind its last octet: before the next one stands the first of a line end that a browser takes for one.
        let end = |place: &Range<usize>| match place.end.checked_sub(1) {
            Some(last) if !place.is_empty() => (at(last) + 1).min(raw.len()),
            _ => at(place.start),
        };
        let moved = |(place, new): (Range<usize>, &str)| {
            let (start, end) = (at(place.start), end(&place));
            (
                piece.place.start + start..piece.place.start + end,
                new.to_owned(),
            )
        };
        return changes.map(moved).collect();
    }
    let mut value = String::with_capacity(piece.value.len() + 64);
    let mut copied = 0;
    for (place, new) in changes {
        value.push_str(piece.value.get(copied..place.start).unwrap_or_default());
        value.push_str(new);
        copied = place.end;
    }
    value.push_str(piece.value.get(copied..).unwrap_or_default());
    vec![(piece.place.clone(), piece.written(&value))]
}

/// Where in `raw` each octet of `value` stands, if they are the same but for line ends, of which a browser takes two octets for one.
fn places_in(raw: &str, value: &str) -> Option<Vec<usize>> {
    let octets = raw.as_bytes();
    let kept = |at: &usize| octets.get(*at) != Some(&b'\r') || octets.get(at + 1) != Some(&b'\n');
    let places: Vec<usize> = (0..octets.len()).filter(kept).collect();
    let same = places
        .iter()
        .filter_map(|at| octets.get(*at))
        .eq(value.as_bytes());
    same.then_some(places)
}
