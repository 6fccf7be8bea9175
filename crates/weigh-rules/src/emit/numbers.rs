//! Comparisons of quantities: intervals on both sides, each end an exact decimal.
//!
//! - **Invariant:** what is written here folds bounds as [`crate::eval::Bounds`] does and compares
//!   them as [`Comparison::of_bounds`] does, an absent end being `NULL`.
//! - **Invariant:** both sides of a comparison, and all branches of a `CASE`, are cast to one type
//!   first: left to itself an engine may find a common type by rounding.

use weigh_facts::Decimal;

use super::Writer;
use super::query::Sql;
use super::widths::Width;
use crate::ir::{Comparison, Num, Operand};

/// Two ends; none where it is open whatever the subject is.
type Ends = (Option<Sql>, Option<Sql>);

/// A computed quantity.
struct Range {
    ends: Ends,
    width: Width,
    /// The number it is, whatever the subject.
    constant: Option<Decimal>,
}

impl<'a> Writer<'a> {
    /// A quantity against a line without facts in it.
    pub(super) fn line(&mut self, slot: usize, op: Comparison, line: &'a Num) -> Sql {
        let bounds = self.scope.bounds(line);
        let width = self.widths.slot(slot);
        let end = |end: Option<&Decimal>| end.map(|value| literal(value, width));
        let line = (end(bounds.low.as_deref()), end(bounds.high.as_deref()));
        if line == (None, None) {
            return Sql::unknown();
        }
        let fact = (
            Some(self.column(slot, "__low")),
            Some(self.column(slot, "__high")),
        );
        of_bounds(op, &fact, &line)
    }

    /// Two quantities computed from facts.
    pub(super) fn compare(&mut self, left: &'a Num, op: Comparison, right: &'a Num) -> Sql {
        let (left, right) = (self.range(left), self.range(right));
        let width = left.width.with(right.width);
        of_bounds(op, &left.cast(width), &right.cast(width))
    }

    fn range(&mut self, num: &'a Num) -> Range {
        match num {
            Num::Const(value) => constant(value),
            Num::Param(index) => match self.scope.day.param(*index) {
                Some(value) => constant(value),
                None => open(Width::default()),
            },
            Num::Value(Operand::Fact(slot)) => Range {
                ends: (
                    Some(self.column(*slot, "__low")),
                    Some(self.column(*slot, "__high")),
                ),
                width: self.widths.slot(*slot),
                constant: None,
            },
            Num::Add(a, b) => {
                let (a, b) = (self.range(a), self.range(b));
                let width = a.width.plus(b.width);
                let ((low, high), (other_low, other_high)) = (a.cast(width), b.cast(width));
                let low = joined(low, "+", other_low, width);
                let high = joined(high, "+", other_high, width);
                self.computed((low, high), width)
            }
            Num::Sub(a, b) => {
                let (a, b) = (self.range(a), self.range(b));
                let width = a.width.plus(b.width);
                let ((low, high), (other_low, other_high)) = (a.cast(width), b.cast(width));
                let low = joined(low, "-", other_high, width);
                let high = joined(high, "-", other_low, width);
                self.computed((low, high), width)
            }
            Num::Mul(a, b) => {
                let (a, b) = (self.range(a), self.range(b));
                let width = a.width.times(b.width);
                self.computed(times(&a, &b, width), width)
            }
            Num::Greatest(parts) => self.extreme(parts, ">="),
            Num::Least(parts) => self.extreme(parts, "<="),
            // Refused before: see `Widths`.
            Num::Value(Operand::Field(_)) | Num::Sum { .. } | Num::Count { .. } => {
                open(Width::default())
            }
        }
    }

    /// The greatest or the least of several: of the greatest, the low end is the greatest one
    /// known, and the high end needs all.
    fn extreme(&mut self, parts: &'a [Num], wins: &str) -> Range {
        let parts: Vec<Range> = parts.iter().map(|p| self.range(p)).collect();
        let width = parts.iter().map(|p| p.width).reduce(Width::with);
        let width = width.unwrap_or_default();
        let parts = parts.into_iter().map(|p| p.cast(width));
        let joined = parts.reduce(|(low, high), (other_low, other_high)| match wins {
            ">=" => (
                self.best_known(low, wins, other_low),
                self.best_of_both(high, wins, other_high),
            ),
            _ => (
                self.best_of_both(low, wins, other_low),
                self.best_known(high, wins, other_high),
            ),
        });
        Range {
            ends: joined.unwrap_or_default(),
            width,
            constant: None,
        }
    }

    fn best_known(&mut self, one: Option<Sql>, wins: &str, other: Option<Sql>) -> Option<Sql> {
        let (one, other) = match (one, other) {
            (Some(one), Some(other)) => (one, other),
            (one, other) => return one.or(other),
        };
        let text = format!(
            "CASE WHEN {0} {wins} {1} THEN {0} WHEN {1} IS NOT NULL THEN {1} ELSE {0} END",
            one.text, other.text
        );
        Some(self.number(Sql::of(&[&one, &other], text)))
    }

    fn best_of_both(&mut self, one: Option<Sql>, wins: &str, other: Option<Sql>) -> Option<Sql> {
        let (one, other) = one.zip(other)?;
        let text = format!(
            "CASE WHEN {0} {wins} {1} THEN {0} WHEN {1} {wins} {0} THEN {1} END",
            one.text, other.text
        );
        Some(self.number(Sql::of(&[&one, &other], text)))
    }

