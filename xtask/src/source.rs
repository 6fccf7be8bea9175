//! A Rust file, split into what the compiler runs, what it ignores and what only tests see.
//!
//! The checks look for words in code. Searching the plain text would find them in comments and
//! strings as well, so this module blanks those out first and remembers where the strings were.
//!
//! - **Invariant:** `code` has the length of `text`, and its line breaks in the same places.
//! - It is a scanner, not a parser: it knows comments, literals, lifetimes and brackets, no more.

use std::ops::Range;

/// One Rust source file.
#[derive(Debug)]
pub(crate) struct Source {
    pub(crate) path: String,
    pub(crate) text: String,
    /// The text with comments and the contents of literals replaced by blanks.
    pub(crate) code: String,
    /// String literals in order of appearance, as written between the quotes.
    pub(crate) strings: Vec<Literal>,
    /// Byte ranges that exist under `#[cfg(test)]` only.
    tests: Vec<Range<usize>>,
    /// Names of modules declared `#[cfg(test)] mod name;`, whose files are test code.
    pub(crate) test_modules: Vec<String>,
}

/// A string literal and the byte at which its quote opens.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Literal {
    pub(crate) at: usize,
    pub(crate) value: String,
}

impl Source {
    pub(crate) fn new(path: impl Into<String>, text: impl Into<String>) -> Self {
        let text = text.into();
        let (code, strings) = mask(&text);
        let (tests, test_modules) = test_regions(&code);
        Self {
            path: path.into(),
            text,
            code,
            strings,
            tests,
            test_modules,
        }
    }

    /// The line a byte is on, counted from one.
    pub(crate) fn line_of(&self, at: usize) -> usize {
        1 + self
            .text
            .bytes()
            .take(at)
            .filter(|byte| *byte == b'\n')
            .count()
    }

    /// Whether a byte belongs to a test.
    pub(crate) fn is_test(&self, at: usize) -> bool {
        self.tests.iter().any(|range| range.contains(&at))
    }

    /// Treats the whole file as test code: somebody else declared it so.
    pub(crate) fn mark_as_test(&mut self) {
        self.tests.push(0..usize::MAX);
    }

    /// Where `pattern` stands in code outside tests, as a whole word at either end.
    pub(crate) fn find(&self, pattern: &str) -> Vec<usize> {
        find_word(&self.code, pattern)
            .filter(|at| !self.is_test(*at))
            .collect()
    }

    /// Number, start and text of each line outside tests, comments and strings included.
    pub(crate) fn lines(&self) -> impl Iterator<Item = (usize, &str)> {
        let mut start = 0;
        self.text
            .split_inclusive('\n')
            .enumerate()
            .filter_map(move |(index, line)| {
                let at = start;
                start += line.len();
                (!self.is_test(at)).then_some((index + 1, line))
            })
    }

    /// The bytes between `open` and the bracket that closes it.
    pub(crate) fn block(&self, open: usize) -> Range<usize> {
        open..closing(self.code.as_bytes(), open)
    }
}

/// Occurrences of `pattern` that do not continue a longer word on either side.
pub(crate) fn find_word<'a>(text: &'a str, pattern: &'a str) -> impl Iterator<Item = usize> + 'a {
    text.match_indices(pattern)
        .map(|(at, _)| at)
        .filter(move |at| {
            let before = text[..*at].chars().next_back();
            let after = text[at + pattern.len()..].chars().next();
            let opens = !pattern.starts_with(is_word) || !before.is_some_and(is_word);
            let closes = !pattern.ends_with(is_word) || !after.is_some_and(is_word);
            opens && closes
        })
}

/// Whether a character can be part of an identifier.
pub(crate) fn is_word(character: char) -> bool {
    character.is_alphanumeric() || character == '_'
}

