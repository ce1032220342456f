//! What the service manager is told (sd_notify(3)): that the start takes longer, that mail is taken, that the process lives, that it stops.
//!
//! Without `NOTIFY_SOCKET` in the environment nothing is sent. A message that cannot be sent is no reason to stop serving: it is left out.

use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::thread::JoinHandle;
use std::time::Duration;

use sd_notify::NotifyState;
use tokio::time::{MissedTickBehavior, interval};

/// How much time a start asks for anew, and how often: opening a spool of millions of entries takes minutes.
const MORE: Duration = Duration::from_secs(60);
const EVERY: Duration = Duration::from_secs(15);

/// A start under way. While this lives, the service manager is asked for more time.
pub(super) struct Starting {
    ended: Option<Sender<()>>,
    asking: Option<JoinHandle<()>>,
}

/// Asks for time until the value is dropped. From a thread of its own: opening the stores may keep the runtime's threads busy.
pub(super) fn starting() -> Starting {
    let (ended, wait) = mpsc::channel();
    let ask = move || {
        while wait.recv_timeout(EVERY) == Err(RecvTimeoutError::Timeout) {
            tell(&[NotifyState::ExtendTimeoutUsec(micros(MORE))]);
        }
    };
    tell(&[NotifyState::Status("opening the stores")]);
    Starting {
        ended: Some(ended),
        // Without a thread the start has the time that the unit gives it.
        asking: std::thread::Builder::new().spawn(ask).ok(),
    }
}

impl Drop for Starting {
    fn drop(&mut self) {
        drop(self.ended.take());
        let _ = self.asking.take().map(JoinHandle::join);
    }
}

/// Mail is taken from now on.
pub(super) fn ready() {
    tell(&[NotifyState::Ready, NotifyState::Status("taking mail")]);
}

/// No mail is taken any more; what is under way ends.
pub(super) fn stopping() {
    tell(&[
        NotifyState::Stopping,
        NotifyState::Status("ending what is under way"),
    ]);
}

/// The start has failed.
pub(super) fn failed(why: &str) {
    tell(&[NotifyState::Status(why)]);
}

/// Signs of life until the process ends, twice within what the unit's `WatchdogSec=` asks for (`WATCHDOG_USEC`); none where nothing asks. As a task of
/// its own it shows that the runtime still gets to its tasks, also while the server stops.
pub(super) async fn signs_of_life() {
    let Some(most) = sd_notify::watchdog_enabled() else {
        return;
    };
    let mut ticks = interval((most / 2).max(Duration::from_millis(1)));
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        tell(&[NotifyState::Watchdog]);
    }
}

fn tell(state: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(state) {
        tracing::debug!(event = "service_manager", %error);
    }
}

fn micros(time: Duration) -> u32 {
    u32::try_from(time.as_micros()).unwrap_or(u32::MAX)
}
