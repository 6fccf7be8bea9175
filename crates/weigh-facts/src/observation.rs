//! What a reader saw, where, and which reader it was. No meaning yet.

use std::fmt;

use crate::{Decimal, Dtype};

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
    /// The stored element type; a block type packs several logical elements together.
    pub dtype: Dtype,
    /// The stored shape in logical elements, the axis that varies fastest last.
    pub shape: Vec<u64>,
    /// The product of the shape, checked by the reader.
    pub elements: u64,
    /// Stored bytes.
    pub bytes: u64,
    /// The file it is in.
    pub input: String,
}
