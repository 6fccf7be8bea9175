//! `weighbridge rules`: the law itself, as data.

mod diff;
mod emit;
mod facts;
mod lint;
mod page;

use std::path::{Path, PathBuf};

use weigh_facts::{Date, Diagnostic, Dictionary};
use weigh_rules::{Kind, Library, Rulebook};
use weigh_station::LawOptions;

use super::subject::{self, Law};
use crate::failure::Failure;
use crate::outcome::Outcome;
use crate::output;

/// List, show, compare, test and lint the rulebooks, search the facts they read, and write them as
/// SQL
#[derive(clap::Subcommand)]
pub(crate) enum RulesVerb {
    List(ListArgs),
    Show(ShowArgs),
    Page(page::PageArgs),
    Diff(diff::DiffArgs),
    Test(TestArgs),
    Lint(lint::LintArgs),
    Emit(emit::EmitArgs),
    Facts(facts::FactsArgs),
}

/// List the rulebooks with their status on a day
#[derive(clap::Args)]
pub(crate) struct ListArgs {
    /// Name every rule, also of many rulebooks
    #[arg(long)]
    rules: bool,

    #[command(flatten)]
    law: Law,
}

/// Show one rulebook: its file, or what stands in it for people
#[derive(clap::Args)]
pub(crate) struct ShowArgs {
    /// Rulebook, by id
    id: String,

    /// How to show it
    #[arg(long, value_enum, default_value_t = ShowFormat::Toml)]
    format: ShowFormat,

    /// Day on which it is read, for `text` and `html` [default: today, UTC]
    #[arg(long, value_name = "YYYY-MM-DD")]
    on: Option<Date>,

    /// Day on which our knowledge of it ends, for `text` and `html` [default: what it knows]
    #[arg(long, value_name = "YYYY-MM-DD")]
    known: Option<Date>,

    /// Folder with rulebooks of your own; may be repeated
    #[arg(long, value_name = "DIR")]
    rulebooks: Vec<PathBuf>,

    /// Write it to a file instead of standard output
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
}

/// How a rulebook is shown.
#[derive(Clone, Copy, clap::ValueEnum)]
pub(crate) enum ShowFormat {
    /// The file itself, with its tests
    Toml,
    /// Rules, values, statuses and sources, for a terminal
    Text,
    /// The same as one page, as `rules page` writes it
    Html,
}

/// Run the tests inside rulebooks, and check rulebooks of your own
///
/// Exit code: 0 all pass; 1 a test failed; 2 a rulebook does not check.
#[derive(clap::Args)]
pub(crate) struct TestArgs {
    /// Rulebook files, or folders of rulebooks with the facts, conventions and tables they use;
    /// without any, the rulebooks that ship
    #[arg(value_name = "PATH")]
    files: Vec<PathBuf>,

    /// Say also which comparisons the tests take one way only, and which rules few tests name
    #[arg(long)]
    coverage: bool,

    #[command(flatten)]
    shelf: Shelf,
}

/// What rulebook files are read against.
#[derive(clap::Args)]
pub(crate) struct Shelf {
    /// Folder of fact definitions to use instead of those that ship
    #[arg(long, value_name = "DIR")]
    dictionary: Option<PathBuf>,

    /// Folder of tables of codes to use instead of those that ship
    #[arg(long, value_name = "DIR")]
    tables: Option<PathBuf>,

    /// Folder of counting conventions to use instead of those that ship
    #[arg(long, value_name = "DIR")]
    conventions: Option<PathBuf>,
}

pub(crate) fn run(verb: RulesVerb) -> Result<Outcome, Failure> {
    match verb {
        RulesVerb::List(args) => list(&args),
        RulesVerb::Show(args) => show(&args),
        RulesVerb::Page(args) => page::run(&args),
        RulesVerb::Diff(args) => diff::run(&args),
        RulesVerb::Test(args) => test(&args),
        RulesVerb::Lint(args) => lint::run(&args),
        RulesVerb::Emit(args) => emit::run(&args),
        RulesVerb::Facts(args) => facts::run(&args),
    }
}

