//! `weighbridge assess`: facts in, findings out. No model is needed.

use std::path::{Path, PathBuf};

use weigh_facts::{Dictionary, Facts, Grade, Level, MethodId, Origin};
use weigh_station::Weighing;

use super::subject::{self, Law};
use super::weigh::{FormatArg, level, show};
use crate::failure::Failure;
use crate::outcome::Outcome;

/// Read rulebooks over a file of facts, such as `weigh --write-facts` writes
///
/// This is counsel's half of the loop: fill in the questions that are commented out in the file,
/// and see what each answer settles. The findings on an untouched file are those of `weigh`.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// File of facts
    #[arg(long, value_name = "FILE")]
    facts: PathBuf,

    #[command(flatten)]
    law: Law,

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

pub(crate) fn run(args: Args) -> Result<Outcome, Failure> {
    let weighing = from_file(&args.facts, &args.law)?;
    show(&weighing, args.format, args.output.as_deref())?;
    Ok(Outcome::of(&weighing.findings, args.fail_on))
}

/// Reads the rulebooks over a file of facts.
pub(crate) fn from_file(file: &Path, law: &Law) -> Result<Weighing, Failure> {
    let path = file.display().to_string();
    let (text, input) =
        weigh_station::read_text(file, "facts").map_err(|e| subject::failure(&e))?;
    let origin = Origin {
        grade: Grade::Declared,
        method: MethodId::new("declared"),
        sources: vec![path.clone()],
    };
    let facts = Facts::from_toml(&text, &Dictionary::shipped(), &origin)
        .map_err(|faults| Failure::in_file(&path, &text, &faults))?;
    weigh_station::assess(&path, input, facts, law.on()?, law.known(), law.rulebooks())
        .map_err(|e| subject::failure(&e))
}
