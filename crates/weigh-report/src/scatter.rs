//! Chips on a plane as a drawing: one SVG file that stands alone, on paper and on a screen.
//!
//! `plane` is geometry, `labels` finds room for names, `draw` lays the plane out and `beside` what
//! stands around it, and the template sets all. What is law comes with the [`Scatter`]: its lines,
//! and what lies between them.
//!
//! - **Invariant:** shape, filling and words carry the meaning; color repeats it.
//! - **Invariant:** no name is lost: what finds no room on the plane is listed below it, and every
//!   mark says what it stands for to those who point at it or hear it.

mod beside;
mod draw;
mod labels;
mod plane;

use std::collections::{BTreeMap, BTreeSet};

use askama::Template;
use weigh_facts::{Decimal, Estimate};
use weigh_station::{PlaneAxis, Scatter, Spot};

use crate::chip::among;
use crate::class::{ClassWords, NO_RULE};
use crate::clean::clean;
use crate::page::findings::{enforcement, text_status};
use crate::{TOOL, VERSION};
use draw::Drawing;

#[derive(Template)]
#[template(path = "scatter.svg")]
struct Document<'a> {
    drawing: &'a Drawing,
}

/// Draws chips on a plane as SVG. Chips with these ids are ringed, and named before all others.
/// Ends with a line break.
#[must_use]
pub fn render_scatter(scatter: &Scatter, highlighted: &[String]) -> String {
    let drawing = Drawing::of(&Picture::of(scatter, highlighted));
    let document = Document { drawing: &drawing };
    // Writing to a string cannot fail.
    let mut out = document.render().unwrap_or_default();
    if !out.ends_with('\n') {
        out.push('\n');
    }
    out
}

/// What is drawn, in words.
struct Picture<'a> {
    scatter: &'a Scatter,
    title: String,
    subtitle: String,
    across: String,
    upward: String,
    /// What there is none of in the rug: `performance density`.
    figure: &'static str,
    kinds: Kinds,
    /// Chips at one place with one class, the names of all.
    groups: Vec<Group<'a>>,
    /// Chips of which only the figure across is known.
    rug: Vec<Group<'a>>,
    /// Chips without a known figure across.
    nowhere: Vec<String>,
    notes: Vec<String>,
}

/// Chips that are drawn as one mark.
struct Group<'a> {
    spots: Vec<&'a Spot>,
    /// The short names, for a label.
    label: String,
    kind: Kind,
    is_highlighted: bool,
}

/// How a class is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    /// A class of the rulebook, by its place among all that occur; those after the last share it.
    Class(usize),
    /// Its figures leave it open.
    Open,
    /// No rule applies, and none could.
    Free,
}

/// The last class that has a shape of its own.
const LAST_CLASS: usize = 3;

/// The classes that occur, in order.
struct Kinds {
    classes: Vec<String>,
}

impl Kinds {
    fn of(scatter: &Scatter) -> Self {
        let of_spots = scatter.spots.iter().map(|s| &s.says);
        let of_fields = scatter.fields.iter().map(|f| &f.says);
        let all = of_spots.chain(of_fields).map(|says| ClassWords::of(says));
        let classes: BTreeSet<String> = all
            .filter(|c| !c.certain.is_empty())
            .map(|c| c.certain.join(", "))
            .collect();
        Self {
            classes: classes.into_iter().collect(),
        }
    }

    fn kind(&self, class: &ClassWords) -> Kind {
        if class.certain.is_empty() {
            return if class.open.is_empty() && !class.is_unread {
                Kind::Free
            } else {
                Kind::Open
            };
        }
        let words = class.certain.join(", ");
        let place = self.classes.iter().position(|c| *c == words);
        Kind::Class(place.unwrap_or(LAST_CLASS).min(LAST_CLASS))
    }

    /// Every kind that is drawn, with its words.
    fn legend(&self, groups: &[&Group<'_>]) -> Vec<(Kind, String)> {
        let mut words: BTreeMap<Kind, BTreeSet<String>> = BTreeMap::new();
        for group in groups {
            let class = group.class();
            let said = match group.kind {
                Kind::Class(_) => class.certain.join(", "),
                Kind::Open | Kind::Free => class.without_policy(),
            };
            words.entry(group.kind).or_default().insert(said);
        }
        let words = words.into_iter().map(|(kind, said)| {
            let said: Vec<String> = said.into_iter().collect();
            let text = match (kind, said.as_slice()) {
                (Kind::Free, _) => NO_RULE.to_owned(),
                (Kind::Open, [_, _, ..]) => {
                    "open: its figures leave the class undecided".to_owned()
                }
                _ => said.join("; "),
            };
            (kind, clean(&text))
        });
        words.collect()
    }
}

impl Group<'_> {
    fn first(&self) -> Option<&Spot> {
        self.spots.first().copied()
    }

