//! What a weighing found: everything a page, a file or a program needs to show it.
//!
//! - **Invariant:** rendering computes nothing. What a reader sees stands here.
//! - **Invariant:** sorted and dated by argument: the same inputs give the same value everywhere.

use std::collections::BTreeSet;
use std::sync::Arc;

use weigh_compute::{HeaderMatch, Reconciliation};
use weigh_facts::{
    Architecture, Date, Decimal, Dictionary, Estimate, FactName, Facts, MoeSummary, Operations,
    Parameters, SubjectKind, Tokens, Warning,
};
use weigh_rules::{Alarm, Conflict, Finding};

use crate::regimes::Regimes;

/// The result of weighing one subject.
#[derive(Clone, Debug)]
pub struct Weighing {
    /// What the subject is called: the folder's or file's name.
    pub subject: String,
    /// What kinds of subject it is: rules about others are named and not read.
    pub kinds: BTreeSet<SubjectKind>,
    /// The day the rules are read on.
    pub on: Date,
    /// The day our knowledge of the rules ends.
    pub known: Date,
    /// Every input that was read, in the order of its path.
    pub inputs: Vec<InputSeen>,
    /// The rulebooks that were applied.
    pub rulebooks: Vec<BookUsed>,
    /// What was taken for granted, each with its reason.
    pub assumptions: Vec<Assumption>,
    /// What could not be used.
    pub warnings: Vec<Warning>,
    /// The model, if its architecture is known.
    pub model: Option<ModelProfile>,
    /// The adapter, if the subject is one; `model` is then its base, if that was given.
    pub adapter: Option<AdapterProfile>,
    /// The operations that trained it.
    pub compute: ComputeProfile,
    /// Everything known, as the rules saw it.
    pub facts: Facts,
    /// What the facts mean, those of a person's own included.
    pub dictionary: Arc<Dictionary>,
    /// What each rule says.
    pub findings: Vec<Finding>,
    /// Rules about other kinds of subject: listed by name, not evaluated.
    pub others: Vec<OtherRule>,
    /// Rules that contradict each other: defects of a rulebook, never settled by file order.
    pub conflicts: Vec<Conflict>,
    /// What a person must look at because of the day: findings about the law, not the subject.
    pub alarms: Vec<Alarm>,
    /// Where the rulebooks part: differences between regimes, never ranked.
    pub regimes: Regimes,
    /// What would settle the open findings, most useful first.
    pub questions: Vec<Question>,
    /// Lines on operations in the rulebooks, ascending.
    pub lines: Vec<Line>,
}

/// An input that was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InputSeen {
    /// The path as the person named it.
    pub path: String,
    /// What it was taken for: `config`, `weights`, `adapter`, `trainer-state`, `pipeline`.
    pub role: &'static str,
    /// Bytes in all.
    pub bytes: u64,
    /// Digest of what was read. Of weights only the header is read and digested.
    pub sha256: String,
    /// Is it the digest of a header alone?
    pub header_only: bool,
}

/// A rulebook that was applied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BookUsed {
    /// Its id: `eu-ai-act`.
    pub id: String,
    /// Its title.
    pub title: String,
    /// Version of the encoding.
    pub version: String,
    /// SHA-256 of its text.
    pub digest: String,
    /// Last day of which the encoding knows.
    pub known_through: Date,
    /// The file of a person's own it was read from; none for what ships.
    pub supplied_by: Option<String>,
    /// Shared tables of codes it reads.
    pub tables: Vec<TableUsed>,
}

/// A shared table of codes that a rulebook reads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TableUsed {
    /// Its id: `us-country-groups`.
    pub id: String,
    /// Version of the encoding.
    pub version: String,
    /// SHA-256 of its text.
    pub digest: String,
}

/// Something taken for granted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Assumption {
    /// What: a fact, a config key, `sequence-length`.
    pub name: String,
    /// The value taken.
    pub value: String,
    /// Why, in a sentence.
    pub reason: String,
}

/// What a model is.
#[derive(Clone, Debug)]
pub struct ModelProfile {
    /// The list of operators.
    pub architecture: Architecture,
    /// Where it comes from: the configuration, or tensor shapes alone.
    pub from_config: bool,
    /// Learned values in all.
    pub total: Parameters,
    /// Learned values one token passes.
    pub active: Parameters,
    /// The same without the lookup of the input embedding.
    pub active_without_input_embedding: Parameters,
    /// Learned values of the token embedding.
    pub input_embedding: Parameters,
    /// Learned values of routed experts.
    pub routed_experts: Parameters,
    /// The mixture of experts, if there is one.
    pub moe: Option<MoeSummary>,
    /// What the tensor headers say beside it, if there are any.
    pub headers: Option<HeaderMatch>,
    /// Elements of KV cache per token of context; none when tensor shapes do not tell.
    pub kv_elements_per_token: Option<u64>,
}

