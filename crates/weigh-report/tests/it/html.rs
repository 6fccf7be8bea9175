//! HTML: one file for everybody else.

use weigh_report::{Format, render};

use crate::sample;

fn page(weighing: &weigh_station::Weighing) -> String {
    render(weighing, Format::Html)
}

#[test]
fn a_name_makes_no_markup() {
    let html = page(&sample::hostile());
    assert!(!html.contains("<script"));
    assert!(
        html.contains("&#60;script&#62;alert(1)"),
        "the name is shown as text"
    );
    assert!(!html.contains('\u{1b}') && !html.contains('\u{202e}'));
}

#[test]
fn nothing_is_fetched_and_nothing_runs() {
    for weighing in [
        sample::dense(),
        sample::mixture(),
        sample::nothing(),
        sample::conflict(),
    ] {
        let html = page(&weighing);
        for word in [
            "src=",
            "@import",
            "url(",
            "<script",
            "<link",
            "<iframe",
            "javascript:",
        ] {
            assert!(!html.contains(word), "{word}");
        }
    }
}

#[test]
fn tags_are_balanced() {
    for weighing in [
        sample::dense(),
        sample::mixture(),
        sample::nothing(),
        sample::conflict(),
    ] {
        let html = page(&weighing);
        for tag in [
            "section", "table", "tr", "dl", "article", "svg", "text", "div", "p", "ol", "li",
        ] {
            let opened = html.matches(&format!("<{tag}>")).count()
                + html.matches(&format!("<{tag} ")).count();
            assert_eq!(opened, html.matches(&format!("</{tag}>")).count(), "{tag}");
        }
    }
}

#[test]
fn who_cannot_see_it_can_hear_it() {
    let html = page(&sample::mixture());
    assert!(html.contains("<html lang=\"en\">"));
    assert!(html.contains("<title>Weighing of deepseek-v3, 2026-11-24</title>"));
    assert!(html.contains("role=\"img\" aria-label=\"A logarithmic scale from 1e22 to 1e27 FLOP."));
    assert_eq!(
        html.matches("<th>").count(),
        0,
        "every header says what it heads"
    );
    for word in ["APPLIES", "INDETERMINATE", "Not in force", "stale"] {
        assert!(html.contains(word), "{word}");
    }
}

#[test]
fn every_line_of_a_rulebook_stands_in_the_drawing() {
    let html = page(&sample::dense());
    let from = html.find("<svg").expect("there is a drawing");
    let to = html.find("</svg>").expect("it ends");
    let drawing = &html[from..to];
    for rule in [
        "general-purpose",
        "presumed-systemic-risk",
        "weights-control",
        "review",
    ] {
        assert!(
            drawing.contains(&format!("test-union/{rule}</tspan>")),
            "{rule}"
        );
    }
}
