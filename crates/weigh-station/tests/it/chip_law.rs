//! The shipped rulebooks over every chip of the collected table: the law as data gives the class
//! that the table derives by hand.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::OnceLock;

use weigh_compute::{Chip, ChipCatalog, Tf32};
use weigh_facts::{Date, Fact, FactName, Facts, Grade, Level, MethodId, Origin, Value, Verdict};
use weigh_station::{ChipOptions, Law, LawOptions, chip_sheet};

use crate::csv::csv;

pub(crate) fn law() -> &'static Law {
    static LAW: OnceLock<Law> = OnceLock::new();
    LAW.get_or_init(|| Law::load(&LawOptions::default()).expect("the shipped law loads"))
}

fn day(text: &str) -> Date {
    text.parse().expect("the literal is a day")
}

/// The folder of real files; without it the test says on the real stderr that it was skipped.
fn corpus(test: &str) -> Option<PathBuf> {
    use std::io::Write as _;
    let found = std::env::var_os("WEIGHBRIDGE_CORPUS").map(PathBuf::from);
    if found.is_none() {
        let message = format!("skipped: {test} needs WEIGHBRIDGE_CORPUS\n");
        let written = std::io::stderr().write_all(message.as_bytes());
        written.expect("stderr is there");
    }
    found
}

fn set(facts: &mut Facts, assignment: &str) {
    let origin = Origin {
        grade: Grade::Declared,
        method: MethodId::new("declared"),
        sources: Vec::new(),
    };
    let dictionary = &law().library.dictionary;
    let (name, fact) =
        Facts::read_assignment(assignment, dictionary, origin).expect("the literal is a fact");
    facts.insert(name, fact);
}

/// A chip as a circuit, with more facts.
fn facts(chip: &Chip, more: &[&str]) -> Facts {
    let mut facts = chip.facts(Tf32::Significant19);
    set(&mut facts, "item_kind=integrated-circuit");
    more.iter().for_each(|m| set(&mut facts, m));
    facts
}

/// The verdicts of a book on a day, by rule.
fn verdicts(book: &str, facts: &Facts, on: &str) -> BTreeMap<String, Verdict> {
    let book = law().book(book).expect("the book ships");
    let found = weigh_rules::assess(book, facts, day(on), book.known_through());
    let pairs = found
        .findings
        .into_iter()
        .map(|f| (f.rule.to_string(), f.verdict));
    pairs.collect()
}

fn find(name: &str) -> &'static Chip {
    let catalog = ChipCatalog::shipped().expect("the catalog loads");
    catalog.find(name).expect("the catalog has the chip")
}

/// The class in the words of the table.
fn class(chip: &Chip, on: &str) -> String {
    let found = verdicts("us-ear-chips", &facts(chip, &[]), on);
    let is = |rule: &str| found[rule];
    let rules = [
        "eccn-3a090-a-1",
        "eccn-3a090-a-2",
        "eccn-3a090-b-1",
        "eccn-3a090-b-2",
    ];
    let applying: Vec<&str> = rules
        .into_iter()
        .filter(|r| is(r) == Verdict::Applies)
        .collect();
    let open = rules.iter().any(|r| is(r) == Verdict::Indeterminate);
    let excluded = is("note-2-exclusion") == Verdict::Applies;
    let name = match applying.as_slice() {
        ["eccn-3a090-a-1", ..] if is("nac-aca-class") == Verdict::Applies => {
            "3A090.a.1 (NAC/ACA class)"
        }
        ["eccn-3a090-a-1", ..] => "3A090.a.1",
        ["eccn-3a090-a-2"] => "3A090.a.2",
        ["eccn-3a090-b-1", "eccn-3a090-b-2"] => "3A090.b.1+b.2",
        ["eccn-3a090-b-1"] => "3A090.b.1",
        ["eccn-3a090-b-2"] => "3A090.b.2",
        _ if chip.rates.is_empty() => "unknown",
        _ if open => "indeterminate (need applicable die area)",
        _ if excluded => "none (Note 2: not data-centre and <4800)",
        _ => "none",
    };
    name.to_owned()
}

fn class_2022(chip: &Chip) -> Verdict {
    verdicts("us-ear-chips", &facts(chip, &[]), "2022-12-01")["eccn-3a090-2022"]
}

const CERTIFIED: &[&str] = &[
    "destination=CN",
    "export_from=US",
    "transaction_kind=export",
    "party_headquarters=CN",
    "party_ultimate_parent=CN",
    "chip_sold_in_us_2026_01_15=true",
    "export_certifications=below-lines, us-supply, half-of-us-volume, end-use, remote-access, us-laboratory",
];

