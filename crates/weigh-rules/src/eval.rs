//! The reference evaluator: slow, plain, and right by definition.
//!
//! Folds the typed form of conditions over the facts of one subject on one day with Kleene's
//! tables. Other evaluators compute the same verdicts in columns; where one differs, this is right.
//!
//! - **Invariant:** no clock, no I/O, no randomness. The days are arguments.
//! - **Invariant:** a missing fact, an open bound, an unknown line or an incomplete list gives
//!   `Unknown`, never `False`; the best value of an estimate is never looked at.
//! - **Invariant:** evaluation cannot fail.
//! - **Assumption:** quantities are never negative, so that a sum over part of a list is a lower
//!   bound of the whole.

use std::borrow::Cow;
use std::collections::BTreeMap;

use weigh_facts::{
    Coverage, Date, Dated, Decimal, Facts, Interval, Records, Timeline, Truth, Value,
};

use crate::book::{CodeList, CodeSet, Extent, ParamValue, Rule};
use crate::ir::{Atom, Inner, Node, Num, Operand, Test, Used};
use crate::{Rulebook, Standing};

/// The dated values of a rulebook as they stand on one day.
pub(crate) struct Day<'b> {
    pub(crate) params: Vec<Option<&'b Dated<ParamValue>>>,
    pub(crate) sets: Vec<SetToday<'b>>,
}

/// A code list as it stands on one day.
#[derive(Clone, Copy)]
pub(crate) struct SetToday<'b> {
    pub(crate) list: Option<&'b CodeList>,
    pub(crate) extent: Extent,
    /// The list of the set it lies within.
    pub(crate) universe: Option<&'b CodeList>,
}

impl SetToday<'_> {
    /// Is it known of every code that can be said whether it is in?
    pub(crate) fn is_whole(&self) -> bool {
        self.list.is_some()
            && match self.extent {
                Extent::Complete => true,
                Extent::Open => false,
                Extent::Within(_) => self.universe.is_some(),
            }
    }

    /// Is it known of every word there could be whether it is in?
    pub(crate) fn is_complete(&self) -> bool {
        self.list.is_some() && self.extent == Extent::Complete
    }

    fn has(&self, code: &str) -> Truth {
        let Some(list) = self.list else {
            return Truth::Unknown;
        };
        if list.codes.contains(code) {
            return Truth::True;
        }
        match self.extent {
            Extent::Complete => Truth::False,
            Extent::Open => Truth::Unknown,
            Extent::Within(_) => match self.universe {
                Some(universe) if universe.codes.contains(code) => Truth::False,
                _ => Truth::Unknown,
            },
        }
    }
}

impl<'b> Day<'b> {
    pub(crate) fn new(book: &'b Rulebook, on: Date, known: Date) -> Self {
        let params = book.params.iter().map(|p| p.values.at(on, known));
        let today = |set: &'b CodeSet| set.values.at(on, known).map(|d| &d.value);
        let sets = book.sets.iter().map(|set| SetToday {
            list: today(set),
            extent: set.extent,
            universe: match set.extent {
                Extent::Within(index) => book.sets.get(index).and_then(today),
                _ => None,
            },
        });
        Self {
            params: params.collect(),
            sets: sets.collect(),
        }
    }

    pub(crate) fn param(&self, index: usize) -> Option<&'b Decimal> {
        self.params
            .get(index)
            .copied()
            .flatten()
            .map(|d| &d.value.value)
    }
}

/// A timeline speaks of the day, and nothing of what it says was known yet.
fn is_unread<T>(values: &Timeline<T>, on: Date, known: Date) -> bool {
    let mut entries = values.entries();
    values.at(on, known).is_none() && entries.any(|e| speaks_of(&e.when, on))
}

/// Does it hold on the day, known or not?
fn speaks_of(when: &Interval, on: Date) -> bool {
    let always_known = Interval {
        known: None,
        ..*when
    };
    always_known.holds(on, on)
}

