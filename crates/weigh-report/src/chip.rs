//! A chip on one sheet: its figures, its class in every vintage, how an export is treated, and how
//! far it is from each line.

mod json;

use std::fmt::Write;

use askama::Template;
use weigh_compute::{ApplicableArea, Chip, PerformanceDensity};
use weigh_facts::{Decimal, Estimate, Level, Verdict};
use weigh_rules::{Basis, Line};
use weigh_station::{ChipSheet, Era, Speaks, Timeline, Treatment};

use crate::class::{ClassWords, is_unread};
use crate::clean::clean;
use crate::numbers;
use crate::page::findings::{enforcement, text_status};
use crate::page::regimes::{AlarmWords, alarms};
use crate::{Format, TOOL, VERSION};

pub(crate) use json::{WireChange, WireFlip, wire_flips};

/// Renders the sheet of a chip. Ends with a line break.
#[must_use]
pub fn render_chip(sheet: &ChipSheet, format: Format) -> String {
    let words = Words::of(sheet);
    match format {
        Format::Text => text(&words),
        Format::Markdown => markdown(&words),
        Format::Html => html(&words, &Drawing::of(sheet)),
        Format::Json => json::json(sheet),
    }
}

/// A rule that speaks, in words.
struct Said {
    /// `3A090.a`, `license: required`.
    words: String,
    rule: String,
    /// `text in force; enforced`.
    status: String,
    citation: String,
    is_open: bool,
    is_law: bool,
    is_text_unknown: bool,
    is_policy: bool,
    /// Is it a note? Among destinations only those on exceptions are.
    is_note: bool,
}

struct EraWords {
    /// `2022-10-07 to 2023-11-16`.
    days: String,
    /// What it is: the outcomes, or `no rule`.
    class: String,
    /// `same on 2024-04-04, 2024-12-02`; empty where nothing changed since.
    same_on: String,
    said: Vec<Said>,
    /// Does the day asked for lie in it?
    is_today: bool,
    /// Does nothing apply and nothing could?
    is_free: bool,
}

struct TimelineWords {
    rulebook: String,
    title: String,
    known: String,
    /// How old what it knows is.
    age: String,
    eras: Vec<EraWords>,
}

struct TreatmentWords {
    destinations: String,
    party: String,
    said: Vec<Said>,
    flips: Vec<String>,
}

struct NearWords {
    rulebook: String,
    fact: String,
    value: String,
    below: String,
    above: String,
}

struct Words {
    tool: String,
    name: String,
    id: String,
    on: String,
    tf32: &'static str,
    /// Label and words, in order.
    figures: Vec<(&'static str, String)>,
    rates: Vec<[String; 4]>,
    timelines: Vec<TimelineWords>,
    flips: Vec<String>,
    computer: Vec<Said>,
    treatments: Vec<TreatmentWords>,
    is_one_export: bool,
    alarms: Vec<AlarmWords>,
    near: Vec<NearWords>,
    sources: Vec<String>,
    notes: Option<String>,
}

impl Words {
    fn of(sheet: &ChipSheet) -> Self {
        let chip = &sheet.chip;
        let rates = chip.rates.iter().map(|rate| {
            [
                rate.precision.clone(),
                rate.unit.clone(),
                rate.tera_per_s.to_reader(),
                numbers::apart(&rate.tpp(sheet.tf32), &sheet.lines),
            ]
        });
        let near = sheet.neighbors.iter().map(|(book, near)| {
            let bounds = (near.bounds.0.as_ref(), near.bounds.1.as_ref());
            NearWords {
                rulebook: clean(book),
                fact: near.fact.to_string(),
                value: in_unit(bounds, &near.shown, &sheet.lines),
                below: side(near.below.as_ref(), near.bounds.0.as_ref()),
                above: side(near.above.as_ref(), near.bounds.1.as_ref()),
            }
        });
        let sources = chip.sources.iter().map(|s| {
            let certainty = s.source.certainty.as_str();
            clean(&format!("{} [{certainty}]", s.source.title))
        });
        let treatments = sheet.treatments.iter();
        let treatments = treatments.map(|t| treatment(t, sheet.is_one_export, &sheet.lines));
        Self {
            tool: format!("{TOOL} {VERSION}"),
            name: clean(&chip.name),
            id: match &sheet.file {
                Some(file) => clean(&format!("{} from {file}", chip.id)),
                None => clean(&chip.id),
            },
            on: sheet.on.to_string(),
            tf32: sheet.tf32.as_str(),
            figures: figures(sheet),
            rates: rates.collect(),
            timelines: sheet
                .timelines
                .iter()
                .map(|t| timeline(t, &sheet.on.to_string()))
                .collect(),
            flips: flips(sheet),
            computer: sheet.inside_a_computer.iter().map(said).collect(),
            treatments: treatments.collect(),
            is_one_export: sheet.is_one_export,
            alarms: alarms(&sheet.alarms),
            near: near.collect(),
            sources: sources.collect(),
            notes: chip.notes.as_deref().map(clean),
        }
    }