#[test]
fn every_chip_of_the_collected_table_gets_its_class_from_the_rulebook() {
    let test = "chip_law::every_chip_of_the_collected_table_gets_its_class_from_the_rulebook";
    let Some(root) = corpus(test) else { return };
    let text = std::fs::read_to_string(root.join("chips.csv")).expect("the corpus has chips.csv");
    let rows = csv(&text);
    assert!(rows.len() >= 70, "{}", rows.len());
    for row in &rows {
        let chip = find(&american(&row["name"]));
        // The class holds in every vintage since November 2023: April and December 2024 changed
        // no line of `.a` and `.b`.
        for on in ["2023-11-17", "2024-04-04", "2024-12-02", "2026-09-01"] {
            let expected = &row["class_oct2023_derived"];
            assert_eq!(class(chip, on), *expected, "{} on {on}", chip.name);
        }
        let expected = match row["class_oct2022_derived"].as_str() {
            "3A090" => Verdict::Applies,
            "unknown" | "needs I/O rate" => Verdict::Indeterminate,
            _ => Verdict::DoesNotApply,
        };
        assert_eq!(class_2022(chip), expected, "{} in 2022", chip.name);
        let certified = facts(chip, CERTIFIED);
        let found = verdicts("us-ear-chips", &certified, "2026-02-01");
        match row["cn_mo_review_2026_derived"].as_str() {
            "case-by-case window" => {
                assert_eq!(found["review-window"], Verdict::Applies, "{}", chip.name);
                assert_eq!(
                    found["review-denial"],
                    Verdict::DoesNotApply,
                    "{}",
                    chip.name
                );
            }
            "presumption of denial" => {
                assert_eq!(
                    found["review-window"],
                    Verdict::DoesNotApply,
                    "{}",
                    chip.name
                );
                assert_eq!(found["review-denial"], Verdict::Applies, "{}", chip.name);
            }
            "n/a" => assert_ne!(found["review-window"], Verdict::Applies, "{}", chip.name),
            _ => {}
        }
        let found = verdicts("us-tariff-232", &facts(chip, &[]), "2026-02-01");
        let bands = [("1", "band-one"), ("2", "band-two")];
        for (word, rule) in bands {
            let expected = match row["s232_band_derived"].as_str() {
                band if band == word => Verdict::Applies,
                // The table is silent where it lacks a figure; TPP alone can decide all the same.
                "" if chip.rates.is_empty() => Verdict::Indeterminate,
                _ => Verdict::DoesNotApply,
            };
            assert_eq!(found[rule], expected, "{}: {rule}", chip.name);
        }
    }
}

/// The catalog spells as Americans do.
fn american(name: &str) -> String {
    name.replace("rumoured", "rumored")
}

/// NVIDIA, Form 8-K of 2023-10-17: the products that the rule of that day affects.
#[test]
fn the_list_of_october_2023_is_what_the_rulebook_takes_in() {
    for name in [
        "A100 80GB",
        "A800 SXM",
        "H100 SXM",
        "H800 SXM",
        "L40",
        "L40S",
        "RTX 4090",
    ] {
        let found = class(find(name), "2023-11-17");
        assert!(found.starts_with("3A090"), "{name}: {found}");
    }
    for name in ["RTX 4090 D", "H20", "L20", "L2"] {
        let found = class(find(name), "2023-11-17");
        assert!(!found.starts_with("3A090"), "{name}: {found}");
    }
}

/// BIS, 91 FR 1684: the H200 and the MI325X are inside the window, Blackwell is outside.
#[test]
fn the_window_of_2026_takes_what_the_agency_says_it_takes() {
    for (name, expected) in [
        ("H200 SXM", Verdict::Applies),
        ("MI325X", Verdict::Applies),
        ("B200", Verdict::DoesNotApply),
        ("GB300", Verdict::DoesNotApply),
    ] {
        let chip = find(name);
        let found = verdicts("us-ear-chips", &facts(chip, CERTIFIED), "2026-01-15");
        assert_eq!(found["review-window"], expected, "{name}");
        let before = verdicts("us-ear-chips", &facts(chip, CERTIFIED), "2026-01-14");
        assert_eq!(before["review-window"], Verdict::NotInForce, "{name}");
        assert_eq!(before["review-denial"], Verdict::Applies, "{name}");
    }
}

