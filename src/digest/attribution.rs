//! The line that mail programs write above a quote: who wrote it and when.
//!
//! Only what a program writes counts, word for word: a date, a name or an address, and one verb. A line with any other word in it is the writer's own.

mod words;

use self::words::{BETWEEN, OPENINGS, PASSED_ON, TITLES, VERBS, VERBS_BEFORE_NAMES, is_date_word};

/// The longest such line in octets.
const LONGEST: usize = 320;
/// Names of a person and a firm, in words.
const MOST_NAMES: usize = 6;
/// Those of a shop that writes itself in small letters.
const MOST_SMALL: usize = 2;

/// What a line that may be one says.
#[derive(Default)]
struct Said {
    time: bool,
    year: bool,
    /// Numbers of one or two digits that stand alone: three are a date.
    numbers: usize,
    address: bool,
    verb: bool,
    /// Whether a name may follow the verb.
    names_follow: bool,
    /// Words that are a name or anything else; those of them in small letters.
    names: usize,
    small: usize,
    /// Whether a word could not be one of a name.
    other: bool,
    /// Whether a date stands before the verb.
    date_first: bool,
}

/// How sure it is that a program wrote a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sure {
    /// As no person writes.
    Yes,
    /// If a marked line follows.
    AboveMarks,
}

/// Whether a line, or lines that were one, say who wrote the quote below, and nothing else.
pub(super) fn attribution(line: &str) -> Option<Sure> {
    let bare = line.trim().strip_suffix(':')?.trim();
    // One that a program wrapped within brackets goes on.
    if bare.len() > LONGEST || bare.matches('(').count() != bare.matches(')').count() {
        return None;
    }
    if is_passed_on(line) {
        return Some(Sure::Yes);
    }
    let mut said = Said::default();
    let mut first = None;
    for token in bare.split_whitespace() {
        said.hear(token);
        first = first.or_else(|| Some(bare_word(token)));
    }
    let first = first.unwrap_or_default();
    let begins_with_date = first.starts_with(|c: char| c.is_ascii_digit())
        || OPENINGS.contains(&first.as_str())
        || is_date_word(&first);
    // What stands before the date is no part of it: "Tak W dniu 3.03.2026 Jan pisze:".
    if !begins_with_date && said.date_first {
        return None;
    }
    let dated = said.time && said.year;
    let most_small = match said.address && begins_with_date {
        true => MOST_SMALL,
        false => 0,
    };
    if said.names > MOST_NAMES || said.small > most_small || said.other {
        return None;
    }
    match (said.verb, begins_with_date) {
        // "Jan Nowak <jan@…> napisał(a):"
        (true, _) if said.address => Some(Sure::Yes),
        (true, true) if dated => Some(Sure::Yes),
        (true, true) if said.year => Some(Sure::AboveMarks),
        (true, false) if dated => Some(Sure::AboveMarks),
        // Apple Mail in Czech and Slovak: "3. 3. 2026 v 10:15, Jan Nowak <jan@…>:"
        (false, true) if dated && said.address => Some(Sure::Yes),
        _ => None,
    }
}

/// Whether a line is what Apple Mail writes above a message that is passed on.
pub(super) fn is_passed_on(line: &str) -> bool {
    let bare = line.trim().strip_suffix(':').unwrap_or_default();
    // Of most lines no small letters are made.
    !bare.is_empty() && bare.len() <= LONGEST && PASSED_ON.contains(&bare.to_lowercase().as_str())
}

impl Said {
    fn hear(&mut self, token: &str) {
        let word = bare_word(token);
        if token.contains('@') {
            self.address = true;
        } else if word.is_empty() {
            // Signs alone.
        } else if word.starts_with(|c: char| c.is_ascii_digit()) {
            self.number(&word);
            self.date_first |= !self.verb;
        } else if VERBS.contains(&word.as_str()) {
            self.other |= self.verb;
            self.verb = true;
            self.names_follow = VERBS_BEFORE_NAMES.contains(&word.as_str());
        } else if VERBS_BEFORE_NAMES.contains(&word.as_str()) {
            (self.verb, self.names_follow) = (true, true);
        } else if !BETWEEN.contains(&word.as_str()) && !is_date_word(&word) {
            self.name(token);
        } else {
            self.date_first |= !self.verb && OPENINGS.contains(&word.as_str());
        }
    }

    fn number(&mut self, word: &str) {
        let groups: Vec<&str> = word.split(|c: char| !c.is_ascii_digit()).collect();
        let digits = |at: usize| groups.get(at).is_some_and(|group| group.len() == 2);
        self.time |= word.contains(':') && digits(1);
        let year =
            |group: &&str| group.len() == 4 && (group.starts_with("20") || group.starts_with("19"));
        let short = groups.len() == 3 && groups.iter().all(|group| matches!(group.len(), 1 | 2));
        self.numbers += usize::from(word.len() <= 2);
        self.year |= groups.iter().any(year) || short && !word.contains(':') || self.numbers == 3;
        // "10:15am", "3rd"; what has more letters is something else.
        self.other |= word.chars().filter(|c| c.is_alphabetic()).count() > 2;
    }

