//! What is known of a quantity: bounds that may be open, how sure they are, and where they come from.

use std::borrow::Cow;
use std::fmt;

use crate::Truth;

/// Names the method that produced a number, with its version: `operation-count/1`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MethodId(pub Cow<'static, str>);

impl MethodId {
    /// A method known at compile time.
    #[must_use]
    pub const fn new(name: &'static str) -> Self {
        Self(Cow::Borrowed(name))
    }
}

impl fmt::Display for MethodId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// How sure the bounds are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Coverage {
    /// An interval of stated probability, in percent: a verdict that rests on it says so.
    Percent(u8),
    /// Limits that hold if the inputs do.
    Hard,
}

impl fmt::Display for Coverage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Hard => f.write_str("hard"),
            Self::Percent(p) => write!(f, "0.{p:02}"),
        }
    }
}

/// What is known of a quantity.
/// Invariant: `low <= best <= high` where present. At least one of the three is present.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Estimate<Q> {
    low: Option<Q>,
    best: Option<Q>,
    high: Option<Q>,
    coverage: Coverage,
    method: MethodId,
}

/// Why three numbers are no estimate.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EstimateError {
    /// The numbers are not in order.
    #[error("bounds are out of order: low must not exceed best, nor best high")]
    OutOfOrder,
    /// Nothing is known: say so by leaving the estimate out.
    #[error("an estimate needs a lower bound, a best value or an upper bound")]
    Empty,
}

impl<Q: Clone + Ord> Estimate<Q> {
    /// Bounds and best value, each of which may be missing.
    ///
    /// # Errors
    /// When they are out of order or all missing.
    pub fn new(
        low: Option<Q>,
        best: Option<Q>,
        high: Option<Q>,
        coverage: Coverage,
        method: MethodId,
    ) -> Result<Self, EstimateError> {
        let present: Vec<&Q> = [&low, &best, &high].into_iter().flatten().collect();
        if present.is_empty() {
            return Err(EstimateError::Empty);
        }
        if !present.is_sorted() {
            return Err(EstimateError::OutOfOrder);
        }
        Ok(Self {
            low,
            best,
            high,
            coverage,
            method,
        })
    }

    /// A value known exactly.
    #[must_use]
    pub fn exact(value: Q, method: MethodId) -> Self {
        Self {
            low: Some(value.clone()),
            best: Some(value.clone()),
            high: Some(value),
            coverage: Coverage::Hard,
            method,
        }
    }

    /// Two hard bounds and no best value; the order of the arguments does not matter.
    #[must_use]
    pub fn between(one: Q, other: Q, method: MethodId) -> Self {
        let (low, high) = if one <= other {
            (one, other)
        } else {
            (other, one)
        };
        Self {
            low: Some(low),
            best: None,
            high: Some(high),
            coverage: Coverage::Hard,
            method,
        }
    }

    /// The lower bound, if there is one.
    #[must_use]
    pub fn low(&self) -> Option<&Q> {
        self.low.as_ref()
    }

    /// The best value, for display: it never settles a legal question.
    #[must_use]
    pub fn best(&self) -> Option<&Q> {
        self.best.as_ref()
    }

    /// The upper bound, if there is one.
    #[must_use]
    pub fn high(&self) -> Option<&Q> {
        self.high.as_ref()
    }

    /// How sure the bounds are.
    #[must_use]
    pub fn coverage(&self) -> Coverage {
        self.coverage
    }

    /// Where the numbers come from.
    #[must_use]
    pub fn method(&self) -> &MethodId {
        &self.method
    }

    /// The value, if both hard bounds agree on it.
    #[must_use]
    pub fn as_exact(&self) -> Option<&Q> {
        let low = self.low.as_ref()?;
        (self.coverage == Coverage::Hard && self.high.as_ref() == Some(low)).then_some(low)
    }

