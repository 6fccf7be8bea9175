//! What a rulebook that checks could still do better, and what is likely a slip.
//!
//! [`crate::check`] refuses what cannot be right. Here is looked for what can be, and rarely is:
//! rules that no facts reach, comparisons that no test takes both ways, quotations that contradict
//! their operator, places that do not exist, holes in time.
//!
//! - **Invariant:** nothing here changes what a rule means, and a book without advice reads the same
//!   as one with.

mod amounts;
mod places;
mod quotes;
mod time;

use std::collections::BTreeSet;

use weigh_facts::{
    Certainty, Date, Diagnostic, Dictionary, FactName, FactType, Item, Quantity, Severity, Source,
    Table, country,
};

use crate::Rulebook;
use crate::book::{Citation, Rule};
use crate::coverage::coverage;
use crate::eval::{Day, Evaluation, Scope};
use crate::ir::{Atom, Inner, Num, Operand, Test, Used};
use crate::possible::{Possible, Question};
use amounts::{Amount, amounts};
use places::Places;

/// A piece of advice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lint {
    /// How much it matters.
    pub severity: Severity,
    /// What it is, where, and what to do.
    pub diagnostic: Diagnostic,
}

/// Tests that should name a rule: on the line, on either side of it.
const TESTS_LEAST: usize = 3;

/// Looks for what is likely a slip in a rulebook that checks, `text` being what it was read from.
/// In the order of the text.
#[must_use]
pub fn lint(book: &Rulebook, text: &str) -> Vec<Lint> {
    let mut desk = Desk {
        book,
        text,
        places: Places::of(text),
        found: Vec::new(),
    };
    desk.unreachable_rules();
    desk.comparisons_of_a_thing_with_itself();
    desk.few_tests();
    desk.untested_comparisons();
    desk.quotations();
    desk.quoted_values();
    desk.unverified_values();
    desk.written_lines();
    desk.countries();
    desk.unread_facts_of_tests();
    time::holes_and_overlaps(&mut desk);
    time::missing_statuses(&mut desk);
    let mut found = desk.found;
    found.sort_by(|a, b| {
        let key = |l: &Lint| (l.diagnostic.span.start, l.diagnostic.code, l.severity);
        key(a).cmp(&key(b))
    });
    found.dedup();
    found
}

/// Facts of a dictionary file that no book mentions: nobody is ever asked for them by a rule.
#[must_use]
pub fn lint_facts(books: &[Rulebook], dictionary: &Dictionary, file: &str) -> Vec<Lint> {
    let mut read: BTreeSet<FactName> = BTreeSet::new();
    for book in books {
        read.extend(book.facts());
        let clocks = book.rules.iter().filter_map(|r| r.clock.as_ref());
        read.extend(clocks.filter_map(|c| c.fact.clone()));
    }
    let families: BTreeSet<&str> = read.iter().map(FactName::family).collect();
    let Ok(mut table) = Table::parse(file) else {
        return Vec::new();
    };
    let facts = table.table("fact", &mut Vec::new());
    let facts = facts.map(|mut t| t.take_all()).unwrap_or_default();
    let unread = facts.into_iter().filter(|(name, _, node)| {
        let is_fact = matches!(node.item, Item::Table(_));
        is_fact && dictionary.family(name).is_some() && !families.contains(name.as_str())
    });
    unread
        .map(|(name, span, _)| {
            let message = format!("no rulebook mentions the fact `{name}`");
            let help = "write a rule that reads it, or remove it";
            Lint {
                severity: Severity::Note,
                diagnostic: Diagnostic::new("unread-fact", message, span).with_help(help),
            }
        })
        .collect()
}

/// One book at hand.
struct Desk<'a> {
    book: &'a Rulebook,
    text: &'a str,
    places: Places,
    found: Vec<Lint>,
}

