//! Numbers as people read them.
//!
//! - **Invariant:** a rounded number never stands on the other side of a line than the exact one.
//! - **Invariant:** lower bounds are rounded down and upper bounds up.
//! - **Invariant:** floats only for what a reader sees as "about": percentages and factors.

use std::cmp::Ordering;

use weigh_facts::{Coverage, Decimal, Estimate, Operations, Unit};

/// Digits of a whole number in groups of three: `27,515`.
pub(crate) fn grouped(value: impl Into<u128>) -> String {
    let digits = value.into().to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// Three significant digits: `7.72e23`.
pub(crate) fn short(value: Operations) -> String {
    value.to_decimal().to_three_digits()
}

/// A legal line as its text has it: `1e24`.
pub(crate) fn line(value: &Decimal) -> String {
    value.to_short()
}

/// Three digits, not above the value.
pub(crate) fn rounded_down(value: &Decimal) -> String {
    let rounded = value.quotient_down(&Decimal::from(1_u64), 3);
    rounded.as_ref().unwrap_or(value).to_three_digits()
}

/// Three digits, not below the value.
pub(crate) fn rounded_up(value: &Decimal) -> String {
    let rounded = value.quotient_up(&Decimal::from(1_u64), 3);
    rounded.as_ref().unwrap_or(value).to_three_digits()
}

/// The same amount in exaFLOP-days: `8.94 EF-day`.
fn ef_days(value: Operations) -> String {
    let factor = Unit::parse("EF-day").map(|(_, factor)| factor);
    let days = factor
        .ok()
        .and_then(|f| value.to_decimal().quotient_down(&f, 6));
    let days = days.unwrap_or_else(|| value.to_decimal());
    format!("{} EF-day", days.to_three_digits())
}

/// A thousandth of an exaFLOP-day, in FLOP: less is not worth the words.
const SPECK: u128 = 86_400_000_000_000_000_000;

/// An estimate of operations in the words of a page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Amount {
    /// The number to read first, with its unit: `7.72e23 FLOP`, `at least 6.40e23 FLOP`.
    pub(crate) headline: String,
    /// What else is known of it: `6.40e23 to 8.50e23, hard bounds`, `exact`, `no upper bound`.
    pub(crate) bounds: String,
    /// Every digit, if the value is exact.
    pub(crate) digits: Option<String>,
    /// The first number in exaFLOP-days; none where that would be a speck.
    pub(crate) ef_days: Option<String>,
}

impl Amount {
    /// The words for an estimate.
    pub(crate) fn of(estimate: &Estimate<Operations>) -> Self {
        let (low, best, high) = (estimate.low(), estimate.best(), estimate.high());
        let down = |o: &Operations| rounded_down(&o.to_decimal());
        let up = |o: &Operations| rounded_up(&o.to_decimal());
        let sure = coverage(estimate.coverage());
        let exact = estimate.as_exact();
        let best = exact.or(best);
        let bounds = match (low, best, high) {
            _ if exact.is_some() => "exact".to_owned(),
            (Some(_), None, Some(_)) => sure,
            (Some(l), Some(_), Some(h)) => format!("{} to {}, {sure}", down(l), up(h)),
            (Some(_), None, None) => "no upper bound".to_owned(),
            (Some(l), Some(_), None) => format!("at least {}, no upper bound", down(l)),
            (None, None, Some(_)) => "no lower bound".to_owned(),
            (None, Some(_), Some(h)) => format!("at most {}, no lower bound", up(h)),
            (None, _, None) => "no bounds".to_owned(),
        };
        let headline = match (low, best, high) {
            (_, Some(b), _) => format!("{} FLOP", short(*b)),
            (Some(l), None, Some(h)) => format!("{} to {} FLOP", down(l), up(h)),
            (Some(l), None, None) => format!("at least {} FLOP", down(l)),
            (None, None, Some(h)) => format!("at most {} FLOP", up(h)),
            (None, None, None) => String::new(),
        };
        let ef_days = match (low, best, high) {
            (_, Some(b), _) => ef_days(*b),
            (Some(l), None, Some(h)) => format!("{} to {}", ef_days(*l), ef_days(*h)),
            (Some(l), None, None) => format!("at least {}", ef_days(*l)),
            (None, None, Some(h)) => format!("at most {}", ef_days(*h)),
            (None, None, None) => String::new(),
        };
        let is_speck = high.or(best).or(low).is_some_and(|o| o.0 < SPECK);
        Self {
            headline,
            bounds,
            digits: exact.map(|o| grouped(o.0)),
            ef_days: (!is_speck).then_some(ef_days),
        }
    }

