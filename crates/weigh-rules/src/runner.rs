//! Runs the tests inside a rulebook, and reads it on every day on which it changes.

use std::collections::BTreeSet;
use std::ops::Range;

use weigh_facts::{Date, Facts, Verdict};

use crate::alarms::alarms;
use crate::assess::{Desk, contradictions};
use crate::book::{BookTest, Expectation};
use crate::eval::{Day, Evaluation, Scope, known_values};
use crate::finding::Finding;
use crate::{Rulebook, assess};

/// How one test went.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TestOutcome {
    /// Its name.
    pub name: String,
    /// What was expected and did not happen; empty when it passed.
    pub failures: Vec<String>,
    /// Where it stands in the text.
    pub span: Range<usize>,
}

impl TestOutcome {
    /// Did it go as expected?
    #[must_use]
    pub fn passed(&self) -> bool {
        self.failures.is_empty()
    }
}

/// Runs every test of a rulebook, then reads it on every day on which something in it changes:
/// each rule in force must have a status then, and no two rules may contradict each other in a test.
#[must_use]
pub fn run_tests(book: &Rulebook) -> Vec<TestOutcome> {
    let mut outcomes: Vec<TestOutcome> = book.tests.iter().map(|t| run(book, t)).collect();
    outcomes.push(coverage(book));
    outcomes
}

fn run(book: &Rulebook, test: &BookTest) -> TestOutcome {
    let known = test.known.unwrap_or(book.known_through.max(test.on));
    let day = Day::new(book, test.on, known);
    let values = known_values(book, &test.given);
    let scope = Scope::new(&day, &values);
    let evaluation = Evaluation::new(book, &scope, test.on, known);
    let desk = Desk {
        book,
        possible: crate::possible::Possible::new(book, scope, &evaluation),
        facts: &test.given,
        scope,
        evaluation: &evaluation,
        on: test.on,
        known,
    };
    let mut failures = Vec::new();
    for expected in &test.expect {
        let Some(rule) = book.rules.get(expected.rule) else {
            continue;
        };
        failures.extend(unmet(expected, &desk.finding(expected.rule, rule)));
    }
    if let Some(expected) = &test.alarms {
        let found = alarms(book, test.on, known).into_iter().map(|a| a.id);
        let found: BTreeSet<String> = found.collect();
        if *expected != found {
            let (one, two) = (listed(expected), listed(&found));
            failures.push(format!("the alarms should be {one} and are {two}"));
        }
    }
    // What the logic alone says applies: a test is about what it expects, and contradictions are
    // looked for beside it.
    for conflict in contradictions(book, &evaluation) {
        failures.push(format!(
            "`{}` says {} = `{}`, and `{}` says `{}`, and neither overrides the other",
            conflict.one.0, conflict.decision, conflict.one.1, conflict.other.0, conflict.other.1
        ));
    }
    TestOutcome {
        name: test.name.clone(),
        failures,
        span: test.span.clone(),
    }
}

/// What a test expects of a rule and a finding does not say.
fn unmet(expected: &Expectation, finding: &Finding) -> Vec<String> {
    let mut failures = Vec::new();
    if finding.verdict != expected.verdict {
        failures.push(format!(
            "`{}` was expected to be {} and is {}{}",
            finding.rule,
            expected.verdict,
            finding.verdict,
            because(finding)
        ));
    }
    if let Some(needs) = &expected.needs {
        let found: BTreeSet<String> = finding.needs().iter().map(ToString::to_string).collect();
        if *needs != found {
            let (one, two) = (listed(needs), listed(&found));
            failures.push(format!(
                "`{}` should need {one} and needs {two}",
                finding.rule
            ));
        }
    }
    if let Some(possible) = &expected.possible
        && *possible != finding.possible
    {
        let (one, two) = (listed(possible), listed(&finding.possible));
        failures.push(format!(
            "`{}` should leave {one} possible and leaves {two}",
            finding.rule
        ));
    }
    if let Some(due) = &expected.due
        && *due != finding.due
    {
        let shown =
            |day: &Option<Date>| day.map_or("on no known day".to_owned(), |d| format!("by {d}"));
        failures.push(format!(
            "`{}` should fall due {} and falls due {}",
            finding.rule,
            shown(due),
            shown(&finding.due)
        ));
    }
    failures
}

fn because(finding: &Finding) -> String {
    match finding.verdict {
        Verdict::Indeterminate => format!(", for want of {}", listed(&finding.needs())),
        _ => String::new(),
    }
}

fn listed<T: ToString>(items: &BTreeSet<T>) -> String {
    if items.is_empty() {
        return "nothing".to_owned();
    }
    let items: Vec<String> = items
        .iter()
        .map(|i| format!("`{}`", i.to_string()))
        .collect();
    items.join(", ")
}

fn coverage(book: &Rulebook) -> TestOutcome {
    let failures = days_without_status(book).into_iter();
    TestOutcome {
        name: "every day on which something changes".to_owned(),
        failures: failures.map(|(_, failure)| failure).collect(),
        span: 0..0,
    }
}

/// Days on which a rule in force has no status, with the place of the rule, if it is one of a rule.
/// A gap shows on a day on which something changes, so those are the days to try.
pub(crate) fn days_without_status(book: &Rulebook) -> Vec<(Option<usize>, String)> {
    let mut failures = Vec::new();
    let days: Vec<Date> = book
        .change_days()
        .into_iter()
        .chain([book.known_through])
        .collect();
    for on in days {
        let known = on.max(book.known_through);
        let assessment = assess(book, &Facts::new(), on, known);
        for (index, finding) in assessment.findings.iter().enumerate() {
            if finding.verdict == Verdict::NotInForce {
                continue;
            }
            if finding.text_status.is_none() {
                let failure = format!("`{}` has no text status on {on}", finding.rule);
                failures.push((Some(index), failure));
            }
        }
        if book.enforcement.at(on, known).is_none() && book.text_status.at(on, known).is_some() {
            failures.push((None, format!("nothing is said of enforcement on {on}")));
        }
    }
    failures
}
