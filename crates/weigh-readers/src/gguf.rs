//! Headers of GGUF files, whole or in parts. The data is never read.
//!
//! Layout: `GGUF`, a version, the number of tensors, the number of keys; keys with typed values;
//! tensors with name, dimensions (the fastest first), element type and offset; padding; the data,
//! each tensor at a multiple of the alignment.
//! Source: <https://github.com/ggml-org/ggml/blob/master/docs/gguf.md>, and where it is silent
//! gguf-py 0.19.0, which writes the tensors one after the other, each padded to the alignment.
//!
//! - **Invariant:** a count is compared with the bytes that are left before anything is allocated,
//!   and memory has a cap whatever a file claims: 64 MiB of kept text and values, 262,144 tensors,
//!   and a window of 4 MiB. Everything together stays below 256 MiB.
//! - **Invariant:** of an accepted file, tensors lie inside it in whole blocks, without overlap,
//!   and with nothing between them but padding.
//! - Versions 1 to 3 in either byte order; a file does not declare its order, and the version
//!   shows it.
//! - **Limit:** what stands in the padding is not looked at.

mod cursor;
mod kind;
mod metadata;
mod split;

use std::collections::HashSet;
use std::ops::Range;

use weigh_facts::{Dtype, TensorSeen};

use crate::{Object, ReadError};
use cursor::Cursor;

pub use kind::{Kind, configuration};
pub use metadata::{Metadata, ValueType};
pub use split::{PartName, Split, SplitClaim, read_split};

const MAGIC: &[u8; 4] = b"GGUF";
const VERSIONS: std::ops::RangeInclusive<u32> = 1..=3;
/// Where a file says nothing. Source: the format's `general.alignment`.
const ALIGNMENT: u64 = 32;
/// The format asks for a multiple of eight; beyond a mebibyte, padding could be data.
const ALIGNMENT_MIN: u64 = 8;
const ALIGNMENT_MAX: u64 = 1 << 20;
/// Experts are stacked, so that the largest published files have some thousands.
const TENSORS_MAX: u64 = 1 << 18;
/// The format allows 64 bytes; some writers use more.
const TENSOR_NAME_MAX: u64 = 1024;
/// GGML has no more.
const RANK_MAX: u32 = 4;
const DIMENSION_MAX: u64 = 1 << 40;
/// The largest vocabularies with their merges take some tens of megabytes.
const HEADER_MAX: u64 = 1 << 30;

/// What a header says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    /// The version of the format: 1, 2 or 3.
    pub version: u32,
    /// Are its numbers written with the largest byte first?
    pub is_big_endian: bool,
    /// Every tensor begins at a multiple of it, counted from the beginning of the data.
    pub alignment: u64,
    /// Keys and values, in the order of the file. Long values are described, not kept.
    pub metadata: Vec<Metadata>,
    /// Every tensor, by place in the data, its shape with the fastest axis last.
    pub tensors: Vec<TensorSeen>,
    /// The bytes of each tensor in its file, in the order of `tensors`.
    /// Promise: they lie inside the file, fit their shapes, do not overlap, and have nothing
    /// between them but padding to the alignment.
    pub places: Vec<Range<u64>>,
    /// Where the data begins, the padding before it included.
    pub header_len: u64,
    /// Bytes of data, padding included.
    pub data_len: u64,
    /// The file as the person named it.
    pub input: String,
}

/// Reads the header of one file.
///
/// A part of a split file is read like any other: [`Header::split`] says that it is one, and
/// [`read_split`] reads them all.
///
/// # Errors
/// When a count, length, name, type, shape or place cannot be, the file is shorter than its header
/// says, or it holds bytes that belong to no tensor.
pub fn read_header(object: &dyn Object, input: &str) -> Result<Header, ReadError> {
    if object.is_empty() {
        return Err(ReadError::Empty {
            input: input.to_owned(),
        });
    }
    let mut cursor = Cursor::new(object, input);
    let version = preamble(&mut cursor)?;
    let n_tensors = cursor.length("the number of tensors")?;
    let n_keys = cursor.length("the number of keys")?;
    check_count(
        &cursor,
        "tensors",
        n_tensors,
        tensor_min(&cursor),
        TENSORS_MAX,
    )?;
    check_count(
        &cursor,
        "keys",
        n_keys,
        metadata::entry_min(&cursor),
        metadata::KEYS_MAX,
    )?;
    let (metadata, mut budget) = metadata::read(&mut cursor, n_keys, input)?;
    let alignment = alignment(&cursor, &metadata)?;
    // The keys took bytes that were left when the count was first compared.
    check_count(
        &cursor,
        "tensors",
        n_tensors,
        tensor_min(&cursor),
        TENSORS_MAX,
    )?;
    let mut entries = Vec::with_capacity(usize::try_from(n_tensors).unwrap_or_default());
    for _ in 0..n_tensors {
        let entry = tensor(&mut cursor, alignment, input)?;
        budget.spend(entry.tensor.name.len() as u64, &cursor)?;
        entries.push(entry);
    }
    check_names(&entries, input)?;
    let end = cursor.offset();
    if end > HEADER_MAX {
        let reason = format!("a header of {end} bytes; the limit is {HEADER_MAX}");
        return Err(cursor.fault(end, reason));
    }
    // A file without tensors may end where its keys do.
    let header_len = if entries.is_empty() {
        padded(end, alignment).min(cursor.len())
    } else {
        padded(end, alignment)
    };
    let (tensors, places) = place(entries, header_len, alignment, &cursor, input)?;
    Ok(Header {
        version,
        is_big_endian: cursor.is_big_endian,
        alignment,
        metadata,
        tensors,
        places,
        header_len,
        data_len: cursor.len() - header_len,
        input: input.to_owned(),
    })
}

