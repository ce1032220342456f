//! Messages of every shape with an address of the writer somewhere in them: position x spelling x encoding x charset x structure.

use std::fmt::Write;

use super::text::{SOFT_BREAK, SPELLINGS, around, spelled};

/// Random numbers that are the same in every run (splitmix64).
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % bound
    }

    pub(crate) fn pick<'a>(&mut self, from: &[&'a str]) -> &'a str {
        from[self.below(from.len() as u64) as usize]
    }
}

pub(crate) struct Generator {
    random: Random,
    addresses: Vec<String>,
    hidden: Vec<String>,
    others: Vec<String>,
    to: String,
}

/// What may stand before the domain of an address: hosts, however many. Cut behind a top-level domain, a name could be two names.
const HOSTS: [&str; 5] = [
    "imap.",
    "mx1.poczta.",
    "a.b.c.d.",
    "x1.y2.z3.q4.w5.v6.",
    "dział.",
];

impl Generator {
    /// `others`: longer names of others, which hold one of the writer's.
    pub(crate) fn new(
        random: Random,
        addresses: &[String],
        (hidden, others): (&[&str], &[&str]),
        to: &str,
    ) -> Self {
        Self {
            random,
            addresses: addresses.to_vec(),
            hidden: hidden.iter().map(ToString::to_string).collect(),
            others: others.iter().map(ToString::to_string).collect(),
            to: to.to_owned(),
        }
    }

    fn address(&mut self) -> String {
        let at = self.random.below(self.addresses.len() as u64) as usize;
        self.addresses[at].clone()
    }

    /// A name for the case, and the message.
    pub(crate) fn message(&mut self) -> (String, Vec<u8>) {
        let address = self.address();
        let way = self.random.below(SPELLINGS);
        let named = match self.hidden.first() {
            // Where the domain alone gives its owner away, it stands alone, or in an address that is not registered.
            Some(domain) if self.random.below(4) == 0 => {
                let (domain, _) = idna::domain_to_unicode(domain);
                format!(
                    "{}{domain}",
                    self.random.pick(&["anna@", "www.", "//", "mx1."])
                )
            }
            _ if self.random.below(6) == 0 => {
                let hosts = self.random.pick(&HOSTS);
                address.replace('@', &format!("@{hosts}"))
            }
            _ => address.clone(),
        };
        let (written, mut recipe) = if self.random.below(10) == 0 {
            (self.name_of_another(), "name of another".to_owned())
        } else {
            let (written, spelling) = spelled(&named, way, &mut self.random);
            (written, spelling.to_owned())
        };
        let mut head = format!(
            "Received: from host.{} by mx\r\nFrom: {address}\r\nTo: <{}>\r\nDate: Mon, 23 Nov 2026 10:00:00 +0100\r\nMessage-ID: <1@x.example>\r\nMIME-Version: 1.0\r\n",
            address.split('@').nth(1).unwrap(),
            self.to
        );
        match self.random.below(4) {
            0 => write!(head, "Subject: Pytanie od {address}\r\n").unwrap(),
            1 => write!(
                head,
                "Subject: {}\r\n",
                word(&format!("Żółw {address}"), self.random.below(2))
            )
            .unwrap(),
            _ => head.push_str("Subject: Zamowienie\r\n"),
        }
        let body = self.part(&written, 0, &mut recipe);
        head.push_str(&body.0);
        let mut raw = head.into_bytes();
        raw.extend(body.1);
        (recipe, raw)
    }

    /// A longer name, with a soft line break somewhere in it: mostly where the writer's own begins or ends.
    fn name_of_another(&mut self) -> String {
        let at = self.random.below(self.others.len() as u64) as usize;
        let name = self.others[at].clone();
        let own = self.addresses.iter().chain(&self.hidden);
        let places = own.flat_map(|own| name.match_indices(own.as_str()));
        let places = places.flat_map(|(at, own)| [at, at + own.len()]);
        let places: Vec<usize> = places.filter(|at| (1..name.len()).contains(at)).collect();
        let cut = match places.len() as u64 {
            0 => 1 + self.random.below(name.len() as u64 - 1) as usize,
            count if self.random.below(3) > 0 => places[self.random.below(count) as usize],
            _ => 1 + self.random.below(name.len() as u64 - 1) as usize,
        };
        format!("{}{SOFT_BREAK}{}", &name[..cut], &name[cut..])
    }

