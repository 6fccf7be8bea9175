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
    let total_flos = match json::value(&reading, "total_flos") {
        Some(Observed::Number(number)) => Some(number.clone()),
        _ => None,
    };
    let history = json::value(&reading, "log_history");
    if global_step.is_none() && history.is_none() {
        return Err(refuse(
            "it has neither `global_step` nor `log_history`".to_owned(),
        ));
    }
    let history = match history {
        None | Some(Observed::Null) => Vec::new(),
        Some(Observed::List(entries)) => tokens_in(entries).map_err(refuse)?,
        Some(other) => {
            return Err(refuse(format!(
                "`log_history` is {}, and should be a list",
                other.kind()
            )));
        }
    };
    let (tokens_seen, warnings) = decide(top, &history, input).map_err(refuse)?;
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
        let tokens = match fields.iter().find(|(key, _)| key == TOKENS) {
            None | Some((_, Observed::Null)) => continue,
            Some((_, Observed::Number(tokens))) => tokens.to_u128().and_then(|n| n.try_into().ok()),
            Some(_) => None,
        };
        found.push(tokens.ok_or_else(|| {
            format!("`log_history[{index}].{TOKENS}` should be a whole number, zero or more")
        })?);
    }
    Ok(found)
}

type Seen = Option<(u64, Place)>;

/// The number to go by. Zero at the top means that nothing was counted. A history that falls was
/// resumed with its counter reset: the greatest number is then the least that was seen.
fn decide(top: Option<u64>, history: &[u64], input: &str) -> Result<(Seen, Vec<Warning>), String> {
    let place = |inside: &str| Place {
        input: input.to_owned(),
        inside: inside.to_owned(),
    };
    let mut warnings = Vec::new();
    let most = history.iter().max().copied().filter(|n| *n > 0);
    let is_reset = !history.is_sorted();
    if is_reset {
        warnings.push(Warning {
            code: "token-count-reset",
            message: "the tokens seen fall in the history: the run was resumed, and what came before may be missing".to_owned(),
            place: Some(place("log_history")),
        });
    }
    if let (Some(0), Some(most)) = (top, most) {
        warnings.push(Warning {
            code: "token-count-differs",
            message: format!(
                "`{TOKENS}` is 0, and the history reached {most}; the greater was taken"
            ),
            place: Some(place(TOKENS)),
        });
    }
    let seen = match (top.filter(|n| *n > 0), most) {
        (Some(top), Some(most)) if most > top && !is_reset => {
            return Err(format!(
                "`{TOKENS}` is {top}, and `log_history` had reached {most} before"
            ));
        }
        (Some(top), Some(most)) if most > top => Some((most, place("log_history"))),
        (Some(top), _) => Some((top, place(TOKENS))),
        (None, Some(most)) => Some((most, place("log_history"))),
        (None, None) => None,
    };
    Ok((seen, warnings))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Memory;

    /// Tokens, the key they stand at, and the codes of warnings.
    fn tokens(json: &str) -> Result<(Option<u64>, String, Vec<&'static str>), &'static str> {
        let text = format!("{{\"global_step\": 1, {json}}}");
        let state = read(&Memory(text.into_bytes()), "trainer_state.json");
        let state = state.map_err(|e| e.code())?;
        let codes = state.reading.warnings.iter().map(|w| w.code).collect();
        let (tokens, place) = state.tokens_seen.unzip();
        Ok((tokens, place.map(|p| p.inside).unwrap_or_default(), codes))
    }

    fn history(counts: &[u64]) -> String {
        let entry = |n: &u64| format!("{{\"num_input_tokens_seen\": {n}}}");
        let entries: Vec<String> = counts.iter().map(entry).collect();
        format!("\"log_history\": [{}]", entries.join(","))
    }

    #[test]
    fn the_total_counts_and_else_the_history() {
        let top = |n: u64, counts: &[u64]| {
            tokens(&format!("\"{TOKENS}\": {n}, {}", history(counts))).map(|(t, ..)| t)
        };
        assert_eq!(top(1280, &[640, 1280]), Ok(Some(1280)));
        assert_eq!(top(1280, &[]), Ok(Some(1280)));
        assert_eq!(top(0, &[]), Ok(None), "nothing was counted");
        assert_eq!(top(1, &[1280]), Err("trainer-state"));
        let (seen, at, codes) = tokens(&history(&[640, 1280])).unwrap();
        assert_eq!((seen, at.as_str()), (Some(1280), "log_history"));
        assert!(codes.is_empty());
    }

    #[test]
    fn what_is_odd_is_said() {
        let (seen, _, codes) = tokens(&format!("\"{TOKENS}\": 0, {}", history(&[9]))).unwrap();
        assert_eq!((seen, codes), (Some(9), vec!["token-count-differs"]));
        let text = format!("\"{TOKENS}\": 4, {}", history(&[5, 9, 2, 4]));
        let (seen, _, codes) = tokens(&text).unwrap();
        assert_eq!((seen, codes), (Some(9), vec!["token-count-reset"]));
    }

    #[test]
    fn counts_and_histories_of_another_shape_are_refused() {
        for json in [
            r#""num_input_tokens_seen": -1"#,
            r#""num_input_tokens_seen": {"a": 1}"#,
            r#""num_input_tokens_seen": 1.5"#,
            r#""log_history": {"step": 10}"#,
            r#""log_history": {}"#,
            r#""log_history": [1]"#,
            r#""log_history": [{"num_input_tokens_seen": "5"}]"#,
            r#""log_history": [{"num_input_tokens_seen": -5}]"#,
        ] {
            assert_eq!(tokens(json), Err("trainer-state"), "{json}");
        }
    }
}
