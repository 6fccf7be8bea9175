//! Every family against what transformers makes of a small configuration of it: learned values,
//! what a token passes, operations, and the names and shapes of the tensors it saves.
//! The table is made by `fixtures/make_architectures.py`.

use serde_json::Value;
use weigh_compute::{HeaderVerdict, QuantizationHints, match_headers};
use weigh_facts::{Architecture, Dtype, TensorSeen};

use crate::support::{assuming_defaults, flop_of_matrices, tensor};

const TABLE: &str = include_str!("../../../../fixtures/architectures.jsonl");

fn rows() -> Vec<Value> {
    let lines = TABLE.lines().skip(1);
    let parsed = lines.map(|line| serde_json::from_str(line).expect("the table is JSON"));
    parsed.collect()
}

/// The row's configuration as a file: its type and class, and only the keys that were set.
fn config(row: &Value) -> String {
    let mut map = row["config"].as_object().unwrap().clone();
    map.insert("model_type".to_owned(), row["model_type"].clone());
    map.insert(
        "architectures".to_owned(),
        vec![row["class"].clone()].into(),
    );
    serde_json::to_string(&map).unwrap()
}

/// `model.layers.{0,1}.mlp` is one name for every index in braces.
fn tensors(row: &Value) -> Vec<TensorSeen> {
    let mut tensors = Vec::new();
    for (name, shape) in row["tensors"].as_object().unwrap() {
        let shape: Vec<u64> = shape
            .as_array()
            .unwrap()
            .iter()
            .map(|n| n.as_u64().unwrap())
            .collect();
        let parts = name.split_once('{').and_then(|(before, rest)| {
            let (indices, after) = rest.split_once('}')?;
            Some((before, indices, after))
        });
        match parts {
            None => tensors.push(tensor(name, &shape, Dtype::F32)),
            Some((before, indices, after)) => {
                for index in indices.split(',') {
                    tensors.push(tensor(
                        &format!("{before}{index}{after}"),
                        &shape,
                        Dtype::F32,
                    ));
                }
            }
        }
    }
    tensors
}

fn differences(row: &Value, model: &Architecture) -> Vec<String> {
    let mut found = Vec::new();
    let mut compare = |what: &str, theirs: &Value, ours: u64| {
        if theirs.as_u64() != Some(ours) {
            found.push(format!("{what}: theirs {theirs}, ours {ours}"));
        }
    };
    compare("total", &row["total"], model.parameters().unwrap().0);
    compare(
        "active",
        &row["active"],
        model.active_parameters().unwrap().0,
    );
    let without = model.active_without_input_embedding().unwrap().0;
    compare(
        "active without input embedding",
        &row["active_without_input_embedding"],
        without,
    );
    for (length, theirs) in row["flop"].as_object().unwrap() {
        let ours = flop_of_matrices(model, length.parse().unwrap());
        compare(
            &format!("flop at {length}"),
            theirs,
            u64::try_from(ours).unwrap(),
        );
    }
    let header = match_headers(model, &tensors(row), &QuantizationHints::default());
    if !matches!(
        header.verdict,
        HeaderVerdict::Agree | HeaderVerdict::AgreeWithExplanation
    ) {
        found.push(format!(
            "tensors: {:?} missing, {:?} extra",
            header.unexplained_missing, header.unexplained_extra
        ));
    }
    found
}

#[test]
fn every_family_is_what_its_library_makes_of_it() {
    let mut wrong = Vec::new();
    let mut exact = 0;
    for row in rows() {
        let name = format!("{} {}", row["model_type"], row["config"]);
        match assuming_defaults(&config(&row)) {
            Err(error) => wrong.push(format!("{name}: {}: {error}", error.code())),
            Ok(model) => {
                let differences = differences(&row, &model);
                if differences.is_empty() {
                    exact += 1;
                } else {
                    wrong.push(format!("{name}: {}", differences.join("; ")));
                }
            }
        }
    }
    assert!(
        wrong.is_empty(),
        "{exact} exact, wrong:\n{}",
        wrong.join("\n")
    );
}

/// What the classes of the library take for missing keys, made by
/// `fixtures/make_class_defaults.py`.
const DEFAULTS: &str = include_str!("../../../../fixtures/class_defaults.json");

#[test]
fn class_defaults_are_those_of_the_library() {
    let table: Value = serde_json::from_str(DEFAULTS).unwrap();
    let version = table["transformers"].as_str().unwrap();
    let mut wrong = Vec::new();
    let mut compared = 0;
    for (model_type, keys) in table["defaults"].as_object().unwrap() {
        // Where the class defaults are no model, none of them ever stands in.
        let Ok(model) = assuming_defaults(&format!(r#"{{"model_type": "{model_type}"}}"#)) else {
            continue;
        };
        assert!(model.source.contains(version), "{}", model.source);
        for default in &model.defaulted {
            let theirs = match keys.get(&default.key) {
                None | Some(Value::Null) => continue,
                Some(Value::String(text)) => text.clone(),
                Some(other) => other.to_string(),
            };
            compared += 1;
            // Thousandths are a whole number here and a decimal there.
            let thousandfold = theirs.parse::<f64>().is_ok_and(|n| {
                theirs.contains('.') && default.value == (n * 1_000.0).round().to_string()
            });
            // A window that is switched off is none here and of no width there.
            let switched_off = theirs == "0" && default.value == "null";
            if theirs != default.value && !thousandfold && !switched_off {
                let ours = &default.value;
                wrong.push(format!(
                    "{model_type} {}: theirs {theirs}, ours {ours}",
                    default.key
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(compared > 900, "only {compared} defaults were compared");
}
