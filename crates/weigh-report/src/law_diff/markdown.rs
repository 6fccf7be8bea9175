//! A comparison as Markdown for a ticket or a memo.

use crate::law_diff::words::{BookDiffWords, DiffWords, TreatmentWords};
use crate::markdown::{Memo, escaped};
use crate::page::capitalized;

/// Sets the comparison.
pub(crate) fn render(page: &DiffWords) -> String {
    let mut memo = Memo::default();
    memo.line(&format!(
        "# {} beside {}",
        escaped(&page.one),
        escaped(&page.other)
    ));
    memo.paragraph(&format!("{}; as known on {}.", page.tool, page.known));
    let [texts, subjects] = &page.summary;
    memo.paragraph(&format!("**{}; {subjects}.**", capitalized(texts)));
    for each in &page.books {
        book(&mut memo, each);
    }
    for (label, ids) in [
        ("The same on both sides", &page.same),
        ("Only on the first side", &page.only_one),
        ("Only on the second side", &page.only_other),
    ] {
        if !ids.is_empty() {
            memo.paragraph(&format!("{label}: {}.", escaped(ids)));
        }
    }
    if !page.treatments.is_empty() {
        memo.heading(2, "Treated otherwise, the heaviest rule first");
        let rows: Vec<Vec<String>> = page.treatments.iter().flat_map(rows).collect();
        memo.table(&["Subject", "Rule", "Level", "Before", "After"], &rows);
    }
    memo.paragraph(CLOSING);
    memo.into_text()
}

const CLOSING: &str = "An encoding of texts under documented readings, not legal advice; each rule's source is the law.";

/// One row per rule; the subjects stand in the first.
fn rows(treatment: &TreatmentWords) -> Vec<Vec<String>> {
    let subjects = format!("{}: {}", treatment.kind, treatment.subjects.join(", "));
    let mut rows: Vec<Vec<String>> = Vec::new();
    for change in &treatment.changes {
        rows.push(vec![
            String::new(),
            change.rule.clone(),
            change.level.clone(),
            change.before.to_owned(),
            change.after.to_owned(),
        ]);
    }
    if let Some(notes) = &treatment.open_notes {
        let mut row = vec![String::new(); 5];
        row[1] = format!("and {notes}");
        rows.push(row);
    }
    if let Some(first) = rows.first_mut() {
        first[0] = subjects;
    }
    rows
}

fn book(memo: &mut Memo, book: &BookDiffWords) {
    memo.heading(
        2,
        &format!("{}: {}", escaped(&book.id), escaped(&book.title)),
    );
    let rows: Vec<Vec<String>> = book
        .changes
        .iter()
        .map(|change| {
            let level = change.level.as_ref().map(|l| format!(" ({l})"));
            let title = change.title.as_ref().map(|t| format!(", {t}"));
            let title = title.unwrap_or_default();
            let name = match change.name.is_empty() {
                true => change.part.to_owned(),
                false => format!("{} {}{title}", change.part, change.name),
            };
            vec![
                format!("{name}{}", level.unwrap_or_default()),
                change.what.to_owned(),
                change.before.line(),
                change.after.line(),
            ]
        })
        .collect();
    memo.table(&["What", "Differs in", "Before", "After"], &rows);
}
