//! Element types of stored tensors, as data: how many elements a block has, and how many bytes.

use std::fmt;

/// Element types of the safetensors and GGUF formats, the complex ones that only
/// PyTorch has, and the integers of less than a byte that only ONNX has.
///
/// A type is a block of elements in a number of bytes: one `F32` in four, two `F4` in one, 256
/// `Q4_K` in 144 with their scales. There are no bits per element: of `Q6_K` they are 6.5625.
/// The sizes of GGML's types are those of the table `GGML_QUANT_SIZES` in gguf-py 0.19.0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(missing_docs, reason = "the names are the documentation")]
#[expect(non_camel_case_types, reason = "spelled as the formats spell them")]
pub enum Dtype {
    Bool,
    U8,
    I8,
    F8_E5M2,
    F8_E4M3,
    F8_E5M2FNUZ,
    F8_E4M3FNUZ,
    F8_E8M0,
    F6_E2M3,
    F6_E3M2,
    F4,
    I16,
    U16,
    F16,
    BF16,
    I32,
    U32,
    F32,
    C64,
    F64,
    I64,
    U64,
    Q4_0,
    Q4_1,
    Q5_0,
    Q5_1,
    Q8_0,
    Q8_1,
    Q2_K,
    Q3_K,
    Q4_K,
    Q5_K,
    Q6_K,
    Q8_K,
    IQ2_XXS,
    IQ2_XS,
    IQ3_XXS,
    IQ1_S,
    IQ4_NL,
    IQ3_S,
    IQ2_S,
    IQ4_XS,
    IQ1_M,
    TQ1_0,
    TQ2_0,
    MXFP4,
    NVFP4,
    Q1_0,
    C32,
    C128,
    U4,
    I4,
    U2,
    I2,
}

/// What a type packs together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Block {
    /// Elements in a block.
    pub elements: u64,
    /// Bytes of a block.
    pub bytes: u64,
}

struct Row {
    dtype: Dtype,
    name: &'static str,
    block: Block,
    in_safetensors: bool,
    ggml_id: Option<u32>,
}

const fn row(
    dtype: Dtype,
    name: &'static str,
    elements: u64,
    bytes: u64,
    in_safetensors: bool,
    ggml_id: Option<u32>,
) -> Row {
    Row {
        dtype,
        name,
        block: Block { elements, bytes },
        in_safetensors,
        ggml_id,
    }
}

