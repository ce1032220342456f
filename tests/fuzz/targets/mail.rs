//! What strangers write: messages, tokens, reports.

use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering};

use allegromail::content::{Facts, Letter, RuleSet, Source};
use allegromail::dsn::{self, ReturnedMail};
use allegromail::mail::{Domain, Mailbox, QueueId, ReversePath, Timestamp, TraceId};
use allegromail::masking::{
    BounceToken, MaskedDomain, MaskedDomains, MessageIdKeys, Original, Pair, ParticipantId,
    TokenKeys, TokenKind,
};
use allegromail::message::{Message, charset};
use allegromail::rewrite::{self, CourierTrace, ParticipantPlan, Trace};

const WRITER: &str = "jan.kowalski@poczta.example";
const NOW: Timestamp = Timestamp(1_795_392_000_000);

static DOMAINS: LazyLock<MaskedDomains> = LazyLock::new(|| {
    MaskedDomains::new(vec![MaskedDomain {
        name: domain("allegromail.pl"),
        marketplaces: vec!["allegro-pl".into()],
        aliases: Vec::new(),
    }])
});

fn domain(text: &str) -> Domain {
    Domain::parse(text).expect("a domain")
}

fn mailbox(text: &str) -> Mailbox {
    Mailbox::parse(text).expect("a mailbox")
}

fn trace() -> Trace {
    Trace {
        host: domain("mx.allegromail.pl"),
        id: TraceId::new(7, 1),
        at: NOW,
    }
}

pub fn header_splitter(octets: &[u8]) {
    let Ok(letter) = Message::parse(octets.to_vec().into()) else {
        return;
    };
    let whole: usize = letter.fields().map(|field| field.whole.len()).sum();
    assert!(whole <= octets.len());
    assert_eq!(
        letter
            .fields()
            .flat_map(|field| field.whole)
            .copied()
            .collect::<Vec<u8>>(),
        octets[..whole],
        "the fields are the header section"
    );
    if let Ok(from) = letter.from() {
        assert_eq!(letter.named("From").count(), 1);
        let again = Message::parse(format!("From: <{}>\r\n\r\n", from.mailbox).into());
        let again = again.ok().and_then(|letter| letter.from().ok());
        assert_eq!(again.map(|from| from.mailbox), Some(from.mailbox));
    }
    let _ = (
        letter.reply_to(),
        letter.automatic(&ReversePath::Null),
        letter.hops(),
    );
    for field in letter.fields() {
        let name = String::from_utf8_lossy(field.name).into_owned();
        let _ = (letter.text(&name), letter.ids(&name));
    }
    for part in &letter.structure().parts {
        assert!(part.head.end <= part.body.start && part.body.end <= octets.len());
    }
}

/// A document: what the masker's parser leaves, the gate's shows to nobody, or the message is refused. Nothing is masked twice.
pub fn documents(octets: &[u8]) {
    let head = "From: x\r\nContent-Type: text/html; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n";
    let content = data_encoding::BASE64.encode(String::from_utf8_lossy(octets).as_bytes());
    let Some(out) = rewritten(format!("{head}{content}\r\n").as_bytes()) else {
        return;
    };
    // Ids of calendar entries are sealed each time.
    let calendar = String::from_utf8_lossy(octets)
        .to_uppercase()
        .contains("UID");
    if rewrite::check(&out, &[mailbox(WRITER)]).is_ok() && !calendar {
        let again = rewritten(&out).expect("what leaves can be read");
        let body = |raw: &[u8]| {
            let letter = Message::parse(raw.to_vec().into()).expect("a message");
            letter.body().to_vec()
        };
        assert_eq!(body(&again), body(&out), "nothing is masked twice");
    }
}

/// Rules on contents: any text and any HTML is read, the same twice in the same way, and no sentence is made up.
pub fn contents(octets: &[u8]) {
    static SET: LazyLock<RuleSet> =
        LazyLock::new(|| RuleSet::shipped().expect("the set that is shipped loads"));
    let text = String::from_utf8_lossy(octets).into_owned();
    let read = || {
        Letter::read(Source {
            subject: text.chars().take(80).collect(),
            plain: vec![text.clone()],
            html: vec![text.clone()],
            attachments: Vec::new(),
            ..Source::default()
        })
    };
    let (letter, again) = (read(), read());
    assert_eq!(letter, again);
    let facts = Facts::default();
    let findings = SET.evaluate(&letter, &facts, &|_| false);
    assert_eq!(findings, SET.evaluate(&again, &facts, &|_| false));
    let sentences = findings.hits.iter().filter_map(|hit| hit.sentence);
    assert!(
        sentences
            .into_iter()
            .all(|number| number < letter.sentences.len())
    );
}

