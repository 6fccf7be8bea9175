//! What a condition can mention, and who mentioned what.

use std::cell::{Cell, RefCell};
use std::ops::Range;
use std::sync::Arc;

use weigh_facts::{Convention, Dictionary, FactName, FactType, Unit};

use crate::book::Slot;
use weigh_facts::nearest;

/// A name of the file, and whether a condition uses it.
pub(crate) struct Named {
    pub(crate) name: String,
    pub(crate) span: Range<usize>,
    pub(crate) used: Cell<bool>,
}

impl Named {
    pub(crate) fn new(name: String, span: Range<usize>) -> Self {
        Self {
            name,
            span,
            used: Cell::new(false),
        }
    }
}

/// Everything a condition can mention.
pub(crate) struct Names<'a> {
    pub(crate) dictionary: &'a Dictionary,
    pub(crate) conventions: &'a [Convention],
    pub(crate) params: Vec<Named>,
    /// By parameter.
    pub(crate) units: Vec<Unit>,
    pub(crate) sets: Vec<Named>,
    pub(crate) predicates: Vec<Named>,
    pub(crate) rules: Vec<Named>,
    slots: RefCell<Vec<Arc<Slot>>>,
}

fn position(list: &[Named], name: &str) -> Option<usize> {
    let index = list.iter().position(|n| n.name == name)?;
    if let Some(named) = list.get(index) {
        named.used.set(true);
    }
    Some(index)
}

fn near(list: &[Named], name: &str) -> Option<String> {
    nearest(name, list.iter().map(|n| n.name.as_str())).map(str::to_owned)
}

impl<'a> Names<'a> {
    pub(crate) fn new(dictionary: &'a Dictionary, conventions: &'a [Convention]) -> Self {
        Self {
            dictionary,
            conventions,
            params: Vec::new(),
            units: Vec::new(),
            sets: Vec::new(),
            predicates: Vec::new(),
            rules: Vec::new(),
            slots: RefCell::new(Vec::new()),
        }
    }

    pub(crate) fn param(&self, name: &str) -> Result<usize, Option<String>> {
        position(&self.params, name).ok_or_else(|| near(&self.params, name))
    }

    pub(crate) fn set(&self, name: &str) -> Result<usize, Option<String>> {
        position(&self.sets, name).ok_or_else(|| near(&self.sets, name))
    }

    pub(crate) fn rule(&self, name: &str) -> Result<usize, Option<String>> {
        position(&self.rules, name).ok_or_else(|| near(&self.rules, name))
    }

    pub(crate) fn predicate(&self, name: &str) -> Option<usize> {
        position(&self.predicates, name)
    }

    /// The name nearest to one that is neither fact nor predicate.
    pub(crate) fn nearest(&self, name: &str) -> Option<String> {
        let facts = self.dictionary.iter().map(|d| d.name.as_str());
        let predicates = self.predicates.iter().map(|p| p.name.as_str());
        nearest(name, facts.chain(predicates)).map(str::to_owned)
    }

    /// The slot of a fact, made on first mention.
    pub(crate) fn slot(&self, name: FactName, kind: &FactType) -> usize {
        let mut slots = self.slots.borrow_mut();
        if let Some(index) = slots.iter().position(|s| s.name == name) {
            return index;
        }
        let kind = kind.clone();
        slots.push(Arc::new(Slot { name, kind }));
        slots.len() - 1
    }

    pub(crate) fn into_slots(self) -> Vec<Arc<Slot>> {
        self.slots.into_inner()
    }
}
