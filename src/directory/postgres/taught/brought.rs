//! What pairs have brought one another: read, added to, and written unless another node was faster.

use std::time::Duration;

use super::{PostgresState, number, time};
use crate::directory::postgres::accounts::column;
use crate::directory::{Brought, Unavailable};
use crate::mail::Timestamp;
use crate::masking::ParticipantId;

/// How exactly it is known when a pair last wrote.
const DAY: Duration = Duration::from_secs(86_400);
/// How often a record is read again because another node has changed it.
const TRIES: usize = 20;

const ALL: &str = "select number, record from brought where writer = $1 and reader = $2 and at >= $3 order by number";
const ONE: &str =
    "select at, record from brought where writer = $1 and reader = $2 and number = $3";
const NEW: &str = "insert into brought (writer, reader, number, at, record) values ($1, $2, $3, $4, $5) on conflict do nothing returning 1";
const CHANGED: &str = "update brought set at = $4, record = $5 where writer = $1 and reader = $2 and number = $3 and at = $6 and record = $7 returning 1";

impl PostgresState {
    pub(super) async fn all_brought(
        &self,
        writer: ParticipantId,
        reader: ParticipantId,
        oldest: Timestamp,
    ) -> Result<Vec<(u32, Brought)>, Unavailable> {
        let rows = self
            .link
            .run(ALL, &[&writer.as_str(), &reader.as_str(), &number(oldest)])
            .await?;
        let mut all = Vec::with_capacity(rows.len());
        for row in &rows {
            let (key, record): (i64, String) = (column(row, 0)?, column(row, 1)?);
            // One that cannot be read is as good as none: then every address counts.
            if let (Ok(key), Ok(brought)) = (u32::try_from(key), serde_json::from_str(&record)) {
                all.push((key, brought));
            }
        }
        Ok(all)
    }

    pub(super) async fn add_brought(
        &self,
        (writer, reader): (ParticipantId, ParticipantId),
        key: u32,
        at: Timestamp,
        new: Brought,
    ) -> Result<(), Unavailable> {
        let (writer, reader, key) = (writer.as_str(), reader.as_str(), i64::from(key));
        for _ in 0..TRIES {
            let known = self.link.row(ONE, &[&writer, &reader, &key]).await?;
            let known: Option<(i64, String)> = known
                .map(|row| Ok::<_, Unavailable>((column(&row, 0)?, column(&row, 1)?)))
                .transpose()?;
            let read = known.as_ref().and_then(|(at, record)| {
                Some((time(*at), serde_json::from_str::<Brought>(record).ok()?))
            });
            let (last, mut all) = read.unwrap_or_else(|| (Timestamp(0), Brought::default()));
            let later = at.since(last) >= DAY;
            if !all.add(&new) && !later {
                return Ok(());
            }
            let record =
                serde_json::to_string(&all).map_err(|error| Unavailable(error.to_string()))?;
            let at = number(last.max(at));
            let is_written = match &known {
                None => {
                    self.any(NEW, &[&writer, &reader, &key, &at, &record])
                        .await?
                }
                Some((before, old)) => {
                    self.any(
                        CHANGED,
                        &[&writer, &reader, &key, &at, &record, before, old],
                    )
                    .await?
                }
            };
            if is_written {
                return Ok(());
            }
        }
        Err(Unavailable(
            "what a pair brought is changed by others all the time".to_owned(),
        ))
    }
}
