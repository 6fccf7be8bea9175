//! Digests of everything a folder holds, in one pass over its bytes.
//!
//! - Every file gets SHA-256 and, unless it is not wanted, BLAKE3; every tensor of a safetensors
//!   file gets BLAKE3 of its stored bytes.
//! - Files are read side by side, and within a file the two kinds of digest run on two threads.
//! - **Invariant:** reading is positioned, nothing is mapped, and no more than
//!   [`CHUNK`] bytes per thread are held.
//! - **Invariant:** a file whose length, time of change or place on disk is another at the end
//!   than at the beginning is an error, never a digest.

mod journal;

use std::path::{Path, PathBuf};

use rayon::prelude::*;
use weigh_facts::TensorSeen;
use weigh_ledger::Sha256Digest;
use weigh_ledger::digest::{Blake3Digest, Blake3State, FileDigest, FileDigester};
use weigh_ledger::resources::{Resource, ResourceList};
use weigh_ledger::tensors::{TensorDigest, tensor_root};
use weigh_readers::{Entry, Object, ReadError, safetensors};

use crate::error::WeighError;
use crate::folder::{self, FileState, Folder, OpenFile, Opened};
use journal::Journal;

/// Bytes read at once: small enough for a cache, large enough that two threads pay.
const CHUNK: usize = 1 << 20;

/// Names directly below the root that are no part of a model.
/// Source: the defaults of `model_signing` 1.1.1.
const LEFT_OUT: [&str; 4] = [".git", ".gitignore", ".gitattributes", ".github"];

/// What is wanted.
#[derive(Clone, Debug, Default)]
pub struct DigestOptions {
    /// SHA-256 of files alone: what model signing needs, in the least time.
    pub sha256_only: bool,
    /// Where finished files are written down, so that a reading that was cut off can go on.
    pub journal: Option<PathBuf>,
}

/// Who is told how far it is.
pub trait Progress: Sync {
    /// There are so many bytes in so many files.
    fn began(&self, files: usize, bytes: u64);
    /// So many more were read, or need not be.
    fn went_on(&self, bytes: u64);
}

/// Tells nobody.
#[derive(Clone, Copy, Debug)]
pub struct Quiet;

impl Progress for Quiet {
    fn began(&self, _files: usize, _bytes: u64) {}
    fn went_on(&self, _bytes: u64) {}
}

/// One file and its digests.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DigestedFile {
    /// Its name below the root, parts joined by `/`.
    pub name: String,
    /// Of all its bytes.
    pub digest: FileDigest,
    /// Its tensors, if it is a safetensors file and they were asked for.
    pub tensors: Vec<TensorDigest>,
    /// Was it taken from the record of an earlier reading?
    pub is_recorded: bool,
}

/// Digests of a folder or of one file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FolderDigests {
    /// Every file, sorted by name.
    pub files: Vec<DigestedFile>,
    /// The same as model signing lists it.
    pub resources: ResourceList,
    /// One digest over all tensors, whatever file they lie in; nothing where none were read.
    pub tensor_root: Option<Sha256Digest>,
    /// Why there is no such digest though there are tensors.
    pub tensor_root_missing: Option<String>,
    /// Names below the root that were left out.
    pub left_out: Vec<String>,
}

