//! Does it cost more to digest a model than the digests themselves cost?
//! Bar: both digests of files and tensors in at most 1.1 times bare `sha2` plus twice bare
//! `blake3` over the same bytes; SHA-256 alone in at most 1.1 times bare `sha2`.
//! Peers: the two libraries, reading the same files in pieces of the same size on one thread.

use std::fs::File;
use std::io::Read;
use std::path::PathBuf;

use divan::counter::BytesCount;
use sha2::Digest;
use weigh_station::{DigestOptions, Quiet, digest};

fn main() {
    divan::main();
}

const SHARDS: usize = 4;
const SHARD_BYTES: usize = 64 << 20;

/// Four shards of one tensor each.
fn model() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    let mut state = 1_u64;
    for shard in 0..SHARDS {
        let header = format!(
            r#"{{"layer.{shard}.weight":{{"dtype":"U8","shape":[{SHARD_BYTES}],"data_offsets":[0,{SHARD_BYTES}]}}}}"#
        );
        let mut bytes = (header.len() as u64).to_le_bytes().to_vec();
        bytes.extend_from_slice(header.as_bytes());
        bytes.resize_with(bytes.len() + SHARD_BYTES, || {
            // A linear congruential generator: not compressible, and the same on every machine.
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            state.to_be_bytes()[0]
        });
        let name = format!("model-{shard}.safetensors");
        std::fs::write(folder.path().join(name), bytes).expect("written");
    }
    folder
}

fn bytes() -> BytesCount {
    BytesCount::new(SHARDS * SHARD_BYTES)
}

fn ours_with(bencher: divan::Bencher<'_, '_>, sha256_only: bool) {
    let folder = model();
    let options = DigestOptions {
        sha256_only,
        journal: None,
    };
    bencher
        .counter(bytes())
        .bench(|| digest(folder.path(), &options, &Quiet).expect("the files are sound"));
}

#[divan::bench(sample_count = 5)]
fn ours(bencher: divan::Bencher<'_, '_>) {
    ours_with(bencher, false);
}

#[divan::bench(sample_count = 5)]
fn ours_sha256_alone(bencher: divan::Bencher<'_, '_>) {
    ours_with(bencher, true);
}

fn each_piece(folder: &tempfile::TempDir, mut update: impl FnMut(&[u8])) {
    let mut buffer = vec![0; 1 << 20];
    for shard in 0..SHARDS {
        let path: PathBuf = folder.path().join(format!("model-{shard}.safetensors"));
        let mut file = File::open(path).expect("it is there");
        loop {
            match file.read(&mut buffer).expect("readable") {
                0 => break,
                n => update(&buffer[..n]),
            }
        }
    }
}

#[divan::bench(sample_count = 5)]
fn bare_sha2(bencher: divan::Bencher<'_, '_>) {
    let folder = model();
    bencher.counter(bytes()).bench(|| {
        let mut state = sha2::Sha256::new();
        each_piece(&folder, |piece| state.update(piece));
        state.finalize()
    });
}

#[divan::bench(sample_count = 5)]
fn bare_blake3(bencher: divan::Bencher<'_, '_>) {
    let folder = model();
    bencher.counter(bytes()).bench(|| {
        let mut state = blake3::Hasher::new();
        each_piece(&folder, |piece| {
            state.update(piece);
        });
        state.finalize()
    });
}
