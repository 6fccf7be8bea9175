//! Catalog files as they are written, before blocks are included and expressions parsed.

use std::collections::BTreeMap;
use std::ops::Range;

use weigh_facts::{Diagnostic, Item, Node, Table};

type Errors = Vec<Diagnostic>;

/// Where text stands.
pub(super) type Span = Range<usize>;

/// A family file.
pub(super) struct RawFamily {
    pub(super) name: String,
    pub(super) role: String,
    pub(super) model_types: Vec<String>,
    pub(super) architectures: Vec<String>,
    pub(super) source: String,
    pub(super) depth: String,
    pub(super) context: Option<String>,
    pub(super) keys: Vec<RawKey>,
    pub(super) checks: Vec<(String, String, Span)>,
    pub(super) selects: Vec<RawSelect>,
    /// `[vary.NAME]`: a name and what it is in a layer.
    pub(super) varies: Vec<(String, String, Span)>,
    pub(super) stem: Vec<RawStep>,
    pub(super) layer: Vec<RawStep>,
    pub(super) tail: Vec<RawStep>,
    pub(super) span: Span,
}

/// `[key.NAME]`.
pub(super) struct RawKey {
    pub(super) name: String,
    pub(super) names: Vec<String>,
    pub(super) kind: String,
    pub(super) default: String,
    pub(super) null: String,
    pub(super) essential: bool,
    pub(super) min: Option<u64>,
    pub(super) max: Option<u64>,
    pub(super) span: Span,
}

/// `[select.NAME]`.
pub(super) struct RawSelect {
    pub(super) name: String,
    pub(super) when: String,
    pub(super) yes: String,
    pub(super) no: String,
    pub(super) span: Span,
}

/// One entry of `stem`, `layer`, `tail` or a block's `steps`.
#[derive(Clone, Debug)]
pub(super) enum RawStep {
    Operator(RawOperator),
    Use {
        block: String,
        with: Vec<(String, String)>,
        when: Option<String>,
        part: Option<String>,
        repeat: Option<String>,
        span: Span,
    },
}

/// One operator, all fields still text.
#[derive(Clone, Debug)]
pub(super) struct RawOperator {
    pub(super) fields: BTreeMap<&'static str, String>,
    pub(super) tensors: Vec<String>,
    pub(super) stacked: Vec<String>,
    pub(super) reads: Vec<String>,
    pub(super) span: Span,
}

/// Named lists of steps that families include.
#[derive(Clone, Debug, Default)]
pub(super) struct Blocks(pub(super) BTreeMap<String, Block>);

/// `[block.NAME]`.
#[derive(Clone, Debug)]
pub(super) struct Block {
    /// Parameters that must be given.
    pub(super) needs: Vec<String>,
    /// Parameters with what stands for them when they are not given.
    pub(super) optional: Vec<(String, String)>,
    pub(super) steps: Vec<RawStep>,
}

const FORMAT: u64 = 1;

fn check_format(table: &mut Table, errors: &mut Errors) {
    if table.count("format", errors) != Some(FORMAT) {
        let message = format!("`format` should be {FORMAT}");
        let start = table.span.start;
        errors.push(Diagnostic::new("catalog-entry", message, start..start + 1));
    }
}

impl Blocks {
    pub(super) fn read(text: &str) -> Result<Self, Errors> {
        let mut table = Table::parse(text).map_err(|d| vec![d])?;
        let mut errors = Errors::new();
        check_format(&mut table, &mut errors);
        let mut blocks = Self::default();
        for (name, _, node) in named(&mut table, "block", &mut errors) {
            let Some(mut entry) = as_table(&name, node, &mut errors) else {
                continue;
            };
            let needs = entry.texts("needs", &mut errors).unwrap_or_default();
            let optional = pairs(&mut entry, "optional", &mut errors);
            let steps = steps(&mut entry, "steps", &mut errors);
            entry.finish(&mut errors);
            let block = Block {
                needs,
                optional,
                steps,
            };
            blocks.0.insert(name, block);
        }
        table.finish(&mut errors);
        if errors.is_empty() {
            Ok(blocks)
        } else {
            Err(errors)
        }
    }
}

impl RawFamily {
    pub(super) fn read(text: &str) -> Result<Self, Errors> {
        let mut table = Table::parse(text).map_err(|d| vec![d])?;
        let errors = &mut Errors::new();
        check_format(&mut table, errors);
        let mut required = |key| table.required_text(key, errors).unwrap_or_default();
        let name = required("name");
        let _title = required("title");
        let role = required("role");
        let source = required("source");
        let depth = required("depth");
        let family = Self {
            name,
            role,
            source,
            depth,
            context: table.text("context", errors),
            model_types: table.texts("model_types", errors).unwrap_or_default(),
            architectures: table.texts("architectures", errors).unwrap_or_default(),
            keys: keys(&mut table, errors),
            checks: checks(&mut table, errors),
            selects: selects(&mut table, errors),
            varies: varies(&mut table, errors),
            stem: steps(&mut table, "stem", errors),
            layer: steps(&mut table, "layer", errors),
            tail: steps(&mut table, "tail", errors),
            span: 0..1,
        };
        table.finish(errors);
        if errors.is_empty() {
            Ok(family)
        } else {
            Err(std::mem::take(errors))
        }
    }
}