/// Reads every byte of a folder, or of one file, once.
///
/// # Errors
/// When a file cannot be read, leads out of the folder, changed meanwhile, or is a safetensors
/// file that cannot be.
pub fn digest(
    path: &Path,
    options: &DigestOptions,
    progress: &dyn Progress,
) -> Result<FolderDigests, WeighError> {
    let opened = match folder::open(path)? {
        Opened::Folder(folder) => match folder.cached_revision()? {
            Some(revision) => folder::open(&path.join("snapshots").join(revision))?,
            None => Opened::Folder(folder),
        },
        file => file,
    };
    // Asked before the record is opened, which would put it there.
    if let (Opened::Folder(folder), Some(record)) = (&opened, &options.journal)
        && folder.would_hold(record)
    {
        return Err(WeighError::Journal {
            path: record.display().to_string(),
            reason: "it lies in the folder that is read, and would change while it is".to_owned(),
        });
    }
    let journal = options.journal.as_deref().map(Journal::open).transpose()?;
    let call = Call {
        options,
        progress,
        journal: journal.as_ref(),
    };
    match opened {
        Opened::File(name, file) => {
            progress.began(1, file.len());
            let file = call.file(&name, &file)?;
            collect(vec![file], Vec::new())
        }
        Opened::Folder(folder) => {
            let entries = folder.walk(&|part| LEFT_OUT.contains(&part))?;
            if entries.is_empty() {
                return Err(WeighError::NothingToRead {
                    path: folder.shown().to_owned(),
                    seen: "this one holds no regular file".to_owned(),
                });
            }
            let bytes = entries.iter().map(|e| e.len).fold(0, u64::saturating_add);
            progress.began(entries.len(), bytes);
            let files = call.folder(&folder, &entries)?;
            let is_there = |name: &&str| folder.path_exists(name);
            let left_out = LEFT_OUT.iter().copied().filter(is_there);
            collect(files, left_out.map(str::to_owned).collect())
        }
    }
}

struct Call<'a> {
    options: &'a DigestOptions,
    progress: &'a dyn Progress,
    journal: Option<&'a Journal>,
}

impl Call<'_> {
    fn folder(&self, folder: &Folder, entries: &[Entry]) -> Result<Vec<DigestedFile>, WeighError> {
        let one = |entry: &Entry| self.file(&entry.name, &folder.open_file(&entry.name)?);
        // One by one from a shared queue: files differ in size by factors of a million.
        entries.par_iter().with_max_len(1).map(one).collect()
    }

    fn file(&self, name: &str, file: &OpenFile) -> Result<DigestedFile, WeighError> {
        let before = file.state()?;
        let recorded = self
            .journal
            .and_then(|j| j.find(name, &before, self.options));
        if let Some(found) = recorded {
            self.progress.went_on(before.len);
            return Ok(found);
        }
        let tensors = self.tensors(name, file)?;
        let found = self.read(name, file, &before, tensors)?;
        if file.state()? != before || found.digest.len != before.len {
            let input = file.shown().to_owned();
            return Err(ReadError::Changed { input }.into());
        }
        if let Some(journal) = self.journal {
            journal.add(&found, &before)?;
        }
        Ok(found)
    }

    /// The tensors of a safetensors file in the order of their bytes, and where the first begins.
    fn tensors(&self, name: &str, file: &OpenFile) -> Result<Tensors, WeighError> {
        if self.options.sha256_only || !name.ends_with(".safetensors") {
            return Ok(Tensors::default());
        }
        let header = safetensors::read_header(file, file.shown())?;
        Ok(Tensors {
            begin: header.header_len.saturating_add(8),
            seen: header.tensors,
        })
    }

    fn read(
        &self,
        name: &str,
        file: &OpenFile,
        state: &FileState,
        tensors: Tensors,
    ) -> Result<DigestedFile, WeighError> {
        let mut digester = FileDigester::new(!self.options.sha256_only);
        let mut cutter = Cutter::new(tensors);
        let mut buffer = vec![0; CHUNK];
        let mut offset = 0;
        while offset < state.len {
            let n = usize::try_from(state.len - offset)
                .unwrap_or(CHUNK)
                .min(CHUNK);
            let chunk = buffer.get_mut(..n).unwrap_or_default();
            file.read_at(offset, chunk)?;
            let FileDigester {
                len,
                sha256,
                blake3,
            } = &mut digester;
            *len += n as u64;
            let fast = || {
                if let Some(blake3) = blake3 {
                    blake3.update(chunk);
                    cutter.update(offset, chunk);
                }
            };
            if self.options.sha256_only {
                sha256.update(chunk);
            } else {
                rayon::join(|| sha256.update(chunk), fast);
            }
            offset += n as u64;
            self.progress.went_on(n as u64);
        }
        Ok(DigestedFile {
            name: name.to_owned(),
            digest: digester.finish(),
            tensors: cutter.finish(),
            is_recorded: false,
        })
    }
}