fn list(args: &ListArgs) -> Result<Outcome, Failure> {
    let on = args.law.on()?;
    let law = args.law.load()?;
    let names_rules = args.rules || args.law.names_books();
    let mut out = format!("rulebooks on {on}\n");
    for book in &law.books {
        let known = args.law.known().unwrap_or_else(|| book.known_through());
        let text = book
            .text_status()
            .at(on, known)
            .map_or("no text known", |s| s.value.as_str());
        let enforcement = book
            .enforcement()
            .at(on, known)
            .map_or("unknown", |e| e.value.as_str());
        let stale = if on > book.known_through() {
            ", stale"
        } else {
            ""
        };
        out.push_str(&format!("\n{}  {}\n", book.id(), book.title()));
        if let Some(file) = book.supplied_by() {
            out.push_str(&format!(
                "  SUPPLIED BY YOU: {file}, sha256 {}\n",
                book.digest()
            ));
        }
        out.push_str(&format!("  text {text}; enforcement {enforcement}; "));
        out.push_str(&format!(
            "version {}, knows the law through {}{stale}\n",
            book.version(),
            book.known_through()
        ));
        let known_rules = book.entries().count();
        if !names_rules {
            out.push_str(&format!("  {known_rules} rules\n"));
            continue;
        }
        for rule in book.entries() {
            out.push_str(&format!(
                "  {:<16} {}  (about {})\n",
                rule.level,
                rule.id,
                rule.about.with_article()
            ));
        }
    }
    if !names_rules {
        out.push_str("\nWith `--rulebook ID` or `--rules` every rule is named.\n");
    }
    output::print(&out)?;
    Ok(Outcome::Clear)
}

fn show(args: &ShowArgs) -> Result<Outcome, Failure> {
    let options = LawOptions {
        ids: vec![args.id.clone()],
        folders: args.rulebooks.clone(),
    };
    let failed = |e| subject::failure(&e);
    if matches!(args.format, ShowFormat::Toml) {
        let law = weigh_station::Law::load(&options).map_err(failed)?;
        write(
            args.output.as_deref(),
            law.text(&args.id).unwrap_or_default(),
        )?;
        return Ok(Outcome::Clear);
    }
    let on = args.on.map_or_else(subject::today, Ok)?;
    let law = weigh_station::Law::load_whole(&options).map_err(failed)?;
    let shown = match args.format {
        ShowFormat::Html => weigh_report::render_law_page(&law, on, args.known),
        _ => {
            let color = args.output.is_none() && output::is_terminal();
            weigh_report::render_law_text(&law, on, args.known, color)
        }
    };
    write(args.output.as_deref(), &shown)?;
    Ok(Outcome::Clear)
}

/// What to do where a file was named and its folder was not.
fn alone(path: &str, named: &[PathBuf]) -> Option<&'static str> {
    let is_named = named.iter().any(|file| file.display().to_string() == path);
    is_named.then_some("name the folder instead of the file")
}

/// The faults of a rulebook. One that was named without its folder is read without the facts,
/// conventions and tables beside it, and where it misses some the help says so.
fn faulty(path: &str, text: &str, faults: &[Diagnostic], action: Option<&str>) -> Failure {
    let misses = |faults: &[Diagnostic]| faults.iter().filter(|d| MISSED.contains(&d.code)).count();
    let failure = Failure::in_file(path, text, faults);
    let folder = Path::new(path).parent();
    let folder = folder.map_or(Path::new("."), |f| match f.as_os_str().is_empty() {
        true => Path::new("."),
        false => f,
    });
    let with_folder = match (action, misses(faults)) {
        (Some(_), 1..) => weigh_rules::check(text, &shelf_beside(folder)).err(),
        _ => return failure,
    };
    let Some(action) = action.filter(|_| misses(&with_folder.unwrap_or_default()) < misses(faults))
    else {
        return failure;
    };
    failure.help(format!(
        "the facts, conventions and tables in `{}` are not read with this file alone: {action}",
        folder.display()
    ))
}

/// Codes of what a rulebook names and its library does not have.
const MISSED: &[&str] = &[
    "unknown-convention",
    "unknown-name",
    "unknown-fact",
    "unknown-table",
];

