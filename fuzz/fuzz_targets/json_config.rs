//! An accepted configuration has every key once, each in its own place, and reads again the same.
#![no_main]

use std::collections::HashSet;

use libfuzzer_sys::fuzz_target;
use weigh_facts::Observed;
use weigh_readers::{Memory, config};

fuzz_target!(|bytes: &[u8]| {
    let read = || config::read(&Memory(bytes.to_vec()), "config.json");
    let Ok(reading) = read() else { return };
    let mut keys = HashSet::new();
    for observation in &reading.observations {
        assert!(keys.insert(&observation.key), "a key is there twice");
        assert_eq!(observation.place.inside, observation.key);
        if let Observed::Map(fields) = &observation.value {
            assert!(fields.is_empty(), "a map was not flattened");
        }
    }
    assert_eq!(Ok(reading), read(), "one text, two readings");
});
