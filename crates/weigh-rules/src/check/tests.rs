//! What is refused, and how it is said.

use crate::testing::{HEAD, book_with_rule, checked, rule, try_check};

/// The codes of everything wrong with one condition.
fn codes(when: &str) -> Vec<&'static str> {
    codes_of(&book_with_rule(when))
}

fn codes_of(text: &str) -> Vec<&'static str> {
    let errors = try_check(text).err().unwrap_or_default();
    errors.iter().map(|e| e.code).collect()
}

/// What is wrong with one condition, as people see it.
fn shown(when: &str) -> String {
    let text = book_with_rule(when);
    let errors = try_check(&text).err().unwrap_or_default();
    errors
        .iter()
        .map(|e| e.render("book.toml", &text))
        .collect()
}

/// The marked part of the condition.
fn marked(when: &str) -> String {
    let text = book_with_rule(when);
    let errors = try_check(&text).err().unwrap_or_default();
    text[errors[0].span.clone()].to_owned()
}

#[test]
fn what_rules_say_every_day_checks() {
    for when in [
        "is_gpai AND operations('eu-cumulative') > 1e25 FLOP",
        "operations('eu-cumulative') >= $line",
        "$line < operations('eu-cumulative')",
        "batch_1_latency < 100 ms AND NOT is_moe",
        "chip_interconnect_bandwidth > 600 GB/s OR performance_density >= 5.92 TPP/mm2",
        "destination IN ('CN', 'HK') OR destination IN ($d5)",
        "destination NOT IN ($d5, 'MO')",
        "destination <> 'CN' AND color = 'red'",
        "tpp BETWEEN 1600 TPP AND 4800 TPP",
        "tpp NOT BETWEEN 1600 TPP AND 4800 TPP",
        "trained_on >= '2025-08-02'",
        "contains(generates, 'text')",
        "3 * operations_added('eu-cumulative') > operations('eu-cumulative')",
        "operations_added('us-4e091') > greatest(2.5e25 FLOP, 0.25 * operations('us-4e091'))",
        "operations('eu-cumulative') > 116 EF-day",
        "any(training_stages, purpose = 'synthetic-data' AND ops > $line)",
        "all(training_stages, NOT is_public)",
        "is_gpai AND any(training_stages, is_public)",
        "is_gpai OR NOT all(training_stages, NOT is_public)",
        "count(training_stages) > 3 AND (flag_b OR any(training_stages, is_public AND ops > $line))",
        "sum(training_stages, ops, purpose = 'pretraining') > $line",
        "count(training_stages) > 3",
        "tpp * batch_1_latency > 1 TPP*s",
        "operations('eu-cumulative') + operations_added('eu-cumulative') > 2 * $line",
    ] {
        let text = book_with_rule(when);
        if let Err(errors) = try_check(&text) {
            let shown: Vec<String> = errors
                .iter()
                .map(|e| e.render("book.toml", &text))
                .collect();
            panic!("{when}\n{}", shown.join("\n"));
        }
    }
}

#[test]
fn the_twelve_silent_slips_are_errors() {
    for (when, code, part) in [
        ("tpp >= 'abc'", "type-mismatch", "tpp >= 'abc'"),
        ("destination IN ('CN', 5)", "type-mismatch", "5"),
        (
            "COALESCE(tpp, 0) >= 4800 TPP",
            "not-in-language",
            "COALESCE(tpp, 0",
        ),
        ("tpp IS NULL OR is_moe", "not-in-language", "tpp"),
        (
            "CASE WHEN is_moe THEN is_gpai ELSE flag_b END",
            "not-in-language",
            "CASE",
        ),
        ("random() > 0.5", "not-in-language", "random"),
        ("tpp / 2 > 4800 TPP", "not-in-language", "tpp / 2"),
        ("tpp / 0 > 4800 TPP", "not-in-language", "tpp / 0"),
        ("destination = 'cn'", "bad-code", "'cn'"),
        (
            "tpp BETWEEN 4800 TPP AND 1600 TPP",
            "empty-range",
            "tpp BETWEEN 4800 TPP AND 1600 TPP",
        ),
        ("destination NOT IN ('CN', NULL)", "not-in-language", "NULL"),
        ("tpp", "not-a-condition", "tpp"),
    ] {
        assert_eq!(codes(when), [code], "{when}\n{}", shown(when));
        assert!(
            marked(when).starts_with(part),
            "{when}: marked `{}`",
            marked(when)
        );
    }
}

