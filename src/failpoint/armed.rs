//! Points of a test build: what they are armed with, and how often each was passed.

use std::collections::HashMap;
use std::io;
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::Duration;

/// The variable that arms points.
const VARIABLE: &str = "ALLEGROMAIL_FAILPOINTS";

/// What an armed point does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Action {
    Abort,
    Panic,
    Delay(Duration),
    Error(i32),
    Number(u64),
}

/// One armed point: from its `first` passing to its `last`.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Armed {
    name: String,
    action: Action,
    first: u64,
    last: u64,
}

impl Armed {
    /// Reads `name=action@range`.
    fn parse(text: &str) -> Option<Self> {
        let (name, rest) = text.trim().split_once('=')?;
        let (action, range) = rest.split_once('@').unwrap_or((rest, "1-"));
        let (first, last) = match range.split_once('-') {
            None => (range, range),
            Some((first, "")) => (first, "18446744073709551615"),
            Some(both) => both,
        };
        let action = match action.split_once(':').unwrap_or((action, "")) {
            ("abort", "") => Action::Abort,
            ("panic", "") => Action::Panic,
            ("delay", wait) => Action::Delay(Duration::from_millis(wait.parse().ok()?)),
            ("number", number) => Action::Number(number.parse().ok()?),
            ("error", name) => Action::Error(errno(name)?),
            _ => return None,
        };
        Some(Self {
            name: name.to_owned(),
            action,
            first: first.parse().ok()?,
            last: last.parse().ok()?,
        })
    }

    fn parse_all(text: &str) -> Vec<Self> {
        let pieces = text
            .split([',', '\n'])
            .filter(|piece| !piece.trim().is_empty());
        pieces.filter_map(Self::parse).collect()
    }
}

/// The number of an error of the system.
fn errno(name: &str) -> Option<i32> {
    Some(match name {
        "EPERM" => 1,
        "EIO" => 5,
        "EACCES" => 13,
        "ENFILE" => 23,
        "EMFILE" => 24,
        "ENOSPC" => 28,
        "EROFS" => 30,
        "EDQUOT" => 122,
        _ => return None,
    })
}

/// How points are armed in this process.
enum Arming {
    Fixed(Vec<Armed>),
    File(String),
}

fn arming() -> &'static Arming {
    static ARMING: OnceLock<Arming> = OnceLock::new();
    ARMING.get_or_init(|| {
        let text = std::env::var(VARIABLE).unwrap_or_default();
        match text.strip_prefix("file:") {
            Some(path) => Arming::File(path.to_owned()),
            None => Arming::Fixed(Armed::parse_all(&text)),
        }
    })
}

/// What `name` is armed for at this passing of it.
fn action(name: &'static str) -> Option<Action> {
    static PASSED: OnceLock<Mutex<HashMap<&'static str, u64>>> = OnceLock::new();
    let read;
    let points = match arming() {
        Arming::Fixed(points) if points.is_empty() => return None,
        Arming::Fixed(points) => points,
        Arming::File(path) => {
            read = Armed::parse_all(&std::fs::read_to_string(path).unwrap_or_default());
            &read
        }
    };
    let point = points.iter().find(|point| point.name == name)?;
    let mut passed = PASSED
        .get_or_init(Mutex::default)
        .lock()
        .unwrap_or_else(PoisonError::into_inner);
    let times = passed.entry(name).or_default();
    *times += 1;
    (point.first..=point.last)
        .contains(times)
        .then_some(point.action)
}

/// Does what the point is armed for.
///
/// # Errors
/// The error that it is armed with.
///
/// # Panics
/// If it is armed so.
pub fn hit(name: &'static str) -> io::Result<()> {
    match action(name) {
        None | Some(Action::Number(_)) => Ok(()),
        Some(Action::Abort) => std::process::abort(),
        #[expect(clippy::panic, reason = "that is what it is armed for")]
        Some(Action::Panic) => panic!("failpoint {name}"),
        Some(Action::Delay(wait)) => {
            std::thread::sleep(wait);
            Ok(())
        }
        Some(Action::Error(code)) => Err(io::Error::from_raw_os_error(code)),
    }
}

/// The number that the point is armed with, else `usual`.
#[must_use]
pub fn number(name: &'static str, usual: u64) -> u64 {
    match action(name) {
        Some(Action::Number(number)) => number,
        _ => usual,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failpoints_are_armed_by_words() {
        let armed =
            Armed::parse_all("a.b=abort@3,\nc=delay:50, d=error:EIO@2- ,e=number:7,f=panic@1-4");
        let told: Vec<_> = armed
            .iter()
            .map(|a| (a.name.as_str(), a.action, a.first, a.last))
            .collect();
        assert_eq!(
            told,
            [
                ("a.b", Action::Abort, 3, 3),
                ("c", Action::Delay(Duration::from_millis(50)), 1, u64::MAX),
                ("d", Action::Error(5), 2, u64::MAX),
                ("e", Action::Number(7), 1, u64::MAX),
                ("f", Action::Panic, 1, 4),
            ]
        );
        assert_eq!(Armed::parse_all("x, y=burn, z=error:WHAT"), []);
    }
}
