//! How an export of a chip is treated: one that was described, or all by destination and parent.
//!
//! - **Invariant:** the classes of destinations leave no listed country out, and a country that no
//!   list has is unknown.
//! - **Invariant:** where another reading of the figures gives another outcome, that is listed with
//!   the destinations it concerns.

use std::collections::BTreeSet;

use rayon::prelude::*;
use weigh_compute::Chip;
use weigh_facts::{FactName, Facts, Level, SubjectKind, Value, Verdict};
use weigh_rules::{Finding, Rulebook};

use crate::chip_flips::{Flip, other_readings};
use crate::chips::{ChipOptions, about, add_flag, add_word, books_about, is_unread, known, name};
use crate::law::Law;
use crate::table::{Speaks, speaking, speaks};

/// How an export is treated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Treatment {
    /// Destinations that are treated alike.
    pub destinations: Vec<String>,
    /// Where the ultimate parent sits; none for a party of the destination itself.
    pub parent: Option<String>,
    /// What speaks, heaviest first.
    pub says: Vec<Speaks>,
    /// Other readings of the figures of the chip that give another outcome here.
    pub flips: Vec<Flip>,
}

/// The party test is shown beside the local party with a parent from here.
const OTHER_PARENT: &str = "CN";
/// The facts that are places of a party.
const PARTY_FACTS: [&str; 3] = ["destination", "party_headquarters", "party_ultimate_parent"];

/// Which rules about exports are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shown {
    /// All of them, for one export.
    All,
    /// Review and heavier, and the exceptions: what many destinations have room for.
    Heavy,
}

/// How the outcome of a rule about a license exception is called.
const EXCEPTION: &str = "exception";

/// What the rules about exports say, as far as they are to be shown.
fn export_findings(law: &Law, facts: &Facts, options: &ChipOptions, shown: Shown) -> Vec<Finding> {
    let mut all = Vec::new();
    for book in books_about(law, SubjectKind::Export) {
        let known = known(book, options);
        let kinds = about(SubjectKind::Export);
        let found = match shown {
            Shown::All => weigh_rules::assess_about(book, facts, options.on, known, &kinds),
            // Whoever shows no notes does not wait for what would settle them.
            Shown::Heavy => weigh_rules::assess_from_or_deciding(
                book,
                facts,
                (options.on, known),
                &kinds,
                (Level::Review, EXCEPTION),
            ),
        };
        all.extend(found.findings);
    }
    all
}

/// A note that a license exception could be there: one that decides an `exception`. Other notes
/// are steps of the rules that mention them.
fn is_exception(finding: &Finding) -> bool {
    let mut decided = finding.outcome.keys();
    finding.level == Level::Note && decided.any(|key| key.starts_with(EXCEPTION))
}

/// What other readings of the figures change of these findings, made from a level on.
fn export_flips(
    law: &Law,
    chip: &Chip,
    facts: &Facts,
    options: &ChipOptions,
    (here, shown): (&[Finding], Shown),
) -> Vec<Flip> {
    let others = other_readings(chip, facts, options).into_iter();
    let flips = others.map(|other| {
        let there = export_findings(law, &other.facts, options, shown);
        other.flip(here, &there)
    });
    flips.filter(|f| !f.changes.is_empty()).collect()
}

/// How the export that the facts describe is treated.
pub(crate) fn one_treatment(
    law: &Law,
    chip: &Chip,
    facts: &Facts,
    options: &ChipOptions,
) -> Treatment {
    let word = |fact: &str| match facts.get(&name(fact)).map(|f| &f.value) {
        Some(Value::Word(word)) => Some(word.clone()),
        _ => None,
    };
    let mut findings = export_findings(law, facts, options, Shown::All);
    let flips = export_flips(law, chip, facts, options, (&findings, Shown::All));
    // What only could be worth a note or a flag is left to `assess`, but not an exception.
    findings.retain(|f| {
        f.verdict != Verdict::Indeterminate
            || f.level >= Level::Obligation
            || (is_exception(f) && !is_unread(f))
    });
    Treatment {
        destinations: word("destination").into_iter().collect(),
        parent: word("party_ultimate_parent"),
        says: speaking(&findings, Level::Note),
        flips,
    }
}

/// Every listed country, by how an export of the chip from the United States to a party there is
/// treated: a party of the place itself, and one whose ultimate parent sits elsewhere.
pub(crate) fn treatments(
    law: &Law,
    chip: &Chip,
    facts: &Facts,
    options: &ChipOptions,
) -> Vec<Treatment> {
    let classes = country_classes(law, options);
    let parents = [None, Some(OTHER_PARENT)].into_iter();
    let cases: Vec<(Option<&str>, &Vec<String>)> = parents
        .flat_map(|parent| classes.iter().map(move |class| (parent, class)))
        .collect();
    let found: Vec<Treatment> = cases
        .into_par_iter()
        .map(|(parent, class)| treatment_of_place(law, chip, facts, (class, parent), options))
        .collect();
    let mut treatments: Vec<Treatment> = Vec::new();
    for found in found {
        match treatments.iter_mut().find(|t| is_alike(t, &found)) {
            Some(treatment) => treatment.destinations.extend(found.destinations),
            None => treatments.push(found),
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

/// Listed countries that no rule about exports tells apart.
fn country_classes(law: &Law, options: &ChipOptions) -> Vec<Vec<String>> {
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
    weigh_rules::code_classes(
        books.iter().copied(),
        &names,
        &codes,
        options.on,
        latest.unwrap_or(options.on),
    )
}

/// Do the same rules speak in the same way, under every reading?
fn is_alike(one: &Treatment, other: &Treatment) -> bool {
    let key = |says: &[Speaks]| -> Vec<(String, Verdict)> {
        says.iter().map(|s| (s.rule.clone(), s.verdict)).collect()
    };
    one.parent == other.parent && key(&one.says) == key(&other.says) && one.flips == other.flips
}

/// What speaks of an export to a party in a class of countries: review and heavier, and exceptions.
fn treatment_of_place(
    law: &Law,
    chip: &Chip,
    facts: &Facts,
    (class, parent): (&[String], Option<&str>),
    options: &ChipOptions,
) -> Treatment {
    let mut facts = facts.clone();
    let place = class.first().map_or("", String::as_str);
    for (fact, word) in [
        ("destination", place),
        ("party_headquarters", place),
        ("party_ultimate_parent", parent.unwrap_or(place)),
        ("export_from", "US"),
        ("transaction_kind", "export"),
    ] {
        add_word(&mut facts, fact, word);
    }
    // The presumption on a fabricator's own circuits is a question of its own.
    add_flag(&mut facts, "exporter_made_or_packaged", false);
    let findings = export_findings(law, &facts, options, Shown::Heavy);
    Treatment {
        destinations: class.to_vec(),
        parent: parent.map(str::to_owned),
        says: spoken(&findings),
        flips: export_flips(law, chip, &facts, options, (&findings, Shown::Heavy)),
    }
}

/// What speaks; where only exceptions would be silent, the heaviest rule that does not apply.
fn spoken(findings: &[Finding]) -> Vec<Speaks> {
    let mut said = speaking(findings, Level::Review);
    let is_open = |f: &&Finding| matches!(f.verdict, Verdict::Applies | Verdict::Indeterminate);
    let exceptions = findings.iter().filter(|f| is_exception(f) && !is_unread(f));
    let exceptions = exceptions.filter(is_open);
    said.extend(exceptions.map(speaks));
    said
}
