//! One self-contained HTML file: no script, no request to anywhere, one drawing inline.
//!
//! - **Invariant:** the template escapes every value; nothing here is marked as safe.
//! - **Invariant:** shapes, patterns and words carry the meaning; color repeats it.

mod drawing;

use askama::Template;

use crate::page::{Page, capitalized};
use drawing::Drawing;

/// The template and what it shows.
#[derive(Template)]
#[template(path = "weighing.html")]
struct Document<'a> {
    page: &'a Page,
    summary: String,
    drawing: Option<Drawing>,
}

/// Sets the page.
pub(crate) fn render(page: &Page) -> String {
    let document = Document {
        page,
        summary: capitalized(&page.findings.summary()),
        drawing: page.scale.as_ref().map(Drawing::of),
    };
    let mut html = document
        .render()
        .expect("a template into a string cannot fail");
    html.push('\n');
    html
}
