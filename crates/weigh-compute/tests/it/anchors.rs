//! Published models whose counts are known to the last digit.

use std::path::PathBuf;

use weigh_compute::{
    OperationProfile, Scope, cache_bytes, cache_bytes_per_token, forward, six_n_d, training,
};
use weigh_facts::{AttentionConvention, Operations, Part, Tokens};

use crate::support::{LLAMA_8B, architecture, assuming_defaults, flop_of_matrices, has_recurrence};

fn anchors() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../examples/anchors")
}

fn anchor(name: &str) -> String {
    let path = anchors().join(format!("{name}.json"));
    std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

#[test]
fn counts_are_exact() {
    let table = std::fs::read_to_string(anchors().join("expected.csv")).unwrap();
    let (mut exact, mut recurrent) = (0, 0);
    for row in table.lines().skip(1) {
        let fields: Vec<&str> = row.split(',').collect();
        let text = anchor(fields[0]);
        let model = architecture(&text);
        let flop = |s| flop_of_matrices(&model, s).to_string();
        let ours = [
            fields[0].to_owned(),
            model.parameters().unwrap().0.to_string(),
            model.active_parameters().unwrap().0.to_string(),
            model
                .active_without_input_embedding()
                .unwrap()
                .0
                .to_string(),
            flop(128),
            flop(2048),
        ];
        if has_recurrence(&model) {
            assert_eq!(ours[..4], fields[..4]);
            // The table holds what a framework counts of the recurrence too.
            let theirs: [u128; 2] = [fields[4], fields[5]].map(|f| f.parse().unwrap());
            assert!(flop_of_matrices(&model, 128) < theirs[0], "{}", fields[0]);
            assert!(flop_of_matrices(&model, 2_048) < theirs[1], "{}", fields[0]);
            recurrent += 1;
            continue;
        }
        assert_eq!(ours.join(","), row);
        exact += 1;
    }
    assert_eq!((exact, recurrent), (8, 2));
}

#[test]
fn a_recurrence_is_a_range() {
    // The upper end is the form in chunks; a framework that repeats shared heads counts more.
    let theirs = [
        ("Nemotron-3-Nano-30B-A3B", 13_885_556_113_408_u128),
        ("Qwen3-Next-80B-A3B", 15_768_845_287_424),
    ];
    for (name, theirs) in theirs {
        let model = architecture(&anchor(name));
        let least = OperationProfile::forward(&model, Scope::default()).unwrap();
        let most = least.at_most().unwrap();
        assert!(least.is_range() && !most.is_range());
        let count = |p: &OperationProfile| {
            let full = AttentionConvention::Full;
            p.operations(Tokens(2_048), 2_048, full).unwrap().0
        };
        let (low, high) = (count(&least), count(&most));
        assert!(
            low < theirs && theirs < high * 101 / 100,
            "{name}: {low} to {high}"
        );
        assert!(high < low * 105 / 100, "{name}: {low} to {high}");
        let line = "1e24".parse().unwrap();
        let tokens = Tokens(1_000_000_000_000);
        assert_eq!(
            least.break_even(tokens, &line, AttentionConvention::CausalExact),
            None
        );
    }
}

#[test]
fn attention_decides_long_runs() {
    let model = architecture(LLAMA_8B);
    let tokens = Tokens(15_000_000_000_000);
    let at = |s| training(&model, s, tokens, AttentionConvention::CausalExact).unwrap();
    assert_eq!(at(8_192).to_string(), "7.72e23 FLOP");
    assert_eq!(at(131_072).to_string(), "2.22e24 FLOP");
    let profile = OperationProfile::full_training(&model, Scope::default()).unwrap();
    let line = "1e24".parse().unwrap();
    let edge = profile.break_even(tokens, &line, AttentionConvention::CausalExact);
    // 27,515 where causal pairs are rounded to s²/2; s(s+1)/2 is one token less.
    assert_eq!(edge, Some(27_514));
    assert!(at(27_514).to_decimal() <= line && at(27_515).to_decimal() > line);
    assert_eq!(
        profile.break_even(
            tokens,
            &"1e20".parse().unwrap(),
            AttentionConvention::CausalExact
        ),
        None
    );
}

#[test]
fn a_mixture_is_weighed_by_what_a_token_passes() {
    let model = architecture(&anchor("DeepSeek-V3"));
    let tokens = Tokens(14_800_000_000_000);
    let exact = training(&model, 4_096, tokens, AttentionConvention::CausalExact).unwrap();
    assert_eq!(exact.to_string(), "3.71e24 FLOP");
    let line = Operations(10_u128.pow(25));
    assert!(exact < line);
    assert!(
        six_n_d(model.parameters().unwrap(), tokens) > line,
        "all experts would cross it"
    );
    let with_tail = Scope {
        multi_token_prediction: true,
    };
    let with_tail = OperationProfile::full_training(&model, with_tail).unwrap();
    let with_tail = with_tail
        .operations(tokens, 4_096, AttentionConvention::CausalExact)
        .unwrap();
    assert_eq!(with_tail.to_string(), "3.86e24 FLOP");
    let tail = model.parameters_of(Part::MultiTokenPrediction).unwrap().0;
    assert_eq!(
        tail, 11_610_067_968,
        "as the published model card rounds it: 11.5B, own weights"
    );
}

#[test]
fn caches_are_what_servers_measure() {
    let bytes = |text: &str| cache_bytes_per_token(&architecture(text), 16);
    assert_eq!(bytes(LLAMA_8B), 131_072);
    assert_eq!(bytes(&anchor("DeepSeek-V3")), 70_272);
    assert_eq!(bytes(&anchor("Qwen3-235B-A22B")), 192_512);
    assert_eq!(bytes(&anchor("gpt-oss-120b")), 73_728);
    // Half of the layers stop at 128 tokens.
    let model = architecture(&anchor("gpt-oss-120b"));
    assert_eq!(cache_bytes(&model, 128, 16), 73_728 * 128);
    assert_eq!(
        cache_bytes(&model, 1_128, 16),
        73_728 * 128 + 36_864 * 1_000
    );
}

#[test]
fn a_bert_without_embedding_is_less_its_lookup() {
    let model = assuming_defaults(r#"{"model_type": "bert"}"#).unwrap();
    assert_eq!(model.parameters().unwrap().0, 109_482_240);
    assert_eq!(
        model.active_without_input_embedding().unwrap().0,
        86_041_344
    );
    let flop = forward(&model, 128, Tokens(128), AttentionConvention::Full).unwrap();
    assert_eq!(flop.0, 22_348_431_360, "the pooler works once per sequence");
}
