//! Small models written by the tests, and the examples.

use std::path::{Path, PathBuf};

use weigh_compute::fingerprint::{Change, Tier};

use super::*;
use crate::digests::Quiet;

const WIDTH: usize = 64;
const HIDDEN: usize = 160;
const TOKENS: usize = 300;

type Tensors = Vec<(String, [usize; 2], Vec<f32>)>;

/// Uniform values around zero from SplitMix64.
fn random(state: &mut u64) -> f32 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut z = *state;
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    ((z ^ (z >> 31)) >> 40) as f32 / (1 << 24) as f32 - 0.5
}

fn model(seed: u64) -> Tensors {
    let mut state = seed << 32;
    let mut tensor = |name: String, shape: [usize; 2]| {
        let values = (0..shape[0] * shape[1]).map(|_| random(&mut state));
        (name, shape, values.collect())
    };
    let mut found = vec![tensor(
        "model.embed_tokens.weight".to_owned(),
        [TOKENS, WIDTH],
    )];
    for layer in 0..3 {
        for (kind, shape) in [
            ("gate_proj", [HIDDEN, WIDTH]),
            ("up_proj", [HIDDEN, WIDTH]),
            ("down_proj", [WIDTH, HIDDEN]),
        ] {
            found.push(tensor(
                format!("model.layers.{layer}.mlp.{kind}.weight"),
                shape,
            ));
        }
    }
    found
}

fn write(folder: &Path, name: &str, tensors: &Tensors) -> PathBuf {
    let (mut header, mut data) = (serde_json::Map::new(), Vec::new());
    for (name, shape, values) in tensors {
        let begin = data.len();
        data.extend(values.iter().flat_map(|v| v.to_le_bytes()));
        let entry = serde_json::json!({
            "dtype": "F32", "shape": shape, "data_offsets": [begin, data.len()]
        });
        header.insert(name.clone(), entry);
    }
    let header = serde_json::Value::Object(header).to_string();
    let mut bytes = (header.len() as u64).to_le_bytes().to_vec();
    bytes.extend(header.as_bytes());
    bytes.extend(data);
    let path = folder.join(name);
    std::fs::create_dir(&path).expect("made");
    std::fs::write(path.join("model.safetensors"), bytes).expect("written");
    path
}

fn read(path: &Path) -> Registered {
    register(path, &LineageKey::public(), &Quiet).expect("readable")
}

fn compared(target: &Tensors, candidate: &Tensors) -> Candidate {
    let folder = tempfile::tempdir().expect("a folder");
    let target = read(&write(folder.path(), "target", target));
    let candidate = read(&write(folder.path(), "candidate", candidate));
    compare_lineage(&target, &[candidate]).candidates.remove(0)
}

/// The stream reversed and rotated by one; hidden units reversed.
fn reordered(base: &Tensors, stream: bool, units: bool) -> Tensors {
    let mut found = base.clone();
    for (name, [rows, columns], values) in &mut found {
        let writes = name.contains("down_proj");
        let old = values.clone();
        for row in 0..*rows {
            for column in 0..*columns {
                let moved = |k: usize, n: usize| match n {
                    WIDTH if stream => (2 * WIDTH - 2 - k) % WIDTH,
                    HIDDEN if units => HIDDEN - 1 - k,
                    _ => k,
                };
                let row_from = if writes || *rows == HIDDEN {
                    moved(row, *rows)
                } else {
                    row
                };
                values[row * *columns + column] =
                    old[row_from * *columns + moved(column, *columns)];
            }
        }
    }
    found
}

#[test]
fn another_order_of_the_stream_is_undone() {
    let base = model(1);
    let found = compared(&reordered(&base, true, false), &base);
    assert_eq!(
        (found.relation.tier, found.closer.reordered),
        (Tier::Strong, true)
    );
    assert_eq!(found.relation.related, 9);
    assert_eq!(found.relation.changes, [Change::Reordered]);
    let found = compared(&reordered(&base, true, true), &base);
    assert_eq!(found.closer.embedding.map(|c| c > 0.99), Some(true));
    assert!(found.relation.tier >= Tier::Possible, "{found:?}");
}

