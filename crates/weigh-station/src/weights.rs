//! The weights of a model, in whatever format they are: which files of a folder hold them, and
//! what their headers say.
//!
//! A folder may hold the same weights several times. One set is read, and the others are named:
//! first safetensors, then GGUF, then PyTorch, then a distributed checkpoint, then ONNX
//! and arrays of NumPy.

mod single;
mod touched;

use rayon::prelude::*;
use weigh_facts::{Place, Reading, TensorSeen, Warning};
use weigh_readers::gguf::{self, Kind as GgufKind};
use weigh_readers::torch::{self, Checkpoint, Layout};
use weigh_readers::{Entry, ReadError, Tree, distributed, safetensors};

use crate::error::WeighError;
use crate::evidence::{ADAPTER_WEIGHTS, Piece, header_bytes, reading_of, seen};
use crate::folder::{Folder, OpenFile};
use crate::unread;
use crate::weighing::InputSeen;
use touched::Touched;

/// Headers of weights.
#[derive(Debug)]
pub(crate) struct Weights {
    /// Where they are, for messages: the file or the index.
    pub(crate) shown: String,
    /// Every tensor that is no optimizer state.
    pub(crate) tensors: Vec<TensorSeen>,
    /// How they are written, and what stands beside them.
    pub(crate) format: WeightsFormat,
    /// The metadata of a GGUF file, which takes the place of a configuration.
    pub(crate) gguf: Option<Reading>,
    /// Why they run and are not made to be trained, if so. Their tensors then go by names of the
    /// exporter, and are not compared with those that a configuration promises.
    pub(crate) exported: Option<&'static str>,
}

/// How weights are written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WeightsFormat {
    /// For readers: `safetensors, 3 shards`, `GGUF version 3`.
    pub name: String,
    /// Tensors and bytes of optimizer state in the same files: evidence that they can be trained.
    pub optimizer: Option<(u64, u64)>,
    /// For a pickle: the names it would import, all vouched for.
    pub pickle_names: Option<Vec<String>>,
    /// Programs inside the archive. They are not read.
    pub code_inside: Vec<String>,
}

impl WeightsFormat {
    fn plain(name: String) -> Self {
        Self {
            name,
            optimizer: None,
            pickle_names: None,
            code_inside: Vec::new(),
        }
    }
}

/// What a file of weights is by its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    SafetensorsIndex,
    Safetensors,
    Gguf,
    TorchIndex,
    Torch,
    Distributed,
    Onnx,
    Numpy,
}

const INDEX: &str = ".safetensors.index.json";
const SAFETENSORS: &str = ".safetensors";
const TORCH_INDEX: &str = ".bin.index.json";
const TORCH: [&str; 4] = [".bin", ".pt", ".pth", ".ckpt"];
/// State of a run beside the weights, by the names that trainers give it.
const RUN_STATE: [&str; 6] = [
    "optimizer",
    "scheduler",
    "rng_state",
    "scaler",
    "training_args",
    "random_states",
];

/// The kind of weights that a name stands for.
pub(crate) fn kind_of(name: &str) -> Option<Kind> {
    let ends = |end: &str| name.ends_with(end);
    match name {
        ".metadata" => Some(Kind::Distributed),
        _ if ends(INDEX) => Some(Kind::SafetensorsIndex),
        _ if ends(SAFETENSORS) => Some(Kind::Safetensors),
        _ if ends(".gguf") => Some(Kind::Gguf),
        _ if ends(".onnx") => Some(Kind::Onnx),
        _ if ends(".npz") || ends(".npy") => Some(Kind::Numpy),
        _ if ends(TORCH_INDEX) => Some(Kind::TorchIndex),
        _ if TORCH.iter().any(|end| ends(end)) => Some(Kind::Torch),
        _ => None,
    }
}

fn is_run_state(name: &str) -> bool {
    RUN_STATE.iter().any(|state| name.starts_with(state))
}

