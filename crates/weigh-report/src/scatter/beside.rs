//! What stands beside the plane: values of lines and axes, the rug below it, the legend, notes.

use std::fmt::Write;

use super::draw::{
    LABEL_SIZE, LEFT, LabelDrawn, LegendDrawn, LineDrawn, MarkDrawn, NOTE_SIZE, Plane, RIGHT,
    TextDrawn, filling, half, mark, middle, shape, style, text,
};
use super::plane::{LogAxis, number, width};
use super::{Group, Kind, Picture, axis_words};

/// Height of a line of values beside the plane.
pub(super) const VALUE_LINE: f64 = 14.0;
/// Height of a lane of the rug.
const LANE: f64 = 17.0;
/// Height of a line of a note.
const NOTE_LINE: f64 = 16.0;

/// The values of the lines across, each with its place and the row above the plane in which it has
/// room. Only the last bears the unit.
pub(super) fn values_across(picture: &Picture<'_>, across: &LogAxis) -> Vec<(f64, usize, String)> {
    let lines = &picture.scatter.across.lines;
    let (_, _, unit) = axis_words(&picture.scatter.across);
    let mut rows: Vec<f64> = Vec::new();
    let mut values = Vec::new();
    for (index, line) in lines.iter().enumerate() {
        let mut words = line.at.to_reader();
        if index + 1 == lines.len() {
            let _ = write!(words, " {unit}");
        }
        let x = across.at(line.at.to_f64());
        let half = width(&words, NOTE_SIZE) / 2.0 + 4.0;
        let free = rows.iter().position(|taken| *taken <= x - half);
        let row = free.unwrap_or(rows.len());
        match rows.get_mut(row) {
            Some(taken) => *taken = x + half,
            None => rows.push(x + half),
        }
        values.push((x, row, words));
    }
    values
}

pub(super) fn lines(picture: &Picture<'_>, plane: &Plane, rug_bottom: f64) -> Vec<LineDrawn> {
    let rect = &plane.rect;
    let values = values_across(picture, &plane.across).into_iter();
    let mut drawn: Vec<LineDrawn> = values
        .map(|(x, row, words)| LineDrawn {
            path: format!("M{} {}V{}", number(x), number(rect.top), number(rug_bottom)),
            label: text(
                x,
                rect.top - 7.0 - VALUE_LINE * row as f64,
                "middle",
                &words,
            ),
        })
        .collect();
    // From the top down, so that near ones step down in turn.
    let mut free_from = f64::NEG_INFINITY;
    for line in picture.scatter.upward.lines.iter().rev() {
        let y = plane.upward.at(line.at.to_f64());
        let words_y = (y + 4.0).max(free_from);
        free_from = words_y + VALUE_LINE;
        drawn.push(LineDrawn {
            path: format!(
                "M{} {}H{}",
                number(rect.left),
                number(y),
                number(rect.right)
            ),
            label: text(rect.right + 6.0, words_y, "start", &line.at.to_reader()),
        });
    }
    drawn
}

pub(super) fn ticks(plane: &Plane, rug_bottom: f64) -> Vec<LineDrawn> {
    let rect = &plane.rect;
    let across = plane.across.ticks().into_iter().map(|value| {
        let x = plane.across.at(value.to_f64());
        LineDrawn {
            path: format!(
                "M{} {}V{}",
                number(x),
                number(rug_bottom),
                number(rug_bottom + 5.0)
            ),
            label: text(x, rug_bottom + 19.0, "middle", &value.to_reader()),
        }
    });
    let upward = plane.upward.ticks().into_iter().map(|value| {
        let y = plane.upward.at(value.to_f64());
        LineDrawn {
            path: format!(
                "M{} {}H{}",
                number(rect.left - 5.0),
                number(y),
                number(rect.left)
            ),
            label: text(rect.left - 9.0, y + 4.0, "end", &value.to_reader()),
        }
    });
    across.chain(upward).collect()
}

