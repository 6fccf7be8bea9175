//! Exact decimals: thresholds, rates and parameters as their source prints them.
//!
//! In binary floating point 1e26 is not 10^26, and an exact count of 10^26 would then fail
//! `>= 1e26`. So a legal line is read from the literal's text and compared exactly.

use std::fmt;
use std::ops::{Add, Mul, Neg, Sub};
use std::str::FromStr;

use bigdecimal::num_bigint::Sign;
use bigdecimal::{BigDecimal, RoundingMode, ToPrimitive, Zero};

/// An exact decimal number, without a unit. Finite: there is no NaN and no infinity.
///
/// Limits, so that hostile text cannot make us allocate: at most 80 significant digits and a
/// magnitude between 1e-60 and 1e60 when read from text.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Decimal(BigDecimal);

const DIGITS_MAX: usize = 80;
const MAGNITUDE_MAX: i64 = 60;

impl Decimal {
    /// Zero.
    #[must_use]
    pub fn zero() -> Self {
        Self(BigDecimal::zero())
    }

    /// Is it zero?
    #[must_use]
    pub fn is_zero(&self) -> bool {
        self.0.is_zero()
    }

    /// Is it below zero?
    #[must_use]
    pub fn is_negative(&self) -> bool {
        self.0.sign() == Sign::Minus
    }

    /// Is it a whole number?
    #[must_use]
    pub fn is_integer(&self) -> bool {
        self.0.is_integer()
    }

    /// The value as an unsigned integer, if it is one and fits.
    #[must_use]
    pub fn to_u128(&self) -> Option<u128> {
        if self.is_integer() {
            self.0.to_u128()
        } else {
            None
        }
    }

    /// The nearest binary float. For estimators and pictures only: never compared with a line.
    #[must_use]
    pub fn to_f64(&self) -> f64 {
        self.0.to_f64().unwrap_or(f64::INFINITY)
    }

    /// The quotient, if it is an exact decimal within the limits of this type.
    #[must_use]
    pub fn exact_quotient(&self, divisor: &Self) -> Option<Self> {
        if divisor.is_zero() {
            return None;
        }
        let quotient = (&self.0 / &divisor.0).normalized();
        let exact = &quotient * &divisor.0 == self.0;
        (exact && quotient.digits() <= DIGITS_MAX as u64).then_some(Self(quotient))
    }

    /// A quotient rounded down to `digits` significant digits. For lower bounds and for readers.
    #[must_use]
    pub fn quotient_down(&self, divisor: &Self, digits: u64) -> Option<Self> {
        self.quotient(divisor, digits, RoundingMode::Floor)
    }

    /// A quotient rounded up to `digits` significant digits. For upper bounds and for readers.
    #[must_use]
    pub fn quotient_up(&self, divisor: &Self, digits: u64) -> Option<Self> {
        self.quotient(divisor, digits, RoundingMode::Ceiling)
    }

    fn quotient(&self, divisor: &Self, digits: u64, mode: RoundingMode) -> Option<Self> {
        if divisor.is_zero() {
            return None;
        }
        let precision = std::num::NonZeroU64::new(digits)?;
        Some(Self(
            (&self.0 / &divisor.0).with_precision_round(precision, mode),
        ))
    }

    /// An estimator's float as a decimal not above it, rounded to six significant digits.
    #[must_use]
    pub fn from_f64_down(value: f64) -> Option<Self> {
        Self::from_f64(value, RoundingMode::Floor)
    }

    /// An estimator's float as a decimal not below it, rounded to six significant digits.
    #[must_use]
    pub fn from_f64_up(value: f64) -> Option<Self> {
        Self::from_f64(value, RoundingMode::Ceiling)
    }

    fn from_f64(value: f64, mode: RoundingMode) -> Option<Self> {
        let exact = BigDecimal::try_from(value).ok()?;
        let precision = std::num::NonZeroU64::new(6)?;
        Some(Self(exact.with_precision_round(precision, mode)))
    }

    /// The integer part, rounded toward negative infinity.
    #[must_use]
    pub fn floor(&self) -> Self {
        Self(self.0.with_scale_round(0, RoundingMode::Floor))
    }

    /// The least integer not below the value.
    #[must_use]
    pub fn ceil(&self) -> Self {
        Self(self.0.with_scale_round(0, RoundingMode::Ceiling))
    }

    /// Every digit, no exponent: `10000000000000000000000000`. What files and JSON carry.
    #[must_use]
    pub fn to_plain(&self) -> String {
        self.0.normalized().to_plain_string()
    }

    /// Shortest exact text, with an exponent when that is shorter: `1e25`, `5.92`.
    #[must_use]
    pub fn to_short(&self) -> String {
        let (digits, exponent) = self.0.normalized().into_bigint_and_exponent();
        let zeros = -exponent;
        if zeros >= 4 {
            format!("{digits}e{zeros}")
        } else {
            self.to_plain()
        }
    }

