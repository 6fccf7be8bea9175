//! The data files of a folder: rulebooks, fact definitions, conventions, tables of codes.

use std::path::{Path, PathBuf};

use weigh_readers::ReadError;

use crate::error::WeighError;

/// Deeper folders than this are refused.
const DEPTH_MAX: usize = 8;
/// More files than this are refused.
const FILES_MAX: usize = 10_000;

/// Every `*.toml` file under a folder, by path. A link is not followed.
///
/// # Errors
/// When the folder cannot be read, is too deep, or holds more files than any collection of law.
pub fn data_files(folder: &Path) -> Result<Vec<PathBuf>, WeighError> {
    let mut found = Vec::new();
    collect(folder, 0, &mut found)?;
    found.sort();
    if found.is_empty() {
        return Err(WeighError::NothingToRead {
            path: folder.display().to_string(),
            seen: "a folder of rulebooks holds `*.toml` files, and this one has none".to_owned(),
        });
    }
    Ok(found)
}

fn collect(folder: &Path, depth: usize, found: &mut Vec<PathBuf>) -> Result<(), WeighError> {
    let unreadable = |reason: String| {
        WeighError::Read(ReadError::Unreadable {
            input: folder.display().to_string(),
            reason,
        })
    };
    if depth > DEPTH_MAX || found.len() > FILES_MAX {
        let reason =
            format!("it is deeper than {DEPTH_MAX} folders or holds more than {FILES_MAX} files");
        return Err(unreadable(reason));
    }
    let failed = |e: std::io::Error| unreadable(crate::folder::reason(&e));
    for entry in std::fs::read_dir(folder).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        let kind = entry.file_type().map_err(failed)?;
        let path = entry.path();
        if kind.is_dir() {
            collect(&path, depth + 1, found)?;
        } else if kind.is_file() && path.extension().is_some_and(|e| e == "toml") {
            found.push(path);
        }
    }
    Ok(())
}
