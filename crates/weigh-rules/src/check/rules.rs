//! The `[[rule]]`, `[predicate.NAME]` and `[[test]]` tables, before their conditions are read.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use weigh_facts::{
    Certainty, Convention, Date, Diagnostic, Dictionary, Enforcement, Facts, Grade, Interval, Item,
    Level, MethodId, Node, Origin, Period, SubjectKind, Table, TextStatus, Timeline, Verdict,
};

use super::names::Named;
use super::sources::Listed;
use super::values;
use crate::book::{Basis, BookTest, Citation, DeclaredAlarm, Expectation, Unreached};
use crate::browse::StatusEntry;
use weigh_facts::nearest;

type Errors = Vec<Diagnostic>;

/// A text of the file and where it stands, quotes included.
pub(super) type Placed = (String, Range<usize>);

/// A rule as read, its condition still a text.
pub(super) struct RawRule {
    pub(super) id: String,
    pub(super) span: Range<usize>,
    pub(super) title: Option<String>,
    pub(super) about: Option<SubjectKind>,
    pub(super) level: Option<Level>,
    /// Keys whose word is not on its list, which was said already.
    pub(super) misread: Vec<&'static str>,
    pub(super) citations: Vec<Citation>,
    pub(super) see: Vec<Citation>,
    pub(super) when: Placed,
    pub(super) then: BTreeMap<String, String>,
    pub(super) deadline: Option<Period>,
    pub(super) interval: Interval,
    pub(super) overrides: Vec<Placed>,
    pub(super) reading: Option<String>,
    pub(super) text_status: Option<Timeline<TextStatus>>,
    pub(super) enforcement: Option<Timeline<Enforcement>>,
    pub(super) history: Vec<StatusEntry>,
    pub(super) addressee: Option<String>,
    pub(super) basis: Basis,
    pub(super) clock: Option<RawClock>,
}

/// From when a deadline runs: the name of a fact and where it stands, and the event.
pub(super) struct RawClock {
    pub(super) fact: Option<Placed>,
    pub(super) event: String,
}

impl RawRule {
    /// The weakest of what it cites.
    pub(super) fn certainty(&self) -> Certainty {
        let cited = self.citations.iter().map(|c| c.source.certainty);
        cited.min().unwrap_or(Certainty::Unverified)
    }
}

/// Reads the `[predicate.NAME]` tables: a name and a condition.
pub(super) fn read_predicates(file: &mut Table, errors: &mut Errors) -> Vec<(Named, Placed)> {
    let mut predicates = Vec::new();
    for (name, span, node) in values::named_tables(file, "predicate", errors) {
        let at = node.span.clone();
        match node.item {
            Item::Text(when) => predicates.push((Named::new(name, span), (when, at))),
            Item::Table(mut table) => {
                let when = table.text_at("when", errors);
                if when.is_none() {
                    table.missing("when", errors);
                }
                table.finish(errors);
                predicates.extend(when.map(|when| (Named::new(name, span), when)));
            }
            other => {
                let message = format!("predicate `{name}` is {}", other.kind());
                let help = format!("write `[predicate]` and `{name} = \"CONDITION\"`");
                errors.push(Diagnostic::new("rule-entry", message, at).with_help(help));
            }
        }
    }
    predicates
}

/// Reads the `[[rule]]` tables.
pub(super) fn read_rules(file: &mut Table, sources: &Listed, errors: &mut Errors) -> Vec<RawRule> {
    let mut rules: Vec<RawRule> = Vec::new();
    for table in file.tables("rule", errors) {
        let Some(rule) = read_rule(table, sources, errors) else {
            continue;
        };
        if rules.iter().any(|r| r.id == rule.id) {
            let message = format!("rule `{}` stands twice", rule.id);
            errors.push(Diagnostic::new("duplicate-id", message, rule.span.clone()));
        }
        rules.push(rule);
    }
    rules
}

