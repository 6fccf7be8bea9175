//! A payload is seen wherever it stands, and a clean walk names nothing that nobody vouches for.
#![no_main]

use libfuzzer_sys::fuzz_target;
use weigh_readers::pickle::{Value, Verdict, Vouched, walk, walk_first};

const PAYLOAD: &[u8] = b"cos\nsystem\n0";

fuzz_target!(|bytes: &[u8]| {
    let read = walk(bytes, Vouched::Torch);
    let verdict = read.verdict();
    // Before anything, a payload runs; behind something sound, whoever reads on runs it.
    let before = walk(&[PAYLOAD, bytes].concat(), Vouched::Torch).verdict();
    assert!(matches!(before, Verdict::Dangerous(_)), "{before:?}");
    let behind = walk(&[bytes, PAYLOAD].concat(), Vouched::Torch).verdict();
    assert!(!behind.is_clean());
    if !verdict.is_clean() {
        assert!(read.root().is_some() || !matches!(verdict, Verdict::Unknown(_)));
        return;
    }
    assert!(matches!(behind, Verdict::Dangerous(_)), "{behind:?}");
    assert_eq!(read.end(), bytes.len(), "something follows");
    let root = read.root().expect("a clean walk leaves a value");
    let allowed = include_str!("../../crates/weigh-readers/src/pickle/torch.txt");
    for name in read.names() {
        let dotted = name.dotted().replace("__builtin__.", "builtins.");
        assert!(allowed.lines().any(|line| line == dotted), "{dotted}");
    }
    let first = walk_first(bytes, Vouched::Torch);
    assert_eq!(first.value(root), read.value(root));
    // What is clean for weights alone is clean where more is vouched for.
    assert!(walk(bytes, Vouched::Distributed).verdict().is_clean());
    assert!(walk(bytes, Vouched::TorchScript).verdict().is_clean());
    assert!(!matches!(read.value(root), Value::Name(number) if *number as usize >= read.names().len()));
    for cut in [bytes.len() - 1, bytes.len() / 2] {
        assert!(!walk(&bytes[..cut], Vouched::Torch).verdict().is_clean() || bytes[cut - 1] == b'.');
    }
});
