//! Facts about one subject: every one has a value with bounds and an origin, or is absent.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::str::FromStr;

use crate::document::nearest;
use crate::{
    Coverage, Date, Decimal, Diagnostic, Dictionary, Estimate, FactType, Item, MethodId, Node,
    Quantity, Table, Unit,
};

/// The name of a fact: `is_moe`, or `operations.eu-cumulative` for one of a family.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FactName(String);

impl FactName {
    /// The member of a family under a convention.
    #[must_use]
    pub fn of(family: &str, convention: &str) -> Self {
        Self(format!("{family}.{convention}"))
    }

    /// The part before the dot.
    #[must_use]
    pub fn family(&self) -> &str {
        self.0.split('.').next().unwrap_or_default()
    }

    /// The part after the dot.
    #[must_use]
    pub fn convention(&self) -> Option<&str> {
        self.0.split_once('.').map(|(_, convention)| convention)
    }

    /// The whole name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for FactName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl FromStr for FactName {
    type Err = FactError;

    fn from_str(text: &str) -> Result<Self, FactError> {
        let wrong = || FactError::Name {
            text: text.chars().take(60).collect(),
        };
        let (family, convention) = text
            .split_once('.')
            .map_or((text, None), |(f, c)| (f, Some(c)));
        let word = |part: &str, extra: char| {
            part.starts_with(|c: char| c.is_ascii_lowercase())
                && part
                    .chars()
                    .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == extra)
        };
        if !word(family, '_') || convention.is_some_and(|c| !word(c, '-')) {
            return Err(wrong());
        }
        Ok(Self(text.to_owned()))
    }
}

/// Why a text gives no fact.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FactError {
    /// Not shaped like a name.
    #[error("`{text}` is not a fact name: use lowercase words joined by `_`")]
    Name {
        /// What was read.
        text: String,
    },
    /// Not shaped like `FACT=VALUE`.
    #[error("`{text}` is not of the form FACT=VALUE")]
    Assignment {
        /// What was read.
        text: String,
    },
    /// No such fact in the dictionary.
    #[error("unknown fact `{name}`")]
    Unknown {
        /// What was read.
        name: String,
        /// What to write instead.
        help: Option<String>,
    },
    /// The value has the wrong type or unit.
    #[error("fact `{name}` is {expected}, not `{text}`")]
    Value {
        /// The fact.
        name: String,
        /// What it should be.
        expected: String,
        /// What was read.
        text: String,
        /// What to write instead.
        help: Option<String>,
    },
}

impl FactError {
    /// The next action, if there is one.
    #[must_use]
    pub fn help(&self) -> Option<&str> {
        match self {
            Self::Unknown { help, .. } | Self::Value { help, .. } => help.as_deref(),
            Self::Assignment { .. } => Some("write the fact, `=` and its value: `is_moe=true`"),
            Self::Name { .. } => None,
        }
    }
}

/// A value with what is known of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// True or false.
    Bool(bool),
    /// A quantity in the base of its unit, with bounds.
    Quantity(Estimate<Decimal>),
    /// A word of a closed list, or a code.
    Word(String),
    /// A day.
    Date(Date),
    /// Words of a closed list.
    Set(BTreeSet<String>),
    /// Records of one level.
    Records(Records),
}

/// A list of records, and whether it is all of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Records {
    /// The records; a missing field is unknown.
    pub items: Vec<BTreeMap<String, Value>>,
    /// Are there no others? If not, a search that finds nothing is unknown, not false.
    pub complete: bool,
}

/// How a value came to us. Best evidence last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Grade {
    /// Taken for the sake of argument.
    Assumed,
    /// Stated by a person.
    Declared,
    /// Follows from other evidence by a rule of thumb.
    Inferred,
    /// Computed by an exact formula from what was seen.
    Computed,
    /// Written by the program that did the work.
    Logged,
    /// Read from the artifact itself.
    Measured,
}

