//! Keys and typed values of a GGUF header: what is short is kept, what is long is described.

use std::collections::HashSet;
use std::fmt;

use weigh_facts::Observed;

use super::cursor::{Cursor, Number};
use crate::ReadError;

/// Published files have some dozens.
pub(super) const KEYS_MAX: u64 = 1 << 16;
/// As the format says.
const KEY_MAX: u64 = u16::MAX as u64;
/// Chat templates and licenses fit; tokenizers in one string do not.
const TEXT_KEPT: u64 = 64 << 10;
/// One value per layer fits; vocabularies do not.
const ITEMS_KEPT: u64 = 4096;
/// Nobody nests deeper than lists of lists.
const DEPTH_MAX: usize = 4;
/// All strings and lists of a header. The largest vocabularies have a quarter of a million
/// entries, and as many merges.
const ITEMS_MAX: u64 = 1 << 24;
/// Keys, kept values and names of tensors together.
const KEPT_MAX: u64 = 64 << 20;
/// What a kept value takes beyond its text.
const VALUE_SIZE: u64 = 96;

/// Types of values in the format.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "the names are the documentation")]
pub enum ValueType {
    U8,
    I8,
    U16,
    I16,
    U32,
    I32,
    F32,
    Bool,
    Text,
    List,
    U64,
    I64,
    F64,
}

impl ValueType {
    /// Every type by its number, and the bytes of one value where they are fixed.
    const TABLE: [(Self, &str, u64); 13] = [
        (Self::U8, "u8", 1),
        (Self::I8, "i8", 1),
        (Self::U16, "u16", 2),
        (Self::I16, "i16", 2),
        (Self::U32, "u32", 4),
        (Self::I32, "i32", 4),
        (Self::F32, "f32", 4),
        (Self::Bool, "bool", 1),
        (Self::Text, "string", 0),
        (Self::List, "array", 0),
        (Self::U64, "u64", 8),
        (Self::I64, "i64", 8),
        (Self::F64, "f64", 8),
    ];

    fn from_id(id: u32) -> Option<Self> {
        let row = Self::TABLE.get(usize::try_from(id).ok()?)?;
        Some(row.0)
    }

    fn row(self) -> Option<&'static (Self, &'static str, u64)> {
        Self::TABLE.iter().find(|row| row.0 == self)
    }

    /// The name in the format.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        self.row().map_or("?", |row| row.1)
    }

    /// Bytes of one value; none of strings and arrays.
    fn size(self) -> Option<u64> {
        self.row().map(|row| row.2).filter(|size| *size > 0)
    }

    fn number(self) -> Option<Number> {
        Some(match self {
            Self::U8 => Number::U8,
            Self::I8 => Number::I8,
            Self::U16 => Number::U16,
            Self::I16 => Number::I16,
            Self::U32 => Number::U32,
            Self::I32 => Number::I32,
            Self::U64 => Number::U64,
            Self::I64 => Number::I64,
            Self::F32 => Number::F32,
            Self::F64 => Number::F64,
            Self::Bool | Self::Text | Self::List => return None,
        })
    }
}

impl fmt::Display for ValueType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// One key and its value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Metadata {
    /// The key.
    pub key: String,
    /// The type of the value.
    pub kind: ValueType,
    /// The value. What is not whole is a map of its `type` and `length`: bytes of a string,
    /// elements of an array. A float that is no number is the text of its name.
    pub value: Observed,
    /// Was the value kept, or only described?
    pub is_whole: bool,
    /// Where the entry begins in the file.
    pub offset: u64,
}

impl Metadata {
    /// The value as text.
    #[must_use]
    pub fn text(&self) -> Option<&str> {
        match &self.value {
            Observed::Text(text) if self.kind == ValueType::Text => Some(text),
            _ => None,
        }
    }

    /// The value as a whole number that is not negative.
    #[must_use]
    pub fn whole(&self) -> Option<u64> {
        match &self.value {
            Observed::Number(number) => number.to_u128()?.try_into().ok(),
            _ => None,
        }
    }

