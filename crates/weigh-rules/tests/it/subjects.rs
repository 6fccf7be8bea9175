//! Subjects nobody would write: made from the values at which a rulebook can change its mind.
//!
//! Every fact takes every critical value, is missing, lies between two values, or is open at one
//! end. A subject that makes a rule come out as none before it did is kept and changed further, so
//! that rules with many conditions come out both ways too. The same seed gives the same subjects.
//!
//! Shared by the laws, the bench and the example that writes tables for other engines.

use std::collections::BTreeSet;

use weigh_facts::{
    Coverage, Date, Decimal, Estimate, Fact, FactName, Facts, Grade, MethodId, Origin, Truth, Value,
};
use weigh_rules::{Reader, Rulebook, critical_values};

const METHOD: MethodId = MethodId::new("generated/1");

/// A stream of subjects for one rulebook on one day.
pub(crate) struct Subjects<'b> {
    reader: Reader<'b>,
    values: Vec<(FactName, Vec<Value>)>,
    /// The subjects that showed something new, and what they showed.
    kept: Vec<Facts>,
    seen: BTreeSet<(usize, Truth)>,
    dice: Dice,
    made: usize,
}

impl<'b> Subjects<'b> {
    pub(crate) fn new(book: &'b Rulebook, on: Date, known: Date, seed: u64) -> Self {
        Self {
            reader: Reader::new(book, on, known),
            values: critical_values(book, on, known),
            kept: vec![Facts::new()],
            seen: BTreeSet::new(),
            dice: Dice(seed),
            made: 0,
        }
    }

    fn fresh(&mut self) -> Facts {
        let missing = *self.dice.pick(&[0, 5, 20, 60, 90]);
        let mut facts = Facts::new();
        for index in 0..self.values.len() {
            if self.dice.below(100) >= missing {
                self.set(&mut facts, index);
            }
        }
        facts
    }

    fn changed(&mut self) -> Facts {
        let at = self.dice.below(self.kept.len());
        let mut facts = self.kept[at].clone();
        for _ in 0..=self.dice.below(3) {
            let index = self.dice.below(self.values.len().max(1));
            if self.dice.one_in(4) {
                let name = self.values.get(index).map(|(name, _)| name.clone());
                name.and_then(|n| facts.remove(&n));
            } else {
                self.set(&mut facts, index);
            }
        }
        facts
    }

    fn set(&mut self, facts: &mut Facts, index: usize) {
        let Some((name, values)) = self.values.get(index).filter(|(_, v)| !v.is_empty()) else {
            return;
        };
        let value = match self.dice.pick(values) {
            Value::Quantity(point) => quantity(point, values, &mut self.dice),
            other => other.clone(),
        };
        facts.insert(name.clone(), fact(value));
    }
}

impl Iterator for Subjects<'_> {
    type Item = Facts;

    /// By turns mixtures and one value of one fact alone, as long as there are values.
    fn next(&mut self) -> Option<Facts> {
        self.made += 1;
        let mut left = if self.made.is_multiple_of(2) {
            self.made / 2 - 1
        } else {
            usize::MAX
        };
        let alone = self.values.iter().find_map(|(name, values)| {
            let value = values.get(left);
            left = left.saturating_sub(values.len());
            value.map(|v| (name.clone(), v.clone()))
        });
        let facts = match alone {
            Some((name, value)) => only(name, value),
            None if self.dice.one_in(2) => self.changed(),
            None => self.fresh(),
        };
        let mut is_new = false;
        for shown in self.reader.effects(&facts).into_iter().enumerate() {
            is_new |= self.seen.insert(shown);
        }
        if is_new {
            self.kept.push(facts.clone());
        }
        Some(facts)
    }
}

fn fact(value: Value) -> Fact {
    let origin = Origin {
        grade: Grade::Declared,
        method: METHOD,
        sources: vec![],
    };
    Fact { value, origin }
}

fn only(name: FactName, value: Value) -> Facts {
    let mut facts = Facts::new();
    facts.insert(name, fact(value));
    facts
}

pub(crate) fn exact(value: &Value) -> Option<&Decimal> {
    match value {
        Value::Quantity(estimate) => estimate.as_exact(),
        _ => None,
    }
}

/// What may be known of a quantity at or around a critical point.
fn quantity(point: &Estimate<Decimal>, values: &[Value], dice: &mut Dice) -> Value {
    let point = point.as_exact().cloned().unwrap_or_else(Decimal::zero);
    let near = values.iter().position(|v| exact(v) == Some(&point));
    let near = near.unwrap_or(0).saturating_sub(3) + dice.below(7);
    let any = exact(dice.pick(values)).cloned();
    let near = values.get(near).and_then(exact).cloned();
    let other = if dice.one_in(2) { any } else { near };
    let other = other.unwrap_or_else(Decimal::zero);
    let between = |one, other| Estimate::between(one, other, METHOD);
    let some = |low, best, high| Estimate::new(low, best, high, Coverage::Percent(90), METHOD).ok();
    let estimate = match dice.below(20) {
        0..10 => Some(Estimate::exact(point.clone(), METHOD)),
        10..14 => Some(between(point.clone(), other)),
        14 => Some(between(Decimal::zero(), point.clone())),
        15 => some(Some(point.clone()), None, None),
        16 => some(None, None, Some(point.clone())),
        17 => some(None, Some(point.clone()), None),
        // Finer than any column of a table, and larger than any.
        18 => Some(Estimate::exact(&point + &tiny(), METHOD)),
        _ => Some(between(&point + &tiny(), &point + &huge())),
    };
    Value::Quantity(estimate.unwrap_or_else(|| Estimate::exact(point, METHOD)))
}

fn tiny() -> Decimal {
    "1e-30".parse().expect("a decimal")
}

fn huge() -> Decimal {
    "1e45".parse().expect("a decimal")
}

/// SplitMix64: the same numbers from the same seed, on every machine. Source: G. Steele, D. Lea and
/// C. Flood, Fast Splittable Pseudorandom Number Generators, OOPSLA 2014.
pub(crate) struct Dice(pub(crate) u64);

impl Dice {
    fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    pub(crate) fn below(&mut self, count: usize) -> usize {
        usize::try_from(self.roll() >> 1).unwrap_or(0) % count.max(1)
    }

    pub(crate) fn one_in(&mut self, count: usize) -> bool {
        self.below(count) == 0
    }

    pub(crate) fn pick<'v, T>(&mut self, values: &'v [T]) -> &'v T {
        &values[self.below(values.len())]
    }
}
