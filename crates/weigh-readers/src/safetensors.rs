//! Headers of safetensors files, and the index of sharded ones. The data is never read.
//!
//! Layout: a little-endian u64 `N`, then `N` bytes of JSON
//! `{name: {dtype, shape, data_offsets}, "__metadata__": {..}}`, then the data.
//! Source: <https://github.com/safetensors/safetensors>, format section; header limit as there.
//!
//! Stricter than the reference reader where two readers could see two models: duplicate names,
//! more than eight dimensions and dimensions beyond 2^40 are refused.

use std::borrow::Cow;
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error as _, IgnoredAny, MapAccess, Visitor};
use weigh_facts::{Dtype, Place, TensorSeen, Warning};

use crate::bytes::{self, Object};
use crate::{ReadError, json};

const HEADER_MAX: u64 = 100_000_000;
const INDEX_MAX: u64 = 256 << 20;
const RANK_MAX: usize = 8;
const DIMENSION_MAX: u64 = 1 << 40;

/// What a header says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    /// Every tensor, by place in the data.
    /// Promise: ranges lie inside the data, touch without holes or overlap, and fit their shapes.
    pub tensors: Vec<TensorSeen>,
    /// Free text of the writer; a claim.
    pub metadata: BTreeMap<String, String>,
    /// Bytes of the header, without the eight of its length.
    pub header_len: u64,
    /// Bytes of data.
    pub data_len: u64,
}

/// Reads the header of one file.
///
/// # Errors
/// When a length, name, type, shape or range cannot be, or the file holds bytes that belong to no
/// tensor.
pub fn read_header(object: &dyn Object, input: &str) -> Result<Header, ReadError> {
    let refuse = |reason: String| ReadError::Header {
        input: input.to_owned(),
        reason,
    };
    let len = object.len();
    if len == 0 {
        return Err(ReadError::Empty {
            input: input.to_owned(),
        });
    }
    if len < 8 {
        return Err(refuse(format!(
            "it has {len} bytes, and the length of its header alone takes 8"
        )));
    }
    let mut length = [0; 8];
    object.read_at(0, &mut length)?;
    let header_len = u64::from_le_bytes(length);
    if header_len > len - 8 {
        return Err(refuse(format!(
            "its header claims {header_len} bytes, and the file has {}",
            len - 8
        )));
    }
    if header_len > HEADER_MAX {
        return Err(refuse(format!(
            "its header claims {header_len} bytes; the limit is {HEADER_MAX}"
        )));
    }
    object.prefetch(8..8 + header_len);
    // At most 100 MB and no more than the file has.
    let mut bytes = vec![0; usize::try_from(header_len).unwrap_or_default()];
    object.read_at(8, &mut bytes)?;
    let text = std::str::from_utf8(&bytes).map_err(|error| ReadError::NotUtf8 {
        input: input.to_owned(),
        offset: 8 + error.valid_up_to(),
    })?;
    if !text.starts_with('{') {
        return Err(refuse("its header does not begin with `{`".to_owned()));
    }
    let parsed = parse(text, input)?;
    let data_len = len - 8 - header_len;
    let tensors = place(parsed.tensors, data_len, input)?;
    Ok(Header {
        tensors,
        metadata: parsed.metadata,
        header_len,
        data_len,
    })
}

struct Parsed<'t> {
    tensors: Vec<(Cow<'t, str>, Entry<'t>)>,
    metadata: BTreeMap<String, String>,
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry<'t> {
    #[serde(borrow)]
    dtype: Cow<'t, str>,
    shape: Vec<u64>,
    data_offsets: (u64, u64),
}

fn parse<'t>(text: &'t str, input: &str) -> Result<Parsed<'t>, ReadError> {
    let state = RefCell::new(None);
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let parsed = HeaderSeed {
        input,
        fault: &state,
    }
    .deserialize(&mut deserializer);
    // Writers pad the header with spaces so that the data is aligned.
    let parsed = parsed.and_then(|p| deserializer.end().map(|()| p));
    parsed.map_err(|error| {
        let explained = || match json::explain(text, input, String::new(), &error) {
            ReadError::Json {
                reason,
                line,
                column,
                ..
            } => {
                let reason =
                    format!("its header is wrong at line {line}, column {column}: {reason}");
                ReadError::Header {
                    input: input.to_owned(),
                    reason,
                }
            }
            other => other,
        };
        state.take().unwrap_or_else(explained)
    })
}

