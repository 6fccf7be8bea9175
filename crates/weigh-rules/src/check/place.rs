//! From a place inside a condition to the place in the file.

use std::ops::Range;

use sqlparser::tokenizer::{Location, Span};

/// A string of the file: its text as read, and where it stands with its quotes.
#[derive(Clone, Copy)]
pub(crate) struct Place<'a> {
    file: &'a str,
    text: &'a str,
    start: usize,
    end: usize,
}

impl<'a> Place<'a> {
    pub(crate) fn new(file: &'a str, text: &'a str, span: &Range<usize>) -> Self {
        Self {
            file,
            text,
            start: span.start,
            end: span.end,
        }
    }

    /// The whole string, quotes included.
    pub(crate) fn whole(&self) -> Range<usize> {
        self.start..self.end
    }

    /// The place in the file of a span of the condition; the whole string for an empty span.
    pub(crate) fn of(&self, span: Span) -> Range<usize> {
        if span.start.line == 0 {
            return self.whole();
        }
        let start = self.raw(self.byte(span.start));
        let end = self.raw(self.byte(span.end));
        start..end.max(start + 1).min(self.end.max(start + 1))
    }

    /// Byte offset in the condition of a line and column, both from 1, columns in characters.
    pub(crate) fn byte(&self, at: Location) -> usize {
        let line_start: usize = self
            .text
            .split_inclusive('\n')
            .take(usize::try_from(at.line.saturating_sub(1)).unwrap_or(usize::MAX))
            .map(str::len)
            .sum();
        let rest = self.text.get(line_start..).unwrap_or_default();
        let column = usize::try_from(at.column.saturating_sub(1)).unwrap_or(usize::MAX);
        let within: usize = rest.chars().take(column).map(char::len_utf8).sum();
        line_start + within
    }

    /// Byte offset in the file of a byte offset in the condition: quotes and escapes are walked over.
    fn raw(&self, offset: usize) -> usize {
        let raw = self.file.get(self.start..self.end).unwrap_or_default();
        let escapes = raw.starts_with('"');
        let quotes = if raw.starts_with("\"\"\"") || raw.starts_with("'''") {
            3
        } else {
            1
        };
        let mut at = quotes;
        if quotes == 3 {
            let body = raw.get(at..).unwrap_or_default();
            at += body.len() - body.strip_prefix("\r\n").unwrap_or(body).len();
            let body = raw.get(at..).unwrap_or_default();
            at += body.len() - body.strip_prefix('\n').unwrap_or(body).len();
        }
        let mut read = 0;
        while read < offset {
            let rest = raw.get(at..).unwrap_or_default();
            let Some(first) = rest.chars().next() else {
                break;
            };
            let (raw_len, text_len) = match first {
                '\\' if escapes => escape(rest),
                '\r' if rest.starts_with("\r\n") => (2, 1),
                c => (c.len_utf8(), c.len_utf8()),
            };
            at += raw_len;
            read += text_len;
        }
        self.start + at
    }
}

/// How many bytes an escape takes in the file, and how many it stands for.
fn escape(rest: &str) -> (usize, usize) {
    let digits = match rest.chars().nth(1) {
        Some('x') => 2,
        Some('u') => 4,
        Some('U') => 8,
        Some('\n' | '\r' | ' ' | '\t') => {
            let body = rest.get(1..).unwrap_or_default();
            return (rest.len() - body.trim_start().len(), 0);
        }
        _ => return (2.min(rest.len()), 1),
    };
    let code = rest.get(2..2 + digits).unwrap_or_default();
    let read = u32::from_str_radix(code, 16).ok().and_then(char::from_u32);
    (2 + digits, read.map_or(1, char::len_utf8))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The part of the file that a part of the condition stands in.
    fn found<'a>(file: &'a str, text: &str, part: &str) -> &'a str {
        let start = file.find(['"', '\'']).unwrap();
        let span = start..file.len();
        let place = Place::new(file, text, &span);
        let at = text.find(part).unwrap();
        let line = text[..at].matches('\n').count() as u64 + 1;
        let column = text[..at].rsplit('\n').next().unwrap().chars().count() as u64 + 1;
        let end = Location::new(line, column + part.chars().count() as u64);
        &file[place.of(Span::new(Location::new(line, column), end))]
    }

    #[test]
    fn every_kind_of_string_maps_back() {
        assert_eq!(found("when = \"a AND b\"", "a AND b", "b"), "b");
        assert_eq!(found("when = 'a AND b'", "a AND b", "AND"), "AND");
        assert_eq!(
            found("when = \"\"\"\na\n  AND b\"\"\"", "a\n  AND b", "b"),
            "b"
        );
        assert_eq!(found("when = '''a\nAND b'''", "a\nAND b", "b"), "b");
        assert_eq!(found(r#"when = "\u00e9\t x""#, "é\t x", "x"), "x");
        assert_eq!(
            found("when = \"\"\"a \\\n   AND b\"\"\"", "a AND b", "b"),
            "b"
        );
    }
}
