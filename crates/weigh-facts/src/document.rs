//! A TOML document with the place of everything in it.
//!
//! Every data file of ours (dictionary, catalog, rulebooks, declarations) is read through this
//! one door, so that a misspelled key is an error with a place and never a silent default.
//! Numbers keep their text: `1e25` is read exactly.
//!
//! Use: take what you know with the typed readers, then [`Table::finish`] refuses the rest.

use std::ops::Range;

use toml::de::{DeTable, DeValue};

use crate::{Date, Decimal, Diagnostic};

/// A value and the place it stands in.
#[derive(Clone, Debug)]
pub struct Node {
    /// What it is.
    pub item: Item,
    /// Byte range in the text.
    pub span: Range<usize>,
}

/// A TOML value; numbers as exact decimals.
#[derive(Clone, Debug)]
pub enum Item {
    /// A string.
    Text(String),
    /// An integer or a float, exactly as written.
    Number(Decimal),
    /// `true` or `false`.
    Bool(bool),
    /// A local date.
    Date(Date),
    /// An array.
    List(Vec<Node>),
    /// A table.
    Table(Table),
    /// A value no file of ours has a use for: `inf`, `nan`, a time of day.
    Unusable(String),
}

impl Item {
    /// What it is, for messages.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Text(_) => "a string",
            Self::Number(_) => "a number",
            Self::Bool(_) => "a boolean",
            Self::Date(_) => "a date",
            Self::List(_) => "a list",
            Self::Table(_) => "a table",
            Self::Unusable(_) => "a value not used here",
        }
    }
}

/// A table whose entries are taken one by one.
#[derive(Clone, Debug)]
pub struct Table {
    entries: Vec<Entry>,
    asked: Vec<&'static str>,
    /// Keys whose value was not what it should be, which was said already.
    misread: Vec<&'static str>,
    /// Byte range in the text.
    pub span: Range<usize>,
}

#[derive(Clone, Debug)]
struct Entry {
    key: String,
    key_span: Range<usize>,
    node: Node,
}

type Errors = Vec<Diagnostic>;

impl Table {
    /// Parses a document. On a syntax error, one diagnostic and no table.
    ///
    /// # Errors
    /// When the text is not TOML 1.1.
    pub fn parse(text: &str) -> Result<Self, Diagnostic> {
        let table = DeTable::parse(text).map_err(|error| {
            let span = error.span().unwrap_or(0..0);
            let message = error
                .message()
                .lines()
                .next()
                .unwrap_or("not a TOML document")
                .to_owned();
            Diagnostic::new("toml-syntax", message, span)
        })?;
        let span = table.span();
        Ok(Self::convert(table.get_ref(), span))
    }

    fn convert(table: &DeTable<'_>, span: Range<usize>) -> Self {
        let mut entries: Vec<Entry> = table
            .iter()
            .map(|(key, value)| Entry {
                key: key.get_ref().to_string(),
                key_span: key.span(),
                node: Node {
                    item: convert(value.get_ref(), value.span()),
                    span: value.span(),
                },
            })
            .collect();
        entries.sort_by_key(|e| e.key_span.start);
        Self {
            entries,
            asked: Vec::new(),
            misread: Vec::new(),
            span,
        }
    }

    /// Is there nothing left?
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Takes an entry, if it is there.
    pub fn take(&mut self, key: &'static str) -> Option<Node> {
        self.asked.push(key);
        let at = self.entries.iter().position(|e| e.key == key)?;
        Some(self.entries.remove(at).node)
    }

    /// Takes every remaining entry, in the order of the text: for tables whose keys are names.
    pub fn take_all(&mut self) -> Vec<(String, Range<usize>, Node)> {
        self.entries
            .drain(..)
            .map(|e| (e.key, e.key_span, e.node))
            .collect()
    }

    fn typed<T>(
        &mut self,
        key: &'static str,
        wanted: &str,
        errors: &mut Errors,
        read: impl FnOnce(Item) -> Result<T, Item>,
    ) -> Option<T> {
        let node = self.take(key)?;
        match read(node.item) {
            Ok(value) => Some(value),
            Err(item) => {
                let message = format!("`{key}` is {}, and should be {wanted}", item.kind());
                errors.push(Diagnostic::new("wrong-type", message, node.span));
                self.misread.push(key);
                None
            }
        }
    }

    /// Takes a string.
    pub fn text(&mut self, key: &'static str, errors: &mut Errors) -> Option<String> {
        self.typed(key, "a string", errors, |item| match item {
            Item::Text(text) => Ok(text),
            other => Err(other),
        })
    }

