//! Lines of the log on their way to standard error: they gather in memory, and one thread writes all of them at once.
//!
//! A system call for each line would cost a session more than the line itself, and a reader that stands still would stop the mail. What `trace` tells
//! does not depend on any of this.

use std::io::{self, Write};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use tracing::{Level, Metadata};
use tracing_subscriber::fmt::MakeWriter;

/// For how long lines gather.
const GATHERING: Duration = Duration::from_millis(20);
/// Octets that gather at most; lines beyond them are lost, and counted.
const MOST: usize = 1 << 20;

/// Where lines gather. They are written after a while, and when this is dropped.
pub struct Lines(Arc<Shared>);

struct Shared {
    waiting: Mutex<Waiting>,
    /// Told of the first line that waits.
    first: Condvar,
    /// Held by whoever writes, so that lines stay in order.
    out: Mutex<Box<dyn Write + Send>>,
}

#[derive(Default)]
struct Waiting {
    text: Vec<u8>,
    /// Lines that found no room since the last write.
    lost: u64,
    /// Whether the thread that writes sleeps until it is told.
    asleep: bool,
    /// No such thread could be started: every line is written by whoever has it.
    alone: bool,
}

impl Lines {
    /// Starts the thread that writes to `out`.
    pub(super) fn to(out: Box<dyn Write + Send>) -> Self {
        let shared = Arc::new(Shared {
            waiting: Mutex::default(),
            first: Condvar::new(),
            out: Mutex::new(out),
        });
        let writing = shared.clone();
        let started = thread::Builder::new().name("log".to_owned());
        if started.spawn(move || writing.run()).is_err() {
            shared.waiting().alone = true;
        }
        Self(shared)
    }

    /// What the subscriber writes to.
    pub(super) fn writer(&self) -> Writer {
        Writer(self.0.clone())
    }
}

impl Drop for Lines {
    fn drop(&mut self) {
        self.0.write();
    }
}

impl Shared {
    /// A panic elsewhere while it was held leaves whole lines.
    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn run(&self) {
        loop {
            let mut waiting = self.waiting();
            while waiting.text.is_empty() && waiting.lost == 0 {
                waiting.asleep = true;
                waiting = self
                    .first
                    .wait(waiting)
                    .unwrap_or_else(PoisonError::into_inner);
            }
            waiting.asleep = false;
            drop(waiting);
            thread::sleep(GATHERING);
            self.write();
        }
    }

    /// Adds a line; one that `hurries` is written before this returns, and has room always.
    fn add(&self, line: &[u8], hurries: bool) {
        let mut waiting = self.waiting();
        if !hurries && waiting.text.len() + line.len() > MOST {
            waiting.lost += 1;
            return;
        }
        waiting.text.extend_from_slice(line);
        if hurries || waiting.alone {
            drop(waiting);
            self.write();
            return;
        }
        if std::mem::take(&mut waiting.asleep) {
            drop(waiting);
            self.first.notify_one();
        }
    }

    /// Writes what has gathered. Nobody hears of a failure: this is where it would be told.
    fn write(&self) {
        let mut out = self.out.lock().unwrap_or_else(PoisonError::into_inner);
        let mut waiting = self.waiting();
        let mut text = std::mem::take(&mut waiting.text);
        let lost = std::mem::take(&mut waiting.lost);
        drop(waiting);
        let _ = out.write_all(&text);
        if lost > 0 {
            metrics::counter!("allegromail_log_lines_lost_total").increment(lost);
            let _ = writeln!(
                out,
                "allegromail: {lost} lines of the log were lost here: they came faster than they were read"
            );
        }
        let _ = out.flush();
        // The room is used again, unless a burst made it large.
        text.clear();
        let mut waiting = self.waiting();
        if waiting.text.capacity() == 0 && text.capacity() <= MOST / 4 {
            waiting.text = text;
        }
    }
}

/// Hands lines over.
#[derive(Clone)]
pub(super) struct Writer(Arc<Shared>);

/// One line under way.
pub(super) struct Line<'a> {
    shared: &'a Shared,
    hurries: bool,
}

impl<'a> MakeWriter<'a> for Writer {
    type Writer = Line<'a>;

    fn make_writer(&'a self) -> Line<'a> {
        Line {
            shared: &self.0,
            hurries: false,
        }
    }

    /// An error may be the last that the process says.
    fn make_writer_for(&'a self, about: &Metadata<'_>) -> Line<'a> {
        Line {
            shared: &self.0,
            hurries: *about.level() == Level::ERROR,
        }
    }
}

impl Write for Line<'_> {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        self.shared.add(line, self.hurries);
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::{Receiver, Sender, channel};

    use super::*;

    /// Takes each write when it is let to.
    struct Reader {
        took: Sender<Vec<u8>>,
        go: Receiver<()>,
    }

    impl Write for Reader {
        fn write(&mut self, text: &[u8]) -> io::Result<usize> {
            self.go.recv().map_err(io::Error::other)?;
            self.took.send(text.to_vec()).map_err(io::Error::other)?;
            Ok(text.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn lines() -> (Lines, Receiver<Vec<u8>>, Sender<()>) {
        let ((took, taken), (let_go, go)) = (channel(), channel());
        (Lines::to(Box::new(Reader { took, go })), taken, let_go)
    }

    #[test]
    fn lines_gather_in_order_and_what_hurries_is_written_at_once() {
        let (lines, taken, go) = lines();
        let writer = lines.writer();
        (0..100).for_each(|_| go.send(()).unwrap());
        for number in 0..50 {
            writer
                .make_writer()
                .write_all(format!("{number}\n").as_bytes())
                .unwrap();
        }
        lines.0.add(b"error\n", true);
        let text: Vec<u8> = taken.try_iter().flatten().collect();
        let want: String = (0..50).map(|number| format!("{number}\n")).collect();
        assert_eq!(String::from_utf8(text).unwrap(), want + "error\n");
        lines.0.add(b"last\n", false);
        drop(lines);
        assert_eq!(taken.recv().unwrap(), b"last\n");
    }

    #[test]
    fn lines_behind_one_that_hurried_are_written_too() {
        let (lines, taken, go) = lines();
        for round in 0..3 {
            while !lines.0.waiting().asleep {
                thread::yield_now();
            }
            go.send(()).unwrap();
            go.send(()).unwrap();
            lines.0.add(b"error\n", true);
            assert_eq!(taken.recv().unwrap(), b"error\n", "{round}");
            lines.0.add(b"line\n", false);
            let patience = Duration::from_secs(60);
            assert_eq!(taken.recv_timeout(patience).unwrap(), b"line\n", "{round}");
        }
    }

    #[test]
    fn a_reader_that_stands_still_stops_nobody_and_what_is_lost_is_counted() {
        let (lines, taken, go) = lines();
        let line = [b'x'; 1024];
        // What a write under way has taken, and as much again, finds room.
        for _ in 0..3 * MOST / line.len() {
            lines.0.add(&line, false);
        }
        for _ in 0..1_000 {
            go.send(()).unwrap();
        }
        drop(lines);
        let text: Vec<u8> = taken.try_iter().flatten().collect();
        let text = String::from_utf8(text).unwrap();
        let (kept, told) = text.split_once("allegromail: ").unwrap();
        let lost: usize = told.split(' ').next().unwrap().parse().unwrap();
        assert!(lost >= MOST / line.len(), "{lost}");
        assert!(kept.len() >= MOST && kept.len() / line.len() + lost >= 2 * MOST / line.len());
    }
}
