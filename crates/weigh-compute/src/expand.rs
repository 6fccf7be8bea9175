//! An entry expanded: its towers, and those of the entries inside it.
//!
//! - **Invariant:** the values of one file and one catalog give one list of operators.

use std::collections::BTreeMap;

use weigh_facts::{
    Defaulted, LayerGroup, Operator, OperatorKind, Positions, TensorPattern, Tower, Wire,
};

use crate::catalog::{Catalog, Family, Member, Step, Template};
use crate::expression::{EvalError, Names, Value};
use crate::resolve::{Config, LAYERS_MAX, ResolveError, ResolveOptions};

/// Entries stand inside entries no deeper than this.
const DEPTH_MAX: usize = 4;

/// What became of one entry.
pub(crate) struct Built {
    pub(crate) towers: Vec<Tower>,
    pub(crate) context: Option<u64>,
    names: Names,
}

impl Config<'_> {
    /// Reads the keys of an entry and makes its towers.
    pub(crate) fn build(
        &self,
        family: &Family,
        catalog: &Catalog,
        options: ResolveOptions,
        defaulted: &mut Vec<Defaulted>,
        depth: usize,
    ) -> Result<Built, ResolveError> {
        let mut names = self.built_in(family);
        for key in &family.keys {
            let value = self.value(key, &names, options, defaulted)?;
            names.insert(key.name.clone(), value);
        }
        let mut built = Built {
            towers: Vec::new(),
            context: self.context(family, &names, options)?,
            names,
        };
        for member in &family.members {
            if let Some(when) = &member.when
                && !when.flag(&built.names).map_err(|e| self.eval_error(e))?
            {
                continue;
            }
            let inner = self.member(member, &built.names, catalog, depth)?;
            let (config, entry) = inner;
            let made = config.build(entry, catalog, options, defaulted, depth + 1)?;
            built.add(member, made);
        }
        self.check(family, &built.names)?;
        if family.members.is_empty() || family.own.is_some() {
            let own = tower(family, &mut built.names, self)?;
            let text = built
                .towers
                .iter()
                .position(|t| t.positions == Positions::Tokens);
            let at = match own.positions {
                // What other inputs pass stands before the text they join.
                Positions::Input { .. } => text.unwrap_or(built.towers.len()),
                _ => built.towers.len(),
            };
            built.towers.insert(at, own);
        }
        Ok(built)
    }

    /// Where a member's keys stand, and which entry it is.
    fn member<'c>(
        &self,
        member: &'c Member,
        names: &Names,
        catalog: &'c Catalog,
        depth: usize,
    ) -> Result<(Self, &'c Family), ResolveError> {
        let section = self.section(&member.at);
        let named = if section == self.prefix {
            None
        } else {
            self.text(&format!("{section}model_type"))
        };
        let found = match named {
            None => catalog.by_name(&member.family),
            Some(model_type) => match member.types.iter().find(|(t, _)| t == model_type) {
                Some((_, name)) => catalog.by_name(name),
                None => catalog.by_model_type(model_type),
            },
        };
        let Some(entry) = found else {
            return Err(self.unknown_member(named.unwrap_or(&member.family), catalog));
        };
        let kind = |f: &Family| (f.input.as_ref().map(|i| i.modality), f.members.is_empty());
        let usual = catalog.by_name(&member.family).map(kind);
        if usual != Some(kind(entry)) || depth >= DEPTH_MAX {
            let (at, name) = (section.trim_end_matches('.'), &entry.name);
            return Err(ResolveError::Contradiction {
                message: format!("`{at}` holds `{name}`, which is of another kind"),
                place: self.place(),
            });
        }
        let fail = |error| self.eval_error(error);
        let decided = member.with.iter().map(|(key, value)| {
            let value = value.evaluate(names).map_err(fail)?;
            Ok((key.clone(), value))
        });
        let headless = names.get("headless") == Some(&Value::Flag(true));
        let class = member.class.clone();
        let class = class.or_else(|| headless.then(|| "Model".to_owned()));
        let config = self.inside(
            section,
            class,
            // The composite's defaults are those of the class it usually holds.
            if entry.name == member.family || member.types.iter().any(|(_, n)| *n == entry.name) {
                member.defaults.clone()
            } else {
                Vec::new()
            },
            decided.collect::<Result<_, _>>()?,
        );
        Ok((config, entry))
    }
}

