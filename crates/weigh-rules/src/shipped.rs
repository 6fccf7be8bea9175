//! The rulebooks and conventions that ship with the program.

use sha2::{Digest, Sha256};
use weigh_facts::{Convention, Dictionary};

use crate::{ConventionBook, Rulebook, check, read_convention};

const BOOKS: &[(&str, &str)] = &[];

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

/// SHA-256 of a text, in hexadecimal.
pub(crate) fn digest(text: &str) -> String {
    Sha256::digest(text)
        .iter()
        .map(|b| format!("{b:02x}"))
        .collect()
}
