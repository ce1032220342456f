//! Letters of a seller with invoices, and what becomes of them.

use allegromail::scripted::session::Received;
use sha2::{Digest, Sha256};

use crate::support::dialogue::Answer;
use crate::support::receiver::Receiver;
use crate::support::stage::*;

/// A PDF that is no other.
pub fn pdf(number: u32) -> Vec<u8> {
    format!("%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\n% {number}\ntrailer<</Root 1 0 R>>\n%%EOF\n")
        .into_bytes()
}

pub fn sha256(octets: &[u8]) -> String {
    data_encoding::HEXLOWER.encode(&Sha256::digest(octets))
}

/// A letter with files.
pub fn letter(words: &str, fields: &str, files: &[(&str, &[u8])]) -> String {
    let mut letter = format!(
        "From: Biuro <{BIURO}>\r\nTo: {BUYER}\r\nSubject: Dokument\r\nDate: Mon, 23 Nov 2026 10:00:00 +0100\r\n\
         Message-ID: <{}.{}@rowery.example>\r\n{fields}MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n\
         --b\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n{words}\r\n",
        words.len(),
        files.len()
    );
    for (name, octets) in files {
        letter.push_str(&format!(
            "--b\r\nContent-Type: application/octet-stream\r\nContent-Disposition: attachment; filename=\"{name}\"\r\nContent-Transfer-Encoding: base64\r\n\r\n{}\r\n",
            data_encoding::BASE64_MIME.encode(octets)
        ));
    }
    letter + "--b--\r\n"
}

/// Words that are against the rules for documents, and for nothing else.
pub const WORDS: &str = "Dzień dobry, w załączniku przesyłam fakturę do zamówienia.";
/// Words that nobody may write beside it.
pub const MORE: &str =
    "Faktura w załączniku. Taniej kupisz na https://rowery.example/ - zapraszam!";

pub async fn sell(stage: &Stage, message: &str) -> Answer {
    stage.send_message(BIURO, &[BUYER], message).await
}

pub fn to(receiver: &Receiver) -> Setup {
    Setup::default().key(
        "handover",
        &format!("url = \"http://{}/orders\"", receiver.address),
    )
}

/// Documents go to a server at this port.
pub fn to_port(port: u16) -> Setup {
    Setup::default().key("handover", &format!("url = \"http://127.0.0.1:{port}/\""))
}

/// The two notices to the seller and the message to the buyer, which comes last.
pub async fn released(stage: &Stage) -> [Received; 3] {
    let mut came = [
        stage.arrival().await,
        stage.arrival().await,
        stage.arrival().await,
    ];
    came.sort_by_key(|came| came.recipients.clone());
    let [_, notice, message] = &came;
    assert_eq!(
        (&*notice.recipients[0], &*message.recipients[0]),
        (BIURO, JAN)
    );
    came
}

/// The notice to the seller, as text.
pub async fn notice(stage: &Stage) -> String {
    let notice = stage.arrival().await;
    assert_eq!(notice.recipients, [BIURO]);
    decoded(&text(&notice))
}

pub fn decoded(message: &str) -> String {
    let parsed = mail_parser::MessageParser::default();
    let parsed = parsed.parse(message.as_bytes()).unwrap();
    format!(
        "{}\n{}",
        parsed.subject().unwrap_or_default(),
        parsed.body_text(0).unwrap()
    )
}

/// The attached files of a message, by another parser.
pub fn files(message: &[u8]) -> Vec<(String, Vec<u8>)> {
    use mail_parser::MimeHeaders;
    let parsed = mail_parser::MessageParser::default()
        .parse(message)
        .unwrap();
    let files = parsed.attachments().map(|part| {
        (
            part.attachment_name().unwrap_or_default().to_owned(),
            part.contents().to_vec(),
        )
    });
    files.collect()
}

/// The smallest picture.
pub const PNG: &[u8] = &[
    0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0, 0, 0, 0x0d, 0x49, 0x48, 0x44, 0x52, 0, 0, 0,
    1, 0, 0, 0, 1, 8, 0, 0, 0, 0, 0x3a, 0x7e, 0x9b, 0x55, 0, 0, 0, 0x0a, 0x49, 0x44, 0x41, 0x54,
    0x78, 0x9c, 0x63, 0x60, 0, 0, 0, 2, 0, 1, 0x48, 0xaf, 0xa4, 0x71, 0, 0, 0, 0, 0x49, 0x45, 0x4e,
    0x44, 0xae, 0x42, 0x60, 0x82,
];

/// A plain letter.
pub fn message_of(from: &str, to: &str, words: &str) -> String {
    format!(
        "From: {from}\r\nTo: {to}\r\nSubject: Rower\r\nMessage-ID: <q@poczta.example>\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n{words}\r\n"
    )
}
