//! One `TensorProto`: its name, type and shape, and how many bytes its numbers take. The numbers
//! are passed over.

use weigh_facts::{Dtype, TensorSeen};

use super::wire::{Field, Value, Wire};
use crate::ReadError;

const RANK_MAX: usize = 8;
const DIMENSION_MAX: u64 = 1 << 40;
const NAME_MAX: u64 = 4096;
const EXTERNAL_KEYS_MAX: usize = 16;

/// Where a type keeps its numbers if they are no raw bytes, and how many values hold how many
/// elements. Source: `onnx.proto` of ONNX 1.23.2, the comments of `TensorProto`.
struct Kind {
    id: u64,
    dtype: Dtype,
    list: List,
    /// Elements that one value of the list holds; for complex numbers, values of one element.
    per_value: u64,
    values_each: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum List {
    Floats,
    Words,
    Longs,
    Doubles,
    Unsigned,
}

const fn kind(id: u64, dtype: Dtype, list: List, per_value: u64, values_each: u64) -> Kind {
    Kind {
        id,
        dtype,
        list,
        per_value,
        values_each,
    }
}

const KINDS: [Kind; 27] = [
    kind(1, Dtype::F32, List::Floats, 1, 1),
    kind(2, Dtype::U8, List::Words, 1, 1),
    kind(3, Dtype::I8, List::Words, 1, 1),
    kind(4, Dtype::U16, List::Words, 1, 1),
    kind(5, Dtype::I16, List::Words, 1, 1),
    kind(6, Dtype::I32, List::Words, 1, 1),
    kind(7, Dtype::I64, List::Longs, 1, 1),
    kind(9, Dtype::Bool, List::Words, 1, 1),
    kind(10, Dtype::F16, List::Words, 1, 1),
    kind(11, Dtype::F64, List::Doubles, 1, 1),
    kind(12, Dtype::U32, List::Unsigned, 1, 1),
    kind(13, Dtype::U64, List::Unsigned, 1, 1),
    kind(14, Dtype::C64, List::Floats, 1, 2),
    kind(15, Dtype::C128, List::Doubles, 1, 2),
    kind(16, Dtype::BF16, List::Words, 1, 1),
    kind(17, Dtype::F8_E4M3, List::Words, 1, 1),
    kind(18, Dtype::F8_E4M3FNUZ, List::Words, 1, 1),
    kind(19, Dtype::F8_E5M2, List::Words, 1, 1),
    kind(20, Dtype::F8_E5M2FNUZ, List::Words, 1, 1),
    kind(21, Dtype::U4, List::Words, 2, 1),
    kind(22, Dtype::I4, List::Words, 2, 1),
    kind(23, Dtype::F4, List::Words, 2, 1),
    kind(24, Dtype::F8_E8M0, List::Words, 1, 1),
    kind(25, Dtype::U2, List::Words, 4, 1),
    kind(26, Dtype::I2, List::Words, 4, 1),
    kind(27, Dtype::F6_E2M3, List::Words, 1, 1),
    kind(28, Dtype::F6_E3M2, List::Words, 1, 1),
];
const STRING: u64 = 8;

/// A tensor, and where its numbers are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Found {
    pub(super) name: String,
    pub(super) seen: Option<TensorSeen>,
    pub(super) external: Option<External>,
    /// Elements, also where they are texts.
    pub(super) elements: u64,
    /// Where it stands in the file.
    pub(super) at: u64,
}

/// Numbers in a file of their own, as the tensor describes it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct External {
    pub(super) location: String,
    pub(super) offset: u64,
    pub(super) length: Option<u64>,
}

#[derive(Default)]
struct Draft {
    name: Option<String>,
    data_type: Option<u64>,
    data_location: Option<u64>,
    dims: Vec<u64>,
    raw: Option<u64>,
    /// By list: fewest and most values in it. A packed number takes one to ten bytes.
    lists: [(u64, u64); 5],
    texts: u64,
    external: Vec<(String, String)>,
}