/// The entries of a table whose keys are names.
fn named(table: &mut Table, key: &'static str, errors: &mut Errors) -> Vec<(String, Span, Node)> {
    let inner = table.table(key, errors);
    inner.map(|mut t| t.take_all()).unwrap_or_default()
}

fn as_table(name: &str, node: Node, errors: &mut Errors) -> Option<Table> {
    if let Item::Table(table) = node.item {
        return Some(table);
    }
    let message = format!("`{name}` is {}, and should be a table", node.item.kind());
    errors.push(Diagnostic::new("catalog-entry", message, node.span));
    None
}

/// Text, or a number or boolean as its text: what an expression can be written as.
fn as_text(name: &str, node: Node, errors: &mut Errors) -> Option<String> {
    match node.item {
        Item::Text(text) => Some(text),
        Item::Number(number) => Some(number.to_plain()),
        Item::Bool(flag) => Some(flag.to_string()),
        other => {
            let message = format!("`{name}` is {}, and should be an expression", other.kind());
            errors.push(Diagnostic::new("catalog-entry", message, node.span));
            None
        }
    }
}

fn expression(table: &mut Table, key: &'static str, errors: &mut Errors) -> Option<String> {
    let node = table.take(key)?;
    as_text(key, node, errors)
}

fn pairs(table: &mut Table, key: &'static str, errors: &mut Errors) -> Vec<(String, String)> {
    named(table, key, errors)
        .into_iter()
        .filter_map(|(name, _, node)| {
            let text = as_text(&name, node, errors)?;
            Some((name, text))
        })
        .collect()
}

fn keys(table: &mut Table, errors: &mut Errors) -> Vec<RawKey> {
    let mut keys = Vec::new();
    for (name, span, node) in named(table, "key", errors) {
        let Some(mut entry) = as_table(&name, node, errors) else {
            continue;
        };
        let names = entry.texts("names", errors);
        if names.is_none() {
            entry.missing("names", errors);
        }
        let default = expression(&mut entry, "default", errors);
        if default.is_none() {
            entry.missing("default", errors);
        }
        keys.push(RawKey {
            name,
            names: names.unwrap_or_default(),
            kind: entry
                .text("type", errors)
                .unwrap_or_else(|| "count".to_owned()),
            default: default.unwrap_or_default(),
            null: entry
                .text("null", errors)
                .unwrap_or_else(|| "refused".to_owned()),
            essential: entry.boolean("essential", errors).unwrap_or(false),
            min: entry.count("min", errors),
            max: entry.count("max", errors),
            span,
        });
        entry.finish(errors);
    }
    keys
}

fn checks(table: &mut Table, errors: &mut Errors) -> Vec<(String, String, Span)> {
    let mut checks = Vec::new();
    for mut entry in table.tables("checks", errors) {
        let span = entry.span.clone();
        let that = entry.required_text("that", errors).unwrap_or_default();
        let says = entry.required_text("says", errors).unwrap_or_default();
        entry.finish(errors);
        checks.push((that, says, span));
    }
    checks
}

fn selects(table: &mut Table, errors: &mut Errors) -> Vec<RawSelect> {
    let mut selects = Vec::new();
    for (name, span, node) in named(table, "select", errors) {
        let Some(mut entry) = as_table(&name, node, errors) else {
            continue;
        };
        selects.push(RawSelect {
            when: entry.required_text("when", errors).unwrap_or_default(),
            yes: entry.required_text("yes", errors).unwrap_or_default(),
            no: entry.required_text("no", errors).unwrap_or_default(),
            name,
            span,
        });
        entry.finish(errors);
    }
    selects
}

fn varies(table: &mut Table, errors: &mut Errors) -> Vec<(String, String, Span)> {
    let mut varies = Vec::new();
    for (name, span, node) in named(table, "vary", errors) {
        let Some(mut entry) = as_table(&name, node, errors) else {
            continue;
        };
        let of = entry.required_text("of", errors).unwrap_or_default();
        entry.finish(errors);
        varies.push((name, of, span));
    }
    varies
}

fn steps(table: &mut Table, key: &'static str, errors: &mut Errors) -> Vec<RawStep> {
    let mut found = Vec::new();
    for mut entry in table.tables(key, errors) {
        let span = entry.span.clone();
        let step = match entry.text("use", errors) {
            Some(block) => RawStep::Use {
                block,
                with: pairs(&mut entry, "with", errors),
                when: expression(&mut entry, "when", errors),
                part: entry.text("part", errors),
                repeat: expression(&mut entry, "repeat", errors),
                span,
            },
            None => RawStep::Operator(operator(&mut entry, span, errors)),
        };
        entry.finish(errors);
        found.push(step);
    }
    found
}

/// Fields of an operator that are one text.
const FIELDS: [&str; 24] = [
    "name", "part", "kind", "when", "rows", "width", "in", "out", "bias", "copies", "active",
    "tied", "tied_to", "heads", "d_qk", "d_v", "pairs", "window", "kv", "elements", "least",
    "most", "state", "writes",
];

fn operator(entry: &mut Table, span: Span, errors: &mut Errors) -> RawOperator {
    let mut fields = BTreeMap::new();
    for key in FIELDS {
        if let Some(text) = expression(entry, key, errors) {
            fields.insert(key, text);
        }
    }
    RawOperator {
        fields,
        tensors: entry.texts("tensors", errors).unwrap_or_default(),
        stacked: entry.texts("stacked", errors).unwrap_or_default(),
        reads: entry.texts("reads", errors).unwrap_or_default(),
        span,
    }
}
