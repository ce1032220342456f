//! DATA: from 354 to the reply to the end of data.

use std::io;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::Instant;

use super::{Next, Session};
use crate::failpoint;
use crate::inbound::limits::recipients_of;
use crate::inbound::machine::Effect;
use crate::inbound::memory::Share;
use crate::inbound::receive::{self, Received};
use crate::inbound::resend_cache::{Answered, Fingerprint};
use crate::inbound::transaction::MailTransaction;
use crate::mail::Reply;
use crate::policy::{Reason, Refusal};

impl<S: AsyncRead + AsyncWrite + Unpin + Send> Session<'_, S> {
    /// Reads a message, has it judged and says what became of it.
    pub(super) async fn data(&mut self) -> io::Result<Next> {
        self.say(&Reply::new(
            354,
            None,
            "end with a line that holds a dot only",
        ));
        // 354 must be out before the message is waited for; the group of pipelined commands ended with DATA.
        self.flush().await?;
        let transaction = self.machine.transaction();
        let announced = transaction.and_then(|transaction| transaction.parameters.size);
        let received =
            receive::message(&mut self.stream, &mut self.buffer, self.server, announced).await;
        failpoint::pass("inbound.data_read");
        // Forgotten before it is judged, so that no way out of here leaves it behind (docs/threats.md#29).
        let Some(transaction) = self.machine.data_ended() else {
            return Ok(Next::Close);
        };
        let refuse = |refusal| {
            let handler = &self.server.handler;
            handler.refuse(&self.machine.client, Some(&transaction), &refusal)
        };
        let (reply, next) = match received {
            Received::Gone => return Ok(Next::Close),
            Received::Refused(refusal) => (refuse(refusal), Next::Command),
            Received::Broken(refusal) => (refuse(refusal), Next::Close),
            Received::Message(message, _) if self.is_too_much(&transaction, message.len()) => {
                // For good: a client that is told "later" sends the same again without end.
                let text = "the message is too large for so many recipients; send to fewer recipients at a time.";
                (refuse(Refusal::new(Reason::TooLarge, text)), Next::Command)
            }
            Received::Message(message, share) => {
                // Before it is judged: what was taken once must not be judged by what is true now, nor spend a budget again.
                let print = Fingerprint::of(&transaction, message.clone()).await;
                let known = print.and_then(|print| self.server.resend_cache.take(&print));
                let reply = match known {
                    Some(reply) => self.again(&transaction, reply),
                    None => self.judge(transaction, message, share).await,
                };
                if let Some(print) = print.filter(|_| reply.code.is_success()) {
                    // Looked at before the reply is written: afterwards a closed connection could mean that it was read.
                    let (resend_cache, gone) = (&self.server.resend_cache, self.is_gone().await);
                    self.answered = Answered::new(resend_cache, print, reply.clone(), gone);
                }
                // 421 announces that the connection closes (RFC 5321 3.8).
                let next = if reply.code.get() == 421 {
                    Next::Close
                } else {
                    Next::Command
                };
                (reply, next)
            }
        };
        failpoint::pass("inbound.judged");
        if reply.code.is_success() {
            self.productive = Instant::now();
        }
        let effect = if reply.code.is_success() || next == Next::Close {
            Effect::Say(reply)
        } else {
            // A refused message is an error like any other, so that a sender of nothing else pays with time.
            self.machine.blame(reply)
        };
        Ok(match self.answer(&effect) {
            Next::Command => next,
            other => other,
        })
    }

    /// Whether all copies of a message together are more than is taken. Those that announced their size were told at RCPT.
    fn is_too_much(&self, transaction: &MailTransaction, octets: usize) -> bool {
        let largest = self.server.settings.max_message_size;
        transaction.recipients.len() > recipients_of(octets, largest)
    }

    /// The answer to a message that was taken before, and whose client did not hear it.
    fn again(&self, transaction: &MailTransaction, reply: Reply) -> Reply {
        metrics::counter!("allegromail_inbound_repeated_total").increment(1);
        let client = self.machine.client.address;
        tracing::info!(event = "repeated", trace = %transaction.trace, %client, reply = %reply);
        reply
    }

    /// Has a whole message judged, in its turn. A task of its own: a client that goes away must not stop a commit half way, and a panic
    /// becomes a 451.
    async fn judge(
        &self,
        transaction: MailTransaction,
        message: bytes::Bytes,
        share: Share,
    ) -> Reply {
        let begun = Instant::now();
        let (server, client) = (self.server.clone(), self.machine.client.clone());
        let judged = tokio::spawn({
            let (client, transaction) = (client.clone(), transaction.clone());
            async move {
                // Before its turn: whoever waits here holds no memory for the work.
                server.handler.backpressure(message.len()).await;
                let recipients = transaction.recipients.len();
                let Some(_turn) = server.memory.turn(message.len(), recipients).await else {
                    let text = "the server is short of memory; please try again later.";
                    let refusal = Refusal::new(Reason::Storage, text);
                    return server.handler.refuse(&client, Some(&transaction), &refusal);
                };
                let reply = server
                    .handler
                    .handle_message(&client, transaction, message)
                    .await;
                drop(share);
                reply
            }
        });
        let judged = judged.await;
        metrics::histogram!("allegromail_inbound_answer_seconds").record(begun.elapsed());
        judged.unwrap_or_else(|_| {
            let refusal = Refusal::new(
                Reason::Internal,
                "the server failed over this message; please try again later.",
            );
            self.server
                .handler
                .refuse(&client, Some(&transaction), &refusal)
        })
    }
}
