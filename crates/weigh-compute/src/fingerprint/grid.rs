//! Do values lie on a grid, as rounding to few bits leaves them?
//!
//! Quantizers scale a group of consecutive values, or a row, by its greatest one. Whoever stores
//! the result as floating point keeps the grid. Values that were rounded again, to 16 bits, keep a
//! grid of four bits and lose one of eight.

/// Consecutive values that quantizers scale together.
const GROUPS: [usize; 3] = [32, 64, 128];
/// Of a hundred groups so many must lie on the grid.
const SHARE: usize = 95;
/// How far from a grid of eight bits a value may lie, in steps.
const SLACK: f32 = 0.01;

/// The bits of the grid, if there is one.
pub(super) fn bits(values: &[f32], row: usize) -> Option<u8> {
    let sizes = GROUPS.into_iter().chain((row > 128).then_some(row));
    let mut sizes: Vec<usize> = sizes.filter(|n| values.len() >= 8 * n).collect();
    if sizes.is_empty() {
        return None;
    }
    // A grid of a row is one of each group within it, so distinct values are counted in the least.
    if share(values, 32, &has_few_values) >= SHARE {
        return Some(4);
    }
    sizes.retain(|n| share(values, *n, &is_on_127_steps) >= SHARE);
    if !sizes.is_empty() {
        return Some(8);
    }
    // The fraction of bfloat16 is the upper seven bits of 23, that of F16 the upper ten.
    let is_16_bits = |v: &f32| v.to_bits() & 0x1fff == 0 || v.abs() < 6.2e-5;
    values.iter().all(is_16_bits).then_some(16)
}

fn share(values: &[f32], size: usize, test: &dyn Fn(&[f32]) -> bool) -> usize {
    let groups = values.chunks_exact(size);
    let count = groups.len().max(1);
    groups.filter(|g| test(g)).count() * 100 / count
}

/// At most sixteen different values in 32, zeros left out: pruning makes many of those.
fn has_few_values(group: &[f32]) -> bool {
    let mut seen: Vec<u32> = group
        .iter()
        .filter(|v| **v != 0.0)
        .map(|v| v.to_bits())
        .collect();
    let present = seen.len();
    seen.sort_unstable();
    seen.dedup();
    present >= 20 && seen.len() <= 16
}

fn is_on_127_steps(group: &[f32]) -> bool {
    let greatest = group.iter().fold(0.0_f32, |most, v| most.max(v.abs()));
    let on_step = |v: &f32| {
        let steps = v / greatest * 127.0;
        (steps - steps.round()).abs() <= SLACK
    };
    greatest > 0.0 && group.iter().all(on_step)
}
