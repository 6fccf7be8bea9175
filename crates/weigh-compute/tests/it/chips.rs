//! Chips: the catalog, what a chip file may say and what is refused, and time as a second method.

use weigh_compute::{
    ApplicableArea, Chip, ChipCatalog, PerformanceDensity, Reading, Tf32, chip_time,
};
use weigh_facts::{
    Certainty, ChipUse, Decimal, Dictionary, Estimate, FactName, Grade, Operations, Place, Truth,
    Value,
};

pub(crate) fn chips() -> &'static ChipCatalog {
    match ChipCatalog::shipped() {
        Ok(chips) => chips,
        Err(error) => panic!("{error}: {:#?}", error.diagnostics),
    }
}

pub(crate) fn decimal(text: &str) -> Decimal {
    text.parse().unwrap()
}

/// A made-up chip: rates and whatever else, with a datasheet `d` and a note of somebody's `n`.
pub(crate) fn text_of(rates: &str, rest: &str) -> String {
    format!(
        r#"
        rates   = [{rates}]
        format  = 1
        id      = "x"
        name    = "X"
        vendor  = "V"
        process = "P"
        {rest}
        [source.d]
        kind      = "datasheet"
        title     = "datasheet of X"
        href      = "h"
        certainty = "secondary"
        [source.n]
        kind      = "other"
        title     = "a note"
        href      = "h"
        certainty = "unverified"
        "#
    )
}

pub(crate) fn spec(rates: &str, rest: &str) -> Chip {
    let text = text_of(rates, rest);
    Chip::from_toml(&text).unwrap_or_else(|errors| panic!("{errors:#?}\n{text}"))
}

/// The code and the message of the first finding, with its help.
fn refused(text: &str) -> String {
    let errors = Chip::from_toml(text).expect_err(text);
    let first = &errors[0];
    let help = first.help.as_deref().unwrap_or_default();
    format!("{}: {}; {help}", first.code, first.message)
}

fn dense(precision: &str, tera_per_s: &str) -> String {
    format!("{{ precision = '{precision}', tera_per_s = '{tera_per_s}', source = 'd' }},")
}

fn tpp(chip: &Chip, tf32: Tf32) -> Decimal {
    chip.tpp(tf32).expect("the chip has rates").tpp
}

const TF32_19: Tf32 = Tf32::Significant19;
const TF32_32: Tf32 = Tf32::Stored32;

#[test]
fn every_file_of_the_catalog_loads() {
    match chips().chips() {
        Ok(all) => assert_eq!(all.len(), 77),
        Err(error) => panic!("{error}: {:#?}", error.diagnostics),
    }
}

/// A cold lookup reads the heads of all files and parses one; so the heads must tell the truth.
#[test]
fn a_file_is_found_by_the_names_it_has() {
    for chip in chips().chips().unwrap() {
        let in_head: Vec<&str> = chips().names(&chip.id).collect();
        assert_eq!(in_head, chip.names().collect::<Vec<_>>(), "{}", chip.id);
    }
    let ids: Vec<&str> = chips().ids().collect();
    assert!(ids.is_sorted(), "{ids:?}");
}

#[test]
fn every_name_leads_to_its_chip_or_says_that_it_fits_several() {
    let mut ambiguous = Vec::new();
    for chip in chips().chips().unwrap() {
        for name in chip.names() {
            match chips().find(name) {
                Ok(found) => assert_eq!(found.id, chip.id, "{name}"),
                Err(error) => {
                    assert_eq!(error.code(), "ambiguous-chip", "{name}: {error}");
                    ambiguous.push(name);
                }
            }
        }
    }
    ambiguous.sort_unstable();
    ambiguous.dedup();
    // Four parts with four rates.
    assert_eq!(ambiguous, ["910B", "Ascend 910B", "Huawei Ascend 910B"]);
    let error = chips().find("ascend-910b").unwrap_err().to_string();
    assert!(error.contains("Huawei Ascend 910B4"), "{error}");
}

