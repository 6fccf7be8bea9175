//! Does a model hold the tensors its configuration promises, and only those?
//!
//! The architecture says which tensors there must be and how large; the headers say which there
//! are. Known differences are explained by name (buffers, scales of quantized weights, copies of
//! tied weights, the multi-token-prediction tail); what stays unexplained is a conflict.
//!
//! - **Invariant:** a packed format this module cannot unpack is `Unknown`, never a conflict and
//!   never agreement.
//! - **Invariant:** linear in the number of tensors.

use std::collections::{BTreeMap, HashMap, HashSet};

use weigh_facts::{Architecture, Dtype, Operator, OperatorKind, Part, TensorSeen};

/// How a stored tensor stands for learned values, as far as the readers found out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct QuantizationHints {
    /// Name of the method, if a configuration names one: `fp8`, `mxfp4`, `gptq`, `bitsandbytes`.
    pub method: Option<String>,
    /// Bits per packed weight, if a configuration says.
    pub bits: Option<u64>,
}

/// Do configuration and headers agree?
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum HeaderVerdict {
    /// Every tensor promised is there with its shape, and no other.
    Agree,
    /// They differ in ways that are understood.
    AgreeWithExplanation,
    /// They differ.
    Conflict,
    /// Weights are packed in a way that is not covered here.
    Unknown,
}

/// A difference that is understood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Explained {
    /// Why: `scales of quantized weights`.
    pub what: &'static str,
    /// Tensors it covers.
    pub tensors: u64,
    /// Stored elements it covers.
    pub elements: u64,
}

/// Configuration and headers compared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeaderMatch {
    /// Elements of all tensors as stored.
    pub stored_elements: u64,
    /// Learned values of the class that the tensors hold, packed ones unpacked.
    pub logical_elements: u64,
    /// Tensors that are what the architecture promises.
    pub matched: u64,
    /// Differences that are understood, by explanation.
    pub explained: Vec<Explained>,
    /// Promised tensors that are not there or have another shape, at most [`LISTED_MAX`].
    pub unexplained_missing: Vec<String>,
    /// Tensors nobody promised, at most [`LISTED_MAX`].
    pub unexplained_extra: Vec<String>,
    /// How many there are of the last two together.
    pub unexplained: u64,
    /// The answer.
    pub verdict: HeaderVerdict,
}

/// Names listed at most, so that a hostile header cannot fill a report.
pub const LISTED_MAX: usize = 50;

const MTP: &str = "multi-token-prediction layers, stored with the model but not part of its class";
const BUFFERS: &str = "buffers that are no learned parameters";
const SCALES: &str = "scales and zero points of quantized weights";
const TIED: &str = "copies of tied weights";
const PACKED: &str = "packed weights, several to a stored element";
const FUSED: &str = "weights stored together";

/// Compares what an architecture promises with the tensors that are there.
///
/// Limits: a weight matches in either orientation (GPT-2 stores inputs first); tensors that hold
/// all experts are compared by their size, not their shape.
#[must_use]
pub fn match_headers(
    architecture: &Architecture,
    tensors: &[TensorSeen],
    hints: &QuantizationHints,
) -> HeaderMatch {
    let mut matcher = Matcher::new(tensors, hints);
    for tower in &architecture.towers {
        for operator in &tower.stem {
            matcher.operator(operator, None);
        }
        for group in &tower.groups {
            for layer in &group.layers {
                for operator in &group.operators {
                    matcher.operator(operator, Some(*layer));
                }
            }
        }
        for operator in &tower.tail {
            matcher.operator(operator, None);
        }
    }
    matcher.finish(tensors)
}

struct Matcher<'a> {
    by_name: HashMap<&'a str, &'a TensorSeen>,
    hints: &'a QuantizationHints,
    used: HashSet<&'a str>,
    /// Stacked tensors that hold several operators: elements claimed so far, and the unpacked size.
    shared: BTreeMap<&'a str, (u64, u64, bool)>,
    explained: BTreeMap<&'static str, (u64, u64)>,
    missing: Vec<String>,
    n_missing: u64,
    matched: u64,
    logical: u64,
    packed_unknown: bool,
    /// Suffixes of bookkeeping that occur at all, so that the rest is not looked for.
    bookkeeping: Vec<&'static str>,
}

