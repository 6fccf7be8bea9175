//! An accepted header keeps its promises: every byte of the data belongs to one tensor, and every
//! shape fits its bytes.
#![no_main]

use std::collections::HashSet;

use libfuzzer_sys::fuzz_target;
use weigh_readers::Memory;
use weigh_readers::safetensors::read_header;

fuzz_target!(|bytes: &[u8]| {
    let Ok(header) = read_header(&Memory(bytes.to_vec()), "model.safetensors") else {
        return;
    };
    let covered = 8 + header.header_len + header.data_len;
    assert_eq!(
        covered,
        bytes.len() as u64,
        "bytes are neither header nor data"
    );
    let mut names = HashSet::new();
    let mut data = 0;
    for tensor in &header.tensors {
        assert!(names.insert(&tensor.name), "a tensor is there twice");
        assert!(tensor.shape.len() <= 8, "a shape beyond the limit");
        let elements: u128 = tensor.shape.iter().map(|d| u128::from(*d)).product();
        assert_eq!(
            elements,
            tensor.elements.into(),
            "a shape and its elements differ"
        );
        assert_eq!(
            tensor.dtype.bytes_for(tensor.elements),
            Some(tensor.bytes),
            "elements and bytes differ"
        );
        data += tensor.bytes;
    }
    assert_eq!(
        data, header.data_len,
        "bytes belong to no tensor, or to two"
    );
});
