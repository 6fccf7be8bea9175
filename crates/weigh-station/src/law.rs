//! The law that is read: the rulebooks that ship, and those of a person's own folders beside them.
//!
//! - **Invariant:** a book of a person's own is marked as such, with its file and its digest, and
//!   is checked whole; nothing is replaced silently: an id that ships already is refused.

use std::path::{Path, PathBuf};

use rayon::prelude::*;
use weigh_facts::{Diagnostic, FactName, SubjectKind, nearest};
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
        Self::load_where(options, weigh_rules::load_book, |_| true)
    }

    /// The same with the tests of every rulebook, for pages that say what is tested.
    ///
    /// # Errors
    /// As [`Law::load`].
    pub fn load_whole(options: &LawOptions) -> Result<Self, WeighError> {
        Self::load_where(options, weigh_rules::load_book_whole, |_| true)
    }

    /// As [`Law::load`], and of the books that ship, those without a rule about any of these kinds
    /// are left out unless they were named.
    ///
    /// # Errors
    /// As [`Law::load`].
    pub fn load_about(options: &LawOptions, kinds: &[SubjectKind]) -> Result<Self, WeighError> {
        let is_named = !options.ids.is_empty();
        Self::load_where(options, weigh_rules::load_book, |book| {
            is_named || kinds.iter().any(|kind| book.is_about(*kind))
        })
    }

    fn load_where(
        options: &LawOptions,
        load: fn(&ShippedBook, &Library) -> Rulebook,
        is_read: impl Fn(&ShippedBook) -> bool,
    ) -> Result<Self, WeighError> {
        let mut library = Library::shipped();
        let books = read_supplied(&options.folders, &mut library)?;
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
                let error = Diagnostic::new("rulebook-id-taken", message, 0..0).with_help(help);
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
            .map(|book| load(book, &library))
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

    /// A rulebook file of a person's own, checked against this law's library; its id may be one
    /// that is taken, since it is read beside the other and not in its place.
    ///
    /// # Errors
    /// When it cannot be read or has faults.
    pub fn file(&self, path: &Path) -> Result<Rulebook, WeighError> {
        let (text, _) = read_text(path, "rulebook")?;
        let file = Supplied {
            path: path.display().to_string(),
            text,
        };
        let book = weigh_rules::check(&file.text, &self.library);
        let book = book.map_err(|faults| file.faults(faults))?;
        Ok(book.from_file(&file.path))
    }

    /// Refuses a fact counted under a convention that there is not: no rule would ever read it.
    ///
    /// # Errors
    /// The first such fact, with the nearest convention.
    pub fn refuse_unknown_conventions<'a>(
        &self,
        facts: impl IntoIterator<Item = &'a FactName>,
    ) -> Result<(), WeighError> {
        let known = || self.library.conventions.iter().map(|c| c.id.as_str());
        for fact in facts {
            let Some(convention) = fact.convention() else {
                continue;
            };
            if known().any(|k| k == convention) {
                continue;
            }
            return Err(WeighError::UnknownConvention {
                fact: fact.to_string(),
                convention: convention.to_owned(),
                nearest: nearest(convention, known()).map(str::to_owned),
                known: known().collect::<Vec<_>>().join(", "),
            });
        }
        Ok(())
    }

    /// The rulebook of an id.
    ///
    /// # Errors
    /// When there is none among those that were loaded.
    pub fn named(&self, id: &str) -> Result<&Rulebook, WeighError> {
        self.book(id).ok_or_else(|| {
            let known: Vec<&str> = self.books.iter().map(Rulebook::id).collect();
            WeighError::UnknownRulebook {
                name: id.to_owned(),
                known: known.join(", "),
            }
        })
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

/// Adds the facts, conventions and tables of a person's own folders to a library, and returns the
/// rulebooks in them, each by its path and text: a book may stand before the facts it mentions.
///
/// # Errors
/// When a folder cannot be read, or a file that is no rulebook has faults.
pub fn supplied_files(
    folders: &[PathBuf],
    library: &mut Library,
) -> Result<Vec<(String, String)>, WeighError> {
    let books = read_supplied(folders, library)?;
    Ok(books.into_iter().map(|b| (b.path, b.text)).collect())
}

fn read_supplied(folders: &[PathBuf], library: &mut Library) -> Result<Vec<Supplied>, WeighError> {
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