/// What an adapter is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AdapterProfile {
    /// `LORA`.
    pub kind: String,
    /// Learned values of the adapter; none when its tensors were not at hand.
    pub parameters: Option<Parameters>,
    /// Adapted modules.
    pub modules: u64,
    /// Ranks met, ascending.
    pub ranks: Vec<u64>,
    /// The base it declares; never followed.
    pub declared_base: Option<String>,
    /// Does it carry magnitude vectors (DoRA)?
    pub dora: bool,
}

/// The operations that trained a model.
#[derive(Clone, Debug)]
pub struct ComputeProfile {
    /// All declared and logged stages together, by operation count.
    pub operations: Option<Estimate<Operations>>,
    /// How pairs of attention are counted.
    pub attention: &'static str,
    /// Every stage.
    pub stages: Vec<StageProfile>,
    /// The total under each counting convention.
    pub conventions: Vec<ConventionTotal>,
    /// Every method that gave a number, the operation count first.
    pub methods: Vec<MethodResult>,
    /// The methods side by side, if there are two.
    pub reconciliation: Option<Reconciliation>,
    /// `6 × N × D` over the stages that train, for comparison only.
    pub six_n_d: Option<SixNd>,
    /// For every line on operations that depends on sequence length: the longest sequence that
    /// stays at or below it.
    pub break_evens: Vec<BreakEven>,
}

/// One stage.
#[derive(Clone, Debug)]
pub struct StageProfile {
    /// Its name.
    pub id: String,
    /// What it was for.
    pub purpose: &'static str,
    /// Tokens that passed.
    pub tokens: Option<Estimate<Tokens>>,
    /// Sequence length for readers: `8,192`, `unknown`.
    pub sequence_length: String,
    /// `full` or `adapter`.
    pub training: &'static str,
    /// Operations, if they can be counted or were declared.
    pub operations: Option<Estimate<Operations>>,
    /// The part that is quadratic in sequence length, at the best value.
    pub attention_core: Option<Operations>,
    /// Where the numbers stand.
    pub sources: Vec<String>,
}

/// The total under one counting convention.
#[derive(Clone, Debug)]
pub struct ConventionTotal {
    /// Its id: `eu-cumulative`.
    pub id: String,
    /// Its title.
    pub title: String,
    /// The total; none when nothing is known.
    pub operations: Option<Estimate<Operations>>,
    /// Why a bound is open, if one is.
    pub open_because: Vec<String>,
}

/// What one method found.
#[derive(Clone, Debug)]
pub struct MethodResult {
    /// The method and version: `operation-count/1`.
    pub id: String,
    /// What it is, for readers: `operation count`.
    pub title: &'static str,
    /// What it found.
    pub operations: Estimate<Operations>,
    /// What went in.
    pub inputs: Vec<String>,
    /// What it cannot see.
    pub cannot_see: &'static str,
}

/// The rule of thumb beside the count.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SixNd {
    /// With the parameters one token passes.
    pub active: Operations,
    /// With all parameters: wrong for a mixture of experts, and shown to say so.
    pub total: Operations,
}

/// Where a line lies on the axis of sequence length.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BreakEven {
    /// The line, in FLOP.
    pub line: Decimal,
    /// Longest sequence, in tokens, at which the count stays at or below the line.
    pub tokens_per_sequence: u64,
}

/// A rule about another kind of subject.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OtherRule {
    /// The rulebook.
    pub rulebook: String,
    /// The rule.
    pub rule: String,
    /// What it is about.
    pub about: SubjectKind,
}

/// A question whose answer would settle something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Question {
    /// The missing or uncertain fact.
    pub fact: FactName,
    /// What to ask.
    pub ask: String,
    /// Who or what can answer.
    pub source: String,
    /// The findings it would help to settle: `rulebook/rule`.
    pub settles: Vec<String>,
}

/// A line on operations in a rulebook.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// Where it lies, in FLOP.
    pub at: Decimal,
    /// `>` or `>=`.
    pub comparator: String,
    /// The rulebook.
    pub rulebook: String,
    /// The rule.
    pub rule: String,
    /// What is compared with it.
    pub fact: String,
}
