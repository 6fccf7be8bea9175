//! A rulebook ends in a book or in faults that stand inside the text; a book that is accepted can be
//! read on any of its days, and knows as much of every rule as it says.
#![no_main]

use std::sync::OnceLock;

use libfuzzer_sys::fuzz_target;
use weigh_facts::Facts;
use weigh_rules::{Library, assess, check, check_trusted, coverage};

fn library() -> &'static Library {
    static LIBRARY: OnceLock<Library> = OnceLock::new();
    LIBRARY.get_or_init(Library::shipped)
}

fuzz_target!(|bytes: &[u8]| {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    let book = match check(text, library()) {
        Ok(book) => book,
        Err(faults) => {
            assert!(!faults.is_empty(), "refused without a reason");
            for fault in faults.iter().take(20) {
                assert!(fault.span.start <= text.len(), "a place outside the text");
                assert!(!fault.render("book.toml", text).is_empty());
            }
            return;
        }
    };
    assert!(check_trusted(text, library()).is_ok(), "trusted is stricter than whole");
    let rules = book.entries().count();
    for on in book.change_days().into_iter().take(4) {
        let found = assess(&book, &Facts::new(), on, book.known_through());
        assert_eq!(found.findings.len(), rules, "a rule without a finding");
        for finding in &found.findings {
            assert!(!finding.citations.is_empty(), "a finding without a citation");
            assert!(!finding.possible.is_empty(), "a finding without an outcome");
        }
    }
    assert_eq!(coverage(&book).rules.len(), rules);
});
