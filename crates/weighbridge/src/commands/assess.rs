//! `weighbridge assess`: facts in, findings out. No model is needed.

use std::path::{Path, PathBuf};

use weigh_facts::{Fact, FactName, Facts, Grade, Level, MethodId, Origin};
use weigh_station::{Axis, InputSeen, Law, Weighing};

use super::subject;
use super::weigh::{FormatArg, level, show};
use crate::failure::Failure;
use crate::outcome::Outcome;
use crate::output;

/// Read rulebooks over facts: from a file such as `weigh --write-facts` writes, from the arguments,
/// or from both
///
/// This is counsel's half of the loop: fill in the questions that are commented out in the file,
/// and see what each answer settles. The findings on an untouched file are those of `weigh`.
///
/// Who gets it and where: `--to`, `--headquarters` and `--parent` say the destination and the
/// seats of the party that receives; any other fact goes into `--fact NAME=VALUE`.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// File of facts
    #[arg(long, value_name = "FILE")]
    facts: Option<PathBuf>,

    #[command(flatten)]
    parties: Parties,

    /// Show a table instead: a fact and the values to put in its place, such as
    /// `destination=CN,AE,IL` or `destination=all`; given twice or more, every combination
    #[arg(long, value_name = "FACT=VALUES")]
    table: Vec<String>,

    /// Leave rules lighter than this out of the table
    #[arg(long, value_name = "LEVEL", value_parser = level, default_value = "review")]
    least: Level,

    #[command(flatten)]
    law: subject::Law,

    /// How to show the result
    #[arg(long, value_enum, default_value_t = FormatArg::Text)]
    format: FormatArg,

    /// Write the result to a file instead of standard output
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,

    /// Exit with 1 if a rule at or above this level applies
    #[arg(long, value_name = "LEVEL", value_parser = level)]
    fail_on: Option<Level>,
}

/// What goes to whom, where and what for.
#[derive(clap::Args, Default)]
pub(crate) struct Parties {
    /// Country of destination, ISO 3166 alpha-2
    #[arg(long, value_name = "CC")]
    pub(crate) to: Option<String>,

    /// Country from which it goes
    #[arg(long, value_name = "CC")]
    pub(crate) from: Option<String>,

    /// Country in which the party that receives has its headquarters
    #[arg(long, value_name = "CC")]
    pub(crate) headquarters: Option<String>,

    /// Country in which its ultimate parent has its headquarters
    #[arg(long, value_name = "CC")]
    pub(crate) parent: Option<String>,

    /// What goes: integrated-circuit, computer, memory-stack, software, technology, model-weights
    #[arg(long, value_name = "KIND")]
    pub(crate) item: Option<String>,

    /// How it goes: export, reexport, in-country-transfer, release
    #[arg(long, value_name = "KIND")]
    pub(crate) transaction: Option<String>,

    /// Any other fact, such as `weights_published=true` or `end_use=…`; may be repeated
    #[arg(long = "fact", value_name = "NAME=VALUE")]
    pub(crate) given: Vec<String>,
}

impl Parties {
    /// The arguments as assignments, with the flag each came from.
    fn assignments(&self) -> Vec<(&'static str, String)> {
        let named = [
            ("--to", "destination", &self.to),
            ("--from", "export_from", &self.from),
            ("--headquarters", "party_headquarters", &self.headquarters),
            ("--parent", "party_ultimate_parent", &self.parent),
            ("--item", "item_kind", &self.item),
            ("--transaction", "transaction_kind", &self.transaction),
        ];
        let named = named
            .into_iter()
            .filter_map(|(flag, fact, value)| Some((flag, format!("{fact}={}", value.as_ref()?))));
        let others = self.given.iter().map(|f| ("--fact", f.clone()));
        named.chain(others).collect()
    }

    /// Was nothing said?
    pub(crate) fn is_empty(&self) -> bool {
        self.assignments().is_empty()
    }

    /// The facts that were said, each with the flag that said it.
    pub(crate) fn facts(&self, law: &Law) -> Result<Vec<(FactName, Fact)>, Failure> {
        let mut found: Vec<(FactName, Fact)> = Vec::new();
        for (flag, assignment) in self.assignments() {
            let origin = Origin {
                grade: Grade::Declared,
                method: MethodId::new("declared"),
                sources: vec![flag.to_owned()],
            };
            let (name, fact) = Facts::read_assignment(&assignment, &law.library.dictionary, origin)
                .map_err(|e| subject::failure(&e.into()))?;
            if let Some((_, before)) = found.iter().find(|(n, _)| *n == name)
                && before.value != fact.value
            {
                let message = format!("`{name}` is given twice, with different values");
                return Err(Failure::new("facts-differ", message));
            }
            found.push((name, fact));
        }
        law.refuse_unknown_conventions(found.iter().map(|(name, _)| name))
            .map_err(|e| subject::failure(&e))?;
        Ok(found)
    }
}

