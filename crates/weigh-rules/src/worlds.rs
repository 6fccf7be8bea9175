//! The rules of a book as functions of what is not known of a subject, all in one diagram.
//!
//! What is not known is a list of dimensions, each of which can go one of several ways: a fact by
//! its critical values, one word of a set, a comparison of which no critical values can be listed.
//! The ways of a dimension are numbered, and the digits of the number are variables of the diagram,
//! so that every combination of ways is in it and none is written down. Predicates and rules that
//! several rules read are worked out once.
//!
//! - **Invariant:** where every dimension goes some way, the function of a rule says what
//!   [`crate::eval::fold`] makes of the truths it then has.
//! - **Limit:** [`STEPS_MAX`] for one rule, and [`DIMENSIONS_MAX`].

use weigh_facts::{FactType, Truth, Value};

use crate::Rulebook;
use crate::diagram::{Diagram, Function};
use crate::eval::{Evaluation, Scope};
use crate::ir::{Atom, Node, Operand, Test};
use crate::ways::{Classes, Ways, ways};

/// Steps of the diagram that one rule may take, with what it reads and nobody asked before.
pub(crate) const STEPS_MAX: usize = 50_000;

/// More dimensions than this are not put into one diagram.
const DIMENSIONS_MAX: usize = 256;

/// Digits of the number of a way.
const DIGITS: u32 = 5;

/// A rulebook over the facts of one subject on one day.
#[derive(Clone, Copy)]
pub(crate) struct Reading<'a> {
    pub(crate) book: &'a Rulebook,
    pub(crate) scope: Scope<'a>,
    pub(crate) evaluation: &'a Evaluation<'a>,
}

/// Why a function is not there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stop {
    /// It takes more steps than are allowed.
    TooMany,
    /// The values of a fact depend on which comparisons are made: each rule wants its own worlds.
    Apart,
}

/// Something that can come out in several ways.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Dimension {
    /// A fact that takes one of its critical values.
    Fact(usize),
    /// A set that has a word or not: the one that this comparison asks for.
    Word { slot: usize, atom: usize },
    /// A comparison that holds or not.
    Comparison(usize),
    /// A rule whose text was not known yet.
    Text,
}

/// All that can be.
pub(crate) struct Worlds {
    diagram: Diagram,
    dimensions: Vec<Dimension>,
    /// By atom: its dimension; none where it is known.
    places: Vec<Option<usize>>,
    literals: Vec<Option<Function>>,
    predicates: Vec<Option<Function>>,
    /// By rule.
    effects: Vec<Option<Result<Function, Stop>>>,
    classes: Option<Classes>,
    /// Are these the worlds of one rule?
    of_one: bool,
    steps: usize,
}

impl Worlds {
    /// The worlds of all rules.
    pub(crate) fn of_all(reading: Reading<'_>, steps: usize) -> Self {
        let atoms = 0..reading.book.atoms.len();
        Self::new(reading, atoms, false, steps)
    }

    /// The worlds of one rule.
    pub(crate) fn of_one(reading: Reading<'_>, rule: usize, steps: usize) -> Self {
        let atoms = reading.book.rules.get(rule).map(|r| &r.reach_atoms);
        Self::new(reading, atoms.into_iter().flatten().copied(), true, steps)
    }

    fn new(
        reading: Reading<'_>,
        atoms: impl Iterator<Item = usize>,
        of_one: bool,
        steps: usize,
    ) -> Self {
        let book = reading.book;
        let mut worlds = Self {
            diagram: Diagram::new(),
            dimensions: Vec::new(),
            places: vec![None; book.atoms.len()],
            literals: vec![None; book.atoms.len()],
            predicates: vec![None; book.predicates.len()],
            effects: vec![None; book.rules.len()],
            classes: None,
            of_one,
            steps,
        };
        let mut of_slot: Vec<Option<usize>> = vec![None; book.slots.len()];
        for index in atoms {
            let Some(atom) = book.atoms.get(index) else {
                continue;
            };
            if reading.evaluation.truth(index) == Truth::Unknown {
                let place = worlds.dimension_of(reading, index, atom, &mut of_slot);
                if let Some(known) = worlds.places.get_mut(index) {
                    *known = Some(place);
                }
            }
        }
        worlds
    }

