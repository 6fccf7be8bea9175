//! Published models as their conversions to GGUF name and shape them: the names come from
//! gguf-py, the totals from the framework's own classes; `fixtures/make_gguf.py` wrote them.

use std::path::Path;

use serde_json::Value;
use weigh_compute::{
    GgufError, GgufModel, HeaderMatch, HeaderVerdict, from_tensors, match_headers, resolve_gguf,
};
use weigh_facts::{Architecture, Dtype, Observation, Observed, Part, Place, Reading, TensorSeen};

use crate::support::{catalog, tensor};

/// A model of the fixture: what a reader would see in the file.
#[derive(Clone)]
struct Published {
    total: u64,
    reading: Reading,
    tensors: Vec<TensorSeen>,
}

fn published() -> Vec<(String, Published)> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/gguf/models.json");
    let text = std::fs::read_to_string(path).expect("the fixture is there");
    let models: Value = serde_json::from_str(&text).expect("the fixture is JSON");
    let models = models.as_object().expect("a map").iter();
    models
        .map(|(name, model)| {
            let published = Published {
                total: model["total"].as_u64().expect("a count"),
                reading: reading(&model["keys"]),
                tensors: tensors(model),
            };
            (name.clone(), published)
        })
        .collect()
}

fn one(name: &str) -> Published {
    let mut all = published().into_iter();
    all.find(|(n, _)| n == name).expect("the model is there").1
}

fn reading(keys: &Value) -> Reading {
    let keys = keys.as_object().expect("a map").iter();
    let observations = keys.map(|(key, value)| match (key.as_str(), value) {
        ("tokens", Value::Number(length)) => observation("tokenizer.ggml.tokens", many(length)),
        (_, Value::Number(number)) => observation(key, number_of(number)),
        (_, Value::String(text)) => observation(key, Observed::Text(text.clone())),
        (_, Value::Bool(flag)) => observation(key, Observed::Bool(*flag)),
        _ => panic!("{key} is {value}"),
    });
    Reading {
        reader: "gguf/1",
        input: "model.gguf".to_owned(),
        observations: observations.collect(),
        warnings: Vec::new(),
    }
}

fn number_of(number: &serde_json::Number) -> Observed {
    Observed::Number(number.to_string().parse().expect("a decimal"))
}

/// A list that was not kept.
fn many(length: &serde_json::Number) -> Observed {
    let kind = Observed::Text("array of string".to_owned());
    Observed::Map(vec![
        ("type".to_owned(), kind),
        ("length".to_owned(), number_of(length)),
    ])
}

fn observation(key: &str, value: Observed) -> Observation {
    Observation {
        key: key.to_owned(),
        value,
        place: Place {
            input: "model.gguf".to_owned(),
            inside: key.to_owned(),
        },
    }
}

/// Rows that whole blocks fill are quantized, as files have them.
fn stored(name: &str, shape: &Value) -> TensorSeen {
    let shape: Vec<u64> = shape
        .as_array()
        .expect("a list")
        .iter()
        .filter_map(Value::as_u64)
        .collect();
    let is_quantized = shape.len() > 1 && shape.last().is_some_and(|row| row % 256 == 0);
    let dtype = if is_quantized {
        Dtype::Q4_K
    } else {
        Dtype::F32
    };
    tensor(name, &shape, dtype)
}

fn tensors(model: &Value) -> Vec<TensorSeen> {
    let mut tensors = Vec::new();
    for (name, shape) in model["stem"].as_object().expect("a map") {
        tensors.push(stored(name, shape));
    }
    for group in model["layers"].as_array().expect("a list") {
        let bound = |key: &str| group[key].as_u64().expect("a layer");
        for layer in bound("from")..bound("to") {
            for (name, shape) in group["tensors"].as_object().expect("a map") {
                tensors.push(stored(&name.replace("{layer}", &layer.to_string()), shape));
            }
        }
    }
    tensors
}

fn try_weigh(model: &Published) -> Result<(GgufModel, HeaderMatch), GgufError> {
    let resolved = resolve_gguf(&model.reading, &model.tensors, catalog())?;
    let compared = match_headers(
        &resolved.architecture,
        &resolved.tensors,
        &Default::default(),
    );
    Ok((resolved, compared))
}

fn weigh(name: &str, model: &Published) -> (GgufModel, HeaderMatch) {
    try_weigh(model).unwrap_or_else(|error| panic!("{name}: {}: {error}", error.code()))
}

