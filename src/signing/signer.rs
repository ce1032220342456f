//! [`Signer`]: the keys in force, and the work of signing off the asynchronous threads.

use std::collections::HashMap;
use std::sync::Arc;

use arc_swap::ArcSwap;
use bytes::{Bytes, BytesMut};
use tokio::sync::Semaphore;

use super::arc::{self, Sealing};
use super::fields;
use super::keys::{self, KeyError, Selected};
use crate::auth::Chain;
use crate::config::MaskedDomainConfig;
use crate::mail::Domain;

/// A message could not be signed. Our own fault: it must not leave unsigned where its domain has keys.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the message could not be signed: {0}")]
pub struct SignError(String);

type Keys = HashMap<Domain, Arc<Vec<Selected>>>;

/// Signs messages of our domains.
pub struct Signer {
    domains: Vec<MaskedDomainConfig>,
    keys: ArcSwap<Keys>,
    /// One RSA signature is a quarter of a millisecond of one core: no more at once than there are cores.
    places: Arc<Semaphore>,
}

impl Signer {
    /// Loads the keys of every domain.
    ///
    /// # Errors
    /// A key file cannot be used.
    pub fn load(domains: &[MaskedDomainConfig]) -> Result<Self, KeyError> {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        Ok(Self {
            keys: ArcSwap::from_pointee(read(domains)?),
            domains: domains.to_vec(),
            places: Arc::new(Semaphore::new(cores)),
        })
    }

    /// Reads the key files again (SIGHUP).
    ///
    /// # Errors
    /// A key file cannot be used; the old keys stay in force.
    pub fn reload(&self) -> Result<(), KeyError> {
        self.keys.store(Arc::new(read(&self.domains)?));
        Ok(())
    }

    /// Whether there are keys for `domain`.
    #[must_use]
    pub fn signs(&self, domain: &Domain) -> bool {
        self.keys.load().contains_key(domain)
    }

    /// `message` with the signatures of `domain` in front; as it is, where the domain has no keys.
    ///
    /// # Errors
    /// [`SignError`].
    pub async fn sign(&self, domain: &Domain, message: Bytes) -> Result<Bytes, SignError> {
        let Some(keys) = self.keys.load().get(domain).cloned() else {
            return Ok(message);
        };
        let domain = domain.clone();
        self.off_thread(move || sign(&keys, &domain, &message))
            .await
    }

    /// `message` with an ARC seal of `domain` in front; as it is, where the domain has no RSA key or the chain is broken.
    ///
    /// # Errors
    /// [`SignError`].
    pub async fn seal(
        &self,
        domain: &Domain,
        message: Bytes,
        sealing: Sealing,
    ) -> Result<Bytes, SignError> {
        let keys = self.keys.load().get(domain).cloned();
        let Some(keys) =
            keys.filter(|keys| sealing.chain != Chain::Broken && arc::key(keys).is_some())
        else {
            return Ok(message);
        };
        let domain = domain.clone();
        self.off_thread(move || match arc::key(&keys) {
            Some(key) => arc::seal(key, &domain, &sealing, &message),
            None => Ok(message),
        })
        .await
    }

    async fn off_thread(
        &self,
        work: impl FnOnce() -> mail_auth::Result<Bytes> + Send + 'static,
    ) -> Result<Bytes, SignError> {
        let place = self.places.clone().acquire_owned().await;
        let signed = tokio::task::spawn_blocking(move || {
            let _place = place;
            work()
        });
        let signed = signed.await.map_err(|error| SignError(error.to_string()))?;
        signed.map_err(|error| SignError(error.to_string()))
    }
}

fn read(domains: &[MaskedDomainConfig]) -> Result<Keys, KeyError> {
    let mut all = Keys::new();
    for domain in domains {
        let keys = keys::load(&domain.dkim)?;
        if !keys.is_empty() {
            all.insert(domain.masked.name.clone(), Arc::new(keys));
        }
    }
    Ok(all)
}

pub(super) fn sign(
    keys: &[Selected],
    domain: &Domain,
    message: &[u8],
) -> Result<Bytes, mail_auth::Error> {
    let end = memchr::memmem::find(message, b"\r\n\r\n").unwrap_or(message.len());
    let names = fields::names(message.get(..end).unwrap_or(message));
    let mut signed = BytesMut::with_capacity(message.len() + 1_024 * keys.len());
    for key in keys {
        signed.extend_from_slice(key.sign(domain, &names, message)?.as_bytes());
    }
    signed.extend_from_slice(message);
    Ok(signed.freeze())
}
