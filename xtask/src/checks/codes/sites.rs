//! Where the source gives a code to the world.
//!
//! Errors and diagnostics are made in many shapes, so the places are recognized by what the
//! name `code` stands beside. A new shape belongs here, with a test, before it is used.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use crate::house::crate_of;
use crate::source::{Literal, Source, find_word, is_word};

/// One place which gives a code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Site {
    pub(super) code: String,
    pub(super) path: String,
    pub(super) line: usize,
    /// An arm of `fn code`, as opposed to a diagnostic made on the spot.
    pub(super) is_variant: bool,
}

/// A function with a parameter named `code`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Taker {
    /// As it is called: `refuse`, or `Failure::new` for a constructor.
    name: String,
    /// Position of the argument, `self` not counted.
    position: usize,
}

/// Every code in the given sources, in the order of the files.
pub(super) fn sites(sources: &[&Source]) -> Vec<Site> {
    let takers: Vec<Vec<Taker>> = sources.iter().map(|source| takers_in(source)).collect();
    let mut sites = Vec::new();
    for source in sources {
        let mut known: BTreeSet<Taker> = BTreeSet::new();
        for (other, found) in sources.iter().zip(&takers) {
            let is_same_crate = crate_of(&other.path) == crate_of(&source.path);
            known.extend(
                found
                    .iter()
                    .filter(|one| is_same_crate || is_constructor(one))
                    .cloned(),
            );
            if other.path == source.path {
                known.extend(
                    found
                        .iter()
                        .filter(|one| is_constructor(one))
                        .map(|one| Taker {
                            name: "Self::new".to_owned(),
                            position: one.position,
                        }),
                );
            }
        }
        sites.extend(
            literals(source, &known)
                .into_iter()
                .map(|(at, (code, is_variant))| Site {
                    code: code.to_owned(),
                    path: source.path.clone(),
                    line: source.line_of(at),
                    is_variant,
                }),
        );
    }
    sites
}

/// The literals of one file which are codes, by their place, and whether each is a variant's.
fn literals<'a>(source: &'a Source, takers: &BTreeSet<Taker>) -> BTreeMap<usize, (&'a str, bool)> {
    let mut found = BTreeMap::new();
    let functions = code_functions(source);
    let bindings = code_bindings(source);
    for literal in source
        .strings
        .iter()
        .filter(|literal| !source.is_test(literal.at))
    {
        let is_in = |ranges: &[Range<usize>]| ranges.iter().any(|one| one.contains(&literal.at));
        let is_variant = is_in(&functions);
        let is_bound = is_in(&bindings) && is_outcome(source, literal);
        if is_variant || is_bound || is_code_field(source, literal) {
            found.insert(literal.at, (literal.value.as_str(), is_variant));
        }
    }
    for taker in takers {
        let calls = source.find(&format!("{}(", taker.name));
        // `#[error("…")]` is the message of a variant, whatever a helper of the crate is called.
        let calls = calls
            .into_iter()
            .filter(|call| !source.code[..*call].ends_with("#["));
        for call in calls {
            let argument = literal_argument(source, call + taker.name.len(), taker.position);
            if let Some(literal) = argument {
                found
                    .entry(literal.at)
                    .or_insert((literal.value.as_str(), false));
            }
        }
    }
    found
}

/// The bodies of functions `fn code(…) -> …str`.
fn code_functions(source: &Source) -> Vec<Range<usize>> {
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

/// Statements `let code = …;`, up to the first semicolon.
fn code_bindings(source: &Source) -> Vec<Range<usize>> {
    let starts = source.find("let code =").into_iter();
    starts
        .map(|start| {
            let length = source.code[start..]
                .find(';')
                .unwrap_or(source.code.len() - start);
            start..start + length
        })
        .collect()
}

/// Whether a literal is a value something can come out as, and not an argument of a call that
/// asks for something: `=> "a"`, `{ "a" }`, `= "a"`, `map_or("a", …)`, `unwrap_or("a")`.
fn is_outcome(source: &Source, literal: &Literal) -> bool {
    let before = source.code[..literal.at].trim_end();
    ["=>", "{", "=", "map_or(", "unwrap_or("]
        .iter()
        .any(|opening| before.ends_with(opening))
}

/// Whether a literal is the value of a field: `code: "…"`.
fn is_code_field(source: &Source, literal: &Literal) -> bool {
    let before = source.code[..literal.at].trim_end();
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
        if let Some(position) = position.filter(|_| !name.is_empty()) {
            let name = if name == "new" {
                constructor(source, start)
            } else {
                name
            };
            takers.push(Taker {
                name,
                position: position - usize::from(has_self),
            });
        }
    }
    takers
}

