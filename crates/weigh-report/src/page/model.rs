//! What a model is, in words.

use weigh_compute::{HeaderMatch, HeaderVerdict};
use weigh_facts::{Architecture, TowerRole};
use weigh_station::{AdapterProfile, ModelProfile};

use crate::clean::clean;
use crate::numbers::grouped;
use crate::page::counted;

/// A model in words.
#[derive(Clone, Debug)]
pub(crate) struct ModelWords {
    /// `llama, declared as LlamaForCausalLM`.
    pub(crate) family: String,
    /// `dense` or `mixture of experts: …`.
    pub(crate) shape: String,
    /// `decoder of 32 layers`.
    pub(crate) towers: String,
    /// What is counted, and every digit of the count.
    pub(crate) parameters: Vec<(&'static str, String)>,
    /// `configuration` or `tensor shapes alone`.
    pub(crate) source: String,
    /// Do configuration and tensor headers agree? None if there are no headers.
    pub(crate) headers: Option<HeaderWords>,
    /// `8,192 tokens`.
    pub(crate) context: String,
    /// `65,536 elements per token of context`.
    pub(crate) kv: String,
    /// Keys the file did not hold.
    pub(crate) defaulted: Vec<DefaultedWords>,
}

/// What the tensor headers say beside the configuration.
#[derive(Clone, Debug)]
pub(crate) struct HeaderWords {
    /// Is there a difference that nobody understands?
    pub(crate) is_conflict: bool,
    /// `AGREE: …`, `CONFLICT: …`.
    pub(crate) sentence: String,
}

/// Names of tensors that a page lists; JSON has them all.
const NAMES_SHOWN: usize = 3;

/// A key that stood in for a missing one.
#[derive(Clone, Debug)]
pub(crate) struct DefaultedWords {
    pub(crate) key: String,
    pub(crate) value: String,
    pub(crate) place: String,
}

impl ModelWords {
    /// Puts a model into words.
    pub(crate) fn of(model: &ModelProfile) -> Self {
        let architecture = &model.architecture;
        Self {
            family: family(architecture),
            shape: shape(model),
            towers: if model.from_config {
                towers(architecture)
            } else {
                "not known".to_owned()
            },
            parameters: parameters(model),
            source: source(model),
            headers: model.headers.as_ref().map(headers),
            context: architecture
                .context_tokens
                .map_or_else(|| "not known".to_owned(), |n| counted(n, "token", "tokens")),
            kv: model.kv_elements_per_token.map_or_else(
                || "not known".to_owned(),
                |n| format!("{} per token of context", counted(n, "element", "elements")),
            ),
            defaulted: defaulted(architecture),
        }
    }
}

fn family(architecture: &Architecture) -> String {
    let family = clean(&architecture.family);
    match &architecture.declared {
        Some(declared) if *declared != architecture.family => {
            format!("{family}, declared as {}", clean(declared))
        }
        _ => family,
    }
}

/// What tensor shapes alone do not say is not guessed: how many experts a token passes, and that
/// there are none.
fn shape(model: &ModelProfile) -> String {
    let Some(moe) = &model.moe else {
        return if model.from_config {
            "dense: every token passes every layer's weights".to_owned()
        } else {
            "no experts in the tensor names, and no configuration to say more".to_owned()
        };
    };
    if !model.from_config {
        return format!(
            "mixture of experts: {} experts in {}; how many a token passes is not known",
            grouped(moe.experts),
            counted(moe.sparse_layers, "layer", "layers"),
        );
    }
    let mut words = format!(
        "mixture of experts: a token passes {} of {} experts in each of {}",
        grouped(moe.active),
        grouped(moe.experts),
        counted(moe.sparse_layers, "layer", "layers"),
    );
    if moe.shared.0 > 0 {
        words.push_str(&format!(
            ", beside shared experts of {} parameters",
            moe.shared
        ));
    }
    words
}

fn towers(architecture: &Architecture) -> String {
    let words: Vec<String> = architecture
        .towers
        .iter()
        .map(|tower| {
            let role = match tower.role {
                TowerRole::Decoder => "decoder",
                TowerRole::Encoder => "encoder",
            };
            let layers = counted(tower.depth, "layer", "layers");
            format!("{role} of {layers} ({})", clean(&tower.name))
        })
        .collect();
    words.join(", ")
}

fn parameters(model: &ModelProfile) -> Vec<(&'static str, String)> {
    let mut rows = vec![("in all", model.total.to_string())];
    if model.from_config {
        rows.push(("one token passes", model.active.to_string()));
        let without_embedding = model.active_without_input_embedding.to_string();
        rows.push(("the same without input embedding", without_embedding));
    }
    rows.push(("input embedding", model.input_embedding.to_string()));
    if model.moe.is_some() {
        rows.push(("routed experts", model.routed_experts.to_string()));
    }
    rows
}

fn source(model: &ModelProfile) -> String {
    let source = clean(&model.architecture.source);
    if model.from_config {
        format!("configuration, read as {source}")
    } else {
        format!("tensor shapes alone ({source}); no configuration")
    }
}

fn headers(headers: &HeaderMatch) -> HeaderWords {
    let matched = counted(headers.matched, "tensor", "tensors");
    let sentence = match headers.verdict {
        HeaderVerdict::Agree => format!("AGREE: {matched} as promised, and no other"),
        HeaderVerdict::AgreeWithExplanation => {
            format!("AGREE, with differences that are understood: {matched} as promised")
        }
        HeaderVerdict::Conflict => format!(
            "CONFLICT: {matched} as promised, {} not explained",
            counted(headers.unexplained, "difference", "differences")
        ),
        HeaderVerdict::Unknown => {
            format!("NOT COMPARED: weights are packed in a way not covered; {matched} as promised")
        }
    };
    let mut parts = vec![sentence];
    parts.extend(headers.explained.iter().map(|e| {
        let tensors = counted(e.tensors, "tensor", "tensors");
        let elements = counted(e.elements, "element", "elements");
        format!("{} ({tensors}, {elements})", e.what)
    }));
    parts.extend(listed(
        "missing or of another shape",
        &headers.unexplained_missing,
    ));
    parts.extend(listed("not promised", &headers.unexplained_extra));
    HeaderWords {
        is_conflict: headers.verdict == HeaderVerdict::Conflict,
        sentence: parts.join("; "),
    }
}

fn listed(what: &str, names: &[String]) -> Option<String> {
    let shown: Vec<String> = names.iter().take(NAMES_SHOWN).map(|n| clean(n)).collect();
    let more = if names.len() > NAMES_SHOWN {
        ", …"
    } else {
        ""
    };
    (!names.is_empty()).then(|| format!("{what}: {}{more}", shown.join(", ")))
}

/// An adapter, line by line: what, and its value.
pub(crate) fn adapter(adapter: &AdapterProfile) -> Vec<(&'static str, String)> {
    let ranks: Vec<String> = adapter.ranks.iter().map(|r| grouped(*r)).collect();
    let dora = if adapter.dora {
        " with magnitude vectors (DoRA)"
    } else {
        ""
    };
    let base = adapter.declared_base.as_deref().map(clean);
    vec![
        ("kind", format!("{}{dora}", clean(&adapter.kind))),
        (
            "parameters",
            adapter.parameters.map_or_else(
                || "not known: no tensors at hand".to_owned(),
                |p| p.to_string(),
            ),
        ),
        (
            "modules",
            format!("{}, rank {}", grouped(adapter.modules), ranks.join(", ")),
        ),
        (
            "declared base",
            base.map_or_else(
                || "none".to_owned(),
                |b| format!("{b}; declared, not looked up"),
            ),
        ),
    ]
}

fn defaulted(architecture: &Architecture) -> Vec<DefaultedWords> {
    let words = architecture.defaulted.iter().map(|d| DefaultedWords {
        key: clean(&d.key),
        value: clean(&d.value),
        place: clean(&d.place.input),
    });
    words.collect()
}
