//! Checkpoints that are zip archives.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use weigh_facts::{Place, Warning};

use super::gather::{Fault, Gatherer};
use super::{Checkpoint, Contents, Layout};
use crate::pickle::{self, Verdict, Vouched, Walk};
use crate::zip::{self, Directory, Entry};
use crate::{Object, ReadError};

const PICKLE_MAX: u64 = 100 << 20;
const PICKLES_MAX: usize = 64;
const NOTE_MAX: u64 = 1 << 10;
/// What PyTorch writes about the archive.
const NOTES: &[&str] = &[
    ".data/serialization_id",
    ".format_version",
    ".storage_alignment",
    "byteorder",
    "version",
];

pub(super) fn read(object: &dyn Object, input: &str) -> Result<Checkpoint, ReadError> {
    let directory = zip::read_directory(object, input)?;
    let archive = Archive::new(object, input, &directory)?;
    let is_script = archive.get("constants.pkl").is_some();
    let (layout, vouched) = match is_script {
        true => (Layout::TorchScript, Vouched::TorchScript),
        false => (Layout::Zip, Vouched::Torch),
    };
    let mut warnings = Vec::new();
    let (mut verdict, mut names) = (Verdict::Clean, BTreeSet::new());
    let mut walks: BTreeMap<&str, Walk> = BTreeMap::new();
    for (name, entry) in archive.pickles()? {
        let read = directory.read(object, entry, PICKLE_MAX)?;
        if !read.has_checksum {
            warnings.push(archive.warn(
                "zip-checksum",
                format!(
                    "the checksum of `{}` is not the one that the archive claims",
                    entry.name
                ),
            ));
        }
        let walk = pickle::walk(&read.bytes, vouched);
        verdict = verdict.and(walk.verdict());
        names.extend(walk.names().iter().map(pickle::Name::dotted));
        // Only these name tensors; the others would pile up in memory.
        if matches!(name, "data.pkl" | "constants.pkl") {
            walks.insert(name, walk);
        }
    }
    let (verdict, contents) = archive.contents(&walks, verdict);
    warnings.extend(archive.unread(is_script));
    Ok(Checkpoint {
        input: input.to_owned(),
        layout,
        verdict,
        names: names.into_iter().collect(),
        code_inside: archive.code(),
        metadata: archive.notes()?,
        warnings,
        contents,
    })
}

struct Archive<'a> {
    object: &'a dyn Object,
    input: &'a str,
    directory: &'a Directory,
    /// The folder that everything is in, with its `/`.
    root: &'a str,
}

impl<'a> Archive<'a> {
    /// Finds the one folder that everything is in.
    ///
    /// PyTorch takes the folder of the first entry and looks names up without regard to their case,
    /// so a second folder or a second spelling is another checkpoint to somebody else.
    fn new(
        object: &'a dyn Object,
        input: &'a str,
        directory: &'a Directory,
    ) -> Result<Self, ReadError> {
        let refuse = |reason: &str| ReadError::Torch {
            input: input.to_owned(),
            reason: reason.to_owned(),
        };
        let first = directory.entries().first();
        let root = first.and_then(|entry| {
            let len = entry.name.find('/')?;
            entry.name.get(..=len)
        });
        let root = root.ok_or_else(|| refuse("it is a zip archive of something else"))?;
        let mut spelled = HashSet::new();
        for entry in directory.entries() {
            if !entry.name.starts_with(root) {
                return Err(refuse(
                    "its entries are in several folders, and PyTorch reads one",
                ));
            }
            if !spelled.insert(entry.name.to_ascii_lowercase()) {
                let (input, entry) = (input.to_owned(), entry.name.clone());
                return Err(ReadError::ZipDuplicate { input, entry });
            }
        }
        let archive = Self {
            object,
            input,
            directory,
            root,
        };
        match archive.get("data.pkl") {
            Some(_) => Ok(archive),
            None => Err(refuse("it is a zip archive without `data.pkl`")),
        }
    }