/// Bounds on a quantity, either end open, and the coverage of what they rest on.
#[derive(Clone, Debug)]
pub(crate) struct Bounds<'a> {
    pub(crate) low: Option<Cow<'a, Decimal>>,
    pub(crate) high: Option<Cow<'a, Decimal>>,
    pub(crate) coverage: Option<Coverage>,
}

impl<'a> Bounds<'a> {
    const OPEN: Self = Self {
        low: None,
        high: None,
        coverage: None,
    };

    fn exact(value: &'a Decimal) -> Self {
        Self {
            low: Some(Cow::Borrowed(value)),
            high: Some(Cow::Borrowed(value)),
            coverage: None,
        }
    }

    /// Both ends, when they agree.
    pub(crate) fn as_exact(&self) -> Option<&Decimal> {
        let low = self.low.as_deref()?;
        (Some(low) == self.high.as_deref()).then_some(low)
    }

    fn ends(&self) -> (Option<&Decimal>, Option<&Decimal>) {
        (self.low.as_deref(), self.high.as_deref())
    }

    fn weakest(&self, other: &Self) -> Option<Coverage> {
        match (self.coverage, other.coverage) {
            (Some(one), Some(two)) => Some(one.min(two)),
            (one, two) => one.or(two),
        }
    }

    fn plus(&self, other: &Self) -> Self {
        let add = |a: &Option<Cow<'a, Decimal>>, b: &Option<Cow<'a, Decimal>>| {
            Some(Cow::Owned(a.as_deref()? + b.as_deref()?))
        };
        Self {
            low: add(&self.low, &other.low),
            high: add(&self.high, &other.high),
            coverage: self.weakest(other),
        }
    }

    fn minus(&self, other: &Self) -> Self {
        let subtract = |a: &Option<Cow<'a, Decimal>>, b: &Option<Cow<'a, Decimal>>| {
            Some(Cow::Owned(a.as_deref()? - b.as_deref()?))
        };
        Self {
            low: subtract(&self.low, &other.high),
            high: subtract(&self.high, &other.low),
            coverage: self.weakest(other),
        }
    }

    /// The product; open where a factor may be negative.
    fn times(&self, other: &Self) -> Self {
        let positive = |b: &Self| b.low.as_deref().is_some_and(|low| !low.is_negative());
        if !positive(self) || !positive(other) {
            return Self {
                coverage: self.weakest(other),
                ..Self::OPEN
            };
        }
        let multiply = |a: &Option<Cow<'a, Decimal>>, b: &Option<Cow<'a, Decimal>>| {
            Some(Cow::Owned(a.as_deref()? * b.as_deref()?))
        };
        Self {
            low: multiply(&self.low, &other.low),
            high: multiply(&self.high, &other.high),
            coverage: self.weakest(other),
        }
    }

    /// The greater of two: its lower end is the greatest one known, its upper end needs both.
    fn greatest(self, other: Self) -> Self {
        let coverage = self.weakest(&other);
        let high = self.high.zip(other.high).map(|(a, b)| a.max(b));
        Self {
            low: self.low.max(other.low),
            high,
            coverage,
        }
    }

    fn least(self, other: Self) -> Self {
        let coverage = self.weakest(&other);
        let low = self.low.zip(other.low).map(|(a, b)| a.min(b));
        let high = match (self.high, other.high) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (a, b) => a.or(b),
        };
        Self {
            low,
            high,
            coverage,
        }
    }
}

/// Everything a comparison can look at.
#[derive(Clone, Copy)]
pub(crate) struct Scope<'a> {
    pub(crate) day: &'a Day<'a>,
    /// Known values by slot.
    pub(crate) values: &'a [Option<&'a Value>],
    /// The record at hand, inside `any`, `all`, `sum` and `count`.
    record: Option<(&'a [String], &'a BTreeMap<String, Value>)>,
}