    /// Is the true value greater than `line`? Decides on the bounds only:
    /// `best` is for display and never settles a legal question.
    #[must_use]
    pub fn exceeds(&self, line: &Q) -> Truth {
        match (&self.low, &self.high) {
            (Some(low), _) if line < low => Truth::True,
            (_, Some(high)) if high <= line => Truth::False,
            _ => Truth::Unknown,
        }
    }

    /// Is the true value `line` or more?
    #[must_use]
    pub fn reaches(&self, line: &Q) -> Truth {
        match (&self.low, &self.high) {
            (Some(low), _) if line <= low => Truth::True,
            (_, Some(high)) if high < line => Truth::False,
            _ => Truth::Unknown,
        }
    }

    /// Is the true value exactly `line`?
    #[must_use]
    pub fn equals(&self, line: &Q) -> Truth {
        match (&self.low, &self.high) {
            (Some(low), Some(high)) if low == line && high == line => Truth::True,
            (Some(low), _) if line < low => Truth::False,
            (_, Some(high)) if high < line => Truth::False,
            _ => Truth::Unknown,
        }
    }

    /// The same knowledge of an increasing function of the quantity.
    /// The caller vouches that `f` is monotone: a decreasing one would swap the bounds.
    #[must_use]
    pub fn map_increasing<R: Clone + Ord>(&self, f: impl Fn(&Q) -> R) -> Estimate<R> {
        Estimate {
            low: self.low.as_ref().map(&f),
            best: self.best.as_ref().map(&f),
            high: self.high.as_ref().map(&f),
            coverage: self.coverage,
            method: self.method.clone(),
        }
    }

    /// The same bounds under another method's name.
    #[must_use]
    pub fn by(mut self, method: MethodId) -> Self {
        self.method = method;
        self
    }

    /// Interval sum of two quantities by `add`; open bounds stay open and the weaker coverage wins.
    #[must_use]
    pub fn plus(&self, other: &Self, add: impl Fn(&Q, &Q) -> Q) -> Self {
        let both = |a: &Option<Q>, b: &Option<Q>| Some(add(a.as_ref()?, b.as_ref()?));
        Self {
            low: both(&self.low, &other.low),
            best: both(&self.best, &other.best),
            high: both(&self.high, &other.high),
            coverage: self.coverage.min(other.coverage),
            method: self.method.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const M: MethodId = MethodId::new("test/1");

    fn bounds(low: Option<u32>, high: Option<u32>) -> Estimate<u32> {
        Estimate::new(low, None, high, Coverage::Hard, M).unwrap()
    }

    #[test]
    fn strict_and_inclusive_lines_differ_exactly_on_the_line() {
        let on = Estimate::exact(10, M);
        assert_eq!(
            (on.exceeds(&10), on.reaches(&10)),
            (Truth::False, Truth::True)
        );
        assert_eq!(
            (on.exceeds(&9), on.reaches(&11)),
            (Truth::True, Truth::False)
        );
    }

    #[test]
    fn straddling_and_open_bounds_are_unknown() {
        assert_eq!(bounds(Some(8), Some(12)).exceeds(&10), Truth::Unknown);
        assert_eq!(bounds(Some(8), None).exceeds(&10), Truth::Unknown);
        assert_eq!(bounds(Some(11), None).exceeds(&10), Truth::True);
        assert_eq!(bounds(None, Some(10)).exceeds(&10), Truth::False);
        assert_eq!(bounds(None, Some(10)).reaches(&10), Truth::Unknown);
    }

    #[test]
    fn best_never_decides() {
        let best_only = Estimate::new(None, Some(99), None, Coverage::Hard, M).unwrap();
        assert_eq!(best_only.exceeds(&10), Truth::Unknown);
        assert_eq!(best_only.as_exact(), None);
    }

    #[test]
    fn out_of_order_and_empty_are_refused() {
        let refused = |low, best, high| Estimate::new(low, best, high, Coverage::Hard, M).is_err();
        assert!(refused(Some(2), None, Some(1)));
        assert!(refused(Some(2), Some(1), None));
        assert!(refused(None::<u32>, None, None));
    }
}
