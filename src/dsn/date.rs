//! Dates as people of a language write them. The zone stands beside the time, since the reader's is not known.

use time::format_description::well_known::Rfc2822;
use time::{OffsetDateTime, UtcOffset};

use super::text::Language;
use crate::mail::Timestamp;

/// A Date field as its writer would say it, in the zone that the field names; as it stands where it is no date (RFC 5322 3.3).
pub(super) fn of_field(language: Language, field: &str) -> String {
    match OffsetDateTime::parse(field.trim(), &Rfc2822) {
        Ok(date) => written(language, date),
        Err(_) => field.to_owned(),
    }
}

/// A moment in the zone of a Date field, else in UTC.
pub(super) fn of_moment(language: Language, moment: Timestamp, field: &str) -> String {
    let utc = moment.to_rfc5322();
    let zone = OffsetDateTime::parse(field.trim(), &Rfc2822)
        .map_or(UtcOffset::UTC, OffsetDateTime::offset);
    match OffsetDateTime::parse(&utc, &Rfc2822) {
        Ok(date) => written(language, date.checked_to_offset(zone).unwrap_or(date)),
        Err(_) => utc,
    }
}

fn written(language: Language, date: OffsetDateTime) -> String {
    let (day, month, year) = (date.day(), date.month(), date.year());
    let number = u8::from(month);
    let day = match language {
        Language::English => format!("{day} {month} {year},"),
        Language::Polish => format!("{day:02}.{number:02}.{year},"),
        Language::Czech | Language::Slovak => format!("{day}. {number}. {year}"),
        Language::Hungarian => format!("{year}. {number:02}. {day:02}."),
    };
    let (hours, minutes, _) = date.offset().as_hms();
    let sign = if date.offset().is_negative() {
        '-'
    } else {
        '+'
    };
    let zone = match (hours.unsigned_abs(), minutes.unsigned_abs()) {
        (0, 0) => String::new(),
        (hours, 0) => format!("{sign}{hours}"),
        (hours, minutes) => format!("{sign}{hours}:{minutes:02}"),
    };
    format!("{day} {:02}:{:02} (UTC{zone})", date.hour(), date.minute())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_a_persons_in_every_language() {
        let field = "Mon, 2 Nov 2026 09:05:00 +0530";
        for (language, want) in [
            (Language::English, "2 November 2026, 09:05 (UTC+5:30)"),
            (Language::Polish, "02.11.2026, 09:05 (UTC+5:30)"),
            (Language::Czech, "2. 11. 2026 09:05 (UTC+5:30)"),
            (Language::Slovak, "2. 11. 2026 09:05 (UTC+5:30)"),
            (Language::Hungarian, "2026. 11. 02. 09:05 (UTC+5:30)"),
        ] {
            assert_eq!(of_field(language, field), want);
        }
        let moment = Timestamp(1_795_392_000_000);
        for (zone, want) in [
            (
                "Mon, 2 Nov 2026 09:05:00 -0800",
                "22 November 2026, 16:00 (UTC-8)",
            ),
            ("yesterday", "23 November 2026, 00:00 (UTC)"),
        ] {
            assert_eq!(of_moment(Language::English, moment, zone), want);
        }
        assert_eq!(of_field(Language::Polish, "wczoraj"), "wczoraj");
    }
}
