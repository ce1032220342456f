//! The Message Center: its archive under `data_dir/center`, and the work that keeps it. Where `[center]` is absent there is none of it.

use std::sync::Arc;

use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::StartError;
use super::stores::Stores;
use crate::archive::SqliteArchive;
use crate::center::{Center, CenterContext};
use crate::config::{Config, WhenBehind};
use crate::intake::Intake;
use crate::spool::LocalSpool;

/// How far the archive may be behind the log before no mail is taken; none: there is no archive.
pub(super) fn most_unread(config: &Config) -> Option<u64> {
    let center = config.center.as_ref()?;
    Some(match center.when_behind {
        WhenBehind::Refuse => center.behind,
        // The Center gives up what is beyond that.
        WhenBehind::Skip => u64::MAX,
    })
}

/// Opens the archive and starts the Center; none: `[center]` is absent.
pub(super) fn start(
    stores: &Stores,
    spool: &LocalSpool,
    intake: &Arc<Intake>,
    shutdown: &CancellationToken,
) -> Result<Option<(Center, JoinHandle<()>)>, StartError> {
    let Some(settings) = &stores.config.center else {
        return Ok(None);
    };
    let archive = open_archive(&stores.config)?;
    let skip = settings.when_behind == WhenBehind::Skip;
    let context = CenterContext {
        key: archive.key(),
        archive: Arc::new(archive),
        log: spool.reader(),
        directory: stores.directory.clone(),
        history: stores.history.clone(),
        intake: intake.clone(),
        most_octets: stores.config.smtp.max_message_size,
        skip_beyond: skip.then_some(settings.behind),
        keep: settings.keep,
        clock: stores.clock.clone(),
    };
    let (center, work) = Center::new(context, shutdown.clone());
    Ok(Some((center, tokio::spawn(work))))
}

/// Opens the archive of a configuration, made if it is missing.
///
/// # Errors
/// [`StartError`] with a sentence for the operator.
pub fn open_archive(config: &Config) -> Result<SqliteArchive, StartError> {
    let failed = |error: String| StartError::because("center", error);
    let mut key = [0; 32];
    aws_lc_rs::rand::fill(&mut key)
        .map_err(|_| failed("the system has no randomness".to_owned()))?;
    let archive = SqliteArchive::open(&config.data_dir.join("center"), key);
    archive.map_err(|error| failed(error.to_string()))
}
