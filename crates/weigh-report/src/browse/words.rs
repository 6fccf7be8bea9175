//! The law in the words of a page: what a browser for people and one for terminals have in common.
//!
//! - **Invariant:** every string in here passed [`crate::clean`] or was written by us.
//! - **Invariant:** nothing is decided here. What stands in a book is shown, in its order.

use std::collections::{BTreeMap, BTreeSet};

use weigh_facts::{
    Certainty, Date, Dictionary, Enforcement, Interval, Source, TextStatus, country,
};
use weigh_rules::{AlarmKind, Axis, Basis, Citation, RuleEntry, Rulebook, SetEntry, StatusEntry};
use weigh_station::Law;

use crate::browse::condition::{Names, Piece, anchor, fact_anchor, facts_in};
use crate::browse::timeline::Timeline;
use crate::clean::{clean, clean_paragraph};
use crate::page::findings::{
    CitationWords, certainty, citation, enforcement, text_status, web_address,
};
use crate::{TOOL, VERSION};

/// Digits of a digest that a person compares.
const DIGEST_SHOWN: usize = 12;

/// All the words of a page on the law.
#[derive(Clone, Debug)]
pub(crate) struct LawWords {
    /// `weighbridge 0.1.0`.
    pub(crate) tool: String,
    /// The day the rules are read on.
    pub(crate) on: String,
    /// What the page is about: one book, or how many.
    pub(crate) title: String,
    /// `21 rulebooks, 250 rules, 900 tests`.
    pub(crate) summary: String,
    /// That some books know less than the day, and which.
    pub(crate) stale: Option<String>,
    pub(crate) books: Vec<BookWords>,
    /// What the conditions read, by name.
    pub(crate) facts: Vec<FactWords>,
}

/// A rulebook.
#[derive(Clone, Debug)]
pub(crate) struct BookWords {
    pub(crate) id: String,
    pub(crate) title: String,
    pub(crate) jurisdiction: String,
    pub(crate) version: String,
    pub(crate) digest: String,
    /// The file of a person's own.
    pub(crate) supplied_by: Option<String>,
    pub(crate) known_through: String,
    pub(crate) is_stale: bool,
    /// What the text is on the day: `text in force`.
    pub(crate) text: &'static str,
    /// What those who enforce do on the day.
    pub(crate) enforcement: &'static str,
    /// The weakest of the sources that its rules cite.
    pub(crate) certainty: &'static str,
    /// How many rules rest on one as weak: `2 of 34 rules`.
    pub(crate) certainty_share: String,
    pub(crate) tests: usize,
    /// What stands on the day.
    pub(crate) alarms: Vec<AlarmWords>,
    /// What the book declares that does not stand on the day.
    pub(crate) other_alarms: Vec<AlarmWords>,
    pub(crate) timeline: Option<Timeline>,
    pub(crate) statuses: Vec<StatusWords>,
    pub(crate) params: Vec<ParamWords>,
    pub(crate) sets: Vec<SetWords>,
    pub(crate) predicates: Vec<PredicateWords>,
    pub(crate) rules: Vec<RuleWords>,
    pub(crate) sources: Vec<SourceWords>,
}

/// When something holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Span {
    /// First day.
    pub(crate) from: Option<Date>,
    /// First day after.
    pub(crate) until: Option<Date>,
    /// The day it became known, where that is not its first.
    pub(crate) known: Option<Date>,
}

/// A status of the text or of enforcement.
#[derive(Clone, Debug)]
pub(crate) struct StatusWords {
    /// Its letter in the drawing.
    pub(crate) letter: String,
    /// `text` or `enforcement`.
    pub(crate) axis: &'static str,
    /// `in force`.
    pub(crate) word: String,
    pub(crate) span: Span,
    /// How it is drawn: `full`, `framed`, `dashed`.
    pub(crate) drawn: &'static str,
    pub(crate) source: Option<CitationWords>,
    /// Does it hold on the day?
    pub(crate) is_now: bool,
}

