//! Facts meet rulebooks.

use std::collections::{BTreeMap, BTreeSet};

use weigh_facts::{Date, Dictionary, FactName, Facts, Unit, Verdict};
use weigh_rules::{Assessment, Conflict, Finding, Rulebook};

use crate::error::WeighError;
use crate::weighing::{BookUsed, Line, Question};

/// The shipped rulebooks named by `ids`, or all of them.
///
/// # Errors
/// When there is no rulebook of a name.
pub fn books(ids: &[String]) -> Result<Vec<Rulebook>, WeighError> {
    let all = weigh_rules::load_shipped();
    for id in ids {
        if !all.iter().any(|b| b.id() == id) {
            let known: Vec<&str> = all.iter().map(Rulebook::id).collect();
            return Err(WeighError::UnknownRulebook {
                name: id.clone(),
                known: known.join(", "),
            });
        }
    }
    Ok(all
        .into_iter()
        .filter(|b| ids.is_empty() || ids.iter().any(|id| b.id() == id))
        .collect())
}

/// What several rulebooks say of one subject.
#[derive(Clone, Debug)]
pub struct Assessed {
    /// The day our knowledge of the rules ends.
    pub known: Date,
    /// The rulebooks.
    pub rulebooks: Vec<BookUsed>,
    /// What each rule says, in the order of the books.
    pub findings: Vec<Finding>,
    /// Rules that contradict each other: defects of a book.
    pub conflicts: Vec<Conflict>,
    /// What would settle the open findings, most useful first.
    pub questions: Vec<Question>,
    /// Lines on operations, ascending.
    pub lines: Vec<Line>,
}

/// Reads the rulebooks over facts. Without `known`, knowledge ends where the books' own does.
#[must_use]
pub fn assess_facts(books: &[Rulebook], facts: &Facts, on: Date, known: Option<Date>) -> Assessed {
    let known = known
        .or(books.iter().map(Rulebook::known_through).max())
        .unwrap_or(on);
    let mut findings = Vec::new();
    let mut conflicts = Vec::new();
    let mut lines = Vec::new();
    for book in books {
        let Assessment {
            findings: found,
            conflicts: clashes,
            ..
        } = weigh_rules::assess(book, facts, on, known);
        findings.extend(found);
        conflicts.extend(clashes);
        lines.extend(lines_of(book, on, known));
    }
    lines.sort_by(|a: &Line, b| (&a.at, &a.rulebook, &a.rule).cmp(&(&b.at, &b.rulebook, &b.rule)));
    Assessed {
        known,
        rulebooks: books.iter().map(used).collect(),
        questions: questions(&findings),
        findings,
        conflicts,
        lines,
    }
}

fn used(book: &Rulebook) -> BookUsed {
    BookUsed {
        id: book.id().to_owned(),
        title: book.title().to_owned(),
        version: book.version().to_owned(),
        digest: book.digest().to_owned(),
        known_through: book.known_through(),
    }
}

fn lines_of(book: &Rulebook, on: Date, known: Date) -> impl Iterator<Item = Line> {
    let lines = book.lines(on, known).into_iter();
    lines
        .filter(|l| l.fact.family() == "operations" && l.at.unit == Unit::flop())
        .map(|line| Line {
            at: line.at.value,
            comparator: line.comparator.to_owned(),
            rulebook: book.id().to_owned(),
            rule: line.rule.to_string(),
            fact: line.fact.to_string(),
        })
}

/// Open findings turned into questions: the fact that settles most first.
fn questions(findings: &[Finding]) -> Vec<Question> {
    let dictionary = Dictionary::shipped();
    let mut settles: BTreeMap<FactName, Vec<String>> = BTreeMap::new();
    for finding in findings
        .iter()
        .filter(|f| f.verdict == Verdict::Indeterminate)
    {
        for need in &finding.missing {
            settles
                .entry(need.fact.clone())
                .or_default()
                .push(format!("{}/{}", finding.rulebook, finding.rule));
        }
    }
    let mut questions: Vec<Question> = settles
        .into_iter()
        .filter_map(|(fact, settles)| {
            let definition = dictionary.get(&fact)?;
            let (ask, source) = (definition.ask.clone(), definition.source.clone());
            Some(Question {
                fact,
                ask,
                source,
                settles,
            })
        })
        .collect();
    questions.sort_by(|a, b| (b.settles.len(), &a.fact).cmp(&(a.settles.len(), &b.fact)));
    questions
}

/// Every fact that an open finding still needs.
#[must_use]
pub fn missing_facts(findings: &[Finding]) -> BTreeSet<FactName> {
    let open = findings
        .iter()
        .filter(|f| f.verdict == Verdict::Indeterminate);
    open.flat_map(|f| f.missing.iter().map(|n| n.fact.clone()))
        .collect()
}
