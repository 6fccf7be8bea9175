//! The law that is read: the rulebooks that ship, and those of a person's own folders beside them.
//!
//! - **Invariant:** a book of a person's own is marked as such, with its file and its digest, and
//!   is checked whole; nothing is replaced silently: an id that ships already is refused.

use std::path::PathBuf;

use rayon::prelude::*;
use weigh_facts::{Diagnostic, SubjectKind};
use weigh_rules::{Kind, Library, Rulebook, ShippedBook};

use crate::data_files::data_files;
use crate::error::WeighError;
use crate::evidence::read_text;

/// Which law is read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LawOptions {
    /// Rulebooks by id; empty for all.
    pub ids: Vec<String>,
    /// Folders of a person's own rulebooks, facts, conventions and tables.
    pub folders: Vec<PathBuf>,
}

/// Rulebooks, and what they are read against.
#[derive(Debug)]
pub struct Law {
    /// Facts, conventions, tables of codes.
    pub library: Library,
    /// The rulebooks, by id.
    pub books: Vec<Rulebook>,
    /// The texts of a person's own books, by id.
    supplied: Vec<(String, String)>,
}

/// A file of a person's own.
struct Supplied {
    path: String,
    text: String,
}

impl Law {
    /// Loads the rulebooks that were asked for.
    ///
    /// # Errors
    /// When there is no rulebook of a name, or a file of a person's own folder has faults.
    pub fn load(options: &LawOptions) -> Result<Self, WeighError> {
        Self::load_where(options, |_| true)
    }

    /// As [`Law::load`], and of the books that ship, those without a rule about any of these kinds
    /// are left out unless they were named.
    ///
    /// # Errors
    /// As [`Law::load`].
    pub fn load_about(options: &LawOptions, kinds: &[SubjectKind]) -> Result<Self, WeighError> {
        let is_named = !options.ids.is_empty();
        Self::load_where(options, |book| {
            is_named || kinds.iter().any(|kind| book.is_about(*kind))
        })
    }

    fn load_where(
        options: &LawOptions,
        is_read: impl Fn(&ShippedBook) -> bool,
    ) -> Result<Self, WeighError> {
        let mut library = Library::shipped();
        let books = supplied_files(&options.folders, &mut library)?;
        let mut own = Vec::new();
        let mut supplied = Vec::new();
        for file in books {
            let book = weigh_rules::check(&file.text, &library)
                .map_err(|faults| file.faults(faults))?
                .from_file(&file.path);
            let taken = weigh_rules::shipped().iter().map(|b| b.id);
            let taken = taken.chain(supplied.iter().map(|(id, _): &(String, _)| id.as_str()));
            if taken.into_iter().any(|id| id == book.id()) {
                let message = format!("there is another rulebook `{}`", book.id());
                let help = "give yours an id of its own; both are then read side by side";
                let error = Diagnostic::new("duplicate-id", message, 0..0).with_help(help);
                return Err(file.faults(vec![error]));
            }
            supplied.push((book.id().to_owned(), file.text));
            own.push(book);
        }
        let is_wanted = |id: &str| options.ids.is_empty() || options.ids.iter().any(|i| i == id);
        refuse_unknown(&options.ids, &supplied)?;
        let wanted: Vec<&ShippedBook> = weigh_rules::shipped()
            .iter()
            .filter(|b| is_wanted(b.id) && is_read(b))
            .collect();
        let mut books: Vec<Rulebook> = wanted
            .into_par_iter()
            .map(|book| weigh_rules::load_book(book, &library))
            .collect();
        books.extend(own.into_iter().filter(|b| is_wanted(b.id())));
        books.sort_by(|a, b| a.id().cmp(b.id()));
        Ok(Self {
            library,
            books,
            supplied,
        })
    }

    /// The text of a rulebook, shipped or supplied.
    #[must_use]
    pub fn text(&self, id: &str) -> Option<&str> {
        let shipped = weigh_rules::shipped().iter().find(|b| b.id == id);
        let own = self.supplied.iter().find(|(own, _)| own == id);
        shipped
            .map(|b| b.text)
            .or_else(|| own.map(|(_, text)| text.as_str()))
    }

    /// The rulebook of an id.
    #[must_use]
    pub fn book(&self, id: &str) -> Option<&Rulebook> {
        self.books.iter().find(|b| b.id() == id)
    }
}

impl Supplied {
    fn faults(&self, faults: Vec<Diagnostic>) -> WeighError {
        WeighError::Faults {
            path: self.path.clone(),
            text: self.text.clone(),
            faults,
        }
    }
}

/// Adds facts, conventions and tables to the library and returns the books: a book may stand
/// before the facts it mentions.
fn supplied_files(folders: &[PathBuf], library: &mut Library) -> Result<Vec<Supplied>, WeighError> {
    let mut books = Vec::new();
    for folder in folders {
        for file in data_files(folder)? {
            let (text, _) = read_text(&file, "rulebook")?;
            let file = Supplied {
                path: file.display().to_string(),
                text,
            };
            match weigh_rules::kind(&file.text) {
                Kind::Book => books.push(file),
                _ => library
                    .add(&file.text)
                    .map_err(|faults| file.faults(faults))?,
            }
        }
    }
    Ok(books)
}

fn refuse_unknown(ids: &[String], supplied: &[(String, String)]) -> Result<(), WeighError> {
    let shipped = weigh_rules::shipped().iter().map(|b| b.id);
    let known: Vec<&str> = shipped
        .chain(supplied.iter().map(|(id, _)| id.as_str()))
        .collect();
    match ids.iter().find(|id| !known.contains(&id.as_str())) {
        None => Ok(()),
        Some(name) => Err(WeighError::UnknownRulebook {
            name: name.clone(),
            known: known.join(", "),
        }),
    }
}
