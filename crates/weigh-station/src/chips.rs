//! What the rulebooks say of one chip: its class in every vintage, how a license is treated by
//! destination and parent, and how far it is from each line.
//!
//! What other readings of the figures change is in `chip_flips`, how exports are treated in
//! `chip_exports`.

use std::collections::BTreeSet;

use weigh_compute::{Chip, ChipCatalog, Tf32};
use weigh_facts::{
    Date, Decimal, Fact, FactName, Facts, Grade, Level, MethodId, Origin, SubjectKind, Unit, Value,
    Verdict,
};
use weigh_rules::{Alarm, Finding, Line, Neighbors, Rulebook};

use crate::chip_exports::{Treatment, one_treatment, treatments};
use crate::chip_flips::{Flip, flips};
use crate::law::Law;
use crate::table::{Speaks, speaks};

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
    /// The file it was read from, if it is a person's own; its id may be one of the catalog's.
    pub file: Option<String>,
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
    /// What a person must look at because of the day, by the rulebooks that were read.
    pub alarms: Vec<Alarm>,
    /// Every line that is drawn on a figure of chips on any day, in the unit of readers: no figure
    /// that is shown may seem to stand on one.
    pub lines: Vec<Decimal>,
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
    /// Later days in it on which rules about chips or their exports changed, and its class did not.
    pub same_on: Vec<Date>,
    /// The rules that classify it, or could; none where none does.
    pub says: Vec<Speaks>,
}

const TOLD: MethodId = MethodId::new("tried");
/// Reads every rulebook over one chip.
#[must_use]
pub fn chip_sheet(law: &Law, chip: &Chip, options: &ChipOptions) -> ChipSheet {
    let mut facts = chip.facts(options.tf32);
    add_word(&mut facts, "item_kind", "integrated-circuit");
    add_no_letter(&mut facts, chip);
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
            vec![one_treatment(law, chip, &facts, options)]
        } else {
            treatments(law, chip, &facts, options)
        },
        is_one_export,
        alarms: alarms(law, options),
        lines: lines(law, options),
        neighbors: neighbors(law, &facts, options),
        chip: chip.clone(),
        file: None,
        tf32: options.tf32,
        on: options.on,
        facts,
    }
}

