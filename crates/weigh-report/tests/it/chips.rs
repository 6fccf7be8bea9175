//! The list of chips.

use std::sync::OnceLock;

use weigh_compute::{Chip, ChipCatalog, Tf32};
use weigh_facts::Date;
use weigh_report::{Format, render_chip_list, render_chip_list_csv, with_class};
use weigh_station::{ChipList, ChipOptions, Law, LawOptions, chip_list};

pub(crate) fn law() -> &'static Law {
    static LAW: OnceLock<Law> = OnceLock::new();
    LAW.get_or_init(|| Law::load(&LawOptions::default()).expect("the shipped law loads"))
}

fn catalog() -> &'static ChipCatalog {
    ChipCatalog::shipped().expect("the catalog lists")
}

pub(crate) fn all() -> Vec<&'static Chip> {
    catalog().chips().expect("the catalog reads")
}

pub(crate) fn chip(name: &str) -> Chip {
    catalog().find(name).expect("the catalog has it").clone()
}

pub(crate) fn day(on: &str) -> Date {
    on.parse().expect("a day")
}

pub(crate) fn options(on: &str) -> ChipOptions {
    ChipOptions {
        on: day(on),
        known: None,
        tf32: Tf32::Significant19,
        told: Vec::new(),
    }
}

fn list(on: &str) -> ChipList {
    chip_list(law(), &all(), &options(on))
}

/// The cells of a table for a spreadsheet, by column.
fn column(list: &ChipList, head: &str) -> Vec<(String, String)> {
    let text = render_chip_list_csv(list);
    let mut lines = text.lines().map(cells);
    let heads = lines.next().expect("a line of heads");
    let at = heads.iter().position(|h| h == head).expect("the column");
    lines
        .map(|cells| (cells[0].clone(), cells[at].clone()))
        .collect()
}

/// One line of comma-separated values.
fn cells(line: &str) -> Vec<String> {
    let mut cells = vec![String::new()];
    let mut is_quoted = false;
    for c in line.chars() {
        match c {
            '"' => is_quoted = !is_quoted,
            ',' if !is_quoted => cells.push(String::new()),
            c => cells.last_mut().expect("one at least").push(c),
        }
    }
    cells
}

/// Expected by the text of the rules and the datasheets: see the table of test vectors that the
/// rulebook's own tests were made from. The class of October 2022, and the one since 2023-11-17.
const CLASSES: &[(&str, &str, &str)] = &[
    ("nvidia-a100-sxm-80gb", "3A090.a", "3A090.a"),
    ("nvidia-a800-sxm-80gb", "no rule", "3A090.a"),
    ("nvidia-h100-sxm", "3A090.a", "3A090.a"),
    ("nvidia-h800-sxm", "no rule", "3A090.a"),
    ("nvidia-h20", "no rule", "no rule"),
    ("nvidia-l20", "no rule", "no rule"),
    ("nvidia-l2", "no rule", "no rule"),
    ("nvidia-a10", "no rule", "no rule"),
    ("nvidia-a40", "no rule", "3A090.b"),
    ("nvidia-l40", "no rule", "3A090.b"),
    ("nvidia-a30", "no rule", "3A090.b"),
    ("amd-mi210", "no rule", "3A090.b"),
    ("nvidia-l4", "no rule", "3A090.a"),
    ("meta-mtia-v2", "no rule", "3A090.a"),
    ("google-tpu-v4", "no rule", "3A090.a"),
    ("nvidia-rtx-4090", "no rule", "3A090.a"),
    ("nvidia-rtx-4090-d", "no rule", "no rule"),
    ("nvidia-rtx-5090-d", "no rule", "no rule"),
    ("amd-mi325x", "3A090.a", "3A090.a"),
    ("nvidia-b200", "3A090.a", "3A090.a"),
    ("amazon-trainium1", "no rule", "perhaps 3A090.a or 3A090.b"),
];

#[test]
fn chips_are_in_the_classes_that_the_texts_give() {
    for (on, place) in [("2023-06-01", 0), ("2026-09-01", 1)] {
        let found = column(&list(on), "us-ear-chips");
        for (id, then, now) in CLASSES {
            let (_, class) = found.iter().find(|(i, _)| i == id).expect("a chip of ours");
            assert_eq!(class, [then, now][place], "{id} on {on}");
        }
    }
}

#[test]
fn every_chip_stands_on_the_list_once_and_the_greatest_first() {
    let list = list("2026-09-01");
    let mut ids: Vec<&str> = list.rows.iter().map(|r| r.chip.id.as_str()).collect();
    let tpp = |row: &weigh_station::ChipRow| row.chip.tpp(list.tf32).map(|t| t.tpp);
    assert!(list.rows.iter().map(tpp).is_sorted_by(|a, b| a >= b));
    ids.sort_unstable();
    assert!(ids.iter().copied().eq(catalog().ids()));
}

#[test]
fn a_table_fits_a_terminal_and_a_page_names_every_chip() {
    for on in ["2022-01-01", "2023-06-01", "2026-11-24"] {
        let list = list(on);
        let text = render_chip_list(&list, Format::Text);
        for line in text.lines() {
            assert!(line.chars().count() <= 100, "{on}: {line}");
        }
        for format in [Format::Markdown, Format::Html, Format::Json] {
            let page = render_chip_list(&list, format);
            for row in &list.rows {
                assert!(page.contains(&row.chip.name), "{}", row.chip.name);
            }
        }
    }
}

#[test]
fn what_nobody_verified_and_what_flips_is_marked() {
    let text = render_chip_list(&list("2026-09-01"), Format::Text);
    let line = |id: &str| text.lines().find(|l| l.starts_with(id)).expect("its line");
    assert!(
        line("biren-br100").contains("16,384*"),
        "{}",
        line("biren-br100")
    );
    assert!(
        !line("nvidia-h100-sxm").contains('*'),
        "{}",
        line("nvidia-h100-sxm")
    );
    assert!(text.contains("FLIPS"), "Trainium1 turns on how TF32 counts");
    let marked = column(&list("2026-09-01"), "flips");
    let flipping: Vec<&str> = marked
        .iter()
        .filter(|(_, flips)| !flips.is_empty())
        .map(|(id, _)| id.as_str())
        .collect();
    assert_eq!(flipping, ["amazon-trainium1"]);
}

#[test]
fn a_list_can_be_narrowed_to_a_class() {
    let only = |words: &str| {
        let list = with_class(list("2026-09-01"), words);
        let ids = list.rows.iter().map(|r| r.chip.id.clone());
        ids.collect::<Vec<_>>()
    };
    let b = only("3a090.B");
    assert!(b.contains(&"nvidia-l40".to_owned()) && !b.contains(&"nvidia-h100-sxm".to_owned()));
    assert!(only("perhaps").contains(&"amazon-trainium1".to_owned()));
    assert!(only("no rule").contains(&"nvidia-h20".to_owned()));
    assert_eq!(only("band_two"), ["amd-mi325x"]);
    assert_eq!(only("no such class"), Vec::<String>::new());
}

#[test]
fn rows_for_a_spreadsheet_have_as_many_cells_as_there_are_heads() {
    let text = render_chip_list_csv(&list("2026-09-01"));
    let heads = cells(text.lines().next().expect("heads")).len();
    assert_eq!(text.lines().count(), all().len() + 1);
    for line in text.lines() {
        assert_eq!(cells(line).len(), heads, "{line}");
    }
}
