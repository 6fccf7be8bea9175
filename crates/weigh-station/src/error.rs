//! Why a subject could not be weighed. Sorted by blame: what the person gave, then the environment.

use weigh_compute::{ChipError, OperationsError, ResolveError};
use weigh_facts::{Diagnostic, FactError};
use weigh_readers::ReadError;

/// Why a subject could not be weighed.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WeighError {
    /// A file could not be read or is not what it should be.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// A configuration gives no architecture.
    #[error(transparent)]
    Resolve(#[from] ResolveError),
    /// Stages cannot be counted.
    #[error(transparent)]
    Operations(#[from] OperationsError),
    /// Chip time cannot be turned into operations.
    #[error(transparent)]
    Chip(#[from] ChipError),
    /// Our own catalog is wrong.
    #[error("{0}; this is a defect of weighbridge: please report it")]
    Catalog(String),
    /// A fact taken for granted is none.
    #[error(transparent)]
    Fact(#[from] FactError),
    /// A file the person wrote has faults.
    #[error("`{path}` has faults")]
    Faults {
        /// The file.
        path: String,
        /// Its text, to show the places.
        text: String,
        /// Every fault.
        faults: Vec<Diagnostic>,
    },
    /// Two inputs cannot both be right.
    #[error("{one} and {other} contradict each other: {what}")]
    Contradiction {
        /// About what.
        what: String,
        /// One input and what it says.
        one: String,
        /// The other.
        other: String,
    },
    /// A folder or file with nothing in it that we read.
    #[error("`{path}` holds nothing weighbridge reads")]
    NothingToRead {
        /// The path.
        path: String,
        /// What was there instead.
        seen: String,
    },
    /// Weights in a format that is known and not read.
    #[error("`{path}` is {format}, which weighbridge does not read")]
    FormatNotRead {
        /// The file.
        path: String,
        /// What it is.
        format: &'static str,
        /// What to do instead.
        instead: &'static str,
    },
    /// No rulebook of that name.
    #[error("unknown rulebook `{name}`")]
    UnknownRulebook {
        /// What was asked for.
        name: String,
        /// What there is.
        known: String,
    },
    /// The record of an earlier reading cannot be used.
    #[error("`{path}` is no record of digests: {reason}")]
    Journal {
        /// The file.
        path: String,
        /// Why not.
        reason: String,
    },
    /// A fact names a counting convention that there is not.
    #[error("`{fact}` names no counting convention: there is no `{convention}`")]
    UnknownConvention {
        /// The fact as it was named.
        fact: String,
        /// The convention that there is not.
        convention: String,
        /// The nearest one.
        nearest: Option<String>,
        /// What there is.
        known: String,
    },
    /// A fingerprint, or a key for one, cannot be used.
    #[error("`{path}` is no {what}: {reason}")]
    Fingerprint {
        /// The file.
        path: String,
        /// What it should be: `fingerprint`, `key`.
        what: &'static str,
        /// Why it is not.
        reason: String,
    },
    /// Weights that give no fingerprint.
    #[error("`{path}` gives no fingerprint: {seen}")]
    NoValues {
        /// The path.
        path: String,
        /// What was there.
        seen: String,
    },
    /// A count does not fit.
    #[error("{what} does not fit: the sizes are larger than any model")]
    Overflow {
        /// What was being counted.
        what: String,
    },
}

impl WeighError {
    /// Stable, listed in the manual.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Read(error) => error.code(),
            Self::Resolve(error) => error.code(),
            Self::Operations(error) => error.code(),
            Self::Chip(error) => error.code(),
            Self::Catalog(_) => "defective-catalog",
            Self::Fact(_) => "bad-fact",
            Self::Faults { faults, .. } => faults.first().map_or("faults", |f| f.code),
            Self::Contradiction { .. } => "contradiction",
            Self::NothingToRead { .. } => "nothing-to-read",
            Self::FormatNotRead { .. } => "format-not-read",
            Self::UnknownRulebook { .. } => "unknown-rulebook",
            Self::Journal { .. } => "digest-record",
            Self::UnknownConvention { .. } => "no-such-convention",
            Self::Fingerprint { .. } => "fingerprint-file",
            Self::NoValues { .. } => "no-values",
            Self::Overflow { .. } => "too-large",
        }
    }

    /// The next action, if there is one.
    #[must_use]
    pub fn help(&self) -> Option<String> {
        match self {
            Self::Fact(error) => error.help().map(str::to_owned),
            Self::Resolve(error) => error.help().map(str::to_owned),
            Self::Read(error) => error.help().map(str::to_owned),
            Self::Contradiction { .. } => {
                Some("give inputs of one model, or leave out the one that is wrong".to_owned())
            }
            Self::NothingToRead { seen, .. } => Some(format!(
                "a model folder holds config.json, weights (*.safetensors, *.gguf, *.bin, *.pt, *.ckpt, .metadata, *.onnx, *.npz), adapter_config.json or trainer_state.json; {seen}"
            )),
            Self::Journal { .. } => Some(
                "name a file that does not exist yet, or the one an earlier call wrote".to_owned(),
            ),
            Self::Fingerprint { .. } => Some(
                "a fingerprint is what `weighbridge lineage register` writes, and a key is a file of secret bytes".to_owned(),
            ),
            Self::NoValues { .. } => Some(
                "name a folder or file with whole weights in safetensors, stored in floating point".to_owned(),
            ),
            Self::FormatNotRead { instead, .. } => Some((*instead).to_owned()),
            Self::UnknownConvention {
                nearest: Some(near),
                ..
            } => Some(format!("did you mean `{near}`?")),
            Self::UnknownConvention { known, .. } => Some(format!(
                "use one of {known}; one of your own stands in a folder that `--rulebooks` names"
            )),
            Self::UnknownRulebook { known, .. } => Some(format!("there are {known}")),
            _ => None,
        }
    }
}
