//! The plane: two logarithmic axes, and where a value lies on them.
//!
//! - **Invariant:** positions are for the eye only. Nothing is decided by where a mark is drawn.

use weigh_facts::Decimal;

/// A logarithmic axis from one place of the drawing to another.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct LogAxis {
    /// Logarithms to base ten of the values at its ends.
    from: f64,
    to: f64,
    /// Where its ends lie.
    start: f64,
    end: f64,
}

impl LogAxis {
    /// An axis with air around all values; a decade around one where there are none.
    pub(super) fn around(values: &[f64], air: f64, (start, end): (f64, f64)) -> Self {
        let logs = || values.iter().filter(|v| **v > 0.0).map(|v| v.log10());
        let least = logs().reduce(f64::min).unwrap_or(0.0);
        let most = logs().reduce(f64::max).unwrap_or(1.0);
        Self {
            from: least - air,
            to: most + air,
            start,
            end,
        }
    }

    /// Where a value lies; the nearer end for one beyond it.
    pub(super) fn at(&self, value: f64) -> f64 {
        let share = (value.log10() - self.from) / (self.to - self.from);
        let share = if share.is_finite() { share } else { 0.0 };
        self.start + share.clamp(0.0, 1.0) * (self.end - self.start)
    }

    /// Where a value lies, or this end for none.
    pub(super) fn at_or(&self, value: Option<&Decimal>, is_start: bool) -> f64 {
        match value {
            Some(value) => self.at(value.to_f64()),
            None if is_start => self.start,
            None => self.end,
        }
    }

    /// The values to write beside it: ones, twos and fives of every power of ten.
    pub(super) fn ticks(&self) -> Vec<Decimal> {
        let mut ticks = Vec::new();
        for power in self.from.floor() as i32..=self.to.ceil() as i32 {
            for digit in [1, 2, 5] {
                // Text and not arithmetic, so that a tenth is a tenth.
                let Ok(value) = format!("{digit}e{power}").parse::<Decimal>() else {
                    continue;
                };
                let log = value.to_f64().log10();
                if log >= self.from && log <= self.to {
                    ticks.push(value);
                }
            }
        }
        ticks
    }
}

/// A rectangle, its sides parallel to the axes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Rect {
    pub(super) left: f64,
    pub(super) top: f64,
    pub(super) right: f64,
    pub(super) bottom: f64,
}

impl Rect {
    /// Around a point.
    pub(super) fn around((x, y): (f64, f64), half: f64) -> Self {
        Self {
            left: x - half,
            top: y - half,
            right: x + half,
            bottom: y + half,
        }
    }

    /// The same with air around it.
    pub(super) fn grown(self, by: f64) -> Self {
        Self {
            left: self.left - by,
            top: self.top - by,
            right: self.right + by,
            bottom: self.bottom + by,
        }
    }

    pub(super) fn touches(&self, other: &Self) -> bool {
        self.left < other.right
            && other.left < self.right
            && self.top < other.bottom
            && other.top < self.bottom
    }

    pub(super) fn holds(&self, other: &Self) -> bool {
        self.left <= other.left
            && self.top <= other.top
            && self.right >= other.right
            && self.bottom >= other.bottom
    }

    /// How far two rectangles are from each other; 0 where they touch.
    pub(super) fn distance(&self, other: &Self) -> f64 {
        let across = (other.left - self.right)
            .max(self.left - other.right)
            .max(0.0);
        let upward = (other.top - self.bottom)
            .max(self.top - other.bottom)
            .max(0.0);
        across.hypot(upward)
    }
}

/// A stretch of a straight line.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Stretch {
    pub(super) from: (f64, f64),
    pub(super) to: (f64, f64),
}

impl Stretch {
    /// Does it pass through a rectangle? Clips it at each side in turn (Liang and Barsky, 1984).
    pub(super) fn crosses(&self, rect: &Rect) -> bool {
        let (dx, dy) = (self.to.0 - self.from.0, self.to.1 - self.from.1);
        let sides = [
            (-dx, self.from.0 - rect.left),
            (dx, rect.right - self.from.0),
            (-dy, self.from.1 - rect.top),
            (dy, rect.bottom - self.from.1),
        ];
        let (mut first, mut last) = (0.0_f64, 1.0_f64);
        for (along, room) in sides {
            if along == 0.0 {
                if room < 0.0 {
                    return false;
                }
            } else if along < 0.0 {
                first = first.max(room / along);
            } else {
                last = last.min(room / along);
            }
        }
        first <= last
    }

