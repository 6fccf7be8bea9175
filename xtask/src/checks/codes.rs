//! Error codes: kebab-case, one meaning each, and a paragraph in the manual.
//!
//! Diagnostics may say the same thing in several places of one crate; an arm of `fn code`
//! speaks for one variant alone.

mod sites;

use std::collections::BTreeSet;

use crate::finding::Finding;
use crate::house::{House, crate_of};
use crate::source::Source;

use sites::{Site, sites};

const MANUAL: &str = "docs/reference/errors.md";

pub(crate) fn check(house: &House) -> Result<Vec<Finding>, String> {
    let sources: Vec<&Source> = house.shipped().collect();
    let sites = sites(&sources);
    let manual = house.text(MANUAL).unwrap_or_default();
    let mut findings = misshapen(&sites);
    findings.extend(shared(&sites));
    findings.extend(undocumented(&sites, manual));
    Ok(findings)
}

fn misshapen(sites: &[Site]) -> Vec<Finding> {
    let wrong = sites.iter().filter(|site| !is_kebab(&site.code));
    wrong
        .map(|site| {
            let message = format!("the code `{}` is not kebab-case", site.code);
            Finding::at(
                &site.path,
                site.line,
                message,
                "use lowercase words joined by dashes",
            )
        })
        .collect()
}

/// Codes with two meanings: two variants, or two crates.
fn shared(sites: &[Site]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (index, site) in sites.iter().enumerate() {
        let clash = sites[..index].iter().find(|other| {
            let is_other_crate = crate_of(&other.path) != crate_of(&site.path);
            other.code == site.code && (is_other_crate || (other.is_variant && site.is_variant))
        });
        if let Some(other) = clash {
            let message = format!(
                "the code `{}` is taken, in {}:{}",
                site.code, other.path, other.line
            );
            findings.push(Finding::at(
                &site.path,
                site.line,
                message,
                "choose a code of its own: whoever searches for it must find one meaning",
            ));
        }
    }
    findings
}

/// Codes without a paragraph, paragraphs without a code, and entries out of order.
fn undocumented(sites: &[Site], manual: &str) -> Vec<Finding> {
    let entries = entries(manual);
    let mut findings = Vec::new();
    let mut seen: BTreeSet<&str> = BTreeSet::new();
    for site in sites.iter().filter(|site| is_kebab(&site.code)) {
        if seen.insert(&site.code) && !entries.iter().any(|entry| entry.code == site.code) {
            findings.push(Finding::at(
                &site.path,
                site.line,
                format!("the code `{}` has no entry in {MANUAL}", site.code),
                "write a heading with the code in backticks and a paragraph: what was expected, why, what to do",
            ));
        }
    }
    for (index, entry) in entries.iter().enumerate() {
        if !sites.iter().any(|site| site.code == entry.code) {
            let message = format!("no source gives the code `{}`", entry.code);
            findings.push(Finding::at(
                MANUAL,
                entry.line,
                message,
                "remove the entry or fix its name",
            ));
        }
        if !entry.has_paragraph {
            let message = format!("the entry `{}` has no paragraph", entry.code);
            findings.push(Finding::at(
                MANUAL,
                entry.line,
                message,
                "say what was expected, why, and what to do",
            ));
        }
        if index > 0 && entries[index - 1].code >= entry.code {
            let before = &entries[index - 1].code;
            let message = format!("the entry `{}` stands behind `{before}`", entry.code);
            findings.push(Finding::at(
                MANUAL,
                entry.line,
                message,
                "keep the entries in alphabetical order, each once",
            ));
        }
    }
    findings
}

/// An entry of the manual: a heading or list item that opens with a code in backticks.
struct Entry {
    code: String,
    line: usize,
    has_paragraph: bool,
}

fn entries(manual: &str) -> Vec<Entry> {
    let mut entries: Vec<Entry> = Vec::new();
    let mut in_fence = false;
    for (index, line) in manual.lines().enumerate() {
        if line.starts_with("```") {
            in_fence = !in_fence;
            continue;
        }
        let opened = line
            .trim_start_matches('#')
            .trim_start_matches(['-', '*'])
            .trim_start();
        let is_entry = opened.len() < line.len() && opened.starts_with('`');
        let code = opened
            .trim_start_matches('`')
            .split('`')
            .next()
            .unwrap_or_default();
        if !in_fence && is_entry && is_kebab(code) {
            let rest = &opened[1 + code.len()..];
            let has_paragraph = rest.chars().any(char::is_alphabetic);
            entries.push(Entry {
                code: code.to_owned(),
                line: index + 1,
                has_paragraph,
            });
        } else if line.starts_with(char::is_alphabetic)
            && let Some(entry) = entries.last_mut()
        {
            entry.has_paragraph = true;
        }
    }
    entries
}

fn is_kebab(code: &str) -> bool {
    let is_part = |part: &str| {
        !part.is_empty()
            && part
                .chars()
                .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit())
    };
    code.starts_with(|c: char| c.is_ascii_lowercase()) && code.split('-').all(is_part)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn site(code: &str, krate: &str, is_variant: bool) -> Site {
        Site {
            code: code.into(),
            path: format!("crates/{krate}/src/a.rs"),
            line: 1,
            is_variant,
        }
    }

    #[test]
    fn one_code_has_one_meaning() {
        assert!(shared(&[site("a", "x", true), site("b", "x", true)]).is_empty());
        assert!(shared(&[site("a", "x", false), site("a", "x", false)]).is_empty());
        assert!(shared(&[site("a", "x", false), site("a", "x", true)]).is_empty());
        assert_eq!(
            shared(&[site("a", "x", true), site("a", "x", true)]).len(),
            1
        );
        assert_eq!(
            shared(&[site("a", "x", false), site("a", "y", false)]).len(),
            1
        );
    }

    #[test]
    fn a_code_is_kebab_case() {
        for code in ["a", "unit-mismatch", "sha256-mismatch"] {
            assert!(is_kebab(code), "{code}");
        }
        for code in ["", "Unit", "unit_mismatch", "-a", "a-", "a--b", "a b", "2a"] {
            assert!(!is_kebab(code), "{code}");
        }
        assert_eq!(misshapen(&[site("Not_Kebab", "x", true)]).len(), 1);
    }

    #[test]
    fn the_manual_and_the_source_list_the_same_codes_in_order() {
        let sites = [site("b-code", "x", true), site("a-code", "x", true)];
        let count = |manual: &str| undocumented(&sites, manual).len();
        assert_eq!(count("### `a-code`\nWhy.\n\n### `b-code`\nWhy.\n"), 0);
        assert_eq!(count("- `a-code`: why.\n- `b-code`: why.\n"), 0);
        assert_eq!(count("### `a-code`\nWhy.\n"), 1, "one is missing");
        assert_eq!(
            count("```\n### `a-code`\n```\nsee `b-code`\n"),
            2,
            "examples do not count"
        );
        assert_eq!(
            count("### `b-code`\nWhy.\n### `a-code`\nWhy.\n"),
            1,
            "out of order"
        );
        assert_eq!(
            count("### `a-code`\n### `b-code`\nWhy.\n"),
            1,
            "no paragraph"
        );
        assert_eq!(
            count("- `a-code`: w.\n- `b-code`: w.\n- `c-code`: w.\n"),
            1,
            "one too many"
        );
    }
}
