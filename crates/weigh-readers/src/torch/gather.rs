//! From the value that a pickle leaves to its tensors, by the paths that lead to them.
//!
//! - **Invariant:** values are expanded one by one and counted; a value that refers to itself, or to
//!   another ten times over and over, ends in an error and not in memory.

use super::element::bits_of;
use std::collections::{BTreeMap, BTreeSet};

use weigh_facts::{Observation, Observed, Place, Reading, TensorSeen};

use super::element::{self, Element};
use super::tensor::{Meaning, Parts, meaning};
use super::{Contents, READER, Storage, Tensor, sharing};
use crate::pickle::{Call, Id, Name, Value, Walk};
use crate::{ReadError, json};

const VISITS_MAX: usize = 5_000_000;
const DEPTH_MAX: usize = 1_000;
/// PyTorch's own limit.
const RANK_MAX: usize = 64;
const DIMENSION_MAX: u64 = 1 << 40;
const NAME_MAX: usize = 4_096;
/// The largest published models have half a million in all their files.
const TENSORS_MAX: usize = 1_000_000;
/// Bytes of all names together.
const NAMES_MAX: usize = 512 << 20;
/// Plain values are notes, not data.
const OBSERVATIONS_MAX: usize = 10_000;
const OBSERVED_DEPTH_MAX: usize = 4;
const OBSERVED_LIST_MAX: usize = 16;

/// Keys under which programs keep the optimizer.
const OPTIMIZERS: &[&str] = &[
    "last_optimizer_state",
    "opt_state",
    "optim",
    "optim_state",
    "optim_state_dict",
    "optimizer",
    "optimizer_state",
    "optimizer_state_dict",
    "optimizer_states",
    "optimizers",
];
/// What optimizers keep for each parameter.
const MOMENTS: &[&str] = &[
    "acc_delta",
    "exp_avg",
    "exp_avg_sq",
    "exp_avg_sq_col",
    "exp_avg_sq_row",
    "exp_inf",
    "grad_avg",
    "max_exp_avg_sq",
    "momentum_buffer",
    "square_avg",
];
/// Keys under which programs keep the weights.
const WRAPPERS: &[&str] = &[
    "model",
    "model_state_dict",
    "module",
    "net",
    "network",
    "params",
    "state_dict",
    "weights",
];

/// Why gathering stopped.
pub(super) enum Fault {
    /// It would expand to more than anything real.
    Limit(String),
    /// A tensor that cannot be.
    Refused(ReadError),
}

/// Collects tensors and storages from one pickle or several.
pub(super) struct Gatherer<'a> {
    input: &'a str,
    tensors: Vec<(Tensor, String)>,
    optimizer: Vec<Tensor>,
    has_optimizer: bool,
    without_data: Vec<TensorSeen>,
    storages: BTreeMap<String, Claimed>,
    observations: Vec<Observation>,
    names: BTreeSet<String>,
    visits: usize,
    name_bytes: usize,
}

/// A storage as the pickle claims it.
#[derive(Clone)]
pub(super) struct Claimed {
    pub(super) bytes: u64,
    pub(super) count: u64,
    element: Option<Element>,
    number: usize,
}

/// Where the walk over values stands.
struct Frame {
    id: Id,
    next: usize,
    path_len: usize,
    /// The path of the dictionary that it stands in.
    container_len: usize,
    keys: usize,
    is_optimizer: bool,
    /// Is it what stands under `state`, where optimizers number their parameters?
    is_state: bool,
    is_observed: bool,
}

/// How a value is reached from the one that holds it.
enum Key<'w> {
    Text(&'w str),
    Number(i64),
    Place(usize),
    /// A part of it that has no name.
    Inside,
    /// A key that is neither text nor a whole number, by its place.
    Strange(usize),
}

impl<'a> Gatherer<'a> {
    pub(super) fn new(input: &'a str) -> Self {
        Self {
            input,
            tensors: Vec::new(),
            optimizer: Vec::new(),
            has_optimizer: false,
            without_data: Vec::new(),
            storages: BTreeMap::new(),
            observations: Vec::new(),
            names: BTreeSet::new(),
            visits: 0,
            name_bytes: 0,
        }
    }

