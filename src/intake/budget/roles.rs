//! How much mail roles take (`[limits] role_messages`, `role_messages_total`).

use std::net::IpAddr;

use super::bucket::{Limiter, limiter, spend};
use crate::config::Limits;
use crate::mail::host_of;
use crate::policy::{Reason, Refusal};

/// The budgets of mail to roles.
pub(in crate::intake) struct Roles {
    /// By the client's address.
    clients: Option<Limiter<IpAddr>>,
    /// Of all clients together.
    total: Option<Limiter<()>>,
    /// By registered and proven address.
    writers: Option<Limiter<String>>,
}

impl Roles {
    pub(super) fn new(limits: &Limits) -> Self {
        Self {
            clients: limiter(limits.role_messages),
            total: limiter(limits.role_messages_total),
            writers: limiter(limits.role_messages),
        }
    }

    /// Counts a message of a client. Its own share first: who has spent that spends nobody else's.
    pub(in crate::intake) fn spend(&self, client: IpAddr) -> Result<(), Refusal> {
        let own = spend(self.clients.as_ref(), &host_of(client));
        if own && spend(self.total.as_ref(), &()) {
            return Ok(());
        }
        Err(too_many())
    }

    /// Counts a message of a registered writer that is proven.
    pub(in crate::intake) fn spend_own(&self, writer: &str) -> Result<(), Refusal> {
        if spend(self.writers.as_ref(), &writer.to_owned()) {
            return Ok(());
        }
        Err(too_many())
    }
}

fn too_many() -> Refusal {
    let text = "this address has taken too many messages lately; please try again later.";
    Refusal::new(Reason::Rate, text)
}
