//! From text to rulebook, or to every reason why not.
//!
//! Reading collects all diagnostics. What is read: `read` (tables), `sources`, `values` (dated values
//! and lists), `tokens` and `lower` (conditions), `lint` (contradictions between parts).

pub(crate) mod sources;

use weigh_facts::{Convention, Diagnostic, Dictionary, Table};

use crate::Rulebook;

/// Reads a rulebook and checks all of it: names, units, days, citations, contradictions.
///
/// # Errors
/// Every problem found, each with its place, in the order of the text.
pub fn check(
    text: &str,
    dictionary: &Dictionary,
    conventions: &[Convention],
) -> Result<Rulebook, Vec<Diagnostic>> {
    let _ = (dictionary, conventions);
    Err(vec![Diagnostic::new(
        "rulebook-format",
        "not yet",
        0..text.len().min(1),
    )])
}

/// Takes `format = 1`, which every file of ours opens with.
pub(crate) fn read_format(file: &mut Table, errors: &mut Vec<Diagnostic>) {
    match file.take("format") {
        None => file.missing("format = 1", errors),
        Some(node) => {
            let is_one =
                matches!(&node.item, weigh_facts::Item::Number(n) if n.to_u128() == Some(1));
            if !is_one {
                let message = "this program reads `format = 1` only";
                let help = "use a later release for later formats";
                errors.push(Diagnostic::new("rulebook-format", message, node.span).with_help(help));
            }
        }
    }
}
