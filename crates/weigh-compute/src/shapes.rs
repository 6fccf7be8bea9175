//! An architecture from tensor shapes alone, when no configuration is understood.
//!
//! Parameters are exact. What the tensors are used for is read from their names only where
//! names are unmistakable: lookups (`embed`, `wte`) and experts. Everything else is
//! [`OperatorKind::Unknown`], which no bound counts: it may be a lookup under another name, a
//! tail outside the model class, or an expert that no token passes.
//!
//! - **Limit:** how many experts a token passes is not in the shapes; the count has none, and
//!   operations are bounded below by zero and not bounded above.
//! - **Limit:** experts packed into one matrix without an axis of their own are of unknown use.

use std::collections::BTreeMap;

use weigh_facts::{
    Architecture, LayerGroup, Operator, OperatorKind, Part, Positions, TensorPattern, TensorSeen,
    Tower, TowerRole, Wire,
};

/// The family name of an architecture made from shapes.
pub const TENSOR_SHAPES: &str = "tensor-shapes";

const REASON: &str = "no catalog entry: known by its shape alone";

/// Builds an architecture of the family `tensor-shapes` from what headers describe.
///
/// Only tensors of floating types count; integer tensors may be packed weights or bookkeeping,
/// and a model that holds any has more learned values than this says.
#[must_use]
pub fn from_tensors(tensors: &[TensorSeen]) -> Architecture {
    let mut stem = Vec::new();
    let mut tail = Vec::new();
    let mut experts: BTreeMap<(String, [u64; 2]), u64> = BTreeMap::new();
    for tensor in tensors.iter().filter(|t| t.dtype.is_float()) {
        if let Some((pattern, shape, copies)) = experts_in(tensor) {
            let sum = experts.entry((pattern, shape)).or_default();
            *sum = sum.saturating_add(copies);
        } else if let Some(operator) = lookup(tensor) {
            stem.push(operator);
        } else {
            tail.push(other(tensor));
        }
    }
    let groups = layers(experts);
    Architecture {
        family: TENSOR_SHAPES.to_owned(),
        declared: None,
        towers: vec![Tower {
            name: "all".to_owned(),
            role: TowerRole::Decoder,
            positions: Positions::Tokens,
            stem,
            depth: groups.len() as u64,
            groups,
            tail,
        }],
        defaulted: Vec::new(),
        context_tokens: None,
        source: "tensor names and shapes".to_owned(),
    }
}

/// One group for each place where experts stand, in the order of the names.
fn layers(experts: BTreeMap<(String, [u64; 2]), u64>) -> Vec<LayerGroup> {
    let mut places: BTreeMap<String, Vec<Operator>> = BTreeMap::new();
    for ((pattern, shape), copies) in experts {
        let place = place(&pattern);
        let operators = places.entry(place.to_owned()).or_default();
        operators.push(expert(pattern, shape, copies));
    }
    let numbered = (0_u64..).zip(places);
    numbered
        .map(|(layer, (name, operators))| LayerGroup {
            name,
            layers: vec![layer],
            operators,
        })
        .collect()
}

/// What stands before the experts of one layer, in GGUF files before its feed-forward.
fn place(pattern: &str) -> &str {
    let before = pattern.split_once("experts");
    let before = before.or_else(|| pattern.split_once("ffn_"));
    before.map_or(pattern, |(place, _)| place)
}

/// The experts a tensor holds: one that is numbered, or a stack of them along the first axis.
/// Their pattern, the shape of one, and how many.
fn experts_in(tensor: &TensorSeen) -> Option<(String, [u64; 2], u64)> {
    let has_experts = tensor.name.contains("experts") || tensor.name.contains("_exps.");
    if !has_experts || tensor.name.contains("shared_experts") {
        return None;
    }
    match (expert_of(&tensor.name), tensor.shape.as_slice()) {
        (Some(pattern), [outputs, inputs]) => Some((pattern, [*outputs, *inputs], 1)),
        (None, [copies, outputs, rest @ ..]) if !rest.is_empty() => {
            let inputs = rest.iter().try_fold(1_u64, |n, side| n.checked_mul(*side));
            Some((tensor.name.clone(), [*outputs, inputs?], *copies))
        }
        // One row of biases for each expert.
        (None, [copies, width]) if tensor.name.ends_with("bias") => {
            Some((tensor.name.clone(), [*width, 1], *copies))
        }
        _ => None,
    }
}

/// The name with its expert's index replaced, if it has one: `…experts.{expert}.w1`.
fn expert_of(name: &str) -> Option<String> {
    let module = name.strip_suffix(".weight").unwrap_or(name);
    let (before, after) = module.split_once("experts.")?;
    let (index, rest) = after.split_once('.')?;
    let numbered = !index.is_empty() && index.bytes().all(|b| b.is_ascii_digit());
    numbered.then(|| format!("{before}experts.{{expert}}.{rest}"))
}

/// Last parts of module names that are lookups in every library we know.
const LOOKUPS: [&str; 12] = [
    "embed_tokens",
    "wte",
    "wpe",
    "embed_in",
    "word_embeddings",
    "position_embeddings",
    "token_type_embeddings",
    "embed_positions",
    "tok_embeddings",
    "token_embd",
    "position_embd",
    "token_types",
];

fn lookup(tensor: &TensorSeen) -> Option<Operator> {
    let module = tensor.name.strip_suffix(".weight")?;
    let last = module.rsplit('.').next()?;
    let [rows, width] = tensor.shape.as_slice() else {
        return None;
    };
    if !LOOKUPS.contains(&last) {
        return None;
    }
    let tokens = matches!(
        last,
        "embed_tokens" | "wte" | "embed_in" | "word_embeddings" | "tok_embeddings" | "token_embd"
    );
    let kind = OperatorKind::Embedding {
        rows: *rows,
        width: *width,
    };
    let part = if tokens {
        Part::InputEmbedding
    } else {
        Part::OtherEmbedding
    };
    Some(operator(module, part, kind, false))
}

fn expert(pattern: String, [outputs, inputs]: [u64; 2], copies: u64) -> Operator {
    let kind = OperatorKind::Linear {
        inputs,
        outputs,
        bias: false,
        copies,
        active: 0,
        tied_to: None,
    };
    let stacked = !pattern.contains("{expert}");
    operator(&pattern, Part::RoutedExpert, kind, stacked)
}

fn other(tensor: &TensorSeen) -> Operator {
    if tensor.shape.len() < 2 {
        let kind = OperatorKind::Vector {
            elements: tensor.elements,
        };
        return operator(&tensor.name, Part::Norm, kind, true);
    }
    let kind = OperatorKind::Unknown {
        parameters: tensor.elements,
        reason: REASON.to_owned(),
    };
    operator(&tensor.name, Part::DenseMlp, kind, true)
}

fn operator(name: &str, part: Part, kind: OperatorKind, stacked: bool) -> Operator {
    Operator {
        name: name.to_owned(),
        part,
        kind,
        tensors: vec![TensorPattern {
            name: name.to_owned(),
            stacked,
        }],
        reads: vec![Wire(Wire::STREAM.to_owned())],
        writes: Wire(Wire::STREAM.to_owned()),
    }
}
