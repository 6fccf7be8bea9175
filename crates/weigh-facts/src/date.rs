//! Calendar days, half-open intervals, and values that change over time.
//!
//! There are always two days: the day a rule is read on, and the day our knowledge of it ends.

use std::fmt;
use std::str::FromStr;

/// A calendar day, without a time zone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Date(jiff::civil::Date);

/// Why a text is not a date or a period.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not a {expected}")]
pub struct DateError {
    /// What was read.
    pub text: String,
    /// What it should look like.
    pub expected: &'static str,
}

const DATE: &str = "date such as `2026-11-24`";
const PERIOD: &str = "period such as `P2W` or `P15D`";

impl Date {
    /// A day of the calendar.
    ///
    /// # Errors
    /// When the calendar has no such day.
    pub fn new(year: i16, month: i8, day: i8) -> Result<Self, DateError> {
        jiff::civil::Date::new(year, month, day)
            .map(Self)
            .map_err(|_| DateError {
                text: format!("{year}-{month}-{day}"),
                expected: DATE,
            })
    }

    /// The day so many days after 1970-01-01, or nothing outside the calendar.
    #[must_use]
    pub fn from_days_since_epoch(days: i64) -> Option<Self> {
        let span = jiff::Span::new().try_days(days).ok()?;
        jiff::civil::Date::constant(1970, 1, 1)
            .checked_add(span)
            .ok()
            .map(Self)
    }

    /// How many days after 1970-01-01 it is; below zero for days before. For pictures and counts.
    #[must_use]
    pub fn days_since_epoch(self) -> i64 {
        let first = jiff::civil::Date::constant(1970, 1, 1);
        i64::from((self.0 - first).get_days())
    }

    /// The day `period` later, or nothing past the end of the calendar. A period of hours counts
    /// from the beginning of the day, so the day is the earliest on which it can end.
    #[must_use]
    pub fn after(self, period: &Period) -> Option<Self> {
        self.0.checked_add(period.0).ok().map(Self)
    }

    /// The day before, or nothing at the start of the calendar.
    #[must_use]
    pub fn day_before(self) -> Option<Self> {
        self.0.yesterday().ok().map(Self)
    }
}

impl FromStr for Date {
    type Err = DateError;

    fn from_str(text: &str) -> Result<Self, DateError> {
        let wrong = || DateError {
            text: text.chars().take(40).collect(),
            expected: DATE,
        };
        if text.len() != 10 {
            return Err(wrong());
        }
        text.parse().map(Self).map_err(|_| wrong())
    }
}

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

/// A span of calendar time, as in a legal deadline: `P2W`, `P15D`, `P30D`, `PT72H`.
#[derive(Clone, Debug)]
pub struct Period(jiff::Span);

impl Period {
    /// Does it count hours, so that a day alone does not say when it ends?
    #[must_use]
    pub fn counts_hours(&self) -> bool {
        self.0.get_hours() != 0 || self.0.get_minutes() != 0 || self.0.get_seconds() != 0
    }
}

impl FromStr for Period {
    type Err = DateError;

    fn from_str(text: &str) -> Result<Self, DateError> {
        let wrong = || DateError {
            text: text.chars().take(40).collect(),
            expected: PERIOD,
        };
        let iso = text.starts_with('P');
        text.parse()
            .ok()
            .filter(|_| iso)
            .map(Self)
            .ok_or_else(wrong)
    }
}

impl fmt::Display for Period {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

/// When something holds: `from` inclusive, `until` exclusive, and the day it became known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Interval {
    /// First day; none means since ever.
    pub from: Option<Date>,
    /// First day on which it no longer holds; none means until further notice.
    pub until: Option<Date>,
    /// The day it became known; default: the publication of its source. None means always known.
    pub known: Option<Date>,
}

impl Interval {
    /// Holds on every day and has always been known.
    pub const ALWAYS: Self = Self {
        from: None,
        until: None,
        known: None,
    };

