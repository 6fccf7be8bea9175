//! From text to rulebook, or to every reason why not.
//!
//! Reading collects all diagnostics: `sources`, `values` (dated values and lists) and `rules` read
//! the tables; `tokens` and `lower` read the conditions, with `names` for what they can mention and
//! `functions` for what they can call; `lint` finds parts that contradict each other.
//!
//! - **Invariant:** what comes out keeps the promises of [`Rulebook`]; evaluation checks nothing.

mod functions;
mod lint;
mod lower;
mod names;
mod place;
mod rules;
pub(crate) mod sources;
pub(crate) mod tables;
#[cfg(test)]
mod tests;
mod tokens;
mod values;

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::Arc;

use weigh_facts::{
    Date, Diagnostic, Dictionary, Enforcement, FactName, FactType, Interval, Item, Level,
    SubjectKind, Table, TextStatus, Timeline,
};

use crate::Library;
use crate::Rulebook;
use crate::book::{Clock, Predicate, Rule, RuleId};
use crate::browse::StatusEntry;
use crate::digest::digest;
use crate::ir::{Node, Reference};
use lower::Lowering;
use names::{Named, Names};
use place::Place;
use rules::{Placed, RawClock, RawRule, TestBench};
use sources::Listed;

type Errors = Vec<Diagnostic>;

/// Reads a rulebook and checks all of it: names, units, days, citations, contradictions.
///
/// # Errors
/// Every problem found, each with its place, in the order of the text.
pub fn check(text: &str, library: &Library) -> Result<Rulebook, Vec<Diagnostic>> {
    let mut errors = Vec::new();
    let book = read_book(text, library, Depth::Whole, &mut errors);
    finished(book, errors)
}

/// Reads a rulebook that was checked before, without its tests and without looking for
/// contradictions between its parts again: the same book, in a fraction of the time.
///
/// # Errors
/// As [`check`], save for what only the whole of the checks finds.
pub fn check_trusted(text: &str, library: &Library) -> Result<Rulebook, Vec<Diagnostic>> {
    let mut errors = Vec::new();
    let book = read_book(text, library, Depth::Trusted, &mut errors);
    finished(book, errors)
}

/// How much of a rulebook is looked at.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Depth {
    /// All of it.
    Whole,
    /// What an assessment reads.
    Trusted,
}

/// The text up to the first test: tests stand last in the books we ship.
fn before_tests(text: &str) -> &str {
    let end = text.find("\n[[test]]").unwrap_or(text.len());
    text.get(..end).unwrap_or(text)
}

fn finished(book: Option<Rulebook>, mut errors: Errors) -> Result<Rulebook, Vec<Diagnostic>> {
    match book {
        Some(book) if errors.is_empty() => Ok(book),
        _ => {
            errors.sort_by_key(|e| (e.span.start, e.span.end));
            errors.dedup();
            Err(errors)
        }
    }
}

