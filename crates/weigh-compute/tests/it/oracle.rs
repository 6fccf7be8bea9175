//! Training counts against PyTorch's own counter: full, adapters, partial.

use std::collections::BTreeMap;

use weigh_compute::{OperationProfile, Scope};
use weigh_facts::{Adaptation, Architecture, AttentionConvention, OperatorKind, Part, Tokens};

use crate::support::{architecture, catalog, corpus};

const BATCH: u64 = 2;
const LENGTH: u64 = 96;

struct Row {
    case: String,
    mode: String,
    trainable: u64,
    forward: u128,
    total: u128,
}

/// Rows of the oracle, and the configuration of each case.
fn rows() -> Option<(Vec<Row>, BTreeMap<String, String>)> {
    let root = corpus("oracle")?;
    let text = std::fs::read_to_string(root.join("oracle_flopcounter.tsv")).unwrap();
    let mut rows = Vec::new();
    let mut configs = BTreeMap::new();
    for line in text.lines().filter(|l| !l.starts_with('#')).skip(1) {
        let fields: Vec<&str> = line.split('\t').collect();
        if fields.get(6).is_some_and(|c| !c.is_empty()) {
            configs.insert(fields[0].to_owned(), fields[6].to_owned());
        }
        rows.push(Row {
            case: fields[0].to_owned(),
            mode: fields[1].to_owned(),
            trainable: fields[3].parse().unwrap(),
            forward: fields[4].parse().unwrap(),
            total: fields[5].parse().unwrap(),
        });
    }
    Some((rows, configs))
}

/// The oracle's configurations do not name their type: it is in the case's name.
fn model(case: &str, config: &str) -> Option<Architecture> {
    let (model_type, class) = match case {
        "llama_gqa" | "llama_tied_mha" => ("llama", "LlamaForCausalLM"),
        "qwen3_wide_heads" => ("qwen3", "Qwen3ForCausalLM"),
        "gpt2" => ("gpt2", "GPT2LMHeadModel"),
        "mixtral_8x_top2" => ("mixtral", "MixtralForCausalLM"),
        "qwen3_moe_16_top4" => ("qwen3_moe", "Qwen3MoeForCausalLM"),
        "deepseek_v3_mla" => ("deepseek_v3", "DeepseekV3ForCausalLM"),
        "gpt_oss" => ("gpt_oss", "GptOssForCausalLM"),
        "bert_mlm" => ("bert", "BertForMaskedLM"),
        _ => return None,
    };
    assert!(catalog().model_types().contains(&model_type));
    let rest = config.trim_start_matches('{');
    let head = format!(r#"{{"model_type": "{model_type}", "architectures": ["{class}"], "#);
    Some(architecture(&format!("{head}{rest}")))
}

/// Full module paths of every linear operator but the output projection, in `layers`.
fn linears(model: &Architecture, layers: std::ops::Range<u64>, with_tail: bool) -> Vec<String> {
    let tower = &model.towers[0];
    let is_linear = |o: &&weigh_facts::Operator| {
        matches!(&o.kind, OperatorKind::Linear { tied_to: None, outputs, .. }
            if *outputs < 1024 && o.part != Part::Router)
    };
    let mut names = Vec::new();
    for group in &tower.groups {
        for layer in group.layers.iter().filter(|l| layers.contains(l)) {
            for operator in group.operators.iter().filter(is_linear) {
                names.push(
                    operator.tensors[0]
                        .name
                        .replace("{layer}", &layer.to_string()),
                );
            }
        }
    }
    if with_tail {
        let tail = tower.tail.iter().filter(is_linear);
        names.extend(tail.map(|o| o.tensors[0].name.clone()));
    }
    names
}

fn low_rank(names: Vec<String>, saved: &[&str]) -> Adaptation {
    Adaptation::LowRank {
        ranks: names
            .into_iter()
            .map(|n| (format!("base_model.model.{n}"), 8))
            .collect(),
        saved_modules: saved.iter().map(|s| (*s).to_owned()).collect(),
    }
}

#[test]
fn training_counts_equal_autograd() {
    let Some((rows, configs)) = rows() else {
        return;
    };
    let mut compared = BTreeMap::<&str, usize>::new();
    for row in &rows {
        let Some(model) = model(&row.case, &configs[&row.case]) else {
            continue;
        };
        let depth = model.towers[0].depth;
        let routed = model.moe().unwrap().is_some();
        let adaptation = match row.mode.as_str() {
            "full" => Adaptation::Full,
            // peft adds work on experts that the algorithm does not need.
            "lora_all_linear_r8" | "lora_last_layer_r8" if routed => continue,
            "lora_all_linear_r8" => low_rank(linears(&model, 0..depth, true), &[]),
            "lora_last_layer_r8" => low_rank(linears(&model, depth - 1..depth, false), &[]),
            // The masked-language-model head of BERT shares its last matrix with the embedding.
            "frozen_but_head" if row.case == "bert_mlm" => {
                low_rank(vec![], &["transform.dense", "transform.LayerNorm"])
            }
            "frozen_but_head" => low_rank(vec![], &["lm_head"]),
            // Recomputation is executed, not needed.
            _ => continue,
        };
        let scope = Scope::default();
        let training = OperationProfile::training(&model, &adaptation, scope).unwrap();
        let count = |profile: &OperationProfile| {
            let tokens = Tokens(BATCH * LENGTH);
            profile
                .operations(tokens, LENGTH, AttentionConvention::Full)
                .unwrap()
                .0
        };
        let name = format!("{} {}", row.case, row.mode);
        assert_eq!(count(&training.profile), row.total, "{name}");
        if row.mode == "full" {
            assert_eq!(model.parameters().unwrap().0, row.trainable, "{name}");
            let forward = OperationProfile::forward(&model, scope).unwrap();
            assert_eq!(count(&forward), row.forward, "{name}");
        }
        if row.mode.starts_with("lora") {
            assert_eq!(training.adapter_parameters, row.trainable, "{name}");
        }
        *compared.entry(row.mode.as_str()).or_default() += 1;
    }
    let compared: Vec<String> = compared.iter().map(|(m, n)| format!("{m} {n}")).collect();
    assert_eq!(
        compared.join(", "),
        "frozen_but_head 6, full 9, lora_all_linear_r8 5, lora_last_layer_r8 3"
    );
}
