//! Numbers of an array that is read fill its file to the last byte; so a byte more or less is
//! refused, and so is every array of objects. The first byte says whether it is an archive.
#![no_main]

use std::collections::HashSet;

use libfuzzer_sys::fuzz_target;
use weigh_readers::Memory;
use weigh_readers::npy::{Array, read, read_archive};

fuzz_target!(|bytes: &[u8]| {
    let Some((kind, file)) = bytes.split_first() else {
        return;
    };
    if kind % 2 == 1 {
        let Ok(arrays) = read_archive(&Memory(file.to_vec()), "model.npz") else {
            return;
        };
        let names: HashSet<&str> = arrays.iter().map(|a| a.seen.name.as_str()).collect();
        assert_eq!(names.len(), arrays.len(), "a name twice");
        // What is packed may unpack to four times the file.
        let total: u64 = arrays.iter().map(size).sum();
        assert!(total <= 5 * file.len() as u64, "more numbers than bytes");
        return;
    }
    let Ok(array) = read(&Memory(file.to_vec()), "model", "model.npy") else {
        return;
    };
    assert_eq!(size(&array), file.len() as u64);
    let longer = [file, b"x"].concat();
    assert!(read(&Memory(longer), "model", "model.npy").is_err());
    let shorter = file[..file.len() - 1].to_vec();
    assert!(read(&Memory(shorter), "model", "model.npy").is_err());
});

fn size(array: &Array) -> u64 {
    let elements: u128 = array.seen.shape.iter().map(|d| u128::from(*d)).product();
    assert_eq!(elements, array.seen.elements.into());
    array.header_len + array.seen.bytes
}