fn read_rule(mut table: Table, sources: &Listed, errors: &mut Errors) -> Option<RawRule> {
    let (id, span) = read_id(&mut table, errors)?;
    let title = table.text("title", errors);
    let mut misread = Vec::new();
    let about = read_word(
        &mut table,
        "about",
        (SubjectKind::parse, SubjectKind::ALL),
        &mut misread,
        errors,
    );
    let level = read_word(
        &mut table,
        "level",
        (Level::parse, Level::ALL),
        &mut misread,
        errors,
    );
    let before = errors.len();
    let citations = read_citations(&mut table, "cite", sources, errors);
    if citations.is_empty() && errors.len() == before {
        let message = format!("rule `{id}` cites nothing");
        let help = "add `cite` with the key of a `[source.KEY]` table";
        errors.push(Diagnostic::new("no-citation", message, span.clone()).with_help(help));
    }
    let see = read_citations(&mut table, "see", sources, errors);
    let when = table.text_at("when", errors);
    let when = when.unwrap_or_else(|| {
        table.missing("when", errors);
        misread.push("when");
        (String::new(), span.clone())
    });
    let (then, deadline) = read_then(&mut table, errors);
    let first = citations.first().map(|c| c.source.clone());
    let interval = values::read_interval(&mut table, first.as_deref(), &span, errors);
    let overrides = read_overrides(&mut table, errors);
    let reading = table.text("reading", errors);
    let mut history = Vec::new();
    let text_status = values::read_status(&mut table, sources, &mut history, errors);
    let enforcement = values::read_status(&mut table, sources, &mut history, errors);
    let addressee = table.text("addressee", errors);
    let basis = read_basis(&mut table, errors);
    let clock = read_clock(&mut table, then.contains_key("deadline"), errors);
    table.finish(errors);
    Some(RawRule {
        id,
        span,
        title,
        about,
        level,
        misread,
        citations,
        see,
        when,
        then,
        deadline,
        interval,
        overrides,
        reading: reading.map(|r| r.split_whitespace().collect::<Vec<_>>().join(" ")),
        text_status,
        enforcement,
        history,
        addressee,
        basis,
        clock,
    })
}

fn read_id(table: &mut Table, errors: &mut Errors) -> Option<Placed> {
    let Some((id, span)) = table.text_at("id", errors) else {
        table.missing("id", errors);
        return None;
    };
    if !is_kebab(&id) {
        let message = format!("`{id}` is no rule id");
        let help = "use lowercase words joined by dashes";
        errors.push(Diagnostic::new("bad-id", message, span.clone()).with_help(help));
    }
    Some((id, span))
}

fn read_basis(table: &mut Table, errors: &mut Errors) -> Basis {
    let Some((word, span)) = table.text_at("basis", errors) else {
        return Basis::Text;
    };
    Basis::parse(&word).unwrap_or_else(|| {
        let message = format!("`{word}` is no word for `basis`");
        let help = "use `text`, or `policy` for what an agency does beside the text";
        errors.push(Diagnostic::new("word-not-listed", message, span).with_help(help));
        Basis::Text
    })
}

fn read_clock(table: &mut Table, has_deadline: bool, errors: &mut Errors) -> Option<RawClock> {
    let mut clock = table.table("clock", errors)?;
    let fact = clock.text_at("fact", errors);
    let event = clock.required_text("event", errors);
    let span = clock.span.clone();
    clock.finish(errors);
    if !has_deadline {
        let message = "a clock without a deadline runs for nothing";
        let help = "give the period in `then`: `deadline = \"P2W\"`";
        errors.push(Diagnostic::new("rule-entry", message, span).with_help(help));
    }
    Some(RawClock {
        fact,
        event: event?,
    })
}

