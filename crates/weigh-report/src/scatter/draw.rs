//! The picture laid out: every place as text for the template to set.

use weigh_facts::{Decimal, Estimate};
use weigh_station::{Field, PlaneAxis};

use super::beside::{VALUE_LINE, legend, lines, rug, set_notes, ticks, values_across};
use super::labels::{Around, MARK, Placed, Wanted, place};
use super::plane::{LogAxis, Rect, Stretch, number, width};
use super::{Group, Kind, Picture, axis_words};
use crate::class::ClassWords;
use crate::clean::clean;

/// Width of the drawing, in its own units.
const WIDTH: f64 = 1200.0;
/// Where the plane begins and ends, across.
pub(super) const LEFT: f64 = 76.0;
pub(super) const RIGHT: f64 = WIDTH - 58.0;
/// Height of the plane.
const HEIGHT: f64 = 630.0;
/// Size of a label, and the height of one of its lines.
pub(super) const LABEL_SIZE: f64 = 11.5;
const LABEL_LINE: f64 = 13.0;
/// A longer label is broken.
const LABEL_WIDTH: f64 = 150.0;
/// Half the side of a mark with its ring.
const RING: f64 = 12.0;
/// Size of a note.
pub(super) const NOTE_SIZE: f64 = 12.0;
/// Length of the arrow at an open end.
const ARROW: f64 = 24.0;
/// Air around the values, in powers of ten.
const AIR: f64 = 0.09;

/// The drawing.
pub(super) struct Drawing {
    pub(super) width: String,
    pub(super) height: String,
    pub(super) heading: String,
    pub(super) subtitle: String,
    /// For those who hear it.
    pub(super) title: String,
    pub(super) description: String,
    pub(super) frame: Box,
    pub(super) rug_frame: Option<Box>,
    pub(super) fields: Vec<FieldDrawn>,
    pub(super) edges: Vec<String>,
    pub(super) lines: Vec<LineDrawn>,
    pub(super) ticks: Vec<LineDrawn>,
    pub(super) across: TextDrawn,
    pub(super) upward: TextDrawn,
    pub(super) rug_heading: Option<TextDrawn>,
    pub(super) regions: Vec<RegionDrawn>,
    pub(super) marks: Vec<MarkDrawn>,
    pub(super) labels: Vec<LabelDrawn>,
    pub(super) legend: Vec<LegendDrawn>,
    pub(super) notes: Vec<TextDrawn>,
}

/// A rectangle.
pub(super) struct Box {
    pub(super) x: String,
    pub(super) y: String,
    pub(super) width: String,
    pub(super) height: String,
}

/// A field with a class.
pub(super) struct FieldDrawn {
    pub(super) place: Box,
    pub(super) class: &'static str,
    /// Does it hold for data centers only?
    pub(super) is_hatched: bool,
    pub(super) words: String,
}

/// A line with its value.
pub(super) struct LineDrawn {
    pub(super) path: String,
    pub(super) label: TextDrawn,
}

pub(super) struct TextDrawn {
    pub(super) x: String,
    pub(super) y: String,
    /// `start`, `middle` or `end`.
    pub(super) anchor: &'static str,
    pub(super) text: String,
}

/// The name of a region.
pub(super) struct RegionDrawn {
    pub(super) x: String,
    pub(super) y: String,
    pub(super) remark_y: String,
    pub(super) class: &'static str,
    pub(super) name: String,
    pub(super) remark: String,
}

/// A chip, or several at one place.
pub(super) struct MarkDrawn {
    pub(super) shape: String,
    /// Its bars and arrows; empty if it has none.
    pub(super) bars: String,
    pub(super) x: String,
    pub(super) y: String,
    pub(super) class: &'static str,
    /// `full`, `hollow` or `dotted`.
    pub(super) filling: &'static str,
    pub(super) is_ringed: bool,
    pub(super) words: String,
}

pub(super) struct LabelDrawn {
    pub(super) x: String,
    pub(super) lines: Vec<(String, String)>,
    /// A path to the mark; empty if it stands beside it.
    pub(super) leader: String,
    pub(super) is_bold: bool,
}

