//! The architecture of a GGUF file: its metadata in the words of the catalog, and the catalog's
//! operators under the names of its tensors.
//!
//! What corresponds to what is data, in `catalog/gguf_keys.toml`. Sizes come from the metadata and
//! are compared with the tensors afterwards by [`crate::match_headers`]; only what metadata has no
//! word for is taken from the tensors: whether a bias is there, and whether the head is tied.
//!
//! - **Invariant:** nothing is counted by a class default that the table does not allow by name.
//!   A file that uses a known name and is built otherwise is not covered, which is not an answer.
//! - **Limit:** sizes that differ from layer to layer are covered only where all are the same.

mod table;

use std::collections::{BTreeMap, HashMap, HashSet};

use weigh_facts::{
    Architecture, Decimal, Observation, Observed, Operator, OperatorKind, Part, Place, Reading,
    TensorPattern, TensorSeen, Wire,
};

use crate::catalog::{Catalog, CatalogError};
use crate::names::nearest_names;
use crate::resolve::{ResolveError, ResolveOptions, resolve};
use table::{Absent, Join, Model, Source, Table, Tie};

/// A model read from a GGUF file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GgufModel {
    /// Its operators, whose tensor patterns are the names in the file.
    pub architecture: Architecture,
    /// Its tensors as the architecture has them, for [`crate::match_headers`]: where a file keeps
    /// in several tensors what the class keeps in one, they are joined. Elements and bytes in all
    /// are those of the file.
    pub tensors: Vec<TensorSeen>,
}

/// Why the architecture of a GGUF file is not known.
/// [`GgufError::code`] is stable and listed in the manual; the wording is not.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum GgufError {
    /// The table has no such name.
    #[error("no architecture of GGUF files is known as `{name}`{}", did_you_mean(.nearest))]
    UnknownArchitecture {
        /// What the file called it; empty if it did not.
        name: String,
        /// Known names near to it.
        nearest: Vec<String>,
        /// The file.
        place: Place,
    },
    /// The name is known, and the file is built otherwise, or lacks what a count needs.
    #[error(
        "the GGUF architecture `{name}` is covered, and not as it stands in this file: {reason}"
    )]
    Uncovered {
        /// The name.
        name: String,
        /// What is not covered.
        reason: String,
        /// Where it was seen.
        place: Place,
    },
    /// The metadata is no architecture.
    #[error(transparent)]
    Resolve(#[from] ResolveError),
    /// Our own table does not load, which a test excludes.
    #[error(transparent)]
    Catalog(CatalogError),
}

fn did_you_mean(names: &[String]) -> String {
    if names.is_empty() {
        return String::new();
    }
    format!("; nearest: `{}`", names.join("`, `"))
}

impl GgufError {
    /// Stable and listed in the manual.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::UnknownArchitecture { .. } => "gguf-architecture",
            Self::Uncovered { .. } => "gguf-uncovered",
            Self::Resolve(error) => error.code(),
            Self::Catalog(error) => error.code(),
        }
    }

    /// The next action, if there is one.
    #[must_use]
    pub fn help(&self) -> Option<&'static str> {
        match self {
            Self::UnknownArchitecture { .. } | Self::Uncovered { .. } => Some(
                "parameters are counted from tensor shapes; for operations, add the \
                 `config.json` of the model it was converted from",
            ),
            Self::Resolve(error) => error.help(),
            Self::Catalog(_) => None,
        }
    }
}

/// Resolves what a reader saw in the metadata of a GGUF file, with all tensors of all its parts,
/// into an architecture.
///
/// # Errors
/// When the name is not known, the file is not built as the table says, or the sizes are no
/// architecture.
pub fn resolve_gguf(
    reading: &Reading,
    tensors: &[TensorSeen],
    catalog: &Catalog,
) -> Result<GgufModel, GgufError> {
    let table = Table::shipped().map_err(|error| GgufError::Catalog(error.clone()))?;
    let file = File::new(reading, tensors);
    let model = file.model(table)?;
    let translated = file.translate(model)?;
    let mut architecture = resolve(&translated, catalog, ResolveOptions::default())?;
    file.check_defaults(model, &architecture)?;
    let mut joined = Joined::new(model, tensors);
    joined.join();
    file.rename(model, &mut architecture)?;
    if let Some(tower) = architecture.towers.first_mut() {
        tower.tail.extend(joined.buffers);
    }
    architecture.declared = Some(file.arch.to_owned());
    architecture.source = format!(
        "{}; keys and names of `{}` in {}",
        architecture.source, file.arch, table.source
    );
    Ok(GgufModel {
        architecture,
        tensors: joined.tensors,
    })
}

struct File<'a> {
    keys: HashMap<&'a str, &'a Observation>,
    names: HashSet<&'a str>,
    input: &'a str,
    arch: &'a str,
}

