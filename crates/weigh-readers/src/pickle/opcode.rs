//! The operations of all protocols, as bytes of a pickle.

use super::machine::CUT_OFF;

/// Text that no real checkpoint has in one piece.
const TEXT_MAX: usize = 16 << 20;

/// One operation with what it carries.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Operation<'b> {
    Mark,
    Stop,
    Pop,
    PopMark,
    Duplicate,
    Float(f64),
    /// A number written as text.
    Digits(&'b [u8]),
    Int(i64),
    Long(&'b [u8]),
    None,
    Bool(bool),
    /// Text, in UTF-8.
    Text(&'b [u8]),
    /// A string of Python 2, text or not.
    Raw(&'b [u8]),
    /// A string in quotes.
    Quoted(&'b [u8]),
    /// Text with escapes.
    Escaped(&'b [u8]),
    Bytes(u64),
    Global(&'b [u8], &'b [u8]),
    StackGlobal,
    Reduce,
    NewObject,
    /// With named arguments.
    NewObjectEx,
    Build,
    Instance(&'b [u8], &'b [u8]),
    Object,
    Persistent,
    PersistentText,
    Extension(u32),
    OutOfBand,
    ReadOnly,
    Tuple,
    Tuples(usize),
    List,
    EmptyList,
    Dict,
    EmptyDict,
    EmptySet,
    FrozenSet,
    Append,
    Appends,
    AddItems,
    SetItem,
    SetItems,
    Get(u64),
    Put(u64),
    Memoize,
    Protocol(u8),
    Frame(u64),
}

/// Reads operations one after another.
pub(super) struct Reader<'b> {
    bytes: &'b [u8],
    pub(super) at: usize,
}

type Read<T> = Result<T, String>;

impl<'b> Reader<'b> {
    pub(super) fn new(bytes: &'b [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    pub(super) fn left(&self) -> usize {
        self.bytes.len().saturating_sub(self.at)
    }

    fn take(&mut self, len: usize) -> Read<&'b [u8]> {
        let end = self.at.checked_add(len).ok_or(CUT_OFF)?;
        let taken = self.bytes.get(self.at..end).ok_or(CUT_OFF)?;
        self.at = end;
        Ok(taken)
    }

    fn number(&mut self, len: usize) -> Read<u64> {
        let bytes = self.take(len)?.iter().rev();
        Ok(bytes.fold(0, |number, byte| (number << 8) | u64::from(*byte)))
    }

    /// Bytes after their length.
    fn counted(&mut self, len: usize) -> Read<&'b [u8]> {
        let len = self.number(len)?;
        // A cut-off file can be read further; a text that no file has cannot.
        let len = usize::try_from(len).ok().filter(|len| *len <= TEXT_MAX);
        let too_long = || format!("a text of more than {TEXT_MAX} bytes at byte {}", self.at);
        let len = len.ok_or_else(too_long)?;
        self.take(len)
    }

    /// Bytes that are skipped.
    fn skipped(&mut self, len: usize) -> Read<u64> {
        let len = self.number(len)?;
        self.take(usize::try_from(len).map_err(|_| CUT_OFF)?)?;
        Ok(len)
    }

    fn line(&mut self) -> Read<&'b [u8]> {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        let window = rest.get(..TEXT_MAX).unwrap_or(rest);
        let Some(len) = window.iter().position(|byte| *byte == b'\n') else {
            let is_cut_off = window.len() == rest.len();
            return Err(match is_cut_off {
                true => CUT_OFF.to_owned(),
                false => format!("a text of more than {TEXT_MAX} bytes at byte {}", self.at),
            });
        };
        let line = window.get(..len).unwrap_or_default();
        self.at += len + 1;
        Ok(line)
    }

    /// A number on a line, as places of the memo are written.
    fn place(&mut self) -> Read<u64> {
        let at = self.at;
        let line = std::str::from_utf8(self.line()?).ok();
        let place = line.and_then(|line| line.trim_end_matches('\r').parse().ok());
        place.ok_or_else(|| format!("no number at byte {at}, where a place of the memo belongs"))
    }

    fn int(&mut self) -> Read<i64> {
        let bytes = self.take(4)?.try_into().unwrap_or_default();
        Ok(i32::from_le_bytes(bytes).into())
    }

    fn float(&mut self) -> Read<f64> {
        let bytes = self.take(8)?.try_into().unwrap_or_default();
        Ok(f64::from_be_bytes(bytes))
    }

    /// A length that Python reads as a signed number.
    fn signed_counted(&mut self) -> Read<&'b [u8]> {
        let at = self.at;
        let len = self.int()?;
        if len < 0 {
            return Err(format!("a negative length at byte {at}"));
        }
        self.at = at;
        self.counted(4)
    }

    #[expect(
        clippy::too_many_lines,
        reason = "a table: one line for each operation of the format"
    )]
    pub(super) fn next(&mut self) -> Read<Operation<'b>> {
        use Operation as Op;
        let start = self.at;
        let code = self.take(1)?.first().copied().unwrap_or_default();
        Ok(match code {
            b'(' => Op::Mark,
            b'.' => Op::Stop,
            b'0' => Op::Pop,
            b'1' => Op::PopMark,
            b'2' => Op::Duplicate,
            b'F' | b'I' | b'L' => Op::Digits(self.line()?),
            b'G' => Op::Float(self.float()?),
            b'J' => Op::Int(self.int()?),
            b'K' => Op::Int(i64::try_from(self.number(1)?).unwrap_or_default()),
            b'M' => Op::Int(i64::try_from(self.number(2)?).unwrap_or_default()),
            b'N' => Op::None,
            b'P' => {
                self.line()?;
                Op::PersistentText
            }
            b'Q' => Op::Persistent,
            b'R' => Op::Reduce,
            b'S' => Op::Quoted(self.line()?),
            b'T' => Op::Raw(self.signed_counted()?),
            b'U' => Op::Raw(self.counted(1)?),
            b'V' => Op::Escaped(self.line()?),
            b'X' => Op::Text(self.counted(4)?),
            b'a' => Op::Append,
            b'b' => Op::Build,
            b'c' => Op::Global(self.line()?, self.line()?),
            b'd' => Op::Dict,
            b'}' => Op::EmptyDict,
            b'e' => Op::Appends,
            b'g' => Op::Get(self.place()?),
            b'h' => Op::Get(self.number(1)?),
            b'i' => Op::Instance(self.line()?, self.line()?),
            b'j' => Op::Get(self.number(4)?),
            b'l' => Op::List,
            b']' => Op::EmptyList,
            b'o' => Op::Object,
            b'p' => Op::Put(self.place()?),
            b'q' => Op::Put(self.number(1)?),
            b'r' => Op::Put(self.number(4)?),
            b's' => Op::SetItem,
            b't' => Op::Tuple,
            b')' => Op::Tuples(0),
            b'u' => Op::SetItems,
            b'B' => Op::Bytes(self.skipped(4)?),
            b'C' => Op::Bytes(self.skipped(1)?),
            0x80 => Op::Protocol(u8::try_from(self.number(1)?).unwrap_or(u8::MAX)),
            0x81 => Op::NewObject,
            0x82 => Op::Extension(u32::try_from(self.number(1)?).unwrap_or_default()),
            0x83 => Op::Extension(u32::try_from(self.number(2)?).unwrap_or_default()),
            0x84 => Op::Extension(u32::try_from(self.number(4)?).unwrap_or_default()),
            0x85 => Op::Tuples(1),
            0x86 => Op::Tuples(2),
            0x87 => Op::Tuples(3),
            0x88 => Op::Bool(true),
            0x89 => Op::Bool(false),
            0x8a => Op::Long(self.counted(1)?),
            0x8b => Op::Long(self.signed_counted()?),
            0x8c => Op::Text(self.counted(1)?),
            0x8d => Op::Text(self.counted(8)?),
            0x8e | 0x96 => Op::Bytes(self.skipped(8)?),
            0x8f => Op::EmptySet,
            0x90 => Op::AddItems,
            0x91 => Op::FrozenSet,
            0x92 => Op::NewObjectEx,
            0x93 => Op::StackGlobal,
            0x94 => Op::Memoize,
            0x95 => Op::Frame(self.number(8)?),
            0x97 => Op::OutOfBand,
            0x98 => Op::ReadOnly,
            other => {
                return Err(format!(
                    "no operation has the code {other:#04x}, at byte {start}"
                ));
            }
        })
    }
}
