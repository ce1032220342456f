//! What changes while it is looked up is not served afterwards.

use std::future::poll_fn;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::Poll;

use tokio::sync::Semaphore;

use super::*;
use crate::directory::{SledDirectory, Unavailable};

const JAN: &str = r#"{"id":"8awgqyk6a5","login":"jan","marketplace":"allegro-pl","language":"pl","primary":"jan@poczta.example","addresses":["jan@poczta.example","moved@poczta.example"]}"#;
const OLA: &str = r#"{"id":"5zz8c1w4mn","login":"ola","marketplace":"allegro-pl","language":"pl","primary":"ola@poczta.example","addresses":["ola@poczta.example"]}"#;

/// A directory that stops between reading and answering, as often as it is told to.
struct Pausing {
    inner: SledDirectory,
    /// Look-ups that are to stop.
    stops: AtomicUsize,
    /// What lets them go on.
    go: Semaphore,
}

impl Pausing {
    async fn after<T: Send>(&self, read: DirectoryFuture<'_, T>) -> Result<T, Unavailable> {
        let found = read.await;
        let stop = self
            .stops
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| {
                left.checked_sub(1)
            });
        if stop.is_ok() {
            self.go.acquire().await.unwrap().forget();
        }
        found
    }
}

impl Directory for Pausing {
    fn mask(&self, mask: &MaskId) -> DirectoryFuture<'_, Option<Mask>> {
        let read = self.inner.mask(mask);
        Box::pin(self.after(read))
    }
    fn mask_of(
        &self,
        participant: &ParticipantId,
        counterparty: Option<&ParticipantId>,
    ) -> DirectoryFuture<'_, Option<MaskId>> {
        let read = self.inner.mask_of(participant, counterparty);
        Box::pin(self.after(read))
    }
    fn participant(&self, id: &ParticipantId) -> DirectoryFuture<'_, Option<Arc<Participant>>> {
        let read = self.inner.participant(id);
        Box::pin(self.after(read))
    }
    fn owner(&self, address: &Mailbox) -> DirectoryFuture<'_, Option<ParticipantId>> {
        let read = self.inner.owner(address);
        Box::pin(self.after(read))
    }
    fn users(&self, domain: &Domain) -> DirectoryFuture<'_, usize> {
        let read = self.inner.users(domain);
        Box::pin(self.after(read))
    }
    fn transaction(&self, id: &TransactionId) -> DirectoryFuture<'_, Option<Arc<Transaction>>> {
        let read = self.inner.transaction(id);
        Box::pin(self.after(read))
    }
    fn transactions_of_order(&self, number: &str) -> DirectoryFuture<'_, Vec<Arc<Transaction>>> {
        self.inner.transactions_of_order(number)
    }
    fn apply(&self, changes: Vec<Change>) -> DirectoryFuture<'_, Vec<Result<(), Conflict>>> {
        self.inner.apply(changes)
    }
}

fn account(text: &str) -> Participant {
    serde_json::from_str(text).unwrap()
}