struct HeaderSeed<'a> {
    input: &'a str,
    fault: &'a RefCell<Option<ReadError>>,
}

impl<'de> DeserializeSeed<'de> for HeaderSeed<'_> {
    type Value = Parsed<'de>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Parsed<'de>, D::Error> {
        deserializer.deserialize_map(self)
    }
}

/// A key that borrows from the text where it can.
#[derive(serde::Deserialize)]
struct Key<'t>(#[serde(borrow)] Cow<'t, str>);

impl<'de> Visitor<'de> for HeaderSeed<'_> {
    type Value = Parsed<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a map of tensors")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<Parsed<'de>, A::Error> {
        let mut parsed = Parsed {
            tensors: Vec::new(),
            metadata: BTreeMap::new(),
        };
        let mut seen: HashSet<Cow<'de, str>> = HashSet::new();
        while let Some(Key(name)) = fields.next_key()? {
            if !seen.insert(name.clone()) {
                let (input, tensor) = (self.input.to_owned(), name.into_owned());
                *self.fault.borrow_mut() = Some(ReadError::DuplicateTensor { input, tensor });
                return Err(A::Error::custom("refused"));
            }
            if name == "__metadata__" {
                parsed.metadata = fields.next_value()?;
            } else {
                parsed.tensors.push((name, fields.next_value()?));
            }
        }
        Ok(parsed)
    }
}

/// Checks every tensor, and that together they fill the data without holes or overlap.
fn place(
    parsed: Vec<(Cow<'_, str>, Entry<'_>)>,
    data_len: u64,
    input: &str,
) -> Result<Vec<TensorSeen>, ReadError> {
    let mut placed = Vec::with_capacity(parsed.len());
    for (name, entry) in parsed {
        let (begin, end) = entry.data_offsets;
        let tensor = check_tensor(name.into_owned(), &entry, data_len, input)?;
        placed.push(((begin, end), tensor));
    }
    placed.sort_by(|a, b| (a.0, &a.1.name).cmp(&(b.0, &b.1.name)));
    let mut reached = 0;
    for ((begin, end), tensor) in &placed {
        if *begin != reached {
            let word = if *begin < reached {
                "overlaps the tensor before it"
            } else {
                "leaves a hole before it"
            };
            let reason = format!("it begins at byte {begin} and {word}, which ends at {reached}");
            return Err(ReadError::TensorRange {
                input: input.to_owned(),
                tensor: tensor.name.clone(),
                reason,
            });
        }
        reached = *end;
    }
    if reached != data_len {
        let reason = format!(
            "its tensors end at byte {reached} of its data, and {data_len} bytes are there"
        );
        return Err(ReadError::Header {
            input: input.to_owned(),
            reason,
        });
    }
    Ok(placed.into_iter().map(|(_, tensor)| tensor).collect())
}