    /// A computed number has a name: it may be used more than once.
    fn number(&mut self, sql: Sql) -> Sql {
        self.numbers += 1;
        let (name, comment) = (format!("number {}", self.numbers), self.text);
        self.query
            .define(&name, sql, &format!("a number of {comment}"))
    }

    fn computed(&mut self, (low, high): Ends, width: Width) -> Range {
        Range {
            ends: (low.map(|e| self.number(e)), high.map(|e| self.number(e))),
            width,
            constant: None,
        }
    }
}

impl Range {
    /// Its ends in a type that is wide enough for it.
    fn cast(self, width: Width) -> Ends {
        if let Some(value) = &self.constant {
            let end = Some(literal(value, width));
            return (end.clone(), end);
        }
        if self.width == width {
            return self.ends;
        }
        let cast = |end: Sql| end.map(|text| format!("CAST({text} AS {})", width.sql()));
        let (low, high) = self.ends;
        (low.map(cast), high.map(cast))
    }

    /// Nothing to ask before multiplying with it.
    fn is_positive_constant(&self) -> bool {
        self.constant.as_ref().is_some_and(|c| !c.is_negative())
    }
}

fn constant(value: &Decimal) -> Range {
    let width = Width::of(value);
    let literal = Some(literal(value, width));
    Range {
        ends: (literal.clone(), literal),
        width,
        constant: Some(value.clone()),
    }
}

fn open(width: Width) -> Range {
    Range {
        ends: (None, None),
        width,
        constant: None,
    }
}

/// A number, read by the engine from its text.
fn literal(value: &Decimal, width: Width) -> Sql {
    Sql::constant(&format!("CAST('{}' AS {})", value.to_plain(), width.sql()))
}

/// Two ends of one type, and their sum or difference in the same.
fn joined(one: Option<Sql>, op: &str, other: Option<Sql>, width: Width) -> Option<Sql> {
    let (one, other) = one.zip(other)?;
    let text = format!("CAST({} {op} {} AS {})", one.text, other.text, width.sql());
    Some(Sql::of(&[&one, &other], text))
}

/// The product; open where a factor may be negative.
fn times(a: &Range, b: &Range, width: Width) -> Ends {
    let (Some(low_a), Some(low_b)) = (&a.ends.0, &b.ends.0) else {
        return (None, None);
    };
    let factors = [(a, low_a), (b, low_b)].into_iter();
    let asked = factors.filter(|(factor, _)| !factor.is_positive_constant());
    let asked: Vec<String> = asked.map(|(_, low)| format!("{} >= 0", low.text)).collect();
    let product = |one: &Sql, other: &Sql| {
        let product = format!("CAST({} * {} AS {})", one.text, other.text, width.sql());
        let text = match asked.is_empty() {
            true => product,
            false => format!("CASE WHEN {} THEN {product} END", asked.join(" AND ")),
        };
        Sql::of(&[low_a, low_b, one, other], text)
    };
    let high = a.ends.1.as_ref().zip(b.ends.1.as_ref());
    (
        Some(product(low_a, low_b)),
        high.map(|(a, b)| product(a, b)),
    )
}

/// [`Comparison::of_bounds`], an absent end being `NULL` or nothing.
fn of_bounds(op: Comparison, one: &Ends, other: &Ends) -> Sql {
    let ((low, high), (other_low, other_high)) = (one, other);
    let holds = |a: &Option<Sql>, op: &str, b: &Option<Sql>| {
        let (a, b) = a.as_ref().zip(b.as_ref())?;
        Some(Sql::of(&[a, b], format!("{} {op} {}", a.text, b.text)))
    };
    let (yes, no) = match op {
        Comparison::Greater => (holds(low, ">", other_high), holds(high, "<=", other_low)),
        Comparison::GreaterOrEqual => (holds(low, ">=", other_high), holds(high, "<", other_low)),
        Comparison::Less => (holds(high, "<", other_low), holds(low, ">=", other_high)),
        Comparison::LessOrEqual => (holds(high, "<=", other_low), holds(low, ">", other_high)),
        Comparison::Equal => {
            let all = [
                holds(low, "=", high),
                holds(other_low, "=", other_high).filter(|_| other_low != other_high),
                holds(low, "=", other_low),
            ];
            let is_exact = [low, high, other_low, other_high]
                .iter()
                .all(|end| end.is_some());
            let exact = is_exact.then(|| Sql::all(all.into_iter().flatten().collect()));
            let apart = [holds(low, ">", other_high), holds(high, "<", other_low)];
            let apart: Vec<Sql> = apart.into_iter().flatten().collect();
            (exact, (!apart.is_empty()).then(|| Sql::any(apart)))
        }
        Comparison::NotEqual => return of_bounds(Comparison::Equal, one, other).negated(),
    };
    let yes = yes.map(|c| c.map(|text| format!("WHEN {text} THEN TRUE")));
    let no = no.map(|c| c.map(|text| format!("WHEN {text} THEN FALSE")));
    let branches: Vec<Sql> = yes.into_iter().chain(no).collect();
    if branches.is_empty() {
        return Sql::unknown();
    }
    let texts: Vec<&str> = branches.iter().map(|b| b.text.as_str()).collect();
    let text = format!("CASE {} END", texts.join("\n         "));
    Sql::of(&branches.iter().collect::<Vec<_>>(), text)
}
