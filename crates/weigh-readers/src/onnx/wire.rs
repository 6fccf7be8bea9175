//! Tags and values of a protobuf message, one after the other, without a schema.

use crate::{Object, ReadError};

/// What is read at once: little after a skip, where data may follow, and more the longer tags do.
const CHUNK_MIN: u64 = 4 << 10;
const CHUNK_MAX: u64 = 1 << 20;
/// Source: protobuf's encoding; a field number has 29 bits.
const FIELD_MAX: u64 = (1 << 29) - 1;
/// Real graphs have some hundred thousand nodes of some ten fields.
const FIELDS_MAX: u64 = 1 << 24;

/// One field of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Field {
    pub(super) number: u64,
    pub(super) value: Value,
    /// Where its tag stands.
    pub(super) at: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Value {
    Varint(u64),
    Fixed32,
    Fixed64,
    /// Bytes, text or a message, from the place of the wire to here.
    Bytes {
        end: u64,
    },
}

/// A place in a file.
///
/// - **Invariant:** nothing longer than [`CHUNK_MAX`] is held, and a message ends inside the one
///   that it stands in.
pub(super) struct Wire<'a> {
    object: &'a dyn Object,
    pub(super) input: &'a str,
    len: u64,
    offset: u64,
    /// Where the window begins in the file.
    start: u64,
    window: Vec<u8>,
    chunk: u64,
    n_fields: u64,
}

impl<'a> Wire<'a> {
    pub(super) fn new(object: &'a dyn Object, input: &'a str) -> Self {
        Self {
            object,
            input,
            len: object.len(),
            offset: 0,
            start: 0,
            window: Vec::new(),
            chunk: CHUNK_MIN,
            n_fields: 0,
        }
    }

    pub(super) fn len(&self) -> u64 {
        self.len
    }

    pub(super) fn offset(&self) -> u64 {
        self.offset
    }

    pub(super) fn fault(&self, offset: u64, reason: impl Into<String>) -> ReadError {
        ReadError::Onnx {
            input: self.input.to_owned(),
            reason: reason.into(),
            offset,
        }
    }

    /// The next field of a message that ends at `end`, or none where it ends. The place is then
    /// behind the tag and the length: at the bytes, if it has any.
    pub(super) fn field(&mut self, end: u64) -> Result<Option<Field>, ReadError> {
        let at = self.offset;
        if at >= end {
            return Ok(None);
        }
        self.n_fields += 1;
        if self.n_fields > FIELDS_MAX {
            return Err(self.fault(at, format!("more than {FIELDS_MAX} fields")));
        }
        let key = self.varint(end)?;
        let (number, kind) = (key >> 3, key & 7);
        if number == 0 || number > FIELD_MAX {
            return Err(self.fault(at, format!("a field of the number {number}")));
        }
        let value = match kind {
            0 => Value::Varint(self.varint(end)?),
            1 => Value::Fixed64,
            2 => {
                let len = self.varint(end)?;
                Value::Bytes {
                    end: self.ahead(len, end)?,
                }
            }
            5 => Value::Fixed32,
            _ => return Err(self.fault(at, format!("a field of the wire type {kind}"))),
        };
        match value {
            Value::Fixed32 => self.offset = self.ahead(4, end)?,
            Value::Fixed64 => self.offset = self.ahead(8, end)?,
            _ => {}
        }
        Ok(Some(Field { number, value, at }))
    }

    /// The place so many bytes ahead, inside a message that ends at `end`.
    fn ahead(&self, len: u64, end: u64) -> Result<u64, ReadError> {
        let place = self.offset.saturating_add(len);
        if place > self.len {
            return Err(ReadError::OnnxTruncated {
                input: self.input.to_owned(),
                len: self.len,
                at: self.offset,
                needed: place,
            });
        }
        if place > end {
            let reason = format!("a field of {len} bytes in a message that ends at byte {end}");
            return Err(self.fault(self.offset, reason));
        }
        Ok(place)
    }

    /// A number of at most ten bytes.
    pub(super) fn varint(&mut self, end: u64) -> Result<u64, ReadError> {
        let at = self.offset;
        let mut number = 0_u64;
        for shift in (0..70).step_by(7) {
            self.ahead(1, end)?;
            let byte = self.byte()?;
            let bits = u64::from(byte & 0x7f);
            if shift == 63 && bits > 1 {
                break;
            }
            number |= bits << shift;
            if byte & 0x80 == 0 {
                return Ok(number);
            }
        }
        Err(self.fault(at, "a number of more than 64 bits"))
    }