    /// Takes a string with its place.
    pub fn text_at(
        &mut self,
        key: &'static str,
        errors: &mut Errors,
    ) -> Option<(String, Range<usize>)> {
        let span = self
            .entries
            .iter()
            .find(|e| e.key == key)
            .map(|e| e.node.span.clone());
        Some((self.text(key, errors)?, span?))
    }

    /// Takes a boolean.
    pub fn boolean(&mut self, key: &'static str, errors: &mut Errors) -> Option<bool> {
        self.typed(key, "true or false", errors, |item| match item {
            Item::Bool(value) => Ok(value),
            other => Err(other),
        })
    }

    /// Takes an exact number; a string that holds one is accepted, since `"1e25"` pins the digits.
    pub fn number(&mut self, key: &'static str, errors: &mut Errors) -> Option<Decimal> {
        self.typed(key, "a number", errors, |item| match item {
            Item::Number(value) => Ok(value),
            Item::Text(text) => text.parse().map_err(|_| Item::Text(text)),
            other => Err(other),
        })
    }

    /// Takes a whole number that is not negative.
    pub fn count(&mut self, key: &'static str, errors: &mut Errors) -> Option<u64> {
        self.typed(
            key,
            "a whole number, zero or more",
            errors,
            |item| match &item {
                Item::Number(value) => value.to_u128().and_then(|n| n.try_into().ok()).ok_or(item),
                Item::Text(text) => {
                    let value: Option<Decimal> = text.parse().ok();
                    value
                        .and_then(|v| v.to_u128())
                        .and_then(|n| n.try_into().ok())
                        .ok_or(item)
                }
                _ => Err(item),
            },
        )
    }

    /// Takes a date, native or as a string.
    pub fn date(&mut self, key: &'static str, errors: &mut Errors) -> Option<Date> {
        self.typed(
            key,
            "a date such as 2026-11-24",
            errors,
            |item| match item {
                Item::Date(date) => Ok(date),
                Item::Text(text) => text.parse().map_err(|_| Item::Text(text)),
                other => Err(other),
            },
        )
    }

    /// Takes a list.
    pub fn list(&mut self, key: &'static str, errors: &mut Errors) -> Option<Vec<Node>> {
        self.typed(key, "a list", errors, |item| match item {
            Item::List(nodes) => Ok(nodes),
            other => Err(other),
        })
    }

    /// Takes a list of strings.
    pub fn texts(&mut self, key: &'static str, errors: &mut Errors) -> Option<Vec<String>> {
        let nodes = self.list(key, errors)?;
        let mut texts = Vec::with_capacity(nodes.len());
        for node in nodes {
            match node.item {
                Item::Text(text) => texts.push(text),
                other => {
                    let message =
                        format!("`{key}` holds {}, and should hold strings", other.kind());
                    errors.push(Diagnostic::new("wrong-type", message, node.span));
                }
            }
        }
        Some(texts)
    }

    /// Takes a table.
    pub fn table(&mut self, key: &'static str, errors: &mut Errors) -> Option<Self> {
        self.typed(key, "a table", errors, |item| match item {
            Item::Table(table) => Ok(table),
            other => Err(other),
        })
    }

    /// Takes an array of tables; none when the key is absent.
    pub fn tables(&mut self, key: &'static str, errors: &mut Errors) -> Vec<Self> {
        let mut tables = Vec::new();
        for node in self.list(key, errors).unwrap_or_default() {
            match node.item {
                Item::Table(table) => tables.push(table),
                other => {
                    let message = format!("`{key}` holds {}, and should hold tables", other.kind());
                    errors.push(Diagnostic::new("wrong-type", message, node.span));
                }
            }
        }
        tables
    }

    /// Reports a key that should have been there, unless it was and what it held was refused.
    pub fn missing(&self, key: &str, errors: &mut Errors) {
        if self.misread.contains(&key) {
            return;
        }
        let start = self.span.start;
        let message = format!("`{key}` is missing");
        errors.push(Diagnostic::new("missing-key", message, start..start + 1));
    }

    /// Takes a string that must be there.
    pub fn required_text(&mut self, key: &'static str, errors: &mut Errors) -> Option<String> {
        if !self.entries.iter().any(|e| e.key == key) {
            self.missing(key, errors);
        }
        self.text(key, errors)
    }

