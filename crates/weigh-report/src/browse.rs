//! The law itself, for people: one page of HTML with every rulebook, or one book in a terminal.
//!
//! - **Invariant:** every value is escaped by the template; nothing here is marked as safe. The books
//!   of a person's own are words from outside like any other.
//! - **Invariant:** nothing runs and nothing is fetched.

mod condition;
mod sheet;
mod timeline;
mod words;

use askama::Template;
use weigh_facts::Date;
use weigh_station::Law;

use words::LawWords;

/// The template and what it shows.
#[derive(Template)]
#[template(path = "law.html")]
struct Document<'a> {
    page: &'a LawWords,
}

/// Renders the rulebooks of a law as one self-contained file of HTML, as they are read on a day.
/// Without `known`, each rulebook is read as far as it knows. Ends with a line break.
#[must_use]
pub fn render_law_page(law: &Law, on: Date, known: Option<Date>) -> String {
    let page = LawWords::of(law, on, known);
    let mut html = Document { page: &page }
        .render()
        .expect("a template into a string cannot fail");
    html.push('\n');
    html
}

/// Renders the rulebooks of a law for a terminal, at most 100 columns wide, with or without color.
#[must_use]
pub fn render_law_text(law: &Law, on: Date, known: Option<Date>, color: bool) -> String {
    sheet::render(&LawWords::of(law, on, known), color)
}
