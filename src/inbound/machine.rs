//! The order of commands (RFC 5321 4.1.4), without any I/O: a command goes in, an effect comes out.
//!
//! What the effect asks for is answered back with [`Machine::sender_judged`], [`Machine::recipient_judged`], [`Machine::data_ended`] or
//! [`Machine::secured`]. After every end of data, taken or refused, MAIL and RCPT are forgotten.

use super::limits::{FREE_ERRORS, Patience, RECIPIENT_FLOOD};
use super::reception::{Client, Protocol};
use super::transaction::MailTransaction;
use crate::mail::{Domain, EnhancedStatus, ForwardPath, Reply, ReversePath, TraceId};
use crate::policy::{Reason, Refusal};
use crate::smtp::{Command, Offer, ehlo_reply};

/// What the session is to do.
#[derive(Debug)]
pub(super) enum Effect {
    /// Say this.
    Say(Reply),
    /// Say this and close.
    Close(Reply),
    /// Refuse by the house's reasons.
    Refuse(Refusal),
    /// Refuse and close.
    RefuseAndClose(Refusal),
    /// Ask whether this transaction may begin.
    AskSender(MailTransaction),
    /// Ask whether this recipient is taken.
    AskRecipient(ForwardPath),
    /// Say 354 and read the message.
    ReadData,
    /// Say 220 and turn to TLS.
    StartTls(Reply),
}

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
    state: State,
    hostname: Domain,
    offer: Offer,
    tls: Tls,
    pub(super) client: Client,
    transactions: u32,
    errors: u32,
    /// Errors beyond the free ones that have cost the client no time yet.
    unpaid: u32,
    junk: u32,
    max_errors: u32,
    max_junk: u32,
}

fn ok(subject: u16, detail: u16, text: &str) -> Effect {
    Effect::Say(Reply::new(
        250,
        Some(EnhancedStatus::new(2, subject, detail)),
        text,
    ))
}