#[derive(Default)]
struct Tensors {
    begin: u64,
    seen: Vec<TensorSeen>,
}

/// Cuts a stream of bytes into tensors. They touch without holes: the reader promised it.
struct Cutter {
    /// Tensors whose bytes are still to come, the next one last.
    rest: Vec<TensorSeen>,
    /// Where the next one begins.
    begin: u64,
    state: Blake3State,
    done: Vec<TensorDigest>,
}

impl Cutter {
    fn new(tensors: Tensors) -> Self {
        let mut rest = tensors.seen;
        rest.reverse();
        Self {
            rest,
            begin: tensors.begin,
            state: Blake3State::default(),
            done: Vec::new(),
        }
    }

    /// The bytes from `offset` on.
    fn update(&mut self, offset: u64, chunk: &[u8]) {
        let end = offset + chunk.len() as u64;
        while let Some(tensor) = self.rest.last() {
            let tensor_end = self.begin + tensor.bytes;
            let from = self.begin.max(offset);
            let to = tensor_end.min(end);
            if from > to {
                return;
            }
            let place = |at: u64| usize::try_from(at - offset).unwrap_or(usize::MAX);
            let bytes = chunk.get(place(from)..place(to));
            self.state.update(bytes.unwrap_or_default());
            if tensor_end > end {
                return;
            }
            self.close();
            self.begin = tensor_end;
        }
    }

    fn close(&mut self) {
        let state = std::mem::take(&mut self.state);
        self.done
            .extend(self.rest.pop().map(|t| digested(t, state.finish())));
    }

    /// Tensors without bytes may stand at the very end.
    fn finish(mut self) -> Vec<TensorDigest> {
        while self.rest.last().is_some_and(|t| t.bytes == 0) {
            self.close();
        }
        self.done
    }
}

fn digested(tensor: TensorSeen, blake3: Blake3Digest) -> TensorDigest {
    TensorDigest {
        name: tensor.name,
        dtype: tensor.dtype.as_str().to_owned(),
        shape: tensor.shape,
        blake3,
    }
}

