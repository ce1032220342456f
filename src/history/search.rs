//! Finds messages by whatever names them, and tells their lives.

use std::collections::{HashMap, HashSet};
use std::fs::File;
use std::io;

use super::day;
use super::line::HistoryRecord;
use super::query::{TraceQuery, is_named};
use super::runs::{Runs, Tail};
use super::store::{History, name};
use super::view::DayView;
use crate::mail::{Timestamp, TraceId};

/// The most lines that a search answers with: those of the last messages.
const MAX_FOUND: usize = 1_000;
/// Messages that began before the time that is asked for and may have gone on since: so many of the last of them are looked at.
const MOST_BEFORE: usize = 500;
/// Octets within which lines of one moment may stand in another order.
const MARGIN: u64 = 64 * 1024;
/// Octets of lines that are read where only times are asked for: the last of them.
const MOST_READ: u64 = 4 * 1024 * 1024;

/// Days, and between which places of each.
type Span<'a> = Vec<(&'a DayView, u64, u64)>;

impl History {
    /// The lives of the messages that `query` means, oldest line first; of many messages the last ones, at most 1,000 lines.
    ///
    /// # Errors
    /// A file cannot be read.
    pub fn search(&self, query: &TraceQuery) -> io::Result<Vec<HistoryRecord>> {
        self.flush()?;
        // Beside whoever indexes: what is neither in memory nor in a run at this moment is a gap, and read.
        let days = self.views()?;
        let traces = match query.leading() {
            wanted if wanted.is_empty() => self.traces_in_time(&days, query)?,
            wanted => self.traces_named(&days, &wanted, query)?,
        };
        let mut found = Vec::new();
        let mut uncovered = self.uncovered_lives(&days, &traces)?;
        let span = self.span(&days, query)?;
        for trace in traces {
            let read = uncovered.get(&trace).is_some_and(|life| !life.is_empty());
            if !read && !self.is_within(span.as_ref(), &trace)? {
                continue;
            }
            let mut life = self.life(&days, &trace)?;
            life.append(&mut uncovered.remove(&trace).unwrap_or_default());
            if query.means(&life) {
                found.append(&mut life);
            }
            if found.len() >= MAX_FOUND {
                break;
            }
        }
        found.truncate(MAX_FOUND);
        found.sort_by_key(|line| line.at);
        Ok(found)
    }

    /// All days, the last one first.
    fn views(&self) -> io::Result<Vec<DayView>> {
        let mut tails = self.ended().clone();
        tails.extend(self.day().as_ref().map(day::DayFile::tail));
        tails.iter_mut().for_each(|tail| tail.keys.sort_unstable());
        let mut days = Vec::new();
        for name in self.days()?.into_iter().rev() {
            let lines = File::open(self.folder.join(format!("{name}.ndjson")))?;
            let size = lines.metadata()?.len();
            let own = tails.iter().filter(|tail| tail.day == name);
            let own: Vec<Tail> = own.cloned().collect();
            // Without keys an index says nothing.
            let runs = Runs::open(&self.folder, &name)?;
            let gaps = match self.keys {
                Some(_) => runs.gaps(size, &own),
                None => vec![(0, size)],
            };
            days.push(DayView {
                gaps,
                size,
                lines,
                name,
                runs,
                tails: own,
            });
        }
        Ok(days)
    }

    fn digests_of(&self, names: &[&str]) -> Vec<u64> {
        let keys = self.keys.iter();
        let digests = keys.flat_map(|keys| names.iter().flat_map(|name| keys.digests(name)));
        digests.collect()
    }

    /// A line of a day, opened; none: there is none that can be read.
    fn line_at(&self, day: &DayView, at: u64) -> io::Result<Option<HistoryRecord>> {
        let line = serde_json::from_slice(&day.line(at)?).ok();
        Ok(line.map(|line| self.opened(line)))
    }

    /// The transactions that have one of `wanted`, the last one first; none of what was named after the time that is asked for.
    fn traces_named(
        &self,
        days: &[DayView],
        wanted: &[&str],
        query: &TraceQuery,
    ) -> io::Result<Vec<TraceId>> {
        let digests = self.digests_of(wanted);
        let is_before = |line: &HistoryRecord| query.since.is_some_and(|since| line.at < since);
        let (mut traces, mut seen) = (Vec::new(), HashSet::new());
        let mut before = HashSet::new();
        for day in days {
            let below = self.end_of(day, query)?;
            let mut found: Vec<(u64, TraceId)> = Vec::new();
            for at in day.places(&digests, below)?.into_iter().take(MAX_FOUND) {
                let line = self.line_at(day, at)?;
                if let Some(line) = line.filter(|line| is_named(line, wanted)) {
                    if is_before(&line) {
                        before.insert(line.trace.clone());
                    }
                    found.push((at, line.trace));
                }
                if before.len() >= MOST_BEFORE {
                    break;
                }
            }
            for (from, to) in &day.gaps {
                self.between(&day.name, *from, (*to).min(below), &mut |at, line| {
                    if is_named(&line, wanted) {
                        found.push((at, line.trace));
                    }
                })?;
            }
            found.sort_unstable_by_key(|(at, _)| std::cmp::Reverse(*at));
            let new = found.into_iter().map(|(_, trace)| trace);
            traces.extend(new.filter(|trace| seen.insert(trace.clone())));
            if traces.len() >= MAX_FOUND || before.len() >= MOST_BEFORE {
                break;
            }
        }
        traces.truncate(MAX_FOUND);
        Ok(traces)
    }

