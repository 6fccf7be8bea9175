//! Stages, lineage totals, and two methods side by side.

use weigh_compute::{
    Agreement, Circumstances, CountOptions, LINEAGE_SUM, OPERATION_COUNT, OperationProfile, Scope,
    from_tensors, lineage_total, reconcile, stage_operations, training,
};
use weigh_facts::{
    Adaptation, AttentionConvention, Convention, Coverage, DataVisibility, Decimal, Dtype,
    Estimate, Inclusion, MethodId, Operations, Place, Purpose, SequenceLength, SourceKey, Stage,
    StageTokens, TensorSeen, Tokens,
};

use crate::support::{LLAMA_8B, SMALL_MOE, architecture, saved, tensor};

const CARD: MethodId = MethodId::new("model-card/1");

fn place() -> Place {
    Place {
        input: "pipeline.toml".to_owned(),
        inside: String::new(),
    }
}

fn stage(purpose: Purpose, tokens: Option<u64>, sequence_length: SequenceLength) -> Stage {
    Stage {
        id: purpose.as_str().to_owned(),
        purpose,
        adaptation: Adaptation::Full,
        tokens: tokens.map(|n| StageTokens {
            tokens: Estimate::exact(Tokens(n), CARD),
            place: place(),
        }),
        sequence_length,
        declared_operations: None,
        chips: None,
        base_model: None,
        data_visibility: None,
        generator: None,
        discarded: false,
        developer: None,
        date: None,
        place: place(),
    }
}

fn decimal(text: &str) -> Decimal {
    text.parse().unwrap()
}

#[test]
fn a_recurrence_has_bounds_and_no_best_value() {
    let text = std::fs::read_to_string(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../examples/anchors/Nemotron-3-Nano-30B-A3B.json"
    ));
    let model = architecture(&text.unwrap());
    let tokens = Some(25_000_000_000_000);
    let run = stage(Purpose::Pretraining, tokens, SequenceLength::Fixed(8_192));
    let counted = stage_operations(&model, &run, CountOptions::default());
    let counted = counted.unwrap().unwrap();
    let (low, high) = (
        counted.estimate.low().unwrap(),
        counted.estimate.high().unwrap(),
    );
    assert!(low < high, "{}", shown(&counted.estimate));
    assert!(counted.estimate.best().is_none());
    let said = "recurrences take a range of operations: no convention says which form is counted";
    assert!(counted.assumptions.iter().any(|a| a == said));
}

/// The bounds for readers: `low..high best`.
fn shown(estimate: &Estimate<Operations>) -> String {
    let show = |o: Option<&Operations>| o.map_or("open".to_owned(), ToString::to_string);
    format!(
        "{} .. {} best {}",
        show(estimate.low()),
        show(estimate.high()),
        show(estimate.best())
    )
}

#[test]
fn a_fixed_length_is_exact() {
    let model = architecture(LLAMA_8B);
    let stage = stage(
        Purpose::Pretraining,
        Some(15_000_000_000_000),
        SequenceLength::Fixed(8_192),
    );
    let found = stage_operations(&model, &stage, CountOptions::default())
        .unwrap()
        .unwrap();
    let exact = training(
        &model,
        8_192,
        Tokens(15_000_000_000_000),
        AttentionConvention::CausalExact,
    );
    assert_eq!(
        found.estimate,
        Estimate::exact(exact.unwrap(), OPERATION_COUNT)
    );
    insta::assert_snapshot!(found.assumptions.join("\n"), @r"
    attention pairs: causal-exact; one document per sequence
    all weights train: backward is twice forward
    every sequence has 8192 tokens
    ");
}

#[test]
fn an_unknown_length_gives_bounds_that_hold_every_length() {
    let model = architecture(LLAMA_8B);
    let tokens = 15_000_000_000_000;
    let unknown = stage(Purpose::Pretraining, Some(tokens), SequenceLength::Unknown);
    let found = stage_operations(&model, &unknown, CountOptions::default())
        .unwrap()
        .unwrap();
    assert_eq!(
        shown(&found.estimate),
        "6.75e23 FLOP .. 2.22e24 FLOP best open"
    );
    for length in [1, 7, 4_096, 131_072] {
        let at = training(
            &model,
            length,
            Tokens(tokens),
            AttentionConvention::CausalExact,
        )
        .unwrap();
        assert!(*found.estimate.low().unwrap() <= at && at <= *found.estimate.high().unwrap());
    }
    let silent = LLAMA_8B.replace("\"max_position_embeddings\": 131072,", "");
    let boundless = architecture(&silent);
    let found = stage_operations(&boundless, &unknown, CountOptions::default())
        .unwrap()
        .unwrap();
    assert_eq!(shown(&found.estimate), "6.75e23 FLOP .. open best open");
    assert_eq!(
        found.assumptions.last().unwrap(),
        "sequence length unknown, and the configuration does not give the longest context: upper \
         bound open"
    );
}

#[test]
fn shares_of_lengths_bracket_and_must_sum_to_one() {
    let model = architecture(LLAMA_8B);
    let shares = |a: &str, b: &str| {
        SequenceLength::Distribution(vec![(4_096, decimal(a)), (8_192, decimal(b))])
    };
    let count = |lengths, tokens| {
        let stage = stage(Purpose::Pretraining, Some(tokens), lengths);
        stage_operations(&model, &stage, CountOptions::default()).map(|s| s.unwrap().estimate)
    };
    let even = count(shares("0.5", "0.5"), 819_200).unwrap();
    assert!(
        even.as_exact().is_some(),
        "whole sequences: nothing to round"
    );
    let odd = count(shares("0.3", "0.7"), 819_201).unwrap();
    assert!(odd.low() < odd.high());
    let fixed = |s| count(SequenceLength::Fixed(s), 819_200).unwrap();
    assert!(fixed(4_096).low() < even.low() && even.high() < fixed(8_192).high());
    let error = count(shares("0.5", "0.6"), 1).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the shares of the sequence lengths sum to 1.1, and must sum to 1"
    );
}

