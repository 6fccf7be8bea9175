//! What the rulebooks say of one chip: its class in every vintage, how a license is treated by
//! destination and parent, and how far it is from each line.
//!
//! - **Invariant:** a convention that changes a class is never chosen silently: every other reading
//!   of the figures is tried, and what it changes is listed.
//! - **Invariant:** the classes of destinations leave no listed country out, and a country that no
//!   list has is unknown.

use std::collections::BTreeSet;

use rayon::prelude::*;
use weigh_compute::{ApplicableArea, CHIP_DENSITY, CHIP_TPP, Chip, Reading, Tf32};
use weigh_facts::{
    Date, Decimal, Estimate, Fact, FactName, Facts, Grade, Level, MethodId, Origin, SubjectKind,
    Value, Verdict,
};
use weigh_rules::{Finding, Neighbors, Rulebook};

use crate::law::Law;
use crate::table::{Speaks, speaking, speaks};

/// What is asked of a chip.
#[derive(Clone, Debug)]
pub struct ChipOptions {
    /// The day the rules are read on.
    pub on: Date,
    /// The day our knowledge of them ends; none for what each book knows.
    pub known: Option<Date>,
    /// How TF32 counts.
    pub tf32: Tf32,
    /// What else is known of the item, its way and its parties.
    pub told: Vec<(FactName, Fact)>,
}

/// What the rulebooks say of one chip.
#[derive(Clone, Debug)]
pub struct ChipSheet {
    /// The chip.
    pub chip: Chip,
    /// How TF32 counts here.
    pub tf32: Tf32,
    /// The day the rules are read on.
    pub on: Date,
    /// The chip as facts.
    pub facts: Facts,
    /// Facts that were told and stand instead of the chip's own.
    pub instead: Vec<FactName>,
    /// Its class over time, a line of eras per rulebook that classifies chips.
    pub timelines: Vec<Timeline>,
    /// Other readings of the figures that change a class on the day.
    pub flips: Vec<Flip>,
    /// What a computer with the chip inside is, on the day.
    pub inside_a_computer: Vec<Speaks>,
    /// How an export is treated, by destination and parent.
    pub treatments: Vec<Treatment>,
    /// Was a destination named? Then there is one treatment, in full.
    pub is_one_export: bool,
    /// The nearest lines of each rulebook on its figures.
    pub neighbors: Vec<(String, Neighbors)>,
}

/// The class of a chip over time, by one rulebook.
#[derive(Clone, Debug)]
pub struct Timeline {
    /// The rulebook.
    pub rulebook: String,
    /// Its title.
    pub title: String,
    /// The day our knowledge of its law ends here.
    pub known: Date,
    /// Is the day later than that?
    pub is_stale: bool,
    /// Days with one class, in order, without a gap.
    pub eras: Vec<Era>,
}

/// Days on which a chip has one class.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Era {
    /// The first day.
    pub from: Date,
    /// The first day after; none for until further notice.
    pub until: Option<Date>,
    /// The rules that classify it, or could; none where none does.
    pub says: Vec<Speaks>,
}

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

/// How an export is treated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Treatment {
    /// Destinations that are treated alike.
    pub destinations: Vec<String>,
    /// Where the ultimate parent sits; none for a party of the destination itself.
    pub parent: Option<String>,
    /// What speaks, heaviest first.
    pub says: Vec<Speaks>,
}

const TOLD: MethodId = MethodId::new("tried");
/// The party test is shown beside the local party with a parent from here.
const OTHER_PARENT: &str = "CN";
/// The facts that are places of a party.
const PARTY_FACTS: [&str; 3] = ["destination", "party_headquarters", "party_ultimate_parent"];

