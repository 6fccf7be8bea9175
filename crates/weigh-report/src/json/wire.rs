//! The document and everything in it but findings.

use serde::Serialize;
use weigh_compute::{Agreement, HeaderMatch, HeaderVerdict, Reconciliation};
use weigh_facts::{FactName, Parameters, Place, TowerRole};
use weigh_station::{
    AdapterProfile, ComputeProfile, ConventionTotal, MethodResult, ModelProfile, StageProfile,
    Weighing,
};

use super::amount::{Amount, Number, Total};
use super::findings::{
    Alarm, Asked, Conflict, FactSeen, Finding, Regimes, alarms, conflicts, facts, findings,
    questions, regimes,
};
use crate::{TOOL, VERSION};

/// The version of the document.
const SCHEMA: &str = "weighbridge.weigh/1";

/// The document.
#[derive(Debug, Serialize)]
pub(super) struct Weigh {
    schema: &'static str,
    tool: Tool,
    subject: String,
    on: String,
    known: String,
    inputs: Vec<Input>,
    rulebooks: Vec<Book>,
    assumptions: Vec<Assumption>,
    warnings: Vec<Warned>,
    model: Option<Model>,
    adapter: Option<Adapter>,
    compute: Compute,
    lines: Vec<Line>,
    facts: Vec<FactSeen>,
    findings: Vec<Finding>,
    others: Vec<OtherRule>,
    conflicts: Vec<Conflict>,
    regimes: Regimes,
    alarms: Vec<Alarm>,
    questions: Vec<Asked>,
}

#[derive(Debug, Serialize)]
struct Tool {
    name: &'static str,
    version: &'static str,
}

#[derive(Debug, Serialize)]
struct Input {
    path: String,
    role: &'static str,
    bytes: u64,
    sha256: String,
    header_only: bool,
}

#[derive(Debug, Serialize)]
struct Book {
    id: String,
    title: String,
    version: String,
    digest: String,
    known_through: String,
    supplied_by: Option<String>,
    tables: Vec<TableUsed>,
}

/// A shared table of codes that a book reads.
#[derive(Debug, Serialize)]
struct TableUsed {
    id: String,
    version: String,
    digest: String,
}

#[derive(Debug, Serialize)]
struct Assumption {
    name: String,
    value: String,
    reason: String,
}

#[derive(Debug, Serialize)]
struct Warned {
    code: &'static str,
    message: String,
    place: Option<Where>,
}

#[derive(Debug, Serialize)]
struct Where {
    input: String,
    inside: String,
}

#[derive(Debug, Serialize)]
struct Model {
    family: String,
    declared: Option<String>,
    source: String,
    from_config: bool,
    towers: Vec<Tower>,
    parameters: Views,
    moe: Option<Moe>,
    adapter: Option<Adapter>,
    headers: Option<Headers>,
    context_tokens: Option<u64>,
    kv_elements_per_token: Option<u64>,
    defaulted: Vec<Defaulted>,
}

#[derive(Debug, Serialize)]
struct Tower {
    name: String,
    role: &'static str,
    layers: u64,
}

#[derive(Debug, Serialize)]
struct Views {
    total: u64,
    active: Option<u64>,
    active_without_input_embedding: Option<u64>,
    input_embedding: u64,
    routed_experts: u64,
}

#[derive(Debug, Serialize)]
struct Moe {
    experts: u64,
    active_experts: Option<u64>,
    sparse_layers: u64,
    routed_parameters: u64,
    shared_parameters: u64,
}

#[derive(Debug, Serialize)]
struct Adapter {
    kind: String,
    parameters: Option<u64>,
    modules: u64,
    ranks: Vec<u64>,
    declared_base: Option<String>,
    dora: bool,
}

