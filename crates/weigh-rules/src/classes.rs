//! Codes that a rulebook treats alike: in the same of its lists, and named by the same comparisons.

use std::collections::{BTreeMap, BTreeSet};

use weigh_facts::{Date, FactName, Truth};

use crate::Rulebook;
use crate::eval::{Day, Scope};
use crate::ir::{Operand, Test};

/// What the comparisons of a rulebook with any of these facts make of a code, if each of the facts
/// had it: codes with the same pattern are treated alike.
#[must_use]
pub fn code_pattern(
    book: &Rulebook,
    facts: &[FactName],
    code: &str,
    on: Date,
    known: Date,
) -> Vec<Truth> {
    let day = Day::new(book, on, known);
    pattern(book, facts, code, &day)
}

fn pattern(book: &Rulebook, facts: &[FactName], code: &str, day: &Day<'_>) -> Vec<Truth> {
    let scope = Scope::new(day, &[]);
    let is_asked = |slot: usize| {
        let slot = book.slots.get(slot);
        slot.is_some_and(|s| facts.contains(&s.name))
    };
    let of_code = book.atoms.iter().filter_map(|atom| match &atom.test {
        Test::Word {
            of: Operand::Fact(slot),
            words,
            sets,
        } if is_asked(*slot) => Some(scope.word_is_among(code, words, sets)),
        _ => None,
    });
    of_code.collect()
}

/// Parts codes into classes which all these rulebooks treat alike, each class sorted, the classes
/// by their first code.
#[must_use]
pub fn code_classes<'b>(
    books: impl IntoIterator<Item = &'b Rulebook>,
    facts: &[FactName],
    codes: &BTreeSet<String>,
    on: Date,
    known: Date,
) -> Vec<Vec<String>> {
    let mut patterns: BTreeMap<&String, Vec<Truth>> = BTreeMap::new();
    for book in books {
        let day = Day::new(book, on, known);
        for code in codes {
            let more = pattern(book, facts, code, &day);
            patterns.entry(code).or_default().extend(more);
        }
    }
    let mut classes: BTreeMap<Vec<Truth>, Vec<String>> = BTreeMap::new();
    for code in codes {
        let pattern = patterns.remove(code).unwrap_or_default();
        classes.entry(pattern).or_default().push(code.clone());
    }
    let mut classes: Vec<Vec<String>> = classes.into_values().collect();
    classes.sort();
    classes
}
