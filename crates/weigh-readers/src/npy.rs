//! Arrays of NumPy: one (`*.npy`), or several in a zip (`*.npz`). The numbers are never read.
//!
//! An array begins with a magic, a version and the literal of a Python dictionary:
//! `{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }`. NumPy evaluates it; here it is
//! read by a grammar of just these three keys.
//!
//! - **Invariant:** of an accepted array, the numbers fill the file, or its entry, to the last byte.
//! - **Invariant:** no array of objects is read: its data are a pickle, which runs what it names.
//! - **Limit:** records, texts, dates and numbers of other widths than a type of ours are refused.
//!
//! Source: `numpy/lib/_format_impl.py` of NumPy 2.4.6, versions 1 to 3.

use weigh_facts::{Dtype, TensorSeen};

use crate::{Memory, Object, ReadError, zip};

const MAGIC: &[u8; 6] = b"\x93NUMPY";
/// NumPy reads no longer ones either, unless it is told to.
const HEADER_MAX: u64 = 10_000;
const RANK_MAX: usize = 8;
const DIMENSION_MAX: u64 = 1 << 40;
const TENSORS_MAX: usize = 1 << 18;
/// What of a packed entry is unpacked at most, to see its header.
const PACKED_MAX: u64 = 64 << 20;

/// One array.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Array {
    /// The version of the format: 1 to 3.
    pub version: u8,
    /// Name, type and shape, as it is indexed.
    pub seen: TensorSeen,
    /// Does the first axis vary fastest?
    pub is_fortran: bool,
    /// Are its numbers written with the largest byte first?
    pub is_big_endian: bool,
    /// Bytes before the numbers.
    pub header_len: u64,
}

/// Reads the header of one array, which is named `name`.
///
/// # Errors
/// When it is no array, holds objects, or has more or fewer bytes than its shape takes.
pub fn read(object: &dyn Object, name: &str, input: &str) -> Result<Array, ReadError> {
    let len = object.len();
    if len == 0 {
        let input = input.to_owned();
        return Err(ReadError::Empty { input });
    }
    let whole = Window {
        object,
        start: 0,
        len,
    };
    array(&whole, name, input)
}

/// Reads the header of every array in a zip; each goes by the name of its entry, without `.npy`.
///
/// # Errors
/// When the archive is not sound, or an entry is no array.
pub fn read_archive(object: &dyn Object, input: &str) -> Result<Vec<Array>, ReadError> {
    let directory = zip::read_directory(object, input)?;
    let mut arrays = Vec::new();
    for entry in directory.entries() {
        let Some(name) = entry.name.strip_suffix(".npy").filter(|n| !n.is_empty()) else {
            let reason = format!("it holds `{}`, which is no array", entry.name);
            return Err(fault(input, reason));
        };
        if arrays.len() == TENSORS_MAX {
            return Err(fault(input, format!("more than {TENSORS_MAX} arrays")));
        }
        let found = match entry.method {
            zip::Method::Stored => {
                let window = Window {
                    object,
                    start: entry.data.start,
                    len: entry.len,
                };
                array(&window, name, input)?
            }
            // A packed entry has no header that can be read alone.
            zip::Method::Deflated => {
                let unpacked = directory.read(object, entry, PACKED_MAX)?;
                if !unpacked.has_checksum {
                    return Err(ReadError::ZipEntry {
                        input: input.to_owned(),
                        entry: entry.name.clone(),
                        reason: "its bytes have another checksum than it claims".to_owned(),
                    });
                }
                let memory = Memory(unpacked.bytes);
                let window = Window {
                    object: &memory,
                    start: 0,
                    len: entry.len,
                };
                array(&window, name, input)?
            }
        };
        arrays.push(found);
    }
    if arrays.is_empty() {
        return Err(fault(input, "it holds no array".to_owned()));
    }
    Ok(arrays)
}

fn fault(input: &str, reason: String) -> ReadError {
    ReadError::Numpy {
        input: input.to_owned(),
        reason,
    }
}

/// A part of an object.
struct Window<'a> {
    object: &'a dyn Object,
    start: u64,
    len: u64,
}

