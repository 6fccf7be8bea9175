//! Arrays that NumPy wrote, against what was in memory when it wrote them.
//! `fixtures/make_numpy.py` makes both.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use weigh_readers::{Memory, npy};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/numpy")
}

fn bytes(name: &str) -> Vec<u8> {
    std::fs::read(folder().join(name)).expect("the fixture is there")
}

/// Their name of one of our types.
fn theirs(ours: &str) -> &str {
    match ours {
        "BOOL" => "bool",
        "U8" => "uint8",
        "I8" => "int8",
        "U16" => "uint16",
        "I16" => "int16",
        "U32" => "uint32",
        "I32" => "int32",
        "U64" => "uint64",
        "I64" => "int64",
        "F16" => "float16",
        "F32" => "float32",
        "F64" => "float64",
        "C64" => "complex64",
        "C128" => "complex128",
        other => panic!("no fixture has {other}"),
    }
}

#[test]
fn what_numpy_wrote_is_read_as_it_was() {
    type Seen = BTreeMap<String, (String, Vec<u64>, u64)>;
    let expected: BTreeMap<String, Seen> =
        serde_json::from_slice(&bytes("expected.json")).expect("JSON");
    assert_eq!(expected.len(), 6);
    for (name, wanted) in expected {
        let file = Memory(bytes(&name));
        let arrays = match name.strip_suffix(".npy") {
            Some(stem) => npy::read(&file, stem, &name).map(|array| vec![array]),
            None => npy::read_archive(&file, &name),
        };
        let arrays = arrays.unwrap_or_else(|error| panic!("{name}: {error}"));
        let found: Seen = arrays
            .iter()
            .map(|array| {
                let seen = &array.seen;
                let dtype = theirs(seen.dtype.as_str()).to_owned();
                (seen.name.clone(), (dtype, seen.shape.clone(), seen.bytes))
            })
            .collect();
        assert_eq!(found, wanted, "{name}");
        for array in arrays {
            let name = array.seen.name.as_str();
            assert_eq!(array.is_fortran, name == "fortran", "{name}");
            assert_eq!(array.is_big_endian, matches!(name, "kind14" | "kind15"));
        }
    }
}

#[test]
fn objects_and_records_are_refused_by_name() {
    let refused = |name: &str| npy::read(&Memory(bytes(name)), "a", name).unwrap_err();
    let objects = refused("objects.npy");
    assert_eq!(objects.code(), "numpy-object");
    assert!(
        objects
            .help()
            .is_some_and(|help| help.contains("allow_pickle"))
    );
    let records = refused("records.npy");
    assert_eq!(records.code(), "numpy-array");
    assert!(records.to_string().contains("records"), "{records}");
}
