//! A batch as one statement: the fences that hold, locked, and what is written by them.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use tokio_postgres::types::ToSql;

use super::quarters::{quarter_of, stored};
use crate::mail::QueueId;
use crate::shards::{Fence, Row};

/// Rows of one kind, by columns; each kind has some of them.
#[derive(Debug, Default)]
struct Columns<'a> {
    ids: Vec<i64>,
    parts: Vec<i64>,
    epochs: Vec<i64>,
    turns: Vec<i64>,
    heads: Vec<&'a [u8]>,
    bodies: Vec<&'a [u8]>,
}

/// What is written into the tables of a quarter.
#[derive(Debug, Default)]
struct Quarter<'a> {
    entries: Columns<'a>,
    reports: Columns<'a>,
    done: Columns<'a>,
    progress: Columns<'a>,
}

/// A value of a statement.
pub(super) type Value<'a> = Box<dyn ToSql + Sync + Send + 'a>;

/// A number as the database has it. Partitions, epochs and turns are counted, and never get so far.
pub(super) fn number(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// Parts and epochs of fences, for an `unnest`.
pub(super) fn columns(fences: &[Fence]) -> (Vec<i64>, Vec<i64>) {
    let part = |fence: &Fence| number(fence.part.0);
    let epoch = |fence: &Fence| number(fence.epoch.0);
    (
        fences.iter().map(part).collect(),
        fences.iter().map(epoch).collect(),
    )
}

/// The statement, its text the same for all batches that touch the same quarters in the same manner, and its values. It answers with one row for each fence
/// that holds, or one of nulls; `waits` is whether a commit waits for standbys, by `condition`.
pub(super) fn statement<'a>(rows: &'a [Row], condition: &str) -> (String, Vec<Value<'a>>) {
    let mut fences: Vec<Fence> = rows.iter().map(Row::fence).collect();
    fences.sort_unstable();
    fences.dedup();
    let (parts, epochs) = columns(&fences);
    // Locked, so that nobody takes one of them before this is committed.
    let mut sql = format!(
        "with held as materialized (select l.part, l.epoch from lease l \
         join unnest($1::bigint[], $2::bigint[]) as f (part, epoch) on f.part = l.part and f.epoch = l.epoch \
         where {condition} for share of l)"
    );
    let mut values: Vec<Value<'_>> = vec![Box::new(parts), Box::new(epochs)];
    for (quarter, written) in by_quarter(rows) {
        written.say(quarter, &mut sql, &mut values);
    }
    let _ = write!(
        sql,
        " select {condition} as waits, h.part, h.epoch from (select 1) as one left join held h on true"
    );
    (sql, values)
}

fn by_quarter(rows: &[Row]) -> BTreeMap<i64, Quarter<'_>> {
    let mut quarters: BTreeMap<i64, Quarter<'_>> = BTreeMap::new();
    // Of several that say the same of an entry the last one counts; a statement may say it once.
    let mut progress: BTreeMap<QueueId, (Fence, u64, &[u8])> = BTreeMap::new();
    for row in rows {
        match row {
            Row::Entry(fence, entry) | Row::Report(fence, entry) => {
                let quarter = quarters.entry(quarter_of(entry.id)).or_default();
                let columns = match row {
                    Row::Report(..) => &mut quarter.reports,
                    _ => &mut quarter.entries,
                };
                columns.add(entry.id, *fence);
                columns.heads.push(&entry.head);
                columns.bodies.push(&entry.body);
            }
            Row::Done(fence, id) => {
                let quarter = quarters.entry(quarter_of(*id)).or_default();
                quarter.done.add(*id, *fence);
            }
            Row::Progress {
                fence,
                id,
                turn,
                progress: kept,
            } => {
                let latest = progress.entry(*id).or_insert((*fence, *turn, kept));
                if (latest.0.epoch, latest.1) < (fence.epoch, *turn) {
                    *latest = (*fence, *turn, kept);
                }
            }
        }
    }
    for (id, (fence, turn, kept)) in progress {
        let columns = &mut quarters.entry(quarter_of(id)).or_default().progress;
        columns.add(id, fence);
        columns.turns.push(number(turn));
        columns.heads.push(kept);
    }
    quarters
}

impl Columns<'_> {
    fn add(&mut self, id: QueueId, fence: Fence) {
        self.ids.push(stored(id));
        self.parts.push(number(fence.part.0));
        self.epochs.push(number(fence.epoch.0));
    }
}

impl<'a> Quarter<'a> {
    /// Adds what is said of the quarter.
    fn say(self, quarter: i64, sql: &mut String, values: &mut Vec<Value<'a>>) {
        let held = "join held h on h.part = n.part and h.epoch = n.epoch";
        // Of mail that is written once, an id that is there is another's: the error undoes all. A report may have been written before.
        let kinds = [
            ("entries", self.entries, ""),
            ("reports", self.reports, " on conflict do nothing"),
        ];
        for (name, columns, or_else) in kinds {
            let Columns {
                ids,
                parts,
                epochs,
                heads,
                bodies,
                ..
            } = columns;
            if ids.is_empty() {
                continue;
            }
            let given = given(values, &["bigint", "bigint", "bigint", "bytea", "bytea"]);
            let _ = write!(
                sql,
                ", {name}_{quarter} as (insert into entry_{quarter} (id, part, head, body) \
                 select n.id, n.part, n.head, n.body from unnest({given}) as n (id, part, epoch, head, body) {held}{or_else})"
            );
            values.extend([
                Box::new(ids) as Value<'a>,
                Box::new(parts),
                Box::new(epochs),
                Box::new(heads),
                Box::new(bodies),
            ]);
        }
        let Columns {
            ids, parts, epochs, ..
        } = self.done;
        if !ids.is_empty() {
            let given = given(values, &["bigint", "bigint", "bigint"]);
            let _ = write!(
                sql,
                ", dones_{quarter} as (insert into done_{quarter} (id, part) \
                 select n.id, n.part from unnest({given}) as n (id, part, epoch) {held} on conflict do nothing)"
            );
            values.extend([
                Box::new(ids) as Value<'a>,
                Box::new(parts),
                Box::new(epochs),
            ]);
        }
        let Columns {
            ids,
            parts,
            epochs,
            turns,
            heads,
            ..
        } = self.progress;
        if !ids.is_empty() {
            let given = given(values, &["bigint", "bigint", "bigint", "bigint", "bytea"]);
            let _ = write!(
                sql,
                ", progresses_{quarter} as (insert into progress_{quarter} as p (id, epoch, turn, kept) \
                 select n.id, n.epoch, n.turn, n.kept from unnest({given}) as n (id, part, epoch, turn, kept) {held} \
                 on conflict (id) do update set epoch = excluded.epoch, turn = excluded.turn, kept = excluded.kept \
                 where (p.epoch, p.turn) < (excluded.epoch, excluded.turn))"
            );
            values.extend([
                Box::new(ids) as Value<'a>,
                Box::new(parts),
                Box::new(epochs),
                Box::new(turns),
                Box::new(heads),
            ]);
        }
    }
}

/// The next parameters, as arrays of these types.
fn given(values: &[Value<'_>], types: &[&str]) -> String {
    let first = values.len() + 1;
    let each = types.iter().enumerate();
    let each: Vec<String> = each
        .map(|(at, name)| format!("${}::{name}[]", first + at))
        .collect();
    each.join(", ")
}
