//! What a tensor is for, from its name: which take part in the test, and which of their axes runs
//! along the residual stream.

/// What a tensor is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Rows by token: similar between unrelated models of one tokenizer, so not tested.
    Embedding,
    /// Rows or columns by position: the same formula everywhere.
    Position,
    /// From the stream to tokens: like the embedding.
    Head,
    /// A matrix inside the layers, which is tested.
    Block,
}

/// The axis along the residual stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StreamAxis {
    /// It writes to the stream: the first.
    First,
    /// It reads from the stream: the last.
    Last,
}

const POSITION: [&str; 7] = [
    "position",
    "wpe",
    "rotary",
    "inv_freq",
    "rope",
    "pos_embed",
    "relative_attention_bias",
];
const EMBEDDING: [&str; 6] = [
    "embed",
    "wte",
    "word_embeddings",
    "tok_embeddings",
    "embeddings",
    "shared.weight",
];
const HEAD: [&str; 5] = [
    "lm_head",
    "embed_out",
    "classifier",
    "score.",
    "output.weight",
];
const WRITES: [&str; 8] = [
    "o_proj",
    "down_proj",
    "out_proj",
    "fc2",
    "c_proj",
    ".w2.",
    "wo.",
    "dense_4h_to_h",
];

/// What a tensor of this name is for.
#[must_use]
pub fn role(name: &str) -> Role {
    let has = |words: &[&str]| words.iter().any(|w| name.contains(w));
    let in_layer = name.split('.').any(|part| part.parse::<u32>().is_ok());
    if has(&POSITION) {
        Role::Position
    } else if in_layer {
        Role::Block
    } else if has(&EMBEDDING) {
        Role::Embedding
    } else if has(&HEAD) {
        Role::Head
    } else {
        Role::Block
    }
}

/// Which axis of a matrix of this name runs along the residual stream.
#[must_use]
pub fn stream_axis(name: &str) -> StreamAxis {
    if WRITES.iter().any(|w| name.contains(w)) {
        StreamAxis::First
    } else {
        StreamAxis::Last
    }
}

/// The name without what wrappers put before it.
#[must_use]
pub fn logical_name(name: &str) -> &str {
    let mut rest = name;
    for wrapper in [
        "_orig_mod.",
        "module.",
        "base_model.model.",
        "model.",
        "transformer.",
    ] {
        rest = rest.strip_prefix(wrapper).unwrap_or(rest);
    }
    rest
}

/// The part of the model: what stands before the layers.
#[must_use]
pub fn component(name: &str) -> &str {
    let mut end = 0;
    for part in name.split('.') {
        if part.parse::<u32>().is_ok()
            || ["layers", "h", "blocks", "block", "layer"].contains(&part)
        {
            return name.get(..end).unwrap_or_default().trim_end_matches('.');
        }
        end += part.len() + 1;
    }
    ""
}
