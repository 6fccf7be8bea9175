//! Chips on a plane of two figures, with the lines that a rulebook draws there on a day.
//!
//! Across goes total processing performance. Upward goes the figure on which the rulebook draws
//! lines that day: performance density, or before November 2023 the rate of inputs and outputs.
//!
//! - **Invariant:** nothing here knows a number of the law. The lines are those of the rulebook,
//!   and what lies between them is found by reading it there.
//! - **Leaves out:** what rules make of other figures. A field says what the two figures decide
//!   alone; the class of a chip rests on all that is known of it.

use std::collections::{BTreeMap, BTreeSet};

use weigh_compute::{CHIP_FIGURE, Chip, Tf32};
use weigh_facts::{
    Date, Decimal, Estimate, Fact, FactName, Facts, Grade, Level, Origin, SubjectKind, Unit, Value,
    Verdict,
};
use weigh_rules::Rulebook;

use crate::chip_flips::{Flip, flips};
use crate::chip_list::{BookRead, ChipFigure, circuit, class, unverified};
use crate::chips::{ChipOptions, add_flag, add_word, classes, known, name};
use crate::law::Law;
use crate::table::{Speaks, speaks};

/// What goes across.
const ACROSS: &str = "total_processing_performance";
/// What may go upward: the first on which lines are drawn, or the first.
const UPWARD: [&str; 3] = [
    "performance_density",
    "chip_interconnect_bandwidth",
    "chip_dram_bandwidth",
];

/// Chips on a plane.
#[derive(Clone, Debug)]
pub struct Scatter {
    /// The day the rules are read on.
    pub on: Date,
    /// How TF32 counts.
    pub tf32: Tf32,
    /// The rulebook.
    pub book: BookRead,
    /// What goes across.
    pub across: PlaneAxis,
    /// What goes upward.
    pub upward: PlaneAxis,
    /// The fields between the lines, from the lower left, each row after the one below it.
    pub fields: Vec<Field>,
    /// The chips, by id, those of a person's own files last.
    pub spots: Vec<Spot>,
}

/// One axis of the plane.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlaneAxis {
    /// The fact.
    pub fact: FactName,
    /// The unit people read it in.
    pub shown: String,
    /// The lines on it, ascending, in that unit.
    pub lines: Vec<PlaneLine>,
}

/// A line on one axis.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlaneLine {
    /// Where it lies.
    pub at: Decimal,
    /// The rules that draw it.
    pub rules: Vec<String>,
}

/// What lies between neighboring lines.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    /// From which value on to which, across; an end that is none is open.
    pub across: (Option<Decimal>, Option<Decimal>),
    /// The same, upward.
    pub upward: (Option<Decimal>, Option<Decimal>),
    /// The rules that classify a chip for data centers by these two figures alone.
    pub says: Vec<Speaks>,
    /// The same of a chip that is not for data centers.
    pub says_elsewhere: Vec<Speaks>,
}

/// A chip on the plane.
#[derive(Clone, Debug)]
pub struct Spot {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Who designed it.
    pub vendor: String,
    /// Is it from a person's own file?
    pub is_own: bool,
    /// Where it lies across, in the unit of the axis; none if nothing is known.
    pub across: Option<Estimate<Decimal>>,
    /// Where it lies upward; none if nothing is known, or there is no such figure.
    pub upward: Option<Estimate<Decimal>>,
    /// Is it for data centers, if known?
    pub is_data_center: Option<bool>,
    /// Was it released after the day?
    pub is_later: bool,
    /// Does one of the two figures rest on a text that nobody verified?
    pub is_unverified: bool,
    /// The rules that classify it, or could.
    pub says: Vec<Speaks>,
    /// Other readings of its figures that change its class.
    pub flips: Vec<Flip>,
}

