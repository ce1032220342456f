//! [`PostgresState`]: what mail teaches, for many nodes. Each question is one statement; what must happen once is decided by the key of a row.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use data_encoding::HEXLOWER;
use sha2::{Digest, Sha256};
use tokio::sync::mpsc;

use super::accounts::column;
use super::connection::Values;
use super::link::Link;
use crate::directory::{
    AddressMark, Answer, Brought, LastWrote, Mark, NoticeDigest, State, Unavailable,
};
use crate::mail::{Mailbox, Timestamp};
use crate::masking::{ParticipantId, TransactionId};

mod brought;
mod once;
mod records;

/// Unknown transactions that are remembered of one who asks, as on local disk.
const MAX_UNKNOWN: i64 = 1_000;

/// The state on PostgreSQL.
#[derive(Clone)]
pub struct PostgresState {
    link: Arc<Link>,
    /// Whose rights to set marks are ours.
    owner: String,
    released: mpsc::UnboundedSender<Mark>,
    /// Updates that stand in the spool's log and not here yet.
    behind: Arc<AtomicU64>,
}

fn number(time: Timestamp) -> i64 {
    i64::try_from(time.0).unwrap_or(i64::MAX)
}

fn time(number: i64) -> Timestamp {
    Timestamp(u64::try_from(number).unwrap_or_default())
}

impl PostgresState {
    /// The state behind `link`, for the node `name`. To be made within a runtime.
    #[must_use]
    pub fn new(link: Arc<Link>, name: &str) -> Self {
        let (released, waiting) = mpsc::unbounded_channel();
        // Another life of this node is another owner: what it claimed lapses.
        let owner = format!("{name}/{}", std::process::id());
        tokio::spawn(once::release(link.clone(), owner.clone(), waiting));
        Self {
            link,
            owner,
            released,
            behind: Arc::default(),
        }
    }

    /// Something stands in the spool's log and is to be written here.
    pub fn will_write(&self) {
        self.behind.fetch_add(1, Ordering::SeqCst);
    }

    /// One of those is written.
    pub fn has_written(&self) {
        self.behind.fetch_sub(1, Ordering::SeqCst);
    }

    async fn tell(&self, sql: &'static str, values: Values<'_>) -> Result<(), Unavailable> {
        self.link.run(sql, values).await.map(|_| ())
    }

    /// Whether a statement finds or changes a row.
    async fn any(&self, sql: &'static str, values: Values<'_>) -> Result<bool, Unavailable> {
        Ok(self.link.row(sql, values).await?.is_some())
    }
}

/// The digest of an address that signs: no real address stands in the state.
fn signer(address: &Mailbox) -> Vec<u8> {
    let digest = Sha256::digest(address.key().as_bytes());
    digest.get(..16).unwrap_or(&digest).to_vec()
}

const FIRST: &str =
    "select min(at) from first_requests where participant = $1 and transaction = $2";
/// Of one who has asked for too many the older half goes, where this is a new one.
const MAKE_ROOM: &str = "delete from first_requests where asker = $1 and \
     (select count(*) from first_requests where asker = $1) >= $2 and \
     not exists (select 1 from first_requests where participant = $3 and transaction = $4 and asker = $1) and \
     (participant, transaction, asker) in (select participant, transaction, asker from first_requests where asker = $1 order by at limit $5)";
const ASK: &str = "insert into first_requests (participant, transaction, asker, at) values ($1, $2, $3, $4) on conflict do nothing";

