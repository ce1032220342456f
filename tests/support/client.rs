//! An SMTP client of a relay that may be killed at any moment: it blocks, and a connection that breaks is an error and no failed test.

use std::io::{BufRead, BufReader, ErrorKind, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

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
}
