//! What a change of the law is tried on: the chips of the catalog, and published models.
//!
//! - **Invariant:** a figure that was not published is a bound or is missing; a model's operations
//!   are never one number.

use std::collections::BTreeMap;

use weigh_compute::{CatalogError, Chip, ChipCatalog, Tf32};
use weigh_facts::{
    Certainty, Coverage, Diagnostic, Estimate, Fact, FactName, FactType, Facts, Grade, Item,
    MethodId, Origin, SubjectKind, Table, Value,
};
use weigh_rules::Library;

use crate::error::WeighError;

/// A subject whose facts we have.
#[derive(Clone, Debug)]
pub struct KnownSubject {
    /// A chip or a model.
    pub kind: SubjectKind,
    /// Stable name: `nvidia-h100-sxm`.
    pub id: String,
    /// What people call it.
    pub name: String,
    /// What is known of it.
    pub facts: Facts,
}

/// The chips of the catalog, then the published models, each by id.
///
/// # Errors
/// When a file of ours is wrong, which a test excludes.
pub fn known_subjects(library: &Library) -> Result<Vec<KnownSubject>, WeighError> {
    let defect = |e: &CatalogError| WeighError::Catalog(e.to_string());
    let catalog = ChipCatalog::shipped()
        .map_err(defect)?
        .chips()
        .map_err(defect)?;
    let mut chips: Vec<KnownSubject> = catalog
        .into_iter()
        .map(|chip| KnownSubject {
            kind: SubjectKind::Chip,
            id: chip.id.clone(),
            name: chip.name.clone(),
            facts: chip_facts(chip),
        })
        .collect();
    let mut models = known_models(library)?;
    chips.sort_by(|a, b| a.id.cmp(&b.id));
    models.sort_by(|a, b| a.id.cmp(&b.id));
    chips.extend(models);
    Ok(chips)
}

/// What the catalog knows of a chip that goes as it is, as facts. TF32 counts as 19 bits, as it does
/// where a person asks for one chip and says nothing else.
fn chip_facts(chip: &Chip) -> Facts {
    let mut facts = chip.facts(Tf32::Significant19);
    let kind = Fact {
        value: Value::Word("integrated-circuit".to_owned()),
        origin: Origin {
            grade: Grade::Assumed,
            method: TRIED,
            sources: Vec::new(),
        },
    };
    if let Ok(name) = "item_kind".parse() {
        facts.insert(name, kind);
    }
    facts
}

/// Taken for the sake of the comparison.
const TRIED: MethodId = MethodId::new("tried");

/// The shipped table of models.
const MODELS: &str = include_str!("../data/known_models.toml");

/// How the bounds of published figures came about; see the table.
const PUBLISHED: MethodId = MethodId::new("published-figure/1");

fn known_models(library: &Library) -> Result<Vec<KnownSubject>, WeighError> {
    let defect = |what: String| WeighError::Catalog(format!("known_models.toml: {what}"));
    let mut errors = Vec::new();
    let models = Table::parse(MODELS)
        .map_err(|error| defect(error.message))
        .and_then(|file| read_models(file, library, &mut errors).map_err(defect))?;
    match errors.first() {
        None => Ok(models),
        Some(error) => Err(defect(error.message.clone())),
    }
}

fn read_models(
    mut file: Table,
    library: &Library,
    errors: &mut Vec<Diagnostic>,
) -> Result<Vec<KnownSubject>, String> {
    if file.count("format", errors) != Some(1) {
        file.missing("format = 1", errors);
    }
    let sources = read_sources(&mut file, errors);
    let mut models = Vec::new();
    for mut table in file.tables("model", errors) {
        let id = table.required_text("id", errors).unwrap_or_default();
        let name = table.required_text("name", errors).unwrap_or_default();
        let bounds = table.required_text("operations", errors);
        let key = table.required_text("source", errors);
        let source = key.and_then(|key| sources.get(&key));
        let source = source.ok_or_else(|| format!("`{id}` cites no source that is listed"))?;
        let origin = Origin {
            grade: Grade::Declared,
            method: PUBLISHED,
            sources: vec![source.clone()],
        };
        let mut facts = match table.table("facts", errors) {
            Some(facts) => Facts::read(facts, &library.dictionary, &origin, errors),
            None => Facts::new(),
        };
        table.finish(errors);
        let value = bounds.and_then(|bounds| operations(&bounds, library));
        let value = value.ok_or_else(|| format!("`{id}` has no bounds on its operations"))?;
        for convention in &library.conventions {
            let (value, origin) = (value.clone(), origin.clone());
            let name = FactName::of("operations", &convention.id);
            facts.insert(name, Fact { value, origin });
        }
        models.push(KnownSubject {
            kind: SubjectKind::Model,
            id,
            name,
            facts,
        });
    }
    file.finish(errors);
    Ok(models)
}

