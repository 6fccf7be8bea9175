//! What the checks look at: the files of the repository and the graph of its crates, read once.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::graph::Graph;
use crate::source::Source;

/// Crates beside the floors: tools of ours which nothing depends on.
pub(crate) const BESIDE: &[&str] = &["xtask"];

/// Which crate lives on which floor; the picture is in ARCHITECTURE.md.
pub(crate) const FLOORS: &[(&str, u8)] = &[
    ("weighbridge", 5),
    ("weigh-python", 5),
    ("weigh-registry", 4),
    ("weigh-report", 3),
    ("weigh-meter", 3),
    ("weigh-station", 2),
    ("weigh-portfolio", 2),
    ("weigh-readers", 1),
    ("weigh-compute", 1),
    ("weigh-rules", 1),
    ("weigh-ledger", 1),
    ("weigh-facts", 0),
];

/// Files above this size are data, not text anybody wrote.
const TEXT_LIMIT_BYTES: u64 = 2 << 20;

/// The repository as the checks see it.
pub(crate) struct House {
    pub(crate) root: PathBuf,
    /// Every file git tracks or would track, relative to the root, with forward slashes.
    pub(crate) files: Vec<String>,
    /// Those of them which are text of a reasonable size.
    pub(crate) texts: Vec<Text>,
    /// Those of them which are Rust.
    pub(crate) sources: Vec<Source>,
    pub(crate) graph: Graph,
}

/// A text file and its path.
pub(crate) struct Text {
    pub(crate) path: String,
    pub(crate) text: String,
}

impl House {
    /// Reads the repository this program was built from.
    pub(crate) fn open() -> Result<Self, String> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"))
            .parent()
            .ok_or("the folder of xtask has no parent")?
            .to_path_buf();
        let files = list_files(&root)?;
        let texts: Vec<Text> = files
            .iter()
            .filter_map(|path| read_text(&root, path))
            .collect();
        let mut sources: Vec<Source> = texts
            .iter()
            .filter(|file| file.path.ends_with(".rs"))
            .map(|file| Source::new(&file.path, &file.text))
            .collect();
        mark_test_files(&mut sources);
        let graph = Graph::load(&root)?;
        Ok(Self {
            root,
            files,
            texts,
            sources,
            graph,
        })
    }

    /// The text of one file, if the repository has it.
    pub(crate) fn text(&self, path: &str) -> Option<&str> {
        self.texts
            .iter()
            .find(|file| file.path == path)
            .map(|file| file.text.as_str())
    }

    /// Rust files under `crates/*/src`: what we ship.
    pub(crate) fn shipped(&self) -> impl Iterator<Item = &Source> {
        self.sources
            .iter()
            .filter(|source| crate_of(&source.path).is_some())
    }
}

/// The crate whose `src` folder a path is in.
pub(crate) fn crate_of(path: &str) -> Option<&str> {
    let (name, inside) = path.strip_prefix("crates/")?.split_once('/')?;
    inside.starts_with("src/").then_some(name)
}

/// The floor of a crate, or nothing for a name that is not in the table.
pub(crate) fn floor_of(name: &str) -> Option<u8> {
    FLOORS
        .iter()
        .find(|(known, _)| *known == name)
        .map(|(_, floor)| *floor)
}

/// Tracked files and new ones that are not ignored: a finding should come before the commit.
/// Outside a git checkout (an unpacked source archive), every file but build output.
fn list_files(root: &Path) -> Result<Vec<String>, String> {
    if !root.join(".git").exists() {
        let found = files_under(root, &["target"]).map_err(|error| error.to_string())?;
        let relative = found.iter().filter_map(|path| path.strip_prefix(root).ok());
        return Ok(relative
            .map(|path| path.to_string_lossy().replace('\\', "/"))
            .collect());
    }
    let listing = Command::new("git")
        .args([
            "ls-files",
            "-z",
            "--cached",
            "--others",
            "--exclude-standard",
        ])
        .current_dir(root)
        .output()
        .map_err(|error| format!("cannot run `git`: {error}"))?;
    if !listing.status.success() {
        let reason = String::from_utf8_lossy(&listing.stderr).trim().to_owned();
        return Err(format!("`git ls-files` failed: {reason}"));
    }
    let listing = String::from_utf8_lossy(&listing.stdout).into_owned();
    let files: BTreeSet<&str> = listing
        .split('\0')
        .filter(|path| !path.is_empty() && root.join(path).is_file())
        .collect();
    Ok(files.into_iter().map(str::to_owned).collect())
}

