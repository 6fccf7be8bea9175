//! The main job: from paths to findings.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use weigh_compute::{
    Catalog, GgufError, HeaderMatch, HeaderVerdict, QuantizationHints, ResolveError,
    ResolveOptions, match_headers,
};
use weigh_facts::{
    Adaptation, Architecture, Date, Decimal, Dictionary, Fact, FactName, Facts, Grade, MethodId,
    Observed, OperatorKind, Origin, Parameters, Purpose, SequenceLength, Stage, Tokens, Value,
    Verdict, Warning,
};

use weigh_rules::Finding;

use crate::assess::{self, Assessed};
use crate::compute;
use crate::error::WeighError;
use crate::evidence::{self, Piece};
use crate::law::Law;
use crate::model;
use crate::regimes::regimes;
use crate::stages::{self, Told};
use crate::weighing::{AdapterProfile, Assumption, InputSeen, ModelProfile, Question, Weighing};
use crate::weights::Weights;

/// What is asked.
#[derive(Clone, Debug)]
pub struct Options {
    /// A declaration of stages beside the paths.
    pub pipeline: Option<PathBuf>,
    /// Tokens the subject was trained on.
    pub tokens: Option<Tokens>,
    /// Tokens per sequence, where nothing else says.
    pub sequence_length: Option<u64>,
    /// The day the rules are read on.
    pub on: Date,
    /// The day our knowledge of them ends; none for what the books know.
    pub known: Option<Date>,
    /// Facts taken for granted, as `FACT=VALUE`.
    pub assume: Vec<String>,
    /// May class defaults stand in for width, depth and vocabulary?
    pub assume_class_defaults: bool,
}

/// What the paths hold, put together.
struct Subject {
    name: String,
    model: Option<ModelProfile>,
    adapter: Option<AdapterProfile>,
    told: Told,
    facts: Facts,
    inputs: Vec<InputSeen>,
    assumptions: Vec<Assumption>,
    warnings: Vec<Warning>,
}

/// Weighs the one subject that `paths` describe.
///
/// # Errors
/// When an input cannot be read, two of them contradict each other, or what they describe cannot
/// be counted. Nothing is guessed to avoid an error.
pub fn weigh(paths: &[PathBuf], options: &Options, law: &Law) -> Result<Weighing, WeighError> {
    let dictionary = &law.library.dictionary;
    let mut subject = describe(paths, options, dictionary)?;
    law.refuse_unknown_conventions(subject.facts.iter().map(|(name, _)| name))?;
    let pipeline = stages::stages(subject.told.clone())?;
    add_origin(&mut subject, &pipeline);
    subject.assumptions.extend(pipeline.assumptions);
    subject.warnings.extend(pipeline.warnings);

    let conventions: Vec<_> = law.library.conventions.iter().collect();
    let mut compute = compute::profile(subject.model.as_ref(), &pipeline.stages, &conventions)?;
    compute::operation_facts(&mut subject.facts, &compute, &pipeline.stages, &conventions)?;

    let Assessed {
        kinds,
        known,
        rulebooks,
        findings,
        others,
        conflicts,
        alarms,
        questions,
        lines,
    } = assess::assess_facts(law, &subject.facts, options.on, options.known);
    let mut questions = questions;
    let is_told = subject.facts.get(&fact_name(FROM_RANDOM_WEIGHTS)).is_some();
    if pipeline.base_is_unknown && !is_told {
        questions.splice(0..0, question_of_origin(&findings, dictionary));
    }
    let long = long_sequences(subject.model.as_ref(), &pipeline.stages);
    subject.warnings.extend(long);
    let heights: Vec<Decimal> = lines.iter().map(|l| l.at.clone()).collect();
    compute.break_evens = compute::break_evens(
        subject.model.as_ref(),
        &pipeline.stages,
        compute.operations.as_ref(),
        &heights,
    );
    if compute::is_conflict(compute.reconciliation.as_ref()) {
        subject.warnings.push(Warning {
            code: "methods-conflict",
            message:
                "the operation count and chip time cannot both be right: the rules see their envelope"
                    .to_owned(),
            place: None,
        });
    }
    Ok(Weighing {
        subject: subject.name,
        kinds,
        on: options.on,
        known,
        inputs: subject.inputs,
        rulebooks,
        assumptions: subject.assumptions,
        warnings: subject.warnings,
        model: subject.model,
        adapter: subject.adapter,
        compute,
        regimes: regimes(&findings),
        facts: subject.facts,
        dictionary: Arc::new(dictionary.clone()),
        findings,
        others,
        conflicts,
        alarms,
        questions,
        lines,
    })
}