#[test]
fn chips_with_the_same_rates_and_other_links_are_two_entries() {
    let (h100, h800) = (chips().find("H100").unwrap(), chips().find("H800").unwrap());
    assert_eq!(tpp(h100, TF32_19), tpp(h800, TF32_19));
    let io = |chip: &Chip| {
        chip.aggregate_io_gb_per_s()
            .and_then(|e| e.as_exact().cloned())
    };
    // GB/s, both directions, NVLink and PCIe: the line of October 2022 was 600.
    assert_eq!(io(h100), Some(decimal("1028")));
    assert_eq!(io(h800), Some(decimal("528")));
    assert_eq!(io(chips().find("A800").unwrap()), Some(decimal("464")));
}

#[test]
fn tf32_is_declared_and_the_other_convention_is_reported_where_it_differs() {
    let chip = spec(&(dense("tf32", "100") + &dense("bf16", "100")), "");
    assert_eq!(tpp(&chip, TF32_19), decimal("1900"));
    assert_eq!(tpp(&chip, TF32_32), decimal("3200"));
    let other = &chip.alternatives(TF32_19)[0];
    assert_eq!(other.reading, Reading::Tf32(TF32_32));
    assert_eq!(other.performance.tpp, decimal("3200"));
    assert_eq!(
        chip.alternatives(TF32_32)[0].performance.tpp,
        decimal("1900")
    );
    // FP16 ties with TF32 at 32 bits: nothing to report.
    let a100 = chips().find("A100").unwrap();
    assert_eq!(a100.alternatives(TF32_19), []);
    for tf32 in Tf32::ALL {
        assert_eq!(Tf32::parse(tf32.as_str()), Some(*tf32));
        assert_eq!(Tf32::parse(&tf32.bits().to_string()), Some(*tf32));
    }
}

#[test]
fn units_are_alternatives_and_not_summed() {
    let chip = chips().find("RTX 4090 D").unwrap();
    let by_unit = chip.tpp_by_unit(TF32_19);
    let of = |unit: &str| by_unit[unit].tpp(TF32_19);
    // The trap: 7,059 is above 4,800, and the chip is sold as outside. Source of 4,707: readers of
    // hmc-tech's page; the rates are the maker's.
    assert_eq!(
        (of("tensor"), of("vector")),
        (decimal("4707.2"), decimal("2352"))
    );
    assert_eq!(&of("tensor") + &of("vector"), decimal("7059.2"));
    assert_eq!(tpp(chip, TF32_19), decimal("4707.2"));
    assert_eq!(chip.concurrent_tpp(TF32_19), None);
    assert_eq!(chip.alternatives(TF32_19), []);
}

#[test]
fn units_that_the_maker_declares_concurrent_give_another_reading() {
    let rates = dense("fp16", "100")
        + &dense("fp32", "20")
        + "{ precision = 'fp64', unit = 'scalar', tera_per_s = '1', source = 'd' },";
    let declared = "[concurrent_units]\nunits = ['tensor', 'vector']\nsource = 'd'";
    let chip = spec(&rates, declared);
    assert_eq!(tpp(&chip, TF32_19), decimal("1600"));
    let summed = chip.concurrent_tpp(TF32_19).unwrap();
    assert_eq!(
        (summed.tpp, summed.driver.as_str()),
        (decimal("2240"), "fp16 + fp32")
    );
    assert_eq!(
        chip.alternatives(TF32_19)[0].reading,
        Reading::ConcurrentUnits
    );

    let wrong = |units: &str| refused(&text_of(&rates, &declared.replace("'vector'", units)));
    assert!(wrong("'matrix'").contains("no rate is of the unit `matrix`"));
    assert!(wrong("'tensor'").contains("two or more units"));
    assert!(wrong("").contains("two or more units"));
}

