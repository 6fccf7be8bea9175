//! The log-scale bar: where the operations lie, and where the lines do.
//!
//! One layout for every format: characters for a terminal, a drawing for a page.
//!
//! - **Invariant:** positions are for the eye only. Nothing is decided by where a mark is drawn.

use weigh_facts::{Decimal, Estimate, Operations};
use weigh_station::{ComputeProfile, Line, MethodResult, Weighing};

use crate::clean::clean;
use crate::numbers::{Amount, is_known, line};

/// Rows beside the first one: more would be a table, not a picture.
const EXTRA_ROWS: usize = 4;

/// The picture.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Scale {
    /// The power of ten at the left end.
    pub(crate) from: i32,
    /// The power of ten at the right end.
    pub(crate) to: i32,
    /// One row per total that differs from the others, all stages first.
    pub(crate) rows: Vec<Row>,
    /// The lines, ascending.
    pub(crate) marks: Vec<Mark>,
}

/// One total.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Row {
    /// Which total: `all stages`, `chip-time`, `eu-cumulative`.
    pub(crate) label: String,
    /// The total in words.
    pub(crate) words: String,
    /// Where the interval begins, from 0 to 1; open if there is no lower bound.
    pub(crate) low: Option<f64>,
    /// Where the best value lies.
    pub(crate) best: Option<f64>,
    /// Where the interval ends; open if there is no upper bound.
    pub(crate) high: Option<f64>,
}

/// One place on the axis where at least one line lies.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Mark {
    /// Its letter.
    pub(crate) letter: String,
    /// Where it lies, from 0 to 1.
    pub(crate) at: f64,
    /// The value: `1e24`.
    pub(crate) value: String,
    /// The lines that lie there.
    pub(crate) lines: Vec<MarkedLine>,
}

/// One line of a rulebook.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct MarkedLine {
    /// `> 1e24 FLOP`.
    pub(crate) threshold: String,
    /// `us-ear/weights-4e091`.
    pub(crate) rule: String,
    /// What is compared: `operations.eu-cumulative`.
    pub(crate) fact: String,
}

impl Scale {
    /// The picture of a weighing; none if no operations are known.
    pub(crate) fn of(weighing: &Weighing) -> Option<Self> {
        let totals = totals(&weighing.compute);
        if totals.is_empty() {
            return None;
        }
        let points = totals
            .iter()
            .flat_map(|(_, e)| [e.low(), e.best(), e.high()]);
        let points = points.flatten().map(|o| o.to_decimal());
        let lines = weighing.lines.iter().map(|l| l.at.clone());
        let (from, to) = decades(points.chain(lines).filter_map(|d| exponent(&d)))?;
        let place = |value: &Decimal| place(value, from, to);
        let at = |o: Option<&Operations>| o.map(|o| place(&o.to_decimal()));
        let rows = totals.iter().map(|(label, e)| Row {
            label: label.clone(),
            words: Amount::of(e).in_one_line(),
            low: at(e.low()),
            best: at(e.best()),
            high: at(e.high()),
        });
        Some(Self {
            from,
            to,
            rows: rows.collect(),
            marks: marks(&weighing.lines, place),
        })
    }

    /// The powers of ten to write under the axis: every one, or every second, fifth or tenth
    /// where there is room for at most `room` of them.
    pub(crate) fn ticks(&self, room: usize) -> Vec<(i32, f64)> {
        let span = self.to - self.from;
        let fits = |step: &i32| usize::try_from(span / step).is_ok_and(|n| n < room);
        let step = [1, 2, 5, 10, 20].into_iter().find(fits).unwrap_or(50);
        let ticks = (self.from..=self.to).filter(|p| (p - self.from) % step == 0);
        ticks
            .map(|p| (p, f64::from(p - self.from) / f64::from(span)))
            .collect()
    }
}