/// Puts chips on the plane of one rulebook; nothing when the law has no such rulebook.
#[must_use]
pub fn scatter(
    law: &Law,
    rulebook: &str,
    catalog: &[&Chip],
    own: &[&Chip],
    options: &ChipOptions,
) -> Option<Scatter> {
    let book = law.book(rulebook)?;
    let shown = |fact: &str| -> (FactName, String) {
        let fact = name(fact);
        let definition = law.library.dictionary.get(&fact).map(|d| &d.kind);
        let shown = match definition {
            Some(weigh_facts::FactType::Quantity { shown, .. }) => shown.clone(),
            _ => "1".to_owned(),
        };
        (fact, shown)
    };
    let axis = |fact: &str| axis(book, shown(fact), options);
    let mut upward = UPWARD.iter().map(|fact| axis(fact));
    let first = upward.next()?;
    let upward = if first.lines.is_empty() {
        upward.find(|a| !a.lines.is_empty()).unwrap_or(first)
    } else {
        first
    };
    let across = axis(ACROSS);
    let chips = catalog.iter().map(|c| (*c, false));
    let chips = chips.chain(own.iter().map(|c| (*c, true)));
    let spots = chips.map(|(chip, is_own)| Spot {
        is_own,
        ..spot(law, book, chip, (&across, &upward), options)
    });
    Some(Scatter {
        on: options.on,
        tf32: options.tf32,
        book: BookRead::of(book, options.on, known(book, options)),
        fields: fields(book, (&across, &upward), options),
        spots: spots.collect(),
        across,
        upward,
    })
}

fn factor(shown: &str) -> Decimal {
    Unit::parse(shown).map_or_else(|_| Decimal::from(1_u64), |(_, factor)| factor)
}

/// An axis with the lines that rules about chips draw on it, mere notes left out.
fn axis(book: &Rulebook, (fact, shown): (FactName, String), options: &ChipOptions) -> PlaneAxis {
    let classifies: BTreeSet<&str> = book
        .entries()
        .filter(|r| r.about == SubjectKind::Chip && r.level > Level::Note)
        .map(|r| r.id.as_str())
        .collect();
    let factor = factor(&shown);
    let mut lines: BTreeMap<Decimal, Vec<String>> = BTreeMap::new();
    for line in book.lines(options.on, known(book, options)) {
        let is_ours = line.fact == fact && classifies.contains(line.rule.as_str());
        // A logarithmic axis has no place for zero.
        let Some(at) = line
            .at
            .value
            .exact_quotient(&factor)
            .filter(|a| !a.is_zero())
        else {
            continue;
        };
        if is_ours {
            let rules = lines.entry(at).or_default();
            let rule = line.rule.to_string();
            if !rules.contains(&rule) {
                rules.push(rule);
            }
        }
    }
    let lines = lines.into_iter().map(|(at, rules)| PlaneLine { at, rules });
    PlaneAxis {
        fact,
        shown,
        lines: lines.collect(),
    }
}

/// The gaps between lines: their ends, and a value inside.
fn gaps(axis: &PlaneAxis) -> Vec<(Option<Decimal>, Option<Decimal>, Decimal)> {
    let two = Decimal::from(2_u64);
    let half = Decimal::from(1_u64)
        .exact_quotient(&two)
        .unwrap_or_else(Decimal::zero);
    let mut gaps = Vec::new();
    let mut from: Option<Decimal> = None;
    for line in &axis.lines {
        let below = from.clone().unwrap_or_else(Decimal::zero);
        let inside = &(&below + &line.at) * &half;
        gaps.push((from, Some(line.at.clone()), inside));
        from = Some(line.at.clone());
    }
    let inside = from.as_ref().map_or_else(|| two.clone(), |f| f * &two);
    gaps.push((from, None, inside));
    gaps
}

