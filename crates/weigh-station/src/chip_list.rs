//! Many chips on one list: figures, and the class on a day by every rulebook about chips.
//!
//! - **Invariant:** a class here is the class on the chip's own sheet: the same facts, the same
//!   findings.
//! - **Invariant:** a figure that rests on a text which nobody verified is marked.

use std::collections::BTreeSet;

use rayon::prelude::*;
use weigh_compute::{Chip, PerformanceDensity, Tf32};
use weigh_facts::{
    Certainty, Date, Decimal, Enforcement, Facts, Grade, SourceKey, SubjectKind, TextStatus,
};
use weigh_rules::Rulebook;

use crate::chip_exports::{Treatment, treatments};
use crate::chip_flips::{Flip, flips};
use crate::chips::{
    ChipOptions, add_no_letter, add_word, books_about, classes, is_said, known, lines, name,
};
use crate::law::Law;
use crate::table::{Speaks, speaks};

/// Chips with their classes, the greatest performance first, those without a known one last.
#[derive(Clone, Debug)]
pub struct ChipList {
    /// The day the rules are read on.
    pub on: Date,
    /// How TF32 counts.
    pub tf32: Tf32,
    /// The rulebooks about chips, by id.
    pub books: Vec<BookRead>,
    /// Every line that is drawn on a figure of chips on any day, in the unit of readers.
    pub lines: Vec<Decimal>,
    /// The chips.
    pub rows: Vec<ChipRow>,
}

/// A rulebook, as it is read on a day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BookRead {
    /// Its id.
    pub id: String,
    /// Its title.
    pub title: String,
    /// What its text is on the day.
    pub text_status: Option<TextStatus>,
    /// What those who enforce do about it on the day.
    pub enforcement: Enforcement,
    /// The last day of which it knows.
    pub known_through: Date,
    /// Is the day later than that?
    pub is_stale: bool,
}

/// One chip.
#[derive(Clone, Debug)]
pub struct ChipRow {
    /// The chip.
    pub chip: Chip,
    /// Its figures that rest on a text which nobody verified.
    pub unverified: BTreeSet<ChipFigure>,
    /// Its class by each of the rulebooks, in their order.
    pub classes: Vec<Class>,
    /// Other readings of its figures, and what they change.
    pub flips: Vec<Flip>,
    /// The destinations for which another reading gives another outcome of an export.
    pub export_flips: Vec<Treatment>,
}

/// A figure of a chip that rules read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ChipFigure {
    /// Total processing performance.
    Performance,
    /// Performance density.
    Density,
    /// Bandwidth of inputs and outputs.
    InputOutput,
    /// Bandwidth of DRAM.
    Dram,
    /// Whether it is made for data centers.
    DataCenter,
}

/// What one rulebook makes of a chip.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Class {
    /// The rulebook.
    pub rulebook: String,
    /// The rules that classify it, or could; none where none does.
    pub says: Vec<Speaks>,
}

impl BookRead {
    pub(crate) fn of(book: &Rulebook, on: Date, known: Date) -> Self {
        let status = book.text_status().at(on, known).map(|d| d.value);
        let enforcement = book.enforcement().at(on, known).map(|d| d.value);
        Self {
            id: book.id().to_owned(),
            title: book.title().to_owned(),
            text_status: status,
            enforcement: enforcement.unwrap_or(Enforcement::Unknown),
            known_through: book.known_through(),
            is_stale: on > book.known_through(),
        }
    }

    /// Is its text law on the day?
    #[must_use]
    pub fn is_law(&self) -> bool {
        self.text_status == Some(TextStatus::InForce)
    }
}

/// Reads every rulebook about chips over many chips.
#[must_use]
pub fn chip_list(law: &Law, chips: &[&Chip], options: &ChipOptions) -> ChipList {
    let books = books_about(law, SubjectKind::Chip);
    let books = books.map(|b| BookRead::of(b, options.on, known(b, options)));
    let rows = chips.par_iter().map(|chip| row(law, chip, options));
    let mut rows: Vec<(ChipRow, _)> = rows
        .map(|row| {
            let tpp = row.chip.tpp(options.tf32).map(|t| t.tpp);
            (row, tpp)
        })
        .collect();
    rows.sort_by(|(a, of_a), (b, of_b)| of_b.cmp(of_a).then_with(|| a.chip.id.cmp(&b.chip.id)));
    ChipList {
        on: options.on,
        tf32: options.tf32,
        books: books.collect(),
        lines: lines(law, options),
        rows: rows.into_iter().map(|(row, _)| row).collect(),
    }
}

fn row(law: &Law, chip: &Chip, options: &ChipOptions) -> ChipRow {
    let facts = circuit(chip, options);
    let classes = books_about(law, SubjectKind::Chip).map(|book| Class {
        rulebook: book.id().to_owned(),
        says: class(book, &facts, options),
    });
    let flips = flips(law, chip, &facts, options);
    let mut export_flips = Vec::new();
    // Exports are read of those chips alone of which there is another reading.
    if !flips.is_empty() {
        export_flips = treatments(law, chip, &facts, options);
        export_flips.retain(|t| !t.flips.is_empty());
    }
    ChipRow {
        chip: chip.clone(),
        unverified: unverified(chip, &facts, options.tf32),
        classes: classes.collect(),
        flips,
        export_flips,
    }
}

/// A chip as facts about a packaged circuit.
pub(crate) fn circuit(chip: &Chip, options: &ChipOptions) -> Facts {
    let mut facts = chip.facts(options.tf32);
    add_word(&mut facts, "item_kind", "integrated-circuit");
    add_no_letter(&mut facts, chip);
    for (name, fact) in &options.told {
        facts.insert(name.clone(), fact.clone());
    }
    facts
}

/// The rules that classify a chip on the day, and those that its own figures leave open.
pub(crate) fn class(book: &Rulebook, facts: &Facts, options: &ChipOptions) -> Vec<Speaks> {
    classes(book, facts, options.on, known(book, options))
        .iter()
        .filter(|f| is_said(f))
        .map(speaks)
        .collect()
}

/// The grade of a computed fact says whether its sources are verified; of what is stated, the
/// source itself is asked.
pub(crate) fn unverified(chip: &Chip, facts: &Facts, tf32: Tf32) -> BTreeSet<ChipFigure> {
    let inferred = |fact: &str| {
        let fact = facts.get(&name(fact));
        fact.is_some_and(|f| f.origin.grade == Grade::Inferred)
    };
    let stated = |key: Option<&SourceKey>| {
        let source = key.and_then(|k| chip.source(k));
        source.is_some_and(|s| s.source.certainty == Certainty::Unverified)
    };
    let is_density = matches!(chip.performance_density(tf32), PerformanceDensity::Known(_));
    let memory = chip.memory.as_ref().filter(|m| m.dram_gb_per_s.is_some());
    let figures = [
        (
            ChipFigure::Performance,
            inferred("total_processing_performance"),
        ),
        (
            ChipFigure::Density,
            is_density && inferred("performance_density"),
        ),
        (
            ChipFigure::InputOutput,
            inferred("chip_interconnect_bandwidth"),
        ),
        (ChipFigure::Dram, stated(memory.map(|m| &m.source))),
        (
            ChipFigure::DataCenter,
            stated(chip.data_center.as_ref().map(|m| &m.source)),
        ),
    ];
    let marked = figures.into_iter().filter(|(_, is_marked)| *is_marked);
    marked.map(|(figure, _)| figure).collect()
}
