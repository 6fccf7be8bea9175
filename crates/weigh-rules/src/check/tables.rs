//! Shared tables of code lists, and how a rulebook takes their sets.

use std::ops::Range;
use std::sync::Arc;

use weigh_facts::{Date, Diagnostic, Item, Table, nearest};

use super::names::Named;
use super::{read_format, rules, sources, values};
use crate::Library;
use crate::book::{CodeSet, CodeTable, Extent};

type Errors = Vec<Diagnostic>;

/// Reads a table file.
///
/// # Errors
/// Every problem found, each with its place.
pub fn read_code_table(text: &str) -> Result<CodeTable, Vec<Diagnostic>> {
    let mut errors = Vec::new();
    let mut file = Table::parse(text).map_err(|e| vec![e])?;
    read_format(&mut file, &mut errors);
    let listed = sources::read(&mut file, &mut errors);
    let head = read_head(&mut file, &mut errors);
    let sets = values::read_sets(&mut file, &listed, &mut errors);
    file.finish(&mut errors);
    sources::refuse_unused(&listed, &mut errors);
    errors.sort_by_key(|e| e.span.start);
    let Some((id, title, version, known_through)) = head.filter(|_| errors.is_empty()) else {
        return Err(errors);
    };
    Ok(CodeTable {
        id: id.into(),
        title,
        version,
        digest: crate::digest::digest(text),
        known_through,
        sources: listed.all().cloned().collect(),
        sets: sets.into_iter().map(|(set, _)| set).collect(),
    })
}

fn read_head(file: &mut Table, errors: &mut Errors) -> Option<(String, String, String, Date)> {
    let Some(mut head) = file.table("table", errors) else {
        file.missing("table", errors);
        return None;
    };
    let id = head.text_at("id", errors);
    match &id {
        Some((id, _)) if rules::is_kebab(id) => {}
        Some((id, span)) => {
            let message = format!("`{id}` is no id of a table");
            let help = "use lowercase words joined by dashes";
            errors.push(Diagnostic::new("bad-id", message, span.clone()).with_help(help));
        }
        None => head.missing("id", errors),
    }
    let title = head.required_text("title", errors);
    let version = head.required_text("version", errors);
    let known_through = head.date("known_through", errors);
    if known_through.is_none() {
        head.missing("known_through", errors);
    }
    head.finish(errors);
    Some((id?.0, title?, version?, known_through?))
}

/// The tables a rulebook names in `use`, each with the place of its name.
pub(super) fn used(
    file: &mut Table,
    library: &Library,
    errors: &mut Errors,
) -> Vec<Arc<CodeTable>> {
    let mut found: Vec<Arc<CodeTable>> = Vec::new();
    for node in file.list("use", errors).unwrap_or_default() {
        let Item::Text(name) = node.item else {
            let message = format!("`use` holds ids of tables, not {}", node.item.kind());
            errors.push(Diagnostic::new("rule-entry", message, node.span));
            continue;
        };
        match library.tables.iter().find(|t| *t.id == *name) {
            Some(table) => found.push(Arc::clone(table)),
            None => unknown(&name, node.span, library, errors),
        }
    }
    found
}

fn unknown(name: &str, span: Range<usize>, library: &Library, errors: &mut Errors) {
    let message = format!("there is no table `{name}`");
    let near = nearest(name, library.tables.iter().map(|t| &*t.id));
    let mut error = Diagnostic::new("unknown-table", message, span);
    error.help = near.map(|near| format!("did you mean `{near}`?"));
    errors.push(error);
}

/// Adds the sets of tables to those of the book. A set of the book itself may not bear the name.
pub(super) fn import(
    tables: &[Arc<CodeTable>],
    sets: &mut Vec<CodeSet>,
    names: &mut Vec<Named>,
    errors: &mut Errors,
) {
    for table in tables {
        let first = sets.len();
        for set in &table.sets {
            if let Some(own) = names.iter().find(|n| n.name == set.name) {
                let message = format!("set `{}` is also one of table `{}`", set.name, table.id);
                errors.push(Diagnostic::new("duplicate-id", message, own.span.clone()));
            }
            let named = Named::new(set.name.clone(), 0..0);
            named.used.set(true);
            names.push(named);
            sets.push(CodeSet {
                extent: match set.extent {
                    Extent::Within(index) => Extent::Within(first + index),
                    other => other,
                },
                ..set.clone()
            });
        }
    }
}
