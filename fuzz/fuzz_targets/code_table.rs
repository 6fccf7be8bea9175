//! A table of codes ends in sets with codes in upper case, or in faults inside the text.
#![no_main]

use libfuzzer_sys::fuzz_target;
use weigh_rules::read_code_table;

fuzz_target!(|bytes: &[u8]| {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    match read_code_table(text) {
        Ok(table) => {
            let (on, known) = (table.known_through(), table.known_through());
            for set in table.sets() {
                for code in table.codes(set, on, known).into_iter().flatten() {
                    assert!(!code.is_empty() && !code.chars().any(|c| c.is_ascii_lowercase()));
                }
            }
        }
        Err(faults) => {
            assert!(!faults.is_empty(), "refused without a reason");
            assert!(faults.iter().all(|f| f.span.start <= text.len()));
        }
    }
});
