//! The directory of a zip archive, for formats that are zips underneath. Data stays where it is.
//!
//! A zip says everything twice: in the directory at its end and in a header before each entry. Two
//! readers that trust different halves see two archives, so both halves must say the same here,
//! and every byte of the file must belong to one of them.
//!
//! - **Invariant:** entries, in the order of their places, touch from byte 0 to the directory; the
//!   directory reaches to the records at the end, and those to the end of the file.
//! - **Invariant:** names are plain relative paths, each there once.
//! - **Invariant:** nothing is unpacked beyond 200 times its size, nor all of it beyond four times
//!   the file where that is more than 16 MiB.
//!
//! Source: APPNOTE.TXT 6.3.10 (PKWARE), sections 4.3 to 4.5; what is left out of it (encryption,
//! several disks, other methods than stored and deflated) is refused by name.

mod bytes;
mod central;
mod local;

use std::collections::BTreeMap;
use std::ops::Range;

use crate::{Object, ReadError};

const DIRECTORY_MAX: u64 = 256 << 20;
const ENTRIES_MAX: u64 = 1_000_000;
/// Text and zeros reach this; nothing that a model is made of does.
const RATIO_MAX: u64 = 200;
const UNPACKED_PER_FILE: u64 = 4;
/// Small archives of small numbers pack well, and exhaust nobody.
const UNPACKED_FREE: u64 = 16 << 20;

/// How the bytes of an entry are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// As they are.
    Stored,
    /// Compressed with deflate.
    Deflated,
}

/// One entry, as both halves describe it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// A plain relative path; it ends with `/` for a folder.
    pub name: String,
    /// How its bytes are kept.
    pub method: Method,
    /// Bytes once unpacked.
    pub len: u64,
    /// The bytes as they are kept, in the file.
    pub data: Range<u64>,
    /// The checksum of the unpacked bytes: a claim, which writers may leave out.
    pub crc32: u32,
}

/// What an archive holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Directory {
    input: String,
    entries: Vec<Entry>,
    by_name: BTreeMap<String, usize>,
}

/// The bytes of one entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unpacked {
    /// The bytes.
    pub bytes: Vec<u8>,
    /// Is their checksum the one that the archive claims?
    pub has_checksum: bool,
}

/// Does the file begin as a zip does?
///
/// # Errors
/// When it cannot be read.
pub fn is_zip(object: &dyn Object) -> Result<bool, ReadError> {
    if object.len() < 22 {
        return Ok(false);
    }
    let mut magic = [0; 4];
    object.read_at(0, &mut magic)?;
    Ok(matches!(&magic, b"PK\x03\x04" | b"PK\x05\x06"))
}

/// Reads the directory of an archive and compares it with the header of every entry.
///
/// # Errors
/// When the two halves differ, a byte belongs to neither or to two, a name leads elsewhere or
/// stands there twice, or something is used that is not read.
pub fn read_directory(object: &dyn Object, input: &str) -> Result<Directory, ReadError> {
    if object.is_empty() {
        let input = input.to_owned();
        return Err(ReadError::Empty { input });
    }
    let listed = central::read(object, input)?;
    let entries = local::place(object, input, listed)?;
    let mut by_name = BTreeMap::new();
    for (index, entry) in entries.iter().enumerate() {
        if by_name.insert(entry.name.clone(), index).is_some() {
            let (input, entry) = (input.to_owned(), entry.name.clone());
            return Err(ReadError::ZipDuplicate { input, entry });
        }
    }
    check_unpacked(&entries, object.len(), input)?;
    Ok(Directory {
        input: input.to_owned(),
        entries,
        by_name,
    })
}

fn check_unpacked(entries: &[Entry], file_len: u64, input: &str) -> Result<(), ReadError> {
    let mut total = 0_u64;
    for entry in entries.iter().filter(|e| e.method == Method::Deflated) {
        let packed = entry.data.end - entry.data.start;
        total = total.saturating_add(entry.len);
        let is_bomb = entry.len > packed.saturating_mul(RATIO_MAX)
            || total
                > file_len
                    .saturating_mul(UNPACKED_PER_FILE)
                    .max(UNPACKED_FREE);
        if is_bomb {
            return Err(ReadError::ZipBomb {
                input: input.to_owned(),
                entry: entry.name.clone(),
                packed,
                len: entry.len,
            });
        }
    }
    Ok(())
}

impl Directory {
    /// Every entry, in the order of the file.
    #[must_use]
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// An entry by its name, letter by letter.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Entry> {
        self.entries.get(*self.by_name.get(name)?)
    }

    /// Reads and unpacks one entry of at most `limit` bytes.
    ///
    /// # Errors
    /// When it is longer, cannot be read, or does not unpack to the length it claims.
    pub fn read(
        &self,
        object: &dyn Object,
        entry: &Entry,
        limit: u64,
    ) -> Result<Unpacked, ReadError> {
        let packed_len = entry.data.end.saturating_sub(entry.data.start);
        let len = entry.len.max(packed_len);
        if len > limit {
            return Err(ReadError::TooLong {
                input: format!("{}: {}", self.input, entry.name),
                len,
                limit,
            });
        }
        // At most `limit`, which every caller keeps far below the address space.
        let mut packed = vec![0; usize::try_from(packed_len).unwrap_or_default()];
        object.read_at(entry.data.start, &mut packed)?;
        let bytes = match entry.method {
            Method::Stored => packed,
            Method::Deflated => inflate(&packed, entry.len).ok_or_else(|| ReadError::ZipEntry {
                input: self.input.clone(),
                entry: entry.name.clone(),
                reason: format!("it does not unpack to the {} bytes it claims", entry.len),
            })?,
        };
        let has_checksum = bytes::crc32(&bytes) == entry.crc32;
        Ok(Unpacked {
            bytes,
            has_checksum,
        })
    }
}