fn read_book(text: &str, library: &Library, depth: Depth, errors: &mut Errors) -> Option<Rulebook> {
    let whole = text;
    let text = match depth {
        Depth::Whole => text,
        Depth::Trusted => before_tests(text),
    };
    let (dictionary, conventions) = (&library.dictionary, &library.conventions[..]);
    let mut file = Table::parse(text).map_err(|e| errors.push(e)).ok()?;
    read_format(&mut file, errors);
    let sources = sources::read(&mut file, errors);
    let head = read_head(&mut file, &sources, errors);
    let mut names = Names::new(dictionary, conventions);
    let (params, named): (Vec<_>, _) = values::read_params(&mut file, &sources, errors)
        .into_iter()
        .unzip();
    (names.params, names.units) = (named, params.iter().map(|p| p.unit).collect());
    let tables = tables::used(&mut file, library, errors);
    let (mut sets, named): (Vec<_>, _) = values::read_sets(&mut file, &sources, errors)
        .into_iter()
        .unzip();
    names.sets = named;
    tables::import(&tables, &mut sets, &mut names.sets, errors);
    let (named, predicates): (_, Vec<Placed>) = rules::read_predicates(&mut file, errors)
        .into_iter()
        .unzip();
    names.predicates = named;
    let mut raw = rules::read_rules(&mut file, &sources, errors);
    inherit(&mut raw, errors);
    // A value or a day that was refused leaves a hole that is no fault of its own.
    let is_whole = errors.is_empty();
    let rule_name = |r: &RawRule| Named::new(r.id.clone(), r.span.clone());
    names.rules = raw.iter().map(rule_name).collect();
    let bench = TestBench {
        dictionary,
        conventions,
        rules: &raw,
    };
    let tests = bench.read(&mut file, errors);
    let alarms = rules::read_alarms(&mut file, &sources, errors);
    let unreached = rules::read_unreached(&mut file, &raw, errors);
    file.finish(errors);
    lint::refuse_shadows(&names, errors);
    if is_whole {
        sources::refuse_unused(&sources, errors);
    }
    let lowered = lower_all(text, &names, &predicates, &raw, errors)?;
    lint::refuse_unused(&names, errors);
    let head = head?;
    let mut book = Rulebook {
        sources: sources.into_entries(),
        params,
        sets,
        predicates: lowered.predicates,
        atoms: lowered.atoms,
        tests,
        tables,
        alarms,
        unreached,
        ..empty_book(head, digest(whole))
    };
    let conditions: Vec<Range<usize>> = raw.iter().map(|r| r.when.1.clone()).collect();
    add_rules(&mut book, raw, lowered.rules, dictionary, errors)?;
    book.slots = names.into_slots();
    lint::refuse_idle_reasons(&book, errors);
    if depth == Depth::Whole && is_whole {
        lint::refuse_gaps(&book, errors);
        lint::refuse_constant(&book, &conditions, errors);
    }
    Some(book)
}

/// A book with its head, and nothing in it yet.
fn empty_book(head: Head, digest: String) -> Rulebook {
    Rulebook {
        id: head.id.into(),
        title: head.title,
        jurisdiction: head.jurisdiction,
        version: head.version,
        digest,
        known_through: head.known_through,
        text_status: head.text_status,
        enforcement: head.enforcement,
        history: head.history,
        sources: BTreeMap::new(),
        slots: Vec::new(),
        params: Vec::new(),
        sets: Vec::new(),
        predicates: Vec::new(),
        atoms: Vec::new(),
        rules: Vec::new(),
        order: Vec::new(),
        tests: Vec::new(),
        tables: Vec::new(),
        alarms: Vec::new(),
        unreached: Vec::new(),
        supplied_by: None,
    }
}

/// Takes `format = 1`, which every file of ours opens with.
pub(crate) fn read_format(file: &mut Table, errors: &mut Errors) {
    match file.take("format") {
        None => file.missing("format = 1", errors),
        Some(node) => {
            let is_one = matches!(&node.item, Item::Number(n) if n.to_u128() == Some(1));
            if !is_one {
                let message = "this program reads `format = 1` only";
                let help = "use a later release for later formats";
                errors.push(Diagnostic::new("rulebook-format", message, node.span).with_help(help));
            }
        }
    }
}

struct Head {
    id: String,
    title: String,
    jurisdiction: String,
    version: String,
    known_through: Date,
    text_status: Timeline<TextStatus>,
    enforcement: Timeline<Enforcement>,
    history: Vec<StatusEntry>,
}

fn read_head(file: &mut Table, sources: &Listed, errors: &mut Errors) -> Option<Head> {
    let Some(mut table) = file.table("rulebook", errors) else {
        file.missing("rulebook", errors);
        return None;
    };
    let id = table.text_at("id", errors);
    match &id {
        None => table.missing("id", errors),
        Some((id, span)) if !rules::is_kebab(id) => {
            let message = format!("`{id}` is no rulebook id");
            let help = "use lowercase words joined by dashes";
            errors.push(Diagnostic::new("bad-id", message, span.clone()).with_help(help));
        }
        Some(_) => {}
    }
    let title = table.required_text("title", errors);
    let jurisdiction = table.text("jurisdiction", errors);
    let version = table.text("version", errors);
    let known_through = table.date("known_through", errors);
    let mut history = Vec::new();
    let text_status = values::read_status(&mut table, sources, &mut history, errors);
    let enforcement = values::read_status(&mut table, sources, &mut history, errors);
    for (key, is_missing) in [
        ("known_through", known_through.is_none()),
        ("text_status", text_status.is_none()),
        ("enforcement", enforcement.is_none()),
    ] {
        if is_missing {
            table.missing(key, errors);
        }
    }
    table.finish(errors);
    Some(Head {
        id: id?.0,
        title: title?,
        jurisdiction: jurisdiction.unwrap_or_default(),
        version: version.unwrap_or_default(),
        known_through: known_through?,
        text_status: text_status?,
        enforcement: enforcement?,
        history,
    })
}

