//! `weighbridge rules page`: the law as one file of HTML.

use std::path::PathBuf;

use crate::commands::subject::Law;
use crate::failure::Failure;
use crate::outcome::Outcome;
use crate::output;

/// Write the rulebooks as one page of HTML: conditions, values over time, sources, readings
///
/// The page needs no network and runs nothing. It is read on a day, like everything else: what is
/// in force then, what is stale, which days ask for a person.
#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct PageArgs {
    #[command(flatten)]
    law: Law,

    /// Write the page to a file instead of standard output
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
}

const EXAMPLES: &str = "\
Examples:
  weighbridge rules page -o law.html
  weighbridge rules page --rulebook eu-ai-act --on 2026-08-02 -o act.html
  weighbridge rules page --rulebooks my-books -o law.html";

pub(crate) fn run(args: &PageArgs) -> Result<Outcome, Failure> {
    let on = args.law.on()?;
    let law = args.law.load_whole()?;
    let page = weigh_report::render_law_page(&law, on, args.law.known());
    match &args.output {
        Some(path) => output::write_file(path, &page)?,
        None => output::print(&page)?,
    }
    Ok(Outcome::Clear)
}