#[test]
fn a_rate_needs_a_datasheet_or_a_reason_why_none_states_it() {
    let rate = dense("bf16", "100");
    let other = rate.replace("'d'", "'n'");
    assert!(refused(&text_of(&other, "")).starts_with("chip-rate-source: "));
    let chip = spec(&other, "no_datasheet = 'a rumor'");
    assert_eq!(chip.certainty(), Certainty::Unverified);
    let nowhere = text_of(&rate, "").replacen("href      = \"h\"", "", 1);
    assert!(refused(&nowhere).contains("`href` is missing"));
    assert!(refused(&text_of(&rate.replace("'d'", "'e'"), "")).contains("no source `e`"));
    assert!(
        refused(&text_of(&rate.replace(", source = 'd'", ""), "")).contains("`source` is missing")
    );
}

#[test]
fn a_chip_with_sparse_rates_alone_is_refused_and_nothing_is_halved() {
    for sparse in [
        "sparsity = '2:4'",
        "sparsity = 'unstructured'",
        "sparse = true",
    ] {
        let rate = format!("{{ precision = 'fp4', tera_per_s = 18000, {sparse}, source = 'd' }},");
        let said = refused(&text_of(&rate, ""));
        assert!(said.starts_with("only-sparse-rates: "), "{said}");
        assert!(
            said.contains("dense rate") && said.contains("B300"),
            "{said}"
        );

        // With its dense rate, the chip loads, and the sparse one is kept and not used.
        let chip = spec(&(dense("fp4", "14000") + &rate), "");
        assert_eq!(tpp(&chip, TF32_19), decimal("56000"));
        assert_eq!((chip.rates.len(), chip.sparse_rates.len()), (1, 1));

        // With a dense rate in another format, TPP is at least what that gives.
        let chip = spec(&(dense("bf16", "100") + &rate), "");
        let found = chip.tpp(TF32_19).unwrap();
        assert_eq!(
            (found.tpp.clone(), found.open_formats.clone()),
            (decimal("1600"), vec!["fp4".to_owned()])
        );
        assert_eq!(
            (found.estimate().low(), found.estimate().high()),
            (Some(&found.tpp), None)
        );
        assert!(chip.rate("fp4").is_none(), "a sparse rate is no peak");
    }
    let dense = "{ precision = 'fp4', tera_per_s = 1, sparsity = 'none', source = 'd' },";
    assert!(refused(&text_of(dense, "")).contains("leave `sparsity` out"));
}

/// 18,000 sparse, 14,000 dense: half of the sparse rate would be 36,000 TPP.
#[test]
fn half_of_a_sparse_rate_is_another_chip() {
    let b300 = chips().find("B300").unwrap();
    assert_eq!(b300.sparse_rates[0].tera_per_s, decimal("18000"));
    assert_eq!(tpp(b300, TF32_19), decimal("56000"));
}

#[test]
fn a_chip_without_any_rate_says_why() {
    let chip = chips().find("MI308X").unwrap();
    assert!(chip.rates.is_empty() && chip.rates_unknown.is_some());
    assert_eq!(chip.tpp(TF32_19), None);
    assert_eq!(
        chip.performance_density(TF32_19),
        PerformanceDensity::Unknown
    );
    assert_eq!(
        chip.density_reaches(&decimal("1.6"), TF32_19),
        Truth::Unknown
    );
    let facts = chip.facts(TF32_19);
    let known: Vec<&str> = facts.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(
        known,
        [
            "chip_data_center",
            "chip_designer_headquarters",
            "letter_chip"
        ]
    );
    assert_eq!(
        chip_time(chips(), &used("MI308X", "1")).unwrap_err().code(),
        "no-chip-rate"
    );

    assert_eq!(
        refused(&text_of("", "")),
        "missing-key: `rates` is missing; "
    );
    let both = text_of(&dense("bf16", "1"), "rates_unknown = 'nobody says'");
    assert!(refused(&both).contains("there are rates"));
}

