//! What an assessment says: findings, the facts that decided them, and what would decide the rest.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::Arc;

use weigh_facts::{
    Certainty, Coverage, Date, Decimal, Enforcement, FactName, FactType, Level, Period, Quantity,
    Source, SubjectKind, TextStatus, Truth, Value, Verdict,
};

use crate::book::{Basis, Clock};
use crate::{Citation, RuleId};

/// What one rulebook says of one subject on one day.
#[derive(Clone, Debug)]
pub struct Assessment {
    /// The rulebook.
    pub rulebook: Arc<str>,
    /// The day the rules were read on.
    pub on: Date,
    /// The day our knowledge of the rules ends.
    pub known: Date,
    /// One finding per rule, in the order of the text.
    pub findings: Vec<Finding>,
    /// Rules that both apply, say different things of one decision, and have no order.
    pub conflicts: Vec<Conflict>,
    /// What a person must look at because of the day.
    pub alarms: Vec<Alarm>,
}

/// A day that asks for a person: findings about the law and its encoding, not about the subject.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alarm {
    /// The rulebook.
    pub rulebook: Arc<str>,
    /// Names it: `affiliates-stay-ended`, `stale`.
    pub id: String,
    /// What kind it is.
    pub kind: AlarmKind,
    /// The first day it stands on.
    pub from: Date,
    /// What there is to know, in a sentence.
    pub text: String,
    /// What it rests on; none for what the program sees by itself.
    pub citations: Vec<Citation>,
}

/// Why a day asks for a person.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AlarmKind {
    /// The rulebook says so.
    Declared,
    /// A status ended, and nothing is known of what came after.
    Expired,
    /// The day is later than the last one of which the rulebook knows.
    Stale,
}

impl AlarmKind {
    /// The word used in output.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Declared => "declared",
            Self::Expired => "expired",
            Self::Stale => "stale",
        }
    }
}

/// Two rules that contradict each other: a defect of the rulebook, never settled by file order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conflict {
    /// What they decide differently: a key of `then`.
    pub decision: String,
    /// One rule, the word it gives, and where its id stands in the text.
    pub one: (RuleId, String, Range<usize>),
    /// The other.
    pub other: (RuleId, String, Range<usize>),
}

/// What one rule says of one subject on one day.
#[derive(Clone, Debug)]
pub struct Finding {
    /// The rulebook.
    pub rulebook: Arc<str>,
    /// The rule.
    pub rule: RuleId,
    /// What the rule is called, if its id is not enough.
    pub title: Option<Arc<str>>,
    /// What it is about. A rule about another kind of subject has nothing to say of this one.
    pub about: SubjectKind,
    /// How heavy it is.
    pub level: Level,
    /// Whether it applies.
    pub verdict: Verdict,
    /// What its text is on that day; none when no text was known.
    pub text_status: Option<TextStatus>,
    /// What those who enforce do about it on that day.
    pub enforcement: Enforcement,
    /// What it rests on.
    pub citations: Arc<[Citation]>,
    /// What else to read.
    pub see: Arc<[Citation]>,
    /// The weakest of the sources of the rule and of the values it used.
    pub certainty: Certainty,
    /// The interpretation this encoding follows.
    pub reading: Option<Arc<str>>,
    /// The condition as written.
    pub when: Arc<str>,
    /// What follows where it applies: decision and word. `deadline` is repeated below.
    pub outcome: Arc<BTreeMap<String, String>>,
    /// How long there is, from the event the source names.
    pub deadline: Option<Period>,
    /// From when the deadline runs, if the source says.
    pub clock: Option<Arc<Clock>>,
    /// The day by which it falls due, if it applies and the day it runs from is known; never before
    /// the first day of the rule, since a duty that is not yet there is not yet due. Of a period of
    /// hours, the earliest day on which it can end: facts have days and no hours.
    pub due: Option<Date>,
    /// Whom it binds, where it is a letter to one firm and no rule for all.
    pub addressee: Option<Arc<str>>,
    /// Does it rest on the text, or on what an agency does?
    pub basis: Basis,
    /// Every comparison of its condition, with what was known, and whether it decided.
    pub facts: Vec<AtomTrace>,
    /// What would settle it, most useful first; facts that cannot change the verdict are left out.
    pub missing: Vec<Need>,
    /// The verdicts that remain; one when decided.
    pub possible: BTreeSet<Verdict>,
    /// Did trying every critical value decide what the logic alone left open?
    pub decided_by_cases: bool,
    /// Were there too many combinations to try? Then `possible` and `missing` are upper limits.
    pub too_many_cases: bool,
    /// Exceptions that hold.
    pub overridden_by: Vec<RuleId>,
    /// Exceptions of which it is not known whether they hold.
    pub maybe_overridden_by: Vec<RuleId>,
    /// Rules it contradicts; see [`Assessment::conflicts`].
    pub conflicts_with: Vec<RuleId>,
    /// Is the day later than the last one of which the rulebook knows?
    pub stale: bool,
    /// The weakest bounds the verdict rests on; none when it rests on no quantity.
    pub coverage: Option<Coverage>,
}