/// What the tensor headers say beside the configuration.
#[derive(Debug, Serialize)]
struct Headers {
    verdict: &'static str,
    stored_elements: u64,
    logical_elements: u64,
    matched: u64,
    explained: Vec<Explained>,
    unexplained: u64,
    unexplained_missing: Vec<String>,
    unexplained_extra: Vec<String>,
}

#[derive(Debug, Serialize)]
struct Explained {
    what: &'static str,
    tensors: u64,
    elements: u64,
}

#[derive(Debug, Serialize)]
struct Defaulted {
    key: String,
    value: String,
    place: Where,
}

#[derive(Debug, Serialize)]
struct Compute {
    operations: Total,
    attention: &'static str,
    stages: Vec<Stage>,
    conventions: Vec<Convention>,
    methods: Vec<Method>,
    reconciliation: Option<Reconciled>,
    cross_check: Option<CrossCheck>,
    break_evens: Vec<BreakEven>,
}

#[derive(Debug, Serialize)]
struct Stage {
    id: String,
    purpose: &'static str,
    training: &'static str,
    tokens: Option<Amount>,
    sequence_length: String,
    operations: Option<Amount>,
    attention_core: Option<u128>,
    sources: Vec<String>,
}

#[derive(Debug, Serialize)]
struct Convention {
    id: String,
    title: String,
    operations: Option<Amount>,
    open_because: Vec<String>,
}

#[derive(Debug, Serialize)]
struct Method {
    id: String,
    title: &'static str,
    operations: Amount,
    inputs: Vec<String>,
    cannot_see: &'static str,
}

#[derive(Debug, Serialize)]
struct Reconciled {
    verdict: &'static str,
    chosen: Amount,
    envelope: Amount,
    ratio_low: Option<Number>,
    ratio_high: Option<Number>,
    likely_causes: Vec<Cause>,
}

#[derive(Debug, Serialize)]
struct Cause {
    id: &'static str,
    says: &'static str,
    signature: Number,
}

/// The rule of thumb: for comparison only.
#[derive(Debug, Serialize)]
struct CrossCheck {
    formula: &'static str,
    active: u128,
    total: u128,
}

#[derive(Debug, Serialize)]
struct BreakEven {
    line: Number,
    tokens_per_sequence: u64,
}

#[derive(Debug, Serialize)]
struct Line {
    at: Number,
    comparator: String,
    rulebook: String,
    rule: String,
    fact: String,
}

/// A rule about another kind of subject: listed, not read.
#[derive(Debug, Serialize)]
struct OtherRule {
    rulebook: String,
    rule: String,
    about: &'static str,
}

impl Weigh {
    /// The document for a weighing.
    pub(super) fn of(weighing: &Weighing) -> Self {
        Self {
            schema: SCHEMA,
            tool: Tool {
                name: TOOL,
                version: VERSION,
            },
            subject: weighing.subject.clone(),
            on: weighing.on.to_string(),
            known: weighing.known.to_string(),
            inputs: inputs(weighing),
            rulebooks: rulebooks(weighing),
            assumptions: assumptions(weighing),
            warnings: warnings(weighing),
            model: weighing
                .model
                .as_ref()
                .map(|m| model(m, weighing.adapter.as_ref())),
            adapter: weighing.adapter.as_ref().map(adapter),
            compute: compute(&weighing.compute, weighing),
            lines: lines(weighing),
            facts: facts(&weighing.facts, &weighing.dictionary),
            findings: findings(weighing),
            others: others(weighing),
            conflicts: conflicts(&weighing.conflicts),
            regimes: regimes(weighing),
            alarms: alarms(&weighing.alarms),
            questions: questions(&weighing.questions),
        }
    }
}

fn inputs(weighing: &Weighing) -> Vec<Input> {
    let wire = weighing.inputs.iter().map(|i| Input {
        path: i.path.clone(),
        role: i.role,
        bytes: i.bytes,
        sha256: i.sha256.clone(),
        header_only: i.header_only,
    });
    wire.collect()
}

