//! What differs between two readings of the law: one book on two days, or two books.
//!
//! A reading is a rulebook on a day, with the knowledge of a day. Compared are statuses, values,
//! lists, named conditions, rules and alarms, each by its name; file order decides nothing.
//!
//! - **Invariant:** a reading does not differ from itself, and swapping two readings swaps what
//!   stands before and after.
//! - **Absent on purpose:** what the difference means for a subject. Whoever asks that assesses
//!   subjects under both.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Display;
use std::sync::Arc;

use weigh_facts::{Date, Interval, Level, Source, Timeline};

use crate::book::{Param, Rule};
use crate::browse::{Axis, StatusEntry, quantity};
use crate::{Citation, Rulebook, alarms};

/// A rulebook as it is read on a day, with the knowledge of a day.
#[derive(Clone, Copy, Debug)]
pub struct Reading<'a> {
    /// The rulebook.
    pub book: &'a Rulebook,
    /// The day it is read on.
    pub on: Date,
    /// The day our knowledge of it ends.
    pub known: Date,
}

/// One thing that differs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// What kind of thing it is.
    pub part: Part,
    /// Its name: a rule, a parameter, a set, an alarm; empty for the book itself.
    pub name: String,
    /// What it is called, if it is a rule with a title; of two titles the second.
    pub title: Option<String>,
    /// How heavy it is, if it is a rule; of two levels the heavier.
    pub level: Option<Level>,
    /// What of it differs.
    pub aspect: Aspect,
    /// How.
    pub change: Change,
}

/// What kind of thing differs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Part {
    /// The book itself.
    Book,
    /// A parameter.
    Parameter,
    /// A list of codes.
    Set,
    /// A named condition.
    Predicate,
    /// A rule.
    Rule,
    /// A day that asks for a person.
    Alarm,
}

impl Part {
    /// The word used in output.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Book => "book",
            Self::Parameter => "parameter",
            Self::Set => "set",
            Self::Predicate => "predicate",
            Self::Rule => "rule",
            Self::Alarm => "alarm",
        }
    }
}

/// What of a thing differs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Aspect {
    /// Does the book have it at all?
    Presence,
    /// Does it hold on the day?
    InForce,
    /// What the text is.
    TextStatus,
    /// What those who enforce do.
    Enforcement,
    /// The number.
    Value,
    /// The codes.
    Codes,
    /// The title.
    Title,
    /// What kind of subject it is about.
    About,
    /// How heavy it is.
    Level,
    /// The condition as written.
    Condition,
    /// What follows.
    Outcome,
    /// From when a deadline runs.
    Clock,
    /// The rules it is an exception to.
    Exceptions,
    /// What it cites.
    Citations,
    /// The interpretation it follows.
    Interpretation,
    /// Whom it binds.
    Addressee,
    /// Does it rest on the text, or on what an agency does?
    Basis,
    /// The days it speaks of.
    Days,
    /// The last day of which the book knows.
    KnownThrough,
    /// The version of the encoding.
    Version,
}

impl Aspect {
    /// The words used in output.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Presence => "presence",
            Self::InForce => "in force",
            Self::TextStatus => "text status",
            Self::Enforcement => "enforcement",
            Self::Value => "value",
            Self::Codes => "codes",
            Self::Title => "title",
            Self::About => "about",
            Self::Level => "level",
            Self::Condition => "condition",
            Self::Outcome => "outcome",
            Self::Clock => "clock",
            Self::Exceptions => "exceptions",
            Self::Citations => "citations",
            Self::Interpretation => "reading",
            Self::Addressee => "addressee",
            Self::Basis => "basis",
            Self::Days => "days",
            Self::KnownThrough => "known through",
            Self::Version => "version",
        }
    }
}

/// How a thing differs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// Something else is said of it; nothing on a side that says nothing.
    Said {
        /// What the first reading says.
        before: Option<Stated>,
        /// What the second says.
        after: Option<Stated>,
    },
    /// Codes joined or left.
    Codes {
        /// Those that only the second has.
        added: BTreeSet<String>,
        /// Those that only the first has.
        removed: BTreeSet<String>,
        /// Where the first list comes from.
        before: Option<Arc<Source>>,
        /// Where the second comes from.
        after: Option<Arc<Source>>,
    },
}

