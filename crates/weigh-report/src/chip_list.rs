//! Chips on one list: a compact table for a terminal, Markdown, HTML, JSON, and CSV for a
//! spreadsheet.
//!
//! A table for readers shows the class by the rulebooks whose text is in force on the day; where
//! none is, by all that were read, marked as no law. JSON and CSV have every rulebook.

use std::fmt::Write;

use askama::Template;
use serde::Serialize;
use weigh_compute::{Chip, PerformanceDensity, Tf32};
use weigh_facts::{Decimal, Estimate};
use weigh_station::{BookRead, ChipFigure, ChipList, ChipRow, Treatment};

use crate::chip::{WireFlip, among, wire_flips};
use crate::class::{ClassWords, NO_RULE};
use crate::clean::clean;
use crate::json::escaped;
use crate::numbers::apart;
use crate::page::findings::{enforcement, text_status};
use crate::speaks::{WireSaid, wire};
use crate::{Format, TOOL, VERSION};

/// Renders a list of chips. Ends with a line break.
#[must_use]
pub fn render_chip_list(list: &ChipList, format: Format) -> String {
    match format {
        Format::Text => text(&Words::of(list)),
        Format::Markdown => markdown(&Words::of(list)),
        Format::Html => html(&Words::of(list)),
        Format::Json => json(list),
    }
}

/// Keeps the chips whose class, as a reader sees it, holds these words. Case does not count.
#[must_use]
pub fn with_class(mut list: ChipList, words: &str) -> ChipList {
    let wanted = words.to_lowercase();
    let shown = shown(&list);
    list.rows.retain(|row| {
        let mut classes = classes(row, &shown).into_iter();
        classes.any(|class| class.to_lowercase().contains(&wanted))
    });
    list
}

/// The places of the rulebooks that a reader sees.
fn shown(list: &ChipList) -> Vec<usize> {
    let law = |place: &usize| list.books.get(*place).is_some_and(BookRead::is_law);
    let all = 0..list.books.len();
    let shown: Vec<usize> = all.clone().filter(law).collect();
    if shown.is_empty() {
        return all.collect();
    }
    shown
}

fn classes(row: &ChipRow, shown: &[usize]) -> Vec<String> {
    let shown = shown.iter().filter_map(|place| row.classes.get(*place));
    shown.map(|c| ClassWords::of(&c.says).in_words()).collect()
}

struct Words {
    tool: String,
    on: String,
    tf32: &'static str,
    count: usize,
    books: Vec<String>,
    ids: Vec<String>,
    rows: Vec<RowWords>,
    has_unverified: bool,
    has_flips: bool,
    has_export_flips: bool,
}

struct RowWords {
    id: String,
    name: String,
    vendor: String,
    released: String,
    tpp: String,
    driver: String,
    density: String,
    io: String,
    dram: String,
    data_center: String,
    classes: Vec<String>,
    /// What another reading changes: the class, or else an export; empty for neither.
    flips: &'static str,
}

/// Follows a figure that rests on a text which nobody verified.
const UNVERIFIED: &str = "*";
/// Follows a class that another reading of the figures changes.
const FLIPS: &str = "FLIPS";
/// Follows a class that stays, where another reading changes how an export is treated.
const EXPORT_FLIPS: &str = "EXPORT FLIPS";

impl Words {
    fn of(list: &ChipList) -> Self {
        let shown = shown(list);
        let books = shown.iter().filter_map(|place| list.books.get(*place));
        let in_words = books.clone().map(|book| {
            let stale = if book.is_stale {
                format!(", STALE: knows the law through {}", book.known_through)
            } else {
                String::new()
            };
            let law = if book.is_law() { "" } else { ", NOT LAW" };
            clean(&format!(
                "{}: {}; {}; {}{law}{stale}",
                book.id,
                book.title,
                text_status(book.text_status),
                enforcement(book.enforcement)
            ))
        });
        let rows: Vec<RowWords> = list
            .rows
            .iter()
            .map(|row| row_words(list, row, &shown))
            .collect();
        Self {
            tool: format!("{TOOL} {VERSION}"),
            on: list.on.to_string(),
            tf32: list.tf32.as_str(),
            count: rows.len(),
            books: in_words.collect(),
            ids: books.map(|b| clean(&b.id)).collect(),
            has_unverified: list.rows.iter().any(|r| !r.unverified.is_empty()),
            has_flips: rows.iter().any(|r| r.flips == FLIPS),
            has_export_flips: rows.iter().any(|r| r.flips == EXPORT_FLIPS),
            rows,
        }
    }
}