fn rulebooks(weighing: &Weighing) -> Vec<Book> {
    let wire = weighing.rulebooks.iter().map(|b| Book {
        id: b.id.clone(),
        title: b.title.clone(),
        version: b.version.clone(),
        digest: b.digest.clone(),
        known_through: b.known_through.to_string(),
        supplied_by: b.supplied_by.clone(),
        tables: b
            .tables
            .iter()
            .map(|t| TableUsed {
                id: t.id.clone(),
                version: t.version.clone(),
                digest: t.digest.clone(),
            })
            .collect(),
    });
    wire.collect()
}

fn assumptions(weighing: &Weighing) -> Vec<Assumption> {
    let wire = weighing.assumptions.iter().map(|a| Assumption {
        name: a.name.clone(),
        value: a.value.clone(),
        reason: a.reason.clone(),
    });
    wire.collect()
}

fn warnings(weighing: &Weighing) -> Vec<Warned> {
    let wire = weighing.warnings.iter().map(|w| Warned {
        code: w.code,
        message: w.message.clone(),
        place: w.place.as_ref().map(place),
    });
    wire.collect()
}

fn place(place: &Place) -> Where {
    Where {
        input: place.input.clone(),
        inside: place.inside.clone(),
    }
}

fn others(weighing: &Weighing) -> Vec<OtherRule> {
    let wire = weighing.others.iter().map(|o| OtherRule {
        rulebook: o.rulebook.clone(),
        rule: o.rule.clone(),
        about: o.about.as_str(),
    });
    wire.collect()
}

fn lines(weighing: &Weighing) -> Vec<Line> {
    let wire = weighing.lines.iter().map(|l| Line {
        at: Number(l.at.clone()),
        comparator: l.comparator.clone(),
        rulebook: l.rulebook.clone(),
        rule: l.rule.clone(),
        fact: l.fact.clone(),
    });
    wire.collect()
}

fn model(model: &ModelProfile, on_top: Option<&AdapterProfile>) -> Model {
    let architecture = &model.architecture;
    let towers = architecture.towers.iter().map(|t| Tower {
        name: t.name.clone(),
        role: match t.role {
            TowerRole::Decoder => "decoder",
            TowerRole::Encoder => "encoder",
        },
        layers: t.depth,
    });
    let defaulted = architecture.defaulted.iter().map(|d| Defaulted {
        key: d.key.clone(),
        value: d.value.clone(),
        place: place(&d.place),
    });
    Model {
        family: architecture.family.clone(),
        declared: architecture.declared.clone(),
        source: architecture.source.clone(),
        from_config: model.from_config,
        towers: towers.collect(),
        parameters: views(model),
        moe: model.moe.as_ref().map(|m| Moe {
            experts: m.experts,
            active_experts: model.from_config.then_some(m.active),
            sparse_layers: m.sparse_layers,
            routed_parameters: m.routed.0,
            shared_parameters: m.shared.0,
        }),
        adapter: on_top.map(adapter),
        headers: model.headers.as_ref().map(headers),
        context_tokens: architecture.context_tokens,
        kv_elements_per_token: model.kv_elements_per_token,
        defaulted: defaulted.collect(),
    }
}

/// Tensor shapes alone do not say how many experts a token passes.
fn views(model: &ModelProfile) -> Views {
    let counted = |parameters: Parameters| model.from_config.then_some(parameters.0);
    Views {
        total: model.total.0,
        active: counted(model.active),
        active_without_input_embedding: counted(model.active_without_input_embedding),
        input_embedding: model.input_embedding.0,
        routed_experts: model.routed_experts.0,
    }
}

fn adapter(adapter: &AdapterProfile) -> Adapter {
    Adapter {
        kind: adapter.kind.clone(),
        parameters: adapter.parameters.map(|p| p.0),
        modules: adapter.modules,
        ranks: adapter.ranks.clone(),
        declared_base: adapter.declared_base.clone(),
        dora: adapter.dora,
    }
}

