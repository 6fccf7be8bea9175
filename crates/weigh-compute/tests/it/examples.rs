//! The small models in `examples/`, which real libraries wrote and measured.

use std::path::PathBuf;

use weigh_compute::{
    HeaderVerdict, OperationProfile, QuantizationHints, Scope, from_tensors, match_headers,
};
use weigh_facts::{Adaptation, AttentionConvention, Dtype, TensorSeen, Tokens};

use crate::support::architecture;

fn path(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("../../examples")
        .join(name)
}

fn json(text: &str) -> serde_json::Value {
    serde_json::from_str(text).unwrap()
}

/// The header of a safetensors file: a length, then JSON.
fn header(name: &str) -> Vec<TensorSeen> {
    let bytes = std::fs::read(path(name)).unwrap();
    let length = u64::from_le_bytes(bytes[..8].try_into().unwrap());
    let end = 8 + usize::try_from(length).unwrap();
    let header = json(std::str::from_utf8(&bytes[8..end]).unwrap());
    let entries = header.as_object().unwrap().iter();
    entries
        .filter(|(name, _)| *name != "__metadata__")
        .map(|(name, entry)| {
            let shape: Vec<u64> = serde_json::from_value(entry["shape"].clone()).unwrap();
            let dtype = Dtype::from_safetensors(entry["dtype"].as_str().unwrap()).unwrap();
            crate::support::tensor(name, &shape, dtype)
        })
        .collect()
}

fn measured() -> serde_json::Value {
    json(&std::fs::read_to_string(path("measured.json")).unwrap())
}

fn count(profile: &OperationProfile, measured: &serde_json::Value) -> u128 {
    let length = measured["counted_at"]["sequence"].as_u64().unwrap();
    let tokens = Tokens(length * measured["counted_at"]["batch"].as_u64().unwrap());
    profile
        .operations(tokens, length, AttentionConvention::Full)
        .unwrap()
        .0
}

#[test]
fn a_saved_model_is_what_its_configuration_says() {
    let model = architecture(&std::fs::read_to_string(path("tiny-llama/config.json")).unwrap());
    let tensors = header("tiny-llama/model.safetensors");
    let found = match_headers(&model, &tensors, &QuantizationHints::default());
    assert_eq!(found.verdict, HeaderVerdict::Agree, "{found:#?}");
    let measured = measured();
    let expected = measured["tiny-llama"]["parameters"].as_u64().unwrap();
    assert_eq!(found.logical_elements, expected);
    assert_eq!(from_tensors(&tensors).parameters().unwrap().0, expected);

    let expect = |key: &str| u128::from(measured["tiny-llama"][key].as_u64().unwrap());
    let forward = OperationProfile::forward(&model, Scope::default()).unwrap();
    assert_eq!(count(&forward, &measured), expect("flop_forward"));
    let full = OperationProfile::full_training(&model, Scope::default()).unwrap();
    assert_eq!(count(&full, &measured), expect("flop_forward_backward"));
}

#[test]
fn a_saved_adapter_counts_as_autograd_did() {
    let model = architecture(&std::fs::read_to_string(path("tiny-llama/config.json")).unwrap());
    let tensors = header("tiny-llama-lora/adapter_model.safetensors");
    let ranks: Vec<(String, u64)> = tensors
        .iter()
        .filter_map(|t| {
            Some((
                t.name.strip_suffix(".lora_A.weight")?.to_owned(),
                t.shape[0],
            ))
        })
        .collect();
    assert!(!ranks.is_empty());
    let adaptation = Adaptation::LowRank {
        ranks,
        saved_modules: vec![],
    };
    let training = OperationProfile::training(&model, &adaptation, Scope::default()).unwrap();
    let measured = measured();
    let expect = |key: &str| measured["tiny-llama-lora"][key].as_u64().unwrap();
    assert_eq!(training.adapter_parameters, expect("parameters_trainable"));
    let total = count(&training.profile, &measured);
    assert_eq!(total, u128::from(expect("flop_forward_backward")));
}
