//! A comparison as versioned JSON: `weighbridge.rules-diff/1`, as
//! `schemas/weighbridge.rules-diff-1.json` says.

use serde::Serialize;
use weigh_facts::{Source, Verdict};
use weigh_rules::{Change, Difference, Stated};
use weigh_station::{BookDiff, LawDiff, SideNamed, TreatedSubject};

use crate::json::escaped;
use crate::{TOOL, VERSION};

/// The version of the document.
const SCHEMA: &str = "weighbridge.rules-diff/1";

#[derive(Debug, Serialize)]
struct Document {
    schema: &'static str,
    tool: Tool,
    one: Side,
    other: Side,
    rulebooks: Vec<Book>,
    same: Vec<String>,
    only_one: Vec<String>,
    only_other: Vec<String>,
    tried: Tried,
    treatments: Vec<Treated>,
}

#[derive(Debug, Serialize)]
struct Tool {
    name: &'static str,
    version: &'static str,
}

#[derive(Debug, Serialize)]
struct Side {
    label: String,
    on: String,
    known: String,
}

#[derive(Debug, Serialize)]
struct Book {
    one: String,
    other: String,
    title: String,
    differences: Vec<Differs>,
}

#[derive(Debug, Serialize)]
struct Differs {
    part: &'static str,
    name: String,
    title: Option<String>,
    level: Option<&'static str>,
    aspect: &'static str,
    before: Option<Says>,
    after: Option<Says>,
    added: Option<Vec<String>>,
    removed: Option<Vec<String>>,
}

#[derive(Debug, Serialize)]
struct Says {
    text: Option<String>,
    from: Option<String>,
    until: Option<String>,
    known: Option<String>,
    source: Option<Cited>,
}

#[derive(Debug, Serialize)]
struct Cited {
    title: String,
    href: String,
    certainty: &'static str,
}

#[derive(Debug, Serialize)]
struct Tried {
    chips: usize,
    models: usize,
}

#[derive(Debug, Serialize)]
struct Treated {
    kind: &'static str,
    id: String,
    name: String,
    changes: Vec<Changed>,
}

#[derive(Debug, Serialize)]
struct Changed {
    rulebook: String,
    rule: String,
    title: Option<String>,
    level: &'static str,
    before: Option<&'static str>,
    after: Option<&'static str>,
}

/// Writes a comparison as JSON.
pub(crate) fn render(diff: &LawDiff) -> String {
    let document = Document {
        schema: SCHEMA,
        tool: Tool {
            name: TOOL,
            version: VERSION,
        },
        one: side(&diff.one),
        other: side(&diff.other),
        rulebooks: diff.books.iter().map(book).collect(),
        same: diff.same.clone(),
        only_one: diff.only_one.clone(),
        only_other: diff.only_other.clone(),
        tried: Tried {
            chips: diff.chips,
            models: diff.models,
        },
        treatments: diff.treatments.iter().map(treated).collect(),
    };
    let text = serde_json::to_string_pretty(&document).expect("wire structs have string keys only");
    let mut text = escaped(&text);
    text.push('\n');
    text
}

fn side(side: &SideNamed) -> Side {
    Side {
        label: side.label.clone(),
        on: side.on.to_string(),
        known: side.known.to_string(),
    }
}

fn book(book: &BookDiff) -> Book {
    Book {
        one: book.one.clone(),
        other: book.other.clone(),
        title: book.title.clone(),
        differences: book.differences.iter().map(differs).collect(),
    }
}

fn differs(difference: &Difference) -> Differs {
    let (before, after, added, removed) = match &difference.change {
        Change::Said { before, after } => (
            before.as_ref().map(says),
            after.as_ref().map(says),
            None,
            None,
        ),
        Change::Codes {
            added,
            removed,
            before,
            after,
        } => {
            let list = |source: &std::sync::Arc<Source>| Says {
                text: None,
                from: None,
                until: None,
                known: None,
                source: Some(cited(source)),
            };
            (
                before.as_ref().map(list),
                after.as_ref().map(list),
                Some(added.iter().cloned().collect()),
                Some(removed.iter().cloned().collect()),
            )
        }
    };
    Differs {
        part: difference.part.as_str(),
        name: difference.name.clone(),
        title: difference.title.clone(),
        level: difference.level.map(|l| l.as_str()),
        aspect: difference.aspect.as_str(),
        before,
        after,
        added,
        removed,
    }
}

fn says(stated: &Stated) -> Says {
    let when = stated.when;
    let day = |d: Option<weigh_facts::Date>| d.map(|d| d.to_string());
    Says {
        text: Some(stated.text.clone()),
        from: day(when.and_then(|w| w.from)),
        until: day(when.and_then(|w| w.until)),
        known: day(when.and_then(|w| w.known)),
        source: stated.source.as_deref().map(cited),
    }
}

fn cited(source: &Source) -> Cited {
    Cited {
        title: source.title.clone(),
        href: source.href.clone(),
        certainty: source.certainty.as_str(),
    }
}

fn treated(treatment: &TreatedSubject) -> Treated {
    let changes = treatment.changes.iter().map(|change| Changed {
        rulebook: change.rulebook.clone(),
        rule: change.rule.clone(),
        title: change.title.clone(),
        level: change.level.as_str(),
        before: change.before.map(Verdict::as_str),
        after: change.after.map(Verdict::as_str),
    });
    Treated {
        kind: treatment.kind.as_str(),
        id: treatment.id.clone(),
        name: treatment.name.clone(),
        changes: changes.collect(),
    }
}