/// What ships, and what lies in a folder beside a rulebook, as far as it can be read.
fn shelf_beside(folder: &Path) -> Library {
    let mut library = Library::shipped();
    for file in weigh_station::data_files(folder).unwrap_or_default() {
        if file.parent() != Some(folder) {
            continue;
        }
        let Ok((text, _)) = weigh_station::read_text(&file, "rulebook") else {
            continue;
        };
        if !matches!(weigh_rules::kind(&text), Kind::Book) {
            let _ = library.add(&text);
        }
    }
    library
}

/// Writes where it was asked for.
fn write(file: Option<&Path>, text: &str) -> Result<(), Failure> {
    match file {
        Some(path) => output::write_file(path, text),
        None => output::print(text),
    }
}

fn test(args: &TestArgs) -> Result<Outcome, Failure> {
    let mut library = args.shelf.library()?;
    let mut books = Vec::new();
    let (folders, files): (Vec<PathBuf>, Vec<PathBuf>) =
        args.files.iter().cloned().partition(|p| p.is_dir());
    let mut texts =
        weigh_station::supplied_files(&folders, &mut library).map_err(|e| subject::failure(&e))?;
    for file in files {
        let (text, _) =
            weigh_station::read_text(&file, "rulebook").map_err(|e| subject::failure(&e))?;
        texts.push((file.display().to_string(), text));
    }
    for (path, text) in texts {
        let book = weigh_rules::check(&text, &library)
            .map_err(|faults| faulty(&path, &text, &faults, alone(&path, &args.files)))?;
        books.push(book);
    }
    if args.files.is_empty() {
        books = weigh_rules::load_shipped_whole();
    }
    let (mut passed, mut failed, mut out) = (0, 0, String::new());
    for book in &books {
        run_book(book, &mut passed, &mut failed, &mut out);
        if args.coverage {
            write_coverage(book, &mut out);
        }
    }
    out.push_str(&format!("{passed} passed, {failed} failed\n"));
    output::print(&out)?;
    Ok(if failed == 0 {
        Outcome::Clear
    } else {
        Outcome::Adverse
    })
}

impl Shelf {
    /// What ships, save for the folders that were named.
    pub(crate) fn library(&self) -> Result<Library, Failure> {
        let mut library = Library::shipped();
        for (folder, is_emptied) in [
            (&self.dictionary, Kind::Facts),
            (&self.conventions, Kind::Convention),
            (&self.tables, Kind::Table),
        ] {
            let Some(folder) = folder else { continue };
            match is_emptied {
                Kind::Facts => library.dictionary = Dictionary::default(),
                Kind::Convention => library.conventions.clear(),
                Kind::Table => library.tables.clear(),
                Kind::Book => {}
            }
            for file in weigh_station::data_files(folder).map_err(|e| subject::failure(&e))? {
                let path = file.display().to_string();
                let (text, _) = weigh_station::read_text(&file, "rulebook")
                    .map_err(|e| subject::failure(&e))?;
                library
                    .add(&text)
                    .map_err(|faults| Failure::in_file(&path, &text, &faults))?;
            }
        }
        Ok(library)
    }
}

fn write_coverage(book: &Rulebook, out: &mut String) {
    let coverage = weigh_rules::coverage(book);
    let (all, gaps) = (coverage.atoms.len(), coverage.gaps().count());
    out.push_str(&format!(
        "coverage of {}: {} of {all} comparisons taken both ways or excused\n",
        book.id(),
        all - gaps
    ));
    for (rule, tests) in coverage.rules_below(3) {
        out.push_str(&format!(
            "  `{rule}` is named by {tests} tests, and should be by three\n"
        ));
    }
    for gap in coverage.gaps() {
        let missing = match (gap.seen_true, gap.seen_false) {
            (false, false) => "never known",
            (true, _) => "never false",
            (false, true) => "never true",
        };
        out.push_str(&format!("  `{}`: `{}` is {missing}\n", gap.rule, gap.atom));
    }
}

fn run_book(book: &Rulebook, passed: &mut usize, failed: &mut usize, out: &mut String) {
    for outcome in weigh_rules::run_tests(book) {
        let word = if outcome.passed() { "ok    " } else { "FAILED" };
        out.push_str(&format!("{word} {}: {}\n", book.id(), outcome.name));
        for line in &outcome.failures {
            out.push_str(&format!("         {line}\n"));
        }
        *(if outcome.passed() {
            &mut *passed
        } else {
            &mut *failed
        }) += 1;
    }
}
