//! What the health check of a node says where nodes differ.

use std::fs;
use std::time::{Duration, Instant};

use super::relays::node;
use crate::support::http;
use crate::support::postgres::Postgres;
use crate::support::process::Server;
use crate::support::stage::*;

#[tokio::test(flavor = "multi_thread")]
async fn nodes_that_differ_for_long_are_a_line_of_readyz_until_they_agree() {
    let Some(server) = Postgres::shared() else {
        return;
    };
    let database = server.database();
    let folder = tempfile::tempdir().unwrap();
    let couriers = folder.path().join("couriers.txt");
    let shipped = concat!(env!("CARGO_MANIFEST_DIR"), "/allowlist/couriers.txt");
    let shipped = fs::read_to_string(shipped).unwrap();
    fs::write(&couriers, format!("{shipped}@parcels.example\n")).unwrap();
    let one = Box::pin(node(&server, &database, "mx1").start()).await;
    let begun = Instant::now();
    let two = Setup {
        couriers: Some(couriers.clone()),
        ..node(&server, &database, "mx2")
    };
    // Its files are wanted, and the node as a process of its own: there a minute takes two seconds.
    let two = Box::pin(two.start()).await;
    let config = two.config.clone();
    let _files = two.stop().await;
    let variables = [("ALLEGROMAIL_FAILPOINTS", "admin.drift_lasting=number:2")];
    let two = Server::try_start(&config, &[], &variables).unwrap();
    let ready = |place: &str| {
        let said = http::get(place, "/readyz");
        let (head, body) = said.split_once("\r\n\r\n").unwrap();
        assert!(head.contains(" 200 "), "{said}");
        body.to_owned()
    };
    let line = |what: &str| format!("ready\nnodes: they differ in {what}; allegromail nodes\n");
    // Each has servers of its own for names here, so the configurations differ, too.
    until("the line", async || {
        (ready(&two.place) == line("allowlist, config")).then_some(())
    })
    .await;
    // The other has known of it for as long, and does not speak of it within a minute.
    let said = ready(&one.relay.admin);
    if begun.elapsed() < Duration::from_secs(50) {
        assert_eq!(said, "ready\n");
    }
    fs::write(&couriers, shipped).unwrap();
    two.signal("HUP");
    until("what is left", async || {
        (ready(&two.place) == line("config")).then_some(())
    })
    .await;
    two.stop();
}