impl<'a> Scope<'a> {
    pub(crate) fn new(day: &'a Day<'a>, values: &'a [Option<&'a Value>]) -> Self {
        Self {
            day,
            values,
            record: None,
        }
    }

    fn value(&self, of: Operand) -> Option<&'a Value> {
        match of {
            Operand::Fact(slot) => self.values.get(slot).copied().flatten(),
            Operand::Field(index) => {
                let (fields, record) = self.record?;
                record.get(fields.get(index)?)
            }
        }
    }

    fn records(&self, slot: usize) -> Option<&'a Records> {
        match self.value(Operand::Fact(slot)) {
            Some(Value::Records(records)) => Some(records),
            _ => None,
        }
    }

    /// A quantity with its bounds.
    pub(crate) fn bounds(&self, num: &'a Num) -> Bounds<'a> {
        match num {
            Num::Const(value) => Bounds::exact(value),
            Num::Param(index) => self.day.param(*index).map_or(Bounds::OPEN, Bounds::exact),
            Num::Value(of) => match self.value(*of) {
                Some(Value::Quantity(estimate)) => Bounds {
                    low: estimate.low().map(Cow::Borrowed),
                    high: estimate.high().map(Cow::Borrowed),
                    coverage: Some(estimate.coverage()),
                },
                _ => Bounds::OPEN,
            },
            Num::Add(a, b) => self.bounds(a).plus(&self.bounds(b)),
            Num::Sub(a, b) => self.bounds(a).minus(&self.bounds(b)),
            Num::Mul(a, b) => self.bounds(a).times(&self.bounds(b)),
            Num::Greatest(parts) => self.fold_bounds(parts, Bounds::greatest),
            Num::Least(parts) => self.fold_bounds(parts, Bounds::least),
            Num::Sum { list, field, when } => self.sum(*list, Some(field), when.as_deref()),
            Num::Count { list, when } => self.sum(*list, None, when.as_deref()),
        }
    }

    fn fold_bounds(
        &self,
        parts: &'a [Num],
        join: fn(Bounds<'a>, Bounds<'a>) -> Bounds<'a>,
    ) -> Bounds<'a> {
        let bounds = parts.iter().map(|p| self.bounds(p));
        bounds.reduce(join).unwrap_or(Bounds::OPEN)
    }

    /// The sum of a field, or the count, over the records that meet a condition. A record that
    /// may or may not meet it widens the bounds, and so does a list that may not be complete.
    fn sum(&self, list: usize, field: Option<&'a str>, when: Option<&'a Inner>) -> Bounds<'a> {
        let Some(records) = self.records(list) else {
            return Bounds::OPEN;
        };
        let (zero, one) = (Decimal::zero(), Decimal::from(1_u64));
        let (mut low, mut high) = (zero.clone(), Some(zero));
        let mut coverage: Option<Coverage> = None;
        for record in &records.items {
            let (truth, seen) = match when {
                Some(inner) => self.inner(inner, record),
                None => (Truth::True, None),
            };
            coverage = coverage.into_iter().chain(seen).min();
            if truth == Truth::False {
                continue;
            }
            let (record_low, record_high) = match field.map(|f| record.get(f)) {
                None => (Some(&one), Some(&one)),
                Some(Some(Value::Quantity(estimate))) => {
                    coverage = coverage.into_iter().chain([estimate.coverage()]).min();
                    (estimate.low(), estimate.high())
                }
                Some(_) => (None, None),
            };
            if let (Truth::True, Some(value)) = (truth, record_low) {
                low = &low + value;
            }
            high = high.zip(record_high).map(|(sum, value)| &sum + value);
        }
        Bounds {
            low: Some(Cow::Owned(low)),
            high: high.filter(|_| records.complete).map(Cow::Owned),
            coverage,
        }
    }

    /// A condition on one record.
    fn inner(
        &self,
        inner: &'a Inner,
        record: &'a BTreeMap<String, Value>,
    ) -> (Truth, Option<Coverage>) {
        let scope = Self {
            record: Some((&inner.fields, record)),
            ..*self
        };
        let seen: Vec<_> = inner.atoms.iter().map(|a| scope.atom(a)).collect();
        let truths: Vec<Truth> = seen.iter().map(|(t, _)| *t).collect();
        let truth = fold(&inner.node, &truths, &[], &[]);
        (truth, seen.iter().filter_map(|(_, c)| *c).min())
    }

    /// A comparison, and the coverage of the bounds it looked at.
    pub(crate) fn atom(&self, atom: &'a Atom) -> (Truth, Option<Coverage>) {
        match &atom.test {
            Test::Flag(of) => match self.value(*of) {
                Some(Value::Bool(value)) => ((*value).into(), None),
                _ => (Truth::Unknown, None),
            },
            Test::Line { of, op, line } => {
                let Some(Value::Quantity(estimate)) = self.value(*of) else {
                    return (Truth::Unknown, None);
                };
                let line = self.bounds(line);
                let truth = op.of_bounds((estimate.low(), estimate.high()), line.ends());
                (truth, Some(estimate.coverage()))
            }
            Test::Compare { left, op, right } => {
                let (left, right) = (self.bounds(left), self.bounds(right));
                (
                    op.of_bounds(left.ends(), right.ends()),
                    left.weakest(&right),
                )
            }
            Test::Word { of, words, sets } => (self.word(*of, words, sets), None),
            Test::Day { of, op, day } => match self.value(*of) {
                Some(Value::Date(value)) => (op.holds(value, day).into(), None),
                _ => (Truth::Unknown, None),
            },
            Test::Contains { of, word } => match self.value(*of) {
                Some(Value::Set(words)) => (words.contains(word).into(), None),
                _ => (Truth::Unknown, None),
            },
            Test::Exists { list, when } => self.quantified(*list, when, Truth::any, Truth::True),
            Test::Every { list, when } => self.quantified(*list, when, Truth::all, Truth::False),
        }
    }

    fn word(&self, of: Operand, words: &[String], sets: &[usize]) -> Truth {
        let Some(Value::Word(word)) = self.value(of) else {
            return Truth::Unknown;
        };
        self.word_is_among(word, words, sets)
    }

    /// A word that is in none of the lists is unknown as long as one of them is not complete.
    pub(crate) fn word_is_among(&self, word: &str, words: &[String], sets: &[usize]) -> Truth {
        if words.iter().any(|w| w == word) {
            return Truth::True;
        }
        let in_set = |index: &usize| match self.day.sets.get(*index) {
            Some(set) => set.has(word),
            None => Truth::Unknown,
        };
        Truth::any(sets.iter().map(in_set))
    }

    /// `any` and `all` over records: `settles` is the truth of one record that settles it.
    fn quantified(
        &self,
        list: usize,
        when: &'a Inner,
        join: fn(Vec<Truth>) -> Truth,
        settles: Truth,
    ) -> (Truth, Option<Coverage>) {
        let Some(records) = self.records(list) else {
            return (Truth::Unknown, None);
        };
        let seen = records.items.iter().map(|r| self.inner(when, r));
        let (truths, coverages): (Vec<_>, Vec<_>) = seen.unzip();
        let truth = join(truths);
        let open = !records.complete && truth != settles;
        let coverage = coverages.into_iter().flatten().min();
        (if open { Truth::Unknown } else { truth }, coverage)
    }
}

