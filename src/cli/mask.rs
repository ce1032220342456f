//! `allegromail mask`: the masked address of a participant, with or without a transaction.
//! The domain is the one of the participant's marketplace, so the account must be known.

use super::Exit;
use crate::admin::{Client, ClientError, MaskParts};
use crate::app;
use crate::config::Config;
use crate::masking::{MaskedDomains, ParticipantId, TransactionId};

/// Prints the address.
pub(super) fn run(
    config: &Config,
    participant: &ParticipantId,
    transaction: Option<&TransactionId>,
    json: bool,
) -> Exit {
    super::block_on(async {
        match find(config, participant, transaction).await {
            Ok(Some(address)) => {
                if json {
                    println!("{}", serde_json::json!({ "address": address }));
                } else {
                    println!("{address}");
                }
                Exit::Done
            }
            Ok(None) => {
                eprintln!(
                    "allegromail: there is no participant {participant}; `allegromail import FILE` loads accounts"
                );
                Exit::Refused
            }
            Err(error) => {
                eprintln!("allegromail: {error}");
                Exit::Unreachable
            }
        }
    })
}

/// The address by the running server, or by the directory where none runs. None: no such participant.
async fn find(
    config: &Config,
    id: &ParticipantId,
    transaction: Option<&TransactionId>,
) -> Result<Option<String>, String> {
    // Whether the transaction exists is not asked: addresses are printed before the transaction has arrived.
    let with = |masked: &MaskParts| match transaction {
        Some(transaction) => format!("{}+{transaction}@{}", masked.mask, masked.domain),
        None => format!("{}@{}", masked.mask, masked.domain),
    };
    match Client::new(&config.admin)
        .get::<MaskParts>(&format!("/v1/participants/{id}/mask"))
        .await
    {
        Err(ClientError::Unreachable(_)) => {}
        Err(ClientError::Refused { status: 404, .. }) => return Ok(None),
        answer => {
            return answer
                .map(|masked| Some(with(&masked)))
                .map_err(|error| error.to_string());
        }
    }
    let directory = app::open_directory(config)
        .await
        .map_err(|error| error.to_string())?;
    let domains = MaskedDomains::new(
        config
            .domains
            .iter()
            .map(|domain| domain.masked.clone())
            .collect(),
    );
    let participant = directory
        .participant(id)
        .await
        .map_err(|error| error.to_string())?;
    // The mask for everybody: an operator is no counterparty.
    let mask = directory
        .mask_of(id, None)
        .await
        .map_err(|error| error.to_string())?;
    let (Some(participant), Some(mask)) = (participant, mask) else {
        return Ok(None);
    };
    let domain = domains
        .for_marketplace(&participant.marketplace)
        .ok_or("no [[domain]] is configured")?;
    Ok(Some(with(&MaskParts {
        mask: mask.to_string(),
        domain: domain.to_string(),
    })))
}