/// Reads the rulebook once in every gap, for data centers and not.
fn fields(
    book: &Rulebook,
    (across, upward): (&PlaneAxis, &PlaneAxis),
    options: &ChipOptions,
) -> Vec<Field> {
    let mut fields = Vec::new();
    for (low, high, y) in gaps(upward) {
        for (left, right, x) in gaps(across) {
            let read = |is_data_center| {
                let at = [(across, &x), (upward, &y)];
                says_at(book, at, is_data_center, options)
            };
            fields.push(Field {
                across: (left.clone(), right.clone()),
                upward: (low.clone(), high.clone()),
                says: read(true),
                says_elsewhere: read(false),
            });
        }
    }
    fields
}

fn says_at(
    book: &Rulebook,
    at: [(&PlaneAxis, &Decimal); 2],
    is_data_center: bool,
    options: &ChipOptions,
) -> Vec<Speaks> {
    let mut facts = Facts::new();
    for (axis, value) in at {
        let value = value * &factor(&axis.shown);
        let origin = Origin {
            grade: Grade::Assumed,
            method: CHIP_FIGURE,
            sources: Vec::new(),
        };
        let value = Value::Quantity(Estimate::exact(value, CHIP_FIGURE));
        facts.insert(axis.fact.clone(), Fact { value, origin });
    }
    add_word(&mut facts, "item_kind", "integrated-circuit");
    add_flag(&mut facts, "chip_data_center", is_data_center);
    let found = classes(book, &facts, options.on, known(book, options));
    let found = found.iter().filter(|f| f.verdict == Verdict::Applies);
    found.map(speaks).collect()
}

fn spot(
    law: &Law,
    book: &Rulebook,
    chip: &Chip,
    (across, upward): (&PlaneAxis, &PlaneAxis),
    options: &ChipOptions,
) -> Spot {
    let facts = circuit(chip, options);
    let along = |axis: &PlaneAxis| match facts.get(&axis.fact).map(|f| &f.value) {
        Some(Value::Quantity(estimate)) => in_unit(estimate, &axis.shown),
        _ => None,
    };
    let marked = unverified(chip, &facts, options.tf32);
    let figures = [across, upward].map(|axis| figure(&axis.fact));
    let mut flips = flips(law, chip, &facts, options);
    let prefix = format!("{}/", book.id());
    for flip in &mut flips {
        flip.changes
            .retain(|(rule, _, _)| rule.starts_with(&prefix));
    }
    flips.retain(|f| !f.changes.is_empty());
    Spot {
        id: chip.id.clone(),
        name: chip.name.clone(),
        vendor: chip.vendor.clone(),
        is_own: false,
        across: along(across),
        upward: along(upward),
        is_data_center: chip.data_center.as_ref().map(|m| m.is_data_center),
        is_later: chip.released.is_some_and(|r| r.earliest > options.on),
        is_unverified: figures.iter().flatten().any(|f| marked.contains(f)),
        says: class(book, &facts, options),
        flips,
    }
}

fn figure(fact: &FactName) -> Option<ChipFigure> {
    Some(match fact.as_str() {
        ACROSS => ChipFigure::Performance,
        "performance_density" => ChipFigure::Density,
        "chip_interconnect_bandwidth" => ChipFigure::InputOutput,
        "chip_dram_bandwidth" => ChipFigure::Dram,
        _ => return None,
    })
}

/// An estimate in the unit of an axis. Zero has no place there: a chip without the figure.
fn in_unit(estimate: &Estimate<Decimal>, shown: &str) -> Option<Estimate<Decimal>> {
    let factor = factor(shown);
    let is_zero = |d: Option<&Decimal>| d.is_some_and(Decimal::is_zero);
    if is_zero(estimate.high()) || (is_zero(estimate.low()) && estimate.high().is_none()) {
        return None;
    }
    const DIGITS: u64 = 24;
    let whole = |value: &Decimal| {
        let exact = value.exact_quotient(&factor);
        let near = exact.or_else(|| value.quotient_down(&factor, DIGITS));
        near.unwrap_or_else(|| value.clone())
    };
    Some(estimate.map_increasing(whole))
}
