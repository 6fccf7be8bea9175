//! What the paths of one call hold, each file read by its reader, nothing interpreted yet.

use std::path::Path;

use sha2::{Digest, Sha256};
use weigh_facts::{Facts, Reading, Stage, Warning};
use weigh_readers::{Entry, Object, ReadError, Tree};
use weigh_readers::{adapter, config, pipeline, safetensors, trainer_state};

use crate::error::WeighError;
use crate::folder::{self, Folder, OpenFile, Opened};
use crate::stages::Logged;
use crate::unread;
use crate::weighing::InputSeen;
use crate::weights::{self, Weights};

/// What one path holds.
#[derive(Debug, Default)]
pub(crate) struct Piece {
    /// The path as the person named it.
    pub(crate) shown: String,
    /// A model's configuration.
    pub(crate) config: Option<Reading>,
    /// Headers of a model's weights; the inputs they came from.
    pub(crate) weights: Option<Weights>,
    /// An adapter.
    pub(crate) adapter: Option<adapter::Adapter>,
    /// What a trainer logged.
    pub(crate) log: Option<Logged>,
    /// A declaration of stages.
    pub(crate) declaration: Option<Declaration>,
    /// Every file that was read.
    pub(crate) inputs: Vec<InputSeen>,
    /// What a reader went on without.
    pub(crate) warnings: Vec<Warning>,
}

/// A declaration of stages and facts.
#[derive(Debug)]
pub(crate) struct Declaration {
    /// The file.
    pub(crate) path: String,
    /// The stages.
    pub(crate) stages: Vec<Stage>,
    /// Facts stated beside them.
    pub(crate) facts: Facts,
}

const CONFIG: &str = "config.json";
const ADAPTER_CONFIG: &str = "adapter_config.json";
/// Tensors of an adapter, most wanted first.
pub(crate) const ADAPTER_WEIGHTS: [&str; 2] = ["adapter_model.safetensors", "adapter_model.bin"];
const TRAINER_STATE: &str = "trainer_state.json";
const PIPELINE: &str = "pipeline.toml";

/// Reads what a path holds.
pub(crate) fn gather(path: &Path) -> Result<Piece, WeighError> {
    if unread::is_megatron(path) {
        let (format, instead) = unread::MEGATRON;
        return Err(WeighError::FormatNotRead {
            path: path.display().to_string(),
            format,
            instead,
        });
    }
    match folder::open(path)? {
        Opened::Folder(folder) => match folder.cached_revision()? {
            Some(revision) => gather(&path.join("snapshots").join(revision)),
            None => gather_folder(&folder),
        },
        Opened::File(name, file) => gather_file(path, &name, &file),
    }
}

fn gather_folder(folder: &Folder) -> Result<Piece, WeighError> {
    let entries = folder.entries()?;
    let has = |name: &str| entries.iter().any(|e| e.name == name);
    let mut piece = Piece {
        shown: folder.shown().to_owned(),
        ..Piece::default()
    };
    if has(CONFIG) {
        piece.read_config(&folder.open_file(CONFIG)?)?;
    }
    if has(ADAPTER_CONFIG) {
        let weights = ADAPTER_WEIGHTS.into_iter().find(|name| has(name));
        piece.read_adapter(folder, weights)?;
    }
    if has(TRAINER_STATE) {
        piece.read_log(&folder.open_file(TRAINER_STATE)?)?;
    }
    if has(PIPELINE) {
        piece.read_declaration(&folder.open_file(PIPELINE)?)?;
    }
    piece.read_weights(folder, &entries)?;
    if piece.inputs.is_empty() {
        return Err(nothing(folder.shown(), &entries));
    }
    Ok(piece)
}

