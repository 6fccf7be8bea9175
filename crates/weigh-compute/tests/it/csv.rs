//! CSV of the test corpus; shared with the tests of the station.

use std::collections::BTreeMap;

/// Rows of a CSV file by the names of its columns: RFC 4180, quoted fields may hold commas, line
/// ends and doubled quotes.
pub(crate) fn csv(text: &str) -> Vec<BTreeMap<String, String>> {
    let mut records: Vec<Vec<String>> = vec![vec![String::new()]];
    let mut is_quoted = false;
    let mut chars = text.chars().filter(|c| *c != '\r').peekable();
    while let Some(c) = chars.next() {
        let record = records.last_mut().expect("there is always a record");
        let field = record.last_mut().expect("there is always a field");
        match c {
            '"' if is_quoted && chars.peek() == Some(&'"') => {
                field.push('"');
                chars.next();
            }
            '"' => is_quoted = !is_quoted,
            ',' if !is_quoted => record.push(String::new()),
            '\n' if !is_quoted => records.push(vec![String::new()]),
            c => field.push(c),
        }
    }
    assert!(!is_quoted, "a quoted field has no end");
    records.retain(|r| r.len() > 1);
    let header = records.remove(0);
    let row = |record: Vec<String>| {
        assert_eq!(record.len(), header.len(), "{record:?}");
        header.iter().cloned().zip(record).collect()
    };
    records.into_iter().map(row).collect()
}