/// Reads the tensor whose message ends at `end`.
pub(super) fn read(wire: &mut Wire<'_>, end: u64) -> Result<Found, ReadError> {
    let at = wire.offset();
    let mut draft = Draft::default();
    while let Some(field) = wire.field(end)? {
        match field.number {
            1 => dims(wire, field, &mut draft)?,
            2 => once(wire, field, &mut draft.data_type)?,
            3 => return Err(wire.fault(field.at, "a tensor in segments, which is not read")),
            4 => floats(wire, field, List::Floats, 4, &mut draft)?,
            5 => varints(wire, field, List::Words, &mut draft)?,
            6 => draft.texts += 1,
            7 => varints(wire, field, List::Longs, &mut draft)?,
            8 => {
                let name = wire.text(field, NAME_MAX)?;
                if draft.name.replace(name).is_some() {
                    return Err(wire.fault(field.at, "a tensor with two names"));
                }
            }
            9 => {
                let len = wire.message(field)? - wire.offset();
                if draft.raw.replace(len).is_some() {
                    return Err(wire.fault(field.at, "a tensor whose bytes stand there twice"));
                }
            }
            10 => floats(wire, field, List::Doubles, 8, &mut draft)?,
            11 => varints(wire, field, List::Unsigned, &mut draft)?,
            13 => external(wire, field, &mut draft)?,
            14 => once(wire, field, &mut draft.data_location)?,
            _ => {}
        }
        wire.pass(field);
    }
    finish(wire, draft, at)
}

fn once(wire: &Wire<'_>, field: Field, slot: &mut Option<u64>) -> Result<(), ReadError> {
    let number = wire.number(field)?;
    match slot.replace(number) {
        None => Ok(()),
        Some(_) => {
            let reason = format!("field {} of a tensor twice", field.number);
            Err(wire.fault(field.at, reason))
        }
    }
}

fn dims(wire: &mut Wire<'_>, field: Field, draft: &mut Draft) -> Result<(), ReadError> {
    let mut push = |wire: &Wire<'_>, dimension: u64| {
        draft.dims.push(dimension);
        if draft.dims.len() <= RANK_MAX {
            return Ok(());
        }
        let reason = format!("a tensor of more than {RANK_MAX} dimensions");
        Err(wire.fault(field.at, reason))
    };
    match field.value {
        Value::Varint(dimension) => push(wire, dimension),
        Value::Bytes { end } => {
            while wire.offset() < end {
                let dimension = wire.varint(end)?;
                push(wire, dimension)?;
            }
            Ok(())
        }
        _ => Err(wire.wrong_type(field)),
    }
}

fn add(draft: &mut Draft, list: List, least: u64, most: u64) {
    if let Some((low, high)) = draft.lists.get_mut(list as usize) {
        *low = low.saturating_add(least);
        *high = high.saturating_add(most);
    }
}

/// Numbers of one width, one or many.
fn floats(
    wire: &Wire<'_>,
    field: Field,
    list: List,
    width: u64,
    draft: &mut Draft,
) -> Result<(), ReadError> {
    let count = match (field.value, width) {
        (Value::Fixed32, 4) | (Value::Fixed64, 8) => 1,
        (Value::Bytes { end }, _) if (end - wire.offset()).is_multiple_of(width) => {
            (end - wire.offset()) / width
        }
        _ => return Err(wire.wrong_type(field)),
    };
    add(draft, list, count, count);
    Ok(())
}

/// Numbers of one to ten bytes, which are not read to be counted.
fn varints(wire: &Wire<'_>, field: Field, list: List, draft: &mut Draft) -> Result<(), ReadError> {
    match field.value {
        Value::Varint(_) => add(draft, list, 1, 1),
        Value::Bytes { end } => {
            let len = end - wire.offset();
            add(draft, list, len.div_ceil(10), len);
        }
        _ => return Err(wire.wrong_type(field)),
    }
    Ok(())
}

