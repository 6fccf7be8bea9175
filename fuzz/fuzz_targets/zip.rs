//! An accepted directory keeps its promises: plain names, each once, places that do not overlap,
//! and nothing that unpacks beyond its limits.
#![no_main]

use std::collections::HashSet;

use libfuzzer_sys::fuzz_target;
use weigh_readers::Memory;
use weigh_readers::zip::{Method, read_directory};

fuzz_target!(|bytes: &[u8]| {
    let file = Memory(bytes.to_vec());
    let Ok(directory) = read_directory(&file, "a.zip") else {
        return;
    };
    let (mut names, mut reached, mut unpacked) = (HashSet::new(), 0, 0);
    for entry in directory.entries() {
        assert!(names.insert(&entry.name), "a name is there twice");
        assert!(!entry.name.contains(['\\', '\0', '\n']));
        let path = entry.name.trim_end_matches('/');
        assert!(path.split('/').all(|part| !matches!(part, "" | "." | "..")));
        assert!(entry.data.start >= reached + 30 + entry.name.len() as u64);
        assert!(entry.data.start <= entry.data.end && entry.data.end <= bytes.len() as u64);
        let start = usize::try_from(entry.data.start).expect("inside the file");
        let header = bytes[..start].windows(4).rposition(|four| four == b"PK\x03\x04");
        assert!(header.is_some(), "no header of its own");
        reached = entry.data.end;
        let kept = entry.data.end - entry.data.start;
        match entry.method {
            Method::Stored => assert_eq!(kept, entry.len),
            Method::Deflated => {
                unpacked += entry.len;
                assert!(entry.len <= 200 * kept, "a bomb");
            }
        }
        if let Ok(read) = directory.read(&file, entry, 1 << 20) {
            assert_eq!(read.bytes.len() as u64, entry.len);
        }
        assert_eq!(directory.get(&entry.name), Some(entry));
    }
    assert!(unpacked <= (4 * bytes.len() as u64).max(16 << 20), "bombs");
    // One byte more on either side, and it is another file.
    let more = |bytes: Vec<u8>| read_directory(&Memory(bytes), "a.zip").is_err();
    assert!(more([bytes, b"x"].concat()), "trailing bytes are accepted");
    assert!(more([b"x", bytes].concat()), "leading bytes are accepted");
});