    fn class(&self) -> ClassWords {
        ClassWords::of(self.first().map_or(&[], |s| &s.says))
    }

    fn is_data_center(&self) -> Option<bool> {
        self.first().and_then(|s| s.is_data_center)
    }

    /// Everything there is to know of the mark, for those who point at it.
    fn description(&self, scatter: &Scatter) -> String {
        let names: Vec<&str> = self.spots.iter().map(|s| s.name.as_str()).collect();
        let Some(first) = self.first() else {
            return String::new();
        };
        let made_for = match first.is_data_center {
            Some(true) => "made for data centers",
            Some(false) => "not made for data centers",
            None => "whether made for data centers is not known",
        };
        let mut words = vec![
            in_words(first.across.as_ref(), &scatter.across),
            in_words(first.upward.as_ref(), &scatter.upward),
            self.class().in_words(),
            made_for.to_owned(),
        ];
        for flip in &first.flips {
            let (reading, tpp) = (flip.reading.as_str(), flip.tpp.to_reader());
            words.push(format!("another class with {reading} (TPP {tpp})"));
        }
        if self.spots.iter().any(|s| s.is_unverified) {
            words.push("rests on a text that nobody verified".to_owned());
        }
        clean(&format!("{}: {}", names.join(", "), words.join("; ")))
    }
}

fn in_words(value: Option<&Estimate<Decimal>>, axis: &PlaneAxis) -> String {
    let lines: Vec<Decimal> = axis.lines.iter().map(|l| l.at.clone()).collect();
    let value = value.map_or_else(|| "not known".to_owned(), |v| among(v, &lines));
    format!("{value} {}", axis.shown)
}

impl<'a> Picture<'a> {
    fn of(scatter: &'a Scatter, highlighted: &[String]) -> Self {
        let kinds = Kinds::of(scatter);
        let (nowhere, placed): (Vec<&Spot>, Vec<&Spot>) =
            scatter.spots.iter().partition(|s| s.across.is_none());
        let (rug, plane): (Vec<&Spot>, Vec<&Spot>) =
            placed.into_iter().partition(|s| s.upward.is_none());
        let group = |spots: Vec<&'a Spot>| groups(spots, scatter, &kinds, highlighted);
        let (groups, rug) = (group(plane), group(rug));
        let (_, figure, _) = axis_words(&scatter.upward);
        let nowhere: Vec<String> = nowhere.iter().map(|s| clean(&s.name)).collect();
        let notes = notes(scatter, &nowhere);
        Self {
            title: format!("Chips by performance and {figure}, {}", scatter.on),
            subtitle: subtitle(scatter),
            across: axis_words(&scatter.across).0.to_owned(),
            upward: axis_words(&scatter.upward).0.to_owned(),
            figure,
            nowhere,
            kinds,
            groups,
            rug,
            notes,
            scatter,
        }
    }
}

/// What an axis shows: written along it, in a sentence, and in short.
fn axis_words(axis: &PlaneAxis) -> (&'static str, &'static str, &'static str) {
    match axis.fact.as_str() {
        "total_processing_performance" => (
            "Total processing performance, TPP (logarithmic)",
            "performance",
            "TPP",
        ),
        "performance_density" => (
            "Performance density, TPP per mm² of non-planar logic die (logarithmic)",
            "performance density",
            "density",
        ),
        "chip_interconnect_bandwidth" => (
            "Rate of inputs and outputs, both directions, GB/s (logarithmic)",
            "rate of inputs and outputs",
            "I/O",
        ),
        _ => (
            "DRAM bandwidth, GB/s (logarithmic)",
            "DRAM bandwidth",
            "DRAM",
        ),
    }
}

fn subtitle(scatter: &Scatter) -> String {
    let book = &scatter.book;
    let lines = scatter.across.lines.len() + scatter.upward.lines.len();
    let lines = if lines == 0 {
        "It draws no line on these figures on that day".to_owned()
    } else {
        format!(
            "{}; {}",
            text_status(book.text_status),
            enforcement(book.enforcement)
        )
    };
    let law = if book.is_law() { "" } else { " · NOT LAW" };
    let stale = if book.is_stale {
        format!(" · STALE: knows the law through {}", book.known_through)
    } else {
        String::new()
    };
    clean(&format!(
        "Lines and classes of {} as read on {} · {lines}{law}{stale}",
        book.id, scatter.on
    ))
}

