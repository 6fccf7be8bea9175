//! What a model is, as a profile for readers and as facts for rules.

use weigh_compute::HeaderMatch;
use weigh_facts::{
    Architecture, Decimal, Estimate, Fact, FactName, Facts, Grade, MethodId, Origin, Parameters,
    Part, TensorSeen, TowerRole, Value,
};

use crate::error::WeighError;
use crate::weighing::{AdapterProfile, ModelProfile};

const VIEWS: MethodId = MethodId::new("parameter-views/1");

/// The parameter views of an architecture.
pub(crate) fn profile(
    architecture: Architecture,
    from_config: bool,
    headers: Option<HeaderMatch>,
) -> Result<ModelProfile, WeighError> {
    let too_large = |_| WeighError::Overflow {
        what: "the number of parameters".to_owned(),
    };
    Ok(ModelProfile {
        total: architecture.parameters().map_err(too_large)?,
        active: architecture.active_parameters().map_err(too_large)?,
        active_without_input_embedding: architecture
            .active_without_input_embedding()
            .map_err(too_large)?,
        input_embedding: architecture
            .parameters_of(Part::InputEmbedding)
            .map_err(too_large)?,
        routed_experts: architecture
            .parameters_of(Part::RoutedExpert)
            .map_err(too_large)?,
        moe: architecture.moe().map_err(too_large)?,
        kv_elements_per_token: from_config.then(|| architecture.kv_elements_per_token()),
        headers,
        from_config,
        architecture,
    })
}

/// Adds a fact that was found. What a person declared or took for granted stands, if the two can
/// both be true; if not, that is a contradiction and not a choice.
pub(crate) fn add(
    facts: &mut Facts,
    name: &str,
    value: Value,
    grade: Grade,
    method: &MethodId,
    sources: &[String],
) -> Result<(), WeighError> {
    let Ok(name) = name.parse::<FactName>() else {
        return Ok(());
    };
    let value = match value {
        Value::Quantity(estimate) => Value::Quantity(estimate.by(method.clone())),
        other => other,
    };
    if let Some(stated) = facts.get(&name) {
        // What was only inferred gives way to what somebody knows.
        if grade < Grade::Computed || can_both_be(&stated.value, &value) {
            return Ok(());
        }
        return Err(WeighError::Contradiction {
            what: format!("the fact `{name}`"),
            one: format!(
                "what is {} ({})",
                stated.origin.grade.as_str(),
                stated.origin.sources.join(", ")
            ),
            other: format!("what the files say ({})", sources.join(", ")),
        });
    }
    let origin = Origin {
        grade,
        method: method.clone(),
        sources: sources.to_vec(),
    };
    facts.insert(name, Fact { value, origin });
    Ok(())
}

fn can_both_be(stated: &Value, found: &Value) -> bool {
    let (Value::Quantity(a), Value::Quantity(b)) = (stated, found) else {
        return stated == found;
    };
    let below = |a: &Estimate<Decimal>, b: &Estimate<Decimal>| {
        a.high().zip(b.low()).is_some_and(|(high, low)| high < low)
    };
    !below(a, b) && !below(b, a)
}

fn count(parameters: Parameters) -> Value {
    Value::Quantity(Estimate::exact(parameters.to_decimal(), VIEWS))
}

/// Facts that the files of a model settle.
pub(crate) fn model_facts(
    facts: &mut Facts,
    model: &ModelProfile,
    sources: &[String],
) -> Result<(), WeighError> {
    let mut known = |name, value, grade| add(facts, name, value, grade, &VIEWS, sources);
    known("parameters_total", count(model.total), Grade::Computed)?;
    if model.from_config {
        known("parameters_active", count(model.active), Grade::Computed)?;
        known("is_moe", Value::Bool(model.moe.is_some()), Grade::Measured)?;
    } else if model.moe.is_some() {
        // Tensor names can show that experts are there; they cannot show that none are.
        known("is_moe", Value::Bool(true), Grade::Inferred)?;
    }
    if let Some(context) = model.architecture.context_tokens {
        let tokens = Value::Quantity(Estimate::exact(Decimal::from(context), VIEWS));
        known("context_tokens", tokens, Grade::Measured)?;
    }
    let generates = |tower: &weigh_facts::Tower| {
        tower.role == TowerRole::Decoder && tower.tail.iter().any(|o| o.part == Part::Head)
    };
    if model.from_config && model.architecture.towers.iter().any(generates) {
        known(
            "can_generate_language_or_images",
            Value::Bool(true),
            Grade::Inferred,
        )?;
    }
    Ok(())
}

/// Facts that the presence of weights settles: floating-point tensors at hand can be adapted.
pub(crate) fn weight_facts(
    facts: &mut Facts,
    tensors: &[TensorSeen],
    sources: &[String],
) -> Result<(), WeighError> {
    let floats = tensors
        .iter()
        .any(|t| t.dtype.is_float() && t.shape.len() >= 2);
    if !floats {
        return Ok(());
    }
    let method = MethodId::new("tensor-types/1");
    let value = Value::Bool(true);
    add(
        facts,
        "lora_capable",
        value,
        Grade::Inferred,
        &method,
        sources,
    )
}

/// Whether the subject is an adapter.
pub(crate) fn adapter_facts(
    facts: &mut Facts,
    adapter: Option<&AdapterProfile>,
    sources: &[String],
) -> Result<(), WeighError> {
    let method = MethodId::new("adapter-files/1");
    let value = Value::Bool(adapter.is_some());
    add(
        facts,
        "is_adapter",
        value,
        Grade::Measured,
        &method,
        sources,
    )
}
