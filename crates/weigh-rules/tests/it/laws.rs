//! Properties of assessment: three-valued logic against every possible world, knowledge that only
//! settles, lines that only add, and unknown that never becomes `does-not-apply` by itself.

use std::sync::OnceLock;

use proptest::prelude::*;
use weigh_facts::{
    Date, Decimal, Dictionary, Estimate, Fact, FactName, FactType, Facts, Grade, MethodId, Origin,
    SubjectKind, Value, Verdict,
};
use weigh_rules::{
    AtomTrace, Finding, Library, Rulebook, assess, check, load_shipped, run_tests, shipped,
    shipped_conventions,
};

fn books() -> &'static [Rulebook] {
    static BOOKS: OnceLock<Vec<Rulebook>> = OnceLock::new();
    BOOKS.get_or_init(load_shipped)
}

fn library() -> &'static Library {
    static LIBRARY: OnceLock<Library> = OnceLock::new();
    LIBRARY.get_or_init(Library::shipped)
}

fn dictionary() -> &'static Dictionary {
    static DICTIONARY: OnceLock<Dictionary> = OnceLock::new();
    DICTIONARY.get_or_init(Dictionary::shipped)
}

fn day(text: &str) -> Date {
    text.parse().unwrap()
}

const METHOD: MethodId = MethodId::new("test/1");

fn fact(value: Value) -> Fact {
    let origin = Origin {
        grade: Grade::Declared,
        method: METHOD,
        sources: vec![],
    };
    Fact { value, origin }
}

/// A number near the lines that laws draw, on them more often than chance would.
fn any_number() -> impl Strategy<Value = Decimal> {
    let mantissa = prop_oneof![Just(1_u64), Just(25), 1..100_u64];
    let power = prop_oneof![0..4_u32, 22..27_u32];
    (mantissa, power, -1..=1_i64).prop_map(|(mantissa, power, step)| {
        let near: Decimal = format!("{mantissa}e{power}").parse().unwrap();
        &near + &Decimal::from(step)
    })
}

fn any_value(kind: &FactType) -> BoxedStrategy<Value> {
    match kind {
        FactType::Bool => any::<bool>().prop_map(Value::Bool).boxed(),
        FactType::Quantity { .. } => (any_number(), any_number(), any::<bool>())
            .prop_map(|(one, other, exact)| {
                Value::Quantity(match exact {
                    true => Estimate::exact(one, METHOD),
                    false => Estimate::between(one, other, METHOD),
                })
            })
            .boxed(),
        FactType::Enum(words) => proptest::sample::select(words.clone())
            .prop_map(Value::Word)
            .boxed(),
        FactType::Code(_) => proptest::sample::select(vec!["CN", "MO", "AE", "IL", "FR", "US"])
            .prop_map(|code| Value::Word(code.to_owned()))
            .boxed(),
        FactType::Date => (-900_i64..900)
            .prop_map(|days| Value::Date(Date::from_days_since_epoch(20_697 + days).unwrap()))
            .boxed(),
        FactType::Set(words) => proptest::sample::subsequence(words.clone(), 0..=words.len())
            .prop_map(|words| Value::Set(words.into_iter().collect()))
            .boxed(),
        FactType::List(_) => Just(Value::Records(weigh_facts::Records {
            items: Vec::new(),
            complete: true,
        }))
        .boxed(),
    }
}

/// Some of the facts a rulebook mentions, the others missing.
fn any_facts(book: &Rulebook) -> BoxedStrategy<Facts> {
    let each: Vec<_> = book
        .facts()
        .into_iter()
        .map(|name| {
            let kind = &dictionary().get(&name).unwrap().kind;
            proptest::option::weighted(0.6, any_value(kind)).prop_map(move |v| (name.clone(), v))
        })
        .collect();
    each.prop_map(|known| {
        let mut facts = Facts::new();
        for (name, value) in known {
            if let Some(value) = value {
                facts.insert(name, fact(value));
            }
        }
        facts
    })
    .boxed()
}

