//! The address scheme: `MASK[+TRANSACTION]@DOMAIN` (docs/rules.md#words).
//!
//! ```
//! use allegromail::masking::MaskedLocal;
//! let local = MaskedLocal::parse("8AWGQYK6A5+cub31c122").unwrap();
//! assert_eq!(local.mask.as_str(), "8awgqyk6a5");
//! assert_eq!(local.transaction.unwrap().as_str(), "cub31c122");
//! assert!(MaskedLocal::parse("a+b+c").is_err());
//! ```
//!
//! Ids are opaque: 1 to 32 ASCII letters and digits, compared without regard to case, no alphabet assumed. There is one
//! split point, the only `+`. No Unicode folding: a full-width digit is not a digit here (docs/threats.md#62, #63).

mod base;
mod budget_keys;
mod domains;
mod guess;
mod handed;
mod id;
mod local;
mod message_id;
mod mint;
mod pass;
pub mod providers;
mod token;
mod trace_keys;

pub use base::base_address;
pub use budget_keys::BudgetKeys;
pub use domains::{MaskedDomain, MaskedDomains};
pub use guess::{Brought, GuessKeys};
pub use handed::{HandedKeys, HandedTo};
pub use id::{IdError, MaskId, ParticipantId, TransactionId};
pub use local::{MaskedAddress, MaskedLocal, NotMasked};
pub use message_id::{MessageIdKeys, MessageIdToken, Original, Pair};
pub use mint::mint;
pub use pass::{Pass, PassKeys, PassKind};
pub use token::{BounceToken, TokenError, TokenKeys, TokenKind};
pub use trace_keys::TraceKeys;
