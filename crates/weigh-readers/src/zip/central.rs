//! The end of an archive: the record that closes it, its 64-bit twin, and the directory.

use super::bytes::Fields;
use super::{DIRECTORY_MAX, ENTRIES_MAX, Method};
use crate::{Object, ReadError};

/// The closing record without a comment, the locator of its twin, and the twin.
const END: u64 = 22;
const LOCATOR: u64 = 20;
const END_64: u64 = 56;
/// The longest comment.
const COMMENT_MAX: u64 = 0xFFFF;

/// An entry as the directory lists it.
pub(super) struct Listed {
    pub(super) name: String,
    pub(super) flags: u16,
    pub(super) method: Method,
    pub(super) crc32: u32,
    pub(super) packed: u64,
    pub(super) len: u64,
    /// Where its own header begins.
    pub(super) header: u64,
}

/// Everything that the directory lists, and where it begins.
pub(super) struct Central {
    pub(super) start: u64,
    pub(super) entries: Vec<Listed>,
}

/// Where the directory is, as a record at the end says.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Claim {
    count: u64,
    len: u64,
    start: u64,
}

pub(super) fn read(object: &dyn Object, input: &str) -> Result<Central, ReadError> {
    let refuse = |reason: &str| ReadError::Zip {
        input: input.to_owned(),
        reason: reason.to_owned(),
    };
    let (claim, end) = find_directory(object, input)?;
    if claim.count > ENTRIES_MAX || claim.len > DIRECTORY_MAX {
        let reason = format!(
            "its directory claims {} entries in {} bytes; the limits are {ENTRIES_MAX} and {DIRECTORY_MAX}",
            claim.count, claim.len
        );
        return Err(refuse(&reason));
    }
    if claim.start.checked_add(claim.len) != Some(end) {
        let reason = format!(
            "its directory claims {} bytes from byte {}, and its records stand at byte {end}: something was put before it or into it",
            claim.len, claim.start
        );
        return Err(refuse(&reason));
    }
    if claim.count > claim.len / 46 {
        return Err(refuse("its directory is too short for its entries"));
    }
    // At most 256 MiB and no more than the file has.
    let mut bytes = vec![0; usize::try_from(claim.len).unwrap_or_default()];
    object.read_at(claim.start, &mut bytes)?;
    let mut rest = bytes.as_slice();
    let mut entries = Vec::new();
    while !rest.is_empty() {
        let number = entries.len() + 1;
        let (entry, taken) = read_entry(rest, number, input)?;
        entries.push(entry);
        rest = rest.get(taken..).unwrap_or_default();
    }
    if entries.len() as u64 != claim.count {
        let reason = format!(
            "its directory claims {} entries and lists {}",
            claim.count,
            entries.len()
        );
        return Err(refuse(&reason));
    }
    let start = claim.start;
    Ok(Central { start, entries })
}

/// What the records at the end say, and where the first of them stands.
fn find_directory(object: &dyn Object, input: &str) -> Result<(Claim, u64), ReadError> {
    let refuse = |reason: &str| ReadError::Zip {
        input: input.to_owned(),
        reason: reason.to_owned(),
    };
    let file_len = object.len();
    let tail_len = file_len.min(END + COMMENT_MAX + LOCATOR + END_64);
    let tail_start = file_len - tail_len;
    // At most 65,633 bytes.
    let mut tail = vec![0; usize::try_from(tail_len).unwrap_or_default()];
    object.read_at(tail_start, &mut tail)?;
    let at = tail
        .windows(4)
        .rposition(|four| four == b"PK\x05\x06")
        .ok_or_else(|| refuse("it has no closing record: it is cut off, or something else"))?;
    let fields = Fields(tail.get(at..).unwrap_or_default());
    let record = || {
        let disks = (fields.u16(4)?, fields.u16(6)?);
        let counts = (fields.u16(8)?, fields.u16(10)?);
        let place = (fields.u32(12)?, fields.u32(16)?);
        Some((disks, counts, place, fields.u16(20)?))
    };
    let Some((disks, counts, place, comment_len)) = record() else {
        return Err(refuse("its closing record is cut off"));
    };
    let end = tail_start + at as u64;
    if end + END + u64::from(comment_len) != file_len {
        return Err(refuse("bytes follow its closing record"));
    }
    if disks != (0, 0) && disks != (0xFFFF, 0xFFFF) || counts.0 != counts.1 {
        return Err(refuse("it claims to be one of several disks"));
    }
    let claim = Claim {
        count: counts.0.into(),
        len: place.0.into(),
        start: place.1.into(),
    };
    match read_twin(&tail, at, tail_start) {
        Twin::None if disks == (0, 0) => Ok((claim, end)),
        Twin::Sound(wide, place) if agree(claim, wide) => Ok((wide, place)),
        Twin::None => Err(refuse("it claims to be one of several disks")),
        Twin::Sound(..) => Err(refuse("its two closing records say different things")),
        Twin::Broken => Err(refuse("its 64-bit closing record is not where it belongs")),
    }
}

