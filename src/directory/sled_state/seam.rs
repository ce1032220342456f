//! The state on local disk as [`State`]: it is read where it is asked, in microseconds, so every answer is known.

use super::SledState;
use crate::directory::{
    AddressMark, Answer, Brought, LastWrote, Mark, NoticeDigest, State, Unavailable,
};
use crate::mail::{Mailbox, Timestamp};
use crate::masking::{ParticipantId, TransactionId};

impl State for SledState {
    fn last_writer(
        &self,
        transaction: &TransactionId,
        participant: &ParticipantId,
    ) -> Answer<'_, Option<AddressMark>> {
        Answer::known(Self::last_writer(self, transaction, participant))
    }

    fn remember(
        &self,
        transaction: &TransactionId,
        participant: &ParticipantId,
        address: AddressMark,
    ) -> Answer<'_, ()> {
        Answer::known(Self::remember(self, transaction, participant, address))
    }

    fn first_seen(
        &self,
        participant: &ParticipantId,
        transaction: &TransactionId,
    ) -> Answer<'_, Option<Timestamp>> {
        Answer::known(Self::first_seen(self, participant, transaction))
    }

    fn note_first_seen(
        &self,
        participant: &ParticipantId,
        transaction: &TransactionId,
        asker: &str,
        now: Timestamp,
    ) -> Answer<'_, Timestamp> {
        Answer::known(Self::note_first_seen(
            self,
            participant,
            transaction,
            asker,
            now,
        ))
    }

    fn note_signer(&self, address: &Mailbox) -> Answer<'_, ()> {
        Answer::known(Self::note_signer(self, address))
    }

    fn is_signer(&self, address: &Mailbox) -> Answer<'_, bool> {
        Answer::known(Self::is_signer(self, address))
    }

    fn claim(&self, mark: Mark) -> Answer<'_, bool> {
        Answer::known(Self::is_marked(self, mark.0, &mark.1).map(|is_marked| !is_marked))
    }

    fn release(&self, _mark: Mark) {
        // Nothing but set marks is kept.
    }

    fn mark(&self, mark: Mark) -> Answer<'_, ()> {
        Answer::known(Self::mark(self, mark.0, &mark.1))
    }

    fn is_marked(&self, mark: Mark) -> Answer<'_, bool> {
        Answer::known(Self::is_marked(self, mark.0, &mark.1))
    }

    fn forget_before(&self, day: u16) -> Answer<'_, ()> {
        Answer::known(Self::forget_before(self, day))
    }

    fn keep_id(&self, digest: &[u8; 16], kept: &str) -> Answer<'_, ()> {
        Answer::known(Self::keep_id(self, digest, kept))
    }

    fn kept_id(&self, digest: &[u8; 16]) -> Answer<'_, Option<String>> {
        Answer::known(Self::kept_id(self, digest))
    }

    fn brought(
        &self,
        writer: &ParticipantId,
        reader: &ParticipantId,
        oldest: Timestamp,
    ) -> Answer<'_, Vec<(u32, Brought)>> {
        Answer::known(Self::brought(self, writer, reader, oldest))
    }

    fn bring(
        &self,
        pair: (&ParticipantId, &ParticipantId),
        number: u32,
        at: Timestamp,
        brought: &Brought,
    ) -> Answer<'_, ()> {
        Answer::known(Self::bring(self, pair, number, at, brought))
    }

    fn forget_brought(&self, oldest: Timestamp) -> Answer<'_, ()> {
        Answer::known(Self::forget_brought(self, oldest))
    }

    fn last_wrote(
        &self,
        transaction: &TransactionId,
        participant: &ParticipantId,
    ) -> Answer<'_, Option<LastWrote>> {
        Answer::known(Self::last_wrote(self, transaction, participant))
    }

    fn note_wrote(
        &self,
        transaction: &TransactionId,
        participant: &ParticipantId,
        last: LastWrote,
    ) -> Answer<'_, ()> {
        Answer::known(Self::note_wrote(self, transaction, participant, last))
    }

    fn document_taken(&self, digest: &[u8; 16]) -> Answer<'_, Option<Timestamp>> {
        Answer::known(Self::document_taken(self, digest))
    }

    fn note_document(&self, digest: &[u8; 16], at: Timestamp) -> Answer<'_, ()> {
        Answer::known(Self::note_document(self, digest, at))
    }

    fn lose_document(&self, digest: &[u8; 16], at: Timestamp) -> Answer<'_, ()> {
        Answer::known(Self::lose_document(self, digest, at))
    }

    fn forget_documents(&self, oldest: Timestamp) -> Answer<'_, ()> {
        Answer::known(Self::forget_documents(self, oldest))
    }

    fn add_event(&self, at: Timestamp, event: &str) -> Answer<'_, ()> {
        Answer::known(Self::add_event(self, at, event))
    }

    fn events(&self, after: u64, most: usize) -> Answer<'_, Vec<(u64, String)>> {
        Answer::known(Self::events(self, after, most))
    }

    fn forget_events(&self, oldest: Timestamp) -> Answer<'_, ()> {
        Answer::known(Self::forget_events(self, oldest))
    }

    fn add_to_digest(&self, account: &ParticipantId, at: Timestamp, row: &str) -> Answer<'_, ()> {
        Answer::known(Self::add_to_digest(self, account, at, row))
    }

    fn digests(&self) -> Answer<'_, Vec<NoticeDigest>> {
        Answer::known(Self::digests(self))
    }

    fn forget_digest(&self, account: &ParticipantId, rows: usize) -> Answer<'_, ()> {
        Answer::known(Self::forget_digest(self, account, rows))
    }

    fn suspensions(&self) -> Answer<'_, Vec<(String, Vec<u8>)>> {
        Answer::known(Self::suspensions(self))
    }

    fn keep_suspension(&self, domain: &str, record: &[u8]) -> Answer<'_, ()> {
        Answer::known(Self::keep_suspension(self, domain, record))
    }

    fn forget_suspension(&self, domain: &str) -> Answer<'_, bool> {
        Answer::known(Self::forget_suspension(self, domain))
    }

    fn tokens(&self) -> Answer<'_, Vec<(String, Vec<u8>)>> {
        Answer::known(Self::tokens(self))
    }

    fn keep_token(&self, id: &str, record: &[u8]) -> Answer<'_, ()> {
        Answer::known(Self::keep_token(self, id, record))
    }

    fn note_token(&self, id: &str, before: &[u8], record: &[u8]) -> Answer<'_, ()> {
        Answer::known(Self::note_token(self, id, before, record))
    }

    fn is_behind(&self) -> bool {
        Self::is_behind(self)
    }

    fn checkpoint(&self) -> Result<(), Unavailable> {
        Self::checkpoint(self)
    }
}