pub(crate) fn run(args: Args) -> Result<Outcome, Failure> {
    let law = args.law.load()?;
    if !args.table.is_empty() {
        return table(&args, &law);
    }
    let weighing = assessed(args.facts.as_deref(), &args.parties, &args.law, &law)?;
    show(&weighing, args.format, args.output.as_deref())?;
    Ok(Outcome::of(&weighing.findings, args.fail_on))
}

/// Reads the rulebooks over facts from a file and from arguments.
pub(crate) fn assessed(
    file: Option<&Path>,
    parties: &Parties,
    asked: &subject::Law,
    law: &Law,
) -> Result<Weighing, Failure> {
    let (subject, inputs, facts) = told(file, parties, law)?;
    let (on, known) = (asked.on()?, asked.known());
    Ok(weigh_station::assess(
        &subject, inputs, facts, law, on, known,
    ))
}

/// The facts of a file and of the arguments together.
fn told(
    file: Option<&Path>,
    parties: &Parties,
    law: &Law,
) -> Result<(String, Vec<InputSeen>, Facts), Failure> {
    if file.is_none() && parties.is_empty() {
        let message = "no facts were given";
        let help =
            "name a file with `--facts`, or say what is known: `--to CC`, `--fact NAME=VALUE`";
        return Err(Failure::new("no-facts", message).help(help));
    }
    let (subject, inputs, mut facts) = match file {
        Some(file) => read(file, law)?,
        None => ("what was told".to_owned(), Vec::new(), Facts::new()),
    };
    for (name, fact) in parties.facts(law)? {
        if let Some(before) = facts.get(&name)
            && before.value != fact.value
        {
            let message = format!("`{name}` is one thing in the file and another in the arguments");
            let help = "correct the file, or leave out the argument";
            return Err(Failure::new("facts-differ", message).help(help));
        }
        facts.insert(name, fact);
    }
    Ok((subject, inputs, facts))
}

/// Every combination of the values of the axes.
fn table(args: &Args, law: &Law) -> Result<Outcome, Failure> {
    let axes: Result<Vec<Axis>, Failure> = args.table.iter().map(|text| axis(text)).collect();
    let facts = match (&args.facts, args.parties.is_empty()) {
        (None, true) => Facts::new(),
        (file, _) => told(file.as_deref(), &args.parties, law)?.2,
    };
    let days = (args.law.on()?, args.law.known());
    let table = weigh_station::decision_table(law, &facts, &axes?, days, args.least)
        .map_err(|e| subject::failure(&e))?;
    let text = weigh_report::render_decision_table(&table, args.format.into());
    match &args.output {
        Some(path) => output::write_file(path, &text)?,
        None => output::print(&text)?,
    }
    Ok(Outcome::Clear)
}

fn axis(text: &str) -> Result<Axis, Failure> {
    let wrong = || {
        let message = format!("`{text}` is no axis of a table");
        let help = "write a fact and its values: `destination=CN,AE,IL`";
        Failure::new("bad-axis", message).help(help)
    };
    let (fact, values) = text.split_once('=').ok_or_else(wrong)?;
    let fact = fact.trim().parse().map_err(|_| wrong())?;
    let values = values.split(',').map(|v| v.trim().to_owned());
    Ok(Axis {
        fact,
        values: values.filter(|v| !v.is_empty()).collect(),
    })
}

fn read(file: &Path, law: &Law) -> Result<(String, Vec<InputSeen>, Facts), Failure> {
    let path = file.display().to_string();
    let (text, input) =
        weigh_station::read_text(file, "facts").map_err(|e| subject::failure(&e))?;
    let origin = Origin {
        grade: Grade::Declared,
        method: MethodId::new("declared"),
        sources: vec![path.clone()],
    };
    let facts = Facts::from_toml(&text, &law.library.dictionary, &origin)
        .map_err(|faults| Failure::in_file(&path, &text, &faults))?;
    law.refuse_unknown_conventions(facts.iter().map(|(name, _)| name))
        .map_err(|e| subject::failure(&e))?;
    Ok((path, vec![input], facts))
}