/// 1,000.5 TOP/s x 8 on at least 800 mm²; the sparse rate of twice as much is not used.
#[test]
fn the_file_in_the_manual_loads() {
    let manual = include_str!("../../../../docs/reference/chip-files.md");
    let text = manual.split("```toml\n").nth(1).unwrap();
    let text = text.split("```").next().unwrap();
    let chip = Chip::from_toml(text).unwrap_or_else(|errors| panic!("{errors:#?}"));
    assert_eq!(tpp(&chip, TF32_19), decimal("8004"));
    let density = |line: &str| chip.density_reaches(&decimal(line), TF32_19);
    assert_eq!(density("10.01"), Truth::False);
    assert_eq!(density("10"), Truth::Unknown);
}

#[test]
fn figures_that_cannot_be_are_refused() {
    let with = |rates: &str, rest: &str| refused(&text_of(rates, rest));
    let bf16 = dense("bf16", "1");
    for (rate, says) in [
        (dense("bf16", "0"), "cannot be"),
        (dense("bf16", "-1"), "cannot be"),
        (dense("bf16", "1..2"), "one number"),
        (
            dense("bf17", "1"),
            "`bf17` is no number format; one of fp64",
        ),
        (bf16.clone() + &bf16, "has two rates"),
        (bf16.replace("tera", "giga"), "missing"),
    ] {
        let said = with(&rate, "");
        assert!(said.contains(says) || says == "missing", "{rate}: {said}");
    }
    for (rest, says) in [
        (
            "dies = [{ covers = 'c', mm2_each = 1, non_planar = true, source = 'd' }]",
            "`count`",
        ),
        (
            "dies = [{ covers = 'c', count = 1, mm2_each = 0, non_planar = true, source = 'd' }]",
            "cannot be",
        ),
        (
            "dies = [{ covers = 'c', count = 1, mm2_each = 1, source = 'd' }]",
            "`non_planar` is missing",
        ),
        ("[link]\ngb_per_s = -1\nsource = 'd'", "0, or between"),
        ("[link]\ngb_per_s = '9..3'\nsource = 'd'", "bounds such as"),
        ("[link]\nsource = 'd'", "`gb_per_s` is missing"),
        ("[power]\nw = 0\nsource = 'd'", "cannot be"),
        ("[marketing]\ndata_center = true", "`source` is missing"),
        ("released = '2025-13'", "`released`"),
        ("released = '99999'", "`released`"),
        ("sparsity = '2:4'", "unknown key"),
    ] {
        let said = with(&bf16, rest);
        assert!(said.contains(says), "{rest}: {said}");
    }
}

#[test]
fn a_release_is_as_precise_as_it_was_told() {
    let shown = |text: &str| {
        let chip = spec(&dense("bf16", "1"), &format!("released = {text}"));
        let released = chip.released.unwrap();
        let (from, to) = (released.earliest.to_string(), released.latest.to_string());
        (released.to_string(), from, to)
    };
    let all = |text: &str| (text.to_owned(), text.to_owned(), text.to_owned());
    assert_eq!(shown("2024-02-29"), all("2024-02-29"));
    let (text, from, to) = shown("'2024-02'");
    assert_eq!(
        (text.as_str(), from.as_str(), to.as_str()),
        ("2024-02", "2024-02-01", "2024-02-29")
    );
    let (text, from, to) = shown("'2026'");
    assert_eq!(
        (text.as_str(), from.as_str(), to.as_str()),
        ("2026", "2026-01-01", "2026-12-31")
    );
}

