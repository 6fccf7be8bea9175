//! Nothing of the test corpus is committed: it is other people's, and only lent to us.
//!
//! Runs where `WEIGHBRIDGE_CORPUS` names the corpus, which continuous integration ensures.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::finding::Finding;
use crate::house::{House, files_under};

/// Shorter files are equal by accident.
const SHORTEST_BYTES: u64 = 64;

pub(crate) fn check(house: &House) -> Result<Vec<Finding>, String> {
    let named = std::env::var_os("WEIGHBRIDGE_CORPUS").filter(|path| !path.is_empty());
    let Some(corpus) = named.map(PathBuf::from) else {
        return Ok(Vec::new());
    };
    let corpus = house.root.join(corpus);
    let unreadable = |error| format!("cannot read the corpus at `{}`: {error}", corpus.display());
    let lent = by_size(files_under(&corpus, &[]).map_err(unreadable)?);
    let mut findings = Vec::new();
    for path in house
        .files
        .iter()
        .filter(|path| !is_license(Path::new(path)))
    {
        if let Some(original) = copy_of(&house.root.join(path), &lent) {
            let name = original
                .strip_prefix(&corpus)
                .unwrap_or(&original)
                .display()
                .to_string();
            findings.push(Finding::new(
                path.as_str(),
                format!("this is a copy of `{name}` in the corpus"),
                "remove it; read the corpus in the test, or make a small file of our own",
            ));
        }
    }
    Ok(findings)
}

/// The first corpus file with the same bytes.
fn copy_of(path: &Path, lent: &BTreeMap<u64, Vec<PathBuf>>) -> Option<PathBuf> {
    let size = path.metadata().ok()?.len();
    let candidates = lent.get(&size)?;
    let bytes = std::fs::read(path).ok()?;
    candidates
        .iter()
        .find(|other| std::fs::read(other).is_ok_and(|read| read == bytes))
        .cloned()
}

fn by_size(files: Vec<PathBuf>) -> BTreeMap<u64, Vec<PathBuf>> {
    let mut sizes: BTreeMap<u64, Vec<PathBuf>> = BTreeMap::new();
    for file in files.into_iter().filter(|file| !is_license(file)) {
        let size = file.metadata().map_or(0, |about| about.len());
        if size >= SHORTEST_BYTES {
            sizes.entry(size).or_default().push(file);
        }
    }
    sizes
}

/// License texts are the same everywhere, on purpose.
fn is_license(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    name.starts_with("LICENSE") || name.starts_with("COPYING")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copy_is_found_and_a_near_copy_is_not() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/checks");
        let lent = by_size(files_under(&folder, &[]).expect("our own sources can be read"));
        let own = folder.join("copies.rs");
        assert_eq!(copy_of(&own, &lent), Some(own));
        assert_eq!(copy_of(&folder.join("../main.rs"), &lent), None);
    }

    #[test]
    fn license_texts_may_be_equal() {
        assert!(is_license(Path::new("a/LICENSE-MIT")));
        assert!(!is_license(Path::new("a/licenses.json")));
    }
}