/// What one reading says of a thing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stated {
    /// What it says: `1e25 FLOP`, `in-force`, a condition.
    pub text: String,
    /// When that holds, if it is dated.
    pub when: Option<Interval>,
    /// Where it comes from, if that is said of this thing alone.
    pub source: Option<Arc<Source>>,
}

impl Stated {
    fn plain(text: impl Display) -> Self {
        Self {
            text: text.to_string(),
            when: None,
            source: None,
        }
    }
}

/// Everything in which two readings differ: of the book, then by kind of part, the heaviest rules
/// first, and by name.
#[must_use]
pub fn diff(one: Reading<'_>, other: Reading<'_>) -> Vec<Difference> {
    let mut found = Found(Vec::new());
    book(one, other, &mut found);
    params(one, other, &mut found);
    sets(one, other, &mut found);
    predicates(one, other, &mut found);
    rules(one, other, &mut found);
    standing_alarms(one, other, &mut found);
    for difference in found.0.iter_mut().filter(|d| d.part == Part::Rule) {
        for book in [one.book, other.book] {
            let rule = book.rule_index(&difference.name);
            let Some(rule) = rule.and_then(|index| book.rules.get(index)) else {
                continue;
            };
            difference.level = difference.level.max(Some(rule.level));
            let title = rule.title.as_deref().map(str::to_owned);
            difference.title = title.or(difference.title.take());
        }
    }
    found.0.sort_by(|a, b| {
        let key = |d: &Difference| (d.part, Reverse(d.level), d.name.clone(), d.aspect);
        key(a).cmp(&key(b))
    });
    found.0
}

/// What was found so far.
struct Found(Vec<Difference>);

impl Found {
    /// Adds a difference, if what is said is not the same.
    fn said(
        &mut self,
        part: Part,
        name: &str,
        aspect: Aspect,
        before: Option<Stated>,
        after: Option<Stated>,
    ) {
        let text = |s: &Option<Stated>| s.as_ref().map(|s| s.text.clone());
        if text(&before) == text(&after) {
            return;
        }
        self.0.push(Difference {
            part,
            name: name.to_owned(),
            title: None,
            level: None,
            aspect,
            change: Change::Said { before, after },
        });
    }

    /// The same for words without days or sources; an empty one says nothing.
    fn words(&mut self, part: Part, name: &str, aspect: Aspect, before: String, after: String) {
        let stated = |text: String| (!text.is_empty()).then(|| Stated::plain(text));
        self.said(part, name, aspect, stated(before), stated(after));
    }
}

/// Names of two lists, each once.
fn both<'n>(
    one: impl Iterator<Item = &'n str>,
    other: impl Iterator<Item = &'n str>,
) -> BTreeSet<&'n str> {
    one.chain(other).collect()
}

fn book(one: Reading<'_>, other: Reading<'_>, found: &mut Found) {
    let (a, b) = (one.book, other.book);
    for (aspect, before, after) in [
        (Aspect::Title, a.title.clone(), b.title.clone()),
        (Aspect::Version, a.version.clone(), b.version.clone()),
        (
            Aspect::KnownThrough,
            a.known_through.to_string(),
            b.known_through.to_string(),
        ),
    ] {
        found.words(Part::Book, "", aspect, before, after);
    }
    let text = |r: Reading<'_>| status(&r.book.text_status, &r.book.history, Axis::Text, r);
    let axis = Axis::Enforcement;
    let enforcement = |r: Reading<'_>| status(&r.book.enforcement, &r.book.history, axis, r);
    for (aspect, before, after) in [
        (Aspect::TextStatus, text(one), text(other)),
        (Aspect::Enforcement, enforcement(one), enforcement(other)),
    ] {
        found.said(Part::Book, "", aspect, before, after);
    }
}

