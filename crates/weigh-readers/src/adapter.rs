//! PEFT adapters: the declaration in `adapter_config.json`, and what the tensors show.
//!
//! The rank that counts is the tensors'; where the declaration says another, that is an error.
//! The base it names is a claim: shown, never followed.
//!
//! Limits: LORA, with DoRA magnitudes. Other kinds are refused by name.

use std::collections::BTreeMap;

use weigh_facts::{Observed, Reading, TensorSeen};

use crate::bytes::Object;
use crate::{ReadError, config};

/// What an adapter declares.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AdapterConfig {
    /// Everything that was seen.
    pub reading: Reading,
    /// `LORA`.
    pub peft_type: String,
    /// The declared rank.
    pub rank: Option<u64>,
    /// Ranks declared for modules by pattern.
    pub rank_pattern: BTreeMap<String, u64>,
    /// Names or one pattern of the modules it adapts.
    pub target_modules: Vec<String>,
    /// Modules trained in full beside it.
    pub modules_to_save: Vec<String>,
    /// Does it declare DoRA?
    pub use_dora: bool,
    /// The base it declares: a claim, never followed.
    pub base_model: Option<String>,
}

/// An adapted module.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AdaptedModule {
    /// Path in the base: `model.layers.0.self_attn.q_proj`.
    pub path: String,
    /// Rank of its two factors.
    pub rank: u64,
    /// Input width.
    pub inputs: u64,
    /// Output width.
    pub outputs: u64,
}

/// An adapter: its declaration and what its tensors show.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Adapter {
    /// The declaration.
    pub config: AdapterConfig,
    /// Adapted modules by path; empty when the tensors were not at hand.
    pub modules: Vec<AdaptedModule>,
    /// Learned values in all; none when the tensors were not at hand.
    pub parameters: Option<u64>,
    /// Modules trained in full, by path.
    pub saved_modules: Vec<String>,
    /// Does it carry magnitude vectors (DoRA)?
    pub dora: bool,
}

/// Reads `adapter_config.json`.
///
/// # Errors
/// When it is not JSON, declares no kind, or one that is not read.
pub fn read_config(object: &dyn Object, input: &str) -> Result<AdapterConfig, ReadError> {
    let reading = Reading {
        reader: "peft-config/1",
        ..config::read(object, input)?
    };
    let refuse = |reason: String| ReadError::Adapter {
        input: input.to_owned(),
        reason,
    };
    let text = |key: &str| match reading.get(key).map(|o| &o.value) {
        Some(Observed::Text(text)) => Ok(Some(text.clone())),
        None | Some(Observed::Null) => Ok(None),
        Some(other) => Err(refuse(format!(
            "`{key}` is {}, and should be a string",
            other.kind()
        ))),
    };
    let Some(peft_type) = text("peft_type")? else {
        return Err(refuse("it declares no `peft_type`".to_owned()));
    };
    if peft_type != "LORA" {
        return Err(ReadError::AdapterKind {
            input: input.to_owned(),
            kind: peft_type.chars().take(40).collect(),
        });
    }
    let rank = crate::json::whole(&reading, "r")
        .map_err(|wanted| refuse(format!("`r` should be {wanted}")))?;
    if rank == Some(0) {
        return Err(refuse("`r` is 0, and a rank is at least 1".to_owned()));
    }
    let names = |key: &str| match reading.get(key).map(|o| &o.value) {
        None | Some(Observed::Null) => Ok(Vec::new()),
        Some(Observed::Text(pattern)) => Ok(vec![pattern.clone()]),
        Some(Observed::List(items)) => items
            .iter()
            .map(|item| match item {
                Observed::Text(name) => Ok(name.clone()),
                other => Err(refuse(format!(
                    "`{key}` holds {}, and should hold names",
                    other.kind()
                ))),
            })
            .collect(),
        Some(other) => Err(refuse(format!(
            "`{key}` is {}, and should be a list of names",
            other.kind()
        ))),
    };
    let mut rank_pattern = BTreeMap::new();
    for observation in reading.observations.iter() {
        let (Some(pattern), Observed::Number(rank)) = (
            observation.key.strip_prefix("rank_pattern."),
            &observation.value,
        ) else {
            continue;
        };
        if let Some(rank) = rank.to_u128().and_then(|r| r.try_into().ok()) {
            rank_pattern.insert(pattern.to_owned(), rank);
        }
    }
    let (target_modules, modules_to_save) = (names("target_modules")?, names("modules_to_save")?);
    let use_dora = matches!(
        reading.get("use_dora").map(|o| &o.value),
        Some(Observed::Bool(true))
    );
    let base_model = text("base_model_name_or_path")?;
    Ok(AdapterConfig {
        peft_type,
        rank,
        rank_pattern,
        target_modules,
        modules_to_save,
        use_dora,
        base_model,
        reading,
    })
}

