//! Where regimes part: one decision with different words, one quantity over one book's line and
//! under another's.
//!
//! Inside one rulebook two rules that contradict each other are a defect. Between rulebooks they are
//! the state of the law, and what a person who answers to both needs to see.
//!
//! - **Invariant:** nothing is ranked. Every voice carries its own status: whether its text is law
//!   on the day, and whether anybody enforces it.

use std::collections::BTreeMap;

use weigh_facts::{Enforcement, Level, Quantity, TextStatus, Truth, Verdict};
use weigh_rules::{AtomTrace, Finding, Role};

/// Where the regimes part on one subject.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Regimes {
    /// Decisions that rules of several books make in different words.
    pub decisions: Vec<Decision>,
    /// Quantities that are over one book's line and under another's.
    pub lines: Vec<LinesApart>,
}

impl Regimes {
    /// Do they agree wherever they speak of the same?
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.decisions.is_empty() && self.lines.is_empty()
    }
}

/// One decision in different words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    /// What is decided: a key of `then`, such as `license`.
    pub decision: String,
    /// What each book says, heaviest first.
    pub voices: Vec<Voice>,
}

/// What a rule of one book says, and how its text stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Voice {
    /// The rulebook.
    pub rulebook: String,
    /// The rule.
    pub rule: String,
    /// The word it gives, or the line it draws.
    pub says: Says,
    /// How heavy it is.
    pub level: Level,
    /// Whether it applies.
    pub verdict: Verdict,
    /// What its text is on the day.
    pub text_status: Option<TextStatus>,
    /// What those who enforce do about it.
    pub enforcement: Enforcement,
}

impl Voice {
    /// Is its text law on the day? What is proposed, vetoed, claimed or hypothetical is not.
    #[must_use]
    pub fn is_law(&self) -> bool {
        self.text_status == Some(TextStatus::InForce)
    }
}

/// What a voice says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Says {
    /// A word for a decision.
    Word(String),
    /// A line on a quantity: `>`, where, and the unit people read it in.
    Line {
        /// The comparison.
        comparator: &'static str,
        /// Where it lies, in base units.
        at: Quantity,
        /// The line as readers want it: `> 1.00e25 FLOP`.
        shown: String,
    },
}

/// A quantity over one book's line and under another's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LinesApart {
    /// The quantity: the name of the fact, or of its family (`operations`).
    pub quantity: String,
    /// Books whose line it is over.
    pub over: Vec<Voice>,
    /// Books whose line it is under.
    pub under: Vec<Voice>,
}

/// Compares what the books say of one subject.
#[must_use]
pub fn regimes(findings: &[Finding]) -> Regimes {
    Regimes {
        decisions: decisions(findings),
        lines: lines(findings),
    }
}

fn voice(finding: &Finding, says: Says) -> Voice {
    Voice {
        rulebook: finding.rulebook.to_string(),
        rule: finding.rule.to_string(),
        says,
        level: finding.level,
        verdict: finding.verdict,
        text_status: finding.text_status,
        enforcement: finding.enforcement,
    }
}

fn decisions(findings: &[Finding]) -> Vec<Decision> {
    let mut by_key: BTreeMap<&str, Vec<Voice>> = BTreeMap::new();
    for finding in findings.iter().filter(|f| f.verdict == Verdict::Applies) {
        for (key, word) in finding.outcome.iter().filter(|(k, _)| *k != "deadline") {
            let voices = by_key.entry(key).or_default();
            let repeats =
                |v: &Voice| v.rulebook == *finding.rulebook && v.says == Says::Word(word.clone());
            if !voices.iter().any(repeats) {
                voices.push(voice(finding, Says::Word(word.clone())));
            }
        }
    }
    let mut found = Vec::new();
    for (key, mut voices) in by_key {
        let first = voices.first().cloned();
        let differs = |v: &Voice| {
            first
                .as_ref()
                .is_some_and(|f| f.rulebook != v.rulebook && f.says != v.says)
        };
        if voices.iter().any(differs) {
            voices.sort_by(|a, b| (b.level, &a.rulebook).cmp(&(a.level, &b.rulebook)));
            found.push(Decision {
                decision: key.to_owned(),
                voices,
            });
        }
    }
    found
}

/// The comparison of a finding with a line from below that decided it.
fn deciding_lines(finding: &Finding, truth: Truth) -> impl Iterator<Item = &AtomTrace> {
    finding.facts.iter().filter(move |atom| {
        atom.truth == truth
            && atom.role == Role::Decides
            && atom.line.is_some()
            && atom.op.is_some_and(|op| op.starts_with('>'))
    })
}

fn lines(findings: &[Finding]) -> Vec<LinesApart> {
    // By quantity and book: the heaviest rule over its line, or the lowest line not reached.
    let mut over: BTreeMap<(String, String), Voice> = BTreeMap::new();
    let mut under: BTreeMap<(String, String), Voice> = BTreeMap::new();
    for finding in findings.iter().filter(|f| f.level > Level::Note) {
        let (truth, side) = match finding.verdict {
            Verdict::Applies => (Truth::True, &mut over),
            Verdict::DoesNotApply => (Truth::False, &mut under),
            _ => continue,
        };
        for atom in deciding_lines(finding, truth) {
            let (Some(line), Some(comparator)) = (&atom.line, atom.op) else {
                continue;
            };
            let says = Says::Line {
                comparator,
                at: line.at.clone(),
                shown: atom.line_text().unwrap_or_default(),
            };
            let new = voice(finding, says);
            let key = (
                atom.fact().family().to_owned(),
                finding.rulebook.to_string(),
            );
            let is_better = side.get(&key).is_none_or(|before| match truth {
                Truth::True => (before.level, height(before)) < (new.level, height(&new)),
                _ => height(&new) < height(before),
            });
            if is_better {
                side.insert(key, new);
            }
        }
    }
    under.retain(|key, _| !over.contains_key(key));
    let mut apart: BTreeMap<String, LinesApart> = BTreeMap::new();
    for ((quantity, _), voice) in over {
        let entry = apart.entry(quantity.clone()).or_insert(LinesApart {
            quantity,
            over: Vec::new(),
            under: Vec::new(),
        });
        entry.over.push(voice);
    }
    for ((quantity, _), voice) in under {
        if let Some(entry) = apart.get_mut(&quantity) {
            entry.under.push(voice);
        }
    }
    let mut found: Vec<LinesApart> = apart.into_values().collect();
    found.retain(|a| !a.under.is_empty());
    for entry in &mut found {
        entry.over.sort_by(|a, b| height(a).cmp(&height(b)));
        entry.under.sort_by(|a, b| height(a).cmp(&height(b)));
    }
    found
}

fn height(voice: &Voice) -> Option<&weigh_facts::Decimal> {
    match &voice.says {
        Says::Line { at, .. } => Some(&at.value),
        Says::Word(_) => None,
    }
}
