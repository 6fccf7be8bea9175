//! The table of `catalog/gguf_keys.toml`.
//!
//! - **Invariant:** unknown keys are errors.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use weigh_facts::{Diagnostic, Item, Node, Observed, Table as Toml, TensorPattern};

use crate::catalog::CatalogError;

type Errors = Vec<Diagnostic>;
/// The patterns of a tensor in GGUF files, by the pattern of the catalog.
type Tensors = BTreeMap<String, Vec<TensorPattern>>;

const FILE: &str = "gguf_keys.toml";
const TEXT: &str = include_str!("../../catalog/gguf_keys.toml");

#[derive(Debug)]
pub(super) struct Table {
    pub(super) source: String,
    pub(super) models: Vec<Model>,
}

#[derive(Clone, Debug)]
pub(super) struct Model {
    pub(super) arch: String,
    pub(super) model_type: String,
    /// A key that must be there, or must not; zero is as good as absent.
    pub(super) when: Option<String>,
    pub(super) unless: Option<String>,
    /// How the name of some tensor must end, or must not.
    pub(super) when_tensor: Option<String>,
    pub(super) unless_tensor: Option<String>,
    pub(super) tie: Tie,
    pub(super) defaults: Vec<String>,
    pub(super) refuse: Vec<String>,
    pub(super) keys: BTreeMap<String, Source>,
    pub(super) tensors: Tensors,
    pub(super) joins: Vec<Join>,
    pub(super) buffers: Vec<String>,
    /// How names of further buffers end.
    pub(super) buffer_endings: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tie {
    /// The head is tied when `output.weight` is absent.
    Absent,
    /// The class always ties.
    Always,
    /// With `output.weight` it may be either.
    AbsentOnly,
}

/// Where the value of a configuration key comes from.
#[derive(Clone, Debug)]
pub(super) enum Source {
    Of {
        of: Vec<String>,
        minus: Option<String>,
        zero_is_null: bool,
        absent: Absent,
    },
    Is(Observed),
    Present {
        tensor: String,
        yes: Observed,
        no: Observed,
    },
}

/// What stands for a key that is not there.
#[derive(Clone, Debug)]
pub(super) enum Absent {
    Refused,
    Null,
    Omit,
    Key(String),
}

/// Tensors that the class keeps as one.
#[derive(Clone, Debug)]
pub(super) struct Join {
    pub(super) into: String,
    pub(super) from: Vec<String>,
}

impl Table {
    /// The table embedded in this program; parsed once.
    pub(super) fn shipped() -> Result<&'static Self, &'static CatalogError> {
        static SHIPPED: OnceLock<Result<Table, CatalogError>> = OnceLock::new();
        let read = || {
            Self::read(TEXT).map_err(|diagnostics| CatalogError {
                file: FILE.to_owned(),
                diagnostics,
            })
        };
        SHIPPED.get_or_init(read).as_ref()
    }

    fn read(text: &str) -> Result<Self, Errors> {
        let mut errors = Vec::new();
        let mut table = Toml::parse(text).map_err(|d| vec![d])?;
        if table.count("format", &mut errors) != Some(1) {
            table.missing("format = 1", &mut errors);
        }
        let source = table
            .required_text("source", &mut errors)
            .unwrap_or_default();
        let base = match table.table("base", &mut errors) {
            Some(mut inner) => {
                let base = Model::parts(&mut inner, &mut errors);
                inner.finish(&mut errors);
                base
            }
            None => Model::parts(&mut table, &mut errors),
        };
        let mut models: Vec<Model> = Vec::new();
        for mut entry in table.tables("model", &mut errors) {
            let like = entry.text("like", &mut errors);
            let under = match &like {
                None => Some(&base),
                Some(name) => models.iter().find(|m| m.model_type == *name),
            };
            let Some(under) = under.cloned() else {
                entry.missing("like", &mut errors);
                continue;
            };
            let model = Model::read(&mut entry, under, &mut errors);
            entry.finish(&mut errors);
            models.push(model);
        }
        table.finish(&mut errors);
        if errors.is_empty() {
            Ok(Self { source, models })
        } else {
            Err(errors)
        }
    }
}

impl Model {
    /// What the base and every entry may have.
    fn parts(table: &mut Toml, errors: &mut Errors) -> Self {
        Self {
            arch: String::new(),
            model_type: String::new(),
            when: None,
            unless: None,
            when_tensor: None,
            unless_tensor: None,
            tie: Tie::Absent,
            defaults: Vec::new(),
            refuse: Vec::new(),
            keys: keys(table, errors),
            tensors: tensors(table, errors),
            joins: joins(table, errors),
            buffers: table.texts("buffers", errors).unwrap_or_default(),
            buffer_endings: table.texts("buffer_endings", errors).unwrap_or_default(),
        }
    }