#[test]
fn other_slips_are_errors_too() {
    for (when, code) in [
        ("operations('eu-cumulative') > 1e25", "unit-mismatch"),
        (
            "operations('eu-cumulative') + tpp > 1 FLOP",
            "unit-mismatch",
        ),
        ("peak_rate > $line", "unit-mismatch"),
        ("greatest(tpp, 1 FLOP) > 1 TPP", "unit-mismatch"),
        ("is_gpia AND is_moe", "unknown-name"),
        ("destination = CN", "unknown-name"),
        ("operations('eu-cumulative') > $lime", "unknown-param"),
        ("destination IN ($d6)", "unknown-set"),
        ("applies('q')", "dangling-rule"),
        ("operations('eu-cumulativ') > $line", "unknown-convention"),
        ("operations > $line", "unknown-convention"),
        ("operations(eu) > $line", "unknown-convention"),
        ("color = 'purple'", "word-not-listed"),
        ("color < 'red'", "type-mismatch"),
        ("contains(generates, 'smell')", "word-not-listed"),
        ("trained_on > '2025-02-30'", "type-mismatch"),
        ("tpp > 5 FLOPs", "bad-quantity"),
        ("tpp > 1e999 TPP", "bad-quantity"),
        ("tpp > 4,800", "expression-syntax"),
        ("tpp > = 4800 TPP", "expression-syntax"),
        ("(tpp > 4800 TPP", "expression-syntax"),
        ("tpp > 4800 TPP -- AND is_moe", "expression-syntax"),
        ("tpp > 4800 TPP is_moe", "expression-syntax"),
        ("", "expression-syntax"),
        ("tpp >= 0 TPP", "always-same"),
        ("tpp < 0 TPP", "always-same"),
        ("tpp > -1 TPP", "always-same"),
        ("tpp > 5 TPP AND tpp < 3 TPP", "always-same"),
        ("tpp > 3 TPP OR tpp <= 5 TPP", "always-same"),
        ("destination = 'CN' AND destination = 'RU'", "always-same"),
        ("is_moe OR NOT is_moe", "always-same"),
        ("color IN ('red', 'green', 'blue')", "always-same"),
        ("1 FLOP > 2 FLOP", "always-same"),
        ("TRUE", "always-same"),
        ("is_moe = TRUE", "type-mismatch"),
        ("is_moe = is_gpai", "type-mismatch"),
        ("destination = 5", "type-mismatch"),
        ("tpp IN (1, 2)", "type-mismatch"),
        ("generates = 'text'", "type-mismatch"),
        ("tpp LIKE '4%'", "not-in-language"),
        ("is_moe IS TRUE", "not-in-language"),
        ("tpp IS DISTINCT FROM 5", "not-in-language"),
        ("EXISTS (SELECT 1)", "not-in-language"),
        ("tpp % 2 > 1 TPP", "not-in-language"),
        ("operations.eu-cumulative > $line", "not-in-language"),
        ("any(training_stages)", "not-in-language"),
        (
            "any(training_stages, any(training_stages, is_public))",
            "not-in-language",
        ),
        ("sum(training_stages, purpose) > 1", "type-mismatch"),
        ("any(tpp, is_public)", "type-mismatch"),
        (
            "operations('eu-cumulative') > CAST('1e25' AS DOUBLE)",
            "not-in-language",
        ),
    ] {
        assert_eq!(codes(when).first(), Some(&code), "{when}\n{}", shown(when));
    }
}

#[test]
fn all_problems_of_a_condition_are_reported_at_once() {
    let found = codes("is_gpia AND peak_rate > $line AND destination = 'cn'");
    assert_eq!(found, ["unknown-name", "unit-mismatch", "bad-code"]);
}

