//! Words we do not say. Whether somebody obeys the law is for courts: we say which rules apply,
//! on which day, under which reading, and what is missing.

use crate::finding::Finding;
use crate::house::House;
use crate::source::Source;

const BANNED: &str = "compliant";
const HELP: &str = "say what was found: which rule applies, does not apply, or is indeterminate";

/// Folders whose text reaches a reader of our output.
const OUTPUT: &[&str] = &[
    "/src/",
    "/templates/",
    "/rulebooks/",
    "/catalog/",
    "/dictionary/",
];

pub(crate) fn check(house: &House) -> Result<Vec<Finding>, String> {
    let mut findings: Vec<Finding> = house.shipped().flat_map(claims_in_source).collect();
    for file in &house.texts {
        let is_output = OUTPUT.iter().any(|folder| file.path.contains(folder));
        if file.path.starts_with("crates/") && is_output && !file.path.ends_with(".rs") {
            findings.extend(claims(
                &file.path,
                file.text.lines().zip(1..).map(|(l, n)| (n, l)),
            ));
        }
    }
    Ok(findings)
}

/// Comments count: on arguments they are the help text.
fn claims_in_source(source: &Source) -> Vec<Finding> {
    claims(&source.path, source.lines())
}

fn claims<'a>(path: &str, lines: impl Iterator<Item = (usize, &'a str)>) -> Vec<Finding> {
    lines
        .filter(|(_, line)| line.to_lowercase().contains(BANNED))
        .map(|(number, _)| Finding::at(path, number, format!("we do not say `{BANNED}`"), HELP))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_claim_is_found_in_strings_and_help_texts() {
        let text = "/// Is it Compliant?\nfn f() { \"non-compliant\" }\n";
        assert_eq!(claims_in_source(&Source::new("a.rs", text)).len(), 2);
    }

    #[test]
    fn names_of_others_and_tests_are_fine() {
        let text = "// mlperf compliance_checker\n#[cfg(test)]\nmod t { /* compliant */ }\n";
        assert!(claims_in_source(&Source::new("a.rs", text)).is_empty());
    }
}
