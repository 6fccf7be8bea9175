//! `weighbridge lineage`: what the weights of a model show of where they come from.

use std::path::PathBuf;

use weigh_station::{LineageKey, Progress, Quiet, compare_lineage, fingerprint_json};

use super::subject;
use super::weigh::FormatArg;
use crate::bar::Bar;
use crate::failure::Failure;
use crate::outcome::Outcome;
use crate::output;

/// What the weights of a model show of where they come from
#[derive(clap::Subcommand)]
pub(crate) enum LineageVerb {
    Register(RegisterArgs),
    Compare(CompareArgs),
}

/// Write the fingerprint of a model: digests, sketches and moments of its tensors, and some rows of
/// its embedding
///
/// Every weight is read once. The fingerprint takes 6 KiB per matrix, however large the model, and
/// stands in for the model in `lineage compare`. It cannot be turned back into the weights.
#[derive(clap::Args)]
pub(crate) struct RegisterArgs {
    /// Model folder or safetensors file
    #[arg(value_name = "PATH")]
    path: PathBuf,

    /// Where to write the fingerprint
    #[arg(short, long, value_name = "FILE")]
    output: PathBuf,

    #[command(flatten)]
    key: Key,
}

/// Compare a model with models it may come from
///
/// Tensors with the same bytes are found first, then related ones by the cosine of their sketches,
/// then, where the weights themselves are at hand, tensors in another order. Each candidate gets
/// one of `identical`, `derived (strong)`, `derived (possible)`, `no evidence`, `not comparable`.
/// With two to eight candidates, a mixture of them is looked for. What the model declares of its
/// base is set beside it.
///
/// Weights cannot show training on another model's outputs (distillation), a rotation of the
/// residual stream, or a start washed out by long training; so nothing here says that a model is
/// not derived. Two models that share nothing but the seed of their random start look related.
///
/// Exit code: 0 whatever was found; 2 for errors.
#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct CompareArgs {
    /// The model in question: a folder, a safetensors file or a fingerprint
    #[arg(value_name = "MODEL")]
    model: PathBuf,

    /// Models it may come from, each likewise
    #[arg(value_name = "CANDIDATE", required = true)]
    candidates: Vec<PathBuf>,

    #[command(flatten)]
    key: Key,

    /// How to show the result
    #[arg(long, value_enum, default_value_t = FormatArg::Text)]
    format: FormatArg,
}

const EXAMPLES: &str = "Examples:
  weighbridge lineage register ./base --output base.json
  weighbridge lineage compare ./model base.json
  weighbridge lineage compare ./merge ./one ./other --format json";

#[derive(clap::Args)]
struct Key {
    /// File with a secret of 16 bytes or more: who does not have it cannot aim at the sketches
    /// [default: a key that everybody has]
    #[arg(long, value_name = "FILE")]
    key: Option<PathBuf>,
}

impl Key {
    fn read(&self) -> Result<LineageKey, Failure> {
        let own = self.key.as_deref().map(LineageKey::of_file);
        own.unwrap_or_else(|| Ok(LineageKey::public()))
            .map_err(|e| subject::failure(&e))
    }
}

pub(crate) fn run(verb: LineageVerb) -> Result<Outcome, Failure> {
    match verb {
        LineageVerb::Register(args) => register(&args),
        LineageVerb::Compare(args) => compare(&args),
    }
}

fn register(args: &RegisterArgs) -> Result<Outcome, Failure> {
    let found = read(&args.path, &args.key.read()?)?;
    output::write_file(&args.output, &fingerprint_json(&found))?;
    let sketches = found.fingerprint.tensors.iter();
    let sketches = sketches.filter(|t| t.sketch.is_some()).count();
    output::print(&format!(
        "{}: {} tensors, {sketches} of them sketched, key {}\n",
        found.name,
        found.fingerprint.tensors.len(),
        found.fingerprint.key_id
    ))?;
    Ok(Outcome::Clear)
}

fn compare(args: &CompareArgs) -> Result<Outcome, Failure> {
    let key = args.key.read()?;
    let target = read(&args.model, &key)?;
    let candidates = args.candidates.iter().map(|path| read(path, &key));
    let candidates = candidates.collect::<Result<Vec<_>, _>>()?;
    let report = compare_lineage(&target, &candidates);
    output::print(&weigh_report::render_lineage(&report, args.format.into()))?;
    Ok(Outcome::Clear)
}

fn read(path: &std::path::Path, key: &LineageKey) -> Result<weigh_station::Registered, Failure> {
    let bar = Bar::on_a_terminal();
    let progress: &dyn Progress = bar.as_ref().map_or(&Quiet, |bar| bar);
    weigh_station::register(path, key, progress).map_err(|e| subject::failure(&e))
}
