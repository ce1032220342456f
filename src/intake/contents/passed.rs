//! What the rules leave of a message that passes.

use crate::intake::dedup::Claim;
use crate::spool::Wrote;

/// What a message that may pass leaves behind.
#[derive(Default)]
pub(in crate::intake) struct Passed {
    /// Sentences that could be held against who quotes them.
    pub(in crate::intake) quotable: Vec<String>,
    /// That a buyer has written, who may be answered.
    pub(in crate::intake) wrote: Option<Wrote>,
    /// The one answer to a buyer's message that this one is.
    pub(in crate::intake) credit: Option<Claim>,
}
