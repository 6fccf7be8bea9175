//! Advice on rulebooks: text for a terminal, or JSON for programs.

use serde::Serialize;
use weigh_facts::Severity;
use weigh_rules::Lint;

use crate::clean::is_hostile;
use crate::json::escaped;
use crate::page::counted;
use crate::{Format, TOOL, VERSION};

/// A file and the advice on it.
#[derive(Clone, Debug)]
pub struct LintedFile {
    /// Its path, as it was named.
    pub path: String,
    /// Its text, to show the places.
    pub text: String,
    /// The advice, in the order of the text.
    pub lints: Vec<Lint>,
}

/// The version of the document.
const SCHEMA: &str = "weighbridge.rules-lint/1";

#[derive(Debug, Serialize)]
struct Document {
    schema: &'static str,
    tool: Tool,
    errors: usize,
    warnings: usize,
    notes: usize,
    lints: Vec<Found>,
}

#[derive(Debug, Serialize)]
struct Tool {
    name: &'static str,
    version: &'static str,
}

#[derive(Debug, Serialize)]
struct Found {
    severity: &'static str,
    code: &'static str,
    message: String,
    help: Option<String>,
    path: String,
    line: usize,
    column: usize,
}

/// Renders advice as JSON, or else as text with the places shown. Ends with a line break.
#[must_use]
pub fn render_lints(files: &[LintedFile], format: Format) -> String {
    let count = |severity| {
        let all = files.iter().flat_map(|f| &f.lints);
        all.filter(|l| l.severity == severity).count()
    };
    let counts = [Severity::Error, Severity::Warning, Severity::Note].map(count);
    match format {
        Format::Json => json(files, counts),
        _ => text(files, counts),
    }
}

fn text(files: &[LintedFile], [errors, warnings, notes]: [usize; 3]) -> String {
    let mut out = String::new();
    for file in files {
        for lint in &file.lints {
            let found = &lint.diagnostic;
            let shown = found.render_as(lint.severity, &file.path, &file.text);
            out.extend(shown.chars().map(|c| match c {
                '\n' => '\n',
                c if is_hostile(c) => '\u{fffd}',
                c => c,
            }));
            out.push('\n');
        }
    }
    let count =
        |n: usize, one: &str, many: &str| counted(u64::try_from(n).unwrap_or(u64::MAX), one, many);
    out.push_str(&format!(
        "{}: {}, {}, {}\n",
        count(files.len(), "file", "files"),
        count(errors, "error", "errors"),
        count(warnings, "warning", "warnings"),
        count(notes, "note", "notes")
    ));
    out
}

fn json(files: &[LintedFile], [errors, warnings, notes]: [usize; 3]) -> String {
    let lints = files.iter().flat_map(|file| {
        file.lints.iter().map(|lint| {
            let (line, column) = lint.diagnostic.line_column(&file.text);
            Found {
                severity: lint.severity.as_str(),
                code: lint.diagnostic.code,
                message: lint.diagnostic.message.clone(),
                help: lint.diagnostic.help.clone(),
                path: file.path.clone(),
                line,
                column,
            }
        })
    });
    let document = Document {
        schema: SCHEMA,
        tool: Tool {
            name: TOOL,
            version: VERSION,
        },
        errors,
        warnings,
        notes,
        lints: lints.collect(),
    };
    let text = serde_json::to_string_pretty(&document).expect("wire structs have string keys only");
    let mut text = escaped(&text);
    text.push('\n');
    text
}
