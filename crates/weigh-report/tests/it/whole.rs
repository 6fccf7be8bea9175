//! The whole path: the example models, weighed and rendered.

use std::path::PathBuf;

use weigh_facts::Verdict;
use weigh_report::{Format, render};
use weigh_station::{Law, LawOptions, Options, Weighing, weigh};

use crate::json::misfits;

/// An example of the workspace, weighed on a day of its rulebooks.
fn example(name: &str) -> Weighing {
    let path: PathBuf = [env!("CARGO_MANIFEST_DIR"), "..", "..", "examples", name]
        .iter()
        .collect();
    let options = Options {
        pipeline: None,
        tokens: None,
        sequence_length: None,
        on: "2026-09-01".parse().expect("the day is one"),
        known: None,
        assume: Vec::new(),
        assume_class_defaults: false,
    };
    let law = Law::load(&LawOptions::default()).expect("the shipped law loads");
    weigh(&[path], &options, &law).expect("the example can be weighed")
}

#[test]
fn the_examples_fit_the_schema_and_the_page() {
    for name in ["tiny-llama", "tiny-llama-sharded", "tiny-llama-lora"] {
        let weighing = example(name);
        assert_eq!(misfits(&weighing), Vec::<String>::new(), "{name}");
        for line in render(&weighing, Format::Text).lines() {
            assert!(line.chars().count() <= 100, "{name}: {line}");
        }
        let html = render(&weighing, Format::Html);
        assert!(html.contains(&format!("<h1>{name}</h1>")), "{name}");
        assert!(render(&weighing, Format::Markdown).starts_with("# Weighing of tiny-llama"));
    }
}

#[test]
fn every_finding_of_an_example_stands_on_the_page() {
    let weighing = example("tiny-llama");
    assert!(
        weighing.findings.len() > 10,
        "the shipped rulebooks were read"
    );
    // A page for a terminal counts what does not matter by its book; the others name every rule.
    let text = render(&weighing, Format::Text);
    for format in [Format::Markdown, Format::Html, Format::Json] {
        let page = render(&weighing, format);
        for finding in &weighing.findings {
            let (book, rule) = (&*finding.rulebook, finding.rule.as_str());
            assert!(text.contains(book), "{book}");
            assert!(page.contains(rule), "{book}/{rule} in {format:?}");
            if finding.verdict == Verdict::Applies {
                assert!(text.contains(&format!("{book}/{rule}")), "{book}/{rule}");
            }
        }
    }
}
