//! A chip file ends in a chip whose figures are never negative and whose performance is the greatest
//! of its dense rates, or in faults inside the text; sparse rates never stand in for dense ones.
#![no_main]

use libfuzzer_sys::fuzz_target;
use weigh_compute::{Chip, Tf32};

fuzz_target!(|bytes: &[u8]| {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    match Chip::from_toml(text) {
        Ok(chip) => {
            assert!(chip.rates.iter().all(|r| !r.tera_per_s.is_negative()));
            for tf32 in [Tf32::Significant19, Tf32::Stored32] {
                let greatest = chip.rates.iter().map(|r| r.tpp(tf32)).max();
                assert_eq!(chip.tpp(tf32).map(|t| t.tpp), greatest, "not the greatest rate");
                let _ = chip.performance_density(tf32);
                let _ = chip.facts(tf32);
            }
        }
        Err(faults) => {
            assert!(!faults.is_empty(), "refused without a reason");
            assert!(faults.iter().all(|f| f.span.start <= text.len()));
        }
    }
});
