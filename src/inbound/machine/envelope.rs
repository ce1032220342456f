//! The transaction from MAIL to the end of data: where each of its commands may stand (RFC 5321 3.3).

use super::effect::Effect;
use super::{Machine, State};
use crate::inbound::limits::{RECIPIENT_FLOOD, recipients_of};
use crate::inbound::transaction::MailTransaction;
use crate::mail::{ForwardPath, Reply, ReversePath, TraceId};
use crate::policy::{Reason, Refusal};
use crate::smtp::MailParameters;

impl Machine {
    /// MAIL. A size that was announced is refused here, before the message has come over the wire (RFC 1870 6.1); what it truly is, the
    /// reader of the data sees. The answer to the effect is given back to [`Machine::sender_judged`].
    pub(super) fn mail(&mut self, path: ReversePath, parameters: MailParameters) -> Effect {
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
        // Only now: what is refused above stands under the trace of the session, whose number is 0.
        self.transactions += 1;
        let trace = TraceId::new(self.client.session, self.transactions);
        Effect::AskSender(MailTransaction::new(trace, path, parameters))
    }

    /// Whether the transaction may begin. A refused one leaves the session as it was; the client may try another MAIL at once.
    pub(in crate::inbound) fn sender_judged(
        &mut self,
        transaction: MailTransaction,
        judged: Result<(), Reply>,
    ) -> Effect {
        match judged {
            Ok(()) => {
                self.state = State::Mail(transaction);
                Effect::ok(1, 0, "sender ok")
            }
            Err(reply) => self.blame(reply),
        }
    }

    /// RCPT. The answer to the effect is given back to [`Machine::recipient_judged`].
    pub(super) fn rcpt(&mut self, path: ForwardPath) -> Effect {
        let State::Mail(transaction) = &self.state else {
            return self.misplaced("MAIL comes first");
        };
        let international = matches!(&path, ForwardPath::Mailbox(mailbox) if mailbox.needs_utf8());
        if international && !transaction.parameters.smtputf8 {
            let text = "an international address needs SMTPUTF8 at MAIL.";
            return self.refuse(Refusal::new(Reason::Utf8Address, text));
        }
        let taken = transaction.recipients.len();
        let size = transaction.parameters.size.unwrap_or_default();
        let size = usize::try_from(size).unwrap_or(usize::MAX);
        // A report has one recipient (RFC 5321 4.5.5; docs/threats.md#66).
        let limit = if transaction.reverse_path == ReversePath::Null {
            1
        } else {
            // Where a size was announced, before the message has come over the wire.
            self.offer
                .max_recipients
                .min(recipients_of(size, self.offer.max_message_size))
        };
        if taken < limit {
            return Effect::AskRecipient(path);
        }
        // The extra ones are 452 and no error (RFC 5321 4.5.3.1.10): an honest client sends them again in another message. One that goes on and on
        // does not listen (docs/threats.md#26).
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

    /// Whether the recipient is taken. One that is refused does not harm those that were taken before it.
    pub(in crate::inbound) fn recipient_judged(
        &mut self,
        path: ForwardPath,
        judged: Result<(), Reply>,
    ) -> Effect {
        match (judged, &mut self.state) {
            (Ok(()), State::Mail(transaction)) => {
                transaction.recipients.push(path);
                Effect::ok(1, 5, "recipient ok")
            }
            (Ok(()), _) => self.misplaced("MAIL comes first"),
            (Err(reply), _) => self.blame(reply),
        }
    }

    /// The end of data: hands the transaction out and forgets it, also where the message is refused afterwards. A RCPT without a new MAIL
    /// would otherwise join the envelope of the refused one (docs/threats.md#29).
    pub(in crate::inbound) fn data_ended(&mut self) -> Option<MailTransaction> {
        self.junk = 0;
        match std::mem::replace(&mut self.state, State::Greeted) {
            State::Mail(transaction) => Some(transaction),
            State::Fresh | State::Greeted => None,
        }
    }

    /// RSET: the transaction, not the greeting.
    pub(super) fn forget(&mut self) {
        if let State::Mail(_) = self.state {
            self.state = State::Greeted;
        }
    }
}