impl Desk<'_> {
    fn error(&mut self, diagnostic: Diagnostic) {
        self.add(Severity::Error, diagnostic);
    }

    fn warn(&mut self, diagnostic: Diagnostic) {
        self.add(Severity::Warning, diagnostic);
    }

    fn note(&mut self, diagnostic: Diagnostic) {
        self.add(Severity::Note, diagnostic);
    }

    fn add(&mut self, severity: Severity, diagnostic: Diagnostic) {
        self.found.push(Lint {
            severity,
            diagnostic,
        });
    }

    /// Rules that are effective on no day, whatever the facts are: an exception always takes them
    /// away, or the rule they read never applies.
    fn unreachable_rules(&mut self) {
        let book = self.book;
        let Some(known) = far_future() else { return };
        for (index, rule) in book.rules.iter().enumerate() {
            let mut days = book.change_days();
            days.extend(rule.interval.from);
            days.insert(book.known_through);
            days.retain(|day| rule.interval.holds(*day, known));
            if days.iter().any(|on| can_hold(book, index, *on, known)) {
                continue;
            }
            let by: Vec<String> = rule
                .overridden_by
                .iter()
                .filter_map(|o| book.rules.get(*o).map(|r| format!("`{}`", r.id)))
                .collect();
            let message = format!(
                "rule `{}` applies on no day, whatever the facts are",
                rule.id
            );
            let help = match by.is_empty() {
                true => "a rule that it reads never applies, or its days are empty".to_owned(),
                false => format!(
                    "wherever its condition holds, an exception does too: {}",
                    by.join(", ")
                ),
            };
            let span = rule.span.clone();
            self.error(Diagnostic::new("unreachable-rule", message, span).with_help(help));
        }
    }

    /// `x = x` is the same whatever `x` is, and unknown while it is unknown: a slip.
    fn comparisons_of_a_thing_with_itself(&mut self) {
        let book = self.book;
        for rule in &book.rules {
            for atom in atoms_of(book, rule).filter(|a| is_of_itself(&a.test)) {
                let message = format!(
                    "rule `{}` compares a thing with itself: `{}`",
                    rule.id, atom.text
                );
                let help = "compare it with a line or with another fact";
                let span = self.places.atom(self.text, rule.id.as_str(), &atom.text);
                self.error(Diagnostic::new("self-comparison", message, span).with_help(help));
            }
        }
    }

    fn few_tests(&mut self) {
        let book = self.book;
        for (id, tests) in coverage(book).rules_below(TESTS_LEAST) {
            let span = book.rules.iter().find(|r| r.id == *id);
            let span = span.map_or(0..1, |r| r.span.clone());
            let noun = if *tests == 1 { "test" } else { "tests" };
            let message =
                format!("rule `{id}` is named by {tests} {noun}, and should be by {TESTS_LEAST}");
            let help = "test it on its line, on either side, and before its first day";
            self.warn(Diagnostic::new("few-tests", message, span).with_help(help));
        }
    }

    fn untested_comparisons(&mut self) {
        for atom in coverage(self.book).atoms {
            let rule = atom.rule.as_str();
            let span = self.places.atom(self.text, rule, &atom.atom);
            let both = atom.seen_true && atom.seen_false;
            if both && atom.unreached.is_some() {
                let message = format!("tests of `{rule}` do take `{}` both ways", atom.atom);
                let help = "remove its `[[unreached]]` table";
                self.note(Diagnostic::new("idle-excuse", message, span).with_help(help));
                continue;
            }
            if atom.is_covered() {
                continue;
            }
            let missing = match (atom.seen_true, atom.seen_false) {
                (false, false) => "known",
                (true, _) => "false",
                (false, true) => "true",
            };
            let message = format!("in no test of `{rule}` is `{}` {missing}", atom.atom);
            let help = "add the test, or an `[[unreached]]` table that says why there is none";
            self.warn(Diagnostic::new("untested-comparison", message, span).with_help(help));
        }
    }

    /// A quotation that puts the line on the other side than every comparison of its rule.
    fn quotations(&mut self) {
        let book = self.book;
        for rule in &book.rules {
            let mut sides = BTreeSet::new();
            for atom in atoms_of(book, rule) {
                quotes::sides(atom, &mut sides);
            }
            if sides.is_empty() {
                continue;
            }
            for citation in rule.citations.iter() {
                let quote = citation.quote.as_ref().or(citation.source.quote.as_ref());
                let cuts = quote.map(|q| quotes::cuts(q)).unwrap_or_default();
                let mut cuts = cuts.into_iter();
                let is_missing = |side| sides.iter().all(|(found, _)| *found != side);
                let Some((phrase, side)) = cuts.find(|(_, side)| is_missing(*side)) else {
                    continue;
                };
                let made: BTreeSet<String> =
                    sides.iter().map(|(_, op)| format!("`{op}`")).collect();
                let made: Vec<String> = made.into_iter().collect();
                let message = format!(
                    "rule `{}` compares by {}, and {citation} says `{phrase}`",
                    rule.id,
                    made.join(", ")
                );
                let help = format!(
                    "`{phrase}` is {}; correct the operator, or quote at `cite` the words that decide",
                    side.comparators()
                );
                let span = self.places.condition(rule.id.as_str());
                self.error(Diagnostic::new("quote-operator", message, span).with_help(help));
            }
        }
    }

    /// A value that none of the quotations of its source has, though they have numbers. What a rule
    /// quotes speaks against a value only where the rule reads no other.
    fn quoted_values(&mut self) {
        let book = self.book;
        for (index, param) in book.params.iter().enumerate() {
            let (mut own, mut shared) = (Vec::new(), Vec::new());
            for rule in &book.rules {
                let mut used = Used::default();
                atoms_of(book, rule).for_each(|atom| used.atom(atom));
                match (used.params.contains(&index), used.params.len()) {
                    (false, _) => {}
                    (true, 1) => own.extend(rule.citations.iter()),
                    (true, _) => shared.extend(rule.citations.iter()),
                }
            }
            for dated in param.values.entries() {
                let (value, source) = (&dated.value.value, &dated.value.source);
                let of = |cited: &[&Citation]| -> BTreeSet<String> {
                    let cited = cited.iter().filter(|c| c.source.key == source.key);
                    cited.filter_map(|c| c.quote.clone()).collect()
                };
                let said = |quote: &String| amounts(quote, param.unit);
                let quotes: BTreeSet<String> =
                    of(&own).into_iter().chain(source.quote.clone()).collect();
                let is_it = |amount: Amount| amount.is(value, &param.shown);
                let mut all = quotes.iter().cloned().chain(of(&shared));
                if all.any(|q| said(&q).into_iter().any(is_it)) {
                    continue;
                }
                // A source that several values rest on is quoted for one of them.
                let is_of_another = |quote: &String| self.is_value_of(quote, source, index);
                let mut against = quotes.iter().filter(|q| !said(q).is_empty());
                let Some(quote) = against.find(|q| !is_of_another(q)) else {
                    continue;
                };
                let shown = Quantity {
                    value: value.clone(),
                    unit: param.unit,
                };
                let (name, shown) = (&param.name, shown.to_reader(&param.shown));
                let message = format!("`${name}` is {shown}, and {} says `{quote}`", source.title);
                let help = "correct the value, or quote the words that hold it";
                let span = self.places.param(name);
                self.error(Diagnostic::new("quote-value", message, span).with_help(help));
            }
        }
    }

    /// Does a quotation have a value of another parameter that rests on the same source?
    fn is_value_of(&self, quote: &str, source: &Source, param: usize) -> bool {
        let others = self.book.params.iter().enumerate();
        let mut others = others.filter(|(index, _)| *index != param);
        others.any(|(_, other)| {
            let said = amounts(quote, other.unit);
            let mut values = other.values.entries().map(|e| &e.value);
            values.any(|v| {
                v.source.key == source.key && said.iter().any(|a| a.is(&v.value, &other.shown))
            })
        })
    }

    fn unverified_values(&mut self) {
        let book = self.book;
        for param in &book.params {
            let mut sources = param.values.entries().map(|e| &e.value.source);
            let doubtful = sources.find(|s| s.certainty == Certainty::Unverified);
            if let Some(source) = doubtful {
                let message = format!(
                    "a value of `${}` rests on `{}`, which nobody has checked",
                    param.name, source.key
                );
                let help = "read the text, and say `primary-text` or `secondary`";
                let span = self.places.param(&param.name);
                self.note(Diagnostic::new("unverified-value", message, span).with_help(help));
            }
        }
    }

    /// Numbers of the law inside conditions, where they have neither days nor a source.
    fn written_lines(&mut self) {
        let book = self.book;
        let mut seen: BTreeSet<&str> = BTreeSet::new();
        for rule in &book.rules {
            for atom in atoms_of(book, rule) {
                let writes = has_number(&atom.test);
                if !writes || !seen.insert(&atom.text) {
                    continue;
                }
                let message = format!("rule `{}` writes a number into `{}`", rule.id, atom.text);
                let help = "make it a parameter, with the days on which it holds and its source";
                let span = self.places.atom(self.text, rule.id.as_str(), &atom.text);
                self.note(Diagnostic::new("written-line", message, span).with_help(help));
            }
        }
    }

    /// Codes of countries that there are not, in sets and in conditions.
    fn countries(&mut self) {
        let book = self.book;
        let mut sets: BTreeSet<usize> = BTreeSet::new();
        let mut words: BTreeSet<(&str, &str, &str)> = BTreeSet::new();
        for rule in &book.rules {
            for atom in atoms_of(book, rule) {
                for (found, written) in places_named(book, atom, None) {
                    sets.extend(found);
                    let unknown = written.iter().filter(|w| country(w).is_none());
                    words.extend(unknown.map(|w| (rule.id.as_str(), &*atom.text, w.as_str())));
                }
            }
        }
        let mut wrong = Vec::new();
        for (rule, atom, word) in words {
            let span = self.places.atom(self.text, rule, atom);
            wrong.push((format!("`{word}` in `{atom}` of rule `{rule}`"), span));
        }
        for set in sets.iter().filter_map(|s| book.sets.get(*s)) {
            let codes: BTreeSet<&String> =
                set.values.entries().flat_map(|e| &e.value.codes).collect();
            for code in codes.into_iter().filter(|c| country(c).is_none()) {
                let span = self.places.code(self.text, &set.name, code);
                let span = span.unwrap_or(self.places.head());
                wrong.push((format!("`{code}` in set `{}`", set.name), span));
            }
        }
        for (what, span) in wrong {
            let message = format!("{what} is no country of ISO 3166-1");
            let help = "write the two letters of the place, such as `GB` for the United Kingdom";
            self.error(Diagnostic::new("unknown-country", message, span).with_help(help));
        }
    }

    fn unread_facts_of_tests(&mut self) {
        let book = self.book;
        let read = book.facts();
        let clocks = book.rules.iter().filter_map(|r| r.clock.as_ref());
        let clocks: BTreeSet<&FactName> = clocks.filter_map(|c| c.fact.as_ref()).collect();
        for test in &book.tests {
            for (name, _) in test.given.iter() {
                if read.contains(name) || clocks.contains(name) {
                    continue;
                }
                let message = format!("a test gives `{name}`, which no condition here reads");
                let help = "remove it, or read it";
                let span = test.span.clone();
                self.note(Diagnostic::new("unread-given", message, span).with_help(help));
            }
        }
    }
}

