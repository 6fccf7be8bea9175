//! Our reader against the library that defines the format: it writes, we read; and whatever we
//! accept, it accepts and reads as the same tensors.

use std::collections::{BTreeMap, HashMap};

use proptest::prelude::*;
use safetensors::SafeTensors;
use weigh_facts::Dtype;

use crate::support::{
    DTYPES, Damage, any_damage, any_tensors, assert_promises, header, with_header, written,
};

/// Name, element type and shape, by name.
type Seen = BTreeMap<String, (String, Vec<u64>)>;

fn ours(bytes: &[u8]) -> Result<Seen, &'static str> {
    let header = header(bytes).map_err(|e| e.code())?;
    assert_promises(&header, bytes.len());
    let seen = header.tensors.into_iter();
    Ok(seen
        .map(|t| (t.name, (t.dtype.as_str().to_owned(), t.shape)))
        .collect())
}

fn theirs(bytes: &[u8]) -> Result<Seen, String> {
    let (_, metadata) = SafeTensors::read_metadata(bytes).map_err(|e| e.to_string())?;
    let seen = metadata.tensors().into_iter();
    Ok(seen
        .map(|(name, info)| {
            let shape = info.shape.iter().map(|d| *d as u64).collect();
            (name, (info.dtype.to_string(), shape))
        })
        .collect())
}

proptest! {
    /// What the reference library writes, we read as it was.
    #[test]
    fn what_the_library_writes_reads_back(tensors in any_tensors()) {
        let bytes = written(&tensors);
        let expected: Seen = tensors
            .iter()
            .map(|t| {
                let shape = t.shape.iter().map(|d| *d as u64).collect();
                (t.name.clone(), (t.dtype.to_string(), shape))
            })
            .collect();
        prop_assert_eq!(ours(&bytes), Ok(expected.clone()));
        prop_assert_eq!(theirs(&bytes), Ok(expected));
    }

    /// After any damage: what we accept, the library accepts, and reads the same.
    #[test]
    fn we_accept_nothing_that_the_library_refuses(
        tensors in any_tensors(),
        damages in prop::collection::vec(any_damage(), 1..3),
    ) {
        let mut bytes = written(&tensors);
        for damage in &damages {
            if !bytes.is_empty() {
                damage.apply(&mut bytes);
            }
        }
        if let Ok(seen) = ours(&bytes) {
            prop_assert_eq!(theirs(&bytes), Ok(seen));
        }
    }

    /// The converse, where the damage is one digit: what the library accepts, we accept too.
    #[test]
    fn we_refuse_no_number_that_the_library_accepts(
        tensors in any_tensors(),
        at in any::<prop::sample::Index>(),
        digit in b'0'..=b'9',
    ) {
        let mut bytes = written(&tensors);
        Damage::Digit(at, digit).apply(&mut bytes);
        // A digit may make two names the same, which only we refuse.
        if let Ok(seen) = theirs(&bytes)
            && seen.len() == tensors.len()
        {
            prop_assert_eq!(ours(&bytes), Ok(seen));
        }
    }
}

#[test]
fn every_element_type_of_the_library_is_known_with_its_width() {
    for dtype in DTYPES {
        let known = Dtype::from_safetensors(&dtype.to_string());
        let width = known.and_then(|d| d.bytes_for(8));
        assert_eq!(width, Some(dtype.bitsize() as u64), "{dtype}");
    }
}

#[test]
fn notes_are_read_as_they_were_written() {
    let notes = HashMap::from([("format".to_owned(), "pt".to_owned())]);
    let tensors: [(&str, safetensors::tensor::TensorView<'_>); 0] = [];
    let bytes = safetensors::serialize(tensors, Some(notes.clone())).unwrap();
    let read = header(&bytes).unwrap().metadata;
    assert_eq!(read.into_iter().collect::<HashMap<_, _>>(), notes);
}

/// Files that the library reads, and that we refuse.
#[test]
fn where_two_readers_could_see_two_models_we_refuse() {
    let nine = r#"{"a":{"dtype":"F32","shape":[1,1,1,1,1,1,1,1,1],"data_offsets":[0,4]}}"#;
    let huge = format!(
        r#"{{"a":{{"dtype":"F32","shape":[0,{}],"data_offsets":[0,0]}}}}"#,
        (1_u64 << 40) + 1
    );
    let twice = r#"{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]}}"#;
    let notes = r#"{"__metadata__":{"a":"1","a":"2"}}"#;
    let extra = r#"{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4],"x":1}}"#;
    let space = r#" {"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}"#;
    for (text, data_len, code) in [
        (nine, 4, "tensor-shape"),
        (&huge, 0, "tensor-shape"),
        (twice, 4, "duplicate-tensor"),
        (notes, 0, "duplicate-key"),
        (extra, 4, "safetensors-header"),
        (space, 4, "safetensors-header"),
    ] {
        let bytes = with_header(text, data_len);
        assert!(theirs(&bytes).is_ok(), "the library refuses {text}");
        assert_eq!(ours(&bytes), Err(code), "{text}");
    }
}

/// Corners of the format that both read.
#[test]
fn scalars_empty_tensors_padding_and_missing_notes_are_read() {
    for (text, data_len) in [
        (
            r#"{"a":{"dtype":"F32","shape":[],"data_offsets":[0,4]}}"#,
            4,
        ),
        (
            r#"{"a":{"dtype":"F32","shape":[0,7],"data_offsets":[0,0]}}"#,
            0,
        ),
        ("{}     ", 0),
        (r#"{"__metadata__":null}"#, 0),
        (
            r#"{"b":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"a":{"dtype":"U8","shape":[0],"data_offsets":[1,1]}}"#,
            1,
        ),
    ] {
        let bytes = with_header(text, data_len);
        assert_eq!(ours(&bytes), theirs(&bytes).map_err(|_| ""), "{text}");
        assert!(ours(&bytes).is_ok(), "{text}");
    }
}