    fn dimension_of(
        &mut self,
        reading: Reading<'_>,
        index: usize,
        atom: &Atom,
        of_slot: &mut [Option<usize>],
    ) -> usize {
        let next = self.dimensions.len();
        let dimension = match critical_slot(atom, &reading.scope) {
            None => Dimension::Comparison(index),
            Some(slot) => match &atom.test {
                Test::Contains { word, .. } => {
                    let is_same = |d: &Dimension| {
                        matches!(d, Dimension::Word { slot: other, atom } if *other == slot
                            && asks_for(reading.book, *atom) == Some(word))
                    };
                    if let Some(place) = self.dimensions.iter().position(is_same) {
                        return place;
                    }
                    Dimension::Word { slot, atom: index }
                }
                _ => {
                    let Some(place) = of_slot.get_mut(slot) else {
                        return next;
                    };
                    if let Some(place) = *place {
                        return place;
                    }
                    *place = Some(next);
                    Dimension::Fact(slot)
                }
            },
        };
        self.dimensions.push(dimension);
        next
    }

    /// When a rule is effective.
    pub(crate) fn effect(&mut self, reading: Reading<'_>, rule: usize) -> Result<Function, Stop> {
        self.work_out(reading, rule, true);
        self.worked_out(rule)
    }

    /// When the condition of a rule holds.
    pub(crate) fn condition(
        &mut self,
        reading: Reading<'_>,
        rule: usize,
    ) -> Result<Function, Stop> {
        self.work_out(reading, rule, false);
        self.diagram.allow(self.steps);
        self.condition_alone(reading, rule)
    }

    /// The effects of the rules that a rule depends on, and its own if that is asked for.
    fn work_out(&mut self, reading: Reading<'_>, rule: usize, and_itself: bool) {
        let reach = reading.book.rules.get(rule).map(|r| &r.reach_rules);
        for index in reach.into_iter().flatten().copied() {
            let is_asked = and_itself || index != rule;
            if is_asked && self.effects.get(index) == Some(&None) {
                self.diagram.allow(self.steps);
                let effect = self.effect_alone(reading, index);
                if let Some(place) = self.effects.get_mut(index) {
                    *place = Some(effect);
                }
            }
        }
    }

    fn worked_out(&self, rule: usize) -> Result<Function, Stop> {
        let effect = self.effects.get(rule).copied().flatten();
        effect.unwrap_or(Err(Stop::TooMany))
    }

    /// One effect, where those it depends on are worked out.
    fn effect_alone(&mut self, reading: Reading<'_>, index: usize) -> Result<Function, Stop> {
        match reading.evaluation.effective.get(index) {
            Some(Truth::True) => return Ok(Function::TRUE),
            Some(Truth::False) => return Ok(Function::FALSE),
            _ => {}
        }
        if reading.evaluation.is_unread(index) {
            let place = self.dimensions.len();
            self.dimensions.push(Dimension::Text);
            return self.flag(place);
        }
        let mut effect = self.condition_alone(reading, index)?;
        let exceptions = reading.book.rules.get(index).map(|r| &r.overridden_by);
        for exception in exceptions.into_iter().flatten() {
            if effect == Function::FALSE {
                break;
            }
            let exception = self.worked_out(*exception)?;
            effect = self.and(effect, !exception)?;
        }
        Ok(effect)
    }

    fn condition_alone(&mut self, reading: Reading<'_>, index: usize) -> Result<Function, Stop> {
        match reading.evaluation.conditions.get(index) {
            Some(Truth::True) => Ok(Function::TRUE),
            Some(Truth::False) => Ok(Function::FALSE),
            _ => match reading.book.rules.get(index) {
                Some(rule) => self.fold(reading, &rule.node),
                None => Ok(Function::FALSE),
            },
        }
    }

