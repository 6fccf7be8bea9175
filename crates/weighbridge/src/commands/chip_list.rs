//! `weighbridge chip list`: every chip of the catalog, with its figures and its class on a day.

use std::path::PathBuf;

use weigh_compute::{Chip, Tf32};
use weigh_facts::SubjectKind;
use weigh_report::Format;
use weigh_station::ChipOptions;

use super::chip;
use super::subject;
use crate::failure::Failure;
use crate::outcome::Outcome;
use crate::output;

/// List the chips of the catalog: performance, density, bandwidths, and the class of each on a day
///
/// The greatest performance stands first. A figure that rests on a text nobody verified is marked,
/// and so is a chip that another reading of its figures would put into another class, or of which an
/// export would be treated otherwise. Tables show
/// the class by the rulebooks whose text is in force on the day; JSON and CSV have every rulebook.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Only chips of this vendor, such as `NVIDIA`
    #[arg(long, value_name = "VENDOR")]
    vendor: Option<String>,

    /// Only chips whose class holds these words, such as `3A090.b`, `perhaps` or `no rule`
    #[arg(long, value_name = "TEXT")]
    class: Option<String>,

    /// How many bits TF32 counts: 19 that carry information, or 32 that store it
    #[arg(long, value_name = "BITS", default_value = "19", value_parser = chip::tf32)]
    tf32: Tf32,

    #[command(flatten)]
    law: subject::Law,

    /// How to show the result
    #[arg(long, value_enum, default_value_t = ListFormat::Text)]
    format: ListFormat,

    /// Write the result to a file instead of standard output
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
}

/// How to show a list.
#[derive(Clone, Copy, clap::ValueEnum)]
enum ListFormat {
    /// A table for a terminal
    Text,
    /// Versioned JSON
    Json,
    /// Markdown for a ticket or a memo
    Markdown,
    /// One self-contained file that prints
    Html,
    /// Comma-separated values for a spreadsheet
    Csv,
}

pub(super) fn run(args: &Args) -> Result<Outcome, Failure> {
    let chips = catalog()?;
    let chips: Vec<&Chip> = match &args.vendor {
        Some(vendor) => of_vendor(&chips, vendor)?,
        None => chips,
    };
    // Exports are read where another reading of a chip's figures may treat them otherwise.
    let law = args
        .law
        .load_about(&[SubjectKind::Chip, SubjectKind::Export])?;
    let options = ChipOptions {
        on: args.law.on()?,
        known: args.law.known(),
        tf32: args.tf32,
        told: Vec::new(),
    };
    let mut list = weigh_station::chip_list(&law, &chips, &options);
    if let Some(class) = &args.class {
        list = weigh_report::with_class(list, class);
    }
    let text = match args.format {
        ListFormat::Csv => weigh_report::render_chip_list_csv(&list),
        ListFormat::Text => weigh_report::render_chip_list(&list, Format::Text),
        ListFormat::Json => weigh_report::render_chip_list(&list, Format::Json),
        ListFormat::Markdown => weigh_report::render_chip_list(&list, Format::Markdown),
        ListFormat::Html => weigh_report::render_chip_list(&list, Format::Html),
    };
    match &args.output {
        Some(path) => output::write_file(path, &text)?,
        None => output::print(&text)?,
    }
    Ok(Outcome::Clear)
}

/// Every chip of the catalog.
pub(super) fn catalog() -> Result<Vec<&'static Chip>, Failure> {
    chip::catalog()?.chips().map_err(chip::defective)
}

/// The chips of a vendor; case does not count.
fn of_vendor<'a>(chips: &[&'a Chip], vendor: &str) -> Result<Vec<&'a Chip>, Failure> {
    let is_of = |c: &&&Chip| c.vendor.eq_ignore_ascii_case(vendor);
    let found: Vec<&Chip> = chips.iter().filter(is_of).copied().collect();
    if !found.is_empty() {
        return Ok(found);
    }
    let mut vendors: Vec<&str> = chips.iter().map(|c| c.vendor.as_str()).collect();
    vendors.sort_unstable();
    vendors.dedup();
    let message = format!("the catalog has no chip of `{vendor}`");
    let help = format!("its vendors are {}", vendors.join(", "));
    Err(Failure::new("unknown-vendor", message).help(help))
}