impl Grade {
    /// Every grade.
    pub const ALL: &'static [Self] = &[
        Self::Assumed,
        Self::Declared,
        Self::Inferred,
        Self::Computed,
        Self::Logged,
        Self::Measured,
    ];

    /// The word used in files and output.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Assumed => "assumed",
            Self::Declared => "declared",
            Self::Inferred => "inferred",
            Self::Computed => "computed",
            Self::Logged => "logged",
            Self::Measured => "measured",
        }
    }

    /// Reads the word used in files.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|g| g.as_str() == text)
    }
}

/// Where a value comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    /// How it came to us.
    pub grade: Grade,
    /// The method and its version.
    pub method: MethodId,
    /// The places it rests on: `config.json: num_local_experts`.
    pub sources: Vec<String>,
}

/// A value and its origin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fact {
    /// The value.
    pub value: Value,
    /// The origin.
    pub origin: Origin,
}

/// What is known of one subject. A fact that is not here is unknown: never false, never zero.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Facts {
    known: BTreeMap<FactName, Fact>,
}

impl Facts {
    /// Nothing known.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// What is known of a fact.
    #[must_use]
    pub fn get(&self, name: &FactName) -> Option<&Fact> {
        self.known.get(name)
    }

    /// Adds or replaces; returns what stood there.
    pub fn insert(&mut self, name: FactName, fact: Fact) -> Option<Fact> {
        self.known.insert(name, fact)
    }

    /// Forgets a fact.
    pub fn remove(&mut self, name: &FactName) -> Option<Fact> {
        self.known.remove(name)
    }

    /// Everything known, by name.
    pub fn iter(&self) -> impl Iterator<Item = (&FactName, &Fact)> {
        self.known.iter()
    }

    /// How many facts are known.
    #[must_use]
    pub fn len(&self) -> usize {
        self.known.len()
    }

    /// Is nothing known?
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.known.is_empty()
    }

    /// Reads a table of facts: `is_moe = true`, `operations.eu-cumulative = "8e24..2e25 FLOP"`, or
    /// the long form with origin that [`Facts::to_toml`] writes.
    ///
    /// Unknown names, wrong types and wrong units are errors with a place.
    pub fn read(
        mut table: Table,
        dictionary: &Dictionary,
        origin: &Origin,
        errors: &mut Vec<Diagnostic>,
    ) -> Self {
        let mut facts = Self::new();
        for (name, span, node) in table.take_all() {
            let Some(definition) = dictionary.family(&name) else {
                let mut found =
                    Diagnostic::new("unknown-fact", format!("unknown fact `{name}`"), span);
                found.help = dictionary.suggestion(&name);
                errors.push(found);
                continue;
            };
            if !definition.per_convention {
                let Ok(full) = name.parse() else { continue };
                if let Some(fact) = read_fact(&full, &definition.kind, node, origin, errors) {
                    facts.insert(full, fact);
                }
                continue;
            }
            let Item::Table(mut members) = node.item else {
                let message = format!("`{name}` needs a counting convention: `{name}.CONVENTION`");
                errors.push(Diagnostic::new("wrong-type", message, span));
                continue;
            };
            for (convention, span, node) in members.take_all() {
                let full = FactName::of(&name, &convention);
                if full.as_str().parse::<FactName>().is_err() {
                    let message = format!("`{convention}` is not a convention's name");
                    errors.push(Diagnostic::new("unknown-fact", message, span));
                    continue;
                }
                if let Some(fact) = read_fact(&full, &definition.kind, node, origin, errors) {
                    facts.insert(full, fact);
                }
            }
        }
        facts
    }

    /// Reads one `FACT=VALUE` of a command line.
    ///
    /// # Errors
    /// When the name is unknown or the value does not fit it.
    pub fn read_assignment(
        text: &str,
        dictionary: &Dictionary,
        origin: Origin,
    ) -> Result<(FactName, Fact), FactError> {
        let (name, value) = text.split_once('=').ok_or_else(|| FactError::Assignment {
            text: text.chars().take(60).collect(),
        })?;
        let name: FactName = name.trim().parse()?;
        let definition = dictionary.get(&name).ok_or_else(|| FactError::Unknown {
            name: name.to_string(),
            help: match dictionary.family(name.family()) {
                Some(family) if family.per_convention => {
                    Some(format!("name the counting convention: `{name}.CONVENTION`"))
                }
                Some(plain) => Some(format!("`{}` has no convention", plain.name)),
                None => dictionary.suggestion(name.family()),
            },
        })?;
        let value = value.trim();
        let parsed = Value::parse(value, &definition.kind).ok_or_else(|| FactError::Value {
            name: name.to_string(),
            expected: definition.kind.describe(),
            text: value.chars().take(60).collect(),
            help: Value::hint(value, &definition.kind),
        })?;
        Ok((
            name,
            Fact {
                value: parsed,
                origin,
            },
        ))
    }
}

