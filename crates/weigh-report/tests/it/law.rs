//! The law itself: a page of rulebooks, and two readings of one beside each other.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU32, Ordering};

use serde_json::Value;
use weigh_facts::Date;
use weigh_report::{
    Format, LintedFile, render_facts, render_law_diff, render_law_page, render_law_text,
    render_lints,
};
use weigh_station::{Law, LawOptions, WeighError, diff_law, sides};

/// Every part a book can have, and two days on which it changes.
const BOOK: &str = r#"format = 1
use = ["us-country-groups"]
[rulebook]
id = "test-law"
title = "Law of a test"
jurisdiction = "TEST"
version = "7"
text_status = [{ from = 2024-01-01, value = "proposed" }, { from = 2025-01-01, value = "in-force", source = "act" }]
enforcement = [{ from = 2024-01-01, value = "none" }, { from = 2025-06-01, value = "announced-non-enforcement", source = "notice" }]
known_through = 2026-10-01
[source.act]
title = "Act of a Test, Article 1"
href = "https://example.org/act"
quote = "greater than 10^25"
certainty = "primary-text"
published = 2024-12-01
retrieved = 2026-01-01
[source.notice]
title = "Notice"
href = "https://example.org/notice"
certainty = "unverified"
[param.line]
unit = "FLOP"
values = [{ from = 2024-01-01, value = "1e25", source = "act" }, { from = 2026-01-01, value = "2.5e25", source = "notice", known = 2025-11-11 }]
[param.bandwidth]
unit = "GB/s"
values = [{ from = 2024-01-01, value = 600, source = "act" }]
[set.places]
complete = true
values = [{ from = 2024-01-01, value = ["CN", "RU"], source = "act" }, { from = 2026-01-01, value = ["CN", "AE"], source = "act" }]
[predicate]
exceeds = "operations('eu-cumulative') > $line"
[[rule]]
id = "large"
title = "A large model"
about = "model"
level = "obligation"
cite = { source = "act", pin = "paragraph 2" }
see = "notice"
when = """
exceeds
  AND can_generate_language_or_images"""
then = { tier = "large", deadline = "P2W" }
clock = { event = "the line is met" }
reading = "As it stands."
[[rule]]
id = "published"
overrides = ["large"]
cite = "act"
when = "applies('placed') OR weights_published"
[[rule]]
id = "placed"
about = "model"
level = "license-required"
cite = "act"
from = 2026-01-01
basis = "policy"
addressee = "one firm"
when = "destination IN ($places)"
[[rule]]
id = "fast"
about = "chip"
level = "flag"
cite = "act"
until = 2025-12-01
when = "chip_interconnect_bandwidth > $bandwidth"
[[alarm]]
id = "look"
from = 2026-06-01
text = "the notice was to be renewed"
cite = "notice"
[[alarm]]
id = "later"
from = 2027-06-01
text = "the act is to be reviewed"
cite = "act"
[[test]]
name = "large"
on = 2026-01-01
given = { operations.eu-cumulative = "1e26 FLOP", can_generate_language_or_images = true, weights_published = false }
expect = { large = "indeterminate", placed = "indeterminate" }
"#;

/// A book whose every word would break a page that trusts it.
fn hostile() -> String {
    let nasty = r#"</title></style><script>alert(1)</script>\"><img src=x onerror=alert(1)>\u202e\u001b[2J"#;
    BOOK.replace("id = \"test-law\"", "id = \"hostile\"")
        .replace("title = \"Law of a test\"", &format!("title = \"{nasty}\""))
        .replace(
            "jurisdiction = \"TEST\"",
            &format!("jurisdiction = \"{nasty}\""),
        )
        .replace("version = \"7\"", &format!("version = \"{nasty}\""))
        .replace("title = \"A large model\"", &format!("title = \"{nasty}\""))
        .replace("Act of a Test, Article 1", nasty)
        .replace("https://example.org/act", "javascript:alert(1)")
        .replace(
            "https://example.org/notice",
            "data:text/html,<script>alert(1)</script>",
        )
        .replace("greater than 10^25", nasty)
        .replace("As it stands.", nasty)
        .replace(
            "tier = \"large\"",
            &format!("\\\"<b>\\\" = \"{nasty}\"").replace("\\\"<b>\\\"", "\"<b>\""),
        )
        .replace("one firm", nasty)
        .replace("the notice was to be renewed", nasty)
        .replace("the line is met", nasty)
}