/// A book, facts for it, and more knowledge: a value for every fact, inside its bounds.
fn any_case() -> impl Strategy<Value = (usize, Facts, Facts)> {
    (0..books().len())
        .prop_flat_map(|book| {
            let each: Vec<_> = books()[book]
                .facts()
                .into_iter()
                .map(|name| {
                    let kind = &dictionary().get(&name).unwrap().kind;
                    (any_value(kind), any::<bool>()).prop_map(move |v| (name.clone(), v))
                })
                .collect();
            (Just(book), any_facts(&books()[book]), each)
        })
        .prop_map(|(book, known, fresh)| {
            let mut more = known.clone();
            for (name, (value, at_low)) in fresh {
                let narrowed = match more.get(&name).map(|f| &f.value) {
                    None => exactly(value),
                    Some(Value::Quantity(bounds)) => {
                        let end = if at_low { bounds.low() } else { bounds.high() };
                        Value::Quantity(Estimate::exact(end.unwrap().clone(), METHOD))
                    }
                    Some(known) => known.clone(),
                };
                more.insert(name, fact(narrowed));
            }
            (book, known, more)
        })
}

fn exactly(value: Value) -> Value {
    match value {
        Value::Quantity(bounds) => {
            Value::Quantity(Estimate::exact(bounds.low().unwrap().clone(), METHOD))
        }
        other => other,
    }
}

fn verdicts(book: &Rulebook, facts: &Facts) -> Vec<Verdict> {
    let found = assess(book, facts, day("2026-09-01"), day("2026-10-01"));
    found.findings.iter().map(|f| f.verdict).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    /// Filling a missing fact or narrowing its bounds never flips what was decided, and when
    /// nothing is missing nothing is open but what has no line.
    #[test]
    fn knowing_more_never_flips_a_verdict((book, known, more) in any_case()) {
        let book = &books()[book];
        let before = assess(book, &known, day("2026-09-01"), day("2026-10-01"));
        let after = assess(book, &more, day("2026-09-01"), day("2026-10-01"));
        for (before, after) in before.findings.iter().zip(&after.findings) {
            prop_assert!(
                before.possible.is_superset(&after.possible),
                "`{}` was {:?} and became {:?}", before.rule, before.possible, after.possible
            );
            let lacks_line = |a: &AtomTrace| a.op.is_some() && a.line.is_none();
            let has_line = !after.facts.iter().any(lacks_line);
            prop_assert!(!has_line || after.verdict != Verdict::Indeterminate, "{}", after);
        }
    }

    /// What is said to be needed can change the verdict, and nothing else can.
    #[test]
    fn facts_that_are_not_needed_change_nothing((book, known, more) in any_case()) {
        let book = &books()[book];
        let before = assess(book, &known, day("2026-09-01"), day("2026-10-01"));
        for (index, finding) in before.findings.iter().enumerate() {
            let needs = finding.needs();
            let mut partly = known.clone();
            for (name, value) in more.iter().filter(|(n, _)| !needs.contains(*n)) {
                partly.insert(name.clone(), value.clone());
            }
            prop_assert_eq!(verdicts(book, &partly)[index], finding.verdict, "`{}`", finding.rule);
        }
    }

    /// More operations never take a rule away whose line stands below them.
    #[test]
    fn lines_on_operations_are_monotone(
        (family, rule) in proptest::sample::select(vec![
            ("operations.us-4e091", "controlled-weights"),
            ("operations.us-ca-sb53", "frontier-developer"),
            ("operations.eu-cumulative", "presumed-systemic-risk"),
            ("operations.proposed-framework", "restricted-by-compute"),
        ]),
        one in any_number(),
        other in any_number(),
    ) {
        let book = books().iter().find(|b| b.rules().any(|(id, ..)| *id == rule)).unwrap();
        let (low, high) = if one <= other { (one, other) } else { (other, one) };
        let at = |operations: Decimal| {
            let mut facts = settled();
            let name: FactName = family.parse().unwrap();
            facts.insert(name, fact(Value::Quantity(Estimate::exact(operations, METHOD))));
            let index = book.rules().position(|(id, ..)| *id == rule).unwrap();
            verdicts(book, &facts)[index]
        };
        prop_assert!(at(low) <= at(high), "does-not-apply orders before applies");
    }

    /// A condition of flags in three-valued logic is what all possible worlds say: decided when
    /// they agree, and open when they do not. De Morgan holds on the way.
    #[test]
    fn three_valued_logic_agrees_with_every_world(
        condition in any_condition(),
        known in proptest::collection::vec(proptest::option::of(any::<bool>()), 4),
    ) {
        let Some(direct) = flag_verdicts(&condition, &known) else { return Ok(()) };
        let worlds: Vec<Verdict> = (0..16_u32)
            .map(|world| (0..4).map(|i| known[i].or(Some(world & (1 << i) != 0))).collect::<Vec<_>>())
            .map(|world| flag_verdicts(&condition, &world).unwrap())
            .collect();
        let expected = match worlds.iter().all(|v| *v == worlds[0]) {
            true => worlds[0],
            false => Verdict::Indeterminate,
        };
        prop_assert_eq!(direct, expected, "{}", condition);
        let negated = flag_verdicts(&format!("NOT ({condition})"), &known).unwrap();
        let mirrored = match direct {
            Verdict::Applies => Verdict::DoesNotApply,
            Verdict::DoesNotApply => Verdict::Applies,
            other => other,
        };
        prop_assert_eq!(negated, mirrored);
    }
}

