//! Primitive operators: the one list from which parameters, operations, the frozen-weight walk,
//! the KV cache and header matching all derive.

use crate::Parameters;

/// A named value that flows between operators of one layer or stem: `x`, `normed`, `q`.
/// `x` is the residual stream. An operator whose output wire already holds something adds to it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Wire(pub String);

impl Wire {
    /// The residual stream, which joins layers.
    pub const STREAM: &'static str = "x";
}

/// What part of a model an operator belongs to: the parameter views are sums over these.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Part {
    /// Token embedding: a lookup, no matrix multiplication.
    InputEmbedding,
    /// Learned position, type and other lookups.
    OtherEmbedding,
    /// Projections and core of attention.
    Attention,
    /// Feed-forward of a dense layer.
    DenseMlp,
    /// Chooses the experts.
    Router,
    /// Experts that only chosen tokens pass.
    RoutedExpert,
    /// Experts that every token passes.
    SharedExpert,
    /// Normalization.
    Norm,
    /// The output projection to the vocabulary.
    Head,
    /// Pooler and other heads that are not the vocabulary.
    Pooler,
    /// Multi-token-prediction tail: stored with the model, not part of its class.
    MultiTokenPrediction,
}

/// Names of the tensors that hold an operator's weights.
///
/// `{layer}` and `{expert}` stand for indices; `.weight` and `.bias` are not part of the pattern.
/// A fused tensor (`gate_up_proj`) belongs to one operator of the fused size.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct TensorPattern {
    /// Pattern of the module name: `model.layers.{layer}.self_attn.q_proj`.
    pub name: String,
    /// Is the weight a bare tensor without a `.weight` suffix, all copies stacked in one?
    pub stacked: bool,
}

/// One primitive operator.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Operator {
    /// Its name inside the layer: `q_proj`. Adapters name their targets by it.
    pub name: String,
    /// The part of the model it belongs to.
    pub part: Part,
    /// What it computes.
    pub kind: OperatorKind,
    /// Tensor names it may be stored under, most usual first. Empty if it stores nothing.
    pub tensors: Vec<TensorPattern>,
    /// Wires it reads, in the order of its operands.
    pub reads: Vec<Wire>,
    /// The wire it writes.
    pub writes: Wire,
}

/// What a primitive operator computes. Sizes are exact and per token unless said otherwise.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum OperatorKind {
    /// A lookup of one row per token: no counted operations forward.
    Embedding {
        /// Rows of the table.
        rows: u64,
        /// Width of a row.
        width: u64,
    },
    /// A matrix multiplication, 2 × inputs × outputs operations per token and active copy.
    Linear {
        /// Input width.
        inputs: u64,
        /// Output width.
        outputs: u64,
        /// Does it add a learned vector?
        bias: bool,
        /// How many of them exist: experts. At least 1.
        copies: u64,
        /// How many of them one token passes: the top-k. At most `copies`.
        active: u64,
        /// The operator whose weight this one shares, so that it is stored and counted once.
        tied_to: Option<String>,
    },
    /// Attention scores and weighted values: 2 × heads × (d_qk + d_v) operations per pair.
    Core {
        /// Query heads.
        heads: u64,
        /// Width of a query-key product.
        d_qk: u64,
        /// Width of a value.
        d_v: u64,
        /// Which pairs of positions meet.
        pairs: Pairs,
        /// Elements kept per token for later tokens: the KV cache of this layer.
        kv_elements: u64,
    },
    /// A recurrence over the sequence that keeps a state of fixed size: a state space, linear
    /// attention. No convention says which of its forms is counted (step by step, or in chunks of
    /// matrices), so its operations per token are a range.
    Scan {
        /// Operations per token of the form that takes the fewest.
        least: u64,
        /// Operations per token of the form that takes the most.
        most: u64,
        /// Elements of the state, kept once for each sequence.
        state: u64,
    },
    /// Normalization: learned scale and shift, no counted operations.
    Norm {
        /// Learned scales.
        width: u64,
        /// Does it add a learned vector of the same width?
        bias: bool,
    },
    /// A learned vector that is neither of the above: attention sinks, a scalar gate.
    Vector {
        /// Learned values.
        elements: u64,
    },
    /// Stored values that are no learned parameters of the class: a correction bias, inverse
    /// frequencies. They explain a header that holds more than the class counts.
    Buffer {
        /// Stored values.
        elements: u64,
    },
    /// Weights whose use is not known: parameters are exact, operations have an open upper bound.
    Unknown {
        /// Learned values.
        parameters: u64,
        /// Why it is unknown.
        reason: String,
    },
}

