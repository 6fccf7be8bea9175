//! `weighbridge doctor`: is the tool itself in order?

use weigh_facts::Dictionary;

use super::subject::Law;
use crate::failure::Failure;
use crate::outcome::Outcome;
use crate::output;

/// Check the tool itself: its rulebooks, dictionary and catalogs, and how old its knowledge is
#[derive(clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    law: Law,
}

/// The page that lists the model types, which are too many for a line.
const ARCHITECTURES: &str = "docs/reference/architectures.md";

pub(crate) fn run(args: Args) -> Result<Outcome, Failure> {
    let on = args.law.on()?;
    let mut out = format!("weighbridge {}, read on {on}\n", env!("CARGO_PKG_VERSION"));
    let mut sound = true;
    for book in weigh_rules::load_shipped_whole() {
        let outcomes = weigh_rules::run_tests(&book);
        let failed = outcomes.iter().filter(|o| !o.passed()).count();
        sound &= failed == 0;
        let age = if on > book.known_through() {
            format!("STALE: knows the law through {}", book.known_through())
        } else {
            format!("knows the law through {}", book.known_through())
        };
        let tests = outcomes.len();
        out.push_str(&format!(
            "  rulebook {:<24} {} of {tests} tests pass; {age}\n",
            book.id(),
            tests - failed
        ));
    }
    let facts = Dictionary::shipped().iter().count();
    out.push_str(&format!(
        "  dictionary                        {facts} facts\n"
    ));
    let catalog = weigh_compute::Catalog::shipped_in_full();
    sound &= catalog.is_ok();
    out.push_str(&match catalog {
        Ok(catalog) => format!(
            "  architectures                     {} model types, listed in {ARCHITECTURES}\n",
            catalog.model_types().len()
        ),
        Err(error) => format!("  architectures                     DEFECTIVE: {error}\n"),
    });
    out.push_str(if sound {
        "in order\n"
    } else {
        "NOT in order: please report this\n"
    });
    output::print(&out)?;
    Ok(if sound {
        Outcome::Clear
    } else {
        Outcome::Adverse
    })
}
