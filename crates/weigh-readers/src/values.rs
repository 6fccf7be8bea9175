//! Stored values of tensors as numbers, a bounded piece at a time.
//!
//! Only types whose values stand alone are decoded: floating point of 64, 32, 16 and 8 bits.
//! Integers are half of a quantized weight, and their scales are elsewhere; they are left alone.
//!
//! Sources: IEEE 754 for F64, F32 and F16; the upper half of F32 for BF16; OCP 8-bit Floating
//! Point Specification 1.0 for F8_E4M3 and F8_E5M2; arXiv 2206.02915 for the FNUZ pair.

use weigh_facts::Dtype;

/// Bytes of one value, if values of this type are decoded.
#[must_use]
pub fn width(dtype: Dtype) -> Option<usize> {
    match dtype {
        Dtype::F64 => Some(8),
        Dtype::F32 => Some(4),
        Dtype::F16 | Dtype::BF16 => Some(2),
        Dtype::F8_E4M3 | Dtype::F8_E5M2 | Dtype::F8_E4M3FNUZ | Dtype::F8_E5M2FNUZ => Some(1),
        _ => None,
    }
}

/// Appends the values of little-endian `bytes`; a piece of a value at the end is passed over.
/// Appends nothing for a type without a [`width`].
pub fn decode(dtype: Dtype, bytes: &[u8], values: &mut Vec<f32>) {
    match dtype {
        Dtype::F64 => values.extend(pieces(bytes).map(|b| narrowed(f64::from_le_bytes(b)))),
        Dtype::F32 => values.extend(pieces(bytes).map(f32::from_le_bytes)),
        Dtype::BF16 => values
            .extend(pieces(bytes).map(|b| f32::from_bits(u32::from(u16::from_le_bytes(b)) << 16))),
        Dtype::F16 => values.extend(pieces(bytes).map(|b| f16(u16::from_le_bytes(b)))),
        Dtype::F8_E4M3 => values.extend(bytes.iter().map(|b| f8(*b, 3, 7, Special::LastOnly))),
        Dtype::F8_E5M2 => values.extend(bytes.iter().map(|b| f8(*b, 2, 15, Special::Ieee))),
        Dtype::F8_E4M3FNUZ => values.extend(bytes.iter().map(|b| f8(*b, 3, 8, Special::Fnuz))),
        Dtype::F8_E5M2FNUZ => values.extend(bytes.iter().map(|b| f8(*b, 2, 16, Special::Fnuz))),
        _ => {}
    }
}

fn pieces<const N: usize>(bytes: &[u8]) -> impl Iterator<Item = [u8; N]> {
    bytes.chunks_exact(N).filter_map(|b| b.try_into().ok())
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "rounding is what is asked for"
)]
fn narrowed(value: f64) -> f32 {
    value as f32
}

fn f16(bits: u16) -> f32 {
    let sign = u32::from(bits >> 15) << 31;
    let (exponent, fraction) = (u32::from(bits >> 10) & 31, u32::from(bits) & 1023);
    match exponent {
        0 => f32::from_bits(sign | 0x3f80_0000) * scaled(fraction, -24),
        31 => f32::from_bits(sign | 0x7f80_0000 | fraction << 13),
        _ => f32::from_bits(sign | (exponent + 112) << 23 | fraction << 13),
    }
}

enum Special {
    /// The greatest exponent holds infinity and what is no number.
    Ieee,
    /// The greatest exponent with the greatest fraction is no number; there is no infinity.
    LastOnly,
    /// Minus zero is no number; there is no infinity.
    Fnuz,
}

fn f8(bits: u8, fraction_bits: u32, bias: i32, special: Special) -> f32 {
    let sign = if bits & 0x80 == 0 { 1.0 } else { -1.0 };
    let low = u32::from(bits & 0x7f);
    let (exponent, fraction) = (low >> fraction_bits, low & ((1 << fraction_bits) - 1));
    match special {
        Special::Ieee if exponent == 31 && fraction == 0 => return sign * f32::INFINITY,
        Special::Ieee if exponent == 31 => return f32::NAN,
        Special::LastOnly if low == 0x7f => return f32::NAN,
        Special::Fnuz if bits == 0x80 => return f32::NAN,
        _ => {}
    }
    let places = fraction_bits.cast_signed();
    sign * match exponent {
        0 => scaled(fraction, 1 - bias - places),
        _ => scaled(
            fraction | 1 << fraction_bits,
            exponent.cast_signed() - bias - places,
        ),
    }
}

/// A small integer times a power of two: exact, as every type here fits into F32.
#[expect(clippy::cast_precision_loss, reason = "at most eleven bits")]
fn scaled(integer: u32, power: i32) -> f32 {
    integer as f32 * 2_f32.powi(power)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(dtype: Dtype, bytes: &[u8]) -> f32 {
        let mut values = Vec::new();
        decode(dtype, bytes, &mut values);
        assert_eq!(values.len(), 1, "{dtype:?}");
        values[0]
    }

    /// Largest, least and other values from the tables of the named sources.
    #[test]
    fn the_published_values_hold() {
        for (bits, expected) in [
            (0x3c00_u16, 1.0),
            (0xc000, -2.0),
            (0x7bff, 65504.0),
            (0x0001, 2_f32.powi(-24)),
            (0x0400, 2_f32.powi(-14)),
            (0x3555, 0.333_251_95),
        ] {
            assert_eq!(one(Dtype::F16, &bits.to_le_bytes()), expected, "{bits:x}");
        }
        assert_eq!(one(Dtype::BF16, &0x3f80_u16.to_le_bytes()), 1.0);
        for (dtype, bits, expected) in [
            (Dtype::F8_E4M3, 0x7e, 448.0),
            (Dtype::F8_E4M3, 0x01, 2_f32.powi(-9)),
            (Dtype::F8_E4M3, 0xb8, -1.0),
            (Dtype::F8_E5M2, 0x7b, 57344.0),
            (Dtype::F8_E5M2, 0x01, 2_f32.powi(-16)),
            (Dtype::F8_E4M3FNUZ, 0x7f, 240.0),
            (Dtype::F8_E5M2FNUZ, 0x7f, 57344.0),
        ] {
            assert_eq!(one(dtype, &[bits]), expected, "{dtype:?} {bits:x}");
        }
        assert!(one(Dtype::F8_E4M3, &[0x7f]).is_nan());
        assert!(one(Dtype::F8_E5M2, &[0x7c]).is_infinite());
        assert!(one(Dtype::F8_E4M3FNUZ, &[0x80]).is_nan());
        assert!(one(Dtype::F16, &0x7c01_u16.to_le_bytes()).is_nan());
    }

    #[test]
    fn a_piece_of_a_value_is_no_value_and_integers_are_left_alone() {
        let mut values = Vec::new();
        decode(Dtype::F32, &[0, 0, 128, 63, 1, 2], &mut values);
        assert_eq!(values, [1.0]);
        decode(Dtype::I8, &[1, 2], &mut values);
        assert_eq!(values.len(), 1);
        assert_eq!(width(Dtype::I8), None);
    }
}
