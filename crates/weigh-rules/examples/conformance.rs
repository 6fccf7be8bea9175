//! Writes tables of generated subjects with what the reference evaluator says of them, and the SQL
//! that another engine should say the same with: `cargo xtask conformance` runs both.
//!
//! For each rulebook and each of several days a folder: `table.sql`, `query.sql`, `subjects.csv`
//! and `expected.csv`. In the CSV files an empty field is unknown.

#[path = "../tests/it/subjects.rs"]
mod subjects;

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::ExitCode;

use subjects::Subjects;
use weigh_facts::{Date, Facts, Truth};
use weigh_rules::{
    Dialect, Emitted, Library, Reader, Rulebook, Standing, check, emit, load_shipped,
};

/// Subjects in all over the shipped books: half shared out evenly, half by the number of rules.
const SUBJECTS: usize = 120_000;

/// Days on which one book is read.
const DAYS_MAX: usize = 6;

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let Some(folder) = arguments.next() else {
        eprintln!("usage: conformance FOLDER");
        return ExitCode::from(2);
    };
    match write_all(Path::new(&folder)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("error: {message}");
            ExitCode::from(2)
        }
    }
}

/// A book that uses every construct of the language, beside those that ship.
fn every_construct() -> Rulebook {
    let mut library = Library::shipped();
    library
        .add(include_str!("../tests/it/language/facts.toml"))
        .expect("the facts read");
    check(include_str!("../tests/it/language/book.toml"), &library).expect("the book checks")
}

fn write_all(folder: &Path) -> Result<(), String> {
    let shipped = load_shipped();
    let rules: usize = shipped.iter().map(|b| b.rules().count()).sum();
    let each = (SUBJECTS / 2).div_ceil(shipped.len());
    let mut total = 0;
    for book in &shipped {
        let more = (SUBJECTS / 2 * book.rules().count()).div_ceil(rules);
        total += write_book(folder, book, each + more)?;
    }
    println!(
        "conformance: {total} subjects over {} shipped rulebooks",
        shipped.len()
    );
    let more = write_book(folder, &every_construct(), 2 * each)?;
    println!("conformance: {more} subjects over a rulebook that uses the whole language");
    Ok(())
}

/// The days a book changes on and the last it knows of, with early knowledge of one of them.
fn days(book: &Rulebook) -> Vec<(Date, Date)> {
    let last = book.known_through();
    let changes: Vec<Date> = book
        .change_days()
        .into_iter()
        .filter(|d| *d <= last)
        .collect();
    let stride = changes.len().div_ceil(DAYS_MAX - 2).max(1);
    let mut days: Vec<(Date, Date)> = vec![(last, last)];
    days.extend(changes.iter().rev().step_by(stride).map(|day| (*day, last)));
    let before = changes.last().and_then(|day| day.day_before());
    days.extend(before.map(|known| (last, known)));
    days.dedup();
    days
}

fn write_book(folder: &Path, book: &Rulebook, subjects: usize) -> Result<usize, String> {
    let days = days(book);
    let (mut written, mut rules) = (0, 0);
    for (index, (on, known)) in days.iter().enumerate() {
        let left = (subjects - written).div_ceil(days.len() - index);
        let emitted = match emit(book, *on, *known, Dialect::DuckDb) {
            Ok(emitted) => emitted,
            Err(error) => {
                println!("conformance: {} on {on}: {error}", book.id());
                return Ok(0);
            }
        };
        rules = rules.max(
            emitted
                .rules
                .iter()
                .filter(|r| r.left_out.is_none())
                .count(),
        );
        let folder = folder.join(book.id()).join(format!("{on}-{known}"));
        write_day(&folder, book, (*on, *known), &emitted, left)?;
        written += left;
    }
    println!(
        "conformance: {}: {written} subjects over {} days, {rules} of {} rules",
        book.id(),
        days.len(),
        book.rules().count()
    );
    Ok(written)
}

fn write_day(
    folder: &Path,
    book: &Rulebook,
    (on, known): (Date, Date),
    emitted: &Emitted,
    count: usize,
) -> Result<(), String> {
    let reader = Reader::new(book, on, known);
    let kept: Vec<usize> = (0..emitted.rules.len())
        .filter(|r| emitted.rules[*r].left_out.is_none())
        .collect();
    let mut given = header(emitted.columns.iter().map(|c| c.name.as_str()));
    let mut expected = header(kept.iter().map(|r| emitted.rules[*r].id.as_str()));
    let mut seen = vec![[0_usize; 3]; emitted.rules.len()];
    for (number, facts) in Subjects::new(book, on, known, 20_261_124)
        .take(count)
        .enumerate()
    {
        let effects = effects(&reader, emitted, &facts);
        for (seen, effect) in seen.iter_mut().zip(&effects) {
            seen[*effect as usize] += 1;
        }
        row(&mut given, number, emitted.cells(&facts).into_iter());
        row(
            &mut expected,
            number,
            kept.iter().map(|rule| word(effects[*rule])),
        );
    }
    // A comparison with rules that come out one way only would not say much.
    let one_way = kept.iter().filter(|rule| {
        let is_read = emitted.rules[**rule].standing == Standing::InForce;
        is_read && seen[**rule].iter().filter(|count| **count > 0).count() < 2
    });
    for rule in one_way {
        println!(
            "conformance: {} on {on}: `{}` comes out one way only",
            book.id(),
            emitted.rules[*rule].id
        );
    }
    fs::create_dir_all(folder).map_err(|e| format!("cannot make `{}`: {e}", folder.display()))?;
    for (name, text) in [
        ("table.sql", emitted.table()),
        ("query.sql", emitted.query().to_owned()),
        ("subjects.csv", given),
        ("expected.csv", expected),
    ] {
        let path = folder.join(name);
        fs::write(&path, text).map_err(|e| format!("cannot write `{}`: {e}", path.display()))?;
    }
    Ok(())
}

/// What the reference evaluator says of the subject as the columns can hold it; what they cannot
/// hold may leave a rule open, and turns none around.
fn effects(reader: &Reader<'_>, emitted: &Emitted, facts: &Facts) -> Vec<Truth> {
    let effects = reader.effects(&emitted.fitted(facts));
    for (fitted, whole) in effects.iter().zip(reader.effects(facts)) {
        assert!(
            *fitted == whole || *fitted == Truth::Unknown,
            "rounding turned a rule around"
        );
    }
    effects
}

fn word(truth: Truth) -> Option<String> {
    match truth {
        Truth::True => Some("true".to_owned()),
        Truth::False => Some("false".to_owned()),
        Truth::Unknown => None,
    }
}

fn header<'n>(names: impl Iterator<Item = &'n str>) -> String {
    let names: String = names.map(|name| format!(",{}", quoted(name))).collect();
    format!("subject_id{names}\n")
}

fn row(out: &mut String, number: usize, cells: impl Iterator<Item = Option<String>>) {
    let _ = write!(out, "{number}");
    for cell in cells {
        let _ = write!(
            out,
            ",{}",
            cell.map_or_else(String::new, |text| quoted(&text))
        );
    }
    out.push('\n');
}

fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('"', "\"\""))
}
