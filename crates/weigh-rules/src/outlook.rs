//! What would happen to one rule if more were known: which facts are known, needed or irrelevant,
//! what each value of a needed fact would give, and how far known values are from the next line.
//!
//! A condition compares facts with lines, so a verdict changes only at a fact's critical values:
//! every line drawn on it, the gaps between, both booleans, every listed word and one that is not.
//! Each is put in place of the fact alone, with everything else as it is known.
//!
//! - **Invariant:** neighboring values with the same verdict are one case, and the cases of a fact
//!   leave no value out.

use std::collections::{BTreeMap, BTreeSet};

use weigh_facts::{
    Date, Decimal, Estimate, FactName, FactType, Facts, MethodId, Truth, Unit, Value, Verdict,
};

use crate::Rulebook;
use crate::assess::Desk;
use crate::book::{Line, Slot};
use crate::eval::{Day, Evaluation, Scope, known_values};
use crate::finding::{Finding, Role};
use crate::ir::{Operand, Test};

/// What would happen to one rule if more were known.
#[derive(Clone, Debug)]
pub struct Outlook {
    /// Facts the verdict rests on.
    pub known: Vec<FactName>,
    /// Facts that could still change it.
    pub needed: Vec<FactName>,
    /// Facts the rule, its exceptions or the rules it reads mention, and that cannot change it.
    pub irrelevant: Vec<FactName>,
    /// For each needed fact whose critical values can be listed, what they give.
    pub cases: Vec<FactCases>,
    /// For each known quantity, the nearest line of the rulebook on either side.
    pub neighbors: Vec<Neighbors>,
}

/// What the values of one fact would give.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FactCases {
    /// The fact.
    pub fact: FactName,
    /// The unit people read it in, if it is a quantity.
    pub shown: Option<String>,
    /// Its values, each with the verdicts that would remain.
    pub cases: Vec<Case>,
}

/// Some values of a fact and what they would give.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Case {
    /// The values.
    pub values: Values,
    /// The verdicts that would remain.
    pub possible: BTreeSet<Verdict>,
}

/// Values of a fact.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Values {
    /// True or false.
    Flag(bool),
    /// Quantities from one end to the other, in base units; an end that is none is open, and each
    /// says whether it belongs to them.
    Range {
        /// The lower end.
        low: Option<(Decimal, bool)>,
        /// The upper end.
        high: Option<(Decimal, bool)>,
    },
    /// Words or codes.
    Words(Vec<String>),
    /// Days from one to the other, both included.
    Days(Option<Date>, Option<Date>),
}

/// A known quantity between two lines.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Neighbors {
    /// The fact.
    pub fact: FactName,
    /// Its bounds, in base units.
    pub bounds: (Option<Decimal>, Option<Decimal>),
    /// The unit people read it in.
    pub shown: String,
    /// The highest line that the lower bound is past; one met exactly is passed unless it is strict.
    pub below: Option<Line>,
    /// The lowest line that the upper bound is not past.
    pub above: Option<Line>,
}

const TRIED: MethodId = MethodId::new("tried");
/// More words than this are not each tried: their patterns are.
const WORDS_MAX: usize = 4_096;

/// What would happen to a rule if more were known; nothing when the rulebook has no such rule.
#[must_use]
pub fn outlook(
    book: &Rulebook,
    rule: &str,
    facts: &Facts,
    on: Date,
    known: Date,
) -> Option<Outlook> {
    let index = book.rule_index(rule)?;
    let day = Day::new(book, on, known);
    let values = known_values(book, facts);
    let trial = Trial {
        book,
        facts,
        day: &day,
        values,
        index,
        on,
        known,
    };
    let finding = trial.finding(&trial.values)?;
    let needed: Vec<FactName> = finding.missing.iter().map(|n| n.fact.clone()).collect();
    let decides = finding.facts.iter().filter(|f| f.role == Role::Decides);
    let mut rests_on: BTreeSet<FactName> = decides.flat_map(|f| f.names.iter().cloned()).collect();
    rests_on.retain(|name| facts.get(name).is_some() && !needed.contains(name));
    let mut irrelevant = trial.mentioned();
    irrelevant.retain(|name| !needed.contains(name) && !rests_on.contains(name));
    Some(Outlook {
        cases: needed.iter().filter_map(|f| trial.cases(f)).collect(),
        neighbors: neighbors(book, &trial.mentioned(), facts, on, known),
        known: rests_on.into_iter().collect(),
        irrelevant: irrelevant.into_iter().collect(),
        needed,
    })
}

