//! Configuration against headers: agreement, understood differences, conflicts.

use std::time::Instant;

use weigh_compute::{
    HeaderMatch, HeaderVerdict, OperationProfile, QuantizationHints, ResolveError, Scope,
    TENSOR_SHAPES, from_tensors, match_headers, stored_bytes, weight_bytes,
};
use weigh_facts::{Architecture, AttentionConvention, Dtype, TensorSeen, Tokens};

use crate::support::{
    LLAMA_8B, SMALL_MOE, architecture, assuming_defaults, catalog, saved, tensor,
};

fn compare(model: &Architecture, tensors: &[TensorSeen]) -> HeaderMatch {
    match_headers(model, tensors, &QuantizationHints::default())
}

/// The verdict, and what was explained.
fn summary(found: &HeaderMatch) -> String {
    let explained: Vec<String> = found
        .explained
        .iter()
        .map(|e| format!("{} {} ({})", e.tensors, e.what, e.elements))
        .collect();
    format!("{:?}: {}", found.verdict, explained.join("; "))
}

#[test]
fn every_family_agrees_with_what_it_promises() {
    for model_type in catalog().model_types() {
        // Kept small: two layers, few experts; sizes that fit each other in every family.
        let text = format!(
            r#"{{"model_type": "{model_type}", "hidden_size": 64, "num_hidden_layers": 2,
            "num_attention_heads": 4, "num_key_value_heads": 2, "vocab_size": 96, "head_dim": 16,
            "intermediate_size": 32, "moe_intermediate_size": 32, "num_local_experts": 4,
            "num_experts_per_tok": 2, "num_kv_heads": 2}}"#
        );
        let model = match assuming_defaults(&text) {
            Ok(model) => model,
            // Its sizes fit no others; `architectures` has such families in sizes of their own.
            Err(ResolveError::Contradiction { .. }) => continue,
            Err(error) => panic!("{model_type}: {error}"),
        };
        let tensors = saved(&model);
        let found = compare(&model, &tensors);
        assert_eq!(
            found.verdict,
            HeaderVerdict::Agree,
            "{model_type}: {found:#?}"
        );
        assert_eq!(
            found.logical_elements,
            model.parameters().unwrap().0,
            "{model_type}"
        );
        assert_eq!(found.stored_elements, found.logical_elements);
        assert_eq!(stored_bytes(&tensors), weight_bytes(&model, 16).unwrap());
    }
}

#[test]
fn what_is_missing_or_extra_or_misshapen_is_a_conflict() {
    let model = architecture(SMALL_MOE);
    let whole = saved(&model);
    for index in [0, 5, whole.len() - 1] {
        let mut tensors = whole.clone();
        let dropped = tensors.remove(index);
        let found = compare(&model, &tensors);
        assert_eq!(found.verdict, HeaderVerdict::Conflict);
        assert_eq!(
            found.unexplained_missing,
            std::slice::from_ref(&dropped.name)
        );

        let mut tensors = whole.clone();
        tensors[index] = tensor(&dropped.name, &[3, 5, 7], Dtype::BF16);
        let found = compare(&model, &tensors);
        assert_eq!(found.verdict, HeaderVerdict::Conflict);
        assert!(
            found.unexplained_missing[0].contains("should be"),
            "{found:?}"
        );
    }
    let mut tensors = whole;
    tensors.push(tensor(
        "model.layers.0.self_attn.backdoor.weight",
        &[8, 8],
        Dtype::BF16,
    ));
    let found = compare(&model, &tensors);
    assert_eq!(found.verdict, HeaderVerdict::Conflict);
    assert_eq!(
        found.unexplained_extra,
        ["model.layers.0.self_attn.backdoor.weight"]
    );
}

#[test]
fn understood_differences_are_named() {
    let model = architecture(SMALL_MOE);
    let mut tensors = saved(&model);
    for name in ["model.layers.1.mlp.gate", "model.layers.2.mlp.gate"] {
        tensors.push(tensor(
            &format!("{name}.e_score_correction_bias"),
            &[8],
            Dtype::F32,
        ));
    }
    tensors.push(tensor("model.layers.3.enorm.weight", &[128], Dtype::BF16));
    tensors.push(tensor(
        "model.layers.3.eh_proj.weight",
        &[128, 256],
        Dtype::BF16,
    ));
    tensors.push(tensor(
        "model.layers.3.embed_tokens.weight",
        &[1024, 128],
        Dtype::BF16,
    ));
    tensors.push(tensor(
        "model.layers.3.shared_head.head.weight",
        &[1024, 128],
        Dtype::BF16,
    ));
    let quantized = "model.layers.0.mlp.down_proj";
    let at = tensors
        .iter()
        .position(|t| t.name == format!("{quantized}.weight"))
        .unwrap();
    tensors[at].dtype = Dtype::F8_E4M3;
    tensors.push(tensor(
        &format!("{quantized}.weight_scale_inv"),
        &[1, 3],
        Dtype::F32,
    ));
    let found = compare(&model, &tensors);
    insta::assert_snapshot!(summary(&found), @"AgreeWithExplanation: 2 buffers that are no learned parameters (16); 4 multi-token-prediction layers, stored with the model but not part of its class (295040); 1 scales and zero points of quantized weights (3)");
    assert_eq!(found.logical_elements, model.parameters().unwrap().0);
}