/// Blanks comments and literals, and collects the strings.
fn mask(text: &str) -> (String, Vec<Literal>) {
    let bytes = text.as_bytes();
    let mut code = bytes.to_vec();
    let mut strings = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        let rest = &bytes[at..];
        let end = if rest.starts_with(b"//") {
            at + rest
                .iter()
                .position(|byte| *byte == b'\n')
                .unwrap_or(rest.len())
        } else if rest.starts_with(b"/*") {
            end_of_comment(bytes, at)
        } else if rest[0] == b'"' {
            let (end, value) = string_at(text, at);
            strings.push(Literal { at, value });
            end
        } else if rest[0] == b'\'' {
            end_of_character(text, at)
        } else {
            at + 1
        };
        if end > at + 1 {
            blank(&mut code[at..end]);
        }
        at = end;
    }
    let code = String::from_utf8(code).expect("blanks replace whole characters");
    (code, strings)
}

/// Replaces everything but line breaks by blanks.
fn blank(bytes: &mut [u8]) {
    for byte in bytes.iter_mut().filter(|byte| **byte != b'\n') {
        *byte = b' ';
    }
}

/// The end of a block comment, which may contain others.
fn end_of_comment(bytes: &[u8], start: usize) -> usize {
    let mut depth = 0;
    let mut at = start;
    while at < bytes.len() {
        match &bytes[at..] {
            [b'/', b'*', ..] => (depth, at) = (depth + 1, at + 2),
            [b'*', b'/', ..] => (depth, at) = (depth - 1, at + 2),
            _ => at += 1,
        }
        if depth == 0 {
            return at;
        }
    }
    bytes.len()
}

/// The end of the string literal whose quote opens at `start`, and its contents as written.
fn string_at(text: &str, start: usize) -> (usize, String) {
    let before = text[..start].trim_end_matches('#');
    let hashes = start - before.len();
    let prefix: String = before.chars().rev().take_while(|c| is_word(*c)).collect();
    let is_raw = matches!(prefix.as_str(), "r" | "rb" | "rc");
    let body = start + 1;
    let end = if is_raw {
        let close = format!("\"{}", "#".repeat(hashes));
        text[body..]
            .find(&close)
            .map_or(text.len(), |length| body + length)
    } else {
        end_of_escaped(text.as_bytes(), body, b'"')
    };
    let closed = (end + 1).min(text.len());
    (closed, text[body..end].to_owned())
}

/// The byte of the closing quote, escapes skipped.
fn end_of_escaped(bytes: &[u8], body: usize, quote: u8) -> usize {
    let mut at = body;
    while at < bytes.len() && bytes[at] != quote {
        at += if bytes[at] == b'\\' { 2 } else { 1 };
    }
    at.min(bytes.len())
}

/// The end of a character literal, or of the quote alone when it starts a lifetime.
fn end_of_character(text: &str, start: usize) -> usize {
    let body = start + 1;
    let mut rest = text[body..].chars();
    match (rest.next(), rest.next()) {
        (Some('\\'), _) => (end_of_escaped(text.as_bytes(), body, b'\'') + 1).min(text.len()),
        (Some(inner), Some('\'')) => body + inner.len_utf8() + 1,
        _ => body,
    }
}

/// Ranges under `#[cfg(test)]`, and the names of test modules kept in files of their own.
fn test_regions(code: &str) -> (Vec<Range<usize>>, Vec<String>) {
    let mut ranges = Vec::new();
    let mut modules = Vec::new();
    for marker in ["#[cfg(test)]", "#[cfg(all(test,", "#![cfg(test)]"] {
        for (start, _) in code.match_indices(marker) {
            if marker.starts_with("#!") {
                ranges.push(0..usize::MAX);
                continue;
            }
            let item = after_attributes(code, start);
            let end = end_of_item(code.as_bytes(), item);
            let header = code[item..end].trim_end_matches(';').trim();
            if let Some((_, name)) = header.split_once("mod ")
                && name.chars().all(is_word)
            {
                modules.push(name.to_owned());
            }
            ranges.push(start..end);
        }
    }
    (ranges, modules)
}

