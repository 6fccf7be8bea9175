//! The catalog of architectures: how a configuration becomes operators, as data.
//!
//! Each file under `catalog/architectures/` describes one family: the configuration keys it
//! reads with their aliases and class defaults, the kinds of layers it has, and the operators of
//! each. Blocks that families share (attention, feed-forward, experts) are in `blocks.toml`.
//! Adding a family is a file and a test; only a new primitive operator needs code.
//!
//! - **Invariant:** unknown keys, unknown names in expressions and unused parameters are errors.
//! - **Invariant:** every class default is a fact of the release named in the entry's `source`.

mod compile;
mod raw;

use std::sync::OnceLock;

use weigh_facts::{Diagnostic, Modality, OperatorKind, Pairs, Part, TowerRole};

use crate::expression::Expression;

/// The architectures this program knows.
#[derive(Clone, Debug)]
pub struct Catalog {
    blocks: raw::Blocks,
    entries: Vec<Entry>,
}

/// Why a catalog did not load.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the catalog file `{file}` does not load, first of {}: {}", .diagnostics.len(), first(.diagnostics))]
pub struct CatalogError {
    /// The file.
    pub file: String,
    /// What is wrong with it, all of it.
    pub diagnostics: Vec<Diagnostic>,
}

fn first(diagnostics: &[Diagnostic]) -> &str {
    diagnostics.first().map_or("none", |d| &d.message)
}

impl CatalogError {
    /// Stable and listed in the manual.
    #[must_use]
    pub fn code(&self) -> &'static str {
        "catalog-entry"
    }
}

macro_rules! files {
    ($($name:literal),+ $(,)?) => {
        &[$((
            concat!($name, ".toml"),
            include_str!(concat!("../catalog/architectures/", $name, ".toml")),
        )),+]
    };
}

const BLOCKS: &str = include_str!("../catalog/architectures/blocks.toml");
const FAMILIES: &[(&str, &str)] = files![
    "afmoe",
    "albert",
    "apertus",
    "arcee",
    "arctic",
    "baichuan",
    "bamba",
    "bart",
    "bart_decoder",
    "bart_encoder",
    "bert",
    "bloom",
    "chatglm",
    "clip",
    "clip_text_model",
    "clip_vision_model",
    "cohere",
    "cohere2",
    "cohere2_moe",
    "dbrx",
    "deberta-v2",
    "deepseek",
    "deepseek_v2",
    "deepseek_v3",
    "deepseek_v32",
    "deepseek_v4",
    "dinov2",
    "distilbert",
    "dots1",
    "electra",
    "ernie4_5",
    "ernie4_5_moe",
    "exaone4",
    "falcon",
    "falcon_h1",
    "falcon_mamba",
    "flex_olmo",
    "flux",
    "flux_double",
    "flux_single",
    "gemma",
    "gemma2",
    "gemma3",
    "gemma3_text",
    "glm",
    "glm4",
    "glm4_moe",
    "glm4_moe_lite",
    "glm_moe_dsa",
    "gpt2",
    "gpt_bigcode",
    "gpt_neo",
    "gpt_neox",
    "gpt_oss",
    "gptj",
    "granite",
    "granitemoe",
    "granitemoehybrid",
    "granitemoeshared",
    "grok-1",
    "helium",
    "hunyuan_v1_dense",
    "hunyuan_v1_moe",
    "hy_v3",
    "internlm",
    "internlm2",
    "jamba",
    "jetmoe",
    "kimi_k25",
    "kimi_k25_vision",
    "kimi_linear",
    "laguna",
    "lfm2",
    "lfm2_moe",
    "llama",
    "llama4",
    "llama4_text",
    "llama4_vision_model",
    "llava",
    "mamba",
    "mamba2",
    "mimo_v2_flash",
    "minicpm",
    "minimax",
    "minimax_m2",
    "ministral",
    "ministral3",
    "mistral",
    "mistral3",
    "mistral4",
    "mixtral",
    "mllama",
    "mllama_cross",
    "mllama_text_model",
    "mllama_vision_model",
    "modernbert",
    "mpt",
    "mt5",
    "nanochat",
    "nemotron",
    "nemotron-nas",
    "nemotron_h",
    "olmo",
    "olmo2",
    "olmo3",
    "olmo_hybrid",
    "olmoe",
    "opt",
    "orion",
    "phi",
    "phi-msft",
    "phi3",
    "phimoe",
    "pixtral",
    "qwen",
    "qwen2",
    "qwen2_5_vl",
    "qwen2_5_vl_vision",
    "qwen2_moe",
    "qwen2_vl",
    "qwen2_vl_vision",
    "qwen3",
    "qwen3_5",
    "qwen3_5_moe",
    "qwen3_5_moe_text",
    "qwen3_5_text",
    "qwen3_moe",
    "qwen3_next",
    "qwen3_vl",
    "qwen3_vl_moe",
    "qwen3_vl_vision",
    "recurrent_gemma",
    "roberta",
    "rwkv",
    "sd3",
    "seed_oss",
    "siglip",
    "siglip_text_model",
    "siglip_vision_model",
    "smollm3",
    "solar_open",
    "stablelm",
    "starcoder2",
    "t5",
    "t5_decoder",
    "t5_encoder",
    "umt5",
    "vit",
    "wav2vec2",
    "whisper",
    "whisper_decoder",
    "whisper_encoder",
    "xlm-roberta",
    "xlstm",
    "zaya",
];

