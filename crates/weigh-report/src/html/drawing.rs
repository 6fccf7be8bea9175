//! The log-scale bar as a drawing: coordinates for the template to set as SVG.
//!
//! Lines hang down to a label each. The rightmost label hangs highest, so that a label which runs
//! to the right crosses no other line; only one that would run off the page runs to the left.

use crate::scale::{Mark, Row, Scale};

/// Width of the drawing, in its own units: one unit is a CSS pixel at 720 pixels.
const WIDTH: f64 = 720.0;
/// Air beside the axis.
const SIDE: f64 = 26.0;
/// Where the axis stands.
const AXIS: f64 = 26.0;
/// Height of a row: its words and its bar.
const ROW: f64 = 46.0;
/// Height of a label.
const LABEL: f64 = 19.0;
/// From a line to its label: room for the letter.
const BADGE: f64 = 15.0;
/// Width of a character, on the safe side.
const CHARACTER: f64 = 7.2;
/// Length of the arrow at an open end.
const ARROW: f64 = 9.0;

/// The drawing.
#[derive(Clone, Debug)]
pub(super) struct Drawing {
    pub(super) width: String,
    pub(super) height: String,
    pub(super) axis_y: String,
    pub(super) axis_from: String,
    pub(super) axis_to: String,
    pub(super) grid_to: String,
    pub(super) ticks: Vec<Tick>,
    pub(super) bars: Vec<Bar>,
    pub(super) hangers: Vec<Hanger>,
    /// The drawing in words, for those who hear it.
    pub(super) description: String,
}

/// A power of ten.
#[derive(Clone, Debug)]
pub(super) struct Tick {
    pub(super) x: String,
    pub(super) power: i32,
}

/// A total.
#[derive(Clone, Debug)]
pub(super) struct Bar {
    pub(super) words: String,
    pub(super) words_y: String,
    /// The interval as a path, ends included; empty if there is none.
    pub(super) path: String,
    pub(super) y: String,
    pub(super) best: Option<String>,
}

/// A line with its labels.
#[derive(Clone, Debug)]
pub(super) struct Hanger {
    pub(super) x: String,
    pub(super) from_y: String,
    pub(super) to_y: String,
    pub(super) letter: String,
    pub(super) letter_y: String,
    /// `start` or `end`.
    pub(super) anchor: &'static str,
    pub(super) text_x: String,
    pub(super) labels: Vec<Label>,
}

/// One line of text.
#[derive(Clone, Debug)]
pub(super) struct Label {
    pub(super) y: String,
    pub(super) threshold: String,
    pub(super) rule: String,
}

impl Drawing {
    /// Lays out the picture.
    pub(super) fn of(scale: &Scale) -> Self {
        let bars: Vec<Bar> = scale
            .rows
            .iter()
            .enumerate()
            .map(|(i, r)| bar(i, r))
            .collect();
        let labels_from = AXIS + ROW * scale.rows.len() as f64 + 22.0;
        let mut y = labels_from;
        let mut hangers = Vec::new();
        for mark in scale.marks.iter().rev() {
            hangers.push(hanger(mark, y));
            y += LABEL * mark.lines.len() as f64 + 5.0;
        }
        let ticks = scale.ticks(14).into_iter().map(|(power, at)| Tick {
            x: number(x(at)),
            power,
        });
        Self {
            width: number(WIDTH),
            height: number(y.max(labels_from - 8.0)),
            axis_y: number(AXIS),
            axis_from: number(x(0.0)),
            axis_to: number(x(1.0)),
            grid_to: number(labels_from - 16.0),
            ticks: ticks.collect(),
            bars,
            hangers,
            description: description(scale),
        }
    }
}

fn x(at: f64) -> f64 {
    SIDE + at * (WIDTH - 2.0 * SIDE)
}

/// One digit after the point: finer than any printer, and the same on every machine.
fn number(value: f64) -> String {
    format!("{value:.1}")
}

fn bar(index: usize, row: &Row) -> Bar {
    let top = AXIS + ROW * index as f64;
    let y = top + 36.0;
    Bar {
        words: format!("{}: {}", row.label, row.words),
        words_y: number(top + 21.0),
        path: interval(row, y),
        y: number(y),
        best: best(row).map(|at| number(x(at))),
    }
}

/// A best value, or the one point the bounds agree on.
fn best(row: &Row) -> Option<f64> {
    row.best.or(row.low.filter(|low| row.high == Some(*low)))
}

/// The interval with a bar at a known end and an arrow at an open one.
fn interval(row: &Row, y: f64) -> String {
    if row.low.is_none() && row.high.is_none() || row.low == row.high {
        return String::new();
    }
    let from = x(row.low.unwrap_or(0.0));
    let to = x(row.high.unwrap_or(1.0));
    let end = |at: f64, is_known: bool, inward: f64| {
        let (above, below) = (number(y - 7.0), number(y + 7.0));
        if is_known {
            return format!("M{} {above}V{below}", number(at));
        }
        let back = number(at + inward);
        format!(
            "M{back} {above}L{} {}L{back} {below}",
            number(at),
            number(y)
        )
    };
    format!(
        "M{} {}H{}{}{}",
        number(from),
        number(y),
        number(to),
        end(from, row.low.is_some(), ARROW),
        end(to, row.high.is_some(), -ARROW)
    )
}

fn hanger(mark: &Mark, y: f64) -> Hanger {
    let at = x(mark.at);
    let longest = mark
        .lines
        .iter()
        .map(|l| l.threshold.len() + 1 + l.rule.chars().count())
        .max();
    let runs_right = at + BADGE + longest.unwrap_or(0) as f64 * CHARACTER <= WIDTH;
    let labels = mark.lines.iter().enumerate().map(|(index, line)| Label {
        y: number(y + LABEL * index as f64 + 4.5),
        threshold: line.threshold.clone(),
        rule: line.rule.clone(),
    });
    Hanger {
        x: number(at),
        from_y: number(AXIS),
        to_y: number(y - 9.0),
        letter: mark.letter.clone(),
        letter_y: number(y),
        anchor: if runs_right { "start" } else { "end" },
        text_x: number(if runs_right { at + BADGE } else { at - BADGE }),
        labels: labels.collect(),
    }
}

fn description(scale: &Scale) -> String {
    let rows: Vec<String> = scale
        .rows
        .iter()
        .map(|r| format!("{}: {}", r.label, r.words))
        .collect();
    let lines: Vec<String> = scale
        .marks
        .iter()
        .flat_map(|m| m.lines.iter())
        .map(|l| format!("{} ({})", l.threshold, l.rule))
        .collect();
    let lines = if lines.is_empty() {
        "none".to_owned()
    } else {
        lines.join("; ")
    };
    format!(
        "A logarithmic scale from 1e{} to 1e{} FLOP. {}. Lines, ascending: {lines}.",
        scale.from,
        scale.to,
        rows.join(". ")
    )
}