/// A status on a day, with what its entry cites.
fn status<T: Display>(
    line: &Timeline<T>,
    history: &[StatusEntry],
    axis: Axis,
    reading: Reading<'_>,
) -> Option<Stated> {
    let entry = line.at(reading.on, reading.known)?;
    let mut cited = history.iter();
    let cited = cited.find(|e| e.axis == axis && e.when == entry.when);
    Some(Stated {
        text: entry.value.to_string(),
        when: Some(entry.when),
        source: cited.and_then(|e| e.source.clone()),
    })
}

fn params(one: Reading<'_>, other: Reading<'_>, found: &mut Found) {
    fn named<'a>(book: &'a Rulebook, name: &str) -> Option<&'a Param> {
        book.params.iter().find(|p| *p.name == *name)
    }
    let value = |reading: Reading<'_>, name: &str| -> Option<Stated> {
        let param = named(reading.book, name)?;
        let Some(entry) = param.values.at(reading.on, reading.known) else {
            let reason = param.unstated.as_ref()?;
            return Some(Stated::plain(format!("not stated: {reason}")));
        };
        Some(Stated {
            text: exact(&quantity(&entry.value.value, param.unit), &param.shown),
            when: Some(entry.when),
            source: Some(Arc::clone(&entry.value.source)),
        })
    };
    let names = both(
        one.book.params.iter().map(|p| &*p.name),
        other.book.params.iter().map(|p| &*p.name),
    );
    for name in names {
        let (before, after) = (value(one, name), value(other, name));
        let same = named(one.book, name).zip(named(other.book, name));
        // The same amount in another unit is the same line.
        let is_same = same.is_some_and(|(a, b)| {
            let read = |p: &Param, r: Reading<'_>| {
                let entry = p.values.at(r.on, r.known);
                entry.map(|e| quantity(&e.value.value, p.unit))
            };
            let (a, b) = (read(a, one), read(b, other));
            a.is_some() && a == b
        });
        if !is_same {
            found.said(Part::Parameter, name, Aspect::Value, before, after);
        }
    }
}

/// Every digit of a quantity, in the unit its file has, where that is exact.
fn exact(value: &weigh_facts::Quantity, shown: &str) -> String {
    let in_unit = weigh_facts::Unit::parse(shown).ok();
    let in_unit = in_unit.filter(|(unit, _)| *unit == value.unit && !unit.is_none());
    let number = in_unit.and_then(|(_, factor)| value.value.exact_quotient(&factor));
    match number {
        Some(number) => format!("{} {shown}", number.to_line()),
        None if value.unit.is_none() => value.value.to_line(),
        None => value.to_string(),
    }
}

/// The codes of a list and where they come from; nothing on a day without one.
type List = Option<(BTreeSet<String>, Arc<Source>)>;

fn sets(one: Reading<'_>, other: Reading<'_>, found: &mut Found) {
    let read = |reading: Reading<'_>| {
        let mut lists = BTreeMap::new();
        for index in reading.book.sets_read() {
            if let Some(set) = reading.book.sets.get(index) {
                let list = set.values.at(reading.on, reading.known);
                let list = list.map(|l| (l.value.codes.clone(), Arc::clone(&l.value.source)));
                lists.insert(set.name.clone(), list);
            }
        }
        lists
    };
    let (before, after) = (read(one), read(other));
    let names = both(
        before.keys().map(String::as_str),
        after.keys().map(String::as_str),
    );
    for name in names {
        let list = |lists: &BTreeMap<String, List>| lists.get(name).cloned().flatten();
        let (before, after) = (list(&before), list(&after));
        let codes = |list: &List| {
            list.as_ref()
                .map(|(codes, _)| codes.clone())
                .unwrap_or_default()
        };
        let (old, new) = (codes(&before), codes(&after));
        if old == new && before.is_some() == after.is_some() {
            continue;
        }
        found.0.push(Difference {
            part: Part::Set,
            name: name.to_owned(),
            title: None,
            level: None,
            aspect: Aspect::Codes,
            change: Change::Codes {
                added: new.difference(&old).cloned().collect(),
                removed: old.difference(&new).cloned().collect(),
                before: before.map(|(_, source)| source),
                after: after.map(|(_, source)| source),
            },
        });
    }
}

