//! What a statement says, and what stays out of it. Whether an engine then answers as we do is
//! measured by `cargo xtask conformance`.

use weigh_facts::{FactName, Facts, Value};

use super::*;
use crate::testing::{HEAD, book_with_rule, checked, day, facts, rule};

fn emitted(text: &str) -> Emitted {
    try_emit(text).unwrap()
}

fn try_emit(text: &str) -> Result<Emitted, EmitError> {
    let (on, known) = (day("2026-01-01"), day("2026-10-01"));
    emit(&checked(text), on, known, Dialect::DuckDb)
}

/// The statement behind its header.
fn statement(emitted: &Emitted) -> String {
    let lines = emitted.query().lines();
    let lines = lines.skip_while(|line| line.starts_with("--"));
    lines.collect::<Vec<_>>().join("\n")
}

fn left_out(emitted: &Emitted) -> Vec<(&str, &str)> {
    let rules = emitted.rules.iter();
    rules
        .filter_map(|r| Some((r.id.as_str(), r.left_out.as_deref()?)))
        .collect()
}

#[test]
fn a_line_compares_both_ends_and_leaves_the_middle_open() {
    let text = book_with_rule("is_gpai AND operations('eu-cumulative') > $line");
    insta::assert_snapshot!(statement(&emitted(&text)), @r#"
    WITH "step 1" AS (
      SELECT *,
        -- operations('eu-cumulative') > $line
        CASE WHEN "operations.eu-cumulative__low" > CAST('10000000000000000000000000' AS DECIMAL(38, 7)) THEN TRUE
             WHEN "operations.eu-cumulative__high" <= CAST('10000000000000000000000000' AS DECIMAL(38, 7)) THEN FALSE END AS "comparison 2"
      FROM subjects
    ),
    "step 2" AS (
      SELECT *,
        -- is_gpai AND operations('eu-cumulative') > $line
        ("is_gpai" AND "comparison 2") AS "rule r"
      FROM "step 1"
    )
    SELECT subject_id,
      "rule r" AS "r"
    FROM "step 2"
    "#);
}

#[test]
fn a_table_has_a_column_for_every_part_of_a_fact() {
    let text = book_with_rule(
        "tpp > 4800 TPP OR contains(generates, 'text') OR trained_on > '2025-01-01' OR color = 'red' OR is_gpai",
    );
    insta::assert_snapshot!(emitted(&text).table(), @r#"
    CREATE TABLE subjects (
      subject_id VARCHAR,
      "tpp__low" DECIMAL(38, 18),
      "tpp__high" DECIMAL(38, 18),
      "generates__text" BOOLEAN,
      "trained_on" DATE,
      "color" VARCHAR,
      "is_gpai" BOOLEAN
    )
    "#);
}

#[test]
fn a_code_outside_an_open_list_stays_unknown() {
    let text = book_with_rule("destination IN ($some)");
    let open = statement(&emitted(&text));
    assert!(
        open.contains("CASE WHEN \"destination\" IN ('CN', 'RU') THEN TRUE END"),
        "{open}"
    );
    let text = book_with_rule("destination IN ($d5)");
    let whole = statement(&emitted(&text));
    assert!(
        whole.contains("\"destination\" IN ('CN', 'RU')") && !whole.contains("CASE"),
        "{whole}"
    );
}

#[test]
fn days_decide_before_subjects_do() {
    let text = HEAD.to_owned()
        + &rule("ended", "is_gpai", "until = 2025-06-01")
        + &rule("unheard-of", "flag_b", "known = 2026-11-01")
        + &rule(
            "exception",
            "flag_b",
            "overrides = [\"ruled\"]\nuntil = 2025-06-01",
        )
        + &rule("ruled", "is_gpai", "");
    let out = statement(&emitted(&text));
    assert!(out.contains("FALSE AS \"ended\""), "{out}");
    assert!(
        out.contains("CAST(NULL AS BOOLEAN) AS \"unheard-of\""),
        "{out}"
    );
    assert!(
        out.contains("\"is_gpai\" AS \"ruled\""),
        "an exception that ended excepts nothing: {out}"
    );
}

#[test]
fn what_needs_records_is_left_out_with_all_that_rests_on_it() {
    let text = HEAD.to_owned()
        + &rule("in-records", "any(training_stages, is_public)", "")
        + &rule("rests-on-it", "is_gpai AND applies('in-records')", "")
        + &rule("excepted-by-it", "flag_b", "")
        + &rule(
            "exception",
            "is_gpai AND any(training_stages, is_public)",
            "overrides = [\"excepted-by-it\"]",
        )
        + &rule("free", "is_gpai", "");
    let emitted = emitted(&text);
    let names: Vec<&str> = left_out(&emitted).into_iter().map(|(id, _)| id).collect();
    assert_eq!(
        names,
        ["in-records", "rests-on-it", "excepted-by-it", "exception"]
    );
    assert!(
        emitted
            .query()
            .contains("LEFT OUT `rests-on-it` depends on `in-records`")
    );
    assert!(!statement(&emitted).contains("in-records"));
    let alone = try_emit(&book_with_rule("any(training_stages, is_public)"));
    assert!(matches!(alone, Err(EmitError::NothingLeft { reasons, .. }) if reasons.len() == 1));
}

#[test]
fn numbers_that_would_not_fit_are_refused_and_others_get_room() {
    let counts = "operations('eu-cumulative') * operations('eu-training') > 1 FLOP*FLOP";
    let refused = try_emit(&book_with_rule(counts));
    assert!(
        matches!(&refused, Err(EmitError::NothingLeft { reasons, .. }) if reasons[0].contains("more than 38")),
        "{refused:?}"
    );
    let share = "4 * operations('eu-cumulative') > 0.0001 * operations('eu-training')";
    for column in emitted(&book_with_rule(share)).columns {
        let ColumnType::Decimal { digits, places } = column.kind else {
            panic!("{column:?}")
        };
        assert!(digits - places >= 29 && digits <= 34, "{column:?}");
    }
    let long = format!("tpp > 1e45 TPP OR tpp > 0.{}1 TPP", "0".repeat(30));
    let refused = try_emit(&book_with_rule(&long));
    assert!(
        matches!(refused, Err(EmitError::NothingLeft { .. })),
        "{refused:?}"
    );
}

#[test]
fn a_table_serves_every_day() {
    let text = book_with_rule("operations('eu-cumulative') > $line").replace(
        "source = \"s\" }]\n[[rule]]",
        "source = \"s\" }, { from = 2026-06-01, value = \"0.125\", source = \"s\" }]\n[[rule]]",
    );
    let book = checked(&(text + &rule("later", "flag_b", "from = 2026-06-01")));
    let on = |on: &str| emit(&book, day(on), day("2026-10-01"), Dialect::DuckDb).unwrap();
    assert_ne!(on("2026-01-01").query(), on("2026-09-01").query());
    assert_eq!(on("2026-01-01").table(), on("2026-09-01").table());
}

#[test]
fn text_of_a_book_cannot_leave_its_comment_or_its_quotes() {
    let text = book_with_rule("destination IN ($d5)")
        .replace(
            "title = \"t\"",
            "title = \"t\\nDROP TABLE subjects; --\\u2028x\"",
        )
        .replace("[\"CN\", \"RU\"]", "[\"CN\", \"X'); DROP\"]");
    let emitted = emitted(&text);
    let drops = emitted.query().lines().filter(|line| line.contains("DROP"));
    for line in drops {
        let is_comment = line.starts_with("-- ");
        assert!(is_comment || line.contains("'X''); DROP'"), "{line}");
    }
    assert!(!emitted.query().contains('\u{2028}'));
}

#[test]
fn bounds_are_rounded_outward_and_open_where_a_column_ends() {
    let emitted = emitted(&book_with_rule("tpp > 4800 TPP"));
    let name: FactName = "tpp".parse().unwrap();
    let cells = |given: &str| emitted.cells(&facts(&format!("tpp = \"{given} TPP\"")));
    let cell = |text: &str| Some(text.to_owned());
    assert_eq!(cells("0.1..0.2"), [cell("0.1"), cell("0.2")]);
    assert_eq!(
        cells("1.0000000000000000001"),
        [cell("1"), cell("1.000000000000000001")]
    );
    let most = "99999999999999999999.999999999999999999";
    assert_eq!(cells("1e30"), [cell(most), None]);
    assert_eq!(emitted.cells(&Facts::new()), [None, None]);
    let fitted = emitted.fitted(&facts("tpp = \"1e30 TPP\""));
    let fitted = &fitted.get(&name).unwrap().value;
    assert!(
        matches!(fitted, Value::Quantity(e) if e.high().is_none() && e.low().unwrap().to_plain() == most)
    );
}

#[test]
fn columns_that_an_engine_would_confuse_are_refused() {
    let mut dictionary = crate::testing::dictionary();
    let fact = "format = 1\n[fact.tags]\ntype = \"set\"\nvalues = [\"Text\", \"text\"]\nabout = \"model\"\nmeaning = \"m\"\nask = \"a?\"\nsource = \"s\"\nsensitivity = \"public\"\n";
    dictionary.add(fact).unwrap();
    let library = crate::Library {
        dictionary,
        ..crate::Library::shipped()
    };
    let text = book_with_rule("contains(tags, 'Text') OR contains(tags, 'text')");
    let book = crate::check(&text, &library).unwrap();
    let error = emit(&book, day("2026-01-01"), day("2026-10-01"), Dialect::DuckDb).unwrap_err();
    assert_eq!(error.code(), "shared-column");
}

#[test]
fn every_shipped_rulebook_is_emitted_whole_or_says_why_not() {
    for book in crate::load_shipped() {
        let on = book.known_through();
        let emitted = emit(&book, on, on, Dialect::DuckDb).unwrap();
        assert_eq!(emitted.rules.len(), book.rules().count());
        for (id, reason) in left_out(&emitted) {
            assert!(reason.contains(id), "{reason}");
        }
    }
}
