//! JSON from strangers, flattened into observations.
//!
//! - Maps become dotted keys; lists stay lists, with the maps inside them.
//! - A name that holds a dot, a quote or nothing is quoted in its key, as in TOML, so that no name
//!   can pass for a path: `rank_pattern."layers.0"`.
//! - `null` and an empty map are observations; a missing key is none.
//! - Duplicate keys, `Infinity`, trailing bytes and deep nesting are errors with a place.
//! - **Invariant:** memory is bounded by [`UNPACKED_MAX`]: a key is repeated at each of its leaves,
//!   so a short text could else unpack to terabytes.
//!
//! Limits: whole numbers below 2^64 and decimals of up to 15 digits are exact, and so is every
//! double that a program wrote; others are rounded to the nearest double.

use std::cell::{Cell, RefCell};
use std::collections::HashSet;
use std::fmt;
use std::mem::size_of;

use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use weigh_facts::{Decimal, Observation, Observed, Place, Reading};

use crate::ReadError;

/// Nesting that no real file of ours has.
const DEPTH_MAX: usize = 64;

/// Bytes in memory that no real file of ours needs: a history of 400,000 entries fits.
const UNPACKED_MAX: usize = 512 << 20;

/// Reads an object into observations.
///
/// # Errors
/// When the text is not one JSON object, in the narrow sense.
pub(crate) fn read_object(
    text: &str,
    input: &str,
    reader: &'static str,
) -> Result<Reading, ReadError> {
    let state = State {
        input,
        path: RefCell::default(),
        fault: RefCell::default(),
        unpacked: Cell::new(0),
    };
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let parsed = Seed {
        state: &state,
        depth: 0,
    }
    .deserialize(&mut deserializer);
    let parsed = parsed.and_then(|value| deserializer.end().map(|()| value));
    let value = parsed.map_err(|error| state.explain(text, &error))?;
    let Observed::Map(fields) = value else {
        return Err(ReadError::NotAnObject {
            input: input.to_owned(),
        });
    };
    let mut observations = Vec::new();
    state.flatten("", fields, &mut observations)?;
    Ok(Reading {
        reader,
        input: input.to_owned(),
        observations,
        warnings: Vec::new(),
    })
}

/// Where reading stands, and what went wrong if our own checks found it.
struct State<'a> {
    input: &'a str,
    path: RefCell<Vec<String>>,
    fault: RefCell<Option<ReadError>>,
    /// Bytes taken so far.
    unpacked: Cell<usize>,
}

impl State<'_> {
    fn flatten(
        &self,
        prefix: &str,
        fields: Vec<(String, Observed)>,
        out: &mut Vec<Observation>,
    ) -> Result<(), ReadError> {
        for (name, value) in fields {
            let key = join(prefix, &name);
            match value {
                Observed::Map(inner) if !inner.is_empty() => self.flatten(&key, inner, out)?,
                value => {
                    self.take(size_of::<Observation>() + 2 * key.len() + self.input.len())?;
                    let place = Place {
                        input: self.input.to_owned(),
                        inside: key.clone(),
                    };
                    out.push(Observation { key, value, place });
                }
            }
        }
        Ok(())
    }

    /// Counts bytes before they are allocated.
    fn take(&self, bytes: usize) -> Result<(), ReadError> {
        let unpacked = self.unpacked.get().saturating_add(bytes);
        self.unpacked.set(unpacked);
        if unpacked <= UNPACKED_MAX {
            return Ok(());
        }
        Err(ReadError::Unpacks {
            input: self.input.to_owned(),
            limit: UNPACKED_MAX,
        })
    }

    fn key(&self) -> String {
        let path = self.path.borrow();
        path.iter()
            .fold(String::new(), |key, name| join(&key, name))
    }

    fn refuse<E: serde::de::Error>(&self, fault: ReadError) -> E {
        *self.fault.borrow_mut() = Some(fault);
        E::custom("refused")
    }

    fn explain(&self, text: &str, error: &serde_json::Error) -> ReadError {
        let fault = self.fault.borrow_mut().take();
        fault.unwrap_or_else(|| explain(text, self.input, self.key(), error))
    }
}