    /// Elements of an array or bytes of a string, kept or not.
    #[must_use]
    pub fn length(&self) -> Option<u64> {
        match &self.value {
            Observed::List(items) => Some(items.len() as u64),
            Observed::Text(text) if self.kind == ValueType::Text => Some(text.len() as u64),
            Observed::Map(fields) => fields.iter().find_map(|(name, value)| match value {
                Observed::Number(n) if name == "length" => n.to_u128()?.try_into().ok(),
                _ => None,
            }),
            _ => None,
        }
    }
}

/// What may still be kept of a header.
pub(super) struct Budget {
    bytes: u64,
    items: u64,
}

impl Budget {
    /// Keys and names must be kept.
    pub(super) fn spend(&mut self, bytes: u64, cursor: &Cursor<'_>) -> Result<(), ReadError> {
        if self.reserve(bytes.saturating_add(VALUE_SIZE)) {
            return Ok(());
        }
        let reason = format!("keys, values and names of more than {KEPT_MAX} bytes");
        Err(cursor.fault(cursor.offset(), reason))
    }

    /// Values are kept as long as there is room.
    fn reserve(&mut self, bytes: u64) -> bool {
        let left = self.bytes.checked_sub(bytes);
        self.bytes = left.unwrap_or(self.bytes);
        left.is_some()
    }
}

/// Bytes of the smallest entry: a key of one byte, a type and a value of one byte.
pub(super) fn entry_min(cursor: &Cursor<'_>) -> u64 {
    cursor.length_size() + 1 + 4 + 1
}

/// Reads all keys and values, and says what may still be kept.
pub(super) fn read(
    cursor: &mut Cursor<'_>,
    count: u64,
    input: &str,
) -> Result<(Vec<Metadata>, Budget), ReadError> {
    let mut budget = Budget {
        bytes: KEPT_MAX,
        items: ITEMS_MAX,
    };
    let mut metadata = Vec::with_capacity(usize::try_from(count).unwrap_or_default());
    let mut seen = HashSet::with_capacity(metadata.capacity());
    for _ in 0..count {
        let offset = cursor.offset();
        let key = cursor.name(KEY_MAX, "a key")?;
        budget.spend(2 * key.len() as u64, cursor)?;
        if !seen.insert(key.clone()) {
            return Err(ReadError::DuplicateKey {
                input: input.to_owned(),
                key,
            });
        }
        let kind = value_type(cursor, &key)?;
        let entry = Reader {
            cursor,
            budget: &mut budget,
            key: &key,
            input,
        };
        let (value, is_whole) = entry.value(kind)?;
        metadata.push(Metadata {
            key,
            kind,
            value,
            is_whole,
            offset,
        });
    }
    Ok((metadata, budget))
}

fn value_type(cursor: &mut Cursor<'_>, key: &str) -> Result<ValueType, ReadError> {
    let offset = cursor.offset();
    let id = cursor.u32("the type of a value")?;
    ValueType::from_id(id).ok_or_else(|| {
        let reason = format!("`{key}` has the type {id}, and types end at 12");
        cursor.fault(offset, reason)
    })
}

struct Reader<'r, 'a> {
    cursor: &'r mut Cursor<'a>,
    budget: &'r mut Budget,
    key: &'r str,
    input: &'r str,
}

impl Reader<'_, '_> {
    /// The value, and whether it was kept.
    fn value(mut self, kind: ValueType) -> Result<(Observed, bool), ReadError> {
        match kind {
            ValueType::List => {
                let (of, length) = self.list_head()?;
                if let Some(items) = self.short_list(of, length)? {
                    return Ok((Observed::List(items), true));
                }
                Ok((described(&format!("array of {of}"), length), false))
            }
            ValueType::Text => {
                let length = self.cursor.length("a string")?;
                Ok(match self.text(length)? {
                    Some(text) => (Observed::Text(text), true),
                    None => (described("string", length), false),
                })
            }
            _ => Ok((self.scalar(kind)?, true)),
        }
    }

