//! Sale documents of messages that have ended: out of the folder, and where nobody got them, free to be sent again.

use super::QueueContext;
use crate::spool::{Entry, HeldDocuments, StateUpdates};

/// Takes the documents out of the folder that is ours.
pub(super) async fn forget(context: &QueueContext, held: &HeldDocuments) {
    for document in &held.documents {
        context.targets.forget(held, document).await;
    }
}

/// The message has ended, and its documents are with nobody: they may be sent again.
pub(super) async fn reached_nobody(context: &QueueContext, entry: &Entry) {
    if let Some(held) = entry.to_hand_over() {
        forget(context, held).await;
    }
    let lost = lost(entry);
    if !lost.lost_documents.is_empty() {
        context.last_used.remember(&lost);
    }
}

/// What is unlearnt of a message that reached nobody: that its documents were taken, but for those that have been handed over.
pub(super) fn lost(entry: &Entry) -> StateUpdates {
    let taken = entry.memory.documents.iter().enumerate();
    let lost = taken.filter(|(number, _)| !entry.progress.handed_over.contains(*number));
    StateUpdates {
        lost_documents: lost.map(|(_, document)| document.clone()).collect(),
        ..StateUpdates::default()
    }
}
