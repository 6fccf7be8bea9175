//! JSON: what programs read, against the committed schema.

use serde_json::Value;
use weigh_report::{Format, render};

use crate::sample;

const SCHEMA: &str = include_str!("../../../../schemas/weighbridge.weigh-1.json");

fn document(weighing: &weigh_station::Weighing) -> Value {
    serde_json::from_str(&render(weighing, Format::Json)).expect("the output is JSON")
}

fn validator() -> jsonschema::Validator {
    let schema: Value = serde_json::from_str(SCHEMA).expect("the schema is JSON");
    jsonschema::draft202012::meta::validate(&schema).expect("the schema is a schema");
    jsonschema::validator_for(&schema).expect("the schema compiles")
}

fn samples() -> [weigh_station::Weighing; 5] {
    [
        sample::dense(),
        sample::mixture(),
        sample::nothing(),
        sample::conflict(),
        sample::hostile(),
    ]
}

/// Where the output for a weighing does not fit the schema.
pub(crate) fn misfits(weighing: &weigh_station::Weighing) -> Vec<String> {
    let document = document(weighing);
    let validator = validator();
    let errors = validator.iter_errors(&document);
    errors
        .map(|e| format!("{}: {e}", e.instance_path()))
        .collect()
}

#[test]
fn every_output_fits_the_schema() {
    for weighing in samples() {
        assert_eq!(misfits(&weighing), Vec::<String>::new());
    }
}

/// Takes every key away in turn; the schema must miss each one.
#[test]
fn a_key_that_is_missing_or_unknown_is_refused() {
    let validator = validator();
    for weighing in [sample::mixture(), sample::conflict()] {
        let whole = document(&weighing);
        let mut pointers = Vec::new();
        objects(&whole, &mut String::new(), &mut pointers);
        assert!(pointers.len() > 100, "{}", pointers.len());
        for (object, key) in pointers {
            let mut less = whole.clone();
            let target = less.pointer_mut(&object).and_then(Value::as_object_mut);
            let target = target.expect("the pointer was just made");
            let value = target.remove(&key);
            assert!(!validator.is_valid(&less), "{object}/{key} is not required");
            let target = less.pointer_mut(&object).and_then(Value::as_object_mut);
            let target = target.expect("the pointer was just made");
            target.insert(key.clone(), value.expect("it was there"));
            target.insert("surprise".to_owned(), Value::Null);
            assert!(!validator.is_valid(&less), "{object} may hold anything");
        }
    }
}

/// Every object with fixed keys, as a pointer, and each of its keys.
pub(crate) fn objects(value: &Value, at: &mut String, found: &mut Vec<(String, String)>) {
    let length = at.len();
    match value {
        Value::Object(map) => {
            for (key, inner) in map {
                // Its keys are the rulebook's own.
                if !at.ends_with("/outcome") {
                    found.push((at.clone(), key.clone()));
                }
                at.push_str(&format!("/{}", key.replace('~', "~0").replace('/', "~1")));
                objects(inner, at, found);
                at.truncate(length);
            }
        }
        // The items of a list are alike: the first stands for all.
        Value::Array(items) => {
            if let Some(first) = items.first() {
                at.push_str("/0");
                objects(first, at, found);
                at.truncate(length);
            }
        }
        _ => {}
    }
}

#[test]
fn numbers_stand_with_every_digit() {
    let json = render(&sample::dense(), Format::Json);
    assert!(json.contains("\"best\": 771794326388736000000000,"));
    assert!(json.contains("\"exact\": \"771794326388736000000000\""));
    let document = document(&sample::dense());
    assert_eq!(document["model"]["parameters"]["total"], 8_030_261_248_u64);
}

#[test]
fn nothing_known_is_null_and_operations_are_still_an_object() {
    let document = document(&sample::nothing());
    assert!(document["model"].is_null());
    let operations = &document["compute"]["operations"];
    for key in ["best", "low", "high", "exact"] {
        assert!(operations[key].is_null(), "{key}");
    }
    assert_eq!(operations["unit"], "FLOP");
}

#[test]
fn nothing_in_it_steers_a_terminal_and_nothing_is_lost() {
    let weighing = sample::hostile();
    let json = render(&weighing, Format::Json);
    assert!(!json.chars().any(|c| c.is_control() && c != '\n'));
    assert!(!json.contains('\u{202e}'));
    assert_eq!(document(&weighing)["subject"], weighing.subject.as_str());
}

#[test]
fn the_document_reads_in_a_fixed_order() {
    insta::assert_snapshot!(render(&sample::mixture(), Format::Json));
}