    fn byte(&mut self) -> Result<u8, ReadError> {
        let place = |wire: &Self| {
            let at = wire.offset.checked_sub(wire.start)?;
            wire.window.get(usize::try_from(at).ok()?).copied()
        };
        let byte = match place(self) {
            Some(byte) => byte,
            None => {
                self.refill()?;
                // The caller checked that the file goes on.
                place(self).unwrap_or_default()
            }
        };
        self.offset += 1;
        Ok(byte)
    }

    fn refill(&mut self) -> Result<(), ReadError> {
        let follows = self.offset == self.start + self.window.len() as u64;
        self.chunk = if follows {
            (self.chunk * 2).min(CHUNK_MAX)
        } else {
            CHUNK_MIN
        };
        self.start = self.offset;
        let size = self.chunk.min(self.len.saturating_sub(self.offset));
        self.window
            .resize(usize::try_from(size).unwrap_or_default(), 0);
        self.object.read_at(self.start, &mut self.window)
    }

    #[cfg(test)]
    fn go(&mut self, place: u64) {
        self.offset = place;
    }

    /// Passes over what a field holds.
    pub(super) fn pass(&mut self, field: Field) {
        if let Value::Bytes { end } = field.value {
            self.offset = end;
        }
    }

    /// Text of at most `limit` bytes.
    pub(super) fn text(&mut self, field: Field, limit: u64) -> Result<String, ReadError> {
        let end = self.message(field)?;
        let begin = self.offset;
        let len = end - begin;
        if len > limit {
            let reason = format!("a name of {len} bytes; the limit is {limit}");
            return Err(self.fault(begin, reason));
        }
        let mut bytes = Vec::with_capacity(usize::try_from(len).unwrap_or_default());
        while self.offset < end {
            bytes.push(self.byte()?);
        }
        String::from_utf8(bytes).map_err(|error| ReadError::NotUtf8 {
            input: self.input.to_owned(),
            offset: usize::try_from(begin)
                .unwrap_or(usize::MAX)
                .saturating_add(error.utf8_error().valid_up_to()),
        })
    }

    /// Where the bytes of a field end.
    pub(super) fn message(&self, field: Field) -> Result<u64, ReadError> {
        match field.value {
            Value::Bytes { end } => Ok(end),
            _ => Err(self.wrong_type(field)),
        }
    }

    /// The number of a field that holds one.
    pub(super) fn number(&self, field: Field) -> Result<u64, ReadError> {
        match field.value {
            Value::Varint(number) => Ok(number),
            _ => Err(self.wrong_type(field)),
        }
    }

    pub(super) fn wrong_type(&self, field: Field) -> ReadError {
        let reason = format!(
            "field {} is not of the type that ONNX gives it",
            field.number
        );
        self.fault(field.at, reason)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Memory;

    fn varint(bytes: &[u8]) -> Result<u64, &'static str> {
        let file = Memory(bytes.to_vec());
        let mut wire = Wire::new(&file, "m");
        wire.varint(bytes.len() as u64).map_err(|e| e.code())
    }

    #[test]
    fn a_number_has_at_most_64_bits() {
        assert_eq!(varint(&[0x96, 1]), Ok(150));
        let mut largest = vec![0xff; 9];
        largest.push(1);
        assert_eq!(varint(&largest), Ok(u64::MAX));
        largest[9] = 2;
        assert_eq!(varint(&largest), Err("onnx-model"));
        largest[9] = 0x81;
        assert_eq!(varint(&largest), Err("onnx-model"));
        assert_eq!(varint(&[0x80]), Err("onnx-truncated"));
        assert_eq!(varint(&[]), Err("onnx-truncated"));
    }

    #[test]
    fn a_window_goes_on_where_it_ended_and_begins_anew_behind_a_skip() {
        let file = Memory(
            (0..20_000_u32)
                .flat_map(|n| [0x80 | (n % 64) as u8, 1])
                .collect(),
        );
        let mut wire = Wire::new(&file, "m");
        for n in 0..10_000_u64 {
            assert_eq!(wire.varint(40_000).unwrap(), 128 + n % 64);
        }
        wire.go(39_998);
        assert_eq!(wire.varint(40_000).unwrap(), 128 + 19_999 % 64);
    }
}
