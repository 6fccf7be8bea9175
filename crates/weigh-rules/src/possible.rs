//! Which outcomes remain, and which facts would decide: trying every critical value.
//! The combinations are tried in `worlds`.
//!
//! Conditions compare facts with lines, so a verdict can change only at a fact's critical values:
//! every line drawn on it, a point between neighbors and beyond the ends, both booleans, every
//! listed word and one that is not listed. Trying them all is exact for comparisons of one fact with
//! a line. A comparison of several facts, over records, or with a line nobody knows has no such
//! list: both answers are tried, so that `possible` may be too wide and is never too narrow.
//!
//! - **Invariant:** an outcome that some values of the missing facts would give is in the answer.
//! - **Invariant:** a bounded quantity is tried inside its bounds only.

use std::collections::BTreeSet;

use weigh_facts::{Date, Decimal, Estimate, FactType, Period, Truth, Value};

use crate::Rulebook;
use crate::eval::{Evaluation, Scope};
use crate::finding::{Need, Why};
use crate::ir::{Atom, Operand, Test};
use crate::worlds::{Dimension, Worlds};

/// More combinations than this are not tried.
pub(crate) const COMBINATIONS_MAX: usize = 20_000;

/// What trying everything showed.
pub(crate) struct Cases {
    pub(crate) can_hold: bool,
    pub(crate) can_fail: bool,
    pub(crate) needs: Vec<Need>,
    pub(crate) too_many: bool,
}

/// Which of the two truths of a rule is asked for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Question {
    /// Does its condition hold? Names no needs.
    Condition,
    /// Is it effective?
    Effect,
}

/// Tries every combination of critical values of what one rule depends on and is not known.
pub(crate) fn cases(
    book: &Rulebook,
    scope: &Scope<'_>,
    evaluation: &Evaluation<'_>,
    rule: usize,
    question: Question,
) -> Cases {
    let reach = book.rules.get(rule);
    let open = reach.into_iter().flat_map(|r| &r.reach_atoms).copied();
    let open: Vec<usize> = open
        .filter(|a| evaluation.truth(*a) == Truth::Unknown)
        .collect();
    let dimensions = dimensions(book, scope, &open);
    let Some(worlds) = Worlds::new(&dimensions, COMBINATIONS_MAX) else {
        return Cases {
            can_hold: true,
            can_fail: true,
            needs: upper_limit(book, scope, &dimensions),
            too_many: true,
        };
    };
    let (conditions, effects) = worlds.outcomes(book, evaluation, rule);
    let outcomes = match question {
        Question::Condition => conditions,
        Question::Effect => effects,
    };
    let mut needs = Vec::new();
    if question == Question::Effect && outcomes.can_hold && outcomes.can_fail {
        for (index, dimension) in dimensions.iter().enumerate() {
            if worlds.matters(index, &outcomes) {
                let alone = dimension.slots.len() == 1 && worlds.settles(index, &outcomes);
                add_needs(book, scope, dimension, alone, &mut needs);
            }
        }
        needs.sort_by(|a, b| (!a.alone, &a.fact).cmp(&(!b.alone, &b.fact)));
    }
    Cases {
        can_hold: outcomes.can_hold,
        can_fail: outcomes.can_fail,
        needs,
        too_many: false,
    }
}

fn upper_limit(book: &Rulebook, scope: &Scope<'_>, dimensions: &[Dimension]) -> Vec<Need> {
    let mut needs = Vec::new();
    for dimension in dimensions {
        add_needs(book, scope, dimension, false, &mut needs);
    }
    needs.sort_by(|a, b| a.fact.cmp(&b.fact));
    needs
}

fn add_needs(
    book: &Rulebook,
    scope: &Scope<'_>,
    dimension: &Dimension,
    alone: bool,
    needs: &mut Vec<Need>,
) {
    for slot in &dimension.slots {
        let Some(fact) = book.slots.get(*slot).map(|s| s.name.clone()) else {
            continue;
        };
        // A fact with two dimensions settles neither alone for certain.
        if let Some(before) = needs.iter_mut().find(|n| n.fact == fact) {
            before.alone = false;
            continue;
        }
        let why = match scope.values.get(*slot).copied().flatten() {
            Some(Value::Word(_)) => Why::Unlisted,
            Some(_) => Why::Straddles,
            None => Why::Missing,
        };
        needs.push(Need { fact, why, alone });
    }
}

