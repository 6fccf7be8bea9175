//! Properties of assessment: three-valued logic against every possible world, knowledge that only
//! settles, lines that only add, unknown that never becomes `does-not-apply` by itself, and the
//! quick reader beside the slow one.

use std::sync::OnceLock;

use proptest::prelude::*;
use weigh_facts::{
    Coverage, Date, Decimal, Dictionary, Estimate, Fact, FactName, FactType, Facts, Grade,
    MethodId, Origin, Records, SubjectKind, Truth, Value, Verdict,
};
use weigh_rules::{
    AtomTrace, Dialect, Finding, Library, Reader, Rulebook, assess, check, critical_values, emit,
    load_shipped, run_tests, shipped, shipped_conventions,
};

use crate::subjects::{Dice, Subjects, exact};

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
                let _ = emit(&book, day("2026-09-01"), day("2026-10-01"), Dialect::DuckDb);
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

/// A book that uses every construct of the language, with facts of every type.
fn every_construct() -> Rulebook {
    let mut library = Library::shipped();
    library
        .add(include_str!("language/facts.toml"))
        .expect("the facts read");
    check(include_str!("language/book.toml"), &library).expect("the book checks")
}

/// Days on which a book changes and the last it knows of, early and late knowledge of each.
fn days(book: &Rulebook) -> Vec<(Date, Date)> {
    let mut changes: Vec<Date> = book.change_days().into_iter().collect();
    let stride = changes.len().div_ceil(3).max(1);
    changes = changes.into_iter().rev().step_by(stride).collect();
    let last = book.known_through();
    let early = changes.iter().map(|day| (*day, *day));
    early
        .chain([(last, last), (day("2024-01-01"), last)])
        .collect()
}

/// Generated subjects of every shipped book, and of one that uses the whole language.
fn for_generated(mut check: impl FnMut(&Rulebook, (Date, Date), &Facts)) {
    let whole = every_construct();
    for book in books().iter().chain([&whole]) {
        for (on, known) in days(book) {
            let subjects = Subjects::new(book, on, known, 7);
            for facts in subjects.take(400).step_by(8) {
                check(book, (on, known), &facts);
            }
        }
    }
}

/// More knowledge of a subject: what was missing may be known, bounds narrower, a list longer.
fn with_more(facts: &Facts, values: &[(FactName, Vec<Value>)], dice: &mut Dice) -> Facts {
    let mut more = facts.clone();
    for (name, values) in values {
        let learned = match facts.get(name).map(|f| f.value.clone()) {
            None if dice.one_in(2) => Some(dice.pick(values).clone()),
            Some(Value::Quantity(bounds)) => narrowed(&bounds, values, dice),
            Some(Value::Records(records)) if !records.complete => {
                Some(Value::Records(longer(records, values, dice)))
            }
            _ => None,
        };
        if let Some(value) = learned {
            more.insert(name.clone(), fact(value));
        }
    }
    more
}

/// Bounds inside the bounds there are: one end, or a critical value instead of an end.
fn narrowed(bounds: &Estimate<Decimal>, values: &[Value], dice: &mut Dice) -> Option<Value> {
    let inside = exact(dice.pick(values)).filter(|p| {
        bounds.low().is_none_or(|low| low <= *p) && bounds.high().is_none_or(|high| *p <= high)
    });
    let (low, high) = (bounds.low().cloned(), bounds.high().cloned());
    let (low, high) = match dice.below(4) {
        0 => (low.clone().or_else(|| high.clone()), low.or(high)),
        1 => (high.clone().or_else(|| low.clone()), high.or(low)),
        2 => (inside.cloned().or(low), high),
        _ => (low, inside.cloned().or(high)),
    };
    let estimate = Estimate::new(low, None, high, Coverage::Hard, METHOD).ok()?;
    Some(Value::Quantity(estimate))
}

