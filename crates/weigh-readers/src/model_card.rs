//! The front matter of a model card: which models it says it came from.
//!
//! Of YAML, what cards use is read: `base_model: NAME`, or a list below it or in brackets.
//! What stands there is a claim of its author. Nothing else of the page is looked at.

use crate::ReadError;
use crate::bytes::{self, Object};

/// Longer pages have their front matter in the part that is read.
const LEN_MAX: u64 = 4 << 20;
/// Names kept, and letters of a name.
const NAMES_MAX: usize = 64;
const NAME_MAX: usize = 256;

/// The models named as `base_model`, in the order of the page.
///
/// # Errors
/// When the page is empty, longer than 4 MiB, or not UTF-8.
pub fn base_models(object: &dyn Object, input: &str) -> Result<Vec<String>, ReadError> {
    Ok(from_text(&bytes::read_text(object, input, LEN_MAX)?))
}

fn from_text(text: &str) -> Vec<String> {
    let mut lines = text.lines().map(str::trim_end);
    if lines.next() != Some("---") {
        return Vec::new();
    }
    let mut found = Vec::new();
    let mut in_list = false;
    for line in lines.take_while(|line| *line != "---") {
        if let Some(value) = line.strip_prefix("base_model:") {
            let value = value.trim();
            in_list = value.is_empty();
            let inside = value.strip_prefix('[').and_then(|v| v.strip_suffix(']'));
            found.extend(inside.unwrap_or(value).split(',').map(name));
        } else if let (true, Some(item)) = (in_list, line.trim_start().strip_prefix("- ")) {
            found.push(name(item));
        } else if !line.trim_start().is_empty() {
            in_list = false;
        }
    }
    found.retain(|n| !n.is_empty());
    found.truncate(NAMES_MAX);
    found
}

fn name(text: &str) -> String {
    let text = text.trim().trim_matches(['"', '\'']);
    text.chars().take(NAME_MAX).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_forms_that_cards_use_are_read() {
        for text in [
            "---\nlicense: mit\nbase_model: a/b\n---\n",
            "---\nbase_model:\n- a/b\ntags:\n- other\n---\n",
            "---\nbase_model: ['a/b']\n---\nbase_model: c\n",
        ] {
            assert_eq!(from_text(text), ["a/b"], "{text}");
        }
        let two = from_text("---\nbase_model:\n  - a/b\n  - \"c/d\"\nlanguage: en\n---\n");
        assert_eq!(two, ["a/b", "c/d"]);
    }

    #[test]
    fn what_is_no_front_matter_says_nothing() {
        for text in ["", "base_model: a", "# Title\n---\nbase_model: a\n---\n"] {
            assert!(from_text(text).is_empty(), "{text}");
        }
    }
}