/// The masker's readers against the gate's, in one kind of part after the other: what the gate lets leave, the masker finds nothing more in. What
/// the masker left and the gate found is refused, not leaked: it is counted, and told each time the count doubles.
pub fn readers(octets: &[u8]) {
    static STOPPED: AtomicU64 = AtomicU64::new(0);
    const KINDS: [(&str, &str); 8] = [
        ("text/html; charset=utf-8", "base64"),
        ("text/html; charset=utf-16le", "base64"),
        ("text/html; charset=iso-2022-jp", "base64"),
        ("application/xhtml+xml; charset=utf-8", "base64"),
        ("text/plain; charset=utf-8", "base64"),
        ("text/plain", "8bit"),
        ("text/html; charset=windows-1250", "quoted-printable"),
        ("text/calendar; charset=utf-8", "8bit"),
    ];
    let Some((first, text)) = octets.split_first() else {
        return;
    };
    let (kind, encoding) = KINDS[usize::from(*first) % KINDS.len()];
    let text = match kind {
        "text/html; charset=utf-16le" => {
            let text = String::from_utf8_lossy(text).into_owned();
            text.encode_utf16().flat_map(u16::to_le_bytes).collect()
        }
        _ => text.to_vec(),
    };
    let content = match encoding {
        "base64" => data_encoding::BASE64.encode(&text).into_bytes(),
        _ => text,
    };
    let head =
        format!("From: x\r\nContent-Type: {kind}\r\nContent-Transfer-Encoding: {encoding}\r\n\r\n");
    let Some(out) = rewritten(&[head.as_bytes(), &content, b"\r\n"].concat()) else {
        return;
    };
    let addresses = [mailbox(WRITER)];
    if rewrite::check(&out, &addresses).is_err() {
        let stopped = STOPPED.fetch_add(1, Ordering::Relaxed) + 1;
        if stopped.is_power_of_two() {
            println!(
                "{stopped} left by the masker and stopped by the gate, the last of them {kind}: {}",
                String::from_utf8_lossy(octets).escape_debug()
            );
        }
        return;
    }
    // Ids of calendar entries are sealed each time, also where the encoding hides them.
    let has_id = |octets: &[u8]| {
        let text = String::from_utf8_lossy(octets).to_uppercase();
        text.contains("UID")
    };
    if has_id(&out) || has_id(octets) {
        return;
    }
    let again = rewritten(&out).expect("what leaves can be read");
    let body = |raw: &[u8]| {
        let letter = Message::parse(raw.to_vec().into()).expect("a message");
        letter.body().to_vec()
    };
    assert_eq!(
        body(&again).escape_ascii().to_string(),
        body(&out).escape_ascii().to_string(),
        "the masker finds what the gate let leave"
    );
}

/// A text in any charset: what is read can be written, and is the same text then.
pub fn charsets(octets: &[u8]) {
    const LABELS: [&str; 12] = [
        "",
        "us-ascii",
        "utf-8",
        "iso-8859-2",
        "windows-1250",
        "utf-16",
        "utf-16le",
        "iso-2022-jp",
        "shift_jis",
        "gb18030",
        "big5",
        "x-unknown",
    ];
    let Some((first, text)) = octets.split_first() else {
        return;
    };
    let label = LABELS[usize::from(*first) % LABELS.len()];
    let read = charset::decode(label, text).expect("a charset that is read");
    let (written, new) = read.write(&read.text);
    let again = charset::decode(new.unwrap_or(label), &written).expect("a charset that is written");
    // A mark at the front is read as one.
    let bare = |text: &str| text.trim_start_matches('\u{feff}').to_owned();
    assert_eq!(bare(&again.text), bare(&read.text), "{label}");
}