    /// A part with the address in it: its fields with the empty line, and its content.
    fn part(&mut self, written: &str, depth: u64, recipe: &mut String) -> (String, Vec<u8>) {
        let kind = if depth > 3 { 0 } else { self.random.below(14) };
        match kind {
            0..=5 => self.leaf(written, recipe),
            6 | 7 => self.multipart("alternative", written, depth, recipe),
            8 | 9 => self.multipart("mixed", written, depth, recipe),
            10 => self.multipart("related", written, depth, recipe),
            11 => self.multipart(
                "signed; protocol=\"application/pgp-signature\"; micalg=pgp-sha256",
                written,
                depth,
                recipe,
            ),
            12 => {
                recipe.push_str(" in message");
                let (head, content) = self.part(written, depth + 1, recipe);
                let address = self.address();
                let inner = format!(
                    "Received: from {address}\r\nFrom: =?utf-8?Q?Jan?= <{address}>\r\nSubject: {}\r\n{head}",
                    word(&address, self.random.below(2))
                );
                let mut raw = inner.into_bytes();
                raw.extend(content);
                ("Content-Type: message/rfc822\r\n\r\n".to_owned(), raw)
            }
            _ => self.record(written, recipe),
        }
    }

    fn multipart(
        &mut self,
        kind: &str,
        written: &str,
        depth: u64,
        recipe: &mut String,
    ) -> (String, Vec<u8>) {
        write!(recipe, " in {}", kind.split(';').next().unwrap()).unwrap();
        let address = self.address();
        let boundary = match self.random.below(4) {
            0 => format!("b{depth}.{}", address.replace('@', "=40")),
            1 => format!("----=_{depth}_{}", address.split('@').nth(1).unwrap()),
            _ => format!("=_{depth}_{:x}", self.random.below(1 << 40)),
        };
        let at = self.random.below(3);
        let count = 1 + at.max(self.random.below(3));
        let mut content = Vec::new();
        if self.random.below(3) == 0 {
            content.extend_from_slice(format!("{address} is here\r\n").as_bytes());
        }
        for number in 0..count {
            content.extend_from_slice(format!("--{boundary}\r\n").as_bytes());
            let (head, inner) = if number == at {
                self.part(written, depth + 1, recipe)
            } else {
                self.attachment(&address)
            };
            content.extend_from_slice(head.as_bytes());
            content.extend(inner);
            content.extend_from_slice(b"\r\n");
        }
        content.extend_from_slice(format!("--{boundary}--\r\n").as_bytes());
        if self.random.below(3) == 0 {
            content.extend_from_slice(format!("end {address}\r\n").as_bytes());
        }
        (
            format!("Content-Type: multipart/{kind};\r\n boundary=\"{boundary}\"\r\n\r\n"),
            content,
        )
    }

    /// A picture whose fields name the writer.
    fn attachment(&mut self, address: &str) -> (String, Vec<u8>) {
        let domain = address.split('@').nth(1).unwrap();
        let percent: String = address
            .bytes()
            .map(|octet| format!("%{octet:02X}"))
            .collect();
        let half = percent.len() / 6 * 3;
        let field = match self.random.below(8) {
            0 => format!("Content-Disposition: attachment; filename=\"{address}.png\"\r\n"),
            1 => format!("Content-Disposition: attachment; filename*=utf-8''{percent}.png\r\n"),
            2 => format!(
                "Content-Disposition: attachment;\r\n filename*0*=utf-8''{};\r\n filename*1*={}.png\r\n",
                &percent[..half],
                &percent[half..]
            ),
            3 => format!(
                "Content-Disposition: attachment; filename=\"{}\"\r\n",
                word(&format!("{address}.png"), self.random.below(2))
            ),
            4 => format!(
                "Content-Description: {}\r\n",
                word(address, self.random.below(2))
            ),
            5 => format!("Content-ID: <img1.42@{domain}>\r\nX-Attachment-Id: {address}\r\n"),
            6 => format!("Content-Location: https://{domain}/{address}\r\n"),
            _ => format!("Content-Description: zdjecie ({address})\r\n"),
        };
        (
            format!(
                "Content-Type: image/png; name=\"x.png\"\r\nContent-Transfer-Encoding: base64\r\n{field}\r\n"
            ),
            b"iVBORw0KGgoAAAANSUhEUgAAAAEAAAAB".to_vec(),
        )
    }

    /// A calendar, a card, a table, a report.
    fn record(&mut self, written: &str, recipe: &mut String) -> (String, Vec<u8>) {
        let address = self.address();
        let domain = address.split('@').nth(1).unwrap();
        let (head, text) = match self.random.below(5) {
            0 => (
                "text/calendar; method=REQUEST",
                format!(
                    "BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nUID:1-2-3@{domain}\r\nORGANIZER;CN={address}:mailto:{address}\r\nATTENDEE;CN=x:mailto:{}\r\n {}\r\nDESCRIPTION:{written}\r\nEND:VEVENT\r\n",
                    &address[..5],
                    &address[5..]
                ),
            ),
            1 => (
                "text/vcard; charset=utf-8",
                format!(
                    "BEGIN:VCARD\r\nUID:urn:x@{domain}\r\nEMAIL;TYPE=work:{written}\r\nEND:VCARD\r\n"
                ),
            ),
            2 => (
                "application/octet-stream; name=\"dane.csv\"",
                format!("id;mail\r\n1;{written}\r\n"),
            ),
            3 => (
                "message/delivery-status",
                format!("Reporting-MTA: dns; x\r\n\r\nFinal-Recipient: rfc822; {written}\r\n"),
            ),
            _ => ("application/json", format!("{{\"m\":\"{written}\"}}")),
        };
        write!(recipe, " in {}", head.split(';').next().unwrap()).unwrap();
        self.encoded(head, &text, "utf-8", recipe)
    }

