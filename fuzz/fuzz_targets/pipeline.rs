//! Stages of an accepted declaration have names of their own and numbers above zero; faults of a
//! refused one stand inside the text and can be shown.
#![no_main]

use std::collections::HashSet;

use libfuzzer_sys::fuzz_target;
use weigh_facts::{Decimal, SequenceLength};
use weigh_readers::{Memory, pipeline};

fuzz_target!(|bytes: &[u8]| {
    let Ok(text) = pipeline::read_text(&Memory(bytes.to_vec()), "pipeline.toml") else {
        return;
    };
    let declared = match pipeline::read(&text, "pipeline.toml") {
        Ok(declared) => declared,
        Err(faults) => {
            assert!(!faults.is_empty(), "refused without a reason");
            for fault in faults.iter().take(20) {
                assert!(fault.span.start <= text.len(), "a place outside the text");
                assert!(!fault.render("pipeline.toml", &text).is_empty());
            }
            return;
        }
    };
    let mut ids = HashSet::new();
    for stage in &declared.stages {
        assert!(ids.insert(&stage.id), "two stages of one name");
        if let Some(seen) = &stage.tokens {
            let (low, high) = (seen.tokens.low(), seen.tokens.high());
            assert!(low.is_some() || high.is_some(), "tokens that say nothing");
            assert!(low.is_none_or(|l| l.0 > 0), "no tokens");
            assert!(
                low.zip(high).is_none_or(|(l, h)| l <= h),
                "bounds that cross"
            );
        }
        if let SequenceLength::Distribution(shares) = &stage.sequence_length {
            let sum = shares
                .iter()
                .fold(Decimal::zero(), |sum, (_, share)| &sum + share);
            assert_eq!(sum, Decimal::from(1_u64), "shares that do not sum to one");
        }
        if let Some(chips) = &stage.chips {
            assert!(!chips.chip_hours.is_negative() && !chips.chip_hours.is_zero());
        }
    }
});
