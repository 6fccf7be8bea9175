//! Small dense matrices: the rank of a change, and which columns of two matrices belong together.

/// Columns or rows that are assigned at most: the work grows with their cube.
pub const ASSIGNED_MAX: usize = 4096;
/// Part of the squared norm that may be left when a rank is told.
const LEFT: f64 = 0.01;

/// Rows of equal length, one after another.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Matrix {
    /// Length of a row.
    pub columns: usize,
    /// The values.
    pub values: Vec<f32>,
}

impl Matrix {
    /// Its rows.
    fn rows(&self) -> std::slice::ChunksExact<'_, f32> {
        self.values.chunks_exact(self.columns.max(1))
    }

    /// Its rows as columns.
    #[must_use]
    pub fn transposed(&self) -> Self {
        let rows = self.rows().len();
        let mut values = Vec::with_capacity(self.values.len());
        for column in 0..self.columns {
            let down = self.values.iter().skip(column).step_by(self.columns.max(1));
            values.extend(down.take(rows));
        }
        Self {
            columns: rows,
            values,
        }
    }
}

/// How many directions hold 99 % of the difference of two matrices, as a part of those there are.
/// Rows are taken greedily, the longest first, and projected out; so a matrix of rank r gives r.
/// Counting stops at `most` (a part too). Nothing when shapes differ or nothing changed.
#[must_use]
pub fn rank_share(a: &Matrix, b: &Matrix, most: f64) -> Option<f64> {
    if a.columns != b.columns || a.values.len() != b.values.len() {
        return None;
    }
    let difference = |(x, y): (&f32, &f32)| f64::from(*x) - f64::from(*y);
    let pairs = a.rows().zip(b.rows());
    let mut rows: Vec<Vec<f64>> = pairs
        .map(|(x, y)| x.iter().zip(y).map(difference).collect())
        .collect();
    let square = |row: &Vec<f64>| row.iter().fold(0.0, |sum, v| sum + v * v);
    let whole = rows.iter().map(square).fold(0.0, |sum, v| sum + v);
    if whole <= 0.0 {
        return None;
    }
    let directions = f64::from(u32::try_from(rows.len().min(a.columns)).unwrap_or(u32::MAX));
    let mut rank = 0.0;
    loop {
        let lengths: Vec<f64> = rows.iter().map(square).collect();
        let left = lengths.iter().fold(0.0, |sum, v| sum + v);
        if left <= LEFT * whole || rank >= most * directions {
            return Some(rank / directions);
        }
        let longest = lengths
            .iter()
            .zip(&rows)
            .max_by(|(x, _), (y, _)| x.total_cmp(y));
        let (length, longest) = longest.map(|(length, row)| (*length, row.clone()))?;
        for row in &mut rows {
            let along = row
                .iter()
                .zip(&longest)
                .fold(0.0, |sum, (x, y)| sum + x * y)
                / length;
            for (x, y) in row.iter_mut().zip(&longest) {
                *x -= along * y;
            }
        }
        rank += 1.0;
    }
}

/// Which column of one matrix is which of another.
#[derive(Clone, Debug, PartialEq)]
pub struct Assignment {
    /// For each column of the second, the column of the first.
    pub order: Vec<usize>,
    /// The mean correlation of the pairs.
    pub correlation: f64,
}