impl Piece {
    /// Weights that a person named by one of their files.
    pub(crate) fn read_named_weights(
        &mut self,
        folder: &Folder,
        name: &str,
        kind: Kind,
        file: &OpenFile,
    ) -> Result<(), WeighError> {
        match kind {
            Kind::SafetensorsIndex => self.read_sharded(folder, name),
            Kind::Safetensors => self.read_single(file),
            Kind::Gguf => self.read_gguf(folder, name),
            Kind::TorchIndex => self.read_torch_shards(folder, name),
            Kind::Torch => self.read_torch(file),
            Kind::Distributed => self.read_distributed(folder),
            Kind::Onnx => self.read_onnx(folder, name),
            Kind::Numpy => self.read_numpy(folder, name),
        }
    }

    /// The weights of a folder: one set, and a word about the others.
    pub(crate) fn read_weights(
        &mut self,
        folder: &Folder,
        entries: &[Entry],
    ) -> Result<(), WeighError> {
        let of = |kind: Kind| -> Vec<&Entry> {
            let own = entries
                .iter()
                .filter(|e| !ADAPTER_WEIGHTS.contains(&e.name.as_str()));
            let own = own.filter(|e| kind_of(&e.name) == Some(kind));
            own.filter(|e| kind != Kind::Torch || !is_run_state(&e.name))
                .collect()
        };
        let (indexes, files) = (of(Kind::SafetensorsIndex), of(Kind::Safetensors));
        let (ggufs, torch_indexes) = (of(Kind::Gguf), of(Kind::TorchIndex));
        let (torches, distributed) = (of(Kind::Torch), of(Kind::Distributed));
        let read: &[Kind] = if !indexes.is_empty() || !files.is_empty() {
            self.read_safetensors(folder, &indexes, &files)?;
            &[Kind::SafetensorsIndex, Kind::Safetensors]
        } else if let Some(first) = first_model(&ggufs) {
            let part = gguf::PartName::parse(&first.name);
            let is_part = |name: &str| {
                let other = gguf::PartName::parse(name);
                matches!((&part, &other), (Some(a), Some(b)) if a.part(1) == b.part(1))
            };
            let others = ggufs
                .iter()
                .filter(|e| e.name != first.name && !is_part(&e.name));
            let others: Vec<&Entry> = others.copied().filter(|e| !is_sidecar(&e.name)).collect();
            if !others.is_empty() {
                let all: Vec<&Entry> = std::iter::once(first).chain(others).collect();
                return Err(ambiguous(folder, &all));
            }
            self.read_gguf(folder, &first.name)?;
            &[Kind::Gguf]
        } else if !torch_indexes.is_empty() || !torches.is_empty() {
            self.read_torch_folder(folder, &torch_indexes, &torches)?;
            &[Kind::TorchIndex, Kind::Torch]
        } else if !distributed.is_empty() {
            self.read_distributed(folder)?;
            &[Kind::Distributed]
        } else {
            match self.read_one_file(folder, of)? {
                Some(read) => read,
                None => return Ok(()),
            }
        };
        self.other_formats(folder, entries, read);
        Ok(())
    }

    /// The same model in other formats, most likely: not read, and not counted.
    fn other_formats(&mut self, folder: &Folder, entries: &[Entry], read: &[Kind]) {
        let others = entries.iter().filter(|e| {
            let kind = kind_of(&e.name);
            let known = kind.is_some_and(|k| !read.contains(&k)) && !is_run_state(&e.name);
            let is_adapter = ADAPTER_WEIGHTS.contains(&e.name.as_str());
            (known || unread::known(&e.name).is_some()) && !is_adapter
        });
        let names: Vec<&str> = others.map(|e| e.name.as_str()).take(5).collect();
        if !names.is_empty() {
            let message = format!(
                "weights in another format stand beside those that were read: {}",
                names.join(", ")
            );
            self.warn_of(folder, message);
        }
    }

    fn warn_of(&mut self, folder: &Folder, message: String) {
        self.warnings.push(Warning {
            code: "passed-over",
            message,
            place: Some(Place {
                input: folder.shown().to_owned(),
                inside: String::new(),
            }),
        });
    }

    fn read_safetensors(
        &mut self,
        folder: &Folder,
        indexes: &[&Entry],
        files: &[&Entry],
    ) -> Result<(), WeighError> {
        match (indexes, files) {
            ([index], _) => self.read_sharded(folder, &index.name),
            ([], [file]) => self.read_single(&folder.open_file(&file.name)?),
            ([], several) => match several.iter().find(|e| e.name == "model.safetensors") {
                Some(file) => {
                    self.passed_over(folder, several, &file.name);
                    self.read_single(&folder.open_file(&file.name)?)
                }
                None => Err(ambiguous(folder, several)),
            },
            (several, _) => match several
                .iter()
                .find(|e| e.name == "model.safetensors.index.json")
            {
                Some(index) => self.read_sharded(folder, &index.name),
                None => Err(ambiguous(folder, several)),
            },
        }
    }