/// What stands beside a quantized weight, after the name of its module.
const BOOKKEEPING: [&str; 18] = [
    ".weight_scale_inv",
    ".weight_scale",
    ".weight_scale_2",
    ".input_scale",
    ".scales",
    ".biases",
    ".qzeros",
    ".g_idx",
    ".weight_zero_point",
    ".weight_shape",
    ".weight_g_idx",
    ".weight.absmax",
    ".weight.quant_map",
    ".weight.nested_absmax",
    ".weight.nested_quant_map",
    ".weight.quant_state.bitsandbytes__nf4",
    ".weight.quant_state.bitsandbytes__fp4",
    ".SCB",
];

/// First parts of names that a model saved without its head lacks.
const BASE_PREFIXES: [&str; 4] = ["model.", "transformer.", "bert.", "gpt_neox."];

/// What one operator wants of one tensor.
struct Wanted {
    /// Name without suffix, alternatives in order.
    names: Vec<String>,
    suffixes: &'static [&'static str],
    shape: Vec<u64>,
    elements: u64,
    required: bool,
}

impl<'a> Matcher<'a> {
    fn new(tensors: &'a [TensorSeen], hints: &'a QuantizationHints) -> Self {
        Self {
            by_name: tensors.iter().map(|t| (t.name.as_str(), t)).collect(),
            hints,
            used: HashSet::with_capacity(tensors.len()),
            shared: BTreeMap::new(),
            explained: BTreeMap::new(),
            missing: Vec::new(),
            n_missing: 0,
            matched: 0,
            logical: 0,
            packed_unknown: false,
            bookkeeping: BOOKKEEPING
                .into_iter()
                .filter(|s| tensors.iter().any(|t| t.name.ends_with(s)))
                .collect(),
        }
    }

