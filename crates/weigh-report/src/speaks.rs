//! What a rule says of a subject, as every JSON of ours has it.

use serde::Serialize;
use weigh_station::Speaks;

/// One rule that speaks: the same keys on the sheet of a chip, in lists, clusters and tables.
#[derive(Serialize)]
pub(crate) struct WireSaid {
    rulebook: String,
    rule: String,
    verdict: &'static str,
    level: &'static str,
    outcome: String,
    text_status: Option<&'static str>,
    enforcement: &'static str,
    basis: &'static str,
    citation: String,
    needs: Vec<String>,
}

/// In the order given.
pub(crate) fn wire(says: &[Speaks]) -> Vec<WireSaid> {
    says.iter()
        .map(|s| WireSaid {
            rulebook: s.rulebook.clone(),
            rule: s.rule.clone(),
            verdict: s.verdict.as_str(),
            level: s.level.as_str(),
            outcome: s.outcome.clone(),
            text_status: s.text_status.map(|t| t.as_str()),
            enforcement: s.enforcement.as_str(),
            basis: s.basis.as_str(),
            citation: s.citation.clone(),
            needs: s.needs.clone(),
        })
        .collect()
}
