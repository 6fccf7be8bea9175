//! What the tests of this crate share: a dictionary with every type, and books with one rule.

use weigh_facts::{Date, Diagnostic, Dictionary, Facts, Grade, MethodId, Origin};

use crate::{Assessment, Library, Rulebook, assess, check};

/// The shipped dictionary and a fact of every type it does not have.
pub(crate) fn dictionary() -> Dictionary {
    let mut dictionary = Dictionary::shipped();
    let fact = |name: &str, kind: &str| {
        format!(
            "[fact.{name}]\n{kind}\nabout = \"model\"\nmeaning = \"m\"\nask = \"a?\"\nsource = \"s\"\nsensitivity = \"public\"\n"
        )
    };
    let text = [
        "format = 1\n".to_owned(),
        fact("peak_rate", "type = \"quantity\"\nunit = \"FLOP/s\""),
        fact("tpp", "type = \"quantity\"\nunit = \"TPP\""),
        fact("is_gpai", "type = \"bool\""),
        fact("flag_b", "type = \"bool\""),
        fact("color", "type = \"enum\"\nvalues = [\"red\", \"green\", \"blue\"]"),
        fact("trained_on", "type = \"date\""),
        fact(
            "training_stages",
            "type = \"list\"\nfields.purpose = { type = \"enum\", values = [\"pretraining\", \"synthetic-data\"] }\nfields.ops = { type = \"quantity\", unit = \"FLOP\" }\nfields.is_public = { type = \"bool\" }",
        ),
    ]
    .concat();
    dictionary.add(&text).unwrap();
    dictionary
}

pub(crate) const HEAD: &str = r#"format = 1
[rulebook]
id = "test-book"
title = "t"
text_status = [{ from = 2025-01-01, value = "in-force" }]
enforcement = [{ from = 2025-01-01, value = "enforced" }]
known_through = 2026-10-01
[source.s]
title = "S"
href = "https://example.org"
certainty = "primary-text"
"#;

/// A book with one rule, everything it may mention, and nothing it does not.
pub(crate) fn book_with_rule(when: &str) -> String {
    let mut text = HEAD.to_owned();
    for (name, table) in [
        (
            "$line",
            "[param.line]\nunit = \"FLOP\"\nvalues = [{ from = 2025-01-01, value = \"1e25\", source = \"s\" }]\n",
        ),
        (
            "$d5",
            "[set.d5]\ncomplete = true\nvalues = [{ from = 2025-01-01, value = [\"CN\", \"RU\"], source = \"s\" }]\n",
        ),
        (
            "$some",
            "[set.some]\ncomplete = false\nvalues = [{ from = 2025-01-01, value = [\"CN\", \"RU\"], source = \"s\" }]\n",
        ),
    ] {
        if when.contains(name) {
            text.push_str(table);
        }
    }
    text + &rule("r", when, "")
}

/// One rule, with more of its table.
pub(crate) fn rule(id: &str, when: &str, more: &str) -> String {
    format!(
        "[[rule]]\nid = \"{id}\"\nabout = \"model\"\nlevel = \"flag\"\ncite = \"s\"\nwhen = \"{when}\"\n{more}\n"
    )
}

pub(crate) fn try_check(text: &str) -> Result<Rulebook, Vec<Diagnostic>> {
    let library = Library {
        dictionary: dictionary(),
        ..Library::shipped()
    };
    check(text, &library)
}

pub(crate) fn checked(text: &str) -> Rulebook {
    try_check(text).unwrap_or_else(|errors| {
        let shown: Vec<String> = errors.iter().map(|e| e.render("book.toml", text)).collect();
        panic!("{}", shown.join("\n"))
    })
}

pub(crate) fn day(text: &str) -> Date {
    text.parse().unwrap()
}

pub(crate) fn facts(text: &str) -> Facts {
    let origin = Origin {
        grade: Grade::Declared,
        method: MethodId::new("declared"),
        sources: vec![],
    };
    Facts::from_toml(
        &format!("format = 1\n[facts]\n{text}\n"),
        &dictionary(),
        &origin,
    )
    .unwrap_or_else(|errors| panic!("{errors:?}"))
}

pub(crate) fn assessed(text: &str, given: &str) -> Assessment {
    assess(
        &checked(text),
        &facts(given),
        day("2026-01-01"),
        day("2026-10-01"),
    )
}
