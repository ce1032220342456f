//! Whether an address stands for an order.

use serde::{Deserialize, Serialize};

use super::asked::Asked;
use crate::directory::{AccountStatus, Directory, TransactionStatus, Unavailable};
use crate::masking::{MaskedAddress, MaskedDomains, ParticipantId};

/// What an address stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum OrderState {
    /// An order of this participant, about which mail passes.
    Order,
    /// An order of this participant that is closed: mail about it is refused.
    Closed,
    /// No order that this participant has a part in, whatever the reason.
    Unknown,
}

impl OrderState {
    /// The word in answers, metrics and the history.
    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::Order => "order",
            Self::Closed => "closed",
            Self::Unknown => "unknown",
        }
    }
}

/// The answer about one address.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Verified {
    /// The address that was asked for, in lower case.
    pub address: String,
    /// What it stands for.
    pub result: OrderState,
    /// The marketplace of the participant, as `allegro-pl`; null for `unknown`.
    pub marketplace: Option<String>,
}

/// An address that stands for an order.
pub(super) struct Found {
    pub(super) state: OrderState,
    /// As we write it, whichever alias was asked for.
    pub(super) address: MaskedAddress,
    pub(super) marketplace: String,
}

/// What `asked` stands for; none: unknown. Mask, participant and transaction are looked up for every address, also where one of them has decided: nobody
/// learns from the time of an answer which of them was missing.
///
/// # Errors
/// [`Unavailable`], which is never "unknown".
pub(super) async fn find(
    directory: &dyn Directory,
    domains: &MaskedDomains,
    asked: &Asked,
) -> Result<Option<Found>, Unavailable> {
    let local = &asked.address.local;
    let mask = directory.mask(&local.mask).await?;
    let holder = match &mask {
        Some(mask) => Some(mask.participant.clone()),
        // Nobody's, and looked for like anybody's.
        None => ParticipantId::parse(local.mask.as_str()).ok(),
    };
    let participant = match &holder {
        Some(id) => directory.participant(id).await?,
        None => None,
    };
    let transaction = directory.transaction(&asked.transaction).await?;
    let ours = domains.find(&asked.address.domain).is_some();
    let (Some(mask), Some(participant), Some(transaction), true) =
        (mask, participant, transaction, ours)
    else {
        return Ok(None);
    };
    let Some(other) = transaction.counterparty(&participant.id) else {
        return Ok(None);
    };
    let for_this_mask = mask.counterparty.as_ref().is_none_or(|only| only == other);
    if participant.status != AccountStatus::Active || !for_this_mask {
        return Ok(None);
    }
    let market = &participant.marketplace;
    let address = domains.address(&local.mask, Some(&asked.transaction), market);
    Ok(address.map(|address| Found {
        state: match transaction.status {
            TransactionStatus::Open => OrderState::Order,
            TransactionStatus::Closed => OrderState::Closed,
        },
        address,
        marketplace: market.clone(),
    }))
}