pub(crate) fn nothing(shown: &str, entries: &[Entry]) -> WeighError {
    let unread = entries
        .iter()
        .find_map(|e| Some((e, unread::known(&e.name)?)));
    if let Some((entry, (format, instead))) = unread {
        return WeighError::FormatNotRead {
            path: format!("{}/{}", shown.trim_end_matches('/'), entry.name),
            format,
            instead,
        };
    }
    let names: Vec<&str> = entries.iter().take(5).map(|e| e.name.as_str()).collect();
    let seen = match names.as_slice() {
        [] => "this one holds no regular file".to_owned(),
        names => format!("this one holds {}", names.join(", ")),
    };
    WeighError::NothingToRead {
        path: shown.to_owned(),
        seen,
    }
}

fn gather_file(path: &Path, name: &str, file: &OpenFile) -> Result<Piece, WeighError> {
    let mut piece = Piece {
        shown: file.shown().to_owned(),
        ..Piece::default()
    };
    if let Some((format, instead)) = unread::known(name) {
        let path = file.shown().to_owned();
        return Err(WeighError::FormatNotRead {
            path,
            format,
            instead,
        });
    }
    if let Some(kind) = weights::kind_of(name) {
        let parent = path
            .parent()
            .filter(|p| !p.as_os_str().is_empty())
            .unwrap_or(Path::new("."));
        let Opened::Folder(folder) = folder::open(parent)? else {
            return Err(nothing(file.shown(), &[]));
        };
        piece.read_named_weights(&folder, name, kind, file)?;
    } else if name.ends_with(".toml") {
        piece.read_declaration(file)?;
    } else if name.contains("trainer_state") {
        piece.read_log(file)?;
    } else if name.contains("adapter_config") {
        let reading = adapter::read_config(file, file.shown())?;
        piece.note(file, "adapter", &reading_of(file)?, false);
        piece.adapter = Some(adapter::Adapter::without_tensors(reading));
    } else {
        piece.read_json(file)?;
    }
    Ok(piece)
}

/// A whole small file, for its digest.
pub(crate) fn reading_of(file: &OpenFile) -> Result<Vec<u8>, ReadError> {
    let len = usize::try_from(file.len()).unwrap_or(usize::MAX);
    let mut bytes = vec![0; len];
    file.read_at(0, &mut bytes)?;
    Ok(bytes)
}

impl Piece {
    pub(crate) fn note(
        &mut self,
        file: &OpenFile,
        role: &'static str,
        digested: &[u8],
        header_only: bool,
    ) {
        self.inputs.push(seen(file, role, digested, header_only));
    }

    fn read_config(&mut self, file: &OpenFile) -> Result<(), WeighError> {
        let mut reading = config::read(file, file.shown())?;
        self.note(file, "config", &reading_of(file)?, false);
        self.warnings.append(&mut reading.warnings);
        self.config = Some(reading);
        Ok(())
    }

    /// A JSON file of any name: what it is shows in its keys.
    fn read_json(&mut self, file: &OpenFile) -> Result<(), WeighError> {
        let reading = config::read(file, file.shown())?;
        if reading.get("peft_type").is_some() {
            let config = adapter::read_config(file, file.shown())?;
            self.note(file, "adapter", &reading_of(file)?, false);
            self.adapter = Some(adapter::Adapter::without_tensors(config));
            return Ok(());
        }
        if reading.get("log_history").is_some() || reading.get("global_step").is_some() {
            return self.read_log(file);
        }
        self.read_config(file)
    }

    fn read_log(&mut self, file: &OpenFile) -> Result<(), WeighError> {
        let state = trainer_state::read(file, file.shown())?;
        self.note(file, "trainer-state", &reading_of(file)?, false);
        self.warnings.extend(state.reading.warnings.iter().cloned());
        let place = weigh_facts::Place {
            input: file.shown().to_owned(),
            inside: String::new(),
        };
        let was_reset = |w: &Warning| w.code == "token-count-reset";
        let at_least = state.reading.warnings.iter().any(was_reset);
        let (tokens, place) = match state.tokens_seen {
            Some((tokens, place)) => (Some(tokens), place),
            None => (None, place),
        };
        self.log = Some(Logged {
            tokens,
            at_least,
            place,
        });
        Ok(())
    }