/// Whether training began from random weights, where that follows from what was told: an adapter
/// has a base, tokens alone were taken for the whole of the training, and stages that begin with
/// pretraining and name no other model have none before them.
fn add_origin(subject: &mut Subject, pipeline: &stages::Pipeline) {
    let taken = pipeline.assumptions.iter();
    let taken = taken.filter(|a| a.name == stages::ONE_STAGE).count() > 0;
    let stands_on_another = |s: &Stage| {
        s.base_model.is_some() || matches!(s.purpose, Purpose::BaseModel | Purpose::MergedModel)
    };
    let pretrained = pipeline
        .stages
        .iter()
        .find(|s| s.purpose == Purpose::Pretraining);
    let pretrained = pretrained
        .filter(|_| !pipeline.base_is_unknown && !pipeline.stages.iter().any(stands_on_another));
    let (began, origin) = match (&subject.adapter, taken, pretrained) {
        (Some(_), ..) => (
            false,
            Origin {
                grade: Grade::Measured,
                method: MethodId::new("adapter/1"),
                sources: vec!["an adapter needs a base model".to_owned()],
            },
        ),
        (None, false, Some(stage)) => (
            true,
            Origin {
                grade: Grade::Declared,
                method: MethodId::new("declared"),
                sources: vec![stage.place.to_string()],
            },
        ),
        (None, true, _) => (
            true,
            Origin {
                grade: Grade::Assumed,
                method: ASSUMED,
                sources: vec!["--tokens".to_owned()],
            },
        ),
        _ => return,
    };
    let name = fact_name(FROM_RANDOM_WEIGHTS);
    if subject.facts.get(&name).is_none() {
        let value = Value::Bool(began);
        subject.facts.insert(name, Fact { value, origin });
    }
}

/// What came before a log or a declared modification: the question that settles most.
fn question_of_origin(findings: &[Finding], dictionary: &Dictionary) -> Option<Question> {
    let name = fact_name(FROM_RANDOM_WEIGHTS);
    let definition = dictionary.get(&name)?;
    let rests_on_operations = |f: &&Finding| {
        f.verdict == Verdict::Indeterminate
            && f.missing.iter().any(|n| n.fact.family() == "operations")
    };
    let settles: Vec<String> = findings
        .iter()
        .filter(rests_on_operations)
        .map(|f| format!("{}/{}", f.rulebook, f.rule))
        .collect();
    (!settles.is_empty()).then(|| Question {
        fact: name.clone(),
        ask: definition.ask.clone(),
        source: definition.source.clone(),
        settles,
    })
}

/// Sequences longer than the configuration allows: possible, and worth a second look.
fn long_sequences(model: Option<&ModelProfile>, stages: &[Stage]) -> Vec<Warning> {
    let Some(context) = model.and_then(|m| m.architecture.context_tokens) else {
        return Vec::new();
    };
    let longest = |stage: &Stage| match &stage.sequence_length {
        SequenceLength::Fixed(length) => Some(*length),
        SequenceLength::Distribution(shares) => shares.iter().map(|(length, _)| *length).max(),
        SequenceLength::Unknown => None,
    };
    let long = stages
        .iter()
        .filter(|s| longest(s).is_some_and(|l| l > context));
    long.map(|stage| Warning {
        code: "long-sequence",
        message: format!(
            "its sequences are longer than the {context} tokens that the configuration allows"
        ),
        place: Some(stage.place.clone()),
    })
    .collect()
}

