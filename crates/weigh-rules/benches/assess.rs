//! Is an answer there before anybody notices, and can the command line load the law each time?

use divan::Bencher;
use weigh_facts::{Date, Dictionary, Facts, Grade, MethodId, Origin};
use weigh_rules::{Library, assess, check, load_shipped, shipped};

fn main() {
    divan::main();
}

fn day(text: &str) -> Date {
    text.parse().expect("the literal is a day")
}

fn facts(text: &str) -> Facts {
    let origin = Origin {
        grade: Grade::Declared,
        method: MethodId::new("declared"),
        sources: vec![],
    };
    let text = format!("format = 1\n[facts]\n{text}");
    Facts::from_toml(&text, &Dictionary::shipped(), &origin).expect("the facts read")
}

/// Nothing, what files tell of a small model, and what they tell of a large one.
const SUBJECTS: &[(&str, &str)] = &[
    ("nothing", ""),
    (
        "small",
        "is_moe = false\noperations.eu-cumulative = \"7e22..8e22 FLOP\"\noperations.eu-training = \"7e22..8e22 FLOP\"\n\
         operations.us-4e091 = \"7e22..8e22 FLOP\"\noperations.us-ca-sb53 = \"7e22..8e22 FLOP\"\n\
         operations.proposed-framework = \"7e22..8e22 FLOP\"",
    ),
    (
        "large",
        "is_moe = true\noperations.eu-cumulative = \"8e24..2e26 FLOP\"\noperations.eu-training = \"8e24..2e26 FLOP\"\n\
         operations.us-4e091 = \"8e24..2e26 FLOP\"\noperations.us-ca-sb53 = \"8e24..2e26 FLOP\"\n\
         operations.proposed-framework = \"8e24..2e26 FLOP\"",
    ),
];

/// All shipped rulebooks on one subject. Bar: 100 µs.
#[divan::bench(args = SUBJECTS.iter().map(|s| s.0))]
fn all_books_on_one_subject(bencher: Bencher, subject: &str) {
    let books = load_shipped();
    let text = SUBJECTS.iter().find(|s| s.0 == subject).map_or("", |s| s.1);
    let facts = facts(text);
    let (on, known) = (day("2026-09-01"), day("2026-10-01"));
    bencher.bench(|| {
        books
            .iter()
            .map(|book| assess(book, &facts, on, known).findings.len())
            .sum::<usize>()
    });
}

/// Everything the command line loads. Bar: 5 ms.
#[divan::bench]
fn load_everything() -> usize {
    load_shipped().len()
}

/// One book, dictionary and conventions at hand.
#[divan::bench(args = shipped().iter().map(|b| b.path))]
fn check_one_book(bencher: Bencher, path: &str) {
    let text = shipped()
        .iter()
        .find(|b| b.path == path)
        .map_or("", |b| b.text);
    let library = Library::shipped();
    bencher.bench(|| check(text, &library).is_ok());
}
