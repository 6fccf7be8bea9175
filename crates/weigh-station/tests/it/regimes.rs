//! Between the regimes, and the decision table: what parts, and that no cell is without a citation.

use weigh_facts::{Date, Facts, Grade, Level, MethodId, Origin, Verdict};
use weigh_station::{Axis, Says, decision_table, regimes};

use crate::chip_law::law;

fn day(text: &str) -> Date {
    text.parse().expect("the literal is a day")
}

fn facts(given: &[&str]) -> Facts {
    let mut facts = Facts::new();
    for text in given {
        let origin = Origin {
            grade: Grade::Declared,
            method: MethodId::new("declared"),
            sources: Vec::new(),
        };
        let dictionary = &law().library.dictionary;
        let (name, fact) = Facts::read_assignment(text, dictionary, origin).expect("a fact");
        facts.insert(name, fact);
    }
    facts
}

/// Llama 3.1 405B, 3.8e25 operations as its maker states: over the line of the Union and under
/// those of the states.
#[test]
fn a_model_between_the_lines_is_over_one_and_under_others() {
    let conventions = law().library.conventions.iter();
    let given: Vec<String> = conventions
        .map(|c| format!("operations.{}=3.8e25 FLOP", c.id))
        .chain(["can_generate_language_or_images=true".to_owned()])
        .collect();
    let given: Vec<&str> = given.iter().map(String::as_str).collect();
    let assessed = weigh_station::assess_facts(law(), &facts(&given), day("2026-09-01"), None);
    let found = regimes(&assessed.findings);
    let operations = found.lines.iter().find(|l| l.quantity == "operations");
    let operations = operations.expect("the regimes part on operations");
    let over: Vec<&str> = operations
        .over
        .iter()
        .map(|v| v.rulebook.as_str())
        .collect();
    let under: Vec<&str> = operations
        .under
        .iter()
        .map(|v| v.rulebook.as_str())
        .collect();
    assert!(over.contains(&"eu-ai-act"), "{over:?}");
    for book in ["us-ca-sb53", "us-ear-4e091", "kr-ai-basic-act"] {
        assert!(under.contains(&book), "{under:?}");
    }
    for voice in operations.over.iter().chain(&operations.under) {
        assert!(matches!(voice.says, Says::Line { .. }), "{}", voice.rule);
    }
}

/// Item by destination by party by use: a cell answers with a rule and what it cites.
#[test]
fn no_cell_of_the_decision_table_is_without_a_citation() {
    let axis = |fact: &str, values: &[&str]| Axis {
        fact: fact.parse().expect("a fact name"),
        values: values.iter().map(|v| (*v).to_owned()).collect(),
    };
    let axes = [
        axis(
            "item_kind",
            &[
                "integrated-circuit",
                "computer",
                "memory-stack",
                "model-weights",
            ],
        ),
        axis("destination", &["CN", "MO", "AE", "IL", "FR", "KY", "US"]),
        axis("party_ultimate_parent", &["CN", "FR", "KY"]),
        axis("transaction_kind", &["export", "reexport", "release"]),
    ];
    let chip = facts(&[
        "total_processing_performance=15832 TPP",
        "performance_density=19.45 TPP/mm2",
        "chip_dram_bandwidth=3350 GB/s",
        "chip_data_center=true",
        "party_headquarters=FR",
    ]);
    let days = (day("2026-09-01"), None);
    let table = decision_table(law(), &chip, &axes, days, Level::Review).expect("it is a table");
    assert_eq!(table.cells.len(), 4 * 7 * 3 * 3);
    let mut applying = 0;
    for cell in &table.cells {
        assert!(!cell.speaks.is_empty(), "{:?} says nothing", cell.at);
        for speaks in &cell.speaks {
            assert!(
                !speaks.citation.is_empty(),
                "{:?}: {} cites nothing",
                cell.at,
                speaks.rule
            );
        }
        applying += usize::from(cell.speaks.iter().any(|s| s.verdict == Verdict::Applies));
    }
    assert!(applying > 20, "{applying}");
}

#[test]
fn a_table_that_is_too_large_or_names_no_fact_is_refused() {
    let axis = |fact: &str, values: &[&str]| Axis {
        fact: fact.parse().expect("a fact name"),
        values: values.iter().map(|v| (*v).to_owned()).collect(),
    };
    let days = (day("2026-09-01"), None);
    let table = |axes: &[Axis]| decision_table(law(), &Facts::new(), axes, days, Level::Review);
    let all = axis("destination", &["all"]);
    let other = axis("party_headquarters", &["all"]);
    assert!(table(&[all, other]).is_err(), "40,000 cells");
    assert!(table(&[axis("no_such_fact", &["x"])]).is_err());
    assert!(
        table(&[axis("destination", &["cn"])]).is_err(),
        "codes are upper case"
    );
    assert!(table(&[axis("destination", &[])]).is_err(), "no value");
}
