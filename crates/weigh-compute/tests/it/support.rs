//! A flattener from JSON to observations, so that these tests need no reader, and small helpers.

use std::io::Write as _;
use std::path::PathBuf;

use serde_json::Value;
use weigh_compute::{
    Catalog, Component, ResolveError, ResolveOptions, forward_components, resolve,
};
use weigh_facts::{
    Architecture, AttentionConvention, Dtype, Observation, Observed, Operator, OperatorKind, Part,
    Place, Reading, TensorSeen, Tokens,
};

/// Reads JSON text as the configuration reader would: maps into dotted keys.
pub(crate) fn reading(text: &str) -> Reading {
    let value: Value = serde_json::from_str(text).expect("the test's JSON parses");
    let mut observations = Vec::new();
    flatten("", &value, &mut observations);
    Reading {
        reader: "test/1",
        input: "config.json".to_owned(),
        observations,
        warnings: Vec::new(),
    }
}

fn flatten(prefix: &str, value: &Value, out: &mut Vec<Observation>) {
    if let Value::Object(map) = value {
        for (key, value) in map {
            let key = if prefix.is_empty() {
                key.clone()
            } else {
                format!("{prefix}.{key}")
            };
            flatten(&key, value, out);
        }
        return;
    }
    out.push(Observation {
        key: prefix.to_owned(),
        value: observed(value),
        place: Place {
            input: "config.json".to_owned(),
            inside: prefix.to_owned(),
        },
    });
}

fn observed(value: &Value) -> Observed {
    match value {
        Value::Null => Observed::Null,
        Value::Bool(b) => Observed::Bool(*b),
        Value::Number(n) => Observed::Number(n.to_string().parse().expect("a decimal")),
        Value::String(s) => Observed::Text(s.clone()),
        Value::Array(items) => Observed::List(items.iter().map(observed).collect()),
        Value::Object(map) => {
            Observed::Map(map.iter().map(|(k, v)| (k.clone(), observed(v))).collect())
        }
    }
}

pub(crate) fn catalog() -> &'static Catalog {
    match Catalog::shipped() {
        Ok(catalog) => catalog,
        Err(error) => panic!("{error}: {:#?}", error.diagnostics),
    }
}

pub(crate) fn try_resolve(text: &str) -> Result<Architecture, ResolveError> {
    resolve(&reading(text), catalog(), ResolveOptions::default())
}

pub(crate) fn assuming_defaults(text: &str) -> Result<Architecture, ResolveError> {
    let options = ResolveOptions {
        assume_class_defaults: true,
    };
    resolve(&reading(text), catalog(), options)
}

/// The architecture of a configuration that must resolve.
pub(crate) fn architecture(text: &str) -> Architecture {
    try_resolve(text).unwrap_or_else(|e| panic!("{}: {e}", e.code()))
}

/// Operations of a forward pass over one sequence, the whole square of attention, and no
/// recurrences: what a framework counts of those depends on how they are written.
pub(crate) fn flop_of_matrices(model: &Architecture, length: u64) -> u128 {
    let all = forward_components(model, length, Tokens(length), AttentionConvention::Full);
    let all = all.expect("the operations fit");
    let kept = all.iter().filter(|(c, _)| *c != Component::Scan);
    kept.map(|(_, operations)| operations.0).sum()
}

pub(crate) fn has_recurrence(model: &Architecture) -> bool {
    let is_scan = |o: &Operator| matches!(o.kind, OperatorKind::Scan { .. });
    model.operators().any(|(o, _)| is_scan(o))
}

/// The folder of large fixtures, or nothing, said on the real stderr since libtest captures the
/// other one.
pub(crate) fn corpus(test: &str) -> Option<PathBuf> {
    let found = std::env::var_os("WEIGHBRIDGE_CORPUS").map(PathBuf::from);
    if found.is_none() {
        let message = format!("skipped: {test} needs WEIGHBRIDGE_CORPUS\n");
        std::io::stderr()
            .write_all(message.as_bytes())
            .expect("stderr is there");
    }
    found
}