impl Machine {
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
            max_errors: Patience::ORDINARY.errors,
            max_junk: Patience::ORDINARY.junk,
        }
    }

    /// From now on the session ends with so many errors, and after so many commands without a message.
    pub(super) fn tolerate(&mut self, errors: u32, junk: u32) {
        self.max_errors = errors;
        self.max_junk = junk;
    }

    /// The transaction under way.
    pub(super) fn transaction(&self) -> Option<&MailTransaction> {
        if let State::Mail(transaction) = &self.state {
            Some(transaction)
        } else {
            None
        }
    }

    /// How many errors are to cost the client time now.
    pub(super) fn penalties(&mut self) -> u32 {
        std::mem::take(&mut self.unpaid)
    }

    /// Whether this error is one too many.
    fn count_error(&mut self) -> bool {
        self.errors += 1;
        self.unpaid += u32::from(self.errors > FREE_ERRORS);
        self.errors >= self.max_errors
    }

    /// Counts an error; beyond the budget the session ends.
    pub(super) fn blame(&mut self, reply: Reply) -> Effect {
        if self.count_error() {
            return Effect::Close(Reply::new(
                421,
                Some(EnhancedStatus::new(4, 7, 0)),
                "too many errors",
            ));
        }
        Effect::Say(reply)
    }

    /// Refuses by a reason, and counts it as [`Machine::blame`] does.
    fn refuse(&mut self, refusal: Refusal) -> Effect {
        if self.count_error() {
            Effect::RefuseAndClose(refusal)
        } else {
            Effect::Refuse(refusal)
        }
    }

    fn misplaced(&mut self, text: &str) -> Effect {
        self.blame(Reply::new(503, Some(EnhancedStatus::new(5, 5, 1)), text))
    }

    fn chatter(&mut self, reply: Reply) -> Effect {
        self.junk += 1;
        if self.junk > self.max_junk {
            return Effect::Close(Reply::new(
                421,
                Some(EnhancedStatus::new(4, 7, 0)),
                "too many commands without a message",
            ));
        }
        Effect::Say(reply)
    }

    /// Takes a command.
    pub(super) fn step(&mut self, command: Command) -> Effect {
        let say = |code, status: Option<EnhancedStatus>, text: &str| Reply::new(code, status, text);
        match command {
            Command::Hello { name, extended } => self.hello(name, extended),
            Command::Mail { path, parameters } => self.mail(path, parameters),
            Command::Rcpt { path } => self.rcpt(path),
            Command::Data => match &self.state {
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
                Tls::On => self.misplaced("TLS is on already"),
                Tls::Absent => self.blame(say(
                    502,
                    Some(EnhancedStatus::new(5, 5, 1)),
                    "the command is not offered",
                )),
            },
            // The octets behind BDAT would be taken for commands: there is no way to go on.
            Command::Bdat => Effect::Close(say(
                503,
                Some(EnhancedStatus::new(5, 5, 1)),
                "CHUNKING is not offered",
            )),
            Command::Http => Effect::Close(say(
                554,
                Some(EnhancedStatus::new(5, 5, 0)),
                "this is a mail server",
            )),
        }
    }

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

    fn mail(&mut self, path: ReversePath, parameters: crate::smtp::MailParameters) -> Effect {
        match self.state {
            State::Fresh => return self.misplaced("EHLO comes first"),
            State::Mail(_) => {
                return self.misplaced("one message at a time; RSET forgets this one");
            }
            State::Greeted => {}
        }
        if parameters
            .size
            .is_some_and(|size| size > self.offer.max_message_size as u64)
        {
            let text = format!(
                "the message is larger than the {} octets that are taken.",
                self.offer.max_message_size
            );
            return self.refuse(Refusal::new(Reason::TooLarge, text));
        }
        self.transactions += 1;
        let trace = TraceId::new(self.client.session, self.transactions);
        Effect::AskSender(MailTransaction::new(trace, path, parameters))
    }

    /// Whether the transaction may begin.
    pub(super) fn sender_judged(
        &mut self,
        transaction: MailTransaction,
        judged: Result<(), Reply>,
    ) -> Effect {
        match judged {
            Ok(()) => {
                self.state = State::Mail(transaction);
                ok(1, 0, "sender ok")
            }
            Err(reply) => self.blame(reply),
        }
    }

    fn rcpt(&mut self, path: ForwardPath) -> Effect {
        let State::Mail(transaction) = &self.state else {
            return self.misplaced("MAIL comes first");
        };
        let international = matches!(&path, ForwardPath::Mailbox(mailbox) if mailbox.needs_utf8());
        if international && !transaction.parameters.smtputf8 {
            let text = "an international address needs SMTPUTF8 at MAIL.";
            return self.refuse(Refusal::new(Reason::Utf8Address, text));
        }
        let taken = transaction.recipients.len();
        // A report has one recipient (RFC 5321 4.5.5).
        let limit = if transaction.reverse_path == ReversePath::Null {
            1
        } else {
            self.offer.max_recipients
        };
        if taken < limit {
            return Effect::AskRecipient(path);
        }
        self.junk += 1;
        let refusal = Refusal::new(
            Reason::TooManyRecipients,
            format!("a message takes {limit} recipients; send the rest in another one."),
        );
        let flood = usize::try_from(self.junk).unwrap_or(usize::MAX)
            > limit.saturating_mul(RECIPIENT_FLOOD);
        if flood {
            Effect::RefuseAndClose(refusal)
        } else {
            Effect::Refuse(refusal)
        }
    }

    /// Whether the recipient is taken.
    pub(super) fn recipient_judged(
        &mut self,
        path: ForwardPath,
        judged: Result<(), Reply>,
    ) -> Effect {
        match (judged, &mut self.state) {
            (Ok(()), State::Mail(transaction)) => {
                transaction.recipients.push(path);
                ok(1, 5, "recipient ok")
            }
            (Ok(()), _) => self.misplaced("MAIL comes first"),
            (Err(reply), _) => self.blame(reply),
        }
    }

    /// The end of data: hands the transaction out and forgets it.
    pub(super) fn data_ended(&mut self) -> Option<MailTransaction> {
        self.junk = 0;
        match std::mem::replace(&mut self.state, State::Greeted) {
            State::Mail(transaction) => Some(transaction),
            State::Fresh | State::Greeted => None,
        }
    }

    fn forget(&mut self) {
        if let State::Mail(_) = self.state {
            self.state = State::Greeted;
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
