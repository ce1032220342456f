//! The intake without a server: `explain` on a machine where none runs decides by the same code over the same stores.
//! Nothing can be accepted through it.

use std::sync::Arc;

use bytes::Bytes;

use super::StartError;
use super::data_dir;
use super::shared::Shared;
use super::stores::Stores;
use crate::config::Config;
use crate::intake::Intake;
use crate::mail::QueueId;
use crate::spool::{
    Content, Entry, InFlight, NewEntry, Settlement, Spool, SpoolError, SpoolFuture,
};

/// Opens what a decision needs.
///
/// # Errors
/// [`StartError`]: a store is in use by a server that this configuration does not reach, or cannot be read.
pub async fn open_intake(config: Config) -> Result<Intake, StartError> {
    data_dir::own(&config).map_err(|error| StartError::because("data_dir", error.0))?;
    let shared = Shared::open(&config).await?;
    let stores = Stores::open(config, shared)?;
    // The server makes it again; an answer from an empty directory would be wrong for everybody.
    if stores
        .kept
        .local()
        .is_some_and(|local| local.lost.is_some())
    {
        let text = "it is lost; a server makes it again from the last export";
        return Err(StartError::because("directory", text));
    }
    Ok(Intake::new(stores.tools(Arc::new(NoSpool))))
}

/// Takes nothing.
struct NoSpool;

/// For everything that would have to be stored.
fn refuse<T: Send + 'static>() -> SpoolFuture<'static, T> {
    Box::pin(async { Err(SpoolError::Unhealthy("no server runs".to_owned())) })
}

impl Spool for NoSpool {
    fn next_id(&self) -> QueueId {
        // It shows in no answer, and what is made with it is thrown away.
        QueueId(0)
    }

    fn commit(&self, _: Vec<NewEntry>) -> SpoolFuture<'_, ()> {
        refuse()
    }

    fn write_part(&self, _: QueueId, _: Vec<NewEntry>) -> SpoolFuture<'_, ()> {
        refuse()
    }

    fn finish(&self, _: QueueId, _: Vec<Entry>, _: Vec<NewEntry>) -> SpoolFuture<'_, ()> {
        refuse()
    }

    fn abandon(&self, _: QueueId) {}

    fn begin_attempt(&self, _: QueueId) -> Result<InFlight, SpoolError> {
        Err(SpoolError::Unhealthy("no server runs".to_owned()))
    }

    fn settle(&self, _: QueueId, _: Settlement) -> SpoolFuture<'_, ()> {
        refuse()
    }

    fn report(&self, _: QueueId, _: Settlement, _: NewEntry) -> SpoolFuture<'_, ()> {
        refuse()
    }

    fn content(&self, _: QueueId) -> SpoolFuture<'_, Content> {
        refuse()
    }

    fn body(&self, _: QueueId) -> SpoolFuture<'_, Bytes> {
        refuse()
    }

    // As a server that is well would say: the question is what policy decides, not whether a server runs.
    fn ready(&self) -> Result<(), SpoolError> {
        Ok(())
    }
}