/// One rule, read again and again with one value put in place.
struct Trial<'a> {
    book: &'a Rulebook,
    facts: &'a Facts,
    day: &'a Day<'a>,
    values: Vec<Option<&'a Value>>,
    index: usize,
    on: Date,
    known: Date,
}

impl Trial<'_> {
    fn finding(&self, values: &[Option<&Value>]) -> Option<Finding> {
        let rule = self.book.rules.get(self.index)?;
        let scope = Scope::new(self.day, values);
        let evaluation = Evaluation::new(self.book, &scope, self.on, self.known);
        let desk = Desk {
            book: self.book,
            possible: crate::possible::Possible::new(self.book, scope, &evaluation),
            facts: self.facts,
            scope,
            evaluation: &evaluation,
            on: self.on,
            known: self.known,
        };
        Some(desk.finding(self.index, rule))
    }

    /// The verdicts that remain with a value in place of what is known of a fact.
    fn with(&self, slot: usize, value: &Value) -> BTreeSet<Verdict> {
        let mut values = self.values.clone();
        if let Some(place) = values.get_mut(slot) {
            *place = Some(value);
        }
        self.finding(&values)
            .map(|f| f.possible)
            .unwrap_or_default()
    }

    /// Every fact the verdict can depend on.
    fn mentioned(&self) -> BTreeSet<FactName> {
        let rule = self.book.rules.get(self.index);
        let atoms = rule.into_iter().flat_map(|r| &r.reach_atoms);
        let atoms = atoms.filter_map(|a| self.book.atoms.get(*a));
        let slots = atoms.flat_map(|a| &a.slots);
        let slots = slots.filter_map(|s| self.book.slots.get(*s));
        slots.map(|s| s.name.clone()).collect()
    }

    /// The comparisons of one fact with something that is not a fact, as far as the rule reads them.
    fn tests(&self, slot: usize) -> Vec<&Test> {
        let rule = self.book.rules.get(self.index);
        let atoms = rule.into_iter().flat_map(|r| &r.reach_atoms);
        let atoms = atoms.filter_map(|a| self.book.atoms.get(*a));
        let of_it = |test: &&Test| match test {
            Test::Flag(of)
            | Test::Line { of, .. }
            | Test::Word { of, .. }
            | Test::Day { of, .. }
            | Test::Contains { of, .. } => *of == Operand::Fact(slot),
            _ => false,
        };
        atoms.map(|a| &a.test).filter(of_it).collect()
    }

    fn cases(&self, fact: &FactName) -> Option<FactCases> {
        let slot = self.book.slots.iter().position(|s| s.name == *fact)?;
        let kind: &Slot = self.book.slots.get(slot)?;
        let tests = self.tests(slot);
        if tests.is_empty() {
            return None;
        }
        let (cases, shown) = match &kind.kind {
            FactType::Bool => (self.flags(slot), None),
            FactType::Quantity { shown, .. } => (self.ranges(slot, &tests), Some(shown.clone())),
            FactType::Enum(words) => (self.words(slot, &tests, words.iter().cloned()), None),
            FactType::Code(_) => {
                let listed = self.listed(&tests);
                (self.words(slot, &tests, listed.into_iter()), None)
            }
            FactType::Date => (self.days(slot, &tests), None),
            FactType::Set(_) | FactType::List(_) => return None,
        };
        Some(FactCases {
            fact: fact.clone(),
            shown,
            cases,
        })
    }

    fn flags(&self, slot: usize) -> Vec<Case> {
        let case = |flag| Case {
            values: Values::Flag(flag),
            possible: self.with(slot, &Value::Bool(flag)),
        };
        vec![case(true), case(false)]
    }

    /// Lines and the gaps between them, from zero up, merged where the verdict is the same.
    fn ranges(&self, slot: usize, tests: &[&Test]) -> Vec<Case> {
        let scope = Scope::new(self.day, &self.values);
        let lines: BTreeSet<Decimal> = tests
            .iter()
            .filter_map(|test| match test {
                Test::Line { line, .. } => scope.bounds(line).as_exact().cloned(),
                _ => None,
            })
            .collect();
        let half = Decimal::from(1_u64).exact_quotient(&Decimal::from(2_u64));
        let half = half.unwrap_or_else(Decimal::zero);
        // (lower end, upper end, a point in it)
        let mut pieces: Vec<(Values, Decimal)> = Vec::new();
        let mut last: Option<Decimal> = None;
        for line in lines.iter().filter(|l| !l.is_zero()) {
            let from = last.clone().unwrap_or_else(Decimal::zero);
            let gap = Values::Range {
                low: last.clone().map(|l| (l, false)),
                high: Some((line.clone(), false)),
            };
            pieces.push((gap, &(&from + line) * &half));
            let on_it = Some((line.clone(), true));
            let point = Values::Range {
                low: on_it.clone(),
                high: on_it,
            };
            pieces.push((point, line.clone()));
            last = Some(line.clone());
        }
        let beyond = last.clone().unwrap_or_else(Decimal::zero);
        let gap = Values::Range {
            low: last.map(|l| (l, false)),
            high: None,
        };
        pieces.push((gap, &beyond + &Decimal::from(1_u64)));
        let inside = self.inside(slot);
        let mut cases: Vec<Case> = Vec::new();
        for (values, point) in pieces {
            if !inside.as_ref().is_none_or(|e| touches(&values, e)) {
                continue;
            }
            let value = Value::Quantity(Estimate::exact(point, TRIED));
            let possible = self.with(slot, &value);
            match cases.last_mut() {
                Some(before) if before.possible == possible => {
                    before.values = joined(&before.values, &values);
                }
                _ => cases.push(Case { values, possible }),
            }
        }
        cases
    }

    /// What is known of a quantity that is not known exactly.
    fn inside(&self, slot: usize) -> Option<Estimate<Decimal>> {
        match self.values.get(slot).copied().flatten() {
            Some(Value::Quantity(estimate)) => Some(estimate.clone()),
            _ => None,
        }
    }

    /// Every code that is written out or listed.
    fn listed(&self, tests: &[&Test]) -> BTreeSet<String> {
        let mut listed = BTreeSet::new();
        for test in tests {
            let Test::Word { words, sets, .. } = test else {
                continue;
            };
            listed.extend(words.iter().cloned());
            for set in sets.iter().filter_map(|s| self.day.sets.get(*s)) {
                let lists = set.list.into_iter().chain(set.universe);
                listed.extend(lists.flat_map(|l| l.codes.iter().cloned()));
            }
        }
        listed
    }

    /// Words by what they make of the comparisons, then by the verdict.
    fn words(
        &self,
        slot: usize,
        tests: &[&Test],
        words: impl Iterator<Item = String>,
    ) -> Vec<Case> {
        let scope = Scope::new(self.day, &self.values);
        let mut patterns: BTreeMap<Vec<Truth>, Vec<String>> = BTreeMap::new();
        for word in words.take(WORDS_MAX) {
            let truth = |test: &&Test| match test {
                Test::Word { words, sets, .. } => scope.word_is_among(&word, words, sets),
                _ => Truth::Unknown,
            };
            let pattern = tests.iter().map(truth).collect();
            patterns.entry(pattern).or_default().push(word);
        }
        let mut cases: Vec<Case> = Vec::new();
        for words in patterns.into_values() {
            let Some(one) = words.first() else { continue };
            let possible = self.with(slot, &Value::Word(one.clone()));
            let same = cases.iter_mut().find(|c| c.possible == possible);
            match same {
                Some(Case {
                    values: Values::Words(all),
                    ..
                }) => all.extend(words),
                _ => cases.push(Case {
                    values: Values::Words(words),
                    possible,
                }),
            }
        }
        for case in &mut cases {
            if let Values::Words(words) = &mut case.values {
                words.sort();
            }
        }
        cases.sort_by(|a, b| b.possible.cmp(&a.possible));
        cases
    }

    fn days(&self, slot: usize, tests: &[&Test]) -> Vec<Case> {
        let lines: BTreeSet<Date> = tests
            .iter()
            .filter_map(|test| match test {
                Test::Day { day, .. } => Some(*day),
                _ => None,
            })
            .collect();
        let next = |day: &Date| day.after(&"P1D".parse().ok()?);
        let mut starts: BTreeSet<Option<Date>> = BTreeSet::from([None]);
        starts.extend(lines.iter().map(|d| Some(*d)));
        starts.extend(lines.iter().map(next));
        let starts: Vec<Option<Date>> = starts.into_iter().collect();
        let mut cases: Vec<Case> = Vec::new();
        for (at, start) in starts.iter().enumerate() {
            let end = starts.get(at + 1).copied().flatten();
            let last = end.and_then(Date::day_before);
            let Some(day) = start.or(last) else { continue };
            let possible = self.with(slot, &Value::Date(day));
            match cases.last_mut() {
                Some(Case {
                    values: Values::Days(_, until),
                    possible: before,
                }) if *before == possible => *until = last,
                _ => cases.push(Case {
                    values: Values::Days(*start, last),
                    possible,
                }),
            }
        }
        cases
    }
}

