//! `weighbridge rules`: the law itself, as data.

use std::path::PathBuf;

use weigh_facts::Dictionary;
use weigh_rules::Rulebook;

use super::subject::{self, Law};
use crate::failure::Failure;
use crate::outcome::Outcome;
use crate::output;

/// List, show and test the rulebooks
#[derive(clap::Subcommand)]
pub(crate) enum RulesVerb {
    List(ListArgs),
    Show(ShowArgs),
    Test(TestArgs),
}

/// List the rulebooks with their status on a day
#[derive(clap::Args)]
pub(crate) struct ListArgs {
    #[command(flatten)]
    law: Law,
}

/// Show the text of a rulebook, with its sources and tests
#[derive(clap::Args)]
pub(crate) struct ShowArgs {
    /// Rulebook, by id
    id: String,
}

/// Run the tests inside rulebooks, and check rulebooks of your own
///
/// Exit code: 0 all pass; 1 a test failed; 2 a rulebook does not check.
#[derive(clap::Args)]
pub(crate) struct TestArgs {
    /// Rulebook files; without any, the rulebooks that ship
    #[arg(value_name = "FILE")]
    files: Vec<PathBuf>,
}

pub(crate) fn run(verb: RulesVerb) -> Result<Outcome, Failure> {
    match verb {
        RulesVerb::List(args) => list(&args),
        RulesVerb::Show(args) => show(&args),
        RulesVerb::Test(args) => test(&args),
    }
}

fn list(args: &ListArgs) -> Result<Outcome, Failure> {
    let on = args.law.on()?;
    let books = weigh_station::books(args.law.rulebooks()).map_err(|e| subject::failure(&e))?;
    let mut out = format!("rulebooks on {on}\n");
    for book in &books {
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
        out.push_str(&format!("  text {text}; enforcement {enforcement}; "));
        out.push_str(&format!(
            "version {}, knows the law through {}{stale}\n",
            book.version(),
            book.known_through()
        ));
        for rule in book.entries() {
            out.push_str(&format!(
                "  {:<16} {}  (about a {})\n",
                rule.level, rule.id, rule.about
            ));
        }
    }
    output::print(&out)?;
    Ok(Outcome::Clear)
}

fn show(args: &ShowArgs) -> Result<Outcome, Failure> {
    let ids = [args.id.clone()];
    weigh_station::books(&ids).map_err(|e| subject::failure(&e))?;
    let texts = weigh_rules::shipped();
    let conventions = weigh_rules::shipped_conventions();
    let is_wanted = |text: &str| {
        weigh_rules::check(text, &Dictionary::shipped(), &conventions)
            .is_ok_and(|b| b.id() == args.id)
    };
    if let Some((_, text)) = texts.iter().find(|(_, text)| is_wanted(text)) {
        output::print(text)?;
    }
    Ok(Outcome::Clear)
}

fn test(args: &TestArgs) -> Result<Outcome, Failure> {
    let conventions = weigh_rules::shipped_conventions();
    let mut books = Vec::new();
    for file in &args.files {
        let path = file.display().to_string();
        let (text, _) =
            weigh_station::read_text(file, "rulebook").map_err(|e| subject::failure(&e))?;
        let book = weigh_rules::check(&text, &Dictionary::shipped(), &conventions)
            .map_err(|faults| Failure::in_file(&path, &text, &faults))?;
        books.push(book);
    }
    if args.files.is_empty() {
        books = weigh_rules::load_shipped();
    }
    let (mut passed, mut failed, mut out) = (0, 0, String::new());
    for book in &books {
        run_book(book, &mut passed, &mut failed, &mut out);
    }
    out.push_str(&format!("{passed} passed, {failed} failed\n"));
    output::print(&out)?;
    Ok(if failed == 0 {
        Outcome::Clear
    } else {
        Outcome::Adverse
    })
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
