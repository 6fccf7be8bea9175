//! Chips joined by a network: their rate together, and how long they take to a threshold.
//!
//! Source: a cluster's rate is "theoretical maximum computing capacity", the sum of the dense
//! peaks of its chips (EO 14110, section 4.2(b)(ii), which also names a network of over
//! 100 Gbit/s). Time is operations over rate times utilization.
//!
//! Leaves out: that a job may not get all chips, failures and waiting; a time is then too short,
//! unless the utilization is measured over the whole job.

use weigh_facts::{Decimal, Estimate, Facts, Grade, MethodId, Operations, Value};

use crate::chips::{Chip, ChipError, Rate, Tf32, add_fact};

/// The method: count × dense peak, summed over chips.
pub const CLUSTER_RATE: MethodId = MethodId::new("cluster-rate/1");
/// The method: operations over rate × utilization.
pub const TRAINING_TIME: MethodId = MethodId::new("training-time/1");

const FP64: &[&str] = &["fp64", "fp64-matrix"];
const FP32: &[&str] = &["fp32", "fp32-matrix"];

/// Significant digits of a time.
const TIME_DIGITS: u64 = 24;

/// Some chips of one kind.
#[derive(Clone, Copy, Debug)]
pub struct ChipGroup<'a> {
    /// The chip.
    pub chip: &'a Chip,
    /// How many.
    pub count: u64,
}

/// What a cluster amounts to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cluster {
    /// Dense peak of all chips together, FLOP/s or integer operations per second.
    pub rate_per_s: Decimal,
    /// The same at 64 bits; nothing where a chip has no rate for it.
    pub fp64_per_s: Option<Decimal>,
    /// The same at 32 bits, TF32 not among them; nothing where a chip has no rate for it.
    pub fp32_per_s: Option<Decimal>,
    /// TPP of all chips together, TF32 under the convention asked for: at least so much where a
    /// chip's is a lower bound. Nothing where a chip has none. A sum over packages is what caps
    /// on shipments count; it classifies no item.
    pub tpp: Option<Estimate<Decimal>>,
    /// How many chips.
    pub chips: u128,
    /// Each group: `1000 x NVIDIA H100 SXM5 80GB at 989.4 TFLOP/s in bf16`.
    pub groups: Vec<String>,
    /// Bandwidth of the network between machines, Gbit/s, if known.
    pub network_gbit_per_s: Option<Estimate<Decimal>>,
}

/// Chips of one kind in a cluster, at most: more than were ever made of one kind, so that a slip of
/// the exponent is refused.
const CHIPS_MAX: u64 = 1_000_000_000;

/// Adds up a cluster. Without `precision`, each chip counts with its fastest format, which is the
/// theoretical maximum; with one, a chip without that format is an error.
///
/// # Errors
/// When there are no chips, or one has no rate in the format.
pub fn cluster(
    groups: &[ChipGroup<'_>],
    precision: Option<&str>,
    network_gbit_per_s: Option<Estimate<Decimal>>,
    tf32: Tf32,
) -> Result<Cluster, ChipError> {
    let mut rate_per_s = Decimal::zero();
    let mut fp64_per_s = Some(Decimal::zero());
    let mut fp32_per_s = Some(Decimal::zero());
    let mut tpp = Some(Estimate::exact(Decimal::zero(), CLUSTER_RATE));
    let mut described = Vec::with_capacity(groups.len());
    let mut chips = 0_u128;
    for group in groups {
        if group.count > CHIPS_MAX {
            return Err(ChipError::Impossible {
                what: "the number of chips",
                value: Decimal::from(group.count),
                wanted: "at most 1,000,000,000 of one kind",
            });
        }
        let rate = peak(group.chip, precision)?;
        let count = Decimal::from(group.count);
        rate_per_s = &rate_per_s + &(&rate.per_s() * &count);
        for (sum, formats) in [(&mut fp64_per_s, FP64), (&mut fp32_per_s, FP32)] {
            let rate = formats
                .iter()
                .filter_map(|f| group.chip.rate(f))
                .map(Rate::per_s);
            let more = rate.max().map(|r| &r * &count);
            *sum = sum.take().zip(more).map(|(sum, more)| &sum + &more);
        }
        let of_group = group.chip.tpp(tf32);
        let of_group = of_group.map(|t| t.estimate().map_increasing(|t| t * &count));
        tpp = tpp
            .zip(of_group)
            .map(|(sum, more)| sum.plus(&more, |a, b| a + b));
        chips = chips.saturating_add(u128::from(group.count));
        described.push(format!(
            "{} x {} at {} TFLOP/s in {}",
            group.count, group.chip.name, rate.tera_per_s, rate.precision
        ));
    }
    if chips == 0 {
        return Err(ChipError::Impossible {
            what: "the number of chips",
            value: Decimal::zero(),
            wanted: "one or more",
        });
    }
    Ok(Cluster {
        rate_per_s,
        fp64_per_s,
        fp32_per_s,
        tpp,
        chips,
        groups: described,
        network_gbit_per_s,
    })
}

fn peak<'a>(chip: &'a Chip, precision: Option<&str>) -> Result<&'a Rate, ChipError> {
    let found = match precision {
        Some(precision) => chip.rate(precision),
        None => chip
            .rates
            .iter()
            .max_by(|a, b| a.tera_per_s.cmp(&b.tera_per_s)),
    };
    found.ok_or_else(|| ChipError::NoRate {
        chip: chip.name.clone(),
        precision: precision.unwrap_or("any format").to_owned(),
        known: chip.rates.iter().map(|r| r.precision.clone()).collect(),
    })
}

