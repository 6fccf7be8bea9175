//! Weighings made by hand. The only place that knows how to make one.

use std::collections::BTreeMap;

use weigh_compute::{
    Agreement, Explained, HeaderMatch, HeaderVerdict, LikelyCause, Reconciliation,
};
use weigh_facts::{
    Architecture, Coverage, Date, Defaulted, Dictionary, Estimate, Fact, FactName, Facts, Grade,
    MethodId, MoeSummary, Operations, Origin, Parameters, Place, Positions, SubjectKind, Tokens,
    Tower, TowerRole, Value, Verdict, Warning,
};
use weigh_rules::Finding;
use weigh_station::{
    AdapterProfile, Assumption, BookUsed, BreakEven, ComputeProfile, ConventionTotal, InputSeen,
    Line, MethodResult, ModelProfile, OtherRule, Question, SixNd, StageProfile, Weighing,
};

const COUNT: MethodId = MethodId::new("operation-count/1");
const CHIPS: MethodId = MethodId::new("chip-time/1");

/// A dense model, counted exactly.
pub(crate) fn dense() -> Weighing {
    let exact = Estimate::exact(operations("771794326388736000000000"), COUNT);
    let facts = facts(&exact, &["can_generate_language_or_images=true"]);
    let mut weighing = assessed("llama-3.1-8b", facts);
    weighing.model = Some(dense_model());
    weighing.compute = compute(exact.clone());
    weighing.compute.stages = vec![stage("pretraining", "pretraining", Some(exact))];
    weighing.compute.six_n_d = Some(SixNd {
        active: operations("7.22723512e23"),
        total: operations("7.22723512e23"),
    });
    weighing.compute.break_evens = vec![BreakEven {
        line: "1e24".parse().expect("a line"),
        tokens_per_sequence: 27_515,
    }];
    weighing
}

/// A mixture of experts with bounds that straddle lines.
pub(crate) fn mixture() -> Weighing {
    let bounds = estimate(Some("3.29e24"), Some("3.71e24"), Some("2.05e25"), COUNT);
    let facts = facts(&bounds, &["can_generate_language_or_images=true"]);
    let mut weighing = assessed("deepseek-v3", facts);
    weighing.model = Some(mixture_model());
    weighing.compute = compute(bounds.clone());
    let mut pretraining = stage("pretraining", "pretraining", Some(bounds));
    pretraining.tokens = Some(
        Estimate::new(
            Some(Tokens(14_000_000_000_000)),
            Some(Tokens(14_800_000_000_000)),
            Some(Tokens(15_000_000_000_000)),
            Coverage::Hard,
            COUNT,
        )
        .expect("the bounds are in order"),
    );
    pretraining.sequence_length = "unknown".to_owned();
    pretraining.attention_core = None;
    weighing.compute.stages = vec![pretraining, stage("rl", "reinforcement-learning", None)];
    weighing.compute.six_n_d = Some(SixNd {
        active: operations("3.33e24"),
        total: operations("5.95871e25"),
    });
    weighing.assumptions = vec![Assumption {
        name: "sequence-length".to_owned(),
        value: "1 to 163,840 tokens".to_owned(),
        reason: "not declared: bounds run from the linear part to the longest allowed".to_owned(),
    }];
    weighing
}

/// Nothing but a file nobody could use.
pub(crate) fn nothing() -> Weighing {
    let mut weighing = assessed("mystery", Facts::new());
    weighing.warnings = vec![Warning {
        code: "unreadable-config",
        message: "the configuration names a model type that no catalog entry covers".to_owned(),
        place: Some(Place {
            input: "mystery/config.json".to_owned(),
            inside: "model_type".to_owned(),
        }),
    }];
    weighing
}