    /// The line under the name.
    fn summary(&self) -> String {
        let today = self.timelines.iter().flat_map(|t| {
            let era = t.eras.iter().find(|e| e.is_today && !e.is_free);
            era.map(|e| {
                let is_law = e.said.iter().any(|s| s.is_law || s.is_text_unknown);
                let law = if is_law { "" } else { ", NOT LAW" };
                let is_unread = e.said.iter().any(|s| s.is_open && s.is_text_unknown);
                let known = match is_unread {
                    true => format!(", as known on {}", t.known),
                    false => String::new(),
                };
                format!("{} ({}{law}{known})", e.class, t.rulebook)
            })
        });
        let today: Vec<String> = today.collect();
        if today.is_empty() {
            let known = self.timelines.iter().map(|t| t.known.as_str()).max();
            let known = known.map_or_else(String::new, |k| format!(", as known on {k}"));
            format!("no rule about chips applies on {}{known}", self.on)
        } else {
            format!("on {}: {}", self.on, today.join("; "))
        }
    }
}

fn figures(sheet: &ChipSheet) -> Vec<(&'static str, String)> {
    let mut figures = own_figures(sheet);
    if !sheet.instead.is_empty() {
        let names: Vec<String> = sheet.instead.iter().map(ToString::to_string).collect();
        let told = format!(
            "TRIED, not a figure of the chip, wherever rules are read: {}",
            names.join(", ")
        );
        figures.insert(0, ("instead", clean(&told)));
    }
    figures
}

fn own_figures(sheet: &ChipSheet) -> Vec<(&'static str, String)> {
    let chip = &sheet.chip;
    let mut figures = Vec::new();
    let made = [Some(chip.vendor.clone()), Some(chip.process.clone())];
    let released = chip.released.map(|r| format!("released {r}"));
    let made: Vec<String> = made.into_iter().chain([released]).flatten().collect();
    figures.push(("made by", clean(&made.join(", "))));
    figures.push(("TPP", performance(sheet)));
    let density = match chip.performance_density(sheet.tf32) {
        PerformanceDensity::Known(density) => {
            format!("{} TPP/mm2", among(&density, &sheet.lines))
        }
        PerformanceDensity::Undefined => {
            "undefined: no die is made with non-planar transistors".to_owned()
        }
        PerformanceDensity::Unknown => "not known".to_owned(),
    };
    figures.push(("density", density));
    let area = match chip.applicable_area() {
        ApplicableArea::Known(area) => format!("{} mm2", bounds(&area)),
        ApplicableArea::AllPlanar => "none: all dies are planar".to_owned(),
        ApplicableArea::Unknown => "not known".to_owned(),
    };
    let covers: Vec<&str> = chip.dies.iter().map(|d| d.covers.as_str()).collect();
    let covers = match covers.as_slice() {
        [] => String::new(),
        covers => format!(" ({})", covers.join("; ")),
    };
    figures.push(("die area", clean(&format!("{area}{covers}"))));
    let shown = |value: &Estimate<Decimal>| among(value, &sheet.lines);
    let gb = |value: Option<String>| value.map_or("not known".to_owned(), |v| format!("{v} GB/s"));
    figures.push(("DRAM", gb(chip.total_dram_gb_per_s().map(shown))));
    let io = chip.aggregate_io_gb_per_s();
    figures.push(("I/O", gb(io.as_ref().map(shown))));
    if let Some(power) = &chip.power_w {
        figures.push(("power", format!("{} W", bounds(&power.value))));
    }
    let marketing = chip.data_center.as_ref().map(|m| m.is_data_center);
    figures.push((
        "made for",
        match marketing {
            Some(true) => "data centers",
            Some(false) => "not data centers",
            None => "not known",
        }
        .to_owned(),
    ));
    figures.push(("designer", designer(chip)));
    if let Some(letter) = chip.letter.as_ref().filter(|l| l.from <= sheet.on) {
        let source = chip.source(&letter.source);
        let certainty = source.map_or("no source", |s| s.source.certainty.as_str());
        let named = format!(
            "named as {} in a letter to one firm, {} ({certainty}): it binds that firm",
            letter.chip, letter.from
        );
        figures.push(("letter", clean(&named)));
    }
    figures
}

/// Where the designer has its headquarters, and how sure that is.
fn designer(chip: &Chip) -> String {
    let Some(designer) = &chip.designer else {
        return "where it has its headquarters is not known".to_owned();
    };
    let source = chip.source(&designer.source);
    let certainty = source.map_or("no source", |s| s.source.certainty.as_str());
    clean(&format!(
        "headquarters in {} ({certainty})",
        designer.headquarters
    ))
}

fn performance(sheet: &ChipSheet) -> String {
    let Some(tpp) = sheet.chip.tpp(sheet.tf32) else {
        let why = sheet.chip.rates_unknown.as_deref();
        return clean(&format!("not known: {}", why.unwrap_or("no rate is known")));
    };
    let (least, open) = if tpp.open_formats.is_empty() {
        ("", String::new())
    } else {
        let formats = tpp.open_formats.join(", ");
        (
            "at least ",
            format!("; only sparse rates are known for {formats}"),
        )
    };
    let (driver, tf32) = (&tpp.driver, sheet.tf32.as_str());
    clean(&format!(
        "{least}{}, by {driver}, {tf32}{open}",
        numbers::apart(&tpp.tpp, &sheet.lines)
    ))
}

pub(crate) fn bounds(estimate: &Estimate<Decimal>) -> String {
    among(estimate, &[])
}

/// Bounds among lines of the law, which they must not seem to stand on.
pub(crate) fn among(estimate: &Estimate<Decimal>, lines: &[Decimal]) -> String {
    numbers::bounds_apart((estimate.low(), estimate.high()), lines)
}

/// The same of a fact in its base unit, shown in that of its readers.
fn in_unit(
    (low, high): (Option<&Decimal>, Option<&Decimal>),
    shown: &str,
    lines: &[Decimal],
) -> String {
    let factor = weigh_facts::Unit::parse(shown).ok().map(|(_, f)| f);
    let in_unit = |value: &Decimal| {
        let value_in = factor.as_ref().and_then(|f| value.exact_quotient(f));
        value_in.unwrap_or_else(|| value.clone())
    };
    let (low, high) = (low.map(in_unit), high.map(in_unit));
    let number = numbers::bounds_apart((low.as_ref(), high.as_ref()), lines);
    match shown {
        "1" => number,
        unit => format!("{number} {unit}"),
    }
}

fn side(line: Option<&Line>, bound: Option<&Decimal>) -> String {
    let Some(line) = line else {
        return "none".to_owned();
    };
    let away = bound
        .and_then(|bound| numbers::margin(bound, &line.at.value))
        .map_or_else(String::new, |margin| format!(", {margin}"));
    let at = line.at.to_reader(&line.shown);
    let open = if line.comparator.contains(" or ") {
        "; whether the end point counts is not settled"
    } else {
        ""
    };
    clean(&format!(
        "{} {at} ({}){away}{open}",
        line.comparator, line.rule
    ))
}

fn said(speaks: &Speaks) -> Said {
    let is_open = speaks.verdict == Verdict::Indeterminate;
    let words = if speaks.outcome.is_empty() {
        speaks.rule.clone()
    } else {
        speaks.outcome.clone()
    };
    let words = match speaks.verdict {
        Verdict::Applies => words,
        Verdict::Indeterminate if !speaks.needs.is_empty() => {
            format!("perhaps {words}: needs {}", speaks.needs.join(", "))
        }
        Verdict::Indeterminate if speaks.text_status.is_none() => {
            format!("perhaps {words}: a person has to check, no text is known on this day")
        }
        Verdict::Indeterminate => format!("perhaps {words}: what would settle it is not known"),
        Verdict::DoesNotApply => format!("nothing; {} does not apply", speaks.rule),
        Verdict::NotInForce => "nothing in force".to_owned(),
    };
    Said {
        words: clean(&words),
        rule: clean(&format!("{}/{}", speaks.rulebook, speaks.rule)),
        status: format!(
            "{}; {}",
            text_status(speaks.text_status),
            enforcement(speaks.enforcement)
        ),
        citation: clean(&speaks.citation),
        is_open,
        is_law: speaks.text_status == Some(weigh_facts::TextStatus::InForce),
        is_text_unknown: speaks.text_status.is_none(),
        is_policy: speaks.basis == Basis::Policy,
        is_note: speaks.level == Level::Note,
    }
}

/// The outcome words of an era, each once; several rules often give one class.
fn class_of(era: &Era) -> String {
    ClassWords::of(&era.says).in_words()
}

/// Days on which the rules changed and the class did not.
fn same_on(era: &Era) -> String {
    if era.same_on.is_empty() {
        return String::new();
    }
    let days: Vec<String> = era.same_on.iter().map(ToString::to_string).collect();
    format!("the same as of {}", days.join(", "))
}

fn timeline(timeline: &Timeline, today: &str) -> TimelineWords {
    let eras = timeline.eras.iter().map(|era| {
        let until = era.until.map(|u| u.to_string());
        let last_day = era.until.and_then(weigh_facts::Date::day_before);
        let days = match last_day {
            Some(last) => format!("{} to {last}", era.from),
            None => format!("{} on", era.from),
        };
        let from = era.from.to_string();
        EraWords {
            days,
            class: class_of(era),
            same_on: same_on(era),
            said: era.says.iter().map(said).collect(),
            is_today: *from <= *today && until.as_deref().is_none_or(|u| today < u),
            is_free: era.says.is_empty(),
        }
    });
    TimelineWords {
        rulebook: clean(&timeline.rulebook),
        title: clean(&timeline.title),
        known: timeline.known.to_string(),
        age: format!(
            "as known on {}{}",
            timeline.known,
            if timeline.is_stale { " · STALE" } else { "" }
        ),
        eras: eras.collect(),
    }
}

/// The timelines on one axis of time, a lane for each rulebook.
struct Drawing {
    lanes: Vec<Lane>,
    years: Vec<(i64, String)>,
    /// Where the day asked for stands.
    today: i64,
    height: i64,
}

struct Lane {
    y: i64,
    label: String,
    blocks: Vec<Block>,
}

struct Block {
    x: i64,
    width: i64,
    /// The class, as far as there is room for it.
    label: String,
    /// Days and class, for a pointer.
    title: String,
    /// `free`, `held`, `open`, `unlawful`.
    kind: &'static str,
}

/// Where the lanes begin and end, in units of the drawing.
const AXIS: (i64, i64) = (190, 990);
const LANE: i64 = 34;
/// Width of a character of the labels.
const LETTER: i64 = 8;

impl Drawing {
    fn of(sheet: &ChipSheet) -> Self {
        let starts = sheet.timelines.iter().filter_map(|t| t.eras.first());
        let today = sheet.on.days_since_epoch();
        let first = starts.map(|e| e.from.days_since_epoch()).min();
        let first = first.unwrap_or(today).min(today);
        let ends = sheet.timelines.iter().filter_map(|t| t.eras.last());
        let last = ends.map(|e| e.from.days_since_epoch()).max();
        // What holds now goes on: a tenth of the drawing lies behind the last day.
        let last = last.unwrap_or(today).max(today);
        let span = ((last - first) * 10 / 9).max(90);
        let x = |day: i64| AXIS.0 + (day - first) * (AXIS.1 - AXIS.0) / span;
        let lanes = sheet.timelines.iter().zip(1..).map(|(timeline, row)| Lane {
            y: LANE * row,
            label: clean(&timeline.rulebook),
            blocks: timeline.eras.iter().map(|era| block(era, x)).collect(),
        });
        let lanes: Vec<Lane> = lanes.collect();
        let years = (2000..2100).filter_map(|year| {
            let day = weigh_facts::Date::new(year, 1, 1).ok()?.days_since_epoch();
            (first..first + span)
                .contains(&day)
                .then(|| (x(day), year.to_string()))
        });
        Self {
            years: years.collect(),
            today: x(today),
            height: LANE * (i64::try_from(lanes.len()).unwrap_or_default() + 1) + 8,
            lanes,
        }
    }
}

fn block(era: &Era, x: impl Fn(i64) -> i64) -> Block {
    let from = x(era.from.days_since_epoch());
    let until = era.until.map_or(AXIS.1, |u| x(u.days_since_epoch()));
    let width = (until - from).max(1);
    let class = class_of(era);
    let label = ClassWords::of(&era.says).without_policy();
    let letters = i64::try_from(label.chars().count()).unwrap_or(i64::MAX);
    let is_open = |s: &Speaks| s.verdict == Verdict::Indeterminate;
    let is_law =
        |s: &Speaks| s.text_status == Some(weigh_facts::TextStatus::InForce) || is_unread(s);
    let kind = if era.says.is_empty() {
        "free"
    } else if !era.says.iter().any(is_law) {
        "unlawful"
    } else if era.says.iter().all(is_open) {
        "open"
    } else {
        "held"
    };
    let last_day = era.until.and_then(weigh_facts::Date::day_before);
    let days = match last_day {
        Some(last) => format!("{} to {last}", era.from),
        None => format!("{} on", era.from),
    };
    Block {
        x: from,
        width,
        title: format!("{days}: {class}"),
        label: if letters.saturating_mul(LETTER) + 8 <= width {
            label
        } else {
            String::new()
        },
        kind,
    }
}

fn flips(sheet: &ChipSheet) -> Vec<String> {
    let mut lines = Vec::new();
    for flip in &sheet.flips {
        let tpp = numbers::apart(&flip.tpp, &sheet.lines);
        let reading = flip.reading.as_str();
        if flip.changes.is_empty() {
            let of_this = |t: &&Treatment| t.flips.iter().any(|f| f.reading == flip.reading);
            let flipped = sheet.treatments.iter().any(|t| of_this(&t));
            let exports = if flipped {
                "an export FLIPS, see below"
            } else {
                "no export below is treated otherwise"
            };
            lines.push(clean(&format!(
                "{reading}: TPP {tpp}; no class changes, {exports}"
            )));
        }
        for (rule, before, after) in &flip.changes {
            lines.push(clean(&format!(
                "FLIPS with {reading} (TPP {tpp}): {rule} {before} here, {after} there"
            )));
        }
    }
    lines
}

/// What another reading of the figures changes of an export, a line for each reading.
fn export_flips(treatment: &Treatment, lines: &[Decimal]) -> Vec<String> {
    let flips = treatment.flips.iter().map(|flip| {
        let (reading, tpp) = (flip.reading.as_str(), numbers::apart(&flip.tpp, lines));
        let changes = flip
            .changes
            .iter()
            .map(|(rule, here, there)| format!("{rule} {here} here, {there} there"));
        let changes: Vec<String> = changes.collect();
        clean(&format!(
            "FLIPS with {reading} (TPP {tpp}): {}",
            changes.join("; ")
        ))
    });
    flips.collect()
}

fn treatment(treatment: &Treatment, is_one_export: bool, lines: &[Decimal]) -> TreatmentWords {
    let destinations = match treatment.destinations.split_at_checked(24) {
        Some((first, rest)) if rest.len() > 2 => {
            format!("{} and {} more", first.join(" "), rest.len())
        }
        _ => treatment.destinations.join(" "),
    };
    let party = match &treatment.parent {
        Some(parent) => format!("ultimate parent in {parent}"),
        None if is_one_export => "seat of the ultimate parent not stated".to_owned(),
        None => "party of the place itself".to_owned(),
    };
    TreatmentWords {
        destinations: clean(&destinations),
        party: clean(&party),
        said: treatment.says.iter().map(said).collect(),
        flips: export_flips(treatment, lines),
    }
}

/// What the law says of a class of destinations, a line for each outcome and status; what is open,
/// what could be an exception, and what is not law, by name.
fn in_brief(all: &[Said]) -> Vec<String> {
    let (exceptions, said): (Vec<&Said>, Vec<&Said>) = all.iter().partition(|s| s.is_note);
    let mut lines: Vec<(String, Vec<&str>)> = Vec::new();
    for each in said.iter().filter(|s| !s.is_open && s.is_law) {
        let words = format!("{} · {}", each.words, each.status);
        let rule = each.rule.as_str();
        match lines.iter_mut().find(|(seen, _)| *seen == words) {
            Some((_, rules)) => rules.push(rule),
            None => lines.push((words, vec![rule])),
        }
    }
    let mut lines: Vec<String> = lines
        .into_iter()
        .map(|(words, rules)| format!("{words} · {}", rules.join(", ")))
        .collect();
    let by_name = |is_wanted: &dyn Fn(&Said) -> bool| -> Vec<&str> {
        let wanted = said.iter().filter(|s| is_wanted(s));
        wanted.map(|s| s.rule.as_str()).collect()
    };
    let unknown = by_name(&|s| s.is_text_unknown);
    if !unknown.is_empty() {
        let unknown = match unknown.as_slice() {
            many if many.len() > 4 => format!("{} rules", many.len()),
            few => few.join(", "),
        };
        lines.push(format!(
            "a person has to check: no text is known on this day for {unknown}"
        ));
    }
    let open = by_name(&|s| s.is_open && s.is_law);
    if !open.is_empty() {
        lines.push(format!("open: {}", open.join(", ")));
    }
    if lines.is_empty() {
        let others = by_name(&|s| !s.is_law && !s.is_text_unknown);
        lines.push(match others.as_slice() {
            [] => "no rule of this weight applies".to_owned(),
            others => format!(
                "no law of this weight applies; not law: {}",
                others.join(", ")
            ),
        });
    }
    lines.extend(exceptions_in_brief(&exceptions));
    lines
}

/// The license exceptions that could be there, and those that turn on something not said, a line
/// for each of the two and each status.
fn exceptions_in_brief(exceptions: &[&Said]) -> Vec<String> {
    let mut lines: Vec<(&'static str, &str, Vec<&str>)> = Vec::new();
    for said in exceptions {
        let label = match said.is_open {
            false => "an exception could be there",
            true => "an exception, if more is known",
        };
        let (rule, status) = (said.rule.as_str(), said.status.as_str());
        let is_same = |(l, s, _): &&mut (&str, &str, Vec<&str>)| *l == label && *s == status;
        match lines.iter_mut().find(is_same) {
            Some((.., rules)) => rules.push(rule),
            None => lines.push((label, status, vec![rule])),
        }
    }
    let lines = lines.into_iter();
    let words =
        lines.map(|(label, status, rules)| format!("{label}: {} · {status}", rules.join(", ")));
    words.collect()
}

fn text(words: &Words) -> String {
    let mut out = String::new();
    // Writing to a string cannot fail.
    let _ = write_text(&mut out, words);
    out
}

fn write_text(out: &mut String, words: &Words) -> std::fmt::Result {
    writeln!(out, "{} · {} · {}", words.tool, words.name, words.id)?;
    writeln!(out, "{}", wrapped(&words.summary(), 2))?;
    writeln!(out)?;
    for (label, figure) in &words.figures {
        writeln!(out, "  {label:<9}  {}", wrapped(figure, 13))?;
    }
    if !words.rates.is_empty() {
        writeln!(
            out,
            "\n  format       unit        TFLOP/s or TOP/s, dense          TPP"
        )?;
        for [precision, unit, rate, tpp] in &words.rates {
            writeln!(out, "  {precision:<11}  {unit:<10}  {rate:>23}  {tpp:>11}")?;
        }
    }
    for flip in &words.flips {
        writeln!(out, "  {}", wrapped(flip, 4))?;
    }
    write_alarms(out, words)?;
    write_classes(out, words)?;
    write_exports(out, words)?;
    write_near(out, words)?;
    if let Some(notes) = &words.notes {
        writeln!(out, "\nNotes\n  {}", wrapped(notes, 2))?;
    }
    writeln!(out, "\nSources of the figures")?;
    for source in &words.sources {
        writeln!(out, "  {}", wrapped(source, 4))?;
    }
    writeln!(out)?;
    if !words.is_one_export {
        writeln!(
            out,
            "One export in full: `--to CC`, with `--headquarters` and `--parent`."
        )?;
    }
    writeln!(
        out,
        "Findings under documented readings of the texts, not legal advice; each rule's source is the law."
    )
}

fn write_alarms(out: &mut String, words: &Words) -> std::fmt::Result {
    if !words.alarms.is_empty() {
        writeln!(out, "\nA person must look")?;
    }
    for alarm in &words.alarms {
        let line = format!("ALARM {} · {} · {}", alarm.id, alarm.since, alarm.text);
        writeln!(out, "  {}", wrapped(&line, 6))?;
        if let Some(source) = &alarm.source {
            writeln!(out, "      {}", wrapped(source, 6))?;
        }
    }
    Ok(())
}

fn write_classes(out: &mut String, words: &Words) -> std::fmt::Result {
    writeln!(out, "\nClass over time")?;
    for timeline in &words.timelines {
        writeln!(out, "  {} · {}", timeline.rulebook, timeline.age)?;
        for era in &timeline.eras {
            let mark = if era.is_today { "▶" } else { " " };
            let law = era.said.iter().all(|s| s.is_law || s.is_text_unknown);
            let law = if law { "" } else { " · NOT LAW" };
            let class = format!("{}{law}", era.class);
            writeln!(out, "  {mark} {:<24}  {}", era.days, wrapped(&class, 30))?;
            if !era.same_on.is_empty() {
                writeln!(out, "{:30}{}", "", wrapped(&era.same_on, 32))?;
            }
        }
    }
    if !words.computer.is_empty() {
        let inside: Vec<String> = words
            .computer
            .iter()
            .map(|s| format!("{} ({})", s.words, s.rule))
            .collect();
        writeln!(
            out,
            "  {}",
            wrapped(&format!("in a computer: {}", inside.join("; ")), 4)
        )?;
    }
    Ok(())
}

fn write_exports(out: &mut String, words: &Words) -> std::fmt::Result {
    let heading = if words.is_one_export {
        "This export"
    } else {
        "Exports from the United States, by destination (review and heavier, and exceptions)"
    };
    if !words.treatments.is_empty() {
        writeln!(out, "\n{heading}")?;
    }
    for treatment in &words.treatments {
        let place = format!("{} · {}", treatment.destinations, treatment.party);
        writeln!(out, "  {}", wrapped(&place, 4))?;
        if words.is_one_export {
            for said in &treatment.said {
                let policy = if said.is_policy { " · POLICY" } else { "" };
                let line = format!("{} · {}{policy}", said.words, said.rule);
                writeln!(out, "    {}", wrapped(&line, 6))?;
                let rests = format!("{}; {}", said.status, said.citation);
                writeln!(out, "      {}", wrapped(&rests, 6))?;
            }
        } else {
            for line in in_brief(&treatment.said) {
                writeln!(out, "    {}", wrapped(&line, 6))?;
            }
        }
        for flip in &treatment.flips {
            writeln!(out, "    {}", wrapped(flip, 6))?;
        }
    }
    Ok(())
}

fn write_near(out: &mut String, words: &Words) -> std::fmt::Result {
    if !words.near.is_empty() {
        writeln!(out, "\nNearest lines")?;
    }
    for near in &words.near {
        writeln!(out, "  {} · {} = {}", near.rulebook, near.fact, near.value)?;
        writeln!(out, "    above  {}", wrapped(&near.above, 11))?;
        writeln!(out, "    below  {}", wrapped(&near.below, 11))?;
    }
    Ok(())
}

fn wrapped(text: &str, indent: usize) -> String {
    crate::finding::wrapped(text, indent)
}

fn markdown(words: &Words) -> String {
    let cell = |text: &str| text.replace('|', "\\|").replace('<', "&lt;");
    let (name, id, summary) = (cell(&words.name), cell(&words.id), cell(&words.summary()));
    let mut out = format!("# {name}\n\n{id}: {summary}.\n\n");
    for (label, figure) in &words.figures {
        let _ = writeln!(out, "- **{label}**: {}", cell(figure));
    }
    for flip in &words.flips {
        let _ = writeln!(out, "- {}", cell(flip));
    }
    if !words.alarms.is_empty() {
        out.push_str("\n## A person must look\n\n");
    }
    for alarm in &words.alarms {
        let source = alarm.source.iter().map(|s| format!(" ({s})"));
        let source: String = source.collect();
        let line = format!("{}, {}: {}{source}", alarm.id, alarm.since, alarm.text);
        let _ = writeln!(out, "- **ALARM** {}", cell(&line));
    }
    let _ = writeln!(
        out,
        "\n## Class over time\n\n| Rulebook | Days | Class |\n| --- | --- | --- |"
    );
    for timeline in &words.timelines {
        for era in &timeline.eras {
            let book = format!("{}, {}", timeline.rulebook, timeline.age);
            let class = match era.same_on.as_str() {
                "" => era.class.clone(),
                same => format!("{}; {same}", era.class),
            };
            let row = [&book, &era.days, &class].map(|c| cell(c));
            let _ = writeln!(out, "| {} |", row.join(" | "));
        }
    }
    if !words.treatments.is_empty() {
        let _ = writeln!(
            out,
            "\n## Exports\n\n| Destination | Party | Says | Rule | Status |\n| --- | --- | --- | --- | --- |"
        );
    }
    for treatment in &words.treatments {
        for said in &treatment.said {
            let row = [
                &treatment.destinations,
                &treatment.party,
                &said.words,
                &said.rule,
                &said.status,
            ];
            let _ = writeln!(out, "| {} |", row.map(|c| cell(c)).join(" | "));
        }
        for flip in &treatment.flips {
            let row = [&treatment.destinations, &treatment.party, flip];
            let _ = writeln!(out, "| {} | | |", row.map(|c| cell(c)).join(" | "));
        }
    }
    out
}

#[derive(Template)]
#[template(path = "chip.html")]
struct ChipPage<'a> {
    words: &'a Words,
    drawing: &'a Drawing,
    summary: String,
}

fn html(words: &Words, drawing: &Drawing) -> String {
    let page = ChipPage {
        words,
        drawing,
        summary: words.summary(),
    };
    // Writing to a string cannot fail.
    let mut out = page.render().unwrap_or_default();
    if !out.ends_with('\n') {
        out.push('\n');
    }
    out
}
