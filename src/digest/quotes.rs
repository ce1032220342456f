//! Which lines of a text are quoted and folded.
//!
//! A quote is what a program put there: lines behind its marks or below its line of who wrote, and lines that stand in an earlier message. Whatever may
//! be the writer's own is shown: what is in doubt, and everything from the first own word below a quote on (docs/architecture.md#folded-never-cut).

mod above;

use std::cell::{Cell, OnceCell};
use std::ops::Range;

use self::above::Above;
use super::attribution::{Sure, attribution};
use super::header_block;
use super::known::Known;
use super::lines::{Line, lines};
use super::text::Text;

/// Lines over which one attribution goes, at most.
const MOST_WRAPPED: usize = 3;
/// Columns behind which programs wrap; a shorter line ends where its writer ended it.
const WRAPPED_AT: usize = 60;
/// How often a text is compared with earlier ones, at most.
const MOST_LOOKS: usize = 16;
/// Words of one's own above a quote that nothing marks, at least: under a mere greeting stands a letter that says the same once more.
const LEAST_ABOVE: usize = 8;
/// Words and lines of such a quote, at least.
const LEAST_BARE: (usize, usize) = (12, 2);

/// What begins at a line.
enum Found {
    /// A quote up to this line; `stop` where own words stand within it behind that.
    Quote { end: usize, stop: bool },
    /// So many lines of the writer's own.
    Own(usize),
}

/// The places in a text that are folded.
pub(super) fn folded(text: &Text, earlier: &[&str]) -> Vec<Range<usize>> {
    let lines = lines(text);
    let reader = Reader {
        lines: &lines,
        earlier,
        known: OnceCell::new(),
        looks: Cell::new(MOST_LOOKS),
    };
    let place = reader.fold().and_then(|fold| {
        let last = lines.get(..fold.end)?.last()?;
        Some(lines.get(fold.start)?.place.start..last.place.end)
    });
    place.into_iter().collect()
}

struct Reader<'a> {
    lines: &'a [Line<'a>],
    earlier: &'a [&'a str],
    known: OnceCell<Known>,
    looks: Cell<usize>,
}

impl<'a> Reader<'a> {
    /// The lines that are folded: quotes one below the other, up to the first own word below.
    fn fold(&self) -> Option<Range<usize>> {
        let mut fold: Option<Range<usize>> = None;
        let (mut at, mut above) = (0, Above::default());
        while at < self.lines.len() {
            match self.found(at, &above) {
                Found::Quote { end, stop } => {
                    fold = Some(fold.map_or(at, |fold| fold.start)..end);
                    at = end;
                    if stop {
                        break;
                    }
                }
                Found::Own(count) => {
                    let own = at..at + count;
                    if fold.is_some() && self.within(&own).iter().any(Line::is_written) {
                        break;
                    }
                    self.within(&own).iter().for_each(|line| above.add(line));
                    at = own.end;
                }
            }
        }
        fold
    }