/// An adapter fits its base: every module it names is there, with its widths.
fn check_fit(pieces: &[Piece], model: Option<&ModelProfile>) -> Result<(), WeighError> {
    let Some(model) = model.filter(|m| m.from_config) else {
        return Ok(());
    };
    let adapters = pieces
        .iter()
        .filter_map(|p| p.adapter.as_ref().map(|a| (p, a)));
    for (piece, adapter) in adapters {
        let sizes = |path: &str| linear_sizes(&model.architecture, path);
        let differs = adapter.modules.iter().find_map(|m| {
            let (inputs, outputs) = sizes(&m.path)?;
            let fits = [(inputs, outputs), (outputs, inputs)].contains(&(m.inputs, m.outputs));
            (!fits).then_some((m, inputs, outputs))
        });
        if let Some((module, inputs, outputs)) = differs {
            return Err(WeighError::Contradiction {
                what: format!("the widths of `{}`", module.path),
                one: format!(
                    "the adapter `{}` ({} to {})",
                    piece.shown, module.inputs, module.outputs
                ),
                other: format!("the base ({inputs} to {outputs})"),
            });
        }
    }
    Ok(())
}

/// Widths of the linear operator that a module path names.
fn linear_sizes(architecture: &Architecture, path: &str) -> Option<(u64, u64)> {
    let is_index = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    let mut first = true;
    let pattern: Vec<&str> = path
        .split('.')
        .map(|part| match is_index(part) {
            true if std::mem::take(&mut first) => "{layer}",
            true => "{expert}",
            false => part,
        })
        .collect();
    let pattern = pattern.join(".");
    let mut operators = architecture.operators().map(|(operator, _)| operator);
    let found = operators.find(|o| o.tensors.iter().any(|t| t.name == pattern))?;
    match &found.kind {
        OperatorKind::Linear {
            inputs, outputs, ..
        } => Some((*inputs, *outputs)),
        _ => None,
    }
}

fn describe(
    paths: &[PathBuf],
    options: &Options,
    dictionary: &Dictionary,
) -> Result<Subject, WeighError> {
    let mut pieces = Vec::with_capacity(paths.len() + 1);
    let mut seen = BTreeSet::new();
    for path in paths {
        // The same path twice is one input.
        if seen.insert(path.canonicalize().unwrap_or_else(|_| path.clone())) {
            pieces.push(evidence::gather(path)?);
        }
    }
    let (mut facts, mut assumptions) = assumed(&options.assume, dictionary)?;
    let model = model_of(&pieces, options.assume_class_defaults, &mut assumptions)?;
    let adapter = adapter_of(&pieces)?;
    check_fit(&pieces, model.as_ref())?;
    if let Some(path) = &options.pipeline {
        pieces.push(evidence::declaration(path)?);
    }
    declare(&mut facts, pieces.iter())?;
    let sources = model_sources(&pieces);
    if let Some(model) = &model {
        model::model_facts(&mut facts, model, &sources)?;
    }
    let weights = pieces.iter().find_map(|p| p.weights.as_ref());
    // What was exported to run settles nothing about training.
    if let Some(weights) = weights.filter(|w| w.exported.is_none()) {
        let place = std::slice::from_ref(&weights.shown);
        model::weight_facts(&mut facts, &weights.tensors, place)?;
    }
    let profile = adapter.as_ref().map(|(profile, _)| profile);
    model::adapter_facts(&mut facts, profile, &sources)?;
    let adaptation = adapter.as_ref().map(|(_, adaptation)| adaptation);
    let told = told_of(&pieces, adaptation, &facts, options)?;
    let warnings = pieces.iter().flat_map(|p| p.warnings.iter().cloned());
    let mut inputs: Vec<InputSeen> = pieces
        .iter()
        .flat_map(|p| p.inputs.iter().cloned())
        .collect();
    inputs.sort_by(|a, b| (&a.path, a.role).cmp(&(&b.path, b.role)));
    inputs.dedup();
    Ok(Subject {
        name: paths.first().map(|p| subject_name(p)).unwrap_or_default(),
        warnings: warnings.collect(),
        model,
        adapter: adapter.map(|(profile, _)| profile),
        told,
        facts,
        inputs,
        assumptions,
    })
}

