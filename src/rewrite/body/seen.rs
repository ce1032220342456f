//! A part that is looked at, with its contents decoded once.

use std::borrow::Cow;
use std::cell::OnceCell;

use crate::message::{Encoding, Part};
use crate::rewrite::masker::Masker;
use crate::rewrite::plan::RewriteError;

/// A part that is looked at.
pub(super) struct Seen<'p> {
    pub(super) index: usize,
    pub(super) part: &'p Part,
    /// The names of the file that it is, the likeliest first.
    pub(super) names: Vec<String>,
    pub(super) masker: &'p Masker,
    pub(super) encoding: Encoding,
    /// Under its transfer encoding.
    pub(super) content: &'p [u8],
    pub(super) decoded: OnceCell<Cow<'p, [u8]>>,
}

impl Seen<'_> {
    /// The name of the file that it is, as most mail programs find it.
    pub(super) fn name(&self) -> Option<&str> {
        self.names.first().map(String::as_str)
    }

    /// Its octets without their transfer encoding.
    pub(super) fn octets(&self) -> &[u8] {
        let decoded = || self.encoding.decode(self.content);
        self.decoded.get_or_init(decoded)
    }

    /// A refusal, which names the part (docs/rules.md#issue-7052); replies hold no address but the writer's own.
    pub(super) fn hidden(&self, why: impl Into<String>) -> RewriteError {
        let shown = self.name().map(|name| self.masker.mask_text(name));
        let shown = shown.as_deref().unwrap_or(&self.part.kind.essence);
        RewriteError::Hidden {
            place: format!("part {} ({shown})", self.index),
            why: why.into(),
        }
    }
}
