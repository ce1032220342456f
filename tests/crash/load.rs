//! The clients before the relay: they send until the connection breaks, and note every acknowledgement.

use std::io::Error;
use std::net::SocketAddr;
use std::sync::Arc;

use crate::ground;
use crate::ledger::Ledger;
use crate::support::client::Client;

impl Client {
    /// Sends the next message of the books; an error if the connection broke, the reply otherwise.
    pub fn next(&mut self, ledger: &Ledger) -> std::io::Result<String> {
        let number = ledger.number();
        let kind = match number % 20 {
            7 => "refused",
            13 => "later",
            _ => "seller",
        };
        let pair = number % ground::PAIRS;
        let (from, to) = (ground::buyer(pair), ground::mask(kind, pair));
        let reply = self.send(&from, &to, &message(&from, &to, number))?;
        if reply.starts_with("250") {
            ledger.acknowledged(number, &reply);
        }
        Ok(reply)
    }
}

/// A message whose copies are written one after another: larger than a piece of a commit, to all who know the first buyer.
pub fn large(client: &mut Client, ledger: &Ledger) -> std::io::Result<String> {
    let (number, from) = (ledger.number(), ground::buyer(0));
    let masks = ["seller", "later", "refused"].map(|kind| ground::mask(kind, 0));
    let text = message(&from, &masks[0], number);
    let text = text + &"Dzien dobry, oto opis roweru, linia za linia tak.\r\n".repeat(16_000);
    let masks: Vec<&str> = masks.iter().map(String::as_str).collect();
    let reply = client.send_to(&from, &masks, &text)?;
    if reply.starts_with("250") {
        ledger.acknowledged(number, &reply);
    }
    Ok(reply)
}

/// Message `number`, of one to seven kilobytes.
pub fn message(from: &str, to: &str, number: u64) -> String {
    let text = "Dzien dobry, kiedy dotrze przesylka? Prosze o odpowiedz.\r\n";
    format!(
        "From: {from}\r\nTo: {to}\r\nSubject: id-{number}-\r\nDate: Mon, 23 Nov 2026 10:00:00 +0100\r\nMessage-ID: <{number}@client.example>\r\n\r\n{}",
        text.repeat(15 + usize::try_from(number % 100).unwrap())
    )
}

/// Starts clients that send until their connection breaks or the server says 421. Returns what to join; each gives the replies that were
/// neither 250 nor 421.
pub fn start(
    clients: usize,
    server: SocketAddr,
    ledger: &Arc<Ledger>,
) -> Vec<std::thread::JoinHandle<Vec<String>>> {
    let run = move |ledger: Arc<Ledger>| {
        let mut odd = Vec::new();
        let mut work = || -> std::io::Result<()> {
            let mut client = Client::connect(server)?;
            loop {
                let reply = client.next(&ledger)?;
                if reply.starts_with("421") {
                    return Err(Error::other("the server stops"));
                }
                if !reply.starts_with("250") {
                    odd.push(reply);
                }
            }
        };
        let _ = work();
        odd
    };
    (0..clients)
        .map(|_| {
            let ledger = ledger.clone();
            std::thread::spawn(move || run(ledger))
        })
        .collect()
}