/// Chips of which only the figure across is known, each in the first lane with room for its name.
pub(super) fn rug(picture: &Picture<'_>, plane: &Plane) -> (Vec<MarkDrawn>, Vec<LabelDrawn>, f64) {
    let mut items: Vec<(f64, &Group<'_>)> = picture
        .rug
        .iter()
        .filter_map(|g| Some((middle(g.first()?.across.as_ref()?, &plane.across), g)))
        .collect();
    items.sort_by(|(a, g), (b, h)| a.total_cmp(b).then_with(|| g.label.cmp(&h.label)));
    let heading = LEFT + 14.0 + width(&format!("no {} known", picture.figure), NOTE_SIZE);
    // The heading stands at the beginning of the first lane.
    let mut lanes: Vec<f64> = vec![heading];
    let (mut marks, mut labels) = (Vec::new(), Vec::new());
    for (x, group) in items {
        let name = width(&group.label, LABEL_SIZE) * if group.is_highlighted { 1.08 } else { 1.0 };
        let is_turned = x + half(group) + 4.0 + name > plane.rect.right;
        let (from, to) = if is_turned {
            (x - half(group) - 8.0 - name, x + half(group))
        } else {
            (x - half(group), x + half(group) + 8.0 + name)
        };
        let free = lanes.iter().position(|taken| *taken + 4.0 <= from);
        let lane = free.unwrap_or(lanes.len());
        match lanes.get_mut(lane) {
            Some(taken) => *taken = to,
            None => lanes.push(to),
        }
        let y = plane.rect.bottom + 11.0 + LANE * lane as f64;
        marks.push(mark(
            group,
            (x, y),
            plane,
            group.description(picture.scatter),
        ));
        let start = if is_turned {
            x - half(group) - 4.0 - name
        } else {
            x + half(group) + 4.0
        };
        labels.push(LabelDrawn {
            x: number(start),
            lines: vec![(number(y + 4.0), group.label.clone())],
            leader: String::new(),
            is_bold: group.is_highlighted,
        });
    }
    if marks.is_empty() {
        return (marks, labels, 0.0);
    }
    (marks, labels, LANE * lanes.len() as f64 + 6.0)
}

/// The legend, each item with its row.
pub(super) fn legend(picture: &Picture<'_>) -> Vec<(f64, LegendDrawn)> {
    let all: Vec<&Group<'_>> = picture.groups.iter().chain(&picture.rug).collect();
    // Shape, style, filling, ring, words.
    let mut items: Vec<(Kind, &'static str, &'static str, bool, String)> = Vec::new();
    for (kind, words) in picture.kinds.legend(&all) {
        items.push((kind, style(kind), "full", false, words));
    }
    // What holds for every class is shown in the shape of none.
    let (any, gray) = (Kind::Class(0), style(Kind::Free));
    for (is_data_center, words) in [
        (Some(true), "filled: made for data centers"),
        (Some(false), "hollow: not for data centers"),
        (None, "dotted: not known for what"),
    ] {
        if all.iter().any(|g| g.is_data_center() == is_data_center) {
            items.push((any, gray, filling(is_data_center), false, words.to_owned()));
        }
    }
    if all.iter().any(|g| g.is_highlighted) {
        items.push((
            any,
            gray,
            "full",
            true,
            "ringed: highlighted, or of your own file".to_owned(),
        ));
    }
    let (mut row, mut x) = (0.0, LEFT);
    let mut drawn = Vec::new();
    for (kind, class, filling, is_ringed, words) in items {
        let beside = if is_ringed { 22.0 } else { 18.0 };
        let wide = beside + width(&words, NOTE_SIZE) + 22.0;
        if x + wide > RIGHT && x > LEFT {
            (row, x) = (row + 1.0, LEFT);
        }
        let y = 88.0 + row * 20.0;
        let item = LegendDrawn {
            shape: shape(kind, (x + 6.0, y - 4.0)),
            x: number(x + 6.0),
            y: number(y - 4.0),
            class,
            filling,
            is_ringed,
            label: text(x + beside, y, "start", &words),
        };
        drawn.push((row, item));
        x += wide;
    }
    drawn
}

/// Notes below the picture, in lines; and the height of everything.
pub(super) fn set_notes(notes: &[String], from: f64) -> (Vec<TextDrawn>, f64) {
    let mut drawn = Vec::new();
    let mut y = from;
    for note in notes {
        let mut line = String::new();
        for word in note.split(' ') {
            let longer = if line.is_empty() {
                word.to_owned()
            } else {
                format!("{line} {word}")
            };
            if width(&longer, NOTE_SIZE) > RIGHT - LEFT && !line.is_empty() {
                drawn.push(text(LEFT, y, "start", &line));
                y += NOTE_LINE;
                line = word.to_owned();
            } else {
                line = longer;
            }
        }
        drawn.push(text(LEFT, y, "start", &line));
        y += NOTE_LINE;
    }
    (drawn, y)
}
