//! The typed form of conditions: small, monotone in knowledge, and without anything that can fail.
//!
//! - **Invariant:** there is no test for unknown, no division, no conversion and no function of the
//!   clock here, and the checker lets none in.

use std::collections::BTreeSet;
use std::sync::Arc;

use weigh_facts::{Date, Decimal, Truth};

/// A condition.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Node {
    /// One comparison, by its index.
    Atom(usize),
    /// Negation.
    Not(Box<Node>),
    /// Conjunction.
    All(Vec<Node>),
    /// Disjunction.
    Any(Vec<Node>),
    /// A named condition, by its index.
    Predicate(usize),
    /// The result of another rule, by its index.
    Applies(usize),
}

/// A comparison: what three-valued logic starts from.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Atom {
    /// As written.
    pub(crate) text: Arc<str>,
    /// The slots it reads, each once; the first is the one compared.
    pub(crate) slots: Vec<usize>,
    pub(crate) test: Test,
}

/// What is looked up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Operand {
    /// A fact of the subject, by slot.
    Fact(usize),
    /// A field of the record at hand, by its index in [`Inner::fields`].
    Field(usize),
}

/// The comparisons there are.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Test {
    /// A fact that is true or false.
    Flag(Operand),
    /// A quantity and a line without facts in it.
    Line {
        of: Operand,
        op: Comparison,
        line: Num,
    },
    /// Two quantities computed from facts.
    Compare {
        left: Num,
        op: Comparison,
        right: Num,
    },
    /// A word or code among others, written out or in dated sets.
    Word {
        of: Operand,
        words: Vec<String>,
        sets: Vec<usize>,
    },
    /// A day.
    Day {
        of: Operand,
        op: Comparison,
        day: Date,
    },
    /// A word in a set of words.
    Contains { of: Operand, word: String },
    /// Is there a record?
    Exists { list: usize, when: Box<Inner> },
    /// Is every record so?
    Every { list: usize, when: Box<Inner> },
}

/// A condition on one record.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Inner {
    pub(crate) node: Node,
    pub(crate) atoms: Vec<Atom>,
    pub(crate) fields: Vec<String>,
}

/// A quantity in base units.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Num {
    Const(Decimal),
    Param(usize),
    Value(Operand),
    Add(Box<Num>, Box<Num>),
    Sub(Box<Num>, Box<Num>),
    Mul(Box<Num>, Box<Num>),
    Greatest(Vec<Num>),
    Least(Vec<Num>),
    /// The sum of a field over the records that meet a condition.
    Sum {
        list: usize,
        field: String,
        when: Option<Box<Inner>>,
    },
    /// How many records meet a condition.
    Count {
        list: usize,
        when: Option<Box<Inner>>,
    },
}

/// How two values are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Comparison {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

impl Comparison {
    /// As written.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Equal => "=",
            Self::NotEqual => "<>",
            Self::Less => "<",
            Self::LessOrEqual => "<=",
            Self::Greater => ">",
            Self::GreaterOrEqual => ">=",
        }
    }

    /// The same comparison read from the other side.
    pub(crate) fn flipped(self) -> Self {
        match self {
            Self::Less => Self::Greater,
            Self::LessOrEqual => Self::GreaterOrEqual,
            Self::Greater => Self::Less,
            Self::GreaterOrEqual => Self::LessOrEqual,
            same => same,
        }
    }

    /// Of two known values.
    pub(crate) fn holds<T: Ord + ?Sized>(self, left: &T, right: &T) -> bool {
        match self {
            Self::Equal => left == right,
            Self::NotEqual => left != right,
            Self::Less => left < right,
            Self::LessOrEqual => left <= right,
            Self::Greater => left > right,
            Self::GreaterOrEqual => left >= right,
        }
    }

    /// Of two intervals with open ends: true or false only when it is so for every pair of values.
    pub(crate) fn of_bounds<T: Ord>(
        self,
        (low, high): (Option<&T>, Option<&T>),
        (other_low, other_high): (Option<&T>, Option<&T>),
    ) -> Truth {
        let both = |a: Option<&T>, b: Option<&T>, holds: fn(&T, &T) -> bool| {
            a.zip(b).is_some_and(|(a, b)| holds(a, b))
        };
        let (yes, no) = match self {
            Self::Greater => (both(low, other_high, T::gt), both(high, other_low, T::le)),
            Self::GreaterOrEqual => (both(low, other_high, T::ge), both(high, other_low, T::lt)),
            Self::Less => (both(high, other_low, T::lt), both(low, other_high, T::ge)),
            Self::LessOrEqual => (both(high, other_low, T::le), both(low, other_high, T::gt)),
            Self::Equal => {
                let exact = both(low, high, T::eq)
                    && both(other_low, other_high, T::eq)
                    && both(low, other_low, T::eq);
                (
                    exact,
                    both(low, other_high, T::gt) || both(high, other_low, T::lt),
                )
            }
            Self::NotEqual => return !Self::Equal.of_bounds((low, high), (other_low, other_high)),
        };
        match (yes, no) {
            (true, _) => Truth::True,
            (_, true) => Truth::False,
            _ => Truth::Unknown,
        }
    }
}

impl Node {
    /// Visits every atom index, predicate index and rule index in it.
    pub(crate) fn visit(&self, f: &mut impl FnMut(Reference)) {
        match self {
            Self::Atom(index) => f(Reference::Atom(*index)),
            Self::Predicate(index) => f(Reference::Predicate(*index)),
            Self::Applies(index) => f(Reference::Rule(*index)),
            Self::Not(inner) => inner.visit(f),
            Self::All(parts) | Self::Any(parts) => parts.iter().for_each(|p| p.visit(f)),
        }
    }
}

/// What a condition refers to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reference {
    Atom(usize),
    Predicate(usize),
    Rule(usize),
}

/// Parameters and sets that a comparison reads.
#[derive(Default)]
pub(crate) struct Used {
    pub(crate) params: BTreeSet<usize>,
    pub(crate) sets: BTreeSet<usize>,
}

impl Used {
    pub(crate) fn atom(&mut self, atom: &Atom) {
        match &atom.test {
            Test::Line { line, .. } => self.num(line),
            Test::Compare { left, right, .. } => {
                self.num(left);
                self.num(right);
            }
            Test::Word { sets, .. } => self.sets.extend(sets),
            Test::Exists { when, .. } | Test::Every { when, .. } => self.inner(when),
            Test::Flag(_) | Test::Day { .. } | Test::Contains { .. } => {}
        }
    }

    fn inner(&mut self, inner: &Inner) {
        inner.atoms.iter().for_each(|a| self.atom(a));
    }

    fn num(&mut self, num: &Num) {
        match num {
            Num::Param(index) => {
                self.params.insert(*index);
            }
            Num::Add(a, b) | Num::Sub(a, b) | Num::Mul(a, b) => {
                self.num(a);
                self.num(b);
            }
            Num::Greatest(parts) | Num::Least(parts) => parts.iter().for_each(|p| self.num(p)),
            Num::Sum { when, .. } | Num::Count { when, .. } => {
                when.iter().for_each(|w| self.inner(w));
            }
            Num::Const(_) | Num::Value(_) => {}
        }
    }
}