    fn get(&self, name: &str) -> Option<&'a Entry> {
        self.directory.get(&format!("{}{name}", self.root))
    }

    /// Entries with their names inside the folder.
    fn entries(&self) -> impl Iterator<Item = (&'a str, &'a Entry)> {
        let root = self.root;
        let inside = move |entry: &'a Entry| entry.name.strip_prefix(root);
        let entries = self.directory.entries().iter();
        entries.filter_map(move |entry| Some((inside(entry)?, entry)))
    }

    /// Every pickle in it: what PyTorch does not load today, another program may.
    fn pickles(&self) -> Result<Vec<(&'a str, &'a Entry)>, ReadError> {
        let is_pickle = |name: &str| {
            let name = name.to_ascii_lowercase();
            name.ends_with(".pkl") || name.ends_with(".pickle")
        };
        let found: Vec<_> = self.entries().filter(|(name, _)| is_pickle(name)).collect();
        if found.len() > PICKLES_MAX {
            return Err(ReadError::Torch {
                input: self.input.to_owned(),
                reason: format!("it holds more than {PICKLES_MAX} pickles"),
            });
        }
        Ok(found)
    }

    fn contents(
        &self,
        walks: &BTreeMap<&str, Walk>,
        verdict: Verdict,
    ) -> (Verdict, Result<Contents, ReadError>) {
        let mut gatherer = Gatherer::new(self.input);
        // The constants of a frozen program are its weights.
        for (name, prefix, folder) in [
            ("data.pkl", "", ""),
            ("constants.pkl", "constants", "constants/"),
        ] {
            let Some(walk) = walks.get(name) else {
                continue;
            };
            let Some(root) = walk.root() else {
                let reason = format!("`{name}` breaks before its end");
                return (verdict, Err(self.refuse(reason)));
            };
            match gatherer.gather(walk, root, prefix, folder) {
                Ok(()) => {}
                Err(Fault::Limit(reason)) => {
                    let contents = Err(self.refuse(reason.clone()));
                    return (verdict.broken(reason), contents);
                }
                Err(Fault::Refused(error)) => return (verdict, Err(error)),
            }
        }
        let contents = self.check_storages(&gatherer).map(|()| gatherer.finish());
        (verdict, contents)
    }

    fn refuse(&self, reason: String) -> ReadError {
        ReadError::Torch {
            input: self.input.to_owned(),
            reason,
        }
    }

    /// Each storage has an entry of its length, and each entry of numbers is a storage.
    fn check_storages(&self, gatherer: &Gatherer<'_>) -> Result<(), ReadError> {
        let claimed = gatherer.claimed();
        for (key, claim) in claimed {
            let name = match key.starts_with("constants/") {
                true => key.clone(),
                false => format!("data/{key}"),
            };
            match self.get(&name) {
                Some(entry) if entry.len == claim.bytes => {}
                Some(entry) => {
                    return Err(self.refuse(format!(
                        "storage `{key}` has {} bytes, and its pickle claims {}",
                        entry.len, claim.bytes
                    )));
                }
                None => return Err(self.refuse(format!("storage `{key}` is not in it"))),
            }
        }
        let unclaimed = self.entries().find(|(name, entry)| {
            let key = match name.strip_prefix("data/") {
                Some(key) => key,
                None if name.starts_with("constants/") => name,
                None => return false,
            };
            !entry.name.ends_with('/') && !claimed.contains_key(key)
        });
        match unclaimed {
            Some((name, entry)) => Err(self.refuse(format!(
                "`{name}` has {} bytes of numbers that belong to no tensor",
                entry.len
            ))),
            None => Ok(()),
        }
    }

    fn code(&self) -> Vec<String> {
        let is_code = |name: &str| {
            let name = name.to_ascii_lowercase();
            name.starts_with("code/") && !name.ends_with(".debug_pkl") && !name.ends_with('/')
                || name.ends_with(".py")
        };
        let mut code: Vec<String> = (self.entries().filter(|(name, _)| is_code(name)))
            .map(|(name, _)| name.to_owned())
            .collect();
        code.sort();
        code
    }

    fn notes(&self) -> Result<BTreeMap<String, String>, ReadError> {
        let mut notes = BTreeMap::new();
        for name in NOTES {
            let Some(entry) = self.get(name).filter(|entry| entry.len <= NOTE_MAX) else {
                continue;
            };
            let bytes = self.directory.read(self.object, entry, NOTE_MAX)?.bytes;
            let text = String::from_utf8_lossy(&bytes).trim().to_owned();
            notes.insert((*name).to_owned(), text);
        }
        Ok(notes)
    }

    /// Says how much of the archive nobody looked at.
    fn unread(&self, is_script: bool) -> Option<Warning> {
        let is_known = |name: &str| {
            NOTES.contains(&name)
                || name.starts_with("data/")
                || name.starts_with("constants/")
                || name.ends_with(".pkl")
                || is_script && name.starts_with("code/")
        };
        let unread = self.entries().filter(|(name, _)| !is_known(name));
        let (count, bytes) = unread.fold((0_u64, 0_u64), |(count, bytes), (_, entry)| {
            (count + 1, bytes.saturating_add(entry.len))
        });
        let message = format!("{count} entries with {bytes} bytes are no part of the checkpoint");
        (bytes > 0).then(|| self.warn("unread-entries", message))
    }

    fn warn(&self, code: &'static str, message: String) -> Warning {
        let place = Some(Place {
            input: self.input.to_owned(),
            inside: String::new(),
        });
        Warning {
            code,
            message,
            place,
        }
    }
}
