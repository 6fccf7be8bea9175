//! A comparison for a terminal.

use crate::law_diff::words::{BookDiffWords, ChangeWords, DiffWords, TreatmentWords};
use crate::page::capitalized;
use crate::text::sheet::{Sheet, Tone};

/// Sets the comparison.
pub(crate) fn render(page: &DiffWords, color: bool) -> String {
    let mut sheet = Sheet::new(color);
    let header = format!("{} · {} beside {}", page.tool, page.one, page.other);
    sheet.write(&header, 0, 2, Some(Tone::Strong));
    let [texts, subjects] = &page.summary;
    sheet.write(&format!("{}; {subjects}", capitalized(texts)), 0, 2, None);
    sheet.write(
        &format!("As known on {}", page.known),
        0,
        2,
        Some(Tone::Quiet),
    );
    for each in &page.books {
        book(&mut sheet, each);
    }
    for (label, ids) in [
        ("The same on both sides", &page.same),
        ("Only on the first side", &page.only_one),
        ("Only on the second side", &page.only_other),
    ] {
        if !ids.is_empty() {
            sheet.heading(label);
            sheet.write(ids, 2, 2, None);
        }
    }
    if !page.treatments.is_empty() {
        sheet.heading("Treated otherwise, the heaviest rule first");
        page.treatments
            .iter()
            .for_each(|t| treatment(&mut sheet, t));
    }
    sheet.into_text()
}

fn book(sheet: &mut Sheet, book: &BookDiffWords) {
    sheet.heading(&format!("{}  {}", book.id, book.title));
    for each in &book.changes {
        change(sheet, each);
    }
}

fn change(sheet: &mut Sheet, change: &ChangeWords) {
    let level = change.level.as_ref().map(|l| format!(" [{l}]"));
    let head = match change.name.is_empty() {
        true => change.what.to_owned(),
        false => {
            let title = change.title.as_ref().map(|t| format!(" · {t}"));
            let (level, title) = (level.unwrap_or_default(), title.unwrap_or_default());
            let (part, name, what) = (change.part, &change.name, change.what);
            format!("{part} {name}{level}: {what}{title}")
        }
    };
    sheet.write(&head, 2, 4, Some(Tone::Strong));
    match change.what {
        "begins" => sheet.subfield("", &change.after.line()),
        "ends" => sheet.subfield("", &change.before.line()),
        _ => {
            sheet.subfield("before", &change.before.line());
            sheet.subfield("after", &change.after.line());
        }
    }
}

fn treatment(sheet: &mut Sheet, treatment: &TreatmentWords) {
    sheet.blank();
    let subjects = treatment.subjects.join(", ");
    sheet.write(
        &format!("{}: {subjects}", treatment.kind),
        2,
        4,
        Some(Tone::Strong),
    );
    for change in &treatment.changes {
        let title = change.title.as_ref().map(|t| format!(" · {t}"));
        let words = format!(
            "{}{} · {}: {} → {}",
            change.rule,
            title.unwrap_or_default(),
            change.level,
            change.before,
            change.after
        );
        sheet.write(&words, 4, 6, None);
    }
    if let Some(notes) = &treatment.open_notes {
        sheet.write(&format!("and {notes}"), 4, 6, Some(Tone::Quiet));
    }
}
