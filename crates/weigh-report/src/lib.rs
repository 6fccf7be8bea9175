//! Renders a weighing: text for a terminal, versioned JSON for programs, Markdown for a memo, one
//! HTML file for everybody else.
//!
//! The way through the modules: `page` puts a weighing into words, `scale` lays out the bar of
//! operations and lines, `text`, `markdown` and `html` set both; `json` writes the weighing itself
//! in wire structs of its own, so that the inner types stay free to change.
//!
//! - **Invariant:** rendering decides nothing. What a reader sees stands in the weighing; only its
//!   form is chosen here.
//! - **Invariant:** the same weighing gives the same bytes, on every machine.
//! - **Invariant:** words from outside cannot steer a terminal or break markup; see `clean`.
//! - **Invariant:** color never carries meaning: every word reads the same without it.
//! - **Absent on purpose:** a legal conclusion. A page says what was found, under which reading.

mod browse;
mod chip;
mod chip_list;
mod class;
mod clean;
mod cluster;
mod decision;
mod facts;
mod finding;
mod html;
mod inspection;
mod json;
mod law_diff;
mod lints;
mod markdown;
mod numbers;
mod page;
mod scale;
mod scatter;
mod speaks;
mod text;

pub use browse::{render_law_page, render_law_text};
pub use chip::render_chip;
pub use chip_list::{render_chip_list, render_chip_list_csv, with_class};
pub use cluster::render_cluster;
pub use decision::render_decision_table;
pub use facts::render_facts;
pub use finding::render_finding;
pub use inspection::render_inspection;
pub use law_diff::{render_law_diff, render_law_diff_text};
pub use lints::{LintedFile, render_lints};
pub use scatter::render_scatter;

use weigh_station::Weighing;

use page::Page;

/// The name of the program that weighed.
const TOOL: &str = "weighbridge";

/// Its version: the workspace has one.
const VERSION: &str = env!("CARGO_PKG_VERSION");

/// How to show a weighing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Format {
    /// One page for a terminal, without color; see [`render_text`].
    Text,
    /// Versioned JSON: `schemas/weighbridge.weigh-1.json`.
    Json,
    /// Markdown for a ticket or a memo.
    Markdown,
    /// One self-contained file that reads well on a screen and on paper.
    Html,
}

/// Renders a weighing. Ends with a line break.
#[must_use]
pub fn render(weighing: &Weighing, format: Format) -> String {
    match format {
        Format::Text => render_text(weighing, false),
        Format::Json => json::render(weighing),
        Format::Markdown => markdown::render(&Page::of(weighing)),
        Format::Html => html::render(&Page::of(weighing)),
    }
}

/// Renders a weighing for a terminal, at most 100 columns wide, with or without color.
#[must_use]
pub fn render_text(weighing: &Weighing, color: bool) -> String {
    text::render(&Page::of(weighing), color)
}
