//! The keepers under a deterministic simulation, and alone.

mod agenda;
mod alone;
mod fault;
mod node;
mod planted;
mod seeds;
mod shard;
mod tables;
mod verdict;
mod world;

use super::*;
use crate::mail::QueueId;