fn external(wire: &mut Wire<'_>, field: Field, draft: &mut Draft) -> Result<(), ReadError> {
    if draft.external.len() == EXTERNAL_KEYS_MAX {
        let reason = format!("a tensor with more than {EXTERNAL_KEYS_MAX} words about its file");
        return Err(wire.fault(field.at, reason));
    }
    let pair = super::pair(wire, field)?;
    draft.external.push(pair);
    Ok(())
}

fn finish(wire: &Wire<'_>, draft: Draft, at: u64) -> Result<Found, ReadError> {
    let name = draft.name.clone().unwrap_or_default();
    let shape = |reason: String| ReadError::TensorShape {
        input: wire.input.to_owned(),
        tensor: name.clone(),
        reason,
    };
    if let Some(dimension) = draft.dims.iter().find(|d| **d > DIMENSION_MAX) {
        let shown = dimension.cast_signed();
        let reason = format!("a dimension of {shown}; it is 0 to {DIMENSION_MAX}");
        return Err(shape(reason));
    }
    let elements = draft.dims.iter().try_fold(1_u64, |n, d| n.checked_mul(*d));
    let elements =
        elements.ok_or_else(|| shape("the product of its dimensions overflows".into()))?;
    let is_external = is_external(wire, &draft, at)?;
    let id = draft.data_type.unwrap_or_default();
    if id == STRING && !is_external && draft.raw.is_none() && draft.texts == elements {
        return Ok(Found {
            name,
            seen: None,
            external: None,
            elements,
            at,
        });
    }
    let Some(kind) = KINDS.iter().find(|kind| kind.id == id) else {
        return Err(ReadError::UnknownDtype {
            input: wire.input.to_owned(),
            tensor: name,
            dtype: format!("ONNX type {id}"),
        });
    };
    // Elements of less than a byte are packed over the whole tensor, its last byte filled up.
    let block = kind.dtype.block();
    let bytes = u128::from(elements) * u128::from(block.bytes);
    let bytes = u64::try_from(bytes.div_ceil(u128::from(block.elements)));
    let bytes = bytes.map_err(|_| shape("the number of its bytes overflows".into()))?;
    let external = if is_external {
        Some(described(&draft, wire, &name)?)
    } else {
        None
    };
    check_numbers(&draft, kind, elements, bytes, is_external).map_err(|reason| {
        ReadError::TensorRange {
            input: wire.input.to_owned(),
            tensor: name.clone(),
            reason,
        }
    })?;
    let seen = TensorSeen {
        name: name.clone(),
        dtype: kind.dtype,
        shape: draft.dims,
        elements,
        bytes,
        input: wire.input.to_owned(),
    };
    Ok(Found {
        name,
        seen: Some(seen),
        external,
        elements,
        at,
    })
}

/// Do its numbers stand in a file of their own? Two places say so, and must agree.
fn is_external(wire: &Wire<'_>, draft: &Draft, at: u64) -> Result<bool, ReadError> {
    let is_external = match draft.data_location {
        None | Some(0) => false,
        Some(1) => true,
        Some(other) => {
            return Err(wire.fault(at, format!("a tensor whose data are at the place {other}")));
        }
    };
    if is_external == draft.external.is_empty() {
        let reason = "a tensor that says in one place that its data stand in a file of their own, \
                      and not in the other";
        return Err(wire.fault(at, reason));
    }
    Ok(is_external)
}