#[test]
fn a_set_without_parentheses_is_told_how_to_stand() {
    insta::assert_snapshot!(shown("NOT destination IN $d5"), @r#"
    error[expression-syntax]: the set `$d5` stands after IN without parentheses
      --> book.toml:20:28
       |
    20 | when = "NOT destination IN $d5"
       |                            ^^^
    help: write `IN ($d5)`, or for all others `FACT NOT IN ($d5)`
    "#);
    assert_eq!(marked("is_gpai AND destination NOT IN $d5"), "$d5");
}

/// What is wrong with a book in which something was put in the place of something else.
fn codes_with(from: &str, to: &str) -> Vec<&'static str> {
    let more = "from = 2025-01-01\nthen = { deadline = \"P2W\" }\nclock = { event = \"an event\" }";
    let text = book_with_rule("operations('eu-cumulative') > $line") + more;
    let text =
        text + "\n[[test]]\nname = \"n\"\non = 2026-01-01\nexpect = { r = \"indeterminate\" }\n";
    assert_eq!(codes_of(&text), [""; 0]);
    assert!(text.contains(from), "{from}");
    codes_of(&text.replacen(from, to, 1))
}

#[test]
fn one_cause_is_one_diagnostic() {
    for (from, to, code) in [
        (
            "value = \"in-force\"",
            "value = \"in-froce\"",
            "word-not-listed",
        ),
        ("value = \"in-force\"", "value = 3", "value-entry"),
        ("value = \"1e25\"", "value = \"1e25 FLOP\"", "bad-quantity"),
        (
            "known_through = 2026-10-01",
            "known_through = \"1 Oct 2026\"",
            "wrong-type",
        ),
        ("\nfrom = 2025-01-01", "\nfrom = \"2025-1-1\"", "wrong-type"),
        ("on = 2026-01-01", "on = \"today\"", "wrong-type"),
        ("P2W", "two weeks", "bad-period"),
        ("about = \"model\"", "about = \"modle\"", "word-not-listed"),
        ("about = \"model\"", "about = 3", "wrong-type"),
        ("level = \"flag\"", "level = [\"flag\"]", "wrong-type"),
        ("cite = \"s\"", "cite = \"z\"", "unknown-source"),
        ("cite = \"s\"", "cite = 5", "rule-entry"),
        (
            "certainty = \"primary-text\"",
            "certainty = \"sure\"",
            "source-entry",
        ),
        (
            "certainty = \"primary-text\"",
            "certainty = true",
            "wrong-type",
        ),
        ("when = \"", "wenn = \"", "missing-key"),
    ] {
        let found = codes_with(from, to);
        let found: Vec<&str> = found.into_iter().filter(|c| *c != "unknown-key").collect();
        assert_eq!(found, [code], "{to}");
    }
}

#[test]
fn a_clock_runs_from_a_day_of_what_the_rule_is_about() {
    let of = |fact: &str| {
        let more = format!(
            "then = {{ deadline = \"P2W\" }}\nclock = {{ fact = \"{fact}\", event = \"an event\" }}"
        );
        let text = HEAD.to_owned() + &rule("r", "is_gpai", &more);
        let errors = try_check(&text).err().unwrap_or_default();
        errors
            .iter()
            .map(|e| e.render("book.toml", &text))
            .collect::<String>()
    };
    assert_eq!(of("systemic_condition_known_on"), "");
    let said = of("safety_incident_discovered_on");
    assert!(
        said.contains("error[clock-subject]: the rule is about a model"),
        "{said}"
    );
    assert!(
        said.contains("days of a model are") && said.contains("trained_on"),
        "{said}"
    );
    assert!(of("trained_onn").contains("did you mean `trained_on`?"));
    assert!(of("is_gpai").contains("facts that are days: "));
}

#[test]
fn deep_and_long_conditions_are_refused_and_not_recursed_into() {
    let deep = format!("{}is_moe{}", "(".repeat(500), ")".repeat(500));
    assert_eq!(codes(&deep).first(), Some(&"too-complex"));
    let long = vec!["is_moe"; 600].join(" AND ");
    assert_eq!(codes(&long), ["too-complex"]);
}

