//! Where bytes come from: two small traits, so that one reader serves a folder, memory in a test,
//! or an object store.
//!
//! - **Invariant:** reading is positioned and synchronous; nothing is mapped.
//! - **Invariant:** a reader asks for the length first and never allocates more than its limit.

use std::collections::BTreeMap;
use std::ops::Range;

use crate::ReadError;

/// One object that can be read at any place.
pub trait Object: Send + Sync {
    /// Its length in bytes.
    fn len(&self) -> u64;

    /// Is it empty?
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Fills the buffer from `offset`.
    ///
    /// # Errors
    /// When the object ends before the buffer is full, or cannot be read.
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> Result<(), ReadError>;

    /// Says that a range will be read soon. May do nothing.
    fn prefetch(&self, _range: Range<u64>) {}
}

/// An object of a tree, by name and length.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Relative name, parts joined by `/`.
    pub name: String,
    /// Length in bytes.
    pub len: u64,
}

/// Objects under one root.
pub trait Tree: Send + Sync {
    /// Every object, sorted by name.
    ///
    /// # Errors
    /// When the root cannot be listed.
    fn entries(&self) -> Result<Vec<Entry>, ReadError>;

    /// Opens an object by name.
    ///
    /// # Errors
    /// When there is none, it may not be read, or it leads out of the root.
    fn open(&self, name: &str) -> Result<Box<dyn Object>, ReadError>;
}

/// Bytes in memory.
#[derive(Clone, Debug, Default)]
pub struct Memory(pub Vec<u8>);

impl Object for Memory {
    fn len(&self) -> u64 {
        self.0.len() as u64
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> Result<(), ReadError> {
        let found = usize::try_from(offset)
            .ok()
            .and_then(|start| self.0.get(start..start.checked_add(buffer.len())?));
        let bytes = found.ok_or_else(|| ReadError::Unreadable {
            input: "memory".to_owned(),
            reason: "it ended early".to_owned(),
        })?;
        buffer.copy_from_slice(bytes);
        Ok(())
    }
}

/// Objects in memory.
#[derive(Clone, Debug, Default)]
pub struct MemoryTree(pub BTreeMap<String, Vec<u8>>);

impl Tree for MemoryTree {
    fn entries(&self) -> Result<Vec<Entry>, ReadError> {
        let entry = |(name, bytes): (&String, &Vec<u8>)| Entry {
            name: name.clone(),
            len: bytes.len() as u64,
        };
        Ok(self.0.iter().map(entry).collect())
    }

    fn open(&self, name: &str) -> Result<Box<dyn Object>, ReadError> {
        let bytes = self.0.get(name).ok_or_else(|| ReadError::Unreadable {
            input: name.to_owned(),
            reason: "there is no such file".to_owned(),
        })?;
        Ok(Box::new(Memory(bytes.clone())))
    }
}

/// Reads a whole object of at most `limit` bytes.
///
/// # Errors
/// When it is empty, longer than the limit, or cannot be read.
pub(crate) fn read_all(object: &dyn Object, input: &str, limit: u64) -> Result<Vec<u8>, ReadError> {
    let len = object.len();
    if len == 0 {
        return Err(ReadError::Empty {
            input: input.to_owned(),
        });
    }
    if len > limit {
        return Err(ReadError::TooLong {
            input: input.to_owned(),
            len,
            limit,
        });
    }
    // At most `limit`, which every caller keeps far below the address space.
    let mut bytes = vec![0; usize::try_from(len).unwrap_or_default()];
    object.read_at(0, &mut bytes)?;
    Ok(bytes)
}

/// The same as text, without a byte order mark.
pub(crate) fn read_text(object: &dyn Object, input: &str, limit: u64) -> Result<String, ReadError> {
    let bytes = read_all(object, input, limit)?;
    let text = String::from_utf8(bytes).map_err(|error| ReadError::NotUtf8 {
        input: input.to_owned(),
        offset: error.utf8_error().valid_up_to(),
    })?;
    Ok(text
        .strip_prefix('\u{feff}')
        .map(str::to_owned)
        .unwrap_or(text))
}