impl Dtype {
    /// Every type: its name, elements and bytes of a block, whether safetensors has it, and its
    /// number in GGUF.
    const TABLE: &[Row] = &[
        row(Self::Bool, "BOOL", 1, 1, true, None),
        row(Self::U8, "U8", 1, 1, true, None),
        row(Self::I8, "I8", 1, 1, true, Some(24)),
        row(Self::F8_E5M2, "F8_E5M2", 1, 1, true, None),
        row(Self::F8_E4M3, "F8_E4M3", 1, 1, true, None),
        row(Self::F8_E5M2FNUZ, "F8_E5M2FNUZ", 1, 1, true, None),
        row(Self::F8_E4M3FNUZ, "F8_E4M3FNUZ", 1, 1, true, None),
        row(Self::F8_E8M0, "F8_E8M0", 1, 1, true, None),
        row(Self::F6_E2M3, "F6_E2M3", 4, 3, true, None),
        row(Self::F6_E3M2, "F6_E3M2", 4, 3, true, None),
        row(Self::F4, "F4", 2, 1, true, None),
        row(Self::I16, "I16", 1, 2, true, Some(25)),
        row(Self::U16, "U16", 1, 2, true, None),
        row(Self::F16, "F16", 1, 2, true, Some(1)),
        row(Self::BF16, "BF16", 1, 2, true, Some(30)),
        row(Self::I32, "I32", 1, 4, true, Some(26)),
        row(Self::U32, "U32", 1, 4, true, None),
        row(Self::F32, "F32", 1, 4, true, Some(0)),
        row(Self::C64, "C64", 1, 8, true, None),
        row(Self::F64, "F64", 1, 8, true, Some(28)),
        row(Self::I64, "I64", 1, 8, true, Some(27)),
        row(Self::U64, "U64", 1, 8, true, None),
        row(Self::Q4_0, "Q4_0", 32, 18, false, Some(2)),
        row(Self::Q4_1, "Q4_1", 32, 20, false, Some(3)),
        row(Self::Q5_0, "Q5_0", 32, 22, false, Some(6)),
        row(Self::Q5_1, "Q5_1", 32, 24, false, Some(7)),
        row(Self::Q8_0, "Q8_0", 32, 34, false, Some(8)),
        row(Self::Q8_1, "Q8_1", 32, 40, false, Some(9)),
        row(Self::Q2_K, "Q2_K", 256, 84, false, Some(10)),
        row(Self::Q3_K, "Q3_K", 256, 110, false, Some(11)),
        row(Self::Q4_K, "Q4_K", 256, 144, false, Some(12)),
        row(Self::Q5_K, "Q5_K", 256, 176, false, Some(13)),
        row(Self::Q6_K, "Q6_K", 256, 210, false, Some(14)),
        row(Self::Q8_K, "Q8_K", 256, 292, false, Some(15)),
        row(Self::IQ2_XXS, "IQ2_XXS", 256, 66, false, Some(16)),
        row(Self::IQ2_XS, "IQ2_XS", 256, 74, false, Some(17)),
        row(Self::IQ3_XXS, "IQ3_XXS", 256, 98, false, Some(18)),
        row(Self::IQ1_S, "IQ1_S", 256, 50, false, Some(19)),
        row(Self::IQ4_NL, "IQ4_NL", 32, 18, false, Some(20)),
        row(Self::IQ3_S, "IQ3_S", 256, 110, false, Some(21)),
        row(Self::IQ2_S, "IQ2_S", 256, 82, false, Some(22)),
        row(Self::IQ4_XS, "IQ4_XS", 256, 136, false, Some(23)),
        row(Self::IQ1_M, "IQ1_M", 256, 56, false, Some(29)),
        row(Self::TQ1_0, "TQ1_0", 256, 54, false, Some(34)),
        row(Self::TQ2_0, "TQ2_0", 256, 66, false, Some(35)),
        row(Self::MXFP4, "MXFP4", 32, 17, false, Some(39)),
        row(Self::NVFP4, "NVFP4", 64, 36, false, Some(40)),
        row(Self::Q1_0, "Q1_0", 128, 18, false, Some(41)),
        // Of PyTorch alone.
        row(Self::C32, "C32", 1, 4, false, None),
        row(Self::C128, "C128", 1, 16, false, None),
        // Of ONNX alone.
        row(Self::U4, "U4", 2, 1, false, None),
        row(Self::I4, "I4", 2, 1, false, None),
        row(Self::U2, "U2", 4, 1, false, None),
        row(Self::I2, "I2", 4, 1, false, None),
    ];

    /// Every type of every format.
    pub fn all() -> impl Iterator<Item = Self> {
        Self::TABLE.iter().map(|row| row.dtype)
    }

    /// Reads a name of the safetensors format.
    #[must_use]
    pub fn from_safetensors(name: &str) -> Option<Self> {
        let mut rows = Self::TABLE.iter();
        let row = rows.find(|r| r.in_safetensors && r.name == name)?;
        Some(row.dtype)
    }

    /// Reads a number of the GGUF format. Numbers that GGML retired are not known.
    #[must_use]
    pub fn from_ggml(id: u32) -> Option<Self> {
        let mut rows = Self::TABLE.iter();
        let row = rows.find(|r| r.ggml_id == Some(id))?;
        Some(row.dtype)
    }

