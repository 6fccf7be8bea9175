//! Can a person look into the largest published models without noticing that it took time?
//! Bar: the header of 100,000 tensors in 50 ms; its peer is the reference library's own parser.

use divan::counter::{BytesCount, ItemsCount};
use weigh_readers::Memory;
use weigh_readers::safetensors::read_header;

fn main() {
    divan::main();
}

/// A file of small tensors, named as the experts of a large model are.
fn file(n_tensors: usize) -> Vec<u8> {
    let entry = |n: usize| {
        let (layer, expert, begin) = (n / 1_000, n % 1_000, 2 * n);
        format!(
            r#""model.layers.{layer}.mlp.experts.{expert}.down_proj.weight":{{"dtype":"BF16","shape":[1,1],"data_offsets":[{begin},{}]}}"#,
            begin + 2
        )
    };
    let entries: Vec<String> = (0..n_tensors).map(entry).collect();
    let header = format!("{{{}}}", entries.join(","));
    let mut bytes = (header.len() as u64).to_le_bytes().to_vec();
    bytes.extend_from_slice(header.as_bytes());
    bytes.resize(bytes.len() + 2 * n_tensors, 0);
    bytes
}

#[divan::bench(args = [1_000, 100_000])]
fn ours(bencher: divan::Bencher<'_, '_>, n_tensors: usize) {
    let file = Memory(file(n_tensors));
    bencher
        .counter(ItemsCount::new(n_tensors))
        .counter(BytesCount::new(file.0.len()))
        .bench(|| read_header(&file, "model.safetensors").expect("the file is sound"));
}

#[divan::bench(args = [1_000, 100_000])]
fn reference_library(bencher: divan::Bencher<'_, '_>, n_tensors: usize) {
    let file = file(n_tensors);
    bencher
        .counter(ItemsCount::new(n_tensors))
        .counter(BytesCount::new(file.len()))
        .bench(|| safetensors::SafeTensors::read_metadata(&file).expect("the file is sound"));
}
