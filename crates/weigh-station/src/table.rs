//! The decision table: one subject, with the values of a few facts put in place in turn.
//!
//! Item by destination by party by use: every cell is a full assessment, and names the rule that
//! speaks in it, or those that stay open, or the requirement that was read and does not apply.
//!
//! - **Invariant:** no cell without a citation: where nothing applies, the heaviest rule that was
//!   read and does not apply stands in it, with what it cites. What rests on an agency's policy and
//!   not on a text says so.

use std::collections::BTreeSet;

use weigh_facts::{
    Date, Enforcement, Fact, FactName, FactType, Facts, Grade, Level, MethodId, Origin, TextStatus,
    Verdict,
};
use weigh_rules::{Basis, Finding};

use crate::assess::assess_facts;
use crate::error::WeighError;
use crate::law::Law;

/// More cells than this are refused.
pub const CELLS_MAX: usize = 4_096;

/// One axis: a fact and the values it takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Axis {
    /// The fact.
    pub fact: FactName,
    /// Its values as a person wrote them.
    pub values: Vec<String>,
}

/// A table over one or more axes.
#[derive(Clone, Debug)]
pub struct DecisionTable {
    /// The axes.
    pub axes: Vec<Axis>,
    /// The day the rules are read on.
    pub on: Date,
    /// Every combination, the last axis fastest.
    pub cells: Vec<Cell>,
}

/// One combination.
#[derive(Clone, Debug)]
pub struct Cell {
    /// The value of each axis.
    pub at: Vec<String>,
    /// What speaks here: heaviest first; of equals, the law that is enforced before the rest.
    /// Never empty.
    pub speaks: Vec<Speaks>,
}

/// A rule that speaks in a cell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Speaks {
    /// The rulebook.
    pub rulebook: String,
    /// The rule.
    pub rule: String,
    /// Whether it applies.
    pub verdict: Verdict,
    /// How heavy it is.
    pub level: Level,
    /// What follows: `license: required`.
    pub outcome: String,
    /// What its text is.
    pub text_status: Option<TextStatus>,
    /// What those who enforce do.
    pub enforcement: Enforcement,
    /// Text, or an agency's policy.
    pub basis: Basis,
    /// What it cites.
    pub citation: String,
    /// What would settle it, if it is open.
    pub needs: Vec<String>,
}

/// Reads the rulebooks once for every combination of values. Rules lighter than `least` are left
/// out.
///
/// # Errors
/// When an axis names no fact, a value does not fit it, or there are more than [`CELLS_MAX`] cells.
pub fn decision_table(
    law: &Law,
    facts: &Facts,
    axes: &[Axis],
    (on, known): (Date, Option<Date>),
    least: Level,
) -> Result<DecisionTable, WeighError> {
    let axes = axes.iter().map(|a| expanded(law, a, on, known));
    let axes: Vec<Axis> = axes.collect::<Result<_, _>>()?;
    let cells = axes
        .iter()
        .try_fold(1_usize, |n, a| n.checked_mul(a.values.len()))
        .filter(|n| (1..=CELLS_MAX).contains(n));
    let Some(count) = cells else {
        return Err(WeighError::Overflow {
            what: format!("a table of more than {CELLS_MAX} cells, or of none,"),
        });
    };
    let mut cells = Vec::with_capacity(count);
    for index in 0..count {
        let mut facts = facts.clone();
        let mut rest = index;
        let mut at = vec![String::new(); axes.len()];
        for (axis, place) in axes.iter().zip(at.iter_mut()).rev() {
            let value = axis.values.get(rest % axis.values.len());
            rest /= axis.values.len();
            let Some(value) = value else { continue };
            let (name, fact) = assigned(law, &axis.fact, value)?;
            facts.insert(name, fact);
            place.clone_from(value);
        }
        let assessed = assess_facts(law, &facts, on, known);
        cells.push(Cell {
            at,
            speaks: speaking(&assessed.findings, least),
        });
    }
    Ok(DecisionTable { axes, on, cells })
}

fn assigned(law: &Law, fact: &FactName, value: &str) -> Result<(FactName, Fact), WeighError> {
    law.refuse_unknown_conventions([fact])?;
    let origin = Origin {
        grade: Grade::Assumed,
        method: MethodId::new("tried"),
        sources: vec!["an axis of the table".to_owned()],
    };
    let text = format!("{fact}={value}");
    Ok(Facts::read_assignment(
        &text,
        &law.library.dictionary,
        origin,
    )?)
}

/// `all` stands for every country of a table of codes, every word of a list, or true and false.
fn expanded(law: &Law, axis: &Axis, on: Date, known: Option<Date>) -> Result<Axis, WeighError> {
    let mut values: Vec<String> = Vec::new();
    for value in &axis.values {
        if value != "all" {
            // A wrong name or value is said before anything is read.
            assigned(law, &axis.fact, value)?;
            values.push(value.clone());
            continue;
        }
        let kind = law.library.dictionary.get(&axis.fact).map(|d| &d.kind);
        match kind {
            Some(FactType::Bool) => values.extend(["true".to_owned(), "false".to_owned()]),
            Some(FactType::Enum(words)) => values.extend(words.iter().cloned()),
            Some(FactType::Code(_)) => {
                let tables = law.library.tables.iter();
                let codes: BTreeSet<String> = tables
                    .filter_map(|t| t.codes("countries", on, known.unwrap_or(t.known_through())))
                    .flat_map(|codes| codes.iter().cloned())
                    .collect();
                values.extend(codes);
            }
            _ => {
                assigned(law, &axis.fact, value)?;
            }
        }
    }
    let mut seen = BTreeSet::new();
    values.retain(|v| seen.insert(v.clone()));
    Ok(Axis {
        fact: axis.fact.clone(),
        values,
    })
}

/// What applies and what is open; else the heaviest rule that was read and does not apply.
pub(crate) fn speaking(findings: &[Finding], least: Level) -> Vec<Speaks> {
    let heavy = || findings.iter().filter(|f| f.level >= least);
    let mut said: Vec<Speaks> = heavy()
        .filter(|f| matches!(f.verdict, Verdict::Applies | Verdict::Indeterminate))
        .map(speaks)
        .collect();
    said.sort_by_key(|s| {
        let is_enforced_law =
            s.text_status == Some(TextStatus::InForce) && s.enforcement == Enforcement::Enforced;
        std::cmp::Reverse((s.verdict == Verdict::Applies, is_enforced_law, s.level))
    });
    if said.is_empty() {
        let quiet = heavy().filter(|f| f.verdict == Verdict::DoesNotApply);
        let quiet = quiet.max_by_key(|f| {
            let is_law = f.text_status == Some(TextStatus::InForce);
            (is_law, f.level)
        });
        // With no rule heavy enough in force on the day, the first that there is answers.
        let any = quiet
            .or_else(|| heavy().next())
            .or_else(|| findings.first());
        said.extend(any.map(speaks));
    }
    said
}

pub(crate) fn speaks(finding: &Finding) -> Speaks {
    let outcome: Vec<String> = finding
        .outcome
        .iter()
        .map(|(key, word)| format!("{key}: {word}"))
        .collect();
    Speaks {
        rulebook: finding.rulebook.to_string(),
        rule: finding.rule.to_string(),
        verdict: finding.verdict,
        level: finding.level,
        outcome: outcome.join("; "),
        text_status: finding.text_status,
        enforcement: finding.enforcement,
        basis: finding.basis,
        citation: finding
            .citation()
            .map(ToString::to_string)
            .unwrap_or_default(),
        needs: finding.needs().iter().map(ToString::to_string).collect(),
    }
}