pub(super) struct LegendDrawn {
    pub(super) shape: String,
    pub(super) x: String,
    pub(super) y: String,
    pub(super) class: &'static str,
    pub(super) filling: &'static str,
    pub(super) is_ringed: bool,
    pub(super) label: TextDrawn,
}

/// The plane with both of its axes.
pub(super) struct Plane {
    pub(super) across: LogAxis,
    pub(super) upward: LogAxis,
    pub(super) rect: Rect,
}

impl Drawing {
    pub(super) fn of(picture: &Picture<'_>) -> Self {
        let legend = legend(picture);
        let rows = legend.last().map_or(1.0, |(row, _)| row + 1.0);
        let plane = Plane::of(picture, 78.0 + rows * 20.0);
        let bottom = plane.rect.bottom;
        let (rug_marks, rug_labels, rug_height) = rug(picture, &plane);
        let rug_bottom = bottom + rug_height;
        let (marks, labels, regions, left_out) = on_the_plane(picture, &plane);
        let mut notes: Vec<String> = Vec::new();
        if !left_out.is_empty() {
            notes.push(format!(
                "No room for the names of: {}.",
                left_out.join("; ")
            ));
        }
        notes.extend(picture.notes.iter().cloned());
        let (notes, height) = set_notes(&notes, rug_bottom + 74.0);
        let axis_y = rug_bottom + 42.0;
        Self {
            width: number(WIDTH),
            height: number(height),
            heading: picture.title.clone(),
            subtitle: picture.subtitle.clone(),
            title: title(picture, &left_out),
            description: description(picture),
            frame: boxed(&plane.rect),
            rug_frame: (rug_height > 0.0).then(|| {
                boxed(&Rect {
                    top: bottom,
                    bottom: rug_bottom,
                    ..plane.rect
                })
            }),
            fields: fields(picture, &plane),
            edges: edges(&picture.scatter.fields, &plane)
                .iter()
                .map(path)
                .collect(),
            lines: lines(picture, &plane, rug_bottom),
            ticks: ticks(&plane, rug_bottom),
            across: text((LEFT + RIGHT) / 2.0, axis_y, "middle", &picture.across),
            upward: text(
                22.0,
                (plane.rect.top + bottom) / 2.0,
                "middle",
                &picture.upward,
            ),
            rug_heading: (rug_height > 0.0).then(|| {
                let words = format!("no {} known", picture.figure);
                text(LEFT + 8.0, bottom + 15.0, "start", &words)
            }),
            regions,
            marks: marks.into_iter().chain(rug_marks).collect(),
            labels: labels.into_iter().chain(rug_labels).collect(),
            legend: legend.into_iter().map(|(_, item)| item).collect(),
            notes,
        }
    }
}

impl Plane {
    /// The plane below what stands above it.
    fn of(picture: &Picture<'_>, from: f64) -> Self {
        let scatter = picture.scatter;
        let values = |axis: &PlaneAxis, spots: &mut dyn Iterator<Item = &Estimate<Decimal>>| {
            let mut values: Vec<f64> = axis.lines.iter().map(|l| l.at.to_f64()).collect();
            for estimate in spots {
                values.extend(
                    [estimate.low(), estimate.high()]
                        .into_iter()
                        .flatten()
                        .map(Decimal::to_f64),
                );
            }
            values
        };
        let mut across = scatter.spots.iter().filter_map(|s| s.across.as_ref());
        let across = values(&scatter.across, &mut across);
        let drawn = picture.groups.iter().flat_map(|g| &g.spots);
        let mut upward = drawn.filter_map(|s| s.upward.as_ref());
        let upward = values(&scatter.upward, &mut upward);
        let across = LogAxis::around(&across, AIR, (LEFT, RIGHT));
        let rows = values_across(picture, &across)
            .into_iter()
            .map(|(_, row, _)| row);
        let top = from + 22.0 + VALUE_LINE * rows.max().unwrap_or(0) as f64;
        let rect = Rect {
            left: LEFT,
            top,
            right: RIGHT,
            bottom: top + HEIGHT,
        };
        Self {
            across,
            upward: LogAxis::around(&upward, AIR, (rect.bottom, rect.top)),
            rect,
        }
    }

