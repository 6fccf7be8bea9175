//! What each critical value of a fact makes of the comparisons with it.
//!
//! A verdict can change only at the lines drawn on a fact, so a value is one of a few: on a line,
//! between two, beyond either end; one of the words there are; a code that is in the same lists as
//! others are and that no comparison names. The codes of a list are not tried one by one: those
//! that are in the same lists are one.
//!
//! - **Invariant:** every value the fact could have is a row, and every row is such a value.
//! - **Invariant:** a bounded quantity has rows inside its bounds only.

use weigh_facts::{Date, Estimate, FactType, Value};

use crate::Rulebook;
use crate::book::Extent;
use crate::eval::{Day, Scope};
use crate::ir::{Comparison, Test};

/// What the critical values of one fact make of some comparisons.
pub(crate) struct Ways {
    columns: usize,
    /// Value by value, for each comparison whether it holds.
    holds: Vec<bool>,
    /// Would some of the comparisons alone have the same values? If not, these rows say nothing of
    /// a rule that makes only some of the comparisons.
    pub(crate) are_shared: bool,
}

impl Ways {
    fn new(columns: usize) -> Self {
        Self {
            columns,
            holds: Vec::new(),
            are_shared: true,
        }
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.holds.len().checked_div(self.columns).unwrap_or(0)
    }

    pub(crate) fn holds(&self, way: usize, column: usize) -> bool {
        let at = way * self.columns + column;
        self.holds.get(at).copied().unwrap_or(false)
    }

    /// Each row once, similar ones beside each other.
    fn sorted(mut self) -> Self {
        let mut rows: Vec<&[bool]> = self.holds.chunks(self.columns.max(1)).collect();
        rows.sort_unstable();
        rows.dedup();
        self.holds = rows.concat();
        self
    }
}

/// The ways of a fact of which every comparison in `tests` is open.
pub(crate) fn ways(
    book: &Rulebook,
    scope: &Scope<'_>,
    slot: usize,
    tests: &[&Test],
    classes: &mut Option<Classes>,
) -> Ways {
    match book.slots.get(slot).map(|s| &s.kind) {
        Some(FactType::Quantity { .. }) => {
            let value = scope.values.get(slot).copied().flatten();
            quantities(scope, tests, value)
        }
        Some(FactType::Date) => dates(tests),
        Some(FactType::Enum(words)) => {
            let mut ways = Ways::new(tests.len());
            for word in words {
                let is_among = |list: usize| is_listed(scope.day, list, word);
                add_word(&mut ways, tests, Some(word), is_among);
            }
            ways.sorted()
        }
        Some(FactType::Code(_)) => {
            let classes = classes.get_or_insert_with(|| Classes::new(scope.day));
            codes(scope.day, tests, classes)
        }
        Some(FactType::Bool | FactType::Set(_) | FactType::List(_)) | None => {
            Ways::new(tests.len())
        }
    }
}

fn quantities(scope: &Scope<'_>, tests: &[&Test], value: Option<&Value>) -> Ways {
    let (low, high) = match value {
        Some(Value::Quantity(estimate)) => (Estimate::low(estimate), Estimate::high(estimate)),
        _ => (None, None),
    };
    let drawn = tests.iter().map(|test| match test {
        Test::Line { op, line, .. } => Some((*op, scope.bounds(line))),
        _ => None,
    });
    let drawn: Vec<_> = drawn.collect();
    let lines = drawn
        .iter()
        .map(|d| Some((d.as_ref()?.0, d.as_ref()?.1.as_exact()?)));
    let scale = Scale::new(lines);
    let (Some(first), Some(last)) = (scale.lines.first(), scale.lines.last()) else {
        return Ways::new(tests.len());
    };
    // Nothing is below zero unless a bound says so.
    let has_below = match low {
        Some(low) => low < *first,
        None => !first.is_negative() && !first.is_zero(),
    };
    let has_above = high.is_none_or(|high| *last < high);
    // A comparison that is open draws its line inside the bounds, so the rest is.
    let mut ways = scale.ways(has_below, has_above, |_, _| true);
    ways.are_shared = low.is_some() || !first.is_negative();
    ways
}

fn dates(tests: &[&Test]) -> Ways {
    let lines = tests.iter().map(|test| match test {
        Test::Day { op, day, .. } => Some((*op, *day)),
        _ => None,
    });
    let scale: Scale<Date> = Scale::new(lines);
    let has_below = scale
        .lines
        .first()
        .is_some_and(|d| d.day_before().is_some());
    let is_between = |one: &Date, other: &Date| other.day_before().is_some_and(|d| d != *one);
    scale.ways(has_below, true, is_between)
}

/// Lines on a fact, and the comparisons with them.
struct Scale<T> {
    /// Ascending, each once.
    lines: Vec<T>,
    /// By comparison: the operator and the place of its line.
    drawn: Vec<Option<(Comparison, usize)>>,
}

impl<T: Ord + Clone> Scale<T> {
    fn new(drawn: impl Iterator<Item = Option<(Comparison, T)>>) -> Self {
        let drawn: Vec<_> = drawn.collect();
        let mut lines: Vec<T> = drawn.iter().flatten().map(|(_, l)| l.clone()).collect();
        lines.sort_unstable();
        lines.dedup();
        let place = |line: &T| lines.binary_search(line).unwrap_or_default();
        let drawn = drawn.iter();
        let drawn = drawn.map(|d| d.as_ref().map(|(op, line)| (*op, place(line))));
        Self {
            drawn: drawn.collect(),
            lines,
        }
    }