impl Catalog {
    /// The catalog embedded in this program. An entry is read when it is first asked for: reading
    /// all of them would cost a short command more than its work.
    ///
    /// # Errors
    /// When the shared blocks are wrong, which a test excludes, as it does for every entry.
    pub fn shipped() -> Result<&'static Self, &'static CatalogError> {
        static SHIPPED: OnceLock<Result<Catalog, CatalogError>> = OnceLock::new();
        let read = || {
            let unread = |(_, text): &(&str, &'static str)| Entry {
                name: listed(text, "name").concat(),
                model_types: listed(text, "model_types"),
                architectures: listed(text, "architectures"),
                text,
                family: OnceLock::new(),
            };
            Ok(Self {
                blocks: read_blocks(BLOCKS)?,
                entries: FAMILIES.iter().map(unread).collect(),
            })
        };
        SHIPPED.get_or_init(read).as_ref()
    }

    /// The same with every entry read, to see that all of them are in order.
    ///
    /// # Errors
    /// All diagnostics of the first file that is wrong.
    pub fn shipped_in_full() -> Result<Self, CatalogError> {
        Self::load(BLOCKS, FAMILIES)
    }

    /// Reads shared blocks and families, each a file name and its text.
    ///
    /// # Errors
    /// All diagnostics of the first file that is wrong.
    pub fn load(blocks: &str, families: &[(&str, &str)]) -> Result<Self, CatalogError> {
        let blocks = read_blocks(blocks)?;
        let mut entries: Vec<Entry> = Vec::with_capacity(families.len());
        for (file, text) in families {
            let failed = |diagnostics| CatalogError {
                file: (*file).to_owned(),
                diagnostics,
            };
            let family = read_family(text, &blocks).map_err(failed)?;
            if let Some(name) = family.model_types.iter().find(|t| {
                let taken = |other: &Entry| other.model_types.contains(t);
                entries.iter().any(taken)
            }) {
                let message = format!("model type `{name}` is in another file too");
                let taken = Diagnostic::new("catalog-entry", message, 0..1);
                return Err(failed(vec![taken]));
            }
            entries.push(Entry {
                name: family.name.clone(),
                model_types: family.model_types.clone(),
                architectures: family.architectures.clone(),
                text: "",
                family: OnceLock::from(family),
            });
        }
        let catalog = Self { blocks, entries };
        for ((file, _), entry) in families.iter().zip(&catalog.entries) {
            let diagnostics = catalog.member_errors(catalog.family(entry));
            if !diagnostics.is_empty() {
                return Err(CatalogError {
                    file: (*file).to_owned(),
                    diagnostics,
                });
            }
        }
        Ok(catalog)
    }

