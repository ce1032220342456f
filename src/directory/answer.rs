//! An answer that is there already, or comes: what is on this machine is read where it is asked for, and costs neither an allocation nor a thread for
//! that another store is across a network.

use std::future::{Future, Ready, ready};
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::runtime::Handle;

use super::Unavailable;

/// What a store across a network is waited for with.
type Pending<'a, T> = Pin<Box<dyn Future<Output = Result<T, Unavailable>> + Send + 'a>>;

/// An answer of a store; a future that may be ready from the beginning.
#[must_use = "nothing is asked before it is awaited"]
pub struct Answer<'a, T>(Inner<'a, T>);

enum Inner<'a, T> {
    Ready(Ready<Result<T, Unavailable>>),
    Pending(Pending<'a, T>),
}

impl<'a, T> Answer<'a, T> {
    /// One that is known.
    pub fn known(answer: Result<T, Unavailable>) -> Self {
        Self(Inner::Ready(ready(answer)))
    }

    /// One that comes.
    pub fn coming(answer: impl Future<Output = Result<T, Unavailable>> + Send + 'a) -> Self {
        Self(Inner::Pending(Box::pin(answer)))
    }

    /// Waits where nothing can be awaited: on a thread that may block, or on a worker of a runtime with several, whose other tasks move on. Outside of a
    /// runtime only what is known can be had.
    ///
    /// # Errors
    /// [`Unavailable`].
    pub fn wait(self) -> Result<T, Unavailable> {
        match self.0 {
            Inner::Ready(answer) => answer.into_inner(),
            Inner::Pending(answer) => match Handle::try_current() {
                Ok(runtime) => tokio::task::block_in_place(|| runtime.block_on(answer)),
                Err(error) => Err(Unavailable(error.to_string())),
            },
        }
    }
}

impl<T> Future for Answer<'_, T> {
    type Output = Result<T, Unavailable>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        match &mut self.0 {
            Inner::Ready(answer) => Pin::new(answer).poll(context),
            Inner::Pending(answer) => answer.as_mut().poll(context),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(flavor = "multi_thread")]
    async fn what_is_known_needs_no_second_look_and_what_comes_is_waited_for() {
        let mut context = Context::from_waker(std::task::Waker::noop());
        let mut known = Answer::known(Ok(7));
        assert!(matches!(
            Pin::new(&mut known).poll(&mut context),
            Poll::Ready(Ok(7))
        ));
        assert_eq!(Answer::known(Ok(7)).wait().unwrap(), 7);
        let coming = || {
            Answer::coming(async {
                tokio::task::yield_now().await;
                Ok(8)
            })
        };
        assert_eq!(coming().await.unwrap(), 8);
        assert_eq!(coming().wait().unwrap(), 8);
        let outside = std::thread::spawn(|| Answer::coming(async { Ok(9) }).wait());
        assert!(outside.join().unwrap().is_err());
    }
}
