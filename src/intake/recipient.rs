//! Who a RCPT TO names: a role, a mask, or a bounce address of ours (docs/rules.md#who-may-write).
//!
//! Only what everybody may know is told here: whether the domain is ours and whether the participant exists. The rest waits for
//! the end of data, when the sender is known.

use crate::config;
use crate::directory::Directory;
use crate::mail::{ForwardPath, Mailbox, Timestamp};
use crate::masking::{
    BounceToken, MaskedAddress, MaskedDomains, MaskedLocal, ParticipantId, TokenError, TokenKeys,
};
use crate::policy::{Account, Reason, Refusal};

/// A recipient that exists.
#[derive(Debug, Clone)]
pub(super) enum Recipient {
    /// `postmaster` and the like: goes to the operator's contact, unrewritten.
    Role {
        /// The operator's address.
        contact: Mailbox,
        /// The address as it was written.
        written: String,
    },
    /// A participant behind a mask.
    Masked(MaskedRecipient),
    /// A message of ours, which a report or an automatic reply comes back to.
    Bounce(BounceToken),
}

/// A participant behind a mask.
#[derive(Debug, Clone)]
pub(super) struct MaskedRecipient {
    /// The address as it was written.
    pub(super) address: MaskedAddress,
    /// The account.
    pub(super) receiver: Account,
    /// The only counterparty that the mask is for.
    pub(super) counterparty: Option<ParticipantId>,
}

/// What an address says by itself.
#[derive(Debug, Clone)]
pub(super) enum Named {
    /// Nothing more needs to be known.
    Found(Recipient),
    /// The form of a mask; whether anybody has it, the directory knows.
    Mask(MaskedAddress),
}

/// One answer for a bad shape and for a mask that nobody has.
fn unknown() -> Refusal {
    Refusal::new(
        Reason::UnknownParticipant,
        "there is no such participant; check the address for typing errors.",
    )
}

impl Recipient {
    /// The masked address, of a participant only.
    pub(super) fn masked(&self) -> Option<&MaskedAddress> {
        match self {
            Self::Masked(masked) => Some(&masked.address),
            Self::Role { .. } | Self::Bounce(_) => None,
        }
    }

    /// Whether both lead to the same account and order, or both to the contact.
    pub(super) fn is_same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Role { contact: one, .. }, Self::Role { contact: two, .. }) => one == two,
            (Self::Bounce(one), Self::Bounce(two)) => one == two,
            (Self::Masked(one), Self::Masked(two)) => {
                one.receiver.id == two.receiver.id && one.address.local == two.address.local
            }
            _ => false,
        }
    }

    /// The line of `explain`. It names ids and roles, nobody's real address.
    pub(super) fn describe(&self) -> String {
        match self {
            Self::Role { written, .. } => {
                format!("{written} is a role and goes to the operator's contact")
            }
            Self::Bounce(_) => "a bounce address of this server".to_owned(),
            Self::Masked(masked) => match &masked.address.local.transaction {
                Some(transaction) => format!(
                    "participant {}, transaction {transaction}",
                    masked.receiver.id
                ),
                None => format!("participant {}, no transaction", masked.receiver.id),
            },
        }
    }
}

/// What tells whom an address of ours names, as far as that is told without the directory.
#[derive(Clone, Copy)]
pub(super) struct Names<'a> {
    pub(super) domains: &'a MaskedDomains,
    pub(super) policy: &'a config::Policy,
    pub(super) secrets: &'a TokenKeys,
    /// How many days a bounce address is good for.
    pub(super) token_days: u16,
    pub(super) now: Timestamp,
}

