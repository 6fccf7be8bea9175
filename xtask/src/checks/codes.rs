//! Error codes: kebab-case, one meaning each, and a paragraph in the manual.
//!
//! A code is a string literal in a function named `code` that returns a string, the value of a
//! field named `code`, or an argument whose parameter is named `code` (`Diagnostic::new` and
//! every helper like it). Diagnostics may say the same thing in several places of one crate;
//! an arm of `fn code` speaks for one variant alone.

use std::collections::{BTreeMap, BTreeSet};

use crate::finding::Finding;
use crate::house::{House, crate_of};
use crate::source::{Source, find_word, is_word};

const MANUAL: &str = "docs/reference/errors.md";

/// A place in the source which gives a code to the world.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Site {
    code: String,
    path: String,
    line: usize,
    /// An arm of `fn code`, as opposed to a diagnostic made on the spot.
    is_variant: bool,
}

/// A function which takes a code: its name, and the position of that argument.
type Taker = (String, usize);

pub(crate) fn check(house: &House) -> Result<Vec<Finding>, String> {
    let sources: Vec<&Source> = house.shipped().collect();
    let sites = sites(&sources);
    let manual = house.text(MANUAL).unwrap_or_default();
    let mut findings = misshapen(&sites);
    findings.extend(shared(&sites));
    findings.extend(undocumented(&sites, manual));
    Ok(findings)
}

/// Every code in the shipped sources.
fn sites(sources: &[&Source]) -> Vec<Site> {
    let mut takers: BTreeMap<&str, BTreeSet<Taker>> = BTreeMap::new();
    for source in sources {
        let of_crate = takers
            .entry(crate_of(&source.path).unwrap_or_default())
            .or_default();
        of_crate.insert(("Diagnostic::new".to_owned(), 0));
        of_crate.extend(takers_in(source));
    }
    let mut sites = Vec::new();
    for source in sources {
        let site = |at: usize, is_variant: bool, code: &str| Site {
            code: code.to_owned(),
            path: source.path.clone(),
            line: source.line_of(at),
            is_variant,
        };
        let bodies = code_functions(source);
        for literal in source
            .strings
            .iter()
            .filter(|literal| !source.is_test(literal.at))
        {
            if bodies.iter().any(|body| body.contains(&literal.at)) {
                sites.push(site(literal.at, true, &literal.value));
            } else if is_code_field(source, literal.at) {
                sites.push(site(literal.at, false, &literal.value));
            }
        }
        for (name, position) in &takers[crate_of(&source.path).unwrap_or_default()] {
            for at in source.find(&format!("{name}(")) {
                if let Some((at, code)) = literal_argument(source, at + name.len(), *position) {
                    sites.push(site(at, false, code));
                }
            }
        }
    }
    sites
}

/// The bodies of functions `fn code(…) -> …str`.
fn code_functions(source: &Source) -> Vec<std::ops::Range<usize>> {
    let mut bodies = Vec::new();
    for start in source.find("fn code(") {
        let Some(open) = source.code[start..].find('{').map(|length| start + length) else {
            continue;
        };
        let signature = &source.code[start..open];
        let returned = signature.split("->").nth(1).unwrap_or_default();
        if returned.contains("str") && !signature.contains(';') {
            bodies.push(source.block(open));
        }
    }
    bodies
}

/// Whether the literal at `at` is the value of a field: `code: "…"`.
fn is_code_field(source: &Source, at: usize) -> bool {
    let before = source.code[..at].trim_end();
    let name = before.strip_suffix(':').unwrap_or_default().trim_end();
    name.ends_with("code") && !name.trim_end_matches("code").ends_with(is_word)
}

/// Functions of this file with a parameter `code: &'static str`.
fn takers_in(source: &Source) -> Vec<Taker> {
    let mut takers = Vec::new();
    for start in source.find("fn") {
        let header = &source.code[start + "fn".len()..];
        let name: String = header
            .trim_start()
            .chars()
            .take_while(|c| is_word(*c))
            .collect();
        let Some(open) = source.code[start..].find('(').map(|length| start + length) else {
            continue;
        };
        let parameters = arguments(source, open);
        let texts: Vec<&str> = parameters
            .iter()
            .map(|range| source.code[range.clone()].trim())
            .collect();
        let has_self = texts
            .first()
            .is_some_and(|text| find_word(text, "self").next().is_some());
        let position = texts.iter().position(|text| *text == "code: &'static str");
        if let Some(position) = position.filter(|_| !name.is_empty() && name != "new") {
            takers.push((name, position - usize::from(has_self)));
        }
    }
    takers
}