/// Reads the `[[alarm]]` tables.
pub(super) fn read_alarms(
    file: &mut Table,
    sources: &Listed,
    errors: &mut Errors,
) -> Vec<DeclaredAlarm> {
    let mut alarms: Vec<DeclaredAlarm> = Vec::new();
    for mut table in file.tables("alarm", errors) {
        let span = table.span.clone();
        let id = table.text_at("id", errors);
        let text = table.required_text("text", errors);
        let before = errors.len();
        let citations = read_citations(&mut table, "cite", sources, errors);
        let cites = !citations.is_empty() || errors.len() > before;
        let when = values::read_interval(&mut table, None, &span, errors);
        for (key, is_missing) in [("id", id.is_none()), ("from", when.from.is_none())] {
            if is_missing {
                table.missing(key, errors);
            }
        }
        table.finish(errors);
        if !cites {
            let message = "an alarm cites what it rests on";
            let help = "add `cite` with the key of a `[source.KEY]` table";
            errors.push(Diagnostic::new("no-citation", message, span.clone()).with_help(help));
        }
        let (Some((id, at)), Some(text)) = (id, text) else {
            continue;
        };
        if !is_kebab(&id) || alarms.iter().any(|a| a.id == id) {
            let message = format!("`{id}` is no id for an alarm, or stands twice");
            errors.push(Diagnostic::new("bad-id", message, at));
        }
        alarms.push(DeclaredAlarm {
            id,
            when,
            text: text.split_whitespace().collect::<Vec<_>>().join(" "),
            citations,
        });
    }
    alarms
}

/// Reads the `[[unreached]]` tables: comparisons that tests cannot take both ways.
pub(super) fn read_unreached(
    file: &mut Table,
    rules: &[RawRule],
    errors: &mut Errors,
) -> Vec<Unreached> {
    let mut found = Vec::new();
    for mut table in file.tables("unreached", errors) {
        let span = table.span.clone();
        let rule = table.text_at("rule", errors);
        let atom = table.required_text("atom", errors);
        let reason = table.required_text("reason", errors);
        if rule.is_none() {
            table.missing("rule", errors);
        }
        table.finish(errors);
        let (Some((rule, at)), Some(atom), Some(reason)) = (rule, atom, reason) else {
            continue;
        };
        if !rules.iter().any(|r| r.id == rule) {
            let message = format!("`{rule}` is no rule here");
            let near = nearest(&rule, rules.iter().map(|r| r.id.as_str()));
            let mut error = Diagnostic::new("dangling-rule", message, at);
            error.help = near.map(|near| format!("did you mean `{near}`?"));
            errors.push(error);
        }
        found.push(Unreached {
            rule,
            atom,
            reason,
            span,
        });
    }
    found
}

fn read_overrides(table: &mut Table, errors: &mut Errors) -> Vec<Placed> {
    let mut overrides = Vec::new();
    for node in table.list("overrides", errors).unwrap_or_default() {
        match node.item {
            Item::Text(id) => overrides.push((id, node.span)),
            other => {
                let message = format!("`overrides` holds rule ids, not {}", other.kind());
                errors.push(Diagnostic::new("rule-entry", message, node.span));
            }
        }
    }
    overrides
}

/// How a word of a closed list is read, and the list.
type Words<'a, T> = (fn(&str) -> Option<T>, &'a [T]);

/// Reads a word of a closed list; a key whose word is not on it is `misread`.
fn read_word<T: Copy + std::fmt::Display>(
    table: &mut Table,
    key: &'static str,
    (parse, all): Words<'_, T>,
    misread: &mut Vec<&'static str>,
    errors: &mut Errors,
) -> Option<T> {
    let before = errors.len();
    let Some((word, span)) = table.text_at(key, errors) else {
        misread.extend((errors.len() > before).then_some(key));
        return None;
    };
    let value = parse(&word);
    if value.is_none() {
        misread.push(key);
        let words: Vec<String> = all.iter().map(ToString::to_string).collect();
        let near = nearest(&word, words.iter().map(String::as_str));
        let help = near.map_or_else(
            || format!("use one of {}", words.join(", ")),
            |near| format!("did you mean `{near}`?"),
        );
        let message = format!("`{word}` is no word for `{key}`");
        errors.push(Diagnostic::new("word-not-listed", message, span).with_help(help));
    }
    value
}

