//! Count sketches of tensors: short, linear, and made of every value.
//!
//! Bucket `h(i) mod B` gets `s(i) (w_i - mean)`, where `h` and the sign `s` come from a keyed hash
//! of the coordinate. Source: Charikar, Chen, Farach-Colton, *Finding frequent items in data
//! streams*, 2002. The sketch of a sum is the sum of the sketches, so differences and mixtures can
//! be read off; the cosine of two unrelated sketches has a standard deviation of `1 / sqrt(B)`.
//!
//! **Invariant:** sums run in the order of the coordinates in f64: the same bytes everywhere.

use super::grid;

/// Buckets of a sketch.
pub const BUCKETS: usize = 1024;
/// Values at the beginning that are kept for the test of a grid.
const HEAD: usize = 256 * 256;
const SIGN: u64 = 1 << 63;

/// What places and signs depend on.
///
/// The mixer is the finalizer of SplitMix64 (Steele, Lea, Flood 2014): a few instructions per
/// value where a cryptographic hash takes hundreds. It spreads coordinates evenly; it does not
/// hide a key from one who sees sketches of chosen tensors. So sketches under a private key are to
/// be kept as private as the key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SketchKey {
    before: u64,
    after: u64,
}

impl SketchKey {
    /// The key that everybody has: the first digits of pi, as in Blowfish.
    pub const PUBLIC: Self = Self {
        before: 0x243f_6a88_85a3_08d3,
        after: 0x1319_8a2e_0370_7344,
    };

    /// From the first half of a digest of a secret.
    #[must_use]
    pub fn from_digest(digest: [u8; 32]) -> Self {
        let part = |from: usize| {
            let bytes = digest.iter().skip(from).take(8);
            bytes.fold(0_u64, |sum, b| sum << 8 | u64::from(*b))
        };
        Self {
            before: part(0),
            after: part(8),
        }
    }

    fn hash(self, coordinate: u64) -> u64 {
        let mut z = self.before ^ coordinate.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        z = (z ^ z >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        z = (z ^ z >> 31).wrapping_add(self.after);
        z = (z ^ z >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z ^ z >> 31
    }
}

/// What the values of a tensor are like.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Moments {
    /// Their mean.
    pub mean: f64,
    /// Their standard deviation.
    pub std: f64,
    /// Their kurtosis: 3 for a normal distribution.
    pub kurtosis: f64,
    /// Which part of them is zero.
    pub zeros: f64,
    /// Are all of them alike?
    pub is_constant: bool,
    /// Do groups of them lie on a grid of so many bits?
    pub grid_bits: Option<u8>,
}

/// Sketches one tensor from its values, handed in piece by piece.
#[derive(Clone, Debug)]
pub struct Sketcher {
    key: SketchKey,
    row: usize,
    /// The signed sum of the values, and of ones, by bucket: the mean is taken off at the end.
    buckets: Vec<[f64; 2]>,
    powers: [f64; 4],
    count: u64,
    zeros: u64,
    least: f32,
    greatest: f32,
    head: Vec<f32>,
}

impl Sketcher {
    /// An empty sketch of a tensor whose rows have `row` values.
    #[must_use]
    pub fn new(key: SketchKey, row: usize) -> Self {
        Self {
            key,
            row,
            buckets: vec![[0.0; 2]; BUCKETS],
            powers: [0.0; 4],
            count: 0,
            zeros: 0,
            least: f32::INFINITY,
            greatest: f32::NEG_INFINITY,
            head: Vec::new(),
        }
    }

    /// The next values, in the order of the coordinates.
    pub fn update(&mut self, values: &[f32]) {
        let room = HEAD.saturating_sub(self.head.len());
        self.head.extend(values.iter().take(room));
        for value in values {
            self.add(self.count, *value);
        }
    }

    /// One value at a coordinate of its own; every coordinate once.
    pub fn add(&mut self, coordinate: u64, value: f32) {
        // What is no number says nothing, and would drown the rest.
        let value = if value.is_finite() { value } else { 0.0 };
        self.count += 1;
        self.zeros += u64::from(value == 0.0);
        self.least = self.least.min(value);
        self.greatest = self.greatest.max(value);
        let w = f64::from(value);
        let square = w * w;
        for (sum, power) in self
            .powers
            .iter_mut()
            .zip([w, square, square * w, square * square])
        {
            *sum += power;
        }
        let hash = self.key.hash(coordinate);
        let sign = if hash & SIGN == 0 { 1.0 } else { -1.0 };
        let bucket = usize::try_from(hash % BUCKETS as u64).unwrap_or_default();
        if let Some([sum, ones]) = self.buckets.get_mut(bucket) {
            *sum += sign * w;
            *ones += sign;
        }
    }

    /// The moments, and the sketch of the centered values.
    #[must_use]
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_precision_loss,
        reason = "a sketch is kept in f32; counts are far below 2^53"
    )]
    pub fn finish(self) -> (Moments, Vec<f32>) {
        let count = (self.count as f64).max(1.0);
        let [m1, m2, m3, m4] = self.powers.map(|sum| sum / count);
        let variance = (m2 - m1 * m1).max(0.0);
        let fourth = m4 - 4.0 * m1 * m3 + 6.0 * m1 * m1 * m2 - 3.0 * m1 * m1 * m1 * m1;
        let is_constant = self.least >= self.greatest || variance <= 0.0;
        let moments = Moments {
            mean: m1,
            std: variance.sqrt(),
            kurtosis: if is_constant {
                0.0
            } else {
                fourth / (variance * variance)
            },
            zeros: self.zeros as f64 / count,
            is_constant,
            grid_bits: grid::bits(&self.head, self.row),
        };
        let centered = |[sum, ones]: &[f64; 2]| (sum - m1 * ones) as f32;
        (moments, self.buckets.iter().map(centered).collect())
    }
}

/// The scalar product, in the order of the buckets.
#[must_use]
pub(super) fn dot(a: &[f32], b: &[f32]) -> f64 {
    let products = a.iter().zip(b).map(|(x, y)| f64::from(*x) * f64::from(*y));
    products.fold(0.0, |sum, p| sum + p)
}
