//! SIGKILL at random moments under load, and the control that acknowledges before it writes.

use std::os::unix::process::ExitStatusExt;
use std::time::{Duration, Instant};

use crate::ground::{self, Ground};
use crate::load;
use crate::support::client::Client;
use crate::support::process::{Server, wait_until};
use crate::{Dice, asked};

/// Clients that send at once.
const CLIENTS: usize = 8;
/// The longest time under load before a kill, in milliseconds.
const LONGEST: u64 = 400;

/// Numbers that a log line `… messages=N …` of this event gives.
pub fn told(relay: &Server, event: &str) -> usize {
    let log = relay.log();
    let lines = log.lines().filter(|line| line.contains(event));
    lines
        .filter_map(|line| line.split("messages=").nth(1))
        .filter_map(|rest| rest.split(' ').next()?.parse::<usize>().ok())
        .sum()
}

/// Kills so many relays under load, each after at least `least` acknowledged messages of its own. Returns what the starts after them
/// counted as possible duplicates.
pub fn rounds(ground: &Ground, kills: usize, least: usize, points: &str) -> usize {
    let mut dice = Dice(0x2545_f491_4f6c_dd1d);
    let mut possible = 0;
    for round in 0..kills {
        let relay = ground.start_armed(points);
        remembers(ground, &relay, round);
        let before = ground.ledger.count();
        let clients = load::start(CLIENTS, relay.smtp, &ground.ledger);
        std::thread::sleep(Duration::from_millis(dice.next(LONGEST)));
        wait_until("acknowledged messages", || {
            ground.ledger.count() >= before + least
        });
        possible += told(&relay, "spool_in_flight");
        relay.kill();
        for client in clients {
            let odd = client.join().unwrap();
            assert!(odd.is_empty(), "{odd:?}");
        }
        if round % 100 == 99 {
            println!(
                "{} kills, {} acknowledged",
                round + 1,
                ground.ledger.count()
            );
        }
    }
    possible
}

/// What was marked before the last kill is still marked, and a report that comes back finds its message.
fn remembers(ground: &Ground, relay: &Server, round: usize) {
    let mut client = Client::connect(relay.smtp).unwrap();
    // One automatic reply a day passes in each direction of a pair; every pair gets one, then the same again after a kill.
    let pair = (round as u64 / 2) % ground::PAIRS;
    let (from, to) = (ground::buyer(pair), ground::mask("seller", pair));
    let reply = format!(
        "From: {from}\r\nTo: {to}\r\nSubject: Automatic reply: away\r\nAuto-Submitted: auto-replied\r\nDate: Mon, 23 Nov 2026 10:00:00 +0100\r\nMessage-ID: <auto{round}@client.example>\r\n\r\nAway.\r\n"
    );
    let answer = client.send(&from, &to, &reply).unwrap();
    let second = round % 2 == 1 || round as u64 >= 2 * ground::PAIRS;
    assert_eq!(
        answer.contains("not passed on"),
        second,
        "round {round}, pair {pair}: {answer}\n{}",
        relay.log()
    );
    let token = ground.ledger.token.lock().unwrap().take();
    if let Some((number, token)) = token {
        let report = "From: MAILER-DAEMON@mx.rowery.example\r\nSubject: failure notice\r\n\r\n550 5.1.1 no such user\r\n";
        let answer = client.send("", &token, report).unwrap();
        assert!(
            answer.starts_with("250"),
            "a report on {number}: {answer}\n{}",
            relay.log()
        );
    }
}

#[test]
fn h119_h120_what_was_acknowledged_survives_being_killed() {
    let kills = asked("ALLEGROMAIL_KILLS", 6);
    let begun = Instant::now();
    let ground = Ground::new();
    let possible = rounds(&ground, kills, 20, "spool.segment_bytes=number:1048576");
    let relay = ground.start_armed("spool.segment_bytes=number:1048576");
    let closing = ground.ledger.close(Duration::from_secs(30));
    let possible = possible + told(&relay, "spool_in_flight");
    relay.stop();
    let (acknowledged, lost) = (closing.acknowledged, closing.lost.len());
    println!(
        "{kills} kills, {acknowledged} acknowledged, {lost} lost, {} duplicates ({possible} told as possible), {} reported, {} unsent, {:.0} s\n\
         95 % bound: fewer than {:.4} losses a kill, {:.7} a message",
        closing.duplicates,
        closing.reported,
        closing.unsent,
        begun.elapsed().as_secs_f64(),
        3.0 / kills as f64,
        3.0 / acknowledged as f64,
    );
    closing.assert_whole();
    assert!(closing.reported > 0, "no refused message was reported");
    assert!(
        closing.duplicates <= possible,
        "more duplicates than were told as possible"
    );
    let history = ground::history(&ground.data("trace"));
    let acknowledged = ground.ledger.acknowledged.lock().unwrap();
    let untold: Vec<_> = acknowledged
        .values()
        .filter(|id| !history.contains(*id))
        .collect();
    assert!(
        untold.is_empty(),
        "{} messages have no history: {:?}",
        untold.len(),
        untold.first()
    );
}

#[test]
fn a_relay_that_acknowledges_before_it_writes_is_caught() {
    let ground = Ground::new();
    rounds(
        &ground,
        2,
        20,
        "spool.acknowledge_early=error:EIO,spool.writing=delay:50@10-",
    );
    let relay = ground.start();
    let closing = ground.ledger.close(Duration::from_secs(3));
    drop(relay);
    assert!(!closing.lost.is_empty(), "{closing:?}");
    println!("{} of {} lost", closing.lost.len(), closing.acknowledged);
}

#[test]
fn h120_a_connection_takes_no_next_message_before_the_last_outcome_is_durable() {
    let ground = Ground::new();
    // Every attempt panics, and every message stays queued (docs/threats.md#129).
    let relay = ground.start_armed("queue.target_found=panic");
    let mut client = Client::connect(relay.smtp).unwrap();
    for _ in 0..60 {
        client.next(&ground.ledger).unwrap();
    }
    assert!(relay.log().contains("attempt_panicked"));
    relay.stop();
    // The process ends as soon as the first outcome is durable; by then twenty lanes have had all the time to use a connection again.
    let mut relay = ground.start_armed("spool.syncing=delay:300,queue.settled=abort");
    assert_eq!(relay.wait().signal(), Some(6), "{}", relay.log());
    let heard = ground.sink.heard.lock().unwrap().clone();
    let used = heard.iter().filter(|lines| lines.contains(&".".to_owned()));
    assert!(used.count() > 5, "{heard:?}");
    for lines in &heard {
        let taken = lines.iter().filter(|line| *line == ".").count();
        let said_goodbye = lines.contains(&"QUIT".to_owned());
        assert!(taken <= 1 && !(taken == 1 && said_goodbye), "{lines:?}");
    }
    let relay = ground.start();
    let closing = ground.ledger.close(Duration::from_secs(20));
    let possible = told(&relay, "spool_in_flight");
    relay.stop();
    closing.assert_whole();
    assert!(closing.duplicates <= possible, "{closing:?} of {possible}");
}