#[test]
fn a_rate_is_not_a_count_and_the_message_says_so() {
    insta::assert_snapshot!(shown("is_gpai AND peak_rate > $line"), @r#"
    error[unit-mismatch]: rule `r` compares `peak_rate` in FLOP/s with `$line` in FLOP
      --> book.toml:20:21
       |
    20 | when = "is_gpai AND peak_rate > $line"
       |                     ^^^^^^^^^ this is a rate
    help: the law counts operations, not speed; did you mean `operations('…')`?
    "#);
}

#[test]
fn names_near_by_are_offered() {
    insta::assert_snapshot!(shown("is_gpia AND operations('eu-cumulative') > 1e25 FLOPs"), @r#"
    error[bad-quantity]: `FLOPs` is no unit
      --> book.toml:17:56
       |
    17 | when = "is_gpia AND operations('eu-cumulative') > 1e25 FLOPs"
       |                                                        ^^^^^
    help: did you mean `FLOP`?
    "#);
    insta::assert_snapshot!(shown("is_gpia"), @r#"
    error[unknown-name]: rule `r` mentions `is_gpia`, which is neither fact nor predicate
      --> book.toml:17:9
       |
    17 | when = "is_gpia"
       |         ^^^^^^^
    help: did you mean `is_gpai`?
    "#);
}

/// The codes of a book made of the head, tables and one rule.
fn with(tables: &str) -> Vec<&'static str> {
    codes_of(&format!("{HEAD}{tables}{}", rule("r", "is_moe", "")))
}

fn param(values: &str) -> String {
    format!(
        "{HEAD}[param.line]\nunit = \"FLOP\"\nvalues = [{values}]\n{}",
        rule(
            "r",
            "operations('eu-training') > $line",
            "from = 2025-01-01"
        )
    )
}

#[test]
fn every_value_has_its_day_and_its_source() {
    let good = "{ from = 2025-01-01, value = \"1e25\", source = \"s\" }";
    assert_eq!(codes_of(&param(good)), [] as [&str; 0]);
    for (values, code) in [
        ("{ from = 2025-01-01, value = \"1e25\" }", "no-citation"),
        (
            "{ from = 2025-01-01, value = \"1e25\", source = \"t\" }",
            "unknown-source",
        ),
        (
            "{ from = 2025-06-01, value = \"1e25\", source = \"s\" }",
            "value-gap",
        ),
        (
            "{ from = 2025-01-01, until = 2025-06-01, value = 1, source = \"s\" }, { from = 2025-07-01, value = 2, source = \"s\" }",
            "value-gap",
        ),
        (
            "{ from = 2025-01-01, until = 2025-06-01, value = 1, source = \"s\" }, { from = 2025-05-01, value = 2, source = \"s\" }",
            "value-overlap",
        ),
        (
            "{ from = 2025-01-01, value = 1, source = \"s\" }, { from = 2025-01-01, value = 2, source = \"s\" }",
            "value-overlap",
        ),
        (
            "{ from = 2025-01-01, until = 2025-01-01, value = 1, source = \"s\" }",
            "empty-interval",
        ),
        (
            "{ from = 2025-01-01, value = \"ten\", source = \"s\" }",
            "bad-quantity",
        ),
        (
            "{ from = 2025-01-01, value = -5, source = \"s\" }",
            "bad-quantity",
        ),
        (
            "{ from = 2025-01-01, vlaue = 5, source = \"s\" }",
            "missing-key",
        ),
        ("", "value-entry"),
    ] {
        assert!(
            codes_of(&param(values)).contains(&code),
            "{values}: {:?}",
            codes_of(&param(values))
        );
    }
}

#[test]
fn a_later_value_amends_an_earlier_one_once_known() {
    let values = "{ from = 2025-01-01, value = 1, source = \"s\", known = 2025-01-01 }, { from = 2025-01-01, value = 2, source = \"s\", known = 2025-03-01 }";
    assert_eq!(codes_of(&param(values)), [] as [&str; 0]);
}

#[test]
fn what_nobody_uses_is_an_error() {
    assert_eq!(
        with("[param.x]\nunit = \"1\"\nvalues = [{ value = 1, source = \"s\" }]\n"),
        ["unused-entry"]
    );
    assert_eq!(
        with("[set.x]\ncomplete = true\nvalues = [{ value = [\"CN\"], source = \"s\" }]\n"),
        ["unused-entry"]
    );
    assert_eq!(with("[predicate]\nx = \"is_gpai\"\n"), ["unused-entry"]);
    assert_eq!(
        with("[source.t]\ntitle = \"T\"\nhref = \"h\"\ncertainty = \"secondary\"\n"),
        ["unused-entry"]
    );
}

#[test]
fn unknown_keys_are_errors_anywhere() {
    assert_eq!(with("[extra]\n"), ["unknown-key"]);
    assert_eq!(
        codes_of(&format!("{HEAD}{}", rule("r", "is_moe", "overides = []"))),
        ["unknown-key"]
    );
    assert_eq!(
        codes_of(&HEAD.replace("title = \"S\"", "titel = \"S\"")),
        ["missing-key", "unknown-key", "unused-entry"][..2]
    );
}

#[test]
fn a_rule_needs_a_citation_and_a_name() {
    let text = format!("{HEAD}{}", rule("r", "is_moe", ""));
    assert!(codes_of(&text.replace("cite = \"s\"\n", "")).contains(&"no-citation"));
    assert!(codes_of(&text.replace("id = \"r\"", "id = \"R 1\"")).contains(&"bad-id"));
    assert!(
        codes_of(&text.replace("level = \"flag\"", "level = \"flags\""))
            .contains(&"word-not-listed")
    );
    assert!(codes_of(&text.replace("about = \"model\"\n", "")).contains(&"rule-entry"));
    assert!(codes_of(&text.replace("format = 1", "format = 2")).contains(&"rulebook-format"));
    let then = "then = { deadline = \"two weeks\" }";
    assert_eq!(
        codes_of(&format!("{HEAD}{}", rule("r", "is_moe", then))),
        ["bad-period"]
    );
    let twice = format!("{text}{}", rule("r", "is_gpai", ""));
    assert_eq!(codes_of(&twice), ["duplicate-id"]);
}

#[test]
fn a_word_that_is_not_listed_is_pointed_out_once() {
    let text = format!("{HEAD}{}", rule("r", "is_moe", ""));
    let about = text.replace("about = \"model\"", "about = \"modl\"");
    assert_eq!(codes_of(&about), ["word-not-listed"]);
    let level = text.replace("level = \"flag\"", "level = \"flags\"");
    assert_eq!(codes_of(&level), ["word-not-listed"]);
    let exception = "[[rule]]\nid = \"x\"\ncite = \"s\"\noverrides = [\"r\"]\nwhen = \"is_gpai\"\n";
    assert_eq!(
        codes_of(&format!("{about}{exception}")),
        ["word-not-listed"]
    );
}

#[test]
fn a_condition_that_never_changes_is_underlined_itself() {
    insta::assert_snapshot!(shown("is_moe OR NOT is_moe"), @r#"
    error[always-same]: the condition of rule `r` is true whatever the facts are
      --> book.toml:17:8
       |
    17 | when = "is_moe OR NOT is_moe"
       |        ^^^^^^^^^^^^^^^^^^^^^^
    help: correct the lines: two of them leave nothing in between, or leave nothing out
    "#);
}

#[test]
fn exceptions_have_an_order_and_one_subject() {
    let two = |one: &str, other: &str| {
        codes_of(&format!(
            "{HEAD}{}{}",
            rule("a", "is_moe", one),
            rule("b", "is_gpai", other)
        ))
    };
    assert_eq!(two("", "overrides = [\"a\"]"), [] as [&str; 0]);
    assert_eq!(
        two("overrides = [\"b\"]", "overrides = [\"a\"]"),
        ["circular-rules"]
    );
    assert_eq!(two("overrides = [\"a\"]", ""), ["circular-rules"]);
    assert_eq!(two("", "overrides = [\"c\"]"), ["dangling-rule"]);
    let chip = rule("b", "is_gpai", "overrides = [\"a\"]").replace("\"model\"", "\"chip\"");
    assert_eq!(
        codes_of(&format!("{HEAD}{}{chip}", rule("a", "is_moe", ""))),
        ["override-other-subject"]
    );
    let circle = format!(
        "{HEAD}{}{}",
        rule("a", "applies('b')", ""),
        rule("b", "applies('a')", "")
    );
    assert_eq!(codes_of(&circle), ["circular-rules"]);
    let predicates = "[predicate]\nx = \"y OR is_moe\"\ny = \"x OR is_gpai\"\n";
    let circle = format!("{HEAD}{predicates}{}", rule("a", "x", ""));
    assert_eq!(codes_of(&circle), ["circular-rules"]);
    let shadow = format!(
        "{HEAD}[predicate]\nis_moe = \"is_gpai\"\n{}",
        rule("a", "is_moe", "")
    );
    assert!(codes_of(&shadow).contains(&"duplicate-id"));
}

#[test]
fn tests_in_the_file_are_checked_like_the_rest() {
    let test = |lines: &str| {
        with(&format!(
            "[[test]]\nname = \"n\"\non = 2026-01-01\n{lines}\n"
        ))
    };
    assert_eq!(
        test("given = { is_moe = true }\nexpect = { r = \"applies\" }"),
        [] as [&str; 0]
    );
    assert_eq!(
        test("given = { is_mo = true }\nexpect = { r = \"applies\" }"),
        ["unknown-fact"]
    );
    assert_eq!(
        test("given = { operations.eu = \"1 FLOP\" }\nexpect = { r = \"applies\" }"),
        ["unknown-convention"]
    );
    assert_eq!(test("expect = { q = \"applies\" }"), ["dangling-rule"]);
    assert_eq!(test("expect = { r = \"maybe\" }"), ["word-not-listed"]);
    assert_eq!(test("given = { is_moe = true }"), ["missing-key"]);
}

#[test]
fn lines_of_a_book_are_listed_for_a_day() {
    let book = checked(&book_with_rule(
        "operations('eu-training') > $line OR tpp >= 4800 TPP",
    ));
    let on = "2026-01-01".parse().unwrap();
    let lines: Vec<String> = book
        .lines(on, on)
        .iter()
        .map(|l| format!("{} {} {}", l.fact, l.comparator, l.at))
        .collect();
    assert_eq!(
        lines,
        ["operations.eu-training > 1e25 FLOP", "tpp >= 4800 TPP"]
    );
}

/// A book with a deadline and one test of it.
fn clocked(expect: &str) -> String {
    let more = "then = { deadline = \"P2W\" }\nclock = { fact = \"trained_on\", event = \"e\" }";
    HEAD.to_owned()
        + &rule("r", "is_gpai", more)
        + "[[test]]\nname = \"n\"\non = 2026-11-01\ngiven = { is_gpai = true, trained_on = 2026-10-20 }\n"
        + expect
}

#[test]
fn a_test_says_the_day_it_falls_due_and_the_alarms() {
    let failures = |expect: &str| {
        let outcomes = crate::run_tests(&checked(&clocked(expect)));
        outcomes.first().unwrap().failures.join("; ")
    };
    let on = "expect = { r = { verdict = \"applies\", due = 2026-11-03 } }\n";
    assert_eq!(failures(on), "");
    assert_eq!(failures(&format!("{on}alarms = [\"stale\"]\n")), "");
    assert_eq!(
        failures("expect = { r = { verdict = \"applies\", due = \"2026-11-04\" } }\n"),
        "`r` should fall due by 2026-11-04 and falls due by 2026-11-03"
    );
    assert_eq!(
        failures("expect = { r = { verdict = \"applies\", due = \"none\" } }\n"),
        "`r` should fall due on no known day and falls due by 2026-11-03"
    );
    assert_eq!(
        failures(&format!("{on}alarms = []\n")),
        "the alarms should be nothing and are `stale`"
    );
    let soon = clocked("expect = { r = { verdict = \"applies\", due = \"soon\" } }\n");
    assert_eq!(codes_of(&soon), ["rule-entry"]);
}

#[test]
fn the_page_of_the_format_lists_every_word() {
    use weigh_facts::{
        Certainty, Enforcement, Level, Sensitivity, SubjectKind, TextStatus, Verdict,
    };
    const PAGE: &str = include_str!("../../rulebooks/README.md");
    let row = |key: &str, words: &[&str]| {
        let words: Vec<String> = words.iter().map(|w| format!("`{w}`")).collect();
        let row = format!("| {key} | {} |", words.join(", "));
        assert!(PAGE.lines().any(|line| line == row), "no row {row}");
    };
    fn all<T: Copy>(words: &[T], word: fn(T) -> &'static str) -> Vec<&'static str> {
        words.iter().map(|w| word(*w)).collect()
    }
    row("`about`", &all(SubjectKind::ALL, SubjectKind::as_str));
    row("`level`", &all(Level::ALL, Level::as_str));
    row("`text_status`", &all(TextStatus::ALL, TextStatus::as_str));
    row("`enforcement`", &all(Enforcement::ALL, Enforcement::as_str));
    let mut certainties = all(Certainty::ALL, Certainty::as_str);
    certainties.reverse();
    row("`certainty`", &certainties);
    row("`basis`", &all(crate::Basis::ALL, crate::Basis::as_str));
    row("`expect`, `possible`", &all(Verdict::ALL, Verdict::as_str));
    row("`type` of a fact", weigh_facts::FactType::WORDS);
    row(
        "`sensitivity` of a fact",
        &all(Sensitivity::ALL, Sensitivity::as_str),
    );
}