fn dimensions(book: &Rulebook, scope: &Scope<'_>, open: &[usize]) -> Vec<Dimension> {
    let mut dimensions: Vec<Dimension> = Vec::new();
    let mut grouped: Vec<(usize, Vec<usize>)> = Vec::new();
    for index in open {
        let Some(atom) = book.atoms.get(*index) else {
            continue;
        };
        match critical_slot(atom, scope) {
            Some(slot) => match grouped.iter_mut().find(|(s, _)| *s == slot) {
                Some((_, atoms)) => atoms.push(*index),
                None => grouped.push((slot, vec![*index])),
            },
            None => dimensions.push(Dimension {
                slots: undecided(atom, scope),
                atoms: vec![*index],
                rows: vec![vec![false], vec![true]],
            }),
        }
    }
    for (slot, atoms) in grouped {
        let rows = rows(book, scope, slot, &atoms);
        dimensions.push(Dimension {
            slots: vec![slot],
            atoms,
            rows,
        });
    }
    // Two ways first: `worlds` has constants for those.
    dimensions.sort_by_key(|d| d.ways() != 2);
    dimensions
}

/// The facts of a comparison of which more could be known.
fn undecided(atom: &Atom, scope: &Scope<'_>) -> Vec<usize> {
    let is_open = |slot: &usize| match scope.values.get(*slot).copied().flatten() {
        None => true,
        Some(Value::Quantity(estimate)) => estimate.as_exact().is_none(),
        Some(Value::Records(_)) => true,
        Some(_) => false,
    };
    atom.slots.iter().copied().filter(is_open).collect()
}

/// The fact whose value alone decides a comparison, if its critical values can be listed.
fn critical_slot(atom: &Atom, scope: &Scope<'_>) -> Option<usize> {
    match &atom.test {
        Test::Flag(Operand::Fact(slot))
        | Test::Day {
            of: Operand::Fact(slot),
            ..
        }
        | Test::Contains {
            of: Operand::Fact(slot),
            ..
        } => Some(*slot),
        Test::Line {
            of: Operand::Fact(slot),
            line,
            ..
        } => scope.bounds(line).as_exact().map(|_| *slot),
        Test::Word {
            of: Operand::Fact(slot),
            sets,
            ..
        } => {
            let is_whole = |set: &usize| {
                let set = scope.day.sets.get(*set);
                set.is_some_and(crate::eval::SetToday::is_whole)
            };
            sets.iter().all(is_whole).then_some(*slot)
        }
        _ => None,
    }
}

/// What each critical value of a fact makes of the comparisons, each row once.
fn rows(book: &Rulebook, scope: &Scope<'_>, slot: usize, atoms: &[usize]) -> Vec<Vec<bool>> {
    let Some(kind) = book.slots.get(slot).map(|s| &s.kind) else {
        return Vec::new();
    };
    let tests: Vec<&Test> = atoms
        .iter()
        .filter_map(|a| book.atoms.get(*a).map(|a| &a.test))
        .collect();
    let mut rows: Vec<Vec<bool>> = Vec::new();
    let mut add = |row: Vec<bool>| {
        if !rows.contains(&row) {
            rows.push(row);
        }
    };
    match kind {
        FactType::Bool => {
            for value in [false, true] {
                add(vec![value; tests.len()]);
            }
        }
        FactType::Quantity { .. } => {
            let value = scope.values.get(slot).copied().flatten();
            for row in quantity_rows(scope, &tests, value) {
                add(row);
            }
        }
        FactType::Date => {
            for day in days(&tests) {
                let holds = |test: &&Test| match test {
                    Test::Day { op, day: line, .. } => op.holds(&day, line),
                    _ => false,
                };
                add(tests.iter().map(holds).collect());
            }
        }
        FactType::Enum(words) => word_rows(scope, &tests, words.iter().cloned(), &mut add),
        FactType::Code(_) => {
            let listed = listed_words(scope, &tests);
            word_rows(scope, &tests, listed.into_iter(), &mut add);
        }
        FactType::Set(_) => {
            for row in set_rows(&tests) {
                add(row);
            }
        }
        FactType::List(_) => {}
    }
    rows
}