const LONG_KEYS: [&str; 2] = ["value", "grade"];

fn read_fact(
    name: &FactName,
    kind: &FactType,
    node: Node,
    origin: &Origin,
    errors: &mut Vec<Diagnostic>,
) -> Option<Fact> {
    let Node {
        item: Item::Table(mut table),
        span,
    } = node
    else {
        let value = read_value(name.as_str(), kind, node, errors)?;
        return Some(Fact {
            value,
            origin: origin.clone(),
        });
    };
    let Some(value) = table.take("value") else {
        let message = format!("fact `{name}` needs `{}`", LONG_KEYS.join("` and `"));
        errors.push(Diagnostic::new("missing-key", message, span));
        return None;
    };
    let mut value = read_value(name.as_str(), kind, value, errors)?;
    let best = table.text("best", errors);
    let coverage = table.text("coverage", errors);
    if let (Value::Quantity(estimate), FactType::Quantity { unit, .. }) = (&value, kind) {
        let best = best
            .and_then(|b| b.parse::<Quantity>().ok())
            .filter(|q| q.unit == *unit);
        let best = best.map(|q| q.value).or_else(|| estimate.best().cloned());
        let coverage = match coverage.as_deref().and_then(|c| c.strip_prefix("0.")) {
            Some(percent) => Coverage::Percent(percent.parse().ok()?),
            None => Coverage::Hard,
        };
        let method = estimate.method().clone();
        let (low, high) = (estimate.low().cloned(), estimate.high().cloned());
        match Estimate::new(low, best, high, coverage, method) {
            Ok(estimate) => value = Value::Quantity(estimate),
            Err(error) => {
                errors.push(Diagnostic::new(
                    "wrong-type",
                    format!("fact `{name}`: {error}"),
                    span,
                ));
                return None;
            }
        }
    }
    let grade = table
        .text("grade", errors)
        .and_then(|g| Grade::parse(&g))
        .unwrap_or(origin.grade);
    let method = table
        .text("method", errors)
        .map_or_else(|| origin.method.clone(), |m| MethodId(m.into()));
    if let Value::Quantity(estimate) = value {
        value = Value::Quantity(estimate.by(method.clone()));
    }
    let sources = table
        .texts("sources", errors)
        .unwrap_or_else(|| origin.sources.clone());
    table.finish(errors);
    Some(Fact {
        value,
        origin: Origin {
            grade,
            method,
            sources,
        },
    })
}

fn read_value(
    name: &str,
    kind: &FactType,
    node: Node,
    errors: &mut Vec<Diagnostic>,
) -> Option<Value> {
    let shown = match (&node.item, kind) {
        (Item::Bool(value), FactType::Bool) => return Some(Value::Bool(*value)),
        (Item::Date(date), FactType::Date) => return Some(Value::Date(*date)),
        (Item::Number(number), FactType::Quantity { unit, .. })
            if unit.is_none() && !number.is_negative() =>
        {
            return Some(Value::Quantity(Estimate::exact(number.clone(), DECLARED)));
        }
        (Item::List(items), FactType::Set(words)) => {
            let read = |n: &Node| match &n.item {
                Item::Text(word) if words.contains(word) => Some(word.clone()),
                _ => None,
            };
            if let Some(set) = items.iter().map(read).collect() {
                return Some(Value::Set(set));
            }
            "a list with other words".to_owned()
        }
        (Item::List(_), FactType::List(fields)) => {
            return read_records(name, fields, node, errors).map(Value::Records);
        }
        (Item::Text(text), _) => match Value::parse(text, kind) {
            Some(value) => return Some(value),
            None => text.chars().take(60).collect(),
        },
        (Item::Number(number), _) => number.to_string(),
        (item, _) => item.kind().to_owned(),
    };
    let message = format!("fact `{name}` is {}, not `{shown}`", kind.describe());
    let mut found = Diagnostic::new("wrong-value", message, node.span);
    found.help = Value::hint(&shown, kind);
    errors.push(found);
    None
}

