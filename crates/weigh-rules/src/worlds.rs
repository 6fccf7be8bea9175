//! Every combination of critical values, sixty-four at a time: a world is a bit. The oracle of
//! `diagram`: plain, and too slow where much is open.
//!
//! Where every open comparison is given an answer, three-valued logic is two-valued, and one machine
//! word folds a condition for sixty-four combinations at once.
//!
//! - **Invariant:** the answer for a world is the one [`crate::eval::fold`] gives for its truths.

use weigh_facts::Truth;

use crate::Rulebook;
use crate::diagram::Dimension;
use crate::eval::Evaluation;
use crate::ir::Node;

fn ways(dimension: &Dimension) -> usize {
    dimension.rows.len().max(1)
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
            total = total.checked_mul(ways(dimension))?;
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
        let ways = self.dimensions.get(dimension).map_or(1, ways);
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
        let ways = self.dimensions.get(dimension).map_or(1, ways);
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
        let ways = self.dimensions.get(dimension).map_or(1, ways);
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
