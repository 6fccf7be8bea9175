//! What the process tells its caller.

use std::process::ExitCode;

use weigh_facts::{Level, Verdict};
use weigh_rules::Finding;

/// What the process tells its caller. Errors are not outcomes: they exit with 2.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// Answered, and nothing the caller asked to fail on was found.
    Clear = 0,
    /// A rule at or above `--fail-on` applies, or a test of a rulebook failed.
    Adverse = 1,
    /// Facts are missing or too uncertain to decide a rule at or above the level.
    Indeterminate = 3,
}

impl Outcome {
    /// The outcome of an assessment: without `fail_on` only open questions at `obligation` or
    /// above count; with it, a rule at or above the level that applies comes first.
    pub(crate) fn of(findings: &[Finding], fail_on: Option<Level>) -> Self {
        let level = fail_on.unwrap_or(Level::Obligation);
        let any = |verdict| {
            findings
                .iter()
                .any(|f| f.level >= level && f.verdict == verdict)
        };
        if fail_on.is_some() && any(Verdict::Applies) {
            Self::Adverse
        } else if any(Verdict::Indeterminate) {
            Self::Indeterminate
        } else {
            Self::Clear
        }
    }
}

impl From<Outcome> for ExitCode {
    fn from(outcome: Outcome) -> Self {
        Self::from(outcome as u8)
    }
}
