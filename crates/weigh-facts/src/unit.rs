//! Units as products of base dimensions, and quantities that carry them.
//!
//! A unit is what a rulebook checks: `peak_rate > $line` is refused when one side counts
//! operations and the other operations per second.

use std::fmt;
use std::str::FromStr;

use crate::Decimal;

/// The base dimensions. A unit is a product of powers of these.
const BASES: [&str; 13] = [
    "FLOP",
    "s",
    "parameters",
    "tokens",
    "byte",
    "W",
    "mm2",
    "TPP",
    "USD",
    "devices",
    "sequences",
    "bp",
    "transistors",
];

/// A dimension: FLOP, FLOP/s, TPP/mm2, byte/s, or none for a plain number.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Unit([i8; BASES.len()]);

/// Named units: name, base index, exact factor to the base. Compound units join these by `/` and `*`.
const NAMED: &[(&str, usize, &str)] = &[
    ("FLOP", 0, "1"),
    ("operations", 0, "1"),
    ("EFLOP", 0, "1e18"),
    ("PFLOP", 0, "1e15"),
    ("TFLOP", 0, "1e12"),
    ("s", 1, "1"),
    ("ms", 1, "0.001"),
    ("us", 1, "0.000001"),
    ("min", 1, "60"),
    ("h", 1, "3600"),
    ("d", 1, "86400"),
    ("parameters", 2, "1"),
    ("tokens", 3, "1"),
    ("byte", 4, "1"),
    ("bytes", 4, "1"),
    ("bit", 4, "0.125"),
    ("Gbit", 4, "125000000"),
    ("kB", 4, "1e3"),
    ("MB", 4, "1e6"),
    ("GB", 4, "1e9"),
    ("TB", 4, "1e12"),
    ("GiB", 4, "1073741824"),
    ("W", 5, "1"),
    ("kW", 5, "1e3"),
    ("MW", 5, "1e6"),
    ("mm2", 6, "1"),
    ("TPP", 7, "1"),
    ("USD", 8, "1"),
    ("devices", 9, "1"),
    ("chips", 9, "1"),
    ("sequences", 10, "1"),
    ("bp", 11, "1"),
    ("transistors", 12, "1"),
];

/// Compound units with a name of their own.
const COMPOUND: &[(&str, &str, &str)] = &[
    ("EF-day", "FLOP", "8.64e22"),
    ("chip-h", "chips*h", "1"),
    ("kWh", "kW*h", "1"),
    ("MWh", "MW*h", "1"),
    ("PFLOPS", "PFLOP/s", "1"),
    ("TFLOPS", "TFLOP/s", "1"),
];

/// Why a text names no unit.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown unit `{text}`")]
pub struct UnitError {
    /// What was read.
    pub text: String,
}

impl Unit {
    /// A plain number.
    pub const NONE: Self = Self([0; BASES.len()]);

    /// FLOP.
    #[must_use]
    pub fn flop() -> Self {
        Self::base(0)
    }

    fn base(index: usize) -> Self {
        let mut unit = Self::NONE;
        if let Some(exponent) = unit.0.get_mut(index) {
            *exponent = 1;
        }
        unit
    }

    /// Reads `FLOP/s`, `GB/s`, `TPP/mm2` or `1`; returns the unit and the exact factor to its base.
    ///
    /// # Errors
    /// When a part of the text names no unit.
    pub fn parse(text: &str) -> Result<(Self, Decimal), UnitError> {
        let unknown = || UnitError {
            text: text.to_owned(),
        };
        let one = Decimal::from(1_u64);
        if text == "1" {
            return Ok((Self::NONE, one));
        }
        if let Some((_, base, factor)) = COMPOUND.iter().find(|(name, ..)| *name == text) {
            let (unit, base_factor) = Self::parse(base)?;
            let factor: Decimal = factor.parse().map_err(|_| unknown())?;
            return Ok((unit, &factor * &base_factor));
        }
        let mut unit = Self::NONE;
        let mut factor = one;
        let mut rest = text;
        let mut divide = false;
        loop {
            let (name, after) = match rest.find(['*', '/']) {
                Some(at) => rest.split_at(at),
                None => (rest, ""),
            };
            let (_, index, step) = NAMED
                .iter()
                .find(|(known, ..)| *known == name.trim())
                .ok_or_else(unknown)?;
            let step: Decimal = step.parse().map_err(|_| unknown())?;
            if divide {
                unit = unit.over(Self::base(*index));
                factor = factor.exact_quotient(&step).ok_or_else(unknown)?;
            } else {
                unit = unit.times(Self::base(*index));
                factor = &factor * &step;
            }
            let Some(operator) = after.chars().next() else {
                return Ok((unit, factor));
            };
            divide = operator == '/';
            rest = after.get(1..).unwrap_or_default();
        }
    }

