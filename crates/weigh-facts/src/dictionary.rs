//! The fact dictionary: every name a rule can mention, with type, unit, meaning, the question to
//! ask a person who could supply it, who that is, and how sensitive the answer is.
//!
//! The dictionary is data (`dictionary/*.toml`), embedded and checked when loaded.

use std::collections::BTreeMap;

use crate::document::nearest;
use crate::{Decimal, Diagnostic, FactName, Item, SubjectKind, Table, Unit};

/// What values a fact can have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FactType {
    /// True or false.
    Bool,
    /// An exact quantity or bounds on one.
    Quantity {
        /// Its dimension.
        unit: Unit,
        /// The unit people read it in: `ms`.
        shown: String,
    },
    /// One word of a closed list.
    Enum(Vec<String>),
    /// A code of an open scheme, upper case: `iso3166`.
    Code(String),
    /// A day.
    Date,
    /// Some words of a closed list.
    Set(Vec<String>),
    /// Records of one level.
    List(BTreeMap<String, FactType>),
}

/// How sensitive a value is. Mildest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Sensitivity {
    /// May be published.
    Public,
    /// For those who work with it.
    Internal,
    /// A trade secret: shown only to whom its owner opens it.
    Secret,
}

impl Sensitivity {
    /// Every word, the mildest first.
    pub const ALL: &'static [Self] = &[Self::Public, Self::Internal, Self::Secret];

    /// The word used in files and output.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Public => "public",
            Self::Internal => "internal",
            Self::Secret => "secret",
        }
    }
}

/// An entry of the dictionary.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FactDefinition {
    /// The name; for a family (`operations`) the part before the dot.
    pub name: String,
    /// Is it one value per counting convention (`operations.eu-cumulative`)?
    pub per_convention: bool,
    /// What values it can have.
    pub kind: FactType,
    /// What it is a fact about.
    pub about: SubjectKind,
    /// What it means, in a sentence.
    pub meaning: String,
    /// What to ask the person who could know.
    pub ask: String,
    /// Who or what can supply it.
    pub source: String,
    /// How sensitive the value is.
    pub sensitivity: Sensitivity,
}

/// All definitions by name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Dictionary {
    definitions: BTreeMap<String, FactDefinition>,
}

/// The shipped files: path and text.
const SHIPPED: &[(&str, &str)] = &[
    (
        "dictionary/model.toml",
        include_str!("../dictionary/model.toml"),
    ),
    (
        "dictionary/compute.toml",
        include_str!("../dictionary/compute.toml"),
    ),
    (
        "dictionary/deployment.toml",
        include_str!("../dictionary/deployment.toml"),
    ),
    (
        "dictionary/party.toml",
        include_str!("../dictionary/party.toml"),
    ),
    (
        "dictionary/chip.toml",
        include_str!("../dictionary/chip.toml"),
    ),
    (
        "dictionary/export.toml",
        include_str!("../dictionary/export.toml"),
    ),
    (
        "dictionary/obligations.toml",
        include_str!("../dictionary/obligations.toml"),
    ),
    (
        "dictionary/instruments.toml",
        include_str!("../dictionary/instruments.toml"),
    ),
];

impl Dictionary {
    /// The dictionary that ships with the program.
    ///
    /// # Panics
    /// Never in a release: a test loads it.
    #[must_use]
    #[expect(clippy::expect_used, reason = "embedded data, loaded by a test")]
    pub fn shipped() -> Self {
        let mut all = Self::default();
        for (_, text) in SHIPPED {
            all.add(text)
                .map_err(|e| format!("{e:?}"))
                .expect("the shipped dictionary loads");
        }
        all
    }

