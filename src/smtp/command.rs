//! Commands (RFC 5321 4.1), parsed once and strictly. What cannot be parsed carries the reply that says so.

use super::params::MailParameters;
use crate::mail::{
    DomainError, EnhancedStatus, ForwardPath, Mailbox, MailboxError, Reply, ReversePath,
};

/// A command of a client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// EHLO with the client's name for itself, or HELO.
    Hello {
        /// The name, as given.
        name: String,
        /// EHLO.
        extended: bool,
    },
    /// MAIL FROM.
    Mail {
        /// The reverse-path.
        path: ReversePath,
        /// SIZE, BODY, SMTPUTF8.
        parameters: MailParameters,
    },
    /// RCPT TO.
    Rcpt {
        /// The forward-path.
        path: ForwardPath,
    },
    /// DATA.
    Data,
    /// RSET.
    Rset,
    /// NOOP.
    Noop,
    /// QUIT.
    Quit,
    /// VRFY of anything: the answer is always the same.
    Vrfy,
    /// HELP.
    Help,
    /// STARTTLS.
    StartTls,
    /// BDAT: CHUNKING is not offered, and what follows would be octets of a message.
    Bdat,
    /// The first line of an HTTP request: a browser, or somebody who uses one against us.
    Http,
}

fn refuse(code: u16, status: EnhancedStatus, text: &str) -> Reply {
    Reply::new(code, Some(status), text)
}

fn syntax(text: &str) -> Reply {
    refuse(501, EnhancedStatus::new(5, 5, 4), text)
}

/// Reads a command line without its CRLF.
///
/// # Errors
/// The reply to send: 500 and 502 for unknown commands, 501, 550, 553 and 555 for bad arguments.
pub fn parse_command(line: &[u8]) -> Result<Command, Reply> {
    let unknown = || {
        refuse(
            500,
            EnhancedStatus::new(5, 5, 2),
            "the command is not known",
        )
    };
    let text = std::str::from_utf8(line).map_err(|_| {
        // A local part in some charset of eight bits: nothing but UTF-8 may stand there (RFC 6531 3.3).
        let names_address = [b"mail ".as_slice(), b"rcpt "];
        let starts = |word: &[u8]| {
            line.get(..word.len())
                .is_some_and(|front| front.eq_ignore_ascii_case(word))
        };
        if names_address.into_iter().any(starts) {
            let text =
                "an address beyond ASCII is written in UTF-8, with the parameter SMTPUTF8 at MAIL";
            return refuse(553, EnhancedStatus::NO_UTF8_5_6_7, text);
        }
        unknown()
    })?;
    if text.chars().any(char::is_control) {
        let text = "the line holds control characters";
        return Err(refuse(500, EnhancedStatus::new(5, 5, 2), text));
    }
    let (verb, rest) = text.split_once(' ').unwrap_or((text, ""));
    let alone = |command: Command| {
        if rest.trim().is_empty() {
            Ok(command)
        } else {
            Err(syntax("the command takes no argument"))
        }
    };
    match verb.to_ascii_uppercase().as_str() {
        "EHLO" => hello(rest, true),
        "HELO" => hello(rest, false),
        "MAIL" => mail(rest),
        "RCPT" => rcpt(rest),
        "DATA" => alone(Command::Data),
        "RSET" => alone(Command::Rset),
        "NOOP" => Ok(Command::Noop),
        "QUIT" => alone(Command::Quit),
        "VRFY" => Ok(Command::Vrfy),
        "HELP" => Ok(Command::Help),
        "STARTTLS" => alone(Command::StartTls),
        "BDAT" => Ok(Command::Bdat),
        "EXPN" | "ETRN" | "TURN" | "ATRN" | "SEND" | "SOML" | "SAML" => Err(refuse(
            502,
            EnhancedStatus::new(5, 5, 1),
            "the command is not offered",
        )),
        "AUTH" => Err(refuse(
            503,
            EnhancedStatus::new(5, 5, 1),
            "this server takes mail for masked addresses and needs no log-in",
        )),
        "GET" | "POST" | "HEAD" | "PUT" | "OPTIONS" | "CONNECT" | "PATCH" | "DELETE" => {
            Ok(Command::Http)
        }
        _ => Err(unknown()),
    }
}