/// A parameter.
#[derive(Clone, Debug)]
pub(crate) struct ParamWords {
    pub(crate) name: String,
    pub(crate) anchor: String,
    pub(crate) unstated: Option<String>,
    pub(crate) values: Vec<ValueWords>,
}

/// A value.
#[derive(Clone, Debug)]
pub(crate) struct ValueWords {
    pub(crate) value: String,
    pub(crate) span: Span,
    pub(crate) source: CitationWords,
    pub(crate) is_now: bool,
}

/// A list of codes.
#[derive(Clone, Debug)]
pub(crate) struct SetWords {
    pub(crate) name: String,
    pub(crate) anchor: String,
    /// The shared table it comes from.
    pub(crate) table: Option<String>,
    pub(crate) is_complete: bool,
    pub(crate) states: Vec<SetState>,
}

/// A state of a list.
#[derive(Clone, Debug)]
pub(crate) struct SetState {
    pub(crate) span: Span,
    /// The codes, and the names of those that are countries.
    pub(crate) codes: Vec<(String, String)>,
    /// What joined since the state before.
    pub(crate) added: String,
    /// What left since the state before.
    pub(crate) removed: String,
    pub(crate) source: CitationWords,
    pub(crate) is_now: bool,
}

/// A named condition.
#[derive(Clone, Debug)]
pub(crate) struct PredicateWords {
    pub(crate) name: String,
    pub(crate) anchor: String,
    pub(crate) pieces: Vec<Piece>,
}

/// A line as it stands on the day.
#[derive(Clone, Debug)]
pub(crate) struct LineWords {
    pub(crate) name: String,
    pub(crate) href: String,
    /// `1e25 FLOP`, `not stated`, `no value on this day`.
    pub(crate) value: String,
}

/// A link inside the page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Link {
    pub(crate) text: String,
    pub(crate) href: String,
}

/// A rule.
#[derive(Clone, Debug)]
pub(crate) struct RuleWords {
    pub(crate) id: String,
    pub(crate) anchor: String,
    pub(crate) title: Option<String>,
    pub(crate) level: String,
    pub(crate) about: &'static str,
    /// `in force`, `not yet in force: from 2027-01-01`, `ended on 2023-11-17`.
    pub(crate) days: String,
    pub(crate) is_in_force: bool,
    /// What its text is on the day, where that is not law: `proposed, not adopted`.
    pub(crate) not_law: Option<&'static str>,
    pub(crate) when: Vec<Piece>,
    /// The named conditions that it reads, however deep.
    pub(crate) meaning: Vec<PredicateWords>,
    /// The lines that it reads on the day.
    pub(crate) lines: Vec<LineWords>,
    /// Decision and word.
    pub(crate) outcome: Vec<(String, String)>,
    /// From when a deadline runs.
    pub(crate) clock: Option<String>,
    pub(crate) citations: Vec<CitationWords>,
    pub(crate) see: Vec<CitationWords>,
    pub(crate) reading: Option<String>,
    /// The rules it is an exception to.
    pub(crate) overrides: Vec<Link>,
    /// Its exceptions.
    pub(crate) exceptions: Vec<Link>,
    pub(crate) addressee: Option<String>,
    /// Does it rest on what an agency does?
    pub(crate) is_policy: bool,
    /// Statuses of its own.
    pub(crate) statuses: Vec<StatusWords>,
    pub(crate) tests: usize,
}

/// A source.
#[derive(Clone, Debug)]
pub(crate) struct SourceWords {
    pub(crate) key: String,
    pub(crate) citation: CitationWords,
    pub(crate) published: Option<String>,
    pub(crate) retrieved: Option<String>,
}

/// A day that asks for a person.
#[derive(Clone, Debug)]
pub(crate) struct AlarmWords {
    pub(crate) id: String,
    pub(crate) kind: &'static str,
    pub(crate) from: String,
    pub(crate) text: String,
    pub(crate) citations: Vec<CitationWords>,
}

