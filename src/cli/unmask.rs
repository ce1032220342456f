//! `allegromail unmask`: who is behind a masked address. Operators only: it prints real addresses.

use super::Exit;
use crate::admin::{Client, ClientError};
use crate::app;
use crate::config::Config;
use crate::directory::Participant;
use crate::mail::Mailbox;
use crate::masking::{MaskId, MaskedDomains, MaskedLocal};

/// Prints the account behind `address`.
pub(super) fn run(config: &Config, address: &str, json: bool) -> Exit {
    let domains = MaskedDomains::new(
        config
            .domains
            .iter()
            .map(|domain| domain.masked.clone())
            .collect(),
    );
    // Aliases count, the transaction does not: whoever asks has the address from a label or a complaint.
    let local = Mailbox::parse(address)
        .ok()
        .filter(|mailbox| domains.find(mailbox.domain()).is_some())
        .and_then(|mailbox| MaskedLocal::parse(mailbox.local()).ok());
    let Some(local) = local else {
        eprintln!(
            "allegromail: {address} is no masked address of a configured domain; `allegromail mask PARTICIPANT` prints one"
        );
        return Exit::BadData;
    };
    super::block_on(async {
        match find(config, &local.mask).await {
            Ok(Some(participant)) => print(&participant, json),
            Ok(None) => {
                eprintln!(
                    "allegromail: there is no participant behind {address}; what came to it: `allegromail trace {address}`"
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

/// The account by the running server, or by the directory where none runs. None: nobody has this mask.
async fn find(config: &Config, mask: &MaskId) -> Result<Option<Participant>, String> {
    match Client::new(&config.admin)
        .get(&format!("/v1/masks/{mask}"))
        .await
    {
        Err(ClientError::Unreachable(_)) => {}
        Err(ClientError::Refused { status: 404, .. }) => return Ok(None),
        answer => return answer.map(Some).map_err(|error| error.to_string()),
    }
    let directory = app::open_directory(config)
        .await
        .map_err(|error| error.to_string())?;
    let Some(mask) = directory
        .mask(mask)
        .await
        .map_err(|error| error.to_string())?
    else {
        return Ok(None);
    };
    let found = directory
        .participant(&mask.participant)
        .await
        .map_err(|error| error.to_string())?;
    Ok(found.map(|participant| (*participant).clone()))
}

/// The account with its addresses, the primary one marked: mail to a removed address goes there.
fn print(participant: &Participant, json: bool) -> Exit {
    if json {
        println!("{}", serde_json::to_string(participant).unwrap_or_default());
        return Exit::Done;
    }
    println!(
        "{} ({}, {})",
        participant.id, participant.login, participant.marketplace
    );
    for address in &participant.addresses {
        let mark = if *address == participant.primary {
            " (primary)"
        } else {
            ""
        };
        println!("  {address}{mark}");
    }
    Exit::Done
}
