//! `weighbridge cluster`: chips joined by a network.

use std::path::PathBuf;

use weigh_compute::{Chip, ChipError, ChipGroup, Tf32};
use weigh_facts::{
    Decimal, Estimate, Fact, FactName, FactType, Level, MethodId, Operations, Unit, Value,
};
use weigh_station::{ClusterOptions, Law, Stated, WeighError};

use super::assess::Parties;
use super::weigh::{FormatArg, level};
use super::{chip, subject};
use crate::failure::Failure;
use crate::outcome::Outcome;
use crate::output;

/// The format in which most models are trained.
const PRECISION: &str = "bf16";
/// The share of the peak that large trainings reach, as they report it: from three tenths to a half.
const UTILIZATION: (u64, u64) = (3, 5);

/// Add up a cluster: rates, time to train to a threshold, and what rules about clusters say
///
/// Rates are dense. Rules read the theoretical maximum over all formats of the chips; time is told
/// in the format of the training, at a share of its peak. Without `--to-operations` the thresholds
/// are the lines on operations which the rulebooks draw on the day.
///
/// Exit code: 0 answered; 3 a rule at level `obligation` or above is indeterminate; with
/// `--fail-on LEVEL`, 1 if a rule at or above LEVEL applies; 2 for errors.
#[derive(clap::Args)]
#[command(after_help = EXAMPLES, arg_required_else_help = true)]
pub(crate) struct Args {
    /// Chips and how many: `H100=16384`, `"RTX 4090 D=8"`
    #[arg(value_name = "CHIP=COUNT", required = true, value_parser = group)]
    groups: Vec<(String, u64)>,

    /// File that describes a chip of your own, which may then be named; may be repeated
    #[arg(long, value_name = "FILE")]
    spec: Vec<PathBuf>,

    /// Rate of the network between machines, such as `400` or `200..400`
    #[arg(long, value_name = "GBIT_PER_S", value_parser = bounds)]
    network: Option<Estimate<Decimal>>,

    /// Number format of the training [default: bf16, marked as assumed]
    #[arg(long, value_name = "FORMAT")]
    precision: Option<String>,

    /// Share of the peak that the training reaches, such as `0.4` [default: 0.3..0.5, marked as
    /// assumed]
    #[arg(long, value_name = "SHARE", value_parser = bounds, allow_negative_numbers = true)]
    utilization: Option<Estimate<Decimal>>,

    /// Operations to reach, such as `1e26` or `3e25..5e25`; may be repeated
    #[arg(long, value_name = "FLOP", num_args = 1.., value_parser = operations)]
    to_operations: Vec<Estimate<Operations>>,

    /// Do the machines stand in a single data center?
    #[arg(long, value_enum, value_name = "ANSWER")]
    co_located: Option<Answer>,

    /// Any other fact, such as `activity_in_quarter=true`; may be repeated
    #[arg(long = "fact", value_name = "NAME=VALUE")]
    given: Vec<String>,

    /// How many bits TF32 counts in TPP: 19 that carry information, or 32 that store it
    #[arg(long, value_name = "BITS", default_value = "19", value_parser = chip::tf32)]
    tf32: Tf32,