/// Can a range hold a value within bounds?
fn touches(values: &Values, bounds: &Estimate<Decimal>) -> bool {
    let Values::Range { low, high } = values else {
        return true;
    };
    let above = match (low, bounds.high()) {
        (Some((low, true)), Some(known)) => low <= known,
        (Some((low, false)), Some(known)) => low < known,
        _ => true,
    };
    let below = match (high, bounds.low()) {
        (Some((high, true)), Some(known)) => high >= known,
        (Some((high, false)), Some(known)) => high > known,
        _ => true,
    };
    above && below
}

fn joined(one: &Values, other: &Values) -> Values {
    match (one, other) {
        (Values::Range { low, .. }, Values::Range { high, .. }) => Values::Range {
            low: low.clone(),
            high: high.clone(),
        },
        _ => one.clone(),
    }
}

/// For every known quantity that the rulebook draws lines on, the nearest on either side.
#[must_use]
pub fn nearest_lines(book: &Rulebook, facts: &Facts, on: Date, known: Date) -> Vec<Neighbors> {
    neighbors(book, &book.facts(), facts, on, known)
}

/// For every known quantity among `names`, the nearest lines of the rulebook.
fn neighbors(
    book: &Rulebook,
    names: &BTreeSet<FactName>,
    facts: &Facts,
    on: Date,
    known: Date,
) -> Vec<Neighbors> {
    let lines = book.lines(on, known);
    let place = |line: &Line| book.rule_index(line.rule.as_str());
    let mut found = Vec::new();
    for name in names {
        let Some(Value::Quantity(estimate)) = facts.get(name).map(|f| &f.value) else {
            continue;
        };
        let of_it: Vec<&Line> = lines.iter().filter(|l| l.fact == *name).collect();
        let Some(first) = of_it.first() else { continue };
        let below = estimate.low().and_then(|low| {
            let below = of_it.iter().filter(|l| is_passed(l, low));
            // Of several rules on one line the first in the book draws it.
            below.max_by(|a, b| (cut(a), place(b)).cmp(&(cut(b), place(a))))
        });
        let above = estimate.high().and_then(|high| {
            let above = of_it.iter().filter(|l| !is_passed(l, high));
            above.min_by(|a, b| (cut(a), place(a)).cmp(&(cut(b), place(b))))
        });
        found.push(Neighbors {
            fact: name.clone(),
            bounds: (estimate.low().cloned(), estimate.high().cloned()),
            shown: first.shown.to_string(),
            below: below.map(|l| (*l).clone()),
            above: above.map(|l| (*l).clone()),
        });
    }
    found
}