/// An adapter on a base whose headers and whose methods contradict each other.
pub(crate) fn conflict() -> Weighing {
    let count = Estimate::exact(operations("7.72e23"), COUNT);
    let chips = estimate(Some("1.31e24"), Some("1.54e24"), Some("1.80e24"), CHIPS);
    let envelope = estimate(Some("7.72e23"), None, Some("1.80e24"), CHIPS);
    let mut weighing = assessed("llama-lora", facts(&envelope, &["weights_published=true"]));
    let mut model = dense_model();
    model.headers = Some(contradicting_headers());
    weighing.model = Some(model);
    weighing.adapter = Some(AdapterProfile {
        kind: "LORA".to_owned(),
        parameters: Some(Parameters(20_971_520)),
        modules: 224,
        ranks: vec![8, 16],
        declared_base: Some("meta-llama/Llama-3.1-8B".to_owned()),
        dora: true,
    });
    weighing.compute = compute(count.clone());
    weighing.compute.stages = vec![stage("adapter", "fine-tuning", Some(count.clone()))];
    weighing.compute.methods.push(MethodResult {
        id: "chip-time/1".to_owned(),
        title: "chip time × peak × utilization",
        operations: chips,
        inputs: vec!["adapter: 1,460,000 H100 SXM hours at 0.38 to 0.52".to_owned()],
        cannot_see: "what the chips did: idle time and failed runs count as work",
    });
    weighing.compute.reconciliation = Some(Reconciliation {
        verdict: Agreement::Conflict,
        chosen: envelope.clone(),
        envelope,
        ratio_low: Some("1.69689".parse().expect("a number")),
        ratio_high: Some("2.33161".parse().expect("a number")),
        likely_causes: vec![LikelyCause {
            id: "factor-two",
            says: "one side counts a multiply-add as one operation, uses a sparse peak rate, or \
                   bills the full square of causal attention",
            signature: "2".parse().expect("a number"),
        }],
    });
    weighing
}

/// A model whose files chose names to do harm.
pub(crate) fn hostile() -> Weighing {
    let mut weighing = dense();
    let name = "<script>alert(1)</script>|`x`\u{1b}[31m\u{9b}2J\u{202e}gpj\n# owned\u{7}\"'&";
    weighing.subject = name.to_owned();
    if let Some(model) = &mut weighing.model {
        model.architecture.family = name.to_owned();
        model.architecture.declared = Some(format!("{name}declared"));
        model.architecture.defaulted = vec![Defaulted {
            key: name.to_owned(),
            value: name.to_owned(),
            place: place(name),
        }];
    }
    weighing.inputs = vec![InputSeen {
        path: name.to_owned(),
        ..input("config.json", "config", false)
    }];
    weighing.warnings = vec![Warning {
        code: "unknown-key",
        message: name.to_owned(),
        place: Some(place(name)),
    }];
    for stage in &mut weighing.compute.stages {
        stage.id = name.to_owned();
        stage.sources = vec![name.to_owned()];
    }
    weighing.adapter = Some(AdapterProfile {
        kind: name.to_owned(),
        parameters: None,
        modules: 1,
        ranks: vec![8],
        declared_base: Some(name.to_owned()),
        dora: false,
    });
    weighing
}

fn operations(text: &str) -> Operations {
    text.parse().expect("the sample's count is one")
}

fn estimate(
    low: Option<&str>,
    best: Option<&str>,
    high: Option<&str>,
    method: MethodId,
) -> Estimate<Operations> {
    let at = |text: Option<&str>| text.map(operations);
    Estimate::new(at(low), at(best), at(high), Coverage::Hard, method)
        .expect("the sample's bounds are in order")
}

fn day(text: &str) -> Date {
    text.parse().expect("the sample's day is one")
}

fn place(input: &str) -> Place {
    Place {
        input: input.to_owned(),
        inside: String::new(),
    }
}

const CONVENTIONS: [(&str, &str); 4] = [
    ("eu-cumulative", "EU AI Act: cumulative training compute"),
    ("eu-training", "EU AI Act: compute of training"),
    ("proposed-framework", "Proposed framework"),
    ("us-4e091", "ECCN 4E091: training operations"),
];

/// The total under every convention, and what else is known.
fn facts(total: &Estimate<Operations>, assignments: &[&str]) -> Facts {
    let dictionary = Dictionary::shipped();
    let origin = |grade| Origin {
        grade,
        method: COUNT,
        sources: vec!["config.json: hidden_size".to_owned()],
    };
    let mut facts = Facts::new();
    for (id, _) in CONVENTIONS {
        let value = Value::Quantity(total.map_increasing(|o| o.to_decimal()));
        let origin = origin(Grade::Computed);
        facts.insert(FactName::of("operations", id), Fact { value, origin });
    }
    for text in assignments {
        let (name, fact) = Facts::read_assignment(text, &dictionary, origin(Grade::Declared))
            .expect("the sample's facts are in the dictionary");
        facts.insert(name, fact);
    }
    facts
}