fn array(window: &Window<'_>, name: &str, input: &str) -> Result<Array, ReadError> {
    let refuse = |reason: String| fault(input, format!("array `{name}`: {reason}"));
    if window.len < 10 {
        let len = window.len;
        return Err(refuse(format!("{len} bytes, and its first words take 10")));
    }
    let mut first = [0; 10];
    window.object.read_at(window.start, &mut first)?;
    let [m0, m1, m2, m3, m4, m5, version, minor, l0, l1] = first;
    if [m0, m1, m2, m3, m4, m5] != *MAGIC {
        return Err(refuse("it does not begin as an array does".to_owned()));
    }
    let (len, before) = match (version, minor) {
        (1, 0) => (u64::from(u16::from_le_bytes([l0, l1])), 10),
        (2 | 3, 0) if window.len >= 12 => {
            let mut rest = [0; 2];
            window.object.read_at(window.start + 10, &mut rest)?;
            let [l2, l3] = rest;
            (u64::from(u32::from_le_bytes([l0, l1, l2, l3])), 12)
        }
        _ => return Err(refuse(format!("version {version}.{minor} of the format"))),
    };
    if len > HEADER_MAX || len > window.len - before {
        let least = HEADER_MAX.min(window.len - before);
        return Err(refuse(format!(
            "a header of {len} bytes; at most {least} can be"
        )));
    }
    let mut bytes = vec![0; usize::try_from(len).unwrap_or_default()];
    window.object.read_at(window.start + before, &mut bytes)?;
    // Version 3 is UTF-8, the others Latin 1; what may stand here is in both.
    let text = std::str::from_utf8(&bytes).ok().filter(|t| t.is_ascii());
    let text = text.ok_or_else(|| refuse("its header is not plain text".to_owned()))?;
    let header = Parser { rest: text }.header().map_err(refuse)?;
    if header.descr.contains('O') {
        return Err(ReadError::NumpyObject {
            input: input.to_owned(),
            tensor: name.to_owned(),
        });
    }
    let Some((dtype, is_big_endian)) = dtype(&header.descr) else {
        return Err(ReadError::UnknownDtype {
            input: input.to_owned(),
            tensor: name.to_owned(),
            dtype: header.descr,
        });
    };
    let header_len = before + len;
    let seen = tensor(name, dtype, header.shape, input)?;
    if seen.bytes != window.len - header_len {
        return Err(ReadError::TensorRange {
            input: input.to_owned(),
            tensor: name.to_owned(),
            reason: format!(
                "its shape takes {} bytes, and it has {}",
                seen.bytes,
                window.len - header_len
            ),
        });
    }
    Ok(Array {
        version,
        seen,
        is_fortran: header.is_fortran,
        is_big_endian,
        header_len,
    })
}

fn tensor(name: &str, dtype: Dtype, shape: Vec<u64>, input: &str) -> Result<TensorSeen, ReadError> {
    let refuse = |reason: String| ReadError::TensorShape {
        input: input.to_owned(),
        tensor: name.to_owned(),
        reason,
    };
    if shape.len() > RANK_MAX {
        let reason = format!("{} dimensions; the limit is {RANK_MAX}", shape.len());
        return Err(refuse(reason));
    }
    if let Some(dimension) = shape.iter().find(|d| **d > DIMENSION_MAX) {
        let reason = format!("a dimension of {dimension}; the limit is {DIMENSION_MAX}");
        return Err(refuse(reason));
    }
    let elements = shape.iter().try_fold(1_u64, |n, d| n.checked_mul(*d));
    let bytes = elements.and_then(|n| Some((n, dtype.bytes_for(n)?)));
    let (elements, bytes) =
        bytes.ok_or_else(|| refuse("the product of its dimensions overflows".to_owned()))?;
    Ok(TensorSeen {
        name: name.to_owned(),
        dtype,
        shape,
        elements,
        bytes,
        input: input.to_owned(),
    })
}

