//! A cluster on one sheet: what its chips do together, how long it takes to the lines on
//! operations, and what rules about clusters say of it.
//!
//! - **Invariant:** rules read the theoretical maximum, over all formats that the chips have. Where
//!   the rate in the format of the training would give another verdict, that is listed.
//! - **Invariant:** a format or a utilization that nobody stated is marked as assumed.
//! - **Leaves out:** that a job may not get all chips, failures and waiting; see
//!   [`weigh_compute::Cluster`].

use std::collections::BTreeMap;

use weigh_compute::{Chip, ChipError, ChipGroup, Cluster, Rate, Tf32, cluster};
use weigh_facts::{
    Date, Decimal, Estimate, Fact, FactName, Facts, MethodId, Operations, SubjectKind, TextStatus,
    Unit, Verdict,
};
use weigh_rules::{Finding, Rulebook};

use crate::chips::{about, books_about};
use crate::error::WeighError;
use crate::law::Law;
use crate::table::{Speaks, speaks};

/// What is asked of a cluster.
#[derive(Clone, Debug)]
pub struct ClusterOptions {
    /// The day the rules are read on.
    pub on: Date,
    /// The day our knowledge of them ends; none for what each book knows.
    pub known: Option<Date>,
    /// How TF32 counts.
    pub tf32: Tf32,
    /// The format of the training.
    pub precision: Stated<String>,
    /// The share of the peak in that format that a training reaches.
    pub utilization: Stated<Estimate<Decimal>>,
    /// The operations to reach; empty for every line that a rulebook draws on the day.
    pub thresholds: Vec<Estimate<Operations>>,
    /// Bandwidth of the network between machines, Gbit/s.
    pub network_gbit_per_s: Option<Estimate<Decimal>>,
    /// What else is known of the cluster.
    pub told: Vec<(FactName, Fact)>,
}

/// A value that a person stated, or that we assumed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stated<T> {
    /// The value.
    pub value: T,
    /// Did nobody state it?
    pub is_assumed: bool,
}

/// What is to be said of a cluster.
#[derive(Clone, Debug)]
pub struct ClusterSheet {
    /// The day the rules are read on.
    pub on: Date,
    /// How TF32 counts.
    pub tf32: Tf32,
    /// The chips and how many of each.
    pub groups: Vec<(Chip, u64)>,
    /// The dense rate in each format that a chip has.
    pub formats: Vec<FormatRate>,
    /// All chips, each in its fastest format: the theoretical maximum.
    pub peak: Cluster,
    /// All chips in the format of the training.
    pub training: Cluster,
    /// The format of the training.
    pub precision: Stated<String>,
    /// The share of the peak that a training reaches.
    pub utilization: Stated<Estimate<Decimal>>,
    /// How long it takes to each threshold, ascending.
    pub times: Vec<TimeTo>,
    /// What rules about clusters say.
    pub findings: Vec<Finding>,
    /// The same in brief, rule by rule.
    pub says: Vec<Speaks>,
    /// Rules that come out otherwise at the rate in the format of the training: name, as read, and
    /// at that rate.
    pub otherwise: Vec<(String, Verdict, Verdict)>,
}

/// The dense rate of a cluster in one format.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FormatRate {
    /// The format.
    pub precision: String,
    /// Operations per second of the chips that have it.
    pub per_s: Decimal,
    /// How many chips have it.
    pub chips: u128,
}

/// How long it takes to a number of operations.
#[derive(Clone, Debug)]
pub struct TimeTo {
    /// The operations.
    pub operations: Estimate<Operations>,
    /// The lines that lie there; none for a threshold of a person's own.
    pub lines: Vec<OperationsLine>,
    /// Seconds.
    pub time_s: Estimate<Decimal>,
}

/// A line on operations.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct OperationsLine {
    /// The rulebook.
    pub rulebook: String,
    /// `>` or `>=`.
    pub comparator: String,
    /// What is compared: `operations.eu-cumulative`.
    pub fact: String,
    /// What the text of the rulebook is on the day.
    pub text_status: Option<TextStatus>,
}