/// The first byte behind the attributes which start at `at`.
fn after_attributes(code: &str, mut at: usize) -> usize {
    while code[at..].starts_with('#') {
        at = closing(code.as_bytes(), at + 1);
        at += code[at..].len() - code[at..].trim_start().len();
    }
    at
}

/// The end of an item: its closing brace, or its semicolon if that comes first.
fn end_of_item(code: &[u8], start: usize) -> usize {
    let mut at = start;
    while at < code.len() {
        match code[at] {
            b';' => return at + 1,
            b'{' => return closing(code, at),
            b'(' | b'[' => at = closing(code, at),
            _ => at += 1,
        }
    }
    code.len()
}

/// The byte behind the bracket that closes the one at `open`.
fn closing(code: &[u8], open: usize) -> usize {
    let mut depth = 0_usize;
    for (at, byte) in code.iter().enumerate().skip(open) {
        match byte {
            b'(' | b'[' | b'{' => depth += 1,
            b')' | b']' | b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth == 0 {
            return at + 1;
        }
    }
    code.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(text: &str) -> String {
        Source::new("sample.rs", text).code
    }

    fn strings(text: &str) -> Vec<String> {
        Source::new("sample.rs", text)
            .strings
            .into_iter()
            .map(|literal| literal.value)
            .collect()
    }

    #[test]
    fn comments_are_blank_and_lines_stay() {
        assert_eq!(code("a // b\nc/*d\n/**/e*/f"), "a     \nc   \n       f");
    }

    #[test]
    fn strings_are_blank_and_remembered() {
        let text = r###"f("a \" // b", r#"c " d"#, b"e", "")"###;
        assert_eq!(strings(text), [r#"a \" // b"#, r#"c " d"#, "e", ""]);
        assert!(!code(text).contains("//"));
        assert!(code(text).starts_with("f("));
    }

    #[test]
    fn lifetimes_are_not_characters() {
        let text = "fn f<'a>(x: &'a str) { g('\"', '\\'', 'é', b'{') } // '";
        let masked = code(text);
        assert!(masked.contains("fn f<'a>(x: &'a str)"));
        assert_eq!(masked.matches('{').count(), 1);
        assert!(strings(text).is_empty());
    }

    #[test]
    fn length_is_kept_whatever_the_input() {
        for text in [
            "\"",
            "'",
            "r#\"",
            "/*",
            "'\\",
            "\"\\",
            "é\"é\"'é'",
            "r#type",
            "#[cfg(test)]",
        ] {
            assert_eq!(code(text).len(), text.len(), "{text}");
        }
    }

    #[test]
    fn a_test_module_ends_at_its_brace() {
        let source = Source::new(
            "sample.rs",
            "fn a() {}\n#[cfg(test)]\n#[expect(x)]\nmod tests {\n fn b() { \"}\" }\n}\nfn c() {}\n",
        );
        let lines: Vec<usize> = source.lines().map(|(line, _)| line).collect();
        assert_eq!(lines, [1, 7]);
        assert_eq!(source.find("fn c").len(), 1);
        assert!(source.find("fn b").is_empty());
    }

    #[test]
    fn a_test_item_without_a_body_ends_at_its_semicolon() {
        let source = Source::new("sample.rs", "#[cfg(test)]\nmod tests;\nfn a() {}\n");
        assert_eq!(source.test_modules, ["tests"]);
        assert!(!source.is_test(source.text.find("fn a").expect("the sample has it")));
    }

    #[test]
    fn code_for_tests_and_others_is_not_test_code() {
        let source = Source::new(
            "sample.rs",
            "#[cfg(any(test, feature = \"x\"))]\nmod a { fn b() {} }",
        );
        assert_eq!(source.find("fn b").len(), 1);
    }

    #[test]
    fn words_match_whole() {
        let source = Source::new(
            "sample.rs",
            "std::fs; std::fsx; xstd::fs; print!(); eprint!()",
        );
        assert_eq!(source.find("std::fs").len(), 1);
        assert_eq!(source.find("print!").len(), 1);
    }
}
