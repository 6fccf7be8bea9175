//! From catalog text to what resolution evaluates: blocks included, expressions parsed, names checked.

use std::collections::BTreeSet;

use weigh_facts::{Diagnostic, Part, TensorPattern, TowerRole};

use super::raw::{Block, Blocks, RawFamily, RawKey, RawOperator, RawStep, Span};
use super::{Check, Family, Key, KeyKind, KindTemplate, Select, Step, Template};
use crate::expression::Expression;

type Errors = Vec<Diagnostic>;

/// Sizes beyond this are no model.
const SIZE_MAX: u64 = 1 << 40;
/// Blocks include blocks no deeper than this.
const DEPTH_MAX: usize = 8;

/// Names every expression may use: the declared class, and whether it has no output head.
const BUILT_IN: [&str; 2] = ["class", "headless"];

pub(super) fn family(raw: RawFamily, blocks: &Blocks) -> Result<Family, Errors> {
    let mut compiler = Compiler {
        blocks,
        errors: Errors::new(),
        known: BUILT_IN.iter().map(|n| (*n).to_owned()).collect(),
        span: raw.span.clone(),
    };
    let family = compiler.family(raw);
    if compiler.errors.is_empty() {
        Ok(family)
    } else {
        Err(compiler.errors)
    }
}

struct Compiler<'a> {
    blocks: &'a Blocks,
    errors: Errors,
    /// Names expressions may mention so far.
    known: BTreeSet<String>,
    span: Span,
}

/// What an include passes to the steps of its block.
#[derive(Clone, Default)]
struct Context {
    parameters: Vec<(String, String)>,
    when: Vec<String>,
    part: Option<String>,
    depth: usize,
}

