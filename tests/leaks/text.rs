//! The ways in which an address is written, and the texts around it.

use data_encoding::{BASE64, BASE64URL_NOPAD};

use super::generate::Random;

/// How many ways [`spelled`] knows.
pub(crate) const SPELLINGS: u64 = 57;

/// Where quoted-printable breaks a line; nothing under any other encoding.
pub(crate) const SOFT_BREAK: char = '\u{e000}';

/// `address` written in one way; the second value is the name of the way.
pub(crate) fn spelled(address: &str, way: u64, random: &mut Random) -> (String, &'static str) {
    let each = |write: &dyn Fn(char) -> String| address.chars().map(write).collect::<String>();
    // A domain stands without an `@`.
    let at = address.find('@').unwrap_or(2);
    let mut cut = 1 + random.below(address.len() as u64 - 2) as usize;
    while !address.is_char_boundary(cut) {
        cut -= 1;
    }
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
        9 => (
            address
                .bytes()
                .map(|octet| format!("%{octet:02x}"))
                .collect(),
            "percent all",
        ),
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
        25 => (swap("\\40 "), "style sheet"),
        26 => (swap("\\@"), "markdown"),
        27 => (swap("\\'40"), "rtf"),
        28 => (swap("\\u{40}"), "braces"),
        29 => (swap("+sklep.24@"), "tag"),
        30 => (format!("{head}<wbr>{tail}"), "wbr"),
        way => (
            read_otherwise(address, way, random),
            OTHERWISE[way as usize - 31],
        ),
    }
}

/// The names of the ways of [`read_otherwise`].
const OTHERWISE: [&str; 26] = [
    "nbsp",
    "lt",
    "zeros",
    "tag with at sign",
    "comment --!>",
    "bracket in value",
    "long tag",
    "long comment",
    "small at sign",
    "mathematical",
    "circled",
    "full-width letters",
    "tag characters",
    "ideographic dot",
    "half-width dot",
    "digits behind",
    "hyphen behind",
    "emphasis",
    "word before",
    "blanks",
    "comments",
    "host",
    "tab in link",
    "data link",
    "code in code",
    "soft break that nobody decodes",
];

/// `address` as programs read it who know the formats better: browsers, Unicode's tables, people.
fn read_otherwise(address: &str, way: u64, random: &mut Random) -> String {
    let mut cut = 1 + random.below(address.len() as u64 - 2) as usize;
    while !address.is_char_boundary(cut) {
        cut -= 1;
    }
    let (head, tail) = address.split_at(cut);
    let swap = |new: &str| address.replace('@', new);
    let letters = |first: u32, capital: bool| -> String {
        let letter = |c: char| match c {
            'a'..='z' => {
                char::from_u32(first + u32::from(c) - u32::from(if capital { 'A' } else { 'a' }))
                    .unwrap()
            }
            _ => c,
        };
        address.chars().map(letter).collect()
    };
    let long = "x".repeat(700);
    match way {
        31 => format!("&nbsp{address}"),
        32 => format!("&lt{address}&gt"),
        33 => swap("&#000000000000064;"),
        34 => format!("{head}<a@b>{tail}"),
        35 => format!("{head}<!-- x --!>{tail}"),
        36 => format!("{head}<b title=\"a > b\"></b>{tail}"),
        37 => format!("{head}<b title=\"{long}\"></b>{tail}"),
        38 => format!("{head}<!-- {} -->{tail}", long.repeat(7)),
        39 => swap("\u{fe6b}"),
        40 => letters(0x1d41a, false),
        41 => letters(0x24d0, false),
        42 => letters(0xff41, false),
        43 => format!("{head}\u{e0020}\u{fe0f}{tail}"),
        44 => address.replace('.', "\u{3002}"),
        45 => address.replace('.', "\u{ff61}"),
        46 => format!("{address}600100200"),
        47 => format!("{address}-pisz"),
        48 => format!("_{address}_"),
        49 => format!("mail-{address}"),
        50 => swap(" @ "),
        51 => swap("(x)@(y)"),
        52 => swap("@imap."),
        53 => format!("<a href=\"mailto:{head}\t{tail}\">x</a>"),
        54 => format!("<a href=\"data:text/html,{}\">x</a>", swap("%0A@")),
        55 => coded(address, random),
        _ => {
            // Near the end: a name that is cut behind a top-level domain is two.
            let mut at = address.len() - cut;
            while !address.is_char_boundary(at) {
                at -= 1;
            }
            format!("{}=\r\n{}", &address[..at], &address[at..])
        }
    }
}

/// Code that holds code: base64 within base64 up to three times, in letters of one octet or two, and an escape or a tag at the bottom of it.
fn coded(address: &str, random: &mut Random) -> String {
    let mut text = match random.below(5) {
        0 => address.replace('@', "%40"),
        1 => address.replace('@', "&#64;").replace('.', "&period;"),
        2 => address.replace('@', "<b>@</b>"),
        _ => address.to_owned(),
    };
    for _ in 0..=random.below(3) {
        text = match random.below(4) {
            0 => format!("Zażółć {text} jaźń"),
            1 => format!("<p>{text}</p>"),
            2 => format!("{{\"id\":17,\"m\":\"{text}\"}}"),
            _ => format!("kod: {text} koniec"),
        };
        let wide: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
        text = match random.below(4) {
            0 => BASE64.encode(&wide),
            1 => BASE64URL_NOPAD.encode(text.as_bytes()),
            _ => BASE64.encode(text.as_bytes()),
        };
    }
    text
}

/// Lines as uuencode writes them.
fn uuencoded(octets: &[u8]) -> String {
    let character = |value: u8| {
        if value == 0 {
            '`'
        } else {
            char::from(value + 32)
        }
    };
    let mut out = String::new();
    for line in octets.chunks(45) {
        out.push(character(line.len() as u8));
        for group in line.chunks(3) {
            let [a, b, c] = [0, 1, 2].map(|at| group.get(at).copied().unwrap_or(0));
            out.extend(
                [
                    a >> 2,
                    (a << 4 | b >> 4) & 63,
                    (b << 2 | c >> 6) & 63,
                    c & 63,
                ]
                .map(character),
            );
        }
        out.push_str("\r\n");
    }
    out
}

/// `address` in a sentence, a link, a quotation, a record.
pub(crate) fn around(address: &str, random: &mut Random) -> String {
    let polish = random.pick(&[
        "Zażółć gęślą jaźń.",
        "Příliš žluťoučký kůň.",
        "Hello there.",
        "Árvíztűrő tükörfúrógép.",
    ]);
    // Within code no line is broken.
    let whole = address.replace(SOFT_BREAK, "");
    match random.below(16) {
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
        11 => format!(
            "<iframe src=\"data:text/html;base64,{}\"></iframe> {polish}",
            BASE64.encode(format!("<p>{whole}</p>").as_bytes())
        ),
        12 => format!(
            "{polish} https://x.example/u/{}/wypisz",
            BASE64URL_NOPAD.encode(whole.as_bytes())
        ),
        13 => format!(
            "{polish} https://x.example/?t={}&y=1",
            BASE64URL_NOPAD
                .encode(format!("{{\"id\":17,\"mail\":\"{whole}\",\"x\":1}}").as_bytes())
        ),
        14 => format!(
            "{polish}\r\nbegin 644 dane.txt\r\n{}`\r\nend\r\n",
            uuencoded(format!("{polish} {whole}, {polish}").as_bytes())
        ),
        _ => format!("DESCRIPTION:Kontakt\\n{address}\\n"),
    }
}
