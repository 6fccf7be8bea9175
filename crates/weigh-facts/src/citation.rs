//! Where a rule or a value comes from, and how sure we are of the reading.

use std::fmt;

use crate::Date;

/// Names a source inside its rulebook or catalog: `art-51-2`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SourceKey(pub String);

impl fmt::Display for SourceKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// How well a source supports what is read from it. Mildest doubt last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Certainty {
    /// Nobody has checked it.
    Unverified,
    /// From a law firm, a tracker or the press.
    Secondary,
    /// The legal text itself was read.
    PrimaryText,
}

impl Certainty {
    /// Every word, the weakest first.
    pub const ALL: &'static [Self] = &[Self::Unverified, Self::Secondary, Self::PrimaryText];

    /// The word used in data files and output.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Unverified => "unverified",
            Self::Secondary => "secondary",
            Self::PrimaryText => "primary-text",
        }
    }

    /// Reads the word used in data files.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|c| c.as_str() == text)
    }
}

/// A text that supports a rule or a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// Its name inside the file.
    pub key: SourceKey,
    /// What a person would cite: `Regulation (EU) 2024/1689, Article 51(2)`.
    pub title: String,
    /// Where to read it.
    pub href: String,
    /// The few words that pin the operator, if any: `greater than 10^25`.
    pub quote: Option<String>,
    /// How sure we are of the reading.
    pub certainty: Certainty,
    /// When it was published, if known.
    pub published: Option<Date>,
}
