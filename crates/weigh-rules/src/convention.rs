//! Counting conventions as data: which stages a regime counts, and where it says so.

use weigh_facts::{Convention, Diagnostic, Inclusion, Item, Purpose, Source, SourceKey, Table};

use crate::check::sources::{self, Listed};

/// A convention with its sources and digest.
#[derive(Clone, Debug)]
pub struct ConventionBook {
    /// The convention.
    pub convention: Convention,
    /// The sources its inclusions cite.
    pub sources: Vec<Source>,
    /// SHA-256 of its text, in hexadecimal.
    pub digest: String,
}

/// Reads a convention file.
///
/// # Errors
/// Every problem found, each with its place: a purpose that is not listed is one of them.
pub fn read_convention(text: &str) -> Result<ConventionBook, Vec<Diagnostic>> {
    let mut errors = Vec::new();
    let mut file = Table::parse(text).map_err(|e| vec![e])?;
    crate::check::read_format(&mut file, &mut errors);
    let sources = sources::read(&mut file, &mut errors);
    let convention = read_body(&mut file, &sources, &mut errors);
    file.finish(&mut errors);
    sources::refuse_unused(&sources, &mut errors);
    errors.sort_by_key(|e| e.span.start);
    match convention {
        Some(convention) if errors.is_empty() => Ok(ConventionBook {
            convention,
            sources: sources.all().map(|s| (**s).clone()).collect(),
            digest: crate::digest::digest(text),
        }),
        _ => Err(errors),
    }
}

fn read_body(
    file: &mut Table,
    sources: &Listed,
    errors: &mut Vec<Diagnostic>,
) -> Option<Convention> {
    let Some(mut head) = file.table("convention", errors) else {
        file.missing("convention", errors);
        return None;
    };
    let id = head.required_text("id", errors);
    let title = head.required_text("title", errors);
    let excludes_public_synthetic = head
        .boolean("excludes_public_synthetic", errors)
        .unwrap_or(false);
    let allowed_margin = head.number("allowed_margin", errors);
    head.finish(errors);
    let Some(mut include) = file.table("include", errors) else {
        file.missing("include", errors);
        return None;
    };
    let mut includes = Vec::new();
    for (word, span, node) in include.take_all() {
        let Some(purpose) = Purpose::parse(&word) else {
            let known: Vec<_> = Purpose::ALL.iter().map(|p| p.as_str()).collect();
            errors.push(
                Diagnostic::new("unknown-purpose", format!("unknown purpose `{word}`"), span)
                    .with_help(format!("use one of {}", known.join(", "))),
            );
            continue;
        };
        let Item::Table(table) = node.item else {
            let message = format!("`{word}` must be a table with `count` and `source`");
            errors.push(Diagnostic::new("convention-entry", message, span));
            continue;
        };
        includes.extend(read_entry(purpose, table, sources, errors));
    }
    for purpose in Purpose::ALL {
        if !includes.iter().any(|(p, ..)| p == purpose) {
            let message = format!(
                "the convention does not say whether `{}` counts",
                purpose.as_str()
            );
            let help = "write `yes`, `no` or `unclear`, each with a source";
            errors.push(Diagnostic::new("convention-gap", message, 0..1).with_help(help));
        }
    }
    includes.sort_by_key(|(p, ..)| *p);
    Some(Convention {
        id: id?,
        title: title?,
        includes,
        excludes_public_synthetic,
        allowed_margin,
    })
}

fn read_entry(
    purpose: Purpose,
    mut table: Table,
    sources: &Listed,
    errors: &mut Vec<Diagnostic>,
) -> Option<(Purpose, Inclusion, SourceKey)> {
    let count = table.text_at("count", errors);
    let inclusion = count.as_ref().and_then(|(word, _)| Inclusion::parse(word));
    match &count {
        None => table.missing("count", errors),
        Some((word, span)) if inclusion.is_none() => {
            let message = format!("`{word}` is not `yes`, `no` or `unclear`");
            errors.push(Diagnostic::new("convention-entry", message, span.clone()));
        }
        Some(_) => {}
    }
    let source = table.text_at("source", errors);
    if source.is_none() {
        table.missing("source", errors);
    }
    table.finish(errors);
    let (key, span) = source?;
    let source = sources.find(&key, span, errors)?;
    Some((purpose, inclusion?, source.key.clone()))
}