    #[command(flatten)]
    law: subject::Law,

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
  weighbridge cluster H100=16384 --network 400 --co-located yes
  weighbridge cluster H100=8192 H200=8192 --utilization 0.4 --to-operations 1e26 3.8e25";

/// An answer to a question.
#[derive(Clone, Copy, clap::ValueEnum)]
enum Answer {
    Yes,
    No,
}

fn group(text: &str) -> Result<(String, u64), String> {
    let wrong = || "write a chip and how many there are: `H100=16384`".to_owned();
    let (name, count) = text.rsplit_once('=').ok_or_else(wrong)?;
    // A count of zero is refused later, with the code that the manual has for it.
    let count: Decimal = count.trim().parse().map_err(|_| wrong())?;
    let count = count.to_u128().and_then(|n| u64::try_from(n).ok());
    Ok((name.trim().to_owned(), count.ok_or_else(wrong)?))
}

fn bounds(text: &str) -> Result<Estimate<Decimal>, String> {
    let kind = FactType::Quantity {
        unit: Unit::NONE,
        shown: "1".to_owned(),
    };
    match Value::parse(text, &kind) {
        Some(Value::Quantity(estimate)) => Ok(estimate),
        _ => Err("write a number, or bounds with the lower one first: `0.3..0.5`".to_owned()),
    }
}

fn operations(text: &str) -> Result<Estimate<Operations>, String> {
    let estimate = bounds(text.trim_end_matches(" FLOP"))?;
    let count = |value: &Decimal| value.to_u128().map(Operations);
    let ends = [estimate.low(), estimate.high()].map(|end| end.map(count));
    let is_count = |end: &Option<Option<Operations>>| end.is_none_or(|count| count.is_some());
    if !ends.iter().all(is_count) {
        return Err("operations are a whole number, such as `1e26`".to_owned());
    }
    Ok(estimate.map_increasing(|value| count(value).unwrap_or_default()))
}

pub(crate) fn run(args: &Args) -> Result<Outcome, Failure> {
    let own: Result<Vec<Chip>, Failure> = args.spec.iter().map(|f| chip::from_file(f)).collect();
    let own = own?;
    let found: Result<Vec<(Chip, u64)>, Failure> = args
        .groups
        .iter()
        .map(|(name, count)| Ok((chip::find_among(name, &own)?, *count)))
        .collect();
    let found = found?;
    let groups: Vec<ChipGroup<'_>> = found
        .iter()
        .map(|(chip, count)| ChipGroup {
            chip,
            count: *count,
        })
        .collect();
    let law = args.law.load()?;
    let options = ClusterOptions {
        on: args.law.on()?,
        known: args.law.known(),
        tf32: args.tf32,
        precision: stated(args.precision.clone(), || PRECISION.to_owned()),
        utilization: stated(args.utilization.clone(), utilization),
        thresholds: args.to_operations.clone(),
        network_gbit_per_s: args.network.clone(),
        told: told(args, &law)?,
    };
    let sheet = weigh_station::cluster_sheet(&law, &groups, &options).map_err(|e| refused(&e))?;
    let text = weigh_report::render_cluster(&sheet, args.format.into());
    match &args.output {
        Some(path) => output::write_file(path, &text)?,
        None => output::print(&text)?,
    }
    Ok(Outcome::of(&sheet.findings, args.fail_on))
}

fn refused(error: &WeighError) -> Failure {
    let failure = subject::failure(error);
    match error {
        WeighError::Chip(ChipError::NoRate { .. }) => {
            failure.help("name a format that every chip has with `--precision`")
        }
        _ => failure,
    }
}

fn stated<T>(value: Option<T>, otherwise: impl Fn() -> T) -> Stated<T> {
    Stated {
        is_assumed: value.is_none(),
        value: value.unwrap_or_else(otherwise),
    }
}

fn utilization() -> Estimate<Decimal> {
    let tenths = |n: u64| Decimal::from(n).exact_quotient(&Decimal::from(10_u64));
    let (low, high) = (tenths(UTILIZATION.0), tenths(UTILIZATION.1));
    let none = Decimal::zero;
    let method = MethodId::new("assumed");
    Estimate::between(low.unwrap_or_else(none), high.unwrap_or_else(none), method)
}

/// What was told of the cluster beside its chips and its network.
fn told(args: &Args, law: &Law) -> Result<Vec<(FactName, Fact)>, Failure> {
    let co_located = args.co_located.map(|answer| match answer {
        Answer::Yes => "cluster_is_co_located=true".to_owned(),
        Answer::No => "cluster_is_co_located=false".to_owned(),
    });
    let given = args.given.iter().cloned().chain(co_located);
    let parties = Parties {
        given: given.collect(),
        ..Parties::default()
    };
    parties.facts(law)
}
