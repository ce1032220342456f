//! What peers say on the wire: command lines, message data, replies.

use allegromail::smtp::{
    Command, DataReader, DataStatus, Extensions, LineReader, ReplyReader, parse_command, stuff,
};
use bytes::BytesMut;

/// Cuts `octets` into pieces whose sizes the first octet steers: what is read must not depend on how it arrives.
fn pieces(octets: &[u8]) -> Vec<&[u8]> {
    let Some((first, rest)) = octets.split_first() else {
        return Vec::new();
    };
    rest.chunks(usize::from(*first).max(1)).collect()
}

pub fn command_line(octets: &[u8]) {
    let rest = octets.get(1..).unwrap_or_default();
    let lines = |pieces: &[&[u8]]| {
        let (mut reader, mut buffer, mut found) =
            (LineReader::default(), BytesMut::new(), Vec::new());
        for piece in pieces {
            buffer.extend_from_slice(piece);
            loop {
                match reader.next_line(&mut buffer) {
                    Ok(Some(line)) => found.push(line.to_vec()),
                    Ok(None) => break,
                    Err(error) => {
                        found.push(error.to_string().into_bytes());
                        return found;
                    }
                }
            }
        }
        found
    };
    let found = lines(&pieces(octets));
    assert_eq!(found, lines(&[rest]), "it matters how lines arrive");
    for line in found.iter().map(Vec::as_slice).chain([rest]) {
        match parse_command(line) {
            Ok(Command::Mail { path, parameters }) => {
                let utf8 = if parameters.smtputf8 { " SMTPUTF8" } else { "" };
                match parse_command(format!("MAIL FROM:{path}{utf8}").as_bytes()) {
                    Ok(Command::Mail { path: same, .. }) => assert_eq!(path, same),
                    other => panic!("{path} is read as {other:?} ({parameters:?})"),
                }
            }
            Ok(Command::Rcpt { path }) => match parse_command(format!("RCPT TO:{path}").as_bytes())
            {
                Ok(Command::Rcpt { path: same }) => assert_eq!(path, same),
                other => panic!("{path} is read as {other:?}"),
            },
            Ok(_) => {}
            Err(reply) => {
                assert!(
                    reply.code.is_permanent() || reply.code.is_transient(),
                    "{reply}"
                );
                assert!(
                    !reply.to_string().chars().any(char::is_control),
                    "{reply:?}"
                );
            }
        }
    }
}

pub fn data_reader(octets: &[u8]) {
    const LIMIT: usize = 4_096;
    let read = |pieces: &[&[u8]]| {
        let (mut reader, mut buffer) = (DataReader::new(LIMIT), BytesMut::new());
        let mut taken = 0;
        for piece in pieces {
            buffer.extend_from_slice(piece);
            let before = buffer.len();
            let status = reader.read(&mut buffer);
            taken += before - buffer.len();
            if let DataStatus::Done(done) = status {
                return Some((done, taken));
            }
            assert!(buffer.is_empty(), "octets are left though more are wanted");
        }
        None
    };
    let rest = octets.get(1..).unwrap_or_default();
    let found = read(&pieces(octets));
    let whole = read(&[rest]);
    assert_eq!(found, whole, "it matters how data arrives");
    let Some((done, taken)) = whole else {
        return;
    };
    let consumed = &rest[..taken];
    assert!(
        consumed.ends_with(b".\r\n"),
        "the end is CRLF.CRLF and nothing else"
    );
    let Ok(message) = done else {
        return;
    };
    assert!(message.len() <= LIMIT && !message.contains(&0));
    assert!(message.is_empty() || message.ends_with(b"\r\n"));
    // What we would send on is read as the same message again.
    let stuffed = stuff(&message).expect("no bare line ends").concat();
    assert_eq!(read(&[&stuffed]), Some((Ok(message), stuffed.len())));
}

pub fn reply_reader(octets: &[u8]) {
    let replies = |pieces: &[&[u8]]| {
        let (mut reader, mut found) = (ReplyReader::default(), Vec::new());
        for piece in pieces {
            reader.feed(piece);
            loop {
                match reader.next_reply() {
                    Ok(Some(reply)) => {
                        let extensions = Extensions::of(&reply);
                        found.push(format!("{reply:?} {extensions:?}"));
                        assert!((200..600).contains(&reply.code.get()), "{reply:?}");
                    }
                    Ok(None) => break,
                    Err(error) => {
                        found.push(error.to_string());
                        return found;
                    }
                }
            }
        }
        found
    };
    let whole = replies(&[octets.get(1..).unwrap_or_default()]);
    let pieces = pieces(octets);
    // A line that is too long is told as soon as it is, so only the replies before it must be the same.
    let found = replies(&pieces);
    for (one, other) in whole.iter().zip(&found) {
        assert_eq!(one, other, "it matters how replies arrive");
    }
}
