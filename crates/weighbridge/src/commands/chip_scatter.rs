//! `weighbridge chip scatter`: chips on a plane, with the lines of a day.

use std::path::PathBuf;

use weigh_compute::{Chip, Tf32};
use weigh_facts::SubjectKind;
use weigh_station::ChipOptions;

use super::{chip, chip_list, subject};
use crate::failure::Failure;
use crate::outcome::Outcome;
use crate::output;

/// The rulebook that classifies chips by figures of their own.
const RULEBOOK: &str = "us-ear-chips";

/// Draw the chips of the catalog by performance and density, with the lines of a day, as SVG
///
/// Across goes total processing performance, upward the figure on which the rulebook draws lines
/// that day: performance density, or before 2023-11-17 the rate of inputs and outputs. What lies
/// between the lines is found by reading the rulebook there. Chips of which that figure is not known
/// stand below the plane with their names. The rulebook is `us-ear-chips` unless `--rulebook` names
/// another.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// File that describes a chip of your own, drawn beside those of the catalog; may be repeated
    #[arg(long, value_name = "FILE", num_args = 1..)]
    spec: Vec<PathBuf>,

    /// Chip to ring and to name before all others; may be repeated
    #[arg(long, value_name = "NAME", num_args = 1..)]
    highlight: Vec<String>,

    /// How many bits TF32 counts: 19 that carry information, or 32 that store it
    #[arg(long, value_name = "BITS", default_value = "19", value_parser = chip::tf32)]
    tf32: Tf32,

    #[command(flatten)]
    law: subject::Law,

    /// Write the drawing to a file instead of standard output
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
}

pub(super) fn run(args: &Args) -> Result<Outcome, Failure> {
    let catalog = chip_list::catalog()?;
    let own: Result<Vec<Chip>, Failure> = args.spec.iter().map(|f| chip::from_file(f)).collect();
    let own = own?;
    let highlighted: Result<Vec<String>, Failure> = args
        .highlight
        .iter()
        .map(|name| Ok(chip::find_among(name, &own)?.id))
        .collect();
    let highlighted = highlighted?;
    let own: Vec<&Chip> = own.iter().collect();
    let law = args.law.load_about(&[SubjectKind::Chip])?;
    let options = ChipOptions {
        on: args.law.on()?,
        known: args.law.known(),
        tf32: args.tf32,
        told: Vec::new(),
    };
    let scatter = weigh_station::scatter(&law, rulebook(&law)?, &catalog, &own, &options);
    let Some(scatter) = scatter else {
        return Err(one_rulebook(&law));
    };
    let drawing = weigh_report::render_scatter(&scatter, &highlighted);
    match &args.output {
        Some(path) => output::write_file(path, &drawing)?,
        None => output::print(&drawing)?,
    }
    Ok(Outcome::Clear)
}

/// The one rulebook that was asked for, or the usual one.
fn rulebook(law: &weigh_station::Law) -> Result<&str, Failure> {
    if law.book(RULEBOOK).is_some() {
        return Ok(RULEBOOK);
    }
    match law.books.as_slice() {
        [one] => Ok(one.id()),
        _ => Err(one_rulebook(law)),
    }
}

fn one_rulebook(law: &weigh_station::Law) -> Failure {
    let ids: Vec<&str> = law.books.iter().map(weigh_rules::Rulebook::id).collect();
    let message = format!(
        "a drawing shows one rulebook, and these are {}",
        ids.join(", ")
    );
    let help = "name one with `--rulebook`";
    Failure::new("several-rulebooks", message).help(help)
}
