//! `weighbridge init`: an annotated declaration to fill in.

use std::path::PathBuf;

use crate::failure::Failure;
use crate::outcome::Outcome;
use crate::output;

/// Write an annotated `pipeline.toml` that declares how a model was trained
///
/// Every key is explained in the file with its unit and its default. An existing file is never
/// overwritten.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Where to write it; `-` for standard output
    #[arg(default_value = "pipeline.toml", value_name = "FILE")]
    path: PathBuf,
}

pub(crate) fn run(args: Args) -> Result<Outcome, Failure> {
    let template = weigh_readers::pipeline::TEMPLATE;
    if args.path.as_os_str() == "-" {
        output::print(template)?;
        return Ok(Outcome::Clear);
    }
    let shown = args.path.display();
    if args.path.exists() {
        return Err(Failure::new("exists", format!("`{shown}` exists already"))
            .help("name another file, or `-` to see the template"));
    }
    output::write_file(&args.path, template)?;
    output::print(&format!(
        "wrote {shown}; fill it in, then run `weighbridge weigh MODEL --pipeline {shown}`\n"
    ))?;
    Ok(Outcome::Clear)
}
