//! The columns of the table of subjects: what they are called, what they hold, and how facts get in.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use weigh_facts::{Decimal, Estimate, Fact, FactName, FactType, Facts, Unit, Value};

use super::widths::{Width, Widths};
use super::{EmitError, Emitted};
use crate::Rulebook;
use crate::ir::{Operand, Test};

/// A column that a statement reads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Column {
    /// Its name, to be quoted.
    pub name: String,
    /// What it can hold.
    pub kind: ColumnType,
    /// The fact it belongs to.
    pub fact: FactName,
    part: Part,
}

/// What a column can hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ColumnType {
    /// True, false or unknown.
    Boolean,
    /// A word or a code.
    Word,
    /// A day.
    Date,
    /// An exact decimal.
    Decimal {
        /// Digits in all.
        digits: u32,
        /// Digits behind the point.
        places: u32,
    },
}

impl fmt::Display for ColumnType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Boolean => f.write_str("BOOLEAN"),
            Self::Word => f.write_str("VARCHAR"),
            Self::Date => f.write_str("DATE"),
            Self::Decimal { digits, places } => write!(f, "DECIMAL({digits}, {places})"),
        }
    }
}

/// What of a fact it holds.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Whole,
    Low(Unit),
    High(Unit),
    Member(String),
}

impl Column {
    /// What it holds, in words.
    #[must_use]
    pub fn meaning(&self) -> String {
        let fact = &self.fact;
        let in_unit = |unit: &Unit| match unit.is_none() {
            true => "a plain number".to_owned(),
            false => format!("in {unit}"),
        };
        match (&self.part, self.kind) {
            (Part::Low(unit), _) => format!("lower bound of {fact}, {}", in_unit(unit)),
            (Part::High(unit), _) => format!("upper bound of {fact}, {}", in_unit(unit)),
            (Part::Member(word), _) => format!("is {} among {fact}?", super::query::text(word)),
            (Part::Whole, ColumnType::Date) => format!("the day of {fact}"),
            (Part::Whole, ColumnType::Word) => format!("the word of {fact}, in its case"),
            (Part::Whole, _) => format!("is it so: {fact}?"),
        }
    }

    /// What it holds of a subject, as text that the engine reads exactly.
    fn cell(&self, value: &Value) -> Option<String> {
        match (&self.part, value) {
            (Part::Whole, Value::Bool(value)) => Some(value.to_string()),
            (Part::Whole, Value::Word(word)) => Some(word.clone()),
            (Part::Whole, Value::Date(day)) => Some(day.to_string()),
            (Part::Member(word), Value::Set(words)) => Some(words.contains(word).to_string()),
            (Part::Low(_), Value::Quantity(estimate)) => {
                let low = self.kind.low(estimate.low()?)?;
                Some(low.to_plain())
            }
            (Part::High(_), Value::Quantity(estimate)) => {
                let high = self.kind.high(estimate.high()?)?;
                Some(high.to_plain())
            }
            _ => None,
        }
    }
}

impl ColumnType {
    /// The greatest number it can hold that is not above a lower bound.
    fn low(self, bound: &Decimal) -> Option<Decimal> {
        let Self::Decimal { digits, places } = self else {
            return None;
        };
        let (scale, step, most) = grid(digits, places)?;
        let whole = (bound * &scale).floor().min(most.clone());
        (whole >= -&most).then(|| &whole * &step)
    }

    /// The least number it can hold that is not below an upper bound.
    fn high(self, bound: &Decimal) -> Option<Decimal> {
        let Self::Decimal { digits, places } = self else {
            return None;
        };
        let (scale, step, most) = grid(digits, places)?;
        let whole = (bound * &scale).ceil().max(-&most);
        (whole <= most).then(|| &whole * &step)
    }
}

/// Steps in one, one step, and the greatest number counted in steps.
fn grid(digits: u32, places: u32) -> Option<(Decimal, Decimal, Decimal)> {
    let power = |exponent: i64| format!("1e{exponent}").parse::<Decimal>().ok();
    let all = power(i64::from(digits))?;
    Some((
        power(i64::from(places))?,
        power(-i64::from(places))?,
        &all - &Decimal::from(1_u64),
    ))
}

