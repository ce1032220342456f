//! Who hears at once that a feed has grown.

use tokio::sync::broadcast;

use crate::archive::Published;

/// How many news a listener may be behind before it has to look into the archive itself.
const BEHIND: usize = 1024;

/// Tells that feeds have grown. A bell and no more: who is late or hears nothing finds everything in the feed.
#[derive(Debug, Clone)]
pub struct News(broadcast::Sender<Published>);

impl Default for News {
    fn default() -> Self {
        Self(broadcast::Sender::new(BEHIND))
    }
}

impl News {
    /// Tells everybody who listens.
    pub fn tell(&self, published: impl IntoIterator<Item = Published>) {
        for one in published {
            // An error says that nobody listens.
            let _ = self.0.send(one);
        }
    }

    /// Hears of everything from now on; [`broadcast::error::RecvError::Lagged`] means that any feed may have grown.
    #[must_use]
    pub fn listen(&self) -> broadcast::Receiver<Published> {
        self.0.subscribe()
    }
}
