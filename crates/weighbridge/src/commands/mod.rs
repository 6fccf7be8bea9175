//! The verbs. Doc comments are the help text; `run` resolves arguments, makes one library call
//! and prints.

mod assess;
mod chip;
mod chip_list;
mod chip_scatter;
mod cluster;
mod completions;
mod doctor;
mod explain;
mod init;
mod inspect;
mod lineage;
mod rules;
mod subject;
mod weigh;

use crate::failure::Failure;
use crate::outcome::Outcome;

/// What can be done.
#[derive(clap::Subcommand)]
pub(crate) enum Verb {
    Weigh(weigh::Args),
    Inspect(inspect::Args),
    #[command(subcommand)]
    Lineage(lineage::LineageVerb),
    Assess(assess::Args),
    Explain(explain::Args),
    #[command(subcommand)]
    Chip(chip::ChipVerb),
    Cluster(Box<cluster::Args>),
    #[command(subcommand)]
    Rules(rules::RulesVerb),
    Init(init::Args),
    Doctor(doctor::Args),
    Completions(completions::Args),
}

/// Does it.
pub(crate) fn run(verb: Verb) -> Result<Outcome, Failure> {
    match verb {
        Verb::Weigh(args) => weigh::run(args),
        Verb::Inspect(args) => inspect::run(args),
        Verb::Lineage(verb) => lineage::run(verb),
        Verb::Assess(args) => assess::run(args),
        Verb::Explain(args) => explain::run(args),
        Verb::Chip(verb) => chip::run(verb),
        Verb::Cluster(args) => cluster::run(&args),
        Verb::Rules(verb) => rules::run(verb),
        Verb::Init(args) => init::run(args),
        Verb::Doctor(args) => doctor::run(args),
        Verb::Completions(args) => completions::run(args),
    }
}
