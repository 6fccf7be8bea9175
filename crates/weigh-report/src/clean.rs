//! Words from outside, made safe to stand on a page.
//!
//! A model's files choose their own names. A name must not steer a terminal, hide part of itself,
//! turn the direction of a line, or run on for a megabyte.
//!
//! - **Invariant:** what leaves here holds no control character and no invisible one, and has at
//!   most [`LONGEST`] characters, or [`LONGEST_PARAGRAPH`].
//! - **Not here:** escaping of markup. Each format escapes what it writes.

/// Longest text that a page shows of one value.
const LONGEST: usize = 600;

/// Stands for a character that must not reach a page.
const REPLACEMENT: char = '\u{fffd}';

/// Longest text of a law: a condition or a reading is a paragraph, not a name.
const LONGEST_PARAGRAPH: usize = 6_000;

/// The text as it may stand on a page. Line breaks and tabs become spaces.
pub(crate) fn clean(text: &str) -> String {
    cleaned(text, LONGEST)
}

/// The same for what is a paragraph by nature: a condition, a reading.
pub(crate) fn clean_paragraph(text: &str) -> String {
    cleaned(text, LONGEST_PARAGRAPH)
}

fn cleaned(text: &str, longest: usize) -> String {
    let mut out = String::with_capacity(text.len().min(longest));
    for (index, c) in text.chars().enumerate() {
        if index == longest {
            out.push('…');
            break;
        }
        out.push(match c {
            '\n' | '\r' | '\t' => ' ',
            c if is_hostile(c) => REPLACEMENT,
            c => c,
        });
    }
    out
}

/// Does it steer a terminal, hide, or turn the direction of a line?
pub(crate) fn is_hostile(c: char) -> bool {
    c.is_control()
        || matches!(
            c,
            '\u{ad}'
                | '\u{34f}'
                | '\u{61c}'
                | '\u{115f}'..='\u{1160}'
                | '\u{17b4}'..='\u{17b5}'
                | '\u{180e}'
                | '\u{200b}'..='\u{200f}'
                | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}'
                | '\u{3164}'
                | '\u{fe00}'..='\u{fe0f}'
                | '\u{feff}'
                | '\u{fff9}'..='\u{fffb}'
                | '\u{e0000}'..='\u{e0fff}'
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_steers_a_terminal_is_replaced() {
        assert_eq!(clean("a\u{1b}[31mred\u{7}"), "a\u{fffd}[31mred\u{fffd}");
        assert_eq!(clean("\u{9b}2J"), "\u{fffd}2J");
        assert_eq!(clean("one\ntwo\r\tthree"), "one two  three");
    }

    #[test]
    fn what_hides_or_turns_is_replaced() {
        assert_eq!(clean("gpj.\u{202e}exe"), "gpj.\u{fffd}exe");
        assert_eq!(clean("ll\u{200b}ama"), "ll\u{fffd}ama");
        assert_eq!(clean("x\u{e0041}"), "x\u{fffd}");
    }

    #[test]
    fn ordinary_words_of_any_language_stay() {
        for text in [
            "Qwen3-235B",
            "模型 α≥β",
            "modèle d’été",
            "Article 51(2), “greater”",
        ] {
            assert_eq!(clean(text), text);
        }
    }

    #[test]
    fn a_name_without_end_ends() {
        assert_eq!(clean(&"x".repeat(10_000)).chars().count(), LONGEST + 1);
    }
}
