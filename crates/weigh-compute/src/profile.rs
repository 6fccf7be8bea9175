//! Operations as a function of tokens and sequence length.
//!
//! One walk over the operators of an architecture gives an [`OperationProfile`]: operations per
//! token, and operations per pair of positions for each kind of attention. Everything else
//! (bounds, break-even lengths, stages) is arithmetic on that profile.
//!
//! - **Counted:** matrix multiplications and attention, one multiply-add as two operations.
//! - **Not counted:** element-wise work, norms, softmax, rotary embedding, lookups, optimizer,
//!   recomputation, padding.
//! - **Invariant:** exact integers throughout; what does not fit is an error, never a wrap.
//!
//! Source of the formulas: measured equal to autograd counts of PyTorch for the covered families
//! (see the tests against the oracle).

use std::collections::BTreeMap;

use weigh_facts::{
    Architecture, AttentionConvention, Decimal, Operations, Operator, OperatorKind, Pairs,
    Parameters, Part, Tokens,
};

/// Why operations could not be counted.
/// [`OperationsError::code`] is stable and listed in the manual; the wording is not.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum OperationsError {
    /// A count does not fit.
    #[error("the operations do not fit into 128 bits: {what}")]
    Overflow {
        /// What was being counted.
        what: &'static str,
    },
    /// A sequence of no tokens.
    #[error("a sequence length of zero tokens has no operations")]
    ZeroLength,
    /// An adapter names a module the architecture does not have.
    #[error("the adapter names `{name}`, which the architecture `{family}` does not have")]
    UnknownModule {
        /// The module.
        name: String,
        /// The family.
        family: String,
        /// Adapted modules that were not found, in all.
        unmatched: usize,
    },
    /// A distribution of lengths that does not cover the tokens once.
    #[error("the shares of the sequence lengths sum to {sum}, and must sum to 1")]
    Shares {
        /// What they sum to.
        sum: Decimal,
    },
}

impl OperationsError {
    /// Stable and listed in the manual.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Overflow { .. } => "operations-overflow",
            Self::ZeroLength => "zero-sequence-length",
            Self::UnknownModule { .. } => "unknown-adapted-module",
            Self::Shares { .. } => "sequence-shares",
        }
    }
}

pub(crate) const fn overflow(what: &'static str) -> OperationsError {
    OperationsError::Overflow { what }
}

/// What is counted beside the model class itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Scope {
    /// Count the multi-token-prediction tail, which is stored with the model but is not part of
    /// its class? DeepSeek-V3: about 4 % more.
    pub multi_token_prediction: bool,
}

impl Scope {
    pub(crate) fn covers(self, part: Part) -> bool {
        self.multi_token_prediction || part != Part::MultiTokenPrediction
    }
}

/// Operations as a function of tokens and sequence length.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OperationProfile {
    per_token: u128,
    per_sequence: u128,
    per_pair: BTreeMap<PairsKey, u128>,
    /// Per token, what recurrences take at most beyond what they take at least.
    spread: u128,
    unknown: u64,
    is_ceiling: bool,
}

/// [`Pairs`] with an order, so that profiles compare and print alike on every machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct PairsKey(u8, u64);

impl PairsKey {
    fn new(pairs: Pairs) -> Self {
        match pairs {
            Pairs::Causal => Self(1, 0),
            Pairs::CausalWindow { width } => Self(2, width),
            _ => Self(0, 0),
        }
    }

    fn pairs(self) -> Pairs {
        match self.0 {
            1 => Pairs::Causal,
            2 => Pairs::CausalWindow { width: self.1 },
            _ => Pairs::Full,
        }
    }
}

impl OperationProfile {
    /// Operations of one forward pass.
    ///
    /// # Errors
    /// When the sizes overflow.
    pub fn forward(architecture: &Architecture, scope: Scope) -> Result<Self, OperationsError> {
        let mut profile = Self::default();
        let covered = |(o, _): &(&Operator, u64)| scope.covers(o.part);
        for (operator, layers) in architecture.operators().filter(covered) {
            profile.add_forward(operator, u128::from(layers))?;
        }
        Ok(profile)
    }

