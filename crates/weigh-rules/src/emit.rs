//! A rulebook as one SQL statement: what each rule says of every row of a table of subjects.
//!
//! For whoever has many subjects and an engine that already holds them. The statement has one
//! column per rule: `TRUE` where the rule is effective, `FALSE` where it is not, `NULL` where what is
//! known leaves it open. It equals [`crate::Reader::effects`], Kleene's reading; a rule that
//! [`crate::assess`] decides by trying every case stays `NULL`.
//!
//! Engines disagree on much of SQL, so little of it is used: `AND`, `OR`, `NOT`, comparisons, `IN`,
//! `CASE`, `CAST`, and `+ - *` on exact decimals of which it is known beforehand that they fit. No
//! function, no division, no float.
//!
//! - **Invariant:** numbers are exact. What a column cannot hold is rounded outward when it is
//!   loaded ([`Emitted::fitted`]), which may leave a rule open and never turns it around.
//! - **Invariant:** a rule that cannot be said in the dialect is left out with the reason, together
//!   with the rules that depend on it; no approximation stands in for it.
//! - **Invariant:** no text of the rulebook leaves its comment, its string or its quoted name.

mod columns;
mod numbers;
mod query;
mod widths;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use weigh_facts::{Date, Truth};

use crate::eval::{Day, Scope};
use crate::ir::{Node, Operand, Reference, Test};
use crate::{RuleId, Rulebook, Standing};

pub use columns::{Column, ColumnType};
use query::{Query, Sql, in_comment};
use widths::Widths;

/// An engine whose SQL can be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// DuckDB 1.0 or later.
    DuckDb,
}

impl Dialect {
    /// Every dialect.
    pub const ALL: &'static [Self] = &[Self::DuckDb];

    /// The word used on the command line.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::DuckDb => "duckdb",
        }
    }

    /// Most digits of an exact decimal.
    fn digits_max(self) -> u32 {
        match self {
            Self::DuckDb => 38,
        }
    }
}

/// A rulebook as SQL, for one day and the knowledge of another.
#[derive(Clone, Debug)]
pub struct Emitted {
    /// The rulebook, by id.
    pub rulebook: Arc<str>,
    /// The engine.
    pub dialect: Dialect,
    /// The columns of the table besides `subject_id`, in the order of the rulebook: the same on every
    /// day, so that one table serves for all.
    pub columns: Vec<Column>,
    /// Every rule of the book in the order of the text.
    pub rules: Vec<EmittedRule>,
    query: String,
}

/// What became of a rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EmittedRule {
    /// Its id, and the name of its column.
    pub id: RuleId,
    /// How it stands on the day.
    pub standing: Standing,
    /// Why it has no column, if it has none.
    pub left_out: Option<String>,
}

/// Why a rulebook is no SQL.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EmitError {
    /// No rule can be said in the dialect.
    #[error("`{rulebook}` has no rule that {dialect} can read", dialect = .dialect.as_str())]
    NothingLeft {
        /// The rulebook.
        rulebook: String,
        /// The engine.
        dialect: Dialect,
        /// Why each of its rules is left out.
        reasons: Vec<String>,
    },
    /// Two facts would have one column.
    #[error("the facts `{one}` and `{other}` would share the column `{column}`")]
    SharedColumn {
        /// The column.
        column: String,
        /// A fact.
        one: String,
        /// Another fact, or the name of the row.
        other: String,
    },
}

impl EmitError {
    /// The code of the manual.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::NothingLeft { .. } => "not-in-dialect",
            Self::SharedColumn { .. } => "shared-column",
        }
    }

    /// The next action.
    #[must_use]
    pub fn help(&self) -> String {
        match self {
            Self::NothingLeft { reasons, .. } => reasons.join("; "),
            Self::SharedColumn { .. } => "rename one of them in the dictionary".to_owned(),
        }
    }
}

impl Emitted {
    /// The statement, without a semicolon: a `SELECT` behind its steps, to be run or to be made a
    /// view.
    #[must_use]
    pub fn query(&self) -> &str {
        &self.query
    }

