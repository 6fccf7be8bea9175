//! Versioned JSON for programs: `weighbridge.weigh/1`, as `schemas/weighbridge.weigh-1.json` says.
//!
//! - **Invariant:** numbers are written with every digit they have: nothing passes a float.
//! - **Invariant:** a key that exists is always written; what is not known is `null`.
//! - **Invariant:** a change that could break a reader is a new version.

mod amount;
mod findings;
mod wire;

use weigh_station::Weighing;

use crate::clean::is_hostile;

pub(crate) use findings::{Alarm, alarms};

/// Writes a weighing as JSON.
pub(crate) fn render(weighing: &Weighing) -> String {
    let wire = wire::Weigh::of(weighing);
    let text = serde_json::to_string_pretty(&wire).expect("wire structs have string keys only");
    let mut text = escaped(&text);
    text.push('\n');
    text
}

/// The same JSON with every character that could steer a terminal, or hide in one, as an escape.
/// Nothing is lost: a reader gets the string as it was.
pub(crate) fn escaped(json: &str) -> String {
    let mut out = String::with_capacity(json.len());
    let mut units = [0_u16; 2];
    for c in json.chars() {
        if c == '\n' || !is_hostile(c) {
            out.push(c);
            continue;
        }
        for unit in c.encode_utf16(&mut units) {
            out.push_str(&format!("\\u{unit:04x}"));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_steers_a_terminal_is_escaped_and_reads_back() {
        let name = "a\u{9b}31m \u{202e}b\u{e0041}\u{7f}";
        let json = escaped(&serde_json::to_string(name).expect("a string serializes"));
        assert!(json.is_ascii(), "{json}");
        let back: String = serde_json::from_str(&json).expect("the escapes are JSON");
        assert_eq!(back, name);
    }
}