/// Exactly on the line: `or more`.
#[test]
fn a_chip_exactly_on_1600_needs_its_density_and_nothing_else() {
    let found = verdicts("us-ear-chips", &facts(find("MTT S4000"), &[]), "2026-09-01");
    assert_eq!(found["eccn-3a090-a-2"], Verdict::Indeterminate);
    let mut dense = facts(find("MTT S4000"), &["performance_density=5.92 TPP/mm2"]);
    let class = |facts: &Facts| verdicts("us-ear-chips", facts, "2026-09-01");
    assert_eq!(class(&dense)["eccn-3a090-a-2"], Verdict::Applies);
    set(&mut dense, "total_processing_performance=1599.999 TPP");
    assert_eq!(class(&dense)["eccn-3a090-a-2"], Verdict::DoesNotApply);
}

fn sheet(name: &str, told: &[&str]) -> weigh_station::ChipSheet {
    chip_sheet(law(), find(name), &options(told))
}

fn options(told: &[&str]) -> ChipOptions {
    let mut facts = Facts::new();
    told.iter().for_each(|t| set(&mut facts, t));
    let told: Vec<(FactName, Fact)> = facts.iter().map(|(n, f)| (n.clone(), f.clone())).collect();
    ChipOptions {
        on: day("2026-09-01"),
        known: None,
        tf32: Tf32::Significant19,
        told,
    }
}

#[test]
fn a_convention_that_flips_a_class_says_so() {
    let flipped = |name: &str| {
        let sheet = sheet(name, &[]);
        let changes = sheet.flips.iter().flat_map(|f| f.changes.clone());
        changes.map(|(rule, ..)| rule).collect::<Vec<_>>()
    };
    let trainium = flipped("Trainium1");
    assert!(
        trainium.contains(&"us-ear-chips/eccn-3a090-a-1".to_owned()),
        "{trainium:?}"
    );
    assert_eq!(flipped("H100 SXM"), Vec::<String>::new());
}

/// The paper of 2025-05-13 names Ascend 910B, 910C and 910D; the other designers sit in China too.
#[test]
fn circuits_of_3a090_designed_in_china_are_flagged_and_no_others() {
    let rule = "gp10-designed-in-china";
    let gp10 = |chip: &Chip, on| verdicts("us-ear-chips", &facts(chip, &[]), on)[rule];
    let catalog = ChipCatalog::shipped().expect("the catalog lists");
    let (mut flagged, mut open) = (Vec::new(), Vec::new());
    for chip in catalog.chips().expect("the catalog reads") {
        match gp10(chip, "2026-09-01") {
            Verdict::Applies => flagged.push(chip.id.as_str()),
            Verdict::Indeterminate => open.push(chip.id.as_str()),
            _ => {}
        }
        assert_eq!(gp10(chip, "2025-05-12"), Verdict::NotInForce, "{}", chip.id);
    }
    let expected = [
        "biren-br100",
        "cambricon-siyuan-590",
        "huawei-ascend-910",
        "huawei-ascend-910b1",
        "huawei-ascend-910b2",
        "huawei-ascend-910b3",
        "huawei-ascend-910b4",
        "huawei-ascend-910c",
        "huawei-ascend-950dt",
    ];
    assert_eq!(flagged, expected);
    // Their class is open for want of a die area.
    assert_eq!(open, ["cambricon-mlu370-x8", "moore-threads-mtt-s4000"]);
    // Whoever designed it elsewhere, or nobody knows where.
    let mut told = find("Ascend 910C").clone();
    told.designer = None;
    assert_eq!(gp10(&told, "2026-09-01"), Verdict::Indeterminate);
}

/// NVIDIA, Form 8-K: the letter of 2025-04-09 names the H20. Which firm exports is the question.
#[test]
fn of_a_chip_that_a_letter_names_the_firm_alone_is_asked() {
    let to_china = [
        "destination=CN",
        "party_headquarters=CN",
        "party_ultimate_parent=CN",
    ];
    let needs = |name: &str, rule: &str| {
        let book = law().book("us-ear-letters").expect("the book ships");
        let facts = facts(find(name), &to_china);
        let found = weigh_rules::assess(book, &facts, day("2026-09-01"), book.known_through());
        let finding = found
            .findings
            .into_iter()
            .find(|f| &*f.rule.to_string() == rule);
        let finding = finding.expect("the rule is there");
        let needs: Vec<String> = finding.needs().iter().map(ToString::to_string).collect();
        (finding.verdict, needs)
    };
    let firm = || vec!["informed_firm".to_owned()];
    assert_eq!(needs("H20", "h20"), (Verdict::Indeterminate, firm()));
    assert_eq!(needs("MI308X", "mi308"), (Verdict::Indeterminate, firm()));
    assert_eq!(needs("H20", "mi308").0, Verdict::DoesNotApply);
    assert_eq!(needs("H20", "reaches-the-h20").0, Verdict::DoesNotApply);
    // Of a chip that no file says a letter names, nothing follows.
    let both = vec!["informed_firm".to_owned(), "letter_chip".to_owned()];
    assert_eq!(needs("H100 SXM", "h20"), (Verdict::Indeterminate, both));
}