    /// Walks everything below a value. `folder` is where its storages are, if not in `data`.
    pub(super) fn gather(
        &mut self,
        walk: &Walk,
        root: Id,
        prefix: &str,
        folder: &str,
    ) -> Result<(), Fault> {
        let mut path = prefix.to_owned();
        let mut frames = vec![Frame {
            id: root,
            next: 0,
            path_len: path.len(),
            container_len: 0,
            keys: 0,
            is_optimizer: false,
            is_state: false,
            is_observed: prefix.is_empty(),
        }];
        let mut is_first = true;
        while let Some(frame) = frames.last_mut() {
            path.truncate(frame.path_len);
            let child = if is_first {
                Some((Key::Inside, root))
            } else {
                let child = child(walk, frame.id, frame.next);
                frame.next += 1;
                child
            };
            let Some((key, id)) = child else {
                frames.pop();
                continue;
            };
            let mut below = if is_first {
                is_first = false;
                frames.pop().unwrap_or_else(|| Frame::under(id))
            } else {
                frame.below(&key, id, &mut path)
            };
            self.count()?;
            if path.len() > NAME_MAX {
                let reason = format!("a name in it has more than {NAME_MAX} bytes");
                return Err(Fault::Refused(self.refuse(reason)));
            }
            if frames.len() >= DEPTH_MAX {
                return Err(Fault::Limit(format!(
                    "it is nested more than {DEPTH_MAX} deep"
                )));
            }
            self.has_optimizer |= below.is_optimizer && holds_something(walk.value(id));
            if self.visit(walk, &mut below, &path, folder)? {
                frames.push(below);
            }
        }
        Ok(())
    }

    fn count(&mut self) -> Result<(), Fault> {
        self.visits += 1;
        match self.visits > VISITS_MAX {
            true => Err(Fault::Limit(format!(
                "it expands to more than {VISITS_MAX} values"
            ))),
            false => Ok(()),
        }
    }

    fn refuse(&self, reason: String) -> ReadError {
        ReadError::Torch {
            input: self.input.to_owned(),
            reason,
        }
    }

    /// Takes what a value is; says whether there is more below it.
    fn visit(
        &mut self,
        walk: &Walk,
        frame: &mut Frame,
        path: &str,
        folder: &str,
    ) -> Result<bool, Fault> {
        match walk.value(frame.id) {
            Value::Persistent(_) => {
                self.bare_storage(walk, frame, path, folder)?;
                Ok(false)
            }
            Value::Call(call) => {
                let Some(name) = walk.name(call.callee) else {
                    return Ok(true);
                };
                let wrong = |reason| Fault::Refused(self.wrong_shape(path, reason));
                match meaning(walk, name, call).map_err(wrong)? {
                    Meaning::Tensor(parts) => {
                        self.tensor(walk, frame, path, folder, &parts)?;
                        let mut is_more = false;
                        for (_, id) in &parts.rest {
                            is_more |= !is_plain(walk, *id);
                        }
                        // What is plain holds nothing; the rest is searched for storages.
                        frame.is_observed = false;
                        Ok(is_more)
                    }
                    Meaning::Shape(element, shape) => {
                        let mut seen = self.seen(path, element, &shape)?;
                        seen.bytes = 0;
                        self.without_data.push(seen);
                        Ok(false)
                    }
                    Meaning::Holds(_) => {
                        frame.is_observed = false;
                        Ok(true)
                    }
                    Meaning::Other => {
                        self.observe_call(walk, frame, name, path);
                        Ok(true)
                    }
                }
            }
            Value::Tuple(items) => Ok(!self.observe_list(walk, frame, items, path)),
            Value::List(items) => Ok(!self.observe_list(walk, frame, items, path)),
            Value::Dict(_) | Value::Set(_) => Ok(true),
            value => {
                if let Some(observed) = observed(value) {
                    self.observe(frame, path, observed);
                }
                Ok(false)
            }
        }
    }

    fn observe(&mut self, frame: &Frame, path: &str, value: Observed) {
        let is_wanted = frame.is_observed
            && (1..=OBSERVED_DEPTH_MAX).contains(&frame.keys)
            && self.observations.len() < OBSERVATIONS_MAX;
        if !is_wanted {
            return;
        }
        let place = Place {
            input: self.input.to_owned(),
            inside: path.to_owned(),
        };
        self.observations.push(Observation {
            key: path.to_owned(),
            value,
            place,
        });
    }