    fn field(&self, field: &Field) -> Rect {
        Rect {
            left: self.across.at_or(field.across.0.as_ref(), true),
            right: self.across.at_or(field.across.1.as_ref(), false),
            bottom: self.upward.at_or(field.upward.0.as_ref(), true),
            top: self.upward.at_or(field.upward.1.as_ref(), false),
        }
    }

    /// Where a mark stands: in the middle of its bounds, or at the known end.
    fn mark(&self, group: &Group<'_>) -> Option<(f64, f64)> {
        let spot = group.first()?;
        let x = spot.across.as_ref().map(|e| middle(e, &self.across))?;
        let y = spot.upward.as_ref().map(|e| middle(e, &self.upward))?;
        Some((x, y))
    }
}

pub(super) fn middle(estimate: &Estimate<Decimal>, axis: &LogAxis) -> f64 {
    let at = |value: &Decimal| axis.at(value.to_f64());
    match (estimate.low(), estimate.high()) {
        (Some(low), Some(high)) => f64::midpoint(at(low), at(high)),
        (Some(one), None) | (None, Some(one)) => at(one),
        (None, None) => axis.at(0.0),
    }
}

fn boxed(rect: &Rect) -> Box {
    Box {
        x: number(rect.left),
        y: number(rect.top),
        width: number(rect.right - rect.left),
        height: number(rect.bottom - rect.top),
    }
}

pub(super) fn text(x: f64, y: f64, anchor: &'static str, text: &str) -> TextDrawn {
    TextDrawn {
        x: number(x),
        y: number(y),
        anchor,
        text: text.to_owned(),
    }
}

/// The style of a kind in the drawing.
pub(super) fn style(kind: Kind) -> &'static str {
    match kind {
        Kind::Class(0) => "k0",
        Kind::Class(1) => "k1",
        Kind::Class(2) => "k2",
        Kind::Class(_) => "k3",
        Kind::Open => "open",
        Kind::Free => "free",
    }
}

/// Its shape around a point, as a path.
pub(super) fn shape(kind: Kind, (x, y): (f64, f64)) -> String {
    // Corners by angle from the top, in turns.
    let polygon = |corners: u32, radius: f64, turn: f64| {
        let corner = |i: u32| {
            let angle = (f64::from(i) / f64::from(corners) + turn) * std::f64::consts::TAU;
            let (dx, dy) = (radius * angle.sin(), -radius * angle.cos());
            format!("{} {}", number(x + dx), number(y + dy))
        };
        let corners: Vec<String> = (0..corners).map(corner).collect();
        format!("M{}Z", corners.join("L"))
    };
    match kind {
        Kind::Class(0) => format!(
            "M{} {}a5.2 5.2 0 1 0 10.4 0a5.2 5.2 0 1 0 -10.4 0Z",
            number(x - 5.2),
            number(y)
        ),
        Kind::Class(1) => polygon(4, 6.8, 0.125),
        Kind::Class(2) => polygon(5, 6.4, 0.0),
        Kind::Class(_) => polygon(6, 6.2, 0.0),
        Kind::Open => polygon(4, 6.8, 0.0),
        Kind::Free => polygon(3, 6.6, 0.0),
    }
}

pub(super) fn filling(is_data_center: Option<bool>) -> &'static str {
    match is_data_center {
        Some(true) => "full",
        Some(false) => "hollow",
        None => "dotted",
    }
}

/// The bar of an interval along one axis: an end with a foot, an open end with an arrow.
fn bar(estimate: &Estimate<Decimal>, axis: &LogAxis, across: f64, is_upward: bool) -> String {
    let at = |value: &Decimal| axis.at(value.to_f64());
    let point = |along: f64, beside: f64| {
        let (x, y) = if is_upward {
            (across + beside, along)
        } else {
            (along, across + beside)
        };
        format!("{} {}", number(x), number(y))
    };
    let foot = |along: f64| format!("M{}L{}", point(along, -4.0), point(along, 4.0));
    // Up the page values grow as places shrink.
    let sign = if is_upward { -1.0 } else { 1.0 };
    let arrow = |from: f64, sign: f64| {
        let (end, back) = (from + sign * ARROW, from + sign * (ARROW - 6.0));
        format!(
            "M{}L{}M{}L{}L{}",
            point(from + sign * MARK, 0.0),
            point(end, 0.0),
            point(back, -4.0),
            point(end, 0.0),
            point(back, 4.0)
        )
    };
    match (estimate.low(), estimate.high()) {
        // Rounded outward at many digits, both ends are one place.
        (Some(low), Some(high)) if (at(low) - at(high)).abs() < 1.0 => String::new(),
        (Some(low), Some(high)) => format!(
            "M{}L{}{}{}",
            point(at(low), 0.0),
            point(at(high), 0.0),
            foot(at(low)),
            foot(at(high))
        ),
        (Some(low), None) => arrow(at(low), sign),
        (None, Some(high)) => arrow(at(high), -sign),
        (None, None) => String::new(),
    }
}