    fn find(&self, name: &str) -> Option<&'a TensorSeen> {
        self.by_name.get(name).copied().or_else(|| {
            let prefix = BASE_PREFIXES.iter().find(|p| name.starts_with(**p))?;
            self.by_name.get(name.strip_prefix(prefix)?).copied()
        })
    }

    fn explain(&mut self, what: &'static str, elements: u64) {
        let entry = self.explained.entry(what).or_default();
        entry.0 += 1;
        entry.1 = entry.1.saturating_add(elements);
    }

    fn miss(&mut self, name: String) {
        self.n_missing += 1;
        if self.missing.len() < LISTED_MAX {
            self.missing.push(name);
        }
    }

    fn operator(&mut self, operator: &Operator, layer: Option<u64>) {
        let is_mtp = operator.part == Part::MultiTokenPrediction;
        match &operator.kind {
            OperatorKind::Linear { copies, .. }
                if *copies > 1 || operator.tensors.iter().any(|t| t.name.contains("{expert}")) =>
            {
                self.experts(operator, layer, *copies);
            }
            OperatorKind::Buffer { .. } => self.buffer(operator, layer, is_mtp),
            _ => {
                let names = paths(operator, layer, None, false);
                self.plain(operator, names, is_mtp);
            }
        }
    }

    fn buffer(&mut self, operator: &Operator, layer: Option<u64>, is_mtp: bool) {
        for name in paths(operator, layer, None, true) {
            if let Some(tensor) = self.find(&name) {
                self.used.insert(&tensor.name);
                self.explain(if is_mtp { MTP } else { BUFFERS }, tensor.elements);
            }
        }
    }

    /// One operator with tensors of its own: a weight and perhaps a bias.
    fn plain(&mut self, operator: &Operator, names: Vec<String>, is_mtp: bool) {
        let tied = matches!(
            &operator.kind,
            OperatorKind::Linear {
                tied_to: Some(_),
                ..
            }
        );
        if let OperatorKind::Vector { elements } = &operator.kind {
            let stacked = operator.tensors.iter().any(|t| t.stacked);
            let suffixes: &[&str] = if stacked { &[""] } else { &[".weight"] };
            self.want(Wanted::new(names, suffixes, vec![*elements]), tied, is_mtp);
            return;
        }
        let (shape, bias, width): (Vec<u64>, bool, u64) = match &operator.kind {
            OperatorKind::Linear {
                inputs,
                outputs,
                bias,
                ..
            } => (vec![*outputs, *inputs], *bias, *outputs),
            OperatorKind::Embedding { rows, width } => (vec![*rows, *width], false, 0),
            OperatorKind::Norm { width, bias } => (vec![*width], *bias, *width),
            OperatorKind::Unknown { parameters, .. } => (vec![*parameters], false, 0),
            _ => return,
        };
        let is_norm = matches!(operator.kind, OperatorKind::Norm { .. });
        let bare = matches!(operator.kind, OperatorKind::Unknown { .. });
        let suffixes: &[&str] = match (is_norm, bare) {
            (true, _) => &[".weight", ".gamma"],
            (_, true) => &[""],
            _ => &[".weight"],
        };
        self.want(Wanted::new(names.clone(), suffixes, shape), tied, is_mtp);
        if bias {
            let suffixes: &[&str] = if is_norm {
                &[".bias", ".beta"]
            } else {
                &[".bias"]
            };
            self.want(Wanted::new(names, suffixes, vec![width]), false, is_mtp);
        }
    }

    fn want(&mut self, wanted: Wanted, tied: bool, is_mtp: bool) {
        let found = wanted.names.iter().find_map(|name| {
            let mut suffixes = wanted.suffixes.iter();
            suffixes.find_map(|s| Some((name, self.find(&format!("{name}{s}"))?)))
        });
        let Some((module, tensor)) = found else {
            if wanted.required && !self.quantized(&wanted, is_mtp) && !tied && !is_mtp {
                let name = wanted.names.first().cloned().unwrap_or_default();
                let suffix = wanted.suffixes.first().copied().unwrap_or_default();
                self.miss(format!("{name}{suffix}"));
            }
            return;
        };
        let module = module.clone();
        self.scales(&module);
        let fits = self.fits(tensor, &wanted);
        self.copies(&wanted, tensor);
        match fits {
            Fit::Wrong => self.miss(format!(
                "{} is {:?}, and should be {:?}",
                tensor.name, tensor.shape, wanted.shape
            )),
            Fit::Unknown => {
                self.used.insert(&tensor.name);
                self.packed_unknown = true;
            }
            Fit::Exact | Fit::Packed => {
                let fresh = self.used.insert(&tensor.name);
                if is_mtp {
                    self.explain(MTP, tensor.elements);
                } else if tied {
                    if fresh {
                        self.explain(TIED, tensor.elements);
                    }
                } else {
                    self.matched += 1;
                    self.logical = self.logical.saturating_add(wanted.elements);
                    if fits == Fit::Packed {
                        self.explain(PACKED, tensor.elements);
                    }
                }
            }
        }
    }

    /// The same weight under its other names: BERT stores its output bias twice.
    fn copies(&mut self, wanted: &Wanted, kept: &TensorSeen) {
        for name in &wanted.names {
            for suffix in wanted.suffixes {
                let other = self.find(&format!("{name}{suffix}"));
                let other = other.filter(|t| t.name != kept.name && t.shape == kept.shape);
                if let Some(tensor) = other
                    && self.used.insert(&tensor.name)
                {
                    self.explain(TIED, tensor.elements);
                }
            }
        }
    }

    /// Either orientation, and packed forms whose unpacked size is certain.
    fn fits(&self, tensor: &TensorSeen, wanted: &Wanted) -> Fit {
        let (shape, elements) = (wanted.shape.as_slice(), wanted.elements);
        let reversed = || tensor.shape.iter().rev().eq(shape.iter());
        let is_container = !tensor.dtype.is_float() && tensor.dtype != Dtype::I8;
        if !is_container {
            // A sub-byte float is two values to a byte, but its header counts values.
            let any_shape = wanted.suffixes == [""];
            // A convolution over single channels has an axis of one between them and its width.
            let same = tensor.shape == shape
                || (tensor.elements == elements
                    && (any_shape || reversed() || squeezed(&tensor.shape).eq(shape)));
            return if same { Fit::Exact } else { Fit::Wrong };
        }
        // Without a word on the format, bytes of half the size hold 4-bit values.
        let nibbles = self.hints.bits.is_none() && tensor.dtype == Dtype::U8;
        let halves = nibbles && tensor.elements.checked_mul(2) == Some(elements);
        if halves || self.unpacked(tensor) == Some(elements) {
            return Fit::Packed;
        }
        Fit::Unknown
    }

    /// Scales that stand beside a quantized weight.
    fn scales(&mut self, module: &str) {
        for suffix in self.bookkeeping.clone() {
            if let Some(tensor) = self.find(&format!("{module}{suffix}"))
                && self.used.insert(&tensor.name)
            {
                self.explain(SCALES, tensor.elements);
            }
        }
    }

    /// A weight that is only there in a packed form under another name.
    fn quantized(&mut self, wanted: &Wanted, is_mtp: bool) -> bool {
        for name in &wanted.names {
            for suffix in [".qweight", ".weight_packed"] {
                let Some(packed) = self.find(&format!("{name}{suffix}")) else {
                    continue;
                };
                self.used.insert(&packed.name);
                self.scales(name);
                if is_mtp {
                    self.explain(MTP, packed.elements);
                } else if self.unpacked(packed) == Some(wanted.elements) {
                    self.matched += 1;
                    self.logical = self.logical.saturating_add(wanted.elements);
                    self.explain(PACKED, packed.elements);
                } else {
                    self.packed_unknown = true;
                }
                return true;
            }
        }
        false
    }

    /// Values in a container, if the width of a value is known.
    fn unpacked(&self, tensor: &TensorSeen) -> Option<u64> {
        let bits = self.hints.bits?;
        tensor
            .dtype
            .bytes_for(tensor.elements)?
            .checked_mul(8)?
            .checked_div(bits)
    }

    /// Copies of one operator: one tensor each, or one that holds them all.
    fn experts(&mut self, operator: &Operator, layer: Option<u64>, copies: u64) {
        let is_mtp = operator.part == Part::MultiTokenPrediction;
        let stacked = paths(operator, layer, None, true);
        for name in &stacked {
            if self.stacked(operator, name, copies, is_mtp) {
                return;
            }
        }
        let has_single = operator.tensors.iter().any(|t| !t.stacked);
        if !has_single {
            for name in stacked.into_iter().take(1) {
                if !is_mtp {
                    self.miss(name);
                }
            }
            return;
        }
        for expert in 0..copies {
            let names = paths(operator, layer, Some(expert), false);
            self.plain(operator, names, is_mtp);
        }
    }

    /// All copies in one tensor, perhaps with those of another operator, perhaps packed.
    fn stacked(&mut self, operator: &Operator, name: &str, copies: u64, is_mtp: bool) -> bool {
        let OperatorKind::Linear {
            inputs,
            outputs,
            bias,
            ..
        } = &operator.kind
        else {
            return false;
        };
        let product = u64::saturating_mul;
        let claim = product(product(*inputs, *outputs), copies);
        let whole = self.find(name);
        let blocks = self.find(&format!("{name}_blocks"));
        let Some((tensor, packed)) = whole.map(|t| (t, false)).or(blocks.map(|t| (t, true))) else {
            return false;
        };
        let capacity = if packed {
            product(tensor.elements, 2)
        } else {
            tensor.elements
        };
        self.used.insert(&tensor.name);
        let share = self
            .shared
            .entry(&tensor.name)
            .or_insert((0, capacity, packed));
        let first = share.0 == 0;
        share.0 = share.0.saturating_add(claim);
        if !is_mtp {
            self.logical = self.logical.saturating_add(claim);
        }
        if first {
            if is_mtp {
                self.explain(MTP, tensor.elements)
            } else {
                self.matched += 1
            }
            if packed {
                self.explain(PACKED, tensor.elements);
            }
        } else {
            self.explain(FUSED, 0);
        }
        for suffix in ["_scales", "_scale", "_scale_inv"] {
            if let Some(scales) = self.find(&format!("{name}{suffix}"))
                && self.used.insert(&scales.name)
            {
                self.explain(SCALES, scales.elements);
            }
        }
        if *bias {
            let names = vec![format!("{name}_bias")];
            self.want(
                Wanted::new(names, &[""], vec![copies, *outputs]),
                false,
                is_mtp,
            );
        }
        true
    }

    fn finish(mut self, tensors: &[TensorSeen]) -> HeaderMatch {
        let overfull: Vec<String> = self
            .shared
            .iter()
            .filter(|(_, (claimed, capacity, _))| claimed != capacity)
            .map(|(name, (claimed, capacity, _))| {
                format!("{name} holds {capacity} values, and should hold {claimed}")
            })
            .collect();
        for message in overfull {
            self.miss(message);
        }
        let mut extra: Vec<&str> = Vec::new();
        let mut n_extra = 0;
        let mut stored = 0_u64;
        for tensor in tensors {
            stored = stored.saturating_add(tensor.elements);
            if self.used.contains(tensor.name.as_str()) {
                continue;
            }
            if tensor.dtype == Dtype::F8_E8M0 {
                self.explain(SCALES, tensor.elements);
                continue;
            }
            n_extra += 1;
            extra.push(&tensor.name);
        }
        extra.sort_unstable();
        let unexplained = self.n_missing + n_extra;
        let trivial = |what: &str| what == FUSED;
        let verdict = if self.packed_unknown {
            HeaderVerdict::Unknown
        } else if unexplained > 0 {
            HeaderVerdict::Conflict
        } else if self.explained.keys().all(|w| trivial(w)) {
            HeaderVerdict::Agree
        } else {
            HeaderVerdict::AgreeWithExplanation
        };
        let explained = self.explained.into_iter();
        HeaderMatch {
            stored_elements: stored,
            logical_elements: self.logical,
            matched: self.matched,
            explained: explained
                .filter(|(what, _)| !trivial(what))
                .map(|(what, (tensors, elements))| Explained {
                    what,
                    tensors,
                    elements,
                })
                .collect(),
            unexplained_missing: self.missing,
            unexplained_extra: extra
                .into_iter()
                .take(LISTED_MAX)
                .map(str::to_owned)
                .collect(),
            unexplained,
            verdict,
        }
    }
}

