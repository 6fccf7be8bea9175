//! Every family against what transformers makes of a small configuration of it: learned values,
//! what a token passes, operations, and the names and shapes of the tensors it saves.
//! The table is made by `fixtures/make_architectures.py`.

use serde_json::Value;
use weigh_compute::{HeaderVerdict, QuantizationHints, match_headers};
use weigh_facts::{Architecture, Dtype, TensorSeen};

use crate::support::{architecture, assuming_defaults, flop_of_matrices, tensor};

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

/// Families without code in the library: published models whose learned values are known from the
/// headers of their weights.
#[test]
fn families_of_published_code_agree_with_published_weights() {
    let mut found = Vec::new();
    for (name, published, config) in [
        (
            "Qwen-7B",
            7_721_324_544_u64,
            r#"{"model_type": "qwen", "vocab_size": 151936, "hidden_size": 4096, "num_hidden_layers": 32,
            "num_attention_heads": 32, "kv_channels": 128, "intermediate_size": 22016, "seq_length": 8192}"#,
        ),
        (
            "Qwen-1.8B",
            1_836_828_672,
            r#"{"model_type": "qwen", "vocab_size": 151936, "hidden_size": 2048, "num_hidden_layers": 24,
            "num_attention_heads": 16, "kv_channels": 128, "intermediate_size": 11008, "seq_length": 8192}"#,
        ),
        (
            "Baichuan2-7B",
            7_505_973_248,
            r#"{"model_type": "baichuan", "vocab_size": 125696, "hidden_size": 4096, "num_hidden_layers": 32,
            "num_attention_heads": 32, "intermediate_size": 11008}"#,
        ),
        (
            "InternLM2-7B",
            7_737_708_544,
            r#"{"model_type": "internlm2", "vocab_size": 92544, "hidden_size": 4096, "num_hidden_layers": 32,
            "num_attention_heads": 32, "num_key_value_heads": 8, "intermediate_size": 14336, "bias": false}"#,
        ),
        (
            "ChatGLM3-6B",
            6_243_584_000,
            r#"{"model_type": "chatglm", "padded_vocab_size": 65024, "hidden_size": 4096, "num_layers": 28,
            "num_attention_heads": 32, "kv_channels": 128, "ffn_hidden_size": 13696, "add_qkv_bias": true,
            "add_bias_linear": false, "multi_query_attention": true, "multi_query_group_num": 2}"#,
        ),
        (
            "DeepSeekMoE-16B",
            16_375_728_128,
            r#"{"model_type": "deepseek", "vocab_size": 102400, "hidden_size": 2048, "num_hidden_layers": 28,
            "num_attention_heads": 16, "num_key_value_heads": 16, "intermediate_size": 10944,
            "moe_intermediate_size": 1408, "n_routed_experts": 64, "n_shared_experts": 2,
            "num_experts_per_tok": 6, "first_k_dense_replace": 1, "moe_layer_freq": 1}"#,
        ),
        (
            "MiniCPM-2B",
            2_724_880_896,
            r#"{"model_type": "minicpm", "vocab_size": 122753, "hidden_size": 2304, "num_hidden_layers": 40,
            "num_attention_heads": 36, "num_key_value_heads": 36, "intermediate_size": 5760}"#,
        ),
        (
            "Phi-2",
            2_779_683_840,
            r#"{"model_type": "phi-msft", "vocab_size": 51200, "n_embd": 2560, "n_layer": 32, "n_head": 32,
            "n_inner": null, "n_positions": 2048}"#,
        ),
        (
            "DBRX",
            131_596_523_520,
            r#"{"model_type": "dbrx", "vocab_size": 100352, "d_model": 6144, "n_layers": 40, "n_heads": 48,
            "max_seq_len": 32768, "attn_config": {"kv_n_heads": 8}, "ffn_config": {"ffn_hidden_size": 10752,
            "moe_num_experts": 16, "moe_top_k": 4}}"#,
        ),
    ] {
        let ours = architecture(config).parameters().unwrap().0;
        if ours != published {
            found.push(format!("{name}: published {published}, ours {ours}"));
        }
    }
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[test]
fn layers_that_a_search_chose_are_counted_one_by_one() {
    // By hand: hidden 64, four heads of 16; a feed-forward is 2 × 64 × factor / 3, rounded down,
    // then up to a multiple of 256. The first layer attends with one head of keys for two queries
    // and feeds 256 wide, the second only feeds 512 wide, the third only attends.
    let text = r#"{"model_type": "nemotron-nas", "vocab_size": 96, "hidden_size": 64,
        "num_hidden_layers": 3, "num_attention_heads": 4, "block_configs": [
        {"attention": {"n_heads_in_group": 2, "no_op": false}, "ffn": {"ffn_mult": 3.28125, "no_op": false}},
        {"attention": {"n_heads_in_group": null, "no_op": true}, "ffn": {"ffn_mult": 6.5, "no_op": false}},
        {"attention": {"n_heads_in_group": 4, "no_op": false}, "ffn": {"ffn_mult": null, "no_op": true}}]}"#;
    let attention = |groups: u64| 64 * 64 * 2 + 2 * 64 * 16 * groups;
    let fed = |width: u64| 3 * 64 * width;
    let by_hand = 2 * 96 * 64
        + 64
        + (attention(2) + 64 + fed(256) + 64)
        + (fed(512) + 64)
        + (attention(1) + 64);
    assert_eq!(architecture(text).parameters().unwrap().0, by_hand);
    let linear = text.replace(
        r#""n_heads_in_group": 4, "no_op""#,
        r#""replace_with_linear": true, "no_op""#,
    );
    assert!(crate::support::try_resolve(&linear).is_err());
}
