//! The numbers of a quotation, as far as they are written in digits: `10^26`, `1e26`, `5 × 10^24`,
//! `$500,000,000`, `100 million`, `25 percent`.
//!
//! - **Invariant:** what is not surely an amount is left out: a section, a period, a fraction.

use weigh_facts::{Decimal, Unit};

/// A number and the word behind it, which may be its unit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Amount {
    value: Decimal,
    unit: String,
}

impl Amount {
    /// Is it this value, given in base units and in the unit people write it in?
    pub(super) fn is(&self, base: &Decimal, shown: &str) -> bool {
        let in_base = |unit: &str| Unit::parse(unit).ok().map(|(_, f)| &self.value * &f);
        let hundredth = || "0.01".parse::<Decimal>().ok().map(|f| &self.value * &f);
        self.value == *base
            || in_base(shown).as_ref() == Some(base)
            || in_base(&self.unit).as_ref() == Some(base)
            || (self.is_percentage() && hundredth().as_ref() == Some(base))
    }
}

impl Amount {
    fn is_percentage(&self) -> bool {
        ["%", "percent", "per"].contains(&self.unit.as_str())
    }
}

/// Words that number parts of a text.
const PARTS: &[&str] = &[
    "section",
    "sections",
    "sec",
    "s",
    "§",
    "§§",
    "article",
    "articles",
    "art",
    "paragraph",
    "paragraphs",
    "para",
    "part",
    "chapter",
    "title",
    "annex",
    "note",
    "notes",
    "point",
    "clause",
    "item",
    "no",
    "number",
    "eccn",
    "supplement",
    "supp",
    "order",
    "regulation",
    "directive",
    "table",
    "schedule",
    "and",
    "to",
];

/// Words for periods.
const TIMES: &[&str] = &[
    "hour", "day", "week", "month", "year", "business", "calendar", "working",
];

const MONTHS: &[&str] = &[
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
];

/// How many times ten a word multiplies by.
fn scale(word: &str) -> Option<u32> {
    Some(match word {
        "hundred" => 2,
        "thousand" | "k" => 3,
        "million" | "m" | "mn" => 6,
        "billion" | "bn" | "b" => 9,
        "trillion" | "tn" => 12,
        "quadrillion" => 15,
        "quintillion" => 18,
        "sextillion" => 21,
        "septillion" => 24,
        _ => return None,
    })
}

/// The amounts of a quotation that may be of a unit: percentages only of plain numbers.
pub(super) fn amounts(quote: &str, unit: Unit) -> Vec<Amount> {
    let mut found = all(quote);
    found.retain(|amount| unit.is_none() || !amount.is_percentage());
    found
}

fn all(quote: &str) -> Vec<Amount> {
    let text = plain(quote);
    let words: Vec<&str> = text.split_whitespace().collect();
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(word) = words.get(at) {
        let before = words.get(at.saturating_sub(3)..at).unwrap_or_default();
        let Some((number, rest)) = number(word) else {
            at += 1;
            continue;
        };
        at += 1;
        let mut value = number;
        // `5 × 10^24`
        if rest.is_empty()
            && matches!(words.get(at), Some(&("×" | "x" | "*" | "·")))
            && let Some((power, more)) = words.get(at + 1).and_then(|w| self::number(w))
        {
            value = &value * &power;
            at += 2;
            found.extend(amount(value, more, before, &words, &mut at));
            continue;
        }
        // `10 to the 26th power`, `10 to the power of 26`
        if let Some((power, behind)) = power_in_words(&value, words.get(at..).unwrap_or_default()) {
            value = power;
            at += behind;
        }
        found.extend(amount(value, rest, before, &words, &mut at));
    }
    found
}

