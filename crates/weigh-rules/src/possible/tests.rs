//! The diagram against the oracle that tries every combination.

use proptest::prelude::*;
use proptest::sample::Index;
use weigh_facts::{Date, Decimal, Estimate, Fact, Facts, Grade, MethodId, Origin, Truth, Value};

use super::{Apart, Cases, Possible, Question, cases_in, oracle};
use crate::Rulebook;
use crate::critical::critical_values;
use crate::eval::{Day, Evaluation, Scope, known_values};
use crate::shipped::load_shipped;
use crate::testing::{HEAD, assessed, checked, day, rule, try_check};
use crate::worlds::{Reading, STEPS_MAX, Worlds};

const METHOD: MethodId = MethodId::new("test/1");

/// A choice for one fact: whether it is known, and which of its critical values.
type Choice = (u8, Index, Index);

fn any_choices() -> impl Strategy<Value = Vec<Choice>> {
    proptest::collection::vec(any::<Choice>(), 64)
}

/// Some critical value of each fact, two of them as bounds, or nothing. Of a hundred facts
/// `missing` are missing.
fn chosen(book: &Rulebook, on: Date, known: Date, choices: &[Choice], missing: u8) -> Facts {
    let mut facts = Facts::new();
    let choices = choices.iter().cycle();
    for ((name, values), (luck, one, other)) in critical_values(book, on, known).iter().zip(choices)
    {
        if values.is_empty() || luck % 100 < missing {
            continue;
        }
        let value = match (one.get(values), other.get(values)) {
            (Value::Quantity(one), Value::Quantity(other)) if luck % 2 == 0 => {
                let end = |e: &Estimate<Decimal>| e.as_exact().unwrap().clone();
                Value::Quantity(Estimate::between(end(one), end(other), METHOD))
            }
            (one, _) => one.clone(),
        };
        let origin = Origin {
            grade: Grade::Declared,
            method: METHOD,
            sources: vec![],
        };
        facts.insert(name.clone(), Fact { value, origin });
    }
    facts
}

/// Every rule of which somebody would ask: the answers of the diagram, then those of the oracle.
fn both(book: &Rulebook, facts: &Facts, on: Date, known: Date) -> Vec<(String, Cases, Cases)> {
    let today = Day::new(book, on, known);
    let values = known_values(book, facts);
    let scope = Scope::new(&today, &values);
    let evaluation = Evaluation::new(book, &scope, on, known);
    let possible = Possible::new(book, scope, &evaluation);
    let mut found = Vec::new();
    for (index, rule) in book.rules.iter().enumerate() {
        if rule.reach_rules.iter().any(|r| evaluation.is_unread(*r)) {
            continue;
        }
        for question in [Question::Effect, Question::Condition] {
            let one = possible.cases(index, question);
            let other = oracle::cases(book, &scope, &evaluation, index, question);
            found.push((format!("{} {question:?}", rule.id), one, other));
        }
        let open = evaluation.effective[index] == Truth::Unknown;
        let (_, last, _) = &found[found.len() - 2];
        assert!(open || last.can_hold != last.can_fail, "{}", rule.id);
    }
    found
}