/// Reads every rulebook over one chip.
#[must_use]
pub fn chip_sheet(law: &Law, chip: &Chip, options: &ChipOptions) -> ChipSheet {
    let mut facts = chip.facts(options.tf32);
    add_word(&mut facts, "item_kind", "integrated-circuit");
    let mut instead = Vec::new();
    for (name, fact) in &options.told {
        if facts.get(name).is_some_and(|own| own.value != fact.value) {
            instead.push(name.clone());
        }
        facts.insert(name.clone(), fact.clone());
    }
    let is_one_export = facts.get(&name("destination")).is_some();
    ChipSheet {
        instead,
        timelines: timelines(law, &facts, options),
        flips: flips(law, chip, &facts, options),
        inside_a_computer: inside_a_computer(law, &facts, options),
        treatments: if is_one_export {
            vec![one_treatment(law, &facts, options)]
        } else {
            treatments(law, &facts, options)
        },
        is_one_export,
        neighbors: neighbors(law, &facts, options),
        chip: chip.clone(),
        tf32: options.tf32,
        on: options.on,
        facts,
    }
}

#[expect(clippy::expect_used, reason = "the names are constants of this file")]
pub(crate) fn name(text: &str) -> FactName {
    text.parse().expect("a constant fact name is well formed")
}

pub(crate) fn add_word(facts: &mut Facts, fact: &str, word: &str) {
    let origin = Origin {
        grade: Grade::Assumed,
        method: TOLD,
        sources: Vec::new(),
    };
    let value = Value::Word(word.to_owned());
    let fact_name = name(fact);
    if facts.get(&fact_name).is_none() {
        facts.insert(fact_name, Fact { value, origin });
    }
}

pub(crate) fn add_flag(facts: &mut Facts, fact: &str, flag: bool) {
    let origin = Origin {
        grade: Grade::Assumed,
        method: TOLD,
        sources: Vec::new(),
    };
    let fact = name(fact);
    if facts.get(&fact).is_none() {
        let value = Value::Bool(flag);
        facts.insert(fact, Fact { value, origin });
    }
}

pub(crate) fn known(book: &Rulebook, options: &ChipOptions) -> Date {
    options.known.unwrap_or_else(|| book.known_through())
}

pub(crate) fn about(kind: SubjectKind) -> BTreeSet<SubjectKind> {
    BTreeSet::from([kind])
}

/// Rulebooks with rules about a kind of subject.
pub(crate) fn books_about(law: &Law, kind: SubjectKind) -> impl Iterator<Item = &Rulebook> {
    law.books
        .iter()
        .filter(move |b| b.entries().any(|r| r.about == kind))
}

/// The findings about the chip itself on a day, without mere notes.
pub(crate) fn classes(book: &Rulebook, facts: &Facts, on: Date, known: Date) -> Vec<Finding> {
    let kinds = about(SubjectKind::Chip);
    weigh_rules::assess_from(book, facts, (on, known), &kinds, Level::Flag).findings
}

/// Figures of a chip that its file can give. A class that stays open for want of one of these is
/// open because of the chip; one that needs more, such as the ECCN of the item otherwise, is not.
const FIGURES: [&str; 6] = [
    "total_processing_performance",
    "performance_density",
    "chip_interconnect_bandwidth",
    "chip_dram_bandwidth",
    "chip_tdp",
    "chip_data_center",
];

pub(crate) fn is_open_by_figures(finding: &Finding) -> bool {
    let mut missing = finding.missing.iter();
    finding.verdict == Verdict::Indeterminate
        && !finding.missing.is_empty()
        && missing.all(|need| FIGURES.contains(&need.fact.as_str()))
}

fn timelines(law: &Law, facts: &Facts, options: &ChipOptions) -> Vec<Timeline> {
    let mut timelines = Vec::new();
    for book in books_about(law, SubjectKind::Chip) {
        let known = known(book, options);
        let mut eras: Vec<Era> = Vec::new();
        let mut days = book.change_days();
        if days.is_empty() {
            days.insert(options.on);
        }
        for from in days {
            let says: Vec<Speaks> = classes(book, facts, from, known)
                .iter()
                .filter(|f| f.verdict == Verdict::Applies || is_open_by_figures(f))
                .map(speaks)
                .collect();
            let key = |says: &[Speaks]| -> Vec<(String, Verdict)> {
                says.iter().map(|s| (s.rule.clone(), s.verdict)).collect()
            };
            if let Some(last) = eras.last_mut() {
                if key(&last.says) == key(&says) {
                    continue;
                }
                last.until = Some(from);
            }
            eras.push(Era {
                from,
                until: None,
                says,
            });
        }
        timelines.push(Timeline {
            rulebook: book.id().to_owned(),
            title: book.title().to_owned(),
            known,
            is_stale: options.on > known,
            eras,
        });
    }
    timelines
}