fn read_records(
    name: &str,
    fields: &BTreeMap<String, FactType>,
    node: Node,
    errors: &mut Vec<Diagnostic>,
) -> Option<Records> {
    let Item::List(nodes) = node.item else {
        return None;
    };
    let mut items = Vec::with_capacity(nodes.len());
    let mut complete = true;
    for node in nodes {
        match node.item {
            Item::Text(text) if text == "..." => complete = false,
            Item::Table(mut table) => {
                let mut record = BTreeMap::new();
                for (key, span, node) in table.take_all() {
                    let Some(kind) = fields.get(&key) else {
                        let message = format!("fact `{name}` has no field `{key}`");
                        errors.push(Diagnostic::new("unknown-key", message, span));
                        continue;
                    };
                    if let Some(value) = read_value(&format!("{name}.{key}"), kind, node, errors) {
                        record.insert(key, value);
                    }
                }
                items.push(record);
            }
            other => {
                let message = format!("fact `{name}` holds records, not {}", other.kind());
                errors.push(Diagnostic::new("wrong-value", message, node.span));
            }
        }
    }
    Some(Records { items, complete })
}

const DECLARED: MethodId = MethodId::new("declared");

/// Is it a code of an open scheme: at most 40 upper case letters, digits and `.:-`? A country must
/// be one: a misspelled place would otherwise be in no list, and free.
fn is_code(scheme: &str, text: &str) -> bool {
    let is_shaped = !text.is_empty()
        && text.len() <= 40
        && text
            .chars()
            .all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || ".:-".contains(c));
    is_shaped && (scheme != "iso3166" || crate::country(text).is_some())
}

impl Value {
    /// Reads a value of a type from text: `true`, `1e25 FLOP`, `8e24..2e25 FLOP`, `..100 ms`, a
    /// word, a date, or words joined by commas.
    #[must_use]
    pub fn parse(text: &str, kind: &FactType) -> Option<Self> {
        match kind {
            FactType::Bool => text.parse().ok().map(Self::Bool),
            FactType::Date => text.parse().ok().map(Self::Date),
            FactType::Enum(words) => words.iter().find(|w| *w == text).cloned().map(Self::Word),
            FactType::Code(scheme) => is_code(scheme, text).then(|| Self::Word(text.to_owned())),
            FactType::Set(words) => {
                let parts = text.split(',').map(str::trim).filter(|p| !p.is_empty());
                let known = |part: &str| words.iter().find(|w| *w == part).cloned();
                parts.map(known).collect::<Option<_>>().map(Self::Set)
            }
            FactType::Quantity { unit, .. } => parse_bounds(text, *unit).map(Self::Quantity),
            FactType::List(_) => None,
        }
    }

    /// What to write instead of a text that is no value of a type.
    #[must_use]
    pub fn hint(text: &str, kind: &FactType) -> Option<String> {
        match kind {
            FactType::Bool => Some("write true or false".to_owned()),
            FactType::Date => Some("write a day of the calendar: 2026-11-24".to_owned()),
            FactType::Quantity { shown, .. } if shown == "1" => {
                Some("write a number, or bounds: `0.2..0.3`".to_owned())
            }
            FactType::Quantity { shown, .. } => {
                let is_bare = text.parse::<Quantity>().is_ok_and(|q| q.unit.is_none());
                Some(match is_bare {
                    true => format!("write the unit: `{text} {shown}`"),
                    false => format!("write a number with its unit, or bounds: `1..2 {shown}`"),
                })
            }
            FactType::Enum(words) | FactType::Set(words) => {
                let parts = text.split(',').map(str::trim);
                let mut wrong = parts.filter(|part| !words.iter().any(|w| w == part));
                let known = || words.iter().map(String::as_str);
                let near = wrong.find_map(|part| nearest(part, known()));
                near.map(|near| format!("did you mean `{near}`?"))
            }
            FactType::Code(scheme) => {
                let upper = text.to_ascii_uppercase();
                match is_code(scheme, &upper) {
                    true if upper != text => Some(format!("write upper case: `{upper}`")),
                    _ if scheme == "iso3166" => {
                        Some("write the two letters of ISO 3166-1 for a place: `FI`".to_owned())
                    }
                    _ => None,
                }
            }
            FactType::List(_) => None,
        }
    }

