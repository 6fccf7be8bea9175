//! A record of finished files, so that a reading of terabytes that was cut off can go on.
//!
//! One line of JSON per file. A line counts only while the file has the length, the time of change
//! and the place on disk that it had; a line cut off at the end is passed over.
//! It serves the person who wrote it and proves nothing to anyone else.

use std::collections::HashMap;
use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use serde::{Deserialize, Serialize};
use weigh_ledger::Sha256Digest;
use weigh_ledger::digest::{Blake3Digest, FileDigest};
use weigh_ledger::tensors::TensorDigest;

use super::{DigestOptions, DigestedFile};
use crate::error::WeighError;
use crate::folder::{self, FileState};

const FORMAT: &str = "weighbridge digests 1";
/// A line per file, and a line holds its tensors.
const RECORD_MAX: u64 = 4 << 30;

pub(super) struct Journal {
    shown: String,
    known: HashMap<String, Line>,
    file: Mutex<File>,
}

#[derive(Clone, Serialize, Deserialize)]
struct Line {
    format: String,
    name: String,
    len: u64,
    changed_ns: i128,
    inode: u64,
    sha256: String,
    blake3: Option<String>,
    tensors: Vec<Tensor>,
}

#[derive(Clone, Serialize, Deserialize)]
struct Tensor {
    name: String,
    dtype: String,
    shape: Vec<u64>,
    blake3: String,
}

impl Journal {
    /// Opens a record, or begins one.
    pub(super) fn open(path: &Path) -> Result<Self, WeighError> {
        let shown = path.display().to_string();
        let wrong = |error: &std::io::Error| WeighError::Journal {
            path: shown.clone(),
            reason: folder::reason(error),
        };
        let opened = OpenOptions::new()
            .read(true)
            .append(true)
            .create(true)
            .open(path);
        let mut file = opened.map_err(|e| wrong(&e))?;
        let found = file.metadata().map_err(|e| wrong(&e))?;
        if !found.is_file() || found.len() > RECORD_MAX {
            return Err(WeighError::Journal {
                path: shown,
                reason: "it is no regular file, or longer than any record".to_owned(),
            });
        }
        let (known, ends_in_a_line) = read(path, &shown)?;
        if !ends_in_a_line {
            file.write_all(b"\n").map_err(|e| wrong(&e))?;
        }
        Ok(Self {
            shown,
            known,
            file: Mutex::new(file),
        })
    }

    /// What it says of a file in this state.
    pub(super) fn find(
        &self,
        name: &str,
        state: &FileState,
        options: &DigestOptions,
    ) -> Option<DigestedFile> {
        let line = self.known.get(name)?;
        let same =
            (line.len, line.changed_ns, line.inode) == (state.len, state.changed_ns, state.inode);
        if !same || (line.blake3.is_none() && !options.sha256_only) {
            return None;
        }
        line.digested()
    }

    /// Writes down a finished file.
    pub(super) fn add(&self, file: &DigestedFile, state: &FileState) -> Result<(), WeighError> {
        let wrong = |reason: String| WeighError::Journal {
            path: self.shown.clone(),
            reason,
        };
        let line = serde_json::to_string(&Line::of(file, state));
        let line = line.map_err(|e| wrong(e.to_string()))? + "\n";
        let mut record = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        let written = record.write_all(line.as_bytes());
        written.map_err(|e| wrong(folder::reason(&e)))
    }
}

/// The last line about each file, and whether the record ends with a whole line.
fn read(path: &Path, shown: &str) -> Result<(HashMap<String, Line>, bool), WeighError> {
    let wrong = |reason: String| WeighError::Journal {
        path: shown.to_owned(),
        reason,
    };
    let text = std::fs::read_to_string(path).map_err(|e| wrong(folder::reason(&e)))?;
    let whole = text.is_empty() || text.ends_with('\n');
    let mut known = HashMap::new();
    let lines = text.lines().count();
    for (i, line) in text.lines().enumerate() {
        match serde_json::from_str::<Line>(line) {
            Ok(line) if line.format == FORMAT => {
                known.insert(line.name.clone(), line);
            }
            // Cut off while it was written.
            _ if i > 0 && i + 1 == lines && !whole => {}
            _ if line.starts_with(&format!("{{\"format\":\"{FORMAT}\"")) => {}
            _ => return Err(wrong(format!("line {} is none of its lines", i + 1))),
        }
    }
    Ok((known, whole))
}

impl Line {
    fn of(file: &DigestedFile, state: &FileState) -> Self {
        let tensor = |t: &TensorDigest| Tensor {
            name: t.name.clone(),
            dtype: t.dtype.clone(),
            shape: t.shape.clone(),
            blake3: t.blake3.to_string(),
        };
        Self {
            format: FORMAT.to_owned(),
            name: file.name.clone(),
            len: state.len,
            changed_ns: state.changed_ns,
            inode: state.inode,
            sha256: file.digest.sha256.to_string(),
            blake3: file.digest.blake3.map(|d| d.to_string()),
            tensors: file.tensors.iter().map(tensor).collect(),
        }
    }

    fn digested(&self) -> Option<DigestedFile> {
        let blake3 = match &self.blake3 {
            Some(text) => Some(Blake3Digest::parse(text)?),
            None => None,
        };
        let tensor = |t: &Tensor| {
            Some(TensorDigest {
                name: t.name.clone(),
                dtype: t.dtype.clone(),
                shape: t.shape.clone(),
                blake3: Blake3Digest::parse(&t.blake3)?,
            })
        };
        Some(DigestedFile {
            name: self.name.clone(),
            digest: FileDigest {
                len: self.len,
                sha256: Sha256Digest::parse(&self.sha256)?,
                blake3,
            },
            tensors: self.tensors.iter().map(tensor).collect::<Option<_>>()?,
            is_recorded: true,
        })
    }
}
