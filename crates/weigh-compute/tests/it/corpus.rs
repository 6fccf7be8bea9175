//! Every published configuration of a covered type against exact counts by transformers and PyTorch.

use std::collections::BTreeMap;
use std::path::Path;

use weigh_compute::forward_input;
use weigh_facts::{Architecture, Modality, TowerRole};

use crate::csv::csv;
use crate::support::{
    assuming_defaults, catalog, corpus, flop_of_matrices, has_recurrence, try_resolve,
};

/// Rows that cannot be met, and why.
const NOT_MET: &[(&str, &str)] = &[
    (
        "default:deepseek_v2",
        "the class default of num_experts_per_tok is null: no model",
    ),
    (
        "default:qwen3_5_moe",
        "a row of the text alone under the type of the whole",
    ),
];

/// Columns of rows that cannot be met, and why.
const COLUMN_NOT_MET: &[(&str, &[&str], &str)] = &[
    // Its feed-forward experts are not named so.
    (
        "active_params",
        &["default:jetmoe"],
        "the table bills all of its experts to a token",
    ),
    (
        "active_without_input_embedding",
        &["default:jetmoe"],
        "the table bills all of its experts to a token",
    ),
    (
        "active_without_input_embedding",
        &[
            "default:bert",
            "default:roberta",
            "default:xlm-roberta",
            "default:distilbert",
            "default:clip",
            "default:siglip",
            "mlc__snowflake-arctic-embed-m",
        ],
        "the table takes a model without a head for one whose head is tied, see the anchor",
    ),
    (
        "flop_forward_s128",
        &["default:llama4"],
        "the library runs every expert for every token",
    ),
    (
        "flop_forward_s128",
        &["default:zaya"],
        "the table counts convolutions over padding and the values of a token before the first",
    ),
    (
        "flop_forward_s2048",
        &["default:zaya"],
        "the table counts convolutions over padding and the values of a token before the first",
    ),
    (
        "flop_forward_s2048",
        &["default:llama4"],
        "the library runs every expert for every token",
    ),
];

/// The columns of a row that cannot be met.
fn not_met(id: &str) -> impl Iterator<Item = &'static str> {
    let rows = COLUMN_NOT_MET.iter();
    rows.filter(move |(_, rows, _)| rows.contains(&id))
        .map(|(column, ..)| *column)
}

fn table(root: &Path) -> Vec<BTreeMap<String, String>> {
    let text = std::fs::read_to_string(root.join("configs/oracle_params_flops.csv")).unwrap();
    csv(&text)
}

fn config(root: &Path, id: &str) -> Option<String> {
    ["aiconfigurator", "maxtext", "mlc-llm", "tt-metal"]
        .iter()
        .flat_map(|folder| {
            [format!("{id}.json"), format!("{id}_config.json")]
                .map(|name| root.join("configs").join(folder).join(name))
        })
        .find_map(|path| std::fs::read_to_string(path).ok())
}

/// What differs between a row and our counts, by column. What the table counts of a recurrence
/// depends on how it is written, so there its operations are at least those of our matrices.
fn differences(row: &BTreeMap<String, String>, model: &Architecture) -> Vec<String> {
    let speaks = model.modalities().contains(&Modality::Text);
    // The oracle gave text alone to what reads text, one input to what does not, and both to
    // CLIP, whose text is 77 tokens at most.
    let both = model.family == "clip";
    let flop = |s: u64| {
        let s = if both { s.min(77) } else { s };
        let inputs = model.towers.iter().map(|t| forward_input(t, s).unwrap().0);
        let inputs: u128 = inputs.sum();
        // One product of the two, in 512 dimensions, is of neither tower.
        let inputs = inputs + if both { 2 * 512 } else { 0 };
        flop_of_matrices(model, s) + if both || !speaks { inputs } else { 0 }
    };
    // It did not count the layers of the text that attend to an image as vision.
    let sees = |t: &&weigh_facts::Tower| {
        t.positions.modality() == Modality::Image && speaks && t.role == TowerRole::Encoder
    };
    // It knew projectors by a name that this one does not have.
    let named = |t: &&weigh_facts::Tower| model.family != "kimi_k25" || t.name != "projector";
    let vision: u64 = model
        .towers
        .iter()
        .filter(sees)
        .filter(named)
        .map(|t| t.parameters().unwrap().0)
        .sum();
    let checks: [(&str, u128); 6] = [
        ("vision", vision.into()),
        ("total_params", model.parameters().unwrap().0.into()),
        ("active_params", model.active_parameters().unwrap().0.into()),
        (
            "active_without_input_embedding",
            model.active_without_input_embedding().unwrap().0.into(),
        ),
        ("flop_forward_s128", flop(128)),
        ("flop_forward_s2048", flop(2_048)),
    ];
    let recurrent = has_recurrence(model);
    checks
        .into_iter()
        .filter(|(column, _)| !not_met(row["id"].as_str()).any(|out| out == *column))
        .filter_map(|(column, ours)| {
            let theirs: u128 = row[column].parse().ok()?;
            let at_least = recurrent && column.starts_with("flop") && theirs > ours;
            (theirs != ours && !at_least).then(|| format!("{column}: theirs {theirs}, ours {ours}"))
        })
        .collect()
}

#[test]
fn covered_rows_are_exact() {
    let Some(root) = corpus("corpus::covered_rows_are_exact") else {
        return;
    };
    let mut exact = 0;
    let mut partly = 0;
    let mut recurrent = 0;
    let mut without_figures = 0;
    let mut wrong = Vec::new();
    for row in table(&root) {
        let id = row["id"].as_str();
        let model_type = row["model_type"].as_str();
        if NOT_MET.iter().any(|(n, _)| *n == id) {
            continue;
        }
        let resolved = match config(&root, id) {
            Some(text) => {
                // Two published files hold `Infinity`, which readers turn into null.
                let text = text.replace("Infinity", "null");
                let read: serde_json::Value = serde_json::from_str(&text).unwrap();
                let own = read["model_type"].as_str().unwrap_or_default().to_owned();
                if !catalog().model_types().contains(&own.as_str()) {
                    continue;
                }
                // Published files may leave out keys that equal class defaults.
                try_resolve(&text).or_else(|_| assuming_defaults(&text))
            }
            None if row["kind"] == "class default" => {
                if !catalog().model_types().contains(&model_type) {
                    continue;
                }
                assuming_defaults(&format!(r#"{{"model_type": "{model_type}"}}"#))
            }
            None => continue,
        };
        match resolved {
            Err(error) => wrong.push(format!("{id}: {}: {error}", error.code())),
            Ok(model) => {
                let differences = differences(&row, &model);
                if row["total_params"].is_empty() {
                    // Its library does not build it: that it resolves is all there is to see.
                    without_figures += 1;
                } else if differences.is_empty() {
                    exact += 1;
                    partly += usize::from(not_met(id).next().is_some());
                    recurrent += usize::from(has_recurrence(&model));
                } else {
                    wrong.push(format!("{id}: {}", differences.join("; ")));
                }
            }
        }
    }
    assert!(
        wrong.is_empty(),
        "{exact} exact, wrong:\n{}",
        wrong.join("\n")
    );
    assert_eq!(
        (exact, partly, recurrent, without_figures),
        (158, 10, 11, 9),
        "rows met, among them those met but for a column and recurrent ones, and rows without \
         figures"
    );
}
