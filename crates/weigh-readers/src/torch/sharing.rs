//! Which tensors hold nothing of their own.
//!
//! A tensor is an alias where all its numbers are certainly in another one: the same view, or a
//! place inside a view without holes. Where that is not certain both count, so that a trick with
//! steps can make a model larger and never smaller.

use super::element::bits_of;
use std::collections::HashSet;

use super::Tensor;

/// Marks the aliases.
pub(super) fn mark(tensors: &mut [Tensor]) {
    let mut order: Vec<(usize, Extent)> = tensors.iter().map(Extent::of).enumerate().collect();
    // In each storage from the left, the longest first, one without holes before one with.
    order.sort_by_key(|(place, e)| (e.storage, e.begin, u64::MAX - e.end, !e.is_dense, *place));
    let (mut storage, mut reached) = (None, 0);
    let mut views = HashSet::new();
    for (place, extent) in order {
        if storage != Some(extent.storage) {
            (storage, reached) = (Some(extent.storage), 0);
            views.clear();
        }
        let Some(tensor) = tensors.get_mut(place) else {
            continue;
        };
        let is_empty = extent.begin == extent.end;
        let view = (
            tensor.offset,
            tensor.seen.dtype,
            tensor.seen.shape.clone(),
            tensor.strides.clone(),
        );
        let is_same = !views.insert(view);
        tensor.is_alias = !is_empty && (is_same || extent.end <= reached);
        if extent.is_dense {
            reached = reached.max(extent.end);
        }
    }
}

/// The bytes of a storage that a tensor looks at, with what lies between.
struct Extent {
    storage: usize,
    begin: u64,
    end: u64,
    /// Does it look at all of them?
    is_dense: bool,
}

impl Extent {
    /// Lengths were checked when the tensor was read.
    fn of(tensor: &Tensor) -> Self {
        let bits = bits_of(tensor.seen.dtype);
        let width = (bits / 8).max(1);
        let begin = tensor.offset.saturating_mul(width);
        let steps = tensor.seen.shape.iter().zip(&tensor.strides);
        let last = steps.clone().fold(0_u64, |last, (dimension, stride)| {
            last.saturating_add(dimension.saturating_sub(1).saturating_mul(*stride))
        });
        let len = match tensor.seen.elements {
            0 => 0,
            _ => last.saturating_add(1).saturating_mul(width),
        };
        // As many places as elements, and no two elements in one: then none is left out.
        let mut steps: Vec<(u64, u64)> = steps
            .map(|(d, s)| (*s, *d))
            .filter(|(_, d)| *d > 1)
            .collect();
        steps.sort_unstable();
        let mut full = Some(1_u64);
        for (stride, dimension) in steps {
            full = full
                .filter(|full| *full == stride)
                .and_then(|full| full.checked_mul(dimension));
        }
        Self {
            storage: tensor.storage,
            begin,
            end: begin.saturating_add(len),
            // Halves of bytes are counted in bytes by their steps.
            is_dense: full.is_some() && len > 0 && bits >= 8,
        }
    }
}