#[test]
fn metadata_and_tensors_of_every_published_model_agree_to_the_last_parameter() {
    let all = published();
    assert_eq!(all.len(), 25);
    for (name, model) in all {
        let (resolved, compared) = weigh(&name, &model);
        let counted = resolved.architecture.parameters().expect("it fits").0;
        assert_eq!(counted, model.total, "{name}: by metadata");
        assert_eq!(compared.logical_elements, model.total, "{name}: by tensors");
        assert_eq!(compared.unexplained, 0, "{name}: {compared:#?}");
        let agrees = [HeaderVerdict::Agree, HeaderVerdict::AgreeWithExplanation];
        assert!(agrees.contains(&compared.verdict), "{name}: {compared:#?}");
        let stored: u64 = model.tensors.iter().map(|t| t.elements).sum();
        assert_eq!(compared.stored_elements, stored, "{name}");
    }
}

/// The converse: a check that says yes to everything passes the test above.
#[test]
fn a_layer_less_a_row_less_and_a_tensor_more_are_conflicts() {
    for (name, model) in published() {
        let mut fewer = model.clone();
        fewer.tensors.retain(|t| !t.name.starts_with("blk.1."));
        assert_eq!(
            weigh(&name, &fewer).1.verdict,
            HeaderVerdict::Conflict,
            "{name}"
        );
        let mut smaller = model.clone();
        let at = smaller
            .tensors
            .iter()
            .position(|t| t.name == "token_embd.weight")
            .expect("there");
        let shape = smaller.tensors[at].shape.clone();
        smaller.tensors[at] = tensor("token_embd.weight", &[shape[0] - 1, shape[1]], Dtype::F32);
        assert_eq!(
            weigh(&name, &smaller).1.verdict,
            HeaderVerdict::Conflict,
            "{name}"
        );
        let mut more = model;
        more.tensors
            .push(tensor("blk.0.attn_extra.weight", &[8], Dtype::F32));
        assert_eq!(
            weigh(&name, &more).1.verdict,
            HeaderVerdict::Conflict,
            "{name}"
        );
    }
}

#[test]
fn every_message_names_tensors_as_the_file_does() {
    let mut model = one("Llama-3.1-8B");
    model.tensors.retain(|t| t.name != "blk.3.ffn_up.weight");
    let (_, compared) = weigh("Llama", &model);
    assert_eq!(compared.unexplained_missing, ["blk.3.ffn_up.weight"]);
}

#[test]
fn the_head_is_tied_when_the_file_has_none() {
    for (name, tied) in [
        ("SmolLM2-135M", true),
        ("Llama-3.1-8B", false),
        ("Qwen3-0.6B", true),
    ] {
        let (resolved, _) = weigh(name, &one(name));
        let text = format!("{:?}", resolved.architecture.towers[0].tail);
        assert_eq!(text.contains("tied_to: Some"), tied, "{name}");
    }
}

#[test]
fn values_of_every_layer_are_one_value_if_they_are_the_same() {
    let mut model = one("Llama-3.1-8B");
    let per_layer = |values: Vec<u64>| {
        Observed::List(
            values
                .into_iter()
                .map(|v| Observed::Number(v.into()))
                .collect(),
        )
    };
    let key = "llama.attention.head_count_kv";
    let set = |model: &mut Published, value: Observed| {
        let entries = model.reading.observations.iter_mut();
        entries
            .filter(|o| o.key == key)
            .for_each(|o| o.value = value.clone());
    };
    set(&mut model, per_layer(vec![8; 32]));
    assert_eq!(weigh("Llama", &model).1.unexplained, 0);
    set(&mut model, per_layer((0..32).collect()));
    assert_eq!(
        try_weigh(&model).expect_err("it is not covered").code(),
        "gguf-uncovered"
    );
}

fn refused(model: &Published) -> String {
    let error = try_weigh(model).expect_err("it is not covered");
    format!("{}: {error}", error.code())
}