    /// An object that is not known stays a name; a size is the list that it is.
    fn observe_call(&mut self, walk: &Walk, frame: &mut Frame, name: &Name, path: &str) {
        if name.is("torch", "Size") {
            if let Ok(shape) = shape(walk, frame.id) {
                let list = shape.into_iter().map(|d| Observed::Number(d.into()));
                self.observe(frame, path, Observed::List(list.collect()));
            }
            frame.is_observed = false;
        } else if name.module != "collections" {
            self.observe(frame, path, Observed::Text(name.dotted()));
        }
    }

    /// A short list of plain values is one observation.
    fn observe_list(&mut self, walk: &Walk, frame: &Frame, items: &[Id], path: &str) -> bool {
        if items.len() > OBSERVED_LIST_MAX {
            return false;
        }
        let plain = items.iter().map(|id| observed(walk.value(*id)));
        match plain.collect::<Option<Vec<Observed>>>() {
            Some(list) => {
                self.observe(frame, path, Observed::List(list));
                true
            }
            None => false,
        }
    }

    /// A storage without a tensor around it is a tensor of one dimension.
    fn bare_storage(
        &mut self,
        walk: &Walk,
        frame: &Frame,
        path: &str,
        folder: &str,
    ) -> Result<(), Fault> {
        let claimed = self.claim(walk, frame.id, folder)?;
        let element = claimed.element.unwrap_or(BYTE);
        let tensor = Tensor {
            seen: self.seen(path, element, &[claimed.count])?,
            strides: vec![1],
            storage: claimed.number,
            offset: 0,
            is_quantized: element.is_quantized,
            is_alias: false,
        };
        self.keep(tensor, frame, path);
        Ok(())
    }

    fn tensor(
        &mut self,
        walk: &Walk,
        frame: &Frame,
        path: &str,
        folder: &str,
        parts: &Parts,
    ) -> Result<(), Fault> {
        let claimed = self.claim(walk, parts.storage, folder)?;
        let element = parts.element.or(claimed.element).ok_or_else(|| {
            Fault::Refused(self.wrong_shape(path, "its element type is not known".to_owned()))
        })?;
        let mut shape = parts.shape.clone();
        let width = (bits_of(element.dtype) * element.packed / 8).max(1);
        check_extent(parts, width, claimed.bytes).map_err(|reason| {
            Fault::Refused(ReadError::TensorRange {
                input: self.input.to_owned(),
                tensor: path.to_owned(),
                reason,
            })
        })?;
        if element.packed > 1 {
            let Some(last) = shape.last_mut() else {
                let reason = "halves of bytes and no dimension".to_owned();
                return Err(Fault::Refused(self.wrong_shape(path, reason)));
            };
            *last = last.saturating_mul(element.packed);
        }
        let tensor = Tensor {
            seen: self.seen(path, element, &shape)?,
            strides: parts.strides.clone(),
            storage: claimed.number,
            offset: parts.offset,
            is_quantized: element.is_quantized,
            is_alias: false,
        };
        self.keep(tensor, frame, path);
        Ok(())
    }

    fn keep(&mut self, tensor: Tensor, frame: &Frame, path: &str) {
        if frame.is_optimizer || is_optimizer_name(path) {
            self.has_optimizer = true;
            self.optimizer.push(tensor);
        } else {
            let container = path.get(..frame.container_len).unwrap_or_default();
            self.tensors.push((tensor, container.to_owned()));
        }
    }

    /// The name, each once, and the shape, each within its limits.
    fn seen(&mut self, path: &str, element: Element, shape: &[u64]) -> Result<TensorSeen, Fault> {
        self.name_bytes = self
            .name_bytes
            .saturating_add(2 * path.len() + self.input.len());
        if self.name_bytes > NAMES_MAX {
            let (input, limit) = (self.input.to_owned(), NAMES_MAX);
            return Err(Fault::Refused(ReadError::Unpacks { input, limit }));
        }
        if self.names.len() >= TENSORS_MAX {
            let reason = format!("it expands to more than {TENSORS_MAX} tensors");
            return Err(Fault::Limit(reason));
        }
        if !self.names.insert(path.to_owned()) {
            return Err(Fault::Refused(ReadError::DuplicateTensor {
                input: self.input.to_owned(),
                tensor: path.to_owned(),
            }));
        }
        let counted = count_of_shape(shape).and_then(|elements| {
            let bits = elements.checked_mul(bits_of(element.dtype));
            let bytes = bits.ok_or("the number of its bits overflows")?.div_ceil(8);
            Ok((elements, bytes))
        });
        let (elements, bytes) =
            counted.map_err(|reason| Fault::Refused(self.wrong_shape(path, reason)))?;
        Ok(TensorSeen {
            name: path.to_owned(),
            dtype: element.dtype,
            shape: shape.to_vec(),
            elements,
            bytes,
            input: self.input.to_owned(),
        })
    }