#[test]
fn gpt_oss_as_published_is_two_values_to_a_byte() {
    let text = r#"{"model_type": "gpt_oss", "hidden_size": 64, "num_hidden_layers": 2,
        "vocab_size": 96, "num_attention_heads": 4, "num_key_value_heads": 2, "head_dim": 16,
        "intermediate_size": 64, "num_local_experts": 4, "num_experts_per_tok": 2}"#;
    let model = architecture(text);
    let mut tensors = saved(&model);
    for layer in 0..2 {
        for (name, outputs) in [("gate_up_proj", 128), ("down_proj", 64)] {
            let name = format!("model.layers.{layer}.mlp.experts.{name}");
            tensors.retain(|t| t.name != name);
            tensors.push(tensor(
                &format!("{name}_blocks"),
                &[4, outputs, 2, 16],
                Dtype::U8,
            ));
            tensors.push(tensor(
                &format!("{name}_scales"),
                &[4, outputs, 2],
                Dtype::U8,
            ));
        }
    }
    let found = compare(&model, &tensors);
    assert_eq!(
        found.verdict,
        HeaderVerdict::AgreeWithExplanation,
        "{found:#?}"
    );
    assert_eq!(found.logical_elements, model.parameters().unwrap().0);
    assert!(found.stored_elements < found.logical_elements);
}

#[test]
fn stacked_experts_are_the_same_experts() {
    let model = architecture(SMALL_MOE);
    let mut tensors = saved(&model);
    tensors.retain(|t| !t.name.contains(".experts."));
    for layer in 1..3 {
        let name = format!("model.layers.{layer}.mlp.experts");
        tensors.push(tensor(
            &format!("{name}.gate_up_proj"),
            &[8, 128, 128],
            Dtype::BF16,
        ));
        tensors.push(tensor(
            &format!("{name}.down_proj"),
            &[8, 128, 64],
            Dtype::BF16,
        ));
    }
    let found = compare(&model, &tensors);
    assert_eq!(found.verdict, HeaderVerdict::Agree, "{found:#?}");
    assert_eq!(found.logical_elements, model.parameters().unwrap().0);
    let at = tensors
        .iter()
        .position(|t| t.name.ends_with("gate_up_proj"))
        .unwrap();
    tensors[at] = tensor(&tensors[at].name.clone(), &[8, 128, 64], Dtype::BF16);
    assert_eq!(
        compare(&model, &tensors).verdict,
        HeaderVerdict::Conflict,
        "half is missing"
    );
}

#[test]
fn packed_weights_count_by_their_bits_or_are_unknown() {
    let text = r#"{"model_type": "llama", "hidden_size": 64, "num_hidden_layers": 1,
        "vocab_size": 96, "num_attention_heads": 4, "intermediate_size": 64}"#;
    let model = architecture(text);
    let mut tensors = saved(&model);
    let packed: Vec<TensorSeen> = tensors
        .iter()
        .filter(|t| t.name.contains("_proj."))
        .flat_map(|t| {
            let module = t.name.strip_suffix(".weight").unwrap();
            let rows = t.elements / 8 / 64;
            [
                tensor(&format!("{module}.qweight"), &[rows, 64], Dtype::I32),
                tensor(&format!("{module}.qzeros"), &[1, 8], Dtype::I32),
                tensor(&format!("{module}.scales"), &[1, 64], Dtype::F16),
                tensor(&format!("{module}.g_idx"), &[64], Dtype::I32),
            ]
        })
        .collect();
    tensors.retain(|t| !t.name.contains("_proj."));
    tensors.extend(packed);
    let hints = QuantizationHints {
        method: Some("gptq".to_owned()),
        bits: Some(4),
    };
    let found = match_headers(&model, &tensors, &hints);
    assert_eq!(
        found.verdict,
        HeaderVerdict::AgreeWithExplanation,
        "{found:#?}"
    );
    assert_eq!(found.logical_elements, model.parameters().unwrap().0);
    let found = compare(&model, &tensors);
    assert_eq!(
        found.verdict,
        HeaderVerdict::Unknown,
        "nobody said how many bits"
    );
}