/// How the `fn new` at `start` is called: by the type whose `impl` it stands in.
fn constructor(source: &Source, start: usize) -> String {
    let before = &source.code[..start];
    let header = find_word(before, "impl")
        .last()
        .map_or("", |at| &before[at..]);
    let subject = header.split('{').next().unwrap_or_default();
    let subject = subject
        .rsplit(" for ")
        .next()
        .unwrap_or_default()
        .trim_start_matches("impl");
    let subject = subject.trim_start();
    let subject = subject.strip_prefix('<').map_or(subject, |rest| {
        rest.split_once('>')
            .map_or(rest, |(_, name)| name.trim_start())
    });
    let name: String = subject.chars().take_while(|c| is_word(*c)).collect();
    format!("{name}::new")
}

fn is_constructor(taker: &Taker) -> bool {
    taker.name.ends_with("::new")
}

/// The argument at `position` of the call whose bracket opens at `open`, if it is a literal.
fn literal_argument(source: &Source, open: usize, position: usize) -> Option<&Literal> {
    let range = arguments(source, open).into_iter().nth(position)?;
    let text = &source.text[range.clone()];
    let at = range.start + (text.len() - text.trim_start().len());
    source.strings.iter().find(|literal| literal.at == at)
}

/// Byte ranges between the commas of a bracket, nested brackets kept whole.
fn arguments(source: &Source, open: usize) -> Vec<Range<usize>> {
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

#[cfg(test)]
mod tests {
    use super::*;

    /// Codes found in files `(path, text)`, sorted, with a star on those of variants.
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

    #[test]
    fn arms_of_fn_code_are_found_and_nothing_beside_them() {
        let text = r#"
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
        assert_eq!(
            found(&[("crates/a/src/e.rs", text)]),
            ["first-code*", "second-code*"]
        );
    }

    #[test]
    fn codes_made_on_the_spot_are_found() {
        let text = r#"
            fn a() { Warning { code: "a-field", message: "m" }; Unit { unicode: "u" } }
            fn refuse(&mut self, node: &Node, code: &'static str, message: &str) {}
            #[refuse("a message")] struct A;
            fn b() { self.refuse(at(x, y), "through-a-helper", "m"); refuse(n, code, "m") }
            fn c() { let code = faults.first().map_or("by-default", |d| d.code("x")); f("m") }
            fn d() { let code = if table.text("country") { "one-way" } else { "other-way" }; }
            #[cfg(test)]
            mod tests { fn t() { Warning { code: "in-a-test" } } }
        "#;
        assert_eq!(
            found(&[("crates/a/src/e.rs", text)]),
            [
                "a-field",
                "by-default",
                "one-way",
                "other-way",
                "through-a-helper"
            ]
        );
    }

    #[test]
    fn constructors_are_known_everywhere_and_helpers_in_their_crate() {
        let text = r#"
            impl<T: X> From<T> for Fault<T> {
                fn new(code: &'static str, message: impl Into<String>) -> Self {}
                fn output() -> Self { Self::new("by-itself", "m") }
            }
            fn refuse(code: &'static str) {}
        "#;
        let calls = r#"fn f() { Fault::new(
            "from-outside", "m"); refuse("by-a-helper"); Other::new("no-code"); Self::new("no") }"#;
        let own = ("crates/a/src/e.rs", text);
        assert_eq!(
            found(&[own, ("crates/a/src/f.rs", calls)]),
            ["by-a-helper", "by-itself", "from-outside"]
        );
        assert_eq!(
            found(&[own, ("crates/b/src/f.rs", calls)]),
            ["by-itself", "from-outside"]
        );
    }
}