impl State for PostgresState {
    fn last_writer(
        &self,
        transaction: &TransactionId,
        participant: &ParticipantId,
    ) -> Answer<'_, Option<AddressMark>> {
        let (transaction, participant) = (transaction.clone(), participant.clone());
        Answer::coming(async move {
            let sql = "select mark from last_writers where transaction = $1 and participant = $2";
            let row = self
                .link
                .row(sql, &[&transaction.as_str(), &participant.as_str()])
                .await?;
            let mark: Option<Vec<u8>> = row.map(|row| column(&row, 0)).transpose()?;
            let mark = mark.and_then(|mark| <[u8; 8]>::try_from(mark).ok());
            Ok(mark.map(AddressMark::from_bytes))
        })
    }

    fn remember(
        &self,
        transaction: &TransactionId,
        participant: &ParticipantId,
        address: AddressMark,
    ) -> Answer<'_, ()> {
        let (transaction, participant) = (transaction.clone(), participant.clone());
        Answer::coming(async move {
            let sql = "insert into last_writers (transaction, participant, mark) values ($1, $2, $3) \
                 on conflict (transaction, participant) do update set mark = excluded.mark where last_writers.mark <> excluded.mark";
            let mark = address.bytes().to_vec();
            self.tell(sql, &[&transaction.as_str(), &participant.as_str(), &mark])
                .await
        })
    }

    fn first_seen(
        &self,
        participant: &ParticipantId,
        transaction: &TransactionId,
    ) -> Answer<'_, Option<Timestamp>> {
        let (transaction, participant) = (transaction.clone(), participant.clone());
        Answer::coming(async move {
            let row = self
                .link
                .row(FIRST, &[&participant.as_str(), &transaction.as_str()])
                .await?;
            let first: Option<Option<i64>> = row.map(|row| column(&row, 0)).transpose()?;
            Ok(first.flatten().map(time))
        })
    }

    fn note_first_seen(
        &self,
        participant: &ParticipantId,
        transaction: &TransactionId,
        asker: &str,
        now: Timestamp,
    ) -> Answer<'_, Timestamp> {
        let digest = Sha256::digest(asker.as_bytes());
        let asker = HEXLOWER.encode(digest.get(..8).unwrap_or(&digest));
        let (transaction, participant) = (transaction.clone(), participant.clone());
        Answer::coming(async move {
            let (of, what) = (participant.as_str(), transaction.as_str());
            self.tell(
                MAKE_ROOM,
                &[&asker, &MAX_UNKNOWN, &of, &what, &(MAX_UNKNOWN / 2)],
            )
            .await?;
            self.tell(ASK, &[&of, &what, &asker, &number(now)]).await?;
            Ok(self
                .first_seen(&participant, &transaction)
                .await?
                .unwrap_or(now))
        })
    }

    fn note_signer(&self, address: &Mailbox) -> Answer<'_, ()> {
        let digest = signer(address);
        Answer::coming(async move {
            let sql = "insert into signers (digest) values ($1) on conflict do nothing";
            self.tell(sql, &[&digest]).await
        })
    }

    fn is_signer(&self, address: &Mailbox) -> Answer<'_, bool> {
        let digest = signer(address);
        Answer::coming(async move {
            self.any("select 1 from signers where digest = $1", &[&digest])
                .await
        })
    }

    fn claim(&self, mark: Mark) -> Answer<'_, bool> {
        Answer::coming(self.claim_mark(mark))
    }

    fn release(&self, mark: Mark) {
        // The other end is gone at the end of the program only, and a right lapses.
        let _ = self.released.send(mark);
    }

    fn mark(&self, mark: Mark) -> Answer<'_, ()> {
        Answer::coming(self.set_mark(mark))
    }

    fn is_marked(&self, mark: Mark) -> Answer<'_, bool> {
        Answer::coming(self.has_mark(mark))
    }

    fn forget_before(&self, day: u16) -> Answer<'_, ()> {
        Answer::coming(async move {
            let sql = "delete from once where day < $1 and day = (select min(day) from once)";
            self.tell(sql, &[&i32::from(day)]).await
        })
    }

    fn keep_id(&self, digest: &[u8; 16], kept: &str) -> Answer<'_, ()> {
        let (digest, kept) = (digest.to_vec(), kept.to_owned());
        Answer::coming(async move {
            let sql = "insert into kept_ids (digest, kept) values ($1, $2) \
                 on conflict (digest) do update set kept = excluded.kept where kept_ids.kept <> excluded.kept";
            self.tell(sql, &[&digest, &kept]).await
        })
    }

    fn kept_id(&self, digest: &[u8; 16]) -> Answer<'_, Option<String>> {
        let digest = digest.to_vec();
        Answer::coming(async move {
            let sql = "select kept from kept_ids where digest = $1";
            let row = self.link.row(sql, &[&digest]).await?;
            row.map(|row| column(&row, 0)).transpose()
        })
    }

    fn brought(
        &self,
        writer: &ParticipantId,
        reader: &ParticipantId,
        oldest: Timestamp,
    ) -> Answer<'_, Vec<(u32, Brought)>> {
        Answer::coming(self.all_brought(writer.clone(), reader.clone(), oldest))
    }

    fn bring(
        &self,
        (writer, reader): (&ParticipantId, &ParticipantId),
        number: u32,
        at: Timestamp,
        brought: &Brought,
    ) -> Answer<'_, ()> {
        let pair = (writer.clone(), reader.clone());
        Answer::coming(self.add_brought(pair, number, at, brought.clone()))
    }

    fn forget_brought(&self, oldest: Timestamp) -> Answer<'_, ()> {
        Answer::coming(async move {
            self.tell("delete from brought where at < $1", &[&number(oldest)])
                .await
        })
    }

    fn last_wrote(
        &self,
        transaction: &TransactionId,
        participant: &ParticipantId,
    ) -> Answer<'_, Option<LastWrote>> {
        let (transaction, participant) = (transaction.clone(), participant.clone());
        Answer::coming(async move {
            let sql = "select at, document from wrote where participant = $1 and transaction = $2";
            let row = self
                .link
                .row(sql, &[&participant.as_str(), &transaction.as_str()])
                .await?;
            let Some(row) = row else {
                return Ok(None);
            };
            Ok(Some(LastWrote {
                at: time(column(&row, 0)?),
                document: column(&row, 1)?,
            }))
        })
    }

    fn note_wrote(
        &self,
        transaction: &TransactionId,
        participant: &ParticipantId,
        last: LastWrote,
    ) -> Answer<'_, ()> {
        let (transaction, participant) = (transaction.clone(), participant.clone());
        Answer::coming(async move {
            let sql = "insert into wrote (participant, transaction, at, document) values ($1, $2, $3, $4) \
                 on conflict (participant, transaction) do update set at = excluded.at, document = excluded.document where wrote.at < excluded.at";
            let (of, what) = (participant.as_str(), transaction.as_str());
            self.tell(sql, &[&of, &what, &number(last.at), &last.document])
                .await
        })
    }

    fn document_taken(&self, digest: &[u8; 16]) -> Answer<'_, Option<Timestamp>> {
        Answer::coming(self.taken(digest.to_vec()))
    }

    fn note_document(&self, digest: &[u8; 16], at: Timestamp) -> Answer<'_, ()> {
        Answer::coming(self.note_taken(digest.to_vec(), at))
    }

    fn lose_document(&self, digest: &[u8; 16], at: Timestamp) -> Answer<'_, ()> {
        Answer::coming(self.note_lost(digest.to_vec(), at))
    }

    fn forget_documents(&self, oldest: Timestamp) -> Answer<'_, ()> {
        Answer::coming(async move {
            self.tell("delete from documents where at < $1", &[&number(oldest)])
                .await
        })
    }

    fn add_event(&self, at: Timestamp, event: &str) -> Answer<'_, ()> {
        Answer::coming(self.put_event(at, event.to_owned()))
    }

    fn events(&self, after: u64, most: usize) -> Answer<'_, Vec<(u64, String)>> {
        Answer::coming(self.events_after(after, most))
    }

    fn forget_events(&self, oldest: Timestamp) -> Answer<'_, ()> {
        Answer::coming(async move {
            let end = number(oldest).saturating_mul(1_000);
            self.tell("delete from events where number < $1", &[&end])
                .await
        })
    }

    fn add_to_digest(&self, account: &ParticipantId, at: Timestamp, row: &str) -> Answer<'_, ()> {
        Answer::coming(self.put_row(account.clone(), at, row.to_owned()))
    }

    fn digests(&self) -> Answer<'_, Vec<NoticeDigest>> {
        Answer::coming(self.all_digests())
    }

    fn forget_digest(&self, account: &ParticipantId, rows: usize) -> Answer<'_, ()> {
        Answer::coming(self.drop_rows(account.clone(), rows))
    }

    fn suspensions(&self) -> Answer<'_, Vec<(String, Vec<u8>)>> {
        Answer::coming(self.records("select domain, record from suspensions"))
    }

    fn keep_suspension(&self, domain: &str, record: &[u8]) -> Answer<'_, ()> {
        let (domain, record) = (domain.to_owned(), record.to_vec());
        Answer::coming(async move {
            let values: Values<'_> = &[&domain, &record];
            self.keep(records::KEEP_SUSPENSION, values)
                .await
                .map(|_| ())
        })
    }

    fn forget_suspension(&self, domain: &str) -> Answer<'_, bool> {
        let domain = domain.to_owned();
        Answer::coming(async move { self.keep(records::FORGET_SUSPENSION, &[&domain]).await })
    }

    fn tokens(&self) -> Answer<'_, Vec<(String, Vec<u8>)>> {
        Answer::coming(self.records("select id, record from tokens"))
    }

    fn keep_token(&self, id: &str, record: &[u8]) -> Answer<'_, ()> {
        let (id, record) = (id.to_owned(), record.to_vec());
        Answer::coming(async move {
            let values: Values<'_> = &[&id, &record];
            self.keep(records::KEEP_TOKEN, values).await.map(|_| ())
        })
    }

    fn note_token(&self, id: &str, before: &[u8], record: &[u8]) -> Answer<'_, ()> {
        let (id, before, record) = (id.to_owned(), before.to_vec(), record.to_vec());
        Answer::coming(async move {
            self.tell(records::NOTE_TOKEN, &[&id, &before, &record])
                .await
        })
    }

    fn is_behind(&self) -> bool {
        self.behind.load(Ordering::SeqCst) > 0
    }

    fn checkpoint(&self) -> Result<(), Unavailable> {
        if self.is_behind() {
            let text = "some of what mail taught is in the spool's log alone; it is written once PostgreSQL answers";
            return Err(Unavailable(text.to_owned()));
        }
        Ok(())
    }
}

/// How long a right to set a mark holds that nobody uses: a node that ends with it must not hold it for ever.
const RIGHT: Duration = Duration::from_secs(60);
