//! From observed configuration keys to an architecture, as the catalog says.
//!
//! Names in the file come first, then aliases, then class defaults; every default that stood in
//! is recorded in the architecture. A missing key is not null. Width, depth and vocabulary are
//! never taken from a class default unless the caller asks for that, and neither is the context.
//!
//! - **Invariant:** pure. The same reading and catalog give the same architecture.
//! - **Invariant:** no size is guessed, clamped or wrapped; what does not fit is an error that
//!   names the key and the place.

use std::collections::{BTreeMap, HashMap};

use weigh_facts::{
    Architecture, Decimal, Defaulted, LayerGroup, Observation, Observed, Operator, Place, Reading,
    TensorPattern, Tower, Wire,
};

use crate::catalog::{Catalog, Family, Key, KeyKind, Step, Template};
use crate::expression::{EvalError, Expression, Names, Value};
use crate::names::nearest_names;
use crate::profile::{OperationProfile, Scope};

/// Layers beyond this are no model, whatever the file says.
const LAYERS_MAX: u64 = 100_000;
/// Where a vision-language configuration keeps the keys of its language model.
const TEXT: &str = "text_config.";

/// How configurations are resolved.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ResolveOptions {
    /// May class defaults stand in for width, depth and vocabulary?
    pub assume_class_defaults: bool,
}

/// Why a configuration is no architecture.
/// [`ResolveError::code`] is stable and listed in the manual; the wording is not.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ResolveError {
    /// The file names neither a model type nor a class.
    #[error("the configuration names neither a `model_type` nor a class in `architectures`")]
    NoModelType {
        /// The file.
        place: Place,
    },
    /// The catalog has no such entry.
    #[error("the catalog has no architecture `{name}`{}", did_you_mean(.nearest))]
    UnknownArchitecture {
        /// What the file called it.
        name: String,
        /// Known names near to it.
        nearest: Vec<String>,
        /// The file.
        place: Place,
    },
    /// The text model inside is covered, what stands around it is not.
    #[error("the catalog covers only the text tower of `{name}`, `{text}`, and not the rest of it")]
    TextTowerOnly {
        /// What the whole called itself.
        name: String,
        /// The covered model type inside.
        text: String,
        /// The file.
        place: Place,
    },
    /// The model type is covered, but with another output head.
    #[error("the catalog covers `{family}` as {covered}, and not as `{class}`")]
    UncoveredClass {
        /// The declared class.
        class: String,
        /// The family.
        family: String,
        /// Classes that are covered.
        covered: String,
        /// The file.
        place: Place,
    },
    /// Width, depth or vocabulary is not in the file.
    #[error(
        "`{key}` is not in the configuration, and a class default ({default}) would be a guess"
    )]
    MissingSize {
        /// The key as files spell it.
        key: String,
        /// The class default that would stand in.
        default: String,
        /// The file.
        place: Place,
    },
    /// A value of the wrong type.
    #[error("`{key}` is {found}, and should be {wanted}")]
    WrongType {
        /// The key.
        key: String,
        /// What stands there.
        found: &'static str,
        /// What should.
        wanted: &'static str,
        /// Where.
        place: Place,
    },
    /// A number that no model has.
    #[error("`{key}` is {value}, and should be between {min} and {max}")]
    OutOfRange {
        /// The key.
        key: String,
        /// The value.
        value: String,
        /// Least that is accepted.
        min: u64,
        /// Most that is accepted.
        max: u64,
        /// Where.
        place: Place,
    },
    /// Two names of the same key with different values.
    #[error("{one} and {other}, and they mean the same")]
    ConflictingKeys {
        /// The name that is looked for first, and its value: `` `n_routed_experts` is 8 ``.
        one: String,
        /// The other name and its value.
        other: String,
        /// Where the other stands.
        place: Place,
    },
    /// Values that do not go together.
    #[error("the configuration contradicts itself: {message}")]
    Contradiction {
        /// What does not go together.
        message: String,
        /// The file.
        place: Place,
    },
    /// Sizes whose product does not fit.
    #[error("{message}")]
    TooLarge {
        /// What does not fit.
        message: String,
        /// The file.
        place: Place,
    },
}

