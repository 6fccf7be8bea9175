//! The reference evaluator without a trace: many subjects under one rulebook and two days.
//!
//! What does not depend on the subject is done once, in [`Reader::new`]: the dated values are
//! looked up, lines without facts in them are computed, and comparisons written several times
//! become one. What is left for each subject is to find its facts and to fold the conditions.
//!
//! - **Invariant:** the effects are those that [`crate::assess`] starts from: Kleene's, rule by
//!   rule. A test holds the two together.
//! - **Absent on purpose:** trying cases. A rule that is unknown here may be decided by
//!   [`crate::assess`], when every value that the missing facts could have says the same.

use std::borrow::Cow;
use std::collections::HashMap;

use weigh_facts::{Date, Decimal, Facts, Truth, Value};

use crate::eval::{Day, Scope};
use crate::ir::{Atom, Comparison, Node, Operand, Test};
use crate::{RuleId, Rulebook};

/// How a rule stands on a day, whatever the subject.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Its interval holds and its text was known: its condition decides.
    InForce,
    /// Its own interval excludes the day: it is not effective.
    NotInForce,
    /// It speaks of the day, and was not known yet: nothing is known of it.
    Unread,
}

/// A rulebook made ready for one day and the knowledge of another.
///
/// ```
/// use weigh_facts::{Date, Facts, Truth};
/// use weigh_rules::{Reader, load_shipped};
///
/// let books = load_shipped();
/// let on: Date = "2026-09-01".parse()?;
/// let reader = Reader::new(&books[0], on, on);
/// let effects = reader.effects(&Facts::new());
/// assert!(effects.iter().all(|e| *e != Truth::True), "nothing is known of the subject");
/// # Ok::<(), weigh_facts::DateError>(())
/// ```
pub struct Reader<'b> {
    book: &'b Rulebook,
    day: Day<'b>,
    standing: Vec<Standing>,
    /// By slot: does a comparison below read it?
    is_read: Vec<bool>,
    comparisons: Vec<Prepared<'b>>,
    steps: Vec<Step>,
}

/// A comparison with what is known of it before any subject is.
struct Prepared<'b> {
    atom: &'b Atom,
    line: Option<Line>,
}

/// A quantity against a line whose ends are known, or open for good.
struct Line {
    slot: usize,
    op: Comparison,
    low: Option<Decimal>,
    high: Option<Decimal>,
}

/// A condition to fold; its atoms are indices of [`Reader::comparisons`].
enum Step {
    Predicate(usize, Node),
    Rule(usize, Node),
}

impl<'b> Reader<'b> {
    /// Makes a rulebook ready for the day `on`, with the knowledge of the law that existed on
    /// `known`.
    #[must_use]
    pub fn new(book: &'b Rulebook, on: Date, known: Date) -> Self {
        let rules = book.rules.iter();
        let standing: Vec<Standing> = rules.map(|r| book.standing(r, on, known)).collect();
        let mut plan = Plan::new(book);
        for index in &book.order {
            if standing.get(*index) == Some(&Standing::InForce) {
                plan.add_rule(*index);
            }
        }
        let day = Day::new(book, on, known);
        let atoms = plan.atoms.iter().filter_map(|a| book.atoms.get(*a));
        let prepared = |atom| Prepared {
            line: Line::new(atom, &day),
            atom,
        };
        let comparisons: Vec<Prepared<'b>> = atoms.map(prepared).collect();
        let mut is_read = vec![false; book.slots.len()];
        for slot in comparisons.iter().flat_map(|c| &c.atom.slots) {
            put(&mut is_read, *slot, true);
        }
        Self {
            book,
            standing,
            is_read,
            comparisons,
            steps: plan.steps,
            day,
        }
    }

    /// The rulebook it reads.
    #[must_use]
    pub fn book(&self) -> &'b Rulebook {
        self.book
    }

    /// Its rules in the order of the text, and how each stands on the day.
    pub fn rules(&self) -> impl Iterator<Item = (&'b RuleId, Standing)> {
        let rules = self.book.rules.iter().map(|r| &r.id);
        rules.zip(self.standing.iter().copied())
    }

    /// What each rule says of a subject, in the order of the text: `True` when its condition holds
    /// and nothing that overrides it does, `Unknown` when what is known leaves that open or the
    /// rule was not known yet, `False` otherwise, a day outside its interval included.
    #[must_use]
    pub fn effects(&self, facts: &Facts) -> Vec<Truth> {
        let slots = self.book.slots.iter().zip(&self.is_read);
        let values = slots.map(|(slot, is_read)| match is_read {
            true => facts.get(&slot.name).map(|f| &f.value),
            false => None,
        });
        let values: Vec<Option<&Value>> = values.collect();
        let scope = Scope::new(&self.day, &values);
        let comparisons = self.comparisons.iter();
        let truths: Vec<Truth> = comparisons.map(|c| c.truth(&scope)).collect();
        let mut predicates = vec![Truth::Unknown; self.book.predicates.len()];
        let standing = self.standing.iter();
        let mut effects: Vec<Truth> = standing.map(|s| s.without_facts()).collect();
        for step in &self.steps {
            match step {
                Step::Predicate(index, node) => {
                    let truth = folded(node, &truths, &predicates, &effects);
                    put(&mut predicates, *index, truth);
                }
                Step::Rule(index, node) => {
                    let condition = folded(node, &truths, &predicates, &effects);
                    let exception = self.exception(*index, &effects);
                    put(&mut effects, *index, condition & !exception);
                }
            }
        }
        effects
    }

    /// Is something effective that overrides the rule?
    fn exception(&self, rule: usize, effects: &[Truth]) -> Truth {
        let rule = self.book.rules.get(rule);
        let by = rule.into_iter().flat_map(|r| &r.overridden_by);
        Truth::any(by.map(|o| known(effects, *o)))
    }
}

