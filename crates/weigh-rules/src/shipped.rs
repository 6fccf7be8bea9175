//! The rulebooks and conventions that ship with the program.

use std::sync::Arc;

use weigh_facts::{Convention, SubjectKind};

use crate::{
    CodeTable, ConventionBook, Library, Rulebook, check, check_trusted, read_code_table,
    read_convention,
};

/// One shipped rulebook: its id, its path inside this crate, and its text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ShippedBook {
    /// Its id, so that one book can be found without reading all.
    pub id: &'static str,
    /// Its path inside this crate.
    pub path: &'static str,
    /// Its text.
    pub text: &'static str,
}

impl ShippedBook {
    /// Has it a rule about this kind of subject? Seen without parsing it, by the lines on which rules
    /// say what they are about; a test holds that against what parsing gives.
    #[must_use]
    pub fn is_about(&self, kind: SubjectKind) -> bool {
        let said = self.text.lines().filter_map(|line| {
            let value = line.strip_prefix("about")?.trim_start().strip_prefix('=')?;
            value.trim().strip_prefix('"')?.strip_suffix('"')
        });
        said.into_iter().any(|word| word == kind.as_str())
    }
}

macro_rules! books {
    ($($id:literal = $file:literal),+ $(,)?) => {
        &[$(ShippedBook {
            id: $id,
            path: concat!("rulebooks/", $file),
            text: include_str!(concat!("../rulebooks/", $file)),
        }),+]
    };
}

/// By id.
const BOOKS: &[ShippedBook] = books![
    "claimed-chip-rule" = "hypothetical/claimed-chip-rule.toml",
    "eu-ai-act" = "eu/ai-act.toml",
    "hypothetical-hybrid" = "hypothetical/hybrid-framework.toml",
    "kr-ai-basic-act" = "kr/ai-basic-act.toml",
    "proposed-framework" = "hypothetical/proposed-framework.toml",
    "us-ca-sb1047" = "us-ca/sb1047.toml",
    "us-ca-sb53" = "us-ca/sb53.toml",
    "us-chip-security-act" = "us/chip-security-act.toml",
    "us-ear-4e091" = "us/ear-4e091.toml",
    "us-ear-chips" = "us/ear-advanced-computing.toml",
    "us-ear-letters" = "us/is-informed-letters.toml",
    "us-eo-14110" = "us/eo-14110.toml",
    "us-gaaia" = "us/gaaia.toml",
    "us-il-sb315" = "us-il/sb315.toml",
    "us-nprm-702-7" = "us/nprm-702-7.toml",
    "us-ny-raise" = "us-ny/raise.toml",
    "us-outbound-investment" = "us/outbound-investment.toml",
    "us-remote-access-security-act" = "us/remote-access-security-act.toml",
    "us-safe-chips" = "us/safe-chips.toml",
    "us-tariff-232" = "us/tariff-232.toml",
];

const TABLES: &[(&str, &str)] = &[(
    "rulebooks/tables/us-country-groups.toml",
    include_str!("../rulebooks/tables/us-country-groups.toml"),
)];

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
        "rulebooks/conventions/kr-ai-basic-act.toml",
        include_str!("../rulebooks/conventions/kr-ai-basic-act.toml"),
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
        "rulebooks/conventions/us-ca-sb1047.toml",
        include_str!("../rulebooks/conventions/us-ca-sb1047.toml"),
    ),
    (
        "rulebooks/conventions/us-ca-sb53.toml",
        include_str!("../rulebooks/conventions/us-ca-sb53.toml"),
    ),
    (
        "rulebooks/conventions/us-eo-14110.toml",
        include_str!("../rulebooks/conventions/us-eo-14110.toml"),
    ),
    (
        "rulebooks/conventions/us-gaaia.toml",
        include_str!("../rulebooks/conventions/us-gaaia.toml"),
    ),
    (
        "rulebooks/conventions/us-il-sb315.toml",
        include_str!("../rulebooks/conventions/us-il-sb315.toml"),
    ),
    (
        "rulebooks/conventions/us-nprm-702-7.toml",
        include_str!("../rulebooks/conventions/us-nprm-702-7.toml"),
    ),
    (
        "rulebooks/conventions/us-ny-raise.toml",
        include_str!("../rulebooks/conventions/us-ny-raise.toml"),
    ),
    (
        "rulebooks/conventions/us-outbound.toml",
        include_str!("../rulebooks/conventions/us-outbound.toml"),
    ),
];

/// Every shipped rulebook, by id.
#[must_use]
pub fn shipped() -> &'static [ShippedBook] {
    BOOKS
}

/// Every shipped rulebook, checked, in the order of their ids.
///
/// # Panics
/// Never in a release: a test loads them.
#[must_use]
pub fn load_shipped() -> Vec<Rulebook> {
    let library = Library::shipped();
    BOOKS.iter().map(|book| load_book(book, &library)).collect()
}

/// Every shipped rulebook with its tests, all of its checks made again.
///
/// # Panics
/// Never in a release: a test loads them.
#[must_use]
#[expect(clippy::expect_used, reason = "embedded data, loaded by a test")]
pub fn load_shipped_whole() -> Vec<Rulebook> {
    let library = Library::shipped();
    BOOKS
        .iter()
        .map(|book| check(book.text, &library).expect("the shipped rulebooks check"))
        .collect()
}

/// One shipped rulebook, without its tests: they are run where they are asked for, and whoever
/// only asks for a finding does not wait for them.
///
/// # Panics
/// Never in a release: a test loads it.
#[must_use]
#[expect(clippy::expect_used, reason = "embedded data, loaded by a test")]
pub fn load_book(book: &ShippedBook, library: &Library) -> Rulebook {
    check_trusted(book.text, library).expect("the shipped rulebooks check")
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

/// The shipped tables of codes, by id.
///
/// # Panics
/// Never in a release: a test loads them.
#[must_use]
#[expect(clippy::expect_used, reason = "embedded data, loaded by a test")]
pub fn shipped_tables() -> Vec<Arc<CodeTable>> {
    TABLES
        .iter()
        .map(|(_, text)| Arc::new(read_code_table(text).expect("the shipped tables read")))
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
        check(text, &Library::shipped()).unwrap_or_else(|errors| {
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
    fn loading_without_tests_reads_the_same_book() {
        let library = Library::shipped();
        for book in BOOKS {
            let whole = checked(book.path, book.text);
            let quick = load_book(book, &library);
            assert_eq!(quick.digest(), whole.digest(), "{}", book.path);
            assert_eq!(quick.change_days(), whole.change_days(), "{}", book.path);
            let rules = |b: &Rulebook| b.rules().map(|r| format!("{r:?}")).collect::<Vec<_>>();
            assert_eq!(rules(&quick), rules(&whole), "{}", book.path);
        }
    }

    #[test]
    fn every_shipped_rulebook_checks_and_passes_its_own_tests() {
        for ShippedBook { id, path, text } in BOOKS {
            let book = checked(path, text);
            assert_eq!(book.id(), *id, "{path}");
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
    fn what_a_book_is_about_is_seen_without_parsing_it() {
        let library = Library::shipped();
        for book in BOOKS {
            let loaded = load_book(book, &library);
            for kind in SubjectKind::ALL {
                let has = loaded.entries().any(|rule| rule.about == *kind);
                assert_eq!(book.is_about(*kind), has, "{} {kind}", book.id);
            }
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
