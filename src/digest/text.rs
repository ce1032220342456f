//! The text under way, within its bound, and texts without markup: as they are, or unwrapped (`format=flowed`, RFC 3676).

use std::ops::Range;

use super::MOST_TEXT;
use super::lines::marks;
use crate::message::Parameters;

/// Lines in a row that only a program marks, at least.
const LEAST_MARKED: usize = 3;

/// A text in lines that end in LF.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Text {
    pub(super) text: String,
    /// Where lines stand whose marks a mail program set: in order, apart.
    pub(super) cited: Vec<Range<usize>>,
    /// Whether something did not fit.
    pub(super) cut: bool,
}

impl Text {
    /// Adds a line, without what is a control. Empty lines at the front go.
    pub(super) fn line(&mut self, line: &str, cited: bool) {
        let kept = |c: &char| (*c == '\t' || !c.is_control()) && *c != '\u{feff}';
        if self.cut || self.text.is_empty() && line.trim().is_empty() {
            return;
        }
        let start = self.text.len();
        // Most lines go as they are.
        let is_plain = |octet: u8| matches!(octet, b' '..=b'~' | b'\t');
        // Without an end in between, several octets are looked at in one step.
        let plain = line
            .bytes()
            .fold(true, |plain, octet| plain & is_plain(octet));
        if plain && self.text.len() + line.len() < MOST_TEXT {
            self.text.push_str(line);
        }
        let rest = match self.text.len() > start || line.is_empty() {
            true => "",
            false => line,
        };
        for c in rest.chars().filter(kept) {
            if self.text.len() + c.len_utf8() >= MOST_TEXT {
                self.cut = true;
                break;
            }
            self.text.push(c);
        }
        self.text.push('\n');
        if cited {
            self.cite(start..self.text.len());
        }
    }

    fn cite(&mut self, place: Range<usize>) {
        match self.cited.last_mut() {
            Some(last) if last.end >= place.start => last.end = last.end.max(place.end),
            _ => self.cited.push(place),
        }
    }

    /// Whether there is nothing to read.
    pub(super) fn is_blank(&self) -> bool {
        self.text.trim().is_empty()
    }

    /// Adds another text below an empty line.
    pub(super) fn append(&mut self, other: Self) {
        if self.text.is_empty() {
            *self = other;
            return;
        }
        self.line("", false);
        let mut at = 0;
        let mut cited = other.cited.iter().peekable();
        for line in other.text.split_inclusive('\n') {
            while cited.next_if(|place| place.end <= at).is_some() {}
            let marked = cited.peek().is_some_and(|place| place.start <= at);
            self.line(line.trim_end_matches('\n'), marked);
            at += line.len();
        }
        self.cut |= other.cut;
    }

    /// Without what is empty at its end.
    pub(super) fn trimmed(mut self) -> Self {
        let end = self.text.trim_end().len();
        self.text.truncate(end);
        for place in &mut self.cited {
            place.end = place.end.min(end);
        }
        self.cited.retain(|place| place.start < place.end);
        self
    }
}

/// Reads a text of this Content-Type that has no markup.
pub(super) fn plain(text: &str, kind: &Parameters) -> Text {
    let says = |name: &str, value: &str| {
        kind.get(name)
            .is_some_and(|found| found.trim().eq_ignore_ascii_case(value))
    };
    let mut out = Text::default();
    // A CR alone ends a line in old programs' texts, and nothing in others.
    let lines = text.split('\n').flat_map(|line| {
        let line = line.strip_suffix('\r').unwrap_or(line);
        line.split('\r')
    });
    if says("format", "flowed") {
        unwrap(lines, says("delsp", "yes"), &mut out);
    } else {
        lines.for_each(|line| out.line(line, false));
    }
    out.cited = marked_by_programs(&out.text);
    out
}

