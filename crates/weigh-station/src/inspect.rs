//! What one artifact is, what it needs to run and to be trained, and its digests.

use std::collections::BTreeMap;
use std::path::Path;

use weigh_compute::{
    ChipCatalog, QuantizationHints, ServingFloor, ServingNeed, ServingOptions, Tunability,
    WeightBytes, serving_floor, serving_need, stored_bytes, tunability,
};
use weigh_facts::{Decimal, Dtype, Estimate, TensorSeen, Warning};

use crate::components::{self, Component};
use crate::digests::{self, DigestOptions, FolderDigests, Progress};
use crate::error::WeighError;
use crate::evidence;
use crate::weigh;
use crate::weighing::{AdapterProfile, Assumption, InputSeen, ModelProfile};
use crate::weights::{Weights, WeightsFormat};

/// What is asked of one artifact.
#[derive(Clone, Debug, Default)]
pub struct InspectOptions {
    /// May class defaults stand in for width, depth and vocabulary?
    pub assume_class_defaults: bool,
    /// Tokens of the sequence that memory and time are told for; none for 8,192, or what the model
    /// allows if that is less.
    pub length: Option<u64>,
    /// Least number and least time on every chip of the catalog?
    pub devices: bool,
    /// Digests of every byte?
    pub digests: Option<DigestOptions>,
}

/// What one artifact is, without training and without rules.
#[derive(Clone, Debug, Default)]
pub struct Inspection {
    /// What it is called.
    pub subject: String,
    /// The model, if its architecture is known.
    pub model: Option<ModelProfile>,
    /// The adapter, if it is one.
    pub adapter: Option<AdapterProfile>,
    /// How the weights are written; nothing where none are here.
    pub format: Option<WeightsFormat>,
    /// Stored tensors by element type: how many, learned or not, elements and bytes.
    pub tensors: Vec<TensorTotal>,
    /// What one inference pass needs; nothing where the operators are not known.
    pub serving: Option<Serving>,
    /// How far it can be trained.
    pub tunability: Option<Tunability>,
    /// The parts, if it is made of several.
    pub components: Vec<Component>,
    /// Digests, if they were asked for.
    pub digests: Option<FolderDigests>,
    /// What was taken for granted.
    pub assumptions: Vec<Assumption>,
    /// What could not be used.
    pub warnings: Vec<Warning>,
    /// Every file that was read.
    pub inputs: Vec<InputSeen>,
}

/// Stored tensors of one element type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TensorTotal {
    /// The element type.
    pub dtype: Dtype,
    /// Tensors.
    pub tensors: u64,
    /// Elements.
    pub elements: u64,
    /// Bytes.
    pub bytes: u64,
}

/// What one inference pass needs.
#[derive(Clone, Debug)]
pub struct Serving {
    /// Under what circumstances.
    pub options: ServingOptions,
    /// Bytes and operations.
    pub need: ServingNeed,
    /// Are the bytes of weights those of files, and not those of 16 bits each?
    pub is_stored: bool,
    /// What each chip of the catalog makes of it, by name; empty where nobody asked.
    pub devices: Vec<DeviceRow>,
}

/// One chip.
#[derive(Clone, Debug)]
pub struct DeviceRow {
    /// Its id in the catalog.
    pub id: String,
    /// What people call it.
    pub name: String,
    /// Its memory, GB, if known.
    pub memory_gb: Option<Estimate<Decimal>>,
    /// How many at least, and how long at least.
    pub floor: ServingFloor,
}

/// Looks at one artifact, and at the parts of one that is made of several.
///
/// # Errors
/// When it cannot be read, or its parts contradict each other.
pub fn inspect(
    path: &Path,
    options: &InspectOptions,
    progress: &dyn Progress,
) -> Result<Inspection, WeighError> {
    let components = components::components(path, options)?;
    let mut found = match inspect_one(path, options) {
        // A pipeline has nothing of its own.
        Err(WeighError::NothingToRead { .. }) if !components.is_empty() => Inspection {
            subject: weigh::subject_name(path),
            ..Inspection::default()
        },
        found => found?,
    };
    found.components = components;
    let digests = options.digests.as_ref();
    let digests = digests.map(|wanted| digests::digest(path, wanted, progress));
    found.digests = digests.transpose()?;
    Ok(found)
}