/// A fact that conditions read.
#[derive(Clone, Debug)]
pub(crate) struct FactWords {
    pub(crate) name: String,
    pub(crate) anchor: String,
    pub(crate) meaning: String,
    /// `true or false`, `a quantity in FLOP`.
    pub(crate) kind: String,
    pub(crate) about: &'static str,
    pub(crate) ask: String,
    pub(crate) source: String,
    /// The rules that read it.
    pub(crate) rules: Vec<Link>,
}

impl Span {
    fn of(when: Interval) -> Self {
        Self {
            from: when.from,
            until: when.until,
            known: when.known.filter(|k| Some(*k) != when.from),
        }
    }

    fn holds(&self, on: Date) -> bool {
        self.from.is_none_or(|f| f <= on) && self.until.is_none_or(|u| on < u)
    }

    /// The first day, or a dash.
    pub(crate) fn first(&self) -> String {
        self.from
            .map_or_else(|| "always".to_owned(), |d| d.to_string())
    }

    /// The first day after, or nothing.
    pub(crate) fn after(&self) -> String {
        self.until.map(|d| d.to_string()).unwrap_or_default()
    }

    /// `from 2025-01-13`, `2025-01-13 until 2025-05-13`.
    pub(crate) fn in_words(&self) -> String {
        match (self.from, self.until) {
            (Some(from), Some(until)) => format!("{from} until {until}"),
            (Some(from), None) => format!("from {from}"),
            (None, Some(until)) => format!("until {until}"),
            (None, None) => "always".to_owned(),
        }
    }
}

/// Lets every entry without an end run up to the next one that begins.
fn spans(whens: &[Interval]) -> Vec<Span> {
    let end = |when: &Interval| {
        let later = whens.iter().filter_map(|w| w.from);
        let next = later.filter(|from| Some(*from) > when.from).min();
        when.until.or(next)
    };
    let span = |when: &Interval| Span {
        until: end(when),
        ..Span::of(*when)
    };
    whens.iter().map(span).collect()
}

impl LawWords {
    /// Puts the rulebooks of a law into words, as they are read on a day; without `known`, each as
    /// far as it knows.
    pub(crate) fn of(law: &Law, on: Date, known: Option<Date>) -> Self {
        let dictionary = &law.library.dictionary;
        let books: Vec<BookWords> = law
            .books
            .iter()
            .map(|b| book(b, dictionary, on, known.unwrap_or(b.known_through())))
            .collect();
        let rules: usize = books.iter().map(|b| b.rules.len()).sum();
        let tests: usize = books.iter().map(|b| b.tests).sum();
        let count = |n: usize, one: &str, many: &str| {
            crate::page::counted(u64::try_from(n).unwrap_or(u64::MAX), one, many)
        };
        let title = match books.as_slice() {
            [one] => one.title.clone(),
            _ => "Rulebooks".to_owned(),
        };
        Self {
            tool: format!("{TOOL} {VERSION}"),
            on: on.to_string(),
            title,
            summary: format!(
                "{}, {}, {}",
                count(books.len(), "rulebook", "rulebooks"),
                count(rules, "rule", "rules"),
                count(tests, "test", "tests")
            ),
            stale: stale(&books),
            facts: facts(&books, dictionary),
            books,
        }
    }

    /// The alarms of all books that stand on the day, each with its book; what is only stale is
    /// said once for all.
    pub(crate) fn alarms(&self) -> impl Iterator<Item = (&BookWords, &AlarmWords)> {
        let books = self.books.iter();
        let each = books.flat_map(|b| b.alarms.iter().map(move |a| (b, a)));
        each.filter(|(_, alarm)| alarm.kind != AlarmKind::Stale.as_str())
    }
}

