//! `weighbridge inspect`: what is in an artifact.

use std::path::PathBuf;

use super::subject;
use super::weigh::FormatArg;
use crate::failure::Failure;
use crate::outcome::Outcome;
use crate::output;

/// Say what is in a model folder, a configuration, a weights file or an adapter
///
/// Parameters are counted twice, from the tensor headers and from the configuration, and the two
/// counts must agree. Only headers are read.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Folder or file
    #[arg(value_name = "PATH")]
    path: PathBuf,

    /// Let the defaults of the model's class stand in for missing width, depth and vocabulary
    #[arg(long)]
    assume_class_defaults: bool,

    /// How to show the result
    #[arg(long, value_enum, default_value_t = FormatArg::Text)]
    format: FormatArg,
}

pub(crate) fn run(args: Args) -> Result<Outcome, Failure> {
    let inspection = weigh_station::inspect(&args.path, args.assume_class_defaults)
        .map_err(|e| subject::failure(&e))?;
    output::print(&weigh_report::render_inspection(
        &inspection,
        args.format.into(),
    ))?;
    Ok(Outcome::Clear)
}
