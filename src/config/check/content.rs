//! `[content]` and its exceptions.

use std::path::Path;

use serde::de::IntoDeserializer;
use time::{Date, Month, OffsetDateTime, Weekday};

use crate::config::checked::{ActionFrom, Content, ContentException};
use crate::config::diagnostics::Diagnostics;
use crate::config::raw_value::RawValue;
use crate::config::reader::Section;
use crate::config::value;
use crate::config::value::path;
use crate::content::Action;
use crate::mail::Timestamp;
use crate::masking::ParticipantId;

/// `[content]`. Whether the rules load is asked when they are loaded: what is wrong in them has a file and a rule, and no key.
pub(super) fn content(
    section: &Section<'_>,
    folder: &Path,
    log: &mut Diagnostics<'_>,
) -> Option<Content> {
    let sections = Section::several(section.table(), "content.exception", log);
    let exceptions: Vec<ContentException> = sections
        .iter()
        .filter_map(|section| exception(section, log))
        .collect();
    let rules = section.text("rules", log, path(folder));
    let shadow = section.text("shadow", log, path(folder));
    let duplicate = actions(section, "duplicate", log);
    let prohibited = actions(section, "prohibited", log);
    let attachment = attachment(section, log);
    let asked_within = section.text("asked_within", log, value::duration);
    (exceptions.len() == sections.len()).then_some(Content {
        rules,
        shadow,
        duplicate: duplicate?,
        prohibited: prohibited?,
        attachment: attachment?,
        asked_within: asked_within?,
        exceptions,
    })
}

/// One `[[content.exception]]`.
fn exception(section: &Section<'_>, log: &mut Diagnostics<'_>) -> Option<ContentException> {
    let seller = section.text("seller", log, |text| {
        ParticipantId::parse(text).map_err(|error| format!("{text:?} is no id: {error}"))
    });
    let rule = section.text("rule", log, |text| match text {
        "" | "*" => {
            Err("names a rule, as \"dup.sent\", or how several begin, as \"dup.*\"".to_owned())
        }
        _ => Ok(text.to_owned()),
    });
    let until = section.get("until", log)?;
    let until = until.or_tell(date(&until.value), log);
    let day_after = |date: Date| date.next_day().unwrap_or(Date::MAX);
    Some(ContentException {
        seller: seller?,
        rule: rule?,
        until: midnight(day_after(until?)),
    })
}

/// A list of days and what begins on them.
fn actions(
    section: &Section<'_>,
    name: &str,
    log: &mut Diagnostics<'_>,
) -> Option<Vec<ActionFrom>> {
    let found = section.get(name, log)?;
    let wanted = || "is a list, as [{ from = 2026-03-02, action = \"block\" }]".to_owned();
    let read = match &found.value {
        RawValue::List(items) => items.iter().map(|item| match item {
            RawValue::Table(fields) => action_from(fields),
            _ => Err(wanted()),
        }),
        _ => return found.or_tell(Err(wanted()), log),
    };
    let read = read.collect::<Result<Vec<_>, _>>().and_then(|actions| {
        let ordered = actions.is_sorted_by(|one, next| one.from < next.from);
        ordered
            .then_some(actions)
            .ok_or_else(|| "has its days out of order; the earliest comes first".to_owned())
    });
    found.or_tell(read, log)
}

/// The same for files, which either pass or do not: nobody is warned of one.
fn attachment(section: &Section<'_>, log: &mut Diagnostics<'_>) -> Option<Vec<ActionFrom>> {
    let days = actions(section, "attachment", log)?;
    let fits = |day: &ActionFrom| matches!(day.action, Action::Off | Action::Block);
    let read = match days.iter().all(fits) {
        true => Ok(days),
        false => Err("takes the actions off and block; files have no other".to_owned()),
    };
    section.get("attachment", log)?.or_tell(read, log)
}

fn action_from(fields: &[(String, RawValue)]) -> Result<ActionFrom, String> {
    let (mut from, mut action) = (None, None);
    for (name, value) in fields {
        match (name.as_str(), value) {
            ("from", value) => from = Some(midnight(date(value)?)),
            ("action", RawValue::Text(text)) => action = Some(word(text)?),
            ("action", _) => return Err("has an action that is no text in quotes".to_owned()),
            (other, _) => return Err(format!("has {other:?}; from and action is what it takes")),
        }
    }
    let missing = |what: &str| format!("has an entry without {what:?}");
    Ok(ActionFrom {
        from: from.ok_or_else(|| missing("from"))?,
        action: action.ok_or_else(|| missing("action"))?,
    })
}

fn word(text: &str) -> Result<Action, String> {
    let word: serde::de::value::StrDeserializer<'_, serde::de::value::Error> =
        text.into_deserializer();
    <Action as serde::Deserialize>::deserialize(word).map_err(|error| error.to_string())
}

/// A date, with or without quotes.
fn date(value: &RawValue) -> Result<Date, String> {
    let wanted = "is a day, as 2026-03-02";
    let (RawValue::Date(text) | RawValue::Text(text)) = value else {
        return Err(wanted.to_owned());
    };
    let mut numbers = text.split('-').map(str::parse::<u16>);
    let mut next = || numbers.next().and_then(Result::ok);
    let (year, month, day) = (next(), next(), next());
    let read = || {
        let month = Month::try_from(u8::try_from(month?).ok()?).ok()?;
        Date::from_calendar_date(i32::from(year?), month, u8::try_from(day?).ok()?).ok()
    };
    read()
        .filter(|date| (1996..=9_000).contains(&date.year()))
        .ok_or_else(|| format!("{text:?} {wanted}"))
}

/// Midnight of a day in Warsaw: an hour ahead of UTC, two from the last Sunday of March to that of October
/// ([Directive 2000/84/EC](https://eur-lex.europa.eu/eli/dir/2000/84/oj)), and never one that changes itself: that is at one o'clock UTC.
fn midnight(date: Date) -> Timestamp {
    let last_sunday = |month: Month| {
        let last = Date::from_calendar_date(date.year(), month, 31).unwrap_or(date);
        let back = match last.weekday() {
            Weekday::Sunday => 0,
            other => other.number_from_monday(),
        };
        last.saturating_sub(time::Duration::days(i64::from(back)))
    };
    let summer = date > last_sunday(Month::March) && date <= last_sunday(Month::October);
    let ahead = if summer { 2 } else { 1 };
    let utc = OffsetDateTime::new_utc(date, time::Time::MIDNIGHT)
        .saturating_sub(time::Duration::hours(ahead));
    Timestamp(u64::try_from(utc.unix_timestamp()).unwrap_or_default() * 1_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_begins_at_midnight_in_warsaw() {
        // As `TZ=Europe/Warsaw date -d "DAY 00:00" -u` says.
        for (day, utc) in [
            ("2025-10-20", "2025-10-19T22:00:00"),
            ("2025-10-26", "2025-10-25T22:00:00"),
            ("2025-10-27", "2025-10-26T23:00:00"),
            ("2026-03-02", "2026-03-01T23:00:00"),
            ("2026-03-29", "2026-03-28T23:00:00"),
            ("2026-03-30", "2026-03-29T22:00:00"),
            ("2019-01-01", "2018-12-31T23:00:00"),
        ] {
            let read = midnight(date(&RawValue::Date(day.to_owned())).unwrap());
            assert!(read.to_string().starts_with(utc), "{day}: {read}");
        }
        for wrong in ["2026-02-30", "2026-3", "heute", "26-03-02", ""] {
            assert!(date(&RawValue::Text(wrong.to_owned())).is_err(), "{wrong}");
        }
    }
}
