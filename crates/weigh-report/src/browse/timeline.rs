//! The status of a text and of its enforcement over time, as a drawing.
//!
//! - **Invariant:** the words and letters say it all; a filled, a framed and a dashed bar repeat it.

use weigh_facts::Date;

use crate::browse::words::{Span, StatusWords};

/// Width of the drawing, in its own units.
const WIDTH: f64 = 880.0;
/// Room for the names of the lanes.
const LEFT: f64 = 104.0;
/// Air at the right.
const RIGHT: f64 = 12.0;
/// Where the first lane begins.
const TOP: f64 = 44.0;
/// Height of a bar.
const BAR: f64 = 24.0;
/// From one lane to the next.
const LANE: f64 = 34.0;
/// Width of a character, on the safe side.
const CHARACTER: f64 = 6.6;

/// The drawing.
#[derive(Clone, Debug)]
pub(crate) struct Timeline {
    pub(crate) width: String,
    pub(crate) height: String,
    pub(crate) lanes: Vec<Lane>,
    pub(crate) ticks: Vec<Tick>,
    pub(crate) grid_from: String,
    pub(crate) grid_to: String,
    /// The day the page is read on.
    pub(crate) today: Mark,
    /// The last day of which the book knows.
    pub(crate) known: Mark,
    /// The drawing in words, for those who hear it.
    pub(crate) description: String,
}

/// The text, or enforcement.
#[derive(Clone, Debug)]
pub(crate) struct Lane {
    pub(crate) name: &'static str,
    pub(crate) y: String,
    pub(crate) bars: Vec<Bar>,
}

/// A status.
#[derive(Clone, Debug)]
pub(crate) struct Bar {
    pub(crate) x: String,
    pub(crate) y: String,
    pub(crate) width: String,
    pub(crate) height: String,
    /// How it is drawn: `full`, `framed`, `dashed`.
    pub(crate) class: &'static str,
    pub(crate) words: String,
    pub(crate) words_x: String,
    pub(crate) words_y: String,
}

/// A day on the axis.
#[derive(Clone, Debug)]
pub(crate) struct Tick {
    pub(crate) x: String,
    pub(crate) label: String,
}

/// A day that stands out.
#[derive(Clone, Debug)]
pub(crate) struct Mark {
    pub(crate) x: String,
    pub(crate) label: String,
    pub(crate) text_x: String,
    /// `start` or `end`.
    pub(crate) anchor: &'static str,
}

/// Where days lie.
struct Axis {
    from: i64,
    to: i64,
}

impl Axis {
    fn x(&self, day: i64) -> f64 {
        let along = (day - self.from) as f64 / (self.to - self.from).max(1) as f64;
        LEFT + along.clamp(0.0, 1.0) * (WIDTH - LEFT - RIGHT)
    }
}

impl Timeline {
    /// Draws the statuses of a book; nothing when none of them has a day.
    pub(crate) fn of(statuses: &[StatusWords], on: Date, known_through: Date) -> Option<Self> {
        let days = statuses.iter().flat_map(|s| [s.span.from, s.span.until]);
        let days: Vec<i64> = days.flatten().map(Date::days_since_epoch).collect();
        let first = *days.iter().min()?;
        let ends = [on.days_since_epoch(), known_through.days_since_epoch()];
        let last = days.iter().copied().chain(ends).max()?;
        let air = ((last - first) / 14).max(45);
        let axis = Axis {
            from: first - air,
            to: last + air,
        };
        let lanes: Vec<Lane> = ["text", "enforcement"]
            .into_iter()
            .enumerate()
            .map(|(index, name)| lane(name, index, statuses, &axis))
            .collect();
        let bottom = TOP + LANE * lanes.len() as f64 - (LANE - BAR);
        let known = mark("known through", known_through, &axis);
        Some(Self {
            width: number(WIDTH),
            height: number(bottom + 40.0),
            ticks: ticks(&axis),
            grid_from: number(TOP - 6.0),
            grid_to: number(bottom + 6.0),
            today: mark("read on", on, &axis),
            known,
            description: description(statuses),
            lanes,
        })
    }
}

fn lane(name: &'static str, index: usize, statuses: &[StatusWords], axis: &Axis) -> Lane {
    let y = TOP + LANE * index as f64;
    let own = statuses.iter().filter(|s| s.axis == name);
    let bars = own.map(|status| {
        let from = status.span.from.map_or(axis.from, Date::days_since_epoch);
        let until = status.span.until.map_or(axis.to, Date::days_since_epoch);
        let (x, end) = (axis.x(from), axis.x(until));
        let width = (end - x).max(2.0);
        let whole = format!("{} {}", status.letter, status.word);
        let fits = |text: &str| text.chars().count() as f64 * CHARACTER + 10.0 <= width;
        let words = [whole, status.letter.clone()].into_iter().find(|w| fits(w));
        Bar {
            x: number(x),
            y: number(y),
            width: number(width),
            height: number(BAR),
            class: status.drawn,
            words: words.unwrap_or_default(),
            words_x: number(x + 7.0),
            words_y: number(y + BAR / 2.0 + 4.5),
        }
    });
    Lane {
        name,
        y: number(y + BAR / 2.0 + 4.5),
        bars: bars.collect(),
    }
}

fn mark(what: &str, day: Date, axis: &Axis) -> Mark {
    let x = axis.x(day.days_since_epoch());
    let label = format!("{what} {day}");
    let room = label.chars().count() as f64 * CHARACTER;
    let runs_right = x + 6.0 + room <= WIDTH;
    Mark {
        x: number(x),
        text_x: number(if runs_right { x + 5.0 } else { x - 5.0 }),
        anchor: if runs_right { "start" } else { "end" },
        label,
    }
}

/// First days of months, as many as can be read.
fn ticks(axis: &Axis) -> Vec<Tick> {
    const ROOM: usize = 11;
    let firsts = |step: i16| -> Vec<(i64, i16, i8)> {
        let mut found = Vec::new();
        // From the first year of the axis to the last: 1970 and a year of 365 days at a time.
        let year = |days: i64| i16::try_from(1970 + days.div_euclid(366)).unwrap_or(1970);
        for year in year(axis.from) - 1..=year(axis.to) + 3 {
            for month in 1..=12_i8 {
                let along = year * 12 + i16::from(month) - 1;
                let Ok(day) = Date::new(year, month, 1) else {
                    continue;
                };
                let days = day.days_since_epoch();
                if along % step == 0 && axis.from <= days && days <= axis.to {
                    found.push((days, year, month));
                }
            }
        }
        found
    };
    let steps = [1, 3, 6, 12, 24, 60, 120];
    let step = steps.into_iter().find(|s| firsts(*s).len() <= ROOM);
    let found = firsts(step.unwrap_or(240)).into_iter();
    found
        .map(|(days, year, month)| Tick {
            x: number(axis.x(days)),
            label: match month {
                1 => year.to_string(),
                month => format!("{year}-{month:02}"),
            },
        })
        .collect()
}

fn description(statuses: &[StatusWords]) -> String {
    let words = statuses.iter().map(|s| {
        let span: &Span = &s.span;
        format!("{} {} {}", s.axis, s.word, span.in_words())
    });
    words.collect::<Vec<_>>().join("; ")
}

/// One digit after the point: the same on every machine.
fn number(value: f64) -> String {
    format!("{value:.1}")
}
