//! Folders that `torch.distributed.checkpoint` writes: `.metadata`, and the pieces beside it.
//!
//! `.metadata` is one pickle with the name, type, shape and pieces of every tensor and the file
//! that each piece is in. The pieces (`*.distcp`) are not opened: their lengths are compared.
//!
//! - **Invariant:** the pieces of a tensor lie inside its shape, do not overlap where that can be
//!   seen from their number of elements, and together have all of its elements.
//! - **Invariant:** every piece has a place in a file of the folder, inside the file and long
//!   enough; no two places overlap.
//! - Nothing is counted where the walk is not clean.
//! - Megatron's folders of ranks (`mp_rank_XX`) are recognized and refused: their shapes are those of
//!   one rank, and what they add up to stands nowhere in them.
//!
//! Source: `torch/distributed/checkpoint/metadata.py` and `filesystem.py` of PyTorch 2.15.0.

use std::collections::{BTreeMap, BTreeSet};

use weigh_facts::{TensorSeen, Warning};

use crate::bytes::{Tree, read_all};
use crate::pickle::{self, Call, Id, Value, Verdict, Vouched, Walk};
use crate::torch::{bits_of, count_of_shape, dtype, is_optimizer_name, refuse, shape};
use crate::{Entry, ReadError};

/// Where Megatron says which of its folders is the last.
const ITERATION: &str = "latest_checkpointed_iteration.txt";
const METADATA: &str = ".metadata";
const METADATA_MAX: u64 = 100 << 20;
const MODULE: &str = "torch.distributed.checkpoint.metadata";
const FILES: &str = "torch.distributed.checkpoint.filesystem";

/// A folder of pieces, as `.metadata` describes it.
#[derive(Clone, Debug)]
pub struct Distributed {
    /// `.metadata`, as the person named it.
    pub input: String,
    /// Whether what it names is vouched for, and all was read.
    pub verdict: Verdict,
    /// Every name that loading it would import, sorted.
    pub names: Vec<String>,
    contents: Result<Pieces, ReadError>,
}

/// What the folder holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pieces {
    /// Tensors that are no optimizer state, sorted by name, with their global shapes.
    pub tensors: Vec<TensorSeen>,
    /// Optimizer state.
    pub optimizer: Vec<TensorSeen>,
    /// Values that are no tensors, by name, sorted. They are pickles, and are not opened.
    pub others: Vec<String>,
    /// Files that hold the pieces, with their lengths, sorted.
    pub files: Vec<Entry>,
    /// What it went on without.
    pub warnings: Vec<Warning>,
}

/// Is there a distributed checkpoint at the root of the tree, or in this folder of it?
///
/// # Errors
/// When the tree cannot be listed.
pub fn is_distributed(tree: &dyn Tree, folder: &str) -> Result<bool, ReadError> {
    let name = inside(folder, METADATA);
    Ok(tree.entries()?.iter().any(|entry| entry.name == name))
}

/// Is it a folder of Megatron's, with a checkpoint for each rank?
///
/// # Errors
/// When the tree cannot be listed.
pub fn is_megatron(tree: &dyn Tree, folder: &str) -> Result<bool, ReadError> {
    Ok(ranks(&files(tree, folder)?).is_some())
}

/// How many ranks of Megatron's the files are from; none where they are not.
fn ranks(files: &BTreeMap<String, u64>) -> Option<usize> {
    let rank = |name: &String| {
        let mut parts = name.split('/');
        parts
            .find(|part| part.starts_with("mp_rank_"))
            .map(str::to_owned)
    };
    let ranks: BTreeSet<String> = files.keys().filter_map(rank).collect();
    let is_megatron = !ranks.is_empty() || files.contains_key(ITERATION);
    is_megatron.then_some(ranks.len())
}

