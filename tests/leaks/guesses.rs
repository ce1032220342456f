//! What a seller guesses comes back the same, right or wrong: in every spelling, layout and encoding a guess goes to a buyer who has that address
//! and to one who has another, and the two answers must not differ in an octet. Python's email package looks for what is left of it.
//!
//! `ALLEGROMAIL_GUESSES=10000 cargo test --release --test leaks guesses -- --nocapture` is the long run.

use std::collections::HashSet;
use std::io::Write;
use std::process::{Command, Stdio};

use allegromail::mail::{Domain, Mailbox};
use allegromail::message::{Encoding, Message};
use allegromail::rewrite::{self, Everything, Passage, Standing, Suspects};

use crate::generate::Random;
use crate::text::{SPELLINGS, around, spelled};
use crate::{Rules, SIDES, Side, number};

/// Two addresses: one is the buyer's in one world, and the other in the other.
const GUESSES: [&str; 2] = ["jan.kowalski@poczta.example", "ewa.nowakows@skrzyn.example"];

/// The buyer of each world.
const BUYERS: [Side; 2] = [
    Side {
        addresses: &[GUESSES[0]],
        hidden: &["poczta.example"],
        mask: SIDES[0].mask,
        other: SIDES[0].other,
    },
    Side {
        addresses: &[GUESSES[1]],
        hidden: &["skrzyn.example"],
        mask: SIDES[0].mask,
        other: SIDES[0].other,
    },
];
const SELLER: Side = Side {
    addresses: SIDES[1].addresses,
    hidden: SIDES[1].hidden,
    mask: SIDES[1].mask,
    other: SIDES[1].other,
};
/// Domains that are never hidden: the shop's, a courier's.
const EXEMPT: [&str; 2] = ["rowery.example", "inpost.pl"];

/// What the seller's message brought; none: nobody remembers.
#[derive(Default)]
struct Memory(Option<(HashSet<String>, HashSet<String>)>);

impl Memory {
    fn of(passage: &Passage) -> Self {
        let seen = &passage.sightings;
        let kept = seen.addresses.iter();
        let kept = kept.filter(|found| found.standing != Standing::Apart);
        let addresses = kept.map(|found| found.mailbox.key());
        let domains = seen.domains.iter().map(ToString::to_string);
        Self(Some((addresses.collect(), domains.collect())))
    }
}

/// A message of one side as it leaves.
fn pass(side: &Side, raw: &[u8], memory: &Memory) -> Result<Passage, String> {
    let rules = Rules::new(side);
    let letter = Message::parse(raw.to_vec().into()).map_err(|error| error.to_string())?;
    let everything = match memory.0 {
        Some(_) => Everything::Never,
        None => Everything::InAnswers,
    };
    let known = memory.0.as_ref();
    let suspects = Suspects {
        remembers: known.is_some(),
        address: &|address: &Mailbox| known.is_some_and(|known| known.0.contains(&address.key())),
        addresses: everything,
        domain: &|domain: &Domain| known.is_some_and(|known| known.1.contains(domain.as_str())),
        domains: everything,
        hides_domains: !side.hidden.is_empty(),
        tells_domains: side.hidden.is_empty(),
        exempt: &|domain: &Domain| EXEMPT.contains(&domain.as_str()),
    };
    rewrite::pass(
        &letter,
        &rules.plan(side, "token@allegromail.pl".to_owned()),
        &suspects,
    )
    .map_err(|why| why.to_string())
}

const CODES: [(Encoding, &str); 3] = [
    (Encoding::Identity, "8bit"),
    (Encoding::QuotedPrintable, "quoted-printable"),
    (Encoding::Base64, "base64"),
];

