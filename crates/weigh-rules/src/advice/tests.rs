use super::*;
use crate::testing::{HEAD, book_with_rule, checked, dictionary, rule};

/// The advice on a book as `severity code`, without what says that tests are few.
fn said(text: &str) -> Vec<String> {
    lint(&checked(text), text)
        .iter()
        .map(|l| format!("{} {}", l.severity, l.diagnostic.code))
        .filter(|l| !l.ends_with("few-tests") && !l.ends_with("untested-comparison"))
        .collect()
}

/// The one piece of advice with this code, as a person sees it.
fn shown(text: &str, code: &str) -> String {
    let found = lint(&checked(text), text);
    let lint = found.iter().find(|l| l.diagnostic.code == code);
    let lint = lint.unwrap_or_else(|| panic!("no `{code}` in {found:?}"));
    lint.diagnostic.render_as(lint.severity, "book.toml", text)
}

fn quoting(quote: &str, when: &str) -> String {
    let cited = format!("cite = {{ source = \"s\", quote = \"{quote}\" }}");
    book_with_rule(when).replace("cite = \"s\"\nwhen", &format!("{cited}\nwhen"))
}

#[test]
fn a_book_without_slips_gets_no_advice() {
    let text = quoting("greater than 10^25", "operations('eu-cumulative') > $line")
        + "[[test]]\nname = \"on\"\non = 2026-01-01\ngiven = { operations.eu-cumulative = \"1e25 FLOP\" }\nexpect = { r = \"does-not-apply\" }\n"
        + "[[test]]\nname = \"above\"\non = 2026-01-01\ngiven = { operations.eu-cumulative = \"1.1e25 FLOP\" }\nexpect = { r = \"applies\" }\n"
        + "[[test]]\nname = \"before\"\non = 2024-12-31\nexpect = { r = \"not-in-force\" }\n";
    assert_eq!(lint(&checked(&text), &text), []);
}

#[test]
fn a_quotation_that_contradicts_its_operator_is_wrong() {
    let over = "operations('eu-cumulative') > $line";
    let from = "operations('eu-cumulative') >= $line";
    for (quote, when, is_wrong) in [
        ("10^25 or more", over, true),
        ("10^25 or more", from, false),
        ("at least 10^25", over, true),
        ("greater than 10^25", over, false),
        ("greater than 10^25", from, true),
        ("exceeds 10^25", from, true),
        (
            "less than 10^25",
            "operations('eu-cumulative') < $line",
            false,
        ),
        (
            "less than 10^25",
            "operations('eu-cumulative') <= $line",
            true,
        ),
        (
            "at most 10^25",
            "operations('eu-cumulative') <= $line",
            false,
        ),
        (
            "greater than 10^25",
            "NOT operations('eu-cumulative') > $line",
            false,
        ),
        (
            "10^25 or more",
            "operations('eu-cumulative') < $line",
            false,
        ),
        ("one or more models", over, false),
        ("10^25 or more", "is_gpai", false),
    ] {
        let found = said(&quoting(quote, when));
        let told = found.iter().any(|l| l == "error quote-operator");
        assert_eq!(told, is_wrong, "{quote}: {when}: {found:?}");
    }
}