/// An exception is about what it overrides, and a note unless it says otherwise.
fn inherit(raw: &mut [RawRule], errors: &mut Errors) {
    for index in 0..raw.len() {
        let Some(rule) = raw.get(index) else { continue };
        let mut inherited = (rule.about, rule.level);
        let mut misread = rule.misread.clone();
        let others = rule.overrides.iter();
        let others = others.filter_map(|(id, at)| Some((raw.iter().find(|r| r.id == *id)?, at)));
        for (other, at) in others {
            lint::check_override(rule, other, at, errors);
            inherited.0 = inherited.0.or(other.about);
            inherited.1 = inherited.1.or(Some(Level::Note));
            misread.extend(&other.misread);
        }
        for (key, is_missing) in [
            ("about", inherited.0.is_none()),
            ("level", inherited.1.is_none()),
        ] {
            if is_missing && !misread.contains(&key) {
                let message = format!("rule `{}` does not say its `{key}`", rule.id);
                let help = "only an exception takes it from the rule it overrides";
                let span = rule.span.clone();
                errors.push(Diagnostic::new("rule-entry", message, span).with_help(help));
            }
        }
        if let Some(rule) = raw.get_mut(index) {
            (rule.about, rule.level) = inherited;
        }
    }
}

struct Lowered {
    predicates: Vec<Predicate>,
    rules: Vec<Node>,
    atoms: Vec<crate::ir::Atom>,
}

/// Reads every condition; nothing when one of them cannot be read.
fn lower_all<'a>(
    text: &'a str,
    names: &'a Names<'a>,
    predicates: &'a [Placed],
    raw: &'a [RawRule],
    errors: &mut Errors,
) -> Option<Lowered> {
    let mut lowering = Lowering {
        names,
        place: Place::new(text, "", &(0..0)),
        owner: String::new(),
        atoms: Vec::new(),
        fields: None,
        errors: Vec::new(),
    };
    let mut lower = |owner: String, (when, span): &'a Placed| {
        lowering.place = Place::new(text, when, span);
        lowering.owner = owner;
        let expr = tokens::parse(lowering.place, when, &mut lowering.errors)?;
        lowering.condition(&expr)
    };
    let nodes: Vec<Option<Node>> = names
        .predicates
        .iter()
        .zip(predicates)
        .map(|(named, when)| lower(format!("predicate `{}`", named.name), when))
        .collect();
    let rules: Vec<Option<Node>> = raw
        .iter()
        .map(|rule| match rule.misread.contains(&"when") {
            true => None,
            false => lower(format!("rule `{}`", rule.id), &rule.when),
        })
        .collect();
    let (atoms, found) = (lowering.atoms, lowering.errors);
    errors.extend(found);
    let nodes: Vec<Node> = nodes.into_iter().collect::<Option<_>>()?;
    let rules: Vec<Node> = rules.into_iter().collect::<Option<_>>()?;
    let named = names.predicates.iter().zip(predicates).zip(nodes);
    let predicates: Vec<Predicate> = named
        .map(|((named, (when, _)), node)| Predicate {
            name: named.name.as_str().into(),
            when: when.trim().into(),
            node,
        })
        .collect();
    refuse_circular_predicates(names, &predicates, errors)?;
    Some(Lowered {
        predicates,
        rules,
        atoms,
    })
}

fn refuse_circular_predicates(
    names: &Names<'_>,
    predicates: &[Predicate],
    errors: &mut Errors,
) -> Option<()> {
    let needed: Vec<Vec<usize>> = predicates
        .iter()
        .map(|p| lint::references(&p.node).0)
        .collect();
    let Err(circle) = lint::ordered(&needed) else {
        return Some(());
    };
    let members = circle.iter().filter_map(|i| names.predicates.get(*i));
    let members = members.map(|n| (n.name.as_str(), n.span.clone())).collect();
    lint::refuse_circle("predicates", members, errors);
    None
}

