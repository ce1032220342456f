//! A message of ours with the documents of one that was blocked for what else it says: these reach the buyer, its words do not.

use crate::message::{self, Encoding};

/// What a message of documents is made of.
#[derive(Debug, Clone)]
pub struct DocumentMessage<'a> {
    /// Fields of the message that was blocked, whole, that name its writer, its time and its id.
    pub fields: &'a [&'a [u8]],
    /// What stands in none of the files.
    pub boundary: &'a str,
    /// The reader's language (ISO 639-1).
    pub language: &'a str,
    /// The transaction.
    pub order: &'a str,
    /// The files: type and octets.
    pub files: &'a [(&'a str, &'a [u8])],
    /// The addresses of documents on the web.
    pub links: &'a [&'a str],
}

/// Subject and text, with `ORDER` for the transaction.
fn words(language: &str) -> [&'static str; 2] {
    match language {
        "pl" => [
            "Dokument do zamówienia ORDER",
            "Sprzedawca przesyła dokument do zamówienia ORDER. Reszta wiadomości nie została dostarczona.",
        ],
        "cs" => [
            "Doklad k objednávce ORDER",
            "Prodejce posílá doklad k objednávce ORDER. Zbytek zprávy nebyl doručen.",
        ],
        "sk" => [
            "Doklad k objednávke ORDER",
            "Predajca posiela doklad k objednávke ORDER. Zvyšok správy nebol doručený.",
        ],
        "hu" => [
            "Bizonylat a(z) ORDER rendeléshez",
            "Az eladó bizonylatot küld a(z) ORDER rendeléshez. Az üzenet többi részét nem kézbesítettük.",
        ],
        _ => [
            "Document for order ORDER",
            "The seller sends a document for order ORDER. The rest of the message was not delivered.",
        ],
    }
}

/// Writes such a message as its writer would have written it: it still has to be masked. File names are ours.
#[must_use]
pub fn document_message(from: &DocumentMessage<'_>) -> Vec<u8> {
    let [subject, text] = words(from.language).map(|text| text.replace("ORDER", from.order));
    let mut out: Vec<u8> = from.fields.concat();
    let head = format!(
        "Subject: {}\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=\"{}\"\r\n\r\n",
        message::encode(&subject),
        from.boundary
    );
    out.extend_from_slice(head.as_bytes());
    let text = std::iter::once(text.as_str()).chain(from.links.iter().copied());
    let text = text.collect::<Vec<_>>().join("\r\n");
    part(
        &mut out,
        from.boundary,
        ("text/plain; charset=utf-8", ""),
        text.as_bytes(),
    );
    for (number, (kind, octets)) in from.files.iter().enumerate() {
        let ending = kind.rsplit('/').next().unwrap_or_default();
        let shown = format!(
            "Content-Disposition: attachment; filename=\"dokument-{}.{ending}\"\r\n",
            number + 1
        );
        part(&mut out, from.boundary, (kind, &shown), octets);
    }
    out.extend_from_slice(format!("--{}--\r\n", from.boundary).as_bytes());
    out
}

fn part(out: &mut Vec<u8>, boundary: &str, (kind, fields): (&str, &str), octets: &[u8]) {
    let head = format!(
        "--{boundary}\r\nContent-Type: {kind}\r\n{fields}Content-Transfer-Encoding: base64\r\n\r\n"
    );
    out.extend_from_slice(head.as_bytes());
    let encoded = Encoding::Base64.encode(octets);
    out.extend_from_slice(&encoded);
    if !encoded.ends_with(b"\r\n") {
        out.extend_from_slice(b"\r\n");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_of_documents_is_what_another_parser_reads() {
        let message = document_message(&DocumentMessage {
            fields: &[
                b"From: <a@b.example>\r\n",
                b"Date: Mon, 23 Nov 2026 10:00:00 +0100\r\n",
            ],
            boundary: "=_documents_1",
            language: "pl",
            order: "cub31c122",
            files: &[("application/pdf", b"%PDF-1.7"), ("image/png", b"png")],
            links: &["https://fakturownia.pl/f/99ab12"],
        });
        let read = mail_parser::MessageParser::default()
            .parse(&message)
            .unwrap();
        assert_eq!(read.subject(), Some("Dokument do zamówienia cub31c122"));
        let text = read.body_text(0).unwrap();
        assert!(
            text.contains("przesyła") && text.ends_with("https://fakturownia.pl/f/99ab12"),
            "{text}"
        );
        use mail_parser::MimeHeaders;
        let files: Vec<_> = read
            .attachments()
            .map(|part| (part.attachment_name(), part.contents()))
            .collect();
        assert_eq!(
            files,
            [
                (Some("dokument-1.pdf"), b"%PDF-1.7".as_slice()),
                (Some("dokument-2.png"), b"png")
            ]
        );
    }
}