/// An amount, unless the words around it say that it is something else.
fn amount(
    mut value: Decimal,
    glued: &str,
    before: &[&str],
    words: &[&str],
    at: &mut usize,
) -> Option<Amount> {
    let bare = |w: &str| {
        w.trim_matches(|c: char| ".,;:()[]\"'".contains(c))
            .to_owned()
    };
    let mut next = if glued.is_empty() {
        words.get(*at).map(|w| bare(w)).unwrap_or_default()
    } else {
        glued.to_owned()
    };
    while let Some(tens) = scale(&next) {
        value = &value * &format!("1e{tens}").parse::<Decimal>().ok()?;
        if glued.is_empty() || next != glued {
            *at += 1;
        }
        next = words.get(*at).map(|w| bare(w)).unwrap_or_default();
    }
    let is_month = |word: &str| MONTHS.contains(&bare(word).as_str());
    let is_part = before
        .last()
        .is_some_and(|w| PARTS.contains(&bare(w).as_str()));
    let is_date = before.iter().rev().take(2).any(|w| is_month(w)) || is_month(&next);
    let is_time = TIMES.iter().any(|t| next.starts_with(t));
    // A word that begins with digits and goes on: `3a090`, `16/14`, `51(2)`.
    let is_glued =
        !glued.is_empty() && glued != "%" && scale(glued).is_none() && Unit::parse(glued).is_err();
    (!is_part && !is_date && !is_time && !is_glued).then_some(Amount { value, unit: next })
}

/// One way to write each sign.
fn plain(quote: &str) -> String {
    let mut out = String::with_capacity(quote.len());
    let mut raised = false;
    let chars: Vec<char> = quote.to_lowercase().chars().collect();
    for (index, c) in chars.iter().enumerate() {
        let superscript = "⁰¹²³⁴⁵⁶⁷⁸⁹".chars().position(|s| s == *c);
        if let Some(digit) = superscript {
            if !raised {
                out.push('^');
            }
            out.push_str(&digit.to_string());
            raised = true;
            continue;
        }
        raised = false;
        let digit_at = |i: Option<usize>| {
            let c = i.and_then(|i| chars.get(i));
            c.is_some_and(char::is_ascii_digit)
        };
        let is_inside = digit_at(index.checked_sub(1)) && digit_at(Some(index + 1));
        match c {
            // A digit on both sides: the separator of thousands in some countries.
            '\u{a0}' | '\u{202f}' | '\u{2009}' if is_inside => {}
            '$' | '€' | '£' => out.push(' '),
            '×' | '*' | '·' if chars.get(index + 1) != Some(&'*') && !out.ends_with('*') => {
                out.push_str(" × ");
            }
            '%' => out.push_str(" % "),
            c => out.push(*c),
        }
    }
    for (long, short) in [
        ("**", "^"),
        ("^(", "^"),
        ("^{", "^"),
        ("(^", "^"),
        ("^ ", "^"),
    ] {
        out = out.replace(long, short);
    }
    out
}

/// A number at the beginning of a word, and what is left of the word.
fn number(word: &str) -> Option<(Decimal, &str)> {
    let word = word.trim_start_matches(|c: char| "([\"'“‘>≥<≤=~".contains(c));
    let end = word
        .find(|c: char| !(c.is_ascii_digit() || ",.".contains(c)))
        .unwrap_or(word.len());
    let (digits, mut rest) = word.split_at_checked(end)?;
    let trimmed = digits.trim_end_matches([',', '.']);
    if !trimmed.starts_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    let mut text = without_thousands(trimmed)?;
    if let Some((exponent, behind)) = exponent(rest) {
        text = match rest.starts_with('^') {
            true if text == "10" => format!("1e{exponent}"),
            true => return None,
            false => format!("{text}e{exponent}"),
        };
        rest = behind;
    }
    let rest = rest.trim_end_matches(|c: char| ".,;:)]}\"'”’".contains(c));
    let rest = rest.strip_prefix('-').unwrap_or(rest);
    Some((text.parse().ok()?, rest))
}

/// `1,000,000` and `5.92` as a decimal is read; nothing for what is neither.
fn without_thousands(digits: &str) -> Option<String> {
    let (whole, fraction) = match digits.split_once('.') {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (digits, None),
    };
    let mut groups = whole.split(',');
    let first = groups.next()?;
    let is_grouped = groups.clone().all(|g| g.len() == 3) && first.len() <= 3;
    if whole.contains(',') && !is_grouped || fraction.is_some_and(|f| f.contains(['.', ','])) {
        return None;
    }
    let whole = whole.replace(',', "");
    Some(fraction.map_or(whole.clone(), |f| format!("{whole}.{f}")))
}