    /// Every digit, as a text of law would print it: `0.25`, `4,800`, `500,000,000`, `2.5e25`. For
    /// readers: it does not read back.
    #[must_use]
    pub fn to_line(&self) -> String {
        const ZEROS: usize = 9;
        let plain = self.to_plain();
        let (sign, number) = match plain.strip_prefix('-') {
            Some(number) => ("-", number),
            None => ("", plain.as_str()),
        };
        let (whole, part) = match number.split_once('.') {
            Some((whole, part)) => (whole, format!(".{part}")),
            None => (number, String::new()),
        };
        let digits = whole.trim_end_matches('0');
        if part.is_empty() && whole.len() - digits.len() >= ZEROS && !digits.is_empty() {
            let (head, tail) = digits.split_at(1);
            let point = if tail.is_empty() { "" } else { "." };
            return format!("{sign}{head}{point}{tail}e{}", whole.len() - 1);
        }
        let mut grouped = String::with_capacity(whole.len() + whole.len() / 3);
        for (index, digit) in whole.chars().enumerate() {
            if index > 0 && (whole.len() - index).is_multiple_of(3) {
                grouped.push(',');
            }
            grouped.push(digit);
        }
        format!("{sign}{grouped}{part}")
    }

    /// For readers: what is short exactly as it is, `15,832`, `5.92`; the rest to three significant
    /// digits, `3.80e25`, `0.0312`. A figure that a law compares must not look rounded.
    #[must_use]
    pub fn to_reader(&self) -> String {
        if self.is_zero() {
            return "0".to_owned();
        }
        self.short_plain().unwrap_or_else(|| self.to_three_digits())
    }

    /// Three significant digits, for estimates: `3.80e25`, `42.9`, `0.0312`.
    #[must_use]
    pub fn to_three_digits(&self) -> String {
        if self.is_zero() {
            return "0".to_owned();
        }
        let three = std::num::NonZeroU64::new(3).map_or_else(
            || self.0.clone(),
            |p| self.0.with_precision_round(p, RoundingMode::HalfUp),
        );
        let magnitude = three.order_of_magnitude();
        if (-3..6).contains(&magnitude) {
            return Self(three).to_plain();
        }
        let (digits, _) = three.with_prec(3).into_bigint_and_exponent();
        let text = digits.magnitude().to_string();
        let (head, tail) = text.split_at(1);
        let sign = if self.is_negative() { "-" } else { "" };
        format!("{sign}{head}.{tail:0<2}e{magnitude}")
    }
}

/// Digits that a reader takes in at a glance.
const GLANCE: u64 = 10;

impl Decimal {
    /// All digits with the thousands parted, if there are few of them.
    fn short_plain(&self) -> Option<String> {
        let normal = self.0.normalized();
        let is_short = normal.digits() <= GLANCE && (-2..6).contains(&normal.order_of_magnitude());
        if !is_short {
            return None;
        }
        let plain = normal.to_plain_string();
        let (whole, rest) = match plain.find('.') {
            Some(at) => plain.split_at(at),
            None => (plain.as_str(), ""),
        };
        let (sign, digits) = match whole.strip_prefix('-') {
            Some(digits) => ("-", digits),
            None => ("", whole),
        };
        let mut grouped = String::new();
        for (index, digit) in digits.chars().enumerate() {
            if index > 0 && (digits.len() - index) % 3 == 0 {
                grouped.push(',');
            }
            grouped.push(digit);
        }
        Some(format!("{sign}{grouped}{rest}"))
    }
}

/// Why a text is not a decimal we accept.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DecimalError {
    /// Not a number at all.
    #[error("`{text}` is not a decimal number")]
    NotANumber {
        /// What was read, shortened.
        text: String,
    },
    /// A number outside the limits of [`Decimal`].
    #[error("`{text}` has more digits or a larger exponent than any quantity here needs")]
    OutOfRange {
        /// What was read, shortened.
        text: String,
    },
}

impl FromStr for Decimal {
    type Err = DecimalError;

    /// Reads `1e26`, `-3.8e25`, `5.92` or `380_000` exactly. `inf` and `nan` are not numbers.
    fn from_str(text: &str) -> Result<Self, DecimalError> {
        let shown = || text.chars().take(40).collect::<String>();
        let not_a_number = || DecimalError::NotANumber { text: shown() };
        let plain: String = text.chars().filter(|c| *c != '_').collect();
        let shaped = plain
            .strip_prefix(['-', '+'])
            .unwrap_or(&plain)
            .starts_with(|c: char| c.is_ascii_digit())
            && plain
                .bytes()
                .all(|b| matches!(b, b'0'..=b'9' | b'.' | b'e' | b'E' | b'+' | b'-'));
        if !shaped || text.starts_with('_') || text.ends_with('_') {
            return Err(not_a_number());
        }
        if plain.len() > DIGITS_MAX + 10 {
            return Err(DecimalError::OutOfRange { text: shown() });
        }
        let exponent = plain.split(['e', 'E']).nth(1).unwrap_or("0");
        let exponent: i64 = exponent.parse().map_err(|_| not_a_number())?;
        if exponent.abs() > 2 * MAGNITUDE_MAX {
            return Err(DecimalError::OutOfRange { text: shown() });
        }
        let value = BigDecimal::from_str(&plain).map_err(|_| not_a_number())?;
        if !value.is_zero() && value.order_of_magnitude().abs() > MAGNITUDE_MAX {
            return Err(DecimalError::OutOfRange { text: shown() });
        }
        Ok(Self(value.normalized()))
    }
}