    /// Rounded text for readers, in the unit people read it in.
    #[must_use]
    pub fn to_reader(&self, kind: &FactType) -> String {
        match (self, kind) {
            (Self::Bool(value), _) => value.to_string(),
            (Self::Word(word), _) => word.clone(),
            (Self::Date(date), _) => date.to_string(),
            (Self::Set(words), _) => words.iter().cloned().collect::<Vec<_>>().join(", "),
            (Self::Records(records), _) => format!("{} records", records.items.len()),
            (Self::Quantity(estimate), FactType::Quantity { unit, shown }) => {
                reader_bounds(estimate, *unit, shown)
            }
            (Self::Quantity(estimate), _) => reader_bounds(estimate, Unit::NONE, "1"),
        }
    }
}

fn parse_bounds(text: &str, unit: Unit) -> Option<Estimate<Decimal>> {
    let (numbers, named) = match text.trim().rsplit_once(' ') {
        Some((numbers, named)) => (numbers.trim(), named),
        None => (text.trim(), "1"),
    };
    let (found, factor) = Unit::parse(named).ok()?;
    if found != unit {
        return None;
    }
    let read = |part: &str| -> Option<Decimal> {
        // No quantity of ours can be negative.
        let number: Decimal = part.trim().parse().ok()?;
        (!number.is_negative()).then(|| &number * &factor)
    };
    let Some((low, high)) = numbers.split_once("..") else {
        return Some(Estimate::exact(read(numbers)?, DECLARED));
    };
    let bound = |part: &str| {
        if part.trim().is_empty() {
            Some(None)
        } else {
            read(part).map(Some)
        }
    };
    Estimate::new(bound(low)?, None, bound(high)?, Coverage::Hard, DECLARED).ok()
}

fn reader_bounds(estimate: &Estimate<Decimal>, unit: Unit, shown: &str) -> String {
    let text = |value: &Decimal| {
        Quantity {
            value: value.clone(),
            unit,
        }
        .to_reader(shown)
    };
    match (estimate.low(), estimate.best(), estimate.high()) {
        (Some(low), _, Some(high)) if low == high => text(low),
        (Some(low), Some(best), Some(high)) => {
            format!("{} ({} to {})", text(best), text(low), text(high))
        }
        (Some(low), _, Some(high)) => format!("{} to {}", text(low), text(high)),
        (Some(low), _, None) => format!("at least {}", text(low)),
        (None, _, Some(high)) => format!("at most {}", text(high)),
        (None, best, None) => best.map_or_else(String::new, |b| format!("about {}", text(b))),
    }
}

/// Exact text that reads back: `8e24..2e25 FLOP`.
fn exact_bounds(estimate: &Estimate<Decimal>, unit: Unit) -> String {
    let text = |value: Option<&Decimal>| value.map(Decimal::to_short).unwrap_or_default();
    let numbers = match (estimate.low(), estimate.high()) {
        (Some(low), Some(high)) if low == high => low.to_short(),
        (low, high) => format!("{}..{}", text(low), text(high)),
    };
    if unit.is_none() {
        numbers
    } else {
        format!("{numbers} {unit}")
    }
}

