//! A decision table in text, Markdown, JSON and HTML.
//!
//! The last axis runs across, the others down. Every cell names the rule that speaks in it with what
//! it cites, or the requirement that was read and does not apply.

use std::fmt::Write;

use askama::Template;
use serde::Serialize;
use weigh_facts::Verdict;
use weigh_rules::Basis;
use weigh_station::{DecisionTable, Speaks};

use crate::clean::clean;
use crate::page::findings::{enforcement, text_status};
use crate::speaks::{WireSaid, wire};
use crate::{Format, TOOL, VERSION};

/// Of more rules than this only the count is shown in a cell; JSON has them all.
const SHOWN_MAX: usize = 3;

/// Renders a decision table. Ends with a line break.
#[must_use]
pub fn render_decision_table(table: &DecisionTable, format: Format) -> String {
    match format {
        Format::Text => text(table),
        Format::Markdown => markdown(table),
        Format::Json => json(table),
        Format::Html => html(table),
    }
}

struct LineWords {
    says: String,
    rule: String,
    status: String,
    citation: String,
    is_policy: bool,
}

struct RowWords {
    at: Vec<String>,
    cells: Vec<Vec<LineWords>>,
}

struct TableWords {
    tool: String,
    title: String,
    on: String,
    heads: Vec<String>,
    columns: Vec<String>,
    rows: Vec<RowWords>,
}

#[derive(Template)]
#[template(path = "decision.html")]
struct DecisionPage<'a> {
    table: &'a TableWords,
}

fn says(speaks: &Speaks) -> String {
    match speaks.verdict {
        Verdict::Applies if speaks.outcome.is_empty() => speaks.level.to_string(),
        Verdict::Applies => speaks.outcome.clone(),
        Verdict::Indeterminate => {
            format!("open ({}), needs {}", speaks.level, speaks.needs.join(", "))
        }
        Verdict::DoesNotApply => format!("nothing; {} does not apply", speaks.level),
        Verdict::NotInForce => "nothing in force".to_owned(),
    }
}

fn line(speaks: &Speaks) -> LineWords {
    LineWords {
        says: clean(&says(speaks)),
        rule: clean(&format!("{}/{}", speaks.rulebook, speaks.rule)),
        status: format!(
            "{}; {}",
            text_status(speaks.text_status),
            enforcement(speaks.enforcement)
        ),
        citation: clean(&speaks.citation),
        is_policy: speaks.basis == Basis::Policy,
    }
}

fn words(table: &DecisionTable) -> TableWords {
    let across = table.axes.last();
    let columns: Vec<String> = across.map(|a| a.values.clone()).unwrap_or_default();
    let down = table.axes.split_last().map(|(_, down)| down);
    let heads = down.unwrap_or_default().iter().map(|a| a.fact.to_string());
    let title: Vec<String> = table.axes.iter().map(|a| a.fact.to_string()).collect();
    let rows = table.cells.chunks(columns.len().max(1)).map(|row| {
        let at = row.first().map(|c| c.at.clone()).unwrap_or_default();
        let at = at.split_last().map(|(_, down)| down.to_vec());
        let cells = row
            .iter()
            .map(|cell| cell.speaks.iter().take(SHOWN_MAX).map(line).collect());
        RowWords {
            at: at.unwrap_or_default().iter().map(|v| clean(v)).collect(),
            cells: cells.collect(),
        }
    });
    TableWords {
        tool: format!("{TOOL} {VERSION}"),
        title: clean(&title.join(" by ")),
        on: table.on.to_string(),
        heads: heads.collect(),
        columns: columns.iter().map(|c| clean(c)).collect(),
        rows: rows.collect(),
    }
}

fn text(table: &DecisionTable) -> String {
    let names: Vec<String> = table.axes.iter().map(|a| a.fact.to_string()).collect();
    let mut out = format!("{} · rules read on {}\n", names.join(" × "), table.on);
    for cell in &table.cells {
        let at: Vec<String> = cell.at.iter().map(|v| clean(v)).collect();
        let _ = writeln!(out, "\n{}", at.join(" · "));
        for speaks in cell.speaks.iter().take(SHOWN_MAX) {
            let line = line(speaks);
            let policy = if line.is_policy { " · POLICY" } else { "" };
            let _ = writeln!(out, "  {} · {}{policy}", line.says, line.rule);
            let _ = writeln!(out, "    {}; {}", line.status, line.citation);
        }
        if cell.speaks.len() > SHOWN_MAX {
            let _ = writeln!(out, "  and {} more", cell.speaks.len() - SHOWN_MAX);
        }
    }
    out
}

fn markdown(table: &DecisionTable) -> String {
    let words = words(table);
    let escaped = |text: &str| text.replace('|', "\\|").replace('<', "&lt;");
    let mut out = format!(
        "# Decision table\n\n{}; rules read on {}.\n\n",
        words.title, words.on
    );
    let heads: Vec<&str> = words
        .heads
        .iter()
        .chain(&words.columns)
        .map(String::as_str)
        .collect();
    let _ = writeln!(out, "| {} |", heads.join(" | "));
    let _ = writeln!(out, "|{}", " --- |".repeat(heads.len()));
    for row in &words.rows {
        let cells = row.cells.iter().map(|cell| {
            let lines: Vec<String> = cell
                .iter()
                .map(|l| {
                    let policy = if l.is_policy { ", policy" } else { "" };
                    escaped(&format!(
                        "{} ({}; {}{policy}; {})",
                        l.says, l.rule, l.status, l.citation
                    ))
                })
                .collect();
            lines.join("<br>")
        });
        let all: Vec<String> = row.at.iter().map(|v| escaped(v)).chain(cells).collect();
        let _ = writeln!(out, "| {} |", all.join(" | "));
    }
    out
}

fn html(table: &DecisionTable) -> String {
    let words = words(table);
    let page = DecisionPage { table: &words };
    // Writing to a string cannot fail.
    let mut out = page.render().unwrap_or_default();
    if !out.ends_with('\n') {
        out.push('\n');
    }
    out
}

#[derive(Serialize)]
struct WireTable {
    schema: &'static str,
    on: String,
    axes: Vec<WireAxis>,
    cells: Vec<WireCell>,
}

#[derive(Serialize)]
struct WireAxis {
    fact: String,
    values: Vec<String>,
}

#[derive(Serialize)]
struct WireCell {
    at: Vec<String>,
    speaks: Vec<WireSaid>,
}

fn json(table: &DecisionTable) -> String {
    let table = WireTable {
        schema: "weighbridge.decision-table/1",
        on: table.on.to_string(),
        axes: table
            .axes
            .iter()
            .map(|a| WireAxis {
                fact: a.fact.to_string(),
                values: a.values.clone(),
            })
            .collect(),
        cells: table
            .cells
            .iter()
            .map(|c| WireCell {
                at: c.at.clone(),
                speaks: wire(&c.speaks),
            })
            .collect(),
    };
    // These structs always serialize.
    let mut out = serde_json::to_string_pretty(&table).unwrap_or_default();
    out.push('\n');
    out
}