fn row_words(list: &ChipList, row: &ChipRow, shown: &[usize]) -> RowWords {
    let chip = &row.chip;
    let marked = |figure: ChipFigure, words: String| {
        if row.unverified.contains(&figure) {
            return words + UNVERIFIED;
        }
        words
    };
    let known = |figure: ChipFigure, value: Option<&Estimate<Decimal>>| match value {
        Some(value) => marked(figure, short(value, &list.lines)),
        None => "-".to_owned(),
    };
    let tpp = chip.tpp(list.tf32);
    let of_tpp = tpp.as_ref().map(|t| t.estimate());
    let density = match chip.performance_density(list.tf32) {
        PerformanceDensity::Known(density) => known(ChipFigure::Density, Some(&density)),
        PerformanceDensity::Undefined => "undefined".to_owned(),
        PerformanceDensity::Unknown => "-".to_owned(),
    };
    let data_center = match chip.data_center.as_ref().map(|m| m.is_data_center) {
        Some(is_one) => marked(ChipFigure::DataCenter, yes_or_no(is_one).to_owned()),
        None => "-".to_owned(),
    };
    let is_shown = |rule: &str| {
        let books = shown.iter().filter_map(|place| list.books.get(*place));
        let book = rule.split('/').next().unwrap_or_default();
        books.into_iter().any(|b| b.id == book)
    };
    let mut changes = row.flips.iter().flat_map(|f| &f.changes);
    RowWords {
        id: clean(&chip.id),
        name: clean(&chip.name),
        vendor: clean(&chip.vendor),
        released: chip
            .released
            .map_or_else(|| "-".to_owned(), |r| r.to_string()),
        tpp: known(ChipFigure::Performance, of_tpp.as_ref()),
        driver: clean(&tpp.map_or_else(|| "-".to_owned(), |t| t.driver)),
        density,
        io: known(
            ChipFigure::InputOutput,
            chip.aggregate_io_gb_per_s().as_ref(),
        ),
        dram: known(ChipFigure::Dram, chip.total_dram_gb_per_s()),
        data_center,
        classes: classes(row, shown),
        flips: if changes.any(|(rule, _, _)| is_shown(rule)) {
            FLIPS
        } else if row.export_flips.is_empty() {
            ""
        } else {
            EXPORT_FLIPS
        },
    }
}

fn yes_or_no(flag: bool) -> &'static str {
    if flag { "yes" } else { "no" }
}

/// Bounds in as few characters as they take: `15,832`, `>=7.33`, `3.19-3.21`.
fn short(value: &Estimate<Decimal>, lines: &[Decimal]) -> String {
    let text = |value: &Decimal| apart(value, lines);
    match (value.low(), value.high()) {
        (Some(low), Some(high)) if text(low) == text(high) => text(low),
        (Some(low), Some(high)) => format!("{}-{}", text(low), text(high)),
        (Some(low), None) => format!(">={}", text(low)),
        (None, Some(high)) => format!("<={}", text(high)),
        (None, None) => "-".to_owned(),
    }
}

const HEADS: [&str; 9] = [
    "chip", "released", "TPP", "by", "TPP/mm2", "I/O", "DRAM", "DC", "class",
];

/// Columns of a terminal.
const COLUMNS: usize = 100;

fn text(words: &Words) -> String {
    let mut out = format!(
        "{} · {} chips · rules read on {} · {}\n\n",
        words.tool, words.count, words.on, words.tf32
    );
    let rows: Vec<[String; 9]> = words.rows.iter().map(cells).collect();
    let mut widths = HEADS.map(str::len);
    for row in &rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count());
        }
    }
    let [.., last] = &mut widths;
    *last = 0;
    let indent: usize = widths.iter().map(|w| w + 1).sum::<usize>() - 1;
    for row in [HEADS.map(str::to_owned)].iter().chain(&rows) {
        let mut line = String::new();
        let [first @ .., class] = row;
        for (index, (cell, width)) in first.iter().zip(widths).enumerate() {
            // Figures stand to the right, words to the left.
            let _ = match index {
                2 | 4..=6 => write!(line, "{cell:>width$} "),
                _ => write!(line, "{cell:<width$} "),
            };
        }
        line.push_str(&folded(class, indent));
        out.push_str(line.trim_end());
        out.push('\n');
    }
    out.push('\n');
    for line in legend(words) {
        out.push_str(&crate::finding::wrapped(&line, 2));
        out.push('\n');
    }
    out
}