impl Built {
    /// Takes in what a member became, under the names of the composite.
    fn add(&mut self, member: &Member, made: Self) {
        let one = made.towers.len() == 1;
        for (name, value) in made.names {
            self.names.insert(format!("{}_{name}", member.name), value);
        }
        for mut tower in made.towers {
            tower.name = if one {
                member.name.clone()
            } else {
                format!("{} {}", member.name, tower.name)
            };
            let groups = tower.groups.iter_mut().flat_map(|g| &mut g.operators);
            let operators = tower.stem.iter_mut().chain(groups).chain(&mut tower.tail);
            for operator in operators {
                operator.tensors = renamed(&operator.tensors, &member.renames);
            }
            self.towers.push(tower);
        }
        self.context = self.context.or(made.context);
    }
}

/// The patterns under the names of the composite, the most usual spelling of all of them first.
fn renamed(patterns: &[TensorPattern], renames: &[(String, Vec<String>)]) -> Vec<TensorPattern> {
    let mut spelled: Vec<(usize, TensorPattern)> = Vec::new();
    for pattern in patterns {
        let rule = renames
            .iter()
            .find_map(|(from, to)| Some((pattern.name.strip_prefix(from.as_str())?, to)));
        match rule {
            None => spelled.push((0, pattern.clone())),
            Some((rest, to)) => {
                for (spelling, to) in to.iter().enumerate() {
                    let name = format!("{to}{rest}");
                    let stacked = pattern.stacked;
                    spelled.push((spelling, TensorPattern { name, stacked }));
                }
            }
        }
    }
    spelled.sort_by_key(|(spelling, _)| *spelling);
    spelled.into_iter().map(|(_, pattern)| pattern).collect()
}

/// What passes the tower: tokens, or what one input makes of itself.
fn positions(
    family: &Family,
    names: &mut Names,
    config: &Config<'_>,
) -> Result<Positions, ResolveError> {
    let Some(input) = &family.input else {
        return Ok(Positions::Tokens);
    };
    let modality = input.modality;
    let mut described = input.described.clone();
    for (name, value) in &*names {
        described = described.replace(&format!("{{{name}}}"), &value.to_string());
    }
    Ok(match &input.positions {
        None => Positions::TokensBeside {
            modality,
            described,
        },
        Some(count) => {
            let count = count.count(names).map_err(|e| config.eval_error(e))?;
            names.insert("positions".to_owned(), Value::Integer(count.into()));
            Positions::Input {
                modality,
                count,
                described,
            }
        }
    })
}

fn tower(family: &Family, names: &mut Names, config: &Config<'_>) -> Result<Tower, ResolveError> {
    let positions = positions(family, names, config)?;
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
    let usual = positions.modality().as_str();
    Ok(Tower {
        name: family.own.as_deref().unwrap_or(usual).to_owned(),
        role: family.role,
        positions,
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
                            let at = Some((depth + index, index));
                            operators.extend(instantiate(template, names, at)?);
                        }
                    }
                }
            }
        }
    }
    Ok(operators)
}

/// The operator, or none when a condition does not hold. A repeated block stands behind the last
/// layer, so its `{layer}` is a number already, and its `{index}` counts from zero.
fn instantiate(
    template: &Template,
    names: &Names,
    at: Option<(u64, u64)>,
) -> Result<Option<Operator>, EvalError> {
    for condition in &template.when {
        if !condition.flag(names)? {
            return Ok(None);
        }
    }
    let pattern = |p: &TensorPattern| TensorPattern {
        name: match at {
            Some((layer, index)) => {
                let name = p.name.replace("{layer}", &layer.to_string());
                name.replace("{index}", &index.to_string())
            }
            None => p.name.clone(),
        },
        stacked: p.stacked,
    };
    let kind = template.kind.instantiate(names)?;
    if let OperatorKind::Linear { copies, active, .. } = kind
        && active > copies
    {
        return Err(EvalError::Wrong {
            text: template.name.clone(),
            message: "a token passes more experts than there are".to_owned(),
        });
    }
    Ok(Some(Operator {
        name: template.name.clone(),
        part: template.part,
        kind,
        tensors: template.tensors.iter().map(pattern).collect(),
        reads: template.reads.iter().cloned().map(Wire).collect(),
        writes: Wire(template.writes.clone()),
    }))
}