    /// Operations of training every weight: forward, and twice that backward.
    /// Exact for models whose input embedding trains, so that every layer passes gradients on.
    ///
    /// # Errors
    /// When the sizes overflow.
    pub fn full_training(
        architecture: &Architecture,
        scope: Scope,
    ) -> Result<Self, OperationsError> {
        let mut profile = Self::forward(architecture, scope)?;
        let triple = |n: &mut u128| {
            *n = n.checked_mul(3).ok_or(overflow("training"))?;
            Ok(())
        };
        triple(&mut profile.per_token)?;
        triple(&mut profile.spread)?;
        triple(&mut profile.per_sequence)?;
        profile.per_pair.values_mut().try_for_each(triple)?;
        Ok(profile)
    }

    /// Do recurrences in it take a range of operations? Then every count of this profile is the
    /// least, and [`Self::at_most`] has the most.
    #[must_use]
    pub fn is_range(&self) -> bool {
        self.spread > 0
    }

    /// The same with the most that recurrences take.
    ///
    /// # Errors
    /// When the count overflows.
    pub fn at_most(&self) -> Result<Self, OperationsError> {
        let most = self.per_token.checked_add(self.spread);
        let most = Self {
            per_token: most.ok_or(overflow("recurrences"))?,
            spread: 0,
            ..self.clone()
        };
        Ok(if self.is_range() {
            most.into_ceiling()
        } else {
            most
        })
    }

    /// The same, as the most that something takes: it has no break-even length.
    pub(crate) fn into_ceiling(self) -> Self {
        Self {
            is_ceiling: true,
            ..self
        }
    }

    pub(crate) fn add_forward(
        &mut self,
        operator: &Operator,
        layers: u128,
    ) -> Result<(), OperationsError> {
        match &operator.kind {
            // Experts of which nobody knows how many a token passes.
            OperatorKind::Linear {
                active: 0, copies, ..
            } if *copies > 0 => {
                let parameters = operator.parameters();
                let parameters = parameters.ok_or(overflow("weights of unknown use"))?;
                self.add_unknown(parameters.0, layers)
            }
            OperatorKind::Linear { .. } => self.add_linear(operator, layers),
            OperatorKind::Core {
                heads,
                d_qk,
                d_v,
                pairs,
                ..
            } => {
                let width = d_qk.checked_add(*d_v).ok_or(overflow("attention"))?;
                let one = core(*heads, width).ok_or(overflow("attention"))?;
                self.add_per_pair(*pairs, one, layers)
            }
            OperatorKind::Scan { least, most, .. } => self.add_scan(*least, *most, layers),
            OperatorKind::Unknown { parameters, .. } => self.add_unknown(*parameters, layers),
            _ => Ok(()),
        }
    }

    /// Adds `times` multiplications by a matrix: for every token, or for one position of every
    /// sequence when the operator is a pooler.
    pub(crate) fn add_linear(
        &mut self,
        operator: &Operator,
        times: u128,
    ) -> Result<(), OperationsError> {
        let one = linear(operator).ok_or(overflow("a matrix"))?;
        if operator.part != Part::Pooler {
            return self.add_per_token(one, times);
        }
        let sum = one.checked_mul(times);
        let sum = sum.and_then(|n| n.checked_add(self.per_sequence));
        self.per_sequence = sum.ok_or(overflow("poolers"))?;
        Ok(())
    }

    pub(crate) fn add_per_token(&mut self, one: u128, times: u128) -> Result<(), OperationsError> {
        let sum = one
            .checked_mul(times)
            .and_then(|n| n.checked_add(self.per_token));
        self.per_token = sum.ok_or(overflow("matrix multiplications"))?;
        Ok(())
    }

    /// Adds `times` passes over a recurrence.
    pub(crate) fn add_scan(
        &mut self,
        least: u64,
        most: u64,
        times: u128,
    ) -> Result<(), OperationsError> {
        self.add_per_token(least.into(), times)?;
        let sum = u128::from(most.saturating_sub(least))
            .checked_mul(times)
            .and_then(|n| n.checked_add(self.spread));
        self.spread = sum.ok_or(overflow("recurrences"))?;
        Ok(())
    }

