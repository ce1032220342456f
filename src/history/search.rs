//! Finds messages by whatever names them, and tells their lives.

use std::collections::{HashMap, HashSet};
use std::io;

use super::day;
use super::line::HistoryRecord;
use super::names::{self, plain};
use super::runs::{Runs, Tail};
use super::store::{History, name};
use crate::config;
use crate::mail::{Mailbox, Timestamp, TraceId};

/// The most lines that a search answers with: those of the last messages.
const MAX_FOUND: usize = 1_000;
/// Octets of lines that are read where only times are asked for: the last of them.
const MOST_READ: u64 = 4 * 1024 * 1024;

/// What a search looks for. All that is given must hold.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TraceQuery {
    /// The ways to write one name; a line has one of them.
    names: Vec<String>,
    /// The seller of the transaction.
    seller: Option<String>,
    since: Option<Timestamp>,
    until: Option<Timestamp>,
}

impl TraceQuery {
    /// A query for a trace id, a queue id, a masked or a real address, an account, a transaction, a Message-ID or a reference. Angle brackets around
    /// it and letter case are free.
    #[must_use]
    pub fn new(text: &str) -> Self {
        let written = plain(text).into_owned();
        // A domain has two forms.
        let parsed = written
            .parse()
            .ok()
            .map(|address: Mailbox| address.to_string());
        let parsed = parsed.map(|address| address.to_ascii_lowercase());
        let mut names = vec![written];
        names.extend(parsed.filter(|parsed| Some(parsed) != names.first()));
        Self {
            names,
            ..Self::default()
        }
    }

    /// A query for everything.
    #[must_use]
    pub fn all() -> Self {
        Self::default()
    }

    /// Messages about transactions of this seller only.
    #[must_use]
    pub fn of_seller(self, account: &str) -> Self {
        Self {
            seller: Some(format!("{}{}", names::SELLER, plain(account))),
            ..self
        }
    }

    /// Messages of which a line stands between these times only; none: without a bound.
    #[must_use]
    pub fn between(self, since: Option<Timestamp>, until: Option<Timestamp>) -> Self {
        Self {
            since,
            until,
            ..self
        }
    }

    /// Whether nothing bounds it.
    #[must_use]
    pub fn is_open(&self) -> bool {
        *self == Self::default()
    }

    /// The names that lead to lines by the index; none: times alone do.
    fn leading(&self) -> Vec<&str> {
        match &self.seller {
            Some(seller) if self.names.is_empty() => vec![seller],
            _ => self.names.iter().map(String::as_str).collect(),
        }
    }

    fn in_time(&self, at: Timestamp) -> bool {
        self.since.is_none_or(|since| at >= since) && self.until.is_none_or(|until| at <= until)
    }

    /// Whether a message with these lines is meant.
    fn means(&self, life: &[HistoryRecord]) -> bool {
        let seller = self.seller.as_deref();
        life.iter().any(|line| self.in_time(line.at))
            && seller.is_none_or(|seller| life.iter().any(|line| is_named(line, &[seller])))
    }
}

/// Whether a line has one of these names.
fn is_named(line: &HistoryRecord, wanted: &[&str]) -> bool {
    let mut found = false;
    names::each(line, &mut |name| found |= wanted.contains(&name));
    found
}

/// The point in time that an operator names: RFC 3339, or how long ago (`2h`).
///
/// # Errors
/// It is neither.
pub fn moment(text: &str, now: Timestamp) -> Result<Timestamp, String> {
    if let Some(at) = Timestamp::parse_rfc3339(text) {
        return Ok(at);
    }
    let back = config::duration(text).map_err(|_| {
        format!("{text:?} is no time: write 2026-11-24T10:00:00Z, or 2h for two hours ago")
    })?;
    let back = u64::try_from(back.as_millis()).unwrap_or(u64::MAX);
    Ok(Timestamp(now.0.saturating_sub(back)))
}

/// The lines of a day that can be looked up, and those that have to be read.
struct DayView {
    name: String,
    size: u64,
    runs: Runs,
    tails: Vec<Tail>,
    gaps: Vec<(u64, u64)>,
}