/// A class may be longer than the room beside the figures: it goes on below itself.
fn folded(class: &str, indent: usize) -> String {
    let mut out = String::new();
    let mut column = indent;
    for word in class.split(' ') {
        let width = word.chars().count();
        if column > indent && column + 1 + width > COLUMNS {
            let _ = write!(out, "\n{}", " ".repeat(indent));
            column = indent;
        } else if column > indent {
            out.push(' ');
            column += 1;
        }
        out.push_str(word);
        column += width;
    }
    out
}

fn cells(row: &RowWords) -> [String; 9] {
    let spoken = row.classes.iter().filter(|c| *c != NO_RULE);
    let spoken: Vec<&str> = spoken.map(String::as_str).collect();
    let mut class = match spoken.as_slice() {
        [] => NO_RULE.to_owned(),
        some => some.join("; "),
    };
    if !row.flips.is_empty() {
        let _ = write!(class, " {}", row.flips);
    }
    // To the month: the rest is on the sheet of the chip.
    let released: String = row.released.chars().take(7).collect();
    let data_center = row.data_center.clone();
    [
        row.id.clone(),
        released,
        row.tpp.clone(),
        row.driver.clone(),
        row.density.clone(),
        row.io.clone(),
        row.dram.clone(),
        data_center,
        class,
    ]
}

fn legend(words: &Words) -> Vec<String> {
    let mut lines = vec![
        "TPP and its number format, dense; I/O and DRAM in GB/s; DC: made for data centers; \
         - not known."
            .to_owned(),
    ];
    if words.has_unverified {
        lines.push("* rests on a text that nobody verified.".to_owned());
    }
    if words.has_flips {
        lines.push(
            "FLIPS: another reading of the figures gives another class; see `chip show`."
                .to_owned(),
        );
    }
    if words.has_export_flips {
        lines.push(
            "EXPORT FLIPS: another reading of the figures leaves the class and changes how an \
             export is treated; see `chip show`."
                .to_owned(),
        );
    }
    for (index, book) in words.books.iter().enumerate() {
        lines.push(match index {
            0 => format!("Class by {book}."),
            _ => format!("Beside it, where one of its rules applies or could, by {book}."),
        });
    }
    lines
}

fn markdown(words: &Words) -> String {
    let cell = |text: &str| {
        text.replace('|', "\\|")
            .replace('<', "&lt;")
            .replace('*', "\\*")
    };
    let mut out = format!(
        "# Chips\n\n{} chips; rules read on {}; {}.\n\n",
        words.count, words.on, words.tf32
    );
    let mut heads: Vec<String> = [
        "Chip",
        "Vendor",
        "Released",
        "TPP",
        "By",
        "TPP/mm2",
        "I/O, GB/s",
        "DRAM, GB/s",
        "Data center",
    ]
    .map(str::to_owned)
    .to_vec();
    heads.extend(words.ids.iter().map(|id| cell(id)));
    let _ = writeln!(out, "| {} |", heads.join(" | "));
    let _ = writeln!(out, "|{}", " --- |".repeat(heads.len()));
    for row in &words.rows {
        let mut cells: Vec<String> = [
            &row.name,
            &row.vendor,
            &row.released,
            &row.tpp,
            &row.driver,
            &row.density,
            &row.io,
            &row.dram,
            &row.data_center,
        ]
        .map(|c| cell(c))
        .to_vec();
        cells.extend(row.classes.iter().map(|c| cell(c)));
        if let Some(last) = cells.last_mut().filter(|_| !row.flips.is_empty()) {
            let _ = write!(last, ", {}", row.flips);
        }
        let _ = writeln!(out, "| {} |", cells.join(" | "));
    }
    out.push('\n');
    for line in legend(words) {
        let _ = writeln!(out, "{}", cell(&line));
    }
    out
}

#[derive(Template)]
#[template(path = "chip_list.html")]
struct ListPage<'a> {
    words: &'a Words,
    legend: Vec<String>,
}

fn html(words: &Words) -> String {
    let page = ListPage {
        words,
        legend: legend(words),
    };
    // Writing to a string cannot fail.
    let mut out = page.render().unwrap_or_default();
    if !out.ends_with('\n') {
        out.push('\n');
    }
    out
}

