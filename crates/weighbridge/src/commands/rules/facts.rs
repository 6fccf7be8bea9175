//! `weighbridge rules facts`: what a condition can mention.

use weigh_report::Format;

use crate::commands::subject::Law;
use crate::failure::Failure;
use crate::outcome::Outcome;
use crate::output;

/// Search the facts that conditions can mention: name, values, meaning, the question to ask
///
/// Every word must occur somewhere in an entry; without words every fact is listed. Facts whose
/// names have the words come first. Exit code: 0 found; 2 no fact has the words.
#[derive(clap::Args)]
pub(crate) struct FactsArgs {
    /// Words to look for, such as `operations` or `headquarters country`
    #[arg(value_name = "WORD")]
    words: Vec<String>,

    #[command(flatten)]
    law: Law,

    /// How to show the result
    #[arg(long, value_enum, default_value_t = FactsFormat::Text)]
    format: FactsFormat,
}

/// How facts are shown.
#[derive(Clone, Copy, clap::ValueEnum)]
enum FactsFormat {
    /// For a terminal
    Text,
    /// Versioned JSON
    Json,
}

pub(crate) fn run(args: &FactsArgs) -> Result<Outcome, Failure> {
    let law = args.law.load()?;
    let dictionary = &law.library.dictionary;
    let words: Vec<&str> = args
        .words
        .iter()
        .flat_map(|w| w.split_whitespace())
        .collect();
    let found = dictionary.search(&words);
    if found.is_empty() {
        let message = format!("no fact has the words `{}`", words.join(" "));
        let near = words.iter().find_map(|w| dictionary.suggestion(w));
        let help = near.unwrap_or_else(|| {
            "use fewer or other words; `weighbridge rules facts` lists them all".to_owned()
        });
        return Err(Failure::new("no-such-fact", message).help(help));
    }
    let format = match args.format {
        FactsFormat::Text => Format::Text,
        FactsFormat::Json => Format::Json,
    };
    output::print(&weigh_report::render_facts(&found, &law, format))?;
    Ok(Outcome::Clear)
}
