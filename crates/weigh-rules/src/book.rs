//! A checked rulebook: what [`crate::check`] promises and everything else relies on.
//!
//! - **Invariant:** every index points somewhere, every name is resolved, every unit agrees, and the
//!   rules stand in an order in which each comes after those it depends on.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use weigh_facts::{
    Certainty, Date, Decimal, Enforcement, FactName, FactType, Facts, Interval, Level, Period,
    Quantity, Source, SourceKey, SubjectKind, TextStatus, Timeline, Unit, Verdict,
};

use crate::browse::StatusEntry;
use crate::ir::{Atom, Comparison, Node, Num, Operand, Test as AtomTest};

/// Names a rule inside its rulebook: `presumed-systemic-risk`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RuleId(pub(crate) Arc<str>);

impl RuleId {
    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for RuleId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl PartialEq<str> for RuleId {
    fn eq(&self, other: &str) -> bool {
        &*self.0 == other
    }
}

impl PartialEq<&str> for RuleId {
    fn eq(&self, other: &&str) -> bool {
        &*self.0 == *other
    }
}

/// What a rule rests on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Citation {
    /// The source as the rulebook lists it.
    pub source: Arc<Source>,
    /// The place inside it: `Note 3`, if the source is wider than the rule.
    pub pin: Option<String>,
    /// The words that decide, if they are not those of the source.
    pub quote: Option<String>,
}

impl fmt::Display for Citation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.source.title)?;
        match &self.pin {
            Some(pin) => write!(f, ", {pin}"),
            None => Ok(()),
        }
    }
}

/// A line on a fact as a rulebook draws it on a day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// The rule that draws it.
    pub rule: RuleId,
    /// What is compared.
    pub fact: FactName,
    /// `>`, `>=`, `<`, `<=`, `=` or `<>`.
    pub comparator: &'static str,
    /// Where it lies, in base units.
    pub at: Quantity,
    /// The unit people read it in.
    pub shown: Arc<str>,
    /// The parameter that holds it, if it is not written into the condition.
    pub param: Option<Arc<str>>,
}

/// A rule as the rulebook has it.
#[derive(Clone, Debug)]
pub struct RuleEntry<'a> {
    /// Its id.
    pub id: &'a RuleId,
    /// What it is called, if its id is not enough.
    pub title: Option<&'a str>,
    /// What it is about.
    pub about: SubjectKind,
    /// How heavy it is.
    pub level: Level,
    /// Its condition as written.
    pub when: &'a str,
    /// What follows where it applies: decision and word.
    pub then: &'a BTreeMap<String, String>,
    /// What it rests on.
    pub citations: &'a [Citation],
    /// What else to read.
    pub see: &'a [Citation],
    /// The interpretation it follows.
    pub reading: Option<&'a str>,
    /// The days it speaks of.
    pub interval: Interval,
    /// The rules it is an exception to.
    pub overrides: Vec<&'a RuleId>,
    /// The rules that are exceptions to it.
    pub overridden_by: Vec<&'a RuleId>,
    /// Whom it binds, where it is a letter to one firm and no rule for all.
    pub addressee: Option<&'a str>,
    /// What it rests on: the text, or what an agency does.
    pub basis: Basis,
    /// The weakest of what it cites.
    pub certainty: Certainty,
    /// From when its deadline runs, if the source says.
    pub clock: Option<&'a Clock>,
    /// What its text is over time, where that is not that of the book.
    pub text_status: Option<&'a Timeline<TextStatus>>,
    /// The statuses of its own, where they are not those of the book.
    pub history: &'a [StatusEntry],
}

/// What a rule rests on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Basis {
    /// What the text says.
    #[default]
    Text,
    /// What an agency does or announced, beside or against the text.
    Policy,
}

impl Basis {
    /// Every word.
    pub const ALL: &'static [Self] = &[Self::Text, Self::Policy];

    /// The word used in data files and output.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Policy => "policy",
        }
    }

    pub(crate) fn parse(word: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|b| b.as_str() == word)
    }
}