#[test]
fn density_is_compared_without_rounding() {
    let h100 = chips().find("H100").unwrap();
    let PerformanceDensity::Known(density) = h100.performance_density(TF32_19) else {
        panic!("both are known");
    };
    let (down, up) = (density.low().unwrap(), density.high().unwrap());
    assert!(down < up, "15832 / 814 does not end");
    assert!(up - down < decimal("0.000000000001"), "{down} {up}");
    assert_eq!(h100.density_reaches(down, TF32_19), Truth::True);
    assert_eq!(h100.density_reaches(up, TF32_19), Truth::False);
    assert_eq!(h100.density_exceeds(&decimal("5.92"), TF32_19), Truth::True);
    // On the line, exactly: 5.92 x 100 = 592.
    let die =
        "dies = [{ covers = 'c', count = 1, mm2_each = 100, non_planar = true, source = 'd' }]";
    let chip = spec(&dense("fp16", "37"), die);
    assert_eq!(chip.density_reaches(&decimal("5.92"), TF32_19), Truth::True);
    assert_eq!(
        chip.density_exceeds(&decimal("5.92"), TF32_19),
        Truth::False
    );
    let exact = Estimate::exact(decimal("5.92"), weigh_compute::CHIP_DENSITY);
    assert_eq!(
        chip.performance_density(TF32_19),
        PerformanceDensity::Known(exact)
    );
}

#[test]
fn planar_dies_do_not_count_and_without_others_there_is_no_density() {
    let die = |covers: &str, area: &str, non_planar: bool| {
        format!(
            "{{ covers = '{covers}', count = 2, {area} non_planar = {non_planar}, source = 'd' }},"
        )
    };
    let chip = |dies: String| spec(&dense("fp16", "100"), &format!("dies = [{dies}]"));
    let (compute, io) = (
        die("compute", "mm2_each = 50,", true),
        die("io", "mm2_each = 300,", false),
    );
    let mixed = chip(compute.clone() + &io);
    let ApplicableArea::Known(area) = mixed.applicable_area() else {
        panic!("one die counts");
    };
    assert_eq!(area.as_exact(), Some(&decimal("100")));

    let planar = chip(io.clone());
    assert_eq!(planar.applicable_area(), ApplicableArea::AllPlanar);
    assert_eq!(
        planar.performance_density(TF32_19),
        PerformanceDensity::Undefined
    );
    assert_eq!(
        planar.density_reaches(&decimal("0.001"), TF32_19),
        Truth::False
    );
    let facts = planar.facts(TF32_19);
    let density = facts.get(&name("performance_density")).unwrap();
    assert_eq!(density.origin.grade, Grade::Inferred);
    assert!(
        density
            .origin
            .sources
            .iter()
            .any(|s| s.contains("non-planar"))
    );
    let Value::Quantity(density) = &density.value else {
        panic!("a density is a quantity");
    };
    assert_eq!(density.as_exact(), Some(&Decimal::zero()));

    // A die of unknown area leaves the area open above, so the density is open below.
    let open = chip(compute + &die("io", "", true));
    assert_eq!(
        open.density_reaches(&decimal("16.1"), TF32_19),
        Truth::False
    );
    assert_eq!(
        open.density_reaches(&decimal("16"), TF32_19),
        Truth::Unknown
    );
    assert_eq!(
        chip(die("all", "", true)).applicable_area(),
        ApplicableArea::Unknown
    );
    assert_eq!(
        spec(&dense("fp16", "1"), "").applicable_area(),
        ApplicableArea::Unknown
    );
    assert_eq!(
        chip(die("all", "mm2_each = '..50',", true)).density_reaches(&decimal("16"), TF32_19),
        Truth::True,
        "at most 100 mm2, so at least 16"
    );
}

fn name(text: &str) -> FactName {
    text.parse().unwrap()
}