fn notes(scatter: &Scatter, nowhere: &[String]) -> Vec<String> {
    let mut notes = Vec::new();
    if !nowhere.is_empty() {
        let names = nowhere.join(", ");
        notes.push(format!("Not drawn, no performance known: {names}."));
    }
    let is_split = scatter
        .fields
        .iter()
        .any(|f| ClassWords::of(&f.says) != ClassWords::of(&f.says_elsewhere));
    if scatter.fields.iter().any(|f| !f.says.is_empty()) {
        let split = if is_split {
            "; hatched where that holds for data centers only"
        } else {
            ""
        };
        notes.push(format!(
            "Shaded: the class that the two figures decide alone, found by reading the rulebook \
             between its lines{split}."
        ));
    }
    let later = scatter.spots.iter().filter(|s| s.is_later).count();
    if later > 0 {
        notes.push(format!(
            "Of the {} chips {later} were released after that day.",
            scatter.spots.len()
        ));
    }
    notes.push(
        "A bar spans the bounds of a figure; an arrow points where no bound is known. A mark stands \
         in the middle of a bar, or at its known end."
            .to_owned(),
    );
    if scatter.spots.iter().any(|s| s.is_unverified) {
        notes.push("* rests on a text that nobody verified.".to_owned());
    }
    if scatter.spots.iter().any(|s| !s.flips.is_empty()) {
        notes.push(format!(
            "† another reading of the figures gives another class; here {}.",
            match scatter.tf32.bits() {
                19 => "TF32 counts 19 bits",
                _ => "TF32 counts 32 bits",
            }
        ));
    }
    notes.push(clean(&format!(
        "{TOOL} {VERSION}; {}; {}. A finding under documented readings of the texts, not legal \
         advice.",
        scatter.book.title,
        scatter.tf32.as_str()
    )));
    notes
}

/// Chips at one place with one class become one mark; chips of a person's own, and those that are
/// ringed, stand for themselves.
fn groups<'a>(
    spots: Vec<&'a Spot>,
    scatter: &Scatter,
    kinds: &Kinds,
    highlighted: &[String],
) -> Vec<Group<'a>> {
    let is_ringed = |s: &Spot| s.is_own || highlighted.contains(&s.id);
    let key = |s: &Spot| {
        let ends = |e: &Option<Estimate<Decimal>>| {
            e.as_ref().map(|e| (e.low().cloned(), e.high().cloned()))
        };
        let alone = is_ringed(s).then(|| s.id.clone());
        let class = ClassWords::of(&s.says);
        (
            ends(&s.across),
            ends(&s.upward),
            s.is_data_center,
            class,
            alone,
        )
    };
    let mut by_place: BTreeMap<_, Vec<&Spot>> = BTreeMap::new();
    for spot in spots {
        by_place.entry(key(spot)).or_default().push(spot);
    }
    let groups = by_place.into_values().map(|spots| {
        let class = ClassWords::of(spots.first().map_or(&[], |s| &s.says));
        Group {
            label: label(&spots, &scatter.spots),
            kind: kinds.kind(&class),
            is_highlighted: spots.iter().any(|s| is_ringed(s)),
            spots,
        }
    });
    groups.collect()
}

/// Longer names are shortened, if that leaves them distinct.
const SHORT: usize = 12;

/// The names of some chips, as short as they are distinct from all others: `H100 SXM5`,
/// `A100 ×3, A800 ×2`.
fn label(spots: &[&Spot], all: &[Spot]) -> String {
    let is_inside = |s: &Spot| spots.iter().any(|inside| inside.id == s.id);
    let others: Vec<String> = all.iter().filter(|s| !is_inside(s)).map(bare).collect();
    let short = |spot: &Spot| {
        let name = bare(spot);
        if spot.is_own || name.chars().count() <= SHORT {
            return name;
        }
        let ends = name.match_indices(' ').map(|(at, _)| at);
        let prefixes = ends.filter_map(|at| name.get(..at));
        let is_distinct = |prefix: &&str| {
            let starts = |o: &String| o == prefix || o.starts_with(&format!("{prefix} "));
            !others.iter().any(starts)
        };
        let found = prefixes.into_iter().find(is_distinct).map(str::to_owned);
        found.unwrap_or(name)
    };
    let mut names: Vec<(String, usize)> = Vec::new();
    for spot in spots {
        let name = short(spot);
        match names.iter_mut().find(|(n, _)| *n == name) {
            Some((_, count)) => *count += 1,
            None => names.push((name, 1)),
        }
    }
    let names = names.into_iter().map(|(name, count)| match count {
        1 => name,
        n => format!("{name} ×{n}"),
    });
    let mark = |has: bool, mark: &str| if has { mark.to_owned() } else { String::new() };
    let marks = mark(spots.iter().any(|s| s.is_unverified), "*")
        + &mark(spots.iter().any(|s| !s.flips.is_empty()), "†");
    clean(&names.collect::<Vec<_>>().join(", ")) + &marks
}

/// The name without its vendor and without what stands in parentheses.
fn bare(spot: &Spot) -> String {
    let name = spot.name.strip_prefix(&spot.vendor).unwrap_or(&spot.name);
    let name = name.split(" (").next().unwrap_or(name).trim();
    if name.is_empty() {
        return spot.name.clone();
    }
    name.to_owned()
}