fn quantity_rows(scope: &Scope<'_>, tests: &[&Test], value: Option<&Value>) -> Vec<Vec<bool>> {
    let bounds = match value {
        Some(Value::Quantity(estimate)) => Some(estimate),
        _ => None,
    };
    let low = bounds.and_then(Estimate::low);
    let high = bounds.and_then(Estimate::high);
    let lines: Vec<_> = tests
        .iter()
        .map(|test| match test {
            Test::Line { op, line, .. } => Some((*op, scope.bounds(line).as_exact().cloned()?)),
            _ => None,
        })
        .collect();
    let mut points = critical_points(lines.iter().flatten().map(|(_, line)| line));
    points.retain(|p| low.is_none_or(|low| low <= p) && high.is_none_or(|high| p <= high));
    points.extend(low.into_iter().chain(high).cloned());
    let row = |point: &Decimal| {
        let holds = |line: &Option<(crate::ir::Comparison, Decimal)>| {
            line.as_ref()
                .is_some_and(|(op, line)| op.holds(point, line))
        };
        lines.iter().map(holds).collect()
    };
    points.iter().map(row).collect()
}

/// Every line, a point between neighbors, and one beyond either end.
pub(crate) fn critical_points<'d>(lines: impl Iterator<Item = &'d Decimal>) -> BTreeSet<Decimal> {
    let sorted: BTreeSet<&Decimal> = lines.collect();
    let one = Decimal::from(1_u64);
    let half = one.exact_quotient(&Decimal::from(2_u64));
    let half = half.unwrap_or_else(Decimal::zero);
    let mut points = BTreeSet::from([Decimal::zero()]);
    let mut last = Decimal::zero();
    for line in sorted {
        points.insert(&(&last + line) * &half);
        points.insert(line.clone());
        last = line.clone();
    }
    points.insert(&last + &one);
    points
}

pub(crate) fn days(tests: &[&Test]) -> BTreeSet<Date> {
    let next: Option<Period> = "P1D".parse().ok();
    let lines = tests.iter().filter_map(|test| match test {
        Test::Day { day, .. } => Some(*day),
        _ => None,
    });
    let around = |day: Date| {
        let after = next.as_ref().and_then(|p| day.after(p));
        [day.day_before(), Some(day), after].into_iter().flatten()
    };
    lines.flat_map(around).collect()
}

/// Every word written out or in a set, and one that is nowhere unless a set says what there is.
pub(crate) fn listed_words(scope: &Scope<'_>, tests: &[&Test]) -> BTreeSet<String> {
    let mut listed = BTreeSet::new();
    let mut has_universe = false;
    for test in tests {
        if let Test::Word { words, sets, .. } = test {
            listed.extend(words.iter().cloned());
            for set in sets.iter().filter_map(|s| scope.day.sets.get(*s)) {
                has_universe |= set.universe.is_some();
                let lists = set.list.into_iter().chain(set.universe);
                listed.extend(lists.flat_map(|l| l.codes.iter().cloned()));
            }
        }
    }
    // A code that no list has follows one that some list has: a dependency its parent.
    if !has_universe {
        listed.insert("another".to_owned());
    }
    listed
}

fn word_rows(
    scope: &Scope<'_>,
    tests: &[&Test],
    words: impl Iterator<Item = String>,
    add: &mut impl FnMut(Vec<bool>),
) {
    for word in words {
        let holds = |test: &&Test| match test {
            Test::Word { words, sets, .. } => {
                scope.word_is_among(&word, words, sets) == Truth::True
            }
            _ => false,
        };
        add(tests.iter().map(holds).collect());
    }
}

/// Every subset of the words asked for; of many words, each pattern of a few and all or none.
fn set_rows(tests: &[&Test]) -> Vec<Vec<bool>> {
    let words: BTreeSet<&str> = tests
        .iter()
        .filter_map(|test| match test {
            Test::Contains { word, .. } => Some(word.as_str()),
            _ => None,
        })
        .collect();
    let words: Vec<&str> = words.into_iter().collect();
    let subsets = 1_usize << words.len().min(14);
    let row = |subset: usize| {
        let holds = |test: &&Test| match test {
            Test::Contains { word, .. } => words
                .iter()
                .position(|w| w == word)
                .is_some_and(|at| subset & (1 << at.min(13)) != 0),
            _ => false,
        };
        tests.iter().map(holds).collect()
    };
    (0..subsets).map(row).collect()
}