#[test]
fn facts_of_a_chip_are_in_base_units_and_named_in_the_dictionary() {
    let facts = chips().find("H20").unwrap().facts(TF32_19);
    let quantity = |of: &str| match &facts.get(&name(of)).unwrap().value {
        Value::Quantity(estimate) => estimate.clone(),
        other => panic!("{other:?}"),
    };
    let exact = |of: &str| quantity(of).as_exact().cloned();
    assert_eq!(exact("total_processing_performance"), Some(decimal("2368")));
    assert_eq!(
        exact("chip_interconnect_bandwidth"),
        Some(decimal("1028e9"))
    );
    assert_eq!(exact("chip_dram_bandwidth"), Some(decimal("4000e9")));
    assert_eq!(exact("chip_tdp"), Some(decimal("400")));
    assert_eq!(
        quantity("performance_density").exceeds(&decimal("2.9")),
        Truth::True
    );
    assert_eq!(
        quantity("performance_density").reaches(&decimal("3.2")),
        Truth::False
    );
    assert_eq!(
        facts.get(&name("chip_data_center")).unwrap().value,
        Value::Bool(true)
    );
    let tpp = facts.get(&name("total_processing_performance")).unwrap();
    assert_eq!(tpp.origin.grade, Grade::Computed);
    assert!(
        tpp.origin.sources[0].contains("bf16"),
        "{:?}",
        tpp.origin.sources
    );

    let dictionary = Dictionary::shipped();
    for (name, _) in facts.iter() {
        // Two entries of the dictionary are younger than these tests.
        let is_new = ["chip_dram_bandwidth", "chip_data_center"].contains(&name.as_str());
        assert!(is_new || dictionary.get(name).is_some(), "{name}");
    }
    // A guess for an area shows in the grade.
    let b300 = chips().find("B300").unwrap().facts(TF32_19);
    let grade = |of: &str| b300.get(&name(of)).unwrap().origin.grade;
    assert_eq!(grade("total_processing_performance"), Grade::Computed);
    assert_eq!(grade("performance_density"), Grade::Inferred);
}

#[test]
fn what_is_not_known_of_inputs_and_outputs_stays_open() {
    let io = |name: &str| chips().find(name).unwrap().aggregate_io_gb_per_s();
    assert_eq!(io("TPU v5p"), None);
    let groq = io("Groq LPU").unwrap();
    assert_eq!((groq.low(), groq.high()), (Some(&decimal("64")), None));
    assert_eq!(io("L4").unwrap().as_exact(), Some(&decimal("64")));
    let dram = |name: &str| chips().find(name).unwrap().total_dram_gb_per_s().cloned();
    assert_eq!(
        dram("Groq LPU").unwrap().as_exact(),
        Some(&Decimal::zero()),
        "SRAM does not count"
    );
    assert_eq!(dram("Siyuan 590"), None);
}

#[test]
fn unknown_chips_name_what_is_near() {
    let error = chips().find("H1OO SXM").unwrap_err();
    assert_eq!(error.code(), "unknown-chip");
    assert!(error.to_string().contains("H100"), "{error}");
    assert!(
        chips()
            .find("Instinct MI300")
            .unwrap_err()
            .to_string()
            .contains("MI300X")
    );
}

fn used(chip: &str, hours: &str) -> ChipUse {
    ChipUse {
        chip: chip.to_owned(),
        count: None,
        chip_hours: decimal(hours),
        utilization: None,
        precision: None,
        whole_project: false,
        place: Place {
            input: "declared".to_owned(),
            inside: String::new(),
        },
    }
}

#[test]
fn time_gives_an_interval() {
    // DeepSeek-V3: 2.664 million H800 hours, 3.71e24 by counting.
    let by_time = chip_time(chips(), &used("H800", "2664000")).unwrap();
    let estimate = &by_time.estimate;
    assert_eq!(estimate.best().unwrap().to_string(), "3.51e24 FLOP");
    let counted = Operations(3_710_000_000_000_000_000_000_000);
    assert!(*estimate.low().unwrap() < counted && counted < *estimate.high().unwrap());

    let mut measured = used("H800", "2664000");
    measured.utilization = Some(decimal("0.39"));
    let narrow = chip_time(chips(), &measured).unwrap().estimate;
    assert!(narrow.low() > estimate.low() && narrow.high() < estimate.high());

    let mut project = used("H100 SXM", "370000");
    project.whole_project = true;
    let upper = chip_time(chips(), &project).unwrap().estimate;
    assert_eq!((upper.low(), upper.best()), (None, None));
    assert_eq!(upper.high().unwrap().to_string(), "7.38e23 FLOP");

    let mut wrong = used("V100", "1");
    wrong.precision = Some("fp8".to_owned());
    assert_eq!(
        chip_time(chips(), &wrong).unwrap_err().code(),
        "no-chip-rate"
    );
    let mut wrong = used("V100", "1");
    wrong.utilization = Some(decimal("37"));
    assert_eq!(
        chip_time(chips(), &wrong).unwrap_err().code(),
        "impossible-chip-use"
    );
}

