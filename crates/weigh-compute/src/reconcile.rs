//! Two estimates of one quantity side by side: do they agree, and if not, why not?
//!
//! Methods are never averaged. Where their bounds overlap they agree and the operation count is
//! the one to use; where they do not, the conflict is shown with the envelope of both and the
//! causes whose signature the ratio carries.

use weigh_facts::{Decimal, Estimate, MethodId, Operations};

/// The method of an envelope of two disagreeing estimates.
pub const RECONCILIATION: MethodId = MethodId::new("reconciliation/1");

/// Do two methods agree?
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Agreement {
    /// Their bounds overlap.
    Agree,
    /// Their bounds do not overlap.
    Conflict,
}

/// Two estimates compared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reconciliation {
    /// Do they agree?
    pub verdict: Agreement,
    /// The estimate to go on with: the operation count where they agree, the envelope otherwise.
    pub chosen: Estimate<Operations>,
    /// From the least lower bound to the greatest upper bound of both.
    pub envelope: Estimate<Operations>,
    /// Bounds of the second divided by the first, six digits, where both ends are known.
    pub ratio_low: Option<Decimal>,
    /// See `ratio_low`.
    pub ratio_high: Option<Decimal>,
    /// Causes whose signature lies within the ratio's bounds; empty where they agree.
    pub likely_causes: Vec<LikelyCause>,
}

/// A known way for two methods to differ by a telling factor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LikelyCause {
    /// Stable name: `fused-multiply-add`.
    pub id: &'static str,
    /// One sentence for people.
    pub says: &'static str,
    /// The factor that gives it away, always at least one.
    pub signature: Decimal,
}

/// What is known of the subject beside the two numbers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Circumstances {
    /// All learned values over those one token passes, for a mixture of experts.
    pub total_to_active: Option<Decimal>,
    /// Does the stage train adapters?
    pub is_low_rank: bool,
    /// Were the chip-hours those of a whole project?
    pub whole_project_hours: bool,
}

/// Signatures that need no circumstances: name, sentence, factor.
const SIGNATURES: &[(&str, &str, &str)] = &[
    (
        "factor-two",
        "one side counts a multiply-add as one operation, uses a sparse peak rate, or bills the \
         full square of causal attention",
        "2",
    ),
    (
        "recomputation",
        "one side counts activations computed a second time",
        "1.333",
    ),
    (
        "adapter-billed-full",
        "one side bills adapter training as full training",
        "1.5",
    ),
    (
        "packed-weights",
        "one side counts 4-bit weights by the elements of their container",
        "4",
    ),
];

/// How far a ratio of best values may lie from a signature: 15 %, the width of a step-time match.
const TOLERANCE: (&str, &str) = ("0.87", "1.15");

/// Compares two estimates of the same stage; `count` is the operation count, `other` the second
/// method.
#[must_use]
pub fn reconcile(
    count: &Estimate<Operations>,
    other: &Estimate<Operations>,
    circumstances: &Circumstances,
) -> Reconciliation {
    let apart = is_below(count, other) || is_below(other, count);
    let verdict = if apart {
        Agreement::Conflict
    } else {
        Agreement::Agree
    };
    let envelope = envelope(count, other);
    let ratio_low = quotient(other.low(), count.high(), Round::Down);
    let ratio_high = quotient(other.high(), count.low(), Round::Up);
    let likely_causes = if apart {
        causes(count, other, circumstances)
    } else {
        Vec::new()
    };
    Reconciliation {
        verdict,
        chosen: if apart {
            envelope.clone()
        } else {
            count.clone()
        },
        envelope,
        ratio_low,
        ratio_high,
        likely_causes,
    }
}

fn is_below(a: &Estimate<Operations>, b: &Estimate<Operations>) -> bool {
    a.high().zip(b.low()).is_some_and(|(high, low)| high < low)
}

fn envelope(a: &Estimate<Operations>, b: &Estimate<Operations>) -> Estimate<Operations> {
    let low = a.low().zip(b.low()).map(|(x, y)| *x.min(y));
    let high = a.high().zip(b.high()).map(|(x, y)| *x.max(y));
    let coverage = a.coverage().min(b.coverage());
    Estimate::new(low, None, high, coverage, RECONCILIATION)
        .unwrap_or_else(|_| a.clone().by(RECONCILIATION))
}

enum Round {
    Down,
    Up,
}

fn quotient(a: Option<&Operations>, b: Option<&Operations>, round: Round) -> Option<Decimal> {
    let (a, b) = (a?.to_decimal(), b?.to_decimal());
    match round {
        Round::Down => a.quotient_down(&b, 6),
        Round::Up => a.quotient_up(&b, 6),
    }
}

/// The middle of an estimate for the comparison of ratios: its best value, or a bound.
fn middle(estimate: &Estimate<Operations>) -> Option<Decimal> {
    let value = estimate.best().or(estimate.high()).or(estimate.low());
    value.map(|o| o.to_decimal())
}

fn causes(
    count: &Estimate<Operations>,
    other: &Estimate<Operations>,
    circumstances: &Circumstances,
) -> Vec<LikelyCause> {
    let Some((a, b)) = middle(count).zip(middle(other)) else {
        return Vec::new();
    };
    let (less, more, other_is_more) = if a <= b { (a, b, true) } else { (b, a, false) };
    let mut found = Vec::new();
    for (id, says, factor) in SIGNATURES {
        let wanted = *id != "adapter-billed-full" || circumstances.is_low_rank;
        let Ok(signature) = factor.parse::<Decimal>() else {
            continue;
        };
        if wanted && fits(&less, &more, &signature) {
            found.push(LikelyCause {
                id,
                says,
                signature,
            });
        }
    }
    if let Some(signature) = &circumstances.total_to_active
        && fits(&less, &more, signature)
    {
        found.push(LikelyCause {
            id: "experts-total-for-active",
            says: "one side counts every expert instead of those a token passes",
            signature: signature.clone(),
        });
    }
    if circumstances.whole_project_hours && other_is_more {
        found.push(LikelyCause {
            id: "project-hours",
            says: "the hours are those of a whole project: 1.5 to 8 times those of its final run",
            signature: Decimal::from(1_u64),
        });
    }
    found
}

/// Is `more / less` within tolerance of `signature`? By cross-multiplication.
fn fits(less: &Decimal, more: &Decimal, signature: &Decimal) -> bool {
    let (Ok(low), Ok(high)) = (
        TOLERANCE.0.parse::<Decimal>(),
        TOLERANCE.1.parse::<Decimal>(),
    ) else {
        return false;
    };
    let expected = less * signature;
    *more >= &expected * &low && *more <= &expected * &high
}
