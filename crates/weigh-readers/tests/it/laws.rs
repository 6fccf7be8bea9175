//! Laws over anything: what is accepted keeps its promises, what is damaged is noticed.

use std::collections::BTreeMap;

use proptest::prelude::*;
use proptest::sample::Index;
use serde_json::{Map, Value};
use weigh_facts::{Decimal, Observed};
use weigh_readers::safetensors::{Header, read_header, read_index};
use weigh_readers::{Memory, Object, ReadError, config};

use crate::support::{any_damage, any_tensors, assert_promises, header, written};

proptest! {
    /// Damage of any kind is an error, or leaves a file that keeps the promises.
    #[test]
    fn damaged_files_are_refused_or_sound(
        tensors in any_tensors(),
        damages in prop::collection::vec(any_damage(), 1..4),
    ) {
        let mut bytes = written(&tensors);
        for damage in &damages {
            if !bytes.is_empty() {
                damage.apply(&mut bytes);
            }
        }
        if let Ok(read) = header(&bytes) {
            assert_promises(&read, bytes.len());
        }
    }

    /// A file that ends early is never taken for a shorter one.
    #[test]
    fn truncated_files_are_refused(tensors in any_tensors(), at in any::<Index>()) {
        let bytes = written(&tensors);
        let cut = &bytes[..at.index(bytes.len())];
        prop_assert!(header(cut).is_err());
    }

    /// Bytes of any kind are an error or keep the promises.
    #[test]
    fn noise_is_refused_or_sound(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        if let Ok(read) = header(&bytes) {
            assert_promises(&read, bytes.len());
        }
    }

    /// Every leaf of any object is observed once, at its own key, as it was written.
    #[test]
    fn every_leaf_is_observed(object in any_object()) {
        let text = Value::Object(object.clone()).to_string();
        let reading = config::read(&Memory(text.into_bytes()), "config.json").unwrap();
        let mut leaves = Vec::new();
        flatten("", &object, &mut leaves);
        prop_assert_eq!(reading.observations.len(), leaves.len());
        for (observation, (key, value)) in reading.observations.iter().zip(&leaves) {
            prop_assert_eq!(&observation.key, key);
            prop_assert!(same(&observation.value, value), "{:?} is not {}", observation, value);
        }
        let keys: std::collections::HashSet<_> = leaves.iter().map(|(key, _)| key).collect();
        prop_assert_eq!(keys.len(), leaves.len(), "two leaves share a key");
    }
}

fn any_object() -> impl Strategy<Value = Map<String, Value>> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
    ];
    let value = leaf.prop_recursive(4, 40, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            any_map(inner).prop_map(Value::Object),
        ]
    });
    any_map(value)
}

/// Names that could pass for paths among them.
fn any_map(value: impl Strategy<Value = Value>) -> impl Strategy<Value = Map<String, Value>> {
    let name = prop_oneof!["[ab\".]{0,3}", any::<String>()];
    prop::collection::btree_map(name, value, 0..6).prop_map(|map| map.into_iter().collect())
}

fn flatten(prefix: &str, object: &Map<String, Value>, leaves: &mut Vec<(String, Value)>) {
    for (name, value) in object {
        let quoted = name.is_empty() || name.contains('.') || name.contains('"');
        let name = if quoted {
            Value::from(name.as_str()).to_string()
        } else {
            name.clone()
        };
        let key = if prefix.is_empty() {
            name
        } else {
            format!("{prefix}.{name}")
        };
        match value {
            Value::Object(inner) if !inner.is_empty() => flatten(&key, inner, leaves),
            leaf => leaves.push((key, leaf.clone())),
        }
    }
}

fn same(seen: &Observed, written: &Value) -> bool {
    match (seen, written) {
        (Observed::Null, Value::Null) => true,
        (Observed::Bool(one), Value::Bool(other)) => one == other,
        (Observed::Text(one), Value::String(other)) => one == other,
        (Observed::Number(one), Value::Number(other)) => match (other.as_u64(), other.as_i64()) {
            (Some(other), _) => *one == Decimal::from(other),
            (_, Some(other)) => *one == Decimal::from(other),
            _ => one.to_plain().parse::<f64>().ok() == other.as_f64(),
        },
        (Observed::List(one), Value::Array(other)) => {
            one.len() == other.len() && one.iter().zip(other).all(|(s, w)| same(s, w))
        }
        (Observed::Map(one), Value::Object(other)) => {
            let mut pairs = one.iter().zip(other);
            one.len() == other.len() && pairs.all(|((k, s), (l, w))| k == l && same(s, w))
        }
        _ => false,
    }
}

/// A model in shards: the index as text, and the shards with their headers.
struct Sharded {
    map: BTreeMap<String, String>,
    headers: Vec<(String, Header)>,
}

impl Sharded {
    /// Tensor `n` lies in shard `n % 3`.
    fn new(n_tensors: usize) -> Self {
        let mut parts: [BTreeMap<String, String>; 3] = Default::default();
        let mut map = BTreeMap::new();
        for n in 0..n_tensors {
            let (tensor, shard) = (format!("t{n}"), format!("model-{}.safetensors", n % 3));
            let entry = r#"{"dtype":"U8","shape":[0],"data_offsets":[0,0]}"#;
            parts[n % 3].insert(tensor.clone(), entry.to_owned());
            map.insert(tensor, shard);
        }
        let header = |(n, part): (usize, &BTreeMap<String, String>)| {
            let entries: Vec<String> = part.iter().map(|(t, e)| format!("\"{t}\":{e}")).collect();
            let text = format!("{{{}}}", entries.join(","));
            let name = format!("model-{n}.safetensors");
            let bytes = crate::support::with_header(&text, 0);
            let header = read_header(&Memory(bytes), &name).expect("the shard is sound");
            (name, header)
        };
        let headers = parts.iter().enumerate().map(header).collect();
        Self { map, headers }
    }