/// A participant's message as the rewriter leaves it.
fn rewritten(octets: &[u8]) -> Option<Vec<u8>> {
    let letter = Message::parse(octets.to_vec().into()).ok()?;
    let addresses = [mailbox(WRITER)];
    let plan = ParticipantPlan {
        from: mailbox("8awgqyk6a5@allegromail.pl"),
        from_name: None,
        writer_addresses: &addresses,
        to: mailbox("k2m9x0r7t3@allegromail.pl"),
        threading: rewrite::Threading::default(),
        domains: &DOMAINS,
        trace: trace(),
        options: rewrite::Options::default(),
    };
    rewrite::participant(&letter, &plan).ok()
}

/// A participant's message: what leaves names the writer in no simple reading, and can be read again.
pub fn rewriter(octets: &[u8]) {
    let Some(out) = rewritten(octets) else {
        return;
    };
    let addresses = [mailbox(WRITER)];
    if rewrite::check(&out, &addresses).is_err() {
        return;
    }
    no_needle(&out, octets);
    // The other parser has assertions of its own, which fail on odd structures in debug builds: that is no fault of the message.
    let read = std::panic::catch_unwind(|| mail_parser::MessageParser::default().parse(&out));
    // It also ends parts at a delimiter within a line, and so cuts longer domains short.
    let cut = memchr::memmem::find(&out.to_ascii_lowercase(), b"poczta.example--").is_some();
    if let Ok(Some(read)) = read
        && !cut
    {
        for part in &read.parts {
            no_needle(part.contents(), octets);
        }
        for header in read.headers() {
            if let Some(text) = header.value().as_text() {
                no_needle(text.as_bytes(), octets);
            }
        }
    }
    let again = Message::parse(out.into()).expect("what leaves is well-formed");
    assert_eq!(
        again.from().map(|from| from.mailbox),
        Ok(mailbox("8awgqyk6a5@allegromail.pl"))
    );
}

/// Whether the writer's address stands in `text`, as it is or behind percent signs and entities.
fn no_needle(text: &[u8], input: &[u8]) {
    let plain = text.to_ascii_lowercase();
    let needle = WRITER.as_bytes();
    let readings = [
        plain.clone(),
        replaced(&plain, &[("%40", "@"), ("%2e", ".")]),
        replaced(
            &plain,
            &[
                ("&#64;", "@"),
                ("&#x40;", "@"),
                ("&commat;", "@"),
                ("&#46;", "."),
                ("&period;", "."),
            ],
        ),
        replaced(
            &plain,
            &[("\u{200b}", ""), ("\u{200d}", ""), ("\u{ad}", "")],
        ),
    ];
    for plain in readings {
        let mut from = 0;
        while let Some(at) = memchr::memmem::find(&plain[from..], needle) {
            let (start, end) = (from + at, from + at + needle.len());
            // Part of a longer address is another address.
            let joins = |octet: &u8| {
                octet.is_ascii_alphanumeric() || b"._+-".contains(octet) || !octet.is_ascii()
            };
            let before = plain[..start].last().is_some_and(joins);
            let behind = plain[end..].iter().find(|octet| !b"-.".contains(octet));
            let behind =
                behind.is_some_and(|octet| octet.is_ascii_alphanumeric() || !octet.is_ascii());
            assert!(before || behind, "{}", String::from_utf8_lossy(input));
            from = end;
        }
    }
}

fn replaced(text: &[u8], pairs: &[(&str, &str)]) -> Vec<u8> {
    let mut text = text.to_vec();
    for (from, to) in pairs {
        let mut out = Vec::with_capacity(text.len());
        let mut rest = text.as_slice();
        while let Some(at) = memchr::memmem::find(rest, from.as_bytes()) {
            out.extend_from_slice(&rest[..at]);
            out.extend_from_slice(to.as_bytes());
            rest = &rest[at + from.len()..];
        }
        out.extend_from_slice(rest);
        text = out;
    }
    text
}

