//! The chips this program knows, and finding one by name without reading the others.
//!
//! Names stand in the head of each file, the lines before its first empty one, and are read from
//! there without parsing; a test holds that against what parsing gives. So one chip costs one
//! file, and not the whole catalog: 0.6 ms against 16 ms in a build without optimization (77 files,
//! two cores of 2026).

use std::borrow::Cow;
use std::sync::OnceLock;

use weigh_facts::Diagnostic;

use super::{Chip, ChipError, vendors};
use crate::catalog::CatalogError;
use crate::names::{nearest_names, plain};

/// The chips this program knows.
#[derive(Clone, Debug)]
pub struct ChipCatalog {
    entries: Vec<Entry>,
}

/// One file, read when somebody asks for its chip.
#[derive(Clone, Debug)]
struct Entry {
    file: Cow<'static, str>,
    /// Empty once read by [`ChipCatalog::load`].
    text: &'static str,
    /// The id first.
    names: Vec<Cow<'static, str>>,
    chip: OnceLock<Result<Chip, CatalogError>>,
}

impl Entry {
    fn chip(&self) -> Result<&Chip, &CatalogError> {
        let read = || {
            let mut chip = read(&self.file, self.text)?;
            vendors::shipped()?.complete(&mut chip);
            Ok(chip)
        };
        self.chip.get_or_init(read).as_ref()
    }
}

fn read(file: &str, text: &str) -> Result<Chip, CatalogError> {
    Chip::from_toml(text).map_err(|diagnostics| CatalogError {
        file: file.to_owned(),
        diagnostics,
    })
}

macro_rules! chip_files {
    ($($name:literal),+ $(,)?) => {
        &[$((
            concat!($name, ".toml"),
            include_str!(concat!("../../catalog/chips/", $name, ".toml")),
        )),+]
    };
}

const CHIPS: &[(&str, &str)] = chip_files![
    "amazon-trainium1",
    "amazon-trainium2",
    "amazon-trainium3",
    "amd-mi100",
    "amd-mi210",
    "amd-mi250",
    "amd-mi250x",
    "amd-mi300a",
    "amd-mi300x",
    "amd-mi308x",
    "amd-mi325x",
    "amd-mi350x",
    "amd-mi355x",
    "biren-br100",
    "cambricon-mlu370-x8",
    "cambricon-siyuan-590",
    "google-tpu-v2",
    "google-tpu-v3",
    "google-tpu-v4",
    "google-tpu-v4i",
    "google-tpu-v5e",
    "google-tpu-v5p",
    "google-tpu-v6e",
    "google-tpu-v7",
    "groq-lpu-v1",
    "huawei-ascend-910",
    "huawei-ascend-910b1",
    "huawei-ascend-910b2",
    "huawei-ascend-910b3",
    "huawei-ascend-910b4",
    "huawei-ascend-910c",
    "huawei-ascend-950dt",
    "intel-gaudi-2",
    "intel-gaudi-3",
    "meta-mtia-v2",
    "microsoft-maia-100",
    "moore-threads-mtt-s4000",
    "nvidia-a10",
    "nvidia-a100-pcie-40gb",
    "nvidia-a100-sxm-40gb",
    "nvidia-a100-sxm-80gb",
    "nvidia-a30",
    "nvidia-a40",
    "nvidia-a800-pcie-80gb",
    "nvidia-a800-sxm-80gb",
    "nvidia-b100",
    "nvidia-b200",
    "nvidia-b300",
    "nvidia-b30a",
    "nvidia-gb200",
    "nvidia-gb300",
    "nvidia-gh200",
    "nvidia-h100-nvl",
    "nvidia-h100-pcie",
    "nvidia-h100-sxm",
    "nvidia-h20",
    "nvidia-h200-nvl",
    "nvidia-h200-sxm",
    "nvidia-h800-pcie",
    "nvidia-h800-sxm",
    "nvidia-l2",
    "nvidia-l20",
    "nvidia-l4",
    "nvidia-l40",
    "nvidia-l40s",
    "nvidia-rtx-4090",
    "nvidia-rtx-4090-d",
    "nvidia-rtx-5090",
    "nvidia-rtx-5090-d",
    "nvidia-rtx-5090-d-v2",
    "nvidia-rtx-6000-ada",
    "nvidia-rtx-pro-6000",
    "nvidia-rtx-pro-6000d",
    "nvidia-rubin-r200",
    "nvidia-t4",
    "nvidia-v100-sxm2",
    "tesla-d1",
];

impl ChipCatalog {
    /// The catalog embedded in this program. Its files are listed, and each is parsed once, when
    /// its chip is asked for.
    ///
    /// # Errors
    /// When two files of ours have one id, which a test excludes.
    pub fn shipped() -> Result<&'static Self, &'static CatalogError> {
        static SHIPPED: OnceLock<Result<ChipCatalog, CatalogError>> = OnceLock::new();
        SHIPPED.get_or_init(|| Self::list(CHIPS)).as_ref()
    }