/// The book of these tests, read over facts.
fn assessed(subject: &str, facts: Facts) -> Weighing {
    let (on, known) = (day("2026-11-24"), day("2026-11-20"));
    let library = weigh_rules::Library::shipped();
    let book = weigh_rules::check(include_str!("book.toml"), &library)
        .expect("the book of these tests checks");
    let assessment = weigh_rules::assess(&book, &facts, on, known);
    let lines = book.lines(on, known).into_iter().map(|l| Line {
        at: l.at.value,
        comparator: l.comparator.to_owned(),
        rulebook: book.id().to_owned(),
        rule: l.rule.to_string(),
        fact: l.fact.to_string(),
    });
    let (findings, others): (Vec<Finding>, Vec<Finding>) = assessment
        .findings
        .into_iter()
        .partition(|f| f.about == SubjectKind::Model);
    let others = others.iter().map(|f| OtherRule {
        rulebook: f.rulebook.to_string(),
        rule: f.rule.to_string(),
        about: f.about,
    });
    let questions = questions(&findings, &library.dictionary);
    Weighing {
        subject: subject.to_owned(),
        kinds: std::collections::BTreeSet::from([SubjectKind::Model]),
        on,
        known,
        inputs: vec![
            input("config.json", "config", false),
            input("model.safetensors", "weights", true),
        ],
        rulebooks: vec![BookUsed {
            id: book.id().to_owned(),
            title: book.title().to_owned(),
            version: book.version().to_owned(),
            // Not the book's own digest: a comment in it should not change a page.
            digest: "0123456789abcdef".repeat(4),
            known_through: book.known_through(),
            supplied_by: None,
            tables: Vec::new(),
        }],
        assumptions: Vec::new(),
        warnings: Vec::new(),
        model: None,
        adapter: None,
        compute: no_compute(),
        facts,
        questions,
        lines: lines.collect(),
        conflicts: assessment.conflicts,
        alarms: Vec::new(),
        regimes: weigh_station::regimes(&findings),
        dictionary: std::sync::Arc::new(library.dictionary),
        findings,
        others: others.collect(),
    }
}

/// What is missing, as questions, a fact at a time.
fn questions(findings: &[Finding], dictionary: &Dictionary) -> Vec<Question> {
    let mut settles: BTreeMap<&FactName, Vec<String>> = BTreeMap::new();
    for finding in findings
        .iter()
        .filter(|f| f.verdict == Verdict::Indeterminate)
    {
        for need in &finding.missing {
            let rule = format!("{}/{}", finding.rulebook, finding.rule);
            settles.entry(&need.fact).or_default().push(rule);
        }
    }
    let asked = settles.into_iter().filter_map(|(fact, settles)| {
        let definition = dictionary.get(fact)?;
        Some(Question {
            fact: fact.clone(),
            ask: definition.ask.clone(),
            source: definition.source.clone(),
            settles,
        })
    });
    asked.collect()
}

fn input(path: &str, role: &'static str, header_only: bool) -> InputSeen {
    InputSeen {
        path: path.to_owned(),
        role,
        bytes: 1_834,
        sha256: "fedcba9876543210".repeat(4),
        header_only,
    }
}

fn no_compute() -> ComputeProfile {
    ComputeProfile {
        operations: None,
        attention: "causal-exact",
        stages: Vec::new(),
        conventions: Vec::new(),
        methods: Vec::new(),
        reconciliation: None,
        six_n_d: None,
        break_evens: Vec::new(),
    }
}