/// The same, or where the oracle gave up a part of what it had to leave open.
fn compare(book: &Rulebook, facts: &Facts, on: Date, known: Date) -> Result<(), TestCaseError> {
    for (name, one, other) in both(book, facts, on, known) {
        if other.too_many {
            let names: Vec<_> = other.needs.iter().map(|n| &n.fact).collect();
            let is_known = one.needs.iter().all(|n| names.contains(&&n.fact));
            prop_assert!(!one.too_many && is_known, "{name}");
        } else {
            prop_assert_eq!(one, other, "{} of {}", name, book.id());
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn the_shipped_books_have_the_cases_that_trying_them_shows(
        choices in any_choices(),
        missing in proptest::sample::select(vec![20, 60, 90]),
        change in any::<Index>(),
    ) {
        static BOOKS: std::sync::OnceLock<Vec<Rulebook>> = std::sync::OnceLock::new();
        let known = day("2026-10-01");
        for book in BOOKS.get_or_init(load_shipped) {
            let mut days: Vec<Date> = book.change_days().into_iter().collect();
            days.push(day("2026-09-01"));
            for on in [day("2026-09-01"), *change.get(&days)] {
                compare(book, &chosen(book, on, known, &choices, missing), on, known)?;
            }
        }
    }
}

/// What would settle the first of some rules.
fn needs(rules: &[&str], given: &str) -> Vec<String> {
    let rules = rules.iter().enumerate();
    let rules = rules.map(|(i, when)| rule(&format!("r{i}"), when, ""));
    let rules = with_tables(rules.collect());
    let found = assessed(&format!("{HEAD}{rules}"), given)
        .findings
        .remove(0);
    found.missing.iter().map(|n| n.fact.to_string()).collect()
}

#[test]
fn nothing_is_tried_beyond_a_bound() {
    let when = "is_moe AND (tpp < 4800 TPP OR tpp = 4800 TPP)";
    assert_eq!(needs(&[when], "tpp = \"1600..4800 TPP\""), ["is_moe"]);
    assert_eq!(
        needs(&[when], "tpp = \"1600..4801 TPP\""),
        ["is_moe", "tpp"]
    );
    let when = "is_moe AND (tpp > 1600 TPP OR tpp = 1600 TPP)";
    assert_eq!(needs(&[when], "tpp = \"1600..4800 TPP\""), ["is_moe"]);
    assert_eq!(
        needs(&[when], "tpp = \"1599..4800 TPP\""),
        ["is_moe", "tpp"]
    );
}

#[test]
fn nothing_is_below_zero_whatever_line_another_rule_draws() {
    let never = "tpp < 100 TPP - 2 * $much OR is_gpai";
    let when = "is_moe AND tpp >= 100 TPP - $much";
    assert_eq!(needs(&[when, never], ""), ["is_moe"]);
}

/// The cases of a rule of which nothing is known, where few steps are allowed.
fn cases_within(steps: usize, when: &str) -> Cases {
    let book = checked(&format!("{HEAD}{}", rule("r", when, "")));
    let (on, known) = (day("2026-01-01"), day("2026-10-01"));
    let today = Day::new(&book, on, known);
    let values = vec![None; book.slots.len()];
    let scope = Scope::new(&today, &values);
    let evaluation = Evaluation::new(&book, &scope, on, known);
    let reading = Reading {
        book: &book,
        scope,
        evaluation: &evaluation,
    };
    let mut worlds = Worlds::of_all(reading, steps);
    cases_in(&mut worlds, reading, 0, Question::Effect).unwrap_or_else(|Apart| panic!("one rule"))
}

#[test]
fn what_takes_too_many_steps_is_left_open() {
    let when = "(is_moe OR NOT is_moe AND is_gpai) AND (tpp > 1 TPP OR tpp <= 1 TPP OR flag_b)";
    let names =
        |cases: &Cases| -> Vec<String> { cases.needs.iter().map(|n| n.fact.to_string()).collect() };
    let all = cases_within(STEPS_MAX, when);
    assert!(!all.too_many);
    assert_eq!(names(&all), ["is_gpai", "is_moe"]);
    let few = cases_within(1, when);
    assert!(few.too_many && few.can_hold && few.can_fail);
    assert_eq!(names(&few), ["flag_b", "is_gpai", "is_moe", "tpp"]);
    assert!(few.needs.iter().all(|n| !n.alone));
}

/// Comparisons of every kind, by fact: few facts in a book make for many lines on one.
const COMPARISONS: &[&[&str]] = &[
    &["is_moe", "is_gpai", "flag_b"],
    &[
        "tpp > 1600 TPP",
        "tpp >= 4800 TPP",
        "tpp < 4800 TPP",
        "tpp = 4800 TPP",
        "tpp = 1600 TPP",
        "tpp <> 0 TPP",
        "tpp >= 100 TPP - $much",
        "tpp < 100 TPP - 2 * $much",
    ],
    &[
        "operations('eu-cumulative') > $line",
        "operations('eu-cumulative') <= 2 * $line",
        "3 * operations_added('eu-cumulative') > operations('eu-cumulative')",
        "operations_added('eu-cumulative') >= 1e24 FLOP",
    ],
    &["color = 'red'", "color IN ('green', 'blue')"],
    &[
        "trained_on < '2026-01-01'",
        "trained_on > '2026-01-01'",
        "trained_on < '2026-01-02'",
        "trained_on > '2026-03-01'",
    ],
    &[
        "destination = 'CN'",
        "destination IN ('MO', 'KP')",
        "destination IN ($d5)",
        "destination IN ($some)",
        "destination IN ($east)",
        "destination IN ($west, 'CN')",
        "destination IN ($north)",
    ],
    &[
        "party_headquarters IN ($east)",
        "party_headquarters IN ($d5)",
    ],
    &[
        "contains(export_certifications, 'end-use')",
        "contains(export_certifications, 'us-supply')",
        "contains(export_certifications, 'below-lines')",
    ],
    &[
        "count(training_stages, purpose = 'synthetic-data') = 0",
        "count(training_stages) > 1",
    ],
];

/// What a comparison may name.
const NAMED: &[(&str, &str)] = &[
    (
        "$line",
        "[param.line]\nunit = \"FLOP\"\nvalues = [{ value = \"1e25\", source = \"s\" }]\n",
    ),
    (
        "$much",
        "[param.much]\nunit = \"TPP\"\nvalues = [{ value = \"200\", source = \"s\" }]\n",
    ),
    (
        "$d5",
        "[set.d5]\ncomplete = true\nvalues = [{ value = [\"CN\", \"RU\"], source = \"s\" }]\n",
    ),
    (
        "$some",
        "[set.some]\ncomplete = false\nvalues = [{ value = [\"CN\", \"KP\"], source = \"s\" }]\n",
    ),
    // East and west are all of the whole, north is not.
    (
        "$east",
        "[set.east]\nwithin = \"whole\"\nvalues = [{ value = [\"CN\", \"MO\"], source = \"s\" }]\n",
    ),
    (
        "$west",
        "[set.west]\nwithin = \"whole\"\nvalues = [{ value = [\"FR\"], source = \"s\" }]\n",
    ),
    (
        "$north",
        "[set.north]\nwithin = \"wide\"\nvalues = [{ value = [\"NO\"], source = \"s\" }]\n",
    ),
    (
        "within = \"whole\"",
        "[set.whole]\ncomplete = true\nvalues = [{ value = [\"CN\", \"MO\", \"FR\"], source = \"s\" }]\n",
    ),
    (
        "within = \"wide\"",
        "[set.wide]\ncomplete = true\nvalues = [{ value = [\"CN\", \"NO\", \"US\"], source = \"s\" }]\n",
    ),
];

/// What the rules name, and the rules.
fn with_tables(mut rules: String) -> String {
    for (name, table) in NAMED {
        if rules.contains(name) {
            rules.insert_str(0, table);
        }
    }
    rules
}

fn any_condition(facts: &[usize], rules: usize) -> impl Strategy<Value = String> + use<> {
    let comparisons = facts.iter().flat_map(|f| COMPARISONS[*f]);
    let mut leaves: Vec<String> = comparisons.map(|c| (*c).to_owned()).collect();
    leaves.extend((0..rules).map(|r| format!("applies('r{r}')")));
    let leaf = proptest::sample::select(leaves);
    leaf.prop_recursive(4, 12, 3, |inner| {
        let parts = proptest::collection::vec(inner.clone(), 2..4);
        prop_oneof![
            inner.prop_map(|a| format!("NOT ({a})")),
            parts.clone().prop_map(|p| format!("({})", p.join(" AND "))),
            parts.prop_map(|p| format!("({})", p.join(" OR "))),
        ]
    })
}

fn any_conditions() -> impl Strategy<Value = (String, String, String)> {
    let all: Vec<usize> = (0..COMPARISONS.len()).collect();
    let count = prop_oneof![Just(1), Just(2), Just(all.len())];
    let facts = count.prop_flat_map(move |n| proptest::sample::subsequence(all.clone(), n));
    facts.prop_flat_map(|f| {
        (
            any_condition(&f, 0),
            any_condition(&f, 1),
            any_condition(&f, 2),
        )
    })
}

/// A book of three rules that read and override each other; nothing where a condition is always
/// the same.
fn any_book() -> impl Strategy<Value = Option<Rulebook>> {
    (any_conditions(), any::<(bool, bool)>(), any::<bool>()).prop_map(
        |((one, two, three), overrides, has_predicate)| {
            let mut text = rule("r0", &one, "");
            let more = |overrides| match overrides {
                true => "overrides = [\"r0\"]\nthen = { tier = \"low\" }",
                false => "",
            };
            text += &rule("r1", &two, more(overrides.0));
            if has_predicate {
                text += &rule("r2", &format!("named OR ({three})"), more(overrides.1));
                text += &rule("r3", "named AND is_moe", "");
                text.insert_str(0, &format!("[predicate.named]\nwhen = \"{three}\"\n"));
            } else {
                text += &rule("r2", &three, more(overrides.1));
            }
            let text = with_tables(text);
            match try_check(&format!("{HEAD}{text}")) {
                Ok(book) => Some(book),
                Err(errors) => {
                    let known = ["always-same", "circular-rules"];
                    let is_known = errors.iter().all(|e| known.contains(&e.code));
                    assert!(is_known, "{errors:?}\n{text}");
                    None
                }
            }
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]

    #[test]
    fn any_book_has_the_cases_that_trying_them_shows(
        book in any_book(),
        choices in any_choices(),
        missing in 0..100_u8,
    ) {
        let Some(book) = book else { return Ok(()) };
        let (on, known) = (day("2026-01-01"), day("2026-10-01"));
        compare(&book, &Facts::new(), on, known)?;
        compare(&book, &chosen(&book, on, known, &choices, missing), on, known)?;
    }
}