    fn within(&self, place: &Range<usize>) -> &'a [Line<'a>] {
        self.lines.get(place.clone()).unwrap_or_default()
    }

    fn below(&self, at: usize) -> &'a [Line<'a>] {
        self.lines.get(at..).unwrap_or_default()
    }

    /// What begins at a line, `above` which the writer's own words stand.
    fn found(&self, at: usize, above: &Above<'_>) -> Found {
        let found = if self.is_marked(at) {
            return self.marked(at, false).unwrap_or_else(Found::Own);
        } else if let Some((count, is_block)) = self.introduction(at) {
            let body = self.next(at + count);
            match self.is_marked(body) {
                true => self.marked(body, true).ok(),
                false => self.unmarked(
                    at + count,
                    is_block && above.is_written() && !above.points_within(),
                ),
            }
        } else {
            self.bare(at, above)
        };
        found.unwrap_or(Found::Own(1))
    }

    fn is_marked(&self, at: usize) -> bool {
        self.lines.get(at).is_some_and(|line| line.depth > 0)
    }

    /// The next line at or behind one that is not empty, or has a mark.
    fn next(&self, at: usize) -> usize {
        let mut below = self.below(at).iter();
        let found = below.position(|line| line.depth > 0 || !line.is_empty());
        found.map_or(self.lines.len(), |passed| at + passed)
    }

    /// How many lines at a place say who wrote what is below, and whether they are a block of header lines.
    fn introduction(&self, at: usize) -> Option<(usize, bool)> {
        let lines = self.below(at);
        // A field's name ends in one, or the line of who wrote; above the first field stand two lines at most.
        if !lines.iter().take(MOST_WRAPPED).any(|line| line.has_colon) {
            return None;
        }
        let first = lines
            .first()
            .filter(|line| line.is_written() || line.content.len() > 1)?;
        let alike = lines.iter().take_while(|line| line.depth == first.depth);
        let count = alike.take(header_block::REACH).count();
        let lines = lines.get(..count).unwrap_or_default();
        if let Some(count) = header_block::count(lines) {
            return Some((count, true));
        }
        for (number, line) in lines.iter().take(MOST_WRAPPED).enumerate() {
            let before = number.checked_sub(1).and_then(|before| lines.get(before));
            if line.is_empty() || before.is_some_and(|before| !goes_on(before, line)) {
                break;
            }
            // Its last sign is what nearly no other line ends with.
            if !line.content.ends_with(':') {
                continue;
            }
            let count = number + 1;
            let wrapped = lines.iter().take(count).map(|line| line.content);
            let whole: Vec<&str> = wrapped.collect();
            match attribution(&whole.join(" ")) {
                Some(Sure::Yes) => return Some((count, false)),
                Some(Sure::AboveMarks) if self.is_marked(self.next(at + count)) => {
                    return Some((count, false));
                }
                _ => {}
            }
        }
        None
    }

    /// Whether the text may be compared with earlier ones once more; it counts.
    fn may_look(&self) -> bool {
        let looks = self.looks.get();
        self.looks.set(looks.saturating_sub(1));
        !self.earlier.is_empty() && looks > 0
    }

    /// Which of these lines stand in an earlier message, those that are `said` by programs apart.
    fn standing(&self, place: &Range<usize>, said: &[bool]) -> Vec<bool> {
        match self.may_look() {
            true => self.known().standing(self.within(place), said),
            false => vec![false; place.len()],
        }
    }

    fn known(&self) -> &Known {
        self.known.get_or_init(|| Known::of(self.earlier))
    }

    /// The quote behind marks whose first line is at `body`, if it is one; else of how many lines it is no quote.
    fn marked(&self, body: usize, attributed: bool) -> Result<Found, usize> {
        let region = body..self.end_of_marks(body);
        let said = self.introductions(&region);
        let standing = self.standing(&region, &said);
        let lines = || self.within(&region).iter().zip(&standing).zip(&said);
        // A line without a mark between two with marks is what a program wrapped, if it is known.
        let loose = lines().position(|((line, stands), said)| {
            line.depth == 0 && !line.is_empty() && !stands && !said
        });
        let counted = || lines().filter(|((line, _), said)| !line.is_silent() && !**said);
        let known = counted().filter(|((_, stands), _)| **stands).count();
        let is_known = known > 0 && known * 2 >= counted().count();
        // What is not known in the midst of what is may have been written there.
        let written = lines().position(|((line, stands), said)| {
            is_known && !stands && !said && !line.is_silent() && !is_placeholder(line)
        });
        let stop = loose.into_iter().chain(written).min();
        let end = stop.map_or(region.end, |stop| body + stop);
        let cited = self.within(&(body..end)).iter().any(|line| line.cited);
        let introduced = said
            .iter()
            .zip(self.within(&region))
            .find(|(_, line)| line.is_written());
        let is_quote = attributed || cited || is_known || introduced.is_some_and(|(said, _)| *said);
        match self.last_written(body..end).filter(|_| is_quote) {
            Some(end) => Ok(Found::Quote {
                end,
                stop: stop.is_some(),
            }),
            None => Err(region.len()),
        }
    }

    /// Where marks end that begin at a line: with the lines between them that say who wrote, that are empty, or that a program may have wrapped.
    fn end_of_marks(&self, body: usize) -> usize {
        let (mut at, mut end) = (body, body);
        while let Some(line) = self.lines.get(at) {
            if line.depth > 0 {
                end = at + 1;
            } else if !line.is_empty() {
                let said = self.introduction(at).map_or(0, |(count, _)| count);
                let next = match said {
                    0 => at + 1,
                    said => self.next(at + said),
                };
                if !self.is_marked(next) || said == 0 && end != at {
                    break;
                }
                at = next;
                continue;
            }
            at += 1;
        }
        end
    }

    /// Which lines of a region say who wrote what is below.
    fn introductions(&self, region: &Range<usize>) -> Vec<bool> {
        let mut said = vec![false; region.len()];
        let mut at = region.start;
        while at < region.end {
            let count = self.introduction(at).map_or(0, |(count, _)| count);
            let from = at - region.start;
            let lines = said.get_mut(from..(from + count).min(region.len()));
            lines.unwrap_or_default().fill(true);
            at += count.max(1);
        }
        said
    }

    /// The quote without marks that begins at `body`: as far as it is known; if none of it is, all that follows where `trusted`.
    fn unmarked(&self, body: usize, trusted: bool) -> Option<Found> {
        let region = body..self.lines.len();
        let (mut said, mut standing) = (Vec::new(), Vec::new());
        if self.may_look() {
            said = self.introductions(&region);
            standing = self.known().standing(self.within(&region), &said);
        }
        if !standing.contains(&true) {
            let end = self.last_written(region).filter(|_| trusted)?;
            return Some(Found::Quote { end, stop: false });
        }
        let lines = self.within(&region).iter().zip(&standing).zip(&said);
        let mut end = None;
        for (at, ((line, stands), said)) in lines.enumerate() {
            if *stands {
                end = Some(body + at + 1);
            } else if !said && line.is_written() && !is_placeholder(line) {
                return end.map(|end| Found::Quote { end, stop: true });
            }
        }
        end.map(|end| Found::Quote { end, stop: false })
    }

    /// A quote that nothing marks: a whole earlier message down to the end, below words of one's own.
    fn bare(&self, at: usize, above: &Above<'_>) -> Option<Found> {
        let before = at
            .checked_sub(1)
            .and_then(|before| self.lines.get(before))?;
        let begins = before.is_empty() && self.lines.get(at)?.is_written();
        let region = at..self.lines.len();
        let lines = self.within(&region);
        if self.earlier.is_empty()
            || !begins
            || !above.has_words(LEAST_ABOVE)
            || !self.known().is_opening(lines)
            || !self.may_look()
        {
            return None;
        }
        let said = self.introductions(&region);
        let standing = self.known().standing_from_opening(lines, &said)?;
        let all = lines.iter().zip(&standing).zip(&said);
        let all = all.clone().all(|((line, stands), said)| {
            *stands || *said || !line.is_written() || is_placeholder(line)
        });
        let (words, count) = LEAST_BARE;
        let enough = lines
            .iter()
            .map(|line| line.words().words.len())
            .sum::<usize>()
            >= words
            && standing.iter().filter(|stands| **stands).count() >= count;
        let end = self.last_written(region).filter(|_| all && enough)?;
        Some(Found::Quote { end, stop: false })
    }

    /// Behind the last line of a region that is not empty.
    fn last_written(&self, region: Range<usize>) -> Option<usize> {
        let mut lines = self.within(&region).iter();
        let last = lines.rposition(|line| line.depth > 0 || !line.is_empty())?;
        Some(region.start + last + 1)
    }
}

/// Whether a program may have wrapped one line into the next: there was no room for the next word.
fn goes_on(before: &Line<'_>, line: &Line<'_>) -> bool {
    let word = line.content.split(' ').next().unwrap_or_default();
    before.content.chars().count() + word.chars().count() >= WRAPPED_AT
}

/// Whether a line stands in the place of a picture.
fn is_placeholder(line: &Line<'_>) -> bool {
    let inner = line
        .content
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'));
    inner.is_some_and(|inner| {
        ["image:", "cid:"]
            .iter()
            .any(|mark| inner.starts_with(mark))
    })
}
