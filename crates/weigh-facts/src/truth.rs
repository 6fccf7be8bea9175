//! Three-valued truth after Kleene: true, false, and not known yet.

use std::fmt;
use std::ops::{BitAnd, BitOr, Not};

/// A truth value that may be unknown. Order: false < unknown < true, so that
/// conjunction is the minimum and disjunction the maximum.
///
/// Source: S. C. Kleene, Introduction to Metamathematics, 1952, §64 (strong three-valued logic).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Truth {
    /// Known to be false.
    False,
    /// Neither: a fact is missing or its bounds straddle a line.
    Unknown,
    /// Known to be true.
    True,
}

impl Truth {
    /// Is it settled, one way or the other?
    #[must_use]
    pub fn is_known(self) -> bool {
        self != Self::Unknown
    }

    /// Conjunction of all, `True` for none.
    #[must_use]
    pub fn all(items: impl IntoIterator<Item = Self>) -> Self {
        items.into_iter().min().unwrap_or(Self::True)
    }

    /// Disjunction of all, `False` for none.
    #[must_use]
    pub fn any(items: impl IntoIterator<Item = Self>) -> Self {
        items.into_iter().max().unwrap_or(Self::False)
    }
}

impl From<bool> for Truth {
    fn from(value: bool) -> Self {
        if value { Self::True } else { Self::False }
    }
}

impl BitAnd for Truth {
    type Output = Self;
    fn bitand(self, other: Self) -> Self {
        self.min(other)
    }
}

impl BitOr for Truth {
    type Output = Self;
    fn bitor(self, other: Self) -> Self {
        self.max(other)
    }
}

impl Not for Truth {
    type Output = Self;
    fn not(self) -> Self {
        match self {
            Self::False => Self::True,
            Self::Unknown => Self::Unknown,
            Self::True => Self::False,
        }
    }
}

impl fmt::Display for Truth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::False => "false",
            Self::Unknown => "unknown",
            Self::True => "true",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::Truth::{False, True, Unknown};
    use super::*;

    #[test]
    fn false_beats_unknown_in_a_conjunction_and_true_in_a_disjunction() {
        assert_eq!(False & Unknown, False);
        assert_eq!(True & Unknown, Unknown);
        assert_eq!(True | Unknown, True);
        assert_eq!(False | Unknown, Unknown);
    }

    #[test]
    fn de_morgan_holds_for_all_nine_pairs() {
        for a in [False, Unknown, True] {
            for b in [False, Unknown, True] {
                assert_eq!(!(a & b), !a | !b);
                assert_eq!(!(a | b), !a & !b);
            }
        }
    }

    #[test]
    fn empty_conjunction_is_true_and_empty_disjunction_false() {
        assert_eq!(Truth::all([]), True);
        assert_eq!(Truth::any([]), False);
    }
}
