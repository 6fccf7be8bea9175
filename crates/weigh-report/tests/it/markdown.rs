//! Markdown: what stands in a ticket or a memo.

use weigh_report::{Format, render};

use crate::sample;

#[test]
fn a_mixture_of_experts_with_bounds() {
    insta::assert_snapshot!(render(&sample::mixture(), Format::Markdown));
}

#[test]
fn nothing_known() {
    insta::assert_snapshot!(render(&sample::nothing(), Format::Markdown));
}

#[test]
fn a_name_makes_no_markup() {
    let memo = render(&sample::hostile(), Format::Markdown);
    assert!(!memo.contains("<script"));
    assert!(!memo.contains("`x`"));
    assert!(!memo.contains('\u{1b}') && !memo.contains('\u{9b}') && !memo.contains('\u{202e}'));
    assert!(!memo.lines().any(|l| l.starts_with("# owned")));
}

#[test]
fn every_row_of_a_table_has_the_cells_of_its_head() {
    for weighing in [sample::dense(), sample::conflict(), sample::hostile()] {
        let memo = render(&weighing, Format::Markdown);
        let mut columns = 0;
        for line in memo.lines() {
            if !line.starts_with('|') {
                columns = 0;
                continue;
            }
            let bars = line.matches('|').count();
            if columns == 0 {
                columns = bars;
            }
            assert_eq!(bars, columns, "{line}");
        }
    }
}
