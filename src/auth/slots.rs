//! The slots of messages that are checked at once, and the share that one network has of them.
//!
//! A message of a domain whose DNS is a tarpit holds its slot for as long as all checks may take. One network can send as many of those as it
//! may have connections, so it never has more than a share: its own mail waits for it, and everybody else's goes on.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{AcquireError, OwnedSemaphorePermit, Semaphore, SemaphorePermit};

use crate::mail::network_of;

/// The part of all slots that one network may hold.
const SHARE: usize = 16;

/// All slots.
pub(super) struct Slots {
    all: Semaphore,
    /// How many of them one network may hold.
    share: usize,
    /// The networks that hold or wait for one.
    networks: Mutex<HashMap<IpAddr, Own>>,
}

/// The slots of one network.
struct Own {
    slots: Arc<Semaphore>,
    /// Messages that hold one or wait for it. The last one takes the network away.
    users: usize,
}

/// A slot, until it is dropped.
pub(super) struct Slot<'a> {
    _all: SemaphorePermit<'a>,
    _own: OwnedSemaphorePermit,
    // The last: its network must not go before its slot is free.
    _user: User<'a>,
}

/// Somebody who holds a slot of a network or waits for one.
struct User<'a> {
    slots: &'a Slots,
    network: IpAddr,
}

impl Slots {
    /// So many slots.
    pub(super) fn new(all: usize) -> Self {
        Self {
            all: Semaphore::new(all),
            share: (all / SHARE).max(1),
            networks: Mutex::default(),
        }
    }

    /// Waits for a slot for a message that `client` brings. Let go of while it waits, it leaves nothing behind.
    pub(super) async fn enter(&self, client: IpAddr) -> Result<Slot<'_>, AcquireError> {
        let (user, own) = self.join(network_of(client));
        // The network's own slot before one of all: who waits for a neighbour must not keep others from theirs.
        let own = own.acquire_owned().await?;
        Ok(Slot {
            _all: self.all.acquire().await?,
            _own: own,
            _user: user,
        })
    }

    /// The slots of a network, with a user more.
    fn join(&self, network: IpAddr) -> (User<'_>, Arc<Semaphore>) {
        let mut networks = self.networks();
        let own = networks.entry(network).or_insert_with(|| Own {
            slots: Arc::new(Semaphore::new(self.share)),
            users: 0,
        });
        own.users += 1;
        let user = User {
            slots: self,
            network,
        };
        (user, own.slots.clone())
    }

    fn networks(&self) -> MutexGuard<'_, HashMap<IpAddr, Own>> {
        self.networks.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for User<'_> {
    fn drop(&mut self) {
        let mut networks = self.slots.networks();
        if let Some(own) = networks.get_mut(&self.network) {
            own.users -= 1;
            if own.users == 0 {
                networks.remove(&self.network);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::at_once;

    #[tokio::test]
    async fn a_network_holds_its_share_and_stands_in_nobody_elses_way() {
        let slots = Slots::new(64);
        let enter = |client: &str| slots.enter(client.parse().unwrap());
        let mut held = Vec::new();
        for host in 1..=4 {
            held.push(enter(&format!("192.0.2.{host}")).await.unwrap());
        }
        // Also under its IPv6 form, and whoever of its hosts asks.
        assert!(at_once(enter("192.0.2.200")).await.is_none());
        assert!(at_once(enter("::ffff:192.0.2.1")).await.is_none());
        for host in 1..=4 {
            held.push(enter(&format!("2001:db8::{host}")).await.unwrap());
        }
        assert!(at_once(enter("2001:db8::ffff:1")).await.is_none());
        for client in ["192.0.3.1", "2001:db8:0:1::1"] {
            let entered = at_once(enter(client)).await;
            assert!(entered.is_some(), "{client} waits for another network");
        }
        assert_eq!(slots.networks().len(), 2);
        // One goes, and the next of the same network comes in.
        held.remove(0);
        let next = at_once(enter("192.0.2.200")).await;
        assert!(next.is_some());
        drop((next, held));
        assert!(slots.networks().is_empty(), "networks are forgotten");
    }

    #[tokio::test]
    async fn all_networks_together_have_no_more_than_there_are() {
        let slots = Slots::new(16);
        let mut held = Vec::new();
        for network in 1..=16 {
            let client = format!("192.0.{network}.1").parse().unwrap();
            held.push(slots.enter(client).await.unwrap());
        }
        let late = "192.0.99.1".parse().unwrap();
        assert!(at_once(slots.enter(late)).await.is_none());
        held.pop();
        assert!(at_once(slots.enter(late)).await.is_some());
    }
}