    /// The shipped files, for tools that check or show them.
    #[must_use]
    pub fn shipped_files() -> &'static [(&'static str, &'static str)] {
        SHIPPED
    }

    /// Adds the definitions of one file.
    ///
    /// # Errors
    /// Every problem found, each with its place; nothing is added then.
    pub fn add(&mut self, text: &str) -> Result<(), Vec<Diagnostic>> {
        let mut errors = Vec::new();
        let found = read_file(text, &mut errors);
        for definition in &found {
            if self.definitions.contains_key(&definition.name) {
                let message = format!("fact `{}` is defined twice", definition.name);
                errors.push(Diagnostic::new("duplicate-fact", message, 0..0));
            }
        }
        if !errors.is_empty() {
            return Err(errors);
        }
        self.definitions
            .extend(found.into_iter().map(|d| (d.name.clone(), d)));
        Ok(())
    }

    /// The definition behind a name; for `operations.eu-cumulative` that of `operations`.
    #[must_use]
    pub fn get(&self, name: &FactName) -> Option<&FactDefinition> {
        let definition = self.definitions.get(name.family())?;
        (definition.per_convention == name.convention().is_some()).then_some(definition)
    }

    /// The definition of a plain name or family.
    #[must_use]
    pub fn family(&self, name: &str) -> Option<&FactDefinition> {
        self.definitions.get(name)
    }

    /// All definitions by name.
    pub fn iter(&self) -> impl Iterator<Item = &FactDefinition> {
        self.definitions.values()
    }

    /// The defined name nearest to a misspelled one.
    #[must_use]
    pub fn nearest(&self, name: &str) -> Option<&str> {
        nearest(name, self.definitions.keys().map(String::as_str))
    }

    /// What to write instead of a name that is not defined, as a sentence: the nearest name, or
    /// those that share a word with it.
    #[must_use]
    pub fn suggestion(&self, name: &str) -> Option<String> {
        match self.nearest(name) {
            Some(near) => Some(format!("did you mean `{near}`?")),
            None => self.related(name),
        }
    }

    /// Names that share a word with one that is not defined, as a sentence; those that share most
    /// words first.
    #[must_use]
    pub fn related(&self, name: &str) -> Option<String> {
        let words: Vec<String> = words_of(name).collect();
        let shared = |other: &str| {
            let other: Vec<String> = words_of(other).collect();
            words.iter().filter(|w| other.contains(w)).count()
        };
        let mut names: Vec<(usize, &str)> = self
            .definitions
            .keys()
            .map(|other| (shared(other), other.as_str()))
            .filter(|(shared, _)| *shared > 0)
            .collect();
        names.sort_by(|(a, one), (b, other)| (b, one).cmp(&(a, other)));
        names.truncate(RELATED_MOST);
        let names: Vec<String> = names.iter().map(|(_, name)| format!("`{name}`")).collect();
        let search = words.iter().max_by_key(|w| w.len())?;
        (!names.is_empty()).then(|| {
            format!(
                "there are {}; `weighbridge rules facts {search}` says what they mean",
                names.join(", ")
            )
        })
    }

    /// The definitions in which every word occurs somewhere, upper and lower case alike: those with
    /// all of them in the name first, then by name.
    #[must_use]
    pub fn search(&self, words: &[&str]) -> Vec<&FactDefinition> {
        let words: Vec<String> = words.iter().map(|w| w.to_lowercase()).collect();
        let all_in = |text: &str| words.iter().all(|w| text.contains(w.as_str()));
        let found = self.definitions.values().filter(|d| all_in(&d.searched()));
        let (named, others): (Vec<_>, Vec<_>) = found.partition(|d| all_in(&d.name));
        named.into_iter().chain(others).collect()
    }
}

/// More names than these say nothing.
const RELATED_MOST: usize = 4;

/// The words of a name that say something, in the singular.
fn words_of(name: &str) -> impl Iterator<Item = String> + '_ {
    let words = name.split(|c: char| !c.is_ascii_alphanumeric());
    words
        .map(|w| w.to_ascii_lowercase())
        .map(|w| w.strip_suffix('s').map(str::to_owned).unwrap_or(w))
        .filter(|w| w.len() > 2 && !["has", "the", "and", "for", "per"].contains(&w.as_str()))
}

