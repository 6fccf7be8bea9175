//! Headers of safetensors files, and the index of sharded ones. The data is never read.
//!
//! Layout: a little-endian u64 `N`, then `N` bytes of JSON
//! `{name: {dtype, shape, data_offsets}, "__metadata__": {..}}`, then the data.
//! Source: <https://github.com/safetensors/safetensors>, format section; header limit as there.
//!
//! Stricter than the reference reader where two readers could see two models: duplicate names,
//! unknown keys, more than eight dimensions and dimensions beyond 2^40 are refused.

use std::borrow::Cow;
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::fmt;

use serde::de::{
    Deserialize, DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor,
};
use weigh_facts::{Decimal, Dtype, Place, TensorSeen, Warning};

use crate::bytes::{self, Object};
use crate::{ReadError, json};

const HEADER_MAX: u64 = 100_000_000;
const INDEX_MAX: u64 = 256 << 20;
/// The largest published index has half a million; no header within its limit can have as many.
const TENSORS_MAX: usize = 4_000_000;
/// Writers put notes there, not data.
const METADATA_MAX: usize = 100_000;
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
    shape: Shape,
    data_offsets: (u64, u64),
}

/// A shape of which no more is kept than a shape may have.
struct Shape {
    dimensions: Vec<u64>,
    rank: usize,
}

impl<'de> Deserialize<'de> for Shape {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_seq(ShapeVisitor)
    }
}

struct ShapeVisitor;

impl<'de> Visitor<'de> for ShapeVisitor {
    type Value = Shape;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of dimensions")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Shape, A::Error> {
        let mut shape = Shape {
            dimensions: Vec::new(),
            rank: 0,
        };
        while let Some(dimension) = items.next_element::<u64>()? {
            shape.rank += 1;
            if shape.rank <= RANK_MAX {
                shape.dimensions.push(dimension);
            }
        }
        Ok(shape)
    }
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
            ReadError::Truncated { input, .. } => {
                let reason = "its header ends in the middle of its JSON".to_owned();
                ReadError::Header { input, reason }
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

impl HeaderSeed<'_> {
    fn refuse<E: serde::de::Error>(&self, fault: ReadError) -> E {
        *self.fault.borrow_mut() = Some(fault);
        E::custom("refused")
    }
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
                return Err(self.refuse(ReadError::DuplicateTensor { input, tensor }));
            }
            if name == "__metadata__" {
                let metadata = fields.next_value_seed(NotesSeed(&self))?;
                parsed.metadata = metadata.unwrap_or_default();
            } else {
                parsed.tensors.push((name, fields.next_value()?));
            }
        }
        Ok(parsed)
    }
}

/// The free text of `__metadata__`, which may be null.
struct NotesSeed<'a>(&'a HeaderSeed<'a>);

impl<'de> DeserializeSeed<'de> for NotesSeed<'_> {
    type Value = Option<BTreeMap<String, String>>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_option(self)
    }
}

impl<'de> Visitor<'de> for NotesSeed<'_> {
    type Value = Option<BTreeMap<String, String>>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a map of strings")
    }

    fn visit_none<E>(self) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_map(self)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<Self::Value, A::Error> {
        let mut notes = BTreeMap::new();
        while let Some((key, text)) = fields.next_entry::<String, String>()? {
            let input = self.0.input.to_owned();
            if notes.contains_key(&key) {
                return Err(self.0.refuse(ReadError::DuplicateKey { input, key }));
            }
            if notes.len() == METADATA_MAX {
                let reason = format!("its `__metadata__` has more than {METADATA_MAX} entries");
                return Err(self.0.refuse(ReadError::Header { input, reason }));
            }
            notes.insert(key, text);
        }
        Ok(Some(notes))
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
    let mut before = "";
    for ((begin, end), tensor) in &placed {
        if *begin != reached {
            let reason = if *begin < reached {
                format!("it begins at byte {begin}, and `{before}` ends at {reached}")
            } else {
                format!("bytes {reached} to {begin} before it belong to no tensor")
            };
            return Err(ReadError::TensorRange {
                input: input.to_owned(),
                tensor: tensor.name.clone(),
                reason,
            });
        }
        (reached, before) = (*end, &tensor.name);
    }
    if reached != data_len {
        let reason = format!(
            "its tensors end at byte {reached} of its data, and {} more belong to none",
            data_len - reached
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
    let Some(dtype) = Dtype::from_safetensors(&entry.dtype) else {
        let (input, dtype) = (input.to_owned(), entry.dtype.chars().take(40).collect());
        return Err(ReadError::UnknownDtype {
            input,
            tensor: name,
            dtype,
        });
    };
    let Shape { dimensions, rank } = &entry.shape;
    if *rank > RANK_MAX {
        return Err(wrong_shape(format!(
            "{rank} dimensions; the limit is {RANK_MAX}"
        )));
    }
    if let Some(dimension) = dimensions.iter().find(|d| **d > DIMENSION_MAX) {
        return Err(wrong_shape(format!(
            "a dimension of {dimension}; the limit is {DIMENSION_MAX}"
        )));
    }
    let product = dimensions.iter().try_fold(1_u64, |n, d| n.checked_mul(*d));
    let elements =
        product.ok_or_else(|| wrong_shape("the product of its dimensions overflows".to_owned()))?;
    let Some(bytes) = dtype.bytes_for(elements) else {
        return Err(wrong_shape(format!(
            "{elements} elements of {dtype} fill no whole bytes, or more than can be counted"
        )));
    };
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
    if end - begin != bytes {
        return Err(wrong_range(format!(
            "it has {} bytes, and its shape needs {}",
            end - begin,
            bytes
        )));
    }
    let shape = dimensions.clone();
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
        let mut has_metadata = false;
        while let Some(key) = fields.next_key::<String>()? {
            let is_second = match key.as_str() {
                "weight_map" => weight_map.is_some(),
                "metadata" => has_metadata,
                _ => false,
            };
            if is_second {
                let input = self.input.to_owned();
                return Err(self.refuse(ReadError::DuplicateKey { input, key }));
            }
            match key.as_str() {
                "weight_map" => weight_map = Some(fields.next_value_seed(MapSeed(&self))?),
                "metadata" => {
                    let metadata: Option<IndexMetadata> = fields.next_value()?;
                    has_metadata = true;
                    total_size = metadata.and_then(|m| m.total_size).and_then(whole);
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

/// Some writers wrote the total as a float: it is a claim, and compared as one.
fn whole(number: serde_json::Number) -> Option<u64> {
    let decimal: Option<Decimal> = number.to_string().parse().ok();
    decimal?.to_u128()?.try_into().ok()
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
            if map.len() == TENSORS_MAX {
                let reason = format!("it names more than {TENSORS_MAX} tensors");
                return Err(self.0.refuse(ReadError::Index { input, reason }));
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
        let mut seen: HashMap<&str, &str> = HashMap::with_capacity(self.weight_map.len());
        for (shard, header) in headers {
            for tensor in &header.tensors {
                if let Some(other) = seen.insert(&tensor.name, shard) {
                    return Err(disagree(
                        shard,
                        format!("tensor `{}` is in `{other}` too", tensor.name),
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
                .find(|(t, _)| !seen.contains_key(t.as_str()))
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