#[test]
fn a_base_model_and_old_spellings_are_recognized() {
    let text = r#"{"model_type": "bert", "hidden_size": 64, "num_hidden_layers": 1,
        "vocab_size": 96, "num_attention_heads": 4, "intermediate_size": 64,
        "architectures": ["BertForMaskedLM"]}"#;
    let model = architecture(text);
    let mut tensors = saved(&model);
    for t in &mut tensors {
        t.name = t.name.replace("LayerNorm.weight", "LayerNorm.gamma");
        t.name = t.name.replace("LayerNorm.bias", "LayerNorm.beta");
    }
    tensors.push(tensor("cls.predictions.bias", &[96], Dtype::F32));
    tensors.push(tensor(
        "cls.predictions.decoder.weight",
        &[96, 64],
        Dtype::F32,
    ));
    let found = compare(&model, &tensors);
    insta::assert_snapshot!(summary(&found), @"AgreeWithExplanation: 2 copies of tied weights (6240)");

    let gpt2 = assuming_defaults(r#"{"model_type": "gpt2", "n_layer": 1}"#).unwrap();
    let mut tensors = saved(&gpt2);
    for t in &mut tensors {
        t.name = t.name.trim_start_matches("transformer.").to_owned();
        t.shape.reverse();
    }
    tensors.push(tensor("h.0.attn.bias", &[1, 1, 1024, 1024], Dtype::F32));
    let found = compare(&gpt2, &tensors);
    assert_eq!(
        found.verdict,
        HeaderVerdict::AgreeWithExplanation,
        "{found:#?}"
    );
}

#[test]
fn half_a_million_tensors_take_seconds_at_most() {
    let text = SMALL_MOE
        .replace("\"num_hidden_layers\": 3", "\"num_hidden_layers\": 61")
        .replace("\"n_routed_experts\": 8", "\"n_routed_experts\": 2700");
    let model = architecture(&text);
    let tensors = saved(&model);
    assert!(tensors.len() > 480_000, "{}", tensors.len());
    let start = Instant::now();
    assert_eq!(compare(&model, &tensors).verdict, HeaderVerdict::Agree);
    assert!(start.elapsed().as_secs() < 20, "{:?}", start.elapsed());
}

#[test]
fn shapes_alone_give_exact_parameters_and_an_open_count() {
    let known = architecture(SMALL_MOE);
    let tensors = saved(&known);
    let model = from_tensors(&tensors);
    assert_eq!(model.family, TENSOR_SHAPES);
    assert_eq!(model.parameters().unwrap(), known.parameters().unwrap());
    let moe = model.moe().unwrap().unwrap();
    assert_eq!((moe.experts, moe.sparse_layers), (8, 2));
    assert!(compare(&model, &tensors).unexplained_extra.is_empty());
    let profile = OperationProfile::forward(&model, Scope::default()).unwrap();
    assert!(profile.unknown_parameters().0 > 0);
    assert_eq!(profile.per_token().0, 0, "nothing is known to be used");
    let edge = profile.break_even(
        Tokens(1_000),
        &"1e30".parse().unwrap(),
        AttentionConvention::CausalExact,
    );
    assert_eq!(edge, None);

    let dense = from_tensors(&saved(&architecture(&LLAMA_8B.replace("128256", "256"))));
    assert_eq!(dense.moe().unwrap(), None);
}

#[test]
fn experts_are_found_however_they_are_stored() {
    let stored = |names: &[(&str, &[u64])]| -> Vec<TensorSeen> {
        let both = (0..2).flat_map(|layer| {
            names.iter().map(move |(name, shape)| {
                tensor(&format!("model.layers.{layer}.{name}"), shape, Dtype::BF16)
            })
        });
        both.collect()
    };
    let stacked = stored(&[
        ("mlp.experts.gate_up_proj", &[8, 64, 96]),
        ("mlp.experts.gate_up_proj_bias", &[8, 96]),
        ("mlp.experts.down_proj", &[8, 48, 64]),
        ("mlp.shared_experts.up_proj.weight", &[48, 64]),
        ("mlp.experts_scale", &[8, 2, 3, 5]),
        ("mlp.conv", &[4, 4, 3]),
    ]);
    let biases = stored(&[("mlp.experts.gate_up_proj_bias", &[8, 96])]);
    let names: Vec<String> = (0..8).map(|e| format!("mlp.experts.{e}.w1")).collect();
    let numbered: Vec<(&str, &[u64])> = names
        .iter()
        .map(|n| (n.as_str(), [48, 64].as_slice()))
        .collect();
    for tensors in [stacked, biases, stored(&numbered)] {
        let model = from_tensors(&tensors);
        let elements: u64 = tensors.iter().map(|t| t.elements).sum();
        assert_eq!(model.parameters().unwrap().0, elements);
        model.check().unwrap();
        let moe = model.moe().unwrap().unwrap();
        assert_eq!((moe.experts, moe.sparse_layers), (8, 2));
        let profile = OperationProfile::forward(&model, Scope::default()).unwrap();
        assert_eq!(
            profile.per_token().0,
            0,
            "how many a token passes is unknown"
        );
        assert_eq!(profile.unknown_parameters().0, elements);
    }
}
