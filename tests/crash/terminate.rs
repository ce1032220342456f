//! SIGTERM and SIGHUP under load: nothing is lost, nothing comes twice, no decision changes by a broken file.

use std::fs;
use std::time::{Duration, Instant};

use crate::ground::Ground;
use crate::load;
use crate::support::client::Client;
use crate::support::process::wait_until;
use crate::{Dice, asked};

#[test]
fn h125_a_relay_that_is_stopped_under_load_loses_and_repeats_nothing() {
    let stops = asked("ALLEGROMAIL_TERMS", 3);
    let ground = Ground::new();
    let mut dice = Dice(0x9e37_79b9_7f4a_7c15);
    let mut longest = Duration::ZERO;
    for _ in 0..stops {
        let relay = ground.start();
        assert!(!relay.log().contains("spool_in_flight"), "{}", relay.log());
        let before = ground.ledger.count();
        let clients = load::start(8, relay.smtp, &ground.ledger);
        std::thread::sleep(Duration::from_millis(dice.next(300)));
        wait_until("acknowledged messages", || {
            ground.ledger.count() >= before + 20
        });
        let begun = Instant::now();
        relay.stop();
        longest = longest.max(begun.elapsed());
        for client in clients {
            let odd = client.join().unwrap();
            assert!(odd.is_empty(), "{odd:?}");
        }
    }
    let relay = ground.start();
    let closing = ground.ledger.close(Duration::from_secs(30));
    relay.stop();
    println!("{stops} stops, the longest took {longest:.2?}: {closing:?}");
    closing.assert_whole();
    assert_eq!(closing.duplicates, 0);
}

#[test]
fn h125_a_second_signal_ends_at_once_and_loses_nothing() {
    let ground = Ground::new();
    let mut relay = ground.start();
    let mut client = Client::connect(relay.smtp).unwrap();
    for _ in 0..10 {
        client.next(&ground.ledger).unwrap();
    }
    // A message under way keeps the relay from stopping for a while.
    for command in [
        "MAIL FROM:<buyer1@poczta.example>",
        "RCPT TO:<se00001+tse00001@allegromail.pl>",
        "DATA",
    ] {
        client.say(command).unwrap();
    }
    relay.signal("TERM");
    wait_until("a closed door", || {
        std::net::TcpStream::connect(relay.smtp).is_err()
    });
    assert!(!relay.has_ended());
    relay.signal("TERM");
    assert_eq!(relay.wait().code(), Some(75), "{}", relay.log());
    let relay = ground.start();
    ground.ledger.close(Duration::from_secs(20)).assert_whole();
    relay.stop();
}

#[test]
fn h125_reloads_of_broken_files_under_load_change_nothing() {
    let reloads = asked("ALLEGROMAIL_RELOADS", 20);
    let ground = Ground::new();
    let relay = ground.start();
    let clients = load::start(4, relay.smtp, &ground.ledger);
    let list = ground.folder.path().join("couriers.txt");
    let mut broken = 0;
    for round in 0..reloads {
        let text = match round % 10 {
            3 => "@com.pl\n".to_owned(),
            6 => String::new(),
            _ => format!("@inpost.pl\n@round{round}.example\n"),
        };
        broken += usize::from(round % 10 == 3 || round % 10 == 6);
        fs::write(&list, text).unwrap();
        relay.signal("HUP");
        wait_until("the end of the reload", || {
            relay.log().matches("what=\"allowlist\"").count() > round
        });
    }
    assert_eq!(relay.log().matches("reload_failed").count(), broken);
    relay.stop();
    let odd: Vec<String> = clients
        .into_iter()
        .flat_map(|client| client.join().unwrap())
        .collect();
    assert!(odd.is_empty(), "{odd:?}");
    let relay = ground.start_armed("");
    let closing = ground.ledger.close(Duration::from_secs(20));
    relay.stop();
    println!("{reloads} reloads, {broken} of them broken: {closing:?}");
    closing.assert_whole();
}