fn order(buyer: &str, seller: &str) -> Change {
    let text = format!(r#"{{"id":"cub31c122","buyer":"{buyer}","seller":"{seller}"}}"#);
    Change::PutTransaction(serde_json::from_str(&text).unwrap())
}

/// Everything that can be looked up, as one text.
async fn seen(directory: &CachedDirectory) -> String {
    let (jan, ola) = (account(JAN).id, account(OLA).id);
    let moved = Mailbox::parse("moved@poczta.example").unwrap();
    format!(
        "{:?} {:?} {:?} {:?} {:?} {:?} {:?}",
        directory.owner(&moved).await.unwrap(),
        directory.participant(&jan).await.unwrap(),
        directory.participant(&ola).await.unwrap(),
        directory
            .mask(&"5zz8c1w4mn".parse().unwrap())
            .await
            .unwrap(),
        directory.mask_of(&jan, Some(&ola)).await.unwrap(),
        directory.users(moved.domain()).await.unwrap(),
        directory
            .transaction(&"cub31c122".parse().unwrap())
            .await
            .unwrap(),
    )
}

#[tokio::test]
async fn h163_no_look_up_serves_what_was_before_a_change_once_that_is_answered() {
    let folder = tempfile::tempdir().unwrap();
    let store = Arc::new(Pausing {
        inner: SledDirectory::open(&folder.path().join("d")).unwrap(),
        stops: 0.into(),
        go: Semaphore::new(0),
    });
    let cached = Arc::new(CachedDirectory::new(store.clone(), 1_000));
    let (jan, ola) = (account(JAN), account(OLA));
    let moved = Mailbox::parse("moved@poczta.example").unwrap();
    let mut shrunk = jan.clone();
    shrunk.addresses.retain(|address| *address != moved);
    let mut grown = ola.clone();
    grown.addresses.push(moved.clone());
    let put = Change::PutParticipant;
    // The address moves, an account goes, an order has other parties and an account comes, and so much changes that all is forgotten.
    let changes = [
        vec![put(shrunk), put(grown)],
        vec![Change::RemoveParticipant(ola.id.clone())],
        vec![order("5zz8c1w4mn", "8awgqyk6a5"), put(ola.clone())],
        std::iter::repeat_n(order("5zz8c1w4mn", "8awgqyk6a5"), 100)
            .chain([Change::RemoveParticipant(jan.id.clone())])
            .collect(),
    ];
    for (number, change) in changes.into_iter().enumerate() {
        for kind in 0..7 {
            // As it was, past the cache, which then knows nothing.
            let mut start = vec![
                Change::RemoveParticipant(ola.id.clone()),
                put(jan.clone()),
                order("8awgqyk6a5", "5zz8c1w4mn"),
            ];
            if number == 1 {
                start.push(put(ola.clone()));
            }
            store.inner.apply(start).await.unwrap();
            cached.forget(&vec![Change::RemoveParticipant(jan.id.clone()); 101]);
            store.stops.store(1, Ordering::SeqCst);
            let looking = cached.clone();
            let moved = moved.clone();
            let mut old: DirectoryFuture<'static, ()> = Box::pin(async move {
                let (jan, ola) = (account(JAN).id, account(OLA).id);
                match kind {
                    0 => drop(looking.owner(&moved).await),
                    1 => drop(looking.participant(&jan).await),
                    2 => drop(looking.participant(&ola).await),
                    3 => drop(looking.mask(&"5zz8c1w4mn".parse().unwrap()).await),
                    4 => drop(looking.mask_of(&jan, Some(&ola)).await),
                    5 => drop(looking.users(moved.domain()).await),
                    _ => drop(looking.transaction(&"cub31c122".parse().unwrap()).await),
                }
                Ok(())
            });
            // It has read, and stands.
            let stands = poll_fn(|context| Poll::Ready(old.as_mut().poll(context).is_pending()));
            assert!(stands.await, "{kind}");
            cached
                .apply(change.clone())
                .await
                .unwrap()
                .into_iter()
                .for_each(|done| done.unwrap());
            store.go.add_permits(1);
            old.await.unwrap();
            let fresh = CachedDirectory::new(store.clone(), 1_000);
            assert_eq!(seen(&cached).await, seen(&fresh).await, "{kind} {change:?}");
        }
    }
}

#[tokio::test]
async fn h163_a_look_up_that_a_change_overtakes_answers_with_what_is_now() {
    let folder = tempfile::tempdir().unwrap();
    let store = Arc::new(Pausing {
        inner: SledDirectory::open(&folder.path().join("d")).unwrap(),
        stops: 1.into(),
        go: Semaphore::new(0),
    });
    // One that was never loaded answers nothing.
    let loaded = vec![Change::PutParticipant(account(OLA))];
    store.inner.apply(loaded).await.unwrap();
    let cached = Arc::new(CachedDirectory::new(store.clone(), 1_000));
    let looking = cached.clone();
    let moved = Mailbox::parse("moved@poczta.example").unwrap();
    let mut old = Box::pin(async move { looking.owner(&moved).await });
    let stands = poll_fn(|context| Poll::Ready(old.as_mut().poll(context).is_pending()));
    assert!(stands.await);
    let change = vec![Change::PutParticipant(account(JAN))];
    cached.apply(change).await.unwrap();
    store.go.add_permits(1);
    assert_eq!(old.await.unwrap(), Some(account(JAN).id));
}
