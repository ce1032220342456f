//! Documents of blocked messages when something is not as it should be: operators, the marketplace's server, the buyer's server.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::time::Duration;

use allegromail::queue::EntryState;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use crate::support::invoices::*;
use crate::support::receiver::Receiver;
use crate::support::stage::*;

/// The first entry that is held for documents, once it waits.
async fn waiting(stage: &Stage) -> String {
    until("an entry that is held for documents", async || {
        let mut listed = stage.relay.queue().list().await.into_iter();
        let held = listed.find(|entry| !entry.documents.is_empty());
        held.filter(|entry| entry.state == EntryState::Held)
            .map(|entry| entry.id)
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn what_reached_nobody_may_be_sent_again() {
    let receiver = Receiver::start(&[(503, Duration::ZERO)]).await;
    let stage = to(&receiver).start().await;
    let invoice = letter(WORDS, "", &[("faktura.pdf", &pdf(1))]);
    for (number, order) in ["drop", "fail"].iter().enumerate() {
        sell(&stage, &invoice).await.assert("550");
        notice(&stage).await;
        let id = waiting(&stage).await;
        assert_eq!(receiver.came().len(), number + 1, "{order}");
        stage.act(&id, order).await;
        if *order == "fail" {
            // The report.
            stage.arrival().await;
        }
        stage.drained().await;
        // The gate of a server that failed opens by itself; here at once.
        stage.relay.queue().retry_now();
    }
    sell(&stage, &invoice).await.assert("550");
    receiver.wait_for(3).await;
    notice(&stage).await;
    let id = waiting(&stage).await;
    stage.act(&id, "drop").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_known_and_against_another_rule_is_told() {
    let receiver = Receiver::start(&[(201, Duration::ZERO)]).await;
    let stage = to(&receiver).start().await;
    let invoice = pdf(1);
    sell(&stage, &letter(WORDS, "", &[("faktura.pdf", &invoice)]))
        .await
        .assert("550");
    notice(&stage).await;
    let other = "Faktura w załączniku. Taniej kupisz na https://rowery.example/ - zapraszam!";
    sell(&stage, &letter(other, "", &[("faktura.pdf", &invoice)]))
        .await
        .assert("550");
    let told = notice(&stage).await;
    assert!(!told.contains("Dokumenty:"), "{told}");
    stage.drained().await;
    assert_eq!(receiver.came().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_operator_holds_and_goes_on_and_a_bulk_release_leaves_documents_alone() {
    let receiver = Receiver::start(&[(503, Duration::ZERO), (201, Duration::ZERO)]).await;
    let port = crate::support::process::free_port();
    let stage = to(&receiver)
        .key("admin", &format!("listen = \"127.0.0.1:{port}\""))
        .start()
        .await;
    sell(&stage, &letter(WORDS, "", &[("faktura.pdf", &pdf(1))]))
        .await
        .assert("550");
    notice(&stage).await;
    let id = waiting(&stage).await;
    stage.act(&id, "hold").await;
    stage.relay.queue().retry_now();
    let config = stage.config.to_str().unwrap().to_owned();
    let bulk = tokio::task::spawn_blocking(move || {
        crate::support::process::finished(&[
            "queue", "release", "--state", "held", "--yes", "--config", &config,
        ])
    });
    let (code, _, said) = bulk.await.unwrap();
    assert!(
        code == 0 && said.contains("1 entry held for documents left alone"),
        "{code} {said}"
    );
    assert_eq!(receiver.came().len(), 1);
    // By its id it goes on with handing over, and not to the buyer.
    stage.act(&id, "release").await;
    receiver.wait_for(2).await;
    stage.drained().await;
    stage.nothing_arrived().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_beside_a_server_gets_each_document_once_and_is_for_its_readers() {
    let place = tempfile::tempdir().unwrap();
    let folder = place.path().join("in");
    fs::create_dir(&folder).unwrap();
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o2770)).unwrap();
    let receiver = Receiver::start(&[
        (503, Duration::ZERO),
        (503, Duration::ZERO),
        (201, Duration::ZERO),
    ])
    .await;
    let stage = to(&receiver)
        .key("handover", &format!("folder = {folder:?}"))
        .key("delivery", "retry = \"1s\"")
        .start()
        .await;
    let invoice = pdf(1);
    sell(&stage, &letter(WORDS, "", &[("faktura.pdf", &invoice)]))
        .await
        .assert("550");
    receiver.wait_for(1).await;
    let order = folder.join("cub31c122");
    let file = order.join(format!("{}.pdf", sha256(&invoice)));
    let mode = |path: &std::path::Path| fs::metadata(path).unwrap().permissions().mode() & 0o7777;
    assert_eq!((mode(&order), mode(&file)), (0o2770, 0o660));
    // Its reader takes it; the server takes its time.
    fs::remove_dir_all(&order).unwrap();
    receiver.wait_for(3).await;
    notice(&stage).await;
    stage.drained().await;
    assert!(!order.exists(), "it lies there once more");
}

#[tokio::test(flavor = "multi_thread")]
async fn held_documents_go_to_where_the_configuration_of_today_says() {
    let stage = Stage::ordinary().await;
    sell(&stage, &letter(WORDS, "", &[("faktura.pdf", &pdf(1))]))
        .await
        .assert("550");
    notice(&stage).await;
    waiting(&stage).await;
    let folder = stage.stop().await;
    let receiver = Receiver::start(&[(201, Duration::ZERO)]).await;
    let stage = Setup {
        folder: Some(folder),
        ..to(&receiver)
    }
    .start()
    .await;
    receiver.wait_for(1).await;
    stage.drained().await;
    stage.nothing_arrived().await;
}

/// A server that answers before it has read the request, and closes.
async fn hasty(answer: &'static str) -> (u16, tokio::task::JoinHandle<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let task = tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut head = [0; 1_000];
            let _ = stream.read(&mut head).await;
            let _ = stream.write_all(answer.as_bytes()).await;
            let _ = stream.flush().await;
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    });
    (port, task)
}

#[tokio::test(flavor = "multi_thread")]
async fn success_before_the_document_was_read_is_none() {
    let (port, task) =
        hasty("HTTP/1.1 201 Created\r\nContent-Length: 0\r\nConnection: close\r\n\r\n").await;
    let stage = to_port(port).start().await;
    // More than any buffer between the two takes.
    let large = format!("%PDF-1.4\n%{}\n%%EOF\n", "x".repeat(12 << 20)).into_bytes();
    sell(&stage, &letter(WORDS, "", &[("faktura.pdf", &large)]))
        .await
        .assert("550 5.7.1 <8awgqyk6a5+cub31c122@allegromail.pl> the marketplace");
    notice(&stage).await;
    let id = waiting(&stage).await;
    stage.act(&id, "drop").await;
    task.abort();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_answers_twice_has_the_document() {
    let twice = "HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\nHTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n";
    let (port, task) = hasty(twice).await;
    let stage = to_port(port).start().await;
    sell(&stage, &letter(WORDS, "", &[("faktura.pdf", &pdf(1))]))
        .await
        .assert("550");
    notice(&stage).await;
    stage.drained().await;
    stage.nothing_arrived().await;
    task.abort();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_breaks_one_exchange_is_tried_with_the_next() {
    let (port, task) = hasty("HTTP/1.1 garbage\r\n\r\n").await;
    let stage = to_port(port).start().await;
    sell(&stage, &letter(WORDS, "", &[("faktura.pdf", &pdf(1))]))
        .await
        .assert("550");
    notice(&stage).await;
    let id = waiting(&stage).await;
    task.abort();
    let _ = task.await;
    let receiver = Receiver::start_at(
        format!("127.0.0.1:{port}").parse().unwrap(),
        &[(201, Duration::ZERO)],
    )
    .await;
    // No gate is shut: another document goes at once.
    sell(&stage, &letter(WORDS, "", &[("faktura.pdf", &pdf(2))]))
        .await
        .assert("550");
    notice(&stage).await;
    receiver.wait_for(1).await;
    stage.act(&id, "retry").await;
    receiver.wait_for(2).await;
    stage.drained().await;
}