/// A chip of the catalog that is none of those which public letters name is another chip. Of a
/// person's own nobody knows which it is.
pub(crate) fn add_no_letter(facts: &mut Facts, chip: &Chip) {
    let listed = ChipCatalog::shipped().ok();
    let listed = listed.and_then(|catalog| catalog.find(&chip.id).ok());
    let letter = name("letter_chip");
    if listed != Some(chip) || facts.get(&letter).is_some() {
        return;
    }
    let origin = Origin {
        grade: Grade::Inferred,
        method: MethodId::new("chip-catalog/1"),
        sources: vec!["the catalog: no public letter names this chip".to_owned()],
    };
    let value = Value::Word("other".to_owned());
    facts.insert(letter, Fact { value, origin });
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
const FIGURES: [&str; 7] = [
    "total_processing_performance",
    "performance_density",
    "chip_interconnect_bandwidth",
    "chip_dram_bandwidth",
    "chip_tdp",
    "chip_data_center",
    "chip_designer_headquarters",
];

pub(crate) fn is_open_by_figures(finding: &Finding) -> bool {
    let mut missing = finding.missing.iter();
    finding.verdict == Verdict::Indeterminate
        && !finding.missing.is_empty()
        && missing.all(|need| FIGURES.contains(&need.fact.as_str()))
}

/// Is it open because its text, or one it depends on, was not known yet? Then nothing that could be
/// told of the chip settles it.
pub(crate) fn is_unread(finding: &Finding) -> bool {
    finding.verdict == Verdict::Indeterminate
        && finding.text_status.is_none()
        && finding.missing.is_empty()
}

/// Does it classify the chip, or could it by the figures of the chip or by a text not known yet?
pub(crate) fn is_said(finding: &Finding) -> bool {
    finding.verdict == Verdict::Applies || is_open_by_figures(finding) || is_unread(finding)
}

/// Do the same rules speak in the same way? Texts that were not known are alike.
fn is_one_class(one: &[Speaks], other: &[Speaks]) -> bool {
    let unread = |s: &Speaks| {
        s.verdict == Verdict::Indeterminate && s.text_status.is_none() && s.needs.is_empty()
    };
    let key = |says: &[Speaks]| {
        let read = says.iter().filter(|s| !unread(s));
        let read: Vec<(String, Verdict)> = read.map(|s| (s.rule.clone(), s.verdict)).collect();
        (read, says.iter().any(unread))
    };
    key(one) == key(other)
}

/// The days, as far as they are known, on which rules about chips and their exports begin or end.
fn vintages(book: &Rulebook, known: Date) -> BTreeSet<Date> {
    let speaks = |about| matches!(about, SubjectKind::Chip | SubjectKind::Export);
    let rules = book.entries().filter(|r| speaks(r.about));
    let ends = rules.flat_map(|r| [r.interval.from, r.interval.until]);
    ends.flatten().filter(|day| *day <= known).collect()
}

fn timelines(law: &Law, facts: &Facts, options: &ChipOptions) -> Vec<Timeline> {
    let mut timelines = Vec::new();
    for book in books_about(law, SubjectKind::Chip) {
        let known = known(book, options);
        let mut eras: Vec<Era> = Vec::new();
        let vintages = vintages(book, known);
        let mut days = book.change_days();
        if days.is_empty() {
            days.insert(options.on);
        }
        for from in days {
            let says: Vec<Speaks> = classes(book, facts, from, known)
                .iter()
                .filter(|f| is_said(f))
                .map(speaks)
                .collect();
            if let Some(last) = eras.last_mut() {
                if is_one_class(&last.says, &says) {
                    last.same_on.extend(vintages.get(&from));
                    continue;
                }
                last.until = Some(from);
            }
            eras.push(Era {
                from,
                until: None,
                same_on: Vec::new(),
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

/// Every line on a figure of chips, on any day, in the unit of readers.
pub(crate) fn lines(law: &Law, options: &ChipOptions) -> Vec<Decimal> {
    let mut lines: BTreeSet<Decimal> = BTreeSet::new();
    let is_figure = |fact: &FactName| FIGURES.contains(&fact.as_str());
    for book in &law.books {
        for line in book.lines_on_any_day(&is_figure, known(book, options)) {
            let factor = Unit::parse(&line.shown).map(|(_, factor)| factor);
            lines.extend(factor.ok().and_then(|f| line.at.value.exact_quotient(&f)));
        }
    }
    lines.into_iter().collect()
}

fn alarms(law: &Law, options: &ChipOptions) -> Vec<Alarm> {
    let speaks_here = |book: &&Rulebook| {
        let mut kinds = book.entries().map(|r| r.about);
        kinds.any(|about| matches!(about, SubjectKind::Chip | SubjectKind::Export))
    };
    let books = law.books.iter().filter(speaks_here);
    let alarms = books.flat_map(|b| b.alarms_on(options.on, known(b, options)));
    alarms.collect()
}

fn neighbors(law: &Law, facts: &Facts, options: &ChipOptions) -> Vec<(String, Neighbors)> {
    let mut found = Vec::new();
    for book in books_about(law, SubjectKind::Chip) {
        let known = known(book, options);
        let lines = book.lines(options.on, known);
        for mut near in weigh_rules::nearest_lines(book, facts, options.on, known) {
            for line in [&mut near.below, &mut near.above].into_iter().flatten() {
                line.comparator = comparator(line, &lines);
            }
            found.push((book.id().to_owned(), near));
        }
    }
    found
}

/// A rule that reads a line both with and without its end point leaves open which the text has:
/// whichever of the two is nearer, the same is said of it.
fn comparator(line: &Line, lines: &[Line]) -> &'static str {
    let end = line.comparator.chars().next();
    let is_other_end = |l: &&Line| {
        (&l.fact, &l.rule, &l.at) == (&line.fact, &line.rule, &line.at)
            && l.comparator != line.comparator
            && l.comparator.starts_with(|c| Some(c) == end)
    };
    match (lines.iter().any(|l| is_other_end(&l)), end) {
        (true, Some('>')) => "> or >=",
        (true, Some('<')) => "< or <=",
        _ => line.comparator,
    }
}
