//! What a GGUF file says it is, and what it says about an architecture. No meaning is added.

use weigh_facts::{Decimal, Observation, Observed, Place, Reading};

use super::Header;

/// What a file is, by its own word and by what it holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A model, or a part of one.
    Model,
    /// Changes to a model that is not in the file.
    Adapter {
        /// `adapter.type`: `lora`.
        method: Option<String>,
        /// `adapter.lora.alpha`.
        lora_alpha: Option<Decimal>,
    },
    /// The encoder and projector of images or sound that stand beside a language model.
    Projector,
    /// Layers that predict several tokens, apart from their model.
    MultiTokenPrediction,
    /// Statistics for quantization, and no weights.
    ImportanceMatrix,
    /// A tokenizer without a tensor.
    Vocabulary,
    /// Another word of `general.type`.
    Other(String),
}

impl Header {
    /// What the file says it is. Without a word, it is what it holds.
    #[must_use]
    pub fn kind(&self) -> Kind {
        let text = |key: &str| self.get(key).and_then(|m| m.text());
        match text("general.type") {
            Some("adapter") => Kind::Adapter {
                method: text("adapter.type").map(str::to_owned),
                lora_alpha: self.get("adapter.lora.alpha").and_then(|m| match &m.value {
                    Observed::Number(number) => Some(number.clone()),
                    _ => None,
                }),
            },
            Some("mmproj") => Kind::Projector,
            Some("imatrix") => Kind::ImportanceMatrix,
            Some("vocab") => Kind::Vocabulary,
            Some("model") | None => self.kind_by_content(),
            Some(other) => Kind::Other(other.to_owned()),
        }
    }

    fn kind_by_content(&self) -> Kind {
        if self.architecture() == Some("clip") {
            return Kind::Projector;
        }
        let is_part = self.split().is_some_and(|s| s.count > 1);
        if self.tensors.is_empty() && !is_part && self.get("tokenizer.ggml.model").is_some() {
            return Kind::Vocabulary;
        }
        let mut names = self.tensors.iter().map(|t| t.name.as_str());
        let has_tail = names.clone().any(|n| n.contains(".nextn."));
        let has_body = names.any(|n| n.starts_with("blk.0."));
        if has_tail && !has_body && !is_part {
            Kind::MultiTokenPrediction
        } else {
            Kind::Model
        }
    }
}

/// What the metadata says about the architecture: every key but those of the tokenizer, of which
/// the kind and the tokens remain. Arrays that are too long to keep are maps of their `type` and
/// `length`.
#[must_use]
pub fn configuration(header: &Header) -> Reading {
    let says = |key: &str| {
        let is_tokenizer = key.starts_with("tokenizer.");
        !is_tokenizer || matches!(key, "tokenizer.ggml.model" | "tokenizer.ggml.tokens")
    };
    let kept = header.metadata.iter().filter(|m| says(&m.key));
    Reading {
        reader: "gguf/1",
        input: header.input.clone(),
        observations: kept
            .map(|entry| Observation {
                key: entry.key.clone(),
                value: entry.value.clone(),
                place: Place {
                    input: header.input.clone(),
                    inside: entry.key.clone(),
                },
            })
            .collect(),
        warnings: Vec::new(),
    }
}