impl FactDefinition {
    /// Everything a search looks through, in lower case.
    fn searched(&self) -> String {
        let about = self.about.as_str();
        let kind = self.kind.describe();
        let fields = match &self.kind {
            FactType::List(fields) => fields
                .iter()
                .map(|(name, kind)| format!("{name} {}", kind.describe()))
                .collect::<Vec<_>>()
                .join(" "),
            _ => String::new(),
        };
        let parts = [
            &self.name,
            about,
            &kind,
            &fields,
            &self.meaning,
            &self.ask,
            &self.source,
        ];
        parts.join(" ").to_lowercase()
    }
}

fn read_file(text: &str, errors: &mut Vec<Diagnostic>) -> Vec<FactDefinition> {
    let mut file = match Table::parse(text) {
        Ok(file) => file,
        Err(error) => {
            errors.push(error);
            return Vec::new();
        }
    };
    if file.count("format", errors) != Some(1) {
        file.missing("format = 1", errors);
    }
    let mut found = Vec::new();
    for (name, span, node) in file
        .table("fact", errors)
        .map(|mut t| t.take_all())
        .unwrap_or_default()
    {
        let Item::Table(table) = node.item else {
            errors.push(Diagnostic::new(
                "wrong-type",
                format!("fact `{name}` must be a table"),
                span,
            ));
            continue;
        };
        found.extend(read_definition(name, table, errors));
    }
    file.finish(errors);
    found
}

fn read_definition(
    name: String,
    mut table: Table,
    errors: &mut Vec<Diagnostic>,
) -> Option<FactDefinition> {
    let per_convention = table.text("per", errors).is_some_and(|p| p == "convention");
    let kind = read_type(&mut table, errors);
    let about = table
        .required_text("about", errors)
        .and_then(|a| SubjectKind::parse(&a));
    if about.is_none() {
        table.missing("about", errors);
    }
    let meaning = table.required_text("meaning", errors);
    let ask = table.required_text("ask", errors);
    let source = table.required_text("source", errors);
    let word = table.required_text("sensitivity", errors);
    let known = |word: &String| Sensitivity::ALL.iter().find(|s| s.as_str() == word);
    let sensitivity = word.as_ref().and_then(known).copied();
    if sensitivity.is_none() {
        table.missing("sensitivity (public, internal or secret)", errors);
    }
    table.finish(errors);
    Some(FactDefinition {
        name,
        per_convention,
        kind: kind?,
        about: about?,
        meaning: meaning?,
        ask: ask?,
        source: source?,
        sensitivity: sensitivity?,
    })
}

fn read_type(table: &mut Table, errors: &mut Vec<Diagnostic>) -> Option<FactType> {
    let word = table.required_text("type", errors)?;
    match word.as_str() {
        "bool" => Some(FactType::Bool),
        "date" => Some(FactType::Date),
        "enum" => table.texts("values", errors).map(FactType::Enum),
        "set" => table.texts("values", errors).map(FactType::Set),
        "code" => table.required_text("scheme", errors).map(FactType::Code),
        "quantity" => {
            let shown = table.required_text("unit", errors)?;
            match Unit::parse(&shown) {
                Ok((unit, _)) => Some(FactType::Quantity { unit, shown }),
                Err(error) => {
                    errors.push(Diagnostic::new(
                        "unknown-unit",
                        error.to_string(),
                        table.span.clone(),
                    ));
                    None
                }
            }
        }
        "list" => {
            let mut fields = BTreeMap::new();
            for (name, span, node) in table.table("fields", errors)?.take_all() {
                let Item::Table(mut field) = node.item else {
                    let message = format!("field `{name}` must be a table");
                    errors.push(Diagnostic::new("wrong-type", message, span));
                    continue;
                };
                if let Some(kind) = read_type(&mut field, errors) {
                    fields.insert(name, kind);
                }
                field.finish(errors);
            }
            Some(FactType::List(fields))
        }
        other => {
            let message = format!("`{other}` is no fact type");
            let known = "use bool, quantity, enum, set, code, date or list";
            errors.push(
                Diagnostic::new("unknown-type", message, table.span.clone()).with_help(known),
            );
            None
        }
    }
}