/// From when a deadline runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Clock {
    /// The fact that holds the day, if the subject can have one.
    pub fact: Option<FactName>,
    /// What happens on that day, as the source says it.
    pub event: String,
}

/// A shared table of code lists, such as the country groups: sets that several books read.
#[derive(Clone, Debug)]
pub struct CodeTable {
    pub(crate) id: Arc<str>,
    pub(crate) title: String,
    pub(crate) version: String,
    pub(crate) digest: String,
    pub(crate) known_through: Date,
    pub(crate) sources: Vec<Arc<Source>>,
    pub(crate) sets: Vec<CodeSet>,
}

impl CodeTable {
    /// Its id: `us-country-groups`.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Its title.
    #[must_use]
    pub fn title(&self) -> &str {
        &self.title
    }

    /// Version of this encoding.
    #[must_use]
    pub fn version(&self) -> &str {
        &self.version
    }

    /// SHA-256 of its text, in hexadecimal.
    #[must_use]
    pub fn digest(&self) -> &str {
        &self.digest
    }

    /// The last day of which it knows.
    #[must_use]
    pub fn known_through(&self) -> Date {
        self.known_through
    }

    /// Its sources.
    pub fn sources(&self) -> impl Iterator<Item = &Source> {
        self.sources.iter().map(|s| &**s)
    }

    /// The names of its sets.
    pub fn sets(&self) -> impl Iterator<Item = &str> {
        self.sets.iter().map(|s| s.name.as_str())
    }

    /// The codes of a set on a day, as they were known on another; none when nothing was.
    #[must_use]
    pub fn codes(&self, set: &str, on: Date, known: Date) -> Option<&BTreeSet<String>> {
        let set = self.sets.iter().find(|s| s.name == set)?;
        set.values.at(on, known).map(|d| &d.value.codes)
    }
}

/// A day from which a person must look: a stay that ended, a list that was to be renewed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct DeclaredAlarm {
    pub(crate) id: String,
    pub(crate) when: Interval,
    pub(crate) text: String,
    pub(crate) citations: Vec<Citation>,
}

/// A comparison that tests cannot take both ways, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Unreached {
    pub(crate) rule: String,
    pub(crate) atom: String,
    pub(crate) reason: String,
    pub(crate) span: Range<usize>,
}

/// A rulebook that checks.
#[derive(Clone, Debug)]
pub struct Rulebook {
    pub(crate) id: Arc<str>,
    pub(crate) title: String,
    pub(crate) jurisdiction: String,
    pub(crate) version: String,
    pub(crate) digest: String,
    pub(crate) known_through: Date,
    pub(crate) text_status: Timeline<TextStatus>,
    pub(crate) enforcement: Timeline<Enforcement>,
    /// The same two timelines, with what each entry cites.
    pub(crate) history: Vec<StatusEntry>,
    pub(crate) sources: BTreeMap<String, ListedSource>,
    pub(crate) slots: Vec<Arc<Slot>>,
    pub(crate) params: Vec<Param>,
    pub(crate) sets: Vec<CodeSet>,
    pub(crate) predicates: Vec<Predicate>,
    pub(crate) atoms: Vec<Atom>,
    pub(crate) rules: Vec<Rule>,
    /// Indices of `rules`, each after those it depends on.
    pub(crate) order: Vec<usize>,
    pub(crate) tests: Vec<BookTest>,
    pub(crate) tables: Vec<Arc<CodeTable>>,
    pub(crate) alarms: Vec<DeclaredAlarm>,
    pub(crate) unreached: Vec<Unreached>,
    /// The file of a person's own; none for what ships.
    pub(crate) supplied_by: Option<Arc<str>>,
}

/// A source and the day its text was fetched.
#[derive(Clone, Debug)]
pub(crate) struct ListedSource {
    pub(crate) source: Arc<Source>,
    pub(crate) retrieved: Option<Date>,
}

