//! Functions of many choices, each held once: a reduced ordered decision diagram.
//!
//! A node asks one variable and has a function for either answer. No node has the same function
//! twice, no two nodes are the same, and along every path the variables ascend. So a function has
//! one form: two functions are equal when their numbers are, a function is constant when it is a
//! constant's number, and it depends on a variable when a node under it asks for it.
//!
//! - **Invariant:** the high branch of a node is never negated, so that a function and its negation
//!   share their nodes.
//! - **Invariant:** work is bounded by the steps allowed; beyond them there is no answer.

use std::ops::Not;

/// A function of the variables: the number of a node, and whether it is negated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Function(u32);

impl Function {
    pub(crate) const TRUE: Self = Self(0);
    pub(crate) const FALSE: Self = Self(1);

    fn node(self) -> usize {
        (self.0 >> 1) as usize
    }

    fn is_negated(self) -> bool {
        self.0 & 1 == 1
    }
}

impl From<bool> for Function {
    fn from(value: bool) -> Self {
        if value { Self::TRUE } else { Self::FALSE }
    }
}

impl Not for Function {
    type Output = Self;

    fn not(self) -> Self {
        Self(self.0 ^ 1)
    }
}

/// A question and the functions that remain once it is answered.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Node {
    variable: u32,
    low: Function,
    high: Function,
}

/// The constant asks for a variable after all others.
const CONSTANT: Node = Node {
    variable: u32::MAX,
    low: Function::TRUE,
    high: Function::TRUE,
};

/// Both operands and the result of a conjunction. Constants are never looked up, so that a pair of
/// them marks an empty place.
type Remembered = (Function, Function, Function);
const EMPTY: Remembered = (Function::TRUE, Function::TRUE, Function::TRUE);

/// Places at the start; doubled as nodes come.
const PLACES: usize = 256;

/// The nodes of many functions.
pub(crate) struct Diagram {
    nodes: Vec<Node>,
    /// Numbers of nodes by their hash; zero is an empty place. Twice as many as nodes, or more.
    places: Vec<u32>,
    /// Conjunctions by the hash of their operands; a later one takes the place of an earlier.
    remembered: Vec<Remembered>,
    steps_left: usize,
    /// By node: the last walk that came by.
    seen: Vec<u32>,
    walk: u32,
    open: Vec<u32>,
}

impl Diagram {
    pub(crate) fn new() -> Self {
        let mut nodes = Vec::with_capacity(PLACES / 2);
        nodes.push(CONSTANT);
        Self {
            nodes,
            places: vec![0; PLACES],
            remembered: vec![EMPTY; PLACES],
            steps_left: 0,
            seen: Vec::new(),
            walk: 0,
            open: Vec::new(),
        }
    }

    /// How many steps may be taken from now on.
    pub(crate) fn allow(&mut self, steps: usize) {
        self.steps_left = steps;
    }

    /// Both hold. Nothing when that takes more steps than are allowed.
    pub(crate) fn and(&mut self, one: Function, other: Function) -> Option<Function> {
        let (one, other) = if one <= other {
            (one, other)
        } else {
            (other, one)
        };
        if one == Function::TRUE || one == other {
            return Some(other);
        }
        if one == Function::FALSE || one == !other {
            return Some(Function::FALSE);
        }
        let hash = mixed(one.0, other.0, 0);
        let remembered = self.remembered.get(self.place(hash));
        if let Some((_, _, result)) = remembered.filter(|r| (r.0, r.1) == (one, other)) {
            return Some(*result);
        }
        self.steps_left = self.steps_left.checked_sub(1)?;
        let (a, b) = (self.branches(one), self.branches(other));
        let variable = a.variable.min(b.variable);
        let at = |node: Node, whole: Function| match node.variable == variable {
            true => (node.low, node.high),
            false => (whole, whole),
        };
        let ((a_low, a_high), (b_low, b_high)) = (at(a, one), at(b, other));
        let low = self.and(a_low, b_low)?;
        let high = self.and(a_high, b_high)?;
        let result = self.choice(variable, low, high);
        let place = self.place(hash);
        if let Some(place) = self.remembered.get_mut(place) {
            *place = (one, other, result);
        }
        Some(result)
    }

    /// One function where a variable is false, another where it is true. Both must ask for later
    /// variables only.
    pub(crate) fn choice(&mut self, variable: u32, low: Function, high: Function) -> Function {
        if low == high {
            return low;
        }
        if high.is_negated() {
            return !self.choice(variable, !low, !high);
        }
        let node = Node {
            variable,
            low,
            high,
        };
        let mut place = self.place(mixed(variable, low.0, high.0));
        while let Some(number) = self.places.get(place).copied().filter(|n| *n != 0) {
            if self.nodes.get(number as usize) == Some(&node) {
                return Function(number << 1);
            }
            place = (place + 1) & (self.places.len() - 1);
        }
        let number = self.nodes.len() as u32;
        self.nodes.push(node);
        if let Some(place) = self.places.get_mut(place) {
            *place = number;
        }
        if self.nodes.len() * 2 > self.places.len() {
            self.grow();
        }
        Function(number << 1)
    }

    /// Calls `visit` with every variable a function depends on, some of them more than once.
    pub(crate) fn variables(&mut self, function: Function, mut visit: impl FnMut(u32)) {
        self.walk += 1;
        self.seen.resize(self.nodes.len(), 0);
        self.open.push(function.node() as u32);
        while let Some(number) = self.open.pop() {
            let (node, seen) = (number as usize, self.seen.get_mut(number as usize));
            let Some((node, seen)) = self.nodes.get(node).zip(seen) else {
                continue;
            };
            if number == 0 || *seen == self.walk {
                continue;
            }
            *seen = self.walk;
            visit(node.variable);
            self.open
                .extend([node.low.node() as u32, node.high.node() as u32]);
        }
    }

    fn branches(&self, function: Function) -> Node {
        let node = self.nodes.get(function.node()).copied();
        let node = node.unwrap_or(CONSTANT);
        match function.is_negated() {
            true => Node {
                low: !node.low,
                high: !node.high,
                ..node
            },
            false => node,
        }
    }

    fn place(&self, hash: u64) -> usize {
        // The upper half is the one that depends on every bit.
        (hash >> 32) as usize & (self.places.len() - 1)
    }

    fn grow(&mut self) {
        let size = self.places.len() * 2;
        self.places = vec![0; size];
        self.remembered = vec![EMPTY; size];
        for (number, node) in self.nodes.iter().enumerate().skip(1) {
            let mut place = self.place(mixed(node.variable, node.low.0, node.high.0));
            while self.places.get(place).is_some_and(|n| *n != 0) {
                place = (place + 1) & (size - 1);
            }
            if let Some(place) = self.places.get_mut(place) {
                *place = number as u32;
            }
        }
    }
}

/// Three numbers into one that is spread well. The factor is 2^64 divided by the golden ratio.
fn mixed(a: u32, b: u32, c: u32) -> u64 {
    const GOLDEN: u64 = 0x9E37_79B9_7F4A_7C15;
    let pair = u64::from(a) << 32 | u64::from(b);
    let first = pair.wrapping_mul(GOLDEN);
    (first ^ first >> 29 ^ u64::from(c)).wrapping_mul(GOLDEN)
}
