//! What a model says it came from, and how that stands beside what its weights show.

use std::path::Path;

use weigh_compute::fingerprint::Tier;
use weigh_facts::{Observed, Reading};
use weigh_readers::model_card;

use super::Candidate;
use crate::error::WeighError;
use crate::evidence::Piece;
use crate::folder::{self, Opened};
use crate::weigh;

const CARD: &str = "README.md";

/// A base that a file names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    /// The file and the key: `config.json: _name_or_path`.
    pub place: String,
    /// What it names.
    pub base: String,
}

/// How a claim stands beside the weights.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// A candidate of that name is related.
    Confirmed,
    /// A candidate of that name can be compared, and nothing was found.
    Contradicted,
    /// No candidate has that name, or it cannot be compared.
    Unverifiable,
}

impl Claim {
    /// Does it name a candidate? The last parts of both names are compared, in small letters.
    #[must_use]
    pub fn names(&self, candidate: &str) -> bool {
        let last = |name: &str| {
            let name = name.trim_end_matches('/').to_lowercase();
            name.rsplit('/').next().unwrap_or_default().to_owned()
        };
        last(&self.base) == last(candidate)
    }

    /// How it stands.
    pub(super) fn standing(&self, candidates: &[Candidate]) -> Standing {
        let named = candidates.iter().filter(|c| self.names(&c.name));
        match named.map(|c| c.relation.tier).max() {
            Some(tier) if tier >= Tier::Possible => Standing::Confirmed,
            Some(Tier::NoEvidence) => Standing::Contradicted,
            _ => Standing::Unverifiable,
        }
    }
}

/// Everything a folder says of its base, a name of its own left out.
pub(super) fn read(path: &Path, piece: &Piece) -> Result<Vec<Claim>, WeighError> {
    let mut found = Vec::new();
    found.extend(text(piece.config.as_ref(), "_name_or_path", "config.json"));
    let adapter = piece.adapter.as_ref().map(|a| &a.config.reading);
    found.extend(text(
        adapter,
        "base_model_name_or_path",
        "adapter_config.json",
    ));
    if let Opened::Folder(folder) = folder::open(path)?
        && folder.path_exists(CARD)
    {
        let file = folder.open_file(CARD)?;
        let bases = model_card::base_models(&file, file.shown())?;
        found.extend(bases.into_iter().map(|base| Claim {
            place: format!("{CARD}: base_model"),
            base,
        }));
    }
    // What a library wrote when it saved the model under its own name says nothing.
    let own = weigh::subject_name(path);
    found.retain(|claim| !claim.base.is_empty() && !claim.names(&own));
    Ok(found)
}

fn text(reading: Option<&Reading>, key: &str, file: &str) -> Option<Claim> {
    match &reading?.get(key)?.value {
        Observed::Text(base) => Some(Claim {
            place: format!("{file}: {key}"),
            base: base.clone(),
        }),
        _ => None,
    }
}