/// `3 of 5 rulebooks know less than this day: …`
fn stale(books: &[BookWords]) -> Option<String> {
    let stale: Vec<&str> = books
        .iter()
        .filter(|b| b.is_stale)
        .map(|b| b.id.as_str())
        .collect();
    if stale.is_empty() {
        return None;
    }
    let (some, all) = (stale.len(), books.len());
    let which = match some == all {
        true => "every one of them".to_owned(),
        false => stale.join(", "),
    };
    Some(format!(
        "{some} of {all} rulebooks know the law up to an earlier day: {which}."
    ))
}

fn book(book: &Rulebook, dictionary: &Dictionary, on: Date, known: Date) -> BookWords {
    let names = Names::of(book, dictionary);
    let statuses = statuses(&book.history(), on);
    let predicates = predicates(book, &names);
    let params = params(book, on);
    let desk = Desk {
        book,
        names: &names,
        predicates: &predicates,
        params: &params,
        on,
        known,
    };
    let rules: Vec<RuleWords> = book.entries().map(|entry| desk.rule(&entry)).collect();
    let cited = book.entries().map(|r| r.certainty).min();
    let as_weak = book
        .entries()
        .filter(|r| Some(r.certainty) == cited)
        .count();
    let certainty_share = match as_weak == rules.len() {
        true => "all rules".to_owned(),
        false => format!("{as_weak} of {} rules", rules.len()),
    };
    let digest: String = book.digest().chars().take(DIGEST_SHOWN).collect();
    let (alarms, other_alarms) = alarms(book, on, known);
    BookWords {
        id: clean(book.id()),
        title: clean(book.title()),
        jurisdiction: clean(book.jurisdiction()),
        version: clean(book.version()),
        digest,
        supplied_by: book.supplied_by().map(clean),
        known_through: book.known_through().to_string(),
        is_stale: on > book.known_through(),
        text: bare(text_status(
            book.text_status().at(on, known).map(|s| s.value),
        )),
        enforcement: match book.enforcement().at(on, known) {
            Some(entry) => barely(enforcement(entry.value)),
            None => barely(enforcement(Enforcement::Unknown)),
        },
        certainty: certainty(cited.unwrap_or(Certainty::Unverified)),
        certainty_share,
        tests: book.test_count(),
        alarms,
        other_alarms,
        timeline: Timeline::of(&statuses, on, book.known_through()),
        statuses,
        params,
        sets: book.sets().map(|s| set(book, &s, on)).collect(),
        predicates,
        rules,
        sources: sources(book),
    }
}

