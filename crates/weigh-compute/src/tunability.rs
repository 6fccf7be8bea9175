//! Can a model be trained further from the files at hand, how, and in how much memory?
//!
//! Weights in a floating-point format can all be trained. Packed integers can carry an adapter on
//! top, because gradients pass through them and not into them. What was exported to be run is not
//! made to be trained, whatever its numbers are. What nobody has cannot be judged.
//!
//! Memory, without activations:
//! - **all weights:** 16 bytes each: two for the weight, two for its gradient, four for a copy in
//!   32 bits, eight for the two moments of Adam;
//! - **adapter:** the weights as stored, and 16 bytes for each value of the adapter.
//!
//! Source of the 16 bytes: Rajbhandari and others, ZeRO (2020), section 3.1.

use weigh_facts::{Architecture, Dtype, OperatorKind, Parameters, Part, TensorSeen};

use crate::headers::QuantizationHints;

/// How far the files at hand can be trained.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Tunable {
    /// Every weight.
    Full,
    /// An adapter on top of them.
    AdapterOnly,
    /// They run, and are not made to be trained.
    ExportOnly,
    /// No weights are here.
    Unknown,
}

impl Tunable {
    /// The name used in output.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Full => "full",
            Self::AdapterOnly => "adapter-only",
            Self::ExportOnly => "export-only",
            Self::Unknown => "unknown",
        }
    }
}

/// The answer with what it rests on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tunability {
    /// How far.
    pub tunable: Tunable,
    /// Why, in the order in which it weighs.
    pub reasons: Vec<String>,
    /// Bytes to train every weight with Adam, activations not in it.
    pub full_bytes: Option<u128>,
    /// Learned values of an adapter of [`ADAPTER_RANK`] on every linear layer but the head, the
    /// router and the routed experts.
    pub adapter_parameters: Option<Parameters>,
    /// Bytes to train it, activations not in it.
    pub adapter_bytes: Option<u128>,
}

/// The rank by which adapters are compared: the one most examples use.
pub const ADAPTER_RANK: u64 = 16;
const ADAM_BYTES: u128 = 16;

/// How far the stored tensors of a model can be trained. `exported` is why their format runs and is
/// not made to be trained, if it is such a format.
#[must_use]
pub fn tunability(
    architecture: &Architecture,
    stored: &[TensorSeen],
    hints: &QuantizationHints,
    exported: Option<&str>,
) -> Tunability {
    if let Some(why) = exported {
        return Tunability {
            tunable: Tunable::ExportOnly,
            reasons: vec![why.to_owned()],
            full_bytes: None,
            adapter_parameters: None,
            adapter_bytes: None,
        };
    }
    let parameters = architecture.parameters().ok();
    let adapter = adapter_parameters(architecture);
    let bytes: u128 = stored.iter().map(|t| u128::from(t.bytes)).sum();
    let (tunable, reasons) = judge(stored, hints);
    let has_weights = tunable != Tunable::Unknown;
    Tunability {
        tunable,
        reasons,
        full_bytes: parameters.map(|p| u128::from(p.0) * ADAM_BYTES),
        adapter_parameters: adapter,
        adapter_bytes: adapter
            .filter(|_| has_weights)
            .map(|p| bytes + u128::from(p.0) * ADAM_BYTES),
    }
}

fn judge(stored: &[TensorSeen], hints: &QuantizationHints) -> (Tunable, Vec<String>) {
    // Vectors are kept in floating point beside packed matrices: they do not decide.
    let matrices = || stored.iter().filter(|t| t.shape.len() >= 2);
    let is_packed =
        |t: &&TensorSeen| (t.dtype.is_block() || !t.dtype.is_float()) && t.dtype != Dtype::Bool;
    let packed: u64 = sum(matrices().filter(is_packed));
    let plain: u64 = sum(matrices().filter(|t| !is_packed(t)));
    if packed == 0 && plain == 0 {
        let why = "no weights are here";
        return (Tunable::Unknown, vec![why.to_owned()]);
    }
    let mut dtypes: Vec<&str> = matrices().map(|t| t.dtype.as_str()).collect();
    dtypes.sort_unstable();
    dtypes.dedup();
    let dtypes = dtypes.join(", ");
    // What is packed holds more values than bytes, so half of the bytes is most of the values.
    if packed > plain / 4 {
        let method = hints.method.as_deref().unwrap_or("an unnamed method");
        let why = format!("matrices are packed in few bits ({dtypes}; {method})");
        return (Tunable::AdapterOnly, vec![why]);
    }
    let why = format!("matrices are stored in floating point ({dtypes})");
    (Tunable::Full, vec![why])
}

fn sum<'a>(tensors: impl Iterator<Item = &'a TensorSeen>) -> u64 {
    tensors.map(|t| t.bytes).fold(0, u64::saturating_add)
}

/// `r (in + out)` over the linear layers that hold an adapter.
fn adapter_parameters(architecture: &Architecture) -> Option<Parameters> {
    let holds = |part: Part| {
        !matches!(
            part,
            Part::Head
                | Part::Router
                | Part::RoutedExpert
                | Part::Pooler
                | Part::MultiTokenPrediction
        )
    };
    let mut total = 0_u64;
    for (operator, layers) in architecture.operators().filter(|(o, _)| holds(o.part)) {
        let OperatorKind::Linear {
            inputs,
            outputs,
            copies,
            ..
        } = &operator.kind
        else {
            continue;
        };
        let one = inputs.checked_add(*outputs)?.checked_mul(ADAPTER_RANK)?;
        let all = one.checked_mul(*copies)?.checked_mul(layers)?;
        total = total.checked_add(all)?;
    }
    (total > 0).then_some(Parameters(total))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_export_runs_and_is_not_trained() {
        let tensors = [tensor(Dtype::F32, &[8, 8])];
        let model = crate::from_tensors(&tensors);
        let hints = QuantizationHints::default();
        let judged = tunability(&model, &tensors, &hints, Some("it is an export"));
        assert_eq!(judged.tunable, Tunable::ExportOnly);
        assert_eq!(judged.reasons, ["it is an export"]);
        assert_eq!((judged.full_bytes, judged.adapter_bytes), (None, None));
        let judged = tunability(&model, &tensors, &hints, None);
        assert_eq!(judged.tunable, Tunable::Full);
    }

    fn tensor(dtype: Dtype, shape: &[u64]) -> TensorSeen {
        let elements = shape.iter().product();
        TensorSeen {
            name: "weight".to_owned(),
            dtype,
            shape: shape.to_vec(),
            elements,
            bytes: dtype.bytes_for(elements).expect("whole blocks"),
            input: String::new(),
        }
    }

    #[test]
    fn what_the_matrices_are_stored_in_decides() {
        let none = QuantizationHints::default();
        let judged = |tensors: &[TensorSeen]| judge(tensors, &none).0;
        let vector = tensor(Dtype::F32, &[4096]);
        assert_eq!(judged(&[]), Tunable::Unknown);
        assert_eq!(judged(std::slice::from_ref(&vector)), Tunable::Unknown);
        for dtype in [Dtype::BF16, Dtype::F16, Dtype::F32, Dtype::F8_E4M3] {
            assert_eq!(judged(&[tensor(dtype, &[8, 8])]), Tunable::Full);
        }
        for dtype in [Dtype::U8, Dtype::I32, Dtype::I8, Dtype::Q4_K] {
            let tensors = [vector.clone(), tensor(dtype, &[8, 256])];
            assert_eq!(judged(&tensors), Tunable::AdapterOnly);
        }
    }
}
