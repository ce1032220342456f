//! The digest of notices beyond those that an account gets by themselves: once an hour, in a table.

use super::{Contents, notice};
use crate::directory::NoticeDigest;
use crate::dsn::{StoppedDigest, stopped_digest};
use crate::intake::masked::mask_of;
use crate::intake::tools::Intake;
use crate::mail::TraceId;
use crate::policy::Refusal;
use crate::spool::{Entry, Target};

/// Sends every digest that waits. What cannot be sent now waits for the next hour; after a crash between its commit and the end of its rows it is sent
/// twice, and never not at all.
pub async fn send_digests(intake: &Intake) {
    let sets = intake.tools.in_force.current();
    let contents = intake.contents(&sets);
    let digests = contents.state.digests().await;
    for digest in digests.unwrap_or_default() {
        if let Err(error) = send(contents, &digest).await {
            tracing::error!(event = "notice_failed", %error);
        }
    }
}

async fn send(contents: Contents<'_>, (account, rows): &NoticeDigest) -> Result<(), String> {
    let text = |error: &dyn std::fmt::Display| error.to_string();
    let found = contents.directory.participant(account).await;
    let Some(writer) = found.map_err(|error| text(&error))? else {
        // Nobody is left to be told.
        let forgotten = contents.state.forget_digest(account, rows.len()).await;
        return forgotten.map_err(|error| text(&error));
    };
    let to = mask_of(
        contents.directory,
        contents.ids.domains,
        &writer,
        None,
        None,
    )
    .await;
    let to = to.map_err(|refusal: Refusal| refusal.text)?;
    let (id, now) = (
        contents.entries.spool.next_id(),
        contents.entries.clock.now(),
    );
    let body = stopped_digest(&StoppedDigest {
        id,
        to: &to,
        domain: to.domain(),
        language: &writer.language,
        rows,
        now,
    });
    let target = Target::Participant {
        participant: account.clone(),
        transaction: None,
    };
    let entry = Entry::new(id, TraceId::new(id.0, 0), now, target);
    let body = body.ok_or("a digest that cannot be composed")?;
    let entry = notice::signed(contents, &to, entry, body).await?;
    let committed = contents.entries.spool.commit(vec![entry]).await;
    committed.map_err(|error| text(&error))?;
    let forgotten = contents.state.forget_digest(account, rows.len()).await;
    forgotten.map_err(|error| text(&error))
}