    /// Refuses what nobody took, naming the nearest key that means something here.
    pub fn finish(self, errors: &mut Errors) {
        for entry in self.entries {
            let message = format!("unknown key `{}`", entry.key);
            let mut found = Diagnostic::new("unknown-key", message, entry.key_span);
            if let Some(near) = nearest(&entry.key, self.asked.iter().copied()) {
                found = found.with_help(format!("did you mean `{near}`?"));
            }
            errors.push(found);
        }
    }
}

fn convert(value: &DeValue<'_>, span: Range<usize>) -> Item {
    match value {
        DeValue::String(text) => Item::Text(text.to_string()),
        DeValue::Boolean(value) => Item::Bool(*value),
        DeValue::Integer(number) if number.radix() == 10 => number_item(number.as_str()),
        DeValue::Integer(number) => u64::from_str_radix(number.as_str(), number.radix())
            .map_or_else(
                |_| Item::Unusable(number.to_string()),
                |n| Item::Number(n.into()),
            ),
        DeValue::Float(number) => number_item(number.as_str()),
        DeValue::Datetime(at) => {
            let text = at.to_string();
            text.parse().map_or(Item::Unusable(text), Item::Date)
        }
        DeValue::Array(items) => Item::List(
            items
                .iter()
                .map(|v| Node {
                    item: convert(v.get_ref(), v.span()),
                    span: v.span(),
                })
                .collect(),
        ),
        DeValue::Table(table) => Item::Table(Table::convert(table, span)),
    }
}

fn number_item(text: &str) -> Item {
    text.parse()
        .map_or_else(|_| Item::Unusable(text.to_owned()), Item::Number)
}

/// The candidate nearest to `word` by edit distance, if it is near enough to be a slip.
#[must_use]
pub fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let length = word.chars().count();
    let limit = length.div_ceil(3).max(1);
    candidates
        .into_iter()
        // A slip changes few characters, so a far longer or shorter name is none.
        .filter(|c| length.abs_diff(c.chars().count()) <= limit && length <= 100)
        .map(|c| (edit_distance(word, c), c))
        .filter(|(distance, _)| *distance <= limit)
        .min()
        .map(|(_, c)| c)
}

/// Levenshtein distance in characters, upper and lower case alike.
fn edit_distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.to_ascii_lowercase().chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, ca) in a.to_ascii_lowercase().chars().enumerate() {
        let mut corner = i;
        let mut left = i + 1;
        let mut next = vec![left];
        for (cb, above) in b.iter().zip(row.iter().skip(1)) {
            let cost = usize::from(ca != *cb);
            left = (left + 1).min(above + 1).min(corner + cost);
            corner = *above;
            next.push(left);
        }
        row = next;
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_keep_their_digits() {
        let mut table = Table::parse("a = 1e25\nb = \"2.5e25\"\nc = 4_800\nd = 0x10").unwrap();
        let mut errors = vec![];
        let mut read = |key| table.number(key, &mut errors).map(|n| n.to_string());
        assert_eq!(read("a").as_deref(), Some("1e25"));
        assert_eq!(read("b").as_deref(), Some("25e24"));
        assert_eq!(read("c").as_deref(), Some("4800"));
        assert_eq!(read("d").as_deref(), Some("16"));
        assert!(errors.is_empty());
    }

    #[test]
    fn a_misspelled_key_is_an_error_with_a_place() {
        let text = "titel = \"x\"\n";
        let mut table = Table::parse(text).unwrap();
        let mut errors = vec![];
        assert_eq!(table.text("title", &mut errors), None);
        table.finish(&mut errors);
        assert_eq!(errors.len(), 1);
        assert_eq!(errors[0].span, 0..5);
        assert_eq!(errors[0].help.as_deref(), Some("did you mean `title`?"));
    }

    #[test]
    fn wrong_types_and_infinities_are_named() {
        let mut table = Table::parse("a = inf\nb = [1]\nc = -1").unwrap();
        let mut errors = vec![];
        assert_eq!(table.number("a", &mut errors), None);
        assert_eq!(table.texts("b", &mut errors), Some(vec![]));
        assert_eq!(table.count("c", &mut errors), None);
        assert_eq!(
            errors.iter().map(|e| e.code).collect::<Vec<_>>(),
            ["wrong-type"; 3]
        );
    }

    #[test]
    fn distances_are_levenshtein() {
        assert_eq!(edit_distance("kitten", "sitting"), 3);
        assert_eq!(edit_distance("", "abc"), 3);
        assert_eq!(edit_distance("abc", ""), 3);
    }
}