/// The rules of which a reading changes the outcome: as read, and as read otherwise.
fn changes(flips: &[weigh_station::Flip]) -> Vec<(&str, Verdict, Verdict)> {
    let changes = flips.iter().flat_map(|f| &f.changes);
    changes
        .map(|(rule, here, there)| (rule.as_str(), *here, *there))
        .collect()
}

/// 91 FR 1684: the window ends at 21,000. Trainium2 and 3 lie below it with 19 bits for TF32, at
/// 12,673 and 20,136, and above with 32, at 21,344 and 21,472; their class is the same.
#[test]
fn a_convention_that_flips_the_review_of_an_export_says_so() {
    use Verdict::{Applies, DoesNotApply, Indeterminate};
    let denial = "us-ear-chips/review-denial";
    let window = "us-ear-chips/review-window";
    for name in ["Trainium2", "Trainium3"] {
        let described = sheet(name, CERTIFIED);
        assert!(changes(&described.flips).is_empty(), "{name}");
        assert_eq!(
            changes(&described.treatments[0].flips),
            [
                (denial, DoesNotApply, Applies),
                (window, Applies, DoesNotApply)
            ],
            "{name}"
        );
        // Nobody said what is certified: here it is open, there it is denial.
        let overview = sheet(name, &[]);
        for treatment in &overview.treatments {
            let expected: &[_] = if treatment.destinations == ["CN", "HK", "MO"] {
                &[
                    (denial, Indeterminate, Applies),
                    (window, Indeterminate, DoesNotApply),
                ]
            } else {
                &[]
            };
            let at = format!("{name}: {:?}", treatment.destinations);
            assert_eq!(changes(&treatment.flips), expected, "{at}");
        }
    }
    // A performance that was told is no reading of the chip's rates.
    let told = sheet("Trainium3", &["total_processing_performance=20999 TPP"]);
    assert!(told.flips.is_empty());
}

/// The overview names the exceptions and none of the steps that lead to other rules. An RTX 4090 is
/// at 4,800 or more and not for data centers: NAC to China, ACA to the rest of D:1 and D:4.
#[test]
fn the_overview_names_exceptions_and_no_steps() {
    let notes = |name: &str, place: &str| {
        let sheet = sheet(name, &[]);
        let is_there = |t: &&weigh_station::Treatment| {
            t.parent.is_none() && t.destinations.iter().any(|d| d == place)
        };
        let found = sheet
            .treatments
            .iter()
            .find(is_there)
            .expect("a listed place");
        let notes = found.says.iter().filter(|s| s.level == Level::Note);
        let notes = notes.map(|s| (s.rule.clone(), s.verdict == Verdict::Applies));
        notes.collect::<Vec<_>>()
    };
    let has = |name: &str, place: &str, rule: &str| {
        let found = notes(name, place);
        found.iter().any(|(r, applies)| r == rule && *applies)
    };
    assert!(has("RTX 4090", "CN", "exception-nac"));
    assert!(!has("RTX 4090", "CN", "exception-aca"));
    assert!(has("RTX 4090", "KZ", "exception-aca"));
    assert!(!has("H100 SXM", "CN", "exception-nac"));
    assert!(has("H100 SXM", "DE", "exception-aia"));
    for chip in ["H100 SXM", "RTX 4090", "A40", "H20"] {
        for place in ["CN", "DE", "BR", "AE", "KZ"] {
            for (rule, _) in notes(chip, place) {
                assert!(rule.starts_with("exception-"), "{chip} to {place}: {rule}");
            }
        }
    }
}

/// 90 FR 50857: the stay of the Affiliates Rule ended on 2026-11-09 by its own terms.
#[test]
fn a_day_that_asks_for_a_person_is_on_the_sheet() {
    let alarms = |on: &str| {
        let options = ChipOptions {
            on: day(on),
            ..options(&[])
        };
        let sheet = chip_sheet(law(), find("H100 SXM"), &options);
        let ids = sheet.alarms.into_iter().map(|a| a.id);
        ids.collect::<Vec<_>>()
    };
    let ended = "affiliates-stay-ended".to_owned();
    assert!(!alarms("2026-11-09").contains(&ended));
    assert!(alarms("2026-11-10").contains(&ended));
}