impl<'a> File<'a> {
    fn new(reading: &'a Reading, tensors: &'a [TensorSeen]) -> Self {
        let mut keys = HashMap::with_capacity(reading.observations.len());
        for observation in &reading.observations {
            keys.entry(observation.key.as_str()).or_insert(observation);
        }
        let arch = match keys.get("general.architecture").map(|o| &o.value) {
            Some(Observed::Text(text)) => text.as_str(),
            _ => "",
        };
        Self {
            keys,
            names: tensors.iter().map(|t| t.name.as_str()).collect(),
            input: &reading.input,
            arch,
        }
    }

    fn place(&self) -> Place {
        Place {
            input: self.input.to_owned(),
            inside: String::new(),
        }
    }

    fn uncovered(&self, reason: String, place: Place) -> GgufError {
        GgufError::Uncovered {
            name: self.arch.to_owned(),
            reason,
            place,
        }
    }

    /// A key of this architecture.
    fn key(&self, name: &str) -> Option<&'a Observation> {
        let full = format!("{}.{name}", self.arch);
        self.keys.get(full.as_str()).copied()
    }

    /// The entry of the table, and whether the file is a model at all.
    fn model<'t>(&self, table: &'t Table) -> Result<&'t Model, GgufError> {
        if let Some(Observed::Text(kind)) = self.keys.get("general.type").map(|o| &o.value)
            && kind != "model"
        {
            let reason = format!("it is of the type `{kind}`, and not a model");
            return Err(self.uncovered(reason, self.place()));
        }
        let named: Vec<&Model> = table
            .models
            .iter()
            .filter(|m| m.arch == self.arch)
            .collect();
        if named.is_empty() {
            let known = table.models.iter().map(|m| m.arch.as_str());
            return Err(GgufError::UnknownArchitecture {
                name: self.arch.to_owned(),
                nearest: nearest_names(self.arch, known),
                place: self.place(),
            });
        }
        let model = named.into_iter().find(|m| self.is(m));
        let model = model.ok_or_else(|| {
            self.uncovered("no entry has its keys and tensors".to_owned(), self.place())
        })?;
        for name in &model.refuse {
            if let Some(observation) = self.key(name)
                && !is_zero(&observation.value)
            {
                let reason = format!("`{}` is there", observation.key);
                return Err(self.uncovered(reason, observation.place.clone()));
            }
        }
        Ok(model)
    }

    fn is(&self, model: &Model) -> bool {
        let has = |name: &String| self.key(name).is_some_and(|o| !is_zero(&o.value));
        let ends = |suffix: &String| self.names.iter().any(|n| n.ends_with(suffix.as_str()));
        model.when.as_ref().is_none_or(has)
            && !model.unless.as_ref().is_some_and(has)
            && model.when_tensor.as_ref().is_none_or(ends)
            && !model.unless_tensor.as_ref().is_some_and(ends)
    }

    /// The metadata as a configuration that the catalog reads.
    fn translate(&self, model: &Model) -> Result<Reading, GgufError> {
        let mut observations = vec![
            self.observation("model_type", Observed::Text(model.model_type.clone()), None),
            self.vocabulary()?,
            self.tie(model)?,
        ];
        for (key, source) in &model.keys {
            observations.extend(self.value(key, source)?);
        }
        Ok(Reading {
            reader: "gguf-keys/1",
            input: self.input.to_owned(),
            observations,
            warnings: Vec::new(),
        })
    }

    fn observation(&self, key: &str, value: Observed, from: Option<&Observation>) -> Observation {
        Observation {
            key: key.to_owned(),
            value,
            place: from.map_or_else(|| self.place(), |o| o.place.clone()),
        }
    }

    /// As many as there are tokens; a file without a tokenizer says the number.
    fn vocabulary(&self) -> Result<Observation, GgufError> {
        let tokens = self.keys.get("tokenizer.ggml.tokens").copied();
        let length = tokens.and_then(|o| match &o.value {
            Observed::List(items) => Some(Decimal::from(items.len() as u64)),
            Observed::Map(fields) => fields.iter().find_map(|(name, value)| match value {
                Observed::Number(length) if name == "length" => Some(length.clone()),
                _ => None,
            }),
            _ => None,
        });
        if let Some(length) = length {
            return Ok(self.observation("vocab_size", Observed::Number(length), tokens));
        }
        let Some(size) = self.key("vocab_size") else {
            let reason = "it has neither tokens nor the size of its vocabulary".to_owned();
            return Err(self.uncovered(reason, self.place()));
        };
        Ok(self.observation("vocab_size", size.value.clone(), Some(size)))
    }

    fn tie(&self, model: &Model) -> Result<Observation, GgufError> {
        if self.names.is_empty() {
            let reason = "it holds no tensors, which alone show whether the head is tied";
            return Err(self.uncovered(reason.to_owned(), self.place()));
        }
        let has_head = self.names.contains("output.weight");
        if has_head && model.tie == Tie::AbsentOnly {
            let reason = "its `output.weight` may be a copy of the embedding".to_owned();
            return Err(self.uncovered(reason, self.place()));
        }
        let tied = model.tie == Tie::Always || !has_head;
        Ok(self.observation("tie_word_embeddings", Observed::Bool(tied), None))
    }

    fn value(&self, key: &str, source: &Source) -> Result<Option<Observation>, GgufError> {
        let (of, minus, zero_is_null, absent) = match source {
            Source::Is(value) => return Ok(Some(self.observation(key, value.clone(), None))),
            Source::Present { tensor, yes, no } => {
                let there = self.names.contains(tensor.as_str());
                let value = if there { yes } else { no };
                return Ok(Some(self.observation(key, value.clone(), None)));
            }
            Source::Of {
                of,
                minus,
                zero_is_null,
                absent,
            } => (of, minus, *zero_is_null, absent),
        };
        let found = of.iter().find_map(|name| self.key(name));
        let found = match (found, absent) {
            (None, Absent::Key(name)) => self.key(name),
            (None, Absent::Null) => return Ok(Some(self.observation(key, Observed::Null, None))),
            (None, Absent::Omit) => return Ok(None),
            (found, _) => found,
        };
        let Some(found) = found else {
            let names: Vec<String> = of.iter().map(|n| format!("`{}.{n}`", self.arch)).collect();
            let reason = format!("it has no {}", names.join(" and no "));
            return Err(self.uncovered(reason, self.place()));
        };
        let mut value = self.scalar(found)?;
        if let Some(minus) = minus {
            value = self.difference(found, value, minus)?;
        }
        if zero_is_null && is_zero(&value) {
            value = Observed::Null;
        }
        Ok(Some(self.observation(key, value, Some(found))))
    }

    /// A list of one value per layer is that value, if it is the same for all.
    fn scalar(&self, observation: &Observation) -> Result<Observed, GgufError> {
        match &observation.value {
            Observed::List(items) => match items.split_first() {
                Some((first, rest)) if rest.iter().all(|i| i == first) => Ok(first.clone()),
                _ => {
                    let reason = format!("`{}` differs between layers", observation.key);
                    Err(self.uncovered(reason, observation.place.clone()))
                }
            },
            Observed::Map(_) => {
                let reason = format!("`{}` is too long to be a size", observation.key);
                Err(self.uncovered(reason, observation.place.clone()))
            }
            value => Ok(value.clone()),
        }
    }

    fn difference(
        &self,
        found: &Observation,
        value: Observed,
        minus: &str,
    ) -> Result<Observed, GgufError> {
        let Some(other) = self.key(minus) else {
            let reason = format!("it has no `{}.{minus}`", self.arch);
            return Err(self.uncovered(reason, self.place()));
        };
        match (value, self.scalar(other)?) {
            (Observed::Number(a), Observed::Number(b)) if !(&a - &b).is_negative() => {
                Ok(Observed::Number(&a - &b))
            }
            _ => {
                let reason = format!("`{}` less `{}` is no size", found.key, other.key);
                Err(self.uncovered(reason, found.place.clone()))
            }
        }
    }

    /// A class default may stand only for what the table says does not vary.
    fn check_defaults(&self, model: &Model, architecture: &Architecture) -> Result<(), GgufError> {
        for defaulted in &architecture.defaulted {
            let is_allowed = model.defaults.contains(&defaulted.key);
            // Omitted on purpose: the file says it by leaving it out.
            let is_omitted = matches!(
                model.keys.get(&defaulted.key),
                Some(Source::Of {
                    absent: Absent::Omit,
                    ..
                })
            );
            if !is_allowed && !is_omitted {
                let reason = format!("it has no word for `{}`", defaulted.key);
                return Err(self.uncovered(reason, self.place()));
            }
        }
        Ok(())
    }

    /// Gives every operator the names its tensors have in the file.
    fn rename(&self, model: &Model, architecture: &mut Architecture) -> Result<(), GgufError> {
        for tower in &mut architecture.towers {
            let groups = tower.groups.iter_mut().flat_map(|g| &mut g.operators);
            let operators = tower.stem.iter_mut().chain(groups).chain(&mut tower.tail);
            for operator in operators {
                let renamed = model.patterns(operator);
                let may_be_nameless = operator.tensors.is_empty()
                    || matches!(operator.kind, OperatorKind::Buffer { .. });
                if renamed.is_empty() && !may_be_nameless {
                    let reason = format!("no name is known for the tensors of `{}`", operator.name);
                    return Err(self.uncovered(reason, self.place()));
                }
                operator.tensors = renamed;
            }
        }
        Ok(())
    }
}

