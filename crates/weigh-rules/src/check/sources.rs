//! The sources a file lists, and who cites them.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use weigh_facts::{Certainty, Date, Diagnostic, Item, Source, SourceKey, Table};

use crate::book::ListedSource;
use weigh_facts::nearest;

type Errors = Vec<Diagnostic>;

/// Every source of a file by key.
pub(crate) struct Listed {
    entries: BTreeMap<String, Entry>,
}

struct Entry {
    source: Arc<Source>,
    retrieved: Option<Date>,
    span: Range<usize>,
    used: Cell<bool>,
}

impl Listed {
    /// The source a key names; an error when there is none.
    pub(crate) fn find(
        &self,
        key: &str,
        span: Range<usize>,
        errors: &mut Errors,
    ) -> Option<Arc<Source>> {
        if let Some(entry) = self.entries.get(key) {
            entry.used.set(true);
            return Some(Arc::clone(&entry.source));
        }
        let message = format!("`{key}` is cited, and the file does not list it");
        let near = nearest(key, self.entries.keys().map(String::as_str));
        let help = near.map_or_else(
            || format!("add a table `[source.{key}]`"),
            |near| format!("did you mean `{near}`?"),
        );
        errors.push(Diagnostic::new("unknown-source", message, span).with_help(help));
        None
    }

    /// All sources, by key.
    pub(crate) fn all(&self) -> impl Iterator<Item = &Arc<Source>> {
        self.entries.values().map(|e| &e.source)
    }

    /// All sources with the day they were fetched, by key.
    pub(crate) fn into_entries(self) -> BTreeMap<String, ListedSource> {
        let listed = |e: Entry| ListedSource {
            source: e.source,
            retrieved: e.retrieved,
        };
        let entries = self.entries.into_iter();
        entries.map(|(key, e)| (key, listed(e))).collect()
    }
}

/// Reads the `[source.KEY]` tables.
pub(crate) fn read(file: &mut Table, errors: &mut Errors) -> Listed {
    let mut entries = BTreeMap::new();
    let tables = file.table("source", errors).map(|mut t| t.take_all());
    for (key, span, node) in tables.unwrap_or_default() {
        let Item::Table(table) = node.item else {
            let message = format!("source `{key}` must be a table");
            errors.push(Diagnostic::new("source-entry", message, span));
            continue;
        };
        let (source, retrieved) = read_source(&key, &span, table, errors);
        let entry = Entry {
            source: Arc::new(source),
            retrieved,
            span,
            used: Cell::new(false),
        };
        entries.insert(key, entry);
    }
    Listed { entries }
}

/// A source with faults stays a source: who cites it has made no mistake.
fn read_source(
    key: &str,
    span: &Range<usize>,
    mut table: Table,
    errors: &mut Errors,
) -> (Source, Option<Date>) {
    let title = table.required_text("title", errors);
    let href = table.required_text("href", errors);
    let quote = table.text("quote", errors);
    let before = errors.len();
    let word = table.text_at("certainty", errors);
    let is_misread = errors.len() > before;
    let certainty = word.as_ref().and_then(|(word, _)| Certainty::parse(word));
    if certainty.is_none() && !is_misread {
        let span = word.map_or_else(|| span.clone(), |(_, span)| span);
        let message = format!("source `{key}` does not say how sure the reading is");
        let help = "write `certainty = \"primary-text\"`, `\"secondary\"` or `\"unverified\"`";
        errors.push(Diagnostic::new("source-entry", message, span).with_help(help));
    }
    let published = table.date("published", errors);
    let retrieved = table.date("retrieved", errors);
    table.finish(errors);
    let source = Source {
        key: SourceKey(key.to_owned()),
        title: title.unwrap_or_default(),
        href: href.unwrap_or_default(),
        quote,
        certainty: certainty.unwrap_or(Certainty::Unverified),
        published,
    };
    (source, retrieved)
}

/// A source nobody cites is a citation somebody forgot.
pub(crate) fn refuse_unused(listed: &Listed, errors: &mut Errors) {
    for (key, entry) in &listed.entries {
        if !entry.used.get() {
            let message = format!("source `{key}` is listed and never cited");
            let help = "cite it, or remove it";
            errors
                .push(Diagnostic::new("unused-entry", message, entry.span.clone()).with_help(help));
        }
    }
}