    /// Headline and bounds in one line: `7.72e23 FLOP (exact)`.
    pub(crate) fn in_one_line(&self) -> String {
        format!("{} ({})", self.headline, self.bounds)
    }
}

/// Does it say anything? That no operations are less than none is no news.
pub(crate) fn is_known(estimate: &Estimate<Decimal>) -> bool {
    let low = estimate.low().is_some_and(|low| !low.is_zero());
    low || estimate.best().is_some() || estimate.high().is_some()
}

/// How sure bounds are, in words.
pub(crate) fn coverage(coverage: Coverage) -> String {
    match coverage {
        Coverage::Hard => "hard bounds".to_owned(),
        Coverage::Percent(p) => format!("{p} % interval"),
    }
}

/// Where a value stands beside a line: `23 % below`, `3.8 times the line`, `on the line`.
pub(crate) fn margin(value: &Decimal, line: &Decimal) -> Option<String> {
    if line.is_zero() || line.is_negative() || value.is_negative() {
        return None;
    }
    let ratio = value.to_f64() / line.to_f64();
    let away = if *value > *line {
        value - line
    } else {
        line - value
    };
    let percent = percentage(100.0 * away.to_f64() / line.to_f64());
    Some(match value.cmp(line) {
        Ordering::Equal => "on the line".to_owned(),
        Ordering::Less if value.is_zero() => "below".to_owned(),
        Ordering::Less if ratio < 1.000_000_5e-6 => {
            "below by a factor of a million or more".to_owned()
        }
        Ordering::Less if ratio < 0.1 => format!("below by a factor of {}", factor(1.0 / ratio)),
        Ordering::Less => format!("{percent} below"),
        // Beyond a million the figure says nothing but "far".
        Ordering::Greater if ratio >= 999_999.5 => "a million times the line or more".to_owned(),
        Ordering::Greater if ratio >= 2.0 => format!("{} times the line", factor(ratio)),
        Ordering::Greater => format!("{percent} above"),
    })
}

/// A share of a whole: `12 %`.
pub(crate) fn share(part: Operations, whole: Operations) -> Option<String> {
    (whole.0 > 0)
        .then(|| percentage(100.0 * part.to_decimal().to_f64() / whole.to_decimal().to_f64()))
}

/// How many times one is the other: `0.94`, `3.61`, `16`.
pub(crate) fn ratio(one: Operations, other: Operations) -> Option<String> {
    let times = one.to_decimal().to_f64() / other.to_decimal().to_f64();
    (other.0 > 0).then(|| {
        if times < 10.0 {
            format!("{times:.2}")
        } else {
            factor(times)
        }
    })
}

fn percentage(percent: f64) -> String {
    if percent == 0.0 {
        return "0 %".to_owned();
    }
    if percent >= 9.95 {
        return format!("{percent:.0} %");
    }
    if percent >= 0.095 {
        return format!("{percent:.1} %");
    }
    "less than 0.1 %".to_owned()
}

fn factor(times: f64) -> String {
    if times >= 1e6 {
        return Decimal::from_f64_down(times).map_or_else(String::new, |d| d.to_three_digits());
    }
    if times >= 100.0 {
        return grouped(times.round() as u64);
    }
    if times >= 10.0 {
        return format!("{times:.0}");
    }
    format!("{times:.1}")
}

/// Which way a number is rounded for a reader.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rounding {
    /// A lower bound.
    Down,
    /// A value.
    Nearest,
    /// An upper bound.
    Up,
}

/// A value to stand beside a line: three digits, and more where rounding would cross the line.
pub(crate) fn beside(value: &Decimal, line: &Decimal, rounding: Rounding) -> String {
    let side = value.cmp(line);
    let short = match rounding {
        Rounding::Down => rounded_down(value),
        Rounding::Nearest => value.to_three_digits(),
        Rounding::Up => rounded_up(value),
    };
    if short.parse::<Decimal>().is_ok_and(|s| s.cmp(line) == side) {
        return short;
    }
    let one = Decimal::from(1_u64);
    for digits in [6, 12, 24] {
        let rounded = match side {
            Ordering::Less => value.quotient_down(&one, digits),
            _ => value.quotient_up(&one, digits),
        };
        if let Some(rounded) = rounded.filter(|r| r.cmp(line) == side) {
            return scientific(&rounded);
        }
    }
    scientific(value)
}