/// Every other reading of the figures, and what it changes of the classes on the day.
pub(crate) fn flips(law: &Law, chip: &Chip, facts: &Facts, options: &ChipOptions) -> Vec<Flip> {
    let mut flips = Vec::new();
    for alternative in chip.alternatives(options.tf32) {
        let mut other = facts.clone();
        set_performance(&mut other, chip, &alternative.performance.tpp);
        let mut changes = Vec::new();
        for book in books_about(law, SubjectKind::Chip) {
            let known = known(book, options);
            let before = classes(book, facts, options.on, known);
            let after = classes(book, &other, options.on, known);
            for (before, after) in before.iter().zip(&after) {
                if before.verdict != after.verdict {
                    let rule = format!("{}/{}", before.rulebook, before.rule);
                    changes.push((rule, before.verdict, after.verdict));
                }
            }
        }
        flips.push(Flip {
            reading: alternative.reading,
            tpp: alternative.performance.tpp,
            changes,
        });
    }
    flips
}

/// Puts another performance in place, and the density that follows from it.
fn set_performance(facts: &mut Facts, chip: &Chip, tpp: &Decimal) {
    const DIGITS: u64 = 24;
    let origin = Origin {
        grade: Grade::Computed,
        method: CHIP_TPP,
        sources: vec!["another reading of the figures".to_owned()],
    };
    let value = Value::Quantity(Estimate::exact(tpp.clone(), CHIP_TPP));
    let performance = name("total_processing_performance");
    facts.insert(
        performance,
        Fact {
            value,
            origin: origin.clone(),
        },
    );
    let ApplicableArea::Known(area) = chip.applicable_area() else {
        return;
    };
    let low = area.high().and_then(|a| tpp.quotient_down(a, DIGITS));
    let high = area.low().and_then(|a| tpp.quotient_up(a, DIGITS));
    let density = Estimate::new(low, None, high, area.coverage(), CHIP_DENSITY);
    if let Ok(density) = density {
        let value = Value::Quantity(density);
        facts.insert(name("performance_density"), Fact { value, origin });
    }
}

fn inside_a_computer(law: &Law, facts: &Facts, options: &ChipOptions) -> Vec<Speaks> {
    let mut facts = facts.clone();
    facts.remove(&name("item_kind"));
    add_word(&mut facts, "item_kind", "computer");
    let mut said = Vec::new();
    for book in books_about(law, SubjectKind::Chip) {
        let reads_kind = book.facts().contains(&name("item_kind"));
        if !reads_kind {
            continue;
        }
        let found = classes(book, &facts, options.on, known(book, options));
        let found = found.iter().filter(|f| f.verdict == Verdict::Applies);
        said.extend(found.map(speaks));
    }
    said
}

/// What the rules about exports say, those of a level and heavier; where there are none, the others.
fn export_findings(law: &Law, facts: &Facts, options: &ChipOptions, least: Level) -> Vec<Finding> {
    let heavy = findings_from(law, facts, options, least);
    if heavy.is_empty() {
        return findings_from(law, facts, options, Level::Note);
    }
    heavy
}

fn findings_from(law: &Law, facts: &Facts, options: &ChipOptions, least: Level) -> Vec<Finding> {
    let mut all = Vec::new();
    for book in books_about(law, SubjectKind::Export) {
        let known = known(book, options);
        let kinds = about(SubjectKind::Export);
        let days = (options.on, known);
        let found = weigh_rules::assess_from(book, facts, days, &kinds, least);
        all.extend(found.findings);
    }
    all
}

