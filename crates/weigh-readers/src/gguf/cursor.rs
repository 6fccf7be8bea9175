//! A position in a file that is read in growing chunks: neither the whole file nor a read per key.

use weigh_facts::Decimal;

use crate::{Object, ReadError};

/// The first chunk holds the whole header of a small file; the last is what a disk likes.
const CHUNK_MIN: u64 = 64 << 10;
const CHUNK_MAX: u64 = 4 << 20;

/// A window into an object.
///
/// - **Invariant:** nothing longer than [`CHUNK_MAX`] is held, and nothing behind the object is
///   asked for.
pub(super) struct Cursor<'a> {
    object: &'a dyn Object,
    input: &'a str,
    len: u64,
    /// Where the window begins in the file.
    start: u64,
    window: Vec<u8>,
    /// The next byte, counted from the start of the window; may lie behind it.
    at: u64,
    chunk: u64,
    pub(super) is_big_endian: bool,
    /// Version 1 has lengths and counts of four bytes.
    pub(super) has_short_lengths: bool,
}

impl<'a> Cursor<'a> {
    pub(super) fn new(object: &'a dyn Object, input: &'a str) -> Self {
        Self {
            object,
            input,
            len: object.len(),
            start: 0,
            window: Vec::new(),
            at: 0,
            chunk: CHUNK_MIN,
            is_big_endian: false,
            has_short_lengths: false,
        }
    }

    /// The place in the file. Both parts are within the file, so their sum is.
    pub(super) fn offset(&self) -> u64 {
        self.start + self.at
    }

    pub(super) fn len(&self) -> u64 {
        self.len
    }

    pub(super) fn remaining(&self) -> u64 {
        self.len - self.offset()
    }

    pub(super) fn fault(&self, offset: u64, reason: String) -> ReadError {
        ReadError::Gguf {
            input: self.input.to_owned(),
            reason,
            offset,
        }
    }

    fn truncated(&self, what: &str, needed: u64) -> ReadError {
        ReadError::GgufTruncated {
            input: self.input.to_owned(),
            len: self.len,
            what: format!("{what} at byte {}", self.offset()),
            needed: self.offset().saturating_add(needed),
        }
    }

    /// The next bytes, at most [`CHUNK_MAX`] of them.
    pub(super) fn take(&mut self, count: u64, what: &str) -> Result<&[u8], ReadError> {
        if count > self.remaining() {
            return Err(self.truncated(what, count));
        }
        if self.at + count > self.window.len() as u64 {
            self.refill(count)?;
        }
        let begin = usize::try_from(self.at).unwrap_or(usize::MAX);
        self.at += count;
        let end = usize::try_from(self.at).unwrap_or(usize::MAX);
        // The window was filled so far just above.
        Ok(self.window.get(begin..end).unwrap_or_default())
    }

    fn refill(&mut self, count: u64) -> Result<(), ReadError> {
        self.start = self.offset();
        self.at = 0;
        let size = self.chunk.max(count).min(CHUNK_MAX).min(self.remaining());
        self.chunk = (self.chunk * 2).min(CHUNK_MAX);
        self.object.prefetch(self.start..self.start + size);
        self.window
            .resize(usize::try_from(size).unwrap_or_default(), 0);
        self.object.read_at(self.start, &mut self.window)
    }

    /// Goes on without reading.
    pub(super) fn skip(&mut self, count: u64, what: &str) -> Result<(), ReadError> {
        if count > self.remaining() {
            return Err(self.truncated(what, count));
        }
        self.at += count;
        Ok(())
    }

    fn array<const N: usize>(&mut self, what: &str) -> Result<[u8; N], ReadError> {
        let mut bytes = [0; N];
        bytes.copy_from_slice(self.take(N as u64, what)?);
        if self.is_big_endian {
            bytes.reverse();
        }
        Ok(bytes)
    }

    pub(super) fn u32(&mut self, what: &str) -> Result<u32, ReadError> {
        self.array(what).map(u32::from_le_bytes)
    }

