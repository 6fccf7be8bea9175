//! Exact counts with their unit in the type.

use std::fmt;
use std::str::FromStr;

use crate::{Decimal, DecimalError};

macro_rules! count {
    ($(#[$doc:meta])* $name:ident($inner:ty), $unit:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub $inner);

        impl $name {
            /// The unit's name.
            pub const UNIT: &'static str = $unit;

            /// The sum, or nothing on overflow.
            #[must_use]
            pub fn checked_add(self, other: Self) -> Option<Self> {
                self.0.checked_add(other.0).map(Self)
            }

            /// The count as an exact decimal, for comparison with a legal line.
            #[must_use]
            pub fn to_decimal(self) -> Decimal {
                Decimal::from(u128::from(self.0))
            }
        }

        impl FromStr for $name {
            type Err = DecimalError;

            /// Reads `1e26`, `3.8e25` or `380_000` exactly, from the text and never through a float.
            fn from_str(text: &str) -> Result<Self, DecimalError> {
                let decimal: Decimal = text.parse()?;
                let text = text.to_owned();
                match decimal.to_u128() {
                    None => Err(DecimalError::NotANumber { text }),
                    Some(n) => n.try_into().map(Self).map_err(|_| DecimalError::OutOfRange { text }),
                }
            }
        }

        impl From<$name> for Decimal {
            fn from(value: $name) -> Self {
                value.to_decimal()
            }
        }
    };
}

count! {
    /// A count of operations. Unit: FLOP, never FLOP/s. One multiply-add is two.
    /// Exact: a float near 1e26 is millions of operations off, and laws have lines there.
    Operations(u128), "FLOP"
}
count! {
    /// A count of learned values, embeddings included unless the name of the value says otherwise.
    Parameters(u64), "parameters"
}
count! {
    /// A count of tokens seen in training; a second epoch counts again.
    Tokens(u64), "tokens"
}

impl fmt::Display for Operations {
    /// Three significant digits and the unit: `3.80e25 FLOP`.
    /// For readers only: rounded text is never compared or stored.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} FLOP", self.to_decimal().to_reader())
    }
}

impl fmt::Display for Parameters {
    /// Every digit in groups of three: `8,030,261,248`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&grouped(self.0.into()))
    }
}

impl fmt::Display for Tokens {
    /// Three significant digits and the unit: `1.50e13 tokens`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} tokens", self.to_decimal().to_reader())
    }
}

/// Digits in groups of three, as people read them.
fn grouped(value: u128) -> String {
    let digits = value.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_scientific_notation_exactly() {
        assert_eq!(
            "1e26".parse(),
            Ok(Operations(100_000_000_000_000_000_000_000_000))
        );
        assert_eq!("15e12".parse(), Ok(Tokens(15_000_000_000_000)));
        assert_eq!("380_000".parse(), Ok(Tokens(380_000)));
        assert!("1.5".parse::<Tokens>().is_err());
        assert!("-1".parse::<Tokens>().is_err());
        assert!("1e30".parse::<Tokens>().is_err(), "does not fit");
    }

    #[test]
    fn shows_readers_what_they_expect() {
        assert_eq!(Operations(38 * 10_u128.pow(24)).to_string(), "3.80e25 FLOP");
        assert_eq!(Parameters(8_030_261_248).to_string(), "8,030,261,248");
        assert_eq!(Parameters(12).to_string(), "12");
    }
}
