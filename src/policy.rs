//! Who may write to whom (docs/rules.md#who-may-write). Pure: facts in, verdict and trail out.
//!
//! The order of the rules is part of the contract: the first that applies is the answer, and nothing that an unproven client could learn
//! from comes before the proof.
//!
//! ```
//! use std::sync::Arc;
//! use allegromail::masking::{MaskedAddress, MaskedLocal};
//! use allegromail::{auth::Proof, directory::Participant, mail::ReversePath, policy::*};
//!
//! let account = |id: &str, address: &str| -> Account {
//!     Arc::new(Participant {
//!         id: id.parse().unwrap(),
//!         login: id.to_owned(),
//!         marketplace: "allegro-pl".to_owned(),
//!         language: "pl".to_owned(),
//!         primary: address.parse().unwrap(),
//!         addresses: vec![address.parse().unwrap()],
//!         status: Default::default(),
//!         business: false,
//!     })
//! };
//! let sender = Sender {
//!     from: "jan@poczta.example".parse().unwrap(),
//!     from_name: None,
//!     proof: Proof::Unproven("client 192.0.2.1 is not proven to send for poczta.example".to_owned()),
//!     fails_elsewhere: false,
//!     writer: Some(account("8awgqyk6a5", "jan@poczta.example")),
//!     courier: None,
//!     reverse_path: ReversePath::Null,
//!     return_path: None,
//!     return_path_aligned: false,
//!     reply_to: Ok(Vec::new()),
//!     kind: MessageKind::Ordinary,
//!     is_automatic_reply: false,
//! };
//! let verdict = decide(&Facts {
//!     sender: &sender,
//!     recipient: &MaskedAddress {
//!         local: MaskedLocal::parse("k2m9x0r7t3").unwrap(),
//!         domain: "allegromail.pl".parse().unwrap(),
//!     },
//!     receiver: &account("k2m9x0r7t3", "biuro@rowery.example"),
//!     beside_others: false,
//!     mask_counterparty: None,
//!     transaction: TransactionFact::Absent,
//!     options: Options::default(),
//! });
//! assert_eq!(verdict.decision.unwrap_err().reason.word(), "sender-unauthenticated");
//! ```

mod decide;
mod facts;
mod reason;
mod return_path;
mod rules;
mod verdict;

pub use decide::decide;
pub use facts::{Account, Facts, MessageKind, Options, Owned, Sender, TransactionFact};
pub use reason::{Reason, Refusal};
pub use return_path::originals;
pub use rules::unproven;
pub use verdict::{Masked, Plan, Step, Trail, Unmasked, Verdict};

#[cfg(test)]
mod tests;