#[test]
fn generation_counts_forward_and_no_tokens_count_nothing() {
    let model = architecture(LLAMA_8B);
    let options = CountOptions::default();
    let count = |purpose, tokens| {
        let stage = stage(purpose, tokens, SequenceLength::Fixed(1_024));
        stage_operations(&model, &stage, options).unwrap()
    };
    let training = count(Purpose::FineTuning, Some(1_024)).unwrap().estimate;
    let rollout = count(Purpose::Rollout, Some(1_024)).unwrap().estimate;
    assert_eq!(rollout.best().unwrap().0 * 3, training.best().unwrap().0);
    assert_eq!(count(Purpose::FineTuning, None), None);
}

#[test]
fn an_adapter_of_unknown_rank_gives_bounds_for_every_length() {
    let model = architecture(LLAMA_8B);
    let any_length = || {
        let shares = vec![(4_096, decimal("0.5")), (8_192, decimal("0.5"))];
        [
            SequenceLength::Fixed(4_096),
            SequenceLength::Distribution(shares),
            SequenceLength::Unknown,
        ]
    };
    let count = |purpose, adaptation: &Adaptation, length| {
        let mut stage = stage(purpose, Some(819_200), length);
        stage.adaptation = adaptation.clone();
        let found = stage_operations(&model, &stage, CountOptions::default());
        found.unwrap().unwrap()
    };
    let adapter = Adaptation::LowRank {
        ranks: vec![],
        saved_modules: vec![],
    };
    for length in any_length() {
        let found = count(Purpose::FineTuning, &adapter, length.clone());
        let forward = count(Purpose::Evaluation, &Adaptation::Full, length.clone()).estimate;
        let full = count(Purpose::FineTuning, &Adaptation::Full, length).estimate;
        assert_eq!(found.estimate.low(), forward.low());
        assert_eq!(found.estimate.high(), full.high());
        assert!(found.estimate.high().is_some() && found.estimate.best().is_none());
        assert!(
            found.assumptions.contains(
                &"an adapter of unknown rank: between one forward pass and training every weight"
                    .to_owned()
            )
        );
        assert!(
            !found
                .assumptions
                .iter()
                .any(|a| a.contains("all weights train"))
        );
    }
    let training = OperationProfile::training(&model, &adapter, Scope::default()).unwrap();
    let edge = training.profile.break_even(
        Tokens(819_200),
        &decimal("1e30"),
        AttentionConvention::CausalExact,
    );
    assert_eq!(edge, None, "a bound has no break-even length");
}

#[test]
fn shapes_alone_count_nothing_and_close_nothing() {
    let count = |tensors: &[TensorSeen]| {
        let length = SequenceLength::Fixed(64);
        let stage = stage(Purpose::Pretraining, Some(1_000), length);
        let model = from_tensors(tensors);
        let found = stage_operations(&model, &stage, CountOptions::default());
        found.unwrap().unwrap()
    };
    let known = architecture(SMALL_MOE);
    let lookup = tensor("model.embed_tokens.weight", &[1_024, 128], Dtype::BF16);
    for tensors in [saved(&known), vec![lookup]] {
        let found = count(&tensors).estimate;
        assert_eq!(shown(&found), "0 FLOP .. open best open");
    }
    let odd = tensor("encoder.table", &[32_000, 64], Dtype::BF16);
    assert_eq!(
        count(&[odd]).assumptions.last().unwrap(),
        "2,048,000 learned values are of unknown use: not counted, upper bound open"
    );
}