/// `"key"`, `{ source = "key", pin = "…", quote = "…" }`, or a list of these.
fn read_citations(
    table: &mut Table,
    key: &'static str,
    sources: &Listed,
    errors: &mut Errors,
) -> Vec<Citation> {
    let Some(node) = table.take(key) else {
        return Vec::new();
    };
    let nodes = match node.item {
        Item::List(nodes) => nodes,
        item => vec![Node {
            item,
            span: node.span,
        }],
    };
    let read = |node| read_citation(node, sources, errors);
    nodes.into_iter().filter_map(read).collect()
}

fn read_citation(node: Node, sources: &Listed, errors: &mut Errors) -> Option<Citation> {
    match node.item {
        Item::Text(key) => Some(Citation {
            source: sources.find(&key, node.span, errors)?,
            pin: None,
            quote: None,
        }),
        Item::Table(mut table) => {
            let source = table.text_at("source", errors);
            if source.is_none() {
                table.missing("source", errors);
            }
            let pin = table.text("pin", errors);
            let quote = table.text("quote", errors);
            table.finish(errors);
            let (key, span) = source?;
            Some(Citation {
                source: sources.find(&key, span, errors)?,
                pin,
                quote,
            })
        }
        other => {
            let message = format!("a citation is the key of a source, not {}", other.kind());
            errors.push(Diagnostic::new("rule-entry", message, node.span));
            None
        }
    }
}

fn read_then(table: &mut Table, errors: &mut Errors) -> (BTreeMap<String, String>, Option<Period>) {
    let mut then = BTreeMap::new();
    let mut deadline = None;
    for (key, span, node) in table
        .table("then", errors)
        .map(|mut t| t.take_all())
        .unwrap_or_default()
    {
        let word = match node.item {
            Item::Text(word) => word,
            Item::Number(number) => number.to_string(),
            Item::Bool(value) => value.to_string(),
            Item::Date(date) => date.to_string(),
            other => {
                let message = format!("an outcome is a word, not {}", other.kind());
                errors.push(Diagnostic::new("rule-entry", message, node.span));
                continue;
            }
        };
        if key == "deadline" {
            match word.parse::<Period>() {
                Ok(period) => deadline = Some(period),
                Err(error) => {
                    let help = "days, weeks, months or years of the calendar; for working days write \
                                a period that is surely long or short enough, and say so in `reading`";
                    let error = Diagnostic::new("bad-period", error.to_string(), span);
                    errors.push(error.with_help(help));
                }
            }
        }
        then.insert(key, word);
    }
    (then, deadline)
}

pub(super) fn is_kebab(id: &str) -> bool {
    let part = |p: &str| {
        !p.is_empty()
            && p.chars()
                .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit())
    };
    id.starts_with(|c: char| c.is_ascii_lowercase()) && id.split('-').all(part)
}

/// What tests are read against.
pub(super) struct TestBench<'a> {
    pub(super) dictionary: &'a Dictionary,
    pub(super) conventions: &'a [Convention],
    pub(super) rules: &'a [RawRule],
}