/// Whether the bands of the tariff include their ends was not seen: an H100 above 14,000 and an RTX
/// 4090 below are told the same of it.
#[test]
fn an_end_point_of_which_the_text_was_not_seen_is_open_from_either_side() {
    let line_at = |name: &str, is_above: bool| {
        let sheet = sheet(name, &[]);
        let near = sheet.neighbors.into_iter().find(|(book, near)| {
            book == "us-tariff-232" && near.fact.as_str() == "total_processing_performance"
        });
        let (_, near) = near.expect("the tariff has lines on performance");
        let line = if is_above { near.above } else { near.below };
        let line = line.expect("there is a line on that side");
        (line.at.value.to_plain(), line.comparator)
    };
    let expected = ("14000".to_owned(), "> or >=");
    assert_eq!(line_at("H100 SXM", false), expected);
    assert_eq!(line_at("RTX 4090", true), expected);
}

/// At 3,610 with 19 bits the class is open, at 6,080 it is 3A090.a and not 3A090.b.
#[test]
fn where_the_class_flips_the_exports_flip_with_it() {
    let sheet = sheet("Trainium1", &[]);
    let at_home = |t: &&weigh_station::Treatment| {
        t.parent.is_none() && t.destinations.contains(&"CN".to_owned())
    };
    let china = sheet.treatments.iter().find(at_home).expect("China");
    let found = changes(&china.flips);
    for rule in ["license-a-destination", "license-a-worldwide"] {
        let rule = format!("us-ear-chips/{rule}");
        let change = (rule.as_str(), Verdict::Indeterminate, Verdict::Applies);
        assert!(found.contains(&change), "{found:?}");
    }
}

#[test]
fn only_the_three_chips_that_turn_on_the_convention_are_marked_on_the_list() {
    let catalog = ChipCatalog::shipped().expect("the catalog lists");
    let chips = catalog.chips().expect("the catalog reads");
    let list = weigh_station::chip_list(law(), &chips, &options(&[]));
    let ids = |is_marked: fn(&weigh_station::ChipRow) -> bool| -> Vec<&str> {
        let marked = list.rows.iter().filter(|r| is_marked(r));
        marked.map(|r| r.chip.id.as_str()).collect()
    };
    let by_class = ids(|r| r.flips.iter().any(|f| !f.changes.is_empty()));
    assert_eq!(by_class, ["amazon-trainium1"]);
    let by_export = ids(|r| !r.export_flips.is_empty());
    let all = ["amazon-trainium3", "amazon-trainium2", "amazon-trainium1"];
    assert_eq!(by_export, all);
}

#[test]
fn every_listed_country_stands_on_the_sheet_once_for_each_parent() {
    let sheet = sheet("H100 SXM", &[]);
    let table = law().library.tables.first().expect("a table ships");
    let on = day("2026-09-01");
    let listed = table.codes("countries", on, table.known_through());
    let mut listed: Vec<&String> = listed.expect("there are countries").iter().collect();
    listed.retain(|code| *code != "US");
    for parent in [None, Some("CN")] {
        let of_parent = sheet
            .treatments
            .iter()
            .filter(|t| t.parent.as_deref() == parent);
        let mut shown: Vec<&String> = of_parent.flat_map(|t| &t.destinations).collect();
        shown.sort();
        assert_eq!(shown, listed, "{parent:?}");
    }
    for treatment in &sheet.treatments {
        assert!(!treatment.says.is_empty(), "{:?}", treatment.destinations);
        for says in &treatment.says {
            assert!(!says.citation.is_empty(), "{} cites nothing", says.rule);
        }
    }
}

/// An unlisted territory is open, not free.
#[test]
fn a_territory_in_no_list_is_indeterminate() {
    let facts = facts(
        find("H100 SXM"),
        &[
            "destination=KY",
            "party_headquarters=KY",
            "party_ultimate_parent=KY",
        ],
    );
    let found = verdicts("us-ear-chips", &facts, "2026-09-01");
    assert_eq!(found["license-a-destination"], Verdict::Indeterminate);
    let value = facts
        .get(&"destination".parse().expect("a name"))
        .map(|f| &f.value);
    assert_eq!(value, Some(&Value::Word("KY".to_owned())));
}