/// The argument at `position` of the call whose bracket opens at `open`, if it is a literal.
fn literal_argument(source: &Source, open: usize, position: usize) -> Option<(usize, &str)> {
    let range = arguments(source, open).into_iter().nth(position)?;
    let text = &source.text[range.clone()];
    let at = range.start + (text.len() - text.trim_start().len());
    let literal = source.strings.iter().find(|literal| literal.at == at)?;
    Some((at, &literal.value))
}

/// Byte ranges between the commas of a bracket, nested brackets kept whole.
fn arguments(source: &Source, open: usize) -> Vec<std::ops::Range<usize>> {
    let block = source.block(open);
    let end = block
        .end
        .saturating_sub(1)
        .max(open + 1)
        .min(source.code.len());
    let mut ranges = Vec::new();
    let mut depth = 0;
    let mut start = open + 1;
    for (offset, byte) in source.code.as_bytes()[open + 1..end].iter().enumerate() {
        match byte {
            b'(' | b'[' | b'{' => depth += 1,
            b')' | b']' | b'}' => depth -= 1,
            b',' if depth == 0 => {
                ranges.push(start..open + 1 + offset);
                start = open + 2 + offset;
            }
            _ => {}
        }
    }
    ranges.push(start..end);
    ranges
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

    const ERROR: &str = r#"
        impl E {
            /// "not-a-code" in a comment
            pub const fn code(&self) -> &'static str {
                match self {
                    Self::A { .. } => "first-code",
                    Self::B | Self::C => "second-code",
                    Self::Inner(inner) => inner.code(),
                }
            }
            fn code(self) -> u8 { f("ten") }
            fn other(&self) -> &'static str { "elsewhere" }
        }
    "#;

    /// Codes found in files `(path, text)`, with a star on those of variants.
    fn found(files: &[(&str, &str)]) -> Vec<String> {
        let sources: Vec<Source> = files
            .iter()
            .map(|(path, text)| Source::new(*path, *text))
            .collect();
        let mut codes: Vec<String> = sites(&sources.iter().collect::<Vec<_>>())
            .into_iter()
            .map(|site| format!("{}{}", site.code, if site.is_variant { "*" } else { "" }))
            .collect();
        codes.sort();
        codes
    }

    fn site(code: &str, krate: &str, is_variant: bool) -> Site {
        Site {
            code: code.into(),
            path: format!("crates/{krate}/src/a.rs"),
            line: 1,
            is_variant,
        }
    }

    #[test]
    fn arms_of_fn_code_are_found_and_nothing_beside_them() {
        assert_eq!(
            found(&[("crates/a/src/e.rs", ERROR)]),
            ["first-code*", "second-code*"]
        );
    }

    #[test]
    fn diagnostics_are_found_however_they_are_made() {
        let text = r#"
            fn a() { Diagnostic::new("made-directly", "the message", 0..1) }
            fn b() { Warning { code: "a-field", message: "the message" }; Unit { unicode: "u" } }
            fn refuse(&mut self, node: &Node, code: &'static str, message: &str) {}
            fn c() { self.refuse(at(x, y), "through-a-helper", "the message"); refuse(n, code, "m") }
            fn d() { Diagnostic::new(
                "on-its-own-line", "the message", 0..1) }
            #[cfg(test)]
            mod tests { fn t() { Diagnostic::new("in-a-test", "m", 0..1) } }
        "#;
        assert_eq!(
            found(&[("crates/a/src/e.rs", text)]),
            [
                "a-field",
                "made-directly",
                "on-its-own-line",
                "through-a-helper"
            ]
        );
    }

    #[test]
    fn helpers_are_known_in_their_own_crate() {
        let helper = "fn refuse(code: &'static str) {}";
        let call = "fn f() { refuse(\"a-code\") }";
        let same = [("crates/a/src/e.rs", helper), ("crates/a/src/f.rs", call)];
        let other = [("crates/a/src/e.rs", helper), ("crates/b/src/f.rs", call)];
        assert_eq!(found(&same), ["a-code"]);
        assert_eq!(found(&other), Vec::<String>::new());
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
