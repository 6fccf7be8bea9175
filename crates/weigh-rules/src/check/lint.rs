//! Contradictions between parts of a rulebook that each make sense alone.

use std::collections::BTreeSet;
use std::ops::Range;

use weigh_facts::{Date, Diagnostic, Truth};

use super::names::{Named, Names};
use super::rules::RawRule;
use super::values::first_day;
use crate::Rulebook;
use crate::eval::{Day, Evaluation, Scope};
use crate::ir::{Node, Reference, Used};
use crate::possible::{Possible, Question};

type Errors = Vec<Diagnostic>;

/// Parameters, sets and predicates that no condition uses.
pub(super) fn refuse_unused(names: &Names<'_>, errors: &mut Errors) {
    let mut refuse = |kind: &str, named: &Named| {
        if !named.used.get() {
            let message = format!("{kind} `{}` is used by no condition", named.name);
            let help = "use it, or remove it";
            errors
                .push(Diagnostic::new("unused-entry", message, named.span.clone()).with_help(help));
        }
    };
    names.params.iter().for_each(|n| refuse("parameter", n));
    names.sets.iter().for_each(|n| refuse("set", n));
    names.predicates.iter().for_each(|n| refuse("predicate", n));
}

/// Names that mean two things.
pub(super) fn refuse_shadows(names: &Names<'_>, errors: &mut Errors) {
    for predicate in &names.predicates {
        if names.dictionary.family(&predicate.name).is_some() {
            let message = format!("`{}` is a fact of the dictionary", predicate.name);
            let help = "give the predicate a name of its own";
            errors.push(
                Diagnostic::new("duplicate-id", message, predicate.span.clone()).with_help(help),
            );
        }
    }
    for set in &names.sets {
        if names.params.iter().any(|p| p.name == set.name) {
            let message = format!("`${}` is a parameter and a set", set.name);
            errors.push(Diagnostic::new("duplicate-id", message, set.span.clone()));
        }
    }
}

/// A reason for a comparison that the rule does not make.
pub(super) fn refuse_idle_reasons(book: &Rulebook, errors: &mut Errors) {
    for reason in &book.unreached {
        let Some(rule) = book.rules.iter().find(|r| r.id == *reason.rule) else {
            continue;
        };
        let atoms = rule.own_atoms.iter().filter_map(|a| book.atoms.get(*a));
        let texts: Vec<&str> = atoms.map(|a| &*a.text).collect();
        if !texts.contains(&&*reason.atom) {
            let message = format!("`{}` makes no comparison `{}`", reason.rule, reason.atom);
            let help = format!("it makes {}", texts.join("; "));
            let error = Diagnostic::new("dangling-rule", message, reason.span.clone());
            errors.push(error.with_help(help));
        }
    }
}

/// An order in which each part comes after those it depends on, or the parts of a circle.
pub(super) fn ordered(dependencies: &[Vec<usize>]) -> Result<Vec<usize>, Vec<usize>> {
    let mut order: Vec<usize> = Vec::with_capacity(dependencies.len());
    let mut left: Vec<usize> = (0..dependencies.len()).collect();
    while !left.is_empty() {
        let is_ready = |index: &usize| {
            let needed = dependencies.get(*index);
            needed.is_none_or(|d| d.iter().all(|n| order.contains(n)))
        };
        let (ready, rest): (Vec<usize>, Vec<usize>) = left.iter().partition(|i| is_ready(i));
        if ready.is_empty() {
            return Err(rest);
        }
        order.extend(ready);
        left = rest;
    }
    Ok(order)
}

/// Rules or predicates that wait for each other.
pub(super) fn refuse_circle(
    kind: &str,
    members: Vec<(&str, std::ops::Range<usize>)>,
    errors: &mut Errors,
) {
    let names: Vec<String> = members
        .iter()
        .map(|(name, _)| format!("`{name}`"))
        .collect();
    let message = format!(
        "{kind} {} depend on each other in a circle",
        names.join(", ")
    );
    let span = members.into_iter().next().map_or(0..1, |(_, span)| span);
    let help = "an exception or a result must come to an end somewhere";
    errors.push(Diagnostic::new("circular-rules", message, span).with_help(help));
}

