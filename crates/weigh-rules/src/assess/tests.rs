//! What is said of facts, and what is said of their absence.

use insta::assert_snapshot;
use weigh_facts::{Coverage, Verdict};

use crate::testing::{HEAD, assessed, book_with_rule, checked, day, facts, rule};
use crate::{Finding, assess, explain};

/// One rule's condition and facts in, trace out. The only place that knows the API.
fn said(when: &str, given: &str) -> String {
    assessed(&book_with_rule(when), given).to_string()
}

fn finding(when: &str, given: &str) -> Finding {
    assessed(&book_with_rule(when), given).findings.remove(0)
}

fn verdict(when: &str, given: &str) -> Verdict {
    finding(when, given).verdict
}

fn needs(when: &str, given: &str) -> Vec<String> {
    let finding = finding(when, given);
    finding.missing.iter().map(|n| n.fact.to_string()).collect()
}

#[test]
fn false_beats_unknown_in_a_conjunction() {
    assert_snapshot!(said("is_gpai AND operations('eu-cumulative') > 1e25 FLOP", "is_gpai = false"), @"
    r: does not apply
      is_gpai                  = false
      operations.eu-cumulative = missing; the line is > 1.00e25 FLOP, and not needed
    ");
}

#[test]
fn what_would_settle_it_is_named() {
    assert_snapshot!(said("is_gpai AND operations('eu-cumulative') > $line", "operations.eu-cumulative = \"8e24..2e25 FLOP\""), @"
    r: indeterminate
      is_gpai                  = missing
      operations.eu-cumulative = 8.00e24 FLOP to 2.00e25 FLOP; the line is > 1.00e25 FLOP
      would be settled by is_gpai, operations.eu-cumulative
    ");
}

#[test]
fn on_the_line_the_operator_decides() {
    let on = "operations.eu-cumulative = \"1e26 FLOP\"";
    assert_eq!(
        verdict("operations('eu-cumulative') >= 1e26 FLOP", on),
        Verdict::Applies
    );
    assert_eq!(
        verdict("operations('eu-cumulative') > 1e26 FLOP", on),
        Verdict::DoesNotApply
    );
    assert_eq!(
        verdict("operations('eu-cumulative') <= 1e26 FLOP", on),
        Verdict::Applies
    );
    assert_eq!(
        verdict("operations('eu-cumulative') < 1e26 FLOP", on),
        Verdict::DoesNotApply
    );
    assert_eq!(
        verdict("operations('eu-cumulative') = 1e26 FLOP", on),
        Verdict::Applies
    );
    assert_eq!(
        verdict("1e26 FLOP < operations('eu-cumulative')", on),
        Verdict::DoesNotApply
    );
    let below = "operations.eu-cumulative = \"99999999999999999999999999 FLOP\"";
    assert_eq!(
        verdict("operations('eu-cumulative') >= 1e26 FLOP", below),
        Verdict::DoesNotApply
    );
}

#[test]
fn the_same_for_every_value_is_decided() {
    let when = "(operations('eu-cumulative') > $line OR operations('eu-cumulative') < 2 * $line) AND is_moe";
    assert_eq!(verdict(when, "is_moe = true"), Verdict::Applies);
    assert!(finding(when, "is_moe = true").decided_by_cases);
    assert_eq!(needs(when, ""), ["is_moe"], "operations cannot change it");
}

#[test]
fn bounds_decide_inside_themselves_only() {
    let when = "operations('eu-cumulative') > 1e24 FLOP AND operations('eu-cumulative') < 1e26 FLOP OR is_moe";
    assert_eq!(
        verdict(when, "operations.eu-cumulative = \"2e24..2e25 FLOP\""),
        Verdict::Applies
    );
    let straddling = "operations.eu-cumulative = \"2e24..2e26 FLOP\"";
    assert_eq!(
        needs(when, straddling),
        ["is_moe", "operations.eu-cumulative"]
    );
}

#[test]
fn best_values_never_decide() {
    let text = "[facts.operations.eu-cumulative]\nvalue = \"..1e26 FLOP\"\nbest = \"9e25 FLOP\"\ncoverage = \"0.90\"";
    let found = assessed(&book_with_rule("operations('eu-cumulative') > $line"), text);
    assert_eq!(found.findings[0].verdict, Verdict::Indeterminate);
}

#[test]
fn the_verdict_names_the_coverage_it_rests_on() {
    let wide = "[facts.operations.eu-cumulative]\nvalue = \"2e25..1e26 FLOP\"\ncoverage = \"0.90\"";
    let found = finding("operations('eu-cumulative') > $line", wide);
    assert_eq!(
        (found.verdict, found.coverage),
        (Verdict::Applies, Some(Coverage::Percent(90)))
    );
    let flag = finding(
        "operations('eu-cumulative') > $line OR is_moe",
        &format!("is_moe = true\n{wide}"),
    );
    assert_eq!(flag.coverage, Some(Coverage::Percent(90)), "both decide");
    let not_needed = finding(
        "operations('eu-cumulative') > $line AND is_moe",
        &format!("is_moe = false\n{wide}"),
    );
    assert_eq!(not_needed.coverage, None, "the bounds were not needed");
}

#[test]
fn lists_that_are_not_complete_leave_other_codes_open() {
    assert_eq!(
        verdict("destination IN ($d5)", "destination = \"FR\""),
        Verdict::DoesNotApply
    );
    assert_eq!(
        verdict("destination IN ($some)", "destination = \"FR\""),
        Verdict::Indeterminate
    );
    assert_eq!(
        verdict("destination NOT IN ($some)", "destination = \"FR\""),
        Verdict::Indeterminate
    );
    assert_eq!(
        verdict("destination IN ($some)", "destination = \"CN\""),
        Verdict::Applies
    );
    assert_eq!(
        needs("destination IN ($some)", "destination = \"FR\""),
        [] as [&str; 0]
    );
}

#[test]
fn records_are_searched_and_summed_with_what_is_missing() {
    let when = "any(training_stages, purpose = 'synthetic-data' AND ops > $line)";
    let stage = |inner: &str| format!("training_stages = [{inner}]");
    let big = "{ purpose = \"synthetic-data\", ops = \"2e25 FLOP\" }";
    let small = "{ purpose = \"synthetic-data\", ops = \"1e24 FLOP\" }";
    let vague = "{ purpose = \"synthetic-data\" }";
    assert_eq!(verdict(when, &stage(big)), Verdict::Applies);
    assert_eq!(verdict(when, &stage(small)), Verdict::DoesNotApply);
    assert_eq!(
        verdict(when, &stage(&format!("{small}, {vague}"))),
        Verdict::Indeterminate
    );
    assert_eq!(
        verdict(when, &stage(&format!("{small}, \"...\""))),
        Verdict::Indeterminate
    );
    assert_eq!(
        verdict(when, &stage(&format!("{big}, \"...\""))),
        Verdict::Applies
    );
    assert_eq!(needs(when, ""), ["training_stages"]);
    let sum = "sum(training_stages, ops) > $line";
    assert_eq!(
        verdict(sum, &stage(&format!("{small}, {big}, \"...\""))),
        Verdict::Applies
    );
    assert_eq!(verdict(sum, &stage(small)), Verdict::DoesNotApply);
    assert_eq!(verdict(sum, &stage(vague)), Verdict::Indeterminate);
    let all = "all(training_stages, ops > $line)";
    assert_eq!(verdict(all, &stage(big)), Verdict::Applies);
    assert_eq!(
        verdict(all, &stage(&format!("{big}, \"...\""))),
        Verdict::Indeterminate
    );
    assert_eq!(verdict(all, &stage(small)), Verdict::DoesNotApply);
    assert_eq!(
        verdict("count(training_stages) > 1", &stage(small)),
        Verdict::DoesNotApply
    );
}

#[test]
fn ratios_are_compared_without_division() {
    let when = "3 * operations_added('eu-cumulative') > operations('eu-cumulative')";
    let given = |added: &str| {
        format!(
            "operations.eu-cumulative = \"3e24 FLOP\"\noperations_added.eu-cumulative = \"{added} FLOP\""
        )
    };
    assert_eq!(verdict(when, &given("1e24")), Verdict::DoesNotApply);
    assert_eq!(
        verdict(when, &given("1000000000000000000000001")),
        Verdict::Applies
    );
    assert_eq!(
        needs(when, "operations.eu-cumulative = \"3e24 FLOP\""),
        ["operations_added.eu-cumulative"]
    );
}

/// A rule and an exception to it.
fn with_exception(given: &str) -> Vec<Finding> {
    let exception = rule(
        "x",
        "is_gpai",
        "overrides = [\"a\"]\nthen = { tier = \"low\" }",
    );
    let text = format!(
        "{HEAD}{}{exception}",
        rule("a", "is_moe", "then = { tier = \"high\" }")
    );
    assessed(&text, given).findings
}

#[test]
fn an_exception_that_holds_takes_the_rule_away_and_an_unknown_one_leaves_it_open() {
    let verdicts = |given| {
        with_exception(given)
            .into_iter()
            .map(|f| f.verdict)
            .collect::<Vec<_>>()
    };
    assert_eq!(
        verdicts("is_moe = true\nis_gpai = true"),
        [Verdict::DoesNotApply, Verdict::Applies]
    );
    assert_eq!(
        verdicts("is_moe = true\nis_gpai = false"),
        [Verdict::Applies, Verdict::DoesNotApply]
    );
    assert_eq!(
        verdicts("is_moe = true"),
        [Verdict::Indeterminate, Verdict::Indeterminate]
    );
    assert_eq!(
        verdicts("is_moe = false"),
        [Verdict::DoesNotApply, Verdict::Indeterminate]
    );
    let open = &with_exception("is_moe = true")[0];
    assert_eq!(
        open.maybe_overridden_by
            .iter()
            .map(|r| r.as_str())
            .collect::<Vec<_>>(),
        ["x"]
    );
    assert_eq!(open.missing[0].fact.as_str(), "is_gpai");
    assert!(open.missing[0].alone);
}

#[test]
fn contradictions_are_reported_and_not_ranked() {
    let text = format!(
        "{HEAD}{}{}",
        rule("a", "is_moe", "then = { tier = \"high\" }"),
        rule("b", "is_gpai", "then = { tier = \"low\" }")
    );
    let both = assessed(&text, "is_moe = true\nis_gpai = true");
    assert_eq!(both.conflicts.len(), 1);
    assert_eq!(
        (
            both.conflicts[0].one.1.as_str(),
            both.conflicts[0].other.1.as_str()
        ),
        ("high", "low")
    );
    assert!(both.conflicts[0].one.2.start < both.conflicts[0].other.2.start);
    assert_eq!(both.findings[0].conflicts_with[0].as_str(), "b");
    assert_eq!(both.findings[1].conflicts_with[0].as_str(), "a");
    assert!(
        assessed(&text, "is_moe = true\nis_gpai = false")
            .conflicts
            .is_empty()
    );
}

#[test]
fn results_of_other_rules_can_be_read_in_any_file_order() {
    let text = format!(
        "{HEAD}{}{}",
        rule("late", "applies('early') AND is_gpai", ""),
        rule("early", "is_moe", "")
    );
    let found = assessed(&text, "is_moe = true\nis_gpai = true");
    assert_eq!(found.findings[0].verdict, Verdict::Applies);
    assert_eq!(
        assessed(&text, "is_gpai = true").findings[0].missing[0]
            .fact
            .as_str(),
        "is_moe"
    );
}

#[test]
fn days_decide_what_is_read() {
    let values = "{ from = 2025-01-01, value = \"1e25\", source = \"s\" }, { from = 2026-06-01, value = \"1e26\", source = \"s\", known = 2026-05-01 }";
    let text = format!(
        "{HEAD}[param.line]\nunit = \"FLOP\"\nvalues = [{values}]\n{}",
        rule(
            "r",
            "operations('eu-cumulative') > $line",
            "until = 2027-01-01"
        )
    );
    let book = checked(&text);
    let given = facts("operations.eu-cumulative = \"5e25 FLOP\"");
    let on = |on: &str, known: &str| {
        let mut found = assess(&book, &given, day(on), day(known));
        found.findings.remove(0)
    };
    assert_eq!(on("2024-12-31", "2026-10-01").verdict, Verdict::NotInForce);
    assert_eq!(on("2025-01-01", "2026-10-01").verdict, Verdict::Applies);
    assert_eq!(
        on("2026-06-01", "2026-10-01").verdict,
        Verdict::DoesNotApply
    );
    assert_eq!(
        on("2026-06-01", "2026-04-30").verdict,
        Verdict::Applies,
        "not known yet"
    );
    assert_eq!(on("2027-01-01", "2027-01-01").verdict, Verdict::NotInForce);
    assert!(!on("2026-10-01", "2026-10-01").stale && on("2026-10-02", "2026-10-02").stale);
}

#[test]
fn what_was_not_known_yet_leaves_a_rule_open_and_asks_for_nothing() {
    let param = "[param.line]\nunit = \"FLOP\"\nvalues = [{ from = 2025-01-01, known = 2025-03-01, value = \"1e25\", source = \"s\" }]\n";
    let rules = [
        rule("a", "operations('eu-cumulative') > $line AND is_moe", ""),
        rule("b", "is_moe", "known = 2025-02-01"),
        rule("c", "is_gpai", ""),
        rule("d", "is_gpai AND applies('b')", ""),
    ];
    let book = checked(&format!("{HEAD}{param}{}", rules.concat()));
    let on = |known: &str, given: &str| -> Vec<(Verdict, bool, usize)> {
        let found = assess(&book, &facts(given), day("2026-01-01"), day(known));
        let each = found.findings.iter();
        each.map(|f| (f.verdict, f.text_status.is_some(), f.missing.len()))
            .collect()
    };
    let unread = (Verdict::Indeterminate, false, 0);
    let applies = (Verdict::Applies, true, 0);
    let yes = "is_moe = true\nis_gpai = true\noperations.eu-cumulative = \"2e25 FLOP\"";
    assert_eq!(on("2024-12-31", yes), [unread; 4], "the book was not known");
    assert_eq!(on("2025-01-31", yes), [unread, unread, applies, unread]);
    assert_eq!(on("2025-02-28", yes), [unread, applies, applies, applies]);
    assert_eq!(on("2025-03-01", yes), [applies; 4]);
    assert_eq!(on("2025-02-28", "")[0], unread, "no fact would settle it");
    let settled = (Verdict::DoesNotApply, true, 0);
    assert_eq!(on("2025-02-28", "is_moe = false")[0], settled, "any line");
}

#[test]
fn many_missing_facts_are_as_many_questions_and_no_more() {
    let names = [
        "is_moe",
        "is_gpai",
        "flag_b",
        "is_adapter",
        "lora_capable",
        "is_narrow_task",
        "weights_published",
        "placed_on_eu_market",
        "commission_designated",
        "training_planned",
        "recipient_is_allied",
        "developer_is_trusted_lab",
        "used_on_sensitive_tasks",
        "derived_from_published_model",
        "systemic_rebuttal_accepted",
    ];
    let found = finding(&names.join(" AND "), "");
    assert!(!found.too_many_cases);
    assert_eq!(
        (found.verdict, found.missing.len()),
        (Verdict::Indeterminate, names.len())
    );
    assert_eq!(
        verdict(&names.join(" AND "), "is_moe = false"),
        Verdict::DoesNotApply
    );
}

/// Pairs whose halves stand far apart have no small diagram; that is said, and both outcomes remain.
#[test]
fn a_condition_too_tangled_to_work_out_is_said_to_be() {
    let half = |name: &str, offset: usize| {
        let line = |n: usize| {
            let operations = "operations('eu-training')";
            format!(
                "{name}{n} = \"{operations} > operations('eu-cumulative') + {} FLOP\"\n",
                n + offset
            )
        };
        (1..=17).map(line).collect::<String>()
    };
    let pairs: Vec<String> = (1..=17).map(|n| format!("a{n} AND b{n}")).collect();
    let text = [
        crate::testing::HEAD.to_owned(),
        format!("[predicate]\n{}{}", half("a", 0), half("b", 100)),
        crate::testing::rule("r", &pairs.join(" OR "), ""),
    ];
    let found = assessed(&text.concat(), "");
    let finding = found.findings.first().unwrap();
    assert!(finding.too_many_cases);
    assert_eq!(finding.possible.len(), 2);
    assert_eq!(
        finding.missing.len(),
        2,
        "every fact it mentions, as an upper limit"
    );
}

#[test]
fn an_explanation_is_a_tree() {
    let book = checked(&book_with_rule(
        "is_gpai AND (operations('eu-cumulative') > $line OR NOT is_moe)",
    ));
    let given = facts("is_gpai = true\noperations.eu-cumulative = \"3.8e25 FLOP\"");
    let found = explain(&book, "r", &given, day("2026-01-01"), day("2026-10-01")).unwrap();
    assert_snapshot!(found, @"
    r: applies
      true     all of
        true     is_gpai   <- true
        true     any of
          true     operations('eu-cumulative') > $line   <- 3.80e25 FLOP; the line is > 1.00e25 FLOP
          unknown  not
            unknown  is_moe   <- missing, and not needed
    ");
    let margin = &found.finding.margins()[0];
    assert_eq!(
        margin.share().map(|s| s.to_string()).as_deref(),
        Some("3.8")
    );
    assert!(explain(&book, "q", &given, day("2026-01-01"), day("2026-10-01")).is_none());
}

/// The day a rule with a clock falls due.
fn due(period: &str, from: &str, since: &str) -> Option<String> {
    let more = format!(
        "from = {since}\nthen = {{ deadline = \"{period}\" }}\nclock = {{ fact = \"trained_on\", event = \"e\" }}"
    );
    let text = HEAD.to_owned() + &rule("r", "is_gpai", &more);
    let given = format!("is_gpai = true\ntrained_on = {from}");
    let found = assessed(&text, &given);
    found.findings.first()?.due.map(|d| d.to_string())
}

#[test]
fn nothing_falls_due_before_the_rule_begins() {
    let due = |period, from| due(period, from, "2025-08-02").unwrap();
    assert_eq!(due("P2W", "2025-08-20"), "2025-09-03");
    assert_eq!(
        due("P2W", "2025-07-20"),
        "2025-08-03",
        "it runs into the rule"
    );
    assert_eq!(due("P2W", "2025-07-19"), "2025-08-02", "on its first day");
    assert_eq!(due("P2W", "2024-01-01"), "2025-08-02", "long before it");
    assert_eq!(due("PT24H", "2025-12-31"), "2026-01-01");
    assert_eq!(due("PT36H", "2025-12-31"), "2026-01-01", "the earliest day");
    assert_eq!(due("P1M", "2025-12-31"), "2026-01-31");
}