/// Resolves exceptions, finds an order of evaluation, and what each rule can depend on.
fn add_rules(
    book: &mut Rulebook,
    raw: Vec<RawRule>,
    nodes: Vec<Node>,
    dictionary: &Dictionary,
    errors: &mut Errors,
) -> Option<()> {
    let ids: Vec<String> = raw.iter().map(|r| r.id.clone()).collect();
    let mut overrides: Vec<Vec<usize>> = Vec::with_capacity(raw.len());
    for rule in &raw {
        let mut found = Vec::new();
        for (id, span) in &rule.overrides {
            match ids.iter().position(|other| other == id) {
                Some(other) => found.push(other),
                None => {
                    let message =
                        format!("rule `{}` overrides `{id}`, which is no rule here", rule.id);
                    let near = weigh_facts::nearest(id, ids.iter().map(String::as_str));
                    let mut found = Diagnostic::new("dangling-rule", message, span.clone());
                    found.help = near.map(|near| format!("did you mean `{near}`?"));
                    errors.push(found);
                }
            }
        }
        overrides.push(found);
    }
    let overridden_by = |index: usize| -> Vec<usize> {
        let by = overrides.iter().enumerate();
        by.filter(|(_, o)| o.contains(&index))
            .map(|(i, _)| i)
            .collect()
    };
    for (index, (raw, node)) in raw.into_iter().zip(nodes).enumerate() {
        let exceptions = (
            overrides.get(index).cloned().unwrap_or_default(),
            overridden_by(index),
        );
        let mut raw = raw;
        let about = raw.about;
        let clock = raw.clock.take();
        let clock = clock.and_then(|c| self::clock(c, about, dictionary, errors));
        let rule = finished_rule(book, raw, node, clock, exceptions)?;
        book.rules.push(rule);
    }
    let needed: Vec<Vec<usize>> = (0..book.rules.len())
        .map(|index| direct_dependencies(book, index))
        .collect();
    match lint::ordered(&needed) {
        Ok(order) => book.order = order,
        Err(circle) => {
            let members = circle.iter().filter_map(|i| book.rules.get(*i));
            let members = members.map(|r| (r.id.as_str(), r.span.clone())).collect();
            lint::refuse_circle("rules", members, errors);
            return None;
        }
    }
    for index in 0..book.rules.len() {
        let own_atoms = atoms_read(book, index);
        let reach_rules = reach(book, &needed, index);
        let mut reach_atoms: Vec<usize> = Vec::new();
        for other in &reach_rules {
            let more = atoms_read(book, *other);
            reach_atoms.extend(
                more.into_iter()
                    .filter(|a| !reach_atoms.contains(a))
                    .collect::<Vec<_>>(),
            );
        }
        if let Some(rule) = book.rules.get_mut(index) {
            (rule.own_atoms, rule.reach_rules, rule.reach_atoms) =
                (own_atoms, reach_rules, reach_atoms);
        }
    }
    Some(())
}

/// The day a deadline runs from is a fact that is a day, about what the rule is about: of another
/// subject nobody would be asked for it.
fn clock(
    raw: RawClock,
    about: Option<SubjectKind>,
    dictionary: &Dictionary,
    errors: &mut Errors,
) -> Option<Arc<Clock>> {
    let fact = match raw.fact {
        None => None,
        Some((name, at)) => {
            let fact: Option<FactName> = name.parse().ok();
            let definition = fact.as_ref().and_then(|f| dictionary.get(f));
            let days = || dictionary.iter().filter(|d| d.kind == FactType::Date);
            match (definition, about) {
                (Some(day), Some(about)) if day.kind == FactType::Date && day.about != about => {
                    let (one, other) = (about.with_article(), day.about.with_article());
                    let message = format!(
                        "the rule is about {one}, and its clock runs from `{name}`, which is a \
                         day of {other}"
                    );
                    let of_it = days().filter(|d| d.about == about);
                    let of_it: Vec<&str> = of_it.map(|d| d.name.as_str()).collect();
                    let help = match of_it.is_empty() {
                        true => format!("define a day about {one} in a file of facts"),
                        false => format!("days of {one} are {}", of_it.join(", ")),
                    };
                    errors.push(Diagnostic::new("clock-subject", message, at).with_help(help));
                }
                (Some(day), _) if day.kind == FactType::Date => {}
                _ => {
                    let message = format!("`{name}` is no fact that is a day");
                    let mut error = Diagnostic::new("unknown-name", message, at);
                    let near = weigh_facts::nearest(&name, days().map(|d| d.name.as_str()));
                    let all: Vec<&str> = days().map(|d| d.name.as_str()).collect();
                    error.help = Some(near.map_or_else(
                        || format!("facts that are days: {}", all.join(", ")),
                        |near| format!("did you mean `{near}`?"),
                    ));
                    errors.push(error);
                }
            }
            fact
        }
    };
    Some(Arc::new(Clock {
        fact,
        event: raw.event,
    }))
}

