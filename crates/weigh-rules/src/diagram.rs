//! What remains possible, as a decision diagram: which critical values lead where.
//!
//! The effect of a rule is one expression over its open comparisons: its condition, without its
//! exceptions, with the rules it reads put in place. A fact that could take several critical values
//! is a variable with as many ways, each of which answers all of its comparisons at once. The
//! diagram asks the variables in a fixed order and shares what is alike, so it is canonical: two
//! conditions that agree in every world have one diagram, and a fact matters exactly if the diagram
//! asks it. R. E. Bryant, Graph-Based Algorithms for Boolean Function Manipulation, IEEE
//! Transactions on Computers C-35 (1986), with several ways per variable.
//!
//! - **Invariant:** the leaf a path leads to is the answer that [`crate::eval::fold`] gives when
//!   every open comparison is answered as the path says.
//! - **Limit:** a rule whose diagram grows past [`SIZE_MAX`] is given up; then nothing is known but
//!   that both outcomes may remain.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};
use std::rc::Rc;

use weigh_facts::Truth;

use crate::Rulebook;
use crate::eval::Evaluation;
use crate::ir::Node;

/// Expressions and nodes that one rule may add.
const SIZE_MAX: usize = 60_000;

/// Something that can come out in several ways, and what each way makes of the open comparisons.
pub(crate) struct Dimension {
    /// The facts that choose among the ways.
    pub(crate) slots: Vec<usize>,
    pub(crate) atoms: Vec<usize>,
    /// By way, then by atom. Ways that make the same of every atom are one.
    pub(crate) rows: Vec<Vec<bool>>,
}

/// A map that is looked up and never walked; without a seed, so that every run is the same.
type Map<K, V> = HashMap<K, V, BuildHasherDefault<Mixer>>;

/// Mixes small numbers of our own: nobody from outside chooses the keys of these maps.
#[derive(Default)]
struct Mixer(u64);

impl Mixer {
    fn mix(&mut self, value: u64) {
        self.0 = (self.0.rotate_left(5) ^ value).wrapping_mul(0x517c_c1b7_2722_0a95);
    }
}

impl Hasher for Mixer {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for chunk in bytes.chunks(8) {
            let value = chunk.iter().fold(0_u64, |v, b| v << 8 | u64::from(*b));
            self.mix(value);
        }
    }

    fn write_u32(&mut self, value: u32) {
        self.mix(u64::from(value));
    }

    fn write_usize(&mut self, value: usize) {
        self.mix(value as u64);
    }

    fn write_isize(&mut self, value: isize) {
        self.mix(value.unsigned_abs() as u64);
    }
}

/// An expression, by its place.
type Id = u32;

const FALSE: Id = 0;
const TRUE: Id = 1;

#[derive(Clone, PartialEq, Eq, Hash)]
enum Expr {
    False,
    True,
    Atom(usize),
    Not(Id),
    /// Sorted, each once, two or more.
    All(Rc<[Id]>),
    /// As `All`.
    Any(Rc<[Id]>),
}

/// No dimension occurs in it.
const NONE: usize = usize::MAX;

/// A diagram node, by its place; the first two are the leaves.
type Leaf = u32;

/// A node asks a dimension and goes on by its way.
struct Asked {
    dimension: usize,
    ways: Rc<[Leaf]>,
}

/// The diagrams of the rules of a book, which share what is alike.
pub(crate) struct Diagram<'a> {
    book: &'a Rulebook,
    evaluation: &'a Evaluation<'a>,
    dimensions: Vec<Dimension>,
    /// By atom: its dimension and place in it.
    place: Map<usize, (usize, usize)>,
    exprs: Vec<(Expr, usize)>,
    interned: Map<Expr, Id>,
    conditions: Map<usize, Id>,
    effects: Map<usize, Id>,
    restricted: Map<(Id, usize), Id>,
    nodes: Vec<Asked>,
    unique: Map<(usize, Rc<[Leaf]>), Leaf>,
    built: Map<Id, Leaf>,
    /// How many expressions and nodes the rule at hand may bring it to.
    limit: usize,
}

