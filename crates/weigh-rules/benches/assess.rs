//! Is an answer there before anybody notices, and can the command line load the law each time?

use divan::Bencher;
use weigh_facts::{Date, Dictionary, Facts, Grade, MethodId, Origin, SubjectKind};
use weigh_rules::{
    Library, assess, assess_about, check, load_shipped, shipped, shipped_conventions,
};

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

const MODEL: &[SubjectKind] = &[SubjectKind::Model, SubjectKind::Developer];
const CHIP: &[SubjectKind] = &[SubjectKind::Chip];
const EXPORT: &[SubjectKind] = &[SubjectKind::Chip, SubjectKind::Export];

const H100: &str = "item_kind = \"integrated-circuit\"\nchip_data_center = true\n\
     total_processing_performance = \"15832 TPP\"\nperformance_density = \"19.45 TPP/mm2\"\n\
     chip_interconnect_bandwidth = \"1028 GB/s\"\nchip_dram_bandwidth = \"3350 GB/s\"\n";
const TO_CHINA: &str = "destination = \"CN\"\nparty_headquarters = \"CN\"\n\
     party_ultimate_parent = \"CN\"\nexport_from = \"US\"\ntransaction_kind = \"export\"\n";

/// What is known of a subject, and which kinds of rule are read for it.
fn subject(name: &str) -> (Facts, &'static [SubjectKind]) {
    let operations = |bounds: &str| {
        let lines = shipped_conventions().into_iter();
        let lines = lines.map(|c| format!("operations.{} = \"{bounds} FLOP\"\n", c.id));
        lines.collect::<String>() + "is_moe = false\n"
    };
    match name {
        "small model" => (facts(&operations("7e22..8e22")), MODEL),
        "large model" => (facts(&operations("8e24..2e26")), MODEL),
        "chip" => (facts(H100), CHIP),
        "chip to China" => (facts(&format!("{H100}{TO_CHINA}")), EXPORT),
        _ => (facts(""), MODEL),
    }
}

/// All shipped rulebooks on one subject, with trace and with what would settle what is open.
/// Bar: 1 ms.
#[divan::bench(args = ["nothing known", "small model", "large model", "chip", "chip to China"])]
fn all_books_on_one_subject(bencher: Bencher, name: &str) {
    let books = load_shipped();
    let (facts, kinds) = subject(name);
    let kinds = kinds.iter().copied().collect();
    let (on, known) = (day("2026-09-01"), day("2026-10-01"));
    bencher.bench(|| {
        books
            .iter()
            .map(|book| assess_about(book, &facts, on, known, &kinds).findings.len())
            .sum::<usize>()
    });
}

/// All shipped rulebooks on one subject, every rule whatever it is about. Bar: 1 ms.
#[divan::bench(args = ["nothing known", "small model", "large model", "chip", "chip to China"])]
fn every_rule_on_one_subject(bencher: Bencher, name: &str) {
    let books = load_shipped();
    let (facts, _) = subject(name);
    let (on, known) = (day("2026-09-01"), day("2026-10-01"));
    bencher.bench(|| {
        books
            .iter()
            .map(|book| assess(book, &facts, on, known).findings.len())
            .sum::<usize>()
    });
}

/// Everything the command line loads, on one thread; it loads on two. Bar: 15 ms.
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
