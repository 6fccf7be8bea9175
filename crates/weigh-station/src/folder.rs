//! Folders and files on this machine, opened so that nothing outside them can be reached.
//!
//! - A link is followed only if what it leads to lies inside the folder the person named.
//! - Only regular files are opened: no devices, no pipes, no sockets.
//! - Reading is positioned: nothing is mapped, so a file that shrinks gives an error, not a signal.

use std::fs::File;
use std::os::unix::fs::FileExt;
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
