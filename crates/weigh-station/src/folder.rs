//! Folders and files on this machine, opened so that nothing outside them can be reached.
//!
//! - A link is followed only if what it leads to lies inside the folder the person named.
//! - Only regular files are opened: no devices, no pipes, no sockets.
//! - Reading is positioned: nothing is mapped, so a file that shrinks gives an error, not a signal.

use std::fs::File;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::{Path, PathBuf};

use weigh_readers::{Entry, Object, ReadError, Tree};

/// A folder, listed without its subfolders.
#[derive(Debug)]
pub struct Folder {
    root: PathBuf,
    shown: String,
}

/// A regular file.
#[derive(Debug)]
pub struct OpenFile {
    file: File,
    len: u64,
    shown: String,
}

/// What a path leads to.
#[derive(Debug)]
pub enum Opened {
    /// A folder.
    Folder(Folder),
    /// A regular file: its name without the path, and the file.
    File(String, OpenFile),
}

/// Opens what a person named.
///
/// # Errors
/// When there is nothing, it may not be read, or it is neither a folder nor a regular file.
pub fn open(path: &Path) -> Result<Opened, ReadError> {
    let shown = path.display().to_string();
    let canonical = path.canonicalize().map_err(|e| unreadable(&shown, &e))?;
    if canonical.is_dir() {
        return Ok(Opened::Folder(Folder {
            root: canonical,
            shown,
        }));
    }
    let name = path
        .file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned();
    OpenFile::open(&canonical, shown).map(|file| Opened::File(name, file))
}

fn unreadable(shown: &str, error: &std::io::Error) -> ReadError {
    ReadError::Unreadable {
        input: shown.to_owned(),
        reason: reason(error),
    }
}

/// The system's reason in our style: lowercase, without the error number.
pub(crate) fn reason(error: &std::io::Error) -> String {
    match error.kind() {
        std::io::ErrorKind::NotFound => "there is no such file or folder".to_owned(),
        std::io::ErrorKind::PermissionDenied => "permission denied".to_owned(),
        std::io::ErrorKind::UnexpectedEof => {
            "the file ended early: it changed while it was read".to_owned()
        }
        _ => {
            let text = error.to_string().to_lowercase();
            text.split(" (os error")
                .next()
                .unwrap_or_default()
                .to_owned()
        }
    }
}

impl OpenFile {
    fn open(canonical: &Path, shown: String) -> Result<Self, ReadError> {
        let found = std::fs::metadata(canonical).map_err(|e| unreadable(&shown, &e))?;
        if !found.is_file() {
            let reason = "it is neither a folder nor a regular file".to_owned();
            return Err(ReadError::Unreadable {
                input: shown,
                reason,
            });
        }
        let file = File::open(canonical).map_err(|e| unreadable(&shown, &e))?;
        let len = file.metadata().map_err(|e| unreadable(&shown, &e))?.len();
        Ok(Self { file, len, shown })
    }

    /// The path as the person named it.
    #[must_use]
    pub fn shown(&self) -> &str {
        &self.shown
    }
}

/// What tells two states of one file apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct FileState {
    /// Length in bytes.
    pub(crate) len: u64,
    /// When its bytes last changed, nanoseconds since 1970.
    pub(crate) changed_ns: i128,
    /// Which file it is on its disk.
    pub(crate) inode: u64,
}

impl OpenFile {
    /// Its state now.
    pub(crate) fn state(&self) -> Result<FileState, ReadError> {
        let found = self.file.metadata();
        let found = found.map_err(|e| unreadable(&self.shown, &e))?;
        Ok(FileState {
            len: found.len(),
            changed_ns: i128::from(found.mtime()) * 1_000_000_000 + i128::from(found.mtime_nsec()),
            inode: found.ino(),
        })
    }
}

impl Object for OpenFile {
    fn len(&self) -> u64 {
        self.len
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> Result<(), ReadError> {
        self.file
            .read_exact_at(buffer, offset)
            .map_err(|e| unreadable(&self.shown, &e))
    }
}

impl Folder {
    /// The path as the person named it.
    #[must_use]
    pub fn shown(&self) -> &str {
        &self.shown
    }

    /// The path of an entry as the person would name it.
    #[must_use]
    pub fn path_of(&self, name: &str) -> String {
        format!("{}/{name}", self.shown.trim_end_matches('/'))
    }

    /// Does the path lead below the root, or would it if something were written there?
    pub(crate) fn would_hold(&self, path: &Path) -> bool {
        let parent = path.parent().filter(|p| !p.as_os_str().is_empty());
        let below = |p: &Path| p.canonicalize().is_ok_and(|p| p.starts_with(&self.root));
        below(path) || below(parent.unwrap_or(Path::new(".")))
    }

    /// Is there anything of that name?
    pub(crate) fn path_exists(&self, name: &str) -> bool {
        self.root.join(name).symlink_metadata().is_ok()
    }

    /// Is there a folder of that plain name, and not a link to one?
    pub(crate) fn has_folder(&self, name: &str) -> bool {
        let found = self.root.join(name).symlink_metadata();
        found.is_ok_and(|m| m.is_dir())
    }

    /// Plain names of the folders in it, sorted; links are left out.
    pub(crate) fn folders(&self) -> Result<Vec<String>, ReadError> {
        let listing = std::fs::read_dir(&self.root).map_err(|e| unreadable(&self.shown, &e))?;
        let names = listing.filter_map(|e| e.ok()?.file_name().into_string().ok());
        let mut names: Vec<String> = names.filter(|name| self.has_folder(name)).collect();
        names.sort();
        Ok(names)
    }

