//! Do the weights of one model come from those of another?
//!
//! A [`Fingerprint`] holds digests, sketches and moments of the tensors of a model; [`relate`]
//! compares two of them, cheapest first: equal digests, then the cosine of sketches. What needs the
//! weights themselves (the rank of a change, another order of the residual stream) is computed by
//! [`rank_share`] and [`assign`] from pieces of them.
//!
//! - **Invariant:** no answer says that a model is *not* derived from another. Training on the
//!   outputs of a model (distillation) leaves no trace in weights, a rotation of the residual
//!   stream hides one, and so does training for long enough.
//! - **Invariant:** thresholds come from toy models (`docs/measurements/lineage.md`) and from the
//!   distribution of unrelated sketches, which does not depend on the model.

mod grid;
mod matrix;
mod mixture;
mod role;
mod sketch;

use std::collections::BTreeMap;

pub use matrix::{ASSIGNED_MAX, Assignment, Matrix, assign, rank_share};
pub use mixture::{CANDIDATES_MAX, Mixture, WEIGHT_MIN, mixture};
pub use role::{Role, StreamAxis, component, logical_name, role, stream_axis};
pub use sketch::{BUCKETS, Moments, SketchKey, Sketcher};

/// A tensor with no more elements is not sketched: norms and biases look alike everywhere.
pub const ELEMENTS_MIN: u64 = 4096;
/// Standard deviations from the mean of unrelated sketches. Under a normal distribution one in a
/// billion tensors is beyond.
const Z_LEAST: f64 = 6.0;
/// Of the tensors of the layers, this part must be beyond.
const RELATED_LEAST: f64 = 0.10;
/// A change that the sums of a sketch make by themselves.
const CHANGE_NONE: f64 = 1e-5;
/// Up to here, rounding to 16 bits explains a change: bfloat16 alone makes 0.002.
const CHANGE_16_BITS: f64 = 0.005;
/// Up to here, rounding to 8 bits of floating point does: E4M3 alone makes 0.03.
const CHANGE_8_BITS: f64 = 0.06;
/// Up to here it is a fine-tune; beyond, models that share a random start look the same.
const CHANGE_TUNING: f64 = 0.3;
/// More zeros than the other by this part: pruned.
const ZEROS_MORE: f64 = 0.2;
/// A change with no more than this part of the directions is of low rank.
pub const RANK_LOW: f64 = 0.125;
/// The mean correlation of assigned embedding columns from which models are related. Independent
/// toy models reach 0.29, and those of one start 0.82.
pub const ALIGNED_LEAST: f64 = 0.6;

/// One tensor of a fingerprint.
#[derive(Clone, Debug, PartialEq)]
pub struct TensorPrint {
    /// Its name in the file.
    pub name: String,
    /// Its element type, as the file spells it.
    pub dtype: String,
    /// Its stored shape.
    pub shape: Vec<u64>,
    /// BLAKE3 of its stored bytes.
    pub digest: [u8; 32],
    /// What its values are like; nothing for types that are not decoded.
    pub moments: Option<Moments>,
    /// The sketch of its centered values; nothing for small, constant and undecoded tensors.
    pub sketch: Option<Vec<f32>>,
}

impl TensorPrint {
    fn elements(&self) -> u64 {
        self.shape.iter().fold(1, |n, d| n.saturating_mul(*d))
    }

    /// Would equal bytes mean something?
    fn tells(&self) -> bool {
        let is_constant = self.moments.is_some_and(|m| m.is_constant);
        self.elements() > ELEMENTS_MIN && !is_constant && role(&self.name) != Role::Position
    }
}

/// What is kept of a model to compare it with others.
#[derive(Clone, Debug, PartialEq)]
pub struct Fingerprint {
    /// Names the key of the sketches; sketches under different keys have nothing in common.
    pub key_id: String,
    /// Every tensor, sorted by name.
    pub tensors: Vec<TensorPrint>,
}

/// How sure it is that the weights of one come from those of the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Tier {
    /// No two tensors can be set side by side.
    NotComparable,
    /// Nothing was found. It does not say that there is nothing.
    NoEvidence,
    /// Related, by descent or by a common start.
    Possible,
    /// Related by descent.
    Strong,
    /// Every tensor that tells something is the same.
    Identical,
}

/// What seems to have been done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Change {
    /// The order of hidden units or of the residual stream.
    Reordered,
    /// Small values were set to zero.
    Pruned,
    /// Values were rounded to a grid, or to another type.
    Rounded,
    /// The sum of several candidates, of which this is one.
    Mixed,
    /// The change is of low rank, as a merged adapter leaves it.
    LowRank,
    /// A small change in every direction.
    Tuned,
    /// A large change: long training, a mixture, or no more than a common random start.
    LongTrainedOrSharedStart,
}