/// Exactly `len` bytes from all of `packed`, or nothing.
fn inflate(packed: &[u8], len: u64) -> Option<Vec<u8>> {
    use miniz_oxide::inflate::core::{DecompressorOxide, decompress, inflate_flags};
    // One byte more, so that a stream which goes on is not taken for one that ends here.
    let mut bytes = vec![0; usize::try_from(len).ok()?.checked_add(1)?];
    let flags = inflate_flags::TINFL_FLAG_USING_NON_WRAPPING_OUTPUT_BUF;
    let mut state = Box::new(DecompressorOxide::new());
    let (status, read, written) = decompress(&mut state, packed, &mut bytes, 0, flags);
    let is_whole = status == miniz_oxide::inflate::TINFLStatus::Done
        && read == packed.len()
        && written as u64 == len;
    bytes.pop();
    is_whole.then_some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Memory;

    /// Local header, data, directory and end of an archive with one stored entry.
    fn archive(name: &str, data: &[u8]) -> Vec<u8> {
        let crc = bytes::crc32(data).to_le_bytes();
        let len = u32::try_from(data.len()).unwrap().to_le_bytes();
        let name_len = u16::try_from(name.len()).unwrap().to_le_bytes();
        let shared = [
            &[20, 0, 0, 0, 0, 0, 0, 0, 0, 0][..],
            &crc,
            &len,
            &len,
            &name_len,
            &[0, 0],
        ]
        .concat();
        let mut file = [b"PK\x03\x04", &shared[..], name.as_bytes(), data].concat();
        let start = file.len();
        file.extend(
            [
                b"PK\x01\x02",
                &[20, 0][..],
                &shared,
                &[0; 14],
                name.as_bytes(),
            ]
            .concat(),
        );
        let size = u32::try_from(file.len() - start).unwrap().to_le_bytes();
        let start = u32::try_from(start).unwrap().to_le_bytes();
        file.extend(
            [
                b"PK\x05\x06",
                &[0, 0, 0, 0, 1, 0, 1, 0][..],
                &size,
                &start,
                &[0, 0],
            ]
            .concat(),
        );
        file
    }

    fn code(file: &[u8]) -> &'static str {
        match read_directory(&Memory(file.to_vec()), "a.zip") {
            Ok(_) => "read",
            Err(error) => error.code(),
        }
    }

    #[test]
    fn a_stored_entry_is_a_range_of_the_file() {
        let file = Memory(archive("a/b", b"hello"));
        let directory = read_directory(&file, "a.zip").unwrap();
        let entry = directory.get("a/b").unwrap();
        assert_eq!((entry.data.clone(), entry.len), (33..38, 5));
        let read = directory.read(&file, entry, 5).unwrap();
        assert_eq!(read.bytes, b"hello");
        assert!(read.has_checksum);
        let refused = directory.read(&file, entry, 4).unwrap_err();
        assert_eq!(refused.code(), "file-too-long");
        assert!(directory.get("a/B").is_none());
    }

    #[test]
    fn names_that_lead_elsewhere_are_refused() {
        for name in [
            "../a", "/a", "a/../b", "a//b", "./a", "a/.", "a\\b", "", "c:/a", "a\0b", "a\nb",
        ] {
            assert_eq!(code(&archive(name, b"")), "zip-name", "{name:?}");
        }
        assert_eq!(code(&archive("a/", b"x")), "zip-entry");
        assert_eq!(code(&archive("a/", b"")), "read");
        assert_eq!(code(&archive("a/.data/x", b"")), "read");
    }

    #[test]
    fn every_changed_byte_of_the_structure_is_noticed_or_means_nothing() {
        let file = archive("ab", b"data");
        // Versions, times, attributes, the name in both places, and the data itself.
        let sound = read_directory(&Memory(file.clone()), "a.zip").unwrap();
        for at in 0..file.len() {
            let mut changed = file.clone();
            changed[at] ^= 0x11;
            if let Ok(read) = read_directory(&Memory(changed), "a.zip") {
                assert_eq!(read.entries()[0].data, sound.entries()[0].data, "byte {at}");
                assert_eq!(read.entries()[0].name, sound.entries()[0].name, "byte {at}");
            }
        }
    }

    #[test]
    fn bytes_before_behind_and_missing_are_refused() {
        let file = archive("ab", b"data");
        assert_eq!(code(&[b"MZ", &file[..]].concat()), "zip-structure");
        assert_eq!(code(&[&file[..], b"x"].concat()), "zip-structure");
        for cut in 1..file.len() {
            assert_eq!(code(&file[..cut]), "zip-structure", "{cut}");
        }
        assert_eq!(code(b""), "empty-file");
    }

    #[test]
    fn inflating_gives_what_was_claimed_or_nothing() {
        let data = vec![7; 1000];
        let packed = miniz_oxide::deflate::compress_to_vec(&data, 6);
        assert_eq!(inflate(&packed, 1000), Some(data));
        assert_eq!(inflate(&packed, 999), None);
        assert_eq!(inflate(&packed, 1001), None);
        assert_eq!(inflate(&packed[..packed.len() - 1], 1000), None);
        assert_eq!(inflate(&[&packed[..], &[0]].concat(), 1000), None);
    }
}
