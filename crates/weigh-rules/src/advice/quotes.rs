//! Does a quotation say which side the line itself is on, and does the condition agree?
//!
//! `greater than` leaves the line below, and so does `at most`: both split the numbers into "up to
//! and with the line" and "above". `at least` and `less than` split them the other way. So one
//! question covers every comparison, negated or not.

use std::collections::BTreeSet;

use crate::ir::{Atom, Comparison, Inner, Num, Test};

/// On which side of the cut the line itself lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Side {
    /// With what is greater: `>=` and `<`.
    Above,
    /// With what is smaller: `>` and `<=`.
    Below,
}

impl Side {
    /// The comparisons that cut so.
    pub(super) fn comparators(self) -> &'static str {
        match self {
            Self::Above => "`>=` (or `<`)",
            Self::Below => "`>` (or `<=`)",
        }
    }

    fn of(op: Comparison) -> Option<Self> {
        match op {
            Comparison::GreaterOrEqual | Comparison::Less => Some(Self::Above),
            Comparison::Greater | Comparison::LessOrEqual => Some(Self::Below),
            Comparison::Equal | Comparison::NotEqual => None,
        }
    }
}

/// Words that cut, a longer phrase before one that is part of it.
const PHRASES: &[(&str, Side)] = &[
    ("greater than or equal to", Side::Above),
    ("more than or equal to", Side::Above),
    ("less than or equal to", Side::Below),
    ("fewer than or equal to", Side::Below),
    ("equal to or greater than", Side::Above),
    ("equal to or more than", Side::Above),
    ("equal to or less than", Side::Below),
    ("equals or exceeds", Side::Above),
    ("equal or exceed", Side::Above),
    ("equal to or exceeding", Side::Above),
    ("equaling or exceeding", Side::Above),
    ("meets or exceeds", Side::Above),
    ("meet or exceed", Side::Above),
    ("meeting or exceeding", Side::Above),
    ("greater than", Side::Below),
    ("more than", Side::Below),
    ("higher than", Side::Below),
    ("larger than", Side::Below),
    ("in excess of", Side::Below),
    ("exceeding", Side::Below),
    ("exceeded", Side::Below),
    ("exceeds", Side::Below),
    ("exceed", Side::Below),
    ("or greater", Side::Above),
    ("or higher", Side::Above),
    ("or above", Side::Above),
    ("or more", Side::Above),
    ("and above", Side::Above),
    ("at least", Side::Above),
    ("less than", Side::Above),
    ("fewer than", Side::Above),
    ("lower than", Side::Above),
    ("smaller than", Side::Above),
    ("or less", Side::Below),
    ("or fewer", Side::Below),
    ("or lower", Side::Below),
    ("or below", Side::Below),
    ("at most", Side::Below),
    (">=", Side::Above),
    ("≥", Side::Above),
    ("<=", Side::Below),
    ("≤", Side::Below),
    (">", Side::Below),
    ("<", Side::Above),
];

/// Words that cut only before a number: they have other work to do.
const BEFORE_NUMBERS: &[(&str, Side)] = &[
    ("above", Side::Below),
    ("over", Side::Below),
    ("below", Side::Above),
    ("under", Side::Above),
    ("up to", Side::Below),
];

/// What a number of is counted in time is a deadline, and no line of ours.
const TIMES: &[&str] = &[
    "hour", "day", "week", "month", "year", "business", "calendar",
];

/// The phrases of a quotation that say which side the line is on.
pub(super) fn cuts(quote: &str) -> Vec<(&'static str, Side)> {
    let text = quote.to_lowercase();
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let mut found = Vec::new();
    let mut at = 0;
    while at < text.len() {
        let (before, rest) = text.split_at(at);
        match phrase_at(before, rest) {
            Some((phrase, side)) => {
                let after = rest.get(phrase.len()..).unwrap_or_default();
                if !counts_one(before, after) && !is_deadline(after) {
                    found.push((phrase, side));
                }
                at += phrase.len();
            }
            None => at += rest.chars().next().map_or(1, char::len_utf8),
        }
    }
    found
}

