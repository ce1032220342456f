//! What is live and where it stands: kept in memory, rebuilt from the log at every start.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use super::segment::Segment;
use crate::mail::QueueId;

/// Where a record stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct RecordPosition {
    pub(super) segment: u32,
    pub(super) at: u64,
    pub(super) size: u64,
}

/// A live entry.
#[derive(Debug, Clone, Copy)]
pub(super) struct LiveEntry {
    pub(super) entry: RecordPosition,
    /// Its latest progress, which stands in the same segment or in a later one.
    pub(super) progress: Option<RecordPosition>,
}

/// A segment and how much of it is still wanted.
#[derive(Debug)]
pub(super) struct SegmentUsage {
    pub(super) segment: Arc<Segment>,
    pub(super) size: u64,
    pub(super) live: u64,
    pub(super) live_bytes: u64,
    /// Entries of commits that are not finished: the segment must not go before it is known what becomes of them.
    pub(super) open: u64,
    /// Entries that the reader of the log has not had: the segment must not go before.
    pub(super) unread: u64,
}

/// What the reader of the log has not had.
#[derive(Debug, Default)]
struct Unread {
    places: BTreeMap<QueueId, RecordPosition>,
    bytes: u64,
}

/// The index.
#[derive(Debug, Default)]
pub(super) struct Index {
    live: HashMap<QueueId, LiveEntry>,
    /// Entries of commits that are not finished, by the numbers of these.
    open: BTreeMap<QueueId, Vec<(QueueId, RecordPosition)>>,
    /// None where nobody reads the log.
    unread: Option<Unread>,
    pub(super) segments: BTreeMap<u32, SegmentUsage>,
}

impl Index {
    /// An index that keeps what a reader of the log has not had: everything at first.
    pub(super) fn followed() -> Self {
        Self {
            unread: Some(Unread::default()),
            ..Self::default()
        }
    }

    /// Files a segment.
    pub(super) fn add_segment(&mut self, segment: Arc<Segment>, size: u64) {
        self.segments.insert(
            segment.number,
            SegmentUsage {
                segment,
                size,
                live: 0,
                live_bytes: 0,
                open: 0,
                unread: 0,
            },
        );
    }

    /// Notes an entry; one of the same id was copied forward from its older place.
    pub(super) fn add(&mut self, id: QueueId, entry: RecordPosition) {
        let old = self.live.insert(
            id,
            LiveEntry {
                entry,
                progress: None,
            },
        );
        if let Some(old) = &old {
            self.count(old.entry, -1);
        }
        self.count(entry, 1);
        // One that was copied forward is unread at its new place if it was at the older one.
        if self.unread.is_some() && (old.is_none() || self.mark_read(id)) {
            self.mark_unread(id, entry);
        }
    }

    fn mark_unread(&mut self, id: QueueId, place: RecordPosition) {
        let Some(unread) = &mut self.unread else {
            return;
        };
        unread.places.insert(id, place);
        unread.bytes = unread.bytes.saturating_add(place.size);
        if let Some(usage) = self.segments.get_mut(&place.segment) {
            usage.unread += 1;
        }
    }

    /// The reader of the log has had this entry; false if it had before.
    pub(super) fn mark_read(&mut self, id: QueueId) -> bool {
        let Some(unread) = &mut self.unread else {
            return false;
        };
        let Some(place) = unread.places.remove(&id) else {
            return false;
        };
        unread.bytes = unread.bytes.saturating_sub(place.size);
        if let Some(usage) = self.segments.get_mut(&place.segment) {
            usage.unread = usage.unread.saturating_sub(1);
        }
        true
    }

    /// What the reader of the log has not had, in the order of ids.
    pub(super) fn unread(&self) -> impl Iterator<Item = (QueueId, RecordPosition)> {
        let unread = self.unread.iter();
        unread.flat_map(|unread| unread.places.iter().map(|(id, place)| (*id, *place)))
    }

    /// Whether the reader of the log has not had this entry.
    pub(super) fn is_unread(&self, id: QueueId) -> bool {
        let unread = self.unread.as_ref();
        unread.is_some_and(|unread| unread.places.contains_key(&id))
    }

    /// Bytes in the log that its reader has not had.
    pub(super) fn unread_bytes(&self) -> u64 {
        self.unread.as_ref().map_or(0, |unread| unread.bytes)
    }

    /// Notes the latest progress of an entry.
    pub(super) fn progress(&mut self, id: QueueId, place: RecordPosition) {
        if let Some(live) = self.live.get_mut(&id) {
            live.progress = Some(place);
        }
    }

    /// Forgets an entry.
    pub(super) fn remove(&mut self, id: QueueId) {
        if let Some(old) = self.live.remove(&id) {
            self.count(old.entry, -1);
        }
    }

    /// Notes an entry of a commit that is not finished.
    pub(super) fn hold(&mut self, commit: QueueId, id: QueueId, place: RecordPosition) {
        self.open.entry(commit).or_default().push((id, place));
        if let Some(usage) = self.segments.get_mut(&place.segment) {
            usage.open += 1;
        }
    }

    /// The commit is finished: its entries are live. Returns their ids.
    pub(super) fn finish(&mut self, commit: QueueId) -> Vec<QueueId> {
        let entries = self.take(commit);
        entries.iter().for_each(|(id, place)| self.add(*id, *place));
        entries.into_iter().map(|(id, _)| id).collect()
    }

    /// The commit was given up: its entries never lived. Returns their ids.
    pub(super) fn abandon(&mut self, commit: QueueId) -> Vec<QueueId> {
        self.take(commit).into_iter().map(|(id, _)| id).collect()
    }

    fn take(&mut self, commit: QueueId) -> Vec<(QueueId, RecordPosition)> {
        let entries = self.open.remove(&commit).unwrap_or_default();
        for (_, place) in &entries {
            if let Some(usage) = self.segments.get_mut(&place.segment) {
                usage.open = usage.open.saturating_sub(1);
            }
        }
        entries
    }

    /// The commits that are not finished, each with the place of its last entry.
    pub(super) fn unfinished(&self) -> Vec<(QueueId, RecordPosition)> {
        let last = |(commit, entries): (&QueueId, &Vec<(QueueId, RecordPosition)>)| {
            entries.last().map(|(_, place)| (*commit, *place))
        };
        self.open.iter().filter_map(last).collect()
    }

    fn count(&mut self, place: RecordPosition, change: i64) {
        if let Some(usage) = self.segments.get_mut(&place.segment) {
            usage.live = usage.live.saturating_add_signed(change);
            usage.live_bytes = if change > 0 {
                usage.live_bytes.saturating_add(place.size)
            } else {
                usage.live_bytes.saturating_sub(place.size)
            };
        }
    }

    /// A live entry.
    pub(super) fn get(&self, id: QueueId) -> Option<LiveEntry> {
        self.live.get(&id).copied()
    }

    /// The file of a place.
    pub(super) fn segment(&self, number: u32) -> Option<Arc<Segment>> {
        self.segments
            .get(&number)
            .map(|usage| usage.segment.clone())
    }

    /// All live entries whose record stands in a segment.
    pub(super) fn in_segment(&self, number: u32) -> Vec<(QueueId, LiveEntry)> {
        self.live
            .iter()
            .filter(|(_, live)| live.entry.segment == number)
            .map(|(id, live)| (*id, *live))
            .collect()
    }

    /// How many entries are live.
    pub(super) fn len(&self) -> usize {
        self.live.len()
    }
}