/// A field of the small record either has the same value, or says that it could not hold it.
fn agree(small: Claim, wide: Claim) -> bool {
    let same = |small: u64, wide: u64, all_ones: u64| small == wide || small == all_ones;
    same(small.count, wide.count, 0xFFFF)
        && same(small.len, wide.len, 0xFFFF_FFFF)
        && same(small.start, wide.start, 0xFFFF_FFFF)
}

enum Twin {
    None,
    Broken,
    Sound(Claim, u64),
}

/// The 64-bit record and its locator, which stand right before the small record or not at all.
fn read_twin(tail: &[u8], end_at: usize, tail_start: u64) -> Twin {
    let locator = end_at
        .checked_sub(20)
        .and_then(|at| Fields(tail).slice(at, 20));
    let Some(locator) = locator.filter(|bytes| bytes.starts_with(b"PK\x06\x07")) else {
        return Twin::None;
    };
    let locator = Fields(locator);
    let read = || {
        let at = end_at.checked_sub(76)?;
        let record = Fields(tail.get(at..at.checked_add(56)?)?);
        let place = tail_start + at as u64;
        let is_sound = record.slice(0, 4)? == b"PK\x06\x06"
            && record.u64(4)? == END_64 - 12
            && (record.u32(16)?, record.u32(20)?) == (0, 0)
            && record.u64(24)? == record.u64(32)?
            && locator.u32(4)? == 0
            && locator.u64(8)? == place
            && locator.u32(16)? <= 1;
        let claim = Claim {
            count: record.u64(32)?,
            len: record.u64(40)?,
            start: record.u64(48)?,
        };
        is_sound.then_some((claim, place))
    };
    match read() {
        Some((claim, place)) => Twin::Sound(claim, place),
        None => Twin::Broken,
    }
}

/// One entry of the directory, and the bytes it takes there.
fn read_entry(bytes: &[u8], number: usize, input: &str) -> Result<(Listed, usize), ReadError> {
    let broken = || ReadError::Zip {
        input: input.to_owned(),
        reason: format!("entry {number} of its directory is cut off or none"),
    };
    let fields = Fields(bytes);
    let parts = || {
        let name_len = usize::from(fields.u16(28)?);
        let extra_len = usize::from(fields.u16(30)?);
        let comment_len = usize::from(fields.u16(32)?);
        let name = fields.slice(46, name_len)?;
        let extra = fields.slice(46 + name_len, extra_len)?;
        let taken = 46 + name_len + extra_len + comment_len;
        fields.slice(0, taken)?;
        (fields.slice(0, 4)? == b"PK\x01\x02").then_some((name, extra, taken))
    };
    let (name, extra, taken) = parts().ok_or_else(broken)?;
    let name = check_name(name, input)?;
    let refuse = |reason: &str| ReadError::ZipEntry {
        input: input.to_owned(),
        entry: name.clone(),
        reason: reason.to_owned(),
    };
    let numbers = || {
        let flags = (fields.u16(8)?, fields.u16(10)?);
        let sizes = (fields.u32(20)?, fields.u32(24)?, fields.u32(42)?);
        Some((flags, fields.u32(16)?, sizes, fields.u16(34)?))
    };
    let ((flags, method), crc32, (packed, len, header), disk) = numbers().ok_or_else(broken)?;
    let method = check_kind(flags, method, &name, input)?;
    let wanted = [
        (len == u32::MAX, len),
        (packed == u32::MAX, packed),
        (header == u32::MAX, header),
    ];
    let wide = widen(extra, wanted).ok_or_else(|| refuse("its 64-bit sizes are cut off"))?;
    let [len, packed, header] = wide;
    if disk != 0 {
        return Err(refuse("it lies on another disk"));
    }
    if !renames_nothing(extra, &name) {
        return Err(refuse("it has a second name, which some readers take"));
    }
    if method == Method::Stored && packed != len {
        return Err(refuse("it is stored as it is, and has two lengths"));
    }
    if name.ends_with('/') && len != 0 {
        return Err(refuse("it is a folder, and holds bytes"));
    }
    let listed = Listed {
        name,
        flags,
        method,
        crc32,
        packed,
        len,
        header,
    };
    Ok((listed, taken))
}

