//! What a model occupies: bytes of weights and of the attention cache.

use weigh_facts::{Architecture, ArchitectureError, OperatorKind, Pairs, Part, TensorSeen};

/// Bytes of all weights at `bits` per learned value, rounded up to whole bytes.
///
/// Limits: one width for every weight; scales and buffers of quantized formats are not in it.
/// For a model whose files are at hand, [`stored_bytes`] is the answer.
///
/// # Errors
/// When the sizes overflow.
pub fn weight_bytes(architecture: &Architecture, bits: u64) -> Result<u128, ArchitectureError> {
    let parameters = u128::from(architecture.parameters()?.0);
    let bits = parameters.checked_mul(u128::from(bits));
    let bits = bits.ok_or(ArchitectureError::Overflow { what: "bytes" })?;
    Ok(bits.div_ceil(8))
}

/// Bytes that tensors occupy in their files.
#[must_use]
pub fn stored_bytes(tensors: &[TensorSeen]) -> u128 {
    tensors.iter().map(|t| u128::from(t.bytes)).sum()
}

/// Bytes of attention cache one token of context adds, over all layers, at `bits` per element.
///
/// Limits: windows are not applied; see [`cache_bytes`].
///
/// Check values, bf16: Llama 3.1 8B 131,072; DeepSeek-V3 70,272; Qwen3-235B-A22B 192,512.
#[must_use]
pub fn cache_bytes_per_token(architecture: &Architecture, bits: u64) -> u128 {
    let elements = u128::from(architecture.kv_elements_per_token());
    (elements * u128::from(bits)).div_ceil(8)
}

/// Bytes of attention cache of one sequence of `length` tokens at `bits` per element, windows
/// applied: a layer that sees `w` positions keeps no more than `w`, a recurrence keeps its state.
#[must_use]
pub fn cache_bytes(architecture: &Architecture, length: u64, bits: u64) -> u128 {
    let mut elements = 0_u128;
    let class = |(o, _): &(&weigh_facts::Operator, u64)| o.part != Part::MultiTokenPrediction;
    for (operator, layers) in architecture.operators().filter(class) {
        let (kv_elements, kept) = match &operator.kind {
            OperatorKind::Core {
                pairs: Pairs::CausalWindow { width },
                kv_elements,
                ..
            } => (kv_elements, length.min(*width)),
            OperatorKind::Core { kv_elements, .. } => (kv_elements, length),
            OperatorKind::Scan { state, .. } => (state, 1),
            _ => continue,
        };
        let layer = u128::from(*kv_elements).saturating_mul(u128::from(kept));
        elements = elements.saturating_add(layer.saturating_mul(u128::from(layers)));
    }
    elements.saturating_mul(u128::from(bits)).div_ceil(8)
}