/// A figure among lines of the law: as readers have it, and where that would stand on a line that the
/// figure does not stand on, or beyond one, with more digits and rounded away from the line.
pub(crate) fn apart(value: &Decimal, lines: &[Decimal]) -> String {
    let misleads = |shown: &Decimal| {
        let moved = |line: &Decimal| shown.cmp(line) != value.cmp(line);
        shown != value && lines.iter().any(moved)
    };
    let shown = value.to_reader();
    let read = shown.replace(',', "").parse::<Decimal>();
    if read.is_ok_and(|read| !misleads(&read)) {
        return shown;
    }
    let one = Decimal::from(1_u64);
    let longer = (4..=24).filter_map(|digits| {
        let down = value.quotient_down(&one, digits);
        let up = || value.quotient_up(&one, digits);
        down.filter(|d| !misleads(d))
            .or_else(|| up().filter(|u| !misleads(u)))
    });
    let found = longer.into_iter().next();
    found.as_ref().unwrap_or(value).to_plain()
}

/// Bounds among lines of the law: exact, between, at least, at most.
pub(crate) fn bounds_apart(
    (low, high): (Option<&Decimal>, Option<&Decimal>),
    lines: &[Decimal],
) -> String {
    let text = |value: &Decimal| apart(value, lines);
    match (low, high) {
        // Rounded outward at many digits, both ends read the same.
        (Some(low), Some(high)) if text(low) == text(high) => text(low),
        (Some(low), Some(high)) => format!("{} to {}", text(low), text(high)),
        (Some(low), None) => format!("at least {}", text(low)),
        (None, Some(high)) => format!("at most {}", text(high)),
        (None, None) => "not known".to_owned(),
    }
}

/// The bounds of a quantity to stand beside a line they must not seem to cross.
pub(crate) fn bounds_beside(estimate: &Estimate<Decimal>, line: &Decimal) -> String {
    let exact = |value: &Decimal| beside(value, line, Rounding::Nearest);
    let low = |value: &Decimal| beside(value, line, Rounding::Down);
    let high = |value: &Decimal| beside(value, line, Rounding::Up);
    match (estimate.low(), estimate.best(), estimate.high()) {
        (Some(l), _, Some(h)) if l == h => exact(l),
        (Some(l), Some(b), Some(h)) => format!("{} ({} to {})", exact(b), low(l), high(h)),
        (Some(l), None, Some(h)) => format!("{} to {}", low(l), high(h)),
        (Some(l), _, None) => format!("at least {}", low(l)),
        (None, _, Some(h)) => format!("at most {}", high(h)),
        (None, best, None) => best.map_or_else(String::new, |b| format!("about {}", exact(b))),
    }
}

/// Every digit that counts, with one before the point: `9.99999e23`.
fn scientific(value: &Decimal) -> String {
    let plain = value.to_plain();
    if value.is_negative() || plain.contains('.') || plain.len() < 7 {
        return plain;
    }
    let (head, tail) = plain.split_at(1);
    let tail = tail.trim_end_matches('0');
    let point = if tail.is_empty() { "" } else { "." };
    format!("{head}{point}{tail}e{}", plain.len() - 1)
}

#[cfg(test)]
mod tests {
    use weigh_facts::MethodId;

    use super::*;

    fn decimal(text: &str) -> Decimal {
        text.parse().expect("the test's literal is a number")
    }

    fn operations(text: &str) -> Operations {
        text.parse().expect("the test's literal is a count")
    }

    #[test]
    fn digits_stand_in_groups_of_three() {
        assert_eq!(grouped(8_030_261_248_u64), "8,030,261,248");
        assert_eq!(grouped(999_u64), "999");
    }