fn predicates(one: Reading<'_>, other: Reading<'_>, found: &mut Found) {
    let when = |book: &Rulebook, name: &str| {
        let mut all = book.predicates();
        let found = all.find(|(n, _)| *n == name);
        found.map(|(_, when)| one_line(when)).unwrap_or_default()
    };
    let names = both(
        one.book.predicates().map(|(name, _)| name),
        other.book.predicates().map(|(name, _)| name),
    );
    for name in names {
        let (before, after) = (when(one.book, name), when(other.book, name));
        found.words(Part::Predicate, name, Aspect::Condition, before, after);
    }
}

/// Line breaks and indentation of a condition are for its file.
fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn rules(one: Reading<'_>, other: Reading<'_>, found: &mut Found) {
    let ids = both(
        one.book.rules.iter().map(|r| r.id.as_str()),
        other.book.rules.iter().map(|r| r.id.as_str()),
    );
    for id in ids {
        let rule = |book: &'_ Rulebook| book.rule_index(id);
        match (rule(one.book), rule(other.book)) {
            (Some(before), Some(after)) => {
                let rules = one.book.rules.get(before).zip(other.book.rules.get(after));
                if let Some((before, after)) = rules {
                    same_rule((one, before), (other, after), found);
                }
            }
            (before, after) => {
                let stated = |reading: Reading<'_>, index: Option<usize>| {
                    let rule = reading.book.rules.get(index?)?;
                    Some(Stated {
                        text: format!(
                            "{}, about {}: {}",
                            rule.level,
                            rule.about.with_article(),
                            one_line(&rule.when)
                        ),
                        when: Some(rule.interval),
                        source: rule.citations.first().map(|c| Arc::clone(&c.source)),
                    })
                };
                found.said(
                    Part::Rule,
                    id,
                    Aspect::Presence,
                    stated(one, before),
                    stated(other, after),
                );
            }
        }
    }
}

/// A rule that both books have.
fn same_rule(
    (one, before): (Reading<'_>, &Rule),
    (other, after): (Reading<'_>, &Rule),
    found: &mut Found,
) {
    let id = before.id.as_str();
    let holds = |reading: Reading<'_>, rule: &Rule| {
        rule.interval
            .holds(reading.on, reading.known)
            .then(|| Stated {
                text: "in force".to_owned(),
                when: Some(rule.interval),
                source: rule.citations.first().map(|c| Arc::clone(&c.source)),
            })
    };
    let text = |r: Reading<'_>, rule: &Rule| {
        let line = rule.text_status.as_ref()?;
        status(line, &rule.history, Axis::Text, r)
    };
    let enforcement = |r: Reading<'_>, rule: &Rule| {
        let line = rule.enforcement.as_ref()?;
        status(line, &rule.history, Axis::Enforcement, r)
    };
    for (aspect, old, new) in [
        (Aspect::InForce, holds(one, before), holds(other, after)),
        (Aspect::TextStatus, text(one, before), text(other, after)),
        (
            Aspect::Enforcement,
            enforcement(one, before),
            enforcement(other, after),
        ),
    ] {
        found.said(Part::Rule, id, aspect, old, new);
    }
    let (old, new) = (wordings(one.book, before), wordings(other.book, after));
    for ((aspect, before), (_, after)) in old.into_iter().zip(new) {
        found.words(Part::Rule, id, aspect, before, after);
    }
}

/// Everything a rule says that has no day of its own, in a fixed order.
fn wordings(book: &Rulebook, rule: &Rule) -> Vec<(Aspect, String)> {
    let outcome = rule.then.iter().map(|(key, word)| format!("{key}: {word}"));
    let exceptions = book.ids(&rule.overrides);
    let mut exceptions: Vec<&str> = exceptions.iter().map(|id| id.as_str()).collect();
    exceptions.sort_unstable();
    let day = |d: Option<Date>| d.map(|d| d.to_string()).unwrap_or_default();
    let text = |t: &Option<Arc<str>>| t.as_deref().unwrap_or_default().to_owned();
    vec![
        (Aspect::Title, text(&rule.title)),
        (Aspect::About, rule.about.to_string()),
        (Aspect::Level, rule.level.to_string()),
        (Aspect::Condition, one_line(&rule.when)),
        (Aspect::Outcome, outcome.collect::<Vec<_>>().join("; ")),
        (
            Aspect::Clock,
            rule.clock
                .as_ref()
                .map(|c| c.event.clone())
                .unwrap_or_default(),
        ),
        (Aspect::Exceptions, exceptions.join(", ")),
        (Aspect::Citations, citations(&rule.citations)),
        (Aspect::Interpretation, text(&rule.reading)),
        (Aspect::Addressee, text(&rule.addressee)),
        (Aspect::Basis, rule.basis.as_str().to_owned()),
        (
            Aspect::Days,
            format!("{}..{}", day(rule.interval.from), day(rule.interval.until)),
        ),
    ]
}