/// Folds a condition by Kleene's tables.
pub(crate) fn fold(node: &Node, atoms: &[Truth], predicates: &[&Node], rules: &[Truth]) -> Truth {
    let known = |list: &[Truth], index: usize| list.get(index).copied().unwrap_or(Truth::Unknown);
    match node {
        Node::Atom(index) => known(atoms, *index),
        Node::Applies(index) => known(rules, *index),
        Node::Predicate(index) => predicates
            .get(*index)
            .map_or(Truth::Unknown, |node| fold(node, atoms, predicates, rules)),
        Node::Not(inner) => !fold(inner, atoms, predicates, rules),
        Node::All(parts) => Truth::all(parts.iter().map(|p| fold(p, atoms, predicates, rules))),
        Node::Any(parts) => Truth::any(parts.iter().map(|p| fold(p, atoms, predicates, rules))),
    }
}

/// A rulebook folded over the facts of one subject on one day.
pub(crate) struct Evaluation<'a> {
    pub(crate) predicates: Vec<&'a Node>,
    /// By atom.
    pub(crate) truths: Vec<Truth>,
    pub(crate) coverages: Vec<Option<Coverage>>,
    /// By rule: does its own interval hold, known or not?
    pub(crate) in_force: Vec<bool>,
    /// By rule: is its text, which speaks of the day, one that was not known yet?
    pub(crate) unread: Vec<bool>,
    /// By rule: does its condition hold?
    pub(crate) conditions: Vec<Truth>,
    /// By rule: does it hold, and nothing that overrides it?
    pub(crate) effective: Vec<Truth>,
}

