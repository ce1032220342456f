//! To whom a draft goes: the other side of a thread, of an order, or whoever has a login or a masked address.

use super::outbox::{Addressee, PostError};
use super::post::{Post, refused};
use crate::archive::{ThreadFilter, ThreadKind, ThreadView};
use crate::directory::is_order_number;
use crate::mail::Mailbox;
use crate::masking::{ParticipantId, TransactionId};
use crate::policy::{Account, Reason};

/// To whom a draft goes.
pub(super) struct Addressed {
    pub(super) receiver: Account,
    pub(super) order: Option<TransactionId>,
}

impl Post {
    /// To whom a draft of `writer` goes.
    ///
    /// # Errors
    /// It goes to nobody, or the directory or the archive does not answer.
    pub(super) async fn addressed(
        &self,
        writer: &Account,
        to: &Addressee,
    ) -> Result<Addressed, PostError> {
        match to {
            Addressee::Thread(thread) => {
                let view = self.archive.thread(writer.id.clone(), *thread).await?;
                self.of_thread(&writer.id, view.ok_or(PostError::NoSuchThread)?)
                    .await
            }
            Addressee::User { order, login } => self.of_user(writer, order.as_deref(), login).await,
        }
    }

    async fn of_thread(
        &self,
        writer: &ParticipantId,
        view: ThreadView,
    ) -> Result<Addressed, PostError> {
        let thread = view.thread;
        let parties = [Some(thread.parties.one), thread.parties.other];
        let other = parties
            .into_iter()
            .flatten()
            .find(|party| party.id != *writer);
        let Some(other) = other.filter(|_| thread.kind == ThreadKind::Talk) else {
            return Err(refused(
                Reason::NotAParty,
                "nobody reads answers in this thread; a courier wrote it.",
            ));
        };
        let receiver = self.directory.participant(&other.id).await?;
        let receiver = receiver.ok_or_else(|| {
            refused(
                Reason::RecipientSuspended,
                "the other account does not exist any more.",
            )
        })?;
        Ok(Addressed {
            receiver,
            order: thread.order,
        })
    }

    /// An order that is not there and one of others are answered alike, after the same look-ups. Only of one's own the login at fault is named.
    async fn of_user(
        &self,
        writer: &Account,
        order: Option<&str>,
        login: &str,
    ) -> Result<Addressed, PostError> {
        let Some(order) = order else {
            return self.of_login(writer, login).await;
        };
        let unknown = || {
            refused(
                Reason::UnknownTransactionForGood,
                "you have no order of this number.",
            )
        };
        if !is_order_number(order) {
            return Err(unknown());
        }
        let mut found = self.directory.transactions_of_order(order).await?;
        if let Ok(id) = TransactionId::parse(order) {
            found.extend(self.directory.transaction(&id).await?);
        }
        found.retain(|found| found.counterparty(&writer.id).is_some());
        let others = found.iter().filter_map(|own| own.counterparty(&writer.id));
        let mut others: Vec<ParticipantId> = others.cloned().collect();
        if others.is_empty() {
            // Asked in vain, so that it takes the same time.
            others.push(writer.id.clone());
        }
        let mut is_known = false;
        for (number, other) in others.iter().enumerate() {
            let receiver = self.directory.participant(other).await?;
            let (Some(own), Some(receiver)) = (found.get(number), receiver) else {
                continue;
            };
            is_known = true;
            if receiver.login == login {
                return Ok(Addressed {
                    receiver,
                    order: Some(own.id.clone()),
                });
            }
        }
        if !is_known {
            return Err(unknown());
        }
        let text = format!("{login} is not the other side of order {order}.");
        Err(refused(Reason::NotAParty, &text))
    }

    /// Whoever has a masked address that names no transaction: anybody who is registered may write there (docs/rules.md#who-may-write).
    async fn of_address(&self, writer: &Account, address: &str) -> Result<Addressed, PostError> {
        let unknown = || {
            let text = format!("{address} is nobody's address here; check it for typing errors.");
            refused(Reason::UnknownParticipant, &text)
        };
        let mailbox = Mailbox::parse(address).map_err(|_| unknown())?;
        let Some((receiver, order)) = self.intake.masked_account(mailbox).await? else {
            return Err(unknown());
        };
        if order.is_some() {
            let text = "an address with a transaction is for mail; name the order in `order`, and the login in `to`.";
            return Err(refused(Reason::Malformed, text));
        }
        if receiver.id == writer.id {
            return Err(refused(Reason::NotAParty, "the address is your own."));
        }
        Ok(Addressed {
            receiver,
            order: None,
        })
    }

    /// Somebody with whom the writer has talked before.
    async fn of_login(&self, writer: &Account, login: &str) -> Result<Addressed, PostError> {
        if login.contains('@') {
            return self.of_address(writer, login).await;
        }
        let filter = ThreadFilter {
            with: Some(login.to_owned()),
            ..ThreadFilter::default()
        };
        let threads = self.archive.threads(writer.id.clone(), filter, None, 1);
        let Some(view) = threads.await?.threads.into_iter().next() else {
            return Err(refused(
                Reason::UnknownParticipant,
                "you have no conversation with a user of this login; name an order, or the masked address in place of the login.",
            ));
        };
        let addressed = self.of_thread(&writer.id, view).await?;
        Ok(Addressed {
            order: None,
            ..addressed
        })
    }
}