fn collect(files: Vec<DigestedFile>, left_out: Vec<String>) -> Result<FolderDigests, WeighError> {
    let resource = |file: &DigestedFile| Resource {
        name: file.name.clone(),
        digest: file.digest.sha256,
    };
    let resources = ResourceList::new(files.iter().map(resource).collect());
    let resources = resources.map_err(|error| WeighError::Contradiction {
        what: error.to_string(),
        one: "the folder".to_owned(),
        other: "its own names".to_owned(),
    })?;
    let tensors: Vec<TensorDigest> = files
        .iter()
        .flat_map(|f| f.tensors.iter().cloned())
        .collect();
    let (tensor_root, tensor_root_missing) = match tensor_root(&tensors) {
        Ok(root) => (root, None),
        // Two sets of weights lie side by side: there is no one list of tensors.
        Err(error) => (None, Some(error.to_string())),
    };
    Ok(FolderDigests {
        files,
        resources,
        tensor_root,
        tensor_root_missing,
        left_out,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(name: &str, bytes: u64) -> TensorSeen {
        TensorSeen {
            name: name.to_owned(),
            dtype: weigh_facts::Dtype::U8,
            shape: vec![bytes],
            elements: bytes,
            bytes,
            input: String::new(),
        }
    }

    /// However the stream is cut, every tensor gets exactly its bytes.
    #[test]
    fn chunks_do_not_matter() {
        let data: Vec<u8> = (0..100_u8).collect();
        let tensors = [
            ("empty", 0),
            ("a", 10),
            ("b", 1),
            ("none", 0),
            ("c", 77),
            ("last", 0),
        ];
        for chunk in 1..=data.len() {
            let mut cutter = Cutter::new(Tensors {
                begin: 12,
                seen: tensors.iter().map(|(n, b)| seen(n, *b)).collect(),
            });
            for (i, part) in data.chunks(chunk).enumerate() {
                cutter.update((i * chunk) as u64, part);
            }
            let found = cutter.finish();
            let mut begin = 12;
            for ((name, bytes), digest) in tensors.iter().zip(&found) {
                let end = begin + usize::try_from(*bytes).expect("small");
                assert_eq!(digest.name, *name);
                let expected = Blake3Digest::of(&data[begin..end]);
                assert_eq!(digest.blake3, expected, "{name} in chunks of {chunk}");
                begin = end;
            }
            assert_eq!(found.len(), tensors.len());
        }
    }

    #[test]
    fn a_folder_is_listed_with_all_below_it() {
        let folder = tempfile::tempdir().expect("a folder");
        let root = folder.path();
        for (name, text) in [("b.txt", "b"), ("sub/a.txt", "a"), (".git/config", "x")] {
            let path = root.join(name);
            std::fs::create_dir_all(path.parent().expect("a parent")).expect("made");
            std::fs::write(path, text).expect("written");
        }
        let digests = digest(root, &DigestOptions::default(), &Quiet).expect("readable");
        let names: Vec<&str> = digests.files.iter().map(|f| f.name.as_str()).collect();
        assert_eq!(names, ["b.txt", "sub/a.txt"]);
        assert_eq!(digests.left_out, [".git"]);
        assert_eq!(digests.files[0].digest.sha256, Sha256Digest::of(b"b"));
        assert_eq!(digests.tensor_root, None);
    }

    #[test]
    fn a_link_out_of_the_folder_is_refused() {
        let folder = tempfile::tempdir().expect("a folder");
        let outside = tempfile::NamedTempFile::new().expect("a file");
        let link = folder.path().join("link");
        std::os::unix::fs::symlink(outside.path(), link).expect("linked");
        let refused = digest(folder.path(), &DigestOptions::default(), &Quiet);
        assert_eq!(refused.expect_err("it leads out").code(), "outside-folder");
    }

    #[test]
    fn a_record_spares_reading_and_a_changed_file_is_read_again() {
        let folder = tempfile::tempdir().expect("a folder");
        let root = folder.path().join("model");
        std::fs::create_dir(&root).expect("made");
        std::fs::write(root.join("a"), "one").expect("written");
        std::fs::write(root.join("b"), "two").expect("written");
        let options = DigestOptions {
            journal: Some(folder.path().join("record")),
            sha256_only: false,
        };
        let first = digest(&root, &options, &Quiet).expect("readable");
        let again = digest(&root, &options, &Quiet).expect("readable");
        assert!(first.files.iter().all(|f| !f.is_recorded));
        assert!(again.files.iter().all(|f| f.is_recorded));
        assert_eq!(first.resources, again.resources);
        std::fs::write(root.join("b"), "other").expect("written");
        let third = digest(&root, &options, &Quiet).expect("readable");
        assert!(third.files[0].is_recorded);
        assert!(!third.files[1].is_recorded);
        assert_eq!(third.files[1].digest.sha256, Sha256Digest::of(b"other"));
    }

    #[test]
    fn a_record_that_is_something_else_is_not_written_over() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("thesis.txt");
        std::fs::write(&path, "years of work").expect("written");
        let options = DigestOptions {
            journal: Some(path.clone()),
            sha256_only: false,
        };
        let refused = digest(&path, &options, &Quiet).expect_err("no record");
        assert_eq!(refused.code(), "digest-record");
        let kept = std::fs::read_to_string(&path).expect("still there");
        assert_eq!(kept, "years of work");
    }
}
