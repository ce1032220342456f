//! A small SMTP client for the demo: one message a connection, and the reply that ended it.

use std::net::SocketAddr;

use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;

/// Sends one message and returns the last reply: that of the end of data, or the first refusal. It pipelines nothing and knows no TLS: what is
/// shown is the relay, not the client. `message` must have CRLF line ends, and no line that begins with a dot.
///
/// # Errors
/// The connection broke.
pub(super) async fn send(
    server: SocketAddr,
    mail_from: &str,
    to: &str,
    message: &str,
) -> std::io::Result<String> {
    let mut stream = BufReader::new(TcpStream::connect(server).await?);
    let banner = reply(&mut stream).await?;
    if !banner.starts_with('2') {
        return Ok(banner);
    }
    let commands = [
        "EHLO shop.example\r\n".to_owned(),
        format!("MAIL FROM:<{mail_from}>\r\n"),
        format!("RCPT TO:<{to}>\r\n"),
        "DATA\r\n".to_owned(),
        format!("{message}\r\n.\r\n"),
    ];
    let mut last = String::new();
    for command in &commands {
        stream.write_all(command.as_bytes()).await?;
        last = reply(&mut stream).await?;
        // What a real client does: after a refusal the rest would only be out of order.
        if last.starts_with(['4', '5']) {
            break;
        }
    }
    stream.write_all(b"QUIT\r\n").await?;
    Ok(last)
}

/// One reply, its lines joined by spaces.
async fn reply(stream: &mut BufReader<TcpStream>) -> std::io::Result<String> {
    let mut whole = String::new();
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line).await? == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
        let more = line.as_bytes().get(3) == Some(&b'-');
        let text = line.trim_end();
        if whole.is_empty() {
            whole.push_str(text);
        } else {
            // The code stands on every line; once is enough to read.
            whole.push_str(text.get(3..).unwrap_or_default().trim_start_matches('-'));
        }
        if !more {
            return Ok(whole);
        }
    }
}