    fn wrong_shape(&self, path: &str, reason: String) -> ReadError {
        ReadError::TensorShape {
            input: self.input.to_owned(),
            tensor: path.to_owned(),
            reason,
        }
    }

    /// `('storage', type, key, place, count)`, the same each time the key is named.
    fn claim(&mut self, walk: &Walk, id: Id, folder: &str) -> Result<Claimed, Fault> {
        let read = || {
            let Value::Persistent(id) = walk.value(id) else {
                return None;
            };
            let [kind, class, key, _, count, rest @ ..] = walk.tuple(*id)? else {
                return None;
            };
            let is_view = rest
                .first()
                .is_some_and(|view| *walk.value(*view) != Value::None);
            let is_storage = walk.text(*kind) == Some("storage") && !is_view && rest.len() <= 1;
            let element = element::storage(walk.name(*class)?)?;
            let width = element.map_or(1, |element| bits_of(element.dtype) / 8);
            let count = walk.count(*count)?;
            let bytes = count.checked_mul(width)?;
            is_storage.then_some((walk.text(*key)?, element, count, bytes))
        };
        let Some((key, element, count, bytes)) = read() else {
            let reason = "it refers to numbers in a way that is not known".to_owned();
            return Err(Fault::Refused(self.refuse(reason)));
        };
        if key.len() > NAME_MAX {
            let reason = "the key of a storage is too long to be one".to_owned();
            return Err(Fault::Refused(self.refuse(reason)));
        }
        let key = format!("{folder}{key}");
        let number = self.storages.len();
        let claimed = self.storages.entry(key.clone()).or_insert(Claimed {
            bytes,
            count,
            element,
            number,
        });
        let is_same = (claimed.bytes, claimed.count, claimed.element) == (bytes, count, element);
        let claimed = claimed.clone();
        if !is_same {
            let reason = format!("it says two things about storage `{key}`");
            return Err(Fault::Refused(self.refuse(reason)));
        }
        Ok(claimed)
    }

    /// Every storage that was claimed, by key.
    pub(super) fn claimed(&self) -> &BTreeMap<String, Claimed> {
        &self.storages
    }

    pub(super) fn finish(self) -> Contents {
        let prefix = prefix(&self.tensors);
        let mut tensors: Vec<Tensor> = self.tensors.into_iter().map(|(tensor, _)| tensor).collect();
        let mut optimizer = self.optimizer;
        // Storages get the order of their keys.
        let places: BTreeMap<usize, usize> = (self.storages.values().enumerate())
            .map(|(place, claimed)| (claimed.number, place))
            .collect();
        for tensor in tensors.iter_mut().chain(&mut optimizer) {
            tensor.storage = places.get(&tensor.storage).copied().unwrap_or_default();
        }
        sharing::mark(&mut tensors);
        sharing::mark(&mut optimizer);
        let storage = |(key, claimed): (String, Claimed)| Storage {
            key,
            dtype: claimed.element.map(|element| element.dtype),
            bytes: claimed.bytes,
        };
        Contents {
            tensors,
            optimizer,
            has_optimizer: self.has_optimizer,
            without_data: self.without_data,
            storages: self.storages.into_iter().map(storage).collect(),
            prefix,
            reading: Reading {
                reader: READER,
                input: self.input.to_owned(),
                observations: self.observations,
                warnings: Vec::new(),
            },
        }
    }
}

const BYTE: Element = Element {
    dtype: weigh_facts::Dtype::U8,
    is_quantized: false,
    packed: 1,
};

impl Frame {
    fn under(id: Id) -> Self {
        Self {
            id,
            next: 0,
            path_len: 0,
            container_len: 0,
            keys: 0,
            is_optimizer: false,
            is_state: false,
            is_observed: false,
        }
    }