#[test]
fn a_value_that_its_quotation_does_not_have_is_wrong() {
    let when = "operations('eu-cumulative') > $line";
    for (quote, is_wrong) in [
        ("greater than 10^25", false),
        ("greater than 10^26", true),
        (
            "greater than 10 to the 25th power, or 25 percent of 10^26",
            false,
        ),
        ("greater than ten septillion", false),
        ("greater than 25 percent", false),
        ("greater than the line of section 3, within 30 days", false),
        ("more than 1e24 operations", true),
    ] {
        let found = said(&quoting(quote, when));
        let told = found.iter().any(|l| l == "error quote-value");
        assert_eq!(told, is_wrong, "{quote}: {found:?}");
    }
    // A rule that reads two lines quotes the words of either.
    let two = quoting("greater than 10^26", &format!("{when} OR tpp > $more"))
        + "[param.more]\nunit = \"TPP\"\nvalues = [{ from = 2025-01-01, value = 1, source = \"s\" }]\n";
    assert_eq!(said(&two), Vec::<String>::new());
    insta::assert_snapshot!(shown(&quoting("greater than 10^26", when), "quote-value"), @r#"
    error[quote-value]: `$line` is 1.00e25 FLOP, and S says `greater than 10^26`
      --> book.toml:12:8
       |
    12 | [param.line]
       |        ^^^^
    help: correct the value, or quote the words that hold it
    "#);
}

#[test]
fn a_quotation_is_shown_beside_its_operator() {
    let text = quoting("10^25 or more", "operations('eu-cumulative') > $line");
    insta::assert_snapshot!(shown(&text, "quote-operator"), @r#"
    error[quote-operator]: rule `r` compares by `>`, and S says `or more`
      --> book.toml:20:8
       |
    20 | when = "operations('eu-cumulative') > $line"
       |        ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
    help: `or more` is `>=` (or `<`); correct the operator, or quote at `cite` the words that decide
    "#);
}

#[test]
fn a_rule_that_an_exception_always_takes_away_is_unreachable() {
    let text = HEAD.to_owned()
        + &rule("r", "is_gpai AND flag_b", "")
        + &rule("x", "is_gpai", "overrides = [\"r\"]");
    assert_eq!(said(&text), ["error unreachable-rule"]);
    let narrower = HEAD.to_owned()
        + &rule("r", "is_gpai", "")
        + &rule("x", "is_gpai AND flag_b", "overrides = [\"r\"]");
    assert_eq!(said(&narrower), Vec::<String>::new());
}

#[test]
fn an_exception_that_begins_later_leaves_days() {
    let text = HEAD.to_owned()
        + &rule("r", "is_gpai", "")
        + &rule("x", "is_gpai", "from = 2026-01-01\noverrides = [\"r\"]");
    assert_eq!(said(&text), Vec::<String>::new());
}

#[test]
fn comparisons_without_tests_are_named() {
    let text = book_with_rule("is_gpai AND flag_b")
        + "[[test]]\nname = \"t\"\non = 2026-01-01\ngiven = { is_gpai = true, flag_b = true, peak_rate = \"1 FLOP/s\" }\nexpect = { r = \"applies\" }\n";
    let found = lint(&checked(&text), &text);
    let codes: Vec<&str> = found.iter().map(|l| l.diagnostic.code).collect();
    assert_eq!(
        codes,
        [
            "few-tests",
            "untested-comparison",
            "untested-comparison",
            "unread-given"
        ]
    );
    insta::assert_snapshot!(shown(&text, "untested-comparison"), @r#"
    warning[untested-comparison]: in no test of `r` is `is_gpai` false
      --> book.toml:17:9
       |
    17 | when = "is_gpai AND flag_b"
       |         ^^^^^^^
    help: add the test, or an `[[unreached]]` table that says why there is none
    "#);
}

#[test]
fn a_reason_that_is_no_longer_needed_is_named() {
    let text = book_with_rule("is_gpai")
        + "[[unreached]]\nrule = \"r\"\natom = \"is_gpai\"\nreason = \"none\"\n"
        + "[[test]]\nname = \"t\"\non = 2026-01-01\ngiven = { is_gpai = true }\nexpect = { r = \"applies\" }\n"
        + "[[test]]\nname = \"u\"\non = 2026-01-01\ngiven = { is_gpai = false }\nexpect = { r = \"does-not-apply\" }\n";
    assert_eq!(said(&text), ["note idle-excuse"]);
}

#[test]
fn a_number_in_a_condition_has_no_source() {
    assert_eq!(
        said(&book_with_rule("operations('eu-cumulative') > 1e25 FLOP")),
        ["note written-line"]
    );
    let share = "3 * operations_added('eu-cumulative') > operations('eu-cumulative')";
    assert_eq!(said(&book_with_rule(share)), ["note written-line"]);
    let any = "count(training_stages, is_public) > 0";
    assert_eq!(said(&book_with_rule(any)), Vec::<String>::new());
}

#[test]
fn a_value_that_nobody_checked_is_named() {
    let text = book_with_rule("operations('eu-cumulative') > $line")
        .replace("certainty = \"primary-text\"", "certainty = \"unverified\"");
    assert_eq!(said(&text), ["note unverified-value"]);
}

#[test]
fn places_that_do_not_exist_are_wrong() {
    let text = book_with_rule("destination IN ($d5)").replace("\"RU\"", "\"UK\"");
    assert_eq!(said(&text), ["error unknown-country"]);
    insta::assert_snapshot!(shown(&text, "unknown-country"), @r#"
    error[unknown-country]: `UK` in set `d5` is no country of ISO 3166-1
      --> book.toml:14:47
       |
    14 | values = [{ from = 2025-01-01, value = ["CN", "UK"], source = "s" }]
       |                                               ^^^^
    help: write the two letters of the place, such as `GB` for the United Kingdom
    "#);
    let written = book_with_rule("destination IN ('CN', 'ZZ')");
    assert_eq!(said(&written), ["error unknown-country"]);
    assert_eq!(
        said(&book_with_rule("destination IN ($d5)")),
        Vec::<String>::new()
    );
}

#[test]
fn holes_and_overlaps_in_time_are_named() {
    let hole = book_with_rule("is_gpai").replace(
        "[{ from = 2025-01-01, value = \"enforced\" }]",
        "[{ from = 2025-01-01, until = 2025-03-01, value = \"enforced\" }, { from = 2025-04-01, value = \"enforced\" }]",
    );
    assert_eq!(said(&hole), ["error status-gap", "warning time-gap"]);
    let overlap = book_with_rule("is_gpai").replace(
        "[{ from = 2025-01-01, value = \"enforced\" }]",
        "[{ from = 2025-01-01, until = 2025-06-01, value = \"enforced\", known = 2025-09-01 }, { from = 2025-04-01, value = \"none\", known = 2025-01-01 }]",
    );
    assert_eq!(said(&overlap), ["warning time-overlap"]);
    let amended = book_with_rule("is_gpai").replace(
        "[{ from = 2025-01-01, value = \"enforced\" }]",
        "[{ from = 2025-01-01, until = 2025-06-01, value = \"enforced\" }, { from = 2025-04-01, value = \"none\", known = 2025-03-01 }]",
    );
    assert_eq!(said(&amended), Vec::<String>::new());
}

#[test]
fn a_comparison_of_a_fact_with_itself_is_wrong() {
    for when in [
        "peak_rate >= peak_rate",
        "tpp = tpp",
        "any(training_stages, ops < ops)",
    ] {
        assert_eq!(
            said(&book_with_rule(when)),
            ["error self-comparison"],
            "{when}"
        );
    }
    let others = "operations_added('eu-cumulative') > operations('eu-cumulative')";
    assert_eq!(said(&book_with_rule(others)), Vec::<String>::new());
}

#[test]
fn facts_that_no_book_mentions_are_named_with_their_place() {
    let file = "format = 1\n[fact.is_gpai]\ntype = \"bool\"\n[fact.flag_b]\ntype = \"bool\"\n";
    let books = [checked(&book_with_rule("is_gpai"))];
    let found = lint_facts(&books, &dictionary(), file);
    let messages: Vec<&str> = found
        .iter()
        .map(|l| l.diagnostic.message.as_str())
        .collect();
    assert_eq!(messages, ["no rulebook mentions the fact `flag_b`"]);
    assert_eq!(found[0].diagnostic.line_column(file), (4, 7));
}
