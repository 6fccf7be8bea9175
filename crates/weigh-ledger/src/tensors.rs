//! One digest for the tensors of a model, whatever files they lie in.
//!
//! Resharding a model changes every file and no tensor: the root below stays.
//! It is the head of a Merkle tree as RFC 6962, section 2.1, builds it over SHA-256, so that one
//! tensor can be shown to belong to a model without the others.
//!
//! The entries are sorted by the bytes of their names. Each is, integers big-endian:
//!
//! ```text
//! "weighbridge tensor v1\n"
//! u32 length of the name, the name as UTF-8
//! u32 length of the element type, the type as the file spells it
//! u32 number of dimensions, each as u64
//! 32 bytes: BLAKE3 of the tensor's stored bytes
//! ```
//!
//! A leaf is `SHA-256(0x00 || entry)`, a node `SHA-256(0x01 || left || right)`.

use crate::digest::{Blake3Digest, Sha256Digest, Sha256State};

/// One tensor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TensorDigest {
    /// Its name.
    pub name: String,
    /// Its element type, as the file spells it.
    pub dtype: String,
    /// Its stored shape.
    pub shape: Vec<u64>,
    /// Of its stored bytes.
    pub blake3: Blake3Digest,
}

/// Why tensors have no root.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TensorRootError {
    /// The same name twice: two readers could see two models.
    #[error("the tensor `{name}` is there twice")]
    Duplicate {
        /// The name.
        name: String,
    },
    /// A name, type or shape longer than any.
    #[error("the tensor `{name}` has a name, type or shape that is too long")]
    TooLong {
        /// The name.
        name: String,
    },
}

/// The root over all tensors, and nothing for none.
///
/// # Errors
/// When a name is there twice.
pub fn tensor_root(tensors: &[TensorDigest]) -> Result<Option<Sha256Digest>, TensorRootError> {
    let mut sorted: Vec<&TensorDigest> = tensors.iter().collect();
    sorted.sort_by(|a, b| a.name.as_bytes().cmp(b.name.as_bytes()));
    for (one, next) in sorted.iter().zip(sorted.iter().skip(1)) {
        if one.name == next.name {
            let name = one.name.clone();
            return Err(TensorRootError::Duplicate { name });
        }
    }
    let leaves = sorted
        .into_iter()
        .map(leaf)
        .collect::<Result<Vec<_>, _>>()?;
    Ok((!leaves.is_empty()).then(|| head(&leaves)))
}

fn leaf(tensor: &TensorDigest) -> Result<Sha256Digest, TensorRootError> {
    let too_long = |_| TensorRootError::TooLong {
        name: tensor.name.chars().take(80).collect(),
    };
    let mut state = Sha256State::default();
    state.update(&[0]);
    state.update(b"weighbridge tensor v1\n");
    for text in [&tensor.name, &tensor.dtype] {
        let len = u32::try_from(text.len()).map_err(too_long)?;
        state.update(&len.to_be_bytes());
        state.update(text.as_bytes());
    }
    let rank = u32::try_from(tensor.shape.len()).map_err(too_long)?;
    state.update(&rank.to_be_bytes());
    for dimension in &tensor.shape {
        state.update(&dimension.to_be_bytes());
    }
    state.update(&tensor.blake3.0);
    Ok(state.finish())
}

/// RFC 6962, section 2.1: the left subtree has the largest power of two below the number of
/// leaves. Pairing neighbors level by level, an odd one moving up, builds the same tree.
fn head(leaves: &[Sha256Digest]) -> Sha256Digest {
    let mut level = leaves.to_vec();
    while level.len() > 1 {
        level = level.chunks(2).map(join).collect();
    }
    level
        .first()
        .copied()
        .unwrap_or_else(|| Sha256Digest::of(b""))
}

fn join(pair: &[Sha256Digest]) -> Sha256Digest {
    match pair {
        [left, right] => {
            let mut state = Sha256State::default();
            state.update(&[1]);
            state.update(&left.0);
            state.update(&right.0);
            state.finish()
        }
        [single] => *single,
        _ => Sha256Digest::of(b""),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tensor(name: &str) -> TensorDigest {
        TensorDigest {
            name: name.to_owned(),
            dtype: "BF16".to_owned(),
            shape: vec![2, 3],
            blake3: Blake3Digest::of(name.as_bytes()),
        }
    }

    /// The recursive definition, word for word.
    fn defined(leaves: &[Sha256Digest]) -> Sha256Digest {
        if let [single] = leaves {
            return *single;
        }
        let mut left = 1;
        while left * 2 < leaves.len() {
            left *= 2;
        }
        let (a, b) = leaves.split_at(left);
        join(&[defined(a), defined(b)])
    }

    #[test]
    fn the_tree_is_that_of_the_rfc() {
        let leaves: Vec<_> = (0..40_u8).map(|n| Sha256Digest::of(&[n])).collect();
        for n in 1..=leaves.len() {
            assert_eq!(head(&leaves[..n]), defined(&leaves[..n]), "{n} leaves");
        }
    }

    #[test]
    fn order_does_not_matter_and_every_field_does() {
        let root = |tensors: &[TensorDigest]| tensor_root(tensors).expect("names differ");
        let (a, b) = (tensor("a"), tensor("b"));
        let both = root(&[a.clone(), b.clone()]);
        assert_eq!(both, root(&[b.clone(), a.clone()]));
        assert_eq!(root(&[]), None);
        let changed = [
            TensorDigest {
                name: "c".to_owned(),
                ..b.clone()
            },
            TensorDigest {
                dtype: "F16".to_owned(),
                ..b.clone()
            },
            TensorDigest {
                shape: vec![3, 2],
                ..b.clone()
            },
            TensorDigest {
                blake3: Blake3Digest::of(b"other"),
                ..b.clone()
            },
        ];
        for other in changed {
            assert_ne!(both, root(&[a.clone(), other]));
        }
        assert!(tensor_root(&[a.clone(), a]).is_err());
    }
}
