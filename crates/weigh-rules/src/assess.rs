//! Findings from facts: what each rule says, what decided it, and what would decide the rest.
//!
//! - **Invariant:** a rule is effective when its condition holds and nothing that overrides it is
//!   effective; while an exception is unknown, so is the rule.
//! - **Invariant:** `not-in-force` is said only when the rule's own interval excludes the day.
//! - **Invariant:** what speaks of the day and was not known yet leaves a rule open, and no fact
//!   about the subject is said to settle that.
//! - **Invariant:** two effective rules that contradict each other are reported, never ranked.

use std::collections::BTreeSet;
use std::sync::Arc;

use weigh_facts::{
    Certainty, Coverage, Date, Enforcement, FactType, Facts, Level, Quantity, SubjectKind, Truth,
    Value, Verdict,
};

use crate::Rulebook;
use crate::alarms;
use crate::book::Rule;
use crate::eval::{Day, Evaluation, Scope, fold, known_values};
use crate::finding::{Assessment, AtomTrace, Conflict, Finding, LineRead, Role};
use crate::ir::{Node, Num, Operand, Test};
use crate::possible::{Cases, Possible, Question};

/// Reads every rule of a rulebook over what is known of a subject, on the day `on`, with the
/// knowledge of the law that existed on `known`. Cannot fail.
#[must_use]
pub fn assess(book: &Rulebook, facts: &Facts, on: Date, known: Date) -> Assessment {
    assess_where(book, facts, on, known, |_| true)
}

/// As [`assess`], of the rules about some kinds of subject alone: the others are evaluated only
/// where these depend on them.
#[must_use]
pub fn assess_about(
    book: &Rulebook,
    facts: &Facts,
    on: Date,
    known: Date,
    kinds: &BTreeSet<SubjectKind>,
) -> Assessment {
    assess_where(book, facts, on, known, |rule| kinds.contains(&rule.about))
}

/// As [`assess_about`], of the rules of a level or heavier alone: whoever shows no notes does not
/// wait for what would settle them.
#[must_use]
pub fn assess_from(
    book: &Rulebook,
    facts: &Facts,
    (on, known): (Date, Date),
    kinds: &BTreeSet<SubjectKind>,
    least: Level,
) -> Assessment {
    let is_asked = |rule: &Rule| kinds.contains(&rule.about) && rule.level >= least;
    assess_where(book, facts, on, known, is_asked)
}

/// As [`assess_from`], and the lighter rules besides that decide an outcome whose key begins so:
/// `exception`.
#[must_use]
pub fn assess_from_or_deciding(
    book: &Rulebook,
    facts: &Facts,
    (on, known): (Date, Date),
    kinds: &BTreeSet<SubjectKind>,
    (least, key): (Level, &str),
) -> Assessment {
    let decides = |rule: &Rule| rule.then.keys().any(|k| k.starts_with(key));
    let is_asked =
        |rule: &Rule| kinds.contains(&rule.about) && (rule.level >= least || decides(rule));
    assess_where(book, facts, on, known, is_asked)
}

fn assess_where(
    book: &Rulebook,
    facts: &Facts,
    on: Date,
    known: Date,
    is_asked: impl Fn(&Rule) -> bool,
) -> Assessment {
    let day = Day::new(book, on, known);
    let values = known_values(book, facts);
    let scope = Scope::new(&day, &values);
    let evaluation = Evaluation::new(book, &scope, on, known);
    let desk = Desk {
        book,
        possible: Possible::new(book, scope, &evaluation),
        facts,
        scope,
        evaluation: &evaluation,
        on,
        known,
    };
    let asked = book
        .rules
        .iter()
        .enumerate()
        .filter(|(_, rule)| is_asked(rule));
    let (places, mut findings): (Vec<usize>, Vec<Finding>) = asked
        .map(|(index, rule)| (index, desk.finding(index, rule)))
        .unzip();
    let conflicts = conflicts(book, &places, &mut findings);
    Assessment {
        rulebook: Arc::clone(&book.id),
        on,
        known,
        findings,
        conflicts,
        alarms: alarms::alarms(book, on, known),
    }
}

/// One assessment at work.
pub(crate) struct Desk<'a> {
    pub(crate) book: &'a Rulebook,
    pub(crate) possible: Possible<'a>,
    pub(crate) facts: &'a Facts,
    pub(crate) scope: Scope<'a>,
    pub(crate) evaluation: &'a Evaluation<'a>,
    pub(crate) on: Date,
    pub(crate) known: Date,
}