    fn passed_over(&mut self, folder: &Folder, several: &[&Entry], used: &str) {
        let others = several.iter().map(|e| e.name.as_str());
        let others: Vec<&str> = others.filter(|n| *n != used).collect();
        let message = format!(
            "`{used}` was read; beside it stand {}, which were not",
            others.join(", ")
        );
        self.warn_of(folder, message);
    }

    fn read_single(&mut self, file: &OpenFile) -> Result<(), WeighError> {
        let header = safetensors::read_header(file, file.shown())?;
        self.note(file, "weights", &header_bytes(file)?, true);
        let weights = Weights {
            shown: file.shown().to_owned(),
            tensors: header.tensors,
            format: WeightsFormat::plain("safetensors".to_owned()),
            gguf: None,
            exported: None,
        };
        if weights.tensors.iter().any(|t| t.name.contains(".lora_A.")) {
            let why = "it holds an adapter; name the folder with its adapter_config.json";
            return Err(WeighError::NothingToRead {
                path: weights.shown,
                seen: why.to_owned(),
            });
        }
        self.weights = Some(weights);
        Ok(())
    }

    fn read_sharded(&mut self, folder: &Folder, name: &str) -> Result<(), WeighError> {
        let file = folder.open_file(name)?;
        let index = safetensors::read_index(&file, file.shown())?;
        self.note(&file, "weights-index", &reading_of(&file)?, false);
        let shards: Vec<(String, safetensors::Header, InputSeen)> = index
            .shards()
            .into_par_iter()
            .map(|shard| {
                let file = folder.open_file(&shard)?;
                let header = safetensors::read_header(&file, file.shown())?;
                let seen = seen(&file, "weights", &header_bytes(&file)?, true);
                Ok((shard, header, seen))
            })
            .collect::<Result<_, ReadError>>()?;
        let mut headers = Vec::with_capacity(shards.len());
        for (shard, header, seen) in shards {
            self.inputs.push(seen);
            headers.push((shard, header));
        }
        self.warnings.extend(index.check(&headers)?);
        let names: Vec<&str> = headers.iter().map(|(shard, _)| shard.as_str()).collect();
        self.beside_the_shards(folder, name, &names)?;
        let n_shards = headers.len();
        let tensors = headers.into_iter().flat_map(|(_, header)| header.tensors);
        self.weights = Some(Weights {
            shown: file.shown().to_owned(),
            tensors: tensors.collect(),
            format: WeightsFormat::plain(format!("safetensors, {n_shards} shards")),
            gguf: None,
            exported: None,
        });
        Ok(())
    }

    /// Weights beside the shards: a shard of the same set that the index does not name is a fault,
    /// any other file was passed over.
    fn beside_the_shards(
        &mut self,
        folder: &Folder,
        index: &str,
        shards: &[&str],
    ) -> Result<(), WeighError> {
        let stem = index.strip_suffix(".index.json").unwrap_or(index);
        let (stem, end) = stem.rsplit_once('.').unwrap_or((stem, ""));
        for entry in folder.entries()? {
            let name = entry.name.as_str();
            let alike = name.ends_with(&format!(".{end}"));
            if !alike
                || shards.contains(&name)
                || ADAPTER_WEIGHTS.contains(&name)
                || is_run_state(name)
            {
                continue;
            }
            if name.starts_with(&format!("{stem}-")) && name.contains("-of-") {
                return Err(WeighError::Read(ReadError::ShardMismatch {
                    input: folder.path_of(index),
                    shard: name.to_owned(),
                    reason: "the index does not name this shard".to_owned(),
                }));
            }
            let message =
                format!("`{name}` stands beside the shards of `{index}`, and was not read");
            self.warn_of(folder, message);
        }
        Ok(())
    }

