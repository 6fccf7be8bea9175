//! `weighbridge inspect`: what is in an artifact.

use std::path::PathBuf;

use weigh_station::{DigestOptions, InspectOptions, Progress, Quiet};

use super::subject;
use super::weigh::FormatArg;
use crate::bar::Bar;
use crate::failure::Failure;
use crate::outcome::Outcome;
use crate::output;

/// Say what is in a model: a folder, a weights file, a configuration, an adapter, a pipeline
///
/// Parameters are counted twice, from the tensor headers and from the configuration, and the two
/// counts must agree. Only headers are read, unless digests are asked for.
///
/// Memory and time are floors: a perfect split over the devices, no time for talk between them, and
/// kernels that reach the datasheet's rates.
#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// Folder or file
    #[arg(value_name = "PATH")]
    path: PathBuf,

    /// Tokens of the sequence that memory and time are told for [default: 8192, or what the model allows]
    #[arg(long, value_name = "TOKENS", value_parser = clap::value_parser!(u64).range(1..=1_000_000_000_000))]
    tokens: Option<u64>,

    /// Say how many of each chip of the catalog one inference pass takes, and how long at least
    #[arg(long)]
    devices: bool,

    /// Read every byte and print SHA-256 and BLAKE3 of each file, and one digest over all tensors
    #[arg(long, value_enum, num_args = 0..=1, default_missing_value = "all", require_equals = true)]
    digests: Option<DigestsArg>,

    /// Write finished digests to FILE, and go on from it when it was cut off
    #[arg(long, value_name = "FILE", requires = "digests")]
    record: Option<PathBuf>,

    /// Let the defaults of the model's class stand in for missing width, depth and vocabulary
    #[arg(long)]
    assume_class_defaults: bool,

    /// How to show the result
    #[arg(long, value_enum, default_value_t = FormatArg::Text)]
    format: FormatArg,
}

const EXAMPLES: &str = "Examples:
  weighbridge inspect ./model
  weighbridge inspect ./model --devices --tokens 32768
  weighbridge inspect ./model --digests --record digests.jsonl
  weighbridge inspect config.json --format json";

#[derive(Clone, Copy, clap::ValueEnum)]
enum DigestsArg {
    /// SHA-256 and BLAKE3 of files, BLAKE3 of tensors
    All,
    /// SHA-256 of files alone: what model signing needs
    Sha256,
}

pub(crate) fn run(args: Args) -> Result<Outcome, Failure> {
    let digests = args.digests.map(|wanted| DigestOptions {
        sha256_only: matches!(wanted, DigestsArg::Sha256),
        journal: args.record,
    });
    let bar = Bar::on_a_terminal();
    let progress: &dyn Progress = bar.as_ref().map_or(&Quiet, |bar| bar);
    let options = InspectOptions {
        assume_class_defaults: args.assume_class_defaults,
        length: args.tokens,
        devices: args.devices,
        digests,
    };
    let inspection = weigh_station::inspect(&args.path, &options, progress);
    let inspection = inspection.map_err(|e| subject::failure(&e))?;
    output::print(&weigh_report::render_inspection(
        &inspection,
        args.format.into(),
    ))?;
    Ok(Outcome::Clear)
}
