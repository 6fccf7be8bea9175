//! Does a person who asks what is in a checkpoint notice that it is not loaded but walked?
//! Bar: the archive of 2,000 tensors in 20 ms.

use divan::counter::{BytesCount, ItemsCount};
use weigh_readers::Memory;
use weigh_readers::pickle::{Vouched, walk};
use weigh_readers::torch::read;

fn main() {
    divan::main();
}

/// A state dict as PyTorch writes it: names from the memo after their first time.
fn pickle(n_tensors: usize) -> Vec<u8> {
    let mut bytes = b"\x80\x02ctorch._utils\n_rebuild_tensor_v2\nq\x000X\x07\0\0\0storageq\x010ctorch\nBFloat16Storage\nq\x020ccollections\nOrderedDict\nq\x030}(".to_vec();
    let text = |text: String| {
        let len = (text.len() as u32).to_le_bytes();
        [b"X", &len[..], text.as_bytes()].concat()
    };
    for n in 0..n_tensors {
        bytes.extend(text(format!(
            "model.layers.{}.self_attn.q_proj.{n}.weight",
            n / 9
        )));
        bytes.extend(b"h\x00((h\x01h\x02");
        bytes.extend(text(n.to_string()));
        bytes.extend(b"X\x03\0\0\0cpuK\x04tQK\x00K\x02K\x02\x86K\x02K\x01\x86\x89h\x03)RtR");
    }
    bytes.extend(b"u.");
    bytes
}

fn archive(n_tensors: usize) -> Vec<u8> {
    let storages = (0..n_tensors).map(|n| (format!("m/data/{n}"), vec![0; 8]));
    let entries = [("m/data.pkl".to_owned(), pickle(n_tensors))];
    let (mut file, mut directory) = (Vec::new(), Vec::new());
    for (name, data) in entries.into_iter().chain(storages) {
        let len = (data.len() as u32).to_le_bytes();
        let name_len = (name.len() as u16).to_le_bytes();
        let shared = [&[0; 14][..], &len, &len, &name_len, &[0; 2]].concat();
        let at = (file.len() as u32).to_le_bytes();
        file.extend([b"PK\x03\x04", &shared[..], name.as_bytes(), &data].concat());
        directory.extend(
            [
                b"PK\x01\x02\0\0",
                &shared[..],
                &[0; 10],
                &at,
                name.as_bytes(),
            ]
            .concat(),
        );
    }
    let count = (n_tensors as u16 + 1).to_le_bytes();
    let (size, start) = (
        (directory.len() as u32).to_le_bytes(),
        (file.len() as u32).to_le_bytes(),
    );
    file.extend(directory);
    file.extend(
        [
            b"PK\x05\x06\0\0\0\0",
            &count[..],
            &count,
            &size,
            &start,
            &[0, 0],
        ]
        .concat(),
    );
    file
}

#[divan::bench(args = [2_000, 50_000])]
fn checkpoint(bencher: divan::Bencher<'_, '_>, n_tensors: usize) {
    let file = Memory(archive(n_tensors));
    bencher
        .counter(ItemsCount::new(n_tensors))
        .counter(BytesCount::new(file.0.len()))
        .bench(|| {
            let checkpoint = read(&file, "model.pt").expect("the file is sound");
            assert_eq!(
                checkpoint.trusted().expect("clean").tensors.len(),
                n_tensors
            );
        });
}

#[divan::bench(args = [2_000, 50_000])]
fn pickle_alone(bencher: divan::Bencher<'_, '_>, n_tensors: usize) {
    let bytes = pickle(n_tensors);
    bencher
        .counter(ItemsCount::new(n_tensors))
        .counter(BytesCount::new(bytes.len()))
        .bench(|| assert!(walk(&bytes, Vouched::Torch).verdict().is_clean()));
}