    /// Does it meet another stretch?
    pub(super) fn meets(&self, other: &Self) -> bool {
        let side = |a: (f64, f64), b: (f64, f64), c: (f64, f64)| {
            (b.0 - a.0) * (c.1 - a.1) - (b.1 - a.1) * (c.0 - a.0)
        };
        let parts = |one: &Self, two: &Self| {
            side(one.from, one.to, two.from) * side(one.from, one.to, two.to) < 0.0
        };
        parts(self, other) && parts(other, self)
    }
}

/// How wide a text is in a sans-serif type, on the safe side. Widths of Helvetica in thousandths of
/// the type size, by kinds of letters.
pub(super) fn width(text: &str, size: f64) -> f64 {
    let em = |c: char| match c {
        'i' | 'j' | 'l' | '.' | ',' | ':' | ';' | '|' | '\'' | ' ' => 0.29,
        'f' | 't' | 'r' | '(' | ')' | '-' | '/' | '*' | 'I' => 0.37,
        'm' | 'M' | '%' => 0.85,
        'W' | '—' => 0.96,
        'w' => 0.73,
        c if c.is_ascii_digit() => 0.56,
        c if c.is_ascii_lowercase() => 0.54,
        c if c.is_ascii_uppercase() => 0.70,
        _ => 0.62,
    };
    text.chars().map(em).sum::<f64>() * size
}

/// One digit after the point: finer than any printer, and the same on every machine.
pub(super) fn number(value: f64) -> String {
    let text = format!("{value:.1}");
    // Two texts for one place would be two kinds of bytes.
    if text == "-0.0" {
        "0.0".to_owned()
    } else {
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_ones_twos_and_fives_inside_the_axis() {
        let axis = LogAxis::around(&[0.8, 12.0], 0.0, (0.0, 100.0));
        let ticks: Vec<String> = axis.ticks().iter().map(Decimal::to_short).collect();
        assert_eq!(ticks, ["1", "2", "5", "10"]);
    }

    #[test]
    fn a_value_lies_between_the_ends_and_never_beyond() {
        let axis = LogAxis::around(&[1.0, 100.0], 0.0, (10.0, 30.0));
        assert_eq!(axis.at(10.0), 20.0);
        assert_eq!(
            (axis.at(1e-9), axis.at(1e9), axis.at(0.0)),
            (10.0, 30.0, 10.0)
        );
        let none = LogAxis::around(&[], 0.1, (0.0, 1.0));
        assert!(none.at(3.0).is_finite() && !none.ticks().is_empty());
    }

    #[test]
    fn a_stretch_crosses_what_lies_in_its_way_alone() {
        let rect = Rect::around((10.0, 10.0), 2.0);
        let stretch = |from, to| Stretch { from, to };
        assert!(stretch((0.0, 0.0), (20.0, 20.0)).crosses(&rect));
        assert!(stretch((9.0, 9.0), (10.0, 10.0)).crosses(&rect), "inside");
        assert!(
            !stretch((0.0, 0.0), (7.0, 7.0)).crosses(&rect),
            "stops before"
        );
        assert!(!stretch((0.0, 5.0), (20.0, 5.0)).crosses(&rect), "beside");
        let one = stretch((0.0, 0.0), (10.0, 10.0));
        assert!(one.meets(&stretch((0.0, 10.0), (10.0, 0.0))));
        assert!(!one.meets(&stretch((0.0, 10.0), (4.0, 6.0))));
    }

    #[test]
    fn distance_is_measured_between_the_nearest_sides() {
        let one = Rect::around((0.0, 0.0), 1.0);
        assert_eq!(one.distance(&Rect::around((5.0, 0.0), 1.0)), 3.0);
        assert_eq!(one.distance(&Rect::around((5.0, 6.0), 1.0)), 5.0);
        assert_eq!(one.distance(&Rect::around((1.0, 1.0), 1.0)), 0.0);
    }
}