/// The parts of an extra field, each with its number; nothing where they do not fill it.
pub(super) fn extras(extra: &[u8]) -> Option<Vec<(u16, &[u8])>> {
    let mut rest = Fields(extra);
    let mut parts = Vec::new();
    while !rest.0.is_empty() {
        let len = usize::from(rest.u16(2)?);
        parts.push((rest.u16(0)?, rest.slice(4, len)?));
        rest = Fields(rest.0.get(4 + len..)?);
    }
    Some(parts)
}

/// Values that did not fit into 32 bits, from the extra field that has them in this order.
pub(super) fn widen<const N: usize>(extra: &[u8], wanted: [(bool, u32); N]) -> Option<[u64; N]> {
    let mut values = wanted.map(|(_, small)| u64::from(small));
    if wanted.iter().all(|(is_wide, _)| !is_wide) {
        return Some(values);
    }
    let parts = extras(extra)?;
    let mut found = parts.iter().filter(|(id, _)| *id == 0x0001);
    let (_, wide) = found.next()?;
    if found.next().is_some() {
        return None;
    }
    let mut at = 0;
    for ((is_wide, _), value) in wanted.iter().zip(&mut values) {
        if *is_wide {
            *value = Fields(wide).u64(at)?;
            at += 8;
        }
    }
    Some(values)
}

/// Info-ZIP keeps a second name in an extra field. It may be there, and must say the same.
fn renames_nothing(extra: &[u8], name: &str) -> bool {
    let Some(parts) = extras(extra) else {
        // Padding of writers that do not divide it; nobody finds a name in there.
        return true;
    };
    let mut names = parts.iter().filter(|(id, _)| *id == 0x7075);
    names.all(|(_, field)| field.get(5..) == Some(name.as_bytes()))
}

fn check_kind(flags: u16, method: u16, name: &str, input: &str) -> Result<Method, ReadError> {
    let refuse = |what: &str| ReadError::ZipUnsupported {
        input: input.to_owned(),
        entry: name.to_owned(),
        what: what.to_owned(),
    };
    // Bits 0 and 6 encrypt, 13 hides the headers, 5 is a patch.
    if flags & 0b0010_0000_0100_0001 != 0 {
        return Err(refuse("encryption"));
    }
    if flags & 0b0010_0000 != 0 {
        return Err(refuse("a patch of another file"));
    }
    match method {
        0 => Ok(Method::Stored),
        8 => Ok(Method::Deflated),
        other => Err(refuse(&format!("compression method {other}"))),
    }
}

/// A plain relative path, in UTF-8, which leads nowhere else on any system.
fn check_name(name: &[u8], input: &str) -> Result<String, ReadError> {
    let refuse = |reason: &str| ReadError::ZipName {
        input: input.to_owned(),
        entry: String::from_utf8_lossy(name).chars().take(200).collect(),
        reason: reason.to_owned(),
    };
    let Ok(text) = std::str::from_utf8(name) else {
        return Err(refuse("it is not UTF-8"));
    };
    if text.is_empty() {
        return Err(refuse("it is empty"));
    }
    if text.chars().any(char::is_control) {
        return Err(refuse("it has control characters"));
    }
    if text.contains('\\') || text.as_bytes().get(1) == Some(&b':') {
        return Err(refuse("it is a path on some systems and a name on others"));
    }
    let path = text.strip_suffix('/').unwrap_or(text);
    if path.split('/').any(|part| matches!(part, "" | "." | "..")) {
        return Err(refuse("it leads out of the archive, or in circles"));
    }
    Ok(text.to_owned())
}
