//! One keeper, told by hand what the shard answers.

mod alone;

use super::*;
use crate::mail::QueueId;
