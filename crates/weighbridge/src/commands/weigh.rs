//! `weighbridge weigh`: the main job.

use std::path::{Path, PathBuf};

use weigh_facts::Level;
use weigh_report::Format;
use weigh_station::Weighing;

use super::subject;
use crate::failure::Failure;
use crate::outcome::Outcome;
use crate::output;

/// Weigh a model: its operations with bounds, and what every rulebook says of it
///
/// Give a model folder, and whatever says how it was trained: a `trainer_state.json`, a
/// `pipeline.toml`, or `--tokens` and `--sequence-length`. What is not known is not guessed: the
/// page says which rules stay open, and which question would settle each.
///
/// Exit code: 0 answered; 3 a rule at level `obligation` or above is indeterminate; with
/// `--fail-on LEVEL`, 1 if a rule at or above LEVEL applies; 2 for errors.
#[derive(clap::Args)]
#[command(after_help = EXAMPLES, arg_required_else_help = true)]
pub(crate) struct Args {
    #[command(flatten)]
    subject: subject::Subject,

    /// Write the known facts, and the missing ones as commented questions, for `assess --facts`
    #[arg(long, value_name = "FILE")]
    write_facts: Option<PathBuf>,

    /// How to show the result
    #[arg(long, value_enum, default_value_t = FormatArg::Text)]
    format: FormatArg,

    /// Write the result to a file instead of standard output
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,

    /// Exit with 1 if a rule at or above this level applies
    #[arg(long, value_name = "LEVEL", value_parser = level)]
    fail_on: Option<Level>,
}

const EXAMPLES: &str = "\
Examples:
  weighbridge weigh models/llama-3.1-8b --tokens 15e12 --sequence-length 8192
  weighbridge weigh config.json trainer_state.json --format html -o page.html
  weighbridge weigh my-adapter --pipeline pipeline.toml --fail-on review";

/// How to show a result.
#[derive(Clone, Copy, clap::ValueEnum)]
pub(crate) enum FormatArg {
    /// One page for a terminal
    Text,
    /// Versioned JSON
    Json,
    /// Markdown for a ticket or a memo
    Markdown,
    /// One self-contained file that prints
    Html,
}

impl From<FormatArg> for Format {
    fn from(format: FormatArg) -> Self {
        match format {
            FormatArg::Text => Self::Text,
            FormatArg::Json => Self::Json,
            FormatArg::Markdown => Self::Markdown,
            FormatArg::Html => Self::Html,
        }
    }
}

/// Reads a level by its word.
pub(crate) fn level(text: &str) -> Result<Level, String> {
    let words: Vec<&str> = Level::ALL.iter().map(|l| l.as_str()).collect();
    Level::parse(text).ok_or_else(|| format!("use one of {}", words.join(", ")))
}

/// Shows a weighing where it was asked for: in color only for a person at a terminal.
pub(crate) fn show(
    weighing: &Weighing,
    format: FormatArg,
    file: Option<&Path>,
) -> Result<(), Failure> {
    match (file, format) {
        (Some(path), format) => {
            output::write_file(path, &weigh_report::render(weighing, format.into()))
        }
        (None, FormatArg::Text) => {
            output::print(&weigh_report::render_text(weighing, output::is_terminal()))
        }
        (None, format) => output::print(&weigh_report::render(weighing, format.into())),
    }
}

pub(crate) fn run(args: Args) -> Result<Outcome, Failure> {
    let weighing = subject::weigh(&args.subject)?;
    show(&weighing, args.format, args.output.as_deref())?;
    if let Some(path) = &args.write_facts {
        let missing = weigh_station::missing_facts(&weighing.findings);
        let facts = weighing.facts.to_toml(&weighing.dictionary, &missing);
        output::write_file(path, &facts)?;
    }
    Ok(Outcome::of(&weighing.findings, args.fail_on))
}