impl Cluster {
    /// Seconds to a number of operations at a share of the peak: the fewest operations at the
    /// best utilization up to the most at the worst, rounded outward. An open end stays open.
    ///
    /// # Errors
    /// When the utilization is not a share between 0 and 1.
    pub fn training_time_s(
        &self,
        operations: &Estimate<Operations>,
        utilization: &Estimate<Decimal>,
    ) -> Result<Estimate<Decimal>, ChipError> {
        let one = Decimal::from(1_u64);
        let ends = [utilization.low(), utilization.best(), utilization.high()];
        for share in ends.into_iter().flatten() {
            if share.is_negative() || *share > one {
                return Err(ChipError::Impossible {
                    what: "the utilization",
                    value: share.clone(),
                    wanted: "a share between 0 and 1",
                });
            }
        }
        let time = |operations: Option<&Operations>, share: Option<&Decimal>, up: bool| {
            let (count, speed) = (Decimal::from(operations?.0), &self.rate_per_s * share?);
            if up {
                count.quotient_up(&speed, TIME_DIGITS)
            } else {
                count.quotient_down(&speed, TIME_DIGITS)
            }
        };
        // Nothing works faster than its peak, also where no upper bound of the share is known.
        let fastest = utilization.high().unwrap_or(&one);
        let low = time(operations.low(), Some(fastest), false).unwrap_or_else(Decimal::zero);
        let best = time(operations.best(), utilization.best(), false);
        let high = time(operations.high(), utilization.low(), true);
        let coverage = operations.coverage().min(utilization.coverage());
        let ordered = Estimate::new(Some(low.clone()), best, high, coverage, TRAINING_TIME);
        ordered.map_err(|_| ChipError::Impossible {
            what: "the time to the threshold",
            value: low,
            wanted: "within its own bounds",
        })
    }

    /// What rules can read of a cluster: its rates and, if known, its network. Whether its machines
    /// stand in one place is not known here.
    #[must_use]
    pub fn facts(&self) -> Facts {
        let mut facts = Facts::new();
        let rates = [
            ("cluster_peak_rate", Some(&self.rate_per_s)),
            ("cluster_fp64_rate", self.fp64_per_s.as_ref()),
            ("cluster_fp32_rate", self.fp32_per_s.as_ref()),
        ];
        for (name, rate) in rates {
            let Some(rate) = rate else { continue };
            let value = Value::Quantity(Estimate::exact(rate.clone(), CLUSTER_RATE));
            let (grade, said) = (Grade::Computed, self.groups.clone());
            add_fact(&mut facts, name, value, grade, CLUSTER_RATE, said);
        }
        if let Some(network) = &self.network_gbit_per_s {
            // In the base of its unit, byte/s.
            let gbit = Decimal::from(125_000_000_u64);
            let value = Value::Quantity(network.map_increasing(|v| v * &gbit));
            let (grade, method) = (Grade::Declared, network.method().clone());
            let said = vec!["as given".to_owned()];
            add_fact(
                &mut facts,
                "cluster_network_rate",
                value,
                grade,
                method,
                said,
            );
        }
        facts
    }
}