/// RFC 3676 4: a line that ends in a blank goes on in the next one of the same depth of quotes; with `delsp` that blank is not the text's.
fn unwrap<'t>(lines: impl Iterator<Item = &'t str>, delsp: bool, out: &mut Text) {
    let mut paragraph: Option<(usize, String)> = None;
    for line in lines {
        let depth = line.bytes().take_while(|octet| *octet == b'>').count();
        let content = line.get(depth..).unwrap_or_default();
        let content = content.strip_prefix(' ').unwrap_or(content);
        let is_signature = content == "-- ";
        let flows = content.ends_with(' ') && !is_signature;
        let content = match flows && delsp {
            true => content.strip_suffix(' ').unwrap_or(content),
            false => content,
        };
        match &mut paragraph {
            Some((before, text)) if *before == depth && !is_signature => text.push_str(content),
            _ => {
                finish(&mut paragraph, out);
                paragraph = Some((depth, content.to_owned()));
            }
        }
        if !flows {
            finish(&mut paragraph, out);
        }
    }
    finish(&mut paragraph, out);
}

fn finish(paragraph: &mut Option<(usize, String)>, out: &mut Text) {
    if let Some((depth, text)) = paragraph.take() {
        out.line(&quoted(depth, &text), false);
    }
}

/// Marks shown in front of a line, at most: nobody reads more.
const MOST_MARKS: usize = 16;

/// A line behind as many marks.
pub(super) fn quoted(depth: usize, line: &str) -> String {
    let marks = ">".repeat(depth.min(MOST_MARKS));
    match (depth, line.is_empty()) {
        (0, _) => line.to_owned(),
        (_, true) => marks,
        (_, false) => format!("{marks} {line}"),
    }
}

/// Where marks stand that nobody types: in front of several lines in a row, an empty one or a quote in the quote among them.
fn marked_by_programs(text: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let (mut from, mut count, mut typical, mut at) = (0, 0, false, 0);
    for line in text.split_inclusive('\n').chain([""]) {
        let (depth, content) = marks(line);
        if depth == 0 {
            if count >= LEAST_MARKED && typical {
                found.push(from..at);
            }
            (count, typical) = (0, false);
            from = at + line.len();
        } else {
            // An empty one at the end may be a mark alone.
            typical |= depth > 1 || count > 0 && content.trim().is_empty();
            count += 1;
        }
        at += line.len();
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str, kind: &str) -> String {
        plain(text, &Parameters::parse(kind.as_bytes()))
            .trimmed()
            .text
    }

    #[test]
    fn lines_that_flow_are_one() {
        for (kind, text, want) in [
            ("text/plain", "a \r\nb\r\n", "a \nb"),
            ("text/plain; format=flowed", "a \r\nb\r\nc\r\n", "a b\nc"),
            ("text/plain; format=Flowed; delsp=yes", "a \r\nb\r\n", "ab"),
            (
                "text/plain; format=flowed",
                "> a \r\n> b\r\n>> c \r\n> d\r\ne",
                "> a b\n>> c \n> d\ne",
            ),
            (
                "text/plain; format=flowed",
                "a \r\n-- \r\nJan \r\nNowak\r\n",
                "a \n-- \nJan Nowak",
            ),
            // Space-stuffed (RFC 3676 4.4).
            ("text/plain; format=flowed", " > a\r\n  b\r\n", "> a\n b"),
            (
                "text/plain",
                "\r\n\r\na\rb\r\n\u{7}\u{feff}c\t\r\n\r\n",
                "a\nb\nc",
            ),
        ] {
            assert_eq!(read(text, kind), want, "{text:?}");
        }
    }

    #[test]
    fn a_long_text_ends_between_two_characters() {
        let long = plain(&"żółw ".repeat(20_000), &Parameters::default());
        assert!(long.cut && long.text.len() <= MOST_TEXT);
        let short = plain(&"a".repeat(MOST_TEXT - 1), &Parameters::default());
        assert!(!short.cut && short.text.len() == MOST_TEXT);
        let mut both = short;
        both.append(plain("b", &Parameters::default()));
        assert!(both.cut && both.text.len() <= MOST_TEXT + 2);
    }

    #[test]
    fn marks_that_nobody_types_are_a_programs() {
        for (text, wanted) in [
            ("> a\n> b\n> c\n", false),
            ("> a\n>\n> c\n", true),
            ("> a\n>> b\n> c\n", true),
            ("> > a\n> b\n", false),
            ("x\n> a\n> > b\n> c\nx\n", true),
        ] {
            assert_eq!(!marked_by_programs(text).is_empty(), wanted, "{text}");
        }
    }
}