/// Looks at one artifact and at no folder below it.
pub(crate) fn inspect_one(path: &Path, options: &InspectOptions) -> Result<Inspection, WeighError> {
    let pieces = [evidence::gather(path)?];
    let mut assumptions = Vec::new();
    let model = weigh::model_of(&pieces, options.assume_class_defaults, &mut assumptions)?;
    let adapter = weigh::adapter_of(&pieces)?.map(|(profile, _)| profile);
    let hints = weigh::quantization(&pieces);
    let [piece] = pieces;
    let stored = piece.weights.as_ref();
    let from_config = model.as_ref().filter(|m| m.from_config);
    let serving = from_config.map(|m| serving(m, stored, &hints, options));
    let exported = stored.and_then(|w| w.exported);
    // What an export can be used for does not hang on its operators.
    let judged = from_config.or(model.as_ref().filter(|_| exported.is_some()));
    let tunability = judged.map(|m| {
        let tensors = stored.map(|w| w.tensors.as_slice());
        tunability(
            &m.architecture,
            tensors.unwrap_or_default(),
            &hints,
            exported,
        )
    });
    let tensors = stored.map(|w| tensor_totals(&w.tensors));
    Ok(Inspection {
        subject: weigh::subject_name(path),
        serving: serving.transpose()?.flatten(),
        tunability,
        model,
        adapter,
        format: stored.map(|w| w.format.clone()),
        tensors: tensors.unwrap_or_default(),
        components: Vec::new(),
        digests: None,
        assumptions,
        warnings: piece.warnings,
        inputs: piece.inputs,
    })
}

fn serving(
    model: &ModelProfile,
    stored: Option<&Weights>,
    hints: &QuantizationHints,
    options: &InspectOptions,
) -> Result<Option<Serving>, WeighError> {
    let architecture = &model.architecture;
    let mut circumstances = ServingOptions::default();
    circumstances.length = match (options.length, architecture.context_tokens) {
        (Some(length), _) => length,
        (None, Some(allowed)) => circumstances.length.min(allowed.max(1)),
        (None, None) => circumstances.length,
    };
    let weights = match stored {
        Some(weights) => weight_bytes(&weights.tensors, hints),
        None => WeightBytes::uniform(architecture, 16)?,
    };
    let Some(need) = serving_need(architecture, &weights, &circumstances)? else {
        return Ok(None);
    };
    let mut devices = Vec::new();
    if options.devices {
        let defective = |e: String| WeighError::Catalog(e);
        let catalog = ChipCatalog::shipped().map_err(|e| defective(e.to_string()))?;
        for chip in catalog.chips().map_err(|e| defective(e.to_string()))? {
            let memory = chip.memory.as_ref();
            devices.push(DeviceRow {
                id: chip.id.clone(),
                name: chip.name.clone(),
                memory_gb: memory.and_then(|m| m.capacity_gb.clone()),
                floor: serving_floor(&need, chip, &circumstances),
            });
        }
        devices.sort_by(|a, b| a.name.cmp(&b.name));
    }
    Ok(Some(Serving {
        options: circumstances,
        need,
        is_stored: stored.is_some(),
        devices,
    }))
}

/// Bits per learned value of matrices: of a container, those the configuration names, or four.
fn weight_bytes(tensors: &[TensorSeen], hints: &QuantizationHints) -> WeightBytes {
    let packed = hints.bits.unwrap_or(4).saturating_mul(64);
    let width = |t: &TensorSeen| match t.dtype {
        dtype if dtype.is_float() || dtype == Dtype::I8 => {
            // Of every type there is a whole number of 64ths.
            let block = dtype.block();
            (block.bytes * 512).div_ceil(block.elements.max(1))
        }
        _ => packed,
    };
    let widths = || tensors.iter().filter(|t| t.shape.len() >= 2).map(width);
    WeightBytes {
        all: stored_bytes(tensors),
        least_bits_64: widths().min().unwrap_or(16 * 64),
        most_bits_64: widths().max().unwrap_or(16 * 64),
    }
}

fn tensor_totals(tensors: &[TensorSeen]) -> Vec<TensorTotal> {
    let mut totals: BTreeMap<Dtype, TensorTotal> = BTreeMap::new();
    for tensor in tensors {
        let none = TensorTotal {
            dtype: tensor.dtype,
            tensors: 0,
            elements: 0,
            bytes: 0,
        };
        let total = totals.entry(tensor.dtype).or_insert(none);
        total.tensors += 1;
        // The readers bound every size by the length of its file, so these sums fit.
        total.elements = total.elements.saturating_add(tensor.elements);
        total.bytes = total.bytes.saturating_add(tensor.bytes);
    }
    totals.into_values().collect()
}
