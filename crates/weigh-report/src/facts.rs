//! The fact dictionary for those who write rules: text for a terminal, or JSON for programs.

use std::collections::BTreeMap;

use serde::Serialize;
use weigh_facts::{FactDefinition, FactType};
use weigh_rules::Rulebook;
use weigh_station::Law;

use crate::clean::clean;
use crate::finding::wrapped;
use crate::json::escaped;
use crate::page::counted;
use crate::{Format, TOOL, VERSION};

/// The version of the document.
const SCHEMA: &str = "weighbridge.rules-facts/1";

#[derive(Debug, Serialize)]
struct Document<'a> {
    schema: &'static str,
    tool: Tool,
    conventions: Vec<&'a str>,
    facts: Vec<Entry<'a>>,
}

#[derive(Debug, Serialize)]
struct Tool {
    name: &'static str,
    version: &'static str,
}

#[derive(Debug, Serialize)]
struct Entry<'a> {
    name: &'a str,
    per_convention: bool,
    about: &'static str,
    #[serde(flatten)]
    kind: Kind<'a>,
    fields: Option<BTreeMap<&'a str, Kind<'a>>>,
    meaning: &'a str,
    ask: &'a str,
    source: &'a str,
    sensitivity: &'static str,
    rulebooks: Vec<&'a str>,
}

/// What values a fact or a field of a record can have.
#[derive(Debug, Serialize)]
struct Kind<'a> {
    r#type: &'static str,
    unit: Option<&'a str>,
    words: Option<&'a [String]>,
    scheme: Option<&'a str>,
}

impl<'a> Kind<'a> {
    fn of(kind: &'a FactType) -> Self {
        let (unit, words, scheme) = match kind {
            FactType::Quantity { shown, .. } => (Some(shown.as_str()), None, None),
            FactType::Enum(words) | FactType::Set(words) => (None, Some(words.as_slice()), None),
            FactType::Code(scheme) => (None, None, Some(scheme.as_str())),
            FactType::Bool | FactType::Date | FactType::List(_) => (None, None, None),
        };
        Self {
            r#type: kind.word(),
            unit,
            words,
            scheme,
        }
    }
}

/// Renders definitions of facts, with the rulebooks that read each, as JSON or else as text. Ends
/// with a line break.
#[must_use]
pub fn render_facts(found: &[&FactDefinition], law: &Law, format: Format) -> String {
    match format {
        Format::Json => json(found, law),
        _ => text(found, law),
    }
}

/// The rulebooks of which a condition or a clock reads a fact.
fn readers<'a>(law: &'a Law, fact: &FactDefinition) -> Vec<&'a str> {
    let books = law.books.iter();
    let reads = |book: &&Rulebook| {
        let clocks = book.clocks();
        let names = book.facts().into_iter().chain(clocks);
        names.into_iter().any(|name| name.family() == fact.name)
    };
    books.filter(reads).map(Rulebook::id).collect()
}

fn conventions(law: &Law) -> Vec<&str> {
    law.library.conventions.iter().map(|c| &*c.id).collect()
}

fn json(found: &[&FactDefinition], law: &Law) -> String {
    let entry = |fact: &&'_ FactDefinition| readers(law, fact);
    let facts = found.iter().map(|fact| Entry {
        name: &fact.name,
        per_convention: fact.per_convention,
        about: fact.about.as_str(),
        kind: Kind::of(&fact.kind),
        fields: match &fact.kind {
            FactType::List(fields) => {
                let fields = fields.iter();
                Some(fields.map(|(n, k)| (n.as_str(), Kind::of(k))).collect())
            }
            _ => None,
        },
        meaning: &fact.meaning,
        ask: &fact.ask,
        source: &fact.source,
        sensitivity: fact.sensitivity.as_str(),
        rulebooks: entry(fact),
    });
    let document = Document {
        schema: SCHEMA,
        tool: Tool {
            name: TOOL,
            version: VERSION,
        },
        conventions: conventions(law),
        facts: facts.collect(),
    };
    let text = serde_json::to_string_pretty(&document).expect("wire structs have string keys only");
    let mut text = escaped(&text);
    text.push('\n');
    text
}

fn text(found: &[&FactDefinition], law: &Law) -> String {
    let mut out = String::new();
    for fact in found {
        let name = match fact.per_convention {
            true => format!("{0}('CONVENTION')", fact.name),
            false => fact.name.clone(),
        };
        let about = fact.about.with_article();
        out.push_str(&format!("{}  (about {about})\n", clean(&name)));
        let mut line = |label: &str, text: &str| {
            out.push_str(&format!("  {label:<10}{}\n", wrapped(&clean(text), 12)));
        };
        line("value", &fact.kind.describe());
        if let FactType::List(fields) = &fact.kind {
            for (field, kind) in fields {
                line("", &format!("{field}: {}", kind.describe()));
            }
        }
        line("meaning", &fact.meaning);
        line("ask", &fact.ask);
        line("source", &fact.source);
        line("shown to", sensitivity(fact));
        if fact.per_convention {
            let first = conventions(law).first().copied().unwrap_or("CONVENTION");
            let example = format!(
                "in a condition {0}('{first}'), in a file of facts and in --fact {0}.{first}; \
                 conventions: {1}",
                fact.name,
                conventions(law).join(", ")
            );
            line("written", &example);
        }
        let books = readers(law, fact);
        if !books.is_empty() {
            line("read by", &books.join(", "));
        }
        out.push('\n');
    }
    let count = u64::try_from(found.len()).unwrap_or(u64::MAX);
    out.push_str(&format!("{}\n", counted(count, "fact", "facts")));
    out
}

/// Who may see a value.
fn sensitivity(fact: &FactDefinition) -> &'static str {
    match fact.sensitivity.as_str() {
        "public" => "everybody (public)",
        "internal" => "those who work with it (internal)",
        _ => "whom its owner opens it to (secret)",
    }
}
