//! Two readings of the law side by side: text for a terminal, Markdown, JSON, one page of HTML.
//!
//! - **Invariant:** rendering decides nothing; see [`weigh_station::diff_law`].

mod json;
mod markdown;
mod sheet;
mod words;

use askama::Template;
use weigh_station::LawDiff;

use crate::Format;
use words::DiffWords;

/// The template and what it shows.
#[derive(Template)]
#[template(path = "law_diff.html")]
struct Document<'a> {
    page: &'a DiffWords,
}

/// Renders a comparison. Text is without color; see [`render_law_diff_text`]. Ends with a line
/// break.
#[must_use]
pub fn render_law_diff(diff: &LawDiff, format: Format) -> String {
    match format {
        Format::Text => render_law_diff_text(diff, false),
        Format::Json => json::render(diff),
        Format::Markdown => markdown::render(&DiffWords::of(diff)),
        Format::Html => html(&DiffWords::of(diff)),
    }
}

/// Renders a comparison for a terminal, at most 100 columns wide, with or without color.
#[must_use]
pub fn render_law_diff_text(diff: &LawDiff, color: bool) -> String {
    sheet::render(&DiffWords::of(diff), color)
}

fn html(page: &DiffWords) -> String {
    let mut html = Document { page }
        .render()
        .expect("a template into a string cannot fail");
    html.push('\n');
    html
}