/// Finds out whom `to` names.
///
/// The order is that of the contract: our domain, role, token, mask. An address that is not of one form is tried as the next, and the last
/// answer is the same for a bad shape as for an id that nobody has (docs/threats.md#50 to #64).
pub(super) async fn find(
    directory: &dyn Directory,
    names: Names<'_>,
    to: &ForwardPath,
) -> Result<Recipient, Refusal> {
    let address = match name(names, to)? {
        Named::Found(recipient) => return Ok(recipient),
        Named::Mask(address) => address,
    };
    // Whether the account is suspended and the transaction known is not told here: that is for proven senders.
    let mask = directory.mask(&address.local.mask).await?;
    let mask = mask.ok_or_else(unknown)?;
    let receiver = directory.participant(&mask.participant).await?;
    Ok(Recipient::Masked(MaskedRecipient {
        address,
        receiver: receiver.ok_or_else(unknown)?,
        counterparty: mask.counterparty,
    }))
}

/// As [`find`], without asking the directory whose mask it is: all that may be told to a client that could be guessing.
pub(super) fn name(names: Names<'_>, to: &ForwardPath) -> Result<Named, Refusal> {
    let mailbox = match to {
        ForwardPath::Postmaster => {
            return role(names, "postmaster".to_owned()).map(Named::Found);
        }
        ForwardPath::Mailbox(mailbox) => mailbox,
    };
    if names.domains.find(mailbox.domain()).is_none() {
        // Whatever MAIL FROM says, and from loopback too: there is no client that may relay (docs/threats.md#49).
        let text = "this server takes mail for masked addresses of the marketplace only.";
        return Err(Refusal::new(Reason::RelayDenied, text));
    }
    let mut roles = names.policy.roles.iter();
    if roles.any(|role| mailbox.local().eq_ignore_ascii_case(role)) {
        return role(names, mailbox.to_string()).map(Named::Found);
    }
    if let Some(bounced) = bounce(names, mailbox) {
        return bounced.map(Named::Found);
    }
    let local = MaskedLocal::parse(mailbox.local()).map_err(|_| unknown())?;
    Ok(Named::Mask(MaskedAddress {
        local,
        domain: mailbox.domain().clone(),
    }))
}

/// The operator's contact; `written` is how the role was addressed. Without a contact 450: roles must be reachable (RFC 5321 4.5.1), so the
/// mail waits with its sender until one is set.
fn role(names: Names<'_>, written: String) -> Result<Recipient, Refusal> {
    let contact = names.policy.contact.clone();
    let text =
        "the operator of this server has set no contact address yet; please try again later.";
    contact
        .map(|contact| Recipient::Role { contact, written })
        .ok_or_else(|| Refusal::new(Reason::NoContact, text))
}

/// What to do with mail to a bounce address of ours; none: it is no such address.
fn bounce(names: Names<'_>, to: &Mailbox) -> Option<Result<Recipient, Refusal>> {
    let refuse = |text: &str| Some(Err(Refusal::new(Reason::BadToken, text)));
    match names
        .secrets
        .verify(to.local(), names.now, names.token_days)
    {
        Err(TokenError::NotAToken) => None,
        Err(error) => refuse(&format!("{error}.")),
        // With a sender in the envelope, too: what it is, and whose, is only seen in the message.
        Ok(token) => Some(Ok(Recipient::Bounce(token))),
    }
}

/// Whether a recipient may stand beside those that were taken: a bounce address stands alone, for each asks for a proof of its own, and what
/// comes back is about one message (RFC 5321 4.5.5).
pub(super) fn check_beside(
    names: Names<'_>,
    taken: &[ForwardPath],
    to: &ForwardPath,
) -> Result<(), Refusal> {
    let is_token = |path: &ForwardPath| match path {
        ForwardPath::Mailbox(mailbox) => {
            names.domains.find(mailbox.domain()).is_some()
                && matches!(bounce(names, mailbox), Some(Ok(_)))
        }
        ForwardPath::Postmaster => false,
    };
    // Where one is taken it is the first.
    if taken
        .first()
        .is_some_and(|first| is_token(first) || is_token(to))
    {
        let text =
            "a message to a bounce address has no other recipient; send the rest in another one.";
        return Err(Refusal::new(Reason::TooManyRecipients, text));
    }
    Ok(())
}