/// A message with one text under one encoding.
fn letter(side: usize, fields: &str, kind: &str, text: &[u8], code: usize) -> Vec<u8> {
    let (encoding, name) = CODES[code];
    let mut raw = format!(
        "From: <{}>\r\nTo: <{}>\r\n{fields}MIME-Version: 1.0\r\nContent-Type: {kind}; charset=utf-8\r\nContent-Transfer-Encoding: {name}\r\n\r\n",
        SIDES[side].addresses[0], SIDES[side].other
    )
    .into_bytes();
    raw.extend(encoding.encode(text));
    raw
}

/// The text of a message of one part.
fn content(octets: &[u8]) -> Vec<u8> {
    let letter = Message::parse(octets.to_vec().into()).unwrap();
    let part = &letter.structure().parts[0];
    let body = &letter.raw()[part.body.clone()];
    Encoding::of(&part.encoding).decode(body).into_owned()
}

const LAYOUTS: u64 = 7;

/// The buyer's answer to a text, in one layout.
fn answer(came: &[u8], layout: u64, code: usize) -> Vec<u8> {
    let text = String::from_utf8_lossy(came).into_owned();
    let quoted = format!("> {}", text.replace("\r\n", "\r\n> "));
    let html = |before: &str, after: &str| format!("<p>Tak.</p>{before}{text}{after}").into_bytes();
    let subject = "Subject: Re: Pytanie\r\n";
    match layout {
        0 => {
            let text = format!("Tak.\r\n\r\nsklep-rowery:\r\n{quoted}\r\n");
            letter(0, subject, "text/plain", text.as_bytes(), code)
        }
        1 => {
            let text = format!(
                "Tak.\r\n\r\n-----Original Message-----\r\nFrom: sklep\r\nSent: Monday\r\nTo: ja\r\nSubject: Pytanie\r\n\r\n{text}"
            );
            letter(0, subject, "text/plain", text.as_bytes(), code)
        }
        2 => letter(
            0,
            subject,
            "text/html",
            &html("<blockquote>", "</blockquote>"),
            code,
        ),
        3 => letter(
            0,
            subject,
            "text/html",
            &html("<div id=\"divRplyFwdMsg\"></div>", ""),
            code,
        ),
        4 => {
            let fields = "Subject: Nieobecny\r\nAuto-Submitted: auto-replied\r\n";
            let text = format!("Jestem na urlopie.\r\n\r\nOryginał:\r\n{text}");
            letter(0, fields, "text/plain", text.as_bytes(), code)
        }
        // In the subject, and in the name of a file.
        5 => {
            let line = text.split("\r\n").next().unwrap();
            let word = data_encoding::BASE64.encode(format!("Re: {line}").as_bytes());
            let fields = format!(
                "Subject: =?utf-8?B?{word}?=\r\nContent-Disposition: attachment; filename*=utf-8''{}\r\n",
                line.bytes()
                    .map(|octet| format!("%{octet:02X}"))
                    .collect::<String>()
            );
            letter(0, &fields, "text/plain", b"Tak.", code)
        }
        _ => {
            let inner = letter(1, "Subject: Pytanie\r\n", "text/plain", came, code);
            let mut raw = format!(
                "From: <{}>\r\nTo: <{}>\r\n{subject}MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=\"b1\"\r\n\r\n--b1\r\n\r\nTak.\r\n--b1\r\nContent-Type: message/rfc822\r\n\r\n",
                SIDES[0].addresses[0], SIDES[0].other
            )
            .into_bytes();
            raw.extend(inner);
            raw.extend_from_slice(b"\r\n--b1--\r\n");
            raw
        }
    }
}

/// Without the guesses: what is left must be the same.
fn neutral(octets: &[u8]) -> String {
    let mut text = String::from_utf8_lossy(octets).into_owned();
    for guess in GUESSES {
        let domain = guess.split_once('@').unwrap().1;
        text = text.replace(guess, "GUESS").replace(domain, "DOMAIN");
    }
    text
}