impl FactType {
    /// The words for types in files, each of which [`FactType::word`] gives.
    pub const WORDS: &'static [&'static str] =
        &["bool", "quantity", "enum", "set", "code", "date", "list"];

    /// The word for it in files.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            Self::Bool => "bool",
            Self::Quantity { .. } => "quantity",
            Self::Enum(_) => "enum",
            Self::Code(_) => "code",
            Self::Date => "date",
            Self::Set(_) => "set",
            Self::List(_) => "list",
        }
    }

    /// What it is, for messages: `true or false`, `a quantity in FLOP`.
    #[must_use]
    pub fn describe(&self) -> String {
        match self {
            Self::Bool => "true or false".to_owned(),
            Self::Quantity { unit, shown } if unit.is_none() && shown == "1" => {
                "a number".to_owned()
            }
            Self::Quantity { shown, .. } => format!("a quantity in {shown}"),
            Self::Enum(words) => format!("one of {}", words.join(", ")),
            Self::Code(scheme) => format!("a code of {scheme}"),
            Self::Date => "a date such as 2026-11-24".to_owned(),
            Self::Set(words) => format!("a list of {}", words.join(", ")),
            Self::List(_) => "a list of records".to_owned(),
        }
    }

    /// The factor from the unit people read to the base unit; 1 for what has no unit.
    #[must_use]
    pub fn shown_factor(&self) -> Decimal {
        match self {
            Self::Quantity { shown, .. } => {
                Unit::parse(shown).map_or_else(|_| Decimal::from(1_u64), |(_, factor)| factor)
            }
            _ => Decimal::from(1_u64),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shipped_dictionary_loads_and_asks_questions() {
        let dictionary = Dictionary::shipped();
        for definition in dictionary.iter() {
            assert!(
                definition.ask.ends_with('?'),
                "`{}` asks no question",
                definition.name
            );
        }
        let operations: FactName = "operations.eu-cumulative".parse().unwrap();
        assert!(dictionary.get(&operations).is_some());
        assert!(
            dictionary.get(&"operations".parse().unwrap()).is_none(),
            "needs a convention"
        );
        assert_eq!(dictionary.nearest("is_moee"), Some("is_moe"));
    }

    #[test]
    fn a_name_that_is_no_slip_is_answered_with_those_that_share_its_words() {
        let dictionary = Dictionary::shipped();
        let said = dictionary
            .suggestion("headquarters_country_of_party")
            .unwrap();
        assert!(said.contains("`party_headquarters`"), "{said}");
        assert!(
            said.contains("weighbridge rules facts headquarter"),
            "{said}"
        );
        assert_eq!(dictionary.suggestion("zzz_qqq"), None);
        let slip = dictionary.suggestion("weights_publishd");
        assert_eq!(slip.as_deref(), Some("did you mean `weights_published`?"));
    }

    #[test]
    fn a_search_finds_what_has_every_word_and_names_first() {
        let dictionary = Dictionary::shipped();
        let names = |words: &[&str]| -> Vec<&str> {
            let found = dictionary.search(words);
            found.into_iter().map(|d| d.name.as_str()).collect()
        };
        assert_eq!(
            names(&["Weights", "PUBLISHED"]).first(),
            Some(&"weights_published")
        );
        assert!(names(&["iso3166", "parent"]).contains(&"party_ultimate_parent"));
        assert_eq!(names(&[]).len(), dictionary.iter().count());
        assert!(names(&["weights", "no-such-word"]).is_empty());
    }
}
