//! GGUF files: what gguf-py writes, what a small writer of our own writes, and what damage does.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use proptest::prelude::*;
use proptest::sample::{Index, select};
use serde_json::Value;
use weigh_facts::{Dtype, Observed};
use weigh_readers::gguf::{
    Header, Kind, PartName, ValueType, configuration, read_header, read_split,
};
use weigh_readers::{Memory, MemoryTree, ReadError};

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/gguf")
}

fn bytes(name: &str) -> Vec<u8> {
    std::fs::read(fixtures().join(name)).expect("the fixture is there")
}

fn read(bytes: &[u8]) -> Result<Header, ReadError> {
    read_header(&Memory(bytes.to_vec()), "model.gguf")
}

fn header(name: &str) -> Header {
    read(&bytes(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// What every accepted header promises, whatever the bytes were.
fn assert_promises(header: &Header, file_len: u64) {
    assert_eq!(header.header_len + header.data_len, file_len);
    assert_eq!(header.tensors.len(), header.places.len());
    let mut reached = header.header_len;
    for (tensor, place) in header.tensors.iter().zip(&header.places) {
        assert!(place.start >= reached, "`{}` overlaps", tensor.name);
        assert!(
            place.start - reached < header.alignment,
            "a hole before `{}`",
            tensor.name
        );
        assert_eq!((place.start - header.header_len) % header.alignment, 0);
        assert_eq!(place.end - place.start, tensor.bytes);
        let product: u128 = tensor.shape.iter().map(|d| u128::from(*d)).product();
        assert_eq!(product, u128::from(tensor.elements));
        assert_eq!(tensor.dtype.bytes_for(tensor.elements), Some(tensor.bytes));
        reached = place.end;
    }
    assert!(reached <= file_len && file_len - reached < header.alignment);
}

#[test]
fn what_gguf_py_reads_in_its_own_files_we_read_too() {
    let text = std::fs::read_to_string(fixtures().join("files.json")).expect("it is there");
    let files: BTreeMap<String, Value> = serde_json::from_str(&text).expect("it is JSON");
    assert_eq!(files.len(), 10);
    for (name, expected) in files {
        let header = header(&name);
        assert_promises(&header, bytes(&name).len() as u64);
        assert_eq!(header.alignment, expected["alignment"], "{name}");
        assert_eq!(header.is_big_endian, expected["big_endian"], "{name}");
        let keys: Vec<&str> = header.metadata.iter().map(|m| m.key.as_str()).collect();
        assert_eq!(Value::from(keys), expected["keys"], "{name}");
        let tensors = header.tensors.iter().zip(&header.places);
        let tensors: Vec<Value> = tensors
            .map(|(t, place)| {
                serde_json::json!({
                    "name": t.name, "type": t.dtype.as_str(), "shape": t.shape,
                    "elements": t.elements, "bytes": t.bytes, "offset": place.start,
                })
            })
            .collect();
        assert_eq!(Value::from(tensors), expected["tensors"], "{name}");
    }
}

#[test]
fn every_element_type_of_ggml_is_read_from_a_file_that_gguf_py_wrote() {
    let header = header("types.gguf");
    let types = Dtype::all().filter(|d| d.ggml_id().is_some());
    assert_eq!(header.tensors.len(), types.count());
    for tensor in &header.tensors {
        assert_eq!(tensor.name, tensor.dtype.as_str());
    }
}

#[test]
fn every_value_is_kept_as_it_was_written_or_described() {
    let header = header("values.gguf");
    let plain = |key: &str| match &header.get(key).expect("it is there").value {
        Observed::Number(number) => number.to_plain(),
        other => panic!("{key} is {other:?}"),
    };
    for (key, value) in [
        ("a.uint8", "255"),
        ("a.int8", "-128"),
        ("a.uint16", "65535"),
        ("a.int16", "-32768"),
        ("a.uint32", "4294967295"),
        ("a.int32", "-2147483648"),
        ("a.uint64", "18446744073709551615"),
        ("a.int64", "-9223372036854775808"),
        ("a.float32", "0.000001"),
        ("a.float64", "100000000000000000000000000"),
    ] {
        assert_eq!(plain(key), value, "{key}");
    }
    assert_eq!(header.get("a.string").and_then(|m| m.text()), Some("zwölf"));
    assert_eq!(
        header.get("a.bool").map(|m| &m.value),
        Some(&Observed::Bool(true))
    );
    let list = |key: &str| match &header.get(key).expect("it is there").value {
        Observed::List(items) => items.len(),
        other => panic!("{key} is {other:?}"),
    };
    assert_eq!((list("b.integers"), list("b.booleans")), (3, 2));
    assert_eq!((list("b.floats"), list("b.texts")), (2, 2));
    for (key, kind, length) in [
        ("b.bytes", ValueType::List, 5000),
        ("b.arrays", ValueType::List, 2),
        ("b.long", ValueType::Text, 70_000),
    ] {
        let entry = header.get(key).expect("it is there");
        assert!(!entry.is_whole && entry.kind == kind, "{key}");
        assert_eq!(entry.length(), Some(length), "{key}");
    }
    // Not a number, and not zero either.
    assert_eq!(header.get("c.infinite").and_then(|m| m.whole()), None);
}

#[test]
fn adapters_projectors_and_vocabularies_are_told_apart() {
    let alpha = Some(16_u64.into());
    let lora = Kind::Adapter {
        method: Some("lora".to_owned()),
        lora_alpha: alpha,
    };
    assert_eq!(header("adapter.gguf").kind(), lora);
    assert_eq!(header("projector.gguf").kind(), Kind::Projector);
    assert_eq!(header("vocabulary.gguf").kind(), Kind::Vocabulary);
    assert_eq!(header("types.gguf").kind(), Kind::Model);
    assert_eq!(header("split-00002-of-00003.gguf").kind(), Kind::Model);
    let tail = File::default().tensor("blk.61.nextn.eh_proj.weight", &[8, 2], Dtype::F32);
    assert_eq!(
        read(&tail.written()).unwrap().kind(),
        Kind::MultiTokenPrediction
    );
}

#[test]
fn the_configuration_has_the_length_of_the_vocabulary_and_not_its_words() {
    let reading = configuration(&header("vocabulary.gguf"));
    let tokens = reading.get("tokenizer.ggml.tokens").expect("it is there");
    assert!(matches!(&tokens.value, Observed::List(items) if items.len() == 300));
    let words = vec!["word"; 5000];
    let long = File::default()
        .text("general.architecture", "llama")
        .texts("tokenizer.ggml.tokens", &words);
    let reading = configuration(&read(&long.written()).unwrap());
    let tokens = &reading
        .get("tokenizer.ggml.tokens")
        .expect("it is there")
        .value;
    let Observed::Map(fields) = tokens else {
        panic!("{tokens:?}");
    };
    assert_eq!(
        fields[1],
        ("length".to_owned(), Observed::Number(5000_u64.into()))
    );
}

fn split_tree(names: &[&str]) -> MemoryTree {
    MemoryTree(
        names
            .iter()
            .map(|n| (format!("weights/{n}"), bytes(n)))
            .collect(),
    )
}

const PARTS: [&str; 3] = [
    "split-00001-of-00003.gguf",
    "split-00002-of-00003.gguf",
    "split-00003-of-00003.gguf",
];

#[test]
fn a_split_model_is_read_from_any_of_its_parts() {
    let tree = split_tree(&PARTS);
    for part in PARTS {
        let name = format!("weights/{part}");
        let split = read_split(&tree, &name, &format!("model/{name}")).expect("all are there");
        assert_eq!(split.parts.len(), 3);
        let names: Vec<&str> = split
            .header
            .tensors
            .iter()
            .map(|t| t.name.as_str())
            .collect();
        assert_eq!(names, ["a", "b", "c", "d", "e"]);
        let inputs: Vec<&str> = split
            .header
            .tensors
            .iter()
            .map(|t| t.input.as_str())
            .collect();
        assert_eq!(inputs[4], "model/weights/split-00003-of-00003.gguf");
        assert_eq!(split.header.architecture(), Some("llama"));
    }
}

#[test]
fn one_file_of_one_is_whole_without_saying_so() {
    let name = "m-00001-of-00001.gguf";
    let tree = |file: &str| MemoryTree(BTreeMap::from([(name.to_owned(), bytes(file))]));
    let split = read_split(&tree("types.gguf"), name, name).expect("it is whole");
    assert_eq!((split.parts.len(), split.header.tensors.len()), (1, 34));
    // A part under the name of a whole is still a part.
    let error = read_split(&tree(PARTS[0]), name, name).expect_err("it is not whole");
    assert_eq!(error.code(), "shard-mismatch");
}

#[test]
fn a_part_that_is_not_there_is_named() {
    for missing in PARTS {
        let there: Vec<&str> = PARTS.into_iter().filter(|p| *p != missing).collect();
        let name = format!("weights/{}", there[0]);
        let error = read_split(&split_tree(&there), &name, &name).expect_err("it is not whole");
        assert_eq!(error.code(), "shard-mismatch");
        assert!(error.to_string().contains(missing), "{error}");
    }
}

#[test]
fn names_of_parts_are_read_strictly() {
    let read = |name: &str| PartName::parse(name).map(|p| (p.stem, p.number, p.count));
    assert_eq!(
        read("a/b-c-00002-of-00011.gguf"),
        Some(("a/b-c".to_owned(), 2, 11))
    );
    for name in [
        "b.gguf",
        "b-00000-of-00002.gguf",
        "b-00003-of-00002.gguf",
        "b-1-of-2.gguf",
        "b-00001-of-00002.safetensors",
        "b-+0001-of-00002.gguf",
    ] {
        assert_eq!(read(name), None, "{name}");
    }
}

/// A small writer, so that tests can write what gguf-py does not.
#[derive(Clone, Debug, Default)]
struct File {
    version: Option<u32>,
    is_big_endian: bool,
    alignment: Option<u32>,
    /// Keys with type and value as bytes.
    keys: Vec<(String, Vec<u8>)>,
    tensors: Vec<(String, Vec<u64>, Dtype)>,
    is_last_padded: bool,
}

impl File {
    fn tensor(mut self, name: &str, shape: &[u64], dtype: Dtype) -> Self {
        self.tensors.push((name.to_owned(), shape.to_vec(), dtype));
        self
    }

    fn text(mut self, key: &str, text: &str) -> Self {
        let value = [self.u32(8), self.string(text)].concat();
        self.keys.push((key.to_owned(), value));
        self
    }

    fn texts(mut self, key: &str, texts: &[&str]) -> Self {
        let mut value = [self.u32(9), self.u32(8), self.length(texts.len() as u64)].concat();
        texts.iter().for_each(|t| value.extend(self.string(t)));
        self.keys.push((key.to_owned(), value));
        self
    }

    fn number(mut self, key: &str, number: u32) -> Self {
        let value = [self.u32(4), self.u32(number)].concat();
        self.keys.push((key.to_owned(), value));
        self
    }

    fn ordered<const N: usize>(&self, mut bytes: [u8; N]) -> Vec<u8> {
        if self.is_big_endian {
            bytes.reverse();
        }
        bytes.to_vec()
    }

    fn u32(&self, number: u32) -> Vec<u8> {
        self.ordered(number.to_le_bytes())
    }

    /// Version 1 has lengths of four bytes.
    fn length(&self, number: u64) -> Vec<u8> {
        if self.version == Some(1) {
            self.u32(number.try_into().expect("it fits"))
        } else {
            self.ordered(number.to_le_bytes())
        }
    }

    fn string(&self, text: &str) -> Vec<u8> {
        [self.length(text.len() as u64), text.as_bytes().to_vec()].concat()
    }

    fn written(&self) -> Vec<u8> {
        let mut keys = self.keys.clone();
        if let Some(alignment) = self.alignment {
            keys.push((
                "general.alignment".to_owned(),
                [self.u32(4), self.u32(alignment)].concat(),
            ));
        }
        let alignment = self.alignment.unwrap_or(32) as usize;
        let mut out = b"GGUF".to_vec();
        out.extend(self.u32(self.version.unwrap_or(3)));
        out.extend(self.length(self.tensors.len() as u64));
        out.extend(self.length(keys.len() as u64));
        for (key, value) in &keys {
            out.extend(self.string(key));
            out.extend(value);
        }
        let mut end = 0_usize;
        for (name, shape, dtype) in &self.tensors {
            end = end.next_multiple_of(alignment);
            out.extend(self.string(name));
            out.extend(self.u32(shape.len() as u32));
            shape.iter().rev().for_each(|d| out.extend(self.length(*d)));
            out.extend(self.u32(dtype.ggml_id().expect("a type of GGML")));
            out.extend(self.ordered((end as u64).to_le_bytes()));
            let elements = shape.iter().product();
            end += dtype.bytes_for(elements).expect("whole blocks") as usize;
        }
        if self.is_last_padded {
            end = end.next_multiple_of(alignment);
        }
        if !self.tensors.is_empty() {
            out.resize(out.len().next_multiple_of(alignment) + end, 0);
        }
        out
    }
}

fn ggml_types() -> Vec<Dtype> {
    Dtype::all().filter(|d| d.ggml_id().is_some()).collect()
}

/// Rows of whole blocks, scalars and empty tensors among them.
fn any_shape() -> impl Strategy<Value = Vec<u64>> {
    prop_oneof![
        Just(vec![]),
        (prop::collection::vec(0_u64..4, 0..3), 0_u64..3).prop_map(|(mut shape, blocks)| {
            shape.push(256 * blocks);
            shape
        }),
        prop::collection::vec(0_u64..5, 1..4),
    ]
}

prop_compose! {
    fn any_file()(
        version in select(vec![None, Some(1), Some(2), Some(3)]),
        is_big_endian in any::<bool>(),
        alignment in select(vec![None, Some(8), Some(64), Some(4096)]),
        texts in prop::collection::btree_map("[a-z]{1,4}", ".{0,9}", 0..4),
        words in prop::collection::vec(".{0,5}", 0..6),
        tensors in prop::collection::btree_map(".{1,5}", (select(ggml_types()), any_shape()), 0..7),
        is_last_padded in any::<bool>(),
    ) -> File {
        let mut file = File { version, is_big_endian, alignment, is_last_padded, ..File::default() };
        for (key, text) in &texts {
            file = file.text(&format!("t.{key}"), text);
        }
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        file = file.texts("words", &words).number("number", 7);
        for (name, (dtype, shape)) in tensors {
            let row = shape.last().copied().unwrap_or(1);
            let fits = row % dtype.block().elements == 0;
            file = file.tensor(&name, &shape, if fits { dtype } else { Dtype::F16 });
        }
        file
    }
}

/// Small damage, anywhere.
fn any_damage() -> impl Strategy<Value = (Index, u8, u8)> {
    (any::<Index>(), any::<u8>(), 0_u8..5)
}

fn damage(bytes: &mut Vec<u8>, (at, byte, how): &(Index, u8, u8)) {
    let index = at.index(bytes.len());
    match how {
        0 => bytes.truncate(index),
        1 => bytes.insert(index, *byte),
        2 => bytes.extend_from_slice(&[*byte; 3]),
        // A small number where a count or a type may stand.
        3 => bytes[index] = byte % 16,
        _ => bytes[index] = *byte,
    }
}

proptest! {
    #[test]
    fn what_is_written_reads_back(file in any_file()) {
        let bytes = file.written();
        let header = read(&bytes).expect("the file is sound");
        assert_promises(&header, bytes.len() as u64);
        prop_assert_eq!(header.version, file.version.unwrap_or(3));
        prop_assert_eq!(header.is_big_endian, file.is_big_endian);
        prop_assert_eq!(header.metadata.len(), file.keys.len() + usize::from(file.alignment.is_some()));
        let mut seen: Vec<(String, Vec<u64>, Dtype)> =
            header.tensors.into_iter().map(|t| (t.name, t.shape, t.dtype)).collect();
        seen.sort();
        prop_assert_eq!(seen, file.tensors);
    }

    /// However a model is packed, it has the same elements in the same shapes.
    #[test]
    fn packing_changes_bytes_and_never_the_count(
        shapes in prop::collection::vec((0_u64..5, 0_u64..4), 1..6),
        packed in prop::collection::vec(select(ggml_types()), 6),
    ) {
        let file = |of: &dyn Fn(usize) -> Dtype| {
            let named = shapes.iter().enumerate();
            named.fold(File::default(), |file, (n, (rows, blocks))| {
                file.tensor(&format!("t{n}"), &[*rows, 256 * blocks], of(n))
            })
        };
        let plain = read(&file(&|_| Dtype::F32).written()).expect("it is sound");
        let packed = read(&file(&|n| packed[n]).written()).expect("it is sound");
        let count = |h: &Header| -> BTreeMap<String, (Vec<u64>, u64)> {
            let tensors = h.tensors.iter();
            tensors.map(|t| (t.name.clone(), (t.shape.clone(), t.elements))).collect()
        };
        prop_assert_eq!(count(&plain), count(&packed));
    }

    #[test]
    fn damage_is_refused_or_keeps_every_promise(
        file in any_file(),
        damages in prop::collection::vec(any_damage(), 1..4),
    ) {
        let mut bytes = file.written();
        for one in &damages {
            if !bytes.is_empty() {
                damage(&mut bytes, one);
            }
        }
        if let Ok(header) = read(&bytes) {
            assert_promises(&header, bytes.len() as u64);
        }
    }

    /// A file that ends early is never a smaller file.
    #[test]
    fn no_beginning_of_a_file_is_a_file(file in any_file(), cut in any::<Index>()) {
        let mut file = file;
        // Without a last tensor that has bytes, the end is only padding.
        file = file.tensor("~last", &[1], Dtype::F32);
        file.is_last_padded = false;
        let bytes = file.written();
        let cut = cut.index(bytes.len());
        prop_assert!(read(&bytes[..cut]).is_err());
    }
}
