//! `weighbridge completions`: for the shell.

use clap::CommandFactory;

use crate::failure::Failure;
use crate::outcome::Outcome;
use crate::output;

/// Print a completion script for a shell
///
/// For bash: `weighbridge completions bash > ~/.local/share/bash-completion/completions/weighbridge`
#[derive(clap::Args)]
pub(crate) struct Args {
    /// The shell
    shell: clap_complete::Shell,
}

pub(crate) fn run(args: Args) -> Result<Outcome, Failure> {
    let mut script = Vec::new();
    clap_complete::generate(
        args.shell,
        &mut crate::Cli::command(),
        "weighbridge",
        &mut script,
    );
    output::print(&String::from_utf8_lossy(&script))?;
    Ok(Outcome::Clear)
}