    /// The statement that makes the table it reads.
    #[must_use]
    pub fn table(&self) -> String {
        let mut out = String::from("CREATE TABLE subjects (\n  subject_id VARCHAR");
        for column in &self.columns {
            out.push_str(&format!(
                ",\n  {} {}",
                query::quoted(&column.name),
                column.kind
            ));
        }
        out.push_str("\n)");
        out
    }
}

/// Writes the rules of a book as one SQL statement that says what each of them makes of every row
/// of the table `subjects`, on the day `on`, with the knowledge of the law that existed on `known`.
///
/// # Errors
/// When no rule can be said in the dialect, or two facts would share a column.
pub fn emit(
    book: &Rulebook,
    on: Date,
    known: Date,
    dialect: Dialect,
) -> Result<Emitted, EmitError> {
    let day = Day::new(book, on, known);
    let widths = Widths::new(book, dialect.digits_max());
    let rules = rules(book, &widths, on, known);
    if rules.iter().all(|r| r.left_out.is_some()) {
        return Err(EmitError::NothingLeft {
            rulebook: book.id.to_string(),
            dialect,
            reasons: rules.into_iter().filter_map(|r| r.left_out).collect(),
        });
    }
    let mut writer = Writer {
        book,
        widths: &widths,
        scope: Scope::new(&day, &[]),
        query: Query::default(),
        numbers: 0,
        text: "",
        comparisons: BTreeMap::new(),
        predicates: BTreeMap::new(),
        effects: BTreeMap::new(),
    };
    for index in &book.order {
        if let Some(rule) = rules.get(*index).filter(|r| r.left_out.is_none()) {
            writer.add(*index, rule.standing);
        }
    }
    let columns = columns::of(book, &widths)?;
    let selected = rules.iter().enumerate();
    let selected =
        selected.filter_map(|(i, rule)| Some((rule.id.as_str(), writer.effects.get(&i)?)));
    let mut query = header(book, on, known, dialect, &columns, &rules);
    query.push_str(&writer.query.select(selected));
    Ok(Emitted {
        rulebook: Arc::clone(&book.id),
        dialect,
        columns,
        rules,
        query,
    })
}

/// What becomes of each rule: what cannot be said is left out, and what depends on it.
fn rules(book: &Rulebook, widths: &Widths, on: Date, known: Date) -> Vec<EmittedRule> {
    let mut rules: Vec<EmittedRule> = book
        .rules
        .iter()
        .map(|rule| EmittedRule {
            id: rule.id.clone(),
            standing: book.standing(rule, on, known),
            left_out: None,
        })
        .collect();
    for index in &book.order {
        let is_read = rules
            .get(*index)
            .is_some_and(|r| r.standing == Standing::InForce);
        let Some(rule) = book.rules.get(*index).filter(|_| is_read) else {
            continue;
        };
        let (mut atoms, mut others) = (Vec::new(), rule.overridden_by.clone());
        mentioned(book, &rule.node, &mut atoms, &mut others);
        let own = atoms.iter().find_map(|a| widths.refusal(*a));
        let mut others = others.iter().filter_map(|r| rules.get(*r));
        let other = others.find(|r| r.left_out.is_some());
        let reason = match (own, other) {
            (Some(own), _) => Some(format!("`{}`: {own}", rule.id)),
            (None, Some(other)) => Some(format!(
                "`{}` depends on `{}`, which is left out",
                rule.id, other.id
            )),
            (None, None) => None,
        };
        if let Some(place) = rules.get_mut(*index) {
            place.left_out = reason;
        }
    }
    rules
}

/// The comparisons of a condition and the rules it asks for, through its predicates.
fn mentioned(book: &Rulebook, node: &Node, atoms: &mut Vec<usize>, rules: &mut Vec<usize>) {
    node.visit(&mut |reference| match reference {
        Reference::Atom(index) => atoms.push(index),
        Reference::Rule(index) => rules.push(index),
        Reference::Predicate(index) => {
            if let Some(predicate) = book.predicates.get(index) {
                mentioned(book, &predicate.node, atoms, rules);
            }
        }
    });
}

