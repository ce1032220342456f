//! Blanks and comments beside an at sign, as people and RFC 5322 4.4 write them.

use super::cuts::{GAP, SEAM};

/// Octets beside it that are looked at.
const MOST: usize = 80;
/// Blanks and comments on one side.
const MOST_PIECES: usize = 4;

fn is_blank(octet: u8) -> bool {
    matches!(octet, b' ' | b'\t' | SEAM | GAP)
}

/// What stands behind them at the front of `view`.
pub(super) fn after(view: &[u8]) -> &[u8] {
    let mut rest = view;
    for _ in 0..MOST_PIECES {
        rest = match rest {
            [first, behind @ ..] if is_blank(*first) => behind,
            [b'(', ..] => match rest
                .iter()
                .take(MOST)
                .position(|octet| b")@".contains(octet))
            {
                Some(end) if rest.get(end) == Some(&b')') => {
                    rest.get(end + 1..).unwrap_or_default()
                }
                _ => return rest,
            },
            _ => return rest,
        };
    }
    rest
}

/// What stands before them at the end of `view`.
pub(super) fn before(view: &[u8]) -> &[u8] {
    let mut rest = view;
    for _ in 0..MOST_PIECES {
        rest = match rest {
            [before @ .., last] if is_blank(*last) => before,
            [.., b')'] => match rest
                .iter()
                .rev()
                .take(MOST)
                .position(|octet| b"(@".contains(octet))
            {
                Some(back) if rest.get(rest.len() - back - 1) == Some(&b'(') => {
                    rest.get(..rest.len() - back - 1).unwrap_or_default()
                }
                _ => return rest,
            },
            _ => return rest,
        };
    }
    rest
}