#[test]
fn what_is_not_covered_is_said_and_never_counted() {
    let with = |name: &str, key: &str, value: Observed| {
        let mut model = one(name);
        model.reading.observations.retain(|o| o.key != key);
        model.reading.observations.push(observation(key, value));
        refused(&model)
    };
    let without = |name: &str, key: &str| {
        let mut model = one(name);
        model.reading.observations.retain(|o| o.key != key);
        refused(&model)
    };
    let text = |t: &str| Observed::Text(t.to_owned());
    let unknown = with("Llama-3.1-8B", "general.architecture", text("lama"));
    assert!(
        unknown.starts_with("gguf-architecture") && unknown.contains("`llama`"),
        "{unknown}"
    );
    let adapter = with("Llama-3.1-8B", "general.type", text("adapter"));
    assert!(
        adapter.starts_with("gguf-uncovered") && adapter.contains("`adapter`"),
        "{adapter}"
    );
    let windows = with(
        "OLMo-2-7B",
        "olmo2.attention.sliding_window",
        Observed::Number(4096_u64.into()),
    );
    assert!(
        windows.contains("`olmo2.attention.sliding_window`"),
        "{windows}"
    );
    let experts = without("Qwen3-30B-A3B", "qwen3moe.expert_feed_forward_length");
    assert!(
        experts.contains("`qwen3moe.expert_feed_forward_length`"),
        "{experts}"
    );
    let tokens = without("Llama-3.1-8B", "tokenizer.ggml.tokens");
    assert!(tokens.contains("vocabulary"), "{tokens}");
    let short = with(
        "DeepSeek-V3",
        "deepseek2.attention.key_length",
        Observed::Number(32_u64.into()),
    );
    assert!(short.contains("is no size"), "{short}");
    // A copy of the embedding, or a head of its own? The file does not say.
    let mut falcon = one("Falcon-7B");
    falcon
        .tensors
        .push(tensor("output.weight", &[65024, 4544], Dtype::F32));
    assert!(refused(&falcon).contains("copy"), "{}", refused(&falcon));
    let mut empty = one("Llama-3.1-8B");
    empty.tensors.clear();
    assert!(
        refused(&empty).contains("no tensors"),
        "{}",
        refused(&empty)
    );
}

/// NVFP4 keeps a factor beside each weight, and one per expert beside experts.
#[test]
fn scales_beside_weights_are_no_parameters() {
    let mut model = one("Qwen3-30B-A3B");
    for layer in 0..48 {
        for (name, size) in [("attn_q", 1), ("ffn_up_exps", 128)] {
            for kind in ["scale", "input_scale"] {
                let name = format!("blk.{layer}.{name}.{kind}");
                model.tensors.push(tensor(&name, &[size], Dtype::F32));
            }
        }
    }
    let (_, compared) = weigh("NVFP4", &model);
    assert_eq!(compared.logical_elements, model.total);
    assert_eq!(compared.unexplained, 0, "{compared:#?}");
    let explained: u64 = compared.explained.iter().map(|e| e.tensors).sum();
    assert_eq!(explained, 48 * 4);
}

/// Where the name is not known, shapes are counted, and experts are seen by their names.
#[test]
fn without_a_name_parameters_are_counted_from_shapes() {
    for name in ["Mixtral-8x7B", "Qwen3-30B-A3B"] {
        let model = one(name);
        let counted = from_tensors(&model.tensors);
        let total = counted.parameters().expect("it fits").0;
        assert_eq!(total, model.total, "{name}");
        let (resolved, _) = weigh(name, &model);
        let part = |a: &Architecture, part: Part| a.parameters_of(part).expect("it fits");
        for one in [Part::RoutedExpert, Part::InputEmbedding] {
            let expected = part(&resolved.architecture, one);
            assert_eq!(part(&counted, one), expected, "{name}");
        }
        let moe = |a: &Architecture| {
            let summary = a.moe().expect("it fits").expect("it has experts");
            (summary.experts, summary.sparse_layers)
        };
        assert_eq!(moe(&counted), moe(&resolved.architecture), "{name}");
    }
}

/// Both forms of the compressed attention, should a file hold them: one is a copy.
#[test]
fn copies_in_the_absorbed_form_are_not_counted_twice() {
    let mut model = one("DeepSeek-V3");
    let absorbed = one("DeepSeek-V3, absorbed form");
    let halves = |t: &&TensorSeen| t.name.contains("attn_k_b") || t.name.contains("attn_v_b");
    model
        .tensors
        .extend(absorbed.tensors.iter().filter(halves).cloned());
    let (resolved, compared) = weigh("both", &model);
    assert_eq!(
        resolved.architecture.parameters().expect("it fits").0,
        model.total
    );
    assert_eq!(compared.logical_elements, model.total);
    assert_eq!(compared.unexplained, 0, "{compared:#?}");
}
