//! Laws that hold for every architecture, length and adapter.

use proptest::prelude::*;
use weigh_compute::{OperationProfile, ResolveError, Scope, forward, forward_components, training};
use weigh_facts::{Adaptation, Architecture, AttentionConvention, Operations, Tokens};

use crate::support::{architecture, assuming_defaults, catalog};

/// A small model of any family, over sizes that fit each other.
fn any_model() -> impl Strategy<Value = Architecture> {
    let types = catalog().model_types();
    let sizes = (1_u64..5, 1_u64..4, 1_u64..4, 1_u64..64, 1_u64..5);
    // Some families want more of their sizes than these promise: an even width, a list as long as
    // the model is deep.
    (0..types.len(), sizes).prop_filter_map("sizes that do not fit", move |(index, sizes)| {
        let (layers, kv, group, ffn, top) = sizes;
        let heads = kv * group;
        let text = format!(
            r#"{{"model_type": "{}", "hidden_size": {}, "num_hidden_layers": {layers},
            "num_attention_heads": {heads}, "num_key_value_heads": {kv}, "num_kv_heads": {kv},
            "vocab_size": 96, "intermediate_size": {ffn}, "head_dim": 16,
            "moe_intermediate_size": {ffn}, "num_local_experts": 5, "num_experts_per_tok": {top},
            "sliding_window": 7, "max_window_layers": 1}}"#,
            types[index],
            heads * 16
        );
        match assuming_defaults(&text) {
            Ok(model) => Some(model),
            Err(ResolveError::Contradiction { .. }) => None,
            Err(error) => panic!("{text}: {error}"),
        }
    })
}

fn any_convention() -> impl Strategy<Value = AttentionConvention> {
    prop_oneof![
        Just(AttentionConvention::CausalExact),
        Just(AttentionConvention::Full)
    ]
}

/// Every operator by name, as if each were saved with the adapter.
fn everything(model: &Architecture) -> Adaptation {
    let mut names: Vec<String> = model.operators().map(|(o, _)| o.name.clone()).collect();
    names.sort();
    names.dedup();
    Adaptation::LowRank {
        ranks: vec![],
        saved_modules: names,
    }
}

fn adapters(model: &Architecture, rank: u64) -> Adaptation {
    let linear = |o: &weigh_facts::Operator| {
        matches!(
            o.kind,
            weigh_facts::OperatorKind::Linear {
                copies: 1,
                tied_to: None,
                ..
            }
        ) && o.part != weigh_facts::Part::MultiTokenPrediction
    };
    let names = model.operators().filter(|(o, _)| linear(o));
    let mut names: Vec<String> = names.map(|(o, _)| o.name.clone()).collect();
    names.sort();
    names.dedup();
    Adaptation::LowRank {
        ranks: names.into_iter().map(|n| (n, rank)).collect(),
        saved_modules: vec![],
    }
}

proptest! {
    /// The walk over frozen weights, with nothing frozen, is three forward passes.
    #[test]
    fn a_walk_with_nothing_frozen_is_full_training(
        model in any_model(), tokens in 1_u64..5_000, length in 1_u64..300, how in any_convention(),
    ) {
        let walked = OperationProfile::training(&model, &everything(&model), Scope::default());
        let walked = walked.unwrap().profile.operations(Tokens(tokens), length, how).unwrap();
        let passes = forward(&model, length, Tokens(tokens), how).unwrap().0 * 3;
        prop_assert_eq!(walked, Operations(passes));
        prop_assert_eq!(training(&model, length, Tokens(tokens), how).unwrap().0, passes);
    }

    /// Adapters cost more than a forward pass and, beside their own work, less than full training.
    #[test]
    fn adapters_stand_between_forward_and_full(
        model in any_model(), length in 1_u64..300, rank in 1_u64..16,
    ) {
        let how = AttentionConvention::CausalExact;
        let tokens = Tokens(1_000);
        let plan = OperationProfile::training(&model, &adapters(&model, rank), Scope::default());
        let plan = plan.unwrap();
        let count = plan.profile.operations(tokens, length, how).unwrap().0;
        let own = 6 * u128::from(plan.adapter_parameters) * 1_000;
        let full = training(&model, length, tokens, how).unwrap().0;
        prop_assert!(count <= full + own, "{count} > {full} + {own}");
        prop_assert!(count > forward(&model, length, tokens, how).unwrap().0);
    }

    /// More tokens or longer sequences never take fewer operations.
    #[test]
    fn operations_grow_with_tokens_and_length(
        model in any_model(), tokens in 1_u64..3_000, more in 0_u64..50, length in 1_u64..300,
        longer in 0_u64..40, how in any_convention(),
    ) {
        // A pooler works once per sequence, so encoders with one may fall.
        prop_assume!(model.family != "bert");
        let count = |t, s| forward(&model, s, Tokens(t), how).unwrap();
        prop_assert!(count(tokens, length) <= count(tokens + more, length));
        prop_assert!(count(tokens, length) <= count(tokens, length + longer));
    }

    /// The break-even length is the last one on the near side of the line.
    #[test]
    fn break_even_is_the_edge(model in any_model(), tokens in 1_u64..3_000, at in 1_u64..300) {
        prop_assume!(model.family != "bert");
        let how = AttentionConvention::CausalExact;
        let at = at.min(tokens);
        let profile = OperationProfile::forward(&model, Scope::default()).unwrap();
        // A range of operations has no one length at its edge.
        prop_assume!(!profile.is_range());
        let count = |s| profile.operations(Tokens(tokens), s, how).unwrap();
        let line = count(at).to_decimal();
        let edge = profile.break_even(Tokens(tokens), &line, how).unwrap();
        prop_assert!(edge >= at && count(edge).to_decimal() <= line);
        prop_assert!(edge == tokens || count(edge + 1).to_decimal() > line);
    }

    /// Components leave nothing out and count nothing twice.
    #[test]
    fn components_sum_to_the_whole(model in any_model(), length in 1_u64..300) {
        let how = AttentionConvention::CausalExact;
        let tokens = Tokens(777);
        let parts = forward_components(&model, length, tokens, how).unwrap();
        let sum: u128 = parts.iter().map(|(_, o)| o.0).sum();
        prop_assert_eq!(sum, forward(&model, length, tokens, how).unwrap().0);
    }
}

#[test]
fn an_adapter_on_nothing_is_an_error() {
    let model = architecture(crate::support::LLAMA_8B);
    let adaptation = Adaptation::LowRank {
        ranks: vec![
            ("model.layers.3.self_attn.q_proj".into(), 8),
            ("model.layers.32.mlp.up_proj".into(), 8),
        ],
        saved_modules: vec![],
    };
    let error = OperationProfile::training(&model, &adaptation, Scope::default()).unwrap_err();
    assert_eq!(error.code(), "unknown-adapted-module");
    assert_eq!(
        error.to_string(),
        "the adapter names `model.layers.32.mlp.up_proj`, which the architecture `llama` does not have"
    );
}
