//! Can a table of subjects be read on two cores while somebody waits? And what does one rule cost?
//!
//! The subjects are made from the values at which the shipped books change their mind, with
//! missing facts and open bounds in them; finding the facts of each is measured too.

#[path = "../tests/it/subjects.rs"]
mod subjects;

use divan::Bencher;
use divan::counter::ItemsCount;
use subjects::Subjects;
use weigh_facts::{Date, Facts, Truth};
use weigh_rules::{Reader, Rulebook, load_shipped};

fn main() {
    divan::main();
}

fn day(text: &str) -> Date {
    text.parse().expect("the literal is a day")
}

/// Different subjects; each is read several times where more are asked for.
const DIFFERENT: usize = 2_000;

const ALL: usize = 100_000;

/// Subjects that have the facts of every book.
fn subjects(books: &[Rulebook]) -> Vec<Facts> {
    let mut all = vec![Facts::new(); DIFFERENT];
    for book in books {
        let made = Subjects::new(book, day("2026-09-01"), day("2026-10-01"), 1);
        for (facts, more) in all.iter_mut().zip(made) {
            for (name, fact) in more.iter() {
                facts.insert(name.clone(), fact.clone());
            }
        }
    }
    all
}

fn readers(books: &[Rulebook]) -> Vec<Reader<'_>> {
    let reader = |book| Reader::new(book, day("2026-09-01"), day("2026-10-01"));
    books.iter().map(reader).collect()
}

fn applying(readers: &[Reader<'_>], facts: &Facts) -> usize {
    let effects = readers.iter().flat_map(|r| r.effects(facts));
    effects.filter(|e| *e == Truth::True).count()
}

/// 100,000 subjects through every shipped book, without a trace, on two threads. Bar: 5 s.
#[divan::bench(sample_count = 5, sample_size = 1)]
fn hundred_thousand_subjects(bencher: Bencher) {
    let books = load_shipped();
    let (readers, subjects) = (readers(&books), subjects(&books));
    let half = |part: &[Facts]| {
        let many = part.iter().cycle().take(ALL / 2);
        many.map(|facts| applying(&readers, facts)).sum::<usize>()
    };
    bencher.bench(|| {
        let (one, other) = subjects.split_at(DIFFERENT / 2);
        std::thread::scope(|scope| {
            let other = scope.spawn(|| half(other));
            half(one) + other.join().expect("it does not panic")
        })
    });
}

/// One rule on one subject, on one thread: items are rules read. Bar: 1 µs, so a million a second.
#[divan::bench]
fn one_rule_on_one_subject(bencher: Bencher) {
    let books = load_shipped();
    let (readers, subjects) = (readers(&books), subjects(&books));
    let rules: usize = readers.iter().map(|r| r.rules().count()).sum();
    bencher
        .counter(ItemsCount::new(rules * DIFFERENT))
        .bench(|| {
            let each = subjects.iter().map(|facts| applying(&readers, facts));
            each.sum::<usize>()
        });
}
