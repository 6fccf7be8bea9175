//! An accepted adapter has the rank its tensors show, and its parts add up to what it holds.
//!
//! The input is a configuration, a zero byte, and a file of tensors.
#![no_main]

use libfuzzer_sys::fuzz_target;
use weigh_readers::Memory;
use weigh_readers::adapter::{Adapter, read_config};
use weigh_readers::safetensors::read_header;

fuzz_target!(|bytes: &[u8]| {
    let mut parts = bytes.splitn(2, |b| *b == 0);
    let config = Memory(parts.next().unwrap_or_default().to_vec());
    let Ok(config) = read_config(&config, "adapter_config.json") else {
        return;
    };
    assert_eq!(config.peft_type, "LORA");
    assert_ne!(config.rank, Some(0));
    let bare = Adapter::without_tensors(config.clone());
    assert!(bare.modules.is_empty() && bare.parameters.is_none());
    let file = Memory(parts.next().unwrap_or_default().to_vec());
    let Ok(header) = read_header(&file, "adapter_model.safetensors") else {
        return;
    };
    let declared: Vec<u64> = config
        .rank_pattern
        .iter()
        .map(|(_, r)| *r)
        .chain(config.rank)
        .collect();
    let is_declared = config.rank.is_some();
    let Ok(adapter) = Adapter::new(config, &header.tensors) else {
        return;
    };
    assert!(!adapter.modules.is_empty(), "an adapter without a factor");
    let mut factors = 0_u128;
    for module in &adapter.modules {
        assert!(module.rank > 0);
        assert!(
            !is_declared || declared.contains(&module.rank),
            "a rank nobody declared"
        );
        factors +=
            u128::from(module.rank) * (u128::from(module.inputs) + u128::from(module.outputs));
    }
    let parameters = adapter.parameters.expect("the tensors are at hand");
    assert!(
        factors <= parameters.into(),
        "factors exceed what is stored"
    );
});
