//! Which outcomes remain, and which facts would decide: trying every critical value.
//! What remains is drawn as a diagram in `diagram`.
//!
//! Conditions compare facts with lines, so a verdict can change only at a fact's critical values:
//! every line drawn on it, a point between neighbors and beyond the ends, both booleans, every
//! listed word and one that is not listed. Trying them all is exact for comparisons of one fact with
//! a line. A comparison of several facts, over records, or with a line nobody knows has no such
//! list: both answers are tried, so that `possible` may be too wide and is never too narrow.
//!
//! - **Invariant:** an outcome that some values of the missing facts would give is in the answer.
//! - **Invariant:** a bounded quantity is tried inside its bounds only.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use weigh_facts::{Date, Decimal, Estimate, FactType, Period, Truth, Value};

use crate::Rulebook;
use crate::book::CodeList;
use crate::diagram::{Diagram, Dimension};
use crate::eval::{Evaluation, Scope};
use crate::finding::{Need, Why};
use crate::ir::{Atom, Operand, Test};

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

/// What remains possible of the rules of a rulebook over the facts of one subject on one day. What
/// the rules have in common is worked out once.
pub(crate) struct Possible<'a> {
    book: &'a Rulebook,
    scope: Scope<'a>,
    evaluation: &'a Evaluation<'a>,
    diagram: RefCell<Option<Diagram<'a>>>,
}

impl<'a> Possible<'a> {
    pub(crate) fn new(
        book: &'a Rulebook,
        scope: Scope<'a>,
        evaluation: &'a Evaluation<'a>,
    ) -> Self {
        Self {
            book,
            scope,
            evaluation,
            diagram: RefCell::new(None),
        }
    }

    /// Tries every critical value of what one rule depends on and is not known.
    pub(crate) fn cases(&self, rule: usize, question: Question) -> Cases {
        let (book, scope) = (self.book, &self.scope);
        let mut diagram = self.diagram.borrow_mut();
        let diagram = diagram.get_or_insert_with(|| {
            let open = 0..book.atoms.len();
            let open = open.filter(|a| self.evaluation.truth(*a) == Truth::Unknown);
            let open: Vec<usize> = open.collect();
            Diagram::new(book, self.evaluation, dimensions(book, scope, &open))
        });
        let of_effect = question == Question::Effect;
        let Some(root) = diagram.root(rule, of_effect) else {
            let atoms = diagram.atoms(rule);
            return Cases {
                can_hold: true,
                can_fail: true,
                needs: upper_limit(book, scope, diagram.dimensions(), &atoms),
                too_many: true,
            };
        };
        let mut needs = Vec::new();
        if of_effect && root.can_hold() && root.can_fail() {
            let asked = diagram.asked(root);
            for index in &asked {
                if let Some(dimension) = diagram.dimensions().get(*index) {
                    // Where another one matters in some world, this one settles not all of them.
                    let alone = asked.len() == 1 && dimension.slots.len() == 1;
                    add_needs(book, scope, dimension, alone, &mut needs);
                }
            }
            needs.sort_by(|a, b| (!a.alone, &a.fact).cmp(&(!b.alone, &b.fact)));
        }
        Cases {
            can_hold: root.can_hold(),
            can_fail: root.can_fail(),
            needs,
            too_many: false,
        }
    }
}

