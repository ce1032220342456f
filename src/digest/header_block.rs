//! The header lines that mail programs write above a quote without marks: from whom, when, to whom, about what.

use super::lines::Line;

/// Lines of such a block, at most: lists of recipients go over several.
const MOST_LINES: usize = 16;
/// Lines over which one field goes, at most.
const MOST_FOLDED: usize = 3;
/// Lines within which it stands: with what is above it.
pub(super) const REACH: usize = MOST_LINES + 2;
/// The longest of these lines, and of the line of dashes above them, in octets.
const LONGEST: usize = 400;

/// What a field says.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Field {
    From,
    Date,
    Other,
}

/// The names of fields by what they say, in small letters: English, Polish, Czech, Slovak, Hungarian, German.
const FIELDS: [(Field, &str); 3] = [
    (Field::From, "from od feladó küldő von"),
    (
        Field::Date,
        "sent date wysłano wysłane data odesláno datum odoslané dátum elküldve küldve gesendet",
    ),
    (
        Field::Other,
        "to cc bcc subject reply-to importance do dw udw temat ważność komu kopie předmět důležitost kópia predmet címzett másolat másolatot tárgy an betreff \
         priorytet odpowiedz-do",
    ),
];

/// What the line above such a block says, by words that all are in it.
const ABOVE: [&[&str]; 16] = [
    &["original", "message"],
    &["forwarded", "message"],
    &["wiadomość", "oryginalna"],
    &["oryginalna", "wiadomość"],
    &["przekazana", "wiadomość"],
    &["wiadomość", "przekazana"],
    &["treść", "przekazanej", "wiadomości"],
    &["původní", "zpráva"],
    &["původní", "e-mail"],
    &["přeposlaná", "zpráva"],
    &["pôvodná", "správa"],
    &["preposlaná", "správa"],
    &["eredeti", "üzenet"],
    &["eredeti", "levél"],
    &["továbbított", "üzenet"],
    &["ursprüngliche", "nachricht"],
];

/// How many lines at the front of `lines` are such a block, with the line of dashes above it; none if they are not.
pub(super) fn count(lines: &[Line<'_>]) -> Option<usize> {
    let (above, worded) = match lines.first()?.content {
        line if is_row(line) => (1, false),
        line if is_worded(line) => (1, true),
        _ => (0, false),
    };
    let empty = |at: usize| lines.get(at).is_some_and(Line::is_empty);
    let start = above + usize::from(above > 0 && empty(above));
    let rest = lines.get(start..).unwrap_or_default();
    // First from whom: that is what all programs have in common.
    if rest.first().and_then(|line| field(line.content)) != Some(Field::From) {
        return None;
    }
    let (mut count, mut fields, mut dated) = (0, 0, false);
    while count < MOST_LINES {
        let below = rest.get(count..).unwrap_or_default();
        let Some(passed) = next_field(below).filter(|passed| fields > 0 || *passed == 0) else {
            break;
        };
        let Some(line) = below.get(passed) else { break };
        fields += 1;
        dated |= field(line.content) == Some(Field::Date) && has_time(line.content);
        count += passed + 1;
    }
    let least = if worded { 2 } else { 3 };
    (fields >= least && dated).then_some(start + count)
}

/// How many lines go on with the field before, until the next one begins.
fn next_field(lines: &[Line<'_>]) -> Option<usize> {
    let lines = lines.iter().take(MOST_FOLDED);
    let mut lines = lines.take_while(|line| !line.is_empty() && line.content.len() <= LONGEST);
    lines.position(|line| field(line.content).is_some())
}

/// What field a line is.
fn field(line: &str) -> Option<Field> {
    let (name, _) = line.split_once(':')?;
    let name = name.trim_matches(['*', ' ', '\u{a0}', '\t']);
    // "Másolatot kap:" is two words.
    let name = name.split(' ').next().filter(|_| name.len() < 24)?;
    let name = name.to_lowercase();
    let mut fields = FIELDS.iter();
    let known = |names: &str| names.split_ascii_whitespace().any(|known| known == name);
    fields
        .find(|(_, names)| known(names))
        .map(|(field, _)| *field)
}

/// Whether a line has a time of day: programs always write one.
fn has_time(line: &str) -> bool {
    let octets = line.as_bytes();
    octets.windows(4).any(|four| match four {
        [hour, b':', one, two] => [hour, one, two].iter().all(|octet| octet.is_ascii_digit()),
        _ => false,
    })
}

/// A row of dashes or underscores alone, as Outlook's.
fn is_row(line: &str) -> bool {
    line.len() >= 8 && line.bytes().all(|octet| matches!(octet, b'_' | b'-'))
}

/// "-----Original Message-----" in one of the languages, and nothing else.
fn is_worded(line: &str) -> bool {
    const SIGNS: [char; 5] = ['-', '_', '=', '*', ' '];
    if super::attribution::is_passed_on(line) {
        return true;
    }
    if !(line.starts_with("--") || line.starts_with("__") || line.starts_with("==")) {
        return false;
    }
    let words = line
        .trim_matches(SIGNS)
        .trim_end_matches(':')
        .to_lowercase();
    let words: Vec<&str> = words.split(' ').collect();
    ABOVE.contains(&words.as_slice())
}

#[cfg(test)]
mod tests {
    use super::super::lines::lines;
    use super::super::text::Text;
    use super::*;

    fn counted(text: &str) -> Option<usize> {
        let text = Text {
            text: text.to_owned(),
            ..Text::default()
        };
        count(&lines(&text))
    }

    #[test]
    fn blocks_of_programs_are_counted() {
        for (text, want) in [
            (
                "-----Original Message-----\nFrom: Jan\nSent: Thursday, March 12, 2026 10:15 AM\nTo: x\nSubject: y\n\nraz",
                5,
            ),
            (
                "________________________________\nOd: Jan <jan@a.example>\nWysłano: czwartek, 12 marca 2026 10:15\nDo: a;\n  b\nTemat: y\n\nraz",
                6,
            ),
            (
                "*Feladó:* Jan\n*Elküldve:* 2026. március 12. 10:15\n*Címzett:* x\n*Tárgy:* y",
                4,
            ),
            (
                "---------- Původní e-mail ----------\nOd: Jan\nKomu: x\nDatum: 12. 3. 2026 10:15:31\nPředmět: y",
                5,
            ),
            (
                "-------- Wiadomość oryginalna --------\n\nOd: Jan\nData: 12.03.2026 10:15 (GMT+01:00)\nraz",
                4,
            ),
            (
                "Od: Jan\nOdoslané: štvrtok 12. marca 2026 10:15\nKomu: x\nPredmet: y",
                4,
            ),
        ] {
            assert_eq!(counted(text), Some(want), "{text}");
        }
    }

    #[test]
    fn what_people_write_is_no_block() {
        for text in [
            "-----Original message-----\nto wyświetla mi się na stronie",
            "Od: Jan Kowalski\nDo: Sklep\nData: 12.03.2026\nTemat: reklamacja",
            "Od: jutra do 10:15\nData: 10:15",
            "Data: 12.03.2026 10:15\nOd: Jan\nDo: x\nTemat: y",
            "--- Original message ciąg dalszy ---\nFrom: a\nDate: 10:15",
            "--------",
            "",
        ] {
            assert_eq!(counted(text), None, "{text}");
        }
    }
}
