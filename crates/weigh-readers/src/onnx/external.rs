//! Files beside a model that hold its numbers: there, long enough, and every byte for one tensor.

use std::collections::{BTreeMap, BTreeSet};

use super::tensor::{External, Found};
use crate::{ReadError, Tree};

const FILES_MAX: usize = 100_000;

/// What stands outside the file.
#[derive(Debug, Default)]
pub(super) struct Outside {
    /// Files, sorted.
    pub(super) files: Vec<String>,
    /// Tensors whose bytes are those of another.
    pub(super) aliases: BTreeSet<String>,
}

/// Begin and end in a file, and whose they are.
type Range<'f> = (u64, u64, &'f str);

pub(super) fn check<'f>(
    found: impl Iterator<Item = &'f Found>,
    tree: &dyn Tree,
    input: &str,
) -> Result<Outside, ReadError> {
    let mut by_file: BTreeMap<&str, Vec<Range<'f>>> = BTreeMap::new();
    let refuse = |tensor: &str, location: &str, reason: String| ReadError::OnnxExternal {
        input: input.to_owned(),
        tensor: tensor.to_owned(),
        location: location.to_owned(),
        reason,
    };
    for found in found {
        let (Some(seen), Some(external)) = (&found.seen, &found.external) else {
            continue;
        };
        let External {
            location,
            offset,
            length,
        } = external;
        if let Some(length) = length.filter(|length| *length != seen.bytes) {
            let reason = format!(
                "its shape takes {} bytes, and it claims {length}",
                seen.bytes
            );
            return Err(refuse(&found.name, location, reason));
        }
        let Some(end) = offset.checked_add(seen.bytes) else {
            return Err(refuse(
                &found.name,
                location,
                "it ends where no file can".to_owned(),
            ));
        };
        let ranges = by_file.entry(location).or_default();
        ranges.push((*offset, end, &found.name));
        if by_file.len() > FILES_MAX {
            return Err(refuse(
                &found.name,
                location,
                format!("more than {FILES_MAX} files"),
            ));
        }
    }
    let mut outside = Outside::default();
    for (location, mut ranges) in by_file {
        let len = tree.open(location)?.len();
        ranges.sort_unstable();
        let mut before: Option<Range<'_>> = None;
        for range @ (begin, end, tensor) in ranges {
            if end > len {
                let reason = format!("it ends at byte {end}, and the file has {len}");
                return Err(refuse(tensor, location, reason));
            }
            if begin == end {
                continue;
            }
            match before {
                Some((b, e, _)) if (b, e) == (begin, end) => {
                    outside.aliases.insert(tensor.to_owned());
                    continue;
                }
                Some((_, e, other)) if begin < e => {
                    let reason = format!("it begins at byte {begin}, and `{other}` ends at {e}");
                    return Err(refuse(tensor, location, reason));
                }
                _ => before = Some(range),
            }
        }
        outside.files.push(location.to_owned());
    }
    Ok(outside)
}