    /// Lists files by the names in their heads.
    fn list(files: &'static [(&'static str, &'static str)]) -> Result<Self, CatalogError> {
        let entries = files.iter().map(|(file, text)| Entry {
            file: Cow::Borrowed(*file),
            text,
            names: names_in_head(text).map(Cow::Borrowed).collect(),
            chip: OnceLock::new(),
        });
        Self::of(entries.collect())
    }

    /// Reads chips, each a file name and its text, all of them at once.
    ///
    /// # Errors
    /// All diagnostics of the first file that is wrong.
    pub fn load(files: &[(&str, &str)]) -> Result<Self, CatalogError> {
        let mut entries = Vec::with_capacity(files.len());
        for (file, text) in files {
            let chip = read(file, text)?;
            entries.push(Entry {
                file: Cow::Owned((*file).to_owned()),
                text: "",
                names: chip.names().map(|n| Cow::Owned(n.to_owned())).collect(),
                chip: OnceLock::from(Ok(chip)),
            });
        }
        Self::of(entries)
    }

    fn of(entries: Vec<Entry>) -> Result<Self, CatalogError> {
        let mut ids: Vec<(&str, &str)> = Vec::with_capacity(entries.len());
        for entry in &entries {
            let id = entry.names.first().map_or("", AsRef::as_ref);
            let taken = ids.iter().find(|(known, _)| *known == id);
            if let Some((_, other)) = taken {
                let message = format!("the id `{id}` is in `{other}` too");
                return Err(CatalogError {
                    file: entry.file.to_string(),
                    diagnostics: vec![Diagnostic::new("catalog-entry", message, 0..1)],
                });
            }
            ids.push((id, &entry.file));
        }
        Ok(Self { entries })
    }

    /// Every chip, in the order of the ids. Parses what was not parsed yet.
    ///
    /// # Errors
    /// When a file of ours is wrong, which a test excludes.
    pub fn chips(&self) -> Result<Vec<&Chip>, &CatalogError> {
        self.entries.iter().map(Entry::chip).collect()
    }

    /// The id of every chip, in order. Parses nothing.
    pub fn ids(&self) -> impl Iterator<Item = &str> {
        self.entries
            .iter()
            .filter_map(|e| e.names.first().map(AsRef::as_ref))
    }

    /// The names under which a chip is found, its id first. Parses nothing.
    pub fn names(&self, id: &str) -> impl Iterator<Item = &str> {
        let has = move |e: &&Entry| e.names.first().is_some_and(|n| n == id);
        self.entries
            .iter()
            .filter(has)
            .flat_map(|e| e.names.iter().map(AsRef::as_ref))
    }

    /// The chip with this id, name or alias; case, spaces and dashes do not count. Parses the file
    /// of that chip alone.
    ///
    /// # Errors
    /// When none or several fit; the error lists what is near.
    pub fn find(&self, name: &str) -> Result<&Chip, ChipError> {
        let wanted = plain(name);
        let is = |e: &&Entry| e.names.iter().any(|n| plain(n) == wanted);
        let fitting: Vec<&Entry> = self.entries.iter().filter(is).collect();
        match fitting.as_slice() {
            [] => Err(ChipError::UnknownChip {
                name: name.to_owned(),
                nearest: nearest_names(name, self.all_names()),
            }),
            [one] => Ok(one.chip().map_err(Clone::clone)?),
            several => Err(ChipError::Ambiguous {
                name: name.to_owned(),
                fits: several.iter().filter_map(|e| e.shown_name()).collect(),
            }),
        }
    }

    fn all_names(&self) -> impl Iterator<Item = &str> {
        self.entries
            .iter()
            .flat_map(|e| e.names.iter().map(AsRef::as_ref))
    }
}

impl Entry {
    /// What people call it: the second of its names.
    fn shown_name(&self) -> Option<String> {
        self.names.get(1).map(ToString::to_string)
    }
}

/// The id, the name and the aliases in the head of a file of ours. Holds for strings without
/// escapes and one key per line, which is how our files are written.
fn names_in_head(text: &'static str) -> impl Iterator<Item = &'static str> {
    let head = text.split("\n\n").next().unwrap_or_default();
    let value = move |key: &'static str| {
        let keyed = |line: &'static str| line.strip_prefix(key)?.trim_start().strip_prefix('=');
        head.lines().find_map(keyed).unwrap_or_default()
    };
    // Every second part between quotes is a string.
    ["id", "name", "aliases"]
        .into_iter()
        .flat_map(move |key| value(key).split('"').skip(1).step_by(2))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Otherwise a cold `chip show` pays for the whole catalog.
    #[test]
    fn finding_a_chip_reads_its_file_alone() {
        let catalog = ChipCatalog::list(CHIPS).unwrap();
        let read = || catalog.entries.iter().filter(|e| e.chip.get().is_some());
        assert!(catalog.find("no such chip").is_err() && catalog.ids().count() == CHIPS.len());
        assert_eq!(read().count(), 0);
        assert_eq!(catalog.find("H100 SXM").unwrap().id, "nvidia-h100-sxm");
        assert_eq!(read().count(), 1);
    }
}
