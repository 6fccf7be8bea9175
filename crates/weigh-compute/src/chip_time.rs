//! Operations of a stage from the chips that ran it: `chip-time/1`.
//!
//! Chip-hours × peak × utilization. Independent of the operation count, and biased: the hours of
//! a whole project hold failed runs, evaluation and waiting, so they give an upper bound alone.
//!
//! Source of the prior: 23 reported utilizations in Epoch AI's data (CC BY 4.0), median 0.37,
//! range 0.19 to 0.56, taken as a 90 % interval; a measured utilization is taken to within a
//! log-sigma of 0.08, hence a factor 0.876 to 1.141.

use weigh_facts::{ChipUse, Coverage, Decimal, Estimate, MethodId, Operations};

use crate::chips::{Chip, ChipCatalog, ChipError};
use crate::stage::StageOperations;

/// The method: chip-hours × peak × utilization.
pub const CHIP_TIME: MethodId = MethodId::new("chip-time/1");

/// Utilization when none was measured: low, best, high.
const PRIOR: [&str; 3] = ["0.19", "0.37", "0.56"];
/// Factors around a measured utilization, e^(±1.645 × 0.08) rounded outward.
const MEASURED: [&str; 3] = ["0.876", "1", "1.141"];
/// The format when none was declared.
const DEFAULT_PRECISION: &str = "bf16";

/// Operations of a stage from its chips, with a 90 % interval.
///
/// `chip_hours` are multiplied by `count` when one is given, since then they are not yet summed
/// over chips. Hours of a whole project leave the lower bound open and no best value.
///
/// Limits: the peak is the dense rate in the declared format; work in a narrower format goes
/// above it, and sparsity is not counted. What was executed twice (recomputation, failed steps)
/// is in the hours.
///
/// # Errors
/// When the chip or its rate is unknown, or a figure cannot be.
pub fn chip_time(catalog: &ChipCatalog, used: &ChipUse) -> Result<StageOperations, ChipError> {
    let chip = catalog.find(&used.chip)?;
    let mut assumptions = Vec::new();
    let peak = peak(chip, used, &mut assumptions)?;
    let hours = hours(used)?;
    let factors = factors(used, &mut assumptions)?;
    let seconds = &hours * &Decimal::from(3600_u64);
    let executed = &seconds * &peak;
    let [low, best, high] = factors.map(|f| &executed * &f);
    let exact = |d: Decimal| d.to_u128().map(Operations);
    let (low, best, high) = (exact(low.floor()), exact(best.floor()), exact(high.ceil()));
    let coverage = Coverage::Percent(90);
    let estimate = if used.whole_project {
        assumptions.push(
            "hours of the whole project, 1.5 to 8 times those of its final run: an upper bound \
             alone"
                .to_owned(),
        );
        Estimate::new(None, None, high, coverage, CHIP_TIME)
    } else {
        Estimate::new(low, best, high, coverage, CHIP_TIME)
    };
    let estimate = estimate.map_err(|_| ChipError::Impossible {
        what: "the number of chip-hours",
        value: hours,
        wanted: "small enough that the operations fit into 128 bits",
    })?;
    Ok(StageOperations {
        estimate,
        assumptions,
    })
}

fn peak(chip: &Chip, used: &ChipUse, assumptions: &mut Vec<String>) -> Result<Decimal, ChipError> {
    let precision = used.precision.as_deref().unwrap_or(DEFAULT_PRECISION);
    let rate = chip.rate(precision).ok_or_else(|| ChipError::NoRate {
        chip: chip.name.clone(),
        precision: precision.to_owned(),
        known: chip.rates.iter().map(|r| r.precision.clone()).collect(),
    })?;
    let assumed = if used.precision.is_none() {
        "assumed "
    } else {
        ""
    };
    assumptions.push(format!(
        "{} at {} TFLOP/s dense, {assumed}{}",
        chip.name, rate.tera_per_s, rate.precision
    ));
    Ok(rate.per_s())
}

fn hours(used: &ChipUse) -> Result<Decimal, ChipError> {
    if used.chip_hours.is_negative() {
        return Err(ChipError::Impossible {
            what: "the number of chip-hours",
            value: used.chip_hours.clone(),
            wanted: "zero or more",
        });
    }
    let count = Decimal::from(used.count.unwrap_or(1));
    Ok(&used.chip_hours * &count)
}

fn factors(used: &ChipUse, assumptions: &mut Vec<String>) -> Result<[Decimal; 3], ChipError> {
    let one = Decimal::from(1_u64);
    let Some(measured) = &used.utilization else {
        assumptions.push("utilization not measured: 0.19 to 0.56, most likely 0.37".to_owned());
        return Ok(PRIOR.map(literal));
    };
    if measured.is_negative() || *measured > one {
        return Err(ChipError::Impossible {
            what: "the utilization",
            value: measured.clone(),
            wanted: "a share between 0 and 1",
        });
    }
    assumptions.push(format!(
        "measured utilization {measured}, within -12 % and +14 %"
    ));
    Ok(MEASURED.map(|f| &literal(f) * measured))
}

/// One of the constants above, which are decimals.
fn literal(text: &str) -> Decimal {
    text.parse().unwrap_or_else(|_| Decimal::zero())
}