fn did_you_mean(nearest: &[String]) -> String {
    if nearest.is_empty() {
        return String::new();
    }
    format!("; nearest: `{}`", nearest.join("`, `"))
}

impl ResolveError {
    /// Stable and listed in the manual.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::NoModelType { .. } => "no-model-type",
            Self::UnknownArchitecture { .. } => "unknown-architecture",
            Self::TextTowerOnly { .. } => "text-tower-only",
            Self::UncoveredClass { .. } => "uncovered-class",
            Self::MissingSize { .. } => "missing-size",
            Self::WrongType { .. } => "config-wrong-type",
            Self::OutOfRange { .. } => "config-out-of-range",
            Self::ConflictingKeys { .. } => "config-conflicting-keys",
            Self::Contradiction { .. } => "config-contradiction",
            Self::TooLarge { .. } => "config-too-large",
        }
    }

    /// Where it was seen.
    #[must_use]
    pub fn place(&self) -> &Place {
        match self {
            Self::NoModelType { place }
            | Self::UnknownArchitecture { place, .. }
            | Self::TextTowerOnly { place, .. }
            | Self::UncoveredClass { place, .. }
            | Self::MissingSize { place, .. }
            | Self::WrongType { place, .. }
            | Self::OutOfRange { place, .. }
            | Self::ConflictingKeys { place, .. }
            | Self::Contradiction { place, .. }
            | Self::TooLarge { place, .. } => place,
        }
    }

    /// The next action, if there is one.
    #[must_use]
    pub fn help(&self) -> Option<&'static str> {
        match self {
            Self::MissingSize { .. } => Some(
                "pass `--assume class-defaults` if the file was saved without keys equal to the \
                 class defaults",
            ),
            Self::NoModelType { .. }
            | Self::UnknownArchitecture { .. }
            | Self::TextTowerOnly { .. }
            | Self::UncoveredClass { .. } => Some(
                "without a catalog entry, parameters are counted from tensor shapes: add the \
                 weight files; operations are then not known",
            ),
            _ => None,
        }
    }
}

/// Resolves what a reader saw in a configuration into an architecture.
///
/// # Errors
/// When the catalog has no entry for it, or a value is missing, of the wrong type, out of range
/// or in contradiction with another.
pub fn resolve(
    reading: &Reading,
    catalog: &Catalog,
    options: ResolveOptions,
) -> Result<Architecture, ResolveError> {
    let mut config = Config::new(reading);
    let (family, declared) = config.family(catalog)?;
    config.check_class(family)?;
    config.find_prefix(family)?;
    let mut names = config.built_in(family);
    let mut defaulted = Vec::new();
    for key in &family.keys {
        let value = config.value(key, &names, options, &mut defaulted)?;
        names.insert(key.name.clone(), value);
    }
    let fail = |error| config.eval_error(error);
    for check in &family.checks {
        if !check.that.flag(&names).map_err(fail)? {
            return Err(ResolveError::Contradiction {
                message: check.says.clone(),
                place: config.place(),
            });
        }
    }
    let tower = tower(family, &mut names, &config)?;
    let context_tokens = match &family.context {
        Some(context) if options.assume_class_defaults || config.gives(family, context) => {
            context.count_or_null(&names).map_err(fail)?
        }
        _ => None,
    };
    let context_tokens = context_tokens.map(|c| config.scaled_context(c));
    let architecture = Architecture {
        family: family.name.clone(),
        declared,
        towers: vec![tower],
        defaulted,
        context_tokens,
        source: config.source(family),
    };
    config.check_sizes(architecture)
}

