//! What is folded, case by case; the shapes of mail programs stand in the corpus.

use super::after;

/// The text with brackets around what is folded.
fn shown(text: &str, earlier: &[&str]) -> String {
    let found = after(&format!("\n{text}"), earlier);
    let mut out = found.text.clone();
    for place in found.folded.iter().rev() {
        out.insert(place.end, ']');
        out.insert(place.start, '[');
    }
    out
}

const ANNA: &str = "Dzień dobry, czy rower jest dostępny?\nPozdrawiam\nAnna";

#[test]
fn quotes_are_folded_down_to_the_first_own_word_below() {
    const WROTE: &str = "W dniu 12.03.2026 o 10:15, Anna pisze:";
    for (text, want) in [
        (
            format!("Tak.\n\n{WROTE}\n> raz\n\n> dwa\n"),
            format!("Tak.\n\n[{WROTE}\n> raz\n\n> dwa]"),
        ),
        (
            format!("{WROTE}\n> raz\nTak.\n> dwa\nNie."),
            format!("[{WROTE}\n> raz]\nTak.\n> dwa\nNie."),
        ),
        (
            format!("{WROTE}\n> raz\n\n{WROTE}\n>> dwa\n-- \nJan"),
            format!("[{WROTE}\n> raz\n\n{WROTE}\n>> dwa]\n-- \nJan"),
        ),
        (
            format!("Tak.\n{WROTE}\n\nNie.\n> raz"),
            format!("Tak.\n{WROTE}\n\nNie.\n> raz"),
        ),
        (
            "Tak.\n> raz\n>\n> dwa".to_owned(),
            "Tak.\n[> raz\n>\n> dwa]".to_owned(),
        ),
        (
            "Tak.\n> raz\n> dwa".to_owned(),
            "Tak.\n> raz\n> dwa".to_owned(),
        ),
    ] {
        assert_eq!(shown(&text, &[]), want);
    }
}

#[test]
fn what_stands_in_an_earlier_message_is_a_quote() {
    let block = "Od: Anna <a@b.example>\nWysłano: 12 marca 2026 10:15\nDo: Sklep\nTemat: Rower\n\n";
    for (text, want) in [
        // Behind marks that nobody explains.
        (
            format!("Tak.\n> {}", ANNA.replace('\n', "\n> ")),
            format!("Tak.\n[> {}]", ANNA.replace('\n', "\n> ")),
        ),
        // Wrapped otherwise.
        (
            "Tak.\n> Dzień dobry, czy rower\n> jest\ndostępny?\n> Pozdrawiam\n> Anna\nJan"
                .to_owned(),
            "Tak.\n[> Dzień dobry, czy rower\n> jest\ndostępny?\n> Pozdrawiam\n> Anna]\nJan"
                .to_owned(),
        ),
        // Below header lines, down to the first word that she did not write.
        (
            format!("Tak.\n\n{block}{ANNA}\n\nDo zobaczenia\nAnna"),
            format!("Tak.\n\n[{block}{ANNA}]\n\nDo zobaczenia\nAnna"),
        ),
        (
            format!("{block}Dzień dobry, czy rower jest dostępny?\nJest.\nPozdrawiam\nAnna"),
            format!("[{block}Dzień dobry, czy rower jest dostępny?]\nJest.\nPozdrawiam\nAnna"),
        ),
        // Within marks.
        (
            "> Dzień dobry, czy rower jest dostępny?\n> Pozdrawiam\n> jest\n> Anna".to_owned(),
            "[> Dzień dobry, czy rower jest dostępny?\n> Pozdrawiam]\n> jest\n> Anna".to_owned(),
        ),
        // The same words once more.
        (ANNA.to_owned(), ANNA.to_owned()),
        (
            format!("Dzień dobry,\n\n{ANNA}"),
            format!("Dzień dobry,\n\n{ANNA}"),
        ),
    ] {
        assert_eq!(shown(&text, &[ANNA]), want);
    }
}

#[test]
fn what_nobody_knows_below_header_lines_is_a_quote_if_the_answer_stands_above() {
    let block = "Od: Anna <a@b.example>\nWysłano: 12 marca 2026 10:15\nDo: Sklep\nTemat: Rower";
    for (above, folds) in [("Tak.", true), ("Odpowiedzi poniżej.", false), ("", false)] {
        let text = format!("{above}\n\n{block}\n\n{ANNA}");
        assert_eq!(shown(&text, &[]).contains('['), folds, "{above}");
        assert_eq!(
            shown(&text, &["Zupełnie inna wiadomość o czymś innym."]).contains('['),
            folds,
            "{above}"
        );
    }
}