fn day(text: &str) -> Date {
    text.parse().unwrap()
}

/// The law of these books alone, each in a file of its own.
fn law(books: &[&str]) -> Law {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    let name = format!("weigh-report-{}-{count}", std::process::id());
    let folder = std::env::temp_dir().join(name);
    std::fs::create_dir_all(&folder).unwrap();
    let mut ids = Vec::new();
    for (index, book) in books.iter().enumerate() {
        std::fs::write(folder.join(format!("{index}.toml")), book).unwrap();
        let id = book.lines().find_map(|l| l.strip_prefix("id = \""));
        ids.push(id.unwrap().trim_end_matches('"').to_owned());
    }
    let folders = vec![folder.clone()];
    let law = Law::load_whole(&LawOptions { ids, folders });
    std::fs::remove_dir_all(&folder).unwrap();
    law.unwrap_or_else(|e| match e {
        WeighError::Faults { faults, .. } => panic!("{faults:#?}"),
        other => panic!("{other}"),
    })
}

fn page(books: &[&str]) -> String {
    render_law_page(&law(books), day("2026-11-24"), None)
}

/// Elements that have no end tag.
const VOID: &[&str] = &["meta", "br", "hr", "img", "link", "input"];

/// Asserts that every tag is closed in order, every id stands once, and every link inside the page
/// leads somewhere.
fn assert_well_formed(html: &str) {
    let mut open: Vec<&str> = Vec::new();
    let (mut ids, mut links) = (BTreeSet::new(), BTreeSet::new());
    let mut rest = html;
    while let Some(at) = rest.find('<') {
        rest = &rest[at + 1..];
        if rest.starts_with('!') {
            continue;
        }
        let end = rest.find('>').expect("a tag ends");
        let tag = &rest[..end];
        assert_eq!(tag.matches('"').count() % 2, 0, "quotes of <{tag}>");
        assert!(!tag.contains('<'), "<{tag}>");
        let name: &str = tag
            .trim_start_matches('/')
            .split(|c: char| c.is_whitespace() || c == '/')
            .next()
            .unwrap();
        if tag.starts_with('/') {
            assert_eq!(open.pop(), Some(name), "</{name}>");
        } else if !tag.ends_with('/') && !VOID.contains(&name) {
            open.push(name);
        }
        let attribute = |key: &str| {
            let from = tag.find(&format!(" {key}=\""))? + key.len() + 3;
            tag[from..].split('"').next()
        };
        if let Some(id) = attribute("id") {
            assert!(ids.insert(id), "id `{id}` stands twice");
        }
        links.extend(attribute("href").and_then(|h| h.strip_prefix('#')));
        // The style sheet is text up to its end tag.
        if name == "style" && !tag.starts_with('/') {
            rest = &rest[rest.find("</style>").expect("the style sheet ends")..];
        }
    }
    assert_eq!(open, Vec::<&str>::new());
    let lost: Vec<_> = links.difference(&ids).collect();
    assert!(lost.is_empty(), "links to nowhere: {lost:?}");
}

#[test]
fn a_page_is_well_formed_and_shows_every_part_of_a_book() {
    let html = page(&[BOOK]);
    assert_well_formed(&html);
    for words in [
        "Law of a test",
        "non-enforcement announced",
        "Act of a Test, Article 1, paragraph 2",
        "<q>greater than 10^25</q>",
        "2.5e25 FLOP",
        "600 GB/s",
        "known since 2025-11-11",
        "joined AE; left RU",
        "title=\"United Arab Emirates\"",
        "no longer in force",
        "one firm alone",
        "runs from: the line is met",
        "the notice was to be renewed",
        "the act is to be reviewed",
        "what an agency does, beside or against the text",
        "exceeds</a>\n  AND",
        "href=\"#fact-operations\"",
        "href=\"#test-law/condition/exceeds\"",
        "href=\"#test-law/value/line\"",
        "href=\"#test-law/list/places\"",
        "<a href=\"#test-law/placed\">&#39;placed&#39;</a>",
        "stale on 2026-11-24",
        "role=\"img\" aria-label=\"text proposed",
    ] {
        assert!(html.contains(words), "{words}");
    }
}