/// The keys of one file, and where in it the model's keys sit.
struct Config<'a> {
    keys: HashMap<&'a str, &'a Observation>,
    input: &'a str,
    prefix: &'static str,
    class: Option<&'a str>,
}

impl<'a> Config<'a> {
    fn new(reading: &'a Reading) -> Self {
        let mut keys = HashMap::with_capacity(reading.observations.len());
        for observation in &reading.observations {
            keys.entry(observation.key.as_str()).or_insert(observation);
        }
        let class = keys.get("architectures").and_then(|o| match &o.value {
            Observed::List(items) => items.iter().find_map(|i| match i {
                Observed::Text(text) => Some(text.as_str()),
                _ => None,
            }),
            _ => None,
        });
        Self {
            keys,
            input: &reading.input,
            prefix: "",
            class,
        }
    }

    fn place(&self) -> Place {
        Place {
            input: self.input.to_owned(),
            inside: String::new(),
        }
    }

    fn text(&self, key: &str) -> Option<&'a str> {
        match &self.keys.get(key)?.value {
            Observed::Text(text) => Some(text),
            _ => None,
        }
    }

    fn family<'c>(
        &self,
        catalog: &'c Catalog,
    ) -> Result<(&'c Family, Option<String>), ResolveError> {
        let model_type = self.text("model_type");
        let declared = self.class.or(model_type);
        let found = model_type
            .and_then(|t| catalog.by_model_type(t))
            .or_else(|| catalog.by_class(self.class?));
        if let Some(family) = found {
            return Ok((family, declared.map(str::to_owned)));
        }
        let place = self.place();
        let Some(name) = model_type.or(self.class) else {
            return Err(ResolveError::NoModelType { place });
        };
        let inner = self.text("text_config.model_type");
        if let Some(text) = inner.filter(|t| catalog.by_model_type(t).is_some()) {
            return Err(ResolveError::TextTowerOnly {
                name: name.to_owned(),
                text: text.to_owned(),
                place,
            });
        }
        Err(ResolveError::UnknownArchitecture {
            name: name.to_owned(),
            nearest: nearest_names(name, catalog.model_types()),
            place,
        })
    }

    /// A class without a head is the covered model less its head; any other class is not covered.
    fn check_class(&self, family: &Family) -> Result<(), ResolveError> {
        match self.class {
            Some(class)
                if !is_headless(class) && !family.architectures.iter().any(|a| a == class) =>
            {
                Err(ResolveError::UncoveredClass {
                    class: class.to_owned(),
                    family: family.name.clone(),
                    covered: format!("`{}`", family.architectures.join("`, `")),
                    place: self.place(),
                })
            }
            _ => Ok(()),
        }
    }

    /// Keys at the top come first; a nested text configuration is used when the top has none.
    fn find_prefix(&mut self, family: &Family) -> Result<(), ResolveError> {
        let has = |prefix: &str| {
            let essential = family.keys.iter().filter(|k| k.essential);
            let mut names = essential.flat_map(|k| &k.names);
            names.any(|n| self.keys.contains_key(format!("{prefix}{n}").as_str()))
        };
        let nested = !has("") && has(TEXT);
        if self.keys.keys().any(|k| k.starts_with("vision_config.")) {
            return Err(ResolveError::TextTowerOnly {
                name: self.class.unwrap_or(&family.name).to_owned(),
                text: family.name.clone(),
                place: self.place(),
            });
        }
        if nested {
            self.prefix = TEXT;
        }
        Ok(())
    }

    /// The entry and its version, and what was done to arrive at it.
    fn source(&self, family: &Family) -> String {
        let mut source = family.source.clone();
        if !self.prefix.is_empty() {
            let prefix = self.prefix.trim_end_matches('.');
            source = format!("{source}; keys under `{prefix}`");
        }
        let declared = self.text("model_type");
        if let Some(other) = declared.filter(|t| !family.model_types.iter().any(|m| m == t)) {
            source = format!("{source}; by its class, since no entry has the model type `{other}`");
        }
        source
    }

    fn built_in(&self, family: &Family) -> Names {
        let class = self
            .class
            .or(family.architectures.first().map(String::as_str));
        let class = class.unwrap_or_default();
        Names::from([
            ("class".to_owned(), Value::Text(class.to_owned())),
            ("headless".to_owned(), Value::Flag(is_headless(class))),
        ])
    }

    /// The value of a key: from the file by its names in order, else the class default.
    fn value(
        &self,
        key: &Key,
        names: &Names,
        options: ResolveOptions,
        defaulted: &mut Vec<Defaulted>,
    ) -> Result<Value, ResolveError> {
        let mut seen: Option<(&Observation, Value)> = None;
        for name in &key.names {
            let full = format!("{}{name}", self.prefix);
            let Some(observation) = self.keys.get(full.as_str()) else {
                continue;
            };
            let value = read(key, observation)?;
            match &seen {
                None => seen = Some((observation, value)),
                Some((first, kept)) if *kept != value && value != Value::Null => {
                    return Err(ResolveError::ConflictingKeys {
                        one: format!("`{}` is {kept}", first.key),
                        other: format!("`{}` is {value}", observation.key),
                        place: observation.place.clone(),
                    });
                }
                Some(_) => {}
            }
        }
        match seen {
            Some((_, Value::Null)) if key.null_is_default => self.class_default(key, names),
            Some((observation, Value::Null)) if !key.null_is_none => Err(ResolveError::WrongType {
                key: observation.key.clone(),
                found: "null",
                wanted: key.kind.wanted(),
                place: observation.place.clone(),
            }),
            Some((_, value)) => Ok(value),
            None => self.default(key, names, options, defaulted),
        }
    }

    fn class_default(&self, key: &Key, names: &Names) -> Result<Value, ResolveError> {
        let place = self.place();
        let name = key.names.first().unwrap_or(&key.name);
        key.default.evaluate(names).map_err(|error| match error {
            EvalError::Overflow { .. } => ResolveError::TooLarge {
                message: format!("{error}, which stands for `{name}`"),
                place,
            },
            EvalError::Wrong { .. } => ResolveError::Contradiction {
                message: format!("{error}, which stands for `{name}`"),
                place,
            },
        })
    }

    fn default(
        &self,
        key: &Key,
        names: &Names,
        options: ResolveOptions,
        defaulted: &mut Vec<Defaulted>,
    ) -> Result<Value, ResolveError> {
        let value = self.class_default(key, names)?;
        if key.names.is_empty() {
            return Ok(value);
        }
        let name = key.names.first().unwrap_or(&key.name);
        let name = format!("{}{name}", self.prefix);
        if key.essential && !options.assume_class_defaults {
            return Err(ResolveError::MissingSize {
                key: name,
                default: value.to_string(),
                place: self.place(),
            });
        }
        defaulted.push(Defaulted {
            key: name,
            value: value.to_string(),
            place: self.place(),
        });
        Ok(value)
    }

    /// Does the file hold every key of this expression? A class default is what a library falls
    /// back to, not what this model was built for: it bounds nothing.
    fn gives(&self, family: &Family, expression: &Expression) -> bool {
        let held = |name: &String| {
            let observation = self.keys.get(format!("{}{name}", self.prefix).as_str());
            observation.is_some_and(|o| o.value != Observed::Null)
        };
        let names = expression.names();
        let mut keys = family
            .keys
            .iter()
            .filter(|k| names.contains(&k.name.as_str()));
        keys.all(|key| key.names.iter().any(held))
    }

    /// The longest sequence, stretched by rotary scaling only where the file gives the original
    /// length and the maximum does not already exceed it.
    fn scaled_context(&self, context: u64) -> u64 {
        let number = |key: &str| {
            let spellings = ["rope_scaling.", "rope_parameters."];
            let find = |s: &&str| self.keys.get(format!("{}{s}{key}", self.prefix).as_str());
            match &spellings.iter().find_map(find)?.value {
                Observed::Number(number) => Some(number),
                _ => None,
            }
        };
        let Some((original, factor)) =
            number("original_max_position_embeddings").zip(number("factor"))
        else {
            return context;
        };
        if Decimal::from(context) > *original || *factor <= Decimal::from(1_u64) {
            return context;
        }
        let stretched = (original * factor).ceil().to_u128();
        stretched
            .and_then(|n| u64::try_from(n).ok())
            .unwrap_or(context)
    }

    fn eval_error(&self, error: EvalError) -> ResolveError {
        let place = self.place();
        let message = error.to_string();
        match error {
            EvalError::Overflow { .. } => ResolveError::TooLarge { message, place },
            EvalError::Wrong { .. } => ResolveError::Contradiction { message, place },
        }
    }

    /// Everything derived later must fit: parameters, and operations of one token.
    fn check_sizes(&self, architecture: Architecture) -> Result<Architecture, ResolveError> {
        let scope = Scope {
            multi_token_prediction: true,
        };
        let counted = architecture
            .parameters()
            .map_err(|e| e.to_string())
            .and_then(|_| architecture.check().map_err(|e| e.to_string()))
            .and_then(|()| {
                let training = OperationProfile::full_training(&architecture, scope);
                training.map_err(|e| e.to_string())
            });
        match counted {
            Ok(_) => Ok(architecture),
            Err(message) => Err(ResolveError::TooLarge {
                message,
                place: self.place(),
            }),
        }
    }
}