pub(super) fn mark(
    group: &Group<'_>,
    (x, y): (f64, f64),
    plane: &Plane,
    words: String,
) -> MarkDrawn {
    let spot = group.first();
    let across = spot.and_then(|s| s.across.as_ref());
    let upward = spot.and_then(|s| s.upward.as_ref());
    let across = across.map(|e| bar(e, &plane.across, y, false));
    let upward = upward.map(|e| bar(e, &plane.upward, x, true));
    MarkDrawn {
        shape: shape(group.kind, (x, y)),
        bars: across.into_iter().chain(upward).collect(),
        x: number(x),
        y: number(y),
        class: style(group.kind),
        filling: filling(group.is_data_center()),
        is_ringed: group.is_highlighted,
        words,
    }
}

/// Half the side of a mark.
pub(super) fn half(group: &Group<'_>) -> f64 {
    if group.is_highlighted { RING } else { MARK }
}

/// What the bars of a mark cover.
fn covered(group: &Group<'_>, (x, y): (f64, f64), plane: &Plane) -> Vec<Rect> {
    let span = |estimate: Option<&Estimate<Decimal>>, axis: &LogAxis, sign: f64| {
        let estimate = estimate?;
        let at = |value: &Decimal| axis.at(value.to_f64());
        let ends = match (estimate.low(), estimate.high()) {
            (Some(low), Some(high)) => (at(low), at(high)),
            (Some(low), None) => (at(low), at(low) + sign * ARROW),
            (None, Some(high)) => (at(high), at(high) - sign * ARROW),
            (None, None) => return None,
        };
        Some((ends.0.min(ends.1), ends.0.max(ends.1)))
    };
    let spot = group.first();
    let across = span(spot.and_then(|s| s.across.as_ref()), &plane.across, 1.0);
    let upward = span(spot.and_then(|s| s.upward.as_ref()), &plane.upward, -1.0);
    let across = across.map(|(left, right)| Rect {
        left,
        right,
        top: y - 2.0,
        bottom: y + 2.0,
    });
    let upward = upward.map(|(top, bottom)| Rect {
        left: x - 2.0,
        right: x + 2.0,
        top,
        bottom,
    });
    let bars = [across, upward].into_iter().flatten();
    [Rect::around((x, y), half(group))]
        .into_iter()
        .chain(bars)
        .collect()
}

type OnThePlane = (
    Vec<MarkDrawn>,
    Vec<LabelDrawn>,
    Vec<RegionDrawn>,
    Vec<String>,
);

