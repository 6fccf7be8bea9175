//! A closer look, where digests and sketches alone do not settle it: the rank of a change, another
//! order of the residual stream, another order of hidden units.

use weigh_compute::fingerprint::{
    ALIGNED_LEAST, ASSIGNED_MAX, Change, Matrix, RANK_LOW, Relation, Tier, assign, rank_share,
    relate,
};

use super::source::Source;
use super::{Closer, Registered};

/// Side of the corner of a matrix whose change is looked at.
const CORNER: u64 = 256;
/// Changed tensors whose rank is told, spread over the model.
const RANKED_MAX: usize = 24;

/// Looks, and adds what it finds.
pub(super) fn look(target: &Registered, candidate: &Registered, found: &mut Relation) -> Closer {
    let mut closer = Closer::default();
    if let (Some(ours), Some(theirs)) = (&target.source, &candidate.source)
        && let Some(share) = rank(ours, theirs, found)
    {
        found.add_rank(share);
    }
    let mut order = Vec::new();
    if found.tier == Tier::NoEvidence {
        order = realign(target, candidate, found, &mut closer);
    }
    if let (Some(ours), Some(theirs)) = (&target.source, &candidate.source)
        && found.tier >= Tier::Possible
        && found.related < found.tested
    {
        closer.units = units(ours, theirs, &order);
        if closer.units > 0 && !found.changes.contains(&Change::Reordered) {
            found.changes.push(Change::Reordered);
            found.changes.sort();
        }
    }
    closer
}

/// The median rank of the change, as a part of the directions.
fn rank(ours: &Source, theirs: &Source, found: &Relation) -> Option<f64> {
    let explained = [Change::Tuned, Change::LongTrainedOrSharedStart];
    if !found.changes.iter().any(|c| explained.contains(c)) {
        return None;
    }
    let step = found.changed.len().div_ceil(RANKED_MAX).max(1);
    let share = |name: &String| {
        let ours = ours.corner(name, CORNER, CORNER)?;
        rank_share(&ours, &theirs.corner(name, CORNER, CORNER)?, 2.0 * RANK_LOW)
    };
    let mut shares: Vec<f64> = found
        .changed
        .iter()
        .step_by(step)
        .filter_map(share)
        .collect();
    shares.sort_by(f64::total_cmp);
    shares.get(shares.len() / 2).copied()
}

/// Puts the columns of the embeddings side by side in their best order, and compares again.
/// The order, if that showed something.
fn realign(
    target: &Registered,
    candidate: &Registered,
    found: &mut Relation,
    closer: &mut Closer,
) -> Vec<usize> {
    let none = Vec::new();
    let (Some(ours), Some(theirs)) = (&target.embedding, &candidate.embedding) else {
        return none;
    };
    if ours.ids != theirs.ids || ours.width != theirs.width {
        return none;
    }
    let matrix = |values: &[f32]| Matrix {
        columns: ours.width,
        values: values.to_vec(),
    };
    let assigned = assign(
        &matrix(&ours.values),
        &matrix(&theirs.values),
        ALIGNED_LEAST,
    );
    let Some(assigned) = assigned else {
        return none;
    };
    closer.embedding = Some(assigned.correlation);
    if assigned.correlation < ALIGNED_LEAST {
        return none;
    }
    // Embeddings alone can be copied, or come of one start.
    found.tier = Tier::Possible;
    let Some(source) = &target.source else {
        return none;
    };
    let Ok(reordered) = source.reordered(&target.fingerprint, &assigned.order) else {
        return none;
    };
    let again = relate(&reordered, &candidate.fingerprint);
    if again.tier < Tier::Possible {
        return none;
    }
    closer.reordered = true;
    *found = again;
    found.changes.push(Change::Reordered);
    found.changes.sort();
    assigned.order
}

/// Layers whose hidden units belong together one to one, in another order; `order` is that of the
/// residual stream, empty where it is the same.
fn units(ours: &Source, theirs: &Source, order: &[usize]) -> usize {
    let mut layers = 0;
    for name in ours
        .names()
        .filter(|n| n.contains("gate_proj") || n.contains("fc1"))
    {
        let rows = ASSIGNED_MAX as u64;
        // In another order, a corner is not the same corner.
        let columns = if order.is_empty() { CORNER } else { rows };
        let (Some(a), Some(b)) = (
            ours.corner(name, rows, columns),
            theirs.corner(name, rows, columns),
        ) else {
            continue;
        };
        let a = in_order(a, order);
        let Some(found) = assign(&a.transposed(), &b.transposed(), ALIGNED_LEAST) else {
            continue;
        };
        let moved = found
            .order
            .iter()
            .enumerate()
            .filter(|(i, to)| i != *to)
            .count();
        let is_match = found.correlation >= ALIGNED_LEAST;
        layers += usize::from(is_match && moved * 10 > found.order.len());
    }
    layers
}

/// The columns of a matrix in the order of those of another, if there is one of as many.
fn in_order(matrix: Matrix, order: &[usize]) -> Matrix {
    if order.len() != matrix.columns {
        return matrix;
    }
    let rows = matrix.values.chunks_exact(matrix.columns.max(1));
    let moved = rows.flat_map(|row| order.iter().filter_map(|from| row.get(*from)));
    Matrix {
        columns: matrix.columns,
        values: moved.copied().collect(),
    }
}