/// `in force` of `text in force`: where a heading says already that it is the text.
fn bare(words: &'static str) -> &'static str {
    words.strip_prefix("text ").unwrap_or(words)
}

/// `not known` of `enforcement not known`: where a heading says already what it is.
fn barely(words: &'static str) -> &'static str {
    words.strip_prefix("enforcement ").unwrap_or(words)
}

fn predicates(book: &Rulebook, names: &Names<'_>) -> Vec<PredicateWords> {
    let words = book.predicates().map(|(name, when)| PredicateWords {
        name: clean(name),
        anchor: anchor(book.id(), "condition", name),
        pieces: names.pieces(when),
    });
    words.collect()
}

/// What stands on the day, and what the book declares for other days.
fn alarms(book: &Rulebook, on: Date, known: Date) -> (Vec<AlarmWords>, Vec<AlarmWords>) {
    let standing = book.alarms_on(on, known);
    let words =
        |id: &str, kind, from: Option<Date>, text: &str, citations: &[Citation]| AlarmWords {
            id: clean(id),
            kind,
            from: from.map(|d| d.to_string()).unwrap_or_default(),
            text: clean(text),
            citations: citations.iter().map(citation).collect(),
        };
    let others = book.declared_alarms();
    let others = others.filter(|a| standing.iter().all(|s| s.id != a.id));
    let others = others.map(|a| words(a.id, "declared", a.when.from, a.text, a.citations));
    let stands = standing
        .iter()
        .map(|a| words(&a.id, a.kind.as_str(), Some(a.from), &a.text, &a.citations));
    (stands.collect(), others.collect())
}

/// Status entries by axis and first day, with a letter each.
fn statuses(history: &[&StatusEntry], on: Date) -> Vec<StatusWords> {
    let mut words = Vec::new();
    for axis in [Axis::Text, Axis::Enforcement] {
        let own: Vec<&&StatusEntry> = history.iter().filter(|e| e.axis == axis).collect();
        let whens: Vec<Interval> = own.iter().map(|e| e.when).collect();
        for (entry, span) in own.iter().zip(spans(&whens)) {
            words.push(StatusWords {
                letter: letter(words.len()),
                axis: match axis {
                    Axis::Text => "text",
                    Axis::Enforcement => ENFORCEMENT,
                },
                word: status_word(axis, entry.word),
                span,
                drawn: drawn(axis, entry.word),
                source: entry.source.as_ref().map(|s| source_words(s)),
                is_now: span.holds(on),
            });
        }
    }
    words
}

/// `a`, `b`, …, `z`, then numbers: no text changes its status so often.
fn letter(index: usize) -> String {
    match u8::try_from(index) {
        Ok(index) if index < 26 => char::from(b'a' + index).to_string(),
        _ => index.to_string(),
    }
}

/// The name of a lane, and the word that its statuses need not repeat.
const ENFORCEMENT: &str = "enforcement";

/// A status in words, beside the name of its axis.
fn status_word(axis: Axis, word: &str) -> String {
    let text = TextStatus::parse(word).map(|s| bare(text_status(Some(s))));
    let enforced = Enforcement::parse(word).map(enforcement);
    let words = match axis {
        Axis::Text => text,
        Axis::Enforcement => enforced.map(barely),
    };
    words.unwrap_or(word).to_owned()
}

/// What binds and is enforced is full, what is suspended or not enforced framed, the rest dashed.
fn drawn(axis: Axis, word: &str) -> &'static str {
    let text = TextStatus::parse(word).filter(|_| axis == Axis::Text);
    let enforced = Enforcement::parse(word).filter(|_| axis == Axis::Enforcement);
    match (text, enforced) {
        (Some(TextStatus::InForce), _) | (_, Some(Enforcement::Enforced)) => "full",
        (Some(TextStatus::Superseded | TextStatus::Revoked | TextStatus::Stayed), _) => "framed",
        (_, Some(Enforcement::AnnouncedNonEnforcement | Enforcement::Stayed)) => "framed",
        _ => "dashed",
    }
}

/// A source as it is cited for a value or a status: its title, without a place inside it.
fn source_words(source: &Source) -> CitationWords {
    CitationWords {
        title: clean(&source.title),
        href: web_address(&source.href),
        certainty: certainty(source.certainty),
        quote: source.quote.as_deref().map(clean),
    }
}

fn params(book: &Rulebook, on: Date) -> Vec<ParamWords> {
    let words = book.params().map(|param| {
        let whens: Vec<Interval> = param.values.iter().map(|v| v.when).collect();
        let values = param.values.iter().zip(spans(&whens));
        ParamWords {
            name: clean(param.name),
            anchor: anchor(book.id(), "value", param.name),
            unstated: param.unstated.map(clean),
            values: values
                .map(|(value, span)| ValueWords {
                    value: exact(&value.value, param.shown),
                    span,
                    source: source_words(value.source),
                    is_now: span.holds(on),
                })
                .collect(),
        }
    });
    words.collect()
}

/// Every digit of a line, in the unit of its file.
fn exact(value: &weigh_facts::Quantity, shown: &str) -> String {
    let unit = weigh_facts::Unit::parse(shown).ok();
    let unit = unit.filter(|(unit, _)| *unit == value.unit && !unit.is_none());
    match unit.and_then(|(_, factor)| value.value.exact_quotient(&factor)) {
        Some(number) => clean(&format!("{} {shown}", number.to_line())),
        None if value.unit.is_none() => value.value.to_line(),
        None => value.to_string(),
    }
}

fn set(book: &Rulebook, set: &SetEntry<'_>, on: Date) -> SetWords {
    let whens: Vec<Interval> = set.values.iter().map(|v| v.when).collect();
    let nothing = BTreeSet::new();
    let mut before: Option<&BTreeSet<String>> = None;
    let mut states = Vec::new();
    for (value, span) in set.values.iter().zip(spans(&whens)) {
        let listed = |codes: Vec<&String>| {
            clean(
                &codes
                    .iter()
                    .map(|c| c.as_str())
                    .collect::<Vec<_>>()
                    .join(", "),
            )
        };
        let old = before.unwrap_or(&nothing);
        let is_first = before.is_none();
        let added: Vec<&String> = value.codes.difference(old).collect();
        let removed: Vec<&String> = old.difference(value.codes).collect();
        states.push(SetState {
            span,
            codes: value
                .codes
                .iter()
                .map(|c| (clean(c), country(c).unwrap_or_default().to_owned()))
                .collect(),
            added: if is_first {
                String::new()
            } else {
                listed(added)
            },
            removed: listed(removed),
            source: source_words(value.source),
            is_now: span.holds(on),
        });
        before = Some(value.codes);
    }
    SetWords {
        name: clean(set.name),
        anchor: anchor(book.id(), "list", set.name),
        table: set.table.map(clean),
        is_complete: set.is_complete,
        states,
    }
}

/// One book at hand.
struct Desk<'a> {
    book: &'a Rulebook,
    names: &'a Names<'a>,
    predicates: &'a [PredicateWords],
    params: &'a [ParamWords],
    on: Date,
    known: Date,
}

