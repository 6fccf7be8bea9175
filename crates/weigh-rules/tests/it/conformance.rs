//! The conformance suite, our side: each case is put to the checker and the evaluator, and the page
//! shows every case as the data has it. The other side is asked by `cargo xtask conformance`.

use std::fmt::Write as _;

use weigh_facts::{Diagnostic, Dictionary, Facts, Grade, Item, MethodId, Origin, Table, Verdict};
use weigh_rules::{Library, assess, check};

const CASES: &str = include_str!("../../../../docs/reference/conformance/engines.toml");
const PAGE: &str = include_str!("../../../../docs/reference/conformance.md");

/// The engines of the trial, in the order of the page.
const ENGINES: [&str; 5] = ["duckdb", "polars", "datafusion", "sqlite", "spark"];

struct Case {
    id: String,
    title: String,
    sql: String,
    engines: Vec<(String, String)>,
    when: String,
    facts: String,
    expect: String,
    refused: Option<String>,
    code: Option<String>,
}

fn cases() -> Vec<Case> {
    let mut errors: Vec<Diagnostic> = Vec::new();
    let mut file = Table::parse(CASES).expect("the cases are TOML");
    assert_eq!(file.count("format", &mut errors), Some(1));
    let tables = file.tables("case", &mut errors);
    file.finish(&mut errors);
    let cases = tables.into_iter().map(|mut table| {
        let engines = table
            .table("engines", &mut errors)
            .map(|mut t| t.take_all());
        let engines = engines
            .into_iter()
            .flatten()
            .map(|(name, _, node)| match node.item {
                Item::Text(answer) => (name, answer),
                _ => panic!("`{name}` gives no answer"),
            });
        let mut text = |key| table.required_text(key, &mut errors).unwrap_or_default();
        let case = Case {
            id: text("id"),
            title: text("title"),
            sql: text("sql"),
            engines: engines.collect(),
            when: text("when"),
            expect: text("expect"),
            facts: table.text("facts", &mut errors).unwrap_or_default(),
            refused: table.text("refused", &mut errors),
            code: table.text("code", &mut errors),
        };
        table.finish(&mut errors);
        case
    });
    let cases: Vec<Case> = cases.collect();
    assert!(errors.is_empty(), "{errors:?}");
    cases
}

/// What we make of a case, in the words of the data.
fn ours(case: &Case) -> (String, Option<String>, Option<String>) {
    let refused = |what: &str, found: Vec<Diagnostic>| {
        let code = found.first().map(|d| d.code.to_owned());
        ("refused".to_owned(), Some(what.to_owned()), code)
    };
    let book = format!(
        "format = 1\n[rulebook]\nid = \"suite\"\ntitle = \"t\"\nknown_through = 2026-10-01\n\
         text_status = [{{ value = \"in-force\" }}]\nenforcement = [{{ value = \"none\" }}]\n\
         [source.s]\ntitle = \"S\"\nhref = \"h\"\ncertainty = \"secondary\"\n\
         [[rule]]\nid = \"r\"\nabout = \"model\"\nlevel = \"flag\"\ncite = \"s\"\nwhen = \"{}\"\n",
        case.when
    );
    let book = match check(&book, &Library::shipped()) {
        Ok(book) => book,
        Err(found) => return refused("rule", found),
    };
    let origin = Origin {
        grade: Grade::Declared,
        method: MethodId::new("suite/1"),
        sources: vec![],
    };
    let text = format!("format = 1\n[facts]\n{}\n", case.facts);
    let facts = match Facts::from_toml(&text, &Dictionary::shipped(), &origin) {
        Ok(facts) => facts,
        Err(found) => return refused("fact", found),
    };
    let on = "2026-09-01".parse().expect("a day");
    let verdict = assess(&book, &facts, on, on).findings[0].verdict;
    assert_ne!(verdict, Verdict::NotInForce);
    (verdict.as_str().to_owned(), None, None)
}

#[test]
fn every_case_comes_out_as_the_suite_says() {
    for case in cases() {
        let expected = (case.expect.clone(), case.refused.clone(), case.code.clone());
        assert_eq!(ours(&case), expected, "`{}`: {}", case.id, case.when);
    }
}

/// One row of the page: the question, what each engine says, what we say.
fn row(case: &Case) -> String {
    let mut row = format!("| `{}` | `{}` |", case.id, case.sql);
    for engine in ENGINES {
        let answer = case.engines.iter().find(|(name, _)| name == engine);
        let _ = write!(row, " {} |", answer.map_or("", |(_, answer)| answer));
    }
    let ours = match (&case.refused, &case.code) {
        (Some(what), Some(code)) => format!("{what} refused: [`{code}`](errors.md#{code})"),
        _ => case.expect.clone(),
    };
    let facts: Vec<&str> = case.facts.lines().collect();
    let given = match facts.is_empty() {
        true => String::new(),
        false => format!(" given `{}`", facts.join("; ")),
    };
    let _ = write!(row, " `{}`{given} | {ours} |", case.when);
    row
}

#[test]
fn the_page_shows_every_case_as_the_data_has_it() {
    let missing: Vec<String> = cases()
        .iter()
        .map(row)
        .filter(|row| !PAGE.lines().any(|line| line == row))
        .collect();
    assert!(
        missing.is_empty(),
        "the page lacks these rows:\n{}",
        missing.join("\n")
    );
}

#[test]
fn cases_have_names_of_their_own_and_say_what_they_ask() {
    let cases = cases();
    let mut ids: Vec<&str> = cases.iter().map(|c| c.id.as_str()).collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), cases.len());
    for case in &cases {
        assert!(!case.title.is_empty());
        assert!(
            case.engines.iter().any(|(name, _)| name == "duckdb"),
            "{}",
            case.id
        );
        let known = |(name, _): &(String, String)| ENGINES.contains(&name.as_str());
        assert!(case.engines.iter().all(known), "{}", case.id);
    }
}