#[test]
fn h168_h169_h171_guesses_come_back_the_same_right_or_wrong() {
    let count = number("ALLEGROMAIL_GUESSES", 1_000) / 4;
    let (mut refused, mut compared, mut outgoing) = (0_u64, 0_u64, Vec::new());
    let mut different = Vec::new();
    for at in 0..count {
        let seed = number("ALLEGROMAIL_LEAK_SEED", 1) + at;
        let mut random = Random::new(seed);
        let (way, shape) = (random.below(SPELLINGS), random.below(1 << 40));
        let (there, back) = (random.below(3) as usize, random.below(3) as usize);
        let layout = random.below(LAYOUTS);
        for remembered in [true, false] {
            for guess in GUESSES {
                let mut random = Random::new(shape);
                let (written, name) = spelled(guess, way, &mut random);
                let text = around(&written, &mut random);
                let asked = letter(
                    1,
                    "Subject: Pytanie\r\n",
                    "text/plain",
                    text.as_bytes(),
                    there,
                );
                let came = pass(&SELLER, &asked, &Memory::default()).unwrap();
                let memory = match remembered {
                    true => Memory::of(&came),
                    false => Memory::default(),
                };
                let answer = answer(&content(&came.octets), layout, back);
                let recipe =
                    format!("{name}, layout {layout}, code {there} {back}, {remembered}: {text}");
                let worlds = BUYERS.map(|buyer| pass(&buyer, &answer, &memory));
                let [one, other] = worlds.map(|passage| passage.map(|passage| passage.octets));
                compared += 1;
                refused += u64::from(one.is_err());
                if one != other {
                    let shown = [one, other].map(|one| {
                        one.map_or_else(
                            |why| why,
                            |octets| String::from_utf8_lossy(&octets).into_owned(),
                        )
                    });
                    different.push(format!("{recipe}\n{}\n{}", shown[0], shown[1]));
                } else if let Ok(octets) = one {
                    outgoing.push((recipe, octets));
                }
            }
        }
    }
    println!("{compared} guesses compared in two worlds, {refused} refused");
    let shown = different.iter().take(5).cloned().collect::<Vec<_>>();
    assert!(
        different.is_empty(),
        "{} differ\n{}",
        different.len(),
        shown.join("\n---\n")
    );
    // What stands in code within a subject or the name of a file is refused, not masked.
    assert!(refused * 12 <= compared, "{refused} of {compared} refused");
    look(&outgoing);
}