/// The statement while it is written.
struct Writer<'a> {
    book: &'a Rulebook,
    widths: &'a Widths,
    scope: Scope<'a>,
    query: Query,
    numbers: usize,
    /// The comparison at hand, as written.
    text: &'a str,
    /// By text: comparisons written alike are one.
    comparisons: BTreeMap<&'a str, Sql>,
    predicates: BTreeMap<usize, Sql>,
    effects: BTreeMap<usize, Sql>,
}

impl<'a> Writer<'a> {
    /// The effect of a rule, given those of the rules before it.
    fn add(&mut self, index: usize, standing: Standing) {
        let Some(rule) = self.book.rules.get(index) else {
            return;
        };
        let effect = match standing {
            Standing::NotInForce => Sql::constant("FALSE"),
            Standing::Unread => Sql::unknown(),
            Standing::InForce => {
                let condition = self.condition(&rule.node);
                let by = rule
                    .overridden_by
                    .iter()
                    .filter_map(|o| self.effects.get(o));
                let exceptions: Vec<Sql> = by.filter(|e| e.text != "FALSE").cloned().collect();
                let whole = match exceptions.is_empty() {
                    true => condition,
                    false => Sql::all(vec![condition, Sql::any(exceptions).negated()]),
                };
                self.query
                    .define(&format!("rule {}", rule.id), whole, &rule.when)
            }
        };
        self.effects.insert(index, effect);
    }

    fn condition(&mut self, node: &'a Node) -> Sql {
        match node {
            Node::Atom(index) => self.comparison(*index),
            Node::Not(inner) => self.condition(inner).negated(),
            Node::All(parts) => Sql::all(parts.iter().map(|p| self.condition(p)).collect()),
            Node::Any(parts) => Sql::any(parts.iter().map(|p| self.condition(p)).collect()),
            Node::Applies(index) => match self.effects.get(index) {
                Some(effect) => effect.clone(),
                None => Sql::unknown(),
            },
            Node::Predicate(index) => self.predicate(*index),
        }
    }

    fn predicate(&mut self, index: usize) -> Sql {
        if let Some(known) = self.predicates.get(&index) {
            return known.clone();
        }
        let Some(predicate) = self.book.predicates.get(index) else {
            return Sql::unknown();
        };
        let condition = self.condition(&predicate.node);
        let name = format!("predicate {}", predicate.name);
        let defined = self.query.define(&name, condition, &predicate.when);
        self.predicates.insert(index, defined.clone());
        defined
    }

    fn comparison(&mut self, index: usize) -> Sql {
        let Some(atom) = self.book.atoms.get(index) else {
            return Sql::unknown();
        };
        if let Some(known) = self.comparisons.get(&*atom.text) {
            return known.clone();
        }
        self.text = &atom.text;
        let test = self.test(&atom.test);
        let name = format!("comparison {}", self.comparisons.len() + 1);
        let defined = self.query.define(&name, test, &atom.text);
        self.comparisons.insert(&atom.text, defined.clone());
        defined
    }

    fn test(&mut self, test: &'a Test) -> Sql {
        match test {
            Test::Flag(Operand::Fact(slot)) => self.column(*slot, ""),
            Test::Line {
                of: Operand::Fact(slot),
                op,
                line,
            } => self.line(*slot, *op, line),
            Test::Compare { left, op, right } => self.compare(left, *op, right),
            Test::Word {
                of: Operand::Fact(slot),
                words,
                sets,
            } => self.word(*slot, words, sets),
            Test::Day {
                of: Operand::Fact(slot),
                op,
                day,
            } => {
                let column = self.column(*slot, "");
                column.map(|c| format!("{c} {} DATE '{day}'", op.as_str()))
            }
            Test::Contains {
                of: Operand::Fact(slot),
                word,
            } => self.column(*slot, &format!("__{word}")),
            // Left out before: see `Widths::refusal`.
            _ => Sql::unknown(),
        }
    }

    fn column(&self, slot: usize, suffix: &str) -> Sql {
        let name = self.book.slots.get(slot).map_or("", |s| s.name.as_str());
        Sql::column(&format!("{name}{suffix}"))
    }