/// Our type of a NumPy description, and whether its largest byte comes first.
fn dtype(descr: &str) -> Option<(Dtype, bool)> {
    let (order, kind) = descr.split_at_checked(1)?;
    let dtype = match kind {
        "b1" => Dtype::Bool,
        "u1" => Dtype::U8,
        "i1" => Dtype::I8,
        "u2" => Dtype::U16,
        "i2" => Dtype::I16,
        "u4" => Dtype::U32,
        "i4" => Dtype::I32,
        "u8" => Dtype::U64,
        "i8" => Dtype::I64,
        "f2" => Dtype::F16,
        "f4" => Dtype::F32,
        "f8" => Dtype::F64,
        "c8" => Dtype::C64,
        "c16" => Dtype::C128,
        _ => return None,
    };
    match order {
        // What is one byte wide has no order.
        "|" if dtype.block().bytes == 1 => Some((dtype, false)),
        "<" => Some((dtype, false)),
        ">" => Some((dtype, true)),
        _ => None,
    }
}

struct Header {
    descr: String,
    is_fortran: bool,
    shape: Vec<u64>,
}

/// The literal of a dictionary with three keys, and of nothing else.
struct Parser<'t> {
    rest: &'t str,
}

impl<'t> Parser<'t> {
    fn header(mut self) -> Result<Header, String> {
        let (mut descr, mut fortran, mut shape) = (None, None, None);
        self.expect('{')?;
        while !self.takes('}') {
            let key = self.quoted()?;
            self.expect(':')?;
            let is_twice = match key {
                "descr" => descr.replace(self.descr()?).is_some(),
                "fortran_order" => fortran.replace(self.boolean()?).is_some(),
                "shape" => shape.replace(self.tuple()?).is_some(),
                other => return Err(format!("its header has the key `{other}`")),
            };
            if is_twice {
                return Err(format!("its header has the key `{key}` twice"));
            }
            if !self.takes(',') {
                self.expect('}')?;
                break;
            }
        }
        if !self.rest.trim().is_empty() {
            return Err("its header goes on behind the dictionary".to_owned());
        }
        match (descr, fortran, shape) {
            (Some(descr), Some(is_fortran), Some(shape)) => Ok(Header {
                descr,
                is_fortran,
                shape,
            }),
            _ => Err("its header lacks one of `descr`, `fortran_order`, `shape`".to_owned()),
        }
    }

    /// Is the next word this one? Then it is passed.
    fn takes(&mut self, word: char) -> bool {
        let rest = self.rest.trim_start().strip_prefix(word);
        self.rest = rest.unwrap_or(self.rest);
        rest.is_some()
    }

    fn expect(&mut self, word: char) -> Result<(), String> {
        if self.takes(word) {
            return Ok(());
        }
        Err(format!("its header lacks a `{word}`"))
    }