    /// The product of two units.
    #[must_use]
    pub fn times(self, other: Self) -> Self {
        let mut unit = self;
        for (mine, theirs) in unit.0.iter_mut().zip(other.0) {
            *mine = mine.saturating_add(theirs);
        }
        unit
    }

    /// The quotient of two units.
    #[must_use]
    pub fn over(self, other: Self) -> Self {
        let mut unit = self;
        for (mine, theirs) in unit.0.iter_mut().zip(other.0) {
            *mine = mine.saturating_sub(theirs);
        }
        unit
    }

    /// Is it a plain number?
    #[must_use]
    pub fn is_none(self) -> bool {
        self == Self::NONE
    }
}

impl fmt::Display for Unit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let named = |wanted: fn(i8) -> bool| {
            self.0
                .iter()
                .zip(BASES)
                .filter(move |(e, _)| wanted(**e))
                .flat_map(|(e, name)| std::iter::repeat_n(name, usize::from(e.unsigned_abs())))
        };
        let above: Vec<_> = named(|e| e > 0).collect();
        let below: Vec<_> = named(|e| e < 0).collect();
        f.write_str(if above.is_empty() { "1" } else { "" })?;
        f.write_str(&above.join("*"))?;
        for name in below {
            write!(f, "/{name}")?;
        }
        Ok(())
    }
}

/// An exact value in the base of its unit.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Quantity {
    /// The value in base units: `100 ms` is 0.1, `600 GB/s` is 6e11.
    pub value: Decimal,
    /// The unit.
    pub unit: Unit,
}

/// Why a text is not a quantity.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum QuantityError {
    /// The number is not one.
    #[error(transparent)]
    Number(#[from] crate::DecimalError),
    /// The unit is not one.
    #[error(transparent)]
    Unit(#[from] UnitError),
}

impl FromStr for Quantity {
    type Err = QuantityError;

    /// Reads `1e26 FLOP`, `600 GB/s` or, without a unit, a plain number.
    fn from_str(text: &str) -> Result<Self, QuantityError> {
        let (number, unit) = text.trim().split_once(' ').unwrap_or((text.trim(), "1"));
        let number: Decimal = number.parse()?;
        let (unit, factor) = Unit::parse(unit.trim())?;
        Ok(Self {
            value: &number * &factor,
            unit,
        })
    }
}

impl Quantity {
    /// Rounded text for readers, in the named unit when it has the same dimension: `100 ms`.
    #[must_use]
    pub fn to_reader(&self, named: &str) -> String {
        match Unit::parse(named) {
            Ok((unit, factor)) if unit == self.unit => {
                let value = self.value.exact_quotient(&factor);
                let value = value.or_else(|| self.value.quotient_down(&factor, 6));
                let value = value.unwrap_or_else(|| self.value.clone()).to_reader();
                if unit.is_none() {
                    value
                } else {
                    format!("{value} {named}")
                }
            }
            _ if self.unit.is_none() => self.value.to_reader(),
            _ => format!("{} {}", self.value.to_reader(), self.unit),
        }
    }
}

impl fmt::Display for Quantity {
    /// Exact text that [`Quantity::from_str`] reads back.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.unit.is_none() {
            write!(f, "{}", self.value)
        } else {
            write!(f, "{} {}", self.value, self.unit)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn quantity(text: &str) -> Quantity {
        text.parse().unwrap()
    }

    #[test]
    fn units_convert_exactly() {
        assert_eq!(quantity("100 ms"), quantity("0.1 s"));
        assert_eq!(quantity("600 GB/s"), quantity("4800 Gbit/s"));
        assert_eq!(quantity("1 EF-day"), quantity("8.64e22 FLOP"));
        assert_eq!(quantity("1 chip-h"), quantity("3600 devices*s"));
        assert_eq!(quantity("100 PFLOPS"), quantity("1e17 FLOP/s"));
    }

    #[test]
    fn a_count_is_not_a_rate() {
        assert_ne!(quantity("1 FLOP").unit, quantity("1 FLOP/s").unit);
        assert_eq!(quantity("1 FLOP/s").unit.to_string(), "FLOP/s");
        assert_eq!(quantity("5.92 TPP/mm2").unit.to_string(), "TPP/mm2");
        assert_eq!(Unit::NONE.to_string(), "1");
    }

    #[test]
    fn unknown_units_are_refused() {
        for text in ["1 FLOPs", "1 gb/s", "1 /s", "1 FLOP//s", "1 "] {
            let parsed = text.parse::<Quantity>();
            assert!(parsed.is_err() || text == "1 ", "{text:?} gave {parsed:?}");
        }
    }

    #[test]
    fn text_reads_back() {
        for text in ["1e26 FLOP", "0.1 s", "5.92 TPP/mm2", "7", "4e11 byte/s"] {
            assert_eq!(quantity(&quantity(text).to_string()), quantity(text));
        }
        assert_eq!(quantity("0.1 s").to_reader("ms"), "100 ms");
    }
}
