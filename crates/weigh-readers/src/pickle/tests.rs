use super::*;

fn verdict(bytes: &[u8]) -> String {
    let verdict = walk(bytes, Vouched::Torch).verdict();
    let suspects: Vec<&str> = verdict.suspects().iter().map(|s| s.what.as_str()).collect();
    match &verdict {
        Verdict::Incomplete { reason, .. } => format!("incomplete: {reason}; {suspects:?}"),
        other => format!("{}: {suspects:?}", other.as_str()),
    }
}

fn is(bytes: &[u8], expected: &str) {
    let found = verdict(bytes);
    assert!(found.starts_with(expected), "{found} is not {expected}");
}

#[test]
fn names_decide() {
    is(b"N.", "clean");
    is(b"ccollections\nOrderedDict\n)R.", "clean");
    is(
        b"cargparse\nNamespace\n)R.",
        r#"unknown: ["argparse.Namespace"]"#,
    );
    is(b"cos\nsystem\n(U\x02idtR.", r#"dangerous: ["os.system"]"#);
    is(
        b"c__builtin__\neval\n.",
        r#"dangerous: ["__builtin__.eval"]"#,
    );
    // A name that is never called is imported all the same.
    is(b"cos\nsystem\n0N.", "dangerous");
}

#[test]
fn what_was_seen_before_a_break_counts() {
    is(b"cos\nsystem\n(U\x02idtR", "dangerous");
    is(b"cos\nsystem\n\xff", "dangerous");
    is(
        b"cargparse\nNamespace\n",
        r#"incomplete: it ends in the middle; ["argparse"#,
    );
    is(b"", "incomplete: it ends in the middle");
}

#[test]
fn what_follows_the_end_counts() {
    is(b"N.N.", "incomplete: 2 bytes follow its end; []");
    is(b"N.N.cos\nsystem\n.", "dangerous");
    is(b"N.\x00", "incomplete: 1 bytes follow its end");
    let first = walk_first(b"I7\n.N.", Vouched::Torch);
    assert_eq!(first.end(), 4);
    assert_eq!(first.verdict(), Verdict::Clean);
    assert_eq!(first.count(first.root().unwrap()), Some(7));
}

#[test]
fn names_put_together_from_the_memo_are_seen() {
    is(
        b"\x80\x04\x8c\x02os\x94\x8c\x06system\x940h\x00h\x01\x93N.",
        r#"dangerous: ["os.system"]"#,
    );
    // Places may be set again, and out of order.
    is(
        b"\x80\x04\x8c\x01aq\x05\x8c\x02osq\x05\x8c\x06system\x93.",
        r#"dangerous: ["os"#,
    );
    is(
        b"\x80\x04N)R\x8c\x06system\x93.",
        "unknown: [\"a call of nothing\", \"a name that is computed",
    );
    is(
        b"\x80\x04S'o\\x73'\nS'system'\n\x93.",
        "unknown: [\"a name that is computed",
    );
    is(
        b"h\x00.",
        "incomplete: a place of the memo that was never set, at byte 0",
    );
    is(
        b"g7\n.",
        "incomplete: a place of the memo that was never set",
    );
}

#[test]
fn calls_of_results_and_changed_classes_are_not_clean() {
    is(
        b"ccollections\nOrderedDict\n)R)R.",
        r#"unknown: ["a call of the result of a call"]"#,
    );
    is(
        b"ctorch\nTensor\n}b.",
        r#"unknown: ["a state set on a name"]"#,
    );
    is(b"}}b.", r#"unknown: ["a state set on a dictionary"]"#);
    is(
        b"(icollections\nOrderedDict\n.",
        r#"unknown: ["operation INST"]"#,
    );
    is(
        b"(ccollections\nOrderedDict\no.",
        r#"unknown: ["operation OBJ"]"#,
    );
    is(b"(o.", "incomplete: an object of no class");
    is(b"\x82\x01.", r#"unknown: ["extension 1 of"#);
    is(b"Pa\n.", r#"unknown: ["operation PERSID"]"#);
    is(b"\x97.", r#"unknown: ["operation NEXT_BUFFER"]"#);
    is(
        b"ccollections\nOrderedDict\n)}\x92.",
        r#"unknown: ["operation NEWOBJ_EX"]"#,
    );
    is(
        b"\x80\x04\x8c\x05torch\x8c\x0b_utils.eval\x93.",
        r#"unknown: ["torch._utils.eval"]"#,
    );
}

#[test]
fn malformed_streams_break() {
    for (bytes, reason) in [
        (&b"0."[..], "an operation that needs a value"),
        (b".", "an operation that needs a value"),
        (b"t.", "an operation that needs a mark"),
        (b"N(\x85.", "an operation that needs more values"),
        (b"}Na.", "items added to something that takes none"),
        (b"]NNs.", "keys set in something that has none"),
        (b"}(Nu.", "a key without a value"),
        (b"\x80\x06.", "a protocol beyond the fifth"),
        (
            b"\x95\xff\xff\xff\xff\xff\xff\xff\x7f.",
            "it ends in the middle",
        ),
        (b"X\xff\xff\xff\x7fa.", "a text of more than 16777216 bytes"),
        (b"T\xff\xff\xff\xff.", "a negative length"),
        (b"B\xff\xff\xff\x7fa.", "it ends in the middle"),
        (b"X\x01\x00\x00\x00\xff.", "text that is not UTF-8"),
        (b"px\n.", "no number at byte 1"),
        (b"\x00", "no operation has the code 0x00"),
    ] {
        is(bytes, &format!("incomplete: {reason}"));
    }
    // A mark with nothing above it can be dropped like a value.
    is(b"N(0\x85.", "clean");
    is(b"(0N.", "clean");
}

#[test]
fn limits_hold() {
    let marks = |count: usize| [&vec![b'('; count][..], &vec![b't'; count], b"."].concat();
    is(&marks(1000), "clean");
    is(&marks(1001), "incomplete: it is nested more than 1000 deep");
    let stack = |count: usize| [&vec![b'N'; count][..], b"."].concat();
    is(&stack(1_000_000), "clean");
    is(&stack(1_000_001), "incomplete: its stack holds more than");
    let opcodes = |count: usize| [&b"N0".repeat(count)[..], b"N."].concat();
    is(&opcodes(2_499_999), "clean");
    is(
        &opcodes(2_500_000),
        "incomplete: it has more than 5000000 operations",
    );
    // A name of megabytes, put together again and again, is not copied or hashed each time.
    let long = [
        &b"\x80\x04X\x00\x00\xf0\x00"[..],
        &vec![b'a'; 0xf0_0000],
        b"\x94",
        &b"h\x00h\x00\x930".repeat(50_000),
        b"N.",
    ];
    is(
        &long.concat(),
        "unknown: [\"a name that is computed, or too long",
    );
}

#[test]
fn shared_values_are_kept_once() {
    // Each list holds the one before it ten times: 10^20 values to whoever expands them.
    let mut bytes = b"]q\x000".to_vec();
    for level in 1..20_u8 {
        bytes.push(b']');
        bytes.push(b'(');
        bytes.extend([b'h', level - 1].repeat(10));
        bytes.extend([b'e', b'q', level, b'0']);
    }
    bytes.extend(b"h\x13.");
    let walk = walk(&bytes, Vouched::Torch);
    assert_eq!(walk.verdict(), Verdict::Clean);
    assert_eq!(walk.len(), 20);
}

#[test]
fn numbers_are_what_was_written() {
    let value = |bytes: &[u8]| {
        let walk = walk(bytes, Vouched::Torch);
        walk.value(walk.root().expect("a value")).clone()
    };
    assert_eq!(value(b"J\xff\xff\xff\xff."), Value::Int(-1));
    assert_eq!(value(b"M\x00\x80."), Value::Int(32768));
    assert_eq!(value(b"\x8a\x00."), Value::Int(0));
    assert_eq!(value(b"\x8a\x01\xff."), Value::Int(-1));
    assert_eq!(
        value(b"\x8a\x08\xff\xff\xff\xff\xff\xff\xff\x7f."),
        Value::Int(i64::MAX)
    );
    assert_eq!(value(b"\x8a\x09\xff\xff\xff\xff\xff\xff\xff\xff\x00."), {
        Value::Long([255, 255, 255, 255, 255, 255, 255, 255, 0].into())
    });
    assert_eq!(value(b"I01\n."), Value::Bool(true));
    assert_eq!(value(b"L12L\n."), Value::Int(12));
    assert_eq!(value(b"I0x10\n."), Value::Opaque);
    assert_eq!(value(b"F0.5\n."), Value::Float(0.5));
    assert_eq!(value(b"G\x3f\xe0\0\0\0\0\0\0."), Value::Float(0.5));
    assert_eq!(value(b"Va\n."), Value::Text("a".into()));
    assert_eq!(value(b"V\\u0061\n."), Value::Opaque);
}