/// Magic and version. The order of bytes is not declared: a swapped version is far too large.
fn preamble(cursor: &mut Cursor<'_>) -> Result<u32, ReadError> {
    let magic = cursor.take(4, "the first four bytes")?;
    if magic != MAGIC {
        let shown = magic.escape_ascii().to_string();
        return Err(cursor.fault(0, format!("it begins with `{shown}`, and not with `GGUF`")));
    }
    let version = cursor.u32("the version")?;
    let swapped = version.swap_bytes();
    cursor.is_big_endian = !VERSIONS.contains(&version) && VERSIONS.contains(&swapped);
    let version = if cursor.is_big_endian {
        swapped
    } else {
        version
    };
    if !VERSIONS.contains(&version) {
        let reason = format!("version {version} of the format, and versions 1 to 3 are known");
        return Err(cursor.fault(4, reason));
    }
    cursor.has_short_lengths = version == 1;
    Ok(version)
}

/// Bytes of the smallest tensor: a name of one byte, no dimension, a type and an offset.
fn tensor_min(cursor: &Cursor<'_>) -> u64 {
    cursor.length_size() + 1 + 4 + 4 + 8
}

fn check_count(
    cursor: &Cursor<'_>,
    what: &str,
    count: u64,
    least: u64,
    limit: u64,
) -> Result<(), ReadError> {
    if count > limit {
        let reason = format!("{count} {what}; the limit is {limit}");
        return Err(cursor.fault(cursor.offset(), reason));
    }
    // Both are small: the count is below its limit.
    let needed = count * least;
    if needed > cursor.remaining() {
        let reason = format!(
            "{count} {what} take at least {needed} bytes, and {} are left",
            cursor.remaining()
        );
        return Err(cursor.fault(cursor.offset(), reason));
    }
    Ok(())
}

fn alignment(cursor: &Cursor<'_>, metadata: &[Metadata]) -> Result<u64, ReadError> {
    let Some(entry) = metadata.iter().find(|m| m.key == "general.alignment") else {
        return Ok(ALIGNMENT);
    };
    let number = entry.whole().filter(|_| entry.kind == ValueType::U32);
    let sane = |n: &u64| n.is_power_of_two() && (ALIGNMENT_MIN..=ALIGNMENT_MAX).contains(n);
    number.filter(sane).ok_or_else(|| {
        let reason = format!(
            "`general.alignment` is {}, and should be a power of two from {ALIGNMENT_MIN} to \
             {ALIGNMENT_MAX} of the type u32",
            number.map_or_else(|| format!("of the type {}", entry.kind), |n| n.to_string())
        );
        cursor.fault(entry.offset, reason)
    })
}

/// The next multiple of the alignment. Lengths of files are far from the end of u64.
fn padded(length: u64, alignment: u64) -> u64 {
    length.saturating_add(alignment - 1) / alignment * alignment
}

struct Entry {
    tensor: TensorSeen,
    /// Counted from the beginning of the data.
    offset: u64,
}