impl Facts {
    /// A facts file: known facts with their origin, and the missing ones of `missing` commented
    /// out with the question to ask. [`Facts::read`] gives back the same facts.
    #[must_use]
    pub fn to_toml(&self, dictionary: &Dictionary, missing: &BTreeSet<FactName>) -> String {
        let mut out = String::from("format = 1\n");
        for (name, fact) in self.iter() {
            let Some(definition) = dictionary.get(name) else {
                continue;
            };
            out.push_str(&format!("\n# {}\n[facts.{name}]\n", definition.meaning));
            out.push_str(&format!(
                "value = {}\n",
                value_toml(&fact.value, &definition.kind)
            ));
            if let (Value::Quantity(estimate), FactType::Quantity { unit, .. }) =
                (&fact.value, &definition.kind)
                && estimate.as_exact().is_none()
            {
                if let Some(best) = estimate.best() {
                    let best = Quantity {
                        value: best.clone(),
                        unit: *unit,
                    };
                    out.push_str(&format!("best = {}\n", quoted(&best.to_string())));
                }
                out.push_str(&format!("coverage = \"{}\"\n", estimate.coverage()));
            }
            out.push_str(&format!("grade = \"{}\"\n", fact.origin.grade.as_str()));
            out.push_str(&format!(
                "method = {}\n",
                quoted(&fact.origin.method.to_string())
            ));
            let sources: Vec<String> = fact.origin.sources.iter().map(|s| quoted(s)).collect();
            out.push_str(&format!("sources = [{}]\n", sources.join(", ")));
        }
        for name in missing.iter().filter(|n| !self.known.contains_key(*n)) {
            let Some(definition) = dictionary.get(name) else {
                continue;
            };
            out.push_str(&format!(
                "\n# MISSING: {}\n# {} Expected: {}.\n# [facts.{name}]\n# value = \n# sources = [\"\"]\n",
                definition.meaning,
                definition.ask,
                definition.kind.describe()
            ));
        }
        out
    }

    /// Reads a facts file.
    ///
    /// # Errors
    /// Every problem found, each with its place.
    pub fn from_toml(
        text: &str,
        dictionary: &Dictionary,
        origin: &Origin,
    ) -> Result<Self, Vec<Diagnostic>> {
        let mut errors = Vec::new();
        let mut file = Table::parse(text).map_err(|e| vec![e])?;
        if file.count("format", &mut errors) != Some(1) {
            file.missing("format = 1", &mut errors);
        }
        let facts = match file.table("facts", &mut errors) {
            Some(table) => Self::read(table, dictionary, origin, &mut errors),
            None => {
                file.missing("facts", &mut errors);
                Self::new()
            }
        };
        file.finish(&mut errors);
        if errors.is_empty() {
            Ok(facts)
        } else {
            Err(errors)
        }
    }
}

fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            c if c.is_control() => out.push_str(&format!("\\u{:04X}", c as u32)),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

