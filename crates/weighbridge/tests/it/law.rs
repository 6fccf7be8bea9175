//! The law from the command line: pages, comparisons, advice, and their exit codes.

use std::path::Path;
use std::process::Command;

use serde_json::Value;

/// A file or folder of the repository.
fn example(name: &str) -> String {
    let path = format!("../../examples/law/{name}");
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join(path)
        .display()
        .to_string()
}

fn run(arguments: &[&str]) -> (i32, String, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_weighbridge"))
        .arg("rules")
        .args(arguments)
        .output()
        .expect("the binary starts");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (
        output.status.code().unwrap_or(-1),
        text(&output.stdout),
        text(&output.stderr),
    )
}

fn json(arguments: &[&str]) -> Value {
    let (code, out, err) = run(arguments);
    assert_eq!(code, 0, "{err}");
    serde_json::from_str(&out).expect("the output is JSON")
}

#[test]
fn a_file_named_without_its_folder_says_what_is_not_read() {
    let folder = example("../own-rulebook");
    let book = format!("{folder}/port-model-act.toml");
    for (verb, action) in [
        (&["test"][..], "name the folder instead of the file"),
        (&["lint"], "name the folder instead of the file"),
        (
            &["diff", "2026-01-01"],
            "add `--rulebooks` with that folder",
        ),
    ] {
        let (code, _, err) = run(&[verb, &[&book]].concat());
        assert_eq!(code, 2, "{err}");
        assert!(err.contains("are not read with this file alone"), "{err}");
        assert!(err.contains(action), "{err}");
    }
    let day = format!("{book}@2026-06-01");
    let with = run(&["diff", &book, &day, "--rulebooks", &folder]);
    assert_eq!(with.0, 0, "{}", with.2);
    let (_, _, err) = run(&["test", &example("../../fixtures/rulebook-with-mistakes")]);
    assert!(!err.contains("with this file alone"), "{err}");
}

#[test]
fn a_page_is_written_to_a_file_or_to_standard_output() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("law.html").display().to_string();
    let books = example("");
    let of = [
        "--rulebooks",
        &books,
        "--rulebook",
        "harbor-act",
        "--on",
        "2026-11-24",
    ];
    let (code, out, err) = run(&[&["page"], &of[..], &["-o", &file]].concat());
    assert_eq!((code, out.as_str()), (0, ""), "{err}");
    let page = std::fs::read_to_string(&file).expect("the page");
    assert!(page.contains("Harbor Act of Freedonia"));
    assert_eq!(run(&[&["page"], &of[..]].concat()).1, page);
    let shown = [
        "show",
        "harbor-act",
        "--rulebooks",
        &books,
        "--format",
        "html",
    ];
    assert_eq!(run(&[&shown[..], &["--on", "2026-11-24"]].concat()).1, page);
}

#[test]
fn what_was_shown_before_is_still_the_file() {
    let text = std::fs::read_to_string(example("harbor-act.toml")).expect("the book");
    let (code, out, _) = run(&["show", "harbor-act", "--rulebooks", &example("")]);
    assert_eq!((code, out), (0, text));
}

#[test]
fn days_books_and_files_are_compared() {
    let (book, strict) = (
        example("harbor-act.toml"),
        example("harbor-act-strict.toml"),
    );
    let books = example("");
    let of = [
        "--rulebooks",
        books.as_str(),
        "--on",
        "2025-06-01",
        "--format",
        "json",
    ];
    let differ = |one: &str, other: &str| {
        let found = json(&[&["diff", one, other], &of[..]].concat());
        let pairs = found["rulebooks"].as_array().expect("pairs").clone();
        let differences = pairs
            .iter()
            .flat_map(|p| p["differences"].as_array().cloned());
        differences
            .flatten()
            .map(|d| d["aspect"].to_string())
            .collect::<Vec<_>>()
    };
    assert_eq!(differ("harbor-act", &book), Vec::<String>::new());
    assert_eq!(
        differ("harbor-act@2025-06-01", "harbor-act"),
        Vec::<String>::new()
    );
    assert_eq!(differ("2025-06-01", "harbor-act"), Vec::<String>::new());
    assert_eq!(differ("harbor-act@2025-12-31", "2026-01-01"), ["\"value\""]);
    assert_eq!(
        differ("harbor-act", &strict),
        ["\"version\"", "\"reading\"", "\"condition\""]
    );
    assert_eq!(differ(&format!("{book}@2024-02-29"), &book).len(), 5);
}

#[test]
fn what_cannot_be_compared_says_why() {
    let (code, _, err) = run(&["diff", "no-such-book", "2025-01-01"]);
    assert_eq!(code, 2);
    assert!(
        err.starts_with("error[unknown-rulebook]: unknown rulebook `no-such-book`"),
        "{err}"
    );
    let (code, _, err) = run(&["diff", "no/such/book.toml", "eu-ai-act"]);
    assert_eq!(code, 2, "{err}");
}

#[test]
fn advice_sets_the_exit_code_only_when_something_is_wrong() {
    let (clean, slips) = (example("harbor-act.toml"), example("harbor-slips.toml"));
    assert_eq!(run(&["lint", &clean]).0, 0);
    let (code, out, _) = run(&["lint", &slips]);
    assert_eq!(code, 1);
    for code in [
        "error[quote-operator]",
        "error[unknown-country]",
        "error[unreachable-rule]",
        "error[status-gap]",
        "warning[time-gap]",
        "warning[few-tests]",
        "warning[untested-comparison]",
        "note[written-line]",
        "note[unverified-value]",
        "note[unread-given]",
    ] {
        assert!(out.contains(code), "{code}");
    }
    let (code, all, _) = run(&["lint", &example("")]);
    assert!(code == 1 && all.contains("3 files: 4 errors"), "{all}");
    let (_, errors, _) = run(&["lint", &slips, "--least", "error"]);
    assert!(!errors.contains("warning["), "{errors}");
    let (code, out, _) = run(&["lint", &slips, "--format", "json"]);
    let found: Value = serde_json::from_str(&out).expect("JSON");
    assert_eq!((code, found["errors"].as_u64()), (1, Some(4)));
}

#[test]
fn a_book_that_does_not_check_is_no_matter_of_advice() {
    let fixture = format!(
        "{}/../../fixtures/rulebook-with-slips.toml",
        env!("CARGO_MANIFEST_DIR")
    );
    let (code, out, err) = run(&["lint", &fixture]);
    assert_eq!((code, out.as_str()), (2, ""));
    assert!(err.contains("error[unit-mismatch]"), "{err}");
}

/// Whatever the books that ship say, none of it is wrong by our own advice.
#[test]
fn what_ships_has_no_slips() {
    let (code, out, err) = run(&["lint", "--least", "error"]);
    assert_eq!(code, 0, "{out}{err}");
}
