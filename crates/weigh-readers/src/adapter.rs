//! PEFT adapters: the declaration in `adapter_config.json`, and what the tensors show.
//!
//! The rank that counts is the tensors'; where the declaration says another, that is an error.
//! The base it names is a claim: shown, never followed.
//!
//! Limits: LORA on matrices, with DoRA magnitudes. Other kinds, and fused experts, are refused by
//! name. A pattern of ranks that needs a regular expression is not evaluated: any rank will do that
//! it or what follows it declares.
//!
//! Source: `peft.utils.save_and_load` and `peft.utils.other`, release 0.21.2.

use std::collections::BTreeMap;

use weigh_facts::{Observed, Reading, TensorSeen};

use crate::bytes::Object;
use crate::{ReadError, config, json};

/// What an adapter declares.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AdapterConfig {
    /// Everything that was seen.
    pub reading: Reading,
    /// `LORA`.
    pub peft_type: String,
    /// The declared rank.
    pub rank: Option<u64>,
    /// Ranks declared for modules by pattern, in the order of the file: the first that fits counts.
    pub rank_pattern: Vec<(String, u64)>,
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
    /// Learned values in all, without copies of frozen ones; none when the tensors were not at hand.
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
    let peft_type = text(&reading, "peft_type")?
        .ok_or_else(|| refuse(input, "it declares no `peft_type`".to_owned()))?;
    let is_fused = !names(&reading, "target_parameters")?.is_empty();
    if peft_type != "LORA" || is_fused {
        let kind: String = peft_type.chars().take(40).collect();
        let suffix = if is_fused { " on parameters" } else { "" };
        return Err(ReadError::AdapterKind {
            input: input.to_owned(),
            kind: format!("{kind}{suffix}"),
        });
    }
    let rank = json::whole(&reading, "r")
        .map_err(|wanted| refuse(input, format!("`r` should be {wanted}")))?;
    if rank == Some(0) {
        return Err(refuse(
            input,
            "`r` is 0, and a rank is at least 1".to_owned(),
        ));
    }
    let use_dora = match json::value(&reading, "use_dora") {
        None | Some(Observed::Null) => false,
        Some(Observed::Bool(value)) => *value,
        Some(other) => return Err(wrong(input, "use_dora", other, "true or false")),
    };
    Ok(AdapterConfig {
        peft_type,
        rank,
        rank_pattern: rank_pattern(&reading)?,
        target_modules: names(&reading, "target_modules")?,
        modules_to_save: names(&reading, "modules_to_save")?,
        use_dora,
        base_model: text(&reading, "base_model_name_or_path")?,
        reading,
    })
}

fn refuse(input: &str, reason: String) -> ReadError {
    ReadError::Adapter {
        input: input.to_owned(),
        reason,
    }
}

fn wrong(input: &str, key: &str, found: &Observed, wanted: &str) -> ReadError {
    let reason = format!("`{key}` is {}, and should be {wanted}", found.kind());
    refuse(input, reason)
}

fn text(reading: &Reading, key: &str) -> Result<Option<String>, ReadError> {
    match json::value(reading, key) {
        None | Some(Observed::Null) => Ok(None),
        Some(Observed::Text(text)) => Ok(Some(text.clone())),
        Some(other) => Err(wrong(&reading.input, key, other, "a string")),
    }
}

fn names(reading: &Reading, key: &str) -> Result<Vec<String>, ReadError> {
    match json::value(reading, key) {
        None | Some(Observed::Null) => Ok(Vec::new()),
        Some(Observed::Text(pattern)) => Ok(vec![pattern.clone()]),
        Some(Observed::List(items)) => {
            let name = |item: &Observed| match item {
                Observed::Text(name) => Ok(name.clone()),
                other => {
                    let reason = format!("`{key}` holds {}, and should hold names", other.kind());
                    Err(refuse(&reading.input, reason))
                }
            };
            items.iter().map(name).collect()
        }
        Some(other) => Err(wrong(&reading.input, key, other, "a list of names")),
    }
}