    /// Its number in the GGUF format, if it has one.
    #[must_use]
    pub fn ggml_id(self) -> Option<u32> {
        self.row().and_then(|r| r.ggml_id)
    }

    /// The name used in its format.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        self.row().map_or("?", |r| r.name)
    }

    /// The elements that are stored together, and their bytes.
    #[must_use]
    pub fn block(self) -> Block {
        // Every type has a row, which a test checks.
        let none = Block {
            elements: 1,
            bytes: 0,
        };
        self.row().map_or(none, |r| r.block)
    }

    /// Does it pack several elements with what they share, such as a scale?
    #[must_use]
    pub fn is_block(self) -> bool {
        self.row()
            .is_some_and(|r| !r.in_safetensors && r.ggml_id.is_some())
    }

    /// Bytes that so many elements fill: none when they fill no whole blocks, or more bytes than
    /// can be counted.
    #[must_use]
    pub fn bytes_for(self, elements: u64) -> Option<u64> {
        let block = self.block();
        if !elements.is_multiple_of(block.elements) {
            return None;
        }
        (elements / block.elements).checked_mul(block.bytes)
    }

    /// Can it hold a learned value as it stands, or is it a container for packed ones?
    /// Block types hold learned values: their elements are counted unpacked.
    #[must_use]
    pub fn is_float(self) -> bool {
        !matches!(
            self,
            Self::Bool
                | Self::U8
                | Self::I8
                | Self::I16
                | Self::U16
                | Self::I32
                | Self::U32
                | Self::I64
                | Self::U64
                | Self::U4
                | Self::I4
                | Self::U2
                | Self::I2
        )
    }

    fn row(self) -> Option<&'static Row> {
        // The table is in the order of the types, which a test checks.
        Self::TABLE.get(self as usize)
    }
}

impl fmt::Display for Dtype {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn every_name_and_number_is_there_once_and_reads_back() {
        let (mut names, mut ids) = (HashSet::new(), HashSet::new());
        for (index, dtype) in Dtype::all().enumerate() {
            assert_eq!(dtype as usize, index, "{dtype} is out of order");
            assert!(names.insert(dtype.as_str()), "{dtype} is there twice");
            assert!(dtype.block().elements > 0 && dtype.block().bytes > 0);
            if let Some(id) = dtype.ggml_id() {
                assert!(ids.insert(id), "{id} is there twice");
                assert_eq!(Dtype::from_ggml(id), Some(dtype));
            }
            let read = Dtype::from_safetensors(dtype.as_str());
            let elsewhere = ["C32", "C128", "U4", "I4", "U2", "I2"].contains(&dtype.as_str());
            let in_safetensors = !dtype.is_block() && !elsewhere;
            assert_eq!(read, in_safetensors.then_some(dtype));
        }
        assert_eq!((names.len(), ids.len()), (54, 34));
    }

    #[test]
    fn what_ggml_retired_is_not_known() {
        for id in [4, 5, 31, 32, 33, 36, 37, 38, 42, u32::MAX] {
            assert_eq!(Dtype::from_ggml(id), None, "{id}");
        }
    }

    #[test]
    fn bytes_are_whole_blocks_or_none() {
        assert_eq!(Dtype::Q4_K.bytes_for(512), Some(288));
        assert_eq!(Dtype::Q4_K.bytes_for(511), None);
        assert_eq!(Dtype::Q4_K.bytes_for(0), Some(0));
        assert_eq!(Dtype::F4.bytes_for(3), None);
        assert_eq!(Dtype::F6_E2M3.bytes_for(4), Some(3));
        assert_eq!(Dtype::F64.bytes_for(u64::MAX / 8), Some(u64::MAX / 8 * 8));
        assert_eq!(Dtype::F64.bytes_for(u64::MAX / 8 + 1), None);
        // A block of these is larger than its elements, so whole blocks may still overflow.
        assert_eq!(Dtype::Q8_0.bytes_for(u64::MAX - 31), None);
    }
}