/// The diagram of one rule, in those of its book.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Root(Leaf);

impl Root {
    /// Is there a world in which it holds?
    pub(crate) fn can_hold(self) -> bool {
        self.0 != FALSE
    }

    /// Is there one in which it fails?
    pub(crate) fn can_fail(self) -> bool {
        self.0 != TRUE
    }
}

impl<'a> Diagram<'a> {
    pub(crate) fn new(
        book: &'a Rulebook,
        evaluation: &'a Evaluation<'a>,
        dimensions: Vec<Dimension>,
    ) -> Self {
        let mut place = Map::default();
        for (index, dimension) in dimensions.iter().enumerate() {
            for (column, atom) in dimension.atoms.iter().enumerate() {
                place.insert(*atom, (index, column));
            }
        }
        Self {
            book,
            evaluation,
            dimensions,
            place,
            exprs: vec![(Expr::False, NONE), (Expr::True, NONE)],
            interned: Map::default(),
            conditions: Map::default(),
            effects: Map::default(),
            restricted: Map::default(),
            nodes: Vec::new(),
            unique: Map::default(),
            built: Map::default(),
            limit: SIZE_MAX,
        }
    }

    /// What the diagrams ask.
    pub(crate) fn dimensions(&self) -> &[Dimension] {
        &self.dimensions
    }

    /// The diagram of a rule's effect, or of its condition alone; nothing when it grows too large.
    pub(crate) fn root(&mut self, rule: usize, of_effect: bool) -> Option<Root> {
        self.limit = self.exprs.len() + self.nodes.len() + SIZE_MAX;
        let root = if of_effect {
            self.effect(rule)
        } else {
            self.condition(rule)
        };
        self.build(root).map(Root)
    }

    /// The open comparisons that a rule's effect can depend on.
    pub(crate) fn atoms(&mut self, rule: usize) -> Vec<usize> {
        let root = self.effect(rule);
        let mut found: Vec<usize> = Vec::new();
        let mut seen: Map<Id, ()> = Map::default();
        let mut open = vec![root];
        while let Some(id) = open.pop() {
            if seen.insert(id, ()).is_some() {
                continue;
            }
            match self.expr(id) {
                Expr::False | Expr::True => {}
                Expr::Atom(atom) => found.push(atom),
                Expr::Not(inner) => open.push(inner),
                Expr::All(parts) | Expr::Any(parts) => open.extend(parts.iter()),
            }
        }
        found.sort_unstable();
        found
    }

    /// The dimensions along which the outcome can change, all else equal.
    pub(crate) fn asked(&self, root: Root) -> Vec<usize> {
        let mut asked = vec![false; self.dimensions.len()];
        let mut seen: Map<Leaf, ()> = Map::default();
        let mut open = vec![root.0];
        while let Some(leaf) = open.pop() {
            let Some(node) = self.node(leaf) else {
                continue;
            };
            if seen.insert(leaf, ()).is_some() {
                continue;
            }
            if let Some(place) = asked.get_mut(node.dimension) {
                *place = true;
            }
            open.extend(node.ways.iter());
        }
        let asked = asked.iter().enumerate().filter(|(_, is)| **is);
        asked.map(|(index, _)| index).collect()
    }

    fn node(&self, leaf: Leaf) -> Option<&Asked> {
        let index = usize::try_from(leaf).ok()?.checked_sub(2)?;
        self.nodes.get(index)
    }

    fn ways(&self, dimension: usize) -> usize {
        let found = self.dimensions.get(dimension);
        found.map_or(1, |d| d.rows.len().max(1))
    }

    /// The first dimension that occurs in an expression.
    fn first(&self, id: Id) -> usize {
        let at = usize::try_from(id).ok();
        at.and_then(|i| self.exprs.get(i)).map_or(NONE, |e| e.1)
    }

