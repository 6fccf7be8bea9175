//! Where the parts of a rulebook stand in its text, for advice that comes after the checks.
//!
//! A checked book has forgotten most of its places; they are read again from the text, which is
//! known to be a rulebook by now. A part that is not found has the place of the whole.

use std::collections::BTreeMap;
use std::ops::Range;

use weigh_facts::{Item, Node, Table};

use crate::browse::Axis;

type Span = Range<usize>;

/// Places by name.
#[derive(Default)]
pub(super) struct Places {
    /// Names of parameters.
    params: BTreeMap<String, Span>,
    /// Names of sets.
    sets: BTreeMap<String, Span>,
    /// Conditions of rules.
    conditions: BTreeMap<String, Span>,
    /// Conditions of predicates.
    predicates: BTreeMap<String, Span>,
    /// `[rulebook]` or its id.
    head: Span,
    /// The two status timelines of the book.
    statuses: BTreeMap<&'static str, Span>,
}

impl Places {
    pub(super) fn of(text: &str) -> Self {
        let mut places = Self {
            head: 0..1,
            ..Self::default()
        };
        let Ok(mut file) = Table::parse(text) else {
            return places;
        };
        let mut ignored = Vec::new();
        for (key, list) in [("param", &mut places.params), ("set", &mut places.sets)] {
            let named = file.table(key, &mut ignored).map(|mut t| t.take_all());
            for (name, span, _) in named.unwrap_or_default() {
                list.insert(name, span);
            }
        }
        let named = file.table("predicate", &mut ignored);
        for (name, _, node) in named.map(|mut t| t.take_all()).unwrap_or_default() {
            places.predicates.insert(name, condition(node));
        }
        for mut rule in file.tables("rule", &mut ignored) {
            let id = rule.text("id", &mut ignored);
            let when = rule.text_at("when", &mut ignored);
            places.conditions.extend(id.zip(when.map(|(_, span)| span)));
        }
        if let Some(mut head) = file.table("rulebook", &mut ignored) {
            let id = head.text_at("id", &mut ignored);
            places.head = id.map_or(head.span.clone(), |(_, span)| span);
            for axis in [Axis::Text, Axis::Enforcement] {
                let line = head.take(axis.key());
                places
                    .statuses
                    .extend(line.map(|node| (axis.key(), first_line(text, node.span))));
            }
        }
        places
    }

    /// Where a book says its id.
    pub(super) fn head(&self) -> Span {
        self.head.clone()
    }

    /// Where a book says its text status or its enforcement.
    pub(super) fn status(&self, axis: Axis) -> Span {
        let span = self.statuses.get(axis.key()).cloned();
        span.unwrap_or(self.head())
    }

    pub(super) fn param(&self, name: &str) -> Span {
        self.params.get(name).cloned().unwrap_or(self.head())
    }

    /// The place of a set of the book itself; none of one that a shared table has.
    pub(super) fn set(&self, name: &str) -> Option<Span> {
        self.sets.get(name).cloned()
    }

    /// A comparison inside the condition of a rule or of a predicate, or the whole condition of the
    /// rule where the words differ.
    pub(super) fn atom(&self, text: &str, rule: &str, atom: &str) -> Span {
        let own = self.conditions.get(rule);
        let all = own.into_iter().chain(self.predicates.values());
        let found = all.clone().find_map(|span| {
            let at = text.get(span.clone())?.find(atom)?;
            Some(span.start + at..span.start + at + atom.len())
        });
        found.or(own.cloned()).unwrap_or(self.head())
    }

    /// The condition of a rule.
    pub(super) fn condition(&self, rule: &str) -> Span {
        self.conditions.get(rule).cloned().unwrap_or(self.head())
    }

    /// A code in the list of a set, or the name of the set.
    pub(super) fn code(&self, text: &str, set: &str, code: &str) -> Option<Span> {
        let start = self.sets.get(set)?.start;
        let rest = text.get(start..)?;
        let end = rest.find("\n[").unwrap_or(rest.len());
        let at = rest.get(..end)?.find(&format!("\"{code}\""));
        let found = at.map(|at| start + at..start + at + code.len() + 2);
        found.or(self.set(set))
    }
}

/// A list over several lines is shown by its first.
fn first_line(text: &str, span: Span) -> Span {
    let line = text.get(span.clone()).unwrap_or_default();
    let length = line.find('\n').unwrap_or(line.len()).max(1);
    span.start..span.start + length
}

fn condition(node: Node) -> Span {
    match node.item {
        Item::Table(mut table) => {
            let when = table.text_at("when", &mut Vec::new());
            when.map_or(node.span, |(_, span)| span)
        }
        _ => node.span,
    }
}