fn compute(total: Estimate<Operations>) -> ComputeProfile {
    let convention = |(id, title): (&str, &str)| ConventionTotal {
        id: id.to_owned(),
        title: title.to_owned(),
        operations: Some(total.clone()),
        open_because: Vec::new(),
    };
    ComputeProfile {
        operations: Some(total.clone()),
        conventions: CONVENTIONS.into_iter().map(convention).collect(),
        methods: vec![MethodResult {
            id: "operation-count/1".to_owned(),
            title: "operation count",
            operations: total,
            inputs: vec!["pretraining: exact causal attention".to_owned()],
            cannot_see: "runs and data that nobody declared",
        }],
        ..no_compute()
    }
}

fn stage(
    id: &str,
    purpose: &'static str,
    operations: Option<Estimate<Operations>>,
) -> StageProfile {
    StageProfile {
        id: id.to_owned(),
        purpose,
        tokens: operations
            .as_ref()
            .map(|_| Estimate::exact(Tokens(15_000_000_000_000), COUNT)),
        sequence_length: "8192".to_owned(),
        training: if id == "adapter" { "adapter" } else { "full" },
        attention_core: operations.as_ref().map(|_| self::operations("9.66e22")),
        operations,
        sources: vec!["pipeline.toml: stage".to_owned()],
    }
}

fn tower(depth: u64) -> Tower {
    Tower {
        name: "text".to_owned(),
        role: TowerRole::Decoder,
        positions: Positions::Tokens,
        stem: Vec::new(),
        groups: Vec::new(),
        depth,
        tail: Vec::new(),
    }
}

fn dense_model() -> ModelProfile {
    ModelProfile {
        architecture: Architecture {
            family: "llama".to_owned(),
            declared: Some("LlamaForCausalLM".to_owned()),
            towers: vec![tower(32)],
            defaulted: vec![Defaulted {
                key: "attention_bias".to_owned(),
                value: "false".to_owned(),
                place: place("config.json"),
            }],
            context_tokens: Some(131_072),
            source: "llama @ transformers 5.23.0".to_owned(),
        },
        from_config: true,
        total: Parameters(8_030_261_248),
        active: Parameters(8_030_261_248),
        active_without_input_embedding: Parameters(7_504_924_672),
        input_embedding: Parameters(525_336_576),
        routed_experts: Parameters(0),
        moe: None,
        headers: Some(HeaderMatch {
            stored_elements: 8_030_261_248,
            logical_elements: 8_030_261_248,
            matched: 291,
            explained: Vec::new(),
            unexplained_missing: Vec::new(),
            unexplained_extra: Vec::new(),
            unexplained: 0,
            verdict: HeaderVerdict::Agree,
        }),
        kv_elements_per_token: Some(65_536),
    }
}

fn mixture_model() -> ModelProfile {
    ModelProfile {
        architecture: Architecture {
            family: "deepseek_v3".to_owned(),
            declared: Some("DeepseekV3ForCausalLM".to_owned()),
            towers: vec![tower(61)],
            defaulted: Vec::new(),
            context_tokens: Some(163_840),
            source: "deepseek_v3 @ transformers 5.23.0".to_owned(),
        },
        total: Parameters(671_026_419_200),
        active: Parameters(37_552_328_192),
        active_without_input_embedding: Parameters(36_625_648_128),
        input_embedding: Parameters(926_679_040),
        routed_experts: Parameters(653_908_770_816),
        moe: Some(MoeSummary {
            experts: 256,
            active: 8,
            sparse_layers: 58,
            routed: Parameters(653_908_770_816),
            shared: Parameters(2_554_331_136),
        }),
        headers: Some(HeaderMatch {
            matched: 91_991,
            explained: vec![Explained {
                what: "scales and zero points of quantized weights",
                tensors: 45_000,
                elements: 41_000_000,
            }],
            verdict: HeaderVerdict::AgreeWithExplanation,
            ..dense_model().headers.expect("the dense sample has headers")
        }),
        kv_elements_per_token: Some(35_136),
        ..dense_model()
    }
}

fn contradicting_headers() -> HeaderMatch {
    HeaderMatch {
        matched: 287,
        unexplained_missing: vec!["model.layers.3.mlp.up_proj.weight".to_owned()],
        unexplained_extra: (0..5).map(|i| format!("extra.{i}")).collect(),
        unexplained: 6,
        verdict: HeaderVerdict::Conflict,
        ..dense_model().headers.expect("the dense sample has headers")
    }
}