/// Marks, the names of regions, and the names of marks where there is room.
fn on_the_plane(picture: &Picture<'_>, plane: &Plane) -> OnThePlane {
    let places: Vec<(&Group<'_>, (f64, f64))> = picture
        .groups
        .iter()
        .filter_map(|g| Some((g, plane.mark(g)?)))
        .collect();
    let mut taken: Vec<Rect> = Vec::new();
    for (group, at) in &places {
        taken.extend(covered(group, *at, plane));
    }
    let (regions, named) = regions(picture, plane, &taken);
    taken.extend(named);
    let broken: Vec<Vec<String>> = places.iter().map(|(g, _)| broken(&g.label)).collect();
    let wanted: Vec<Wanted> = places
        .iter()
        .zip(&broken)
        .map(|((group, at), lines)| Wanted {
            at: *at,
            half: half(group),
            width: lines
                .iter()
                .map(|l| label_width(l, group))
                .fold(0.0, f64::max),
            height: LABEL_LINE * lines.len() as f64,
            is_first: group.is_highlighted,
        })
        .collect();
    let spared = edges(&picture.scatter.fields, plane);
    let around = Around {
        taken: &taken,
        spared: &spared,
        frame: plane.rect,
    };
    let found = place(&wanted, &around);
    let mut labels = Vec::new();
    let mut left_out = Vec::new();
    for (((group, _), lines), placed) in places.iter().zip(&broken).zip(found) {
        match placed {
            Some(placed) => labels.push(label(group, lines, &placed)),
            None => left_out.push(group.label.clone()),
        }
    }
    let marks = places.iter().map(|(group, at)| {
        let words = group.description(picture.scatter);
        mark(group, *at, plane, words)
    });
    (marks.collect(), labels, regions, left_out)
}

fn label_width(line: &str, group: &Group<'_>) -> f64 {
    let bold = if group.is_highlighted { 1.08 } else { 1.0 };
    width(line, LABEL_SIZE) * bold
}

/// A long label in lines, broken between names.
fn broken(label: &str) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for name in label.split(", ") {
        match lines.last_mut() {
            Some(line) if width(&format!("{line}, {name}"), LABEL_SIZE) <= LABEL_WIDTH => {
                line.push_str(", ");
                line.push_str(name);
            }
            Some(line) => {
                line.push(',');
                lines.push(name.to_owned());
            }
            None => lines.push(name.to_owned()),
        }
    }
    lines
}

fn label(group: &Group<'_>, lines: &[String], placed: &Placed) -> LabelDrawn {
    let baseline = |i: usize| placed.rect.top + LABEL_LINE * (i as f64 + 1.0) - 3.0;
    let lines = lines.iter().enumerate();
    LabelDrawn {
        x: number(placed.rect.left),
        lines: lines
            .map(|(i, l)| (number(baseline(i)), l.clone()))
            .collect(),
        leader: placed.leader.as_ref().map_or_else(String::new, path),
        is_bold: group.is_highlighted,
    }
}

fn path(stretch: &Stretch) -> String {
    let ends = [stretch.from, stretch.to].map(|(x, y)| format!("{} {}", number(x), number(y)));
    format!("M{}L{}", ends[0], ends[1])
}

/// Fields that read alike.
fn reads(field: &Field) -> (ClassWords, ClassWords) {
    (
        ClassWords::of(&field.says),
        ClassWords::of(&field.says_elsewhere),
    )
}

fn fields(picture: &Picture<'_>, plane: &Plane) -> Vec<FieldDrawn> {
    let with_class = picture.scatter.fields.iter().filter(|f| !f.says.is_empty());
    let drawn = with_class.map(|field| {
        let (class, elsewhere) = reads(field);
        let is_hatched = class != elsewhere;
        FieldDrawn {
            place: boxed(&plane.field(field)),
            class: style(picture.kinds.kind(&class)),
            is_hatched,
            words: region_words(&class, &elsewhere).join(" "),
        }
    });
    drawn.collect()
}

/// The sides between fields that read otherwise.
fn edges(fields: &[Field], plane: &Plane) -> Vec<Stretch> {
    let mut edges = Vec::new();
    for (index, one) in fields.iter().enumerate() {
        for other in fields.iter().skip(index + 1) {
            if reads(one) == reads(other) {
                continue;
            }
            let Rect {
                left,
                top,
                right,
                bottom,
            } = plane.field(one);
            if one.upward == other.upward && one.across.1 == other.across.0 {
                edges.push(Stretch {
                    from: (right, top),
                    to: (right, bottom),
                });
            }
            if one.across == other.across && one.upward.1 == other.upward.0 {
                edges.push(Stretch {
                    from: (left, top),
                    to: (right, top),
                });
            }
        }
    }
    edges
}

fn region_words(class: &ClassWords, elsewhere: &ClassWords) -> [String; 2] {
    let remark = match elsewhere {
        same if same == class => String::new(),
        none if none.certain.is_empty() => "data centers only".to_owned(),
        other => format!("elsewhere {}", other.in_words()),
    };
    [class.in_words(), remark]
}

const REGION_SIZE: f64 = 21.0;