fn finished_rule(
    book: &Rulebook,
    raw: RawRule,
    node: Node,
    clock: Option<Arc<Clock>>,
    (overrides, overridden_by): (Vec<usize>, Vec<usize>),
) -> Option<Rule> {
    let certainty = raw.certainty();
    let status = raw.text_status.as_ref().unwrap_or(&book.text_status);
    let interval = Interval {
        from: raw.interval.from.or_else(|| beginning(status)),
        ..raw.interval
    };
    let interval = values::known_by_its_first_day(interval);
    Some(Rule {
        id: RuleId(raw.id.into()),
        title: raw.title.map(Arc::from),
        about: raw.about?,
        level: raw.level?,
        citations: raw.citations.into(),
        see: raw.see.into(),
        certainty,
        node,
        when: raw.when.0.trim().into(),
        then: Arc::new(raw.then),
        deadline: raw.deadline,
        interval,
        reading: raw.reading.map(Arc::from),
        text_status: raw.text_status,
        enforcement: raw.enforcement,
        history: raw.history,
        addressee: raw.addressee.map(Arc::from),
        basis: raw.basis,
        clock,
        overrides,
        overridden_by,
        own_atoms: Vec::new(),
        reach_atoms: Vec::new(),
        reach_rules: Vec::new(),
        span: raw.span,
    })
}

/// The first day of a text: a rule without `from` begins with it.
fn beginning(status: &Timeline<TextStatus>) -> Option<Date> {
    let firsts: Option<Vec<Date>> = status.entries().map(|e| e.when.from).collect();
    firsts?.into_iter().min()
}

/// Rules a rule reads or is excepted by, predicates seen through.
fn direct_dependencies(book: &Rulebook, index: usize) -> Vec<usize> {
    let Some(rule) = book.rules.get(index) else {
        return Vec::new();
    };
    let mut found = rule.overridden_by.clone();
    let mut nodes = vec![&rule.node];
    while let Some(node) = nodes.pop() {
        let (predicates, rules) = lint::references(node);
        found.extend(rules);
        let inside = predicates.iter().filter_map(|p| book.predicates.get(*p));
        nodes.extend(inside.map(|p| &p.node));
    }
    found
}

/// Atoms in a rule's condition, through predicates and the rules it reads, in the order of the text.
fn atoms_read(book: &Rulebook, index: usize) -> Vec<usize> {
    fn walk(book: &Rulebook, node: &Node, found: &mut Vec<usize>) {
        node.visit(&mut |reference| match reference {
            Reference::Atom(atom) if !found.contains(&atom) => found.push(atom),
            Reference::Atom(_) => {}
            Reference::Predicate(p) => {
                if let Some(predicate) = book.predicates.get(p) {
                    walk(book, &predicate.node, found);
                }
            }
            Reference::Rule(r) => {
                if let Some(rule) = book.rules.get(r) {
                    walk(book, &rule.node, found);
                }
            }
        });
    }
    let mut found = Vec::new();
    if let Some(rule) = book.rules.get(index) {
        walk(book, &rule.node, &mut found);
    }
    found
}

/// A rule and everything it depends on, in evaluation order: it comes last.
fn reach(book: &Rulebook, needed: &[Vec<usize>], index: usize) -> Vec<usize> {
    let mut seen = BTreeSet::from([index]);
    let mut open = vec![index];
    while let Some(at) = open.pop() {
        for next in needed.get(at).into_iter().flatten() {
            if seen.insert(*next) {
                open.push(*next);
            }
        }
    }
    let order = book.order.iter().copied();
    order.filter(|i| seen.contains(i)).collect()
}
