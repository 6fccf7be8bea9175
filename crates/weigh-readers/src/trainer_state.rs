//! `trainer_state.json` of the Hugging Face Trainer.
//!
//! What it can tell: the tokens it saw, if it was asked to count them
//! (`include_num_input_tokens_seen`). What it cannot: sequence length, accumulation, what came
//! before, or the true number of operations: `total_flos` is kept as a claim and never used.
//!
//! Source: `transformers.trainer_callback.TrainerState`, release 5.23.0.

use weigh_facts::{Observed, Place, Reading, Warning};

use crate::bytes::{self, Object};
use crate::{ReadError, json};

const LEN_MAX: u64 = 256 << 20;
const TOKENS: &str = "num_input_tokens_seen";

/// What the trainer wrote.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrainerState {
    /// Everything that was seen.
    pub reading: Reading,
    /// Tokens seen, and where it stands; none when the trainer did not count them.
    pub tokens_seen: Option<(u64, Place)>,
    /// Optimizer steps done.
    pub global_step: Option<u64>,
    /// The trainer's own count of operations: a claim.
    pub total_flos: Option<weigh_facts::Decimal>,
}

/// Reads a trainer state.
///
/// # Errors
/// When it is not JSON, or a count is negative, or the history is no list.
pub fn read(object: &dyn Object, input: &str) -> Result<TrainerState, ReadError> {
    let text = bytes::read_text(object, input, LEN_MAX)?;
    let mut reading = json::read_object(&text, input, "hf-trainer-state/1")?;
    let refuse = |reason: String| ReadError::TrainerState {
        input: input.to_owned(),
        reason,
    };
    let whole = |key: &str| {
        json::whole(&reading, key).map_err(|wanted| refuse(format!("`{key}` should be {wanted}")))
    };
    let (top, global_step) = (whole(TOKENS)?, whole("global_step")?);
    let total_flos = match reading.get("total_flos").map(|o| &o.value) {
        Some(Observed::Number(number)) => Some(number.clone()),
        _ => None,
    };
    if global_step.is_none() && reading.get("log_history").is_none() {
        return Err(refuse(
            "it has neither `global_step` nor `log_history`".to_owned(),
        ));
    }
    let history = match reading.get("log_history").map(|o| &o.value) {
        None | Some(Observed::Null) => Vec::new(),
        Some(Observed::List(entries)) => tokens_in(entries).map_err(refuse)?,
        Some(other) => {
            return Err(refuse(format!(
                "`log_history` is {}, and should be a list",
                other.kind()
            )));
        }
    };
    let (tokens_seen, warnings) = decide(top, &history, input);
    reading.warnings = warnings;
    Ok(TrainerState {
        reading,
        tokens_seen,
        global_step,
        total_flos,
    })
}

/// Tokens of every entry of the history that counts them.
fn tokens_in(entries: &[Observed]) -> Result<Vec<u64>, String> {
    let mut found = Vec::new();
    for (index, entry) in entries.iter().enumerate() {
        let Observed::Map(fields) = entry else {
            return Err(format!(
                "`log_history[{index}]` is {}, and should be a map",
                entry.kind()
            ));
        };
        let Some((_, Observed::Number(tokens))) = fields.iter().find(|(key, _)| key == TOKENS)
        else {
            continue;
        };
        let tokens = tokens.to_u128().and_then(|n| n.try_into().ok());
        found.push(tokens.ok_or_else(|| {
            format!("`log_history[{index}].{TOKENS}` should be a whole number, zero or more")
        })?);
    }
    Ok(found)
}

/// The number to go by. Zero at the top means that nothing was counted. A history that falls was
/// resumed with its counter reset: the sum of its parts is then the least that was seen.
fn decide(top: Option<u64>, history: &[u64], input: &str) -> (Option<(u64, Place)>, Vec<Warning>) {
    let place = |inside: &str| Place {
        input: input.to_owned(),
        inside: inside.to_owned(),
    };
    let mut warnings = Vec::new();
    let most = history.iter().max().copied().filter(|n| *n > 0);
    if !history.is_sorted() {
        warnings.push(Warning {
            code: "token-count-reset",
            message: "the tokens seen fall in the history: the run was resumed, and what came before may be missing".to_owned(),
            place: Some(place("log_history")),
        });
    }
    let top = top.filter(|n| *n > 0);
    let seen = match (top, most) {
        (Some(top), Some(most)) if most > top => {
            warnings.push(Warning {
                code: "token-count-differs",
                message: format!(
                    "`{TOKENS}` is {top}, and the history reached {most}; the greater was taken"
                ),
                place: Some(place(TOKENS)),
            });
            Some((most, place("log_history")))
        }
        (Some(top), _) => Some((top, place(TOKENS))),
        (None, Some(most)) => Some((most, place("log_history"))),
        (None, None) => None,
    };
    (seen, warnings)
}
