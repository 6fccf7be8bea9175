//! What a check says: what is wrong, where, and the way out.

use std::fmt;

/// One violation of a house rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Finding {
    check: &'static str,
    message: String,
    place: String,
    help: &'static str,
}

impl Finding {
    /// A finding about a whole file, or about no file when `place` is empty.
    pub(crate) fn new(
        place: impl Into<String>,
        message: impl Into<String>,
        help: &'static str,
    ) -> Self {
        Self {
            check: "",
            message: message.into(),
            place: place.into(),
            help,
        }
    }

    /// A finding about one line, counted from one.
    pub(crate) fn at(
        path: &str,
        line: usize,
        message: impl Into<String>,
        help: &'static str,
    ) -> Self {
        Self::new(format!("{path}:{line}"), message, help)
    }

    /// The same finding, signed by the check that made it.
    pub(crate) fn of(self, check: &'static str) -> Self {
        Self { check, ..self }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "error[{}]: {}", self.check, self.message)?;
        if !self.place.is_empty() {
            write!(f, "\n  --> {}", self.place)?;
        }
        write!(f, "\nhelp: {}", self.help)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_finding_says_what_where_and_what_now() {
        let finding = Finding::at("a.rs", 3, "`x` is wrong", "write `y`").of("sample");
        assert_eq!(
            finding.to_string(),
            "error[sample]: `x` is wrong\n  --> a.rs:3\nhelp: write `y`"
        );
    }
}