    fn name(&mut self, token: &str) {
        self.names += 1;
        let letters = token.trim_start_matches(['"', '\'', '(', '<', '„', '“']);
        self.small += usize::from(!letters.starts_with(char::is_uppercase));
        let ends = token.trim_end_matches(['"', '\'', ')', '”']);
        // "Tak. Jan Nowak <…> napisał:" is two sentences.
        let bare = bare_word(token);
        let is_short = bare.chars().count() == 1 || TITLES.contains(&bare.as_str());
        let sentence = ends.ends_with(['!', '?', ';', ':', '…'])
            || ends.ends_with('.') && !is_short
            || ends.ends_with(',') && !self.time && !self.year;
        self.other |= sentence || self.verb && !self.names_follow;
    }
}

/// A word in small letters, without signs around it and without the other ending of `napisał(a)`.
fn bare_word(token: &str) -> String {
    let word = token.to_lowercase().replace("(a)", "").replace("/a", "");
    word.trim_matches(|c: char| !c.is_alphanumeric()).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn programs_lines_are_attributions() {
        for line in [
            "czw., 12 mar 2026 o 10:15 Jan Kowalski <jan@poczta.example> napisał(a):",
            "W dniu 12.03.2026 o 10:15, Jan Kowalski pisze:",
            "W dniu 2026-03-12 10:15:00 użytkownik Jan Kowalski <jan@poczta.example> napisał:",
            "Dnia 12 marca 2026 10:15 Jan Kowalski <jan@poczta.example> napisał(a):",
            "Dnia 12 marca 2026 10:15 jan@poczta.example napisał(a):",
            "Wiadomość napisana przez Jan Kowalski <jan@poczta.example> w dniu 12 mar 2026, o godz. 10:15:",
            "On Thu, Mar 12, 2026 at 10:15 AM Jan Kowalski <jan@poczta.example> wrote:",
            "On 12 Mar 2026, at 10:15, Jan Kowalski <jan@poczta.example> wrote:",
            "On 12/03/2026 10:15, sklep rowerowy <jan@poczta.example> wrote:",
            "čt 12. 3. 2026 v 10:15 odesílatel Jan Novák <jan@posta.example> napsal:",
            "Dne 12. 03. 26 v 10:15 Jan Novák napsal(a):",
            "12. 3. 2026 v 10:15, Jan Novák <jan@posta.example>:",
            "št 12. 3. 2026 o 10:15 Jan Novák <jan@posta.example> napísal(a):",
            "Dňa 12. 3. 2026 o 10:15 Jan Novák napísal(a):",
            "Kovács János <janos@posta.example> ezt írta (időpont: 2026. márc. 12., Cs, 10:15):",
            "2026. 03. 12. 10:15 keltezéssel, Kovács János írta:",
            "2026. 03. 12. dátummal, 10:15 időpontban Kovács János <janos@posta.example> írta:",
            "Kovács János <janos@posta.example> írta:",
            "Begin forwarded message:",
        ] {
            assert_eq!(attribution(line), Some(Sure::Yes), "{line}");
        }
    }

    #[test]
    fn what_a_person_may_write_is_one_above_marks_only() {
        for line in [
            "W dniu 12.03.2026 Jan Kowalski napisał(a):",
            "On 12 Mar 2026, Jan Kowalski wrote:",
            "Vásárló ezt írta (2026. márc. 4., Sze, 10:02):",
        ] {
            assert_eq!(attribution(line), Some(Sure::AboveMarks), "{line}");
        }
    }

    #[test]
    fn a_word_of_ones_own_makes_it_the_writers() {
        for line in [
            "W dniu zakupu sprzedawca napisał:",
            "W dniu 12.03.2026 o 10:15 napisał Pan:",
            "W dniu 12.03.2026 o 10:15, Jan Kowalski pisze, a ja odpowiadam:",
            "Tak. W dniu 12.03.2026 o 10:15, Jan Kowalski pisze:",
            "Dziękuję! Jan Kowalski <jan@poczta.example> napisał(a):",
            "Tak W dniu 12.03.2026 o 10:15, Jan Kowalski <jan@poczta.example> pisze:",
            "Ano. Jan Novák <jan@posta.example> napsal:",
            "Thanks On Monday Jan Kowalski <jan@poczta.example> wrote:",
            "Oto co Jan Kowalski <jan@poczta.example> napisał(a):",
            "On Thu, Mar 12, 2026 at 10:15 AM Jan wrote: yes",
            "Jan Kowalski napisał:",
            "12.03 o 10:15 Jan napisał:",
            "W dniu 12.03.2026 o 10:15 kurier Jan Kowalski napisał:",
            "Dostawa 12.03.2026 o 10:15, Jan <jan@poczta.example>:",
            "12.03.2026 10:15 Jan Kowalski:",
            "Cytuję:",
            ":",
        ] {
            assert_eq!(attribution(line), None, "{line}");
        }
    }
}
