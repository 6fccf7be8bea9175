//! State dicts of any nesting, through a small writer of our own: they read back as they were, and
//! nothing put into them goes unseen.

use std::collections::BTreeMap;

use proptest::prelude::*;
use proptest::sample::{Index, select};
use weigh_readers::pickle::{Verdict, Vouched, walk};
use weigh_readers::torch::{self, Checkpoint};
use weigh_readers::{Memory, ReadError};

/// Each leaves the stack as it was.
const PAYLOADS: &[&[u8]] = &[
    b"cos\nsystem\n0",
    b"\x8c\x05posix\x8c\x06system\x930",
    b"(ios\nf\n0",
];

/// What is in a dictionary.
#[derive(Clone, Debug)]
enum Item {
    Tensor(Vec<u8>),
    Number(u8),
    Text(String),
    Dict(BTreeMap<String, Item>),
}

fn any_item() -> impl Strategy<Value = Item> {
    let leaf = prop_oneof![
        3 => prop::collection::vec(0_u8..4, 0..4).prop_map(Item::Tensor),
        1 => any::<u8>().prop_map(Item::Number),
        1 => "[a-z]{0,9}".prop_map(Item::Text),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| any_dict(inner).prop_map(Item::Dict))
}

fn any_dict(item: impl Strategy<Value = Item>) -> impl Strategy<Value = BTreeMap<String, Item>> {
    prop::collection::btree_map("[a-z]{1,3}", item, 0..4)
}

/// Writes a pickle and the storages that it names.
struct Writer {
    protocol: u8,
    bytes: Vec<u8>,
    storages: Vec<usize>,
}

impl Writer {
    fn write(protocol: u8, dict: &BTreeMap<String, Item>) -> Self {
        let mut writer = Self {
            protocol,
            bytes: vec![0x80, protocol],
            storages: Vec::new(),
        };
        writer.dict(dict);
        writer.bytes.push(b'.');
        writer
    }

    fn text(&mut self, text: &str) {
        match self.protocol {
            0..=3 => {
                self.bytes.push(b'X');
                self.bytes.extend((text.len() as u32).to_le_bytes());
            }
            _ => self.bytes.extend([0x8c, text.len() as u8]),
        }
        self.bytes.extend(text.as_bytes());
    }

    fn name(&mut self, module: &str, name: &str) {
        match self.protocol {
            0..=3 => self.bytes.extend(format!("c{module}\n{name}\n").as_bytes()),
            _ => {
                self.text(module);
                self.text(name);
                self.bytes.push(0x93);
            }
        }
    }

    fn dict(&mut self, dict: &BTreeMap<String, Item>) {
        self.bytes.extend(b"}(");
        for (key, item) in dict {
            self.text(key);
            match item {
                Item::Tensor(shape) => self.tensor(shape),
                Item::Number(number) => self.bytes.extend([b'K', *number]),
                Item::Text(text) => self.text(text),
                Item::Dict(inner) => self.dict(inner),
            }
        }
        self.bytes.push(b'u');
    }

    fn tensor(&mut self, shape: &[u8]) {
        let elements: u8 = shape.iter().product();
        self.name("torch._utils", "_rebuild_tensor_v2");
        self.bytes.extend(b"((");
        self.text("storage");
        self.name("torch", "FloatStorage");
        self.text(&self.storages.len().to_string());
        self.text("cpu");
        self.bytes.extend([b'K', elements]);
        self.bytes.extend(b"tQK\x00(");
        shape.iter().for_each(|d| self.bytes.extend([b'K', *d]));
        self.bytes.extend(b"t(");
        let mut stride = elements;
        for dimension in shape {
            stride = stride.checked_div(*dimension).unwrap_or(0);
            self.bytes.extend([b'K', stride]);
        }
        self.bytes.extend(b"t\x89");
        self.name("collections", "OrderedDict");
        self.bytes.extend(b")RtR");
        self.storages.push(4 * usize::from(elements));
    }

    fn archive(&self) -> Vec<u8> {
        let mut entries = vec![("m/data.pkl".to_owned(), self.bytes.clone())];
        let storage = |(key, len): (usize, &usize)| (format!("m/data/{key}"), vec![0; *len]);
        entries.extend(self.storages.iter().enumerate().map(storage));
        archive(&entries)
    }
}