    pub(super) fn u64(&mut self, what: &str) -> Result<u64, ReadError> {
        self.array(what).map(u64::from_le_bytes)
    }

    /// A length, count or dimension.
    pub(super) fn length(&mut self, what: &str) -> Result<u64, ReadError> {
        if self.has_short_lengths {
            self.u32(what).map(u64::from)
        } else {
            self.u64(what)
        }
    }

    /// Bytes of a length, count or dimension.
    pub(super) fn length_size(&self) -> u64 {
        if self.has_short_lengths { 4 } else { 8 }
    }

    /// A name: text of at least one byte and at most `limit`.
    pub(super) fn name(&mut self, limit: u64, what: &str) -> Result<String, ReadError> {
        let offset = self.offset();
        let len = self.length(what)?;
        if len > self.remaining() {
            return Err(self.truncated(what, len));
        }
        if len == 0 || len > limit {
            let reason = format!("{what} of {len} bytes; it has at least one and at most {limit}");
            return Err(self.fault(offset, reason));
        }
        let begins = self.offset();
        let bytes = self.take(len, what)?.to_vec();
        String::from_utf8(bytes).map_err(|error| ReadError::NotUtf8 {
            input: self.input.to_owned(),
            offset: usize::try_from(begins)
                .unwrap_or(usize::MAX)
                .saturating_add(error.utf8_error().valid_up_to()),
        })
    }

    pub(super) fn number(&mut self, scalar: Number) -> Result<Option<Decimal>, ReadError> {
        let what = "a value";
        let number = match scalar {
            Number::U8 => u64::from(u8::from_le_bytes(self.array(what)?)).into(),
            Number::I8 => i64::from(i8::from_le_bytes(self.array(what)?)).into(),
            Number::U16 => u64::from(u16::from_le_bytes(self.array(what)?)).into(),
            Number::I16 => i64::from(i16::from_le_bytes(self.array(what)?)).into(),
            Number::U32 => u64::from(u32::from_le_bytes(self.array(what)?)).into(),
            Number::I32 => i64::from(i32::from_le_bytes(self.array(what)?)).into(),
            Number::U64 => u64::from_le_bytes(self.array(what)?).into(),
            Number::I64 => i64::from_le_bytes(self.array(what)?).into(),
            Number::F32 => return Ok(shortest(&f32::from_le_bytes(self.array(what)?))),
            Number::F64 => return Ok(shortest(&f64::from_le_bytes(self.array(what)?))),
        };
        Ok(Some(number))
    }
}

/// Numbers by their storage.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Number {
    U8,
    I8,
    U16,
    I16,
    U32,
    I32,
    U64,
    I64,
    F32,
    F64,
}

/// The shortest decimal that stands for the float, which is what its writer meant by it; none
/// when it is no number.
fn shortest(float: &impl std::fmt::LowerExp) -> Option<Decimal> {
    format!("{float:e}").parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Memory;

    #[test]
    fn a_chunk_more_than_the_window_is_read_where_it_begins() {
        let bytes: Vec<u8> = (0..300_000_u32).flat_map(u32::to_le_bytes).collect();
        let file = Memory(bytes);
        let mut cursor = Cursor::new(&file, "f");
        for n in 0..40_000 {
            assert_eq!(cursor.u32("n").unwrap(), n);
        }
        cursor.skip(4 * 200_000, "n").unwrap();
        assert_eq!(cursor.u32("n").unwrap(), 240_000);
        assert_eq!(cursor.offset(), 4 * 240_001);
        assert!(cursor.skip(u64::MAX, "n").is_err());
        assert!(cursor.take(4 * 60_000, "n").is_err());
        assert_eq!(cursor.u32("n").unwrap(), 240_001);
    }

    #[test]
    fn floats_are_the_decimals_that_were_meant() {
        let says = |f: f32| shortest(&f).map(|d| d.to_plain());
        assert_eq!(says(1e-6).as_deref(), Some("0.000001"));
        assert_eq!(says(500_000.0).as_deref(), Some("500000"));
        assert_eq!(says(f32::NAN), None);
        assert_eq!(says(f32::INFINITY), None);
    }
}
