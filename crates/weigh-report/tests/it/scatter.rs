//! Chips on a plane.

use weigh_compute::{Chip, Tf32};
use weigh_facts::Decimal;
use weigh_report::render_scatter;
use weigh_station::{Field, Scatter, Speaks, scatter};

use crate::chips::{all, law, options};

fn plane(on: &str) -> Scatter {
    scatter(law(), "us-ear-chips", &all(), &[], &options(on)).expect("the rulebook ships")
}

fn drawn(on: &str) -> String {
    render_scatter(&plane(on), &[])
}

fn lines(axis: &weigh_station::PlaneAxis) -> Vec<String> {
    axis.lines.iter().map(|l| l.at.to_plain()).collect()
}

/// The ECCN that rules give, if any.
fn class(says: &[Speaks]) -> &str {
    let circuit = says
        .iter()
        .find_map(|s| s.outcome.strip_prefix("circuit: "));
    circuit.unwrap_or("none")
}

/// A value inside a gap between lines.
fn inside((from, to): &(Option<Decimal>, Option<Decimal>)) -> f64 {
    match (from, to) {
        (Some(from), Some(to)) => f64::midpoint(from.to_f64(), to.to_f64()),
        (Some(from), None) => from.to_f64() * 2.0,
        (None, Some(to)) => to.to_f64() / 2.0,
        (None, None) => 1.0,
    }
}

#[test]
fn the_lines_are_those_of_the_day() {
    let none = plane("2022-10-06");
    assert!(lines(&none.across).is_empty() && lines(&none.upward).is_empty());
    assert!(none.fields.iter().all(|f| f.says.is_empty()));
    let first = plane("2022-10-07");
    assert_eq!(first.upward.fact.as_str(), "chip_interconnect_bandwidth");
    assert_eq!(
        (lines(&first.across), lines(&first.upward)),
        (vec!["4800".to_owned()], vec!["600".to_owned()])
    );
    assert_eq!(
        plane("2023-11-16").upward.fact.as_str(),
        "chip_interconnect_bandwidth"
    );
    let now = plane("2023-11-17");
    assert_eq!(now.upward.fact.as_str(), "performance_density");
    assert_eq!(lines(&now.across), ["1600", "2400", "4800"]);
    assert_eq!(lines(&now.upward), ["1.6", "3.2", "5.92"]);
}

/// 15 CFR 774, ECCN 3A090 and its Note 2, written out a second time.
#[test]
fn between_the_lines_is_what_the_text_says() {
    let expected = |field: &Field, is_data_center: bool| {
        let (tpp, density) = (inside(&field.across), inside(&field.upward));
        let a = tpp >= 4800.0 || (tpp >= 1600.0 && density >= 5.92);
        let b = ((2400.0..4800.0).contains(&tpp) && (1.6..5.92).contains(&density))
            || (tpp >= 1600.0 && (3.2..5.92).contains(&density));
        match (a, b) {
            _ if !is_data_center && tpp < 4800.0 => "none",
            (true, _) => "3A090.a",
            (false, true) => "3A090.b",
            (false, false) => "none",
        }
    };
    let plane = plane("2026-09-01");
    assert_eq!(plane.fields.len(), 16);
    for field in &plane.fields {
        assert_eq!(class(&field.says), expected(field, true), "{field:?}");
        assert_eq!(
            class(&field.says_elsewhere),
            expected(field, false),
            "{field:?}"
        );
    }
    let classes: Vec<&str> = plane.fields.iter().map(|f| class(&f.says)).collect();
    assert!(classes.contains(&"3A090.a") && classes.contains(&"3A090.b"));
}

#[test]
fn no_chip_is_lost() {
    for on in ["2022-01-01", "2023-06-01", "2026-09-01"] {
        let svg = drawn(on);
        for chip in all() {
            assert!(svg.contains(&chip.name), "{} on {on}", chip.name);
        }
    }
}

#[test]
fn who_cannot_see_it_can_hear_it() {
    let svg = drawn("2026-09-01");
    assert!(svg.contains("role=\"img\" aria-labelledby=\"scatter-title scatter-desc\""));
    assert!(svg.contains("Lines on performance in TPP: 1,600, 2,400, 4,800"));
    assert!(svg.contains("on performance density in TPP/mm2: 1.6, 3.2, 5.92."));
    assert!(svg.contains("with the lines of us-ear-chips"));
    // A shape for every class, so that color only repeats it.
    for class in [
        "3A090.a",
        "3A090.b",
        "perhaps 3A090.a or 3A090.b",
        "no rule",
    ] {
        assert!(svg.contains(&format!(">{class}</text>")), "{class}");
    }
}

