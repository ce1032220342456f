//! What counts as a sale document of a blocked message, what the marketplace is told of it, and what of it may reach the buyer.

use std::time::Duration;

use crate::support::invoices::*;
use crate::support::receiver::Receiver;
use crate::support::stage::*;

/// A letter in HTML, with a picture within it.
fn page(html: &str, picture: Option<&[u8]>) -> String {
    let picture = picture.map_or_else(String::new, |octets| {
        format!(
            "--r\r\nContent-Type: image/png; name=IMG_0042.png\r\nContent-ID: <photo>\r\nContent-Disposition: inline; filename=IMG_0042.png\r\nContent-Transfer-Encoding: base64\r\n\r\n{}\r\n",
            data_encoding::BASE64.encode(octets)
        )
    });
    format!(
        "From: Biuro <{BIURO}>\r\nTo: {BUYER}\r\nSubject: Dokument\r\nMIME-Version: 1.0\r\nContent-Type: multipart/related; boundary=r\r\n\r\n\
         --r\r\nContent-Type: text/html; charset=utf-8\r\n\r\n{html}\r\n{picture}--r--\r\n"
    )
}

/// What came to the marketplace, by name or link.
async fn handed_over(message: &str) -> Vec<String> {
    let receiver = Receiver::start(&[(201, Duration::ZERO)]).await;
    let stage = to(&receiver).start().await;
    let answer = stage.send_message(BIURO, &[BUYER], message).await;
    answer.assert("550 5.7.1");
    if answer.0.contains("attachment-type") {
        return vec!["attachment-type".to_owned()];
    }
    stage.arrival().await;
    stage.drained().await;
    assert!(stage.sink.take().is_empty());
    let told = receiver.came().into_iter().map(|request| {
        let told = request.told();
        told.get("link")
            .unwrap_or_else(|| &told["name"])
            .as_str()
            .unwrap()
            .to_owned()
    });
    told.collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_message_is_stopped_for_is_handed_over_in_whatever_form_it_comes() {
    let (invoice, words) = (pdf(1), "Faktura w załączniku, przesyłam fakturę.");
    let cases: [(&str, String, &[&str]); 11] = [
        (
            "by its words",
            letter(words, "", &[("scan0001.pdf", &invoice)]),
            &["scan0001.pdf"],
        ),
        (
            "by its name",
            letter("Dokument w załączniku.", "", &[("faktura.pdf", &invoice)]),
            &["faktura.pdf"],
        ),
        (
            "a photo and a manual",
            letter(
                "Paragon w załączniku, zdjęcie paragonu.",
                "",
                &[("IMG_1.png", PNG), ("instrukcja.pdf", &invoice)],
            ),
            &["IMG_1.png", "instrukcja.pdf"],
        ),
        (
            "a photo within the text",
            page(
                "<p>Przesyłam zdjęcie paragonu.</p><img src=\"cid:photo\">",
                Some(PNG),
            ),
            &["IMG_0042.png"],
        ),
        (
            "behind a mailer's link",
            page(
                "<p>Pobierz fakturę: <a href=\"https://click.mailer.example.pl/t/abc\">Pobierz</a></p>",
                None,
            ),
            &["https://click.mailer.example.pl/t/abc"],
        ),
        (
            "a page",
            letter(words, "", &[("faktura.html", b"<p>Faktura 1/2026</p>")]),
            &["attachment-type"],
        ),
        (
            "a name without an ending",
            letter(
                "W załączniku dla księgowości.",
                "",
                &[("faktura", &invoice)],
            ),
            &["faktura"],
        ),
        (
            "no name",
            letter(words, "", &[("", &invoice)]),
            &["document"],
        ),
        (
            "a path for a name",
            letter(words, "", &[("../../faktura.pdf", &invoice)]),
            &["faktura.pdf"],
        ),
        (
            "an office file",
            letter(words, "", &[("faktura.docx", b"PK\x03\x04\x14\0\0\0\0\0")]),
            &["attachment-type"],
        ),
        (
            "a text that calls itself an office file",
            letter(words, "", &[("faktura.docx", b"text")]),
            &["attachment-type"],
        ),
    ];
    for (form, message, wanted) in cases {
        assert_eq!(handed_over(&message).await, wanted, "{form}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_address_of_anybody_is_told_to_the_marketplace() {
    let receiver = Receiver::start(&[(201, Duration::ZERO)]).await;
    let stage = to(&receiver).start().await;
    let words = format!("Faktura dla {JAN}: https://fakturownia.pl/f/1?email={JAN}&od={BIURO}");
    let names = [
        format!("faktura {JAN}.pdf"),
        format!("faktura {SPRZEDAZ}.pdf"),
    ];
    let (first, second) = (pdf(1), pdf(2));
    let message = letter(&words, "", &[(&names[0], &first), (&names[1], &second)]);
    sell(&stage, &message).await.assert("550");
    let told = notice(&stage).await;
    let told = told
        .lines()
        .find(|line| line.starts_with("Dokumenty:"))
        .unwrap();
    stage.drained().await;
    let listed = format!(
        "{:?} {told}",
        receiver
            .came()
            .iter()
            .map(|request| request.told())
            .collect::<Vec<_>>()
    );
    for address in [
        "poczta.example",
        "rowery.example",
        "jan@",
        "sprzedaz@",
        "biuro@",
    ] {
        assert!(!listed.contains(address), "{address} in {listed}");
    }
    assert_eq!(receiver.came().len(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_carries_no_words_to_the_buyer() {
    let receiver = Receiver::start(&[(422, Duration::ZERO)]).await;
    let stage = to(&receiver).start().await;
    let said = [
        "https://fakturownia.pl/f/9&#10;Napisz na whatsapp 600700800 albo kontakt@inny.example, dam 20% taniej.",
        "https://whatsapp-600700800-taniej@fakturownia.pl/f/1",
        "https://fakturownia.pl/Napisz-na-whatsapp-600700800-dam-taniej-bez-Allegro",
        "https://fakturownia.pl/f/1?https://rowery.example/sklep",
        "https://fakturownia.pl.inny.example.pl/f/1",
    ];
    let links: String = said
        .iter()
        .map(|link| format!("<a href=\"{link}\">faktura</a> "))
        .collect();
    let html = format!(
        "<p>Faktura: {links} <a href=\"https://fakturownia.pl/f/99ab12\">faktura</a>. Taniej na https://rowery.example/ - zapraszam!</p>"
    );
    stage
        .send_message(BIURO, &[BUYER], &page(&html, None))
        .await
        .assert("550");
    let came = released(&stage).await;
    assert_eq!(came[2].recipients, [JAN]);
    let words = decoded(&text(&came[2]));
    assert!(words.contains("https://fakturownia.pl/f/99ab12"), "{words}");
    for told in ["600700800", "whatsapp", "rowery", "inny", "taniej"] {
        assert!(!words.to_lowercase().contains(told), "{told} in {words}");
    }
    stage.drained().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_file_beside_forbidden_words_is_handed_over_and_released() {
    let receiver = Receiver::start(&[
        (201, Duration::ZERO),
        (201, Duration::ZERO),
        (422, Duration::ZERO),
    ])
    .await;
    let stage = to(&receiver).start().await;
    let (invoice, more) = (
        pdf(1),
        "Faktura i paragon w załączniku. Taniej kupisz na https://rowery.example/ - zapraszam!",
    );
    let both: [(&str, &[u8]); 2] = [("faktura 2026-11-77.pdf", &invoice), ("paragon.png", PNG)];
    sell(&stage, &letter(more, "", &both)).await.assert("550");
    let came = receiver.wait_for(2).await;
    let kinds: Vec<&str> = came
        .iter()
        .map(|request| request.header("content-type"))
        .collect();
    assert_eq!(kinds, ["application/pdf", "image/png"]);
    notice(&stage).await;
    stage.drained().await;
    let again: [(&str, &[u8]); 2] = [("faktura.pdf", &pdf(3)), ("paragon.pdf", &pdf(4))];
    sell(&stage, &letter(more, "", &again)).await.assert("550");
    let came = released(&stage).await;
    let got: Vec<Vec<u8>> = files(&came[2].data)
        .into_iter()
        .map(|(_, octets)| octets)
        .collect();
    assert_eq!(got, [pdf(3), pdf(4)]);
    stage.drained().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_with_too_many_documents_is_told_what_to_do() {
    let receiver = Receiver::start(&[(201, Duration::ZERO)]).await;
    let stage = to(&receiver).start().await;
    let invoices: Vec<Vec<u8>> = (0..21).map(pdf).collect();
    let files: Vec<(&str, &[u8])> = invoices
        .iter()
        .map(|octets| ("faktura.pdf", octets.as_slice()))
        .collect();
    let answer = sell(&stage, &letter(WORDS, "", &files)).await;
    answer.assert("550");
    assert!(
        answer.0.contains("more than 20 documents") && answer.0.contains("several messages"),
        "{answer:?}"
    );
    let links: String = (0..900)
        .map(|number| format!("https://fakturownia.pl/f/{number}\r\n"))
        .collect();
    let answer = sell(&stage, &letter(&links, "", &[])).await;
    answer.assert("550");
    sell(&stage, &letter(WORDS, "", &files[..20]))
        .await
        .assert("550");
    receiver.wait_for(20).await;
    notice(&stage).await;
    stage.drained().await;
}