fn value_toml(value: &Value, kind: &FactType) -> String {
    match (value, kind) {
        (Value::Bool(value), _) => value.to_string(),
        (Value::Word(word), _) => quoted(word),
        (Value::Date(date), _) => date.to_string(),
        (Value::Set(words), _) => {
            format!(
                "[{}]",
                words
                    .iter()
                    .map(|w| quoted(w))
                    .collect::<Vec<_>>()
                    .join(", ")
            )
        }
        (Value::Quantity(estimate), FactType::Quantity { unit, .. }) => {
            quoted(&exact_bounds(estimate, *unit))
        }
        (Value::Quantity(estimate), _) => quoted(&exact_bounds(estimate, Unit::NONE)),
        (Value::Records(records), FactType::List(fields)) => {
            let one = |record: &BTreeMap<String, Value>| {
                let fields = record.iter().filter_map(|(name, value)| {
                    Some(format!("{name} = {}", value_toml(value, fields.get(name)?)))
                });
                format!("{{ {} }}", fields.collect::<Vec<_>>().join(", "))
            };
            let mut items: Vec<String> = records.items.iter().map(one).collect();
            if !records.complete {
                items.push("\"...\"".to_owned());
            }
            format!("[{}]", items.join(", "))
        }
        (Value::Records(_), _) => "[]".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn origin() -> Origin {
        Origin {
            grade: Grade::Declared,
            method: MethodId::new("declared"),
            sources: vec![],
        }
    }

    fn read(text: &str) -> Result<Facts, Vec<Diagnostic>> {
        Facts::from_toml(
            &format!("format = 1\n[facts]\n{text}\n"),
            &Dictionary::shipped(),
            &origin(),
        )
    }

    #[test]
    fn short_and_long_forms_read_back_identically() {
        let facts = read(
            "is_moe = true\noperations.eu-cumulative = \"8e24..2e25 FLOP\"\n\
             operations.us-4e091 = \"1e26 FLOP\"\nbatch_1_latency = \"100 ms\"\n\
             parameters_total = \"8030261248 parameters\"",
        )
        .unwrap();
        assert_eq!(facts.len(), 5);
        let text = facts.to_toml(&Dictionary::shipped(), &BTreeSet::new());
        let again = Facts::from_toml(&text, &Dictionary::shipped(), &origin()).unwrap();
        assert_eq!(again, facts);
    }

    #[test]
    fn slips_are_errors_with_a_place() {
        let code = |text: &str| read(text).unwrap_err().first().map(|e| e.code);
        assert_eq!(code("is_moee = true"), Some("unknown-fact"));
        assert_eq!(code("is_moe = 1"), Some("wrong-value"));
        assert_eq!(code("is_moe = \"yes\""), Some("wrong-value"));
        assert_eq!(code("operations = \"1e25 FLOP\""), Some("wrong-type"));
        assert_eq!(
            code("operations.eu-cumulative = \"1e25 FLOP/s\""),
            Some("wrong-value")
        );
        assert_eq!(
            code("operations.eu-cumulative = \"2e25..1e25 FLOP\""),
            Some("wrong-value")
        );
        assert_eq!(code("batch_1_latency = 100"), Some("wrong-value"));
    }

    #[test]
    fn assignments_name_what_is_wrong() {
        let dictionary = Dictionary::shipped();
        let read = |text| Facts::read_assignment(text, &dictionary, origin());
        assert!(read("is_moe=true").is_ok());
        assert!(
            matches!(read("is_mo=true"), Err(FactError::Unknown { help: Some(h), .. }) if h == "did you mean `is_moe`?")
        );
        assert!(matches!(read("is_moe"), Err(FactError::Assignment { .. })));
        assert!(read("operations.us-4e091=-1 FLOP").is_err());
        assert!(matches!(read("is_moe=yes"), Err(FactError::Value { .. })));
        assert!(read("destination=FI").is_ok());
        for not_a_place in ["FIN", "UK", "XX", "fi", "EU"] {
            let text = format!("destination={not_a_place}");
            let found = Facts::read_assignment(&text, &dictionary, origin());
            assert!(
                matches!(found, Err(FactError::Value { .. })),
                "{not_a_place}"
            );
        }
    }

    #[test]
    fn a_refused_assignment_says_what_to_write() {
        let dictionary = Dictionary::shipped();
        for (text, help) in [
            ("is_moe=yes", "write true or false"),
            ("is_moe", "write the fact, `=` and its value: `is_moe=true`"),
            (
                "operations.eu-cumulative=1e25",
                "write the unit: `1e25 FLOP`",
            ),
            (
                "operations.eu-cumulative=1e25 FLOP/s",
                "write a number with its unit, or bounds: `1..2 FLOP`",
            ),
            (
                "operations=1e25 FLOP",
                "name the counting convention: `operations.CONVENTION`",
            ),
            ("is_moe.eu-cumulative=true", "`is_moe` has no convention"),
            ("item_kind=computr", "did you mean `computer`?"),
            ("generates=text,imge", "did you mean `image`?"),
            ("destination=fi", "write upper case: `FI`"),
            (
                "destination=FIN",
                "write the two letters of ISO 3166-1 for a place: `FI`",
            ),
        ] {
            let error = Facts::read_assignment(text, &dictionary, origin()).unwrap_err();
            assert_eq!(error.help(), Some(help), "{text}");
        }
    }

    #[test]
    fn missing_facts_are_written_as_questions() {
        let missing = BTreeSet::from(["is_moe".parse().unwrap()]);
        let text = Facts::new().to_toml(&Dictionary::shipped(), &missing);
        assert!(
            text.contains("# [facts.is_moe]") && text.contains('?'),
            "{text}"
        );
    }
}
