//! The server behind the relay: takes, refuses and puts off by recipient, and writes the books.
//!
//! `refused…@` is refused for good, `later…@` is put off at the first three attempts of a message; all else is taken.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};

use allegromail::scripted::session::{self, Host, Received};

use crate::ledger::Ledger;

/// A running sink.
pub struct Sink {
    pub address: SocketAddr,
    /// What was heard on each connection, `.` for a message that was taken.
    pub heard: Arc<Mutex<Vec<Vec<String>>>>,
}

/// What one connection writes into the books.
struct Clerk {
    ledger: Arc<Ledger>,
    /// Message -> attempts so far.
    put_off: Arc<Mutex<BTreeMap<u64, u32>>>,
    heard: Arc<Mutex<Vec<Vec<String>>>>,
    connection: usize,
}

impl Sink {
    /// Starts on threads of its own: the tests have no runtime.
    pub fn start(ledger: Arc<Ledger>) -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0");
        let listener = runtime.block_on(listener).unwrap();
        let address = listener.local_addr().unwrap();
        let heard: Arc<Mutex<Vec<Vec<String>>>> = Arc::default();
        let put_off = Arc::default();
        let lines = heard.clone();
        let clerk = move || {
            let mut heard = lines.lock().unwrap();
            heard.push(Vec::new());
            Clerk {
                ledger: ledger.clone(),
                put_off: Arc::clone(&put_off),
                heard: lines.clone(),
                connection: heard.len() - 1,
            }
        };
        std::thread::spawn(move || runtime.block_on(session::serve(listener, clerk)));
        Self { address, heard }
    }
}

impl Clerk {
    /// Which attempt for a message this is.
    fn attempt(&self, number: u64) -> u32 {
        let mut put_off = self.put_off.lock().unwrap();
        let attempts = put_off.entry(number).or_default();
        *attempts += 1;
        *attempts
    }
}

impl Host for Clerk {
    fn name(&self) -> &'static str {
        "sink.example"
    }

    fn heard(&self, line: &str) {
        self.heard.lock().unwrap()[self.connection].push(line.to_owned());
    }

    fn refuses(&self, recipient: &str) -> Option<String> {
        recipient
            .starts_with("refused")
            .then(|| "550 5.1.1 no such user".to_owned())
    }

    fn takes(&self, message: Received) -> String {
        let text = String::from_utf8_lossy(&message.data);
        let from = message.reverse_path;
        let later = |to: &String| to.starts_with("later");
        match number(&text) {
            Some(number) if message.recipients.iter().any(later) && self.attempt(number) <= 3 => {
                return "451 4.3.0 later".to_owned();
            }
            // A notice of delay says nothing about the end.
            Some(_) if from.is_empty() && text.contains("Action: delayed") => {
                self.ledger.notices.fetch_add(1, Ordering::SeqCst);
            }
            Some(number) if from.is_empty() => {
                self.ledger.reported.lock().unwrap().insert(number);
                self.ledger.reports.fetch_add(1, Ordering::SeqCst);
            }
            Some(number) => {
                *self
                    .ledger
                    .delivered
                    .lock()
                    .unwrap()
                    .entry(number)
                    .or_default() += 1;
                *self.ledger.token.lock().unwrap() = Some((number, from));
            }
            None => {}
        }
        self.heard(".");
        "250 2.0.0 ok".to_owned()
    }
}

/// The number in the first `id-NUMBER-` of a text.
fn number(text: &str) -> Option<u64> {
    let rest = text.split("id-").nth(1)?;
    rest.split('-').next()?.parse().ok()
}