impl Standing {
    fn without_facts(self) -> Truth {
        match self {
            Self::NotInForce => Truth::False,
            Self::InForce | Self::Unread => Truth::Unknown,
        }
    }
}

impl Line {
    fn new(atom: &Atom, day: &Day<'_>) -> Option<Self> {
        let Test::Line {
            of: Operand::Fact(slot),
            op,
            line,
        } = &atom.test
        else {
            return None;
        };
        let bounds = Scope::new(day, &[]).bounds(line);
        Some(Self {
            slot: *slot,
            op: *op,
            low: bounds.low.map(Cow::into_owned),
            high: bounds.high.map(Cow::into_owned),
        })
    }
}

impl<'b> Prepared<'b> {
    fn truth<'a>(&'a self, scope: &Scope<'a>) -> Truth {
        let Some(line) = &self.line else {
            return scope.atom(self.atom).0;
        };
        match scope.values.get(line.slot) {
            Some(Some(Value::Quantity(estimate))) => {
                let ends = (line.low.as_ref(), line.high.as_ref());
                line.op.of_bounds((estimate.low(), estimate.high()), ends)
            }
            _ => Truth::Unknown,
        }
    }
}

/// What is folded and in which order, each predicate and each comparison once.
struct Plan<'b> {
    book: &'b Rulebook,
    /// Indices of the book's atoms.
    atoms: Vec<usize>,
    places: HashMap<(&'b str, &'b [usize]), usize>,
    has_predicate: Vec<bool>,
    steps: Vec<Step>,
}

impl<'b> Plan<'b> {
    fn new(book: &'b Rulebook) -> Self {
        Self {
            book,
            atoms: Vec::new(),
            places: HashMap::new(),
            has_predicate: vec![false; book.predicates.len()],
            steps: Vec::new(),
        }
    }

    /// Adds a rule behind those it depends on, and before it the predicates it names that are not
    /// there yet: the rules that those depend on stand before it too.
    fn add_rule(&mut self, index: usize) {
        if let Some(rule) = self.book.rules.get(index) {
            let node = self.placed(&rule.node);
            self.steps.push(Step::Rule(index, node));
        }
    }

    fn add_predicate(&mut self, index: usize) {
        if self.has_predicate.get(index) != Some(&false) {
            return;
        }
        put(&mut self.has_predicate, index, true);
        if let Some(predicate) = self.book.predicates.get(index) {
            let node = self.placed(&predicate.node);
            self.steps.push(Step::Predicate(index, node));
        }
    }

    /// The condition with its atoms as places in the plan.
    fn placed(&mut self, node: &'b Node) -> Node {
        match node {
            Node::Atom(index) => Node::Atom(self.place(*index)),
            Node::Not(inner) => Node::Not(Box::new(self.placed(inner))),
            Node::All(parts) => Node::All(parts.iter().map(|p| self.placed(p)).collect()),
            Node::Any(parts) => Node::Any(parts.iter().map(|p| self.placed(p)).collect()),
            Node::Predicate(index) => {
                self.add_predicate(*index);
                Node::Predicate(*index)
            }
            Node::Applies(index) => Node::Applies(*index),
        }
    }

    /// Comparisons that are written alike are one: names mean the same everywhere in a book.
    fn place(&mut self, atom: usize) -> usize {
        let Some(known) = self.book.atoms.get(atom) else {
            return usize::MAX;
        };
        let next = self.atoms.len();
        let place = self.places.entry((&*known.text, known.slots.as_slice()));
        let place = *place.or_insert(next);
        if place == next {
            self.atoms.push(atom);
        }
        place
    }
}

/// Folds a condition by Kleene's tables, predicates already folded.
fn folded(node: &Node, atoms: &[Truth], predicates: &[Truth], rules: &[Truth]) -> Truth {
    let part = |part: &Node| folded(part, atoms, predicates, rules);
    match node {
        Node::Atom(index) => known(atoms, *index),
        Node::Predicate(index) => known(predicates, *index),
        Node::Applies(index) => known(rules, *index),
        Node::Not(inner) => !part(inner),
        Node::All(parts) => Truth::all(parts.iter().map(part)),
        Node::Any(parts) => Truth::any(parts.iter().map(part)),
    }
}

fn known(list: &[Truth], index: usize) -> Truth {
    list.get(index).copied().unwrap_or(Truth::Unknown)
}

fn put<T>(list: &mut [T], index: usize, value: T) {
    if let Some(place) = list.get_mut(index) {
        *place = value;
    }
}
