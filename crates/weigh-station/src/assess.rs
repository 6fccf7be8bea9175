//! Facts meet rulebooks.

use std::collections::{BTreeMap, BTreeSet};

use weigh_facts::{Date, Dictionary, FactName, Facts, SubjectKind, Unit, Verdict};
use weigh_rules::{Alarm, CodeTable, Conflict, Finding, Rulebook};

use crate::law::Law;
use crate::weighing::{BookUsed, Line, OtherRule, Question, TableUsed};

/// What several rulebooks say of one subject.
#[derive(Clone, Debug)]
pub struct Assessed {
    /// The kinds of subject it is.
    pub kinds: BTreeSet<SubjectKind>,
    /// The day our knowledge of the rules ends.
    pub known: Date,
    /// The rulebooks.
    pub rulebooks: Vec<BookUsed>,
    /// What each rule says, in the order of the books.
    pub findings: Vec<Finding>,
    /// Rules about other kinds of subject.
    pub others: Vec<OtherRule>,
    /// Rules that contradict each other: defects of a book.
    pub conflicts: Vec<Conflict>,
    /// What a person must look at because of the day.
    pub alarms: Vec<Alarm>,
    /// What would settle the open findings, most useful first.
    pub questions: Vec<Question>,
    /// Lines on operations, ascending.
    pub lines: Vec<Line>,
}

/// Reads the rulebooks over facts about a subject of the given kinds. Without `known`, knowledge
/// ends where the books' own does.
///
/// Rules about other kinds of subject are listed by name and not evaluated: a chip rule is not
/// indeterminate for a model, it is about something else.
#[must_use]
pub fn assess_facts(law: &Law, facts: &Facts, on: Date, known: Option<Date>) -> Assessed {
    let (books, dictionary) = (&law.books, &law.library.dictionary);
    let known = known
        .or(books.iter().map(Rulebook::known_through).max())
        .unwrap_or(on);
    let kinds = kinds(facts, dictionary);
    let mut assessed = Assessed {
        kinds: kinds.clone(),
        known,
        rulebooks: books.iter().map(used).collect(),
        findings: Vec::new(),
        others: Vec::new(),
        conflicts: Vec::new(),
        alarms: Vec::new(),
        questions: Vec::new(),
        lines: Vec::new(),
    };
    for book in books {
        let found = weigh_rules::assess_about(book, facts, on, known, &kinds);
        assessed
            .lines
            .extend(lines_of(book, &found.findings, on, known));
        // A book that says nothing of the subject has nothing to look at for it.
        if !found.findings.is_empty() {
            assessed.alarms.extend(found.alarms);
        }
        assessed.findings.extend(found.findings);
        let others = book.entries().filter(|r| !kinds.contains(&r.about));
        assessed.others.extend(others.map(|r| OtherRule {
            rulebook: book.id().to_owned(),
            rule: r.id.to_string(),
            about: r.about,
        }));
        assessed.conflicts.extend(found.conflicts);
    }
    assessed
        .lines
        .sort_by(|a, b| (&a.at, &a.rulebook, &a.rule).cmp(&(&b.at, &b.rulebook, &b.rule)));
    assessed.questions = questions(&assessed.findings, dictionary);
    assessed
}

/// What the subject is: a model, unless every fact is about something else; and whatever else
/// facts are known about, such as its developer.
pub(crate) fn kinds(facts: &Facts, dictionary: &Dictionary) -> BTreeSet<SubjectKind> {
    let mut kinds: BTreeSet<SubjectKind> = facts
        .iter()
        .filter_map(|(name, _)| dictionary.get(name))
        .map(|d| d.about)
        .collect();
    if kinds.is_empty() || !kinds.contains(&SubjectKind::Chip) {
        kinds.insert(SubjectKind::Model);
    }
    kinds
}

fn used(book: &Rulebook) -> BookUsed {
    BookUsed {
        id: book.id().to_owned(),
        title: book.title().to_owned(),
        version: book.version().to_owned(),
        digest: book.digest().to_owned(),
        known_through: book.known_through(),
        supplied_by: book.supplied_by().map(str::to_owned),
        tables: book.tables().map(used_table).collect(),
    }
}

fn used_table(table: &CodeTable) -> TableUsed {
    TableUsed {
        id: table.id().to_owned(),
        version: table.version().to_owned(),
        digest: table.digest().to_owned(),
    }
}

/// The lines a book draws on operations: of several rules on one line, the first in the book
/// stands for it, since it is the one that draws the line and the others build on it.
fn lines_of(book: &Rulebook, findings: &[Finding], on: Date, known: Date) -> Vec<Line> {
    let mut lines: Vec<(usize, Line)> = Vec::new();
    for line in book.lines(on, known) {
        let place = findings.iter().position(|f| f.rule == line.rule);
        let is_lower_end = line.comparator.starts_with('>');
        let counts = line.fact.family() == "operations" && line.at.unit == Unit::flop();
        let Some(place) = place.filter(|_| is_lower_end && counts) else {
            continue;
        };
        let line = Line {
            at: line.at.value,
            comparator: line.comparator.to_owned(),
            rulebook: book.id().to_owned(),
            rule: line.rule.to_string(),
            fact: line.fact.to_string(),
        };
        let same = |l: &Line| l.at == line.at && l.comparator == line.comparator;
        match lines.iter_mut().find(|(_, l)| same(l)) {
            Some((before, kept)) if place < *before => (*before, *kept) = (place, line),
            Some(_) => {}
            None => lines.push((place, line)),
        }
    }
    lines.into_iter().map(|(_, line)| line).collect()
}

/// Open findings turned into questions: the fact that settles most first.
fn questions(findings: &[Finding], dictionary: &Dictionary) -> Vec<Question> {
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
