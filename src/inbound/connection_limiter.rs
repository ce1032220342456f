//! Who holds how many connections: by address, and by network, since a neighbour's address is free to take.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::mail::network_of;

/// Open connections of every client.
pub(super) struct ConnectionLimiter {
    /// Held for a few lines, never over an await.
    open: Mutex<Open>,
    per_address: usize,
    per_network: usize,
}

#[derive(Default)]
struct Open {
    /// No entry stands at zero: the maps are as large as the number of open connections, whoever comes by (docs/threats.md#37).
    addresses: HashMap<IpAddr, usize>,
    networks: HashMap<IpAddr, usize>,
}

/// Takes one back, and the entry with the last.
fn one_less(counts: &mut HashMap<IpAddr, usize>, key: IpAddr) {
    if let Some(count) = counts.get_mut(&key) {
        *count -= 1;
        if *count == 0 {
            counts.remove(&key);
        }
    }
}

impl ConnectionLimiter {
    pub(super) fn new(per_address: usize, per_network: usize) -> Arc<Self> {
        Arc::new(Self {
            open: Mutex::default(),
            per_address,
            // A network is never granted less than one address.
            per_network: per_network.max(per_address),
        })
    }

    /// Counts are changed in one step, so a panic elsewhere leaves them whole.
    fn open(&self) -> MutexGuard<'_, Open> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts a connection in, unless its address or its network has too many.
    pub(super) fn enter(self: &Arc<Self>, address: IpAddr) -> Option<Entered> {
        let mut open = self.open();
        let count = |counts: &HashMap<IpAddr, usize>, key| counts.get(&key).copied().unwrap_or(0);
        if count(&open.addresses, address) >= self.per_address
            || count(&open.networks, network_of(address)) >= self.per_network
        {
            return None;
        }
        *open.addresses.entry(address).or_default() += 1;
        *open.networks.entry(network_of(address)).or_default() += 1;
        Some(Entered {
            connection_limiter: self.clone(),
            address,
        })
    }
}

/// A connection that counts for as long as it lives.
pub(super) struct Entered {
    connection_limiter: Arc<ConnectionLimiter>,
    address: IpAddr,
}

impl Drop for Entered {
    fn drop(&mut self) {
        let mut open = self.connection_limiter.open();
        one_less(&mut open.addresses, self.address);
        one_less(&mut open.networks, network_of(self.address));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn h037_addresses_and_networks_have_their_share_and_give_it_back() {
        let connection_limiter = ConnectionLimiter::new(2, 3);
        let enter = |address: &str| connection_limiter.enter(address.parse().unwrap());
        let (one, two) = (enter("192.0.2.1"), enter("192.0.2.1"));
        assert!(one.is_some() && two.is_some() && enter("192.0.2.1").is_none());
        let three = enter("192.0.2.9");
        assert!(
            three.is_some() && enter("192.0.2.10").is_none(),
            "the network is full"
        );
        assert!(enter("192.0.3.1").is_some());
        let six: Vec<_> = (1..5).map(|n| enter(&format!("2001:db8::{n}"))).collect();
        assert_eq!(six.iter().flatten().count(), 3, "a /64 is one network");
        drop(one);
        assert!(enter("192.0.2.10").is_some());
        drop((two, three, six));
        assert!(
            connection_limiter.open().addresses.is_empty()
                && connection_limiter.open().networks.is_empty()
        );
    }
}
