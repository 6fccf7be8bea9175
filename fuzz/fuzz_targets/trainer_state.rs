//! Tokens of an accepted state stand in it, are more than none, and exceed none that were logged.
#![no_main]

use libfuzzer_sys::fuzz_target;
use weigh_facts::{Decimal, Observed};
use weigh_readers::{Memory, trainer_state};

const TOKENS: &str = "num_input_tokens_seen";

fuzz_target!(|bytes: &[u8]| {
    let Ok(state) = trainer_state::read(&Memory(bytes.to_vec()), "trainer_state.json") else {
        return;
    };
    let mut counts: Vec<&Decimal> = Vec::new();
    for observation in &state.reading.observations {
        match (observation.key.as_str(), &observation.value) {
            (TOKENS, Observed::Number(count)) => counts.push(count),
            ("log_history", Observed::List(entries)) => {
                counts.extend(entries.iter().filter_map(logged))
            }
            _ => {}
        }
    }
    let most = counts.iter().copied().max().filter(|most| !most.is_zero());
    let seen = state.tokens_seen.map(|(tokens, _)| Decimal::from(tokens));
    assert_eq!(
        seen.as_ref(),
        most,
        "the greatest count is the one to go by"
    );
});

fn logged(entry: &Observed) -> Option<&Decimal> {
    let Observed::Map(fields) = entry else {
        return None;
    };
    fields.iter().find_map(|(key, value)| match value {
        Observed::Number(count) if key == TOKENS => Some(count),
        _ => None,
    })
}