    /// The frame of a value below this one, whose key is put at the end of the path.
    fn below(&self, key: &Key<'_>, id: Id, path: &mut String) -> Self {
        let text = match key {
            Key::Text(text) => (*text).to_owned(),
            Key::Number(number) => number.to_string(),
            Key::Place(place) => place.to_string(),
            Key::Strange(place) => format!("?{place}"),
            Key::Inside => String::new(),
        };
        let is_key = matches!(key, Key::Text(_) | Key::Number(_));
        if !matches!(key, Key::Inside) {
            if !path.is_empty() {
                path.push('.');
            }
            path.push_str(&text);
        }
        let is_numbered = matches!(key, Key::Number(_) | Key::Place(_)) && self.is_state;
        Self {
            id,
            next: 0,
            path_len: path.len(),
            container_len: if is_key {
                self.path_len
            } else {
                self.container_len
            },
            keys: self.keys + usize::from(!matches!(key, Key::Inside)),
            is_optimizer: self.is_optimizer || is_numbered || OPTIMIZERS.contains(&text.as_str()),
            is_state: match key {
                Key::Inside => self.is_state,
                _ => text == "state",
            },
            is_observed: self.is_observed && text != "_metadata" && !matches!(key, Key::Strange(_)),
        }
    }
}

/// Is a flat name that of optimizer state: `optim.state.weight.exp_avg`?
pub(crate) fn is_optimizer_name(name: &str) -> bool {
    let first = name.split('.').next().unwrap_or_default();
    let last = name.rsplit('.').next().unwrap_or_default();
    OPTIMIZERS.contains(&first) || MOMENTS.contains(&last)
}

/// The value at a place of another one, and how it is reached; none behind the last.
fn child(walk: &Walk, id: Id, place: usize) -> Option<(Key<'_>, Id)> {
    match walk.value(id) {
        Value::Tuple(items) => items.get(place).map(|id| (Key::Place(place), *id)),
        Value::List(items) | Value::Set(items) => {
            items.get(place).map(|id| (Key::Place(place), *id))
        }
        Value::Dict(pairs) => pairs.get(place).map(|pair| keyed(walk, place, *pair)),
        Value::Call(call) => {
            let name = walk.name(call.callee);
            let meant = name.and_then(|name| meaning(walk, name, call).ok());
            match meant {
                Some(Meaning::Tensor(parts)) => {
                    let rest = parts.rest.get(place);
                    return rest.map(|(part, id)| (Key::Text(part), *id));
                }
                Some(Meaning::Holds(held)) => {
                    let held = held.get(place);
                    return held.map(|(part, id)| match *part {
                        "" => (Key::Inside, *id),
                        part => (Key::Text(part), *id),
                    });
                }
                _ => {}
            }
            let pairs = call.pairs.len();
            let items = pairs + call.items.len();
            let states = items + call.states.len();
            if place < pairs {
                call.pairs.get(place).map(|pair| keyed(walk, place, *pair))
            } else if place < items {
                let place = place - pairs;
                call.items.get(place).map(|id| (Key::Place(place), *id))
            } else if place < states {
                call.states.get(place - items).map(|id| (Key::Inside, *id))
            } else if let Some(list) = listed_pairs(walk, call) {
                let place = place - states;
                list.get(place).map(|id| pair(walk, place, *id))
            } else {
                (place == states).then_some((Key::Inside, call.arguments))
            }
        }
        _ => None,
    }
}

/// Python 2 gives an ordered dictionary its pairs as one list: `OrderedDict([[key, value], ..])`.
fn listed_pairs<'w>(walk: &'w Walk, call: &Call) -> Option<&'w [Id]> {
    let is_ordered = walk.name(call.callee)?.is("collections", "OrderedDict");
    match walk.tuple(call.arguments)? {
        [list] if is_ordered => match walk.value(*list) {
            Value::List(list) => Some(list),
            _ => None,
        },
        _ => None,
    }
}

fn pair(walk: &Walk, place: usize, id: Id) -> (Key<'_>, Id) {
    let items = match walk.value(id) {
        Value::List(items) => items.as_slice(),
        Value::Tuple(items) => items,
        _ => &[],
    };
    match items {
        [key, value] => keyed(walk, place, (*key, *value)),
        _ => (Key::Place(place), id),
    }
}

fn keyed(walk: &Walk, place: usize, (key, value): (Id, Id)) -> (Key<'_>, Id) {
    let key = match walk.value(key) {
        Value::Text(text) => Key::Text(text),
        Value::Int(number) => Key::Number(*number),
        _ => Key::Strange(place),
    };
    (key, value)
}

/// A key with nothing under it says that something could have been there.
fn holds_something(value: &Value) -> bool {
    match value {
        Value::Dict(pairs) => !pairs.is_empty(),
        Value::List(items) => !items.is_empty(),
        Value::Call(_) => true,
        _ => false,
    }
}