/// Stored entries without checksums.
fn archive(entries: &[(String, Vec<u8>)]) -> Vec<u8> {
    let (mut file, mut directory) = (Vec::new(), Vec::new());
    for (name, data) in entries {
        let len = (data.len() as u32).to_le_bytes();
        let name_len = (name.len() as u16).to_le_bytes();
        let shared = [&[0; 14][..], &len, &len, &name_len, &[0; 2]].concat();
        let at = (file.len() as u32).to_le_bytes();
        file.extend([b"PK\x03\x04", &shared[..], name.as_bytes(), data].concat());
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
    let count = (entries.len() as u16).to_le_bytes();
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

fn read(bytes: Vec<u8>) -> Result<Checkpoint, ReadError> {
    torch::read(&Memory(bytes), "model.pt")
}

fn flatten(prefix: &str, dict: &BTreeMap<String, Item>, out: &mut BTreeMap<String, Vec<u64>>) {
    for (key, item) in dict {
        let path = if prefix.is_empty() {
            key.clone()
        } else {
            format!("{prefix}.{key}")
        };
        match item {
            Item::Tensor(shape) => {
                out.insert(path, shape.iter().map(|d| u64::from(*d)).collect());
            }
            Item::Dict(inner) => flatten(&path, inner, out),
            _ => {}
        }
    }
}

proptest! {
    #[test]
    fn every_tensor_is_found_at_its_path(dict in any_dict(any_item()), protocol in 2_u8..6) {
        let writer = Writer::write(protocol, &dict);
        let checkpoint = read(writer.archive()).expect("sound");
        let contents = checkpoint.trusted().expect("clean");
        let mut expected = BTreeMap::new();
        flatten("", &dict, &mut expected);
        let found: BTreeMap<String, Vec<u64>> = (contents.tensors.iter().chain(&contents.optimizer))
            .map(|t| (t.seen.name.clone(), t.seen.shape.clone()))
            .collect();
        prop_assert_eq!(found, expected);
        prop_assert_eq!(contents.stored_bytes(), writer.storages.iter().sum::<usize>() as u64);
        prop_assert_eq!(contents.storages.len(), writer.storages.len());
        prop_assert!(contents.tensors.iter().all(|t| !t.is_alias));
    }

    /// A payload anywhere between two operations is seen, whatever stands around it.
    #[test]
    fn no_payload_goes_unseen(
        dict in any_dict(any_item()),
        protocol in 2_u8..6,
        at in any::<Index>(),
        payload in select(PAYLOADS),
    ) {
        let mut writer = Writer::write(protocol, &dict);
        let places = boundaries(&writer.bytes);
        let at = places[at.index(places.len())];
        writer.bytes.splice(at..at, payload.iter().copied());
        let checkpoint = read(writer.archive()).expect("the verdict says it");
        prop_assert!(matches!(checkpoint.verdict, Verdict::Dangerous(_)), "{:?}", checkpoint.verdict);
        prop_assert_eq!(checkpoint.trusted().map(drop).unwrap_err().code(), "pickle-dangerous");
    }

    #[test]
    fn a_cut_pickle_is_never_clean(dict in any_dict(any_item()), protocol in 2_u8..6, at in any::<Index>()) {
        let mut writer = Writer::write(protocol, &dict);
        let len = at.index(writer.bytes.len());
        writer.bytes.truncate(len);
        if let Ok(checkpoint) = read(writer.archive()) {
            prop_assert!(checkpoint.trusted().is_err());
        }
    }

    #[test]
    fn noise_is_walked_to_a_verdict(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let walk = walk(&bytes, Vouched::Torch);
        prop_assert!(!walk.verdict().is_clean() || walk.root().is_some());
    }
}

/// Places where an operation begins: those at which what is before, with an end, is no longer cut
/// off in the middle of one.
fn boundaries(bytes: &[u8]) -> Vec<usize> {
    let is_boundary = |at: &usize| {
        let probe = [&bytes[..*at], b"cos\nsystem\n"].concat();
        let verdict = walk(&probe, Vouched::Torch).verdict();
        let expected = |at: usize| verdict.suspects().iter().any(|s| s.at == at as u64);
        expected(*at)
    };
    (2..bytes.len()).filter(is_boundary).collect()
}
