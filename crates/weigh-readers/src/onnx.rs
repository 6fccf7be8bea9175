//! ONNX models, walked tag by tag without a schema. The numbers are passed over.
//!
//! Read are the tensors of the graph, of the graphs inside it and of the functions: initializers,
//! sparse ones, and those that stand in attributes of nodes. What stands in training graphs is
//! kept apart. Numbers may lie in files of their own beside the model: the path of such a file is
//! refused unless it is plain and below the folder, and its length is checked.
//!
//! - **Invariant:** a message ends inside the one around it, graphs are nested `DEPTH_MAX` deep
//!   at most, and names, tensors, fields and kinds of operators have caps.
//! - **Invariant:** of an accepted model every tensor has a name of its own and bytes of its own:
//!   in the file, or in another that is long enough; tensors whose bytes are all the same ones
//!   count once, and those that share some of them are refused.
//! - **Limit:** a constant of a formula is a tensor like any other, so a count of elements is one
//!   of constants as well.
//! - **Limit:** a link of the file system that leads out is refused by the tree, not here; a hard
//!   link cannot be told from a file.
//!
//! Source: `onnx-ml.proto` of ONNX 1.23.2.

mod external;
mod tensor;
mod wire;

use std::collections::{BTreeMap, HashSet};

use weigh_facts::{Dtype, Observation, Observed, Place, Reading, TensorSeen, Warning};

use crate::{Object, ReadError, Tree};
use tensor::Found;
use wire::{Field, Value, Wire};

const READER: &str = "onnx/1";
/// Graphs inside graphs; loops and branches of published models need three.
const DEPTH_MAX: usize = 16;
const TENSORS_MAX: usize = 1 << 20;
const KINDS_MAX: usize = 10_000;
const NAME_MAX: u64 = 4096;
/// Texts of a person, such as a description; longer ones are left out.
const TEXT_MAX: u64 = 16 << 10;
const METADATA_MAX: usize = 4096;
/// Names of tensors and of their files together.
const NAMES_MAX: usize = 64 << 20;
/// Newer versions than we know add fields, which are passed over.
const IR_VERSION_MAX: u64 = 1000;
/// Domains whose operators a runtime brings along. Source: the operator documents of ONNX.
const DOMAINS: [&str; 5] = [
    "",
    "ai.onnx",
    "ai.onnx.ml",
    "ai.onnx.preview",
    "ai.onnx.preview.training",
];

/// What a file says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Model {
    /// The version of the format.
    pub ir_version: u64,
    /// Tensors in the order of the file, those inside graphs and functions under dotted names.
    /// Tensors of text are not among them.
    pub tensors: Vec<TensorSeen>,
    /// Tensors of training graphs: state of optimizers, and what they begin with.
    pub training: Vec<TensorSeen>,
    /// Names whose numbers another tensor already has, all of them.
    pub aliases: Vec<String>,
    /// Files that hold numbers, sorted.
    pub external: Vec<String>,
    /// How often each operator is used, functions included, by `domain.name` or plain name.
    pub operators: BTreeMap<String, u64>,
    /// Domains of operators that neither ONNX nor the file itself defines, sorted.
    pub custom_domains: Vec<String>,
    /// Producer, versions, sets of operators and the like.
    pub reading: Reading,
}

/// Reads a model. `tree` is the folder that it stands in.
///
/// # Errors
/// When the file is no model, ends early, or holds a tensor that cannot be; when numbers stand in a
/// file that is not there, too short, or not below the folder.
pub fn read(object: &dyn Object, tree: &dyn Tree, input: &str) -> Result<Model, ReadError> {
    if object.is_empty() {
        let input = input.to_owned();
        return Err(ReadError::Empty { input });
    }
    let mut walk = Walk {
        wire: Wire::new(object, input),
        found: Vec::new(),
        training: Vec::new(),
        names: 0,
        operators: BTreeMap::new(),
        functions: HashSet::new(),
        says: Vec::new(),
        counts: BTreeMap::new(),
        warnings: Vec::new(),
    };
    let ir_version = walk.model()?;
    walk.finish(ir_version, tree)
}

/// A key and a value, both text.
fn pair(wire: &mut Wire<'_>, field: Field) -> Result<(String, String), ReadError> {
    let end = wire.message(field)?;
    let (mut key, mut value) = (String::new(), String::new());
    while let Some(field) = wire.field(end)? {
        match field.number {
            1 => key = wire.text(field, NAME_MAX)?,
            2 => value = wire.text(field, TEXT_MAX)?,
            _ => {}
        }
        wire.pass(field);
    }
    Ok((key, value))
}

