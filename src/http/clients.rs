//! How many connections each client has, where strangers may come: none of them may keep all.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::peer::Peer;
use crate::mail::host_of;

/// The open connections of each client address; of IPv6, of its /64.
pub(super) struct Clients {
    most: usize,
    open: Mutex<HashMap<IpAddr, usize>>,
}

/// A connection of a client, for as long as it is held.
pub(super) struct ClientSlot(Option<(Arc<Clients>, IpAddr)>);

impl Clients {
    pub(super) fn new(most: usize) -> Arc<Self> {
        let open = Mutex::default();
        Arc::new(Self { most, open })
    }

    /// One more connection; none: the client has as many as it may. Whoever has no address is not counted.
    pub(super) fn enter(self: &Arc<Self>, peer: Peer) -> Option<ClientSlot> {
        let Peer::Address(address) = peer else {
            return Some(ClientSlot(None));
        };
        let host = host_of(address);
        let mut all = self.open();
        let count = all.entry(host).or_default();
        if *count >= self.most {
            return None;
        }
        *count += 1;
        Some(ClientSlot(Some((self.clone(), host))))
    }

    /// A panic elsewhere while they were held leaves them whole: each is changed in one step.
    fn open(&self) -> MutexGuard<'_, HashMap<IpAddr, usize>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for ClientSlot {
    fn drop(&mut self) {
        let Some((clients, host)) = &self.0 else {
            return;
        };
        let mut all = clients.open();
        if let Some(count) = all.get_mut(host) {
            *count -= 1;
            if *count == 0 {
                all.remove(host);
            }
        }
    }
}
