//! Operations of every stage, their totals under every convention, and what other methods say.

use weigh_compute::{
    Agreement, ChipCatalog, Circumstances, CountOptions, OperationProfile, Reconciliation,
    StageOperations, chip_time, lineage_total, reconcile, six_n_d, stage_operations,
};
use weigh_facts::{
    Architecture, Convention, Decimal, Estimate, Facts, Grade, Inclusion, MethodId, Operations,
    Purpose, SequenceLength, Stage, Tokens, Value,
};

use crate::error::WeighError;
use crate::model;
use crate::weighing::{
    BreakEven, ComputeProfile, ConventionTotal, MethodResult, ModelProfile, SixNd, StageProfile,
};

/// What one stage amounts to.
struct Counted<'a> {
    stage: &'a Stage,
    /// By operation count, or as declared.
    count: Option<StageOperations>,
    /// By chip time.
    chips: Option<StageOperations>,
    declared: bool,
}

impl Counted<'_> {
    /// What totals go on with: the count; the envelope of both methods where they cannot both be
    /// right; chip time where nothing can be counted.
    fn estimate(&self) -> Option<Estimate<Operations>> {
        let count = self.count.as_ref().map(|c| &c.estimate);
        let chips = self.chips.as_ref().map(|c| &c.estimate);
        match (count, chips) {
            (Some(count), Some(chips)) if !self.declared => {
                Some(reconcile(count, chips, &Circumstances::default()).chosen)
            }
            (count, chips) => count.or(chips).cloned(),
        }
    }
}

type Estimates<'a> = Vec<(&'a Stage, Option<&'a Estimate<Operations>>)>;

/// Counts every stage, totals them, and compares methods.
pub(crate) fn profile(
    model: Option<&ModelProfile>,
    stages: &[Stage],
    conventions: &[&Convention],
) -> Result<ComputeProfile, WeighError> {
    let architecture = model.map(|m| &m.architecture);
    let counted: Vec<Counted<'_>> = stages
        .iter()
        .map(|stage| count(architecture, stage))
        .collect::<Result<_, _>>()?;
    let chosen: Vec<Option<Estimate<Operations>>> = counted.iter().map(Counted::estimate).collect();
    let pairs: Estimates<'_> = stages
        .iter()
        .zip(chosen.iter().map(Option::as_ref))
        .collect();
    let by_count = counted
        .iter()
        .map(|c| c.count.as_ref().map(|o| &o.estimate));
    let by_count: Estimates<'_> = stages.iter().zip(by_count).collect();
    let count = total(&by_count).map(|estimate| operation_method(&estimate, &counted));
    let chips = chip_method(&counted);
    let reconciliation = match (&chips, comparable(&counted)) {
        (Some(chips), Some(count)) => Some(compare(&count, &chips.operations, model, stages)),
        _ => None,
    };
    Ok(ComputeProfile {
        operations: total(&pairs),
        attention: CountOptions::default().convention.as_str(),
        stages: counted.iter().map(|c| describe(architecture, c)).collect(),
        conventions: conventions
            .iter()
            .map(|c| convention_total(c, &pairs))
            .collect(),
        methods: count.into_iter().chain(chips).collect(),
        reconciliation,
        six_n_d: model
            .filter(|m| m.from_config)
            .and_then(|m| cross_check(m, stages)),
        break_evens: Vec::new(),
    })
}

fn count<'a>(
    architecture: Option<&Architecture>,
    stage: &'a Stage,
) -> Result<Counted<'a>, WeighError> {
    let declared = stage.declared_operations.is_some();
    if let (Some(stated), Some(architecture)) = (&stage.declared_operations, architecture) {
        compare_declared(stated, architecture, stage)?;
    }
    let count = match (&stage.declared_operations, architecture) {
        (Some(declared), _) => Some(StageOperations {
            estimate: declared.clone(),
            assumptions: vec![format!("operations declared in {}", stage.place)],
        }),
        (None, Some(architecture)) => {
            stage_operations(architecture, stage, CountOptions::default())?
        }
        (None, None) => None,
    };
    let chips = match &stage.chips {
        Some(chips) => {
            let catalog = ChipCatalog::shipped().map_err(|e| WeighError::Catalog(e.to_string()))?;
            Some(chip_time(catalog, chips)?)
        }
        None => None,
    };
    Ok(Counted {
        stage,
        count,
        chips,
        declared,
    })
}