/// Renders a list of chips as comma-separated values with a line of heads, every rulebook in a
/// column of its own. A bound that is not known is empty.
#[must_use]
pub fn render_chip_list_csv(list: &ChipList) -> String {
    let mut heads: Vec<String> = [
        "id",
        "name",
        "vendor",
        "released",
        "tpp_low",
        "tpp_high",
        "tpp_driver",
        "density_low",
        "density_high",
        "density_state",
        "io_gb_per_s_low",
        "io_gb_per_s_high",
        "dram_gb_per_s_low",
        "dram_gb_per_s_high",
        "is_data_center",
        "unverified",
        "flips",
        "export_flips",
    ]
    .map(str::to_owned)
    .to_vec();
    heads.extend(list.books.iter().map(|b| b.id.clone()));
    let mut out = comma_separated(&heads);
    for row in &list.rows {
        out.push_str(&comma_separated(&csv_row(list, row)));
    }
    out
}

fn csv_row(list: &ChipList, row: &ChipRow) -> Vec<String> {
    let chip = &row.chip;
    let ends = |value: Option<&Estimate<Decimal>>| {
        let end = |end: Option<&Decimal>| end.map(Decimal::to_plain).unwrap_or_default();
        [
            end(value.and_then(Estimate::low)),
            end(value.and_then(Estimate::high)),
        ]
    };
    let tpp = chip.tpp(list.tf32);
    let (state, density) = density(chip, list.tf32);
    let unverified: Vec<&str> = row.unverified.iter().map(|f| figure(*f)).collect();
    let flips = row.flips.iter().filter(|f| !f.changes.is_empty());
    let flips: Vec<&str> = flips.map(|f| f.reading.as_str()).collect();
    let mut exports: Vec<String> = Vec::new();
    for treatment in &row.export_flips {
        for destination in &treatment.destinations {
            // An export to a party with a parent in China of a place is `place/CN`.
            let parent = treatment.parent.as_ref();
            let parent = parent.map_or_else(String::new, |p| format!("/{p}"));
            exports.push(format!("{destination}{parent}"));
        }
    }
    let released = chip.released.map(|r| r.to_string());
    let mut cells = vec![
        chip.id.clone(),
        chip.name.clone(),
        chip.vendor.clone(),
        released.unwrap_or_default(),
    ];
    cells.extend(ends(tpp.as_ref().map(|t| t.estimate()).as_ref()));
    cells.push(tpp.map(|t| t.driver).unwrap_or_default());
    cells.extend(ends(density.as_ref()));
    cells.push(state.to_owned());
    cells.extend(ends(chip.aggregate_io_gb_per_s().as_ref()));
    cells.extend(ends(chip.total_dram_gb_per_s()));
    let marketing = chip.data_center.as_ref();
    cells.push(marketing.map_or_else(String::new, |m| m.is_data_center.to_string()));
    cells.extend([unverified.join(" "), flips.join(" "), exports.join(" ")]);
    let classes = row.classes.iter();
    cells.extend(classes.map(|c| ClassWords::of(&c.says).in_words()));
    cells
}

fn comma_separated(cells: &[String]) -> String {
    let quoted = cells.iter().map(|cell| {
        let cell = clean(cell);
        if cell.contains([',', '"']) {
            return format!("\"{}\"", cell.replace('"', "\"\""));
        }
        cell
    });
    quoted.collect::<Vec<_>>().join(",") + "\n"
}

/// Whether there is a performance density, and what is known of it.
pub(crate) fn density(chip: &Chip, tf32: Tf32) -> (&'static str, Option<Estimate<Decimal>>) {
    match chip.performance_density(tf32) {
        PerformanceDensity::Known(density) => ("known", Some(density)),
        PerformanceDensity::Undefined => ("undefined", None),
        PerformanceDensity::Unknown => ("unknown", None),
    }
}

fn figure(figure: ChipFigure) -> &'static str {
    match figure {
        ChipFigure::Performance => "total_processing_performance",
        ChipFigure::Density => "performance_density",
        ChipFigure::InputOutput => "io_gb_per_s",
        ChipFigure::Dram => "dram_gb_per_s",
        ChipFigure::DataCenter => "is_data_center",
    }
}

#[derive(Serialize)]
struct WireList {
    schema: &'static str,
    tool: WireTool,
    on: String,
    tf32: &'static str,
    rulebooks: Vec<WireBook>,
    chips: Vec<WireRow>,
}

#[derive(Serialize)]
pub(crate) struct WireTool {
    name: &'static str,
    version: &'static str,
}