    fn scalar(&mut self, kind: ValueType) -> Result<Observed, ReadError> {
        let Some(number) = kind.number() else {
            let offset = self.cursor.offset();
            return match self.cursor.take(1, "a value")? {
                [0] => Ok(Observed::Bool(false)),
                [1] => Ok(Observed::Bool(true)),
                other => {
                    let shown = other.first().copied().unwrap_or_default();
                    let reason = format!("`{}` is {shown}, and a bool is 0 or 1", self.key);
                    Err(self.cursor.fault(offset, reason))
                }
            };
        };
        Ok(match self.cursor.number(number)? {
            Some(number) => Observed::Number(number),
            None => Observed::Text("not a finite number".to_owned()),
        })
    }

    /// A string of this length: kept if it is short enough and UTF-8.
    fn text(&mut self, length: u64) -> Result<Option<String>, ReadError> {
        if length > TEXT_KEPT || !self.budget.reserve(length.saturating_add(VALUE_SIZE)) {
            self.cursor.skip(length, "a string")?;
            return Ok(None);
        }
        let bytes = self.cursor.take(length, "a string")?;
        Ok(std::str::from_utf8(bytes).ok().map(str::to_owned))
    }

    fn list_head(&mut self) -> Result<(ValueType, u64), ReadError> {
        let of = value_type(self.cursor, self.key)?;
        let offset = self.cursor.offset();
        let length = self.cursor.length("the length of an array")?;
        // An array in an array has at least a type and a length.
        let least = match of {
            ValueType::List => 4 + self.cursor.length_size(),
            _ => of.size().unwrap_or(self.cursor.length_size()),
        };
        let needed = length.checked_mul(least);
        if needed.is_none_or(|needed| needed > self.cursor.remaining()) {
            let reason = format!(
                "`{}` is an array of {length}, and {} bytes are left",
                self.key,
                self.cursor.remaining()
            );
            return Err(self.cursor.fault(offset, reason));
        }
        if of.size().is_none() {
            let left = self.budget.items.checked_sub(length);
            let Some(left) = left else {
                let reason = format!("more than {ITEMS_MAX} strings and arrays in arrays");
                return Err(self.cursor.fault(offset, reason));
            };
            self.budget.items = left;
        }
        Ok((of, length))
    }

    /// The elements, if they are few and simple; otherwise they are passed over.
    fn short_list(
        &mut self,
        of: ValueType,
        length: u64,
    ) -> Result<Option<Vec<Observed>>, ReadError> {
        let is_kept = of != ValueType::List
            && length <= ITEMS_KEPT
            && self.budget.reserve(length.saturating_mul(VALUE_SIZE));
        if !is_kept {
            self.pass(of, length, 1)?;
            return Ok(None);
        }
        let mut items = Vec::with_capacity(usize::try_from(length).unwrap_or_default());
        let mut is_whole = true;
        for _ in 0..length {
            if of != ValueType::Text {
                items.push(self.scalar(of)?);
                continue;
            }
            let length = self.cursor.length("a string")?;
            match self.text(length)? {
                Some(text) => items.push(Observed::Text(text)),
                None => is_whole = false,
            }
        }
        Ok(is_whole.then_some(items))
    }

    /// Passes over the elements of an array.
    fn pass(&mut self, of: ValueType, length: u64, depth: usize) -> Result<(), ReadError> {
        if let Some(size) = of.size() {
            // The product was compared with the file when the length was read.
            return self.cursor.skip(length.saturating_mul(size), "an array");
        }
        if of == ValueType::List && depth >= DEPTH_MAX {
            return Err(ReadError::TooDeep {
                input: self.input.to_owned(),
                limit: DEPTH_MAX,
            });
        }
        for _ in 0..length {
            if of == ValueType::List {
                let (of, length) = self.list_head()?;
                self.pass(of, length, depth + 1)?;
            } else {
                let length = self.cursor.length("a string")?;
                self.cursor.skip(length, "a string")?;
            }
        }
        Ok(())
    }
}

fn described(kind: &str, length: u64) -> Observed {
    Observed::Map(vec![
        ("type".to_owned(), Observed::Text(kind.to_owned())),
        ("length".to_owned(), Observed::Number(length.into())),
    ])
}