/// Operations stated for a stage of this model must not contradict its own tokens.
fn compare_declared(
    stated: &Estimate<Operations>,
    architecture: &Architecture,
    stage: &Stage,
) -> Result<(), WeighError> {
    if !stage.purpose.updates_parameters() {
        return Ok(());
    }
    let Some(counted) = stage_operations(architecture, stage, CountOptions::default())? else {
        return Ok(());
    };
    let below = |a: &Estimate<Operations>, b: &Estimate<Operations>| {
        a.high().zip(b.low()).is_some_and(|(high, low)| high < low)
    };
    let counted = &counted.estimate;
    if below(stated, counted) || below(counted, stated) {
        let shown = |e: &Estimate<Operations>| {
            let value = e.best().or(e.low()).or(e.high());
            value.map_or_else(String::new, ToString::to_string)
        };
        return Err(WeighError::Contradiction {
            what: format!("the operations of stage `{}`", stage.id),
            one: format!("the stated `operations` ({})", shown(stated)),
            other: format!("its `tokens` ({})", shown(counted)),
        });
    }
    Ok(())
}

/// Every stage together, whatever a convention would leave out. A stage that nobody can count
/// opens the upper bound.
fn total(pairs: &[(&Stage, Option<&Estimate<Operations>>)]) -> Option<Estimate<Operations>> {
    pairs.iter().find(|(_, estimate)| estimate.is_some())?;
    let all = Convention {
        id: "all-stages".to_owned(),
        title: "every stage".to_owned(),
        includes: Purpose::ALL
            .iter()
            .map(|p| {
                (
                    *p,
                    Inclusion::Yes,
                    weigh_facts::SourceKey("weighbridge".to_owned()),
                )
            })
            .collect(),
        excludes_public_synthetic: false,
        allowed_margin: None,
    };
    Some(lineage_total(&all, pairs).estimate)
}

fn convention_total(
    convention: &Convention,
    pairs: &[(&Stage, Option<&Estimate<Operations>>)],
) -> ConventionTotal {
    let total = lineage_total(convention, pairs);
    let open_because = total
        .open
        .iter()
        .map(|stage| format!("stage `{stage}` has no upper bound"))
        .collect();
    ConventionTotal {
        id: convention.id.clone(),
        title: convention.title.clone(),
        operations: (!pairs.is_empty()).then_some(total.estimate),
        open_because,
    }
}