/// A fact that the rulebook mentions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Slot {
    pub(crate) name: FactName,
    pub(crate) kind: FactType,
}

/// A dated value with a unit.
#[derive(Clone, Debug)]
pub(crate) struct Param {
    pub(crate) name: Arc<str>,
    pub(crate) unit: Unit,
    /// The unit as the file has it: `GB/s`.
    pub(crate) shown: Arc<str>,
    /// Why there is no value, if the source states none.
    pub(crate) unstated: Option<String>,
    pub(crate) values: Timeline<ParamValue>,
}

/// One value of a parameter, in base units.
#[derive(Clone, Debug)]
pub(crate) struct ParamValue {
    pub(crate) value: Decimal,
    pub(crate) source: Arc<Source>,
}

/// A dated list of codes.
#[derive(Clone, Debug)]
pub(crate) struct CodeSet {
    pub(crate) name: String,
    pub(crate) extent: Extent,
    pub(crate) values: Timeline<CodeList>,
}

/// What a code that is not listed is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Extent {
    /// Not in the set.
    Complete,
    /// Unknown.
    Open,
    /// Not in the set if the set at this place lists it, else unknown: an unlisted territory is
    /// not free.
    Within(usize),
}

/// One state of a list of codes.
#[derive(Clone, Debug)]
pub(crate) struct CodeList {
    pub(crate) codes: BTreeSet<String>,
    pub(crate) source: Arc<Source>,
}

/// A named condition.
#[derive(Clone, Debug)]
pub(crate) struct Predicate {
    pub(crate) name: Arc<str>,
    /// As written.
    pub(crate) when: Arc<str>,
    pub(crate) node: Node,
}

/// One rule.
#[derive(Clone, Debug)]
pub(crate) struct Rule {
    pub(crate) id: RuleId,
    pub(crate) title: Option<Arc<str>>,
    pub(crate) about: SubjectKind,
    pub(crate) level: Level,
    pub(crate) citations: Arc<[Citation]>,
    pub(crate) see: Arc<[Citation]>,
    pub(crate) certainty: Certainty,
    pub(crate) node: Node,
    pub(crate) when: Arc<str>,
    pub(crate) then: Arc<BTreeMap<String, String>>,
    pub(crate) deadline: Option<Period>,
    pub(crate) interval: Interval,
    pub(crate) reading: Option<Arc<str>>,
    pub(crate) text_status: Option<Timeline<TextStatus>>,
    pub(crate) enforcement: Option<Timeline<Enforcement>>,
    pub(crate) history: Vec<StatusEntry>,
    pub(crate) addressee: Option<Arc<str>>,
    pub(crate) basis: Basis,
    pub(crate) clock: Option<Arc<Clock>>,
    /// Rules that this one is an exception to.
    pub(crate) overrides: Vec<usize>,
    /// Rules that are exceptions to this one.
    pub(crate) overridden_by: Vec<usize>,
    /// Atoms of its own condition, predicates included, in the order of the text.
    pub(crate) own_atoms: Vec<usize>,
    /// Atoms on which its verdict can depend: its own, its exceptions', those of rules it reads.
    pub(crate) reach_atoms: Vec<usize>,
    /// Rules on which its verdict can depend and itself, in evaluation order.
    pub(crate) reach_rules: Vec<usize>,
    /// Where its id stands in the text.
    pub(crate) span: Range<usize>,
}

/// A test in the file.
#[derive(Clone, Debug)]
pub(crate) struct BookTest {
    pub(crate) name: String,
    pub(crate) on: Date,
    pub(crate) known: Option<Date>,
    pub(crate) given: Facts,
    pub(crate) expect: Vec<Expectation>,
    /// The alarms of the day, by id, if the test says which.
    pub(crate) alarms: Option<BTreeSet<String>>,
    pub(crate) span: Range<usize>,
}

