//! Other readings of the figures of a chip, and what each changes.
//!
//! - **Invariant:** a convention that changes an outcome is never chosen silently: every other
//!   reading is tried, on the class of the chip and on each export that is shown.
//! - **Invariant:** a performance that was told stands: no reading of the chip's own rates replaces
//!   it.

use weigh_compute::{ApplicableArea, CHIP_DENSITY, CHIP_TPP, Chip, Reading};
use weigh_facts::{
    Coverage, Decimal, Estimate, Fact, Facts, Grade, Origin, SubjectKind, Value, Verdict,
};
use weigh_rules::Finding;

use crate::chips::{ChipOptions, books_about, classes, known, name};
use crate::law::Law;

/// Another reading of the figures, and what it changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Flip {
    /// The reading: `tf32 as 32 bits`.
    pub reading: Reading,
    /// The performance under it, TPP.
    pub tpp: Decimal,
    /// Rules that come out otherwise: name, as read, as read otherwise.
    pub changes: Vec<(String, Verdict, Verdict)>,
}

/// A chip as facts under another reading of its figures.
#[derive(Clone, Debug)]
pub(crate) struct OtherFacts {
    reading: Reading,
    tpp: Decimal,
    pub(crate) facts: Facts,
}

/// The facts under every other reading that gives another performance.
pub(crate) fn other_readings(chip: &Chip, facts: &Facts, options: &ChipOptions) -> Vec<OtherFacts> {
    let performance = name("total_processing_performance");
    if options.told.iter().any(|(told, _)| *told == performance) {
        return Vec::new();
    }
    let alternatives = chip.alternatives(options.tf32).into_iter();
    let others = alternatives.map(|alternative| {
        let mut other = facts.clone();
        set_performance(
            &mut other,
            chip,
            &alternative.performance.estimate(),
            options,
        );
        OtherFacts {
            reading: alternative.reading,
            tpp: alternative.performance.tpp,
            facts: other,
        }
    });
    others.collect()
}

impl OtherFacts {
    /// What the reading changes between findings of the same rules.
    pub(crate) fn flip(&self, here: &[Finding], there: &[Finding]) -> Flip {
        let pairs = here.iter().zip(there);
        let changed = pairs.filter(|(here, there)| here.verdict != there.verdict);
        let changes = changed.map(|(here, there)| {
            let rule = format!("{}/{}", here.rulebook, here.rule);
            (rule, here.verdict, there.verdict)
        });
        Flip {
            reading: self.reading,
            tpp: self.tpp.clone(),
            changes: changes.collect(),
        }
    }
}

/// Every other reading of the figures, and what it changes of the classes on the day.
pub(crate) fn flips(law: &Law, chip: &Chip, facts: &Facts, options: &ChipOptions) -> Vec<Flip> {
    let all_classes = |facts: &Facts| -> Vec<Finding> {
        let books = books_about(law, SubjectKind::Chip);
        let found = books.flat_map(|b| classes(b, facts, options.on, known(b, options)));
        found.collect()
    };
    let others = other_readings(chip, facts, options);
    if others.is_empty() {
        return Vec::new();
    }
    let here = all_classes(facts);
    let flips = others.iter();
    flips
        .map(|o| o.flip(&here, &all_classes(&o.facts)))
        .collect()
}

/// Puts another performance in place, and the density that follows from it.
fn set_performance(facts: &mut Facts, chip: &Chip, tpp: &Estimate<Decimal>, options: &ChipOptions) {
    const DIGITS: u64 = 24;
    let origin = Origin {
        grade: Grade::Computed,
        method: CHIP_TPP,
        sources: vec!["another reading of the figures".to_owned()],
    };
    let value = Value::Quantity(tpp.clone());
    let fact = Fact {
        value,
        origin: origin.clone(),
    };
    facts.insert(name("total_processing_performance"), fact);
    let density = name("performance_density");
    let is_told = options.told.iter().any(|(told, _)| *told == density);
    let ApplicableArea::Known(area) = chip.applicable_area() else {
        return;
    };
    if is_told {
        return;
    }
    let low = tpp.low().zip(area.high());
    let low = low.and_then(|(tpp, area)| tpp.quotient_down(area, DIGITS));
    let high = tpp.high().zip(area.low());
    let high = high.and_then(|(tpp, area)| tpp.quotient_up(area, DIGITS));
    match Estimate::new(low, None, high, Coverage::Hard, CHIP_DENSITY) {
        Ok(value) => {
            let value = Value::Quantity(value);
            facts.insert(density, Fact { value, origin });
        }
        // Nothing is known of it under this reading.
        Err(_) => {
            facts.remove(&density);
        }
    }
}
