//! Dated values: status timelines, parameters and code lists, each with its days and its source.

use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::Arc;

use weigh_facts::{
    Date, Dated, Decimal, Diagnostic, Enforcement, Interval, Item, Node, Source, Table, TextStatus,
    Timeline, Unit,
};

use super::names::Named;
use super::sources::Listed;
use crate::book::{CodeList, CodeSet, Extent, Param, ParamValue};
use crate::browse::{Axis, StatusEntry};

type Errors = Vec<Diagnostic>;

/// A word of one of the two status axes.
pub(super) trait StatusWord: Copy + 'static {
    const AXIS: Axis;
    const ALL: &'static [Self];
    fn word(self) -> &'static str;
}

impl StatusWord for TextStatus {
    const AXIS: Axis = Axis::Text;
    const ALL: &'static [Self] = TextStatus::ALL;
    fn word(self) -> &'static str {
        self.as_str()
    }
}

impl StatusWord for Enforcement {
    const AXIS: Axis = Axis::Enforcement;
    const ALL: &'static [Self] = Enforcement::ALL;
    fn word(self) -> &'static str {
        self.as_str()
    }
}

/// A timeline of words: `text_status`, `enforcement`. What each entry cites goes into `history`.
pub(super) fn read_status<T: StatusWord>(
    table: &mut Table,
    sources: &Listed,
    history: &mut Vec<StatusEntry>,
    errors: &mut Errors,
) -> Option<Timeline<T>> {
    let key = T::AXIS.key();
    let nodes = table.list(key, errors)?;
    let read = |node: Node, errors: &mut Errors| {
        let Item::Text(text) = &node.item else {
            let message = format!("`{key}` holds words");
            errors.push(Diagnostic::new("value-entry", message, node.span));
            return None;
        };
        let found = T::ALL.iter().copied().find(|w| w.word() == text);
        if found.is_none() {
            let message = format!("`{text}` is no word for `{key}`");
            let words: Vec<&str> = T::ALL.iter().map(|w| w.word()).collect();
            let help = format!("use one of {}", words.join(", "));
            errors.push(Diagnostic::new("word-not-listed", message, node.span).with_help(help));
        }
        found
    };
    let entries = read_entries(nodes, sources, Citing::Optional, read, errors);
    history.extend(entries.iter().map(|(entry, source)| StatusEntry {
        axis: T::AXIS,
        when: entry.when,
        word: entry.value.word(),
        source: source.clone(),
    }));
    Some(Timeline::new(
        entries.into_iter().map(|(entry, _)| entry).collect(),
    ))
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Citing {
    Required,
    Optional,
}

/// An entry and what it cites.
type Entry<T> = (Dated<T>, Option<Arc<Source>>);

fn read_entries<T>(
    nodes: Vec<Node>,
    sources: &Listed,
    citing: Citing,
    mut read: impl FnMut(Node, &mut Errors) -> Option<T>,
    errors: &mut Errors,
) -> Vec<Entry<T>> {
    let mut entries: Vec<Entry<T>> = Vec::new();
    let mut stated: Vec<Interval> = Vec::new();
    for node in nodes {
        let span = node.span.clone();
        let Item::Table(mut table) = node.item else {
            let message = "a dated value is a table with `from` and `value`";
            errors.push(Diagnostic::new("value-entry", message, span));
            continue;
        };
        let source = table.text_at("source", errors);
        if source.is_none() && citing == Citing::Required {
            let help = "add `source` with the key of a `[source.KEY]` table";
            let message = "a value without a source is an opinion";
            errors.push(Diagnostic::new("no-citation", message, span.clone()).with_help(help));
        }
        let source = source.and_then(|(key, at)| sources.find(&key, at, errors));
        let when = read_interval(&mut table, source.as_deref(), &span, errors);
        let value = match table.take("value") {
            Some(node) => read(node, errors),
            None => {
                table.missing("value", errors);
                None
            }
        };
        table.finish(errors);
        if stated.iter().any(|other| overlap(other, &when)) {
            let message = "two values hold on the same day";
            let help = "end one with `until`, or give the later one the day it became `known`";
            errors.push(Diagnostic::new("value-overlap", message, span).with_help(help));
        }
        stated.push(when);
        if let Some(value) = value {
            let when = known_by_its_first_day(when);
            entries.push((Dated { when, value }, source));
        }
    }
    entries
}

/// `from`, `until` (exclusive) and `known`, which defaults to the publication of the source.
pub(super) fn read_interval(
    table: &mut Table,
    source: Option<&Source>,
    span: &Range<usize>,
    errors: &mut Errors,
) -> Interval {
    let from = table.date("from", errors);
    let until = table.date("until", errors);
    let known = table
        .date("known", errors)
        .or_else(|| source.and_then(|s| s.published));
    if from.zip(until).is_some_and(|(from, until)| until <= from) {
        let message = "this interval holds on no day: `until` is the first day after it";
        errors.push(Diagnostic::new("empty-interval", message, span.clone()));
    }
    Interval { from, until, known }
}

/// What is in force from a day was known on that day at the latest.
pub(super) fn known_by_its_first_day(stated: Interval) -> Interval {
    Interval {
        known: stated.known.or(stated.from),
        ..stated
    }
}

/// Do two entries learned on the same day claim the same day? One without an end gives way to the
/// next that begins; one learned later amends.
fn overlap(one: &Interval, other: &Interval) -> bool {
    let (first, second) = if one.from <= other.from {
        (one, other)
    } else {
        (other, one)
    };
    let same_start = first.from == second.from;
    let runs_into = first
        .until
        .is_some_and(|until| second.from.is_none_or(|from| from < until));
    one.known == other.known && (same_start || runs_into)
}

/// Reads the `[param.NAME]` tables.
pub(super) fn read_params(
    file: &mut Table,
    sources: &Listed,
    errors: &mut Errors,
) -> Vec<(Param, Named)> {
    let mut params = Vec::new();
    for (name, span, node) in named_tables(file, "param", errors) {
        let Item::Table(mut table) = node.item else {
            let message = format!("parameter `{name}` must be a table");
            errors.push(Diagnostic::new("value-entry", message, span));
            continue;
        };
        let unit = table.text_at("unit", errors);
        if unit.is_none() {
            table.missing("unit", errors);
        }
        let (unit, unit_span) = unit.unwrap_or_else(|| ("1".to_owned(), span.clone()));
        let (dimension, factor) = Unit::parse(&unit).unwrap_or_else(|error| {
            let message = format!("parameter `{name}`: {error}");
            errors.push(Diagnostic::new("bad-quantity", message, unit_span));
            (Unit::NONE, Decimal::from(1_u64))
        });
        let unstated = read_unstated(&mut table, sources, &span, errors);
        let nodes = table.list("values", errors).unwrap_or_default();
        if nodes.is_empty() && unstated.is_none() {
            let message = format!("parameter `{name}` has no value");
            let help = "add `values`, or say in `unstated` why the source gives none";
            errors.push(Diagnostic::new("value-entry", message, span.clone()).with_help(help));
        }
        let read = |node: Node, errors: &mut Errors| read_number(node, &factor, errors);
        let entries = read_entries(nodes, sources, Citing::Required, read, errors);
        table.finish(errors);
        let values = entries.into_iter().filter_map(|(dated, source)| {
            let value = ParamValue {
                value: dated.value,
                source: source?,
            };
            Some(Dated {
                when: dated.when,
                value,
            })
        });
        let param = Param {
            name: name.as_str().into(),
            unit: dimension,
            shown: unit.into(),
            unstated,
            values: Timeline::new(values.collect()),
        };
        params.push((param, Named::new(name, span)));
    }
    params
}

/// Why a source gives no number, for a line that is needed and nowhere stated.
fn read_unstated(
    table: &mut Table,
    sources: &Listed,
    span: &Range<usize>,
    errors: &mut Errors,
) -> Option<String> {
    let unstated = table.text("unstated", errors)?;
    match table.text_at("source", errors) {
        Some((key, at)) => {
            let _ = sources.find(&key, at, errors);
        }
        None => {
            let message = "a line that a source does not state needs that source";
            let help = "add `source` with the key of a `[source.KEY]` table";
            errors.push(Diagnostic::new("no-citation", message, span.clone()).with_help(help));
        }
    }
    Some(unstated)
}

fn read_number(node: Node, factor: &Decimal, errors: &mut Errors) -> Option<Decimal> {
    let number = match &node.item {
        Item::Number(number) => Some(number.clone()),
        Item::Text(text) => text.parse::<Decimal>().ok(),
        _ => None,
    };
    match number {
        Some(number) if !number.is_negative() => Some(&number * factor),
        _ => {
            let message = "a value is an exact number, zero or more";
            let help = "write the number alone; its unit stands in `unit`";
            errors.push(Diagnostic::new("bad-quantity", message, node.span).with_help(help));
            None
        }
    }
}

/// Reads the `[set.NAME]` tables.
pub(super) fn read_sets(
    file: &mut Table,
    sources: &Listed,
    errors: &mut Errors,
) -> Vec<(CodeSet, Named)> {
    let mut sets = Vec::new();
    let mut within: Vec<(usize, String, Range<usize>)> = Vec::new();
    for (name, span, node) in named_tables(file, "set", errors) {
        let Item::Table(mut table) = node.item else {
            let message = format!("set `{name}` must be a table");
            errors.push(Diagnostic::new("value-entry", message, span));
            continue;
        };
        let complete = table.boolean("complete", errors);
        let universe = table.text_at("within", errors);
        if complete.is_some() == universe.is_some() {
            let message = format!("set `{name}` does not say what a code is that it does not list");
            let help = "write `complete = true` if such a code is not in it, or `within` with the \
                        set of the codes of which that is so";
            errors.push(Diagnostic::new("value-entry", message, span.clone()).with_help(help));
        }
        within.extend(universe.map(|(name, at)| (sets.len(), name, at)));
        let nodes = table.list("values", errors).unwrap_or_default();
        let entries = read_entries(nodes, sources, Citing::Required, read_codes, errors);
        table.finish(errors);
        let values = entries.into_iter().filter_map(|(dated, source)| {
            let value = CodeList {
                codes: dated.value,
                source: source?,
            };
            Some(Dated {
                when: dated.when,
                value,
            })
        });
        let set = CodeSet {
            name: name.clone(),
            extent: match complete {
                Some(true) => Extent::Complete,
                _ => Extent::Open,
            },
            values: Timeline::new(values.collect()),
        };
        sets.push((set, Named::new(name, span)));
    }
    resolve_extents(&mut sets, within, errors);
    sets
}

/// Finds the set that another lies within.
fn resolve_extents(
    sets: &mut [(CodeSet, Named)],
    within: Vec<(usize, String, Range<usize>)>,
    errors: &mut Errors,
) {
    for (index, name, at) in within {
        let found = sets.iter().position(|(set, _)| set.name == name);
        let is_complete = |(set, _): &(CodeSet, Named)| set.extent == Extent::Complete;
        match found.filter(|f| sets.get(*f).is_some_and(is_complete)) {
            Some(universe) => {
                if let Some((_, named)) = sets.get(universe) {
                    named.used.set(true);
                }
                if let Some((set, _)) = sets.get_mut(index) {
                    set.extent = Extent::Within(universe);
                }
            }
            None => {
                let message = format!("`{name}` is no complete set of this file");
                let help = "name a set with `complete = true` that lists every code there is";
                errors.push(Diagnostic::new("unknown-set", message, at).with_help(help));
            }
        }
    }
}

fn read_codes(node: Node, errors: &mut Errors) -> Option<BTreeSet<String>> {
    let Item::List(items) = node.item else {
        let message = "a set holds a list of codes";
        errors.push(Diagnostic::new("value-entry", message, node.span));
        return None;
    };
    let mut codes = BTreeSet::new();
    for item in items {
        let message = match item.item {
            Item::Text(code) if code.is_empty() => "a code is not empty".to_owned(),
            Item::Text(code) if code.chars().any(|c| c.is_ascii_lowercase()) => {
                format!("'{code}' is no code: codes are upper case")
            }
            Item::Text(code) => match codes.contains(&code) {
                true => format!("'{code}' is listed twice"),
                false => {
                    codes.insert(code);
                    continue;
                }
            },
            other => format!("a set holds codes, not {}", other.kind()),
        };
        errors.push(Diagnostic::new("bad-code", message, item.span));
    }
    Some(codes)
}

/// The sub-tables of `[key.NAME]`, names checked.
pub(super) fn named_tables(
    file: &mut Table,
    key: &'static str,
    errors: &mut Errors,
) -> Vec<(String, Range<usize>, Node)> {
    let tables = file.table(key, errors).map(|mut t| t.take_all());
    let tables = tables.unwrap_or_default();
    for (name, span, _) in &tables {
        let word = name.starts_with(|c: char| c.is_ascii_lowercase())
            && name
                .chars()
                .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
        if !word {
            let message = format!("`{name}` cannot be mentioned in a condition");
            let help = "use lowercase words joined by `_`";
            errors.push(Diagnostic::new("bad-id", message, span.clone()).with_help(help));
        }
    }
    tables
}

/// A day before all law, where an interval without a beginning begins.
pub(super) fn first_day() -> Option<Date> {
    "0001-01-01".parse().ok()
}
