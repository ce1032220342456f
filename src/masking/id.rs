//! Participant, transaction and mask ids: opaque, 1 to 32 letters and digits (docs/rules.md#words).

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// Why a text is no id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an id is 1 to 32 ASCII letters and digits")]
pub struct IdError;

/// The longest id in octets.
const MAX_ID: usize = 32;

fn parse(text: &str) -> Result<Arc<str>, IdError> {
    if text.is_empty() || text.len() > MAX_ID || !text.bytes().all(|b| b.is_ascii_alphanumeric()) {
        return Err(IdError);
    }
    Ok(text.to_ascii_lowercase().into())
}

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(Arc<str>);

        impl $name {
            /// Reads an id in any letter case.
            ///
            /// # Errors
            /// [`IdError`] for anything but 1 to 32 ASCII letters and digits.
            pub fn parse(text: &str) -> Result<Self, IdError> {
                parse(text).map(Self)
            }

            /// The id in lower case.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}({})", stringify!($name), self.0)
            }
        }

        impl FromStr for $name {
            type Err = IdError;

            fn from_str(text: &str) -> Result<Self, IdError> {
                Self::parse(text)
            }
        }

        impl TryFrom<String> for $name {
            type Error = IdError;

            fn try_from(text: String) -> Result<Self, IdError> {
                Self::parse(&text)
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> Self {
                id.0.to_string()
            }
        }
    };
}

id! {
    /// An account on the marketplace. Not the same thing as its mask, though today both have the same text.
    ParticipantId
}
id! {
    /// An order, or a conversation before one.
    TransactionId
}
id! {
    /// What stands before the `+` in a masked address. The directory says whom it leads to.
    MaskId
}
