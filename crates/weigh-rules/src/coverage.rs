//! Which comparisons the tests of a rulebook take both ways, and which rules they name how often.

use weigh_facts::Truth;

use crate::eval::{Day, Evaluation, Scope, known_values};
use crate::{RuleId, Rulebook};

/// What the tests of a rulebook reach.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Coverage {
    /// Every rule with the number of tests that expect something of it.
    pub rules: Vec<(RuleId, usize)>,
    /// Every comparison of every rule.
    pub atoms: Vec<AtomCoverage>,
}

/// How tests take one comparison of one rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AtomCoverage {
    /// The rule.
    pub rule: RuleId,
    /// The comparison as written.
    pub atom: String,
    /// Does a test that names the rule see it hold?
    pub seen_true: bool,
    /// Does one see it fail?
    pub seen_false: bool,
    /// Why the tests cannot take it both ways, if the book says so.
    pub unreached: Option<String>,
}

impl AtomCoverage {
    /// Is it taken both ways, or excused?
    #[must_use]
    pub fn is_covered(&self) -> bool {
        (self.seen_true && self.seen_false) || self.unreached.is_some()
    }
}

impl Coverage {
    /// Rules that fewer than `least` tests name.
    pub fn rules_below(&self, least: usize) -> impl Iterator<Item = &(RuleId, usize)> {
        self.rules.iter().filter(move |(_, tests)| *tests < least)
    }

    /// Comparisons that are not taken both ways.
    pub fn gaps(&self) -> impl Iterator<Item = &AtomCoverage> {
        self.atoms.iter().filter(|a| !a.is_covered())
    }
}

/// Reads every test and notes what it reaches: a comparison counts as taken when a test expects
/// something of its rule on a day on which the rule is in force.
#[must_use]
pub fn coverage(book: &Rulebook) -> Coverage {
    let mut rules: Vec<(RuleId, usize)> = book.rules.iter().map(|r| (r.id.clone(), 0)).collect();
    let mut seen: Vec<Vec<(bool, bool)>> = book
        .rules
        .iter()
        .map(|r| vec![(false, false); r.own_atoms.len()])
        .collect();
    for test in &book.tests {
        let known = test.known.unwrap_or(book.known_through.max(test.on));
        let day = Day::new(book, test.on, known);
        let values = known_values(book, &test.given);
        let scope = Scope::new(&day, &values);
        let evaluation = Evaluation::new(book, &scope, test.on, known);
        for expected in &test.expect {
            if let Some((_, count)) = rules.get_mut(expected.rule) {
                *count += 1;
            }
            let rule = book
                .rules
                .get(expected.rule)
                .zip(seen.get_mut(expected.rule));
            let Some((rule, seen)) = rule.filter(|_| evaluation.is_in_force(expected.rule)) else {
                continue;
            };
            for (atom, (yes, no)) in rule.own_atoms.iter().zip(seen) {
                *yes |= evaluation.truth(*atom) == Truth::True;
                *no |= evaluation.truth(*atom) == Truth::False;
            }
        }
    }
    let mut atoms = Vec::new();
    for (rule, seen) in book.rules.iter().zip(seen) {
        for (atom, (seen_true, seen_false)) in rule.own_atoms.iter().zip(seen) {
            let Some(text) = book.atoms.get(*atom).map(|a| a.text.to_string()) else {
                continue;
            };
            let excuse = book.unreached.iter();
            let excuse = excuse
                .filter(|u| rule.id == *u.rule)
                .find(|u| u.atom == text);
            atoms.push(AtomCoverage {
                rule: rule.id.clone(),
                seen_true,
                seen_false,
                unreached: excuse.map(|u| u.reason.clone()),
                atom: text,
            });
        }
    }
    Coverage { rules, atoms }
}