    fn expr(&self, id: Id) -> Expr {
        let at = usize::try_from(id).ok();
        at.and_then(|i| self.exprs.get(i))
            .map_or(Expr::False, |e| e.0.clone())
    }

    fn intern(&mut self, expr: Expr) -> Id {
        match expr {
            Expr::False => return FALSE,
            Expr::True => return TRUE,
            _ => {}
        }
        if let Some(id) = self.interned.get(&expr) {
            return *id;
        }
        let first = match &expr {
            Expr::False | Expr::True => NONE,
            Expr::Atom(atom) => self.place.get(atom).map_or(NONE, |p| p.0),
            Expr::Not(id) => self.first(*id),
            Expr::All(parts) | Expr::Any(parts) => {
                parts.iter().map(|p| self.first(*p)).min().unwrap_or(NONE)
            }
        };
        let id = Id::try_from(self.exprs.len()).unwrap_or(FALSE);
        self.exprs.push((expr.clone(), first));
        self.interned.insert(expr, id);
        id
    }

    fn not(&mut self, id: Id) -> Id {
        match self.expr(id) {
            Expr::False => TRUE,
            Expr::True => FALSE,
            Expr::Not(inner) => inner,
            _ => self.intern(Expr::Not(id)),
        }
    }

    /// `All` where `settles` is `FALSE`, `Any` where it is `TRUE`.
    fn join(&mut self, parts: impl IntoIterator<Item = Id>, settles: Id) -> Id {
        let neutral = if settles == FALSE { TRUE } else { FALSE };
        let mut kept: Vec<Id> = Vec::new();
        for part in parts {
            if part == settles {
                return settles;
            }
            if part == neutral {
                continue;
            }
            // What is joined the same way is one list.
            let at = usize::try_from(part).ok();
            match (at.and_then(|i| self.exprs.get(i)).map(|e| &e.0), settles) {
                (Some(Expr::All(inner)), FALSE) | (Some(Expr::Any(inner)), TRUE) => {
                    kept.extend(inner.iter());
                }
                _ => kept.push(part),
            }
        }
        kept.sort_unstable();
        kept.dedup();
        for part in &kept {
            let at = usize::try_from(*part).ok();
            if let Some((Expr::Not(inner), _)) = at.and_then(|i| self.exprs.get(i))
                && kept.binary_search(inner).is_ok()
            {
                return settles;
            }
        }
        match kept.as_slice() {
            [] => neutral,
            [one] => *one,
            _ if settles == FALSE => self.intern(Expr::All(kept.into())),
            _ => self.intern(Expr::Any(kept.into())),
        }
    }

    /// A condition as an expression over what is open.
    fn lower(&mut self, node: &Node) -> Id {
        match node {
            Node::Atom(index) => match self.evaluation.truth(*index) {
                Truth::True => TRUE,
                Truth::False => FALSE,
                Truth::Unknown => self.intern(Expr::Atom(*index)),
            },
            Node::Applies(index) => self.effect(*index),
            Node::Predicate(index) => match self.evaluation.predicates.get(*index).copied() {
                Some(node) => self.lower(node),
                None => FALSE,
            },
            Node::Not(inner) => {
                let inner = self.lower(inner);
                self.not(inner)
            }
            Node::All(parts) => {
                let parts: Vec<Id> = parts.iter().map(|p| self.lower(p)).collect();
                self.join(parts, FALSE)
            }
            Node::Any(parts) => {
                let parts: Vec<Id> = parts.iter().map(|p| self.lower(p)).collect();
                self.join(parts, TRUE)
            }
        }
    }

    fn condition(&mut self, rule: usize) -> Id {
        if let Some(id) = self.conditions.get(&rule) {
            return *id;
        }
        let condition = match self.book.rules.get(rule) {
            Some(found) if self.evaluation.is_in_force(rule) => self.lower(&found.node),
            _ => FALSE,
        };
        self.conditions.insert(rule, condition);
        condition
    }