/// Reads the folder: the root of the tree for `""`.
///
/// # Errors
/// When there is no `.metadata`, or it is clean and its parts do not fit together or do not fit the
/// files. Where the walk is not clean the verdict says why.
pub fn read(tree: &dyn Tree, folder: &str, input: &str) -> Result<Distributed, ReadError> {
    let files = files(tree, folder)?;
    if let Some(ranks) = ranks(&files).filter(|_| !files.contains_key(METADATA)) {
        let reason = format!(
            "it is one of Megatron's for {ranks} ranks, whose shapes are those of one rank; to count it, convert it to one file or to `torch_dist`"
        );
        let input = input.to_owned();
        return Err(ReadError::Distributed { input, reason });
    }
    let object = tree.open(&inside(folder, METADATA))?;
    let bytes = read_all(object.as_ref(), input, METADATA_MAX)?;
    let walk = pickle::walk(&bytes, Vouched::Distributed);
    let names: BTreeSet<String> = walk.names().iter().map(pickle::Name::dotted).collect();
    let verdict = walk.verdict();
    let contents = Reader {
        walk: &walk,
        input,
        files: &files,
    }
    .read();
    match contents {
        Err(error) if verdict.is_clean() => Err(error),
        contents => Ok(Distributed {
            input: input.to_owned(),
            verdict,
            names: names.into_iter().collect(),
            contents,
        }),
    }
}

impl Distributed {
    /// What it holds, if every name in it is vouched for and all was read.
    ///
    /// # Errors
    /// When the walk was not clean: what it found then.
    pub fn trusted(&self) -> Result<&Pieces, ReadError> {
        refuse(&self.verdict, &self.input)?;
        self.contents.as_ref().map_err(Clone::clone)
    }

    /// What it seems to hold, whatever the verdict: for a look, never for a count that decides.
    #[must_use]
    pub fn untrusted(&self) -> Option<&Pieces> {
        self.contents.as_ref().ok()
    }
}

fn inside(folder: &str, name: &str) -> String {
    match folder {
        "" => name.to_owned(),
        folder => format!("{folder}/{name}"),
    }
}

/// Files of the folder, by their names in it.
fn files(tree: &dyn Tree, folder: &str) -> Result<BTreeMap<String, u64>, ReadError> {
    let prefix = inside(folder, "");
    let entries = tree.entries()?.into_iter();
    let inside = |entry: Entry| Some((entry.name.strip_prefix(&prefix)?.to_owned(), entry.len));
    Ok(entries.filter_map(inside).collect())
}

struct Reader<'a> {
    walk: &'a Walk,
    input: &'a str,
    files: &'a BTreeMap<String, u64>,
}

/// Where a piece is: the tensor, and where in it the piece begins.
type Piece = (String, Option<Vec<u64>>);

