//! Floors 0 and 1 touch nothing outside: no files, network, clock, environment, threads, output.
//!
//! This reads the source. Crates that would do the same for us are found by [`super::reach`].

use std::collections::BTreeSet;

use crate::finding::Finding;
use crate::house::{House, crate_of, floor_of};
use crate::source::Source;
use crate::uses::imports;

/// Paths that reach outside, and what to do instead.
const PATHS: &[(&str, &str)] = &[
    ("std::fs", BYTES_COME_IN),
    ("std::net", BYTES_COME_IN),
    ("std::os", BYTES_COME_IN),
    ("std::process", BYTES_COME_IN),
    (
        "std::env",
        "take the value as an argument; the binary reads the environment",
    ),
    (
        "std::thread",
        "stay on the caller's thread; weigh-station spreads the work",
    ),
    ("std::io::stdin", BYTES_COME_IN),
    ("std::io::stdout", RETURN_VALUES),
    ("std::io::stderr", RETURN_VALUES),
    ("std::time::SystemTime", DATES_ARE_ARGUMENTS),
    ("std::time::Instant", DATES_ARE_ARGUMENTS),
];

/// Words that reach outside whatever they were imported from.
const WORDS: &[(&str, &str)] = &[
    ("println!", RETURN_VALUES),
    ("eprintln!", RETURN_VALUES),
    ("print!", RETURN_VALUES),
    ("eprint!", RETURN_VALUES),
    ("dbg!", RETURN_VALUES),
    ("::now(", DATES_ARE_ARGUMENTS),
];

const BYTES_COME_IN: &str = "take bytes through the reader traits; weigh-station opens things";
const RETURN_VALUES: &str = "return the value or a diagnostic; the binary does the talking";
const DATES_ARE_ARGUMENTS: &str = "take the day as an argument: same input, same answer";

const PURE_FLOOR: u8 = 1;

pub(crate) fn check(house: &House) -> Result<Vec<Finding>, String> {
    let is_pure = |source: &&Source| {
        let floor = crate_of(&source.path).and_then(floor_of);
        floor.is_some_and(|floor| floor <= PURE_FLOOR)
    };
    Ok(house
        .shipped()
        .filter(is_pure)
        .flat_map(impurities)
        .collect())
}

fn impurities(source: &Source) -> Vec<Finding> {
    let mut found: BTreeSet<(usize, &str, &'static str)> = BTreeSet::new();
    for (path, help) in PATHS {
        let imported = imports(source)
            .into_iter()
            .filter(|import| is_inside(&import.path, path));
        let places = imported.map(|import| import.at).chain(source.find(path));
        found.extend(places.map(|at| (source.line_of(at), *path, *help)));
    }
    for (word, help) in WORDS {
        found.extend(
            source
                .find(word)
                .into_iter()
                .map(|at| (source.line_of(at), *word, *help)),
        );
    }
    found
        .into_iter()
        .map(|(line, what, help)| {
            let message = format!("`{what}` on a pure floor");
            Finding::at(&source.path, line, message, help)
        })
        .collect()
}

/// Whether an imported path is the forbidden one or lies inside it.
fn is_inside(path: &str, forbidden: &str) -> bool {
    path.strip_prefix(forbidden)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with("::"))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Lines on which something was found.
    fn lines(text: &str) -> Vec<String> {
        impurities(&Source::new("crates/weigh-facts/src/lib.rs", text))
            .iter()
            .map(Finding::to_string)
            .map(|text| text.lines().take(2).collect::<Vec<_>>().join(" "))
            .collect()
    }

    #[test]
    fn every_way_to_name_a_file_is_found_once() {
        for text in [
            "use std::fs;",
            "use std::{fs, io};",
            "use std::fs::File;",
            "use std::{\n fs::{self, File} };",
            "fn f() { std::fs::read(x); }",
            "fn f() -> ::std::fs::File {}",
        ] {
            assert!(!lines(text).is_empty(), "{text}");
        }
        assert_eq!(lines("use std::fs::{File, Metadata};").len(), 1);
    }

    #[test]
    fn clocks_and_output_are_found_with_their_line() {
        assert_eq!(
            lines("fn f() {\n  Instant::now();\n  println!(\"x\");\n}"),
            [
                "error[]: `::now(` on a pure floor   --> crates/weigh-facts/src/lib.rs:2",
                "error[]: `println!` on a pure floor   --> crates/weigh-facts/src/lib.rs:3",
            ]
        );
    }

    #[test]
    fn tests_comments_strings_and_embedded_data_are_fine() {
        for text in [
            "// std::fs\n/// use std::env;\nfn f() { g(\"println!\") }",
            "#[cfg(test)]\nmod tests { use std::fs; fn f() { println!() } }",
            "const X: &str = include_str!(\"../x.toml\"); const V: &str = env!(\"V\");",
            "use std::io::Read; use std::time::Duration; use std::path::Path;",
            "fn f() { writeln!(out, \"x\"); crate::log::read(); eprintln_count(); }",
        ] {
            assert_eq!(lines(text), Vec::<String>::new(), "{text}");
        }
    }
}