    /// Its condition, and none of its exceptions. The rules of a book stand in an order, so this
    /// comes to an end.
    fn effect(&mut self, rule: usize) -> Id {
        if let Some(id) = self.effects.get(&rule) {
            return *id;
        }
        let condition = self.condition(rule);
        let book = self.book;
        let exceptions = book.rules.get(rule).map(|r| r.overridden_by.as_slice());
        let exceptions = exceptions.unwrap_or_default().iter();
        let exceptions: Vec<Id> = exceptions.map(|o| self.effect(*o)).collect();
        let exception = self.join(exceptions, TRUE);
        let without = self.not(exception);
        let effect = self.join([condition, without], FALSE);
        self.effects.insert(rule, effect);
        effect
    }

    /// The diagram below an expression.
    fn build(&mut self, id: Id) -> Option<Leaf> {
        if id == FALSE || id == TRUE {
            return Some(id);
        }
        if let Some(leaf) = self.built.get(&id) {
            return Some(*leaf);
        }
        if self.exprs.len() + self.nodes.len() > self.limit {
            return None;
        }
        let dimension = self.first(id);
        let mut ways: Vec<Leaf> = Vec::with_capacity(self.ways(dimension));
        for way in 0..self.ways(dimension) {
            let rest = self.restrict(id, dimension, way);
            ways.push(self.build(rest)?);
        }
        let leaf = self.asking(dimension, ways);
        self.built.insert(id, leaf);
        Some(leaf)
    }

    fn asking(&mut self, dimension: usize, ways: Vec<Leaf>) -> Leaf {
        if let Some(first) = ways.first()
            && ways.iter().all(|w| w == first)
        {
            return *first;
        }
        let ways: Rc<[Leaf]> = ways.into();
        let key = (dimension, Rc::clone(&ways));
        if let Some(leaf) = self.unique.get(&key) {
            return *leaf;
        }
        let leaf = Leaf::try_from(self.nodes.len() + 2).unwrap_or(FALSE);
        self.nodes.push(Asked { dimension, ways });
        self.unique.insert(key, leaf);
        leaf
    }

    /// What is left of an expression where its first dimension goes a way.
    fn restrict(&mut self, id: Id, dimension: usize, way: usize) -> Id {
        if self.first(id) != dimension {
            return id;
        }
        // The dimension is the first of the expression, so the key says it.
        if let Some(rest) = self.restricted.get(&(id, way)) {
            return *rest;
        }
        let rest = match self.expr(id) {
            Expr::False => FALSE,
            Expr::True => TRUE,
            Expr::Atom(atom) => match self.answer(atom, way) {
                true => TRUE,
                false => FALSE,
            },
            Expr::Not(inner) => {
                let inner = self.restrict(inner, dimension, way);
                self.not(inner)
            }
            Expr::All(parts) => {
                let parts: Vec<Id> = self.restrict_all(&parts, dimension, way, FALSE);
                self.join(parts, FALSE)
            }
            Expr::Any(parts) => {
                let parts: Vec<Id> = self.restrict_all(&parts, dimension, way, TRUE);
                self.join(parts, TRUE)
            }
        };
        self.restricted.insert((id, way), rest);
        rest
    }

    /// The parts of a list, up to one that settles it.
    fn restrict_all(&mut self, parts: &[Id], dimension: usize, way: usize, settles: Id) -> Vec<Id> {
        let mut rest = Vec::with_capacity(parts.len());
        for part in parts {
            let part = self.restrict(*part, dimension, way);
            rest.push(part);
            if part == settles {
                break;
            }
        }
        rest
    }

    fn answer(&self, atom: usize, way: usize) -> bool {
        let Some((dimension, column)) = self.place.get(&atom) else {
            return false;
        };
        let row = self
            .dimensions
            .get(*dimension)
            .and_then(|d| d.rows.get(way));
        row.and_then(|r| r.get(*column)).copied().unwrap_or(false)
    }
}
