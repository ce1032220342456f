//! The public keys of whoever signs participants in: read again when they are old, and when a token names one that is not among them, at most once in
//! half a minute.

use std::future::Future;
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use tokio::sync::Mutex;

use super::sign_in::{Key, keys};
use crate::clock::Clock;
use crate::config::{KeySource, WebAddress};
use crate::files;
use crate::mail::Timestamp;

/// How old keys may be before they are read again.
const FRESH: Duration = Duration::from_secs(300);
/// How old keys may be that cannot be read again: one that was taken back must not be good for ever.
const OLDEST: Duration = Duration::from_secs(86_400);
/// From one attempt to the next.
const APART: Duration = Duration::from_secs(30);

/// An answer of a server that is waited for.
pub type Fetching<'a> = Pin<Box<dyn Future<Output = Result<Vec<u8>, String>> + Send + 'a>>;

/// Fetches what is at an address of the web.
pub trait Fetch: Send + Sync + 'static {
    /// The octets, of a bounded number and in a bounded time; else why there are none.
    fn fetch<'a>(&'a self, address: &'a WebAddress) -> Fetching<'a>;
}

/// Keys and where they come from.
pub struct KeySet {
    source: Source,
    clock: Arc<dyn Clock>,
    loaded: ArcSwap<Loaded>,
    /// When they were asked for last; held while they are.
    asked: Mutex<Option<Timestamp>>,
}

enum Source {
    File(PathBuf),
    Server(WebAddress, Arc<dyn Fetch>),
}

#[derive(Default)]
struct Loaded {
    keys: Arc<Vec<Key>>,
    at: Option<Timestamp>,
}

impl KeySet {
    /// The keys of `source`. Those of a file are read now, those of a server once a token comes.
    ///
    /// # Errors
    /// The file cannot be read, or has no key that can be used.
    pub fn open(
        source: &KeySource,
        fetch: Arc<dyn Fetch>,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, String> {
        let (source, loaded) = match source {
            KeySource::File(path) => {
                let read = Loaded {
                    keys: Arc::new(read(path)?),
                    at: Some(clock.now()),
                };
                (Source::File(path.clone()), read)
            }
            KeySource::Server(address) => {
                (Source::Server(address.clone(), fetch), Loaded::default())
            }
        };
        Ok(Self {
            source,
            clock,
            loaded: ArcSwap::from_pointee(loaded),
            asked: Mutex::default(),
        })
    }

    /// The keys as they are known now; one of this name is looked for anew where it is not among them.
    pub(super) async fn current(self: &Arc<Self>, name: Option<&str>) -> Arc<Vec<Key>> {
        let has = |keys: &[Key]| keys.iter().any(|key| key.is_named(name));
        let (keys, age) = self.known();
        if has(&keys) {
            if age > FRESH {
                // Nobody waits for what is good still.
                let own = self.clone();
                tokio::spawn(async move { own.refresh(FRESH).await });
            }
            return keys;
        }
        self.refresh(Duration::ZERO).await;
        self.known().0
    }

    /// The keys, none where they are too old, and how old they are.
    fn known(&self) -> (Arc<Vec<Key>>, Duration) {
        let loaded = self.loaded.load();
        let age = loaded
            .at
            .map_or(Duration::MAX, |at| self.clock.now().since(at));
        match age > OLDEST {
            true => (Arc::default(), age),
            false => (loaded.keys.clone(), age),
        }
    }

    /// Reads the keys again if they are older than `age`. What fails leaves those that there are.
    async fn refresh(&self, age: Duration) {
        let mut asked = self.asked.lock().await;
        let now = self.clock.now();
        let is_soon = asked.is_some_and(|last| now.since(last) < APART);
        // Another one may have read them meanwhile.
        if is_soon || self.known().1 < age {
            return;
        }
        *asked = Some(now);
        let read = match &self.source {
            Source::File(path) => {
                let path = path.clone();
                let read = tokio::task::spawn_blocking(move || read(&path)).await;
                read.unwrap_or_else(|error| Err(error.to_string()))
            }
            Source::Server(address, fetch) => {
                let read = fetch.fetch(address).await.and_then(|text| keys(&text));
                read.map_err(|error| format!("{}: {error}", address.host))
            }
        };
        match read {
            Ok(keys) => self.loaded.store(Arc::new(Loaded {
                keys: Arc::new(keys),
                at: Some(now),
            })),
            Err(error) => {
                tracing::warn!(
                    event = "center_keys_not_read",
                    error,
                    "the keys of [center] jwks stay as they are, for a day at most"
                );
            }
        }
    }
}

fn read(path: &PathBuf) -> Result<Vec<Key>, String> {
    let text = std::fs::read(path).map_err(|error| files::describe(path, &error))?;
    keys(&text).map_err(|error| format!("{}: {error}", path.display()))
}
