//! The same answers, combination by combination: what the diagram is compared with.
//!
//! Slow, plain, and without anything in common with `ways`, `worlds` and `diagram`. A world is a
//! bit: where every open comparison is given an answer, three-valued logic is two-valued, and one
//! machine word folds a condition for sixty-four combinations at once.

use std::collections::BTreeSet;

use weigh_facts::{Decimal, Estimate, FactType, Truth, Value};

use super::{Cases, Question, critical_points, days, listed_words};
use crate::Rulebook;
use crate::eval::{Evaluation, Scope};
use crate::finding::{Need, Why};
use crate::ir::{Atom, Node, Operand, Test};

/// More combinations than this are not tried.
pub(crate) const COMBINATIONS_MAX: usize = 20_000;

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

/// Something that can come out in several ways, and what each way makes of the open comparisons.
pub(crate) struct Dimension {
    /// The facts that choose among the ways.
    pub(crate) slots: Vec<usize>,
    pub(crate) atoms: Vec<usize>,
    /// By way, then by atom. Ways that make the same of every atom are one.
    pub(crate) rows: Vec<Vec<bool>>,
}

impl Dimension {
    pub(crate) fn ways(&self) -> usize {
        self.rows.len().max(1)
    }
}

/// All combinations of the ways of some dimensions. The first dimension varies fastest.
pub(crate) struct Worlds<'d> {
    dimensions: &'d [Dimension],
    /// By dimension: how many worlds in a row choose the same way.
    strides: Vec<usize>,
    total: usize,
}

/// Lanes whose number has a given bit set: the pattern of a dimension with two ways.
const ALTERNATING: [u64; 6] = [
    0xAAAA_AAAA_AAAA_AAAA,
    0xCCCC_CCCC_CCCC_CCCC,
    0xF0F0_F0F0_F0F0_F0F0,
    0xFF00_FF00_FF00_FF00,
    0xFFFF_0000_FFFF_0000,
    0xFFFF_FFFF_0000_0000,
];

impl<'d> Worlds<'d> {
    /// All combinations, or nothing when there are more than `limit`.
    /// Dimensions with two ways should stand first: their patterns are constants.
    pub(crate) fn new(dimensions: &'d [Dimension], limit: usize) -> Option<Self> {
        let mut strides = Vec::with_capacity(dimensions.len());
        let mut total = 1_usize;
        for dimension in dimensions {
            strides.push(total);
            total = total.checked_mul(dimension.ways())?;
        }
        (total <= limit).then_some(Self {
            dimensions,
            strides,
            total,
        })
    }

    /// The worlds of a word that exist.
    fn existing(&self, word: usize) -> u64 {
        match self.total.saturating_sub(word * 64) {
            0 => 0,
            left @ 1..64 => (1 << left) - 1,
            _ => u64::MAX,
        }
    }

    fn words(&self) -> usize {
        self.total.div_ceil(64)
    }

    /// The worlds of a word in which a dimension goes a way.
    fn going(&self, dimension: usize, way: usize, word: usize) -> u64 {
        let stride = self.strides.get(dimension).copied().unwrap_or(1);
        let ways = self.dimensions.get(dimension).map_or(1, Dimension::ways);
        let first = word * 64;
        if stride.is_multiple_of(64) {
            return if first / stride % ways == way {
                u64::MAX
            } else {
                0
            };
        }
        let pattern = ALTERNATING.get(stride.trailing_zeros() as usize);
        if let (2, true, Some(pattern)) = (ways, stride.is_power_of_two(), pattern) {
            return if way == 1 { *pattern } else { !*pattern };
        }
        let goes = |lane: &usize| (first + lane) / stride % ways == way;
        (0..64_usize)
            .filter(goes)
            .fold(0, |bits, lane| bits | (1 << lane))
    }

    /// In which worlds a rule is effective (`.1`), and in which its condition holds (`.0`).
    pub(crate) fn outcomes(
        &self,
        book: &Rulebook,
        evaluation: &Evaluation<'_>,
        rule: usize,
    ) -> (Outcomes, Outcomes) {
        let everywhere = |truth: &Truth| match truth {
            Truth::True => u64::MAX,
            _ => 0,
        };
        let mut atoms: Vec<u64> = evaluation.truths.iter().map(everywhere).collect();
        let mut effective: Vec<u64> = evaluation.effective.iter().map(everywhere).collect();
        let reach = book.rules.get(rule).map(|r| r.reach_rules.as_slice());
        let mut conditions = Outcomes::with_capacity(self.words());
        let mut effects = Outcomes::with_capacity(self.words());
        for word in 0..self.words() {
            self.choose(word, &mut atoms);
            let (mut condition, mut effect) = (0, 0);
            for index in reach.unwrap_or_default() {
                (condition, effect) = rule_worlds(book, evaluation, *index, &atoms, &effective);
                if let Some(place) = effective.get_mut(*index) {
                    *place = effect;
                }
            }
            let existing = self.existing(word);
            conditions.add(condition, existing);
            effects.add(effect, existing);
        }
        (conditions, effects)
    }

    /// Gives every open comparison its answer in each world of a word.
    fn choose(&self, word: usize, atoms: &mut [u64]) {
        for (index, dimension) in self.dimensions.iter().enumerate() {
            for atom in &dimension.atoms {
                if let Some(place) = atoms.get_mut(*atom) {
                    *place = 0;
                }
            }
            for (way, row) in dimension.rows.iter().enumerate() {
                let going = self.going(index, way, word);
                for (atom, holds) in dimension.atoms.iter().zip(row) {
                    if let (true, Some(place)) = (*holds, atoms.get_mut(*atom)) {
                        *place |= going;
                    }
                }
            }
        }
    }