/// What the pieces tell of training: those of an adapter apart from those of its base.
fn told_of(
    pieces: &[Piece],
    adaptation: Option<&Adaptation>,
    facts: &Facts,
    options: &Options,
) -> Result<Told, WeighError> {
    let is_own = |p: &&Piece| adaptation.is_none() || p.adapter.is_some() || is_bare(p);
    let (own, base): (Vec<&Piece>, Vec<&Piece>) = pieces.iter().partition(is_own);
    let began = facts.get(&fact_name(FROM_RANDOM_WEIGHTS));
    let mut told = told(&own)?;
    told.tokens = options.tokens;
    told.sequence_length = options.sequence_length;
    told.from_random_weights = began.is_some_and(|f| f.value == Value::Bool(true));
    if let Some(adaptation) = adaptation {
        told.adaptation = Some(adaptation.clone());
        told.base = Some(Box::new(self::told(&base)?));
    }
    fit_adaptation(&mut told);
    Ok(told)
}

/// A log or a declaration on its own belongs to the subject, not to its base.
fn is_bare(piece: &Piece) -> bool {
    piece.config.is_none() && piece.weights.is_none()
}

pub(crate) fn subject_name(path: &Path) -> String {
    let meant = path.canonicalize();
    let path = meant.as_deref().unwrap_or(path);
    let name = |p: &Path| p.file_name().map(|n| n.to_string_lossy().into_owned());
    let own = name(path).unwrap_or_default();
    // A file with a name that says nothing is called after its folder.
    if [
        "config.json",
        "trainer_state.json",
        "adapter_config.json",
        "model.safetensors",
    ]
    .contains(&own.as_str())
    {
        return path.parent().and_then(name).unwrap_or(own);
    }
    own.strip_suffix(".json").map(str::to_owned).unwrap_or(own)
}

const FROM_RANDOM_WEIGHTS: &str = "from_random_weights";
const ASSUMED: MethodId = MethodId::new("assumed");

#[expect(clippy::expect_used, reason = "the names are constants of this file")]
fn fact_name(name: &str) -> FactName {
    name.parse().expect("a constant fact name is well formed")
}

fn assumed(
    assume: &[String],
    dictionary: &Dictionary,
) -> Result<(Facts, Vec<Assumption>), WeighError> {
    let mut facts = Facts::new();
    let mut assumptions = Vec::new();
    for text in assume {
        let origin = Origin {
            grade: Grade::Assumed,
            method: ASSUMED,
            sources: vec!["--assume".to_owned()],
        };
        let (name, mut fact) = Facts::read_assignment(text, dictionary, origin)?;
        if let Value::Quantity(estimate) = fact.value {
            fact.value = Value::Quantity(estimate.by(ASSUMED));
        }
        let kind = dictionary.get(&name).map(|d| &d.kind);
        let value = kind.map_or_else(String::new, |k| fact.value.to_reader(k));
        if let Some(before) = facts.get(&name)
            && *before != fact
        {
            return Err(WeighError::Contradiction {
                what: format!("the fact `{name}`"),
                one: "`--assume`".to_owned(),
                other: format!("`--assume {text}`"),
            });
        }
        let reason = "taken for granted with `--assume`".to_owned();
        assumptions.push(Assumption {
            name: name.to_string(),
            value,
            reason,
        });
        facts.insert(name, fact);
    }
    Ok((facts, assumptions))
}

/// Facts that declarations state. What `--assume` says comes first; two declarations must agree.
fn declare<'a>(
    facts: &mut Facts,
    pieces: impl Iterator<Item = &'a Piece>,
) -> Result<(), WeighError> {
    let mut stated: Vec<(FactName, Fact, String)> = Vec::new();
    for declaration in pieces.filter_map(|p| p.declaration.as_ref()) {
        for (name, fact) in declaration.facts.iter() {
            if let Some((_, before, path)) = stated.iter().find(|(n, ..)| n == name)
                && before.value != fact.value
            {
                return Err(WeighError::Contradiction {
                    what: format!("the fact `{name}`"),
                    one: format!("`{path}`"),
                    other: format!("`{}`", declaration.path),
                });
            }
            stated.push((name.clone(), fact.clone(), declaration.path.clone()));
        }
    }
    for (name, fact, _) in stated {
        if facts.get(&name).is_none() {
            facts.insert(name, fact);
        }
    }
    Ok(())
}