impl<'a> Desk<'a> {
    pub(crate) fn finding(&self, index: usize, rule: &'a Rule) -> Finding {
        let effect = self.effect(index);
        let rests_on_unread = effect == Truth::Unknown && self.rests_on_unread(index, rule);
        let is_open = effect == Truth::Unknown && self.evaluation.is_in_force(index);
        let mut tried =
            (is_open && !rests_on_unread).then(|| self.possible.cases(index, Question::Effect));
        let (verdict, possible) = self.verdict(index, effect, tried.as_ref());
        let decided_by_cases = tried.is_some() && verdict != Verdict::Indeterminate;
        let missing = match &mut tried {
            Some(tried) if verdict == Verdict::Indeterminate => std::mem::take(&mut tried.needs),
            _ => Vec::new(),
        };
        let facts = if verdict == Verdict::NotInForce || self.evaluation.is_unread(index) {
            Vec::new()
        } else {
            self.traces(rule, verdict, &missing)
        };
        let overriding = |truth: Truth| {
            let by = rule.overridden_by.iter();
            let by = by.filter(move |o| self.effect(**o) == truth);
            by.filter_map(|o| self.book.rules.get(*o).map(|r| r.id.clone()))
                .collect()
        };
        let status = rule.text_status.as_ref().unwrap_or(&self.book.text_status);
        let enforcement = rule.enforcement.as_ref().unwrap_or(&self.book.enforcement);
        let enforcement = enforcement.at(self.on, self.known);
        let text_status = status.at(self.on, self.known);
        let text_status = text_status.filter(|_| !rests_on_unread);
        Finding {
            rulebook: Arc::clone(&self.book.id),
            rule: rule.id.clone(),
            title: rule.title.clone(),
            about: rule.about,
            level: rule.level,
            verdict,
            text_status: text_status.map(|d| d.value),
            enforcement: enforcement.map_or(Enforcement::Unknown, |d| d.value),
            citations: Arc::clone(&rule.citations),
            see: Arc::clone(&rule.see),
            certainty: self.certainty(rule, &facts),
            reading: rule.reading.clone(),
            when: Arc::clone(&rule.when),
            outcome: Arc::clone(&rule.then),
            deadline: rule.deadline.clone(),
            due: self.due(rule, verdict),
            clock: rule.clock.clone(),
            addressee: rule.addressee.clone(),
            basis: rule.basis,
            coverage: self.coverage(rule, verdict, &facts),
            facts,
            missing,
            possible,
            decided_by_cases,
            too_many_cases: tried.is_some_and(|t| t.too_many),
            overridden_by: overriding(Truth::True),
            maybe_overridden_by: overriding(Truth::Unknown),
            conflicts_with: Vec::new(),
            stale: self.on > self.book.known_through,
        }
    }

    /// The day a deadline that runs ends on, or the first day of the rule where that is later.
    fn due(&self, rule: &Rule, verdict: Verdict) -> Option<Date> {
        let fact = rule.clock.as_ref()?.fact.as_ref()?;
        let period = rule
            .deadline
            .as_ref()
            .filter(|_| verdict == Verdict::Applies)?;
        match self.facts.get(fact)?.value {
            Value::Date(day) => day.after(period).max(rule.interval.from),
            _ => None,
        }
    }

    /// Is the rule open because its text, that of a rule it depends on, or a value it reads was not
    /// known yet?
    fn rests_on_unread(&self, index: usize, rule: &Rule) -> bool {
        if !self.evaluation.is_in_force(index) {
            return false;
        }
        let mut rules = rule.reach_rules.iter();
        let mut atoms = rule.reach_atoms.iter();
        rules.any(|r| self.evaluation.is_unread(*r))
            || atoms.any(|a| {
                self.evaluation.truth(*a) == Truth::Unknown
                    && self.book.reads_unread(*a, self.on, self.known)
            })
    }

    fn effect(&self, index: usize) -> Truth {
        let effect = self.evaluation.effective.get(index).copied();
        effect.unwrap_or(Truth::Unknown)
    }

    fn verdict(
        &self,
        index: usize,
        effect: Truth,
        tried: Option<&Cases>,
    ) -> (Verdict, BTreeSet<Verdict>) {
        let verdict = match (effect, tried) {
            _ if !self.evaluation.is_in_force(index) => Verdict::NotInForce,
            (Truth::True, _) => Verdict::Applies,
            (Truth::False, _) => Verdict::DoesNotApply,
            (Truth::Unknown, Some(tried)) => match (tried.can_hold, tried.can_fail) {
                (true, false) => Verdict::Applies,
                (false, true) => Verdict::DoesNotApply,
                _ => Verdict::Indeterminate,
            },
            (Truth::Unknown, None) => Verdict::Indeterminate,
        };
        let possible = match verdict {
            Verdict::Indeterminate => BTreeSet::from([Verdict::DoesNotApply, Verdict::Applies]),
            decided => BTreeSet::from([decided]),
        };
        (verdict, possible)
    }