impl WireTool {
    pub(crate) fn this() -> Self {
        Self {
            name: TOOL,
            version: VERSION,
        }
    }
}

#[derive(Serialize)]
struct WireBook {
    id: String,
    title: String,
    text_status: Option<&'static str>,
    enforcement: &'static str,
    known_through: String,
    is_stale: bool,
}

#[derive(Serialize)]
struct WireRow {
    id: String,
    name: String,
    vendor: String,
    released: Option<String>,
    total_processing_performance: Option<WireBounds>,
    driver: Option<String>,
    density_state: &'static str,
    performance_density: Option<WireBounds>,
    io_gb_per_s: Option<WireBounds>,
    dram_gb_per_s: Option<WireBounds>,
    is_data_center: Option<bool>,
    unverified: Vec<&'static str>,
    classes: Vec<WireClass>,
    flips: Vec<WireFlip>,
    export_flips: Vec<WireExportFlips>,
}

/// Destinations for which another reading changes how an export is treated.
#[derive(Serialize)]
struct WireExportFlips {
    destinations: Vec<String>,
    parent: Option<String>,
    flips: Vec<WireFlip>,
}

/// Both ends exactly, and the words of a page.
#[derive(Serialize)]
pub(crate) struct WireBounds {
    low: Option<String>,
    high: Option<String>,
    shown: String,
}

impl WireBounds {
    pub(crate) fn of(value: &Estimate<Decimal>) -> Self {
        Self::among(value, &[])
    }

    /// The words do not seem to stand on a line that the figure does not stand on.
    pub(crate) fn among(value: &Estimate<Decimal>, lines: &[Decimal]) -> Self {
        Self {
            low: value.low().map(Decimal::to_plain),
            high: value.high().map(Decimal::to_plain),
            shown: among(value, lines),
        }
    }
}

#[derive(Serialize)]
struct WireClass {
    rulebook: String,
    class: String,
    says: Vec<WireSaid>,
}

fn json(list: &ChipList) -> String {
    let book = |b: &BookRead| WireBook {
        id: b.id.clone(),
        title: b.title.clone(),
        text_status: b.text_status.map(|t| t.as_str()),
        enforcement: b.enforcement.as_str(),
        known_through: b.known_through.to_string(),
        is_stale: b.is_stale,
    };
    let wire_list = WireList {
        schema: "weighbridge.chip-list/1",
        tool: WireTool::this(),
        on: list.on.to_string(),
        tf32: list.tf32.as_str(),
        rulebooks: list.books.iter().map(book).collect(),
        chips: list.rows.iter().map(|row| wire_row(list, row)).collect(),
    };
    // These structs always serialize.
    let mut out = escaped(&serde_json::to_string_pretty(&wire_list).unwrap_or_default());
    out.push('\n');
    out
}

fn wire_row(list: &ChipList, row: &ChipRow) -> WireRow {
    let chip = &row.chip;
    let tpp = chip.tpp(list.tf32);
    let (state, density) = density(chip, list.tf32);
    let class = |c: &weigh_station::Class| WireClass {
        rulebook: c.rulebook.clone(),
        class: ClassWords::of(&c.says).in_words(),
        says: wire(&c.says),
    };
    let of = |value: &Estimate<Decimal>| WireBounds::among(value, &list.lines);
    WireRow {
        id: chip.id.clone(),
        name: chip.name.clone(),
        vendor: chip.vendor.clone(),
        released: chip.released.map(|r| r.to_string()),
        total_processing_performance: tpp.as_ref().map(|t| of(&t.estimate())),
        driver: tpp.map(|t| t.driver),
        density_state: state,
        performance_density: density.as_ref().map(of),
        io_gb_per_s: chip.aggregate_io_gb_per_s().as_ref().map(of),
        dram_gb_per_s: chip.total_dram_gb_per_s().map(of),
        is_data_center: chip.data_center.as_ref().map(|m| m.is_data_center),
        unverified: row.unverified.iter().map(|f| figure(*f)).collect(),
        classes: row.classes.iter().map(class).collect(),
        flips: wire_flips(&row.flips),
        export_flips: row.export_flips.iter().map(wire_export_flips).collect(),
    }
}

fn wire_export_flips(treatment: &Treatment) -> WireExportFlips {
    WireExportFlips {
        destinations: treatment.destinations.clone(),
        parent: treatment.parent.clone(),
        flips: wire_flips(&treatment.flips),
    }
}
