//! Words that every rulebook uses: what a rule is about, how heavy it is, and its two status axes.

use std::fmt;

macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident = $word:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name { $($(#[$vdoc])* $variant),+ }

        impl $name {
            /// Every variant, in order.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The word used in data files and output.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word),+ }
            }

            /// Reads the word used in data files.
            #[must_use]
            pub fn parse(text: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|v| v.as_str() == text)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(self.as_str())
            }
        }
    };
}

words! {
    /// What a rule is about. A rule about another kind of subject is listed as such.
    SubjectKind {
        /// A trained model or its weights.
        Model = "model",
        /// One packaged chip.
        Chip = "chip",
        /// Chips joined by a network.
        Cluster = "cluster",
        /// One item going to one party in one place.
        Export = "export",
        /// The one who trains or offers models.
        Developer = "developer",
    }
}

impl SubjectKind {
    /// The word in a sentence: `a model`, `an export`.
    #[must_use]
    pub fn with_article(self) -> &'static str {
        match self {
            Self::Model => "a model",
            Self::Chip => "a chip",
            Self::Cluster => "a cluster",
            Self::Export => "an export",
            Self::Developer => "a developer",
        }
    }
}

words! {
    /// How heavy a rule is, mildest first.
    Level {
        /// Worth knowing.
        Note = "note",
        /// Marked for attention, no duty follows.
        Flag = "flag",
        /// A duty follows.
        Obligation = "obligation",
        /// Somebody decides case by case.
        Review = "review",
        /// Not without a license.
        LicenseRequired = "license-required",
        /// Not at all.
        Restricted = "restricted",
    }
}

words! {
    /// What the text of a rule is on a day.
    TextStatus {
        /// The text is law.
        InForce = "in-force",
        /// A later text took its place.
        Superseded = "superseded",
        /// Its maker or a later one took it back, and nothing took its place.
        Revoked = "revoked",
        /// A court or the maker suspended it.
        Stayed = "stayed",
        /// Formally proposed, not adopted.
        Proposed = "proposed",
        /// Circulated, not proposed.
        Draft = "draft",
        /// Passed and vetoed.
        Vetoed = "vetoed",
        /// Never proposed by anyone with the power to adopt it; modeled to see what it would do.
        Hypothetical = "hypothetical",
        /// Said by somebody to be law, and not found in any text.
        Claimed = "claimed",
    }
}

words! {
    /// What those who enforce do about a rule on a day.
    Enforcement {
        /// They enforce it.
        Enforced = "enforced",
        /// They announced that they do not.
        AnnouncedNonEnforcement = "announced-non-enforcement",
        /// Enforcement is suspended.
        Stayed = "stayed",
        /// Not known to us.
        Unknown = "unknown",
        /// There is nothing to enforce.
        None = "none",
    }
}

words! {
    /// What a rule says of a subject on a day.
    Verdict {
        /// The day is outside the rule's own interval.
        NotInForce = "not-in-force",
        /// The condition is false, or an exception that overrides the rule holds.
        DoesNotApply = "does-not-apply",
        /// The known facts leave it open.
        Indeterminate = "indeterminate",
        /// The condition is true and no exception overrides it.
        Applies = "applies",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_are_ordered_and_words_read_back() {
        assert!(Level::Flag < Level::Obligation && Level::Obligation < Level::Restricted);
        for level in Level::ALL {
            assert_eq!(Level::parse(level.as_str()), Some(*level));
        }
        assert_eq!(Level::parse("Obligation"), None);
    }
}
