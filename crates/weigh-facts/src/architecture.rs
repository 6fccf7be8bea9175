//! The architecture of a model: towers of repeated layer groups of primitive operators.

use crate::{Operator, OperatorKind, Pairs, Parameters, Part, Place};

/// A model as a list of operators in forward order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Architecture {
    /// The catalog entry it was expanded from: `llama`; `tensor-shapes` for the fallback.
    pub family: String,
    /// What the file called itself, if it did: `LlamaForCausalLM` or `llama`.
    pub declared: Option<String>,
    /// Towers in forward order.
    pub towers: Vec<Tower>,
    /// Keys the file did not hold, and the class defaults that stood in for them.
    pub defaulted: Vec<Defaulted>,
    /// Longest sequence the configuration allows, in tokens.
    pub context_tokens: Option<u64>,
    /// Catalog entry and version that made it, for the record: `llama @ transformers 5.23.0`.
    pub source: String,
}

/// A key the file did not hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Defaulted {
    /// The key.
    pub key: String,
    /// The class default that stood in for it.
    pub value: String,
    /// The file that should have held it.
    pub place: Place,
}

/// What a tower does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TowerRole {
    /// Generates one token after another.
    Decoder,
    /// Reads a sequence as a whole.
    Encoder,
}

/// A kind of input.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Modality {
    /// Tokens of text.
    Text,
    /// Images, and frames of video.
    Image,
    /// Sound.
    Audio,
}

impl Modality {
    /// The name used in output.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Image => "image",
            Self::Audio => "audio",
        }
    }
}

/// What passes a tower.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Positions {
    /// One position for each token of text.
    Tokens,
    /// As many as one input of another kind makes, whatever the text is.
    Input {
        /// What kind of input.
        modality: Modality,
        /// Positions that pass the layers for the input that is described.
        count: u64,
        /// The input they are counted for: `an image of 224 x 224`.
        described: String,
    },
    /// One position for each token of text, but only where the other input is there.
    TokensBeside {
        /// The other input.
        modality: Modality,
        /// The input that operations are counted for.
        described: String,
    },
}

impl Positions {
    /// The kind of input without which the tower does nothing.
    #[must_use]
    pub fn modality(&self) -> Modality {
        match self {
            Self::Tokens => Modality::Text,
            Self::Input { modality, .. } | Self::TokensBeside { modality, .. } => *modality,
        }
    }
}

/// A stack of layers with what comes before and after it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tower {
    /// Its name: `text`.
    pub name: String,
    /// What it does.
    pub role: TowerRole,
    /// What passes it.
    pub positions: Positions,
    /// Before the first layer: embeddings.
    pub stem: Vec<Operator>,
    /// The layers. Every index below `depth` is in exactly one group.
    pub groups: Vec<LayerGroup>,
    /// Layers in all.
    pub depth: u64,
    /// After the last layer: final norm and head.
    pub tail: Vec<Operator>,
}

/// Layers that are alike.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LayerGroup {
    /// What sets them apart: `sliding moe`.
    pub name: String,
    /// Their indices, ascending.
    pub layers: Vec<u64>,
    /// The operators of each, in forward order.
    pub operators: Vec<Operator>,
}

/// Why a list of operators is no architecture.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ArchitectureError {
    /// A count does not fit.
    #[error("the sizes are so large that their product does not fit: {what}")]
    Overflow {
        /// What was being counted.
        what: &'static str,
    },
    /// A layer is in no group or in two.
    #[error("layer {layer} of tower `{tower}` is in {count} groups, and must be in exactly one")]
    Layer {
        /// The tower.
        tower: String,
        /// The layer.
        layer: u64,
        /// How many groups it is in.
        count: usize,
    },
}

/// What a mixture of experts looks like from outside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MoeSummary {
    /// Routed experts per sparse layer.
    pub experts: u64,
    /// Experts one token passes.
    pub active: u64,
    /// Layers that route.
    pub sparse_layers: u64,
    /// Parameters of routed experts, all of them.
    pub routed: Parameters,
    /// Parameters of shared experts.
    pub shared: Parameters,
}

impl Tower {
    /// Every operator with the number of layers it stands in.
    pub fn operators(&self) -> impl Iterator<Item = (&Operator, u64)> {
        let layers = self.groups.iter().flat_map(|group| {
            let n = group.layers.len() as u64;
            group.operators.iter().map(move |o| (o, n))
        });
        let stem = self.stem.iter().map(|o| (o, 1));
        stem.chain(layers).chain(self.tail.iter().map(|o| (o, 1)))
    }

    /// Learned values in all, less those it shares with an operator before.
    ///
    /// # Errors
    /// When the sizes overflow.
    pub fn parameters(&self) -> Result<Parameters, ArchitectureError> {
        let class = |(o, _): &(&Operator, u64)| o.part != Part::MultiTokenPrediction;
        sum(self.operators().filter(class), Operator::parameters)
    }
}

