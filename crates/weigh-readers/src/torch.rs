//! PyTorch checkpoints (`.pt`, `.pth`, `.bin`, `.ckpt`), read without loading them.
//!
//! Two layouts are read: the zip archive that PyTorch writes since 1.6, TorchScript among them, and
//! the concatenated pickles before it. The tensors are named by a pickle, whose walk is in
//! [`crate::pickle`]; their numbers lie beside it and are never read.
//!
//! - **Invariant:** [`Checkpoint::trusted`] gives tensors only where the walk was clean; for the
//!   others there is [`Checkpoint::untrusted`], and its name says what it is.
//! - **Invariant:** every storage is claimed by the pickle with the length that it has in the file,
//!   every tensor lies inside its storage, and no storage belongs to none.
//! - What the file holds beside weights (optimizer state, counters, code) is reported as such.
//!
//! Source: `torch/serialization.py`, `torch/_utils.py` and `caffe2/serialize/inline_container.cc` of
//! PyTorch 2.15.0.

mod element;
mod gather;
mod legacy;
mod sharing;
mod tensor;
mod zipped;

use std::collections::BTreeMap;

use weigh_facts::{Dtype, Reading, TensorSeen, Warning};

use crate::pickle::{Suspect, Verdict};
use crate::safetensors::{Header, Index};
use crate::{Object, ReadError};

pub(crate) use element::{bits_of, dtype};
pub(crate) use gather::{count_of_shape, is_optimizer_name, shape};

const READER: &str = "torch/1";
/// Names shown in a message.
const NAMES_SHOWN: usize = 5;

/// How a checkpoint is laid out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layout {
    /// A zip archive, as PyTorch writes since 1.6.
    Zip,
    /// A zip archive with a program in it.
    TorchScript,
    /// Pickles one after another, as PyTorch wrote before.
    Legacy,
    /// A pickle that PyTorch did not write. Loading it would still run it.
    Pickle,
}

/// One file.
#[derive(Clone, Debug)]
pub struct Checkpoint {
    /// The file as the person named it.
    pub input: String,
    /// How it is laid out.
    pub layout: Layout,
    /// Whether what it names is vouched for, and all was read.
    pub verdict: Verdict,
    /// Every name that loading it would import, sorted.
    pub names: Vec<String>,
    /// Entries that are code, sorted. They are not read.
    pub code_inside: Vec<String>,
    /// What the archive says about itself: `byteorder`, `version`, `.format_version` and the like.
    pub metadata: BTreeMap<String, String>,
    /// What it went on without.
    pub warnings: Vec<Warning>,
    contents: Result<Contents, ReadError>,
}

/// What a checkpoint holds.
#[derive(Clone, Debug)]
pub struct Contents {
    /// Tensors that are no optimizer state, in the order of the pickle, named by the dotted path
    /// of keys that leads to them: `state_dict.layers.0.weight`.
    pub tensors: Vec<Tensor>,
    /// Optimizer state: moments, steps, copies of the weights. Told apart by its path alone, so who
    /// calls weights an optimizer finds them here, counted like the others.
    pub optimizer: Vec<Tensor>,
    /// Does it have an optimizer, with tensors or without?
    pub has_optimizer: bool,
    /// Shapes without numbers, such as those of the `meta` device.
    pub without_data: Vec<TensorSeen>,
    /// Pieces of numbers, sorted by key.
    pub storages: Vec<Storage>,
    /// Keys that lead to the weights and are not part of their names: `state_dict`. Empty if there
    /// are none.
    pub prefix: String,
    /// Plain values beside the tensors: `epoch`, `global_step`, `hyper_parameters.lr`.
    pub reading: Reading,
}

/// A tensor, and where its numbers are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tensor {
    /// Name, type and shape. Its bytes are those of its shape, also where it shares them.
    pub seen: TensorSeen,
    /// Elements to step over, for each dimension.
    pub strides: Vec<u64>,
    /// Its storage, by place in [`Contents::storages`].
    pub storage: usize,
    /// Elements of the storage before its first.
    pub offset: u64,
    /// Are its elements numbers of a quantizer?
    pub is_quantized: bool,
    /// Does another tensor already hold all of its numbers? Tied weights do.
    pub is_alias: bool,
}

/// A piece of numbers that tensors look into.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Storage {
    /// Its key in the pickle, with its folder where that is not `data`.
    pub key: String,
    /// Its element type, if it has one.
    pub dtype: Option<Dtype>,
    /// Its length.
    pub bytes: u64,
}

