//! Documents that wait to be handed over: how many octets there are of them, whose, and since when.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::mail::{QueueId, Timestamp};
use crate::masking::ParticipantId;

/// How much room there is for documents, `[handover] max_bytes`, and who uses it.
#[derive(Debug)]
pub struct DocumentRoom {
    max_bytes: u64,
    /// What lies in this folder counts, too: nobody has fetched it yet.
    folder: Option<PathBuf>,
    waiting: Mutex<BTreeMap<QueueId, Waiting>>,
    /// When the folder was looked at last, and what lay there.
    lying: tokio::sync::Mutex<(Option<Instant>, u64)>,
}

/// How long what was seen in the folder counts.
const LOOK: Duration = Duration::from_secs(1);

/// The documents of one message.
#[derive(Debug, Clone)]
struct Waiting {
    seller: ParticipantId,
    octets: u64,
    since: Timestamp,
}

/// Room for the documents of a message, given back when this is dropped, unless it was kept.
pub struct DocumentReservation<'a> {
    room: &'a DocumentRoom,
    id: Option<QueueId>,
}

impl DocumentRoom {
    /// A document that has waited so long is overdue: nobody fetches them.
    pub const OVERDUE: Duration = Duration::from_secs(86_400);

    /// Room for so many octets.
    #[must_use]
    pub fn new(max_bytes: u64, folder: Option<PathBuf>) -> Self {
        Self {
            max_bytes,
            folder,
            waiting: Mutex::default(),
            lying: tokio::sync::Mutex::default(),
        }
    }

    fn waiting(&self) -> MutexGuard<'_, BTreeMap<QueueId, Waiting>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes room for the documents of a message. None: there is none, or this seller has half of all already, so that no one seller takes the place of all others.
    pub async fn take(
        &self,
        id: QueueId,
        seller: &ParticipantId,
        octets: u64,
        since: Timestamp,
    ) -> Option<DocumentReservation<'_>> {
        let lying = self.lying().await;
        let mut waiting = self.waiting();
        let (mut all, mut own) = (0, 0);
        for held in waiting.values() {
            all += held.octets;
            own += if held.seller == *seller {
                held.octets
            } else {
                0
            };
        }
        // What waits for the server lies in the folder already.
        let all = all.max(lying);
        // The first of a seller fits where anything does: half of a small room may hold no document at all.
        if all + octets > self.max_bytes || (own > 0 && own + octets > self.max_bytes / 2) {
            return None;
        }
        let seller = seller.clone();
        waiting.insert(
            id,
            Waiting {
                seller,
                octets,
                since,
            },
        );
        Some(DocumentReservation {
            room: self,
            id: Some(id),
        })
    }

    /// The octets in the folder, looked at once a second at most: there may be many files.
    async fn lying(&self) -> u64 {
        let Some(folder) = self.folder.clone() else {
            return 0;
        };
        let mut last = self.lying.lock().await;
        let (at, octets) = *last;
        if at.is_some_and(|at| at.elapsed() < LOOK) {
            return octets;
        }
        let looked = tokio::task::spawn_blocking(move || size(&folder)).await;
        let octets = looked.unwrap_or_default();
        *last = (Some(Instant::now()), octets);
        octets
    }

    /// Counts what waits already.
    pub fn count(&self, id: QueueId, seller: &ParticipantId, octets: u64, since: Timestamp) {
        let seller = seller.clone();
        self.waiting().insert(
            id,
            Waiting {
                seller,
                octets,
                since,
            },
        );
        self.tell();
    }

    /// The documents of a message have been handed over, or the message released.
    pub fn give_back(&self, id: QueueId) {
        if self.waiting().remove(&id).is_some() {
            self.tell();
        }
    }

    /// Since when the oldest of them has waited; none: nothing waits.
    #[must_use]
    pub fn oldest(&self) -> Option<Timestamp> {
        let waiting = self.waiting();
        waiting.values().map(|held| held.since).min()
    }

    fn tell(&self) {
        let waiting = self.waiting();
        let octets: u64 = waiting.values().map(|held| held.octets).sum();
        let messages = u32::try_from(waiting.len()).unwrap_or(u32::MAX);
        metrics::gauge!("allegromail_handover_waiting").set(messages);
        #[allow(clippy::cast_precision_loss, reason = "a gauge")]
        metrics::gauge!("allegromail_handover_waiting_bytes").set(octets as f64);
    }
}

impl DocumentReservation<'_> {
    /// The message is durable: its end gives the room back.
    pub fn keep(mut self) {
        self.id = None;
        self.room.tell();
    }
}

impl Drop for DocumentReservation<'_> {
    fn drop(&mut self) {
        if let Some(id) = self.id {
            self.room.give_back(id);
        }
    }
}

/// The octets of the files in the folders of a folder; what cannot be read counts for nothing.
fn size(folder: &Path) -> u64 {
    let folders = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let files = folders.flat_map(|folder| {
        std::fs::read_dir(folder.path())
            .into_iter()
            .flatten()
            .flatten()
    });
    let sizes = files.filter_map(|file| Some(file.metadata().ok()?.len()));
    sizes.sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn no_seller_takes_the_room_of_all_others() {
        let room = DocumentRoom::new(100, None);
        let seller = |id| ParticipantId::parse(id).unwrap();
        let (one, other) = (seller("k2m9x0r7t3"), seller("8awgqyk6a5"));
        let since = Timestamp(7);
        assert!(room.take(QueueId(1), &one, 101, since).await.is_none());
        room.take(QueueId(2), &one, 60, since).await.unwrap().keep();
        assert!(room.take(QueueId(3), &one, 1, since).await.is_none());
        room.take(QueueId(4), &other, 40, since)
            .await
            .unwrap()
            .keep();
        assert!(room.take(QueueId(5), &other, 1, since).await.is_none());
        room.give_back(QueueId(2));
        // What is not kept is given back.
        drop(room.take(QueueId(6), &one, 50, since).await.unwrap());
        assert!(room.take(QueueId(7), &one, 50, since).await.is_some());
        room.give_back(QueueId(4));
        assert_eq!(room.oldest(), None);
    }

    #[tokio::test]
    async fn what_nobody_has_fetched_counts() {
        let folder = tempfile::tempdir().unwrap();
        let room = DocumentRoom::new(100, Some(folder.path().to_owned()));
        let seller = ParticipantId::parse("k2m9x0r7t3").unwrap();
        let below = folder.path().join("cub31c122");
        std::fs::create_dir(&below).unwrap();
        std::fs::write(below.join("a.pdf"), [7; 90]).unwrap();
        assert!(
            room.take(QueueId(1), &seller, 20, Timestamp(7))
                .await
                .is_none()
        );
        std::fs::remove_file(below.join("a.pdf")).unwrap();
        *room.lying.lock().await = (None, 0);
        assert!(
            room.take(QueueId(1), &seller, 20, Timestamp(7))
                .await
                .is_some()
        );
    }
}
