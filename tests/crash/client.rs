//! The clients before the relay: they send until the connection breaks, and note every acknowledgement.

use std::io::{BufRead, BufReader, Error, ErrorKind, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::Duration;

use crate::ground;
use crate::ledger::Ledger;

/// One SMTP connection.
pub struct Client {
    reader: BufReader<TcpStream>,
    writer: TcpStream,
}

impl Client {
    pub fn connect(server: SocketAddr) -> std::io::Result<Self> {
        let writer = TcpStream::connect(server)?;
        writer.set_nodelay(true)?;
        writer.set_read_timeout(Some(Duration::from_secs(60)))?;
        let reader = BufReader::new(writer.try_clone()?);
        let mut client = Self { reader, writer };
        client.reply()?;
        client.say("EHLO client.example")?;
        Ok(client)
    }

    /// The whole reply.
    pub fn reply(&mut self) -> std::io::Result<String> {
        let mut whole = String::new();
        loop {
            let mut line = String::new();
            if self.reader.read_line(&mut line)? == 0 {
                return Err(ErrorKind::UnexpectedEof.into());
            }
            whole.push_str(&line);
            if line.as_bytes().get(3) != Some(&b'-') {
                return Ok(whole.trim_end().to_owned());
            }
        }
    }

    pub fn say(&mut self, line: &str) -> std::io::Result<String> {
        self.writer.write_all(format!("{line}\r\n").as_bytes())?;
        self.reply()
    }

    /// The reply to the end of data, or to the first command that was refused.
    pub fn send(&mut self, from: &str, to: &str, message: &str) -> std::io::Result<String> {
        self.send_to(from, &[to], message)
    }

    /// The same for several recipients.
    pub fn send_to(
        &mut self,
        from: &str,
        recipients: &[&str],
        message: &str,
    ) -> std::io::Result<String> {
        let recipients = recipients.iter().map(|to| format!("RCPT TO:<{to}>"));
        let commands = std::iter::once(format!("MAIL FROM:<{from}>")).chain(recipients);
        for command in commands.chain(["DATA".to_owned()]) {
            let reply = self.say(&command)?;
            if !reply.starts_with(['2', '3']) {
                self.say("RSET")?;
                return Ok(reply);
            }
        }
        self.writer
            .write_all(format!("{message}\r\n.\r\n").as_bytes())?;
        self.reply()
    }

    /// Sends a message and closes the connection without hearing what becomes of it.
    pub fn send_and_go(&mut self, from: &str, to: &str, message: &str) -> std::io::Result<()> {
        self.say(&format!("MAIL FROM:<{from}>"))?;
        self.say(&format!("RCPT TO:<{to}>"))?;
        self.say("DATA")?;
        self.writer
            .write_all(format!("{message}\r\n.\r\n").as_bytes())?;
        self.writer.shutdown(std::net::Shutdown::Both)
    }

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
pub fn load(
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
