//! Whoever writes mail, and whoever it is for.

use super::super::agenda::{Local, What};
use super::super::verdict::Started;
use super::super::{Candidate, Event, Filed, Keeper, QueueId, choose};
use super::World;

impl World {
    pub(super) fn client_writes(&mut self) {
        let number = usize::try_from(self.dice.below(self.nodes.len() as u64)).unwrap();
        let node = &self.nodes[number];
        let clock = node.clock(self.now);
        let Some(memory) = node.memory.as_ref().filter(|_| !node.is_frozen) else {
            return;
        };
        let candidate = |keeper: &Keeper| Candidate {
            is_ready: keeper.ready(clock).is_ok(),
            is_near: true,
            bytes: keeper.bytes(),
        };
        let candidates: Vec<_> = memory.keepers.iter().map(candidate).collect();
        let turn = usize::try_from(self.ids).unwrap();
        let Some(shard) = choose(&candidates, turn) else {
            return;
        };
        let entries = (0..1 + self.dice.below(3)).map(|_| filed(self.next_id()));
        let entries = entries.collect();
        self.hear(number, shard, Event::Submit(entries));
    }

    /// The recipient takes a message, or puts it off; at times it refuses it, and a report goes to its writer.
    pub(super) fn recipient_takes(&mut self, started: Started) {
        let Started {
            life, shard, id, ..
        } = started;
        let is_taken = self.dice.below(4) > 0;
        let mut report = None;
        if is_taken {
            self.verdict.effect(started);
            if self.dice.below(8) == 0 {
                report = Some(self.next_id());
            }
        }
        let delay = self.delay();
        self.after(
            delay,
            What::At(life, Local::Outcome(shard, id, is_taken, report)),
        );
    }

    pub(super) fn next_id(&mut self) -> QueueId {
        self.ids += 1;
        QueueId(self.ids)
    }
}

/// An entry; what stands in it is of no interest here.
pub(super) fn filed(id: QueueId) -> Filed {
    let (head, body) = (bytes::Bytes::new(), bytes::Bytes::new());
    Filed { id, head, body }
}