    pub(crate) fn add_per_pair(
        &mut self,
        pairs: Pairs,
        one: u128,
        times: u128,
    ) -> Result<(), OperationsError> {
        let sum = self.per_pair.entry(PairsKey::new(pairs)).or_default();
        let more = one.checked_mul(times).and_then(|n| n.checked_add(*sum));
        *sum = more.ok_or(overflow("attention"))?;
        Ok(())
    }

    fn add_unknown(&mut self, parameters: u64, layers: u128) -> Result<(), OperationsError> {
        let all = u64::try_from(layers)
            .ok()
            .and_then(|n| n.checked_mul(parameters))
            .and_then(|n| n.checked_add(self.unknown));
        self.unknown = all.ok_or(overflow("weights of unknown use"))?;
        Ok(())
    }

    /// Learned values whose use is not known. No operations are counted for them, and the upper
    /// bound of any estimate made from this profile is open.
    #[must_use]
    pub fn unknown_parameters(&self) -> Parameters {
        Parameters(self.unknown)
    }

    /// Operations per token that do not depend on the sequence length.
    #[must_use]
    pub fn per_token(&self) -> Operations {
        Operations(self.per_token)
    }

    /// The part that does not depend on the sequence length: a lower bound for any length.
    ///
    /// # Errors
    /// When the product overflows.
    pub fn linear_part(&self, tokens: Tokens) -> Result<Operations, OperationsError> {
        let product = self.per_token.checked_mul(u128::from(tokens.0));
        product.map(Operations).ok_or(overflow("tokens"))
    }

    /// Operations over `tokens` in sequences of `length`; a remainder is one shorter sequence.
    ///
    /// Limits: one document per sequence. Exact under the convention named.
    ///
    /// # Errors
    /// When the length is zero or the count overflows.
    pub fn operations(
        &self,
        tokens: Tokens,
        length: u64,
        convention: AttentionConvention,
    ) -> Result<Operations, OperationsError> {
        if length == 0 {
            return Err(OperationsError::ZeroLength);
        }
        let sequences = u128::from(tokens.0.div_ceil(length));
        let mut total = self
            .per_sequence
            .checked_mul(sequences)
            .and_then(|n| n.checked_add(self.linear_part(tokens).ok()?.0))
            .ok_or(overflow("tokens"))?;
        for (key, per_pair) in &self.per_pair {
            let pairs = pairs_in(key.pairs(), tokens.0, length, convention)
                .ok_or(overflow("pairs of positions"))?;
            total = pairs
                .checked_mul(*per_pair)
                .and_then(|n| n.checked_add(total))
                .ok_or(overflow("attention"))?;
        }
        Ok(Operations(total))
    }

    /// The greatest sequence length at which `tokens` stay at or below `line`, at most `tokens`
    /// themselves; nothing when the linear part alone is above it, and nothing when this profile
    /// is only a bound: weights of unknown use, a recurrence, or an adapter of unknown rank.
    ///
    /// Exact: operations never fall when sequences grow, so a binary search finds the edge.
    /// Only a pooler's do, which works once per sequence: it is left out here.
    #[must_use]
    pub fn break_even(
        &self,
        tokens: Tokens,
        line: &Decimal,
        convention: AttentionConvention,
    ) -> Option<u64> {
        if self.unknown > 0 || self.is_ceiling || self.is_range() {
            return None;
        }
        let growing = Self {
            per_sequence: 0,
            ..self.clone()
        };
        let below = |length: u64| {
            let count = growing.operations(tokens, length, convention);
            count.is_ok_and(|c| c.to_decimal() <= *line)
        };
        if tokens.0 == 0 || !below(1) {
            return None;
        }
        let (mut low, mut high) = (1, tokens.0);
        while low < high {
            let middle = low + (high - low).div_ceil(2);
            if below(middle) {
                low = middle;
            } else {
                high = middle - 1;
            }
        }
        Some(low)
    }
}

/// Pairs over `tokens` in sequences of `length`.
fn pairs_in(
    pairs: Pairs,
    tokens: u64,
    length: u64,
    convention: AttentionConvention,
) -> Option<u128> {
    let whole = u128::from(tokens / length);
    let each = if whole == 0 {
        0
    } else {
        pairs.count(length, convention)?
    };
    let rest = pairs.count(tokens % length, convention)?;
    whole.checked_mul(each)?.checked_add(rest)
}

