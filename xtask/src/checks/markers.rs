//! What must not stay behind: unfinished work, switched-off tests, silenced lints, and paths
//! that exist on one machine only.

use crate::finding::Finding;
use crate::house::{House, Text};
use crate::source::{Source, find_word};

/// Markers in code; searched where comments and strings are blank.
const IN_CODE: &[(&str, &str)] = &[
    (
        "todo!",
        "finish it, or return an error that says what is not supported",
    ),
    (
        "unimplemented!",
        "finish it, or return an error that says what is not supported",
    ),
    (
        "#[ignore",
        "make it fast, or move it to the heavy lane; a test nobody runs is not a test",
    ),
    (
        "#[allow(",
        "write `#[expect(…, reason = \"…\")]`: it tells us when it is no longer needed",
    ),
    (
        "#![allow(",
        "write `#![expect(…, reason = \"…\")]`: it tells us when it is no longer needed",
    ),
];

/// Markers in prose and comments, spelled in two halves so that this file passes its own check.
const IN_TEXT: &[&str] = &[concat!("FIX", "ME"), concat!("XX", "X")];

/// Folders at the root of somebody's machine.
const MACHINE_FOLDERS: &[&str] = &["work", "tmp", "root", "home"];

/// What we write ourselves; data may contain anything.
const WRITTEN: &[&str] = &[
    "rs", "md", "toml", "html", "css", "js", "py", "sh", "yml", "yaml",
];

pub(crate) fn check(house: &House) -> Result<Vec<Finding>, String> {
    let mut findings: Vec<Finding> = house.sources.iter().flat_map(markers_in_code).collect();
    findings.extend(
        house
            .texts
            .iter()
            .filter(|file| is_written(file))
            .flat_map(markers_in_text),
    );
    findings.extend(house.texts.iter().flat_map(machine_paths));
    Ok(findings)
}

fn markers_in_code(source: &Source) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (marker, help) in IN_CODE {
        for at in find_word(&source.code, marker) {
            let message = format!("`{marker}` is left in the code");
            findings.push(Finding::at(&source.path, source.line_of(at), message, help));
        }
    }
    findings
}

/// Whether a file is by our own hand: by extension, or one of the tools without one.
fn is_written(file: &Text) -> bool {
    let name = file.path.rsplit('/').next().unwrap_or_default();
    match name.rsplit_once('.') {
        Some((_, extension)) => WRITTEN.contains(&extension),
        None => name == "justfile" || file.path.starts_with(".ci/"),
    }
}

fn markers_in_text(file: &Text) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (index, line) in file.text.lines().enumerate() {
        for marker in IN_TEXT
            .iter()
            .filter(|marker| find_word(line, marker).next().is_some())
        {
            let message = format!("`{marker}` is left in the text");
            findings.push(Finding::at(
                &file.path,
                index + 1,
                message,
                "do it now, or open an issue",
            ));
        }
    }
    findings
}

fn machine_paths(file: &Text) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (index, line) in file.text.lines().enumerate() {
        for folder in MACHINE_FOLDERS {
            let path = format!("/{folder}/");
            let is_leading = |at: usize| !line[..at].ends_with(is_part_of_a_path);
            if line.match_indices(&path).any(|(at, _)| is_leading(at)) {
                findings.push(Finding::at(
                    &file.path,
                    index + 1,
                    format!("a path under `{path}` exists on one machine only"),
                    "make it relative to the repository, or take it from the caller",
                ));
            }
        }
    }
    findings
}

/// Whether what stands before a slash makes it the middle of a longer path or address.
fn is_part_of_a_path(before: char) -> bool {
    before.is_alphanumeric() || "._-~})]>*".contains(before)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(path: &str, text: &str) -> Text {
        Text {
            path: path.to_owned(),
            text: text.to_owned(),
        }
    }

    #[test]
    fn markers_in_code_are_found_in_tests_too() {
        for code in [
            "fn f() { todo!() }",
            "fn f() { unimplemented!(\"x\") }",
            "#[cfg(test)] mod t { #[test] #[ignore = \"slow\"] fn f() {} }",
            "#[allow(dead_code)] fn f() {}",
            "#![allow(dead_code)]",
        ] {
            assert_eq!(
                markers_in_code(&Source::new("a.rs", code)).len(),
                1,
                "{code}"
            );
        }
    }

    #[test]
    fn markers_in_strings_and_comments_are_not_code() {
        let source = Source::new(
            "a.rs",
            "// todo!\nfn f() { g(\"#[ignore]\") } #[expect(x)] mod m;",
        );
        assert!(markers_in_code(&source).is_empty());
    }

    #[test]
    fn markers_in_prose_match_whole_words() {
        for marker in IN_TEXT {
            assert_eq!(
                markers_in_text(&text("a.md", &format!("one\n({marker}: two)"))).len(),
                1
            );
            assert!(markers_in_text(&text("a.md", &format!("{marker}X"))).is_empty());
        }
    }

    #[test]
    fn data_is_not_ours_to_correct() {
        assert!(is_written(&text("a/b.rs", "")) && is_written(&text(".ci/run", "")));
        assert!(!is_written(&text("fixtures/a.json", "")) && !is_written(&text("LICENSE-MIT", "")));
    }

    #[test]
    fn paths_of_one_machine_are_found_wherever_they_start() {
        for folder in MACHINE_FOLDERS {
            let found = |line: String| machine_paths(&text("a.md", &line)).len();
            assert_eq!(found(format!("/{folder}/x")), 1);
            assert_eq!(found(format!("see `/{folder}/x`, \"file:/{folder}/y\"")), 1);
            assert_eq!(
                found(format!(
                    "https://example.org/{folder}/x ./{folder}/ ~/{folder}/"
                )),
                0
            );
            assert_eq!(found(format!("${{base}}/{folder}/x")), 0);
        }
    }
}