    fn read_gguf(&mut self, folder: &Folder, name: &str) -> Result<(), WeighError> {
        let is_part = gguf::PartName::parse(name).is_some_and(|part| part.count > 1);
        let (parts, header) = if is_part {
            let split = gguf::read_split(folder, name, &folder.path_of(name))?;
            (split.parts, split.header)
        } else {
            let file = folder.open_file(name)?;
            let header = gguf::read_header(&file, file.shown())?;
            (vec![name.to_owned()], header)
        };
        for part in &parts {
            let file = folder.open_file(part)?;
            let touched = Touched::new(&file);
            gguf::read_header(&touched, file.shown())?;
            let read = touched.bytes()?;
            self.inputs.push(seen(&file, "weights", &read, true));
        }
        if let Some(what) = no_model(&header.kind()) {
            return Err(WeighError::NothingToRead {
                path: folder.path_of(name),
                seen: format!("this GGUF file {what}"),
            });
        }
        let shards = match parts.len() {
            1 => String::new(),
            n => format!(", {n} parts"),
        };
        let order = if header.is_big_endian {
            ", largest byte first"
        } else {
            ""
        };
        self.weights = Some(Weights {
            shown: folder.path_of(name),
            format: WeightsFormat::plain(format!("GGUF version {}{shards}{order}", header.version)),
            gguf: Some(gguf::configuration(&header)),
            exported: None,
            tensors: header.tensors,
        });
        Ok(())
    }

    fn read_torch_folder(
        &mut self,
        folder: &Folder,
        indexes: &[&Entry],
        files: &[&Entry],
    ) -> Result<(), WeighError> {
        match (indexes, files) {
            ([index], _) => self.read_torch_shards(folder, &index.name),
            ([], [file]) => self.read_torch(&folder.open_file(&file.name)?),
            ([], several) => match several.iter().find(|e| e.name == "pytorch_model.bin") {
                Some(file) => {
                    self.passed_over(folder, several, &file.name);
                    self.read_torch(&folder.open_file(&file.name)?)
                }
                None => Err(ambiguous(folder, several)),
            },
            (several, _) => Err(ambiguous(folder, several)),
        }
    }

    fn read_torch(&mut self, file: &OpenFile) -> Result<(), WeighError> {
        let (checkpoint, seen) = checkpoint(file, "weights")?;
        self.inputs.push(seen);
        self.warnings.extend(checkpoint.warnings.iter().cloned());
        let contents = checkpoint.trusted()?;
        let optimizer = optimizer(contents);
        self.weights = Some(Weights {
            shown: file.shown().to_owned(),
            tensors: contents.weights(),
            format: WeightsFormat {
                name: layout(checkpoint.layout).to_owned(),
                optimizer,
                pickle_names: Some(checkpoint.names.clone()),
                code_inside: checkpoint.code_inside.clone(),
            },
            gguf: None,
            exported: None,
        });
        Ok(())
    }

    fn read_torch_shards(&mut self, folder: &Folder, name: &str) -> Result<(), WeighError> {
        let file = folder.open_file(name)?;
        let index = safetensors::read_index(&file, file.shown())?;
        self.note(&file, "weights-index", &reading_of(&file)?, false);
        let shards: Vec<(String, Checkpoint, InputSeen)> = index
            .shards()
            .into_par_iter()
            .map(|shard| {
                let (checkpoint, seen) = checkpoint(&folder.open_file(&shard)?, "weights")?;
                Ok((shard, checkpoint, seen))
            })
            .collect::<Result<_, ReadError>>()?;
        let mut checkpoints = Vec::with_capacity(shards.len());
        for (shard, checkpoint, seen) in shards {
            self.inputs.push(seen);
            checkpoints.push((shard, checkpoint));
        }
        self.warnings
            .extend(torch::check_shards(&index, &checkpoints)?);
        let names: Vec<&str> = checkpoints
            .iter()
            .map(|(shard, _)| shard.as_str())
            .collect();
        self.beside_the_shards(folder, name, &names)?;
        let mut tensors = Vec::new();
        let mut pickle_names = Vec::new();
        for (_, checkpoint) in &checkpoints {
            tensors.extend(checkpoint.trusted()?.weights());
            pickle_names.extend(checkpoint.names.iter().cloned());
        }
        pickle_names.sort();
        pickle_names.dedup();
        self.weights = Some(Weights {
            shown: file.shown().to_owned(),
            tensors,
            format: WeightsFormat {
                name: format!("PyTorch, {} shards", checkpoints.len()),
                optimizer: None,
                pickle_names: Some(pickle_names),
                code_inside: Vec::new(),
            },
            gguf: None,
            exported: None,
        });
        Ok(())
    }