struct Walk<'a> {
    wire: Wire<'a>,
    found: Vec<Found>,
    training: Vec<Found>,
    names: usize,
    /// By domain and name.
    operators: BTreeMap<(String, String), u64>,
    /// Domain and name of the functions in the file.
    functions: HashSet<(String, String)>,
    says: Vec<(String, Observed)>,
    counts: BTreeMap<&'static str, u64>,
    warnings: Vec<Warning>,
}

/// What a node says of itself.
#[derive(Default)]
struct Node {
    name: String,
    output: String,
    operator: String,
    domain: String,
}

impl Walk<'_> {
    fn model(&mut self) -> Result<u64, ReadError> {
        let end = self.wire.len();
        let (mut ir_version, mut has_graph) = (None, false);
        while let Some(field) = self.wire.field(end)? {
            match field.number {
                1 => {
                    let number = self.wire.number(field)?;
                    if ir_version.replace(number).is_some() {
                        return Err(self.wire.fault(field.at, "two versions of the format"));
                    }
                }
                2 => self.say("producer_name", field)?,
                3 => self.say("producer_version", field)?,
                4 => self.say("domain", field)?,
                5 => {
                    let number = self.wire.number(field)?.cast_signed();
                    self.observe("model_version".to_owned(), Observed::Number(number.into()));
                }
                6 => self.say("doc_string", field)?,
                7 => {
                    if std::mem::replace(&mut has_graph, true) {
                        return Err(self.wire.fault(field.at, "two graphs"));
                    }
                    self.graph(field, 0)?;
                }
                8 => self.operator_set(field)?,
                14 => self.metadata(field)?,
                20 => self.training(field)?,
                25 => self.function(field)?,
                _ => {}
            }
            self.wire.pass(field);
        }
        match ir_version {
            Some(version @ 1..=IR_VERSION_MAX) if has_graph => Ok(version),
            Some(1..=IR_VERSION_MAX) => Err(self.wire.fault(0, "there is no graph in it")),
            Some(version) => {
                let reason = format!("the version {version} of the format");
                Err(self.wire.fault(0, reason))
            }
            None => Err(self.wire.fault(0, "it names no version of the format")),
        }
    }

    fn observe(&mut self, key: String, value: Observed) {
        if self.says.len() < METADATA_MAX {
            self.says.push((key, value));
        }
    }

    fn count(&mut self, what: &'static str, n: u64) {
        let count = self.counts.entry(what).or_default();
        *count = count.saturating_add(n);
    }

    /// Text of the model about itself. A longer one than anybody reads is left out.
    fn say(&mut self, key: &str, field: Field) -> Result<(), ReadError> {
        let len = self.wire.message(field)? - self.wire.offset();
        if len > 0 && len <= TEXT_MAX {
            let text = self.wire.text(field, TEXT_MAX)?;
            self.observe(key.to_owned(), Observed::Text(text));
        }
        Ok(())
    }

    fn operator_set(&mut self, field: Field) -> Result<(), ReadError> {
        let end = self.wire.message(field)?;
        let (mut domain, mut version) = (String::new(), 0);
        while let Some(field) = self.wire.field(end)? {
            match field.number {
                1 => domain = self.wire.text(field, NAME_MAX)?,
                2 => version = self.wire.number(field)?,
                _ => {}
            }
            self.wire.pass(field);
        }
        if domain.is_empty() {
            "ai.onnx".clone_into(&mut domain);
        }
        let version = Observed::Number(version.cast_signed().into());
        self.observe(format!("opset.{domain}"), version);
        Ok(())
    }

    fn metadata(&mut self, field: Field) -> Result<(), ReadError> {
        let end = self.wire.message(field)?;
        if end - self.wire.offset() <= TEXT_MAX {
            let (key, value) = pair(&mut self.wire, field)?;
            self.observe(format!("metadata.{key}"), Observed::Text(value));
        }
        Ok(())
    }

    /// Two graphs: what training begins with, and a step of it.
    fn training(&mut self, field: Field) -> Result<(), ReadError> {
        let end = self.wire.message(field)?;
        let begin = self.found.len();
        while let Some(field) = self.wire.field(end)? {
            if matches!(field.number, 1 | 2) {
                let first = self.found.len();
                self.graph(field, 1)?;
                let part = if field.number == 1 { "begin" } else { "step" };
                let number = self.counts.get("training_graphs").copied();
                let scope = format!("training.{}.{part}", number.unwrap_or_default());
                self.prefix(first, &scope)?;
            }
            self.wire.pass(field);
        }
        self.count("training_graphs", 1);
        self.training.extend(self.found.drain(begin..));
        Ok(())
    }

    fn function(&mut self, field: Field) -> Result<(), ReadError> {
        let end = self.wire.message(field)?;
        let first = self.found.len();
        let (mut name, mut domain, mut overload) = (String::new(), String::new(), String::new());
        let mut n_nodes = 0;
        while let Some(field) = self.wire.field(end)? {
            match field.number {
                1 => name = self.wire.text(field, NAME_MAX)?,
                7 => {
                    self.node(field, n_nodes, 1)?;
                    n_nodes += 1;
                }
                10 => domain = self.wire.text(field, NAME_MAX)?,
                11 => self.attribute(field, &mut Vec::new(), 1)?,
                13 => overload = self.wire.text(field, NAME_MAX)?,
                _ => {}
            }
            self.wire.pass(field);
        }
        let scope = [domain.as_str(), &name, &overload];
        let scope: Vec<&str> = scope.into_iter().filter(|s| !s.is_empty()).collect();
        self.prefix(first, &scope.join("."))?;
        self.count("functions", 1);
        self.functions.insert((domain, name));
        if self.functions.len() > KINDS_MAX {
            return Err(self.wire.fault(field.at, "too many functions"));
        }
        Ok(())
    }

    fn graph(&mut self, field: Field, depth: usize) -> Result<(), ReadError> {
        if depth > DEPTH_MAX {
            return Err(ReadError::TooDeep {
                input: self.wire.input.to_owned(),
                limit: DEPTH_MAX,
            });
        }
        let end = self.wire.message(field)?;
        let mut n_nodes = 0;
        while let Some(field) = self.wire.field(end)? {
            match field.number {
                1 => {
                    self.node(field, n_nodes, depth)?;
                    n_nodes += 1;
                }
                2 if depth == 0 => self.say("graph", field)?,
                5 => {
                    let end = self.wire.message(field)?;
                    let found = tensor::read(&mut self.wire, end)?;
                    self.count("initializers", 1);
                    self.push(found)?;
                }
                15 => {
                    let found = self.sparse(field)?;
                    self.push(found)?;
                }
                _ => {}
            }
            self.wire.pass(field);
        }
        self.count("nodes", n_nodes);
        Ok(())
    }

    fn push(&mut self, found: Found) -> Result<(), ReadError> {
        let location = found.external.as_ref().map_or(0, |e| e.location.len());
        self.names = self.names.saturating_add(found.name.len() + location + 64);
        let count = self.found.len() + self.training.len();
        if count >= TENSORS_MAX || self.names > NAMES_MAX {
            let reason = format!("more than {TENSORS_MAX} tensors, or {NAMES_MAX} bytes of names");
            return Err(self.wire.fault(found.at, reason));
        }
        if found.seen.is_none() {
            self.count("texts", found.elements);
        }
        self.found.push(found);
        Ok(())
    }

    /// Puts the name of what they stand in before the names of tensors.
    fn prefix(&mut self, first: usize, scope: &str) -> Result<(), ReadError> {
        let found = self.found.get_mut(first..).unwrap_or_default();
        for found in found {
            self.names = self.names.saturating_add(scope.len() + 1);
            if self.names > NAMES_MAX || found.name.len() + scope.len() > 4 * NAME_MAX as usize {
                let reason = "names of tensors that are too long together";
                return Err(self.wire.fault(found.at, reason));
            }
            found.name = match found.name.as_str() {
                "" => scope.to_owned(),
                name => format!("{scope}.{name}"),
            };
        }
        Ok(())
    }

    /// Values that are not zero, and where they are: the tensor of the values stands for both.
    fn sparse(&mut self, field: Field) -> Result<Found, ReadError> {
        let (at, end) = (field.at, self.wire.message(field)?);
        let (mut values, mut has_indices) = (None, false);
        while let Some(field) = self.wire.field(end)? {
            match field.number {
                1 => {
                    let end = self.wire.message(field)?;
                    let found = tensor::read(&mut self.wire, end)?;
                    if values.replace(found).is_some() {
                        return Err(self
                            .wire
                            .fault(at, "a sparse tensor with two lists of values"));
                    }
                }
                2 => {
                    let end = self.wire.message(field)?;
                    tensor::read(&mut self.wire, end)?;
                    has_indices = true;
                }
                _ => {}
            }
            self.wire.pass(field);
        }
        self.count("sparse", 1);
        match values {
            Some(values) if has_indices => Ok(values),
            _ => Err(self
                .wire
                .fault(at, "a sparse tensor without values or their places")),
        }
    }

    fn node(&mut self, field: Field, number: u64, depth: usize) -> Result<(), ReadError> {
        let (at, end) = (field.at, self.wire.message(field)?);
        let mut node = Node::default();
        // Attributes may stand before the name of the operator, so tensors are named at the end.
        let first = self.found.len();
        let mut attributes = Vec::new();
        while let Some(field) = self.wire.field(end)? {
            match field.number {
                2 if node.output.is_empty() => node.output = self.wire.text(field, NAME_MAX)?,
                3 => node.name = self.wire.text(field, NAME_MAX)?,
                4 => node.operator = self.wire.text(field, NAME_MAX)?,
                5 => self.attribute(field, &mut attributes, depth)?,
                7 => node.domain = self.wire.text(field, NAME_MAX)?,
                _ => {}
            }
            self.wire.pass(field);
        }
        // The outputs of a graph have names of their own; nodes need not.
        let scope = match (node.output.as_str(), node.name.as_str()) {
            ("", "") => format!("{}_{number}", node.operator),
            ("", name) => name.to_owned(),
            (output, _) => output.to_owned(),
        };
        let is_onnx = matches!(node.domain.as_str(), "" | "ai.onnx");
        match node.operator.as_str() {
            // A value to fill with is no weight.
            "ConstantOfShape" if is_onnx => self.found.truncate(first),
            "Constant" if is_onnx => {
                for index in attributes {
                    if let Some(found) = self.found.get_mut(index) {
                        found.name.clear();
                    }
                }
                self.prefix(first, &scope)?;
            }
            _ => self.prefix(first, &scope)?,
        }
        let count = self
            .operators
            .entry((node.domain, node.operator))
            .or_default();
        *count += 1;
        if self.operators.len() > KINDS_MAX {
            let reason = format!("more than {KINDS_MAX} kinds of operators");
            return Err(self.wire.fault(at, reason));
        }
        Ok(())
    }

    /// Tensors and graphs of an attribute. Adds the places of tensors that are its value.
    fn attribute(
        &mut self,
        field: Field,
        values: &mut Vec<usize>,
        depth: usize,
    ) -> Result<(), ReadError> {
        let end = self.wire.message(field)?;
        let (first, mut name, mut n_inside) = (self.found.len(), String::new(), 0_u64);
        let mut n_floats = 0_u64;
        while let Some(field) = self.wire.field(end)? {
            let begin = self.found.len();
            match field.number {
                1 => name = self.wire.text(field, NAME_MAX)?,
                5 | 10 => {
                    let end = self.wire.message(field)?;
                    let found = tensor::read(&mut self.wire, end)?;
                    self.push(Found {
                        name: String::new(),
                        ..found
                    })?;
                    values.push(begin);
                }
                6 | 11 => self.graph(field, depth + 1)?,
                22 | 23 => {
                    let found = self.sparse(field)?;
                    self.push(Found {
                        name: String::new(),
                        ..found
                    })?;
                    values.push(begin);
                }
                7 => n_floats += floats(&self.wire, field)?,
                _ => {}
            }
            if begin < self.found.len() {
                if matches!(field.number, 10 | 11 | 23) {
                    self.prefix(begin, &n_inside.to_string())?;
                }
                n_inside += 1;
            }
            self.wire.pass(field);
        }
        if name == "value_floats" && n_floats > 0 {
            values.push(self.found.len());
            self.push(list_of_floats(n_floats, field.at, self.wire.input))?;
        }
        self.prefix(first, &name)
    }
}