/// An exception about something else, or to nothing.
pub(super) fn check_override(
    rule: &RawRule,
    other: &RawRule,
    at: &std::ops::Range<usize>,
    errors: &mut Errors,
) {
    if let Some((one, two)) = rule.about.zip(other.about)
        && one != two
    {
        let message = format!(
            "rule `{}` is about a {one} and overrides `{}`, which is about a {two}",
            rule.id, other.id
        );
        let help = "an exception speaks of the same subject";
        errors.push(Diagnostic::new("override-other-subject", message, at.clone()).with_help(help));
    }
}

/// Days on which a rule needs a value that no entry gives.
pub(super) fn refuse_gaps(book: &Rulebook, errors: &mut Errors) {
    let Some(far) = far_future() else { return };
    for rule in &book.rules {
        let mut days = BTreeSet::from_iter(rule.interval.from.or_else(first_day));
        days.extend(book.change_days());
        let mut used = Used::default();
        for atom in rule.own_atoms.iter().filter_map(|a| book.atoms.get(*a)) {
            used.atom(atom);
        }
        for day in days {
            let holds = rule.interval.from.is_none_or(|f| f <= day)
                && rule.interval.until.is_none_or(|u| day < u);
            if !holds {
                continue;
            }
            let params = used.params.iter().filter_map(|p| book.params.get(*p));
            let gap = params
                .filter(|p| p.unstated.is_none() && p.values.at(day, far).is_none())
                .map(|p| &*p.name);
            let sets = used.sets.iter().filter_map(|s| book.sets.get(*s));
            let set_gap = sets
                .filter(|s| s.values.at(day, far).is_none())
                .map(|s| s.name.as_str());
            if let Some(name) = gap.chain(set_gap).next() {
                let message = format!(
                    "rule `{}` reads `${name}` on {day}, which has no value then",
                    rule.id
                );
                let help =
                    "give the value a `from` no later than the rule's, or begin the rule later";
                errors
                    .push(Diagnostic::new("value-gap", message, rule.span.clone()).with_help(help));
                break;
            }
        }
    }
}

/// A day on which everything is known that ever will be.
fn far_future() -> Option<Date> {
    "9999-12-31".parse().ok()
}

/// Conditions that come out the same whatever the facts are, on every day of the rule; `conditions`
/// is where each stands.
pub(super) fn refuse_constant(book: &Rulebook, conditions: &[Range<usize>], errors: &mut Errors) {
    let Some(known) = far_future() else { return };
    for (index, (rule, at)) in book.rules.iter().zip(conditions).enumerate() {
        let mut days: BTreeSet<Date> = book.change_days();
        days.extend(rule.interval.from.or(Some(book.known_through)));
        days.retain(|day| rule.interval.holds(*day, known));
        let (mut can_hold, mut can_fail) = (days.is_empty(), days.is_empty());
        for on in days {
            let day = Day::new(book, on, known);
            let values = vec![None; book.slots.len()];
            let scope = Scope::new(&day, &values);
            let evaluation = Evaluation::new(book, &scope, on, known);
            let possible = Possible::new(book, scope, &evaluation);
            let seen = possible.cases(index, Question::Condition);
            can_hold |= seen.can_hold;
            can_fail |= seen.can_fail;
            if can_hold && can_fail {
                break;
            }
        }
        if !(can_hold && can_fail) {
            let truth = Truth::from(can_hold);
            let message = format!(
                "the condition of rule `{}` is {truth} whatever the facts are",
                rule.id
            );
            let help =
                "correct the lines: two of them leave nothing in between, or leave nothing out";
            errors.push(Diagnostic::new("always-same", message, at.clone()).with_help(help));
        }
    }
}

/// The predicates and rules a condition refers to directly.
pub(super) fn references(node: &Node) -> (Vec<usize>, Vec<usize>) {
    let (mut predicates, mut rules) = (Vec::new(), Vec::new());
    node.visit(&mut |reference| match reference {
        Reference::Predicate(index) => predicates.push(index),
        Reference::Rule(index) => rules.push(index),
        Reference::Atom(_) => {}
    });
    (predicates, rules)
}