fn rank_pattern(reading: &Reading) -> Result<Vec<(String, u64)>, ReadError> {
    match reading.get("rank_pattern").map(|o| &o.value) {
        None | Some(Observed::Null) => {}
        Some(Observed::Map(fields)) if fields.is_empty() => {}
        Some(other) => return Err(wrong(&reading.input, "rank_pattern", other, "a map")),
    }
    let mut patterns = Vec::new();
    for observation in &reading.observations {
        let Some(pattern) = observation.key.strip_prefix("rank_pattern.") else {
            continue;
        };
        let rank = match &observation.value {
            Observed::Number(rank) => rank.to_u128().and_then(|r| r.try_into().ok()),
            _ => None,
        };
        let entry = json::name(pattern).zip(rank.filter(|r| *r > 0));
        patterns.push(entry.ok_or_else(|| {
            let reason = format!("`{}` should be a whole number above zero", observation.key);
            refuse(&reading.input, reason)
        })?);
    }
    Ok(patterns)
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
    /// When a factor has no partner or two of them, factors have different ranks, or the declared
    /// rank is another.
    pub fn new(config: AdapterConfig, tensors: &[TensorSeen]) -> Result<Self, ReadError> {
        let mut halves: BTreeMap<&str, (Option<&TensorSeen>, Option<&TensorSeen>)> =
            BTreeMap::new();
        let mut saved = Vec::new();
        let mut parameters = 0_u64;
        let mut dora = false;
        for tensor in tensors {
            let (path, part) = part(&tensor.name);
            if part != Part::Frozen {
                parameters = parameters.saturating_add(tensor.elements);
            }
            let factor = match part {
                Part::A => &mut halves.entry(path).or_default().0,
                Part::B => &mut halves.entry(path).or_default().1,
                Part::Magnitude => {
                    dora = true;
                    continue;
                }
                Part::Bias | Part::Frozen => continue,
                Part::Whole => {
                    saved.push(
                        path.replace(".modules_to_save.default", "")
                            .replace(".modules_to_save", ""),
                    );
                    continue;
                }
            };
            if let Some(first) = factor.replace(tensor) {
                return Err(ReadError::AdapterConflict {
                    config: format!("`{}` is a factor of `{path}`", first.name),
                    tensors: format!("`{}` is the same factor", tensor.name),
                });
            }
        }
        saved.sort();
        saved.dedup();
        agree(&config, halves.is_empty(), dora)?;
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

/// What a tensor is to its module.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    /// The factor that takes the input: `[rank, inputs]`, of embeddings too.
    A,
    /// The factor that gives the output: `[outputs, rank]`.
    B,
    /// A DoRA magnitude.
    Magnitude,
    /// A bias, of the factor or of the module: its work is not that of a matrix.
    Bias,
    /// A copy of what the adapter stands beside, such as a resized embedding.
    Frozen,
    /// A module trained in full.
    Whole,
}

/// The module's path in the base, and what the tensor is to it.
fn part(name: &str) -> (&str, Part) {
    const MARKERS: [(&str, Part); 6] = [
        (".lora_A", Part::A),
        (".lora_embedding_A", Part::A),
        (".lora_B", Part::B),
        (".lora_embedding_B", Part::B),
        (".lora_magnitude_vector", Part::Magnitude),
        (".base_layer", Part::Frozen),
    ];
    let name = PREFIXES
        .iter()
        .find_map(|p| name.strip_prefix(p))
        .unwrap_or(name);
    for (marker, part) in MARKERS {
        match name.split_once(marker) {
            Some((path, rest)) if rest.is_empty() || rest.starts_with('.') => {
                let is_bias = rest.ends_with(".bias") && part != Part::Frozen;
                return (path, if is_bias { Part::Bias } else { part });
            }
            _ => {}
        }
    }
    match name.strip_suffix(".bias") {
        Some(path) => (path, Part::Bias),
        None => (name.strip_suffix(".weight").unwrap_or(name), Part::Whole),
    }
}

/// Do the tensors have what the declaration says of the adapter as a whole?
fn agree(config: &AdapterConfig, is_bare: bool, dora: bool) -> Result<(), ReadError> {
    let (declared, found) = match (config.use_dora, dora) {
        _ if is_bare => ("LORA", "its tensors hold no low-rank factor"),
        (true, false) => ("DoRA", "its tensors hold no magnitudes"),
        (false, true) => ("no DoRA", "its tensors hold magnitudes"),
        _ => return Ok(()),
    };
    Err(ReadError::AdapterConflict {
        config: format!("`{}` declares {declared}", config.reading.input),
        tensors: found.to_owned(),
    })
}

fn module(
    config: &AdapterConfig,
    path: &str,
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
    if rank != other || rank == 0 {
        return Err(conflict(
            format!("`{}` has rank {rank}", a.name),
            format!("`{}` has rank {other}", b.name),
        ));
    }
    let declared = declared_ranks(config, path);
    if let Some(first) = declared.first()
        && !declared.contains(&rank)
    {
        return Err(conflict(
            format!("`{}` declares rank {first}", config.reading.input),
            format!("`{}` in `{}` has rank {rank}", a.name, a.input),
        ));
    }
    Ok(AdaptedModule {
        path: path.to_owned(),
        rank,
        inputs,
        outputs,
    })
}

/// The ranks that the declaration allows for a module: one, unless a regular expression stands
/// before the first pattern that fits.
fn declared_ranks(config: &AdapterConfig, path: &str) -> Vec<u64> {
    let mut ranks = Vec::new();
    for (pattern, rank) in &config.rank_pattern {
        match fits(pattern, path) {
            Some(true) => {
                ranks.push(*rank);
                return ranks;
            }
            Some(false) => {}
            None => ranks.push(*rank),
        }
    }
    match config.rank {
        Some(rank) => ranks.push(rank),
        // Nothing declared for the rest: any rank will do.
        None => ranks.clear(),
    }
    ranks
}

/// Does a module fit a pattern, as `re.match(r"(.*\.)?({pattern})$", path)` decides it?
/// None when the pattern is more than a name.
fn fits(pattern: &str, path: &str) -> Option<bool> {
    let (name, is_whole) = match pattern.strip_prefix('^') {
        Some(name) => (name, true),
        None => (pattern, false),
    };
    let is_name = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.');
    if name.is_empty() || !name.contains(is_name) || name.contains(|c| !is_name(c)) {
        return None;
    }
    let at = path.len().checked_sub(name.len())?;
    let (Some(before), Some(tail)) = (path.get(..at), path.get(at..)) else {
        return Some(false);
    };
    // A dot in a pattern stands for any character.
    let same = name
        .chars()
        .zip(tail.chars())
        .all(|(n, t)| n == '.' || n == t);
    let at_boundary = before.is_empty() || (!is_whole && before.ends_with('.'));
    Some(same && at_boundary)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Memory;
    use weigh_facts::Dtype;

    fn config(json: &str) -> Result<AdapterConfig, ReadError> {
        let text = format!("{{\"peft_type\": \"LORA\", {json}}}");
        read_config(&Memory(text.into_bytes()), "adapter_config.json")
    }

    fn tensor((name, shape): &(&str, &[u64])) -> TensorSeen {
        let elements = shape.iter().product();
        TensorSeen {
            name: format!("base_model.model.{name}"),
            dtype: Dtype::F32,
            shape: shape.to_vec(),
            elements,
            bytes: 4 * elements,
            input: "adapter_model.safetensors".to_owned(),
        }
    }

    fn adapter(json: &str, tensors: &[(&str, &[u64])]) -> Result<Adapter, &'static str> {
        let tensors: Vec<TensorSeen> = tensors.iter().map(tensor).collect();
        let adapter = config(json).and_then(|c| Adapter::new(c, &tensors));
        adapter.map_err(|e| e.code())
    }

    const A: (&str, &[u64]) = ("h.0.q.lora_A.weight", &[4, 16]);
    const B: (&str, &[u64]) = ("h.0.q.lora_B.weight", &[32, 4]);

    #[test]
    fn factors_show_rank_inputs_and_outputs() {
        let read = adapter("\"r\": 4", &[A, B]).unwrap();
        let module = &read.modules[0];
        assert_eq!(module.path, "h.0.q");
        assert_eq!((module.rank, module.inputs, module.outputs), (4, 16, 32));
        assert_eq!(read.parameters, Some(4 * (16 + 32)));
        let embedding: [(&str, &[u64]); 2] = [
            ("emb.lora_embedding_A", &[4, 1000]),
            ("emb.lora_embedding_B", &[16, 4]),
        ];
        let read = adapter("\"r\": 4", &embedding).unwrap();
        let module = &read.modules[0];
        assert_eq!((module.rank, module.inputs, module.outputs), (4, 1000, 16));
    }

    #[test]
    fn biases_and_frozen_copies_are_no_modules_trained_in_full() {
        let others: [(&str, &[u64]); 7] = [
            A,
            B,
            ("h.0.q.lora_B.bias", &[32]),
            ("h.0.q.bias", &[32]),
            ("emb.base_layer.weight", &[100, 16]),
            ("score.modules_to_save.default.weight", &[2, 16]),
            ("lm_head.weight", &[100, 16]),
        ];
        let read = adapter("\"r\": 4", &others).unwrap();
        assert_eq!(read.saved_modules, ["lm_head", "score"]);
        assert_eq!(read.parameters, Some(192 + 32 + 32 + 32 + 1600));
    }

    #[test]
    fn parts_that_contradict_each_other_are_refused() {
        let conflict = |json: &str, tensors: &[(&str, &[u64])]| {
            assert_eq!(adapter(json, tensors), Err("adapter-conflict"), "{json}");
        };
        conflict("\"r\": 8", &[A, B]);
        conflict("\"r\": 4", &[A]);
        let none: [(&str, &[u64]); 2] =
            [("q.lora_A.weight", &[0, 16]), ("q.lora_B.weight", &[32, 0])];
        conflict("\"alpha\": 4", &none);
        conflict("\"r\": 4", &[]);
        conflict("\"r\": 4", &[("lm_head.weight", &[100, 16])]);
        conflict("\"r\": 4", &[A, ("h.0.q.lora_B.weight", &[32, 8])]);
        conflict(
            "\"r\": 4",
            &[A, B, ("h.0.q.lora_A.second.weight", &[4, 16])],
        );
        conflict("\"r\": 4, \"use_dora\": true", &[A, B]);
        conflict("\"r\": 4", &[A, B, ("h.0.q.lora_magnitude_vector", &[32])]);
        let dora = [A, B, ("h.0.q.lora_magnitude_vector", &[32][..])];
        assert!(adapter("\"r\": 4, \"use_dora\": true", &dora).unwrap().dora);
    }

    #[test]
    fn the_first_pattern_that_fits_declares_the_rank() {
        let fits_four = |pattern: &str| {
            let json = format!("\"r\": 8, \"rank_pattern\": {pattern}");
            adapter(&json, &[A, B]).is_ok()
        };
        assert!(fits_four(r#"{"q": 4}"#));
        assert!(fits_four(r#"{"0.q": 4, "q": 2}"#));
        assert!(
            !fits_four(r#"{"q": 2, "h.0.q": 4}"#),
            "the first, not the longest"
        );
        assert!(fits_four(r#"{"^h.0.q": 4}"#));
        assert!(!fits_four(r#"{"^q": 4}"#));
        assert!(!fits_four(r#"{"uq": 4, "k": 4}"#));
        assert!(fits_four(r#"{"h\\.[0-9]+\\.q": 4}"#), "not evaluated");
        assert!(!fits_four(r#"{"q": 2, "h\\.[0-9]+\\.q": 4}"#));
        assert!(!fits_four("{}"));
    }

    #[test]
    fn a_dot_in_a_pattern_stands_for_any_character() {
        assert_eq!(fits("0.q", "h.0xq"), Some(true));
        assert_eq!(fits("0.q", "h0.q"), Some(false));
        assert_eq!(fits("0|q", "h.0.q"), None);
    }

    #[test]
    fn declarations_of_another_shape_are_refused() {
        let code = |json: &str| config(json).map(|_| ()).map_err(|e| e.code());
        for json in [
            r#""r": 0"#,
            r#""r": {"a": 1}"#,
            r#""r": "8""#,
            r#""r": 1.5"#,
            r#""rank_pattern": {"q": 0}"#,
            r#""rank_pattern": {"q": "8"}"#,
            r#""rank_pattern": {"q": {"k": 8}}"#,
            r#""rank_pattern": [8]"#,
            r#""target_modules": [1]"#,
            r#""modules_to_save": {"a": 1}"#,
            r#""use_dora": 1"#,
        ] {
            assert_eq!(code(json), Err("adapter-config"), "{json}");
        }
        assert_eq!(code(r#""target_parameters": ["up"]"#), Err("adapter-kind"));
        assert_eq!(code(r#""target_parameters": []"#), Ok(()));
    }
}