/// The comparisons of a rule, predicates seen through.
fn atoms_of<'b>(book: &'b Rulebook, rule: &'b Rule) -> impl Iterator<Item = &'b Atom> {
    let atoms = rule.own_atoms.iter();
    atoms.filter_map(|a| book.atoms.get(*a))
}

/// A day on which everything is known that ever will be.
fn far_future() -> Option<Date> {
    "9999-12-31".parse().ok()
}

/// Can a rule be effective on a day, for some facts?
fn can_hold(book: &Rulebook, rule: usize, on: Date, known: Date) -> bool {
    let day = Day::new(book, on, known);
    let values = vec![None; book.slots.len()];
    let scope = Scope::new(&day, &values);
    let evaluation = Evaluation::new(book, &scope, on, known);
    let possible = Possible::new(book, scope, &evaluation);
    possible.cases(rule, Question::Effect).can_hold
}

fn is_of_itself(test: &Test) -> bool {
    match test {
        Test::Compare { left, right, .. } => left == right,
        Test::Exists { when, .. } | Test::Every { when, .. } => {
            when.atoms.iter().any(|a| is_of_itself(&a.test))
        }
        _ => false,
    }
}

/// Does it compare with a number that is written out? Nothing and one are no lines of a law.
fn has_number(test: &Test) -> bool {
    let inner = |inner: &Inner| inner.atoms.iter().any(|a| has_number(&a.test));
    match test {
        Test::Line { line, .. } => writes(line),
        Test::Compare { left, right, .. } => writes(left) || writes(right),
        Test::Exists { when, .. } | Test::Every { when, .. } => inner(when),
        Test::Flag(_) | Test::Word { .. } | Test::Day { .. } | Test::Contains { .. } => false,
    }
}