/// A shape without its axes of one.
fn squeezed(shape: &[u64]) -> impl Iterator<Item = &u64> {
    shape.iter().filter(|side| **side != 1)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Fit {
    Exact,
    Packed,
    Unknown,
    Wrong,
}

impl Wanted {
    fn new(names: Vec<String>, suffixes: &'static [&'static str], shape: Vec<u64>) -> Self {
        let product = shape.iter().try_fold(1_u64, |n, d| n.checked_mul(*d));
        Self {
            required: !names.is_empty(),
            names,
            suffixes,
            elements: product.unwrap_or(u64::MAX),
            shape,
        }
    }
}

/// The names an operator's tensors may have, indices filled in.
fn paths(
    operator: &Operator,
    layer: Option<u64>,
    expert: Option<u64>,
    stacked: bool,
) -> Vec<String> {
    let bare = matches!(
        operator.kind,
        OperatorKind::Vector { .. } | OperatorKind::Unknown { .. }
    );
    let patterns = operator
        .tensors
        .iter()
        .filter(|t| t.stacked == stacked || bare);
    patterns
        .map(|pattern| {
            let mut name = pattern.name.clone();
            if let Some(layer) = layer {
                name = name.replace("{layer}", &layer.to_string());
            }
            if let Some(expert) = expert {
                name = name.replace("{expert}", &expert.to_string());
            }
            name
        })
        .collect()
}