fn operation_method(estimate: &Estimate<Operations>, counted: &[Counted<'_>]) -> MethodResult {
    let mut inputs = Vec::new();
    for one in counted {
        let Some(operations) = &one.count else {
            inputs.push(format!("{}: not counted", one.stage.id));
            continue;
        };
        let notes = operations.assumptions.join("; ");
        inputs.push(format!("{}: {notes}", one.stage.id));
    }
    MethodResult {
        id: "operation-count/1".to_owned(),
        title: "operation count",
        operations: estimate.clone(),
        inputs,
        cannot_see: "runs and data that nobody declared; padding and recomputation, which it leaves out on purpose",
    }
}

/// Chip time over all stages that name chips.
fn chip_method(counted: &[Counted<'_>]) -> Option<MethodResult> {
    let with_chips = || {
        counted
            .iter()
            .filter_map(|c| Some((c.stage, c.chips.as_ref()?)))
    };
    let inputs =
        with_chips().map(|(stage, o)| format!("{}: {}", stage.id, o.assumptions.join("; ")));
    let operations = sum(with_chips().map(|(_, o)| &o.estimate))?;
    Some(MethodResult {
        id: operations.method().to_string(),
        title: "chip time × peak × utilization",
        operations,
        inputs: inputs.collect(),
        cannot_see: "what the chips did: idle time, failed runs and recomputation count as work",
    })
}

/// The operation count over the stages that also name chips: the part both methods see.
fn comparable(counted: &[Counted<'_>]) -> Option<Estimate<Operations>> {
    let both: Vec<&Counted<'_>> = counted.iter().filter(|c| c.chips.is_some()).collect();
    if both.iter().any(|c| c.declared || c.count.is_none()) {
        return None;
    }
    sum(both
        .iter()
        .filter_map(|c| c.count.as_ref().map(|o| &o.estimate)))
}

fn sum<'a>(
    estimates: impl Iterator<Item = &'a Estimate<Operations>>,
) -> Option<Estimate<Operations>> {
    estimates
        .cloned()
        .reduce(|a, b| a.plus(&b, |x, y| Operations(x.0.saturating_add(y.0))))
}

fn compare(
    count: &Estimate<Operations>,
    chips: &Estimate<Operations>,
    model: Option<&ModelProfile>,
    stages: &[Stage],
) -> Reconciliation {
    let with_chips = || stages.iter().filter(|s| s.chips.is_some());
    let ratio = model.filter(|m| m.moe.is_some()).and_then(|m| {
        m.total
            .to_decimal()
            .quotient_down(&m.active.to_decimal(), 6)
    });
    let circumstances = Circumstances {
        total_to_active: ratio,
        is_low_rank: with_chips().any(|s| s.adaptation != weigh_facts::Adaptation::Full),
        whole_project_hours: with_chips()
            .any(|s| s.chips.as_ref().is_some_and(|c| c.whole_project)),
    };
    reconcile(count, chips, &circumstances)
}

/// Does the reconciliation say that the methods cannot both be right?
pub(crate) fn is_conflict(reconciliation: Option<&Reconciliation>) -> bool {
    reconciliation.is_some_and(|r| r.verdict == Agreement::Conflict)
}

fn cross_check(model: &ModelProfile, stages: &[Stage]) -> Option<SixNd> {
    let trains = |s: &&Stage| s.purpose.updates_parameters() || s.purpose == Purpose::BaseModel;
    let mut tokens = 0_u64;
    for stage in stages.iter().filter(trains) {
        let known = &stage.tokens.as_ref()?.tokens;
        tokens = tokens.checked_add(known.best().or(known.low())?.0)?;
    }
    (tokens > 0).then(|| SixNd {
        active: six_n_d(model.active, Tokens(tokens)),
        total: six_n_d(model.total, Tokens(tokens)),
    })
}

fn describe(architecture: Option<&Architecture>, counted: &Counted<'_>) -> StageProfile {
    let stage = counted.stage;
    let mut sources = vec![stage.place.to_string()];
    if let Some(tokens) = &stage.tokens
        && tokens.place != stage.place
    {
        sources.push(tokens.place.to_string());
    }
    sources.extend(remarks(stage));
    StageProfile {
        id: stage.id.clone(),
        purpose: stage.purpose.as_str(),
        tokens: stage.tokens.as_ref().map(|t| t.tokens.clone()),
        sequence_length: match &stage.sequence_length {
            SequenceLength::Fixed(length) => length.to_string(),
            SequenceLength::Distribution(shares) => format!("{} lengths", shares.len()),
            SequenceLength::Unknown => "unknown".to_owned(),
        },
        training: match stage.adaptation {
            weigh_facts::Adaptation::Full => "full",
            weigh_facts::Adaptation::LowRank { .. } => "adapter",
        },
        operations: counted.estimate(),
        attention_core: architecture.and_then(|a| attention_core(a, counted)),
        sources,
    }
}

/// What a declaration says of a stage beside its numbers.
fn remarks(stage: &Stage) -> Vec<String> {
    let mut remarks = Vec::new();
    let mut add = |words: &str, value: Option<String>| {
        remarks.extend(value.map(|v| format!("{words} {v}")));
    };
    add(
        "started from, as declared and not followed:",
        stage.base_model.clone(),
    );
    add("data generated by", stage.generator.clone());
    add("done by", stage.developer.clone());
    add("ended on", stage.date.map(|d| d.to_string()));
    let visibility = stage.data_visibility.map(|v| match v {
        weigh_facts::DataVisibility::Public => "public".to_owned(),
        weigh_facts::DataVisibility::Private => "not public".to_owned(),
    });
    add("data", visibility);
    if stage.discarded {
        remarks.push("results thrown away, and counted all the same".to_owned());
    }
    remarks
}

/// The part that is quadratic in sequence length, where the count is exact.
fn attention_core(architecture: &Architecture, counted: &Counted<'_>) -> Option<Operations> {
    let exact = *counted.estimate()?.as_exact()?;
    let tokens = counted.stage.tokens.as_ref()?.tokens.as_exact()?;
    if counted.declared || counted.stage.purpose.is_forward_only() {
        return None;
    }
    let scope = CountOptions::default().scope;
    let training =
        OperationProfile::training(architecture, &counted.stage.adaptation, scope).ok()?;
    let linear = training.profile.linear_part(*tokens).ok()?;
    exact.0.checked_sub(linear.0).map(Operations)
}

/// For every line between the bounds: the longest sequence that stays at or below it. Only for a
/// single counted stage of unknown length, where the question has one answer.
pub(crate) fn break_evens(
    model: Option<&ModelProfile>,
    stages: &[Stage],
    operations: Option<&Estimate<Operations>>,
    lines: &[Decimal],
) -> Vec<BreakEven> {
    let (Some(model), [stage], Some(estimate)) = (model, stages, operations) else {
        return Vec::new();
    };
    let (Some(tokens), SequenceLength::Unknown) = (&stage.tokens, &stage.sequence_length) else {
        return Vec::new();
    };
    let Some(tokens) = tokens
        .tokens
        .as_exact()
        .filter(|_| estimate.high().is_some())
    else {
        return Vec::new();
    };
    let scope = CountOptions::default().scope;
    let Ok(training) = OperationProfile::training(&model.architecture, &stage.adaptation, scope)
    else {
        return Vec::new();
    };
    let between = |line: &&Decimal| {
        estimate.low().is_some_and(|l| l.to_decimal() <= **line)
            && estimate.high().is_none_or(|h| h.to_decimal() > **line)
    };
    let convention = CountOptions::default().convention;
    let at = |line: &Decimal| {
        let tokens_per_sequence = training.profile.break_even(*tokens, line, convention)?;
        Some(BreakEven {
            line: line.clone(),
            tokens_per_sequence,
        })
    };
    let mut found: Vec<BreakEven> = lines.iter().filter(between).filter_map(at).collect();
    found.dedup();
    found
}

/// What a file of facts says of operations; nothing was counted here.
pub(crate) fn from_facts(facts: &Facts) -> ComputeProfile {
    let mut conventions = Vec::new();
    for (name, fact) in facts.iter().filter(|(n, _)| n.family() == "operations") {
        let (Some(id), Value::Quantity(estimate)) = (name.convention(), &fact.value) else {
            continue;
        };
        let whole = |d: &Decimal| Operations(d.to_u128().unwrap_or(u128::MAX));
        conventions.push(ConventionTotal {
            id: id.to_owned(),
            title: id.to_owned(),
            operations: Some(estimate.map_increasing(whole)),
            open_because: Vec::new(),
        });
    }
    ComputeProfile {
        operations: None,
        attention: CountOptions::default().convention.as_str(),
        stages: Vec::new(),
        conventions,
        methods: Vec::new(),
        reconciliation: None,
        six_n_d: None,
        break_evens: Vec::new(),
    }
}

const ADDED: MethodId = MethodId::new("added-share/1");

/// Facts about operations: the total per convention, and what a modification added.
pub(crate) fn operation_facts(
    facts: &mut Facts,
    compute: &ComputeProfile,
    stages: &[Stage],
    conventions: &[&Convention],
) -> Result<(), WeighError> {
    let sources: Vec<String> = stages.iter().map(|s| s.place.to_string()).collect();
    for total in &compute.conventions {
        let Some(estimate) = &total.operations else {
            continue;
        };
        // "Zero or more" is not knowledge: the fact is missing, and asked for.
        if estimate.high().is_none() && estimate.low().is_none_or(|l| l.0 == 0) {
            continue;
        }
        let name = format!("operations.{}", total.id);
        let method = estimate.method().clone();
        let value = Value::Quantity(estimate.map_increasing(|o| o.to_decimal()));
        model::add(facts, &name, value, Grade::Computed, &method, &sources)?;
    }
    let has_base = stages
        .iter()
        .any(|s| matches!(s.purpose, Purpose::BaseModel | Purpose::MergedModel));
    if !has_base {
        return Ok(());
    }
    let estimates: Vec<Option<&Estimate<Operations>>> = compute
        .stages
        .iter()
        .map(|s| s.operations.as_ref())
        .collect();
    for convention in conventions {
        let part = |wanted: bool| {
            let pairs: Vec<_> = stages
                .iter()
                .zip(&estimates)
                .filter(|(s, _)| {
                    matches!(s.purpose, Purpose::BaseModel | Purpose::MergedModel) == wanted
                })
                .map(|(s, e)| (s, *e))
                .collect();
            lineage_total(convention, &pairs).estimate
        };
        let (base, added) = (part(true), part(false));
        let value = Value::Quantity(added.map_increasing(|o| o.to_decimal()));
        let name = format!("operations_added.{}", convention.id);
        model::add(facts, &name, value, Grade::Computed, &ADDED, &sources)?;
        if let Some(share) = added_share(&added, &base) {
            let name = format!("operations_added_share.{}", convention.id);
            model::add(
                facts,
                &name,
                Value::Quantity(share),
                Grade::Computed,
                &ADDED,
                &sources,
            )?;
        }
    }
    Ok(())
}

/// added / (added + base), with bounds. The share grows with the addition and falls with the base,
/// so its bounds are at opposite corners; an interval division would count the addition twice.
fn added_share(
    added: &Estimate<Operations>,
    base: &Estimate<Operations>,
) -> Option<Estimate<Decimal>> {
    let share = |added: Option<&Operations>, base: Option<&Operations>, up: bool| {
        let (a, b) = (added?.to_decimal(), base?.to_decimal());
        let sum = &a + &b;
        if up {
            a.quotient_up(&sum, 12)
        } else {
            a.quotient_down(&sum, 12)
        }
    };
    let low = share(added.low(), base.high(), false).or_else(|| Some(Decimal::zero()));
    let high = share(added.high(), base.low(), true).or_else(|| Some(Decimal::from(1_u64)));
    Estimate::new(
        low,
        None,
        high,
        added.coverage().min(base.coverage()),
        ADDED,
    )
    .ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn between(low: u128, high: u128) -> Estimate<Operations> {
        Estimate::between(Operations(low), Operations(high), ADDED)
    }

    #[test]
    fn the_added_share_takes_opposite_corners() {
        let share = added_share(&between(1, 2), &between(8, 9)).unwrap();
        assert_eq!(share.low(), Some(&"0.1".parse().unwrap()));
        assert_eq!(share.high(), Some(&"0.2".parse().unwrap()));
    }

    #[test]
    fn an_unknown_base_leaves_the_share_open_to_one_side() {
        let open = Estimate::new(
            Some(Operations(0)),
            None,
            None,
            weigh_facts::Coverage::Hard,
            ADDED,
        )
        .unwrap();
        let share = added_share(&between(1, 2), &open).unwrap();
        assert_eq!(share.low(), Some(&Decimal::zero()));
        assert_eq!(share.high(), Some(&Decimal::from(1_u64)));
    }
}
