//! Which shard new mail goes to.

/// A shard that may take mail.
#[derive(Debug, Clone, Copy)]
pub struct Candidate {
    /// Whether it takes mail now.
    pub is_ready: bool,
    /// Whether it is in the region of this node.
    pub is_near: bool,
    /// Bytes that wait to be written there.
    pub bytes: usize,
}

/// The number of the shard that new mail goes to: one that is ready, near before far, the one with the fewest bytes that wait; of those that are alike by
/// turns. None: no shard is ready, and the client hears 451.
#[must_use]
pub fn choose(shards: &[Candidate], turn: usize) -> Option<usize> {
    let count = shards.len();
    let ready = shards
        .iter()
        .enumerate()
        .filter(|(_, shard)| shard.is_ready);
    let best = ready.min_by_key(|(number, shard)| {
        let behind = (number + count - turn.checked_rem(count).unwrap_or_default()) % count.max(1);
        (!shard.is_near, shard.bytes, behind)
    });
    best.map(|(number, _)| number)
}