/// Are there as many numbers as the shape has elements, in one place?
fn check_numbers(
    draft: &Draft,
    kind: &Kind,
    elements: u64,
    bytes: u64,
    is_external: bool,
) -> Result<(), String> {
    let (low, high) = draft
        .lists
        .get(kind.list as usize)
        .copied()
        .unwrap_or_default();
    let listed: u64 = draft
        .lists
        .iter()
        .map(|(_, high)| u64::from(*high > 0))
        .sum();
    let places = listed + u64::from(draft.raw.is_some()) + u64::from(is_external);
    let has_others = draft.texts > 0 || (high == 0 && listed > 0);
    match draft.raw {
        _ if has_others => Err("it has numbers of another type than its own".to_owned()),
        _ if places > 1 => Err("its numbers stand in several places".to_owned()),
        _ if is_external => Ok(()),
        Some(raw) if raw == bytes => Ok(()),
        Some(raw) => Err(format!("its shape takes {bytes} bytes, and it has {raw}")),
        None if elements == 0 && high == 0 => Ok(()),
        None if high == 0 => Err("it has no numbers".to_owned()),
        None => {
            let values = elements.div_ceil(kind.per_value);
            let values = values.saturating_mul(kind.values_each);
            if (low..=high).contains(&values) {
                Ok(())
            } else {
                Err(format!(
                    "its shape takes {values} numbers, and it has {low} to {high}"
                ))
            }
        }
    }
}

/// What the words about a file say.
fn described(draft: &Draft, wire: &Wire<'_>, name: &str) -> Result<External, ReadError> {
    let refuse = |location: &str, reason: String| ReadError::OnnxExternal {
        input: wire.input.to_owned(),
        tensor: name.to_owned(),
        location: location.to_owned(),
        reason,
    };
    let mut found = External::default();
    let mut keys: Vec<&str> = Vec::new();
    for (key, value) in &draft.external {
        if keys.contains(&key.as_str()) {
            return Err(refuse(&found.location, format!("`{key}` is there twice")));
        }
        keys.push(key);
        let number = || {
            let is_plain = !value.is_empty() && value.bytes().all(|b| b.is_ascii_digit());
            let number = value.parse::<u64>().ok().filter(|_| is_plain);
            number.ok_or_else(|| refuse("", format!("`{key}` is `{value}`, and no count of bytes")))
        };
        match key.as_str() {
            "location" => found.location.clone_from(value),
            "offset" => found.offset = number()?,
            "length" => found.length = Some(number()?),
            // Paths are given by the person, checksums are of no use here, and the rest belongs
            // to one program; none of it says where the numbers are.
            _ => {}
        }
    }
    if let Some(reason) = leads_elsewhere(&found.location) {
        return Err(refuse(&found.location, reason.to_owned()));
    }
    Ok(found)
}

/// Why a location is no plain relative path. Such paths were followed by ONNX itself:
/// CVE-2022-25882, CVE-2024-27318, CVE-2026-27489.
fn leads_elsewhere(location: &str) -> Option<&'static str> {
    if location.is_empty() {
        return Some("it is empty");
    }
    if location.len() > 1024 {
        return Some("it is longer than 1024 bytes");
    }
    if location.contains('\\') || location.contains(':') {
        return Some("it has a character that leads elsewhere on some systems");
    }
    if location.chars().any(char::is_control) {
        return Some("it has a control character");
    }
    let is_plain = |part: &str| !matches!(part, "" | "." | "..");
    (!location.split('/').all(is_plain)).then_some("it is no plain path below the folder")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_location_is_a_plain_path_below_the_folder() {
        for plain in [
            "a",
            "a.bin",
            "weights/a.bin",
            "..a/b..",
            ".hidden",
            "ä.data",
        ] {
            assert_eq!(leads_elsewhere(plain), None, "{plain}");
        }
        for other in [
            "",
            "/",
            "/etc/passwd",
            "..",
            "../a",
            "a/../b",
            "a/..",
            "./a",
            "a//b",
            "a/",
            "a\\b",
            "..\\a",
            "c:a",
            "\\\\host\\a",
            "a\0b",
            "a\nb",
        ] {
            assert!(leads_elsewhere(other).is_some(), "{other:?}");
        }
    }

    #[test]
    fn every_type_of_the_format_is_known_but_text() {
        let ids: Vec<u64> = KINDS.iter().map(|kind| kind.id).collect();
        let all: Vec<u64> = (1..=28).filter(|id| *id != STRING).collect();
        assert_eq!(ids, all);
    }
}
