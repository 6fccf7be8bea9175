//! Values of facts at which a rulebook can change its mind: what tests, sweeps and tables over
//! many subjects are made from.
//!
//! Conditions compare facts with lines, so between the lines nothing happens. Of a comparison of
//! several facts no finite list is complete; there the lines and factors of the comparison are
//! combined so that equality comes up often.
//!
//! - **Invariant:** sorted, and the same for the same book and days.

use std::collections::{BTreeMap, BTreeSet};

use weigh_facts::{Date, Decimal, Estimate, FactName, FactType, MethodId, Records, Value};

use crate::Rulebook;
use crate::book::Slot;
use crate::eval::{Day, Scope};
use crate::ir::{Atom, Inner, Num, Operand, Test};
use crate::possible::{critical_points, days, listed_words};

const METHOD: MethodId = MethodId::new("critical-values/1");

/// More lines than about these are not made by combining.
const COMBINED_MAX: usize = 32;

/// More lists than these are not made of one fact.
const LISTS_MAX: usize = 24;

/// For every fact that a rulebook mentions, the values at which a rule can come out differently on
/// a day: exact quantities on every line, a step below and above it, between lines and beyond them;
/// every word, and a code that is nowhere listed; the days around a day.
#[must_use]
pub fn critical_values(book: &Rulebook, on: Date, known: Date) -> Vec<(FactName, Vec<Value>)> {
    let day = Day::new(book, on, known);
    let desk = Desk {
        scope: Scope::new(&day, &[]),
    };
    let of_slot = |(index, slot): (usize, &std::sync::Arc<Slot>)| {
        let values = match &slot.kind {
            FactType::List(fields) => desk.lists(index, fields, &book.atoms),
            kind => desk.values(Operand::Fact(index), kind, &book.atoms),
        };
        (slot.name.clone(), values)
    };
    book.slots.iter().enumerate().map(of_slot).collect()
}

struct Desk<'a> {
    scope: Scope<'a>,
}

impl Desk<'_> {
    /// The critical values of a fact, or of a field of a record.
    fn values(&self, of: Operand, kind: &FactType, atoms: &[Atom]) -> Vec<Value> {
        let tests: Vec<&Test> = atoms.iter().map(|a| &a.test).collect();
        let tests: Vec<&Test> = tests.into_iter().filter(|t| reads(t, of)).collect();
        match kind {
            FactType::Bool => vec![Value::Bool(false), Value::Bool(true)],
            FactType::Quantity { .. } => {
                let points = self.points(&tests).into_iter();
                let exact = |point| Value::Quantity(Estimate::exact(point, METHOD));
                points.map(exact).collect()
            }
            FactType::Enum(words) => words.iter().cloned().map(Value::Word).collect(),
            FactType::Code(_) => {
                let mut codes = listed_words(&self.scope, &tests);
                codes.remove("another");
                codes.extend(unlisted(&codes));
                codes.into_iter().map(Value::Word).collect()
            }
            FactType::Date => {
                let mut around = days(&tests);
                around.extend("2000-01-01".parse::<Date>());
                around.into_iter().map(Value::Date).collect()
            }
            FactType::Set(words) => subsets(words, &tests),
            FactType::List(_) => Vec::new(),
        }
    }

    fn points(&self, tests: &[&Test]) -> BTreeSet<Decimal> {
        let mut lines = BTreeSet::new();
        let mut factors = BTreeSet::new();
        for test in tests {
            match test {
                Test::Line { line, .. } => {
                    let bounds = self.scope.bounds(line);
                    lines.extend(
                        [bounds.low, bounds.high]
                            .into_iter()
                            .flatten()
                            .map(|e| e.into_owned()),
                    );
                }
                Test::Compare { left, right, .. } => {
                    self.constants(left, &mut factors);
                    self.constants(right, &mut factors);
                }
                _ => {}
            }
        }
        if !factors.is_empty() || lines.is_empty() {
            lines.extend(factors.iter().cloned());
            lines.extend([1_u64, 1_000].map(Decimal::from));
            let combined = combined(&lines, &factors);
            let stride = combined.len().div_ceil(COMBINED_MAX).max(1);
            lines.extend(combined.into_iter().step_by(stride));
        }
        let mut points = critical_points(lines.iter());
        for line in &lines {
            let step = step(line);
            points.insert(line + &step);
            points.extend(Some(line - &step).filter(|p| !p.is_negative()));
        }
        points
    }

    /// The numbers written into a quantity, and its parameters.
    fn constants(&self, num: &Num, out: &mut BTreeSet<Decimal>) {
        match num {
            Num::Const(_) | Num::Param(_) => {
                let value = self.scope.bounds(num).as_exact().cloned();
                out.extend(value.filter(|v| !v.is_negative()));
            }
            Num::Add(a, b) | Num::Sub(a, b) | Num::Mul(a, b) => {
                self.constants(a, out);
                self.constants(b, out);
            }
            Num::Greatest(parts) | Num::Least(parts) => {
                parts.iter().for_each(|p| self.constants(p, out));
            }
            Num::Value(_) | Num::Sum { .. } | Num::Count { .. } => {}
        }
    }

    /// Lists of records: none, and a few whose fields take their critical values, whole and not.
    fn lists(
        &self,
        slot: usize,
        fields: &BTreeMap<String, FactType>,
        atoms: &[Atom],
    ) -> Vec<Value> {
        let mut records: Vec<BTreeMap<String, Value>> = vec![BTreeMap::new()];
        let mut inner = Vec::new();
        atoms
            .iter()
            .for_each(|a| conditions(&a.test, slot, &mut inner));
        let mut by_field: BTreeMap<&String, Vec<Value>> = BTreeMap::new();
        for (name, kind) in fields {
            let values = by_field.entry(name).or_default();
            for condition in &inner {
                let place = condition.fields.iter().position(|f| f == name);
                let of = place.map(Operand::Field);
                values.extend(
                    of.into_iter()
                        .flat_map(|of| self.values(of, kind, &condition.atoms)),
                );
            }
            if values.is_empty() {
                values.extend(self.values(Operand::Field(usize::MAX), kind, &[]));
            }
        }
        let longest = by_field.values().map(Vec::len).max().unwrap_or(0);
        for index in 0..longest.min(LISTS_MAX / 3) {
            let field = |(name, values): (&&String, &Vec<Value>)| {
                let value = values.get(index % values.len().max(1))?;
                Some(((*name).clone(), value.clone()))
            };
            records.push(by_field.iter().filter_map(field).collect());
        }
        let mut lists = Vec::new();
        let mut add = |items: Vec<BTreeMap<String, Value>>, complete| {
            lists.push(Value::Records(Records { items, complete }));
        };
        add(Vec::new(), true);
        add(Vec::new(), false);
        for (index, record) in records.iter().enumerate() {
            add(vec![record.clone()], true);
            let next = records.get(index + 1).cloned();
            add(
                [record.clone()].into_iter().chain(next).collect(),
                index % 2 == 0,
            );
        }
        lists.truncate(LISTS_MAX);
        lists
    }
}