#[test]
fn several_books_have_an_index() {
    let other = BOOK.replace("test-law", "other-law");
    let html = page(&[BOOK, &other]);
    assert_well_formed(&html);
    for words in [
        "<a href=\"#other-law\">",
        "2 of 2 rulebooks know the law up to an earlier day",
    ] {
        assert!(html.contains(words), "{words}");
    }
}

#[test]
fn words_of_a_book_make_no_markup_and_no_link() {
    let text = hostile();
    for html in [page(&[&text]), page(&[BOOK, &text])] {
        assert_well_formed(&html);
        for word in [
            "<script",
            "<img",
            "<b>",
            "href=\"javascript:",
            "href=\"data:",
            "src=",
        ] {
            let found = html.replace("img src=x", "");
            assert!(!found.contains(word), "{word}");
        }
        assert!(
            html.contains("&#60;script&#62;alert(1)"),
            "the title is shown as text"
        );
        assert!(!html.contains('\u{1b}') && !html.contains('\u{202e}'));
    }
}

#[test]
fn nothing_is_fetched_and_nothing_runs() {
    let html = page(&[BOOK]);
    for word in [
        "src=",
        "@import",
        "url(",
        "<script",
        "<link",
        "<iframe",
        "javascript:",
    ] {
        assert!(!html.contains(word), "{word}");
    }
}

#[test]
fn what_ships_makes_a_well_formed_page() {
    let law = Law::load_whole(&LawOptions::default()).unwrap();
    let on = day("2026-11-24");
    assert_well_formed(&render_law_page(&law, on, None));
    for line in render_law_text(&law, on, None, false).lines() {
        assert!(line.chars().count() <= 100, "{line}");
    }
}

