//! Models of several towers, and encoders, against what their library makes of them.

use std::path::PathBuf;

use serde_json::Value;
use weigh_compute::{HeaderVerdict, QuantizationHints, forward, forward_input, match_headers};
use weigh_facts::{
    Architecture, AttentionConvention, Dtype, Modality, Positions, TensorSeen, Tokens,
};

use crate::support::{assuming_defaults, tensor};

/// One line of `fixtures/towers.jsonl`, see `fixtures/make_towers.py`.
fn cases() -> Vec<Value> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/towers.jsonl");
    let text = std::fs::read_to_string(path).unwrap();
    let mut lines = text.lines().map(|l| serde_json::from_str(l).unwrap());
    let versions: Value = lines.next().unwrap();
    assert_eq!(versions["transformers"], "5.23.0");
    lines.collect()
}

fn name(case: &Value) -> String {
    let class = case["class"].as_str().unwrap();
    format!("{class} {}", case["config"])
}

fn model(case: &Value) -> Architecture {
    let mut config = case["config"].clone();
    let map = config.as_object_mut().unwrap();
    map.insert("model_type".into(), case["model_type"].clone());
    map.insert("architectures".into(), vec![case["class"].clone()].into());
    assuming_defaults(&config.to_string()).unwrap_or_else(|e| panic!("{}: {e}", name(case)))
}

fn tensors(case: &Value) -> Vec<TensorSeen> {
    let mut found = Vec::new();
    for (pattern, shape) in case["tensors"].as_object().unwrap() {
        let shape: Vec<u64> = serde_json::from_value(shape.clone()).unwrap();
        let mut push = |name: &str| found.push(tensor(name, &shape, Dtype::F32));
        match pattern.split_once('{') {
            None => push(pattern),
            Some((before, rest)) => {
                let (layers, after) = rest.split_once('}').unwrap();
                for layer in layers.split(',') {
                    push(&format!("{before}{layer}{after}"));
                }
            }
        }
    }
    found
}

/// What differs between the library and us.
fn differences(case: &Value) -> Vec<String> {
    let model = model(case);
    let mut wrong = Vec::new();
    let mut same = |what: &str, theirs: u128, ours: u128| {
        if theirs != ours {
            wrong.push(format!("{what}: theirs {theirs}, ours {ours}"));
        }
    };
    let number = |v: &Value| u128::from(v.as_u64().unwrap());
    same(
        "total",
        number(&case["total"]),
        model.parameters().unwrap().0.into(),
    );
    let towers: u64 = model.towers.iter().map(|t| t.parameters().unwrap().0).sum();
    same("towers", number(&case["total"]), towers.into());
    let text = |length: u64| {
        let how = AttentionConvention::Full;
        forward(&model, length, Tokens(length), how).unwrap().0
    };
    let lengths = case["text"].as_object();
    for (length, theirs) in lengths.into_iter().flatten() {
        let length = length.parse().unwrap();
        // The library runs every expert of Llama 4 for every token.
        let idle = if model.family == "llama4" {
            idle_experts(&model, length)
        } else {
            0
        };
        same("text", number(theirs), text(length) + idle);
    }
    let inputs = |length: u64| -> u128 {
        let towers = model.towers.iter();
        towers.map(|t| forward_input(t, length).unwrap().0).sum()
    };
    if let Some(theirs) = case.get("input") {
        same("input", number(theirs), inputs(0));
    }
    if let Some(theirs) = case.get("both") {
        // The library makes the mask of its image encoder by a product of one column with itself.
        let mask = match model.towers[0].positions {
            Positions::Input { count, .. } => 2 * u128::from(count).pow(2),
            _ => 0,
        };
        same("both", number(theirs), text(16) + inputs(16) + mask);
    }
    let found = match_headers(&model, &tensors(case), &QuantizationHints::default());
    let agrees = [HeaderVerdict::Agree, HeaderVerdict::AgreeWithExplanation];
    same(
        "logical",
        number(&case["total"]),
        found.logical_elements.into(),
    );
    if !agrees.contains(&found.verdict) {
        let few = |names: &[String]| names.iter().take(4).cloned().collect::<Vec<_>>();
        wrong.push(format!(
            "{:?}, missing {:?}, extra {:?}",
            found.verdict,
            few(&found.unexplained_missing),
            few(&found.unexplained_extra)
        ));
    }
    wrong
}

fn idle_experts(model: &Architecture, tokens: u64) -> u128 {
    use weigh_facts::OperatorKind::Linear;
    let idle = model.operators().map(|(o, layers)| match o.kind {
        Linear {
            inputs,
            outputs,
            copies,
            active,
            ..
        } => u128::from(2 * inputs * outputs * (copies - active) * layers),
        _ => 0,
    });
    idle.sum::<u128>() * u128::from(tokens)
}

#[test]
fn counts_and_names_are_those_of_the_library() {
    let cases = cases();
    let mut wrong = Vec::new();
    for case in &cases {
        for difference in differences(case) {
            wrong.push(format!("{}: {difference}", name(case)));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(cases.len() >= 40, "only {} cases", cases.len());
}

#[test]
fn a_tower_says_what_passes_it() {
    let model = assuming_defaults(r#"{"model_type": "gemma3"}"#).unwrap();
    let said: Vec<String> = model
        .towers
        .iter()
        .map(|t| match &t.positions {
            Positions::Tokens => format!("{}: tokens", t.name),
            Positions::Input {
                count, described, ..
            } => format!("{}: {count}, {described}", t.name),
            Positions::TokensBeside { described, .. } => format!("{}: {described}", t.name),
        })
        .collect();
    assert_eq!(
        said,
        [
            "vision: 196, one image of 224 x 224 pixels in patches of 16 x 16",
            "projector: 256, 256 tokens of text for an image",
            "text: tokens",
        ]
    );
    assert_eq!(model.modalities(), [Modality::Text, Modality::Image]);
}