fn check_tensor(
    name: String,
    entry: &Entry<'_>,
    data_len: u64,
    input: &str,
) -> Result<TensorSeen, ReadError> {
    let wrong_shape = |reason: String| ReadError::TensorShape {
        input: input.to_owned(),
        tensor: name.clone(),
        reason,
    };
    let wrong_range = |reason: String| ReadError::TensorRange {
        input: input.to_owned(),
        tensor: name.clone(),
        reason,
    };
    let Some(dtype) = Dtype::parse(&entry.dtype) else {
        let (input, dtype) = (input.to_owned(), entry.dtype.chars().take(40).collect());
        return Err(ReadError::UnknownDtype {
            input,
            tensor: name,
            dtype,
        });
    };
    if entry.shape.len() > RANK_MAX {
        return Err(wrong_shape(format!(
            "{} dimensions; the limit is {RANK_MAX}",
            entry.shape.len()
        )));
    }
    if let Some(dimension) = entry.shape.iter().find(|d| **d > DIMENSION_MAX) {
        return Err(wrong_shape(format!(
            "a dimension of {dimension}; the limit is {DIMENSION_MAX}"
        )));
    }
    let product = entry.shape.iter().try_fold(1_u64, |n, d| n.checked_mul(*d));
    let elements =
        product.ok_or_else(|| wrong_shape("the product of its dimensions overflows".to_owned()))?;
    let bits = elements
        .checked_mul(dtype.bits())
        .ok_or_else(|| wrong_shape("the number of its bits overflows".to_owned()))?;
    if bits % 8 != 0 {
        return Err(wrong_shape(format!(
            "{elements} elements of {dtype} fill no whole bytes"
        )));
    }
    let (begin, end) = entry.data_offsets;
    if end < begin {
        return Err(wrong_range(format!(
            "it ends at byte {end}, before it begins at {begin}"
        )));
    }
    if end > data_len {
        return Err(wrong_range(format!(
            "it ends at byte {end}, and the data has {data_len}"
        )));
    }
    if end - begin != bits / 8 {
        return Err(wrong_range(format!(
            "it has {} bytes, and its shape needs {}",
            end - begin,
            bits / 8
        )));
    }
    let (shape, bytes) = (entry.shape.clone(), end - begin);
    Ok(TensorSeen {
        name,
        dtype,
        shape,
        elements,
        bytes,
        input: input.to_owned(),
    })
}

/// An index of shards.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Index {
    input: String,
    weight_map: BTreeMap<String, String>,
    /// `metadata.total_size`: a claim.
    pub total_size: Option<u64>,
}

/// Reads `*.safetensors.index.json`.
///
/// # Errors
/// When it is no index, or sends a tensor anywhere but to a plain file name in its own folder.
pub fn read_index(object: &dyn Object, input: &str) -> Result<Index, ReadError> {
    let text = bytes::read_text(object, input, INDEX_MAX)?;
    let fault = RefCell::new(None);
    let mut deserializer = serde_json::Deserializer::from_str(&text);
    let parsed = IndexSeed {
        input,
        fault: &fault,
    }
    .deserialize(&mut deserializer);
    let parsed = parsed.and_then(|p| deserializer.end().map(|()| p));
    parsed.map_err(|error| {
        fault
            .take()
            .unwrap_or_else(|| json::explain(&text, input, String::new(), &error))
    })
}

struct IndexSeed<'a> {
    input: &'a str,
    fault: &'a RefCell<Option<ReadError>>,
}

impl IndexSeed<'_> {
    fn refuse<E: serde::de::Error>(&self, fault: ReadError) -> E {
        *self.fault.borrow_mut() = Some(fault);
        E::custom("refused")
    }
}

impl<'de> DeserializeSeed<'de> for IndexSeed<'_> {
    type Value = Index;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Index, D::Error> {
        deserializer.deserialize_map(self)
    }
}

#[derive(serde::Deserialize)]
struct IndexMetadata {
    total_size: Option<serde_json::Number>,
}

impl<'de> Visitor<'de> for IndexSeed<'_> {
    type Value = Index;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an index of shards")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<Index, A::Error> {
        let mut weight_map = None;
        let mut total_size = None;
        while let Some(key) = fields.next_key::<String>()? {
            match key.as_str() {
                "weight_map" if weight_map.is_some() => {
                    return Err(self.refuse(ReadError::DuplicateKey {
                        input: self.input.to_owned(),
                        key,
                    }));
                }
                "weight_map" => weight_map = Some(fields.next_value_seed(MapSeed(&self))?),
                "metadata" => {
                    let metadata: Option<IndexMetadata> = fields.next_value()?;
                    // Some writers wrote it as a float; it is a claim, and compared as one.
                    total_size = metadata.and_then(|m| m.total_size).and_then(|n| n.as_u64());
                }
                _ => {
                    fields.next_value::<IgnoredAny>()?;
                }
            }
        }
        let input = self.input.to_owned();
        match weight_map {
            Some(weight_map) => Ok(Index {
                input,
                weight_map,
                total_size,
            }),
            None => {
                let reason = "it has no `weight_map`".to_owned();
                Err(self.refuse(ReadError::Index { input, reason }))
            }
        }
    }
}