    /// Does it hold on `on`, as known on `known`?
    #[must_use]
    pub fn holds(&self, on: Date, known: Date) -> bool {
        self.known.is_none_or(|k| k <= known)
            && self.from.is_none_or(|f| f <= on)
            && self.until.is_none_or(|u| on < u)
    }
}

/// A value and the interval over which it holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dated<T> {
    /// When it holds.
    pub when: Interval,
    /// What holds.
    pub value: T,
}

/// A value that changes over time. An entry without `until` ends where the next one begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Timeline<T>(Vec<Dated<T>>);

impl<T> Timeline<T> {
    /// Entries in any order; they are sorted by their first day.
    #[must_use]
    pub fn new(mut entries: Vec<Dated<T>>) -> Self {
        entries.sort_by_key(|e| (e.when.from, e.when.known));
        Self(entries)
    }

    /// A value that never changes.
    #[must_use]
    pub fn always(value: T) -> Self {
        Self(vec![Dated {
            when: Interval::ALWAYS,
            value,
        }])
    }

    /// The value that holds on `on`, as known on `known`: of several that hold, the one that
    /// begins last, and of those the one learned last.
    #[must_use]
    pub fn at(&self, on: Date, known: Date) -> Option<&Dated<T>> {
        self.0.iter().rfind(|e| e.when.holds(on, known))
    }

    /// All entries by first day.
    pub fn entries(&self) -> impl Iterator<Item = &Dated<T>> {
        self.0.iter()
    }

    /// The days on which the value may change.
    pub fn change_days(&self) -> impl Iterator<Item = Date> + '_ {
        self.0
            .iter()
            .flat_map(|e| [e.when.from, e.when.until])
            .flatten()
    }

    /// The latest day on which something in here became known.
    #[must_use]
    pub fn last_known(&self) -> Option<Date> {
        self.0.iter().filter_map(|e| e.when.known).max()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> Date {
        text.parse().unwrap()
    }

    fn entry(from: &str, until: Option<&str>, known: Option<&str>, value: u8) -> Dated<u8> {
        let when = Interval {
            from: Some(day(from)),
            until: until.map(day),
            known: known.map(day),
        };
        Dated { when, value }
    }

    #[test]
    fn intervals_are_half_open() {
        let line = Timeline::new(vec![
            entry("2025-01-01", Some("2026-01-01"), None, 1),
            entry("2026-01-01", None, None, 2),
        ]);
        let at = |d: &str| line.at(day(d), day("2030-01-01")).map(|e| e.value);
        assert_eq!(at("2024-12-31"), None);
        assert_eq!(at("2025-01-01"), Some(1));
        assert_eq!(at("2025-12-31"), Some(1));
        assert_eq!(at("2026-01-01"), Some(2));
    }

    #[test]
    fn what_was_not_known_yet_does_not_count() {
        let line = Timeline::new(vec![
            entry("2025-01-01", None, None, 1),
            entry("2026-08-02", None, Some("2026-07-24"), 2),
        ]);
        let on = day("2026-09-01");
        assert_eq!(line.at(on, day("2026-07-23")).map(|e| e.value), Some(1));
        assert_eq!(line.at(on, day("2026-07-24")).map(|e| e.value), Some(2));
    }

    #[test]
    fn refuses_days_that_are_not() {
        for text in [
            "2026-02-30",
            "2026-13-01",
            "24.11.2026",
            "2026-1-1",
            "",
            "2026-11-24T00:00",
        ] {
            assert!(text.parse::<Date>().is_err(), "{text:?}");
        }
        assert_eq!(
            day("2026-11-24").after(&"P2W".parse().unwrap()),
            Some(day("2026-12-08"))
        );
        assert!("2W".parse::<Period>().is_err());
        assert_eq!(Date::from_days_since_epoch(20_781), Some(day("2026-11-24")));
        for days in [-719_000, -1, 0, 20_781] {
            let on = Date::from_days_since_epoch(days).unwrap();
            assert_eq!(on.days_since_epoch(), days);
        }
    }
}
