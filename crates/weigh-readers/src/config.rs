//! `config.json`: keys and values, without a meaning.

use weigh_facts::Reading;

use crate::bytes::{self, Object};
use crate::{ReadError, json};

/// The longest published configuration has 3.1 MB (per-layer exclusion lists).
const LEN_MAX: u64 = 16 << 20;

/// Reads a configuration.
///
/// # Errors
/// When it is not one JSON object of at most 16 MiB.
pub fn read(object: &dyn Object, input: &str) -> Result<Reading, ReadError> {
    let text = bytes::read_text(object, input, LEN_MAX)?;
    json::read_object(&text, input, "hf-config/1")
}
