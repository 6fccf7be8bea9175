//! Models of several towers, and encoders, against what their library makes of them.

use std::path::PathBuf;

use serde_json::Value;
use weigh_compute::{HeaderVerdict, QuantizationHints, forward, forward_input, match_headers};
use weigh_facts::{
    Architecture, AttentionConvention, Dtype, Modality, Operations, Positions, TensorSeen, Tokens,
};

use crate::support::{assuming_defaults, tensor, try_resolve};

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
    if !map.contains_key("_class_name") {
        map.insert("model_type".into(), case["model_type"].clone());
        map.insert("architectures".into(), vec![case["class"].clone()].into());
    }
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

/// The code and the message of a refusal, or what it was taken for.
fn refusal(text: &str) -> String {
    match assuming_defaults(text) {
        Ok(model) => format!("accepted as {}", model.family),
        Err(e) => format!("[{}] {e}", e.code()),
    }
}

#[test]
fn what_would_change_the_count_and_is_not_covered_is_refused() {
    insta::assert_snapshot!(
        [
            r#"{"model_type": "t5", "architectures": ["T5EncoderModel"]}"#,
            r#"{"model_type": "clip", "architectures": ["CLIPVisionModel"]}"#,
            r#"{"model_type": "vit", "architectures": ["ViTForImageClassification"]}"#,
            r#"{"model_type": "roberta", "is_decoder": true}"#,
            r#"{"model_type": "deberta-v2", "relative_attention": true}"#,
            r#"{"model_type": "albert", "num_hidden_groups": 2}"#,
            r#"{"model_type": "wav2vec2", "add_adapter": true}"#,
            r#"{"model_type": "wav2vec2", "conv_dim": [512, 512]}"#,
            r#"{"model_type": "vit", "patch_size": [16, 16]}"#,
            r#"{"model_type": "clip", "text_config": {"hidden_size": 512},
                "text_config_dict": {"hidden_size": 768}}"#,
            r#"{"model_type": "llava", "vision_config": {"model_type": "vitamin"}}"#,
            r#"{"model_type": "llava", "vision_config": {"model_type": "llama"}}"#,
            r#"{"model_type": "llava", "tie_word_embeddings": true}"#,
            r#"{"model_type": "llava", "vision_config": {"model_type": "llava"}}"#,
            r#"{"model_type": "llama4", "vision_config": {"pixel_shuffle_ratio": 0.25}}"#,
            r#"{"model_type": "mllama", "vision_config": {"vision_output_dim": 1280}}"#,
            r#"{"model_type": "kimi_k25", "vision_config": {"mm_projector_type": "mlp"}}"#,
            r#"{"model_type": "t5", "feed_forward_proj": "gated"}"#,
            r#"{"_class_name": "SD3Transformer2DModel", "dual_attention_layers": [0, 1],
                "caption_projection_dim": 1152}"#,
            r#"{"_class_name": "UNet2DConditionModel"}"#,
        ]
        .map(refusal)
        .join("\n"),
        @r"
        [uncovered-class] the catalog covers `t5` as `T5ForConditionalGeneration`, and not as `T5EncoderModel`
        [uncovered-class] the catalog covers `clip` as `CLIPModel`, and not as `CLIPVisionModel`
        [uncovered-class] the catalog covers `vit` as `ViTModel`, and not as `ViTForImageClassification`
        [config-contradiction] the configuration contradicts itself: it is set up as a decoder, which this entry does not cover
        [config-contradiction] the configuration contradicts itself: it has relative attention, whose operations this entry does not cover
        [config-contradiction] the configuration contradicts itself: its layers are in several groups, and this entry covers one that is shared by all
        [config-contradiction] the configuration contradicts itself: it has adapters, which this entry does not cover
        [config-contradiction] the configuration contradicts itself: a list of 2 has no entry 2 in `if(conv_dim == null, 512, at(conv_dim, 2))`, which stands for `d2`
        [config-wrong-type] `patch_size` is a list, and should be a whole number
        [config-conflicting-keys] `text_config.hidden_size` is 512 and `text_config_dict.hidden_size` is 768, and they mean the same
        [unknown-architecture] the catalog has no architecture `vitamin`; nearest: `vit`
        [config-contradiction] the configuration contradicts itself: `vision_config` holds `llama`, which is of another kind
        [config-contradiction] the configuration contradicts itself: the whole ties its embeddings, and its text does not say so
        [config-contradiction] the configuration contradicts itself: `vision_config` holds `llava`, which is of another kind
        [config-contradiction] the configuration contradicts itself: its patches are not merged four to one
        [config-contradiction] the configuration contradicts itself: the output width is not that of the layers that are taken
        [config-contradiction] the configuration contradicts itself: its projector is not the one this entry covers
        [config-contradiction] the configuration contradicts itself: `feed_forward_proj` names an activation that this entry does not know
        [config-contradiction] the configuration contradicts itself: it has layers that attend twice, which this entry does not cover
        [unknown-architecture] the catalog has no architecture `UNet2DConditionModel`
        "
    );
}

/// Published totals of what its authors release without a configuration of a type.
#[test]
fn diffusion_transformers_have_the_sizes_that_were_measured() {
    // diffusers 0.37.0, on the meta device.
    let flux = assuming_defaults(r#"{"_class_name": "FluxTransformer2DModel"}"#).unwrap();
    assert_eq!(flux.parameters().unwrap().0, 11_891_178_560);
    let guided = r#"{"_class_name": "FluxTransformer2DModel", "guidance_embeds": true}"#;
    let guided = assuming_defaults(guided).unwrap();
    assert_eq!(guided.parameters().unwrap().0, 11_901_408_320);
    let step: u128 = guided
        .towers
        .iter()
        .map(|t| forward_input(t, 0).unwrap().0)
        .sum();
    assert_eq!(Operations(step).to_string(), "7.44e13 FLOP");
    let sd3 = r#"{"_class_name": "SD3Transformer2DModel", "num_layers": 24,
        "num_attention_heads": 24, "caption_projection_dim": 1536, "pos_embed_max_size": 192}"#;
    assert_eq!(
        assuming_defaults(sd3).unwrap().parameters().unwrap().0,
        2_028_328_000
    );
}

#[test]
fn keys_of_the_text_may_stand_beside_the_composites_own() {
    let text = r#""hidden_size": 64, "num_hidden_layers": 2, "num_attention_heads": 4,
        "num_key_value_heads": 2, "vocab_size": 96, "intermediate_size": 48"#;
    let vision = r#""vision_config": {"model_type": "qwen2_vl", "depth": 2, "embed_dim": 32,
        "hidden_size": 64, "num_heads": 4, "in_chans": 3}"#;
    let count = |text: &str| {
        let model = try_resolve(&format!(
            r#"{{"model_type": "qwen2_vl", {text}, {vision}}}"#
        ));
        model.unwrap().parameters().unwrap()
    };
    // As Qwen2-VL was published, and as its library saves it since.
    assert_eq!(count(text), count(&format!(r#""text_config": {{{text}}}"#)));
    // Widths of neither tower are taken from the class.
    let silent = format!(r#"{{"model_type": "qwen2_vl", {text}}}"#);
    let error = try_resolve(&silent).unwrap_err();
    assert_eq!(error.code(), "missing-size");
    assert!(
        error.to_string().contains("`vision_config.embed_dim`"),
        "{error}"
    );
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