    /// Names in members that only the other entries can vouch for.
    fn member_errors(&self, family: &Family) -> Vec<Diagnostic> {
        let mut errors = Vec::new();
        let mut error = |message| errors.push(Diagnostic::new("catalog-entry", message, 0..1));
        for member in &family.members {
            let others = member.types.iter().map(|(_, name)| name);
            for name in others.chain([&member.family]) {
                let Some(inner) = self.by_name(name) else {
                    error(format!("tower `{}`: no entry `{name}`", member.name));
                    continue;
                };
                let spelled =
                    |key: &str| inner.keys.iter().any(|k| k.names.iter().any(|n| n == key));
                for (key, _) in member.defaults.iter().filter(|(k, _)| !spelled(k)) {
                    error(format!(
                        "tower `{}`: `{name}` reads no `{key}`",
                        member.name
                    ));
                }
                let named = |key: &str| inner.keys.iter().any(|k| k.name == key);
                for (key, _) in member.with.iter().filter(|(k, _)| !named(k)) {
                    error(format!(
                        "tower `{}`: `{name}` has no key `{key}`",
                        member.name
                    ));
                }
            }
        }
        errors
    }

    /// Every model type it covers, sorted.
    #[must_use]
    pub fn model_types(&self) -> Vec<&str> {
        let types = self.entries.iter().flat_map(|e| &e.model_types);
        let mut types: Vec<&str> = types.map(String::as_str).collect();
        types.sort_unstable();
        types
    }

    pub(crate) fn by_model_type(&self, name: &str) -> Option<&Family> {
        let has = |e: &&Entry| e.model_types.iter().any(|t| t == name);
        self.entries.iter().find(has).map(|e| self.family(e))
    }

    pub(crate) fn by_name(&self, name: &str) -> Option<&Family> {
        let has = |e: &&Entry| e.name == name;
        self.entries.iter().find(has).map(|e| self.family(e))
    }

    pub(crate) fn by_class(&self, name: &str) -> Option<&Family> {
        let has = |e: &&Entry| e.architectures.iter().any(|t| t == name);
        self.entries.iter().find(has).map(|e| self.family(e))
    }

    fn family<'a>(&self, entry: &'a Entry) -> &'a Family {
        let read = || read_family(entry.text, &self.blocks).expect("a test reads every entry");
        entry.family.get_or_init(read)
    }
}

/// A file of the catalog: what it is found by, and what is in it once somebody asks.
#[derive(Clone, Debug)]
struct Entry {
    name: String,
    model_types: Vec<String>,
    architectures: Vec<String>,
    text: &'static str,
    family: OnceLock<Family>,
}

fn read_blocks(text: &str) -> Result<raw::Blocks, CatalogError> {
    raw::Blocks::read(text).map_err(|diagnostics| CatalogError {
        file: "blocks.toml".to_owned(),
        diagnostics,
    })
}

fn read_family(text: &str, blocks: &raw::Blocks) -> Result<Family, Vec<Diagnostic>> {
    compile::family(raw::RawFamily::read(text)?, blocks)
}

/// The strings of a list in the head of one of our files, which stands on one line.
fn listed(text: &str, key: &str) -> Vec<String> {
    let mut head = text.lines().take_while(|line| !line.starts_with('['));
    let line = head.find(|line| line.starts_with(key)).unwrap_or_default();
    let strings = line.split('"').skip(1).step_by(2);
    strings.map(str::to_owned).collect()
}

/// One catalog entry.
#[derive(Clone, Debug)]
pub(crate) struct Family {
    pub(crate) name: String,
    pub(crate) role: TowerRole,
    pub(crate) model_types: Vec<String>,
    pub(crate) architectures: Vec<String>,
    pub(crate) source: String,
    pub(crate) keys: Vec<Key>,
    pub(crate) checks: Vec<Check>,
    pub(crate) selects: Vec<Select>,
    /// Sizes that differ between layers, by name.
    pub(crate) varies: Vec<(String, Expression)>,
    pub(crate) depth: Expression,
    pub(crate) context: Option<Expression>,
    /// What passes the tower, when that is not text.
    pub(crate) input: Option<Input>,
    /// Name of the tower that its own operators make, beside its members.
    pub(crate) own: Option<String>,
    /// Entries inside this one, in forward order.
    pub(crate) members: Vec<Member>,
    pub(crate) stem: Vec<Step>,
    pub(crate) layer: Vec<Step>,
    pub(crate) tail: Vec<Step>,
}

/// What passes a tower, when that is not text.
#[derive(Clone, Debug)]
pub(crate) struct Input {
    pub(crate) modality: Modality,
    /// Positions for one input; none where they are tokens of text beside it.
    pub(crate) positions: Option<Expression>,
    /// The input, in words with `{key}` for values.
    pub(crate) described: String,
}