    fn read_distributed(&mut self, folder: &Folder) -> Result<(), WeighError> {
        let shown = folder.path_of(".metadata");
        let found = distributed::read(folder, "", &shown)?;
        let file = folder.open_file(".metadata")?;
        self.note(&file, "weights-index", &reading_of(&file)?, false);
        let pieces = found.trusted()?;
        self.warnings.extend(pieces.warnings.iter().cloned());
        let bytes = pieces.optimizer.iter().map(|t| t.bytes);
        let bytes = bytes.fold(0, u64::saturating_add);
        let n_optimizer = pieces.optimizer.len() as u64;
        self.weights = Some(Weights {
            shown,
            tensors: pieces.tensors.clone(),
            format: WeightsFormat {
                name: format!("PyTorch distributed, {} files", pieces.files.len()),
                optimizer: (n_optimizer > 0).then_some((n_optimizer, bytes)),
                pickle_names: Some(found.names.clone()),
                code_inside: Vec::new(),
            },
            gguf: None,
            exported: None,
        });
        Ok(())
    }
}

/// A checkpoint, and what was read of it.
pub(crate) fn checkpoint(
    file: &OpenFile,
    role: &'static str,
) -> Result<(Checkpoint, InputSeen), ReadError> {
    let touched = Touched::new(file);
    let checkpoint = torch::read(&touched, file.shown())?;
    let read = touched.bytes()?;
    Ok((checkpoint, seen(file, role, &read, true)))
}

fn optimizer(contents: &torch::Contents) -> Option<(u64, u64)> {
    let bytes = contents.optimizer.iter().map(|t| t.seen.bytes);
    contents.has_optimizer.then(|| {
        let tensors = contents.optimizer.len() as u64;
        (tensors, bytes.fold(0, u64::saturating_add))
    })
}

fn layout(layout: Layout) -> &'static str {
    match layout {
        Layout::Zip => "PyTorch",
        Layout::TorchScript => "TorchScript",
        Layout::Legacy => "PyTorch before 1.6",
        Layout::Pickle => "pickle",
    }
}

/// The file that stands for the model among several of GGUF: one that is no sidecar by its name.
fn first_model<'e>(ggufs: &[&'e Entry]) -> Option<&'e Entry> {
    let model = ggufs.iter().find(|e| !is_sidecar(&e.name));
    model.or(ggufs.first()).copied()
}

/// Projectors and importance matrices stand beside their model under these names.
fn is_sidecar(name: &str) -> bool {
    let name = name.to_lowercase();
    name.contains("mmproj") || name.contains("imatrix")
}

/// What a GGUF file is, if it is no model.
fn no_model(kind: &GgufKind) -> Option<String> {
    match kind {
        GgufKind::Model | GgufKind::MultiTokenPrediction => None,
        GgufKind::Adapter { method, .. } => Some(format!(
            "is an adapter ({}); give the PEFT folder it was made from",
            method.as_deref().unwrap_or("of no named kind")
        )),
        GgufKind::Projector => {
            Some("is the encoder and projector beside a language model, not the model".to_owned())
        }
        GgufKind::ImportanceMatrix => {
            Some("holds statistics for quantization, no weights".to_owned())
        }
        GgufKind::Vocabulary => Some("holds a tokenizer and no weights".to_owned()),
        GgufKind::Other(word) => Some(format!("calls itself `{word}`, which is not known")),
    }
}

fn ambiguous(folder: &Folder, several: &[&Entry]) -> WeighError {
    let names: Vec<&str> = several.iter().take(4).map(|e| e.name.as_str()).collect();
    WeighError::Contradiction {
        what: "which of them holds the weights, since no index says".to_owned(),
        one: format!(
            "`{}`",
            folder.path_of(names.first().copied().unwrap_or_default())
        ),
        other: format!("`{}`", names.get(1..).unwrap_or_default().join("`, `")),
    }
}
