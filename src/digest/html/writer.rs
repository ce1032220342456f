//! Lines of text out of elements: where lines end, what stands empty between them, marks of quotes, cells beside each other.

use super::super::text::{Text, quoted};

/// A rule across the page, as Outlook writes it in text.
const RULE: &str = "________________________________";
/// Between the cells of a row.
const CELLS: &str = " | ";
/// Empty lines in a row, at most.
const MOST_EMPTY: usize = 2;
/// Steps by which lists in lists are set in, at most.
const MOST_STEPS: usize = 8;

/// A row of a table that is open.
#[derive(Default)]
struct Row {
    /// Whether a cell of it shows something.
    is_filled: bool,
    /// Whether it goes over several lines: then its cells stand below one another.
    is_broken: bool,
    /// Whether a cell has begun and shows nothing so far.
    is_fresh: bool,
    /// Cells that have begun since something was shown.
    cells: usize,
}

/// The lines under way.
#[derive(Default)]
pub(super) struct Writer {
    out: Text,
    /// The line under way, and whether anything was put into it, if only a hard blank.
    line: String,
    is_begun: bool,
    /// How many quotes it stands in, and whether a mail program made one of them.
    marks: (usize, bool),
    /// A blank stands before the next word.
    blank: bool,
    /// The line ends before the next word; an empty one follows.
    ends: bool,
    spaced: bool,
    empty: usize,
    /// The mark of a list's item, before its first word.
    item: Option<String>,
    rows: Vec<Row>,
    /// Quotes that are open, and those of mail programs among them.
    depth: usize,
    cited: usize,
}

impl Writer {
    /// Words, with their blanks run together.
    pub(super) fn text(&mut self, text: &str) {
        for c in text.chars() {
            match c {
                ' ' | '\t' | '\n' | '\r' | '\u{c}' => {
                    self.blank |= self.is_begun && !self.ends && !self.is_fresh();
                }
                '\u{a0}' => self.put(' '),
                _ => self.put(c),
            }
        }
    }

    /// Words as they are, with their line ends.
    pub(super) fn preformatted(&mut self, text: &str) {
        for c in text.chars() {
            match c {
                '\n' => self.end_line(),
                '\r' => {}
                _ => self.put(c),
            }
        }
    }

    /// A piece of text on the line under way, apart from the words before it.
    pub(super) fn behind(&mut self, piece: &str) {
        if self.is_begun && !self.line.ends_with(' ') {
            self.line.push(' ');
        }
        if self.is_begun {
            self.line.push_str(piece);
        } else {
            piece.chars().for_each(|c| self.put(c));
        }
    }

    fn put(&mut self, c: char) {
        if self.ends {
            if self.is_begun {
                self.flush();
            }
            if self.spaced && self.empty == 0 {
                self.empty_line();
            }
            (self.ends, self.spaced) = (false, false);
        }
        if !self.is_begun {
            self.is_begun = true;
            self.marks = (self.depth, self.cited > 0);
            self.line.extend(self.item.take());
        }
        if let Some(row) = self.rows.last_mut() {
            (row.is_filled, row.is_fresh) = (true, false);
            let cells = std::mem::take(&mut row.cells);
            (0..cells).for_each(|_| self.line.push_str(CELLS));
        }
        if std::mem::take(&mut self.blank) {
            self.line.push(' ');
        }
        self.line.push(c);
    }

    /// The line under way goes out.
    fn flush(&mut self) {
        let line = std::mem::take(&mut self.line);
        (self.is_begun, self.blank) = (false, false);
        if let Some(row) = self.rows.last_mut() {
            row.is_broken |= row.is_filled;
        }
        let line = line.trim_end();
        if line.is_empty() {
            self.empty_line();
            return;
        }
        self.empty = 0;
        let (depth, cited) = self.marks;
        self.out.line(&quoted(depth, line), cited);
    }

    fn empty_line(&mut self) {
        self.empty += 1;
        if self.empty <= MOST_EMPTY {
            // Between two quotes it is in both.
            let depth = self.depth.min(self.marks.0);
            self.out.line(
                &quoted(depth, ""),
                depth > 0 && self.cited > 0 && self.marks.1,
            );
        }
    }

    /// Whatever follows begins a line; at the front of a cell it does so already.
    pub(super) fn break_line(&mut self) {
        if self.is_fresh() {
            return;
        }
        self.ends = true;
        self.blank = false;
    }

    fn is_fresh(&self) -> bool {
        self.rows.last().is_some_and(|row| row.is_fresh)
    }

    /// The same, below an empty line.
    pub(super) fn gap(&mut self) {
        if self.is_fresh() {
            return;
        }
        self.break_line();
        // The mark of an item and its words stay together.
        self.spaced |= self.item.is_none();
    }

    /// The line ends here, if it holds nothing, too.
    pub(super) fn end_line(&mut self) {
        let (begun, ended) = (self.is_begun, self.ends);
        if begun {
            self.flush();
        }
        if !begun || ended {
            self.marks = (self.depth, self.cited > 0);
            self.empty_line();
        }
        (self.ends, self.spaced) = (false, false);
    }

    pub(super) fn rule(&mut self) {
        self.break_line();
        RULE.chars().for_each(|c| self.put(c));
        self.break_line();
    }

    pub(super) fn item(&mut self, depth: usize, mark: String) {
        self.break_line();
        let steps = "  ".repeat(depth.min(MOST_STEPS));
        self.item = Some(steps + &mark);
    }

    pub(super) fn open_quote(&mut self, cited: bool) {
        self.gap();
        self.item = None;
        self.depth += 1;
        self.cited += usize::from(cited);
    }

    pub(super) fn close_quote(&mut self, cited: bool) {
        self.gap();
        self.depth -= 1;
        self.cited -= usize::from(cited);
    }

    /// A table within a cell: the row around it goes over several lines.
    pub(super) fn open_table(&mut self) {
        if let Some(row) = self.rows.last_mut() {
            row.is_broken = true;
        }
    }

    pub(super) fn open_row(&mut self) {
        self.rows.push(Row::default());
    }

    pub(super) fn close_row(&mut self) {
        let row = self.rows.pop().unwrap_or_default();
        self.break_line();
        self.spaced &= row.is_broken;
    }

    /// A cell stands beside the one before it, if the row is one line.
    pub(super) fn cell(&mut self) {
        let row = self.rows.last();
        let is_line = row.is_some_and(|row| row.is_filled && !row.is_broken);
        let beside = is_line && self.is_begun;
        if beside {
            (self.ends, self.spaced, self.blank) = (false, false, false);
        } else {
            let row = self.rows.last_mut();
            row.into_iter().for_each(|row| row.is_fresh = false);
            self.break_line();
        }
        if let Some(row) = self.rows.last_mut() {
            row.is_fresh = true;
            row.cells += usize::from(beside);
        }
    }

    /// The whole text.
    pub(super) fn finish(mut self) -> Text {
        if self.is_begun {
            self.flush();
        }
        self.out.trimmed()
    }
}