/// Another entry inside a composite one.
#[derive(Clone, Debug)]
pub(crate) struct Member {
    /// The tower's name.
    pub(crate) name: String,
    /// Where its keys may stand, first found; empty for beside the composite's own.
    pub(crate) at: Vec<String>,
    /// The entry, when the file does not name another.
    pub(crate) family: String,
    /// Model types that files write here, and the entries they are.
    pub(crate) types: Vec<(String, String)>,
    /// The class it is inside the composite; else the entry's first, less its head in a headless
    /// composite.
    pub(crate) class: Option<String>,
    pub(crate) when: Option<Expression>,
    /// Class defaults of the composite, by the names files use.
    pub(crate) defaults: Vec<(String, Expression)>,
    /// What the composite decides, by the names of the entry's keys.
    pub(crate) with: Vec<(String, Expression)>,
    /// Beginnings of tensor names, and what stands for them here, most usual first.
    pub(crate) renames: Vec<(String, Vec<String>)>,
}

/// A configuration key.
#[derive(Clone, Debug)]
pub(crate) struct Key {
    /// The name expressions use.
    pub(crate) name: String,
    /// The names files use, in the order they are looked for.
    pub(crate) names: Vec<String>,
    pub(crate) kind: KeyKind,
    /// The class default, over the keys before it.
    pub(crate) default: Expression,
    /// Does an explicit null mean the default?
    pub(crate) null_is_default: bool,
    /// Does an explicit null mean that there is none? If neither, null is refused.
    pub(crate) null_is_none: bool,
    /// Is its absence a reason to refuse?
    pub(crate) essential: bool,
    pub(crate) min: u64,
    pub(crate) max: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum KeyKind {
    Count,
    Flag,
    Text,
    List,
    /// One number for all layers, or a list with one for each.
    Each,
    /// A number with at most three decimals, as its thousandfold.
    Thousandths,
    /// A number, a string or a list of them: compared or measured, and no size.
    Any,
    /// A list of numbers with at most five decimals, each as its hundred-thousandfold.
    Fractions,
}

impl KeyKind {
    pub(crate) fn wanted(self) -> &'static str {
        match self {
            Self::Count => "a whole number",
            Self::Flag => "a boolean",
            Self::Text => "a string",
            Self::List => "a list of strings or whole numbers",
            Self::Thousandths => "a number with at most three decimals",
            Self::Fractions => "a list of numbers with at most five decimals",
            Self::Each => "a whole number, or a list with one for each layer",
            Self::Any => "a number, a string or a list of them",
        }
    }
}

/// A condition every configuration must meet.
#[derive(Clone, Debug)]
pub(crate) struct Check {
    pub(crate) that: Expression,
    pub(crate) says: String,
}

/// What sets layers apart: a condition over `layer`.
#[derive(Clone, Debug)]
pub(crate) struct Select {
    pub(crate) name: String,
    pub(crate) when: Expression,
    pub(crate) yes: String,
    pub(crate) no: String,
}

/// An operator to be, or several of them repeated.
#[derive(Clone, Debug)]
pub(crate) enum Step {
    One(Box<Template>),
    Repeat(Expression, Vec<Self>),
}

/// An operator with expressions for sizes.
#[derive(Clone, Debug)]
pub(crate) struct Template {
    pub(crate) name: String,
    pub(crate) part: Part,
    /// All must hold.
    pub(crate) when: Vec<Expression>,
    pub(crate) kind: KindTemplate,
    pub(crate) tensors: Vec<weigh_facts::TensorPattern>,
    pub(crate) reads: Vec<String>,
    pub(crate) writes: String,
}

/// [`OperatorKind`] with expressions for sizes.
#[derive(Clone, Debug)]
pub(crate) enum KindTemplate {
    Embedding {
        rows: Expression,
        width: Expression,
    },
    Linear {
        inputs: Expression,
        outputs: Expression,
        bias: Expression,
        copies: Expression,
        active: Expression,
        tied: Option<(Expression, String)>,
    },
    Conv {
        inputs: Expression,
        outputs: Expression,
        kernel: Vec<Expression>,
        groups: Expression,
        bias: Expression,
        positions: Expression,
    },
    Core {
        heads: Expression,
        d_qk: Expression,
        d_v: Expression,
        pairs: PairsTemplate,
        kv: Expression,
    },
    Scan {
        least: Expression,
        most: Expression,
        state: Expression,
    },
    Norm {
        width: Expression,
        bias: Expression,
    },
    Vector {
        elements: Expression,
    },
    Buffer {
        elements: Expression,
    },
}