/// Reads a checkpoint of one file.
///
/// # Errors
/// When it is no checkpoint, its parts do not fit together, or it is clean and holds a tensor that
/// cannot be. Where the walk is not clean the verdict says why, and there may be no tensors.
pub fn read(object: &dyn Object, input: &str) -> Result<Checkpoint, ReadError> {
    if object.is_empty() {
        let input = input.to_owned();
        return Err(ReadError::Empty { input });
    }
    let checkpoint = if crate::zip::is_zip(object)? {
        zipped::read(object, input)?
    } else if is_tar(object)? {
        let input = input.to_owned();
        return Err(ReadError::TorchTar { input });
    } else {
        legacy::read(object, input)?
    };
    match checkpoint.contents {
        Err(error) if checkpoint.verdict.is_clean() => Err(error),
        _ => Ok(checkpoint),
    }
}

fn is_tar(object: &dyn Object) -> Result<bool, ReadError> {
    if object.len() < 512 {
        return Ok(false);
    }
    let mut magic = [0; 5];
    object.read_at(257, &mut magic)?;
    Ok(&magic == b"ustar")
}

impl Checkpoint {
    /// What it holds, if every name in it is vouched for and all was read.
    ///
    /// # Errors
    /// When the walk was not clean: what it found then, in the words of [`Verdict`].
    pub fn trusted(&self) -> Result<&Contents, ReadError> {
        refuse(&self.verdict, &self.input)?;
        self.contents.as_ref().map_err(Clone::clone)
    }

    /// What it seems to hold, whatever the verdict: for a look, never for a count that decides.
    #[must_use]
    pub fn untrusted(&self) -> Option<&Contents> {
        self.contents.as_ref().ok()
    }
}

/// An error for every verdict but `clean`.
pub(crate) fn refuse(verdict: &Verdict, input: &str) -> Result<(), ReadError> {
    let input = input.to_owned();
    match verdict {
        Verdict::Clean => Ok(()),
        Verdict::Unknown(seen) => {
            let names = shown(seen.iter());
            Err(ReadError::PickleUnknown { input, names })
        }
        Verdict::Dangerous(seen) => {
            let names = shown(seen.iter().filter(|suspect| suspect.is_dangerous));
            Err(ReadError::PickleDangerous { input, names })
        }
        Verdict::Incomplete { reason, .. } => {
            let reason = reason.clone();
            Err(ReadError::PickleIncomplete { input, reason })
        }
    }
}

fn shown<'s>(seen: impl Iterator<Item = &'s Suspect>) -> String {
    let names: Vec<&str> = seen.map(|suspect| suspect.what.as_str()).collect();
    let first: Vec<String> = names
        .iter()
        .take(NAMES_SHOWN)
        .map(|n| format!("`{n}`"))
        .collect();
    match names.len().saturating_sub(NAMES_SHOWN) {
        0 => first.join(", "),
        more => format!("{} and {more} more", first.join(", ")),
    }
}

impl Contents {
    /// The weights under the names that they have in their state dict.
    #[must_use]
    pub fn weights(&self) -> Vec<TensorSeen> {
        let inside = |name: &str| {
            let rest = name.strip_prefix(&self.prefix)?.strip_prefix('.')?;
            Some(rest.to_owned())
        };
        let seen = self.tensors.iter().map(|tensor| {
            let mut seen = tensor.seen.clone();
            if let Some(name) = inside(&seen.name).filter(|_| !self.prefix.is_empty()) {
                seen.name = name;
            }
            seen
        });
        seen.collect()
    }

    /// Elements of the weights, those that several names share counted once.
    #[must_use]
    pub fn elements(&self) -> u64 {
        let own = self.tensors.iter().filter(|tensor| !tensor.is_alias);
        own.fold(0, |sum, tensor| sum.saturating_add(tensor.seen.elements))
    }

    /// Bytes of all storages, each counted once.
    #[must_use]
    pub fn stored_bytes(&self) -> u64 {
        let storages = self.storages.iter();
        storages.fold(0, |sum, storage| sum.saturating_add(storage.bytes))
    }

    /// Names of tensors that look into one storage, for each storage that several look into.
    #[must_use]
    pub fn shared(&self) -> Vec<Vec<&str>> {
        let mut names: BTreeMap<usize, Vec<&str>> = BTreeMap::new();
        for tensor in self.tensors.iter().chain(&self.optimizer) {
            names
                .entry(tensor.storage)
                .or_default()
                .push(&tensor.seen.name);
        }
        names
            .into_values()
            .filter(|names| names.len() > 1)
            .collect()
    }
}

/// Compares the shards of a `pytorch_model.bin.index.json` with it.
///
/// # Errors
/// When a shard is not clean, is missing or is one too many, or holds other tensors than the index
/// says.
pub fn check_shards(
    index: &Index,
    shards: &[(String, Checkpoint)],
) -> Result<Vec<Warning>, ReadError> {
    let mut headers = Vec::with_capacity(shards.len());
    for (name, shard) in shards {
        let contents = shard.trusted()?;
        let header = Header {
            tensors: contents.weights(),
            metadata: BTreeMap::new(),
            header_len: 0,
            data_len: contents.stored_bytes(),
        };
        headers.push((name.clone(), header));
    }
    index.check(&headers)
}