impl Desk<'_> {
    fn rule(&self, entry: &RuleEntry<'_>) -> RuleWords {
        let (book, on) = (self.book, self.on);
        let when = self.names.pieces(entry.when);
        let meaning = self.meaning(&when);
        let lines = self.lines(&when, &meaning);
        let link = |id: &&weigh_rules::RuleId| Link {
            text: clean(id.as_str()),
            href: format!("#{}", anchor(book.id(), "rule", id.as_str())),
        };
        let span = Span::of(entry.interval);
        let history: Vec<&StatusEntry> = entry.history.iter().collect();
        let citations = |all: &[Citation]| all.iter().map(citation).collect::<Vec<_>>();
        RuleWords {
            id: clean(entry.id.as_str()),
            anchor: anchor(book.id(), "rule", entry.id.as_str()),
            title: entry.title.map(clean),
            level: entry.level.to_string(),
            about: entry.about.with_article(),
            days: days(span, on),
            is_in_force: span.holds(on),
            not_law: self.not_law(entry),
            when,
            meaning,
            lines,
            outcome: entry
                .then
                .iter()
                .map(|(key, word)| (clean(&key.replace('_', " ")), clean(word)))
                .collect(),
            clock: entry.clock.map(|c| clean(&c.event)),
            citations: citations(entry.citations),
            see: citations(entry.see),
            reading: entry.reading.map(clean_paragraph),
            overrides: entry.overrides.iter().map(link).collect(),
            exceptions: entry.overridden_by.iter().map(link).collect(),
            addressee: entry.addressee.map(clean),
            is_policy: entry.basis == Basis::Policy,
            statuses: statuses(&history, on),
            tests: book.tests_naming(entry.id),
        }
    }

    /// What the text of a rule is on the day, unless it is law.
    fn not_law(&self, entry: &RuleEntry<'_>) -> Option<&'static str> {
        let own = entry.text_status.unwrap_or(self.book.text_status());
        let status = own.at(self.on, self.known).map(|s| s.value);
        let is_law = status.is_none() || status == Some(TextStatus::InForce);
        (!is_law).then(|| bare(text_status(status)))
    }

    /// The named conditions of a condition, each once, in the order in which they are met.
    fn meaning(&self, when: &[Piece]) -> Vec<PredicateWords> {
        let mut found: Vec<PredicateWords> = Vec::new();
        let mut open: Vec<Piece> = when.iter().rev().cloned().collect();
        while let Some(piece) = open.pop() {
            let Some(href) = piece.href.as_deref().and_then(|h| h.strip_prefix('#')) else {
                continue;
            };
            let named = self.predicates.iter().find(|p| p.anchor == href);
            let named = named.filter(|p| found.iter().all(|f| f.anchor != p.anchor));
            if let Some(named) = named {
                open.extend(named.pieces.iter().rev().cloned());
                found.push(named.clone());
            }
        }
        found
    }

    /// The lines that a condition and its named conditions read, as they stand on the day.
    fn lines(&self, when: &[Piece], meaning: &[PredicateWords]) -> Vec<LineWords> {
        let pieces = when.iter().chain(meaning.iter().flat_map(|p| &p.pieces));
        let mut found: Vec<LineWords> = Vec::new();
        for href in pieces.filter_map(|p| p.href.as_deref()) {
            let param = self
                .params
                .iter()
                .find(|p| href.strip_prefix('#') == Some(&p.anchor));
            let Some(param) = param.filter(|_| found.iter().all(|l| l.href != href)) else {
                continue;
            };
            let now = param.values.iter().find(|v| v.is_now);
            let value = match (now, &param.unstated) {
                (Some(now), _) => now.value.clone(),
                (None, Some(_)) => "not stated".to_owned(),
                (None, None) => format!("no value on {}", self.on),
            };
            found.push(LineWords {
                name: param.name.clone(),
                href: href.to_owned(),
                value,
            });
        }
        found
    }
}