fn writes(num: &Num) -> bool {
    let inner = |inner: &Inner| inner.atoms.iter().any(|a| has_number(&a.test));
    match num {
        Num::Const(value) => !value.is_zero() && value.to_u128() != Some(1),
        Num::Add(a, b) | Num::Sub(a, b) | Num::Mul(a, b) => writes(a) || writes(b),
        Num::Greatest(parts) | Num::Least(parts) => parts.iter().any(writes),
        Num::Sum { when, .. } | Num::Count { when, .. } => when.as_deref().is_some_and(inner),
        Num::Param(_) | Num::Value(_) => false,
    }
}

/// The sets and the words that an atom compares a country with; `fields` are those of the record
/// at hand, and their types.
fn places_named<'b>(
    book: &'b Rulebook,
    atom: &'b Atom,
    fields: Option<(&'b [String], &'b FactType)>,
) -> Vec<(&'b [usize], &'b [String])> {
    let kind = |of: Operand| match of {
        Operand::Fact(slot) => book.slots.get(slot).map(|s| &s.kind),
        Operand::Field(index) => match fields {
            Some((names, FactType::List(kinds))) => kinds.get(names.get(index)?),
            _ => None,
        },
    };
    let inside = |list: usize, when: &'b Inner| {
        let kind = book.slots.get(list).map(|s| &s.kind);
        let atoms = when.atoms.iter();
        let fields = kind.map(|kind| (when.fields.as_slice(), kind));
        atoms
            .flat_map(move |a| places_named(book, a, fields))
            .collect()
    };
    match &atom.test {
        Test::Word { of, words, sets } => match kind(*of) {
            Some(FactType::Code(scheme)) if scheme == "iso3166" => vec![(sets, words)],
            _ => Vec::new(),
        },
        Test::Exists { list, when } | Test::Every { list, when } => inside(*list, when),
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests;