/// A courier's message keeps its bytes behind our trace fields, and its body whatever becomes of its From.
pub fn courier(octets: &[u8]) {
    let Ok(letter) = Message::parse(octets.to_vec().into()) else {
        return;
    };
    let trace = CourierTrace {
        client: std::net::IpAddr::from([192, 0, 2, 1]),
        helo: String::from_utf8_lossy(&octets[..octets.len().min(40)]).into_owned(),
        protocol: "ESMTP",
        result: None,
        trace: trace(),
    };
    let out = rewrite::courier(&letter, &trace);
    assert!(out.ends_with(letter.body()));
    let address = mailbox("kurier@inpost.example");
    let name = letter.from().ok().and_then(|from| from.display_name);
    let shown = mailbox("c-token@allegromail.pl");
    let out = rewrite::courier_as(&letter, &trace, (&address, name.as_deref()), &shown);
    assert!(out.ends_with(letter.body()));
    if let Ok(again) = Message::parse(out) {
        assert_eq!(again.named("From").count(), 1);
        assert_eq!(again.from().map(|from| from.mailbox), Ok(shown));
    }
}

struct Keys {
    tokens: TokenKeys,
    ids: MessageIdKeys,
    genuine: String,
    sealed: String,
    one: ParticipantId,
    two: ParticipantId,
}

static KEYS: LazyLock<Keys> = LazyLock::new(|| {
    let tokens = TokenKeys::new(vec![vec![7; 32], vec![8; 32]]);
    let ids = MessageIdKeys::new(&tokens);
    let one = ParticipantId::parse("8awgqyk6a5").expect("an id");
    let two = ParticipantId::parse("k2m9x0r7t3").expect("an id");
    let genuine = tokens.sign(TokenKind::Participant, 42, NOW);
    let pair = Pair {
        writer: &one,
        reader: &two,
    };
    let sealed = ids.seal(pair, "1@poczta.example", &domain("allegromail.pl"));
    let sealed = sealed.expect("a token").id;
    let sealed = sealed.split_once('@').expect("an id").0.to_owned();
    Keys {
        tokens,
        ids,
        genuine,
        sealed,
        one,
        two,
    }
});

/// Nothing but what was signed is taken for signed.
pub fn tokens(octets: &[u8]) {
    let keys = &*KEYS;
    let pair = Pair {
        writer: &keys.one,
        reader: &keys.two,
    };
    let text = String::from_utf8_lossy(&octets[..octets.len().min(300)]).into_owned();
    let known = |text: &str| {
        text.eq_ignore_ascii_case(&keys.genuine) || text.eq_ignore_ascii_case(&keys.sealed)
    };
    let refused = |text: &str| {
        let verified: Result<BounceToken, _> = keys.tokens.verify(text, NOW, 19);
        assert!(verified.is_err(), "{text}");
        let opened = keys.ids.open(pair, text);
        assert!(!matches!(opened, Some(Original::Id(_))), "{text}");
    };
    if !known(&text) {
        refused(&text);
    }
    let token = keys.ids.seal(pair, &text, &domain("allegromail.pl"));
    assert!(token.is_none_or(|token| token.id.len() <= 200));
    let _ = text.parse::<QueueId>();
    // One character of a genuine token changed.
    let (Some(at), Some(by)) = (octets.first(), octets.get(1)) else {
        return;
    };
    for genuine in [&keys.genuine, &keys.sealed] {
        let mut altered = genuine.clone().into_bytes();
        let at = usize::from(*at) % altered.len();
        altered[at] = b'!' + by % 90;
        let altered = String::from_utf8(altered).expect("ASCII");
        if !altered.eq_ignore_ascii_case(genuine) {
            refused(&altered);
        }
    }
}

/// What is told of another server's report names nobody of the hidden side.
pub fn report_reader(octets: &[u8]) {
    let hidden = [mailbox(WRITER)];
    let Ok(letter) = Message::parse(octets.to_vec().into()) else {
        return;
    };
    let ReturnedMail::Report(report) = dsn::classify_returned(&letter, &ReversePath::Null) else {
        return;
    };
    let words = report.reply.map(|reply| reply.lines.join(" "));
    let told = dsn::quotable_text(&words.unwrap_or_default(), &hidden).unwrap_or_default();
    let lower = told.to_ascii_lowercase();
    assert!(!lower.contains("poczta.example"), "{told}");
    assert!(!told.chars().any(char::is_control), "{told}");
    assert!(told.chars().count() <= 400, "{told}");
}