    /// The revision to read, if this is a repository in the cache of the hub: that of the branch
    /// `main`, or the only one there is.
    pub(crate) fn cached_revision(&self) -> Result<Option<String>, ReadError> {
        let snapshots = self.root.join("snapshots");
        if !snapshots.is_dir() || !self.root.join("blobs").is_dir() {
            return Ok(None);
        }
        let shown = self.path_of("snapshots");
        let listing = std::fs::read_dir(&snapshots).map_err(|e| unreadable(&shown, &e))?;
        let names = listing.filter_map(|e| e.ok()?.file_name().into_string().ok());
        let mut revisions: Vec<String> = names.collect();
        revisions.sort();
        let main = std::fs::read_to_string(self.root.join("refs").join("main")).ok();
        let main = main.map(|text| text.trim().to_owned());
        let named = main.filter(|name| revisions.contains(name));
        match (named, revisions.as_slice()) {
            (Some(name), _) => Ok(Some(name)),
            (None, [only]) => Ok(Some(only.clone())),
            (None, several) => Err(ReadError::Unreadable {
                input: shown,
                reason: format!(
                    "it holds {} revisions, and none is `main`: name one",
                    several.len()
                ),
            }),
        }
    }

    /// Is this a snapshot of the hub's cache, and the target a blob of the same repository?
    /// There every file is a link to `../../blobs/DIGEST`.
    fn is_blob_of_the_cache(&self, target: &Path) -> bool {
        let snapshots = self.root.parent().filter(|p| p.ends_with("snapshots"));
        let blobs = snapshots
            .and_then(Path::parent)
            .map(|repository| repository.join("blobs"));
        blobs.is_some_and(|blobs| target.parent() == Some(blobs.as_path()))
    }

    /// Opens an entry by its plain name.
    ///
    /// # Errors
    /// When it is missing, leads out of the folder, or is no regular file.
    pub fn open_file(&self, name: &str) -> Result<OpenFile, ReadError> {
        let shown = self.path_of(name);
        let canonical = self
            .root
            .join(name)
            .canonicalize()
            .map_err(|e| unreadable(&shown, &e))?;
        if !canonical.starts_with(&self.root) && !self.is_blob_of_the_cache(&canonical) {
            return Err(ReadError::Outside { input: shown });
        }
        OpenFile::open(&canonical, shown)
    }
}

/// Folders inside folders, at most.
const DEPTH_MAX: usize = 64;
/// Files in one folder and all below it, at most.
const FILES_MAX: usize = 1_000_000;

impl Folder {
    /// Every regular file below the root: its name, parts joined by `/`, and its length; sorted by
    /// name. What `leave_out` says of the first part of a name is not entered.
    ///
    /// A link to a file is followed as [`Folder::open_file`] follows it; a link to a folder is
    /// refused, because it could lead back.
    pub(crate) fn walk(&self, leave_out: &dyn Fn(&str) -> bool) -> Result<Vec<Entry>, ReadError> {
        let mut found = Vec::new();
        let mut open = vec![(String::new(), 0)];
        while let Some((below, depth)) = open.pop() {
            let shown = self.path_of(&below);
            if depth > DEPTH_MAX {
                return Err(ReadError::TooDeep {
                    input: shown,
                    limit: DEPTH_MAX,
                });
            }
            let listing = std::fs::read_dir(self.root.join(&below));
            for entry in listing.map_err(|e| unreadable(&shown, &e))? {
                let entry = entry.map_err(|e| unreadable(&shown, &e))?;
                let part = entry.file_name().into_string().map_err(|name| {
                    let name = name.to_string_lossy();
                    ReadError::Unreadable {
                        input: self.path_of(&format!("{below}{name}")),
                        reason: "its name is not UTF-8".to_owned(),
                    }
                })?;
                if below.is_empty() && leave_out(&part) {
                    continue;
                }
                let name = format!("{below}{part}");
                let kind = entry.file_type().map_err(|e| unreadable(&shown, &e))?;
                if kind.is_dir() {
                    open.push((format!("{name}/"), depth + 1));
                    continue;
                }
                // Refuses links that lead out, links to folders, and what is no regular file.
                let len = self.open_file(&name)?.len();
                found.push(Entry { name, len });
                if found.len() > FILES_MAX {
                    return Err(ReadError::Unreadable {
                        input: self.shown.clone(),
                        reason: format!("it holds more than {FILES_MAX} files"),
                    });
                }
            }
        }
        found.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(found)
    }
}

impl Tree for Folder {
    fn entries(&self) -> Result<Vec<Entry>, ReadError> {
        let listing = std::fs::read_dir(&self.root).map_err(|e| unreadable(&self.shown, &e))?;
        let mut entries = Vec::new();
        for entry in listing {
            let entry = entry.map_err(|e| unreadable(&self.shown, &e))?;
            let Ok(name) = entry.file_name().into_string() else {
                continue;
            };
            // The target's size, so that a link inside the folder counts as what it leads to.
            let Ok(found) = std::fs::metadata(entry.path()) else {
                continue;
            };
            if found.is_file() {
                entries.push(Entry {
                    name,
                    len: found.len(),
                });
            }
        }
        entries.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(entries)
    }

    fn open(&self, name: &str) -> Result<Box<dyn Object>, ReadError> {
        self.open_file(name)
            .map(|file| Box::new(file) as Box<dyn Object>)
    }
}