fn convention(includes: &[(Purpose, Inclusion)], excludes_public_synthetic: bool) -> Convention {
    let key = || SourceKey("s".to_owned());
    Convention {
        id: "test".to_owned(),
        title: "Test".to_owned(),
        includes: includes.iter().map(|(p, i)| (*p, *i, key())).collect(),
        excludes_public_synthetic,
        allowed_margin: None,
    }
}

#[test]
fn a_total_adds_what_counts_and_opens_where_it_must() {
    let rules = convention(
        &[
            (Purpose::Pretraining, Inclusion::Yes),
            (Purpose::TeacherForward, Inclusion::Unclear),
            (Purpose::Evaluation, Inclusion::No),
            (Purpose::SyntheticData, Inclusion::Yes),
        ],
        true,
    );
    let any = |p| stage(p, None, SequenceLength::Unknown);
    let (pretraining, teacher, evaluation) = (
        any(Purpose::Pretraining),
        any(Purpose::TeacherForward),
        any(Purpose::Evaluation),
    );
    let exact = |n| Estimate::exact(Operations(n), OPERATION_COUNT);
    let (a, b, c) = (exact(100), exact(20), exact(3));
    let total = lineage_total(
        &rules,
        &[
            (&pretraining, Some(&a)),
            (&teacher, Some(&b)),
            (&evaluation, Some(&c)),
        ],
    );
    let bounds = Estimate::between(Operations(100), Operations(120), LINEAGE_SUM);
    assert_eq!(total.estimate, bounds);

    let unknown = lineage_total(&rules, &[(&pretraining, None), (&evaluation, None)]);
    assert_eq!(shown(&unknown.estimate), "0 FLOP .. open best open");
    assert_eq!(unknown.open, ["pretraining"]);

    let mut synthetic = any(Purpose::SyntheticData);
    let mut bounds = |visibility| {
        synthetic.data_visibility = visibility;
        shown(&lineage_total(&rules, &[(&synthetic, Some(&b))]).estimate)
    };
    assert_eq!(
        bounds(Some(DataVisibility::Private)),
        "20 FLOP .. 20 FLOP best 20 FLOP"
    );
    assert_eq!(
        bounds(Some(DataVisibility::Public)),
        "0 FLOP .. 0 FLOP best 0 FLOP"
    );
    assert_eq!(bounds(None), "0 FLOP .. 20 FLOP best open");

    let weaker = Estimate::new(
        Some(Operations(1)),
        None,
        Some(Operations(9)),
        Coverage::Percent(90),
        CARD,
    );
    let total = lineage_total(&rules, &[(&pretraining, Some(&weaker.unwrap()))]);
    assert_eq!(total.estimate.coverage(), Coverage::Percent(90));
}

#[test]
fn methods_agree_or_the_ratio_says_why() {
    let interval = |low: u128, best: u128, high: u128| {
        Estimate::new(
            Some(Operations(low)),
            Some(Operations(best)),
            Some(Operations(high)),
            Coverage::Percent(90),
            MethodId::new("chip-time/1"),
        )
        .unwrap()
    };
    let count = Estimate::exact(Operations(1_000), OPERATION_COUNT);
    let nothing = Circumstances::default();
    let agree = reconcile(&count, &interval(500, 1_100, 1_600), &nothing);
    assert_eq!((agree.verdict, &agree.chosen), (Agreement::Agree, &count));
    assert!(agree.likely_causes.is_empty());
    assert_eq!(agree.ratio_low, Some(decimal("0.5")));

    let causes = |other: &Estimate<Operations>, circumstances: &Circumstances| {
        let found = reconcile(&count, other, circumstances);
        assert_eq!(found.verdict, Agreement::Conflict);
        assert_eq!(found.chosen, found.envelope);
        let ids: Vec<&str> = found.likely_causes.iter().map(|c| c.id).collect();
        ids.join(" ")
    };
    assert_eq!(
        causes(&interval(1_900, 2_000, 2_100), &nothing),
        "factor-two"
    );
    assert_eq!(causes(&interval(450, 500, 550), &nothing), "factor-two");
    assert_eq!(
        causes(&interval(1_250, 1_333, 1_400), &nothing),
        "recomputation"
    );
    assert_eq!(causes(&interval(240, 250, 260), &nothing), "packed-weights");
    let mixture = Circumstances {
        total_to_active: Some(decimal("17.9")),
        ..Circumstances::default()
    };
    assert_eq!(
        causes(&interval(17_000, 18_000, 19_000), &mixture),
        "experts-total-for-active"
    );
    let adapters = Circumstances {
        is_low_rank: true,
        ..Circumstances::default()
    };
    assert!(causes(&interval(1_450, 1_500, 1_550), &adapters).contains("adapter-billed-full"));
    let project = Circumstances {
        whole_project_hours: true,
        ..Circumstances::default()
    };
    assert_eq!(
        causes(&interval(7_000, 10_000, 12_000), &project),
        "project-hours"
    );
}