/// Pairs the columns of two matrices with as many rows, so that the sum of their correlations is
/// greatest. When not even the best partner of each column, taken twice if need be, gives a mean
/// correlation of `least`, the assignment is not made: no assignment could.
/// Nothing when shapes differ or there are more than [`ASSIGNED_MAX`] columns.
#[must_use]
pub fn assign(first: &Matrix, second: &Matrix, least: f64) -> Option<Assignment> {
    let n = first.columns;
    if n == 0
        || n > ASSIGNED_MAX
        || second.columns != n
        || first.values.len() != second.values.len()
    {
        return None;
    }
    let (a, b) = (standardized(first), standardized(second));
    let product = |x: &[f32], y: &[f32]| x.iter().zip(y).fold(0.0_f32, |sum, (p, q)| sum + p * q);
    let mut correlations = Vec::with_capacity(n * n);
    for x in b.rows() {
        correlations.extend(a.rows().map(|y| product(x, y)));
    }
    let count = f64::from(u32::try_from(n).unwrap_or(u32::MAX));
    let best = |row: &[f32]| f64::from(row.iter().copied().fold(f32::NEG_INFINITY, f32::max));
    let bound = correlations
        .chunks_exact(n)
        .map(best)
        .fold(0.0, |sum, v| sum + v)
        / count;
    if bound < least {
        return Some(Assignment {
            order: Vec::new(),
            correlation: bound,
        });
    }
    let order = assignment(n, &correlations);
    let chosen = order.iter().zip(correlations.chunks_exact(n));
    let chosen = chosen.filter_map(|(column, row)| row.get(*column));
    let sum = chosen.fold(0.0, |sum, v| sum + f64::from(*v));
    Some(Assignment {
        order,
        correlation: sum / count,
    })
}

/// Columns as rows, each with mean zero and length one.
#[expect(
    clippy::cast_possible_truncation,
    reason = "correlations need no more than f32"
)]
fn standardized(matrix: &Matrix) -> Matrix {
    let mut turned = matrix.transposed();
    let n = f64::from(u32::try_from(turned.columns).unwrap_or(u32::MAX));
    for row in turned.values.chunks_exact_mut(turned.columns.max(1)) {
        let mean = row.iter().fold(0.0, |sum, v| sum + f64::from(*v)) / n;
        let square = |sum, v: &f32| sum + (f64::from(*v) - mean) * (f64::from(*v) - mean);
        let length = row.iter().fold(0.0, square).sqrt();
        for v in row.iter_mut() {
            *v = if length > 0.0 {
                ((f64::from(*v) - mean) / length) as f32
            } else {
                0.0
            };
        }
    }
    turned
}

/// The column for each row with the greatest sum: shortest augmenting paths with potentials
/// (Jonker and Volgenant 1987), one row after another.
#[expect(
    clippy::indexing_slicing,
    reason = "every index is below n + 1, the length of all"
)]
pub(super) fn assignment(n: usize, gains: &[f32]) -> Vec<usize> {
    // Row 0 and column 0 stand for none; rows and columns count from one.
    let mut row_price = vec![0.0_f64; n + 1];
    let mut column_price = vec![0.0_f64; n + 1];
    let mut row_of = vec![0_usize; n + 1];
    let mut came_from = vec![0_usize; n + 1];
    for row in 1..=n {
        row_of[0] = row;
        let mut at = 0;
        let mut distance = vec![f64::INFINITY; n + 1];
        let mut is_done = vec![false; n + 1];
        while row_of[at] != 0 {
            is_done[at] = true;
            let from = row_of[at];
            let (mut step, mut next) = (f64::INFINITY, 0);
            for column in 1..=n {
                if is_done[column] {
                    continue;
                }
                let cost = -f64::from(gains[(from - 1) * n + column - 1]);
                let reduced = cost - row_price[from] - column_price[column];
                if reduced < distance[column] {
                    distance[column] = reduced;
                    came_from[column] = at;
                }
                if distance[column] < step {
                    (step, next) = (distance[column], column);
                }
            }
            for column in 0..=n {
                if is_done[column] {
                    row_price[row_of[column]] += step;
                    column_price[column] -= step;
                } else {
                    distance[column] -= step;
                }
            }
            at = next;
        }
        while at != 0 {
            row_of[at] = row_of[came_from[at]];
            at = came_from[at];
        }
    }
    let mut order = vec![0; n];
    for column in 1..=n {
        order[row_of[column] - 1] = column - 1;
    }
    order
}