fn phrase_at(before: &str, rest: &str) -> Option<(&'static str, Side)> {
    let is_word = |c: char| c.is_alphanumeric();
    let begins = !before.ends_with(is_word);
    let fits = |phrase: &str| {
        let after = rest.strip_prefix(phrase);
        after.filter(|after| match phrase.starts_with(is_word) {
            true => begins && !after.starts_with(is_word),
            // A sign, and no arrow.
            false => !before.ends_with(['-', '=']),
        })
    };
    let plain = PHRASES.iter().find(|(phrase, _)| fits(phrase).is_some());
    let before_number = |phrase: &str| {
        let number = |after: &str| after.trim_start().starts_with(is_amount);
        fits(phrase).is_some_and(number)
    };
    let guarded = || BEFORE_NUMBERS.iter().find(|(p, _)| before_number(p));
    plain.or_else(guarded).copied()
}

fn is_amount(c: char) -> bool {
    c.is_ascii_digit() || c == '$' || c == '€'
}

/// Words after which `one` begins a number: `one third`.
const OF_ONE: &[&str] = &[
    "third", "half", "quarter", "tenth", "hundred", "thousand", "million", "billion",
];

/// `one or more` and `at least one` say that there is something, not where a line lies.
fn counts_one(before: &str, after: &str) -> bool {
    let mut next = after.split_whitespace();
    let is_one = next.next() == Some("one");
    let is_number = next
        .next()
        .is_some_and(|word| OF_ONE.iter().any(|of| word.starts_with(of)));
    before.split_whitespace().next_back() == Some("one") || (is_one && !is_number)
}

/// `at least 30 days`.
fn is_deadline(after: &str) -> bool {
    let mut words = after.split_whitespace().take(3);
    let is_time = |word: &str| TIMES.iter().any(|t| word.starts_with(t));
    words.next().is_some_and(|w| w.starts_with(is_amount)) && words.any(is_time)
}

/// The sides on which the comparisons of an atom put the line, and the comparisons.
pub(super) fn sides(atom: &Atom, found: &mut BTreeSet<(Side, &'static str)>) {
    let mut add = |op: Comparison| found.extend(Side::of(op).map(|side| (side, op.as_str())));
    match &atom.test {
        Test::Line { op, line, .. } => {
            add(*op);
            inside(line, found);
        }
        Test::Compare { left, op, right } => {
            add(*op);
            inside(left, found);
            inside(right, found);
        }
        Test::Exists { when, .. } | Test::Every { when, .. } => inner(when, found),
        Test::Flag(_) | Test::Word { .. } | Test::Day { .. } | Test::Contains { .. } => {}
    }
}

fn inner(inner: &Inner, found: &mut BTreeSet<(Side, &'static str)>) {
    inner.atoms.iter().for_each(|atom| sides(atom, found));
}

fn inside(num: &Num, found: &mut BTreeSet<(Side, &'static str)>) {
    match num {
        Num::Add(a, b) | Num::Sub(a, b) | Num::Mul(a, b) => {
            inside(a, found);
            inside(b, found);
        }
        Num::Greatest(parts) | Num::Least(parts) => parts.iter().for_each(|p| inside(p, found)),
        Num::Sum { when, .. } | Num::Count { when, .. } => {
            when.iter().for_each(|when| inner(when, found));
        }
        Num::Const(_) | Num::Param(_) | Num::Value(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(quote: &str) -> Vec<Side> {
        cuts(quote).into_iter().map(|(_, side)| side).collect()
    }

    #[test]
    fn words_of_laws_cut_where_they_say() {
        use Side::{Above, Below};
        for (quote, sides) in [
            ("greater than 10^25", &[Below][..]),
            ("a total processing performance of 4800 or more", &[Above]),
            ("exceeds 10^23", &[Below]),
            ("does not exceed one third", &[Below]),
            ("less than 21,000", &[Above]),
            ("not less than 100", &[Above]),
            ("no more than 5", &[Below]),
            ("greater than or\n  equal to 3", &[Above]),
            ("equal to or less than 3", &[Below]),
            ("meets or exceeds 10^26", &[Above]),
            ("2400 or more and less than 4800", &[Above, Above]),
            ("over $500,000,000 in revenue", &[Below]),
            ("> 10^24 FLOPs triggers review", &[Below]),
            ("TPP ≥ 4800", &[Above]),
            ("whichever is higher", &[]),
        ] {
            assert_eq!(said(quote), sides, "{quote}");
        }
    }

    #[test]
    fn words_with_other_work_cut_nothing() {
        for quote in [
            "one or more models",
            "at least one model",
            "more than one country",
            "as described above",
            "under section 4",
            "over the whole life of the model",
            "up to date",
            "at least 30 days before deployment",
            "no more than 72 hours after",
            "furthermore thank you",
            "this -> that",
        ] {
            assert_eq!(said(quote), [], "{quote}");
        }
    }
}