    /// Every comparison of the condition, with the part it played.
    fn traces(&self, rule: &Rule, verdict: Verdict, missing: &[crate::Need]) -> Vec<AtomTrace> {
        let mut deciding: Vec<usize> = Vec::new();
        self.mark(&rule.node, &mut deciding);
        let is_needed = |trace: &AtomTrace| {
            let has_need = missing.iter().any(|n| trace.names.contains(&n.fact));
            let lacks_line = trace.op.is_some() && trace.line.is_none();
            verdict == Verdict::Indeterminate && (has_need || lacks_line || trace.value.is_some())
        };
        let mut traces = Vec::with_capacity(rule.own_atoms.len());
        for index in &rule.own_atoms {
            let Some(mut trace) = self.trace(*index) else {
                continue;
            };
            trace.role = match (deciding.contains(index), trace.truth) {
                (false, _) => Role::NotNeeded,
                (true, Truth::Unknown) if is_needed(&trace) => Role::Open,
                (true, Truth::Unknown) => Role::NotNeeded,
                (true, _) => Role::Decides,
            };
            traces.push(trace);
        }
        traces
    }

    /// Collects the atoms that a truth rests on: of a false conjunction the false parts, of a true
    /// one all parts, of an open one the parts that are open and those that hold.
    fn mark(&self, node: &Node, deciding: &mut Vec<usize>) {
        match node {
            Node::Atom(index) => deciding.push(*index),
            Node::Not(inner) => self.mark(inner, deciding),
            Node::Predicate(index) => {
                if let Some(predicate) = self.book.predicates.get(*index) {
                    self.mark(&predicate.node, deciding);
                }
            }
            Node::Applies(index) => {
                if let Some(rule) = self.book.rules.get(*index) {
                    self.mark(&rule.node, deciding);
                }
            }
            Node::All(parts) => self.mark_parts(node, parts, Truth::False, deciding),
            Node::Any(parts) => self.mark_parts(node, parts, Truth::True, deciding),
        }
    }

    fn mark_parts(&self, whole: &Node, parts: &[Node], settles: Truth, deciding: &mut Vec<usize>) {
        let is_settled = self.truth(whole) == settles;
        for part in parts {
            if !is_settled || self.truth(part) == settles {
                self.mark(part, deciding);
            }
        }
    }

    pub(crate) fn truth(&self, node: &Node) -> Truth {
        let evaluation = self.evaluation;
        fold(
            node,
            &evaluation.truths,
            &evaluation.predicates,
            &evaluation.effective,
        )
    }

    /// One comparison as it came out; its role is set by the caller.
    pub(crate) fn trace(&self, index: usize) -> Option<AtomTrace> {
        let atom = self.book.atoms.get(index)?;
        let slot = *atom.slots.first()?;
        let kind = Arc::clone(self.book.slots.get(slot)?);
        let names = atom.slots.iter().filter_map(|s| self.book.slots.get(*s));
        let value = self.scope.values.get(slot).copied().flatten();
        let (op, line) = match &atom.test {
            Test::Line {
                of: Operand::Fact(_),
                op,
                line,
            } => (Some(op.as_str()), self.line(line, &kind.kind)),
            _ => (None, None),
        };
        Some(AtomTrace {
            text: Arc::clone(&atom.text),
            names: names.map(|s| s.name.clone()).collect(),
            value: value.cloned(),
            op,
            line,
            truth: self.evaluation.truth(index),
            role: Role::NotNeeded,
            kind,
        })
    }

    fn line(&self, line: &Num, kind: &FactType) -> Option<LineRead> {
        let FactType::Quantity { unit, .. } = kind else {
            return None;
        };
        let at = Quantity {
            value: self.scope.bounds(line).as_exact()?.clone(),
            unit: *unit,
        };
        let Num::Param(index) = line else {
            return Some(LineRead {
                at,
                param: None,
                from: None,
                source: None,
            });
        };
        let entry = self.scope.day.params.get(*index).copied().flatten();
        Some(LineRead {
            at,
            param: self.book.params.get(*index).map(|p| Arc::clone(&p.name)),
            from: entry.and_then(|d| d.when.from),
            source: entry.map(|d| Arc::clone(&d.value.source)),
        })
    }

