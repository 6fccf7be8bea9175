//! An accepted index leads to plain names, and agrees with no shards but its own.
#![no_main]

use libfuzzer_sys::fuzz_target;
use weigh_readers::Memory;
use weigh_readers::safetensors::{Header, read_header, read_index};

fuzz_target!(|bytes: &[u8]| {
    let Ok(index) = read_index(&Memory(bytes.to_vec()), "model.safetensors.index.json") else {
        return;
    };
    let shards = index.shards();
    assert!(shards.is_sorted() && shards.windows(2).all(|w| w.first() != w.last()));
    for shard in &shards {
        assert!(!shard.is_empty() && shard != "." && shard != "..");
        assert!(
            !shard.contains(['/', '\\', ':', '\0']),
            "`{shard}` leads elsewhere"
        );
    }
    let empty: Vec<(String, Header)> = shards.iter().map(|s| (s.clone(), no_tensors())).collect();
    assert_eq!(
        index.check(&empty).is_ok(),
        shards.is_empty(),
        "empty shards hold its tensors"
    );
});

fn no_tensors() -> Header {
    let file = Memory(b"\x02\0\0\0\0\0\0\0{}".to_vec());
    read_header(&file, "shard").expect("the literal is a file without tensors")
}