/// `LlamaModel` and `BertModel` end without an output head; `GPT2LMHeadModel` does not.
fn is_headless(class: &str) -> bool {
    class.ends_with("Model") && !class.ends_with("HeadModel")
}

/// Reads one observation as the key wants it.
fn read(key: &Key, observation: &Observation) -> Result<Value, ResolveError> {
    let wrong = || ResolveError::WrongType {
        key: observation.key.clone(),
        found: observation.value.kind(),
        wanted: key.kind.wanted(),
        place: observation.place.clone(),
    };
    match (&observation.value, key.kind) {
        (Observed::Null, _) => Ok(Value::Null),
        (Observed::Bool(flag), KeyKind::Flag) => Ok(Value::Flag(*flag)),
        (Observed::Text(text), KeyKind::Text) => Ok(Value::Text(text.clone())),
        // What a class works out of other keys.
        (Observed::Text(text), KeyKind::Count) if text == "auto" && key.null_is_default => {
            Ok(Value::Null)
        }
        (Observed::Number(number), KeyKind::Thousandths) => {
            let thousandths = number * &Decimal::from(1_000_u64);
            count(&thousandths, key.min, key.max).ok_or_else(wrong)
        }
        (Observed::Number(number), KeyKind::Count | KeyKind::Each) => {
            count(number, key.min, key.max).ok_or_else(|| ResolveError::OutOfRange {
                key: observation.key.clone(),
                value: number.to_string(),
                min: key.min,
                max: key.max,
                place: observation.place.clone(),
            })
        }
        (Observed::List(items), KeyKind::List | KeyKind::Each) => items
            .iter()
            .map(|item| match item {
                Observed::Text(text) if key.kind == KeyKind::List => Ok(Value::Text(text.clone())),
                Observed::Number(number) => count(number, 0, u64::MAX).ok_or_else(wrong),
                _ => Err(wrong()),
            })
            .collect::<Result<_, _>>()
            .map(Value::List),
        _ => Err(wrong()),
    }
}

