//! `weighbridge rules lint`: what a rulebook that checks could do better.

use std::path::PathBuf;

use weigh_facts::{Dictionary, Severity};
use weigh_report::{Format, LintedFile};
use weigh_rules::{Library, Rulebook};

use super::Shelf;
use crate::commands::subject;
use crate::failure::Failure;
use crate::outcome::Outcome;
use crate::output;

/// Look for slips that a check cannot refuse: quotations that contradict their operator, rules that
/// nothing reaches, tests that are missing, places that do not exist, holes in time
///
/// The codes are listed in the manual. Exit code: 0 nothing worse than a warning; 1 an error was
/// found; 2 a rulebook does not check.
#[derive(clap::Args)]
pub(crate) struct LintArgs {
    /// Rulebook files, or folders of them with the facts and tables they use; without any, what ships
    /// is looked over, fact definitions too
    #[arg(value_name = "FILE")]
    files: Vec<PathBuf>,

    #[command(flatten)]
    shelf: Shelf,

    /// Leave out what is milder than this
    #[arg(long, value_enum, default_value_t = Least::Note)]
    least: Least,

    /// How to show the result
    #[arg(long, value_enum, default_value_t = LintFormat::Text)]
    format: LintFormat,
}

/// The mildest advice that is shown.
#[derive(Clone, Copy, clap::ValueEnum)]
enum Least {
    /// Everything
    Note,
    /// Likely slips, and what is wrong
    Warning,
    /// What is wrong
    Error,
}

/// How advice is shown.
#[derive(Clone, Copy, clap::ValueEnum)]
enum LintFormat {
    /// With the places, for a terminal
    Text,
    /// Versioned JSON
    Json,
}

pub(crate) fn run(args: &LintArgs) -> Result<Outcome, Failure> {
    let mut files = match args.files.is_empty() {
        true => shipped(),
        false => named(args)?,
    };
    let least = match args.least {
        Least::Note => Severity::Note,
        Least::Warning => Severity::Warning,
        Least::Error => Severity::Error,
    };
    for file in &mut files {
        file.lints.retain(|lint| lint.severity >= least);
    }
    let format = match args.format {
        LintFormat::Text => Format::Text,
        LintFormat::Json => Format::Json,
    };
    output::print(&weigh_report::render_lints(&files, format))?;
    let mut all = files.iter().flat_map(|f| &f.lints);
    Ok(match all.any(|lint| lint.severity == Severity::Error) {
        true => Outcome::Adverse,
        false => Outcome::Clear,
    })
}

/// The files and folders a person named, against what ships and what the folders add.
fn named(args: &LintArgs) -> Result<Vec<LintedFile>, Failure> {
    let mut library = args.shelf.library()?;
    let (folders, files): (Vec<PathBuf>, Vec<PathBuf>) =
        args.files.iter().cloned().partition(|p| p.is_dir());
    let failed = |e| subject::failure(&e);
    let mut texts = weigh_station::supplied_files(&folders, &mut library).map_err(failed)?;
    for file in files {
        let (text, _) = weigh_station::read_text(&file, "rulebook").map_err(failed)?;
        texts.push((file.display().to_string(), text));
    }
    let mut linted = Vec::new();
    for (path, text) in texts {
        let book = weigh_rules::check(&text, &library).map_err(|faults| {
            super::faulty(&path, &text, &faults, super::alone(&path, &args.files))
        })?;
        let lints = weigh_rules::lint(&book, &text);
        linted.push(LintedFile { path, text, lints });
    }
    Ok(linted)
}

/// Every rulebook that ships, and the facts that none of them mentions.
fn shipped() -> Vec<LintedFile> {
    let library = Library::shipped();
    let mut books: Vec<Rulebook> = Vec::new();
    let mut linted = Vec::new();
    for shipped in weigh_rules::shipped() {
        let book = weigh_rules::load_book_whole(shipped, &library);
        linted.push(LintedFile {
            path: shipped.path.to_owned(),
            text: shipped.text.to_owned(),
            lints: weigh_rules::lint(&book, shipped.text),
        });
        books.push(book);
    }
    let files = Dictionary::shipped_files().iter();
    linted.extend(files.map(|(path, text)| LintedFile {
        path: (*path).to_owned(),
        text: (*text).to_owned(),
        lints: weigh_rules::lint_facts(&books, &library.dictionary, text),
    }));
    linted
}
