//! Fingerprints as files: `schemas/weighbridge.fingerprint-1.json`.
//!
//! Sketches are f32 and embedding rows bfloat16, smallest byte first, in Base64 (RFC 4648, with
//! padding). A file is what its author says: whoever wants to be sure makes it again.

use std::path::Path;

use serde::{Deserialize, Serialize};
use weigh_compute::fingerprint::{BUCKETS, Fingerprint, Moments, TensorPrint};
use weigh_facts::Dtype;
use weigh_ledger::digest::Blake3Digest;
use weigh_readers::{Object, values};

use super::{Claim, Embedding, Registered};
use crate::error::WeighError;
use crate::evidence;
use crate::folder::{self, Opened};

/// The format and its version.
pub const FINGERPRINT_SCHEMA: &str = "weighbridge.fingerprint/1";
/// A sketch takes 6 KiB; no model has so many tensors.
const LEN_MAX: u64 = 1 << 30;
/// The format stands at the beginning.
const BEGINNING: u64 = 200;

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Kept {
    schema: String,
    name: String,
    key: String,
    buckets: usize,
    declared: Vec<KeptClaim>,
    embedding: Option<KeptEmbedding>,
    tensors: Vec<KeptTensor>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct KeptClaim {
    place: String,
    base: String,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct KeptEmbedding {
    tokens: u64,
    width: usize,
    ids: Vec<u64>,
    rows: String,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct KeptTensor {
    name: String,
    dtype: String,
    shape: Vec<u64>,
    blake3: String,
    moments: Option<KeptMoments>,
    sketch: Option<String>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct KeptMoments {
    mean: f64,
    std: f64,
    kurtosis: f64,
    zeros: f64,
    is_constant: bool,
    grid_bits: Option<u8>,
}

/// Writes a fingerprint as JSON that ends with a line break.
#[must_use]
pub fn fingerprint_json(model: &Registered) -> String {
    let tensor = |t: &TensorPrint| KeptTensor {
        name: t.name.clone(),
        dtype: t.dtype.clone(),
        shape: t.shape.clone(),
        blake3: Blake3Digest(t.digest).to_string(),
        moments: t.moments.map(|m| KeptMoments {
            mean: m.mean,
            std: m.std,
            kurtosis: m.kurtosis,
            zeros: m.zeros,
            is_constant: m.is_constant,
            grid_bits: m.grid_bits,
        }),
        sketch: t.sketch.as_ref().map(|s| {
            let bytes: Vec<u8> = s.iter().flat_map(|v| v.to_le_bytes()).collect();
            base64(&bytes)
        }),
    };
    let claim = |c: &Claim| KeptClaim {
        place: c.place.clone(),
        base: c.base.clone(),
    };
    let kept = Kept {
        schema: FINGERPRINT_SCHEMA.to_owned(),
        name: model.name.clone(),
        key: model.fingerprint.key_id.clone(),
        buckets: BUCKETS,
        declared: model.declared.iter().map(claim).collect(),
        embedding: model.embedding.as_ref().map(|e| KeptEmbedding {
            tokens: e.tokens,
            width: e.width,
            ids: e.ids.clone(),
            rows: base64(
                &e.values
                    .iter()
                    .flat_map(|v| bfloat16(*v))
                    .collect::<Vec<u8>>(),
            ),
        }),
        tensors: model.fingerprint.tensors.iter().map(tensor).collect(),
    };
    let text = serde_json::to_string(&kept);
    text.unwrap_or_default() + "\n"
}

/// The upper half, rounded to nearest: what is no number is kept out by taking it for zero.
fn bfloat16(value: f32) -> [u8; 2] {
    let bits = if value.is_finite() {
        value.to_bits()
    } else {
        0
    };
    let rounded = bits.saturating_add(0x7fff + (bits >> 16 & 1)) >> 16;
    u16::try_from(rounded).unwrap_or_default().to_le_bytes()
}

/// Reads a fingerprint, and says nothing of a path that leads to something else.
pub(super) fn read(path: &Path) -> Result<Option<Registered>, WeighError> {
    let Opened::File(name, file) = folder::open(path)? else {
        return Ok(None);
    };
    let mut beginning = vec![0; usize::try_from(file.len().min(BEGINNING)).unwrap_or_default()];
    file.read_at(0, &mut beginning)?;
    let is_ours = String::from_utf8_lossy(&beginning).contains("weighbridge.fingerprint/");
    if !name.ends_with(".json") || !is_ours {
        return Ok(None);
    }
    let wrong = |reason: String| WeighError::Fingerprint {
        path: path.display().to_string(),
        what: "fingerprint",
        reason,
    };
    if file.len() > LEN_MAX {
        return Err(wrong(format!("it is longer than {LEN_MAX} bytes")));
    }
    let bytes = evidence::reading_of(&file)?;
    let kept: Kept = serde_json::from_slice(&bytes).map_err(|e| wrong(e.to_string()))?;
    if kept.schema != FINGERPRINT_SCHEMA || kept.buckets != BUCKETS {
        let found = format!("`{}` with {} buckets", kept.schema, kept.buckets);
        return Err(wrong(format!(
            "it is {found}, and `{FINGERPRINT_SCHEMA}` with {BUCKETS} is read"
        )));
    }
    let found = registered(kept);
    let damaged = || wrong("a digest, a sketch or the embedding is damaged".to_owned());
    found.ok_or_else(damaged).map(Some)
}

fn registered(kept: Kept) -> Option<Registered> {
    let embedding = match kept.embedding {
        Some(e) => {
            let values = floats(&e.rows, Dtype::BF16)?;
            let is_whole = e.ids.len().checked_mul(e.width)? == values.len();
            is_whole.then_some(())?;
            Some(Embedding {
                tokens: e.tokens,
                width: e.width,
                ids: e.ids,
                values,
            })
        }
        None => None,
    };
    let claim = |c: KeptClaim| Claim {
        place: c.place,
        base: c.base,
    };
    Some(Registered {
        name: kept.name,
        declared: kept.declared.into_iter().map(claim).collect(),
        fingerprint: Fingerprint {
            key_id: kept.key,
            tensors: kept
                .tensors
                .into_iter()
                .map(tensor)
                .collect::<Option<_>>()?,
        },
        embedding,
        warnings: Vec::new(),
        source: None,
    })
}

fn tensor(t: KeptTensor) -> Option<TensorPrint> {
    let sketch = match &t.sketch {
        Some(text) => {
            let values = floats(text, Dtype::F32)?;
            (values.len() == BUCKETS).then_some(())?;
            Some(values)
        }
        None => None,
    };
    Some(TensorPrint {
        name: t.name,
        dtype: t.dtype,
        shape: t.shape,
        digest: Blake3Digest::parse(&t.blake3)?.0,
        moments: t.moments.map(|m| Moments {
            mean: m.mean,
            std: m.std,
            kurtosis: m.kurtosis,
            zeros: m.zeros,
            is_constant: m.is_constant,
            grid_bits: m.grid_bits,
        }),
        sketch,
    })
}

fn floats(text: &str, dtype: Dtype) -> Option<Vec<f32>> {
    let bytes = from_base64(text)?;
    let mut found = Vec::with_capacity(bytes.len() / 2);
    values::decode(dtype, &bytes, &mut found);
    found.iter().all(|v| v.is_finite()).then_some(found)
}

const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

fn base64(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for piece in bytes.chunks(3) {
        let at = |i: usize| u32::from(piece.get(i).copied().unwrap_or_default());
        let bits = at(0) << 16 | at(1) << 8 | at(2);
        for i in 0..4_usize {
            let digit = DIGITS.get((bits >> (18 - 6 * i) & 63) as usize);
            let digit = digit.filter(|_| i <= piece.len());
            text.push(digit.map_or('=', |d| char::from(*d)));
        }
    }
    text
}

fn from_base64(text: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len() / 4 * 3);
    let digits = text.as_bytes();
    for (n, piece) in digits.chunks(4).enumerate() {
        let padding = piece.iter().rev().take_while(|c| **c == b'=').count();
        let is_last = (n + 1) * 4 == digits.len();
        if piece.len() != 4 || padding > 2 || (padding > 0 && !is_last) {
            return None;
        }
        let mut bits = 0_u32;
        for c in piece.iter().take(4 - padding) {
            bits = bits << 6 | value(*c)?;
        }
        bits <<= 6 * padding;
        let [_, three @ ..] = bits.to_be_bytes();
        bytes.extend(three.iter().take(3 - padding));
    }
    Some(bytes)
}

fn value(digit: u8) -> Option<u32> {
    let value = match digit {
        b'A'..=b'Z' => digit - b'A',
        b'a'..=b'z' => digit - b'a' + 26,
        b'0'..=b'9' => digit - b'0' + 52,
        b'+' => 62,
        b'/' => 63,
        _ => return None,
    };
    Some(u32::from(value))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 4648, section 10.
    #[test]
    fn base64_is_that_of_the_rfc() {
        for (bytes, text) in [
            ("", ""),
            ("f", "Zg=="),
            ("fo", "Zm8="),
            ("foo", "Zm9v"),
            ("foob", "Zm9vYg=="),
            ("fooba", "Zm9vYmE="),
            ("foobar", "Zm9vYmFy"),
        ] {
            assert_eq!(base64(bytes.as_bytes()), text);
            assert_eq!(from_base64(text).as_deref(), Some(bytes.as_bytes()));
        }
        for bad in ["Zg=", "Zg", "Z===", "Zg==Zg==", "Zm9*"] {
            assert_eq!(from_base64(bad), None, "{bad}");
        }
    }

    #[test]
    fn bfloat16_rounds_to_nearest() {
        let back = |v: f32| {
            let mut found = Vec::new();
            values::decode(Dtype::BF16, &bfloat16(v), &mut found);
            found[0]
        };
        assert_eq!([back(1.0), back(-2.5), back(f32::NAN)], [1.0, -2.5, 0.0]);
        assert!((back(0.1) - 0.1).abs() < 0.1 / 256.0);
    }
}