    /// The weakest of the sources of a rule, and of the lines and lists it used.
    fn certainty(&self, rule: &Rule, facts: &[AtomTrace]) -> Certainty {
        let lines = facts
            .iter()
            .filter_map(|f| f.line.as_ref()?.source.as_ref());
        let atoms = rule.own_atoms.iter();
        let tests = atoms.filter_map(|a| self.book.atoms.get(*a).map(|a| &a.test));
        let lists = tests.filter_map(|test| match test {
            Test::Word { sets, .. } => Some(sets),
            _ => None,
        });
        let lists = lists
            .flatten()
            .filter_map(|s| self.scope.day.sets.get(*s)?.list);
        let used = lines.chain(lists.map(|l| &l.source)).map(|s| s.certainty);
        used.chain([rule.certainty]).min().unwrap_or(rule.certainty)
    }

    /// The weakest bounds the verdict rests on: of its own comparisons those that decided, of
    /// exceptions and of rules it reads all that are known.
    fn coverage(&self, rule: &Rule, verdict: Verdict, facts: &[AtomTrace]) -> Option<Coverage> {
        if verdict == Verdict::NotInForce {
            return None;
        }
        let decided = |text: &Arc<str>| {
            let same = facts.iter().find(|f| Arc::ptr_eq(&f.text, text));
            same.is_none_or(|f| f.role == Role::Decides)
        };
        let own_suffices =
            verdict == Verdict::DoesNotApply && self.truth(&rule.node) == Truth::False;
        let atoms = match own_suffices {
            true => &rule.own_atoms,
            false => &rule.reach_atoms,
        };
        atoms
            .iter()
            .filter(|a| self.evaluation.truth(**a) != Truth::Unknown)
            .filter(|a| self.book.atoms.get(**a).is_some_and(|a| decided(&a.text)))
            .filter_map(|a| self.evaluation.coverages.get(*a).copied().flatten())
            .min()
    }
}

/// Rules that both apply, give different words for one decision, and have no order.
/// `places` says which rule each finding is of.
fn conflicts(book: &Rulebook, places: &[usize], findings: &mut [Finding]) -> Vec<Conflict> {
    let applies = |index: &usize| {
        let finding = findings.get(*index);
        finding.is_some_and(|f| f.verdict == Verdict::Applies)
    };
    let rule = |index: &usize| book.rules.get(*places.get(*index)?);
    let applying: Vec<usize> = (0..findings.len()).filter(applies).collect();
    let mut conflicts = Vec::new();
    let mut pairs = Vec::new();
    for (position, one) in applying.iter().enumerate() {
        for other in applying.iter().skip(position + 1) {
            let rules = rule(one).zip(rule(other));
            let found = rules.map(|(a, b)| contradiction(a, b)).unwrap_or_default();
            if !found.is_empty() {
                pairs.extend([(*one, *other), (*other, *one)]);
            }
            conflicts.extend(found);
        }
    }
    for (one, other) in pairs {
        let id = rule(&other).map(|r| r.id.clone());
        if let (Some(finding), Some(id)) = (findings.get_mut(one), id) {
            finding.conflicts_with.push(id);
        }
    }
    conflicts
}

/// Rules that are effective by the logic alone and contradict each other.
pub(crate) fn contradictions(book: &Rulebook, evaluation: &Evaluation<'_>) -> Vec<Conflict> {
    let effective = evaluation.effective.iter().zip(&book.rules);
    let applying: Vec<&Rule> = effective
        .filter(|(truth, _)| **truth == Truth::True)
        .map(|(_, rule)| rule)
        .collect();
    let mut found = Vec::new();
    for (position, one) in applying.iter().enumerate() {
        for other in applying.iter().skip(position + 1) {
            found.extend(contradiction(one, other));
        }
    }
    found
}

fn contradiction(one: &Rule, other: &Rule) -> Vec<Conflict> {
    let both = one
        .then
        .iter()
        .filter(|(key, _)| key.as_str() != "deadline")
        .filter_map(|(key, word)| Some((key, word, other.then.get(key)?)));
    both.filter(|(_, word, theirs)| word != theirs)
        .map(|(key, word, theirs)| Conflict {
            decision: key.clone(),
            one: (one.id.clone(), word.clone(), one.span.clone()),
            other: (other.id.clone(), theirs.clone(), other.span.clone()),
        })
        .collect()
}

#[cfg(test)]
mod tests;
