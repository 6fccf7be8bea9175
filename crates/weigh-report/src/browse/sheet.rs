//! The law for a terminal: every rule with its condition, its source and its reading.

use crate::browse::condition::Piece;
use crate::browse::words::{
    AlarmWords, BookWords, LawWords, Link, ParamWords, RuleWords, SetWords, StatusWords,
};
use crate::page::findings::CitationWords;
use crate::text::sheet::{Sheet, Tone};

/// Sets the books one after the other.
pub(crate) fn render(page: &LawWords, color: bool) -> String {
    let mut sheet = Sheet::new(color);
    let header = format!("{} · {} · read on {}", page.tool, page.summary, page.on);
    sheet.write(&header, 0, 2, Some(Tone::Strong));
    for each in &page.books {
        book(&mut sheet, each, &page.on);
    }
    sheet.into_text()
}

fn book(sheet: &mut Sheet, book: &BookWords, on: &str) {
    sheet.heading(&format!("{}  {}", book.id, book.title));
    sheet.field(
        "on this day",
        &format!("text {}; enforcement: {}", book.text, book.enforcement),
    );
    let stale = if book.is_stale {
        format!("; STALE on {on}")
    } else {
        String::new()
    };
    sheet.field("known through", &format!("{}{stale}", book.known_through));
    if !book.jurisdiction.is_empty() {
        sheet.field("jurisdiction", &book.jurisdiction);
    }
    sheet.field(
        "sources",
        &format!(
            "{} at the weakest, by {}",
            book.certainty, book.certainty_share
        ),
    );
    sheet.field(
        "version",
        &format!("{}, sha256 {}", book.version, book.digest),
    );
    if let Some(file) = &book.supplied_by {
        sheet.toned_field("supplied by you", Some(Tone::Open), file);
    }
    for each in &book.alarms {
        alarm(sheet, each);
    }
    statuses(sheet, &book.statuses);
    if !book.params.is_empty() || !book.sets.is_empty() {
        sheet.heading("Values");
        book.params.iter().for_each(|each| param(sheet, each));
        book.sets.iter().for_each(|each| set(sheet, each));
    }
    if !book.predicates.is_empty() {
        sheet.heading("Named conditions");
        for each in &book.predicates {
            sheet.field(&each.name, &one_line(&each.pieces));
        }
    }
    sheet.heading("Rules");
    for each in &book.rules {
        sheet.blank();
        rule(sheet, each);
    }
    if !book.other_alarms.is_empty() {
        sheet.heading("Days that will ask for a person");
        for each in &book.other_alarms {
            alarm(sheet, each);
        }
    }
}

fn alarm(sheet: &mut Sheet, alarm: &AlarmWords) {
    let words = format!("{} ({}, from {})", alarm.text, alarm.id, alarm.from);
    sheet.toned_field("look", Some(Tone::Open), &words);
}

fn statuses(sheet: &mut Sheet, statuses: &[StatusWords]) {
    if statuses.is_empty() {
        return;
    }
    sheet.heading("Status");
    for each in statuses {
        let source = each.source.as_ref().map(|s| format!("; {}", cited(s)));
        let now = if each.is_now { " (on this day)" } else { "" };
        let words = format!(
            "{}, {}{now}{}",
            each.word,
            each.span.in_words(),
            source.unwrap_or_default()
        );
        sheet.field(each.axis, &words);
    }
}

fn param(sheet: &mut Sheet, param: &ParamWords) {
    if let Some(reason) = &param.unstated {
        sheet.field(&param.name, &format!("not stated: {reason}"));
    }
    for value in &param.values {
        let words = format!(
            "{}, {}; {}",
            value.value,
            value.span.in_words(),
            cited(&value.source)
        );
        sheet.field(&param.name, &words);
    }
}

fn set(sheet: &mut Sheet, set: &SetWords) {
    for state in &set.states {
        let codes: Vec<&str> = state.codes.iter().map(|(code, _)| code.as_str()).collect();
        let words = format!(
            "{} codes, {}: {}; {}",
            codes.len(),
            state.span.in_words(),
            codes.join(" "),
            cited(&state.source)
        );
        sheet.field(&set.name, &words);
    }
}

fn rule(sheet: &mut Sheet, rule: &RuleWords) {
    let tone = Some(Tone::Strong).filter(|_| rule.is_in_force);
    let title = rule.title.as_ref().map(|t| format!(" · {t}"));
    let head = format!(
        "{} · about {}{}",
        rule.id,
        rule.about,
        title.unwrap_or_default()
    );
    sheet.lead(&rule.level.to_uppercase(), tone, &head);
    let field = |sheet: &mut Sheet, label: &str, text: &str| sheet.subfield(label, text);
    if let Some(status) = rule.not_law {
        field(sheet, "text", status);
    }
    field(sheet, "days", &rule.days);
    field(sheet, "when", &one_line(&rule.when));
    for each in &rule.meaning {
        field(
            sheet,
            "where",
            &format!("{} is {}", each.name, one_line(&each.pieces)),
        );
    }
    for line in &rule.lines {
        field(sheet, "line", &format!("{} is {}", line.name, line.value));
    }
    let outcome: Vec<String> = rule
        .outcome
        .iter()
        .map(|(k, w)| format!("{k}: {w}"))
        .collect();
    if !outcome.is_empty() {
        field(sheet, "then", &outcome.join("; "));
    }
    if let Some(event) = &rule.clock {
        field(sheet, "clock", &format!("runs from: {event}"));
    }
    for citation in &rule.citations {
        field(sheet, "source", &cited(citation));
    }
    for citation in &rule.see {
        field(sheet, "see", &cited(citation));
    }
    if let Some(reading) = &rule.reading {
        field(sheet, "reading", reading);
    }
    if let Some(addressee) = &rule.addressee {
        field(sheet, "binds", addressee);
    }
    if rule.is_policy {
        field(
            sheet,
            "basis",
            "what an agency does, beside or against the text",
        );
    }
    for status in &rule.statuses {
        let words = format!("{}, {}", status.word, status.span.in_words());
        field(sheet, status.axis, &words);
    }
    for (label, links) in [("overrides", &rule.overrides), ("unless", &rule.exceptions)] {
        if !links.is_empty() {
            field(sheet, label, &listed(links));
        }
    }
    field(sheet, "tests", &rule.tests.to_string());
}

fn listed(links: &[Link]) -> String {
    let links: Vec<&str> = links.iter().map(|l| l.text.as_str()).collect();
    links.join(", ")
}

fn one_line(pieces: &[Piece]) -> String {
    let text: String = pieces.iter().map(|p| p.text.as_str()).collect();
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn cited(citation: &CitationWords) -> String {
    let quote = citation.quote.as_ref().map(|q| format!(", \"{q}\""));
    format!(
        "{}{} [{}]",
        citation.title,
        quote.unwrap_or_default(),
        citation.certainty
    )
}