fn tensor(cursor: &mut Cursor<'_>, alignment: u64, input: &str) -> Result<Entry, ReadError> {
    let name = cursor.name(TENSOR_NAME_MAX, "the name of a tensor")?;
    let rank = cursor.u32("the number of dimensions")?;
    if rank > RANK_MAX {
        let reason = format!("{rank} dimensions; the limit is {RANK_MAX}");
        return Err(wrong_shape(input, &name, reason));
    }
    let mut shape = Vec::with_capacity(rank as usize);
    for _ in 0..rank {
        shape.push(cursor.length("a dimension")?);
    }
    let id = cursor.u32("the type of a tensor")?;
    let offset = cursor.u64("the offset of a tensor")?;
    let Some(dtype) = Dtype::from_ggml(id) else {
        return Err(ReadError::UnknownDtype {
            input: input.to_owned(),
            tensor: name,
            dtype: format!("GGML type {id}"),
        });
    };
    if let Some(dimension) = shape.iter().find(|d| **d > DIMENSION_MAX) {
        let reason = format!("a dimension of {dimension}; the limit is {DIMENSION_MAX}");
        return Err(wrong_shape(input, &name, reason));
    }
    // Blocks lie along the first dimension, the row, and never reach into the next row.
    let row = shape.first().copied().unwrap_or(1);
    let block = dtype.block().elements;
    if !row.is_multiple_of(block) {
        let reason = format!("rows of {row} elements, and {dtype} packs {block} at a time");
        return Err(wrong_shape(input, &name, reason));
    }
    let elements = shape.iter().try_fold(1_u64, |n, d| n.checked_mul(*d));
    let Some(elements) = elements else {
        let reason = "the product of its dimensions overflows".to_owned();
        return Err(wrong_shape(input, &name, reason));
    };
    let Some(bytes) = dtype.bytes_for(elements) else {
        let reason = "the number of its bytes overflows".to_owned();
        return Err(wrong_shape(input, &name, reason));
    };
    if !offset.is_multiple_of(alignment) {
        let reason = format!("it begins at byte {offset}, which is no multiple of {alignment}");
        return Err(wrong_range(input, &name, reason));
    }
    // The file names the fastest axis first, everybody else names it last.
    shape.reverse();
    let tensor = TensorSeen {
        name,
        dtype,
        shape,
        elements,
        bytes,
        input: input.to_owned(),
    };
    Ok(Entry { tensor, offset })
}

fn wrong_shape(input: &str, tensor: &str, reason: String) -> ReadError {
    ReadError::TensorShape {
        input: input.to_owned(),
        tensor: tensor.to_owned(),
        reason,
    }
}

fn wrong_range(input: &str, tensor: &str, reason: String) -> ReadError {
    ReadError::TensorRange {
        input: input.to_owned(),
        tensor: tensor.to_owned(),
        reason,
    }
}

fn check_names(entries: &[Entry], input: &str) -> Result<(), ReadError> {
    let mut seen = HashSet::with_capacity(entries.len());
    for entry in entries {
        if !seen.insert(entry.tensor.name.as_str()) {
            return Err(ReadError::DuplicateTensor {
                input: input.to_owned(),
                tensor: entry.tensor.name.clone(),
            });
        }
    }
    Ok(())
}

/// Puts the tensors in the order of their places, and checks that each begins where the one before
/// it ends, padding apart, and that the file ends with the last.
fn place(
    mut entries: Vec<Entry>,
    header_len: u64,
    alignment: u64,
    cursor: &Cursor<'_>,
    input: &str,
) -> Result<(Vec<TensorSeen>, Vec<Range<u64>>), ReadError> {
    entries.sort_by(|a, b| {
        let key = |e: &Entry| (e.offset, e.tensor.bytes);
        key(a)
            .cmp(&key(b))
            .then_with(|| a.tensor.name.cmp(&b.tensor.name))
    });
    let mut tensors: Vec<TensorSeen> = Vec::with_capacity(entries.len());
    let mut places = Vec::with_capacity(entries.len());
    let mut reached = 0;
    for Entry { tensor, offset } in entries {
        let due = padded(reached, alignment);
        if offset < due {
            let before = tensors.last().map_or("", |t| t.name.as_str());
            let reason = format!("it begins at byte {offset}, and `{before}` ends at {reached}");
            return Err(wrong_range(input, &tensor.name, reason));
        }
        if offset > due {
            let reason = format!("bytes {due} to {offset} before it belong to no tensor");
            return Err(wrong_range(input, &tensor.name, reason));
        }
        let end = offset.checked_add(tensor.bytes);
        let place =
            end.and_then(|end| Some(header_len.checked_add(offset)?..header_len.checked_add(end)?));
        let Some(place) = place else {
            let reason = format!("it begins at byte {offset} and ends where no file can");
            return Err(wrong_range(input, &tensor.name, reason));
        };
        if place.end > cursor.len() {
            return Err(ReadError::GgufTruncated {
                input: input.to_owned(),
                len: cursor.len(),
                what: format!("tensor `{}`", tensor.name),
                needed: place.end,
            });
        }
        reached = place.end - header_len;
        tensors.push(tensor);
        places.push(place);
    }
    let end = header_len + reached;
    // Some writers pad the last tensor as well, and some do not.
    let rest = cursor.len() - end;
    if rest > padded(reached, alignment) - reached {
        let reason = format!("{rest} bytes behind the last tensor belong to none");
        return Err(cursor.fault(end, reason));
    }
    Ok((tensors, places))
}

impl Header {
    /// A key and its value.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Metadata> {
        self.metadata.iter().find(|m| m.key == key)
    }

    /// The name of the architecture, as the file gives it.
    #[must_use]
    pub fn architecture(&self) -> Option<&str> {
        self.get("general.architecture")?.text()
    }
}