/// All files below a folder in order of their paths, links not followed, folders with one of
/// the names in `but` left out.
pub(crate) fn files_under(folder: &Path, but: &[&str]) -> std::io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    let mut folders = vec![folder.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder)? {
            let entry = entry?;
            let kind = entry.file_type()?;
            let is_left_out = but.iter().any(|name| entry.file_name() == *name);
            if kind.is_dir() && !is_left_out {
                folders.push(entry.path());
            } else if kind.is_file() {
                files.push(entry.path());
            }
        }
    }
    files.sort();
    Ok(files)
}

/// A file's text, or nothing when it is too large or not UTF-8.
fn read_text(root: &Path, path: &str) -> Option<Text> {
    let full = root.join(path);
    let is_reasonable = full
        .metadata()
        .is_ok_and(|about| about.len() <= TEXT_LIMIT_BYTES);
    let text = std::fs::read_to_string(full)
        .ok()
        .filter(|_| is_reasonable)?;
    (!text.contains('\0')).then(|| Text {
        path: path.to_owned(),
        text,
    })
}

/// Marks files that hold tests only: those in test folders, and those which another file
/// declares as `#[cfg(test)] mod name;`.
fn mark_test_files(sources: &mut [Source]) {
    let declared: Vec<String> = sources
        .iter()
        .flat_map(|source| {
            let folder = module_folder(&source.path);
            source
                .test_modules
                .iter()
                .map(move |name| format!("{folder}{name}"))
        })
        .collect();
    for source in sources {
        let in_test_folder = ["/tests/", "/benches/"]
            .iter()
            .any(|folder| source.path.contains(folder));
        let is_declared = declared.iter().any(|module| {
            let rest = source.path.strip_prefix(module.as_str());
            rest.is_some_and(|rest| rest == ".rs" || rest.starts_with('/'))
        });
        if in_test_folder || is_declared {
            source.mark_as_test();
        }
    }
}

/// The folder in which a file's child modules live, with a slash at the end.
fn module_folder(path: &str) -> String {
    let stem = path.trim_end_matches(".rs");
    for root in ["/lib", "/main", "/mod"] {
        if let Some(folder) = stem.strip_suffix(root) {
            return format!("{folder}/");
        }
    }
    format!("{stem}/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_of_test_modules_are_tests() {
        let mut sources = vec![
            Source::new(
                "crates/a/src/lib.rs",
                "mod eval;\n#[cfg(test)]\nmod testing;",
            ),
            Source::new(
                "crates/a/src/eval.rs",
                "fn x() {}\n#[cfg(test)]\nmod tests;",
            ),
            Source::new("crates/a/src/eval/tests.rs", "fn x() {}"),
            Source::new("crates/a/src/testing/mod.rs", "fn x() {}"),
            Source::new("crates/a/src/testing_ground.rs", "fn x() {}"),
            Source::new("crates/a/benches/b.rs", "fn x() {}"),
        ];
        mark_test_files(&mut sources);
        let shipped: Vec<&str> = sources
            .iter()
            .filter(|source| !source.is_test(0))
            .map(|source| source.path.as_str())
            .collect();
        assert_eq!(
            shipped,
            [
                "crates/a/src/lib.rs",
                "crates/a/src/eval.rs",
                "crates/a/src/testing_ground.rs"
            ]
        );
    }

    #[test]
    fn a_source_path_names_its_crate() {
        assert_eq!(
            crate_of("crates/weigh-facts/src/lib.rs"),
            Some("weigh-facts")
        );
        assert_eq!(crate_of("crates/weigh-facts/tests/it/main.rs"), None);
        assert_eq!(crate_of("xtask/src/main.rs"), None);
    }
}
