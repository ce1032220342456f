//! Work of more than a millisecond, off the threads that serve sessions: on blocking threads, no more of them at once than there are cores.

use std::sync::{Arc, LazyLock};

use tokio::runtime::{Handle, RuntimeFlavor};
use tokio::sync::Semaphore;
use tokio::task::{block_in_place, spawn_blocking};

/// Bytes up to which nothing that is done with them takes a millisecond, whatever stands in them. Such work stays where it is: a change of
/// threads costs as much as reading an ordinary message.
const SMALL: usize = 32 * 1024;

/// One for each core: more threads would only take turns, and those that serve sessions would wait longer for theirs.
static SLOTS: LazyLock<Arc<Semaphore>> = LazyLock::new(|| {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    Arc::new(Semaphore::new(cores))
});

/// Bytes from which work is done one after the other: beside the message stand its copy and the text that is read last, and two such would take more
/// than is kept for messages.
const LARGE: usize = 8 * 1024 * 1024;

static LARGE_SLOT: Semaphore = Semaphore::const_new(1);

/// Does `work` with so many bytes: here, or for more than a few on a blocking thread, in its turn. Its panics go on to the caller.
pub async fn offload<T: Send + 'static>(
    bytes: usize,
    work: impl FnOnce() -> T + Send + 'static,
) -> T {
    if bytes <= SMALL {
        return work();
    }
    // Never closed; without a slot the work is done all the same.
    let slot = SLOTS.clone().acquire_owned().await.ok();
    let done = spawn_blocking(move || {
        let _slot = slot;
        work()
    });
    match done.await.map_err(tokio::task::JoinError::try_into_panic) {
        Ok(done) => done,
        Err(Ok(panic)) => std::panic::resume_unwind(panic),
        // The runtime ends, and this task with it.
        Err(Err(_)) => std::future::pending().await,
    }
}

/// As [`offload`], for work that borrows: the thread is given up as one that serves sessions, and another takes its place. A runtime of one thread
/// has none to give up.
pub async fn in_place<T>(bytes: usize, work: impl FnOnce() -> T + Send) -> T {
    if bytes <= SMALL {
        return work();
    }
    let _alone = match bytes {
        LARGE.. => LARGE_SLOT.acquire().await.ok(),
        _ => None,
    };
    let _slot = SLOTS.acquire().await.ok();
    match Handle::try_current().map(|handle| handle.runtime_flavor()) {
        Ok(RuntimeFlavor::MultiThread) => block_in_place(work),
        _ => work(),
    }
}

#[cfg(test)]
mod tests {
    use std::thread::current;

    use super::*;

    #[tokio::test(flavor = "multi_thread", worker_threads = 1)]
    async fn h145_others_are_served_while_borrowed_work_is_done() {
        let (say, heard) = std::sync::mpsc::channel();
        let work = async move {
            // On the one thread that there is: only another in its place can run this.
            tokio::spawn(async move { say.send(()) });
            let word = "done".to_owned();
            in_place(SMALL + 1, move || {
                heard.recv().unwrap();
                word.len()
            })
            .await
        };
        assert_eq!(tokio::spawn(work).await.unwrap(), 4);
    }

    #[tokio::test]
    async fn h145_small_work_stays_and_large_work_goes_to_another_thread() {
        let here = current().id();
        assert_eq!(offload(SMALL, || current().id()).await, here);
        assert_ne!(offload(SMALL + 1, || current().id()).await, here);
        let panicked = tokio::spawn(offload(SMALL + 1, || -> () { panic!("on purpose") })).await;
        assert!(panicked.unwrap_err().is_panic());
        assert_ne!(
            offload(SMALL + 1, || current().id()).await,
            here,
            "a panic leaves its slot behind"
        );
    }
}