fn model_sources(pieces: &[Piece]) -> Vec<String> {
    let configs = pieces
        .iter()
        .filter_map(|p| p.config.as_ref().map(|c| c.input.clone()));
    let weights = pieces
        .iter()
        .filter_map(|p| p.weights.as_ref().map(|w| w.shown.clone()));
    configs.chain(weights).collect()
}

/// The model: from the configuration, checked against the headers; or from the headers alone.
pub(crate) fn model_of(
    pieces: &[Piece],
    assume_class_defaults: bool,
    assumptions: &mut Vec<Assumption>,
) -> Result<Option<ModelProfile>, WeighError> {
    let architecture = architecture(pieces, assume_class_defaults)?;
    let weights = one_weights(pieces)?;
    if let Some((weights, metadata)) = weights.and_then(|w| Some((w, w.gguf.as_ref()?))) {
        return of_gguf(weights, metadata, architecture, assumptions).map(Some);
    }
    let Some((config, architecture)) = architecture else {
        let Some(weights) = weights else {
            return Ok(None);
        };
        return from_shapes(weights, None, assumptions).map(Some);
    };
    let architecture = match architecture {
        Ok(architecture) => architecture,
        Err(error) => match weights {
            Some(weights) if is_unknown(&error) => {
                return from_shapes(weights, Some(error.to_string()), assumptions).map(Some);
            }
            _ => return Err(error.into()),
        },
    };
    for defaulted in &architecture.defaulted {
        assumptions.push(Assumption {
            name: defaulted.key.clone(),
            value: defaulted.value.clone(),
            reason: format!(
                "not in {}; default of the class ({})",
                defaulted.place, architecture.source
            ),
        });
    }
    let hints = quantization(pieces);
    if let Some(weights) = weights.filter(|w| w.exported.is_some()) {
        assumptions.push(Assumption {
            name: "architecture".to_owned(),
            value: format!("that of `{config}`"),
            reason: format!(
                "an exporter folds and renames tensors; those of `{}` were not compared with it",
                weights.shown
            ),
        });
        return model::profile(architecture, true, None).map(Some);
    }
    let headers = weights.map(|w| (w, match_headers(&architecture, &w.tensors, &hints)));
    if let Some((weights, found)) = &headers {
        agree(&format!("`{config}`"), &weights.shown, found)?;
    }
    model::profile(architecture, true, headers.map(|(_, found)| found)).map(Some)
}

/// A model whose metadata stands in the file of its weights. A configuration beside it must mean
/// the same model, and takes the place of metadata that is not covered.
fn of_gguf(
    weights: &Weights,
    metadata: &weigh_facts::Reading,
    config: Option<(String, Resolved)>,
    assumptions: &mut Vec<Assumption>,
) -> Result<ModelProfile, WeighError> {
    let catalog = Catalog::shipped().map_err(|e| WeighError::Catalog(e.to_string()))?;
    let config = config.and_then(|(path, resolved)| Some((path, resolved.ok()?)));
    let model = match weigh_compute::resolve_gguf(metadata, &weights.tensors, catalog) {
        Ok(model) => model,
        Err(GgufError::Resolve(error)) if !is_unknown(&error) => return Err(error.into()),
        Err(error @ GgufError::Catalog(_)) => return Err(WeighError::Catalog(error.to_string())),
        Err(error) => {
            let Some((path, architecture)) = config else {
                return from_shapes(weights, Some(error.to_string()), assumptions);
            };
            assumptions.push(Assumption {
                name: "architecture".to_owned(),
                value: format!("that of `{path}`"),
                reason: format!("{error}; its tensors were not compared with `{path}`"),
            });
            return model::profile(architecture, true, None);
        }
    };
    let found = match_headers(
        &model.architecture,
        &model.tensors,
        &QuantizationHints::default(),
    );
    agree("its metadata", &weights.shown, &found)?;
    if let Some((path, architecture)) = config
        && architecture.parameters() != model.architecture.parameters()
    {
        let count = |a: &Architecture| {
            a.parameters()
                .map_or_else(|e| e.to_string(), |p| p.0.to_string())
        };
        return Err(WeighError::Contradiction {
            what: "the number of parameters".to_owned(),
            one: format!("`{path}` ({})", count(&architecture)),
            other: format!("`{}` ({})", weights.shown, count(&model.architecture)),
        });
    }
    model::profile(model.architecture, true, Some(found))
}

