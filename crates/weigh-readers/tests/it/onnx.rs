//! Models that ONNX wrote, against what was in memory when it wrote them.
//! `fixtures/make_onnx.py` makes both.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use weigh_facts::Observed;
use weigh_readers::onnx::{self, Model};
use weigh_readers::{Memory, MemoryTree};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/onnx")
}

fn bytes(name: &str) -> Vec<u8> {
    std::fs::read(folder().join(name)).expect("the fixture is there")
}

fn read(name: &str) -> Model {
    let data = "weights/external.data";
    let tree = MemoryTree([(data.to_owned(), bytes(data))].into());
    onnx::read(&Memory(bytes(name)), &tree, name).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// Their name of one of our types.
fn theirs(ours: &str) -> &str {
    match ours {
        "BOOL" => "BOOL",
        "U2" => "UINT2",
        "I2" => "INT2",
        "U4" => "UINT4",
        "I4" => "INT4",
        "U8" => "UINT8",
        "I8" => "INT8",
        "U16" => "UINT16",
        "I16" => "INT16",
        "U32" => "UINT32",
        "I32" => "INT32",
        "U64" => "UINT64",
        "I64" => "INT64",
        "F4" => "FLOAT4E2M1",
        "F6_E2M3" => "FLOAT6E2M3",
        "F6_E3M2" => "FLOAT6E3M2",
        "F8_E4M3" => "FLOAT8E4M3FN",
        "F8_E4M3FNUZ" => "FLOAT8E4M3FNUZ",
        "F8_E5M2" => "FLOAT8E5M2",
        "F8_E5M2FNUZ" => "FLOAT8E5M2FNUZ",
        "F8_E8M0" => "FLOAT8E8M0",
        "F16" => "FLOAT16",
        "BF16" => "BFLOAT16",
        "F32" => "FLOAT",
        "F64" => "DOUBLE",
        "C64" => "COMPLEX64",
        "C128" => "COMPLEX128",
        other => panic!("ONNX has no {other}"),
    }
}

#[test]
fn what_onnx_wrote_is_read_as_it_was() {
    let expected: BTreeMap<String, BTreeMap<String, (String, Vec<u64>)>> =
        serde_json::from_slice(&bytes("expected.json")).expect("JSON");
    assert_eq!(expected.len(), 5);
    for (name, wanted) in expected {
        let model = read(&name);
        let found = model.tensors.iter().map(|t| {
            let seen = (theirs(t.dtype.as_str()).to_owned(), t.shape.clone());
            (t.name.clone(), seen)
        });
        let found: BTreeMap<String, (String, Vec<u64>)> = found.collect();
        assert_eq!(found, wanted, "{name}");
        assert_eq!(model.tensors.len(), wanted.len(), "{name}");
        assert_eq!(model.ir_version, 10);
        assert!(model.aliases.is_empty() && model.training.is_empty());
    }
}

#[test]
fn a_model_says_who_made_it_and_what_it_uses() {
    let model = read("plain.onnx");
    let says = |key: &str| model.reading.get(key).map(|o| o.value.clone());
    let text = |text: &str| Some(Observed::Text(text.to_owned()));
    let number = |n: u64| Some(Observed::Number(n.into()));
    assert_eq!(says("producer_name"), text("fixtures"));
    assert_eq!(says("producer_version"), text("1"));
    assert_eq!(says("doc_string"), text("two layers"));
    assert_eq!(says("metadata.author"), text("nobody"));
    assert_eq!(says("opset.ai.onnx"), number(21));
    assert_eq!(says("model_version"), number(3));
    assert_eq!(says("operators.Gemm"), number(2));
    assert_eq!(says("nodes"), number(3));
    assert!(model.reading.warnings.is_empty());
    let model = read("places.onnx");
    assert_eq!(model.custom_domains, ["com.example"]);
    assert_eq!(model.operators["mine.Own"], 1);
    assert_eq!(model.reading.get("texts"), None);
    let texts = read("types.onnx")
        .reading
        .get("texts")
        .map(|o| o.value.clone());
    assert_eq!(texts, number(2));
}

#[test]
fn numbers_beside_the_model_are_counted_and_not_read() {
    let model = read("external.onnx");
    assert_eq!(model.external, ["weights/external.data"]);
    let bytes: u64 = model.tensors.iter().map(|t| t.bytes).sum();
    assert_eq!(bytes, 4 * (4 * 8 + 8 + 8 * 3 + 3));
    let gone = onnx::read(
        &Memory(self::bytes("external.onnx")),
        &MemoryTree::default(),
        "m",
    );
    assert_eq!(gone.unwrap_err().code(), "unreadable");
}
