//! `weighbridge explain`: why one rule says what it says.

use std::path::PathBuf;

use weigh_rules::Finding;

use super::assess::Parties;
use super::subject;
use crate::failure::Failure;
use crate::outcome::Outcome;
use crate::output;

/// Walk one rule to its atoms: what was compared with which line, what decided, what is missing
///
/// The rule is named as `rulebook/rule`, or by its id alone where only one rulebook has it.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// The rule: `eu-ai-act/presumed-systemic-risk`, or `presumed-systemic-risk`
    rule: String,

    /// File of facts instead of a model, such as `weigh --write-facts` writes
    #[arg(long, value_name = "FILE", conflicts_with = "paths")]
    facts: Option<PathBuf>,

    #[command(flatten)]
    parties: Parties,

    #[command(flatten)]
    subject: subject::Subject,
}

pub(crate) fn run(args: Args) -> Result<Outcome, Failure> {
    let law = args.subject.law.load()?;
    let names: Vec<String> = law
        .books
        .iter()
        .flat_map(|b| b.entries().map(|r| format!("{}/{}", b.id(), r.id)))
        .collect();
    let wanted = resolve(&args.rule, &names)?;
    let is_told = args.facts.is_some() || !args.parties.is_empty();
    let weighing = if is_told && args.subject.paths.is_empty() {
        let file = args.facts.as_deref();
        super::assess::assessed(file, &args.parties, &args.subject.law, &law)?
    } else {
        subject::weigh(&args.subject)?
    };
    let is_wanted = |f: &&Finding| format!("{}/{}", f.rulebook, f.rule) == wanted;
    let Some(finding) = weighing.findings.iter().find(is_wanted) else {
        return Err(Failure::new(
            "unknown-rule",
            format!("rule `{wanted}` gave no finding"),
        ));
    };
    let (book, rule) = (&*finding.rulebook, finding.rule.as_str());
    let (on, known) = (weighing.on, weighing.known);
    let outlook = law
        .book(book)
        .and_then(|b| weigh_rules::outlook(b, rule, &weighing.facts, on, known));
    let Some(outlook) = outlook else {
        let message = format!("rule `{wanted}` is in no rulebook");
        return Err(Failure::new("unknown-rule", message));
    };
    output::print(&weigh_report::render_finding(finding, &outlook, &weighing))?;
    Ok(Outcome::of(std::slice::from_ref(finding), None))
}

/// The full name of a rule that was named in full or by its id.
fn resolve(asked: &str, names: &[String]) -> Result<String, Failure> {
    let matches: Vec<&String> = names
        .iter()
        .filter(|n| *n == asked || n.split_once('/').is_some_and(|(_, rule)| rule == asked))
        .collect();
    match matches.as_slice() {
        [one] => Ok((*one).clone()),
        [] => Err(
            Failure::new("unknown-rule", format!("unknown rule `{asked}`"))
                .help(format!("there are {}", names.join(", "))),
        ),
        several => {
            let several: Vec<&str> = several.iter().map(|s| s.as_str()).collect();
            Err(Failure::new(
                "ambiguous-rule",
                format!("`{asked}` is a rule of several rulebooks"),
            )
            .help(format!("name one of {}", several.join(", "))))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_is_found_by_its_id_when_that_is_enough() {
        let names = ["a/one".to_owned(), "b/one".to_owned(), "b/two".to_owned()];
        assert_eq!(resolve("two", &names).unwrap(), "b/two");
        assert_eq!(resolve("a/one", &names).unwrap(), "a/one");
        assert!(resolve("one", &names).is_err());
        assert!(resolve("three", &names).is_err());
    }
}