    fn leaf(&mut self, written: &str, recipe: &mut String) -> (String, Vec<u8>) {
        let text = around(written, &mut self.random);
        let charset = self.random.pick(&[
            "utf-8",
            "utf-8",
            "iso-8859-2",
            "windows-1250",
            "us-ascii",
            "utf-16le",
            "x-unknown",
        ]);
        let kind = self.random.pick(&[
            "plain",
            "html",
            "plain; format=flowed; delsp=yes",
            "x-amp-html",
            "enriched",
        ]);
        self.encoded(
            &format!("text/{kind}; charset={charset}"),
            &text,
            charset,
            recipe,
        )
    }

    /// Content under a random transfer encoding.
    fn encoded(
        &mut self,
        kind: &str,
        text: &str,
        charset: &str,
        recipe: &mut String,
    ) -> (String, Vec<u8>) {
        let pieces = octets_of(text, charset);
        let way = if charset == "utf-16le" {
            2
        } else if pieces.len() > 1 && self.random.below(4) > 0 {
            1
        } else {
            self.random.below(3)
        };
        let (name, content) = match way {
            0 => ("8bit", pieces.concat()),
            1 => {
                let anywhere = pieces.len() == 1;
                let pieces = pieces.iter().map(|piece| self.quoted(piece, anywhere));
                let pieces: Vec<_> = pieces.collect();
                ("quoted-printable", pieces.join(b"=\r\n".as_slice()))
            }
            _ => ("base64", self.base64(&pieces.concat())),
        };
        write!(recipe, " {charset} {name}").unwrap();
        (
            format!("Content-Type: {kind}\r\nContent-Transfer-Encoding: {name}\r\n\r\n"),
            content,
        )
    }

    /// Quoted-printable with soft breaks anywhere, or with none.
    fn quoted(&mut self, octets: &[u8], anywhere: bool) -> Vec<u8> {
        let mut out = Vec::new();
        for octet in octets {
            if anywhere && self.random.below(7) == 0 && !out.ends_with(b"\r") {
                out.extend_from_slice(b"=\r\n");
            }
            let break_or_plain = matches!(octet, b'\r' | b'\n')
                || (octet.is_ascii_alphanumeric() && self.random.below(4) > 0);
            if break_or_plain {
                out.push(*octet);
            } else {
                out.extend_from_slice(format!("={octet:02X}").as_bytes());
            }
        }
        out
    }

    fn base64(&mut self, octets: &[u8]) -> Vec<u8> {
        let width = 4 + self.random.below(73) as usize;
        let text = data_encoding::BASE64.encode(octets);
        let lines: Vec<&str> = text
            .as_bytes()
            .chunks(width)
            .map(|line| std::str::from_utf8(line).unwrap())
            .collect();
        lines.join("\r\n").into_bytes()
    }
}

/// A text in a charset, in the pieces between which quoted-printable is to break a line.
fn octets_of(text: &str, charset: &str) -> Vec<Vec<u8>> {
    let encoding = encoding_rs::Encoding::for_label(charset.as_bytes());
    let single = encoding.filter(|encoding| encoding.is_single_byte() && charset != "us-ascii");
    // What the charset lacks would become an entity here: then the text stays UTF-8, and the charset lies.
    let whole = text.replace(SOFT_BREAK, "");
    let fitting = single.filter(|encoding| !encoding.encode(&whole).2);
    let octets = |piece: &str| match (charset, fitting) {
        ("utf-16le", _) => piece.encode_utf16().flat_map(u16::to_le_bytes).collect(),
        (_, Some(encoding)) => encoding.encode(piece).0.into_owned(),
        _ => piece.as_bytes().to_vec(),
    };
    text.split(SOFT_BREAK).map(octets).collect()
}

/// An encoded word of one kind or the other (RFC 2047).
fn word(text: &str, kind: u64) -> String {
    if kind == 0 {
        return format!(
            "=?utf-8?B?{}?=",
            data_encoding::BASE64.encode(text.as_bytes())
        );
    }
    let mut out = String::from("=?utf-8?Q?");
    for octet in text.bytes() {
        if octet.is_ascii_alphanumeric() {
            out.push(char::from(octet));
        } else {
            write!(out, "={octet:02X}").unwrap();
        }
    }
    out + "?="
}
