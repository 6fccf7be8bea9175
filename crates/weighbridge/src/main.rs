//! The one binary: arguments, output, exit codes. Every verb is a file under `commands/`.
//!
//! - **Invariant:** data on standard output, talk on standard error.
//! - **Invariant:** an outcome is not an error. Errors exit with 2; see [`outcome::Outcome`].
//! - **Invariant:** a closed pipe is not an error.

mod bar;
mod commands;
mod failure;
mod outcome;
mod output;

use std::process::ExitCode;

use clap::Parser;

/// Weighs AI models before they cross a border
///
/// From a model's files, logs and declarations, weighbridge counts the operations that trained it,
/// says which rules on AI models apply on a given day and why, and what would settle those it
/// cannot decide. It reads headers only, executes nothing, and sends nothing anywhere.
///
/// Start with `weighbridge weigh FOLDER`.
#[derive(Parser)]
#[command(
    name = "weighbridge",
    version,
    propagate_version = true,
    max_term_width = 100
)]
struct Cli {
    #[command(subcommand)]
    verb: commands::Verb,
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    match commands::run(cli.verb) {
        Ok(outcome) => outcome.into(),
        Err(failure) => failure.report(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_arguments_are_well_formed() {
        Cli::command().debug_assert();
    }
}