impl Reader<'_> {
    fn refuse(&self, reason: impl Into<String>) -> ReadError {
        ReadError::Distributed {
            input: self.input.to_owned(),
            reason: reason.into(),
        }
    }

    fn read(&self) -> Result<Pieces, ReadError> {
        let root = self
            .walk
            .root()
            .ok_or_else(|| self.refuse("its pickle breaks before its end"))?;
        let root = self
            .object(root, MODULE, "Metadata")
            .ok_or_else(|| self.refuse("it describes something else than a checkpoint"))?;
        let places = self.places(root)?;
        let mut pieces = Pieces {
            tensors: Vec::new(),
            optimizer: Vec::new(),
            others: Vec::new(),
            files: Vec::new(),
            warnings: Vec::new(),
        };
        let state = self
            .field(root, "state_dict_metadata")
            .map(|id| self.walk.value(id));
        let Some(Value::Dict(pairs)) = state else {
            return Err(self.refuse("it lists no tensors"));
        };
        let (mut seen, mut needed) = (BTreeSet::new(), BTreeMap::new());
        for (name, value) in pairs {
            let name = self
                .walk
                .text(*name)
                .ok_or_else(|| self.refuse("a name that is no text"))?;
            if !seen.insert(name) {
                let (input, tensor) = (self.input.to_owned(), name.to_owned());
                return Err(ReadError::DuplicateTensor { input, tensor });
            }
            if self
                .object(*value, MODULE, "BytesStorageMetadata")
                .is_some()
            {
                pieces.others.push(name.to_owned());
                needed.insert((name.to_owned(), None), 0);
                continue;
            }
            let tensor = self.tensor(name, *value, &mut needed)?;
            match is_optimizer_name(name) {
                true => pieces.optimizer.push(tensor),
                false => pieces.tensors.push(tensor),
            }
        }
        pieces.tensors.sort_by(|a, b| a.name.cmp(&b.name));
        pieces.optimizer.sort_by(|a, b| a.name.cmp(&b.name));
        pieces.others.sort();
        pieces.files = self.check_places(&needed, places)?;
        Ok(pieces)
    }

    /// An object of a class that was made without arguments and given one state.
    fn object(&self, id: Id, module: &str, class: &str) -> Option<Id> {
        let (name, call) = self.walk.call(id)?;
        let is_plain = self.walk.tuple(call.arguments)?.is_empty()
            && call.pairs.is_empty()
            && call.items.is_empty();
        (name.is(module, class) && is_plain && call.states.len() <= 1).then_some(id)
    }

    fn state(&self, id: Id) -> Option<Id> {
        let (_, call): (_, &Call) = self.walk.call(id)?;
        call.states.first().copied()
    }

    fn field(&self, id: Id, name: &str) -> Option<Id> {
        self.walk.at(self.state(id)?, name)
    }

    /// A tensor with all of its pieces; what each of them needs is noted.
    fn tensor(
        &self,
        name: &str,
        id: Id,
        needed: &mut BTreeMap<Piece, u64>,
    ) -> Result<TensorSeen, ReadError> {
        let wrong = |reason: String| ReadError::TensorShape {
            input: self.input.to_owned(),
            tensor: name.to_owned(),
            reason,
        };
        let parts = || {
            let id = self.object(id, MODULE, "TensorStorageMetadata")?;
            let properties = self.field(id, "properties")?;
            let properties = self.object(properties, MODULE, "TensorProperties")?;
            let properties = self.walk.tuple(self.state(properties)?)?;
            let element = dtype(self.walk.name(*properties.first()?)?)?;
            let Value::List(chunks) = self.walk.value(self.field(id, "chunks")?) else {
                return None;
            };
            Some((element, self.field(id, "size")?, chunks))
        };
        let (element, size, chunks) = parts()
            .ok_or_else(|| wrong("it is described in a way that is not known".to_owned()))?;
        let mut size = shape(self.walk, size).map_err(wrong)?;
        let elements = count_of_shape(&size).map_err(wrong)?;
        let bits = |elements: u64| elements.checked_mul(bits_of(element.dtype) * element.packed);
        let bytes =
            bits(elements).ok_or_else(|| wrong("the number of its bits overflows".to_owned()))?;
        let mut found = 0_u64;
        for chunk in chunks {
            let (offsets, sizes) = self.chunk(*chunk, &size).map_err(wrong)?;
            let count = count_of_shape(&sizes).map_err(wrong)?;
            found = found.saturating_add(count);
            let bytes = bits(count).map_or(u64::MAX, |bits| bits.div_ceil(8));
            if needed
                .insert((name.to_owned(), Some(offsets)), bytes)
                .is_some()
            {
                return Err(wrong("two of its pieces begin in one place".to_owned()));
            }
        }
        if found != elements {
            return Err(wrong(format!(
                "its pieces have {found} elements, and its shape {elements}"
            )));
        }
        if element.packed > 1
            && let Some(last) = size.last_mut()
        {
            *last = last.saturating_mul(element.packed);
        }
        Ok(TensorSeen {
            name: name.to_owned(),
            dtype: element.dtype,
            shape: size,
            elements: elements.saturating_mul(element.packed),
            bytes: bytes.div_ceil(8),
            input: self.input.to_owned(),
        })
    }

    /// Where a piece begins and how large it is, inside a shape.
    fn chunk(&self, id: Id, size: &[u64]) -> Result<(Vec<u64>, Vec<u64>), String> {
        let unknown = || "a piece of it is described in a way that is not known".to_owned();
        let id = self
            .object(id, MODULE, "ChunkStorageMetadata")
            .ok_or_else(unknown)?;
        let offsets = shape(self.walk, self.field(id, "offsets").ok_or_else(unknown)?)?;
        let sizes = shape(self.walk, self.field(id, "sizes").ok_or_else(unknown)?)?;
        let is_inside = offsets.len() == size.len()
            && sizes.len() == size.len()
            && (offsets.iter().zip(&sizes).zip(size)).all(|((offset, len), size)| {
                offset.checked_add(*len).is_some_and(|end| end <= *size)
            });
        match is_inside {
            true => Ok((offsets, sizes)),
            false => Err("a piece of it lies outside its shape".to_owned()),
        }
    }

    /// Where every piece is: file, first byte and length.
    fn places(&self, root: Id) -> Result<BTreeMap<Piece, (String, u64, u64)>, ReadError> {
        let unknown = || self.refuse("it says where its pieces are in a way that is not known");
        let data = self
            .field(root, "storage_data")
            .map(|id| self.walk.value(id));
        let Some(Value::Dict(pairs)) = data else {
            return Err(unknown());
        };
        let mut places = BTreeMap::new();
        for (index, info) in pairs {
            let read = || {
                let index = self.object(*index, MODULE, "MetadataIndex")?;
                let name = self.walk.text(self.field(index, "fqn")?)?.to_owned();
                let offset = self
                    .field(index, "offset")
                    .filter(|id| *self.walk.value(*id) != Value::None);
                let offset = offset.map(|id| shape(self.walk, id)).transpose().ok()?;
                let info = self.object(*info, FILES, "_StorageInfo")?;
                let file = self
                    .walk
                    .text(self.field(info, "relative_path")?)?
                    .to_owned();
                let at = self.walk.count(self.field(info, "offset")?)?;
                let len = self.walk.count(self.field(info, "length")?)?;
                Some(((name, offset), (file, at, len)))
            };
            let (piece, place) = read().ok_or_else(unknown)?;
            let name = piece.0.clone();
            if places.insert(piece, place).is_some() {
                return Err(self.refuse(format!("it says twice where a piece of `{name}` is")));
            }
        }
        Ok(places)
    }

    /// Every piece has a place that is long enough, and no two places overlap.
    fn check_places(
        &self,
        needed: &BTreeMap<Piece, u64>,
        places: BTreeMap<Piece, (String, u64, u64)>,
    ) -> Result<Vec<Entry>, ReadError> {
        if let Some((name, _)) = places.keys().find(|piece| !needed.contains_key(*piece)) {
            return Err(self.refuse(format!(
                "it places a piece of `{name}` that it does not list"
            )));
        }
        let mut taken: BTreeMap<String, Vec<(u64, u64)>> = BTreeMap::new();
        for (piece, bytes) in needed {
            let name = &piece.0;
            let Some((file, at, len)) = places.get(piece) else {
                return Err(self.refuse(format!("it does not say where a piece of `{name}` is")));
            };
            if len < bytes {
                return Err(self.refuse(format!(
                    "a piece of `{name}` needs {bytes} bytes, and its place has {len}"
                )));
            }
            let end = at.checked_add(*len).unwrap_or(u64::MAX);
            taken.entry(file.clone()).or_default().push((*at, end));
        }
        let mut files = Vec::new();
        for (name, mut ranges) in taken {
            let Some(len) = self.files.get(&name) else {
                return Err(self.refuse(format!("`{name}` is not in its folder")));
            };
            ranges.sort_unstable();
            let mut reached = 0;
            for (begin, end) in ranges {
                if begin < reached || end > *len {
                    return Err(self.refuse(format!(
                        "a piece is said to be at bytes {begin} to {end} of `{name}`, which has {len} and is taken up to {reached}"
                    )));
                }
                reached = end;
            }
            files.push(Entry { name, len: *len });
        }
        let mut others = self.files.keys().filter(|name| name.ends_with(".distcp"));
        let named = |name: &str| files.iter().any(|file| file.name == name);
        if let Some(extra) = others.find(|name| !named(name)) {
            return Err(self.refuse(format!("`{extra}` holds pieces that it does not list")));
        }
        Ok(files)
    }
}
