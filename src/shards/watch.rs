//! The leases of all nodes, as looks at them have shown: which may be taken.

use std::collections::BTreeMap;

use super::dice::Dice;
use super::moment::{Monotonic, ServerTime};
use super::rules::Rules;
use super::statement::{Epoch, Fence, Part, Seen};

/// A lease and since when it was seen so.
#[derive(Debug, Clone, Copy)]
struct Sighting {
    epoch: Epoch,
    until: ServerTime,
    since: Monotonic,
    is_lapsed: bool,
}

/// All leases of a shard, and the one that is to be taken next.
#[derive(Debug, Default)]
pub(super) struct Watch {
    sightings: BTreeMap<Part, Sighting>,
    /// One at a time, after a random wait: so those of a dead node are spread over the living.
    plan: Option<(Part, Monotonic)>,
}

impl Watch {
    /// Takes in a look whose answer was heard at `now`: each lease stood so at the latest then.
    pub(super) fn see(&mut self, leases: &[Seen], now: Monotonic) {
        let mut sightings = BTreeMap::new();
        for seen in leases {
            let Fence { part, epoch } = seen.fence;
            let before = self.sightings.get(&part);
            let same = before.filter(|known| known.epoch == epoch && known.until == seen.until);
            let sighting = Sighting {
                epoch,
                until: seen.until,
                since: same.map_or(now, |known| known.since),
                is_lapsed: seen.is_lapsed,
            };
            sightings.insert(part, sighting);
        }
        self.sightings = sightings;
    }

    /// Chooses what to take next among those that `is_other` lets through; what was chosen stays so while it may still be taken.
    pub(super) fn plan(
        &mut self,
        now: Monotonic,
        rules: &Rules,
        dice: &mut Dice,
        is_other: impl Fn(Part) -> bool,
    ) {
        let may = |sighting: &Sighting| {
            let is_released = sighting.until == ServerTime::RELEASED;
            let is_watched = sighting.since.plus(rules.watch) <= now;
            sighting.is_lapsed && (is_released || is_watched)
        };
        let all = self.sightings.iter();
        let free: Vec<Part> = all
            .filter(|(part, sighting)| may(sighting) && is_other(**part))
            .map(|(part, _)| *part)
            .collect();
        if self.plan.is_some_and(|(part, _)| free.contains(&part)) {
            return;
        }
        let chosen = usize::try_from(dice.below(free.len() as u64)).unwrap_or_default();
        let chosen = free.get(chosen);
        self.plan = chosen.map(|part| (*part, now.plus(dice.span(rules.spread))));
    }

    /// When the next one is to be taken.
    pub(super) fn due(&self) -> Option<Monotonic> {
        self.plan.map(|(_, at)| at)
    }

    /// The lease that is to be taken now, as it was seen. Only a new look chooses another.
    pub(super) fn take(&mut self, now: Monotonic) -> Option<(Fence, ServerTime)> {
        let (part, _) = self.plan.filter(|(_, at)| *at <= now)?;
        self.plan = None;
        let sighting = self.sightings.remove(&part)?;
        let epoch = sighting.epoch;
        Some((Fence { part, epoch }, sighting.until))
    }
}