/// A name below a prefix, quoted as JSON where it could pass for a path.
pub(crate) fn join(prefix: &str, name: &str) -> String {
    let quoted = if name.is_empty() || name.contains(['.', '"']) {
        Some(serde_json::Value::from(name).to_string())
    } else {
        None
    };
    let name = quoted.as_deref().unwrap_or(name);
    if prefix.is_empty() {
        name.to_owned()
    } else {
        format!("{prefix}.{name}")
    }
}

/// A syntax error in our words.
pub(crate) fn explain(
    text: &str,
    input: &str,
    key: String,
    error: &serde_json::Error,
) -> ReadError {
    let (input, line, column) = (input.to_owned(), error.line(), error.column());
    if let Some((literal, line, column)) = not_finite(text, line, column) {
        return ReadError::NotFinite {
            input,
            key,
            literal,
            line,
            column,
        };
    }
    if error.is_eof() {
        return ReadError::Truncated { input, line };
    }
    let reason = error.to_string();
    if reason.starts_with("recursion limit") {
        return ReadError::TooDeep {
            input,
            limit: DEPTH_MAX,
        };
    }
    let reason = reason
        .split(" at line ")
        .next()
        .unwrap_or_default()
        .to_owned();
    ReadError::Json {
        input,
        key,
        line,
        column,
        reason,
    }
}

/// Does the text at a failed place spell a number that JSON does not have?
fn not_finite(text: &str, line: usize, column: usize) -> Option<(&'static str, usize, usize)> {
    let source = text.lines().nth(line.checked_sub(1)?)?;
    let at = column.checked_sub(1)?;
    // The parser stops at the first letter, so a string that holds the word is not meant.
    let (before, word) = (source.get(..at)?, source.get(at..)?);
    if word.starts_with("NaN") {
        Some(("NaN", line, column))
    } else if !word.starts_with("Infinity") {
        None
    } else if before.ends_with('-') {
        Some(("-Infinity", line, at))
    } else {
        Some(("Infinity", line, column))
    }
}

#[derive(Clone, Copy)]
struct Seed<'a> {
    state: &'a State<'a>,
    depth: usize,
}

impl<'de> DeserializeSeed<'de> for Seed<'_> {
    type Value = Observed;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Observed, D::Error> {
        deserializer.deserialize_any(self)
    }
}

/// A value and the digits of a number.
const VALUE_SIZE: usize = size_of::<Observed>() + 16;
/// Room for four, which the first item of a list or map takes.
const LIST_SIZE: usize = 4 * size_of::<Observed>();
const MAP_SIZE: usize = 4 * size_of::<(String, Observed)>();

impl Seed<'_> {
    fn take<E: serde::de::Error>(self, bytes: usize) -> Result<(), E> {
        let taken = self.state.take(bytes);
        taken.map_err(|fault| self.state.refuse(fault))
    }

    fn deeper<E: serde::de::Error>(self) -> Result<Self, E> {
        if self.depth >= DEPTH_MAX {
            let input = self.state.input.to_owned();
            return Err(self.state.refuse(ReadError::TooDeep {
                input,
                limit: DEPTH_MAX,
            }));
        }
        Ok(Self {
            depth: self.depth + 1,
            ..self
        })
    }
}

