//! Totals over a pipeline of stages, as a counting convention says.

use weigh_facts::{
    Convention, Coverage, DataVisibility, Estimate, Inclusion, MethodId, Operations, Purpose, Stage,
};

/// The method: the sum of stages under a convention.
pub const LINEAGE_SUM: MethodId = MethodId::new("lineage-sum/1");

/// A total and how it came about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LineageTotal {
    /// The name of the convention: `eu-cumulative`.
    pub convention: String,
    /// The sum. Its lower bound is always there: stages without a number add nothing to it.
    pub estimate: Estimate<Operations>,
    /// What the convention made of each stage, in the order given.
    pub stages: Vec<StageShare>,
    /// Stages that leave the upper bound open, by name.
    pub open: Vec<String>,
}

/// What a convention made of one stage.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StageShare {
    /// The stage.
    pub stage: String,
    /// Was it counted?
    pub inclusion: Inclusion,
}

/// Does `convention` count this stage?
///
/// Where the convention leaves out public synthetic data and the data's visibility is not known,
/// the answer is that it is unclear.
#[must_use]
pub fn inclusion(convention: &Convention, stage: &Stage) -> Inclusion {
    let by_purpose = convention.inclusion(stage.purpose);
    let synthetic = stage.purpose == Purpose::SyntheticData;
    if !(synthetic && convention.excludes_public_synthetic) {
        return by_purpose;
    }
    match stage.data_visibility {
        Some(DataVisibility::Public) => Inclusion::No,
        Some(DataVisibility::Private) => by_purpose,
        None => by_purpose.min(Inclusion::Unclear),
    }
}

/// The sum over `stages` as `convention` counts them.
///
/// A stage it counts adds to both bounds; one it is unclear about adds to the upper bound alone;
/// one it leaves out adds to neither. A counted or unclear stage without a number, or without an
/// upper bound, opens the upper bound of the sum: it is never taken for zero.
/// The coverage is the weakest of those that were added.
#[must_use]
pub fn lineage_total(
    convention: &Convention,
    stages: &[(&Stage, Option<&Estimate<Operations>>)],
) -> LineageTotal {
    let mut sum = Sum::default();
    let mut shares = Vec::with_capacity(stages.len());
    let mut open = Vec::new();
    for (stage, estimate) in stages {
        let inclusion = inclusion(convention, stage);
        let stage_id = stage.id.clone();
        if sum.add(inclusion, *estimate).is_none() {
            open.push(stage_id.clone());
        }
        shares.push(StageShare {
            stage: stage_id,
            inclusion,
        });
    }
    let high = sum.high.filter(|_| open.is_empty());
    let best = sum.best.filter(|b| high.is_none_or(|h| *b <= h));
    let estimate = Estimate::new(
        Some(Operations(sum.low)),
        best.filter(|b| *b >= sum.low).map(Operations),
        high.map(Operations),
        sum.coverage,
        LINEAGE_SUM,
    );
    LineageTotal {
        convention: convention.id.clone(),
        estimate: estimate.unwrap_or_else(|_| Estimate::exact(Operations(0), LINEAGE_SUM)),
        stages: shares,
        open,
    }
}

struct Sum {
    low: u128,
    best: Option<u128>,
    high: Option<u128>,
    coverage: Coverage,
}

impl Default for Sum {
    fn default() -> Self {
        Self {
            low: 0,
            best: Some(0),
            high: Some(0),
            coverage: Coverage::Hard,
        }
    }
}

impl Sum {
    /// Nothing when the stage leaves the upper bound open.
    fn add(&mut self, inclusion: Inclusion, estimate: Option<&Estimate<Operations>>) -> Option<()> {
        if inclusion == Inclusion::No {
            return Some(());
        }
        let Some(estimate) = estimate else {
            self.best = None;
            return None;
        };
        self.coverage = self.coverage.min(estimate.coverage());
        if inclusion == Inclusion::Yes {
            // A sum that does not fit 128 bits is above every line; its lower bound saturates.
            let low = estimate.low().map_or(0, |o| o.0);
            self.low = self.low.saturating_add(low);
            let both = self.best.zip(estimate.best());
            self.best = both.and_then(|(sum, b)| sum.checked_add(b.0));
        } else {
            self.best = None;
        }
        let high = estimate.high()?;
        self.high = Some(self.high?.checked_add(high.0)?);
        Some(())
    }
}
