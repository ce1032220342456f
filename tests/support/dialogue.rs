//! An SMTP client that says exactly what it is told, octet by octet.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::support::invariants;

/// How long an answer may take before the test fails.
const PATIENCE: Duration = Duration::from_secs(120);

/// One connection.
pub struct Dialogue<S = TcpStream> {
    stream: BufReader<S>,
    /// What was said, up to a bound: an answer may name what its client has named.
    said: Vec<u8>,
}

/// The most that is remembered of what was said.
const REMEMBERED: usize = 1 << 20;

impl Dialogue {
    /// Connects and says nothing.
    pub async fn connect(server: SocketAddr) -> Self {
        let stream = TcpStream::connect(server).await.unwrap();
        stream.set_nodelay(true).unwrap();
        Self::over(stream)
    }

    /// Connects from another address of the loopback network.
    pub async fn from(source: &str, server: SocketAddr) -> Self {
        let socket = tokio::net::TcpSocket::new_v4().unwrap();
        socket
            .bind(SocketAddr::new(source.parse().unwrap(), 0))
            .unwrap();
        let stream = socket.connect(server).await.unwrap();
        stream.set_nodelay(true).unwrap();
        Self::over(stream)
    }

    /// Connects, reads the banner and says EHLO.
    pub async fn greeted(server: SocketAddr) -> Self {
        let mut dialogue = Self::connect(server).await;
        dialogue.hear("220").await;
        dialogue.say("EHLO client.example").await.assert("250");
        dialogue
    }

    /// Resets the connection instead of closing it.
    pub fn reset(self) {
        let stream = self.stream.into_inner().into_std().unwrap();
        socket2::SockRef::from(&stream)
            .set_linger(Some(Duration::ZERO))
            .unwrap();
    }

    /// Ends the direction towards the server.
    pub async fn finish(&mut self) {
        self.stream.get_mut().shutdown().await.unwrap();
    }

    /// Gives the connection to a TLS client.
    pub fn into_stream(self) -> TcpStream {
        self.stream.into_inner()
    }
}

/// A reply: all its lines, each with its code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer(pub String);

impl Answer {
    /// Fails unless the reply begins with `code`, enhanced status included if there is one in it.
    #[track_caller]
    pub fn assert(&self, code: &str) -> &Self {
        let unfolded = self.0.replacen('-', " ", 1);
        assert!(
            unfolded.starts_with(code),
            "wanted {code}, got {:?}",
            self.0
        );
        self
    }

    /// Fails unless the reply has this reason word.
    #[track_caller]
    pub fn because(&self, reason: &str) -> &Self {
        assert!(
            self.0.contains(&format!("[{reason};")),
            "wanted [{reason}; ...], got {:?}",
            self.0
        );
        self
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Dialogue<S> {
    /// Speaks over a stream that is connected already.
    pub fn over(stream: S) -> Self {
        Self {
            stream: BufReader::new(stream),
            said: Vec::new(),
        }
    }

    /// Writes octets as they are.
    pub async fn raw(&mut self, octets: &[u8]) {
        if self.said.len() < REMEMBERED {
            self.said.extend_from_slice(octets);
        }
        self.stream.write_all(octets).await.unwrap();
        self.stream.flush().await.unwrap();
    }

    /// Writes octets, if the server still takes them.
    pub async fn try_raw(&mut self, octets: &[u8]) -> std::io::Result<()> {
        self.said.extend_from_slice(octets);
        self.stream.write_all(octets).await
    }

    /// Whether something was said, or the connection has ended; waits a moment for it.
    pub async fn has_answer(&mut self) -> bool {
        timeout(Duration::from_millis(10), self.stream.fill_buf())
            .await
            .is_ok()
    }

    /// Says a line and hears the answer.
    pub async fn say(&mut self, line: &str) -> Answer {
        self.raw(format!("{line}\r\n").as_bytes()).await;
        self.answer().await
    }

    /// Hears an answer of this code.
    pub async fn hear(&mut self, code: &str) -> Answer {
        let answer = self.answer().await;
        answer.assert(code);
        answer
    }

    /// Hears an answer; fails if the connection ends instead.
    pub async fn answer(&mut self) -> Answer {
        self.try_answer()
            .await
            .expect("the connection ended instead of an answer")
    }

    /// Hears an answer, or none if the connection has ended.
    pub async fn try_answer(&mut self) -> Option<Answer> {
        let mut whole = String::new();
        loop {
            let mut line = String::new();
            let read = timeout(PATIENCE, self.stream.read_line(&mut line))
                .await
                .expect("no answer came");
            if read.unwrap_or(0) == 0 {
                return None;
            }
            whole.push_str(&line);
            if line.as_bytes().get(3) != Some(&b'-') {
                let told = invariants::told(&whole, &self.said);
                assert!(told.is_empty(), "an answer tells {told:?}: {whole}");
                invariants::heard(&whole);
                return Some(Answer(whole.trim_end().to_owned()));
            }
        }
    }

    /// Fails unless the server says no more and closes.
    pub async fn closed(&mut self) {
        let mut rest = Vec::new();
        let read = timeout(PATIENCE, self.stream.read_to_end(&mut rest))
            .await
            .expect("the connection stays open");
        // A reset is an end, too.
        assert!(
            read.is_err() || rest.is_empty(),
            "said {:?} and then closed",
            String::from_utf8_lossy(&rest)
        );
    }

    /// Opens a transaction up to the 354.
    pub async fn open(&mut self, from: &str, to: &str) {
        self.say(&format!("MAIL FROM:<{from}>")).await.assert("250");
        self.say(&format!("RCPT TO:<{to}>")).await.assert("250");
        self.say("DATA").await.assert("354");
    }

    /// Sends a message within a session; the answer to the first refused command, or to the end of data.
    pub async fn send(&mut self, from: &str, recipients: &[&str], message: &str) -> Answer {
        let answer = self.say(&format!("MAIL FROM:<{from}>")).await;
        if !answer.0.starts_with('2') {
            return answer;
        }
        for recipient in recipients {
            let answer = self.say(&format!("RCPT TO:<{recipient}>")).await;
            if !answer.0.starts_with('2') {
                self.say("RSET").await.assert("250");
                return answer;
            }
        }
        self.say("DATA").await.assert("354");
        self.data(message).await
    }

    /// Sends the text of a message with dots stuffed, and its end.
    pub async fn data(&mut self, message: &str) -> Answer {
        let mut wire = message.replace("\r\n.", "\r\n..");
        if wire.starts_with('.') {
            wire.insert(0, '.');
        }
        if !wire.ends_with("\r\n") {
            wire.push_str("\r\n");
        }
        wire.push_str(".\r\n");
        self.raw(wire.as_bytes()).await;
        self.answer().await
    }
}
