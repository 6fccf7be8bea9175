//! The rulebooks and conventions that ship with the program.

use weigh_facts::{Convention, Dictionary};

use crate::{ConventionBook, Rulebook, check, read_convention};

const BOOKS: &[(&str, &str)] = &[
    (
        "rulebooks/eu/ai-act.toml",
        include_str!("../rulebooks/eu/ai-act.toml"),
    ),
    (
        "rulebooks/hypothetical/claimed-chip-rule.toml",
        include_str!("../rulebooks/hypothetical/claimed-chip-rule.toml"),
    ),
    (
        "rulebooks/hypothetical/proposed-framework.toml",
        include_str!("../rulebooks/hypothetical/proposed-framework.toml"),
    ),
    (
        "rulebooks/us-ca/sb53.toml",
        include_str!("../rulebooks/us-ca/sb53.toml"),
    ),
    (
        "rulebooks/us/ear-4e091.toml",
        include_str!("../rulebooks/us/ear-4e091.toml"),
    ),
];

const CONVENTIONS: &[(&str, &str)] = &[
    (
        "rulebooks/conventions/eu-cumulative.toml",
        include_str!("../rulebooks/conventions/eu-cumulative.toml"),
    ),
    (
        "rulebooks/conventions/eu-training.toml",
        include_str!("../rulebooks/conventions/eu-training.toml"),
    ),
    (
        "rulebooks/conventions/proposed-framework.toml",
        include_str!("../rulebooks/conventions/proposed-framework.toml"),
    ),
    (
        "rulebooks/conventions/us-4e091.toml",
        include_str!("../rulebooks/conventions/us-4e091.toml"),
    ),
    (
        "rulebooks/conventions/us-ca-sb53.toml",
        include_str!("../rulebooks/conventions/us-ca-sb53.toml"),
    ),
];

/// Every shipped rulebook: path inside this crate, and text.
#[must_use]
pub fn shipped() -> Vec<(&'static str, &'static str)> {
    BOOKS.to_vec()
}

/// Every shipped rulebook, checked, in the order of their ids.
///
/// # Panics
/// Never in a release: a test loads them.
#[must_use]
#[expect(clippy::expect_used, reason = "embedded data, loaded by a test")]
pub fn load_shipped() -> Vec<Rulebook> {
    let dictionary = Dictionary::shipped();
    let conventions = shipped_conventions();
    let mut books: Vec<Rulebook> = BOOKS
        .iter()
        .map(|(_, text)| {
            check(text, &dictionary, &conventions).expect("the shipped rulebooks check")
        })
        .collect();
    books.sort_by(|a, b| a.id().cmp(b.id()));
    books
}

/// The shipped counting conventions with their sources, by id.
///
/// # Panics
/// Never in a release: a test loads them.
#[must_use]
#[expect(clippy::expect_used, reason = "embedded data, loaded by a test")]
pub fn shipped_convention_books() -> Vec<ConventionBook> {
    CONVENTIONS
        .iter()
        .map(|(_, text)| read_convention(text).expect("the shipped conventions read"))
        .collect()
}

/// The shipped counting conventions, by id.
#[must_use]
pub fn shipped_conventions() -> Vec<Convention> {
    shipped_convention_books()
        .into_iter()
        .map(|book| book.convention)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run_tests;

    fn checked(path: &str, text: &str) -> Rulebook {
        check(text, &Dictionary::shipped(), &shipped_conventions()).unwrap_or_else(|errors| {
            let shown: Vec<String> = errors.iter().map(|e| e.render(path, text)).collect();
            panic!("{}", shown.join("\n"))
        })
    }

    #[test]
    fn every_shipped_convention_reads_and_bears_the_name_of_its_file() {
        for (path, text) in CONVENTIONS {
            let book = read_convention(text).unwrap_or_else(|errors| {
                let shown: Vec<String> = errors.iter().map(|e| e.render(path, text)).collect();
                panic!("{}", shown.join("\n"))
            });
            assert!(
                path.ends_with(&format!("/{}.toml", book.convention.id)),
                "{path}"
            );
        }
    }

    #[test]
    fn every_shipped_rulebook_checks_and_passes_its_own_tests() {
        for (path, text) in BOOKS {
            let book = checked(path, text);
            assert!(book.test_count() > 0, "{path} has no tests");
            let failed: Vec<String> = run_tests(&book)
                .into_iter()
                .filter(|outcome| !outcome.passed())
                .map(|outcome| {
                    format!(
                        "{path}: {}\n  {}",
                        outcome.name,
                        outcome.failures.join("\n  ")
                    )
                })
                .collect();
            assert!(failed.is_empty(), "{}", failed.join("\n"));
        }
    }

    #[test]
    fn enforcement_is_what_was_said_of_it() {
        let books = load_shipped();
        let on = |id: &str, on: &str, known: &str| {
            let book = books.iter().find(|b| b.id() == id).unwrap();
            let found = book
                .enforcement()
                .at(on.parse().unwrap(), known.parse().unwrap());
            found.map(|e| e.value.as_str())
        };
        let late = "2026-10-01";
        assert_eq!(on("us-ear-4e091", "2025-05-12", late), Some("unknown"));
        let announced = Some("announced-non-enforcement");
        assert_eq!(on("us-ear-4e091", "2025-05-13", late), announced);
        assert_eq!(on("us-ear-4e091", "2025-01-13", "2025-01-12"), None);
        assert_eq!(
            on("eu-ai-act", "2026-08-02", "2025-08-02"),
            Some("enforced")
        );
    }

    #[test]
    fn ids_are_unique() {
        let books = load_shipped();
        let ids: std::collections::BTreeSet<_> = books.iter().map(Rulebook::id).collect();
        assert_eq!(ids.len(), BOOKS.len());
    }
}
