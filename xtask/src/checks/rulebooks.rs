//! A rule without a test is a claim, and a rule without a citation is an opinion.
//!
//! This reads the files as plain TOML: `weigh-rules` checks what they mean.

use toml::{Table, Value};

use crate::finding::Finding;
use crate::house::House;

const FOLDER: &str = "crates/weigh-rules/rulebooks/";

pub(crate) fn check(house: &House) -> Result<Vec<Finding>, String> {
    let books = house
        .texts
        .iter()
        .filter(|file| file.path.starts_with(FOLDER) && file.path.ends_with(".toml"));
    Ok(books
        .flat_map(|file| gaps(&file.path, &file.text))
        .collect())
}

fn gaps(path: &str, text: &str) -> Vec<Finding> {
    let book: Table = match text.parse() {
        Ok(book) => book,
        Err(error) => {
            let message = format!("this is not TOML: {}", error.message());
            return vec![Finding::new(path, message, "fix the syntax first")];
        }
    };
    let mut findings = sources_without_a_way_to_check(path, text, &book);
    for rule in tables(&book, "rule") {
        let Some(id) = rule.get("id").and_then(Value::as_str) else {
            findings.push(Finding::new(
                path,
                "a rule has no `id`",
                "give it a kebab-case name",
            ));
            continue;
        };
        let line = line_of(text, &format!("\"{id}\""));
        if !rule.contains_key("cite") {
            findings.push(Finding::at(
                path,
                line,
                format!("rule `{id}` cites nothing"),
                "add `cite` with the key of a source in this file",
            ));
        }
        let is_tested = tables(&book, "test").any(|test| expects(test, id));
        if !is_tested {
            findings.push(Finding::at(
                path,
                line,
                format!("no test in this file expects anything of rule `{id}`"),
                "add a `[[test]]` whose `expect` names it: on the line, on either side, and before its first day",
            ));
        }
    }
    findings
}

fn sources_without_a_way_to_check(path: &str, text: &str, book: &Table) -> Vec<Finding> {
    let mut findings = Vec::new();
    let sources = book.get("source").and_then(Value::as_table);
    for (key, source) in sources.into_iter().flatten() {
        for field in ["href", "certainty"] {
            if source
                .get(field)
                .and_then(Value::as_str)
                .is_none_or(str::is_empty)
            {
                findings.push(Finding::at(
                    path,
                    line_of(text, &format!("[source.{key}]")),
                    format!("source `{key}` has no `{field}`"),
                    "say where the text can be read and how sure the reading is",
                ));
            }
        }
    }
    findings
}

/// The tables of `[[name]]`.
fn tables<'a>(book: &'a Table, name: &str) -> impl Iterator<Item = &'a Table> {
    book.get(name)
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(Value::as_table)
}

/// Whether a test's `expect` says something about the rule.
fn expects(test: &Table, rule: &str) -> bool {
    test.get("expect")
        .and_then(Value::as_table)
        .is_some_and(|expect| expect.contains_key(rule))
}

/// The first line with `needle`, or the first line of the file.
fn line_of(text: &str, needle: &str) -> usize {
    text.lines()
        .position(|line| line.contains(needle))
        .map_or(1, |index| index + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOOK: &str = r#"
        [source.art-51]
        href = "https://example.org"
        certainty = "primary-text"

        [[rule]]
        id = "tested"
        cite = "art-51"

        [[test]]
        expect = { tested = "applies" }
    "#;

    fn found(text: &str) -> Vec<String> {
        gaps("a.toml", text)
            .iter()
            .map(Finding::to_string)
            .collect()
    }

    #[test]
    fn a_complete_book_is_fine() {
        assert_eq!(found(BOOK), Vec::<String>::new());
        assert_eq!(found("format = 1"), Vec::<String>::new());
    }

    #[test]
    fn an_expectation_may_be_a_table() {
        let text = BOOK.replace("\"applies\"", "{ verdict = \"indeterminate\", needs = [] }");
        assert_eq!(found(&text), Vec::<String>::new());
    }

    #[test]
    fn each_gap_is_found_with_its_line() {
        let untested = found(&BOOK.replace("expect = { tested", "expect = { other"));
        assert_eq!(untested.len(), 1);
        assert!(untested[0].contains("rule `tested`") && untested[0].contains("a.toml:7"));
        assert!(found(&BOOK.replace("cite = \"art-51\"", ""))[0].contains("cites nothing"));
        assert!(found(&BOOK.replace("href =", "url ="))[0].contains("has no `href`"));
        assert!(found(&BOOK.replace("primary-text", ""))[0].contains("has no `certainty`"));
        assert!(found("[[rule]]\ncite = \"a\"")[0].contains("has no `id`"));
        assert!(found("[[rule")[0].contains("not TOML"));
    }
}