    /// The places of each day between which lines of the time that is asked for stand; none: no time bounds them below.
    fn span<'a>(&self, days: &'a [DayView], query: &TraceQuery) -> io::Result<Option<Span<'a>>> {
        let Some(since) = query.since else {
            return Ok(None);
        };
        let mut span = Vec::new();
        for day in days.iter().filter(|day| day.name >= name(since)) {
            let from = match day.name == name(since) {
                true => self.first_after(day, since)?.saturating_sub(4 * MARGIN),
                false => 0,
            };
            span.push((day, from, self.end_of(day, query)?));
        }
        Ok(Some(span))
    }

    /// Whether a line of a transaction stands there, by the index alone: cheaper than to read its life.
    fn is_within(&self, span: Option<&Span<'_>>, trace: &TraceId) -> io::Result<bool> {
        let Some(span) = span else {
            return Ok(true);
        };
        let digests = self.digests_of(&[trace.as_str()]);
        for (day, from, below) in span {
            if day
                .places(&digests, *below)?
                .iter()
                .any(|place| place >= from)
            {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Up to where the lines of a day may be of the time that is asked for.
    fn end_of(&self, day: &DayView, query: &TraceQuery) -> io::Result<u64> {
        match query.until {
            Some(until) if day.name > name(until) => Ok(0),
            Some(until) if day.name == name(until) => self.first_after(day, until),
            _ => Ok(day.size),
        }
    }

    /// The transactions of which a line stands between two times, the last one first. Lines stand in the order of time, but for those that a restart
    /// wrote again.
    fn traces_in_time(&self, days: &[DayView], query: &TraceQuery) -> io::Result<Vec<TraceId>> {
        let (mut traces, mut seen) = (Vec::new(), HashSet::new());
        for day in days {
            let end = self.end_of(day, query)?;
            if end == 0 || query.since.is_some_and(|since| day.name < name(since)) {
                continue;
            }
            let from = day.line_start(end.saturating_sub(MOST_READ))?;
            let mut found = Vec::new();
            self.between(&day.name, from, end, &mut |_, line| {
                if query.in_time(line.at) {
                    found.push(line.trace);
                }
            })?;
            let new = found.into_iter().rev();
            traces.extend(new.filter(|trace| seen.insert(trace.clone())));
            if traces.len() >= MAX_FOUND {
                break;
            }
        }
        traces.truncate(MAX_FOUND);
        Ok(traces)
    }

    /// Where the lines of after `time` begin at the latest.
    fn first_after(&self, day: &DayView, time: Timestamp) -> io::Result<u64> {
        let (mut low, mut high) = (0, day.size);
        while high - low > 4_096 {
            let middle = day.line_start(low + (high - low) / 2)?;
            match self.line_at(day, middle)? {
                Some(line) if middle < high && line.at <= time => low = middle,
                _ => high = low + (high - low) / 2,
            }
        }
        // Lines of one moment may stand on both sides.
        Ok((high + MARGIN).min(day.size))
    }

    /// The lines of a transaction that the index has, oldest first.
    fn life(&self, days: &[DayView], trace: &TraceId) -> io::Result<Vec<HistoryRecord>> {
        let digests = self.digests_of(&[trace.as_str()]);
        let mut life = Vec::new();
        for day in days.iter().rev() {
            for at in day.places(&digests, day.size)?.into_iter().rev() {
                life.extend(self.line_at(day, at)?.filter(|line| line.trace == *trace));
            }
        }
        Ok(life)
    }

    /// The lines of transactions that no index has yet.
    fn uncovered_lives(
        &self,
        days: &[DayView],
        traces: &[TraceId],
    ) -> io::Result<HashMap<TraceId, Vec<HistoryRecord>>> {
        let mut lives: HashMap<TraceId, Vec<HistoryRecord>> = traces
            .iter()
            .map(|trace| (trace.clone(), Vec::new()))
            .collect();
        if traces.is_empty() {
            return Ok(lives);
        }
        for day in days.iter().rev() {
            for (from, to) in &day.gaps {
                self.between(&day.name, *from, *to, &mut |_, line| {
                    if let Some(life) = lives.get_mut(&line.trace) {
                        life.push(line);
                    }
                })?;
            }
        }
        Ok(lives)
    }
}