    #[test]
    fn margins_read_as_people_say_them() {
        let margin = |value: &str| margin(&decimal(value), &decimal("1e24"));
        assert_eq!(margin("7.72e23").as_deref(), Some("23 % below"));
        assert_eq!(margin("1.5e24").as_deref(), Some("50 % above"));
        assert_eq!(margin("3.8e24").as_deref(), Some("3.8 times the line"));
        for far in ["1e30", "1.1e30", "7.62e50"] {
            let said = margin(far);
            assert_eq!(said.as_deref(), Some("a million times the line or more"));
        }
        let below = margin("1e2");
        assert_eq!(
            below.as_deref(),
            Some("below by a factor of a million or more")
        );
        assert_eq!(
            margin("5e20").as_deref(),
            Some("below by a factor of 2,000")
        );
        assert_eq!(margin("1e24").as_deref(), Some("on the line"));
        let close = margin("999999999999999999999999");
        assert_eq!(close.as_deref(), Some("less than 0.1 % below"));
    }

    #[test]
    fn rounding_never_crosses_the_line() {
        let nearest = Rounding::Nearest;
        let beside = |value: &str| beside(&decimal(value), &decimal("1e24"), nearest);
        assert_eq!(beside("7.724e23"), "7.72e23");
        assert_eq!(beside("9.999e23"), "9.999e23");
        assert_eq!(beside("9.9999999e23"), "9.99999e23");
        assert_eq!(beside("1000000000000000000000001"), "1.00001e24");
        assert_eq!(beside("1e24"), "1.00e24");
    }

    #[test]
    fn a_figure_never_stands_on_a_line_that_it_does_not_reach() {
        let lines: Vec<Decimal> = ["1.6", "3.2", "5.92", "4800"].map(decimal).to_vec();
        let apart = |value: &str| apart(&decimal(value), &lines);
        assert_eq!(apart("5.92"), "5.92");
        assert_eq!(apart("4800"), "4,800");
        assert_eq!(apart("19.4496314496314"), "19.4");
        assert_eq!(apart("5.91999999999"), "5.919");
        assert_eq!(apart("5.92000000001"), "5.921");
        assert_eq!(apart("5.92345678901"), "5.923");
        assert_eq!(apart("4799.99999999999"), "4799");
        assert_eq!(apart("5.919999999999999999999999999999"), "5.919");
    }

    proptest::proptest! {
        #[test]
        fn no_figure_reads_as_a_line_or_beyond(
            at in 0_usize..7,
            tail in 0_u64..1_000_000_000,
            zeros in 0_usize..20,
            is_below in proptest::bool::ANY,
        ) {
            let lines = ["1.6", "3.2", "5.92", "1600", "2400", "4800", "21000"].map(decimal);
            let away = decimal(&format!("0.{}{tail:09}", "0".repeat(zeros)));
            let line = &lines[at];
            let value = if is_below { line - &away } else { line + &away };
            let shown = apart(&value, &lines);
            let read = decimal(&shown.replace(',', ""));
            for line in &lines {
                proptest::prop_assert_eq!(read.cmp(line), value.cmp(line), "{} as {}", value, shown);
            }
        }
    }

    #[test]
    fn bounds_are_rounded_outward() {
        assert_eq!(rounded_down(&decimal("6.409e23")), "6.40e23");
        assert_eq!(rounded_up(&decimal("8.501e23")), "8.51e23");
    }

    #[test]
    fn amounts_say_what_is_open() {
        let amount = |low: Option<&str>, best: Option<&str>, high: Option<&str>| {
            let at = |t: Option<&str>| t.map(operations);
            let method = MethodId::new("test/1");
            let e = Estimate::new(at(low), at(best), at(high), Coverage::Hard, method);
            Amount::of(&e.expect("the test's bounds are in order")).in_one_line()
        };
        let (low, best, high) = (Some("6e23"), Some("7e23"), Some("8e23"));
        assert_eq!(
            amount(low, best, high),
            "7.00e23 FLOP (6.00e23 to 8.00e23, hard bounds)"
        );
        assert_eq!(
            amount(low, best, None),
            "7.00e23 FLOP (at least 6.00e23, no upper bound)"
        );
        assert_eq!(
            amount(low, None, high),
            "6.00e23 to 8.00e23 FLOP (hard bounds)"
        );
        assert_eq!(
            amount(low, None, None),
            "at least 6.00e23 FLOP (no upper bound)"
        );
        assert_eq!(
            amount(None, None, high),
            "at most 8.00e23 FLOP (no lower bound)"
        );
        assert_eq!(amount(best, None, best), "7.00e23 FLOP (exact)");
        assert_eq!(amount(None, best, None), "7.00e23 FLOP (no bounds)");
    }
}
