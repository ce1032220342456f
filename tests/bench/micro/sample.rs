//! Messages of the shapes that are measured.

use std::fmt::Write;

use bytes::Bytes;

use allegromail::mail::Mailbox;

pub(crate) const BUYER: &str = "jan.kowalski@poczta.example";
pub(crate) const BUYER_MASK: &str = "8awgqyk6a5+cub31c122@allegromail.pl";
pub(crate) const SELLER_MASK: &str = "k2m9x0r7t3+cub31c122@allegromail.pl";

/// A kind of message and its size in octets.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Shape {
    Text10K,
    Html10K,
    Picture10K,
    /// A long text that names nobody.
    Text1M,
}

pub(crate) const SHAPES: [Shape; 4] = [
    Shape::Text10K,
    Shape::Html10K,
    Shape::Picture10K,
    Shape::Text1M,
];

pub(crate) fn mailbox(text: &str) -> Mailbox {
    Mailbox::parse(text).unwrap()
}

fn repeated(line: &str, size: usize) -> String {
    line.repeat(size / line.len() + 1)
}

/// Octets of no pattern, as a compressed picture has them.
fn picture(size: usize) -> Vec<u8> {
    let mut state = 7_u64;
    let next = || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        state.to_be_bytes()[0]
    };
    std::iter::repeat_with(next).take(size).collect()
}

/// A message of this shape from the buyer; the short ones have an address of theirs in it.
pub(crate) fn message(shape: Shape) -> Bytes {
    let mut out = format!(
        "From: Jan <{BUYER}>\r\nTo: <{SELLER_MASK}>\r\nSubject: Pytanie\r\nDate: Mon, 23 Nov 2026 10:00:00 +0100\r\n\
         Message-ID: <1@poczta.example>\r\nMIME-Version: 1.0\r\n"
    );
    let line = "Dzien dobry, czy ten rower jest jeszcze dostepny? Prosze o wiadomosc.\r\n";
    let row = "<tr><td style=3D\"color:#333\"><a href=3D\"https://shop.example/?a=3D1&amp;b=3D%20x\">Rower&nbsp;g=C3=B3rski</a></td>=\r\n</tr>\r\n";
    let content = match shape {
        Shape::Text10K => format!("\r\n{}{BUYER}\r\n", repeated(line, 10_000)),
        Shape::Text1M => format!("\r\n{}", repeated(line, 1_000_000)),
        Shape::Html10K => format!(
            "Content-Type: text/html; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n{}<p>{BUYER}</p>\r\n",
            repeated(row, 10_000)
        ),
        Shape::Picture10K => {
            let mut text =
                "Content-Type: image/jpeg\r\nContent-Transfer-Encoding: base64\r\n\r\n".to_owned();
            let encoded = data_encoding::BASE64.encode(&picture(7_500));
            for line in encoded.as_bytes().chunks(76) {
                write!(text, "{}\r\n", String::from_utf8_lossy(line)).unwrap();
            }
            text
        }
    };
    out.push_str(&content);
    out.into()
}
