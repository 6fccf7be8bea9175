//! The header before each entry, compared with the directory; and the place of every entry.

use super::bytes::Fields;
use super::central::{Central, Listed, extras, widen};
use super::{Entry, Method};
use crate::{Object, ReadError};

/// Sizes and checksum follow the data.
const HAS_DESCRIPTOR: u16 = 1 << 3;

/// Places every entry: they touch each other, from the first byte to the directory.
pub(super) fn place(
    object: &dyn Object,
    input: &str,
    central: Central,
) -> Result<Vec<Entry>, ReadError> {
    let mut listed: Vec<&Listed> = central.entries.iter().collect();
    listed.sort_by_key(|entry| entry.header);
    let ends = listed.iter().skip(1).map(|next| next.header);
    let ends: Vec<u64> = ends.chain([central.start]).collect();
    let mut entries = Vec::with_capacity(listed.len());
    let mut reached = 0;
    for (entry, end) in listed.into_iter().zip(ends) {
        if entry.header != reached {
            let reason = format!(
                "it begins at byte {}, and what is before it ends at byte {reached}",
                entry.header
            );
            return Err(refuse(entry, input, reason));
        }
        let start = check_header(object, input, entry, central.start)?;
        let data_end = start
            .checked_add(entry.packed)
            .filter(|data_end| *data_end <= end)
            .ok_or_else(|| {
                let reason = format!("it reaches beyond byte {end}, where the next thing begins");
                refuse(entry, input, reason)
            })?;
        check_descriptor(object, input, entry, data_end, end)?;
        reached = end;
        entries.push(Entry {
            name: entry.name.clone(),
            method: entry.method,
            len: entry.len,
            data: start..data_end,
            crc32: entry.crc32,
        });
    }
    if reached != central.start {
        return Err(ReadError::Zip {
            input: input.to_owned(),
            reason: format!(
                "{} bytes before its directory belong to no entry",
                central.start
            ),
        });
    }
    Ok(entries)
}

fn refuse(entry: &Listed, input: &str, reason: String) -> ReadError {
    ReadError::ZipEntry {
        input: input.to_owned(),
        entry: entry.name.clone(),
        reason,
    }
}

/// Where the data begins, after a header that says what the directory says.
fn check_header(
    object: &dyn Object,
    input: &str,
    entry: &Listed,
    limit: u64,
) -> Result<u64, ReadError> {
    let refuse = |reason: &str| refuse(entry, input, reason.to_owned());
    let room = limit.saturating_sub(entry.header);
    if room < 30 {
        return Err(refuse("its own header is cut off"));
    }
    let mut fixed = [0; 30];
    object.read_at(entry.header, &mut fixed)?;
    let fields = Fields(&fixed);
    let numbers = || {
        let kinds = (fields.u16(6)?, fields.u16(8)?);
        let sizes = (fields.u32(14)?, fields.u32(18)?, fields.u32(22)?);
        let lens = (fields.u16(26)?, fields.u16(28)?);
        (fields.slice(0, 4)? == b"PK\x03\x04").then_some((kinds, sizes, lens))
    };
    let Some((kinds, (crc32, packed, len), (name_len, extra_len))) = numbers() else {
        return Err(refuse("no header of its own stands where it should begin"));
    };
    let more = u64::from(name_len) + u64::from(extra_len);
    if more > room - 30 {
        return Err(refuse("its own header is cut off"));
    }
    // At most 131,070 bytes.
    let mut text = vec![0; usize::try_from(more).unwrap_or_default()];
    object.read_at(entry.header + 30, &mut text)?;
    let (name, extra) = text.split_at_checked(name_len.into()).unwrap_or_default();
    if name != entry.name.as_bytes() {
        return Err(refuse("its own header has another name"));
    }
    let method = match entry.method {
        Method::Stored => 0,
        Method::Deflated => 8,
    };
    if kinds != (entry.flags, method) {
        return Err(refuse("its own header says another way of keeping it"));
    }
    let wanted = [(len == u32::MAX, len), (packed == u32::MAX, packed)];
    let [len, packed] =
        widen(extra, wanted).ok_or_else(|| refuse("its own 64-bit sizes are cut off"))?;
    // Writers that do not know the sizes yet leave zeros, and write them behind the data.
    let is_later = entry.flags & HAS_DESCRIPTOR != 0 && (crc32, packed, len) == (0, 0, 0);
    if !is_later && (crc32, packed, len) != (entry.crc32, entry.packed, entry.len) {
        return Err(refuse("its own header has other sizes or another checksum"));
    }
    let renamed = extras(extra).is_some_and(|parts| {
        let mut names = parts.iter().filter(|(id, _)| *id == 0x7075);
        names.any(|(_, field)| field.get(5..) != Some(entry.name.as_bytes()))
    });
    if renamed {
        return Err(refuse("it has a second name, which some readers take"));
    }
    Ok(entry.header + 30 + more)
}

/// Between the data and the next thing stands nothing, or sizes and checksum once more.
fn check_descriptor(
    object: &dyn Object,
    input: &str,
    entry: &Listed,
    from: u64,
    to: u64,
) -> Result<(), ReadError> {
    let gap = to - from;
    if gap == 0 && (entry.flags & HAS_DESCRIPTOR == 0 || entry.len == 0) {
        return Ok(());
    }
    let wrong = || {
        let reason = format!("{gap} bytes behind it belong to nothing");
        refuse(entry, input, reason)
    };
    if entry.flags & HAS_DESCRIPTOR == 0 || !matches!(gap, 12 | 16 | 20 | 24) {
        return Err(wrong());
    }
    // 12 to 24 bytes.
    let mut bytes = vec![0; usize::try_from(gap).unwrap_or_default()];
    object.read_at(from, &mut bytes)?;
    let is_marked = matches!(gap, 16 | 24);
    let fields = Fields(match is_marked {
        true => bytes.strip_prefix(b"PK\x07\x08").unwrap_or_default(),
        false => &bytes,
    });
    let read = || {
        let crc32 = fields.u32(0)?;
        let sizes = match fields.0.len() {
            12 => (fields.u32(4)?.into(), fields.u32(8)?.into()),
            _ => (fields.u64(4)?, fields.u64(12)?),
        };
        Some((crc32, sizes))
    };
    match read() {
        Some(read) if read == (entry.crc32, (entry.packed, entry.len)) => Ok(()),
        _ => Err(wrong()),
    }
}