fn is_zero(value: &Observed) -> bool {
    matches!(value, Observed::Number(number) if number.is_zero())
}

impl Model {
    fn patterns(&self, operator: &Operator) -> Vec<TensorPattern> {
        let mut patterns: Vec<TensorPattern> = Vec::new();
        for old in &operator.tensors {
            for new in self.tensors.get(&old.name).into_iter().flatten() {
                if !patterns.contains(new) {
                    patterns.push(new.clone());
                }
            }
        }
        patterns
    }
}

/// The tensors of a file, joined as the class keeps them.
struct Joined<'a> {
    model: &'a Model,
    tensors: Vec<TensorSeen>,
    buffers: Vec<Operator>,
}

impl<'a> Joined<'a> {
    fn new(model: &'a Model, tensors: &[TensorSeen]) -> Self {
        Self {
            model,
            tensors: tensors.to_vec(),
            buffers: Vec::new(),
        }
    }

    fn join(&mut self) {
        for join in &self.model.joins {
            self.apply(join);
        }
        let is_buffer = |t: &&TensorSeen| {
            let mut endings = self.model.buffer_endings.iter();
            self.model.buffers.contains(&layered(&t.name).0)
                || endings.any(|e| t.name.ends_with(e.as_str()))
        };
        let buffers = self.tensors.iter().filter(is_buffer).map(buffer);
        self.buffers.extend(buffers);
    }