/// Texts near a rulebook: a slice of one put into another, or characters changed.
fn any_text_near_a_book() -> impl Strategy<Value = String> {
    let edit = prop_oneof![
        Just(String::new()),
        "[\"'\\\\$(){}=<>é,. a-z0-9-]{1,3}",
        proptest::sample::select(vec![
            "NULL",
            "NOT ",
            "1e25 FLOP",
            "any(",
            "\"\"\"",
            "\\u00e9",
            "𝄞"
        ])
        .prop_map(str::to_owned),
    ];
    let edits =
        proptest::collection::vec((any::<proptest::sample::Index>(), 0..4_usize, edit), 1..6);
    (proptest::sample::select(shipped()), edits).prop_map(|(book, edits)| {
        let text = book.text;
        let mut text = text.to_owned();
        for (place, removed, added) in edits {
            let floor = |mut at: usize| {
                while !text.is_char_boundary(at) {
                    at -= 1;
                }
                at
            };
            let start = floor(place.index(text.len()));
            let end = floor((start + removed).min(text.len())).max(start);
            text.replace_range(start..end, &added);
        }
        text
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    /// Whatever a person writes, checking ends in a book or in reasons with a place in the text.
    #[test]
    fn checking_ends_in_a_book_or_in_reasons(text in any_text_near_a_book()) {
        match check(&text, library()) {
            Ok(book) => {
                let _ = run_tests(&book);
            }
            Err(errors) => {
                prop_assert!(!errors.is_empty());
                for error in errors {
                    prop_assert!(error.span.start <= text.len(), "{:?}", error);
                    let _ = error.render("book.toml", &text);
                }
            }
        }
    }
}

/// Everything but operations, so that only they decide.
fn settled() -> Facts {
    let mut facts = Facts::new();
    for (name, value) in [
        ("can_generate_language_or_images", true),
        ("is_narrow_task", false),
        ("is_general_despite_compute", true),
        ("systemic_rebuttal_accepted", false),
        ("weights_published", false),
        ("derived_from_published_model", false),
        ("below_best_published_on_benchmarks", false),
        ("developer_is_trusted_lab", false),
    ] {
        facts.insert(name.parse().unwrap(), fact(Value::Bool(value)));
    }
    let line = Estimate::exact("1e24".parse().unwrap(), METHOD);
    let name: FactName = "operations.eu-training".parse().unwrap();
    facts.insert(name, fact(Value::Quantity(line)));
    facts
}

const FLAGS: [&str; 4] = ["is_moe", "is_adapter", "lora_capable", "is_narrow_task"];

fn any_condition() -> impl Strategy<Value = String> {
    let leaf = proptest::sample::select(&FLAGS[..]).prop_map(str::to_owned);
    leaf.prop_recursive(4, 16, 2, |inner| {
        prop_oneof![
            inner.clone().prop_map(|a| format!("NOT ({a})")),
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("({a} AND {b})")),
            (inner.clone(), inner).prop_map(|(a, b)| format!("({a} OR {b})")),
        ]
    })
}

/// The verdict on a condition of flags; nothing when the checker finds it constant.
fn flag_verdicts(condition: &str, known: &[Option<bool>]) -> Option<Verdict> {
    let text = format!(
        "format = 1\n[rulebook]\nid = \"b\"\ntitle = \"t\"\nknown_through = 2026-10-01\n\
         text_status = [{{ value = \"in-force\" }}]\nenforcement = [{{ value = \"none\" }}]\n\
         [source.s]\ntitle = \"S\"\nhref = \"h\"\ncertainty = \"secondary\"\n\
         [[rule]]\nid = \"r\"\nabout = \"model\"\nlevel = \"flag\"\ncite = \"s\"\nwhen = \"{condition}\"\n"
    );
    let book = match check(&text, library()) {
        Ok(book) => book,
        Err(errors) => {
            assert!(errors.iter().all(|e| e.code == "always-same"), "{errors:?}");
            return None;
        }
    };
    let mut facts = Facts::new();
    for (name, value) in FLAGS.iter().zip(known) {
        if let Some(value) = value {
            facts.insert(name.parse().unwrap(), fact(Value::Bool(*value)));
        }
    }
    Some(verdicts(&book, &facts)[0])
}

/// With nothing known, no rule is said not to apply, whatever the day.
#[test]
fn unknown_is_never_a_no() {
    for book in books() {
        for on in book.change_days().into_iter().chain([day("2026-09-01")]) {
            for finding in assess(book, &Facts::new(), on, day("2026-10-01")).findings {
                assert!(
                    matches!(
                        finding.verdict,
                        Verdict::Indeterminate | Verdict::NotInForce
                    ),
                    "{}: {finding}",
                    book.id()
                );
            }
        }
    }
}

/// Ten to the twenty-sixth exactly meets `>=`, ten to the twenty-fifth exactly does not meet `>`,
/// and one operation either side decides.
#[test]
fn one_operation_decides() {
    let at = |book: &str, rule: &str, family: &str, operations: u128| {
        let book = books().iter().find(|b| b.id() == book).unwrap();
        let mut facts = settled();
        let exact = Estimate::exact(Decimal::from(operations), METHOD);
        facts.insert(family.parse().unwrap(), fact(Value::Quantity(exact)));
        let index = book.rules().position(|(id, ..)| *id == rule).unwrap();
        verdicts(book, &facts)[index] == Verdict::Applies
    };
    let (e25, e26) = (10_u128.pow(25), 10_u128.pow(26));
    for (book, rule, family, line, on_line) in [
        (
            "us-ear-4e091",
            "controlled-weights",
            "operations.us-4e091",
            e26,
            true,
        ),
        (
            "us-ca-sb53",
            "frontier-developer",
            "operations.us-ca-sb53",
            e26,
            false,
        ),
        (
            "eu-ai-act",
            "presumed-systemic-risk",
            "operations.eu-cumulative",
            e25,
            false,
        ),
        (
            "proposed-framework",
            "restricted-by-compute",
            "operations.proposed-framework",
            e25,
            true,
        ),
        (
            "proposed-framework",
            "review-by-compute",
            "operations.proposed-framework",
            e25 / 10,
            false,
        ),
    ] {
        assert!(!at(book, rule, family, line - 1), "{rule} below");
        assert_eq!(at(book, rule, family, line), on_line, "{rule} on the line");
        assert!(at(book, rule, family, line + 1), "{rule} above");
    }
}

/// What we weigh most often: a model of which the files tell the operations and little else.
#[test]
fn a_small_model_owes_nothing_whoever_made_it() {
    let mut facts = Facts::new();
    for convention in shipped_conventions() {
        let far_below = Estimate::exact("7.5e21".parse().unwrap(), METHOD);
        let name = FactName::of("operations", &convention.id);
        facts.insert(name, fact(Value::Quantity(far_below)));
    }
    facts.insert("is_moe".parse().unwrap(), fact(Value::Bool(false)));
    for book in books() {
        let found = assess(book, &facts, day("2026-09-01"), day("2026-10-01")).findings;
        let about_it = |f: &Finding| matches!(f.about, SubjectKind::Model | SubjectKind::Developer);
        for finding in found.into_iter().filter(about_it) {
            assert!(
                finding.verdict != Verdict::Indeterminate
                    || finding.level <= weigh_facts::Level::Flag,
                "{}: {finding}",
                book.id()
            );
        }
    }
}