fn count(number: &Decimal, min: u64, max: u64) -> Option<Value> {
    let value = u64::try_from(number.to_u128()?).ok()?;
    (min..=max)
        .contains(&value)
        .then(|| Value::Integer(value.into()))
}

fn tower(family: &Family, names: &mut Names, config: &Config<'_>) -> Result<Tower, ResolveError> {
    let fail = |error| config.eval_error(error);
    let depth = family.depth.count(names).map_err(fail)?;
    if depth > LAYERS_MAX {
        return Err(ResolveError::OutOfRange {
            key: "layers".to_owned(),
            value: depth.to_string(),
            min: 0,
            max: LAYERS_MAX,
            place: config.place(),
        });
    }
    let stem = expand(&family.stem, names, depth).map_err(fail)?;
    let mut kinds: BTreeMap<(Vec<bool>, Vec<u64>), Vec<u64>> = BTreeMap::new();
    for layer in 0..depth {
        names.insert("layer".to_owned(), Value::Integer(layer.into()));
        let kind: Result<Vec<bool>, EvalError> =
            family.selects.iter().map(|s| s.when.flag(names)).collect();
        let sizes: Result<Vec<u64>, EvalError> =
            family.varies.iter().map(|v| v.1.count(names)).collect();
        let kind = (kind.map_err(fail)?, sizes.map_err(fail)?);
        kinds.entry(kind).or_default().push(layer);
    }
    let mut groups = Vec::with_capacity(kinds.len());
    for ((kind, sizes), layers) in kinds {
        for ((name, _), size) in family.varies.iter().zip(sizes) {
            names.insert(name.clone(), Value::Integer(size.into()));
        }
        let mut words = Vec::new();
        for (select, chosen) in family.selects.iter().zip(&kind) {
            names.insert(select.name.clone(), Value::Flag(*chosen));
            words.push(if *chosen {
                select.yes.as_str()
            } else {
                select.no.as_str()
            });
        }
        words.retain(|w| !w.is_empty());
        let operators = expand(&family.layer, names, depth).map_err(fail)?;
        groups.push(LayerGroup {
            name: words.join(" "),
            layers,
            operators,
        });
    }
    groups.sort_by_key(|g| g.layers.first().copied());
    let tail = expand(&family.tail, names, depth).map_err(fail)?;
    Ok(Tower {
        name: "text".to_owned(),
        role: family.role,
        stem,
        groups,
        depth,
        tail,
    })
}