impl TestBench<'_> {
    /// Reads the `[[test]]` tables.
    pub(super) fn read(&self, file: &mut Table, errors: &mut Errors) -> Vec<BookTest> {
        let tables = file.tables("test", errors);
        let read = |table| self.read_test(table, errors);
        tables.into_iter().filter_map(read).collect()
    }

    fn read_test(&self, mut table: Table, errors: &mut Errors) -> Option<BookTest> {
        let named = table.text_at("name", errors);
        if named.is_none() {
            table.missing("name", errors);
        }
        let on = table.date("on", errors);
        if on.is_none() {
            table.missing("on", errors);
        }
        let known = table.date("known", errors);
        let given = match table.table("given", errors) {
            Some(given) => self.read_given(given, errors),
            None => Facts::new(),
        };
        let expect = table.table("expect", errors);
        if expect.is_none() {
            table.missing("expect", errors);
        }
        let mut expected = Vec::new();
        let alarms = table.texts("alarms", errors);
        for (rule, span, node) in expect.map(|mut t| t.take_all()).unwrap_or_default() {
            expected.extend(self.read_expectation(&rule, span, node, errors));
        }
        table.finish(errors);
        let (name, span) = named?;
        Some(BookTest {
            name,
            on: on?,
            known,
            given,
            expect: expected,
            alarms: alarms.map(BTreeSet::from_iter),
            span,
        })
    }

    fn read_given(&self, given: Table, errors: &mut Errors) -> Facts {
        let span = given.span.clone();
        let origin = Origin {
            grade: Grade::Declared,
            method: MethodId::new("declared"),
            sources: Vec::new(),
        };
        let facts = Facts::read(given, self.dictionary, &origin, errors);
        for (name, _) in facts.iter() {
            let Some(convention) = name.convention() else {
                continue;
            };
            if !self.conventions.iter().any(|c| c.id == convention) {
                let message = format!("there is no counting convention `{convention}`");
                let known = self.conventions.iter().map(|c| c.id.as_str());
                let near = nearest(convention, known);
                let mut found = Diagnostic::new("unknown-convention", message, span.clone());
                found.help = near.map(|near| format!("did you mean `{near}`?"));
                errors.push(found);
            }
        }
        facts
    }

    fn read_expectation(
        &self,
        rule: &str,
        span: Range<usize>,
        node: Node,
        errors: &mut Errors,
    ) -> Option<Expectation> {
        let Some(index) = self.rules.iter().position(|r| r.id == rule) else {
            let message = format!("a test expects something of `{rule}`, which is no rule here");
            let near = nearest(rule, self.rules.iter().map(|r| r.id.as_str()));
            let mut found = Diagnostic::new("dangling-rule", message, span);
            found.help = near.map(|near| format!("did you mean `{near}`?"));
            errors.push(found);
            return None;
        };
        let at = node.span.clone();
        let (verdict, needs, possible, due) = match node.item {
            Item::Text(word) => (read_verdict(&word, at, errors)?, None, None, None),
            Item::Table(mut table) => {
                let verdict = table.text_at("verdict", errors);
                if verdict.is_none() {
                    table.missing("verdict", errors);
                }
                let needs = table.texts("needs", errors);
                let possible = table.texts("possible", errors);
                let due = read_due(&mut table, errors);
                table.finish(errors);
                let (word, span) = verdict?;
                let verdict = read_verdict(&word, span, errors)?;
                let read = |words: Vec<String>| -> Option<BTreeSet<Verdict>> {
                    let each = words.iter().map(|w| read_verdict(w, at.clone(), errors));
                    each.collect()
                };
                let needs = needs.map(BTreeSet::from_iter);
                (verdict, needs, possible.and_then(read), due)
            }
            other => {
                let message = format!("a test expects a verdict, not {}", other.kind());
                errors.push(Diagnostic::new("rule-entry", message, at));
                return None;
            }
        };
        Some(Expectation {
            rule: index,
            verdict,
            needs,
            possible,
            due,
        })
    }
}

/// The day a test expects a rule to fall due on, or `"none"`.
fn read_due(table: &mut Table, errors: &mut Errors) -> Option<Option<Date>> {
    let node = table.take("due")?;
    match &node.item {
        Item::Date(day) => Some(Some(*day)),
        Item::Text(word) if word == "none" => Some(None),
        Item::Text(day) if day.parse::<Date>().is_ok() => day.parse().ok().map(Some),
        _ => {
            let message = "`due` is no day";
            let help = "write the day it falls due, such as 2026-02-01, or \"none\"";
            errors.push(Diagnostic::new("rule-entry", message, node.span).with_help(help));
            None
        }
    }
}

fn read_verdict(word: &str, span: Range<usize>, errors: &mut Errors) -> Option<Verdict> {
    let verdict = Verdict::parse(word);
    if verdict.is_none() {
        let message = format!("`{word}` is no verdict");
        let words: Vec<&str> = Verdict::ALL.iter().map(|v| v.as_str()).collect();
        let help = format!("use one of {}", words.join(", "));
        errors.push(Diagnostic::new("word-not-listed", message, span).with_help(help));
    }
    verdict
}
