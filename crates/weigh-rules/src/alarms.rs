//! What a person must look at because of the day: declared in a book, or seen in its dates.
//!
//! - **Invariant:** nothing here changes a verdict.

use std::fmt::Display;
use std::sync::Arc;

use weigh_facts::{Date, Timeline};

use crate::Rulebook;
use crate::finding::{Alarm, AlarmKind};

/// The alarms of a rulebook on a day, in the order: declared, ended, stale.
pub(crate) fn alarms(book: &Rulebook, on: Date, known: Date) -> Vec<Alarm> {
    let mut found: Vec<Alarm> = Vec::new();
    for declared in book.alarms.iter().filter(|a| a.when.holds(on, known)) {
        found.push(Alarm {
            rulebook: Arc::clone(&book.id),
            id: declared.id.clone(),
            kind: AlarmKind::Declared,
            from: declared.when.from.unwrap_or(on),
            text: declared.text.clone(),
            citations: declared.citations.clone(),
        });
    }
    ended(book, &book.text_status, "the text", on, known, &mut found);
    ended(
        book,
        &book.enforcement,
        "enforcement",
        on,
        known,
        &mut found,
    );
    for rule in book.rules.iter().filter(|r| r.interval.holds(on, known)) {
        let of = |what: &str| format!("{what} of `{}`", rule.id);
        if let Some(status) = &rule.text_status {
            ended(book, status, &of("the text"), on, known, &mut found);
        }
        if let Some(status) = &rule.enforcement {
            ended(book, status, &of("enforcement"), on, known, &mut found);
        }
    }
    if on > book.known_through {
        found.push(Alarm {
            rulebook: Arc::clone(&book.id),
            id: "stale".to_owned(),
            kind: AlarmKind::Stale,
            from: book.known_through,
            text: format!(
                "the rulebook knows the law through {}, and {on} is later",
                book.known_through
            ),
            citations: Vec::new(),
        });
    }
    found
}

/// A status that ended before the day, with nothing after it.
fn ended<T: Display>(
    book: &Rulebook,
    status: &Timeline<T>,
    what: &str,
    on: Date,
    known: Date,
    found: &mut Vec<Alarm>,
) {
    if status.at(on, known).is_some() {
        return;
    }
    let over = status.entries().filter_map(|e| {
        let until = e.when.until.filter(|until| *until <= on)?;
        Some((until, &e.value))
    });
    let Some((until, word)) = over.max_by_key(|(until, _)| *until) else {
        return;
    };
    found.push(Alarm {
        rulebook: Arc::clone(&book.id),
        id: "expired".to_owned(),
        kind: AlarmKind::Expired,
        from: until,
        text: format!("{what} was {word} until {until}, and nothing is known of it since"),
        citations: Vec::new(),
    });
}
