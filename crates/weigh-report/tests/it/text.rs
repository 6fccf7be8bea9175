//! Text: what a person reads in a terminal.

use weigh_report::{Format, render, render_text};

use crate::sample;

fn page(weighing: &weigh_station::Weighing) -> String {
    render(weighing, Format::Text)
}

#[test]
fn a_dense_model_counted_exactly() {
    insta::assert_snapshot!(page(&sample::dense()));
}

#[test]
fn a_mixture_of_experts_with_bounds() {
    insta::assert_snapshot!(page(&sample::mixture()));
}

#[test]
fn nothing_known() {
    insta::assert_snapshot!(page(&sample::nothing()));
}

#[test]
fn methods_and_headers_in_conflict() {
    insta::assert_snapshot!(page(&sample::conflict()));
}

#[test]
fn tensor_shapes_alone_do_not_say_what_a_token_passes() {
    let mut weighing = sample::mixture();
    let model = weighing.model.as_mut().expect("the sample has a model");
    model.from_config = false;
    let text = page(&weighing);
    assert!(text.contains("how many a token passes is not known"));
    assert!(!text.contains("37,552,328,192"));
}

#[test]
fn no_line_is_wider_than_a_hundred_columns() {
    for weighing in [
        sample::dense(),
        sample::mixture(),
        sample::conflict(),
        sample::hostile(),
    ] {
        for line in page(&weighing).lines() {
            assert!(line.chars().count() <= 100, "{line}");
        }
    }
}

#[test]
fn color_is_the_only_difference_color_makes() {
    let weighing = sample::mixture();
    let colored = render_text(&weighing, true);
    assert!(colored.contains("\u{1b}["));
    let mut plain = String::new();
    let mut rest = colored.as_str();
    while let Some((before, after)) = rest.split_once('\u{1b}') {
        plain.push_str(before);
        rest = after.split_once('m').expect("a style ends").1;
    }
    plain.push_str(rest);
    assert_eq!(plain, render_text(&weighing, false));
}

#[test]
fn no_name_reaches_the_terminal_as_a_command() {
    let text = page(&sample::hostile());
    let hostile = |c: &char| c.is_control() && *c != '\n' || ('\u{202a}'..='\u{202e}').contains(c);
    assert_eq!(text.chars().find(hostile), None);
    assert!(!text.lines().any(|l| l.starts_with("# owned")));
}