#[test]
fn a_terminal_shows_a_rule_with_its_lines_and_source() {
    let text = render_law_text(&law(&[BOOK]), day("2026-11-24"), None, false);
    let from = text.find("  OBLIGATION").expect("the rule");
    let to = text[from..].find("\n\n").expect("its end") + from;
    insta::assert_snapshot!(&text[from..to], @r#"
      OBLIGATION  large · about a model · A large model
          days      from 2024-01-01
          when      exceeds AND can_generate_language_or_images
          where     exceeds is operations('eu-cumulative') > $line
          line      line is 2.5e25 FLOP
          then      deadline: P2W; tier: large
          clock     runs from: the line is met
          source    Act of a Test, Article 1, paragraph 2, "greater than 10^25" [primary text]
          see       Notice [unverified]
          reading   As it stands.
          unless    published
          tests     1
    "#);
    assert!(
        !render_law_text(&law(&[&hostile()]), day("2026-11-24"), None, false).contains('\u{1b}')
    );
}

fn compared(one: &str, other: &str, format: Format) -> String {
    let law = law(&[BOOK]);
    let (one, other) = sides((one, other), &law, day("2026-11-24"), None).unwrap();
    render_law_diff(&diff_law(&one, &other, &law).unwrap(), format)
}

#[test]
fn two_days_beside_each_other() {
    let text = compared("2025-11-30", "2026-01-01", Format::Text);
    let tried = text.lines().position(|l| l.starts_with("Treated")).unwrap();
    let shown: Vec<&str> = text.lines().skip(4).take(tried.saturating_sub(5)).collect();
    insta::assert_snapshot!(shown.join("\n"), @r"

    test-law  Law of a test
      parameter line: value
          before    1e25 FLOP, from 2024-01-01; Act of a Test, Article 1 [primary text]
          after     2.5e25 FLOP, from 2026-01-01; Notice [unverified]
      set places: codes
          before    left: RU; Act of a Test, Article 1 [primary text]
          after     joined: AE; Act of a Test, Article 1 [primary text]
      rule placed [license-required]: begins
                    in force, from 2026-01-01; Act of a Test, Article 1 [primary text]
      rule fast [flag]: ends
                    in force, 2024-01-01 until 2025-12-01; Act of a Test, Article 1 [primary text]
    ");
    assert!(text.contains("test-law/fast"), "{text}");
}

#[test]
fn a_comparison_is_a_well_formed_page() {
    for (one, other) in [("2024-06-01", "2026-11-24"), ("test-law", "test-law")] {
        let html = compared(one, other, Format::Html);
        assert_well_formed(&html);
        assert!(!html.contains("<script"));
    }
}

/// Where a document does not fit a schema.
fn misfits(schema: &str, document: &str) -> Vec<String> {
    let schema: Value = serde_json::from_str(schema).expect("the schema is JSON");
    jsonschema::draft202012::meta::validate(&schema).expect("the schema is a schema");
    let validator = jsonschema::validator_for(&schema).expect("the schema compiles");
    let document: Value = serde_json::from_str(document).expect("the output is JSON");
    let errors = validator.iter_errors(&document);
    errors
        .map(|e| format!("{}: {e}", e.instance_path()))
        .collect()
}

#[test]
fn a_comparison_fits_its_schema() {
    const SCHEMA: &str = include_str!("../../../../schemas/weighbridge.rules-diff-1.json");
    for (one, other) in [
        ("2024-06-01", "2026-11-24"),
        ("2025-11-30", "2026-01-01"),
        ("test-law", "test-law"),
    ] {
        let json = compared(one, other, Format::Json);
        assert_eq!(misfits(SCHEMA, &json), Vec::<String>::new());
    }
}

#[test]
fn the_dictionary_fits_its_schema_and_names_who_reads_a_fact() {
    const SCHEMA: &str = include_str!("../../../../schemas/weighbridge.rules-facts-1.json");
    let law = Law::load(&LawOptions::default()).unwrap();
    let all = law.library.dictionary.search(&[]);
    let json = render_facts(&all, &law, Format::Json);
    assert_eq!(misfits(SCHEMA, &json), Vec::<String>::new());
    let of = |words: &[&str]| {
        let found = law.library.dictionary.search(words);
        render_facts(&found, &law, Format::Text)
    };
    let text = of(&["weights_published"]);
    assert!(
        text.starts_with("weights_published  (about a model)\n"),
        "{text}"
    );
    assert!(text.contains("us-ear-4e091"), "{text}");
    let text = of(&["operations"]);
    assert!(text.contains("operations('eu-cumulative')") || text.contains("conventions: "));
}

#[test]
fn advice_shows_its_place_and_fits_its_schema() {
    const SCHEMA: &str = include_str!("../../../../schemas/weighbridge.rules-lint-1.json");
    let book = BOOK.replace("\"RU\"", "\"UK\"");
    let law = law(&[&book]);
    let lints = weigh_rules::lint(law.book("test-law").unwrap(), &book);
    let file = LintedFile {
        path: "law\u{1b}.toml".to_owned(),
        text: book,
        lints,
    };
    let files = [file];
    assert_eq!(
        misfits(SCHEMA, &render_lints(&files, Format::Json)),
        Vec::<String>::new()
    );
    let text = render_lints(&files, Format::Text);
    assert!(
        text.contains("error[unknown-country]: `UK` in set `places`"),
        "{text}"
    );
    assert!(text.contains("--> law\u{fffd}.toml:"), "{text}");
    assert!(text.contains("\n1 file: 1 error, "), "{text}");
}

#[test]
fn markdown_of_a_comparison_makes_no_markup_from_names() {
    let memo = compared("2025-11-30", "2026-01-01", Format::Markdown);
    assert!(
        memo.starts_with("# 2025-11-30 beside 2026-01-01\n"),
        "{memo}"
    );
    assert!(
        memo.contains("| rule placed (license-required) | begins |"),
        "{memo}"
    );
    assert!(memo.contains("| set places | codes |"), "{memo}");
}