    fn read_declaration(&mut self, file: &OpenFile) -> Result<(), WeighError> {
        let path = file.shown().to_owned();
        let text = pipeline::read_text(file, &path)?;
        let declared = pipeline::read(&text, &path).map_err(|faults| WeighError::Faults {
            path: path.clone(),
            text: text.clone(),
            faults,
        })?;
        self.note(file, "pipeline", text.as_bytes(), false);
        self.declaration = Some(Declaration {
            path,
            stages: declared.stages,
            facts: declared.facts,
        });
        Ok(())
    }

    fn read_adapter(&mut self, folder: &Folder, weights: Option<&str>) -> Result<(), WeighError> {
        let file = folder.open_file(ADAPTER_CONFIG)?;
        let config = adapter::read_config(&file, file.shown())?;
        self.warnings
            .extend(config.reading.warnings.iter().cloned());
        self.note(&file, "adapter", &reading_of(&file)?, false);
        let Some(name) = weights else {
            self.adapter = Some(adapter::Adapter::without_tensors(config));
            return Ok(());
        };
        let weights = folder.open_file(name)?;
        let tensors = if name.ends_with(".bin") {
            let (checkpoint, seen) = weights::checkpoint(&weights, "adapter-weights")?;
            self.inputs.push(seen);
            checkpoint.trusted()?.weights()
        } else {
            let header = safetensors::read_header(&weights, weights.shown())?;
            self.note(&weights, "adapter-weights", &header_bytes(&weights)?, true);
            header.tensors
        };
        self.adapter = Some(adapter::Adapter::new(config, &tensors)?);
        Ok(())
    }
}

pub(crate) fn header_bytes(file: &OpenFile) -> Result<Vec<u8>, ReadError> {
    let mut length = [0; 8];
    file.read_at(0, &mut length)?;
    // The reader accepted this header, so its length is within its limit.
    let length = usize::try_from(u64::from_le_bytes(length)).unwrap_or_default();
    let mut bytes = vec![0; 8 + length];
    file.read_at(0, &mut bytes)?;
    Ok(bytes)
}

pub(crate) fn seen(
    file: &OpenFile,
    role: &'static str,
    digested: &[u8],
    header_only: bool,
) -> InputSeen {
    use std::fmt::Write;
    let mut sha256 = String::with_capacity(64);
    for byte in Sha256::digest(digested) {
        // Writing to a string cannot fail.
        let _ = write!(sha256, "{byte:02x}");
    }
    InputSeen {
        path: file.shown().to_owned(),
        role,
        bytes: file.len(),
        sha256,
        header_only,
    }
}

/// A declaration named by `--pipeline`.
pub(crate) fn declaration(path: &Path) -> Result<Piece, WeighError> {
    match folder::open(path)? {
        Opened::File(_, file) => {
            let mut piece = Piece {
                shown: file.shown().to_owned(),
                ..Piece::default()
            };
            piece.read_declaration(&file)?;
            Ok(piece)
        }
        Opened::Folder(folder) => Err(WeighError::NothingToRead {
            path: folder.shown().to_owned(),
            seen: "`--pipeline` takes a file".to_owned(),
        }),
    }
}

/// Reads a text file a person wrote, whole, for its words and its digest.
///
/// # Errors
/// When it cannot be read, is longer than any such file, or is not UTF-8.
pub fn read_text(path: &Path, role: &'static str) -> Result<(String, InputSeen), WeighError> {
    match folder::open(path)? {
        Opened::File(_, file) => {
            let text = pipeline::read_text(&file, file.shown())?;
            let input = seen(&file, role, text.as_bytes(), false);
            Ok((text, input))
        }
        Opened::Folder(folder) => Err(WeighError::NothingToRead {
            path: folder.shown().to_owned(),
            seen: "this is a folder, and a file is needed".to_owned(),
        }),
    }
}