    fn fold(&mut self, reading: Reading<'_>, node: &Node) -> Result<Function, Stop> {
        match node {
            Node::Atom(index) => self.literal(reading, *index),
            Node::Applies(index) => self.worked_out(*index),
            Node::Not(inner) => self.fold(reading, inner).map(|inner| !inner),
            Node::All(parts) => self.fold_parts(reading, parts, false),
            // One of them holds if not all of them fail.
            Node::Any(parts) => self.fold_parts(reading, parts, true).map(|all| !all),
            Node::Predicate(index) => {
                if let Some(known) = self.predicates.get(*index).copied().flatten() {
                    return Ok(known);
                }
                let node = reading.evaluation.predicates.get(*index);
                let function = node.map_or(Ok(Function::FALSE), |n| self.fold(reading, n))?;
                if let Some(known) = self.predicates.get_mut(*index) {
                    *known = Some(function);
                }
                Ok(function)
            }
        }
    }

    /// All parts hold, or all fail.
    fn fold_parts(
        &mut self,
        reading: Reading<'_>,
        parts: &[Node],
        fail: bool,
    ) -> Result<Function, Stop> {
        let mut all = Function::TRUE;
        // From the last: the first ask for the earliest dimensions, and are put on top.
        for part in parts.iter().rev() {
            let part = self.fold(reading, part)?;
            all = self.and(all, if fail { !part } else { part })?;
            if all == Function::FALSE {
                break;
            }
        }
        Ok(all)
    }

    fn and(&mut self, one: Function, other: Function) -> Result<Function, Stop> {
        self.diagram.and(one, other).ok_or(Stop::TooMany)
    }

    fn literal(&mut self, reading: Reading<'_>, atom: usize) -> Result<Function, Stop> {
        if let Some(literal) = self.literals.get(atom).copied().flatten() {
            return Ok(literal);
        }
        let Some(place) = self.places.get(atom).copied().flatten() else {
            return Ok(Function::from(
                reading.evaluation.truth(atom) == Truth::True,
            ));
        };
        match self.dimensions.get(place).copied() {
            Some(Dimension::Fact(slot)) if !is_flag(reading.book, slot) => {
                self.add_literals(reading, place, slot)?;
                let literal = self.literals.get(atom).copied().flatten();
                Ok(literal.unwrap_or(Function::FALSE))
            }
            _ => {
                let literal = self.flag(place)?;
                if let Some(known) = self.literals.get_mut(atom) {
                    *known = Some(literal);
                }
                Ok(literal)
            }
        }
    }

    /// A dimension that goes one way or the other.
    fn flag(&mut self, place: usize) -> Result<Function, Stop> {
        let variable = self.variable(place)?;
        let (low, high) = (Function::FALSE, Function::TRUE);
        Ok(self.diagram.choice(variable, low, high))
    }

    /// The first variable of a dimension.
    fn variable(&self, place: usize) -> Result<u32, Stop> {
        match u32::try_from(place) {
            Ok(place) if self.dimensions.len() <= DIMENSIONS_MAX => Ok(place << DIGITS),
            _ if self.of_one => Err(Stop::TooMany),
            _ => Err(Stop::Apart),
        }
    }

    /// What the ways of a fact make of every open comparison with it.
    fn add_literals(
        &mut self,
        reading: Reading<'_>,
        place: usize,
        slot: usize,
    ) -> Result<(), Stop> {
        let variable = self.variable(place)?;
        let atoms = self.places.iter().enumerate();
        let atoms = atoms.filter(|(_, p)| **p == Some(place)).map(|(a, _)| a);
        let atoms: Vec<usize> = atoms.collect();
        let found = atoms.iter().filter_map(|a| reading.book.atoms.get(*a));
        let tests: Vec<&Test> = found.map(|a| &a.test).collect();
        let (book, scope) = (reading.book, &reading.scope);
        let ways = ways(book, scope, slot, &tests, &mut self.classes);
        if !ways.are_shared && !self.of_one {
            return Err(Stop::Apart);
        }
        for (column, atom) in atoms.iter().enumerate() {
            let literal = choose(&mut self.diagram, &ways, column, (0, ways.len()), variable);
            if let Some(known) = self.literals.get_mut(*atom) {
                *known = Some(literal);
            }
        }
        Ok(())
    }

