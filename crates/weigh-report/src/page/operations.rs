//! The operations that trained a model, in words.

use weigh_compute::{Agreement, Reconciliation};
use weigh_facts::{Estimate, Operations, Tokens};
use weigh_station::{
    ComputeProfile, ConventionTotal, MethodResult, ModelProfile, SixNd, StageProfile, Weighing,
};

use crate::clean::clean;
use crate::numbers::{
    Amount, grouped, is_known, line, ratio, rounded_down, rounded_up, share, short,
};
use crate::scale::same_bounds;

/// The operations in words.
#[derive(Clone, Debug)]
pub(crate) struct OperationsWords {
    /// All stages together; none if nothing is known.
    pub(crate) total: Option<Amount>,
    /// How pairs of attention are counted.
    pub(crate) attention: &'static str,
    /// Every stage.
    pub(crate) stages: Vec<StageWords>,
    /// The total under each counting convention.
    pub(crate) conventions: Vec<ConventionWords>,
    /// Every method that gave a number.
    pub(crate) methods: Vec<MethodWords>,
    /// How two methods stand side by side.
    pub(crate) reconciliation: Option<ReconciliationWords>,
    /// The rule of thumb, for comparison only.
    pub(crate) cross_check: Option<CrossCheckWords>,
    /// `below 1e24 up to 27,515 tokens per sequence`.
    pub(crate) break_evens: Vec<String>,
}

/// One stage in words.
#[derive(Clone, Debug)]
pub(crate) struct StageWords {
    /// `sft`, and what it was for if its name does not say: `sft (fine-tuning)`.
    pub(crate) name: String,
    /// `15,000,000,000,000 tokens`, `tokens not known`.
    pub(crate) tokens: String,
    /// `8,192 tokens per sequence`.
    pub(crate) sequences: String,
    /// `all weights`, `adapters only`.
    pub(crate) training: String,
    /// `7.72e23 FLOP, exact`, `not known`.
    pub(crate) operations: String,
    /// `attention core 12 %`.
    pub(crate) core: Option<String>,
    pub(crate) sources: String,
}

/// A total under a convention in words.
#[derive(Clone, Debug)]
pub(crate) struct ConventionWords {
    pub(crate) id: String,
    pub(crate) title: String,
    pub(crate) total: String,
    pub(crate) open_because: String,
    /// Is it the same as that of all stages?
    pub(crate) is_total: bool,
}

/// A method in words.
#[derive(Clone, Debug)]
pub(crate) struct MethodWords {
    pub(crate) title: String,
    pub(crate) id: String,
    pub(crate) total: String,
    pub(crate) inputs: String,
    pub(crate) cannot_see: String,
}

/// Two methods side by side in words.
#[derive(Clone, Debug)]
pub(crate) struct ReconciliationWords {
    pub(crate) is_conflict: bool,
    /// `AGREE` or `CONFLICT`.
    pub(crate) verdict: &'static str,
    /// What that means here, in a sentence.
    pub(crate) sentence: String,
    /// Why it may be so.
    pub(crate) causes: Vec<String>,
}

/// The rule of thumb in words.
#[derive(Clone, Debug)]
pub(crate) struct CrossCheckWords {
    /// With the parameters one token passes.
    pub(crate) active: String,
    /// For a mixture of experts: why all parameters would be wrong, with the figure.
    pub(crate) all_parameters: Option<String>,
}

impl OperationsWords {
    /// Do two methods contradict each other?
    pub(crate) fn is_in_conflict(&self) -> bool {
        self.reconciliation.as_ref().is_some_and(|r| r.is_conflict)
    }

    /// Puts the operations into words.
    pub(crate) fn of(weighing: &Weighing) -> Self {
        let compute = &weighing.compute;
        let six_n_d = compute.six_n_d.as_ref();
        Self {
            total: compute
                .operations
                .as_ref()
                .filter(|e| is_known(&e.map_increasing(|o| o.to_decimal())))
                .map(Amount::of),
            attention: attention(compute.attention),
            stages: compute.stages.iter().map(stage).collect(),
            conventions: compute
                .conventions
                .iter()
                .map(|c| convention(c, compute))
                .collect(),
            methods: compute.methods.iter().map(method).collect(),
            reconciliation: reconciliation(compute),
            cross_check: six_n_d.map(|s| cross_check(s, compute, weighing.model.as_ref())),
            break_evens: break_evens(compute),
        }
    }
}

