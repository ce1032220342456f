//! The ways in which an address is written, and the texts around it.

use super::generate::Random;

/// How many ways [`spelled`] knows.
pub(crate) const SPELLINGS: u64 = 26;

/// `address` written in one way; the second value is the name of the way.
pub(crate) fn spelled(address: &str, way: u64, random: &mut Random) -> (String, &'static str) {
    let each = |write: &dyn Fn(char) -> String| address.chars().map(write).collect::<String>();
    let at = address.find('@').unwrap();
    let cut = 1 + random.below(address.len() as u64 - 2) as usize;
    let (head, tail) = address.split_at(cut);
    let swap = |new: &str| address.replace('@', new);
    match way {
        0 => (address.to_owned(), "plain"),
        1 => (address.to_uppercase(), "upper"),
        2 => (
            address
                .chars()
                .enumerate()
                .map(|(at, c)| {
                    if at % 2 == 0 {
                        c.to_ascii_uppercase()
                    } else {
                        c
                    }
                })
                .collect(),
            "mixed",
        ),
        3 => (swap("&#64;"), "entity"),
        4 => (swap("&#x40;"), "entity hex"),
        5 => (swap("&commat;").replace('.', "&period;"), "entity named"),
        6 => (each(&|c| format!("&#{};", u32::from(c))), "entity all"),
        7 => (
            each(&|c| format!("&#X{:X};", u32::from(c))),
            "entity all hex",
        ),
        8 => (swap("%40"), "percent"),
        9 => (each(&|c| format!("%{:02x}", u32::from(c))), "percent all"),
        10 => (swap("%2540"), "percent twice"),
        11 => (format!("{head}<b></b>{tail}"), "tags"),
        12 => (format!("{head}<!-- nothing > here -->{tail}"), "comment"),
        13 => (format!("{head}\u{200b}{tail}"), "zero width space"),
        14 => (format!("{head}\u{200d}\u{feff}{tail}"), "joiner"),
        15 => (format!("{head}\u{ad}{tail}"), "soft hyphen"),
        16 => (swap("\u{ff20}"), "full width"),
        17 => (swap("\\u0040"), "backslash"),
        18 => (format!("{head} \r\n{tail}"), "flowed"),
        19 => (format!("{head}\r\n {tail}"), "folded"),
        20 => (format!("{head}&shy;{tail}"), "entity soft hyphen"),
        21 => (format!("{head}&#8203;{tail}"), "entity zero width"),
        22 => (
            format!(
                "<span>{}</span>@<span>{}</span>",
                &address[..at],
                &address[at + 1..]
            ),
            "spans",
        ),
        23 => (swap("&amp;#64;"), "entity twice"),
        24 => (swap("=40"), "quoted again"),
        _ => (format!("{head}<wbr>{tail}"), "wbr"),
    }
}

/// `address` in a sentence, a link, a quotation, a record.
pub(crate) fn around(address: &str, random: &mut Random) -> String {
    let polish = random.pick(&[
        "Zażółć gęślą jaźń.",
        "Příliš žluťoučký kůň.",
        "Hello there.",
        "Árvíztűrő tükörfúrógép.",
    ]);
    match random.below(12) {
        0 => format!("{polish} Proszę pisać na {address}, dziękuję."),
        1 => format!("<a href=\"mailto:{address}?subject=x\">{address}</a> {polish}"),
        2 => format!("W dniu 23.11.2026 \"Jan\" <{address}> napisał(a):\r\n> {polish}"),
        3 => format!("From: {address}\r\nTo: kto@inny.example\r\n\r\n{polish}"),
        4 => format!("{{\"email\":\"{address}\",\"x\":1}}"),
        5 => format!("https://x.example/?e={address}&y=1 {polish}"),
        6 => format!("{polish}\r\n-- \r\nJan, {address}"),
        7 => format!("[{address}]({address})"),
        8 => format!("e-mail:{address}; tel. 123"),
        9 => format!("> > {address}\r\n>\r\n{polish}"),
        10 => format!("{address}\r\n{polish}\r\n{address}"),
        _ => format!("DESCRIPTION:Kontakt\\n{address}\\n"),
    }
}