fn headers(headers: &HeaderMatch) -> Headers {
    let explained = headers.explained.iter().map(|e| Explained {
        what: e.what,
        tensors: e.tensors,
        elements: e.elements,
    });
    Headers {
        verdict: match headers.verdict {
            HeaderVerdict::Agree => "agree",
            HeaderVerdict::AgreeWithExplanation => "agree-with-explanation",
            HeaderVerdict::Conflict => "conflict",
            HeaderVerdict::Unknown => "unknown",
        },
        stored_elements: headers.stored_elements,
        logical_elements: headers.logical_elements,
        matched: headers.matched,
        explained: explained.collect(),
        unexplained: headers.unexplained,
        unexplained_missing: headers.unexplained_missing.clone(),
        unexplained_extra: headers.unexplained_extra.clone(),
    }
}

fn compute(compute: &ComputeProfile, weighing: &Weighing) -> Compute {
    let break_evens = compute.break_evens.iter().map(|b| BreakEven {
        line: Number(b.line.clone()),
        tokens_per_sequence: b.tokens_per_sequence,
    });
    Compute {
        operations: Total::of(compute.operations.as_ref(), counting_assumptions(weighing)),
        attention: compute.attention,
        stages: compute.stages.iter().map(stage).collect(),
        conventions: compute.conventions.iter().map(convention).collect(),
        methods: compute.methods.iter().map(method).collect(),
        reconciliation: compute.reconciliation.as_ref().map(reconciled),
        cross_check: compute.six_n_d.as_ref().map(|s| CrossCheck {
            formula: "6 x N x D",
            active: s.active.0,
            total: s.total.0,
        }),
        break_evens: break_evens.collect(),
    }
}

/// The assumptions that are not about a fact: facts meet rules, they do not change a count.
fn counting_assumptions(weighing: &Weighing) -> Vec<String> {
    let dictionary = &weighing.dictionary;
    let is_fact = |name: &str| {
        let name = name.parse::<FactName>();
        name.is_ok_and(|n| dictionary.get(&n).is_some())
    };
    let names = weighing.assumptions.iter().map(|a| a.name.clone());
    names.filter(|n| !is_fact(n)).collect()
}

fn stage(stage: &StageProfile) -> Stage {
    Stage {
        id: stage.id.clone(),
        purpose: stage.purpose,
        training: stage.training,
        tokens: stage.tokens.as_ref().map(Amount::of_tokens),
        sequence_length: stage.sequence_length.clone(),
        operations: stage.operations.as_ref().map(Amount::of_operations),
        attention_core: stage.attention_core.map(|o| o.0),
        sources: stage.sources.clone(),
    }
}

fn convention(total: &ConventionTotal) -> Convention {
    Convention {
        id: total.id.clone(),
        title: total.title.clone(),
        operations: total.operations.as_ref().map(Amount::of_operations),
        open_because: total.open_because.clone(),
    }
}

fn method(result: &MethodResult) -> Method {
    Method {
        id: result.id.clone(),
        title: result.title,
        operations: Amount::of_operations(&result.operations),
        inputs: result.inputs.clone(),
        cannot_see: result.cannot_see,
    }
}

fn reconciled(found: &Reconciliation) -> Reconciled {
    let causes = found.likely_causes.iter().map(|c| Cause {
        id: c.id,
        says: c.says,
        signature: Number(c.signature.clone()),
    });
    Reconciled {
        verdict: match found.verdict {
            Agreement::Agree => "agree",
            Agreement::Conflict => "conflict",
        },
        chosen: Amount::of_operations(&found.chosen),
        envelope: Amount::of_operations(&found.envelope),
        ratio_low: found.ratio_low.clone().map(Number),
        ratio_high: found.ratio_high.clone().map(Number),
        likely_causes: causes.collect(),
    }
}