fn citations(all: &[Citation]) -> String {
    let each = all.iter().map(|c| {
        let quote = c.quote.as_ref().or(c.source.quote.as_ref());
        let quote = quote.map(|q| format!(", \"{q}\"")).unwrap_or_default();
        format!("{c}{quote} [{}]", c.source.certainty.as_str())
    });
    each.collect::<Vec<_>>().join("; ")
}

fn standing_alarms(one: Reading<'_>, other: Reading<'_>, found: &mut Found) {
    let standing = |reading: Reading<'_>| -> BTreeMap<(String, String), Stated> {
        let alarms = alarms::alarms(reading.book, reading.on, reading.known);
        let each = alarms.into_iter().map(|alarm| {
            let stated = Stated {
                text: alarm.text,
                when: Some(Interval {
                    from: Some(alarm.from),
                    ..Interval::ALWAYS
                }),
                source: alarm.citations.first().map(|c| Arc::clone(&c.source)),
            };
            ((alarm.id, alarm.from.to_string()), stated)
        });
        each.collect()
    };
    let (before, after) = (standing(one), standing(other));
    let keys: BTreeSet<_> = before.keys().chain(after.keys()).collect();
    for key in keys {
        match (before.get(key), after.get(key)) {
            // The words name the day, and the alarm is the same.
            (Some(_), Some(_)) => {}
            (old, new) => {
                let (old, new) = (old.cloned(), new.cloned());
                found.said(Part::Alarm, &key.0, Aspect::InForce, old, new);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{HEAD, checked, day, rule};

    /// One line per difference between two readings, each a text and a day.
    fn told(one: (&str, &str), other: (&str, &str)) -> Vec<String> {
        let (a, b) = (checked(one.0), checked(other.0));
        let reading = |book, on| Reading {
            book,
            on: day(on),
            known: day("2026-10-01"),
        };
        let found = diff(reading(&a, one.1), reading(&b, other.1));
        found.iter().map(line).collect()
    }

    fn line(difference: &Difference) -> String {
        let text = |s: &Option<Stated>| s.as_ref().map_or("-", |s| &s.text).to_owned();
        let how = match &difference.change {
            Change::Said { before, after } => format!("{} -> {}", text(before), text(after)),
            Change::Codes { added, removed, .. } => format!("+{added:?} -{removed:?}"),
        };
        let (part, aspect) = (difference.part.as_str(), difference.aspect.as_str());
        format!("{part} {} {aspect}: {how}", difference.name)
    }

    fn dated() -> String {
        let statuses = HEAD
            .replace(
                "[{ from = 2025-01-01, value = \"enforced\" }]",
                "[{ from = 2025-01-01, value = \"none\" }, { from = 2025-07-01, value = \"enforced\" }]",
            );
        statuses
            + "[param.line]\nunit = \"PFLOP\"\nvalues = [{ from = 2025-01-01, value = \"1e10\", source = \"s\" }, { from = 2025-08-01, value = \"1e11\", source = \"s\" }]\n"
            + "[set.places]\ncomplete = true\nvalues = [{ from = 2025-01-01, value = [\"CN\", \"RU\"], source = \"s\" }, { from = 2025-09-01, value = [\"CN\", \"AE\"], source = \"s\" }]\n"
            + &rule("counted", "operations('eu-cumulative') > $line", "")
            + &rule(
                "placed",
                "destination IN ($places)",
                "from = 2025-06-01\nuntil = 2025-10-01",
            )
            + "[[alarm]]\nid = \"look\"\nfrom = 2025-10-01\ntext = \"the list ended\"\ncite = \"s\"\n"
    }

    #[test]
    fn a_reading_does_not_differ_from_itself() {
        let text = dated();
        assert!(told((&text, "2025-07-01"), (&text, "2025-07-01")).is_empty());
    }

    #[test]
    fn swapping_two_readings_swaps_before_and_after() {
        let text = dated();
        let (early, late) = ((text.as_str(), "2025-02-01"), (text.as_str(), "2025-09-30"));
        let flipped: Vec<String> = told(late, early)
            .iter()
            .filter_map(|line| {
                let (name, how) = line.split_once(": ")?;
                let (before, after) = how.split_once(" -> ")?;
                Some(format!("{name}: {after} -> {before}"))
            })
            .collect();
        let straight = told(early, late);
        let straight: Vec<&String> = straight.iter().filter(|l| l.contains(" -> ")).collect();
        assert_eq!(flipped.iter().collect::<Vec<_>>(), straight);
        assert_eq!(straight.len(), 3);
    }

    #[test]
    fn two_days_differ_in_statuses_values_lists_rules_and_alarms() {
        let text = dated();
        assert_eq!(
            told((&text, "2025-02-01"), (&text, "2025-09-30")),
            [
                "book  enforcement: none -> enforced",
                "parameter line value: 1e10 PFLOP -> 1e11 PFLOP",
                "set places codes: +{\"AE\"} -{\"RU\"}",
                "rule placed in force: - -> in force",
            ]
        );
        assert_eq!(
            told((&text, "2025-09-30"), (&text, "2025-10-01")),
            [
                "rule placed in force: in force -> -",
                "alarm look in force: - -> the list ended",
            ]
        );
    }

    #[test]
    fn before_its_first_day_a_book_says_nothing() {
        let text = dated();
        let told = told((&text, "2024-12-31"), (&text, "2025-01-01"));
        assert_eq!(
            told,
            [
                "book  text status: - -> in-force",
                "book  enforcement: - -> none",
                "parameter line value: - -> 1e10 PFLOP",
                "set places codes: +{\"CN\", \"RU\"} -{}",
                "rule counted in force: - -> in force",
            ]
        );
    }

    #[test]
    fn two_books_differ_in_rules_and_what_they_say() {
        let one = HEAD.to_owned()
            + &rule("kept", "is_gpai", "")
            + &rule(
                "worded",
                "is_gpai\n  AND flag_b",
                "then = { tier = \"one\" }",
            )
            + &rule("gone", "flag_b", "");
        let other = HEAD.replace("title = \"t\"", "title = \"u\"")
            + &rule("kept", "is_gpai", "")
            + &rule("worded", "is_gpai OR flag_b", "then = { tier = \"two\" }")
            + &rule("new", "flag_b", "").replace("level = \"flag\"", "level = \"review\"");
        let on = "2026-01-01";
        assert_eq!(
            told(
                (&one.replace("is_gpai\n  AND", "is_gpai AND"), on),
                (&other, on)
            ),
            [
                "book  title: t -> u",
                "rule new presence: - -> review, about a model: flag_b",
                "rule gone presence: flag, about a model: flag_b -> -",
                "rule worded condition: is_gpai AND flag_b -> is_gpai OR flag_b",
                "rule worded outcome: tier: one -> tier: two",
            ]
        );
    }

    #[test]
    fn the_same_line_in_another_unit_is_the_same_line() {
        let text = |unit: &str, value: &str| {
            HEAD.to_owned()
                + &format!(
                    "[param.line]\nunit = \"{unit}\"\nvalues = [{{ from = 2025-01-01, value = \"{value}\", source = \"s\" }}]\n"
                )
                + &rule("r", "operations('eu-cumulative') > $line", "")
        };
        let on = "2026-01-01";
        let (flop, peta) = (text("FLOP", "1e25"), text("PFLOP", "1e10"));
        assert!(told((&flop, on), (&peta, on)).is_empty());
        assert_eq!(told((&flop, on), (&text("PFLOP", "1e11"), on)).len(), 1);
    }
}