#[test]
fn the_drawing_stands_alone_and_closes_what_it_opens() {
    for on in ["2022-01-01", "2023-06-01", "2026-11-24"] {
        let svg = drawn(on);
        assert_eq!(svg, drawn(on), "the same bytes");
        for word in ["<script", "href", "@import", "url(http", "NaN", "inf"] {
            assert!(!svg.contains(word), "{word} on {on}");
        }
        for tag in [
            "svg", "g", "text", "title", "desc", "style", "defs", "pattern",
        ] {
            let opened =
                svg.matches(&format!("<{tag}>")).count() + svg.matches(&format!("<{tag} ")).count();
            assert_eq!(
                opened,
                svg.matches(&format!("</{tag}>")).count(),
                "{tag} on {on}"
            );
        }
    }
}

const OWN: &str = r#"
format   = 1
id       = "own"
name     = "<script>alert(1)</script> & Sons"
vendor   = "Own"
process  = "N3"
rates    = [{ precision = "bf16", tera_per_s = "150", source = "d" }]
dies     = [{ covers = "all", count = 1, mm2_each = "700..800", non_planar = true, source = "d" }]

[source.d]
kind      = "datasheet"
title     = "a datasheet"
href      = "https://example.org"
certainty = "secondary"
"#;

#[test]
fn a_chip_of_ones_own_is_ringed_and_its_name_makes_no_markup() {
    let own = Chip::from_toml(OWN).expect("the file reads");
    let plane = scatter(
        law(),
        "us-ear-chips",
        &all(),
        &[&own],
        &options("2026-09-01"),
    );
    let svg = render_scatter(&plane.expect("the rulebook ships"), &[]);
    assert!(!svg.contains("<script") && svg.contains("&#60;script&#62;alert(1)"));
    assert!(svg.contains("class=\"ring\"") && svg.contains("class=\"label bold\""));
    // 150 x 16 = 2,400 over 700 to 800 mm2 is 3 to 3.43: b.1, if it is made for data centers.
    let words = "2,400 TPP; 3 to 3.43 TPP/mm2; perhaps 3A090.b; policy: perhaps gp10: presumed made \
                 in breach; whether made for data centers";
    assert!(svg.contains(words), "nobody said who designed it: {svg}");
    assert!(svg.contains("class=\"mark open dotted\""));
}

#[test]
fn a_highlighted_chip_is_ringed_and_named() {
    let svg = render_scatter(&plane("2026-09-01"), &["nvidia-h20".to_owned()]);
    assert!(svg.contains("class=\"label bold\"") && svg.contains(">H20</text>"));
    assert!(!drawn("2026-09-01").contains("class=\"ring\""));
}

#[test]
fn the_name_of_a_crowded_chip_finds_room() {
    let svg = drawn("2026-09-01");
    assert!(!svg.contains("No room for the names of"));
    assert!(svg.contains(">RTX 4090</text>"));
    let ringed = ["nvidia-h20", "nvidia-rtx-4090-d"].map(str::to_owned);
    let svg = render_scatter(&plane("2026-09-01"), &ringed);
    assert!(svg.contains(">RTX 4090</text>"));
}

#[test]
fn other_rulebooks_draw_their_own_lines() {
    let of = |book: &str| scatter(law(), book, &all(), &[], &options("2026-09-01"));
    let safe = of("us-safe-chips").expect("it ships");
    assert_eq!(lines(&safe.upward), ["1.6", "3.2"]);
    assert!(render_scatter(&safe, &[]).contains("NOT LAW"));
    let tariff = of("us-tariff-232").expect("it ships");
    assert_eq!(tariff.upward.fact.as_str(), "chip_dram_bandwidth");
    assert!(of("no-such-book").is_none());
}

#[test]
fn the_convention_for_tf32_moves_what_it_drives() {
    let mut options = options("2026-09-01");
    options.tf32 = Tf32::Stored32;
    let plane = scatter(law(), "us-ear-chips", &all(), &[], &options).expect("it ships");
    let spot = plane.spots.iter().find(|s| s.id == "amazon-trainium1");
    let across = spot.and_then(|s| s.across.as_ref()?.as_exact().cloned());
    assert_eq!(across.map(|a| a.to_plain()).as_deref(), Some("6080"));
}
