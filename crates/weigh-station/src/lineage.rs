//! Do the weights of one model come from those of others? Fingerprints made from files, kept in
//! files, and compared.
//!
//! - Tensors are read side by side, each from its beginning to its end in pieces of [`PIECE`]
//!   bytes, so a sketch has the same bits whatever the number of threads.
//! - **Invariant:** nothing here says that a model is *not* derived from another; see
//!   [`weigh_compute::fingerprint`].

mod closer;
mod declared;
mod kept;
mod source;

use std::path::Path;

use weigh_compute::fingerprint::{
    CANDIDATES_MAX, Fingerprint, Mixture, Relation, SketchKey, Tier, WEIGHT_MIN, mixture, relate,
    stacked,
};
use weigh_facts::Warning;
use weigh_ledger::digest::Blake3Digest;

pub use declared::{Claim, Standing};
pub use kept::{FINGERPRINT_SCHEMA, fingerprint_json};

use crate::digests::Progress;
use crate::error::WeighError;
use crate::folder::{self, Opened};
use source::Source;

/// Bytes of a tensor that are held at once.
const PIECE: usize = 1 << 20;
/// A longer key is no key.
const KEY_MAX: u64 = 1 << 16;

/// The key that sketches are made with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LineageKey {
    /// Names it without giving it away.
    pub id: String,
    key: SketchKey,
}

impl LineageKey {
    /// The one that everybody has.
    #[must_use]
    pub fn public() -> Self {
        Self {
            id: "public-1".to_owned(),
            key: SketchKey::PUBLIC,
        }
    }

    /// One of your own: BLAKE3 of a label and the bytes of a file of at least 16 bytes.
    ///
    /// # Errors
    /// When the file cannot be read, is shorter, or longer than 64 KiB.
    pub fn of_file(path: &Path) -> Result<Self, WeighError> {
        let Opened::File(_, file) = folder::open(path)? else {
            return Err(not_a_key(path, "it is a folder"));
        };
        let len = weigh_readers::Object::len(&file);
        if !(16..=KEY_MAX).contains(&len) {
            return Err(not_a_key(path, "a key has 16 bytes to 64 KiB"));
        }
        let secret = crate::evidence::reading_of(&file)?;
        let labeled = |label: &[u8]| Blake3Digest::of(&[label, &secret].concat());
        let id = labeled(b"weighbridge lineage key id 1\n").to_string();
        Ok(Self {
            id: id.get(..16).unwrap_or_default().to_owned(),
            key: SketchKey::from_digest(labeled(b"weighbridge lineage key 1\n").0),
        })
    }
}

fn not_a_key(path: &Path, reason: &str) -> WeighError {
    WeighError::Fingerprint {
        path: path.display().to_string(),
        what: "key",
        reason: reason.to_owned(),
    }
}

/// A model, ready to be compared.
#[derive(Debug)]
pub struct Registered {
    /// What it is called.
    pub name: String,
    /// What it says it came from.
    pub declared: Vec<Claim>,
    /// Digests and sketches.
    pub fingerprint: Fingerprint,
    /// Rows of the input embedding.
    pub embedding: Option<Embedding>,
    /// What could not be used.
    pub warnings: Vec<Warning>,
    /// The weights, if they are at hand and not only their fingerprint.
    source: Option<Source>,
}

/// Some rows of the input embedding, by token.
#[derive(Clone, Debug, PartialEq)]
pub struct Embedding {
    /// Tokens there are.
    pub tokens: u64,
    /// Length of a row.
    pub width: usize,
    /// The rows kept.
    pub ids: Vec<u64>,
    /// Their values, one row after another.
    pub values: Vec<f32>,
}

/// A model beside possible ancestors.
#[derive(Clone, Debug)]
pub struct LineageReport {
    /// What the model is called.
    pub target: String,
    /// Each candidate, in the order given.
    pub candidates: Vec<Candidate>,
    /// The sum of candidates that explains it best, if there are two to eight.
    pub mixture: Option<Mixture>,
    /// What the model says of itself, and how that stands.
    pub claims: Vec<(Claim, Standing)>,
    /// Candidates that are related and that no claim names.
    pub undeclared: Vec<String>,
    /// What could not be used.
    pub warnings: Vec<Warning>,
}

/// A possible ancestor.
#[derive(Clone, Debug)]
pub struct Candidate {
    /// What it is called.
    pub name: String,
    /// How the two stand.
    pub relation: Relation,
    /// What a closer look found.
    pub closer: Closer,
}

/// What a closer look found, where sketches alone showed nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Closer {
    /// The mean correlation of embedding columns in their best order.
    pub embedding: Option<f64>,
    /// Was the residual stream put into another order and the comparison made again?
    pub reordered: bool,
    /// Layers whose hidden units were put into another order.
    pub units: usize,
}

/// Reads a model folder, a weights file, or a fingerprint.
///
/// # Errors
/// When it cannot be read, or holds no weights whose values are decoded.
pub fn register(
    path: &Path,
    key: &LineageKey,
    progress: &dyn Progress,
) -> Result<Registered, WeighError> {
    if let Some(found) = kept::read(path)? {
        return Ok(found);
    }
    source::register(path, key, progress)
}

/// Compares a model with possible ancestors.
#[must_use]
pub fn compare_lineage(target: &Registered, candidates: &[Registered]) -> LineageReport {
    let mut found: Vec<Candidate> = candidates.iter().map(|c| beside(target, c)).collect();
    let prints: Vec<&Fingerprint> = candidates.iter().map(|c| &c.fingerprint).collect();
    let sums = (2..=CANDIDATES_MAX).contains(&prints.len());
    let stack = sums
        .then(|| stacked(&target.fingerprint, &prints))
        .flatten();
    let mixture = stack.and_then(|(whole, parts)| mixture(&whole, &parts));
    if let Some(mixture) = mixture.as_ref().filter(|m| m.is_found()) {
        let parts = mixture.weights.iter().map(|w| *w >= WEIGHT_MIN);
        for (candidate, _) in found.iter_mut().zip(parts).filter(|(_, is_part)| *is_part) {
            candidate.relation.add_mixture();
        }
    }
    let claims: Vec<(Claim, Standing)> = target
        .declared
        .iter()
        .map(|claim| (claim.clone(), claim.standing(&found)))
        .collect();
    let is_named = |c: &Candidate| claims.iter().any(|(claim, _)| claim.names(&c.name));
    let undeclared = found
        .iter()
        .filter(|c| c.relation.tier >= Tier::Strong && !is_named(c));
    let mut warnings = target.warnings.clone();
    warnings.extend(candidates.iter().flat_map(|c| c.warnings.iter().cloned()));
    LineageReport {
        target: target.name.clone(),
        undeclared: undeclared.map(|c| c.name.clone()).collect(),
        candidates: found,
        mixture,
        claims,
        warnings,
    }
}

fn beside(target: &Registered, candidate: &Registered) -> Candidate {
    let mut relation = relate(&target.fingerprint, &candidate.fingerprint);
    let closer = closer::look(target, candidate, &mut relation);
    Candidate {
        name: candidate.name.clone(),
        relation,
        closer,
    }
}

#[cfg(test)]
mod tests;