fn sum<'a>(
    operators: impl Iterator<Item = (&'a Operator, u64)>,
    count: impl Fn(&Operator) -> Option<Parameters>,
) -> Result<Parameters, ArchitectureError> {
    let mut total = 0_u64;
    for (operator, layers) in operators {
        let one = count(operator).map(|p| p.0);
        total = one
            .and_then(|p| p.checked_mul(layers))
            .and_then(|p| p.checked_add(total))
            .ok_or(ArchitectureError::Overflow { what: "parameters" })?;
    }
    Ok(Parameters(total))
}

impl Architecture {
    /// Every operator with the number of layers it stands in.
    pub fn operators(&self) -> impl Iterator<Item = (&Operator, u64)> {
        self.towers.iter().flat_map(Tower::operators)
    }

    /// The kinds of input it takes, each once.
    #[must_use]
    pub fn modalities(&self) -> Vec<Modality> {
        let mut found: Vec<Modality> = self.towers.iter().map(|t| t.positions.modality()).collect();
        found.sort_unstable();
        found.dedup();
        found
    }

    /// Learned values in all, each tied weight once.
    ///
    /// # Errors
    /// When the sizes overflow.
    pub fn parameters(&self) -> Result<Parameters, ArchitectureError> {
        self.sum(
            |o| o.part != Part::MultiTokenPrediction,
            Operator::parameters,
        )
    }

    /// Learned values one token passes, input embedding included.
    ///
    /// # Errors
    /// When the sizes overflow.
    pub fn active_parameters(&self) -> Result<Parameters, ArchitectureError> {
        self.sum(
            |o| o.part != Part::MultiTokenPrediction,
            Operator::active_parameters,
        )
    }

    /// Learned values of one part.
    ///
    /// # Errors
    /// When the sizes overflow.
    pub fn parameters_of(&self, part: Part) -> Result<Parameters, ArchitectureError> {
        self.sum(|o| o.part == part, Operator::parameters)
    }

    /// Learned values one token passes, without the lookup of its input embedding. A tied head is
    /// still a matrix multiplication, so its weight stays in.
    ///
    /// # Errors
    /// When the sizes overflow.
    pub fn active_without_input_embedding(&self) -> Result<Parameters, ArchitectureError> {
        let active = self.active_parameters()?;
        let tied = self.operators().any(|(o, _)| {
            matches!(
                &o.kind,
                OperatorKind::Linear {
                    tied_to: Some(_),
                    ..
                }
            ) && o.part == Part::Head
        });
        if tied {
            return Ok(active);
        }
        Ok(Parameters(
            active.0 - self.parameters_of(Part::InputEmbedding)?.0,
        ))
    }

    fn sum(
        &self,
        wanted: impl Fn(&Operator) -> bool,
        count: impl Fn(&Operator) -> Option<Parameters>,
    ) -> Result<Parameters, ArchitectureError> {
        sum(self.operators().filter(|(o, _)| wanted(o)), count)
    }

    /// Elements of KV cache per token of context, over all layers of the class, windows not yet
    /// applied.
    #[must_use]
    pub fn kv_elements_per_token(&self) -> u64 {
        self.operators()
            .filter(|(o, _)| o.part != Part::MultiTokenPrediction)
            .map(|(o, layers)| match o.kind {
                // What another input leaves does not grow with the text.
                OperatorKind::Core {
                    pairs: Pairs::Across { .. },
                    ..
                } => 0,
                OperatorKind::Core {
                    kv_elements,
                    pairs: Pairs::CausalBlocks { size, .. },
                    ..
                } => kv_elements.saturating_mul(layers).div_ceil(size.max(1)),
                OperatorKind::Core { kv_elements, .. } => kv_elements.saturating_mul(layers),
                _ => 0,
            })
            .fold(0, u64::saturating_add)
    }

    /// The mixture of experts, if there is one.
    ///
    /// # Errors
    /// When the sizes overflow.
    pub fn moe(&self) -> Result<Option<MoeSummary>, ArchitectureError> {
        let routed = |o: &Operator| match &o.kind {
            OperatorKind::Linear { copies, active, .. } if o.part == Part::RoutedExpert => {
                Some((*copies, *active))
            }
            _ => None,
        };
        let Some((experts, active)) = self.operators().find_map(|(o, _)| routed(o)) else {
            return Ok(None);
        };
        let sparse_layers = self
            .towers
            .iter()
            .flat_map(|t| &t.groups)
            .filter(|g| g.operators.iter().any(|o| routed(o).is_some()))
            .map(|g| g.layers.len() as u64)
            .sum();
        Ok(Some(MoeSummary {
            experts,
            active,
            sparse_layers,
            routed: self.parameters_of(Part::RoutedExpert)?,
            shared: self.parameters_of(Part::SharedExpert)?,
        }))
    }

    /// Checks that every layer is in exactly one group.
    ///
    /// # Errors
    /// Names the first layer that is not.
    pub fn check(&self) -> Result<(), ArchitectureError> {
        for tower in &self.towers {
            for layer in 0..tower.depth {
                let count = tower
                    .groups
                    .iter()
                    .filter(|g| g.layers.binary_search(&layer).is_ok())
                    .count();
                if count != 1 {
                    let tower = tower.name.clone();
                    return Err(ArchitectureError::Layer {
                        tower,
                        layer,
                        count,
                    });
                }
            }
        }
        Ok(())
    }
}