/// What a test expects of one rule.
#[derive(Clone, Debug)]
pub(crate) struct Expectation {
    pub(crate) rule: usize,
    pub(crate) verdict: Verdict,
    pub(crate) needs: Option<BTreeSet<String>>,
    pub(crate) possible: Option<BTreeSet<Verdict>>,
    /// The day it falls due, or none, if the test says which.
    pub(crate) due: Option<Option<Date>>,
}

impl Rulebook {
    /// Its id: `eu-ai-act`.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Its title.
    #[must_use]
    pub fn title(&self) -> &str {
        &self.title
    }

    /// Whose rules they are: `EU`.
    #[must_use]
    pub fn jurisdiction(&self) -> &str {
        &self.jurisdiction
    }

    /// Version of this encoding, not of the law.
    #[must_use]
    pub fn version(&self) -> &str {
        &self.version
    }

    /// SHA-256 of its text, in hexadecimal.
    #[must_use]
    pub fn digest(&self) -> &str {
        &self.digest
    }

    /// The last day of which the encoding knows.
    #[must_use]
    pub fn known_through(&self) -> Date {
        self.known_through
    }

    /// The status of the text over time.
    #[must_use]
    pub fn text_status(&self) -> &Timeline<TextStatus> {
        &self.text_status
    }

    /// The status of enforcement over time.
    #[must_use]
    pub fn enforcement(&self) -> &Timeline<Enforcement> {
        &self.enforcement
    }

    /// Its sources, by key.
    pub fn sources(&self) -> impl Iterator<Item = &Source> {
        self.sources.values().map(|s| &*s.source)
    }

    /// The file it was read from, if it is not one that ships.
    #[must_use]
    pub fn supplied_by(&self) -> Option<&str> {
        self.supplied_by.as_deref()
    }

    /// The same book, marked as supplied by a person's own file.
    #[must_use]
    pub fn from_file(mut self, path: &str) -> Self {
        self.supplied_by = Some(path.into());
        self
    }

    /// The shared tables it reads.
    pub fn tables(&self) -> impl Iterator<Item = &CodeTable> {
        self.tables.iter().map(|t| &**t)
    }

    /// The day a source was fetched, if the rulebook says.
    #[must_use]
    pub fn retrieved(&self, key: &SourceKey) -> Option<Date> {
        self.sources.get(&key.0).and_then(|s| s.retrieved)
    }

    /// Its rules in the order of the text: id, kind of subject, level, and the condition as written.
    pub fn rules(&self) -> impl Iterator<Item = (&RuleId, SubjectKind, Level, &str)> {
        self.entries().map(|r| (r.id, r.about, r.level, r.when))
    }

