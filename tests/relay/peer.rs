//! A mail server that does exactly what its script says, connection by connection: the faults of other people's servers.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// One thing that the server does.
#[derive(Debug, Clone)]
pub enum Step {
    /// Writes these octets.
    Say(Vec<u8>),
    /// Reads a line, which must begin with this.
    Hear(&'static str),
    /// Reads a message up to its end.
    Message,
    /// Reads so many octets of whatever comes.
    Octets(usize),
    /// Resets the connection.
    Reset,
    /// Speaks as an ordinary server does, until the client goes.
    Ordinary,
}

/// Says a line.
pub fn say(line: &str) -> Step {
    Step::Say(format!("{line}\r\n").into_bytes())
}

/// Hears a line and answers it.
pub fn hear(word: &'static str, answer: &str) -> Vec<Step> {
    vec![Step::Hear(word), say(answer)]
}

/// Banner and EHLO without any extension.
pub fn greeting() -> Vec<Step> {
    [
        vec![say("220 peer.example ESMTP")],
        hear("EHLO", "250 peer.example"),
    ]
    .concat()
}

/// MAIL, RCPT and DATA, all taken.
pub fn envelope() -> Vec<Step> {
    [
        hear("MAIL", "250 2.1.0 ok"),
        hear("RCPT", "250 2.1.5 ok"),
        hear("DATA", "354 go on"),
    ]
    .concat()
}

/// What a peer saw.
#[derive(Debug, Clone, Default)]
pub struct Seen {
    /// Every line and message, in order, of all connections.
    pub lines: Vec<String>,
    /// Messages that came whole.
    pub messages: Vec<String>,
    /// Connections.
    pub connections: usize,
}

/// A running server. When its scripts are used up it is an ordinary one.
pub struct Peer {
    /// Where it listens, on 127.0.0.1.
    pub port: u16,
    seen: Arc<Mutex<Seen>>,
    task: JoinHandle<()>,
}

impl Drop for Peer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Peer {
    /// Starts a server that plays one script for each connection.
    pub async fn start(scripts: Vec<Vec<Step>>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let seen = Arc::new(Mutex::new(Seen::default()));
        let task = tokio::spawn({
            let seen = seen.clone();
            async move {
                let mut scripts = VecDeque::from(scripts);
                while let Ok((stream, _)) = listener.accept().await {
                    seen.lock().unwrap().connections += 1;
                    let script = scripts.pop_front().unwrap_or_else(|| vec![Step::Ordinary]);
                    let seen = seen.clone();
                    tokio::spawn(async move {
                        let _ = play(stream, script, &seen).await;
                    });
                }
            }
        });
        Self { port, seen, task }
    }

    /// What it saw so far.
    pub fn seen(&self) -> Seen {
        self.seen.lock().unwrap().clone()
    }

    /// Waits until so many messages came whole.
    pub async fn messages(&self, count: usize) -> Vec<String> {
        for _ in 0..10_000 {
            let seen = self.seen();
            if seen.messages.len() >= count {
                return seen.messages;
            }
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        panic!("{count} messages did not come: {:#?}", self.seen());
    }
}

async fn play(stream: TcpStream, script: Vec<Step>, seen: &Mutex<Seen>) -> std::io::Result<()> {
    let mut stream = BufReader::new(stream);
    for step in script {
        match step {
            Step::Say(octets) => stream.write_all(&octets).await?,
            Step::Hear(word) => {
                let line = line(&mut stream, seen).await?;
                if !line.starts_with(word) {
                    seen.lock().unwrap().lines.push(format!("!! wanted {word}"));
                    return Ok(());
                }
            }
            Step::Message => {
                let message = message(&mut stream).await?;
                seen.lock().unwrap().messages.push(message);
            }
            Step::Octets(count) => {
                let mut octets = vec![0; count];
                tokio::io::AsyncReadExt::read_exact(&mut stream, &mut octets).await?;
            }
            Step::Reset => {
                let stream = stream.into_inner().into_std()?;
                socket2::SockRef::from(&stream).set_linger(Some(Duration::ZERO))?;
                return Ok(());
            }
            Step::Ordinary => return ordinary(stream, seen).await,
        }
    }
    Ok(())
}

async fn ordinary(mut stream: BufReader<TcpStream>, seen: &Mutex<Seen>) -> std::io::Result<()> {
    stream.write_all(b"220 peer.example ESMTP\r\n").await?;
    loop {
        let line = line(&mut stream, seen).await?;
        let answer = match line.get(..4).unwrap_or_default() {
            "EHLO" => "250-peer.example\r\n250-PIPELINING\r\n250-8BITMIME\r\n250 SMTPUTF8",
            "DATA" => {
                stream.write_all(b"354 go on\r\n").await?;
                let message = message(&mut stream).await?;
                seen.lock().unwrap().messages.push(message);
                "250 2.0.0 taken"
            }
            "QUIT" => return stream.write_all(b"221 2.0.0 goodbye\r\n").await,
            _ => "250 2.0.0 ok",
        };
        stream.write_all(format!("{answer}\r\n").as_bytes()).await?;
    }
}

async fn line(stream: &mut BufReader<TcpStream>, seen: &Mutex<Seen>) -> std::io::Result<String> {
    let mut line = String::new();
    if stream.read_line(&mut line).await? == 0 {
        return Err(std::io::ErrorKind::UnexpectedEof.into());
    }
    seen.lock().unwrap().lines.push(line.trim_end().to_owned());
    Ok(line)
}

async fn message(stream: &mut BufReader<TcpStream>) -> std::io::Result<String> {
    let mut message = String::new();
    loop {
        let mut line = Vec::new();
        if stream.read_until(b'\n', &mut line).await? == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
        if line == b".\r\n" {
            return Ok(message);
        }
        message.push_str(&String::from_utf8_lossy(&line));
    }
}
