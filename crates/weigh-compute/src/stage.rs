//! Operations of one stage of a pipeline, by counting: `operation-count/1`.
//!
//! Tokens come as an estimate and sequence lengths may be unknown, so the result has bounds.
//! Every choice that widened or fixed them is written down beside the number.

use weigh_facts::{
    Adaptation, Architecture, AttentionConvention, Coverage, Decimal, Estimate, MethodId,
    Operations, Purpose, SequenceLength, Stage, Tokens,
};

use crate::profile::{OperationProfile, OperationsError, Scope, overflow};
use crate::shapes::TENSOR_SHAPES;

/// The method: exact counts per operator, times tokens.
pub const OPERATION_COUNT: MethodId = MethodId::new("operation-count/1");

/// How stages are counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CountOptions {
    /// Which pairs of positions attention is billed for.
    pub convention: AttentionConvention,
    /// What is counted beside the model class.
    pub scope: Scope,
}

impl Default for CountOptions {
    /// Exact causal pairs, without the multi-token-prediction tail.
    fn default() -> Self {
        Self {
            convention: AttentionConvention::CausalExact,
            scope: Scope::default(),
        }
    }
}

/// Operations of a stage and what the number rests on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StageOperations {
    /// The number.
    pub estimate: Estimate<Operations>,
    /// What it rests on: lowercase sentences, in a fixed order.
    pub assumptions: Vec<String>,
}

/// Operations of a stage of training or generation with `architecture`, from its tokens.
///
/// Stages that only generate or judge count the forward pass; all others count training as the
/// stage's adaptation says. Nothing when the stage's tokens are not known.
///
/// Bounds: a fixed length gives the bounds of the tokens; a distribution of lengths the same, up
/// to rounding of one sequence per length; an unknown length gives the part that does not depend
/// on length as the lower bound and sequences of the greatest context as the upper one, open
/// when the configuration does not give that context. An adapter of unknown rank takes from one
/// forward pass to the training of every weight, see [`crate::TrainingProfile::least`]. Weights of unknown use count nothing and open the upper bound.
///
/// # Errors
/// When an adapter does not fit the architecture, shares do not sum to one, or a count overflows.
pub fn stage_operations(
    architecture: &Architecture,
    stage: &Stage,
    options: CountOptions,
) -> Result<Option<StageOperations>, OperationsError> {
    let Some(tokens) = &stage.tokens else {
        return Ok(None);
    };
    let mut assumptions = vec![format!(
        "attention pairs: {}; one document per sequence",
        options.convention.as_str()
    )];
    let mut profiles = profiles(architecture, stage, options.scope, &mut assumptions)?;
    if profiles.most.is_range() {
        assumptions.push(
            "recurrences take a range of operations: no convention says which form is counted"
                .to_owned(),
        );
        let most = profiles.most.at_most()?;
        profiles.least.get_or_insert(profiles.most);
        profiles.most = most;
    }
    let spans = spans(
        &profiles,
        stage,
        architecture.context_tokens,
        options.convention,
        &mut assumptions,
    );
    let Bounds { low, best, high } = spans.apply(&tokens.tokens)?;
    let unknown = profiles.most.unknown_parameters();
    // Shapes alone never show all that is done with the tensors.
    let open = unknown.0 > 0 || architecture.family == TENSOR_SHAPES;
    if open {
        assumptions.push(format!(
            "{unknown} learned values are of unknown use: not counted, upper bound open"
        ));
    }
    let high = high.filter(|_| !open);
    let best = best.filter(|_| !open);
    let coverage = tokens.tokens.coverage();
    let estimate = Estimate::new(low, best, high, coverage, OPERATION_COUNT);
    let estimate = match estimate {
        Ok(estimate) => estimate,
        // The tokens have only an upper bound and ours is open: nothing but "at least zero".
        Err(_) => zero_or_more(coverage)?,
    };
    Ok(Some(StageOperations {
        estimate,
        assumptions,
    }))
}

fn zero_or_more(coverage: Coverage) -> Result<Estimate<Operations>, OperationsError> {
    Estimate::new(Some(Operations(0)), None, None, coverage, OPERATION_COUNT)
        .map_err(|_| overflow("bounds of a stage"))
}

/// What the stage takes per token and pair: one profile, or the two it lies between.
struct Profiles {
    least: Option<OperationProfile>,
    most: OperationProfile,
}

impl Profiles {
    /// The profile behind one side of the bounds; no best value lies between two profiles.
    fn at(&self, side: Side) -> Option<&OperationProfile> {
        match (&self.least, side) {
            (Some(least), Side::Low) => Some(least),
            (Some(_), Side::Best) => None,
            _ => Some(&self.most),
        }
    }
}