    /// Joins the parts of each layer that has them all.
    fn apply(&mut self, join: &Join) {
        let mut layers: BTreeMap<Option<u64>, Vec<Option<TensorSeen>>> = BTreeMap::new();
        let mut whole: HashSet<Option<u64>> = HashSet::new();
        for tensor in &self.tensors {
            let (pattern, layer) = layered(&tensor.name);
            if pattern == join.into && !join.from.contains(&join.into) {
                whole.insert(layer);
            }
            if let Some(index) = join.from.iter().position(|f| *f == pattern) {
                let parts = layers
                    .entry(layer)
                    .or_insert_with(|| vec![None; join.from.len()]);
                if let Some(part) = parts.get_mut(index) {
                    *part = Some(tensor.clone());
                }
            }
        }
        let mut gone = HashSet::new();
        let mut made = Vec::new();
        for (layer, parts) in layers {
            let Some(parts) = parts.into_iter().collect::<Option<Vec<_>>>() else {
                continue;
            };
            if whole.contains(&layer) {
                // Both forms are there: the parts are copies.
                self.buffers.extend(parts.iter().map(buffer));
                continue;
            }
            let name = layer.map_or_else(
                || join.into.clone(),
                |layer| join.into.replace("{layer}", &layer.to_string()),
            );
            let Some(joined) = joined(name, &parts) else {
                continue;
            };
            gone.extend(parts.into_iter().map(|p| p.name));
            made.push(joined);
        }
        self.tensors.retain(|t| !gone.contains(&t.name));
        self.tensors.extend(made);
    }
}

/// One tensor of the size of its parts, in rows as wide as those of the last.
fn joined(name: String, parts: &[TensorSeen]) -> Option<TensorSeen> {
    let last = parts.last()?;
    let width = last.shape.last().copied().filter(|width| *width > 0)?;
    let sum = |of: fn(&TensorSeen) -> u64| {
        let mut sizes = parts.iter().map(of);
        sizes.try_fold(0_u64, u64::checked_add)
    };
    let elements = sum(|t| t.elements)?;
    Some(TensorSeen {
        name,
        dtype: last.dtype,
        shape: vec![elements / width, width],
        elements,
        bytes: sum(|t| t.bytes)?,
        input: last.input.clone(),
    })
}

/// `blk.7.attn_q.weight` as `blk.{layer}.attn_q.weight` and 7.
fn layered(name: &str) -> (String, Option<u64>) {
    let numbered = name.strip_prefix("blk.").and_then(|rest| {
        let (layer, rest) = rest.split_once('.')?;
        Some((format!("blk.{{layer}}.{rest}"), layer.parse().ok()?))
    });
    numbered.map_or_else(|| (name.to_owned(), None), |(n, layer)| (n, Some(layer)))
}

fn buffer(tensor: &TensorSeen) -> Operator {
    Operator {
        name: tensor.name.clone(),
        part: Part::Attention,
        kind: OperatorKind::Buffer {
            elements: tensor.elements,
        },
        tensors: vec![TensorPattern {
            name: tensor.name.clone(),
            stacked: true,
        }],
        reads: Vec::new(),
        writes: Wire(tensor.name.clone()),
    }
}
