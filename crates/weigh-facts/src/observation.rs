//! What a reader saw, where, and which reader it was. No meaning yet.

use std::fmt;

use crate::Decimal;

/// A value as it stood in a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Observed {
    /// An explicit null, which is not the same as a missing key.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number, exactly as written.
    Number(Decimal),
    /// A string.
    Text(String),
    /// A list; maps inside lists are kept as [`Observed::Map`].
    List(Vec<Observed>),
    /// A map inside a list. Maps elsewhere are flattened into dotted keys.
    Map(Vec<(String, Observed)>),
}

impl Observed {
    /// What it is, for messages.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool(_) => "a boolean",
            Self::Number(_) => "a number",
            Self::Text(_) => "a string",
            Self::List(_) => "a list",
            Self::Map(_) => "a map",
        }
    }
}

/// Where something was seen.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    /// The input, as the person named it joined with the path inside: `tiny-llama/config.json`.
    pub input: String,
    /// The place inside it: a dotted key, a tensor name, `line 12`, `byte 8`. Empty for the whole.
    pub inside: String,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.inside.is_empty() {
            f.write_str(&self.input)
        } else {
            write!(f, "{}: {}", self.input, self.inside)
        }
    }
}

/// One key and its value, in the place where it was seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Observation {
    /// The dotted key: `text_config.hidden_size`.
    pub key: String,
    /// The value.
    pub value: Observed,
    /// The place.
    pub place: Place,
}

/// Something a reader could not use and went on without, so that it is not lost silently.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Warning {
    /// Stable and listed in the manual.
    pub code: &'static str,
    /// Lowercase, one line.
    pub message: String,
    /// The place, if there is one.
    pub place: Option<Place>,
}

/// All that one reader saw in one input.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reading {
    /// The reader and its version: `hf-config/1`.
    pub reader: &'static str,
    /// The input.
    pub input: String,
    /// Keys and values, in the order of the file.
    pub observations: Vec<Observation>,
    /// What it went on without.
    pub warnings: Vec<Warning>,
}

impl Reading {
    /// The observation of a key, if it is there. `Null` is there.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Observation> {
        self.observations.iter().find(|o| o.key == key)
    }
}

/// A tensor as its header describes it. Nothing of the data was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TensorSeen {
    /// Its name in the file.
    pub name: String,
    /// The stored element type.
    pub dtype: Dtype,
    /// The stored shape.
    pub shape: Vec<u64>,
    /// The product of the shape, checked by the reader.
    pub elements: u64,
    /// Stored bytes.
    pub bytes: u64,
    /// The file it is in.
    pub input: String,
}

/// Element types of the safetensors format, and the complex ones that only PyTorch has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(missing_docs, reason = "the names are the documentation")]
#[expect(non_camel_case_types, reason = "spelled as the format spells them")]
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
    C32,
    C128,
}

impl Dtype {
    /// Every type, its name in the format, and its width in bits.
    const TABLE: &[(Self, &str, u64)] = &[
        (Self::Bool, "BOOL", 8),
        (Self::U8, "U8", 8),
        (Self::I8, "I8", 8),
        (Self::F8_E5M2, "F8_E5M2", 8),
        (Self::F8_E4M3, "F8_E4M3", 8),
        (Self::F8_E5M2FNUZ, "F8_E5M2FNUZ", 8),
        (Self::F8_E4M3FNUZ, "F8_E4M3FNUZ", 8),
        (Self::F8_E8M0, "F8_E8M0", 8),
        (Self::F6_E2M3, "F6_E2M3", 6),
        (Self::F6_E3M2, "F6_E3M2", 6),
        (Self::F4, "F4", 4),
        (Self::I16, "I16", 16),
        (Self::U16, "U16", 16),
        (Self::F16, "F16", 16),
        (Self::BF16, "BF16", 16),
        (Self::I32, "I32", 32),
        (Self::U32, "U32", 32),
        (Self::F32, "F32", 32),
        (Self::C64, "C64", 64),
        (Self::F64, "F64", 64),
        (Self::I64, "I64", 64),
        (Self::U64, "U64", 64),
        (Self::C32, "C32", 32),
        (Self::C128, "C128", 128),
    ];

    /// Reads the name used in the safetensors format.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::TABLE
            .iter()
            .find(|(_, name, _)| *name == text)
            .map(|(dtype, ..)| *dtype)
            .filter(|dtype| !matches!(dtype, Self::C32 | Self::C128))
    }

    /// The name used in the format.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        Self::TABLE
            .iter()
            .find(|(dtype, ..)| *dtype == self)
            .map_or("?", |(_, name, _)| name)
    }

    /// Width of one element, in bits.
    #[must_use]
    pub fn bits(self) -> u64 {
        Self::TABLE
            .iter()
            .find(|(dtype, ..)| *dtype == self)
            .map_or(0, |(.., bits)| *bits)
    }

    /// Can it hold a learned value as it stands, or is it a container for packed ones?
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
        )
    }
}

impl fmt::Display for Dtype {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}
