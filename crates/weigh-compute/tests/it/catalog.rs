//! What the catalog accepts, what it refuses, and how it says so.

use weigh_compute::{Catalog, ResolveError};
use weigh_facts::{OperatorKind, Pairs};

use crate::support::{LLAMA_8B, SMALL_MOE, architecture, assuming_defaults, catalog, try_resolve};

/// The code, the message and the place of a refusal.
fn refusal(text: &str) -> String {
    match try_resolve(text) {
        Ok(model) => format!("accepted as {}", model.family),
        Err(e) => format!("[{}] {e} ({})", e.code(), e.place()),
    }
}

fn with(base: &str, key: &str, value: &str) -> String {
    let mut map: serde_json::Map<_, _> = serde_json::from_str(base).unwrap();
    map.insert(key.to_owned(), serde_json::from_str(value).unwrap());
    serde_json::to_string(&map).unwrap()
}

fn without(base: &str, key: &str) -> String {
    let mut map: serde_json::Map<_, _> = serde_json::from_str(base).unwrap();
    map.remove(key).unwrap();
    serde_json::to_string(&map).unwrap()
}

#[test]
fn every_shipped_family_loads_and_its_defaults_resolve() {
    for model_type in catalog().model_types() {
        let resolved = assuming_defaults(&format!(r#"{{"model_type": "{model_type}"}}"#));
        match resolved {
            Ok(model) => {
                model.check().unwrap();
                assert!(!model.defaulted.is_empty());
                let known = [
                    "transformers 5.23.0: ",
                    "modeling code published with the weights: ",
                ];
                let source = &model.source;
                assert!(known.iter().any(|k| source.starts_with(k)), "{source}");
            }
            // Class defaults that are no model: none says how many experts a token passes, and the
            // width of the other is no multiple of its heads.
            Err(e) => {
                assert!(["deepseek_v2", "glm4_moe"].contains(&model_type), "{e}");
                assert_eq!(e.code(), "config-contradiction");
            }
        }
    }
}

#[test]
fn an_unknown_type_of_a_known_class_is_counted_as_that_class_and_says_so() {
    let model = architecture(&with(LLAMA_8B, "model_type", "\"llama_of_ours\""));
    assert_eq!(model.family, "llama");
    assert_eq!(model.parameters().unwrap().0, 8_030_261_248);
    let said = "; by its class, since no entry has the model type `llama_of_ours`";
    assert!(model.source.ends_with(said), "{}", model.source);
    assert!(!architecture(LLAMA_8B).source.contains("by its class"));
}

#[test]
fn the_page_lists_every_type_and_no_other() {
    let page = include_str!("../../../../docs/reference/architectures.md");
    let rows = page
        .lines()
        .filter(|l| l.starts_with("| ") && l.contains('`'));
    let types = rows
        .skip(1)
        .filter_map(|row| row.split('|').nth(2))
        .flat_map(|cell| cell.split(','))
        .map(|name| name.trim().trim_matches('`'));
    let mut types: Vec<&str> = types.collect();
    types.sort_unstable();
    assert_eq!(types, catalog().model_types());
}

#[test]
fn a_missing_key_is_not_null() {
    let base = architecture(SMALL_MOE);
    let q = |m: &weigh_facts::Architecture| {
        m.operators().any(|(o, _)| {
            o.name == "q_a_proj"
                && matches!(o.kind, OperatorKind::Linear { outputs, .. } if outputs == 1536)
        })
    };
    assert!(!q(&base));
    let missing = architecture(&without(SMALL_MOE, "q_lora_rank"));
    assert!(q(&missing), "the class default");
    let defaulted: Vec<&str> = missing.defaulted.iter().map(|d| d.key.as_str()).collect();
    assert!(defaulted.contains(&"q_lora_rank"));
    let null = architecture(&with(SMALL_MOE, "q_lora_rank", "null"));
    assert!(null.operators().any(|(o, _)| o.name == "q_proj"));
    assert!(!null.operators().any(|(o, _)| o.name == "q_a_proj"));
}

#[test]
fn sizes_that_matter_are_never_guessed() {
    for key in ["hidden_size", "num_hidden_layers", "vocab_size"] {
        let error = try_resolve(&without(LLAMA_8B, key)).unwrap_err();
        assert_eq!(error.code(), "missing-size");
        assert!(error.to_string().contains(key), "{error}");
        assert!(error.help().unwrap().contains("--assume class-defaults"));
        assert!(assuming_defaults(&without(LLAMA_8B, key)).is_ok());
    }
}

#[test]
fn refusals_name_the_key_and_the_place() {
    let llama = |key, value| refusal(&with(LLAMA_8B, key, value));
    insta::assert_snapshot!(
        [
            llama("hidden_size", "\"4096\""),
            llama("hidden_size", "null"),
            llama("num_attention_heads", "0"),
            llama("num_attention_heads", "-1"),
            llama("num_attention_heads", "24"),
            llama("num_key_value_heads", "7"),
            llama("num_hidden_layers", "100001"),
            llama("vocab_size", "1.5"),
            llama("hidden_size", "1e30"),
            llama("tie_word_embeddings", "1"),
            refusal(&with(SMALL_MOE, "num_experts_per_tok", "9")),
            refusal(&with(SMALL_MOE, "num_experts", "9")),
            refusal(r#"{"hidden_size": 4}"#),
            refusal(r#"{"model_type": "lama"}"#),
            refusal(r#"{"model_type": "qwen9_next"}"#),
            refusal(r#"{"model_type": "gemma3", "text_config": {"model_type": "gemma3_text"}}"#),
            llama("architectures", "[\"LlamaForSequenceClassification\"]"),
            refusal(r#"{"model_type": "llama", "hidden_size": 1099511627776, "vocab_size": 1099511627776,
                "num_hidden_layers": 99999, "intermediate_size": 1099511627776}"#),
        ]
        .join("\n"),
        @r"
    [config-wrong-type] `hidden_size` is a string, and should be a whole number (config.json: hidden_size)
    [config-wrong-type] `hidden_size` is null, and should be a whole number (config.json: hidden_size)
    [config-out-of-range] `num_attention_heads` is 0, and should be between 1 and 1099511627776 (config.json: num_attention_heads)
    [config-out-of-range] `num_attention_heads` is -1, and should be between 1 and 1099511627776 (config.json: num_attention_heads)
    [config-contradiction] the configuration contradicts itself: 4096 is not a multiple of 24 in `hidden / heads`, which stands for `head_dim` (config.json)
    [config-contradiction] the configuration contradicts itself: the attention heads are not a multiple of the key-value heads (config.json)
    [config-out-of-range] `num_hidden_layers` is 100001, and should be between 1 and 100000 (config.json: num_hidden_layers)
    [config-out-of-range] `vocab_size` is 1.5, and should be between 1 and 1099511627776 (config.json: vocab_size)
    [config-out-of-range] `hidden_size` is 1e30, and should be between 1 and 1099511627776 (config.json: hidden_size)
    [config-wrong-type] `tie_word_embeddings` is a number, and should be a boolean (config.json: tie_word_embeddings)
    [config-contradiction] the configuration contradicts itself: a token passes more experts than there are (config.json)
    [config-conflicting-keys] `n_routed_experts` is 8 and `num_experts` is 9, and they mean the same (config.json: num_experts)
    [no-model-type] the configuration names neither a `model_type` nor a class in `architectures` (config.json)
    [unknown-architecture] the catalog has no architecture `lama`; nearest: `llama` (config.json)
    [unknown-architecture] the catalog has no architecture `qwen9_next`; nearest: `qwen3_next`, `qwen` (config.json)
    [text-tower-only] the catalog covers only the text tower of `gemma3`, `gemma3_text`, and not the rest of it (config.json)
    [uncovered-class] the catalog covers `llama` as `LlamaForCausalLM`, and not as `LlamaForSequenceClassification` (config.json)
    [config-too-large] the sizes are so large that their product does not fit: parameters (config.json)
    "
    );
}

#[test]
fn aliases_stand_before_defaults() {
    let text = r#"{"model_type": "qwen3_moe", "hidden_size": 64, "num_hidden_layers": 2,
        "vocab_size": 100, "num_attention_heads": 4, "num_key_value_heads": 2, "head_dim": 16,
        "num_local_experts": 16, "num_experts_per_tok": 2, "moe_intermediate_size": 32}"#;
    assert_eq!(architecture(text).moe().unwrap().unwrap().experts, 16);
    let other = text.replace("num_local_experts", "num_experts");
    assert_eq!(architecture(&other).moe().unwrap().unwrap().experts, 16);
}

#[test]
fn an_unknown_type_falls_back_on_its_class() {
    let text = LLAMA_8B.replace(r#""model_type": "llama""#, r#""model_type": "my_llama""#);
    assert_eq!(architecture(&text).family, "llama");
}

#[test]
fn a_nested_text_configuration_is_used_and_said() {
    let inner = LLAMA_8B.replace(
        r#""model_type": "llama", "architectures": ["LlamaForCausalLM"], "#,
        "",
    );
    let text = format!(r#"{{"model_type": "llama", "text_config": {inner}}}"#);
    let model = architecture(&text);
    assert_eq!(model.parameters().unwrap().0, 8_030_261_248);
    assert!(
        model.source.ends_with("keys under `text_config`"),
        "{}",
        model.source
    );
    let seeing = text.replace(
        r#""text_config""#,
        r#""vision_config": {"hidden_size": 3}, "text_config""#,
    );
    assert_eq!(try_resolve(&seeing).unwrap_err().code(), "text-tower-only");
}

#[test]
fn contexts_are_stretched_once() {
    assert_eq!(architecture(LLAMA_8B).context_tokens, Some(131_072));
    let short = with(LLAMA_8B, "max_position_embeddings", "8192");
    assert_eq!(architecture(&short).context_tokens, Some(65_536));
    let plain = without(&short, "rope_scaling");
    assert_eq!(architecture(&plain).context_tokens, Some(8_192));
}

#[test]
fn a_class_default_is_no_longest_context() {
    let silent = without(LLAMA_8B, "max_position_embeddings");
    let model = architecture(&silent);
    assert_eq!(model.context_tokens, None);
    assert!(
        model
            .defaulted
            .iter()
            .any(|d| d.key == "max_position_embeddings")
    );
    // Unless a person asked for class defaults.
    assert!(assuming_defaults(&silent).unwrap().context_tokens.is_some());
}

#[test]
fn a_model_without_its_head_has_none() {
    let headless = with(LLAMA_8B, "architectures", "[\"LlamaModel\"]");
    let difference = 8_030_261_248 - architecture(&headless).parameters().unwrap().0;
    assert_eq!(difference, 128_256 * 4_096);
}

#[test]
fn windows_stand_where_the_pattern_puts_them() {
    let gemma = assuming_defaults(r#"{"model_type": "gemma3_text"}"#).unwrap();
    let full = gemma.towers[0]
        .groups
        .iter()
        .find(|g| g.name == "full")
        .unwrap();
    assert_eq!(full.layers, [5, 11, 17, 23]);
    let mistral = |window: &str| {
        let text = format!(r#"{{"model_type": "mistral" {window}}}"#);
        let model = assuming_defaults(&text).unwrap();
        let mut cores = model.operators().filter_map(|(o, _)| match o.kind {
            OperatorKind::Core { pairs, .. } => Some(pairs),
            _ => None,
        });
        cores.next().unwrap()
    };
    assert_eq!(mistral(""), Pairs::CausalWindow { width: 4096 });
    assert_eq!(mistral(r#", "sliding_window": null"#), Pairs::Causal);
}

#[test]
fn a_catalog_with_a_slip_does_not_load() {
    let blocks = "format = 1\n[block.b]\nneeds = [\"at\"]\nsteps = [{ name = \"n\", part = \"norm\", kind = \"norm\", width = \"w\", tensors = [\"$at\"], reads = [\"x\"], writes = \"x\" }]\n";
    let family = |layer: &str, key: &str| {
        let text = format!(
            "format = 1\nname = \"f\"\ntitle = \"F\"\nrole = \"decoder\"\nsource = \"s\"\n\
             model_types = [\"f\"]\ndepth = \"w\"\nlayer = [{layer}]\n[key.w]\nnames = [\"w\"]\ndefault = 1\n{key}"
        );
        match Catalog::load(blocks, &[("f.toml", &text)]) {
            Ok(_) => "loads".to_owned(),
            Err(error) => error.to_string(),
        }
    };
    let good = "{ use = \"b\", with = { at = \"a\" } }";
    insta::assert_snapshot!(
        [
            family(good, ""),
            family(good, "defualt = 2"),
            family("{ use = \"c\" }", ""),
            family("{ use = \"b\" }", ""),
            family("{ use = \"b\", with = { at = \"a\", on = \"a\" } }", ""),
            family("{ use = \"b\", with = { at = \"a\" }, when = \"q > 1\" }", ""),
            family("{ name = \"n\", part = \"norm\", kind = \"nrom\", writes = \"x\" }", ""),
            family("{ name = \"n\", part = \"norm\", kind = \"norm\", width = \"w +\", writes = \"x\" }", ""),
        ]
        .join("\n"),
        @r"
    loads
    the catalog file `f.toml` does not load, first of 1: unknown key `defualt`
    the catalog file `f.toml` does not load, first of 1: no block `c`
    the catalog file `f.toml` does not load, first of 2: block `b` needs `at`
    the catalog file `f.toml` does not load, first of 1: block `b` takes no `on`
    the catalog file `f.toml` does not load, first of 1: `q > 1` mentions `q`, which is no key or selector here
    the catalog file `f.toml` does not load, first of 1: unknown kind `nrom`
    the catalog file `f.toml` does not load, first of 1: a value is missing at the end
    "
    );
}

#[test]
fn hostile_configurations_are_refused_quickly() {
    for text in [
        with(LLAMA_8B, "num_hidden_layers", "99999"),
        with(LLAMA_8B, "num_hidden_layers", "18446744073709551616"),
        with(SMALL_MOE, "num_nextn_predict_layers", "1000000"),
        with(SMALL_MOE, "n_routed_experts", "1099511627776"),
    ] {
        match try_resolve(&text) {
            Ok(model) => assert!(model.parameters().is_ok()),
            Err(ResolveError::OutOfRange { .. } | ResolveError::TooLarge { .. }) => {}
            Err(other) => panic!("{other}"),
        }
    }
}