/// Adds up a cluster and reads the rules about clusters over it.
///
/// # Errors
/// When a chip has no rate in the format, a count or the utilization cannot be, or what was told
/// contradicts what the chips give.
pub fn cluster_sheet(
    law: &Law,
    groups: &[ChipGroup<'_>],
    options: &ClusterOptions,
) -> Result<ClusterSheet, WeighError> {
    if groups.iter().any(|g| g.count == 0) {
        return Err(WeighError::Chip(ChipError::Impossible {
            what: "the number of chips",
            value: Decimal::zero(),
            wanted: "one or more",
        }));
    }
    if options
        .utilization
        .value
        .high()
        .is_some_and(Decimal::is_zero)
    {
        return Err(WeighError::Chip(ChipError::Impossible {
            what: "the utilization",
            value: Decimal::zero(),
            wanted: "a share above 0, at most 1",
        }));
    }
    let network = options.network_gbit_per_s.clone();
    let training = cluster(
        groups,
        Some(&options.precision.value),
        network.clone(),
        options.tf32,
    )?;
    let peak = cluster(groups, None, network, options.tf32)?;
    let findings = findings(law, &told(&peak, options)?, options);
    let at_training = self::findings(law, &told(&training, options)?, options);
    let pairs = findings.iter().zip(&at_training);
    let otherwise = pairs.filter(|(a, b)| a.verdict != b.verdict).map(|(a, b)| {
        let rule = format!("{}/{}", a.rulebook, a.rule);
        (rule, a.verdict, b.verdict)
    });
    Ok(ClusterSheet {
        on: options.on,
        tf32: options.tf32,
        groups: groups.iter().map(|g| (g.chip.clone(), g.count)).collect(),
        formats: formats(groups),
        times: times(law, &training, options)?,
        otherwise: otherwise.collect(),
        says: findings.iter().map(speaks).collect(),
        findings,
        peak,
        training,
        precision: options.precision.clone(),
        utilization: options.utilization.clone(),
    })
}

/// The rate in each format, in the order in which the chips list them.
fn formats(groups: &[ChipGroup<'_>]) -> Vec<FormatRate> {
    let mut formats: Vec<FormatRate> = Vec::new();
    for group in groups {
        let mut fastest: Vec<&Rate> = Vec::new();
        for rate in &group.chip.rates {
            let same = fastest.iter_mut().find(|r| r.precision == rate.precision);
            match same {
                Some(known) if rate.tera_per_s > known.tera_per_s => *known = rate,
                Some(_) => {}
                None => fastest.push(rate),
            }
        }
        for rate in fastest {
            let per_s = &rate.per_s() * &Decimal::from(group.count);
            let count = u128::from(group.count);
            match formats.iter_mut().find(|f| f.precision == rate.precision) {
                Some(known) => {
                    known.per_s = &known.per_s + &per_s;
                    known.chips = known.chips.saturating_add(count);
                }
                None => formats.push(FormatRate {
                    precision: rate.precision.clone(),
                    per_s,
                    chips: count,
                }),
            }
        }
    }
    formats
}

/// What the chips give and what was told.
fn told(cluster: &Cluster, options: &ClusterOptions) -> Result<Facts, WeighError> {
    let mut facts = cluster.facts();
    for (name, fact) in &options.told {
        let before = facts.get(name).map(|f| &f.value);
        if before.is_some_and(|value| *value != fact.value) {
            return Err(WeighError::Contradiction {
                what: format!("`{name}`"),
                one: "what was told of the cluster".to_owned(),
                other: "what its chips and its network give".to_owned(),
            });
        }
        facts.insert(name.clone(), fact.clone());
    }
    Ok(facts)
}

fn known(book: &Rulebook, options: &ClusterOptions) -> Date {
    options.known.unwrap_or_else(|| book.known_through())
}

fn findings(law: &Law, facts: &Facts, options: &ClusterOptions) -> Vec<Finding> {
    let kinds = about(SubjectKind::Cluster);
    let mut all = Vec::new();
    for book in books_about(law, SubjectKind::Cluster) {
        let known = known(book, options);
        let found = weigh_rules::assess_about(book, facts, options.on, known, &kinds);
        all.extend(found.findings);
    }
    all
}

const LINE: MethodId = MethodId::new("line-of-a-rulebook");

fn times(
    law: &Law,
    training: &Cluster,
    options: &ClusterOptions,
) -> Result<Vec<TimeTo>, WeighError> {
    let mut wanted: Vec<(Estimate<Operations>, Vec<OperationsLine>)> =
        if options.thresholds.is_empty() {
            let lines = lines(law, options).into_iter();
            lines
                .map(|(at, lines)| (Estimate::exact(at, LINE), lines))
                .collect()
        } else {
            let own = options.thresholds.iter().cloned();
            own.map(|t| (t, Vec::new())).collect()
        };
    wanted.sort_by_key(|(at, _)| (at.low().copied(), at.high().copied()));
    let times = wanted.into_iter().map(|(operations, lines)| {
        let time_s = training.training_time_s(&operations, &options.utilization.value)?;
        Ok(TimeTo {
            operations,
            lines,
            time_s,
        })
    });
    times.collect()
}

/// The lines that rulebooks draw on operations, by height.
fn lines(law: &Law, options: &ClusterOptions) -> BTreeMap<Operations, Vec<OperationsLine>> {
    let mut lines: BTreeMap<Operations, Vec<OperationsLine>> = BTreeMap::new();
    for book in &law.books {
        let known = known(book, options);
        let status = book.text_status().at(options.on, known).map(|d| d.value);
        for line in book.lines(options.on, known) {
            let is_lower_end = line.comparator.starts_with('>');
            let counts = line.fact.family() == "operations" && line.at.unit == Unit::flop();
            let Some(at) = line.at.value.to_u128().filter(|_| is_lower_end && counts) else {
                continue;
            };
            let line = OperationsLine {
                rulebook: book.id().to_owned(),
                comparator: line.comparator.to_owned(),
                fact: line.fact.to_string(),
                text_status: status,
            };
            let here = lines.entry(Operations(at)).or_default();
            if !here.contains(&line) {
                here.push(line);
            }
        }
    }
    for here in lines.values_mut() {
        here.sort();
    }
    lines
}