/// One comparison of a condition.
#[derive(Clone, Debug)]
pub struct AtomTrace {
    /// As written: `operations('eu-cumulative') > $presumption_line`.
    pub text: Arc<str>,
    /// The facts it reads; the first is the one compared.
    pub names: Vec<FactName>,
    /// What is known of the first; none when it is missing.
    pub value: Option<Value>,
    /// The comparison, when it is one between a fact and a line.
    pub op: Option<&'static str>,
    /// The line it is compared with, when there is one and it is known.
    pub line: Option<LineRead>,
    /// What came out.
    pub truth: Truth,
    /// Whether it decided.
    pub role: Role,
    pub(crate) kind: Arc<crate::book::Slot>,
}

/// The part a comparison played.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// The verdict rests on it.
    Decides,
    /// It is not known, and could change the verdict.
    Open,
    /// The verdict is the same without it.
    NotNeeded,
}

/// A line as it was read on a day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LineRead {
    /// Where it lies, in base units.
    pub at: Quantity,
    /// The parameter that holds it, if it is not written into the condition.
    pub param: Option<Arc<str>>,
    /// The first day of the value, if it is dated.
    pub from: Option<Date>,
    /// The source of the value, if it is a parameter.
    pub source: Option<Arc<Source>>,
}

/// How far a bound is from a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Margin {
    /// The fact.
    pub fact: FactName,
    /// The bound that decides, in base units.
    pub bound: Decimal,
    /// The line, in base units.
    pub line: Decimal,
}

impl Margin {
    /// The bound as a share of the line, rounded to three digits; none for a line at zero.
    #[must_use]
    pub fn share(&self) -> Option<Decimal> {
        self.bound.quotient_down(&self.line, 3)
    }
}

/// A fact that would help.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Need {
    /// The fact.
    pub fact: FactName,
    /// Why it is not enough.
    pub why: Why,
    /// Would it settle the rule alone, whatever its value?
    pub alone: bool,
}

/// Why a fact is not enough.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Why {
    /// Nothing is known of it.
    Missing,
    /// Its bounds straddle a line.
    Straddles,
    /// Its code is in no list, and follows one that is: which one must be said.
    Unlisted,
}

impl AtomTrace {
    /// The fact compared.
    #[must_use]
    pub fn fact(&self) -> &FactName {
        &self.kind.name
    }

    /// What is known of it, rounded for readers.
    #[must_use]
    pub fn value_text(&self) -> Option<String> {
        self.value.as_ref().map(|v| v.to_reader(&self.kind.kind))
    }

    /// The line with its comparison, rounded for readers: `> 1.00e25 FLOP`.
    #[must_use]
    pub fn line_text(&self) -> Option<String> {
        let shown = match &self.kind.kind {
            FactType::Quantity { shown, .. } => shown.as_str(),
            _ => "1",
        };
        let line = self.line.as_ref()?;
        Some(format!("{} {}", self.op?, line.at.to_reader(shown)))
    }

    /// How far the bound nearest to the line is from it; none unless both are known.
    #[must_use]
    pub fn margin(&self) -> Option<Margin> {
        let Some(Value::Quantity(estimate)) = &self.value else {
            return None;
        };
        let line = &self.line.as_ref()?.at.value;
        let bound = match (estimate.low(), estimate.high()) {
            (Some(low), _) if low >= line => low,
            (_, Some(high)) if high <= line => high,
            _ => return None,
        };
        Some(Margin {
            fact: self.fact().clone(),
            bound: bound.clone(),
            line: line.clone(),
        })
    }
}

impl Finding {
    /// How far the quantities that decided are from their lines.
    #[must_use]
    pub fn margins(&self) -> Vec<Margin> {
        let decided = self.facts.iter().filter(|f| f.role == Role::Decides);
        decided.filter_map(AtomTrace::margin).collect()
    }

    /// The citation to print first.
    #[must_use]
    pub fn citation(&self) -> Option<&Citation> {
        self.citations.first()
    }

    /// The names of the facts that would settle it.
    #[must_use]
    pub fn needs(&self) -> BTreeSet<FactName> {
        self.missing.iter().map(|n| n.fact.clone()).collect()
    }
}
