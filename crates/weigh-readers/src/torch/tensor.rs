//! What the functions that rebuild a tensor are called with.

use super::element::{self, Element};
use super::gather::shape;
use crate::pickle::{Call, Id, Name, Walk};

/// The functions take at most ten arguments.
const GIVEN_MAX: usize = 16;

/// What a call means.
pub(super) enum Meaning {
    /// A tensor that looks into a storage.
    Tensor(Parts),
    /// A shape without numbers.
    Shape(Element, Vec<u64>),
    /// Nothing of its own: what it holds, each with a part of a name that may be empty.
    Holds(Vec<(&'static str, Id)>),
    /// Nothing that is known.
    Other,
}

/// A tensor as it is called for.
pub(super) struct Parts {
    pub(super) storage: Id,
    /// The element type, where it is not that of the storage.
    pub(super) element: Option<Element>,
    pub(super) offset: u64,
    pub(super) shape: Vec<u64>,
    pub(super) strides: Vec<u64>,
    /// What else it was given.
    pub(super) rest: Vec<(&'static str, Id)>,
}

type Meant = Result<Meaning, String>;

/// What a call means, or why it cannot.
pub(super) fn meaning(walk: &Walk, name: &Name, call: &Call) -> Meant {
    let meant = of(walk, name, call.arguments, 0)?;
    let is_changed = !call.states.is_empty() || !call.pairs.is_empty() || !call.items.is_empty();
    match meant {
        Meaning::Other => Ok(Meaning::Other),
        // A state would give it another storage and another shape.
        _ if is_changed => Err("it is changed after it was made".to_owned()),
        meant => Ok(meant),
    }
}

fn of(walk: &Walk, name: &Name, arguments: Id, depth: usize) -> Meant {
    let Some(given) = walk.tuple(arguments) else {
        return Ok(Meaning::Other);
    };
    if name.is("torch._tensor", "_rebuild_from_type_v2") && depth == 0 {
        return from_type(walk, given);
    }
    if name.is("torch.nn.parameter", "Parameter") {
        return Ok(match given {
            [data, ..] => Meaning::Holds(vec![("", *data)]),
            [] => Meaning::Other,
        });
    }
    if name.module != "torch._utils" {
        return Ok(Meaning::Other);
    }
    if given.len() > GIVEN_MAX {
        return Err("it is called with more than any function takes".to_owned());
    }
    match (name.name.as_str(), given) {
        ("_rebuild_tensor" | "_rebuild_tensor_v2", [storage, offset, size, stride, rest @ ..]) => {
            let rest = rest.iter().map(|id| ("extra", *id)).collect();
            parts(walk, *storage, None, (*offset, *size, *stride), rest)
        }
        ("_rebuild_tensor_v3", [storage, offset, size, stride, rest @ ..]) => {
            let dtype = rest.get(2).and_then(|id| element::dtype(walk.name(*id)?));
            let dtype = dtype.ok_or("its element type is not known")?;
            let rest = rest.iter().map(|id| ("extra", *id)).collect();
            parts(walk, *storage, Some(dtype), (*offset, *size, *stride), rest)
        }
        ("_rebuild_qtensor", [storage, offset, size, stride, quantizer, rest @ ..]) => {
            let extra = rest.iter().map(|id| ("extra", *id));
            let rest = [("quantizer", *quantizer)]
                .into_iter()
                .chain(extra)
                .collect();
            parts(walk, *storage, None, (*offset, *size, *stride), rest)
        }
        (
            "_rebuild_parameter"
            | "_rebuild_parameter_with_state"
            | "_rebuild_device_tensor_from_cpu_tensor"
            | "_rebuild_device_tensor_from_numpy",
            [data, rest @ ..],
        ) => {
            let extra = rest.iter().map(|id| ("extra", *id));
            Ok(Meaning::Holds(
                [("", *data)].into_iter().chain(extra).collect(),
            ))
        }
        ("_rebuild_sparse_tensor", [_, data]) => sparse(walk, *data),
        ("_rebuild_meta_tensor_no_storage", [dtype, size, ..])
        | ("_rebuild_wrapper_subclass", [_, dtype, size, ..]) => {
            let dtype = walk.name(*dtype).and_then(element::dtype);
            let dtype = dtype.ok_or("its element type is not known")?;
            Ok(Meaning::Shape(dtype, shape(walk, *size)?))
        }
        (known, _) if known.starts_with("_rebuild_") => Err(format!(
            "`{known}` is called with something else than it takes"
        )),
        _ => Ok(Meaning::Other),
    }
}

/// `(function, type, arguments, state)`: the result of the function, made a subclass.
fn from_type(walk: &Walk, given: &[Id]) -> Meant {
    let [function, _, arguments, state] = given else {
        return Err("`_rebuild_from_type_v2` takes four arguments".to_owned());
    };
    let Some(name) = walk.name(*function) else {
        return Err("it is made by something that has no name".to_owned());
    };
    match of(walk, name, *arguments, 1)? {
        Meaning::Tensor(mut parts) => {
            parts.rest.push(("extra", *state));
            Ok(Meaning::Tensor(parts))
        }
        Meaning::Holds(mut held) => {
            held.push(("extra", *state));
            Ok(Meaning::Holds(held))
        }
        Meaning::Shape(..) | Meaning::Other => Ok(Meaning::Other),
    }
}

fn parts(
    walk: &Walk,
    storage: Id,
    element: Option<Element>,
    (offset, size, stride): (Id, Id, Id),
    rest: Vec<(&'static str, Id)>,
) -> Meant {
    let offset = walk.count(offset).ok_or("its place is no whole number")?;
    let (shape, strides) = (shape(walk, size)?, shape(walk, stride)?);
    if shape.len() != strides.len() {
        return Err("it has more dimensions than steps, or fewer".to_owned());
    }
    Ok(Meaning::Tensor(Parts {
        storage,
        element,
        offset,
        shape,
        strides,
        rest,
    }))
}

/// Coordinates or compressed rows, beside the values.
fn sparse(walk: &Walk, data: Id) -> Meant {
    let names: &[&str] = match walk.tuple(data).map(<[Id]>::len) {
        Some(3 | 4) if is_coordinates(walk, data) => &["indices", "values", "size", "coalesced"],
        Some(4) => &["compressed_indices", "plain_indices", "values", "size"],
        _ => return Err("it is sparse in a way that is not known".to_owned()),
    };
    let items = walk.tuple(data).unwrap_or_default();
    Ok(Meaning::Holds(
        names.iter().copied().zip(items.iter().copied()).collect(),
    ))
}

/// Coordinates have their size third, compressed rows have values there.
fn is_coordinates(walk: &Walk, data: Id) -> bool {
    let third = walk.tuple(data).and_then(|items| items.get(2).copied());
    third.is_some_and(|third| shape(walk, third).is_ok())
}