const PREFIXES: [&str; 2] = ["base_model.model.", "base_model."];

impl Adapter {
    /// A declaration whose tensors are not at hand.
    #[must_use]
    pub fn without_tensors(config: AdapterConfig) -> Self {
        let dora = config.use_dora;
        Self {
            config,
            modules: Vec::new(),
            parameters: None,
            saved_modules: Vec::new(),
            dora,
        }
    }

    /// Reads what the tensors show, and compares it with the declaration.
    ///
    /// # Errors
    /// When a factor has no partner, factors have different ranks, or the declared rank is another.
    pub fn new(config: AdapterConfig, tensors: &[TensorSeen]) -> Result<Self, ReadError> {
        let mut halves: BTreeMap<String, (Option<&TensorSeen>, Option<&TensorSeen>)> =
            BTreeMap::new();
        let mut saved = Vec::new();
        let mut parameters = 0_u64;
        let mut dora = false;
        for tensor in tensors {
            parameters = parameters.saturating_add(tensor.elements);
            let name = tensor.name.as_str();
            let name = PREFIXES
                .iter()
                .find_map(|p| name.strip_prefix(p))
                .unwrap_or(name);
            if let Some(path) = before(name, &[".lora_A", ".lora_embedding_A"]) {
                halves.entry(path.to_owned()).or_default().0 = Some(tensor);
            } else if let Some(path) = before(name, &[".lora_B", ".lora_embedding_B"]) {
                halves.entry(path.to_owned()).or_default().1 = Some(tensor);
            } else if name.contains("lora_magnitude_vector") {
                dora = true;
            } else {
                let path = name.trim_end_matches(".weight").trim_end_matches(".bias");
                saved.push(
                    path.replace(".modules_to_save.default", "")
                        .replace(".modules_to_save", ""),
                );
            }
        }
        saved.sort();
        saved.dedup();
        let modules = halves
            .into_iter()
            .map(|(path, pair)| module(&config, path, pair))
            .collect::<Result<_, _>>()?;
        Ok(Self {
            config,
            modules,
            parameters: Some(parameters),
            saved_modules: saved,
            dora,
        })
    }
}

fn before<'n>(name: &'n str, markers: &[&str]) -> Option<&'n str> {
    markers
        .iter()
        .find_map(|m| name.split_once(m))
        .map(|(path, _)| path)
}

fn module(
    config: &AdapterConfig,
    path: String,
    (a, b): (Option<&TensorSeen>, Option<&TensorSeen>),
) -> Result<AdaptedModule, ReadError> {
    let conflict = |config: String, tensors: String| ReadError::AdapterConflict { config, tensors };
    let (Some(a), Some(b)) = (a, b) else {
        let missing = if a.is_none() { "lora_A" } else { "lora_B" };
        let has = if a.is_none() { "lora_B" } else { "lora_A" };
        return Err(conflict(
            format!("`{path}` has a `{has}`"),
            format!("it has no `{missing}`"),
        ));
    };
    let (&[rank, inputs], &[outputs, other]) = (a.shape.as_slice(), b.shape.as_slice()) else {
        return Err(conflict(
            format!("`{path}` should have two factors of two dimensions"),
            format!("its tensors have {} and {}", a.shape.len(), b.shape.len()),
        ));
    };
    if rank != other {
        return Err(conflict(
            format!("`{}` has rank {rank}", a.name),
            format!("`{}` has rank {other}", b.name),
        ));
    }
    let declared = config
        .rank_pattern
        .iter()
        .find(|(pattern, _)| path == **pattern || path.ends_with(&format!(".{pattern}")))
        .map(|(_, rank)| *rank)
        .or(config.rank);
    // A pattern may be a regular expression, which is not evaluated: then any declared rank will do.
    let by_pattern = config.rank_pattern.values().any(|r| *r == rank);
    match declared {
        Some(declared) if declared != rank && !by_pattern => Err(conflict(
            format!("`{}` declares rank {declared}", config.reading.input),
            format!("`{}` in `{}` has rank {rank}", a.name, a.input),
        )),
        _ => Ok(AdaptedModule {
            path,
            rank,
            inputs,
            outputs,
        }),
    }
}
