//! The server behind the relay: takes, refuses and puts off by recipient, and writes the books.
//!
//! `refused…@` is refused for good, `later…@` is put off at the first three attempts of a message; all else is taken.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};

use crate::ledger::Ledger;

/// A running sink.
pub struct Sink {
    pub address: SocketAddr,
    /// What was heard on each connection, `.` for a message that was taken.
    pub heard: Arc<Mutex<Vec<Vec<String>>>>,
}

impl Sink {
    pub fn start(ledger: Arc<Ledger>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let heard: Arc<Mutex<Vec<Vec<String>>>> = Arc::default();
        let put_off: Arc<Mutex<BTreeMap<u64, u32>>> = Arc::default();
        let lines = heard.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let at = {
                    let mut lines = lines.lock().unwrap();
                    lines.push(Vec::new());
                    lines.len() - 1
                };
                let (ledger, lines, put_off) = (ledger.clone(), lines.clone(), put_off.clone());
                std::thread::spawn(move || {
                    // The relay is killed in the middle of anything.
                    let hear = |line: &str| lines.lock().unwrap()[at].push(line.to_owned());
                    let _ = serve(stream, &ledger, &put_off, &hear);
                });
            }
        });
        Self { address, heard }
    }
}

/// The number in the first `id-NUMBER-` of a text.
fn number(text: &str) -> Option<u64> {
    let rest = text.split("id-").nth(1)?;
    rest.split('-').next()?.parse().ok()
}

fn serve(
    stream: TcpStream,
    ledger: &Ledger,
    put_off: &Mutex<BTreeMap<u64, u32>>,
    hear: &dyn Fn(&str),
) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    let mut writer = stream.try_clone()?;
    let mut reader = BufReader::new(stream);
    writer.write_all(b"220 sink.example ESMTP\r\n")?;
    let (mut from, mut to) = (String::new(), String::new());
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line)? == 0 {
            return Ok(());
        }
        let line = line.trim_end();
        hear(line);
        let word = line.get(..4).unwrap_or_default().to_ascii_uppercase();
        let mut reply = "250 2.0.0 ok";
        match word.as_str() {
            "EHLO" => reply = "250-sink.example\r\n250-PIPELINING\r\n250-8BITMIME\r\n250 SMTPUTF8",
            "MAIL" => from = path(line),
            "RCPT" => {
                to = path(line);
                if to.starts_with("refused") {
                    reply = "550 5.1.1 no such user";
                    to.clear();
                }
            }
            "DATA" if to.is_empty() => reply = "554 5.5.1 nobody to take it",
            "DATA" => {
                writer.write_all(b"354 go on\r\n")?;
                let message = message(&mut reader)?;
                let number = number(&message);
                match number {
                    Some(number) if to.starts_with("later") && attempt(put_off, number) <= 3 => {
                        reply = "451 4.3.0 later";
                    }
                    // A notice of delay says nothing about the end.
                    Some(_) if from.is_empty() && message.contains("Action: delayed") => {
                        ledger.notices.fetch_add(1, Ordering::SeqCst);
                    }
                    Some(number) if from.is_empty() => {
                        ledger.reported.lock().unwrap().insert(number);
                        ledger.reports.fetch_add(1, Ordering::SeqCst);
                    }
                    Some(number) => {
                        *ledger.delivered.lock().unwrap().entry(number).or_default() += 1;
                        *ledger.token.lock().unwrap() = Some((number, from.clone()));
                    }
                    None => {}
                }
                if reply.starts_with("250") {
                    hear(".");
                }
            }
            "RSET" => to.clear(),
            "QUIT" => return writer.write_all(b"221 2.0.0 goodbye\r\n"),
            _ => {}
        }
        writer.write_all(format!("{reply}\r\n").as_bytes())?;
    }
}

/// Which attempt for a message this is.
fn attempt(put_off: &Mutex<BTreeMap<u64, u32>>, number: u64) -> u32 {
    let mut put_off = put_off.lock().unwrap();
    let attempts = put_off.entry(number).or_default();
    *attempts += 1;
    *attempts
}

/// What stands between the angle brackets.
fn path(line: &str) -> String {
    let inside = line.split(['<', '>']).nth(1);
    inside.unwrap_or_default().to_owned()
}

fn message(reader: &mut impl BufRead) -> std::io::Result<String> {
    let mut message = Vec::new();
    loop {
        let start = message.len();
        if reader.read_until(b'\n', &mut message)? == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
        if &message[start..] == b".\r\n" {
            message.truncate(start);
            return Ok(String::from_utf8_lossy(&message).into_owned());
        }
    }
}
