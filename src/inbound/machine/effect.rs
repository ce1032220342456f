//! What the machine tells the session to do.

use crate::inbound::transaction::MailTransaction;
use crate::mail::{EnhancedStatus, ForwardPath, Reply};
use crate::policy::Refusal;

/// What the session is to do.
#[derive(Debug)]
pub(in crate::inbound) enum Effect {
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

impl Effect {
    /// 250 with the status 2.`subject`.`detail` (RFC 3463).
    pub(super) fn ok(subject: u16, detail: u16, text: &str) -> Self {
        Self::Say(Reply::new(
            250,
            Some(EnhancedStatus::new(2, subject, detail)),
            text,
        ))
    }
}
