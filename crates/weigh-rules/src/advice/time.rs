//! Holes and overlaps in time: days of which a timeline says nothing, or two things.

use std::collections::BTreeSet;

use weigh_facts::{Dated, Diagnostic, Timeline};

use super::{Desk, far_future};
use crate::browse::Axis;
use crate::runner;

/// Entries of a timeline that leave days out between them, or claim days that another has.
pub(super) fn holes_and_overlaps(desk: &mut Desk<'_>) {
    let book = desk.book;
    let mut found = Vec::new();
    let text = desk.places.status(Axis::Text);
    in_line(&book.text_status, "`text_status`", &text, &mut found);
    let enforcement = desk.places.status(Axis::Enforcement);
    in_line(&book.enforcement, "`enforcement`", &enforcement, &mut found);
    for param in &book.params {
        let span = desk.places.param(&param.name);
        in_line(
            &param.values,
            &format!("`${}`", param.name),
            &span,
            &mut found,
        );
    }
    for set in &book.sets {
        // A shared table is not this book's to mend.
        if let Some(span) = desk.places.set(&set.name) {
            in_line(&set.values, &format!("`${}`", set.name), &span, &mut found);
        }
    }
    for rule in &book.rules {
        if let Some(line) = &rule.text_status {
            let what = format!("`text_status` of `{}`", rule.id);
            in_line(line, &what, &rule.span, &mut found);
        }
        if let Some(line) = &rule.enforcement {
            let what = format!("`enforcement` of `{}`", rule.id);
            in_line(line, &what, &rule.span, &mut found);
        }
    }
    for lint in found {
        desk.warn(lint);
    }
}

fn in_line<T>(
    line: &Timeline<T>,
    what: &str,
    span: &std::ops::Range<usize>,
    found: &mut Vec<Diagnostic>,
) {
    let Some(known) = far_future() else { return };
    let entries: Vec<&Dated<T>> = line.entries().collect();
    for entry in &entries {
        let Some(until) = entry.when.until else {
            continue;
        };
        let later = entries.iter().filter_map(|e| e.when.from);
        let next = later.filter(|from| *from > until).min();
        if let Some(next) = next.filter(|_| line.at(until, known).is_none()) {
            let message = format!("{what} says nothing from {until} until {next}");
            let help = "say what holds between, or let the earlier entry run on";
            found.push(Diagnostic::new("time-gap", message, span.clone()).with_help(help));
        }
        let shadows = |other: &&&Dated<T>| {
            let begins = other.when.from;
            let is_inside = begins.is_some_and(|b| b < until) && begins > entry.when.from;
            is_inside && other.when.known < entry.when.known
        };
        if let Some(other) = entries.iter().find(shadows) {
            let from = other.when.from.map_or_else(String::new, |d| d.to_string());
            let message = format!(
                "{what} has an entry until {until}, and one learned earlier that holds from {from}"
            );
            let help = "of two entries the one that begins later holds; end the former there, or amend the latter";
            found.push(Diagnostic::new("time-overlap", message, span.clone()).with_help(help));
        }
    }
}

/// The first day on which something changes and a rule in force has no status, for each rule.
pub(super) fn missing_statuses(desk: &mut Desk<'_>) {
    let mut seen = BTreeSet::new();
    for (rule, failure) in runner::days_without_status(desk.book) {
        if !seen.insert(rule) {
            continue;
        }
        let rule = rule.and_then(|r| desk.book.rules.get(r));
        let enforcement = desk.places.status(Axis::Enforcement);
        let span = rule.map_or(enforcement, |r| r.span.clone());
        let help =
            "let `text_status` and `enforcement` cover every day on which a rule is in force";
        desk.error(Diagnostic::new("status-gap", failure, span).with_help(help));
    }
}
