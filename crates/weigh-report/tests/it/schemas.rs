//! Documents about chips and tables, against their committed schemas.

use serde_json::Value;
use weigh_facts::Level;
use weigh_report::{Format, render_chip, render_chip_list, render_cluster, render_decision_table};
use weigh_station::{Axis, chip_sheet, decision_table};

use crate::chips::{all, chip, day, law, options};
use crate::clusters::cluster;
use crate::json::objects;

fn validator(schema: &str) -> jsonschema::Validator {
    let schema: Value = serde_json::from_str(schema).expect("the schema is JSON");
    jsonschema::draft202012::meta::validate(&schema).expect("the schema is a schema");
    jsonschema::validator_for(&schema).expect("the schema compiles")
}

/// A document fits its schema, and the schema misses each key that is taken away and refuses any
/// that is added.
fn holds(schema: &str, text: &str) {
    let validator = validator(schema);
    let document: Value = serde_json::from_str(text).expect("the output is JSON");
    let misfits: Vec<String> = validator
        .iter_errors(&document)
        .map(|e| format!("{}: {e}", e.instance_path()))
        .collect();
    assert_eq!(misfits, Vec::<String>::new());
    let name = document["schema"]
        .as_str()
        .expect("a document names its schema");
    assert!(schema.contains(&format!("\"const\": \"{name}\"")), "{name}");
    let mut keys = Vec::new();
    objects(&document, &mut String::new(), &mut keys);
    assert!(keys.len() > 10, "{name}: {}", keys.len());
    for (object, key) in keys {
        let mut less = document.clone();
        let target = less.pointer_mut(&object).and_then(Value::as_object_mut);
        let target = target.expect("the pointer was just made");
        let value = target.remove(&key).expect("it was there");
        assert!(
            !validator.is_valid(&less),
            "{name}: {object}/{key} is not required"
        );
        let target = less.pointer_mut(&object).and_then(Value::as_object_mut);
        let target = target.expect("the pointer was just made");
        target.insert(key, value);
        target.insert("surprise".to_owned(), Value::Null);
        assert!(
            !validator.is_valid(&less),
            "{name}: {object} may hold anything"
        );
    }
}

#[test]
fn a_chip_fits_its_schema() {
    let schema = include_str!("../../../../schemas/weighbridge.chip-1.json");
    // One that is open, one that flips, one of which no rate is known, one in two classes.
    let days = ["2026-09-01", "2026-09-01", "2026-09-01", "2026-11-24"];
    for (name, on) in ["MI355X", "Trainium1", "MI308X", "H100"].iter().zip(days) {
        let sheet = chip_sheet(law(), &chip(name), &options(on));
        holds(schema, &render_chip(&sheet, Format::Json));
    }
}

#[test]
fn a_list_of_chips_fits_its_schema() {
    let schema = include_str!("../../../../schemas/weighbridge.chip-list-1.json");
    // The first chip stands for all in the second half of the check: one that flips comes first.
    let one = [&chip("Trainium1")];
    let list = weigh_station::chip_list(law(), &one, &options("2026-09-01"));
    holds(schema, &render_chip_list(&list, Format::Json));
    let validator = validator(schema);
    for on in ["2022-01-01", "2023-06-01", "2026-11-24"] {
        let list = weigh_station::chip_list(law(), &all(), &options(on));
        let text = render_chip_list(&list, Format::Json);
        let document: Value = serde_json::from_str(&text).expect("the output is JSON");
        assert!(validator.is_valid(&document), "{on}");
    }
}

#[test]
fn a_cluster_fits_its_schema() {
    let schema = include_str!("../../../../schemas/weighbridge.cluster-1.json");
    let sheet = cluster(&[("H100", 51_000), ("RTX 4090", 2)], "2024-06-01", &[]);
    assert!(!sheet.otherwise.is_empty(), "it flips");
    holds(schema, &render_cluster(&sheet, Format::Json));
    let own = cluster(&[("H100", 8)], "2024-06-01", &["3e25..5e25"]);
    holds(schema, &render_cluster(&own, Format::Json));
}

#[test]
fn a_decision_table_fits_its_schema() {
    let schema = include_str!("../../../../schemas/weighbridge.decision-table-1.json");
    let axis = |fact: &str, values: &[&str]| Axis {
        fact: fact.parse().expect("a fact"),
        values: values.iter().map(|v| (*v).to_owned()).collect(),
    };
    let axes = [
        axis("destination", &["CN", "AE", "CA"]),
        axis("item_kind", &["integrated-circuit", "computer"]),
    ];
    let facts = chip("H100").facts(weigh_compute::Tf32::Significant19);
    let table = decision_table(
        law(),
        &facts,
        &axes,
        (day("2026-09-01"), None),
        Level::Review,
    );
    let table = table.expect("the axes are axes");
    holds(schema, &render_decision_table(&table, Format::Json));
}

#[test]
fn an_inspection_fits_its_schema() {
    let schema = include_str!("../../../../schemas/weighbridge.inspect-1.json");
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/");
    let options = weigh_station::InspectOptions {
        devices: true,
        digests: Some(weigh_station::DigestOptions::default()),
        ..Default::default()
    };
    for name in ["tiny-llama", "tiny-llama-lora"] {
        let path = std::path::PathBuf::from(format!("{root}{name}"));
        let found = weigh_station::inspect(&path, &options, &weigh_station::Quiet);
        let found = found.expect("the examples are sound");
        let text = weigh_report::render_inspection(&found, Format::Json);
        holds(schema, &text);
    }
}