impl<'de> Visitor<'de> for Seed<'_> {
    type Value = Observed;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Observed, E> {
        Ok(Observed::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Observed, E> {
        Ok(Observed::Bool(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Observed, E> {
        Ok(Observed::Number(Decimal::from(value)))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Observed, E> {
        Ok(Observed::Number(Decimal::from(value)))
    }

    fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<Observed, E> {
        decimal(value)
            .map(Observed::Number)
            .ok_or_else(|| E::custom("a number out of range"))
    }

    fn visit_str<E: serde::de::Error>(self, value: &str) -> Result<Observed, E> {
        self.take(value.len())?;
        Ok(Observed::Text(value.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Observed, A::Error> {
        let inner = self.deeper()?;
        self.take(LIST_SIZE)?;
        let mut list = Vec::new();
        while let Some(item) = items.next_element_seed(inner)? {
            self.take(VALUE_SIZE)?;
            list.push(item);
        }
        Ok(Observed::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<Observed, A::Error> {
        let inner = self.deeper()?;
        self.take(MAP_SIZE)?;
        let mut map = Vec::new();
        let mut seen = HashSet::new();
        while let Some(key) = fields.next_key::<String>()? {
            // Kept in the map, among those seen, and in the path.
            self.take(VALUE_SIZE + 3 * (size_of::<String>() + key.len()))?;
            if !seen.insert(key.clone()) {
                let (input, key) = (self.state.input.to_owned(), join(&self.state.key(), &key));
                return Err(self.state.refuse(ReadError::DuplicateKey { input, key }));
            }
            self.state.path.borrow_mut().push(key.clone());
            let value = fields.next_value_seed(inner)?;
            self.state.path.borrow_mut().pop();
            map.push((key, value));
        }
        Ok(Observed::Map(map))
    }
}

/// The shortest decimal that reads back as this double: what its writer wrote.
pub(crate) fn decimal(value: f64) -> Option<Decimal> {
    let text = format!("{value:e}");
    if let Ok(number) = text.parse() {
        return Some(number);
    }
    // A double reaches beyond the powers that a decimal is read with.
    let (digits, exponent) = text.split_once('e')?;
    let mut number: Decimal = digits.parse().ok()?;
    let mut exponent: i32 = exponent.parse().ok()?;
    while exponent != 0 {
        let step = exponent.clamp(-50, 50);
        let power: Decimal = format!("1e{step}").parse().ok()?;
        number = &number * &power;
        exponent -= step;
    }
    Some(number)
}

static A_MAP: Observed = Observed::Map(Vec::new());

/// The value at a key, where a map is a value too although its leaves have keys of their own.
pub(crate) fn value<'r>(reading: &'r Reading, key: &str) -> Option<&'r Observed> {
    let below = |o: &Observation| o.key.strip_prefix(key).is_some_and(|k| k.starts_with('.'));
    match reading.get(key) {
        Some(observation) => Some(&observation.value),
        None => reading.observations.iter().any(below).then_some(&A_MAP),
    }
}

/// A whole number that is not negative, at a key.
pub(crate) fn whole(reading: &Reading, key: &str) -> Result<Option<u64>, &'static str> {
    match value(reading, key) {
        None | Some(Observed::Null) => Ok(None),
        Some(Observed::Number(number)) => {
            let whole = number.to_u128().and_then(|n| n.try_into().ok());
            whole.map(Some).ok_or("a whole number, zero or more")
        }
        Some(_) => Err("a whole number, zero or more"),
    }
}

/// The name at the end of a key, as [`join`] wrote it; none where it is a path of several.
pub(crate) fn name(key: &str) -> Option<String> {
    if key.starts_with('"') {
        serde_json::from_str(key).ok()
    } else {
        (!key.contains('.')).then(|| key.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Reading, ReadError> {
        read_object(text, "config.json", "test/1")
    }

    fn number(text: &str) -> String {
        match &read(&format!("{{\"n\":{text}}}"))
            .unwrap()
            .get("n")
            .unwrap()
            .value
        {
            Observed::Number(number) => number.to_string(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn numbers_are_what_was_written() {
        assert_eq!(number("18446744073709551615"), "18446744073709551615");
        assert_eq!(number("-3"), "-3");
        assert_eq!(number("1e26"), "1e26");
        assert_eq!(number("0.1"), "0.1");
        assert_eq!(number("526712832000.0"), "526712832000");
        assert_eq!(number("-1.7976931348623157e308").len(), 22);
        assert_eq!(number("1.1125369292536007e-308").len(), 326);
        assert_eq!(number("0.17976931348623157"), "0.17976931348623157");
    }

    #[test]
    fn no_name_passes_for_a_path() {
        let keys = |text: &str| -> Vec<String> {
            let reading = read(text).unwrap();
            reading.observations.into_iter().map(|o| o.key).collect()
        };
        assert_eq!(keys(r#"{"a.b": 1, "a": {"b": 2}}"#), [r#""a.b""#, "a.b"]);
        assert_eq!(keys(r#"{"": {"": 1}, "\"": 2}"#), [r#"""."""#, r#""\"""#]);
        assert_eq!(keys(r#"{"a": {}}"#), ["a"]);
        assert_eq!(name(r#""a.b""#).as_deref(), Some("a.b"));
        assert_eq!(name("a.b"), None);
    }

    #[test]
    fn a_long_key_over_many_leaves_does_not_fill_memory() {
        let leaves: Vec<String> = (0..100_000).map(|n| format!("\"{n}\":0")).collect();
        let text = format!("{{\"{}\":{{{}}}}}", "k".repeat(1 << 20), leaves.join(","));
        assert_eq!(read(&text).unwrap_err().code(), "file-too-long");
    }

    #[test]
    fn maps_are_flattened_and_null_is_not_missing() {
        let reading = read(r#"{"a": {"b": null, "c": [1, {"d": 2}]}}"#).unwrap();
        assert_eq!(reading.get("a.b").unwrap().value, Observed::Null);
        assert!(
            matches!(&reading.get("a.c").unwrap().value, Observed::List(items) if items.len() == 2)
        );
        assert!(reading.get("a").is_none() && reading.get("x").is_none());
    }

    #[test]
    fn every_fault_has_its_own_code() {
        let code = |text: &str| read(text).unwrap_err().code();
        assert_eq!(code(r#"{"a": 1, "a": 2}"#), "duplicate-key");
        assert_eq!(code(r#"{"a": {"b": Infinity}}"#), "not-finite");
        assert_eq!(code(r#"{"a": [0.0, -Infinity]}"#), "not-finite");
        assert_eq!(code(r#"{"a": NaN}"#), "not-finite");
        assert_eq!(code(r#"{"a": "#), "truncated-json");
        assert_eq!(code(r#"{"a": 1} x"#), "json-syntax");
        assert_eq!(code("[1]"), "not-an-object");
        assert_eq!(
            code(&format!("{{\"a\":{}", "[".repeat(100_000))),
            "too-deep"
        );
        assert_eq!(code(r#"{"a": 1e999}"#), "json-syntax");
        assert_eq!(code("{\"a\": \"NaN\u{1}\"}"), "json-syntax");
        assert_eq!(code(r#"{"NaN" 1}"#), "json-syntax");
    }

    #[test]
    fn nesting_stands_on_its_limit() {
        let nested = |levels: usize| {
            let (open, close) = ("[".repeat(levels - 1), "]".repeat(levels - 1));
            read(&format!("{{\"a\":{open}{close}}}")).map_err(|e| e.code())
        };
        assert!(nested(DEPTH_MAX).is_ok());
        assert_eq!(nested(DEPTH_MAX + 1), Err("too-deep"));
    }

    #[test]
    fn the_place_of_an_infinity_is_named() {
        let error = read("{\n  \"x\": {\"y\": Infinity}\n}")
            .unwrap_err()
            .to_string();
        assert!(
            error.contains("line 2, column 14") && error.contains("`x.y`"),
            "{error}"
        );
        let error = read("{\"x\": -Infinity}").unwrap_err().to_string();
        assert!(error.contains("`-Infinity` at line 1, column 7"), "{error}");
    }
}