/// Where a line cuts the numbers: `>` and `<=` leave the line itself with what is smaller, so they
/// cut just above it.
fn cut(line: &Line) -> (&Decimal, bool) {
    (&line.at.value, matches!(line.comparator, ">" | "<="))
}

/// Is a value on the upper side of a line? Met exactly, a strict line still lies above.
fn is_passed(line: &Line, value: &Decimal) -> bool {
    let (at, is_above) = cut(line);
    if is_above { at < value } else { at <= value }
}

impl Values {
    /// The values as a reader wants them: `5.92 TPP/mm2 or more`, `true`, `CN, HK, MO and 19 more`.
    #[must_use]
    pub fn to_reader(&self, shown: Option<&str>) -> String {
        let in_unit = |value: &Decimal| {
            let shown = shown.unwrap_or("1");
            let factor = Unit::parse(shown).map_or_else(|_| Decimal::from(1_u64), |(_, f)| f);
            let value = value
                .exact_quotient(&factor)
                .unwrap_or_else(|| value.clone());
            match shown {
                "1" => value.to_reader(),
                unit => format!("{} {unit}", value.to_reader()),
            }
        };
        match self {
            Self::Flag(flag) => flag.to_string(),
            Self::Range { low, high } => match (low, high) {
                (None, None) => "any value".to_owned(),
                (Some((low, _)), Some((high, _))) if low == high => {
                    format!("exactly {}", in_unit(low))
                }
                (Some((low, low_in)), Some((high, high_in))) => format!(
                    "{} {} and {} {}",
                    if *low_in { "at least" } else { "more than" },
                    in_unit(low),
                    if *high_in { "at most" } else { "less than" },
                    in_unit(high)
                ),
                (Some((low, true)), None) => format!("{} or more", in_unit(low)),
                (Some((low, false)), None) => format!("more than {}", in_unit(low)),
                (None, Some((high, true))) => format!("at most {}", in_unit(high)),
                (None, Some((high, false))) => format!("less than {}", in_unit(high)),
            },
            Self::Words(words) => match words.split_at_checked(8) {
                Some((first, rest)) if rest.len() > 2 => {
                    format!("{} and {} more", first.join(", "), rest.len())
                }
                _ => words.join(", "),
            },
            Self::Days(first, last) => match (first, last) {
                (None, Some(last)) => format!("through {last}"),
                (Some(first), None) => format!("from {first}"),
                (Some(first), Some(last)) if first == last => first.to_string(),
                (Some(first), Some(last)) => format!("{first} through {last}"),
                (None, None) => "any day".to_owned(),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{book_with_rule, checked, day, facts};

    /// The cases of the facts that a rule needs, a line each.
    fn cases(when: &str, given: &str) -> Vec<String> {
        let book = checked(&book_with_rule(when));
        let (on, known) = (day("2026-01-01"), day("2026-10-01"));
        let outlook = outlook(&book, "r", &facts(given), on, known).unwrap();
        let mut lines = Vec::new();
        for fact in outlook.cases {
            for case in fact.cases {
                let possible: Vec<_> = case.possible.iter().map(|v| v.as_str()).collect();
                let values = case.values.to_reader(fact.shown.as_deref());
                lines.push(format!("{}: {values}: {}", fact.fact, possible.join("|")));
            }
        }
        lines
    }

    #[test]
    fn a_line_parts_the_values_of_a_fact_and_the_line_itself_falls_on_one_side() {
        assert_eq!(
            cases("tpp >= 4800 TPP", ""),
            [
                "tpp: less than 4,800 TPP: does-not-apply",
                "tpp: 4,800 TPP or more: applies"
            ]
        );
        assert_eq!(
            cases("tpp > 4800 TPP", ""),
            [
                "tpp: at most 4,800 TPP: does-not-apply",
                "tpp: more than 4,800 TPP: applies"
            ]
        );
        assert_eq!(
            cases(
                "tpp >= 1600 TPP AND tpp < 4800 TPP",
                "tpp = \"2000..5000 TPP\""
            ),
            [
                "tpp: more than 1,600 TPP and less than 4,800 TPP: applies",
                "tpp: 4,800 TPP or more: does-not-apply"
            ],
            "only what the bounds leave"
        );
    }

    #[test]
    fn a_value_that_does_not_settle_leaves_both() {
        assert_eq!(
            cases("is_gpai AND tpp >= 4800 TPP", ""),
            [
                "is_gpai: true: does-not-apply|applies",
                "is_gpai: false: does-not-apply",
                "tpp: less than 4,800 TPP: does-not-apply",
                "tpp: 4,800 TPP or more: does-not-apply|applies"
            ]
        );
    }

    #[test]
    fn words_are_grouped_by_what_they_give() {
        assert_eq!(
            cases("color IN ('red', 'green')", ""),
            ["color: green, red: applies", "color: blue: does-not-apply"]
        );
        assert_eq!(
            cases("trained_on >= '2025-08-02'", ""),
            [
                "trained_on: through 2025-08-01: does-not-apply",
                "trained_on: from 2025-08-02: applies"
            ]
        );
    }

    #[test]
    fn facts_are_known_needed_or_irrelevant() {
        let book = checked(&book_with_rule("is_gpai AND (flag_b OR tpp >= 4800 TPP)"));
        let (on, known) = (day("2026-01-01"), day("2026-10-01"));
        let given = "is_gpai = true\ntpp = \"4707 TPP\"";
        let found = outlook(&book, "r", &facts(given), on, known).unwrap();
        let names = |list: &[FactName]| {
            list.iter()
                .map(ToString::to_string)
                .collect::<Vec<_>>()
                .join(" ")
        };
        assert_eq!(names(&found.needed), "flag_b");
        assert_eq!(names(&found.known), "is_gpai tpp");
        let near = found.neighbors.first().unwrap();
        assert_eq!(near.below, None);
        assert_eq!(
            near.above.as_ref().unwrap().at.value,
            Decimal::from(4800_u64)
        );
        let found = outlook(&book, "r", &facts("is_gpai = false"), on, known).unwrap();
        assert_eq!(names(&found.irrelevant), "flag_b tpp");
    }

    #[test]
    fn a_strict_line_met_exactly_is_not_below() {
        let (on, known) = (day("2026-01-01"), day("2026-10-01"));
        for (condition, given, below, above) in [
            ("tpp > 4800 TPP", "4800 TPP", "", ">"),
            ("tpp > 4800 TPP", "4800.1 TPP", ">", ""),
            ("tpp <= 4800 TPP", "4800 TPP", "", "<="),
            ("tpp >= 4800 TPP", "4800 TPP", ">=", ""),
            ("tpp >= 4800 TPP", "4799.9 TPP", "", ">="),
            ("tpp < 4800 TPP", "4800 TPP", "<", ""),
            ("tpp > 0 TPP", "0 TPP", "", ">"),
            (
                "tpp >= 4800 TPP AND NOT tpp > 4800 TPP",
                "4800 TPP",
                ">=",
                ">",
            ),
        ] {
            let book = checked(&book_with_rule(condition));
            let given = facts(&format!("tpp = \"{given}\""));
            let found = nearest_lines(&book, &given, on, known);
            let near = found.first().expect("the fact is compared");
            let sign = |line: &Option<Line>| line.as_ref().map_or("", |l| l.comparator);
            assert_eq!(
                (sign(&near.below), sign(&near.above)),
                (below, above),
                "{condition}"
            );
        }
    }
}