/// [`Pairs`] with expressions for sizes; a window that is null is none.
#[derive(Clone, Debug)]
pub(crate) enum PairsTemplate {
    /// A window, and the positions that one entry stands for where blocks of them are seen.
    Causal(Expression, Expression),
    Full(Expression),
    Across(Expression),
    Blocks(Expression),
    CausalChunks(Expression),
}

impl PairsTemplate {
    fn instantiate(
        &self,
        names: &crate::expression::Names,
    ) -> Result<Pairs, crate::expression::EvalError> {
        Ok(match self {
            Self::Causal(window, block) => {
                match (window.count_or_null(names)?, block.count_or_null(names)?) {
                    (most, Some(size)) => Pairs::CausalBlocks { size, most },
                    (None, None) => Pairs::Causal,
                    (Some(width), None) => Pairs::CausalWindow { width },
                }
            }
            Self::Full(reach) => match reach.count_or_null(names)? {
                None => Pairs::Full,
                Some(reach) => Pairs::Window { reach },
            },
            Self::Across(keys) => Pairs::Across {
                keys: keys.count(names)?,
            },
            Self::CausalChunks(size) => match size.count_or_null(names)? {
                None => Pairs::Causal,
                Some(size) => Pairs::CausalChunks { size },
            },
            Self::Blocks(size) => match size.count_or_null(names)? {
                None => Pairs::Full,
                Some(size) => Pairs::Blocks { size },
            },
        })
    }
}

impl KindTemplate {
    /// Makes the operator's kind from the values of the names.
    pub(crate) fn instantiate(
        &self,
        names: &crate::expression::Names,
    ) -> Result<OperatorKind, crate::expression::EvalError> {
        Ok(match self {
            Self::Embedding { rows, width } => OperatorKind::Embedding {
                rows: rows.count(names)?,
                width: width.count(names)?,
            },
            Self::Linear {
                inputs,
                outputs,
                bias,
                copies,
                active,
                tied,
            } => OperatorKind::Linear {
                inputs: inputs.count(names)?,
                outputs: outputs.count(names)?,
                bias: bias.flag(names)?,
                copies: copies.count(names)?,
                active: active.count(names)?,
                tied_to: match tied {
                    Some((when, to)) if when.flag(names)? => Some(to.clone()),
                    _ => None,
                },
            },
            Self::Conv {
                inputs,
                outputs,
                kernel,
                groups,
                bias,
                positions,
            } => OperatorKind::Conv {
                inputs: inputs.count(names)?,
                outputs: outputs.count(names)?,
                kernel: kernel
                    .iter()
                    .map(|side| side.count(names))
                    .collect::<Result<_, _>>()?,
                groups: groups.count(names)?,
                bias: bias.flag(names)?,
                positions: positions.count(names)?,
            },
            Self::Core {
                heads,
                d_qk,
                d_v,
                pairs,
                kv,
            } => OperatorKind::Core {
                heads: heads.count(names)?,
                d_qk: d_qk.count(names)?,
                d_v: d_v.count(names)?,
                pairs: pairs.instantiate(names)?,
                kv_elements: kv.count(names)?,
            },
            Self::Scan { least, most, state } => OperatorKind::Scan {
                least: least.count(names)?,
                most: most.count(names)?,
                state: state.count(names)?,
            },
            Self::Norm { width, bias } => OperatorKind::Norm {
                width: width.count(names)?,
                bias: bias.flag(names)?,
            },
            Self::Vector { elements } => OperatorKind::Vector {
                elements: elements.count(names)?,
            },
            Self::Buffer { elements } => OperatorKind::Buffer {
                elements: elements.count(names)?,
            },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_shipped_file_reads_and_its_head_is_what_it_holds() {
        let read = Catalog::shipped_in_full().unwrap();
        for (entry, (file, text)) in read.entries.iter().zip(FAMILIES) {
            assert_eq!(listed(text, "name"), [entry.name.as_str()], "{file}");
            assert_eq!(listed(text, "model_types"), entry.model_types, "{file}");
            assert_eq!(listed(text, "architectures"), entry.architectures, "{file}");
        }
        assert_eq!(read.entries.len(), FAMILIES.len());
    }
}
