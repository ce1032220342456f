//! Values with units: durations, the retry notation, sizes and budgets.

use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::{Budget, files};
use crate::mail::Domain;

/// The most waits that a retry list may stand for: a slip as `*4000000` must not fill memory.
const MAX_WAITS: usize = 1_000;

/// `90s`, `5m`, `4h`, `5d`: a whole number above zero and one unit. A number alone is an error: whether it meant seconds or minutes would be
/// found out in the field.
///
/// # Errors
/// What is wrong with it, and what is wanted.
pub fn duration(text: &str) -> Result<Duration, String> {
    let wanted = || {
        format!("{text:?} is no duration; wanted is a whole number with s, m, h or d, as \"4h\"")
    };
    let text = text.trim();
    let unit = text.chars().next_back().ok_or_else(wanted)?;
    let seconds = match unit {
        's' => 1,
        'm' => 60,
        'h' => 3_600,
        'd' => 86_400,
        _ => return Err(wanted()),
    };
    let number: u64 = text
        .trim_end_matches(unit)
        .trim_end()
        .parse()
        .map_err(|_| wanted())?;
    let total = number
        .checked_mul(seconds)
        .filter(|total| (1..=86_400 * 3_650).contains(total));
    total
        .map(Duration::from_secs)
        .ok_or_else(|| format!("{text:?} is out of range; 1s to 3650d is allowed"))
}

/// `1m, 5m*2, 4h*40`: waits in order, each as often as it says.
pub(super) fn waits(text: &str) -> Result<Vec<Duration>, String> {
    let mut waits = Vec::new();
    for part in text.split(',') {
        let (wait, times) = part.split_once('*').unwrap_or((part, "1"));
        let times: usize = times
            .trim()
            .parse()
            .map_err(|_| format!("{part:?} is no wait; wanted is one as \"5m*2\""))?;
        if times == 0 || waits.len() + times > MAX_WAITS {
            return Err(format!(
                "{text:?} stands for no wait or for more than {MAX_WAITS}"
            ));
        }
        waits.extend(std::iter::repeat_n(duration(wait)?, times));
    }
    Ok(waits)
}

/// `36700160` is given as a number; `35 MiB` as text. Only units of 1024, spelt so: with `MB` in between, a limit would be off by five in a
/// hundred and nobody would see why.
pub(super) fn size(text: &str) -> Result<u64, String> {
    let wanted =
        || format!("{text:?} is no size; wanted is a number of bytes, or one with KiB, MiB or GiB");
    let digits = text
        .trim_end_matches(|c: char| c.is_ascii_alphabetic())
        .trim_end();
    let factor = match text.get(digits.len()..).map(str::trim) {
        Some("KiB") => 1 << 10,
        Some("MiB") => 1 << 20,
        Some("GiB") => 1 << 30,
        Some("") => 1,
        _ => return Err(wanted()),
    };
    digits
        .parse::<u64>()
        .ok()
        .and_then(|number| number.checked_mul(factor))
        .ok_or_else(wanted)
}

/// `300/10m`, or `off`. Nought is an error: it reads as "no limit" to one and "nobody" to another.
pub(super) fn budget(text: &str) -> Result<Option<Budget>, String> {
    if text == "off" {
        return Ok(None);
    }
    let wanted =
        || format!("{text:?} is no budget; wanted is COUNT/PERIOD as \"300/10m\", or \"off\"");
    let (count, period) = text.split_once('/').ok_or_else(wanted)?;
    let count: NonZeroU32 = count.trim().parse().map_err(|_| wanted())?;
    Ok(Some(Budget {
        count: count.get(),
        period: duration(period)?,
    }))
}

/// A domain in A-labels or U-labels; kept in lower case.
pub(in crate::config) fn domain(text: &str) -> Result<Domain, String> {
    Domain::parse(text).map_err(|error| format!("{text:?} is no domain: {error}"))
}

/// An address with its port. Names are not looked up: what is listened on must not hang on a DNS.
pub(in crate::config) fn address(text: &str) -> Result<SocketAddr, String> {
    text.parse().map_err(|_| {
        format!("{text:?} is no address with a port, as \"127.0.0.1:25\" or \"[::]:25\"")
    })
}

/// A reader of paths that takes relative ones from `folder`. Whether anything is there is not asked: the server makes its own folders.
pub(in crate::config) fn path(folder: &Path) -> impl Fn(&str) -> Result<PathBuf, String> {
    move |text| {
        if text.is_empty() {
            Err("is empty".to_owned())
        } else {
            Ok(files::resolve(folder, text))
        }
    }
}
