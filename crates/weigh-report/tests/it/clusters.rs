//! The sheet of a cluster.

use weigh_compute::{Chip, ChipGroup, Tf32};
use weigh_facts::{
    Coverage, Decimal, Estimate, Fact, FactName, Facts, Grade, MethodId, Operations, Origin,
};
use weigh_report::{Format, render_cluster};
use weigh_station::{ClusterOptions, ClusterSheet, Stated, cluster_sheet};

use crate::chips::{chip, day, law};

/// A cluster in bf16 at 0.3 to 0.5, with the lines of the day or thresholds of its own.
pub(crate) fn cluster(groups: &[(&str, u64)], on: &str, thresholds: &[&str]) -> ClusterSheet {
    let method = MethodId::new("test/1");
    let number = |text: &str| -> Decimal { text.parse().expect("a number") };
    let operations = |text: &&str| {
        let (low, high) = text.split_once("..").unwrap_or((text, text));
        let at = |t: &str| -> Operations { t.parse().expect("a count") };
        Estimate::between(at(low), at(high), method.clone())
    };
    let options = ClusterOptions {
        on: day(on),
        known: None,
        tf32: Tf32::Significant19,
        precision: Stated {
            value: "bf16".to_owned(),
            is_assumed: true,
        },
        utilization: Stated {
            value: Estimate::between(number("0.3"), number("0.5"), method.clone()),
            is_assumed: true,
        },
        thresholds: thresholds.iter().map(operations).collect(),
        network_gbit_per_s: Some(Estimate::exact(number("400"), method.clone())),
        told: vec![fact("cluster_is_co_located=true")],
    };
    let chips: Vec<(Chip, u64)> = groups.iter().map(|(name, n)| (chip(name), *n)).collect();
    let groups: Vec<ChipGroup<'_>> = chips
        .iter()
        .map(|(chip, count)| ChipGroup {
            chip,
            count: *count,
        })
        .collect();
    cluster_sheet(law(), &groups, &options).expect("the cluster adds up")
}

fn fact(text: &str) -> (FactName, Fact) {
    let origin = Origin {
        grade: Grade::Declared,
        method: MethodId::new("test/1"),
        sources: Vec::new(),
    };
    Facts::read_assignment(text, &law().library.dictionary, origin).expect("a fact")
}

/// Commission guidelines C(2025) 5045, Annex A.3, example H: 370,000 hours of a chip with
/// 989 TFLOP/s at a utilization of 0.5 are 6.587e23 operations (published as 6.5e23).
#[test]
fn the_time_to_a_threshold_agrees_with_a_published_example() {
    let sheet = cluster(&[("H100", 1)], "2026-09-01", &["658700000000000000000000"]);
    let time = &sheet.times[0].time_s;
    let hours = |bound: Option<&Decimal>| bound.expect("bounded").to_f64() / 3_600.0;
    // Our rate is 989.4: 0.04 % more than the example's.
    assert!((hours(time.low()) / 370_000.0 - 1.0).abs() < 0.001);
    assert!((hours(time.high()) / (370_000.0 / 0.6) - 1.0).abs() < 0.001);
    assert_eq!(time.coverage(), Coverage::Hard);
}

#[test]
fn lines_of_every_rulebook_are_the_thresholds_unless_others_are_given() {
    let sheet = cluster(&[("H100", 16_384)], "2026-09-01", &[]);
    let at: Vec<String> = sheet
        .times
        .iter()
        .map(|t| format!("{:?}", t.operations.low()))
        .collect();
    let mut sorted = at.clone();
    sorted.dedup();
    assert_eq!(at, sorted, "each height once");
    let text = render_cluster(&sheet, Format::Text);
    for book in ["eu-ai-act", "us-ear-4e091", "us-ca-sb53", "kr-ai-basic-act"] {
        assert!(text.contains(book), "{book}\n{text}");
    }
    assert!(
        text.contains("us-nprm-702-7 (proposed)"),
        "no law is not passed off as law\n{text}"
    );
    assert!(!text.contains("> us-eo-14110"), "revoked by then\n{text}");
    let own = cluster(&[("H100", 16_384)], "2026-09-01", &["3e25..5e25"]);
    assert_eq!(own.times.len(), 1);
    assert!(own.times[0].lines.is_empty());
}

#[test]
fn a_cluster_says_what_it_assumes_and_that_a_sum_classifies_nothing() {
    let sheet = cluster(&[("H100", 16_384)], "2026-09-01", &[]);
    for format in [Format::Text, Format::Markdown, Format::Html] {
        let page = render_cluster(&sheet, format);
        let page = page.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(
            page.contains("bf16 (assumed), at 0.3 to 0.5 (assumed)"),
            "{page}"
        );
        // 16,384 x 15,832, by hand.
        assert!(page.contains("259,391,488 over all chips"), "{page}");
        assert!(page.contains("It classifies nothing"), "{page}");
        assert!(page.contains("us-ear-chips/supercomputer"), "{page}");
    }
}

#[test]
fn a_cluster_is_read_at_its_theoretical_maximum_and_a_flip_is_told() {
    // 51,000 H100: 5.05e19 in bf16 and 1.01e20 in fp8, on either side of 10^20.
    let text = render_cluster(
        &cluster(&[("H100", 51_000)], "2024-06-01", &[]),
        Format::Text,
    );
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(text.contains("APPLIES us-eo-14110/cluster"), "{text}");
    assert!(
        text.contains("FLIPS: us-eo-14110/cluster APPLIES at the theoretical maximum"),
        "{text}"
    );
    let text = render_cluster(
        &cluster(&[("H100", 50_000)], "2024-06-01", &[]),
        Format::Text,
    );
    assert!(
        !text.contains("FLIPS") && text.contains("does not apply us-eo-14110/cluster"),
        "{text}"
    );
}

#[test]
fn the_sheet_of_a_cluster_fits_a_terminal() {
    for (groups, thresholds) in [
        (&[("H100", 16_384_u64)][..], &[][..]),
        (
            &[("H100", 7), ("H20", 3), ("RTX 4090", 2)],
            &["3e25..5e25", "1e26"],
        ),
    ] {
        let text = render_cluster(&cluster(groups, "2026-09-01", thresholds), Format::Text);
        for line in text.lines() {
            assert!(line.chars().count() <= 100, "{line}");
        }
    }
}