/// What is known, by slot.
pub(crate) fn known_values<'a>(book: &Rulebook, facts: &'a Facts) -> Vec<Option<&'a Value>> {
    let value = |name| facts.get(name).map(|f| &f.value);
    book.slots.iter().map(|s| value(&s.name)).collect()
}

impl<'a> Evaluation<'a> {
    pub(crate) fn new(book: &'a Rulebook, scope: &Scope<'a>, on: Date, known: Date) -> Self {
        let seen = book.atoms.iter().map(|a| scope.atom(a));
        let (truths, coverages) = seen.unzip();
        let rules = &book.rules;
        let mut evaluation = Self {
            predicates: book.predicates.iter().map(|p| &p.node).collect(),
            truths,
            coverages,
            in_force: rules.iter().map(|r| speaks_of(&r.interval, on)).collect(),
            unread: rules.iter().map(|r| book.is_unread(r, on, known)).collect(),
            conditions: vec![Truth::Unknown; rules.len()],
            effective: vec![Truth::Unknown; rules.len()],
        };
        for index in &book.order {
            let (condition, effective) =
                evaluation.rule(book, *index, &evaluation.truths, &evaluation.effective);
            for (list, truth) in [
                (&mut evaluation.conditions, condition),
                (&mut evaluation.effective, effective),
            ] {
                if let Some(place) = list.get_mut(*index) {
                    *place = truth;
                }
            }
        }
        evaluation
    }

    /// One rule, given the truth of all atoms and the effect of all rules before it: whether its
    /// condition holds, and whether it is effective. A rule outside its interval is neither; of one
    /// whose text was not known yet, neither is known.
    pub(crate) fn rule(
        &self,
        book: &Rulebook,
        index: usize,
        truths: &[Truth],
        effective: &[Truth],
    ) -> (Truth, Truth) {
        let Some(rule) = book.rules.get(index) else {
            return (Truth::Unknown, Truth::Unknown);
        };
        if !self.is_in_force(index) {
            return (Truth::False, Truth::False);
        }
        if self.is_unread(index) {
            return (Truth::Unknown, Truth::Unknown);
        }
        let condition = fold(&rule.node, truths, &self.predicates, effective);
        let exception = Truth::any(
            rule.overridden_by
                .iter()
                .map(|o| effective.get(*o).copied().unwrap_or(Truth::Unknown)),
        );
        (condition, condition & !exception)
    }

    pub(crate) fn is_in_force(&self, index: usize) -> bool {
        self.in_force.get(index).copied().unwrap_or(false)
    }

    pub(crate) fn is_unread(&self, index: usize) -> bool {
        self.is_in_force(index) && self.unread.get(index).copied().unwrap_or(false)
    }