/// Does a value certainly hold no tensor?
fn is_plain(walk: &Walk, id: Id) -> bool {
    match walk.value(id) {
        Value::Tuple(_) | Value::List(_) | Value::Dict(_) | Value::Set(_) => false,
        Value::Call(call) => {
            let is_empty = call.pairs.is_empty() && call.items.is_empty() && call.states.is_empty();
            is_empty && walk.tuple(call.arguments).is_some_and(<[Id]>::is_empty)
        }
        Value::Persistent(_) => false,
        _ => true,
    }
}

fn observed(value: &Value) -> Option<Observed> {
    Some(match value {
        Value::None => Observed::Null,
        Value::Bool(value) => Observed::Bool(*value),
        Value::Int(number) => Observed::Number((*number).into()),
        Value::Float(number) => match json::decimal(*number) {
            Some(number) => Observed::Number(number),
            None => Observed::Text(number.to_string()),
        },
        Value::Text(text) if text.len() <= NAME_MAX => Observed::Text(text.to_string()),
        _ => return None,
    })
}

/// The keys that lead to most of the weights, as far as they are known to hold weights.
fn prefix(tensors: &[(Tensor, String)]) -> String {
    let mut elements: BTreeMap<&str, u64> = BTreeMap::new();
    for (tensor, container) in tensors {
        let mut end = 0;
        for part in container.split('.') {
            if !WRAPPERS.contains(&part) {
                break;
            }
            end += part.len() + usize::from(end > 0);
        }
        let wrapper = container.get(..end).unwrap_or_default();
        let sum = elements.entry(wrapper).or_default();
        *sum = sum.saturating_add(tensor.seen.elements);
    }
    let most = elements.iter().max_by_key(|(_, elements)| **elements);
    most.map_or_else(String::new, |(wrapper, _)| (*wrapper).to_owned())
}

/// The numbers of a tuple or of `torch.Size`. Lists are refused: they may have been changed since.
pub(crate) fn shape(walk: &Walk, id: Id) -> Result<Vec<u64>, String> {
    let items = match walk.call(id) {
        Some((name, call)) if name.is("torch", "Size") => {
            let inner = walk.tuple(call.arguments).unwrap_or_default();
            match inner {
                [] => Some(&[][..]),
                [inner] => walk.tuple(*inner),
                _ => None,
            }
        }
        Some((name, call)) if name.is("torch.jit._pickle", "build_intlist") => {
            let inner = walk.tuple(call.arguments).unwrap_or_default();
            inner.first().and_then(|inner| walk.tuple(*inner))
        }
        _ => walk.tuple(id),
    };
    let items = items.ok_or("its shape is no tuple of numbers")?;
    if items.len() > RANK_MAX {
        return Err(format!(
            "{} dimensions; the limit is {RANK_MAX}",
            items.len()
        ));
    }
    let numbers = items.iter().map(|item| walk.count(*item));
    let numbers: Option<Vec<u64>> = numbers.collect();
    numbers.ok_or_else(|| "a dimension or step that is no whole number".to_owned())
}

/// The product of a shape, within the limits of dimensions.
pub(crate) fn count_of_shape(shape: &[u64]) -> Result<u64, String> {
    if let Some(dimension) = shape.iter().find(|d| **d > DIMENSION_MAX) {
        return Err(format!(
            "a dimension of {dimension}; the limit is {DIMENSION_MAX}"
        ));
    }
    let product = shape.iter().try_fold(1_u64, |n, d| n.checked_mul(*d));
    product.ok_or_else(|| "the product of its dimensions overflows".to_owned())
}

/// The last element must lie in the storage.
fn check_extent(parts: &Parts, width: u64, bytes: u64) -> Result<(), String> {
    if parts.shape.contains(&0) {
        return Ok(());
    }
    let mut steps = parts.shape.iter().zip(&parts.strides);
    let last = steps.try_fold(parts.offset, |last, (dimension, stride)| {
        last.checked_add((dimension - 1).checked_mul(*stride)?)
    });
    let end = last.and_then(|last| last.checked_add(1)?.checked_mul(width));
    match end {
        Some(end) if end <= bytes => Ok(()),
        Some(end) => Err(format!(
            "it ends at byte {end} of its storage, which has {bytes}"
        )),
        None => Err("it ends beyond any storage".to_owned()),
    }
}