/// A small two-group mixture, for properties.
pub(crate) const SMALL_MOE: &str = r#"{
    "model_type": "deepseek_v3", "hidden_size": 128, "num_hidden_layers": 3, "vocab_size": 1024,
    "intermediate_size": 352, "moe_intermediate_size": 64, "num_attention_heads": 4,
    "n_routed_experts": 8, "n_shared_experts": 1, "num_experts_per_tok": 2,
    "first_k_dense_replace": 1, "q_lora_rank": 48, "kv_lora_rank": 32, "qk_nope_head_dim": 24,
    "qk_rope_head_dim": 8, "v_head_dim": 24, "num_nextn_predict_layers": 1,
    "max_position_embeddings": 4096, "tie_word_embeddings": false, "attention_bias": false
}"#;

/// Llama 3.1 8B.
pub(crate) const LLAMA_8B: &str = r#"{
    "model_type": "llama", "architectures": ["LlamaForCausalLM"], "hidden_size": 4096,
    "num_hidden_layers": 32, "vocab_size": 128256, "intermediate_size": 14336,
    "num_attention_heads": 32, "num_key_value_heads": 8, "max_position_embeddings": 131072,
    "tie_word_embeddings": false, "attention_bias": false, "mlp_bias": false,
    "rope_scaling": {"factor": 8.0, "original_max_position_embeddings": 8192, "rope_type": "llama3"}
}"#;

/// Tensors as a library would save them, one for every weight the architecture promises.
pub(crate) fn saved(model: &Architecture) -> Vec<TensorSeen> {
    let mut tensors = Vec::new();
    for tower in &model.towers {
        let mut save = |operator: &Operator, layer: Option<u64>| {
            if let Some(pattern) = operator.tensors.first() {
                save_one(
                    operator,
                    &pattern.name,
                    pattern.stacked,
                    layer,
                    &mut tensors,
                );
            }
        };
        tower.stem.iter().for_each(|o| save(o, None));
        for group in &tower.groups {
            for layer in &group.layers {
                group.operators.iter().for_each(|o| save(o, Some(*layer)));
            }
        }
        let class = tower
            .tail
            .iter()
            .filter(|o| o.part != Part::MultiTokenPrediction);
        class.for_each(|o| save(o, None));
    }
    tensors
}

fn save_one(
    operator: &Operator,
    pattern: &str,
    stacked: bool,
    layer: Option<u64>,
    out: &mut Vec<TensorSeen>,
) {
    let layer = layer.map(|l| l.to_string()).unwrap_or_default();
    let name = pattern.replace("{layer}", &layer);
    let mut push = |name: String, shape: Vec<u64>| out.push(tensor(&name, &shape, Dtype::BF16));
    match &operator.kind {
        OperatorKind::Embedding { rows, width } => {
            push(format!("{name}.weight"), vec![*rows, *width]);
        }
        OperatorKind::Linear {
            inputs,
            outputs,
            bias,
            copies,
            tied_to,
            ..
        } => {
            if stacked {
                push(name.clone(), vec![*copies, *inputs, *outputs]);
                if *bias {
                    push(format!("{name}_bias"), vec![*copies, *outputs]);
                }
                return;
            }
            for expert in 0..*copies {
                let name = name.replace("{expert}", &expert.to_string());
                if tied_to.is_none() {
                    push(format!("{name}.weight"), vec![*outputs, *inputs]);
                }
                if *bias {
                    push(format!("{name}.bias"), vec![*outputs]);
                }
            }
        }
        OperatorKind::Norm { width, bias } => {
            push(format!("{name}.weight"), vec![*width]);
            if *bias {
                push(format!("{name}.bias"), vec![*width]);
            }
        }
        OperatorKind::Vector { elements } => push(name, vec![*elements]),
        _ => {}
    }
}

pub(crate) fn tensor(name: &str, shape: &[u64], dtype: Dtype) -> TensorSeen {
    let elements = shape.iter().product();
    TensorSeen {
        name: name.to_owned(),
        dtype,
        shape: shape.to_vec(),
        elements,
        bytes: dtype.bytes_for(elements).expect("whole blocks"),
        input: "model.safetensors".to_owned(),
    }
}