/// Headers that differ from what a configuration promises are no answer.
fn agree(promised: &str, weights: &str, found: &HeaderMatch) -> Result<(), WeighError> {
    if found.verdict != HeaderVerdict::Conflict {
        return Ok(());
    }
    let mut differing = found
        .unexplained_missing
        .iter()
        .chain(&found.unexplained_extra);
    let first = differing.next().map_or("they differ", String::as_str);
    Err(WeighError::Contradiction {
        what: format!(
            "the tensors of the model ({} differ, first `{first}`)",
            found.unexplained
        ),
        one: promised.to_owned(),
        other: format!("`{weights}`"),
    })
}

/// Is the configuration of a model that the catalog does not know, rather than wrong?
fn is_unknown(error: &ResolveError) -> bool {
    matches!(
        error,
        ResolveError::NoModelType { .. }
            | ResolveError::UnknownArchitecture { .. }
            | ResolveError::UncoveredClass { .. }
            | ResolveError::TextTowerOnly { .. }
    )
}

/// What the configuration says of packed weights.
pub(crate) fn quantization(pieces: &[Piece]) -> QuantizationHints {
    let seen = |key: &str| {
        let keys = [
            format!("quantization_config.{key}"),
            format!("text_config.quantization_config.{key}"),
        ];
        let mut readings = pieces.iter().filter_map(|p| p.config.as_ref());
        readings.find_map(|r| keys.iter().find_map(|k| r.get(k)).map(|o| o.value.clone()))
    };
    let method = match seen("quant_method") {
        Some(Observed::Text(method)) => Some(method),
        _ => None,
    };
    let bits = match seen("bits") {
        Some(Observed::Number(bits)) => bits.to_u128().and_then(|b| b.try_into().ok()),
        _ => None,
    };
    QuantizationHints { method, bits }
}

type Resolved = Result<Architecture, ResolveError>;

/// The architecture of the configurations, which must describe the same model.
fn architecture(
    pieces: &[Piece],
    assume_class_defaults: bool,
) -> Result<Option<(String, Resolved)>, WeighError> {
    let catalog = Catalog::shipped().map_err(|e| WeighError::Catalog(e.to_string()))?;
    let resolve_options = ResolveOptions {
        assume_class_defaults,
    };
    let mut found: Option<(String, Resolved)> = None;
    for reading in pieces.iter().filter_map(|p| p.config.as_ref()) {
        let resolved = weigh_compute::resolve(reading, catalog, resolve_options);
        match (&found, &resolved) {
            (Some((before, Ok(one))), Ok(other)) if !same(one, other) => {
                return Err(WeighError::Contradiction {
                    what: "the architecture".to_owned(),
                    one: format!("`{before}`"),
                    other: format!("`{}`", reading.input),
                });
            }
            (Some((_, Ok(_))), Ok(_)) => {}
            (Some(_), Err(error)) => return Err(error.clone().into()),
            _ => found = Some((reading.input.clone(), resolved)),
        }
    }
    Ok(found)
}

fn same(one: &Architecture, other: &Architecture) -> bool {
    one.towers == other.towers && one.context_tokens == other.context_tokens
}

fn one_weights(pieces: &[Piece]) -> Result<Option<&Weights>, WeighError> {
    let mut all = pieces.iter().filter_map(|p| p.weights.as_ref());
    let first = all.next();
    if let (Some(first), Some(second)) = (first, all.next()) {
        return Err(WeighError::Contradiction {
            what: "which weights are the model's".to_owned(),
            one: format!("`{}`", first.shown),
            other: format!("`{}`", second.shown),
        });
    }
    Ok(first)
}

fn from_shapes(
    weights: &Weights,
    why: Option<String>,
    assumptions: &mut Vec<Assumption>,
) -> Result<ModelProfile, WeighError> {
    let why = why.unwrap_or_else(|| "there is no configuration".to_owned());
    assumptions.push(Assumption {
        name: "architecture".to_owned(),
        value: "tensor shapes".to_owned(),
        reason: format!("{why}; parameters are counted from the tensors, operations are not known"),
    });
    let architecture = weigh_compute::from_tensors(&weights.tensors);
    model::profile(architecture, false, None)
}

