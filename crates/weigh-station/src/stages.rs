//! The stages of training that the evidence tells of, and what stays unknown about them.
//!
//! A declaration comes first; a log fills in what it leaves open; a flag fills in what both leave
//! open. Where two of them name different numbers, that is a contradiction and not a choice.
//!
//! - **Invariant:** a log alone does not say what came before it. Unless a declaration or an
//!   assumption says that training started from random weights, an uncounted base model stands
//!   among the stages and leaves upper bounds open.

use weigh_facts::{
    Adaptation, Coverage, Estimate, MethodId, Place, Purpose, SequenceLength, Stage, StageTokens,
    Tokens, Warning,
};

use crate::error::WeighError;
use crate::weighing::Assumption;

/// What is known of training, from three kinds of evidence.
#[derive(Clone, Debug, Default)]
pub(crate) struct Told {
    /// Declared stages, and the file that declares them.
    pub(crate) declared: Option<(String, Vec<Stage>)>,
    /// Tokens in logs of the subject itself.
    pub(crate) logged: Vec<Logged>,
    /// What is told of the base of an adapter.
    pub(crate) base: Option<Box<Told>>,
    /// `--tokens`.
    pub(crate) tokens: Option<Tokens>,
    /// `--sequence-length`.
    pub(crate) sequence_length: Option<u64>,
    /// How the subject was adapted, if it is an adapter.
    pub(crate) adaptation: Option<Adaptation>,
    /// Is it known that training started from random weights?
    pub(crate) from_random_weights: bool,
}

/// Tokens a log counted; none if it counted none.
#[derive(Clone, Debug)]
pub(crate) struct Logged {
    pub(crate) tokens: Option<u64>,
    /// Was the counter reset on the way, so that it gives the least that was seen?
    pub(crate) at_least: bool,
    pub(crate) place: Place,
}

/// The stages, and what was taken for granted to arrive at them.
#[derive(Debug, Default)]
pub(crate) struct Pipeline {
    pub(crate) stages: Vec<Stage>,
    pub(crate) assumptions: Vec<Assumption>,
    pub(crate) warnings: Vec<Warning>,
    /// Does an uncounted base stand among the stages because nobody said what came before?
    pub(crate) base_is_unknown: bool,
}

const LOGGED: MethodId = MethodId::new("trainer-log/1");
const FLAG: MethodId = MethodId::new("command-line/1");
const FLAG_PLACE: &str = "--tokens";
/// The assumption that tokens alone are the whole of the training.
pub(crate) const ONE_STAGE: &str = "stages";

/// Puts the stages together.
pub(crate) fn stages(told: Told) -> Result<Pipeline, WeighError> {
    let mut found = Pipeline::default();
    match &told.declared {
        Some((path, declared)) => {
            found.stages = declared.clone();
            fill_declared(path, &told, &mut found)?;
            // What fine-tunes, generates or evaluates began somewhere.
            let begins = |s: &Stage| matches!(s.purpose, Purpose::Pretraining | Purpose::BaseModel);
            if !told.from_random_weights && !declared.iter().any(begins) {
                add_base(&told, &mut found)?;
            }
        }
        None => undeclared(&told, &mut found)?,
    }
    if let Some(length) = told.sequence_length {
        set_length(length, &mut found)?;
    }
    Ok(found)
}

/// Tokens the subject's own training processed, by log and flag, which must agree.
fn own_tokens(told: &Told) -> Result<Option<StageTokens>, WeighError> {
    let mut seen: Option<(&Logged, u64)> = None;
    for log in &told.logged {
        let Some(tokens) = log.tokens else { continue };
        match seen {
            Some((before, n)) if n != tokens => {
                let (one, other) = (before.place.to_string(), log.place.to_string());
                return Err(tokens_contradict(&one, n, &other, tokens));
            }
            _ => seen = Some((log, tokens)),
        }
    }
    let flag = told.tokens.map(|tokens| StageTokens {
        tokens: Estimate::exact(tokens, FLAG),
        place: flag_place(),
    });
    let Some((log, tokens)) = seen else {
        return Ok(flag);
    };
    let stated = told.tokens.map(|t| t.0);
    let agrees = |n: u64| n == tokens || log.at_least && n > tokens;
    match stated {
        Some(n) if !agrees(n) => {
            let place = log.place.to_string();
            Err(tokens_contradict(&place, tokens, FLAG_PLACE, n))
        }
        Some(_) if log.at_least => Ok(flag),
        _ => Ok(Some(StageTokens {
            tokens: logged(tokens, log.at_least),
            place: log.place.clone(),
        })),
    }
}

/// What a log counted: exact, or the least there was.
fn logged(tokens: u64, at_least: bool) -> Estimate<Tokens> {
    let exact = Estimate::exact(Tokens(tokens), LOGGED);
    if !at_least {
        return exact;
    }
    // One bound alone is never out of order.
    Estimate::new(Some(Tokens(tokens)), None, None, Coverage::Hard, LOGGED).unwrap_or(exact)
}

fn tokens_contradict(one: &str, a: u64, other: &str, b: u64) -> WeighError {
    WeighError::Contradiction {
        what: "the number of training tokens".to_owned(),
        one: format!("`{one}` ({a})"),
        other: format!("`{other}` ({b})"),
    }
}