impl Emitted {
    /// What the columns hold of a subject: exact text, or nothing where it is unknown.
    #[must_use]
    pub fn cells(&self, facts: &Facts) -> Vec<Option<String>> {
        let cell = |column: &Column| column.cell(&facts.get(&column.fact)?.value);
        self.columns.iter().map(cell).collect()
    }

    /// The facts as the columns can hold them: the bounds of a quantity rounded outward to the
    /// decimals of its columns, or open where the columns end.
    #[must_use]
    pub fn fitted(&self, facts: &Facts) -> Facts {
        let mut fitted = facts.clone();
        for column in self
            .columns
            .iter()
            .filter(|c| matches!(c.part, Part::Low(_)))
        {
            let Some(Fact {
                value: Value::Quantity(estimate),
                origin,
            }) = facts.get(&column.fact)
            else {
                continue;
            };
            let low = estimate.low().and_then(|low| column.kind.low(low));
            let high = estimate.high().and_then(|high| column.kind.high(high));
            let (coverage, method) = (estimate.coverage(), estimate.method().clone());
            match Estimate::new(low, None, high, coverage, method) {
                Ok(estimate) => {
                    let fact = Fact {
                        value: Value::Quantity(estimate),
                        origin: origin.clone(),
                    };
                    fitted.insert(column.fact.clone(), fact);
                }
                Err(_) => {
                    fitted.remove(&column.fact);
                }
            }
        }
        fitted
    }
}

/// The columns of the facts that a statement for any day may read.
pub(super) fn of(book: &Rulebook, widths: &Widths) -> Result<Vec<Column>, EmitError> {
    let sayable = book.atoms.iter().enumerate();
    let sayable = sayable.filter(|(index, _)| widths.refusal(*index).is_none());
    let read: BTreeSet<usize> = sayable
        .flat_map(|(_, atom)| atom.slots.iter().copied())
        .collect();
    let mut columns = Vec::new();
    for (index, slot) in book.slots.iter().enumerate() {
        if !read.contains(&index) {
            continue;
        }
        let column = |suffix: &str, kind, part| Column {
            name: format!("{}{suffix}", slot.name),
            kind,
            fact: slot.name.clone(),
            part,
        };
        match &slot.kind {
            FactType::Bool => columns.push(column("", ColumnType::Boolean, Part::Whole)),
            FactType::Enum(_) | FactType::Code(_) => {
                columns.push(column("", ColumnType::Word, Part::Whole));
            }
            FactType::Date => columns.push(column("", ColumnType::Date, Part::Whole)),
            FactType::Quantity { unit, .. } => {
                let Width { places, .. } = widths.slot(index);
                let digits = widths.slot(index).total().max(1);
                let kind = ColumnType::Decimal { digits, places };
                columns.push(column("__low", kind, Part::Low(*unit)));
                columns.push(column("__high", kind, Part::High(*unit)));
            }
            FactType::Set(_) => {
                for word in words_asked_for(book, index) {
                    let part = Part::Member(word.to_owned());
                    columns.push(column(&format!("__{word}"), ColumnType::Boolean, part));
                }
            }
            FactType::List(_) => {}
        }
    }
    refuse_shared(&columns)?;
    Ok(columns)
}

fn words_asked_for(book: &Rulebook, slot: usize) -> BTreeSet<&str> {
    let tests = book.atoms.iter().map(|a| &a.test);
    let words = tests.filter_map(|test| match test {
        Test::Contains { of, word } if *of == Operand::Fact(slot) => Some(word.as_str()),
        _ => None,
    });
    words.collect()
}

/// Engines fold the case of names, quoted ones too.
fn refuse_shared(columns: &[Column]) -> Result<(), EmitError> {
    let mut seen = BTreeMap::from([("subject_id".to_owned(), "subject_id")]);
    for column in columns {
        let fact = column.fact.as_str();
        if let Some(other) = seen.insert(column.name.to_lowercase(), fact) {
            return Err(EmitError::SharedColumn {
                column: column.name.clone(),
                one: other.to_owned(),
                other: fact.to_owned(),
            });
        }
    }
    Ok(())
}
