//! Carries out what the machine wants: says it, asks the handler, reads a message.

use std::io;

use tokio::io::{AsyncRead, AsyncWrite};

use super::{Next, Session};
use crate::inbound::machine::Effect;
use crate::mail::{EnhancedStatus, Reply};
use crate::policy::{Reason, Refusal};
use crate::smtp::LineError;

impl<S: AsyncRead + AsyncWrite + Unpin + Send> Session<'_, S> {
    /// Answers what is no line. A bare CR, LF or NUL ends the session with a reason, as in a message; a line without end with a 421.
    pub(super) fn bad_line(&mut self, error: LineError) -> Next {
        let effect = match error {
            LineError::TooLong => self.machine.blame(Reply::new(
                500,
                Some(EnhancedStatus::new(5, 5, 2)),
                "the line is too long",
            )),
            LineError::Endless => Effect::Close(Reply::new(
                421,
                Some(EnhancedStatus::new(4, 7, 0)),
                "the line does not end",
            )),
            LineError::BareLineEnd => {
                let refusal = Refusal::new(Reason::BareLineEnd, "lines end in CR LF.");
                Effect::Close(self.server.handler.refuse(
                    &self.machine.client,
                    self.machine.transaction(),
                    &refusal,
                ))
            }
        };
        match effect {
            Effect::Say(reply) => {
                self.say(&reply);
                Next::Command
            }
            Effect::Close(reply) => {
                self.say(&reply);
                Next::Close
            }
            _ => Next::Close,
        }
    }

    /// Does what the machine wants: says it, asks the handler and gives the answer back, or reads the message.
    pub(super) async fn perform(&mut self, effect: Effect) -> io::Result<Next> {
        let handler = self.server.handler.clone();
        match effect {
            Effect::Say(reply) => self.say(&reply),
            Effect::Close(reply) => {
                self.say(&reply);
                return Ok(Next::Close);
            }
            Effect::Refuse(refusal) => self.say(&handler.refuse(
                &self.machine.client,
                self.machine.transaction(),
                &refusal,
            )),
            Effect::RefuseAndClose(refusal) => {
                self.say(&handler.refuse(
                    &self.machine.client,
                    self.machine.transaction(),
                    &refusal,
                ));
                return Ok(Next::Close);
            }
            Effect::AskSender(transaction) => {
                let judged = handler.mail_from(&self.machine.client, &transaction).await;
                let effect = self.machine.sender_judged(transaction, judged);
                return Ok(self.answer(&effect));
            }
            Effect::AskRecipient(path) => {
                let judged = match self.machine.transaction() {
                    Some(transaction) => {
                        handler
                            .rcpt_to(&self.machine.client, transaction, &path)
                            .await
                    }
                    // The machine asks within a transaction only; if it were not so, it refuses the answer itself.
                    None => Ok(()),
                };
                let effect = self.machine.recipient_judged(path, judged);
                return Ok(self.answer(&effect));
            }
            Effect::ReadData => return self.data().await,
            Effect::StartTls(reply) => {
                self.say(&reply);
                return Ok(Next::StartTls);
            }
        }
        Ok(Next::Command)
    }

    /// Says the outcome of a question. The machine answers those with something to say; anything else would be a fault, and closes.
    pub(super) fn answer(&mut self, effect: &Effect) -> Next {
        match effect {
            Effect::Say(reply) => {
                self.say(reply);
                Next::Command
            }
            Effect::Close(reply) => {
                self.say(reply);
                Next::Close
            }
            _ => Next::Close,
        }
    }
}