/// `^26` or `e26` at the beginning, and what is behind it.
fn exponent(rest: &str) -> Option<(&str, &str)> {
    let inner = rest.strip_prefix(['^', 'e'])?;
    let inner = inner.strip_prefix('+').unwrap_or(inner);
    let end = inner
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(inner.len());
    let (digits, behind) = inner.split_at_checked(end)?;
    (!digits.is_empty() && digits.len() <= 3).then_some((digits, behind))
}

/// `10` followed by `to the 26th power` or `to the power of 26`, and how many words that takes.
fn power_in_words(base: &Decimal, behind: &[&str]) -> Option<(Decimal, usize)> {
    let ten: Decimal = "10".parse().ok()?;
    let (digits, taken) = match behind {
        ["to", "the", nth, power, ..]
            if power.starts_with("power") && !nth.starts_with("power") =>
        {
            (nth.trim_end_matches(|c: char| c.is_ascii_alphabetic()), 4)
        }
        ["to", "the", "power", "of", exponent, ..] => (*exponent, 5),
        _ => return None,
    };
    let digits = digits.trim_end_matches(|c: char| !c.is_ascii_digit());
    let power = format!("1e{digits}").parse().ok()?;
    (*base == ten).then_some((power, taken))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn has(quote: &str, value: &str, shown: &str) -> bool {
        let (_, factor) = Unit::parse(shown).unwrap();
        let base = &value.parse::<Decimal>().unwrap() * &factor;
        all(quote).iter().any(|a| a.is(&base, shown))
    }

    #[test]
    fn one_number_is_written_in_many_ways() {
        for quote in [
            "greater than 10^26",
            "more than 10^26 integer or floating-point operations",
            "more than 10^(26) operations",
            "more than 10^{26}.",
            "more than 10²⁶ operations",
            "more than 1e26 FLOP",
            "more than 1.0E+26 operations",
            "more than 10**26 operations",
            "10 × 10^25 operations",
            "10 x 10^25 operations",
            "10*10^25 operations",
            "greater than 10 to the 26th power operations",
            "greater than 10 to the power of 26",
            "100 septillion operations",
            "(10^26)",
        ] {
            assert!(has(quote, "1e26", "FLOP"), "{quote}: {:?}", all(quote));
            assert!(!has(quote, "1e25", "FLOP"), "{quote}");
        }
        for quote in [
            "over $500,000,000 in revenue",
            "$500 million",
            "$500M",
            "500 000 000 dollars",
            "five hundred, or 500,000,000,",
        ] {
            assert!(
                has(
                    &quote
                        .replace("500 000", "500\u{a0}000")
                        .replace("000 000", "000\u{a0}000"),
                    "500000000",
                    "USD"
                ),
                "{quote}: {:?}",
                all(quote)
            );
        }
        assert!(has("at least 25 percent of", "0.25", "1"));
        assert!(has("25 % of", "0.25", "1") && has("25% of", "0.25", "1"));
        assert!(has("4800 or more", "4800", "TPP"));
        assert!(has("of ‘4,800’ or more", "4800", "TPP"));
        assert!(has("600 Gbyte/s or a bandwidth of 600 GB/s", "600", "GB/s"));
        assert!(has(
            "a performance density of 5.92 or more",
            "5.92",
            "TPP/mm2"
        ));
    }

    #[test]
    fn what_is_no_amount_is_left_out() {
        for quote in [
            "twenty-five percent",
            "within 30 days",
            "no later than 72 hours after",
            "under section 4, or Article 51(2)",
            "3A090.a and 4A090",
            "as of January 1, 2026",
            "a 16/14 nanometer node",
            "an H100-class chip",
        ] {
            let found = all(quote);
            let found: Vec<String> = found.iter().map(|a| a.value.to_string()).collect();
            assert_eq!(found, [""; 0].map(str::to_owned), "{quote}");
        }
    }
}