/// The name of every region once, where there is most room for it. Returns what the names cover.
fn regions(picture: &Picture<'_>, plane: &Plane, taken: &[Rect]) -> (Vec<RegionDrawn>, Vec<Rect>) {
    let mut drawn = Vec::new();
    let mut covered: Vec<Rect> = Vec::new();
    let mut seen: Vec<(ClassWords, ClassWords)> = Vec::new();
    for field in picture.scatter.fields.iter().filter(|f| !f.says.is_empty()) {
        let key = reads(field);
        if seen.contains(&key) {
            continue;
        }
        let alike = picture.scatter.fields.iter().filter(|f| reads(f) == key);
        let rects: Vec<Rect> = alike.map(|f| plane.field(f)).collect();
        let [name, remark] = region_words(&key.0, &key.1);
        let across = width(&name, REGION_SIZE).max(width(&remark, NOTE_SIZE)) + 4.0;
        let tall = if remark.is_empty() { 24.0 } else { 40.0 };
        let around: Vec<Rect> = taken.iter().chain(&covered).copied().collect();
        if let Some(rect) = roomiest(&rects, (across, tall), &around) {
            drawn.push(RegionDrawn {
                x: number(f64::midpoint(rect.left, rect.right)),
                y: number(rect.top + 19.0),
                remark_y: number(rect.top + 35.0),
                class: style(picture.kinds.kind(&key.0)),
                name,
                remark,
            });
            covered.push(rect);
        }
        seen.push(key);
    }
    (drawn, covered)
}

/// Where a box inside a region is farthest from what stands there; nothing if it fits nowhere.
fn roomiest(region: &[Rect], (across, tall): (f64, f64), taken: &[Rect]) -> Option<Rect> {
    const STEP: f64 = 8.0;
    /// Farther than this is no better.
    const ENOUGH: f64 = 46.0;
    let mut best: Option<(f64, Rect)> = None;
    for field in region {
        let mut top = field.top + 6.0;
        while top + tall <= field.bottom - 4.0 {
            let mut left = field.left + 8.0;
            while left + across <= field.right - 6.0 {
                let rect = Rect {
                    left,
                    top,
                    right: left + across,
                    bottom: top + tall,
                };
                let room = taken
                    .iter()
                    .map(|t| t.distance(&rect))
                    .fold(ENOUGH, f64::min);
                if room > 2.0 && best.is_none_or(|(known, _)| room > known) {
                    best = Some((room, rect));
                }
                left += STEP;
            }
            top += STEP;
        }
    }
    best.map(|(_, rect)| rect)
}

fn title(picture: &Picture<'_>, left_out: &[String]) -> String {
    let scatter = picture.scatter;
    let left_out = if left_out.is_empty() {
        String::new()
    } else {
        format!(" No room for the names of: {}.", left_out.join("; "))
    };
    clean(&format!(
        "{}, with the lines of {}.{left_out}",
        picture.title, scatter.book.id
    ))
}

/// The drawing in words, for those who hear it: the lines, and every chip by its class.
fn description(picture: &Picture<'_>) -> String {
    let scatter = picture.scatter;
    let lines = |axis: &PlaneAxis| {
        let at: Vec<String> = axis.lines.iter().map(|l| l.at.to_reader()).collect();
        let at = if at.is_empty() {
            "none".to_owned()
        } else {
            at.join(", ")
        };
        format!("{} in {}: {at}", axis_words(axis).1, axis.shown)
    };
    let mut parts = vec![format!(
        "Two logarithmic axes. Lines on {}; on {}.",
        lines(&scatter.across),
        lines(&scatter.upward)
    )];
    let all: Vec<&Group<'_>> = picture.groups.iter().chain(&picture.rug).collect();
    for (kind, words) in picture.kinds.legend(&all) {
        let of_kind = all.iter().filter(|g| g.kind == kind);
        let names: Vec<&str> = of_kind
            .flat_map(|g| g.spots.iter().map(|s| s.name.as_str()))
            .collect();
        parts.push(format!("{words}, {}: {}.", names.len(), names.join(", ")));
    }
    if !picture.nowhere.is_empty() {
        parts.push(format!("Not drawn: {}.", picture.nowhere.join(", ")));
    }
    // Each name is cleaned by itself: all of them together are longer than one value may be.
    let parts: Vec<String> = parts
        .iter()
        .map(|p| p.split(", ").map(clean).collect::<Vec<_>>().join(", "))
        .collect();
    parts.join(" ")
}