    /// Its rules in the order of the text, whole.
    pub fn entries(&self) -> impl Iterator<Item = RuleEntry<'_>> {
        self.rules.iter().map(|rule| RuleEntry {
            id: &rule.id,
            title: rule.title.as_deref(),
            about: rule.about,
            level: rule.level,
            when: &rule.when,
            then: &rule.then,
            citations: &rule.citations,
            see: &rule.see,
            reading: rule.reading.as_deref(),
            interval: rule.interval,
            overrides: self.ids(&rule.overrides),
            overridden_by: self.ids(&rule.overridden_by),
            addressee: rule.addressee.as_deref(),
            basis: rule.basis,
            certainty: rule.certainty,
            clock: rule.clock.as_deref(),
            text_status: rule.text_status.as_ref(),
            history: &rule.history,
        })
    }

    pub(crate) fn ids(&self, rules: &[usize]) -> Vec<&RuleId> {
        let rules = rules.iter().filter_map(|r| self.rules.get(*r));
        rules.map(|r| &r.id).collect()
    }

    /// Its named conditions, as written by name.
    pub fn predicates(&self) -> impl Iterator<Item = (&str, &str)> {
        self.predicates.iter().map(|p| (&*p.name, &*p.when))
    }

    /// Every fact a condition mentions, by name.
    #[must_use]
    pub fn facts(&self) -> BTreeSet<FactName> {
        self.slots.iter().map(|s| s.name.clone()).collect()
    }

    /// The facts that are the days deadlines run from.
    #[must_use]
    pub fn clocks(&self) -> BTreeSet<FactName> {
        let clocks = self.rules.iter().filter_map(|r| r.clock.as_ref());
        clocks.filter_map(|c| c.fact.clone()).collect()
    }

    /// How many tests the file has.
    #[must_use]
    pub fn test_count(&self) -> usize {
        self.tests.len()
    }

    /// The days on which a status, a value, a list or a rule may change, ascending.
    #[must_use]
    pub fn change_days(&self) -> BTreeSet<Date> {
        let mut days: BTreeSet<Date> = self.text_status.change_days().collect();
        days.extend(self.enforcement.change_days());
        for param in &self.params {
            days.extend(param.values.change_days());
        }
        for set in &self.sets {
            days.extend(set.values.change_days());
        }
        for rule in &self.rules {
            days.extend(
                [rule.interval.from, rule.interval.until]
                    .into_iter()
                    .flatten(),
            );
            days.extend(rule.text_status.iter().flat_map(Timeline::change_days));
            days.extend(rule.enforcement.iter().flat_map(Timeline::change_days));
        }
        days
    }

    /// The lines its rules draw on single facts on a day, by fact and height.
    #[must_use]
    pub fn lines(&self, on: Date, known: Date) -> Vec<Line> {
        let mut lines: Vec<Line> = Vec::new();
        for rule in self.rules.iter().filter(|r| r.interval.holds(on, known)) {
            for atom in rule.own_atoms.iter().filter_map(|a| self.atoms.get(*a)) {
                lines.extend(self.line_of(rule, atom, on, known));
            }
        }
        lines.sort_by(|a, b| (&a.fact, &a.at.value, &a.rule).cmp(&(&b.fact, &b.at.value, &b.rule)));
        lines.dedup();
        lines
    }

    /// The lines its rules draw on one of some facts on any day.
    #[must_use]
    pub fn lines_on_any_day(&self, is_asked: &dyn Fn(&FactName) -> bool, known: Date) -> Vec<Line> {
        let asked = |index: &usize| {
            let atom = self.atoms.get(*index)?;
            let AtomTest::Line {
                of: Operand::Fact(slot),
                ..
            } = &atom.test
            else {
                return None;
            };
            self.slots
                .get(*slot)
                .filter(|s| is_asked(&s.name))
                .map(|_| atom)
        };
        let rules = self.rules.iter();
        let drawn: Vec<(&Rule, &Atom)> = rules
            .flat_map(|rule| {
                rule.own_atoms
                    .iter()
                    .filter_map(asked)
                    .map(move |a| (rule, a))
            })
            .collect();
        if drawn.is_empty() {
            return Vec::new();
        }
        let mut lines: Vec<Line> = Vec::new();
        for on in self.change_days() {
            let holds = drawn
                .iter()
                .filter(|(rule, _)| rule.interval.holds(on, known));
            lines.extend(holds.filter_map(|(rule, atom)| self.line_of(rule, atom, on, known)));
        }
        lines
    }

    fn line_of(&self, rule: &Rule, atom: &Atom, on: Date, known: Date) -> Option<Line> {
        let AtomTest::Line {
            of: Operand::Fact(slot),
            op,
            line,
        } = &atom.test
        else {
            return None;
        };
        let slot = self.slots.get(*slot)?;
        let FactType::Quantity { unit, shown } = &slot.kind else {
            return None;
        };
        Some(Line {
            rule: rule.id.clone(),
            fact: slot.name.clone(),
            comparator: Comparison::as_str(*op),
            at: Quantity {
                value: self.line_value(line, on, known)?,
                unit: *unit,
            },
            shown: shown.as_str().into(),
            param: match line {
                Num::Param(param) => self.params.get(*param).map(|p| p.name.clone()),
                _ => None,
            },
        })
    }

    /// The position of a rule by its id.
    pub(crate) fn rule_index(&self, id: &str) -> Option<usize> {
        self.rules.iter().position(|r| r.id == *id)
    }
}