impl Compiler<'_> {
    fn error(&mut self, message: impl Into<String>) {
        let span = self.span.clone();
        self.errors
            .push(Diagnostic::new("catalog-entry", message, span));
    }

    fn family(&mut self, raw: RawFamily) -> Family {
        let keys: Vec<Key> = raw.keys.into_iter().map(|k| self.key(k)).collect();
        let mut checks = Vec::new();
        for (that, says, span) in raw.checks {
            self.span = span;
            checks.push(Check {
                that: self.expression(&that),
                says,
            });
        }
        let depth = self.expression(&raw.depth);
        let context = raw.context.map(|c| self.expression(&c));
        let stem = self.steps(&raw.stem, &Context::default());
        self.known.insert("layer".to_owned());
        let mut selects = Vec::new();
        for select in raw.selects {
            self.span = select.span;
            let when = self.expression(&select.when);
            selects.push(Select {
                name: select.name,
                when,
                yes: select.yes,
                no: select.no,
            });
        }
        let varies: Vec<(String, Expression)> = raw
            .varies
            .into_iter()
            .map(|(name, of, span)| {
                self.span = span;
                let of = self.expression(&of);
                (name, of)
            })
            .collect();
        let chosen = selects.iter().map(|s| &s.name);
        let chosen: Vec<String> = chosen.chain(varies.iter().map(|v| &v.0)).cloned().collect();
        self.known.extend(chosen.iter().cloned());
        let layer = self.steps(&raw.layer, &Context::default());
        for name in &chosen {
            self.known.remove(name);
        }
        let tail = self.steps(&raw.tail, &Context::default());
        let role = match raw.role.as_str() {
            "decoder" => TowerRole::Decoder,
            "encoder" => TowerRole::Encoder,
            other => {
                self.error(format!("unknown role `{other}`"));
                TowerRole::Decoder
            }
        };
        Family {
            name: raw.name,
            role,
            model_types: raw.model_types,
            architectures: raw.architectures,
            source: raw.source,
            keys,
            checks,
            selects,
            varies,
            depth,
            context,
            stem,
            layer,
            tail,
        }
    }

    fn key(&mut self, raw: RawKey) -> Key {
        self.span = raw.span;
        let kind = match raw.kind.as_str() {
            "count" => KeyKind::Count,
            "flag" => KeyKind::Flag,
            "text" => KeyKind::Text,
            "list" => KeyKind::List,
            "each" => KeyKind::Each,
            "thousandths" => KeyKind::Thousandths,
            other => {
                self.error(format!("unknown type `{other}`"));
                KeyKind::Count
            }
        };
        let null_is_default = match raw.null.as_str() {
            "default" => true,
            "none" | "refused" => false,
            other => {
                self.error(format!(
                    "`null` is `{other}`, and should be `default` or `none`"
                ));
                false
            }
        };
        let default = self.expression(&raw.default);
        self.known.insert(raw.name.clone());
        Key {
            name: raw.name,
            names: raw.names,
            kind,
            default,
            null_is_default,
            null_is_none: raw.null == "none",
            essential: raw.essential,
            min: raw.min.unwrap_or(1),
            max: raw.max.unwrap_or(SIZE_MAX),
        }
    }

    fn expression(&mut self, text: &str) -> Expression {
        let parsed = match Expression::parse(text) {
            Ok(parsed) => parsed,
            Err(message) => {
                self.error(message);
                return Expression::null();
            }
        };
        let mut unknown = parsed.names();
        unknown.retain(|n| !self.known.contains(*n));
        if let Some(name) = unknown.first() {
            self.error(format!(
                "`{text}` mentions `{name}`, which is no key or selector here"
            ));
        }
        parsed
    }

    fn steps(&mut self, raw: &[RawStep], context: &Context) -> Vec<Step> {
        let mut steps = Vec::new();
        for step in raw {
            match step {
                RawStep::Operator(operator) => {
                    self.span = operator.span.clone();
                    if let Some(template) = self.operator(operator, context) {
                        steps.push(Step::One(Box::new(template)));
                    }
                }
                RawStep::Use {
                    block,
                    with,
                    when,
                    part,
                    repeat,
                    span,
                } => {
                    if context.depth == 0 {
                        self.span = span.clone();
                    }
                    let mut inner = context.clone();
                    inner.depth += 1;
                    if let Some(when) = when {
                        let when = self.substitute(when, context);
                        inner.when.push(when);
                    }
                    inner.part = context.part.clone().or_else(|| part.clone());
                    let repeat = repeat.as_ref().map(|r| {
                        let text = self.substitute(r, context);
                        let count = self.expression(&text);
                        self.known.insert("index".to_owned());
                        count
                    });
                    let included = self.block(block, with, context, inner);
                    match repeat {
                        Some(count) => steps.push(Step::Repeat(count, included)),
                        None => steps.extend(included),
                    }
                }
            }
        }
        steps
    }

    fn block(
        &mut self,
        name: &str,
        with: &[(String, String)],
        outer: &Context,
        mut inner: Context,
    ) -> Vec<Step> {
        let blocks = self.blocks;
        let Some(block) = blocks.0.get(name) else {
            self.error(format!("no block `{name}`"));
            return Vec::new();
        };
        if inner.depth > DEPTH_MAX {
            self.error(format!(
                "block `{name}` includes itself or nests too deeply"
            ));
            return Vec::new();
        }
        inner.parameters = self.parameters(name, block, with, outer);
        self.steps(&block.steps, &inner)
    }

    fn parameters(
        &mut self,
        name: &str,
        block: &Block,
        with: &[(String, String)],
        outer: &Context,
    ) -> Vec<(String, String)> {
        let mut parameters = Vec::new();
        for (key, text) in with {
            let optional = block.optional.iter().any(|(n, _)| n == key);
            if !optional && !block.needs.contains(key) {
                self.error(format!("block `{name}` takes no `{key}`"));
            }
            let text = self.substitute(text, outer);
            parameters.push((key.clone(), text));
        }
        for need in &block.needs {
            if !with.iter().any(|(key, _)| key == need) {
                self.error(format!("block `{name}` needs `{need}`"));
            }
        }
        for (key, default) in &block.optional {
            if !with.iter().any(|(k, _)| k == key) {
                parameters.push((key.clone(), default.clone()));
            }
        }
        // Longer names first, so that `$head_dim` is not read as `$head`.
        parameters.sort_by_key(|(key, _)| std::cmp::Reverse(key.len()));
        parameters
    }

    fn substitute(&mut self, text: &str, context: &Context) -> String {
        let mut out = text.to_owned();
        for (key, value) in &context.parameters {
            out = out.replace(&format!("${key}"), value);
        }
        if out.contains('$') {
            self.error(format!("`{out}` mentions a parameter that was not given"));
        }
        out
    }

    fn operator(&mut self, raw: &RawOperator, context: &Context) -> Option<Template> {
        let name = self.field(raw, "name", context)?;
        let part = match &context.part {
            Some(part) => part.clone(),
            None => self.field(raw, "part", context)?,
        };
        let Some(part) = parse_part(&part) else {
            self.error(format!("unknown part `{part}`"));
            return None;
        };
        let kind = self.kind(raw, context)?;
        let mut conditions = context.when.clone();
        if let Some(when) = raw.fields.get("when") {
            conditions.push(self.substitute(when, context));
        }
        let when = conditions.iter().map(|c| self.expression(c)).collect();
        let mut tensors = Vec::new();
        for (patterns, stacked) in [(&raw.tensors, false), (&raw.stacked, true)] {
            for pattern in patterns {
                let name = self.substitute(pattern, context);
                tensors.push(TensorPattern { name, stacked });
            }
        }
        let reads = raw
            .reads
            .iter()
            .map(|w| self.substitute(w, context))
            .collect();
        Some(Template {
            name,
            part,
            when,
            kind,
            tensors,
            reads,
            writes: self.field(raw, "writes", context)?,
        })
    }

    fn field(&mut self, raw: &RawOperator, key: &str, context: &Context) -> Option<String> {
        let Some(text) = raw.fields.get(key) else {
            self.error(format!("`{key}` is missing"));
            return None;
        };
        Some(self.substitute(text, context))
    }

    fn size(&mut self, raw: &RawOperator, key: &str, context: &Context) -> Option<Expression> {
        let text = self.field(raw, key, context)?;
        Some(self.expression(&text))
    }

    fn size_or(
        &mut self,
        raw: &RawOperator,
        key: &str,
        default: &str,
        context: &Context,
    ) -> Expression {
        let text = raw.fields.get(key).map_or(default, String::as_str);
        let text = self.substitute(text, context);
        self.expression(&text)
    }

    fn kind(&mut self, raw: &RawOperator, context: &Context) -> Option<KindTemplate> {
        let kind = self.field(raw, "kind", context)?;
        Some(match kind.as_str() {
            "embedding" => KindTemplate::Embedding {
                rows: self.size(raw, "rows", context)?,
                width: self.size(raw, "width", context)?,
            },
            "linear" => self.linear(raw, context)?,
            "core" => KindTemplate::Core {
                heads: self.size(raw, "heads", context)?,
                d_qk: self.size(raw, "d_qk", context)?,
                d_v: self.size(raw, "d_v", context)?,
                causal: match self.field(raw, "pairs", context)?.as_str() {
                    "causal" => true,
                    "full" => false,
                    other => {
                        self.error(format!("`pairs` is `{other}`"));
                        return None;
                    }
                },
                window: self.size_or(raw, "window", "null", context),
                kv: self.size(raw, "kv", context)?,
            },
            "scan" => KindTemplate::Scan {
                least: self.size(raw, "least", context)?,
                most: self.size(raw, "most", context)?,
                state: self.size(raw, "state", context)?,
            },
            "norm" => KindTemplate::Norm {
                width: self.size(raw, "width", context)?,
                bias: self.size_or(raw, "bias", "false", context),
            },
            "vector" => KindTemplate::Vector {
                elements: self.size(raw, "elements", context)?,
            },
            "buffer" => KindTemplate::Buffer {
                elements: self.size(raw, "elements", context)?,
            },
            other => {
                self.error(format!("unknown kind `{other}`"));
                return None;
            }
        })
    }

    fn linear(&mut self, raw: &RawOperator, context: &Context) -> Option<KindTemplate> {
        let tied = match raw.fields.get("tied_to") {
            Some(to) => {
                let to = self.substitute(to, context);
                Some((self.size(raw, "tied", context)?, to))
            }
            None => None,
        };
        Some(KindTemplate::Linear {
            inputs: self.size(raw, "in", context)?,
            outputs: self.size(raw, "out", context)?,
            bias: self.size_or(raw, "bias", "false", context),
            copies: self.size_or(raw, "copies", "1", context),
            active: self.size_or(raw, "active", "1", context),
            tied,
        })
    }
}

fn parse_part(text: &str) -> Option<Part> {
    Some(match text {
        "input-embedding" => Part::InputEmbedding,
        "other-embedding" => Part::OtherEmbedding,
        "attention" => Part::Attention,
        "dense-mlp" => Part::DenseMlp,
        "router" => Part::Router,
        "routed-expert" => Part::RoutedExpert,
        "shared-expert" => Part::SharedExpert,
        "norm" => Part::Norm,
        "head" => Part::Head,
        "pooler" => Part::Pooler,
        "multi-token-prediction" => Part::MultiTokenPrediction,
        _ => return None,
    })
}
