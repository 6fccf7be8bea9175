//! An accepted GGUF header keeps its promises: tensors lie inside the file in whole blocks, do not
//! overlap, and have nothing between them but padding; and no part passes for the whole.
#![no_main]

use std::collections::{BTreeMap, HashSet};

use libfuzzer_sys::fuzz_target;
use weigh_facts::Observed;
use weigh_readers::gguf::{configuration, read_header, read_split};
use weigh_readers::{Memory, MemoryTree};

fuzz_target!(|bytes: &[u8]| {
    let Ok(header) = read_header(&Memory(bytes.to_vec()), "model.gguf") else {
        return;
    };
    let len = bytes.len() as u64;
    assert!((1..=3).contains(&header.version));
    assert!(header.alignment.is_power_of_two());
    assert_eq!(
        header.header_len + header.data_len,
        len,
        "bytes are neither header nor data"
    );
    let mut keys = HashSet::new();
    for entry in &header.metadata {
        assert!(keys.insert(&entry.key), "a key is there twice");
        assert!(!entry.key.is_empty() && entry.offset < header.header_len);
        if let Observed::List(items) = &entry.value {
            assert!(items.len() <= 4096, "a long list was kept");
        }
        assert!(
            entry.length().is_none_or(|l| l <= len),
            "more elements than bytes"
        );
    }
    assert_eq!(header.tensors.len(), header.places.len());
    let mut names = HashSet::new();
    let mut reached = header.header_len;
    for (tensor, place) in header.tensors.iter().zip(&header.places) {
        assert!(names.insert(&tensor.name), "a tensor is there twice");
        assert!(tensor.shape.len() <= 4, "a shape beyond the limit");
        let elements: u128 = tensor.shape.iter().map(|d| u128::from(*d)).product();
        assert_eq!(
            elements,
            tensor.elements.into(),
            "a shape and its elements differ"
        );
        let block = tensor.dtype.block();
        let row = tensor.shape.last().copied().unwrap_or(1);
        assert_eq!(row % block.elements, 0, "a block reaches into the next row");
        let bytes = elements / u128::from(block.elements) * u128::from(block.bytes);
        assert_eq!(bytes, tensor.bytes.into(), "elements and bytes differ");
        assert_eq!(place.end - place.start, tensor.bytes);
        assert!(place.start >= reached, "two tensors share bytes");
        assert!(
            place.start - reached < header.alignment,
            "bytes belong to no tensor"
        );
        assert_eq!((place.start - header.header_len) % header.alignment, 0);
        reached = place.end;
    }
    assert!(reached <= len, "a tensor lies behind the file");
    assert!(
        len - reached < header.alignment,
        "bytes behind the last tensor"
    );
    let reading = configuration(&header);
    assert!(reading.observations.len() <= header.metadata.len());
    let _ = header.kind();
    // One part alone, and the same part in the place of both.
    let part = |n: u64| (format!("m-0000{n}-of-00002.gguf"), bytes.to_vec());
    let alone = MemoryTree(BTreeMap::from([part(1)]));
    assert!(read_split(&alone, &part(1).0, "m").is_err());
    let twice = MemoryTree(BTreeMap::from([part(1), part(2)]));
    assert!(read_split(&twice, &part(1).0, "m").is_err());
});
