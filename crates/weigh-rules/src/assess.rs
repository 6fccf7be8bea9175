//! Findings from facts.

use weigh_facts::{Date, Facts};

use crate::{Assessment, Rulebook};

/// Reads every rule of a rulebook over what is known of a subject, on the day `on`, with the
/// knowledge of the law that existed on `known`. Cannot fail.
#[must_use]
pub fn assess(book: &Rulebook, facts: &Facts, on: Date, known: Date) -> Assessment {
    let _ = facts;
    Assessment {
        rulebook: book.id.clone(),
        on,
        known,
        findings: Vec::new(),
        conflicts: Vec::new(),
    }
}
