//! The far side of an SMTP session: what every mail server of the demo and of the tests says, and what each of them keeps.

use std::io;

use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

/// One message as it arrived.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Received {
    /// MAIL FROM without brackets; empty: the null reverse-path.
    pub reverse_path: String,
    /// RCPT TO without brackets.
    pub recipients: Vec<String>,
    /// The message with CRLF line ends, dots unstuffed.
    pub data: Vec<u8>,
}

/// What one session is answered, and what is kept of it.
pub trait Host: Send + Sync {
    /// How it calls itself.
    fn name(&self) -> &str;

    /// STARTTLS is offered where there is a certificate.
    fn tls(&self) -> Option<&TlsAcceptor> {
        None
    }

    /// A command as it came, without its line end.
    fn heard(&self, _line: &str) {}

    /// TLS has begun.
    fn secured(&self) {}

    /// The reply to a recipient that is refused.
    fn refuses(&self, _recipient: &str) -> Option<String> {
        None
    }

    /// Keeps a message, or not; the reply to its end.
    fn takes(&self, message: Received) -> String;
}

trait Duplex: AsyncRead + AsyncWrite + Unpin + Send {}
impl<T: AsyncRead + AsyncWrite + Unpin + Send> Duplex for T {}

/// A connection, in clear or in TLS.
pub struct Wire {
    stream: BufReader<Box<dyn Duplex>>,
    secured: bool,
}

impl Wire {
    /// Over a connection that was accepted.
    ///
    /// # Errors
    /// The connection is gone.
    pub fn over(stream: TcpStream) -> io::Result<Self> {
        // A reply that waits for an acknowledgement of the last one would look like a slow relay.
        stream.set_nodelay(true)?;
        Ok(Self {
            stream: BufReader::new(Box::new(stream)),
            secured: false,
        })
    }

    /// The server's side of the handshake. What was read ahead in clear is dropped.
    ///
    /// # Errors
    /// It failed.
    pub async fn secure(self, tls: &TlsAcceptor) -> io::Result<Self> {
        let stream = tls.accept(self.stream.into_inner()).await?;
        Ok(Self {
            stream: BufReader::new(Box::new(stream)),
            secured: true,
        })
    }

    /// A line with its end.
    ///
    /// # Errors
    /// The connection ended or broke, or the line is no UTF-8.
    pub async fn line(&mut self) -> io::Result<String> {
        let mut line = String::new();
        if self.stream.read_line(&mut line).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        Ok(line)
    }

    /// So many bytes of whatever comes.
    ///
    /// # Errors
    /// The connection ended or broke before.
    pub async fn bytes(&mut self, count: usize) -> io::Result<Vec<u8>> {
        let mut bytes = vec![0; count];
        self.stream.read_exact(&mut bytes).await?;
        Ok(bytes)
    }

    /// The message behind 354, dots unstuffed (RFC 5321 4.5.2).
    ///
    /// # Errors
    /// The connection ended or broke before the end of data.
    pub async fn message(&mut self) -> io::Result<Vec<u8>> {
        let mut message = Vec::new();
        loop {
            let mut line = Vec::new();
            if self.stream.read_until(b'\n', &mut line).await? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            match line.as_slice() {
                b".\r\n" => return Ok(message),
                [b'.', rest @ ..] => message.extend_from_slice(rest),
                whole => message.extend_from_slice(whole),
            }
        }
    }

    /// Writes these bytes.
    ///
    /// # Errors
    /// The connection broke.
    pub async fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.stream.write_all(bytes).await?;
        self.stream.flush().await
    }

    /// Writes a reply and its line end.
    ///
    /// # Errors
    /// The connection broke.
    pub async fn say(&mut self, reply: &str) -> io::Result<()> {
        self.write(format!("{reply}\r\n").as_bytes()).await
    }
}

/// Serves every connection; `host` makes what one session is answered.
pub async fn serve<H: Host + 'static>(listener: TcpListener, host: impl Fn() -> H) {
    while let Ok((stream, _)) = listener.accept().await {
        let host = host();
        tokio::spawn(async move {
            if let Ok(wire) = Wire::over(stream) {
                // A client that goes away mid-sentence has delivered nothing.
                let _ = converse(wire, &host).await;
            }
        });
    }
}

/// One session. It is lenient on purpose: what the relay sends is looked at afterwards, not refused here.
///
/// # Errors
/// The client went away without QUIT, or the connection broke.
pub async fn converse(mut wire: Wire, host: &impl Host) -> io::Result<()> {
    let mut message = Received::default();
    wire.say(&format!("220 {} ESMTP", host.name())).await?;
    loop {
        let line = wire.line().await?;
        host.heard(line.trim_end());
        let reply = match line
            .get(..4)
            .unwrap_or_default()
            .to_ascii_uppercase()
            .as_str()
        {
            "EHLO" => {
                let starttls = if host.tls().is_some() && !wire.secured {
                    "250-STARTTLS\r\n"
                } else {
                    ""
                };
                format!(
                    "250-{}\r\n{starttls}250-PIPELINING\r\n250-8BITMIME\r\n250-ENHANCEDSTATUSCODES\r\n250 SMTPUTF8",
                    host.name()
                )
            }
            "STAR" if let Some(tls) = host.tls() => {
                wire.say("220 2.0.0 go on").await?;
                wire = wire.secure(tls).await?;
                host.secured();
                continue;
            }
            "MAIL" => {
                message = Received {
                    reverse_path: path(&line),
                    ..Received::default()
                };
                "250 2.1.0 ok".to_owned()
            }
            "RCPT" => {
                let recipient = path(&line);
                let refused = host.refuses(&recipient);
                if refused.is_none() {
                    message.recipients.push(recipient);
                }
                refused.unwrap_or_else(|| "250 2.1.5 ok".to_owned())
            }
            "DATA" if message.recipients.is_empty() => "554 5.5.1 no recipients".to_owned(),
            "DATA" => {
                wire.say("354 go on").await?;
                message.data = wire.message().await?;
                // Before the reply: whoever hears 250 can rely on finding the message.
                host.takes(std::mem::take(&mut message))
            }
            "QUIT" => return wire.say("221 2.0.0 goodbye").await,
            "RSET" | "NOOP" | "HELO" => "250 2.0.0 ok".to_owned(),
            _ => "502 5.5.1 not known here".to_owned(),
        };
        wire.say(&reply).await?;
    }
}

/// What stands between the brackets of MAIL or RCPT.
fn path(line: &str) -> String {
    let inside = line
        .split_once('<')
        .and_then(|(_, rest)| rest.split_once('>'));
    inside.map(|(path, _)| path.to_owned()).unwrap_or_default()
}