fn profiles(
    architecture: &Architecture,
    stage: &Stage,
    scope: Scope,
    assumptions: &mut Vec<String>,
) -> Result<Profiles, OperationsError> {
    if scope.multi_token_prediction {
        assumptions.push("the multi-token-prediction tail is counted".to_owned());
    }
    if is_forward_only(stage.purpose) {
        assumptions.push(format!("{}: forward passes only", stage.purpose.as_str()));
        return Ok(Profiles {
            least: None,
            most: OperationProfile::forward(architecture, scope)?,
        });
    }
    let training = OperationProfile::training(architecture, &stage.adaptation, scope)?;
    assumptions.push(match (&stage.adaptation, training.adapter_parameters) {
        (Adaptation::Full, _) => "all weights train: backward is twice forward".to_owned(),
        _ if training.least.is_some() => {
            "an adapter of unknown rank: between one forward pass and training every weight"
                .to_owned()
        }
        (_, 0) => "saved modules train: backward by the frozen-weights walk".to_owned(),
        (_, n) => format!("adapters of {n} values train: backward by the frozen-weights walk"),
    });
    assumptions.extend(training.notes);
    Ok(Profiles {
        least: training.least,
        most: training.profile,
    })
}

fn is_forward_only(purpose: Purpose) -> bool {
    purpose.is_forward_only() || purpose == Purpose::Recomputation
}

struct Bounds {
    low: Option<Operations>,
    best: Option<Operations>,
    high: Option<Operations>,
}

/// Operations as functions of the tokens: one each for the bounds.
struct Spans<'a> {
    profiles: &'a Profiles,
    convention: AttentionConvention,
    lengths: Lengths<'a>,
}

enum Lengths<'a> {
    Fixed(u64),
    Shares(&'a [(u64, Decimal)]),
    UpTo(Option<u64>),
}

fn spans<'a>(
    profiles: &'a Profiles,
    stage: &'a Stage,
    context: Option<u64>,
    convention: AttentionConvention,
    assumptions: &mut Vec<String>,
) -> Spans<'a> {
    let lengths = match &stage.sequence_length {
        SequenceLength::Fixed(length) => {
            assumptions.push(format!("every sequence has {length} tokens"));
            Lengths::Fixed(*length)
        }
        SequenceLength::Distribution(shares) => {
            assumptions.push(format!(
                "sequence lengths by shares of tokens, {} lengths",
                shares.len()
            ));
            Lengths::Shares(shares)
        }
        SequenceLength::Unknown => {
            assumptions.push(match context {
                Some(context) => format!(
                    "sequence length unknown: from no attention at all to {context} tokens, the \
                     longest context of the configuration"
                ),
                None => "sequence length unknown, and the configuration does not give the longest \
                         context: upper bound open"
                    .to_owned(),
            });
            Lengths::UpTo(context)
        }
    };
    Spans {
        profiles,
        convention,
        lengths,
    }
}

impl Spans<'_> {
    fn apply(&self, tokens: &Estimate<Tokens>) -> Result<Bounds, OperationsError> {
        let each =
            |t: Option<&Tokens>, side: Side| t.map_or(Ok(None), |t| self.operations(*t, side));
        let low = each(tokens.low(), Side::Low)?;
        let high = each(tokens.high(), Side::High)?;
        // A best value of rounded shares lies between the bounds: the lower rounding stands for it.
        let best = each(tokens.best(), Side::Best)?;
        Ok(Bounds { low, best, high })
    }

    fn operations(
        &self,
        tokens: Tokens,
        side: Side,
    ) -> Result<Option<Operations>, OperationsError> {
        let Some(profile) = self.profiles.at(side) else {
            return Ok(None);
        };
        let at = |length| {
            profile
                .operations(tokens, length, self.convention)
                .map(Some)
        };
        match (&self.lengths, side) {
            (Lengths::Fixed(length), _) => at(*length),
            (Lengths::Shares(shares), side) => {
                self.by_shares(profile, tokens, shares, side).map(Some)
            }
            (Lengths::UpTo(_), Side::Low) => profile.linear_part(tokens).map(Some),
            (Lengths::UpTo(Some(context)), Side::High) => at(*context),
            (Lengths::UpTo(_), _) => Ok(None),
        }
    }

    /// Exact in the linear part; the quadratic part per length over its share of the tokens,
    /// rounded down for the lower bound and up for the upper one.
    fn by_shares(
        &self,
        profile: &OperationProfile,
        tokens: Tokens,
        shares: &[(u64, Decimal)],
        side: Side,
    ) -> Result<Operations, OperationsError> {
        let sum = shares.iter().fold(Decimal::zero(), |sum, (_, s)| &sum + s);
        if sum != Decimal::from(1_u64) || shares.iter().any(|(_, s)| s.is_negative()) {
            return Err(OperationsError::Shares { sum });
        }
        let mut total = profile.linear_part(tokens)?;
        for (length, share) in shares {
            let part = share * &tokens.to_decimal();
            let part = match side {
                Side::High => part.ceil(),
                Side::Low | Side::Best => part.floor(),
            };
            let part = part.to_u128().and_then(|n| u64::try_from(n).ok());
            let part = Tokens(part.ok_or(overflow("tokens of a share"))?);
            let all = profile.operations(part, *length, self.convention)?;
            let linear = profile.linear_part(part)?;
            let quadratic = all.0.saturating_sub(linear.0);
            let sum = total.0.checked_add(quadratic);
            total = Operations(sum.ok_or(overflow("shares of lengths"))?);
        }
        Ok(total)
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Side {
    Low,
    Best,
    High,
}