/// How many numbers of four bytes a field holds.
fn floats(wire: &Wire<'_>, field: Field) -> Result<u64, ReadError> {
    match field.value {
        Value::Fixed32 => Ok(1),
        Value::Bytes { end } if (end - wire.offset()).is_multiple_of(4) => {
            Ok((end - wire.offset()) / 4)
        }
        _ => Err(wire.wrong_type(field)),
    }
}

/// A constant that is written as a list, and not as a tensor.
fn list_of_floats(count: u64, at: u64, input: &str) -> Found {
    let seen = TensorSeen {
        name: String::new(),
        dtype: Dtype::F32,
        shape: vec![count],
        elements: count,
        // There are as many as bytes of the file at most.
        bytes: count.saturating_mul(4),
        input: input.to_owned(),
    };
    Found {
        name: String::new(),
        seen: Some(seen),
        external: None,
        elements: count,
        at,
    }
}

impl Walk<'_> {
    fn finish(mut self, ir_version: u64, tree: &dyn Tree) -> Result<Model, ReadError> {
        self.check_names()?;
        let input = self.wire.input.to_owned();
        let all = || self.found.iter().chain(&self.training);
        let external = external::check(all(), tree, &input)?;
        let kept = |found: Vec<Found>| -> Vec<TensorSeen> {
            let own = found
                .into_iter()
                .filter(|f| !external.aliases.contains(&f.name));
            let named = own.filter_map(|found| {
                let name = found.name;
                found.seen.map(|seen| TensorSeen { name, ..seen })
            });
            named.collect()
        };
        let tensors = kept(std::mem::take(&mut self.found));
        let training = kept(std::mem::take(&mut self.training));
        let custom_domains = self.custom_domains();
        let operators = std::mem::take(&mut self.operators).into_iter();
        let operators = operators.map(|((domain, name), count)| match domain.as_str() {
            "" | "ai.onnx" => (name, count),
            domain => (format!("{domain}.{name}"), count),
        });
        let mut together = BTreeMap::new();
        for (name, count) in operators {
            *together.entry(name).or_default() += count;
        }
        Ok(Model {
            ir_version,
            tensors,
            training,
            aliases: external.aliases.into_iter().collect(),
            external: external.files,
            reading: self.reading(ir_version, &together),
            operators: together,
            custom_domains,
        })
    }

    fn check_names(&self) -> Result<(), ReadError> {
        let mut seen = HashSet::with_capacity(self.found.len());
        for found in self.found.iter().chain(&self.training) {
            if found.name.is_empty() {
                return Err(self.wire.fault(found.at, "a tensor without a name"));
            }
            if !seen.insert(found.name.as_str()) {
                return Err(ReadError::DuplicateTensor {
                    input: self.wire.input.to_owned(),
                    tensor: found.name.clone(),
                });
            }
        }
        Ok(())
    }

    /// Operators that need code from elsewhere.
    fn custom_domains(&mut self) -> Vec<String> {
        let custom = self.operators.keys().filter(|key| {
            let (domain, _) = key;
            !DOMAINS.contains(&domain.as_str()) && !self.functions.contains(*key)
        });
        let mut domains: Vec<String> = custom.map(|(domain, _)| domain.clone()).collect();
        domains.sort();
        domains.dedup();
        if !domains.is_empty() {
            let shown: Vec<&str> = domains.iter().take(5).map(String::as_str).collect();
            let message = format!(
                "it uses operators outside ONNX, which need code from elsewhere to run: {}",
                shown.join(", ")
            );
            self.warnings.push(Warning {
                code: "custom-operators",
                message,
                place: Some(Place {
                    input: self.wire.input.to_owned(),
                    inside: String::new(),
                }),
            });
        }
        domains
    }

    fn reading(&mut self, ir_version: u64, operators: &BTreeMap<String, u64>) -> Reading {
        let mut says = vec![("ir_version".to_owned(), Observed::Number(ir_version.into()))];
        says.append(&mut self.says);
        let counts = self.counts.iter();
        says.extend(counts.map(|(key, n)| ((*key).to_owned(), Observed::Number((*n).into()))));
        let used = operators.iter();
        says.extend(
            used.map(|(name, n)| (format!("operators.{name}"), Observed::Number((*n).into()))),
        );
        let input = self.wire.input.to_owned();
        let observation = |(key, value): (String, Observed)| Observation {
            place: Place {
                input: input.clone(),
                inside: key.clone(),
            },
            key,
            value,
        };
        Reading {
            reader: READER,
            observations: says.into_iter().map(observation).collect(),
            input: input.clone(),
            warnings: std::mem::take(&mut self.warnings),
        }
    }
}

#[cfg(test)]
mod tests;
