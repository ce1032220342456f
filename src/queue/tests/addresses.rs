//! The real address, looked up at every attempt.

use super::*;

#[tokio::test]
async fn the_address_is_asked_for_at_every_attempt() {
    let mut stage = Stage::build(vec![later(), later()]).await;
    let shop: ParticipantId = "k2m9x0r7t3".parse().unwrap();
    let address = AddressMark::of(&shop, &Mailbox::parse("sprzedaz@rowery.example").unwrap());
    stage.context.last_used.remember(&StateUpdates {
        last_writer: Some(LastWriter {
            transaction: "cub31c122".parse().unwrap(),
            participant: shop,
            address,
        }),
        ..StateUpdates::default()
    });
    stage.submit(Some("cub31c122")).await;
    assert_eq!(
        stage.next().await.0,
        "sprzedaz@rowery.example",
        "the one last used in this transaction"
    );
    stage.settle(1).await;
    let one = SHOP.replace(",\"sprzedaz@rowery.example\"", "");
    import(
        &*stage.context.directory,
        &RecordRules::default(),
        one.as_bytes(),
        |_| {},
    )
    .await
    .unwrap();
    stage.handle.retry_now();
    assert_eq!(
        stage.next().await.0,
        "biuro@rowery.example",
        "removed while the mail waited: the primary"
    );
    stage.settle(1).await;
    let suspended = SHOP.replace("\"type\"", "\"status\":\"suspended\",\"type\"");
    import(
        &*stage.context.directory,
        &RecordRules::default(),
        suspended.as_bytes(),
        |_| {},
    )
    .await
    .unwrap();
    stage.handle.retry_now();
    let (to, report) = stage.next().await;
    assert_eq!(to, "jan@poczta.example");
    assert!(report.contains("Status: 5.2.1"), "{report}");
}

#[tokio::test]
async fn a_registered_address_that_became_a_masked_one_is_not_written_to() {
    let mut stage = Stage::build(vec![]).await;
    let circle = SHOP.replace("rowery.example", "allegromail.pl");
    import(
        &*stage.context.directory,
        &RecordRules::default(),
        circle.as_bytes(),
        |_| {},
    )
    .await
    .unwrap();
    stage.submit(None).await;
    let (to, report) = stage.next().await;
    assert_eq!(to, "jan@poczta.example");
    assert!(report.contains("Status: 5.4.6"), "{report}");
}