/// A name or an address literal of printable ASCII (RFC 5321 4.1.1.1); nothing is decided by it.
fn hello(rest: &str, extended: bool) -> Result<Command, Reply> {
    let name = rest.trim();
    if name.is_empty() || name.len() > 255 || !name.bytes().all(|octet| octet.is_ascii_graphic()) {
        return Err(syntax("say a host name or an address in brackets"));
    }
    Ok(Command::Hello {
        name: name.to_owned(),
        extended,
    })
}

/// Takes `FROM:` or `TO:` off and splits the path from the parameters. No white space after the colon, no missing brackets.
fn path<'a>(rest: &'a str, keyword: &str) -> Result<(&'a str, &'a str), Reply> {
    let wanted = || {
        syntax(&format!(
            "the argument is {keyword}<address>, without a space before the bracket"
        ))
    };
    let (head, tail) = rest.split_at_checked(keyword.len()).ok_or_else(wanted)?;
    let tail = tail
        .strip_prefix('<')
        .filter(|_| head.eq_ignore_ascii_case(keyword))
        .ok_or_else(wanted)?;
    let mut quoted = false;
    let mut escaped = false;
    for (at, octet) in tail.bytes().enumerate() {
        match octet {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            b'>' if !quoted => {
                let (path, parameters) = (tail.get(..at), tail.get(at + 1..));
                let (path, parameters) = path.zip(parameters).ok_or_else(wanted)?;
                if !parameters.is_empty() && !parameters.starts_with(' ') {
                    return Err(wanted());
                }
                return Ok((path, parameters));
            }
            _ => {}
        }
    }
    Err(wanted())
}

fn mail(rest: &str) -> Result<Command, Reply> {
    let (path, parameters) = path(rest, "FROM:")?;
    let parameters = MailParameters::parse(parameters)?;
    if path.is_empty() {
        return Ok(Command::Mail {
            path: ReversePath::Null,
            parameters,
        });
    }
    let mailbox = mailbox(path, EnhancedStatus::new(5, 1, 7))?;
    if mailbox.needs_utf8() && !parameters.smtputf8 {
        return Err(refuse(
            553,
            EnhancedStatus::NO_UTF8_5_6_7,
            "an international address needs the parameter SMTPUTF8",
        ));
    }
    Ok(Command::Mail {
        path: ReversePath::Mailbox(mailbox),
        parameters,
    })
}

fn rcpt(rest: &str) -> Result<Command, Reply> {
    let (path, parameters) = path(rest, "TO:")?;
    if !parameters.trim().is_empty() {
        return Err(refuse(
            555,
            EnhancedStatus::new(5, 5, 4),
            "a parameter of RCPT is not known here",
        ));
    }
    if path.eq_ignore_ascii_case("postmaster") {
        return Ok(Command::Rcpt {
            path: ForwardPath::Postmaster,
        });
    }
    Ok(Command::Rcpt {
        path: ForwardPath::Mailbox(mailbox(path, EnhancedStatus::new(5, 1, 3))?),
    })
}

fn mailbox(path: &str, status: EnhancedStatus) -> Result<Mailbox, Reply> {
    if path.len() > 254 {
        return Err(refuse(501, status, "the address is longer than 254 octets"));
    }
    if path.starts_with('@') {
        return Err(refuse(
            550,
            EnhancedStatus::new(5, 7, 1),
            "source routes are not taken [relay-denied]",
        ));
    }
    Mailbox::parse(path).map_err(|error| match error {
        MailboxError::Domain(DomainError::Literal) => refuse(
            550,
            EnhancedStatus::new(5, 7, 1),
            "address literals are not taken [relay-denied]",
        ),
        error => refuse(501, status, &format!("the address cannot be read: {error}")),
    })
}