    fn check(&self) -> Result<(), &'static str> {
        let text = serde_json::json!({ "metadata": {}, "weight_map": self.map }).to_string();
        let index = read_index(&Memory(text.into_bytes()), "index.json").map_err(|e| e.code())?;
        index.check(&self.headers).map(drop).map_err(|e| e.code())
    }
}

proptest! {
    /// An index agrees with its shards in any order, and with nothing else.
    #[test]
    fn an_index_agrees_with_its_own_shards_alone(
        n_tensors in 4_usize..20,
        picked in any::<Index>(),
        edit in 0_usize..8,
    ) {
        let mut model = Sharded::new(n_tensors);
        prop_assert_eq!(model.check(), Ok(()));
        model.headers.rotate_left(picked.index(3));
        prop_assert_eq!(model.check(), Ok(()));

        let tensor = format!("t{}", picked.index(n_tensors));
        let from = model.map[&tensor].clone();
        let at = model.headers.iter().position(|(name, _)| *name == from).expect("its shard");
        let to = (at + 1) % 3;
        let place = model.headers[at].1.tensors.iter().position(|t| t.name == tensor);
        let place = place.expect("its place");
        match edit {
            0 => { model.headers[at].1.tensors.remove(place); }
            1 => { model.map.remove(&tensor); }
            2 => { model.map.insert("extra".to_owned(), from); }
            3 => { model.map.insert(tensor, model.headers[to].0.clone()); }
            4 => {
                let moved = model.headers[at].1.tensors.remove(place);
                model.headers[to].1.tensors.push(moved);
            }
            5 => {
                let copied = model.headers[at].1.tensors[place].clone();
                model.headers[to].1.tensors.push(copied);
            }
            6 => { model.headers.push(model.headers[at].clone()); }
            _ => { model.headers.remove(at); }
        }
        prop_assert_eq!(model.check(), Err("shard-mismatch"), "edit {}", edit);
    }
}

/// A file that says it is long, and tells what was read of it.
struct Long {
    header_len: u64,
}

impl Object for Long {
    fn len(&self) -> u64 {
        u64::MAX
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> Result<(), ReadError> {
        assert_eq!((offset, buffer.len()), (0, 8), "read beyond the length");
        buffer.copy_from_slice(&self.header_len.to_le_bytes());
        Ok(())
    }
}

#[test]
fn nothing_is_read_of_what_is_too_long() {
    for header_len in [100_000_001, 1 << 40, 1 << 63, u64::MAX] {
        let refused = read_header(&Long { header_len }, "long").unwrap_err();
        assert_eq!(refused.code(), "safetensors-header", "{header_len}");
    }
    let long = Long { header_len: 0 };
    assert_eq!(
        config::read(&long, "long").unwrap_err().code(),
        "file-too-long"
    );
    assert_eq!(
        read_index(&long, "long").unwrap_err().code(),
        "file-too-long"
    );
}

#[test]
fn a_header_ends_where_the_file_does_at_the_latest() {
    for beyond in 1..=8_u64 {
        let mut bytes = crate::support::with_header("{}", 0);
        bytes[0] += u8::try_from(beyond).expect("a digit");
        assert_eq!(
            header(&bytes).unwrap_err().code(),
            "safetensors-header",
            "{beyond}"
        );
    }
}

#[test]
fn a_total_written_as_a_float_is_a_claim_like_any_other() {
    let claims = |total: &str| {
        let text = format!(r#"{{"metadata":{{"total_size":{total}}},"weight_map":{{}}}}"#);
        let index = read_index(&Memory(text.into_bytes()), "index.json").unwrap();
        let warnings = index.check(&[]).unwrap();
        (
            index.total_size,
            warnings.iter().map(|w| w.code).collect::<Vec<_>>(),
        )
    };
    assert_eq!(
        claims("16060522496.0"),
        (Some(16_060_522_496), vec!["false-total-size"])
    );
    assert_eq!(claims("1.6e10").0, Some(16_000_000_000));
    assert_eq!(claims("0"), (Some(0), vec![]));
    assert_eq!(claims("null"), (None, vec![]));
    assert_eq!(claims("-1"), (None, vec![]));
}

#[test]
fn an_index_leads_to_plain_names_alone_and_says_all_once() {
    let code = |text: &str| {
        read_index(&Memory(text.as_bytes().to_vec()), "i")
            .unwrap_err()
            .code()
    };
    for shard in ["../a", "/a", "a/b", "..\\\\a", "", ".", "..", "c:a", "a\\n"] {
        let text = format!(r#"{{"weight_map":{{"t":"{shard}"}}}}"#);
        assert_eq!(code(&text), "index-path", "{shard}");
    }
    assert_eq!(
        code(r#"{"weight_map":{"t":"a","t":"b"}}"#),
        "duplicate-tensor"
    );
    assert_eq!(
        code(r#"{"weight_map":{},"weight_map":{}}"#),
        "duplicate-key"
    );
    assert_eq!(
        code(r#"{"metadata":{},"metadata":{},"weight_map":{}}"#),
        "duplicate-key"
    );
    assert_eq!(code("{}"), "index-shape");
    assert_eq!(code(r#"{"weight_map":{"t":1}}"#), "json-syntax");
}