/// The total of all stages, then what other methods say, then the totals of conventions; each only
/// if it differs from every one before.
fn totals(compute: &ComputeProfile) -> Vec<(String, &Estimate<Operations>)> {
    let mut found: Vec<(String, &Estimate<Operations>)> = Vec::new();
    if let Some(all) = &compute.operations {
        found.push(("all stages".to_owned(), all));
    }
    let method = |m: &MethodResult| m.id.split('/').next().unwrap_or_default().to_owned();
    let methods = compute
        .methods
        .iter()
        .map(|m| (method(m), Some(&m.operations)));
    let conventions = compute.conventions.iter();
    let conventions = conventions.map(|c| (c.id.clone(), c.operations.as_ref()));
    for (label, total) in methods.chain(conventions) {
        let Some(total) = total else { continue };
        if !is_known(&total.map_increasing(|o| o.to_decimal())) {
            continue;
        }
        if found.len() <= EXTRA_ROWS && found.iter().all(|(_, seen)| !same_bounds(seen, total)) {
            found.push((clean(&label), total));
        }
    }
    found
}

/// Do two estimates say the same, however they came to it?
pub(crate) fn same_bounds(a: &Estimate<Operations>, b: &Estimate<Operations>) -> bool {
    (a.low(), a.best(), a.high()) == (b.low(), b.best(), b.high())
}

/// The logarithm to base ten; none for zero and below.
fn exponent(value: &Decimal) -> Option<f64> {
    let log = value.to_f64().log10();
    log.is_finite().then_some(log)
}

/// The axis: whole powers of ten around all points, with air at both ends.
fn decades(exponents: impl Iterator<Item = f64>) -> Option<(i32, i32)> {
    let all: Vec<f64> = exponents.collect();
    let least = all.iter().copied().reduce(f64::min)?;
    let most = all.iter().copied().reduce(f64::max)?;
    let from = (least - 0.1).floor() as i32;
    let to = (most + 0.1).ceil() as i32;
    Some((from, to.max(from + 2)))
}

fn place(value: &Decimal, from: i32, to: i32) -> f64 {
    let along = exponent(value).map_or(0.0, |e| (e - f64::from(from)) / f64::from(to - from));
    along.clamp(0.0, 1.0)
}

fn marks(lines: &[Line], place: impl Fn(&Decimal) -> f64) -> Vec<Mark> {
    let mut sorted: Vec<&Line> = lines.iter().collect();
    sorted.sort_by(|a, b| {
        let key = |l: &Line| (l.rulebook.clone(), l.rule.clone(), l.fact.clone());
        a.at.cmp(&b.at).then_with(|| key(a).cmp(&key(b)))
    });
    let mut marks: Vec<Mark> = Vec::new();
    for one in sorted {
        let value = line(&one.at);
        let marked = MarkedLine {
            threshold: format!("{} {value} FLOP", clean(&one.comparator)),
            rule: format!("{}/{}", clean(&one.rulebook), clean(&one.rule)),
            fact: clean(&one.fact),
        };
        match marks.last_mut().filter(|m| m.value == value) {
            Some(mark) => mark.lines.push(marked),
            None => marks.push(Mark {
                letter: letter(marks.len()),
                at: place(&one.at),
                value,
                lines: vec![marked],
            }),
        }
    }
    marks
}

/// `a`, `b`, …, `z`, `aa`, `ab`, …
fn letter(index: usize) -> String {
    let last = char::from(b'a' + u8::try_from(index % 26).unwrap_or(0));
    match index / 26 {
        0 => last.to_string(),
        more => format!("{}{last}", letter(more - 1)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_go_on_after_z() {
        let letters: Vec<String> = [0, 1, 25, 26, 27, 52].into_iter().map(letter).collect();
        assert_eq!(letters, ["a", "b", "z", "aa", "ab", "ba"]);
    }

    #[test]
    fn the_axis_leaves_air_at_both_ends() {
        assert_eq!(decades([23.0, 25.0].into_iter()), Some((22, 26)));
        assert_eq!(decades([23.5].into_iter()), Some((23, 25)));
        assert_eq!(decades([].into_iter()), None);
    }

    #[test]
    fn zero_operations_stand_at_the_left_end() {
        assert_eq!(place(&Decimal::zero(), 22, 27), 0.0);
        assert_eq!(exponent(&Decimal::zero()), None);
    }
}