fn one_treatment(law: &Law, facts: &Facts, options: &ChipOptions) -> Treatment {
    let word = |fact: &str| match facts.get(&name(fact)).map(|f| &f.value) {
        Some(Value::Word(word)) => Some(word.clone()),
        _ => None,
    };
    let mut findings = export_findings(law, facts, options, Level::Note);
    // Notes hold the exceptions; what only could be worth a note or a flag is left to `assess`.
    findings.retain(|f| f.verdict != Verdict::Indeterminate || f.level >= Level::Obligation);
    Treatment {
        destinations: word("destination").into_iter().collect(),
        parent: word("party_ultimate_parent"),
        says: speaking(&findings, Level::Note),
    }
}

/// Every listed country, by how an export of the chip from the United States to a party there is
/// treated: a party of the place itself, and one whose ultimate parent sits elsewhere.
fn treatments(law: &Law, facts: &Facts, options: &ChipOptions) -> Vec<Treatment> {
    let books: Vec<&Rulebook> = books_about(law, SubjectKind::Export).collect();
    let tables = law.library.tables.iter();
    let codes: BTreeSet<String> = tables
        .filter_map(|t| {
            let known = options.known.unwrap_or_else(|| t.known_through());
            t.codes("countries", options.on, known)
        })
        .flatten()
        .filter(|code| *code != "US")
        .cloned()
        .collect();
    let latest = books.iter().map(|b| known(b, options)).max();
    let names: Vec<FactName> = PARTY_FACTS.iter().map(|f| name(f)).collect();
    let classes = weigh_rules::code_classes(
        books.iter().copied(),
        &names,
        &codes,
        options.on,
        latest.unwrap_or(options.on),
    );
    let parents = [None, Some(OTHER_PARENT)].into_iter();
    let cases: Vec<(Option<&str>, &Vec<String>)> = parents
        .flat_map(|parent| classes.iter().map(move |class| (parent, class)))
        .collect();
    let says: Vec<Vec<Speaks>> = cases
        .par_iter()
        .map(|(parent, class)| says_of_place(law, facts, class, *parent, options))
        .collect();
    let mut treatments: Vec<Treatment> = Vec::new();
    for ((parent, class), says) in cases.into_iter().zip(says) {
        let parent = parent.map(str::to_owned);
        let key = |says: &[Speaks]| -> Vec<(String, Verdict)> {
            says.iter().map(|s| (s.rule.clone(), s.verdict)).collect()
        };
        let same = |t: &&mut Treatment| t.parent == parent && key(&t.says) == key(&says);
        match treatments.iter_mut().find(same) {
            Some(treatment) => treatment.destinations.extend(class.iter().cloned()),
            None => treatments.push(Treatment {
                destinations: class.clone(),
                parent,
                says,
            }),
        }
    }
    for treatment in &mut treatments {
        treatment.destinations.sort();
    }
    treatments.sort_by_key(|t| {
        let heaviest = t.says.first().map(|s| (s.verdict, s.level));
        (
            t.parent.is_some(),
            std::cmp::Reverse(heaviest),
            t.destinations.len(),
        )
    });
    treatments
}

/// What speaks of an export to a party in a class of countries, review and heavier.
fn says_of_place(
    law: &Law,
    facts: &Facts,
    class: &[String],
    parent: Option<&str>,
    options: &ChipOptions,
) -> Vec<Speaks> {
    let Some(place) = class.first() else {
        return Vec::new();
    };
    let mut facts = facts.clone();
    for (fact, word) in [
        ("destination", place.as_str()),
        ("party_headquarters", place.as_str()),
        ("party_ultimate_parent", parent.unwrap_or(place)),
        ("export_from", "US"),
        ("transaction_kind", "export"),
    ] {
        add_word(&mut facts, fact, word);
    }
    // The presumption on a fabricator's own circuits is a question of its own.
    add_flag(&mut facts, "exporter_made_or_packaged", false);
    let findings = export_findings(law, &facts, options, Level::Review);
    speaking(&findings, Level::Review)
}

fn neighbors(law: &Law, facts: &Facts, options: &ChipOptions) -> Vec<(String, Neighbors)> {
    let mut found = Vec::new();
    for book in books_about(law, SubjectKind::Chip) {
        let known = known(book, options);
        for near in weigh_rules::nearest_lines(book, facts, options.on, known) {
            found.push((book.id().to_owned(), near));
        }
    }
    found
}
