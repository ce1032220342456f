//! New ids from a cryptographic random source.

use aws_lc_rs::rand::{SecureRandom, SystemRandom};

/// Lower-case Crockford base32: no `i l o u` (docs/rules.md#words).
const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

/// A random id of `length` characters, five bits each. None when the system has no randomness to give.
///
/// ```
/// let id = allegromail::masking::mint(10).unwrap();
/// assert_eq!(id.len(), 10);
/// ```
#[must_use]
pub fn mint(length: usize) -> Option<String> {
    let mut random = vec![0_u8; length];
    SystemRandom::new().fill(&mut random).ok()?;
    Some(
        random
            .iter()
            .filter_map(|octet| {
                ALPHABET
                    .get(usize::from(octet & 31))
                    .copied()
                    .map(char::from)
            })
            .collect(),
    )
}
