//! PyTorch's element types by the names that pickles use.

use weigh_facts::Dtype;

use crate::pickle::Name;

/// An element type as PyTorch has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Element {
    pub(crate) dtype: Dtype,
    /// Are the elements numbers of a quantizer?
    pub(crate) is_quantized: bool,
    /// Logical elements in each one that PyTorch counts.
    pub(crate) packed: u64,
}

const fn plain(dtype: Dtype) -> Element {
    Element {
        dtype,
        is_quantized: false,
        packed: 1,
    }
}

const fn quantized(dtype: Dtype) -> Element {
    Element {
        dtype,
        is_quantized: true,
        packed: 1,
    }
}

/// `torch.float32` and the like. Types narrower than a byte take a byte there, save one.
const DTYPES: &[(&str, Element)] = &[
    ("bool", plain(Dtype::Bool)),
    ("uint8", plain(Dtype::U8)),
    ("int8", plain(Dtype::I8)),
    ("uint16", plain(Dtype::U16)),
    ("int16", plain(Dtype::I16)),
    ("uint32", plain(Dtype::U32)),
    ("int32", plain(Dtype::I32)),
    ("uint64", plain(Dtype::U64)),
    ("int64", plain(Dtype::I64)),
    ("float16", plain(Dtype::F16)),
    ("bfloat16", plain(Dtype::BF16)),
    ("float32", plain(Dtype::F32)),
    ("float64", plain(Dtype::F64)),
    ("float8_e4m3fn", plain(Dtype::F8_E4M3)),
    ("float8_e4m3fnuz", plain(Dtype::F8_E4M3FNUZ)),
    ("float8_e5m2", plain(Dtype::F8_E5M2)),
    ("float8_e5m2fnuz", plain(Dtype::F8_E5M2FNUZ)),
    ("float8_e8m0fnu", plain(Dtype::F8_E8M0)),
    (
        "float4_e2m1fn_x2",
        Element {
            dtype: Dtype::F4,
            is_quantized: false,
            packed: 2,
        },
    ),
    ("complex32", plain(Dtype::C32)),
    ("complex64", plain(Dtype::C64)),
    ("complex128", plain(Dtype::C128)),
    ("qint8", quantized(Dtype::I8)),
    ("quint8", quantized(Dtype::U8)),
    ("qint32", quantized(Dtype::I32)),
];

/// `torch.FloatStorage` and the like.
const STORAGES: &[(&str, Element)] = &[
    ("BoolStorage", plain(Dtype::Bool)),
    ("ByteStorage", plain(Dtype::U8)),
    ("CharStorage", plain(Dtype::I8)),
    ("ShortStorage", plain(Dtype::I16)),
    ("IntStorage", plain(Dtype::I32)),
    ("LongStorage", plain(Dtype::I64)),
    ("HalfStorage", plain(Dtype::F16)),
    ("BFloat16Storage", plain(Dtype::BF16)),
    ("FloatStorage", plain(Dtype::F32)),
    ("DoubleStorage", plain(Dtype::F64)),
    ("ComplexFloatStorage", plain(Dtype::C64)),
    ("ComplexDoubleStorage", plain(Dtype::C128)),
    ("QInt8Storage", quantized(Dtype::I8)),
    ("QUInt8Storage", quantized(Dtype::U8)),
    ("QInt32Storage", quantized(Dtype::I32)),
];

/// The element type of a name such as `torch.float32`.
pub(crate) fn dtype(name: &Name) -> Option<Element> {
    let mut known = DTYPES.iter();
    let found = known.find(|(text, _)| name.is("torch", text));
    found.map(|(_, element)| *element)
}

/// The element type of a storage; none inside where it has bytes alone.
pub(super) fn storage(name: &Name) -> Option<Option<Element>> {
    if name.is("torch.storage", "UntypedStorage") {
        return Some(None);
    }
    if !matches!(name.module.as_str(), "torch" | "torch.cuda") {
        return None;
    }
    let mut known = STORAGES.iter();
    let found = known.find(|(text, _)| name.name == *text);
    found.map(|(_, element)| Some(*element))
}

/// Bits of one element, for the types that PyTorch has: all take whole bits.
pub(crate) fn bits_of(dtype: Dtype) -> u64 {
    let block = dtype.block();
    (block.bytes * 8).checked_div(block.elements).unwrap_or(0)
}
