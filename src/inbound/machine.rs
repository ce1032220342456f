//! The order of commands (RFC 5321 4.1.4), without any I/O: a command goes in, an effect comes out.
//!
//! What the effect asks for is answered back with [`Machine::sender_judged`], [`Machine::recipient_judged`], [`Machine::data_ended`] or
//! [`Machine::secured`]. After every end of data, taken or refused, MAIL and RCPT are forgotten.

mod conduct;
mod effect;
mod envelope;

pub(super) use effect::Effect;

use super::handler::{Client, Protocol};
use super::limits::SessionLimits;
use super::transaction::MailTransaction;
use crate::mail::{Domain, EnhancedStatus, Reply};
use crate::smtp::{Command, Offer, ehlo_reply};

/// Whether TLS may be asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tls {
    /// There is no certificate.
    Absent,
    /// STARTTLS is offered.
    Offered,
    /// It is on.
    On,
}

/// Where a session stands.
#[derive(Debug)]
enum State {
    /// No EHLO yet.
    Fresh,
    /// EHLO, no MAIL.
    Greeted,
    /// MAIL, and perhaps RCPT.
    Mail(MailTransaction),
}

/// The order of commands of one session.
pub(super) struct Machine {
    /// What has been said; every command is judged against it.
    state: State,
    /// What EHLO and HELO answer with.
    hostname: Domain,
    /// What EHLO announces. Its sizes are also held against MAIL and RCPT, so that nobody is refused what was offered.
    offer: Offer,
    /// STARTTLS is announced while it can be had, and not again once it is on.
    tls: Tls,
    /// Who is at the other end, as far as it has said so: EHLO fills in the name and the protocol.
    pub(super) client: Client,
    /// MAILs that were asked about; numbers their traces within the session.
    transactions: u32,
    /// Errors of the whole session: neither RSET, nor TLS, nor an accepted message wipes them out (docs/threats.md#27).
    errors: u32,
    /// Errors beyond the free ones that have cost the client no time yet.
    unpaid: u32,
    /// Commands that move nothing since the last end of data; see [`SessionLimits::junk`].
    junk: u32,
    /// These two shrink under stress, also in a session that is under way.
    max_errors: u32,
    max_junk: u32,
}

impl Machine {
    /// A session that has said nothing yet, with the limits of quiet times until [`Machine::tolerate`] says otherwise.
    pub(super) fn new(hostname: Domain, offer: Offer, tls: Tls, client: Client) -> Self {
        Self {
            state: State::Fresh,
            hostname,
            offer,
            tls,
            client,
            transactions: 0,
            errors: 0,
            unpaid: 0,
            junk: 0,
            max_errors: SessionLimits::ORDINARY.errors,
            max_junk: SessionLimits::ORDINARY.junk,
        }
    }

    /// The transaction under way.
    pub(super) fn transaction(&self) -> Option<&MailTransaction> {
        if let State::Mail(transaction) = &self.state {
            Some(transaction)
        } else {
            None
        }
    }

    /// Takes a command. The effect is final for those that the machine answers itself; for the others the session comes back with what it
    /// was told. A command that is out of order changes nothing but the count of errors.
    pub(super) fn step(&mut self, command: Command) -> Effect {
        let say = |code, status: Option<EnhancedStatus>, text: &str| Reply::new(code, status, text);
        match command {
            Command::Hello { name, extended } => self.hello(name, extended),
            Command::Mail { path, parameters } => self.mail(path, parameters),
            Command::Rcpt { path } => self.rcpt(path),
            Command::Data => match &self.state {
                // Not 354 and a refusal after the text: the client would send all of it for nothing (docs/threats.md#28).
                State::Mail(transaction) if transaction.recipients.is_empty() => {
                    self.misplaced("no recipient was taken; RCPT comes first")
                }
                State::Mail(_) => Effect::ReadData,
                State::Fresh | State::Greeted => self.misplaced("MAIL and RCPT come first"),
            },
            Command::Rset => {
                self.forget();
                self.chatter(say(250, Some(EnhancedStatus::OK_2_0_0), "forgotten"))
            }
            Command::Noop => self.chatter(say(250, Some(EnhancedStatus::OK_2_0_0), "ok")),
            // One text for every address, so that nobody learns which exist (docs/threats.md#34; RFC 5321 3.5.3 allows 252).
            Command::Vrfy => self.chatter(say(
                252,
                Some(EnhancedStatus::new(2, 5, 0)),
                "send mail and see",
            )),
            Command::Help => self.chatter(say(
                214,
                Some(EnhancedStatus::OK_2_0_0),
                "RFC 5321; this server takes mail for masked addresses",
            )),
            Command::Quit => Effect::Close(say(221, Some(EnhancedStatus::OK_2_0_0), "goodbye")),
            Command::StartTls => match self.tls {
                Tls::Offered => {
                    Effect::StartTls(say(220, Some(EnhancedStatus::OK_2_0_0), "go ahead"))
                }
                // RFC 3207 4.2; docs/threats.md#44.
                Tls::On => self.misplaced("TLS is on already"),
                Tls::Absent => self.blame(say(
                    502,
                    Some(EnhancedStatus::new(5, 5, 1)),
                    "the command is not offered",
                )),
            },
            // The octets behind BDAT would be taken for commands: there is no way to go on (docs/threats.md#40).
            Command::Bdat => Effect::Close(say(
                503,
                Some(EnhancedStatus::new(5, 5, 1)),
                "CHUNKING is not offered",
            )),
            // A browser that was made to post here, or a scanner: the lines that follow are not meant as commands (docs/threats.md#23).
            Command::Http => Effect::Close(say(
                554,
                Some(EnhancedStatus::new(5, 5, 0)),
                "this is a mail server",
            )),
        }
    }

    /// EHLO or HELO. Its name is taken as it is: it proves nothing, and clients whose name does not resolve are many.
    fn hello(&mut self, name: String, extended: bool) -> Effect {
        // The first one begins the session; those after it are chatter.
        if !matches!(self.state, State::Fresh) {
            self.junk += 1;
            if self.junk > self.max_junk {
                return self.chatter(Reply::new(250, None, ""));
            }
        }
        self.client.helo = name;
        self.client.protocol = match (extended, self.tls) {
            (false, _) => Protocol::Smtp,
            (true, Tls::On) => Protocol::Esmtps,
            (true, _) => Protocol::Esmtp,
        };
        // A second EHLO acts as RSET (RFC 5321 4.1.4).
        self.state = State::Greeted;
        let starttls = self.tls == Tls::Offered;
        if extended {
            Effect::Say(ehlo_reply(
                &self.hostname,
                Offer {
                    starttls,
                    ..self.offer
                },
            ))
        } else {
            Effect::Say(Reply::new(250, None, self.hostname.as_str()))
        }
    }

    /// TLS is on: everything that was said before is forgotten (RFC 3207 4.2).
    pub(super) fn secured(&mut self) {
        self.tls = Tls::On;
        self.state = State::Fresh;
        self.client.helo.clear();
    }
}

#[cfg(test)]
mod tests;
