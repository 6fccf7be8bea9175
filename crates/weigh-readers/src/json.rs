//! JSON from strangers, flattened into observations.
//!
//! - Maps become dotted keys; lists stay lists, with the maps inside them.
//! - `null` is an observation; a missing key is none.
//! - Duplicate keys, `Infinity`, trailing bytes and deep nesting are errors with a place.
//!
//! Limits: numbers up to 2^64 and decimals of up to 17 digits are exact; longer ones are rounded to
//! the nearest double, and are larger than any size we accept.

use std::cell::RefCell;
use std::collections::HashSet;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use weigh_facts::{Decimal, Observation, Observed, Place, Reading};

use crate::ReadError;

/// Nesting that no real file of ours has.
const DEPTH_MAX: usize = 64;

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
    flatten(String::new(), fields, input, &mut observations);
    Ok(Reading {
        reader,
        input: input.to_owned(),
        observations,
        warnings: Vec::new(),
    })
}

fn flatten(
    prefix: String,
    fields: Vec<(String, Observed)>,
    input: &str,
    out: &mut Vec<Observation>,
) {
    for (name, value) in fields {
        let key = if prefix.is_empty() {
            name
        } else {
            format!("{prefix}.{name}")
        };
        match value {
            Observed::Map(inner) => flatten(key, inner, input, out),
            value => {
                let place = Place {
                    input: input.to_owned(),
                    inside: key.clone(),
                };
                out.push(Observation { key, value, place });
            }
        }
    }
}

/// Where reading stands, and what went wrong if our own checks found it.
struct State<'a> {
    input: &'a str,
    path: RefCell<Vec<String>>,
    fault: RefCell<Option<ReadError>>,
}

impl State<'_> {
    fn refuse<E: serde::de::Error>(&self, fault: ReadError) -> E {
        *self.fault.borrow_mut() = Some(fault);
        E::custom("refused")
    }

    fn explain(&self, text: &str, error: &serde_json::Error) -> ReadError {
        let key = self.path.borrow().join(".");
        self.fault
            .borrow_mut()
            .take()
            .unwrap_or_else(|| explain(text, self.input, key, error))
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
    // The parser stops somewhere inside the word: look for one that covers the place.
    for literal in ["-Infinity", "Infinity", "NaN"] {
        for (at, _) in source.match_indices(literal) {
            if (at..=at + literal.len() + 1).contains(&column) {
                return Some((literal, line, at + 1));
            }
        }
    }
    None
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

impl Seed<'_> {
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
        // The shortest text that reads back as this double: what the writer wrote, up to 17 digits.
        format!("{value:e}")
            .parse()
            .map(Observed::Number)
            .map_err(E::custom)
    }

    fn visit_str<E>(self, value: &str) -> Result<Observed, E> {
        Ok(Observed::Text(value.to_owned()))
    }

    fn visit_string<E>(self, value: String) -> Result<Observed, E> {
        Ok(Observed::Text(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Observed, A::Error> {
        let inner = self.deeper()?;
        let mut list = Vec::new();
        while let Some(item) = items.next_element_seed(inner)? {
            list.push(item);
        }
        Ok(Observed::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<Observed, A::Error> {
        let inner = self.deeper()?;
        let mut map = Vec::new();
        let mut seen = HashSet::new();
        while let Some(key) = fields.next_key::<String>()? {
            if !seen.insert(key.clone()) {
                let input = self.state.input.to_owned();
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

/// A whole number that is not negative, at a key.
pub(crate) fn whole(reading: &Reading, key: &str) -> Result<Option<u64>, &'static str> {
    match reading.get(key).map(|o| &o.value) {
        None | Some(Observed::Null) => Ok(None),
        Some(Observed::Number(number)) => {
            let whole = number.to_u128().and_then(|n| n.try_into().ok());
            whole.map(Some).ok_or("a whole number, zero or more")
        }
        Some(_) => Err("a whole number, zero or more"),
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
    }
}
