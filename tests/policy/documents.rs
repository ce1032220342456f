//! Sale documents of blocked messages: handed over once, and else to the buyer. The marketplace is a real HTTP server, or a folder.

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use allegromail::queue::EntryState;

use crate::support::invoices::*;
use crate::support::receiver::Receiver;
use crate::support::stage::*;

/// Every file below `data_dir/documents`.
fn lying(stage: &Stage) -> Vec<PathBuf> {
    let root = stage.folder.path().join("data/documents");
    let folders = fs::read_dir(root).into_iter().flatten().flatten();
    let mut found: Vec<PathBuf> = folders
        .flat_map(|folder| fs::read_dir(folder.path()).unwrap().flatten())
        .map(|file| file.path())
        .collect();
    found.sort();
    found
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unasked_invoice_is_handed_over_once_and_an_asked_one_passes() {
    let receiver = Receiver::start(&[(201, Duration::ZERO)]).await;
    let stage = to(&receiver).start().await;
    let invoice = pdf(1);
    let message = letter(
        WORDS,
        "",
        &[("Faktura FV-11-2026-77.pdf", &invoice), ("logo.png", PNG)],
    );
    let answer = sell(&stage, &message).await;
    answer.assert("550 5.7.1");
    assert!(
        answer.0.contains("duplicate-notification") && answer.0.contains("reach the buyer on 20"),
        "{answer:?}"
    );
    let came = receiver.wait_for(1).await;
    let hash = sha256(&invoice);
    assert_eq!(came[0].method, "PUT");
    assert_eq!(came[0].path, format!("/orders/cub31c122/documents/{hash}"));
    assert_eq!(came[0].header("content-type"), "application/pdf");
    assert_eq!(came[0].body, invoice);
    let told = came[0].document();
    assert_eq!(told["seller"], "k2m9x0r7t3");
    assert_eq!(told["name"], "Faktura FV-11-2026-77.pdf");
    assert_eq!(told["number"], "FV-11-2026-77");
    assert_eq!(told["sha256"], hash.as_str());
    assert!(!told.to_string().contains('@'), "{told}");
    let told = notice(&stage).await;
    for part in [
        "Dokumenty: Faktura FV-11-2026-77.pdf - przekazane serwisowi",
        "dotrą do kupującego 20",
        "Niedostarczone pliki: logo.png",
    ] {
        assert!(told.contains(part), "no {part:?} in {told}");
    }
    stage.drained().await;
    // The same once more, in another letter: blocked, and neither handed over nor told of again.
    let again = letter(&format!("{WORDS} Pozdrawiam."), "", &[("fv.pdf", &invoice)]);
    sell(&stage, &again).await.assert("550");
    // Another one is.
    sell(&stage, &letter(WORDS, "", &[("korekta.pdf", &pdf(2))]))
        .await
        .assert("550");
    let came = receiver.wait_for(2).await;
    assert_eq!(came[1].document()["correction"], true);
    notice(&stage).await;
    stage.drained().await;
    // Asked for, it passes as it is.
    let question = message_of(JAN, SELLER, "Proszę o fakturę.");
    stage
        .send_message(JAN, &[SELLER], &question)
        .await
        .assert("250");
    stage.arrival().await;
    sell(&stage, &letter(WORDS, "", &[("fv.pdf", &invoice)]))
        .await
        .assert("250");
    let passed = stage.arrival().await;
    assert_eq!(passed.recipients, [JAN]);
    assert!(!text(&passed).contains("X-Allegromail-Document"));
    assert_eq!(receiver.came().len(), 2);
    let reference: String = answer
        .0
        .split("reference ")
        .nth(1)
        .unwrap()
        .chars()
        .take(9)
        .collect();
    let life = stage.trace(&reference).await;
    for told in [
        "\"held\"",
        "handed_over",
        "dup.document",
        "refused",
        "Faktura FV-11-2026-77.pdf",
    ] {
        assert!(life.contains(told), "no {told} in {life}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_refused_for_good_reaches_the_buyer_and_the_seller_is_told() {
    let receiver = Receiver::start(&[(422, Duration::ZERO)]).await;
    let stage = to(&receiver).start().await;
    let invoice = pdf(1);
    sell(&stage, &letter(WORDS, "", &[("faktura.pdf", &invoice)]))
        .await
        .assert("550");
    let came = released(&stage).await;
    let told: Vec<String> = came[..2]
        .iter()
        .map(|notice| decoded(&text(notice)))
        .collect();
    assert!(
        told.iter()
            .any(|told| told.contains("Twój dokument trafi do kupującego")
                && told.contains("faktura.pdf")),
        "{told:?}"
    );
    assert_eq!(came[2].recipients, [JAN]);
    let released = text(&came[2]);
    assert!(
        released.contains("X-Allegromail-Document: not-handed-over\r\n"),
        "{released}"
    );
    assert_eq!(
        files(&came[2].data),
        [("faktura.pdf".to_owned(), invoice.clone())]
    );
    assert!(decoded(&released).contains(WORDS));
    stage.drained().await;
    // It has it: the same again is blocked without a word.
    sell(&stage, &letter(WORDS, "", &[("faktura.pdf", &invoice)]))
        .await
        .assert("550");
    assert_eq!(receiver.came().len(), 1);
    stage.nothing_arrived().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn beside_words_that_nobody_may_write_the_buyer_gets_the_documents_alone() {
    let receiver = Receiver::start(&[(422, Duration::ZERO)]).await;
    let stage = to(&receiver).start().await;
    let (invoice, words) = (
        pdf(1),
        format!("{MORE} Link: https://fakturownia.pl/f/99ab12"),
    );
    let answer = sell(
        &stage,
        &letter(
            &words,
            "",
            &[("Taniej na rowery.example faktura 2026-11-77.pdf", &invoice)],
        ),
    )
    .await;
    answer.assert("550");
    let came = receiver.wait_for(1).await;
    assert_eq!(came[0].document()["number"], "2026-11-77");
    let came = released(&stage).await;
    let released = text(&came[2]);
    assert_eq!(came[2].recipients, [JAN]);
    assert_eq!(
        files(&came[2].data),
        [("dokument-1.pdf".to_owned(), invoice)]
    );
    let words = decoded(&released);
    assert!(
        words.contains("Dokument do zamówienia cub31c122"),
        "{words}"
    );
    assert!(words.contains("https://fakturownia.pl/f/99ab12"), "{words}");
    assert!(
        !released.contains("Taniej") && !words.contains("Taniej") && !words.contains("rowery"),
        "{released}"
    );
    stage.drained().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn links_are_documents_as_well() {
    let receiver = Receiver::start(&[(200, Duration::ZERO)]).await;
    let stage = to(&receiver).start().await;
    let words = "Paragon elektroniczny: https://app.fakturownia.pl/f/99ab12?e=1";
    sell(&stage, &letter(words, "", &[])).await.assert("550");
    let came = receiver.wait_for(1).await;
    assert_eq!(
        (came[0].method.as_str(), came[0].path.as_str()),
        ("POST", "/orders/cub31c122/links")
    );
    let told: serde_json::Value = serde_json::from_slice(&came[0].body).unwrap();
    assert_eq!(told["link"], "https://app.fakturownia.pl/f/99ab12?e=1");
    assert!(
        notice(&stage)
            .await
            .contains("https://app.fakturownia.pl/f/99ab12?e=1")
    );
    stage.drained().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_down_or_slow_or_broken_loses_nothing() {
    let receiver = Receiver::start(&[
        (503, Duration::ZERO),
        (500, Duration::from_millis(300)),
        (204, Duration::ZERO),
    ])
    .await;
    let stage = to(&receiver)
        .key("delivery", "retry = \"1s\"")
        .start()
        .await;
    sell(&stage, &letter(WORDS, "", &[("faktura.pdf", &pdf(1))]))
        .await
        .assert("550");
    notice(&stage).await;
    let listed = stage.relay.queue().list().await;
    let states: Vec<_> = listed
        .iter()
        .map(|entry| format!("{:?}", entry.state))
        .collect();
    assert!(
        states
            .iter()
            .all(|state| state == "Held" || state == "Active"),
        "{states:?}"
    );
    let came = receiver.wait_for(3).await;
    assert!(
        came.iter()
            .all(|request| request.path == came[0].path && request.body == came[0].body)
    );
    stage.drained().await;
    // Down, over a restart.
    let address = receiver.address;
    drop(receiver);
    while tokio::net::TcpStream::connect(address).await.is_ok() {}
    sell(&stage, &letter(WORDS, "", &[("faktura.pdf", &pdf(2))]))
        .await
        .assert("550");
    notice(&stage).await;
    let folder = stage.stop().await;
    let receiver = Receiver::start_at(address, &[(409, Duration::ZERO)]).await;
    let stage = Setup {
        folder: Some(folder),
        ..to(&receiver)
    }
    .key("delivery", "retry = \"1s\"")
    .start()
    .await;
    receiver.wait_for(1).await;
    stage.drained().await;
    stage.nothing_arrived().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_target_documents_lie_there_until_they_are_taken_or_released() {
    let stage = Stage::ordinary().await;
    let (first, second) = (pdf(1), pdf(2));
    sell(
        &stage,
        &letter(
            WORDS,
            "",
            &[("faktura.pdf", &first), ("faktura-2.pdf", &second)],
        ),
    )
    .await
    .assert("550");
    notice(&stage).await;
    let listed = stage.documents(2).await;
    assert_eq!(listed[0]["name"], "faktura.pdf");
    assert_eq!(listed[0]["transaction"], "cub31c122");
    assert_eq!(listed[0]["type"], "application/pdf");
    until("four files", async || {
        (lying(&stage).len() == 4).then_some(())
    })
    .await;
    let file = stage
        .folder
        .path()
        .join(format!("data/documents/cub31c122/{}.pdf", sha256(&first)));
    assert_eq!(fs::read(&file).unwrap(), first);
    use std::os::unix::fs::PermissionsExt;
    let mode = |path: &std::path::Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(&file), mode(file.parent().unwrap())), (0o600, 0o700));
    // One is taken, twice; the other is not.
    let id = listed[0]["id"].as_str().unwrap().to_owned();
    stage.taken(&id).await.unwrap();
    assert!(stage.taken(&id).await.unwrap_err().contains("waits"));
    let left = stage.documents(1).await;
    assert_eq!(left[0]["name"], "faktura-2.pdf");
    assert!(!file.exists() && lying(&stage).len() == 2);
    // That is remembered over a restart.
    let folder = stage.stop().await;
    let stage = Setup {
        folder: Some(folder),
        ..Setup::default()
    }
    .start()
    .await;
    assert_eq!(stage.documents(1).await[0]["name"], "faktura-2.pdf");
    stage.taken(left[0]["id"].as_str().unwrap()).await.unwrap();
    stage.drained().await;
    assert!(lying(&stage).is_empty());
    assert!(stage.sink.take().is_empty());
    // What an operator releases, and what nobody takes in time.
    sell(&stage, &letter(WORDS, "", &[("faktura.pdf", &pdf(3))]))
        .await
        .assert("550");
    notice(&stage).await;
    let document = stage.documents(1).await.remove(0);
    let (id, _) = document["id"].as_str().unwrap().rsplit_once('-').unwrap();
    let state = async || {
        let listed = stage.relay.queue().list().await;
        let entry = listed.into_iter().find(|entry| entry.id == id);
        entry.map(|entry| entry.state)
    };
    until("a held entry", async || {
        state().await.filter(|state| *state == EntryState::Held)
    })
    .await;
    stage.act(id, "release").await;
    let mut came = [stage.arrival().await, stage.arrival().await];
    came.sort_by_key(|came| came.recipients.clone());
    assert_eq!(
        (
            came[0].recipients[0].as_str(),
            came[1].recipients[0].as_str()
        ),
        (BIURO, JAN)
    );
    stage.drained().await;
    assert!(lying(&stage).is_empty());
    let folder = stage.stop().await;
    let stage = Setup {
        folder: Some(folder),
        ..Setup::default()
    }
    .key("handover", "give_up = \"1s\"")
    .start()
    .await;
    sell(&stage, &letter(WORDS, "", &[("faktura.pdf", &pdf(4))]))
        .await
        .assert("550");
    let came = released(&stage).await;
    assert_eq!(came[2].recipients, [JAN]);
    stage.drained().await;
    assert!(lying(&stage).is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_of_the_marketplace_has_it_once_it_is_there_and_is_full_for_now() {
    let place = tempfile::tempdir().unwrap();
    let setup = Setup::default()
        .key(
            "handover",
            &format!("folder = {:?}", place.path().join("in")),
        )
        .key("handover", "max_bytes = 8000");
    let stage = setup.start().await;
    let invoice = pdf(1);
    sell(&stage, &letter(WORDS, "", &[("faktura.pdf", &invoice)]))
        .await
        .assert("550");
    notice(&stage).await;
    stage.drained().await;
    let file = place
        .path()
        .join(format!("in/cub31c122/{}", sha256(&invoice)));
    assert_eq!(fs::read(file.with_extension("pdf")).unwrap(), invoice);
    let told = fs::read(file.with_extension("json")).unwrap();
    let told: serde_json::Value = serde_json::from_slice(&told).unwrap();
    assert_eq!(
        (&told["seller"], &told["name"]),
        (&"k2m9x0r7t3".into(), &"faktura.pdf".into())
    );
    // Nobody fetches: no room is no refusal for good.
    fs::write(file.with_extension("other"), [b' '; 7_000]).unwrap();
    tokio::time::sleep(Duration::from_millis(1_100)).await;
    let again = letter(WORDS, "", &[("faktura.pdf", &pdf(2))]);
    let answer = sell(&stage, &again).await;
    answer.assert("452 4.3.1");
    assert!(answer.0.contains("[storage;"), "{answer:?}");
    fs::remove_dir_all(place.path().join("in/cub31c122")).unwrap();
    // It is looked at again in a second.
    until("room", async || {
        let answer = sell(&stage, &again).await;
        (!answer.0.starts_with("452")).then_some(())
    })
    .await;
    notice(&stage).await;
    stage.drained().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_document_is_held_for_nobody() {
    let receiver = Receiver::start(&[(201, Duration::ZERO)]).await;
    let stage = to(&receiver).start().await;
    // A manual, a logo beside the text, a picture of the goods.
    for (words, files) in [
        (
            "Taniej na https://rowery.example/ - zapraszam!",
            vec![("instrukcja.pdf", pdf(7))],
        ),
        (
            "Taniej na https://rowery.example/ - zapraszam!",
            vec![("rower.png", PNG.to_vec())],
        ),
    ] {
        let files: Vec<(&str, &[u8])> = files
            .iter()
            .map(|(name, octets)| (*name, octets.as_slice()))
            .collect();
        sell(&stage, &letter(words, "", &files)).await.assert("550");
        let told = notice(&stage).await;
        assert!(!told.contains("Dokumenty:"), "{told}");
    }
    stage.drained().await;
    // A file that may not be attached: that is what the seller hears, or the buyer would be left without the invoice.
    let both = letter(
        WORDS,
        "",
        &[
            ("faktura.pdf", &pdf(8)),
            ("plik.zip", b"PK\x03\x04\x14\0\0\0\0\0"),
        ],
    );
    let answer = sell(&stage, &both).await;
    assert!(answer.0.contains("[attachment-type;"), "{answer:?}");
    assert!(receiver.came().is_empty());
    stage.nothing_arrived().await;
}