fn attention(name: &'static str) -> &'static str {
    match name {
        "causal-exact" => "exact causal attention: the pairs the algorithm needs, s(s+1)/2",
        "full" => "the full square of attention, whatever the mask",
        other => other,
    }
}

fn stage(stage: &StageProfile) -> StageWords {
    let best = stage.operations.as_ref().and_then(Estimate::best);
    let core = best
        .zip(stage.attention_core)
        .and_then(|(all, core)| share(core, *all));
    StageWords {
        name: if stage.id == stage.purpose {
            clean(&stage.id)
        } else {
            format!("{} ({})", clean(&stage.id), stage.purpose)
        },
        tokens: stage
            .tokens
            .as_ref()
            .map_or_else(|| "tokens not known".to_owned(), tokens),
        sequences: sequences(&stage.sequence_length),
        training: match stage.training {
            "full" => "all weights".to_owned(),
            "adapter" => "adapters only".to_owned(),
            other => other.to_owned(),
        },
        operations: words_or_unknown(stage.operations.as_ref()),
        core: core.map(|percent| format!("attention core {percent}")),
        sources: clean(&stage.sources.join("; ")),
    }
}

/// The station says `8192`, `3 lengths` or `unknown`.
fn sequences(length: &str) -> String {
    if length == "unknown" {
        return "sequence length not known".to_owned();
    }
    let digits: String = length.chars().filter(|c| *c != ',').collect();
    match digits.parse::<u64>() {
        Ok(length) => format!("{} tokens per sequence", grouped(length)),
        Err(_) => format!("sequences of {}", clean(length)),
    }
}

fn words_or_unknown(estimate: Option<&Estimate<Operations>>) -> String {
    let known = estimate.filter(|e| is_known(&e.map_increasing(|o| o.to_decimal())));
    known.map_or_else(|| "not known".to_owned(), |e| Amount::of(e).in_one_line())
}

fn tokens(estimate: &Estimate<Tokens>) -> String {
    let whole = |t: &Tokens| grouped(t.0);
    match (estimate.low(), estimate.best(), estimate.high()) {
        (Some(l), _, Some(h)) if l == h => format!("{} tokens", whole(l)),
        (Some(l), Some(b), Some(h)) => {
            format!("{} tokens ({} to {})", whole(b), whole(l), whole(h))
        }
        (Some(l), None, Some(h)) => format!("{} to {} tokens", whole(l), whole(h)),
        (Some(l), _, None) => format!("at least {} tokens", whole(l)),
        (None, _, Some(h)) => format!("at most {} tokens", whole(h)),
        (None, Some(b), None) => format!("about {} tokens", whole(b)),
        (None, None, None) => "tokens not known".to_owned(),
    }
}

fn convention(total: &ConventionTotal, compute: &ComputeProfile) -> ConventionWords {
    let both = total.operations.as_ref().zip(compute.operations.as_ref());
    ConventionWords {
        is_total: both.is_some_and(|(one, all)| same_bounds(one, all)),
        id: clean(&total.id),
        title: clean(&total.title),
        total: words_or_unknown(total.operations.as_ref()),
        open_because: clean(&total.open_because.join("; ")),
    }
}

fn method(result: &MethodResult) -> MethodWords {
    MethodWords {
        title: result.title.to_owned(),
        id: clean(&result.id),
        total: Amount::of(&result.operations).in_one_line(),
        inputs: clean(&result.inputs.join("; ")),
        cannot_see: result.cannot_see.to_owned(),
    }
}

fn reconciliation(compute: &ComputeProfile) -> Option<ReconciliationWords> {
    let found = compute.reconciliation.as_ref()?;
    let is_conflict = found.verdict == Agreement::Conflict;
    let title = |index: usize| {
        compute
            .methods
            .get(index)
            .map_or("the other method", |m| m.title)
    };
    let (count, other) = (title(0), title(1));
    let sentence = if is_conflict {
        let envelope = Amount::of(&found.envelope);
        format!(
            "the bounds of {count} and {other} do not overlap{}; neither is preferred: their \
             envelope is {}",
            times(found, ": ", count),
            envelope.in_one_line(),
        )
    } else {
        format!(
            "the bounds of {count} and {other} overlap{}",
            times(found, "; ", count)
        )
    };
    Some(ReconciliationWords {
        is_conflict,
        verdict: if is_conflict { "CONFLICT" } else { "AGREE" },
        sentence,
        causes: found
            .likely_causes
            .iter()
            .map(|c| c.says.to_owned())
            .collect(),
    })
}

/// `; the second is 0.92 to 1.31 times operation count`.
fn times(found: &Reconciliation, joint: &str, count: &str) -> String {
    let low = found.ratio_low.as_ref().map(rounded_down);
    let high = found.ratio_high.as_ref().map(rounded_up);
    match (low, high) {
        (Some(l), Some(h)) => format!("{joint}the second gives {l} to {h} times the {count}"),
        (Some(l), None) => format!("{joint}the second gives at least {l} times the {count}"),
        (None, Some(h)) => format!("{joint}the second gives at most {h} times the {count}"),
        (None, None) => String::new(),
    }
}

fn cross_check(
    six_n_d: &SixNd,
    compute: &ComputeProfile,
    model: Option<&ModelProfile>,
) -> CrossCheckWords {
    let count = compute
        .operations
        .as_ref()
        .and_then(Estimate::best)
        .copied();
    let beside = |figure: Operations| {
        let times = count.and_then(|count| ratio(figure, count));
        times.map_or_else(String::new, |t| format!(", {t} times the count"))
    };
    let active = format!(
        "6 × N × D with the parameters one token passes: {} FLOP{}; a cross-check, not our count",
        short(six_n_d.active),
        beside(six_n_d.active)
    );
    let configured = model.filter(|m| m.from_config);
    let moe = configured.and_then(|m| m.moe.as_ref().map(|moe| (m, moe)));
    let all_parameters = moe.map(|(model, moe)| {
        let against = count.unwrap_or(six_n_d.active);
        let times = ratio(six_n_d.total, against);
        format!(
            "Counting all {} parameters would give {} FLOP beside {} FLOP{}, and would be wrong: \
             a token passes {} of {} experts, so most of those parameters do no work on it.",
            model.total,
            short(six_n_d.total),
            short(against),
            times.map_or_else(String::new, |t| format!(", {t} times as much")),
            grouped(moe.active),
            grouped(moe.experts),
        )
    });
    CrossCheckWords {
        active,
        all_parameters,
    }
}

fn break_evens(compute: &ComputeProfile) -> Vec<String> {
    let sentences = compute.break_evens.iter().map(|b| {
        let tokens = grouped(b.tokens_per_sequence);
        format!("below {} up to {tokens} tokens per sequence", line(&b.line))
    });
    sentences.collect()
}
