//! The reason of a finding as a tree, and findings as plain text.

use std::fmt;
use std::sync::Arc;

use weigh_facts::{Date, Facts, Truth, Verdict};

use crate::assess::Desk;
use crate::eval::{Day, Evaluation, Scope, known_values};
use crate::finding::{Assessment, AtomTrace, Finding, Role};
use crate::ir::Node;
use crate::{RuleId, Rulebook};

/// A finding and the tree of its condition.
#[derive(Clone, Debug)]
pub struct Explanation {
    /// The finding.
    pub finding: Finding,
    /// The condition, part by part.
    pub tree: Trace,
}

/// A part of a condition and how it came out.
#[derive(Clone, Debug)]
pub enum Trace {
    /// Holds when every part does.
    All(Truth, Vec<Trace>),
    /// Holds when some part does.
    Any(Truth, Vec<Trace>),
    /// Holds when its part does not.
    Not(Truth, Box<Trace>),
    /// A named condition.
    Predicate(Arc<str>, Truth, Box<Trace>),
    /// The result of another rule.
    Applies(RuleId, Truth),
    /// A comparison.
    Atom(Box<AtomTrace>),
}

impl Trace {
    /// How it came out.
    #[must_use]
    pub fn truth(&self) -> Truth {
        match self {
            Self::All(truth, _)
            | Self::Any(truth, _)
            | Self::Not(truth, _)
            | Self::Predicate(_, truth, _)
            | Self::Applies(_, truth) => *truth,
            Self::Atom(atom) => atom.truth,
        }
    }
}

/// Why a rule says what it says; nothing when the rulebook has no such rule.
#[must_use]
pub fn explain(
    book: &Rulebook,
    rule: &str,
    facts: &Facts,
    on: Date,
    known: Date,
) -> Option<Explanation> {
    let index = book.rule_index(rule)?;
    let rule = book.rules.get(index)?;
    let day = Day::new(book, on, known);
    let values = known_values(book, facts);
    let scope = Scope::new(&day, &values);
    let evaluation = Evaluation::new(book, &scope, on, known);
    let desk = Desk {
        book,
        possible: crate::possible::Possible::new(book, scope, &evaluation),
        facts,
        scope,
        evaluation: &evaluation,
        on,
        known,
    };
    let finding = desk.finding(index, rule);
    let tree = tree(&desk, &rule.node, &finding)?;
    Some(Explanation { finding, tree })
}

fn tree(desk: &Desk<'_>, node: &Node, finding: &Finding) -> Option<Trace> {
    let truth = desk.truth(node);
    let parts = |nodes: &[Node]| {
        nodes
            .iter()
            .filter_map(|n| tree(desk, n, finding))
            .collect()
    };
    Some(match node {
        Node::All(nodes) => Trace::All(truth, parts(nodes)),
        Node::Any(nodes) => Trace::Any(truth, parts(nodes)),
        Node::Not(inner) => Trace::Not(truth, Box::new(tree(desk, inner, finding)?)),
        Node::Predicate(index) => {
            let predicate = desk.book.predicates.get(*index)?;
            let inner = Box::new(tree(desk, &predicate.node, finding)?);
            Trace::Predicate(Arc::clone(&predicate.name), truth, inner)
        }
        Node::Applies(index) => Trace::Applies(desk.book.rules.get(*index)?.id.clone(), truth),
        Node::Atom(index) => {
            let mut trace = desk.trace(*index)?;
            let same = |f: &&AtomTrace| Arc::ptr_eq(&f.text, &trace.text);
            let role = finding.facts.iter().find(same).map(|f| f.role);
            trace.role = role.unwrap_or(trace.role);
            Trace::Atom(Box::new(trace))
        }
    })
}

impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}: {}", self.finding.rule, words(self.finding.verdict))?;
        write_tree(f, &self.tree, 1)?;
        write_rest(f, &self.finding)
    }
}

fn write_tree(f: &mut fmt::Formatter<'_>, tree: &Trace, depth: usize) -> fmt::Result {
    let indent = "  ".repeat(depth);
    let truth = tree.truth().to_string();
    match tree {
        Trace::All(_, parts) | Trace::Any(_, parts) => {
            let word = match tree {
                Trace::All(..) => "all of",
                _ => "any of",
            };
            writeln!(f, "{indent}{truth:<7}  {word}")?;
            parts.iter().try_for_each(|p| write_tree(f, p, depth + 1))
        }
        Trace::Not(_, inner) => {
            writeln!(f, "{indent}{truth:<7}  not")?;
            write_tree(f, inner, depth + 1)
        }
        Trace::Predicate(name, _, inner) => {
            writeln!(f, "{indent}{truth:<7}  {name}")?;
            write_tree(f, inner, depth + 1)
        }
        Trace::Applies(rule, _) => writeln!(f, "{indent}{truth:<7}  rule {rule} applies"),
        Trace::Atom(atom) => {
            writeln!(f, "{indent}{truth:<7}  {}   <- {}", atom.text, seen(atom))
        }
    }
}

/// What was known of a comparison: `3.80e25 FLOP, and the line is > 1.00e25 FLOP`.
fn seen(atom: &AtomTrace) -> String {
    let mut text = atom.value_text().unwrap_or_else(|| "missing".to_owned());
    if let Some(line) = atom.line_text() {
        text.push_str(&format!("; the line is {line}"));
    } else if atom.op.is_some() {
        text.push_str("; no line is stated");
    }
    if atom.role == Role::NotNeeded {
        text.push_str(", and not needed");
    }
    text
}

/// A verdict in a sentence.
fn words(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::NotInForce => "not in force",
        Verdict::DoesNotApply => "does not apply",
        Verdict::Indeterminate => "indeterminate",
        Verdict::Applies => "applies",
    }
}

fn joined<T: fmt::Display>(items: impl IntoIterator<Item = T>) -> String {
    let items: Vec<String> = items.into_iter().map(|i| i.to_string()).collect();
    items.join(", ")
}

fn write_rest(f: &mut fmt::Formatter<'_>, finding: &Finding) -> fmt::Result {
    for (label, rules) in [
        ("overridden by", &finding.overridden_by),
        ("may be overridden by", &finding.maybe_overridden_by),
        ("contradicts", &finding.conflicts_with),
    ] {
        if !rules.is_empty() {
            writeln!(f, "  {label} {}", joined(rules))?;
        }
    }
    if !finding.missing.is_empty() {
        let needs = finding.missing.iter().map(|n| &n.fact);
        writeln!(f, "  would be settled by {}", joined(needs))?;
    }
    if finding.verdict == Verdict::Indeterminate && finding.text_status.is_none() {
        writeln!(f, "  the text was not known yet")?;
    }
    if finding.decided_by_cases {
        writeln!(f, "  the same for every value of what is missing")?;
    }
    if finding.stale {
        writeln!(f, "  the rulebook does not know this day yet")?;
    }
    Ok(())
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}: {}", self.rule, words(self.verdict))?;
        let width = self.facts.iter().map(|a| a.fact().as_str().len()).max();
        let width = width.unwrap_or_default();
        for atom in &self.facts {
            writeln!(f, "  {:<width$} = {}", atom.fact(), seen(atom))?;
        }
        write_rest(f, self)
    }
}

impl fmt::Display for Assessment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.findings
            .iter()
            .try_for_each(|finding| write!(f, "{finding}"))
    }
}