impl DayView {
    /// The places before `below` that any of `digests` leads to, the last one first.
    fn places(&self, digests: &[u64], below: u64) -> io::Result<Vec<u64>> {
        let mut places = Vec::new();
        for digest in digests {
            places.extend(self.runs.places(*digest, below)?);
            for tail in &self.tails {
                let first = tail.keys.partition_point(|(key, _)| key < digest);
                let keys = tail.keys.iter().skip(first);
                places.extend(keys.take_while(|(key, _)| key == digest).map(|(_, at)| at));
            }
        }
        places.retain(|place| *place < below);
        places.sort_unstable_by(|one, other| other.cmp(one));
        places.dedup();
        Ok(places)
    }
}

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
        for trace in traces {
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
            let path = self.folder.join(format!("{name}.ndjson"));
            let size = std::fs::metadata(path)?.len();
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
    fn line_at(&self, day: &str, at: u64) -> io::Result<Option<HistoryRecord>> {
        let text = day::line(&self.folder, day, at)?;
        Ok(serde_json::from_slice(&text)
            .ok()
            .map(|line| self.opened(line)))
    }

    /// The transactions that have one of `wanted`, the last one first; none of what was named after the time that is asked for.
    fn traces_named(
        &self,
        days: &[DayView],
        wanted: &[&str],
        query: &TraceQuery,
    ) -> io::Result<Vec<TraceId>> {
        let digests = self.digests_of(wanted);
        let most = match query.since {
            // Those of before may have gone on since.
            Some(_) => 4 * MAX_FOUND,
            None => MAX_FOUND,
        };
        let (mut traces, mut seen) = (Vec::new(), HashSet::new());
        for day in days {
            let below = self.end_of(day, query)?;
            let mut found: Vec<(u64, TraceId)> = Vec::new();
            for at in day.places(&digests, below)?.into_iter().take(most) {
                let line = self.line_at(&day.name, at)?;
                if let Some(line) = line.filter(|line| is_named(line, wanted)) {
                    found.push((at, line.trace));
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
            if traces.len() >= most {
                break;
            }
        }
        traces.truncate(most);
        Ok(traces)
    }

    /// Up to where the lines of a day may be of the time that is asked for.
    fn end_of(&self, day: &DayView, query: &TraceQuery) -> io::Result<u64> {
        match query.until {
            Some(until) if day.name > name(until) => Ok(0),
            Some(until) if day.name == name(until) => self.first_after(&day.name, day.size, until),
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
            let from = self.line_start(&day.name, end.saturating_sub(MOST_READ))?;
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

    /// Where the first line begins at or after `at`.
    fn line_start(&self, day: &str, at: u64) -> io::Result<u64> {
        if at == 0 {
            return Ok(0);
        }
        // From the octet before: a line that begins there is whole.
        let rest = day::line(&self.folder, day, at - 1)?;
        Ok(at - 1 + rest.len() as u64)
    }

    /// Where the lines of after `time` begin, in a file of `size` octets.
    fn first_after(&self, day: &str, size: u64, time: Timestamp) -> io::Result<u64> {
        let (mut low, mut high) = (0, size);
        while high - low > 4_096 {
            let middle = self.line_start(day, low + (high - low) / 2)?;
            match self.line_at(day, middle)? {
                Some(line) if middle < high && line.at <= time => low = middle,
                _ => high = low + (high - low) / 2,
            }
        }
        // Lines of one moment may stand on both sides.
        Ok((high + 64 * 1024).min(size))
    }

    /// The lines of a transaction that the index has, oldest first.
    fn life(&self, days: &[DayView], trace: &TraceId) -> io::Result<Vec<HistoryRecord>> {
        let digests = self.digests_of(&[trace.as_str()]);
        let mut life = Vec::new();
        for day in days.iter().rev() {
            for at in day.places(&digests, day.size)?.into_iter().rev() {
                life.extend(
                    self.line_at(&day.name, at)?
                        .filter(|line| line.trace == *trace),
                );
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