    fn read(table: &mut Toml, under: Self, errors: &mut Errors) -> Self {
        let own = Self::parts(table, errors);
        let mut text = |key: &'static str| table.text(key, errors);
        let (when, unless) = (text("when"), text("unless"));
        let (when_tensor, unless_tensor) = (text("when_tensor"), text("unless_tensor"));
        let tie = text("tie");
        // For readers of the table.
        let _title = table.required_text("title", errors);
        let tie = match tie.as_deref() {
            None => under.tie,
            Some("always") => Tie::Always,
            Some("absent-only") => Tie::AbsentOnly,
            Some(other) => {
                let message =
                    format!("`tie` is `{other}`, and should be `always` or `absent-only`");
                errors.push(Diagnostic::new(
                    "catalog-entry",
                    message,
                    table.span.clone(),
                ));
                Tie::Absent
            }
        };
        let mut required = |key: &'static str| table.required_text(key, errors).unwrap_or_default();
        let (arch, model_type) = (required("arch"), required("model_type"));
        let defaults = table.texts("defaults", errors);
        let refuse = table.texts("refuse", errors);
        if defaults.is_none() {
            table.missing("defaults", errors);
        }
        if refuse.is_none() {
            table.missing("refuse", errors);
        }
        let mut merged = under;
        merged.keys.extend(own.keys);
        merged.tensors.extend(own.tensors);
        merged.joins.extend(own.joins);
        merged.buffers.extend(own.buffers);
        merged.buffer_endings.extend(own.buffer_endings);
        Self {
            arch,
            model_type,
            when,
            unless,
            when_tensor,
            unless_tensor,
            tie,
            defaults: defaults.unwrap_or_default(),
            refuse: refuse.unwrap_or_default(),
            ..merged
        }
    }
}

fn wrong(name: &str, node: &Node, wanted: &str, errors: &mut Errors) {
    let message = format!("`{name}` is {}, and should be {wanted}", node.item.kind());
    errors.push(Diagnostic::new("catalog-entry", message, node.span.clone()));
}

fn named(table: &mut Toml, key: &'static str, errors: &mut Errors) -> Vec<(String, Node)> {
    let entries = table.table(key, errors).map(|mut t| t.take_all());
    let entries = entries.unwrap_or_default().into_iter();
    entries.map(|(name, _, node)| (name, node)).collect()
}

fn keys(table: &mut Toml, errors: &mut Errors) -> BTreeMap<String, Source> {
    let mut keys = BTreeMap::new();
    for (name, node) in named(table, "keys", errors) {
        let source = match node.item {
            Item::Text(key) => Source::Of {
                of: vec![key],
                minus: None,
                zero_is_null: false,
                absent: Absent::Refused,
            },
            Item::Table(mut entry) => {
                let source = source(&mut entry, errors);
                entry.finish(errors);
                source
            }
            _ => {
                wrong(&name, &node, "a key or a table", errors);
                continue;
            }
        };
        keys.insert(name, source);
    }
    keys
}

fn source(entry: &mut Toml, errors: &mut Errors) -> Source {
    if let Some(value) = constant(entry, "is", errors) {
        return Source::Is(value);
    }
    if let Some(tensor) = entry.text("present", errors) {
        return Source::Present {
            tensor,
            yes: constant(entry, "yes", errors).unwrap_or(Observed::Bool(true)),
            no: constant(entry, "no", errors).unwrap_or(Observed::Bool(false)),
        };
    }
    let of = entry.texts("of", errors).unwrap_or_default();
    if of.is_empty() {
        entry.missing("of", errors);
    }
    Source::Of {
        of,
        minus: entry.text("minus", errors),
        zero_is_null: entry.text("zero", errors).is_some(),
        absent: match entry.text("absent", errors) {
            None => Absent::Refused,
            Some(word) if word == "null" => Absent::Null,
            Some(word) if word == "omit" => Absent::Omit,
            Some(key) => Absent::Key(key),
        },
    }
}

fn constant(entry: &mut Toml, key: &'static str, errors: &mut Errors) -> Option<Observed> {
    let node = entry.take(key)?;
    match node.item {
        Item::Bool(flag) => Some(Observed::Bool(flag)),
        Item::Number(number) => Some(Observed::Number(number)),
        _ => {
            wrong(key, &node, "a number or a boolean", errors);
            None
        }
    }
}

fn tensors(table: &mut Toml, errors: &mut Errors) -> Tensors {
    let mut tensors = BTreeMap::new();
    let pattern = |name: String, stacked: bool| TensorPattern { name, stacked };
    for (name, node) in named(table, "tensors", errors) {
        let patterns = match node.item {
            Item::Text(one) => vec![pattern(one, false)],
            Item::Table(mut entry) => {
                let stacked = entry.text("stacked", errors).map(|s| pattern(s, true));
                let each = entry.text("each", errors).map(|s| pattern(s, false));
                entry.finish(errors);
                stacked.into_iter().chain(each).collect()
            }
            _ => {
                wrong(&name, &node, "a pattern or a table", errors);
                continue;
            }
        };
        tensors.insert(name, patterns);
    }
    tensors
}

fn joins(table: &mut Toml, errors: &mut Errors) -> Vec<Join> {
    let mut joins = Vec::new();
    for mut entry in table.tables("join", errors) {
        let into = entry.required_text("into", errors).unwrap_or_default();
        let from = entry.texts("from", errors).unwrap_or_default();
        if from.is_empty() {
            entry.missing("from", errors);
        }
        entry.finish(errors);
        joins.push(Join { into, from });
    }
    joins
}