impl From<u64> for Decimal {
    fn from(value: u64) -> Self {
        Self(BigDecimal::from(value))
    }
}

impl From<i64> for Decimal {
    fn from(value: i64) -> Self {
        Self(BigDecimal::from(value))
    }
}

impl From<u128> for Decimal {
    fn from(value: u128) -> Self {
        Self(BigDecimal::from(value))
    }
}

impl Add for &Decimal {
    type Output = Decimal;
    fn add(self, other: Self) -> Decimal {
        Decimal(&self.0 + &other.0)
    }
}

impl Sub for &Decimal {
    type Output = Decimal;
    fn sub(self, other: Self) -> Decimal {
        Decimal(&self.0 - &other.0)
    }
}

impl Mul for &Decimal {
    type Output = Decimal;
    fn mul(self, other: Self) -> Decimal {
        Decimal(&self.0 * &other.0)
    }
}

impl Neg for &Decimal {
    type Output = Decimal;
    fn neg(self) -> Decimal {
        Decimal(-&self.0)
    }
}

impl fmt::Display for Decimal {
    /// The shortest exact text; see [`Decimal::to_reader`] for rounded text.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.to_short())
    }
}

impl fmt::Debug for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.to_short())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decimal(text: &str) -> Decimal {
        text.parse().unwrap()
    }

    #[test]
    fn a_line_is_printed_with_every_digit() {
        for (text, line) in [
            ("0.25", "0.25"),
            ("4800", "4,800"),
            ("5e8", "500,000,000"),
            ("1e26", "1e26"),
            ("2.5e25", "2.5e25"),
            ("1234567890123456789", "1,234,567,890,123,456,789"),
            ("0", "0"),
            ("1600.5", "1,600.5"),
        ] {
            assert_eq!(text.parse::<Decimal>().unwrap().to_line(), line);
        }
    }

    #[test]
    fn a_line_is_exact_and_not_the_nearest_float() {
        assert_eq!(
            decimal("1e26"),
            Decimal::from(100_000_000_000_000_000_000_000_000_u128)
        );
        assert!(decimal("1e26") > Decimal::from(99_999_999_999_999_999_999_999_999_u128));
        assert_eq!(decimal("0.1").add(&decimal("0.2")), decimal("0.3"));
        assert_eq!(decimal("1.50"), decimal("1.5"));
    }

    #[test]
    fn refuses_what_is_not_a_finite_decimal() {
        for text in [
            "", "nan", "inf", "Infinity", "1e", "e5", "4,800", "0x10", "1__", "_1", "--1", "1 2",
            ".5",
        ] {
            assert!(text.parse::<Decimal>().is_err(), "{text:?} was accepted");
        }
        for text in ["1e999999999", "1e-999999999", &"9".repeat(200)] {
            assert!(
                matches!(
                    text.parse::<Decimal>(),
                    Err(DecimalError::OutOfRange { .. })
                ),
                "{text:?}"
            );
        }
    }

    #[test]
    fn text_for_files_keeps_every_digit_and_text_for_readers_rounds() {
        let count = decimal("771928374650192837465019");
        assert_eq!(count.to_plain(), "771928374650192837465019");
        assert_eq!(count.to_reader(), "7.72e23");
        assert_eq!(decimal("1e25").to_string(), "1e25");
        assert_eq!(decimal("1e25").to_reader(), "1.00e25");
        assert_eq!(decimal("5.92").to_reader(), "5.92");
        assert_eq!(decimal("582").to_reader(), "582");
        assert_eq!(decimal("15832").to_reader(), "15,832");
        assert_eq!(decimal("20919.2").to_reader(), "20,919.2");
        assert_eq!(decimal("19.44963144963").to_reader(), "19.4");
        assert_eq!(decimal("2367.9984").to_reader(), "2,367.9984");
        assert_eq!(decimal("9999999").to_reader(), "1.00e7");
        assert_eq!(decimal("-9999999").to_reader(), "-1.00e7");
    }

    #[test]
    fn quotients_are_exact_or_say_so() {
        assert_eq!(
            decimal("1").exact_quotient(&decimal("4")),
            Some(decimal("0.25"))
        );
        assert_eq!(decimal("1").exact_quotient(&decimal("3")), None);
        assert_eq!(decimal("1").exact_quotient(&Decimal::zero()), None);
        assert!(
            decimal("1").quotient_down(&decimal("3"), 3)
                < decimal("1").quotient_up(&decimal("3"), 3)
        );
    }
}