/// Two models side by side.
#[derive(Clone, Debug, PartialEq)]
pub struct Relation {
    /// How sure.
    pub tier: Tier,
    /// What was done.
    pub changes: Vec<Change>,
    /// Tensors of equal logical name and shape, of any size.
    pub pairs: usize,
    /// Pairs that tell something and have the same bytes.
    pub same: usize,
    /// Pairs that tell something.
    pub telling: usize,
    /// Pairs of matrices of the layers with a sketch on both sides.
    pub tested: usize,
    /// Those of them that are related.
    pub related: usize,
    /// The median of their z.
    pub z_median: f64,
    /// The greatest of their z.
    pub z_most: f64,
    /// The median change of related, unequal pairs, as a part of the norm.
    pub change: Option<f64>,
    /// The part of the directions that the change takes, where weights of both were at hand.
    pub rank_share: Option<f64>,
    /// Related and tested pairs by part of the model, sorted.
    pub components: Vec<(String, usize, usize)>,
    /// Names in the target of related pairs that changed, for a closer look.
    pub changed: Vec<String>,
}

/// Compares the fingerprint of a model with that of a possible ancestor.
#[must_use]
pub fn relate(target: &Fingerprint, candidate: &Fingerprint) -> Relation {
    let pairs = pairs(target, candidate);
    let telling = pairs.iter().filter(|(t, c)| t.tells() && c.tells());
    let same = telling
        .clone()
        .filter(|(t, c)| t.digest == c.digest)
        .count();
    let telling = telling.count();
    let mut found = Relation {
        tier: Tier::NotComparable,
        changes: Vec::new(),
        pairs: pairs.len(),
        same,
        telling,
        tested: 0,
        related: 0,
        z_median: 0.0,
        z_most: 0.0,
        change: None,
        rank_share: None,
        components: Vec::new(),
        changed: Vec::new(),
    };
    if target.key_id == candidate.key_id {
        test(&mut found, &pairs);
    }
    let all_tell = |f: &Fingerprint| f.tensors.iter().filter(|t| t.tells()).count() == telling;
    let is_whole = telling > 0 && same == telling && all_tell(target) && all_tell(candidate);
    found.tier = tier(&found, is_whole);
    found
}

fn pairs<'a>(a: &'a Fingerprint, b: &'a Fingerprint) -> Vec<(&'a TensorPrint, &'a TensorPrint)> {
    let known: BTreeMap<&str, &TensorPrint> = b
        .tensors
        .iter()
        .map(|t| (logical_name(&t.name), t))
        .collect();
    let pair = |t: &'a TensorPrint| {
        let other = known.get(logical_name(&t.name))?;
        (other.shape == t.shape).then_some((t, *other))
    };
    a.tensors.iter().filter_map(pair).collect()
}

fn test(found: &mut Relation, pairs: &[(&TensorPrint, &TensorPrint)]) {
    let mut z_all = Vec::new();
    let mut changes = Vec::new();
    let mut components: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
    let (mut rounded, mut pruned) = (0, 0);
    for (t, c) in pairs.iter().filter(|(t, _)| role(&t.name) == Role::Block) {
        let (Some(a), Some(b)) = (&t.sketch, &c.sketch) else {
            continue;
        };
        let Some((z, change)) = beside(a, b) else {
            continue;
        };
        z_all.push(z);
        let part = components.entry(component(&t.name)).or_default();
        part.1 += 1;
        if z <= Z_LEAST {
            continue;
        }
        part.0 += 1;
        found.related += 1;
        if t.digest == c.digest {
            continue;
        }
        changes.push(change);
        found.changed.push(t.name.clone());
        if let (Some(ours), Some(theirs)) = (&t.moments, &c.moments) {
            pruned += usize::from(ours.zeros > theirs.zeros + ZEROS_MORE);
            rounded += usize::from(is_rounded(t, ours, theirs, change));
        }
    }
    found.tested = z_all.len();
    found.z_median = median(&mut z_all).unwrap_or_default();
    found.z_most = z_all.last().copied().unwrap_or_default();
    found.change = median(&mut changes);
    let owned =
        |(name, (related, tested)): (&str, (usize, usize))| (name.to_owned(), related, tested);
    found.components = components.into_iter().map(owned).collect();
    found.changes = classify(found, rounded, pruned);
}

/// Do the values lie on a coarser grid than the candidate's, and does that explain the change?
fn is_rounded(print: &TensorPrint, ours: &Moments, theirs: &Moments, change: f64) -> bool {
    let bits = |m: &Moments| m.grid_bits.unwrap_or(32);
    if print.dtype.starts_with("F8") {
        return change <= CHANGE_8_BITS;
    }
    let is_coarse = bits(ours) <= 8 || change <= CHANGE_16_BITS;
    bits(ours) < bits(theirs) && is_coarse
}

