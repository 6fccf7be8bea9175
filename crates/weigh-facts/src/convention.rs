//! Counting conventions: which stages a regime counts.

use crate::{Purpose, SourceKey};

/// Does a regime count a kind of stage?
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Inclusion {
    /// Left out.
    No,
    /// The text does not settle it: widens the bounds, in the upper one only.
    Unclear,
    /// Counted.
    Yes,
}

impl Inclusion {
    /// Reads the word used in data files.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "yes" => Some(Self::Yes),
            "no" => Some(Self::No),
            "unclear" => Some(Self::Unclear),
            _ => None,
        }
    }
}

/// A named filter over stages. Facts carry its name: `operations.eu-cumulative`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Convention {
    /// Its name: `eu-cumulative`.
    pub id: String,
    /// What it is: `EU AI Act, cumulative training compute`.
    pub title: String,
    /// Inclusion by purpose, with the source that says so; all purposes are present.
    pub includes: Vec<(Purpose, Inclusion, SourceKey)>,
    /// Are stages on public synthetic data left out even where synthetic data counts?
    pub excludes_public_synthetic: bool,
    /// Margin of error the regime itself allows, as a share of the reported value, if any.
    pub allowed_margin: Option<crate::Decimal>,
}

impl Convention {
    /// Does it count this purpose?
    #[must_use]
    pub fn inclusion(&self, purpose: Purpose) -> Inclusion {
        self.includes
            .iter()
            .find(|(p, ..)| *p == purpose)
            .map_or(Inclusion::Unclear, |(_, i, _)| *i)
    }
}
