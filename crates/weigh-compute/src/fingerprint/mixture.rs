//! Is a model a mixture of others? Non-negative least squares over their sketches.
//!
//! Sketches are linear: if `T = sum w_k R_k`, the same holds of the sketches. With few candidates
//! every subset of them is solved exactly and the best one with weights above zero is taken, which
//! is the optimum of non-negative least squares and the same on every machine.

use super::sketch::dot;

/// Candidates at most: the subsets of eight are 255.
pub const CANDIDATES_MAX: usize = 8;
/// A candidate with less is no part of a mixture.
pub const WEIGHT_MIN: f64 = 0.02;

/// A sum of candidates.
#[derive(Clone, Debug, PartialEq)]
pub struct Mixture {
    /// The weight of each candidate, zero for those that take no part.
    pub weights: Vec<f64>,
    /// What it leaves unexplained, as a part of the target's norm.
    pub residual: f64,
    /// What the best single candidate leaves unexplained.
    pub single: f64,
}

impl Mixture {
    /// Do two or more candidates take part, and explain what one alone does not?
    #[must_use]
    pub fn is_found(&self) -> bool {
        let parts = self.weights.iter().filter(|w| **w >= WEIGHT_MIN).count();
        parts >= 2 && self.residual < 0.1 && self.residual < 0.5 * self.single
    }
}

/// The best sum with weights of zero or more. Each candidate is as long as the target.
/// Nothing for fewer than two candidates, more than [`CANDIDATES_MAX`], or a target of zeros.
#[must_use]
pub fn mixture(target: &[f32], candidates: &[Vec<f32>]) -> Option<Mixture> {
    let n = candidates.len();
    let norm = dot(target, target);
    if !(2..=CANDIDATES_MAX).contains(&n) || norm <= 0.0 {
        return None;
    }
    let gram: Vec<Vec<f64>> = candidates
        .iter()
        .map(|a| candidates.iter().map(|b| dot(a, b)).collect())
        .collect();
    let right: Vec<f64> = candidates.iter().map(|c| dot(c, target)).collect();
    let mut best = (norm, vec![0.0; n]);
    let mut single = norm;
    for subset in 1_u32..1 << n {
        let members: Vec<usize> = (0..n).filter(|k| subset >> k & 1 == 1).collect();
        let Some(weights) = solve(&gram, &right, &members) else {
            continue;
        };
        if weights.iter().any(|w| *w < 0.0) {
            continue;
        }
        let explained = members.iter().zip(&weights);
        let explained: f64 = explained
            .map(|(k, w)| w * right.get(*k).copied().unwrap_or_default())
            .sum();
        let left = (norm - explained).max(0.0);
        if members.len() == 1 {
            single = single.min(left);
        }
        if left < best.0 {
            let mut all = vec![0.0; n];
            for (k, w) in members.iter().zip(weights) {
                if let Some(slot) = all.get_mut(*k) {
                    *slot = w;
                }
            }
            best = (left, all);
        }
    }
    Some(Mixture {
        weights: best.1,
        residual: (best.0 / norm).sqrt(),
        single: (single / norm).sqrt(),
    })
}

/// Elimination with pivots; nothing where candidates are the same up to a factor.
#[expect(
    clippy::indexing_slicing,
    reason = "indices below the length of the members"
)]
fn solve(gram: &[Vec<f64>], right: &[f64], members: &[usize]) -> Option<Vec<f64>> {
    let n = members.len();
    let mut rows: Vec<Vec<f64>> = Vec::with_capacity(n);
    for k in members {
        let mut row: Vec<f64> = members.iter().map(|j| gram[*k][*j]).collect();
        row.push(right[*k]);
        rows.push(row);
    }
    let scale = (0..n).map(|i| rows[i][i]).fold(0.0, f64::max);
    for i in 0..n {
        let pivot = (i..n).max_by(|a, b| rows[*a][i].abs().total_cmp(&rows[*b][i].abs()))?;
        rows.swap(i, pivot);
        if rows[i][i].abs() <= 1e-9 * scale {
            return None;
        }
        for below in i + 1..n {
            let factor = rows[below][i] / rows[i][i];
            let pivot = rows[i].clone();
            for (value, taken) in rows[below].iter_mut().zip(pivot) {
                *value -= factor * taken;
            }
        }
    }
    let mut found = vec![0.0; n];
    for i in (0..n).rev() {
        let known: f64 = (i + 1..n).map(|j| rows[i][j] * found[j]).sum();
        found[i] = (rows[i][n] - known) / rows[i][i];
    }
    Some(found)
}