    fn quoted(&mut self) -> Result<&'t str, String> {
        let none = || "its header lacks a text in quotes".to_owned();
        let rest = self.rest.trim_start();
        let quote = rest.chars().next().filter(|c| matches!(c, '\'' | '"'));
        let rest = quote.and_then(|q| rest.strip_prefix(q)).ok_or_else(none)?;
        let (text, rest) = quote.and_then(|q| rest.split_once(q)).ok_or_else(none)?;
        // An escape could spell what stands elsewhere in the text.
        if text.contains('\\') {
            return Err(none());
        }
        self.rest = rest;
        Ok(text)
    }

    fn descr(&mut self) -> Result<String, String> {
        if self.rest.trim_start().starts_with('[') {
            return Err("it holds records, which are not read".to_owned());
        }
        self.quoted().map(str::to_owned)
    }

    fn boolean(&mut self) -> Result<bool, String> {
        let rest = self.rest.trim_start();
        for (word, value) in [("True", true), ("False", false)] {
            if let Some(rest) = rest.strip_prefix(word) {
                self.rest = rest;
                return Ok(value);
            }
        }
        Err("its header lacks a `True` or `False`".to_owned())
    }

    /// `()`, `(3,)`, `(2, 3)`; and not `(3)`, which is a number in Python.
    fn tuple(&mut self) -> Result<Vec<u64>, String> {
        let mut shape = Vec::new();
        self.expect('(')?;
        while !self.takes(')') {
            shape.push(self.count()?);
            if shape.len() > RANK_MAX {
                return Err(format!("more than {RANK_MAX} dimensions"));
            }
            if !self.takes(',') {
                self.expect(')')?;
                if shape.len() == 1 {
                    return Err("its shape is a number, and no list".to_owned());
                }
                break;
            }
        }
        Ok(shape)
    }

    fn count(&mut self) -> Result<u64, String> {
        let rest = self.rest.trim_start();
        let end = rest.find(|c: char| !c.is_ascii_digit());
        let (digits, rest) = rest.split_at(end.unwrap_or(rest.len()));
        // Python 2 wrote `3L`.
        self.rest = rest.strip_prefix('L').unwrap_or(rest);
        let is_plain = digits == "0" || !digits.starts_with('0');
        let count = digits.parse().ok().filter(|_| is_plain);
        count.ok_or_else(|| "a dimension in its header is no plain count".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(header: &str, data: usize) -> Vec<u8> {
        let len = u16::try_from(header.len()).unwrap().to_le_bytes();
        [MAGIC, &[1, 0][..], &len, header.as_bytes(), &vec![0; data]].concat()
    }

    fn look(header: &str, data: usize) -> Result<Array, ReadError> {
        read(&Memory(file(header, data)), "a", "a.npy")
    }

    fn code(header: &str) -> &'static str {
        look(header, 24).map_or_else(|error| error.code(), |_| "read")
    }

    #[test]
    fn a_header_says_type_order_and_shape() {
        let header = "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }   \n";
        let found = look(header, 24).unwrap();
        assert_eq!((found.seen.dtype, found.version), (Dtype::F32, 1));
        assert_eq!((found.seen.shape, found.seen.bytes), (vec![2, 3], 24));
        assert!(!found.is_fortran && !found.is_big_endian);
        let header = "{'shape':(3,),'fortran_order':True,'descr':'>f8'}";
        let found = look(header, 24).unwrap();
        assert!(found.is_fortran && found.is_big_endian);
        let header = "{'descr': '|b1', 'fortran_order': False, 'shape': ()}";
        assert_eq!(look(header, 1).unwrap().seen.elements, 1);
        assert_eq!(look(header, 2).unwrap_err().code(), "tensor-range");
    }

    #[test]
    fn what_is_no_plain_header_is_refused() {
        let with = |descr: &str, shape: &str| {
            format!("{{'descr': {descr}, 'fortran_order': False, 'shape': {shape}}}")
        };
        assert_eq!(code(&with("'<f4'", "(6,)")), "read");
        assert_eq!(code(&with("'|O'", "(3,)")), "numpy-object");
        assert_eq!(code(&with("[('a', '<f4')]", "(6,)")), "numpy-array");
        assert_eq!(code(&with("'<U6'", "()")), "unknown-element-type");
        assert_eq!(code(&with("'|f4'", "(6,)")), "unknown-element-type");
        assert_eq!(
            code(&with("'<f4'", "(4294967296, 4294967296)")),
            "tensor-shape"
        );
        assert_eq!(
            code(&with("'<f4'", "(0, 18446744073709551615)")),
            "tensor-shape"
        );
        for shape in [
            "6", "(6)", "(-6,)", "(06,)", "(6,,)", "(,)", "(6", "(1e1,)", "[6]", "(2*3,)",
        ] {
            assert_eq!(code(&with("'<f4'", shape)), "numpy-array", "{shape}");
        }
        for header in [
            "",
            "{}",
            "{'descr': '<f4', 'fortran_order': False}",
            "{'descr': '<f4', 'descr': '<f4', 'fortran_order': False, 'shape': (6,)}",
            "{'descr': '<f4', 'fortran_order': 0, 'shape': (6,)}",
            "{'descr': '<f4', 'fortran_order': False, 'shape': (6,)} x",
            "{'descr': '<f4', 'fortran_order': False, 'shape': (6,), 'x': 1}",
            "{'descr': '\\x3cf4', 'fortran_order': False, 'shape': (6,)}",
            "{'descr': __import__('os'), 'fortran_order': False, 'shape': (6,)}",
        ] {
            assert_eq!(code(header), "numpy-array", "{header}");
        }
    }

    #[test]
    fn every_cut_is_noticed() {
        let whole = file(
            "{'descr': '<f4', 'fortran_order': False, 'shape': (6,)}",
            24,
        );
        for cut in 1..whole.len() {
            let cut = Memory(whole.get(..cut).unwrap().to_vec());
            assert!(read(&cut, "a", "a.npy").is_err());
        }
    }
}
