//! Subjects of answers: most of their words are those of the one who is answered.

/// How they begin, in small letters.
const ANSWERS: [&str; 10] = [
    "re:", "re :", "re[", "odp:", "odp.:", "aw:", "sv:", "vá:", "válasz:", "ref:",
];

/// Whether a subject is that of an answer.
#[must_use]
pub fn is_answer(subject: &str) -> bool {
    let subject = subject.trim_start().to_lowercase();
    ANSWERS.iter().any(|start| subject.starts_with(start))
}

/// The subject that is answered; none: it is no answer's.
#[must_use]
pub fn answered(subject: &str) -> Option<&str> {
    let mut rest = subject.trim_start();
    let mut found = None;
    while let Some(inner) = without_mark(rest) {
        rest = inner.trim_start();
        found = Some(rest);
    }
    found
}

fn without_mark(subject: &str) -> Option<&str> {
    ANSWERS.iter().find_map(|mark| {
        let end = subject
            .char_indices()
            .nth(mark.chars().count())
            .map_or(subject.len(), |(at, _)| at);
        let (front, rest) = subject.split_at_checked(end)?;
        if front.to_lowercase() != **mark {
            return None;
        }
        // `Re[2]:`
        if mark.ends_with('[') {
            return rest.split_once(':').map(|(_, rest)| rest);
        }
        Some(rest)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_subject_tells_an_answer() {
        for subject in [
            "Re: x", "RE: x", "Odp: x", "AW: x", " re: x", "VÁ: x", "Re[2]: x",
        ] {
            assert!(is_answer(subject), "{subject}");
        }
        for subject in ["Rower", "Recenzja: x", "Fwd: x", ""] {
            assert!(!is_answer(subject), "{subject}");
        }
    }

    #[test]
    fn what_is_answered_stands_behind_all_marks() {
        for (subject, want) in [
            ("Re: Rower", Some("Rower")),
            ("RE: Odp: re[2]: Rower", Some("Rower")),
            ("VÁ: kerékpár", Some("kerékpár")),
            ("Válasz: x", Some("x")),
            ("Rower", None),
            ("Rezerwacja: x", None),
            ("re", None),
            ("", None),
        ] {
            assert_eq!(answered(subject), want, "{subject}");
        }
    }
}