/// Fills the tokens a declaration leaves open from a log or a flag; compares those it states.
fn fill_declared(path: &str, told: &Told, found: &mut Pipeline) -> Result<(), WeighError> {
    let Some(own) = own_tokens(told)? else {
        return Ok(());
    };
    let trains = |s: &&mut Stage| s.purpose.updates_parameters() && s.declared_operations.is_none();
    let mut training: Vec<&mut Stage> = found.stages.iter_mut().filter(trains).collect();
    let exact = own.tokens.low().map_or(0, |t| t.0);
    let at_least = own.tokens.high().is_none();
    let fits = |stage: &Stage| {
        stage.tokens.as_ref().is_some_and(|t| {
            (at_least || t.tokens.low().is_none_or(|l| l.0 <= exact))
                && t.tokens.high().is_none_or(|h| exact <= h.0)
        })
    };
    if training.iter().any(|s| fits(s)) {
        return Ok(());
    }
    let mut open: Vec<&mut &mut Stage> =
        training.iter_mut().filter(|s| s.tokens.is_none()).collect();
    if let [stage] = open.as_mut_slice() {
        stage.tokens = Some(own);
        return Ok(());
    }
    if let [stage] = training.as_slice()
        && let Some(stated) = &stage.tokens
    {
        let declared = stated
            .tokens
            .best()
            .or(stated.tokens.low())
            .map_or(0, |t| t.0);
        let one = format!("{path}: {}", stage.id);
        return Err(tokens_contradict(
            &one,
            declared,
            &own.place.to_string(),
            exact,
        ));
    }
    found.warnings.push(Warning {
        code: "unassigned-log",
        message: format!("{exact} tokens fit no single declared stage, and were not used"),
        place: Some(own.place),
    });
    Ok(())
}

/// Stages where nothing was declared.
fn undeclared(told: &Told, found: &mut Pipeline) -> Result<(), WeighError> {
    let own = own_tokens(told)?;
    let from_log = !told.logged.is_empty();
    let is_adapter = told.adaptation.is_some();
    if own.is_none() && !from_log && !is_adapter {
        return Ok(());
    }
    let by_flag_alone = !from_log && !is_adapter;
    if by_flag_alone {
        found.assumptions.push(Assumption {
            name: ONE_STAGE.to_owned(),
            value: "one pretraining stage".to_owned(),
            reason: format!(
                "`{FLAG_PLACE}` gives tokens and nothing else: taken as training from random weights, \
                 with nothing before or after it"
            ),
        });
    } else if !told.from_random_weights {
        add_base(told, found)?;
    }
    let purpose = if by_flag_alone || told.from_random_weights && !is_adapter {
        Purpose::Pretraining
    } else {
        Purpose::FineTuning
    };
    let place = own
        .as_ref()
        .map(|o| o.place.clone())
        .or_else(|| told.logged.first().map(|l| l.place.clone()));
    let place = place.unwrap_or_else(nowhere);
    if own.is_none() && from_log {
        found.warnings.push(Warning {
            code: "no-token-count",
            message: "the log does not say how many tokens it processed: train with \
                      `include_num_input_tokens_seen`, or pass `--tokens`"
                .to_owned(),
            place: Some(place.clone()),
        });
    }
    let adaptation = told.adaptation.clone().unwrap_or(Adaptation::Full);
    found
        .stages
        .push(stage("training", purpose, adaptation, own, place));
    Ok(())
}

/// What came before: the stages of a base that was given, or one that nobody has counted.
fn add_base(told: &Told, found: &mut Pipeline) -> Result<(), WeighError> {
    let base = told
        .base
        .as_deref()
        .cloned()
        .map(stages)
        .transpose()?
        .unwrap_or_default();
    found.assumptions.extend(base.assumptions);
    found.warnings.extend(base.warnings);
    found.base_is_unknown |= base.base_is_unknown;
    if base.stages.is_empty() {
        found.base_is_unknown = true;
        found.stages.push(stage(
            "base-model",
            Purpose::BaseModel,
            Adaptation::Full,
            None,
            nowhere(),
        ));
    }
    for mut stage in base.stages {
        stage.id = format!("base: {}", stage.id);
        if stage.purpose.updates_parameters() {
            stage.purpose = Purpose::BaseModel;
        }
        found.stages.push(stage);
    }
    Ok(())
}

/// Where a stage stands that nobody declared and no log shows.
fn nowhere() -> Place {
    Place {
        input: "not declared".to_owned(),
        inside: String::new(),
    }
}

fn flag_place() -> Place {
    Place {
        input: FLAG_PLACE.to_owned(),
        inside: String::new(),
    }
}

fn stage(
    id: &str,
    purpose: Purpose,
    adaptation: Adaptation,
    tokens: Option<StageTokens>,
    place: Place,
) -> Stage {
    Stage {
        id: id.to_owned(),
        purpose,
        adaptation,
        tokens,
        sequence_length: SequenceLength::Unknown,
        declared_operations: None,
        chips: None,
        base_model: None,
        data_visibility: None,
        generator: None,
        discarded: false,
        developer: None,
        date: None,
        place,
    }
}

/// `--sequence-length` holds for every stage that does not say otherwise.
fn set_length(length: u64, found: &mut Pipeline) -> Result<(), WeighError> {
    for stage in &mut found.stages {
        match &stage.sequence_length {
            SequenceLength::Unknown => stage.sequence_length = SequenceLength::Fixed(length),
            SequenceLength::Fixed(stated) if *stated == length => {}
            _ => {
                return Err(WeighError::Contradiction {
                    what: format!("the sequence length of stage `{}`", stage.id),
                    one: format!("`{}`", stage.place),
                    other: format!("`--sequence-length` ({length})"),
                });
            }
        }
    }
    Ok(())
}