fn longer(mut records: Records, values: &[Value], dice: &mut Dice) -> Records {
    if let Value::Records(more) = dice.pick(values) {
        records.items.extend(more.items.clone());
    }
    records.complete = dice.one_in(2);
    records
}

/// The quick reader says what an assessment starts from: the same, unless trying cases decided.
#[test]
fn reading_without_a_trace_says_the_same() {
    for_generated(|book, (on, known), facts| {
        let effects = Reader::new(book, on, known).effects(facts);
        let found = assess(book, facts, on, known).findings;
        assert_eq!(effects.len(), found.len());
        for (effect, finding) in effects.into_iter().zip(found) {
            let expected = match finding.verdict {
                _ if finding.decided_by_cases => Truth::Unknown,
                Verdict::Applies => Truth::True,
                Verdict::Indeterminate => Truth::Unknown,
                Verdict::DoesNotApply | Verdict::NotInForce => Truth::False,
            };
            assert_eq!(effect, expected, "{} on {on}: {finding}", book.id());
        }
    });
}

/// Whatever is said of a subject says what it rests on, and where to find that.
#[test]
fn no_finding_comes_without_a_citation() {
    for_generated(|book, (on, known), facts| {
        for finding in assess(book, facts, on, known).findings {
            assert!(!finding.citations.is_empty(), "{}: {finding}", book.id());
            for cited in finding.citations.iter().chain(finding.see.iter()) {
                assert!(!cited.source.title.is_empty() && !cited.source.href.is_empty());
            }
            let lines = finding.facts.iter().filter_map(|f| f.line.as_ref());
            for line in lines.filter(|l| l.param.is_some()) {
                assert!(line.source.is_some(), "{}: a line of {finding}", book.id());
            }
        }
    });
}

/// Learning more, of whatever kind and on whatever day, settles what was open and turns nothing
/// around: over lists within a list of all there is, over exceptions, records and deadlines.
#[test]
fn learning_more_only_settles() {
    let mut dice = Dice(11);
    let mut settled = 0;
    for_generated(|book, (on, known), facts| {
        let values = critical_values(book, on, known);
        let more = with_more(facts, &values, &mut dice);
        let before = assess(book, facts, on, known).findings;
        let after = assess(book, &more, on, known).findings;
        for (before, after) in before.iter().zip(&after) {
            let place = || format!("{} on {on}: {before} became {after}", book.id());
            assert!(before.possible.is_superset(&after.possible), "{}", place());
            settled += usize::from(before.possible.len() > after.possible.len());
            if before.verdict != Verdict::Indeterminate {
                assert_eq!(before.verdict, after.verdict, "{}", place());
            }
        }
        let effects = Reader::new(book, on, known);
        for (before, after) in effects
            .effects(facts)
            .into_iter()
            .zip(effects.effects(&more))
        {
            assert!(before == after || before == Truth::Unknown, "{}", book.id());
        }
    });
    assert!(settled > 1_000, "{settled}: the law was hardly tried");
}

/// The day from which a deadline runs moves no verdict; once known it gives the day it ends on.
#[test]
fn a_clock_gives_a_day_and_moves_no_verdict() {
    let (book, on) = (every_construct(), day("2026-09-01"));
    let clock: FactName = "noticed".parse().unwrap();
    let mut ran = 0;
    for facts in Subjects::new(&book, on, on, 3).take(600).step_by(3) {
        let mut more = facts.clone();
        more.insert(clock.clone(), fact(Value::Date(day("2026-08-01"))));
        let before = assess(&book, &facts, on, on).findings;
        for (before, after) in before.iter().zip(assess(&book, &more, on, on).findings) {
            assert_eq!(before.verdict, after.verdict, "{after}");
            assert!(before.due.is_none());
            let runs = after.verdict == Verdict::Applies && after.clock.is_some();
            assert_eq!(after.due, runs.then(|| day("2026-08-15")), "{after}");
            ran += usize::from(runs);
        }
    }
    assert!(ran > 0, "the deadline never ran");
}