    /// The facts that can change a function, and whether there is only one of them and nothing else.
    pub(crate) fn deciding(
        &mut self,
        reading: Reading<'_>,
        function: Function,
    ) -> (Vec<usize>, bool) {
        let mut matters = vec![false; self.dimensions.len()];
        self.diagram.variables(function, |variable| {
            if let Some(place) = matters.get_mut((variable >> DIGITS) as usize) {
                *place = true;
            }
        });
        let mut slots = Vec::new();
        let mut count = 0;
        let mut are_words = true;
        for (dimension, _) in self.dimensions.iter().zip(&matters).filter(|(_, m)| **m) {
            count += 1;
            are_words &= matches!(dimension, Dimension::Word { .. });
            add_slots(reading, *dimension, &mut slots);
        }
        // Several dimensions settle nothing alone, but the words of one set are chosen together.
        let is_alone = slots.len() == 1 && (count == 1 || are_words);
        (slots, is_alone)
    }

    /// Every fact that a rule can depend on and that is open.
    pub(crate) fn open_slots(&self, reading: Reading<'_>, rule: usize) -> Vec<usize> {
        let mut slots = Vec::new();
        let atoms = reading.book.rules.get(rule).map(|r| &r.reach_atoms);
        for atom in atoms.into_iter().flatten() {
            let place = self.places.get(*atom).copied().flatten();
            if let Some(dimension) = place.and_then(|p| self.dimensions.get(p)) {
                add_slots(reading, *dimension, &mut slots);
            }
        }
        slots
    }
}

fn asks_for(book: &Rulebook, atom: usize) -> Option<&String> {
    match &book.atoms.get(atom)?.test {
        Test::Contains { word, .. } => Some(word),
        _ => None,
    }
}

fn is_flag(book: &Rulebook, slot: usize) -> bool {
    let kind = book.slots.get(slot).map(|s| &s.kind);
    matches!(kind, Some(FactType::Bool))
}

/// A comparison as a function of the digits of the way, the first digit first.
fn choose(
    diagram: &mut Diagram,
    ways: &Ways,
    column: usize,
    (from, to): (usize, usize),
    variable: u32,
) -> Function {
    if to <= from + 1 {
        return Function::from(ways.holds(from, column));
    }
    let middle = from + (to - from) / 2;
    let low = choose(diagram, ways, column, (from, middle), variable + 1);
    let high = choose(diagram, ways, column, (middle, to), variable + 1);
    diagram.choice(variable, low, high)
}

/// Adds the facts that choose among the ways of a dimension, each once.
fn add_slots(reading: Reading<'_>, dimension: Dimension, slots: &mut Vec<usize>) {
    let mut add = |slot: usize| {
        if !slots.contains(&slot) {
            slots.push(slot);
        }
    };
    match dimension {
        Dimension::Fact(slot) | Dimension::Word { slot, .. } => add(slot),
        Dimension::Comparison(atom) => {
            let atom = reading.book.atoms.get(atom);
            let slots = atom.into_iter().flat_map(|a| &a.slots).copied();
            slots
                .filter(|s| is_undecided(&reading.scope, *s))
                .for_each(add);
        }
        Dimension::Text => {}
    }
}

/// Could more be known of a fact in a comparison that is open?
fn is_undecided(scope: &Scope<'_>, slot: usize) -> bool {
    match scope.values.get(slot).copied().flatten() {
        None | Some(Value::Records(_)) => true,
        Some(Value::Quantity(estimate)) => estimate.as_exact().is_none(),
        Some(_) => false,
    }
}

/// The fact whose value alone decides a comparison, if its critical values can be listed.
fn critical_slot(atom: &Atom, scope: &Scope<'_>) -> Option<usize> {
    match &atom.test {
        Test::Flag(Operand::Fact(slot))
        | Test::Day {
            of: Operand::Fact(slot),
            ..
        }
        | Test::Contains {
            of: Operand::Fact(slot),
            ..
        } => Some(*slot),
        Test::Line {
            of: Operand::Fact(slot),
            line,
            ..
        } => scope.bounds(line).as_exact().map(|_| *slot),
        Test::Word {
            of: Operand::Fact(slot),
            sets,
            ..
        } => {
            let is_whole = |set: &usize| {
                let set = scope.day.sets.get(*set);
                set.is_some_and(crate::eval::SetToday::is_whole)
            };
            sets.iter().all(is_whole).then_some(*slot)
        }
        _ => None,
    }
}
