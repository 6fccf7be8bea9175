//! Every tensor of a model that is read has a name, a shape that fits its bytes, and bytes of its
//! own; a file that is cut is never read as another model.
#![no_main]

use std::collections::{HashMap, HashSet};

use libfuzzer_sys::fuzz_target;
use weigh_readers::onnx::read;
use weigh_readers::{Memory, MemoryTree};

const BESIDE: u64 = 4096;

fuzz_target!(|bytes: &[u8]| {
    let beside = ["w.data", "weights/external.data"].map(|name| (name.to_owned(), vec![0; 4096]));
    let tree = MemoryTree(HashMap::from(beside).into_iter().collect());
    let Ok(model) = read(&Memory(bytes.to_vec()), &tree, "model.onnx") else {
        return;
    };
    let (mut names, mut stored) = (HashSet::new(), 0_u128);
    for tensor in model.tensors.iter().chain(&model.training) {
        assert!(!tensor.name.is_empty() && names.insert(&tensor.name), "a name twice");
        assert!(!model.aliases.contains(&tensor.name), "an alias counts");
        let elements: u128 = tensor.shape.iter().map(|d| u128::from(*d)).product();
        assert_eq!(elements, tensor.elements.into());
        let block = tensor.dtype.block();
        let bytes = (elements * u128::from(block.bytes)).div_ceil(block.elements.into());
        assert_eq!(bytes, tensor.bytes.into());
        stored += bytes;
    }
    // A number in a list takes a byte at least, and one of a complex type is never less than four.
    let beside = u128::from(BESIDE) * model.external.len() as u128;
    assert!(stored <= 8 * bytes.len() as u128 + beside, "more numbers than bytes");
    assert!(model.external.iter().all(|name| tree.0.contains_key(name)));
    let used: u64 = model.operators.values().sum();
    assert!(used <= bytes.len() as u64);
    let again = read(&Memory(bytes.to_vec()), &tree, "model.onnx");
    assert_eq!(again.as_ref(), Ok(&model), "read twice, and differently");
});