fn expand(steps: &[Step], names: &mut Names, depth: u64) -> Result<Vec<Operator>, EvalError> {
    let mut operators = Vec::new();
    for step in steps {
        match step {
            Step::One(template) => operators.extend(instantiate(template, names, None)?),
            Step::Repeat(count, steps) => {
                let count = count.count(names)?;
                if count > LAYERS_MAX {
                    return Err(EvalError::Overflow {
                        text: format!("{count} repetitions"),
                    });
                }
                for index in 0..count {
                    names.insert("index".to_owned(), Value::Integer(index.into()));
                    for step in steps {
                        if let Step::One(template) = step {
                            let layer = Some(depth + index);
                            operators.extend(instantiate(template, names, layer)?);
                        }
                    }
                }
            }
        }
    }
    Ok(operators)
}

/// The operator, or none when a condition does not hold. A repeated block stands behind the last
/// layer, so its `{layer}` is a number already.
fn instantiate(
    template: &Template,
    names: &Names,
    layer: Option<u64>,
) -> Result<Option<Operator>, EvalError> {
    for condition in &template.when {
        if !condition.flag(names)? {
            return Ok(None);
        }
    }
    let pattern = |p: &TensorPattern| TensorPattern {
        name: match layer {
            Some(layer) => p.name.replace("{layer}", &layer.to_string()),
            None => p.name.clone(),
        },
        stacked: p.stacked,
    };
    Ok(Some(Operator {
        name: template.name.clone(),
        part: template.part,
        kind: template.kind.instantiate(names)?,
        tensors: template.tensors.iter().map(pattern).collect(),
        reads: template.reads.iter().cloned().map(Wire).collect(),
        writes: Wire(template.writes.clone()),
    }))
}