/// Does a comparison read the fact or the field itself?
fn reads(test: &Test, of: Operand) -> bool {
    match test {
        Test::Flag(it)
        | Test::Line { of: it, .. }
        | Test::Word { of: it, .. }
        | Test::Day { of: it, .. }
        | Test::Contains { of: it, .. } => *it == of,
        Test::Compare { left, right, .. } => computes_with(left, of) || computes_with(right, of),
        Test::Exists { .. } | Test::Every { .. } => false,
    }
}

fn computes_with(num: &Num, of: Operand) -> bool {
    match num {
        Num::Value(it) => *it == of,
        Num::Add(a, b) | Num::Sub(a, b) | Num::Mul(a, b) => {
            computes_with(a, of) || computes_with(b, of)
        }
        Num::Greatest(parts) | Num::Least(parts) => parts.iter().any(|p| computes_with(p, of)),
        Num::Const(_) | Num::Param(_) | Num::Sum { .. } | Num::Count { .. } => false,
    }
}

/// The conditions on records of a list.
fn conditions<'a>(test: &'a Test, slot: usize, out: &mut Vec<&'a Inner>) {
    match test {
        Test::Exists { list, when } | Test::Every { list, when } if *list == slot => out.push(when),
        Test::Line { line, .. } => totals(line, slot, out),
        Test::Compare { left, right, .. } => {
            totals(left, slot, out);
            totals(right, slot, out);
        }
        _ => {}
    }
}

fn totals<'a>(num: &'a Num, slot: usize, out: &mut Vec<&'a Inner>) {
    match num {
        Num::Sum { list, when, .. } | Num::Count { list, when } if *list == slot => {
            out.extend(when.as_deref());
        }
        Num::Add(a, b) | Num::Sub(a, b) | Num::Mul(a, b) => {
            totals(a, slot, out);
            totals(b, slot, out);
        }
        Num::Greatest(parts) | Num::Least(parts) => {
            parts.iter().for_each(|p| totals(p, slot, out));
        }
        _ => {}
    }
}

/// Lines, and what multiplying, dividing and taking away makes of them.
fn combined(lines: &BTreeSet<Decimal>, factors: &BTreeSet<Decimal>) -> BTreeSet<Decimal> {
    let mut all = BTreeSet::new();
    for line in lines {
        for factor in factors {
            all.insert(line * factor);
            all.extend(line.exact_quotient(factor));
            all.extend(Some(factor - line).filter(|p| !p.is_negative()));
        }
    }
    all
}

/// A little, seen from a line: one of what is counted, or a thousandth.
fn step(line: &Decimal) -> Decimal {
    let one = Decimal::from(1_u64);
    let thousandth = one.exact_quotient(&Decimal::from(1_000_u64));
    match thousandth {
        Some(thousandth) if *line < Decimal::from(100_u64) => thousandth,
        _ => one,
    }
}

/// Two letters that no list has.
fn unlisted(listed: &BTreeSet<String>) -> Option<String> {
    let letters = || ('A'..='Z').rev();
    let mut pairs = letters().flat_map(|a| letters().map(move |b| format!("{a}{b}")));
    pairs.find(|code| !listed.contains(code))
}

/// None of the words, all of them, and each pattern of the first few that are asked for.
fn subsets(words: &[String], tests: &[&Test]) -> Vec<Value> {
    let asked: BTreeSet<&String> = tests
        .iter()
        .filter_map(|test| match test {
            Test::Contains { word, .. } => Some(word),
            _ => None,
        })
        .collect();
    let asked: Vec<&String> = asked.into_iter().take(4).collect();
    let mut all = BTreeSet::from([words.iter().cloned().collect::<BTreeSet<String>>()]);
    for pattern in 0..1_usize << asked.len() {
        let chosen = asked
            .iter()
            .enumerate()
            .filter(|(at, _)| pattern & (1 << at) != 0);
        all.insert(chosen.map(|(_, word)| (*word).clone()).collect());
    }
    all.extend(words.iter().map(|w| BTreeSet::from([w.clone()])));
    all.into_iter().map(Value::Set).collect()
}