#[test]
fn a_file_may_say_who_designed_it_and_which_letter_names_it() {
    let with = |rest: &str| text_of(&dense("bf16", "1"), rest);
    let designer = |code: &str| {
        with(&format!(
            "[designer]\nheadquarters = '{code}'\nsource = 'n'"
        ))
    };
    let letter = |chip: &str| {
        with(&format!(
            "[letter]\nchip = '{chip}'\nfrom = 2025-04-09\nsource = 'n'"
        ))
    };
    let fact = |text: &str, name: &str| {
        let chip = Chip::from_toml(text).unwrap();
        let facts = chip.facts(TF32_19);
        let value = facts.get(&name.parse().unwrap()).map(|f| f.value.clone());
        value.map(|v| match v {
            Value::Word(word) => word,
            other => panic!("{other:?}"),
        })
    };
    let seat = "chip_designer_headquarters";
    assert_eq!(fact(&designer("CN"), seat).as_deref(), Some("CN"));
    assert_eq!(fact(&letter("h20"), "letter_chip").as_deref(), Some("h20"));
    // Nothing follows from the name of a vendor.
    let huawei = with("").replace("vendor  = \"V\"", "vendor  = \"Huawei\"");
    assert_eq!(
        (fact(&huawei, seat), fact(&huawei, "letter_chip")),
        (None, None)
    );
    assert!(refused(&designer("China")).contains("ISO 3166"));
    assert!(refused(&designer("cn")).contains("ISO 3166"));
    assert!(refused(&letter("h200")).contains("one of h20, mi308, other"));
    assert!(refused(&letter("h20").replace("from = 2025-04-09", "")).contains("`from` is missing"));
    assert!(refused(&designer("CN").replace("source = 'n'", "source = 'x'")).contains("no source"));
}

#[test]
fn a_figure_that_no_chip_can_have_is_refused() {
    let with = |rest: &str| text_of(&dense("bf16", "1"), rest);
    let die = |count: &str, area: &str| {
        with(&format!(
            "dies = [{{ covers = 'c', count = {count}, mm2_each = '{area}', non_planar = true, source = 'n' }}]"
        ))
    };
    let accepted = |text: &str| Chip::from_toml(text).is_ok();
    for (inside, beyond) in [
        (die("1", "0.1"), die("1", "0.0999")),
        (die("1", "1e5"), die("1", "100000.1")),
        (die("1", "1..2"), die("1", "1e-30..2")),
        (die("1", "1.."), die("1", "..1e30")),
        (die("10000", "1"), die("9000000000000000000", "1")),
        (
            text_of(&dense("bf16", "1e9"), ""),
            text_of(&dense("bf16", "1e44"), ""),
        ),
        (
            text_of(&dense("bf16", "1e-6"), ""),
            text_of(&dense("bf16", "0"), ""),
        ),
        (
            with("[link]\ngb_per_s = 0\nsource = 'n'"),
            with("[link]\ngb_per_s = 1e12\nsource = 'n'"),
        ),
        (
            with("[power]\nw = 700\nsource = 'n'"),
            with("[power]\nw = 0\nsource = 'n'"),
        ),
    ] {
        assert!(accepted(&inside), "{inside}");
        assert!(
            refused(&beyond).contains("cannot be"),
            "{}",
            refused(&beyond)
        );
    }
    // No rate is known by bounds, and the error does not propose any.
    let bounds = refused(&text_of(&dense("bf16", "100..200"), ""));
    assert!(bounds.contains("should be one number"), "{bounds}");
    assert!(!bounds.contains("96..144"), "{bounds}");
}