/// The titles of the sources by key; each says where to read it and how sure the reading is.
fn read_sources(file: &mut Table, errors: &mut Vec<Diagnostic>) -> BTreeMap<String, String> {
    let tables = file.table("source", errors).map(|mut t| t.take_all());
    let mut titles = BTreeMap::new();
    for (key, _, node) in tables.unwrap_or_default() {
        let Item::Table(mut source) = node.item else {
            continue;
        };
        let title = source.required_text("title", errors).unwrap_or_default();
        let href = source.required_text("href", errors);
        let certainty = source.required_text("certainty", errors);
        if certainty.is_none_or(|word| Certainty::parse(&word).is_none()) {
            source.missing("certainty", errors);
        }
        source.finish(errors);
        titles.insert(key, format!("{title} <{}>", href.unwrap_or_default()));
    }
    titles
}

/// Bounds that are not hard: of nine in ten such intervals we expect the truth inside.
const COVERAGE: Coverage = Coverage::Percent(90);

fn operations(bounds: &str, library: &Library) -> Option<Value> {
    let definition = library.dictionary.family("operations")?;
    let kind: &FactType = &definition.kind;
    let Value::Quantity(stated) = Value::parse(bounds, kind)? else {
        return None;
    };
    let (low, high) = (stated.low().cloned()?, stated.high().cloned()?);
    let estimate = Estimate::new(Some(low), None, Some(high), COVERAGE, PUBLISHED).ok()?;
    Some(Value::Quantity(estimate))
}

#[cfg(test)]
mod tests {
    use super::*;
    use weigh_facts::Decimal;

    fn subject(id: &str) -> KnownSubject {
        let all = known_subjects(&Library::shipped()).unwrap();
        all.into_iter().find(|s| s.id == id).unwrap()
    }

    fn bounds(subject: &KnownSubject, fact: &str) -> (Option<String>, Option<String>) {
        let fact = subject.facts.get(&fact.parse().unwrap()).unwrap();
        let Value::Quantity(estimate) = &fact.value else {
            panic!("{fact:?}");
        };
        let text = |d: Option<&Decimal>| d.map(Decimal::to_short);
        (text(estimate.low()), text(estimate.high()))
    }

    #[test]
    fn every_published_model_has_bounds_that_are_not_hard_and_a_source() {
        let library = Library::shipped();
        let all = known_subjects(&library).unwrap();
        let models: Vec<_> = all
            .iter()
            .filter(|s| s.kind == SubjectKind::Model)
            .collect();
        assert!(models.len() >= 12, "{}", models.len());
        for model in models {
            for convention in &library.conventions {
                let name = FactName::of("operations", &convention.id);
                let fact = model.facts.get(&name).unwrap();
                assert!(fact.origin.sources[0].contains("<https://"), "{}", model.id);
                let Value::Quantity(bounds) = &fact.value else {
                    panic!("{name}");
                };
                assert!(bounds.low() < bounds.high(), "{}", model.id);
                assert_eq!(bounds.coverage(), COVERAGE, "{}", model.id);
            }
        }
    }

    /// 6 N D of the model card, and the reading by chip time: rules of thumb from outside.
    #[test]
    fn the_largest_open_model_lies_above_the_line_of_the_act() {
        let found = bounds(&subject("llama-3.1-405b"), "operations.eu-cumulative");
        assert_eq!(found, (Some("379e23".into()), Some("505e23".into())));
    }

    /// 1979 TOPS x 8 bits in FP8; NVLink 900 and PCIe 128 GB/s; HBM3 at 3.35 TB/s.
    #[test]
    fn a_chip_has_the_figures_of_its_datasheet() {
        let h100 = subject("nvidia-h100-sxm");
        let (low, high) = bounds(&h100, "total_processing_performance");
        assert_eq!(low, high);
        let tpp: f64 = low.unwrap().parse().unwrap();
        assert!((tpp / 15_832.0 - 1.0).abs() < 0.01, "{tpp}");
        let (low, high) = bounds(&h100, "performance_density");
        assert!(low.is_some() && low <= high);
        assert!(h100.facts.get(&"item_kind".parse().unwrap()).is_some());
    }
}
