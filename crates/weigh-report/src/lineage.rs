//! A model beside possible ancestors: a sheet like that of an inspection, and versioned JSON.
//!
//! - **Invariant:** the words "not derived" stand nowhere: what was not found may still be there.

mod json;
mod words;

use weigh_station::LineageReport;

use crate::Format;
use crate::inspection;

/// Renders a comparison. Ends with a line break.
#[must_use]
pub fn render_lineage(report: &LineageReport, format: Format) -> String {
    match format {
        Format::Json => json::render(report),
        Format::Text => inspection::text(&words::of(report)),
        Format::Markdown => inspection::markdown(&words::of(report)),
        Format::Html => inspection::html(&words::of(report)),
    }
}
