//! What is in an artifact: a compact sheet, versioned JSON, the same in HTML and Markdown.

mod json;
pub(crate) mod words;

use std::fmt::Write;

use askama::Template;
use weigh_station::Inspection;

use crate::Format;
use words::{Table, Words};

/// Renders an inspection. Ends with a line break.
#[must_use]
pub fn render_inspection(inspection: &Inspection, format: Format) -> String {
    match format {
        Format::Json => json::render(inspection),
        Format::Text => text(&Words::of(inspection)),
        Format::Markdown => markdown(&Words::of(inspection)),
        Format::Html => html(&Words::of(inspection)),
    }
}

/// Columns of the labels.
const LABEL: usize = 18;

// Writing to a string cannot fail.
pub(crate) fn text(words: &Words) -> String {
    let mut out = format!("{}\n", words.title);
    for group in &words.groups {
        for (label, value) in &group.rows {
            let _ = writeln!(out, "  {label:<LABEL$}{value}");
        }
        for table in &group.tables {
            let _ = writeln!(out, "  {}", table.title.to_lowercase());
            columns(&mut out, table);
        }
    }
    for note in &words.notes {
        let _ = writeln!(out, "  {note}");
    }
    out
}

fn columns(out: &mut String, table: &Table) {
    let width = |i: usize| {
        let cells = table.rows.iter().filter_map(|row| row.get(i));
        let cells = cells.map(|cell| cell.chars().count());
        let head = table.heads.get(i).map_or(0, |h| h.chars().count());
        cells.max().unwrap_or(0).max(head)
    };
    let widths: Vec<usize> = (0..table.narrow).map(width).collect();
    let mut line = |cells: &mut dyn Iterator<Item = &str>| {
        let mut set = String::new();
        for ((i, cell), width) in cells.enumerate().zip(&widths) {
            let gap = if i == 0 { "    " } else { "  " };
            // The first column is a name, the others are figures.
            let _ = match table.is_text(i) {
                true => write!(set, "{gap}{cell:<width$}"),
                false => write!(set, "{gap}{cell:>width$}"),
            };
        }
        let _ = writeln!(out, "{}", set.trim_end());
    };
    line(&mut table.heads.iter().copied());
    for row in &table.rows {
        line(&mut row.iter().map(String::as_str));
    }
}

pub(crate) fn markdown(words: &Words) -> String {
    let cell = |text: &str| text.replace('|', "\\|");
    let mut out = format!("# {}\n", words.title);
    for group in &words.groups {
        let _ = writeln!(out, "\n## {}\n", group.title);
        for (label, value) in &group.rows {
            let _ = writeln!(out, "- **{}**: {value}", label.trim());
        }
        for table in &group.tables {
            let _ = writeln!(out, "\n{}\n", table.title);
            let _ = writeln!(out, "| {} |", table.heads.join(" | "));
            let rules =
                (0..table.heads.len()).map(|i| if table.is_text(i) { "---" } else { "---:" });
            let _ = writeln!(out, "| {} |", rules.collect::<Vec<_>>().join(" | "));
            for row in &table.rows {
                let cells: Vec<String> = row.iter().map(|c| cell(c)).collect();
                let _ = writeln!(out, "| {} |", cells.join(" | "));
            }
        }
    }
    if !words.notes.is_empty() {
        out.push('\n');
    }
    for note in &words.notes {
        let _ = writeln!(out, "- {note}");
    }
    out
}

#[derive(Template)]
#[template(path = "inspection.html")]
struct InspectionPage<'a> {
    words: &'a Words,
}

pub(crate) fn html(words: &Words) -> String {
    let page = InspectionPage { words };
    let mut page = page.render().expect("the template writes to a string only");
    page.push('\n');
    page
}
