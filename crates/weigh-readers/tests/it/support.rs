//! Files made in memory, and the promises that any accepted file must keep.

use std::collections::HashSet;

use proptest::prelude::*;
use proptest::sample::{Index, select};
use safetensors::tensor::{Dtype, TensorView};
use weigh_readers::safetensors::{Header, read_header};
use weigh_readers::{Memory, ReadError};

pub(crate) const DTYPES: [Dtype; 22] = [
    Dtype::BOOL,
    Dtype::F4,
    Dtype::F6_E2M3,
    Dtype::F6_E3M2,
    Dtype::U8,
    Dtype::I8,
    Dtype::F8_E5M2,
    Dtype::F8_E4M3,
    Dtype::F8_E8M0,
    Dtype::F8_E4M3FNUZ,
    Dtype::F8_E5M2FNUZ,
    Dtype::I16,
    Dtype::U16,
    Dtype::F16,
    Dtype::BF16,
    Dtype::I32,
    Dtype::U32,
    Dtype::F32,
    Dtype::C64,
    Dtype::F64,
    Dtype::I64,
    Dtype::U64,
];

/// A tensor to be written.
#[derive(Clone, Debug)]
pub(crate) struct Wanted {
    pub(crate) name: String,
    pub(crate) dtype: Dtype,
    pub(crate) shape: Vec<usize>,
}

impl Wanted {
    pub(crate) fn elements(&self) -> usize {
        self.shape.iter().product()
    }

    pub(crate) fn bytes(&self) -> usize {
        self.elements() * self.dtype.bitsize() / 8
    }
}

/// Scalars, empty tensors and half bytes among them.
fn any_wanted() -> impl Strategy<Value = (Dtype, Vec<usize>)> {
    let shape = prop::collection::vec(0_usize..5, 0..4);
    (select(&DTYPES[..]), shape).prop_map(|(dtype, mut shape)| {
        if dtype.bitsize() < 8 {
            shape.push(4);
        }
        (dtype, shape)
    })
}

/// Tensors with names of any kind, each once.
pub(crate) fn any_tensors() -> impl Strategy<Value = Vec<Wanted>> {
    let name = prop_oneof!["[a-z]{1,3}(\\.[a-z0-9]{1,3}){0,3}", any::<String>()]
        .prop_filter("reserved", |n| n != "__metadata__");
    prop::collection::btree_map(name, any_wanted(), 0..8).prop_map(|tensors| {
        let wanted = |(name, (dtype, shape))| Wanted { name, dtype, shape };
        tensors.into_iter().map(wanted).collect()
    })
}

/// A file as the reference library writes it.
pub(crate) fn written(tensors: &[Wanted]) -> Vec<u8> {
    let data: Vec<Vec<u8>> = tensors.iter().map(|t| vec![0; t.bytes()]).collect();
    let views = tensors.iter().zip(&data).map(|(t, bytes)| {
        let view = TensorView::new(t.dtype, t.shape.clone(), bytes).expect("the sizes agree");
        (t.name.as_str(), view)
    });
    safetensors::serialize(views, None).expect("the tensors can be written")
}

/// A file with any text for a header.
pub(crate) fn with_header(header: &str, data_len: usize) -> Vec<u8> {
    let mut file = (header.len() as u64).to_le_bytes().to_vec();
    file.extend_from_slice(header.as_bytes());
    file.resize(file.len() + data_len, 0);
    file
}

pub(crate) fn header(bytes: &[u8]) -> Result<Header, ReadError> {
    read_header(&Memory(bytes.to_vec()), "model.safetensors")
}

/// What every accepted header promises, whatever the bytes were.
pub(crate) fn assert_promises(header: &Header, file_len: usize) {
    assert_eq!(8 + header.header_len + header.data_len, file_len as u64);
    let mut names = HashSet::new();
    let mut bytes = 0;
    for tensor in &header.tensors {
        assert!(
            names.insert(&tensor.name),
            "`{}` is there twice",
            tensor.name
        );
        assert!(tensor.shape.len() <= 8);
        assert!(tensor.shape.iter().all(|d| *d <= 1 << 40));
        let product: u128 = tensor.shape.iter().map(|d| u128::from(*d)).product();
        assert_eq!(product, u128::from(tensor.elements));
        assert_eq!(tensor.dtype.bytes_for(tensor.elements), Some(tensor.bytes));
        bytes += tensor.bytes;
    }
    assert_eq!(
        bytes, header.data_len,
        "bytes belong to no tensor, or to two"
    );
}

/// One small damage to a file.
#[derive(Clone, Debug)]
pub(crate) enum Damage {
    Byte(Index, u8),
    /// A digit, so that the JSON stays whole.
    Digit(Index, u8),
    Cut(Index),
    Insert(Index, u8),
    Append(Vec<u8>),
}

pub(crate) fn any_damage() -> impl Strategy<Value = Damage> {
    prop_oneof![
        (any::<Index>(), any::<u8>()).prop_map(|(at, byte)| Damage::Byte(at, byte)),
        (any::<Index>(), b'0'..=b'9').prop_map(|(at, digit)| Damage::Digit(at, digit)),
        any::<Index>().prop_map(Damage::Cut),
        (any::<Index>(), select(&b"0 {}[],:\"\\9"[..])).prop_map(|(at, b)| Damage::Insert(at, b)),
        prop::collection::vec(any::<u8>(), 1..9).prop_map(Damage::Append),
    ]
}

impl Damage {
    pub(crate) fn apply(&self, bytes: &mut Vec<u8>) {
        match self {
            Self::Byte(at, byte) => {
                let at = at.index(bytes.len());
                bytes[at] = *byte;
            }
            Self::Digit(at, digit) => {
                let is_digit = |(_, b): &(usize, &u8)| b.is_ascii_digit();
                let digits: Vec<usize> = bytes
                    .iter()
                    .enumerate()
                    .filter(is_digit)
                    .map(|(i, _)| i)
                    .collect();
                if !digits.is_empty() {
                    bytes[digits[at.index(digits.len())]] = *digit;
                }
            }
            Self::Cut(at) => bytes.truncate(at.index(bytes.len())),
            Self::Insert(at, byte) => {
                bytes.insert(at.index(bytes.len()), *byte);
                // Keep the length of the header true, so that the damage reaches the parser.
                let length = bytes.first_chunk::<8>().map(|l| u64::from_le_bytes(*l) + 1);
                if let (Some(length), Some(first)) = (length, bytes.first_chunk_mut::<8>()) {
                    *first = length.to_le_bytes();
                }
            }
            Self::Append(more) => bytes.extend_from_slice(more),
        }
    }
}