struct MapSeed<'a>(&'a IndexSeed<'a>);

impl<'de> DeserializeSeed<'de> for MapSeed<'_> {
    type Value = BTreeMap<String, String>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for MapSeed<'_> {
    type Value = BTreeMap<String, String>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a map from tensor to file name")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<Self::Value, A::Error> {
        let mut map = BTreeMap::new();
        while let Some((tensor, shard)) = fields.next_entry::<String, String>()? {
            let input = self.0.input.to_owned();
            if !is_plain_name(&shard) {
                return Err(self.0.refuse(ReadError::IndexPath {
                    input,
                    tensor,
                    shard,
                }));
            }
            if map.contains_key(&tensor) {
                return Err(self.0.refuse(ReadError::DuplicateTensor { input, tensor }));
            }
            map.insert(tensor, shard);
        }
        Ok(map)
    }
}

/// A name that leads nowhere but to a file beside the index, on every system.
fn is_plain_name(name: &str) -> bool {
    !name.is_empty()
        && name != "."
        && name != ".."
        && name.len() <= 255
        && !name.contains(|c: char| matches!(c, '/' | '\\' | ':') || c.is_control())
}

impl Index {
    /// The shards it names, sorted, each once.
    #[must_use]
    pub fn shards(&self) -> Vec<String> {
        let names: BTreeSet<&String> = self.weight_map.values().collect();
        names.into_iter().cloned().collect()
    }

    /// Compares the index with the headers of its shards: every tensor exactly once, in the shard
    /// the index says. Returns what is odd without being wrong, such as a false total.
    ///
    /// # Errors
    /// Names the first tensor that is missing, extra or elsewhere.
    pub fn check(&self, headers: &[(String, Header)]) -> Result<Vec<Warning>, ReadError> {
        let disagree = |shard: &str, reason: String| ReadError::ShardMismatch {
            input: self.input.clone(),
            shard: shard.to_owned(),
            reason,
        };
        let mut found = 0_usize;
        let mut bytes = 0_u64;
        let mut seen: HashSet<&str> = HashSet::with_capacity(self.weight_map.len());
        for (shard, header) in headers {
            for tensor in &header.tensors {
                if !seen.insert(&tensor.name) {
                    return Err(disagree(
                        shard,
                        format!("tensor `{}` is in another shard too", tensor.name),
                    ));
                }
                match self.weight_map.get(&tensor.name) {
                    Some(expected) if expected == shard => {}
                    Some(expected) => {
                        return Err(disagree(
                            shard,
                            format!("the index says that `{}` is in `{expected}`", tensor.name),
                        ));
                    }
                    None => {
                        return Err(disagree(
                            shard,
                            format!("the index does not name `{}`", tensor.name),
                        ));
                    }
                }
                found += 1;
                bytes = bytes.saturating_add(tensor.bytes);
            }
        }
        if found != self.weight_map.len()
            && let Some((tensor, shard)) = self
                .weight_map
                .iter()
                .find(|(t, _)| !seen.contains(t.as_str()))
        {
            return Err(disagree(
                shard,
                format!("the shard does not hold `{tensor}`"),
            ));
        }
        Ok(self.claims(bytes))
    }

    fn claims(&self, bytes: u64) -> Vec<Warning> {
        let Some(claimed) = self.total_size.filter(|c| *c != bytes) else {
            return Vec::new();
        };
        vec![Warning {
            code: "false-total-size",
            message: format!(
                "the index claims {claimed} bytes, and its shards hold {bytes}; the claim was not used"
            ),
            place: Some(Place {
                input: self.input.clone(),
                inside: "metadata.total_size".to_owned(),
            }),
        }]
    }
}
