//! How much mail roles take (`[limits] role_messages`, `role_messages_total`).

use std::net::IpAddr;
use std::sync::Arc;

use super::bucket::Buckets;
use super::shared::SharedBudgets;
use crate::config::Limits;
use crate::mail::host_of;
use crate::policy::{Reason, Refusal};

/// The budgets of mail to roles.
pub(in crate::intake) struct Roles {
    /// By the client's address.
    clients: Buckets<IpAddr>,
    /// Of all clients together.
    total: Buckets<()>,
    /// By registered and proven address.
    writers: Buckets<String>,
}

impl Roles {
    pub(super) fn new(limits: &Limits, all: Option<&Arc<SharedBudgets>>) -> Self {
        Self {
            clients: Buckets::new("roles client", limits.role_messages, all),
            total: Buckets::new("roles total", limits.role_messages_total, all),
            writers: Buckets::new("roles writer", limits.role_messages, all),
        }
    }

    /// Counts a message of a client. Its own share first: who has spent that spends nobody else's.
    pub(in crate::intake) fn spend(&self, client: IpAddr) -> Result<(), Refusal> {
        let own = self.clients.spend(&host_of(client));
        if own && self.total.spend(&()) {
            return Ok(());
        }
        Err(too_many())
    }

    /// Counts a message of a registered writer that is proven.
    pub(in crate::intake) fn spend_own(&self, writer: &str) -> Result<(), Refusal> {
        if self.writers.spend(&writer.to_owned()) {
            return Ok(());
        }
        Err(too_many())
    }
}

fn too_many() -> Refusal {
    let text = "this address has taken too many messages lately; please try again later.";
    Refusal::new(Reason::Rate, text)
}