    /// The places where a value can be, from below the first line to above the last.
    fn ways(&self, has_below: bool, has_above: bool, is_between: impl Fn(&T, &T) -> bool) -> Ways {
        let mut ways = Ways::new(self.drawn.len());
        // Lines stand at odd places, what is between them at even ones.
        let mut add = |place: usize| {
            let holds = |drawn: &Option<(Comparison, usize)>| {
                drawn.is_some_and(|(op, line)| op.holds(&place, &(2 * line + 1)))
            };
            ways.holds.extend(self.drawn.iter().map(holds));
        };
        if has_below {
            add(0);
        }
        for (index, line) in self.lines.iter().enumerate() {
            add(2 * index + 1);
            let has_next = match self.lines.get(index + 1) {
                Some(next) => is_between(line, next),
                None => has_above,
            };
            if has_next {
                add(2 * index + 2);
            }
        }
        ways
    }
}

fn is_listed(day: &Day<'_>, set: usize, word: &str) -> bool {
    let list = day.sets.get(set).and_then(|s| s.list);
    list.is_some_and(|l| l.codes.contains(word))
}

/// Adds a row for a word, or for one that no comparison names.
fn add_word(ways: &mut Ways, tests: &[&Test], word: Option<&str>, is_in: impl Fn(usize) -> bool) {
    let holds = |test: &&Test| match test {
        Test::Word { words, sets, .. } => {
            word.is_some_and(|word| words.iter().any(|w| w == word))
                || sets.iter().any(|s| is_in(*s))
        }
        _ => false,
    };
    ways.holds.extend(tests.iter().map(holds));
}

/// Codes by the lists they are in, as the lists of a rulebook stand on a day.
pub(crate) struct Classes {
    lists: usize,
    /// Class by class, for each list whether its codes are in it. Ascending.
    is_in: Vec<bool>,
    /// By class: how many codes.
    sizes: Vec<usize>,
}

impl Classes {
    fn new(day: &Day<'_>) -> Self {
        let lists = day.sets.len();
        let mut codes: Vec<&str> = Vec::new();
        for list in day.sets.iter().filter_map(|s| s.list) {
            codes.extend(list.codes.iter().map(String::as_str));
        }
        // Not unstable: this sort makes use of the order that each list has.
        codes.sort();
        codes.dedup();
        let mut is_in = vec![false; codes.len() * lists];
        for (index, list) in day.sets.iter().enumerate() {
            let Some(list) = list.list else { continue };
            let mut listed = list.codes.iter().map(String::as_str).peekable();
            for (code, row) in codes.iter().zip(is_in.chunks_mut(lists)) {
                if let (Some(_), Some(place)) = (listed.next_if_eq(code), row.get_mut(index)) {
                    *place = true;
                }
            }
        }
        let mut rows: Vec<&[bool]> = is_in.chunks(lists.max(1)).collect();
        rows.sort_unstable();
        let alike = rows.chunk_by(|a, b| a == b);
        let sizes = alike.map(<[_]>::len).collect();
        rows.dedup();
        Self {
            lists,
            is_in: rows.concat(),
            sizes,
        }
    }

    fn rows(&self) -> impl Iterator<Item = (&[bool], usize)> {
        let rows = self.is_in.chunks(self.lists.max(1));
        rows.zip(self.sizes.iter().copied())
    }
}

fn codes(day: &Day<'_>, tests: &[&Test], classes: &Classes) -> Ways {
    let mut named: Vec<&str> = Vec::new();
    let mut is_used = vec![false; day.sets.len()];
    let mut universes: Vec<usize> = Vec::new();
    for test in tests {
        let Test::Word { words, sets, .. } = test else {
            continue;
        };
        named.extend(words.iter().map(String::as_str));
        for set in sets {
            if let Some(place) = is_used.get_mut(*set) {
                *place = true;
            }
            match day.sets.get(*set).map(|s| s.extent) {
                Some(Extent::Within(whole)) if !universes.contains(&whole) => universes.push(whole),
                _ => {}
            }
        }
    }
    // A code that no list has follows one that some list has: a dependency its parent.
    if universes.is_empty() {
        named.push("another");
    }
    named.sort_unstable();
    named.dedup();
    let mut ways = Ways::new(tests.len());
    let mut left: Vec<usize> = classes.sizes.clone();
    for word in named {
        let lists = 0..day.sets.len();
        let lists: Vec<bool> = lists.map(|s| is_listed(day, s, word)).collect();
        add_word(&mut ways, tests, Some(word), |s| {
            lists.get(s) == Some(&true)
        });
        let class = classes.rows().position(|(row, _)| row == lists);
        if let Some(left) = class.and_then(|c| left.get_mut(c)) {
            *left = left.saturating_sub(1);
        }
    }
    let mut has_free = vec![false; universes.len()];
    for ((row, _), left) in classes.rows().zip(left) {
        let is_in = |set: usize| row.get(set) == Some(&true);
        let is_tested = row
            .iter()
            .zip(&is_used)
            .any(|(is_in, used)| *is_in && *used);
        let is_known = is_tested || universes.iter().any(|u| is_in(*u));
        if left == 0 || !is_known {
            continue;
        }
        add_word(&mut ways, tests, None, is_in);
        for (universe, free) in universes.iter().zip(&mut has_free) {
            *free |= !is_tested && is_in(*universe);
        }
    }
    ways.are_shared = has_free.iter().all(|free| *free);
    ways.sorted()
}
