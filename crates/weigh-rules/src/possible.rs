//! Which outcomes remain, and which facts would decide.
//!
//! Conditions compare facts with lines, so a verdict can change only at a fact's critical values:
//! every line drawn on it, a point between neighbors and beyond the ends, both booleans, every
//! listed word and one that is not listed (`ways`). Every combination of them is in the diagram of
//! `worlds`, which is exact for comparisons of one fact with a line. A comparison of several facts,
//! over records, or with a line nobody knows has no such list: both answers are tried, so that
//! `possible` may be too wide and is never too narrow.
//!
//! - **Invariant:** an outcome that some values of the missing facts would give is in the answer.
//! - **Invariant:** a bounded quantity is tried inside its bounds only.

use std::cell::RefCell;
use std::collections::BTreeSet;

use weigh_facts::{Date, Decimal, Period, Value};

use crate::Rulebook;
use crate::diagram::Function;
use crate::eval::{Evaluation, Scope};
use crate::finding::{Need, Why};
use crate::ir::Test;
use crate::worlds::{Reading, STEPS_MAX, Stop, Worlds};

/// What trying everything showed.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Cases {
    pub(crate) can_hold: bool,
    pub(crate) can_fail: bool,
    pub(crate) needs: Vec<Need>,
    pub(crate) too_many: bool,
}

/// Which of the two truths of a rule is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Question {
    /// Does its condition hold? Names no needs.
    Condition,
    /// Is it effective?
    Effect,
}

/// What remains possible of the rules of a rulebook over the facts of one subject on one day. What
/// the rules have in common is worked out once.
pub(crate) struct Possible<'a> {
    reading: Reading<'a>,
    worlds: RefCell<Option<Worlds>>,
}

impl<'a> Possible<'a> {
    pub(crate) fn new(
        book: &'a Rulebook,
        scope: Scope<'a>,
        evaluation: &'a Evaluation<'a>,
    ) -> Self {
        Self {
            reading: Reading {
                book,
                scope,
                evaluation,
            },
            worlds: RefCell::new(None),
        }
    }

    /// Every combination of critical values of what one rule depends on and is not known.
    pub(crate) fn cases(&self, rule: usize, question: Question) -> Cases {
        let reading = self.reading;
        let mut worlds = self.worlds.borrow_mut();
        let worlds = worlds.get_or_insert_with(|| Worlds::of_all(reading, STEPS_MAX));
        match cases_in(worlds, reading, rule, question) {
            Ok(cases) => cases,
            Err(Apart) => {
                let mut worlds = Worlds::of_one(reading, rule, STEPS_MAX);
                let cases = cases_in(&mut worlds, reading, rule, question);
                cases.unwrap_or_else(|Apart| too_many(&worlds, reading, rule))
            }
        }
    }
}

/// The worlds of all rules say nothing of this one.
struct Apart;

fn cases_in(
    worlds: &mut Worlds,
    reading: Reading<'_>,
    rule: usize,
    question: Question,
) -> Result<Cases, Apart> {
    let found = match question {
        Question::Condition => worlds.condition(reading, rule),
        Question::Effect => worlds.effect(reading, rule),
    };
    let function = match found {
        Ok(function) => function,
        Err(Stop::TooMany) => return Ok(too_many(worlds, reading, rule)),
        Err(Stop::Apart) => return Err(Apart),
    };
    let needs = match question {
        Question::Condition => Vec::new(),
        Question::Effect => {
            let (slots, is_alone) = worlds.deciding(reading, function);
            needs(reading, slots, is_alone)
        }
    };
    Ok(Cases {
        can_hold: function != Function::FALSE,
        can_fail: function != Function::TRUE,
        needs,
        too_many: false,
    })
}

/// Nothing is known but which facts there are.
fn too_many(worlds: &Worlds, reading: Reading<'_>, rule: usize) -> Cases {
    Cases {
        can_hold: true,
        can_fail: true,
        needs: needs(reading, worlds.open_slots(reading, rule), false),
        too_many: true,
    }
}

/// Facts as they are asked for, by name.
fn needs(reading: Reading<'_>, mut slots: Vec<usize>, alone: bool) -> Vec<Need> {
    let name = |slot: &usize| reading.book.slots.get(*slot).map(|s| &s.name);
    slots.sort_unstable_by_key(name);
    let need = |slot: usize| {
        let why = match reading.scope.values.get(slot).copied().flatten() {
            Some(Value::Word(_)) => Why::Unlisted,
            Some(_) => Why::Straddles,
            None => Why::Missing,
        };
        let fact = name(&slot)?.clone();
        Some(Need { fact, why, alone })
    };
    slots.into_iter().filter_map(need).collect()
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

#[cfg(test)]
mod oracle;
#[cfg(test)]
mod tests;