    pub(crate) fn truth(&self, atom: usize) -> Truth {
        self.truths.get(atom).copied().unwrap_or(Truth::Unknown)
    }
}

impl Rulebook {
    /// How a rule stands on a day, whatever the subject.
    pub(crate) fn standing(&self, rule: &Rule, on: Date, known: Date) -> Standing {
        match (
            speaks_of(&rule.interval, on),
            self.is_unread(rule, on, known),
        ) {
            (false, _) => Standing::NotInForce,
            (true, true) => Standing::Unread,
            (true, false) => Standing::InForce,
        }
    }

    /// Was the text of a rule not known yet, or that of the book it stands in?
    fn is_unread(&self, rule: &Rule, on: Date, known: Date) -> bool {
        let status = rule.text_status.as_ref().unwrap_or(&self.text_status);
        rule.interval.known.is_some_and(|k| known < k) || is_unread(status, on, known)
    }

    /// Does a comparison read a value or a list that speaks of the day and was not known yet?
    pub(crate) fn reads_unread(&self, atom: usize, on: Date, known: Date) -> bool {
        let mut used = Used::default();
        self.atoms.get(atom).into_iter().for_each(|a| used.atom(a));
        let mut params = used.params.iter().filter_map(|p| self.params.get(*p));
        let mut sets = used.sets.iter().filter_map(|s| self.sets.get(*s));
        params.any(|p| is_unread(&p.values, on, known))
            || sets.any(|s| is_unread(&s.values, on, known))
    }

    /// A line without facts in it, as it stands on a day.
    pub(crate) fn line_value(&self, line: &Num, on: Date, known: Date) -> Option<Decimal> {
        match line {
            Num::Const(value) => Some(value.clone()),
            Num::Param(index) => {
                let param = self.params.get(*index)?;
                param.values.at(on, known).map(|d| d.value.value.clone())
            }
            _ => {
                let day = Day::new(self, on, known);
                Scope::new(&day, &[]).bounds(line).as_exact().cloned()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ir::Comparison;

    fn bounds(low: Option<u64>, high: Option<u64>) -> Bounds<'static> {
        let end = |v: Option<u64>| v.map(|v| Cow::Owned(Decimal::from(v)));
        Bounds {
            low: end(low),
            high: end(high),
            coverage: None,
        }
    }

    #[test]
    fn open_ends_stay_open_where_they_must() {
        let a = bounds(Some(2), Some(4));
        let open = bounds(Some(3), None);
        assert_eq!(a.plus(&open).high, None);
        assert_eq!(a.minus(&open).low, None);
        assert_eq!(
            a.clone().greatest(open.clone()).low.as_deref(),
            Some(&3_u64.into())
        );
        assert_eq!(a.clone().least(open).high.as_deref(), Some(&4_u64.into()));
        let below = bounds(None, Some(1));
        assert_eq!(
            a.clone().greatest(below.clone()).low.as_deref(),
            Some(&2_u64.into())
        );
        assert_eq!(a.times(&below).high, None, "it may be negative");
    }

    #[test]
    fn comparisons_of_bounds_are_kleene() {
        let (two, four, five) = (2, 4, 5);
        let ends = (Some(&two), Some(&four));
        let at = |line: &'static i32| (Some(line), Some(line));
        assert_eq!(Comparison::Greater.of_bounds(ends, at(&4)), Truth::False);
        assert_eq!(
            Comparison::GreaterOrEqual.of_bounds(ends, at(&4)),
            Truth::Unknown
        );
        assert_eq!(
            Comparison::Less.of_bounds(ends, (Some(&five), None)),
            Truth::True
        );
        assert_eq!(Comparison::Equal.of_bounds(ends, at(&5)), Truth::False);
        assert_eq!(Comparison::NotEqual.of_bounds(ends, at(&3)), Truth::Unknown);
    }
}