/// The adapter, and how it changes training.
pub(crate) fn adapter_of(
    pieces: &[Piece],
) -> Result<Option<(AdapterProfile, Adaptation)>, WeighError> {
    let mut all = pieces
        .iter()
        .filter_map(|p| p.adapter.as_ref().map(|a| (p, a)));
    let Some((piece, adapter)) = all.next() else {
        return Ok(None);
    };
    if let Some((second, _)) = all.next() {
        return Err(WeighError::Contradiction {
            what: "which adapter is meant".to_owned(),
            one: format!("`{}`", piece.shown),
            other: format!("`{}`", second.shown),
        });
    }
    let mut ranks: Vec<u64> = adapter.modules.iter().map(|m| m.rank).collect();
    ranks.sort_unstable();
    ranks.dedup();
    let profile = AdapterProfile {
        kind: adapter.config.peft_type.clone(),
        parameters: adapter.parameters.map(Parameters),
        modules: adapter.modules.len() as u64,
        ranks,
        declared_base: adapter.config.base_model.clone(),
        dora: adapter.dora,
    };
    let adaptation = Adaptation::LowRank {
        ranks: adapter
            .modules
            .iter()
            .map(|m| (m.path.clone(), m.rank))
            .collect(),
        saved_modules: adapter.saved_modules.clone(),
    };
    Ok(Some((profile, adaptation)))
}

fn told(pieces: &[&Piece]) -> Result<Told, WeighError> {
    let mut declarations = pieces.iter().filter_map(|p| p.declaration.as_ref());
    let declared = declarations.next();
    if let (Some(one), Some(other)) = (declared, declarations.next())
        && one.stages != other.stages
    {
        return Err(WeighError::Contradiction {
            what: "the stages of training".to_owned(),
            one: format!("`{}`", one.path),
            other: format!("`{}`", other.path),
        });
    }
    Ok(Told {
        declared: declared
            .filter(|d| !d.stages.is_empty())
            .map(|d| (d.path.clone(), d.stages.clone())),
        logged: pieces.iter().filter_map(|p| p.log.clone()).collect(),
        ..Told::default()
    })
}

/// A stage declared as adapter training takes its ranks from the adapter's tensors.
fn fit_adaptation(told: &mut Told) {
    let (Some((_, stages)), Some(adaptation)) = (&mut told.declared, &told.adaptation) else {
        return;
    };
    for stage in stages.iter_mut() {
        if let Adaptation::LowRank { ranks, .. } = &stage.adaptation
            && ranks.is_empty()
        {
            stage.adaptation = adaptation.clone();
        }
    }
}

/// Reads rulebooks over facts that were told and no artifact.
#[must_use]
pub fn assess(
    subject: &str,
    inputs: Vec<InputSeen>,
    facts: Facts,
    law: &Law,
    on: Date,
    known: Option<Date>,
) -> Weighing {
    let dictionary = &law.library.dictionary;
    let Assessed {
        kinds,
        known,
        rulebooks,
        findings,
        others,
        conflicts,
        alarms,
        questions,
        lines,
    } = assess::assess_facts(law, &facts, on, known);
    Weighing {
        subject: subject.to_owned(),
        kinds,
        on,
        known,
        inputs,
        rulebooks,
        assumptions: assumed_in(&facts, dictionary),
        warnings: Vec::new(),
        model: None,
        adapter: None,
        compute: compute::from_facts(&facts),
        regimes: regimes(&findings),
        facts,
        dictionary: Arc::new(dictionary.clone()),
        findings,
        others,
        conflicts,
        alarms,
        questions,
        lines,
    }
}

/// What a file of facts says was taken for granted.
fn assumed_in(facts: &Facts, dictionary: &Dictionary) -> Vec<Assumption> {
    let assumed = facts
        .iter()
        .filter(|(_, fact)| fact.origin.grade == Grade::Assumed);
    assumed
        .filter_map(|(name, fact)| {
            let kind = &dictionary.get(name)?.kind;
            Some(Assumption {
                name: name.to_string(),
                value: fact.value.to_reader(kind),
                reason: format!(
                    "taken for granted with `{}`",
                    fact.origin.sources.join("`, `")
                ),
            })
        })
        .collect()
}