    /// Does the outcome change along a dimension, all else equal?
    pub(crate) fn matters(&self, dimension: usize, outcomes: &Outcomes) -> bool {
        let stride = self.strides.get(dimension).copied().unwrap_or(1);
        let ways = self.dimensions.get(dimension).map_or(1, Dimension::ways);
        (1..ways).any(|way| {
            let shift = stride * way;
            (0..self.words()).any(|word| {
                let base = self.going(dimension, 0, word) & self.existing(word);
                let differs = outcomes.word(word) ^ outcomes.shifted(word, shift);
                base & differs != 0
            })
        })
    }

    /// Is the outcome the same wherever a dimension goes one way, for each of its ways?
    pub(crate) fn settles(&self, dimension: usize, outcomes: &Outcomes) -> bool {
        let ways = self.dimensions.get(dimension).map_or(1, Dimension::ways);
        (0..ways).all(|way| {
            let (mut holds, mut fails) = (0, 0);
            for word in 0..self.words() {
                let here = self.going(dimension, way, word) & self.existing(word);
                holds |= outcomes.word(word) & here;
                fails |= !outcomes.word(word) & here;
            }
            holds == 0 || fails == 0
        })
    }
}

/// One answer per world.
pub(crate) struct Outcomes {
    bits: Vec<u64>,
    pub(crate) can_hold: bool,
    pub(crate) can_fail: bool,
}

impl Outcomes {
    fn with_capacity(words: usize) -> Self {
        Self {
            bits: Vec::with_capacity(words),
            can_hold: false,
            can_fail: false,
        }
    }

    fn add(&mut self, outcome: u64, existing: u64) {
        self.can_hold |= outcome & existing != 0;
        self.can_fail |= !outcome & existing != 0;
        self.bits.push(outcome & existing);
    }

    fn word(&self, word: usize) -> u64 {
        self.bits.get(word).copied().unwrap_or(0)
    }

    /// The answers of the worlds that stand `shift` further on.
    fn shifted(&self, word: usize, shift: usize) -> u64 {
        let at = word + shift / 64;
        let low = self.word(at);
        match shift % 64 {
            0 => low,
            part => low >> part | self.word(at + 1) << (64 - part),
        }
    }
}

/// In which of sixty-four worlds a rule's condition holds, and in which it is effective.
fn rule_worlds(
    book: &Rulebook,
    evaluation: &Evaluation<'_>,
    index: usize,
    atoms: &[u64],
    effective: &[u64],
) -> (u64, u64) {
    let Some(rule) = book.rules.get(index) else {
        return (0, 0);
    };
    if !evaluation.is_in_force(index) {
        return (0, 0);
    }
    let condition = fold_worlds(&rule.node, atoms, &evaluation.predicates, effective);
    let exceptions = rule.overridden_by.iter();
    let exception = exceptions.fold(0, |bits, o| bits | effective.get(*o).copied().unwrap_or(0));
    (condition, condition & !exception)
}

fn fold_worlds(node: &Node, atoms: &[u64], predicates: &[&Node], rules: &[u64]) -> u64 {
    let part = |node: &Node| fold_worlds(node, atoms, predicates, rules);
    match node {
        Node::Atom(index) => atoms.get(*index).copied().unwrap_or(0),
        Node::Applies(index) => rules.get(*index).copied().unwrap_or(0),
        Node::Predicate(index) => predicates.get(*index).map_or(0, |node| part(node)),
        Node::Not(inner) => !part(inner),
        Node::All(parts) => parts.iter().fold(u64::MAX, |bits, p| bits & part(p)),
        Node::Any(parts) => parts.iter().fold(0, |bits, p| bits | part(p)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dimension(ways: usize) -> Dimension {
        Dimension {
            slots: vec![],
            atoms: vec![],
            rows: vec![vec![]; ways],
        }
    }

    /// Bit by bit, what `going` says in whole words.
    #[test]
    fn worlds_are_counted_in_mixed_radix() {
        for shape in [
            &[2, 2, 2, 2, 2, 2, 2, 3][..],
            &[2, 3, 5, 2],
            &[7, 2, 2, 11],
            &[1],
            &[],
        ] {
            let dimensions: Vec<Dimension> = shape.iter().map(|w| dimension(*w)).collect();
            let worlds = Worlds::new(&dimensions, 20_000).unwrap();
            for world in 0..worlds.total {
                let mut rest = world;
                for (index, ways) in shape.iter().enumerate() {
                    for way in 0..*ways {
                        let bit = worlds.going(index, way, world / 64) >> (world % 64) & 1;
                        assert_eq!(
                            bit == 1,
                            rest % ways == way,
                            "{shape:?} {world} {index} {way}"
                        );
                    }
                    rest /= ways;
                }
            }
        }
        let wide: Vec<Dimension> = (0..15).map(|_| dimension(2)).collect();
        assert!(Worlds::new(&wide, 20_000).is_none());
    }

    #[test]
    fn what_matters_is_found_across_words() {
        let dimensions: Vec<Dimension> = [2, 2, 2, 2, 2, 2, 3, 2].map(dimension).into();
        let worlds = Worlds::new(&dimensions, 20_000).unwrap();
        for chosen in 0..dimensions.len() {
            let mut outcomes = Outcomes::with_capacity(0);
            for word in 0..worlds.words() {
                outcomes.add(worlds.going(chosen, 1, word), worlds.existing(word));
            }
            for index in 0..dimensions.len() {
                assert_eq!(worlds.matters(index, &outcomes), index == chosen);
                assert_eq!(worlds.settles(index, &outcomes), index == chosen);
            }
        }
    }
}
