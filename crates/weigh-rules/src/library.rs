//! What a rulebook is read against: the facts there are, how operations are counted, and shared
//! tables of codes.

use std::sync::Arc;

use weigh_facts::{Convention, Diagnostic, Dictionary};

use crate::CodeTable;

/// Everything a rulebook may name that it does not define itself.
#[derive(Clone, Debug, Default)]
pub struct Library {
    /// The facts there are.
    pub dictionary: Dictionary,
    /// The ways to count operations.
    pub conventions: Vec<Convention>,
    /// Shared tables of codes, such as country groups.
    pub tables: Vec<Arc<CodeTable>>,
}

impl Library {
    /// What ships with the program.
    #[must_use]
    pub fn shipped() -> Self {
        Self {
            dictionary: Dictionary::shipped(),
            conventions: crate::shipped_conventions(),
            tables: crate::shipped_tables(),
        }
    }

    /// Adds a file of facts, a convention or a table of codes, told apart by what it holds.
    ///
    /// # Errors
    /// Every problem found, each with its place; nothing is added then.
    pub fn add(&mut self, text: &str) -> Result<(), Vec<Diagnostic>> {
        match kind(text) {
            Kind::Facts => self.dictionary.add(text),
            Kind::Convention => {
                self.conventions
                    .push(crate::read_convention(text)?.convention);
                Ok(())
            }
            Kind::Table => {
                self.tables.push(Arc::new(crate::read_code_table(text)?));
                Ok(())
            }
            Kind::Book => {
                let message = "this file holds no facts, no convention and no table of codes";
                Err(vec![Diagnostic::new("rulebook-format", message, 0..0)])
            }
        }
    }
}

/// What a data file holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// `[fact.NAME]`, or nothing yet.
    Facts,
    /// `[convention]`.
    Convention,
    /// `[table]`.
    Table,
    /// `[rulebook]` or `[[rule]]`.
    Book,
}

/// What a data file holds, by the tables in it.
#[must_use]
pub fn kind(text: &str) -> Kind {
    let opens = |head: &str| text.lines().any(|l| l.trim_start().starts_with(head));
    if opens("[rulebook]") || opens("[[rule]]") {
        Kind::Book
    } else if opens("[convention]") {
        Kind::Convention
    } else if opens("[table]") {
        Kind::Table
    } else {
        Kind::Facts
    }
}