/// The days of a rule, and where the day of the page stands among them.
fn days(span: Span, on: Date) -> String {
    match (span.from, span.until) {
        (Some(from), _) if on < from => format!("not yet in force: {}", span.in_words()),
        (_, Some(until)) if until <= on => format!("no longer in force: {}", span.in_words()),
        _ => span.in_words(),
    }
}

fn sources(book: &Rulebook) -> Vec<SourceWords> {
    let words = book.listed_sources().map(|listed| SourceWords {
        key: clean(&listed.source.key.0),
        citation: source_words(listed.source),
        published: listed.source.published.map(|d| d.to_string()),
        retrieved: listed.retrieved.map(|d| d.to_string()),
    });
    words.collect()
}

/// The facts that the rules on the page read, each with the rules, predicates seen through.
fn facts(books: &[BookWords], dictionary: &Dictionary) -> Vec<FactWords> {
    let mut read: BTreeMap<String, Vec<Link>> = BTreeMap::new();
    for book in books {
        let predicates: BTreeMap<String, &Vec<Piece>> = book
            .predicates
            .iter()
            .map(|p| (format!("#{}", p.anchor), &p.pieces))
            .collect();
        for rule in &book.rules {
            let link = Link {
                text: format!("{}/{}", book.id, rule.id),
                href: format!("#{}", rule.anchor),
            };
            for fact in facts_of(&rule.when, &predicates) {
                read.entry(fact).or_default().push(link.clone());
            }
        }
    }
    let words = read.into_iter().filter_map(|(name, rules)| {
        let fact = dictionary.family(&name)?;
        Some(FactWords {
            anchor: fact_anchor(&name),
            meaning: clean(&fact.meaning),
            kind: clean(&fact.kind.describe()),
            about: fact.about.with_article(),
            ask: clean(&fact.ask),
            source: clean(&fact.source),
            name: clean(&name),
            rules,
        })
    });
    words.collect()
}

/// The facts of a condition and of the predicates it names, however deep.
fn facts_of(when: &[Piece], predicates: &BTreeMap<String, &Vec<Piece>>) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut seen: BTreeSet<&str> = BTreeSet::new();
    let mut open = vec![when];
    while let Some(pieces) = open.pop() {
        found.extend(facts_in(pieces.iter()));
        for href in pieces.iter().filter_map(|p| p.href.as_deref()) {
            if let Some(inside) = predicates.get(href).filter(|_| seen.insert(href)) {
                open.push(inside);
            }
        }
    }
    found
}