/// Every fact of the comparisons that a rule can depend on.
fn upper_limit(
    book: &Rulebook,
    scope: &Scope<'_>,
    dimensions: &[Dimension],
    atoms: &[usize],
) -> Vec<Need> {
    let mut needs = Vec::new();
    let occurs = |d: &&Dimension| d.atoms.iter().any(|a| atoms.binary_search(a).is_ok());
    for dimension in dimensions.iter().filter(occurs) {
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

/// What is open, each with the ways it can come out: a fact with its critical values; of a set of
/// words each word, since one says nothing of another; a comparison that has no such values.
fn dimensions(book: &Rulebook, scope: &Scope<'_>, open: &[usize]) -> Vec<Dimension> {
    let mut dimensions: Vec<Dimension> = Vec::new();
    let mut grouped: Vec<((usize, &str), Vec<usize>)> = Vec::new();
    for index in open {
        let Some(atom) = book.atoms.get(*index) else {
            continue;
        };
        match critical_slot(atom, scope) {
            Some(slot) => {
                let key = match &atom.test {
                    Test::Contains { word, .. } => (slot, word.as_str()),
                    _ => (slot, ""),
                };
                match grouped.iter_mut().find(|(k, _)| *k == key) {
                    Some((_, atoms)) => atoms.push(*index),
                    None => grouped.push((key, vec![*index])),
                }
            }
            None => dimensions.push(Dimension {
                slots: undecided(atom, scope),
                atoms: vec![*index],
                rows: vec![vec![false], vec![true]],
            }),
        }
    }
    for ((slot, _), atoms) in grouped {
        let rows = rows(book, scope, slot, &atoms);
        dimensions.push(Dimension {
            slots: vec![slot],
            atoms,
            rows,
        });
    }
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
    let mut rows: BTreeSet<Vec<bool>> = BTreeSet::new();
    let mut add = |row: Vec<bool>| {
        rows.insert(row);
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
        FactType::Enum(words) => word_rows(scope, &tests, Some(words), &mut add),
        FactType::Code(_) => word_rows(scope, &tests, None, &mut add),
        // All of one word.
        FactType::Set(_) => {
            for value in [false, true] {
                add(vec![value; tests.len()]);
            }
        }
        FactType::List(_) => {}
    }
    rows.into_iter().collect()
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

/// What each word makes of the comparisons. Words in the same of the lists, and named by the same
/// comparisons, are tried once: a country of no group stands for all of them.
fn word_rows(
    scope: &Scope<'_>,
    tests: &[&Test],
    words: Option<&[String]>,
    add: &mut impl FnMut(Vec<bool>),
) {
    let mut named: Vec<&str> = Vec::new();
    let mut used: Vec<usize> = Vec::new();
    for test in tests {
        if let Test::Word { words, sets, .. } = test {
            named.extend(words.iter().map(String::as_str));
            used.extend(sets);
        }
    }
    named.sort_unstable();
    named.dedup();
    used.sort_unstable();
    used.dedup();
    // Of each word: which of the lists it is in.
    let mut among: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for word in &named {
        among.entry(word).or_default();
    }
    let mut universe: Option<&CodeList> = None;
    for set in &used {
        let Some(today) = scope.day.sets.get(*set) else {
            continue;
        };
        universe = universe.or(today.universe);
        for code in today.list.into_iter().flat_map(|l| &l.codes) {
            among.entry(code).or_default().push(*set);
        }
    }
    // One that is nowhere: of a closed list of words each is tried, and where the lists lie within
    // another, a code that no list has follows one that some list has.
    let elsewhere = match (words, universe) {
        (Some(words), _) => {
            let mut others = words.iter().map(String::as_str);
            others.find(|w| !among.contains_key(w))
        }
        (None, Some(universe)) => {
            let mut others = universe.codes.iter().map(String::as_str);
            others.find(|w| !among.contains_key(w))
        }
        (None, None) => Some("another"),
    };
    if let Some(word) = elsewhere {
        among.entry(word).or_default();
    }
    let is_word = |word: &str| words.is_none_or(|all| all.iter().any(|w| w == word));
    let mut tried: BTreeSet<(Option<&str>, &[usize])> = BTreeSet::new();
    for (word, sets) in among.iter().filter(|(word, _)| is_word(word)) {
        let own = named.binary_search(word).is_ok().then_some(*word);
        if !tried.insert((own, sets)) {
            continue;
        }
        let holds = |test: &&Test| match test {
            Test::Word {
                words, sets: asked, ..
            } => words.iter().any(|w| w == word) || asked.iter().any(|s| sets.contains(s)),
            _ => false,
        };
        add(tests.iter().map(holds).collect());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::eval::{Day, known_values};
    use crate::testing::{facts, rule};
    use crate::worlds::Worlds;

    /// What the diagram says of every rule, and what trying every combination says.
    fn compare(book: &Rulebook, given: &weigh_facts::Facts, on: Date) -> usize {
        let known = book.known_through;
        let day = Day::new(book, on, known);
        let values = known_values(book, given);
        let scope = Scope::new(&day, &values);
        let evaluation = Evaluation::new(book, &scope, on, known);
        let possible = Possible::new(book, scope, &evaluation);
        let mut compared = 0;
        for (index, rule) in book.rules.iter().enumerate() {
            let open = rule.reach_atoms.iter().copied();
            let open = open.filter(|a| evaluation.truth(*a) == Truth::Unknown);
            let dimensions = dimensions(book, &scope, &open.collect::<Vec<_>>());
            let Some(worlds) = Worlds::new(&dimensions, 20_000) else {
                continue;
            };
            let (conditions, effects) = worlds.outcomes(book, &evaluation, index);
            let found = possible.cases(index, Question::Condition);
            let (hold, fail) = (conditions.can_hold, conditions.can_fail);
            assert_eq!(
                (found.can_hold, found.can_fail),
                (hold, fail),
                "{}",
                rule.id
            );
            let found = possible.cases(index, Question::Effect);
            let (hold, fail) = (effects.can_hold, effects.can_fail);
            assert_eq!(
                (found.can_hold, found.can_fail),
                (hold, fail),
                "{}",
                rule.id
            );
            let mut needs = Vec::new();
            if hold && fail {
                for (at, dimension) in dimensions.iter().enumerate() {
                    if worlds.matters(at, &effects) {
                        let alone = dimension.slots.len() == 1 && worlds.settles(at, &effects);
                        add_needs(book, &scope, dimension, alone, &mut needs);
                    }
                }
                needs.sort_by(|a, b| (!a.alone, &a.fact).cmp(&(!b.alone, &b.fact)));
            }
            assert_eq!(found.needs, needs, "{}/{} on {on}", book.id, rule.id);
            compared += 1;
        }
        compared
    }

    #[test]
    fn the_diagram_says_of_shipped_rules_what_every_combination_says() {
        let mut compared = 0;
        for book in crate::load_shipped() {
            for on in book.change_days() {
                compared += compare(&book, &weigh_facts::Facts::new(), on);
            }
        }
        assert!(compared > 300, "{compared}");
    }

    #[test]
    fn the_diagram_says_of_tangled_rules_what_every_combination_says() {
        let conditions = [
            "(is_gpai OR flag_b) AND (tpp >= 1600 TPP OR color = 'red')",
            "is_gpai AND NOT (flag_b AND color IN ('red', 'green')) OR tpp < 1600 TPP",
            "tpp >= 1600 TPP AND tpp < 4800 TPP OR NOT is_gpai AND flag_b",
            "(is_gpai OR NOT is_gpai) AND flag_b",
            "trained_on >= '2025-08-02' AND (color = 'red' OR color = 'green' OR flag_b)",
        ];
        let given = [
            "",
            "is_gpai = true",
            "tpp = \"2000..5000 TPP\"",
            "flag_b = false",
        ];
        for one in conditions {
            for other in conditions {
                let text = [
                    crate::testing::HEAD.to_owned(),
                    rule("one", one, ""),
                    rule("two", other, "overrides = [\"one\"]"),
                    rule("three", "applies('one') OR is_moe", ""),
                ];
                let Ok(book) = crate::testing::try_check(&text.concat()) else {
                    continue;
                };
                for given in given {
                    compare(&book, &facts(given), "2026-01-01".parse().unwrap());
                }
            }
        }
    }
}