#[test]
fn another_model_gives_no_evidence_and_another_shape_none_to_compare() {
    let found = compared(&model(1), &model(2));
    assert_eq!(found.relation.tier, Tier::NoEvidence);
    assert!(found.closer.embedding.is_some_and(|c| c < 0.6));
    let mut narrow = model(1);
    narrow.truncate(1);
    assert_eq!(
        compared(&narrow, &model(2)).relation.tier,
        Tier::NotComparable
    );
}

#[test]
fn hidden_units_in_another_order_are_matched() {
    let base = model(1);
    let mut target = base.clone();
    // The first layer keeps its order, and ties the two together.
    let moved = reordered(&base, false, true);
    for (slot, other) in target.iter_mut().zip(moved).skip(4) {
        *slot = other;
    }
    let found = compared(&target, &base);
    assert_eq!(found.relation.tier, Tier::Strong);
    assert_eq!(found.closer.units, 2);
}

/// A kept fingerprint answers as the weights do, and a damaged one is refused.
#[test]
fn a_fingerprint_stands_in_for_its_model() {
    let folder = tempfile::tempdir().expect("a folder");
    let base = read(&write(folder.path(), "base", &model(1)));
    let mut tuned = model(1);
    for ((_, _, values), (_, _, other)) in tuned.iter_mut().zip(model(2)) {
        values
            .iter_mut()
            .zip(other)
            .for_each(|(v, o)| *v += 0.1 * o);
    }
    let target = read(&write(folder.path(), "tuned", &tuned));
    let path = folder.path().join("base.json");
    let text = fingerprint_json(&base);
    std::fs::write(&path, &text).expect("written");
    let kept = read(&path);
    assert_eq!(kept.fingerprint, base.fingerprint);
    let tier = |c: Registered| compare_lineage(&target, &[c]).candidates[0].relation.tier;
    assert_eq!((tier(kept), tier(base)), (Tier::Strong, Tier::Strong));
    for (from, to) in [
        ("\"buckets\":1024", "\"buckets\":1023"),
        ("fingerprint/1", "fingerprint/9"),
        ("\"sketch\":\"", "\"sketch\":\"AAAA"),
        ("\"blake3\":\"", "\"blake3\":\"0"),
    ] {
        std::fs::write(&path, text.replacen(from, to, 1)).expect("written");
        let refused = register(&path, &LineageKey::public(), &Quiet);
        assert_eq!(refused.expect_err(to).code(), "fingerprint-file");
    }
}

#[test]
fn claims_are_confirmed_contradicted_or_left_open() {
    let folder = tempfile::tempdir().expect("a folder");
    let target = write(folder.path(), "target", &model(1));
    let card = "---\nbase_model: [us/same, us/other, us/absent]\n---\n";
    std::fs::write(target.join("README.md"), card).expect("written");
    let candidates = [
        read(&write(folder.path(), "same", &model(1))),
        read(&write(folder.path(), "other", &model(2))),
    ];
    let report = compare_lineage(&read(&target), &candidates);
    let standings: Vec<Standing> = report.claims.iter().map(|(_, s)| *s).collect();
    let expected = [
        Standing::Confirmed,
        Standing::Contradicted,
        Standing::Unverifiable,
    ];
    assert_eq!(standings, expected);
    assert!(report.undeclared.is_empty());
}

#[test]
fn a_private_key_gives_other_sketches_and_a_short_one_is_none() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = write(folder.path(), "model", &model(1));
    let secret = folder.path().join("secret");
    std::fs::write(&secret, "0123456789abcdef").expect("written");
    let key = LineageKey::of_file(&secret).expect("long enough");
    let private = register(&path, &key, &Quiet).expect("readable");
    let mut tuned = model(1);
    tuned
        .iter_mut()
        .for_each(|(_, _, v)| v.iter_mut().for_each(|v| *v *= 1.5));
    let tuned = read(&write(folder.path(), "tuned", &tuned));
    let found = compare_lineage(&tuned, &[private]);
    assert_eq!(found.candidates[0].relation.tier, Tier::NotComparable);
    std::fs::write(&secret, "short").expect("written");
    let refused = LineageKey::of_file(&secret).expect_err("five bytes");
    assert_eq!(refused.code(), "fingerprint-file");
}