/// How many standard deviations two sketches are from unrelated, and how far the first is from the
/// second as a part of the second's length.
fn beside(a: &[f32], b: &[f32]) -> Option<(f64, f64)> {
    if a.len() != b.len() {
        return None;
    }
    let (aa, ab, bb) = (sketch::dot(a, a), sketch::dot(a, b), sketch::dot(b, b));
    if aa <= 0.0 || bb <= 0.0 {
        return None;
    }
    let buckets = f64::from(u32::try_from(a.len()).unwrap_or(u32::MAX));
    let z = ab / (aa * bb).sqrt() * buckets.sqrt();
    Some((z, ((aa - 2.0 * ab + bb).max(0.0) / bb).sqrt()))
}

fn classify(found: &Relation, rounded: usize, pruned: usize) -> Vec<Change> {
    let is_related = is_related(found);
    let Some(change) = found.change.filter(|c| is_related && *c > CHANGE_NONE) else {
        return Vec::new();
    };
    let half = found.changed.len().div_ceil(2);
    let what = if pruned >= half {
        Change::Pruned
    } else if rounded >= half {
        Change::Rounded
    } else if change < CHANGE_TUNING {
        Change::Tuned
    } else {
        Change::LongTrainedOrSharedStart
    };
    vec![what]
}

fn is_related(found: &Relation) -> bool {
    let least = (share(found.tested) * RELATED_LEAST).max(1.0);
    share(found.related) >= least
}

fn tier(found: &Relation, is_whole: bool) -> Tier {
    let is_large = found.changes.contains(&Change::LongTrainedOrSharedStart);
    if is_whole {
        Tier::Identical
    } else if found.same > 0 || (is_related(found) && !is_large) {
        Tier::Strong
    } else if is_related(found) {
        Tier::Possible
    } else if found.tested > 0 {
        Tier::NoEvidence
    } else {
        Tier::NotComparable
    }
}

impl Relation {
    /// Adds what the weights of both show of the rank of the change. One of low rank may be large
    /// and is of descent all the same: two trainings from one start differ in every direction.
    pub fn add_rank(&mut self, share: f64) {
        self.rank_share = Some(share);
        if share > RANK_LOW {
            return;
        }
        for change in &mut self.changes {
            if matches!(*change, Change::Tuned | Change::LongTrainedOrSharedStart) {
                *change = Change::LowRank;
                self.tier = self.tier.max(Tier::Strong);
            }
        }
    }

    /// Adds that the target is a mixture of candidates, of which this is one. What is left over is
    /// so little that a part found by chance would have a weight of a thousandth.
    pub fn add_mixture(&mut self) {
        let is_explained =
            |c: &Change| matches!(c, Change::Tuned | Change::LongTrainedOrSharedStart);
        self.changes.retain(|c| !is_explained(c));
        self.changes.push(Change::Mixed);
        self.changes.sort();
        self.tier = self.tier.max(Tier::Strong);
    }
}

/// The sketches of the matrices of the layers that the target has in common with every candidate,
/// one after another: what a mixture is solved over.
#[must_use]
pub fn stacked(
    target: &Fingerprint,
    candidates: &[&Fingerprint],
) -> Option<(Vec<f32>, Vec<Vec<f32>>)> {
    let mut whole = Vec::new();
    let mut parts = vec![Vec::new(); candidates.len()];
    let paired: Vec<BTreeMap<&str, &TensorPrint>> = candidates
        .iter()
        .filter(|c| c.key_id == target.key_id)
        .map(|c| {
            pairs(target, c)
                .into_iter()
                .map(|(t, c)| (t.name.as_str(), c))
                .collect()
        })
        .collect();
    if paired.len() != candidates.len() {
        return None;
    }
    for t in target
        .tensors
        .iter()
        .filter(|t| role(&t.name) == Role::Block)
    {
        let others = paired
            .iter()
            .map(|p| p.get(t.name.as_str())?.sketch.as_ref());
        let others: Option<Vec<&Vec<f32>>> = others.collect();
        let (Some(own), Some(others)) = (&t.sketch, others) else {
            continue;
        };
        whole.extend(own);
        for (part, other) in parts.iter_mut().zip(others) {
            part.extend(other);
        }
    }
    (!whole.is_empty()).then_some((whole, parts))
}

#[expect(clippy::cast_precision_loss, reason = "a count of tensors")]
fn share(count: usize) -> f64 {
    count as f64
}

/// The middle one of the values, which it sorts.
fn median(values: &mut [f64]) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied()
}

#[cfg(test)]
mod tests;
