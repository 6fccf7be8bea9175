//! `weighbridge chip`: what a chip is under the export rules of any day.

use std::path::{Path, PathBuf};

use weigh_compute::{CatalogError, Chip, ChipCatalog, Tf32};
use weigh_facts::SubjectKind;
use weigh_station::{ChipOptions, WeighError};

use super::assess::Parties;
use super::weigh::FormatArg;
use super::{chip_list, chip_scatter, subject};
use crate::failure::Failure;
use crate::outcome::Outcome;
use crate::output;

/// Total processing performance, performance density, and the class of a chip on any day
#[derive(clap::Subcommand)]
pub(crate) enum ChipVerb {
    Show(ShowArgs),
    List(chip_list::Args),
    Scatter(chip_scatter::Args),
}

/// Show one chip: its figures with their sources, its class in every vintage of the rules, how an
/// export is treated by destination and parent, and how far it is from each line
///
/// TPP is 2 x MacTOPS x bit length, the greatest over number formats and dense, as 15 CFR 774, ECCN
/// 3A090, defines it; performance density is TPP over the area of non-planar logic dies. A file
/// that lists only sparse rates is refused, not halved.
#[derive(clap::Args)]
pub(crate) struct ShowArgs {
    /// Chip, by name: `H100`, `"RTX 4090 D"`, `nvidia-h20`
    #[arg(value_name = "NAME", required_unless_present = "spec")]
    name: Option<String>,

    /// File that describes a chip of your own instead; see docs/reference/chip-files.md
    #[arg(long, value_name = "FILE", conflicts_with = "name")]
    spec: Option<PathBuf>,

    #[command(flatten)]
    parties: Parties,

    /// How many bits TF32 counts: 19 that carry information, or 32 that store it
    #[arg(long, value_name = "BITS", default_value = "19", value_parser = tf32)]
    tf32: Tf32,

    #[command(flatten)]
    law: subject::Law,

    /// How to show the result
    #[arg(long, value_enum, default_value_t = FormatArg::Text)]
    format: FormatArg,

    /// Write the result to a file instead of standard output
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
}

pub(super) fn tf32(text: &str) -> Result<Tf32, String> {
    match text {
        "19" => Ok(Tf32::Significant19),
        "32" => Ok(Tf32::Stored32),
        _ => Err("TF32 counts as 19 or as 32 bits".to_owned()),
    }
}

pub(crate) fn run(verb: ChipVerb) -> Result<Outcome, Failure> {
    match verb {
        ChipVerb::Show(args) => show(&args),
        ChipVerb::List(args) => chip_list::run(&args),
        ChipVerb::Scatter(args) => chip_scatter::run(&args),
    }
}

fn show(args: &ShowArgs) -> Result<Outcome, Failure> {
    let chip = match &args.spec {
        Some(file) => from_file(file)?,
        // One of the two is always there: the arguments require it.
        None => find(args.name.as_deref().unwrap_or_default())?,
    };
    let law = args
        .law
        .load_about(&[SubjectKind::Chip, SubjectKind::Export])?;
    let options = ChipOptions {
        on: args.law.on()?,
        known: args.law.known(),
        tf32: args.tf32,
        told: args.parties.facts(&law)?,
    };
    let mut sheet = weigh_station::chip_sheet(&law, &chip, &options);
    sheet.file = args.spec.as_ref().map(|file| file.display().to_string());
    let text = weigh_report::render_chip(&sheet, args.format.into());
    match &args.output {
        Some(path) => output::write_file(path, &text)?,
        None => output::print(&text)?,
    }
    Ok(Outcome::Clear)
}

/// The catalog of this program.
pub(super) fn catalog() -> Result<&'static ChipCatalog, Failure> {
    ChipCatalog::shipped().map_err(defective)
}

/// A fault of our own catalog, as the person sees it.
pub(super) fn defective(error: &CatalogError) -> Failure {
    subject::failure(&WeighError::Catalog(error.to_string()))
}

/// A chip of the catalog.
pub(crate) fn find(name: &str) -> Result<Chip, Failure> {
    let found = catalog()?.find(name).map_err(|e| {
        let help =
            "`weighbridge chip list` names every chip; `--spec FILE` describes one of your own";
        Failure::new(e.code(), e.to_string()).help(help)
    })?;
    Ok(found.clone())
}

/// A chip of a person's own files, or of the catalog.
pub(super) fn find_among(name: &str, own: &[Chip]) -> Result<Chip, Failure> {
    let mine = own.iter().find(|c| c.names().any(|n| n == name));
    mine.map_or_else(|| find(name), |chip| Ok(chip.clone()))
}

/// A chip of a person's own file.
pub(crate) fn from_file(file: &Path) -> Result<Chip, Failure> {
    let path = file.display().to_string();
    let (text, _) = weigh_station::read_text(file, "chip").map_err(|e| subject::failure(&e))?;
    Chip::from_toml(&text).map_err(|faults| Failure::in_file(&path, &text, &faults))
}
