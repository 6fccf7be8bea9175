//! `weighbridge rules diff`: two readings of the law beside each other.

use std::path::PathBuf;

use weigh_station::WeighError;

use crate::commands::subject::{self, Law};
use crate::commands::weigh::FormatArg;
use crate::failure::Failure;
use crate::outcome::Outcome;
use crate::output;

/// Compare two days, or two rulebooks: what differs in the text, and whose treatment changes
///
/// A and B are each a day (`2025-05-13`), a rulebook by id (`us-ear-4e091`), a rulebook file
/// (`my/book.toml`), or one of the latter two with a day (`us-ear-4e091@2025-05-13`). Of two days,
/// every rulebook is compared with itself; beside a rulebook, a day means that rulebook on that day.
///
/// Every chip of the catalog and a table of published models are tried on both sides, and those
/// are listed for which other rules apply, or cannot be decided.
#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct DiffArgs {
    /// A day, a rulebook, a file, or `ID@DAY`
    #[arg(value_name = "A")]
    one: String,

    /// What it is compared with
    #[arg(value_name = "B")]
    other: String,

    #[command(flatten)]
    law: Law,

    /// How to show the result
    #[arg(long, value_enum, default_value_t = FormatArg::Text)]
    format: FormatArg,

    /// Write the result to a file instead of standard output
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
}

const EXAMPLES: &str = "\
Examples:
  weighbridge rules diff 2025-01-12 2025-01-13
  weighbridge rules diff eu-ai-act@2025-08-02 eu-ai-act@2026-08-02
  weighbridge rules diff us-ear-4e091 my-reading.toml --format html -o diff.html";

pub(crate) fn run(args: &DiffArgs) -> Result<Outcome, Failure> {
    let on = args.law.on()?;
    let law = args.law.load()?;
    let named = (args.one.as_str(), args.other.as_str());
    let failed = |e| match e {
        WeighError::Faults { path, text, faults } => {
            let action = Some("add `--rulebooks` with that folder");
            super::faulty(&path, &text, &faults, action)
        }
        other => subject::failure(&other),
    };
    let (one, other) = weigh_station::sides(named, &law, on, args.law.known()).map_err(failed)?;
    let found = weigh_station::diff_law(&one, &other, &law).map_err(failed)?;
    match (&args.output, args.format) {
        (None, FormatArg::Text) => {
            let color = output::is_terminal();
            output::print(&weigh_report::render_law_diff_text(&found, color))?;
        }
        (file, format) => {
            let shown = weigh_report::render_law_diff(&found, format.into());
            super::write(file.as_deref(), &shown)?;
        }
    }
    Ok(Outcome::Clear)
}