impl Operator {
    /// Learned values stored for this operator, all copies; zero when its weight is tied.
    /// Nothing on overflow.
    #[must_use]
    pub fn parameters(&self) -> Option<Parameters> {
        let OperatorKind::Linear {
            copies,
            tied_to: None,
            ..
        } = &self.kind
        else {
            return self.parameters_once();
        };
        self.parameters_once()?
            .0
            .checked_mul(*copies)
            .map(Parameters)
    }

    /// Learned values one token passes; zero when the weight is tied.
    #[must_use]
    pub fn active_parameters(&self) -> Option<Parameters> {
        let OperatorKind::Linear {
            active,
            tied_to: None,
            ..
        } = &self.kind
        else {
            return self.parameters_once();
        };
        self.parameters_once()?
            .0
            .checked_mul(*active)
            .map(Parameters)
    }

    fn parameters_once(&self) -> Option<Parameters> {
        let count = match &self.kind {
            OperatorKind::Embedding { rows, width } => rows.checked_mul(*width)?,
            OperatorKind::Linear {
                inputs,
                outputs,
                bias,
                tied_to,
                ..
            } => {
                let weight = if tied_to.is_some() {
                    0
                } else {
                    inputs.checked_mul(*outputs)?
                };
                weight.checked_add(if *bias { *outputs } else { 0 })?
            }
            OperatorKind::Norm { width, bias } => width.checked_mul(1 + u64::from(*bias))?,
            OperatorKind::Vector { elements } => *elements,
            OperatorKind::Unknown { parameters, .. } => *parameters,
            OperatorKind::Core { .. } | OperatorKind::Scan { .. } | OperatorKind::Buffer { .. } => {
                0
            }
        };
        Some(Parameters(count))
    }
}

/// Which pairs of positions meet in one sequence of attention.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Pairs {
    /// Every position sees all: encoders.
    Full,
    /// Every position sees itself and what came before.
    Causal,
    /// Every position sees itself and the `width - 1` before it.
    CausalWindow {
        /// Positions seen, itself included.
        width: u64,
    },
}

/// How pairs are counted. Stored with every number.
///
/// Source: PaLM (Chowdhery et al. 2022, appendix B) counts the full square; Megatron-LM halves it;
/// the algorithm needs s(s+1)/2.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AttentionConvention {
    /// The pairs the algorithm needs: s(s+1)/2 for causal attention, exact windows.
    CausalExact,
    /// Every pair of the square, whatever the mask: what framework counters report.
    Full,
}

impl AttentionConvention {
    /// The name used in output.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::CausalExact => "causal-exact",
            Self::Full => "full",
        }
    }
}

impl Pairs {
    /// Pairs in one sequence of `length` tokens. Nothing on overflow.
    ///
    /// Limits: one document per sequence; packed documents are counted one by one by the caller.
    #[must_use]
    pub fn count(self, length: u64, convention: AttentionConvention) -> Option<u128> {
        let s = u128::from(length);
        let square = s.checked_mul(s)?;
        if convention == AttentionConvention::Full {
            return Some(square);
        }
        let triangle = |n: u128| n.checked_mul(n.checked_add(1)?).map(|t| t / 2);
        match self {
            Self::Full => Some(square),
            Self::Causal => triangle(s),
            Self::CausalWindow { width } => {
                let w = u128::from(width);
                if s <= w {
                    return triangle(s);
                }
                // The first w positions see a triangle, each later one sees w.
                triangle(w)?.checked_add(w.checked_mul(s - w)?)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn window_pairs_equal_a_count_by_hand() {
        for s in 0..40_u64 {
            for w in 1..45_u64 {
                let by_hand: u64 = (1..=s).map(|position| position.min(w)).sum();
                let pairs = Pairs::CausalWindow { width: w };
                assert_eq!(
                    pairs.count(s, AttentionConvention::CausalExact),
                    Some(by_hand.into())
                );
            }
        }
    }

    #[test]
    fn a_window_as_wide_as_the_sequence_is_plain_causal() {
        let exact = AttentionConvention::CausalExact;
        assert_eq!(
            Pairs::CausalWindow { width: 96 }.count(96, exact),
            Pairs::Causal.count(96, exact)
        );
        assert_eq!(Pairs::Causal.count(8192, exact), Some(8192 * 8193 / 2));
        assert_eq!(
            Pairs::Causal.count(96, AttentionConvention::Full),
            Some(96 * 96)
        );
        assert_eq!(
            Pairs::Full.count(u64::MAX, exact),
            Some(u128::from(u64::MAX).pow(2))
        );
    }
}