/// Python's email package looks for either guess in what left.
fn look(outgoing: &[(String, Vec<u8>)]) {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/leaks/oracle.py");
    let oracle = Command::new(crate::python())
        .arg(script)
        .args(GUESSES)
        .args(["--", "--"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn();
    let Ok(mut oracle) = oracle else {
        println!("SKIPPED: python3 is missing, so no oracle looked at the answers");
        return;
    };
    let mut input = oracle.stdin.take().unwrap();
    std::thread::scope(|scope| {
        scope.spawn(move || {
            for (at, (recipe, octets)) in outgoing.iter().enumerate() {
                let recipe = recipe.replace(['\r', '\n'], " ");
                let frame = format!("{at} {} passed {recipe}\n", octets.len());
                input.write_all(frame.as_bytes()).unwrap();
                input.write_all(octets).unwrap();
            }
        });
        let output = oracle.wait_with_output().unwrap();
        let verdict = String::from_utf8_lossy(&output.stdout);
        println!("the oracle says: {}", verdict.trim_end());
        assert!(output.status.success(), "a guess was left: {verdict}");
    });
}

#[test]
fn h170_a_domain_stays_in_quotes_and_is_hidden_in_own_words_right_or_wrong() {
    // Some are for addresses only, and with digits or a word behind it a domain is another one.
    let of_addresses = [22, 46, 47, 48, 49, 50, 51, 52];
    for way in (0..SPELLINGS).filter(|way| !of_addresses.contains(way)) {
        let own = |guess: &str, remembered: bool| {
            let domain = guess.split_once('@').unwrap().1;
            let mut random = Random::new(way);
            let (written, _) = spelled(domain, way, &mut random);
            let text = format!("Zob. https://www.{written} prosze");
            let asked = letter(1, "Subject: Pytanie\r\n", "text/plain", text.as_bytes(), 0);
            let came = pass(&SELLER, &asked, &Memory::default()).unwrap();
            let memory = match remembered {
                true => Memory::of(&came),
                false => Memory::default(),
            };
            let quoted = String::from_utf8(content(&came.octets)).unwrap();
            let text = format!(
                "Mam stronę {domain}.\r\n> {}",
                quoted.replace("\r\n", "\r\n> ")
            );
            let answer = letter(0, "Subject: Re: x\r\n", "text/plain", text.as_bytes(), 0);
            (quoted, pass(&BUYERS[0], &answer, &memory).unwrap().octets)
        };
        for guess in GUESSES {
            let (came, back) = own(guess, true);
            let back = String::from_utf8(content(&back)).unwrap();
            let want = format!(
                "Mam stronę hidden.invalid.\r\n> {}",
                came.replace("\r\n", "\r\n> ")
            );
            assert_eq!(back, want, "way {way}");
        }
        let [right, wrong] = GUESSES.map(|guess| own(guess, false).1);
        assert_eq!(neutral(&right), neutral(&wrong), "way {way}, forgotten");
    }
}

/// What shops write and buyers quote.
const LINKS: [&str; 8] = [
    "Paczkę śledzi Pani tu: https://inpost.pl/sledzenie-przesylek?number=620012345678901234567890",
    "Oferta: https://rowery.example/oferta/rower-gorski-29?id=17&utm_source=mail#opinie",
    "Instrukcja producenta: https://www.producent.example/rowery/model-29/instrukcja.pdf",
    "https://click.sklep.example/r/aHR0cHM6Ly93d3cucHJvZHVjZW50LmV4YW1wbGUvcm93ZXJ5?c=1&amp;d=2",
    "Zob. www.producent.pl, producent.de/rower i http://sklep.producent.co.uk:8080/a%20b",
    "Faktura faktura_17.pdf i zdjęcie IMG_0017.jpeg, 12.50 zł, godz. 10.30",
    "<a href=\"https://www.producent.example/x?ref=a.b.c\"><img src=\"https://cdn.producent.com/a.png\"></a>",
    "Pozdrawiamy,\r\nSklep Rowery | rowery.example | tel. 501 234 567",
];

#[test]
fn h168_h170_honest_answers_keep_every_octet_of_what_they_quote() {
    let mut answers = 0;
    for (number, one) in LINKS.iter().enumerate() {
        for more in 1..=4 {
            let other = LINKS[(number + more) % LINKS.len()];
            let text = format!("Dzień dobry.\r\n{one}\r\n{other}\r\n");
            for there in 0..3 {
                let asked = letter(
                    1,
                    "Subject: Pytanie\r\n",
                    "text/plain",
                    text.as_bytes(),
                    there,
                );
                let came = pass(&SELLER, &asked, &Memory::default()).unwrap();
                let memory = Memory::of(&came);
                for layout in 0..LAYOUTS {
                    let answer = answer(&content(&came.octets), layout, there);
                    let back = pass(&BUYERS[0], &answer, &memory).unwrap().octets;
                    let body = |raw: &[u8]| {
                        let raw = String::from_utf8_lossy(raw).into_owned();
                        raw.split_once("\r\n\r\n").unwrap().1.to_owned()
                    };
                    // Of the message within the message the words are kept, who wrote it is masked; what a responder repeats without a mark
                    // cannot be told from its owner's words.
                    if layout != 4 && layout != 6 {
                        assert_eq!(body(&back), body(&answer), "{layout} {text}");
                    }
                    answers += 1;
                }
            }
        }
    }
    println!("{answers} honest answers");
    assert!(answers >= 200);
}
