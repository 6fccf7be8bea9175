//! Trusted tensors lie in storages that the file has, and no payload leaves them trusted.
//!
//! The first byte says what the rest is: a whole file, or the pickle of an archive that is made
//! around it, since almost no mutation of an archive leaves it one.
#![no_main]

use std::collections::HashSet;

use libfuzzer_sys::fuzz_target;
use weigh_readers::Memory;
use weigh_readers::torch::{Contents, read};

fuzz_target!(|bytes: &[u8]| {
    let Some((kind, rest)) = bytes.split_first() else {
        return;
    };
    let file = match kind % 2 {
        0 => rest.to_vec(),
        _ => archive(rest),
    };
    let Ok(checkpoint) = read(&Memory(file.clone()), "model.pt") else {
        return;
    };
    assert_eq!(checkpoint.verdict.is_clean(), checkpoint.trusted().is_ok());
    if let Some(contents) = checkpoint.untrusted() {
        check(contents, file.len() as u64);
    }
    if kind % 2 == 1 && checkpoint.trusted().is_ok() {
        let payload = archive(&[b"cos\nsystem\n0", rest].concat());
        let read = read(&Memory(payload), "model.pt").expect("the tensors are as before");
        assert_eq!(read.trusted().map(drop).unwrap_err().code(), "pickle-dangerous");
    }
});

/// All types of PyTorch take whole bits.
fn bits(dtype: weigh_facts::Dtype) -> u64 {
    let block = dtype.block();
    block.bytes * 8 / block.elements
}

fn check(contents: &Contents, file_len: u64) {
    assert!(contents.stored_bytes() <= file_len.max(16 << 20) * 5, "more numbers than the file can hold");
    let mut names = HashSet::new();
    let mut used = HashSet::new();
    for tensor in contents.tensors.iter().chain(&contents.optimizer) {
        let seen = &tensor.seen;
        assert!(names.insert(&seen.name), "a tensor is there twice");
        let elements: u128 = seen.shape.iter().map(|d| u128::from(*d)).product();
        assert_eq!(elements, seen.elements.into());
        assert_eq!((elements * u128::from(bits(seen.dtype))).div_ceil(8), seen.bytes.into());
        let storage = &contents.storages[tensor.storage];
        used.insert(tensor.storage);
        if bits(seen.dtype) < 8 || elements == 0 {
            continue;
        }
        let steps = seen.shape.iter().zip(&tensor.strides);
        let last: u128 = steps.map(|(d, s)| u128::from(d - 1) * u128::from(*s)).sum();
        let end = (u128::from(tensor.offset) + last + 1) * u128::from(bits(seen.dtype) / 8);
        assert!(end <= storage.bytes.into(), "it looks beyond its storage");
    }
    assert_eq!(used.len(), contents.storages.len(), "a storage belongs to no tensor");
    let all = contents.tensors.iter().map(|t| t.seen.elements);
    assert!(contents.elements() <= all.fold(0, u64::saturating_add));
    assert_eq!(contents.weights().len(), contents.tensors.len());
    // Every storage that has numbers keeps at least one tensor that counts.
    for (place, storage) in contents.storages.iter().enumerate() {
        let mut tensors = contents.tensors.iter().filter(|t| t.storage == place).peekable();
        if storage.bytes > 0 && tensors.peek().is_some() {
            assert!(tensors.any(|t| !t.is_alias), "all of `{}` is aliases", storage.key);
        }
    }
}

/// A stored archive with a pickle and the storages of two small layers.
fn archive(pickle: &[u8]) -> Vec<u8> {
    let entries: [(&str, &[u8]); 4] = [
        ("a/data.pkl", pickle),
        ("a/data/0", &[0; 24]),
        ("a/data/1", &[0; 12]),
        ("a/data/2", &[0; 96]),
    ];
    let (mut file, mut directory) = (Vec::new(), Vec::new());
    for (name, data) in entries.iter().filter(|(name, _)| is_named(pickle, name)) {
        let len = u32::try_from(data.len()).unwrap_or(u32::MAX).to_le_bytes();
        let mut shared = vec![0; 10];
        shared.extend([&[0; 4][..], &len, &len, &[name.len() as u8, 0, 0, 0]].concat());
        let at = u32::try_from(file.len()).unwrap_or(u32::MAX).to_le_bytes();
        file.extend([b"PK\x03\x04", &shared[..], name.as_bytes(), data].concat());
        directory.extend([b"PK\x01\x02\0\0", &shared[..], &[0; 10], &at, name.as_bytes()].concat());
    }
    let count = file.windows(4).filter(|four| *four == b"PK\x03\x04").count();
    let count = directory.windows(4).filter(|four| *four == b"PK\x01\x02").count().min(count) as u8;
    let (size, start) = (directory.len() as u32, file.len() as u32);
    file.extend(directory);
    file.extend([b"PK\x05\x06\0\0\0\0", &[count, 0, count, 0][..]].concat());
    file.extend([&size.to_le_bytes()[..], &start.to_le_bytes(), &[0, 0]].concat());
    file
}

/// Only storages that the pickle may name: one that it does not is refused.
fn is_named(pickle: &[u8], name: &str) -> bool {
    let Some(key) = name.strip_prefix("a/data/") else {
        return true;
    };
    let text = [b"X\x01\0\0\0", key.as_bytes()].concat();
    pickle.windows(text.len()).any(|window| window == text)
}