    /// A word that is in no list is false only where every list says so.
    fn word(&mut self, slot: usize, words: &[String], sets: &[usize]) -> Sql {
        let column = self.column(slot, "");
        let (mut inside, mut outside) = (Vec::new(), Vec::new());
        let mut is_settled_elsewhere = true;
        let mut mentioned: BTreeSet<&str> = words.iter().map(String::as_str).collect();
        for set in sets.iter().filter_map(|s| self.scope.day.sets.get(*s)) {
            let lists = set.list.into_iter().chain(set.universe);
            mentioned.extend(lists.flat_map(|l| l.codes.iter().map(String::as_str)));
            is_settled_elsewhere &= set.is_complete();
        }
        for word in mentioned {
            match self.scope.word_is_among(word, words, sets) {
                Truth::True => inside.push(word),
                Truth::False => outside.push(word),
                Truth::Unknown => {}
            }
        }
        let among = |list: &[&str]| {
            let list: Vec<String> = list.iter().map(|w| query::text(w)).collect();
            format!("{} IN ({})", column.text, list.join(", "))
        };
        let text = match (inside.is_empty(), outside.is_empty()) {
            (false, _) if is_settled_elsewhere => among(&inside),
            // In no list, and every list is whole: false of whatever word it is.
            (true, _) if is_settled_elsewhere => format!("{0} <> {0}", column.text),
            (false, true) => format!("CASE WHEN {} THEN TRUE END", among(&inside)),
            (true, false) => format!("CASE WHEN {} THEN FALSE END", among(&outside)),
            (false, false) => format!(
                "CASE WHEN {} THEN TRUE WHEN {} THEN FALSE END",
                among(&inside),
                among(&outside)
            ),
            (true, true) => return Sql::unknown(),
        };
        column.map(|_| text)
    }
}

/// Says in a comment what the statement is, what it reads and what it leaves out.
fn header(
    book: &Rulebook,
    on: Date,
    known: Date,
    dialect: Dialect,
    columns: &[Column],
    rules: &[EmittedRule],
) -> String {
    let mut lines = vec![
        format!("weighbridge rules emit {} --dialect {} --on {on} --known {known}", book.id, dialect.as_str()),
        format!("{}; version {}, sha256 {}", book.title, book.version, book.digest),
        String::new(),
        "One row for each row of `subjects`, one column for each rule: TRUE where it is effective, that".to_owned(),
        "is, its condition holds and nothing that overrides it does; FALSE where it is not; NULL where".to_owned(),
        "what is known leaves it open. `weighbridge assess` decides some of those by trying every case.".to_owned(),
    ];
    let named = |wanted: Standing| {
        let rules = rules
            .iter()
            .filter(|r| r.left_out.is_none() && r.standing == wanted);
        rules.map(|r| r.id.as_str()).collect::<Vec<_>>().join(", ")
    };
    for (says, rules) in [
        (
            "FALSE, for they are not in force on that day",
            named(Standing::NotInForce),
        ),
        (
            "NULL, for they were not known yet on that day",
            named(Standing::Unread),
        ),
    ] {
        if !rules.is_empty() {
            lines.push(format!("{says}: {rules}"));
        }
    }
    let left_out = rules.iter().filter_map(|r| r.left_out.as_ref());
    lines.extend(left_out.map(|reason| format!("LEFT OUT {reason}")));
    lines.push(String::new());
    lines.push("The columns of `subjects`; NULL is unknown:".to_owned());
    lines.push("  subject_id VARCHAR: names the row".to_owned());
    lines.extend(
        columns
            .iter()
            .map(|c| format!("  {} {}: {}", query::quoted(&c.name), c.kind, c.meaning())),
    );
    if columns
        .iter()
        .any(|c| matches!(c.kind, ColumnType::Decimal { .. }))
    {
        lines.push(String::new());
        lines.push("Load numbers from decimal text, never through a float: 1e26 has none. What a column cannot".to_owned());
        lines.push("hold is rounded outward first: a low bound down, a high bound up, to its last decimal; a low".to_owned());
        lines.push(
            "bound above its greatest value is that value, a high bound above it is NULL."
                .to_owned(),
        );
    }
    let lines = lines
        .iter()
        .map(|line| format!("-- {}", in_comment(line)).trim_end().to_owned() + "\n");
    lines.collect()
}

#[cfg(test)]
mod tests;
