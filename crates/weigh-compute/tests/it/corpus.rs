//! Every published configuration of a covered type against exact counts by transformers and PyTorch.

use std::collections::BTreeMap;
use std::path::Path;

use weigh_facts::Architecture;

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
        "default:bert",
        "resolved; the table's active count without embedding is wrong, see the anchor",
    ),
    ("mlc__snowflake-arctic-embed-m", "as default:bert"),
    (
        "default:jetmoe",
        "its feed-forward experts are not named so, and the table bills all of them to a token",
    ),
];

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
    let checks: [(&str, u128); 5] = [
        ("total_params", model.parameters().unwrap().0.into()),
        ("active_params", model.active_parameters().unwrap().0.into()),
        (
            "active_without_input_embedding",
            model.active_without_input_embedding().unwrap().0.into(),
        ),
        ("flop_forward_s128", flop_of_matrices(model, 128)),
        ("flop_forward_s2048", flop_of_matrices(model, 2_048)),
    ];
    let recurrent = has_recurrence(model);
    checks
        .into_iter()
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
    let mut recurrent = 0;
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
                if differences.is_empty() {
                    exact += 1;
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
        (exact, recurrent),
        (133, 8),
        "rows met, and recurrent ones among them"
    );
}
