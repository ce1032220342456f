//! The spool of many nodes: who delivers which entries, and what is written about them, on shards that each are a database with synchronous standbys.
//!
//! Pure: events in, statements out. A [`Keeper`] is what one node knows of one shard; it has no socket, task or clock. Times come as values, and the
//! node's own ([`Monotonic`]) and the database's ([`ServerTime`]) are different types that nothing turns into each other. What drives it runs the
//! [`Statement`]s and brings the answers; the simulation in its tests does that under delays, freezes, partitions, lost answers and failovers.
//!
//! An entry belongs to a *partition*, and a partition to one node at a time by a *lease*. Each taking of a lease raises its *epoch*, and every statement
//! that writes names the epoch (a [`Fence`]): a node that was frozen can write nothing any more. Three rules keep two nodes from delivering one entry:
//!
//! * its owner starts no attempt later than [`Rules::stop`] after it *sent* the last renewal that was answered, by its own clock;
//! * another node takes a lease that has lapsed by the database's clock only after it has seen it unchanged for [`Rules::watch`], by its own clock, so that
//!   a clock that jumps, or that of a promoted standby, gives nothing away;
//! * a node that ends in good order says so ([`Statement::Release`]) once it starts nothing any more.

mod choice;
mod dice;
mod effect;
mod keeper;
mod moment;
mod outbox;
mod partitions;
mod rules;
mod statement;
mod watch;

pub use choice::{Candidate, choose};
pub use effect::{Call, Effect, Event, Lane, NotReady};
pub use keeper::Keeper;
pub use moment::{Monotonic, ServerTime};
pub use rules::Rules;
pub use statement::{
    Answer, Epoch, Failure, Fence, Filed, Kept, Outcome, Part, Row, Seen, Statement,
};

#[cfg(test)]
mod tests;