/// Operations of a linear operator per token, forward: 2 × inputs × outputs × active copies.
pub(crate) fn linear(operator: &Operator) -> Option<u128> {
    let OperatorKind::Linear {
        inputs,
        outputs,
        active,
        ..
    } = &operator.kind
    else {
        return Some(0);
    };
    (2 * u128::from(*inputs))
        .checked_mul(u128::from(*outputs))?
        .checked_mul(u128::from(*active))
}

/// Operations of attention per pair, forward: 2 × heads × width.
pub(crate) fn core(heads: u64, width: u64) -> Option<u128> {
    (2 * u128::from(heads)).checked_mul(u128::from(width))
}

/// Where operations of a forward pass go.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Component {
    /// Matrix multiplications of a part.
    Matrices(Part),
    /// Scores and weighted values of attention.
    AttentionCore,
    /// Recurrences, the least they take.
    Scan,
    /// Weights of unknown use, for which nothing is counted.
    Unknown,
}

/// Operations of one forward pass over `tokens` in sequences of `length`.
///
/// Limits: the multi-token-prediction tail is left out. Exact under the convention named, but for
/// recurrences, of which this is the least; see [`OperationProfile::at_most`].
///
/// # Errors
/// When the length is zero or the count overflows.
pub fn forward(
    architecture: &Architecture,
    length: u64,
    tokens: Tokens,
    convention: AttentionConvention,
) -> Result<Operations, OperationsError> {
    OperationProfile::forward(architecture, Scope::default())?
        .operations(tokens, length, convention)
}

/// The same by component; the components sum to [`forward`].
///
/// # Errors
/// When the length is zero or the count overflows.
pub fn forward_components(
    architecture: &Architecture,
    length: u64,
    tokens: Tokens,
    convention: AttentionConvention,
) -> Result<Vec<(Component, Operations)>, OperationsError> {
    let mut profiles: BTreeMap<Component, OperationProfile> = BTreeMap::new();
    let covered = |(o, _): &(&Operator, u64)| Scope::default().covers(o.part);
    for (operator, layers) in architecture.operators().filter(covered) {
        let component = match operator.kind {
            OperatorKind::Linear { .. } => Component::Matrices(operator.part),
            OperatorKind::Core { .. } => Component::AttentionCore,
            OperatorKind::Scan { .. } => Component::Scan,
            OperatorKind::Unknown { .. } => Component::Unknown,
            _ => continue,
        };
        let profile = profiles.entry(component).or_default();
        profile.add_forward(operator, u128::from(layers))?;
    }
    profiles
        .into_iter()
        .map(|(c, p)| Ok((c, p.operations(tokens, length, convention)?)))
        .collect()
}

/// Operations of training every weight over `tokens` in sequences of `length`; of recurrences the
/// least, see [`OperationProfile::at_most`].
///
/// # Errors
/// When the length is zero or the count overflows.
pub fn training(
    architecture: &Architecture,
    length: u64,
    tokens: Tokens,
    convention: AttentionConvention,
) -> Result<Operations, OperationsError> {
    OperationProfile::full_training(architecture, Scope::default())?
        .operations(tokens, length, convention)
}

/// Training operations of a dense transformer by the `6 × N × D` rule: a cross-check, not our count.
///
/// `parameters` counts embeddings; `tokens` counts a second epoch again.
/// Leaves out the quadratic term of attention, so it reads low when the
/// context is long against the model width; bills the input embedding, so it reads high for small
/// models; with all parameters of a mixture of experts it reads many times too high.
///
/// Source: Kaplan et al. 2020, <https://arxiv.org/abs/2001.08361>, §2.1 (there without embeddings).
///
/// ```
/// # use weigh_compute::six_n_d;
/// # use weigh_facts::{Parameters, Tokens};
/// let (n, d) = (Parameters(405_853_388_800), Tokens(15_600_000_000_000));
/// assert_eq!(six_n_d(n, d).to_string(), "3.80e25 FLOP");
/// ```
#[must_use]
pub fn six_n_d(parameters: Parameters, tokens: Tokens) -> Operations {
    // Fits always for what exists; 6 × 2^64 × 2^64 would not, and saturates.
    let product = u128::from(parameters.0) * u128::from(tokens.0);
    Operations(product.saturating_mul(6))
}
